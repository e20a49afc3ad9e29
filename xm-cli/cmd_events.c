/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happens, as it happens: events, event-monitor, wait. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd_events.h"
#include "cmd_list.h"
#include "cmds.h"
#include "errors.h"
#include "xu_num.h"

/* --- events --------------------------------------------------------------- */

void
event_line(const struct xapi_value *event, struct xu_buf *out)
{
	const struct xapi_value *s = xapi_get(event, "snapshot");
	const char *name = xapi_get_str(s, "name_label");
	const char *state = xapi_get_str(s, "power_state");

	if (state[0] == '\0')
		state = xapi_get_str(s, "status");
	xu_buf_addf(out, "%-16s %-3s %s", xapi_get_str(event, "class"),
	    xapi_get_str(event, "operation"), xapi_get_str(event, "ref"));
	if (name[0] != '\0')
		xu_buf_addf(out, " %s", name);
	if (state[0] != '\0')
		xu_buf_addf(out, " (%s)", state);
	xu_buf_addc(out, '\n');
}

static int
print_event(struct xm *xm, const struct xapi_value *event)
{
	AUTO_BUF struct xu_buf line = XU_BUF_INIT;

	if (xm->format == XM_JSON) {
		if (!xm_json_line(event, &line))
			return xm_no_memory(xm);
	} else {
		event_line(event, &line);
	}
	return xm_print(xm, &line);
}

/* A number of the option, 0 without it. A status. */
static int
limit(struct xm *xm, const char *opt, int64_t *out)
{
	const char *s = xm_opt(xm, opt);

	*out = 0;
	if (s != NULL && !xu_num_i64(s, 1, INT32_MAX / 1000, out))
		return xm_usage(xm, "'%s' is no number from 1 to %d.", s,
		    INT32_MAX / 1000);
	return 0;
}

/* The next ones, NULL with *status: 0 when the time is over. */
static struct xapi_value *
next_events(struct xm *xm, long long until, int *status)
{
	struct xapi_value *v;
	struct xapi_err e;
	long long left;

	for (;;) {
		left = until == 0 ? 0 : until - xm_now_ms();
		*status = 0;
		if (until != 0 && left <= 0)
			return NULL;
		v = xapi_event_next(xm->api, (unsigned)left, &e);
		if (v != NULL)
			return v;
		if (strcmp(e.code, XE(EVENTS_LOST)) == 0) {
			fprintf(stderr, "Some events are lost: there were too "
					"many at a time.\n");
			continue;
		}
		if (strcmp(e.code, XE(XLD_TIMEOUT)) != 0)
			*status = xm_fail(xm, &e);
		return NULL;
	}
}

static int
follow(struct xm *xm, long long until, int64_t count)
{
	struct xapi_value *v;
	int status = 0;
	int64_t n = 0;

	while (status == 0 && (count == 0 || n < count) &&
	    (v = next_events(xm, until, &status)) != NULL) {
		for (size_t i = 0; i < xapi_count(v) && status == 0 &&
		     (count == 0 || n < count); i++, n++)
			status = print_event(xm, xapi_at(v, i));
		xapi_free(v);
		/* Whoever reads them wants them now, and may have gone. */
		if (fflush(stdout) != 0)
			return XM_FAILED;
	}
	return status;
}

static int
run_events(struct xm *xm)
{
	AUTO_BUF struct xu_buf classes = XU_BUF_INIT;
	struct xapi_err e;
	int64_t seconds, count;
	int status = limit(xm, "timeout", &seconds);

	if (status == 0)
		status = limit(xm, "count", &count);
	if (status == 0)
		status = xm_connect(xm);
	if (status != 0)
		return status;
	for (int i = 0; i < xm->argc; i++)
		xu_buf_addf(&classes, "%s%s", i > 0 ? " " : "", xm->argv[i]);
	if (xapi_event_register(xm->api, xu_buf_text(&classes), &e) < 0)
		return xm_fail(xm, &e);
	xapi_set_timeout(xm->api, 0);
	return follow(xm, seconds == 0 ? 0 : xm_now_ms() + seconds * 1000,
	    count);
}

/* --- wait ----------------------------------------------------------------- */

struct wish {
	/* One of list_state_word's; NULL: that there is no such domain. */
	const char *state;
	const char *domain;
	long long until;
};

static int
parse_wish(struct xm *xm, struct wish *w)
{
	static const char *const states[] = { "halted", "paused", "running",
		"suspended", "shutdown", "crashed" };
	const char *s = xm_opt(xm, "for");

	if (s == NULL)
		s = "state=halted";
	if (strcmp(s, "gone") == 0)
		return 0;
	if (strncmp(s, "state=", 6) == 0)
		s += 6;
	for (size_t i = 0; i < XU_ARRAY_SIZE(states); i++)
		if (strcmp(states[i], s) == 0)
			w->state = states[i];
	return w->state != NULL ? 0 : xm_usage(xm,
	    "'%s' is nothing to wait for; there are halted, paused, running, "
	    "suspended, shutdown, crashed and gone.", s);
}

#define NOT_YET -1

/* Is it so? A status, or NOT_YET. */
static int
look(struct xm *xm, const struct wish *w)
{
	const struct xapi_vm *vm;
	struct xapi_vm_list *l;
	struct xapi_err e;
	int status = NOT_YET;

	l = xapi_vm_list(xm->api, &e);
	if (l == NULL)
		return xm_fail(xm, &e);
	vm = list_pick(l, w->domain);
	if (vm == NULL)
		/* A machine that is not kept goes when it halts. */
		status = w->state == NULL || strcmp(w->state, "halted") == 0 ?
		    0 : xm_no_domain(xm, xm->argv[0]);
	else if (w->state != NULL &&
	    strcmp(list_state_word(vm), w->state) == 0)
		status = 0;
	xapi_vm_list_free(l);
	return status;
}

static int
too_long(struct xm *xm, const struct wish *w)
{
	return xm_error(xm, XE(XLD_TIMEOUT), XM_TIMEOUT,
	    "Domain '%s' is not %s in time. See xm list.", xm->argv[0],
	    w->state != NULL ? w->state : "gone");
}

static int
run_wait(struct xm *xm)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	struct wish w = { .domain = xm->argv[0] };
	struct xapi_value *events;
	struct xapi_err e;
	int64_t seconds;
	int status = limit(xm, "timeout", &seconds), now;

	if (status == 0)
		status = parse_wish(xm, &w);
	/* It may be gone already, but it must be known what to wait for. */
	if (status == 0)
		status = xm_find(xm, w.domain, &d);
	if (status != 0)
		return status;
	if (seconds != 0)
		w.until = xm_now_ms() + seconds * 1000;
	w.domain = d.uuid;
	if (xapi_event_register(xm->api, "VM", &e) < 0)
		return xm_fail(xm, &e);
	while ((now = look(xm, &w)) == NOT_YET) {
		events = next_events(xm, w.until, &status);
		if (events == NULL)
			return status != 0 ? status : too_long(xm, &w);
		xapi_free(events);
	}
	if (now != 0 || xm->format != XM_JSON)
		return now;
	return xm_json(xm, xm_dom_json(&d));
}

/* --- rows ----------------------------------------------------------------- */

static const struct xm_opt events_opts[] = {
	{ 't', "timeout", "SECONDS", "End after so long." },
	{ 'n', "count", "COUNT", "End after so many." },
	{ .name = NULL },
};

const struct xm_cmd cmd_events = {
	.name = "events",
	.operands = "[CLASS]...",
	.summary = "Print what happens, a line for each event.",
	.detail = "Classes are the API's: VM, VBD, VIF, task, cpu_pool and so "
		  "on; all without one. A line has the class, add, mod or del, "
		  "the object's reference, and its name and state; with "
		  "--format=json it is the event itself. Interrupt it to end "
		  "it.",
	.opts = events_opts,
	.min = 0,
	.max = -1,
	.run = run_events,
};

const struct xm_cmd cmd_event_monitor = {
	.name = "event-monitor",
	.operands = "",
	.summary = "The same as events.",
	.detail = "",
	.opts = events_opts,
	.min = 0,
	.max = 0,
	.run = run_events,
};

static const struct xm_opt wait_opts[] = {
	{ 0, "for", "STATE",
	    "halted (when it is not given), paused, running, suspended, "
	    "shutdown, crashed or gone." },
	{ 't', "timeout", "SECONDS", "Give up after so long, with status 6." },
	{ .name = NULL },
};

const struct xm_cmd cmd_wait = {
	.name = "wait",
	.operands = "DOMAIN",
	.summary = "Wait until a domain is in a state.",
	.detail = "A guest that is not kept is gone when it halts, which is as "
		  "good. state=running may be written for running.",
	.opts = wait_opts,
	.min = 1,
	.max = 1,
	.completes = XM_DOMAIN,
	.run = run_wait,
};
