/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ELF64 kernels and their Xen notes. Every byte is somebody else's: all access
 * goes through xg_at, every count is bounded, all sums are checked (XSA-55).
 */
#include "config.h"

#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <stdint.h>
#include <xen/elfnote.h>
#include <xen/features.h>

#include "xg_private.h"

#define MAX_PHDRS     128
#define MAX_SHDRS     1024
#define MAX_NOTES     4096
#define MAX_NOTE_DESC 4096

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

/* --- notes ------------------------------------------------------------------- */

static uint64_t
number(const uint8_t *desc, uint32_t size)
{
	uint64_t v = 0;

	if (size == 4 || size == 8)
		memcpy(&v, desc, size);
	return v;
}

/* Feature names of the text note, by bit (xen/features.h). */
static const char *const feature_names[] = { "writable_page_tables",
	"writable_descriptor_tables", "auto_translated_physmap",
	"supervisor_mode_kernel", "pae_pgdir_above_4gb",
	"mmu_pt_update_preserve_ad", NULL, "gnttab_map_avail_bits",
	"hvm_callback_vector", "hvm_safe_pvclock", "hvm_pirqs", "dom0" };

/* "a|!b": supported a, required b. Unknown names matter only when required. */
static int
features_text(const char *s, size_t len, struct xg_kernel *k,
    struct xg_error *e)
{
	while (len > 0 && *s != '\0') {
		size_t n = strcspn(s, "|");
		bool required = s[0] == '!', known = false;
		const char *name = s + required;
		size_t nlen = n - required;

		for (uint32_t i = 0; i < 12; i++)
			if (feature_names[i] != NULL &&
			    strlen(feature_names[i]) == nlen &&
			    memcmp(feature_names[i], name, nlen) == 0) {
				known = true;
				k->supported |= 1u << i;
				if (required)
					k->required |= 1u << i;
			}
		if (required && !known)
			return xg_fail(e, ENOTSUP,
			    "requires the unknown feature '%.*s'",
			    nlen > 40 ? 40 : (int)nlen, name);
		s += n;
		len -= n;
		if (len > 0 && *s == '|') {
			s++;
			len--;
		}
	}
	return 0;
}

static int
one_note(uint32_t type, const uint8_t *desc, uint32_t size,
    struct xg_kernel *k, struct xg_error *e)
{
	char text[MAX_NOTE_DESC + 1];
	uint64_t v = number(desc, size);

	if (size > MAX_NOTE_DESC)
		return xg_fail(e, EINVAL, "a note of %u bytes is too long",
		    size);
	memcpy(text, desc, size);
	text[size] = '\0';
	switch (type) {
	case XEN_ELFNOTE_ENTRY:
		k->entry = v;
		k->has |= XG_HAS_ENTRY;
		break;
	case XEN_ELFNOTE_HYPERCALL_PAGE:
		k->hypercall_page = v;
		k->has |= XG_HAS_HYPERCALL_PAGE;
		break;
	case XEN_ELFNOTE_VIRT_BASE:
		k->virt_base = v;
		k->has |= XG_HAS_VIRT_BASE;
		break;
	case XEN_ELFNOTE_PADDR_OFFSET:
		k->paddr_offset = v;
		k->has |= XG_HAS_PADDR_OFFSET;
		break;
	case XEN_ELFNOTE_INIT_P2M:
		k->init_p2m = v;
		k->has |= XG_HAS_INIT_P2M;
		break;
	case XEN_ELFNOTE_MOD_START_PFN:
		if (v != 0)
			k->has |= XG_HAS_MOD_START_PFN;
		break;
	case XEN_ELFNOTE_PHYS32_ENTRY:
		k->phys32_entry = v;
		k->has |= XG_HAS_PHYS32_ENTRY;
		break;
	case XEN_ELFNOTE_SUPPORTED_FEATURES:
		k->supported |= (uint32_t)v;
		break;
	case XEN_ELFNOTE_XEN_VERSION:
		if (strcmp(text, "xen-3.0") == 0)
			k->has |= XG_HAS_XEN_3_0;
		break;
	case XEN_ELFNOTE_GUEST_OS:
		snprintf(k->guest_os, sizeof(k->guest_os), "%.31s", text);
		break;
	case XEN_ELFNOTE_FEATURES:
		return features_text(text, strlen(text), k, e);
	default:
		break;
	}
	return 0;
}

/* Notes in offset..offset+len; counts them down. */
static int
notes(const struct xg_blob *image, uint64_t offset, uint64_t len,
    struct xg_kernel *k, unsigned *left, struct xg_error *e)
{
	uint64_t end;

	if (!xg_inside(image, offset, len))
		return xg_fail(e, EINVAL, "its notes lie outside the file");
	end = offset + len;
	while (end - offset >= sizeof(Elf64_Nhdr)) {
		const uint8_t *name, *desc;
		uint64_t nlen, dlen;
		Elf64_Nhdr h;

		memcpy(&h, xg_at(image, offset, sizeof(h)), sizeof(h));
		offset += sizeof(h);
		nlen = ((uint64_t)h.n_namesz + 3) & ~3ull;
		dlen = ((uint64_t)h.n_descsz + 3) & ~3ull;
		/* The last note's padding may be cut off. */
		if (h.n_namesz > end - offset || nlen > end - offset)
			break;
		name = xg_at(image, offset, h.n_namesz);
		offset += nlen;
		if (h.n_descsz > end - offset)
			break;
		desc = xg_at(image, offset, h.n_descsz);
		offset = dlen > end - offset ? end : offset + dlen;
		if ((*left)-- == 0)
			return xg_fail(e, EINVAL, "more than %d notes",
			    MAX_NOTES);
		if (h.n_namesz == 4 && memcmp(name, "Xen", 4) == 0 &&
		    one_note(h.n_type, desc, h.n_descsz, k, e) < 0)
			return -1;
	}
	return 0;
}

/* Program headers first; sections only when those brought nothing. */
static int
section_notes(const struct xg_blob *image, const Elf64_Ehdr *eh,
    struct xg_kernel *k, unsigned *left, struct xg_error *e)
{
	if (eh->e_shentsize != sizeof(Elf64_Shdr) || eh->e_shnum > MAX_SHDRS)
		return 0;
	for (unsigned i = 0; i < eh->e_shnum; i++) {
		uint64_t off;
		Elf64_Shdr sh;
		const void *p;

		if (__builtin_add_overflow(eh->e_shoff, i * sizeof(sh), &off) ||
		    (p = xg_at(image, off, sizeof(sh))) == NULL)
			return xg_fail(e, EINVAL,
			    "its section table lies outside the file");
		memcpy(&sh, p, sizeof(sh));
		if (sh.sh_type == SHT_NOTE &&
		    notes(image, sh.sh_offset, sh.sh_size, k, left, e) < 0)
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

static int
check_header(const struct xg_blob *image, Elf64_Ehdr *eh, struct xg_error *e)
{
	const void *p = xg_at(image, 0, sizeof(*eh));

	if (p == NULL || memcmp(p, ELFMAG, SELFMAG) != 0)
		return xg_fail(e, ENOEXEC, "what it holds is not an ELF image");
	memcpy(eh, p, sizeof(*eh));
	if (eh->e_ident[EI_CLASS] != ELFCLASS64 ||
	    eh->e_ident[EI_DATA] != ELFDATA2LSB ||
	    eh->e_machine != EM_X86_64)
		return xg_fail(e, ENOEXEC, "not a 64-bit x86 kernel");
	if (eh->e_phentsize != sizeof(Elf64_Phdr) || eh->e_phnum == 0 ||
	    eh->e_phnum > MAX_PHDRS)
		return xg_fail(e, EINVAL, "a strange program header table");
	return 0;
}

int
xg_elf_examine(const struct xg_blob *image, struct xg_kernel *k,
    struct xg_error *e)
{
	unsigned left = MAX_NOTES;
	Elf64_Ehdr eh;

	if (check_header(image, &eh, e) < 0)
		return -1;
	for (unsigned i = 0; i < eh.e_phnum; i++) {
		uint64_t off;
		Elf64_Phdr ph;
		const void *p;

		if (__builtin_add_overflow(eh.e_phoff, i * sizeof(ph), &off) ||
		    (p = xg_at(image, off, sizeof(ph))) == NULL)
			return xg_fail(e, EINVAL,
			    "truncated: its program headers are not there");
		memcpy(&ph, p, sizeof(ph));
		if (ph.p_type == PT_LOAD && one_segment(image, &ph, k, e) < 0)
			return -1;
		if (ph.p_type == PT_NOTE && ph.p_offset != 0 &&
		    notes(image, ph.p_offset, ph.p_filesz, k, &left, e) < 0)
			return -1;
	}
	if ((k->has & XG_HAS_XEN_3_0) == 0 &&
	    section_notes(image, &eh, k, &left, e) < 0)
		return -1;
	k->size = image->size;
	return xg_kernel_check(k, e);
}

int
xg_kernel_check(const struct xg_kernel *k, struct xg_error *e)
{
	uint64_t end;

	if (k->nsegments == 0 || k->nsegments > XG_MAX_SEGMENTS)
		return xg_fail(e, EINVAL, "it has nothing to load");
	for (uint32_t i = 0; i < k->nsegments; i++) {
		const struct xg_segment *s = &k->segments[i];

		if (s->filesz > s->memsz || s->offset > k->size ||
		    s->filesz > k->size - s->offset ||
		    __builtin_add_overflow(s->paddr, s->memsz, &end) ||
		    end > 1ull << 46)
			return xg_fail(e, EINVAL, "segment %u is out of range",
			    i);
	}
	return 0;
}
