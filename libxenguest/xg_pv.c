/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Carries out the plan of a PV domain through libxenctrl. No window (xg_window.c)
 * is left mapped when the page tables are pinned, because a frame with a
 * writable mapping cannot become one.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <stdint.h>
#include <xen/xen.h>

#include "xg_private.h"

/* Page table entry flags. */
#define L1_RW	0x23u
#define L1_RO	0x21u
#define UPPER	0x67u

struct builder {
	struct xg_job *j;
	struct xg_plan plan;
	const uint64_t *p2m;
};

/* --- the p2m -------------------------------------------------------------- */

static int
fill_p2m(struct xg_job *j, const void *arg, uint8_t *mem, uint64_t at, size_t n)
{
	uint64_t first = at * (XC_PAGE_SIZE / 8), total = j->m->nr_pages;
	uint64_t count = n * (XC_PAGE_SIZE / 8);

	(void)arg;
	if (count > total - first)
		count = total - first;
	memcpy(mem, j->m->p2m + first, count * 8);
	memset(mem + count * 8, 0xff, n * XC_PAGE_SIZE - count * 8);
	return 0;
}

/* --- page tables ---------------------------------------------------------- */

/* A range that is mapped: its tables lie L3s, L2s, L1s from tables_pfn on. */
struct range {
	uint64_t from, to;
	uint64_t l3_pfn, l2_pfn, l1_pfn;
	uint64_t l3, l2, l1;
	/* pfn that `from` maps, and the first pfn not to be mapped. */
	uint64_t pfn, end_pfn;
};

static struct range
first_range(const struct xg_plan *p)
{
	struct range r = { .from = p->virt_base, .to = p->virt_end,
		.l3 = p->pt_l3, .l2 = p->pt_l2, .l1 = p->pt_l1, .pfn = 0,
		.end_pfn = p->nr_pages };

	r.l3_pfn = p->pt_pfn + 1;
	r.l2_pfn = r.l3_pfn + r.l3;
	r.l1_pfn = r.l2_pfn + r.l2;
	return r;
}

static struct range
p2m_range(const struct xg_plan *p)
{
	struct range r = { .from = p->p2m_vaddr,
		.to = p->p2m_vaddr + (p->p2m_pages << XC_PAGE_SHIFT),
		.l3 = p->p2m_l3, .l2 = p->p2m_l2, .l1 = p->p2m_l1,
		.pfn = p->p2m_pfn, .end_pfn = p->p2m_pfn + p->p2m_pages };

	r.l3_pfn = p->p2m_tables_pfn;
	r.l2_pfn = r.l3_pfn + r.l3;
	r.l1_pfn = r.l2_pfn + r.l2;
	return r;
}

static bool
is_table(const struct xg_plan *p, uint64_t pfn)
{
	return (pfn >= p->pt_pfn && pfn < p->pt_pfn + p->pt_pages) ||
	    (pfn >= p->p2m_tables_pfn &&
		pfn < p->p2m_tables_pfn + p->p2m_tables);
}

/* Entries of an upper table: each covers `span` bytes and points to the next
 * level's tables from next_pfn on, the first of which covers `from`. */
static void
upper_entries(const struct builder *w, uint64_t *table, uint64_t base,
    unsigned shift, const struct range *r, uint64_t next_pfn)
{
	uint64_t span = 1ull << shift;

	for (unsigned i = 0; i < 512; i++) {
		uint64_t va = base + i * span;

		if (va + (span - 1) < r->from || va >= r->to)
			continue;
		table[i] = w->p2m[next_pfn + (va >> shift) -
			       (r->from >> shift)] << XC_PAGE_SHIFT | UPPER;
	}
}

static void
leaf_entries(const struct builder *w, uint64_t *table, uint64_t base,
    const struct range *r)
{
	for (unsigned i = 0; i < 512; i++) {
		uint64_t va = base + ((uint64_t)i << XC_PAGE_SHIFT), pfn;

		if (va < r->from || va >= r->to)
			continue;
		pfn = r->pfn + ((va - r->from) >> XC_PAGE_SHIFT);
		if (pfn < r->end_pfn)
			table[i] = w->p2m[pfn] << XC_PAGE_SHIFT |
			    (is_table(&w->plan, pfn) ? L1_RO : L1_RW);
	}
}

/* All tables of one level of a range. */
static int
write_level(struct builder *w, const struct range *r, uint64_t pfn,
    uint64_t count, unsigned shift, uint64_t next_pfn)
{
	uint64_t table[512], base = r->from >> shift << shift;

	for (uint64_t i = 0; i < count; i++, base += 1ull << shift) {
		memset(table, 0, sizeof(table));
		if (next_pfn != 0)
			upper_entries(w, table, base, shift - 9, r, next_pfn);
		else
			leaf_entries(w, table, base, r);
		if (xg_write_page(w->j, pfn + i, table, "page tables") < 0)
			return -1;
	}
	return 0;
}

static int
write_range(struct builder *w, const struct range *r)
{
	if (write_level(w, r, r->l1_pfn, r->l1, 21, 0) < 0 ||
	    write_level(w, r, r->l2_pfn, r->l2, 30, r->l1_pfn) < 0)
		return -1;
	return write_level(w, r, r->l3_pfn, r->l3, 39, r->l2_pfn);
}

static int
page_tables(struct builder *w)
{
	struct range first = first_range(&w->plan), p2m = p2m_range(&w->plan);
	uint64_t l4[512] = { 0 };

	for (unsigned i = 0; i < 512; i++) {
		/* Canonical: the upper half is sign-extended. */
		uint64_t base = (uint64_t)i << 39 |
		    (i >= 256 ? 0xffffull << 48 : 0);

		if (base >> 39 >= first.from >> 39 && base < first.to)
			l4[i] = w->p2m[first.l3_pfn + (base >> 39) -
				    (first.from >> 39)] << XC_PAGE_SHIFT |
			    UPPER;
		if (!w->plan.p2m_mapped && base >> 39 >= p2m.from >> 39 &&
		    base < p2m.to)
			l4[i] = w->p2m[p2m.l3_pfn + (base >> 39) -
				    (p2m.from >> 39)] << XC_PAGE_SHIFT | UPPER;
	}
	if (write_range(w, &first) < 0)
		return -1;
	if (!w->plan.p2m_mapped && write_range(w, &p2m) < 0)
		return -1;
	return xg_write_page(w->j, w->plan.pt_pfn, l4, "page tables");
}

/* --- what the kernel reads first ------------------------------------------ */

static int
start_info(struct builder *w, uint64_t shared_info_frame)
{
	static const char magic[] = "xen-3.0-x86_64";
	const struct xg_plan *p = &w->plan;
	union {
		start_info_t si;
		uint8_t page[4096];
	} u;
	start_info_t *s = &u.si;

	memset(&u, 0, sizeof(u));
	memcpy(s->magic, magic, sizeof(magic));
	s->nr_pages = p->nr_pages;
	s->shared_info = shared_info_frame << XC_PAGE_SHIFT;
	s->flags = SIF_VIRT_P2M_4TOOLS;
	s->store_mfn = w->p2m[p->store_pfn];
	s->store_evtchn = w->j->b->store_port;
	s->console.domU.mfn = w->p2m[p->console_pfn];
	s->console.domU.evtchn = w->j->b->console_port;
	s->pt_base = xg_plan_va(p, p->pt_pfn);
	s->nr_pt_frames = p->pt_pages;
	s->mfn_list = p->p2m_vaddr;
	if (p->ramdisk_pages > 0) {
		s->mod_len = w->j->ramdisk.size;
		s->mod_start = p->ramdisk_mapped ? xg_plan_va(p, p->ramdisk_pfn)
						 : p->ramdisk_pfn;
		if (!p->ramdisk_mapped)
			s->flags |= SIF_MOD_START_PFN;
	}
	if (!p->p2m_mapped) {
		s->first_p2m_pfn = p->p2m_pfn;
		s->nr_p2m_frames = p->p2m_pages + p->p2m_tables;
	}
	if (w->j->b->cmdline != NULL)
		strncpy((char *)s->cmd_line, w->j->b->cmdline,
		    sizeof(s->cmd_line) - 1);
	return xg_write_page(w->j, p->start_info_pfn, &u, "start info");
}

static int
shared_info(struct builder *w, uint64_t frame)
{
	shared_info_t *s = xc_map_foreign(w->j->xch, w->j->b->domid,
	    PROT_READ | PROT_WRITE, &frame, NULL, 1);

	if (s == NULL)
		return xg_xen_fail(w->j, "shared_info");
	memset(s, 0, XC_PAGE_SIZE);
	for (unsigned i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
		s->vcpu_info[i].evtchn_upcall_mask = 1;
	xc_unmap_foreign(w->j->xch, s, 1);
	return 0;
}

static int
first_vcpu(struct builder *w)
{
	const struct xg_plan *p = &w->plan;
	vcpu_guest_context_t *c = calloc(1, sizeof(*c));
	int r;

	if (c == NULL)
		return xg_fail(w->j->e, ENOMEM, "no memory");
	c->flags = VGCF_in_kernel | VGCF_online;
	c->user_regs.rip = w->j->k->entry;
	c->user_regs.rsp = xg_plan_va(p, p->stack_pfn) + XC_PAGE_SIZE;
	c->user_regs.rsi = xg_plan_va(p, p->start_info_pfn);
	c->user_regs.rflags = 1u << 9;
	c->user_regs.ds = c->user_regs.es = c->user_regs.fs =
	    c->user_regs.gs = c->user_regs.ss = FLAT_KERNEL_SS;
	c->user_regs.cs = FLAT_KERNEL_CS;
	c->kernel_ss = c->user_regs.ss;
	c->kernel_sp = c->user_regs.rsp;
	c->ctrlreg[3] = w->p2m[p->pt_pfn] << XC_PAGE_SHIFT;
	/* Reset values of the debug registers. */
	c->debugreg[6] = 0xffff0ff0;
	c->debugreg[7] = 0x400;
	r = xc_vcpu_setcontext(w->j->xch, w->j->b->domid, 0, c, sizeof(*c));
	free(c);
	return r < 0 ? xg_xen_fail(w->j, "registers") : 0;
}

static int
hypercall_page(struct builder *w)
{
	uint64_t pfn;

	if ((w->j->k->has & XG_HAS_HYPERCALL_PAGE) == 0)
		return 0;
	pfn = (w->j->k->hypercall_page - w->plan.virt_base) >> XC_PAGE_SHIFT;
	if (w->j->k->hypercall_page < w->plan.virt_base ||
	    pfn < w->plan.kernel_pfn || pfn >= w->plan.kernel_end)
		return xg_fail(w->j->e, EINVAL,
		    "the kernel's hypercall page %#llx is not in the kernel",
		    (unsigned long long)w->j->k->hypercall_page);
	if (xc_domain_hypercall_init(w->j->xch, w->j->b->domid, w->p2m[pfn]) < 0)
		return xg_xen_fail(w->j, "hypercall page");
	return 0;
}

/* --- the whole ------------------------------------------------------------ */

static int
fill_memory(struct builder *w)
{
	const struct xg_plan *p = &w->plan;
	struct xg_job *j = w->j;

	if (xg_write_kernel(j, p->kernel_pfn, p->kernel_end,
		-j->k->paddr_offset) < 0 ||
	    xg_write_file(j, &j->ramdisk, p->ramdisk_pfn) < 0 ||
	    xg_each_window(j, p->p2m_pfn, p->p2m_pages, "p2m", fill_p2m,
		NULL) < 0)
		return -1;
	/* start_info and the two rings lie together. */
	if (xg_zero_pages(j, p->start_info_pfn, 3, "rings") < 0)
		return -1;
	return xg_zero_pages(j, p->stack_pfn, 1, "stack");
}

static int
run(struct builder *w)
{
	xc_interface *xch = w->j->xch;
	uint32_t domid = w->j->b->domid;
	struct xc_domaininfo info;

	if (xc_domain_getinfo(xch, domid, &info) < 0)
		return xg_xen_fail(w->j, "domain");
	if (xc_domain_set_address_size(xch, domid, 64) < 0)
		return xg_xen_fail(w->j, "address size");
	if (fill_memory(w) < 0 || page_tables(w) < 0 ||
	    start_info(w, info.shared_info_frame) < 0)
		return -1;
	if (xc_pin_table(xch, domid, 4, w->p2m[w->plan.pt_pfn]) < 0)
		return xg_xen_fail(w->j, "page tables");
	if (shared_info(w, info.shared_info_frame) < 0 ||
	    hypercall_page(w) < 0 || first_vcpu(w) < 0)
		return -1;
	return xg_seed_grants(w->j, w->p2m[w->plan.store_pfn],
	    w->p2m[w->plan.console_pfn]);
}

int
xg_pv(struct xg_job *j, struct xg_built *out)
{
	struct builder w = { .j = j, .p2m = j->m->p2m };

	if (xg_plan_pv(j->k, j->m->nr_pages, j->ramdisk.size, &w.plan,
		j->e) < 0 || run(&w) < 0)
		return -1;
	out->nr_pages = w.plan.nr_pages;
	out->store_frame = w.p2m[w.plan.store_pfn];
	out->console_frame = w.p2m[w.plan.console_pfn];
	return 0;
}
