/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is said to a device model, and what it answers: QMP, and CDs that are changed
 * by it. */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dm.h"
#include "qmp.h"
#include "xu_proc.h"

static struct talk {
	struct qmp *q;
	/* The other end. */
	int fd;
	unsigned ready, lost, events, done, failed;
	char why[XU_ERR_MSG_MAX], name[64], word[64];
} talk;

static void
on_ready(void *arg)
{
	((struct talk *)arg)->ready++;
}

static void
on_event(void *arg, const char *name, const struct xu_val *data)
{
	struct talk *t = arg;

	t->events++;
	snprintf(t->name, sizeof(t->name), "%s", name);
	snprintf(t->word, sizeof(t->word), "%s",
	    xu_val_get_str(data, "word", ""));
}

static void
on_lost(void *arg, const struct xu_err *e)
{
	struct talk *t = arg;

	t->lost++;
	snprintf(t->why, sizeof(t->why), "%s", e->msg);
}

static void
on_done(void *arg, const struct xu_val *ret, const struct xu_err *e)
{
	struct talk *t = arg;

	t->done += e == NULL;
	t->failed += e != NULL;
	snprintf(t->why, sizeof(t->why), "%s", e != NULL ? e->msg : "");
	snprintf(t->word, sizeof(t->word), "%s",
	    xu_val_get_str(ret, "status", ""));
}

static void
talk_up(void)
{
	const struct qmp_events ev = { on_ready, on_event, on_lost, &talk };
	struct xu_err e = XU_ERR_INIT;
	int sv[2];

	memset(&talk, 0, sizeof(talk));
	ck_assert_int_eq(xu_socketpair(sv, true), 0);
	talk.fd = sv[1];
	talk.q = qmp_open(uv_default_loop(), sv[0], &ev, &e);
	ck_assert_ptr_nonnull(talk.q);
}

static void
talk_down(void)
{
	qmp_close(talk.q);
	if (talk.fd >= 0)
		close(talk.fd);
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

/* The peer says it, and we hear it. */
static void
says(const char *text)
{
	ck_assert_int_eq(write(talk.fd, text, strlen(text)),
	    (ssize_t)strlen(text));
	for (int i = 0; i < 5; i++)
		uv_run(uv_default_loop(), UV_RUN_NOWAIT);
}

static const char *
heard(void)
{
	static char text[4096];
	ssize_t n;

	uv_run(uv_default_loop(), UV_RUN_NOWAIT);
	n = read(talk.fd, text, sizeof(text) - 1);
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

#define GREETING "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n"

static void
greet(void)
{
	says(GREETING);
	ck_assert_str_eq(heard(),
	    "{\"execute\":\"qmp_capabilities\",\"id\":1}\n");
	ck_assert_uint_eq(talk.ready, 0);
	says("{\"return\": {}, \"id\": 1}\r\n");
	ck_assert_uint_eq(talk.ready, 1);
}

START_TEST(a_talk)
{
	struct xu_val *args = xu_struct();

	greet();
	xu_val_set(args, "x", xu_str("y"));
	ck_assert(qmp_call(talk.q, "query-status", args, on_done, &talk));
	ck_assert(qmp_call(talk.q, "quit", NULL, on_done, &talk));
	ck_assert_str_eq(heard(),
	    "{\"execute\":\"query-status\",\"arguments\":{\"x\":\"y\"},\"id\":2}\n"
	    "{\"execute\":\"quit\",\"id\":3}\n");
	/* In pieces, with an event between. */
	says("{\"return\": {\"status\": \"run");
	ck_assert_uint_eq(talk.done, 0);
	says("ning\"}, \"id\": 2}\r\n{\"event\": \"STOP\", \"data\": "
	     "{\"word\": \"w\"}, \"timestamp\": {}}\r\n\r\n");
	ck_assert_uint_eq(talk.done, 1);
	ck_assert_str_eq(talk.name, "STOP");
	ck_assert_str_eq(talk.word, "w");
	says("{\"id\": 3, \"error\": {\"class\": \"G\", \"desc\": \"no way\"}}\n");
	ck_assert_uint_eq(talk.failed, 1);
	ck_assert_str_eq(talk.why, "the device model: no way");
	ck_assert_uint_eq(talk.lost, 0);
}
END_TEST

START_TEST(hangs_up)
{
	greet();
	ck_assert(qmp_call(talk.q, "quit", NULL, on_done, &talk));
	close(talk.fd);
	talk.fd = -1;
	for (int i = 0; i < 5; i++)
		uv_run(uv_default_loop(), UV_RUN_NOWAIT);
	ck_assert_uint_eq(talk.failed, 1);
	ck_assert_uint_eq(talk.lost, 1);
	ck_assert_ptr_nonnull(strstr(talk.why, "hung up"));
	ck_assert(!qmp_call(talk.q, "quit", NULL, on_done, &talk));
}
END_TEST

/* What we say next, with a descriptor or (-1) without. */
static const char *
heard_fd(int *fd)
{
	static char text[4096];
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec v = { text, sizeof(text) - 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *c;
	ssize_t n;

	uv_run(uv_default_loop(), UV_RUN_NOWAIT);
	n = recvmsg(talk.fd, &m, 0);
	text[n < 0 ? 0 : n] = '\0';
	c = n < 0 ? NULL : CMSG_FIRSTHDR(&m);
	*fd = -1;
	if (c != NULL && c->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	return text;
}

static void
on_changed(void *arg, const struct xu_err *e)
{
	on_done(arg, NULL, e);
}

/* The commands of a change, each with what the device model answers. */
static const struct {
	const char *command, *answer;
	bool fd;
} changes[] = {
	{ "blockdev-open-tray\",\"arguments\":{\"id\":\"drive2\","
	  "\"force\":true}", NULL, false },
	{ "blockdev-remove-medium\",\"arguments\":{\"id\":\"drive2\"}", NULL,
	    false },
	{ "blockdev-del\",\"arguments\":{\"node-name\":\"disk2\"}",
	    "it was empty", false },
	{ "remove-fd\",\"arguments\":{\"fdset-id\":2}", "none", false },
	{ "add-fd\",\"arguments\":{\"fdset-id\":2}", NULL, true },
	{ "blockdev-add\",\"arguments\":{\"node-name\":\"disk2\","
	  "\"driver\":\"raw\",\"read-only\":true,\"file\":{\"driver\":\"file\","
	  "\"filename\":\"/dev/fdset/2\",\"locking\":\"off\"}}", NULL, false },
	{ "blockdev-insert-medium\",\"arguments\":{\"id\":\"drive2\","
	  "\"node-name\":\"disk2\"}", NULL, false },
	{ "blockdev-close-tray\",\"arguments\":{\"id\":\"drive2\"}", NULL,
	    false },
};

/* Row fails breaks; past the end: none does. With a medium or without. */
static void
change_with(size_t fails, bool in)
{
	int file = in ? open("/dev/null", O_RDONLY) : -1, fd, id = 2;
	char want[300], answer[100];
	struct xu_err e = XU_ERR_INIT;

	ck_assert_int_eq(dm_cd_change(uv_default_loop(), talk.q, 2, file,
	    on_changed, &talk, &e), 0);
	for (size_t i = 0; i < XU_ARRAY_SIZE(changes); i++) {
		const char *refusal = i == fails ? "no" : changes[i].answer;

		if (!in && i >= 4 && i < 7)
			continue;
		ck_assert_uint_eq(talk.done + talk.failed, 0);
		snprintf(want, sizeof(want), "{\"execute\":\"%s,\"id\":%d}\n",
		    changes[i].command, id);
		ck_assert_str_eq(heard_fd(&fd), want);
		ck_assert_int_eq(fd >= 0, changes[i].fd);
		if (fd >= 0)
			close(fd);
		snprintf(answer, sizeof(answer), refusal == NULL ?
		    "{\"return\": {}, \"id\": %d}\n" :
		    "{\"error\": {\"desc\": \"no\"}, \"id\": %d}\n", id++);
		says(answer);
		if (i == fails && changes[i].answer == NULL)
			break;
	}
	close(file);
	ck_assert_uint_eq(talk.done, fails == XU_ARRAY_SIZE(changes));
	ck_assert_uint_eq(talk.failed, fails != XU_ARRAY_SIZE(changes));
	talk.done = talk.failed = 0;
}

START_TEST(cd_changed)
{
	greet();
	change_with(XU_ARRAY_SIZE(changes), true);
}
END_TEST

START_TEST(cd_ejected)
{
	greet();
	change_with(XU_ARRAY_SIZE(changes), false);
}
END_TEST

START_TEST(cd_refused)
{
	if (changes[_i].answer != NULL)
		return;
	greet();
	change_with((size_t)_i, true);
	ck_assert_ptr_nonnull(strstr(talk.why, ": the device model: no"));
}
END_TEST

/* Ended in the middle: told, once. */
START_TEST(cd_and_the_end)
{
	struct xu_err e = XU_ERR_INIT;

	greet();
	ck_assert_int_eq(dm_cd_change(uv_default_loop(), NULL, 2, -1,
	    on_changed, &talk, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "no connection"));
	xu_err_clear(&e);
	ck_assert_int_eq(dm_cd_change(uv_default_loop(), talk.q, 2, -1,
	    on_changed, &talk, &e), 0);
	close(talk.fd);
	talk.fd = -1;
	for (int i = 0; i < 5; i++)
		uv_run(uv_default_loop(), UV_RUN_NOWAIT);
	ck_assert_uint_eq(talk.failed, 1);
	ck_assert_int_eq(dm_cd_change(uv_default_loop(), talk.q, 2, -1,
	    on_changed, &talk, &e), -1);
	ck_assert_uint_eq(talk.failed, 1);
}
END_TEST

static const struct {
	const char *command;
	bool fd, may_fail;
} saves[] = {
	{ "stop\"", false, false },
	{ "remove-fd\",\"arguments\":{\"fdset-id\":17}", false, true },
	{ "add-fd\",\"arguments\":{\"fdset-id\":17}", true, false },
	{ "xen-save-devices-state\",\"arguments\":{\"filename\":"
	  "\"/dev/fdset/17\",\"live\":false}", false, false },
	{ "remove-fd\",\"arguments\":{\"fdset-id\":17}", false, true },
};

/* Row _i is refused; one past the end: none is. */
START_TEST(state_saved)
{
	struct xu_err e = XU_ERR_INIT;
	const size_t n = XU_ARRAY_SIZE(saves);
	int file = dm_state_file(&e), fd;
	char want[300], answer[100];
	bool over = false;

	greet();
	ck_assert_int_eq(dm_save(uv_default_loop(), talk.q, file, on_changed,
	    &talk, &e), 0);
	for (size_t i = 0; i < n && !over; i++) {
		ck_assert_uint_eq(talk.done + talk.failed, 0);
		snprintf(want, sizeof(want), "{\"execute\":\"%s,\"id\":%zu}\n",
		    saves[i].command, i + 2);
		ck_assert_str_eq(heard_fd(&fd), want);
		ck_assert_int_eq(fd >= 0, saves[i].fd);
		if (fd >= 0)
			close(fd);
		snprintf(answer, sizeof(answer), i == (size_t)_i ?
		    "{\"error\": {\"desc\": \"no\"}, \"id\": %zu}\n" :
		    "{\"return\": {}, \"id\": %zu}\n", i + 2);
		says(answer);
		over = i == (size_t)_i && !saves[i].may_fail;
	}
	close(file);
	ck_assert_uint_eq(talk.failed, over);
	ck_assert_uint_eq(talk.done, !over);
}
END_TEST

static const struct {
	const char *text, *why;
} mad[] = {
	{ "hello\n", "not JSON" },
	{ "[1]\n", "not JSON" },
	{ "{\"return\": {}, \"id\": 9}\n", "not asked" },
	{ "{\"return\": {}}\n", "not asked" },
	{ "{\"a\":\n", "not JSON" },
};

START_TEST(nonsense)
{
	greet();
	ck_assert(qmp_call(talk.q, "quit", NULL, on_done, &talk));
	says(mad[_i].text);
	ck_assert_uint_eq(talk.failed, 1);
	ck_assert_uint_eq(talk.lost, 1);
	ck_assert_msg(strstr(talk.why, mad[_i].why) != NULL, "%s", talk.why);
}
END_TEST

/* What nobody waits for changes nothing. */
START_TEST(unasked)
{
	says("{\"return\": {}, \"id\": 1}\n");
	ck_assert_uint_eq(talk.lost, 0);
	says(GREETING GREETING);
	ck_assert_str_eq(heard(),
	    "{\"execute\":\"qmp_capabilities\",\"id\":1}\n");
}
END_TEST

START_TEST(never_ends)
{
	char piece[1025];

	memset(piece, 'x', 1024);
	piece[1024] = '\0';
	for (int i = 0; i < 1025 && talk.lost == 0; i++)
		says(piece);
	ck_assert_uint_eq(talk.lost, 1);
	ck_assert_ptr_nonnull(strstr(talk.why, "too much"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("qmp");
	TCase *p = tcase_create("protocol");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(p, talk_up, talk_down);
	tcase_add_test(p, a_talk);
	tcase_add_test(p, hangs_up);
	tcase_add_loop_test(p, nonsense, 0, XU_ARRAY_SIZE(mad));
	tcase_add_test(p, cd_changed);
	tcase_add_test(p, cd_ejected);
	tcase_add_loop_test(p, cd_refused, 0, XU_ARRAY_SIZE(changes));
	tcase_add_test(p, cd_and_the_end);
	tcase_add_loop_test(p, state_saved, 0, XU_ARRAY_SIZE(saves) + 1);
	tcase_add_test(p, unasked);
	tcase_add_test(p, never_ends);
	suite_add_tcase(s, p);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
