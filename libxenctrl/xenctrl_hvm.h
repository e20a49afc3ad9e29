/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxenctrl: what only domains with hardware virtualisation have: parameters,
 * saved contexts, device models (dm_op), alternative physical maps.
 *
 * Included by xenctrl.h, whose head tells the errors every call may give. A
 * call on a PV domain is EINVAL or ENOTSUP, as Xen has it.
 */
#ifndef XENCTRL_HVM_H
#define XENCTRL_HVM_H

#include "xenctrl.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- parameters ---------------------------------------------------------- */

/*
 * param: HVM_PARAM_* of <xen/hvm/params.h>. EEXIST: it has a value that stays
 * (VIRIDIAN, the ioreq frames, ALTP2M from 4.19, MCA_CAP). EINVAL: no such
 * parameter, or a value it does not take.
 */
int xc_hvm_param_set(xc_interface *xch, uint32_t domid, uint32_t param,
    uint64_t value);
int xc_hvm_param_get(xc_interface *xch, uint32_t domid, uint32_t param,
    uint64_t *value);

/* --- contexts ------------------------------------------------------------ */

/* No context is larger (128 vCPUs take less than 1 MiB). */
#define XC_HVM_CONTEXT_MAX (16u << 20)

/*
 * The state of all virtual CPUs and devices, in the records of
 * <xen/arch-x86/hvm/save.h>. Returns its bytes. With buf NULL and size 0 only
 * asks how many there may be. size is at most XC_HVM_CONTEXT_MAX. ENOSPC: it
 * does not fit.
 */
int64_t xc_domain_hvm_getcontext(xc_interface *xch, uint32_t domid, void *buf,
    uint32_t size);
/* size 1..XC_HVM_CONTEXT_MAX. EINVAL: a record that does not fit the domain. */
int xc_domain_hvm_setcontext(xc_interface *xch, uint32_t domid, const void *buf,
    uint32_t size);
/*
 * One record without its header: typecode is HVM_SAVE_CODE(NAME), instance the
 * vCPU where it has one per vCPU. Returns its bytes; buf NULL and size 0 as
 * above. ENOENT: no such instance, ENOBUFS: does not fit.
 */
int64_t xc_domain_hvm_getcontext_partial(xc_interface *xch, uint32_t domid,
    uint16_t typecode, uint32_t instance, void *buf, uint32_t size);

/* --- device models: I/O request servers ---------------------------------- */

/*
 * These are dm_op, which a handle restricted to the domain may do too
 * (xc_interface_restrict). Servers are named by the id that create returns.
 */
#define XC_BUFIOREQ_OFF	   0u
#define XC_BUFIOREQ_LEGACY 1u
/* The pointer pair of the ring is read and written as one. */
#define XC_BUFIOREQ_ATOMIC 2u
/* ENOSPC: a domain has at most 8 servers. */
int xc_hvm_create_ioreq_server(xc_interface *xch, uint32_t domid,
    uint32_t bufioreq, uint16_t *id);
struct xc_ioreq_server {
	/* Event channel of the buffered ring; 0 without one. */
	uint32_t bufioreq_port;
	/* Frames of the guest; 0 when they were not asked for. */
	uint64_t ioreq_gfn, bufioreq_gfn;
};
/* with_gfns: place the pages in the guest's physical map too, for who cannot
 * map XC_RESOURCE_IOREQ_SERVER. ENOENT: no such server. */
int xc_hvm_get_ioreq_server_info(xc_interface *xch, uint32_t domid, uint16_t id,
    bool with_gfns, struct xc_ioreq_server *out);
/* Nothing reaches the server before it is enabled. */
int xc_hvm_set_ioreq_server_state(xc_interface *xch, uint32_t domid,
    uint16_t id, bool enabled);
int xc_hvm_destroy_ioreq_server(xc_interface *xch, uint32_t domid, uint16_t id);

#define XC_IO_RANGE_PORT   0u
#define XC_IO_RANGE_MEMORY 1u
#define XC_IO_RANGE_PCI	   2u
/* Segment, bus, device and function in one number, as PCI ranges have it. */
#define XC_SBDF(s, b, d, f)                                                    \
	((uint32_t)((s) & 0xffff) << 16 | (uint32_t)((b) & 0xff) << 8 |        \
	    (uint32_t)((d) & 0x1f) << 3 | ((f) & 7u))
/* first..last (both included) of ports, guest addresses or XC_SBDF. EEXIST: a
 * part of it is the server's already; ENOENT on unmap: it is not. */
int xc_hvm_map_io_range_to_ioreq_server(xc_interface *xch, uint32_t domid,
    uint16_t id, uint32_t type, uint64_t first, uint64_t last);
int xc_hvm_unmap_io_range_from_ioreq_server(xc_interface *xch, uint32_t domid,
    uint16_t id, uint32_t type, uint64_t first, uint64_t last);
#define XC_IOREQ_ACCESS_WRITE 2u
/* Accesses (0 = none any more) to pages of that type go to the server; type is
 * XC_HVMMEM_IOREQ_SERVER. */
int xc_hvm_map_mem_type_to_ioreq_server(xc_interface *xch, uint32_t domid,
    uint16_t id, uint16_t type, uint32_t accesses);

/* --- device models: interrupts ------------------------------------------- */

/* intx 0..3 = A..D; level 0 or 1. */
int xc_hvm_set_pci_intx_level(xc_interface *xch, uint32_t domid,
    uint16_t segment, uint8_t bus, uint8_t device, uint8_t intx, uint8_t level);
/* irq 0..15. */
int xc_hvm_set_isa_irq_level(xc_interface *xch, uint32_t domid, uint8_t irq,
    uint8_t level);
/* link 0..3 to ISA irq 1..15, 0 = to none. */
int xc_hvm_set_pci_link_route(xc_interface *xch, uint32_t domid, uint8_t link,
    uint8_t irq);
/* What a device with MSI would write; address 0xfeexxxxx. */
int xc_hvm_inject_msi(xc_interface *xch, uint32_t domid, uint64_t address,
    uint32_t data);
#define XC_EVENT_EXT_INT    0u
#define XC_EVENT_NMI	    2u
#define XC_EVENT_HW_EXC	    3u
#define XC_EVENT_SW_INT	    4u
#define XC_EVENT_PRI_SW_EXC 5u
#define XC_EVENT_SW_EXC	    6u
#define XC_NO_ERROR_CODE    0xffffffffu
/*
 * An exception or interrupt for the vCPU when it runs next. type is XC_EVENT_*,
 * insn_len bytes for the software ones, cr2 the address of a page fault. EBUSY:
 * another one waits.
 */
int xc_hvm_inject_trap(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    uint8_t vector, uint8_t type, uint32_t error_code, uint8_t insn_len,
    uint64_t cr2);

/* --- device models: memory ----------------------------------------------- */

#define XC_VRAM_MAX_PAGES 32768u
/*
 * Bit i of bitmap ((nr + 7) / 8 bytes) = frame first + i was written since the
 * last call. nr is at most XC_VRAM_MAX_PAGES; 0 ends the tracking and bitmap
 * may be NULL.
 */
int xc_hvm_track_dirty_vram(xc_interface *xch, uint32_t domid, uint64_t first,
    uint32_t nr, uint8_t *bitmap);
struct xc_gfn_range {
	uint64_t first;
	uint32_t nr;
};
/* Frames the device model wrote to, for log-dirty mode. n 1..65536. */
int xc_hvm_modified_memory(xc_interface *xch, uint32_t domid,
    const struct xc_gfn_range *ranges, size_t n);
#define XC_HVMMEM_RAM_RW       0u
#define XC_HVMMEM_RAM_RO       1u
#define XC_HVMMEM_MMIO_DM      2u
#define XC_HVMMEM_IOREQ_SERVER 4u
/* nr >= 1 frames get the type. */
int xc_hvm_set_mem_type(xc_interface *xch, uint32_t domid, uint16_t type,
    uint64_t first, uint32_t nr);
int xc_hvm_get_mem_type(xc_interface *xch, uint32_t domid, uint64_t gfn,
    uint16_t *type);
/* nr >= 1 frames move from one place of the physical map to another. */
int xc_hvm_relocate_memory(xc_interface *xch, uint32_t domid, uint64_t from,
    uint64_t to, uint32_t nr);
#define XC_CACHE_UC	0u
#define XC_CACHE_WC	1u
#define XC_CACHE_WT	4u
#define XC_CACHE_WP	5u
#define XC_CACHE_WB	6u
#define XC_CACHE_UCM	7u
#define XC_CACHE_DELETE 0xffffffffu
/* Frames first..last get this caching, or their pinning ends. */
int xc_hvm_pin_memory_cacheattr(xc_interface *xch, uint32_t domid,
    uint64_t first, uint64_t last, uint32_t type);

/* --- device models: the rest --------------------------------------------- */

/* As xc_domain_shutdown, for a restricted handle. */
int xc_hvm_shutdown(xc_interface *xch, uint32_t domid, uint32_t reason);
/* vCPUs it was created with. Since Xen 4.15. */
int xc_hvm_nr_vcpus(xc_interface *xch, uint32_t domid, uint32_t *nr);
/*
 * From now on this handle does dm_op and maps memory of this domain alone;
 * everything else is EPERM, and it cannot be undone. ENOTSUP: a kernel before
 * 4.11.
 */
int xc_interface_restrict(xc_interface *xch, uint32_t domid);
/* The same with a descriptor of the kernel's that somebody else has opened, as
 * pidfd_getfd gives it. */
int xc_restrict_fd(xc_interface *xch, int fd, uint32_t domid);

/* --- alternative physical maps (altp2m) ---------------------------------- */

/*
 * ENOTSUP: not with this processor (Intel's with EPT), or the domain's
 * ALTP2M mode (HVM parameter up to 4.18, from 4.19 given at creation) is off.
 * A view is 1..9, 0 is the domain's own map; access is XC_ACCESS_*
 * (xenctrl_mem.h).
 */
int xc_altp2m_get_domain_state(xc_interface *xch, uint32_t domid, bool *on);
int xc_altp2m_set_domain_state(xc_interface *xch, uint32_t domid, bool on);
/* The vCPU's #VE information is written to the frame. */
int xc_altp2m_set_vcpu_enable_notify(xc_interface *xch, uint32_t domid,
    uint32_t vcpu, uint64_t gfn);
int xc_altp2m_set_vcpu_disable_notify(xc_interface *xch, uint32_t domid,
    uint32_t vcpu);
int xc_altp2m_create_view(xc_interface *xch, uint32_t domid,
    uint16_t default_access, uint16_t *view);
int xc_altp2m_destroy_view(xc_interface *xch, uint32_t domid, uint16_t view);
/* All vCPUs of the domain. */
int xc_altp2m_switch_to_view(xc_interface *xch, uint32_t domid, uint16_t view);
int xc_altp2m_set_mem_access(xc_interface *xch, uint32_t domid, uint16_t view,
    uint64_t gfn, uint16_t access);
/* access[i] for gfns[i]; n 1..1 Mi. */
int xc_altp2m_set_mem_access_multi(xc_interface *xch, uint32_t domid,
    uint16_t view, const uint8_t *access, const uint64_t *gfns, uint32_t n);
int xc_altp2m_get_mem_access(xc_interface *xch, uint32_t domid, uint16_t view,
    uint64_t gfn, uint16_t *access);
/* In the view, from shows what to has; to ~0 undoes it. */
int xc_altp2m_change_gfn(xc_interface *xch, uint32_t domid, uint16_t view,
    uint64_t from, uint64_t to);
int xc_altp2m_set_suppress_ve(xc_interface *xch, uint32_t domid, uint16_t view,
    uint64_t gfn, bool suppress);
int xc_altp2m_get_suppress_ve(xc_interface *xch, uint32_t domid, uint16_t view,
    uint64_t gfn, bool *suppress);
/* first..last. A frame that failed: its errno (else 0) and number come back in
 * *error and *error_gfn, either may be NULL. */
int xc_altp2m_set_suppress_ve_multi(xc_interface *xch, uint32_t domid,
    uint16_t view, uint64_t first, uint64_t last, bool suppress, int *error,
    uint64_t *error_gfn);
int xc_altp2m_get_vcpu_p2m_idx(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    uint16_t *view);
/* Whether the guest may switch to the view itself. */
int xc_altp2m_set_visibility(xc_interface *xch, uint32_t domid, uint16_t view,
    bool visible);

#ifdef __cplusplus
}
#endif

#endif
