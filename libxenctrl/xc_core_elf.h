/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layout of a domain's core file: pure, no system call. */
#ifndef XC_CORE_ELF_H
#define XC_CORE_ELF_H

#include "xc_abi.h"

struct xc_core_elf {
	bool hvm;
	/* A 32-bit PV domain. */
	bool narrow;
	uint32_t nr_vcpus;
	uint64_t nr_pages;
	bool shared_info;
	/* From here on out: where things are, bytes from the start. */
	uint64_t prstatus, shinfo, pages, index, strtab, end;
};

#define XC_CORE_CONTEXT 5168u

/* Bytes of an entry of the index: {pfn, gmfn} or {pfn}. */
size_t xc_core_index_size(const struct xc_core_elf *e);
void xc_core_place(struct xc_core_elf *e);

/* Everything in front of the vCPUs' registers: ELF header, section headers,
 * notes. Returns its bytes (= e->prstatus), at most XC_CORE_HEAD. */
#define XC_CORE_HEAD 2048
size_t xc_core_head(const struct xc_core_elf *e, const struct xc_version *v,
    uint8_t out[XC_CORE_HEAD]);
/* The names of the sections, last in the file. */
const char *xc_core_names(size_t *len);

#endif
