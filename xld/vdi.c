/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vdi.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db.h"
#include "qcow2.h"
#include "vbd.h"
#include "vdi.h"
#include "xu_log.h"

static void
vdi_free(struct vdi *v)
{
	xu_val_free(v->config);
	free(v);
}

void
vdi_forget(struct core *c, struct vdi *v)
{
	xu_map_del(c->vdis, v->uuid);
	vdi_free(v);
}

struct vdi *
vdi_new(struct core *c, const char *uuid, struct xu_val *config)
{
	struct vdi *v = calloc(1, sizeof(*v));

	if (v == NULL || !xu_val_ok(config) ||
	    xu_map_put(c->vdis, uuid, v) < 0) {
		xu_val_free(config);
		free(v);
		return NULL;
	}
	snprintf(v->uuid, sizeof(v->uuid), "%s", uuid);
	v->config = xu_val_pack(config);
	return v;
}

struct vdi *
vdi_find(const struct core *c, const char *uuid)
{
	return xu_map_get(c->vdis, uuid);
}

const char *
vdi_location(const struct vdi *v)
{
	return xu_val_get_str(xu_val_get(v->config, "other_config"),
	    "location", "");
}

/* ---- the database ----------------------------------------------------------------- */

/* A repository that had to be looked at first. */
struct resumed {
	struct core *core;
	char sr[UUID_TEXT];
};

static void
group_seen(void *arg, const struct xu_err *e)
{
	struct resumed *r = arg;
	struct sr *s = sr_find(r->core, r->sr);

	if (s != NULL && e == NULL)
		vdis_resume(r->core, s);
	free(r);
}

void
vdis_started(struct core *c)
{
	struct xu_err e = XU_ERR_INIT;
	struct resumed *r;
	size_t pos = 0;
	struct sr *s;

	while ((s = xu_map_next(c->srs, &pos)) != NULL) {
		if (s->type != SR_LVM) {
			vdis_resume(c, s);
			continue;
		}
		r = malloc(sizeof(*r));
		if (r == NULL)
			continue;
		r->core = c;
		memcpy(r->sr, s->uuid, sizeof(r->sr));
		if (lvm_look(c, s, true, group_seen, r, &e) < 0) {
			xu_log_err(XU_ERROR, &e);
			xu_err_clear(&e);
			free(r);
		}
	}
}

static void
load(void *arg, const char *uuid, const struct xu_val *v)
{
	struct core *c = arg;
	struct vdi *d = vdi_new(c, uuid, xu_val_copy(v));

	if (d == NULL) {
		xu_log(XU_ERROR, "VDI %s: out of memory", uuid);
		return;
	}
	d->left = d->busy = xu_val_get(v, "state") != NULL ||
	    xu_val_get(v, "wiped") != NULL || xu_val_get(v, "import") != NULL;
	if (xu_val_get(v, "SR") == NULL)
		xu_val_set(d->config, "SR", xu_str(sr_local(c)->uuid));
}

int
vdis_open(struct core *c, struct xu_err *e)
{
	xu_list_init(&c->copies);
	c->vdis = xu_map_new();
	if (c->vdis == NULL)
		return xu_err_set(e, "XLD_NO_MEMORY", ENOMEM, "keep disks");
	if (srs_open(c, e) < 0)
		return -1;
	return db_each(c->db, "VDI", load, c, e) < 0 ? -1 : 0;
}

void
vdis_close(struct core *c)
{
	struct vdi *v;
	size_t pos = 0;

	vdi_copies_close(c);
	while (c->vdis != NULL && (v = xu_map_next(c->vdis, &pos)) != NULL)
		vdi_free(v);
	xu_map_free(&c->vdis);
	srs_close(c);
}

/* ---- those that stand for a VBD ------------------------------------------------------ */

struct dev *
vdi_user(const struct core *c, const struct vdi *v, size_t *pos)
{
	struct dev *d;

	while ((d = xu_map_next(c->devs, pos)) != NULL)
		if (d->cls == &vbd_class &&
		    strcmp(dev_str(d, "VDI"), v->uuid) == 0)
			return d;
	return NULL;
}

/* Does an ISO library still have it? */
static bool
is_iso(const struct core *c, const struct vdi *v)
{
	const struct sr *s = sr_find(c, xu_val_get_str(v->config, "SR", ""));
	char path[PATH_MAX];

	return s != NULL && s->type == SR_ISO &&
	    vbd_path(vdi_location(v), path, sizeof(path), NULL) == 0 &&
	    access(path, F_OK) == 0;
}

static struct vdi *
stale(struct core *c)
{
	struct vdi *v;
	size_t pos = 0, from;

	while ((v = xu_map_next(c->vdis, &pos)) != NULL) {
		from = 0;
		if (v->implied && !v->busy && !v->lent &&
		    vdi_user(c, v, &from) == NULL &&
		    !is_iso(c, v))
			return v;
	}
	return NULL;
}

static struct vdi *
imply(struct core *c, const char *uuid, const char *sr, const char *name,
    const char *location)
{
	struct xu_val *config = xu_struct(), *map = xu_struct();
	struct vdi *v;

	xu_val_set(config, "name_label", xu_str(name));
	xu_val_set(config, "SR", xu_str(sr));
	xu_val_set(map, "location", xu_str(location));
	xu_val_set(config, "other_config", map);
	v = vdi_new(c, uuid, config);
	if (v != NULL)
		v->implied = true;
	return v;
}

static void
imply_iso(void *arg, const struct sr *s, const char *file)
{
	char path[PATH_MAX], location[PATH_MAX + 8], uuid[UUID_TEXT];
	struct core *c = arg;
	struct vdi *v;

	snprintf(path, sizeof(path), "%.3800s/%.255s", sr_folder(s), file);
	snprintf(location, sizeof(location), "file:%s", path);
	uuid_derive(s->uuid, path, uuid);
	if (vdi_find(c, uuid) != NULL)
		return;
	v = imply(c, uuid, s->uuid, file, location);
	if (v != NULL)
		xu_val_set(v->config, "read_only", xu_bool(true));
}

void
vdis_refresh(struct core *c)
{
	const struct dev *d;
	const struct sr *s;
	struct vdi *v;
	size_t pos = 0;

	while ((v = stale(c)) != NULL)
		vdi_forget(c, v);
	while ((s = xu_map_next(c->srs, &pos)) != NULL)
		sr_each_iso(s, imply_iso, c);
	pos = 0;
	while ((d = xu_map_next(c->devs, &pos)) != NULL)
		if (d->cls == &vbd_class && dev_str(d, "VDI")[0] != '\0' &&
		    vdi_find(c, dev_str(d, "VDI")) == NULL)
			imply(c, dev_str(d, "VDI"), sr_local(c)->uuid,
			    dev_str(d, "location"), dev_str(d, "location"));
}

/* ---- VDI ------------------------------------------------------------------------------- */

static void *
find(struct core *c, const char *ref)
{
	return vdi_find(c, ref);
}

static void *
next(struct core *c, size_t *pos)
{
	return xu_map_next(c->vdis, pos);
}

static const char *
ref(const void *obj)
{
	return ((const struct vdi *)obj)->uuid;
}

enum xu_disk_type
vdi_format(const struct vdi *v)
{
	struct xu_disk_target t;

	xu_disk_target(vdi_location(v), &t);
	return t.type;
}

static int64_t
size_in_image(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct qcow2 q;
	int64_t size = -1;

	if (fd < 0)
		return -1;
	if (qcow2_read(fd, &q) == 0)
		size = (int64_t)q.size;
	close(fd);
	return size;
}

int64_t
vdi_size(const struct vdi *v, int64_t *used)
{
	char path[PATH_MAX];
	struct stat st;
	int64_t size = -1;
	int fd;

	*used = -1;
	if (vbd_path(vdi_location(v), path, sizeof(path), NULL) < 0 ||
	    path[0] == '\0' || stat(path, &st) < 0)
		return -1;
	if (S_ISREG(st.st_mode)) {
		*used = (int64_t)st.st_blocks * 512;
		return vdi_format(v) == XU_DISK_QCOW2 ? size_in_image(path) :
							(int64_t)st.st_size;
	}
	if (!S_ISBLK(st.st_mode))
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0) {
		size = (int64_t)lseek(fd, 0, SEEK_END);
		close(fd);
	}
	*used = size;
	return size;
}

int64_t
vdis_of(struct core *c, const struct sr *s, struct xu_val *list)
{
	int64_t total = 0, used, size;
	struct vdi *v;
	size_t pos = 0;

	while ((v = xu_map_next(c->vdis, &pos)) != NULL) {
		if (strcmp(xu_val_get_str(v->config, "SR", ""), s->uuid) != 0)
			continue;
		xu_val_add(list, xu_str(v->uuid));
		size = vdi_size(v, &used);
		total += size > 0 ? size : 0;
	}
	return total;
}

void
vdi_is_snapshot_of(struct xu_val *config, const struct vdi *from, int64_t when)
{
	xu_val_unset(config, "snapshot_of");
	xu_val_unset(config, "snapshot_time");
	if (when == 0)
		return;
	xu_val_set(config, "snapshot_of", xu_str(from->uuid));
	xu_val_set(config, "snapshot_time", xu_int(when));
}

static void
put_snapshots(struct core *c, const struct vdi *v, struct xu_val *r)
{
	const char *of = xu_val_get_str(v->config, "snapshot_of", "");
	struct xu_val *list = xu_array();
	const struct vdi *s;
	size_t pos = 0;

	while ((s = xu_map_next(c->vdis, &pos)) != NULL)
		if (strcmp(xu_val_get_str(s->config, "snapshot_of", ""),
			v->uuid) == 0)
			xu_val_add(list, xu_str(s->uuid));
	xu_val_set(r, "is_a_snapshot",
	    xu_bool(xu_val_get(v->config, "snapshot_time") != NULL));
	xu_val_set(r, "snapshot_of",
	    xu_str(vdi_find(c, of) != NULL ? of : ""));
	xu_val_set(r, "snapshots", list);
	xu_val_set(r, "snapshot_time",
	    xu_datetime(xu_val_get_int(v->config, "snapshot_time", 0)));
}

static struct xu_val *
text_of(const struct vdi *v, const char *name, const char *dflt)
{
	return xu_str(xu_val_get_str(v->config, name, dflt));
}

static struct xu_val *
flag_of(const struct vdi *v, const char *name)
{
	return xu_bool(xu_val_get_bool(v->config, name, false));
}

static struct xu_val *
sm_config(const struct vdi *v)
{
	struct xu_val *map = xu_struct();

	xu_val_set(map, "type", xu_str(vdi_format(v) == XU_DISK_QCOW2 ?
		"qcow2" : vdi_format(v) == XU_DISK_VHD ? "vhd" : "raw"));
	if (xu_val_get(v->config, "import") != NULL)
		xu_val_set(map, "content",
		    xu_str(v->busy ? "importing" : "incomplete"));
	return map;
}

struct xu_val *
vdi_record(struct core *c, void *obj)
{
	const struct vdi *v = obj;
	struct xu_val *r = xu_struct(), *users = xu_array();
	const struct xu_val *map = xu_val_get(v->config, "other_config");
	const struct dev *d;
	int64_t used, size = vdi_size(v, &used);
	size_t pos = 0;

	while ((d = vdi_user(c, v, &pos)) != NULL)
		xu_val_add(users, xu_str(d->uuid));
	xu_val_set(r, "uuid", xu_str(v->uuid));
	xu_val_set(r, "name_label", text_of(v, "name_label", ""));
	xu_val_set(r, "name_description", text_of(v, "name_description", ""));
	xu_val_set(r, "SR", text_of(v, "SR", ""));
	xu_val_set(r, "VBDs", users);
	xu_val_set(r, "crash_dumps", xu_array());
	xu_val_set(r, "virtual_size", xu_int(size));
	xu_val_set(r, "physical_utilisation", xu_int(used));
	xu_val_set(r, "type", text_of(v, "type", "user"));
	xu_val_set(r, "sharable", flag_of(v, "sharable"));
	xu_val_set(r, "read_only", flag_of(v, "read_only"));
	xu_val_set(r, "location", xu_str(vdi_location(v)));
	xu_val_set(r, "managed", xu_bool(!v->implied));
	put_snapshots(c, v, r);
	xu_val_set(r, "security_label", xu_str(""));
	xu_val_set(r, "sm_config", sm_config(v));
	xu_val_set(r, "other_config",
	    map != NULL ? xu_val_copy(map) : xu_struct());
	xu_val_set(r, "tags", config_tags(v->config));
	return r;
}

/* Where a disk is its maker has said, once. */
static int
set(struct core *c, void *obj, const char *field, const struct xu_val *value,
    struct xu_err *e)
{
	struct vdi *v = obj;

	if (v->implied) {
		xu_err_set(e, XE(OPERATION_NOT_ALLOWED), 0,
		    "disk %s stands for %s, which others made", v->uuid,
		    vdi_location(v));
		return -1;
	}
	if (strcmp(field, "other_config") == 0 &&
	    strcmp(xu_val_get_str(value, "location", ""), vdi_location(v)) != 0)
		return config_unsupported(e, "other_config:location",
		    xu_val_get_str(value, "location", ""),
		    "it stays what it was when the disk was made");
	return db_change(c->db, "VDI", v->uuid, &v->config, field, value, e);
}

const struct class_ops vdi_ops = {
	.cls = &model_vdi,
	.find = find,
	.next = next,
	.ref = ref,
	.record = vdi_record,
	.refresh = vdis_refresh,
	.set = set,
};
