/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ELF kernels of both classes: what is to be loaded where. Every byte is
 * somebody else's: all access goes through xg_at, every count is bounded, all
 * sums are checked (XSA-55).
 */
#include "config.h"

#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "xg_private.h"

#define MAX_PHDRS 128
#define MAX_SHDRS 1024
/* Above every physical address of an x86 processor so far. */
#define MAX_ADDRESS (1ull << 46)

int
xg_fail(struct xg_error *e, int errnum, const char *fmt, ...)
{
	va_list ap;

	errno = errnum;
	if (e == NULL || e->msg[0] != '\0')
		return -1;
	e->errnum = errnum;
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	return -1;
}

bool
xg_inside(const struct xg_blob *b, uint64_t offset, uint64_t len)
{
	return offset <= b->size && len <= b->size - offset;
}

const void *
xg_at(const struct xg_blob *b, uint64_t offset, uint64_t len)
{
	return xg_inside(b, offset, len) ? b->p + offset : NULL;
}

/* --- headers, of either class in the wide form ----------------------------- */

static void
wide_header(const Elf32_Ehdr *in, Elf64_Ehdr *out)
{
	memcpy(out->e_ident, in->e_ident, sizeof(out->e_ident));
	out->e_machine = in->e_machine;
	out->e_entry = in->e_entry;
	out->e_phoff = in->e_phoff;
	out->e_shoff = in->e_shoff;
	out->e_phentsize = in->e_phentsize;
	out->e_phnum = in->e_phnum;
	out->e_shentsize = in->e_shentsize;
	out->e_shnum = in->e_shnum;
}

static int
read_header(const struct xg_blob *image, Elf64_Ehdr *eh, struct xg_error *e)
{
	const unsigned char *ident = xg_at(image, 0, EI_NIDENT);
	const void *p;
	Elf32_Ehdr narrow;

	if (ident == NULL || memcmp(ident, ELFMAG, SELFMAG) != 0)
		return xg_fail(e, ENOEXEC, "what it holds is not an ELF image");
	if (ident[EI_CLASS] == ELFCLASS64) {
		p = xg_at(image, 0, sizeof(*eh));
		if (p != NULL)
			memcpy(eh, p, sizeof(*eh));
	} else {
		p = xg_at(image, 0, sizeof(narrow));
		if (p != NULL) {
			memcpy(&narrow, p, sizeof(narrow));
			wide_header(&narrow, eh);
		}
	}
	if (p == NULL)
		return xg_fail(e, EINVAL,
		    "truncated: an ELF header of %llu bytes",
		    (unsigned long long)image->size);
	if (ident[EI_DATA] != ELFDATA2LSB ||
	    !((ident[EI_CLASS] == ELFCLASS64 && eh->e_machine == EM_X86_64) ||
		(ident[EI_CLASS] == ELFCLASS32 && eh->e_machine == EM_386)))
		return xg_fail(e, ENOEXEC,
		    "not an x86 kernel (ELF class %u, machine %u)",
		    ident[EI_CLASS], eh->e_machine);
	return 0;
}

static bool
is_wide(const Elf64_Ehdr *eh)
{
	return eh->e_ident[EI_CLASS] == ELFCLASS64;
}

static int
check_tables(const Elf64_Ehdr *eh, struct xg_error *e)
{
	size_t size = is_wide(eh) ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);

	if (eh->e_phnum == 0 || eh->e_phnum > MAX_PHDRS)
		return xg_fail(e, EINVAL,
		    "it has %u program headers; 1 to %d are possible",
		    eh->e_phnum, MAX_PHDRS);
	if (eh->e_phentsize != size)
		return xg_fail(e, EINVAL,
		    "its program headers have %u bytes each, not %zu",
		    eh->e_phentsize, size);
	return 0;
}

static bool
read_phdr(const struct xg_blob *image, const Elf64_Ehdr *eh, unsigned i,
    Elf64_Phdr *out)
{
	uint64_t off;
	Elf32_Phdr narrow;
	const void *p;

	if (__builtin_add_overflow(eh->e_phoff,
		i * (uint64_t)eh->e_phentsize, &off) ||
	    (p = xg_at(image, off, eh->e_phentsize)) == NULL)
		return false;
	if (is_wide(eh)) {
		memcpy(out, p, sizeof(*out));
		return true;
	}
	memcpy(&narrow, p, sizeof(narrow));
	*out = (Elf64_Phdr){ .p_type = narrow.p_type,
		.p_flags = narrow.p_flags,
		.p_offset = narrow.p_offset,
		.p_vaddr = narrow.p_vaddr,
		.p_paddr = narrow.p_paddr,
		.p_filesz = narrow.p_filesz,
		.p_memsz = narrow.p_memsz,
		.p_align = narrow.p_align };
	return true;
}

/* Where a section's bytes are; false: its header is not in the file. */
static bool
read_shdr(const struct xg_blob *image, const Elf64_Ehdr *eh, unsigned i,
    uint32_t *type, uint64_t *offset, uint64_t *size)
{
	uint64_t off;
	Elf64_Shdr wide;
	Elf32_Shdr narrow;
	const void *p;

	if (__builtin_add_overflow(eh->e_shoff,
		i * (uint64_t)eh->e_shentsize, &off) ||
	    (p = xg_at(image, off, eh->e_shentsize)) == NULL)
		return false;
	if (is_wide(eh)) {
		memcpy(&wide, p, sizeof(wide));
		*type = wide.sh_type;
		*offset = wide.sh_offset;
		*size = wide.sh_size;
	} else {
		memcpy(&narrow, p, sizeof(narrow));
		*type = narrow.sh_type;
		*offset = narrow.sh_offset;
		*size = narrow.sh_size;
	}
	return true;
}

/* Program headers first; sections only when those brought nothing for Xen. */
static int
section_notes(const struct xg_blob *image, const Elf64_Ehdr *eh,
    struct xg_kernel *k, struct xg_notes *n, struct xg_error *e)
{
	size_t entry = is_wide(eh) ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);

	if (eh->e_shnum == 0)
		return 0;
	if (eh->e_shnum > MAX_SHDRS || eh->e_shentsize != entry)
		return xg_fail(e, EINVAL,
		    "it has %u section headers of %u bytes; %d of %zu are "
		    "possible", eh->e_shnum, eh->e_shentsize, MAX_SHDRS, entry);
	for (unsigned i = 0; i < eh->e_shnum; i++) {
		uint64_t offset = 0, size = 0;
		uint32_t type = 0;

		if (!read_shdr(image, eh, i, &type, &offset, &size))
			return xg_fail(e, EINVAL,
			    "its section table lies outside the file");
		if (type == SHT_NOTE &&
		    xg_notes(image, offset, size, k, n, e) < 0)
			return -1;
	}
	return 0;
}

/* --- segments -------------------------------------------------------------------- */

static int
one_segment(const struct xg_blob *image, const Elf64_Phdr *ph,
    struct xg_kernel *k, struct xg_error *e)
{
	struct xg_segment *s;
	uint64_t end;

	if (ph->p_memsz == 0 || (ph->p_flags & (PF_R | PF_W | PF_X)) == 0)
		return 0;
	if (ph->p_filesz > ph->p_memsz)
		return xg_fail(e, EINVAL,
		    "a segment has more bytes in the file than in memory");
	if (!xg_inside(image, ph->p_offset, ph->p_filesz))
		return xg_fail(e, EINVAL,
		    "truncated: a segment ends behind the end of the file");
	if (__builtin_add_overflow(ph->p_paddr, ph->p_memsz, &end))
		return xg_fail(e, EINVAL, "a segment wraps around");
	if (k->nsegments == XG_MAX_SEGMENTS)
		return xg_fail(e, EINVAL, "more than %d segments",
		    XG_MAX_SEGMENTS);
	s = &k->segments[k->nsegments++];
	s->paddr = ph->p_paddr;
	s->memsz = ph->p_memsz;
	s->filesz = ph->p_filesz;
	s->offset = ph->p_offset;
	return 0;
}

/* Of a kernel that can be moved and says no more: by its segments' largest. */
static uint64_t
default_align(uint64_t largest)
{
	bool good = largest >= XC_PAGE_SIZE && largest <= 1u << 30 &&
	    (largest & (largest - 1)) == 0;

	return good ? largest : 2u << 20;
}

static int
examine_tables(const struct xg_blob *image, const Elf64_Ehdr *eh,
    struct xg_kernel *k, struct xg_error *e)
{
	struct xg_notes n = { .count = 0 };
	uint64_t align = 0;
	Elf64_Phdr ph;

	for (unsigned i = 0; i < eh->e_phnum; i++) {
		if (!read_phdr(image, eh, i, &ph))
			return xg_fail(e, EINVAL,
			    "truncated: its program headers are not there");
		if (ph.p_type == PT_LOAD && one_segment(image, &ph, k, e) < 0)
			return -1;
		if (ph.p_type == PT_LOAD && ph.p_align > align)
			align = ph.p_align;
		if (ph.p_type == PT_NOTE && ph.p_offset != 0 &&
		    xg_notes(image, ph.p_offset, ph.p_filesz, k, &n, e) < 0)
			return -1;
	}
	if (!n.xen && section_notes(image, eh, k, &n, e) < 0)
		return -1;
	if (!n.xen && n.cut)
		return xg_fail(e, EINVAL, "its notes are damaged: one ends "
		    "behind its table, and none is for Xen");
	if ((k->has & XG_HAS_PHYS32_RELOC) != 0 && k->reloc_align == 0)
		k->reloc_align = default_align(align);
	return 0;
}

int
xg_elf_examine(const struct xg_blob *image, struct xg_kernel *k,
    struct xg_error *e)
{
	Elf64_Ehdr eh = { .e_phnum = 0 };

	if (read_header(image, &eh, e) < 0 || check_tables(&eh, e) < 0 ||
	    examine_tables(image, &eh, k, e) < 0)
		return -1;
	k->elf_class = is_wide(&eh) ? 64 : 32;
	k->e_entry = eh.e_entry;
	k->size = image->size;
	return xg_kernel_check(k, e);
}

int
xg_elf_begins(const struct xg_blob *begin, struct xg_kernel *k)
{
	const struct xg_blob any = { .size = INT64_MAX };
	Elf64_Ehdr eh = { .e_phnum = 0 };
	Elf64_Phdr ph;

	memset(k, 0, sizeof(*k));
	if (read_header(begin, &eh, NULL) < 0 || check_tables(&eh, NULL) < 0)
		return -1;
	for (unsigned i = 0; i < eh.e_phnum; i++)
		if (!read_phdr(begin, &eh, i, &ph) ||
		    (ph.p_type == PT_LOAD &&
			one_segment(&any, &ph, k, NULL) < 0))
			return -1;
	return 0;
}

/* --- both sides of the wall ---------------------------------------------------- */

static int
check_segment(const struct xg_kernel *k, uint32_t i, struct xg_error *e)
{
	const struct xg_segment *s = &k->segments[i], *o;
	uint64_t end;

	if (s->memsz == 0 || s->filesz > s->memsz || s->offset > k->size ||
	    s->filesz > k->size - s->offset)
		return xg_fail(e, EINVAL, "segment %u is out of range", i);
	if (__builtin_add_overflow(s->paddr, s->memsz, &end) ||
	    end > MAX_ADDRESS)
		return xg_fail(e, EINVAL,
		    "segment %u has %llu bytes at %#llx: out of range", i,
		    (unsigned long long)s->memsz,
		    (unsigned long long)s->paddr);
	for (uint32_t n = 0; n < i; n++) {
		o = &k->segments[n];
		if (s->paddr < o->paddr + o->memsz && o->paddr < end)
			return xg_fail(e, EINVAL, "segments %u and %u overlap",
			    n, i);
	}
	return 0;
}

XG_API int
xg_kernel_check(const struct xg_kernel *k, struct xg_error *e)
{
	if (k->nsegments == 0 || k->nsegments > XG_MAX_SEGMENTS)
		return xg_fail(e, EINVAL, "it has nothing to load");
	if ((k->elf_class != 32 && k->elf_class != 64) ||
	    memchr(k->guest_os, '\0', sizeof(k->guest_os)) == NULL ||
	    memchr(k->packed, '\0', sizeof(k->packed)) == NULL ||
	    k->phys32_entry > UINT32_MAX || k->reloc_align > UINT32_MAX ||
	    k->reloc_min > UINT32_MAX || k->reloc_max > UINT32_MAX)
		return xg_fail(e, EINVAL, "what it says of itself is out of "
					  "range");
	for (uint32_t i = 0; i < k->nsegments; i++)
		if (check_segment(k, i, e) < 0)
			return -1;
	return 0;
}

void
xg_kernel_span(const struct xg_kernel *k, uint64_t *low, uint64_t *high)
{
	*low = UINT64_MAX;
	*high = 0;
	for (uint32_t i = 0; i < k->nsegments; i++) {
		const struct xg_segment *s = &k->segments[i];

		if (s->paddr < *low)
			*low = s->paddr;
		if (s->paddr + s->memsz > *high)
			*high = s->paddr + s->memsz;
	}
}
