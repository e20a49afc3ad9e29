/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kernels that are none: ELF images of both classes, notes and bzImages that
 * lie, each with its errno and its sentence. What is packed is test_xg_packed's,
 * the sandbox test_xg_wall's.
 */
#include "config.h"

#include <stdio.h>
#include <xen/elfnote.h>

#include "xg_expect.h"

#define WIDE sizeof(struct xgi64)

/* Refused by the arithmetic that lays it out in 64 MiB. */
static void
expect_no_plan(const char *what, const void *p, size_t n, int errnum,
    const char *says)
{
	struct xg_kernel k;
	struct xg_error e;
	struct xg_plan plan;

	ck_assert_msg(parse_with(&limits, p, n, &k, &e) == 0, "%s: %s", what,
	    e.msg);
	ck_assert_msg(xg_plan_pv(&k, 16384, 0, &plan, &e) < 0, "%s: planned",
	    what);
	ck_assert_msg(errno == errnum && one_line(e.msg) &&
		strncmp(e.msg, says, strlen(says)) == 0,
	    "%s: %d '%s' instead of %d '%s'", what, errno, e.msg, errnum, says);
}

/* ---- ELF --------------------------------------------------------------------- */

struct patch {
	size_t at, size;
	uint64_t value;
};

static void
apply(uint8_t *image, const struct patch *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		memcpy(image + p[i].at, &p[i].value, p[i].size);
}

#define NO_KERNEL "not a kernel that Xen can start (neither ELF nor bzImage)"
#define NO_PHDRS  "truncated: its program headers are not there"
#define CUT	  "truncated: a segment ends behind the end of the file"
#define OUTSIDE	  "its notes lie outside the file"

/* clang-format off */
#define P(m, v) { offsetof(struct xgi64, m), \
	sizeof(((struct xgi64 *)0)->m), (uint64_t)(v) }
#define NO_NOTES P(ph[1].p_type, PT_NULL)
static const struct {
	const char *what;
	struct patch p[5];
	int errnum;
	const char *says;
} elf64[] = {
	{ "magic 0", { P(eh.e_ident[0], 0) }, ENOEXEC, NO_KERNEL },
	{ "magic 1", { P(eh.e_ident[1], 'X') }, ENOEXEC, NO_KERNEL },
	{ "magic 3", { P(eh.e_ident[3], 'f') }, ENOEXEC, NO_KERNEL },
	{ "text", { P(eh.e_ident[0], '#'), P(eh.e_ident[1], '!') }, ENOEXEC,
	    NO_KERNEL "; it begins with \"#!LF\"" },
	{ "no class", { P(eh.e_ident[EI_CLASS], 0) }, ENOEXEC,
	    "not an x86 kernel (ELF class 0, machine 62)" },
	{ "class 3", { P(eh.e_ident[EI_CLASS], 3) }, ENOEXEC,
	    "not an x86 kernel (ELF class 3, machine 62)" },
	{ "x32", { P(eh.e_ident[EI_CLASS], ELFCLASS32) }, ENOEXEC,
	    "not an x86 kernel (ELF class 1, machine 62)" },
	{ "big-endian", { P(eh.e_ident[EI_DATA], ELFDATA2MSB) }, ENOEXEC,
	    "not an x86 kernel (ELF class 2, machine 62)" },
	{ "i386 in 64 bits", { P(eh.e_machine, EM_386) }, ENOEXEC,
	    "not an x86 kernel (ELF class 2, machine 3)" },
	{ "aarch64", { P(eh.e_machine, EM_AARCH64) }, ENOEXEC,
	    "not an x86 kernel (ELF class 2, machine 183)" },
	{ "no headers", { P(eh.e_phnum, 0) }, EINVAL,
	    "it has 0 program headers; 1 to 128 are possible" },
	{ "129 headers", { P(eh.e_phnum, 129) }, EINVAL,
	    "it has 129 program headers; 1 to 128 are possible" },
	{ "PN_XNUM headers", { P(eh.e_phnum, PN_XNUM) }, EINVAL,
	    "it has 65535 program headers; 1 to 128 are possible" },
	{ "short headers", { P(eh.e_phentsize, 55) }, EINVAL,
	    "its program headers have 55 bytes each, not 56" },
	{ "empty headers", { P(eh.e_phentsize, 0) }, EINVAL,
	    "its program headers have 0 bytes each, not 56" },
	{ "headers behind", { P(eh.e_phoff, WIDE) }, EINVAL, NO_PHDRS },
	{ "headers wrap", { P(eh.e_phoff, UINT64_MAX - 8) }, EINVAL,
	    NO_PHDRS },
	{ "the second header is cut", { P(eh.e_phoff, WIDE - 60) }, EINVAL,
	    NO_PHDRS },
	{ "filesz > memsz", { P(ph[0].p_memsz, 100) }, EINVAL,
	    "a segment has more bytes in the file than in memory" },
	{ "bytes behind", { P(ph[0].p_offset, WIDE) }, EINVAL, CUT },
	{ "one byte behind", { P(ph[0].p_offset,
	    offsetof(struct xgi64, text) + 1) }, EINVAL, CUT },
	{ "offset wraps", { P(ph[0].p_offset, UINT64_MAX - 100) }, EINVAL,
	    CUT },
	{ "filesz wraps", { P(ph[0].p_filesz, UINT64_MAX),
	    P(ph[0].p_memsz, UINT64_MAX) }, EINVAL, CUT },
	{ "address wraps", { P(ph[0].p_paddr, UINT64_MAX - 4096) }, EINVAL,
	    "a segment wraps around" },
	{ "memsz wraps", { P(ph[0].p_memsz, UINT64_MAX) }, EINVAL,
	    "a segment wraps around" },
	{ "memsz of 128 TiB", { P(ph[0].p_memsz, 1ull << 47) }, EINVAL,
	    "segment 0 has 140737488355328 bytes at 0x100000: out of range" },
	{ "an impossible address", { P(ph[0].p_paddr, 1ull << 46) }, EINVAL,
	    "segment 0 has 3145728 bytes at 0x400000000000: out of range" },
	{ "twice the same", { P(ph[2].p_type, PT_LOAD),
	    P(ph[2].p_flags, PF_R), P(ph[2].p_memsz, 3 << 20),
	    P(ph[2].p_paddr, 1 << 20) }, EINVAL, "segments 0 and 1 overlap" },
	{ "overlap by a byte", { P(ph[2].p_type, PT_LOAD),
	    P(ph[2].p_flags, PF_W), P(ph[2].p_memsz, 1),
	    P(ph[2].p_paddr, (4 << 20) - 1) }, EINVAL,
	    "segments 0 and 1 overlap" },
	{ "one around the other", { P(ph[2].p_type, PT_LOAD),
	    P(ph[2].p_flags, PF_R), P(ph[2].p_memsz, 1ull << 40) }, EINVAL,
	    "segments 0 and 1 overlap" },
	{ "no rights", { P(ph[0].p_flags, 0) }, EINVAL,
	    "it has nothing to load" },
	{ "empty", { P(ph[0].p_memsz, 0), P(ph[0].p_filesz, 0) }, EINVAL,
	    "it has nothing to load" },
	{ "no PT_LOAD", { P(ph[0].p_type, PT_NULL) }, EINVAL,
	    "it has nothing to load" },
	{ "notes behind", { P(ph[1].p_offset, WIDE) }, EINVAL, OUTSIDE },
	{ "notes wrap", { P(ph[1].p_offset, UINT64_MAX) }, EINVAL, OUTSIDE },
	{ "endless notes", { P(ph[1].p_filesz, UINT64_MAX) }, EINVAL,
	    OUTSIDE },
	{ "65535 sections", { NO_NOTES, P(eh.e_shnum, 0xffff) }, EINVAL,
	    "it has 65535 section headers of 64 bytes; 1024 of 64" },
	{ "1025 sections", { NO_NOTES, P(eh.e_shnum, 1025) }, EINVAL,
	    "it has 1025 section headers of 64 bytes; 1024 of 64" },
	{ "short sections", { NO_NOTES, P(eh.e_shnum, 1),
	    P(eh.e_shentsize, 1) }, EINVAL,
	    "it has 1 section headers of 1 bytes; 1024 of 64 are possible" },
	{ "sections behind", { NO_NOTES, P(eh.e_shnum, 2),
	    P(eh.e_shoff, WIDE) }, EINVAL,
	    "its section table lies outside the file" },
	{ "sections wrap", { NO_NOTES, P(eh.e_shnum, 2),
	    P(eh.e_shoff, UINT64_MAX - 63) }, EINVAL,
	    "its section table lies outside the file" },
	{ "a note section behind", { NO_NOTES, P(eh.e_shnum, 1),
	    P(eh.e_shoff, offsetof(struct xgi64, sh)),
	    P(sh[0].sh_type, SHT_NOTE), P(sh[0].sh_offset, WIDE + 1) }, EINVAL,
	    OUTSIDE },
};

#define Q(m, v) { offsetof(struct xgi32, m), \
	sizeof(((struct xgi32 *)0)->m), (uint64_t)(v) }
static const struct {
	const char *what;
	struct patch p[4];
	int errnum;
	const char *says;
} elf32[] = {
	{ "magic", { Q(eh.e_ident[2], 0) }, ENOEXEC, NO_KERNEL },
	{ "64 bits", { Q(eh.e_ident[EI_CLASS], ELFCLASS64) }, ENOEXEC,
	    "not an x86 kernel (ELF class 2, machine 3)" },
	{ "big-endian", { Q(eh.e_ident[EI_DATA], ELFDATA2MSB) }, ENOEXEC,
	    "not an x86 kernel (ELF class 1, machine 3)" },
	{ "arm", { Q(eh.e_machine, EM_ARM) }, ENOEXEC,
	    "not an x86 kernel (ELF class 1, machine 40)" },
	{ "no headers", { Q(eh.e_phnum, 0) }, EINVAL,
	    "it has 0 program headers; 1 to 128 are possible" },
	{ "65535 headers", { Q(eh.e_phnum, 0xffff) }, EINVAL,
	    "it has 65535 program headers; 1 to 128 are possible" },
	{ "wide headers", { Q(eh.e_phentsize, 56) }, EINVAL,
	    "its program headers have 56 bytes each, not 32" },
	{ "headers behind", { Q(eh.e_phoff, 0xffffffff) }, EINVAL, NO_PHDRS },
	{ "headers cut", { Q(eh.e_phoff, sizeof(struct xgi32) - 33) }, EINVAL,
	    NO_PHDRS },
	{ "filesz > memsz", { Q(ph[0].p_memsz, 8191) }, EINVAL,
	    "a segment has more bytes in the file than in memory" },
	{ "bytes behind", { Q(ph[0].p_offset, 0xffffffff) }, EINVAL, CUT },
	{ "one byte behind", { Q(ph[0].p_offset,
	    offsetof(struct xgi32, text) + 1) }, EINVAL, CUT },
	{ "filesz", { Q(ph[0].p_filesz, 0xffffffff),
	    Q(ph[0].p_memsz, 0xffffffff) }, EINVAL, CUT },
	{ "the same twice", { Q(ph[1].p_type, PT_LOAD), Q(ph[1].p_flags, PF_R),
	    Q(ph[1].p_memsz, 1), Q(ph[1].p_paddr, 0x100000) }, EINVAL,
	    "segments 0 and 1 overlap" },
	{ "one around", { Q(ph[1].p_type, PT_LOAD), Q(ph[1].p_flags, PF_R),
	    Q(ph[1].p_memsz, 0xffffffff) }, EINVAL,
	    "segments 0 and 1 overlap" },
	{ "nothing", { Q(ph[0].p_type, PT_NOTE), Q(ph[0].p_filesz, 0) },
	    EINVAL, "it has nothing to load" },
	{ "no rights", { Q(ph[0].p_flags, 8) }, EINVAL,
	    "it has nothing to load" },
	{ "empty", { Q(ph[0].p_filesz, 0), Q(ph[0].p_memsz, 0) }, EINVAL,
	    "it has nothing to load" },
	{ "notes behind", { Q(ph[1].p_type, PT_NOTE),
	    Q(ph[1].p_offset, 0xfffffff0), Q(ph[1].p_filesz, 8) }, EINVAL,
	    OUTSIDE },
	{ "notes too long", { Q(ph[1].p_type, PT_NOTE), Q(ph[1].p_offset, 64),
	    Q(ph[1].p_filesz, 0xffffffff) }, EINVAL, OUTSIDE },
	{ "the text for notes", { Q(ph[1].p_type, PT_NOTE),
	    Q(ph[1].p_offset, offsetof(struct xgi32, text)),
	    Q(ph[1].p_filesz, 8192) }, EINVAL, "its notes are damaged" },
	{ "65535 sections", { Q(eh.e_shnum, 0xffff) }, EINVAL,
	    "it has 65535 section headers of 40 bytes; 1024 of 40" },
	{ "wide sections", { Q(eh.e_shnum, 1), Q(eh.e_shentsize, 64) }, EINVAL,
	    "it has 1 section headers of 64 bytes; 1024 of 40 are possible" },
	{ "sections behind", { Q(eh.e_shnum, 1), Q(eh.e_shoff, 0xffffff00) },
	    EINVAL, "its section table lies outside the file" },
	{ "a cut section", { Q(eh.e_shnum, 2),
	    Q(eh.e_shoff, sizeof(struct xgi32) - 41) }, EINVAL,
	    "its section table lies outside the file" },
};
/* clang-format on */

START_TEST(elf64_lies)
{
	struct xgi64 im;

	xgi_make64(&im);
	apply((uint8_t *)&im, elf64[_i].p, XU_ARRAY_SIZE(elf64[_i].p));
	expect(elf64[_i].what, &im, sizeof(im), elf64[_i].errnum,
	    elf64[_i].says);
}
END_TEST

START_TEST(elf32_lies)
{
	struct xgi32 im;

	xgi_make32(&im);
	apply((uint8_t *)&im, elf32[_i].p, XU_ARRAY_SIZE(elf32[_i].p));
	expect(elf32[_i].what, &im, sizeof(im), elf32[_i].errnum,
	    elf32[_i].says);
}
END_TEST

/* As many segments as headers can name. */
START_TEST(too_many_segments)
{
	struct xgi64 im;

	xgi_make64(&im);
	im.eh.e_phoff = offsetof(struct xgi64, text);
	im.eh.e_phnum = XG_MAX_SEGMENTS + 1;
	for (unsigned i = 0; i <= XG_MAX_SEGMENTS; i++) {
		Elf64_Phdr ph = { .p_type = PT_LOAD, .p_flags = PF_R,
			.p_memsz = 4096, .p_paddr = i * 4096 };

		memcpy(im.text + i * sizeof(ph), &ph, sizeof(ph));
	}
	expect("33 segments", &im, sizeof(im), EINVAL, "more than 32 segments");
}
END_TEST

/* ---- notes ------------------------------------------------------------------- */

#define X(t)	XEN_ELFNOTE_##t
#define LEFT(n) "a note for Xen says it has " #n " bytes; 8 are left"
#define NO_XEN                                                                 \
	"its notes are damaged: one ends behind its table, and none is for Xen"
#define SIZE(name, n)                                                          \
	"its note " name " has " #n " bytes; a number has 4 or 8"
#define UNKNOWN(f) "it requires the unknown feature '" f "'"
#define NO_PV	   "this kernel has no Xen PV entry"

/* clang-format off */
static const struct {
	const char *what;
	uint32_t namesz, descsz, type;
	const char *name, *desc;
	size_t size;
	int errnum;
	const char *says;
	/* It is the plan that refuses. */
	bool planned;
} note_rows[] = {
	{ "3 bytes", 4, 3, X(ENTRY), "Xen", "abc", 3, EINVAL,
	    SIZE("ENTRY", 3), false },
	{ "16 bytes", 4, 16, X(VIRT_BASE), "Xen", "abcdefghijklmnop", 16, EINVAL,
	    SIZE("VIRT_BASE", 16), false },
	{ "no bytes", 4, 0, X(INIT_P2M), "Xen", "", 0, EINVAL,
	    SIZE("INIT_P2M", 0), false },
	{ "a byte", 4, 1, X(MOD_START_PFN), "Xen", "\1", 1, EINVAL,
	    SIZE("MOD_START_PFN", 1), false },
	{ "5 bytes", 4, 5, X(SUPPORTED_FEATURES), "Xen", "abcde", 5, EINVAL,
	    SIZE("SUPPORTED_FEATURES", 5), false },
	{ "12 bytes", 4, 12, X(HYPERCALL_PAGE), "Xen", "abcdefghijkl", 12,
	    EINVAL, SIZE("HYPERCALL_PAGE", 12), false },
	{ "7 bytes", 4, 7, X(PADDR_OFFSET), "Xen", "abcdefg", 7, EINVAL,
	    SIZE("PADDR_OFFSET", 7), false },
	{ "2 bytes", 4, 2, X(PHYS32_ENTRY), "Xen", "ab", 2, EINVAL,
	    SIZE("PHYS32_ENTRY", 2), false },
	{ "above 4 GiB", 4, 8, X(PHYS32_ENTRY), "Xen", "\0\0\0\0\1\0\0\0", 8,
	    EINVAL, "its note PHYS32_ENTRY is 0x100000000: out of range",
	    false },
	{ "one byte too many", 4, 9, X(ENTRY), "Xen", "abcdefgh", 8, EINVAL,
	    LEFT(9), false },
	{ "4 GiB", 4, 0xffffffff, X(ENTRY), "Xen", "abcdefgh", 8, EINVAL,
	    LEFT(4294967295), false },
	{ "4 GiB rounded to 0", 4, 0xfffffffd, X(FEATURES), "Xen", "abcdefgh",
	    8, EINVAL, LEFT(4294967293), false },
	{ "a name of 4 GiB", 0xffffffff, 8, X(ENTRY), "Xen", "abcdefgh", 8,
	    EINVAL, NO_XEN, false },
	{ "a name of 4 GiB less 4", 0xfffffffc, 8, X(ENTRY), "Xen", "abcdefgh",
	    8, EINVAL, NO_XEN, false },
	{ "a name one byte too long", 5, 8, X(ENTRY), "Xen", "abcdefgh", 8,
	    EINVAL, NO_XEN, false },
	{ "a name over the end", 17, 0, X(ENTRY), "Xen", "abcdefgh", 8, EINVAL,
	    NO_XEN, false },
	{ "no NUL in the name", 3, 8, X(ENTRY), "Xen", "abcdefgh", 8, ENOTSUP,
	    NO_PV, true },
	{ "another's", 4, 8, X(ENTRY), "GNU", "abcdefgh", 8, ENOTSUP, NO_PV,
	    true },
	{ "lower case", 4, 8, X(ENTRY), "xen", "abcdefgh", 8, ENOTSUP, NO_PV,
	    true },
	{ "nobody's", 0, 8, X(ENTRY), "", "abcdefgh", 8, ENOTSUP, NO_PV,
	    true },
	{ "unknown feature", 4, 8, X(FEATURES), "Xen", "!nosuch", 8, ENOTSUP,
	    UNKNOWN("nosuch"), false },
	{ "unprintable feature", 4, 8, X(FEATURES), "Xen", "!a\nb\33[\200", 8,
	    ENOTSUP, UNKNOWN("a?b?[?"), false },
	{ "a feature without NUL", 4, 4, X(FEATURES), "Xen", "!abc", 4, ENOTSUP,
	    UNKNOWN("abc"), false },
	{ "a long feature", 4, 56, X(FEATURES), "Xen", "dom0|!"
	    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwx", 56, ENOTSUP,
	    UNKNOWN("abcdefghijklmnopqrstuvwxyzabcdefghijklmn"), false },
	{ "an empty feature", 4, 5, X(FEATURES), "Xen", "|||!", 5, ENOTSUP,
	    UNKNOWN(""), false },
	{ "another version", 4, 8, X(XEN_VERSION), "Xen", "xen-2.0", 8,
	    ENOTSUP, NO_PV, true },
	{ "a version with more", 4, 8, X(XEN_VERSION), "Xen", "xen-3.0x", 8,
	    ENOTSUP, NO_PV, true },
	{ "a version cut short", 4, 6, X(XEN_VERSION), "Xen", "xen-3.", 6,
	    ENOTSUP, NO_PV, true },
	{ "only for PVH", 4, 4, X(PHYS32_ENTRY), "Xen", "\0\0\20\0", 4,
	    ENOTSUP, "this kernel runs as PVH or HVM, not as PV", true },
};
/* clang-format on */

START_TEST(notes_lie)
{
	struct xgi64 im;

	xgi_make64(&im);
	xgi_one_note(&im, note_rows[_i].namesz, note_rows[_i].descsz,
	    note_rows[_i].type, note_rows[_i].name, note_rows[_i].desc,
	    note_rows[_i].size);
	(note_rows[_i].planned ? expect_no_plan : expect)(note_rows[_i].what,
	    &im, sizeof(im), note_rows[_i].errnum, note_rows[_i].says);
}
END_TEST

START_TEST(long_and_many_notes)
{
	AUTO_FREE uint8_t *big = calloc(1, WIDE + 4097 * 12);
	struct xgi64 im;
	Elf64_Phdr *ph = &im.ph[1];

	/* Into the text, which lies behind the notes. */
	xgi_make64(&im);
	xgi_one_note(&im, 4, 4097, X(GUEST_OS), "Xen", "", 0);
	ph->p_filesz = sizeof(im.notes) + sizeof(im.text);
	expect("4097 bytes", &im, sizeof(im), EINVAL,
	    "a note of 4097 bytes; 4096 are possible");

	xgi_make64(&im);
	ph->p_offset = WIDE;
	ph->p_filesz = 4097 * 12;
	memcpy(big, &im, WIDE);
	expect("4097 notes", big, WIDE + 4097 * 12, EINVAL,
	    "more than 4096 notes");
}
END_TEST

/* The table of notes ends anywhere: what is whole counts, half a note does not, and
 * nothing is read that is behind. */
START_TEST(notes_cut_anywhere)
{
	unsigned refused = 0, has = 0;
	struct xg_kernel k;
	struct xg_error e;
	struct xgi64 im;
	uint64_t whole;

	xgi_make64(&im);
	whole = im.ph[1].p_filesz;
	for (unsigned percent = 0; percent <= 100; percent++) {
		im.ph[1].p_filesz = whole * percent / 100;
		if (parse_with(&limits, &im, sizeof(im), &k, &e) < 0) {
			ck_assert_msg(e.errnum == EINVAL && one_line(e.msg),
			    "%u %%: %s", percent, e.msg);
			refused++;
			continue;
		}
		ck_assert_uint_eq(k.has & has, has);
		has = k.has;
	}
	ck_assert_uint_gt(refused, 25);
	ck_assert_uint_ne(has & XG_HAS_ENTRY, 0);
}
END_TEST

/* What a kernel says of itself is kept to its field and to one line. */
START_TEST(names_are_kept_short)
{
	static const char os[] = "a\nb\t\x80 and much more than thirty-one "
				 "characters of a name";
	struct xg_kernel k;
	struct xg_error e;
	struct xgi64 im;

	xgi_make64(&im);
	xgi_one_note(&im, 4, sizeof(os), X(GUEST_OS), "Xen", os, sizeof(os));
	ck_assert_int_eq(parse_with(&limits, &im, sizeof(im), &k, &e), 0);
	ck_assert_str_eq(k.guest_os, "a?b?? and much more than thirty");
}
END_TEST

/* ---- bzImage -------------------------------------------------------------------- */

/* clang-format off */
static const struct {
	const char *what;
	struct patch p[2];
	int errnum;
	const char *says;
} bz_rows[] = {
	{ "H", { { 0x202, 1, 'h' } }, ENOEXEC, NO_KERNEL },
	{ "S", { { 0x205, 1, 's' } }, ENOEXEC, NO_KERNEL },
	{ "no HdrS, but text", { { 0x202, 4, 0 }, { 0, 4, 0x74786574 } },
	    ENOEXEC, NO_KERNEL "; it begins with \"text\"" },
	{ "protocol 2.07", { { 0x206, 2, 0x0207 } }, ENOTSUP,
	    "a bzImage of boot protocol 2.07; 2.08 (Linux 2.6.26) is needed" },
	{ "protocol 0", { { 0x206, 2, 0 } }, ENOTSUP,
	    "a bzImage of boot protocol 0.00; 2.08 (Linux 2.6.26) is needed" },
	{ "protocol 1.255", { { 0x206, 2, 0x01ff } }, ENOTSUP,
	    "a bzImage of boot protocol 1.255; 2.08" },
	{ "2 sectors", { { 0x1f1, 1, 2 } }, EINVAL,
	    "truncated: the payload ends at byte" },
	{ "no sectors are 4", { { 0x1f1, 1, 0 } }, EINVAL,
	    "truncated: the payload ends at byte" },
	{ "255 sectors", { { 0x1f1, 1, 255 } }, EINVAL,
	    "truncated: the payload ends at byte" },
	{ "offset 1", { { 0x248, 4, 1 } }, EINVAL,
	    "truncated: the payload ends at byte" },
	{ "offset 4 GiB", { { 0x248, 4, 0xffffffff } }, EINVAL,
	    "truncated: the payload ends at byte" },
	{ "offset -1024", { { 0x248, 4, 0xfffffc00 } }, EINVAL,
	    "truncated: the payload ends at byte" },
	{ "length 4 GiB", { { 0x24c, 4, 0xffffffff } }, EINVAL,
	    "truncated: the payload ends at byte" },
	{ "both 4 GiB", { { 0x248, 8, UINT64_MAX } }, EINVAL,
	    "truncated: the payload ends at byte 8589935614 of" },
	{ "length 2 GiB", { { 0x24c, 4, 0x80000000 } }, EINVAL,
	    "truncated: the payload ends at byte" },
	{ "length 0", { { 0x24c, 4, 0 } }, ENOEXEC, NO_KERNEL },
	{ "length 1", { { 0x24c, 4, 1 } }, ENOEXEC, NO_KERNEL },
	{ "length 2", { { 0x24c, 4, 2 } }, EINVAL, "truncated: 2 bytes of gzip" },
	{ "length 15", { { 0x24c, 4, 15 } }, EINVAL,
	    "truncated: 15 bytes of gzip" },
	{ "not the stream's first byte", { { 0x248, 4, 1 }, { 0x24c, 4, 64 } },
	    ENOEXEC, NO_KERNEL },
	{ "the magic is gone", { { XGI_SETUP, 2, 0 } }, ENOEXEC, NO_KERNEL },
	{ "another's magic", { { XGI_SETUP, 3, 0x685a42 } }, EINVAL,
	    "its bzip2 payload is damaged or truncated" },
};
/* clang-format on */

START_TEST(bzimage_lies)
{
	uint8_t *payload = buffer + BUFFER / 2;
	struct xgi64 im;
	size_t n;

	xgi_make64(&im);
	n = xgi_pack("gzip", &im, sizeof(im), payload, BUFFER / 2);
	n = xgi_bzimage(payload, n, buffer, BUFFER / 2);
	apply(buffer, bz_rows[_i].p, XU_ARRAY_SIZE(bz_rows[_i].p));
	expect(bz_rows[_i].what, buffer, n, bz_rows[_i].errnum,
	    bz_rows[_i].says);
}
END_TEST

/* Payloads that are no packed ELF image; nothing is unpacked twice. */
START_TEST(bzimage_payloads)
{
	uint8_t *payload = buffer + BUFFER / 2;
	struct xg_limits small = { 1 << 24, 4096, 10 };
	struct xg_kernel k;
	struct xg_error e;
	struct xgi64 im;
	size_t n, m;

	xgi_make64(&im);
	n = xgi_bzimage("just some text", 14, buffer, BUFFER / 2);
	expect("text", buffer, n, ENOEXEC,
	    NO_KERNEL "; it begins with \"just some te\"");
	n = xgi_bzimage(&im, sizeof(im) - 1, buffer, BUFFER / 2);
	expect("ELF, cut", buffer, n, EINVAL, CUT);
	n = xgi_bzimage(&im, 20, buffer, BUFFER / 2);
	expect("ELF, its head", buffer, n, EINVAL,
	    "truncated: an ELF header of 20 bytes");
	n = xgi_bzimage(&im, sizeof(im), buffer, BUFFER / 2);
	ck_assert_int_eq(parse_with(&small, buffer, n, &k, &e), -1);
	ck_assert_int_eq(e.errnum, EFBIG);
	ck_assert_str_eq(e.msg, "its payload has 9120 bytes; the limit is 4096");
	expect("a header", buffer, 0x24f, EINVAL,
	    "truncated: a bzImage header of 591 bytes");
	expect("half a header", buffer, 0x206, EINVAL,
	    "truncated: a bzImage header of 518 bytes");

	/* A bzImage in a bzImage, plain and packed. */
	memcpy(payload, buffer, n);
	m = xgi_bzimage(payload, n, buffer, BUFFER / 2);
	expect("nested", buffer, m, ENOEXEC, NO_KERNEL);
	m = xgi_pack("gzip", payload, n, buffer, BUFFER / 2);
	memcpy(payload, buffer, m);
	n = xgi_bzimage(payload, m, buffer, BUFFER / 2);
	expect("nested, packed", buffer, n, ENOEXEC,
	    "what it holds is not an ELF image");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("kernels that are none");
	TCase *t = tcase_create("all");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, elf64_lies, 0, (int)XU_ARRAY_SIZE(elf64));
	tcase_add_loop_test(t, elf32_lies, 0, (int)XU_ARRAY_SIZE(elf32));
	tcase_add_test(t, too_many_segments);
	tcase_add_loop_test(t, notes_lie, 0, (int)XU_ARRAY_SIZE(note_rows));
	tcase_add_test(t, long_and_many_notes);
	tcase_add_test(t, notes_cut_anywhere);
	tcase_add_test(t, names_are_kept_short);
	tcase_add_loop_test(t, bzimage_lies, 0, (int)XU_ARRAY_SIZE(bz_rows));
	tcase_add_test(t, bzimage_payloads);
	suite_add_tcase(s, t);
	return run_suite(s);
}
