/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of PVH and HVM domains offer each other. */
#ifndef XG_HVM_H
#define XG_HVM_H

#include "xg_private.h"

#define XG_HVM_MAX_VCPUS 128u

/* --- xg_hvm_plan.c: arithmetic only --------------------------------------- */

/*
 * Frames with a meaning of their own, where every toolstack has them, so that a
 * guest may go from one to another: 8 for device models (HVM) below 8 others.
 */
enum xg_special {
	XG_PFN_IOREQ_SERVER = 0xfeff0,
	XG_PFN_PAGING = 0xfeff8,
	XG_PFN_MONITOR,
	XG_PFN_SHARING,
	XG_PFN_BUFIOREQ,
	XG_PFN_STORE,
	XG_PFN_IOREQ,
	XG_PFN_IDENT_PT,
	XG_PFN_CONSOLE,
	XG_PFN_SPECIAL_END
};
#define XG_NR_IOREQ_SERVER 8u
/* PVH: ACPI tables; also where its hole below 4 GiB begins. */
#define XG_PFN_ACPI	   0xfc000u
/* The tables of 128 vCPUs fit. */
#define XG_ACPI_PAGES	   2u
/* With those of virtual NUMA. */
#define XG_ACPI_PAGES_MAX  3u
/* HVM: no RAM where a display adapter's memory is. */
#define XG_PFN_VGA	   0xa0u
#define XG_PFN_VGA_END	   0xc0u

struct xg_run {
	uint64_t pfn, end;
};

/* Where the memory is; follows from the order alone. */
struct xg_hvm_layout {
	/* RAM, ascending; the last may begin at 4 GiB. */
	struct xg_run ram[3];
	uint32_t nr_ram;
	/* Of all runs; what the domain gets of it, less with on_demand. */
	uint64_t ram_pages, target_pages;
	bool on_demand;
	/* End of RAM below 4 GiB; of RAM above, 0 = none. */
	uint64_t low_end, high_end;
	/* Special frames special_pfn..XG_PFN_SPECIAL_END - 1. */
	uint64_t special_pfn;
	/* 0 = none. */
	uint64_t acpi_pages;
	/* What the guest is told. */
	struct xc_e820 map[4];
	uint32_t nr_map;
};
int xg_hvm_layout(const struct xg_build *b, struct xg_hvm_layout *l,
    struct xg_error *e);

/* Where a kernel and what goes with it lie. */
struct xg_hvm_plan {
	uint64_t kernel_pfn, kernel_end;
	/* Added (modulo 2^64) to the kernel's addresses. */
	uint64_t shift;
	uint64_t entry;
	/* Ramdisk or firmware; 0 pages = none. */
	uint64_t module_pfn, module_pages;
	/* hvm_start_info and what it points to. */
	uint64_t info_pfn, info_pages;
	/* Address of the ACPI root pointer, and whether it is in low memory apart
	 * from the tables. 0 = no ACPI. */
	uint64_t rsdp;
	bool rsdp_low;
};
/* rsdp: where the tables have it. */
int xg_hvm_plan(const struct xg_build *b, const struct xg_hvm_layout *l,
    const struct xg_kernel *k, uint64_t module_size, uint64_t rsdp,
    struct xg_hvm_plan *p, struct xg_error *e);

/* hvm_start_info as it lies at info_pfn: info_pages pages, zeroed before. */
void xg_hvm_start_info(const struct xg_build *b, const struct xg_hvm_layout *l,
    const struct xg_hvm_plan *p, uint64_t module_size, uint8_t *out);
/* The page at XG_PFN_HVM_INFO, zeroed before, in which hvmloader finds its
 * table. */
#define XG_PFN_HVM_INFO 0x9fu
void xg_hvm_info_table(const struct xg_build *b, const struct xg_hvm_layout *l,
    uint8_t *page);
uint32_t xg_nr_vcpus(const struct xg_build *b);
bool xg_is_online(const struct xg_build *b, uint32_t vcpu);

/* --- xg_acpi.c ------------------------------------------------------------ */

#define XG_RSDP_SIZE 36u
/*
 * The tables as they lie at address base (nodes: of the memory, n 0 = one); room is what buf (zeroed) has.
 * Returns the bytes used, 0 when they do not fit. *rsdp is the address of the
 * root pointer, the last thing of them.
 */
size_t xg_acpi_tables(const struct xg_build *b, const struct xg_nodes *nodes,
    uint64_t base, uint8_t *buf, size_t room, uint64_t *rsdp);

/* --- xg_vcpu.c ------------------------------------------------------------ */

/*
 * The context in which vCPU 0 begins at entry with info in ebx: from has what
 * Xen says of the domain now (its header is needed, for PVH its MTRRs too).
 * Returns the bytes put into out, 0 when from is not as expected or room is too
 * small.
 */
size_t xg_vcpu_context(const struct xg_blob *from, bool mtrrs, uint64_t entry,
    uint64_t info, uint8_t *out, size_t room);
int xg_first_vcpu(struct xg_job *j, uint64_t entry, uint64_t info);

#endif
