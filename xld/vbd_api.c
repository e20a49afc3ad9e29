/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disks of machines as the API shows and changes them. */
#include "config.h"

#include <limits.h>
#include <string.h>

#include "script.h"
#include "vbd.h"
#include "vdi.h"
#include "xu_log.h"
#include "xu_num.h"
#include "xu_vdev.h"

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

static struct xu_val *
record(struct core *c XU_UNUSED, void *obj)
{
	struct dev *d = obj;
	struct xu_val *r = dev_record(d);
	char uuid[UUID_TEXT], user[64];

	uuid_derive(d->uuid, "metrics", uuid);
	xu_val_set(r, "metrics", xu_str(uuid));
	xu_vdev_user(dev_str(d, "device"), user, sizeof(user));
	xu_val_set(r, "userdevice", xu_str(user));
	xu_val_set(r, "script", xu_str(dev_str(d, "script")));
	xu_val_set(r, "backendtype", xu_str(dev_str(d, "backendtype")));
	xu_val_set(r, "empty", xu_bool(dev_str(d, "location")[0] == '\0'));
	return r;
}

/* What a VDI says of itself binds the disk, and a CD is read. */
static int
set(struct core *c, void *obj, const char *field, const struct xu_val *value,
    struct xu_err *e)
{
	struct dev *d = obj;
	const struct vdi *v = vdi_find(c, dev_str(d, "VDI"));

	if (strcmp(field, "mode") == 0 && strcmp(xu_val_str(value), "RO") != 0 &&
	    (vbd_is_cd(d) ||
		(v != NULL && xu_val_get_bool(v->config, "read_only", false))))
		return config_unsupported(e, field, xu_val_str(value),
		    "a CD, or a VDI that is read_only, is not written to");
	return dev_set_field(c, obj, field, value, e);
}

const struct class_ops vbd_ops = {
	.cls = &model_vbd,
	.find = find,
	.next = next,
	.ref = dev_ref,
	.record = record,
	.set = set,
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
	if (v->busy) {
		xu_err_set(e, XE(OTHER_OPERATION_IN_PROGRESS), 0,
		    "disk %s is being made, copied, grown or removed", v->uuid);
		xu_err_param(e, "VDI");
		xu_err_param(e, "%s", v->uuid);
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

/* userdevice as later clients write it: a number, or "autodetect", the first that
 * is free; or a name. */
static const char *
device_of(const struct guest *g, const char *user, char name[32])
{
	struct xu_vdev v;
	uint64_t n;

	if (strcmp(user, "autodetect") == 0) {
		for (n = 0; n < 255; n++) {
			xu_vdev_of_index((uint32_t)n, name, 32);
			if (xu_vdev_parse(name, &v, NULL) < 0 ||
			    dev_by_id(g, &vbd_class, v.number) == NULL)
				break;
		}
		return name;
	}
	if (!xu_num_u64(user, 10, 255, &n))
		return user;
	xu_vdev_of_index((uint32_t)n, name, 32);
	return name;
}

/* What a script brings is no VDI that we know. */
static bool
may_be(struct call *k, struct xu_val *entry, struct xu_err *e)
{
	const char *script = xu_val_get_str(entry, "script", "");

	if (script[0] == '\0' || strcmp(script, "block") == 0)
		return true;
	set_str(entry, "VDI", "");
	return script_may(k, xu_val_get_str(entry, "script", ""), e);
}

struct xu_val *
vbd_new_entry(struct call *k, const struct guest *g,
    const struct xu_val *args, struct xu_err *e)
{
	static const char *const flags[] = { "bootable", "sharable",
		"unpluggable" };
	const struct xu_val *map = xu_val_get(args, "other_config");
	struct xu_val *v = xu_struct();
	const char *device = xu_val_get_str(args, "device", "");
	const char *type = xu_val_get_str(args, "type", "Disk");
	char uuid[UUID_TEXT], name[32];

	uuid_random(uuid);
	set_str(v, "uuid", uuid);
	if (device[0] == '\0')
		device = device_of(g, xu_val_get_str(args, "userdevice", ""),
		    name);
	set_str(v, "device", device);
	set_str(v, "type", type);
	set_str(v, "mode", strcmp(type, "CD") == 0 ? "RO" :
		xu_val_get_str(args, "mode", "RW"));
	for (size_t i = 0; i < XU_ARRAY_SIZE(flags); i++)
		xu_val_set(v, flags[i],
		    xu_bool(xu_val_get_bool(args, flags[i], false)));
	set_str(v, "script", xu_val_get_str(args, "script", ""));
	set_str(v, "backendtype", xu_val_get_str(args, "backendtype", ""));
	set_str(v, "plug", "");
	xu_val_set(v, "other_config",
	    map != NULL ? xu_val_copy(map) : xu_struct());
	if (take_vdi(k, args, v, e) == 0 && may_be(k, v, e))
		return v;
	xu_val_free(v);
	return NULL;
}

/* ---- CDs ------------------------------------------------------------------------------ */

/* What a change does until its end. */
struct change {
	/* First: it is freed by it. */
	struct dev_doing doing;
	/* The medium that comes, and its VDI; "" = none. */
	char location[PATH_MAX], vdi[UUID_TEXT];
	/* Why it did not come. */
	struct xu_err err;
};

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
	struct change *o = arg;
	struct xu_err why = o->err;

	if (e != NULL)
		xu_log_err(XU_ERROR, e);
	dev_call_ended(o, &why);
}

/* A drive without the medium is better than no drive. */
static void
inserted(void *arg, const struct xu_err *e)
{
	struct change *o = arg;

	if (e == NULL || o->location[0] == '\0' || o->doing.dev->guest->domid < 0 ||
	    o->doing.dev->guest->op != OP_NONE) {
		dev_call_ended(o, e);
		return;
	}
	o->err = *e;
	put_medium(o->doing.dev, "", "");
	dev_attach(o->doing.dev, emptied, o);
}

/* The old medium is out. */
static void
ejected(void *arg, const struct xu_err *e)
{
	struct change *o = arg;

	if (e != NULL) {
		dev_call_ended(o, e);
		return;
	}
	put_medium(o->doing.dev, o->location, o->vdi);
	dev_attach(o->doing.dev, inserted, o);
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
	struct dev *d = dev_subject(k);
	struct xu_err e = XU_ERR_INIT;
	struct change *o;

	if (d == NULL || !is_cd(k, d))
		return;
	if (vbd_medium(d, location, &e) < 0) {
		dev_call_fail(k, d->guest, &e);
		return;
	}
	o = (struct change *)(void *)dev_doing(k, d, sizeof(*o));
	if (o == NULL)
		return;
	if (d->phase == DEV_OFF) {
		put_medium(d, location, vdi);
		record_write(d->guest, &e);
		dev_call_ended(o, xu_err_is_set(&e) ? &e : NULL);
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
	{ "VBD.create", dev_call_create },
	{ "VBD.destroy", dev_call_destroy },
	{ "VBD.destroy_force", dev_call_destroy_force },
	{ "VBD.plug", dev_call_plug },
	{ "VBD.unplug", dev_call_unplug },
	{ "VBD.unplug_force", dev_call_unplug_force },
	{ NULL, NULL },
};
