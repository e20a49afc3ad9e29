/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Vectors: domctls of devices, memory modes and introspection, and the calls
 * that go with them. */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include <check.h>
#include <sys/mman.h>
#include <xen/domctl.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>
#include <xen/physdev.h>

#include "xc_private.h"
#include "xc_privcmd.h"
#include "xc_vec.h"

#if XEN_DOMCTL_INTERFACE_VERSION == 0x15

static void
devices(xc_interface *x)
{
	uint32_t group[4];
	uint64_t done = 0;

	V(xc_assign_device, (x, 5, XC_SBDF(1, 2, 3, 4), 1),
	    DOM(assign_device, assign_device,
		{ .dev = XEN_DOMCTL_DEV_PCI,
		    .flags = XEN_DOMCTL_DEV_RDM_RELAXED,
		    .u.pci.machine_sbdf = 1u << 16 | 2 << 8 | 3 << 3 | 4 }));
	V(xc_deassign_device, (x, 5, XC_SBDF(1, 2, 3, 4)),
	    DOM(deassign_device, assign_device,
		{ .dev = XEN_DOMCTL_DEV_PCI,
		    .u.pci.machine_sbdf = 1u << 16 | 2 << 8 | 3 << 3 | 4 }));
	V(xc_test_assign_device, (x, 5, XC_SBDF(0, 2, 0, 0)),
	    DOM(test_assign_device, assign_device,
		{ .dev = XEN_DOMCTL_DEV_PCI,
		    .u.pci.machine_sbdf = 2 << 8 }));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_get_device_group, WORDS(2),
	    DOMCTL_AT + 8);
	ANSWER(HC_DOMCTL, XEN_DOMCTL_get_device_group, WORDS(0x208, 0x209),
	    DOMCTL_AT + 16, .there = true);
	VR(2, xc_get_device_group, (x, 5, XC_SBDF(0, 2, 0, 0), group, 4),
	    DOM(get_device_group, get_device_group,
		{ .machine_sbdf = 2 << 8, .max_sdevs = 4,
		    .sdev_array = P(0) });
	    EQ(group[0], 0x208); EQ(group[1], 0x209));
	V(xc_domain_iomem_permission, (x, 5, 0xfe000, 16, true),
	    DOM(iomem_permission, iomem_permission,
		{ .first_mfn = 0xfe000, .nr_mfns = 16, .allow_access = 1 }));
	V(xc_domain_ioport_permission, (x, 5, 0x3f8, 8, true),
	    DOM(ioport_permission, ioport_permission,
		{ .first_port = 0x3f8, .nr_ports = 8, .allow_access = 1 }));
	V(xc_domain_ioport_mapping, (x, 5, 0x2f8, 0x3f8, 8, true),
	    DOM(ioport_mapping, ioport_mapping,
		{ .first_gport = 0x2f8, .first_mport = 0x3f8, .nr_ports = 8,
		    .add_mapping = 1 }));
	V(xc_domain_memory_mapping, (x, 5, 0x1000, 0xfe000, 4, true, &done),
	    DOM(memory_mapping, memory_mapping,
		{ .first_gfn = 0x1000, .first_mfn = 0xfe000, .nr_mfns = 4,
		    .add_mapping = 1 });
	    EQ(done, 4));
	/* Xen did three and wants to be asked for the rest. */
	ANSWER(HC_DOMCTL, XEN_DOMCTL_memory_mapping, .result = 3,
	    .once = true);
	V(xc_domain_memory_mapping, (x, 5, 0x1000, 0xfe000, 4, false, &done),
	    DOM(memory_mapping, memory_mapping,
		{ .first_gfn = 0x1000, .first_mfn = 0xfe000, .nr_mfns = 4 });
	    DOM(memory_mapping, memory_mapping,
		{ .first_gfn = 0x1003, .first_mfn = 0xfe003, .nr_mfns = 1 });
	    EQ(done, 4));
}

static void
interrupts(xc_interface *x)
{
	const struct xc_pt_irq pci = { .machine_irq = 33,
		.type = XC_PT_IRQ_PCI, .bus = 2, .device = 4, .intx = 1 };
	const struct xc_pt_irq isa = { .machine_irq = 7,
		.type = XC_PT_IRQ_ISA, .isa_irq = 7 };
	const struct xc_pt_irq msi = { .machine_irq = 34,
		.type = XC_PT_IRQ_MSI, .gvec = 0x41, .gflags = 0x11,
		.gtable = 0xfeb00000 };
	const struct xc_msi of = { .type = XC_PIRQ_MSI_SEG,
		.sbdf = XC_SBDF(1, 2, 3, 4), .entry = 6,
		.table_base = 0xfe000000 };
	int pirq = XC_PIRQ_ANY;

	V(xc_domain_bind_pt_irq, (x, 5, &pci),
	    DOM(bind_pt_irq, bind_pt_irq,
		{ .machine_irq = 33, .irq_type = PT_IRQ_TYPE_PCI,
		    .u.pci = { .bus = 2, .device = 4, .intx = 1 } }));
	V(xc_domain_bind_pt_irq, (x, 5, &isa),
	    DOM(bind_pt_irq, bind_pt_irq,
		{ .machine_irq = 7, .irq_type = PT_IRQ_TYPE_ISA,
		    .u.isa = { .isa_irq = 7 } }));
	V(xc_domain_bind_pt_irq, (x, 5, &msi),
	    DOM(bind_pt_irq, bind_pt_irq,
		{ .machine_irq = 34, .irq_type = PT_IRQ_TYPE_MSI,
		    .u.msi = { .gvec = 0x41, .gflags = 0x11,
			.gtable = 0xfeb00000 } }));
	V(xc_domain_unbind_pt_irq, (x, 5, &pci),
	    DOM(unbind_pt_irq, bind_pt_irq,
		{ .machine_irq = 33, .irq_type = PT_IRQ_TYPE_PCI,
		    .u.pci = { .bus = 2, .device = 4, .intx = 1 } }));
	ANSWER(HC_PHYSDEV, PHYSDEVOP_map_pirq, WORDS(55), 12);
	V(xc_physdev_map_pirq, (x, 5, 20, &pirq),
	    CMD(HC_PHYSDEV, PHYSDEVOP_map_pirq, struct physdev_map_pirq,
		{ .domid = 5, .type = MAP_PIRQ_TYPE_GSI, .index = 20,
		    .pirq = -1 });
	    EQ(pirq, 55));
	pirq = 56;
	V(xc_physdev_map_pirq_msi, (x, 5, &of, &pirq),
	    CMD(HC_PHYSDEV, PHYSDEVOP_map_pirq, struct physdev_map_pirq,
		{ .domid = 5, .type = MAP_PIRQ_TYPE_MSI_SEG, .index = -1,
		    .pirq = 56, .bus = 0x102, .devfn = 0x1c, .entry_nr = 6,
		    .table_base = 0xfe000000 });
	    EQ(pirq, 56));
	V(xc_physdev_unmap_pirq, (x, 5, 55),
	    CMD(HC_PHYSDEV, PHYSDEVOP_unmap_pirq, struct physdev_unmap_pirq,
		{ .domid = 5, .pirq = 55 }));
}

static void
modes(xc_interface *x)
{
	struct xc_logdirty_stats stats;
	uint8_t bitmap[9];
	uint32_t types[2];
	const uint64_t gfns[2] = { 7, 8 };
	struct xc_p2m_audit audit;

	V(xc_shadow_control, (x, 5, XC_SHADOW_ENABLE, XC_SHADOW_MODE_EXTERNAL),
	    DOM(shadow_op, shadow_op,
		{ .op = XEN_DOMCTL_SHADOW_OP_ENABLE,
		    .mode = XEN_DOMCTL_SHADOW_ENABLE_EXTERNAL }));
	V(xc_shadow_control, (x, 5, XC_SHADOW_ENABLE_TEST, 0),
	    DOM(shadow_op, shadow_op,
		{ .op = XEN_DOMCTL_SHADOW_OP_ENABLE_TEST }));
	V(xc_shadow_control, (x, 5, XC_SHADOW_ENABLE_LOGDIRTY, 0),
	    DOM(shadow_op, shadow_op,
		{ .op = XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY }));
	V(xc_shadow_control, (x, 5, XC_SHADOW_OFF, 0),
	    DOM(shadow_op, shadow_op, { .op = XEN_DOMCTL_SHADOW_OP_OFF }));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_shadow_op, WORDS(70, 0, 11, 22),
	    DOMCTL_AT + 24);
	ANSWER(HC_DOMCTL, XEN_DOMCTL_shadow_op, OCTETS(1, 2, 3, 4, 5, 6, 7, 8,
	    9), DOMCTL_AT + 16, .there = true);
	VR(70, xc_logdirty_control,
	    (x, 5, XC_LOGDIRTY_CLEAN, XC_LOGDIRTY_FINAL, bitmap, 70, &stats),
	    DOM(shadow_op, shadow_op,
		{ .op = XEN_DOMCTL_SHADOW_OP_CLEAN,
		    .mode = XEN_DOMCTL_SHADOW_LOGDIRTY_FINAL,
		    .dirty_bitmap = P(0), .pages = 70 });
	    EQ(stats.faults, 11); EQ(stats.dirty, 22); EQ(bitmap[8], 9));
	VR(0, xc_logdirty_control, (x, 5, XC_LOGDIRTY_PEEK, 0, NULL, 0, NULL),
	    DOM(shadow_op, shadow_op, { .op = XEN_DOMCTL_SHADOW_OP_PEEK }));
	V(xc_set_broken_page_p2m, (x, 5, 0x1234),
	    DOM(set_broken_page_p2m, set_broken_page_p2m, { .pfn = 0x1234 }));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_getpageframeinfo3,
	    QUADS(0x10000000, 0xf0000000), DOMCTL_AT + 8, .there = true);
	V(xc_get_pfn_type_batch, (x, 5, gfns, types, 2),
	    DOM(getpageframeinfo3, getpageframeinfo3,
		{ .num = 2, .array = P(0) });
	    BEHIND(0, gfns, sizeof(gfns)); EQ(types[0], XC_PFINFO_L1TAB);
	    EQ(types[1], XC_PFINFO_XTAB));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_audit_p2m, QUADS(1, 2, 3), DOMCTL_AT);
	V(xc_domain_p2m_audit, (x, 5, &audit), DOM_NONE(audit_p2m);
	  EQ(audit.orphans, 1); EQ(audit.m2p_bad, 2); EQ(audit.p2m_bad, 3));
	V(xc_memshr_control, (x, 5, true),
	    DOM(mem_sharing_op, mem_sharing_op,
		{ .op = XEN_DOMCTL_MEM_SHARING_CONTROL, .u.enable = 1 }));
}

static void
contexts(xc_interface *x)
{
	char buf[64] = "context";

	V(xc_domain_hvm_setcontext, (x, 5, buf, 64),
	    DOM(sethvmcontext, hvmcontext, { .size = 64, .buffer = P(0) });
	    BEHIND(0, buf, 64));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_gethvmcontext, WORDS(8421), DOMCTL_AT);
	VR(8421, xc_domain_hvm_getcontext, (x, 5, NULL, 0),
	    DOM_NONE(gethvmcontext));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_gethvmcontext, WORDS(8), DOMCTL_AT);
	ANSWER(HC_DOMCTL, XEN_DOMCTL_gethvmcontext, TEXT("records"),
	    DOMCTL_AT + 8, .there = true);
	VR(8, xc_domain_hvm_getcontext, (x, 5, buf, 64),
	    DOM(gethvmcontext, hvmcontext, { .size = 64, .buffer = P(0) });
	    SAME(buf, "records", 8));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_gethvmcontext_partial, QUADS(7),
	    DOMCTL_AT + 8);
	ANSWER(HC_DOMCTL, XEN_DOMCTL_gethvmcontext_partial, TEXT("record"),
	    DOMCTL_AT + 16, .there = true);
	VR(7, xc_domain_hvm_getcontext_partial, (x, 5, 2, 3, buf, 64),
	    DOM(gethvmcontext_partial, hvmcontext_partial,
		{ .type = 2, .instance = 3, .bufsz = 64, .buffer = P(0) });
	    SAME(buf, "record", 7));
}

/* --- what a monitor is told of -------------------------------------------- */

#define EVENT(what, name, ...)                                                 \
	DOM(monitor_op, monitor_op,                                            \
	    { .op = XEN_DOMCTL_MONITOR_OP_##what,                              \
		.event = XEN_DOMCTL_MONITOR_EVENT_##name, __VA_ARGS__ })

static void
monitor(xc_interface *x)
{
	uint32_t caps;

	V(xc_monitor_singlestep, (x, 5, true), EVENT(ENABLE, SINGLESTEP));
	V(xc_monitor_mov_to_msr, (x, 5, 0x174, true, true),
	    EVENT(ENABLE, MOV_TO_MSR,
		.u.mov_to_msr = { .msr = 0x174, .onchangeonly = 1 }));
	V(xc_monitor_write_ctrlreg, (x, 5, 2, true, true, 0x80, true),
	    EVENT(ENABLE, WRITE_CTRLREG,
		.u.mov_to_cr = { .index = 2, .sync = 1, .onchangeonly = 1,
		    .bitmask = 0x80 }));
	V(xc_monitor_software_breakpoint, (x, 5, false),
	    EVENT(DISABLE, SOFTWARE_BREAKPOINT));
	V(xc_monitor_descriptor_access, (x, 5, true),
	    EVENT(ENABLE, DESC_ACCESS));
	V(xc_monitor_inguest_pagefault, (x, 5, true),
	    EVENT(ENABLE, INGUEST_PAGEFAULT));
	V(xc_monitor_debug_exceptions, (x, 5, true, true),
	    EVENT(ENABLE, DEBUG_EXCEPTION, .u.debug_exception = { 1 }));
	V(xc_monitor_cpuid, (x, 5, true), EVENT(ENABLE, CPUID));
	V(xc_monitor_privileged_call, (x, 5, true),
	    EVENT(ENABLE, PRIVILEGED_CALL));
	V(xc_monitor_emul_unimplemented, (x, 5, false),
	    EVENT(DISABLE, EMUL_UNIMPLEMENTED));
	V(xc_monitor_guest_request, (x, 5, true, true, true),
	    EVENT(ENABLE, GUEST_REQUEST,
		.u.guest_request = { .sync = 1, .allow_userspace = 1 }));
	VS(17, xc_monitor_vmexit, (x, 5, true, true),
	    EVENT(ENABLE, VMEXIT, .u.vmexit = { 1 }));
	/* Later than the headers: event 13. */
	VS(18, xc_monitor_io, (x, 5, true), DOM_WORDS(77, 0, 13));
	V(xc_monitor_emulate_each_rep, (x, 5, true),
	    DOM(monitor_op, monitor_op,
		{ .op = XEN_DOMCTL_MONITOR_OP_EMULATE_EACH_REP,
		    .event = 1 }));
	V(xc_monitor_control_registers, (x, 5),
	    DOM(monitor_op, monitor_op,
		{ .op = XEN_DOMCTL_MONITOR_OP_CONTROL_REGISTERS }));
	ANSWER(HC_DOMCTL, XEN_DOMCTL_monitor_op, WORDS(0x1fff),
	    DOMCTL_AT + 4);
	V(xc_monitor_get_capabilities, (x, 5, &caps),
	    DOM(monitor_op, monitor_op,
		{ .op = XEN_DOMCTL_MONITOR_OP_GET_CAPABILITIES });
	    EQ(caps, 0x1fff));
}

/* --- rings ---------------------------------------------------------------- */

#define RING(what, which)                                                      \
	DOM(vm_event_op, vm_event_op,                                          \
	    { .op = XEN_VM_EVENT_##what,                                       \
		.mode = XEN_DOMCTL_VM_EVENT_OP_##which })

/* A ring is a frame that a parameter names; it is mapped, given to Xen, and
 * taken from the guest, which does not run meanwhile. */
#define RING_ENABLED(which, param)                                             \
	DOM_NONE(pausedomain);                                                 \
	CMD(HC_HVM, HVMOP_get_param, struct xen_hvm_param,                     \
	    { .domid = 5, .index = param });                                   \
	IOCTL(XC_DEV_PRIVCMD, IOCTL_PRIVCMD_MMAPBATCH_V2,                      \
	    struct privcmd_mmapbatch_v2,                                       \
	    { .num = 1, .dom = 5, .addr = VEC_PTR(0),                          \
		.arr = (void *)(uintptr_t)VEC_OURS,                            \
		.err = (void *)(uintptr_t)VEC_OURS });                         \
	DEEP(0, uint64_t, 0xfeff);                                             \
	RING(ENABLE, which);                                                   \
	CMD(HC_MEMORY, XENMEM_decrease_reservation,                            \
	    struct xen_memory_reservation,                                     \
	    { .extent_start = P(0), .nr_extents = 1, .domid = 5 });            \
	DEEP(0, uint64_t, 0xfeff); DOM_NONE(unpausedomain); EQ(port, 19);      \
	xc_unmap_foreign(x, vec_pointer, 1)
#define RING_ANSWERS                                                           \
	ANSWER(HC_HVM, HVMOP_get_param, QUADS(0xfeff), 8);                     \
	ANSWER(HC_MEMORY, XENMEM_decrease_reservation, .result = 1);           \
	ANSWER(HC_DOMCTL, XEN_DOMCTL_vm_event_op, WORDS(19), DOMCTL_AT + 8)

static void
rings(xc_interface *x)
{
	static const struct xen_domctl version = { .u.vm_event_op = {
		.op = XEN_VM_EVENT_GET_VERSION,
		.mode = XEN_DOMCTL_VM_EVENT_OP_MONITOR } };
	uint32_t port = 0;

	ANSWER(HC_DOMCTL, XEN_DOMCTL_vm_event_op, WORDS(7), DOMCTL_AT + 8);
	VR(7, xc_vm_event_get_version, (x),
	    vec_domctl(DOMID_INVALID, XEN_DOMCTL_vm_event_op, &version.u,
		sizeof(version.u)));
	V(xc_vm_event_resume, (x, 5, XC_VM_EVENT_MONITOR),
	    RING(RESUME, MONITOR));
	V(xc_vm_event_disable, (x, 5, XC_VM_EVENT_PAGING),
	    RING(DISABLE, PAGING));
	V(xc_monitor_resume, (x, 5), RING(RESUME, MONITOR));
	V(xc_monitor_disable, (x, 5), RING(DISABLE, MONITOR));
	RING_ANSWERS;
	VP(xc_vm_event_enable, (x, 5, XC_VM_EVENT_SHARING, &port),
	    RING_ENABLED(SHARING, HVM_PARAM_SHARING_RING_PFN));
	RING_ANSWERS;
	VP(xc_vm_event_enable, (x, 5, XC_VM_EVENT_PAGING, &port),
	    RING_ENABLED(PAGING, HVM_PARAM_PAGING_RING_PFN));
	RING_ANSWERS;
	VP(xc_monitor_enable, (x, 5, &port),
	    RING_ENABLED(MONITOR, HVM_PARAM_MONITOR_RING_PFN));
}
#endif

const struct vec_group vec_device_groups[] = {
#if XEN_DOMCTL_INTERFACE_VERSION == 0x15
	{ "devices", devices },
	{ "interrupts", interrupts },
	{ "modes", modes },
	{ "contexts", contexts },
	{ "monitor", monitor },
	{ "rings", rings },
#endif
	{ NULL, NULL },
};
