/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a guest has said: the newest 64 KiB whatever came before, in memory or from
 * the log; and what is left of it when the log cannot be written or was cut.
 */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console.h"

#define PIECE 1000

static struct console *
console_new(bool with_log)
{
	struct console *s = calloc(1, sizeof(*s));
	char path[] = "/tmp/xld-console-XXXXXX";

	ck_assert_ptr_nonnull(s);
	xu_list_init(&s->viewers);
	s->log = with_log ? mkstemp(path) : -1;
	if (with_log) {
		unlink(path);
		ck_assert_int_eq(fcntl(s->log, F_SETFL, O_APPEND), 0);
	}
	return s;
}

static void
console_end(struct console *s)
{
	console_log_close(s);
	history_free(&s->said);
	free(s);
}

/* Byte i of all that is ever said. */
static char
byte_at(uint64_t i)
{
	return (char)(i * 7 + i / 251);
}

static void
say(struct console *s, size_t n)
{
	char data[PIECE];
	size_t part;

	while (n > 0) {
		part = n < PIECE ? n : PIECE;
		for (size_t i = 0; i < part; i++)
			data[i] = byte_at(s->said.total + i);
		console_log_add(s, data, part);
		n -= part;
	}
}

/* What is in memory is right, and begins at from. */
static void
has(const struct console *s, uint64_t from)
{
	const struct history *h = &s->said;
	const char *p;
	size_t n;

	ck_assert_uint_eq(h->from, from);
	for (uint64_t at = from; at < h->total; at += n) {
		n = history_piece(h, at, &p);
		ck_assert_uint_gt(n, 0);
		for (size_t i = 0; i < n; i++)
			ck_assert_int_eq(p[i], byte_at(at + i));
	}
}

static const size_t amounts[] = { 1, 255, 256, 257, 5000, CONSOLE_KEEPS - 1,
	CONSOLE_KEEPS, CONSOLE_KEEPS + 1, 3 * CONSOLE_KEEPS + 77 };

START_TEST(no_larger_than_what_was_said)
{
	size_t n = amounts[_i];
	struct console *s = console_new(false);

	say(s, n);
	has(s, n > CONSOLE_KEEPS ? n - CONSOLE_KEEPS : 0);
	ck_assert_uint_le(s->said.room, n <= 256 ? 256 : 2 * n);
	ck_assert_uint_le(s->said.room, CONSOLE_KEEPS);
	/* Without a log its memory stays. */
	ck_assert(!console_log_rest(s));
	has(s, n > CONSOLE_KEEPS ? n - CONSOLE_KEEPS : 0);
	console_end(s);
}
END_TEST

START_TEST(rests_and_is_recalled)
{
	size_t n = amounts[_i];
	uint64_t first = n > CONSOLE_KEEPS ? n - CONSOLE_KEEPS : 0;
	struct console *s = console_new(true);

	say(s, n);
	ck_assert(console_log_rest(s));
	ck_assert_uint_eq(s->said.room, 0);
	ck_assert(!console_log_rest(s));
	console_log_recall(s);
	has(s, first);
	/* And once more, with what is said in between. */
	ck_assert(console_log_rest(s));
	say(s, 100);
	has(s, n);
	console_log_recall(s);
	has(s, n + 100 > CONSOLE_KEEPS ? n + 100 - CONSOLE_KEEPS : 0);
	console_end(s);
}
END_TEST

/* Who has not seen all of it yet must. */
START_TEST(not_while_a_viewer_is_behind)
{
	struct console *s = console_new(true);
	struct viewer v = { .console = s };

	xu_list_append(&s->viewers, &v.all);
	say(s, 10);
	v.at = 9;
	ck_assert(!console_log_rest(s));
	v.at = 10;
	ck_assert(console_log_rest(s));
	console_end(s);
}
END_TEST

START_TEST(a_log_that_was_cut)
{
	struct console *s = console_new(true);

	say(s, 5000);
	ck_assert(console_log_rest(s));
	ck_assert_int_eq(ftruncate(s->log, 0), 0);
	console_log_recall(s);
	/* Nothing, rather than something else. */
	has(s, 5000);
	say(s, 10);
	has(s, 5000);
	console_end(s);
}
END_TEST

/* The file is full for a while: what it lacks is not taken from it. */
START_TEST(a_log_that_cannot_grow)
{
	static char name[] = "g";
	struct guest g = { .config = xu_struct() };
	struct console *s = console_new(true);
	struct rlimit limit = { 4500, RLIM_INFINITY };

	xu_val_set(g.config, "name_label", xu_str(name));
	s->guest = &g;
	say(s, 4000);
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	say(s, 3000);
	ck_assert(s->log_failed);
	ck_assert(!console_log_rest(s));
	limit.rlim_cur = RLIM_INFINITY;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	say(s, 1000);
	ck_assert(!s->log_failed);
	ck_assert(!console_log_rest(s));
	console_log_recall(s);
	has(s, 0);
	/* Once the log has all that counts, it may rest. */
	say(s, CONSOLE_KEEPS);
	ck_assert(console_log_rest(s));
	console_log_recall(s);
	has(s, 8000);
	console_end(s);
	xu_val_free(g.config);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("console_log");
	TCase *t = tcase_create("all");
	int n = (int)(sizeof(amounts) / sizeof(amounts[0])), failed;
	SRunner *r;

	tcase_add_loop_test(t, no_larger_than_what_was_said, 0, n);
	tcase_add_loop_test(t, rests_and_is_recalled, 0, n);
	tcase_add_test(t, not_while_a_viewer_is_behind);
	tcase_add_test(t, a_log_that_was_cut);
	tcase_add_test(t, a_log_that_cannot_grow);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
