/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory for a domain of any type: the largest extents the host still has, down
 * to single pages.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "xenctrl_mem.h"
#include "xg_hvm.h"

#define BATCH 4096u

/* Sizes of extents, and how many of them one call may ask for: what one call
 * takes is time in which nobody hears of progress. */
static const struct {
	unsigned order;
	uint64_t batch;
} sizes[] = { { 18, 1 }, { 9, 256 }, { 0, BATCH } };
#define NR_SIZES (sizeof(sizes) / sizeof(sizes[0]))

XG_API uint64_t
xg_paging_pool(const struct xg_build *b)
{
	uint64_t kib = b->max_kib > b->memory_kib ? b->max_kib : b->memory_kib;
	uint64_t vcpus = b->max_vcpus == 0 ? 1 : b->max_vcpus;

	if (b->type == XG_PV)
		return 0;
	/* 1 MiB for each vCPU, and a page for each MiB that can be mapped (and
	 * one for its shadows). */
	return (256 * vcpus +
		   (kib + 1023) / 1024 * ((b->flags & XG_NO_HAP) != 0 ? 2 : 1))
	    << XC_PAGE_SHIFT;
}

struct filler {
	xc_interface *xch;
	const struct xg_build *b;
	/* PV: receives the machine frames, and places need no alignment. */
	struct xg_p2m *p2m;
	uint32_t mem_flags;
	const struct xg_nodes *nodes;
	/* First of sizes[] that the host still had. */
	size_t size;
	uint64_t done, total;
	uint64_t extents[BATCH];
};

void
xg_progress(const struct xg_build *b, const char *step, uint64_t done,
    uint64_t total)
{
	if (b->progress != NULL)
		b->progress(b->ctx, step, done, total);
}

/* n extents of a size from pfn on; *done: how many pages Xen gave. -1: no memory
 * of our own. */
static int
fill_extents(struct filler *f, uint64_t pfn, uint64_t n, unsigned order,
    uint64_t *done, struct xg_error *e)
{
	long got;

	for (uint64_t i = 0; i < n; i++)
		f->extents[i] = pfn + (i << order);
	got = xc_populate_physmap(f->xch, f->b->domid, f->extents, n, order,
	    f->mem_flags);
	*done = got < 0 ? 0 : (uint64_t)got << order;
	for (uint64_t i = 0; f->p2m != NULL && i < *done >> order; i++)
		if (xg_p2m_set(f->p2m, pfn + (i << order), f->extents[i],
			1ull << order) < 0)
			return xg_fail(e, ENOMEM, "no memory for the p2m");
	return 0;
}

/* The size to use at pfn, and how many extents of it before a larger one may
 * begin. */
static size_t
choose(const struct filler *f, uint64_t pfn, uint64_t end, uint64_t *n)
{
	uint64_t larger = 0;
	size_t i;

	for (i = f->size; i < NR_SIZES - 1; i++) {
		uint64_t pages = 1ull << sizes[i].order;
		uint64_t next = f->p2m != NULL
		    ? pfn : (pfn + pages - 1) & ~(pages - 1);

		if (next + pages > end)
			continue;
		if (next == pfn)
			break;
		if (larger == 0 || next < larger)
			larger = next;
	}
	*n = ((larger != 0 ? larger : end) - pfn) >> sizes[i].order;
	if (*n > sizes[i].batch)
		*n = sizes[i].batch;
	return i;
}

static int
no_more(const struct filler *f, const struct xg_node_range *r,
    struct xg_error *e)
{
	unsigned long long done = f->done >> 8, total = f->total >> 8;

	if (r == NULL)
		return xg_fail(e, ENOMEM, "the hypervisor gave %llu of %llu MiB "
		    "and has no more", done, total);
	return xg_fail(e, ENOMEM, "the hypervisor gave %llu of %llu MiB; node "
	    "%u, which virtual node %u is to be on, has no more", done, total,
	    f->b->vnodes[r->vnode].host, r->vnode);
}

/* All of it on one node. */
static int
fill_part(struct filler *f, const struct xg_node_range *r, uint64_t pfn,
    uint64_t end, struct xg_error *e)
{
	while (pfn < end) {
		uint64_t n;
		size_t i = choose(f, pfn, end, &n);
		uint64_t done;

		if (fill_extents(f, pfn, n, sizes[i].order, &done, e) < 0)
			return -1;
		if (done == 0 && i == NR_SIZES - 1)
			return no_more(f, r, e);
		if (done == 0) {
			/* Memory is fragmented: go on in smaller pieces. */
			f->size = i + 1;
			continue;
		}
		pfn += done;
		f->done += done;
		xg_progress(f->b, "memory", f->done, f->total);
	}
	return 0;
}

static int
fill(struct filler *f, uint64_t pfn, uint64_t end, struct xg_error *e)
{
	size_t size = f->size;
	int r = 0;

	while (pfn < end && r == 0) {
		const struct xg_node_range *n = xg_vnuma_at(f->nodes, pfn);
		uint64_t to = n == NULL || n->end > end ? end : n->end;

		/* Another node may have larger extents. */
		if (n != NULL) {
			f->size = size;
			f->mem_flags = XC_MEMF_NODE(f->b->vnodes[n->vnode].host) |
			    XC_MEMF_EXACT_NODE;
		}
		r = fill_part(f, n, pfn, to, e);
		pfn = to;
	}
	return r;
}

static int
populate_pv(struct filler *f, struct xg_memory *m, struct xg_error *e)
{
	f->total = m->nr_pages = f->b->memory_kib / 4;
	if (f->total == 0 || f->total > 1ull << 36)
		return xg_fail(e, EINVAL, "%llu KiB of memory is out of range",
		    (unsigned long long)f->b->memory_kib);
	m->p2m = xg_p2m_new(m->nr_pages);
	if (m->p2m == NULL)
		return xg_fail(e, ENOMEM, "no memory for the p2m");
	f->p2m = m->p2m;
	f->size = 1;
	if (xg_vnuma_ranges(f->b, NULL, &m->nodes, e) < 0)
		return -1;
	return fill(f, 0, f->total, e);
}

/* The pool that pages on demand come from is filled first: later Xen only
 * lets it grow with what the guest gives back. */
static int
fill_pool(struct filler *f, const struct xg_hvm_layout *l, struct xg_error *e)
{
	if (!l->on_demand)
		return 0;
	if (xc_domain_set_pod_target(f->xch, f->b->domid, l->target_pages,
		NULL) < 0)
		return xg_fail(e, errno, "memory: %s", xc_last_error(f->xch));
	f->mem_flags = XC_MEMF_POPULATE_ON_DEMAND;
	return 0;
}

static int
populate_hvm(struct filler *f, struct xg_memory *m, struct xg_error *e)
{
	struct xg_hvm_layout *l = m->layout = calloc(1, sizeof(*m->layout));

	if (l == NULL)
		return xg_fail(e, ENOMEM, "no memory");
	if (xg_hvm_layout(f->b, l, e) < 0 ||
	    xg_vnuma_ranges(f->b, l, &m->nodes, e) < 0)
		return -1;
	f->total = l->ram_pages;
	if (fill_pool(f, l, e) < 0)
		return -1;
	for (uint32_t i = 0; i < l->nr_ram; i++)
		if (fill(f, l->ram[i].pfn, l->ram[i].end, e) < 0)
			return -1;
	f->mem_flags = 0;
	f->total += XG_PFN_SPECIAL_END - l->special_pfn + l->acpi_pages;
	m->nr_pages = l->target_pages + (f->total - l->ram_pages);
	if (fill(f, l->special_pfn, XG_PFN_SPECIAL_END, e) < 0)
		return -1;
	return fill(f, XG_PFN_ACPI, XG_PFN_ACPI + l->acpi_pages, e);
}

XG_API int
xg_populate(xc_interface *xch, const struct xg_build *b,
    struct xg_memory **out, struct xg_error *e)
{
	struct filler f = { .xch = xch, .b = b };
	struct xg_memory *m = calloc(1, sizeof(*m));
	int r;

	if (m == NULL)
		return xg_fail(e, ENOMEM, "no memory");
	f.nodes = &m->nodes;
	r = b->type == XG_PV ? populate_pv(&f, m, e) : populate_hvm(&f, m, e);
	if (r == 0)
		*out = m;
	else
		xg_memory_free(m);
	return r;
}

XG_API void
xg_memory_free(struct xg_memory *m)
{
	if (m == NULL)
		return;
	xg_p2m_free(m->p2m);
	free(m->layout);
	free(m);
}
