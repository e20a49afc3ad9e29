/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the API's classes of devices have alike: records, create, plug, unplug,
 * destroy. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dev.h"
#include "vm_snapshot.h"

/* ---- records -------------------------------------------------------------------- */

const char *
dev_ref(const void *obj)
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

struct xu_val *
dev_record(struct dev *d)
{
	const struct model_field *f = d->cls->ops->cls->fields;
	const struct xu_val *entry = dev_entry(d), *m;
	struct xu_val *r = xu_struct();
	bool on = is_attached(d);

	for (; f->name != NULL; f++) {
		m = xu_val_get(entry, f->name);
		if (m != NULL)
			xu_val_set(r, f->name, xu_val_copy(m));
	}
	xu_val_set(r, "VM", xu_str(d->guest->uuid));
	xu_val_set(r, "currently_attached", xu_bool(on));
	xu_val_set(r, "runtime_properties", properties(d));
	xu_val_set(r, "status_code", xu_int(on ? d->back : 0));
	xu_val_set(r, "status_detail",
	    xu_str(on ? bus_state_word(d->back) : ""));
	xu_val_set(r, "qos_algorithm_type", xu_str(""));
	xu_val_set(r, "qos_algorithm_params", xu_struct());
	xu_val_set(r, "qos_supported_algorithms", xu_array());
	return r;
}

/* ---- calls ---------------------------------------------------------------------- */

static const struct dev_class *
class_of(const struct call *k)
{
	size_t i = 0;

	while (strcmp(dev_classes[i]->api, k->m.cls->name) != 0)
		i++;
	return dev_classes[i];
}

bool
dev_may_change(struct call *k, const struct guest *g)
{
	struct xu_err e = XU_ERR_INIT;

	if (guest_is_control(g) || g->foreign) {
		call_refuse(k, "OPERATION_NOT_ALLOWED", "not our guest",
		    "%s: '%s' %s", k->method, guest_name(g),
		    g->foreign && !guest_is_control(g) ?
			"was made by another toolstack, which knows its "
			"devices" :
			"is the control domain: it has the devices themselves");
		return false;
	}
	if (!snapshot_may_change(k, g))
		return false;
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

struct dev *
dev_subject(struct call *k)
{
	struct dev *d = dev_find(k->core, xu_val_str(xu_val_at(k->params, 0)));
	char label[160];

	if (!dev_may_change(k, d->guest))
		return NULL;
	if (d->work == NULL)
		return d;
	call_refuse(k, "OTHER_OPERATION_IN_PROGRESS", d->cls->api,
	    "%s of '%s' is being attached or detached; try again when that is "
	    "done", dev_label(d, label, sizeof(label)), guest_name(d->guest));
	return NULL;
}

struct dev_doing *
dev_doing(struct call *k, struct dev *d, size_t size)
{
	struct dev_doing *o = calloc(1, size);

	if (o == NULL) {
		call_refuse(k, "XLD_NO_MEMORY", "", "%s", k->method);
		return NULL;
	}
	o->call = k;
	o->dev = d;
	return o;
}

void
dev_call_fail(struct call *k, const struct guest *g, const struct xu_err *e)
{
	struct xu_err named = *e;

	xu_err_add(&named, "%s", guest_name(g));
	call_fail(k, &named);
}

static void
tell(struct dev *d, const char *operation)
{
	struct core *c = d->guest->core;

	api_event(c, d->cls->api, operation, d->uuid,
	    d->cls->ops->record(c, d));
	api_event(c, "VM", "mod", d->guest->uuid, vm_record(c, d->guest));
}

void
dev_tell_gone(const struct dev *d)
{
	if (d->cls->gone != NULL)
		d->cls->gone(d);
	else
		api_event(d->guest->core, d->cls->api, "del", d->uuid, NULL);
}

static void
created(void *arg, const struct xu_err *e)
{
	struct dev_doing *o = arg;
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
	dev_call_fail(k, g, e);
}

void
dev_call_create(struct call *k)
{
	const struct dev_class *cls = class_of(k);
	const struct xu_val *args = xu_val_at(k->params, 0);
	struct guest *g = guest_by_uuid(k->core,
	    xu_val_get_str(args, "VM", ""));
	struct xu_err e = XU_ERR_INIT;
	struct xu_val *entry;
	struct dev_doing *o;
	struct dev *d;

	if (g == NULL) {
		call_refuse(k, "HANDLE_INVALID", "VM",
		    "%s: there is no VM with the reference '%s'", k->method,
		    xu_val_get_str(args, "VM", ""));
		return;
	}
	if (!dev_may_change(k, g))
		return;
	entry = cls->entry(k, g, args, &e);
	d = entry == NULL ? NULL : dev_add(g, cls, entry, &e);
	if (d == NULL) {
		dev_call_fail(k, g, &e);
		return;
	}
	o = dev_doing(k, d, sizeof(*o));
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
void
dev_call_ended(void *arg, const struct xu_err *e)
{
	struct dev_doing *o = arg;
	struct call *k = o->call;
	struct dev *d = o->dev;

	free(o);
	if (e != NULL) {
		dev_call_fail(k, d->guest, e);
		return;
	}
	tell(d, "mod");
	call_ok(k, NULL);
}

void
dev_call_plug(struct call *k)
{
	struct dev *d = dev_subject(k);
	struct dev_doing *o;

	if (d == NULL)
		return;
	if (d->guest->domid < 0) {
		call_refuse(k, "VM_BAD_POWER_STATE", d->guest->uuid,
		    "'%s' does not run; it gets its devices when it starts",
		    guest_name(d->guest));
	} else if (d->phase != DEV_OFF) {
		/* Its creation has plugged it, as xend did. */
		call_ok(k, NULL);
	} else if ((o = dev_doing(k, d, sizeof(*o))) != NULL) {
		dev_attach(d, dev_call_ended, o);
	}
}

static void
unplug_as(struct call *k, bool force)
{
	struct dev *d = dev_subject(k);
	struct dev_doing *o;
	char label[160];

	if (d == NULL)
		return;
	if (d->phase == DEV_OFF)
		call_refuse(k, XE(DEVICE_NOT_ATTACHED), d->uuid,
		    "%s of '%s' is not attached",
		    dev_label(d, label, sizeof(label)), guest_name(d->guest));
	else if ((o = dev_doing(k, d, sizeof(*o))) != NULL)
		dev_detach(d, force, dev_call_ended, o);
}

void
dev_call_unplug(struct call *k)
{
	unplug_as(k, false);
}

void
dev_call_unplug_force(struct call *k)
{
	unplug_as(k, true);
}

/* The device is gone, entry and all, or is still on its way. */
static void
destroyed(void *arg, const struct xu_err *e)
{
	struct dev_doing *o = arg;
	struct call *k = o->call;

	if (e != NULL)
		dev_call_fail(k, o->dev->guest, e);
	else
		call_ok(k, NULL);
	free(o);
}

static void
destroy_as(struct call *k, bool force)
{
	struct dev *d = dev_subject(k);
	struct xu_err e = XU_ERR_INIT;
	struct guest *g;
	struct dev_doing *o;

	if (d == NULL || (o = dev_doing(k, d, sizeof(*o))) == NULL)
		return;
	g = d->guest;
	if (d->phase != DEV_OFF) {
		d->doomed = true;
		dev_detach(d, force, destroyed, o);
		return;
	}
	dev_tell_gone(d);
	dev_remove(d);
	record_write(g, &e);
	api_event(k->core, "VM", "mod", g->uuid, vm_record(k->core, g));
	free(o);
	if (xu_err_is_set(&e))
		dev_call_fail(k, g, &e);
	else
		call_ok(k, NULL);
}

void
dev_call_destroy(struct call *k)
{
	destroy_as(k, false);
}

void
dev_call_destroy_force(struct call *k)
{
	destroy_as(k, true);
}
