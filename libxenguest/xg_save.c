/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Saving: the stream of a domain that is suspended. What is sent of the memory,
 * and in which order, is decided in one place (send_memory), so that rounds of
 * what a running guest has changed can come before the last one. A batch is mapped,
 * looked at once for pages that are zero, and copied into the output while it is
 * summed: what a back end still writes to the page meanwhile is either in both or
 * in neither.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "xg_stream.h"

int
xg_save_xen_fail(struct xg_saver *v, const char *what)
{
	return xg_fail(v->e, errno, "%s: %s", what, xc_last_error(v->xch));
}

/* --- one batch of memory --------------------------------------------------------- */

struct batch {
	size_t n;
	uint64_t pfn[XG_BATCH], frame[XG_BATCH];
	unsigned type[XG_BATCH];
	/* Its mapping, where it has contents. */
	const uint8_t *page[XG_BATCH];
};

/* The pages that there are among n frames from pfn on. */
static int
find_pages(struct xg_saver *v, struct batch *b, uint64_t pfn, size_t n)
{
	uint64_t frames[XG_BATCH];
	uint32_t types[XG_BATCH];
	size_t asked = 0;

	b->n = 0;
	v->type->frames(v, pfn, n, frames);
	for (size_t i = 0; i < n; i++)
		if (frames[i] != XG_NO_FRAME) {
			b->pfn[asked] = pfn + i;
			b->frame[asked++] = frames[i];
		}
	if (asked == 0)
		return 0;
	if (xc_get_pfn_type_batch(v->xch, v->s->domid, b->frame, types,
		asked) < 0)
		return xg_save_xen_fail(v, "memory");
	for (size_t i = 0; i < asked; i++) {
		if (types[i] >> 28 == XG_TYPE_XTAB)
			continue;
		b->pfn[b->n] = b->pfn[i];
		b->frame[b->n] = b->frame[i];
		b->type[b->n++] = types[i] >> 28;
	}
	return 0;
}

/* Maps those with contents. *mem, *mapped: to be undone. */
static int
map_pages(struct xg_saver *v, struct batch *b, void **mem, size_t *mapped)
{
	uint64_t frames[XG_BATCH];
	uint8_t *at;
	size_t k = 0;

	*mapped = 0;
	for (size_t i = 0; i < b->n; i++)
		if (xg_type_has_contents(b->type[i]))
			frames[k++] = b->frame[i];
	if (k == 0)
		return 0;
	*mem = xc_map_foreign(v->xch, v->s->domid, PROT_READ, frames, NULL, k);
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
	return 0;
}

/* How many of them are zero; they have no contents then. */
static size_t
find_zero(struct xg_saver *v, struct batch *b)
{
	size_t zero = 0;

	if (v->s->compat)
		return 0;
	for (size_t i = 0; i < b->n; i++)
		if (b->type[i] == XG_TYPE_NOTAB && xg_is_zero_page(b->page[i])) {
			b->type[i] = XG_TYPE_ZERO;
			zero++;
		}
	return zero;
}

static int
put_page(struct xg_saver *v, const struct batch *b, size_t i)
{
	uint8_t *to;

	if (!xg_type_has_contents(b->type[i]))
		return 0;
	to = xg_out_room(&v->out, XC_PAGE_SIZE);
	if (to == NULL)
		return -1;
	if (!xg_type_is_table(b->type[i])) {
		xg_sum_copy(&v->out.sum, to, b->page[i], XC_PAGE_SIZE);
		return 0;
	}
	if (v->type->table == NULL)
		return xg_fail(v->e, EINVAL, "frame %#llx is a page table of a "
		    "domain that has none", (unsigned long long)b->pfn[i]);
	if (v->type->table(v, b->pfn[i], b->type[i],
		(const uint64_t *)(const void *)b->page[i],
		(uint64_t *)(void *)to) < 0)
		return -1;
	xg_sum_add(&v->out.sum, to, XC_PAGE_SIZE);
	return 0;
}

static int
put_batch(struct xg_saver *v, struct batch *b)
{
	const size_t zero = find_zero(v, b);
	uint64_t entries[1 + XG_BATCH] = { b->n };
	size_t contents = 0;

	for (size_t i = 0; i < b->n; i++) {
		entries[i + 1] = b->pfn[i] |
		    (uint64_t)b->type[i] << XG_TYPE_SHIFT;
		contents += xg_type_has_contents(b->type[i]);
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
tell(struct xg_saver *v)
{
	const struct xg_save *s = v->s;

	if (s->progress != NULL &&
	    s->progress(s->ctx, v->done < v->info.tot_pages ? v->done
							     : v->info.tot_pages,
		v->info.tot_pages) != 0)
		return xg_fail(v->e, ECANCELED, "cancelled");
	return 0;
}

/* *any: there was a page. */
static int
send_batch(struct xg_saver *v, struct batch *b, uint64_t pfn, bool *any)
{
	uint64_t left = v->end - pfn;
	void *mem = NULL;
	size_t mapped;
	int r;

	if (find_pages(v, b, pfn, left < XG_BATCH ? left : XG_BATCH) < 0)
		return -1;
	*any = b->n > 0;
	if (b->n == 0)
		return 0;
	r = map_pages(v, b, &mem, &mapped);
	if (r == 0)
		r = put_batch(v, b);
	if (mapped > 0)
		xc_unmap_foreign(v->xch, mem, mapped);
	return r < 0 ? -1 : tell(v);
}

/*
 * All of it. A PVH domain has memory at the bottom and a few pages just below 4 GiB;
 * between them are a million frames to be asked for, unless one begins at both
 * ends and ends when all its pages have been seen.
 */
static int
send_memory(struct xg_saver *v)
{
	struct batch *b = malloc(sizeof(*b));
	uint64_t low = 0, high = (v->end + XG_BATCH - 1) / XG_BATCH;
	bool any = true;
	int r = 0;

	if (b == NULL)
		return xg_fail(v->e, ENOMEM, "no memory");
	while (r == 0 && low < high && v->done < v->info.tot_pages) {
		if (any)
			r = send_batch(v, b, low++ * XG_BATCH, &any);
		else
			r = send_batch(v, b, --high * XG_BATCH, &any);
	}
	free(b);
	return r;
}

/* --- what is the same for every type ------------------------------------------------ */

static int
put_headers(struct xg_saver *v)
{
	const uint32_t release = xc_release(v->xch);
	const struct xg_libxc_header h = { .marker = XG_LIBXC_MARKER,
		.id = __builtin_bswap32(XG_LIBXC_ID),
		.version = __builtin_bswap32(3) };
	const struct xg_domain_header d = { .type = v->type->domain_header,
		.page_shift = XC_PAGE_SHIFT,
		.xen_major = release >> 16, .xen_minor = release & 0xffff };

	return xg_out_put(&v->out, &h, sizeof(h)) < 0
	    ? -1 : xg_out_put(&v->out, &d, sizeof(d));
}

static int
put_policies(struct xg_saver *v)
{
	uint32_t nleaves, nmsrs;
	struct xc_cpuid_leaf *leaves;
	struct xc_msr *msrs;
	int r = -1;

	if (xc_cpu_policy_get_size(v->xch, &nleaves, &nmsrs) < 0)
		return xg_save_xen_fail(v, "processors");
	leaves = calloc(nleaves, sizeof(*leaves));
	msrs = calloc(nmsrs, sizeof(*msrs));
	if (leaves == NULL || msrs == NULL)
		xg_fail(v->e, ENOMEM, "no memory for the processors");
	else if (xc_get_domain_cpu_policy(v->xch, v->s->domid, leaves, &nleaves,
		     msrs, &nmsrs) < 0)
		xg_save_xen_fail(v, "processors");
	else if (xg_out_record(&v->out, XG_REC_CPUID_POLICY, leaves,
		     nleaves * sizeof(*leaves)) == 0 &&
	    xg_out_record(&v->out, XG_REC_MSR_POLICY, msrs,
		nmsrs * sizeof(*msrs)) == 0)
		r = 0;
	free(leaves);
	free(msrs);
	return r;
}

static int
put_tsc(struct xg_saver *v)
{
	struct xc_tsc_info t;
	struct {
		uint32_t mode, khz;
		uint64_t nsec;
		uint32_t incarnation, reserved;
	} rec = { .mode = 0 };

	if (xc_domain_get_tsc_info(v->xch, v->s->domid, &t) < 0)
		return xg_save_xen_fail(v, "clock");
	rec.mode = t.mode;
	rec.khz = t.gtsc_khz;
	rec.nsec = t.elapsed_nsec;
	rec.incarnation = t.incarnation;
	return xg_out_record(&v->out, XG_REC_TSC_INFO, &rec, sizeof(rec));
}

static int
put_static(struct xg_saver *v)
{
	/* 64-bit words, four levels of page tables. */
	static const uint8_t pv_info[8] = { 8, 4 };

	if (put_headers(v) < 0 ||
	    (v->type->domain_header == XG_DOMAIN_PV &&
		xg_out_record(&v->out, XG_REC_PV_INFO, pv_info, 8) < 0) ||
	    put_policies(v) < 0)
		return -1;
	return xg_out_rec(&v->out, XG_REC_STATIC_END, 0);
}

static int
put_stream(struct xg_saver *v)
{
	if (put_static(v) < 0 || v->type->before(v) < 0 || send_memory(v) < 0 ||
	    put_tsc(v) < 0 || v->type->after(v) < 0)
		return -1;
	return xg_out_rec(&v->out, XG_REC_END, 0);
}

/* --- what it is wrapped in ------------------------------------------------------------ */

/* The configuration ends with a NUL; blanks before it make up a multiple of 8. */
static int
put_xl_header(struct xg_saver *v)
{
	const struct xg_save *s = v->s;
	const size_t len = strlen(s->config);
	const uint32_t room = (uint32_t)((4 + len + 1 + 7) & ~7u) - 4;
	struct xg_xl_header h = { .byteorder = XG_XL_BYTEORDER,
		.mandatory = XG_XL_JSON | XG_XL_STREAM_V2,
		.optional = XG_XL_SUMMED, .optional_len = 4 + room };
	char *text;
	int r;

	if (len >= XG_CONFIG_MAX - 16)
		return xg_fail(v->e, E2BIG, "its configuration has %zu bytes",
		    len);
	memcpy(h.magic, XG_XL_MAGIC, sizeof(h.magic));
	text = malloc(4 + room);
	if (text == NULL)
		return xg_fail(v->e, ENOMEM, "no memory");
	memcpy(text, &room, 4);
	memset(text + 4, ' ', room - 1);
	memcpy(text + 4, s->config, len);
	text[4 + room - 1] = '\0';
	r = xg_out_put(&v->out, &h, sizeof(h)) < 0
	    ? -1 : xg_out_put(&v->out, text, 4 + room);
	free(text);
	return r;
}

static int
put_libxl_header(struct xg_saver *v)
{
	const struct xg_libxl_header h = {
		.ident = __builtin_bswap64(XG_LIBXL_IDENT),
		.version = __builtin_bswap32(2) };

	return xg_out_put(&v->out, &h, sizeof(h)) < 0
	    ? -1 : xg_out_rec(&v->out, XG_LIBXL_LIBXC, 0);
}

static int
put_trailer(struct xg_saver *v)
{
	struct xg_trailer t = { .bytes = v->out.bytes,
		.sum = xg_sum_end(&v->out.sum) };

	memcpy(t.magic, XG_TRAILER_MAGIC, sizeof(t.magic));
	return xg_out_put(&v->out, &t, sizeof(t));
}

/* The device model's state, which it has written itself. */
static int
put_emulator(struct xg_saver *v)
{
	const struct xg_emulator_header h = { .id = XG_EMULATOR_QEMU };
	const struct xg_save *s = v->s;

	if (s->emulator == NULL)
		return 0;
	if (s->emulator_len > XG_REC_MAX - sizeof(h))
		return xg_fail(v->e, E2BIG, "the device model's state has %zu "
		    "bytes", s->emulator_len);
	if (xg_out_rec(&v->out, XG_LIBXL_EMULATOR_STORE, sizeof(h)) < 0 ||
	    xg_out_put(&v->out, &h, sizeof(h)) < 0 ||
	    xg_out_rec(&v->out, XG_LIBXL_EMULATOR,
		sizeof(h) + s->emulator_len) < 0 ||
	    xg_out_put(&v->out, &h, sizeof(h)) < 0)
		return -1;
	return xg_out_put(&v->out, s->emulator, s->emulator_len);
}

static int
put_image(struct xg_saver *v)
{
	if (put_xl_header(v) < 0 || put_libxl_header(v) < 0 ||
	    put_stream(v) < 0 || put_emulator(v) < 0 ||
	    xg_out_rec(&v->out, XG_LIBXL_END, 0) < 0 || put_trailer(v) < 0)
		return -1;
	return xg_out_flush(&v->out);
}

XG_API int
xg_image_save(xc_interface *xch, const struct xg_save *s, struct xg_saved *out,
    struct xg_error *e)
{
	struct xg_saver v = { .xch = xch, .s = s, .e = e };
	int r = -1;

	if (xc_domain_getinfo(xch, s->domid, &v.info) < 0)
		return xg_save_xen_fail(&v, "domain");
	v.type = (v.info.flags & XC_DOMINF_HVM) != 0 ? &xg_save_hvm
						     : &xg_save_pv;
	if (xg_out_open(&v.out, s->fd, e) < 0)
		return -1;
	if (v.type->begin(&v) == 0)
		r = put_image(&v);
	v.type->end(&v);
	xg_out_close(&v.out);
	*out = (struct xg_saved){ .bytes = v.out.bytes, .pages = v.done,
		.zero_pages = v.zero };
	return r;
}
