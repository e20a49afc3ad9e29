/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VM.snapshot, VM.checkpoint; see vm_snapshot.h. */
#include "config.h"

#include <string.h>

#include "vdi.h"
#include "vm_clone.h"
#include "vm_snapshot.h"

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
	xu_val_set(v, "parent",
	    xu_str(xu_val_get_str(g->config, "parent", "")));
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
	/* One that somebody has destroyed meanwhile cannot, and need not. */
	if (g->held && g->domid >= 0 &&
	    xc_domain_unpause(g->core->xch, (uint32_t)g->domid) < 0)
		xu_log(XU_WARNING, "%s (domain %d) stays paused: %s",
		    guest_name(g), g->domid, xc_last_error(g->core->xch));
	if (g->held)
		intent_remove(g->uuid);
	g->held = false;
	if (g->domid < 0)
		return;
	scan_one(g);
	/* What happened to it meanwhile. */
	scan_soon(g->core);
}

/* The machine; it is nobody's any more once its disks were kept, and may be gone. */
static struct guest *
machine(const struct call *k)
{
	return guest_by_uuid(k->core, xu_val_str(xu_val_at(k->params, 0)));
}

static void
failed(struct call *k, const struct xu_err *e)
{
	struct guest *g = machine(k);

	call_fail(k, e);
	if (g != NULL)
		vm_settle(g);
}

static void
kept(struct call *k, struct guest *s)
{
	struct guest *g = machine(k);
	struct xu_err e = XU_ERR_INIT;

	s->made_at = now_real();
	/* Where it stands in the tree is worth no failure of what is done. */
	if (g != NULL && snapshot_set_parent(g, s->uuid, &e) < 0)
		xu_log_err(XU_ERROR, &e);
	api_tell_guest(s);
	call_ok(k, xu_str(s->uuid));
	if (g != NULL)
		vm_settle(g);
}

static void
snapped(struct call *k, struct xu_val *config, const struct xu_err *e)
{
	AUTO_VAL struct xu_val *disks = xu_val_copy(config);
	struct xu_err why = XU_ERR_INIT;
	struct guest *s;

	if (e != NULL && snapshot_too_late(k, e))
		return;
	fault_point("snapshot-disks", NULL);
	if (k->guest != NULL)
		go_on(k->guest);
	if (e != NULL) {
		failed(k, e);
		return;
	}
	s = guest_new(k->core, xu_val_get_str(disks, "uuid", ""), config, &why);
	if (s == NULL || disks == NULL || record_write(s, &why) < 0) {
		if (s != NULL)
			guest_free(s);
		clone_drop_disks(k->core, disks);
		failed(k, &why);
		return;
	}
	fault_point("snapshot-kept", NULL);
	clone_keep_disks(k->core, disks);
	kept(k, s);
}

/* There is room for its disks; or (still) what is on them is kept. */
static void
held(struct call *k, struct cloning *c, bool still)
{
	struct xu_err e = XU_ERR_INIT;

	if (still) {
		go_on(k->guest);
		k->guest = NULL;
		fault_point("snapshot-still", NULL);
		clone_go_on(c);
	} else if (stand_still(k->guest, &e) == 0) {
		clone_go_on(c);
	} else {
		clone_stop(c, &e);
	}
}

static void
snapshot(struct call *k)
{
	struct guest *g = k->guest;
	struct clone_order o = { .snapshot = now_real(), .done = snapped };
	struct xu_err e = XU_ERR_INIT;

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
	o.config = config_of_snapshot(k, o.snapshot, &e);
	if (o.config == NULL) {
		g->op = OP_NONE;
		call_fail(k, &e);
		return;
	}
	if (guest_power(g) != DOM_HALTED)
		o.held = held;
	clone_disks(k, &o);
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
	{ "VM.checkpoint", checkpoint },
	{ NULL, NULL },
};
