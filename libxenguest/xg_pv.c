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

struct builder {
	struct xg_job *j;
	struct xg_plan plan;
	const struct xg_p2m *p2m;
	uint64_t shared_info_frame;
};

/* --- what the kernel reads first ------------------------------------------ */

static void
start_info(const struct builder *w, start_info_t *s)
{
	static const char magic[] = "xen-3.0-x86_64";
	const struct xg_plan *p = &w->plan;
	const struct xg_build *b = w->j->b;

	memcpy(s->magic, magic, sizeof(magic));
	s->nr_pages = p->nr_pages;
	s->shared_info = w->shared_info_frame << XC_PAGE_SHIFT;
	s->flags = SIF_VIRT_P2M_4TOOLS;
	s->store_mfn = xg_p2m_at(w->p2m, p->store_pfn);
	s->store_evtchn = b->store_port;
	s->console.domU.mfn = xg_p2m_at(w->p2m, p->console_pfn);
	s->console.domU.evtchn = b->console_port;
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
	if (b->cmdline != NULL)
		strncpy((char *)s->cmd_line, b->cmdline,
		    sizeof(s->cmd_line) - 1);
}

static int
shared_info(struct builder *w)
{
	uint64_t frame = w->shared_info_frame;
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
	c->ctrlreg[3] = xg_p2m_at(w->p2m, p->pt_pfn) << XC_PAGE_SHIFT;
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
	if (xc_domain_hypercall_init(w->j->xch, w->j->b->domid, xg_p2m_at(w->p2m, pfn)) < 0)
		return xg_xen_fail(w->j, "hypercall page");
	return 0;
}

/* --- memory --------------------------------------------------------------- */

/* From start_info to the stack: rings and stack are empty. */
static int
fill_low(struct xg_job *j, const void *arg, uint8_t *mem, uint64_t at, size_t n)
{
	const struct builder *w = arg;
	uint64_t pfn = w->plan.start_info_pfn + at;

	(void)j;
	for (size_t i = 0; i < n; i++, pfn++, mem += XC_PAGE_SIZE) {
		void *page = mem;

		if (xg_pv_is_table(&w->plan, pfn)) {
			xg_pv_table(&w->plan, w->p2m, pfn, page);
			continue;
		}
		memset(page, 0, XC_PAGE_SIZE);
		if (pfn == w->plan.start_info_pfn)
			start_info(w, page);
	}
	return 0;
}

/* The p2m, and its tables where it has its own. */
static int
fill_p2m(struct xg_job *j, const void *arg, uint8_t *mem, uint64_t at, size_t n)
{
	const struct builder *w = arg;
	const uint64_t each = XC_PAGE_SIZE / 8;

	(void)j;
	for (size_t i = 0; i < n; i++, at++, mem += XC_PAGE_SIZE) {
		uint64_t left = 0;
		void *page = mem;

		if (at >= w->plan.p2m_pages) {
			xg_pv_table(&w->plan, w->p2m, w->plan.p2m_pfn + at,
			    page);
			continue;
		}
		left = w->plan.nr_pages - at * each;
		left = left < each ? left : each;
		xg_p2m_read(w->p2m, at * each, left, page);
		memset(mem + left * 8, 0xff, XC_PAGE_SIZE - left * 8);
	}
	return 0;
}

static int
fill_parts(struct builder *w)
{
	const struct xg_plan *p = &w->plan;
	struct xg_job *j = w->j;

	if (xg_write_kernel(j, p->kernel_pfn, p->kernel_end,
		-j->k->paddr_offset) < 0 ||
	    xg_write_file(j, &j->ramdisk, p->ramdisk_pfn) < 0 ||
	    xg_each_window(j, p->p2m_pfn, p->p2m_pages + p->p2m_tables, "p2m",
		fill_p2m, w) < 0)
		return -1;
	return xg_each_window(j, p->start_info_pfn,
	    p->stack_pfn + 1 - p->start_info_pfn, "page tables", fill_low, w);
}

/* What a small guest has is mapped once. */
static int
fill_memory(struct builder *w)
{
	const struct xg_plan *p = &w->plan;
	int r;

	if (xg_hold(w->j, p->kernel_pfn, p->used - p->kernel_pfn, "memory") < 0)
		return -1;
	r = fill_parts(w);
	xg_release(w->j);
	return r;
}

/* --- the whole ------------------------------------------------------------ */

/* What it may grow to: a kernel that has no map takes what it has at start for
 * the most. */
static int
memory_map(struct builder *w)
{
	const struct xg_build *b = w->j->b;
	const struct xc_e820 ram = { .addr = 0,
		.size = (b->max_kib != 0 ? b->max_kib : b->memory_kib) << 10,
		.type = 1 /* RAM */ };

	if (xc_set_memory_map(w->j->xch, b->domid, &ram, 1) < 0)
		return xg_xen_fail(w->j, "memory map");
	return 0;
}

static int
run(struct builder *w)
{
	xc_interface *xch = w->j->xch;
	uint32_t domid = w->j->b->domid;
	struct xc_domaininfo info;

	if (xc_domain_getinfo(xch, domid, &info) < 0)
		return xg_xen_fail(w->j, "domain");
	w->shared_info_frame = info.shared_info_frame;
	if (memory_map(w) < 0 || fill_memory(w) < 0)
		return -1;
	if (xc_pin_table(xch, domid, 4, xg_p2m_at(w->p2m, w->plan.pt_pfn)) < 0)
		return xg_xen_fail(w->j, "page tables");
	if (shared_info(w) < 0 || hypercall_page(w) < 0 || first_vcpu(w) < 0)
		return -1;
	return xg_seed_grants(w->j, xg_p2m_at(w->p2m, w->plan.store_pfn),
	    xg_p2m_at(w->p2m, w->plan.console_pfn));
}

int
xg_pv(struct xg_job *j, struct xg_built *out)
{
	struct builder w = { .j = j, .p2m = j->m->p2m };

	if (xg_plan_pv(j->k, j->m->nr_pages, j->ramdisk.size, &w.plan,
		j->e) < 0 || run(&w) < 0)
		return -1;
	out->nr_pages = w.plan.nr_pages;
	out->store_frame = xg_p2m_at(w.p2m, w.plan.store_pfn);
	out->console_frame = xg_p2m_at(w.p2m, w.plan.console_pfn);
	return 0;
}
