/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxenctrl: memory beyond what building a domain needs: log-dirty mode,
 * populate on demand, exchange, batches, memory maps, virtual NUMA, page types
 * and broken pages, and introspection (accesses, events, paging, sharing).
 *
 * Included by xenctrl.h, whose head tells the errors every call may give.
 */
#ifndef XENCTRL_MEM_H
#define XENCTRL_MEM_H

#include "xenctrl.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- shadow and log-dirty mode ------------------------------------------- */

#define XC_SHADOW_OFF		  0u
#define XC_SHADOW_ENABLE_TEST	  1u
#define XC_SHADOW_ENABLE_LOGDIRTY 2u
#define XC_SHADOW_ENABLE	  32u
/* Modes of XC_SHADOW_ENABLE; else mode is 0. */
#define XC_SHADOW_MODE_REFCOUNT	 (1u << 1)
#define XC_SHADOW_MODE_LOG_DIRTY (1u << 2)
#define XC_SHADOW_MODE_TRANSLATE (1u << 3)
#define XC_SHADOW_MODE_EXTERNAL	 (1u << 4)
/* op: one of the four above. EINVAL: already in that mode, or not for this
 * domain; ENOMEM: the paging pool is too small. */
int xc_shadow_control(xc_interface *xch, uint32_t domid, uint32_t op,
    uint32_t mode);

#define XC_LOGDIRTY_CLEAN 11u
#define XC_LOGDIRTY_PEEK  12u
/* mode: the last round, so also what Xen itself may write to. */
#define XC_LOGDIRTY_FINAL 1u
#define XC_LOGDIRTY_MAX_PAGES (1ull << 30)
struct xc_logdirty_stats {
	uint32_t faults, dirty;
};
/*
 * The pages written to since log-dirty mode was enabled or CLEAN was done last:
 * bit i of bitmap = frame i, (pages + 7) / 8 bytes. op is CLEAN, which forgets
 * them, or PEEK. pages is 1..XC_LOGDIRTY_MAX_PAGES, or 0 with bitmap NULL to only
 * count. Returns the pages the domain has of them; stats may be NULL. Out of
 * log-dirty mode nothing counts as written.
 */
int64_t xc_logdirty_control(xc_interface *xch, uint32_t domid, uint32_t op,
    uint32_t mode, uint8_t *bitmap, uint64_t pages,
    struct xc_logdirty_stats *stats);

/* mem_flags of the functions that give memory: */
#define XC_MEMF_ADDRESS_BITS(bits)	((uint32_t)(bits))
#define XC_MEMF_NODE(node)		(((uint32_t)(node) + 1) << 8)
#define XC_MEMF_POPULATE_ON_DEMAND	(1u << 16)
/* That node or none. */
#define XC_MEMF_EXACT_NODE		(1u << 17)
/* The node is a virtual one. */
#define XC_MEMF_VNODE			(1u << 18)

/* --- populate on demand -------------------------------------------------- */

struct xc_pod_target {
	/* Pages: owned, of these in the cache; and entries to be filled. */
	uint64_t tot_pages, cache_pages, entries;
};
/* The domain gets along with that many pages; HVM populated with
 * XC_MEMF_POPULATE_ON_DEMAND. out may be NULL. ENOMEM: the host has not got
 * them. */
int xc_domain_set_pod_target(xc_interface *xch, uint32_t domid, uint64_t pages,
    struct xc_pod_target *out);
int xc_domain_get_pod_target(xc_interface *xch, uint32_t domid,
    struct xc_pod_target *out);

/* --- reservations and the physical map ----------------------------------- */

/* Extents of 2^order pages that have no place in a physical map: PV. mfns
 * receives them. Returns how many of n (at most 16 Mi) were given. */
long xc_increase_reservation(xc_interface *xch, uint32_t domid, uint64_t *mfns,
    size_t n, unsigned order, uint32_t mem_flags);
/*
 * PV: gives n_in extents of 2^order_in pages (mfns in `in`) for n_out of
 * 2^order_out, in one step per extent; out has the pfns they go to and receives
 * their mfns. n_in << order_in must be n_out << order_out; each n is 1..16 Mi.
 * Returns how many of `in` were exchanged when all were, else -1 with *done (may
 * be NULL) of them.
 */
int xc_domain_memory_exchange_pages(xc_interface *xch, uint32_t domid,
    size_t n_in, unsigned order_in, const uint64_t *in, size_t n_out,
    unsigned order_out, uint64_t *out, uint64_t mem_flags, uint64_t *done);
#define XC_MAPSPACE_GMFN	 2u
#define XC_MAPSPACE_GMFN_FOREIGN 4u
/*
 * idx[i] of the space appears at gfns[i]; errs[i] becomes 0 or a negative errno.
 * foreign is the domain of GMFN_FOREIGN, else 0. n 1..16 Mi. Returns 0 when each
 * page has its errs entry.
 */
int xc_add_to_physmap_batch(xc_interface *xch, uint32_t domid, uint32_t space,
    uint32_t foreign, size_t n, const uint64_t *idx, const uint64_t *gfns,
    int *errs);
/* Our own domain's memory map; the machine's. Return the entries, at most max
 * (1..1024). ENOTSUP: the domain has no map. */
int xc_get_memory_map(xc_interface *xch, struct xc_e820 *out, uint32_t max);
int xc_get_machine_memory_map(xc_interface *xch, struct xc_e820 *out,
    uint32_t max);
/* Highest mfn of RAM; -1. */
int64_t xc_maximum_ram_page(xc_interface *xch);
struct xc_machphys {
	/* Where guests see the table, and the highest mfn it has. */
	uint64_t start, end, max_mfn;
};
int xc_machphys_mapping(xc_interface *xch, struct xc_machphys *out);
/* First mfns of the 2 MiB pieces of the machine-to-physical table (0 where it
 * has a hole). Returns how many, at most max (1..65536). */
int xc_machphys_mfn_list(xc_interface *xch, uint64_t *mfns, uint32_t max);
/* The same of the table for 32-bit guests, which is one piece. */
int xc_machphys_compat_mfn_list(xc_interface *xch, uint64_t *mfns,
    uint32_t max);

struct xc_rdm {
	uint64_t start_pfn, pages;
};
/* Of all devices: sbdf is not looked at. */
#define XC_RDM_ALL 1u
/* Ranges that a device (XC_SBDF) needs where they are. Returns how many there
 * are: more than max (at most 4096) means that none was written. */
int xc_reserved_device_memory_map(xc_interface *xch, uint32_t flags,
    uint32_t sbdf, struct xc_rdm *out, uint32_t max);

/* --- virtual NUMA -------------------------------------------------------- */

struct xc_vmemrange {
	/* Bytes: start included, end not. flags 0. */
	uint64_t start, end;
	uint32_t flags, node;
};
struct xc_vnuma {
	/* Each 1..4096. nr_vcpus is the domain's maximum. */
	uint32_t nr_nodes, nr_ranges, nr_vcpus;
	/* nr_nodes * nr_nodes; nr_vcpus; the host's node by virtual node (only
	 * set), nr_nodes. */
	uint32_t *distance, *vcpu_to_node, *node_to_host;
	struct xc_vmemrange *ranges;
};
/* E2BIG: a vCPU's node, or a host's, that there is not. */
int xc_domain_setvnuma(xc_interface *xch, uint32_t domid,
    const struct xc_vnuma *v);
/* The counts are the arrays' room and become what there is. ENOBUFS: more than
 * the room; the counts tell. ENOTSUP: the domain has none. node_to_host is not
 * looked at. */
int xc_domain_getvnuma(xc_interface *xch, uint32_t domid, struct xc_vnuma *v);

/* --- pages --------------------------------------------------------------- */

#define XC_PFINFO_NONE	 0x00000000u
#define XC_PFINFO_L1TAB	 0x10000000u
#define XC_PFINFO_L2TAB	 0x20000000u
#define XC_PFINFO_L3TAB	 0x30000000u
#define XC_PFINFO_L4TAB	 0x40000000u
#define XC_PFINFO_PINNED 0x80000000u
#define XC_PFINFO_BROKEN 0xd0000000u
#define XC_PFINFO_XALLOC 0xe0000000u
/* No page is there. */
#define XC_PFINFO_XTAB	 0xf0000000u
/* types[i] of gfns[i] (PV: mfns). n 1..16 Mi. */
int xc_get_pfn_type_batch(xc_interface *xch, uint32_t domid,
    const uint64_t *gfns, uint32_t *types, size_t n);

/* What became of a page: */
#define XC_OFFLINE_INVALID (1u << 0)
/* It is out of service now, or in it again. */
#define XC_OFFLINE_DONE	   (1u << 1)
/* It will be when its owner gives it back. */
#define XC_OFFLINE_PENDING (1u << 2)
#define XC_OFFLINE_FAILED  (1u << 3)
#define XC_OFFLINE_AGAIN   (1u << 4)
/* Whose it is: Xen's, dom0's, nobody's, no RAM, of the domain whose id is in the
 * bits from XC_OFFLINE_OWNER_SHIFT on; or it is broken. */
#define XC_OFFLINE_XENPAGE   (1u << 8)
#define XC_OFFLINE_DOM0PAGE  (1u << 9)
#define XC_OFFLINE_ANONYMOUS (1u << 10)
#define XC_OFFLINE_NOT_RAM   (1u << 11)
#define XC_OFFLINE_OWNED     (1u << 12)
#define XC_OFFLINE_BROKEN    (1u << 13)
#define XC_OFFLINE_OWNER_SHIFT 16
/* What it is, for the query; 0 = in service. */
#define XC_PAGE_OFFLINED	(1u << 1)
#define XC_PAGE_OFFLINE_PENDING (1u << 3)
#define XC_PAGE_BROKEN		(1u << 4)
/*
 * Frames first..last of the machine (32 bits, at most 1 Mi of them): status[i]
 * receives XC_OFFLINE_*, the query's XC_PAGE_*. An off-lined page is never given
 * to anybody.
 */
int xc_mark_page_offline(xc_interface *xch, uint64_t first, uint64_t last,
    uint32_t *status);
int xc_mark_page_online(xc_interface *xch, uint64_t first, uint64_t last,
    uint32_t *status);
int xc_query_page_offline_status(xc_interface *xch, uint64_t first,
    uint64_t last, uint32_t *status);
/* HVM: what touches the frame gets a machine check. */
int xc_set_broken_page_p2m(xc_interface *xch, uint32_t domid, uint64_t pfn);
struct xc_p2m_audit {
	uint64_t orphans, m2p_bad, p2m_bad;
};
/* ENOTSUP: Xen built without p2m audits. */
int xc_domain_p2m_audit(xc_interface *xch, uint32_t domid,
    struct xc_p2m_audit *out);

/* --- introspection: access rights ---------------------------------------- */

#define XC_ACCESS_N	  0u
#define XC_ACCESS_R	  1u
#define XC_ACCESS_W	  2u
#define XC_ACCESS_RW	  3u
#define XC_ACCESS_X	  4u
#define XC_ACCESS_RX	  5u
#define XC_ACCESS_WX	  6u
#define XC_ACCESS_RWX	  7u
#define XC_ACCESS_RX2RW	  8u
#define XC_ACCESS_N2RWX	  9u
#define XC_ACCESS_DEFAULT 10u
/* As first: the domain's default, n is then not looked at. */
#define XC_ACCESS_ALL	  (~0ull)
/* For n >= 1 frames. ENODEV: nobody listens (xc_monitor_enable first). */
int xc_set_mem_access(xc_interface *xch, uint32_t domid, uint8_t access,
    uint64_t first, uint32_t n);
/* access[i] for gfns[i]; n 1..1 Mi. */
int xc_set_mem_access_multi(xc_interface *xch, uint32_t domid,
    const uint8_t *access, const uint64_t *gfns, uint32_t n);
int xc_get_mem_access(xc_interface *xch, uint32_t domid, uint64_t gfn,
    uint8_t *access);
/* With nobody to listen, a violation pauses the vCPU rather than passing. */
int xc_domain_set_access_required(xc_interface *xch, uint32_t domid,
    bool required);

/* --- introspection: event rings ------------------------------------------ */

#define XC_VM_EVENT_PAGING  1u
#define XC_VM_EVENT_MONITOR 2u
#define XC_VM_EVENT_SHARING 3u
/* Version of the events in the ring, <xen/vm_event.h>: 7 from Xen 4.15, 6
 * before. */
int xc_vm_event_get_version(xc_interface *xch);
/*
 * The ring page of that kind, mapped, with the domain's own view of it removed;
 * *port is to be bound. The frame comes from the HVM parameter (27 paging, 28
 * monitor, 29 sharing), which the builder set. NULL with EINVAL: no frame was
 * set; EBUSY: a ring is there; ENODEV: no hardware-assisted paging; ENOTSUP: Xen
 * built without it. Unmap it with xc_unmap_foreign(xch, ring, 1).
 */
void *xc_vm_event_enable(xc_interface *xch, uint32_t domid, uint32_t kind,
    uint32_t *port);
int xc_vm_event_disable(xc_interface *xch, uint32_t domid, uint32_t kind);
/* Xen looks for responses without an event on the port. */
int xc_vm_event_resume(xc_interface *xch, uint32_t domid, uint32_t kind);

/* --- introspection: what is reported ------------------------------------- */

/* The monitor's ring, as above. */
void *xc_monitor_enable(xc_interface *xch, uint32_t domid, uint32_t *port);
int xc_monitor_disable(xc_interface *xch, uint32_t domid);
int xc_monitor_resume(xc_interface *xch, uint32_t domid);
/* Bit i = XEN_DOMCTL_MONITOR_EVENT_* i is possible here. */
int xc_monitor_get_capabilities(xc_interface *xch, uint32_t domid,
    uint32_t *capabilities);
/*
 * sync: the vCPU waits for the response. EEXIST: already so; ENOTSUP: not in the
 * capabilities.
 *
 * index 0 CR0, 1 CR3, 2 CR4, 3 XCR0; onchange: only when the value differs in a
 * bit that is not in mask.
 */
int xc_monitor_write_ctrlreg(xc_interface *xch, uint32_t domid, uint8_t index,
    bool enable, bool sync, uint64_t mask, bool onchange);
int xc_monitor_mov_to_msr(xc_interface *xch, uint32_t domid, uint32_t msr,
    bool enable, bool onchange);
int xc_monitor_singlestep(xc_interface *xch, uint32_t domid, bool enable);
int xc_monitor_software_breakpoint(xc_interface *xch, uint32_t domid,
    bool enable);
int xc_monitor_descriptor_access(xc_interface *xch, uint32_t domid,
    bool enable);
int xc_monitor_guest_request(xc_interface *xch, uint32_t domid, bool enable,
    bool sync, bool userspace);
/* These are reported unless disabled. */
int xc_monitor_inguest_pagefault(xc_interface *xch, uint32_t domid,
    bool disable);
int xc_monitor_debug_exceptions(xc_interface *xch, uint32_t domid, bool enable,
    bool sync);
int xc_monitor_cpuid(xc_interface *xch, uint32_t domid, bool enable);
int xc_monitor_privileged_call(xc_interface *xch, uint32_t domid, bool enable);
int xc_monitor_emul_unimplemented(xc_interface *xch, uint32_t domid,
    bool enable);
/* Since Xen 4.17. */
int xc_monitor_vmexit(xc_interface *xch, uint32_t domid, bool enable,
    bool sync);
/* Ports. Since Xen 4.18. */
int xc_monitor_io(xc_interface *xch, uint32_t domid, bool enable);
/* A repeated instruction is emulated, and reported, one at a time. */
int xc_monitor_emulate_each_rep(xc_interface *xch, uint32_t domid, bool enable);
/* Responses may set control registers, until the ring is disabled. */
int xc_monitor_control_registers(xc_interface *xch, uint32_t domid);

/* --- paging and sharing -------------------------------------------------- */

/* ENOTSUP: Xen built without paging (Debian's is). ENODEV: nobody listens on the
 * paging ring. */
int xc_mem_paging_nominate(xc_interface *xch, uint32_t domid, uint64_t gfn);
int xc_mem_paging_evict(xc_interface *xch, uint32_t domid, uint64_t gfn);
/* A page to fill the frame with, or NULL to fill it later by its mapping. */
int xc_mem_paging_prep(xc_interface *xch, uint32_t domid, uint64_t gfn,
    const void *page);

/* ENOTSUP: Xen built without sharing (Debian's is). */
int xc_memshr_control(xc_interface *xch, uint32_t domid, bool enable);
int xc_memshr_nominate_gfn(xc_interface *xch, uint32_t domid, uint64_t gfn,
    uint64_t *handle);
int xc_memshr_nominate_gref(xc_interface *xch, uint32_t domid, uint32_t ref,
    uint64_t *handle);
/* Set in a frame number: it is a grant reference. */
#define XC_MEMSHR_GREF (1ull << 62)
struct xc_memshr_page {
	uint32_t domid;
	uint64_t gfn, handle;
};
/* ESRCH also: one of the handles is out of date. */
int xc_memshr_share(xc_interface *xch, const struct xc_memshr_page *source,
    const struct xc_memshr_page *client);
/* The source's page also appears at a hole of the client's map. */
int xc_memshr_add_to_physmap(xc_interface *xch,
    const struct xc_memshr_page *source, uint32_t client, uint64_t gfn);
/* Frames first..last of both. */
int xc_memshr_range_share(xc_interface *xch, uint32_t source, uint32_t client,
    uint64_t first, uint64_t last);
/* How many share the page. */
int xc_memshr_debug_gfn(xc_interface *xch, uint32_t domid, uint64_t gfn);
int xc_memshr_debug_mfn(xc_interface *xch, uint32_t domid, uint64_t mfn);
int xc_memshr_debug_gref(xc_interface *xch, uint32_t domid, uint32_t ref);
/* Returns the errors found. */
int xc_memshr_audit(xc_interface *xch);
/* Only for forks that live shortly: */
#define XC_FORK_WITH_IOMMU	 (1u << 0)
#define XC_FORK_BLOCK_INTERRUPTS (1u << 1)
/* What fork_reset takes back; from Xen 4.17 at least one must be given. */
#define XC_FORK_RESET_STATE	 (1u << 2)
#define XC_FORK_RESET_MEMORY	 (1u << 3)
int xc_memshr_fork(xc_interface *xch, uint32_t parent, uint32_t domid,
    uint16_t flags);
int xc_memshr_fork_reset(xc_interface *xch, uint32_t domid, uint16_t flags);
/* Pages saved on the host; shared pages. -1. */
int64_t xc_sharing_freed_pages(xc_interface *xch);
int64_t xc_sharing_used_frames(xc_interface *xch);

#ifdef __cplusplus
}
#endif

#endif
