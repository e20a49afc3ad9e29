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
#include "vbd.h"
#include "vdi.h"
#include "xu_log.h"

static void
vdi_free(struct vdi *v)
{
	xu_val_free(v->config);
	free(v);
}

/* Takes config. */
static struct vdi *
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
	v->config = config;
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

static void
load(void *arg, const char *uuid, const struct xu_val *v)
{
	if (vdi_new(arg, uuid, xu_val_copy(v)) == NULL)
		xu_log(XU_ERROR, "VDI %s: out of memory", uuid);
}

int
vdis_open(struct core *c, struct xu_err *e)
{
	c->vdis = xu_map_new();
	if (c->vdis == NULL)
		return xu_err_set(e, "XLD_NO_MEMORY", ENOMEM, "keep disks");
	return db_each(c->db, "VDI", load, c, e);
}

void
vdis_close(struct core *c)
{
	struct vdi *v;
	size_t pos = 0;

	while (c->vdis != NULL && (v = xu_map_next(c->vdis, &pos)) != NULL)
		vdi_free(v);
	xu_map_free(&c->vdis);
}

static void
forget(struct core *c, struct vdi *v)
{
	xu_map_del(c->vdis, v->uuid);
	vdi_free(v);
}

/* ---- those that stand for a VBD ------------------------------------------------------ */

static struct dev *
user_of(const struct core *c, const struct vdi *v, size_t *pos)
{
	struct dev *d;

	while ((d = xu_map_next(c->devs, pos)) != NULL)
		if (d->cls == &vbd_class &&
		    strcmp(dev_str(d, "VDI"), v->uuid) == 0)
			return d;
	return NULL;
}

static struct vdi *
stale(struct core *c)
{
	struct vdi *v;
	size_t pos = 0, from;

	while ((v = xu_map_next(c->vdis, &pos)) != NULL) {
		from = 0;
		if (v->implied && user_of(c, v, &from) == NULL)
			return v;
	}
	return NULL;
}

static void
imply(struct core *c, const struct dev *d)
{
	struct xu_val *config = xu_struct(), *map = xu_struct();
	struct vdi *v;

	xu_val_set(config, "name_label", xu_str(dev_str(d, "location")));
	xu_val_set(map, "location", xu_str(dev_str(d, "location")));
	xu_val_set(config, "other_config", map);
	v = vdi_new(c, dev_str(d, "VDI"), config);
	if (v != NULL)
		v->implied = true;
}

static void
refresh(struct core *c)
{
	const struct dev *d;
	struct vdi *v;
	size_t pos = 0;

	while ((v = stale(c)) != NULL)
		forget(c, v);
	while ((d = xu_map_next(c->devs, &pos)) != NULL)
		if (d->cls == &vbd_class && dev_str(d, "VDI")[0] != '\0' &&
		    vdi_find(c, dev_str(d, "VDI")) == NULL)
			imply(c, d);
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

/* Bytes a guest sees; *used: what it takes. -1: not known. */
static int64_t
size_of(const struct vdi *v, int64_t *used)
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
		return (int64_t)st.st_size;
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

static void
sr_uuid(const struct core *c, char out[UUID_TEXT])
{
	uuid_derive(c->host_uuid, "SR Local", out);
}

static struct xu_val *
record(struct core *c, void *obj)
{
	const struct vdi *v = obj;
	struct xu_val *r = xu_struct(), *users = xu_array();
	const struct xu_val *map = xu_val_get(v->config, "other_config");
	const struct dev *d;
	char sr[UUID_TEXT];
	int64_t used, size = size_of(v, &used);
	size_t pos = 0;

	sr_uuid(c, sr);
	while ((d = user_of(c, v, &pos)) != NULL)
		xu_val_add(users, xu_str(d->uuid));
	xu_val_set(r, "uuid", xu_str(v->uuid));
	xu_val_set(r, "name_label",
	    xu_str(xu_val_get_str(v->config, "name_label", "")));
	xu_val_set(r, "name_description",
	    xu_str(xu_val_get_str(v->config, "name_description", "")));
	xu_val_set(r, "SR", xu_str(sr));
	xu_val_set(r, "VBDs", users);
	xu_val_set(r, "virtual_size", xu_int(size));
	xu_val_set(r, "physical_utilisation", xu_int(used));
	xu_val_set(r, "type",
	    xu_str(xu_val_get_str(v->config, "type", "user")));
	xu_val_set(r, "sharable",
	    xu_bool(xu_val_get_bool(v->config, "sharable", false)));
	xu_val_set(r, "read_only",
	    xu_bool(xu_val_get_bool(v->config, "read_only", false)));
	xu_val_set(r, "other_config",
	    map != NULL ? xu_val_copy(map) : xu_struct());
	return r;
}

const struct class_ops vdi_ops = {
	.cls = &model_vdi,
	.find = find,
	.next = next,
	.ref = ref,
	.record = record,
	.refresh = refresh,
};

static void
create(struct call *k)
{
	static const char *const taken[] = { "name_label", "name_description",
		"type", "sharable", "read_only", "other_config" };
	const struct xu_val *args = xu_val_at(k->params, 0), *m;
	struct xu_val *config = xu_struct();
	char path[PATH_MAX], uuid[UUID_TEXT];
	struct xu_err e = XU_ERR_INIT;
	struct vdi *v;

	for (size_t i = 0; i < XU_ARRAY_SIZE(taken); i++) {
		m = xu_val_get(args, taken[i]);
		if (m != NULL)
			xu_val_set(config, taken[i], xu_val_copy(m));
	}
	uuid_random(uuid);
	v = vdi_new(k->core, uuid, config);
	if (v == NULL) {
		xu_err_set(&e, "XLD_NO_MEMORY", ENOMEM, "keep a disk");
		call_fail(k, &e);
		return;
	}
	if (vdi_location(v)[0] == '\0') {
		xu_err_set(&e, "VALUE_NOT_SUPPORTED", 0,
		    "other_config has no location: this host's SR makes no "
		    "disks, it knows those that are there (phy:/dev/..., "
		    "file:/...)");
		xu_err_param(&e, "other_config:location");
		xu_err_param(&e, "%s", "");
		xu_err_param(&e, "it is needed");
	} else if (vbd_path(vdi_location(v), path, sizeof(path), &e) == 0) {
		db_put(k->core->db, "VDI", v->uuid, v->config, &e);
	}
	if (xu_err_is_set(&e)) {
		forget(k->core, v);
		call_fail(k, &e);
		return;
	}
	api_event(k->core, "VDI", "add", uuid, record(k->core, v));
	call_ok(k, xu_str(uuid));
}

static void
destroy(struct call *k)
{
	struct vdi *v = vdi_find(k->core, xu_val_str(xu_val_at(k->params, 0)));
	size_t pos = 0;
	const struct dev *d = user_of(k->core, v, &pos);
	char label[160];
	struct xu_err e = XU_ERR_INIT;

	if (d != NULL) {
		xu_err_set(&e, XE(VDI_IN_USE), 0, "'%s' has it: %s",
		    guest_name(d->guest), dev_label(d, label, sizeof(label)));
		xu_err_param(&e, "%s", v->uuid);
		xu_err_param(&e, "%s", d->guest->uuid);
		call_fail(k, &e);
		return;
	}
	if (!v->implied && db_del(k->core->db, "VDI", v->uuid, &e) < 0) {
		call_fail(k, &e);
		return;
	}
	api_event(k->core, "VDI", "del", v->uuid, NULL);
	forget(k->core, v);
	call_ok(k, NULL);
}

const struct handler vdi_handlers[] = {
	{ "VDI.create", create },
	{ "VDI.destroy", destroy },
	{ NULL, NULL },
};

/* ---- SR -------------------------------------------------------------------------------- */

static void *
sr_find(struct core *c, const char *r)
{
	char uuid[UUID_TEXT];

	sr_uuid(c, uuid);
	return strcmp(r, uuid) == 0 ? c : NULL;
}

static void *
sr_next(struct core *c, size_t *pos)
{
	return (*pos)++ == 0 ? c : NULL;
}

static const char *
sr_ref(const void *obj)
{
	static char uuid[UUID_TEXT];

	sr_uuid(obj, uuid);
	return uuid;
}

static struct xu_val *
sr_record(struct core *c, void *obj)
{
	struct xu_val *r = xu_struct(), *all = xu_array();
	int64_t total = 0, used, size;
	struct vdi *v;
	size_t pos = 0;

	while ((v = xu_map_next(c->vdis, &pos)) != NULL) {
		xu_val_add(all, xu_str(v->uuid));
		size = size_of(v, &used);
		total += size > 0 ? size : 0;
	}
	xu_val_set(r, "uuid", xu_str(sr_ref(obj)));
	xu_val_set(r, "name_label", xu_str("Local"));
	xu_val_set(r, "name_description",
	    xu_str("Files and block devices of this host"));
	xu_val_set(r, "VDIs", all);
	xu_val_set(r, "virtual_allocation", xu_int(total));
	xu_val_set(r, "physical_utilisation", xu_int(-1));
	xu_val_set(r, "physical_size", xu_int(-1));
	xu_val_set(r, "type", xu_str("local"));
	xu_val_set(r, "content_type", xu_str(""));
	return r;
}

const struct class_ops sr_ops = {
	.cls = &model_sr,
	.find = sr_find,
	.next = sr_next,
	.ref = sr_ref,
	.record = sr_record,
	.refresh = refresh,
};
