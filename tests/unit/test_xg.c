/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxenguest without Xen: kernels made here, good ones and lies; every
 * compression; the sandboxed loader; the plan of a domain.
 */
#include "config.h"

#include <bzlib.h>
#include <check.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <lzma.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xen/elfnote.h>
#include <zlib.h>
#include <zstd.h>

#include "xg_private.h"
#include "xu_auto.h"

#define BASE 0xffffffff80000000ull

struct image {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[2];
	uint8_t notes[512];
	uint8_t text[8192];
};

static size_t notes_len;

static void
note(struct image *im, uint32_t type, const void *desc, uint32_t size)
{
	Elf64_Nhdr h = { 4, size, type };

	memcpy(im->notes + notes_len, &h, sizeof(h));
	memcpy(im->notes + notes_len + sizeof(h), "Xen", 4);
	memcpy(im->notes + notes_len + sizeof(h) + 4, desc, size);
	notes_len += sizeof(h) + 4 + ((size + 3) & ~3u);
}

static void
note_u64(struct image *im, uint32_t type, uint64_t v)
{
	note(im, type, &v, 8);
}

static void
make(struct image *im)
{
	memset(im, 0, sizeof(*im));
	notes_len = 0;
	memcpy(im->eh.e_ident, ELFMAG, SELFMAG);
	im->eh.e_ident[EI_CLASS] = ELFCLASS64;
	im->eh.e_ident[EI_DATA] = ELFDATA2LSB;
	im->eh.e_machine = EM_X86_64;
	im->eh.e_phoff = offsetof(struct image, ph);
	im->eh.e_phentsize = sizeof(Elf64_Phdr);
	im->eh.e_phnum = 2;
	im->ph[0].p_type = PT_LOAD;
	im->ph[0].p_flags = PF_R | PF_X;
	im->ph[0].p_offset = offsetof(struct image, text);
	im->ph[0].p_filesz = sizeof(im->text);
	im->ph[0].p_memsz = 3 << 20;
	im->ph[0].p_paddr = 1 << 20;
	im->ph[1].p_type = PT_NOTE;
	im->ph[1].p_offset = offsetof(struct image, notes);
	note(im, XEN_ELFNOTE_XEN_VERSION, "xen-3.0", 8);
	note(im, XEN_ELFNOTE_GUEST_OS, "test", 5);
	note(im, XEN_ELFNOTE_FEATURES, "!writable_page_tables|"
				       "pae_pgdir_above_4gb", 42);
	note_u64(im, XEN_ELFNOTE_VIRT_BASE, BASE);
	note_u64(im, XEN_ELFNOTE_ENTRY, BASE + (1 << 20) + 16);
	note_u64(im, XEN_ELFNOTE_INIT_P2M, 0x8000000000ull);
	note_u64(im, XEN_ELFNOTE_MOD_START_PFN, 1);
	im->ph[1].p_filesz = notes_len;
	for (size_t i = 0; i < sizeof(im->text); i++)
		im->text[i] = (uint8_t)(i * 7);
}

static int
parse(const void *p, size_t n, struct xg_kernel *k, struct xg_error *e)
{
	static const struct xg_limits limits = { 1 << 24, 1 << 24, 10 };

	memset(e, 0, sizeof(*e));
	return xg_parse(p, n, &limits, NULL, k, e);
}

START_TEST(a_good_kernel)
{
	struct xg_kernel k;
	struct xg_error e;
	struct image im;

	make(&im);
	ck_assert_msg(parse(&im, sizeof(im), &k, &e) == 0, "%s", e.msg);
	ck_assert_str_eq(k.guest_os, "test");
	ck_assert_uint_eq(k.nsegments, 1);
	ck_assert_uint_eq(k.virt_base, BASE);
	ck_assert_uint_eq(k.init_p2m, 0x8000000000ull);
	ck_assert_uint_eq(k.required, 1);
	ck_assert_uint_eq(k.supported, 1 | 16);
}
END_TEST

START_TEST(every_truncation_is_refused_or_harmless)
{
	struct xg_kernel k;
	struct xg_error e;
	struct image im;

	make(&im);
	for (size_t n = 0; n < sizeof(im); n++) {
		/* A copy of exactly that size: ASan sees every byte too far. */
		AUTO_FREE void *cut = malloc(n == 0 ? 1 : n);

		memcpy(cut, &im, n);
		ck_assert_int_eq(parse(cut, n, &k, &e), -1);
		ck_assert_uint_gt(strlen(e.msg), 0);
	}
}
END_TEST

START_TEST(every_changed_byte_is_survived)
{
	struct xg_kernel k;
	struct xg_error e;
	struct image im;
	uint8_t *p = (uint8_t *)&im;

	for (size_t i = 0; i < offsetof(struct image, text); i++)
		for (unsigned v = 0; v < 4; v++) {
			static const uint8_t values[] = { 0, 1, 0x7f, 0xff };
			struct xg_plan plan;

			make(&im);
			p[i] = values[v];
			if (parse(&im, sizeof(im), &k, &e) == 0)
				(void)xg_plan_pv(&k, 4096, 1 << 20, &plan, &e);
		}
}
END_TEST

static size_t
pack_with(const char *how, const void *in, size_t n, uint8_t *out, size_t max)
{
	uint32_t size = (uint32_t)n;
	size_t len = 0;

	if (strcmp(how, "gzip") == 0) {
		z_stream z = { .next_in = (Bytef *)(uintptr_t)in,
			.avail_in = (uInt)n, .next_out = out,
			.avail_out = (uInt)max };

		deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, 0);
		deflate(&z, Z_FINISH);
		len = z.total_out;
		deflateEnd(&z);
		return len; /* carries its size itself */
	}
	if (strcmp(how, "bzip2") == 0) {
		unsigned l = (unsigned)max;

		BZ2_bzBuffToBuffCompress((char *)out, &l,
		    (char *)(uintptr_t)in, (unsigned)n, 9, 0, 0);
		len = l;
	} else if (strcmp(how, "xz") == 0) {
		lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL, in, n, out,
		    &len, max);
	} else if (strcmp(how, "zstd") == 0) {
		len = ZSTD_compress(out, max, in, n, 3);
	}
	memcpy(out + len, &size, 4);
	return len + 4;
}

static const char *const packers[] = { "gzip", "bzip2", "xz", "zstd" };

START_TEST(packed_kernels)
{
	static uint8_t out[1 << 16];
	struct xg_kernel k;
	struct xg_error e;
	struct image im;
	size_t n;

	make(&im);
	n = pack_with(packers[_i], &im, sizeof(im), out, sizeof(out) - 4);
	ck_assert_msg(parse(out, n, &k, &e) == 0, "%s", e.msg);
	ck_assert_str_eq(k.packed, packers[_i]);
	ck_assert_uint_eq(k.size, sizeof(im));
	for (size_t cut = 0; cut < n; cut += 1 + n / 100)
		ck_assert_int_eq(parse(out, cut, &k, &e), -1);
	/* A size that lies, up and down. */
	for (int d = -1; d <= 1; d += 2) {
		uint32_t size = (uint32_t)(sizeof(im) + (size_t)d);

		memcpy(out + n - 4, &size, 4);
		ck_assert_int_eq(parse(out, n, &k, &e), -1);
	}
	memcpy(out + n - 4, "\xff\xff\xff\xff", 4);
	ck_assert_int_eq(parse(out, n, &k, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "the limit is"));
}
END_TEST

static int
file_of(const void *p, size_t n)
{
	int fd = memfd_create("k", 0);

	ck_assert_int_eq(write(fd, p, n), (ssize_t)n);
	return fd;
}

START_TEST(the_loader_is_apart)
{
	struct xg_limits limits = XG_LIMITS_DEFAULT;
	struct xg_error e = { .msg = "" };
	struct xg_load *h;
	struct xg_kernel k;
	struct image im;
	uint8_t back[sizeof(im.text)];
	int fd;

	make(&im);
	fd = file_of(&im, sizeof(im));
	ck_assert_msg(xg_load_start(fd, "/k", &limits, &h, &e) == 0, "%s",
	    e.msg);
	ck_assert_msg(xg_load_finish(h, &k, &e) == 0, "%s", e.msg);
	ck_assert_int_eq(pread(k.fd, back, sizeof(back),
			     (off_t)k.segments[0].offset), sizeof(back));
	ck_assert_mem_eq(back, im.text, sizeof(back));
	/* Sealed: nobody changes what was checked. */
	ck_assert_int_eq(pwrite(k.fd, "x", 1, 0), -1);
	xg_kernel_close(&k);
	close(fd);

	fd = file_of("#!/bin/sh\n", 10);
	ck_assert_int_eq(xg_load_start(fd, "/bin/x", &limits, &h, &e), 0);
	ck_assert_int_eq(xg_load_finish(h, &k, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "kernel /bin/x: not a kernel"));
	close(fd);
	limits.file = 5;
	memset(&e, 0, sizeof(e));
	fd = file_of("123456", 6);
	ck_assert_int_eq(xg_load_start(fd, "/k", &limits, &h, &e), -1);
	ck_assert_str_eq(e.msg, "kernel /k: 6 bytes; the limit is 5");
	close(fd);
}
END_TEST

START_TEST(the_plan)
{
	struct xg_error e = { .msg = "" };
	struct xg_kernel k;
	struct xg_plan p;
	struct image im;

	make(&im);
	ck_assert_int_eq(parse(&im, sizeof(im), &k, &e), 0);
	ck_assert_msg(xg_plan_pv(&k, 16384, 5000, &p, &e) == 0, "%s", e.msg);
	/* Kernel 1..4 MiB, then start_info, rings, tables, stack. */
	ck_assert_uint_eq(p.kernel_pfn, 256);
	ck_assert_uint_eq(p.kernel_end, 1024);
	ck_assert_uint_eq(p.start_info_pfn, 1024);
	ck_assert_uint_eq(p.console_pfn, 1026);
	ck_assert_uint_eq(p.pt_pfn, 1027);
	/* 8 MiB: four L1, one each above. */
	ck_assert_uint_eq(p.pt_pages, 7);
	ck_assert_uint_eq(p.stack_pfn, 1034);
	ck_assert_uint_eq(p.virt_end, BASE + (8u << 20));
	ck_assert(!p.ramdisk_mapped);
	ck_assert_uint_eq(p.ramdisk_pfn, 2048);
	ck_assert_uint_eq(p.ramdisk_pages, 2);
	ck_assert_uint_eq(p.p2m_pfn, 2050);
	ck_assert_uint_eq(p.p2m_pages, 32);
	ck_assert_uint_eq(p.p2m_tables, 3);

	/* An old kernel: ramdisk and p2m inside the mapping. */
	k.has &= ~(XG_HAS_INIT_P2M | XG_HAS_MOD_START_PFN);
	ck_assert_int_eq(xg_plan_pv(&k, 16384, 5000, &p, &e), 0);
	ck_assert_uint_eq(p.ramdisk_pfn, 1024);
	ck_assert_uint_eq(p.p2m_pfn, 1026);
	ck_assert_uint_eq(p.p2m_vaddr, BASE + (1026u << 12));
	ck_assert_uint_eq(p.start_info_pfn, 1058);

	ck_assert_int_eq(xg_plan_pv(&k, 1024, 0, &p, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "the guest has 4 MiB"));
	memset(&e, 0, sizeof(e));
	k.has &= ~XG_HAS_ENTRY;
	ck_assert_int_eq(xg_plan_pv(&k, 16384, 0, &p, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "no Xen PV entry"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("libxenguest");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_good_kernel);
	tcase_add_test(t, every_truncation_is_refused_or_harmless);
	tcase_add_test(t, every_changed_byte_is_survived);
	tcase_add_loop_test(t, packed_kernels, 0,
	    (int)XU_ARRAY_SIZE(packers));
	tcase_add_test(t, the_loader_is_apart);
	tcase_add_test(t, the_plan);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
