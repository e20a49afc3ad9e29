/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows: log-dirty, batches, maps, virtual NUMA, page types, introspection. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <xen/xen.h>
#include <xen/hvm/params.h>

#include "xc_rows.h"

static const char no_access[] =
    "access rights per frame need Intel's EPT; the machine has AMD's NPT";
static const char no_step[] =
    "single steps need Intel's monitor trap flag; the machine has AMD's";
static const char no_call[] =
    "VMCALL is told of on Intel processors; the machine has AMD's";
static const char no_paging[] = "Debian's Xen has no memory paging";
static const char no_sharing[] = "Debian's Xen has no memory sharing";
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
	if (errno != EINVAL)
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
	    xc_set_paging_mempool(e->xch, domid, 2 << 20) < 0 ||
	    xc_domain_max_vcpus(e->xch, domid, 1) < 0 ||
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
	return n == 1 ? 0 : xr_wrong("%d pieces", n);
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

static void
online(struct xr_env *e, uint64_t mfn)
{
	uint32_t status;

	xc_mark_page_online(e->xch, mfn, mfn, &status);
}

/* A page in use is off-lined when its owner gives it back: told, and undone. */
static int
page_offline(struct xr_env *e)
{
	const uint64_t mfn = xr_mfn(e, 101);
	uint32_t status = 0;

	if (xc_mark_page_offline(e->xch, mfn, mfn, &status) < 0)
		return -1;
	xr_at_end(online, mfn);
	if ((status & XC_OFFLINE_PENDING) == 0 ||
	    (status & XC_OFFLINE_OWNED) == 0)
		return xr_wrong("offline: %#x", status);
	if (status >> XC_OFFLINE_OWNER_SHIFT != e->pv)
		return xr_wrong("the owner is %u",
		    status >> XC_OFFLINE_OWNER_SHIFT);
	if (xc_mark_page_online(e->xch, mfn, mfn, &status) < 0)
		return -1;
	if ((status & XC_OFFLINE_DONE) == 0)
		return xr_wrong("online: %#x", status);
	if (xc_query_page_offline_status(e->xch, mfn, mfn, &status) < 0)
		return -1;
	return status == 0
	    ? 0 : xr_wrong("query: %#x", status);
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

/* --- introspection ------------------------------------------------------- */

/* A frame beyond the domain's memory, for the ring. */
#define RING_GFN 5000u

struct ring {
	void *page;
	uint32_t port;
};

static void
ring_off(struct xr_env *e, uint64_t ring)
{
	xc_vm_event_disable(e->xch, e->hvm, XC_VM_EVENT_MONITOR);
	if (ring != 0)
		xc_unmap_foreign(e->xch, (void *)(uintptr_t)ring, 1);
}

static void
no_ring_frame(struct xr_env *e, uint64_t gfn)
{
	xc_remove_from_physmap(e->xch, e->hvm, gfn);
	xc_decrease_reservation(e->xch, e->hvm, &gfn, 1, 0);
	xc_hvm_param_set(e->xch, e->hvm, HVM_PARAM_MONITOR_RING_PFN, 0);
}

static int
ring_on(struct xr_env *e, struct ring *ring)
{
	if (xc_hvm_param_set(e->xch, e->hvm, HVM_PARAM_MONITOR_RING_PFN,
		RING_GFN) < 0)
		return -1;
	xr_at_end(no_ring_frame, RING_GFN);
	ring->page = xc_monitor_enable(e->xch, e->hvm, &ring->port);
	if (ring->page == NULL)
		return -1;
	xr_at_end(ring_off, (uintptr_t)ring->page);
	return 0;
}

static int
ring(struct xr_env *e)
{
	struct ring ring;
	uint16_t type;
	uint32_t port;

	if (ring_on(e, &ring) < 0 ||
	    xc_hvm_get_mem_type(e->xch, e->hvm, RING_GFN, &type) < 0)
		return -1;
	if (ring.port == 0 || type != XC_HVMMEM_MMIO_DM)
		return xr_wrong("port %u, the guest sees type %u", ring.port,
		    type);
	if (xc_vm_event_enable(e->xch, e->hvm, XC_VM_EVENT_MONITOR, &port) !=
	    NULL)
		return xr_wrong("two rings");
	if (errno != EBUSY)
		return -1;
	if (xc_monitor_resume(e->xch, e->hvm) < 0)
		return -1;
	return xc_monitor_disable(e->xch, e->hvm);
}

static int
ring_resume(struct xr_env *e)
{
	struct ring ring;

	if (ring_on(e, &ring) < 0 ||
	    xc_vm_event_resume(e->xch, e->hvm, XC_VM_EVENT_MONITOR) < 0)
		return -1;
	return xc_vm_event_disable(e->xch, e->hvm, XC_VM_EVENT_MONITOR);
}

static int
event_version(struct xr_env *e)
{
	int v = xc_vm_event_get_version(e->xch);

	if (v < 0)
		return -1;
	return v == (e->minor >= 15 ? 7 : 6) ? 0 : xr_wrong("version %d", v);
}

static int
capabilities(struct xr_env *e)
{
	uint32_t caps;

	if (xc_monitor_get_capabilities(e->xch, e->hvm, &caps) < 0)
		return -1;
	/* 4: requests of the guest, possible everywhere. */
	return (caps >> 4 & 1) != 0 ? 0 : xr_wrong("%#x", caps);
}

#define MONITOR_ROW(name, on, off)                                             \
	static int name(struct xr_env *e)                                      \
	{                                                                      \
		struct ring ring;                                              \
									       \
		if (ring_on(e, &ring) < 0 || (on) < 0)                         \
			return -1;                                             \
		return off;                                                    \
	}

MONITOR_ROW(m_ctrlreg,
    xc_monitor_write_ctrlreg(e->xch, e->hvm, 0, true, true, 0, true),
    xc_monitor_write_ctrlreg(e->xch, e->hvm, 0, false, true, 0, true))
MONITOR_ROW(m_msr,
    xc_monitor_mov_to_msr(e->xch, e->hvm, 0xc0000080, true, true),
    xc_monitor_mov_to_msr(e->xch, e->hvm, 0xc0000080, false, true))
MONITOR_ROW(m_step, xc_monitor_singlestep(e->xch, e->hvm, true),
    xc_monitor_singlestep(e->xch, e->hvm, false))
MONITOR_ROW(m_breakpoint,
    xc_monitor_software_breakpoint(e->xch, e->hvm, true),
    xc_monitor_software_breakpoint(e->xch, e->hvm, false))
MONITOR_ROW(m_descriptor,
    xc_monitor_descriptor_access(e->xch, e->hvm, true),
    xc_monitor_descriptor_access(e->xch, e->hvm, false))
MONITOR_ROW(m_request,
    xc_monitor_guest_request(e->xch, e->hvm, true, true, false),
    xc_monitor_guest_request(e->xch, e->hvm, false, true, false))
MONITOR_ROW(m_pagefault,
    xc_monitor_inguest_pagefault(e->xch, e->hvm, true),
    xc_monitor_inguest_pagefault(e->xch, e->hvm, false))
MONITOR_ROW(m_debug,
    xc_monitor_debug_exceptions(e->xch, e->hvm, true, true),
    xc_monitor_debug_exceptions(e->xch, e->hvm, false, true))
MONITOR_ROW(m_cpuid, xc_monitor_cpuid(e->xch, e->hvm, true),
    xc_monitor_cpuid(e->xch, e->hvm, false))
MONITOR_ROW(m_call, xc_monitor_privileged_call(e->xch, e->hvm, true),
    xc_monitor_privileged_call(e->xch, e->hvm, false))
MONITOR_ROW(m_unimplemented,
    xc_monitor_emul_unimplemented(e->xch, e->hvm, true),
    xc_monitor_emul_unimplemented(e->xch, e->hvm, false))
MONITOR_ROW(m_vmexit, xc_monitor_vmexit(e->xch, e->hvm, true, true),
    xc_monitor_vmexit(e->xch, e->hvm, false, true))
MONITOR_ROW(m_io, xc_monitor_io(e->xch, e->hvm, true),
    xc_monitor_io(e->xch, e->hvm, false))
MONITOR_ROW(m_each_rep, xc_monitor_emulate_each_rep(e->xch, e->hvm, true),
    xc_monitor_emulate_each_rep(e->xch, e->hvm, false))
MONITOR_ROW(m_registers, xc_monitor_control_registers(e->xch, e->hvm), 0)
MONITOR_ROW(access_set,
    xc_set_mem_access(e->xch, e->hvm, XC_ACCESS_RX, 70, 2),
    xc_set_mem_access(e->xch, e->hvm, XC_ACCESS_RWX, 70, 2))

static int
access_multi(struct xr_env *e)
{
	const uint8_t access[2] = { XC_ACCESS_R, XC_ACCESS_RWX };
	const uint64_t gfns[2] = { 70, 71 };
	struct ring ring;

	if (ring_on(e, &ring) < 0)
		return -1;
	return xc_set_mem_access_multi(e->xch, e->hvm, access, gfns, 2);
}

static int
access_get(struct xr_env *e)
{
	uint8_t access;
	struct ring ring;

	if (ring_on(e, &ring) < 0 ||
	    xc_get_mem_access(e->xch, e->hvm, 70, &access) < 0)
		return -1;
	return access == XC_ACCESS_RWX ? 0 : xr_wrong("access %u", access);
}

static int
access_required(struct xr_env *e)
{
	if (xc_domain_set_access_required(e->xch, e->hvm, true) < 0)
		return -1;
	return xc_domain_set_access_required(e->xch, e->hvm, false);
}

/* --- paging and sharing: not in these builds ------------------------------ */

#define CALL_ROW(name, call)                                                   \
	static int name(struct xr_env *e)                                      \
	{                                                                      \
		return (int)(call) < 0 ? -1 : 0;                               \
	}

CALL_ROW(nominate_out, xc_mem_paging_nominate(e->xch, e->hvm, 80))
CALL_ROW(evict, xc_mem_paging_evict(e->xch, e->hvm, 80))
CALL_ROW(prep, xc_mem_paging_prep(e->xch, e->hvm, 80, NULL))
CALL_ROW(share_on, xc_memshr_control(e->xch, e->hvm, true))
CALL_ROW(share_gfn,
    xc_memshr_nominate_gfn(e->xch, e->hvm, 80, &(uint64_t){ 0 }))
CALL_ROW(share_gref,
    xc_memshr_nominate_gref(e->xch, e->hvm, 8, &(uint64_t){ 0 }))
CALL_ROW(share_add, xc_memshr_add_to_physmap(e->xch,
    &(struct xc_memshr_page){ e->hvm, 80, 1 }, e->hvm, 6000))
CALL_ROW(share_range, xc_memshr_range_share(e->xch, e->hvm, e->hvm, 80, 81))
CALL_ROW(share_debug_gfn, xc_memshr_debug_gfn(e->xch, e->hvm, 80))
CALL_ROW(share_debug_mfn, xc_memshr_debug_mfn(e->xch, e->hvm, 80))
CALL_ROW(share_debug_gref, xc_memshr_debug_gref(e->xch, e->hvm, 8))
CALL_ROW(share_audit, xc_memshr_audit(e->xch))
CALL_ROW(fork_, xc_memshr_fork(e->xch, e->hvm, e->hvm, 0))
CALL_ROW(fork_reset, xc_memshr_fork_reset(e->xch, e->hvm,
    XC_FORK_RESET_MEMORY))

/* Without sharing no page is shared. */
static int
none_shared(int64_t pages)
{
	return pages < 0 ? -1
	    : pages == 0 ? 0
			 : xr_wrong("%lld pages", (long long)pages);
}

static int
share_freed(struct xr_env *e)
{
	return none_shared(xc_sharing_freed_pages(e->xch));
}

static int
share_used(struct xr_env *e)
{
	return none_shared(xc_sharing_used_frames(e->xch));
}

static int
share(struct xr_env *e)
{
	const struct xc_memshr_page a = { e->hvm, 80, 1 }, b = { e->hvm, 81,
		2 };

	return xc_memshr_share(e->xch, &a, &b);
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
	    .cannot_errno = ENOTSUP },
	{ .function = "xc_reserved_device_memory_map", reserved },
	{ .function = "xc_domain_setvnuma", vnuma },
	{ .function = "xc_domain_getvnuma", vnuma },
	{ .function = "xc_get_pfn_type_batch", page_types },
	{ .function = "xc_query_page_offline_status", page_query },
	{ .function = "xc_mark_page_offline", page_offline,
	    .flags = XR_LAST | XR_OTHER_ID },
	{ .function = "xc_mark_page_online", page_offline,
	    .flags = XR_LAST | XR_OTHER_ID },
	{ .function = "xc_set_broken_page_p2m", broken,
	    .flags = XR_HVM | XR_FRESH },
	HVM_CANNOT("xc_domain_p2m_audit", audit, no_audit, ENOTSUP),
	HVM_ROW("xc_vm_event_enable", ring),
	HVM_ROW("xc_vm_event_disable", ring_resume),
	HVM_ROW("xc_vm_event_resume", ring_resume),
	{ .function = "xc_vm_event_get_version", event_version },
	HVM_ROW("xc_monitor_enable", ring),
	HVM_ROW("xc_monitor_disable", ring),
	HVM_ROW("xc_monitor_resume", ring),
	HVM_ROW("xc_monitor_get_capabilities", capabilities),
	HVM_ROW("xc_monitor_write_ctrlreg", m_ctrlreg),
	HVM_ROW("xc_monitor_mov_to_msr", m_msr),
	HVM_CANNOT("xc_monitor_singlestep", m_step, no_step, ENOTSUP),
	HVM_ROW("xc_monitor_software_breakpoint", m_breakpoint),
	HVM_ROW("xc_monitor_descriptor_access", m_descriptor),
	HVM_ROW("xc_monitor_guest_request", m_request),
	HVM_ROW("xc_monitor_inguest_pagefault", m_pagefault),
	HVM_ROW("xc_monitor_debug_exceptions", m_debug),
	HVM_ROW("xc_monitor_cpuid", m_cpuid),
	HVM_CANNOT("xc_monitor_privileged_call", m_call, no_call, ENOTSUP),
	HVM_ROW("xc_monitor_emul_unimplemented", m_unimplemented),
	{ .function = "xc_monitor_vmexit", m_vmexit, .since = 17,
	    .flags = XR_HVM },
	{ .function = "xc_monitor_io", m_io, .since = 18, .flags = XR_HVM },
	HVM_ROW("xc_monitor_emulate_each_rep", m_each_rep),
	HVM_ROW("xc_monitor_control_registers", m_registers),
	HVM_CANNOT("xc_set_mem_access", access_set, no_access, EINVAL),
	HVM_CANNOT("xc_set_mem_access_multi", access_multi, no_access, EINVAL),
	HVM_CANNOT("xc_get_mem_access", access_get, no_access, EINVAL),
	HVM_ROW("xc_domain_set_access_required", access_required),
	HVM_CANNOT("xc_mem_paging_nominate", nominate_out, no_paging, ENOTSUP),
	HVM_CANNOT("xc_mem_paging_evict", evict, no_paging, ENOTSUP),
	HVM_CANNOT("xc_mem_paging_prep", prep, no_paging, ENOTSUP),
	HVM_CANNOT("xc_memshr_control", share_on, no_sharing, ENOTSUP),
	HVM_CANNOT("xc_memshr_nominate_gfn", share_gfn, no_sharing, ENOTSUP),
	HVM_CANNOT("xc_memshr_nominate_gref", share_gref, no_sharing, ENOTSUP),
	HVM_CANNOT("xc_memshr_share", share, no_sharing, ENOTSUP),
	HVM_CANNOT("xc_memshr_add_to_physmap", share_add, no_sharing, ENOTSUP),
	HVM_CANNOT("xc_memshr_range_share", share_range, no_sharing, ENOTSUP),
	HVM_CANNOT("xc_memshr_debug_gfn", share_debug_gfn, no_sharing, ENOTSUP),
	HVM_CANNOT("xc_memshr_debug_mfn", share_debug_mfn, no_sharing, ENOTSUP),
	HVM_CANNOT("xc_memshr_debug_gref", share_debug_gref, no_sharing,
	    ENOTSUP),
	HVM_CANNOT("xc_memshr_audit", share_audit, no_sharing, ENOTSUP),
	HVM_CANNOT("xc_memshr_fork", fork_, no_sharing, ENOTSUP),
	HVM_CANNOT("xc_memshr_fork_reset", fork_reset, no_sharing, ENOTSUP),
	{ .function = "xc_sharing_freed_pages", share_freed },
	{ .function = "xc_sharing_used_frames", share_used },
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

static int
odd_ring(struct xr_env *e)
{
	uint32_t port;

	return xr_not_null(xc_vm_event_enable(e->xch, e->hvm, 9, &port));
}

static int
ring_without_port(struct xr_env *e)
{
	return xr_not_null(xc_monitor_enable(e->xch, e->hvm, NULL));
}

static int
ring_without_frame(struct xr_env *e)
{
	uint32_t port;

	return xr_not_null(xc_monitor_enable(e->xch, e->hvm, &port));
}

static int
access_of_none(struct xr_env *e)
{
	return xc_set_mem_access(e->xch, e->hvm, XC_ACCESS_R, 70, 0);
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
	{ "an odd kind of ring", odd_ring, EINVAL, XB_HVM, 0 },
	{ "no place for a ring's port", ring_without_port, EINVAL, XB_HVM, 0 },
	{ "a ring without a frame", ring_without_frame, EINVAL,
	    XB_ASKS | XB_HVM, 0 },
	{ "access rights of no frames", access_of_none, EINVAL, XB_HVM, 0 },
	{ 0 },
};
