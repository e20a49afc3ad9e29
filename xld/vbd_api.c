/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disks of machines as the API shows and changes them. */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "vbd.h"
#include "vdi.h"
#include "xu_log.h"

/* ---- records ---------------------------------------------------------------------- */

static void *
find(struct core *c, const char *ref)
{
	struct dev *d = dev_find(c, ref);

	return d != NULL && d->cls == &vbd_class ? d : NULL;
}

static void *
next(struct core *c, size_t *pos)
{
	struct dev *d;

	while ((d = xu_map_next(c->devs, pos)) != NULL)
		if (d->cls == &vbd_class)
			return d;
	return NULL;
}

static const char *
ref(const void *obj)
{
	return ((const struct dev *)obj)->uuid;
}

static bool
is_attached(const struct dev *d)
{
	return d->phase == DEV_ON || d->phase == DEV_LEAVING;
}

static struct xu_val *
properties(struct dev *d)
{
	struct xu_val *v = xu_struct();

	if (!is_attached(d))
		return v;
	dev_look(d);
	xu_val_set(v, "vdev", xu_strf("%u", d->id));
	xu_val_set(v, "handle", xu_strf("%u", d->id));
	xu_val_set(v, "state", xu_strf("%u", d->front));
	xu_val_set(v, "backend-state", xu_strf("%u", d->back));
	dev_show(d, v);
	return v;
}

static struct xu_val *
record(struct core *c XU_UNUSED, void *obj)
{
	struct dev *d = obj;
	const struct xu_val *entry = dev_entry(d), *m;
	struct xu_val *r = xu_struct();

	for (const struct model_field *f = model_vbd.fields; f->name; f++) {
		m = xu_val_get(entry, f->name);
		if (m != NULL)
			xu_val_set(r, f->name, xu_val_copy(m));
	}
	xu_val_set(r, "VM", xu_str(d->guest->uuid));
	xu_val_set(r, "userdevice", xu_str(dev_str(d, "device")));
	xu_val_set(r, "empty", xu_bool(dev_str(d, "location")[0] == '\0'));
	xu_val_set(r, "currently_attached", xu_bool(is_attached(d)));
	xu_val_set(r, "runtime_properties", properties(d));
	xu_val_set(r, "status_code", xu_int(is_attached(d) ? d->back : 0));
	xu_val_set(r, "status_detail",
	    xu_str(is_attached(d) ? bus_state_word(d->back) : ""));
	xu_val_set(r, "qos_algorithm_type", xu_str(""));
	xu_val_set(r, "qos_algorithm_params", xu_struct());
	xu_val_set(r, "qos_supported_algorithms", xu_array());
	return r;
}

const struct class_ops vbd_ops = {
	.cls = &model_vbd,
	.find = find,
	.next = next,
	.ref = ref,
	.record = record,
};

/* ---- entries -------------------------------------------------------------------------- */

static void
set_str(struct xu_val *v, const char *name, const char *value)
{
	xu_val_set(v, name, xu_str(value));
}

/* Which VDI stands for a location that none was made for; "" = an empty drive. */
static void
own_vdi(const char *vbd, const char *location, char out[UUID_TEXT])
{
	out[0] = '\0';
	if (location[0] != '\0')
		uuid_derive(vbd, location, out);
}

/* What the VDI says of itself binds the disk. */
static int
take_vdi(struct call *k, const struct xu_val *args, struct xu_val *entry,
    struct xu_err *e)
{
	const char *uuid = xu_val_get_str(args, "VDI", "");
	const char *location = xu_val_get_str(args, "location", "");
	const struct vdi *v = vdi_find(k->core, uuid);
	char own[UUID_TEXT];

	if (uuid[0] == '\0') {
		own_vdi(xu_val_get_str(entry, "uuid", ""), location, own);
		set_str(entry, "location", location);
		set_str(entry, "VDI", own);
		return 0;
	}
	if (v == NULL) {
		xu_err_set(e, "HANDLE_INVALID", 0,
		    "there is no VDI with the reference '%s'", uuid);
		xu_err_param(e, "VDI");
		xu_err_param(e, "%s", uuid);
		return -1;
	}
	set_str(entry, "VDI", v->uuid);
	set_str(entry, "location", vdi_location(v));
	if (xu_val_get_bool(v->config, "read_only", false))
		set_str(entry, "mode", "RO");
	if (xu_val_get_bool(v->config, "sharable", false))
		xu_val_set(entry, "sharable", xu_bool(true));
	return 0;
}

static struct xu_val *
entry_from(struct call *k, const struct xu_val *args, struct xu_err *e)
{
	static const char *const flags[] = { "bootable", "sharable",
		"unpluggable" };
	const struct xu_val *map = xu_val_get(args, "other_config");
	struct xu_val *v = xu_struct();
	const char *device = xu_val_get_str(args, "device", "");
	const char *type = xu_val_get_str(args, "type", "Disk");
	char uuid[UUID_TEXT];

	uuid_random(uuid);
	set_str(v, "uuid", uuid);
	set_str(v, "device",
	    device[0] != '\0' ? device : xu_val_get_str(args, "userdevice", ""));
	set_str(v, "type", type);
	set_str(v, "mode", strcmp(type, "CD") == 0 ? "RO" :
		xu_val_get_str(args, "mode", "RW"));
	for (size_t i = 0; i < XU_ARRAY_SIZE(flags); i++)
		xu_val_set(v, flags[i],
		    xu_bool(xu_val_get_bool(args, flags[i], false)));
	set_str(v, "plug", "");
	xu_val_set(v, "other_config",
	    map != NULL ? xu_val_copy(map) : xu_struct());
	if (take_vdi(k, args, v, e) == 0)
		return v;
	xu_val_free(v);
	return NULL;
}

/* ---- calls ---------------------------------------------------------------------------- */

/* What a call does with a device until its end. */
struct doing {
	struct call *call;
	struct dev *dev;
	/* The medium that comes, and its VDI; "" = none. */
	char location[PATH_MAX], vdi[UUID_TEXT];
	/* Why it did not come. */
	struct xu_err err;
};

static bool
may_change(struct call *k, const struct guest *g)
{
	struct xu_err e = XU_ERR_INIT;

	if (guest_is_control(g) || g->foreign) {
		call_refuse(k, "OPERATION_NOT_ALLOWED", "not our guest",
		    "%s: '%s' %s", k->method, guest_name(g),
		    g->foreign && !guest_is_control(g) ?
			"was made by another toolstack, which knows its disks" :
			"is the control domain: it has the disks themselves");
		return false;
	}
	if (g->op == OP_NONE)
		return true;
	xu_err_set(&e, "OTHER_OPERATION_IN_PROGRESS", 0,
	    "'%s' is being created or destroyed; try again when that is done",
	    guest_name(g));
	xu_err_param(&e, "VM");
	xu_err_param(&e, "%s", g->uuid);
	call_fail(k, &e);
	return false;
}

static struct dev *
subject(struct call *k)
{
	struct dev *d = find(k->core, xu_val_str(xu_val_at(k->params, 0)));
	char label[160];

	if (!may_change(k, d->guest))
		return NULL;
	if (d->work == NULL)
		return d;
	call_refuse(k, "OTHER_OPERATION_IN_PROGRESS", "VBD",
	    "%s of '%s' is being attached or detached; try again when that is "
	    "done", dev_label(d, label, sizeof(label)), guest_name(d->guest));
	return NULL;
}

static struct doing *
doing(struct call *k, struct dev *d)
{
	struct doing *o = calloc(1, sizeof(*o));

	if (o == NULL) {
		call_refuse(k, "XLD_NO_MEMORY", "", "%s", k->method);
		return NULL;
	}
	*o = (struct doing){ .call = k, .dev = d };
	return o;
}

static void
fail_named(struct call *k, const struct guest *g, const struct xu_err *e)
{
	struct xu_err named = *e;

	xu_err_add(&named, "%s", guest_name(g));
	call_fail(k, &named);
}

static void
tell(struct dev *d, const char *operation)
{
	struct core *c = d->guest->core;

	api_event(c, "VBD", operation, d->uuid, record(c, d));
	api_event(c, "VM", "mod", d->guest->uuid, vm_record(c, d->guest));
}

static void
created(void *arg, const struct xu_err *e)
{
	struct doing *o = arg;
	struct call *k = o->call;
	struct dev *d = o->dev;
	struct guest *g = d->guest;

	free(o);
	if (e == NULL) {
		tell(d, "add");
		call_ok(k, xu_str(d->uuid));
		return;
	}
	dev_remove(d);
	record_write(g, NULL);
	fail_named(k, g, e);
}

static void
create(struct call *k)
{
	const struct xu_val *args = xu_val_at(k->params, 0);
	struct guest *g = guest_by_uuid(k->core,
	    xu_val_get_str(args, "VM", ""));
	struct xu_err e = XU_ERR_INIT;
	struct xu_val *entry;
	struct doing *o;
	struct dev *d;

	if (g == NULL) {
		call_refuse(k, "HANDLE_INVALID", "VM",
		    "%s: there is no VM with the reference '%s'", k->method,
		    xu_val_get_str(args, "VM", ""));
		return;
	}
	if (!may_change(k, g))
		return;
	entry = entry_from(k, args, &e);
	d = entry == NULL ? NULL : dev_add(g, &vbd_class, entry, &e);
	if (d == NULL) {
		fail_named(k, g, &e);
		return;
	}
	o = doing(k, d);
	d->fresh = true;
	if (o == NULL) {
		dev_remove(d);
	} else if (g->domid >= 0) {
		dev_attach(d, created, o);
	} else {
		record_write(g, &e);
		created(o, xu_err_is_set(&e) ? &e : NULL);
	}
}

/* Plugged or unplugged: it is there still. */
static void
changed(void *arg, const struct xu_err *e)
{
	struct doing *o = arg;
	struct call *k = o->call;
	struct dev *d = o->dev;

	free(o);
	if (e != NULL) {
		fail_named(k, d->guest, e);
		return;
	}
	tell(d, "mod");
	call_ok(k, NULL);
}

static void
plug(struct call *k)
{
	struct dev *d = subject(k);
	struct doing *o;

	if (d == NULL)
		return;
	if (d->guest->domid < 0) {
		call_refuse(k, "VM_BAD_POWER_STATE", d->guest->uuid,
		    "'%s' does not run; it gets its disks when it starts",
		    guest_name(d->guest));
	} else if (d->phase != DEV_OFF) {
		/* VBD.create has plugged it, as xend did. */
		call_ok(k, NULL);
	} else if ((o = doing(k, d)) != NULL) {
		dev_attach(d, changed, o);
	}
}

static void
unplug_as(struct call *k, bool force)
{
	struct dev *d = subject(k);
	struct doing *o;
	char label[160];

	if (d == NULL)
		return;
	if (d->phase == DEV_OFF)
		call_refuse(k, XE(DEVICE_NOT_ATTACHED), d->uuid,
		    "%s of '%s' is not attached",
		    dev_label(d, label, sizeof(label)), guest_name(d->guest));
	else if ((o = doing(k, d)) != NULL)
		dev_detach(d, force, changed, o);
}

static void
unplug(struct call *k)
{
	unplug_as(k, false);
}

static void
unplug_force(struct call *k)
{
	unplug_as(k, true);
}

/* The device is gone, entry and all, or is still on its way. */
static void
destroyed(void *arg, const struct xu_err *e)
{
	struct doing *o = arg;
	struct call *k = o->call;

	if (e != NULL)
		fail_named(k, o->dev->guest, e);
	else
		call_ok(k, NULL);
	free(o);
}

static void
destroy_as(struct call *k, bool force)
{
	struct dev *d = subject(k);
	struct xu_err e = XU_ERR_INIT;
	struct guest *g;
	struct doing *o;

	if (d == NULL || (o = doing(k, d)) == NULL)
		return;
	g = d->guest;
	if (d->phase != DEV_OFF) {
		d->doomed = true;
		dev_detach(d, force, destroyed, o);
		return;
	}
	api_event(k->core, "VBD", "del", d->uuid, NULL);
	dev_remove(d);
	record_write(g, &e);
	api_event(k->core, "VM", "mod", g->uuid, vm_record(k->core, g));
	free(o);
	if (xu_err_is_set(&e))
		fail_named(k, g, &e);
	else
		call_ok(k, NULL);
}

static void
destroy(struct call *k)
{
	destroy_as(k, false);
}

static void
destroy_force(struct call *k)
{
	destroy_as(k, true);
}

/* ---- CDs ------------------------------------------------------------------------------ */

static void
put_medium(struct dev *d, const char *location, const char *vdi)
{
	dev_set(d, "VDI", xu_str(vdi));
	dev_set(d, "location", xu_str(location));
}

/* The drive is there again, and is empty. */
static void
emptied(void *arg, const struct xu_err *e)
{
	struct doing *o = arg;
	struct xu_err why = o->err;

	if (e != NULL)
		xu_log_err(XU_ERROR, e);
	changed(o, &why);
}

/* A drive without the medium is better than no drive. */
static void
inserted(void *arg, const struct xu_err *e)
{
	struct doing *o = arg;

	if (e == NULL || o->location[0] == '\0' || o->dev->guest->domid < 0 ||
	    o->dev->guest->op != OP_NONE) {
		changed(o, e);
		return;
	}
	o->err = *e;
	put_medium(o->dev, "", "");
	dev_attach(o->dev, emptied, o);
}

/* The old medium is out. */
static void
ejected(void *arg, const struct xu_err *e)
{
	struct doing *o = arg;

	if (e != NULL) {
		changed(o, e);
		return;
	}
	put_medium(o->dev, o->location, o->vdi);
	dev_attach(o->dev, inserted, o);
}

static bool
is_cd(struct call *k, const struct dev *d)
{
	char label[160];

	if (vbd_is_cd(d))
		return true;
	call_refuse(k, "OPERATION_NOT_ALLOWED", "not a CD drive",
	    "%s of '%s' is not a CD drive",
	    dev_label(d, label, sizeof(label)), guest_name(d->guest));
	return false;
}

/*
 * A kernel's backend keeps what it opened, so a drive of a running guest is taken
 * away and comes back with the other medium. The emulated drive of an HVM guest,
 * which is the one that it uses, stays: there only the medium changes. What can be
 * known to be wrong with the new one leaves the old one where it is.
 */
static void
change_medium(struct call *k, const char *location, const char *vdi)
{
	struct dev *d = subject(k);
	struct xu_err e = XU_ERR_INIT;
	struct doing *o;

	if (d == NULL || !is_cd(k, d))
		return;
	if (vbd_medium(d, location, &e) < 0) {
		fail_named(k, d->guest, &e);
		return;
	}
	o = doing(k, d);
	if (o == NULL)
		return;
	if (d->phase == DEV_OFF) {
		put_medium(d, location, vdi);
		record_write(d->guest, &e);
		changed(o, xu_err_is_set(&e) ? &e : NULL);
		return;
	}
	snprintf(o->location, sizeof(o->location), "%s", location);
	snprintf(o->vdi, sizeof(o->vdi), "%s", vdi);
	dev_detach(d, false, ejected, o);
}

static void
insert(struct call *k)
{
	const struct vdi *v = vdi_find(k->core,
	    xu_val_str(xu_val_at(k->params, 1)));

	change_medium(k, v != NULL ? vdi_location(v) : "",
	    v != NULL ? v->uuid : "");
}

static void
insert_location(struct call *k)
{
	const char *location = xu_val_str(xu_val_at(k->params, 1));
	char vdi[UUID_TEXT];

	own_vdi(xu_val_str(xu_val_at(k->params, 0)), location, vdi);
	change_medium(k, location, vdi);
}

static void
eject(struct call *k)
{
	change_medium(k, "", "");
}

const struct handler vbd_handlers[] = {
	{ "VBD.insert", insert },
	{ "VBD.insert_location", insert_location },
	{ "VBD.media_change", insert },
	{ "VBD.eject", eject },
	{ "VBD.create", create },
	{ "VBD.destroy", destroy },
	{ "VBD.destroy_force", destroy_force },
	{ "VBD.plug", plug },
	{ "VBD.unplug", unplug },
	{ "VBD.unplug_force", unplug_force },
	{ NULL, NULL },
};
