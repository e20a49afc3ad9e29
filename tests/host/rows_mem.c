/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows: log-dirty, batches, maps, virtual NUMA, page types. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <xen/xen.h>

#include "xc_rows.h"

static const char no_offline[] =
    "the emulated host stops now and then once a page in use was off-lined";
static const char no_audit[] = "Debian's Xen has no audits of physical maps";

/* --- shadow and populate on demand --------------------------------------- */

static void
shadow_off(struct xr_env *e, uint64_t domid)
{
	xc_shadow_control(e->xch, (uint32_t)domid, XC_SHADOW_OFF, 0);
}

static int
logdirty_on(struct xr_env *e)
{
	if (xc_shadow_control(e->xch, e->hvm, XC_SHADOW_ENABLE_LOGDIRTY, 0) < 0)
		return -1;
	xr_at_end(shadow_off, e->hvm);
	return 0;
}

static int
shadow(struct xr_env *e)
{
	if (logdirty_on(e) < 0)
		return -1;
	if (xc_shadow_control(e->xch, e->hvm, XC_SHADOW_ENABLE_LOGDIRTY,
		0) == 0)
		return xr_wrong("log-dirty mode twice");
	if (xr_refused(EINVAL) < 0)
		return -1;
	return xc_shadow_control(e->xch, e->hvm, XC_SHADOW_OFF, 0);
}

/* What a device model writes is logged; CLEAN forgets it, PEEK does not. */
static int
logdirty(struct xr_env *e)
{
	uint8_t map[XR_PAGES / 8];
	struct xc_logdirty_stats stats;
	const struct xc_gfn_range range = { 9, 1 };
	int64_t pages;

	if (logdirty_on(e) < 0 ||
	    xc_logdirty_control(e->xch, e->hvm, XC_LOGDIRTY_CLEAN, 0, map,
		XR_PAGES, NULL) < 0 ||
	    xc_hvm_modified_memory(e->xch, e->hvm, &range, 1) < 0)
		return -1;
	memset(map, 0xff, sizeof(map));
	pages = xc_logdirty_control(e->xch, e->hvm, XC_LOGDIRTY_PEEK, 0, map,
	    XR_PAGES, &stats);
	if (pages < 0)
		return -1;
	if (pages != XR_PAGES || map[1] != 0x02 || map[0] != 0)
		return xr_wrong("%lld pages, %#x %#x", (long long)pages,
		    map[0], map[1]);
	if (xc_logdirty_control(e->xch, e->hvm, XC_LOGDIRTY_CLEAN,
		XC_LOGDIRTY_FINAL, map, XR_PAGES, &stats) < 0 ||
	    xc_logdirty_control(e->xch, e->hvm, XC_LOGDIRTY_PEEK, 0, map,
		XR_PAGES, NULL) < 0)
		return -1;
	return map[1] == 0 ? 0 : xr_wrong("still dirty: %#x", map[1]);
}

static int
pod(struct xr_env *e)
{
	struct xc_pod_target t;

	if (xc_domain_set_pod_target(e->xch, e->hvm, XR_PAGES, &t) < 0 ||
	    xc_domain_get_pod_target(e->xch, e->hvm, &t) < 0)
		return -1;
	return t.tot_pages >= XR_PAGES && t.entries == 0 && t.cache_pages == 0
	    ? 0 : xr_wrong("%llu pages", (unsigned long long)t.tot_pages);
}

/* Half of the memory is there, the rest is a promise. */
static int
pod_entries(struct xr_env *e)
{
	struct xc_pod_target t;
	uint64_t extent = 0;
	uint32_t domid;

	if (xr_domain(e, e->hvm_flags, &domid) < 0 ||
	    xc_domain_max_vcpus(e->xch, domid, 1) < 0 ||
	    xc_set_paging_mempool(e->xch, domid, 2 << 20) < 0 ||
	    xc_domain_set_max_mem(e->xch, domid, 8192) < 0)
		return -1;
	switch (xc_populate_physmap(e->xch, domid, &extent, 1, 9,
	    XC_MEMF_POPULATE_ON_DEMAND)) {
	case 1:
		break;
	case -1:
		return -1;
	default:
		return xr_wrong("no entries to be filled");
	}
	if (xc_domain_set_pod_target(e->xch, domid, 100, NULL) < 0 ||
	    xc_domain_get_pod_target(e->xch, domid, &t) < 0)
		return -1;
	return t.cache_pages == 100 && t.entries == 512
	    ? 0 : xr_wrong("%llu pages for %llu entries",
		      (unsigned long long)t.cache_pages,
		      (unsigned long long)t.entries);
}

/* --- reservations and maps ----------------------------------------------- */

static void
give_back(struct xr_env *e, uint64_t mfn)
{
	xc_decrease_reservation(e->xch, e->pv, &mfn, 1, 0);
}

static int
increase(struct xr_env *e)
{
	uint64_t mfns[2] = { 0, 0 };
	long n = xc_increase_reservation(e->xch, e->pv, mfns, 2, 0, 0);

	if (n < 0)
		return -1;
	for (long i = 0; i < n; i++)
		xr_at_end(give_back, mfns[i]);
	return n == 2 && mfns[0] != 0 && mfns[0] != mfns[1]
	    ? 0 : xr_wrong("%ld extents", n);
}

static int
exchange(struct xr_env *e)
{
	uint64_t in = 5000, out = 5001, done = 77;
	long n = xc_populate_physmap(e->xch, e->pv, &in, 1, 0, 0);
	int r;

	if (n != 1)
		return n < 0 ? -1 : xr_wrong("no page");
	xr_at_end(give_back, in);
	r = xc_domain_memory_exchange_pages(e->xch, e->pv, 1, 0, &in, 1, 0,
	    &out, 0, &done);
	if (r < 0)
		return -1;
	xr_at_end(give_back, out);
	return r == 1 && done == 1 && out != 5001 && out != in
	    ? 0 : xr_wrong("%d exchanged, mfn %#llx", r,
		      (unsigned long long)out);
}

static void
move_back(struct xr_env *e, uint64_t gfn)
{
	xc_add_to_physmap(e->xch, e->hvm, XC_MAPSPACE_GMFN, gfn + 1000, gfn);
}

/* Two pages move; of the many others none is there, in two hypercalls. */
static int
batch(struct xr_env *e)
{
	enum { MANY = 3100 };
	static uint64_t idx[MANY], gfns[MANY];
	static int errs[MANY];

	idx[0] = 4000;
	idx[1] = 4001;
	gfns[0] = 5000;
	gfns[1] = 5001;
	if (xc_add_to_physmap_batch(e->xch, e->hvm, XC_MAPSPACE_GMFN, 0, 2, idx,
		gfns, errs) < 0)
		return -1;
	for (int i = 0; i < 2; i++)
		if (errs[i] == 0)
			xr_at_end(move_back, idx[i]);
	if (errs[0] != 0 || errs[1] != 0)
		return xr_wrong("errors %d %d", errs[0], errs[1]);
	for (int i = 0; i < MANY; i++) {
		idx[i] = 100000u + (unsigned)i;
		gfns[i] = 200000u + (unsigned)i;
		errs[i] = 0;
	}
	if (xc_add_to_physmap_batch(e->xch, e->hvm, XC_MAPSPACE_GMFN, 0, MANY,
		idx, gfns, errs) < 0)
		return -1;
	return errs[0] < 0 && errs[MANY - 1] < 0
	    ? 0 : xr_wrong("errors %d %d", errs[0], errs[MANY - 1]);
}

static int
own_map(struct xr_env *e)
{
	struct xc_e820 map[128];

	return xc_get_memory_map(e->xch, map, 128) < 0 ? -1 : 0;
}

static int
machine_map(struct xr_env *e)
{
	struct xc_e820 map[128];
	int n = xc_get_machine_memory_map(e->xch, map, 128);

	if (n < 0)
		return -1;
	return n >= 3 && map[0].addr == 0 && map[0].type == 1 &&
	    map[0].size >= 0x80000 ? 0 : xr_wrong("%d entries", n);
}

static int
ram_page(struct xr_env *e)
{
	struct xc_physinfo phys;
	int64_t max = xc_maximum_ram_page(e->xch);

	if (max < 0 || xc_physinfo(e->xch, &phys) < 0)
		return -1;
	return max > (int64_t)phys.total_pages / 2
	    ? 0 : xr_wrong("%lld", (long long)max);
}

static int
machphys(struct xr_env *e)
{
	struct xc_machphys m;
	uint64_t mfns[64];
	int n;

	if (xc_machphys_mapping(e->xch, &m) < 0)
		return -1;
	n = xc_machphys_mfn_list(e->xch, mfns, 64);
	if (n < 0)
		return -1;
	return m.start < m.end && n >= 1 && mfns[0] != 0
	    ? 0 : xr_wrong("%d pieces from %#llx", n,
		      (unsigned long long)m.start);
}

static int
machphys_compat(struct xr_env *e)
{
	uint64_t mfns[4];
	int n = xc_machphys_compat_mfn_list(e->xch, mfns, 4);

	if (n < 0)
		return -1;
	return n >= 1 && mfns[0] != 0 ? 0 : xr_wrong("%d pieces", n);
}

/* The machine has no IOMMU, so no device reserves anything. */
static int
reserved(struct xr_env *e)
{
	struct xc_rdm ranges[4];
	int n = xc_reserved_device_memory_map(e->xch, XC_RDM_ALL, 0, ranges, 4);

	return n < 0 ? -1 : n == 0 ? 0 : xr_wrong("%d ranges", n);
}

static int
vnuma(struct xr_env *e)
{
	uint32_t distance[4] = { 10, 20, 20, 10 }, vcpus[2] = { 0, 1 };
	uint32_t host[2] = { 0, 0 };
	struct xc_vmemrange ranges[2] = { { 0, 8 << 20, 0, 0 },
		{ 8 << 20, 16 << 20, 0, 1 } };
	struct xc_vnuma v = { 2, 2, 2, distance, vcpus, host, ranges };

	if (xc_domain_setvnuma(e->xch, e->pv, &v) < 0)
		return -1;
	memset(distance, 0, sizeof(distance));
	memset(vcpus, 0, sizeof(vcpus));
	memset(ranges, 0, sizeof(ranges));
	if (xc_domain_getvnuma(e->xch, e->pv, &v) < 0)
		return -1;
	if (v.nr_nodes != 2 || distance[1] != 20 || vcpus[1] != 1 ||
	    ranges[1].start != 8 << 20 || ranges[1].node != 1)
		return xr_wrong("%u nodes, distance %u", v.nr_nodes,
		    distance[1]);
	v.nr_nodes = v.nr_ranges = 1;
	if (xc_domain_getvnuma(e->xch, e->pv, &v) == 0)
		return xr_wrong("two nodes in the room of one");
	if (errno != ENOBUFS)
		return -1;
	return v.nr_nodes == 2 && v.nr_ranges == 2
	    ? 0 : xr_wrong("%u nodes needed", v.nr_nodes);
}

/* --- pages --------------------------------------------------------------- */

static int
page_types(struct xr_env *e)
{
	static uint64_t frames[1500];
	static uint32_t types[1500];

	for (unsigned i = 0; i < 1500; i++)
		frames[i] = xr_mfn(e, i);
	frames[7] = 1ull << 40;
	if (xc_get_pfn_type_batch(e->xch, e->pv, frames, types, 1500) < 0)
		return -1;
	return types[0] == XC_PFINFO_NONE && types[1499] == XC_PFINFO_NONE &&
	    types[7] == XC_PFINFO_XTAB
	    ? 0 : xr_wrong("types %#x %#x", types[0], types[7]);
}

static int
page_query(struct xr_env *e)
{
	const uint64_t mfn = xr_mfn(e, 100);
	uint32_t status[3];

	if (xc_query_page_offline_status(e->xch, mfn, mfn + 2, status) < 0)
		return -1;
	for (int i = 0; i < 3; i++)
		if (status[i] != 0)
			return xr_wrong("status %#x", status[i]);
	return 0;
}

/* No machine has these frames. */
#define BEYOND 0xfffffff0u

static int
page_offline(struct xr_env *e)
{
	uint32_t status[2];

	return xc_mark_page_offline(e->xch, BEYOND, BEYOND + 1, status);
}

static int
page_online(struct xr_env *e)
{
	uint32_t status[2];

	return xc_mark_page_online(e->xch, BEYOND, BEYOND + 1, status);
}

static int
broken(struct xr_env *e)
{
	const uint64_t gfn = 50;
	uint32_t type;

	if (xc_set_broken_page_p2m(e->xch, e->hvm, gfn) < 0 ||
	    xc_get_pfn_type_batch(e->xch, e->hvm, &gfn, &type, 1) < 0)
		return -1;
	return type == XC_PFINFO_BROKEN || type == XC_PFINFO_XTAB
	    ? 0 : xr_wrong("type %#x", type);
}

static int
audit(struct xr_env *e)
{
	struct xc_p2m_audit a;

	return xc_domain_p2m_audit(e->xch, e->hvm, &a);
}

#define HVM_ROW(name, call) { .function = name, call, .flags = XR_HVM }
#define HVM_CANNOT(name, call, why, err)                                       \
	{ name, call, 0, why, err, XR_HVM, 0, 0 }

const struct xr_row xr_rows_mem[] = {
	HVM_ROW("xc_shadow_control", shadow),
	HVM_ROW("xc_logdirty_control", logdirty),
	HVM_ROW("xc_domain_set_pod_target", pod),
	HVM_ROW("xc_domain_set_pod_target", pod_entries),
	HVM_ROW("xc_domain_get_pod_target", pod),
	{ .function = "xc_increase_reservation", increase },
	{ .function = "xc_domain_memory_exchange_pages", exchange },
	HVM_ROW("xc_add_to_physmap_batch", batch),
	{ .function = "xc_get_memory_map", own_map,
	    .cannot = "dom0 was given no memory map", .cannot_errno = ENOTSUP },
	{ .function = "xc_get_machine_memory_map", machine_map },
	{ .function = "xc_maximum_ram_page", ram_page },
	{ .function = "xc_machphys_mapping", machphys },
	{ .function = "xc_machphys_mfn_list", machphys },
	{ .function = "xc_machphys_compat_mfn_list", machphys_compat,
	    .cannot = "Debian's Xen has no 32-bit PV guests, nor their table",
	    .cannot_errno = ENOTSUP, .cannot_from = 15 },
	{ .function = "xc_reserved_device_memory_map", reserved },
	{ .function = "xc_domain_setvnuma", vnuma },
	{ .function = "xc_domain_getvnuma", vnuma },
	{ .function = "xc_get_pfn_type_batch", page_types },
	{ .function = "xc_query_page_offline_status", page_query },
	{ .function = "xc_mark_page_offline", page_offline,
	    .cannot = no_offline, .cannot_errno = EINVAL },
	{ .function = "xc_mark_page_online", page_online,
	    .cannot = no_offline, .cannot_errno = EINVAL },
	{ .function = "xc_set_broken_page_p2m", broken,
	    .flags = XR_HVM | XR_FRESH },
	HVM_CANNOT("xc_domain_p2m_audit", audit, no_audit, ENOTSUP),
	{ 0 },
};

/* --- bad arguments ------------------------------------------------------- */

static int
odd_shadow_mode(struct xr_env *e)
{
	return xc_shadow_control(e->xch, e->hvm, 3, 0);
}

static int
odd_logdirty(struct xr_env *e)
{
	return (int)xc_logdirty_control(e->xch, e->pv, 13, 0, NULL, 0, NULL);
}

static int
logdirty_nowhere(struct xr_env *e)
{
	return (int)xc_logdirty_control(e->xch, e->pv, XC_LOGDIRTY_PEEK, 0,
	    NULL, 8, NULL);
}

static int
huge_logdirty(struct xr_env *e)
{
	uint8_t byte;

	return (int)xc_logdirty_control(e->xch, e->pv, XC_LOGDIRTY_PEEK, 0,
	    &byte, XC_LOGDIRTY_MAX_PAGES + 1, NULL);
}

static int
exchange_nothing(struct xr_env *e)
{
	uint64_t a = 0, b = 0;

	return xc_domain_memory_exchange_pages(e->xch, e->pv, 0, 0, &a, 1, 0,
	    &b, 0, NULL);
}

static int
exchange_unequal(struct xr_env *e)
{
	uint64_t a = xr_mfn(e, 0), b = 5000;

	return xc_domain_memory_exchange_pages(e->xch, e->pv, 1, 0, &a, 1, 1,
	    &b, 0, NULL);
}

static int
batch_of_none(struct xr_env *e)
{
	uint64_t a = 0;
	int err;

	return xc_add_to_physmap_batch(e->xch, e->hvm, XC_MAPSPACE_GMFN, 0, 0,
	    &a, &a, &err);
}

static int
batch_without_errors(struct xr_env *e)
{
	uint64_t a = 0;

	return xc_add_to_physmap_batch(e->xch, e->hvm, XC_MAPSPACE_GMFN, 0, 1,
	    &a, &a, NULL);
}

static int
no_map_entries(struct xr_env *e)
{
	struct xc_e820 map;

	return xc_get_machine_memory_map(e->xch, &map, 0);
}

static int
huge_mfn_list(struct xr_env *e)
{
	uint64_t mfn;

	return xc_machphys_mfn_list(e->xch, &mfn, 65537);
}

static int
vnuma_of_none(struct xr_env *e)
{
	uint32_t zero = 0;
	struct xc_vmemrange r = { 0 };
	struct xc_vnuma v = { 0, 1, 1, &zero, &zero, &zero, &r };

	return xc_domain_setvnuma(e->xch, e->pv, &v);
}

static int
vnuma_unset(struct xr_env *e)
{
	uint32_t zero = 0;
	struct xc_vmemrange r = { 0 };
	struct xc_vnuma v = { 1, 1, 1, &zero, &zero, NULL, &r };

	return xc_domain_getvnuma(e->xch, e->hvm, &v);
}

static int
types_of_none(struct xr_env *e)
{
	uint64_t gfn = 0;
	uint32_t type;

	return xc_get_pfn_type_batch(e->xch, e->pv, &gfn, &type, 0);
}

static int
offline_backwards(struct xr_env *e)
{
	uint32_t status;

	return xc_mark_page_offline(e->xch, 9, 8, &status);
}

static int
offline_beyond(struct xr_env *e)
{
	uint32_t status;

	return xc_query_page_offline_status(e->xch, 0xfffffff0, 0xfffffff0,
	    &status);
}

const struct xr_bad xr_bad_mem[] = {
	{ "an odd shadow mode", odd_shadow_mode, EINVAL, 0, 0 },
	{ "an odd log-dirty operation", odd_logdirty, EINVAL, 0, 0 },
	{ "no place for dirty pages", logdirty_nowhere, EINVAL, 0, 0 },
	{ "a huge dirty bitmap", huge_logdirty, EINVAL, 0, 0 },
	{ "an exchange of nothing", exchange_nothing, EINVAL, 0, 0 },
	{ "an unequal exchange", exchange_unequal, EINVAL, XB_ASKS, 0 },
	{ "a batch of no pages", batch_of_none, EINVAL, XB_HVM, 0 },
	{ "a batch without errors", batch_without_errors, EINVAL, XB_HVM, 0 },
	{ "a memory map of no entries", no_map_entries, EINVAL, 0, 0 },
	{ "a huge list of frames", huge_mfn_list, EINVAL, 0, 0 },
	{ "virtual NUMA of no nodes", vnuma_of_none, EINVAL, 0, 0 },
	{ "virtual NUMA that was not set", vnuma_unset, ENOTSUP,
	    XB_ASKS | XB_HVM, 0 },
	{ "types of no pages", types_of_none, EINVAL, 0, 0 },
	{ "off-lining backwards", offline_backwards, EINVAL, 0, 0 },
	{ "off-lining beyond the memory", offline_beyond, EINVAL, XB_ASKS, 0 },
	{ 0 },
};
