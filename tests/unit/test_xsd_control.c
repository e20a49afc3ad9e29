/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XS_CONTROL: every command, right and wrong, and what is in the trace. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xsd_fixture.h"

#define HAS(text, part)                                                        \
	ck_assert_msg(strstr(text, part) != NULL, "no '%s' in: %s", part, text)

static const char *
control(const char *command)
{
	return thv_ask(dom0, XS_CONTROL, command);
}

/* A file in the daemon's directory, as text. */
static const char *
slurp(const char *name)
{
	static char text[65536];
	char path[128];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", thv_dir(h), name);
	f = fopen(path, "re");
	ck_assert_msg(f != NULL, "%s is not there", path);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

START_TEST(help)
{
	static const char *const names[] = { "check", "help", "live-update",
		"log", "logfile", "memreport", "print", "quota", "quota-soft" };
	char text[4200];

	snprintf(text, sizeof(text), "%s", control("help|"));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		HAS(text, names[i]);
	/* The last string may come without its NUL. */
	ck_assert_str_eq(control("help"), text);
}
END_TEST

START_TEST(what_makes_no_sense)
{
	static const char *const bad[] = { "nonsense|", "", "|", "check|more|",
		"log|maybe|", "log|+nonsense|", "log|on|off|", "logfile|",
		"logfile||", "memreport|a|b|", "print|", "quota|nonsense|",
		"quota|set|nodes|", "quota|set|nodes|x|", "quota|set|x|1|",
		"quota|max|-x|", "quota|1|2|", "quota-soft|set|nodes|1|",
		"quota|65536|" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(strcmp(control(bad[i]), "EINVAL") == 0, "%s: %s",
		    bad[i], control(bad[i]));
	ck_assert_str_eq(control("logfile|/no/such/folder/x|"), "ENOENT");
	ck_assert_str_eq(control("memreport|/no/such/folder/x|"), "ENOENT");
	ck_assert_str_eq(control("quota|77|"), "ENOENT");
	/* Nothing was traced yet, so there is no file to go on with. */
	ck_assert_str_eq(control("log|on|"), "ENOENT");
}
END_TEST

START_TEST(the_trace)
{
	ck_assert_str_eq(control("log|"), "off +io +obj -acc");
	ck_assert_str_eq(thv_askf(dom0, XS_CONTROL, "logfile|%s/trace|",
			     thv_dir(h)), "OK");
	HAS(control("log|"), "on +io +obj -acc");
	ASK(good, XS_WRITE, "traced|value", "OK");
	HAS(slurp("trace"), "io: IN ");
	HAS(slurp("trace"), "(d99) ");
	HAS(slurp("trace"), "WRITE (traced value)");
	ck_assert_str_eq(control("log|-io|"), "OK");
	ck_assert_str_eq(control("log|+acc|"), "OK");
	ASK(good, XS_WRITE, "hidden|value", "OK");
	ASK(dom0, SET_QUOTA, "99|node-permissions|1|", "OK");
	ASK(good, XS_SET_PERMS, "traced|n99|r1|", "ENOSPC");
	ck_assert_ptr_null(strstr(slurp("trace"), "hidden"));
	HAS(slurp("trace"), "acc: domain 99: node-permissions refused");
	thv_client_free(fx_guest(1));
	ASK(dom0, XS_RELEASE, "1|", "OK");
	HAS(slurp("trace"), "obj: CREATE domain 1");
	HAS(slurp("trace"), "obj: DESTROY domain 1");
	ck_assert_str_eq(control("log|off|"), "OK");
	ASK(good, XS_WRITE, "unseen|value", "OK");
	ck_assert_str_eq(control("log|on|"), "OK");
	ck_assert_str_eq(control("log|+io|"), "OK");
	ASK(good, XS_WRITE, "again|value", "OK");
	ck_assert_ptr_null(strstr(slurp("trace"), "unseen"));
	HAS(slurp("trace"), "WRITE (again value)");
}
END_TEST

START_TEST(reports)
{
	HAS(control("check|"), "OK ");
	HAS(control("memreport|"), "connections");
	ck_assert_str_eq(thv_askf(dom0, XS_CONTROL, "memreport|%s/mem|",
			     thv_dir(h)), "OK");
	HAS(slurp("mem"), "nodes");
	ck_assert_str_eq(control("print|a line of ours|"), "OK");
	HAS(slurp("log"), "a line of ours");
	HAS(control("quota-soft|"), "2097152");
	ck_assert_str_eq(control("quota-soft|set|memory|5000|"), "OK");
	HAS(control("quota-soft|"), "5000");
	ASK(dom0, GET_QUOTA, "soft-memory|", "5000");
	ck_assert_str_eq(control("quota|set|nodes|0|"), "OK");
	HAS(control("quota|"), "none");
}
END_TEST

/* Near the limit, over the soft one, refused: each is a line. */
START_TEST(limits_are_in_the_log)
{
	struct thv_client *g = fx_guest(1);
	char text[1100];

	ASK(dom0, SET_QUOTA, "1|nodes|10|", "OK");
	ASK(dom0, SET_QUOTA, "1|soft-memory|4000|", "OK");
	for (int i = 1; i < 10; i++)
		ck_assert_str_eq(thv_askf(g, XS_MKDIR, "n%d|", i), "OK");
	HAS(slurp("log"), "domain 1: quota nodes: 8 of 10");
	ASK(g, XS_MKDIR, "more|", "ENOSPC");
	HAS(slurp("log"), "domain 1: quota nodes: more than 10 refused");
	for (int i = 1; i < 5; i++) {
		snprintf(text, sizeof(text), "n%d|%01000d", i, i);
		ck_assert_str_eq(thv_ask(g, XS_WRITE, text), "OK");
	}
	HAS(slurp("log"), "domain 1: quota soft-memory: ");
	/* Once, not for each of a thousand. */
	for (int i = 0; i < 1000; i++)
		ASK(g, XS_MKDIR, "more|", "ENOSPC");
	ck_assert_ptr_null(strstr(strstr(slurp("log"), "10 refused") + 5,
	    "10 refused"));
	HAS(control("quota|max|-r|"), "nodes                    10");
	ASK(g, XS_RM, "n9|", "OK");
	HAS(control("quota|max|"), "nodes                    10");
	(void)control("quota|max|-r|");
	HAS(control("quota|max|"), "nodes                     9");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("XS_CONTROL");
	TCase *t = tcase_create("commands");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, fx_up, fx_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, help);
	tcase_add_test(t, what_makes_no_sense);
	tcase_add_test(t, the_trace);
	tcase_add_test(t, reports);
	tcase_add_test(t, limits_are_in_the_log);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
