/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kernels made here: well-formed ones of both ELF classes, packed in every way
 * that Linux knows, and bzImages around them. Tests spoil them, fuzzing begins
 * with them; no binary is kept.
 */
#ifndef XG_IMAGE_H
#define XG_IMAGE_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#define XGI_BASE 0xffffffff80000000ull

/* Program headers: 0 the kernel, 1 its notes, 2 and 3 PT_NULL, for tests. */
struct xgi64 {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[4];
	Elf64_Shdr sh[2];
	uint8_t notes[512];
	uint8_t text[8192];
};

struct xgi32 {
	Elf32_Ehdr eh;
	Elf32_Phdr ph[4];
	uint8_t notes[512];
	uint8_t text[8192];
};

/* A PV and PVH kernel of 3 MiB at 1 MiB. */
void xgi_make64(struct xgi64 *im);
/* One like hvmloader: no note at all. */
void xgi_make32(struct xgi32 *im);
/* Makes the notes of im be this one, in a header that may lie. */
void xgi_one_note(struct xgi64 *im, uint32_t namesz, uint32_t descsz,
    uint32_t type, const char *name, const void *desc, size_t size);

/* gzip, bzip2, xz, lzma, lz4, zstd, lzop; NULL ends. */
extern const char *const xgi_packers[];
/* As a kernel's build packs: the stream, and for all but gzip the size behind
 * it. Bytes of out, 0 = more than max. */
size_t xgi_pack(const char *how, const void *in, size_t n, uint8_t *out,
    size_t max);
/* What spoils a stream's memory need: an xz or lzma dictionary of that size. */
size_t xgi_pack_dict(const char *how, uint32_t dict, const void *in, size_t n,
    uint8_t *out, size_t max);
/* A bzImage with this payload; setup_sects is 1. */
#define XGI_SETUP 1024
size_t xgi_bzimage(const void *payload, size_t n, uint8_t *out, size_t max);

#endif
