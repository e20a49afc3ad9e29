/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where everything of a PV domain goes, for every kind of kernel and from the
 * smallest guest to 1 TiB; and the page tables of such a plan, walked address by
 * address as a processor would.
 */
#include "config.h"

#include <stdio.h>

#include "xg_expect.h"

#define KIB	   1024ull
#define GIB	   (1ull << 30)
#define PAGES(b)   ((b) >> 12)
#define SPAN(l)	   (1ull << (12 + 9 * (l)))
#define INIT_P2M   0x8000000000ull
#define PV	   (XG_HAS_XEN_3_0 | XG_HAS_ENTRY | XG_HAS_VIRT_BASE)
#define NEW	   (PV | XG_HAS_INIT_P2M | XG_HAS_MOD_START_PFN)
#define KERNEL_END ((1ull << 20) + 9 * MIB)

static struct xg_kernel
kernel(uint32_t has, uint64_t virt_base, uint64_t paddr_offset)
{
	struct xg_kernel k = { .fd = -1,
		.size = 1 << 20,
		.elf_class = 64,
		.has = has,
		.entry = virt_base + (1 << 20) + 16,
		.virt_base = virt_base,
		.paddr_offset = paddr_offset,
		.init_p2m = (has & XG_HAS_INIT_P2M) != 0 ? INIT_P2M : 0,
		.nsegments = 2,
		.segments = { { .paddr = paddr_offset + (1 << 20),
				  .memsz = 3 * MIB,
				  .filesz = 4096 },
		    { .paddr = paddr_offset + (4 << 20), .memsz = 6 * MIB } } };

	if (paddr_offset != 0)
		k.has |= XG_HAS_PADDR_OFFSET;
	ck_assert_int_eq(xg_kernel_check(&k, NULL), 0);
	return k;
}

static const uint64_t sizes[] = { 16 * MIB, 17 * MIB + 4096, 64 * MIB,
	128 * MIB, GIB, 4 * GIB, 5 * GIB + 12 * KIB, 64 * GIB, 512 * GIB,
	1024 * GIB };
static const uint64_t ramdisks[] = { 0, 1, 4096, 5000, 20 * MIB };
static const struct {
	uint32_t has;
	uint64_t virt_base, paddr_offset;
} kernels[] = {
	{ NEW, XGI_BASE, 0 },
	{ NEW | XG_HAS_PADDR_OFFSET, 0xffffffff80000000ull, 1ull << 30 },
	{ PV | XG_HAS_INIT_P2M, XGI_BASE, 0 },
	{ PV | XG_HAS_MOD_START_PFN, XGI_BASE, 0 },
	{ PV, XGI_BASE, 0 },
	/* Mini-OS, and old ones whose physical addresses are virtual. */
	{ PV, 0, 0 },
	{ PV, 0x40000000, 0x40000000 },
	{ NEW, 0xffff880000000000ull, 0 },
	{ PV, 0xffffff8000200000ull, 0 },
};

/* ---- the arithmetic ----------------------------------------------------------- */

static uint64_t
touched(uint64_t from, uint64_t to, unsigned level)
{
	uint64_t n = 0;

	for (uint64_t va = from & ~(SPAN(level) - 1); va < to && va >= (from &
	    ~(SPAN(level) - 1)); va += SPAN(level))
		n++;
	return n;
}

static void
apart(const char *what, uint64_t a, uint64_t an, uint64_t b, uint64_t bn)
{
	ck_assert_msg(an == 0 || bn == 0 || a + an <= b || b + bn <= a,
	    "%s: %#llx + %#llx and %#llx + %#llx", what,
	    (unsigned long long)a, (unsigned long long)an,
	    (unsigned long long)b, (unsigned long long)bn);
}

static void
nothing_overlaps(const struct xg_plan *p)
{
	const struct {
		const char *what;
		uint64_t pfn, n;
	} parts[] = { { "kernel", p->kernel_pfn, p->kernel_end - p->kernel_pfn },
		{ "ramdisk", p->ramdisk_pfn, p->ramdisk_pages },
		{ "p2m", p->p2m_pfn, p->p2m_pages },
		{ "p2m's tables", p->p2m_tables_pfn, p->p2m_tables },
		{ "start info", p->start_info_pfn, 1 },
		{ "store", p->store_pfn, 1 }, { "console", p->console_pfn, 1 },
		{ "tables", p->pt_pfn, p->pt_pages },
		{ "stack", p->stack_pfn, 1 } };

	for (size_t i = 0; i < XU_ARRAY_SIZE(parts); i++) {
		ck_assert_uint_le(parts[i].pfn + parts[i].n, p->used);
		for (size_t j = 0; j < i; j++)
			apart(parts[i].what, parts[i].pfn, parts[i].n,
			    parts[j].pfn, parts[j].n);
	}
	ck_assert_uint_le(p->used, p->nr_pages);
}

static void
mapped_as_it_must(const struct xg_plan *p)
{
	uint64_t end = (p->virt_end - p->virt_base) >> 12;

	ck_assert_uint_eq(p->virt_end % (4 * MIB), 0);
	/* Half a MiB to begin with behind the stack. */
	ck_assert_uint_ge(end, p->stack_pfn + 1 + 128);
	ck_assert_uint_le(end, p->stack_pfn + 1 + 128 + 1024);
	ck_assert_uint_eq(p->start_info_pfn + 1, p->store_pfn);
	ck_assert_uint_eq(p->store_pfn + 1, p->console_pfn);
	ck_assert_uint_eq(p->console_pfn + 1, p->pt_pfn);
	ck_assert_uint_eq(p->pt_pfn + p->pt_pages, p->stack_pfn);
	if (p->p2m_mapped)
		ck_assert_uint_eq(p->p2m_vaddr, xg_plan_va(p, p->p2m_pfn));
	else
		ck_assert_uint_ge(p->p2m_pfn, end);
	if (p->ramdisk_pages > 0 && !p->ramdisk_mapped)
		ck_assert_uint_ge(p->ramdisk_pfn, end);
	ck_assert_uint_eq(p->pt_l1, touched(p->virt_base, p->virt_end, 1));
	ck_assert_uint_eq(p->pt_l2, touched(p->virt_base, p->virt_end, 2));
	ck_assert_uint_eq(p->pt_l3, touched(p->virt_base, p->virt_end, 3));
	ck_assert_uint_ge(p->pt_pages, 1 + p->pt_l1 + p->pt_l2 + p->pt_l3);
	if (!p->p2m_mapped) {
		uint64_t to = p->p2m_vaddr + (p->p2m_pages << 12);

		ck_assert_uint_eq(p->p2m_vaddr, INIT_P2M);
		ck_assert_uint_eq(p->p2m_tables, touched(INIT_P2M, to, 1) +
		    touched(INIT_P2M, to, 2) + touched(INIT_P2M, to, 3));
	}
}

START_TEST(every_kernel_and_size)
{
	struct xg_kernel k = kernel(kernels[_i].has, kernels[_i].virt_base,
	    kernels[_i].paddr_offset);
	unsigned planned = 0;
	struct xg_error e;
	struct xg_plan p;

	for (size_t s = 0; s < XU_ARRAY_SIZE(sizes); s++)
		for (size_t r = 0; r < XU_ARRAY_SIZE(ramdisks); r++) {
			memset(&e, 0, sizeof(e));
			if (xg_plan_pv(&k, PAGES(sizes[s]), ramdisks[r], &p,
				&e) < 0) {
				ck_assert_msg(one_line(e.msg), "%s", e.msg);
				continue;
			}
			planned++;
			ck_assert_uint_eq(p.nr_pages, PAGES(sizes[s]));
			ck_assert_uint_eq(p.kernel_pfn, 256);
			ck_assert_uint_eq(p.kernel_end, PAGES(KERNEL_END));
			ck_assert_uint_eq(p.p2m_pages,
			    PAGES(PAGES(sizes[s]) * 8 + 4095));
			ck_assert_uint_eq(p.ramdisk_pages,
			    PAGES(ramdisks[r] + 4095));
			ck_assert_int_eq(p.ramdisk_mapped,
			    (k.has & XG_HAS_MOD_START_PFN) == 0);
			ck_assert_int_eq(p.p2m_mapped,
			    (k.has & XG_HAS_INIT_P2M) == 0);
			nothing_overlaps(&p);
			mapped_as_it_must(&p);
		}
	/* A ramdisk of 20 MiB does not fit into 16 and 17; all else must. */
	ck_assert_uint_ge(planned, 5 * 7 + 2 * 4);
	if ((k.has & XG_HAS_INIT_P2M) != 0)
		ck_assert_uint_eq(planned, 5 * 10 - 2);
}
END_TEST

/* What is refused, and in which words. */
START_TEST(limits_of_kernels)
{
	struct xg_error e = { .msg = "" };
	struct xg_kernel k;
	struct xg_plan p;
#define REFUSED(pages, ramdisk, why, says)                                     \
	do {                                                                   \
		memset(&e, 0, sizeof(e));                                      \
		ck_assert_int_eq(xg_plan_pv(&k, pages, ramdisk, &p, &e), -1);  \
		ck_assert_int_eq(errno, why);                                  \
		ck_assert_str_eq(e.msg, says);                                 \
	} while (0)

	k = kernel(NEW, XGI_BASE, 0);
	REFUSED(1024, 0, ENOMEM, "the kernel needs 10 MiB; the guest has 4 MiB");
	REFUSED(2563, 0, ENOMEM, "kernel, ramdisk and page tables need 13 MiB; "
				 "the guest has 10 MiB");
	REFUSED(4096, 16 * MIB, ENOMEM, "kernel, ramdisk and page tables need "
					"29 MiB; the guest has 16 MiB");
	/* 1 TiB has a p2m of 2 GiB: no room in the last 2 GiB of addresses. */
	k = kernel(PV, XGI_BASE, 0);
	REFUSED(PAGES(1024 * GIB), 0, EINVAL,
	    "2062 MiB do not fit behind the kernel's address "
	    "0xffffffff80000000");
	ck_assert_int_eq(xg_plan_pv(&k, PAGES(512 * GIB), 0, &p, &e), 0);
	/* Addresses that are Xen's, or nobody's. */
	k = kernel(NEW, 0xffff800000000000ull, 0);
	REFUSED(16384, 0, EINVAL, "the kernel wants to be at "
	    "0xffff800000000000, which no guest may map");
	k = kernel(NEW, 0x800000000000ull, 0);
	REFUSED(16384, 0, EINVAL, "the kernel wants to be at "
	    "0x800000000000, which no guest may map");
	k = kernel(NEW, 0x7fffffc00000ull, 0);
	REFUSED(16384, 0, EINVAL, "the kernel wants to be at "
	    "0x7fffffc00000, which no guest may map");
	k = kernel(NEW, 0xfffffffffff00000ull, 0);
	REFUSED(16384, 0, EINVAL, "the entry point 0x10 is not in the kernel");
	k.entry = UINT64_MAX;
	REFUSED(16384, 0, EINVAL,
	    "the entry point 0xffffffffffffffff is not in the kernel");
	k = kernel(NEW, XGI_BASE, 0);
	k.entry = XGI_BASE + KERNEL_END;
	REFUSED(16384, 0, EINVAL,
	    "the entry point 0xffffffff80a00000 is not in the kernel");
	k = kernel(NEW, XGI_BASE + 8, 0);
	REFUSED(16384, 0, EINVAL, "its VIRT_BASE is not page aligned");
	k = kernel(NEW, XGI_BASE, 0);
	k.paddr_offset = 8 * MIB;
	REFUSED(16384, 0, EINVAL, "the kernel lies below its own PADDR_OFFSET");
	k = kernel(NEW, XGI_BASE, 0);
	k.required = 1u << 11;
	REFUSED(16384, 0, ENOTSUP, "this kernel requires a feature a PV guest "
				   "does not get (0x800)");
	k = kernel(NEW, XGI_BASE, 0);
	k.elf_class = 32;
	REFUSED(16384, 0, ENOTSUP,
	    "a 32-bit kernel; PV guests run 64-bit ones only");
	k = kernel(NEW & ~XG_HAS_ENTRY, XGI_BASE, 0);
	REFUSED(16384, 0, ENOTSUP, "this kernel has no Xen PV entry (its ELF "
	    "notes lack XEN_VERSION, ENTRY or VIRT_BASE)");
	k.has |= XG_HAS_PHYS32_ENTRY;
	REFUSED(16384, 0, ENOTSUP,
	    "this kernel runs as PVH or HVM, not as PV");
#undef REFUSED
}
END_TEST

/* A wish for the p2m that cannot be met puts it into the first mapping. */
START_TEST(wishes_for_the_p2m)
{
	static const uint64_t bad[] = { XGI_BASE, XGI_BASE + GIB,
		0xffffff8000000000ull, INIT_P2M + 8, 0xffff800000000000ull,
		0xffff87fffffff000ull, 0x7ffffffff000ull, 0x800000000000ull,
		UINT64_MAX & ~4095ull };
	static const uint64_t good[] = { 0, INIT_P2M, 0xffff880000000000ull,
		0x7fffffe00000ull, 0xffffff0000000000ull };
	struct xg_kernel k = kernel(NEW, XGI_BASE, 0);
	struct xg_error e = { .msg = "" };
	struct xg_plan p;

	for (size_t i = 0; i < XU_ARRAY_SIZE(bad); i++) {
		k.init_p2m = bad[i];
		ck_assert_int_eq(xg_plan_pv(&k, 16384, 0, &p, &e), 0);
		ck_assert_msg(p.p2m_mapped, "%zu", i);
		ck_assert_uint_eq(p.p2m_vaddr, xg_plan_va(&p, p.p2m_pfn));
		nothing_overlaps(&p);
	}
	for (size_t i = 0; i < XU_ARRAY_SIZE(good); i++) {
		k.init_p2m = good[i];
		ck_assert_int_eq(xg_plan_pv(&k, 16384, 0, &p, &e), 0);
		ck_assert_msg(!p.p2m_mapped, "%zu", i);
		ck_assert_uint_eq(p.p2m_vaddr, good[i]);
		nothing_overlaps(&p);
	}
}
END_TEST

/* ---- the tables -------------------------------------------------------------------- */

/* Machine frames in no order. */
static uint64_t
mfn_of(uint64_t pfn)
{
	return (pfn ^ 0x2a5) + 0x100000;
}

static uint64_t
pfn_of(uint64_t mfn)
{
	return (mfn - 0x100000) ^ 0x2a5;
}

struct walker {
	const struct xg_plan *p;
	const struct xg_p2m *p2m;
	/* The last table of each level, so that few are made twice. */
	uint64_t pfn[4], table[4][512];
	bool made[4];
};

static const uint64_t *
table_at(struct walker *w, unsigned level, uint64_t pfn)
{
	ck_assert(xg_pv_is_table(w->p, pfn));
	if (!w->made[level] || w->pfn[level] != pfn)
		xg_pv_table(w->p, w->p2m, pfn, w->table[level]);
	w->made[level] = true;
	w->pfn[level] = pfn;
	return w->table[level];
}

/* The leaf entry for an address, 0 = none. */
static uint64_t
walk(struct walker *w, uint64_t va)
{
	uint64_t pfn = w->p->pt_pfn, entry = 0;

	for (unsigned level = 4; level-- > 0;) {
		entry = table_at(w, level, pfn)[va >> (12 + 9 * level) & 511];
		if (entry == 0)
			return 0;
		ck_assert_uint_eq(entry >> 52, 0);
		if (level > 0)
			ck_assert_uint_eq(entry & 0xfff, 0x67);
		pfn = pfn_of(entry >> 12);
	}
	return entry;
}

static void
maps(struct walker *w, uint64_t va, uint64_t pfn)
{
	uint64_t entry = walk(w, va), flags;

	if (pfn >= w->p->nr_pages) {
		ck_assert_uint_eq(entry, 0);
		return;
	}
	flags = xg_pv_is_table(w->p, pfn) ? 0x21 : 0x23;
	ck_assert_msg(entry == (mfn_of(pfn) << 12 | flags),
	    "%#llx: %#llx, not pfn %#llx", (unsigned long long)va,
	    (unsigned long long)entry, (unsigned long long)pfn);
}

static void
walk_all(const struct xg_plan *p, const struct xg_p2m *p2m)
{
	static struct walker w;
	uint64_t end = p->p2m_vaddr + (p->p2m_pages << 12);

	memset(&w, 0, sizeof(w));
	w.p = p;
	w.p2m = p2m;
	for (uint64_t va = p->virt_base; va < p->virt_end; va += 4096)
		maps(&w, va, (va - p->virt_base) >> 12);
	ck_assert_uint_eq(walk(&w, p->virt_end), 0);
	if (p->virt_base != 0)
		ck_assert_uint_eq(walk(&w, p->virt_base - 4096), 0);
	if (p->p2m_mapped)
		return;
	for (uint64_t va = p->p2m_vaddr; va < end; va += 4096)
		maps(&w, va, p->p2m_pfn + ((va - p->p2m_vaddr) >> 12));
	ck_assert_uint_eq(walk(&w, end), 0);
	ck_assert_uint_eq(walk(&w, p->p2m_vaddr - 4096), 0);
}

/* Every table is referred to once, but for those that were counted too much. */
static void
no_table_is_lost(const struct xg_plan *p, const struct xg_p2m *p2m)
{
	uint64_t table[512], entries = 0;
	uint64_t l1 = p->pt_pfn + 1 + p->pt_l3 + p->pt_l2;
	uint64_t p2m_l1 = p->p2m_tables_pfn + p->p2m_l3 + p->p2m_l2;

	for (uint64_t pfn = p->pt_pfn; pfn < l1; pfn++) {
		xg_pv_table(p, p2m, pfn, table);
		for (unsigned i = 0; i < 512; i++)
			entries += table[i] != 0;
	}
	for (uint64_t pfn = p->p2m_tables_pfn; pfn < p2m_l1; pfn++) {
		xg_pv_table(p, p2m, pfn, table);
		for (unsigned i = 0; i < 512; i++)
			entries += table[i] != 0;
	}
	ck_assert_uint_eq(entries, p->pt_l1 + p->pt_l2 + p->pt_l3 +
	    p->p2m_tables);
}

START_TEST(tables)
{
	struct xg_kernel k = kernel(kernels[_i].has, kernels[_i].virt_base,
	    kernels[_i].paddr_offset);
	struct xg_error e = { .msg = "" };
	struct xg_plan p;

	const uint64_t most = _i == 0 || _i == 4 ? 5 * GIB + MIB : GIB;

	for (size_t s = 0; sizes[s] <= most; s++) {
		uint64_t n = PAGES(sizes[s]);
		struct xg_p2m *p2m = xg_p2m_new(n);

		for (uint64_t i = 0; i < n; i++)
			ck_assert_int_eq(xg_p2m_set(p2m, i, mfn_of(i), 1), 0);
		ck_assert_msg(xg_plan_pv(&k, n, 5000, &p, &e) == 0, "%s",
		    e.msg);
		walk_all(&p, p2m);
		no_table_is_lost(&p, p2m);
		xg_p2m_free(p2m);
	}
}
END_TEST

/* Runs of any length, told in any order and cut anywhere, give what a flat array
 * would. */
START_TEST(frames)
{
	static const uint64_t lengths[] = { 512, 1, 511, 512 * 3, 100, 513,
		1 << 18, 7, 512, 412, 2048 };
	const size_t n = XU_ARRAY_SIZE(lengths);
	uint64_t from[XU_ARRAY_SIZE(lengths)], total = 0, got[1000];
	struct xg_p2m *p2m;

	for (size_t i = 0; i < n; i++) {
		from[i] = total;
		total += lengths[i];
	}
	p2m = xg_p2m_new(total);
	for (size_t i = 0; i < n; i++) {
		size_t k = i * 7 % n;

		ck_assert_int_eq(xg_p2m_set(p2m, from[k], (k + 1) << 30,
			lengths[k]), 0);
	}
	for (size_t k = 0; k < n; k++)
		for (uint64_t i = 0; i < lengths[k]; i++)
			ck_assert_uint_eq(xg_p2m_at(p2m, from[k] + i),
			    ((k + 1) << 30) + i);
	xg_p2m_read(p2m, 500, 1000, got);
	for (uint64_t i = 0; i < 1000; i++)
		ck_assert_uint_eq(got[i], xg_p2m_at(p2m, 500 + i));
	xg_p2m_free(p2m);
	xg_p2m_free(NULL);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("plans of PV domains");
	TCase *t = tcase_create("all");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, every_kernel_and_size, 0,
	    (int)XU_ARRAY_SIZE(kernels));
	tcase_add_test(t, frames);
	tcase_add_test(t, limits_of_kernels);
	tcase_add_test(t, wishes_for_the_p2m);
	tcase_add_loop_test(t, tables, 0, (int)XU_ARRAY_SIZE(kernels));
	suite_add_tcase(s, t);
	return run_suite(s);
}
