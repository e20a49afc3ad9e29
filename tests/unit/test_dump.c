/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The folder of cores: names, and what makes room for another one.
 */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vm_dump.h"

#define WHEN 1795348800 /* 2026-11-22, noon in London */
#define MIB  ((uint64_t)1 << 20)

static char folder[64];
static const struct dump_room idle = { .folder = "" };

static void
setup(void)
{
	setenv("TZ", "UTC", 1);
	snprintf(folder, sizeof(folder), "/tmp/test_dump.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void
teardown(void)
{
	char line[128];

	snprintf(line, sizeof(line), "rm -r '%s'", folder);
	ck_assert_int_eq(system(line), 0);
}

/* A core of so many KiB, written at that second. */
static char *
core(const char *name, int32_t domid, int64_t when, bool ended, size_t kib)
{
	const struct timespec at[2] = { { .tv_sec = when }, { .tv_sec = when } };
	AUTO_FREE char *data = calloc(kib, 1024);
	struct xu_err e = XU_ERR_INIT;
	char *path = dump_path(folder, name, domid, when, ended, &e);
	int fd;

	ck_assert_msg(path != NULL, "%s", e.msg);
	memset(data, 'x', kib * 1024);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, kib * 1024), (int)kib * 1024);
	ck_assert_int_eq(futimens(fd, at), 0);
	close(fd);
	return path;
}

static bool
is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

START_TEST(names)
{
	AUTO_FREE char *asked = NULL, *ended = NULL, *want = NULL;
	struct xu_err e = XU_ERR_INIT;
	struct stat st;
	char sub[96];

	asked = dump_path(folder, "web", 5, WHEN, false, &e);
	ended = dump_path(folder, "web", 5, WHEN, true, &e);
	ck_assert_int_gt(asprintf(&want, "%s/web/2026-1122-1200.00-web.5.core",
	    folder), 0);
	ck_assert_str_eq(asked, want);
	free(want);
	ck_assert_int_gt(asprintf(&want,
	    "%s/web/2026-1122-1200.00-web.5.end.core", folder), 0);
	ck_assert_str_eq(ended, want);
	snprintf(sub, sizeof(sub), "%s/web", folder);
	ck_assert_int_eq(stat(sub, &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFDIR | 0700);
}
END_TEST

START_TEST(a_folder_that_cannot_be)
{
	AUTO_FREE char *file = core("web", 1, WHEN, false, 1);
	struct xu_err e = XU_ERR_INIT;

	/* What it is to be in is a file. */
	ck_assert_ptr_null(dump_path(file, "web", 1, WHEN, false, &e));
	ck_assert(xu_err_is_set(&e));
}
END_TEST

/* As many as may be, with the new one, of all guests; the oldest go. */
START_TEST(too_many)
{
	const struct dump_room room = { folder, 3, 100 * MIB };
	AUTO_FREE char *b = core("b", 2, WHEN + 1, true, 4);
	AUTO_FREE char *a = core("a", 1, WHEN, true, 4);
	AUTO_FREE char *c = core("a", 3, WHEN + 2, true, 4);
	struct xu_err e = XU_ERR_INIT;

	ck_assert_int_eq(dump_make_room(&room, &idle, MIB, &e), 0);
	ck_assert(!is_there(a) && is_there(b) && is_there(c));
	/* Then there is room. */
	ck_assert_int_eq(dump_make_room(&room, &idle, MIB, &e), 0);
	ck_assert(is_there(b) && is_there(c));
}
END_TEST

START_TEST(too_large)
{
	const struct dump_room room = { folder, 10, 2 * MIB };
	AUTO_FREE char *a = core("a", 1, WHEN, true, 800);
	AUTO_FREE char *b = core("b", 2, WHEN + 1, true, 800);
	struct xu_err e = XU_ERR_INIT;
	char sub[96];

	ck_assert_int_eq(dump_make_room(&room, &idle, MIB, &e), 0);
	ck_assert(!is_there(a) && is_there(b));
	/* A guest's folder goes with its last. */
	snprintf(sub, sizeof(sub), "%s/a", folder);
	ck_assert(!is_there(sub));
}
END_TEST

/* Those that were asked for, and files of others, are nobody's to remove. */
START_TEST(others_stay)
{
	const struct dump_room room = { folder, 1, MIB };
	AUTO_FREE char *asked = core("a", 1, WHEN, false, 900);
	AUTO_FREE char *ended = core("a", 2, WHEN + 1, true, 4);
	AUTO_FREE char *link = NULL;
	struct xu_err e = XU_ERR_INIT;

	ck_assert_int_gt(asprintf(&link, "%s/a/x.end.core", folder), 0);
	ck_assert_int_eq(symlink("/etc/passwd", link), 0);
	ck_assert_int_eq(dump_make_room(&room, &idle, MIB / 2, &e), 0);
	ck_assert(is_there(asked) && !is_there(ended) && is_there(link));
}
END_TEST

/* What never would fit removes nothing. */
START_TEST(no_room_at_all)
{
	const struct dump_room small = { folder, 10, MIB };
	const struct dump_room none = { folder, 0, 100 * MIB };
	const struct dump_room busy = { folder, 2, 100 * MIB };
	const struct dump_room used = { .files = 2, .bytes = 0 };
	const struct dump_room large = { .files = 1, .bytes = 100 * MIB };
	AUTO_FREE char *a = core("a", 1, WHEN, true, 4);
	struct xu_err e = XU_ERR_INIT;

	ck_assert_int_eq(dump_make_room(&small, &idle, MIB + 1, &e), -1);
	ck_assert_str_eq(e.code, "XLD_CORE");
	ck_assert_ptr_nonnull(strstr(e.msg, "dump_mib"));
	xu_err_clear(&e);
	ck_assert_int_eq(dump_make_room(&none, &idle, MIB, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "dump_files"));
	xu_err_clear(&e);
	/* Others are being written. */
	ck_assert_int_eq(dump_make_room(&busy, &used, MIB, &e), -1);
	xu_err_clear(&e);
	ck_assert_int_eq(dump_make_room(&busy, &large, MIB, &e), -1);
	ck_assert(is_there(a));
}
END_TEST

START_TEST(no_folder_yet)
{
	const struct dump_room room = { "/tmp/test_dump.none", 1, MIB };
	struct xu_err e = XU_ERR_INIT;

	ck_assert_int_eq(dump_make_room(&room, &idle, MIB, &e), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("dump");
	TCase *t = tcase_create("folder");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, names);
	tcase_add_test(t, a_folder_that_cannot_be);
	tcase_add_test(t, too_many);
	tcase_add_test(t, too_large);
	tcase_add_test(t, others_stay);
	tcase_add_test(t, no_room_at_all);
	tcase_add_test(t, no_folder_yet);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
