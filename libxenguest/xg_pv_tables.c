/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the page tables of a plan hold. Arithmetic only; xg_pv.c writes them
 * where the plan has put them. Entries name machine frames.
 */
#include "config.h"

#include <string.h>

#include "xg_private.h"

/* Page table entry flags. */
#define L1_RW 0x23u
#define L1_RO 0x21u
#define UPPER 0x67u

#define L1_SHIFT 21u
#define L2_SHIFT 30u
#define L3_SHIFT 39u

/* A range that is mapped: its tables lie L3s, L2s, L1s behind each other. */
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
	struct range r = { .from = p->virt_base,
		.to = p->virt_end,
		.l3 = p->pt_l3,
		.l2 = p->pt_l2,
		.l1 = p->pt_l1,
		.pfn = 0,
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
		.l3 = p->p2m_l3,
		.l2 = p->p2m_l2,
		.l1 = p->p2m_l1,
		.pfn = p->p2m_pfn,
		.end_pfn = p->p2m_pfn + p->p2m_pages };

	r.l3_pfn = p->p2m_tables_pfn;
	r.l2_pfn = r.l3_pfn + r.l3;
	r.l1_pfn = r.l2_pfn + r.l2;
	return r;
}

static bool
within(uint64_t pfn, uint64_t first, uint64_t n)
{
	return pfn >= first && pfn - first < n;
}

bool
xg_pv_is_table(const struct xg_plan *p, uint64_t pfn)
{
	return within(pfn, p->pt_pfn, p->pt_pages) ||
	    within(pfn, p->p2m_tables_pfn, p->p2m_tables);
}

/*
 * Entries of an upper table that begins at the address base. Each covers
 * 2^shift bytes and points to one of the next level's tables, which lie from
 * next_pfn on; the first of them covers r->from.
 */
static void
upper_entries(const struct xg_p2m *p2m, uint64_t *table, uint64_t base,
    unsigned shift, const struct range *r, uint64_t next_pfn)
{
	uint64_t span = 1ull << shift;

	for (unsigned i = 0; i < 512; i++) {
		uint64_t va = base + i * span;

		if (va + (span - 1) < r->from || va >= r->to)
			continue;
		table[i] = xg_p2m_at(p2m,
			next_pfn + (va >> shift) - (r->from >> shift))
			<< XC_PAGE_SHIFT |
		    UPPER;
	}
}

static void
leaf_entries(const struct xg_plan *p, const struct xg_p2m *p2m, uint64_t *table,
    uint64_t base, const struct range *r)
{
	for (unsigned i = 0; i < 512; i++) {
		uint64_t va = base + ((uint64_t)i << XC_PAGE_SHIFT), pfn;

		if (va < r->from || va >= r->to)
			continue;
		pfn = r->pfn + ((va - r->from) >> XC_PAGE_SHIFT);
		if (pfn < r->end_pfn)
			table[i] = xg_p2m_at(p2m, pfn) << XC_PAGE_SHIFT |
			    (xg_pv_is_table(p, pfn) ? L1_RO : L1_RW);
	}
}

/* Both halves of the address space; the upper one is sign-extended. */
static void
top_entries(const struct xg_p2m *p2m, uint64_t *table, const struct range *r)
{
	const uint64_t upper = 0xffffull << 48;

	upper_entries(p2m, table, r->from & upper, L3_SHIFT, r, r->l3_pfn);
}

/* False: the table is not of this range. */
static bool
table_of(const struct xg_plan *p, const struct xg_p2m *p2m, const struct range *r,
    uint64_t pfn, uint64_t *table)
{
	const struct {
		uint64_t pfn, n;
		unsigned shift;
	} levels[] = { { r->l3_pfn, r->l3, L3_SHIFT },
		{ r->l2_pfn, r->l2, L2_SHIFT },
		{ r->l1_pfn, r->l1, L1_SHIFT } };

	for (unsigned i = 0; i < 3; i++) {
		unsigned shift = levels[i].shift;
		uint64_t base = r->from >> shift << shift;

		if (!within(pfn, levels[i].pfn, levels[i].n))
			continue;
		base += (pfn - levels[i].pfn) << shift;
		if (i == 2)
			leaf_entries(p, p2m, table, base, r);
		else
			upper_entries(p2m, table, base, levels[i + 1].shift, r,
			    levels[i + 1].pfn);
		return true;
	}
	return false;
}

void
xg_pv_table(const struct xg_plan *p, const struct xg_p2m *p2m, uint64_t pfn,
    uint64_t table[512])
{
	struct range first = first_range(p), apart = p2m_range(p);

	memset(table, 0, XC_PAGE_SIZE);
	if (pfn == p->pt_pfn) {
		top_entries(p2m, table, &first);
		if (!p->p2m_mapped)
			top_entries(p2m, table, &apart);
	} else if (!table_of(p, p2m, &first, pfn, table) && !p->p2m_mapped) {
		table_of(p, p2m, &apart, pfn, table);
	}
}
