/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libxenctrl sends, byte for byte: the rows of xc_vec_*.c (how: xc_vec.h),
 * on a handle of each release from 4.14 to 4.22. Layouts that never changed are
 * compared with the structures of the installed headers when those are Xen
 * 4.17's; what varies with explicit bytes.
 *
 * With --list: what has been compared, for xc_vectors.sh, which sees that
 * nothing is missing. 77: the headers are others.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>
#include <xen/domctl.h>
#include <xen/sysctl.h>

#include "xc_vec.h"

static const struct vec_group *const files[] = {
	vec_domctl_groups, vec_device_groups, vec_sysctl_groups,
	vec_power_groups, vec_memory_groups, vec_hvm_groups,
	vec_kernel_groups, vec_host_groups, vec_varies_groups,
	vec_room_groups,
};
#define NFILES (sizeof(files) / sizeof(files[0]))

/* Functions that need no row, and why. */
static const struct {
	const char *function, *reason;
} without[] = {
	{ "xc_domain_dumpcore", "makes calls of other functions only" },
	{ "xc_domain_dumpcore_fd", "makes calls of other functions only" },
	{ "xc_domain_p2m_table", "makes calls of other functions only" },
	{ "xc_evtchn_close", "close(2)" },
	{ "xc_evtchn_fd", "tells a descriptor" },
	{ "xc_evtchn_pending", "read(2): \"our channels\" looks at it" },
	{ "xc_get_stats", "sends nothing" },
	{ "xc_gntshr_close", "close(2)" },
	{ "xc_gntshr_unshare", "munmap(2)" },
	{ "xc_gnttab_close", "close(2)" },
	{ "xc_interface_close", "close(2) and munmap(2)" },
	{ "xc_last_error", "sends nothing" },
	{ "xc_release", "sends nothing" },
	{ "xc_unmap_foreign", "munmap(2)" },
};

static const struct vec_group *
group(unsigned n)
{
	for (size_t i = 0; i < NFILES; i++)
		for (const struct vec_group *g = files[i]; g->rows != NULL; g++)
			if (n-- == 0)
				return g;
	return NULL;
}

START_TEST(rows)
{
	const struct vec_group *g = group((unsigned)_i / vec_nreleases);
	xc_interface *x = vec_open((unsigned)_i % vec_nreleases);

	g->rows(x);
	xc_interface_close(x);
}
END_TEST

/* Newer than the table: it may be asked, not changed, unless the caller wishes
 * so. */
START_TEST(unknown_release)
{
	static const struct vec_release next = { 23, 0x18, 0x16 };
	xc_interface *x = vec_open_release(&next, 0, NULL, 0);
	uint32_t id;

	ck_assert_ptr_nonnull(x);
	ck_assert_int_eq(xc_sched_id(x, &id), 0);
	ck_assert_uint_eq(vec_count(), 1);
	vec_forget_calls();
	errno = 0;
	ck_assert_int_eq(xc_domain_pause(x, 5), -1);
	ck_assert_int_eq(errno, ENOTSUP);
	ck_assert_ptr_nonnull(strstr(xc_last_error(x), "4.23"));
	ck_assert_int_eq(xc_cpu_offline(x, 1), -1);
	ck_assert_uint_eq(vec_count(), 0);
	xc_interface_close(x);
	x = vec_open_release(&next, XC_OPEN_ANY_ABI, NULL, 0);
	ck_assert_ptr_nonnull(x);
	V(xc_domain_pause, (x, 5), vec_domctl(5, 3, NULL, 0));
	xc_interface_close(x);
}
END_TEST

START_TEST(no_release_of_ours)
{
	static const struct vec_release old = { 13, 0x12, 0x12 },
					strange = { 23, 0x7f, 0x7f };
	char text[200] = "";

	errno = 0;
	ck_assert_ptr_null(vec_open_release(&old, XC_OPEN_ANY_ABI, text,
	    sizeof(text)));
	ck_assert_int_eq(errno, ENOTSUP);
	ck_assert_ptr_nonnull(strstr(text, "4.13"));
	ck_assert_ptr_nonnull(strstr(text, "4.14"));
	errno = 0;
	ck_assert_ptr_null(vec_open_release(&strange, XC_OPEN_ANY_ABI, text,
	    sizeof(text)));
	ck_assert_int_eq(errno, ENOTSUP);
	ck_assert_ptr_nonnull(strstr(text, "4.23"));
}
END_TEST

static int
list(int failed)
{
#if XEN_DOMCTL_INTERFACE_VERSION != 0x15 ||                                    \
    XEN_SYSCTL_INTERFACE_VERSION != 0x15
	puts("the installed headers are not those of Xen 4.17");
	return failed == 0 ? 77 : EXIT_FAILURE;
#else
	vec_print_seen();
	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++)
		printf("%s - %s\n", without[i].function, without[i].reason);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
#endif
}

int
main(int argc, char **argv)
{
	const bool listing = argc > 1 && strcmp(argv[1], "--list") == 0;
	Suite *s = suite_create("xc_vectors");
	TCase *t = tcase_create("vectors");
	SRunner *sr;
	unsigned groups = 0;
	int failed;

	while (group(groups) != NULL)
		groups++;
	tcase_add_loop_test(t, rows, 0, (int)(groups * vec_nreleases));
	tcase_add_test(t, unknown_release);
	tcase_add_test(t, no_release_of_ours);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	/* What is listed is remembered in this process. */
	if (listing)
		srunner_set_fork_status(sr, CK_NOFORK);
	srunner_run_all(sr, listing ? CK_SILENT : CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	if (listing)
		return list(failed);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
