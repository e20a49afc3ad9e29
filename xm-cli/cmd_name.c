/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names, ids and ages: domid, domname, domstate, rename, uptime. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "cmd_list.h"
#include "cmd_name.h"
#include "cmds.h"
#include "errors.h"
#include "table.h"

static int
run_domid(struct xm *xm)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	int status = xm_find(xm, xm->argv[0], &d);

	if (status != 0)
		return status;
	if (xm->format == XM_JSON)
		return xm_json(xm, xm_dom_json(&d));
	if (d.domid < 0)
		/* xm's word for one that does not run. */
		puts("None");
	else
		printf("%lld\n", d.domid);
	return 0;
}

/* xend's words. */
static const char *
domstate_word(const struct xapi_vm *vm)
{
	const char *word = list_state_word(vm);

	if (strcmp(word, "halted") == 0)
		return "shutoff";
	return strcmp(word, "running") == 0 && vm->state[1] == 'b' ? "idle" :
								     word;
}

static int
run_domstate(struct xm *xm)
{
	const struct xapi_vm *vm;
	struct xapi_vm_list *l;
	struct xapi_value *v;
	struct xapi_err e;
	int status = xm_connect(xm);

	if (status != 0)
		return status;
	l = xapi_vm_list(xm->api, &e);
	if (l == NULL)
		return xm_fail(xm, &e);
	vm = list_pick(l, xm->argv[0]);
	if (vm == NULL) {
		status = xm_no_domain(xm, xm->argv[0]);
	} else if (xm->format == XM_JSON) {
		v = xapi_new_struct();
		xapi_set(v, "name", xapi_new_str(vm->name));
		xapi_set(v, "state", xapi_new_str(domstate_word(vm)));
		status = xm_json(xm, v);
	} else {
		puts(domstate_word(vm));
	}
	xapi_vm_list_free(l);
	return status;
}

static int
run_domname(struct xm *xm)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	int status = xm_find(xm, xm->argv[0], &d);

	if (status != 0)
		return status;
	if (xm->format == XM_JSON)
		return xm_json(xm, xm_dom_json(&d));
	puts(d.name);
	return 0;
}

static int
run_rename(struct xm *xm)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	struct xapi_err e;
	int status = xm_find(xm, xm->argv[0], &d);

	if (status != 0)
		return status;
	if (xapi_do(xm->api, &e, "VM.set_name_label", "ss", d.ref,
		xm->argv[1]) < 0 ||
	    xm_dom_read(xm, d.ref, &d, &e) < 0)
		return xm_fail_domain(xm, xm->argv[0], &e);
	return xm->format == XM_JSON ? xm_json(xm, xm_dom_json(&d)) : 0;
}

/* --- uptime --------------------------------------------------------------- */

long long
uptime_of(const struct xapi_vm *vm, time_t now)
{
	const char *until = xapi_get_str(vm->metrics, "last_updated");
	char text[32];
	struct tm tm;
	long long s;

	/* By the host's clock, which may not be ours. */
	if (*until == '\0' && gmtime_r(&now, &tm) != NULL) {
		strftime(text, sizeof(text), "%Y%m%dT%H:%M:%SZ", &tm);
		until = text;
	}
	s = xm_seconds(vm->start_time, until);
	return s < 0 ? 0 : s;
}

static void
add_days(long long s, struct xu_buf *out)
{
	if (s >= 86400)
		xu_buf_addf(out, "%lld day%s, ", s / 86400,
		    s >= 2 * 86400 ? "s" : "");
}

void
uptime_row(const struct xapi_vm *vm, time_t now, struct xu_buf *out)
{
	long long s = uptime_of(vm, now);

	xu_buf_addf(out, "%-32s %5lld ", vm->name, vm->domid);
	add_days(s, out);
	xu_buf_addf(out, "%2lld:%02lld:%02lld\n", s / 3600 % 24, s / 60 % 60,
	    s % 60);
}

void
uptime_short(const struct xapi_vm *vm, time_t now, struct xu_buf *out)
{
	long long s = uptime_of(vm, now);
	char clock[16] = "";
	struct tm tm;

	if (localtime_r(&now, &tm) != NULL)
		strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	xu_buf_addf(out, " %s up ", clock);
	add_days(s, out);
	xu_buf_addf(out, "%2lld:%02lld, %s (%lld)\n", s / 3600 % 24,
	    s / 60 % 60, vm->name, vm->domid);
}

static struct xapi_value *
uptime_json(const struct xapi_vm *vm, time_t now)
{
	struct xapi_value *v = xapi_new_struct();

	xapi_set(v, "name", xapi_new_str(vm->name));
	xapi_set(v, "uuid", xapi_new_str(vm->uuid));
	xapi_set(v, "domid", xapi_new_int(vm->domid));
	xapi_set(v, "start_time", xapi_new_str(vm->start_time));
	xapi_set(v, "uptime", xapi_new_int(uptime_of(vm, now)));
	return v;
}

/* Is it one of the operands? None means all. Marks the one that named it. */
static bool
wanted(const struct xm *xm, const struct xapi_vm *vm, bool *seen)
{
	char id[24];
	bool hit = xm->argc == 0;

	snprintf(id, sizeof(id), "%lld", vm->domid);
	for (int i = 0; i < xm->argc; i++)
		if (strcmp(xm->argv[i], vm->name) == 0 ||
		    strcmp(xm->argv[i], id) == 0 ||
		    strcasecmp(xm->argv[i], vm->uuid) == 0)
			hit = seen[i] = true;
	return hit;
}

static int
complain(struct xm *xm, const struct xapi_vm_list *l, const char *what)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->vms[i].name, what) == 0 ||
		    strcasecmp(l->vms[i].uuid, what) == 0)
			return xm_error(xm, XE(VM_BAD_POWER_STATE), XM_STATE,
			    "Domain '%s' is not started", what);
	return xm_no_domain(xm, what);
}

/* What the table is made for. */
struct moment {
	time_t now;
	bool brief;
};

static void
put_heading(const void *ctx, struct xu_buf *out)
{
	const struct moment *m = ctx;

	if (!m->brief)
		xu_buf_addf(out, "%-33s %4s %s \n", "Name", "ID", "Uptime");
}

static void
put_line(const void *ctx, const void *row, struct xu_buf *out)
{
	const struct moment *m = ctx;

	(m->brief ? uptime_short : uptime_row)(row, m->now, out);
}

static struct xapi_value *
put_json(const void *ctx, const void *row)
{
	const struct moment *m = ctx;

	return uptime_json(row, m->now);
}

static const struct xm_column columns[] = {
	{ "name", "Name", XM_IS_TEXT, NULL, NULL, NULL },
	{ "uuid", "UUID", XM_IS_TEXT, NULL, NULL, NULL },
	{ "domid", "ID", XM_IS_ID, NULL, NULL, NULL },
	{ "start_time", "Started", XM_IS_TEXT, NULL, NULL, NULL },
	{ "uptime", "Uptime(s)", XM_IS_NUMBER, NULL, NULL, NULL },
	{ .name = NULL },
};

static const struct xm_table table = {
	.noun = "domain",
	.columns = columns,
	.heading = put_heading,
	.line = put_line,
	.json = put_json,
	.bare = true,
};

static int
print_uptimes(struct xm *xm, const struct xapi_vm_list *l, bool *seen)
{
	AUTO_LISTING struct xm_listing out = { .nlines = 0 };
	struct moment m = { .now = time(NULL),
		.brief = xm_opt(xm, "short") != NULL };
	int status = xm_listing_begin(&out, xm, &table, &m);

	for (size_t i = 0; i < l->count && status == 0; i++)
		if (l->vms[i].domid >= 0 && wanted(xm, &l->vms[i], seen))
			xm_listing_add(&out, &l->vms[i]);
	return status != 0 ? status : xm_listing_end(&out);
}

static int
run_uptime(struct xm *xm)
{
	AUTO_FREE bool *seen = calloc((size_t)xm->argc + 1, sizeof(*seen));
	struct xapi_vm_list *l;
	struct xapi_err e;
	int status = xm_connect(xm);

	if (status != 0)
		return status;
	if (seen == NULL)
		return xm_no_memory(xm);
	l = xapi_vm_list(xm->api, &e);
	if (l == NULL)
		return xm_fail(xm, &e);
	status = print_uptimes(xm, l, seen);
	for (int i = 0; i < xm->argc; i++)
		if (!seen[i])
			status = complain(xm, l, xm->argv[i]);
	xapi_vm_list_free(l);
	return status;
}

/* --- rows ----------------------------------------------------------------- */

const struct xm_cmd cmd_domid = {
	.name = "domid",
	.operands = "DOMAIN",
	.summary = "Print the id of a domain.",
	.detail = "Prints None for a domain that does not run.",
	.min = 1,
	.max = 1,
	.completes = XM_DOMAIN,
	.run = run_domid,
};

const struct xm_cmd cmd_domname = {
	.name = "domname",
	.operands = "DOMAIN",
	.summary = "Print the name of a domain.",
	.detail = "",
	.min = 1,
	.max = 1,
	.completes = XM_DOMAIN,
	.run = run_domname,
};

const struct xm_cmd cmd_domstate = {
	.name = "domstate",
	.operands = "DOMAIN",
	.summary = "Print what a domain does, in a word.",
	.detail = "shutoff, idle, shutdown, running, crashed, paused or "
		  "suspended.",
	.min = 1,
	.max = 1,
	.completes = XM_DOMAIN,
	.common = true,
	.run = run_domstate,
};

const struct xm_cmd cmd_rename = {
	.name = "rename",
	.operands = "DOMAIN NEWNAME",
	.summary = "Give a domain another name.",
	.detail = "",
	.min = 2,
	.max = 2,
	.completes = XM_DOMAIN,
	.run = run_rename,
};

static const struct xm_opt uptime_opts[] = {
	{ 's', "short", NULL, "The time of day, and the age without seconds." },
	{ .name = NULL },
};

const struct xm_cmd cmd_uptime = {
	.name = "uptime",
	.operands = "[DOMAIN]...",
	.summary = "Print how long domains have been running.",
	.detail = "",
	.opts = uptime_opts,
	.min = 0,
	.max = -1,
	.completes = XM_DOMAIN,
	.common = true,
	.table = &table,
	.run = run_uptime,
};
