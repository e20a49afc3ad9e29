/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See sr.h; and PBD, which says that this host has them all. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "db.h"
#include "sr.h"
#include "vdi.h"
#include "xu_log.h"

#define ISOS_MAX 1024

static const char *const type_words[SR_TYPES] = {
	[SR_LOCAL] = "local",
	[SR_DIR] = "dir",
	[SR_LVM] = "lvm",
	[SR_ISO] = "iso",
};

const char *
sr_type_word(enum sr_type t)
{
	return type_words[t];
}

const char *
sr_folder(const struct sr *s)
{
	return xu_val_get_str(xu_val_get(s->config, "device_config"),
	    "location", "");
}

const char *
sr_group(const struct sr *s)
{
	return xu_val_get_str(xu_val_get(s->config, "device_config"),
	    "volume_group", "");
}

bool
sr_makes(const struct sr *s)
{
	return s->type == SR_DIR || s->type == SR_LVM;
}

struct sr *
sr_find(const struct core *c, const char *uuid)
{
	return xu_map_get(c->srs, uuid);
}

struct sr *
sr_local(const struct core *c)
{
	char uuid[UUID_TEXT];

	uuid_derive(c->host_uuid, "SR Local", uuid);
	return sr_find(c, uuid);
}

static void
sr_free(struct sr *s)
{
	xu_val_free(s->config);
	free(s);
}

/* Takes config. */
static struct sr *
sr_new(struct core *c, const char *uuid, struct xu_val *config)
{
	const char *word = xu_val_get_str(config, "type", "");
	struct sr *s = calloc(1, sizeof(*s));
	unsigned t = 0;

	while (t < SR_TYPES && strcmp(type_words[t], word) != 0)
		t++;
	if (s == NULL || !xu_val_ok(config) || t == SR_TYPES ||
	    xu_map_put(c->srs, uuid, s) < 0) {
		xu_val_free(config);
		free(s);
		return NULL;
	}
	snprintf(s->uuid, sizeof(s->uuid), "%s", uuid);
	s->type = (enum sr_type)t;
	s->size = s->room = -1;
	s->config = xu_val_pack(config);
	return s;
}

static void
load(void *arg, const char *uuid, const struct xu_val *v)
{
	if (sr_new(arg, uuid, xu_val_copy(v)) == NULL)
		xu_log(XU_ERROR, "SR %s of type '%s' is not usable", uuid,
		    xu_val_get_str(v, "type", ""));
}

int
srs_open(struct core *c, struct xu_err *e)
{
	struct xu_val *local = xu_struct();
	char uuid[UUID_TEXT];

	c->srs = xu_map_new();
	uuid_derive(c->host_uuid, "SR Local", uuid);
	xu_val_set(local, "type", xu_str(type_words[SR_LOCAL]));
	xu_val_set(local, "name_label", xu_str("Local"));
	xu_val_set(local, "name_description",
	    xu_str("Files and block devices of this host"));
	if (c->srs == NULL || sr_new(c, uuid, local) == NULL)
		return xu_err_set(e, "XLD_NO_MEMORY", ENOMEM,
		    "keep repositories");
	return db_each(c->db, "SR", load, c, e);
}

void
srs_close(struct core *c)
{
	size_t pos = 0;
	struct sr *s;

	while (c->srs != NULL && (s = xu_map_next(c->srs, &pos)) != NULL)
		sr_free(s);
	xu_map_free(&c->srs);
}

void
sr_each_iso(const struct sr *s,
    void (*f)(void *arg, const struct sr *s, const char *file), void *arg)
{
	DIR *d = s->type == SR_ISO ? opendir(sr_folder(s)) : NULL;
	const struct dirent *ent;
	unsigned n = 0;
	size_t len;

	while (d != NULL && n < ISOS_MAX && (ent = readdir(d)) != NULL) {
		len = strlen(ent->d_name);
		if (len <= 4 || strcmp(ent->d_name + len - 4, ".iso") != 0)
			continue;
		f(arg, s, ent->d_name);
		n++;
	}
	if (d != NULL)
		closedir(d);
}

/* ---- SR -------------------------------------------------------------------------- */

static void *
find(struct core *c, const char *ref)
{
	return sr_find(c, ref);
}

static void *
next(struct core *c, size_t *pos)
{
	return xu_map_next(c->srs, pos);
}

static const char *
ref_of(const void *obj)
{
	return ((const struct sr *)obj)->uuid;
}

static const char *
pbd_uuid(const struct sr *s)
{
	static char uuid[UUID_TEXT];

	uuid_derive(s->uuid, "PBD", uuid);
	return uuid;
}

static struct xu_val *
one_pbd(const struct sr *s)
{
	struct xu_val *v = xu_array();

	xu_val_add(v, xu_str(pbd_uuid(s)));
	return v;
}

static const struct xu_val *
map_of(const struct sr *s, const char *name)
{
	static struct xu_val *none;

	if (none == NULL)
		none = xu_struct();
	return xu_val_get(s->config, name) != NULL ?
	    xu_val_get(s->config, name) : none;
}

static struct xu_val *
record(struct core *c, void *obj)
{
	const struct sr *s = obj;
	struct xu_val *r = xu_struct(), *all = xu_array();
	int64_t size = -1, used = -1;
	struct statvfs fs;

	if (s->type == SR_LVM) {
		size = s->size;
		used = size < 0 ? -1 : size - s->room;
	} else if (s->type != SR_LOCAL && statvfs(sr_folder(s), &fs) == 0) {
		size = (int64_t)(fs.f_blocks * fs.f_frsize);
		used = size - (int64_t)(fs.f_bfree * fs.f_frsize);
	}
	xu_val_set(r, "uuid", xu_str(s->uuid));
	xu_val_set(r, "name_label",
	    xu_str(xu_val_get_str(s->config, "name_label", "")));
	xu_val_set(r, "name_description",
	    xu_str(xu_val_get_str(s->config, "name_description", "")));
	xu_val_set(r, "virtual_allocation", xu_int(vdis_of(c, s, all)));
	xu_val_set(r, "VDIs", all);
	xu_val_set(r, "PBDs", one_pbd(s));
	xu_val_set(r, "physical_utilisation", xu_int(used));
	xu_val_set(r, "physical_size", xu_int(size));
	xu_val_set(r, "type", xu_str(type_words[s->type]));
	xu_val_set(r, "content_type", xu_str(s->type == SR_ISO ? "iso" :
		xu_val_get_str(s->config, "content_type", "")));
	xu_val_set(r, "shared", xu_bool(false));
	xu_val_set(r, "other_config", xu_val_copy(map_of(s, "other_config")));
	xu_val_set(r, "sm_config", xu_struct());
	xu_val_set(r, "tags", config_tags(s->config));
	return r;
}

static int
set(struct core *c, void *obj, const char *field, const struct xu_val *value,
    struct xu_err *e)
{
	struct sr *s = obj;

	if (s->type != SR_LOCAL)
		return db_change(c->db, "SR", s->uuid, &s->config, field,
		    value, e);
	xu_err_set(e, XE(OPERATION_NOT_ALLOWED), 0,
	    "'Local' is the host itself and stays what it is");
	return -1;
}

const struct class_ops sr_ops = {
	.cls = &model_sr,
	.find = find,
	.next = next,
	.ref = ref_of,
	.record = record,
	.refresh = vdis_refresh,
	.set = set,
};

/* ---- create, forget, destroy --------------------------------------------------------- */

/* A folder that is there, and that no other has. */
static int
check_folder(const struct core *c, const char *path, struct xu_err *e)
{
	const struct sr *s;
	struct stat st, other;
	size_t pos = 0;

	if (path[0] != '/')
		return config_unsupported(e, "device_config:location", path,
		    "the full path of a folder is wanted");
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return config_unsupported(e, "device_config:location", path,
		    "it is no folder of this host");
	while ((s = xu_map_next(c->srs, &pos)) != NULL)
		if (sr_folder(s)[0] != '\0' && stat(sr_folder(s), &other) == 0 &&
		    other.st_ino == st.st_ino && other.st_dev == st.st_dev)
			return config_unsupported(e, "device_config:location",
			    path, "another repository has it");
	return 0;
}

/* A volume group by name, that no other has. */
static int
check_group(const struct core *c, const char *name, struct xu_err *e)
{
	const struct sr *s;
	size_t pos = 0;

	if (!lvm_group_ok(name))
		return config_unsupported(e, "device_config:volume_group", name,
		    "the name of a volume group of this host is wanted");
	while ((s = xu_map_next(c->srs, &pos)) != NULL)
		if (s->type == SR_LVM && strcmp(sr_group(s), name) == 0)
			return config_unsupported(e,
			    "device_config:volume_group", name,
			    "another repository has it");
	return 0;
}

static int
check_new(struct call *k, struct xu_err *e)
{
	const struct xu_val *device = xu_val_at(k->params, 1);
	const char *type = xu_val_str(xu_val_at(k->params, 5));

	if (xu_val_bool(xu_val_at(k->params, 7)))
		return config_unsupported(e, "shared", "true",
		    "what is of this host is this host's alone");
	if (strcmp(type, type_words[SR_LVM]) == 0)
		return check_group(k->core,
		    xu_val_get_str(device, "volume_group", ""), e);
	if (strcmp(type, type_words[SR_DIR]) == 0 ||
	    strcmp(type, type_words[SR_ISO]) == 0)
		return check_folder(k->core,
		    xu_val_get_str(device, "location", ""), e);
	xu_err_set(e, XE(SR_UNKNOWN_DRIVER), 0,
	    "'%s' is no kind of repository here: dir, lvm and iso are", type);
	xu_err_param(e, "%s", type);
	return -1;
}

static void
created(struct call *k, struct sr *s)
{
	vdis_refresh(k->core);
	api_event(k->core, "SR", "add", s->uuid, record(k->core, s));
	call_ok(k, xu_str(s->uuid));
}

/* vgs has said what there is. */
static void
seen(void *arg, const struct xu_err *e)
{
	struct call *k = arg;
	struct core *c = k->core;
	struct sr *s = sr_find(c, k->wait_uuid);
	struct xu_err why = XU_ERR_INIT;

	if (s == NULL) {
		call_refuse(k, XE(HANDLE_INVALID), "SR",
		    "%s: it was forgotten meanwhile", k->method);
		return;
	}
	if (e == NULL && s->type == SR_LVM && s->size < 0) {
		config_unsupported(&why, "device_config:volume_group",
		    sr_group(s), "what vgs says of it is not understood");
		e = &why;
	}
	if (e == NULL && db_put(c->db, "SR", s->uuid, s->config, &why) < 0)
		e = &why;
	if (e == NULL) {
		created(k, s);
		return;
	}
	xu_map_del(c->srs, s->uuid);
	sr_free(s);
	call_fail(k, e);
}

static void
create(struct call *k)
{
	struct core *c = k->core;
	struct xu_val *v;
	struct xu_err e = XU_ERR_INIT;
	char uuid[UUID_TEXT];
	struct sr *s;

	if (check_new(k, &e) < 0) {
		call_fail(k, &e);
		return;
	}
	v = xu_struct();
	xu_val_set(v, "device_config", xu_val_copy(xu_val_at(k->params, 1)));
	xu_val_set(v, "name_label", xu_val_copy(xu_val_at(k->params, 3)));
	xu_val_set(v, "name_description",
	    xu_val_copy(xu_val_at(k->params, 4)));
	xu_val_set(v, "type", xu_val_copy(xu_val_at(k->params, 5)));
	xu_val_set(v, "content_type", xu_val_copy(xu_val_at(k->params, 6)));
	uuid_random(uuid);
	s = sr_new(c, uuid, v);
	if (s == NULL) {
		call_refuse(k, XE(XLD_NO_MEMORY), "", "keep a repository");
		return;
	}
	memcpy(k->wait_uuid, uuid, sizeof(uuid));
	if (s->type != SR_LVM)
		seen(k, NULL);
	else if (lvm_look(c, s, true, seen, k, &e) < 0)
		seen(k, &e);
}

static struct sr *
subject(struct call *k)
{
	return sr_find(k->core, xu_val_str(xu_val_at(k->params, 0)));
}

/* Out of the database and out of here; what is in its folder stays. */
static void
forget(struct call *k)
{
	struct core *c = k->core;
	struct sr *s = subject(k);
	AUTO_VAL struct xu_val *list = xu_array();
	struct xu_err e = XU_ERR_INIT;
	char uuid[UUID_TEXT];

	memcpy(uuid, s->uuid, sizeof(uuid));
	vdis_of(c, s, list);
	if (s->type == SR_LOCAL) {
		call_refuse(k, XE(SR_OPERATION_NOT_SUPPORTED), uuid,
		    "%s: 'Local' is the host itself", k->method);
	} else if (sr_makes(s) && xu_val_count(list) > 0) {
		call_refuse(k, XE(SR_NOT_EMPTY), uuid,
		    "%s: there are %zu disks in '%s'; destroy them first",
		    k->method, xu_val_count(list),
		    xu_val_get_str(s->config, "name_label", ""));
	} else if (db_del(c->db, "SR", uuid, &e) < 0) {
		call_fail(k, &e);
	} else {
		xu_map_del(c->srs, uuid);
		sr_free(s);
		vdis_refresh(c);
		api_event(c, "SR", "del", uuid, NULL);
		call_ok(k, NULL);
	}
}

static void
scanned(void *arg, const struct xu_err *e)
{
	struct call *k = arg;
	struct sr *s = subject(k);

	if (s != NULL)
		api_event(k->core, "SR", "mod", s->uuid, record(k->core, s));
	if (e != NULL)
		call_fail(k, e);
	else
		call_ok(k, NULL);
}

/* An ISO library is read at every call anyhow. */
static void
rescan(struct call *k)
{
	struct sr *s = subject(k);
	struct xu_err e = XU_ERR_INIT;

	if (s->type != SR_LVM) {
		scanned(k, NULL);
	} else if (lvm_look(k->core, s, true, scanned, k, &e) < 0) {
		call_fail(k, &e);
	}
}

static void
types(struct call *k)
{
	struct xu_val *v = xu_array();

	for (size_t i = 0; i < SR_TYPES; i++)
		xu_val_add(v, xu_str(type_words[i]));
	call_ok(k, v);
}

/* ---- PBD ------------------------------------------------------------------------------- */

static void *
pbd_find(struct core *c, const char *ref)
{
	size_t pos = 0;
	struct sr *s;

	while ((s = xu_map_next(c->srs, &pos)) != NULL)
		if (strcmp(pbd_uuid(s), ref) == 0)
			return s;
	return NULL;
}

static const char *
pbd_ref(const void *obj)
{
	return pbd_uuid(obj);
}

static struct xu_val *
pbd_record(struct core *c, void *obj)
{
	const struct sr *s = obj;
	struct xu_val *r = xu_struct();

	xu_val_set(r, "uuid", xu_str(pbd_uuid(s)));
	xu_val_set(r, "host", xu_str(c->host_uuid));
	xu_val_set(r, "SR", xu_str(s->uuid));
	xu_val_set(r, "device_config",
	    xu_val_copy(map_of(s, "device_config")));
	/* The folder may have gone, or the group. */
	xu_val_set(r, "currently_attached", xu_bool(s->type == SR_LOCAL ||
		(s->type == SR_LVM ? s->size >= 0 :
		    access(sr_folder(s), R_OK | X_OK) == 0)));
	xu_val_set(r, "other_config", xu_struct());
	return r;
}

const struct class_ops pbd_ops = {
	.cls = &model_pbd,
	.find = pbd_find,
	.next = next,
	.ref = pbd_ref,
	.record = pbd_record,
};

static void
pbd_by_sr(struct call *k)
{
	call_ok(k, one_pbd(subject(k)));
}

/* A repository is attached from its creation to its end. */
static void
nothing_to_do(struct call *k)
{
	call_ok(k, NULL);
}

static void
not_so(struct call *k)
{
	call_refuse(k, XE(SR_OPERATION_NOT_SUPPORTED),
	    xu_val_str(xu_val_at(k->params, 0)),
	    "%s: a repository and its PBD are made and go as one: SR.create, "
	    "SR.forget", k->method);
}

const struct handler sr_handlers[] = {
	{ "SR.create", create },
	{ "SR.forget", forget },
	{ "SR.destroy", forget },
	{ "SR.scan", rescan },
	{ "SR.get_supported_types", types },
	{ "PBD.get_by_SR", pbd_by_sr },
	{ "PBD.plug", nothing_to_do },
	{ "PBD.unplug", not_so },
	{ "PBD.destroy", not_so },
	{ NULL, NULL },
};
