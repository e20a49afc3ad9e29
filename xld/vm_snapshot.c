/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vm_snapshot.h. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dev.h"
#include "pci.h"
#include "vdi.h"
#include "vm_clone.h"
#include "vm_snapshot.h"

/* Disks that go, one after the other; then the call ends. */
struct leaving {
	struct call *k;
	struct xu_val *disks;
	size_t at;
	struct xu_err err;
};

/* ---- what they are ------------------------------------------------------------------ */

static const char *
word_of(const struct guest *g, const char *name)
{
	return xu_val_get_str(g->config, name, "");
}

bool
guest_is_snapshot(const struct guest *g)
{
	return g->snapshot;
}

/* Snapshots of g, or whose parent is g: those are of all machines. */
static struct xu_val *
all_of(struct core *c, const struct guest *g, const char *name, bool any)
{
	struct xu_val *v = xu_array();
	const struct guest *s;
	struct xu_list *l;

	LIST_FOREACH(l, &c->guests) {
		s = xu_container_of(l, struct guest, all);
		if ((any || s->snapshot) &&
		    strcmp(word_of(s, name), g->uuid) == 0)
			xu_val_add(v, xu_str(s->uuid));
	}
	return v;
}

static struct xu_val *
reference(struct core *c, const struct guest *g, const char *name)
{
	const char *uuid = word_of(g, name);

	return xu_str(guest_by_uuid(c, uuid) != NULL ? uuid : "");
}

struct xu_val *
snapshot_field(struct core *c, const struct guest *g, const char *name)
{
	const struct xu_val *info = xu_val_get(g->config, "snapshot_info");

	if (strcmp(name, "is_a_snapshot") == 0)
		return xu_bool(g->snapshot);
	if (strcmp(name, "snapshot_of") == 0 || strcmp(name, "parent") == 0)
		return reference(c, g, name);
	if (strcmp(name, "snapshots") == 0)
		return all_of(c, g, "snapshot_of", false);
	if (strcmp(name, "children") == 0)
		return g->snapshot ? all_of(c, g, "parent", true) : xu_array();
	if (strcmp(name, "snapshot_time") == 0)
		return xu_datetime(
		    xu_val_get_int(g->config, "snapshot_time", 0));
	if (strcmp(name, "snapshot_info") == 0)
		return info != NULL ? xu_val_copy(info) : xu_struct();
	if (strcmp(name, "snapshot_metadata") == 0 ||
	    strcmp(name, "transportable_snapshot_id") == 0)
		return xu_str("");
	return NULL;
}

bool
snapshot_suits(const struct guest *g, const char *operation)
{
	static const char *const words[] = { "clone", "copy", "destroy",
		"revert" };

	if (!g->snapshot)
		return strcmp(operation, "revert") != 0;
	for (size_t i = 0; i < XU_ARRAY_SIZE(words); i++)
		if (strcmp(words[i], operation) == 0)
			return true;
	return false;
}

bool
snapshot_may_change(struct call *k, const struct guest *g)
{
	if (!g->snapshot)
		return true;
	call_refuse(k, XE(OPERATION_NOT_ALLOWED), "a snapshot",
	    "%s: '%s' is a snapshot and stays what its machine was; VM.clone "
	    "makes a machine of it", k->method, guest_name(g));
	return false;
}

void
snapshot_strip(struct xu_val *config)
{
	static const char *const names[] = { "snapshot_of", "snapshot_time",
		"snapshot_info", "parent" };

	for (size_t i = 0; i < XU_ARRAY_SIZE(names); i++)
		xu_val_unset(config, names[i]);
}

static int
set_parent(struct guest *g, const char *uuid, struct xu_err *e)
{
	struct xu_val *v = xu_val_copy(g->config);

	xu_val_set(v, "parent", xu_str(uuid));
	if (xu_val_ok(v))
		return guest_take_config(g, v, e);
	xu_val_free(v);
	return xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "change a machine");
}

/* ---- disks that go ------------------------------------------------------------------- */

/* Nobody but g has it. */
static bool
is_only(const struct core *c, const struct vdi *v, const struct guest *g)
{
	size_t pos = 0, n = 0;
	const struct dev *d;

	while ((d = vdi_user(c, v, &pos)) != NULL) {
		if (d->guest != g)
			return false;
		n++;
	}
	return n > 0;
}

static void leave_next(struct leaving *l);

static void
left(void *arg, const struct xu_err *e)
{
	struct leaving *l = arg;

	if (e == NULL)
		api_event(l->k->core, "VDI", "del",
		    xu_val_str(xu_val_at(l->disks, l->at)), NULL);
	else if (!xu_err_is_set(&l->err))
		l->err = *e;
	l->at++;
	leave_next(l);
}

static void
leave_next(struct leaving *l)
{
	struct leaving was = *l;
	struct vdi *v;

	if (l->at < xu_val_count(l->disks)) {
		v = vdi_find(l->k->core, xu_val_str(xu_val_at(l->disks, l->at)));
		vdi_drop(l->k->core, v, left, l);
		return;
	}
	xu_val_free(l->disks);
	free(l);
	if (xu_err_is_set(&was.err))
		call_fail(was.k, &was.err);
	else
		call_ok(was.k, NULL);
}

static struct leaving *
leaving_new(struct call *k, struct xu_err *e)
{
	struct leaving *l = calloc(1, sizeof(*l));

	if (l == NULL) {
		xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "%s", k->method);
		return NULL;
	}
	l->k = k;
	l->disks = xu_array();
	return l;
}

static int
leaves(struct leaving *l, struct vdi *v, const char *successor,
    struct xu_err *e)
{
	if (xu_val_add(l->disks, xu_str(v->uuid)) < 0)
		return xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "remove a disk");
	return vdi_replace(l->k->core, v, successor, e);
}

/* None of them goes. */
static void
leaving_not(struct leaving *l)
{
	struct vdi *v;

	for (size_t i = 0; i < xu_val_count(l->disks); i++) {
		v = vdi_find(l->k->core, xu_val_str(xu_val_at(l->disks, i)));
		vdi_replace_not(l->k->core, v);
	}
	xu_val_free(l->disks);
	free(l);
}

/* ---- VM.snapshot --------------------------------------------------------------------- */

/* But for disks that the caller does not want. */
static void
leave_out(struct xu_val *config, const struct xu_val *ignored)
{
	const struct xu_val *list = xu_val_get(config, "VBDs");
	struct xu_val *out = xu_array();
	const char *vdi;
	bool wanted;

	for (size_t i = 0; i < xu_val_count(list); i++) {
		vdi = xu_val_get_str(xu_val_at(list, i), "VDI", "");
		wanted = true;
		for (size_t n = 0; n < xu_val_count(ignored); n++)
			wanted = wanted && (vdi[0] == '\0' || strcmp(vdi,
				xu_val_str(xu_val_at(ignored, n))) != 0);
		if (wanted)
			xu_val_add(out, xu_val_copy(xu_val_at(list, i)));
	}
	xu_val_set(config, "VBDs", out);
}

static struct xu_val *
config_of_snapshot(const struct call *k, int64_t now, struct xu_err *e)
{
	const struct guest *g = k->guest;
	struct xu_val *v = xu_val_copy(g->config), *info = xu_struct();
	char uuid[UUID_TEXT];

	uuid_random(uuid);
	xu_val_set(v, "name_label", xu_str(xu_val_str(xu_val_at(k->params, 1))));
	leave_out(v, xu_val_at(k->params, 2));
	v = clone_config(g, v, uuid, NULL, NULL, false, e);
	xu_val_set(info, "power-state-at-snapshot",
	    xu_str(dom_power_word(guest_power(g))));
	xu_val_set(info, "disk-snapshot-type", xu_str("crash_consistent"));
	if (v == NULL) {
		xu_val_free(info);
		return NULL;
	}
	xu_val_set(v, "is_a_template", xu_bool(true));
	xu_val_set(v, "snapshot_of", xu_str(g->uuid));
	xu_val_set(v, "snapshot_time", xu_int(now));
	xu_val_set(v, "snapshot_info", info);
	xu_val_set(v, "parent", xu_str(word_of(g, "parent")));
	return v;
}

/* One that runs does not until go_on. */
static int
stand_still(struct guest *g, struct xu_err *e)
{
	AUTO_VAL struct xu_val *v = xu_struct();

	if (guest_power(g) != DOM_RUNNING)
		return 0;
	xu_val_set(v, "paused", xu_bool(true));
	if (intent_write_with(g, "snapshot", "dump", v, e) < 0)
		return -1;
	if (xc_domain_pause(g->core->xch, (uint32_t)g->domid) < 0) {
		intent_remove(g->uuid);
		return xen_fail(g->core, e, "pause the domain");
	}
	g->held = true;
	fault_point("snapshot-paused", NULL);
	return 0;
}

static void
go_on(struct guest *g)
{
	g->op = OP_NONE;
	if (!g->held)
		return;
	g->held = false;
	/* One that somebody has destroyed meanwhile cannot, and need not. */
	if (g->domid >= 0 &&
	    xc_domain_unpause(g->core->xch, (uint32_t)g->domid) < 0)
		xu_log(XU_WARNING, "%s (domain %d) stays paused: %s",
		    guest_name(g), g->domid, xc_last_error(g->core->xch));
	intent_remove(g->uuid);
	scan_one(g);
	/* What happened to it meanwhile. */
	scan_soon(g->core);
}

/* The daemon stops: machines are gone from memory, and the next one sees what was
 * half done. */
static bool
is_too_late(struct call *k, const struct xu_err *e)
{
	if (!k->core->stopping)
		return false;
	k->guest = NULL;
	call_fail(k, e);
	return true;
}

static void
kept(struct call *k, struct guest *s)
{
	struct guest *g = k->guest;
	struct xu_err e = XU_ERR_INIT;

	s->made_at = now_real();
	/* Where it stands in the tree is worth no failure of what is done. */
	if (set_parent(g, s->uuid, &e) < 0)
		xu_log_err(XU_ERROR, &e);
	api_tell_guest(s);
	call_ok(k, xu_str(s->uuid));
	vm_settle(g);
}

static void
snapped(struct call *k, struct xu_val *config, const struct xu_err *e)
{
	AUTO_VAL struct xu_val *disks = xu_val_copy(config);
	struct xu_err why = XU_ERR_INIT;
	struct guest *s, *g = k->guest;

	if (e != NULL && is_too_late(k, e))
		return;
	fault_point("snapshot-disks", NULL);
	go_on(g);
	if (e != NULL) {
		call_fail(k, e);
		vm_settle(g);
		return;
	}
	s = guest_new(k->core, xu_val_get_str(disks, "uuid", ""), config, &why);
	if (s == NULL || disks == NULL || record_write(s, &why) < 0) {
		if (s != NULL)
			guest_free(s);
		clone_drop_disks(k->core, disks);
		call_fail(k, &why);
		vm_settle(g);
		return;
	}
	fault_point("snapshot-kept", NULL);
	clone_keep_disks(k->core, disks);
	kept(k, s);
}

static void
snapshot(struct call *k)
{
	struct guest *g = k->guest;
	const int64_t now = now_real();
	struct xu_err e = XU_ERR_INIT;
	struct xu_val *config;

	if (!vm_is_ours(k) || !snapshot_may_change(k, g))
		return;
	if (guest_is_transient(g)) {
		call_refuse(k, XE(OPERATION_NOT_ALLOWED), "transient machine",
		    "'%s' is not kept (xm new), and would have nothing to be "
		    "reverted to", guest_name(g));
		return;
	}
	/* Of its disks those that are open may be copied then. */
	g->op = OP_SNAPSHOT;
	config = config_of_snapshot(k, now, &e);
	if (config != NULL && stand_still(g, &e) == 0) {
		clone_disks(k, config, NULL, now, snapped);
		return;
	}
	g->op = OP_NONE;
	xu_val_free(config);
	call_fail(k, &e);
}

/* ---- VM.revert ------------------------------------------------------------------------ */

static struct guest *
machine_of(struct call *k)
{
	const struct guest *s = k->guest;
	struct guest *g = guest_by_uuid(k->core, word_of(s, "snapshot_of"));
	struct xu_err e = XU_ERR_INIT;

	if (!s->snapshot || g == NULL) {
		call_refuse(k, XE(OPERATION_NOT_ALLOWED), "not a snapshot of a "
		    "machine that is there", s->snapshot ?
			"%s: the machine of '%s' is gone; VM.clone makes "
			"another" : "%s: '%s' is no snapshot", k->method,
		    guest_name(s));
		return NULL;
	}
	if (g->op != OP_NONE) {
		xu_err_set(&e, XE(OTHER_OPERATION_IN_PROGRESS), 0,
		    "something is being done with '%s'; try again when that "
		    "is over", guest_name(g));
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
		return g;
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
		if (old == NULL || old->busy || !is_only(c, old, g) ||
		    leaves(l, old, xu_val_get_str(xu_val_at(now, i), "VDI", ""),
			e) == 0)
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
	leave_next(l);
}

static void
reverted(struct call *k, struct xu_val *config, const struct xu_err *e)
{
	struct guest *g;

	if (e != NULL && is_too_late(k, e))
		return;
	g = guest_by_uuid(k->core, word_of(k->guest, "snapshot_of"));
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
		clone_disks(k, config, NULL, 0, reverted);
	}
}

/* ---- VM.destroy, VM.checkpoint -------------------------------------------------------- */

/* Its children are its parent's from now on. */
static int
orphan(const struct guest *s, struct xu_err *e)
{
	struct xu_list *l;
	struct guest *g;

	LIST_FOREACH(l, &s->core->guests) {
		g = xu_container_of(l, struct guest, all);
		if (strcmp(word_of(g, "parent"), s->uuid) == 0 &&
		    set_parent(g, word_of(s, "parent"), e) < 0)
			return -1;
	}
	return 0;
}

static int
its_disks(struct leaving *l, const struct guest *s, struct xu_err *e)
{
	const struct xu_val *list = xu_val_get(s->config, "VBDs");
	struct vdi *v;

	for (size_t i = 0; i < xu_val_count(list); i++) {
		v = vdi_find(s->core, xu_val_get_str(xu_val_at(list, i), "VDI",
			""));
		if (v != NULL && !v->busy && is_only(s->core, v, s) &&
		    xu_val_get(v->config, "snapshot_time") != NULL &&
		    leaves(l, v, "", e) < 0)
			return -1;
	}
	return 0;
}

void
snapshot_destroy(struct call *k)
{
	struct guest *s = k->guest;
	struct xu_err e = XU_ERR_INIT;
	struct leaving *l = leaving_new(k, &e);

	if (l == NULL) {
		call_fail(k, &e);
		return;
	}
	if (orphan(s, &e) < 0 || its_disks(l, s, &e) < 0)
		goto fail;
	fault_point("delete-marked", NULL);
	if (record_remove(s, &e) < 0)
		goto fail;
	fault_point("delete-removed", NULL);
	k->guest = NULL;
	vm_forget(s);
	leave_next(l);
	return;
fail:
	leaving_not(l);
	call_fail(k, &e);
}

static void
checkpoint(struct call *k)
{
	call_refuse(k, XE(NOT_IMPLEMENTED), k->method,
	    "%s: snapshots have no memory; VM.save with checkpoint keeps that "
	    "in a file, VM.snapshot keeps the disks", k->method);
}

const struct handler vm_snapshot_handlers[] = {
	{ "VM.snapshot", snapshot },
	{ "VM.revert", revert },
	{ "VM.checkpoint", checkpoint },
	{ NULL, NULL },
};
