/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A clone has disks of its own: each that is written to is copied, into the
 * repository where the first one lies or into one that was named. Until the machine
 * is on record they count as half made, so that neither a failure nor a crash
 * leaves disks nobody asked for.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vdi.h"
#include "vm_clone.h"

struct cloning {
	struct call *k;
	struct xu_val *config;
	/* The disk that is being copied, of so many. */
	size_t at, n;
	char uuid[UUID_TEXT];
	/* Where the new ones lie; "" = where the first ones do. */
	char into[UUID_TEXT];
	int64_t snapshot;
	void (*done)(struct call *k, struct xu_val *config,
	    const struct xu_err *e);
};

bool
clone_needs_disk(const struct xu_val *vbd)
{
	return strcmp(xu_val_get_str(vbd, "type", ""), "CD") != 0 &&
	    strcmp(xu_val_get_str(vbd, "mode", ""), "RO") != 0;
}

int
clone_can_make(const struct guest *g, const struct xu_val *vbd,
    const struct sr *into, struct xu_err *e)
{
	struct core *c = g->core;
	const struct vdi *v = vdi_find(c, xu_val_get_str(vbd, "VDI", ""));
	const struct sr *s = v == NULL ? NULL : into != NULL ? into :
							       vdi_sr(c, v);

	if (s != NULL && sr_makes(s))
		return vdi_copy_refused(c, v, s, g, e);
	xu_err_set(e, XE(OPERATION_NOT_ALLOWED), 0,
	    "disk %s (%s) is written to, two machines cannot have it, and it "
	    "lies where others make disks; VM.copy with a repository of type "
	    "dir or lvm puts the new one there",
	    xu_val_get_str(vbd, "device", ""),
	    xu_val_get_str(vbd, "location", ""));
	xu_err_param(e, "the machine has a disk that is written to");
	return -1;
}

/* One of the disks that this made. */
static struct vdi *
half_made(struct core *c, const struct xu_val *config, size_t i)
{
	const struct xu_val *vbd = xu_val_at(xu_val_get(config, "VBDs"), i);
	struct vdi *v = vdi_find(c, xu_val_get_str(vbd, "VDI", ""));

	return v != NULL && v->busy && clone_needs_disk(vbd) &&
	    strcmp(xu_val_get_str(v->config, "state", ""), "made") == 0 ?
	    v : NULL;
}

void
clone_keep_disks(struct core *c, const struct xu_val *config)
{
	size_t n = xu_val_count(xu_val_get(config, "VBDs"));
	struct xu_err e = XU_ERR_INIT;
	struct vdi *v;

	for (size_t i = 0; i < n; i++) {
		v = half_made(c, config, i);
		if (v == NULL)
			continue;
		v->busy = false;
		/* The next start sees that a machine has it. */
		if (vdi_mark(c, v, NULL, &e) < 0)
			xu_log_err(XU_ERROR, &e);
		xu_err_clear(&e);
		api_event(c, "VDI", "add", v->uuid, vdi_record(c, v));
	}
}

void
clone_drop_disks(struct core *c, const struct xu_val *config)
{
	size_t n = xu_val_count(xu_val_get(config, "VBDs"));
	struct vdi *v;

	for (size_t i = 0; i < n; i++) {
		v = half_made(c, config, i);
		if (v != NULL)
			vdi_drop(c, v, NULL, NULL);
	}
}

static void next(struct cloning *g);

static void
end(struct cloning *g, const struct xu_err *e)
{
	struct cloning was = *g;

	free(g);
	was.k->cancel = NULL;
	if (e != NULL) {
		clone_drop_disks(was.k->core, was.config);
		xu_val_free(was.config);
		was.config = NULL;
	}
	was.done(was.k, was.config, e);
}

static int
put_disk(struct cloning *g, const struct vdi *v)
{
	const struct xu_val *list = xu_val_get(g->config, "VBDs");
	struct xu_val *out = xu_array(), *vbd;

	for (size_t i = 0; i < xu_val_count(list); i++) {
		vbd = xu_val_copy(xu_val_at(list, i));
		if (i == g->at) {
			xu_val_set(vbd, "VDI", xu_str(v->uuid));
			xu_val_set(vbd, "location", xu_str(vdi_location(v)));
		}
		xu_val_add(out, vbd);
	}
	return xu_val_set(g->config, "VBDs", out);
}

static void
copied(void *arg, const struct xu_err *e)
{
	struct cloning *g = arg;
	struct vdi *v = vdi_find(g->k->core, g->uuid);
	struct xu_err why = XU_ERR_INIT;

	g->k->cancel = NULL;
	if (e == NULL && put_disk(g, v) < 0) {
		vdi_drop(g->k->core, v, NULL, NULL);
		xu_err_set(&why, XE(XLD_NO_MEMORY), ENOMEM, "clone a machine");
		e = &why;
	}
	if (e != NULL) {
		end(g, e);
		return;
	}
	g->at++;
	next(g);
}

static void
progress(void *arg, int percent)
{
	struct cloning *g = arg;

	call_progress(g->k, "copy",
	    (int)((g->at * 100 + (size_t)percent) / (g->n == 0 ? 1 : g->n)));
}

static void
cancel(struct call *k)
{
	vdi_make_cancel(k->cancel_arg);
}

static struct vdi *
new_disk(struct cloning *g, const struct vdi *from, const struct sr *s,
    struct xu_err *e)
{
	struct xu_val *config = xu_val_copy(from->config);
	char uuid[UUID_TEXT];
	struct vdi *v;

	xu_val_unset(config, "wiped");
	vdi_is_snapshot_of(config, from, g->snapshot);
	xu_val_set(config, "SR", xu_str(s->uuid));
	uuid_random(uuid);
	v = vdi_new(g->k->core, uuid, config);
	if (v == NULL) {
		xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "keep a disk");
		return NULL;
	}
	if (vdi_settle(v, s, vdi_format(from) == XU_DISK_QCOW2 ? "qcow2" : "",
		e) == 0)
		return v;
	vdi_forget(g->k->core, v);
	return NULL;
}

static void
next(struct cloning *g)
{
	struct core *c = g->k->core;
	const struct xu_val *list = xu_val_get(g->config, "VBDs"), *vbd;
	struct xu_err e = XU_ERR_INIT;
	const struct sr *into;
	struct vdi *from, *v;
	struct vdi_job *j;
	int64_t used;

	while (g->at < xu_val_count(list) &&
	    !clone_needs_disk(xu_val_at(list, g->at)))
		g->at++;
	if (g->at == xu_val_count(list)) {
		end(g, NULL);
		return;
	}
	vbd = xu_val_at(list, g->at);
	from = vdi_find(c, xu_val_get_str(vbd, "VDI", ""));
	into = sr_find(c, g->into);
	v = clone_can_make(g->k->guest, vbd, into, &e) < 0 ? NULL :
	    new_disk(g, from, into != NULL ? into : vdi_sr(c, from), &e);
	if (v == NULL) {
		end(g, &e);
		return;
	}
	memcpy(g->uuid, v->uuid, sizeof(g->uuid));
	j = vdi_make(c, v, from, vdi_size(from, &used), true, progress, copied,
	    g);
	if (j == NULL)
		return;
	g->k->cancel_arg = j;
	g->k->cancel = cancel;
}

void
clone_disks(struct call *k, struct xu_val *config, const struct sr *into,
    int64_t snapshot, void (*done)(struct call *k, struct xu_val *config,
	const struct xu_err *e))
{
	struct cloning *g = calloc(1, sizeof(*g));
	struct xu_err e = XU_ERR_INIT;

	if (g == NULL) {
		xu_err_set(&e, XE(XLD_NO_MEMORY), ENOMEM, "clone a machine");
		xu_val_free(config);
		done(k, NULL, &e);
		return;
	}
	*g = (struct cloning){ .k = k, .config = config, .done = done,
		.snapshot = snapshot,
		.n = xu_val_count(xu_val_get(config, "VBDs")) };
	if (into != NULL)
		memcpy(g->into, into->uuid, sizeof(g->into));
	next(g);
}
