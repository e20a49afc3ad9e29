/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See xg_saved.h. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <xen/xen.h>
#include <xen/hvm/params.h>

#include "xg_saved.h"

#define CONFIG "{\"c_info\": {}, \"xld\": {}}"

static void
put(struct saved *s, const void *p, size_t n)
{
	if (s->len + n + 8 > sizeof(s->bytes))
		abort();
	if (n > 0)
		memcpy(s->bytes + s->len, p, n);
	s->len += n;
}

/* What n bytes lack of a multiple of 8. */
static void
pad(struct saved *s, size_t n)
{
	static const uint8_t zero[8];

	put(s, zero, -n & 7);
}

static void
record(struct saved *s, uint32_t type, const void *p, size_t n)
{
	const struct xg_rec_header h = { type, (uint32_t)n };

	s->record[s->nrecords++] = s->len;
	put(s, &h, sizeof(h));
	put(s, p, n);
	pad(s, n);
}

static void
begin(struct saved *s, unsigned flags, uint32_t type)
{
	/* With blanks to a multiple of 8, as we write it. */
	char config[] = CONFIG "        ";
	const uint32_t len = (flags & SAVED_OF_XL) != 0 ? sizeof(CONFIG) : 28;
	struct xg_xl_header xl = { .byteorder = XG_XL_BYTEORDER,
		.mandatory = XG_XL_JSON | XG_XL_STREAM_V2,
		.optional = (flags & SAVED_OF_XL) != 0 ? 0 : XG_XL_SUMMED,
		.optional_len = 4 + len };
	const struct xg_libxl_header libxl = {
		__builtin_bswap64(XG_LIBXL_IDENT), __builtin_bswap32(2), 0 };
	const struct xg_rec_header libxc = { XG_LIBXL_LIBXC, 0 };
	const struct xg_libxc_header h = { .marker = XG_LIBXC_MARKER,
		.id = __builtin_bswap32(XG_LIBXC_ID),
		.version = __builtin_bswap32((flags & SAVED_V2) != 0 ? 2 : 3) };
	const struct xg_domain_header d = { type, 12, 0, 4, 17 };

	memset(s, 0, sizeof(*s));
	config[len - 1] = '\0';
	memcpy(xl.magic, XG_XL_MAGIC, sizeof(xl.magic));
	put(s, &xl, sizeof(xl));
	put(s, &len, sizeof(len));
	put(s, config, len);
	put(s, &libxl, sizeof(libxl));
	put(s, &libxc, sizeof(libxc));
	put(s, &h, sizeof(h));
	put(s, &d, sizeof(d));
}

static void
policies(struct saved *s, unsigned flags)
{
	const struct xc_cpuid_leaf leaf = { 0, XC_NO_SUBLEAF, 13, 1, 2, 3 };
	const struct xc_msr msr = { 0xce, 0, 1 };

	if ((flags & SAVED_V2) != 0)
		return;
	record(s, XG_REC_CPUID_POLICY, &leaf, sizeof(leaf));
	record(s, XG_REC_MSR_POLICY, &msr, sizeof(msr));
	record(s, XG_REC_STATIC_END, NULL, 0);
}

/* n entries with a page of their number where they have contents. */
static void
pages(struct saved *s, uint32_t type, const uint64_t *entries, uint32_t n)
{
	static uint8_t body[16 + 16 * 8 + 16 * XC_PAGE_SIZE];
	const uint32_t head[2] = { n, 0 };
	size_t len = 8 + 8 * n;

	memcpy(body, head, sizeof(head));
	memcpy(body + 8, entries, 8 * n);
	for (uint32_t i = 0; i < n; i++)
		if (xg_type_has_contents(
			(unsigned)(entries[i] >> XG_TYPE_SHIFT))) {
			memset(body + len, (int)i + 1, XC_PAGE_SIZE);
			len += XC_PAGE_SIZE;
		}
	record(s, type, body, len);
}

static void
tsc(struct saved *s)
{
	const uint64_t body[3] = { 0, 1234567, 0 };

	record(s, XG_REC_TSC_INFO, body, sizeof(body));
}

#define E(type, pfn) ((uint64_t)(type) << XG_TYPE_SHIFT | (pfn))

static void
vcpu(struct saved *s, uint32_t type, size_t n)
{
	static uint64_t body[1 + 5168 / 8];

	record(s, type, body, 8 + n);
}

void
saved_pv(struct saved *s, unsigned flags)
{
	static const uint8_t info[8] = { 8, 4 }, shared[XC_PAGE_SIZE];
	static const uint64_t frames[] = { 1023ull << 32, 3, 4 };
	static const uint64_t entries[] = { E(0, 1), E(1, 2), E(0, 3), E(0, 4),
		E(XG_TYPE_PINNED | 4, 5), E(XG_TYPE_XALLOC, 6),
		E(XG_TYPE_XTAB, 7), E(XG_TYPE_BROKEN, 8), E(0, 1022),
		E(XG_TYPE_ZERO, 9), E(XG_TYPE_ZERO, 10) };

	begin(s, flags, XG_DOMAIN_PV);
	record(s, XG_REC_PV_INFO, info, sizeof(info));
	policies(s, flags);
	record(s, XG_REC_P2M_FRAMES, frames, sizeof(frames));
	if ((flags & (SAVED_OF_XL | SAVED_COMPAT)) != 0)
		pages(s, XG_REC_PAGE_DATA, entries, 9);
	else
		pages(s, XG_REC_PAGES, entries, 11);
	tsc(s);
	record(s, XG_REC_SHARED_INFO, shared, sizeof(shared));
	vcpu(s, XG_REC_VCPU_BASIC, 5168);
	vcpu(s, XG_REC_VCPU_EXTENDED, 128);
	vcpu(s, XG_REC_VCPU_XSAVE, 16 + 576);
	vcpu(s, XG_REC_VCPU_MSRS, (flags & SAVED_V2) != 0 ? 0 : 32);
	record(s, XG_REC_END, NULL, 0);
	record(s, XG_LIBXL_END, NULL, 0);
	if ((flags & SAVED_OF_XL) == 0)
		saved_seal(s);
}

void
saved_hvm(struct saved *s, unsigned flags)
{
	static const uint64_t entries[] = { E(0, 0), E(0, 1), E(0, 0xfeffc),
		E(0, 0xfefff), E(XG_TYPE_XTAB, 0xa0), E(XG_TYPE_ZERO, 2) };
	static const uint64_t params[] = { 2, HVM_PARAM_STORE_PFN, 0xfeffc,
		HVM_PARAM_CONSOLE_PFN, 0xfefff };
	static const uint8_t context[123] = { 1 };

	begin(s, flags, XG_DOMAIN_HVM);
	policies(s, flags);
	if ((flags & (SAVED_OF_XL | SAVED_COMPAT)) != 0)
		pages(s, XG_REC_PAGE_DATA, entries, 5);
	else
		pages(s, XG_REC_PAGES, entries, 6);
	tsc(s);
	record(s, XG_REC_HVM_CONTEXT, context, sizeof(context));
	record(s, XG_REC_HVM_PARAMS, params, sizeof(params));
	record(s, XG_REC_END, NULL, 0);
	record(s, XG_LIBXL_END, NULL, 0);
	if ((flags & SAVED_OF_XL) == 0)
		saved_seal(s);
}

void
saved_seal(struct saved *s)
{
	/* Behind libxl's end, the last record. */
	const size_t end = s->record[s->nrecords - 1] + 8;
	struct xg_trailer t = { .bytes = end };
	struct xg_sum sum = XG_SUM_INIT;
	uint64_t word;

	for (size_t i = 0; i < end; i += 8) {
		memcpy(&word, s->bytes + i, 8);
		xg_sum_add(&sum, &word, 8);
	}
	t.sum = xg_sum_end(&sum);
	memcpy(t.magic, XG_TRAILER_MAGIC, sizeof(t.magic));
	s->len = end;
	put(s, &t, sizeof(t));
}

struct xg_rec_header *
saved_record(struct saved *s, uint32_t type, unsigned n)
{
	for (unsigned i = 0; i < s->nrecords; i++) {
		struct xg_rec_header *h = (void *)(s->bytes + s->record[i]);

		if (h->type == type && n-- == 0)
			return h;
	}
	abort();
}
