/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What another host offers, held against what is here: releases, processors, disks. The
 * words are a stranger's, so some make no sense. (Bridges need a kernel to ask:
 * tests/host/migrate-pair.sh.)
 */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "preflight.h"

static char dir[] = "/tmp/preflight.XXXXXX";

/* The folder in the place of the first @. */
static void
fill(const char *text, char out[500])
{
	const char *at = strchr(text, '@');

	if (at == NULL)
		snprintf(out, 500, "%s", text);
	else
		snprintf(out, 500, "%.*s%s%s", (int)(at - text), text, dir,
		    at + 1);
}

static struct xu_val *
json(const char *row)
{
	char text[500];
	struct xu_val *v;

	fill(row, text);
	v = xu_val_from_json(text, strlen(text), sizeof(text), NULL);
	ck_assert_msg(v != NULL, "%s", text);
	return v;
}

static void
setup(void)
{
	char path[64];
	int fd;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/disk", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	ck_assert_int_eq(ftruncate(fd, 8192), 0);
	close(fd);
}

static void
teardown(void)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/disk", dir);
	unlink(path);
	rmdir(dir);
	memcpy(strrchr(dir, '.'), ".XXXXXX", 7);
}

#define DISK(location)                                                         \
	"{\"VBDs\": [{\"device\": \"xvda\", \"location\": \"" location "\"}]}"
#define XEN(major, minor) "{\"xen_major\": " #major ", \"xen_minor\": " #minor "}"

/* @: the folder. says NULL: nothing is in the way. */
static const struct row {
	const char *args, *offer, *hello, *says;
} rows[] = {
	{ "{}", "{}", XEN(4, 17), NULL },
	{ "{}", "{}", XEN(4, 14), NULL },
	{ "{}", "{}", XEN(3, 99), NULL },
	{ "{}", "{}", XEN(4, 18), "it is 4.17 here and 4.18 there" },
	{ "{}", "{}", XEN(5, 0), "it is 4.17 here and 5.0 there" },
	{ "{}", "{}", "[]", NULL },
	{ DISK("file:@/disk"), "{}", "{}", NULL },
	{ DISK("file:@/disk"), "{\"disks\": {\"xvda\": 8192}}", "{}", NULL },
	{ DISK("file:@/disk"), "{\"disks\": {\"xvda\": 4096}}", "{}",
	    "disk xvda (@/disk): it has 8192 bytes here, and 4096 there" },
	{ DISK("file:@/disk"), "{\"disks\": {\"xvda\": -1}}", "{}",
	    "8192 bytes here, and -1 there" },
	{ DISK("file:@/disk"), "{\"disks\": {\"xvda\": \"x\"}}", "{}", NULL },
	{ DISK("file:@/disk"), "{\"disks\": [1, 2]}", "{}", NULL },
	{ DISK("file:@/none"), "{}", "{}",
	    "disk xvda (@/none): No such file or directory" },
	{ DISK("qcow2:@/none"), "{}", "{}", "No such file or directory" },
	/* Of another size, as such files are. */
	{ DISK("qcow2:@/disk"), "{\"disks\": {\"xvda\": 4096}}", "{}", NULL },
	/* A folder; nothing in the drive. */
	{ DISK("file:@"), "{}", "{}", "disk xvda" },
	{ DISK(""), "{}", "{}", NULL },
	{ "{\"VBDs\": {\"a\": 1}}", "{}", "{}", NULL },
	{ "{\"VBDs\": [1, [], {}], \"VIFs\": [1, {}]}", "{}", "{}", NULL },
};

START_TEST(offered)
{
	const struct row *r = &rows[_i];
	struct core c = { .version = { .major = 4, .minor = 17 } };
	AUTO_VAL struct xu_val *args = json(r->args);
	AUTO_VAL struct xu_val *offer = json(r->offer);
	AUTO_VAL struct xu_val *hello = json(r->hello);
	struct xu_err e = XU_ERR_INIT;
	char says[500];

	ck_assert_int_eq(preflight_check(&c, args, offer, hello, &e),
	    r->says == NULL ? 0 : -1);
	if (r->says == NULL)
		return;
	fill(r->says, says);
	ck_assert_str_eq(e.code, "XLD_PEER");
	ck_assert_msg(strstr(e.msg, says) != NULL, "%s", e.msg);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("preflight");
	TCase *tc = tcase_create("all");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, offered, 0, (int)XU_ARRAY_SIZE(rows));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? 0 : 1;
}
