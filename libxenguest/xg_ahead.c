/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is already there of a kernel that is still being unpacked goes into the domain,
 * window by window. Where it will lie is guessed from its program headers: if the plan
 * says otherwise in the end, it is written again where it belongs.
 */
#include "config.h"

#include <string.h>

#include "xg_private.h"

/* Where the kernel would begin and end if it is not moved; false: nothing for us. */
static bool
guess(const struct xg_word *w, const struct xg_job *j, struct xg_kernel *k,
    struct xg_ahead *a)
{
	uint64_t low, high;

	if (w->nsegments > XG_MAX_SEGMENTS)
		return false;
	k->nsegments = w->nsegments;
	memcpy(k->segments, w->segments, sizeof(k->segments));
	if (xg_kernel_check(k, NULL) < 0)
		return false;
	xg_kernel_span(k, &low, &high);
	a->pfn = low >> XC_PAGE_SHIFT;
	a->end = (high + XC_PAGE_SIZE - 1) >> XC_PAGE_SHIFT;
	return a->end <= j->m->nr_pages;
}

/* How much of the image must be there for n pages from pfn on. */
static uint64_t
needed(const struct xg_kernel *k, uint64_t pfn, uint64_t n)
{
	uint64_t from = pfn << XC_PAGE_SHIFT, end = (pfn + n) << XC_PAGE_SHIFT;
	uint64_t need = 0;

	for (uint32_t i = 0; i < k->nsegments; i++) {
		const struct xg_segment *s = &k->segments[i];
		uint64_t len = s->filesz;

		if (s->paddr >= end || s->paddr + s->filesz <= from)
			continue;
		if (s->paddr + len > end)
			len = end - s->paddr;
		if (s->offset + len > need)
			need = s->offset + len;
	}
	return need;
}

/* As far as the image has come. What fails now is tried again with the rest, and told
 * then. */
static void
go_on(struct xg_job *j, struct xg_ahead *a, uint64_t have)
{
	while (!a->failed && a->done < a->end - a->pfn) {
		uint64_t n = a->end - a->pfn - a->done;

		if (n > XG_WINDOW)
			n = XG_WINDOW;
		if (needed(j->k, a->pfn + a->done, n) > have)
			return;
		a->failed = xg_write_part(j, a->pfn + a->done, n) < 0;
		if (!a->failed)
			a->done += n;
	}
}

XG_API void
xg_load_ahead(struct xg_load *h, xc_interface *xch, const struct xg_build *b,
    struct xg_memory *m)
{
	struct xg_ahead *a = &m->ahead;
	struct xg_error e = { .msg = "" };
	struct xg_kernel k = { .elf_class = 64, .size = INT64_MAX };
	struct xg_job j = { .xch = xch, .b = b, .k = &k, .m = m, .growing = true,
		.e = &e };
	struct xg_word w;

	memset(a, 0, sizeof(*a));
	while (xg_load_hear(h, &w)) {
		k.fd = xg_load_image(h);
		if (a->end == 0 && !guess(&w, &j, &k, a))
			a->failed = true;
		go_on(&j, a, w.bytes);
	}
	a->nsegments = k.nsegments;
	memcpy(a->segments, k.segments, sizeof(a->segments));
}

uint64_t
xg_ahead_done(const struct xg_ahead *a, const struct xg_kernel *k,
    uint64_t pfn, uint64_t end)
{
	if (a->done == 0 || a->pfn != pfn || a->end != end ||
	    a->nsegments != k->nsegments ||
	    memcmp(a->segments, k->segments, sizeof(a->segments)) != 0)
		return 0;
	return a->done;
}
