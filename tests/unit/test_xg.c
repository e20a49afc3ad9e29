/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxenguest without Xen: kernels made here, every compression, the plan of a
 * domain. Lies are test_xg_bad's and test_xg_packed's, the sandboxed loader is
 * test_xg_wall's.
 */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "xg_image.h"
#include "xg_private.h"
#include "xu_auto.h"

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
	struct xgi64 im;

	xgi_make64(&im);
	ck_assert_msg(parse(&im, sizeof(im), &k, &e) == 0, "%s", e.msg);
	ck_assert_str_eq(k.guest_os, "test");
	ck_assert_uint_eq(k.nsegments, 1);
	ck_assert_uint_eq(k.virt_base, XGI_BASE);
	ck_assert_uint_eq(k.init_p2m, 0x8000000000ull);
	ck_assert_uint_eq(k.required, 1);
	ck_assert_uint_eq(k.supported, 1 | 16);
}
END_TEST

START_TEST(every_truncation_is_refused_or_harmless)
{
	struct xg_kernel k;
	struct xg_error e;
	struct xgi64 im;

	xgi_make64(&im);
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
	struct xgi64 im;
	uint8_t *p = (uint8_t *)&im;

	for (size_t i = 0; i < offsetof(struct xgi64, text); i++)
		for (unsigned v = 0; v < 4; v++) {
			static const uint8_t values[] = { 0, 1, 0x7f, 0xff };
			struct xg_plan plan;

			xgi_make64(&im);
			p[i] = values[v];
			if (parse(&im, sizeof(im), &k, &e) == 0)
				(void)xg_plan_pv(&k, 4096, 1 << 20, &plan, &e);
		}
}
END_TEST

START_TEST(packed_kernels)
{
	static uint8_t out[1 << 16];
	struct xg_kernel k;
	struct xg_error e;
	struct xgi64 im;
	size_t n;

	xgi_make64(&im);
	n = xgi_pack(xgi_packers[_i], &im, sizeof(im), out, sizeof(out));
	ck_assert_msg(parse(out, n, &k, &e) == 0, "%s", e.msg);
	ck_assert_str_eq(k.packed, xgi_packers[_i]);
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

START_TEST(the_plan)
{
	struct xg_error e = { .msg = "" };
	struct xg_kernel k;
	struct xg_plan p;
	struct xgi64 im;

	xgi_make64(&im);
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
	ck_assert_uint_eq(p.virt_end, XGI_BASE + (8u << 20));
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
	ck_assert_uint_eq(p.p2m_vaddr, XGI_BASE + (1026u << 12));
	ck_assert_uint_eq(p.start_info_pfn, 1058);

	ck_assert_int_eq(xg_plan_pv(&k, 1024, 0, &p, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "the guest has 4 MiB"));
	memset(&e, 0, sizeof(e));
	k.has &= ~(XG_HAS_ENTRY | XG_HAS_PHYS32_ENTRY);
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
	    7);
	tcase_add_test(t, the_plan);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
