/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of libxenguest offer each other. */
#ifndef XG_PRIVATE_H
#define XG_PRIVATE_H

#include "xenguest.h"

#define XG_API __attribute__((visibility("default")))

/* First cause wins; returns -1. */
int xg_fail(struct xg_error *e, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Bytes that somebody else wrote. */
struct xg_blob {
	const uint8_t *p;
	uint64_t size;
};
/* offset..offset+len is inside. */
bool xg_inside(const struct xg_blob *b, uint64_t offset, uint64_t len);
/* n bytes at offset, or NULL. */
const void *xg_at(const struct xg_blob *b, uint64_t offset, uint64_t len);

/*
 * xg_unpack.c: the ELF image of a file: itself, unpacked, or the payload of a
 * bzImage. *image is malloc'ed, or NULL when the file is the image.
 */
int xg_unpack(const struct xg_blob *file, const struct xg_limits *l,
    uint8_t **image, uint64_t *size, char packed[8], struct xg_error *e);

/* xg_elf.c: fills segments and notes. */
int xg_elf_examine(const struct xg_blob *image, struct xg_kernel *k,
    struct xg_error *e);
/* Consistency of the numbers; used on both sides of the wall. */
int xg_kernel_check(const struct xg_kernel *k, struct xg_error *e);

/* --- xg_plan.c: where everything goes; arithmetic only ------------------------ */

struct xg_plan {
	uint64_t nr_pages;
	/* Kernel: first pfn and the one behind; "virtual address of pfn 0". */
	uint64_t kernel_pfn, kernel_end;
	uint64_t virt_base;
	/* pfns; 0 pages = none. */
	uint64_t ramdisk_pfn, ramdisk_pages;
	bool ramdisk_mapped;
	uint64_t p2m_pfn, p2m_pages;
	bool p2m_mapped;
	/* Own tables of an unmapped p2m follow it. */
	uint64_t p2m_vaddr, p2m_tables_pfn, p2m_tables, p2m_l1, p2m_l2, p2m_l3;
	uint64_t start_info_pfn, store_pfn, console_pfn, stack_pfn;
	/* L4, then L3s, L2s, L1s. */
	uint64_t pt_pfn, pt_pages, pt_l1, pt_l2, pt_l3;
	/* End of the first mapping, virtual. */
	uint64_t virt_end;
	/* Last pfn used + 1. */
	uint64_t used;
};

int xg_plan_pv(const struct xg_kernel *k, uint64_t nr_pages,
    uint64_t ramdisk_size, struct xg_plan *p, struct xg_error *e);
static inline uint64_t
xg_plan_va(const struct xg_plan *p, uint64_t pfn)
{
	return p->virt_base + (pfn << 12);
}

#endif
