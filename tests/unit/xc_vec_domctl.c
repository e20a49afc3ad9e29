/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Vectors: domctls of domains and vCPUs, whose layout is the same from 4.14 to
 * 4.22. */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include <check.h>
#include <xen/domctl.h>
#include <xen/sysctl.h>
#include <xen/hvm/params.h>

#include "xc_vec.h"

/* The headers name fields by release: only 4.17's are compared with. */
#if XEN_DOMCTL_INTERFACE_VERSION == 0x15

static void
life(xc_interface *x)
{
	static const struct xen_domctl_setdomainhandle h = { .handle =
		"0123456789abcde" };
	static const struct vcpu_guest_context one = { .user_regs.rax = 1 };

	V(xc_domain_pause, (x, 5), DOM_NONE(pausedomain));
	V(xc_domain_unpause, (x, 5), DOM_NONE(unpausedomain));
	V(xc_domain_resume, (x, 5), DOM_NONE(resumedomain));
	V(xc_domain_destroy, (x, 5), DOM_NONE(destroydomain));
	V(xc_domain_destroy_step, (x, 5), DOM_NONE(destroydomain));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_destroydomain, .err = EAGAIN);
	VR(1, xc_domain_destroy_step, (x, 5), DOM_NONE(destroydomain));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_destroydomain, .err = EAGAIN,
	    .once = true);
	V(xc_domain_destroy, (x, 5), DOM_NONE(destroydomain);
	  DOM_NONE(destroydomain));
	V(xc_domain_max_vcpus, (x, 5, 0x77),
	    DOM(max_vcpus, max_vcpus, { .max = 0x77 }));
	V(xc_domain_set_max_mem, (x, 5, 0x123456789a),
	    DOM(max_mem, max_mem, { .max_memkb = 0x123456789a }));
	V(xc_domain_set_handle, (x, 5, h.handle),
	    vec_domctl(5, XEN_DOMCTL_setdomainhandle, &h, sizeof(h)));
	V(xc_domain_set_debugging, (x, 5, true),
	    DOM(setdebugging, setdebugging, { .enable = 1 }));
	V(xc_domain_set_time_offset, (x, 5, -3600),
	    DOM(settimeoffset, settimeoffset,
		{ .time_offset_seconds = -3600 }));
	V(xc_domain_set_address_size, (x, 5, 64),
	    DOM(set_address_size, address_size, { .size = 64 }));
	V(xc_domain_set_target, (x, 5, 0x1234),
	    DOM(set_target, set_target, { .target = 0x1234 }));
	V(xc_domain_send_trigger, (x, 5, 3, 7),
	    DOM(sendtrigger, sendtrigger, { .trigger = 3, .vcpu = 7 }));
	V(xc_domain_hypercall_init, (x, 5, 0x123456789),
	    DOM(hypercall_init, hypercall_init, { .gmfn = 0x123456789 }));
	V(xc_domain_set_tsc_info, (x, 5, 2, 2400000, 9, 0x1122334455),
	    DOM(settscinfo, tsc_info,
		{ .tsc_mode = 2, .gtsc_khz = 2400000, .incarnation = 9,
		    .elapsed_nsec = 0x1122334455 }));
	V(xc_domain_subscribe_for_suspend, (x, 5, 17),
	    DOM(subscribe, subscribe, { .port = 17 }));
	V(xc_domain_soft_reset, (x, 5), DOM_NONE(soft_reset));
	V(xc_domain_set_virq_handler, (x, 5, 8),
	    DOM(set_virq_handler, set_virq_handler, { .virq = 8 }));
	V(xc_domain_set_access_required, (x, 5, true),
	    DOM(set_access_required, access_required,
		{ .access_required = 1 }));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_getdomaininfo, WORDS(5), DOMCTL_AT);
	V(xc_domain_resume_cooperative, (x, 5), DOM_NONE(getdomaininfo);
	  DOM(getvcpucontext, vcpucontext, { .ctxt = P(0) });
	  DOM(setvcpucontext, vcpucontext, { .ctxt = P(0) });
	  BEHIND(0, &one, sizeof(one)); DOM_NONE(resumedomain));
}

static void
registers(xc_interface *x)
{
	static vcpu_guest_context_t regs, got;
	static uint8_t xsave[576] = "extended state";
	uint8_t buf[576];
	const struct xc_msr msrs[] = { { 0x10, 0, 77 }, { 0x11, 0, 78 } };
	const struct xc_extcontext ext = { .syscall32_eip = 1,
		.sysenter_eip = 2, .syscall32_cs = 3, .sysenter_cs = 4,
		.syscall32_disables_events = true, .mcg_cap = 5,
		.mci_ctl2_bank0 = 6, .mci_ctl2_bank1 = 7, .mcg_ctl = 8 };
	const struct xc_extcontext other = { .sysenter_disables_events = true };
	struct xc_extcontext e;
	struct xc_msr list[2];
	uint64_t mask;
	uint32_t bad;

	/* PV: the registers, segments, tables and callbacks of a guest. */
	regs.flags = VGCF_in_kernel;
	regs.user_regs.rip = 0xffffffff81000000;
	regs.user_regs.rflags = 0x200;
	regs.ctrlreg[3] = 0x123000;
	regs.gdt_frames[1] = 0x456;
	regs.event_callback_eip = 0xffffffff81001000;
	regs.gs_base_kernel = 0xffff888000000000;
	V(xc_vcpu_setcontext, (x, 5, 3, &regs, sizeof(regs)),
	    DOM(setvcpucontext, vcpucontext, { .vcpu = 3, .ctxt = P(0) });
	    BEHIND(0, &regs, sizeof(regs)));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_getvcpucontext, &regs, 4096,
	    DOMCTL_AT + 8, .there = true);
	V(xc_vcpu_getcontext, (x, 5, 3, &got, sizeof(got)),
	    DOM(getvcpucontext, vcpucontext, { .vcpu = 3, .ctxt = P(0) });
	    SAME(&got, &regs, 4096));
	V(xc_vcpu_set_msrs, (x, 5, 3, msrs, 2, &bad),
	    DOM(set_vcpu_msrs, vcpu_msrs,
		{ .vcpu = 3, .msr_count = 2, .msrs = P(0) });
	    BEHIND(0, msrs, sizeof(msrs)); EQ(bad, 2));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_get_vcpu_msrs, msrs, sizeof(msrs),
	    DOMCTL_AT + 8, .there = true);
	VR(2, xc_vcpu_get_msrs, (x, 5, 3, list, 2),
	    DOM(get_vcpu_msrs, vcpu_msrs,
		{ .vcpu = 3, .msr_count = 2, .msrs = P(0) });
	    SAME(list, msrs, sizeof(msrs)));
	V(xc_vcpu_set_xsave, (x, 5, 3, xsave, sizeof(xsave), 7),
	    DOM(setvcpuextstate, vcpuextstate,
		{ .vcpu = 3, .xfeature_mask = 7, .size = 576, .buffer = P(0) });
	    BEHIND(0, xsave, sizeof(xsave)));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_getvcpuextstate, QUADS(7), DOMCTL_AT + 8);
	ANSWER(HC_DOMCTL, XEN_DOMCTL_getvcpuextstate, TEXT("state"),
	    DOMCTL_AT + 24, .there = true);
	VR(576, xc_vcpu_get_xsave, (x, 5, 3, buf, 576, &mask),
	    DOM(getvcpuextstate, vcpuextstate,
		{ .vcpu = 3, .size = 576, .buffer = P(0) });
	    EQ(mask, 7); SAME(buf, "state", 6));
	V(xc_vcpu_set_extcontext, (x, 5, 3, &ext),
	    DOM(set_ext_vcpucontext, ext_vcpucontext,
		{ .vcpu = 3, .size = 64, .syscall32_callback_eip = 1,
		    .sysenter_callback_eip = 2, .syscall32_callback_cs = 3,
		    .sysenter_callback_cs = 4, .syscall32_disables_events = 1,
		    .vmce = { .caps = 5, .mci_ctl2_bank0 = 6,
			.mci_ctl2_bank1 = 7, .mcg_ext_ctl = 8 } }));
	V(xc_vcpu_set_extcontext, (x, 5, 3, &other),
	    DOM(set_ext_vcpucontext, ext_vcpucontext,
		{ .vcpu = 3, .size = 64, .sysenter_disables_events = 1 }));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_get_ext_vcpucontext,
	    QUADS(1, 2, 0x100040003, 5, 6, 7, 8), DOMCTL_AT + 8);
	memset(&e, 0, sizeof(e));
	V(xc_vcpu_get_extcontext, (x, 5, 3, &e),
	    DOM(get_ext_vcpucontext, ext_vcpucontext, { .vcpu = 3 });
	    EQ(e.syscall32_eip, 1); EQ(e.sysenter_eip, 2);
	    EQ(e.syscall32_cs, 3); EQ(e.sysenter_cs, 4);
	    EQ(e.syscall32_disables_events, true); EQ(e.mcg_cap, 5);
	    EQ(e.mci_ctl2_bank0, 6); EQ(e.mci_ctl2_bank1, 7);
	    EQ(e.mcg_ctl, 8); EQ(e.sysenter_disables_events, false));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_get_ext_vcpucontext, OCTETS(0, 1),
	    DOMCTL_AT + 28);
	V(xc_vcpu_get_extcontext, (x, 5, 3, &e),
	    DOM(get_ext_vcpucontext, ext_vcpucontext, { .vcpu = 3 });
	    EQ(e.syscall32_disables_events, false);
	    EQ(e.sysenter_disables_events, true));
}

static void
vcpus(xc_interface *x)
{
	uint8_t hard[8] = { 1, 2 }, soft[8] = { 3, 4 };
	struct xc_vcpuinfo info;
	struct xc_tsc_info tsc;
	uint32_t bits;

	ANSWER(HC_DOMCTL, XEN_DOMCTL_getvcpuinfo,
	    WORDS(0x10001, 0x9a, 0x80, 6), DOMCTL_AT + 4);
	V(xc_vcpu_getinfo, (x, 5, 3, &info),
	    DOM(getvcpuinfo, getvcpuinfo, { .vcpu = 3 });
	    EQ(info.online, true); EQ(info.blocked, false);
	    EQ(info.running, true); EQ(info.cpu_time, 0x800000009a);
	    EQ(info.cpu, 6));
	V(xc_vcpu_setaffinity, (x, 5, 3, hard, soft, 8),
	    DOM(setvcpuaffinity, vcpuaffinity,
		{ .vcpu = 3,
		    .flags = XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT,
		    .cpumap_hard = { P(0), 64 }, .cpumap_soft = { P(8), 64 } });
	    BEHIND(0, hard, 8); BEHIND(1, soft, 8));
	V(xc_vcpu_setaffinity, (x, 5, 3, NULL, soft, 8),
	    DOM(setvcpuaffinity, vcpuaffinity,
		{ .vcpu = 3, .flags = XEN_VCPUAFFINITY_SOFT,
		    .cpumap_hard = { P(0), 0 }, .cpumap_soft = { P(8), 64 } });
	    BEHIND(1, soft, 8));
	V(xc_vcpu_setaffinity_force, (x, 5, 3, hard, NULL, 8),
	    DOM(setvcpuaffinity, vcpuaffinity,
		{ .vcpu = 3,
		    .flags = XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_FORCE,
		    .cpumap_hard = { P(0), 64 }, .cpumap_soft = { P(8), 0 } });
	    BEHIND(0, hard, 8));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_getvcpuaffinity, QUADS(0x55, 0x66),
	    DOMCTL_AT + 8, .there = true);
	V(xc_vcpu_getaffinity, (x, 5, 3, hard, soft, 8),
	    DOM(getvcpuaffinity, vcpuaffinity,
		{ .vcpu = 3,
		    .flags = XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT,
		    .cpumap_hard = { P(0), 64 }, .cpumap_soft = { P(8), 64 } });
	    EQ(hard[0], 0x55); EQ(soft[0], 0x66));
	V(xc_domain_set_node_affinity, (x, 5, hard, 8),
	    DOM(setnodeaffinity, nodeaffinity, { .nodemap = { P(0), 64 } });
	    BEHIND(0, hard, 8));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_getnodeaffinity, QUADS(0x3), DOMCTL_AT,
	    .there = true);
	V(xc_domain_get_node_affinity, (x, 5, hard, 8),
	    DOM(getnodeaffinity, nodeaffinity, { .nodemap = { P(0), 64 } });
	    EQ(hard[0], 3));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_gettscinfo,
	    WORDS(1, 2400000, 3, 0, 0x44, 0x55), DOMCTL_AT);
	V(xc_domain_get_tsc_info, (x, 5, &tsc), DOM_NONE(gettscinfo);
	  EQ(tsc.mode, 1); EQ(tsc.gtsc_khz, 2400000); EQ(tsc.incarnation, 3);
	  EQ(tsc.elapsed_nsec, 0x5500000044));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_get_address_size, WORDS(32), DOMCTL_AT);
	V(xc_domain_get_address_size, (x, 5, &bits),
	    DOM_NONE(get_address_size); EQ(bits, 32));
}

static void
debugging(xc_interface *x)
{
	struct xc_gdbsx_status s;
	char buf[16] = "guest memory";
	uint64_t v;

	V(xc_gdbsx_pause_vcpu, (x, 5, 3),
	    DOM(gdbsx_pausevcpu, gdbsx_pauseunp_vcpu, { .vcpu = 3 }));
	V(xc_gdbsx_unpause_vcpu, (x, 5, 3),
	    DOM(gdbsx_unpausevcpu, gdbsx_pauseunp_vcpu, { .vcpu = 3 }));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_gdbsx_domstatus, WORDS(1, 2, 3),
	    DOMCTL_AT);
	V(xc_gdbsx_domain_status, (x, 5, &s), DOM_NONE(gdbsx_domstatus);
	  EQ(s.paused, true); EQ(s.vcpu, 2); EQ(s.event, 3));
	V(xc_domain_debug_control, (x, 5, 3, true),
	    DOM(debug_op, debug_op,
		{ .op = XEN_DOMCTL_DEBUG_OP_SINGLE_STEP_ON, .vcpu = 3 }));
	V(xc_domain_debug_control, (x, 5, 3, false),
	    DOM(debug_op, debug_op,
		{ .op = XEN_DOMCTL_DEBUG_OP_SINGLE_STEP_OFF, .vcpu = 3 }));
	/* Before 4.17 another call of gdbsx goes first: see xc_debug.c. */
	ANSWER(HC_DOMCTL, XEN_DOMCTL_gdbsx_guestmemio, WORDS(4),
	    DOMCTL_AT + 32);
	VR(4, xc_gdbsx_guest_memory, (x, 5, 0x1234, buf, 16, true, 9),
	    if (vec_now->minor < 17) DOM_NONE(gdbsx_domstatus);
	    DOM(gdbsx_guestmemio, gdbsx_guest_memio,
		{ .pgd3val = 9, .gva = 0x1234, .uva = VEC_PTR(0), .len = 16,
		    .gwr = 1, .remain = 0xffffffff });
	    BEHIND(0, "guest memory", 13));
	VS(15, xc_vmtrace_enable, (x, 5, 3),
	    DOM(vmtrace_op, vmtrace_op,
		{ .cmd = XEN_DOMCTL_vmtrace_enable, .vcpu = 3 }));
	VS(15, xc_vmtrace_disable, (x, 5, 3),
	    DOM(vmtrace_op, vmtrace_op,
		{ .cmd = XEN_DOMCTL_vmtrace_disable, .vcpu = 3 }));
	VS(15, xc_vmtrace_reset_and_enable, (x, 5, 3),
	    DOM(vmtrace_op, vmtrace_op,
		{ .cmd = XEN_DOMCTL_vmtrace_reset_and_enable, .vcpu = 3 }));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_vmtrace_op, QUADS(0x99), DOMCTL_AT + 16);
	VS(15, xc_vmtrace_output_position, (x, 5, 3, &v),
	    DOM(vmtrace_op, vmtrace_op,
		{ .cmd = XEN_DOMCTL_vmtrace_output_position, .vcpu = 3 });
	    EQ(v, 0x99));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_vmtrace_op, QUADS(0x98), DOMCTL_AT + 16);
	VS(15, xc_vmtrace_get_option, (x, 5, 3, 0x570, &v),
	    DOM(vmtrace_op, vmtrace_op,
		{ .cmd = XEN_DOMCTL_vmtrace_get_option, .vcpu = 3,
		    .key = 0x570 });
	    EQ(v, 0x98));
	VS(15, xc_vmtrace_set_option, (x, 5, 3, 0x570, 0x2004),
	    DOM(vmtrace_op, vmtrace_op,
		{ .cmd = XEN_DOMCTL_vmtrace_set_option, .vcpu = 3,
		    .key = 0x570, .value = 0x2004 }));
}

static void
policies(xc_interface *x)
{
	struct xc_cpuid_leaf leaves[4] = { { 0, XC_NO_SUBLEAF, 1, 2, 3, 4 },
		{ 7, 0, 5, 6, 7, 8 } };
	struct xc_msr msrs[2] = { { 0x10a, 0, 0x20 } };
	struct xc_policy_error err;
	uint32_t nl = 4, nm = 2;

	/* The list of MSRs, 16 bytes each, is before that of leaves. */
	ANSWER(HC_DOMCTL, XEN_DOMCTL_set_cpu_policy, WORDS(7, 0, 0x10a),
	    DOMCTL_AT + 24, .err = EINVAL);
	VR(-1, xc_set_domain_cpu_policy, (x, 5, leaves, 2, msrs, 1, &err),
	    DOM(set_cpu_policy, cpu_policy,
		{ .nr_leaves = 2, .nr_msrs = 1, .leaves = P(16), .msrs = P(0),
		    .err_leaf = ~0u, .err_subleaf = ~0u, .err_msr = ~0u });
	    BEHIND(0, leaves, 48); BEHIND(1, msrs, 16);
	    EQ(err.leaf, 7); EQ(err.subleaf, 0); EQ(err.msr, 0x10a));
	/* Room for four and two; there are three and one. */
	ANSWER(HC_DOMCTL, XEN_DOMCTL_get_cpu_policy, WORDS(3, 1), DOMCTL_AT);
	ANSWER(HC_DOMCTL, XEN_DOMCTL_get_cpu_policy,
	    WORDS(0x80000000, ~0u, 11, 12, 13, 14), DOMCTL_AT + 8,
	    .there = true);
	ANSWER(HC_DOMCTL, XEN_DOMCTL_get_cpu_policy, QUADS(0xce, 0x80),
	    DOMCTL_AT + 16, .there = true);
	V(xc_get_domain_cpu_policy, (x, 5, leaves, &nl, msrs, &nm),
	    DOM(get_cpu_policy, cpu_policy,
		{ .nr_leaves = 4, .nr_msrs = 2, .leaves = P(32),
		    .msrs = P(0) });
	    EQ(nl, 3); EQ(nm, 1); EQ(leaves[0].leaf, 0x80000000);
	    EQ(leaves[0].d, 14); EQ(msrs[0].index, 0xce);
	    EQ(msrs[0].value, 0x80));
}

static void
schedulers(xc_interface *x)
{
	const struct xc_sched_credit credit = { 512, 50 };
	const struct xc_sched_rtds rtds = { 10000, 4000, true };
	struct xc_sched_rtds_vcpu v[2] = { { 0, { 10000, 4000, true } },
		{ 3, { 20000, 5000, false } } };
	struct xc_sched_credit c;
	struct xc_sched_rtds r;

	V(xc_sched_credit_domain_set, (x, 5, &credit),
	    DOM(scheduler_op, scheduler_op,
		{ .sched_id = XEN_SCHEDULER_CREDIT,
		    .cmd = XEN_DOMCTL_SCHEDOP_putinfo,
		    .u.credit = { 512, 50 } }));
	V(xc_sched_credit2_domain_set, (x, 5, &credit),
	    DOM(scheduler_op, scheduler_op,
		{ .sched_id = XEN_SCHEDULER_CREDIT2,
		    .cmd = XEN_DOMCTL_SCHEDOP_putinfo,
		    .u.credit2 = { 512, 50 } }));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_scheduler_op, WORDS(25u << 16 | 300),
	    DOMCTL_AT + 8);
	V(xc_sched_credit_domain_get, (x, 5, &c),
	    DOM(scheduler_op, scheduler_op,
		{ .sched_id = XEN_SCHEDULER_CREDIT,
		    .cmd = XEN_DOMCTL_SCHEDOP_getinfo });
	    EQ(c.weight, 300); EQ(c.cap, 25));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_scheduler_op, WORDS(25u << 16 | 300),
	    DOMCTL_AT + 8);
	V(xc_sched_credit2_domain_get, (x, 5, &c),
	    DOM(scheduler_op, scheduler_op,
		{ .sched_id = XEN_SCHEDULER_CREDIT2,
		    .cmd = XEN_DOMCTL_SCHEDOP_getinfo });
	    EQ(c.weight, 300); EQ(c.cap, 25));
	V(xc_sched_rtds_domain_set, (x, 5, &rtds),
	    DOM(scheduler_op, scheduler_op,
		{ .sched_id = XEN_SCHEDULER_RTDS,
		    .cmd = XEN_DOMCTL_SCHEDOP_putinfo,
		    .u.rtds = { 10000, 4000, XEN_DOMCTL_SCHEDRT_extra } }));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_scheduler_op, WORDS(7, 6, 1),
	    DOMCTL_AT + 8);
	V(xc_sched_rtds_domain_get, (x, 5, &r),
	    DOM(scheduler_op, scheduler_op,
		{ .sched_id = XEN_SCHEDULER_RTDS,
		    .cmd = XEN_DOMCTL_SCHEDOP_getinfo });
	    EQ(r.period_us, 7); EQ(r.budget_us, 6); EQ(r.extratime, true));
	VR(2, xc_sched_rtds_vcpu_set, (x, 5, v, 2),
	    DOM(scheduler_op, scheduler_op,
		{ .sched_id = XEN_SCHEDULER_RTDS,
		    .cmd = XEN_DOMCTL_SCHEDOP_putvcpuinfo,
		    .u.v = { .vcpus = P(0), .nr_vcpus = 2 } });
	    DEEP(0, xen_domctl_schedparam_vcpu_t,
		{ .u.rtds = { 10000, 4000, 1 }, .vcpuid = 0 },
		{ .u.rtds = { 20000, 5000, 0 }, .vcpuid = 3 }));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_scheduler_op,
	    WORDS(9, 8, 1, 0, 7, 6, 0, 3), DOMCTL_AT + 8, .there = true);
	VR(2, xc_sched_rtds_vcpu_get, (x, 5, v, 2),
	    DOM(scheduler_op, scheduler_op,
		{ .sched_id = XEN_SCHEDULER_RTDS,
		    .cmd = XEN_DOMCTL_SCHEDOP_getvcpuinfo,
		    .u.v = { .vcpus = P(0), .nr_vcpus = 2 } });
	    EQ(v[0].params.period_us, 9); EQ(v[0].params.extratime, true);
	    EQ(v[1].params.budget_us, 6); EQ(v[1].params.extratime, false));
	/* One of two was done. */
	ANSWER(HC_DOMCTL, XEN_DOMCTL_scheduler_op, WORDS(5, 4, 1, 0, 3, 2),
	    DOMCTL_AT + 8, .there = true);
	ANSWER(HC_DOMCTL, XEN_DOMCTL_scheduler_op, WORDS(1), DOMCTL_AT + 16);
	VR(1, xc_sched_rtds_vcpu_get, (x, 5, v, 2),
	    DOM(scheduler_op, scheduler_op,
		{ .sched_id = XEN_SCHEDULER_RTDS,
		    .cmd = XEN_DOMCTL_SCHEDOP_getvcpuinfo,
		    .u.v = { .vcpus = P(0), .nr_vcpus = 2 } });
	    EQ(v[0].params.period_us, 5); EQ(v[1].params.budget_us, 6));
}

/* Whatever the domain's pool runs: asked for first. */
static void
weights(xc_interface *x)
{
	uint16_t weight, cap;

	ANSWER(HC_DOMCTL, XEN_DOMCTL_getdomaininfo, WORDS(5), DOMCTL_AT);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_sched_id, WORDS(XEN_SCHEDULER_CREDIT2),
	    SYSCTL_AT);
	V(xc_sched_credit_set, (x, 5, 512, 50), DOM_NONE(getdomaininfo);
	  SYS_NONE(sched_id);
	  DOM(scheduler_op, scheduler_op,
	      { .sched_id = XEN_SCHEDULER_CREDIT2,
		  .cmd = XEN_DOMCTL_SCHEDOP_putinfo,
		  .u.credit2 = { 512, 50 } }));
	/* In pool 3. */
	ANSWER(HC_DOMCTL, XEN_DOMCTL_getdomaininfo, WORDS(5), DOMCTL_AT);
	ANSWER(HC_DOMCTL, XEN_DOMCTL_getdomaininfo, WORDS(3),
	    DOMCTL_AT + 92);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_cpupool_op,
	    WORDS(3, XEN_SCHEDULER_CREDIT), SYSCTL_AT + 4);
	ANSWER(HC_DOMCTL, XEN_DOMCTL_scheduler_op, WORDS(25u << 16 | 300),
	    DOMCTL_AT + 8);
	V(xc_sched_credit_get, (x, 5, &weight, &cap), DOM_NONE(getdomaininfo);
	  SYS(cpupool_op, cpupool_op,
	      { .op = XEN_SYSCTL_CPUPOOL_OP_INFO, .cpupool_id = 3,
		  .cpumap = { P(0), 512 } });
	  DOM(scheduler_op, scheduler_op,
	      { .sched_id = XEN_SCHEDULER_CREDIT,
		  .cmd = XEN_DOMCTL_SCHEDOP_getinfo });
	  EQ(weight, 300); EQ(cap, 25));
}

/* The numbers of each kind of allotment: to set it, and to ask for it. */
static void
allotments(xc_interface *x)
{
	uint64_t data;
	uint32_t rmid;

	V(xc_psr_cmt_attach, (x, 5),
	    DOM(psr_cmt_op, psr_cmt_op,
		{ .cmd = XEN_DOMCTL_PSR_CMT_OP_ATTACH }));
	V(xc_psr_cmt_detach, (x, 5),
	    DOM(psr_cmt_op, psr_cmt_op,
		{ .cmd = XEN_DOMCTL_PSR_CMT_OP_DETACH }));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_psr_cmt_op, WORDS(9), DOMCTL_AT + 4);
	V(xc_psr_cmt_get_domain_rmid, (x, 5, &rmid),
	    DOM(psr_cmt_op, psr_cmt_op,
		{ .cmd = XEN_DOMCTL_PSR_CMT_OP_QUERY_RMID });
	    EQ(rmid, 9));
#define SET(type, name)                                                        \
	V(xc_psr_set_domain_data, (x, 5, type, 1, 0xff0f),                     \
	    DOM(psr_alloc, psr_alloc,                                          \
		{ .cmd = XEN_DOMCTL_PSR_SET_##name, .target = 1,               \
		    .data = 0xff0f }))
#define GET(type, name)                                                        \
	ANSWER(HC_DOMCTL, XEN_DOMCTL_psr_alloc, QUADS(0x77), DOMCTL_AT + 8);   \
	V(xc_psr_get_domain_data, (x, 5, type, 1, &data),                      \
	    DOM(psr_alloc, psr_alloc,                                          \
		{ .cmd = XEN_DOMCTL_PSR_GET_##name, .target = 1 });            \
	    EQ(data, 0x77))
	SET(XC_PSR_L3_CBM, L3_CBM);
	SET(XC_PSR_L3_CODE, L3_CODE);
	SET(XC_PSR_L3_DATA, L3_DATA);
	SET(XC_PSR_L2_CBM, L2_CBM);
	SET(XC_PSR_MBA_THROTTLE, MBA_THRTL);
	GET(XC_PSR_L3_CBM, L3_CBM);
	GET(XC_PSR_L3_CODE, L3_CODE);
	GET(XC_PSR_L3_DATA, L3_DATA);
	GET(XC_PSR_L2_CBM, L2_CBM);
	GET(XC_PSR_MBA_THROTTLE, MBA_THRTL);
#undef SET
#undef GET
}

/* One vCPU, two nodes; the arrays are in one buffer: two ranges of 24 bytes,
 * four distances, the vCPU's node, the host's nodes. */
static void
numa(xc_interface *x)
{
	uint32_t distance[4] = { 10, 20, 20, 10 }, vcpu[1] = { 1 },
		 hosts[2] = { 1, 0 };
	struct xc_vmemrange ranges[2] = { { 0, 0x1000, 0, 0 },
		{ 0x1000, 0x3000, 0, 1 } };
	const struct xc_vnuma v = { 2, 2, 1, distance, vcpu, hosts, ranges };

	V(xc_domain_setvnuma, (x, 5, &v),
	    DOM(setvnumainfo, vnuma,
		{ .nr_vnodes = 2, .nr_vmemranges = 2, .nr_vcpus = 1,
		    .vdistance = P(48), .vcpu_to_vnode = P(64),
		    .vnode_to_pnode = P(68), .vmemrange = P(0) });
	    BEHIND(0, distance, 16); BEHIND(1, vcpu, 4); BEHIND(2, hosts, 8);
	    BEHIND(3, ranges, sizeof(ranges)));
}
#endif

const struct vec_group vec_domctl_groups[] = {
#if XEN_DOMCTL_INTERFACE_VERSION == 0x15
	{ "life", life },
	{ "registers", registers },
	{ "vcpus", vcpus },
	{ "debugging", debugging },
	{ "policies", policies },
	{ "schedulers", schedulers },
	{ "weights", weights },
	{ "allotments", allotments },
	{ "numa", numa },
#endif
	{ NULL, NULL },
};
