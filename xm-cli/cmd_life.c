/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of a domain: pause, unpause, destroy, shutdown, reboot. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmds.h"
#include "errors.h"
#include "xu_num.h"

/* How long a request may take to be refused before it counts as sent. */
#define REFUSAL_MS 1000

/* xm gives nothing for these; JSON says which domain it was. */
static int
done(struct xm *xm, const struct xm_dom *d)
{
	return xm->format == XM_JSON ? xm_json(xm, xm_dom_json(d)) : 0;
}

/* Calls METHOD(vm). It is no error when the domain is in state `already`. */
static int
simple(struct xm *xm, const char *method, const char *already)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	struct xapi_err e;
	int status = xm_find(xm, xm->argv[0], &d);

	if (status != 0)
		return status;
	if (xapi_do(xm->api, &e, method, "s", d.ref) == 0)
		return done(xm, &d);
	if (strcmp(e.code, XE(VM_BAD_POWER_STATE)) == 0 && e.nparams > 2 &&
	    strcasecmp(e.params[2], already) == 0)
		return done(xm, &d);
	return xm_fail_domain(xm, xm->argv[0], &e);
}

static int
run_pause(struct xm *xm)
{
	return simple(xm, "VM.pause", "Paused");
}

static int
run_unpause(struct xm *xm)
{
	return simple(xm, "VM.unpause", "Running");
}

static char *
begin(struct xm *xm, struct xapi_err *e, const char *method, const char *ref)
{
	struct xapi_value *args = xapi_new_array();

	xapi_add(args, xapi_new_str(ref));
	return xm_task_start(xm, e, method, args);
}

/* A large guest takes a while to give its memory back: a task. */
static int
run_destroy(struct xm *xm)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	AUTO_FREE char *task = NULL;
	struct xapi_err e;
	int status = xm_find(xm, xm->argv[0], &d);

	if (status != 0)
		return status;
	task = begin(xm, &e, "VM.hard_shutdown", d.ref);
	if (task == NULL || xm_task_wait(xm, &e, task, NULL) < 0)
		return xm_fail_domain(xm, xm->argv[0], &e);
	return done(xm, &d);
}

/* --- shutdown and reboot -------------------------------------------------- */

struct request {
	const char *method;
	/* What xm says of each, and of all. */
	const char *ended;
	bool wait;
};

/* One domain on its way down. */
struct victim {
	struct xm_dom dom;
	char *task;
};

static int
send_request(struct xm *xm, const struct request *r, struct victim *v)
{
	struct xapi_err e;

	v->task = begin(xm, &e, r->method, v->dom.ref);
	return v->task == NULL ? xm_fail_domain(xm, v->dom.name, &e) : 0;
}

/* until: of xm_now_ms, how long a refusal is waited for. */
static int
await_end(struct xm *xm, const struct request *r, const struct victim *v,
    long long until)
{
	struct xapi_err e;

	if (r->wait ? xm_task_wait(xm, &e, v->task, NULL) < 0
		    : xm_task_settle(xm, &e, v->task, until) < 0)
		return xm_fail_domain(xm, v->dom.name, &e);
	if (r->wait && xm->format == XM_TEXT)
		printf("Domain %s %s\n", v->dom.name, r->ended);
	fflush(stdout);
	return 0;
}

/* All are asked before the first is waited for. The last error counts. */
static int
bring_down(
    struct xm *xm, const struct request *r, struct victim *v, size_t n)
{
	struct xapi_value *list = xapi_new_array();
	long long until;
	int status = 0, one;

	for (size_t i = 0; i < n; i++) {
		one = send_request(xm, r, &v[i]);
		status = one != 0 ? one : status;
	}
	until = xm_now_ms() + REFUSAL_MS;
	if (r->wait)
		xm_catch_signals();
	for (size_t i = 0; i < n && xm_signalled() == 0; i++) {
		if (v[i].task == NULL)
			continue;
		one = await_end(xm, r, &v[i], until);
		if (one == 0)
			xapi_add(list, xm_dom_json(&v[i].dom));
		else
			status = one;
	}
	if (xm->format == XM_JSON) {
		one = xm_json(xm, list);
		return status != 0 ? status : one;
	}
	xapi_free(list);
	if (r->wait && status == 0)
		printf("All domains %s\n", r->ended);
	return status;
}

/* Every running domain but the control domain. Their number, or -1 with *e. */
static int
find_all(struct xm *xm, struct xapi_err *e, struct victim **out)
{
	struct xapi_vm_list *l = xapi_vm_list(xm->api, e);
	int n = 0;

	if (l == NULL)
		return -1;
	*out = calloc(l->count + 1, sizeof(**out));
	for (size_t i = 0; *out != NULL && i < l->count; i++) {
		if (l->vms[i].domid < 0 || l->vms[i].is_control_domain)
			continue;
		(*out)[n].dom.ref = strdup(l->vms[i].ref);
		/* One that has gone meanwhile is none. */
		if ((*out)[n].dom.ref != NULL &&
		    xm_dom_read(xm, l->vms[i].ref, &(*out)[n].dom, e) == 0)
			n++;
		else
			free(steal_ptr(&(*out)[n].dom.ref));
	}
	xapi_vm_list_free(l);
	return n;
}

static int
take_down(struct xm *xm, const struct request *r)
{
	struct victim *v = NULL;
	struct xapi_err e;
	int n, status;

	if ((xm_opt(xm, "all") != NULL) != (xm->argc == 0))
		return xm_usage(xm, xm->argc == 0
			? "'xm %s' requires a domain, or -a for all."
			: "'xm %s' takes a domain or -a, not both.",
		    xm->cmd->name);
	status = xm_connect(xm);
	if (status != 0)
		return status;
	if (xm->argc == 0) {
		n = find_all(xm, &e, &v);
		if (n < 0)
			return xm_fail(xm, &e);
	} else {
		v = calloc((size_t)xm->argc, sizeof(*v));
		for (n = 0; v != NULL && n < xm->argc && status == 0; n++)
			status = xm_find(xm, xm->argv[n], &v[n].dom);
	}
	if (v == NULL)
		return xm_no_memory(xm);
	if (status == 0)
		status = bring_down(xm, r, v, (size_t)n);
	for (int i = 0; i < n; i++) {
		xm_dom_fini(&v[i].dom);
		free(v[i].task);
	}
	free(v);
	return status;
}

static int
run_shutdown(struct xm *xm)
{
	bool reboot = xm_opt(xm, "reboot") != NULL;
	bool halt = xm_opt(xm, "halt") != NULL;
	struct request r = {
		.method = reboot ? "VM.clean_reboot"
		    : halt	 ? "VM.clean_halt"
				 : "VM.clean_shutdown",
		.ended = reboot ? "rebooted" : "terminated",
		.wait = xm_opt(xm, "wait") != NULL,
	};

	if (reboot && halt)
		return xm_usage(xm, "-R and -H exclude each other");
	return take_down(xm, &r);
}

static int
run_reboot(struct xm *xm)
{
	struct request r = {
		.method = "VM.clean_reboot",
		.ended = "rebooted",
		.wait = xm_opt(xm, "wait") != NULL,
	};

	return take_down(xm, &r);
}

/* At once: the guest is not asked. */
static int
run_reset(struct xm *xm)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	struct xapi_err e;
	int status = xm_find(xm, xm->argv[0], &d);

	if (status != 0)
		return status;
	if (xm_task_run(xm, &e, "VM.hard_reboot", xapi_new_str(d.ref),
		NULL) < 0 || xm_dom_read(xm, d.ref, &d, &e) < 0)
		return xm_fail_domain(xm, xm->argv[0], &e);
	return done(xm, &d);
}

/* --- kept machines, and the host's end ------------------------------------- */

static int
run_delete(struct xm *xm)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	struct xapi_err e;
	int status = xm_find(xm, xm->argv[0], &d);

	if (status != 0)
		return status;
	if (xapi_do(xm->api, &e, "VM.destroy", "s", d.ref) < 0)
		return xm_fail_domain(xm, xm->argv[0], &e);
	return done(xm, &d);
}

static int
run_stop_guests(struct xm *xm)
{
	const char *limit = xm_opt(xm, "timeout");
	AUTO_FREE char *host = NULL;
	struct xapi_err e;
	int64_t seconds = 0;
	int status;

	if (limit != NULL && !xu_num_i64(limit, 1, 86400, &seconds))
		return xm_usage(xm, "'%s' is no number of seconds from 1 to "
				    "86400.", limit);
	status = xm_connect(xm);
	if (status != 0)
		return status;
	host = xm_host(xm, &e);
	if (host == NULL ||
	    xm_task_run(xm, &e, "host.stop_guests", xapi_new_str(host),
		xapi_new_int(seconds)) < 0)
		return xm_fail(xm, &e);
	return 0;
}

/* --- memory --------------------------------------------------------------- */

/* The domain of operand 0, and operand 1 in bytes. A status. */
static int
domain_and_memory(struct xm *xm, struct xm_dom *d, long long *bytes)
{
	const char *text = xm->argv[1];
	size_t n = strlen(text);
	uint64_t kib;

	/* xl's t is 1024 g. */
	if (xm->xl && n > 1 && (text[n - 1] == 't' || text[n - 1] == 'T') &&
	    strspn(text, "0123456789") == n - 1 && n < 8)
		kib = strtoull(text, NULL, 10) << 30;
	else if (!xu_num_kib(text, 'm', &kib) || kib > INT64_MAX / 1024)
		return xm_usage(xm, "'%s' is no amount of memory: MiB, or a "
				    "number with k, m or g.", xm->argv[1]);
	*bytes = (long long)kib * 1024;
	return xm_find(xm, xm->argv[0], d);
}

static int
run_mem_set(struct xm *xm)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	struct xapi_err e;
	long long bytes;
	int status = domain_and_memory(xm, &d, &bytes);

	if (status != 0)
		return status;
	if (xapi_do(xm->api, &e, "VM.set_memory_dynamic_max_live", "si", d.ref,
		bytes) < 0)
		return xm_fail_domain(xm, xm->argv[0], &e);
	return done(xm, &d);
}

static long long
at_most(const struct xapi_value *record, const char *field, long long max)
{
	long long have = xapi_get_int(record, field);

	return have < max ? have : max;
}

/* What it begins with, and the least it has, are never more than that. */
static int
run_mem_max(struct xm *xm)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	struct xapi_err e;
	long long max;
	int status = domain_and_memory(xm, &d, &max);

	if (status != 0)
		return status;
	if (xapi_do(xm->api, &e, "VM.set_memory_limits", "siiii", d.ref,
		at_most(d.record, "memory_static_min", max), max,
		at_most(d.record, "memory_dynamic_min", max),
		at_most(d.record, "memory_dynamic_max", max)) < 0)
		return xm_fail_domain(xm, xm->argv[0], &e);
	return done(xm, &d);
}

/* --- rows ----------------------------------------------------------------- */

const struct xm_cmd cmd_pause = {
	.name = "pause",
	.operands = "DOMAIN",
	.summary = "Pause a domain: it stops where it is.",
	.detail = "",
	.min = 1,
	.max = 1,
	.completes = XM_DOMAIN,
	.common = true,
	.run = run_pause,
};

const struct xm_cmd cmd_unpause = {
	.name = "unpause",
	.operands = "DOMAIN",
	.summary = "Let a paused domain go on.",
	.detail = "",
	.min = 1,
	.max = 1,
	.completes = XM_DOMAIN,
	.common = true,
	.run = run_unpause,
};

const struct xm_cmd cmd_destroy = {
	.name = "destroy",
	.operands = "DOMAIN",
	.summary = "End a domain at once, as if its power was cut.",
	.detail = "The guest is not asked and may lose data; 'xm shutdown' "
		  "asks it.",
	.min = 1,
	.max = 1,
	.completes = XM_DOMAIN,
	.common = true,
	.run = run_destroy,
};

static const struct xm_opt shutdown_opts[] = {
	{ 'a', "all", NULL, "All domains but Domain-0." },
	{ 'w', "wait", NULL, "Wait until they are down." },
	{ 'H', "halt", NULL, "Ask to halt instead of to power off." },
	{ 'R', "reboot", NULL, "Ask to reboot." },
	{ .name = NULL },
};

const struct xm_cmd cmd_shutdown = {
	.name = "shutdown",
	.operands = "DOMAIN...",
	.summary = "Ask domains to shut down.",
	.detail = "The guest powers itself off when it has been told; what "
		  "happens then is its on_poweroff. An HVM guest without PV "
		  "drivers has its power button pressed. Without -w the "
		  "command ends when the request is sent.",
	.opts = shutdown_opts,
	.min = 0,
	.max = -1,
	.completes = XM_DOMAIN,
	.common = true,
	.run = run_shutdown,
};

static const struct xm_opt reboot_opts[] = {
	{ 'a', "all", NULL, "All domains but Domain-0." },
	{ 'w', "wait", NULL, "Wait until they are up again." },
	{ .name = NULL },
};

const struct xm_cmd cmd_reboot = {
	.name = "reboot",
	.operands = "DOMAIN...",
	.summary = "Ask domains to reboot.",
	.detail = "What happens when a guest reboots is its on_reboot. An HVM "
		  "guest without PV drivers is reset.",
	.opts = reboot_opts,
	.min = 0,
	.max = -1,
	.completes = XM_DOMAIN,
	.common = true,
	.run = run_reboot,
};

const struct xm_cmd cmd_reset = {
	.name = "reset",
	.operands = "DOMAIN",
	.summary = "End a domain at once and start it anew.",
	.detail = "As if its reset button was pressed: the guest is not asked "
		  "and may lose data; 'xm reboot' asks it.",
	.min = 1,
	.max = 1,
	.completes = XM_DOMAIN,
	.common = true,
	.run = run_reset,
};

const struct xm_cmd cmd_delete = {
	.name = "delete",
	.operands = "DOMAIN",
	.summary = "Forget a guest that is kept (xm new) and does not run.",
	.detail = "Its disks stay as they are.",
	.min = 1,
	.max = 1,
	.completes = XM_DOMAIN,
	.run = run_delete,
};

static const struct xm_opt stop_opts[] = {
	{ 't', "timeout", "SECONDS",
	    "How long each guest may take; 300 when it is not given." },
	{ .name = NULL },
};

const struct xm_cmd cmd_stop_guests = {
	.name = "stop-guests",
	.operands = "",
	.summary = "End all guests in their order, as the host does when it "
		   "stops.",
	.detail = "Guests of the highest start_order come first. Each is asked "
		  "to shut down, destroyed or left alone as its on_xend_stop "
		  "says; one that does not end in time is destroyed. None is "
		  "started meanwhile, nor afterwards until xld is restarted.",
	.opts = stop_opts,
	.min = 0,
	.max = 0,
	.run = run_stop_guests,
};

const struct xm_cmd cmd_mem_max = {
	.name = "mem-max",
	.operands = "DOMAIN MEMORY",
	.summary = "Change the most memory that a domain may have.",
	.detail = "MEMORY is as for mem-set. The domain is one that is kept and "
		  "does not run ('xm new'): what a running one may have was "
		  "told to its kernel when it began. One that had more memory "
		  "begins with as much.",
	.min = 2,
	.max = 2,
	.completes = XM_DOMAIN,
	.run = run_mem_max,
};

const struct xm_cmd cmd_mem_set = {
	.name = "mem-set",
	.operands = "DOMAIN MEMORY",
	.summary = "Change how much memory a running domain has.",
	.detail = "MEMORY is MiB, or a number with k, m or g; at most the "
		  "guest's maxmem. Its balloon driver gives back or takes "
		  "memory as it gets round to it; a guest without one stays as "
		  "it is. Domain-0 keeps 192 MiB at least. A guest that is "
		  "kept has as much when it starts again.",
	.min = 2,
	.max = 2,
	.completes = XM_DOMAIN,
	.run = run_mem_set,
};
