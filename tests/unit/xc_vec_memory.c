/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Vectors: memory_op, mmuext_op, and the grants and event channels of other
 * domains. Their interfaces are stable: the headers are right for every
 * release. */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include <check.h>
#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/sched.h>

#include "xc_vec.h"

#define MEM(cmd, type, ...)                                                    \
	CMD(HC_MEMORY, XENMEM_##cmd, struct type, __VA_ARGS__)

static void
reservations(xc_interface *x)
{
	uint64_t pfns[2] = { 7, 8 }, out[1] = { 9 }, done;

	ANSWER(HC_MEMORY, XENMEM_populate_physmap, QUADS(0x107, 0x108), 0,
	    .there = true, .result = 2);
	VR(2, xc_populate_physmap, (x, 5, pfns, 2, 9, XC_MEMF_NODE(1)),
	    MEM(populate_physmap, xen_memory_reservation,
		{ .extent_start = P(0), .nr_extents = 2, .extent_order = 9,
		    .mem_flags = XENMEMF_node(1), .domid = 5 });
	    DEEP(0, uint64_t, 7, 8); EQ(pfns[0], 0x107); EQ(pfns[1], 0x108));
	ANSWER(HC_MEMORY, XENMEM_increase_reservation, .result = 2);
	VR(2, xc_increase_reservation, (x, 5, pfns, 2, 0, 0),
	    MEM(increase_reservation, xen_memory_reservation,
		{ .extent_start = P(0), .nr_extents = 2, .domid = 5 }));
	ANSWER(HC_MEMORY, XENMEM_decrease_reservation, .result = 2);
	VR(2, xc_decrease_reservation, (x, 5, pfns, 2, 0),
	    MEM(decrease_reservation, xen_memory_reservation,
		{ .extent_start = P(0), .nr_extents = 2, .domid = 5 });
	    DEEP(0, uint64_t, 0x107, 0x108));
	/* Nothing done: is there such a domain? */
	ANSWER(HC_MEMORY, XENMEM_current_reservation, .err = ESRCH);
	VR(-1, xc_decrease_reservation, (x, 5, pfns, 2, 0),
	    MEM(decrease_reservation, xen_memory_reservation,
		{ .extent_start = P(0), .nr_extents = 2, .domid = 5 });
	    MEM(current_reservation, xen_memory_domain, { .domid = 5 }));
	ANSWER(HC_MEMORY, XENMEM_exchange, QUADS(2), 64);
	ANSWER(HC_MEMORY, XENMEM_exchange, QUADS(0x999), 32, .there = true);
	VR(2, xc_domain_memory_exchange_pages,
	    (x, 5, 2, 3, pfns, 1, 4, out, 32, &done),
	    MEM(exchange, xen_memory_exchange,
		{ .in = { .extent_start = P(0), .nr_extents = 2,
			.extent_order = 3, .domid = 5 },
		    .out = { .extent_start = P(16), .nr_extents = 1,
			.extent_order = 4, .mem_flags = 32, .domid = 5 } });
	    DEEP(0, uint64_t, 0x107, 0x108, 9); DEEP(1, uint64_t, 9);
	    EQ(done, 2); EQ(out[0], 0x999));
	V(xc_claim_pages, (x, 5, 0x10000),
	    MEM(claim_pages, xen_memory_reservation,
		{ .nr_extents = 0x10000, .domid = 5 }));
	ANSWER(HC_MEMORY, XENMEM_current_reservation, .result = 4096);
	VR(4096, xc_current_reservation, (x, 5),
	    MEM(current_reservation, xen_memory_domain, { .domid = 5 }));
	ANSWER(HC_MEMORY, XENMEM_maximum_reservation, .result = 8192);
	VR(8192, xc_maximum_reservation, (x, 5),
	    MEM(maximum_reservation, xen_memory_domain, { .domid = 5 }));
	ANSWER(HC_MEMORY, XENMEM_maximum_gpfn, .result = 0x180000000);
	VR(0x180000000, xc_maximum_gpfn, (x, 5),
	    MEM(maximum_gpfn, xen_memory_domain, { .domid = 5 }));
}

static void
physmap(xc_interface *x)
{
	const uint64_t idx[2] = { 1, 2 }, gfns[2] = { 3, 4 };
	const struct xc_e820 map[2] = { { 0, 0xa0000, 1 },
		{ 0x100000, 0x7000000000, 2 } };
	struct xc_pod_target pod;
	int errs[2];

	V(xc_add_to_physmap, (x, 5, XC_MAPSPACE_GRANT_TABLE, 3, 0xfeff),
	    MEM(add_to_physmap, xen_add_to_physmap,
		{ .domid = 5, .space = XENMAPSPACE_grant_table, .idx = 3,
		    .gpfn = 0xfeff }));
	V(xc_remove_from_physmap, (x, 5, 0xfeff),
	    MEM(remove_from_physmap, xen_remove_from_physmap,
		{ .domid = 5, .gpfn = 0xfeff }));
	/* The three lists of a batch have 3072 entries each. */
	ANSWER(HC_MEMORY, XENMEM_add_to_physmap_batch, WORDS(0, -EINVAL), 24,
	    .there = true);
	V(xc_add_to_physmap_batch,
	    (x, 5, XC_MAPSPACE_GMFN_FOREIGN, 9, 2, idx, gfns, errs),
	    MEM(add_to_physmap_batch, xen_add_to_physmap_batch,
		{ .domid = 5, .space = XENMAPSPACE_gmfn_foreign, .size = 2,
		    .u.foreign_domid = 9, .idxs = P(0), .gpfns = P(24576),
		    .errs = P(49152) });
	    BEHIND(0, idx, 16); BEHIND(1, gfns, 16); EQ(errs[0], 0);
	    EQ(errs[1], -EINVAL));
	V(xc_set_memory_map, (x, 5, map, 2),
	    MEM(set_memory_map, xen_foreign_memory_map,
		{ .domid = 5, .map = { .nr_entries = 2, .buffer = P(0) } });
	    DEEP(0, uint32_t, 0, 0, 0xa0000, 0, 1, 0x100000, 0, 0, 0x70, 2));
	ANSWER(HC_MEMORY, XENMEM_set_pod_target, QUADS(1, 2, 3), 8);
	V(xc_domain_set_pod_target, (x, 5, 4096, &pod),
	    MEM(set_pod_target, xen_pod_target,
		{ .target_pages = 4096, .domid = 5 });
	    EQ(pod.tot_pages, 1); EQ(pod.cache_pages, 2); EQ(pod.entries, 3));
	ANSWER(HC_MEMORY, XENMEM_get_pod_target, QUADS(4, 5, 6), 8);
	V(xc_domain_get_pod_target, (x, 5, &pod),
	    MEM(get_pod_target, xen_pod_target, { .domid = 5 });
	    EQ(pod.tot_pages, 4); EQ(pod.cache_pages, 5); EQ(pod.entries, 6));
}

static void
machine(xc_interface *x)
{
	struct xc_e820 map[4];
	struct xc_machphys mp;
	struct xc_rdm rdm[2];
	uint64_t mfns[4];

	ANSWER(HC_MEMORY, XENMEM_memory_map, WORDS(2), 0);
	ANSWER(HC_MEMORY, XENMEM_memory_map,
	    WORDS(0, 0, 0xa0000, 0, 1, 0x100000, 0, 0, 0x70, 2), 8,
	    .there = true);
	VR(2, xc_get_memory_map, (x, map, 4),
	    MEM(memory_map, xen_memory_map,
		{ .nr_entries = 4, .buffer = P(0) });
	    EQ(map[0].size, 0xa0000); EQ(map[1].addr, 0x100000);
	    EQ(map[1].size, 0x7000000000); EQ(map[1].type, 2));
	ANSWER(HC_MEMORY, XENMEM_machine_memory_map, WORDS(1), 0);
	VR(1, xc_get_machine_memory_map, (x, map, 4),
	    MEM(machine_memory_map, xen_memory_map,
		{ .nr_entries = 4, .buffer = P(0) }));
	ANSWER(HC_MEMORY, XENMEM_maximum_ram_page, .result = 0x17fffffff);
	VR(0x17fffffff, xc_maximum_ram_page, (x),
	    NUMBERS(HC_MEMORY, XENMEM_maximum_ram_page,
		XENMEM_maximum_ram_page));
	ANSWER(HC_MEMORY, XENMEM_machphys_mapping, QUADS(1, 2, 3), 0);
	V(xc_machphys_mapping, (x, &mp),
	    MEM(machphys_mapping, xen_machphys_mapping, { 0 });
	    EQ(mp.start, 1); EQ(mp.end, 2); EQ(mp.max_mfn, 3));
	ANSWER(HC_MEMORY, XENMEM_machphys_mfn_list, QUADS(7, 8), 8,
	    .there = true);
	ANSWER(HC_MEMORY, XENMEM_machphys_mfn_list, WORDS(2), 16);
	VR(2, xc_machphys_mfn_list, (x, mfns, 4),
	    MEM(machphys_mfn_list, xen_machphys_mfn_list,
		{ .max_extents = 4, .extent_start = P(0) });
	    EQ(mfns[0], 7); EQ(mfns[1], 8));
	ANSWER(HC_MEMORY, XENMEM_machphys_compat_mfn_list, WORDS(1), 16);
	VR(1, xc_machphys_compat_mfn_list, (x, mfns, 4),
	    MEM(machphys_compat_mfn_list, xen_machphys_mfn_list,
		{ .max_extents = 4, .extent_start = P(0) }));
	ANSWER(HC_MEMORY, XENMEM_reserved_device_memory_map, WORDS(1), 4);
	ANSWER(HC_MEMORY, XENMEM_reserved_device_memory_map,
	    QUADS(0xe0, 0x10), 8, .there = true);
	VR(1, xc_reserved_device_memory_map,
	    (x, 0, XC_SBDF(1, 2, 3, 4), rdm, 2),
	    MEM(reserved_device_memory_map, xen_reserved_device_memory_map,
		{ .nr_entries = 2, .buffer = P(0),
		    .dev.pci = { 1, 2, 3 << 3 | 4 } });
	    EQ(rdm[0].start_pfn, 0xe0); EQ(rdm[0].pages, 0x10));
	VR(0, xc_reserved_device_memory_map, (x, XC_RDM_ALL, 0, NULL, 0),
	    MEM(reserved_device_memory_map, xen_reserved_device_memory_map,
		{ .flags = XENMEM_RDM_ALL }));
}

static void
tables(xc_interface *x)
{
#define PIN(fn, args, cmd_)                                                    \
	V(fn, args, do {                                                       \
		static const struct mmuext_op w_ = { .cmd = cmd_,              \
			.arg1.mfn = 0x1234 };                                  \
		vec_sent(HC_MMUEXT, cmd_,                                      \
		    (const uint64_t[5]){ VEC_PTR(0), 1, 0, 5 }, &w_,           \
		    sizeof(w_));                                               \
	} while (0))
	PIN(xc_pin_table, (x, 5, 1, 0x1234), MMUEXT_PIN_L1_TABLE);
	PIN(xc_pin_table, (x, 5, 2, 0x1234), MMUEXT_PIN_L2_TABLE);
	PIN(xc_pin_table, (x, 5, 3, 0x1234), MMUEXT_PIN_L3_TABLE);
	PIN(xc_pin_table, (x, 5, 4, 0x1234), MMUEXT_PIN_L4_TABLE);
	PIN(xc_unpin_table, (x, 5, 0x1234), MMUEXT_UNPIN_TABLE);
#undef PIN
}

/* In one buffer: room for two ranges, nine distances, three vCPUs, three nodes
 * of the host. */
static void
numa(xc_interface *x)
{
	uint32_t distance[9], vcpu[3];
	struct xc_vmemrange ranges[2];
	struct xc_vnuma v = { 3, 2, 3, distance, vcpu, NULL, ranges };

	ANSWER(HC_MEMORY, XENMEM_get_vnumainfo, WORDS(2, 1, 1), 4);
	ANSWER(HC_MEMORY, XENMEM_get_vnumainfo, WORDS(10, 20, 21, 10), 16,
	    .there = true);
	ANSWER(HC_MEMORY, XENMEM_get_vnumainfo, WORDS(1), 24, .there = true);
	ANSWER(HC_MEMORY, XENMEM_get_vnumainfo, QUADS(0, 0x1000, 1ull << 32),
	    32, .there = true);
	V(xc_domain_getvnuma, (x, 5, &v),
	    MEM(get_vnumainfo, xen_vnuma_topology_info,
		{ .domid = 5, .nr_vnodes = 3, .nr_vcpus = 3,
		    .nr_vmemranges = 2, .vdistance.h = P(48),
		    .vcpu_to_vnode.h = P(84), .vmemrange.h = P(0) });
	    EQ(v.nr_nodes, 2); EQ(v.nr_vcpus, 1); EQ(v.nr_ranges, 1);
	    EQ(distance[2], 21); EQ(vcpu[0], 1); EQ(ranges[0].end, 0x1000);
	    EQ(ranges[0].node, 1));
}

static void
access_rights(xc_interface *x)
{
	const uint8_t access[2] = { XC_ACCESS_R, XC_ACCESS_RX };
	const uint64_t gfns[2] = { 7, 8 };
	uint8_t a;

	V(xc_set_mem_access, (x, 5, XC_ACCESS_RX, 0x1000, 16),
	    MEM(access_op, xen_mem_access_op,
		{ .op = XENMEM_access_op_set_access,
		    .access = XENMEM_access_rx, .domid = 5, .nr = 16,
		    .pfn = 0x1000 }));
	V(xc_set_mem_access, (x, 5, XC_ACCESS_N2RWX, XC_ACCESS_ALL, 0),
	    MEM(access_op, xen_mem_access_op,
		{ .op = XENMEM_access_op_set_access,
		    .access = XENMEM_access_n2rwx, .domid = 5,
		    .pfn = ~0ull }));
	V(xc_set_mem_access_multi, (x, 5, access, gfns, 2),
	    MEM(access_op, xen_mem_access_op,
		{ .op = XENMEM_access_op_set_access_multi, .domid = 5,
		    .nr = 2, .pfn_list = P(0), .access_list = P(16) });
	    BEHIND(0, gfns, 16); BEHIND(1, access, 2));
	ANSWER(HC_MEMORY, XENMEM_access_op, OCTETS(XENMEM_access_rwx), 1);
	V(xc_get_mem_access, (x, 5, 0x1000, &a),
	    MEM(access_op, xen_mem_access_op,
		{ .op = XENMEM_access_op_get_access, .domid = 5,
		    .pfn = 0x1000 });
	    EQ(a, XC_ACCESS_RWX));
}

#define SHARING(op_, domid_, ...)                                              \
	MEM(sharing_op, xen_mem_sharing_op,                                    \
	    { .op = XENMEM_sharing_op_##op_, .domain = domid_, __VA_ARGS__ })

static void
sharing(xc_interface *x)
{
	const struct xc_memshr_page source = { 5, 7, 0x11 },
				    client = { 6, 8, 0x22 };
	uint64_t handle;

	ANSWER(HC_MEMORY, XENMEM_sharing_op, QUADS(0x77), 16);
	V(xc_memshr_nominate_gfn, (x, 5, 7, &handle),
	    SHARING(nominate_gfn, 5, .u.nominate.u.gfn = 7);
	    EQ(handle, 0x77));
	ANSWER(HC_MEMORY, XENMEM_sharing_op, QUADS(0x78), 16);
	V(xc_memshr_nominate_gref, (x, 5, 8, &handle),
	    SHARING(nominate_gref, 5, .u.nominate.u.grant_ref = 8);
	    EQ(handle, 0x78));
	V(xc_memshr_share, (x, &source, &client),
	    SHARING(share, 5, .u.share = { 7, 0x11, 8, 0x22, 6 }));
	V(xc_memshr_add_to_physmap, (x, &source, 6, 8),
	    SHARING(add_physmap, 5, .u.share = { 7, 0x11, 8, 0, 6 }));
	V(xc_memshr_range_share, (x, 5, 6, 1, 9),
	    SHARING(range_share, 5,
		.u.range = { .first_gfn = 1, .last_gfn = 9,
		    .client_domain = 6 }));
	V(xc_memshr_debug_gfn, (x, 5, 7),
	    SHARING(debug_gfn, 5, .u.debug.u.gfn = 7));
	V(xc_memshr_debug_mfn, (x, 5, 8),
	    SHARING(debug_mfn, 5, .u.debug.u.mfn = 8));
	V(xc_memshr_debug_gref, (x, 5, 9),
	    SHARING(debug_gref, 5, .u.debug.u.gref = 9));
	V(xc_memshr_audit, (x), SHARING(audit, 0, .u.debug.u.gfn = 0));
	V(xc_memshr_fork, (x, 5, 6, XC_FORK_BLOCK_INTERRUPTS),
	    SHARING(fork, 6,
		.u.fork = { .parent_domain = 5,
		    .flags = XENMEM_FORK_BLOCK_INTERRUPTS }));
	V(xc_memshr_fork_reset, (x, 6, XC_FORK_RESET_MEMORY),
	    SHARING(fork_reset, 6,
		.u.fork = { .flags = XENMEM_FORK_RESET_MEMORY }));
	ANSWER(HC_MEMORY, XENMEM_get_sharing_freed_pages, .result = 11);
	VR(11, xc_sharing_freed_pages, (x),
	    NUMBERS(HC_MEMORY, XENMEM_get_sharing_freed_pages,
		XENMEM_get_sharing_freed_pages));
	ANSWER(HC_MEMORY, XENMEM_get_sharing_shared_pages, .result = 12);
	VR(12, xc_sharing_used_frames, (x),
	    NUMBERS(HC_MEMORY, XENMEM_get_sharing_shared_pages,
		XENMEM_get_sharing_shared_pages));
}

static void
paging(xc_interface *x)
{
	static const char page[4096] = "a page";

	V(xc_mem_paging_nominate, (x, 5, 7),
	    MEM(paging_op, xen_mem_paging_op,
		{ .op = XENMEM_paging_op_nominate, .domain = 5, .gfn = 7 }));
	V(xc_mem_paging_evict, (x, 5, 7),
	    MEM(paging_op, xen_mem_paging_op,
		{ .op = XENMEM_paging_op_evict, .domain = 5, .gfn = 7 }));
	V(xc_mem_paging_prep, (x, 5, 7, page),
	    MEM(paging_op, xen_mem_paging_op,
		{ .op = XENMEM_paging_op_prep, .domain = 5, .buffer = P(0),
		    .gfn = 7 });
	    BEHIND(0, page, sizeof(page)));
}

/* --- grants, event channels, scheduling of other domains ------------------ */

#define GRANT(cmd_, type, ...)                                                 \
	do {                                                                   \
		static const struct type w_ = __VA_ARGS__;                     \
		vec_sent(HC_GRANT_TABLE, GNTTABOP_##cmd_,                      \
		    (const uint64_t[5]){ GNTTABOP_##cmd_, VEC_PTR(0), 1 },     \
		    &w_, sizeof(w_));                                          \
	} while (0)

static void
grants(xc_interface *x)
{
	uint64_t gfn, frames[2];
	uint32_t n, max;

	ANSWER(HC_GRANT_TABLE, GNTTABOP_setup_table, QUADS(0x1234), 16,
	    .there = true);
	V(xc_gnttab_setup, (x, 5, &gfn),
	    GRANT(setup_table, gnttab_setup_table,
		{ .dom = 5, .nr_frames = 1, .frame_list = P(0) });
	    EQ(gfn, 0x1234));
	ANSWER(HC_GRANT_TABLE, GNTTABOP_query_size, WORDS(3, 64), 4);
	V(xc_gnttab_query, (x, 5, &n, &max),
	    GRANT(query_size, gnttab_query_size, { .dom = 5 }); EQ(n, 3);
	    EQ(max, 64));
	ANSWER(HC_GRANT_TABLE, GNTTABOP_get_version, WORDS(2), 4);
	VR(2, xc_gnttab_get_version, (x, 5),
	    GRANT(get_version, gnttab_get_version, { .dom = 5 }));
	ANSWER(HC_GRANT_TABLE, GNTTABOP_get_status_frames, QUADS(7, 8), 8,
	    .there = true);
	V(xc_gnttab_get_status_frames, (x, 5, frames, 2),
	    GRANT(get_status_frames, gnttab_get_status_frames,
		{ .nr_frames = 2, .dom = 5, .frame_list = P(16) });
	    EQ(frames[0], 7); EQ(frames[1], 8));
}

/* A status in the structure instead of an errno. */
static void
statuses(xc_interface *x)
{
	const struct xc_memshr_page a = { 5, 7, 0x11 }, b = { 6, 8, 0x22 };
	uint64_t gfn;
	uint32_t n, max;

#define BAD(err_, status_, at_, cmd_, fn, args, ...)                           \
	ANSWER(HC_GRANT_TABLE, GNTTABOP_##cmd_, VEC_LIST(int16_t, status_),    \
	    at_);                                                              \
	VR(-1, fn, args, GRANT(cmd_, gnttab_##cmd_, __VA_ARGS__);              \
	    EQ(errno, err_))
	BAD(ESRCH, GNTST_bad_domain, 8, setup_table, xc_gnttab_setup,
	    (x, 5, &gfn), { .dom = 5, .nr_frames = 1, .frame_list = P(0) });
	BAD(EINVAL, GNTST_general_error, 8, setup_table, xc_gnttab_setup,
	    (x, 5, &gfn), { .dom = 5, .nr_frames = 1, .frame_list = P(0) });
	BAD(ESRCH, GNTST_bad_domain, 12, query_size, xc_gnttab_query,
	    (x, 5, &n, &max), { .dom = 5 });
	BAD(ESRCH, GNTST_bad_domain, 6, get_status_frames,
	    xc_gnttab_get_status_frames, (x, 5, &gfn, 1),
	    { .nr_frames = 1, .dom = 5, .frame_list = P(16) });
	BAD(EPERM, GNTST_permission_denied, 6, get_status_frames,
	    xc_gnttab_get_status_frames, (x, 5, &gfn, 1),
	    { .nr_frames = 1, .dom = 5, .frame_list = P(16) });
	BAD(EINVAL, GNTST_general_error, 6, get_status_frames,
	    xc_gnttab_get_status_frames, (x, 5, &gfn, 1),
	    { .nr_frames = 1, .dom = 5, .frame_list = P(16) });
#undef BAD
	/* Handles of pages that are out of date: errno 9 and 10. */
	ANSWER(HC_MEMORY, XENMEM_sharing_op,
	    .err = -XENMEM_SHARING_OP_S_HANDLE_INVALID);
	VR(-1, xc_memshr_share, (x, &a, &b),
	    SHARING(share, 5, .u.share = { 7, 0x11, 8, 0x22, 6 });
	    EQ(errno, ESRCH));
	ck_assert_ptr_nonnull(strstr(xc_last_error(x), "source"));
	ANSWER(HC_MEMORY, XENMEM_sharing_op,
	    .err = -XENMEM_SHARING_OP_C_HANDLE_INVALID);
	VR(-1, xc_memshr_share, (x, &a, &b),
	    SHARING(share, 5, .u.share = { 7, 0x11, 8, 0x22, 6 });
	    EQ(errno, ESRCH));
	ck_assert_ptr_nonnull(strstr(xc_last_error(x), "client"));
}

static void
channels(xc_interface *x)
{
	struct xc_evtchn_status s;

	ANSWER(HC_EVENT_CHANNEL, EVTCHNOP_alloc_unbound, WORDS(21), 4);
	VR(21, xc_evtchn_alloc_unbound, (x, 5, 6),
	    CMD(HC_EVENT_CHANNEL, EVTCHNOP_alloc_unbound,
		struct evtchn_alloc_unbound, { .dom = 5, .remote_dom = 6 }));
	/* Domain 5's port 22 leads to port 33 of domain 9. */
	ANSWER(HC_EVENT_CHANNEL, EVTCHNOP_status,
	    WORDS(EVTCHNSTAT_interdomain, 1, 9, 33), 8);
	V(xc_evtchn_status, (x, 5, 22, &s),
	    CMD(HC_EVENT_CHANNEL, EVTCHNOP_status, struct evtchn_status,
		{ .dom = 5, .port = 22 });
	    EQ(s.status, EVTCHNSTAT_interdomain); EQ(s.vcpu, 1);
	    EQ(s.remote_dom, 9); EQ(s.remote_port, 33));
	ANSWER(HC_EVENT_CHANNEL, EVTCHNOP_status,
	    WORDS(EVTCHNSTAT_unbound, 0, 8), 8);
	V(xc_evtchn_status, (x, 5, 22, &s),
	    CMD(HC_EVENT_CHANNEL, EVTCHNOP_status, struct evtchn_status,
		{ .dom = 5, .port = 22 });
	    EQ(s.remote_dom, 8); EQ(s.remote_port, 0));
	V(xc_evtchn_reset, (x, 5),
	    CMD(HC_EVENT_CHANNEL, EVTCHNOP_reset, struct evtchn_reset,
		{ .dom = 5 }));
	V(xc_domain_shutdown, (x, 5, SHUTDOWN_suspend),
	    CMD(HC_SCHED, SCHEDOP_remote_shutdown,
		struct sched_remote_shutdown,
		{ .domain_id = 5, .reason = SHUTDOWN_suspend }));
}

const struct vec_group vec_memory_groups[] = {
	{ "reservations", reservations },
	{ "physmap", physmap },
	{ "machine", machine },
	{ "tables", tables },
	{ "virtual NUMA", numa },
	{ "access", access_rights },
	{ "sharing", sharing },
	{ "paging", paging },
	{ "grants", grants },
	{ "statuses", statuses },
	{ "channels", channels },
	{ NULL, NULL },
};
