/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Vectors: domctls whose layout is the same from 4.14 to 4.22. */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include <check.h>
#include <xen/domctl.h>

#include "xenctrl.h"
#include "xc_vec.h"

void vec_add_domctl(TCase *t);

/* The headers name fields by release: only 4.17's are compared with. */
#if XEN_DOMCTL_INTERFACE_VERSION == 0x15

static xc_interface *x;

/* The last call was this domctl of domain 5 with that payload. */
static void
sent(uint32_t cmd, const void *payload, size_t size)
{
	const struct vec_call *c = vec_last(0);
	xen_domctl_t want;

	memset(&want, 0, sizeof(want));
	want.cmd = cmd;
	want.interface_version = vec_now->domctl;
	want.domain = 5;
	memcpy(&want.u, payload, size);
	ck_assert_uint_eq(c->op, __HYPERVISOR_domctl);
	ck_assert_uint_eq(c->arg[0], VEC_PTR(0));
	ck_assert_mem_eq(c->sent, &want, sizeof(want));
}

/* One field; the rest of the payload is zero. */
#define SENT(name, field, ...)                                                 \
	do {                                                                   \
		struct xen_domctl w = { 0 };                                   \
		w.u.field = (__typeof__(w.u.field))__VA_ARGS__;                \
		sent(XEN_DOMCTL_##name, &w.u, sizeof(w.u));                    \
	} while (0)
#define NOTHING(name)                                                          \
	do {                                                                   \
		xen_domctl_t w = { 0 };                                        \
		sent(XEN_DOMCTL_##name, &w.u, sizeof(w.u));                    \
	} while (0)
#define OK(call) ck_assert_int_eq((int)(call), 0)
#define P(n)	 { (void *)(uintptr_t)VEC_PTR(n) }

START_TEST(life)
{
	uint8_t handle[16] = "0123456789abcde";
	struct xen_domctl_setdomainhandle h;

	x = vec_open((unsigned)_i);
	OK(xc_domain_pause(x, 5));
	NOTHING(pausedomain);
	OK(xc_domain_unpause(x, 5));
	NOTHING(unpausedomain);
	OK(xc_domain_resume(x, 5));
	NOTHING(resumedomain);
	OK(xc_domain_destroy(x, 5));
	NOTHING(destroydomain);
	OK(xc_domain_max_vcpus(x, 5, 0x77));
	SENT(max_vcpus, max_vcpus, { .max = 0x77 });
	OK(xc_domain_set_max_mem(x, 5, 0x123456789a));
	SENT(max_mem, max_mem, { .max_memkb = 0x123456789a });
	memcpy(h.handle, handle, 16);
	OK(xc_domain_set_handle(x, 5, handle));
	sent(XEN_DOMCTL_setdomainhandle, &h, sizeof(h));
	OK(xc_domain_set_debugging(x, 5, true));
	SENT(setdebugging, setdebugging, { .enable = 1 });
	OK(xc_domain_set_time_offset(x, 5, -3600));
	SENT(settimeoffset, settimeoffset, { .time_offset_seconds = -3600 });
	OK(xc_domain_set_address_size(x, 5, 64));
	SENT(set_address_size, address_size, { .size = 64 });
	OK(xc_domain_set_target(x, 5, 0x1234));
	SENT(set_target, set_target, { .target = 0x1234 });
	OK(xc_domain_send_trigger(x, 5, 3, 7));
	SENT(sendtrigger, sendtrigger, { .trigger = 3, .vcpu = 7 });
	OK(xc_domain_hypercall_init(x, 5, 0x123456789));
	SENT(hypercall_init, hypercall_init, { .gmfn = 0x123456789 });
	OK(xc_domain_set_tsc_info(x, 5, 2, 2400000, 9, 0x1122334455));
	SENT(settscinfo, tsc_info,
	    { .tsc_mode = 2, .gtsc_khz = 2400000, .incarnation = 9,
		.elapsed_nsec = 0x1122334455 });
	OK(xc_domain_subscribe_for_suspend(x, 5, 17));
	SENT(subscribe, subscribe, { .port = 17 });
	OK(xc_domain_soft_reset(x, 5));
	NOTHING(soft_reset);
	OK(xc_domain_set_virq_handler(x, 5, 8));
	SENT(set_virq_handler, set_virq_handler, { .virq = 8 });
	OK(xc_domain_set_access_required(x, 5, true));
	SENT(set_access_required, access_required, { .access_required = 1 });
	xc_interface_close(x);
}
END_TEST

START_TEST(vcpus)
{
	static uint8_t context[5168];
	uint8_t hard[8] = { 1, 2 }, soft[8] = { 3, 4 };
	struct xc_vcpuinfo info;

	x = vec_open((unsigned)_i);
	OK(xc_vcpu_getinfo(x, 5, 3, &info));
	SENT(getvcpuinfo, getvcpuinfo, { .vcpu = 3 });
	memset(context, 0x5a, sizeof(context));
	OK(xc_vcpu_setcontext(x, 5, 3, context, sizeof(context)));
	SENT(setvcpucontext, vcpucontext, { .vcpu = 3, .ctxt = P(0) });
	ck_assert_mem_eq(vec_last(0)->deep[0], context, 512);
	OK(xc_vcpu_getcontext(x, 5, 3, context, sizeof(context)));
	SENT(getvcpucontext, vcpucontext, { .vcpu = 3, .ctxt = P(0) });
	OK(xc_vcpu_setaffinity(x, 5, 3, hard, soft, 8));
	SENT(setvcpuaffinity, vcpuaffinity,
	    { .vcpu = 3,
		.flags = XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT,
		.cpumap_hard = { P(0), 64 }, .cpumap_soft = { P(8), 64 } });
	ck_assert_mem_eq(vec_last(0)->deep[0], hard, 8);
	ck_assert_mem_eq(vec_last(0)->deep[1], soft, 8);
	OK(xc_domain_set_node_affinity(x, 5, hard, 8));
	SENT(setnodeaffinity, nodeaffinity, { .nodemap = { P(0), 64 } });
	ck_assert_mem_eq(vec_last(0)->deep[0], hard, 8);
	OK(xc_domain_get_node_affinity(x, 5, hard, 8));
	SENT(getnodeaffinity, nodeaffinity, { .nodemap = { P(0), 64 } });
	OK(xc_gdbsx_pause_vcpu(x, 5, 3));
	SENT(gdbsx_pausevcpu, gdbsx_pauseunp_vcpu, { .vcpu = 3 });
	OK(xc_gdbsx_unpause_vcpu(x, 5, 3));
	SENT(gdbsx_unpausevcpu, gdbsx_pauseunp_vcpu, { .vcpu = 3 });
	OK(xc_domain_debug_control(x, 5, 3, true));
	SENT(debug_op, debug_op,
	    { .op = XEN_DOMCTL_DEBUG_OP_SINGLE_STEP_ON, .vcpu = 3 });
	xc_interface_close(x);
}
END_TEST

START_TEST(devices)
{
	const struct xc_pt_irq irq = { .machine_irq = 33, .type = XC_PT_IRQ_PCI,
		.bus = 2, .device = 4, .intx = 1 };
	uint64_t done = 0;

	x = vec_open((unsigned)_i);
	OK(xc_assign_device(x, 5, XC_SBDF(1, 2, 3, 4), 0));
	SENT(assign_device, assign_device,
	    { .dev = XEN_DOMCTL_DEV_PCI,
		.u.pci.machine_sbdf = 1u << 16 | 2 << 8 | 3 << 3 | 4 });
	OK(xc_deassign_device(x, 5, XC_SBDF(1, 2, 3, 4)));
	SENT(deassign_device, assign_device,
	    { .dev = XEN_DOMCTL_DEV_PCI,
		.u.pci.machine_sbdf = 1u << 16 | 2 << 8 | 3 << 3 | 4 });
	OK(xc_test_assign_device(x, 5, XC_SBDF(0, 2, 0, 0)));
	SENT(test_assign_device, assign_device,
	    { .dev = XEN_DOMCTL_DEV_PCI, .u.pci.machine_sbdf = 2 << 8 });
	OK(xc_domain_iomem_permission(x, 5, 0xfe000, 16, true));
	SENT(iomem_permission, iomem_permission,
	    { .first_mfn = 0xfe000, .nr_mfns = 16, .allow_access = 1 });
	OK(xc_domain_ioport_permission(x, 5, 0x3f8, 8, true));
	SENT(ioport_permission, ioport_permission,
	    { .first_port = 0x3f8, .nr_ports = 8, .allow_access = 1 });
	OK(xc_domain_ioport_mapping(x, 5, 0x2f8, 0x3f8, 8, true));
	SENT(ioport_mapping, ioport_mapping,
	    { .first_gport = 0x2f8, .first_mport = 0x3f8, .nr_ports = 8,
		.add_mapping = 1 });
	OK(xc_domain_memory_mapping(x, 5, 0x1000, 0xfe000, 4, true, &done));
	SENT(memory_mapping, memory_mapping,
	    { .first_gfn = 0x1000, .first_mfn = 0xfe000, .nr_mfns = 4,
		.add_mapping = 1 });
	OK(xc_domain_bind_pt_irq(x, 5, &irq));
	SENT(bind_pt_irq, bind_pt_irq,
	    { .machine_irq = 33, .irq_type = PT_IRQ_TYPE_PCI,
		.u.pci = { .bus = 2, .device = 4, .intx = 1 } });
	OK(xc_domain_unbind_pt_irq(x, 5, &irq));
	SENT(unbind_pt_irq, bind_pt_irq,
	    { .machine_irq = 33, .irq_type = PT_IRQ_TYPE_PCI,
		.u.pci = { .bus = 2, .device = 4, .intx = 1 } });
	xc_interface_close(x);
}
END_TEST

START_TEST(memory)
{
	char buf[64] = "context";

	x = vec_open((unsigned)_i);
	OK(xc_shadow_control(x, 5, XC_SHADOW_ENABLE_LOGDIRTY, 0));
	SENT(shadow_op, shadow_op, { .op = XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY });
	OK(xc_shadow_control(x, 5, XC_SHADOW_OFF, 0));
	SENT(shadow_op, shadow_op, { .op = XEN_DOMCTL_SHADOW_OP_OFF });
	OK(xc_set_broken_page_p2m(x, 5, 0x1234));
	SENT(set_broken_page_p2m, set_broken_page_p2m, { .pfn = 0x1234 });
	OK(xc_domain_hvm_setcontext(x, 5, buf, 64));
	SENT(sethvmcontext, hvmcontext, { .size = 64, .buffer = P(0) });
	ck_assert_mem_eq(vec_last(0)->deep[0], buf, 64);
	OK(xc_memshr_control(x, 5, true));
	SENT(mem_sharing_op, mem_sharing_op,
	    { .op = XEN_DOMCTL_MEM_SHARING_CONTROL, .u.enable = 1 });
	OK(xc_vm_event_resume(x, 5, XC_VM_EVENT_MONITOR));
	SENT(vm_event_op, vm_event_op,
	    { .op = XEN_VM_EVENT_RESUME,
		.mode = XEN_DOMCTL_VM_EVENT_OP_MONITOR });
	xc_interface_close(x);
}
END_TEST

START_TEST(monitor)
{
	x = vec_open((unsigned)_i);
	OK(xc_monitor_singlestep(x, 5, true));
	SENT(monitor_op, monitor_op,
	    { .op = XEN_DOMCTL_MONITOR_OP_ENABLE,
		.event = XEN_DOMCTL_MONITOR_EVENT_SINGLESTEP });
	OK(xc_monitor_mov_to_msr(x, 5, 0x174, true, true));
	SENT(monitor_op, monitor_op,
	    { .op = XEN_DOMCTL_MONITOR_OP_ENABLE,
		.event = XEN_DOMCTL_MONITOR_EVENT_MOV_TO_MSR,
		.u.mov_to_msr = { .msr = 0x174, .onchangeonly = 1 } });
	OK(xc_monitor_write_ctrlreg(x, 5, 2, true, true, 0x80, true));
	SENT(monitor_op, monitor_op,
	    { .op = XEN_DOMCTL_MONITOR_OP_ENABLE,
		.event = XEN_DOMCTL_MONITOR_EVENT_WRITE_CTRLREG,
		.u.mov_to_cr = { .index = 2, .sync = 1, .onchangeonly = 1,
		    .bitmask = 0x80 } });
	OK(xc_monitor_software_breakpoint(x, 5, false));
	SENT(monitor_op, monitor_op,
	    { .op = XEN_DOMCTL_MONITOR_OP_DISABLE,
		.event = XEN_DOMCTL_MONITOR_EVENT_SOFTWARE_BREAKPOINT });
	OK(xc_monitor_cpuid(x, 5, true));
	SENT(monitor_op, monitor_op,
	    { .op = XEN_DOMCTL_MONITOR_OP_ENABLE,
		.event = XEN_DOMCTL_MONITOR_EVENT_CPUID });
	OK(xc_monitor_guest_request(x, 5, true, true, true));
	SENT(monitor_op, monitor_op,
	    { .op = XEN_DOMCTL_MONITOR_OP_ENABLE,
		.event = XEN_DOMCTL_MONITOR_EVENT_GUEST_REQUEST,
		.u.guest_request = { .sync = 1, .allow_userspace = 1 } });
	OK(xc_monitor_emulate_each_rep(x, 5, true));
	SENT(monitor_op, monitor_op,
	    { .op = XEN_DOMCTL_MONITOR_OP_EMULATE_EACH_REP, .event = 1 });
	xc_interface_close(x);
}
END_TEST
#endif

void
vec_add_domctl(TCase *t)
{
#if XEN_DOMCTL_INTERFACE_VERSION == 0x15
	const int n = (int)vec_nreleases;

	tcase_add_loop_test(t, life, 0, n);
	tcase_add_loop_test(t, vcpus, 0, n);
	tcase_add_loop_test(t, devices, 0, n);
	tcase_add_loop_test(t, memory, 0, n);
	tcase_add_loop_test(t, monitor, 0, n);
#else
	(void)t;
#endif
}
