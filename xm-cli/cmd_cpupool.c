/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CPU pools: all of the cpupool- commands but those that make one. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_cpupool.h"
#include "cmds.h"
#include "errors.h"
#include "pools.h"
#include "table.h"

/* --- cpupool-list --------------------------------------------------------- */

static void
add_names(struct xapi_value *form, const char *name, const struct xapi_value *r,
    const struct pools *p)
{
	struct xapi_value *pair = xapi_new_array(), *list = xapi_new_array();
	struct xu_cpus cpus;
	char text[16];

	pools_cpus(p, r, &cpus);
	for (unsigned i = 0; i < p->host.ncpus; i++)
		if (xu_cpus_has(&cpus, i)) {
			snprintf(text, sizeof(text), "%u", i);
			xapi_add(list, xapi_new_str(text));
		}
	xapi_add(pair, xapi_new_str(name));
	xapi_add(pair, list);
	xapi_add(form, pair);
}

struct xapi_value *
cpupool_sxp(const struct xapi_value *r, const struct pools *p)
{
	static const char *const texts[] = { "uuid", "name_label",
		"name_description", "sched_policy" };
	struct xapi_value *f = xapi_new_array();

	xapi_add(f, xapi_new_str("cpu_pool"));
	for (size_t i = 0; i < XU_ARRAY_SIZE(texts); i++)
		xm_sxp_str(f, texts[i], xapi_get_str(r, texts[i]));
	xm_sxp_str(f, "activated",
	    xapi_get_bool(r, "activated") ? "true" : "false");
	xm_sxp_str(f, "auto_power_on",
	    xapi_get_bool(r, "auto_power_on") ? "true" : "false");
	xm_sxp_int(f, "ncpu", xapi_get_int(r, "ncpu"));
	xm_sxp_int(f, "started_VMs",
	    (long long)xapi_count(xapi_get(r, "started_VMs")));
	add_names(f, "host_CPU_numbers", r, p);
	return f;
}

/* "0,2,3" */
static void
add_cpus(const struct xapi_value *r, const struct pools *p, struct xu_buf *out)
{
	struct xu_cpus set;
	unsigned n = 0;

	pools_cpus(p, r, &set);
	for (unsigned i = 0; i < p->host.ncpus; i++)
		if (xu_cpus_has(&set, i))
			xu_buf_addf(out, "%s%u", n++ > 0 ? "," : "", i);
}

void
cpupool_header(bool cpus, struct xu_buf *out)
{
	xu_buf_adds(out, cpus ? "Name               CPU list\n" :
		"Name               CPUs   Sched     Active   Domain count\n");
}

void
cpupool_row(const struct xapi_value *r, const struct pools *p, bool cpus,
    struct xu_buf *out)
{
	const char *name = xapi_get_str(r, "name_label");
	struct xu_cpus set;

	pools_cpus(p, r, &set);
	if (!cpus) {
		xu_buf_addf(out, "%-16s   %3u  %8s       %c          %zu\n",
		    name, xu_cpus_count(&set), xapi_get_str(r, "sched_policy"),
		    xapi_get_bool(r, "activated") ? 'y' : 'n',
		    xapi_count(xapi_get(r, "started_VMs")));
		return;
	}
	xu_buf_addf(out, "%-16s   ", name);
	add_cpus(r, p, out);
	xu_buf_addc(out, '\n');
}

/* What the table is made for; rows are records. */
struct listed {
	const struct pools *pools;
	bool cpus;
};

static void
put_heading(const void *ctx, struct xu_buf *out)
{
	const struct listed *l = ctx;

	cpupool_header(l->cpus, out);
}

static void
put_line(const void *ctx, const void *row, struct xu_buf *out)
{
	const struct listed *l = ctx;

	cpupool_row(row, l->pools, l->cpus, out);
}

static void
put_form(const void *ctx, const void *row, struct xu_buf *out)
{
	const struct listed *l = ctx;
	struct xapi_value *form = cpupool_sxp(row, l->pools);

	xm_sxp(form, out);
	xapi_free(form);
}

static struct xapi_value *
put_json(const void *ctx XU_UNUSED, const void *row)
{
	return xapi_copy(row);
}

static void
get_cpus(const void *ctx, const struct xapi_value *json, struct xu_buf *out)
{
	const struct listed *l = ctx;

	add_cpus(json, l->pools, out);
}

static const struct xm_column columns[] = {
	{ "name", "Name", XM_IS_TEXT, "name_label", NULL, NULL },
	{ "uuid", "UUID", XM_IS_TEXT, NULL, NULL, NULL },
	{ "id", "ID", XM_IS_ID, "pool_id", NULL, NULL },
	{ "cpus", "CPUs", XM_IS_NUMBER, "host_CPUs", NULL, NULL },
	{ "cpu_list", "CPU-list", XM_IS_TEXT, NULL, get_cpus, NULL },
	{ "sched", "Sched", XM_IS_TEXT, "sched_policy", NULL, NULL },
	{ "active", "Active", XM_IS_TRUTH, "activated", NULL, NULL },
	{ "domains", "Domains", XM_IS_NUMBER, "started_VMs", NULL, NULL },
	{ .name = NULL },
};

static const struct xm_table table = {
	.noun = "cpu_pool",
	.columns = columns,
	.heading = put_heading,
	.line = put_line,
	.json = put_json,
	.form = put_form,
	.bare = true,
};

/* Xen's in its order, then those that wait. */
static int
by_id(const void *a, const void *b)
{
	const struct xapi_value *const *x = a, *const *y = b;
	unsigned long long i = (unsigned long long)xapi_get_int(*x, "pool_id");
	unsigned long long k = (unsigned long long)xapi_get_int(*y, "pool_id");

	return i != k ? (i < k ? -1 : 1) :
	    strcmp(xapi_get_str(*x, "name_label"),
		xapi_get_str(*y, "name_label"));
}

static int
run_cpupool_list(struct xm *xm)
{
	AUTO_POOLS struct pools *p = NULL;
	AUTO_LISTING struct xm_listing out = { .nlines = 0 };
	AUTO_FREE const struct xapi_value **all = NULL;
	struct listed l = { .cpus = xm_opt(xm, "cpus") != NULL };
	const char *only = NULL;
	size_t n;
	int status = xm_listing_begin(&out, xm, &table, &l);

	if (status == 0)
		status = pools_read(xm, &p);
	l.pools = p;
	if (status == 0 && xm->argc > 0)
		only = pools_find(xm, p, xm->argv[0], &status);
	if (status != 0)
		return status;
	n = xapi_count(p->pools);
	all = calloc(n + 1, sizeof(*all));
	if (all == NULL)
		return xm_no_memory(xm);
	for (size_t i = 0; i < n; i++)
		all[i] = xapi_at(p->pools, i);
	qsort(all, n, sizeof(*all), by_id);
	for (size_t i = 0; i < n; i++)
		if (only == NULL || all[i] == xapi_get(p->pools, only))
			xm_listing_add(&out, all[i]);
	return xm_listing_end(&out);
}

/* --- one pool ------------------------------------------------------------- */

/* {"pool", "uuid"}, what commands that change one give as JSON. */
static int
pool_done(struct xm *xm, const struct pools *p, const char *ref)
{
	const struct xapi_value *r = xapi_get(p->pools, ref);
	struct xapi_value *v;

	if (xm->format != XM_JSON)
		return 0;
	v = xapi_new_struct();
	xapi_set(v, "pool", xapi_new_str(xapi_get_str(r, "name_label")));
	xapi_set(v, "uuid", xapi_new_str(xapi_get_str(r, "uuid")));
	return xm_json(xm, v);
}

/* Calls the messages with the pool in operand 0, the second only when the pool is
 * one that cpupool-create made. */
static int
on_pool(struct xm *xm, const char *method, const char *then)
{
	AUTO_POOLS struct pools *p = NULL;
	const struct xapi_value *r;
	const char *ref = NULL;
	struct xapi_err e;
	int status = pools_open(xm, xm->argv[0], &p, &ref);

	if (status != 0)
		return status;
	r = xapi_get(p->pools, ref);
	if (xapi_do(xm->api, &e, method, "s", ref) < 0)
		return xm_fail(xm, &e);
	if (then != NULL && strcmp(xapi_get_str(xapi_get(r, "other_config"),
		"transient"), "true") == 0 &&
	    xapi_do(xm->api, &e, then, "s", ref) < 0)
		return xm_fail(xm, &e);
	return pool_done(xm, p, ref);
}

static int
run_cpupool_start(struct xm *xm)
{
	return on_pool(xm, "cpu_pool.activate", NULL);
}

static int
run_cpupool_destroy(struct xm *xm)
{
	return on_pool(xm, "cpu_pool.deactivate", "cpu_pool.destroy");
}

static int
run_cpupool_delete(struct xm *xm)
{
	return on_pool(xm, "cpu_pool.destroy", NULL);
}

static int
run_cpupool_rename(struct xm *xm)
{
	AUTO_POOLS struct pools *p = NULL;
	const char *ref = NULL;
	struct xapi_err e;
	int status = pools_open(xm, xm->argv[0], &p, &ref);

	if (status != 0)
		return status;
	if (xapi_do(xm->api, &e, "cpu_pool.set_name_label", "ss", ref,
		xm->argv[1]) < 0)
		return xm_fail(xm, &e);
	return pool_done(xm, p, ref);
}

static int
run_cpupool_migrate(struct xm *xm)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	AUTO_POOLS struct pools *p = NULL;
	const char *ref = NULL;
	struct xapi_err e;
	int status = xm_find(xm, xm->argv[0], &d);

	if (status == 0)
		status = pools_open(xm, xm->argv[1], &p, &ref);
	if (status != 0)
		return status;
	if (xapi_do(xm->api, &e, "VM.cpu_pool_migrate", "ss", d.ref, ref) < 0)
		return xm_fail_domain(xm, xm->argv[0], &e);
	return xm->format == XM_JSON ? xm_json(xm, xm_dom_json(&d)) : 0;
}

/* --- processors ----------------------------------------------------------- */

/* Of several that are named those that are as wanted already do not matter. */
static int
move_cpus(struct xm *xm, const char *method, bool add)
{
	AUTO_POOLS struct pools *p = NULL;
	struct xu_cpus set, has;
	const char *ref = NULL;
	struct xapi_err e;
	int status = pools_open(xm, xm->argv[0], &p, &ref);

	if (status == 0)
		status = pools_set(xm, p, xm->argv[1], &set);
	if (status != 0)
		return status;
	pools_cpus(p, xapi_get(p->pools, ref), &has);
	for (unsigned i = 0; i < p->host.ncpus; i++) {
		if (!xu_cpus_has(&set, i) ||
		    (xu_cpus_count(&set) > 1 && xu_cpus_has(&has, i) == add))
			continue;
		if (xapi_do(xm->api, &e, method, "ss", ref,
			pools_cpu(p, i)) < 0)
			return xm_fail(xm, &e);
	}
	return pool_done(xm, p, ref);
}

static int
run_cpupool_cpu_add(struct xm *xm)
{
	return move_cpus(xm, "cpu_pool.add_host_CPU_live", true);
}

static int
run_cpupool_cpu_remove(struct xm *xm)
{
	return move_cpus(xm, "cpu_pool.remove_host_CPU_live", false);
}

/* --- rows ----------------------------------------------------------------- */

static const struct xm_opt list_opts[] = {
	{ 'l', "long", NULL, "Everything about each pool." },
	{ 'c', "cpus", NULL, "Which processors each has." },
	{ .name = NULL },
};

const struct xm_cmd cmd_cpupool_list = {
	.name = "cpupool-list",
	.operands = "[POOL]",
	.summary = "List CPU pools, or one.",
	.detail = "Active: Xen has it; others wait for cpupool-start.",
	.opts = list_opts,
	.min = 0,
	.max = 1,
	.table = &table,
	.run = run_cpupool_list,
};

const struct xm_cmd cmd_cpupool_start = {
	.name = "cpupool-start",
	.operands = "POOL",
	.summary = "Activate a CPU pool that is kept (cpupool-new).",
	.detail = "",
	.min = 1,
	.max = 1,
	.run = run_cpupool_start,
};

const struct xm_cmd cmd_cpupool_destroy = {
	.name = "cpupool-destroy",
	.operands = "POOL",
	.summary = "End a CPU pool: its processors are free.",
	.detail = "No domain may be in it. One that cpupool-new made is kept, "
		  "to be activated again.",
	.min = 1,
	.max = 1,
	.run = run_cpupool_destroy,
};

const struct xm_cmd cmd_cpupool_delete = {
	.name = "cpupool-delete",
	.operands = "POOL",
	.summary = "Forget a CPU pool that is kept and not active.",
	.detail = "",
	.min = 1,
	.max = 1,
	.run = run_cpupool_delete,
};

const struct xm_cmd cmd_cpupool_rename = {
	.name = "cpupool-rename",
	.operands = "POOL NEWNAME",
	.summary = "Give a CPU pool another name.",
	.detail = "",
	.min = 2,
	.max = 2,
	.run = run_cpupool_rename,
};

const struct xm_cmd cmd_cpupool_migrate = {
	.name = "cpupool-migrate",
	.operands = "DOMAIN POOL",
	.summary = "Move a domain to another CPU pool.",
	.detail = "",
	.min = 2,
	.max = 2,
	.completes = XM_DOMAIN,
	.run = run_cpupool_migrate,
};

const struct xm_cmd cmd_cpupool_cpu_add = {
	.name = "cpupool-cpu-add",
	.operands = "POOL CPUS",
	.summary = "Give free processors to a CPU pool.",
	.detail = "CPUS is a number, or a set such as 0-3,^2 or node:1; those "
		  "of a set that the pool has already stay in it.",
	.min = 2,
	.max = 2,
	.run = run_cpupool_cpu_add,
};

const struct xm_cmd cmd_cpupool_cpu_remove = {
	.name = "cpupool-cpu-remove",
	.operands = "POOL CPUS",
	.summary = "Take processors out of a CPU pool: they are free then.",
	.detail = "CPUS is as for cpupool-cpu-add. The last processor of a "
		  "pool with domains stays.",
	.min = 2,
	.max = 2,
	.run = run_cpupool_cpu_remove,
};
