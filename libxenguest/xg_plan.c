/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where everything of a PV domain goes. Arithmetic only: no Xen, no memory.
 * The order is the one every PV kernel has met: kernel, ramdisk, p2m, start_info,
 * store ring, console ring, page tables, boot stack, and at least 512 KiB of
 * mapped room behind, up to a multiple of 4 MiB.
 */
#include "config.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <xen/xen.h>

#include "xg_private.h"

#define PAGES(bytes) (((bytes) + XC_PAGE_SIZE - 1) >> XC_PAGE_SHIFT)
#define L1_SPAN	     (1ull << 21)
#define L2_SPAN	     (1ull << 30)
#define L3_SPAN	     (1ull << 39)

/* Tables of one level that [from, to) touches. */
static uint64_t
tables(uint64_t from, uint64_t to, uint64_t span)
{
	return (to - 1) / span - from / span + 1;
}

static int
kernel_range(const struct xg_kernel *k, struct xg_plan *p, struct xg_error *e)
{
	uint64_t low, high, pages, entry;

	xg_kernel_span(k, &low, &high);
	if (low < k->paddr_offset)
		return xg_fail(e, EINVAL,
		    "the kernel lies below its own PADDR_OFFSET");
	low -= k->paddr_offset;
	high -= k->paddr_offset;
	pages = PAGES(high);
	if (pages > p->nr_pages)
		return xg_fail(e, ENOMEM,
		    "the kernel needs %llu MiB; the guest has %llu MiB",
		    (unsigned long long)(pages >> 8),
		    (unsigned long long)(p->nr_pages >> 8));
	p->kernel_pfn = low >> XC_PAGE_SHIFT;
	p->kernel_end = pages;
	entry = k->entry - k->virt_base;
	if (k->entry < k->virt_base || entry < low || entry >= high)
		return xg_fail(e, EINVAL,
		    "the entry point %#llx is not in the kernel",
		    (unsigned long long)k->entry);
	return 0;
}

static int
check_kernel(const struct xg_kernel *k, struct xg_error *e)
{
	const uint32_t need = XG_HAS_XEN_3_0 | XG_HAS_ENTRY | XG_HAS_VIRT_BASE;

	if ((k->has & need) != need)
		return xg_fail(e, ENOTSUP,
		    (k->has & XG_HAS_PHYS32_ENTRY) != 0
			? "this kernel runs as PVH or HVM, not as PV"
			: "this kernel has no Xen PV entry (its ELF notes lack "
			  "XEN_VERSION, ENTRY or VIRT_BASE)");
	if (k->elf_class != 64)
		return xg_fail(e, ENOTSUP,
		    "a 32-bit kernel; PV guests run 64-bit ones only");
	/* Bit 2 auto_translated_physmap, bit 11 dom0: not for a PV guest. */
	if ((k->required & (1u << 2 | 1u << 11)) != 0)
		return xg_fail(e, ENOTSUP,
		    "this kernel requires a feature a PV guest does not get "
		    "(%#x)", k->required);
	if ((k->virt_base & (XC_PAGE_SIZE - 1)) != 0 ||
	    (k->paddr_offset & (XC_PAGE_SIZE - 1)) != 0)
		return xg_fail(e, EINVAL, "its VIRT_BASE is not page aligned");
	return 0;
}

/* Addresses a PV guest may map: canonical, and outside of Xen's own part. */
static bool
mappable(uint64_t from, uint64_t to)
{
	return from < to &&
	    (to <= 1ull << 47 || from >= (uint64_t)HYPERVISOR_VIRT_END);
}

static int
too_small(const struct xg_plan *p, uint64_t need, struct xg_error *e)
{
	return xg_fail(e, ENOMEM,
	    "kernel, ramdisk and page tables need %llu MiB; the guest has "
	    "%llu MiB", (unsigned long long)((need + 255) >> 8),
	    (unsigned long long)(p->nr_pages >> 8));
}

/* The tables lie in what they map: grow until it is stable. */
static int
first_mapping(struct xg_plan *p, uint64_t next, struct xg_error *e)
{
	const uint64_t round = 4u << 20;
	uint64_t n = 4, bytes, end, need;

	p->pt_pfn = next;
	for (;;) {
		p->stack_pfn = p->pt_pfn + n;
		/* At most the guest's memory: no sum overflows but the last. */
		bytes = ((p->stack_pfn + 1) << XC_PAGE_SHIFT) + (512u << 10) +
		    round;
		if (__builtin_add_overflow(p->virt_base, bytes, &end))
			return xg_fail(e, EINVAL,
			    "%llu MiB do not fit behind the kernel's address "
			    "%#llx", (unsigned long long)(bytes >> 20),
			    (unsigned long long)p->virt_base);
		end = (end - 1) & ~(round - 1);
		p->pt_l1 = tables(p->virt_base, end, L1_SPAN);
		p->pt_l2 = tables(p->virt_base, end, L2_SPAN);
		p->pt_l3 = tables(p->virt_base, end, L3_SPAN);
		need = 1 + p->pt_l1 + p->pt_l2 + p->pt_l3;
		if (need <= n)
			break;
		n = need;
	}
	if (!mappable(p->virt_base, end))
		return xg_fail(e, EINVAL,
		    "the kernel wants to be at %#llx, which no guest may map",
		    (unsigned long long)p->virt_base);
	p->pt_pages = n;
	p->virt_end = end;
	return 0;
}

/* Kernel to stack. */
static int
lay_out(struct xg_plan *p, struct xg_error *e)
{
	uint64_t next = p->kernel_end;

	if (p->ramdisk_pages > 0 && p->ramdisk_mapped) {
		p->ramdisk_pfn = next;
		next += p->ramdisk_pages;
	}
	if (p->p2m_mapped) {
		p->p2m_pfn = next;
		p->p2m_vaddr = xg_plan_va(p, next);
		next += p->p2m_pages;
	}
	p->start_info_pfn = next++;
	p->store_pfn = next++;
	p->console_pfn = next++;
	if (next > p->nr_pages)
		return too_small(p, next, e);
	return first_mapping(p, next, e);
}

/* Whether the p2m may be where the kernel wants it: its tables hang in slots of
 * the L4 of their own. */
static bool
apart(const struct xg_plan *p, uint64_t from, uint64_t to)
{
	return (from & (XC_PAGE_SIZE - 1)) == 0 && mappable(from, to) &&
	    ((to - 1) / L3_SPAN < p->virt_base / L3_SPAN ||
		from / L3_SPAN > (p->virt_end - 1) / L3_SPAN);
}

/* Kernels that cannot have it there find it in their own mapping, which all
 * must be able to. */
static int
lay_out_with_p2m(const struct xg_kernel *k, struct xg_plan *p,
    struct xg_error *e)
{
	uint64_t to = 0;

	p->p2m_mapped = (k->has & XG_HAS_INIT_P2M) == 0 ||
	    __builtin_add_overflow(k->init_p2m,
		p->p2m_pages << XC_PAGE_SHIFT, &to);
	if (lay_out(p, e) < 0)
		return -1;
	if (p->p2m_mapped || apart(p, k->init_p2m, to))
		return 0;
	p->p2m_mapped = true;
	return lay_out(p, e);
}

static void
place_p2m_apart(const struct xg_kernel *k, struct xg_plan *p, uint64_t *next)
{
	uint64_t from = k->init_p2m, to = from + (p->p2m_pages << XC_PAGE_SHIFT);

	p->p2m_vaddr = from;
	p->p2m_pfn = *next;
	p->p2m_l1 = tables(from, to, L1_SPAN);
	p->p2m_l2 = tables(from, to, L2_SPAN);
	p->p2m_l3 = tables(from, to, L3_SPAN);
	p->p2m_tables_pfn = p->p2m_pfn + p->p2m_pages;
	p->p2m_tables = p->p2m_l1 + p->p2m_l2 + p->p2m_l3;
	*next = p->p2m_tables_pfn + p->p2m_tables;
}

int
xg_plan_pv(const struct xg_kernel *k, uint64_t nr_pages, uint64_t ramdisk_size,
    struct xg_plan *p, struct xg_error *e)
{
	uint64_t next;

	memset(p, 0, sizeof(*p));
	p->nr_pages = nr_pages;
	p->virt_base = k->virt_base;
	p->ramdisk_pages = PAGES(ramdisk_size);
	p->ramdisk_mapped = (k->has & XG_HAS_MOD_START_PFN) == 0;
	p->p2m_pages = PAGES(nr_pages * 8);
	if (check_kernel(k, e) < 0 || kernel_range(k, p, e) < 0 ||
	    lay_out_with_p2m(k, p, e) < 0)
		return -1;
	/* Behind the mapped room, or what the guest has of it. */
	p->used = p->stack_pfn + 1;
	next = (p->virt_end - p->virt_base) >> XC_PAGE_SHIFT;
	if (p->ramdisk_pages > 0 && !p->ramdisk_mapped) {
		p->ramdisk_pfn = next;
		next += p->ramdisk_pages;
		p->used = next;
	}
	if (!p->p2m_mapped) {
		place_p2m_apart(k, p, &next);
		p->used = next;
	}
	return p->used <= nr_pages ? 0 : too_small(p, p->used, e);
}
