/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The frames of a domain. HVM and PVH: every guest frame number up to the
 * highest, and Xen says behind which there is a page. PV: the kernel's own table
 * from guest to machine frames, which its shared info page leads to. What a
 * guest wrote is bounded before it is used; a wrong machine frame is harmless,
 * because Xen lets none be mapped that is not the domain's.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "xc_core_p2m.h"

/* 16 TiB. */
#define MAX_PFN	    ((uint64_t)1 << 32)
#define NO_FRAME    UINT64_MAX
/* Where struct arch_shared_info is, by the width of a word. */
#define ARCH_SHARED 3088
#define ARCH_NARROW 2316

/* getpageframeinfo3's answers: bits 28..31. */
#define TYPE_SHIFT  28
#define TYPE_BROKEN 0xdu

static uint64_t
word(const struct xc_p2m *m, const void *page, size_t i)
{
	uint64_t wide;
	uint32_t narrow;

	if (m->width == 8) {
		memcpy(&wide, (const uint8_t *)page + 8 * i, 8);
		return wide;
	}
	memcpy(&narrow, (const uint8_t *)page + 4 * i, 4);
	return narrow == UINT32_MAX ? NO_FRAME : narrow;
}

/* Words in a page. */
static uint64_t
per_page(const struct xc_p2m *m)
{
	return XC_PAGE_SIZE / m->width;
}

static void *
map_one(const struct xc_p2m *m, uint64_t mfn)
{
	if (mfn == NO_FRAME || mfn > m->max_mfn) {
		errno = EINVAL;
		xc_fail(m->xch, 0, "domain %u: its table of frames leads to "
		    "machine frame %#llx, which there is not", m->domid,
		    (unsigned long long)mfn);
		return NULL;
	}
	return xc_map_foreign(m->xch, m->domid, PROT_READ, &mfn, NULL, 1);
}

/*
 * The tree of three levels: a page that names pages that name the pages of the
 * table.
 */
static int
follow_tree(struct xc_p2m *m, uint64_t root)
{
	const uint64_t per = per_page(m);
	uint8_t *top, *list = NULL;
	size_t i;

	if (m->ntable > per * per) {
		errno = EINVAL;
		return xc_fail(m->xch, 0, "domain %u: %llu frames do not fit "
		    "its table of frames", m->domid,
		    (unsigned long long)m->end);
	}
	top = map_one(m, root);
	if (top == NULL)
		return -1;
	for (i = 0; i < m->ntable; i++) {
		if (i % per == 0) {
			xc_unmap_foreign(m->xch, list, 1);
			list = map_one(m, word(m, top, i / per));
		}
		if (list == NULL)
			break;
		m->table[i] = word(m, list, i % per);
	}
	xc_unmap_foreign(m->xch, list, 1);
	xc_unmap_foreign(m->xch, top, 1);
	return i == m->ntable ? 0 : -1;
}

/* The machine frame in entry i of a page table; NO_FRAME: none. */
static uint64_t
table_entry(const struct xc_p2m *m, uint64_t mfn, unsigned i, int *failed)
{
	const uint64_t mask = 0x000ffffffffff000ull;
	uint64_t e = 0;
	void *page;

	if (mfn == NO_FRAME)
		return NO_FRAME;
	page = map_one(m, mfn);
	if (page == NULL) {
		*failed = 1;
		return NO_FRAME;
	}
	memcpy(&e, (uint8_t *)page + 8 * i, 8);
	xc_unmap_foreign(m->xch, page, 1);
	return (e & 1) != 0 ? (e & mask) >> XC_PAGE_SHIFT : NO_FRAME;
}

/* Page table of the lowest level for an address. */
static uint64_t
lowest_table(const struct xc_p2m *m, uint64_t root, uint64_t va, int *failed)
{
	uint64_t t = root;

	for (int shift = m->width == 8 ? 39 : 30; shift > 12 && *failed == 0;
	     shift -= 9)
		t = table_entry(m, t, va >> shift & 511, failed);
	return t;
}

/* The table is mapped in the guest's addresses from va on. */
static int
follow_linear(struct xc_p2m *m, uint64_t cr3, uint64_t va)
{
	uint64_t mask = 0x000ffffffffff000ull, t = NO_FRAME, root, e;
	uint8_t *page = NULL;
	int failed = 0;

	if ((va & (XC_PAGE_SIZE - 1)) != 0 ||
	    va + m->ntable * XC_PAGE_SIZE < va) {
		errno = EINVAL;
		return xc_fail(m->xch, 0, "domain %u: its table of frames "
		    "cannot be at %#llx", m->domid, (unsigned long long)va);
	}
	/* cr3 of a 32-bit guest has its high bits folded to the low ones. */
	root = m->width == 8 ? (cr3 & mask) >> XC_PAGE_SHIFT
			     : (cr3 >> 12 | cr3 << 20) & UINT32_MAX;
	for (size_t i = 0; i < m->ntable && failed == 0; i++) {
		uint64_t at = va + i * XC_PAGE_SIZE;
		unsigned slot = at >> XC_PAGE_SHIFT & 511;

		if (i == 0 || slot == 0) {
			xc_unmap_foreign(m->xch, page, 1);
			t = lowest_table(m, root, at, &failed);
			page = t == NO_FRAME || failed != 0 ? NULL
							    : map_one(m, t);
			if (page == NULL && t != NO_FRAME)
				failed = 1;
		}
		e = 0;
		if (page != NULL)
			memcpy(&e, page + 8 * slot, 8);
		m->table[i] = (e & 1) != 0 ? (e & mask) >> XC_PAGE_SHIFT
					   : NO_FRAME;
	}
	xc_unmap_foreign(m->xch, page, 1);
	return failed != 0 ? -1 : 0;
}

/* What a PV kernel told in its shared info page: max_pfn, list of lists, an NMI
 * reason, cr3, address. */
static int
find_table(struct xc_p2m *m, uint64_t shared_info)
{
	uint64_t w[5];
	uint8_t *page = map_one(m, shared_info);

	if (page == NULL)
		return -1;
	for (size_t i = 0; i < 5; i++)
		w[i] = word(m, page + (m->width == 8 ? ARCH_SHARED
						     : ARCH_NARROW), i);
	xc_unmap_foreign(m->xch, page, 1);
	if (w[0] == 0 || (w[3] == 0 && (w[1] == 0 || w[1] == NO_FRAME))) {
		errno = ENODATA;
		return xc_fail(m->xch, 0, "domain %u: its kernel has not told "
		    "where its frames are; it has not started", m->domid);
	}
	if (w[0] > MAX_PFN)
		return xc_fail(m->xch, EFBIG, "domain %u: %llu frames",
		    m->domid, (unsigned long long)w[0]);
	m->end = w[0];
	m->ntable = (m->end + per_page(m) - 1) / per_page(m);
	m->table = malloc(m->ntable * sizeof(*m->table));
	if (m->table == NULL)
		return xc_fail(m->xch, errno, "domain %u: dump", m->domid);
	return w[3] != 0 ? follow_linear(m, w[3], w[4])
			 : follow_tree(m, w[1]);
}

/* Machine frames of n guest frames from first on, as the kernel's table has
 * them; NO_FRAME: none. */
static int
read_table(struct xc_p2m *m, uint64_t first, size_t n, uint64_t *frames)
{
	const uint64_t per = per_page(m);
	uint8_t *page = NULL;

	for (size_t i = 0; i < n; i++) {
		uint64_t pfn = first + i, t = m->table[pfn / per];

		if (i == 0 || pfn % per == 0) {
			xc_unmap_foreign(m->xch, page, 1);
			page = NULL;
			/* The kernel may leave large gaps out. */
			if (t != NO_FRAME && (page = map_one(m, t)) == NULL)
				return -1;
		}
		frames[i] = page == NULL ? NO_FRAME : word(m, page, pfn % per);
		/* Flags in the top bits mean no page of the domain's own. */
		if (frames[i] > m->max_mfn)
			frames[i] = NO_FRAME;
	}
	xc_unmap_foreign(m->xch, page, 1);
	return 0;
}

/*
 * Which of n frames have a page that can be read: those of another answer become
 * NO_FRAME. getpageframeinfo3: {u64 n, u64 array, at most 1024}.
 */
static int
keep_pages(struct xc_p2m *m, uint64_t *frames, size_t n)
{
	const size_t size = XC_P2M_BATCH * sizeof(uint64_t);
	struct xc_domctl ctl = { .cmd = DOMCTL_getpageframeinfo3,
		.domain = m->domid };
	uint64_t *buf = xc_buf_get(m->xch, size);
	size_t k = 0;
	int r = 0;

	if (buf == NULL)
		return xc_fail(m->xch, errno, "domain %u: dump", m->domid);
	for (size_t i = 0; i < n; i++)
		if (frames[i] != NO_FRAME)
			buf[k++] = frames[i];
	ctl.u.u64[0] = k;
	ctl.u.u64[1] = (uintptr_t)buf;
	if (k > 0)
		r = xc_do_domctl(m->xch, &ctl, "ask which pages it has");
	k = 0;
	for (size_t i = 0; r >= 0 && i < n; i++)
		if (frames[i] != NO_FRAME &&
		    (buf[k++] >> TYPE_SHIFT & 0xf) >= TYPE_BROKEN)
			frames[i] = NO_FRAME;
	xc_buf_put(m->xch, buf, size);
	return r < 0 ? -1 : 0;
}

/* Frames at and after first in one batch. */
static size_t
batch_len(const struct xc_p2m *m, uint64_t first)
{
	uint64_t left = m->end - first;

	return left < XC_P2M_BATCH ? (size_t)left : XC_P2M_BATCH;
}

static int
frames_of(struct xc_p2m *m, uint64_t first, size_t n, uint64_t *frames)
{
	if (!m->hvm)
		return read_table(m, first, n, frames);
	for (size_t i = 0; i < n; i++)
		frames[i] = first + i;
	return 0;
}

static bool
is_present(const struct xc_p2m *m, uint64_t pfn)
{
	return (m->present[pfn / 8] >> pfn % 8 & 1) != 0;
}

/* most: a PV kernel can name a page twice; the domain has not more. */
static int
scan(struct xc_p2m *m, uint64_t most)
{
	uint64_t frames[XC_P2M_BATCH];

	for (uint64_t at = 0; at < m->end; at += XC_P2M_BATCH) {
		size_t n = batch_len(m, at);

		if (frames_of(m, at, n, frames) < 0 ||
		    keep_pages(m, frames, n) < 0)
			return -1;
		for (size_t i = 0; i < n; i++) {
			if (frames[i] == NO_FRAME || m->count == most)
				continue;
			m->present[(at + i) / 8] |=
			    (uint8_t)(1u << (at + i) % 8);
			m->count++;
		}
	}
	return 0;
}

int
xc_p2m_open(struct xc_p2m *m, xc_interface *xch,
    const struct xc_domaininfo *info, unsigned width)
{
	struct xc_physinfo host;
	int64_t last;

	memset(m, 0, sizeof(*m));
	m->xch = xch;
	m->domid = info->domid;
	m->hvm = (info->flags & XC_DOMINF_HVM) != 0;
	m->width = width;
	if (xc_physinfo(xch, &host) < 0)
		return -1;
	m->max_mfn = host.max_mfn;
	if (m->hvm) {
		last = xc_maximum_gpfn(xch, m->domid);
		if (last < 0)
			return -1;
		m->end = (uint64_t)last + 1;
		if (m->end > MAX_PFN)
			return xc_fail(xch, EFBIG, "domain %u: %llu frames",
			    m->domid, (unsigned long long)m->end);
	} else if (find_table(m, info->shared_info_frame) < 0) {
		return -1;
	}
	m->bytes = (size_t)(m->end / 8 + 1);
	m->present = xc_os_mmap(-1, m->bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, 0);
	if (m->present == NULL)
		return xc_fail(xch, errno, "domain %u: dump", m->domid);
	return scan(m, info->tot_pages);
}

/* What a table of frames leads to, for who reads it himself. */
XC_API int
xc_domain_p2m_table(xc_interface *xch, uint32_t domid,
    struct xc_p2m_table *out)
{
	struct xc_p2m m = { .xch = xch, .domid = domid, .width = 8 };
	struct xc_domaininfo info;
	struct xc_physinfo host;
	uint32_t bits;

	if (xc_check_ptr(xch, out, "the table") < 0 ||
	    xc_domain_getinfo(xch, domid, &info) < 0 ||
	    xc_physinfo(xch, &host) < 0 ||
	    xc_domain_get_address_size(xch, domid, &bits) < 0)
		return -1;
	m.width = bits / 8;
	m.max_mfn = host.max_mfn;
	if (find_table(&m, info.shared_info_frame) < 0) {
		int saved = errno;

		free(m.table);
		errno = saved;
		return -1;
	}
	*out = (struct xc_p2m_table){ .nr_pfns = m.end, .frames = m.table,
		.nframes = m.ntable };
	return 0;
}

void
xc_p2m_close(struct xc_p2m *m)
{
	int saved = errno;

	free(m->table);
	if (m->present != NULL)
		xc_os_munmap(m->present, m->bytes);
	errno = saved;
}

int
xc_p2m_batch(struct xc_p2m *m, uint64_t first, uint64_t *pfns,
    uint64_t *frames)
{
	size_t n = batch_len(m, first), k = 0;

	for (size_t i = 0; i < n; i++)
		k += is_present(m, first + i);
	if (k == 0)
		return 0;
	if (frames_of(m, first, n, frames) < 0)
		return -1;
	k = 0;
	for (size_t i = 0; i < n; i++) {
		if (!is_present(m, first + i))
			continue;
		pfns[k] = first + i;
		frames[k++] = frames[i];
	}
	return (int)k;
}

void
xc_p2m_drop(struct xc_p2m *m, uint64_t pfn)
{
	m->present[pfn / 8] &= (uint8_t) ~(1u << pfn % 8);
	m->count--;
}
