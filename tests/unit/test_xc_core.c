/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The layout of a domain's core file, in numbers: what a reader of the format finds
 * where, for each kind of domain.
 */
#include "config.h"

#include <check.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "xc_core_elf.h"
#include "xu_auto.h"

#define PAGES 1000u
#define VCPUS 3u

static const struct kind {
	bool hvm, narrow, shared_info;
	unsigned sections;
	uint64_t magic;
	uint16_t machine;
	/* Where they are, and how large an entry of the index is. */
	uint64_t notes, registers, shinfo, pages, index, names;
	uint64_t entry;
} kinds[] = {
	/* 64 + 7 * 64 = 512; 1384 bytes of notes; 3 * 5168 of registers. */
	{ false, false, true, 7, 0xF00FEBED, EM_X86_64, 512, 1896, 17400, 24576,
	    24576 + 4096000, 24576 + 4096000 + 16000, 16 },
	{ false, true, true, 7, 0xF00FEBED, EM_386, 512, 1896, 17400, 24576,
	    24576 + 4096000, 24576 + 4096000 + 16000, 16 },
	{ true, false, true, 7, 0xF00FEBEE, EM_X86_64, 512, 1896, 17400, 24576,
	    24576 + 4096000, 24576 + 4096000 + 8000, 8 },
	/* One header less, and no page of it. */
	{ true, false, false, 6, 0xF00FEBEE, EM_X86_64, 448, 1832, 0, 20480,
	    20480 + 4096000, 20480 + 4096000 + 8000, 8 },
};

static struct xc_core_elf
placed(const struct kind *k)
{
	struct xc_core_elf e = { .hvm = k->hvm, .narrow = k->narrow,
		.nr_vcpus = VCPUS, .nr_pages = PAGES,
		.shared_info = k->shared_info };

	xc_core_place(&e);
	return e;
}

static const struct xc_version version = { .major = 4, .minor = 17,
	.extra = ".5", .compiler = "cc", .compile_by = "me",
	.compile_domain = "here", .compile_date = "then",
	.capabilities = "xen-3.0-x86_64", .changeset = "0123",
	.virt_start = 0xffff800000000000ull, .pagesize = 4096 };

static size_t
head(const struct kind *k, uint8_t out[XC_CORE_HEAD])
{
	const struct xc_core_elf e = placed(k);

	memset(out, 0xee, XC_CORE_HEAD);
	return xc_core_head(&e, &version, out);
}

START_TEST(places)
{
	const struct kind *k = &kinds[_i];
	const struct xc_core_elf e = placed(k);
	size_t names;

	ck_assert_uint_eq(e.prstatus, k->registers);
	if (k->shared_info)
		ck_assert_uint_eq(e.shinfo, k->shinfo);
	ck_assert_uint_eq(e.pages, k->pages);
	ck_assert_uint_eq(e.index, k->index);
	ck_assert_uint_eq(e.strtab, k->names);
	xc_core_names(&names);
	ck_assert_uint_eq(e.end, k->names + names);
	ck_assert_uint_eq(xc_core_index_size(&e), k->entry);
}
END_TEST

START_TEST(elf_header)
{
	const struct kind *k = &kinds[_i];
	static const uint8_t ident[EI_NIDENT] = { 0x7f, 'E', 'L', 'F',
		ELFCLASS64, ELFDATA2LSB, EV_CURRENT, 0, 1 };
	uint8_t out[XC_CORE_HEAD];
	Elf64_Ehdr h;

	ck_assert_uint_eq(head(k, out), k->registers);
	memcpy(&h, out, sizeof(h));
	ck_assert_mem_eq(h.e_ident, ident, sizeof(ident));
	ck_assert_uint_eq(h.e_type, ET_CORE);
	ck_assert_uint_eq(h.e_machine, k->machine);
	ck_assert_uint_eq(h.e_version, 1);
	ck_assert_uint_eq(h.e_phnum, 0);
	ck_assert_uint_eq(h.e_phentsize, 56);
	ck_assert_uint_eq(h.e_shoff, 64);
	ck_assert_uint_eq(h.e_shentsize, 64);
	ck_assert_uint_eq(h.e_shnum, k->sections);
	ck_assert_uint_eq(h.e_shstrndx, 1);
	/* Nothing is written behind what it says it has. */
	for (size_t i = (size_t)k->registers; i < XC_CORE_HEAD; i++)
		ck_assert_uint_eq(out[i], 0xee);
}
END_TEST

/* Section by section, in the order of the file's headers. */
START_TEST(sections)
{
	const struct kind *k = &kinds[_i];
	struct row {
		const char *name;
		uint32_t type;
		uint64_t at, size, entry;
	} rows[] = {
		{ "", SHT_NULL, 0, 0, 0 },
		{ ".shstrtab", SHT_STRTAB, k->names, 0, 0 },
		{ ".note.Xen", SHT_NOTE, k->notes, 1384, 0 },
		{ ".xen_prstatus", SHT_PROGBITS, k->registers, 3 * 5168, 5168 },
		{ ".xen_shared_info", SHT_PROGBITS, k->shinfo, 4096, 4096 },
		{ ".xen_pages", SHT_PROGBITS, k->pages, 4096000, 4096 },
		{ k->hvm ? ".xen_pfn" : ".xen_p2m", SHT_PROGBITS, k->index,
		    PAGES * k->entry, k->entry },
	};
	const char *names;
	uint8_t out[XC_CORE_HEAD], *p = out + 64;
	size_t len;
	Elf64_Shdr s;

	names = xc_core_names(&len);
	rows[1].size = len;
	head(k, out);
	for (size_t i = 0; i < XU_ARRAY_SIZE(rows); i++) {
		if (i == 4 && !k->shared_info)
			continue;
		memcpy(&s, p, sizeof(s));
		p += sizeof(s);
		ck_assert_uint_lt(s.sh_name, len);
		ck_assert_str_eq(names + s.sh_name, rows[i].name);
		ck_assert_uint_eq(s.sh_type, rows[i].type);
		ck_assert_uint_eq(s.sh_offset, rows[i].at);
		ck_assert_uint_eq(s.sh_size, rows[i].size);
		ck_assert_uint_eq(s.sh_entsize, rows[i].entry);
		ck_assert_uint_eq(s.sh_addr, 0);
	}
	ck_assert_ptr_eq(p, out + k->notes);
}
END_TEST

/* Takes the note at *p. Its contents. */
static const uint8_t *
note(const uint8_t **p, uint32_t type, uint32_t size)
{
	const uint8_t *desc = *p + sizeof(Elf64_Nhdr) + 4;
	Elf64_Nhdr n;

	memcpy(&n, *p, sizeof(n));
	ck_assert_uint_eq(n.n_namesz, 4);
	ck_assert_uint_eq(n.n_descsz, size);
	ck_assert_uint_eq(n.n_type, type);
	ck_assert_mem_eq(*p + sizeof(n), "Xen", 4);
	*p = desc + size;
	return desc;
}

static uint64_t
number(const uint8_t *p)
{
	uint64_t n;

	memcpy(&n, p, sizeof(n));
	return n;
}

START_TEST(notes)
{
	const struct kind *k = &kinds[_i];
	uint8_t out[XC_CORE_HEAD];
	const uint8_t *p = out + k->notes, *d;

	head(k, out);
	note(&p, 0x2000000, 0);
	d = note(&p, 0x2000001, 32);
	ck_assert_uint_eq(number(d), k->magic);
	ck_assert_uint_eq(number(d + 8), VCPUS);
	ck_assert_uint_eq(number(d + 16), PAGES);
	ck_assert_uint_eq(number(d + 24), 4096);
	d = note(&p, 0x2000002, 1280);
	ck_assert_uint_eq(number(d), 4);
	ck_assert_uint_eq(number(d + 8), 17);
	ck_assert_str_eq((const char *)d + 16, ".5");
	ck_assert_str_eq((const char *)d + 32, "cc");
	ck_assert_str_eq((const char *)d + 96, "me");
	ck_assert_str_eq((const char *)d + 112, "here");
	ck_assert_str_eq((const char *)d + 144, "then");
	ck_assert_str_eq((const char *)d + 176, "xen-3.0-x86_64");
	ck_assert_str_eq((const char *)d + 1200, "0123");
	ck_assert_uint_eq(number(d + 1264), 0xffff800000000000ull);
	ck_assert_uint_eq(number(d + 1272), 4096);
	d = note(&p, 0x2000003, 8);
	ck_assert_uint_eq(number(d), 1);
	ck_assert_ptr_eq(p, out + k->registers);
}
END_TEST

/* The pages are at a whole page whatever is before them, and never over it. */
START_TEST(many_vcpus)
{
	struct xc_core_elf e = { .shared_info = true, .nr_pages = 1 };

	for (e.nr_vcpus = 1; e.nr_vcpus <= 8192; e.nr_vcpus++) {
		xc_core_place(&e);
		ck_assert_uint_eq(e.pages % 4096, 0);
		ck_assert_uint_ge(e.pages, e.shinfo + 4096);
		ck_assert_uint_lt(e.pages - e.shinfo - 4096, 4096);
		ck_assert_uint_eq(e.shinfo,
		    1896 + (uint64_t)e.nr_vcpus * 5168);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("xc_core");
	TCase *t = tcase_create("layout");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, places, 0, XU_ARRAY_SIZE(kinds));
	tcase_add_loop_test(t, elf_header, 0, XU_ARRAY_SIZE(kinds));
	tcase_add_loop_test(t, sections, 0, XU_ARRAY_SIZE(kinds));
	tcase_add_loop_test(t, notes, 0, XU_ARRAY_SIZE(kinds));
	tcase_add_test(t, many_vcpus);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
