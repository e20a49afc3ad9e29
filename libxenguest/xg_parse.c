/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The records of libxc's stream, whoever wrote them. Every length is checked before
 * it is read or allocated, a record that nobody can need is refused; what is passed
 * on to the sink fits its format. Nothing here knows of a domain.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xg_stream.h"

/* Entries of a record: with contents they would be 4 GiB. */
#define ENTRIES_MAX (1u << 20)
#define PARAMS_MAX  1024u
#define BASIC_SIZE  5168u

struct parser {
	struct xg_in *in;
	const struct xg_sink *sink;
	struct xg_error *e;
	bool pv;
	/* Which types there were, of those that come once. */
	uint64_t seen;
	bool static_done;
	struct xc_cpuid_leaf *leaves;
	struct xc_msr *msrs;
	uint32_t nleaves, nmsrs;
	/* PV: as the sink was told. */
	uint64_t end;
};

static uint64_t
padded(uint32_t length)
{
	return ((uint64_t)length + 7) & ~7ull;
}

/* A record's body, at most `most` bytes of it, in memory: free(3). */
static void *
body(struct parser *p, const struct xg_rec_header *h, uint32_t least,
    uint32_t most)
{
	void *buf;

	if (h->length < least || h->length > most) {
		xg_bad(p->e, "record %#x has %u bytes", h->type, h->length);
		return NULL;
	}
	buf = malloc(padded(h->length) + 8);
	if (buf == NULL) {
		xg_fail(p->e, ENOMEM, "no memory for a record of %u bytes",
		    h->length);
		return NULL;
	}
	if (xg_in_read(p->in, buf, padded(h->length)) == 0)
		return buf;
	free(buf);
	return NULL;
}

/* --- what does not change ------------------------------------------------------ */

static int
pv_info(struct parser *p, const struct xg_rec_header *h)
{
	uint8_t *b = body(p, h, 8, 8);
	unsigned width, levels;

	if (b == NULL)
		return -1;
	width = b[0];
	levels = b[1];
	free(b);
	if (!((width == 8 && levels == 4) || (width == 4 && levels == 3)))
		return xg_bad(p->e, "a guest of %u bytes a word and %u levels "
		    "of page tables", width, levels);
	if (width != 8)
		return xg_fail(p->e, ENOTSUP, "the image is of a 32-bit PV "
		    "guest, which cannot be restored");
	return 0;
}

static int
cpuid_policy(struct parser *p, const struct xg_rec_header *h)
{
	const uint32_t each = sizeof(*p->leaves);

	if (h->length % each != 0)
		return xg_bad(p->e, "a CPUID policy of %u bytes", h->length);
	p->leaves = body(p, h, each, each * XC_POLICY_MAX_LEAVES);
	p->nleaves = h->length / each;
	return p->leaves == NULL ? -1 : 0;
}

static int
msr_policy(struct parser *p, const struct xg_rec_header *h)
{
	const uint32_t each = sizeof(*p->msrs);

	if (h->length % each != 0)
		return xg_bad(p->e, "an MSR policy of %u bytes", h->length);
	p->msrs = body(p, h, each, each * XC_POLICY_MAX_MSRS);
	p->nmsrs = h->length / each;
	return p->msrs == NULL ? -1 : 0;
}

/* Streams of version 2 do not say it. */
static int
end_static(struct parser *p)
{
	if (p->static_done)
		return 0;
	p->static_done = true;
	if (p->pv && (p->seen & 1ull << XG_REC_PV_INFO) == 0)
		return xg_bad(p->e, "X86_PV_INFO is missing");
	if ((p->nleaves == 0 && p->nmsrs == 0) || p->sink->policies == NULL)
		return 0;
	return p->sink->policies(p->sink->ctx, p->leaves, p->nleaves, p->msrs,
	    p->nmsrs);
}

/* --- memory ----------------------------------------------------------------------- */

static int
p2m_frames(struct parser *p, const struct xg_rec_header *h)
{
	uint64_t *b = body(p, h, 16, 8 + XG_PFN_END / 512 * 8), first, last, n;
	uint32_t range[2];
	int r = -1;

	if (b == NULL)
		return -1;
	memcpy(range, b, sizeof(range));
	first = range[0] / 512;
	last = range[1];
	n = last / 512 - first + 1;
	if (range[0] > last || last >= XG_PFN_END || h->length != 8 + 8 * n)
		xg_bad(p->e, "P2M_FRAMES of %#x to %#x in %u bytes", range[0],
		    range[1], h->length);
	else if (p->sink->p2m_frames == NULL)
		r = 0;
	else
		r = p->sink->p2m_frames(p->sink->ctx, last + 1, first, b + 1,
		    n);
	free(b);
	/* It may grow, not shrink. */
	if (r == 0 && last + 1 > p->end)
		p->end = last + 1;
	return r;
}

static int
check_entries(struct parser *p, const uint64_t *raw, struct xg_page_entry *out,
    uint32_t n, bool ours, uint32_t *contents)
{
	const uint64_t end = p->pv ? p->end : XG_PFN_END;

	*contents = 0;
	for (uint32_t i = 0; i < n; i++) {
		out[i].pfn = raw[i] & XG_PFN_MASK;
		out[i].type = (unsigned)(raw[i] >> XG_TYPE_SHIFT);
		if ((raw[i] & ~XG_PFN_MASK & ((1ull << XG_TYPE_SHIFT) - 1)) != 0)
			return xg_bad(p->e, "page entry %#llx",
			    (unsigned long long)raw[i]);
		if (out[i].pfn >= end)
			return xg_bad(p->e, "page %#llx of a guest that has "
			    "pages up to %#llx",
			    (unsigned long long)out[i].pfn,
			    (unsigned long long)end);
		if ((out[i].type > XG_TYPE_L4 &&
			out[i].type <= XG_TYPE_PINNED &&
			!(ours && out[i].type == XG_TYPE_ZERO)) ||
		    (!p->pv && xg_type_is_table(out[i].type)))
			return xg_bad(p->e, "page %#llx of type %u",
			    (unsigned long long)out[i].pfn, out[i].type);
		*contents += xg_type_has_contents(out[i].type);
	}
	return 0;
}

static int
pass_pages(struct parser *p, const struct xg_page_entry *entries, uint32_t n,
    uint32_t contents)
{
	if (p->sink->pages == NULL)
		return xg_in_skip(p->in, (uint64_t)contents * XC_PAGE_SIZE);
	return p->sink->pages(p->sink->ctx, entries, n, p->in);
}

static int
pages(struct parser *p, const struct xg_rec_header *h)
{
	struct xg_page_entry *entries = NULL;
	uint32_t head[2], contents;
	uint64_t *raw = NULL;
	int r = -1;

	if (h->length < 16 || xg_in_read(p->in, head, sizeof(head)) < 0)
		return xg_bad(p->e, "pages in %u bytes", h->length);
	if (head[0] == 0 || head[0] > ENTRIES_MAX ||
	    8 * head[0] > h->length - 8)
		return xg_bad(p->e, "%u pages in %u bytes", head[0], h->length);
	raw = calloc(head[0], sizeof(*raw));
	entries = calloc(head[0], sizeof(*entries));
	if (raw == NULL || entries == NULL)
		xg_fail(p->e, ENOMEM, "no memory for %u pages", head[0]);
	else if (xg_in_read(p->in, raw, 8 * (size_t)head[0]) == 0 &&
	    check_entries(p, raw, entries, head[0], h->type == XG_REC_PAGES,
		&contents) == 0) {
		if (h->length !=
		    8 + 8ull * head[0] + (uint64_t)contents * XC_PAGE_SIZE)
			xg_bad(p->e, "%u pages with %u contents in %u bytes",
			    head[0], contents, h->length);
		else
			r = pass_pages(p, entries, head[0], contents);
	}
	free(raw);
	free(entries);
	return r;
}

/* --- state --------------------------------------------------------------------------- */

static int
tsc(struct parser *p, const struct xg_rec_header *h)
{
	uint64_t *b = body(p, h, 24, 24);
	struct xc_tsc_info t;
	uint32_t words[2];
	int r = 0;

	if (b == NULL)
		return -1;
	memcpy(words, b, sizeof(words));
	t.mode = words[0];
	t.gtsc_khz = words[1];
	t.elapsed_nsec = b[1];
	t.incarnation = (uint32_t)b[2];
	if (p->sink->tsc != NULL)
		r = p->sink->tsc(p->sink->ctx, &t);
	free(b);
	return r;
}

static int
shared_info(struct parser *p, const struct xg_rec_header *h)
{
	void *b = body(p, h, XC_PAGE_SIZE, XC_PAGE_SIZE);
	int r = 0;

	if (b != NULL && p->sink->shared_info != NULL)
		r = p->sink->shared_info(p->sink->ctx, b);
	free(b);
	return b == NULL ? -1 : r;
}

static int
vcpu(struct parser *p, const struct xg_rec_header *h)
{
	static const struct {
		uint32_t type, least, most, each;
	} rows[] = {
		{ XG_REC_VCPU_BASIC, BASIC_SIZE, BASIC_SIZE, 1 },
		{ XG_REC_VCPU_EXTENDED, 64, 128, 1 },
		{ XG_REC_VCPU_XSAVE, 16, XC_XSTATE_MAX, 1 },
		{ XG_REC_VCPU_MSRS, sizeof(struct xc_msr),
		    XC_POLICY_MAX_MSRS * sizeof(struct xc_msr),
		    sizeof(struct xc_msr) },
	};
	uint8_t *b = body(p, h, 8, 8 + XC_XSTATE_MAX);
	struct xg_blob blob = { .p = b == NULL ? NULL : b + 8,
		.size = h->length - 8 };
	uint32_t id;
	int r = 0;

	if (b == NULL)
		return -1;
	memcpy(&id, b, sizeof(id));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && r == 0; i++) {
		/* Old senders had records with nothing in them. */
		if (rows[i].type != h->type || blob.size == 0)
			continue;
		if (id >= XG_MAX_SAVED_VCPUS || blob.size < rows[i].least ||
		    blob.size > rows[i].most || blob.size % rows[i].each != 0)
			r = xg_bad(p->e, "record %#x of vCPU %u has %u bytes",
			    h->type, id, h->length);
		else if (p->sink->vcpu != NULL)
			r = p->sink->vcpu(p->sink->ctx, h->type, id, &blob);
	}
	free(b);
	return r;
}

static int
hvm_context(struct parser *p, const struct xg_rec_header *h)
{
	struct xg_blob b = { .p = body(p, h, 1, XC_HVM_CONTEXT_MAX),
		.size = h->length };
	int r = 0;

	if (b.p == NULL)
		return -1;
	if (p->sink->hvm_context != NULL)
		r = p->sink->hvm_context(p->sink->ctx, &b);
	free((void *)(uintptr_t)b.p);
	return r;
}

static int
hvm_params(struct parser *p, const struct xg_rec_header *h)
{
	uint64_t *b = body(p, h, 8, 8 + 16 * PARAMS_MAX);
	uint32_t n;
	int r = 0;

	if (b == NULL)
		return -1;
	memcpy(&n, b, sizeof(n));
	if (n > PARAMS_MAX || h->length != 8 + 16 * n)
		r = xg_bad(p->e, "%u parameters in %u bytes", n, h->length);
	for (uint32_t i = 0; r == 0 && p->sink->hvm_param != NULL && i < n; i++)
		r = p->sink->hvm_param(p->sink->ctx, b[1 + 2 * i],
		    b[2 + 2 * i]);
	free(b);
	return r;
}

static int
nothing(struct parser *p, const struct xg_rec_header *h)
{
	if (h->length != 0)
		return xg_bad(p->e, "record %#x has %u bytes", h->type,
		    h->length);
	return 0;
}

/* --- one record ----------------------------------------------------------------------- */

#define PV_ONLY	 1u
#define HVM_ONLY 2u
/* Comes once. */
#define ONCE 4u
/* Before the end of what does not change; or it is that end, as a stream of version 2
 * has it. */
#define STATIC 8u
static const struct row {
	uint32_t type, flags;
	int (*run)(struct parser *p, const struct xg_rec_header *h);
} rows[] = {
	{ XG_REC_END, 0, nothing },
	{ XG_REC_PAGE_DATA, 0, pages },
	{ XG_REC_PAGES, 0, pages },
	{ XG_REC_PV_INFO, PV_ONLY | ONCE | STATIC, pv_info },
	{ XG_REC_P2M_FRAMES, PV_ONLY, p2m_frames },
	{ XG_REC_VCPU_BASIC, PV_ONLY, vcpu },
	{ XG_REC_VCPU_EXTENDED, PV_ONLY, vcpu },
	{ XG_REC_VCPU_XSAVE, PV_ONLY, vcpu },
	{ XG_REC_VCPU_MSRS, PV_ONLY, vcpu },
	{ XG_REC_SHARED_INFO, PV_ONLY | ONCE, shared_info },
	{ XG_REC_TSC_INFO, ONCE, tsc },
	{ XG_REC_HVM_CONTEXT, HVM_ONLY | ONCE, hvm_context },
	{ XG_REC_HVM_PARAMS, HVM_ONLY | ONCE, hvm_params },
	/* What follows is the same again: it does no harm. */
	{ XG_REC_VERIFY, ONCE, nothing },
	{ XG_REC_STATIC_END, ONCE, nothing },
	{ XG_REC_CPUID_POLICY, ONCE | STATIC, cpuid_policy },
	{ XG_REC_MSR_POLICY, ONCE | STATIC, msr_policy },
};

static int
run_row(struct parser *p, const struct row *row, const struct xg_rec_header *h)
{
	uint64_t bit = row->type < 64 ? 1ull << row->type : 0;

	if (((row->flags & PV_ONLY) != 0 && !p->pv) ||
	    ((row->flags & HVM_ONLY) != 0 && p->pv))
		return xg_bad(p->e, "record %#x is not of such a guest",
		    h->type);
	if ((row->flags & ONCE) != 0 && (p->seen & bit) != 0)
		return xg_bad(p->e, "record %#x comes twice", h->type);
	p->seen |= bit;
	if ((row->flags & STATIC) == 0 && end_static(p) < 0)
		return -1;
	if ((row->flags & STATIC) != 0 && p->static_done)
		return xg_bad(p->e, "record %#x comes too late", h->type);
	return row->run(p, h);
}

static int
one_record(struct parser *p, const struct xg_rec_header *h)
{
	if (h->length > XG_REC_MAX)
		return xg_bad(p->e, "record %#x has %u bytes", h->type,
		    h->length);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].type == h->type)
			return run_row(p, &rows[i], h);
	if ((h->type & XG_REC_OPTIONAL) != 0)
		return xg_in_skip(p->in, padded(h->length));
	return xg_fail(p->e, ENOTSUP, "the image has a record of type %#x, "
	    "which is not known here: it is of another toolstack, or of a "
	    "newer one", h->type);
}

static int
complete(struct parser *p)
{
	uint64_t need = p->pv ? 1ull << XG_REC_P2M_FRAMES |
		1ull << XG_REC_VCPU_BASIC | 1ull << XG_REC_SHARED_INFO
			      : 1ull << XG_REC_HVM_CONTEXT |
		1ull << XG_REC_HVM_PARAMS;

	if ((p->seen & need) != need)
		return xg_bad(p->e, "it ends without what a guest needs");
	return 0;
}

int
xg_parse_records(struct xg_in *in, const struct xg_domain_header *d,
    const struct xg_sink *sink)
{
	struct parser p = { .in = in, .sink = sink, .e = in->e,
		.pv = d->type == XG_DOMAIN_PV };
	struct xg_rec_header h;
	int r;

	do {
		r = xg_in_read(in, &h, sizeof(h));
		if (r == 0)
			r = one_record(&p, &h);
	} while (r == 0 && h.type != XG_REC_END);
	if (r == 0)
		r = complete(&p);
	free(p.leaves);
	free(p.msrs);
	return r;
}

int
xg_parse_headers(struct xg_in *in, struct xg_domain_header *d,
    uint32_t *version)
{
	struct xg_libxc_header h;

	if (xg_in_read(in, &h, sizeof(h)) < 0 ||
	    xg_in_read(in, d, sizeof(*d)) < 0)
		return -1;
	*version = __builtin_bswap32(h.version);
	if (h.marker != XG_LIBXC_MARKER ||
	    __builtin_bswap32(h.id) != XG_LIBXC_ID)
		return xg_bad(in->e, "its stream has no header");
	if (*version < 2 || *version > 3 || h.options != 0)
		return xg_fail(in->e, ENOTSUP, "the image's stream is of "
		    "version %u, options %#x; 2 and 3 are known", *version,
		    __builtin_bswap16(h.options));
	if (d->page_shift != XC_PAGE_SHIFT ||
	    (d->type != XG_DOMAIN_PV && d->type != XG_DOMAIN_HVM))
		return xg_fail(in->e, ENOTSUP, "the image is of a domain of "
		    "type %u with pages of 2^%u bytes", d->type, d->page_shift);
	return 0;
}
