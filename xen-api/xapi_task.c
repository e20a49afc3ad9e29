/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Events, and waiting for tasks: one blocked call, no polling. Who wants to hear of
 * progress waits with events. The order matters: register first, then look at the
 * task, so that its end cannot fall between the two.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "xapi_private.h"

static int
events(struct xapi *x, const char *method, const char *classes,
    struct xapi_err *e)
{
	struct xu_val *set = xu_array();
	const char *p = classes == NULL ? "" : classes;
	size_t n;

	while (*(p += strspn(p, " ")) != '\0') {
		n = strcspn(p, " ");
		xu_val_add(set, xu_strn(p, n));
		p += n;
	}
	return xapi_do(x, e, method, "v", xapi_wrap(set));
}

int
xapi_event_register(struct xapi *x, const char *classes, struct xapi_err *e)
{
	return events(x, "event.register", classes, e);
}

int
xapi_event_unregister(struct xapi *x, const char *classes, struct xapi_err *e)
{
	return events(x, "event.unregister", classes, e);
}

struct xapi_value *
xapi_event_next(struct xapi *x, unsigned timeout, struct xapi_err *e)
{
	struct xu_val *args = xu_array();

	xu_val_add(args, xu_str(xapi_session(x)));
	return xapi_wrap(xapi_call_wait(x, e, "event.next", args, timeout,
	    XAPI_WAIT_EVENT));
}

/* How far a task is. */
enum at {
	AT_PENDING,
	AT_SUCCESS,
	AT_FAILURE,
};

struct waiter {
	struct xapi *x;
	struct xapi_err *e;
	const char *task;
	xapi_progress_f *progress;
	void *arg;
	struct xapi_value *result;
};

static const char *
step_of(const struct xapi_value *record)
{
	return xapi_get_str(xapi_get(record, "other_config"), "step");
}

/* Reads a task record; a failure fills w->e. */
static enum at
look(struct waiter *w, const struct xapi_value *record)
{
	const char *status = xapi_get_str(record, "status");
	const struct xu_val *info;

	if (strcasecmp(status, "pending") == 0 ||
	    strcasecmp(status, "cancelling") == 0) {
		/* The classic dialect counts to 100. */
		if (w->progress != NULL)
			w->progress(w->arg,
			    xapi_get_float(record, "progress") / 100,
			    step_of(record));
		return AT_PENDING;
	}
	if (strcasecmp(status, "success") == 0) {
		w->result = xapi_new_str(xapi_get_str(record, "result"));
		if (w->result != NULL)
			return AT_SUCCESS;
		xapi_fail(w->e, "XLD_NO_MEMORY", ENOMEM, "out of memory");
		return AT_FAILURE;
	}
	info = xapi_peek(xapi_get(record, "error_info"));
	if (xu_val_count(info) != 0)
		xapi_fail_server(w->e, info,
		    xapi_get_str(
			xapi_get(record, "other_config"), "error_message"));
	else
		xapi_fail(w->e, "TASK_CANCELLED", ECANCELED,
		    "the operation was cancelled");
	return AT_FAILURE;
}

/* Takes record; NULL: w->e says why there is none. */
static enum at
judge(struct waiter *w, struct xapi_value *record)
{
	enum at at = record == NULL ? AT_FAILURE : look(w, record);

	xapi_free(record);
	return at;
}

static enum at
ask(struct waiter *w)
{
	return judge(w,
	    xapi_call(w->x, w->e, "task.get_record", "s", w->task));
}

/* True when the events speak of our task; *record is its newest snapshot, NULL
 * when they carry none. */
static bool
mentions(const struct xapi_value *list, const char *task,
    const struct xapi_value **record)
{
	const struct xapi_value *ev;
	bool found = false;

	*record = NULL;
	for (size_t i = 0; i < xapi_count(list); i++) {
		ev = xapi_at(list, i);
		if (strcasecmp(xapi_get_str(ev, "class"), "task") != 0 ||
		    strcmp(xapi_get_str(ev, "ref"), task) != 0)
			continue;
		found = true;
		*record = xapi_get(ev, "snapshot");
		if (xapi_count(*record) == 0)
			*record = NULL;
	}
	return found;
}

static enum at
wait_once(struct waiter *w)
{
	const struct xapi_value *record;
	struct xapi_value *list;
	struct xapi_err own;
	enum at at = AT_PENDING;

	memset(&own, 0, sizeof(own));
	list = xapi_event_next(w->x, 0, &own);
	if (list == NULL && strcmp(own.code, "EVENTS_LOST") == 0)
		return ask(w);
	if (list == NULL) {
		if (w->e != NULL)
			*w->e = own;
		errno = own.errnum;
		return AT_FAILURE;
	}
	if (mentions(list, w->task, &record))
		at = record == NULL ? ask(w) : look(w, record);
	xapi_free(list);
	return at;
}

static struct xapi_value *
wait_registered(struct waiter *w)
{
	enum at at = ask(w);

	while (at == AT_PENDING)
		at = wait_once(w);
	return w->result;
}

struct xapi_value *
xapi_task_wait(struct xapi *x, struct xapi_err *e, const char *task,
    xapi_progress_f *progress, void *arg)
{
	struct xapi_err own;
	struct waiter w = { .x = x,
		.e = e == NULL ? &own : e,
		.task = task,
		.progress = progress,
		.arg = arg };

	memset(w.e, 0, sizeof(*w.e));
	if (xapi_event_register(x, "task", w.e) < 0)
		return NULL;
	return wait_registered(&w);
}

struct xapi_value *
xapi_task_join(struct xapi *x, struct xapi_err *e, const char *task)
{
	struct xapi_err own;
	struct waiter w = { .x = x, .e = e == NULL ? &own : e, .task = task };
	struct xu_val *args = xu_array();

	xu_val_add(args, xu_str(xapi_session(x)));
	xu_val_add(args, xu_str(task));
	judge(&w, xapi_wrap(xapi_call_wait(x, w.e, "task.join", args, 0,
	    XAPI_WAIT_EVENT)));
	return w.result;
}

struct xapi_value *
xapi_run(struct xapi *x, struct xapi_err *e, xapi_progress_f *progress,
    void *arg, const char *method, const char *fmt, ...)
{
	struct xapi_value *task, *result;
	struct xapi_err own;
	struct xu_val *args;
	char name[128];
	va_list ap;

	va_start(ap, fmt);
	args = xapi_vargs(fmt, ap, e);
	va_end(ap);
	if (args == NULL)
		return NULL;
	if (e == NULL)
		e = &own;
	memset(e, 0, sizeof(*e));
	if ((size_t)snprintf(name, sizeof(name), "Async.%s", method) >=
	    sizeof(name)) {
		xu_val_free(args);
		xapi_fail(e, "XLD_USAGE", EINVAL, "no such method");
		return NULL;
	}
	task = xapi_callv(x, e, name, xapi_wrap(args));
	if (task == NULL)
		return NULL;
	result = progress == NULL ?
	    xapi_task_join(x, e, xapi_str(task)) :
	    xapi_task_wait(x, e, xapi_str(task), progress, arg);
	/* The handle may be broken by now; what counts is e. */
	if (result == NULL && strcmp(e->code, "XLD_INTERRUPTED") == 0)
		xapi_do(x, NULL, "task.cancel", "s", xapi_str(task));
	else if (progress != NULL)
		xapi_do(x, NULL, "task.destroy", "s", xapi_str(task));
	xapi_free(task);
	if (result == NULL)
		errno = e->errnum;
	return result;
}
