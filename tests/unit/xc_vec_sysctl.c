/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Vectors: sysctls of the host, its pools and its counters, whose layout is the
 * same from 4.14 to 4.22. */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include <check.h>
#include <xen/sysctl.h>

#include "xc_vec.h"

#if XEN_SYSCTL_INTERFACE_VERSION == 0x15

static void
host(xc_interface *x)
{
	struct xc_physinfo phys;
	uint32_t id, len = 100, index = 77;
	char ring[100];

	V(xc_physinfo, (x, &phys), SYS_NONE(physinfo));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_sched_id, WORDS(XEN_SCHEDULER_CREDIT2),
	    SYSCTL_AT);
	V(xc_sched_id, (x, &id), SYS_NONE(sched_id);
	  EQ(id, XC_SCHED_CREDIT2));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_readconsole, WORDS(82), SYSCTL_AT + 4);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_readconsole, WORDS(5), SYSCTL_AT + 16);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_readconsole, TEXT("(XEN)"),
	    SYSCTL_AT + 8, .there = true);
	V(xc_readconsole, (x, ring, &len, true, true, &index),
	    SYS(readconsole, readconsole,
		{ .clear = 1, .incremental = 1, .index = 77, .buffer = P(0),
		    .count = 100 });
	    EQ(index, 82); EQ(len, 5); SAME(ring, "(XEN)", 5));
	V(xc_send_debug_keys, (x, "hq"),
	    SYS(debug_keys, debug_keys, { .keys = P(0), .nr_keys = 2 });
	    BEHIND(0, "hq", 2));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_availheap, QUADS(0x123456789000),
	    SYSCTL_AT + 16);
	VR(0x123456789000, xc_availheap, (x, 1, 32, -1),
	    SYS(availheap, availheap,
		{ .min_bitwidth = 1, .max_bitwidth = 32, .node = -1 }));
	V(xc_cpu_online, (x, 3),
	    SYS(cpu_hotplug, cpu_hotplug,
		{ .cpu = 3, .op = XEN_SYSCTL_CPU_HOTPLUG_ONLINE }));
	V(xc_cpu_offline, (x, 3),
	    SYS(cpu_hotplug, cpu_hotplug,
		{ .cpu = 3, .op = XEN_SYSCTL_CPU_HOTPLUG_OFFLINE }));
	V(xc_smt_enable, (x),
	    SYS(cpu_hotplug, cpu_hotplug,
		{ .op = XEN_SYSCTL_CPU_HOTPLUG_SMT_ENABLE }));
	V(xc_smt_disable, (x),
	    SYS(cpu_hotplug, cpu_hotplug,
		{ .op = XEN_SYSCTL_CPU_HOTPLUG_SMT_DISABLE }));
}

static void
places(xc_interface *x)
{
	const struct xc_pci_device dev[3] = { { 0, 2, 8 }, { 1, 3, 0 },
		{ 0, 4, 0 } };
	struct xc_cputopology cpus[4];
	struct xc_numanode nodes[4];
	uint32_t distance[16], node[3];
	uint64_t idle[4];

	ANSWER(HC_SYSCTL, XEN_SYSCTL_getcpuinfo, QUADS(111, 222),
	    SYSCTL_AT + 8, .there = true);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_getcpuinfo, WORDS(2), SYSCTL_AT + 16);
	VR(2, xc_cpu_idle_times, (x, idle, 4),
	    SYS(getcpuinfo, getcpuinfo, { .max_cpus = 4, .info = P(0) });
	    EQ(idle[0], 111); EQ(idle[1], 222));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_cputopoinfo, WORDS(2), SYSCTL_AT);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_cputopoinfo, WORDS(1, 2, 3, 4, 5, 6),
	    SYSCTL_AT + 8, .there = true);
	VR(2, xc_cputopology, (x, cpus, 4),
	    SYS(cputopoinfo, cputopoinfo, { .num_cpus = 4, .cputopo = P(0) });
	    EQ(cpus[0].core, 1); EQ(cpus[0].socket, 2); EQ(cpus[0].node, 3);
	    EQ(cpus[1].core, 4); EQ(cpus[1].node, 6));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_numainfo, WORDS(2), SYSCTL_AT);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_numainfo, QUADS(10, 1, 20, 2),
	    SYSCTL_AT + 8, .there = true);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_numainfo, WORDS(10, 21, 22, 10),
	    SYSCTL_AT + 16, .there = true);
	VR(2, xc_numainfo, (x, nodes, distance, 4),
	    SYS(numainfo, numainfo,
		{ .num_nodes = 4, .meminfo = P(0), .distance = P(64) });
	    EQ(nodes[0].size, 10); EQ(nodes[0].free, 1);
	    EQ(nodes[1].size, 20); EQ(nodes[1].free, 2);
	    EQ(distance[1], 21); EQ(distance[2], 22));
	/* Xen does two, then the last. */
	ANSWER(HC_SYSCTL, XEN_SYSCTL_pcitopoinfo, WORDS(2), SYSCTL_AT);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_pcitopoinfo, WORDS(0, 1), SYSCTL_AT + 16,
	    .there = true, .once = true);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_pcitopoinfo, WORDS(1), SYSCTL_AT);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_pcitopoinfo, WORDS(XC_PCI_NO_NODE),
	    SYSCTL_AT + 16, .there = true);
	V(xc_pcitopoinfo, (x, dev, node, 3),
	    SYS(pcitopoinfo, pcitopoinfo,
		{ .num_devs = 3, .devs = P(0), .nodes = P(12) });
	    BEHIND(0, dev, sizeof(dev));
	    SYS(pcitopoinfo, pcitopoinfo,
		{ .num_devs = 1, .devs = P(8), .nodes = P(20) });
	    BEHIND(0, &dev[2], 4); EQ(node[0], 0); EQ(node[1], 1);
	    EQ(node[2], XC_PCI_NO_NODE));
}

static void
pools(xc_interface *x)
{
	struct xc_cpupool_info info;
	uint32_t pool = XC_CPUPOOL_ANY;
	uint8_t map[8];

	ANSWER(HC_SYSCTL, XEN_SYSCTL_cpupool_op, WORDS(4), SYSCTL_AT + 4);
	V(xc_cpupool_create, (x, &pool, XC_SCHED_CREDIT),
	    SYS(cpupool_op, cpupool_op,
		{ .op = XEN_SYSCTL_CPUPOOL_OP_CREATE,
		    .cpupool_id = XEN_SYSCTL_CPUPOOL_PAR_ANY,
		    .sched_id = XEN_SCHEDULER_CREDIT });
	    EQ(pool, 4));
	V(xc_cpupool_destroy, (x, 2),
	    SYS(cpupool_op, cpupool_op,
		{ .op = XEN_SYSCTL_CPUPOOL_OP_DESTROY, .cpupool_id = 2 }));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_cpupool_op,
	    WORDS(3, XEN_SCHEDULER_RTDS, 0, 0, 17), SYSCTL_AT + 4);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_cpupool_op, QUADS(0xf0), SYSCTL_AT + 24,
	    .there = true);
	V(xc_cpupool_getinfo, (x, 2, &info, map, 8),
	    SYS(cpupool_op, cpupool_op,
		{ .op = XEN_SYSCTL_CPUPOOL_OP_INFO, .cpupool_id = 2,
		    .cpumap = { P(0), 64 } });
	    EQ(info.id, 3); EQ(info.sched_id, XC_SCHED_RTDS);
	    EQ(info.n_dom, 17); EQ(map[0], 0xf0));
	V(xc_cpupool_addcpu, (x, 2, 3),
	    SYS(cpupool_op, cpupool_op,
		{ .op = XEN_SYSCTL_CPUPOOL_OP_ADDCPU, .cpupool_id = 2,
		    .cpu = 3 }));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_cpupool_op, .err = EAGAIN, .once = true);
	V(xc_cpupool_removecpu, (x, 2, 3),
	    SYS(cpupool_op, cpupool_op,
		{ .op = XEN_SYSCTL_CPUPOOL_OP_RMCPU, .cpupool_id = 2,
		    .cpu = 3 });
	    SYS(cpupool_op, cpupool_op,
		{ .op = XEN_SYSCTL_CPUPOOL_OP_RMCPU, .cpupool_id = 2,
		    .cpu = 3 }));
	V(xc_cpupool_movedomain, (x, 2, 5),
	    SYS(cpupool_op, cpupool_op,
		{ .op = XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, .cpupool_id = 2,
		    .domid = 5 }));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_cpupool_op, QUADS(0xe), SYSCTL_AT + 24,
	    .there = true);
	V(xc_cpupool_freeinfo, (x, map, 8),
	    SYS(cpupool_op, cpupool_op,
		{ .op = XEN_SYSCTL_CPUPOOL_OP_FREEINFO,
		    .cpumap = { P(0), 64 } });
	    EQ(map[0], 0xe));
}

/* A pool's scheduler. */
static void
parameters(xc_interface *x)
{
	static const struct xen_sysctl_arinc653_schedule want = {
		.major_frame = 20000000, .num_sched_entries = 2,
		.sched_entries = { { "first domain 16", 1, 7000000 },
		    { "other domain 16", 0, 8000000 } } };
	static const struct xc_arinc653_schedule schedule = { 20000000, 2,
		{ { "first domain 16", 1, 7000000 },
		    { "other domain 16", 0, 8000000 } } };
	static struct xc_arinc653_schedule got;
	const struct xc_sched_credit_params credit = { .tslice_ms = 30,
		.ratelimit_us = 1000, .vcpu_migr_delay_us = 50 };
	const struct xc_sched_credit2_params credit2 = { .ratelimit_us = 2000 };
	struct xc_sched_credit_params c;
	struct xc_sched_credit2_params c2;

	V(xc_sched_credit_params_set, (x, 2, &credit),
	    SYS(scheduler_op, scheduler_op,
		{ .cpupool_id = 2, .sched_id = XEN_SCHEDULER_CREDIT,
		    .cmd = XEN_SYSCTL_SCHEDOP_putinfo,
		    .u.sched_credit = { 30, 1000, 50 } }));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_scheduler_op, WORDS(5, 6, 7),
	    SYSCTL_AT + 16);
	V(xc_sched_credit_params_get, (x, 2, &c),
	    SYS(scheduler_op, scheduler_op,
		{ .cpupool_id = 2, .sched_id = XEN_SCHEDULER_CREDIT,
		    .cmd = XEN_SYSCTL_SCHEDOP_getinfo });
	    EQ(c.tslice_ms, 5); EQ(c.ratelimit_us, 6);
	    EQ(c.vcpu_migr_delay_us, 7));
	V(xc_sched_credit2_params_set, (x, 2, &credit2),
	    SYS(scheduler_op, scheduler_op,
		{ .cpupool_id = 2, .sched_id = XEN_SCHEDULER_CREDIT2,
		    .cmd = XEN_SYSCTL_SCHEDOP_putinfo,
		    .u.sched_credit2 = { 2000 } }));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_scheduler_op, WORDS(99), SYSCTL_AT + 16);
	V(xc_sched_credit2_params_get, (x, 2, &c2),
	    SYS(scheduler_op, scheduler_op,
		{ .cpupool_id = 2, .sched_id = XEN_SCHEDULER_CREDIT2,
		    .cmd = XEN_SYSCTL_SCHEDOP_getinfo });
	    EQ(c2.ratelimit_us, 99));
	V(xc_sched_arinc653_schedule_set, (x, 2, &schedule),
	    SYS(scheduler_op, scheduler_op,
		{ .cpupool_id = 2, .sched_id = XEN_SCHEDULER_ARINC653,
		    .cmd = XEN_SYSCTL_SCHEDOP_putinfo,
		    .u.sched_arinc653.schedule = P(0) });
	    BEHIND(0, &want, sizeof(want)));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_scheduler_op, &want, sizeof(want),
	    SYSCTL_AT + 16, .there = true);
	V(xc_sched_arinc653_schedule_get, (x, 2, &got),
	    SYS(scheduler_op, scheduler_op,
		{ .cpupool_id = 2, .sched_id = XEN_SCHEDULER_ARINC653,
		    .cmd = XEN_SYSCTL_SCHEDOP_getinfo,
		    .u.sched_arinc653.schedule = P(0) });
	    SAME(&got, &schedule, sizeof(got)));
}

static void
traces(xc_interface *x)
{
	const uint8_t mask[8] = { 0xaa };
	struct xc_tbuf_info t;

	V(xc_tbuf_enable, (x),
	    SYS(tbuf_op, tbuf_op, { .cmd = XEN_SYSCTL_TBUFOP_enable }));
	V(xc_tbuf_disable, (x),
	    SYS(tbuf_op, tbuf_op, { .cmd = XEN_SYSCTL_TBUFOP_disable }));
	V(xc_tbuf_set_evt_mask, (x, 0x1f000),
	    SYS(tbuf_op, tbuf_op,
		{ .cmd = XEN_SYSCTL_TBUFOP_set_evt_mask,
		    .evt_mask = 0x1f000 }));
	V(xc_tbuf_set_size, (x, 32),
	    SYS(tbuf_op, tbuf_op,
		{ .cmd = XEN_SYSCTL_TBUFOP_set_size, .size = 32 }));
	V(xc_tbuf_set_cpu_mask, (x, mask, 8),
	    SYS(tbuf_op, tbuf_op,
		{ .cmd = XEN_SYSCTL_TBUFOP_set_cpu_mask,
		    .cpu_mask = { P(0), 64 } });
	    BEHIND(0, mask, 8));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_tbuf_op, WORDS(0x1f000, 0, 0x1234, 1, 99),
	    SYSCTL_AT + 24);
	V(xc_tbuf_get_info, (x, &t),
	    SYS(tbuf_op, tbuf_op, { .cmd = XEN_SYSCTL_TBUFOP_get_info });
	    EQ(t.event_mask, 0x1f000); EQ(t.mfn, 0x100001234);
	    EQ(t.bytes, 99));
}

static void
counters(xc_interface *x)
{
	static const struct xen_sysctl_perfc_desc pd[2] = {
		{ "exceptions", 2 }, { "vmexits", 1 } };
	static const struct xen_sysctl_lockprof_data ld = { "domain lock", 1,
		5, 10, 11, 12, 13 };
	struct xc_perfc_desc desc[2];
	struct xc_lockprof_data lock[2];
	uint32_t vals[3], n, m, size = 16;
	uint64_t ns;
	char cover[16];

	ANSWER(HC_SYSCTL, XEN_SYSCTL_perfc_op, WORDS(2, 3), SYSCTL_AT + 4);
	V(xc_perfc_query_number, (x, &n, &m),
	    SYS(perfc_op, perfc_op, { .cmd = XEN_SYSCTL_PERFCOP_query });
	    EQ(n, 2); EQ(m, 3));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_perfc_op, WORDS(2, 3), SYSCTL_AT + 4,
	    .once = true);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_perfc_op, pd, sizeof(pd), SYSCTL_AT + 16,
	    .there = true);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_perfc_op, WORDS(7, 8, 9), SYSCTL_AT + 24,
	    .there = true);
	VR(2, xc_perfc_query, (x, desc, 2, vals, 3),
	    SYS(perfc_op, perfc_op, { .cmd = XEN_SYSCTL_PERFCOP_query });
	    SYS(perfc_op, perfc_op,
		{ .cmd = XEN_SYSCTL_PERFCOP_query, .desc = P(0),
		    .val = P(168) });
	    SAME(desc[1].name, "vmexits", 8); EQ(desc[0].nr_vals, 2);
	    EQ(vals[0], 7); EQ(vals[2], 9));
	V(xc_perfc_reset, (x),
	    SYS(perfc_op, perfc_op, { .cmd = XEN_SYSCTL_PERFCOP_reset }));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_lockprof_op, WORDS(40), SYSCTL_AT + 8);
	V(xc_lockprof_query_number, (x, &n),
	    SYS(lockprof_op, lockprof_op,
		{ .cmd = XEN_SYSCTL_LOCKPROF_query });
	    EQ(n, 40));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_lockprof_op, WORDS(1, 0, 0x77),
	    SYSCTL_AT + 8);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_lockprof_op, &ld, sizeof(ld),
	    SYSCTL_AT + 24, .there = true);
	VR(1, xc_lockprof_query, (x, lock, 2, &ns),
	    SYS(lockprof_op, lockprof_op,
		{ .cmd = XEN_SYSCTL_LOCKPROF_query, .max_elem = 2,
		    .data = P(0) });
	    EQ(ns, 0x77); SAME(lock[0].name, "domain lock", 12);
	    EQ(lock[0].type, 1); EQ(lock[0].idx, 5); EQ(lock[0].lock_cnt, 10);
	    EQ(lock[0].block_cnt, 11); EQ(lock[0].lock_ns, 12);
	    EQ(lock[0].block_ns, 13));
	V(xc_lockprof_reset, (x),
	    SYS(lockprof_op, lockprof_op,
		{ .cmd = XEN_SYSCTL_LOCKPROF_reset }));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_coverage_op, WORDS(1234), SYSCTL_AT + 4);
	V(xc_coverage_size, (x, &n),
	    SYS(coverage_op, coverage_op,
		{ .cmd = XEN_SYSCTL_COVERAGE_get_size });
	    EQ(n, 1234));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_coverage_op, WORDS(5), SYSCTL_AT + 4);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_coverage_op, TEXT("cov"), SYSCTL_AT + 8,
	    .there = true);
	V(xc_coverage_read, (x, cover, &size),
	    SYS(coverage_op, coverage_op,
		{ .cmd = XEN_SYSCTL_COVERAGE_read, .size = 16,
		    .buffer = P(0) });
	    EQ(size, 5); SAME(cover, "cov", 4));
	V(xc_coverage_reset, (x),
	    SYS(coverage_op, coverage_op,
		{ .cmd = XEN_SYSCTL_COVERAGE_reset }));
}

static void
pages(xc_interface *x)
{
	uint32_t status[2];

	ANSWER(HC_SYSCTL, XEN_SYSCTL_page_offline_op,
	    WORDS(PG_OFFLINE_OFFLINED, PG_OFFLINE_PENDING), SYSCTL_AT + 16,
	    .there = true);
	V(xc_mark_page_offline, (x, 0x1000, 0x1001, status),
	    SYS(page_offline_op, page_offline,
		{ .cmd = sysctl_page_offline, .start = 0x1000, .end = 0x1001,
		    .status = P(0) });
	    EQ(status[0], XC_OFFLINE_DONE);
	    EQ(status[1], XC_OFFLINE_PENDING));
	V(xc_mark_page_online, (x, 0x1000, 0x1001, status),
	    SYS(page_offline_op, page_offline,
		{ .cmd = sysctl_page_online, .start = 0x1000, .end = 0x1001,
		    .status = P(0) }));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_page_offline_op,
	    WORDS(PG_OFFLINE_STATUS_OFFLINED, PG_OFFLINE_STATUS_BROKEN),
	    SYSCTL_AT + 16, .there = true);
	V(xc_query_page_offline_status, (x, 0x1000, 0x1001, status),
	    SYS(page_offline_op, page_offline,
		{ .cmd = sysctl_query_page_offline, .start = 0x1000,
		    .end = 0x1001, .status = P(0) });
	    EQ(status[0], XC_PAGE_OFFLINED); EQ(status[1], XC_PAGE_BROKEN));
}
#endif

const struct vec_group vec_sysctl_groups[] = {
#if XEN_SYSCTL_INTERFACE_VERSION == 0x15
	{ "host", host },
	{ "places", places },
	{ "pools", pools },
	{ "parameters", parameters },
	{ "traces", traces },
	{ "counters", counters },
	{ "pages", pages },
#endif
	{ NULL, NULL },
};
