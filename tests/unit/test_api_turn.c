/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xld-api, the program, with clients that read all the time: few of their calls are
 * at the core at once, who has not asked for long is next, and what changes something
 * waits for nobody.
 */
#include "config.h"

#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api_peer.h"
#include "xapi_json.h"
#include "xu_auto.h"

#define CLIENTS 20
#define AT_ONCE 4

/* Calls that came to the core, and what each is about: its first argument. The
 * thread that plays it only tells us. */
struct seen {
	uint32_t id;
	char method[40], about[16];
};
static int pipe_of_calls[2];

static void
answer(const struct xu_msg *m)
{
	struct seen s = { .id = m->id };

	snprintf(s.method, sizeof(s.method), "%s",
	    xu_val_get_str(m->val, "method", ""));
	snprintf(s.about, sizeof(s.about), "%s",
	    xu_val_str(xu_val_at(xu_val_get(m->val, "params"), 0)));
	ck_assert_int_eq(write(pipe_of_calls[1], &s, sizeof(s)), sizeof(s));
}

/* The next call at the core; NULL: none for a moment. */
static const struct seen *
arrived(int ms)
{
	static struct seen s;
	struct pollfd p = { pipe_of_calls[0], POLLIN, 0 };

	if (poll(&p, 1, ms) != 1)
		return NULL;
	ck_assert_int_eq(read(p.fd, &s, sizeof(s)), sizeof(s));
	return &s;
}

static void
answer_to(uint32_t id)
{
	struct xu_msg m = { .id = id };

	peer_reply(&m, "ok", xu_str("web"), NULL);
}

/* A connection of root's, which needs no login. */
static int
dial(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", peer.path);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void
ask(int fd, const char *method, const char *about)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;

	xu_buf_addf(&b, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\","
			"\"params\":[\"\",\"%s\"]}", method, about);
	dprintf(fd, "POST " XAPI_CLASSIC_JSON " HTTP/1.1\r\nHost: x\r\n"
		    "Content-Length: %zu\r\n\r\n%s", b.len, xu_buf_text(&b));
}

static bool
is_answered(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };
	char part[4096];

	return poll(&p, 1, 10000) == 1 && recv(fd, part, sizeof(part), 0) > 0;
}

static int fds[CLIENTS];

static void
setup(void)
{
	ck_assert_int_eq(pipe(pipe_of_calls), 0);
	peer_start(XLD_API, NULL, answer);
	for (int i = 0; i < CLIENTS; i++)
		fds[i] = dial();
}

static void
teardown(void)
{
	int status = peer_stop(false);

	for (int i = 0; i < CLIENTS; i++)
		close(fds[i]);
	close(pipe_of_calls[0]);
	close(pipe_of_calls[1]);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	    "xld-api ended with %x", status);
}

/* All ask; the first calls are at the core, in ids. */
static void
all_ask(uint32_t ids[AT_ONCE])
{
	for (int i = 0; i < CLIENTS; i++)
		ask(fds[i], "VM.get_name_label", "all");
	for (int i = 0; i < AT_ONCE; i++) {
		const struct seen *s = arrived(10000);

		ck_assert_ptr_nonnull(s);
		ids[i] = s->id;
	}
	ck_assert_ptr_null(arrived(300));
}

START_TEST(few_at_once)
{
	uint32_t ids[AT_ONCE];
	int answers = 0;

	all_ask(ids);
	for (int i = 0; i < AT_ONCE; i++)
		answer_to(ids[i]);
	for (int i = AT_ONCE; i < CLIENTS; i++) {
		const struct seen *s = arrived(10000);

		ck_assert_ptr_nonnull(s);
		answer_to(s->id);
	}
	for (int i = 0; i < CLIENTS; i++)
		answers += is_answered(fds[i]);
	ck_assert_int_eq(answers, CLIENTS);
}
END_TEST

START_TEST(asking_again_is_behind)
{
	uint32_t ids[AT_ONCE];
	const struct seen *s;
	int fd = dial();

	all_ask(ids);
	answer_to(ids[0]);
	s = arrived(10000);
	ck_assert_ptr_nonnull(s);
	/* Who was answered asks again, then somebody new. */
	for (int i = 0; i < CLIENTS; i++)
		if (recv(fds[i], &(char[4096]){ 0 }, 4096, MSG_DONTWAIT) > 0)
			ask(fds[i], "VM.get_name_label", "again");
	ck_assert_ptr_null(arrived(300));
	ask(fd, "VM.get_name_label", "new");
	ck_assert_ptr_null(arrived(300));
	ids[0] = s->id;
	for (int i = 0; i < CLIENTS; i++) {
		answer_to(ids[i % AT_ONCE]);
		s = arrived(10000);
		ck_assert_ptr_nonnull(s);
		ck_assert_str_ne(s->about, "again");
		if (strcmp(s->about, "new") == 0)
			break;
		ids[i % AT_ONCE] = s->id;
	}
	ck_assert_str_eq(s->about, "new");
	close(fd);
}
END_TEST

START_TEST(a_change_does_not_wait)
{
	uint32_t ids[AT_ONCE];
	const struct seen *s;
	int fd = dial();

	all_ask(ids);
	ask(fd, "VM.unpause", "me");
	s = arrived(10000);
	ck_assert_ptr_nonnull(s);
	ck_assert_str_eq(s->method, "VM.unpause");
	answer_to(s->id);
	ck_assert(is_answered(fd));
	close(fd);
}
END_TEST

/* The core goes while calls wait for their turn: teardown looks at the end. */
START_TEST(the_core_goes)
{
	uint32_t ids[AT_ONCE];

	all_ask(ids);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("api_turn");
	TCase *t = tcase_create("turns");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, few_at_once);
	tcase_add_test(t, asking_again_is_behind);
	tcase_add_test(t, a_change_does_not_wait);
	tcase_add_test(t, the_core_goes);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
