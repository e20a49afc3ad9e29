/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxenstore and the real xenstored, which is killed and comes back with what
 * it had.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "xs_script.h"
#include "xenstore.h"

static pid_t daemon_pid;

/* Files cannot get beyond `room`: the kernel kills who tries. */
static void
start_daemon_within(rlim_t room)
{
	static char *const argv[] = { (char *)(uintptr_t)XENSTORED,
		(char *)(uintptr_t)"--no-xen", (char *)(uintptr_t)"--no-fork",
		NULL };

	daemon_pid = fork();
	/* Not a word of check's before: a thread may have held its lock. */
	if (daemon_pid == 0) {
		const struct rlimit l = { room, room };

		setrlimit(RLIMIT_FSIZE, &l);
		execv(argv[0], argv);
		_exit(127);
	}
	ck_assert_int_ge(daemon_pid, 0);
}

static void
start_daemon(void)
{
	start_daemon_within(RLIM_INFINITY);
}

static void
kill_daemon(void)
{
	kill(daemon_pid, SIGKILL);
	waitpid(daemon_pid, NULL, 0);
	daemon_pid = 0;
}

static struct xs_handle *
open_soon(unsigned long flags)
{
	const struct timespec t = { .tv_nsec = 10000000 };
	struct xs_handle *h;

	for (int i = 0; (h = xs_open(flags | XS_OPEN_SOCKETONLY)) == NULL &&
	    i < 2000; i++)
		nanosleep(&t, NULL);
	ck_assert_msg(h != NULL, "%s", xs_last_error(NULL));
	return h;
}

static void
setup(void)
{
	setenv("XENSTORE_RECONNECT_TIMEOUT", "60", 1);
	make_folder();
	setenv("XENSTORED_RUNDIR", dir, 1);
	start_daemon();
	xs_close(open_soon(0));
}

static void
teardown(void)
{
	char command[96];

	if (daemon_pid > 0)
		kill_daemon();
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static void
restart(void)
{
	kill_daemon();
	start_daemon();
}

START_TEST(idle)
{
	struct xs_handle *h = open_soon(0);
	char text[12];
	char *v;

	for (int i = 0; i < 10; i++) {
		snprintf(text, sizeof(text), "%d", i);
		ck_assert_msg(xs_write(h, 0, "/a", text, 1), "%s",
		    xs_last_error(h));
		restart();
		v = xs_read(h, 0, "/a", NULL);
		ck_assert_msg(v != NULL, "%s", xs_last_error(h));
		ck_assert_str_eq(v, text);
		free(v);
	}
	xs_close(h);
}
END_TEST

/* Killed once and again while it makes its journal, before it has served anybody. */
START_TEST(at_its_start)
{
	struct xs_handle *h = open_soon(0);
	int status;
	char *v;

	ck_assert(xs_write(h, 0, "/a", "1", 1));
	kill_daemon();
	for (int i = 0; i < 3; i++) {
		start_daemon_within(4096);
		ck_assert_int_eq(waitpid(daemon_pid, &status, 0), daemon_pid);
		ck_assert(WIFSIGNALED(status));
		ck_assert_int_eq(WTERMSIG(status), SIGXFSZ);
	}
	start_daemon();
	v = xs_read(h, 0, "/a", NULL);
	ck_assert_msg(v != NULL, "%s", xs_last_error(h));
	ck_assert_str_eq(v, "1");
	free(v);
	xs_close(h);
}
END_TEST

/* It never comes back. */
START_TEST(gone)
{
	struct xs_handle *h, *h2, *h3;
	unsigned n;

	setenv("XENSTORE_RECONNECT_TIMEOUT", "1", 1);
	h = open_soon(0);
	h2 = open_soon(XS_NO_RECONNECT);
	h3 = open_soon(0);
	ck_assert(xs_watch(h3, "/a", "t"));
	expect_event(h3, "/a", "t");
	kill_daemon();
	ck_assert(!xs_write(h, 0, "/a", "1", 1));
	ck_assert_int_eq(errno, EBADF);
	ck_assert_ptr_nonnull(strstr(xs_last_error(h), "did not come back"));
	ck_assert(!xs_write(h, 0, "/a", "1", 1));
	ck_assert_int_eq(errno, EBADF);
	ck_assert(!xs_write(h2, 0, "/a", "1", 1));
	ck_assert_int_eq(errno, EBADF);
	ck_assert_ptr_null(xs_read_watch(h3, &n));
	ck_assert_int_eq(errno, EBADF);
	xs_close(h);
	xs_close(h2);
	xs_close(h3);
}
END_TEST

/* Closed while it waits for a daemon. */
START_TEST(closed_meanwhile)
{
	struct xs_handle *h = open_soon(0);

	ck_assert(xs_watch(h, "/a", "t"));
	kill_daemon();
	xs_close(h);
}
END_TEST

static void *
watcher(void *arg)
{
	struct xs_handle *h = arg;
	unsigned n;
	char **v;
	bool over = false;

	while (!over) {
		v = xs_read_watch(h, &n);
		ck_assert_msg(v != NULL, "%s", xs_last_error(h));
		over = strcmp(v[XS_WATCH_PATH], "/w/over") == 0;
		free(v);
	}
	return NULL;
}

/* Threads that use a handle, and one that waits for its events. */
static void *
busy(void *arg)
{
	struct xs_handle *h = arg;
	xs_transaction_t t;
	bool ok;

	for (int i = 0; i < 300; i++) {
		struct xs_batch *b = some_batch(h);

		xs_batch_write(b, "/c/d", "1", 1);
		xs_batch_write(b, "/d", "1", 1);
		ck_assert_msg(xs_write(h, 0, "/w/x", "1", 1), "%s",
		    xs_last_error(h));
		(void)xs_batch_run(b, XS_BATCH_TRANSACTION);
		ck_assert(errno != EBADF);
		xs_batch_free(b);
		t = xs_transaction_start(h);
		ck_assert_msg(t != 0, "%s", xs_last_error(h));
		ck_assert_msg(xs_write(h, t, "/x/y/z", "1", 1), "%s",
		    xs_last_error(h));
		ck_assert_msg(done(xs_read(h, t, "/x/y/z", NULL)), "%s",
		    xs_last_error(h));
		ok = xs_transaction_end(h, t, i % 4 == 0);
		ck_assert(ok || errno == EAGAIN || errno == EIO);
	}
	return NULL;
}

START_TEST(under_fire)
{
	struct xs_handle *h = open_soon(0), *h2 = open_soon(0);
	const struct timespec pause = { .tv_nsec = 30000000 };
	pthread_t w, t[3];

	ck_assert(xs_watch(h, "/w", "t"));
	pthread_create(&w, NULL, watcher, h);
	for (int i = 0; i < 3; i++)
		pthread_create(&t[i], NULL, busy, i == 2 ? h2 : h);
	for (int i = 0; i < 10; i++) {
		nanosleep(&pause, NULL);
		restart();
	}
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	/* The threads may have been done before the last restart: what happens
	 * before the watch is there again is told as /w only. */
	ck_assert(xs_write(h, 0, "/w/x", "2", 1));
	ck_assert(xs_write(h2, 0, "/w/over", "", 0));
	pthread_join(w, NULL);
	xs_close(h);
	xs_close(h2);
}
END_TEST

/* A loop that stands on epoll, as libuv's: one descriptor over all restarts. */
START_TEST(event_loop)
{
	struct xs_handle *h = open_soon(XS_NO_READER_THREAD);
	struct xs_handle *other = open_soon(0);
	int loop = epoll_create1(0), events = 0, restarts = 0;
	struct epoll_event e = { .events = EPOLLIN };
	char **v;

	ck_assert_int_eq(epoll_ctl(loop, EPOLL_CTL_ADD, xs_fileno(h), &e), 0);
	ck_assert(xs_watch(h, "/w", "t"));
	while (events < 8) {
		ck_assert_int_eq(epoll_wait(loop, &e, 1, 30000), 1);
		v = xs_check_watch(h);
		if (v == NULL) {
			ck_assert_msg(errno == EAGAIN, "%s", xs_last_error(h));
			continue;
		}
		ck_assert_str_eq(v[XS_WATCH_TOKEN], "t");
		free(v);
		events++;
		/* Each restart brings one event of its own, each write one. */
		if (events % 2 == 0) {
			restart();
			restarts++;
		} else {
			ck_assert(xs_write(other, 0, "/w/x", "1", 1));
		}
	}
	ck_assert_int_ge(restarts, 3);
	/* And is quiet when there is nothing. */
	ck_assert(xs_write(h, 0, "/q", "1", 1));
	while ((v = xs_check_watch(h)) != NULL)
		free(v);
	ck_assert_int_eq(epoll_wait(loop, &e, 1, 100), 0);
	ck_assert_int_eq(xs_fileno(h), xs_fileno(h));
	close(loop);
	xs_close(h);
	xs_close(other);
}
END_TEST

/* Events that came with a reply make the descriptor readable, too. */
START_TEST(event_with_reply)
{
	struct xs_handle *h = open_soon(XS_NO_READER_THREAD);
	struct pollfd p = { .fd = xs_fileno(h), .events = POLLIN };

	ck_assert(xs_watch(h, "/w", "t"));
	expect_event(h, "/w", "t");
	ck_assert_int_eq(poll(&p, 1, 0), 0);
	ck_assert(xs_write(h, 0, "/w/x", "1", 1));
	ck_assert_int_eq(poll(&p, 1, 10000), 1);
	expect_event(h, "/w/x", "t");
	ck_assert_int_eq(poll(&p, 1, 0), 0);
	xs_close(h);
}
END_TEST

/* An open transaction on the real one. */
START_TEST(doomed)
{
	struct xs_handle *h = open_soon(0);
	xs_transaction_t t, t2;
	char *v;

	ck_assert(xs_write(h, 0, "/a", "old", 3));
	t = xs_transaction_start(h);
	ck_assert(xs_write(h, t, "/a", "new", 3));
	restart();
	v = xs_read(h, t, "/a", NULL);
	ck_assert_ptr_nonnull(v);
	ck_assert_str_eq(v, "new");
	free(v);
	t2 = xs_transaction_start(h);
	ck_assert(t2 != 0 && t2 != t);
	restart();
	ck_assert(xs_write(h, t2, "/b", "2", 1));
	ck_assert(!xs_transaction_end(h, t, false));
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert(xs_transaction_end(h, t2, true));
	/* Nothing of the two is there, or is left open. */
	v = xs_read(h, 0, "/a", NULL);
	ck_assert_ptr_nonnull(v);
	ck_assert_str_eq(v, "old");
	free(v);
	ck_assert(!done(xs_read(h, 0, "/b", NULL)));
	ck_assert(!xs_transaction_end(h, t, false));
	ck_assert_int_eq(errno, ENOENT);
	xs_close(h);
}
END_TEST

/* --- lanes -------------------------------------------------------------------- */

/* More calls than are made before it is asked for. */
#define CALLS 40

static unsigned
lanes(void)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512];
	unsigned n = 0;

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, "xenstored-lane") != NULL;
	fclose(f);
	return n;
}

static void
make_calls(struct xs_handle *h)
{
	char text[12];
	char *v;

	for (int i = 0; i < CALLS; i++) {
		snprintf(text, sizeof(text), "%d", i);
		ck_assert_msg(xs_write(h, 0, "/calls", text, strlen(text)), "%s",
		    xs_last_error(h));
		v = xs_read(h, 0, "/calls", NULL);
		ck_assert_msg(v != NULL, "%s", xs_last_error(h));
		ck_assert_str_eq(v, text);
		free(v);
	}
}

/* Who makes many calls gets one, keeps it no longer than its connection, and gets
 * another. */
START_TEST(lane)
{
	struct xs_handle *h = open_soon(0), *h2;
	int status;
	pid_t pid;

	ck_assert_uint_eq(lanes(), 0);
	make_calls(h);
	ck_assert_uint_eq(lanes(), 1);
	ck_assert_ptr_null(xs_read(h, 0, "/none", NULL));
	ck_assert_int_eq(errno, ENOENT);
	for (int i = 0; i < 5; i++) {
		restart();
		make_calls(h);
		ck_assert_uint_eq(lanes(), 1);
	}
	h2 = open_soon(0);
	make_calls(h2);
	ck_assert_uint_eq(lanes(), 2);
	xs_close(h);
	ck_assert_uint_eq(lanes(), 1);
	pid = fork();
	if (pid == 0) {
		xs_daemon_destroy_postfork(h2);
		_exit((int)lanes());
	}
	ck_assert_int_ge(pid, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	make_calls(h2);
	xs_close(h2);
	setenv("XENSTORE_NO_LANE", "1", 1);
	h = open_soon(0);
	make_calls(h);
	ck_assert_uint_eq(lanes(), 0);
	xs_close(h);
}
END_TEST

static void *
write_late(void *h)
{
	ck_assert_msg(xs_write(h, 0, "/late", "1", 1), "%s", xs_last_error(h));
	return NULL;
}

/* It dies while a call waits that it has not seen; with the thread that reads and
 * without. */
START_TEST(lane_unanswered)
{
	struct xs_handle *h = open_soon(0);
	pthread_t t;
	char *v;

	make_calls(h);
	if (_i == 1)
		ck_assert(xs_watch(h, "/w", "t"));
	kill(daemon_pid, SIGSTOP);
	ck_assert_int_eq(pthread_create(&t, NULL, write_late, h), 0);
	usleep(200000);
	restart();
	ck_assert_int_eq(pthread_join(t, NULL), 0);
	v = xs_read(h, 0, "/late", NULL);
	ck_assert_msg(v != NULL, "%s", xs_last_error(h));
	ck_assert_str_eq(v, "1");
	free(v);
	xs_close(h);
}
END_TEST

/* What a call of one's own has fired is there when it returns, and nothing of a watch
 * that was taken back is; with the thread that reads and without. */
START_TEST(lane_events)
{
	struct xs_handle *h = open_soon(XS_UNWATCH_FILTER |
	    (_i == 0 ? 0 : XS_NO_READER_THREAD));
	char **v;

	make_calls(h);
	ck_assert_uint_eq(lanes(), 1);
	for (int i = 0; i < 300; i++) {
		ck_assert(xs_watch(h, "/e", "t"));
		v = xs_check_watch(h);
		ck_assert_ptr_nonnull(v);
		free(v);
		ck_assert_ptr_null(xs_check_watch(h));
		ck_assert(xs_write(h, 0, "/e", "v", 1));
		v = xs_check_watch(h);
		ck_assert_ptr_nonnull(v);
		ck_assert_str_eq(v[XS_WATCH_PATH], "/e");
		free(v);
		ck_assert(xs_write(h, 0, "/e", "v", 1));
		ck_assert(xs_unwatch(h, "/e", "t"));
		ck_assert_ptr_null(xs_check_watch(h));
	}
	xs_close(h);
}
END_TEST

static void *
make_many_calls(void *h)
{
	char mine[32], *v;

	snprintf(mine, sizeof(mine), "/t%p", (void *)pthread_self());
	for (int i = 0; i < 2000; i++) {
		ck_assert(xs_write(h, 0, mine, mine, strlen(mine)));
		v = xs_read(h, 0, mine, NULL);
		ck_assert_ptr_nonnull(v);
		ck_assert_str_eq(v, mine);
		free(v);
	}
	return NULL;
}

START_TEST(lane_of_threads)
{
	struct xs_handle *h = open_soon(0);
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(
		    pthread_create(&t[i], NULL, make_many_calls, h), 0);
	usleep(20000);
	restart();
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_join(t[i], NULL), 0);
	ck_assert_uint_eq(lanes(), 1);
	xs_close(h);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("xs_kill");
	TCase *t = tcase_create("daemon");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 180);
	tcase_add_test(t, idle);
	tcase_add_test(t, at_its_start);
	tcase_add_test(t, gone);
	tcase_add_test(t, closed_meanwhile);
	tcase_add_test(t, under_fire);
	tcase_add_test(t, event_loop);
	tcase_add_test(t, event_with_reply);
	tcase_add_test(t, doomed);
	tcase_add_test(t, lane);
	tcase_add_loop_test(t, lane_unanswered, 0, 2);
	tcase_add_loop_test(t, lane_events, 0, 2);
	tcase_add_test(t, lane_of_threads);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	SRunner *r = srunner_create(suite());
	int failed;

	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
