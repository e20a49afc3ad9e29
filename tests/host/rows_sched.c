/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows: schedulers and CPU pools. Debian's builds have credit and credit2. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "xc_rows.h"

/* An emulated dom0 that loses a processor can stand still for a long time; and
 * the processor may have to be asked for more than once. */
#define TAKES_CPU (XR_LAST | XR_FULL | XR_RECOVERS)
/* The same with a pool of the other scheduler. */
#define TAKES_CPU_TO_CREDIT (TAKES_CPU | XR_CREDIT)
#define NO_RTDS	 "Debian's builds have no real-time scheduler"
#define NO_ARINC "Debian's builds have no arinc653 scheduler"

/* Highest processor: the one that is taken from dom0's pool. */
static int
last_cpu(struct xr_env *e, uint32_t *cpu)
{
	struct xc_physinfo p;

	if (xc_physinfo(e->xch, &p) < 0)
		return -1;
	*cpu = p.nr_cpus - 1;
	return p.nr_cpus > 1 ? 0 : xr_wrong("the host has one processor");
}

/* Everything back in pool 0. */
static void
end_pool(struct xr_env *e, uint64_t pool)
{
	struct xc_cpupool_info info;
	uint8_t map[8];

	if (e->pv < XR_ABSENT)
		xc_cpupool_movedomain(e->xch, 0, e->pv);
	if (xc_cpupool_getinfo(e->xch, (uint32_t)pool, &info, map,
		sizeof(map)) == 0 && info.id == pool) {
		while (xc_cpupool_removecpu(e->xch, (uint32_t)pool,
			XC_CPUPOOL_ANY) == 0)
			;
		if (xc_cpupool_destroy(e->xch, (uint32_t)pool) < 0)
			xr_wrong("pool %u stays: %s", (unsigned)pool,
			    xc_last_error(e->xch));
	}
	while (xc_cpupool_addcpu(e->xch, 0, XC_CPUPOOL_ANY) == 0)
		;
}

static int
new_pool(struct xr_env *e, uint32_t sched, uint32_t *pool)
{
	*pool = XC_CPUPOOL_ANY;
	if (xc_cpupool_create(e->xch, pool, sched) < 0)
		return -1;
	xr_at_end(end_pool, *pool);
	return 0;
}

/* With a processor of dom0's. */
static int
pool_with_cpu(struct xr_env *e, uint32_t sched, uint32_t *pool, uint32_t *cpu)
{
	if (last_cpu(e, cpu) < 0 || new_pool(e, sched, pool) < 0 ||
	    xc_cpupool_removecpu(e->xch, 0, *cpu) < 0)
		return -1;
	return xc_cpupool_addcpu(e->xch, *pool, *cpu);
}

static int
info_of(struct xr_env *e, uint32_t pool, struct xc_cpupool_info *info,
    uint8_t map[8])
{
	memset(map, 0xff, 8);
	if (xc_cpupool_getinfo(e->xch, pool, info, map, 8) < 0)
		return -1;
	return info->id == pool ? 0 : xr_wrong("pool %u", info->id);
}

static int
sched_id(struct xr_env *e)
{
	struct xc_cpupool_info info;
	uint8_t map[8];
	uint32_t id;

	if (xc_sched_id(e->xch, &id) < 0 || info_of(e, 0, &info, map) < 0)
		return -1;
	return id == info.sched_id &&
		(id == XC_SCHED_CREDIT || id == XC_SCHED_CREDIT2)
	    ? 0
	    : xr_wrong("scheduler %u, pool's %u", id, info.sched_id);
}

static int
credit_any(struct xr_env *e)
{
	uint16_t weight = 0, cap = 1;

	if (xc_sched_credit_set(e->xch, e->pv, 300, 50) < 0 ||
	    xc_sched_credit_get(e->xch, e->pv, &weight, &cap) < 0)
		return -1;
	if (weight != 300 || cap != 50)
		return xr_wrong("weight %u, cap %u", weight, cap);
	return xc_sched_credit_set(e->xch, e->pv, 256, 0);
}

/* Also in a pool with another scheduler than pool 0. */
static int
credit_any_elsewhere(struct xr_env *e)
{
	uint32_t pool, cpu;

	if (pool_with_cpu(e, XC_SCHED_CREDIT, &pool, &cpu) < 0 ||
	    xc_cpupool_movedomain(e->xch, pool, e->pv) < 0)
		return -1;
	return credit_any(e);
}

static int
credit2_domain(struct xr_env *e)
{
	struct xc_sched_credit c = { .weight = 400, .cap = 20 };

	if (xc_sched_credit2_domain_set(e->xch, e->pv, &c) < 0)
		return -1;
	memset(&c, 0, sizeof(c));
	if (xc_sched_credit2_domain_get(e->xch, e->pv, &c) < 0)
		return -1;
	if (c.weight != 400 || c.cap != 20)
		return xr_wrong("weight %u, cap %u", c.weight, c.cap);
	c = (struct xc_sched_credit){ .weight = 256 };
	return xc_sched_credit2_domain_set(e->xch, e->pv, &c);
}

static int
credit_domain(struct xr_env *e)
{
	struct xc_sched_credit c = { .weight = 600, .cap = 30 };
	uint32_t pool, cpu;

	if (pool_with_cpu(e, XC_SCHED_CREDIT, &pool, &cpu) < 0 ||
	    xc_cpupool_movedomain(e->xch, pool, e->pv) < 0 ||
	    xc_sched_credit_domain_set(e->xch, e->pv, &c) < 0)
		return -1;
	memset(&c, 0, sizeof(c));
	if (xc_sched_credit_domain_get(e->xch, e->pv, &c) < 0)
		return -1;
	return c.weight == 600 && c.cap == 30
	    ? 0
	    : xr_wrong("weight %u, cap %u", c.weight, c.cap);
}

static int
credit_params(struct xr_env *e)
{
	struct xc_sched_credit_params p = { .tslice_ms = 20,
		.ratelimit_us = 2000, .vcpu_migr_delay_us = 100 };
	uint32_t pool, cpu;

	if (pool_with_cpu(e, XC_SCHED_CREDIT, &pool, &cpu) < 0 ||
	    xc_sched_credit_params_set(e->xch, pool, &p) < 0)
		return -1;
	memset(&p, 0, sizeof(p));
	if (xc_sched_credit_params_get(e->xch, pool, &p) < 0)
		return -1;
	return p.tslice_ms == 20 && p.ratelimit_us == 2000 &&
		p.vcpu_migr_delay_us == 100
	    ? 0
	    : xr_wrong("%u ms, %u us, %u us", p.tslice_ms, p.ratelimit_us,
		  p.vcpu_migr_delay_us);
}

static int
credit2_params(struct xr_env *e)
{
	struct xc_sched_credit2_params was, p = { .ratelimit_us = 3000 };

	if (xc_sched_credit2_params_get(e->xch, 0, &was) < 0 ||
	    xc_sched_credit2_params_set(e->xch, 0, &p) < 0)
		return -1;
	p.ratelimit_us = 0;
	if (xc_sched_credit2_params_get(e->xch, 0, &p) < 0)
		return -1;
	if (p.ratelimit_us != 3000)
		return xr_wrong("%u us", p.ratelimit_us);
	return xc_sched_credit2_params_set(e->xch, 0, &was);
}

static int
rtds_domain(struct xr_env *e)
{
	struct xc_sched_rtds p = { .period_us = 10000, .budget_us = 4000 };

	if (xc_sched_rtds_domain_set(e->xch, e->pv, &p) < 0)
		return -1;
	return xc_sched_rtds_domain_get(e->xch, e->pv, &p);
}

static int
rtds_domain_get(struct xr_env *e)
{
	struct xc_sched_rtds p;

	return xc_sched_rtds_domain_get(e->xch, e->pv, &p);
}

static int
rtds_vcpu_set(struct xr_env *e)
{
	const struct xc_sched_rtds_vcpu v[2] = {
		{ .vcpu = 0, .params = { 20000, 5000, true } },
		{ .vcpu = 1, .params = { 20000, 6000, false } },
	};
	int n = xc_sched_rtds_vcpu_set(e->xch, e->pv, v, 2);

	return n < 0 ? -1 : n == 2 ? 0 : xr_wrong("%d vCPUs", n);
}

static int
rtds_vcpu_get(struct xr_env *e)
{
	struct xc_sched_rtds_vcpu v[2] = { { .vcpu = 0 }, { .vcpu = 1 } };
	int n = xc_sched_rtds_vcpu_get(e->xch, e->pv, v, 2);

	return n < 0 ? -1 : n == 2 ? 0 : xr_wrong("%d vCPUs", n);
}

static int
arinc653_set(struct xr_env *e)
{
	struct xc_arinc653_schedule s = { .major_frame_ns = 20000000, .n = 1,
		.entries = { { .runtime_ns = 10000000 } } };

	return xc_sched_arinc653_schedule_set(e->xch, 0, &s);
}

static int
arinc653_get(struct xr_env *e)
{
	struct xc_arinc653_schedule s;

	return xc_sched_arinc653_schedule_get(e->xch, 0, &s);
}

static int
pool_create(struct xr_env *e)
{
	struct xc_cpupool_info info;
	uint8_t map[8];
	uint32_t pool, same;

	if (new_pool(e, XC_SCHED_CREDIT2, &pool) < 0 ||
	    info_of(e, pool, &info, map) < 0)
		return -1;
	if (pool == 0 || info.n_dom != 0 || map[0] != 0 ||
	    info.sched_id != XC_SCHED_CREDIT2)
		return xr_wrong("pool %u, scheduler %u, %u domains, CPUs %#x",
		    pool, info.sched_id, info.n_dom, map[0]);
	same = pool;
	if (xc_cpupool_create(e->xch, &same, XC_SCHED_CREDIT2) == 0)
		return xr_wrong("pool %u twice", pool);
	return xr_refused(EEXIST);
}

static int
pool_destroy(struct xr_env *e)
{
	struct xc_cpupool_info info;
	uint32_t pool;
	uint8_t map[8];

	if (new_pool(e, XC_SCHED_CREDIT2, &pool) < 0 ||
	    xc_cpupool_destroy(e->xch, pool) < 0)
		return -1;
	if (xc_cpupool_getinfo(e->xch, pool, &info, map, sizeof(map)) == 0)
		return xr_wrong("it is still there");
	return xr_refused(ENOENT);
}

static int
pool_getinfo(struct xr_env *e)
{
	struct xc_cpupool_info info;
	struct xc_physinfo p;
	uint8_t map[8];

	if (xc_physinfo(e->xch, &p) < 0 || info_of(e, 0, &info, map) < 0)
		return -1;
	if (info.n_dom < 2 || map[0] != (1u << p.nr_cpus) - 1 || map[7] != 0)
		return xr_wrong("%u domains, CPUs %#x", info.n_dom, map[0]);
	return 0;
}

static int
pool_cpus(struct xr_env *e)
{
	struct xc_cpupool_info info;
	uint32_t pool, cpu;
	uint8_t map[8];

	if (pool_with_cpu(e, XC_SCHED_CREDIT2, &pool, &cpu) < 0 ||
	    info_of(e, pool, &info, map) < 0)
		return -1;
	if (map[cpu / 8] != 1u << cpu % 8)
		return xr_wrong("CPUs %#x, not %u", map[0], cpu);
	if (xc_cpupool_removecpu(e->xch, pool, XC_CPUPOOL_ANY) < 0 ||
	    xc_cpupool_addcpu(e->xch, 0, cpu) < 0 ||
	    info_of(e, 0, &info, map) < 0)
		return -1;
	return (map[cpu / 8] & 1u << cpu % 8) != 0
	    ? 0
	    : xr_wrong("CPU %u did not come back", cpu);
}

static int
pool_freeinfo(struct xr_env *e)
{
	uint8_t map[8];
	uint32_t pool, cpu;

	if (last_cpu(e, &cpu) < 0 ||
	    xc_cpupool_freeinfo(e->xch, map, sizeof(map)) < 0)
		return -1;
	if (map[0] != 0)
		return xr_wrong("CPUs %#x are free", map[0]);
	if (new_pool(e, XC_SCHED_CREDIT2, &pool) < 0 ||
	    xc_cpupool_removecpu(e->xch, 0, cpu) < 0 ||
	    xc_cpupool_freeinfo(e->xch, map, sizeof(map)) < 0)
		return -1;
	return map[cpu / 8] == 1u << cpu % 8 ? 0 : xr_wrong("CPUs %#x are free",
	    map[0]);
}

static int
pool_movedomain(struct xr_env *e)
{
	struct xc_cpupool_info info;
	struct xc_domaininfo d;
	uint32_t pool, cpu;
	uint8_t map[8];

	if (pool_with_cpu(e, XC_SCHED_CREDIT2, &pool, &cpu) < 0 ||
	    xc_cpupool_movedomain(e->xch, pool, e->pv) < 0 ||
	    xc_domain_getinfo(e->xch, e->pv, &d) < 0 ||
	    info_of(e, pool, &info, map) < 0)
		return -1;
	if (d.cpupool != pool || info.n_dom != 1)
		return xr_wrong("pool %u of %u domains", d.cpupool, info.n_dom);
	if (xc_cpupool_destroy(e->xch, pool) == 0)
		return xr_wrong("a pool with a domain was destroyed");
	if (errno != EBUSY)
		return -1;
	return xc_cpupool_movedomain(e->xch, 0, e->pv);
}

static void
destroy(struct xr_env *e, uint64_t domid)
{
	if (xc_domain_destroy(e->xch, (uint32_t)domid) < 0)
		xr_wrong("%s", xc_last_error(e->xch));
}

static int
create_in(struct xr_env *e, uint32_t pool, uint32_t *domid)
{
	struct xc_domain_create req = XC_DOMAIN_CREATE_INIT;

	req.cpupool_id = pool;
	*domid = 0;
	if (xc_domain_create(e->xch, domid, &req) < 0)
		return -1;
	xr_at_end(destroy, *domid);
	return 0;
}

/* Where it is is the same on all releases, how it got there is not. */
static int
created_in_pool(struct xr_env *e)
{
	struct xc_domaininfo d;
	uint32_t pool, cpu, domid;

	if (pool_with_cpu(e, XC_SCHED_CREDIT2, &pool, &cpu) < 0 ||
	    create_in(e, pool, &domid) < 0 ||
	    xc_domain_getinfo(e->xch, domid, &d) < 0)
		return -1;
	return d.cpupool == pool
	    ? 0
	    : xr_wrong("in pool %u, not %u", d.cpupool, pool);
}

/* No domain is left: that is looked at after each row. (Without faults: when the
 * undoing itself fails one is.) */
static int
created_in_no_pool(struct xr_env *e)
{
	uint32_t domid;

	if (create_in(e, 77, &domid) == 0)
		return xr_wrong("domain %u in a pool there is not", domid);
	return xr_refused(ENOENT);
}

const struct xr_row xr_rows_sched[] = {
	{ .function = "xc_domain_create", created_in_no_pool,
	    .flags = XR_NO_FAULT },
	/* ESRCH of the pool's becomes ENOENT. */
	{ .function = "xc_domain_create", created_in_pool,
	    .flags = TAKES_CPU | XR_OWN_ERRNO },
	{ .function = "xc_sched_id", sched_id },
	{ .function = "xc_sched_credit_get", credit_any },
	{ .function = "xc_sched_credit_set", credit_any_elsewhere,
	    .flags = TAKES_CPU_TO_CREDIT },
	{ .function = "xc_sched_credit_set", credit_any },
	{ .function = "xc_sched_credit2_domain_set", credit2_domain },
	{ .function = "xc_sched_credit2_domain_get", credit2_domain },
	{ .function = "xc_sched_credit_domain_set", credit_domain,
	    .flags = TAKES_CPU_TO_CREDIT },
	{ .function = "xc_sched_credit_domain_get", credit_domain,
	    .flags = TAKES_CPU_TO_CREDIT },
	{ .function = "xc_sched_credit_params_set", credit_params,
	    .flags = TAKES_CPU_TO_CREDIT },
	{ .function = "xc_sched_credit_params_get", credit_params,
	    .flags = TAKES_CPU_TO_CREDIT },
	{ .function = "xc_sched_credit2_params_set", credit2_params },
	{ .function = "xc_sched_credit2_params_get", credit2_params },
	{ .function = "xc_sched_rtds_domain_set", rtds_domain,
	    .cannot = NO_RTDS, .cannot_errno = EINVAL },
	{ .function = "xc_sched_rtds_domain_get", rtds_domain_get,
	    .cannot = NO_RTDS, .cannot_errno = EINVAL },
	{ .function = "xc_sched_rtds_vcpu_set", rtds_vcpu_set,
	    .cannot = NO_RTDS, .cannot_errno = EINVAL },
	{ .function = "xc_sched_rtds_vcpu_get", rtds_vcpu_get,
	    .cannot = NO_RTDS, .cannot_errno = EINVAL },
	{ .function = "xc_sched_arinc653_schedule_set", arinc653_set,
	    .cannot = NO_ARINC, .cannot_errno = EINVAL },
	{ .function = "xc_sched_arinc653_schedule_get", arinc653_get,
	    .cannot = NO_ARINC, .cannot_errno = EINVAL },
	{ .function = "xc_cpupool_create", pool_create },
	{ .function = "xc_cpupool_destroy", pool_destroy },
	{ .function = "xc_cpupool_getinfo", pool_getinfo },
	{ .function = "xc_cpupool_addcpu", pool_cpus,
	    .flags = TAKES_CPU },
	{ .function = "xc_cpupool_removecpu", pool_cpus,
	    .flags = TAKES_CPU },
	{ .function = "xc_cpupool_freeinfo", pool_freeinfo,
	    .flags = TAKES_CPU },
	{ .function = "xc_cpupool_movedomain", pool_movedomain,
	    .flags = TAKES_CPU },
	{ .function = NULL },
};

static int
bad_weight(struct xr_env *e)
{
	return xc_sched_credit_set(e->xch, e->pv, 0, 200 * 64 + 1);
}

static int
bad_no_weight(struct xr_env *e)
{
	uint16_t cap;

	return xc_sched_credit_get(e->xch, e->pv, NULL, &cap);
}

static int
bad_other_scheduler(struct xr_env *e)
{
	struct xc_sched_credit c;

	return xc_sched_credit_domain_get(e->xch, e->pv, &c);
}

static int
bad_no_vcpus(struct xr_env *e)
{
	struct xc_sched_rtds_vcpu v = { .vcpu = 0 };

	return xc_sched_rtds_vcpu_get(e->xch, e->pv, &v, 0);
}

static int
bad_many_vcpus(struct xr_env *e)
{
	struct xc_sched_rtds_vcpu v = { .vcpu = 0 };

	return xc_sched_rtds_vcpu_set(e->xch, e->pv, &v, 8193);
}

static int
bad_long_schedule(struct xr_env *e)
{
	struct xc_arinc653_schedule s = { .n = XC_ARINC653_MAX + 1 };

	return xc_sched_arinc653_schedule_set(e->xch, 0, &s);
}

static int
bad_params(struct xr_env *e)
{
	struct xc_sched_credit2_params p = { .ratelimit_us = 500001 };

	return xc_sched_credit2_params_set(e->xch, 0, &p);
}

static int
bad_no_map(struct xr_env *e)
{
	struct xc_cpupool_info info;
	uint8_t map;

	return xc_cpupool_getinfo(e->xch, 0, &info, &map, 0);
}

static int
bad_huge_map(struct xr_env *e)
{
	uint8_t map;

	return xc_cpupool_freeinfo(e->xch, &map, 2049);
}

static int
bad_pool(struct xr_env *e)
{
	return xc_cpupool_destroy(e->xch, 77);
}

static int
bad_scheduler(struct xr_env *e)
{
	uint32_t pool = XC_CPUPOOL_ANY;
	int r = xc_cpupool_create(e->xch, &pool, 99);

	/* Releases differ; the header says so. */
	if (r < 0 && errno == EINVAL)
		errno = ENOENT;
	return r;
}

static int
bad_move(struct xr_env *e)
{
	return xc_cpupool_movedomain(e->xch, 0, XR_WIDE);
}

const struct xr_bad xr_bad_sched[] = {
	{ "weight: 0", bad_weight, EINVAL, XB_ASKS, 0 },
	{ "weight: no place", bad_no_weight, EINVAL, 0, 0 },
	{ "credit of a credit2 domain", bad_other_scheduler, EINVAL, XB_ASKS,
	    0 },
	{ "rtds: no vCPUs", bad_no_vcpus, EINVAL, 0, 0 },
	{ "rtds: too many vCPUs", bad_many_vcpus, EINVAL, 0, 0 },
	{ "arinc653: too long", bad_long_schedule, EINVAL, 0, 0 },
	{ "credit2: rate limit", bad_params, EINVAL, XB_ASKS, 0 },
	{ "pool: no map", bad_no_map, EINVAL, 0, 0 },
	{ "pool: huge map", bad_huge_map, EINVAL, 0, 0 },
	{ "pool: none", bad_pool, ENOENT, XB_ASKS, 0 },
	{ "pool: no such scheduler", bad_scheduler, ENOENT, XB_ASKS, 0 },
	{ "pool: wide domain id", bad_move, ESRCH, 0, 0 },
	{ .what = NULL },
};
