/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which host a word names, and who a file says we are there (xm-cli/far.h). */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "far.h"

static void
names(const char *word, int by, const char *user, const char *host,
    const char *url)
{
	struct far_place p;

	ck_assert_msg(far_place(word, &p) == 0, "'%s' is refused", word);
	ck_assert_int_eq(p.by, by);
	ck_assert_str_eq(p.user, user);
	ck_assert_str_eq(p.host, host);
	ck_assert_str_eq(p.url, url);
}

START_TEST(places)
{
	char longest[600];
	struct far_place p;

	names("hostb", FAR_HTTP, "", "hostb", "https://hostb:9367");
	names("hostb:443", FAR_HTTP, "", "hostb", "https://hostb:443");
	names("eve@hostb", FAR_HTTP, "eve", "hostb", "https://hostb:9367");
	names("e@x@hostb:1", FAR_HTTP, "e@x", "hostb", "https://hostb:1");
	names("https://hostb", FAR_HTTP, "", "hostb", "https://hostb");
	names("http://eve@10.0.0.1:80/", FAR_HTTP, "eve", "10.0.0.1",
	    "http://10.0.0.1:80");
	names("fe80::1", FAR_HTTP, "", "fe80::1", "https://[fe80::1]:9367");
	names("[fe80::1]", FAR_HTTP, "", "fe80::1", "https://[fe80::1]:9367");
	names("eve@[::1]:99", FAR_HTTP, "eve", "::1", "https://[::1]:99");
	names("ssh://hostb", FAR_SSH, "", "hostb", "");
	names("ssh://eve@hostb:2222", FAR_SSH, "eve", "hostb", "");
	names("unix:/run/x.sock", FAR_HERE, "", "", "unix:/run/x.sock");
	names("gopher://x", FAR_HERE, "", "", "gopher://x");
	ck_assert_int_eq(far_place("ssh://eve@hostb:2222", &p), 0);
	ck_assert_str_eq(p.port, "2222");

	static const char *const bad[] = { "", "@", "eve@", "@hostb", ":9",
		"ssh://", "ssh://-oProxyCommand=x", "-x", "eve@-x", "[::1",
		"[]", "[::1]x:9", "hostb:123456789", "https://" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(far_place(bad[i], &p) < 0, "'%s' is taken",
		    bad[i]);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_int_lt(far_place(longest, &p), 0);
	longest[100] = '@';
	longest[110] = '\0';
	ck_assert_int_lt(far_place(longest, &p), 0);
}
END_TEST

static const char text[] =
    "machine a login eve password one\n"
    "machine a login root password \"two \\\" words\"\n"
    "machine b password\tthree\n"
    "machine c login eve\n"
    "default login guest password four\n";

static void
finds(const char *host, const char *user, const char *who, const char *password)
{
	struct far_who w = { .known = false };

	strcpy(w.user, user);
	ck_assert_int_eq(far_find(text, host, &w), password != NULL);
	ck_assert_int_eq(w.known, password != NULL);
	ck_assert_str_eq(w.user, who);
	ck_assert_str_eq(w.password, password != NULL ? password : "");
}

START_TEST(entries)
{
	struct far_who w = { .known = false };
	char big[1200];

	finds("a", "", "eve", "one");
	finds("a", "eve", "eve", "one");
	finds("a", "root", "root", "two \" words");
	finds("b", "", "", "three");
	finds("b", "bob", "bob", "three");
	/* Without a password an entry says nothing. */
	finds("c", "", "guest", "four");
	finds("c", "eve", "eve", NULL);
	finds("d", "guest", "guest", "four");
	finds("d", "bob", "bob", NULL);
	ck_assert(!far_find("", "a", &w));
	ck_assert(!far_find("machine", "a", &w));
	ck_assert(!far_find("machine a login", "a", &w));
	ck_assert(!far_find("machine a password", "a", &w));
	ck_assert(!far_find("machine a password \"", "a", &w));
	/* Words that are too long are none, and what stands behind them is not
	 * taken for something else. */
	snprintf(big, sizeof(big), "machine a login %0200d password x", 1);
	ck_assert(far_find(big, "a", &w));
	ck_assert_str_eq(w.user, "");
	w.known = false;
	snprintf(big, sizeof(big), "machine a password %0900d machine b "
				   "password x", 1);
	ck_assert(!far_find(big, "b", &w));
}
END_TEST

START_TEST(files)
{
	char dir[] = "/tmp/test_far.XXXXXX", path[64], *own;
	struct far_place p = { .host = "a" };
	struct xm xm = { .format = XM_TEXT };
	struct far_who w;
	FILE *f;

	ck_assert(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/secret", dir);
	setenv("XLD_CREDENTIALS", path, 1);
	/* One that is named has to be there. */
	ck_assert_int_eq(far_who(&xm, &p, &w), XM_FAILED);
	f = fopen(path, "w");
	ck_assert(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
	chmod(path, 0640);
	ck_assert_int_eq(far_who(&xm, &p, &w), XM_PERMISSION);
	ck_assert(!w.known);
	chmod(path, 0600);
	ck_assert_int_eq(far_who(&xm, &p, &w), 0);
	ck_assert(w.known);
	ck_assert_str_eq(w.password, "one");
	unlink(path);
	rmdir(dir);

	unsetenv("XLD_CREDENTIALS");
	setenv("XDG_CONFIG_HOME", "/c", 1);
	own = far_file("x");
	ck_assert_str_eq(own, "/c/xld/x");
	free(own);
	setenv("XDG_CONFIG_HOME", "", 1);
	setenv("HOME", "/home/eve", 1);
	own = far_file("x");
	ck_assert_str_eq(own, "/home/eve/.config/xld/x");
	free(own);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("far");
	TCase *t = tcase_create("far");
	SRunner *r;
	int bad;

	tcase_add_test(t, places);
	tcase_add_test(t, entries);
	tcase_add_test(t, files);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad != 0;
}
