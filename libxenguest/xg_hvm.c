/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Carries out the plan of a PVH or HVM domain through libxenctrl. */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/hvm/params.h>

#include "xg_hvm.h"

struct builder {
	struct xg_job *j;
	const struct xg_hvm_layout *l;
	struct xg_hvm_plan plan;
	/* What goes with the kernel. */
	const struct xg_file *module;
	/* ACPI tables as they will lie at XG_PFN_ACPI. */
	uint8_t tables[XG_ACPI_PAGES_MAX * XC_PAGE_SIZE];
	uint64_t rsdp;
};

/* --- memory with a meaning ------------------------------------------------ */

/* Rings begin empty. Processors that cannot run unpaged guests use an identity
 * mapping of 4 GiB in pages of 4 MiB instead. */
static int
special_pages(struct builder *w)
{
	size_t n = XG_PFN_SPECIAL_END - w->l->special_pfn;
	uint8_t *mem = xg_map(w->j, w->l->special_pfn, n);
	uint32_t *ident;

	if (mem == NULL)
		return xg_xen_fail(w->j, "special pages");
	memset(mem, 0, n * XC_PAGE_SIZE);
	ident = (uint32_t *)(void *)(mem +
	    (XG_PFN_IDENT_PT - w->l->special_pfn) * XC_PAGE_SIZE);
	/* Present, writable, user, accessed, dirty, 4 MiB. */
	for (uint32_t i = 0; i < 1024; i++)
		ident[i] = i << 22 | 0xe7;
	xg_unmap(w->j, w->l->special_pfn, mem, n);
	return 0;
}

static int
make_tables(struct builder *w)
{
	if (w->l->acpi_pages > 0 &&
	    xg_acpi_tables(w->j->b, &w->j->m->nodes,
		(uint64_t)XG_PFN_ACPI << XC_PAGE_SHIFT, w->tables,
		w->l->acpi_pages * XC_PAGE_SIZE, &w->rsdp) == 0)
		return xg_fail(w->j->e, ENOSPC, "%u vCPUs need more room for "
		    "ACPI tables than there is", w->j->b->max_vcpus);
	return 0;
}

static int
write_tables(struct builder *w)
{
	uint64_t base = (uint64_t)XG_PFN_ACPI << XC_PAGE_SHIFT;
	uint8_t page[XC_PAGE_SIZE] = { 0 };

	for (uint64_t i = 0; i < w->l->acpi_pages; i++)
		if (xg_write_page(w->j, XG_PFN_ACPI + i,
			w->tables + i * XC_PAGE_SIZE, "ACPI tables") < 0)
			return -1;
	if (!w->plan.rsdp_low)
		return 0;
	/* The root pointer once more, where old kernels look for it. */
	memcpy(page + (w->plan.rsdp & (XC_PAGE_SIZE - 1)),
	    w->tables + (w->rsdp - base), XG_RSDP_SIZE);
	return xg_write_page(w->j, w->plan.rsdp >> XC_PAGE_SHIFT, page,
	    "ACPI tables");
}

static int
fill_start_info(struct xg_job *j, const void *arg, uint8_t *mem, uint64_t at,
    size_t n)
{
	const struct builder *w = arg;

	(void)at;
	memset(mem, 0, n * XC_PAGE_SIZE);
	xg_hvm_start_info(j->b, w->l, &w->plan, w->module->size, mem);
	return 0;
}

static int
fill_memory(struct builder *w)
{
	const struct xg_hvm_plan *p = &w->plan;
	uint8_t page[XC_PAGE_SIZE] = { 0 };
	struct xg_job *j = w->j;

	if (xg_write_kernel(j, p->kernel_pfn, p->kernel_end, p->shift) < 0 ||
	    xg_write_file(j, w->module, p->module_pfn) < 0 ||
	    xg_each_window(j, p->info_pfn, p->info_pages, "start info",
		fill_start_info, w) < 0 ||
	    special_pages(w) < 0 || write_tables(w) < 0)
		return -1;
	if (j->b->type != XG_HVM)
		return 0;
	xg_hvm_info_table(j->b, w->l, page);
	return xg_write_page(j, XG_PFN_HVM_INFO, page, "hvm_info");
}

/* --- what Xen is told ----------------------------------------------------- */

struct param {
	uint32_t index;
	uint64_t value;
};

static int
set_params(struct builder *w, const struct param *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (xc_hvm_param_set(w->j->xch, w->j->b->domid, p[i].index,
			p[i].value) < 0)
			return xg_xen_fail(w->j, "parameters");
	return 0;
}

static int
parameters(struct builder *w)
{
	const struct xg_build *b = w->j->b;
	const struct param every[] = {
		{ HVM_PARAM_STORE_PFN, XG_PFN_STORE },
		{ HVM_PARAM_STORE_EVTCHN, b->store_port },
		{ HVM_PARAM_CONSOLE_PFN, XG_PFN_CONSOLE },
		{ HVM_PARAM_CONSOLE_EVTCHN, b->console_port },
		{ HVM_PARAM_PAGING_RING_PFN, XG_PFN_PAGING },
		{ HVM_PARAM_MONITOR_RING_PFN, XG_PFN_MONITOR },
		{ HVM_PARAM_SHARING_RING_PFN, XG_PFN_SHARING },
		{ HVM_PARAM_IDENT_PT,
		    (uint64_t)XG_PFN_IDENT_PT << XC_PAGE_SHIFT },
		{ HVM_PARAM_TIMER_MODE, b->timer_mode },
	};
	const struct param hvm[] = {
		{ HVM_PARAM_BUFIOREQ_PFN, XG_PFN_BUFIOREQ },
		{ HVM_PARAM_IOREQ_PFN, XG_PFN_IOREQ },
		{ HVM_PARAM_IOREQ_SERVER_PFN, XG_PFN_IOREQ_SERVER },
		{ HVM_PARAM_NR_IOREQ_SERVER_PAGES, XG_NR_IOREQ_SERVER },
		{ HVM_PARAM_HPET_ENABLED, (b->flags & XG_HPET) != 0 },
		{ HVM_PARAM_VPT_ALIGN, (b->flags & XG_VPT_ALIGN) != 0 },
		/* Can be said once, so only when there is something to say. */
		{ HVM_PARAM_VIRIDIAN, b->viridian },
	};

	if (set_params(w, every, sizeof(every) / sizeof(every[0])) < 0)
		return -1;
	if (b->type != XG_HVM)
		return 0;
	return set_params(w, hvm,
	    sizeof(hvm) / sizeof(hvm[0]) - (b->viridian == 0));
}

static int
run(struct builder *w)
{
	struct xg_job *j = w->j;

	if (fill_memory(w) < 0 || parameters(w) < 0)
		return -1;
	if (xc_set_memory_map(j->xch, j->b->domid, w->l->map, w->l->nr_map) < 0)
		return xg_xen_fail(j, "memory map");
	if (xg_first_vcpu(j, w->plan.entry,
		w->plan.info_pfn << XC_PAGE_SHIFT) < 0)
		return -1;
	return xg_seed_grants(j, XG_PFN_STORE, XG_PFN_CONSOLE);
}

int
xg_hvm(struct xg_job *j, struct xg_built *out)
{
	const struct xg_hvm_layout *l = j->m->layout;
	struct builder w = { .j = j, .l = l,
		.module = j->b->type == XG_HVM ? &j->firmware : &j->ramdisk };

	if (make_tables(&w) < 0 ||
	    xg_hvm_plan(j->b, l, j->k, w.module->size, w.rsdp, &w.plan,
		j->e) < 0 || run(&w) < 0)
		return -1;
	out->nr_pages = j->m->nr_pages;
	out->store_frame = XG_PFN_STORE;
	out->console_frame = XG_PFN_CONSOLE;
	return 0;
}
