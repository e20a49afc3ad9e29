/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Vectors: sysctls whose layout is the same from 4.14 to 4.22. */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include <check.h>
#include <xen/sysctl.h>

#include "xenctrl.h"
#include "xc_vec.h"

void vec_add_sysctl(TCase *t);

#if XEN_SYSCTL_INTERFACE_VERSION == 0x15

static xc_interface *x;

static void
sent(const xen_sysctl_t *payload, uint32_t cmd)
{
	const struct vec_call *c = vec_last(0);
	xen_sysctl_t want = *payload;

	want.cmd = cmd;
	want.interface_version = vec_now->sysctl;
	ck_assert_uint_eq(c->op, __HYPERVISOR_sysctl);
	ck_assert_uint_eq(c->arg[0], VEC_PTR(0));
	ck_assert_mem_eq(c->sent, &want, sizeof(want));
}

#define SENT(name, field, ...)                                                 \
	do {                                                                   \
		xen_sysctl_t w;                                                \
		memset(&w, 0, sizeof(w));                                      \
		w.u.field = (__typeof__(w.u.field))__VA_ARGS__;                \
		sent(&w, XEN_SYSCTL_##name);                                   \
	} while (0)
#define OK(call) ck_assert_int_eq((int)(call), 0)
#define P(n)	 { (void *)(uintptr_t)VEC_PTR(n) }

START_TEST(host)
{
	struct xc_domaininfo list[4];
	struct xc_physinfo phys;
	struct xc_cputopology cpus[4];
	uint64_t idle[4];
	uint32_t id, len = 100, index = 77;
	char ring[100];
	xen_sysctl_t none;

	x = vec_open((unsigned)_i);
	memset(&none, 0, sizeof(none));
	OK(xc_physinfo(x, &phys));
	sent(&none, XEN_SYSCTL_physinfo);
	OK(xc_sched_id(x, &id));
	sent(&none, XEN_SYSCTL_sched_id);
	OK(xc_domain_getinfolist(x, 3, 4, list));
	SENT(getdomaininfolist, getdomaininfolist,
	    { .first_domain = 3, .max_domains = 4, .buffer = P(0) });
	OK(xc_readconsole(x, ring, &len, true, true, &index));
	SENT(readconsole, readconsole,
	    { .clear = 1, .incremental = 1, .index = 77, .buffer = P(0),
		.count = 100 });
	OK(xc_send_debug_keys(x, "hq"));
	SENT(debug_keys, debug_keys, { .keys = P(0), .nr_keys = 2 });
	ck_assert_mem_eq(vec_last(0)->deep[0], "hq", 2);
	OK(xc_cpu_idle_times(x, idle, 4));
	SENT(getcpuinfo, getcpuinfo, { .max_cpus = 4, .info = P(0) });
	OK(xc_availheap(x, 1, 32, -1));
	SENT(availheap, availheap,
	    { .min_bitwidth = 1, .max_bitwidth = 32, .node = -1 });
	xc_cputopology(x, cpus, 4);
	SENT(cputopoinfo, cputopoinfo, { .num_cpus = 4, .cputopo = P(0) });
	OK(xc_cpu_online(x, 3));
	SENT(cpu_hotplug, cpu_hotplug,
	    { .cpu = 3, .op = XEN_SYSCTL_CPU_HOTPLUG_ONLINE });
	OK(xc_cpu_offline(x, 3));
	SENT(cpu_hotplug, cpu_hotplug,
	    { .cpu = 3, .op = XEN_SYSCTL_CPU_HOTPLUG_OFFLINE });
	OK(xc_smt_enable(x));
	SENT(cpu_hotplug, cpu_hotplug,
	    { .op = XEN_SYSCTL_CPU_HOTPLUG_SMT_ENABLE });
	xc_interface_close(x);
}
END_TEST

START_TEST(pools)
{
	const struct xc_sched_credit_params credit = { .tslice_ms = 30,
		.ratelimit_us = 1000, .vcpu_migr_delay_us = 50 };
	const struct xc_sched_credit2_params credit2 = { .ratelimit_us = 2000 };
	uint32_t pool = XC_CPUPOOL_ANY;
	uint8_t map[8];

	x = vec_open((unsigned)_i);
	OK(xc_cpupool_create(x, &pool, XC_SCHED_CREDIT));
	SENT(cpupool_op, cpupool_op,
	    { .op = XEN_SYSCTL_CPUPOOL_OP_CREATE,
		.cpupool_id = XEN_SYSCTL_CPUPOOL_PAR_ANY, .sched_id = 5 });
	OK(xc_cpupool_destroy(x, 2));
	SENT(cpupool_op, cpupool_op,
	    { .op = XEN_SYSCTL_CPUPOOL_OP_DESTROY, .cpupool_id = 2 });
	OK(xc_cpupool_addcpu(x, 2, 3));
	SENT(cpupool_op, cpupool_op,
	    { .op = XEN_SYSCTL_CPUPOOL_OP_ADDCPU, .cpupool_id = 2, .cpu = 3 });
	OK(xc_cpupool_removecpu(x, 2, 3));
	SENT(cpupool_op, cpupool_op,
	    { .op = XEN_SYSCTL_CPUPOOL_OP_RMCPU, .cpupool_id = 2, .cpu = 3 });
	OK(xc_cpupool_movedomain(x, 2, 5));
	SENT(cpupool_op, cpupool_op,
	    { .op = XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, .cpupool_id = 2,
		.domid = 5 });
	OK(xc_cpupool_freeinfo(x, map, 8));
	SENT(cpupool_op, cpupool_op,
	    { .op = XEN_SYSCTL_CPUPOOL_OP_FREEINFO, .cpumap = { P(0), 64 } });
	OK(xc_sched_credit_params_set(x, 2, &credit));
	SENT(scheduler_op, scheduler_op,
	    { .cpupool_id = 2, .sched_id = XEN_SCHEDULER_CREDIT,
		.cmd = XEN_SYSCTL_SCHEDOP_putinfo,
		.u.sched_credit = { .tslice_ms = 30, .ratelimit_us = 1000,
		    .vcpu_migr_delay_us = 50 } });
	OK(xc_sched_credit2_params_set(x, 2, &credit2));
	SENT(scheduler_op, scheduler_op,
	    { .cpupool_id = 2, .sched_id = XEN_SCHEDULER_CREDIT2,
		.cmd = XEN_SYSCTL_SCHEDOP_putinfo,
		.u.sched_credit2 = { .ratelimit_us = 2000 } });
	xc_interface_close(x);
}
END_TEST

START_TEST(traces_and_power)
{
	x = vec_open((unsigned)_i);
	OK(xc_tbuf_enable(x));
	SENT(tbuf_op, tbuf_op, { .cmd = XEN_SYSCTL_TBUFOP_enable });
	OK(xc_tbuf_disable(x));
	SENT(tbuf_op, tbuf_op, { .cmd = XEN_SYSCTL_TBUFOP_disable });
	OK(xc_tbuf_set_evt_mask(x, 0x1f000));
	SENT(tbuf_op, tbuf_op,
	    { .cmd = XEN_SYSCTL_TBUFOP_set_evt_mask, .evt_mask = 0x1f000 });
	OK(xc_tbuf_set_size(x, 32));
	SENT(tbuf_op, tbuf_op,
	    { .cmd = XEN_SYSCTL_TBUFOP_set_size, .size = 32 });
	OK(xc_pm_reset_pxstat(x, 1));
	SENT(get_pmstat, get_pmstat, { .type = PMSTAT_reset_pxstat, .cpuid = 1 });
	OK(xc_pm_reset_cxstat(x, 1));
	SENT(get_pmstat, get_pmstat, { .type = PMSTAT_reset_cxstat, .cpuid = 1 });
	OK(xc_enable_turbo(x, 1));
	SENT(pm_op, pm_op, { .cmd = XEN_SYSCTL_pm_op_enable_turbo, .cpuid = 1 });
	OK(xc_set_cpuidle_max_cstate(x, 2));
	SENT(pm_op, pm_op,
	    { .cmd = XEN_SYSCTL_pm_op_set_max_cstate, .cpuid = 0,
		.u.set_max_cstate = 2 });
	xc_interface_close(x);
}
END_TEST
#endif

void
vec_add_sysctl(TCase *t)
{
#if XEN_SYSCTL_INTERFACE_VERSION == 0x15
	const int n = (int)vec_nreleases;

	tcase_add_loop_test(t, host, 0, n);
	tcase_add_loop_test(t, pools, 0, n);
	tcase_add_loop_test(t, traces_and_power, 0, n);
#else
	(void)t;
#endif
}
