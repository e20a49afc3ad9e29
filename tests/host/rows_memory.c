/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows: memory given and taken, the physical map, page tables, pools. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <xen/xen.h>

#include "xc_rows.h"

static void
take_back(struct xr_env *e, uint64_t mfn)
{
	xc_decrease_reservation(e->xch, e->pv, &mfn, 1, 0);
}

/* The domain's pages are `more` than they began with. */
static int
has_pages(struct xr_env *e, uint32_t domid, int more)
{
	int64_t n = xc_current_reservation(e->xch, domid);

	if (n < 0)
		return -1;
	return n == (int64_t)XR_PAGES + more ? 0
					     : xr_wrong("%lld pages",
						   (long long)n);
}

static int
populate(struct xr_env *e)
{
	uint64_t extents[3] = { 5000, 5001, 5002 };
	long n = xc_populate_physmap(e->xch, e->pv, extents, 3, 0, 0);

	if (n < 0)
		return -1;
	for (long i = 0; i < n; i++)
		xr_at_end(take_back, extents[i]);
	if (n != 3 || extents[0] == 5000)
		return xr_wrong("%ld extents", n);
	return has_pages(e, e->pv, 3);
}

/* The ceiling is 16 MiB away: a short count, and no error. */
static int
populate_too_much(struct xr_env *e)
{
	uint64_t extent = 8192;
	long n = xc_populate_physmap(e->xch, e->pv, &extent, 1, 13, 0);

	return n < 0 ? -1 : n == 0 ? 0 : xr_wrong("%ld extents", n);
}

static int
decrease(struct xr_env *e)
{
	uint64_t extents[2] = { 6000, 6001 };
	long n = xc_populate_physmap(e->xch, e->pv, extents, 2, 0, 0);

	if (n < 0)
		return -1;
	for (long i = 0; i < n; i++)
		xr_at_end(take_back, extents[i]);
	n = xc_decrease_reservation(e->xch, e->pv, extents, 2, 0);
	if (n < 0)
		return -1;
	return n == 2 ? has_pages(e, e->pv, 0) : xr_wrong("%ld extents", n);
}

static void
take_out(struct xr_env *e, uint64_t gfn)
{
	xc_remove_from_physmap(e->xch, e->hvm, gfn);
}

static int
physmap(struct xr_env *e)
{
	void *p;

	if (xc_add_to_physmap(e->xch, e->hvm, XC_MAPSPACE_SHARED_INFO, 0,
		9000) < 0)
		return -1;
	xr_at_end(take_out, 9000);
	p = xc_map_foreign_range(e->xch, e->hvm, PROT_READ, 9000, 1);
	if (p == NULL)
		return -1;
	xc_unmap_foreign(e->xch, p, 1);
	if (xc_remove_from_physmap(e->xch, e->hvm, 9000) < 0)
		return -1;
	p = xc_map_foreign_range(e->xch, e->hvm, PROT_READ, 9000, 1);
	if (p == NULL && errno != EINVAL)
		return -1;
	xc_unmap_foreign(e->xch, p, 1);
	return p == NULL ? 0 : xr_wrong("it is still there");
}

static int
set_memory_map(struct xr_env *e)
{
	struct xc_e820 map[2] = { { 0, XR_PAGES * XC_PAGE_SIZE, 1 },
		{ 0xfc000000, 0x1000, 2 } };

	return xc_set_memory_map(e->xch, e->pv, map, 2);
}

static void
end_claim(struct xr_env *e, uint64_t arg)
{
	(void)arg;
	xc_claim_pages(e->xch, e->pv, 0);
}

static int
claimed(struct xr_env *e, uint64_t want)
{
	struct xc_domaininfo info;

	if (xc_domain_getinfo(e->xch, e->pv, &info) < 0)
		return -1;
	return info.outstanding_pages == want
	    ? 0
	    : xr_wrong("%llu pages", (unsigned long long)info.outstanding_pages);
}

static int
claim(struct xr_env *e)
{
	xr_at_end(end_claim, 0);
	if (xc_claim_pages(e->xch, e->pv, XR_PAGES + 100) < 0 ||
	    claimed(e, 100) < 0 || xc_claim_pages(e->xch, e->pv, 0) < 0)
		return -1;
	return claimed(e, 0);
}

static int
current_reservation(struct xr_env *e)
{
	return has_pages(e, e->pv, 0);
}

static int
maximum_reservation(struct xr_env *e)
{
	int64_t n = xc_maximum_reservation(e->xch, e->pv);

	if (n < 0)
		return -1;
	return n == XR_PAGES * 2 ? 0 : xr_wrong("%lld", (long long)n);
}

static int
maximum_gpfn(struct xr_env *e)
{
	int64_t n = xc_maximum_gpfn(e->xch, e->hvm);

	if (n < 0)
		return -1;
	return n >= XR_PAGES - 1 ? 0 : xr_wrong("%lld", (long long)n);
}

static int
paging_mempool(struct xr_env *e)
{
	uint64_t bytes = 0;

	if (xc_set_paging_mempool(e->xch, e->hvm, 5 << 20) < 0 ||
	    xc_get_paging_mempool(e->xch, e->hvm, &bytes) < 0)
		return -1;
	return bytes == 5 << 20 ? 0
				: xr_wrong("%llu bytes",
				      (unsigned long long)bytes);
}

static void
unpin(struct xr_env *e, uint64_t mfn)
{
	xc_unpin_table(e->xch, e->pv, mfn);
}

/* A page of zeros is a valid page table of any level. */
static int
pin(struct xr_env *e)
{
	const uint64_t mfn = xr_mfn(e, 99);
	void *p = xc_map_foreign_range(e->xch, e->pv, PROT_READ | PROT_WRITE,
	    mfn, 1);

	if (p == NULL)
		return -1;
	memset(p, 0, XC_PAGE_SIZE);
	xc_unmap_foreign(e->xch, p, 1);
	for (unsigned level = 1; level <= 4; level++) {
		if (xc_pin_table(e->xch, e->pv, level, mfn) < 0)
			return -1;
		xr_at_end(unpin, mfn);
		if (xc_unpin_table(e->xch, e->pv, mfn) < 0)
			return -1;
	}
	return 0;
}

const struct xr_row xr_rows_memory[] = {
	{ .function = "xc_populate_physmap", populate },
	{ .function = "xc_populate_physmap", populate_too_much,
	    .flags = XR_RECOVERS },
	{ .function = "xc_decrease_reservation", decrease },
	{ .function = "xc_add_to_physmap", physmap,
	    .flags = XR_HVM | XR_RECOVERS },
	{ .function = "xc_remove_from_physmap", physmap,
	    .flags = XR_HVM | XR_RECOVERS },
	{ .function = "xc_set_memory_map", set_memory_map },
	{ .function = "xc_claim_pages", claim },
	{ .function = "xc_current_reservation", current_reservation },
	{ .function = "xc_maximum_reservation", maximum_reservation },
	{ .function = "xc_maximum_gpfn", maximum_gpfn, .flags = XR_HVM },
	{ .function = "xc_set_paging_mempool", paging_mempool,
	    .flags = XR_HVM },
	{ .function = "xc_get_paging_mempool", paging_mempool,
	    .flags = XR_HVM },
	{ .function = "xc_pin_table", pin },
	{ .function = "xc_unpin_table", pin },
	{ 0 },
};

static int
many_extents(struct xr_env *e)
{
	uint64_t gfn = 0;

	return (int)xc_populate_physmap(e->xch, e->pv, &gfn, SIZE_MAX / 4, 0,
	    0);
}

static int
many_extents_back(struct xr_env *e)
{
	uint64_t gfn = 0;

	return (int)xc_decrease_reservation(e->xch, e->pv, &gfn,
	    ((size_t)1 << 24) + 1, 0);
}

static int
no_map(struct xr_env *e)
{
	struct xc_e820 map = { 0, 4096, 1 };

	return xc_set_memory_map(e->xch, e->pv, &map, 0);
}

static int
long_map(struct xr_env *e)
{
	struct xc_e820 map = { 0, 4096, 1 };

	return xc_set_memory_map(e->xch, e->pv, &map, 129);
}

static int
level_0(struct xr_env *e)
{
	return xc_pin_table(e->xch, e->pv, 0, 1);
}

static int
level_5(struct xr_env *e)
{
	return xc_pin_table(e->xch, e->pv, 5, 1);
}

static int
unpin_none(struct xr_env *e)
{
	return xc_unpin_table(e->xch, e->pv, xr_mfn(e, 98));
}

static int
place_in_pv(struct xr_env *e)
{
	return xc_add_to_physmap(e->xch, e->pv, XC_MAPSPACE_SHARED_INFO, 0, 8);
}

static int
huge_claim(struct xr_env *e)
{
	return xc_claim_pages(e->xch, e->pv, (uint64_t)1 << 40);
}

const struct xr_bad xr_bad_memory[] = {
	{ "a huge number of extents", many_extents, EINVAL, 0, 0 },
	{ "a huge number of extents back", many_extents_back, EINVAL, 0, 0 },
	{ "a memory map of no entries", no_map, EINVAL, 0, 0 },
	{ "a memory map of 129 entries", long_map, EINVAL, 0, 0 },
	{ "a page table of level 0", level_0, EINVAL, 0, 0 },
	{ "a page table of level 5", level_5, EINVAL, 0, 0 },
	{ "unpinning what is not pinned", unpin_none, EINVAL, XB_ASKS, 0 },
	{ "placing a page in a PV domain", place_in_pv, EACCES, XB_ASKS, 0 },
	{ "a claim beyond the ceiling", huge_claim, EINVAL, XB_ASKS, 0 },
	{ 0 },
};
