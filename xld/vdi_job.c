/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A disk of ours from nothing to its content: room for it is made, then it is filled
 * with what another one has. Of one that a machine writes to that is what it has at
 * one moment, for which the machine stands still: such a job waits before that
 * moment and behind it, until it is told to go on. What is to be read is kept as it
 * is then where that can be (vdi_still.c); where it cannot, the disk is filled at
 * once, and the machine stands still for as long as that takes.
 */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vbd.h"
#include "vdi.h"
#include "xu_log.h"

struct vdi_job {
	struct core *core;
	struct vdi_order o;
	struct vdi_copy *copy;
	bool cancelled;
	/* It has not returned to who began it; it is over. */
	bool starting, ended;
	/* There is nothing of it yet. */
	bool nothing;
	/* It is at that moment: it is to be held once more. It is full. */
	bool stilling, full;
	/* It failed for this. */
	struct xu_err why;
};

static void
end(struct vdi_job *j)
{
	if (j->starting)
		j->ended = true;
	else
		free(j);
}

static void
gone(void *arg, const struct xu_err *e XU_UNUSED)
{
	struct vdi_job *j = arg;

	j->o.done(j->o.arg, &j->why);
	end(j);
}

static void
over(struct vdi_job *j, const struct xu_err *e)
{
	struct vdi *v = j->o.v;
	struct xu_err why = XU_ERR_INIT;

	if (j->o.from != NULL)
		j->o.from->busy = j->o.from->lent = false;
	if (e == NULL && !j->o.half && vdi_mark(j->core, v, NULL, &why) < 0)
		e = &why;
	if (e != NULL) {
		j->why = *e;
		(j->nothing ? vdi_drop_unmade : vdi_drop)(j->core, v, gone, j);
		return;
	}
	v->busy = j->o.half;
	j->o.done(j->o.arg, NULL);
	end(j);
}

/* ---- its content ------------------------------------------------------------------- */

static void
said(void *arg, int percent)
{
	struct vdi_job *j = arg;

	if (j->o.progress != NULL)
		j->o.progress(j->o.arg, percent);
}

/* What it was filled from is not needed any more. */
static void
unstilled(void *arg, const struct xu_err *e)
{
	over(arg, e);
}

static void
filled(void *arg, const struct xu_err *e)
{
	struct vdi_job *j = arg;

	j->copy = NULL;
	if (e != NULL) {
		over(j, e);
		return;
	}
	fault_point("vdi-filled", NULL);
	if (!j->stilling) {
		vdi_unstill(j->core, j->o.v, unstilled, j);
		return;
	}
	j->stilling = j->o.from->busy = false;
	j->full = true;
	j->o.held(j->o.arg);
}

static int
source(const struct vdi_job *j, char path[PATH_MAX], struct xu_err *e)
{
	const struct vdi *from = j->o.from;

	snprintf(path, PATH_MAX, "/dev/null");
	if (from == NULL)
		return 0;
	if (from->lent)
		return vdi_still_path(j->core, j->o.v, path, e);
	return vbd_path(vdi_location(from), path, PATH_MAX, e);
}

static void
fill(struct vdi_job *j)
{
	struct xu_err e = XU_ERR_INIT;
	char from[PATH_MAX], to[PATH_MAX];

	if (source(j, from, &e) == 0 &&
	    vbd_path(vdi_location(j->o.v), to, sizeof(to), &e) == 0)
		j->copy = vdi_copy_start(j->core, from, to, 0, said, filled, j,
		    &e);
	if (j->copy == NULL)
		over(j, &e);
}

/* ---- the moment that it is of --------------------------------------------------------- */

static void
cancelled(struct vdi_job *j)
{
	struct xu_err e = XU_ERR_INIT;

	xu_err_set(&e, XE(TASK_CANCELLED), 0, "making the disk was cancelled");
	over(j, &e);
}

static void
fill_at_once(struct vdi_job *j, const struct xu_err *why)
{
	xu_log(XU_NOTICE, "disk %s is copied while its machine stands still: %s",
	    j->o.from->uuid, why->msg);
	fill(j);
}

/* From now on it may be written to, or (e) it must be read while it is not. */
static void
stilled(void *arg, const struct xu_err *e)
{
	struct vdi_job *j = arg;

	if (j->cancelled) {
		cancelled(j);
		return;
	}
	if (e != NULL) {
		fill_at_once(j, e);
		return;
	}
	fault_point("vdi-still", NULL);
	j->stilling = j->o.from->busy = false;
	j->o.from->lent = true;
	j->o.held(j->o.arg);
}

void
vdi_make_go_on(struct vdi_job *j)
{
	struct xu_err e = XU_ERR_INIT;

	if (j->full) {
		/* What was tried may have left something. */
		vdi_unstill(j->core, j->o.v, unstilled, j);
	} else if (j->o.from->lent) {
		fill(j);
	} else {
		j->stilling = true;
		if (vdi_still(j->core, j->o.v, j->o.from, stilled, j, &e) < 0)
			fill_at_once(j, &e);
	}
}

/* ---- room for it -------------------------------------------------------------------------- */

/* There is, with who knows what in it. */
static void
made(void *arg, const struct xu_err *e)
{
	struct vdi_job *j = arg;

	if (e != NULL) {
		over(j, e);
	} else if (j->cancelled) {
		cancelled(j);
	} else {
		fault_point("vdi-file", NULL);
		if (j->o.from == NULL &&
		    vdi_sr(j->core, j->o.v)->type == SR_DIR)
			over(j, NULL);
		else if (j->o.held != NULL)
			j->o.held(j->o.arg);
		else
			fill(j);
	}
}

/* An image is copied as the file it is. */
static int64_t
bytes_of(const struct vdi *v, int64_t size)
{
	char path[PATH_MAX];
	struct stat st;

	if (vdi_format(v) != XU_DISK_QCOW2 ||
	    vbd_path(vdi_location(v), path, sizeof(path), NULL) < 0 ||
	    stat(path, &st) < 0)
		return size;
	return (int64_t)st.st_size;
}

static void
make(struct vdi_job *j)
{
	struct vdi *v = j->o.v;
	struct sr *s = vdi_sr(j->core, v);
	int64_t size = j->o.size;
	struct xu_err e = XU_ERR_INIT;
	char path[PATH_MAX];
	int r;

	if (j->o.from != NULL)
		size = bytes_of(j->o.from, size);
	if (s->type == SR_LVM) {
		if (lvm_make(j->core, s, v->uuid, size, made, j, &e) == 0)
			return;
		j->nothing = true;
		made(j, &e);
		return;
	}
	vdi_file(s, v, path);
	r = vdi_file_make(path, size,
	    j->o.from == NULL && vdi_format(v) == XU_DISK_QCOW2, &e);
	made(j, r < 0 ? &e : NULL);
}

struct vdi_job *
vdi_make(struct core *c, const struct vdi_order *o)
{
	struct vdi_job *j = calloc(1, sizeof(*j));
	struct xu_err e = XU_ERR_INIT;

	if (j == NULL) {
		xu_err_set(&e, XE(XLD_NO_MEMORY), ENOMEM, "make a disk");
		vdi_forget(c, o->v);
		o->done(o->arg, &e);
		return NULL;
	}
	*j = (struct vdi_job){ .core = c, .o = *o };
	o->v->busy = true;
	if (o->from != NULL)
		o->from->busy = true;
	/* Until it waits there is nobody who could stop it. */
	j->starting = true;
	if (vdi_mark(c, o->v, "made", &e) < 0) {
		over(j, &e);
	} else {
		fault_point("vdi-marked", NULL);
		make(j);
	}
	if (j->ended) {
		free(j);
		return NULL;
	}
	j->starting = false;
	return j;
}

void
vdi_make_cancel(struct vdi_job *j)
{
	j->cancelled = true;
	if (j->copy != NULL)
		vdi_copy_cancel(j->copy);
}

static void
nobody_waits(void *arg XU_UNUSED, const struct xu_err *e XU_UNUSED)
{
}

void
vdi_make_abandon(struct vdi_job *j)
{
	j->o.done = nobody_waits;
	cancelled(j);
}
