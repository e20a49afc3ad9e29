/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Vectors: answers that tell of more than the caller, or the library, has room
 * for. What is sent is looked at elsewhere too; here it matters what comes of
 * it: as much as there is room for, and the number there are where the header
 * says so.
 */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <check.h>
#include <xen/domctl.h>
#include <xen/hypfs.h>
#include <xen/memory.h>
#include <xen/platform.h>
#include <xen/sysctl.h>
#include <xen/version.h>

#include "xc_vec.h"

#if XEN_DOMCTL_INTERFACE_VERSION == 0x15 && XEN_SYSCTL_INTERFACE_VERSION == 0x15

/* What is behind a caller's array. */
#define MARK 0x5a5a5a5a

static void
of_domains(xc_interface *x)
{
	struct xc_domaininfo info[2] = { { .domid = 0 }, { .domid = MARK } };
	struct xc_sched_rtds_vcpu v[2] = { { .vcpu = 1 }, { .vcpu = MARK } };
	struct xc_msr msrs[2] = { { 0, 0, 0 }, { MARK, 0, 0 } };
	uint32_t group[2] = { 0, MARK };
	char buf[9] = "........";

	ANSWER(HC_SYSCTL, XEN_SYSCTL_getdomaininfolist, WORDS(9),
	    SYSCTL_AT + 16);
	VR(1, xc_domain_getinfolist, (x, 3, 1, info),
	    SYS(getdomaininfolist, getdomaininfolist,
		{ .first_domain = 3, .max_domains = 1, .buffer = P(0) });
	    EQ(info[1].domid, MARK));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_get_device_group, WORDS(9),
	    DOMCTL_AT + 8);
	VR(1, xc_get_device_group, (x, 5, 0x200, group, 1),
	    DOM(get_device_group, get_device_group,
		{ .machine_sbdf = 0x200, .max_sdevs = 1,
		    .sdev_array = P(0) });
	    EQ(group[1], MARK));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_scheduler_op, WORDS(9), DOMCTL_AT + 16);
	VR(1, xc_sched_rtds_vcpu_get, (x, 5, v, 1),
	    DOM(scheduler_op, scheduler_op,
		{ .sched_id = XEN_SCHEDULER_RTDS,
		    .cmd = XEN_DOMCTL_SCHEDOP_getvcpuinfo,
		    .u.v = { .vcpus = P(0), .nr_vcpus = 1 } });
	    EQ(v[1].vcpu, MARK));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_get_vcpu_msrs, WORDS(9), DOMCTL_AT + 4);
	VR(9, xc_vcpu_get_msrs, (x, 5, 3, msrs, 1),
	    DOM(get_vcpu_msrs, vcpu_msrs,
		{ .vcpu = 3, .msr_count = 1, .msrs = P(0) });
	    EQ(msrs[1].index, MARK));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_getvcpuextstate, QUADS(7, 900),
	    DOMCTL_AT + 8);
	VR(900, xc_vcpu_get_xsave, (x, 5, 3, buf, 4, NULL),
	    DOM(getvcpuextstate, vcpuextstate,
		{ .vcpu = 3, .size = 4, .buffer = P(0) });
	    SAME(buf + 4, "....", 5));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_gethvmcontext, WORDS(900), DOMCTL_AT);
	VR(900, xc_domain_hvm_getcontext, (x, 5, buf, 4),
	    DOM(gethvmcontext, hvmcontext, { .size = 4, .buffer = P(0) });
	    SAME(buf + 4, "....", 5));
}

static void
of_lists(xc_interface *x)
{
	struct xc_cpuid_leaf leaves[2] = { { .leaf = 0 }, { .leaf = MARK } };
	struct xc_msr msrs[2] = { { 0, 0, 0 }, { MARK, 0, 0 } };
	struct xc_e820 map[2] = { { .type = 0 }, { .type = MARK } };
	struct xc_rdm rdm[2] = { { .pages = 0 }, { .pages = MARK } };
	uint64_t mfns[2] = { 0, MARK };
	uint32_t words[2] = { 0, MARK }, nl = 1, nm = 1;

	ANSWER(HC_DOMCTL, XEN_DOMCTL_get_cpu_policy, WORDS(9, 9), DOMCTL_AT);
	V(xc_get_domain_cpu_policy, (x, 5, leaves, &nl, msrs, &nm),
	    DOM(get_cpu_policy, cpu_policy,
		{ .nr_leaves = 1, .nr_msrs = 1, .leaves = P(16),
		    .msrs = P(0) });
	    EQ(nl, 1); EQ(nm, 1); EQ(leaves[1].leaf, MARK);
	    EQ(msrs[1].index, MARK));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_get_cpu_featureset, WORDS(9),
	    SYSCTL_AT + 4);
	VR(9, xc_get_cpu_featureset, (x, XC_FEATURESET_RAW, words, 1),
	    SYS(get_cpu_featureset, cpu_featureset,
		{ .nr_features = 1, .features = P(0) });
	    EQ(words[1], MARK));
	ANSWER(HC_MEMORY, XENMEM_memory_map, WORDS(9), 0);
	VR(1, xc_get_memory_map, (x, map, 1),
	    CMD(HC_MEMORY, XENMEM_memory_map, struct xen_memory_map,
		{ .nr_entries = 1, .buffer = P(0) });
	    EQ(map[1].type, MARK));
	ANSWER(HC_MEMORY, XENMEM_machphys_mfn_list, WORDS(9), 16);
	VR(1, xc_machphys_mfn_list, (x, mfns, 1),
	    CMD(HC_MEMORY, XENMEM_machphys_mfn_list,
		struct xen_machphys_mfn_list,
		{ .max_extents = 1, .extent_start = P(0) });
	    EQ(mfns[1], MARK));
	ANSWER(HC_MEMORY, XENMEM_reserved_device_memory_map, WORDS(9), 4,
	    .err = ENOBUFS);
	VR(9, xc_reserved_device_memory_map, (x, 1, 0, rdm, 1),
	    CMD(HC_MEMORY, XENMEM_reserved_device_memory_map,
		struct xen_reserved_device_memory_map,
		{ .flags = 1, .nr_entries = 1, .buffer = P(0) });
	    EQ(rdm[1].pages, MARK));
}

static void
of_the_host(xc_interface *x)
{
	struct xc_cputopology cpus[2] = { { .core = 0 }, { .core = MARK } };
	struct xc_numanode nodes[2] = { { 0, 0 }, { MARK, MARK } };
	struct xc_lockprof_data lock[2] = { { .idx = 0 }, { .idx = 77 } };
	struct xc_resource_op ops[2] = { { .msr = 0x10 }, { .value = MARK } };
	const struct xc_pci_device dev = { 0, 2, 8 };
	uint32_t distance[2] = { 0, MARK }, len = 4, size = 4, node;
	uint64_t idle[2] = { 0, MARK };
	char buf[9] = "........";

	ANSWER(HC_SYSCTL, XEN_SYSCTL_cputopoinfo, WORDS(9), SYSCTL_AT);
	VR(1, xc_cputopology, (x, cpus, 1),
	    SYS(cputopoinfo, cputopoinfo, { .num_cpus = 1, .cputopo = P(0) });
	    EQ(cpus[1].core, MARK));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_numainfo, WORDS(9), SYSCTL_AT);
	VR(1, xc_numainfo, (x, nodes, distance, 1),
	    SYS(numainfo, numainfo,
		{ .num_nodes = 1, .meminfo = P(0), .distance = P(16) });
	    EQ(nodes[1].size, MARK); EQ(distance[1], MARK));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_getcpuinfo, WORDS(9), SYSCTL_AT + 16);
	VR(1, xc_cpu_idle_times, (x, idle, 1),
	    SYS(getcpuinfo, getcpuinfo, { .max_cpus = 1, .info = P(0) });
	    EQ(idle[1], MARK));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_lockprof_op, WORDS(9), SYSCTL_AT + 8);
	VR(1, xc_lockprof_query, (x, lock, 1, NULL),
	    SYS(lockprof_op, lockprof_op,
		{ .cmd = XEN_SYSCTL_LOCKPROF_query, .max_elem = 1,
		    .data = P(0) });
	    EQ(lock[1].idx, 77));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_coverage_op, WORDS(900), SYSCTL_AT + 4);
	V(xc_coverage_read, (x, buf, &size),
	    SYS(coverage_op, coverage_op,
		{ .cmd = XEN_SYSCTL_COVERAGE_read, .size = 4,
		    .buffer = P(0) });
	    EQ(size, 4); SAME(buf + 4, "....", 5));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_readconsole, WORDS(900), SYSCTL_AT + 16);
	V(xc_readconsole, (x, buf, &len, false, false, NULL),
	    SYS(readconsole, readconsole, { .buffer = P(0), .count = 4 });
	    EQ(len, 4); SAME(buf + 4, "....", 5));
	ANSWER(HC_PLATFORM, XENPF_resource_op, .result = 9);
	VR(1, xc_resource_op, (x, 3, ops, 1),
	    STRUCTURE(HC_PLATFORM, XENPF_resource_op, struct xen_platform_op,
		{ .cmd = XENPF_resource_op,
		    .interface_version = XENPF_INTERFACE_VERSION,
		    .u.resource_op = { 1, 3, P(0) } });
	    EQ(ops[1].value, MARK));
	/* More devices than were asked for are no answer, nor are none. */
	ANSWER(HC_SYSCTL, XEN_SYSCTL_pcitopoinfo, WORDS(9), SYSCTL_AT);
	VR(-1, xc_pcitopoinfo, (x, &dev, &node, 1),
	    SYS(pcitopoinfo, pcitopoinfo,
		{ .num_devs = 1, .devs = P(0), .nodes = P(4) });
	    EQ(errno, EPROTO));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_pcitopoinfo, WORDS(0), SYSCTL_AT);
	VR(-1, xc_pcitopoinfo, (x, &dev, &node, 1),
	    SYS(pcitopoinfo, pcitopoinfo,
		{ .num_devs = 1, .devs = P(0), .nodes = P(4) });
	    EQ(errno, EPROTO));
}

static void
of_power(xc_interface *x)
{
	static struct xc_arinc653_schedule s;
	struct xc_livepatch list[2] = { { .name = "" }, { .name = "mark" } };
	struct xc_px_val val[2] = { { 0, 0, 0 }, { MARK, 0, 0 } };
	uint64_t trans[2] = { 7, MARK };
	struct xc_px_stat stat;
	struct xc_cx_stat cx;
	uint32_t left;

	/* Two states, of which the first is asked for. */
	ANSWER(HC_SYSCTL, XEN_SYSCTL_get_pmstat, OCTETS(2), SYSCTL_AT + 8);
	V(xc_pm_get_pxstat, (x, 1, &stat, val, trans, 1),
	    SYS(get_pmstat, get_pmstat,
		{ .type = PMSTAT_get_max_px, .cpuid = 1 });
	    SYS(get_pmstat, get_pmstat,
		{ .type = PMSTAT_get_pxstat, .cpuid = 1,
		    .u.getpx = { .total = 2, .trans_pt = P(48),
			.pt = P(0) } });
	    EQ(stat.total, 2); EQ(val[1].freq_mhz, MARK);
	    EQ(trans[1], MARK));
	/* There were two; now there are 200. */
	ANSWER(HC_SYSCTL, XEN_SYSCTL_get_pmstat, OCTETS(2), SYSCTL_AT + 8,
	    .once = true);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_get_pmstat, OCTETS(200), SYSCTL_AT + 8);
	V(xc_pm_get_pxstat, (x, 1, &stat, val, trans, 1),
	    SYS(get_pmstat, get_pmstat,
		{ .type = PMSTAT_get_max_px, .cpuid = 1 });
	    SYS(get_pmstat, get_pmstat,
		{ .type = PMSTAT_get_pxstat, .cpuid = 1,
		    .u.getpx = { .total = 2, .trans_pt = P(48),
			.pt = P(0) } });
	    EQ(stat.total, 200); EQ(trans[0], 0); EQ(trans[1], MARK));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_get_pmstat, WORDS(99), SYSCTL_AT + 8);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_get_pmstat, WORDS(98, 97),
	    SYSCTL_AT + 40);
	V(xc_pm_get_cxstat, (x, 1, &cx),
	    SYS(get_pmstat, get_pmstat,
		{ .type = PMSTAT_get_cxstat, .cpuid = 1,
		    .u.getcx = { .nr = 32, .triggers = P(0),
			.residencies = P(256), .nr_pc = 32, .nr_cc = 32,
			.pc = P(512), .cc = P(768) } });
	    EQ(cx.nr, XC_CX_MAX); EQ(cx.nr_pc, XC_CX_MAX);
	    EQ(cx.nr_cc, XC_CX_MAX));
	/* Nine patches, then nine of the one asked for. */
	ANSWER(HC_SYSCTL, XEN_SYSCTL_livepatch_op, WORDS(9), SYSCTL_AT + 16,
	    .once = true);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_livepatch_op, WORDS(4), SYSCTL_AT + 48,
	    .there = true, .result = 9);
	VR(1, xc_livepatch_list, (x, 0, list, 1, &left),
	    SYS(livepatch_op, livepatch, { .cmd = XEN_SYSCTL_LIVEPATCH_LIST });
	    SYS(livepatch_op, livepatch,
		{ .cmd = XEN_SYSCTL_LIVEPATCH_LIST,
		    .u.list = { .nr = 1, .status = P(0), .name = P(8),
			.len = P(136), .metadata = P(144),
			.metadata_len = P(140) } });
	    EQ(left, 8); SAME(list[1].name, "mark", 5));
	/* A length that no name has. */
	ANSWER(HC_SYSCTL, XEN_SYSCTL_livepatch_op, WORDS(1), SYSCTL_AT + 16,
	    .once = true);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_livepatch_op, WORDS(129), SYSCTL_AT + 48,
	    .there = true, .result = 1);
	VR(-1, xc_livepatch_list, (x, 0, list, 1, &left),
	    SYS(livepatch_op, livepatch, { .cmd = XEN_SYSCTL_LIVEPATCH_LIST });
	    SYS(livepatch_op, livepatch,
		{ .cmd = XEN_SYSCTL_LIVEPATCH_LIST,
		    .u.list = { .nr = 1, .status = P(0), .name = P(8),
			.len = P(136), .metadata = P(144),
			.metadata_len = P(140) } });
	    EQ(errno, EPROTO));
	/* 255 entries; 64 are possible. */
	ANSWER(HC_SYSCTL, XEN_SYSCTL_scheduler_op, OCTETS(1, 0, 0, 0, 0, 0, 0,
	    0, 255), SYSCTL_AT + 16, .there = true);
	V(xc_sched_arinc653_schedule_get, (x, 2, &s),
	    SYS(scheduler_op, scheduler_op,
		{ .cpupool_id = 2, .sched_id = XEN_SCHEDULER_ARINC653,
		    .cmd = XEN_SYSCTL_SCHEDOP_getinfo,
		    .u.sched_arinc653.schedule = P(0) });
	    EQ(s.n, XC_ARINC653_MAX); EQ(s.major_frame_ns, 1));
}

#define HYPFS_READ(path, size)                                                 \
	vec_sent(HC_HYPFS, XEN_HYPFS_OP_read,                                  \
	    (const uint64_t[5]){ XEN_HYPFS_OP_read, VEC_PTR(0), sizeof(path),  \
		VEC_PTR(0), size },                                            \
	    path, sizeof(path))

static void
of_texts(xc_interface *x)
{
	static const struct xen_hypfs_direntry large = {
		XEN_HYPFS_TYPE_BLOB, 0, 0, 5000, 0 };
	static uint8_t content[6000];
	struct xc_hypfs_entry e;
	uint8_t id[2];

	/* Larger than the page of the first try. */
	ANSWER(HC_HYPFS, XEN_HYPFS_OP_read, &large, sizeof(large), .arg = 3,
	    .err = ENOBUFS, .once = true);
	ANSWER(HC_HYPFS, XEN_HYPFS_OP_read, &large, sizeof(large), .arg = 3);
	VR(5000, xc_hypfs_read, (x, "/a", &e, content, sizeof(content)),
	    HYPFS_READ("/a", 4096); HYPFS_READ("/a", 5012);
	    EQ(e.size, 5000));
	ANSWER(HC_HYPFS, XEN_HYPFS_OP_read, &large, sizeof(large), .arg = 3,
	    .err = ENOBUFS);
	VR(-1, xc_hypfs_read, (x, "/a", &e, content, 64),
	    HYPFS_READ("/a", 76); EQ(errno, ENOBUFS); EQ(e.size, 5000));
	ANSWER(HC_VERSION, XENVER_build_id, .result = 20);
	VR(-1, xc_build_id, (x, id, sizeof(id)),
	    CMD(HC_VERSION, XENVER_build_id, uint32_t, 64);
	    EQ(errno, ENOBUFS));
}
#endif

const struct vec_group vec_room_groups[] = {
#if XEN_DOMCTL_INTERFACE_VERSION == 0x15 && XEN_SYSCTL_INTERFACE_VERSION == 0x15
	{ "more of domains", of_domains },
	{ "more of lists", of_lists },
	{ "more of the host", of_the_host },
	{ "more of power", of_power },
	{ "more of texts", of_texts },
#endif
	{ NULL, NULL },
};
