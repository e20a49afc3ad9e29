/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guests on rings while the daemon is killed and started again: every request is
 * answered once, in order, by whichever daemon; values, watches and permissions
 * are there; an open transaction ends with EAGAIN. The guests do nothing about it:
 * they do not notice.
 */
#include "config.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "xs_testhv.h"

/* Newer than the installed header. */
#define XS_GET_QUOTA 25
#define XS_SET_QUOTA 26

#define GUESTS 8u
#define OUTSTANDING 4u

static struct thv *host;
static struct thv_client *dom0;

struct guest {
	struct thv_client *c;
	unsigned domid;
	/* Requests sent and answered; WRITE n, READ, WRITE n + 1, READ, ... */
	unsigned sent, answered, events;
	uint32_t last_id;
};

static void
start_again(void)
{
	ck_assert_int_eq(thv_start(host, DAEMON, NULL), 0);
	thv_client_again(dom0);
}

static void
send_one(struct guest *g)
{
	char body[64];

	if (g->sent % 2 == 0) {
		snprintf(body, sizeof(body), "data/value|%u", g->sent / 2);
		ck_assert(thv_send(g->c, XS_WRITE, 0, body));
	} else {
		ck_assert(thv_send(g->c, XS_READ, 0, "data/value|"));
	}
	g->sent++;
}

static void
take_one(struct guest *g, const struct thv_msg *m)
{
	char value[32];

	if (m->hdr.type == XS_WATCH_EVENT) {
		ck_assert_str_eq(m->data, "data/value");
		g->events++;
		return;
	}
	ck_assert_msg(m->hdr.req_id == g->last_id + 1,
	    "domain %u: answer %u after %u", g->domid, m->hdr.req_id,
	    g->last_id);
	g->last_id = m->hdr.req_id;
	if (g->answered % 2 == 0) {
		ck_assert_uint_eq(m->hdr.type, XS_WRITE);
	} else {
		snprintf(value, sizeof(value), "%u", g->answered / 2);
		ck_assert_uint_eq(m->hdr.type, XS_READ);
		ck_assert_str_eq(m->data, value);
	}
	g->answered++;
}

/* Talks until the daemon is dead; what it had said is taken too. */
static void
talk(struct guest *g)
{
	struct thv_msg m;
	bool alive = true;

	while (alive) {
		alive = thv_alive(host);
		for (unsigned i = 0; i < GUESTS; i++) {
			while (g[i].sent - g[i].answered < OUTSTANDING)
				send_one(&g[i]);
			while (thv_recv(g[i].c, &m, 0))
				take_one(&g[i], &m);
		}
		(void)thv_wait(host, 1);
	}
}

static void
drain(struct guest *g)
{
	struct thv_msg m;

	while (g->answered < g->sent) {
		ck_assert_msg(thv_recv(g->c, &m, 10000),
		    "domain %u: %u of %u answered", g->domid, g->answered,
		    g->sent);
		take_one(g, &m);
	}
}

static void
kill_in(unsigned max_us)
{
	struct timespec t = {
	    .tv_nsec = (long)((unsigned)rand() % max_us) * 1000};
	pid_t victim = thv_pid(host);

	if (fork() == 0) {
		nanosleep(&t, NULL);
		kill(victim, SIGKILL);
		_exit(0);
	}
}

static void
make_guests(struct guest *g)
{
	struct thv_msg m;

	for (unsigned i = 0; i < GUESTS; i++) {
		g[i].domid = i + 1;
		g[i].c = thv_guest(host, dom0, i + 1);
		ck_assert(thv_send(g[i].c, XS_WATCH, 0, "data/value|tok|"));
		ck_assert(thv_recv(g[i].c, &m, 5000));
		g[i].last_id = m.hdr.req_id;
		ck_assert_uint_eq(m.hdr.type, XS_WATCH);
	}
}

START_TEST(guests_do_not_notice)
{
	const char *depth = getenv("XLD_DEPTH");
	unsigned kills =
	    depth != NULL && strcmp(depth, "full") == 0 ? 1000 : 40;
	struct guest g[GUESTS] = {0};
	char path[64], value[32];
	unsigned seen;

	make_guests(g);
	for (unsigned k = 0; k < kills; k++) {
		kill_in(k % 10 == 0 ? 100000 : 6000);
		talk(g);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		start_again();
		for (unsigned i = 0; i < GUESTS; i++) {
			drain(&g[i]);
			snprintf(path, sizeof(path),
			    "/local/domain/%u/data/value|", g[i].domid);
			snprintf(
			    value, sizeof(value), "%u", (g[i].sent - 1) / 2);
			ck_assert_str_eq(thv_ask(dom0, XS_READ, path), value);
		}
	}
	/* The watches are alive. */
	for (unsigned i = 0; i < GUESTS; i++) {
		struct thv_msg m;

		while (thv_recv(g[i].c, &m, 50))
			take_one(&g[i], &m);
		seen = g[i].events;
		ck_assert_uint_gt(seen, 0);
		send_one(&g[i]);
		send_one(&g[i]);
		drain(&g[i]);
		while (g[i].events == seen && thv_recv(g[i].c, &m, 5000))
			take_one(&g[i], &m);
		ck_assert_uint_gt(g[i].events, seen);
	}
	ck_assert(strncmp(thv_ask(dom0, XS_CONTROL, "check|"), "OK", 2) == 0);
}
END_TEST

static void
restart(void)
{
	thv_stop(host, SIGKILL);
	start_again();
}

START_TEST(what_a_domain_has)
{
	struct thv_client *a = thv_guest(host, dom0, 1);
	struct thv_client *b = thv_guest(host, dom0, 2);

	ck_assert_str_eq(thv_ask(a, XS_WRITE, "mine|1"), "OK");
	ck_assert_str_eq(thv_ask(a, XS_SET_PERMS, "mine|n1|r2|"), "OK");
	ck_assert_str_eq(thv_ask(dom0, XS_SET_QUOTA, "1|nodes|7|"), "OK");
	ck_assert_str_eq(thv_ask(dom0, XS_SET_QUOTA, "watches|33|"), "OK");
	ck_assert_str_eq(thv_ask(dom0, XS_SET_TARGET, "2|1|"), "OK");
	ck_assert_str_eq(
	    thv_ask(dom0, XS_SET_PERMS, "@releaseDomain|n0|r1|"), "OK");
	ck_assert_str_eq(thv_ask(a, XS_WATCH, "@releaseDomain|rel|"), "OK");
	ck_assert_str_eq(thv_event(a, 5000), "@releaseDomain|rel");
	restart();
	ck_assert_str_eq(thv_ask(b, XS_READ, "/local/domain/1/mine|"), "1");
	ck_assert_str_eq(
	    thv_ask(dom0, XS_GET_PERMS, "/local/domain/1/mine|"), "n1|r2");
	ck_assert_str_eq(thv_ask(dom0, XS_GET_QUOTA, "1|nodes|"), "7");
	ck_assert_str_eq(thv_ask(dom0, XS_GET_QUOTA, "watches|"), "33");
	ck_assert_str_eq(thv_ask(b, XS_WRITE, "/local/domain/1/mine|2"), "OK");
	/* The end of 2 is seen though no daemon ran when it came. */
	thv_stop(host, SIGKILL);
	thv_quiet(host, true);
	thv_destroy(host, 2);
	thv_quiet(host, false);
	start_again();
	ck_assert_str_eq(thv_event(a, 5000), "@releaseDomain|rel");
	ck_assert_str_eq(thv_ask(dom0, XS_IS_DOMAIN_INTRODUCED, "2|"), "F");
	ck_assert_str_eq(thv_ask(dom0, XS_READ, "/local/domain/2|"), "ENOENT");
	ck_assert_str_eq(
	    thv_ask(dom0, XS_GET_PERMS, "/local/domain/1/mine|"), "n1");
}
END_TEST

START_TEST(transactions_end_with_eagain)
{
	struct thv_client *a = thv_guest(host, dom0, 1);
	char body[64];
	uint32_t tx = (uint32_t)atoi(thv_ask(a, XS_TRANSACTION_START, "|"));
	uint32_t gone = (uint32_t)atoi(thv_ask(a, XS_TRANSACTION_START, "|"));

	ck_assert_uint_ne(tx, 0);
	ck_assert_str_eq(thv_ask_tx(a, XS_WRITE, tx, "x|1"), "OK");
	ck_assert_str_eq(thv_ask_tx(a, XS_TRANSACTION_END, gone, "F|"), "OK");
	restart();
	ck_assert_str_eq(thv_ask_tx(a, XS_WRITE, tx, "y|1"), "OK");
	ck_assert_str_eq(thv_ask_tx(a, XS_READ, tx, "y|"), "1");
	ck_assert_str_eq(thv_ask_tx(a, XS_READ, gone, "y|"), "ENOENT");
	ck_assert_str_eq(thv_ask_tx(a, XS_TRANSACTION_END, tx, "T|"), "EAGAIN");
	ck_assert_str_eq(thv_ask(a, XS_READ, "y|"), "ENOENT");
	snprintf(
	    body, sizeof(body), "%s", thv_ask(a, XS_TRANSACTION_START, "|"));
	ck_assert_uint_gt((unsigned)atoi(body), gone);
}
END_TEST

/* A request that came in two parts, and an answer that left in two. */
START_TEST(halves_are_continued)
{
	struct thv_client *a = thv_guest(host, dom0, 1);
	struct xsd_sockmsg h = {.type = XS_WRITE, .req_id = 77, .len = 1905};
	char body[1905] = "long", big[1900];
	struct thv_msg m;

	memset(body + 5, 'x', sizeof(body) - 5);
	ck_assert(thv_send_raw(a, &h, sizeof(h), 1000));
	ck_assert(thv_send_raw(a, body, 1200, 5000));
	(void)thv_wait(host, 100);
	restart();
	ck_assert(thv_send_raw(a, body + 1200, 705, 5000));
	ck_assert(thv_recv(a, &m, 5000));
	ck_assert_uint_eq(m.hdr.req_id, 77);
	ck_assert_uint_eq(m.hdr.type, XS_WRITE);
	/* 1900 bytes go through the ring of 1024 in parts. */
	ck_assert(thv_send(a, XS_READ, 0, "long|"));
	(void)thv_wait(host, 200);
	restart();
	ck_assert(thv_recv(a, &m, 5000));
	memset(big, 'x', sizeof(big));
	ck_assert_uint_eq(m.hdr.len, sizeof(big));
	ck_assert_mem_eq(m.data, big, sizeof(big));
}
END_TEST

/* --- with the supervisor ------------------------------------------------------- */

static char *supervised[] = { (char *)(uintptr_t)"--supervise", NULL };

/* The one child of the daemon that the test started. */
static pid_t
worker(void)
{
	char path[64];
	int pid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", thv_pid(host),
	    thv_pid(host));
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	if (fscanf(f, "%d", &pid) != 1)
		pid = 0;
	fclose(f);
	return pid;
}

static void
supervise(void)
{
	thv_stop(host, SIGTERM);
	ck_assert_int_eq(thv_start(host, DAEMON, supervised), 0);
	thv_client_again(dom0);
}

static pid_t
other_worker(pid_t before)
{
	const struct timespec nap = { .tv_nsec = 5000000 };
	pid_t pid = 0;

	for (int i = 0; i < 2000 && (pid == 0 || pid == before); i++) {
		nanosleep(&nap, NULL);
		pid = worker();
	}
	ck_assert_int_ne(pid, 0);
	ck_assert_int_ne(pid, before);
	return pid;
}

START_TEST(a_dead_worker_is_replaced)
{
	struct thv_client *a;
	pid_t pid;

	supervise();
	a = thv_guest(host, dom0, 1);
	for (int i = 0; i < 5; i++) {
		ck_assert_str_eq(thv_ask(a, XS_WRITE, "n|1"), "OK");
		pid = worker();
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		other_worker(pid);
		ck_assert_int_eq(thv_again(host), 0);
		thv_client_again(dom0);
		ck_assert_str_eq(thv_ask(dom0, XS_READ, "/local/domain/1/n|"),
		    "1");
		ck_assert_str_eq(thv_ask(a, XS_READ, "n|"), "1");
	}
	ck_assert(thv_alive(host));
	ck_assert_int_eq(thv_stop(host, SIGTERM), 0);
}
END_TEST

START_TEST(another_program_takes_over)
{
	struct thv_client *a, *other;
	char path[300], exe[256];
	uint32_t tx;
	pid_t pid;
	ssize_t n;

	supervise();
	a = thv_guest(host, dom0, 1);
	other = thv_client(host, -1);
	ck_assert_str_eq(thv_ask(other, XS_WATCH, "/x|tok|"), "OK");
	ck_assert_str_eq(thv_event(other, 5000), "/x|tok");
	tx = (uint32_t)atoi(thv_ask(other, XS_TRANSACTION_START, "|"));
	ck_assert_str_eq(thv_ask_tx(other, XS_WRITE, tx, "/y|1"), "OK");
	ck_assert_str_eq(thv_ask(a, XS_WRITE, "n|1"), "OK");

	pid = worker();
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	ck_assert_int_gt(n, 0);
	exe[n] = '\0';
	ck_assert_str_eq(
	    thv_ask(dom0, XS_CONTROL, "live-update|-s|"),
	    "no file was named (-f FILE)");
	snprintf(path, sizeof(path), "live-update|-f|%s|", exe);
	ck_assert_str_eq(thv_ask(dom0, XS_CONTROL, path), "OK");
	/* The answer comes from the one that follows, on the same socket. */
	ck_assert_str_eq(thv_ask(dom0, XS_CONTROL, "live-update|-s|"), "OK");
	pid = other_worker(pid);
	ck_assert_int_eq(thv_again(host), 0);
	ck_assert_str_eq(thv_ask(dom0, XS_READ, "/local/domain/1/n|"), "1");
	ck_assert_str_eq(thv_ask(a, XS_WRITE, "n|2"), "OK");
	ck_assert_str_eq(thv_ask(dom0, XS_WRITE, "/x|1"), "OK");
	ck_assert_str_eq(thv_event(other, 5000), "/x|tok");
	ck_assert_str_eq(thv_ask_tx(other, XS_READ, tx, "/x|"), "ENOENT");
	ck_assert_str_eq(thv_ask_tx(other, XS_TRANSACTION_END, tx, "T|"),
	    "EAGAIN");

	/* One that does not come up leaves things as they were. */
	ck_assert_str_eq(
	    thv_ask(dom0, XS_CONTROL, "live-update|-f|/bin/false|"), "OK");
	ck_assert(strstr(thv_ask(dom0, XS_CONTROL, "live-update|-s|"),
		      "the old one goes on") != NULL);
	other_worker(pid);
	ck_assert_int_eq(thv_again(host), 0);
	ck_assert_str_eq(thv_ask(dom0, XS_READ, "/x|"), "1");
	ck_assert_str_eq(thv_ask(a, XS_READ, "n|"), "2");
	ck_assert_str_eq(thv_ask(other, XS_WRITE, "/x|2"), "OK");
	ck_assert_str_eq(thv_event(other, 5000), "/x|tok");
	ck_assert(strncmp(thv_ask(dom0, XS_CONTROL, "check|"), "OK", 2) == 0);
	ck_assert_int_eq(thv_stop(host, SIGTERM), 0);
}
END_TEST

static void
setup(void)
{
	srand(1);
	host = thv_new();
	ck_assert_int_eq(thv_start(host, DAEMON, NULL), 0);
	dom0 = thv_client(host, -1);
}

static void
teardown(void)
{
	thv_free(host);
}

int
main(void)
{
	TCase *t = tcase_create("restart");
	Suite *s = suite_create("xsd_restart");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 1200);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, guests_do_not_notice);
	tcase_add_test(t, what_a_domain_has);
	tcase_add_test(t, transactions_end_with_eagain);
	tcase_add_test(t, halves_are_continued);
	tcase_add_test(t, a_dead_worker_is_replaced);
	tcase_add_test(t, another_program_takes_over);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
