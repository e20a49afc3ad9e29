/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xld-api, the program, with as many connections as its settings allow, ten thousand:
 * all are held, others are served meanwhile, memory is bounded. And with the limits
 * that hold when nothing is set. And other settings while clients are there.
 */
#include "config.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api_peer.h"
#include "xu_file.h"
#include "xu_proc.h"
#include "xu_sanitize.h"

#define MANY 10000
/* Of idle connections, with a request under way or behind them. */
#define BYTES_MAX (32 << 10)
#define SETTINGS(more)                                                         \
	"{\"settings\":{\"request_seconds\":600" more "},"                     \
	"\"listeners\":[{\"tls\":false,\"where\":\"one\"}]}"
#define LOGIN                                                                  \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"                            \
	"\"session.login_with_password\",\"params\":[\"ann\",\"right\"]}"

static int fds[MANY];
static int nfds;

/* The next call is not answered but noted, until let_go. */
static volatile bool hold;
static volatile uint32_t held_id;

static void
let_go(void)
{
	struct xu_msg m = { .id = held_id };

	peer_reply(&m, "ok", xu_array(), NULL);
}

static void
answer(const struct xu_msg *m)
{
	struct xu_val *v;

	if (hold) {
		hold = false;
		held_id = m->id;
		return;
	}
	v = xu_struct();
	xu_val_set(v, "user", xu_str("ann"));
	xu_val_set(v, "role", xu_str("read-only"));
	peer_reply(m, "ok", v, NULL);
}

static void
teardown(void)
{
	int status = peer_stop(false);

	while (nfds > 0)
		close(fds[--nfds]);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	    "xld-api ended with %x", status);
}

/* ---- clients ---------------------------------------------------------------------- */

/* From 127.0.0.from. */
static int
dial_from(int from, int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)from - 1) };
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* One call over a connection that stays; false: it was hung up. */
static bool
call(int fd, const char *body, struct xu_buf *out)
{
	const char *p, *end;
	ssize_t n;

	dprintf(fd, "POST /jsonrpc HTTP/1.1\r\nHost: x\r\n"
		    "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
	xu_buf_reset(out);
	for (;;) {
		char part[4096];

		p = strstr(xu_buf_text(out), "Content-Length: ");
		end = p == NULL ? NULL : strstr(p, "\r\n\r\n");
		if (end != NULL && strlen(end + 4) >= strtoul(p + 16, NULL, 10))
			return true;
		n = recv(fd, part, sizeof(part), 0);
		if (n <= 0)
			return false;
		xu_buf_add(out, part, (size_t)n);
	}
}

static bool
is_held(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };
	char c;

	return poll(&p, 1, 0) == 0 ||
	    recv(fd, &c, 1, MSG_DONTWAIT | MSG_PEEK) > 0;
}

static void
log_in(int fd, char session[64])
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	const char *p;

	ck_assert(call(fd, LOGIN, &b));
	p = strstr(xu_buf_text(&b), "\"result\":\"");
	ck_assert_msg(p != NULL, "%s", xu_buf_text(&b));
	snprintf(session, 64, "%.46s", p + 10);
}

/* False: hung up, or there is no such session. */
static bool
is_served(int fd, const char *session)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT, body = XU_BUF_INIT;

	xu_buf_addf(&body,
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
	    "\"session.get_this_user\",\"params\":[\"%s\",\"%s\"]}",
	    session, session);
	return call(fd, xu_buf_text(&body), &b) &&
	    strstr(xu_buf_text(&b), "\"result\":\"ann\"") != NULL;
}

/* KiB. */
static long
resident(void)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	char name[48];

	snprintf(name, sizeof(name), "/proc/%d/status", peer.server);
	ck_assert_int_eq(xu_file_read(name, 1 << 16, &b, &e), 0);
	return strtol(strstr(xu_buf_text(&b), "VmRSS:") + 6, NULL, 10);
}

/* ---- many ------------------------------------------------------------------------- */

static bool
may_have(rlim_t want)
{
	struct rlimit l;

	getrlimit(RLIMIT_NOFILE, &l);
	if (l.rlim_max < want)
		l.rlim_max = want;
	l.rlim_cur = l.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &l) == 0;
}

START_TEST(ten_thousand_are_held)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	char session[64];
	int first, held = 0, want = MANY - 8;
	long before, after;

	/* Of a process that may not have so many: what it may. */
	if (!may_have(MANY + 4096))
		want = 400;
	peer_start(XLD_API,
	    SETTINGS(",\"connections\":10000,"
		     "\"connections_per_address\":10000"), answer);
	first = peer_dial(peer.port);
	log_in(first, session);
	before = resident();
	while (nfds < want) {
		int fd = dial_from(2 + nfds % 100, peer.port);

		fds[nfds++] = fd;
		ck_assert_int_ge(fd, 0);
		if (nfds % 3 == 0)
			dprintf(fd, "POST / HTTP/1.1\r\nHost: x\r\n"
				    "Content-Length: 1000\r\n\r\n<");
		else if (nfds % 3 == 1)
			ck_assert(call(fd, "{}", &b));
		if (nfds % 500 == 0)
			ck_assert(is_served(first, session));
	}
	ck_assert(is_served(first, session));
	after = resident();
	for (int i = 0; i < nfds; i++)
		held += is_held(fds[i]);
	printf("%d idle connections: xld-api %ld KiB before, %ld KiB after: "
	       "%ld bytes each\n", nfds, before, after,
	    (after - before) * 1024 / nfds);
	ck_assert_int_eq(held, nfds);
	ck_assert_int_lt((after - before) * 1024 / nfds, BYTES_MAX);
	close(first);
}
END_TEST

/* One address has its share, and those who are nobody make room. */
START_TEST(a_flood_has_its_limits)
{
	char session[64];
	int mine, held = 0, others;

	ck_assert(may_have(8192));
	peer_start(XLD_API, SETTINGS(""), answer);
	mine = dial_from(7, peer.port);
	log_in(mine, session);
	while (nfds < 2000) {
		fds[nfds] = dial_from(nfds < 1000 ? 2 : 10 + nfds % 100,
		    peer.port);
		nfds++;
		if (nfds % 100 == 0)
			ck_assert(is_served(mine, session));
	}
	others = dial_from(8, peer.port);
	ck_assert(is_served(others, session));
	for (int i = 0; i < nfds; i++)
		held += fds[i] >= 0 && is_held(fds[i]);
	ck_assert_int_le(held, 500);
	close(mine);
	close(others);
}
END_TEST

/* ---- too many calls ----------------------------------------------------------------- */

/* What a call of nobody's costs: there is no such session. */
#define NOTHING "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"VM.get_all\",\"params\":[\"\"]}"

/* 200 or 429, which says when to come back. */
static int
status_of(int fd)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	int status;

	ck_assert(call(fd, NOTHING, &b));
	ck_assert_int_eq(sscanf(xu_buf_text(&b), "HTTP/1.1 %d ", &status), 1);
	if (status != 200) {
		ck_assert_int_eq(status, 429);
		ck_assert_ptr_nonnull(strstr(xu_buf_text(&b),
		    "Retry-After: 1\r\n"));
		ck_assert_ptr_null(strstr(xu_buf_text(&b), "close"));
	}
	return status;
}

static int
calls_until_refused(int fd, int most)
{
	int n = 0;

	while (n < most && status_of(fd) == 200)
		n++;
	return n;
}

/* One client has too many; another, and root here, do not notice; and in time it
 * is served again, by the same connection. */
START_TEST(calls_have_a_rate)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	char session[64];
	int flood, more = -1, mine, here;

	peer_start(XLD_API, SETTINGS(",\"calls_per_second\":20"), answer);
	flood = dial_from(2, peer.port);
	mine = dial_from(7, peer.port);
	log_in(mine, session);
	/* Those of five seconds at once. */
	ck_assert_int_ge(calls_until_refused(flood, 100000), 100);
	for (int i = 0; i < 50; i++) {
		status_of(flood);
		ck_assert(is_served(mine, session));
	}
	/* Another connection of its is no other client. What would have a body
	 * ends there. */
	do {
		xu_buf_reset(&b);
		close(more);
		more = dial_from(2, peer.port);
		dprintf(more, "PUT /import_raw_vdi HTTP/1.1\r\nHost: x\r\n"
			      "Content-Length: 1000000\r\n\r\n");
		ck_assert_int_eq(xu_fd_read(more, 1 << 16, &b), 0);
		ck_assert_ptr_nonnull(strstr(xu_buf_text(&b), "close"));
	} while (strstr(xu_buf_text(&b), " 429 ") == NULL);
	here = xu_connect_unix(peer.path, &e);
	ck_assert_int_ge(here, 0);
	ck_assert_int_eq(calls_until_refused(here, 2000) == 2000,
	    geteuid() == 0);
	while (status_of(flood) != 200)
		;
	close(flood);
	close(more);
	close(mine);
	close(here);
}
END_TEST

/* Nobody is kept in mind for ever, however many come by. */
START_TEST(clients_are_forgotten)
{
	long before;

	peer_start(XLD_API, SETTINGS(""), answer);
	for (int i = 0; i < 25000; i++) {
		int fd = dial_from(2 + i, peer.port);

		ck_assert_int_eq(status_of(fd), 200);
		close(fd);
		if (i == 5000)
			before = resident();
	}
	/* 20000 of them would be 4 MiB. */
	ck_assert_int_lt(resident() - before, 2048);
}
END_TEST

/* ---- other settings --------------------------------------------------------------------- */

static void
tell_settings(const char *text, int a, int b)
{
	AUTO_VAL struct xu_val *none = xu_struct();
	int out[3] = { memfd_create("settings", MFD_CLOEXEC), a, b };

	ck_assert_int_eq(xu_fd_write(out[0], text, strlen(text)), 0);
	peer_tell(XU_MSG_SETTINGS, 0, none, out, b < 0 ? 2 : 3);
	close(out[0]);
}

static bool
hangs_up(int fd)
{
	char c;

	return recv(fd, &c, 1, 0) <= 0;
}

#define TWO(limits)                                                            \
	"{\"settings\":{\"request_seconds\":600" limits "},"                   \
	"\"listeners\":[{\"tls\":false,\"where\":\"one\"},"                    \
	"{\"tls\":false,\"where\":\"two\"}]}"

START_TEST(settings_change)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT, body = XU_BUF_INIT;
	char session[64];
	int port, second = peer_listen(&port), one, two, idle;

	peer_start(XLD_API, SETTINGS(""), answer);
	one = peer_dial(peer.port);
	log_in(one, session);
	/* A second socket: who is there already does not notice. */
	tell_settings(TWO(""), peer.listening, second);
	two = peer_dial(port);
	ck_assert(is_served(two, session));
	ck_assert(is_served(one, session));
	/* Other limits: who is idle is hung up on, sessions stay. */
	idle = peer_dial(peer.port);
	tell_settings(TWO(",\"request_kib\":16,\"connections\":50"),
	    peer.listening, second);
	ck_assert(hangs_up(idle));
	close(idle);
	close(one);
	close(two);
	one = peer_dial(peer.port);
	two = peer_dial(port);
	ck_assert(is_served(one, session));
	ck_assert(is_served(two, session));
	/* The first goes: nobody is let in there any more. A call that waits
	 * for the core there hears its answer, and that it was the last. */
	xu_buf_addf(&body, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
			   "\"VM.get_all\",\"params\":[\"%s\"]}", session);
	hold = true;
	dprintf(one, "POST /jsonrpc HTTP/1.1\r\nHost: x\r\n"
		     "Content-Length: %zu\r\n\r\n%s",
	    body.len, xu_buf_text(&body));
	while (held_id == 0)
		usleep(1000);
	tell_settings("{\"settings\":{\"request_seconds\":600,"
		      "\"request_kib\":16,\"connections\":50},"
		      "\"listeners\":[{\"tls\":false,\"where\":\"two\"}]}",
	    second, -1);
	/* In the order they were sent. */
	let_go();
	ck_assert_int_eq(xu_fd_read(one, 1 << 16, &b), 0);
	ck_assert_ptr_nonnull(strstr(xu_buf_text(&b), "Connection: close"));
	ck_assert_ptr_nonnull(strstr(xu_buf_text(&b), "\"result\""));
	ck_assert(is_served(two, session));
	/* Other roles: who has logged in must do so again. */
	tell_settings("{\"settings\":{\"request_seconds\":600,"
		      "\"request_kib\":16,\"connections\":50,"
		      "\"read_only\":[\"bob\"]},"
		      "\"listeners\":[{\"tls\":false,\"where\":\"two\"}]}",
	    second, -1);
	while (is_served(two, session))
		usleep(1000);
	ck_assert(call(two, LOGIN, &b));
	ck_assert_ptr_nonnull(strstr(xu_buf_text(&b), "\"result\""));
	close(one);
	close(two);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("api_many");
	TCase *tc = tcase_create("all");
	SRunner *sr = srunner_create(s);
	int bad;

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_set_timeout(tc, 240);
	tcase_add_test(tc, ten_thousand_are_held);
	tcase_add_test(tc, a_flood_has_its_limits);
	tcase_add_test(tc, calls_have_a_rate);
	/* There what is freed is kept. */
	if (!XU_SANITIZED)
		tcase_add_test(tc, clients_are_forgotten);
	tcase_add_test(tc, settings_change);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	bad = srunner_ntests_failed(sr);
	srunner_free(sr);
	return bad == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
