/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* common/: errors, buffers, numbers, maps, values, messages, steps, files. */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "xu_tar.h"
#include "xu_bin.h"
#include "xu_buf.h"
#include "xu_cpus.h"
#include "xu_err.h"
#include "xu_file.h"
#include "xu_job.h"
#include "xu_list.h"
#include "xu_log.h"
#include "xu_map.h"
#include "xu_msg.h"
#include "xu_num.h"
#include "xu_proc.h"
#include "xu_val.h"

/* A stranger's name is in a line of the log: one line it stays. */
START_TEST(log_lines)
{
	char path[64];
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;

	snprintf(path, sizeof(path), "/tmp/xu-log-%d", (int)getpid());
	ck_assert_int_eq(xu_log_open("test", path, XU_INFO), 0);
	xu_log(XU_INFO, "login of '%s'", "a\x1b[2J\nb\x7f\t");
	ck_assert_int_eq(xu_log_open("test", NULL, XU_INFO), 0);
	ck_assert_int_eq(xu_file_read(path, 4096, &b, NULL), 0);
	unlink(path);
	ck_assert_ptr_nonnull(strstr(xu_buf_text(&b), "login of 'a [2J b  '\n"));
}
END_TEST

/* Who sends a map of many thousand members must not be paid for with time that
 * grows with its square; and whatever way it came about, a member is found. */
START_TEST(large_structs)
{
	AUTO_VAL struct xu_val *v = xu_struct(), *copy = NULL;
	char name[16];

	for (int i = 0; i < 50000; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		ck_assert_int_eq(xu_val_set(v, name, xu_int(i)), 0);
	}
	ck_assert_uint_eq(xu_val_count(v), 50000);
	ck_assert_int_eq(xu_val_set(v, "n777", xu_int(-1)), 0);
	ck_assert_uint_eq(xu_val_count(v), 50000);
	ck_assert_int_eq(xu_val_get_int(v, "n777", 0), -1);
	ck_assert(xu_val_unset(v, "n5"));
	ck_assert(!xu_val_unset(v, "n5"));
	/* Without an index, and with the next one. */
	ck_assert_int_eq(xu_val_get_int(v, "n6", 0), 6);
	ck_assert_int_eq(xu_val_set(v, "n5", xu_int(55)), 0);
	copy = xu_val_copy(v);
	ck_assert(xu_val_equal(v, copy));
	for (int i = 6; i < 50000; i += 7) {
		snprintf(name, sizeof(name), "n%d", i);
		ck_assert_int_eq(xu_val_get_int(copy, name, 0),
		    i == 777 ? -1 : i);
	}
	ck_assert_int_eq(xu_val_get_int(copy, "n5", 0), 55);
	ck_assert_ptr_null(xu_val_get(copy, "n50000"));
}
END_TEST

START_TEST(uuids)
{
	static const char good[] = "0a4f8d4c-33a2-4F28-9d5c-6a2f4e1b7c90";
	char bad[64];

	ck_assert(xu_is_uuid(good));
	for (size_t i = 0; i < sizeof(good) - 1; i++) {
		memcpy(bad, good, sizeof(good));
		bad[i] = good[i] == '-' ? '0' : '-';
		ck_assert_msg(!xu_is_uuid(bad), "%s", bad);
		bad[i] = '\0';
		ck_assert_msg(!xu_is_uuid(bad), "%s", bad);
	}
	snprintf(bad, sizeof(bad), "%s0", good);
	ck_assert(!xu_is_uuid(bad));
	ck_assert(!xu_is_uuid(""));
}
END_TEST

START_TEST(err_first_cause_wins)
{
	struct xu_err e = XU_ERR_INIT;

	ck_assert_int_eq(xu_err_set(&e, "A", ENOENT, "open %s", "x"), -1);
	xu_err_set(&e, "B", 0, "later");
	xu_err_param(&e, "p%d", 1);
	xu_err_add(&e, "create web");
	ck_assert_str_eq(e.code, "A");
	ck_assert_str_eq(e.msg, "create web: open x: No such file or directory");
	ck_assert_int_eq(e.nparams, 1);
	ck_assert_int_eq(xu_err_set(NULL, "A", 0, "x"), -1);
}
END_TEST

START_TEST(err_never_overflows)
{
	struct xu_err e = XU_ERR_INIT;
	char big[3000];

	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	xu_err_set(&e, big, EIO, "%s", big);
	for (int i = 0; i < 5; i++)
		xu_err_add(&e, "%s", big);
	ck_assert_uint_lt(strlen(e.msg), sizeof(e.msg));
	ck_assert_uint_lt(strlen(e.code), sizeof(e.code));
}
END_TEST

START_TEST(buf_limit_is_sticky)
{
	struct xu_buf b = { .max = 10 };

	xu_buf_adds(&b, "12345");
	xu_buf_addf(&b, "%d", 678901);
	ck_assert_int_eq(b.error, E2BIG);
	xu_buf_adds(&b, "x");
	ck_assert_uint_eq(b.len, 5);
	ck_assert_ptr_null(xu_buf_steal(&b));
	xu_buf_fini(&b);
}
END_TEST

START_TEST(bin_stops_at_the_end)
{
	struct xu_bin r = xu_bin_of("\x01\x02\x03", 3);

	ck_assert_uint_eq(xu_get_u16(&r), 0x0201);
	ck_assert_uint_eq(xu_get_u32(&r), 0);
	ck_assert(!xu_bin_ok(&r));
	ck_assert_uint_eq(xu_get_u8(&r), 0);
}
END_TEST

START_TEST(numbers_are_strict)
{
	static const char *const bad[] = { "", "-1", " 1", "1 ", "1x", "+1",
		"99999999999999999999", "x" };
	uint64_t v;
	int64_t i;

	for (size_t n = 0; n < XU_ARRAY_SIZE(bad); n++)
		ck_assert_msg(!xu_num_u64(bad[n], 10, UINT64_MAX, &v), "%s",
		    bad[n]);
	ck_assert(xu_num_u64("0x10", 0, 100, &v) && v == 16);
	ck_assert(xu_num_u64("010", 0, 100, &v) && v == 10);
	ck_assert(!xu_num_u64("101", 10, 100, &v));
	ck_assert(xu_num_i64("-5", -5, 5, &i) && i == -5);
	ck_assert(!xu_num_i64("--5", -5, 5, &i));
	ck_assert(xu_num_kib("512", 'm', &v) && v == 512 * 1024);
	ck_assert(xu_num_kib("2G", 'm', &v) && v == 2 * 1024 * 1024);
	ck_assert(xu_num_kib("2gb", 'm', &v) && v == 2 * 1024 * 1024);
	ck_assert(!xu_num_kib("1500b", 'm', &v));
	ck_assert(!xu_num_kib("1x", 'm', &v));
	ck_assert(!xu_num_kib("18446744073709551615g", 'm', &v));
	ck_assert_uint_eq(xu_edit_distance("memroy", "memory"), 1);
	ck_assert_uint_eq(xu_edit_distance("kernel", "ramdisk"), 7);
	ck_assert_uint_eq(xu_edit_distance("", "abc"), 3);
}
END_TEST

/* At every moment of growing: all are there once, and can go. */
START_TEST(map_grows_while_it_is_used)
{
	enum { N = 600 };
	static int vals[N];
	struct xu_map *m = xu_map_new();
	size_t pos, seen;

	for (uint64_t n = 0; n < N; n++) {
		ck_assert_int_eq(xu_map_put_u64(m, n, &vals[n]), 0);
		ck_assert_int_eq(xu_map_put_u64(m, n / 2, &vals[n / 2]), 0);
		ck_assert_uint_eq(xu_map_count(m), n + 1);
		for (uint64_t i = 0; i <= n; i++)
			ck_assert_ptr_eq(xu_map_get_u64(m, i), &vals[i]);
		pos = seen = 0;
		while (xu_map_next(m, &pos) != NULL)
			seen++;
		ck_assert_uint_eq(seen, n + 1);
		ck_assert_ptr_eq(xu_map_del_u64(m, n / 3), &vals[n / 3]);
		ck_assert_ptr_null(xu_map_get_u64(m, n / 3));
		ck_assert_int_eq(xu_map_put_u64(m, n / 3, &vals[n / 3]), 0);
	}
	xu_map_free(&m);
}
END_TEST

START_TEST(map_keeps_and_forgets)
{
	struct xu_map *m = xu_map_new();
	static int vals[1000];
	char key[16];
	size_t pos = 0, seen = 0;

	for (size_t i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "k%zu", i);
		ck_assert_int_eq(xu_map_put(m, key, &vals[i]), 0);
		ck_assert_int_eq(xu_map_put_u64(m, i, &vals[i]), 0);
	}
	ck_assert_uint_eq(xu_map_count(m), 2000);
	ck_assert_ptr_eq(xu_map_get(m, "k77"), &vals[77]);
	ck_assert_ptr_eq(xu_map_del_u64(m, 5), &vals[5]);
	ck_assert_ptr_null(xu_map_get_u64(m, 5));
	ck_assert_ptr_null(xu_map_del(m, "nobody"));
	while (xu_map_next(m, &pos) != NULL)
		seen++;
	ck_assert_uint_eq(seen, 1999);
	xu_map_free(&m);
	ck_assert_ptr_null(m);
}
END_TEST

static struct xu_val *
sample(void)
{
	struct xu_val *v = xu_struct(), *a = xu_array();

	xu_val_add(a, xu_int(-5));
	xu_val_add(a, xu_bool(true));
	xu_val_add(a, xu_void());
	xu_val_add(a, xu_strn("a\0b", 3));
	xu_val_set(v, "list", a);
	xu_val_set(v, "when", xu_datetime(0));
	xu_val_set(v, "pi", xu_float(3.25));
	xu_val_set(v, "name", xu_str("first"));
	xu_val_set(v, "name", xu_str("web"));
	return v;
}

START_TEST(val_binary_round_trip)
{
	AUTO_VAL struct xu_val *v = sample(), *back = NULL, *copy = NULL;
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;

	ck_assert(xu_val_ok(v));
	ck_assert_str_eq(xu_val_get_str(v, "name", ""), "web");
	ck_assert_uint_eq(xu_val_count(v), 4);
	ck_assert_str_eq(xu_val_get_str(v, "when", ""), "19700101T00:00:00Z");
	xu_val_encode(v, &b);
	back = xu_val_decode(b.data, b.len);
	copy = xu_val_copy(v);
	ck_assert(xu_val_equal(v, back));
	ck_assert(xu_val_equal(v, copy));
	/* Every shorter input is refused, none crashes. */
	for (size_t n = 0; n < b.len; n++) {
		ck_assert_ptr_null(xu_val_decode(b.data, n));
		ck_assert_int_eq(errno, EBADMSG);
	}
}
END_TEST

/* A packed value is the same value, whatever is changed in it afterwards. */
START_TEST(val_packed)
{
	AUTO_VAL struct xu_val *v = sample(), *plain = sample(), *copy = NULL;
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	struct xu_val *map = xu_struct();
	char name[16];

	xu_val_set(map, "a", xu_str("1"));
	xu_val_set(map, "none", xu_struct());
	xu_val_set(plain, "map", xu_val_copy(map));
	xu_val_set(v, "map", map);
	v = xu_val_pack(v);
	ck_assert(xu_val_ok(v));
	ck_assert(xu_val_equal(v, plain));
	ck_assert_uint_eq(xu_val_strlen(xu_val_at(xu_val_get(v, "list"), 3)),
	    3);
	/* Replaced, removed, more than there was room for. */
	for (int round = 0; round < 2; round++) {
		ck_assert_int_eq(xu_val_set(v, "name", xu_strf("n%d", round)),
		    0);
		ck_assert_int_eq(xu_val_set(v, "map", xu_int(round)), 0);
		for (int i = 0; i < 200; i++) {
			snprintf(name, sizeof(name), "m%d", i);
			ck_assert_int_eq(xu_val_set(v, name, xu_int(i)), 0);
		}
		ck_assert(xu_val_unset(v, "m7"));
		ck_assert_ptr_null(xu_val_get(v, "m7"));
	}
	ck_assert(xu_val_unset(v, "list"));
	ck_assert(!xu_val_unset(v, "list"));
	ck_assert_str_eq(xu_val_get_str(v, "name", ""), "n1");
	ck_assert_int_eq(xu_val_get_int(v, "m199", 0), 199);
	ck_assert(xu_val_equal(xu_val_get(v, "pi"), xu_val_get(plain, "pi")));
	/* Packed once more, copied, sent. */
	v = xu_val_pack(v);
	copy = xu_val_copy(v);
	ck_assert(xu_val_equal(v, copy));
	ck_assert_int_eq(xu_val_get_int(v, "m199", 0), 199);
	xu_val_encode(v, &b);
	xu_val_free(copy);
	copy = xu_val_decode(b.data, b.len);
	ck_assert(xu_val_equal(v, copy));
	/* One that has children of its own below a part of it. */
	copy = (xu_val_free(copy), xu_array());
	xu_val_add(copy, v);
	v = xu_val_pack(xu_array());
	ck_assert_int_eq(xu_val_add(v, xu_str("x")), 0);
	ck_assert_int_eq(xu_val_add(copy, v), 0);
	v = NULL;
	ck_assert_uint_eq(xu_val_count(copy), 2);
	ck_assert_ptr_null(xu_val_pack(NULL));
}
END_TEST

START_TEST(val_decode_bounds_depth_and_count)
{
	char deep[400], huge[] = { XU_ARRAY, -1, -1, -1, -1 };

	for (size_t i = 0; i + 5 <= sizeof(deep); i += 5)
		memcpy(deep + i, "\x06\x01\0\0\0", 5);
	ck_assert_ptr_null(xu_val_decode(deep, sizeof(deep)));
	ck_assert_int_eq(errno, E2BIG);
	ck_assert_ptr_null(xu_val_decode(huge, sizeof(huge)));
	ck_assert_int_eq(errno, EBADMSG);
}
END_TEST

START_TEST(val_json)
{
	static const char *const bad[] = { "", "{", "[1,]", "{\"a\" 1}", "1 2",
		"{\"a\\u0000b\":1}", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
		"[{\"a\":[1," };
	static const char text[] = "{\"a\":[1,true,null,\"x\",2.5],\"b\":{}}";
	struct xu_err e = XU_ERR_INIT;
	AUTO_VAL struct xu_val *v = xu_val_from_json(text, strlen(text), 100,
	    &e);
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;

	ck_assert_ptr_nonnull(v);
	ck_assert_int_eq(xu_val_to_json(v, false, &b), 0);
	ck_assert_str_eq(xu_buf_text(&b), text);
	for (size_t i = 0; i < XU_ARRAY_SIZE(bad); i++) {
		xu_err_clear(&e);
		ck_assert_msg(xu_val_from_json(bad[i], strlen(bad[i]), 1000,
				  &e) == NULL, "%s", bad[i]);
		ck_assert(xu_err_is_set(&e));
	}
	ck_assert_ptr_null(xu_val_from_json(text, strlen(text), 5, NULL));
}
END_TEST

START_TEST(val_readers_are_total)
{
	ck_assert_str_eq(xu_val_str(NULL), "");
	ck_assert_int_eq(xu_val_int(NULL), 0);
	ck_assert_ptr_null(xu_val_get(NULL, "x"));
	ck_assert_ptr_null(xu_val_at(NULL, 0));
	ck_assert_uint_eq(xu_val_count(NULL), 0);
	ck_assert(!xu_val_ok(NULL));
}
END_TEST

START_TEST(msg_carries_descriptors_in_order)
{
	struct xu_chan *a, *b;
	int sv[2], pipes[2];
	AUTO_VAL struct xu_val *v = sample();
	struct xu_msg m;
	char c;

	ck_assert_int_eq(xu_socketpair(sv, false), 0);
	a = xu_chan_new(sv[0], 0);
	b = xu_chan_new(sv[1], 0);
	ck_assert_int_eq(pipe(pipes), 0);
	ck_assert_int_eq(xu_chan_send(a, XU_MSG_CALL, 1, v, NULL, 0), 0);
	ck_assert_int_eq(xu_chan_send(a, XU_MSG_REPLY, 2, v, pipes, 1), 0);
	ck_assert_int_eq(xu_chan_send(a, XU_MSG_EVENT, 3, v, pipes, 2), 0);
	ck_assert_int_eq(xu_chan_recv(b, &m), 1);
	ck_assert_uint_eq(m.kind, XU_MSG_CALL);
	ck_assert_int_eq(m.nfds, 0);
	ck_assert(xu_val_equal(m.val, v));
	xu_msg_fini(&m);
	ck_assert_int_eq(xu_chan_recv(b, &m), 1);
	ck_assert_int_eq(m.nfds, 1);
	ck_assert_int_eq(write(pipes[1], "x", 1), 1);
	ck_assert_int_eq(read(m.fds[0], &c, 1), 1);
	xu_msg_fini(&m);
	ck_assert_int_eq(xu_chan_recv(b, &m), 1);
	ck_assert_int_eq(m.nfds, 2);
	xu_msg_fini(&m);
	xu_chan_free(&a);
	ck_assert_int_eq(xu_chan_recv(b, &m), 0);
	xu_chan_free(&b);
	close(pipes[0]);
	close(pipes[1]);
}
END_TEST

START_TEST(msg_queues_when_the_socket_is_full)
{
	AUTO_VAL struct xu_val *v = xu_strn("", 0);
	AUTO_BUF struct xu_buf big = XU_BUF_INIT;
	struct xu_chan *a, *b;
	struct xu_msg m;
	int sv[2], got = 0;

	xu_val_free(v);
	xu_buf_reserve(&big, 300000);
	memset(big.data, 'y', 300000);
	v = xu_strn(big.data, big.len);
	ck_assert_int_eq(xu_socketpair(sv, true), 0);
	a = xu_chan_new(sv[0], 0);
	b = xu_chan_new(sv[1], 0);
	for (uint32_t i = 0; i < 8; i++)
		ck_assert_int_eq(xu_chan_send(a, XU_MSG_EVENT, i, v, NULL, 0),
		    0);
	ck_assert(xu_chan_pending(a));
	while (got < 8) {
		ck_assert_int_eq(xu_chan_flush(a), 0);
		ck_assert_int_ge(xu_chan_fill(b), 0);
		while (xu_chan_next(b, &m) == 1) {
			ck_assert_uint_eq(m.id, (uint32_t)got);
			ck_assert(xu_val_equal(m.val, v));
			xu_msg_fini(&m);
			got++;
		}
	}
	ck_assert(!xu_chan_pending(a));
	xu_chan_free(&a);
	xu_chan_free(&b);
}
END_TEST

START_TEST(msg_gives_up_on_a_peer_that_does_not_read)
{
	AUTO_BUF struct xu_buf big = XU_BUF_INIT;
	AUTO_VAL struct xu_val *v = NULL;
	struct xu_chan *a;
	int sv[2], n = 0;

	memset(xu_buf_reserve(&big, 8 << 20), 'y', 8 << 20);
	v = xu_strn(big.data, big.len);
	ck_assert_int_eq(xu_socketpair(sv, true), 0);
	a = xu_chan_new(sv[0], 0);
	while (n < 100 && xu_chan_send(a, XU_MSG_EVENT, 1, v, NULL, 0) == 0)
		n++;
	ck_assert_int_ge(n, 8);
	ck_assert_int_lt(n, 12);
	ck_assert_int_eq(errno, ENOBUFS);
	xu_chan_free(&a);
	close(sv[1]);
}
END_TEST

START_TEST(msg_refuses_nonsense)
{
	static const char junk[] = "\xff\xff\xff\xff\0\0\0\0\1\0\0\0";
	static const char nofd[] = "\1\0\0\0\0\0\0\0\1\0\0\1\0";
	struct xu_chan *b;
	struct xu_msg m;
	int sv[2];

	ck_assert_int_eq(xu_socketpair(sv, false), 0);
	b = xu_chan_new(sv[1], 0);
	ck_assert_int_eq(write(sv[0], junk, 12), 12);
	ck_assert_int_eq(xu_chan_recv(b, &m), -1);
	ck_assert_int_eq(errno, EBADMSG);
	xu_chan_free(&b);
	close(sv[0]);
	ck_assert_int_eq(xu_socketpair(sv, false), 0);
	b = xu_chan_new(sv[1], 0);
	ck_assert_int_eq(write(sv[0], nofd, 13), 13);
	ck_assert_int_eq(xu_chan_recv(b, &m), -1);
	ck_assert_int_eq(errno, EBADMSG);
	xu_chan_free(&b);
	close(sv[0]);
}
END_TEST

static char trace[64];

static enum xu_step_result
step_ok(void *ctx, struct xu_err *e)
{
	(void)ctx, (void)e;
	strcat(trace, "+");
	return XU_STEP_NEXT;
}

static enum xu_step_result
step_wait(void *ctx, struct xu_err *e)
{
	(void)ctx, (void)e;
	strcat(trace, "w");
	return XU_STEP_WAIT;
}

static enum xu_step_result
step_fail(void *ctx, struct xu_err *e)
{
	(void)ctx;
	xu_err_set(e, "X", ENOMEM, "no room");
	return XU_STEP_FAIL;
}

static void
undo_a(void *ctx)
{
	(void)ctx;
	strcat(trace, "a");
}

static void
undo_b(void *ctx)
{
	(void)ctx;
	strcat(trace, "b");
}

START_TEST(job_undoes_in_reverse)
{
	static const struct xu_step steps[] = { { "one", step_ok, undo_a },
		{ "two", step_wait, undo_b }, { "three", step_fail, undo_a },
		{ NULL, NULL, NULL } };
	struct xu_err bad = XU_ERR_INIT;
	struct xu_job j;

	trace[0] = '\0';
	xu_job_init(&j, steps, NULL);
	ck_assert_uint_eq(xu_job_steps(steps), 3);
	xu_job_start(&j);
	ck_assert(j.waiting);
	xu_job_resume(&j, NULL);
	ck_assert(j.done);
	ck_assert_str_eq(trace, "+wba");
	ck_assert_str_eq(j.err.msg, "three: no room: Cannot allocate memory");
	xu_job_resume(&j, NULL);
	ck_assert_str_eq(trace, "+wba");

	trace[0] = '\0';
	xu_job_init(&j, steps, NULL);
	xu_job_start(&j);
	xu_err_set(&bad, "Y", 0, "worker died");
	xu_job_resume(&j, &bad);
	ck_assert_str_eq(trace, "+wa");
	ck_assert_str_eq(j.err.msg, "two: worker died");
}
END_TEST

static void
stop_at_two(struct xu_job *j)
{
	if (j->at == 1)
		xu_err_set(&j->err, "Z", 0, "stopped");
}

START_TEST(job_stops_where_on_step_says)
{
	static const struct xu_step steps[] = { { "one", step_ok, undo_a },
		{ "two", step_ok, undo_b }, { NULL, NULL, NULL } };
	struct xu_job j;

	trace[0] = '\0';
	xu_job_init(&j, steps, NULL);
	j.on_step = stop_at_two;
	xu_job_start(&j);
	ck_assert(j.done);
	ck_assert_str_eq(trace, "+a");
	ck_assert_str_eq(j.err.msg, "two: stopped");
}
END_TEST

START_TEST(file_replace_and_read)
{
	char dir[] = "/tmp/xu-XXXXXX", path[64], deep[64];
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	struct stat st;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/f", dir);
	snprintf(deep, sizeof(deep), "%s/a/b/c", dir);
	ck_assert_int_eq(xu_file_replace(path, "one", 3, 0640, &e), 0);
	ck_assert_int_eq(xu_file_replace(path, "second", 6, 0640, &e), 0);
	ck_assert_int_eq(xu_file_read(path, 100, &b, &e), 0);
	ck_assert_str_eq(xu_buf_text(&b), "second");
	ck_assert_int_eq(xu_file_read(path, 5, &b, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "larger than 5"));
	xu_err_clear(&e);
	ck_assert_int_eq(xu_mkdirs(deep, 0700, &e), 0);
	ck_assert_int_eq(xu_mkdirs(deep, 0700, &e), 0);
	ck_assert_int_eq(stat(deep, &st), 0);
	ck_assert(S_ISDIR(st.st_mode));
	ck_assert_int_eq(xu_file_read("/nonexistent/x", 1, &b, &e), -1);
	ck_assert_str_eq(e.msg,
	    "open /nonexistent/x: No such file or directory");
	snprintf(deep, sizeof(deep), "rm -rf %s", dir);
	ck_assert_int_eq(system(deep), 0);
}
END_TEST

START_TEST(spawn_hands_over_descriptors)
{
	char *argv[] = { (char *)(uintptr_t)"sh", (char *)(uintptr_t)"-c",
		(char *)(uintptr_t)
		    "echo hello >&4; ls /proc/self/fd | tr '\\n' ' ' >&4",
		NULL };
	int a[2], b[2], fds[2], status;
	struct xu_err e = XU_ERR_INIT;
	struct xu_spawn s = { .path = "/bin/sh", .argv = argv, .fds = fds,
		.nfds = 2, .pdeathsig = SIGKILL };
	char text[100] = "";
	ssize_t n, len = 0;
	pid_t pid;

	ck_assert_int_eq(pipe(a), 0);
	ck_assert_int_eq(pipe(b), 0);
	fds[0] = a[0];
	fds[1] = b[1];
	pid = xu_spawn(&s, &e);
	ck_assert_msg(pid > 0, "%s", e.msg);
	close(b[1]);
	while ((n = read(b[0], text + len, sizeof(text) - 1 - (size_t)len)) > 0)
		len += n;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	/* 0-4, and the one ls itself opens: nothing leaked. */
	ck_assert_str_eq(text, "hello\n0 1 2 3 4 5 ");
	close(a[0]);
	close(a[1]);
	close(b[0]);
	s.path = "/nonexistent";
	fds[0] = 0;
	fds[1] = 1;
	ck_assert_int_eq(xu_spawn(&s, &e), -1);
	ck_assert_str_eq(e.msg,
	    "start /nonexistent: exec: No such file or directory");
}
END_TEST

START_TEST(listen_detects_a_live_owner)
{
	struct xu_err e = XU_ERR_INIT;
	char path[64];
	int fd, again;

	snprintf(path, sizeof(path), "/tmp/xu-sock-%d", (int)getpid());
	fd = xu_listen_unix(path, 0600, 4, &e);
	ck_assert_int_ge(fd, 0);
	again = xu_listen_unix(path, 0600, 4, &e);
	ck_assert_int_eq(again, -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "another process answers"));
	close(fd);
	xu_err_clear(&e);
	fd = xu_listen_unix(path, 0600, 4, &e);
	ck_assert_int_ge(fd, 0);
	close(fd);
	unlink(path);
}
END_TEST

static const struct {
	const char *text;
	/* Of eight processors, four to a node; or the end of the sentence. */
	unsigned bits;
	const char *why;
} cpu_sets[] = {
	{ "0", 0x01, NULL },
	{ "0-3,^2", 0x0b, NULL },
	{ " 1 , 3-4", 0x1a, NULL },
	{ "all", 0xff, NULL },
	{ "all,^0", 0xfe, NULL },
	{ "^7", 0x7f, NULL },
	{ "^0-3,^7", 0x70, NULL },
	{ "node:1", 0xf0, NULL },
	{ "nodes:0-1,^5", 0xdf, NULL },
	{ "all,^nodes:1,6", 0x4f, NULL },
	{ "6-99", 0xc0, NULL },
	{ "8", 0, "there is no processor 8, the host has 8 processors" },
	{ "node:2", 0, "there is no node 2, the host has 8 processors" },
	{ "0,^0", 0, "no processor is left" },
	{ "", 0, "or 'node:0' is wanted" },
	{ "0,", 0, "or 'node:0' is wanted" },
	{ "x", 0, "or 'node:0' is wanted" },
	{ "999999", 0, "or 'node:0' is wanted" },
	{ "3-1", 0, "not below it" },
	{ "3-", 0, "not below it" },
	{ "0 1", 0, "separated by commas" },
	{ "0;1", 0, "separated by commas" },
};

static const struct {
	const char *text, *back;
} cpu_texts[] = {
	{ "0", "0" },
	{ "7,0,1,3", "0-1,3,7" },
	{ "all,^3", "0-2,4-7" },
	{ "node:1", "4-7" },
	{ "0-7", "all" },
	{ "0-6", "0-6" },
};

START_TEST(cpus_as_they_are_printed)
{
	const struct xu_cpu_host host = { 8, (const uint32_t[]){ 0, 0, 0, 0, 1,
						 1, 1, 1 } };
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	struct xu_cpus c, none = { { 0 } };

	ck_assert_int_eq(xu_cpus_parse(cpu_texts[_i].text, &host, &c, &e), 0);
	xu_cpus_text(&c, 8, &b);
	ck_assert_str_eq(xu_buf_text(&b), cpu_texts[_i].back);
	xu_buf_reset(&b);
	xu_cpus_text(&none, 8, &b);
	ck_assert_str_eq(xu_buf_text(&b), "none");
}
END_TEST

START_TEST(cpus_as_people_write_them)
{
	static const uint32_t nodes[8] = { 0, 0, 0, 0, 1, 1, 1, 1 };
	const struct xu_cpu_host host = { 8, nodes };
	struct xu_err e = XU_ERR_INIT;
	struct xu_cpus c;
	int r = xu_cpus_parse(cpu_sets[_i].text, &host, &c, &e);

	if (cpu_sets[_i].why == NULL) {
		ck_assert_msg(r == 0, "%s", e.msg);
		ck_assert_uint_eq(c.bits[0], cpu_sets[_i].bits);
		ck_assert_uint_eq(xu_cpus_count(&c),
		    __builtin_popcount(cpu_sets[_i].bits));
		ck_assert_int_eq(
		    xu_cpus_parse(cpu_sets[_i].text, NULL, NULL, &e), 0);
	} else {
		ck_assert_int_eq(r, -1);
		ck_assert_msg(strstr(e.msg, cpu_sets[_i].why) != NULL, "%s",
		    e.msg);
	}
}
END_TEST

START_TEST(an_archive_is_read)
{
	char name[] = "/tmp/test_tar.XXXXXX", big[1500], all[600] = "";
	char command[120];
	int fd = mkstemp(name);
	FILE *f;

	memset(big, 'b', sizeof(big));
	ck_assert_int_eq(xu_tar_add(fd, "a/empty", 1000000000, "", 0), 0);
	ck_assert_int_eq(xu_tar_add(fd, "a/block", 1000000000, big, 512), 0);
	ck_assert_int_eq(
	    xu_tar_add(fd, "a/more", 1000000000, big, sizeof(big)), 0);
	ck_assert_int_eq(xu_tar_end(fd), 0);
	close(fd);
	snprintf(command, sizeof(command),
	    "TZ=UTC tar --utc -tvf %s && tar -xOf %s a/more | tr -d b", name, name);
	f = popen(command, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_gt(fread(all, 1, sizeof(all) - 1, f), 0);
	ck_assert_int_eq(pclose(f), 0);
	unlink(name);
	ck_assert_str_eq(all,
	    "-rw------- root/root         0 2001-09-09 01:46 a/empty\n"
	    "-rw------- root/root       512 2001-09-09 01:46 a/block\n"
	    "-rw------- root/root      1500 2001-09-09 01:46 a/more\n");
	/* Names that do not fit. */
	memset(big, 'n', 100);
	big[100] = '\0';
	ck_assert_int_lt(xu_tar_add(-1, big, 0, "", 0), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("common");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_test(t, an_archive_is_read);
	tcase_add_test(t, large_structs);
	tcase_add_test(t, uuids);
	tcase_add_test(t, log_lines);
	tcase_add_test(t, err_first_cause_wins);
	tcase_add_test(t, err_never_overflows);
	tcase_add_test(t, buf_limit_is_sticky);
	tcase_add_test(t, bin_stops_at_the_end);
	tcase_add_test(t, numbers_are_strict);
	tcase_add_loop_test(t, cpus_as_people_write_them, 0,
	    sizeof(cpu_sets) / sizeof(cpu_sets[0]));
	tcase_add_loop_test(t, cpus_as_they_are_printed, 0,
	    (int)XU_ARRAY_SIZE(cpu_texts));
	tcase_add_test(t, map_keeps_and_forgets);
	tcase_add_test(t, map_grows_while_it_is_used);
	tcase_add_test(t, val_binary_round_trip);
	tcase_add_test(t, val_packed);
	tcase_add_test(t, val_decode_bounds_depth_and_count);
	tcase_add_test(t, val_json);
	tcase_add_test(t, val_readers_are_total);
	tcase_add_test(t, msg_carries_descriptors_in_order);
	tcase_add_test(t, msg_queues_when_the_socket_is_full);
	tcase_add_test(t, msg_gives_up_on_a_peer_that_does_not_read);
	tcase_add_test(t, msg_refuses_nonsense);
	tcase_add_test(t, job_undoes_in_reverse);
	tcase_add_test(t, job_stops_where_on_step_says);
	tcase_add_test(t, file_replace_and_read);
	tcase_add_test(t, spawn_hands_over_descriptors);
	tcase_add_test(t, listen_detects_a_live_owner);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
