/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is known of disks of ours while they come, grow and go, whatever they lie in.
 * One is in the database as "made" before there is anything of it, and as "removed"
 * before that goes; one that grew says how far it is known to be clean ("wiped").
 * So the next start knows what to take away and what to go on with.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db.h"
#include "vbd.h"
#include "vdi.h"
#include "xu_log.h"

struct sr *
vdi_sr(const struct core *c, const struct vdi *v)
{
	return sr_find(c, xu_val_get_str(v->config, "SR", ""));
}

int
vdi_mark(struct core *c, struct vdi *v, const char *state, struct xu_err *e)
{
	if (state == NULL)
		xu_val_unset(v->config, "state");
	else
		xu_val_set(v->config, "state", xu_str(state));
	return db_put(c->db, "VDI", v->uuid, v->config, e);
}

int
vdi_settle(struct vdi *v, const struct sr *s, const char *format,
    struct xu_err *e)
{
	struct xu_val *map = xu_val_copy(xu_val_get(v->config,
	    "other_config"));
	const bool qcow2 = strcmp(format, "qcow2") == 0;
	char path[PATH_MAX];

	if (map == NULL)
		map = xu_struct();
	if (!qcow2 && format[0] != '\0' && strcmp(format, "raw") != 0) {
		xu_val_free(map);
		return config_unsupported(e, "sm_config:type", format,
		    "disks are raw or qcow2");
	}
	if (qcow2 && s->type != SR_DIR) {
		xu_val_free(map);
		return config_unsupported(e, "sm_config:type", format,
		    "volumes are raw; images lie in repositories of type dir");
	}
	if (s->type == SR_LVM) {
		lvm_path(s, v->uuid, path);
		xu_val_set(map, "location", xu_strf("phy:%s", path));
	} else {
		xu_val_set(map, "location", xu_strf("%s:%.4000s/%s.%s",
		    qcow2 ? "qcow2" : "file", sr_folder(s), v->uuid,
		    qcow2 ? "qcow2" : "raw"));
	}
	xu_val_set(v->config, "other_config", map);
	return 0;
}

int
vdi_replace(struct core *c, struct vdi *v, const char *successor,
    struct xu_err *e)
{
	v->busy = true;
	xu_val_set(v->config, "successor", xu_str(successor));
	return vdi_mark(c, v, "replaced", e);
}

void
vdi_replace_not(struct core *c, struct vdi *v)
{
	struct xu_err e = XU_ERR_INIT;

	v->busy = false;
	xu_val_unset(v->config, "successor");
	if (vdi_mark(c, v, NULL, &e) < 0)
		xu_log_err(XU_ERROR, &e);
}

/* Those that kept what it was keep what its successor was. */
static void
hand_over_snapshots(struct core *c, const struct vdi *v)
{
	const char *to = xu_val_get_str(v->config, "successor", "");
	struct xu_err e = XU_ERR_INIT;
	struct vdi *s;
	size_t pos = 0;

	while (to[0] != '\0' && (s = xu_map_next(c->vdis, &pos)) != NULL) {
		if (strcmp(xu_val_get_str(s->config, "snapshot_of", ""),
			v->uuid) != 0)
			continue;
		xu_val_set(s->config, "snapshot_of", xu_str(to));
		if (db_put(c->db, "VDI", s->uuid, s->config, &e) < 0)
			xu_log_err(XU_ERROR, &e);
		xu_err_clear(&e);
	}
}

/* ---- its end ----------------------------------------------------------------------- */

struct drop {
	struct core *core;
	struct vdi *v;
	/* But for the database there is none of it. */
	bool nothing;
	vm_done_f *done;
	void *arg;
};

static void
dropped(void *arg, const struct xu_err *e)
{
	struct drop *d = arg;
	struct drop was = *d;
	struct xu_err why = XU_ERR_INIT;

	free(d);
	if (e == NULL && !was.v->implied &&
	    db_del(was.core->db, "VDI", was.v->uuid, &why) < 0)
		e = &why;
	if (e == NULL) {
		vdi_forget(was.core, was.v);
	} else {
		xu_log_err(XU_ERROR, e);
		was.v->busy = false;
	}
	if (was.done != NULL)
		was.done(was.arg, e);
}

static void
drop_file(const struct sr *s, struct drop *d)
{
	struct xu_err e = XU_ERR_INIT;
	char path[PATH_MAX];

	vdi_file(s, d->v, path);
	if (unlink(path) < 0 && errno != ENOENT) {
		xu_err_set(&e, XE(XLD_FILE), errno, "remove %s", path);
		xu_err_param(&e, "%s", path);
		xu_err_param(&e, "%s", strerror(errno));
		dropped(d, &e);
		return;
	}
	dropped(d, NULL);
}

static void
drop_content(struct drop *d)
{
	struct core *c = d->core;
	struct sr *s = vdi_sr(c, d->v);
	struct xu_err e = XU_ERR_INIT;

	if (d->nothing || s == NULL || !sr_makes(s))
		dropped(d, NULL);
	else if (s->type == SR_DIR)
		drop_file(s, d);
	else if (lvm_remove(c, s, d->v->uuid, dropped, d, &e) < 0)
		dropped(d, &e);
}

/* What it was to be filled from has gone. */
static void
unstilled(void *arg, const struct xu_err *e)
{
	struct drop *d = arg;

	if (e != NULL)
		dropped(d, e);
	else
		drop_content(d);
}

static void
drop(struct core *c, struct vdi *v, bool nothing, vm_done_f *done, void *arg)
{
	struct xu_err e = XU_ERR_INIT;
	struct drop *d = malloc(sizeof(*d));

	if (d == NULL) {
		xu_err_set(&e, XE(XLD_NO_MEMORY), ENOMEM, "remove a disk");
		if (done != NULL)
			done(arg, &e);
		return;
	}
	*d = (struct drop){ c, v, nothing, done, arg };
	v->busy = true;
	hand_over_snapshots(c, v);
	vdi_unstill(c, v, unstilled, d);
}

void
vdi_drop(struct core *c, struct vdi *v, vm_done_f *done, void *arg)
{
	drop(c, v, false, done, arg);
}

void
vdi_drop_unmade(struct core *c, struct vdi *v, vm_done_f *done, void *arg)
{
	drop(c, v, true, done, arg);
}

/* ---- longer ------------------------------------------------------------------------------ */

struct grow {
	struct core *core;
	struct vdi *v;
	vm_done_f *done;
	void *arg;
};

static void
wiped(void *arg, const struct xu_err *e)
{
	struct grow *g = arg;
	struct xu_err why = XU_ERR_INIT;

	if (e == NULL) {
		xu_val_unset(g->v->config, "wiped");
		if (db_put(g->core->db, "VDI", g->v->uuid, g->v->config,
			&why) < 0)
			e = &why;
	}
	if (e != NULL)
		xu_log_err(XU_ERROR, e);
	g->v->busy = false;
	if (g->done != NULL)
		g->done(g->arg, e);
	free(g);
}

static void
no_progress(void *arg XU_UNUSED, int percent XU_UNUSED)
{
}

/* What a volume got has the bytes of whoever had them before. */
static void
wipe(void *arg, const struct xu_err *e)
{
	struct grow *g = arg;
	struct xu_err why = XU_ERR_INIT;
	char path[PATH_MAX];

	if (e == NULL &&
	    vbd_path(vdi_location(g->v), path, sizeof(path), &why) == 0) {
		fault_point("vdi-grown", NULL);
		if (vdi_copy_start(g->core, "/dev/null", path,
			xu_val_get_int(g->v->config, "wiped", 0), no_progress,
			wiped, g, &why) != NULL)
			return;
	}
	wiped(g, e != NULL ? e : &why);
}

static void
grow_volume(struct grow *g, int64_t size, struct xu_err *e)
{
	struct core *c = g->core;
	int64_t used, was = vdi_size(g->v, &used);

	xu_val_set(g->v->config, "wiped", xu_int(was));
	if (was < 0) {
		xu_err_set(e, XE(XLD_FILE), ENOENT, "%s",
		    vdi_location(g->v));
		xu_err_param(e, "%s", vdi_location(g->v));
		xu_err_param(e, "it is not there");
	} else if (db_put(c->db, "VDI", g->v->uuid, g->v->config, e) == 0 &&
	    lvm_grow(c, vdi_sr(c, g->v), g->v->uuid, was, size, wipe, g,
		e) == 0) {
		return;
	}
	/* Nothing has grown. */
	xu_val_unset(g->v->config, "wiped");
	db_put(c->db, "VDI", g->v->uuid, g->v->config, NULL);
	wiped(g, e);
}

void
vdi_grow(struct core *c, struct vdi *v, int64_t size, vm_done_f *done,
    void *arg)
{
	struct sr *s = vdi_sr(c, v);
	struct xu_err e = XU_ERR_INIT;
	char path[PATH_MAX];
	struct grow *g;

	if (s->type == SR_DIR) {
		vdi_file(s, v, path);
		done(arg, vdi_file_grow(path, size,
			vdi_format(v) == XU_DISK_QCOW2, &e) < 0 ? &e : NULL);
		return;
	}
	g = malloc(sizeof(*g));
	if (g == NULL) {
		xu_err_set(&e, XE(XLD_NO_MEMORY), ENOMEM, "grow a disk");
		done(arg, &e);
		return;
	}
	*g = (struct grow){ c, v, done, arg };
	v->busy = true;
	grow_volume(g, size, &e);
}

/* ---- after a start ------------------------------------------------------------------------- */

static void
resume(struct core *c, struct vdi *v)
{
	const char *state = xu_val_get_str(v->config, "state", "");
	struct grow *g;
	size_t pos = 0;

	/* The last of a clone's disks: its machine is there. Or one that was to be
	 * replaced, and was not. */
	if ((strcmp(state, "made") == 0 || strcmp(state, "replaced") == 0) &&
	    vdi_user(c, v, &pos) != NULL) {
		/* It is full, so that has gone. */
		xu_val_unset(v->config, "still");
		vdi_replace_not(c, v);
		return;
	}
	if (state[0] != '\0') {
		xu_log(XU_NOTICE, "disk %s (%s) was being %s: it is removed",
		    v->uuid, xu_val_get_str(v->config, "name_label", ""),
		    state);
		vdi_drop(c, v, NULL, NULL);
		return;
	}
	if (xu_val_get(v->config, "import") != NULL)
		vdi_import_left(c, v);
	if (xu_val_get(v->config, "wiped") == NULL)
		v->busy = false;
	if (xu_val_get(v->config, "wiped") == NULL ||
	    (g = malloc(sizeof(*g))) == NULL)
		return;
	*g = (struct grow){ c, v, NULL, NULL };
	wipe(g, NULL);
}

void
vdis_resume(struct core *c, struct sr *s)
{
	AUTO_VAL struct xu_val *half = xu_array();
	struct vdi *v;
	size_t pos = 0;

	while ((v = xu_map_next(c->vdis, &pos)) != NULL)
		if (v->left &&
		    strcmp(xu_val_get_str(v->config, "SR", ""), s->uuid) == 0) {
			v->left = false;
			xu_val_add(half, xu_str(v->uuid));
		}
	for (size_t i = 0; i < xu_val_count(half); i++)
		resume(c, vdi_find(c, xu_val_str(xu_val_at(half, i))));
}
