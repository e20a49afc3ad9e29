/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows: introspection (event rings, what is reported, access rights), sharing. */
#include "config.h"

#include <errno.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/hvm/params.h>

#include "xc_rows.h"

static const char no_access[] =
    "access rights per frame need Intel's EPT; the machine has AMD's NPT";
static const char no_step[] =
    "single steps need Intel's monitor trap flag; the machine has AMD's";
static const char no_call[] =
    "VMCALL is told of on Intel processors; the machine has AMD's";
static const char no_paging[] = "Debian's Xen has no memory paging";
static const char no_sharing[] = "Debian's Xen has no memory sharing";

/* --- introspection ------------------------------------------------------- */

/* A frame beyond the domain's memory, for the ring. */
#define RING_GFN 5000u

struct ring {
	void *page;
	uint32_t port;
};

static void
ring_off(struct xr_env *e, uint64_t ring)
{
	xc_vm_event_disable(e->xch, e->hvm, XC_VM_EVENT_MONITOR);
	if (ring != 0)
		xc_unmap_foreign(e->xch, (void *)(uintptr_t)ring, 1);
}

static void
no_ring_frame(struct xr_env *e, uint64_t gfn)
{
	xc_remove_from_physmap(e->xch, e->hvm, gfn);
	xc_decrease_reservation(e->xch, e->hvm, &gfn, 1, 0);
	xc_hvm_param_set(e->xch, e->hvm, HVM_PARAM_MONITOR_RING_PFN, 0);
}

static int
ring_on(struct xr_env *e, struct ring *ring)
{
	if (xc_hvm_param_set(e->xch, e->hvm, HVM_PARAM_MONITOR_RING_PFN,
		RING_GFN) < 0)
		return -1;
	xr_at_end(no_ring_frame, RING_GFN);
	ring->page = xc_monitor_enable(e->xch, e->hvm, &ring->port);
	if (ring->page == NULL)
		return -1;
	xr_at_end(ring_off, (uintptr_t)ring->page);
	return 0;
}

static int
ring(struct xr_env *e)
{
	struct ring ring;
	uint16_t type;
	uint32_t port;

	if (ring_on(e, &ring) < 0 ||
	    xc_hvm_get_mem_type(e->xch, e->hvm, RING_GFN, &type) < 0)
		return -1;
	if (ring.port == 0 || type != XC_HVMMEM_MMIO_DM)
		return xr_wrong("port %u, the guest sees type %u", ring.port,
		    type);
	if (xc_vm_event_enable(e->xch, e->hvm, XC_VM_EVENT_MONITOR, &port) !=
	    NULL)
		return xr_wrong("two rings");
	if (errno != EBUSY)
		return -1;
	if (xc_monitor_resume(e->xch, e->hvm) < 0)
		return -1;
	return xc_monitor_disable(e->xch, e->hvm);
}

static int
ring_resume(struct xr_env *e)
{
	struct ring ring;

	if (ring_on(e, &ring) < 0 ||
	    xc_vm_event_resume(e->xch, e->hvm, XC_VM_EVENT_MONITOR) < 0)
		return -1;
	return xc_vm_event_disable(e->xch, e->hvm, XC_VM_EVENT_MONITOR);
}

static int
event_version(struct xr_env *e)
{
	int v = xc_vm_event_get_version(e->xch);

	if (v < 0)
		return -1;
	return v == (e->minor >= 15 ? 7 : 6) ? 0 : xr_wrong("version %d", v);
}

static int
capabilities(struct xr_env *e)
{
	uint32_t caps;

	if (xc_monitor_get_capabilities(e->xch, e->hvm, &caps) < 0)
		return -1;
	/* 4: requests of the guest, possible everywhere. */
	return (caps >> 4 & 1) != 0 ? 0 : xr_wrong("%#x", caps);
}

#define MONITOR_ROW(name, on, off)                                             \
	static int name(struct xr_env *e)                                      \
	{                                                                      \
		struct ring ring;                                              \
									       \
		if (ring_on(e, &ring) < 0 || (on) < 0)                         \
			return -1;                                             \
		return off;                                                    \
	}

MONITOR_ROW(m_ctrlreg,
    xc_monitor_write_ctrlreg(e->xch, e->hvm, 0, true, true, 0, true),
    xc_monitor_write_ctrlreg(e->xch, e->hvm, 0, false, true, 0, true))
MONITOR_ROW(m_msr,
    xc_monitor_mov_to_msr(e->xch, e->hvm, 0xc0000080, true, true),
    xc_monitor_mov_to_msr(e->xch, e->hvm, 0xc0000080, false, true))
MONITOR_ROW(m_step, xc_monitor_singlestep(e->xch, e->hvm, true),
    xc_monitor_singlestep(e->xch, e->hvm, false))
MONITOR_ROW(m_breakpoint,
    xc_monitor_software_breakpoint(e->xch, e->hvm, true),
    xc_monitor_software_breakpoint(e->xch, e->hvm, false))
MONITOR_ROW(m_descriptor,
    xc_monitor_descriptor_access(e->xch, e->hvm, true),
    xc_monitor_descriptor_access(e->xch, e->hvm, false))
MONITOR_ROW(m_request,
    xc_monitor_guest_request(e->xch, e->hvm, true, true, false),
    xc_monitor_guest_request(e->xch, e->hvm, false, true, false))
MONITOR_ROW(m_pagefault,
    xc_monitor_inguest_pagefault(e->xch, e->hvm, true),
    xc_monitor_inguest_pagefault(e->xch, e->hvm, false))
MONITOR_ROW(m_debug,
    xc_monitor_debug_exceptions(e->xch, e->hvm, true, true),
    xc_monitor_debug_exceptions(e->xch, e->hvm, false, true))
MONITOR_ROW(m_cpuid, xc_monitor_cpuid(e->xch, e->hvm, true),
    xc_monitor_cpuid(e->xch, e->hvm, false))
MONITOR_ROW(m_call, xc_monitor_privileged_call(e->xch, e->hvm, true),
    xc_monitor_privileged_call(e->xch, e->hvm, false))
MONITOR_ROW(m_unimplemented,
    xc_monitor_emul_unimplemented(e->xch, e->hvm, true),
    xc_monitor_emul_unimplemented(e->xch, e->hvm, false))
MONITOR_ROW(m_vmexit, xc_monitor_vmexit(e->xch, e->hvm, true, true),
    xc_monitor_vmexit(e->xch, e->hvm, false, true))
MONITOR_ROW(m_io, xc_monitor_io(e->xch, e->hvm, true),
    xc_monitor_io(e->xch, e->hvm, false))
MONITOR_ROW(m_each_rep, xc_monitor_emulate_each_rep(e->xch, e->hvm, true),
    xc_monitor_emulate_each_rep(e->xch, e->hvm, false))
MONITOR_ROW(m_registers, xc_monitor_control_registers(e->xch, e->hvm), 0)
MONITOR_ROW(access_set,
    xc_set_mem_access(e->xch, e->hvm, XC_ACCESS_RX, 70, 2),
    xc_set_mem_access(e->xch, e->hvm, XC_ACCESS_RWX, 70, 2))

static int
access_multi(struct xr_env *e)
{
	const uint8_t access[2] = { XC_ACCESS_R, XC_ACCESS_RWX };
	const uint64_t gfns[2] = { 70, 71 };
	struct ring ring;

	if (ring_on(e, &ring) < 0)
		return -1;
	return xc_set_mem_access_multi(e->xch, e->hvm, access, gfns, 2);
}

static int
access_get(struct xr_env *e)
{
	uint8_t access;
	struct ring ring;

	if (ring_on(e, &ring) < 0 ||
	    xc_get_mem_access(e->xch, e->hvm, 70, &access) < 0)
		return -1;
	return access == XC_ACCESS_RWX ? 0 : xr_wrong("access %u", access);
}

static int
access_required(struct xr_env *e)
{
	if (xc_domain_set_access_required(e->xch, e->hvm, true) < 0)
		return -1;
	return xc_domain_set_access_required(e->xch, e->hvm, false);
}

/* --- paging and sharing: not in these builds ------------------------------ */

#define CALL_ROW(name, call)                                                   \
	static int name(struct xr_env *e)                                      \
	{                                                                      \
		return (int)(call) < 0 ? -1 : 0;                               \
	}

/* 4.14 has it, for domains with a pager's ring, which AMD's cannot have. */
static int
paging(const struct xr_env *e, int r)
{
	if (r < 0 && e->minor < 15 && errno == ENODEV)
		errno = ENOTSUP;
	return r;
}

CALL_ROW(nominate_out,
    paging(e, xc_mem_paging_nominate(e->xch, e->hvm, 80)))
CALL_ROW(evict, paging(e, xc_mem_paging_evict(e->xch, e->hvm, 80)))
CALL_ROW(prep, paging(e, xc_mem_paging_prep(e->xch, e->hvm, 80, NULL)))
CALL_ROW(share_on, xc_memshr_control(e->xch, e->hvm, true))
CALL_ROW(share_gfn,
    xc_memshr_nominate_gfn(e->xch, e->hvm, 80, &(uint64_t){ 0 }))
CALL_ROW(share_gref,
    xc_memshr_nominate_gref(e->xch, e->hvm, 8, &(uint64_t){ 0 }))
CALL_ROW(share_add, xc_memshr_add_to_physmap(e->xch,
    &(struct xc_memshr_page){ e->hvm, 80, 1 }, e->hvm, 6000))
CALL_ROW(share_range, xc_memshr_range_share(e->xch, e->hvm, e->hvm, 80, 81))
CALL_ROW(share_debug_gfn, xc_memshr_debug_gfn(e->xch, e->hvm, 80))
CALL_ROW(share_debug_mfn, xc_memshr_debug_mfn(e->xch, e->hvm, 80))
CALL_ROW(share_debug_gref, xc_memshr_debug_gref(e->xch, e->hvm, 8))
CALL_ROW(share_audit, xc_memshr_audit(e->xch))
CALL_ROW(fork_, xc_memshr_fork(e->xch, e->hvm, e->hvm, 0))
CALL_ROW(fork_reset, xc_memshr_fork_reset(e->xch, e->hvm,
    XC_FORK_RESET_MEMORY))

/* Without sharing no page is shared. */
static int
none_shared(int64_t pages)
{
	return pages < 0 ? -1
	    : pages == 0 ? 0
			 : xr_wrong("%lld pages", (long long)pages);
}

static int
share_freed(struct xr_env *e)
{
	return none_shared(xc_sharing_freed_pages(e->xch));
}

static int
share_used(struct xr_env *e)
{
	return none_shared(xc_sharing_used_frames(e->xch));
}

static int
share(struct xr_env *e)
{
	const struct xc_memshr_page a = { e->hvm, 80, 1 }, b = { e->hvm, 81,
		2 };

	return xc_memshr_share(e->xch, &a, &b);
}

#define HVM_ROW(name, call) { .function = name, call, .flags = XR_HVM }
/* A second ring fails anyway, and what cleans up after that may. */
#define RING_ROW(name, call)                                                   \
	{ .function = name, call, .flags = XR_HVM | XR_RECOVERS }
#define HVM_CANNOT(name, call, why, err)                                       \
	{ name, call, 0, why, err, XR_HVM, 0, 0 }

const struct xr_row xr_rows_monitor[] = {
	RING_ROW("xc_vm_event_enable", ring),
	HVM_ROW("xc_vm_event_disable", ring_resume),
	HVM_ROW("xc_vm_event_resume", ring_resume),
	{ .function = "xc_vm_event_get_version", event_version },
	RING_ROW("xc_monitor_enable", ring),
	RING_ROW("xc_monitor_disable", ring),
	RING_ROW("xc_monitor_resume", ring),
	HVM_ROW("xc_monitor_get_capabilities", capabilities),
	HVM_ROW("xc_monitor_write_ctrlreg", m_ctrlreg),
	HVM_ROW("xc_monitor_mov_to_msr", m_msr),
	HVM_CANNOT("xc_monitor_singlestep", m_step, no_step, ENOTSUP),
	HVM_ROW("xc_monitor_software_breakpoint", m_breakpoint),
	HVM_ROW("xc_monitor_descriptor_access", m_descriptor),
	HVM_ROW("xc_monitor_guest_request", m_request),
	HVM_ROW("xc_monitor_inguest_pagefault", m_pagefault),
	HVM_ROW("xc_monitor_debug_exceptions", m_debug),
	HVM_ROW("xc_monitor_cpuid", m_cpuid),
	HVM_CANNOT("xc_monitor_privileged_call", m_call, no_call, ENOTSUP),
	HVM_ROW("xc_monitor_emul_unimplemented", m_unimplemented),
	{ .function = "xc_monitor_vmexit", m_vmexit, .since = 17,
	    .flags = XR_HVM },
	{ .function = "xc_monitor_io", m_io, .since = 18, .flags = XR_HVM },
	HVM_ROW("xc_monitor_emulate_each_rep", m_each_rep),
	HVM_ROW("xc_monitor_control_registers", m_registers),
	HVM_CANNOT("xc_set_mem_access", access_set, no_access, EINVAL),
	HVM_CANNOT("xc_set_mem_access_multi", access_multi, no_access, EINVAL),
	HVM_CANNOT("xc_get_mem_access", access_get, no_access, EINVAL),
	HVM_ROW("xc_domain_set_access_required", access_required),
	HVM_CANNOT("xc_mem_paging_nominate", nominate_out, no_paging, ENOTSUP),
	HVM_CANNOT("xc_mem_paging_evict", evict, no_paging, ENOTSUP),
	HVM_CANNOT("xc_mem_paging_prep", prep, no_paging, ENOTSUP),
	HVM_CANNOT("xc_memshr_control", share_on, no_sharing, ENOTSUP),
	HVM_CANNOT("xc_memshr_nominate_gfn", share_gfn, no_sharing, ENOTSUP),
	HVM_CANNOT("xc_memshr_nominate_gref", share_gref, no_sharing, ENOTSUP),
	HVM_CANNOT("xc_memshr_share", share, no_sharing, ENOTSUP),
	HVM_CANNOT("xc_memshr_add_to_physmap", share_add, no_sharing, ENOTSUP),
	HVM_CANNOT("xc_memshr_range_share", share_range, no_sharing, ENOTSUP),
	HVM_CANNOT("xc_memshr_debug_gfn", share_debug_gfn, no_sharing, ENOTSUP),
	HVM_CANNOT("xc_memshr_debug_mfn", share_debug_mfn, no_sharing, ENOTSUP),
	HVM_CANNOT("xc_memshr_debug_gref", share_debug_gref, no_sharing,
	    ENOTSUP),
	HVM_CANNOT("xc_memshr_audit", share_audit, no_sharing, ENOTSUP),
	HVM_CANNOT("xc_memshr_fork", fork_, no_sharing, ENOTSUP),
	HVM_CANNOT("xc_memshr_fork_reset", fork_reset, no_sharing, ENOTSUP),
	{ .function = "xc_sharing_freed_pages", share_freed },
	{ .function = "xc_sharing_used_frames", share_used },
	{ 0 },
};

/* --- bad arguments ------------------------------------------------------- */

static int
odd_ring(struct xr_env *e)
{
	uint32_t port;

	return xr_not_null(xc_vm_event_enable(e->xch, e->hvm, 9, &port));
}

static int
ring_without_port(struct xr_env *e)
{
	return xr_not_null(xc_monitor_enable(e->xch, e->hvm, NULL));
}

static int
ring_without_frame(struct xr_env *e)
{
	uint32_t port;

	return xr_not_null(xc_monitor_enable(e->xch, e->hvm, &port));
}

static int
access_of_none(struct xr_env *e)
{
	return xc_set_mem_access(e->xch, e->hvm, XC_ACCESS_R, 70, 0);
}

const struct xr_bad xr_bad_monitor[] = {
	{ "an odd kind of ring", odd_ring, EINVAL, XB_HVM, 0 },
	{ "no place for a ring's port", ring_without_port, EINVAL, XB_HVM, 0 },
	{ "a ring without a frame", ring_without_frame, EINVAL,
	    XB_ASKS | XB_HVM, 0 },
	{ "access rights of no frames", access_of_none, EINVAL, XB_HVM, 0 },
	{ 0 },
};
