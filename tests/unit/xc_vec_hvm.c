/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Vectors: hvm_op and dm_op, whose interfaces are stable. */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include <check.h>
#include <xen/xen.h>
#include <xen/hvm/dm_op.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>

#include "xc_private.h"
#include "xc_privcmd.h"
#include "xc_vec.h"

static void
parameters(xc_interface *x)
{
	uint64_t value;
	uint16_t type;

	V(xc_hvm_param_set, (x, 5, HVM_PARAM_STORE_PFN, 0xfeffc),
	    CMD(HC_HVM, HVMOP_set_param, struct xen_hvm_param,
		{ .domid = 5, .index = HVM_PARAM_STORE_PFN,
		    .value = 0xfeffc }));
	ANSWER(HC_HVM, HVMOP_get_param, QUADS(0x123456789a), 8);
	V(xc_hvm_param_get, (x, 5, HVM_PARAM_CALLBACK_IRQ, &value),
	    CMD(HC_HVM, HVMOP_get_param, struct xen_hvm_param,
		{ .domid = 5, .index = HVM_PARAM_CALLBACK_IRQ });
	    EQ(value, 0x123456789a));
	ANSWER(HC_HVM, HVMOP_get_mem_type, OCTETS(HVMMEM_mmio_dm), 2);
	V(xc_hvm_get_mem_type, (x, 5, 0xfeffc, &type),
	    CMD(HC_HVM, HVMOP_get_mem_type, struct xen_hvm_get_mem_type,
		{ .domid = 5, .pfn = 0xfeffc });
	    EQ(type, XC_HVMMEM_MMIO_DM));
}

/* --- altp2m --------------------------------------------------------------- */

#define ALTP2M(name, ...)                                                      \
	CMD(HC_HVM, HVMOP_altp2m, struct xen_hvm_altp2m_op,                    \
	    { .version = HVMOP_ALTP2M_INTERFACE_VERSION,                       \
		.cmd = HVMOP_altp2m_##name, .domain = 5, __VA_ARGS__ })
/* Where its union begins. */
#define ALTP2M_AT 16

static void
views(xc_interface *x)
{
	uint16_t view;
	bool on;

	ANSWER(HC_HVM, HVMOP_altp2m, OCTETS(1), ALTP2M_AT);
	V(xc_altp2m_get_domain_state, (x, 5, &on),
	    ALTP2M(get_domain_state, .u.domain_state = { 0 }); EQ(on, true));
	V(xc_altp2m_set_domain_state, (x, 5, true),
	    ALTP2M(set_domain_state, .u.domain_state = { 1 }));
	V(xc_altp2m_set_vcpu_enable_notify, (x, 5, 3, 0x1234),
	    ALTP2M(vcpu_enable_notify,
		.u.enable_notify = { .vcpu_id = 3, .gfn = 0x1234 }));
	V(xc_altp2m_set_vcpu_disable_notify, (x, 5, 3),
	    ALTP2M(vcpu_disable_notify, .u.disable_notify = { 3 }));
	ANSWER(HC_HVM, HVMOP_altp2m, OCTETS(7, 0), ALTP2M_AT);
	V(xc_altp2m_create_view, (x, 5, XC_ACCESS_RX, &view),
	    ALTP2M(create_p2m,
		.u.view = { .view = 0xffff, .hvmmem_default_access = 5 });
	    EQ(view, 7));
	V(xc_altp2m_destroy_view, (x, 5, 7),
	    ALTP2M(destroy_p2m, .u.view = { .view = 7 }));
	V(xc_altp2m_switch_to_view, (x, 5, 7),
	    ALTP2M(switch_p2m, .u.view = { .view = 7 }));
	ANSWER(HC_HVM, HVMOP_altp2m, OCTETS(2, 0), ALTP2M_AT + 4);
	V(xc_altp2m_get_vcpu_p2m_idx, (x, 5, 3, &view),
	    ALTP2M(get_p2m_idx, .u.get_vcpu_p2m_idx = { .vcpu_id = 3 });
	    EQ(view, 2));
	V(xc_altp2m_set_visibility, (x, 5, 7, true),
	    ALTP2M(set_visibility,
		.u.set_visibility = { .altp2m_idx = 7, .visible = 1 }));
}

static void
view_frames(xc_interface *x)
{
	const uint8_t access[2] = { XC_ACCESS_R, XC_ACCESS_RX };
	const uint64_t gfns[2] = { 7, 8 };
	uint64_t bad;
	uint16_t a;
	bool on;
	int err;

	V(xc_altp2m_set_mem_access, (x, 5, 7, 0x1234, XC_ACCESS_RX),
	    ALTP2M(set_mem_access,
		.u.mem_access = { .view = 7, .access = 5, .gfn = 0x1234 }));
	V(xc_altp2m_set_mem_access_multi, (x, 5, 7, access, gfns, 2),
	    ALTP2M(set_mem_access_multi,
		.u.set_mem_access_multi = { .view = 7, .nr = 2,
		    .pfn_list = P(0), .access_list = P(16) });
	    BEHIND(0, gfns, 16); BEHIND(1, access, 2));
	ANSWER(HC_HVM, HVMOP_altp2m, OCTETS(XC_ACCESS_RW, 0), ALTP2M_AT + 2);
	V(xc_altp2m_get_mem_access, (x, 5, 7, 0x1234, &a),
	    ALTP2M(get_mem_access,
		.u.mem_access = { .view = 7, .gfn = 0x1234 });
	    EQ(a, XC_ACCESS_RW));
	V(xc_altp2m_change_gfn, (x, 5, 7, 0x1234, 0x5678),
	    ALTP2M(change_gfn,
		.u.change_gfn = { .view = 7, .old_gfn = 0x1234,
		    .new_gfn = 0x5678 }));
	V(xc_altp2m_set_suppress_ve, (x, 5, 7, 0x1234, true),
	    ALTP2M(set_suppress_ve,
		.u.suppress_ve = { .view = 7, .suppress_ve = 1,
		    .gfn = 0x1234 }));
	ANSWER(HC_HVM, HVMOP_altp2m, OCTETS(1), ALTP2M_AT + 2);
	V(xc_altp2m_get_suppress_ve, (x, 5, 7, 0x1234, &on),
	    ALTP2M(get_suppress_ve,
		.u.suppress_ve = { .view = 7, .gfn = 0x1234 });
	    EQ(on, true));
	ANSWER(HC_HVM, HVMOP_altp2m, WORDS((uint32_t)-ENOENT), ALTP2M_AT + 4);
	ANSWER(HC_HVM, HVMOP_altp2m, QUADS(5), ALTP2M_AT + 24);
	V(xc_altp2m_set_suppress_ve_multi, (x, 5, 7, 1, 9, true, &err, &bad),
	    ALTP2M(set_suppress_ve_multi,
		.u.suppress_ve_multi = { .view = 7, .suppress_ve = 1,
		    .first_gfn = 1, .last_gfn = 9 });
	    EQ(err, ENOENT); EQ(bad, 5));
}

/* --- dm_op ---------------------------------------------------------------- */

/* To domain 5, one buffer: the structure. */
#define DM(name, ...)                                                          \
	do {                                                                   \
		static const struct xen_dm_op w_ = { .op = XEN_DMOP_##name,    \
			.u.name = __VA_ARGS__ };                               \
		vec_sent(HC_DM, XEN_DMOP_##name,                               \
		    (const uint64_t[5]){ 5, 1, sizeof(w_) }, &w_,              \
		    sizeof(w_));                                               \
	} while (0)
/* Two, the second one of that size. */
#define DM_AND(size2, name, ...)                                               \
	do {                                                                   \
		static const struct xen_dm_op w_ = { .op = XEN_DMOP_##name,    \
			.u.name = __VA_ARGS__ };                               \
		vec_sent(HC_DM, XEN_DMOP_##name,                               \
		    (const uint64_t[5]){ 5, 2, sizeof(w_), size2 }, &w_,       \
		    sizeof(w_));                                               \
	} while (0)
#define DM_AT 8

static void
servers(xc_interface *x)
{
	struct xc_ioreq_server s;
	uint32_t n = 0;
	uint16_t id;

	ANSWER(HC_DM, XEN_DMOP_create_ioreq_server, OCTETS(3, 0), DM_AT + 4);
	V(xc_hvm_create_ioreq_server, (x, 5, XC_BUFIOREQ_ATOMIC, &id),
	    DM(create_ioreq_server,
		{ .handle_bufioreq = HVM_IOREQSRV_BUFIOREQ_ATOMIC });
	    EQ(id, 3));
	ANSWER(HC_DM, XEN_DMOP_get_ioreq_server_info,
	    WORDS(17, 0xfeff0, 0, 0xfeff1, 0), DM_AT + 4);
	V(xc_hvm_get_ioreq_server_info, (x, 5, 3, true, &s),
	    DM(get_ioreq_server_info, { .id = 3 }); EQ(s.bufioreq_port, 17);
	    EQ(s.ioreq_gfn, 0xfeff0); EQ(s.bufioreq_gfn, 0xfeff1));
	V(xc_hvm_get_ioreq_server_info, (x, 5, 3, false, &s),
	    DM(get_ioreq_server_info,
		{ .id = 3, .flags = XEN_DMOP_no_gfns }));
	V(xc_hvm_set_ioreq_server_state, (x, 5, 3, true),
	    DM(set_ioreq_server_state, { .id = 3, .enabled = 1 }));
	V(xc_hvm_destroy_ioreq_server, (x, 5, 3),
	    DM(destroy_ioreq_server, { .id = 3 }));
	V(xc_hvm_map_io_range_to_ioreq_server,
	    (x, 5, 3, XC_IO_RANGE_MEMORY, 0xfe000000, 0xfe000fff),
	    DM(map_io_range_to_ioreq_server,
		{ .id = 3, .type = XEN_DMOP_IO_RANGE_MEMORY,
		    .start = 0xfe000000, .end = 0xfe000fff }));
	V(xc_hvm_unmap_io_range_from_ioreq_server,
	    (x, 5, 3, XC_IO_RANGE_PCI, 8, 8),
	    DM(unmap_io_range_from_ioreq_server,
		{ .id = 3, .type = XEN_DMOP_IO_RANGE_PCI, .start = 8,
		    .end = 8 }));
	V(xc_hvm_map_mem_type_to_ioreq_server,
	    (x, 5, 3, XC_HVMMEM_IOREQ_SERVER, XC_IOREQ_ACCESS_WRITE),
	    DM(map_mem_type_to_ioreq_server,
		{ .id = 3, .type = HVMMEM_ioreq_server,
		    .flags = XEN_DMOP_IOREQ_MEM_ACCESS_WRITE }));
	ANSWER(HC_DM, XEN_DMOP_nr_vcpus, WORDS(8), DM_AT);
	VS(15, xc_hvm_nr_vcpus, (x, 5, &n), DM(nr_vcpus, { 0 }); EQ(n, 8));
	V(xc_hvm_shutdown, (x, 5, 1), DM(remote_shutdown, { .reason = 1 }));
	V(xc_interface_restrict, (x, 5),
	    IOCTL(XC_DEV_PRIVCMD, IOCTL_PRIVCMD_RESTRICT, uint16_t, 5));
	V(xc_restrict_fd, (x, 0, 5),
	    IOCTL(XC_DEV_PRIVCMD, IOCTL_PRIVCMD_RESTRICT, uint16_t, 5));
}

static void
lines(xc_interface *x)
{
	V(xc_hvm_set_pci_intx_level, (x, 5, 1, 2, 3, 4, 1),
	    DM(set_pci_intx_level,
		{ .domain = 1, .bus = 2, .device = 3, .intx = 4,
		    .level = 1 }));
	V(xc_hvm_set_isa_irq_level, (x, 5, 7, 1),
	    DM(set_isa_irq_level, { .isa_irq = 7, .level = 1 }));
	V(xc_hvm_set_pci_link_route, (x, 5, 3, 11),
	    DM(set_pci_link_route, { .link = 3, .isa_irq = 11 }));
	V(xc_hvm_inject_msi, (x, 5, 0xfee00000, 0x4041),
	    DM(inject_msi, { .data = 0x4041, .addr = 0xfee00000 }));
	V(xc_hvm_inject_trap, (x, 5, 3, 14, XC_EVENT_HW_EXC, 2, 0, 0x1234),
	    DM(inject_event,
		{ .vcpuid = 3, .vector = 14, .type = XEN_DMOP_EVENT_hw_exc,
		    .error_code = 2, .cr2 = 0x1234 }));
	V(xc_hvm_inject_trap,
	    (x, 5, 3, 3, XC_EVENT_SW_EXC, XC_NO_ERROR_CODE, 1, 0),
	    DM(inject_event,
		{ .vcpuid = 3, .vector = 3, .type = XEN_DMOP_EVENT_sw_exc,
		    .insn_len = 1, .error_code = 0xffffffff }));
}

static void
frames(xc_interface *x)
{
	const struct xc_gfn_range ranges[2] = { { 7, 2 }, { 0x1000, 9 } };
	uint8_t bitmap[2] = { 0x55, 0xaa };

	V(xc_hvm_track_dirty_vram, (x, 5, 0xf0000, 12, bitmap),
	    DM_AND(2, track_dirty_vram, { .nr = 12, .first_pfn = 0xf0000 });
	    BEHIND(0, bitmap, 2));
	/* The end of it: a second buffer is wanted all the same. */
	V(xc_hvm_track_dirty_vram, (x, 5, 0, 0, NULL),
	    DM_AND(1, track_dirty_vram, { 0 }));
	V(xc_hvm_modified_memory, (x, 5, ranges, 2),
	    DM_AND(32, modified_memory, { .nr_extents = 2 });
	    DEEP(0, struct xen_dm_op_modified_memory_extent, { 2, 0, 7 },
		{ 9, 0, 0x1000 }));
	V(xc_hvm_set_mem_type, (x, 5, XC_HVMMEM_RAM_RO, 0x1000, 4),
	    DM(set_mem_type,
		{ .nr = 4, .mem_type = HVMMEM_ram_ro, .first_pfn = 0x1000 }));
	V(xc_hvm_relocate_memory, (x, 5, 0x1000, 0x2000, 4),
	    DM(relocate_memory,
		{ .size = 4, .src_gfn = 0x1000, .dst_gfn = 0x2000 }));
	V(xc_hvm_pin_memory_cacheattr, (x, 5, 0x1000, 0x1fff, XC_CACHE_WC),
	    DM(pin_memory_cacheattr,
		{ .start = 0x1000, .end = 0x1fff,
		    .type = XEN_DMOP_MEM_CACHEATTR_WC }));
}

const struct vec_group vec_hvm_groups[] = {
	{ "HVM parameters", parameters },
	{ "altp2m views", views },
	{ "altp2m frames", view_frames },
	{ "I/O servers", servers },
	{ "interrupt lines", lines },
	{ "frames", frames },
	{ NULL, NULL },
};
