/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A clone has disks of its own: each that is written to is copied, into the
 * repository where the first one lies or into one that was named. Until the machine
 * is on record they count as half made, so that neither a failure nor a crash
 * leaves disks nobody asked for.
 *
 * Of a machine that runs they are copied in three rounds over all disks (vdi_job.c):
 * room is made for each; while the machine stands still what is on each is kept; and
 * when it goes on they are filled.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vdi.h"
#include "vm_clone.h"

enum round {
	/* Of a machine that does not run it is the only one. */
	MAKE,
	STILL,
	FILL,
};

struct cloning {
	struct call *k;
	struct clone_order o;
	char into[UUID_TEXT];
	enum round round;
	/* The disk that is at work, of so many. */
	size_t at, n;
	/* Its job waits, before it is known here. */
	bool starting, held;
	struct copy {
		struct vdi_job *job;
		char uuid[UUID_TEXT];
		int percent;
	} *copies;
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

static void advance(struct cloning *g);

static void
end(struct cloning *g, const struct xu_err *e)
{
	struct cloning was = *g;

	for (size_t i = 0; i < g->n; i++)
		if (g->copies[i].job != NULL)
			vdi_make_abandon(g->copies[i].job);
	free(g->copies);
	free(g);
	was.k->cancel = NULL;
	if (e != NULL) {
		clone_drop_disks(was.k->core, was.o.config);
		xu_val_free(was.o.config);
		was.o.config = NULL;
	}
	was.o.done(was.k, was.o.config, e);
}

static const struct xu_val *
vbd_at(const struct cloning *g, size_t i)
{
	return xu_val_at(xu_val_get(g->o.config, "VBDs"), i);
}

static int
put_disk(struct cloning *g, const struct vdi *v)
{
	struct xu_val *out = xu_array(), *vbd;

	for (size_t i = 0; i < g->n; i++) {
		vbd = xu_val_copy(vbd_at(g, i));
		if (i == g->at) {
			xu_val_set(vbd, "VDI", xu_str(v->uuid));
			xu_val_set(vbd, "location", xu_str(vdi_location(v)));
		}
		xu_val_add(out, vbd);
	}
	return xu_val_set(g->o.config, "VBDs", out);
}

static void
copied(void *arg, const struct xu_err *e)
{
	struct cloning *g = arg;
	struct copy *y = &g->copies[g->at];
	struct vdi *v = vdi_find(g->k->core, y->uuid);
	struct xu_err why = XU_ERR_INIT;

	y->job = NULL;
	if (e == NULL && put_disk(g, v) < 0) {
		vdi_drop(g->k->core, v, NULL, NULL);
		xu_err_set(&why, XE(XLD_NO_MEMORY), ENOMEM, "clone a machine");
		e = &why;
	}
	if (e != NULL) {
		end(g, e);
		return;
	}
	y->percent = 100;
	g->at++;
	advance(g);
}

static void
on_held(void *arg)
{
	struct cloning *g = arg;

	g->held = true;
	if (g->starting)
		return;
	g->at++;
	advance(g);
}

static void
progress(void *arg, int percent)
{
	struct cloning *g = arg;
	size_t all = 0;

	g->copies[g->at].percent = percent;
	for (size_t i = 0; i < g->n; i++)
		all += clone_needs_disk(vbd_at(g, i)) ?
		    (size_t)g->copies[i].percent : 100;
	call_progress(g->k, g->round == STILL ? "copy-still" : "copy",
	    (int)(all / g->n));
}

static void
cancel(struct call *k)
{
	struct cloning *g = k->cancel_arg;

	vdi_make_cancel(g->copies[g->at].job);
}

static struct vdi *
new_disk(struct cloning *g, const struct vdi *from, const struct sr *s,
    struct xu_err *e)
{
	struct xu_val *config = xu_val_copy(from->config);
	char uuid[UUID_TEXT];
	struct vdi *v;

	xu_val_unset(config, "wiped");
	vdi_is_snapshot_of(config, from, g->o.snapshot);
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
make(struct cloning *g, struct vdi *v, struct vdi *from)
{
	struct copy *y = &g->copies[g->at];
	int64_t used;
	const struct vdi_order o = { .v = v,
		.from = from,
		.size = vdi_size(from, &used),
		.half = true,
		.held = g->o.held != NULL ? on_held : NULL,
		.progress = progress,
		.done = copied,
		.arg = g };
	struct vdi_job *j;

	memcpy(y->uuid, v->uuid, sizeof(y->uuid));
	g->starting = true;
	g->held = false;
	j = vdi_make(g->k->core, &o);
	/* It is over, and g may be. */
	if (j == NULL)
		return;
	y->job = j;
	g->starting = false;
	g->k->cancel_arg = g;
	g->k->cancel = cancel;
	if (g->held)
		on_held(g);
}

static void
begin(struct cloning *g)
{
	struct core *c = g->k->core;
	const struct xu_val *vbd = vbd_at(g, g->at);
	struct vdi *from = vdi_find(c, xu_val_get_str(vbd, "VDI", ""));
	const struct sr *into = sr_find(c, g->into);
	struct xu_err e = XU_ERR_INIT;
	struct vdi *v;

	v = clone_can_make(g->k->guest, vbd, into, &e) < 0 ? NULL :
	    new_disk(g, from, into != NULL ? into : vdi_sr(c, from), &e);
	if (v == NULL)
		end(g, &e);
	else
		make(g, v, from);
}

/* The next disk of the round, or the end of that. */
static void
advance(struct cloning *g)
{
	while (g->at < g->n && !clone_needs_disk(vbd_at(g, g->at)))
		g->at++;
	if (g->at < g->n && g->round == MAKE) {
		begin(g);
	} else if (g->at < g->n) {
		vdi_make_go_on(g->copies[g->at].job);
	} else if (g->o.held == NULL || g->round == FILL) {
		end(g, NULL);
	} else {
		g->k->cancel = NULL;
		g->o.held(g->k, g, g->round == STILL);
	}
}

void
clone_go_on(struct cloning *g)
{
	g->round++;
	g->at = 0;
	g->k->cancel = cancel;
	advance(g);
}

void
clone_stop(struct cloning *g, const struct xu_err *e)
{
	end(g, e);
}

void
clone_disks(struct call *k, const struct clone_order *o)
{
	struct cloning *g = calloc(1, sizeof(*g));
	size_t n = xu_val_count(xu_val_get(o->config, "VBDs"));
	struct copy *copies = calloc(n + 1, sizeof(*copies));
	struct xu_err e = XU_ERR_INIT;

	if (g == NULL || copies == NULL) {
		free(g);
		free(copies);
		xu_err_set(&e, XE(XLD_NO_MEMORY), ENOMEM, "clone a machine");
		xu_val_free(o->config);
		o->done(k, NULL, &e);
		return;
	}
	*g = (struct cloning){ .k = k, .o = *o, .n = n, .copies = copies };
	/* It may go meanwhile. */
	if (o->into != NULL)
		memcpy(g->into, o->into->uuid, sizeof(g->into));
	advance(g);
}
