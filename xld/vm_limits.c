/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vm_limits.h. */
#include "config.h"

#include <time.h>

#include "vm_cpuid.h"
#include "vm_limits.h"
#include "vm_place.h"
#include "vm_room.h"
#include "xenguest.h"

/* Xen's own need for a small domain. */
#define OVERHEAD_KIB 4096

/* KiB for nested page tables; Xen takes them from the host's memory. */
static uint64_t
paging_kib(const struct xu_val *v)
{
	enum dom_type type = config_type(v);
	const struct xg_build b = { .type = type == TYPE_PV ? XG_PV :
			type == TYPE_PVH		    ? XG_PVH :
							      XG_HVM,
		.memory_kib =
		    (uint64_t)xu_val_get_int(v, "memory_static_max", 0) / 1024,
		.max_vcpus = (uint32_t)xu_val_get_int(v, "VCPUs_max", 0) };
	int64_t given = config_number(v, "platform", "shadow_memory", 0);

	if (given > 0 && type != TYPE_PV)
		return (uint64_t)given * 1024;
	return xg_paging_pool(&b) / 1024;
}

uint64_t
limits_need(const struct xu_val *v)
{
	return ((uint64_t)xu_val_get_int(v, "memory_dynamic_max", 0) >> 12) +
	    (paging_kib(v) + OVERHEAD_KIB) / 4;
}

int
limits_free(struct core *c, uint64_t *pages, struct xu_err *e)
{
	struct xc_physinfo p;

	if (xc_physinfo(c->xch, &p) < 0)
		return xen_fail(c, e, "look at the host's memory");
	*pages = p.free_pages > p.outstanding_pages ?
	    p.free_pages - p.outstanding_pages : 0;
	return 0;
}

int
limits_too_little(struct core *c, uint64_t need, uint64_t avail,
    struct xu_err *e)
{
	struct xc_domaininfo dom0 = { .tot_pages = 0 };
	uint64_t keeps = room_floor(c) / 4;
	bool gives = keeps != 0;

	xc_domain_getinfo(c->xch, 0, &dom0);
	if (!gives || keeps > dom0.tot_pages)
		keeps = dom0.tot_pages;
	xu_err_set(e, "HOST_NOT_ENOUGH_FREE_MEMORY", 0,
	    "not enough memory: %llu MiB are needed and %llu MiB are free; "
	    "domain 0 keeps its %llu MiB (its floor): use less memory, end "
	    "another guest, or %s dom0_floor_mib in xld.conf",
	    (unsigned long long)(need + 255) / 256,
	    (unsigned long long)avail / 256, (unsigned long long)keeps / 256,
	    gives ? "lower" : "set");
	xu_err_param(e, "%llu", (unsigned long long)need << 12);
	xu_err_param(e, "%llu", (unsigned long long)avail << 12);
	return -1;
}

static int
set_scheduling(struct core *c, const struct xu_val *v, uint32_t domid,
    struct xu_err *e)
{
	int64_t weight = config_number(v, "VCPUs_params", "weight", 0);
	int64_t cap = config_number(v, "VCPUs_params", "cap", -1);
	uint16_t w, p;

	if (weight == 0 && cap < 0)
		return 0;
	if (xc_sched_credit_get(c->xch, domid, &w, &p) < 0 ||
	    xc_sched_credit_set(c->xch, domid,
		weight != 0 ? (uint16_t)weight : w,
		cap >= 0 ? (uint16_t)cap : p) < 0)
		return xen_fail(c, e, "set weight and cap");
	return 0;
}

/* What is Xen's default is not asked for. */
static int
set_clocks(struct core *c, const struct xu_val *v, uint32_t domid,
    struct xu_err *e)
{
	int64_t tsc = config_number(v, "platform", "tsc_mode", 0);
	int64_t offset = config_number(v, "platform", "timeoffset", 0);
	time_t now = time(NULL);
	struct tm t;

	if (config_number(v, "platform", "localtime", 0) != 0 &&
	    localtime_r(&now, &t) != NULL)
		offset += t.tm_gmtoff;
	if (tsc != 0 &&
	    xc_domain_set_tsc_info(c->xch, domid, (uint32_t)tsc, 0, 0, 0) < 0)
		return xen_fail(c, e, "set the TSC mode");
	if (offset != 0 &&
	    xc_domain_set_time_offset(c->xch, domid, offset) < 0)
		return xen_fail(c, e, "set the clock's offset");
	return 0;
}

int
limits_set(struct core *c, const struct xu_val *v, uint32_t domid,
    struct xu_err *e)
{
	if (xc_domain_max_vcpus(c->xch, domid,
		(uint32_t)xu_val_get_int(v, "VCPUs_max", 0)) < 0)
		return xen_fail(c, e, "make the vCPUs");
	/* Not what it may be given one day: a guest does not take that by itself. */
	if (xc_domain_set_max_mem(c->xch, domid,
		(uint64_t)xu_val_get_int(v, "memory_dynamic_max", 0) / 1024 +
		    LIMITS_SLACK_KIB) < 0)
		return xen_fail(c, e, "set the memory limit");
	if (place_vcpus(c, v, domid, e) < 0 ||
	    set_scheduling(c, v, domid, e) < 0 ||
	    set_clocks(c, v, domid, e) < 0 || cpuid_set(c, v, domid, e) < 0)
		return -1;
	if (paging_kib(v) != 0 &&
	    xc_set_paging_mempool(c->xch, domid, paging_kib(v) * 1024) < 0)
		return xen_fail(c, e, "reserve the paging pool");
	return 0;
}
