/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The session with the daemon, domains by what the user calls them, and long
 * calls: progress on a terminal, cancelled on a signal.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "errors.h"
#include "far.h"

int
xm_connect(struct xm *xm)
{
	return xm->api != NULL ? 0 : far_connect(xm, far_word(xm));
}

void
xm_dom_fini(struct xm_dom *d)
{
	free(d->ref);
	xapi_free(d->record);
	memset(d, 0, sizeof(*d));
}

int
xm_dom_read(
    struct xm *xm, const char *ref, struct xm_dom *d, struct xapi_err *e)
{
	struct xapi_value *record;

	record = xapi_call(xm->api, e, "VM.get_record", "s", ref);
	if (record == NULL)
		return -1;
	xapi_free(d->record);
	d->record = record;
	d->name = xapi_get_str(record, "name_label");
	d->uuid = xapi_get_str(record, "uuid");
	d->power_state = xapi_get_str(record, "power_state");
	d->domid = xapi_get(record, "domid") == NULL
	    ? -1
	    : xapi_get_int(record, "domid");
	return 0;
}

int
xm_find(struct xm *xm, const char *what, struct xm_dom *d)
{
	struct xapi_err e;
	int status = xm_connect(xm);

	memset(d, 0, sizeof(*d));
	if (status != 0)
		return status;
	d->ref = xapi_vm_find(xm->api, what, &e);
	if (d->ref != NULL && xm_dom_read(xm, d->ref, d, &e) == 0)
		return 0;
	return xm_fail_domain(xm, what, &e);
}

struct xapi_value *
xm_dom_json(const struct xm_dom *d)
{
	struct xapi_value *v = xapi_new_struct();

	xapi_set(v, "name", xapi_new_str(d->name));
	xapi_set(v, "uuid", xapi_new_str(d->uuid));
	xapi_set(v, "domid", xapi_new_int(d->domid));
	return v;
}

char *
xm_host(struct xm *xm, struct xapi_err *e)
{
	struct xapi_value *all = xapi_call(xm->api, e, "host.get_all", "");
	char *ref = NULL;

	if (all == NULL)
		return NULL;
	ref = strdup(xapi_str(xapi_at(all, 0)));
	xapi_free(all);
	return ref;
}

/* --- signals -------------------------------------------------------------- */

static volatile sig_atomic_t signalled;

/*
 * The library's wait ends when a signal interrupts it. One that came just
 * before it began would be lost, hence the alarm, which comes again until it is
 * heard.
 */
static void
on_signal(int sig)
{
	if (sig != SIGALRM)
		signalled = sig;
	alarm(1);
}

bool
xm_signal_ignored(int sig)
{
	struct sigaction sa;

	return sigaction(sig, NULL, &sa) == 0 && sa.sa_handler == SIG_IGN;
}

void
xm_catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGALRM };
	struct sigaction sa = { .sa_handler = on_signal };

	sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < XU_ARRAY_SIZE(signals); i++)
		if (!xm_signal_ignored(signals[i]))
			sigaction(signals[i], &sa, NULL);
}

int
xm_signalled(void)
{
	return signalled;
}

/* --- tasks ---------------------------------------------------------------- */

char *
xm_task_start(struct xm *xm, struct xapi_err *e, const char *method,
    struct xapi_value *args)
{
	struct xapi_value *v;
	char name[128], *task;

	snprintf(name, sizeof(name), "Async.%s", method);
	v = xapi_callv(xm->api, e, name, args);
	if (v == NULL)
		return NULL;
	task = strdup(xapi_str(v));
	xapi_free(v);
	return task;
}

struct progress {
	const char *label;
	bool shown;
};

static void
show_progress(void *arg, double done, const char *step)
{
	struct progress *p = arg;

	fprintf(stderr, "\r\033[K%s: %3.0f %%%s%s", p->label, done * 100,
	    *step != '\0' ? "  " : "", step);
	fflush(stderr);
	p->shown = true;
}

static void
clear_progress(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}

struct xapi_value *
xm_task_result(struct xm *xm, struct xapi_err *e, const char *task,
    const char *label)
{
	struct progress p = { .label = isatty(STDERR_FILENO) ? label : NULL };
	struct xapi_value *result = NULL;
	bool asked = false;

	for (;;) {
		result = p.label == NULL ?
		    xapi_task_join(xm->api, e, task) :
		    xapi_task_wait(xm->api, e, task, show_progress, &p);
		if (result != NULL || asked || signalled == 0 ||
		    strcmp(e->code, XE(XLD_INTERRUPTED)) != 0)
			break;
		alarm(0);
		asked = true;
		xapi_do(xm->api, NULL, "task.cancel", "s", task);
	}
	alarm(0);
	clear_progress(&p);
	if (p.label != NULL && (result != NULL ||
	    strcmp(e->code, XE(XLD_INTERRUPTED)) != 0))
		xapi_do(xm->api, NULL, "task.destroy", "s", task);
	if (result == NULL && asked)
		e->exit_code = 128 + signalled;
	return result;
}

int
xm_task_wait(struct xm *xm, struct xapi_err *e, const char *task,
    const char *label)
{
	struct xapi_value *result = xm_task_result(xm, e, task, label);

	xapi_free(result);
	return result == NULL ? -1 : 0;
}

int
xm_full_path(struct xm *xm, const char *file, char **path)
{
	const char *word = far_word(xm);
	AUTO_FREE char *cwd = getcwd(NULL, 0);

	*path = NULL;
	if (file[0] == '/') {
		*path = strdup(file);
		return *path != NULL ? 0 : xm_no_memory(xm);
	}
	if (far_is_other(word))
		return xm_error(xm, "XLD_USAGE", XM_USAGE,
		    "'%s' is a file of %s: say its full path there", file, word);
	if (cwd != NULL && asprintf(path, "%s/%s", cwd, file) >= 0)
		return 0;
	*path = NULL;
	return xm_no_memory(xm);
}

long long
xm_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (long long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* 1: it is under way; 0: done; -1 with *e: failed, or could not be asked. */
static int
task_state(struct xm *xm, struct xapi_err *e, const char *task)
{
	struct xapi_value *r, *result;
	const char *status;
	int state = 1;

	r = xapi_call(xm->api, e, "task.get_record", "s", task);
	if (r == NULL)
		return -1;
	status = xapi_get_str(r, "status");
	if (strcasecmp(status, "pending") != 0 &&
	    strcasecmp(status, "cancelling") != 0) {
		/* It has ended: the library knows how to read how. */
		result = xapi_task_wait(xm->api, e, task, NULL, NULL);
		state = result != NULL ? 0 : -1;
		xapi_free(result);
	}
	xapi_free(r);
	return state;
}

int
xm_task_settle(
    struct xm *xm, struct xapi_err *e, const char *task, long long until)
{
	long long left;
	struct xapi_value *events;
	struct xapi_err ignored;
	int state;

	for (;;) {
		/* A wait that was cut short took the connection and what was
		 * registered with it. */
		if (xapi_event_register(xm->api, "task", e) < 0)
			return -1;
		state = task_state(xm, e, task);
		if (state <= 0)
			return state;
		left = until - xm_now_ms();
		if (left <= 0)
			return 0;
		/* An error here shows in the next look at the task. */
		events = xapi_event_next(xm->api, (unsigned)left, &ignored);
		xapi_free(events);
	}
}
