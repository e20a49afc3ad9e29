/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Introspection: event rings, and the access rights of frames. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <xen/xen.h>
#include <xen/memory.h>
#include <xen/hvm/params.h>

#include "xc_private.h"

#define MAX_PAGES (1u << 20)

/* vm_event_op: {u32 op, mode, u32 port or version}. */
enum {
	VM_EVENT_enable = 0,
	VM_EVENT_disable = 1,
	VM_EVENT_resume = 2,
	VM_EVENT_get_version = 3,
};

static int
vm_event(xc_interface *xch, uint32_t domid, uint32_t op, uint32_t kind,
    uint32_t *answer, const char *what)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_vm_event_op, .domain = domid };

	if (xc_check_range(xch, kind, XC_VM_EVENT_PAGING, XC_VM_EVENT_SHARING,
		"as the kind of events") < 0)
		return -1;
	ctl.u.u32[0] = op;
	ctl.u.u32[1] = kind;
	if (xc_change_domctl(xch, &ctl, what) < 0)
		return -1;
	if (answer != NULL)
		*answer = ctl.u.u32[2];
	return 0;
}

XC_API int
xc_vm_event_get_version(xc_interface *xch)
{
	uint32_t version;

	/* It is about no domain; Xen wants the id of none. */
	if (vm_event(xch, XC_DOMID_INVALID, VM_EVENT_get_version,
		XC_VM_EVENT_MONITOR, &version,
		"ask for the version of events") < 0)
		return -1;
	return (int)version;
}

/* The ring's frame, populated when it is a hole: a monitor that went away left
 * one. */
static void *
map_ring(xc_interface *xch, uint32_t domid, uint64_t gfn)
{
	const int prot = PROT_READ | PROT_WRITE;
	int err = 0;
	void *ring = xc_map_foreign(xch, domid, prot, &gfn, &err, 1);

	if (ring == NULL || err == 0)
		return ring;
	xc_unmap_foreign(xch, ring, 1);
	switch (xc_populate_physmap(xch, domid, &gfn, 1, 0, 0)) {
	case 1:
		return xc_map_foreign(xch, domid, prot, &gfn, NULL, 1);
	case 0:
		xc_fail(xch, ENOMEM, "domain %u: a page for the ring", domid);
		return NULL;
	default:
		return NULL;
	}
}

static void *
enable_paused(xc_interface *xch, uint32_t domid, uint32_t kind, uint32_t *port)
{
	/* PAGING, MONITOR and SHARING_RING_PFN follow each other. */
	const uint32_t param = HVM_PARAM_PAGING_RING_PFN + kind -
	    XC_VM_EVENT_PAGING;
	uint64_t gfn;
	void *ring;
	int saved;
	long n;

	if (xc_hvm_param_get(xch, domid, param, &gfn) < 0)
		return NULL;
	if (gfn == 0) {
		errno = EINVAL;
		xc_fail(xch, 0, "domain %u: no frame was set for the ring",
		    domid);
		return NULL;
	}
	ring = map_ring(xch, domid, gfn);
	if (ring == NULL)
		return NULL;
	if (vm_event(xch, domid, VM_EVENT_enable, kind, port,
		"enable an event ring") < 0) {
		saved = errno;
		xc_unmap_foreign(xch, ring, 1);
		errno = saved;
		return NULL;
	}
	/* Our mapping keeps the page; the guest must not write events. */
	n = xc_decrease_reservation(xch, domid, &gfn, 1, 0);
	if (n == 1)
		return ring;
	if (n == 0)
		xc_fail(xch, EBUSY, "domain %u: take the ring's page out",
		    domid);
	saved = errno;
	vm_event(xch, domid, VM_EVENT_disable, kind, NULL,
	    "disable the event ring");
	xc_unmap_foreign(xch, ring, 1);
	errno = saved;
	return NULL;
}

XC_API void *
xc_vm_event_enable(xc_interface *xch, uint32_t domid, uint32_t kind,
    uint32_t *port)
{
	void *ring;
	int saved;

	if (xc_check_ptr(xch, port, "the ring's port") < 0 ||
	    xc_check_range(xch, kind, XC_VM_EVENT_PAGING, XC_VM_EVENT_SHARING,
		"as the kind of events") < 0)
		return NULL;
	/* The guest must not write to the page between its parts. */
	if (xc_domain_pause(xch, domid) < 0)
		return NULL;
	ring = enable_paused(xch, domid, kind, port);
	saved = errno;
	if (xc_domain_unpause(xch, domid) < 0 && ring != NULL) {
		saved = errno;
		vm_event(xch, domid, VM_EVENT_disable, kind, NULL,
		    "disable the event ring");
		xc_unmap_foreign(xch, ring, 1);
		ring = NULL;
	}
	errno = saved;
	return ring;
}

XC_API int
xc_vm_event_disable(xc_interface *xch, uint32_t domid, uint32_t kind)
{
	return vm_event(xch, domid, VM_EVENT_disable, kind, NULL,
	    "disable an event ring");
}

XC_API int
xc_vm_event_resume(xc_interface *xch, uint32_t domid, uint32_t kind)
{
	return vm_event(xch, domid, VM_EVENT_resume, kind, NULL,
	    "take responses from an event ring");
}

/* --- access rights -------------------------------------------------------- */

static int
access_op(xc_interface *xch, uint32_t domid, struct xen_mem_access_op *op,
    const char *what)
{
	op->domid = (domid_t)domid;
	return xc_domain_op(xch, XC_HC_MEMORY, XENMEM_access_op, domid, op,
	    sizeof(*op), what) < 0 ? -1 : 0;
}

XC_API int
xc_set_mem_access(xc_interface *xch, uint32_t domid, uint8_t access,
    uint64_t first, uint32_t n)
{
	struct xen_mem_access_op op = { .op = XENMEM_access_op_set_access,
		.access = access, .nr = n, .pfn = first };

	if (xc_check_abi(xch, "set access rights") < 0 ||
	    (first != XC_ACCESS_ALL &&
		xc_check_range(xch, n, 1, UINT32_MAX, "pages") < 0))
		return -1;
	return access_op(xch, domid, &op, "set access rights");
}

XC_API int
xc_set_mem_access_multi(xc_interface *xch, uint32_t domid,
    const uint8_t *access, const uint64_t *gfns, uint32_t n)
{
	struct xen_mem_access_op op = {
		.op = XENMEM_access_op_set_access_multi, .nr = n };
	size_t size = (size_t)n * (sizeof(*gfns) + sizeof(*access));
	uint64_t *buf;
	uint8_t *tail;
	int r;

	if (xc_check_abi(xch, "set access rights") < 0 ||
	    xc_check_ptr(xch, access, "accesses") < 0 ||
	    xc_check_ptr(xch, gfns, "frames") < 0 ||
	    xc_check_range(xch, n, 1, MAX_PAGES, "pages") < 0)
		return -1;
	buf = xc_buf_get(xch, size);
	if (buf == NULL)
		return xc_fail(xch, errno, "set access rights");
	tail = (uint8_t *)(buf + n);
	memcpy(buf, gfns, n * sizeof(*gfns));
	memcpy(tail, access, n);
	set_xen_guest_handle(op.pfn_list, buf);
	set_xen_guest_handle(op.access_list, tail);
	r = access_op(xch, domid, &op, "set access rights");
	xc_buf_put(xch, buf, size);
	return r;
}

XC_API int
xc_get_mem_access(xc_interface *xch, uint32_t domid, uint64_t gfn,
    uint8_t *access)
{
	struct xen_mem_access_op op = { .op = XENMEM_access_op_get_access,
		.pfn = gfn };

	if (xc_check_ptr(xch, access, "the access rights") < 0 ||
	    access_op(xch, domid, &op, "ask for access rights") < 0)
		return -1;
	*access = op.access;
	return 0;
}

XC_API int
xc_domain_set_access_required(xc_interface *xch, uint32_t domid, bool required)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_set_access_required,
		.domain = domid };

	ctl.u.raw[0] = required;
	return xc_change_domctl(xch, &ctl, "require a listener");
}
