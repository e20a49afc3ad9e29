/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xm top on a terminal, against the real xld-api with a hundred domains played behind
 * it: what is drawn fits whatever size it has, keys do what they say, and the terminal
 * is given back as it was.
 */
#include "config.h"

#include <check.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "api_peer.h"

#define DOMAINS 100

/* ---- the core ------------------------------------------------------------------- */

static struct xu_val *
usage_of(unsigned i)
{
	struct xu_val *v = xu_struct();

	xu_val_set(v, "name", i == 0 ? xu_str("Domain-0") :
				       xu_strf("guest%02u", i));
	xu_val_set(v, "domid", xu_strf("%u", i));
	xu_val_set(v, "state", xu_str(i == 0 ? "-----r" : "--b---"));
	xu_val_set(v, "cpu_ns", xu_str("1000000000"));
	/* The last one has the most. */
	xu_val_set(v, "memory_kib", xu_strf("%u", 1000 + i));
	return v;
}

static struct xu_val *
all_usage(void)
{
	struct xu_val *list = xu_array();

	for (unsigned i = 0; i < DOMAINS; i++)
		xu_val_add(list, usage_of(i));
	return list;
}

static void
answer(const struct xu_msg *m)
{
	const char *method = xu_val_get_str(m->val, "method", "");
	struct xu_val *v = xu_struct(), *soft;

	if (strcmp(method, "host.get_all") == 0) {
		xu_val_free(v);
		v = xu_array();
		xu_val_add(v, xu_str("the-host"));
	} else if (strcmp(method, "host.get_record") == 0) {
		soft = xu_struct();
		xu_val_set(soft, "xen_version", xu_str("4.17.6"));
		xu_val_set(v, "software_version", soft);
		xu_val_set(v, "metrics", xu_str("figures"));
	} else if (strcmp(method, "host_metrics.get_record") == 0) {
		xu_val_set(v, "memory_total", xu_int(4LL << 30));
	} else if (strcmp(method, "host.list_usage") == 0) {
		xu_val_free(v);
		v = all_usage();
	}
	peer_reply(m, "ok", v, "");
}

/* ---- the terminal ---------------------------------------------------------------- */

static int term;
static pid_t xm;
static struct termios before;
/* What was drawn since the screen was last taken from its first line. */
static char seen[1 << 16];
static size_t nseen;

static void
setup(void)
{
	struct winsize ws = { .ws_row = 24, .ws_col = 80 };
	char url[80], name[] = "xm", top[] = "top", delay[] = "-d1";
	char *argv[] = { name, top, delay, NULL };

	peer_start(XLD_API, NULL, answer);
	snprintf(url, sizeof(url), "unix:%s", peer.path);
	setenv("XLD_URI", url, 1);
	nseen = 0;
	xm = forkpty(&term, NULL, NULL, &ws);
	ck_assert_int_ge(xm, 0);
	if (xm == 0) {
		for (int sig = 1; sig < 32; sig++)
			signal(sig, SIG_DFL);
		execv(XM, argv);
		_exit(99);
	}
	ck_assert_int_eq(tcgetattr(term, &before), 0);
}

static void
teardown(void)
{
	close(term);
	peer_stop(true);
}

static void
take_more(void)
{
	struct pollfd p = { .fd = term, .events = POLLIN };
	ssize_t n;

	ck_assert_msg(poll(&p, 1, 20000) == 1, "nothing comes after: %s", seen);
	if (nseen > sizeof(seen) / 2) {
		memmove(seen, seen + nseen / 2, nseen - nseen / 2);
		nseen -= nseen / 2;
	}
	n = read(term, seen + nseen, sizeof(seen) - 1 - nseen);
	ck_assert_int_gt(n, 0);
	nseen += (size_t)n;
	seen[nseen] = '\0';
}

/* Until a whole picture has the text; it is cut out of what was seen. */
static char *
picture_with(const char *text)
{
	static char picture[1 << 16];
	char *from, *to;

	for (;;) {
		while ((from = strstr(seen, "\033[H")) != NULL &&
		    (to = strstr(from, "\033[J")) != NULL) {
			*to = '\0';
			snprintf(picture, sizeof(picture), "%s", from + 3);
			nseen -= (size_t)(to + 3 - seen);
			memmove(seen, to + 3, nseen + 1);
			if (strstr(picture, text) != NULL)
				return picture;
		}
		take_more();
	}
}

/* Each line ends with what clears its rest. */
static void
fits(const char *picture, size_t rows, size_t cols)
{
	size_t lines = 0, n;

	for (const char *s = picture; *s != '\0'; lines++) {
		n = strcspn(s, "\033");
		ck_assert_msg(n <= cols, "line %zu has %zu columns: %s", lines,
		    n, s);
		s += n;
		ck_assert_int_eq(strncmp(s, "\033[K", 3), 0);
		s += 3;
		s += strspn(s, "\r\n");
	}
	ck_assert_uint_eq(lines, rows);
}

static void
resize(unsigned short rows, unsigned short cols)
{
	struct winsize ws = { .ws_row = rows, .ws_col = cols };

	ck_assert_int_eq(ioctl(term, TIOCSWINSZ, &ws), 0);
}

/* Its status, as a shell tells it; the terminal is as it was. */
static int
ends(void)
{
	struct termios after;
	int status;

	while (strstr(seen, "\033[?25h\033[?1049l") == NULL)
		take_more();
	ck_assert_int_eq(waitpid(xm, &status, 0), xm);
	if (tcgetattr(term, &after) == 0) {
		ck_assert_uint_eq(after.c_lflag, before.c_lflag);
		ck_assert_uint_eq(after.c_iflag, before.c_iflag);
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

/* ---- tests ------------------------------------------------------------------------ */

START_TEST(what_is_drawn)
{
	char *p = picture_with("guest01");

	fits(p, 24, 80);
	ck_assert_ptr_nonnull(strstr(p, "xm top - "));
	ck_assert_ptr_nonnull(strstr(p, "Xen 4.17.6   sorted by id"));
	ck_assert_ptr_nonnull(strstr(p, "100 domains: 1 running, 99 blocked, "
					"0 paused, 0 crashed, 0 dying, 0 "
					"shutdown"));
	ck_assert_ptr_nonnull(strstr(p, "Mem: 4194304k total"));
	ck_assert_ptr_nonnull(strstr(p, "\n  Domain-0 -----r          1"));
	ck_assert_ptr_null(strstr(p, "guest99"));
	ck_assert_int_eq(write(term, "q", 1), 1);
	ck_assert_int_eq(ends(), 0);
}
END_TEST

START_TEST(keys)
{
	char *p;

	picture_with("sorted by id");
	ck_assert_int_eq(write(term, "s", 1), 1);
	picture_with("sorted by CPU(%)");
	ck_assert_int_eq(write(term, "ss", 2), 2);
	p = picture_with("sorted by MEM(k)");
	/* The one with the most is the first now. */
	ck_assert_ptr_nonnull(strstr(p, "\n   guest99 --b---"));
	ck_assert_int_eq(write(term, "q", 1), 1);
	ck_assert_int_eq(ends(), 0);
}
END_TEST

START_TEST(sizes)
{
	picture_with("guest01");
	resize(50, 200);
	fits(picture_with("SSID"), 50, 200);
	resize(6, 20);
	/* Six lines of the heading, the table's among them. */
	while (strlen(picture_with("xm top")) > 400)
		;
	fits(picture_with("xm top"), 6, 20);
	resize(200, 200);
	fits(picture_with("guest99"), 5 + DOMAINS, 200);
	ck_assert_int_eq(write(term, "q", 1), 1);
	ck_assert_int_eq(ends(), 0);
}
END_TEST

START_TEST(signals)
{
	picture_with("guest01");
	ck_assert_int_eq(kill(xm, _i), 0);
	ck_assert_int_eq(ends(), 128 + _i);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("xm_top");
	TCase *t = tcase_create("top");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_is_drawn);
	tcase_add_test(t, keys);
	tcase_add_test(t, sizes);
	tcase_add_loop_test(t, signals, SIGINT, SIGINT + 1);
	tcase_add_loop_test(t, signals, SIGTERM, SIGTERM + 1);
	tcase_set_timeout(t, 120);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
