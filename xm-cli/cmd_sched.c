/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Schedulers: sched-credit, sched-credit2, sched-rtds. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_list.h"
#include "cmd_sched.h"
#include "cmds.h"
#include "errors.h"
#include "pools.h"
#include "table.h"
#include "xu_num.h"

/* --- what is printed ------------------------------------------------------ */

void
sched_header(struct xu_buf *out)
{
	xu_buf_addf(out, "%-33s %4s %6s %4s\n", "Name", "ID", "Weight", "Cap");
}

/* Of a machine that does not run: what its next domain will have. */
static long long
number_of(const struct xapi_vm *vm, const char *name, long long dflt)
{
	const struct xapi_value *p =
	    xapi_get(vm->domid >= 0 ? vm->metrics : vm->record, "VCPUs_params");

	return xapi_get(p, name) != NULL ? xapi_get_int(p, name) : dflt;
}

#define WEIGHT(vm) number_of(vm, "weight", 256)
#define CAP(vm)	   number_of(vm, "cap", 0)

void
sched_row(const struct xapi_vm *vm, struct xu_buf *out)
{
	char id[24] = "";

	if (vm->domid >= 0)
		snprintf(id, sizeof(id), "%lld", vm->domid);
	xu_buf_addf(out, "%-32s %5s %6lld %4lld\n", vm->name, id, WEIGHT(vm),
	    CAP(vm));
}

void
sched_pool(const struct xapi_value *pool, struct xu_buf *out)
{
	static const struct {
		const char *key, *word, *unit;
	} parts[] = {
		{ "tslice_ms", "tslice", "ms" },
		{ "ratelimit_us", "ratelimit", "us" },
		{ "migration_delay_us", "migration-delay", "us" },
	};
	const struct xapi_value *p = xapi_get(pool, "sched_params");

	xu_buf_addf(out, "Cpupool %s:", xapi_get_str(pool, "name_label"));
	for (size_t i = 0; i < XU_ARRAY_SIZE(parts); i++)
		if (xapi_get(p, parts[i].key) != NULL)
			xu_buf_addf(out, " %s=%lld%s", parts[i].word,
			    xapi_get_int(p, parts[i].key), parts[i].unit);
	xu_buf_addc(out, '\n');
}

static struct xapi_value *
row_json(const struct xapi_vm *vm, const struct xapi_value *pool)
{
	struct xapi_value *v = xapi_new_struct();

	xapi_set(v, "name", xapi_new_str(vm->name));
	xapi_set(v, "uuid", xapi_new_str(vm->uuid));
	xapi_set(v, "domid", xapi_new_int(vm->domid));
	xapi_set(v, "weight", xapi_new_int(WEIGHT(vm)));
	xapi_set(v, "cap", xapi_new_int(CAP(vm)));
	xapi_set(v, "pool", xapi_new_str(xapi_get_str(pool, "name_label")));
	return v;
}

static struct xapi_value *
pool_json(const struct xapi_value *pool)
{
	const struct xapi_value *p = xapi_get(pool, "sched_params");
	struct xapi_value *v = xapi_new_struct();

	xapi_set(v, "pool", xapi_new_str(xapi_get_str(pool, "name_label")));
	for (size_t i = 0; i < xapi_count(p); i++)
		xapi_set(v, xapi_name_at(p, i),
		    xapi_new_int(xapi_int(xapi_at(p, i))));
	return v;
}

/* --- the request ---------------------------------------------------------- */

struct request {
	struct xm *xm;
	/* credit, credit2 */
	const char *sched;
	struct pools *pools;
	/* With -p; else NULL. */
	const char *pool;
	/* What is printed; rows are machines, with -s pools. */
	struct xm_listing out;
};

/* --- as a table ----------------------------------------------------------- */

static void
put_heading(const void *ctx, struct xu_buf *out)
{
	const struct request *r = ctx;

	if (r->pool != NULL && xm_opt(r->xm, "domain") == NULL)
		sched_pool(xapi_get(r->pools->pools, r->pool), out);
	sched_header(out);
}

static void
put_line(const void *ctx XU_UNUSED, const void *row, struct xu_buf *out)
{
	sched_row(row, out);
}

static struct xapi_value *
put_json(const void *ctx, const void *row)
{
	const struct request *r = ctx;
	const struct xapi_vm *vm = row;

	return row_json(vm, pools_of(r->pools, vm->record));
}

static const struct xm_column columns[] = {
	{ "name", "Name", XM_IS_TEXT, NULL, NULL, NULL },
	{ "uuid", "UUID", XM_IS_TEXT, NULL, NULL, NULL },
	{ "domid", "ID", XM_IS_ID, NULL, NULL, NULL },
	{ "weight", "Weight", XM_IS_NUMBER, NULL, NULL, NULL },
	{ "cap", "Cap", XM_IS_NUMBER, NULL, NULL, NULL },
	{ "pool", "Pool", XM_IS_TEXT, NULL, NULL, NULL },
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

static void
put_pool_line(const void *ctx XU_UNUSED, const void *row, struct xu_buf *out)
{
	sched_pool(row, out);
}

static struct xapi_value *
put_pool_json(const void *ctx XU_UNUSED, const void *row)
{
	return pool_json(row);
}

static const struct xm_column pool_columns[] = {
	{ "pool", "Pool", XM_IS_TEXT, NULL, NULL, NULL },
	{ "tslice_ms", "tslice", XM_IS_NUMBER, NULL, NULL, NULL },
	{ "ratelimit_us", "ratelimit", XM_IS_NUMBER, NULL, NULL, NULL },
	{ "migration_delay_us", "migration-delay", XM_IS_NUMBER, NULL, NULL,
	    NULL },
	{ .name = NULL },
};

/* With -s. */
static const struct xm_table pool_table = {
	.noun = "cpu_pool",
	.columns = pool_columns,
	.line = put_pool_line,
	.json = put_pool_json,
};

static bool
has_sched(const struct request *r, const struct xapi_value *pool)
{
	return xapi_get_bool(pool, "activated") &&
	    strcmp(xapi_get_str(pool, "sched_policy"), r->sched) == 0;
}

/* xm's sentence. */
static int
other_scheduler(struct xm *xm, const struct xapi_value *pool)
{
	return xm_error(xm, XE(OPERATION_NOT_ALLOWED), XM_FAILED,
	    "Xen is running with the %s scheduler",
	    xapi_get_str(pool, "sched_policy"));
}

/* --- pools ---------------------------------------------------------------- */

static const char *const pool_opts[] = {
	"tslice_ms",
	"ratelimit_us",
	"migration_delay_us",
};

static struct xapi_value *
pool_changes(struct xm *xm)
{
	struct xapi_value *m = xapi_new_struct();

	for (size_t i = 0; i < XU_ARRAY_SIZE(pool_opts); i++)
		if (xm_opt(xm, pool_opts[i]) != NULL)
			xapi_set(m, pool_opts[i],
			    xapi_new_str(xm_opt(xm, pool_opts[i])));
	return m;
}

static int
set_pool(struct request *r, struct xapi_value *changes)
{
	const char *ref = r->pool;
	struct xapi_err e;

	if (ref == NULL)
		ref = pools_zero(r->pools);
	if (!has_sched(r, xapi_get(r->pools->pools, ref))) {
		xapi_free(changes);
		return other_scheduler(r->xm, xapi_get(r->pools->pools, ref));
	}
	return xapi_do(r->xm->api, &e, "cpu_pool.set_sched_params_live", "sv",
		   ref, changes) < 0 ? xm_fail(r->xm, &e) : 0;
}

static int
do_pools(struct request *r)
{
	struct xapi_value *changes = pool_changes(r->xm);
	const struct xapi_value *pool;

	if (xapi_count(changes) > 0)
		return set_pool(r, changes);
	xapi_free(changes);
	for (size_t i = 0; i < xapi_count(r->pools->pools); i++) {
		pool = xapi_at(r->pools->pools, i);
		if (!has_sched(r, pool) || (r->pool != NULL &&
			strcmp(r->pool, xapi_name_at(r->pools->pools, i)) != 0))
			continue;
		xm_listing_add(&r->out, pool);
	}
	return 0;
}

/* --- domains -------------------------------------------------------------- */

/* What an option says; xm also took -w=512. */
static const char *
given(struct xm *xm, const char *name)
{
	const char *s = xm_opt(xm, name);

	return s != NULL && *s == '=' ? s + 1 : s;
}

static int
set_one(struct request *r, const struct xapi_vm *vm, const char *key)
{
	const char *value = given(r->xm, key);
	struct xapi_value *params;
	struct xapi_err e;
	int rc;

	if (value == NULL)
		return 0;
	if (vm->domid >= 0) {
		rc = xapi_do(r->xm->api, &e, "VM.add_to_VCPUs_params_live",
		    "sss", vm->ref, key, value);
	} else {
		params = xapi_call(r->xm->api, &e, "VM.get_VCPUs_params", "s",
		    vm->ref);
		if (params == NULL)
			return xm_fail_domain(r->xm, vm->name, &e);
		xapi_set(params, key, xapi_new_str(value));
		rc = xapi_do(r->xm->api, &e, "VM.set_VCPUs_params", "sv",
		    vm->ref, params);
	}
	return rc < 0 ? xm_fail_domain(r->xm, vm->name, &e) : 0;
}

static int
do_domain(struct request *r, const struct xapi_vm_list *l, const char *what)
{
	const struct xapi_vm *vm = list_pick(l, what);
	const struct xapi_value *pool;
	int status;

	if (vm == NULL)
		return xm_no_domain(r->xm, what);
	pool = pools_of(r->pools, vm->record);
	if (pool != NULL && !has_sched(r, pool))
		return other_scheduler(r->xm, pool);
	if (given(r->xm, "weight") == NULL && given(r->xm, "cap") == NULL) {
		xm_listing_add(&r->out, vm);
		return 0;
	}
	status = set_one(r, vm, "weight");
	return status != 0 ? status : set_one(r, vm, "cap");
}

static int
do_all(struct request *r, const struct xapi_vm_list *l)
{
	const struct xapi_value *pool;
	bool any = false;

	for (size_t i = 0; i < xapi_count(r->pools->pools); i++)
		any |= has_sched(r, xapi_at(r->pools->pools, i));
	if (!any)
		return other_scheduler(r->xm,
		    xapi_get(r->pools->pools, pools_zero(r->pools)));
	if (r->pool != NULL) {
		pool = xapi_get(r->pools->pools, r->pool);
		if (!has_sched(r, pool))
			return other_scheduler(r->xm, pool);
		r->out.bare = false;
	}
	for (size_t i = 0; i < l->count; i++) {
		pool = pools_of(r->pools, l->vms[i].record);
		if (pool != NULL && has_sched(r, pool) && (r->pool == NULL ||
			pool == xapi_get(r->pools->pools, r->pool)))
			xm_listing_add(&r->out, &l->vms[i]);
	}
	return 0;
}

static int
do_domains(struct request *r)
{
	const char *what = given(r->xm, "domain");
	struct xapi_vm_list *l;
	struct xapi_err e;
	int status;

	if (what == NULL && (xm_opt(r->xm, "weight") != NULL ||
				xm_opt(r->xm, "cap") != NULL))
		return xm_usage(r->xm, "-w and -c need a domain: -d.");
	l = xapi_vm_list(r->xm->api, &e);
	if (l == NULL)
		return xm_fail(r->xm, &e);
	status = what != NULL ? do_domain(r, l, what) : do_all(r, l);
	xapi_vm_list_free(l);
	return status;
}

static int
run_request(struct request *r)
{
	const char *pool = given(r->xm, "cpupool");
	int status = 0;

	if (pool != NULL &&
	    (r->pool = pools_find(r->xm, r->pools, pool, &status)) == NULL)
		return status;
	status = xm_opt(r->xm, "schedparam") != NULL ? do_pools(r) :
						       do_domains(r);
	return status != 0 ? status : xm_listing_end(&r->out);
}

static int
run_credit_kind(struct xm *xm, const char *sched)
{
	AUTO_POOLS struct pools *pools = NULL;
	struct request r = { .xm = xm, .sched = sched };
	bool of_pools = xm_opt(xm, "schedparam") != NULL;
	int status = xm_listing_begin(&r.out, xm,
	    of_pools ? &pool_table : &table, &r);

	if (status == 0)
		status = pools_read(xm, &pools);
	r.pools = pools;
	if (status == 0)
		status = run_request(&r);
	xm_listing_fini(&r.out);
	return status;
}

static int
run_sched_credit(struct xm *xm)
{
	return run_credit_kind(xm, "credit");
}

static int
run_sched_credit2(struct xm *xm)
{
	return run_credit_kind(xm, "credit2");
}

/* --- rtds ----------------------------------------------------------------- */

static int
run_sched_rtds(struct xm *xm)
{
	AUTO_POOLS struct pools *pools = NULL;
	const struct xapi_value *pool;
	int status = pools_read(xm, &pools);

	if (status != 0)
		return status;
	for (size_t i = 0; i < xapi_count(pools->pools); i++) {
		pool = xapi_at(pools->pools, i);
		if (strcmp(xapi_get_str(pool, "sched_policy"), "rtds") == 0)
			return xm_error(xm, XE(NOT_IMPLEMENTED), XM_FAILED,
			    "periods and budgets of the scheduler rtds (CPU "
			    "pool '%s') cannot be changed by this release",
			    xapi_get_str(pool, "name_label"));
	}
	return other_scheduler(xm,
	    xapi_get(pools->pools, pools_zero(pools)));
}

/* --- rows ----------------------------------------------------------------- */

/* What both have. */
#define OPTS_BOTH                                                              \
	{ 'd', "domain", "DOMAIN", "This domain alone." },                     \
	{ 'w', "weight", "WEIGHT",                                             \
	    "Its share beside others, 1 to 65535; 256 is the usual one." },    \
	{ 'c', "cap", "CAP",                                                   \
	    "The most it gets, in percent of one processor; 0: no limit." },   \
	{ 'p', "cpupool", "POOL", "The domains of that CPU pool, or the pool." }, \
	{ 's', "schedparam", NULL,                                             \
	    "The numbers of pools instead of those of domains." }
#define OPT_RATELIMIT                                                          \
	{ 'r', "ratelimit_us", "US",                                           \
	    "With -s: how long a vCPU runs at least, 0 or 100 to 500000." }

static const struct xm_opt credit_opts[] = {
	OPTS_BOTH,
	{ 't', "tslice_ms", "MS", "With -s: the time slice, 1 to 1000." },
	OPT_RATELIMIT,
	{ 'm', "migration_delay_us", "US",
	    "With -s: how long a vCPU stays where its cache is warm." },
	{ .name = NULL },
};

const struct xm_cmd cmd_sched_credit = {
	.name = "sched-credit",
	.operands = "",
	.summary = "Show or change what the scheduler credit gives to domains.",
	.detail = "Without -w and -c it lists; with them it changes the domain "
		  "of -d, at once and for its next start. With -s and a "
		  "number it changes a pool, Pool-0 when -p names none.",
	.opts = credit_opts,
	.min = 0,
	.max = 0,
	.table = &table,
	.run = run_sched_credit,
};

static const struct xm_opt credit2_opts[] = {
	OPTS_BOTH,
	OPT_RATELIMIT,
	{ .name = NULL },
};

const struct xm_cmd cmd_sched_credit2 = {
	.name = "sched-credit2",
	.operands = "",
	.summary = "Show or change what the scheduler credit2 gives to domains.",
	.detail = "As sched-credit, for domains in pools with credit2, which "
		  "is Xen's usual one.",
	.opts = credit2_opts,
	.min = 0,
	.max = 0,
	.table = &table,
	.run = run_sched_credit2,
};

const struct xm_cmd cmd_sched_rtds = {
	.name = "sched-rtds",
	.operands = "",
	.summary = "Say whether Xen runs the scheduler rtds.",
	.detail = "Its periods and budgets cannot be changed by this release.",
	.min = 0,
	.max = 0,
	.run = run_sched_rtds,
};
