/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rings of domains against the real daemon, over the test transport: life and
 * death, hostile pages, guests that do not read. DAEMON names the program.
 */
#include "config.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "xs_testhv.h"

#define OFF(member) offsetof(struct xenstore_domain_interface, member)

/* Types newer than the installed header. */
#define GET_FEATURE 23
#define SET_FEATURE 24

static struct thv *h;
static struct thv_client *dom0;

static void
up(void)
{
	h = thv_new();
	ck_assert_int_eq(thv_start(h, DAEMON, NULL), 0);
	dom0 = thv_client(h, -1);
}

/* Whatever happened: it answers, its books are right, it ends when told. */
static void
down(void)
{
	struct thv_client *c = thv_client(h, -1);

	ck_assert_str_eq(thv_ask(c, XS_WRITE, "/end|1"), "OK");
	ck_assert_str_eq(thv_ask(c, XS_READ, "/end|"), "1");
	ck_assert_msg(strncmp(thv_ask(c, XS_CONTROL, "check|"), "OK", 2) == 0,
	    "%s", thv_ask(c, XS_CONTROL, "check|"));
	ck_assert(thv_alive(h));
	thv_client_free(c);
	thv_client_free(dom0);
	thv_free(h);
}

static struct thv_client *
guest(unsigned domid)
{
	return thv_guest(h, dom0, domid);
}

START_TEST(a_guest_talks)
{
	struct thv_client *g = guest(1);

	ck_assert_str_eq(thv_ask(g, XS_WRITE, "a|hello"), "OK");
	ck_assert_str_eq(thv_ask(g, XS_READ, "a|"), "hello");
	ck_assert_str_eq(thv_ask(dom0, XS_READ, "/local/domain/1/a|"), "hello");
	ck_assert_str_eq(thv_ask(g, XS_WRITE, "/x|"), "EACCES");
	ck_assert_str_eq(thv_ask(g, XS_INTRODUCE, "2|1|1|"), "EACCES");
	thv_client_free(g);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("xenstored rings");
	TCase *t = tcase_create("rings");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, up, down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_guest_talks);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
