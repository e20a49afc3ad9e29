/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is done with disks. One of ours is in the database as "made" before its file
 * is, and as "removed" before that goes: what a crash leaves half done is taken
 * away at the next start.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>

#include "db.h"
#include "vbd.h"
#include "vdi.h"
#include "xu_log.h"

#define SIZE_MAX_BYTES (INT64_C(64) << 40)

static struct vdi *
subject(struct call *k)
{
	return vdi_find(k->core, xu_val_str(xu_val_at(k->params, 0)));
}

static const struct sr *
sr_of(const struct core *c, const struct vdi *v)
{
	return sr_find(c, xu_val_get_str(v->config, "SR", ""));
}

static int
mark(struct core *c, struct vdi *v, const char *state, struct xu_err *e)
{
	if (state == NULL)
		xu_val_unset(v->config, "state");
	else
		xu_val_set(v->config, "state", xu_str(state));
	return db_put(c->db, "VDI", v->uuid, v->config, e);
}

/* Nothing of it is left, or the log says what is. */
static void
drop(struct core *c, struct vdi *v)
{
	const struct sr *s = sr_of(c, v);
	struct xu_err e = XU_ERR_INIT;
	char path[PATH_MAX];

	if (s != NULL && s->type == SR_DIR) {
		vdi_file(s, v->uuid, path);
		if (unlink(path) < 0 && errno != ENOENT)
			xu_log(XU_ERROR, "remove %s: %s", path,
			    strerror(errno));
	}
	if (db_del(c->db, "VDI", v->uuid, &e) < 0)
		xu_log_err(XU_ERROR, &e);
	vdi_forget(c, v);
}

/* Nobody may have it, nor be making it. */
static bool
is_idle(struct call *k, const struct vdi *v)
{
	size_t pos = 0;
	const struct dev *d = vdi_user(k->core, v, &pos);
	struct xu_err e = XU_ERR_INIT;
	char label[160];

	if (v->copy != NULL) {
		xu_err_set(&e, XE(OTHER_OPERATION_IN_PROGRESS), 0,
		    "disk %s is being copied", v->uuid);
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

static bool
is_ours(struct call *k, const struct vdi *v)
{
	const struct sr *s = sr_of(k->core, v);

	if (s != NULL && s->type == SR_DIR)
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

	if (size > 0 && size <= SIZE_MAX_BYTES)
		return 0;
	snprintf(text, sizeof(text), "%lld", (long long)size);
	return config_unsupported(e, "virtual_size", text,
	    "a disk has 1 byte to 64 TiB");
}

/* ---- create ------------------------------------------------------------------------ */

/* In a folder of ours. size is rounded up to sectors. */
static int
make_file(struct core *c, const struct sr *s, struct vdi *v, int64_t size,
    struct xu_err *e)
{
	struct xu_val *map = xu_val_copy(xu_val_get(v->config,
	    "other_config"));
	char path[PATH_MAX];

	if (map == NULL)
		map = xu_struct();
	vdi_file(s, v->uuid, path);
	xu_val_set(map, "location", xu_strf("file:%s", path));
	xu_val_set(v->config, "other_config", map);
	if (check_size(size, e) < 0 || mark(c, v, "made", e) < 0)
		return -1;
	fault_point("vdi-marked", NULL);
	if (vdi_file_make(path, (size + 511) & ~INT64_C(511), e) < 0)
		return -1;
	fault_point("vdi-file", NULL);
	return 0;
}

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
		"type", "sharable", "read_only", "other_config" };
	struct xu_val *config = xu_struct();
	struct xu_err e = XU_ERR_INIT;
	char uuid[UUID_TEXT];
	struct vdi *v;

	for (size_t i = 0; i < XU_ARRAY_SIZE(taken); i++)
		if (xu_val_get(args, taken[i]) != NULL)
			xu_val_set(config, taken[i],
			    xu_val_copy(xu_val_get(args, taken[i])));
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

static void
create(struct call *k)
{
	const struct xu_val *args = xu_val_at(k->params, 0);
	struct core *c = k->core;
	const char *ref = xu_val_get_str(args, "SR", "");
	const struct sr *s = ref[0] == '\0' ? sr_local(c) : sr_find(c, ref);
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
	r = s->type == SR_LOCAL ? name_location(v, &e) :
	    make_file(c, s, v, xu_val_get_int(args, "virtual_size", 0), &e);
	if (r == 0)
		r = mark(c, v, NULL, &e);
	if (r == 0)
		created(k, v);
	else {
		drop(c, v);
		call_fail(k, &e);
	}
}

/* ---- destroy, resize ------------------------------------------------------------------- */

static void
destroy(struct call *k)
{
	struct core *c = k->core;
	struct vdi *v = subject(k);
	struct xu_err e = XU_ERR_INIT;
	char uuid[UUID_TEXT];

	if (!is_idle(k, v))
		return;
	memcpy(uuid, v->uuid, sizeof(uuid));
	if (v->implied && sr_of(c, v) != NULL && sr_of(c, v)->type == SR_ISO) {
		is_ours(k, v);
		return;
	}
	if (!v->implied && mark(c, v, "removed", &e) < 0) {
		xu_val_unset(v->config, "state");
		call_fail(k, &e);
		return;
	}
	fault_point("vdi-removing", NULL);
	drop(c, v);
	api_event(c, "VDI", "del", uuid, NULL);
	call_ok(k, NULL);
}

static void
resize(struct call *k)
{
	struct vdi *v = subject(k);
	int64_t size = xu_val_int(xu_val_at(k->params, 1)), used;
	struct xu_err e = XU_ERR_INIT;
	char path[PATH_MAX];

	if (!is_ours(k, v) || !is_idle(k, v))
		return;
	vdi_file(sr_of(k->core, v), v->uuid, path);
	size = size > 0 ? (size + 511) & ~INT64_C(511) : size;
	if (check_size(size, &e) == 0 && size < vdi_size(v, &used))
		config_unsupported(&e, "size", "",
		    "a disk can only become larger");
	if (xu_err_is_set(&e) || vdi_file_grow(path, size, &e) < 0) {
		call_fail(k, &e);
		return;
	}
	api_event(k->core, "VDI", "mod", v->uuid, vdi_record(k->core, v));
	call_ok(k, NULL);
}

/* ---- copies -------------------------------------------------------------------------------- */

static void
copy_progress(void *arg, int percent)
{
	call_progress(arg, "copy", percent);
}

static struct vdi *
target_of(struct call *k)
{
	return k->cancel_arg;
}

static void
copied(void *arg, const struct xu_err *e)
{
	struct call *k = arg;
	struct vdi *v = target_of(k), *from = subject(k);
	struct xu_err own = XU_ERR_INIT;

	k->cancel = NULL;
	v->copy = NULL;
	if (from != NULL)
		from->copy = NULL;
	if (e == NULL && mark(k->core, v, NULL, &own) < 0)
		e = &own;
	if (e == NULL) {
		created(k, v);
		return;
	}
	drop(k->core, v);
	call_fail(k, e);
}

static void
copy_cancel(struct call *k)
{
	vdi_copy_cancel(target_of(k)->copy);
}

/* Into a repository of folders; where the other one lies does not matter. */
static void
copy_to(struct call *k, const struct sr *s)
{
	struct core *c = k->core;
	struct vdi *from = subject(k), *v;
	struct xu_err e = XU_ERR_INIT;
	char path[PATH_MAX], to[PATH_MAX];
	int64_t used, size = vdi_size(from, &used);
	size_t pos = 0;
	const struct dev *d;

	/* One that is written to meanwhile would be torn. */
	while ((d = vdi_user(c, from, &pos)) != NULL)
		if (d->phase != DEV_OFF && !vbd_readonly(d)) {
			is_idle(k, from);
			return;
		}
	if (from->copy != NULL) {
		is_idle(k, from);
		return;
	}
	if (s->type != SR_DIR) {
		call_refuse(k, XE(SR_OPERATION_NOT_SUPPORTED), s->uuid,
		    "%s: disks are made in repositories of type dir only",
		    k->method);
		return;
	}
	v = new_vdi(k, from->config, s);
	if (v == NULL)
		return;
	xu_val_set(v->config, "read_only", xu_bool(false));
	vdi_file(s, v->uuid, to);
	if (vbd_path(vdi_location(from), path, sizeof(path), &e) == 0 &&
	    make_file(c, s, v, size, &e) == 0) {
		k->cancel_arg = v;
		v->copy = vdi_copy_start(c, path, to, copy_progress, copied, k,
		    &e);
	}
	if (v->copy == NULL) {
		drop(c, v);
		call_fail(k, &e);
		return;
	}
	from->copy = v->copy;
	k->cancel = copy_cancel;
}

static void
copy(struct call *k)
{
	copy_to(k, sr_find(k->core, xu_val_str(xu_val_at(k->params, 1))));
}

static void
clone_disk(struct call *k)
{
	if (is_ours(k, subject(k)))
		copy_to(k, sr_of(k->core, subject(k)));
}

const struct handler vdi_handlers[] = {
	{ "VDI.create", create },
	{ "VDI.destroy", destroy },
	{ "VDI.resize", resize },
	{ "VDI.copy", copy },
	{ "VDI.clone", clone_disk },
	{ NULL, NULL },
};
