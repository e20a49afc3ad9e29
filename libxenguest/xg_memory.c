/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pages of a domain on their way into the stream. A batch is asked for its types in one
 * call, mapped in one, looked at once for pages that are zero, and copied into the
 * output while it is summed: what the guest or a back end writes to the page meanwhile
 * is either in both or in neither. What a guest that runs does to a page while it is
 * here is no error: it is sent again, because it was written to, or because it is in
 * `again`.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "xg_stream.h"

struct batch {
	size_t n;
	uint64_t pfn[XG_BATCH], frame[XG_BATCH];
	unsigned type[XG_BATCH];
	/* Its mapping, where it has contents. */
	const uint8_t *page[XG_BATCH];
	/* Page tables, translated: they come before the header is written. */
	uint64_t (*tables)[XC_PAGE_SIZE / 8];
	size_t ntables;
};

/* Of frames that are gone the other side hears when it has them. */
static void
add_gone(struct xg_saver *v, struct batch *b, uint64_t pfn)
{
	if (v->there == NULL || !xg_bit(v->there, pfn))
		return;
	b->pfn[b->n] = pfn;
	b->type[b->n++] = XG_TYPE_XTAB;
}

/* The pages that there are among n frames. */
static int
find_pages(struct xg_saver *v, struct batch *b, const uint64_t *pfns, size_t n)
{
	uint64_t frames[XG_BATCH], asked[XG_BATCH];
	uint32_t types[XG_BATCH];
	size_t k = 0, at = 0;

	b->n = 0;
	v->type->frames(v, pfns, n, frames);
	for (size_t i = 0; i < n; i++)
		if (frames[i] != XG_NO_FRAME)
			asked[k++] = frames[i];
	if (k > 0 && xc_get_pfn_type_batch(v->xch, v->s->domid, asked, types,
			 k) < 0)
		return xg_save_xen_fail(v, "memory");
	for (size_t i = 0; i < n; i++) {
		if (frames[i] == XG_NO_FRAME ||
		    types[at++] >> 28 == XG_TYPE_XTAB) {
			add_gone(v, b, pfns[i]);
			continue;
		}
		b->pfn[b->n] = pfns[i];
		b->frame[b->n] = frames[i];
		b->type[b->n++] = types[at - 1] >> 28;
	}
	return 0;
}

/* A page that went while it was looked at is looked at again. */
static int
drop_lost(struct xg_saver *v, struct batch *b, const int *err)
{
	size_t n = 0, k = 0;

	for (size_t i = 0; i < b->n; i++) {
		if (xg_type_has_contents(b->type[i]) && err[k++] != 0) {
			if (!v->running)
				return xg_fail(v->e, -err[k - 1], "memory: "
				    "frame %#llx cannot be mapped",
				    (unsigned long long)b->pfn[i]);
			xg_bit_set(v->again, b->pfn[i]);
			continue;
		}
		b->pfn[n] = b->pfn[i];
		b->type[n] = b->type[i];
		b->page[n++] = b->page[i];
	}
	b->n = n;
	return 0;
}

/* Maps those with contents. *mem, *mapped: to be undone. */
static int
map_pages(struct xg_saver *v, struct batch *b, void **mem, size_t *mapped)
{
	uint64_t frames[XG_BATCH];
	int err[XG_BATCH];
	uint8_t *at;
	size_t k = 0;

	*mapped = 0;
	for (size_t i = 0; i < b->n; i++)
		if (xg_type_has_contents(b->type[i]))
			frames[k++] = b->frame[i];
	if (k == 0)
		return 0;
	*mem = xc_map_foreign(v->xch, v->s->domid, PROT_READ, frames, err, k);
	if (*mem == NULL)
		return xg_save_xen_fail(v, "memory");
	*mapped = k;
	at = *mem;
	for (size_t i = 0; i < b->n; i++) {
		if (!xg_type_has_contents(b->type[i]))
			continue;
		b->page[i] = at;
		at += XC_PAGE_SIZE;
	}
	return drop_lost(v, b, err);
}

/* They have no contents then. */
static void
find_zero(struct xg_saver *v, struct batch *b)
{
	if (v->s->compat)
		return;
	for (size_t i = 0; i < b->n; i++)
		if (b->type[i] == XG_TYPE_NOTAB && xg_is_zero_page(b->page[i]))
			b->type[i] = XG_TYPE_ZERO;
}

static int
translate_tables(struct xg_saver *v, struct batch *b)
{
	b->ntables = 0;
	for (size_t i = 0; i < b->n; i++) {
		if (!xg_type_is_table(b->type[i]))
			continue;
		if (v->type->table == NULL)
			return xg_fail(v->e, EINVAL, "frame %#llx is a page "
			    "table of a domain that has none",
			    (unsigned long long)b->pfn[i]);
		if (b->tables == NULL)
			b->tables = aligned_alloc(XC_PAGE_SIZE,
			    sizeof(*b->tables) * XG_BATCH);
		if (b->tables == NULL)
			return xg_fail(v->e, ENOMEM, "no memory for page "
			    "tables");
		if (v->type->table(v, b->pfn[i], b->type[i],
			(const uint64_t *)(const void *)b->page[i],
			b->tables[b->ntables]) < 0)
			return -1;
		b->page[i] = (const uint8_t *)b->tables[b->ntables++];
	}
	return 0;
}

/* --- by sum: those that are not what was sent ------------------------------------- */

static void
keep_changed(struct xg_saver *v, struct batch *b)
{
	struct xg_page_sum sum;
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++) {
		uint64_t pfn = b->pfn[i];

		if (b->type[i] != XG_TYPE_XTAB && xg_bit(v->there, pfn)) {
			xg_page_sum(v->sum_key,
			    xg_type_has_contents(b->type[i]) ? b->page[i] :
							       NULL,
			    b->type[i], &sum);
			if (sum.word[0] == v->sums[pfn].word[0] &&
			    sum.word[1] == v->sums[pfn].word[1])
				continue;
		}
		b->pfn[n] = pfn;
		b->type[n] = b->type[i];
		b->page[n++] = b->page[i];
	}
	b->n = n;
}

/* --- output ----------------------------------------------------------------------- */

static int
put_page(struct xg_saver *v, const struct batch *b, size_t i)
{
	const uint64_t pfn = b->pfn[i];
	uint8_t *to = NULL;

	if (xg_type_has_contents(b->type[i])) {
		to = xg_out_room(&v->out, XC_PAGE_SIZE);
		if (to == NULL)
			return -1;
		xg_sum_copy(&v->out.sum, to, b->page[i], XC_PAGE_SIZE);
	}
	/* Of what was sent: the page itself may be another by now. */
	if (v->sums != NULL)
		xg_page_sum(v->sum_key, to, b->type[i], &v->sums[pfn]);
	if (v->there == NULL)
		return 0;
	if (b->type[i] == XG_TYPE_XTAB)
		xg_bit_clear(v->there, pfn);
	else
		xg_bit_set(v->there, pfn);
	return 0;
}

static int
put_batch(struct xg_saver *v, struct batch *b)
{
	uint64_t entries[1 + XG_BATCH] = { b->n };
	size_t contents = 0, zero = 0;

	if (b->n == 0)
		return 0;
	for (size_t i = 0; i < b->n; i++) {
		entries[i + 1] = b->pfn[i] |
		    (uint64_t)b->type[i] << XG_TYPE_SHIFT;
		contents += xg_type_has_contents(b->type[i]);
		zero += b->type[i] == XG_TYPE_ZERO;
	}
	if (xg_out_rec(&v->out, zero > 0 ? XG_REC_PAGES : XG_REC_PAGE_DATA,
		8 * (b->n + 1) + contents * XC_PAGE_SIZE) < 0 ||
	    xg_out_put(&v->out, entries, 8 * (b->n + 1)) < 0)
		return -1;
	for (size_t i = 0; i < b->n; i++)
		if (put_page(v, b, i) < 0)
			return -1;
	v->done += b->n;
	v->zero += zero;
	return 0;
}

static int
put_mapped(struct xg_saver *v, struct batch *b)
{
	find_zero(v, b);
	if (translate_tables(v, b) < 0)
		return -1;
	if (v->sums != NULL)
		keep_changed(v, b);
	return put_batch(v, b);
}

static int
tell(struct xg_saver *v, size_t looked_at)
{
	const struct xg_save *s = v->s;
	int r = 0;

	if (s->live != NULL)
		r = xg_live_tell(v, looked_at);
	else if (s->progress != NULL)
		r = s->progress(s->ctx, v->done < v->info.tot_pages ?
		    v->done : v->info.tot_pages, v->info.tot_pages);
	return r == 0 ? 0 : xg_fail(v->e, ECANCELED, "cancelled");
}

/* Those that the other side has need not be looked at. */
static void
keep_missing(const struct xg_saver *v, struct batch *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++) {
		if (b->type[i] != XG_TYPE_XTAB && xg_bit(v->there, b->pfn[i]))
			continue;
		b->pfn[n] = b->pfn[i];
		b->frame[n] = b->frame[i];
		b->type[n++] = b->type[i];
	}
	b->n = n;
}

static size_t
count_pages(const struct batch *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		n += b->type[i] != XG_TYPE_XTAB;
	return n;
}

/* *found: how many of them are pages. */
static int
send_batch(struct xg_saver *v, struct batch *b, const uint64_t *pfns, size_t n,
    size_t *found)
{
	void *mem = NULL;
	size_t mapped;
	int r;

	if (find_pages(v, b, pfns, n) < 0)
		return -1;
	*found = count_pages(b);
	if (v->missing)
		keep_missing(v, b);
	if (b->n == 0)
		return 0;
	r = map_pages(v, b, &mem, &mapped);
	if (r == 0)
		r = put_mapped(v, b);
	if (mapped > 0)
		xc_unmap_foreign(v->xch, mem, mapped);
	return r < 0 ? -1 : tell(v, n);
}

static size_t
take_row(const struct xg_saver *v, uint64_t first, uint64_t *pfns)
{
	size_t n = 0;

	while (n < XG_BATCH && first + n < v->end) {
		pfns[n] = first + n;
		n++;
	}
	return n;
}

/*
 * All of it. A PVH domain has memory at the bottom and a few pages just below 4 GiB;
 * between them are a million frames to be asked for, unless one begins at both
 * ends and ends when all its pages have been seen.
 */
static int
send_all(struct xg_saver *v, struct batch *b)
{
	uint64_t low = 0, high = (v->end + XG_BATCH - 1) / XG_BATCH, seen = 0;
	uint64_t pfns[XG_BATCH];
	size_t found = 1;
	int r = 0;

	while (r == 0 && low < high && seen < v->info.tot_pages) {
		uint64_t row = found > 0 ? low++ : --high;

		r = send_batch(v, b, pfns, take_row(v, row * XG_BATCH, pfns),
		    &found);
		seen += found;
	}
	return r;
}

static int
send_set(struct xg_saver *v, struct batch *b, const uint64_t *set)
{
	uint64_t pfns[XG_BATCH];
	size_t n = 0, found;

	for (uint64_t w = 0; w < (v->end + 63) / 64; w++) {
		for (uint64_t bits = set[w]; bits != 0; bits &= bits - 1) {
			uint64_t pfn = w * 64 +
			    (uint64_t)__builtin_ctzll(bits);

			if (pfn < v->end)
				pfns[n++] = pfn;
			if (n < XG_BATCH)
				continue;
			if (send_batch(v, b, pfns, n, &found) < 0)
				return -1;
			n = 0;
		}
	}
	return n == 0 ? 0 : send_batch(v, b, pfns, n, &found);
}

int
xg_send_pages(struct xg_saver *v, const uint64_t *set)
{
	struct batch *b = calloc(1, sizeof(*b));
	int r;

	if (b == NULL)
		return xg_fail(v->e, ENOMEM, "no memory");
	r = set == NULL ? send_all(v, b) : send_set(v, b, set);
	free(b->tables);
	free(b);
	return r;
}
