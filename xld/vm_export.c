/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A machine that is halted, or a template or snapshot, as an archive: its records,
 * under names that mean something in the archive only, and its disks as a guest
 * sees them.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dev.h"
#include "vbd.h"
#include "vm_allows.h"
#include "vm_export.h"
#include "xu_log.h"
#include "xu_zip.h"

struct export {
	struct call *k;
	/* [{class, id, ref, snapshot}]: id is what the archive calls it. */
	struct xu_val *objects;
	struct vdi_xva disks[VDI_XVA_DISKS];
	/* They are busy, and so stay. */
	struct vdi *vdis[VDI_XVA_DISKS];
	size_t n;
};

/* ---- what both directions have alike ---------------------------------------------- */

void
vm_copy_progress(void *arg, int percent)
{
	struct call *const *k = arg;

	call_progress(*k, "transfer", percent);
}

void
vm_copy_cancel(struct call *k)
{
	vdi_copy_cancel(k->cancel_arg);
}

bool
vm_copy_may_begin(struct call *k, const char *task)
{
	if (task[0] != '\0' && !task_take(k, task))
		return false;
	if (!vdi_transfers_may_begin(k))
		return false;
	if (k->task == NULL && (k->task = task_new(k->core, k)) == NULL) {
		call_refuse(k, XE(XLD_TOO_MANY), "tasks",
		    "too many tasks are under way");
		return false;
	}
	k->unanswered = true;
	return true;
}

/* ---- records ------------------------------------------------------------------------ */

/* Its place among the objects, where it is put once. NULL: no memory. */
static const char *
add(struct export *x, const struct class_ops *o, void *obj)
{
	struct xu_val *v;
	const char *ref = o->ref(obj);
	const size_t n = xu_val_count(x->objects);

	for (size_t i = 0; i < n; i++)
		if (strcmp(xu_val_get_str(xu_val_at(x->objects, i), "ref", ""),
			ref) == 0)
			return xu_val_get_str(xu_val_at(x->objects, i), "id", "");
	v = xu_struct();
	xu_val_set(v, "class", xu_str(o->cls->name));
	xu_val_set(v, "id", xu_strf("Ref:%zu", n));
	xu_val_set(v, "ref", xu_str(ref));
	xu_val_set(v, "snapshot", o->record(x->k->core, obj));
	if (xu_val_add(x->objects, v) < 0)
		return NULL;
	return xu_val_get_str(xu_val_at(x->objects, n), "id", "");
}

static int
add_named(struct export *x, const struct class_ops *o, const char *ref)
{
	void *obj = ref[0] == '\0' ? NULL : o->find(x->k->core, ref);

	return obj == NULL || add(x, o, obj) != NULL ? 0 : -1;
}

static int
add_vif(struct export *x, struct dev *d)
{
	AUTO_VAL struct xu_val *r = vif_ops.record(x->k->core, d);

	if (add(x, &vif_ops, d) == NULL)
		return -1;
	if (network_ops.refresh != NULL)
		network_ops.refresh(x->k->core);
	return add_named(x, &network_ops, xu_val_get_str(r, "network", ""));
}

/* Its content goes, too. */
static int
add_disk(struct export *x, struct vdi *v, struct xu_err *e)
{
	struct vdi_xva *d = &x->disks[x->n];
	int64_t used;
	const char *id;

	for (size_t i = 0; i < x->n; i++)
		if (x->vdis[i] == v)
			return 0;
	if (x->n == VDI_XVA_DISKS) {
		xu_err_set(e, XE(XLD_TOO_MANY), 0,
		    "an archive has %d disks at most", VDI_XVA_DISKS);
		xu_err_param(e, "disks of an archive");
		xu_err_param(e, "%d", VDI_XVA_DISKS);
		return -1;
	}
	if (vdi_read_refused(x->k->core, v, NULL, e) < 0 ||
	    vbd_path(vdi_location(v), d->path, sizeof(d->path), e) < 0)
		return -1;
	d->qcow2 = vdi_format(v) == XU_DISK_QCOW2;
	d->size = vdi_size(v, &used);
	if (d->size <= 0) {
		xu_err_set(e, XE(XLD_FILE), 0, "%s: there is no disk",
		    vdi_location(v));
		xu_err_param(e, "%s", vdi_location(v));
		xu_err_param(e, "there is no disk");
		return -1;
	}
	id = add(x, &vdi_ops, v);
	if (id == NULL ||
	    add_named(x, &sr_ops, xu_val_get_str(v->config, "SR", "")) < 0)
		return -1;
	snprintf(d->name, sizeof(d->name), "%.15s", id);
	x->vdis[x->n++] = v;
	return 0;
}

/* Media of CD drives belong to others. */
static int
add_vbd(struct export *x, struct dev *d, struct xu_err *e)
{
	struct vdi *v = vdi_find(x->k->core, dev_str(d, "VDI"));

	if (add(x, &vbd_ops, d) == NULL)
		return -1;
	return v == NULL || strcmp(dev_str(d, "type"), "CD") == 0 ? 0 :
	    add_disk(x, v, e);
}

static int
collect(struct export *x, struct xu_err *e)
{
	struct guest *g = x->k->guest;
	struct xu_list *l;
	struct dev *d;
	int r = 0;

	x->objects = xu_array();
	if (add(x, &vm_ops, g) == NULL)
		r = -1;
	vdis_refresh(x->k->core);
	LIST_FOREACH(l, &g->devs) {
		d = xu_container_of(l, struct dev, all);
		if (r == 0 && d->cls == &vbd_class)
			r = add_vbd(x, d, e);
		else if (r == 0 && d->cls == &vif_class)
			r = add_vif(x, d);
	}
	if (r < 0 && !xu_err_is_set(e))
		xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "export a machine");
	return r;
}

/* ---- the call ------------------------------------------------------------------------ */

static void
hold(struct export *x, bool held)
{
	x->k->guest->op = held ? OP_EXPORT : OP_NONE;
	for (size_t i = 0; i < x->n; i++) {
		x->vdis[i]->busy = held;
		api_event(x->k->core, "VDI", "mod", x->vdis[i]->uuid,
		    vdi_record(x->k->core, x->vdis[i]));
	}
	api_event(x->k->core, "VM", "mod", x->k->guest->uuid,
	    vm_record(x->k->core, x->k->guest));
}

static void
export_free(struct export *x)
{
	xu_val_free(x->objects);
	free(x);
}

static void
given(void *arg, const struct xu_err *e)
{
	struct export *x = arg;
	struct call *k = x->k;
	struct guest *g = k->guest;

	k->cancel = NULL;
	/* The daemon stops: its machines are gone from memory. */
	if (k->core->stopping)
		k->guest = g = NULL;
	else
		hold(x, false);
	export_free(x);
	if (e == NULL)
		call_ok(k, NULL);
	else
		call_fail(k, e);
	if (g != NULL)
		vm_settle(g);
}

static struct guest *
subject(struct call *k)
{
	const char *ref = xu_val_str(xu_val_at(k->params, 0));
	struct guest *g = guest_by_uuid(k->core, ref);
	struct xu_err e = XU_ERR_INIT;
	enum dom_power power;

	if (g == NULL) {
		xu_err_set(&e, XE(HANDLE_INVALID), 0,
		    "there is no VM with the reference '%s'", ref);
		xu_err_param(&e, "VM");
		xu_err_param(&e, "%s", ref);
		call_fail(k, &e);
		return NULL;
	}
	if (guest_is_control(g) || g->foreign) {
		call_refuse(k, XE(OPERATION_NOT_ALLOWED), "not a machine of ours",
		    "%s: '%s' is not a machine that was made here", k->method,
		    guest_name(g));
		return NULL;
	}
	if (g->op != OP_NONE) {
		xu_err_set(&e, XE(OTHER_OPERATION_IN_PROGRESS), 0,
		    "something is being done with '%s'; try again when that "
		    "is over", guest_name(g));
		xu_err_param(&e, "VM");
		xu_err_param(&e, "%s", g->uuid);
		call_fail(k, &e);
		return NULL;
	}
	if (vm_blocks(k, g, "export"))
		return NULL;
	scan_one(g);
	power = guest_power(g);
	if (power == DOM_HALTED)
		return g;
	xu_err_set(&e, XE(VM_BAD_POWER_STATE), 0,
	    "'%s' is %s, and archives have no images of memory: shut it down, or "
	    "export a snapshot of it", guest_name(g), dom_power_word(power));
	xu_err_param(&e, "%s", g->uuid);
	xu_err_param(&e, "%s", dom_power_word(DOM_HALTED));
	xu_err_param(&e, "%s", dom_power_word(power));
	call_fail(k, &e);
	return NULL;
}

static int
check_zip(const char *zip, struct xu_err *e)
{
	enum xu_zip kind;

	if (xu_zip_of(zip, &kind))
		return 0;
	return config_unsupported(e, "use_compression", zip,
	    "archives are packed with gzip or zstd, or not at all");
}

static struct export *
prepare(struct call *k, struct xu_err *e)
{
	struct export *x = calloc(1, sizeof(*x));

	if (x == NULL) {
		xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "export a machine");
		return NULL;
	}
	x->k = k;
	if (collect(x, e) == 0)
		return x;
	export_free(x);
	return NULL;
}

void
vm_export_call(struct call *k)
{
	const char *zip = xu_val_str(xu_val_at(k->params, 1));
	struct xu_err e = XU_ERR_INIT;
	struct xu_val *answer;
	struct export *x = NULL;
	struct vdi_copy *y = NULL;
	char host[65] = "";
	int pipe;

	if (!vm_copy_may_begin(k, xu_val_str(xu_val_at(k->params, 2))) ||
	    (k->guest = subject(k)) == NULL)
		return;
	if (check_zip(zip, &e) == 0)
		x = prepare(k, &e);
	if (x != NULL)
		y = vdi_xva_start(k->core, x->disks, x->n, zip, &pipe,
		    vm_copy_progress, given, x, &e);
	if (y == NULL) {
		if (x != NULL)
			export_free(x);
		call_fail(k, &e);
		return;
	}
	k->cancel_arg = y;
	k->cancel = vm_copy_cancel;
	hold(x, true);
	answer = xu_struct();
	if (gethostname(host, sizeof(host) - 1) < 0)
		host[0] = '\0';
	xu_val_set(answer, "task", xu_str(task_ref(k->task)));
	xu_val_set(answer, "objects", xu_val_copy(x->objects));
	xu_val_set(answer, "hostname", xu_str(host));
	call_begun(k, answer, pipe);
}
