/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What only a PV domain needs when it is restored: its own numbers become machine
 * frames again, in page tables, registers, start_info and p2m. The image says what
 * a page is; that it is so is for Xen to find when the tables are pinned.
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
#define PTE_FRAME   0x000ffffffffff000ull
#define WORDS	    512u
#define NO_FRAME    UINT64_MAX

/* --- page tables ---------------------------------------------------------------- */

static uint64_t
named(uint64_t entry)
{
	return (entry & PTE_FRAME) >> XC_PAGE_SHIFT;
}

int
xg_localise(struct xg_restorer *w, uint64_t pfn, unsigned type, uint64_t *table)
{
	uint64_t wanted[WORDS];
	size_t k = 0;

	(void)type;
	for (unsigned i = 0; i < WORDS; i++) {
		if ((table[i] & PTE_PRESENT) == 0)
			continue;
		if (named(table[i]) >= w->end)
			return xg_bad(w->e, "entry %u of page table %#llx names "
			    "page %#llx of %#llx", i, (unsigned long long)pfn,
			    (unsigned long long)named(table[i]),
			    (unsigned long long)w->end);
		if (!xg_is_populated(w, named(table[i])))
			wanted[k++] = named(table[i]);
	}
	/* Pages that come later in the image. */
	if (k > 0 && xg_populate_frames(w, wanted, k) < 0)
		return -1;
	for (unsigned i = 0; i < WORDS; i++)
		if ((table[i] & PTE_PRESENT) != 0)
			table[i] = (table[i] & ~PTE_FRAME) |
			    w->p2m[named(table[i])] << XC_PAGE_SHIFT;
	return 0;
}

static int
pin_tables(struct xg_restorer *w)
{
	for (uint64_t pfn = 0; pfn < w->end; pfn++)
		if (xg_type_is_table(w->types[pfn]) &&
		    (w->types[pfn] & XG_TYPE_PINNED) != 0 &&
		    xc_pin_table(w->xch, w->r->domid,
			w->types[pfn] & ~XG_TYPE_PINNED, w->p2m[pfn]) < 0)
			return xg_restore_xen_fail(w, "page tables");
	return 0;
}

/* --- the p2m ---------------------------------------------------------------------- */

static void
fill_p2m(const struct xg_restorer *w, uint64_t pfn, uint64_t *page)
{
	for (unsigned i = 0; i < WORDS; i++, pfn++)
		page[i] = xg_is_populated(w, pfn) ? w->p2m[pfn] : NO_FRAME;
}

static int
write_p2m(struct xg_restorer *w)
{
	size_t n;

	for (size_t at = 0; at < w->np2m; at += n) {
		uint64_t *mem;

		n = w->np2m - at < WORDS ? w->np2m - at : WORDS;
		for (size_t i = 0; i < n; i++)
			if (w->p2m_pfns[at + i] < w->end &&
			    w->types[w->p2m_pfns[at + i]] != XG_TYPE_NOTAB)
				return xg_bad(w->e, "a part of the p2m is a "
				    "page table");
		mem = xg_restore_map(w, w->p2m_pfns + at, n);
		if (mem == NULL)
			return -1;
		for (size_t i = 0; i < n; i++)
			fill_p2m(w, (at + i) * WORDS, mem + i * WORDS);
		xc_unmap_foreign(w->xch, mem, n);
	}
	return 0;
}

/* --- registers ----------------------------------------------------------------------- */

/* A plain page, or a page table of the highest level; -1 when it is not. */
static int
own_frame(struct xg_restorer *w, uint64_t *frame, unsigned level,
    const char *what, uint32_t vcpu)
{
	if (!xg_is_populated(w, *frame) ||
	    (w->types[*frame] & ~XG_TYPE_PINNED) != level)
		return xg_bad(w->e, "vCPU %u: its %s is page %#llx", vcpu, what,
		    (unsigned long long)*frame);
	*frame = w->p2m[*frame];
	return 0;
}

static int
basic(struct xg_restorer *w, const struct xg_vcpu_blob *b)
{
	vcpu_guest_context_t c;
	uint64_t f;

	memcpy(&c, b->bytes, sizeof(c));
	if (b->vcpu == 0 &&
	    own_frame(w, &c.user_regs.rdx, XG_TYPE_NOTAB, "start info", 0) < 0)
		return -1;
	if (c.gdt_ents > 16 * WORDS)
		return xg_bad(w->e, "vCPU %u: %llu descriptors", b->vcpu,
		    (unsigned long long)c.gdt_ents);
	for (unsigned i = 0; i < 16 && i * WORDS < c.gdt_ents; i++) {
		f = c.gdt_frames[i];
		if (own_frame(w, &f, XG_TYPE_NOTAB, "descriptor table",
			b->vcpu) < 0)
			return -1;
		c.gdt_frames[i] = f;
	}
	f = c.ctrlreg[3] >> XC_PAGE_SHIFT;
	if (own_frame(w, &f, XG_TYPE_L4, "page table", b->vcpu) < 0)
		return -1;
	c.ctrlreg[3] = f << XC_PAGE_SHIFT;
	if ((c.ctrlreg[1] & 1) != 0) {
		f = c.ctrlreg[1] >> XC_PAGE_SHIFT;
		if (own_frame(w, &f, XG_TYPE_L4, "user page table", b->vcpu) < 0)
			return -1;
		c.ctrlreg[1] = f << XC_PAGE_SHIFT;
	}
	return xc_vcpu_setcontext(w->xch, w->r->domid, b->vcpu, &c, sizeof(c));
}

static int
extended(struct xg_restorer *w, const struct xg_vcpu_blob *b)
{
	struct xc_extcontext x;
	uint64_t words[8];
	const uint8_t *p = b->bytes;

	memcpy(words, p, sizeof(words));
	x.syscall32_eip = words[1];
	x.sysenter_eip = words[2];
	memcpy(&x.syscall32_cs, p + 24, 2);
	memcpy(&x.sysenter_cs, p + 26, 2);
	x.syscall32_disables_events = p[28] != 0;
	x.sysenter_disables_events = p[29] != 0;
	x.mcg_cap = words[4];
	x.mci_ctl2_bank0 = words[5];
	x.mci_ctl2_bank1 = words[6];
	x.mcg_ctl = words[7];
	return xc_vcpu_set_extcontext(w->xch, w->r->domid, b->vcpu, &x);
}

static int
xsave(struct xg_restorer *w, const struct xg_vcpu_blob *b)
{
	return xc_vcpu_set_xsave(w->xch, w->r->domid, b->vcpu, b->bytes,
	    b->size, 0);
}

static int
msrs(struct xg_restorer *w, const struct xg_vcpu_blob *b)
{
	const uint32_t n = b->size / sizeof(struct xc_msr);
	struct xc_msr *m = malloc(b->size);
	int r;

	if (m == NULL)
		return xg_fail(w->e, ENOMEM, "no memory for registers");
	memcpy(m, b->bytes, b->size);
	r = xc_vcpu_set_msrs(w->xch, w->r->domid, b->vcpu, m, n, NULL);
	free(m);
	return r;
}

/* In this order, which Xen needs. */
static const struct {
	uint32_t kind;
	int (*set)(struct xg_restorer *w, const struct xg_vcpu_blob *b);
} kinds[] = {
	{ XG_REC_VCPU_BASIC, basic },
	{ XG_REC_VCPU_EXTENDED, extended },
	{ XG_REC_VCPU_XSAVE, xsave },
	{ XG_REC_VCPU_MSRS, msrs },
};

static int
set_vcpus(struct xg_restorer *w)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		for (const struct xg_vcpu_blob *b = w->blobs; b != NULL;
		     b = b->next)
			if (b->kind == kinds[i].kind && kinds[i].set(w, b) < 0)
				return xg_restore_xen_fail(w, "registers");
	return 0;
}

/* --- start_info, shared_info ---------------------------------------------------------- */

static const struct xg_vcpu_blob *
first_vcpu(const struct xg_restorer *w)
{
	const struct xg_vcpu_blob *b = w->blobs;

	while (b != NULL && (b->kind != XG_REC_VCPU_BASIC || b->vcpu != 0))
		b = b->next;
	return b;
}

/* Its rings are pages of the guest's there, as it left them. */
static int
ring(struct xg_restorer *w, uint64_t pfn, const char *what, uint64_t *mfn)
{
	if (!xg_is_populated(w, pfn) || w->types[pfn] != XG_TYPE_NOTAB)
		return xg_bad(w->e, "the ring of its %s is page %#llx", what,
		    (unsigned long long)pfn);
	*mfn = w->p2m[pfn];
	return 0;
}

static int
start_info(struct xg_restorer *w, uint64_t shared_info_frame)
{
	const struct xg_vcpu_blob *b = first_vcpu(w);
	vcpu_guest_context_t c;
	start_info_t *s;
	uint64_t pfn;
	int r = -1;

	if (b == NULL)
		return xg_bad(w->e, "it has no first vCPU");
	memcpy(&c, b->bytes, sizeof(c));
	pfn = c.user_regs.rdx;
	s = xg_restore_map(w, &pfn, 1);
	if (s == NULL)
		return -1;
	if (ring(w, s->store_mfn, "store", &w->out->store_frame) == 0 &&
	    ring(w, s->console.domU.mfn, "console",
		&w->out->console_frame) == 0) {
		s->nr_pages = w->end;
		s->shared_info = shared_info_frame << XC_PAGE_SHIFT;
		s->flags = 0;
		s->store_mfn = w->out->store_frame;
		s->store_evtchn = w->r->store_port;
		s->console.domU.mfn = (xen_pfn_t)w->out->console_frame;
		s->console.domU.evtchn = w->r->console_port;
		r = 0;
	}
	xc_unmap_foreign(w->xch, s, 1);
	return r;
}

/* Xen's page is fresh; what was pending belongs to channels that are no more. */
static int
shared_info(struct xg_restorer *w, uint64_t frame)
{
	shared_info_t *now = xc_map_foreign(w->xch, w->r->domid,
	    PROT_READ | PROT_WRITE, &frame, NULL, 1), *then;

	if (now == NULL)
		return xg_restore_xen_fail(w, "shared info");
	then = (shared_info_t *)(void *)w->shared_info;
	memcpy(now->vcpu_info, then->vcpu_info, sizeof(now->vcpu_info));
	memcpy(&now->arch, &then->arch, sizeof(now->arch));
	now->arch.pfn_to_mfn_frame_list_list = 0;
	memset(now->evtchn_pending, 0, sizeof(now->evtchn_pending));
	memset(now->evtchn_mask, 0xff, sizeof(now->evtchn_mask));
	for (unsigned i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
		now->vcpu_info[i].evtchn_pending_sel = 0;
	xc_unmap_foreign(w->xch, now, 1);
	return 0;
}

int
xg_restore_pv_end(struct xg_restorer *w)
{
	struct xc_domaininfo info;

	if (xc_domain_getinfo(w->xch, w->r->domid, &info) < 0)
		return xg_restore_xen_fail(w, "domain");
	if (start_info(w, info.shared_info_frame) < 0 || write_p2m(w) < 0 ||
	    pin_tables(w) < 0 || set_vcpus(w) < 0)
		return -1;
	return shared_info(w, info.shared_info_frame);
}
