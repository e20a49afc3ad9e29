/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vm_save.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xen/hvm/params.h>

#include "dm.h"
#include "image_xl.h"
#include "vm_go_on.h"
#include "vm_save.h"
#include "xu_log.h"

/* Seconds a guest has to heed, and again to be done; XLD_SUSPEND_TIMEOUT. */
#define SUSPEND_S 60

struct saving {
	struct guest *g;
	struct core *core;
	struct xu_job job;
	char *file, *temporary;
	enum save_after after;
	bool compat, live;
	struct save_limits limits;
	/* In the intent: the file gets its name. */
	bool naming;
	/* It was asked, and has suspended. */
	bool asked, suspended, acknowledged;
	int fd;
	/* HVM: what its device model makes of itself. Nothing ends while it does. */
	int state_fd;
	bool modelling, cancelled;
	struct xu_err why;
	uv_timer_t *deadline;
	struct worker *worker;
	char request[XU_LOG_CONTEXT];
	vm_progress_f *progress;
	vm_done_f *done;
	void *arg;
};

static bool
is_hvm(const struct saving *s)
{
	return config_type(s->g->config) == TYPE_HVM;
}

static const char *const after_words[] = { "end", "suspend", "go-on", "pause",
	"hand-over" };

/* ---- the intent -------------------------------------------------------------------- */

static int
intent(struct saving *s, struct xu_err *e)
{
	AUTO_VAL struct xu_val *v = xu_struct();

	xu_val_set(v, "file", xu_str(s->file));
	xu_val_set(v, "temporary", xu_str(s->temporary));
	xu_val_set(v, "phase", xu_str(s->naming ? "name" : "write"));
	xu_val_set(v, "after", xu_str(after_words[s->after]));
	return intent_write_with(s->g, "save", "save", v, e);
}

static enum xu_step_result
step_intent(void *ctx, struct xu_err *e)
{
	return intent(ctx, e) < 0 ? XU_STEP_FAIL : XU_STEP_NEXT;
}

/* Of a guest that is still to go on it stays until then. */
static void
undo_intent(void *ctx)
{
	struct saving *s = ctx;

	if (s->g->going == NULL)
		intent_remove(s->g->uuid);
}

/* ---- the file ---------------------------------------------------------------------- */

static int
file_fail(struct xu_err *e, const char *path, int errnum)
{
	xu_err_set(e, "XLD_FILE", errnum, "%s", path);
	xu_err_param(e, "%s", path);
	xu_err_param(e, "%s", strerror(errnum));
	return -1;
}

static enum xu_step_result
step_file(void *ctx, struct xu_err *e)
{
	struct saving *s = ctx;
	struct stat st;

	if (s->after == SAVE_HAND_OVER)
		return XU_STEP_NEXT;
	if (stat(s->file, &st) == 0 && !S_ISREG(st.st_mode)) {
		file_fail(e, s->file, S_ISDIR(st.st_mode) ? EISDIR : EEXIST);
		return XU_STEP_FAIL;
	}
	/* Of a save that nobody is about any more. */
	unlink(s->temporary);
	s->fd = open(s->temporary,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (s->fd < 0) {
		file_fail(e, s->file, errno);
		return XU_STEP_FAIL;
	}
	return XU_STEP_NEXT;
}

static void
close_file(struct saving *s)
{
	if (s->fd >= 0)
		close(s->fd);
	if (s->state_fd >= 0)
		close(s->state_fd);
	s->fd = s->state_fd = -1;
}

static void
undo_file(void *ctx)
{
	struct saving *s = ctx;

	close_file(s);
	if (s->after != SAVE_HAND_OVER)
		unlink(s->temporary);
}

/* ---- the guest suspends -------------------------------------------------------------- */

static void
timer_closed(uv_handle_t *h)
{
	free(h);
}

static void
end_wait(struct saving *s)
{
	if (s->deadline != NULL)
		uv_close((uv_handle_t *)s->deadline, timer_closed);
	s->deadline = NULL;
}

static unsigned
patience_s(void)
{
	return env_seconds("XLD_SUSPEND_TIMEOUT", SUSPEND_S);
}

static void
too_late(uv_timer_t *t)
{
	struct saving *s = t->data;
	struct xu_err e = XU_ERR_INIT;
	bool heeded;

	xu_log_context(s->request);
	heeded = !store_take_back(s->g, "suspend");
	if (heeded && !s->acknowledged) {
		/* It has begun; a large one takes its time. */
		s->acknowledged = true;
		uv_timer_start(s->deadline, too_late, patience_s() * 1000, 0);
		return;
	}
	end_wait(s);
	s->g->late_suspend = heeded;
	xu_err_set(&e, "XLD_TIMEOUT", 0, heeded ?
	    "the guest has heeded the request to suspend, and has not done so "
	    "within %u s; it goes on" :
	    "the guest has not heeded the request to suspend within %u s (has "
	    "it Xen's drivers?); it goes on", patience_s());
	xu_err_param(&e, "the guest's suspension");
	xu_err_param(&e, "%u", patience_s());
	xu_job_resume(&s->job, &e);
}

/* Nobody in it would hear: it has no drivers of Xen's, or sleeps. Nobody need, either:
 * its devices are emulated. */
static bool
is_bare(const struct guest *g)
{
	xc_interface *xch = g->core->xch;
	uint64_t upcalls = 1, sleep = 0;

	return config_type(g->config) == TYPE_HVM &&
	    xc_hvm_param_get(xch, (uint32_t)g->domid, HVM_PARAM_CALLBACK_IRQ,
		&upcalls) == 0 &&
	    xc_hvm_param_get(xch, (uint32_t)g->domid, HVM_PARAM_ACPI_S_STATE,
		&sleep) == 0 &&
	    (upcalls == 0 || sleep != 0);
}

/* It suspends itself, or is stopped where it is. */
static int
ask(struct saving *s, struct xu_err *e)
{
	const struct guest *g = s->g;

	if (!is_bare(g))
		return store_ask(g, "suspend", e);
	s->acknowledged = true;
	if (xc_domain_shutdown(g->core->xch, (uint32_t)g->domid,
		END_SUSPEND) < 0)
		return xen_fail(g->core, e, "suspend it");
	scan_soon(g->core);
	return 0;
}

static enum xu_step_result
step_suspend(void *ctx, struct xu_err *e)
{
	struct saving *s = ctx;

	s->deadline = calloc(1, sizeof(*s->deadline));
	if (s->deadline == NULL || ask(s, e) < 0) {
		xu_err_set(e, "XLD_NO_MEMORY", ENOMEM, "wait for the guest");
		free(steal_ptr(&s->deadline));
		return XU_STEP_FAIL;
	}
	s->asked = true;
	uv_timer_init(s->core->loop, s->deadline);
	s->deadline->data = s;
	uv_timer_start(s->deadline, too_late, patience_s() * 1000, 0);
	return XU_STEP_WAIT;
}

/* It ended otherwise, or was ended. */
static void
guest_lost(struct saving *s)
{
	const struct guest *g = s->g;
	struct xu_err e = XU_ERR_INIT;

	if (s->worker != NULL)
		worker_kill(steal_ptr(&s->worker));
	end_wait(s);
	xu_err_set(&e, "XLD_IMAGE", 0, "the guest has ended (%s) while it was "
	    "saved", (g->info.flags & XC_DOMINF_SHUTDOWN) != 0 ?
	    dom_end_word(g->info.shutdown_reason) : "it was destroyed");
	xu_err_param(&e, "%s", s->file);
	xu_err_param(&e, "the guest has ended");
	xu_job_resume(&s->job, &e);
}

static bool
is_lost(const struct guest *g)
{
	const uint32_t f = g->info.flags;

	return !g->seen || (f & XC_DOMINF_DYING) != 0 ||
	    ((f & XC_DOMINF_SHUTDOWN) != 0 &&
		g->info.shutdown_reason != END_SUSPEND);
}

void
save_look(struct guest *g)
{
	struct saving *s = g->saving;

	if (!s->job.waiting || s->modelling)
		return;
	xu_log_context(s->request);
	if (is_lost(g)) {
		guest_lost(s);
	} else if ((g->info.flags & XC_DOMINF_SHUTDOWN) != 0 &&
	    s->deadline != NULL) {
		end_wait(s);
		s->suspended = true;
		xu_job_resume(&s->job, NULL);
	}
}

/* A worker that died has left it in log-dirty mode; in none it is an error that does
 * not matter. */
void
save_unwatch(const struct guest *g)
{
	if (g->domid >= 0)
		xc_shadow_control(g->core->xch, (uint32_t)g->domid,
		    XC_SHADOW_OFF, 0);
}

static void
undo_suspend(void *ctx)
{
	struct saving *s = ctx;

	if (!s->suspended)
		return;
	s->suspended = false;
	go_on(s->g);
	xu_log(XU_NOTICE, "%s (domain %d) goes on where it was",
	    guest_name(s->g), s->g->domid);
}

/* ---- its device model -------------------------------------------------------------- */

static void
on_modelled(void *arg, const struct xu_err *e)
{
	struct saving *s = arg;

	xu_log_context(s->request);
	s->modelling = false;
	if (is_lost(s->g)) {
		guest_lost(s);
		return;
	}
	xu_job_resume(&s->job, s->cancelled ? &s->why : e);
}

static enum xu_step_result
step_model(void *ctx, struct xu_err *e)
{
	struct saving *s = ctx;

	if (!is_hvm(s))
		return XU_STEP_NEXT;
	if (s->state_fd < 0)
		s->state_fd = dm_state_file(e);
	if (s->state_fd < 0 || dm_save(s->core->loop, dm_qmp(s->g), s->state_fd,
		on_modelled, s, e) < 0)
		return XU_STEP_FAIL;
	s->modelling = true;
	return XU_STEP_WAIT;
}

/* What it writes to the guest's memory is to be in Xen's log. */
static enum xu_step_result
step_log(void *ctx, struct xu_err *e)
{
	struct saving *s = ctx;

	if (!s->live || !is_hvm(s))
		return XU_STEP_NEXT;
	if (dm_log_writes(s->core->loop, dm_qmp(s->g), on_modelled, s, e) < 0)
		return XU_STEP_FAIL;
	s->modelling = true;
	return XU_STEP_WAIT;
}

/* ---- the file is written ------------------------------------------------------------- */

static void
on_progress(void *arg, const char *step, int percent)
{
	struct saving *s = arg;

	if (s->progress != NULL)
		s->progress(s->arg, step, 10 + percent * 8 / 10);
}

static void
on_written(void *arg, const struct xu_val *v, const struct xu_err *e)
{
	struct saving *s = arg;

	xu_log_context(s->request);
	s->worker = NULL;
	if (e != NULL && s->live)
		save_unwatch(s->g);
	if (e == NULL && s->live)
		xu_log(XU_INFO, "%s (domain %d): %lld rounds%s, the last of %lld "
		    "pages, %lld ms after it was asked to suspend",
		    guest_name(s->g), s->g->domid,
		    (long long)xu_val_get_int(v, "rounds", 0),
		    xu_val_get_bool(v, "by_sum", false) ? " (by sums of pages)" :
								"",
		    (long long)xu_val_get_int(v, "last_pages", 0),
		    (long long)xu_val_get_int(v, "last_us", 0) / 1000);
	if (e == NULL)
		xu_log(XU_INFO, "%s (domain %d): %lld pages, %lld of them zero, "
		    "in %lld bytes", guest_name(s->g), s->g->domid,
		    (long long)xu_val_get_int(v, "pages", 0),
		    (long long)xu_val_get_int(v, "zero_pages", 0),
		    (long long)xu_val_get_int(v, "bytes", 0));
	xu_job_resume(&s->job, e);
}

/* Live: all that could be sent was. */
static void
on_suspend(void *arg)
{
	struct saving *s = arg;

	xu_log_context(s->request);
	xu_job_resume(&s->job, NULL);
}

static struct xu_val *
limits_order(const struct save_limits *l)
{
	struct xu_val *v = xu_struct();

	xu_val_set(v, "downtime_ms", xu_int(l->downtime_ms));
	xu_val_set(v, "rounds", xu_int(l->rounds));
	xu_val_set(v, "seconds", xu_int(l->seconds));
	xu_val_set(v, "bandwidth", xu_int(l->bandwidth));
	xu_val_set(v, "strict", xu_bool(l->strict));
	xu_val_set(v, "by_sum",
	    xu_bool(l->by_sum || getenv("XLD_BY_SUM") != NULL));
	return v;
}

static enum xu_step_result
start_worker(struct saving *s, struct xu_err *e)
{
	const struct worker_events ev = { .progress = on_progress,
		.suspend = on_suspend, .done = on_written, .arg = s };
	const int fds[] = { s->fd, s->state_fd };
	AUTO_VAL struct xu_val *order = xu_struct();

	xu_val_set(order, "do", xu_str("save"));
	xu_val_set(order, "request", xu_str(s->request));
	xu_val_set(order, "file", xu_str(s->file));
	xu_val_set(order, "domid", xu_int(s->g->domid));
	xu_val_set(order, "compat", xu_bool(s->compat));
	xu_val_set(order, "config", image_config(s->g));
	if (s->live)
		xu_val_set(order, "live", limits_order(&s->limits));
	s->worker = worker_image(s->core, order, fds, s->state_fd < 0 ? 1 : 2,
	    &ev, e);
	return s->worker == NULL ? XU_STEP_FAIL : XU_STEP_WAIT;
}

/* While it runs. */
static enum xu_step_result
step_send(void *ctx, struct xu_err *e)
{
	struct saving *s = ctx;

	if (!s->live)
		return XU_STEP_NEXT;
	if (is_hvm(s) && (s->state_fd = dm_state_file(e)) < 0)
		return XU_STEP_FAIL;
	return start_worker(s, e);
}

static void
undo_send(void *ctx)
{
	struct saving *s = ctx;

	if (s->worker != NULL)
		worker_kill(steal_ptr(&s->worker));
	if (s->live)
		save_unwatch(s->g);
}

static enum xu_step_result
step_write(void *ctx, struct xu_err *e)
{
	struct saving *s = ctx;
	AUTO_VAL struct xu_val *order = xu_struct();

	if (!s->live)
		return start_worker(s, e);
	return worker_go_on(s->worker, order, e) < 0 ? XU_STEP_FAIL :
						       XU_STEP_WAIT;
}

/* ---- the file gets its name ----------------------------------------------------------- */

static int
sync_folder(const char *file)
{
	AUTO_FREE char *copy = strdup(file);
	int fd = copy == NULL ? -1 :
	    open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -1 : fsync(fd);

	if (fd >= 0)
		close(fd);
	/* Some file systems have nothing to be synced. */
	return r < 0 && errno == EINVAL ? 0 : r;
}

static enum xu_step_result
step_name(void *ctx, struct xu_err *e)
{
	struct saving *s = ctx;

	close_file(s);
	if (s->after == SAVE_HAND_OVER)
		return XU_STEP_NEXT;
	s->naming = true;
	if (intent(s, e) < 0)
		return XU_STEP_FAIL;
	if (rename(s->temporary, s->file) < 0) {
		file_fail(e, s->file, errno);
		return XU_STEP_FAIL;
	}
	if (sync_folder(s->file) == 0)
		return XU_STEP_NEXT;
	/* The host could forget the name, and the guest would be gone. */
	file_fail(e, s->file, errno);
	unlink(s->file);
	return XU_STEP_FAIL;
}

static const struct xu_step steps[] = {
	{ "save-intent", step_intent, undo_intent },
	{ "save-file", step_file, undo_file },
	{ "save-log", step_log, NULL },
	{ "save-send", step_send, undo_send },
	{ "save-suspend", step_suspend, undo_suspend },
	{ "save-model", step_model, NULL },
	{ "save-write", step_write, NULL },
	{ "save-name", step_name, NULL },
	{ NULL, NULL, NULL },
};

/* ---- the driver's callbacks ------------------------------------------------------------- */

static void
on_step(struct xu_job *job)
{
	struct saving *s = job->ctx;

	xu_log_context(s->request);
	if (fault_point(steps[job->at].name, &job->err) < 0)
		return;
	if (s->progress != NULL)
		s->progress(s->arg, steps[job->at].name + strlen("save-"),
		    strcmp(steps[job->at].name, "save-name") == 0 ? 95 :
			(int)job->at * 3);
}

static void
free_saving(struct saving *s)
{
	s->g->saving = NULL;
	if (s->live)
		dm_log_no_more(s->g);
	close_file(s);
	free(s->file);
	free(s->temporary);
	free(s);
}

/* The guest goes on, paused or not; or it has come back. */
static void
gone_on(void *arg)
{
	struct saving *s = arg;
	struct guest *g = s->g;
	const struct xu_err why = s->job.err;
	vm_done_f *done = s->done;

	arg = s->arg;
	xu_log_context(s->request);
	intent_remove(g->uuid);
	free_saving(s);
	g->op = OP_NONE;
	done(arg, xu_err_is_set(&why) ? &why : NULL);
	/* What happened to it meanwhile. */
	scan_soon(g->core);
}

static void
keep_domain(struct saving *s, const struct xu_err *e)
{
	struct guest *g = s->g;

	if (e == NULL) {
		if (s->after == SAVE_PAUSE)
			xc_domain_pause(s->core->xch, (uint32_t)g->domid);
		go_on(g);
	}
	go_on_then(g, gone_on, s);
}

static void
on_done(struct xu_job *job)
{
	struct saving *s = job->ctx;
	const struct xu_err *e = xu_err_is_set(&job->err) ? &job->err : NULL;
	struct guest *g = s->g;
	vm_done_f *done = s->done;
	void *arg = s->arg;

	if (e != NULL || s->after == SAVE_GO_ON || s->after == SAVE_PAUSE) {
		keep_domain(s, e);
		return;
	}
	if (s->after == SAVE_HAND_OVER) {
		free_saving(s);
		done(arg, NULL);
		return;
	}
	/* The intent becomes that of the destruction. */
	g->suspended = s->after == SAVE_SUSPEND;
	fault_point("save-named", NULL);
	free_saving(s);
	vm_destroy(g, done, arg);
}

/* ---- begin, cancel -------------------------------------------------------------------- */

static int
names(struct saving *s, const char *file)
{
	const char *slash = strrchr(file, '/');

	s->file = strdup(file);
	/* There is no other name. */
	if (s->after == SAVE_HAND_OVER)
		return (s->temporary = strdup("")) == NULL || s->file == NULL ?
		    -1 : 0;
	if (slash == NULL || s->file == NULL ||
	    asprintf(&s->temporary, "%.*s/.xld-save-%s", (int)(slash - file),
		file, s->g->uuid) < 0)
		s->temporary = NULL;
	return s->temporary == NULL ? -1 : 0;
}

static void
begin(uv_timer_t *t)
{
	struct saving *s = t->data;

	uv_close((uv_handle_t *)t, timer_closed);
	xu_job_start(&s->job);
}

struct saving *
vm_save(struct guest *g, const struct save_order *order,
    vm_progress_f *progress, vm_done_f *done, void *arg)
{
	struct saving *s = calloc(1, sizeof(*s));
	uv_timer_t *t = calloc(1, sizeof(*t));
	struct xu_err e = XU_ERR_INIT;

	if (s != NULL)
		*s = (struct saving){ .g = g, .core = g->core,
			.fd = order->after == SAVE_HAND_OVER ? order->fd : -1,
			.state_fd = -1, .after = order->after,
			.compat = order->compat,
			.live = order->live != NULL,
			.progress = progress, .done = done, .arg = arg };
	if (s == NULL || t == NULL || names(s, order->file) < 0) {
		if (s != NULL)
			free(s->file);
		free(s);
		free(t);
		if (order->after == SAVE_HAND_OVER)
			close(order->fd);
		xu_err_set(&e, "XLD_NO_MEMORY", ENOMEM, "save '%s'",
		    guest_name(g));
		done(arg, &e);
		return NULL;
	}
	if (order->live != NULL)
		s->limits = *order->live;
	snprintf(s->request, sizeof(s->request), "%s", xu_log_context_word());
	g->op = OP_SAVE;
	g->saving = s;
	xu_job_init(&s->job, steps, s);
	s->job.on_step = on_step;
	s->job.on_done = on_done;
	/* From the loop: the caller gets the handle before the end. */
	uv_timer_init(g->core->loop, t);
	t->data = s;
	uv_timer_start(t, begin, 0, 0);
	return s;
}

int
vm_save_cancel(struct saving *s)
{
	struct xu_err e = XU_ERR_INIT;

	xu_err_set(&e, "TASK_CANCELLED", 0, "cancelled; the guest goes on");
	return vm_save_fail(s, &e);
}

int
vm_save_fail(struct saving *s, const struct xu_err *e)
{
	if (!s->job.waiting)
		return -1;
	s->cancelled = true;
	s->why = *e;
	if (s->modelling)
		return 0;
	if (s->worker != NULL)
		worker_kill(steal_ptr(&s->worker));
	if (s->live)
		save_unwatch(s->g);
	if (s->deadline != NULL) {
		end_wait(s);
		s->g->late_suspend = !store_take_back(s->g, "suspend");
	}
	xu_job_resume(&s->job, e);
	return 0;
}

bool
save_was_cut(struct guest *g, const struct xu_val *save)
{
	const char *after = xu_val_get_str(save, "after", "");
	const char *temporary = xu_val_get_str(save, "temporary", "");
	bool naming = strcmp(xu_val_get_str(save, "phase", ""), "name") == 0;

	save_unwatch(g);
	dm_log_no_more(g);
	if (!naming || access(temporary, F_OK) == 0) {
		if (temporary[0] != '\0')
			unlink(temporary);
		g->late_suspend = g->domid >= 0 &&
		    !store_take_back(g, "suspend");
		return false;
	}
	if (g->domid >= 0 && strcmp(after, after_words[SAVE_PAUSE]) == 0)
		xc_domain_pause(g->core->xch, (uint32_t)g->domid);
	g->suspended = strcmp(after, after_words[SAVE_SUSPEND]) == 0;
	return g->suspended || strcmp(after, after_words[SAVE_END]) == 0;
}
