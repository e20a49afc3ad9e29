/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sockets of the control domain against the real daemon: the loop is told once of
 * what comes, so nothing may be left behind: more than it reads at once, an end
 * right behind a request, a client that does not read. The daemon is stopped
 * while a test prepares what it is to find.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "xsd_fixture.h"

#define PATIENCE 10000

/* Its connections and files. */
static unsigned
open_files(void)
{
	char path[64];
	unsigned n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)thv_pid(h));
	d = opendir(path);
	ck_assert_ptr_nonnull(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

/* One that the daemon knows. */
static int
client(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unsigned before = open_files();

	snprintf(un.sun_path, sizeof(un.sun_path), "%s/socket", thv_dir(h));
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	for (int i = 0; i < PATIENCE && open_files() == before; i++)
		usleep(1000);
	ck_assert_uint_ne(open_files(), before);
	return fd;
}

static void
stop(void)
{
	char path[64], line[256], state = '?';
	FILE *f;

	kill(thv_pid(h), SIGSTOP);
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)thv_pid(h));
	for (int i = 0; i < 500 && state != 'T'; i++) {
		usleep(1000);
		f = fopen(path, "re");
		ck_assert_ptr_nonnull(f);
		ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
		fclose(f);
		state = strrchr(line, ')')[2];
	}
	ck_assert_int_eq(state, 'T');
}

static void
go_on(void)
{
	kill(thv_pid(h), SIGCONT);
}

/* WRITE of /n with a value of so many bytes; false: the socket is full. */
static bool
put_write(int fd, uint32_t id, uint32_t value)
{
	char req[sizeof(struct xsd_sockmsg) + 3 + 4000] = { 0 };
	struct xsd_sockmsg hdr = { XS_WRITE, id, 0, 3 + value };
	size_t all = sizeof(hdr) + hdr.len, done = 0;
	ssize_t n;

	memcpy(req, &hdr, sizeof(hdr));
	memcpy(req + sizeof(hdr), "/n", 3);
	memset(req + sizeof(hdr) + 3, 'v', value);
	while (done < all) {
		n = send(fd, req + done, all - done,
		    MSG_NOSIGNAL | (done == 0 ? MSG_DONTWAIT : 0));
		if (n < 0 && errno == EAGAIN)
			return false;
		ck_assert_int_gt(n, 0);
		done += (size_t)n;
	}
	return true;
}

/* False: the connection is at its end. */
static bool
take(int fd, void *to, size_t len)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n;

	for (size_t done = 0; done < len; done += (size_t)n) {
		ck_assert_msg(poll(&p, 1, PATIENCE) == 1, "no answer comes");
		n = recv(fd, (char *)to + done, len - done, 0);
		ck_assert_int_ge(n, 0);
		if (n == 0)
			return false;
	}
	return true;
}

static void
take_ok(int fd, uint32_t id)
{
	struct xsd_sockmsg hdr;
	char ok[3];

	ck_assert(take(fd, &hdr, sizeof(hdr)));
	ck_assert_uint_eq(hdr.type, XS_WRITE);
	ck_assert_uint_eq(hdr.req_id, id);
	ck_assert_uint_eq(hdr.len, sizeof(ok));
	ck_assert(take(fd, ok, sizeof(ok)));
	ck_assert_str_eq(ok, "OK");
}

START_TEST(more_than_is_read_at_once)
{
	int fd = client();
	uint32_t sent = 0;

	stop();
	while (put_write(fd, sent, 1000))
		sent++;
	/* The daemon reads 64 KiB at a time. */
	ck_assert_uint_gt(sent, 80);
	go_on();
	for (uint32_t id = 0; id < sent; id++)
		take_ok(fd, id);
	close(fd);
}
END_TEST

/* Half closed, and closed. */
START_TEST(an_end_right_behind_a_request)
{
	unsigned before = open_files();
	int fd = client();
	char none;

	stop();
	ck_assert(put_write(fd, 1, 1));
	if (_i == 0)
		ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	else
		close(fd);
	go_on();
	if (_i == 0) {
		take_ok(fd, 1);
		ck_assert(!take(fd, &none, 1));
		close(fd);
	}
	for (int i = 0; i < PATIENCE && open_files() != before; i++)
		usleep(1000);
	ck_assert_uint_eq(open_files(), before);
	ASK(dom0, XS_READ, "/n|", "v");
}
END_TEST

/* Replies of a thousand bytes pile up until it is not served any more. */
START_TEST(a_client_that_does_not_read_for_a_while)
{
	struct xsd_sockmsg hdr = { XS_READ, 0, 0, 3 };
	char req[sizeof(hdr) + 3], reply[1000];
	int fd = client(), full = 0;
	uint32_t sent = 0;

	ck_assert(put_write(fd, 0, 1000));
	take_ok(fd, 0);
	memcpy(req + sizeof(hdr), "/n", 3);
	while (full < 20) {
		hdr.req_id = sent;
		memcpy(req, &hdr, sizeof(hdr));
		if (send(fd, req, sizeof(req), MSG_DONTWAIT | MSG_NOSIGNAL) ==
		    (ssize_t)sizeof(req)) {
			sent++;
			full = 0;
		} else {
			full++;
			usleep(10000);
		}
	}
	/* More than the daemon lets wait. */
	ck_assert_uint_gt(sent, 1000);
	for (uint32_t id = 0; id < sent; id++) {
		ck_assert(take(fd, &hdr, sizeof(hdr)));
		ck_assert_uint_eq(hdr.req_id, id);
		ck_assert_uint_eq(hdr.len, sizeof(reply));
		ck_assert(take(fd, reply, sizeof(reply)));
	}
	close(fd);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("sockets");
	TCase *t = tcase_create("what comes once");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, fx_up, fx_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, more_than_is_read_at_once);
	tcase_add_loop_test(t, an_end_right_behind_a_request, 0, 2);
	tcase_add_test(t, a_client_that_does_not_read_for_a_while);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
