/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VM.revert: copies of the snapshot's disks are made, the machine's record becomes
 * the snapshot's with them, and only then the disks go that it had.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "dev.h"
#include "pci.h"
#include "vdi.h"
#include "vm_allows.h"
#include "vm_clone.h"
#include "vm_leaving.h"
#include "vm_snapshot.h"

static const char *
machine_uuid(const struct guest *s)
{
	return xu_val_get_str(s->config, "snapshot_of", "");
}

/* A disk of it that is being copied or removed: it could not go. */
static const struct vdi *
busy_disk(const struct guest *g)
{
	const struct xu_val *list = xu_val_get(g->config, "VBDs");
	const struct vdi *v;

	for (size_t i = 0; i < xu_val_count(list); i++) {
		v = vdi_find(g->core, xu_val_get_str(xu_val_at(list, i), "VDI",
			""));
		if (v != NULL && (v->busy || v->lent))
			return v;
	}
	return NULL;
}

static struct guest *
machine_of(struct call *k)
{
	const struct guest *s = k->guest;
	struct guest *g = guest_by_uuid(k->core, machine_uuid(s));
	struct xu_err e = XU_ERR_INIT;

	if (!s->snapshot || g == NULL) {
		call_refuse(k, XE(OPERATION_NOT_ALLOWED), "not a snapshot of a "
		    "machine that is there", s->snapshot ?
			"%s: the machine of '%s' is gone; VM.clone makes "
			"another" : "%s: '%s' is no snapshot", k->method,
		    guest_name(s));
		return NULL;
	}
	if (g->op != OP_NONE || busy_disk(g) != NULL) {
		xu_err_set(&e, XE(OTHER_OPERATION_IN_PROGRESS), 0,
		    "something is being done with '%s' or its disks; try again "
		    "when that is over", guest_name(g));
		xu_err_param(&e, "VM");
		xu_err_param(&e, "%s", g->uuid);
	} else if (guest_power(g) != DOM_HALTED) {
		xu_err_set(&e, XE(VM_BAD_POWER_STATE), 0,
		    "'%s' is %s; %s needs it to be Halted", guest_name(g),
		    dom_power_word(guest_power(g)), k->method);
		xu_err_param(&e, "%s", g->uuid);
		xu_err_param(&e, "%s", dom_power_word(DOM_HALTED));
		xu_err_param(&e, "%s", dom_power_word(guest_power(g)));
	}
	if (!xu_err_is_set(&e))
		return vm_blocks(k, g, "reverting") ? NULL : g;
	call_fail(k, &e);
	return NULL;
}

/* What it is called and which functions of the host it has is as it is now. */
static struct xu_val *
config_reverted(const struct guest *s, const struct guest *g, struct xu_err *e)
{
	static const char *const own[] = { "name_label", "name_description",
		"is_a_template" };
	struct xu_val *v = xu_val_copy(s->config);
	const struct xu_val *cards = xu_val_get(g->config, pci_class.list);

	for (size_t i = 0; i < XU_ARRAY_SIZE(own); i++)
		xu_val_set(v, own[i], xu_val_copy(xu_val_get(g->config, own[i])));
	v = clone_config(s, v, g->uuid, g, NULL, false, e);
	if (v == NULL)
		return NULL;
	xu_val_set(v, "blocked_operations",
	    xu_val_copy(xu_val_get(g->config, "blocked_operations")));
	if (cards != NULL)
		xu_val_set(v, pci_class.list, xu_val_copy(cards));
	xu_val_set(v, "parent", xu_str(s->uuid));
	return v;
}

/* The disks that the machine has, and that the snapshot's copies take the place of. */
static struct leaving *
replaced(struct call *k, const struct guest *g, const struct xu_val *config,
    struct xu_err *e)
{
	struct core *c = k->core;
	const struct xu_val *was = xu_val_get(k->guest->config, "VBDs");
	const struct xu_val *now = xu_val_get(config, "VBDs");
	struct leaving *l = leaving_new(k, e);
	const struct vdi *copied;
	struct vdi *old;

	for (size_t i = 0; l != NULL && i < xu_val_count(was); i++) {
		if (!clone_needs_disk(xu_val_at(was, i)))
			continue;
		copied = vdi_find(c, xu_val_get_str(xu_val_at(was, i), "VDI", ""));
		old = copied == NULL ? NULL : vdi_find(c,
		    xu_val_get_str(copied->config, "snapshot_of", ""));
		if (old == NULL || old->busy || !leaving_is_only(c, old, g) ||
		    leaving_add(l, old,
			xu_val_get_str(xu_val_at(now, i), "VDI", ""), e) == 0)
			continue;
		leaving_not(l);
		l = NULL;
	}
	return l;
}

static void
devices_anew(struct guest *g)
{
	struct xu_err e = XU_ERR_INIT;
	const struct dev *d;
	struct xu_list *l;

	LIST_FOREACH(l, &g->devs)
		dev_tell_gone(xu_container_of(l, struct dev, all));
	devs_free(g);
	if (devs_load(g, &e) < 0)
		xu_log_err(XU_ERROR, &e);
	LIST_FOREACH(l, &g->devs) {
		d = xu_container_of(l, struct dev, all);
		api_event(g->core, d->cls->api, "add", d->uuid,
		    d->cls->ops->record(g->core, xu_container_of(l, struct dev,
			all)));
	}
}

/* Takes config. */
static void
become(struct call *k, struct guest *g, struct xu_val *config)
{
	AUTO_VAL struct xu_val *disks = xu_val_copy(config);
	struct xu_err e = XU_ERR_INIT;
	struct leaving *l = disks == NULL ? NULL : replaced(k, g, config, &e);

	if (l != NULL)
		fault_point("revert-marked", NULL);
	if (l == NULL || guest_take_config(g, config, &e) < 0) {
		if (l == NULL)
			xu_val_free(config);
		else
			leaving_not(l);
		xu_err_set(&e, XE(XLD_NO_MEMORY), ENOMEM, "%s", k->method);
		clone_drop_disks(k->core, disks);
		call_fail(k, &e);
		return;
	}
	fault_point("revert-kept", NULL);
	devices_anew(g);
	clone_keep_disks(k->core, disks);
	vm_settle(g);
	leaving_go(l);
}

static void
reverted(struct call *k, struct xu_val *config, const struct xu_err *e)
{
	struct guest *g;

	if (e != NULL && snapshot_too_late(k, e))
		return;
	g = guest_by_uuid(k->core, machine_uuid(k->guest));
	fault_point("revert-disks", NULL);
	k->guest->op = g->op = OP_NONE;
	if (e != NULL)
		call_fail(k, e);
	else
		become(k, g, config);
}

static void
revert(struct call *k)
{
	struct guest *g = machine_of(k);
	struct xu_err e = XU_ERR_INIT;
	struct xu_val *config;

	if (g == NULL)
		return;
	config = config_reverted(k->guest, g, &e);
	if (config == NULL) {
		call_fail(k, &e);
	} else if (!call_may_have(k, g->config, config)) {
		xu_val_free(config);
	} else {
		k->guest->op = g->op = OP_REVERT;
		clone_disks(k, &(struct clone_order){ .config = config,
			.done = reverted });
	}
}

const struct handler vm_revert_handlers[] = {
	{ "VM.revert", revert },
	{ NULL, NULL },
};
