/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads core files of domains as any reader of the format would, and believes
 * nothing:
 *
 *	prog_core facts FILE         what it is, a line each; what is wrong with it
 *	prog_core pattern FILE N     how many of the small guest's N pages that it has
 *	                             written once (dirty=0,N) are in it
 *	prog_core same FILE FILE     sections that differ, a line each
 *
 * The status is 1 when something is wrong or differs.
 */
#include "config.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../guests/tiny/pattern.h"

#define PAGE	 4096u
#define WORDS	 (PAGE / 8)
#define CONTEXT	 5168u
#define NOTE(n)	 (0x2000000u + (n))
#define MAGIC_PV 0xF00FEBEDull

struct core {
	const char *path;
	const uint8_t *mem;
	size_t len;
	const Elf64_Ehdr *head;
	const Elf64_Shdr *sections;
	const Elf64_Shdr *notes, *registers, *shared_info, *pages, *index;
	uint64_t header[4];
	bool bad;
};

static void wrong(struct core *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
wrong(struct core *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("wrong: ");
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
	c->bad = true;
}

static void
die(const char *path, const char *why)
{
	fprintf(stderr, "prog_core: %s: %s\n", path, why);
	exit(1);
}

/* ---- opening -------------------------------------------------------------------- */

static const char *
name_of(const struct core *c, const Elf64_Shdr *s)
{
	const Elf64_Shdr *names = &c->sections[c->head->e_shstrndx];

	if (s->sh_name >= names->sh_size ||
	    memchr(c->mem + names->sh_offset + s->sh_name, 0,
		names->sh_size - s->sh_name) == NULL)
		return "?";
	return (const char *)c->mem + names->sh_offset + s->sh_name;
}

static bool
is_inside(const struct core *c, const Elf64_Shdr *s)
{
	return s->sh_offset <= c->len && s->sh_size <= c->len - s->sh_offset;
}

static const Elf64_Shdr *
find(const struct core *c, const char *name)
{
	for (unsigned i = 1; i < c->head->e_shnum; i++)
		if (strcmp(name_of(c, &c->sections[i]), name) == 0)
			return &c->sections[i];
	return NULL;
}

static void
sections(struct core *c)
{
	c->head = (const void *)c->mem;
	if (c->len < sizeof(*c->head) || memcmp(c->mem, ELFMAG, 4) != 0)
		die(c->path, "no ELF file");
	if (c->head->e_shoff != sizeof(*c->head) ||
	    c->head->e_shentsize != sizeof(*c->sections) ||
	    c->head->e_shoff + c->head->e_shnum * sizeof(*c->sections) >
		c->len || c->head->e_shstrndx != 1 || c->head->e_shnum < 6)
		die(c->path, "no such table of sections");
	c->sections = (const void *)(c->mem + c->head->e_shoff);
	for (unsigned i = 0; i < c->head->e_shnum; i++)
		if (!is_inside(c, &c->sections[i]))
			die(c->path, "a section lies outside");
	c->notes = find(c, ".note.Xen");
	c->registers = find(c, ".xen_prstatus");
	c->shared_info = find(c, ".xen_shared_info");
	c->pages = find(c, ".xen_pages");
	c->index = find(c, ".xen_pfn");
	if (c->index == NULL)
		c->index = find(c, ".xen_p2m");
	if (c->notes == NULL || c->registers == NULL || c->pages == NULL ||
	    c->index == NULL || c->index->sh_entsize < 8)
		die(c->path, "a section is missing");
}

static void
open_core(struct core *c, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	*c = (struct core){ .path = path };
	if (fd < 0 || fstat(fd, &st) < 0)
		die(path, strerror(errno));
	c->len = (size_t)st.st_size;
	c->mem = mmap(NULL, c->len, PROT_READ, MAP_SHARED, fd, 0);
	if (c->mem == MAP_FAILED)
		die(path, strerror(errno));
	close(fd);
	sections(c);
}

static uint64_t
pfn_at(const struct core *c, uint64_t i)
{
	uint64_t pfn;

	memcpy(&pfn, c->mem + c->index->sh_offset + i * c->index->sh_entsize,
	    sizeof(pfn));
	return pfn;
}

static const uint8_t *
page_at(const struct core *c, uint64_t i)
{
	return c->mem + c->pages->sh_offset + i * PAGE;
}

static uint64_t
nr_pages(const struct core *c)
{
	return c->pages->sh_size / PAGE;
}

/* ---- facts ------------------------------------------------------------------------ */

static void
check_head(struct core *c)
{
	const Elf64_Ehdr *h = c->head;

	if (h->e_ident[EI_CLASS] != ELFCLASS64 ||
	    h->e_ident[EI_DATA] != ELFDATA2LSB ||
	    h->e_ident[EI_VERSION] != 1 || h->e_ident[EI_OSABI] != 0 ||
	    h->e_type != ET_CORE || h->e_version != 1 || h->e_phnum != 0 ||
	    h->e_machine != EM_X86_64)
		wrong(c, "the ELF header");
	if (c->sections[0].sh_offset != 0 || c->sections[0].sh_size != 0)
		wrong(c, "section 0");
	if (strcmp(name_of(c, &c->sections[1]), ".shstrtab") != 0)
		wrong(c, "section 1 is %s", name_of(c, &c->sections[1]));
}

/* Notes 0 to 3 in their order, all of "Xen", and nothing behind them. */
static void
check_notes(struct core *c)
{
	static const uint32_t sizes[] = { 0, 32, 1280, 8 };
	const uint8_t *p = c->mem + c->notes->sh_offset;
	const uint8_t *end = p + c->notes->sh_size;
	Elf64_Nhdr n;

	for (uint32_t i = 0; i < 4; i++) {
		memcpy(&n, p, sizeof(n));
		if (n.n_namesz != 4 || n.n_type != NOTE(i) ||
		    n.n_descsz != sizes[i] ||
		    memcmp(p + sizeof(n), "Xen", 4) != 0 ||
		    p + sizeof(n) + 4 + n.n_descsz > end) {
			wrong(c, "note %u is %#x of %u bytes", i, n.n_type,
			    n.n_descsz);
			return;
		}
		p += sizeof(n) + 4;
		if (i == 1)
			memcpy(c->header, p, sizeof(c->header));
		p += n.n_descsz;
	}
	if (p != end)
		wrong(c, "%zd bytes behind the notes", end - p);
}

static void
check_sizes(struct core *c)
{
	bool pv = c->header[0] == MAGIC_PV;

	if (c->header[3] != PAGE || c->header[2] != nr_pages(c) ||
	    c->pages->sh_offset % PAGE != 0 || c->pages->sh_size % PAGE != 0)
		wrong(c, "its pages");
	if (c->registers->sh_size != c->header[1] * CONTEXT ||
	    c->registers->sh_entsize != CONTEXT)
		wrong(c, "its registers");
	if (c->index->sh_entsize != (pv ? 16 : 8) ||
	    c->index->sh_size != nr_pages(c) * c->index->sh_entsize)
		wrong(c, "its index");
	if (strcmp(name_of(c, c->index), pv ? ".xen_p2m" : ".xen_pfn") != 0)
		wrong(c, "the index is called %s", name_of(c, c->index));
	if (c->shared_info != NULL ? c->shared_info->sh_size != PAGE : pv)
		wrong(c, "its shared info");
}

/* Ascending; those without a page are the last. */
static void
check_index(struct core *c)
{
	uint64_t last = 0, there = 0, pfn;

	for (uint64_t i = 0; i < nr_pages(c); i++) {
		pfn = pfn_at(c, i);
		if (pfn == UINT64_MAX)
			continue;
		if (there != i || (i > 0 && pfn <= last)) {
			wrong(c, "page %llu is %#llx, behind %#llx",
			    (unsigned long long)i, (unsigned long long)pfn,
			    (unsigned long long)last);
			return;
		}
		there++;
		last = pfn;
	}
	printf("present %llu\nlast %#llx\n", (unsigned long long)there,
	    (unsigned long long)last);
}

static int
facts(const char *path)
{
	struct core c;

	open_core(&c, path);
	check_head(&c);
	check_notes(&c);
	check_sizes(&c);
	printf("magic %#llx\nvcpus %llu\npages %llu\nshared_info %s\n",
	    (unsigned long long)c.header[0], (unsigned long long)c.header[1],
	    (unsigned long long)c.header[2],
	    c.shared_info != NULL ? "yes" : "no");
	check_index(&c);
	return c.bad;
}

/* ---- what the guest has written ------------------------------------------------------ */

struct mark {
	uint64_t first, page;
};

static int
by_first(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

static bool
is_page(const uint8_t *mem, uint64_t page)
{
	uint64_t w;

	for (unsigned i = 0; i < WORDS; i++) {
		memcpy(&w, mem + 8 * (size_t)i, sizeof(w));
		if (w != dirty_pattern(page, 1, i))
			return false;
	}
	return true;
}

static int
pattern(const char *path, size_t n)
{
	struct mark *marks = calloc(n + 1, sizeof(*marks)), key, *m;
	struct core c;
	size_t found = 0;

	open_core(&c, path);
	if (marks == NULL)
		die(path, "no memory");
	for (size_t i = 0; i < n; i++)
		marks[i] = (struct mark){ dirty_pattern(i, 1, 0), i };
	qsort(marks, n, sizeof(*marks), by_first);
	for (uint64_t i = 0; i < nr_pages(&c); i++) {
		memcpy(&key.first, page_at(&c, i), sizeof(key.first));
		m = bsearch(&key, marks, n, sizeof(*marks), by_first);
		found += m != NULL && is_page(page_at(&c, i), m->page);
	}
	printf("%zu\n", found);
	free(marks);
	return 0;
}

/* ---- two of them ------------------------------------------------------------------------ */

static bool
differ(const struct core *a, const struct core *b, const char *name)
{
	const Elf64_Shdr *x = find(a, name), *y = find(b, name);
	size_t i = 0;

	if (x == NULL || y == NULL) {
		if (x != y)
			printf("%s: only one has it\n", name);
		return x != y;
	}
	if (x->sh_size != y->sh_size || x->sh_entsize != y->sh_entsize ||
	    x->sh_type != y->sh_type || x->sh_offset != y->sh_offset ||
	    x - a->sections != y - b->sections) {
		printf("%s: at %#llx, %llu bytes, and at %#llx, %llu bytes\n",
		    name, (unsigned long long)x->sh_offset,
		    (unsigned long long)x->sh_size,
		    (unsigned long long)y->sh_offset,
		    (unsigned long long)y->sh_size);
		return true;
	}
	while (i < x->sh_size &&
	    a->mem[x->sh_offset + i] == b->mem[y->sh_offset + i])
		i++;
	if (i < x->sh_size)
		printf("%s: differs from byte %zu on\n", name, i);
	return i < x->sh_size;
}

static int
same(const char *path, const char *other)
{
	static const char *const names[] = { ".shstrtab", ".note.Xen",
		".xen_prstatus", ".xen_shared_info", ".xen_pages", ".xen_p2m",
		".xen_pfn" };
	struct core a, b;
	bool bad;

	open_core(&a, path);
	open_core(&b, other);
	bad = memcmp(a.head, b.head, sizeof(*a.head)) != 0;
	if (bad)
		printf("the ELF headers differ\n");
	if (a.len != b.len)
		printf("%zu bytes, and %zu bytes\n", a.len, b.len);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		bad |= differ(&a, &b, names[i]);
	return bad || a.len != b.len;
}

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "facts") == 0)
		return facts(argv[2]);
	if (argc == 4 && strcmp(argv[1], "pattern") == 0)
		return pattern(argv[2], strtoul(argv[3], NULL, 10));
	if (argc == 4 && strcmp(argv[1], "same") == 0)
		return same(argv[2], argv[3]);
	fprintf(stderr, "prog_core: see its head\n");
	return 2;
}
