/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What somebody may say who wants to give us a machine, and says something else: each
 * ends with a refusal or a closed connection, and nothing is left of it. No Xen is
 * needed for that: it ends before.
 */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link.h"
#include "migrate.h"
#include "peer.h"

#define AN_ID	 "11111111-2222-4333-8444-555555555555"
#define A_CONFIG "{\"xld\": {\"version\": 1, \"config\": {}}}"

static struct core *core;
static struct xu_chan *chan;

static void
setup(void)
{
	int fds[2];

	core = calloc(1, sizeof(*core));
	ck_assert_ptr_nonnull(core);
	core->loop = uv_default_loop();
	ck_assert_int_eq(guests_open(core), 0);
	snprintf(core->host_uuid, sizeof(core->host_uuid), "%s", AN_ID);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	incoming_begin(core, fds[0], NULL);
	chan = xu_chan_new(fds[1], 0);
	ck_assert_ptr_nonnull(chan);
	fcntl(fds[1], F_SETFL, O_NONBLOCK);
}

static void
teardown(void)
{
	xu_chan_free(&chan);
	/* Its handles are closed by then. */
	ck_assert_int_eq(uv_run(core->loop, UV_RUN_DEFAULT), 0);
	guests_close(core);
	free(core);
}

static void
say(uint32_t kind, const char *json)
{
	AUTO_VAL struct xu_val *v = xu_val_from_json(json, strlen(json),
	    1 << 20, NULL);

	ck_assert_ptr_nonnull(v);
	ck_assert_int_eq(xu_chan_send(chan, kind, 0, v, NULL, 0), 0);
}

/* The kind of its next message; 0: it has hung up. */
static uint32_t
heard(struct xu_msg *m)
{
	for (;;) {
		int r = xu_chan_next(chan, m);

		ck_assert_int_ge(r, 0);
		if (r == 1)
			return m->kind;
		uv_run(core->loop, UV_RUN_NOWAIT);
		if (xu_chan_fill(chan) < 0)
			return 0;
	}
}

static void
hello(void)
{
	AUTO_MSG struct xu_msg m = XU_MSG_INIT;

	say(PEER_HELLO, "{\"version\": 1, \"host\": \"" AN_ID
	    "\", \"boot\": \"" AN_ID "\"}");
	ck_assert_uint_eq(heard(&m), PEER_HELLO);
	ck_assert_int_eq(xu_val_get_int(m.val, "version", 0), PEER_VERSION);
}

/* after: what was said properly before. refused: by a word, else by hanging up. */
static const struct row {
	bool greeted;
	uint32_t kind;
	const char *json;
	bool refused;
} rows[] = {
	{ false, PEER_OFFER, "{}", false },
	{ false, PEER_COMMIT, "{}", false },
	{ false, PEER_ASK, "{\"id\": \"" AN_ID "\"}", false },
	{ false, 9999, "{}", false },
	{ false, PEER_HELLO, "[]", true },
	{ false, PEER_HELLO, "{}", true },
	{ false, PEER_HELLO, "{\"version\": \"1\"}", true },
	{ false, PEER_HELLO, "{\"version\": 0, \"host\": \"" AN_ID
	    "\", \"boot\": \"" AN_ID "\"}", true },
	{ false, PEER_HELLO, "{\"version\": 1, \"host\": \"../../etc\", "
	    "\"boot\": \"" AN_ID "\"}", true },
	{ true, PEER_HELLO, "{}", false },
	{ true, PEER_COMMIT, "{\"id\": \"" AN_ID "\"}", false },
	{ true, PEER_RUNNING, "{}", false },
	{ true, PEER_OFFER, "{}", true },
	{ true, PEER_OFFER, "{\"id\": \"../../x\"}", true },
	{ true, PEER_OFFER, "{\"id\": \"" AN_ID "\"}", true },
	{ true, PEER_OFFER, "{\"id\": \"" AN_ID "\", \"config\": []}", true },
	{ true, PEER_OFFER, "{\"id\": \"" AN_ID "\", \"type\": \"pv\", "
	    "\"config\": " A_CONFIG "}", true },
	{ true, PEER_OFFER, "{\"id\": \"" AN_ID "\", \"type\": \"hvm\", "
	    "\"config\": {\"xld\": {\"version\": 99}}}", true },
};

START_TEST(nonsense)
{
	AUTO_MSG struct xu_msg m = XU_MSG_INIT;
	const struct row *r = &rows[_i];

	if (r->greeted)
		hello();
	say(r->kind, r->json);
	if (r->refused) {
		ck_assert_uint_eq(heard(&m), PEER_REFUSE);
		ck_assert_str_ne(xu_val_get_str(m.val, "message", ""), "");
		return;
	}
	ck_assert_uint_eq(heard(&m), 0);
}
END_TEST

/* Of what it has never heard of it says so, whatever it is called. */
START_TEST(questions)
{
	static const char *const ids[] = { AN_ID, "", "..", ("../intents/" AN_ID),
		"11111111-2222-4333-8444-55555555555g" };
	AUTO_MSG struct xu_msg m = XU_MSG_INIT;
	char json[128];

	snprintf(json, sizeof(json), "{\"id\": \"%s\"}", ids[_i]);
	hello();
	say(PEER_ASK, json);
	ck_assert_uint_eq(heard(&m), PEER_ANSWER);
	ck_assert_str_eq(xu_val_get_str(m.val, "is", ""), "never");
}
END_TEST

/* Bytes that are no message, and a message that is longer than any. */
START_TEST(noise)
{
	static const uint8_t bytes[][16] = {
		{ 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 64 },
		{ 1, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0, 0, 0xee },
		{ 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0, 9 },
		{ 1, 0, 0x10, 0, 0, 0, 0, 0, 64, 0, 0, 0 },
	};
	AUTO_MSG struct xu_msg m = XU_MSG_INIT;

	ck_assert_int_eq(write(xu_chan_fd(chan), bytes[_i], 16), 16);
	ck_assert_uint_eq(heard(&m), 0);
}
END_TEST

/* The start of a message, and the end of the connection. */
START_TEST(cut)
{
	ck_assert_int_eq(write(xu_chan_fd(chan), "\x10\0\0", 3), 3);
	uv_run(core->loop, UV_RUN_NOWAIT);
}
END_TEST

#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN

/* SHA-256 of a certificate as people write it. */
static const struct print {
	const char *text;
	bool good;
} prints[] = {
	{ SIXTY "abcd", true },
	{ "01:23:45:67:89:01:23:45:67:89:01:23:45:67:89:01:23:45:67:89:01:23:45:67:"
	  "89:01:23:45:67:89:AB:CD", true },
	{ "01 23 45 67 8901234567890123456789012345678901234567890123456789 abCD",
	    true },
	{ SIXTY "abc", false },
	{ SIXTY "abcde", false },
	{ SIXTY "abcg", false },
	{ SIXTY SIXTY SIXTY SIXTY, false },
	{ "", false },
	{ ":::::", false },
	{ "hostb", false },
};

START_TEST(fingerprint)
{
	char out[PRINT_TEXT];

	ck_assert_int_eq(trust_take_print(prints[_i].text, out), prints[_i].good);
	if (!prints[_i].good)
		return;
	ck_assert_uint_eq(strlen(out), PRINT_TEXT - 1);
	ck_assert_str_eq(out + strlen(out) - 11, "67:89:AB:CD");
	ck_assert_int_eq(strncmp(out, "01:23:45:", 9), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("peer");
	TCase *tc = tcase_create("all");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, nonsense, 0, (int)XU_ARRAY_SIZE(rows));
	tcase_add_loop_test(tc, questions, 0, 5);
	tcase_add_loop_test(tc, noise, 0, 4);
	tcase_add_test(tc, cut);
	tcase_add_loop_test(tc, fingerprint, 0, (int)XU_ARRAY_SIZE(prints));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? 0 : 1;
}
