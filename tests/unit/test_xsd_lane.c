/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lanes (xu_lane.h) against the daemon itself, by clients that are not libxenstore:
 * what they are to be, and what becomes of who lies in the page.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "xsd_fixture.h"
#include "xu_lane.h"

#define LANES 256
/* The request for one. */
#define LANE 7777

/* A client of a socket, and its lane. */
struct rider {
	int fd, memory, kick;
	struct xu_lane *page;
	struct xsd_sockmsg hdr;
	char body[4097];
	/* Bytes behind what the lane came with. */
	uint32_t got;
};

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

static void
connect_to(struct rider *r)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	memset(r, 0, sizeof(*r));
	r->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(un.sun_path, sizeof(un.sun_path), "%s/socket", thv_dir(h));
	ck_assert_int_eq(
	    connect(r->fd, (struct sockaddr *)&un, sizeof(un)), 0);
}

static size_t
message(void *to, uint32_t type, uint32_t id, const char *path,
    const char *value)
{
	const size_t n = strlen(path) + 1, v = strlen(value);
	const struct xsd_sockmsg hdr = { type, id, 0, (uint32_t)(n + v) };

	memcpy(to, &hdr, sizeof(hdr));
	memcpy((char *)to + sizeof(hdr), path, n);
	memcpy((char *)to + sizeof(hdr) + n, value, v);
	return sizeof(hdr) + n + v;
}

static void
say(struct rider *r, uint32_t type, uint32_t id, const char *path,
    const char *value)
{
	char req[XU_LANE_MESSAGE];
	size_t n = message(req, type, id, path, value);

	ck_assert_int_eq(send(r->fd, req, n, MSG_NOSIGNAL), (ssize_t)n);
}

/* The next message of the socket, and descriptors with it; false: its end. */
static bool
hear(struct rider *r, int fds[2])
{
	char room[CMSG_SPACE(2 * sizeof(int))];
	struct iovec v = { &r->hdr, sizeof(r->hdr) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = room,
		.msg_controllen = sizeof(room) };
	struct pollfd p = { .fd = r->fd, .events = POLLIN };
	ssize_t n, rest;

	ck_assert_msg(poll(&p, 1, 10000) == 1, "no answer comes");
	n = recvmsg(r->fd, &m, MSG_WAITALL);
	if (n <= 0)
		return false;
	r->got += (uint32_t)n;
	if (fds != NULL && CMSG_FIRSTHDR(&m) != NULL) {
		memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&m)), 2 * sizeof(int));
		r->got = 0;
	}
	/* What they come with ends there. */
	if ((size_t)n < sizeof(r->hdr)) {
		rest = (ssize_t)sizeof(r->hdr) - n;
		ck_assert_int_eq(recv(r->fd, (char *)&r->hdr + n, (size_t)rest,
		    MSG_WAITALL), rest);
		r->got += (uint32_t)rest;
	}
	r->got += r->hdr.len;
	ck_assert_uint_le(r->hdr.len, 4096);
	if (r->hdr.len > 0)
		ck_assert_int_eq(recv(r->fd, r->body, r->hdr.len, MSG_WAITALL),
		    r->hdr.len);
	r->body[r->hdr.len] = '\0';
	return true;
}

/* What the daemon says to a client that asked for a lane: "OK", or why not. */
static const char *
board(struct rider *r)
{
	int fds[2] = { -1, -1 };

	do
		ck_assert(hear(r, fds));
	while (r->hdr.req_id != LANE);
	if (fds[0] < 0)
		return r->body;
	r->memory = fds[0];
	r->kick = fds[1];
	r->page = mmap(NULL, sizeof(*r->page), PROT_READ | PROT_WRITE,
	    MAP_SHARED, r->memory, 0);
	ck_assert_ptr_ne(r->page, MAP_FAILED);
	return r->body;
}

static const char *
get_lane(struct rider *r)
{
	say(r, XS_CONTROL, LANE, "lane", "");
	return board(r);
}

static void
kick(struct rider *r)
{
	const uint64_t one = 1;

	ck_assert_int_eq(write(r->kick, &one, sizeof(one)), sizeof(one));
}

static void
ask(struct rider *r, uint32_t type, uint32_t id, const char *path,
    const char *value)
{
	message(r->page->request, type, id, path, value);
	atomic_fetch_add(&r->page->asked, 1);
	kick(r);
}

/* The answer in the page; its type. */
static const char *
answer(struct rider *r, uint32_t id)
{
	uint32_t seen;

	for (int i = 0; (seen = atomic_load(&r->page->answered)) !=
	    atomic_load(&r->page->asked); i++) {
		ck_assert_msg(i < 1000, "no answer comes");
		xu_lane_sleep(r->page, seen, 10);
	}
	memcpy(&r->hdr, r->page->reply, sizeof(r->hdr));
	ck_assert_uint_eq(r->hdr.req_id, id);
	ck_assert_uint_le(r->hdr.len, 4096);
	memcpy(r->body, r->page->reply + sizeof(r->hdr), r->hdr.len);
	r->body[r->hdr.len] = '\0';
	return r->body;
}

static void
leave(struct rider *r)
{
	if (r->page != NULL) {
		munmap(r->page, sizeof(*r->page));
		close(r->memory);
		close(r->kick);
	}
	close(r->fd);
}

static void
rides(struct rider *r)
{
	connect_to(r);
	ck_assert_str_eq(get_lane(r), "OK");
	ck_assert_ptr_nonnull(r->page);
}

START_TEST(calls)
{
	struct rider r;
	char text[16];

	rides(&r);
	for (uint32_t i = 1; i < 500; i++) {
		snprintf(text, sizeof(text), "%u", i);
		ask(&r, XS_WRITE, i, "/n", text);
		ck_assert_str_eq(answer(&r, i), "OK");
		ASK(dom0, XS_READ, "/n|", text);
		ask(&r, XS_READ, i, "/n", "");
		ck_assert_str_eq(answer(&r, i), text);
		ask(&r, XS_READ, i, "/none", "");
		ck_assert_str_eq(answer(&r, i), "ENOENT");
		ck_assert_uint_eq(r.hdr.type, XS_ERROR);
		/* By turns with the socket. */
		say(&r, XS_READ, i + 1000, "/n", "");
		ck_assert(hear(&r, NULL));
		ck_assert_uint_eq(r.hdr.req_id, i + 1000);
		ck_assert_str_eq(r.body, text);
	}
	ck_assert_str_eq(get_lane(&r), "EINVAL");
	leave(&r);
}
END_TEST

/* What was said before the answer can be heard before it. */
START_TEST(events_before_the_answer)
{
	struct rider r;
	uint32_t begun;

	rides(&r);
	begun = r.got;
	ask(&r, XS_WATCH, 1, "/n", "");
	ck_assert_str_eq(answer(&r, 1), "EINVAL");
	message(r.page->request, XS_WATCH, 2, "/n", "t");
	((struct xsd_sockmsg *)(void *)r.page->request)->len++;
	r.page->request[sizeof(r.hdr) + 4] = '\0';
	atomic_fetch_add(&r.page->asked, 1);
	kick(&r);
	ck_assert_str_eq(answer(&r, 2), "OK");
	for (uint32_t i = 3; i < 300; i++) {
		ask(&r, XS_WRITE, i, "/n", "v");
		ck_assert_str_eq(answer(&r, i), "OK");
		while ((int32_t)(atomic_load(&r.page->said) - r.got) > 0) {
			ck_assert(hear(&r, NULL));
			ck_assert_uint_eq(r.hdr.type, XS_WATCH_EVENT);
		}
		ck_assert_uint_eq(atomic_load(&r.page->said), r.got);
		/* One for the watch, and one for each change. */
		ck_assert_uint_eq(r.got - begun,
		    (i - 1) * (sizeof(r.hdr) + 5));
	}
	leave(&r);
}
END_TEST

/* Its descriptors come in the midst of more than the socket takes at once. */
START_TEST(made_among_events)
{
	enum { EVENTS = 60, TOKEN = 2000 };
	const struct xsd_sockmsg watch = { XS_WATCH, 1, 0, 3 + TOKEN };
	char token[TOKEN] = { 0 }, all[EVENTS * 40], path[16];
	struct rider r;
	size_t n = 0;

	connect_to(&r);
	memset(token, 't', sizeof(token) - 1);
	ck_assert_int_eq(send(r.fd, &watch, sizeof(watch), 0), sizeof(watch));
	ck_assert_int_eq(send(r.fd, "/n", 3, 0), 3);
	ck_assert_int_eq(send(r.fd, token, sizeof(token), 0), sizeof(token));
	for (int i = 0; i < 2; i++)
		ck_assert(hear(&r, NULL));
	for (uint32_t i = 0; i < EVENTS; i++) {
		/* Equal ones would be one. */
		snprintf(path, sizeof(path), "/n/%u", i);
		n += message(all + n, XS_WRITE, i, path, "v");
	}
	kill(thv_pid(h), SIGSTOP);
	ck_assert_int_eq(send(r.fd, all, n, 0), (ssize_t)n);
	say(&r, XS_CONTROL, LANE, "lane", "");
	kill(thv_pid(h), SIGCONT);
	ck_assert_str_eq(board(&r), "OK");
	ask(&r, XS_READ, 5, "/n/1", "");
	ck_assert_str_eq(answer(&r, 5), "v");
	ck_assert_uint_eq(atomic_load(&r.page->said), r.got);
	leave(&r);
}
END_TEST

static const uint32_t lengths[] = { 4097, 5000, 0x7fffffff, UINT32_MAX };
START_TEST(a_length_that_cannot_be)
{
	struct xsd_sockmsg hdr = { XS_READ, 1, 0, lengths[_i] };
	struct rider r;

	rides(&r);
	memcpy(r.page->request, &hdr, sizeof(hdr));
	atomic_fetch_add(&r.page->asked, 1);
	kick(&r);
	ck_assert(!hear(&r, NULL));
	leave(&r);
}
END_TEST

START_TEST(numbers_that_jump)
{
	struct rider r;

	rides(&r);
	for (uint32_t i = 0; i < 100; i++) {
		message(r.page->request, XS_READ, i, "/", "");
		atomic_fetch_add(&r.page->asked, 0x33333333u * (i | 1));
		kick(&r);
		ck_assert_str_eq(answer(&r, i), "");
	}
	/* Nothing was asked. */
	for (int i = 0; i < 100; i++)
		kick(&r);
	ASK(dom0, XS_READ, "/|", "");
	leave(&r);
}
END_TEST

/* All of the page changes all the time, and requests come by the socket as well. */
START_TEST(a_page_that_never_rests)
{
	const time_t end = time(NULL) + 2;
	uint32_t *words;
	struct rider r;

	srand((unsigned)_i);
	while (time(NULL) < end) {
		rides(&r);
		words = (uint32_t *)(void *)r.page;
		for (int i = 0; i < 2000; i++) {
			struct xsd_sockmsg hdr = { (uint32_t)rand() % 30,
				(uint32_t)i, (uint32_t)rand() % 3,
				(uint32_t)rand() % 64 };

			for (int k = 0; k < 40; k++)
				words[(size_t)rand() % (sizeof(*r.page) / 4)] =
				    (uint32_t)rand();
			memcpy(r.page->request, &hdr, sizeof(hdr));
			atomic_fetch_add(&r.page->asked, 1);
			kick(&r);
			if (rand() % 64 == 0 &&
			    send(r.fd, "/////////////////", (size_t)rand() % 16,
				MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
				break;
		}
		leave(&r);
	}
	fx_others_are_served();
}
END_TEST

/* Nothing done to what both hold makes the daemon wait, or fault. */
START_TEST(what_both_hold)
{
	const uint64_t full = UINT64_MAX - 1;
	struct rider r;
	uint64_t n;

	rides(&r);
	ck_assert_int_lt(ftruncate(r.memory, 0), 0);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_lt(ftruncate(r.memory, 1 << 20), 0);
	ck_assert_int_eq(fcntl(r.kick, F_SETFL, 0), 0);
	ck_assert_int_eq(write(r.kick, &full, sizeof(full)), sizeof(full));
	ASK(dom0, XS_READ, "/|", "");
	leave(&r);

	/* Emptied under its hands, and held longer than the connection. */
	rides(&r);
	ask(&r, XS_READ, 1, "/", "");
	ck_assert_int_eq(read(r.kick, &n, sizeof(n)), sizeof(n));
	kick(&r);
	ck_assert_str_eq(answer(&r, 1), "");
	close(r.fd);
	ASK(dom0, XS_READ, "/|", "");
	atomic_fetch_add(&r.page->asked, 1);
	kick(&r);
	ASK(dom0, XS_READ, "/|", "");
	r.fd = -1;
	leave(&r);
}
END_TEST

static bool
files_are(unsigned n)
{
	for (int i = 0; i < 1000 && open_files() != n; i++)
		usleep(10000);
	return open_files() == n;
}

START_TEST(not_more_than_so_many)
{
	static struct rider r[LANES + 1];
	const unsigned before = open_files();

	for (int i = 0; i < LANES; i++)
		rides(&r[i]);
	connect_to(&r[LANES]);
	ck_assert_str_eq(get_lane(&r[LANES]), "ENOSPC");
	/* It is served all the same. */
	say(&r[LANES], XS_READ, 5, "/", "");
	ck_assert(hear(&r[LANES], NULL));
	ck_assert_str_eq(r[LANES].body, "");
	leave(&r[0]);
	ck_assert(files_are(before + 2 * LANES - 1));
	ck_assert_str_eq(get_lane(&r[LANES]), "OK");
	for (int i = 1; i <= LANES; i++)
		leave(&r[i]);
	ck_assert(files_are(before));
}
END_TEST

static int
worker(void)
{
	char path[64];
	int pid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children",
	    (int)thv_pid(h), (int)thv_pid(h));
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	if (fscanf(f, "%d", &pid) != 1)
		pid = 0;
	fclose(f);
	return pid;
}

static char *supervised[] = { (char *)(uintptr_t)"--supervise", NULL };

/* The lane ends, the socket goes on, and may have another. */
START_TEST(live_update)
{
	char link[64], exe[256], text[300];
	struct rider r;
	int pid;
	ssize_t n;

	h = thv_new();
	ck_assert_int_eq(thv_start(h, DAEMON, supervised), 0);
	dom0 = thv_client(h, -1);
	rides(&r);
	ask(&r, XS_WRITE, 1, "/n", "1");
	ck_assert_str_eq(answer(&r, 1), "OK");
	pid = worker();
	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	n = readlink(link, exe, sizeof(exe) - 1);
	ck_assert_int_gt(n, 0);
	exe[n] = '\0';
	snprintf(text, sizeof(text), "live-update|-f|%s|", exe);
	ASK(dom0, XS_CONTROL, text, "OK");
	ASK(dom0, XS_CONTROL, "live-update|-s|", "OK");
	ck_assert_uint_eq(atomic_load(&r.page->over), 1);
	ck_assert_int_eq(thv_again(h), 0);
	say(&r, XS_READ, 2, "/n", "");
	ck_assert(hear(&r, NULL));
	ck_assert_str_eq(r.body, "1");
	munmap(r.page, sizeof(*r.page));
	close(r.memory);
	close(r.kick);
	ck_assert_str_eq(get_lane(&r), "OK");
	ask(&r, XS_READ, 3, "/n", "");
	ck_assert_str_eq(answer(&r, 3), "1");
	leave(&r);
	ck_assert_int_eq(thv_stop(h, SIGTERM), 0);
}
END_TEST

static void
end_host(void)
{
	thv_free(h);
}

int
main(void)
{
	Suite *s = suite_create("lanes");
	TCase *t = tcase_create("by clients"), *u = tcase_create("updated");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, fx_up, fx_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, calls);
	tcase_add_test(t, events_before_the_answer);
	tcase_add_test(t, made_among_events);
	tcase_add_loop_test(t, a_length_that_cannot_be, 0, 4);
	tcase_add_test(t, numbers_that_jump);
	tcase_add_loop_test(t, a_page_that_never_rests, 0, 3);
	tcase_add_test(t, what_both_hold);
	tcase_add_test(t, not_more_than_so_many);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(u, NULL, end_host);
	tcase_set_timeout(u, 60);
	tcase_add_test(u, live_update);
	suite_add_tcase(s, u);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
