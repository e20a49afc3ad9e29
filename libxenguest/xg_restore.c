/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Restoring: what the records of an image do to an empty domain. Memory is given as
 * its pages are named, in extents of 2 MiB where a record has that much in a row;
 * contents are read from the file into the domain. A page that is to be zero is
 * looked at: what Xen gives mostly is zero.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "xg_stream.h"

/* 2 MiB. */
#define LARGE_ORDER 9u
#define LARGE	    (1u << LARGE_ORDER)
/* Registers of all vCPUs. */
#define BLOBS_MAX (64u << 20)

int
xg_restore_xen_fail(struct xg_restorer *w, const char *what)
{
	return xg_fail(w->e, errno, "%s: %s", what, xc_last_error(w->xch));
}

static void *
sparse(struct xg_restorer *w, size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p != MAP_FAILED)
		return p;
	xg_fail(w->e, ENOMEM, "no memory for a table of %zu bytes", bytes);
	return NULL;
}

/* --- memory is given ---------------------------------------------------------------- */

bool
xg_is_populated(const struct xg_restorer *w, uint64_t pfn)
{
	return pfn < w->end && (w->populated[pfn / 8] >> pfn % 8 & 1) != 0;
}

static void
note(struct xg_restorer *w, uint64_t pfn, uint64_t mfn)
{
	w->populated[pfn / 8] |= (uint8_t)(1u << pfn % 8);
	if (w->p2m != NULL)
		w->p2m[pfn] = mfn;
	w->pages++;
}

/* One extent; 0 when there is none so large. */
static int
populate_large(struct xg_restorer *w, uint64_t pfn)
{
	uint64_t extent = pfn;

	if (xc_populate_physmap(w->xch, w->r->domid, &extent, 1, LARGE_ORDER,
		0) != 1)
		return 0;
	for (uint64_t i = 0; i < LARGE; i++)
		note(w, pfn + i, extent + i);
	return 1;
}

static int
populate_small(struct xg_restorer *w, const uint64_t *pfns, size_t n)
{
	uint64_t extents[XG_BATCH];
	long got;

	memcpy(extents, pfns, n * sizeof(*extents));
	got = xc_populate_physmap(w->xch, w->r->domid, extents, n, 0, 0);
	for (long i = 0; i < got; i++)
		note(w, pfns[i], extents[i]);
	if (got == (long)n)
		return 0;
	return xg_fail(w->e, ENOMEM, "the hypervisor gave %llu MiB and has no "
	    "more, or the image has more pages than its domain may",
	    (unsigned long long)w->pages >> 8);
}

/* Do the first 512 of n frames make a large page? */
static bool
is_run(const struct xg_restorer *w, const uint64_t *pfns, size_t n)
{
	if (n < LARGE || pfns[LARGE - 1] - pfns[0] != LARGE - 1 ||
	    (w->p2m == NULL && pfns[0] % LARGE != 0))
		return false;
	for (size_t i = 1; i < LARGE; i++)
		if (pfns[i] != pfns[0] + i)
			return false;
	return true;
}

/* They have none, and each is named once. */
static int
populate_new(struct xg_restorer *w, const uint64_t *pfns, size_t n)
{
	size_t first = 0, i = 0;

	while (i < n) {
		if (!is_run(w, pfns + i, n - i) ||
		    populate_large(w, pfns[i]) == 0) {
			i++;
			continue;
		}
		if (i > first && populate_small(w, pfns + first, i - first) < 0)
			return -1;
		i += LARGE;
		first = i;
	}
	return n > first ? populate_small(w, pfns + first, n - first) : 0;
}

int
xg_populate_frames(struct xg_restorer *w, const uint64_t *pfns, size_t n)
{
	uint64_t wanted[XG_BATCH];
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		bool twice = false;

		if (pfns[i] >= w->end)
			return xg_bad(w->e, "page %#llx of a guest that has "
			    "pages up to %#llx", (unsigned long long)pfns[i],
			    (unsigned long long)w->end);
		if (xg_is_populated(w, pfns[i]))
			continue;
		/* In order they come but once. */
		if (k > 0 && pfns[i] <= wanted[k - 1])
			for (size_t j = 0; j < k; j++)
				twice = twice || wanted[j] == pfns[i];
		if (!twice)
			wanted[k++] = pfns[i];
	}
	return populate_new(w, wanted, k);
}

void *
xg_restore_map(struct xg_restorer *w, const uint64_t *pfns, size_t n)
{
	uint64_t frames[XG_BATCH];
	void *mem;

	for (size_t i = 0; i < n; i++) {
		if (!xg_is_populated(w, pfns[i])) {
			xg_bad(w->e, "page %#llx is missing",
			    (unsigned long long)pfns[i]);
			return NULL;
		}
		frames[i] = w->p2m != NULL ? w->p2m[pfns[i]] : pfns[i];
	}
	mem = xc_map_foreign(w->xch, w->r->domid, PROT_READ | PROT_WRITE,
	    frames, NULL, n);
	if (mem == NULL)
		xg_restore_xen_fail(w, "memory");
	return mem;
}

/* --- pages are filled ----------------------------------------------------------------- */

static int
read_table(struct xg_restorer *w, const struct xg_page_entry *p, uint8_t *to)
{
	uint64_t table[XC_PAGE_SIZE / 8];

	if (xg_in_read(w->in, table, sizeof(table)) < 0 ||
	    xg_localise(w, p->pfn, p->type, table) < 0)
		return -1;
	memcpy(to, table, sizeof(table));
	return 0;
}

/* How many plain pages with contents the array begins with. */
static size_t
plain_pages(const struct xg_page_entry *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i].type == XG_TYPE_NOTAB)
		i++;
	return i;
}

/* mem has the n pages side by side; all have contents or are zero. */
static int
fill(struct xg_restorer *w, const struct xg_page_entry *p, size_t n,
    uint8_t *mem)
{
	size_t part;

	for (size_t i = 0; i < n; i += part) {
		uint8_t *to = mem + i * XC_PAGE_SIZE;

		part = plain_pages(p + i, n - i);
		if (part > 0) {
			if (xg_in_read(w->in, to, part * XC_PAGE_SIZE) < 0)
				return -1;
			continue;
		}
		part = 1;
		if (p[i].type != XG_TYPE_ZERO) {
			if (read_table(w, &p[i], to) < 0)
				return -1;
		} else if (!xg_is_zero_page(to)) {
			memset(to, 0, XC_PAGE_SIZE);
		}
	}
	return 0;
}

/* Of a live image: pages that there were, and that the guest gave away. */
static int
drop_gone(struct xg_restorer *w, const struct xg_page_entry *p, size_t n)
{
	uint64_t frames[XG_BATCH];
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t pfn = p[i].pfn;

		if (p[i].type != XG_TYPE_XTAB || !xg_is_populated(w, pfn))
			continue;
		frames[k++] = w->p2m != NULL ? w->p2m[pfn] : pfn;
		w->populated[pfn / 8] &= (uint8_t)~(1u << pfn % 8);
		w->pages--;
		if (w->types != NULL)
			w->types[pfn] = XG_TYPE_NOTAB;
	}
	if (k > 0 && xc_decrease_reservation(w->xch, w->r->domid, frames, k,
			 0) != (long)k)
		return xg_restore_xen_fail(w, "memory");
	return 0;
}

static int
some_pages(struct xg_restorer *w, const struct xg_page_entry *p, size_t n)
{
	struct xg_page_entry filled[XG_BATCH];
	uint64_t pfns[XG_BATCH];
	size_t k = 0, m = 0;
	uint8_t *mem;
	int r;

	if (drop_gone(w, p, n) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (p[i].type != XG_TYPE_XTAB && p[i].type != XG_TYPE_BROKEN)
			pfns[k++] = p[i].pfn;
	if (k == 0)
		return 0;
	if (xg_populate_frames(w, pfns, k) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (w->types != NULL && p[i].type < XG_TYPE_BROKEN)
			w->types[p[i].pfn] = p[i].type == XG_TYPE_ZERO
			    ? XG_TYPE_NOTAB : (uint8_t)p[i].type;
		if (xg_type_has_contents(p[i].type) ||
		    p[i].type == XG_TYPE_ZERO) {
			pfns[m] = p[i].pfn;
			filled[m++] = p[i];
		}
	}
	if (m == 0)
		return 0;
	mem = xg_restore_map(w, pfns, m);
	if (mem == NULL)
		return -1;
	r = fill(w, filled, m, mem);
	xc_unmap_foreign(w->xch, mem, m);
	return r;
}

static int
pages(void *ctx, const struct xg_page_entry *p, size_t n, struct xg_in *in)
{
	struct xg_restorer *w = ctx;
	const struct xg_restore *r = w->r;
	size_t part;

	w->in = in;
	for (size_t i = 0; i < n; i += part) {
		part = n - i < XG_BATCH ? n - i : XG_BATCH;
		if (some_pages(w, p + i, part) < 0)
			return -1;
		if (r->progress != NULL &&
		    r->progress(r->ctx, w->pages < r->nr_pages ? w->pages
							       : r->nr_pages,
			r->nr_pages) != 0)
			return xg_fail(w->e, ECANCELED, "cancelled");
	}
	return 0;
}

/* --- the rest ----------------------------------------------------------------------- */

static int
policies(void *ctx, const struct xc_cpuid_leaf *leaves, uint32_t nleaves,
    const struct xc_msr *msrs, uint32_t nmsrs)
{
	struct xg_restorer *w = ctx;
	struct xc_policy_error why;

	if (xc_set_domain_cpu_policy(w->xch, w->r->domid, leaves, nleaves, msrs,
		nmsrs, &why) == 0)
		return 0;
	if (errno != EINVAL && errno != EPERM)
		return xg_restore_xen_fail(w, "processors");
	return xg_fail(w->e, ENOTSUP, "this host's processors cannot be what "
	    "the guest has seen (CPUID leaf %#x, subleaf %#x, MSR %#x)",
	    why.leaf, why.subleaf, why.msr);
}

static int
p2m_frames(void *ctx, uint64_t end, uint64_t first, const uint64_t *pfns,
    size_t n)
{
	struct xg_restorer *w = ctx;
	const size_t room = (end + 511) / 512;
	uint64_t *all;

	if (end > w->end)
		w->end = end;
	if (room > w->np2m) {
		all = realloc(w->p2m_pfns, room * sizeof(*all));
		if (all == NULL)
			return xg_fail(w->e, ENOMEM, "no memory for the p2m");
		memset(all + w->np2m, 0xff, (room - w->np2m) * sizeof(*all));
		w->p2m_pfns = all;
		w->np2m = room;
	}
	memcpy(w->p2m_pfns + first, pfns, n * sizeof(*pfns));
	return 0;
}

static int
tsc(void *ctx, const struct xc_tsc_info *t)
{
	struct xg_restorer *w = ctx;

	if (xc_domain_set_tsc_info(w->xch, w->r->domid, t->mode, t->gtsc_khz,
		t->incarnation, t->elapsed_nsec) < 0)
		return xg_restore_xen_fail(w, "clock");
	return 0;
}

static int
shared_info(void *ctx, const void *page)
{
	struct xg_restorer *w = ctx;

	memcpy(w->shared_info, page, sizeof(w->shared_info));
	return 0;
}

static int
vcpu(void *ctx, uint32_t kind, uint32_t id, const struct xg_blob *b)
{
	struct xg_restorer *w = ctx;
	struct xg_vcpu_blob *v = malloc(sizeof(*v) + b->size);

	if (v == NULL)
		return xg_fail(w->e, ENOMEM, "no memory for registers");
	*v = (struct xg_vcpu_blob){ .next = w->blobs, .kind = kind, .vcpu = id,
		.size = (uint32_t)b->size };
	memcpy(v->bytes, b->p, b->size);
	w->blobs = v;
	w->blob_bytes += b->size;
	/* Each vCPU that there may be has four. */
	if (w->blob_bytes > BLOBS_MAX)
		return xg_bad(w->e, "registers of more than %u MiB",
		    BLOBS_MAX >> 20);
	return 0;
}

static int
hvm_context(void *ctx, const struct xg_blob *b)
{
	struct xg_restorer *w = ctx;

	w->context = malloc(b->size);
	if (w->context == NULL)
		return xg_fail(w->e, ENOMEM, "no memory for registers");
	memcpy(w->context, b->p, b->size);
	w->context_len = b->size;
	return 0;
}

/* --- the whole ------------------------------------------------------------------------ */

static void
close_restorer(struct xg_restorer *w)
{
	struct xg_vcpu_blob *v;

	while ((v = w->blobs) != NULL) {
		w->blobs = v->next;
		free(v);
	}
	if (w->populated != NULL)
		munmap(w->populated, XG_PFN_END / 8);
	if (w->p2m != NULL)
		munmap(w->p2m, XG_PFN_END * sizeof(*w->p2m));
	if (w->types != NULL)
		munmap(w->types, XG_PFN_END);
	free(w->p2m_pfns);
	free(w->context);
}

/* Tables of all numbers that there may be; what is not named takes no memory. */
static int
make_tables(struct xg_restorer *w, bool pv)
{
	w->populated = sparse(w, XG_PFN_END / 8);
	if (w->populated == NULL)
		return -1;
	if (!pv) {
		w->end = XG_PFN_END;
		return 0;
	}
	w->p2m = sparse(w, XG_PFN_END * sizeof(*w->p2m));
	w->types = w->p2m == NULL ? NULL : sparse(w, XG_PFN_END);
	return w->types == NULL ? -1 : 0;
}

/* Lets the back ends map the rings. */
static int
grants(struct xg_restorer *w, bool pv)
{
	const struct xg_restore *r = w->r;
	const struct xg_build b = { .type = pv ? XG_PV : XG_PVH,
		.domid = r->domid, .store_domid = r->store_domid,
		.console_domid = r->console_domid };
	struct xg_job j = { .xch = w->xch, .b = &b, .e = w->e };

	return xg_seed_grants(&j, w->out->store_frame, w->out->console_frame);
}

static int
restore(struct xg_restorer *w, struct xg_image *m)
{
	const bool pv = xg_image_is_pv(m);
	const struct xg_sink sink = { .policies = policies,
		.p2m_frames = p2m_frames, .pages = pages, .tsc = tsc,
		.shared_info = shared_info, .vcpu = vcpu,
		.hvm_context = hvm_context, .hvm_param = xg_restore_hvm_param,
		.ctx = w };

	if (make_tables(w, pv) < 0 ||
	    xg_parse_records(&m->in, &m->domain, &sink) < 0 ||
	    xg_image_rest(m, &w->out->emulator, &w->out->emulator_len) < 0)
		return -1;
	/* All of it is as it was written: now it may become a guest. */
	if ((pv ? xg_restore_pv_end(w) : xg_restore_hvm_end(w)) < 0)
		return -1;
	w->out->nr_pages = w->pages;
	return grants(w, pv);
}

XG_API int
xg_image_restore(xc_interface *xch, struct xg_image *image,
    const struct xg_restore *r, struct xg_restored *out, struct xg_error *e)
{
	struct xg_restorer w = { .xch = xch, .r = r, .out = out, .e = e };
	int ret;

	*out = (struct xg_restored){ .nr_pages = 0 };
	image->in.e = e;
	ret = restore(&w, image);
	if (ret < 0) {
		free(out->emulator);
		out->emulator = NULL;
	}
	close_restorer(&w);
	return ret;
}
