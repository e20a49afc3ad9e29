/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory of domains: reservations, the physical map, page tables, pools. */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/memory.h>

#include "xc_private.h"

/* domctl shadow_op: {u32 op, mode, mb, ...}; the ALLOCATION ops count MiB. */
#define SHADOW_GET_ALLOCATION 30u
#define SHADOW_SET_ALLOCATION 31u

/* Extents of one call: a buffer of 128 MiB. */
#define MAX_EXTENTS ((size_t)1 << 24)

static int64_t domid_query(xc_interface *xch, unsigned cmd, uint32_t domid,
    const char *what);

/* Xen gives an absent domain no extents, and says nothing of it. */
static bool
is_absent(xc_interface *xch, uint32_t domid)
{
	return domid_query(xch, XENMEM_current_reservation, domid,
		   "its memory") < 0 &&
	    errno == ESRCH;
}

/* One reservation call over the extents in a safe buffer. */
static long
reservation(xc_interface *xch, unsigned cmd, uint32_t domid,
    const uint64_t *extents, uint64_t *result, size_t n, unsigned order,
    uint32_t mem_flags, const char *what)
{
	struct xen_memory_reservation r;
	size_t bytes = n * sizeof(*extents);
	uint64_t *buf;
	long done;

	memset(&r, 0, sizeof(r));
	r.nr_extents = n;
	r.extent_order = order;
	r.mem_flags = mem_flags;
	r.domid = (domid_t)domid;
	if (xc_check_domid(xch, domid) < 0)
		return -1;
	if (n == 0)
		return 0;
	if (n > MAX_EXTENTS) {
		errno = EINVAL;
		return xc_fail(xch, 0, "%s: at most %zu extents at a time",
		    what, MAX_EXTENTS);
	}
	buf = xc_buf_get(xch, bytes);
	if (buf == NULL)
		return xc_fail(xch, errno, "domain %u: %s", domid, what);
	memcpy(buf, extents, bytes);
	set_xen_guest_handle(r.extent_start, (xen_pfn_t *)buf);
	done = xc_hypercall_buf(xch, XC_HC_MEMORY, cmd, &r, sizeof(r));
	if (result != NULL)
		memcpy(result, buf, bytes);
	xc_buf_put(xch, buf, bytes);
	if (done < 0)
		return xc_fail(xch, errno, "domain %u: %s", domid, what);
	if (done == 0 && is_absent(xch, domid))
		return xc_fail(xch, ESRCH, "domain %u: %s", domid, what);
	return done;
}

XC_API long
xc_populate_physmap(xc_interface *xch, uint32_t domid, uint64_t *extents,
    size_t n, unsigned order, uint32_t mem_flags)
{
	return reservation(xch, XENMEM_populate_physmap, domid, extents,
	    extents, n, order, mem_flags, "give memory");
}

XC_API long
xc_increase_reservation(xc_interface *xch, uint32_t domid, uint64_t *mfns,
    size_t n, unsigned order, uint32_t mem_flags)
{
	if (xc_check_ptr(xch, mfns, "the pages") < 0)
		return -1;
	return reservation(xch, XENMEM_increase_reservation, domid, mfns, mfns,
	    n, order, mem_flags, "give memory without a place");
}

XC_API long
xc_decrease_reservation(xc_interface *xch, uint32_t domid,
    const uint64_t *extents, size_t n, unsigned order)
{
	return reservation(xch, XENMEM_decrease_reservation, domid, extents,
	    NULL, n, order, 0, "take memory back");
}

/* A memory_op whose structure begins with, or names, one domain. */
static int
memory_op(xc_interface *xch, unsigned cmd, uint32_t domid, void *arg,
    size_t size, const char *what)
{
	return xc_domain_op(xch, XC_HC_MEMORY, cmd, domid, arg, size, what) < 0
	    ? -1 : 0;
}

XC_API int
xc_add_to_physmap(xc_interface *xch, uint32_t domid, uint32_t space,
    uint64_t idx, uint64_t gfn)
{
	struct xen_add_to_physmap a = { .domid = (domid_t)domid,
		.space = space, .idx = idx, .gpfn = gfn };

	return memory_op(xch, XENMEM_add_to_physmap, domid, &a, sizeof(a),
	    "place a page in its physical map");
}

XC_API int
xc_remove_from_physmap(xc_interface *xch, uint32_t domid, uint64_t gfn)
{
	struct xen_remove_from_physmap r;

	memset(&r, 0, sizeof(r));
	r.domid = (domid_t)domid;
	r.gpfn = gfn;
	return memory_op(xch, XENMEM_remove_from_physmap, domid, &r, sizeof(r),
	    "take a page out of its physical map");
}

/* An e820 entry is 20 bytes packed in the ABI. */
struct e820_abi {
	uint64_t addr, size;
	uint32_t type;
} __attribute__((packed));

XC_API int
xc_set_memory_map(xc_interface *xch, uint32_t domid, const struct xc_e820 *map,
    size_t n)
{
	struct xen_foreign_memory_map fmap;
	struct e820_abi *buf;
	size_t bytes = n * sizeof(*buf);
	int r;

	memset(&fmap, 0, sizeof(fmap));
	fmap.domid = (domid_t)domid;
	if (n == 0 || n > 128) {
		errno = EINVAL;
		return xc_fail(xch, 0, "memory map: 1 to 128 entries");
	}
	buf = xc_buf_get(xch, bytes);
	if (buf == NULL)
		return xc_fail(xch, errno, "domain %u: memory map", domid);
	for (size_t i = 0; i < n; i++) {
		buf[i].addr = map[i].addr;
		buf[i].size = map[i].size;
		buf[i].type = map[i].type;
	}
	fmap.map.nr_entries = (unsigned)n;
	set_xen_guest_handle(fmap.map.buffer, (void *)buf);
	r = memory_op(xch, XENMEM_set_memory_map, domid, &fmap, sizeof(fmap),
	    "set the memory map");
	xc_buf_put(xch, buf, bytes);
	return r;
}

XC_API int
xc_claim_pages(xc_interface *xch, uint32_t domid, uint64_t pages)
{
	struct xen_memory_reservation r;

	memset(&r, 0, sizeof(r));
	r.nr_extents = pages;
	r.domid = (domid_t)domid;
	if (memory_op(xch, XENMEM_claim_pages, domid, &r, sizeof(r),
		"claim memory") == 0)
		return 0;
	if (errno != EINVAL)
		return -1;
	/* Xen says so of an absent domain too. */
	return xc_fail(xch, is_absent(xch, domid) ? ESRCH : EINVAL,
	    "domain %u: claim memory", domid);
}

static int64_t
domid_query(xc_interface *xch, unsigned cmd, uint32_t domid, const char *what)
{
	domid_t id = (domid_t)domid;
	long r;

	if (xc_check_domid(xch, domid) < 0)
		return -1;
	r = xc_hypercall_buf(xch, XC_HC_MEMORY, cmd, &id, sizeof(id));
	if (r < 0)
		return xc_fail(xch, errno, "domain %u: ask for %s", domid,
		    what);
	return r;
}

XC_API int64_t
xc_current_reservation(xc_interface *xch, uint32_t domid)
{
	return domid_query(xch, XENMEM_current_reservation, domid,
	    "its memory");
}

XC_API int64_t
xc_maximum_reservation(xc_interface *xch, uint32_t domid)
{
	return domid_query(xch, XENMEM_maximum_reservation, domid,
	    "its memory ceiling");
}

XC_API int64_t
xc_maximum_gpfn(xc_interface *xch, uint32_t domid)
{
	return domid_query(xch, XENMEM_maximum_gpfn, domid,
	    "its highest frame");
}

XC_API int
xc_set_paging_mempool(xc_interface *xch, uint32_t domid, uint64_t bytes)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_set_paging_mempool_size,
		.domain = domid };
	const uint64_t mib = 1u << 20;

	if (xc_check_abi(xch, "set the paging pool") < 0)
		return -1;
	ctl.u.u64[0] = bytes;
	if (!xch->abi->paging_mempool) {
		/* XSA-409 made the call of its own; before, MiB only. */
		ctl.cmd = DOMCTL_shadow_op;
		ctl.u.u64[0] = 0;
		ctl.u.u32[0] = SHADOW_SET_ALLOCATION;
		ctl.u.u32[2] = (uint32_t)((bytes + mib - 1) / mib);
	}
	return xc_do_domctl(xch, &ctl, "set the paging pool") < 0 ? -1 : 0;
}

XC_API int
xc_get_paging_mempool(xc_interface *xch, uint32_t domid, uint64_t *bytes)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_get_paging_mempool_size,
		.domain = domid };

	if (!xch->abi->paging_mempool) {
		ctl.cmd = DOMCTL_shadow_op;
		ctl.u.u32[0] = SHADOW_GET_ALLOCATION;
	}
	if (xc_do_domctl(xch, &ctl, "ask for the paging pool") < 0)
		return -1;
	*bytes = xch->abi->paging_mempool ? ctl.u.u64[0]
					  : (uint64_t)ctl.u.u32[2] << 20;
	return 0;
}

static int
mmuext(xc_interface *xch, uint32_t domid, unsigned cmd, uint64_t mfn,
    const char *what)
{
	struct mmuext_op *buf;
	long r;

	/* Xen reads a second domain from the upper half. */
	if (xc_check_domid(xch, domid) < 0)
		return -1;
	buf = xc_buf_get(xch, sizeof(*buf));
	if (buf == NULL)
		return xc_fail(xch, errno, "domain %u: %s", domid, what);
	buf->cmd = cmd;
	buf->arg1.mfn = mfn;
	r = xc_hypercall(xch, XC_HC_MMUEXT, (uintptr_t)buf, 1, 0, domid);
	xc_buf_put(xch, buf, sizeof(*buf));
	if (r < 0)
		return xc_fail(xch, errno, "domain %u: %s at mfn %#llx", domid,
		    what, (unsigned long long)mfn);
	return 0;
}

XC_API int
xc_pin_table(xc_interface *xch, uint32_t domid, unsigned level, uint64_t mfn)
{
	if (level < 1 || level > 4) {
		errno = EINVAL;
		return xc_fail(xch, 0, "page table level %u is not 1 to 4",
		    level);
	}
	return mmuext(xch, domid, MMUEXT_PIN_L1_TABLE + level - 1, mfn,
	    "pin the page table");
}

XC_API int
xc_unpin_table(xc_interface *xch, uint32_t domid, uint64_t mfn)
{
	return mmuext(xch, domid, MMUEXT_UNPIN_TABLE, mfn,
	    "unpin the page table");
}
