/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vm_dump.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vm_dump.h"

/* Of a core beside its pages, and what its index takes for each of them. */
#define BESIDE	   (1u << 20)
#define INDEX_SIZE 16

struct dumping {
	struct guest *g;
	struct core *core;
	struct xu_job job;
	char *file, *temporary;
	bool live, paused;
	enum dump_after after;
	/* Of the room for cores of ends; 0: it is none. */
	uint64_t reserved;
	int fd;
	struct worker *worker;
	char request[XU_LOG_CONTEXT];
	vm_progress_f *progress;
	vm_done_f *done;
	void *arg;
};

/* ---- the intent ------------------------------------------------------------------ */

/* One that does not run need not be stopped, and is not to be let go. */
static bool
needs_pause(const struct dumping *d)
{
	return !d->live && (d->g->info.flags &
		(XC_DOMINF_PAUSED | XC_DOMINF_SHUTDOWN)) == 0;
}

static enum xu_step_result
step_intent(void *ctx, struct xu_err *e)
{
	AUTO_VAL struct xu_val *v = xu_struct();
	struct dumping *d = ctx;

	scan_one(d->g);
	xu_val_set(v, "temporary", xu_str(d->temporary));
	xu_val_set(v, "paused", xu_bool(needs_pause(d)));
	return intent_write_with(d->g, "dump", "dump", v, e) < 0 ?
	    XU_STEP_FAIL : XU_STEP_NEXT;
}

static void
undo_intent(void *ctx)
{
	struct dumping *d = ctx;

	intent_remove(d->g->uuid);
}

/* ---- the file --------------------------------------------------------------------- */

static enum xu_step_result
file_fail(struct xu_err *e, const char *path, int errnum)
{
	xu_err_set(e, "XLD_FILE", errnum, "%s", path);
	xu_err_param(e, "%s", path);
	xu_err_param(e, "%s", strerror(errnum));
	return XU_STEP_FAIL;
}

static enum xu_step_result
step_file(void *ctx, struct xu_err *e)
{
	struct dumping *d = ctx;
	struct stat st;

	if (stat(d->file, &st) == 0 && !S_ISREG(st.st_mode))
		return file_fail(e, d->file,
		    S_ISDIR(st.st_mode) ? EISDIR : EEXIST);
	/* Of a dump that nobody is about any more. */
	unlink(d->temporary);
	d->fd = open(d->temporary,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return d->fd < 0 ? file_fail(e, d->file, errno) : XU_STEP_NEXT;
}

static void
close_file(struct dumping *d)
{
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}

static void
undo_file(void *ctx)
{
	struct dumping *d = ctx;

	close_file(d);
	unlink(d->temporary);
}

/* ---- it stands still --------------------------------------------------------------- */

static enum xu_step_result
step_pause(void *ctx, struct xu_err *e)
{
	struct dumping *d = ctx;

	if (!needs_pause(d))
		return XU_STEP_NEXT;
	if (xc_domain_pause(d->core->xch, (uint32_t)d->g->domid) < 0) {
		xen_fail(d->core, e, "pause the domain");
		return XU_STEP_FAIL;
	}
	d->paused = true;
	return XU_STEP_NEXT;
}

static void
undo_pause(void *ctx)
{
	struct dumping *d = ctx;

	if (!d->paused)
		return;
	d->paused = false;
	/* One that somebody has destroyed meanwhile cannot, and need not. */
	if (xc_domain_unpause(d->core->xch, (uint32_t)d->g->domid) < 0)
		xu_log(XU_WARNING, "%s (domain %d) stays paused: %s",
		    guest_name(d->g), d->g->domid, xc_last_error(d->core->xch));
}

/* ---- the file is written ------------------------------------------------------------- */

static void
on_progress(void *arg, const char *step, int percent)
{
	struct dumping *d = arg;

	if (d->progress != NULL)
		d->progress(d->arg, step, 5 + percent * 9 / 10);
}

static void
on_written(void *arg, const struct xu_val *v, const struct xu_err *e)
{
	struct dumping *d = arg;

	xu_log_context(d->request);
	d->worker = NULL;
	if (e == NULL)
		xu_log(XU_NOTICE, "%s (domain %d): a core of %lld pages, %lld "
		    "of them zero, %lld bytes: %s", guest_name(d->g),
		    d->g->domid, (long long)xu_val_get_int(v, "pages", 0),
		    (long long)xu_val_get_int(v, "zero_pages", 0),
		    (long long)xu_val_get_int(v, "bytes", 0), d->file);
	xu_job_resume(&d->job, e);
}

static enum xu_step_result
step_write(void *ctx, struct xu_err *e)
{
	struct dumping *d = ctx;
	const struct worker_events ev = { .progress = on_progress,
		.done = on_written, .arg = d };
	AUTO_VAL struct xu_val *order = xu_struct();

	xu_val_set(order, "do", xu_str("dump"));
	xu_val_set(order, "request", xu_str(d->request));
	xu_val_set(order, "file", xu_str(d->file));
	xu_val_set(order, "domid", xu_int(d->g->domid));
	d->worker = worker_image(d->core, order, &d->fd, 1, &ev, e);
	return d->worker == NULL ? XU_STEP_FAIL : XU_STEP_WAIT;
}

static enum xu_step_result
step_name(void *ctx, struct xu_err *e)
{
	struct dumping *d = ctx;

	close_file(d);
	return rename(d->temporary, d->file) < 0 ?
	    file_fail(e, d->file, errno) : XU_STEP_NEXT;
}

static const struct xu_step steps[] = {
	{ "dump-intent", step_intent, undo_intent },
	{ "dump-file", step_file, undo_file },
	{ "dump-pause", step_pause, undo_pause },
	{ "dump-write", step_write, NULL },
	{ "dump-name", step_name, NULL },
	{ NULL, NULL, NULL },
};

/* ---- the driver's callbacks ------------------------------------------------------------ */

static void
on_step(struct xu_job *job)
{
	struct dumping *d = job->ctx;

	xu_log_context(d->request);
	if (fault_point(steps[job->at].name, &job->err) < 0)
		return;
	if (d->progress != NULL)
		d->progress(d->arg, steps[job->at].name + strlen("dump-"),
		    strcmp(steps[job->at].name, "dump-name") == 0 ? 96 :
			(int)job->at);
}

static void
free_dumping(struct dumping *d)
{
	if (d->reserved > 0) {
		d->core->dumps--;
		d->core->dumps_bytes -= d->reserved;
	}
	close_file(d);
	free(d->file);
	free(d->temporary);
	free(d);
}

/* While it is still paused: it does nothing between the core and its crash. */
static void
crash(struct dumping *d)
{
	struct guest *g = d->g;

	g->dumped = true;
	if (xc_domain_shutdown(d->core->xch, (uint32_t)g->domid, END_CRASH) < 0)
		xu_log(XU_ERROR, "%s (domain %d) does not crash: %s",
		    guest_name(g), g->domid, xc_last_error(d->core->xch));
}

static void
on_done(struct xu_job *job)
{
	struct dumping *d = job->ctx;
	const struct xu_err none = XU_ERR_INIT;
	const struct xu_err why = xu_err_is_set(&job->err) ? job->err : none;
	const bool failed = xu_err_is_set(&job->err);
	const bool reset = !failed && d->after == DUMP_RESET;
	struct guest *g = d->g;
	struct core *c = d->core;
	vm_done_f *done = d->done;
	void *arg = d->arg;

	fault_point("dump-named", NULL);
	if (!failed && d->after == DUMP_CRASH)
		crash(d);
	/* One that is reset does not go on first. */
	if (!reset)
		undo_pause(d);
	free_dumping(d);
	if (reset) {
		/* The intent becomes that of the reboot. */
		vm_reboot(g, done, arg);
		return;
	}
	if (!failed)
		intent_remove(g->uuid);
	g->op = OP_NONE;
	scan_one(g);
	done(arg, failed ? &why : NULL);
	/* What happened to it meanwhile. */
	scan_soon(c);
}

/* ---- begin, cancel ----------------------------------------------------------------------- */

static int
names(struct dumping *d, const char *file)
{
	const char *slash = strrchr(file, '/');

	d->file = strdup(file);
	if (slash == NULL || d->file == NULL ||
	    asprintf(&d->temporary, "%.*s/.xld-dump-%s", (int)(slash - file),
		file, d->g->uuid) < 0)
		d->temporary = NULL;
	return d->temporary == NULL ? -1 : 0;
}

static void
timer_closed(uv_handle_t *h)
{
	free(h);
}

static void
begin(uv_timer_t *t)
{
	struct dumping *d = t->data;

	uv_close((uv_handle_t *)t, timer_closed);
	xu_job_start(&d->job);
}

struct dumping *
vm_dump(struct guest *g, const struct dump_order *order,
    vm_progress_f *progress, vm_done_f *done, void *arg)
{
	struct dumping *d = calloc(1, sizeof(*d));
	uv_timer_t *t = calloc(1, sizeof(*t));
	struct xu_err e = XU_ERR_INIT;

	if (d != NULL)
		*d = (struct dumping){ .g = g, .core = g->core, .fd = -1,
			.live = order->live, .after = order->after,
			.progress = progress, .done = done, .arg = arg };
	if (d == NULL || t == NULL || names(d, order->file) < 0) {
		if (d != NULL)
			free_dumping(d);
		free(t);
		xu_err_set(&e, "XLD_NO_MEMORY", ENOMEM, "dump '%s'",
		    guest_name(g));
		done(arg, &e);
		return NULL;
	}
	snprintf(d->request, sizeof(d->request), "%s", xu_log_context_word());
	g->op = OP_DUMP;
	xu_job_init(&d->job, steps, d);
	d->job.on_step = on_step;
	d->job.on_done = on_done;
	/* From the loop: the caller gets the handle before the end. */
	uv_timer_init(g->core->loop, t);
	t->data = d;
	uv_timer_start(t, begin, 0, 0);
	return d;
}

int
vm_dump_cancel(struct dumping *d)
{
	struct xu_err e = XU_ERR_INIT;

	if (!d->job.waiting)
		return -1;
	worker_kill(steal_ptr(&d->worker));
	xu_err_set(&e, "TASK_CANCELLED", 0, "cancelled; there is no core");
	xu_job_resume(&d->job, &e);
	return 0;
}

/* ---- on_crash ------------------------------------------------------------------------------ */

/* The most that its core can take. */
static uint64_t
most_bytes(const struct guest *g)
{
	return BESIDE + g->info.tot_pages * (XC_PAGE_SIZE + INDEX_SIZE);
}

static char *
place_ended(struct guest *g, uint64_t bytes, struct xu_err *e)
{
	struct core *c = g->core;
	const char *folder = dump_folder(c, e);
	const struct dump_room used = { .files = c->dumps,
		.bytes = c->dumps_bytes };
	const struct dump_room room = { .folder = folder,
		.files = (uint64_t)xu_val_get_int(c->conf, "dump_files", 0),
		.bytes = (uint64_t)xu_val_get_int(c->conf, "dump_mib", 0)
		    << 20 };

	if (folder == NULL || dump_make_room(&room, &used, bytes, e) < 0)
		return NULL;
	return dump_path(folder, guest_name(g), g->domid, now_real(), true, e);
}

void
vm_dump_ended(struct guest *g, vm_done_f *done, void *arg)
{
	const uint64_t bytes = most_bytes(g);
	struct xu_err e = XU_ERR_INIT;
	AUTO_FREE char *file = place_ended(g, bytes, &e);
	const struct dump_order order = { .file = file };
	struct dumping *d;

	if (file == NULL) {
		done(arg, &e);
		return;
	}
	d = vm_dump(g, &order, NULL, done, arg);
	if (d == NULL)
		return;
	d->reserved = bytes;
	g->core->dumps++;
	g->core->dumps_bytes += bytes;
}

/* ---- after a restart ----------------------------------------------------------------------- */

void
dump_was_cut(struct guest *g, const struct xu_val *dump)
{
	const char *temporary = xu_val_get_str(dump, "temporary", "");

	if (temporary[0] != '\0')
		unlink(temporary);
	/* One that was not paused yet refuses. */
	if (g->domid >= 0 && xu_val_get_bool(dump, "paused", false))
		xc_domain_unpause(g->core->xch, (uint32_t)g->domid);
}
