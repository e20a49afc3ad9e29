/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What only a PV guest does: start_info, its own page tables (writable only
 * through Xen), the p2m that the toolstack needs to save it, and suspend.
 */
#include "hypercall.h"

#include <xen/sched.h>
#include <xen/version.h>

#define PTE_RW 0x63UL	 /* present, writable, accessed, dirty */
#define PTE_RO 0x61UL
#define PTE_TABLE 0x67UL
#define PTE_FRAME(e) (((e) & 0x000ffffffffff000UL) / TINY_PAGE)
#define PER_TABLE 512UL

static struct start_info *si;
static uint64_t *p2m;
static const uint64_t *const m2p = (const uint64_t *)MACH2PHYS_VIRT_START;
/* The tree form of the p2m: the list of lists is a page of its own. */
static uint64_t list_list[PER_TABLE] __attribute__((aligned(4096)));
static void *spare[3]; /* mapped pages to make page tables of */

void pv_start(struct start_info *info);

static uint64_t
to_mfn(const void *va)
{
	uint64_t pfn = (uint64_t)va / TINY_PAGE;

	/* Only the p2m can lie beyond memory's own mapping: INIT_P2M. */
	if (pfn >= plat.nr_pages)
		pfn = si->first_p2m_pfn +
		    ((uint64_t)va - (uint64_t)p2m) / TINY_PAGE;
	return p2m[pfn];
}

static void
set_page(const void *va, uint64_t pte)
{
	if (hypercall4(__HYPERVISOR_update_va_mapping, (uint64_t)va, pte,
		UVMF_INVLPG | UVMF_LOCAL, 0) != 0)
		panic("page at %lx cannot be mapped", (uint64_t)va);
}

static void
set_entry(const uint64_t *table, uint64_t slot, uint64_t pte)
{
	struct mmu_update update = {
		.ptr = to_mfn(table) * TINY_PAGE + slot * sizeof(*table),
		.val = pte,
	};

	if (hypercall4(__HYPERVISOR_mmu_update, (uint64_t)&update, 1, 0,
		DOMID_SELF) != 0)
		panic("page table entry %lu cannot be set", slot);
}

/* The table that an entry points to; a new one if there is none. */
static uint64_t *
table_below(const uint64_t *table, uint64_t slot, bool *fresh)
{
	uint64_t *new = NULL;

	*fresh = false;
	if ((table[slot] & 1) != 0)
		return (uint64_t *)(m2p[PTE_FRAME(table[slot])] * TINY_PAGE);
	for (size_t i = 0; i < ARRAY_LEN(spare) && new == NULL; i++) {
		new = spare[i];
		spare[i] = NULL;
	}
	if (new == NULL)
		return NULL;
	*fresh = true;
	return new;
}

/* Hook a table, filled, into the one above it: from now on read-only. */
static void
hook(const uint64_t *above, uint64_t slot, const uint64_t *table)
{
	set_page(table, to_mfn(table) * TINY_PAGE | PTE_RO);
	set_entry(above, slot, to_mfn(table) * TINY_PAGE | PTE_TABLE);
}

static void
fill_spares(void)
{
	for (size_t i = 0; i < ARRAY_LEN(spare); i++)
		if (spare[i] == NULL)
			spare[i] = mem_page();
}

static bool
pv_map_page(uint64_t pfn)
{
	const uint64_t *l4 = (const uint64_t *)si->pt_base, *l3, *l2;
	uint64_t *l1, base = pfn & ~(PER_TABLE - 1);
	bool new3, new2, new1;

	l3 = table_below(l4, pfn >> 27 & 511, &new3);
	if (l3 == NULL)
		return false;
	if (new3)
		hook(l4, pfn >> 27 & 511, l3);
	l2 = table_below(l3, pfn >> 18 & 511, &new2);
	if (l2 == NULL)
		return false;
	if (new2)
		hook(l3, pfn >> 18 & 511, l2);
	l1 = table_below(l2, pfn >> 9 & 511, &new1);
	if (l1 == NULL)
		return false;
	if (new1) {
		for (uint64_t i = 0; i < PER_TABLE; i++)
			l1[i] = base + i < plat.nr_pages ?
			    p2m[base + i] * TINY_PAGE | PTE_RW : 0;
		hook(l2, pfn >> 9 & 511, l1);
		fill_spares();
	} else if ((l1[pfn & 511] & 1) == 0) {
		set_page((void *)(pfn * TINY_PAGE),
		    p2m[pfn] * TINY_PAGE | PTE_RW);
	}
	return true;
}

/* Tell the toolstack where the p2m is, in both forms. */
static void
publish_p2m(void)
{
	bool tree = cmdline_word("p2m") != NULL &&
	    value_is(cmdline_word("p2m"), "tree");

	shared->arch.max_pfn = plat.nr_pages;
	shared->arch.pfn_to_mfn_frame_list_list = to_mfn(list_list);
	shared->arch.p2m_vaddr = (uint64_t)p2m;
	shared->arch.p2m_cr3 = tree ? 0 :
	    to_mfn((void *)si->pt_base) * TINY_PAGE;
}

/* The frames of the p2m, and the lists of them; again after each resume. */
static void
fill_p2m_tree(void)
{
	static uint64_t *lists[8]; /* each covers 1 GiB */

	for (uint64_t pfn = 0; pfn < plat.nr_pages; pfn += PER_TABLE) {
		uint64_t n = pfn / PER_TABLE, i = n / PER_TABLE;

		if (i >= ARRAY_LEN(lists))
			return;
		if (lists[i] == NULL)
			lists[i] = mem_page();
		if (lists[i] == NULL)
			panic("no page for the p2m tree");
		lists[i][n % PER_TABLE] = to_mfn(&p2m[pfn]);
		list_list[i] = to_mfn(lists[i]);
	}
}

static void
map_shared(void)
{
	set_page(shared_page, si->shared_info | PTE_RW);
	shared = (struct shared_info *)shared_page;
	publish_p2m();
}

static void
take_rings(void)
{
	plat.console_ring = (void *)(m2p[si->console.domU.mfn] * TINY_PAGE);
	plat.store_ring = (void *)(m2p[si->store_mfn] * TINY_PAGE);
	plat.console_port = si->console.domU.evtchn;
	plat.store_port = si->store_evtchn;
}

static bool
pv_suspend(void)
{
	struct sched_shutdown how = { .reason = SHUTDOWN_suspend };
	bool cancelled;

	/* Saved as frame numbers of the guest: the toolstack translates. */
	si->store_mfn = m2p[si->store_mfn];
	si->console.domU.mfn = m2p[si->console.domU.mfn];
	set_page(shared_page, to_mfn(shared_page) * TINY_PAGE | PTE_RW);
	cancelled = hypercall4(__HYPERVISOR_sched_op, SCHEDOP_shutdown,
	    (uint64_t)&how, to_mfn(si), 0) != 0;
	if (cancelled) {
		si->store_mfn = p2m[si->store_mfn];
		si->console.domU.mfn = p2m[si->console.domU.mfn];
	}
	fill_p2m_tree();
	map_shared();
	take_rings();
	return cancelled;
}

static uint64_t
pv_fault_address(void)
{
	return shared->vcpu_info[0].arch.cr2;
}

static void
set_traps(void)
{
	static struct trap_info traps[NR_TRAPS + 1]; /* the last is the end */

	for (unsigned int i = 0; i < NR_TRAPS; i++) {
		traps[i].vector = (uint8_t)i;
		traps[i].flags = 4; /* no events while it runs */
		traps[i].cs = FLAT_KERNEL_CS;
		traps[i].address =
		    (uint64_t)trap_stubs_pv + i * TRAP_STUB_SIZE;
	}
	if (hypercall4(__HYPERVISOR_set_trap_table, (uint64_t)traps, 0, 0,
		0) != 0)
		panic("no trap table");
}

static uint64_t
pages(uint64_t bytes)
{
	return (bytes + TINY_PAGE - 1) / TINY_PAGE;
}

static void
reserve_what_is_used(void)
{
	bool by_pfn = (si->flags & SIF_MOD_START_PFN) != 0;
	uint64_t table = pages(plat.nr_pages * sizeof(*p2m));

	mem_reserve((uint64_t)si / TINY_PAGE, 1);
	mem_reserve(m2p[si->store_mfn], 1);
	mem_reserve(m2p[si->console.domU.mfn], 1);
	mem_reserve(si->pt_base / TINY_PAGE, si->nr_pt_frames);
	if (si->mod_len > 0)
		mem_reserve(by_pfn ? si->mod_start : si->mod_start / TINY_PAGE,
		    pages(si->mod_len));
	if ((uint64_t)p2m < plat.nr_pages * TINY_PAGE)
		mem_reserve((uint64_t)p2m / TINY_PAGE, table);
	else /* mapped elsewhere: INIT_P2M */
		mem_reserve(si->first_p2m_pfn, si->nr_p2m_frames);
}

void
pv_start(struct start_info *info)
{
	hypercall_stub = hypercall_pv;
	si = info;
	p2m = (uint64_t *)si->mfn_list;
	plat = (struct platform) { .name = "pv", .nr_pages = si->nr_pages,
		.suspend = pv_suspend, .map_page = pv_map_page,
		.fault_address = pv_fault_address };
	si->cmd_line[MAX_GUEST_CMDLINE - 1] = '\0';
	cmdline_init((const char *)si->cmd_line);
	map_shared();
	take_rings();
	console_connect();
	set_traps();
	reserve_what_is_used();
	mem_init((uint64_t)image_end / TINY_PAGE, plat.nr_pages);
	fill_spares();
	fill_p2m_tree();
	tiny_main();
}
