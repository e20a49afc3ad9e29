/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is asked of disks; how it is done is vdi_make.c.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "vbd.h"
#include "vdi.h"

static struct vdi *
subject(struct call *k)
{
	return vdi_find(k->core, xu_val_str(xu_val_at(k->params, 0)));
}

/* Open, or in what a suspended machine goes on from. */
static bool
is_used(const struct dev *d)
{
	return d->phase != DEV_OFF || d->guest->suspended;
}

bool
vdi_is_idle(struct call *k, const struct vdi *v, bool halted)
{
	size_t pos = 0;
	const struct dev *d = vdi_user(k->core, v, &pos);
	struct xu_err e = XU_ERR_INIT;
	char label[160];

	while (halted && d != NULL && !is_used(d))
		d = vdi_user(k->core, v, &pos);
	if (v->busy || v->lent) {
		xu_err_set(&e, XE(OTHER_OPERATION_IN_PROGRESS), 0,
		    "disk %s is being made, copied, grown or removed", v->uuid);
		xu_err_param(&e, "VDI");
		xu_err_param(&e, "%s", v->uuid);
	} else if (d != NULL) {
		xu_err_set(&e, XE(VDI_IN_USE), 0, "'%s' has it: %s",
		    guest_name(d->guest), dev_label(d, label, sizeof(label)));
		xu_err_param(&e, "%s", v->uuid);
		xu_err_param(&e, "%s", d->guest->uuid);
	}
	if (!xu_err_is_set(&e))
		return true;
	call_fail(k, &e);
	return false;
}

bool
vdi_is_ours(struct call *k, const struct vdi *v)
{
	const struct sr *s = vdi_sr(k->core, v);

	if (s != NULL && sr_makes(s))
		return true;
	call_refuse(k, XE(SR_OPERATION_NOT_SUPPORTED),
	    s != NULL ? s->uuid : "",
	    "%s: disk %s is a file or device that others made (%s)", k->method,
	    v->uuid, vdi_location(v));
	return false;
}

static int
check_size(int64_t size, struct xu_err *e)
{
	char text[24];

	if (size > 0 && size <= VDI_SIZE_MOST)
		return 0;
	snprintf(text, sizeof(text), "%lld", (long long)size);
	return config_unsupported(e, "virtual_size", text,
	    "a disk has 1 byte to 64 TiB");
}

/* ---- create ------------------------------------------------------------------------ */

static int
name_location(struct vdi *v, struct xu_err *e)
{
	char path[PATH_MAX];

	if (vdi_location(v)[0] != '\0')
		return vbd_path(vdi_location(v), path, sizeof(path), e);
	xu_err_set(e, "VALUE_NOT_SUPPORTED", 0,
	    "other_config has no location: the SR Local makes no disks, it "
	    "knows those that are there (phy:/dev/..., file:/...)");
	xu_err_param(e, "other_config:location");
	xu_err_param(e, "%s", "");
	xu_err_param(e, "it is needed");
	return -1;
}

/* One with the fields that its maker may set. */
static struct vdi *
new_vdi(struct call *k, const struct xu_val *args, const struct sr *s)
{
	static const char *const taken[] = { "name_label", "name_description",
		"type", "sharable", "read_only", "other_config", "tags" };
	struct xu_val *config = xu_struct();
	struct xu_err e = XU_ERR_INIT;
	char uuid[UUID_TEXT];
	struct vdi *v;

	if (config_check_tags(xu_val_get(args, "tags"), &e) < 0) {
		xu_val_free(config);
		call_fail(k, &e);
		return NULL;
	}
	for (size_t i = 0; i < XU_ARRAY_SIZE(taken); i++)
		if (xu_val_get(args, taken[i]) != NULL)
			xu_val_set(config, taken[i],
			    xu_val_copy(xu_val_get(args, taken[i])));
	xu_val_set(config, "tags", config_tags(args));
	xu_val_set(config, "SR", xu_str(s->uuid));
	uuid_random(uuid);
	v = vdi_new(k->core, uuid, config);
	if (v == NULL) {
		xu_err_set(&e, "XLD_NO_MEMORY", ENOMEM, "keep a disk");
		call_fail(k, &e);
	}
	return v;
}

static void
created(struct call *k, struct vdi *v)
{
	api_event(k->core, "VDI", "add", v->uuid, vdi_record(k->core, v));
	call_ok(k, xu_str(v->uuid));
}

static struct vdi *
target_of(struct call *k)
{
	return vdi_find(k->core, k->wait_uuid);
}

static void
progress(void *arg, int percent)
{
	call_progress(arg, "copy", percent);
}

static void
made(void *arg, const struct xu_err *e)
{
	struct call *k = arg;

	k->cancel = NULL;
	if (e == NULL)
		created(k, target_of(k));
	else
		call_fail(k, e);
}

static void
cancel(struct call *k)
{
	vdi_make_cancel(k->cancel_arg);
}

/* The call ends when it is there; a call under way can be stopped. */
static void
make(struct call *k, struct vdi *v, struct vdi *from, int64_t size)
{
	const struct vdi_order o = { .v = v, .from = from, .size = size,
		.progress = progress, .done = made, .arg = k };
	struct vdi_job *j;

	memcpy(k->wait_uuid, v->uuid, sizeof(k->wait_uuid));
	j = vdi_make(k->core, &o);
	if (j == NULL)
		return;
	k->cancel_arg = j;
	k->cancel = cancel;
}

static int64_t
sectors(int64_t size)
{
	return size > 0 && size <= VDI_SIZE_MOST ?
	    (size + 511) & ~INT64_C(511) : size;
}

/* One of the SR Local: a name for what is there. */
static int
keep(struct core *c, struct vdi *v, struct xu_err *e)
{
	return name_location(v, e) < 0 ? -1 : vdi_mark(c, v, NULL, e);
}

static void
create(struct call *k)
{
	const struct xu_val *args = xu_val_at(k->params, 0);
	struct core *c = k->core;
	const char *ref = xu_val_get_str(args, "SR", "");
	const struct sr *s = ref[0] == '\0' ? sr_local(c) : sr_find(c, ref);
	int64_t size = sectors(xu_val_get_int(args, "virtual_size", 0));
	struct xu_err e = XU_ERR_INIT;
	struct vdi *v;
	int r;

	if (s == NULL) {
		xu_err_set(&e, XE(HANDLE_INVALID), 0,
		    "there is no SR with the reference '%s'", ref);
		xu_err_param(&e, "SR");
		xu_err_param(&e, "%s", ref);
		call_fail(k, &e);
		return;
	}
	if (s->type == SR_ISO) {
		call_refuse(k, XE(SR_OPERATION_NOT_SUPPORTED), s->uuid,
		    "%s: an ISO library has what is in its folder", k->method);
		return;
	}
	v = new_vdi(k, args, s);
	if (v == NULL)
		return;
	if (s->type == SR_LOCAL)
		r = keep(c, v, &e);
	else if ((r = check_size(size, &e)) == 0)
		r = vdi_settle(v, s, xu_val_get_str(xu_val_get(args,
			"sm_config"), "type", ""), &e);
	if (r < 0) {
		vdi_forget(c, v);
		call_fail(k, &e);
	} else if (s->type == SR_LOCAL) {
		created(k, v);
	} else {
		make(k, v, NULL, size);
	}
}

/* ---- destroy, resize ------------------------------------------------------------------- */

static void
destroyed(void *arg, const struct xu_err *e)
{
	struct call *k = arg;

	if (e != NULL) {
		call_fail(k, e);
		return;
	}
	api_event(k->core, "VDI", "del", k->wait_uuid, NULL);
	call_ok(k, NULL);
}

static void
destroy(struct call *k)
{
	struct core *c = k->core;
	struct vdi *v = subject(k);
	const struct sr *s = vdi_sr(c, v);
	struct xu_err e = XU_ERR_INIT;

	if (!vdi_is_idle(k, v, false))
		return;
	memcpy(k->wait_uuid, v->uuid, sizeof(k->wait_uuid));
	if (v->implied && s != NULL && s->type == SR_ISO) {
		vdi_is_ours(k, v);
		return;
	}
	if (!v->implied && vdi_mark(c, v, "removed", &e) < 0) {
		xu_val_unset(v->config, "state");
		call_fail(k, &e);
		return;
	}
	fault_point("vdi-removing", NULL);
	vdi_drop(c, v, destroyed, k);
}

static void
resized(void *arg, const struct xu_err *e)
{
	struct call *k = arg;
	struct vdi *v = subject(k);

	if (v != NULL)
		api_event(k->core, "VDI", "mod", v->uuid,
		    vdi_record(k->core, v));
	if (e != NULL)
		call_fail(k, e);
	else
		call_ok(k, NULL);
}

static void
resize(struct call *k)
{
	struct vdi *v = subject(k);
	int64_t size = sectors(xu_val_int(xu_val_at(k->params, 1))), used;
	struct xu_err e = XU_ERR_INIT;

	if (!vdi_is_ours(k, v) || !vdi_is_idle(k, v, true))
		return;
	if (check_size(size, &e) == 0 && size < vdi_size(v, &used))
		config_unsupported(&e, "size", "",
		    "a disk can only become larger");
	if (xu_err_is_set(&e))
		call_fail(k, &e);
	else
		vdi_grow(k->core, v, size, resized, k);
}

/* ---- copies -------------------------------------------------------------------------------- */

/* What its guest, which is paused for this very copy, had written is there, as after a
 * crash: what was not answered yet is in any order. An image's head is QEMU's, in its
 * memory. */
static bool
stands_still(const struct dev *d, const struct vdi *v, const struct guest *by)
{
	return d->guest == by && by->op == OP_SNAPSHOT &&
	    vdi_format(v) == XU_DISK_RAW;
}

int
vdi_read_refused(struct core *c, const struct vdi *from, const struct guest *by,
    struct xu_err *e)
{
	char label[160];
	const struct dev *d;
	size_t pos = 0;

	if (from->busy || from->lent) {
		xu_err_set(e, XE(OTHER_OPERATION_IN_PROGRESS), 0,
		    "disk %s is being made, copied, grown or removed",
		    from->uuid);
		xu_err_param(e, "VDI");
		xu_err_param(e, "%s", from->uuid);
		return -1;
	}
	/* One that is written to meanwhile would be torn. */
	while ((d = vdi_user(c, from, &pos)) != NULL)
		if (d->phase != DEV_OFF && !vbd_readonly(d) &&
		    !stands_still(d, from, by)) {
			xu_err_set(e, XE(VDI_IN_USE), 0, "'%s' has it: %s%s",
			    guest_name(d->guest),
			    dev_label(d, label, sizeof(label)),
			    d->guest != by || by->op != OP_SNAPSHOT ? "" :
				"; an image is copied when nobody has it open: "
				"shut the machine down first");
			xu_err_param(e, "%s", from->uuid);
			xu_err_param(e, "%s", d->guest->uuid);
			return -1;
		}
	if (vdi_format(from) != XU_DISK_RAW &&
	    vdi_format(from) != XU_DISK_QCOW2)
		return config_unsupported(e, "location", vdi_location(from),
		    "raw disks and qcow2 images are copied, others must be "
		    "converted (qemu-img convert)");
	return 0;
}

int
vdi_copy_refused(struct core *c, const struct vdi *from, const struct sr *s,
    const struct guest *by, struct xu_err *e)
{
	int64_t used;

	if (vdi_read_refused(c, from, by, e) < 0)
		return -1;
	if (sr_makes(s))
		return check_size(vdi_size(from, &used), e);
	xu_err_set(e, XE(SR_OPERATION_NOT_SUPPORTED), 0,
	    "disks are made in repositories of type dir and lvm only");
	xu_err_param(e, "%s", s->uuid);
	return -1;
}

/* Where the other one lies does not matter. */
static void
copy_to(struct call *k, const struct sr *s, int64_t snapshot)
{
	struct core *c = k->core;
	struct vdi *from = subject(k), *v;
	struct xu_err e = XU_ERR_INIT;
	int64_t used;

	if (vdi_copy_refused(c, from, s, NULL, &e) < 0) {
		call_fail(k, &e);
		return;
	}
	v = new_vdi(k, from->config, s);
	if (v == NULL)
		return;
	xu_val_set(v->config, "read_only", xu_bool(false));
	vdi_is_snapshot_of(v->config, from, snapshot);
	if (vdi_settle(v, s, vdi_format(from) == XU_DISK_QCOW2 ? "qcow2" : "",
		&e) < 0) {
		vdi_forget(c, v);
		call_fail(k, &e);
		return;
	}
	make(k, v, from, vdi_size(from, &used));
}

static void
copy(struct call *k)
{
	copy_to(k, sr_find(k->core, xu_val_str(xu_val_at(k->params, 1))), 0);
}

static void
snapshot(struct call *k)
{
	if (vdi_is_ours(k, subject(k)))
		copy_to(k, vdi_sr(k->core, subject(k)), now_real());
}

static void
clone_disk(struct call *k)
{
	if (vdi_is_ours(k, subject(k)))
		copy_to(k, vdi_sr(k->core, subject(k)), 0);
}

const struct handler vdi_handlers[] = {
	{ "VDI.create", create },
	{ "VDI.destroy", destroy },
	{ "VDI.resize", resize },
	{ "VDI.set_virtual_size", resize },
	{ "VDI.copy", copy },
	{ "VDI.clone", clone_disk },
	{ "VDI.snapshot", snapshot },
	{ NULL, NULL },
};
