/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Layout of a domain's core file: section headers right behind the ELF header
 * and no program headers; all data is in sections, the pages at a whole page. The
 * notes are of "Xen": what it is, counts, the hypervisor's version, the format's.
 */
#include "config.h"

#include <elf.h>
#include <string.h>

#include "xc_core_elf.h"

/* Notes. */
#define NOTE_NONE	 0x2000000u
#define NOTE_HEADER	 0x2000001u
#define NOTE_XEN_VERSION 0x2000002u
#define NOTE_FORMAT	 0x2000003u
#define MAGIC_PV	 0xF00FEBEDull
#define MAGIC_HVM	 0xF00FEBEEull
#define FORMAT_0_1	 1ull
#define VERSION_DESC	 1280
#define NOTES_SIZE	 (4 * 16 + 32 + VERSION_DESC + 8)

/* Offsets of the names in `names`. */
enum {
	NAME_SHSTRTAB = 1,
	NAME_NOTE = 11,
	NAME_PRSTATUS = 21,
	NAME_SHARED_INFO = 35,
	NAME_PAGES = 52,
	NAME_P2M = 63,
	NAME_PFN = 72,
};
static const char names[] = "\0.shstrtab\0.note.Xen\0.xen_prstatus\0"
    ".xen_shared_info\0.xen_pages\0.xen_p2m\0.xen_pfn";
_Static_assert(sizeof(names) == NAME_PFN + 9, "section names");

const char *
xc_core_names(size_t *len)
{
	*len = sizeof(names);
	return names;
}

size_t
xc_core_index_size(const struct xc_core_elf *e)
{
	return e->hvm ? 8 : 16;
}

static unsigned
nr_sections(const struct xc_core_elf *e)
{
	return e->shared_info ? 7 : 6;
}

static uint64_t
notes_at(const struct xc_core_elf *e)
{
	return sizeof(Elf64_Ehdr) + nr_sections(e) * sizeof(Elf64_Shdr);
}

void
xc_core_place(struct xc_core_elf *e)
{
	e->prstatus = notes_at(e) + NOTES_SIZE;
	e->shinfo = e->prstatus + (uint64_t)e->nr_vcpus * XC_CORE_CONTEXT;
	e->pages = e->shinfo + (e->shared_info ? XC_PAGE_SIZE : 0);
	e->pages = (e->pages + XC_PAGE_SIZE - 1) & ~(XC_PAGE_SIZE - 1);
	e->index = e->pages + e->nr_pages * XC_PAGE_SIZE;
	e->strtab = e->index + e->nr_pages * xc_core_index_size(e);
	e->end = e->strtab + sizeof(names);
}

static uint8_t *
elf_header(const struct xc_core_elf *e, uint8_t *p)
{
	Elf64_Ehdr h = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
		    ELFDATA2LSB, EV_CURRENT, ELFOSABI_SYSV, EV_CURRENT },
		.e_type = ET_CORE,
		.e_machine = e->narrow ? EM_386 : EM_X86_64,
		.e_version = EV_CURRENT,
		.e_shoff = sizeof(h),
		.e_ehsize = sizeof(h),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = (Elf64_Half)nr_sections(e),
		.e_shstrndx = 1,
	};

	memcpy(p, &h, sizeof(h));
	return p + sizeof(h);
}

static uint8_t *
section(uint8_t *p, uint32_t name, uint32_t type, uint64_t at, uint64_t size,
    uint64_t align, uint64_t entry)
{
	Elf64_Shdr s = { .sh_name = name, .sh_type = type, .sh_offset = at,
		.sh_size = size, .sh_addralign = align, .sh_entsize = entry };

	memcpy(p, &s, sizeof(s));
	return p + sizeof(s);
}

static uint8_t *
sections(const struct xc_core_elf *e, uint8_t *p)
{
	const uint64_t entry = xc_core_index_size(e);

	p = section(p, 0, SHT_NULL, 0, 0, 0, 0);
	p = section(p, NAME_SHSTRTAB, SHT_STRTAB, e->strtab, sizeof(names), 0,
	    0);
	p = section(p, NAME_NOTE, SHT_NOTE, notes_at(e), NOTES_SIZE, 0, 0);
	p = section(p, NAME_PRSTATUS, SHT_PROGBITS, e->prstatus,
	    (uint64_t)e->nr_vcpus * XC_CORE_CONTEXT, 8, XC_CORE_CONTEXT);
	if (e->shared_info)
		p = section(p, NAME_SHARED_INFO, SHT_PROGBITS, e->shinfo,
		    XC_PAGE_SIZE, 8, XC_PAGE_SIZE);
	p = section(p, NAME_PAGES, SHT_PROGBITS, e->pages,
	    e->nr_pages * XC_PAGE_SIZE, XC_PAGE_SIZE, XC_PAGE_SIZE);
	return section(p, e->hvm ? NAME_PFN : NAME_P2M, SHT_PROGBITS,
	    e->index, e->nr_pages * entry, 8, entry);
}

static uint8_t *
note(uint8_t *p, uint32_t type, const void *desc, uint32_t size)
{
	Elf64_Nhdr n = { .n_namesz = 4, .n_descsz = size, .n_type = type };

	memcpy(p, &n, sizeof(n));
	memcpy(p + sizeof(n), "Xen", 4);
	if (size > 0)
		memcpy(p + sizeof(n) + 4, desc, size);
	return p + sizeof(n) + 4 + size;
}

/* A text in a field that ends with NUL only when there is room. */
static void
text(uint8_t *field, size_t size, const char *s)
{
	memcpy(field, s, strnlen(s, size));
}

static void
version_desc(const struct xc_version *v, uint8_t d[VERSION_DESC])
{
	uint64_t w[4] = { v->major, v->minor, v->virt_start, v->pagesize };

	memset(d, 0, VERSION_DESC);
	memcpy(d, w, 16);
	text(d + 16, 16, v->extra);
	text(d + 32, 64, v->compiler);
	text(d + 96, 16, v->compile_by);
	text(d + 112, 32, v->compile_domain);
	text(d + 144, 32, v->compile_date);
	text(d + 176, 1024, v->capabilities);
	text(d + 1200, 64, v->changeset);
	memcpy(d + 1264, &w[2], 16);
}

size_t
xc_core_head(const struct xc_core_elf *e, const struct xc_version *v,
    uint8_t out[XC_CORE_HEAD])
{
	const uint64_t header[4] = { e->hvm ? MAGIC_HVM : MAGIC_PV,
		e->nr_vcpus, e->nr_pages, XC_PAGE_SIZE };
	const uint64_t format = FORMAT_0_1;
	uint8_t version[VERSION_DESC], *p = out;

	_Static_assert(sizeof(Elf64_Ehdr) + 7 * sizeof(Elf64_Shdr) +
		NOTES_SIZE <= XC_CORE_HEAD, "room for the head");
	version_desc(v, version);
	p = sections(e, elf_header(e, p));
	p = note(p, NOTE_NONE, NULL, 0);
	p = note(p, NOTE_HEADER, header, sizeof(header));
	p = note(p, NOTE_XEN_VERSION, version, sizeof(version));
	p = note(p, NOTE_FORMAT, &format, sizeof(format));
	return (size_t)(p - out);
}
