/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What of a PV domain is not plain memory: it knows machine frames, which will be
 * others when it is restored. In page tables and registers they become the
 * domain's own numbers. Which is which its kernel has told in the p2m; the way
 * back is kept for the frames of that table alone, so whatever the kernel wrote,
 * nothing but its own pages can be named.
 */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <xen/xen.h>

#include "xg_stream.h"

#define PTE_PRESENT 0x001u
#define PTE_LARGE   0x080u
#define PTE_FRAME   0x000ffffffffff000ull
#define WORDS	    512u
/* Slots of the highest table that are Xen's. */
#define XEN_FIRST 256u
#define XEN_LAST  271u

/* --- the p2m ------------------------------------------------------------------- */

static void
note(struct xg_saver *v, uint64_t pfn, uint64_t mfn)
{
	/* High bits are the kernel's marks for what is no page of its own. */
	if (mfn > v->max_mfn)
		mfn = XG_NO_FRAME;
	else
		v->m2p[mfn] = (uint32_t)pfn + 1;
	if (v->p2m[pfn] != mfn && v->again != NULL) {
		xg_bit_set(v->again, pfn);
		v->moved = true;
	}
	v->p2m[pfn] = mfn;
}

/* n frames of the table from number i on. */
static int
read_part(struct xg_saver *v, size_t i, size_t n)
{
	uint64_t *mem = xc_map_foreign(v->xch, v->s->domid, PROT_READ,
	    v->table.frames + i, NULL, n);
	uint64_t pfn = i * WORDS;

	if (mem == NULL)
		return xg_save_xen_fail(v, "p2m");
	for (size_t k = 0; k < n * WORDS && pfn < v->end; k++, pfn++)
		note(v, pfn, mem[k]);
	xc_unmap_foreign(v->xch, mem, n);
	return 0;
}

/* Parts that the kernel left out have no pages. */
static int
read_p2m(struct xg_saver *v)
{
	const uint64_t *f = v->table.frames;
	size_t n;

	for (size_t i = 0; i < v->table.nframes; i += n) {
		bool there = f[i] != XG_NO_FRAME;

		for (n = 1; i + n < v->table.nframes && n < WORDS &&
		     (f[i + n] != XG_NO_FRAME) == there; n++)
			;
		if (there && read_part(v, i, n) < 0)
			return -1;
		for (uint64_t p = i * WORDS; !there && p < (i + n) * WORDS &&
		     p < v->end; p++)
			note(v, p, XG_NO_FRAME);
	}
	return 0;
}

static int
begin(struct xg_saver *v)
{
	struct xc_physinfo host;
	uint32_t bits = 64;

	if (xc_domain_get_address_size(v->xch, v->s->domid, &bits) < 0 ||
	    xc_physinfo(v->xch, &host) < 0)
		return xg_save_xen_fail(v, "domain");
	if (bits != 64)
		return xg_fail(v->e, ENOTSUP, "a PV guest of %u bits cannot be "
		    "saved", bits);
	if (xc_domain_p2m_table(v->xch, v->s->domid, &v->table) < 0)
		return xg_save_xen_fail(v, "p2m");
	v->max_mfn = host.max_mfn;
	v->end = v->table.nr_pfns;
	if (v->end > XG_PFN_END || v->max_mfn >= 1ull << 40)
		return xg_fail(v->e, EFBIG, "the guest has %llu frames",
		    (unsigned long long)v->end);
	v->p2m = xg_sparse(v->end * sizeof(*v->p2m));
	v->m2p = xg_sparse((v->max_mfn + 1) * sizeof(*v->m2p));
	if (v->p2m == NULL || v->m2p == NULL)
		return xg_fail(v->e, ENOMEM, "no memory for the p2m");
	memset(v->p2m, 0xff, v->end * sizeof(*v->p2m));
	return read_p2m(v);
}

static void
end(struct xg_saver *v)
{
	free(v->table.frames);
	if (v->p2m != NULL)
		munmap(v->p2m, v->end * sizeof(*v->p2m));
	if (v->m2p != NULL)
		munmap(v->m2p, (v->max_mfn + 1) * sizeof(*v->m2p));
}

static uint64_t
to_pfn(const struct xg_saver *v, uint64_t mfn)
{
	uint64_t pfn;

	if (mfn > v->max_mfn || v->m2p[mfn] == 0)
		return XG_NO_FRAME;
	/* It may have been that page's before. */
	pfn = v->m2p[mfn] - 1ull;
	return v->p2m[pfn] == mfn ? pfn : XG_NO_FRAME;
}

static void
frames(const struct xg_saver *v, const uint64_t *pfns, size_t n, uint64_t *out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = v->p2m[pfns[i]];
}

static int
before(struct xg_saver *v)
{
	const size_t n = v->table.nframes;
	uint64_t *rec = calloc(n + 1, sizeof(*rec));
	uint32_t range[2] = { 0, (uint32_t)(v->end - 1) };
	int r = -1;

	if (rec == NULL)
		return xg_fail(v->e, ENOMEM, "no memory for the p2m");
	memcpy(rec, range, sizeof(range));
	for (size_t i = 0; i < n; i++) {
		rec[i + 1] = to_pfn(v, v->table.frames[i]);
		if (rec[i + 1] == XG_NO_FRAME) {
			xg_fail(v->e, EINVAL, "frame %zu of the guest's p2m is "
			    "not a page of its own", i);
			goto out;
		}
	}
	r = xg_out_record(&v->out, XG_REC_P2M_FRAMES, rec,
	    (n + 1) * sizeof(*rec));
out:
	free(rec);
	return r;
}

/*
 * A kernel that begins to keep its table elsewhere, or moves pages, is heard: what it
 * moved is sent again. Page tables name their pages by number, so all of them are, when
 * any page has another one.
 */
static int
refresh(struct xg_saver *v)
{
	struct xc_p2m_table now;
	bool same;

	if (xc_domain_p2m_table(v->xch, v->s->domid, &now) < 0)
		return xg_save_xen_fail(v, "p2m");
	if (now.nr_pfns != v->end) {
		free(now.frames);
		return xg_fail(v->e, EAGAIN, "the guest has changed the size of "
		    "its p2m while it was sent: try again");
	}
	same = now.nframes == v->table.nframes &&
	    memcmp(now.frames, v->table.frames,
		now.nframes * sizeof(*now.frames)) == 0;
	free(v->table.frames);
	v->table = now;
	v->moved = false;
	if (read_p2m(v) < 0)
		return -1;
	for (uint64_t i = 0; v->moved && i < v->end; i++)
		if (xg_bit(v->tables, i))
			xg_bit_set(v->again, i);
	return same || v->running ? 0 : before(v);
}

/* --- page tables ---------------------------------------------------------------- */

/* The guest is at it: empty for now. */
static int
not_yet(struct xg_saver *v, uint64_t pfn, uint64_t *to)
{
	memset(to, 0, XC_PAGE_SIZE);
	xg_bit_set(v->again, pfn);
	return 0;
}

static int
table(struct xg_saver *v, uint64_t pfn, unsigned type, const uint64_t *from,
    uint64_t *to)
{
	unsigned level = type & ~XG_TYPE_PINNED;

	if (v->tables != NULL)
		xg_bit_set(v->tables, pfn);
	for (unsigned i = 0; i < WORDS; i++) {
		uint64_t e = __atomic_load_n(&from[i], __ATOMIC_RELAXED), p;

		if (level == XG_TYPE_L4 && i >= XEN_FIRST && i <= XEN_LAST)
			e = 0;
		to[i] = e;
		if ((e & PTE_PRESENT) == 0)
			continue;
		if (level > XG_TYPE_L1 && (e & PTE_LARGE) != 0 && v->running)
			return not_yet(v, pfn, to);
		if (level > XG_TYPE_L1 && (e & PTE_LARGE) != 0)
			return xg_fail(v->e, ENOTSUP, "the guest has a large "
			    "page in table %#llx, which cannot be saved",
			    (unsigned long long)pfn);
		p = to_pfn(v, (e & PTE_FRAME) >> XC_PAGE_SHIFT);
		if (p == XG_NO_FRAME && v->running)
			return not_yet(v, pfn, to);
		if (p == XG_NO_FRAME)
			return xg_fail(v->e, EINVAL, "entry %u (%#llx) of the "
			    "guest's page table %#llx is not a page of its own",
			    i, (unsigned long long)e, (unsigned long long)pfn);
		to[i] = (e & ~PTE_FRAME) | p << XC_PAGE_SHIFT;
	}
	return 0;
}

/* --- registers ------------------------------------------------------------------- */

static int
vcpu_record(struct xg_saver *v, uint32_t type, uint32_t vcpu, const void *p,
    size_t n)
{
	const uint32_t head[2] = { vcpu, 0 };

	if (xg_out_rec(&v->out, type, sizeof(head) + n) < 0 ||
	    xg_out_put(&v->out, head, sizeof(head)) < 0)
		return -1;
	return xg_out_put(&v->out, p, n);
}

/* *frame becomes the domain's number; what: for the message. */
static int
own_frame(struct xg_saver *v, uint64_t *frame, const char *what, uint32_t vcpu)
{
	uint64_t p = to_pfn(v, *frame);

	if (p == XG_NO_FRAME)
		return xg_fail(v->e, EINVAL, "vCPU %u: its %s %#llx is not a "
		    "page of the guest's", vcpu, what,
		    (unsigned long long)*frame);
	*frame = p;
	return 0;
}

static int
basic(struct xg_saver *v, uint32_t vcpu)
{
	vcpu_guest_context_t c;
	uint64_t f;

	if (xc_vcpu_getcontext(v->xch, v->s->domid, vcpu, &c, sizeof(c)) < 0)
		return xg_save_xen_fail(v, "registers");
	/* Third argument of its suspend call. */
	if (vcpu == 0 && own_frame(v, &c.user_regs.rdx, "start info", 0) < 0)
		return -1;
	for (unsigned i = 0; i < 16 && i * WORDS < c.gdt_ents; i++) {
		f = c.gdt_frames[i];
		if (own_frame(v, &f, "descriptor table", vcpu) < 0)
			return -1;
		c.gdt_frames[i] = f;
	}
	f = c.ctrlreg[3] >> XC_PAGE_SHIFT;
	if (own_frame(v, &f, "page table", vcpu) < 0)
		return -1;
	c.ctrlreg[3] = f << XC_PAGE_SHIFT;
	if (c.ctrlreg[1] != 0) {
		f = c.ctrlreg[1] >> XC_PAGE_SHIFT;
		if (own_frame(v, &f, "user page table", vcpu) < 0)
			return -1;
		c.ctrlreg[1] = 1 | f << XC_PAGE_SHIFT;
	}
	return vcpu_record(v, XG_REC_VCPU_BASIC, vcpu, &c, sizeof(c));
}

/* As struct xen_domctl_ext_vcpucontext has it, in a record of 128 bytes. */
static int
extended(struct xg_saver *v, uint32_t vcpu)
{
	uint64_t rec[16] = { 0 };
	struct xc_extcontext x;
	uint8_t *p = (uint8_t *)rec;
	const uint32_t head[2] = { vcpu, 64 };

	if (xc_vcpu_get_extcontext(v->xch, v->s->domid, vcpu, &x) < 0)
		return xg_save_xen_fail(v, "registers");
	memcpy(p, head, sizeof(head));
	rec[1] = x.syscall32_eip;
	rec[2] = x.sysenter_eip;
	memcpy(p + 24, &x.syscall32_cs, 2);
	memcpy(p + 26, &x.sysenter_cs, 2);
	p[28] = x.syscall32_disables_events;
	p[29] = x.sysenter_disables_events;
	rec[4] = x.mcg_cap;
	rec[5] = x.mci_ctl2_bank0;
	rec[6] = x.mci_ctl2_bank1;
	rec[7] = x.mcg_ctl;
	return vcpu_record(v, XG_REC_VCPU_EXTENDED, vcpu, rec, sizeof(rec));
}

static int
xsave(struct xg_saver *v, uint32_t vcpu)
{
	int64_t n = xc_vcpu_get_xsave(v->xch, v->s->domid, vcpu, NULL, 0, NULL);
	uint8_t *buf;
	int r = 0;

	if (n <= 0)
		return n < 0 ? xg_save_xen_fail(v, "registers") : 0;
	buf = calloc(1, (size_t)n);
	if (buf == NULL)
		return xg_fail(v->e, ENOMEM, "no memory for the registers");
	n = xc_vcpu_get_xsave(v->xch, v->s->domid, vcpu, buf, (uint32_t)n,
	    NULL);
	if (n < 0)
		r = xg_save_xen_fail(v, "registers");
	else if (n > 0)
		r = vcpu_record(v, XG_REC_VCPU_XSAVE, vcpu, buf, (size_t)n);
	free(buf);
	return r;
}

static int
msrs(struct xg_saver *v, uint32_t vcpu)
{
	struct xc_msr m[64];
	int n = xc_vcpu_get_msrs(v->xch, v->s->domid, vcpu, m, 64);

	if (n < 0)
		return xg_save_xen_fail(v, "registers");
	return n == 0 ? 0 : vcpu_record(v, XG_REC_VCPU_MSRS, vcpu, m,
				(size_t)n * sizeof(m[0]));
}

static int
shared_info(struct xg_saver *v)
{
	uint64_t frame = v->info.shared_info_frame;
	void *p = xc_map_foreign(v->xch, v->s->domid, PROT_READ, &frame, NULL,
	    1);
	int r;

	if (p == NULL)
		return xg_save_xen_fail(v, "shared info");
	r = xg_out_record(&v->out, XG_REC_SHARED_INFO, p, XC_PAGE_SIZE);
	xc_unmap_foreign(v->xch, p, 1);
	return r;
}

static int
after(struct xg_saver *v)
{
	struct xc_vcpuinfo info;

	if (shared_info(v) < 0)
		return -1;
	for (uint32_t i = 0; i <= v->info.max_vcpu_id; i++) {
		if (xc_vcpu_getinfo(v->xch, v->s->domid, i, &info) < 0)
			return xg_save_xen_fail(v, "registers");
		if (info.online &&
		    (basic(v, i) < 0 || extended(v, i) < 0 || xsave(v, i) < 0 ||
			msrs(v, i) < 0))
			return -1;
	}
	return 0;
}

const struct xg_save_type xg_save_pv = {
	.domain_header = XG_DOMAIN_PV,
	.begin = begin,
	.before = before,
	.after = after,
	.frames = frames,
	.refresh = refresh,
	.table = table,
	.end = end,
};
