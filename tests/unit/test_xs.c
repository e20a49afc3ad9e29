/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxenstore against a scripted daemon: a thread that listens on a socket in a
 * directory of its own and answers (or does not) as each test says.
 */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xenstore.h"
#include "xs_script.h"

#define PART 22

static pthread_t thread;
static void (*script)(int fd);

/* --- the daemon's side --------------------------------------------------------- */

static void *
serve(void *arg)
{
	int fd = accept(listener, NULL, NULL);

	(void)arg;
	if (fd >= 0) {
		script(fd);
		close(fd);
	}
	return NULL;
}

static void
setup(void)
{
	make_folder();
	listen_there();
}

static void
teardown(void)
{
	remove_folder();
}

static struct xs_handle *
begin(void (*s)(int fd), unsigned long flags)
{
	struct xs_handle *h;

	script = s;
	ck_assert_int_eq(pthread_create(&thread, NULL, serve, NULL), 0);
	h = xs_open(flags);
	ck_assert_ptr_nonnull(h);
	return h;
}

static void
end(struct xs_handle *h)
{
	xs_close(h);
	pthread_join(thread, NULL);
}

/* --- requests -------------------------------------------------------------------- */

/* READ answers with the error named by the path's tail; /v is a value. */
static void
errors_script(int fd)
{
	struct xsd_sockmsg h;
	char body[XENSTORE_PAYLOAD_MAX + 1];

	while (get(fd, &h, body))
		if (strcmp(body, "/v") == 0)
			put(fd, h.type, h.req_id, "a\0b", 3);
		else
			put_error(fd, &h, body + 1);
}

START_TEST(errors)
{
	static const struct { const char *name; int err; } t[] = {
		{ "/ENOENT", ENOENT }, { "/EACCES", EACCES },
		{ "/EINVAL", EINVAL }, { "/EAGAIN", EAGAIN },
		{ "/EEXIST", EEXIST }, { "/ENOSPC", ENOSPC },
		{ "/ENOSYS", ENOSYS }, { "/EBUSY", EBUSY },
		{ "/EROFS", EROFS }, { "/EISCONN", EISCONN },
		{ "/E2BIG", E2BIG }, { "/EWHAT", EINVAL }, { "/", EINVAL },
	};
	struct xs_handle *h = begin(errors_script, 0);
	static char big[XENSTORE_PAYLOAD_MAX];
	unsigned len;
	char *v;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		ck_assert_ptr_null(xs_read(h, 0, t[i].name, &len));
		ck_assert_int_eq(errno, t[i].err);
		ck_assert_ptr_nonnull(strstr(xs_last_error(h), t[i].name));
	}
	v = xs_read(h, 0, "/v", &len);
	ck_assert_uint_eq(len, 3);
	ck_assert_mem_eq(v, "a\0b", 4);
	free(v);
	/* Too long: told here, nothing is sent, the connection lives. */
	ck_assert(!xs_write(h, 0, "/v", big, sizeof(big) - 2));
	ck_assert_int_eq(errno, E2BIG);
	memset(big, 'x', sizeof(big) - 1);
	ck_assert(!xs_watch(h, big, "t"));
	ck_assert_int_eq(errno, E2BIG);
	ck_assert(!xs_unwatch(h, big, "t"));
	ck_assert_int_eq(errno, E2BIG);
	v = xs_read(h, 0, "/v", NULL);
	ck_assert_ptr_nonnull(v);
	free(v);
	end(h);
}
END_TEST

static void
oversized_script(int fd)
{
	struct xsd_sockmsg h;
	char body[XENSTORE_PAYLOAD_MAX + 1];

	if (get(fd, &h, body)) {
		h.len = XENSTORE_PAYLOAD_MAX + 1;
		(void)!send(fd, &h, sizeof(h), MSG_NOSIGNAL);
	}
	while (get(fd, &h, body))
		put_ok(fd, &h);
}

static void
dies_script(int fd)
{
	struct xsd_sockmsg h;
	char body[XENSTORE_PAYLOAD_MAX + 1];

	/* Half an answer. */
	if (get(fd, &h, body))
		(void)!send(fd, &h, 7, MSG_NOSIGNAL);
}

static void
wrong_id_script(int fd)
{
	struct xsd_sockmsg h;
	char body[XENSTORE_PAYLOAD_MAX + 1];

	while (get(fd, &h, body))
		put(fd, h.type, h.req_id + 1, "x", 1);
}

static void
wrong_type_script(int fd)
{
	struct xsd_sockmsg h;
	char body[XENSTORE_PAYLOAD_MAX + 1];

	while (get(fd, &h, body))
		put(fd, XS_MKDIR, h.req_id, "x", 1);
}

static void (*const broken_scripts[])(int) = { oversized_script, dies_script,
	wrong_id_script, wrong_type_script };

/* Whatever goes wrong with the stream: EBADF now and ever after, no waiting. */
START_TEST(broken)
{
	struct xs_handle *h = begin(broken_scripts[_i], XS_NO_RECONNECT);
	struct xs_batch *b;

	ck_assert_ptr_null(xs_read(h, 0, "/a", NULL));
	ck_assert_int_eq(errno, EBADF);
	ck_assert_ptr_nonnull(strstr(xs_last_error(h), "is gone"));
	ck_assert(!xs_write(h, 0, "/a", "", 0));
	ck_assert_int_eq(errno, EBADF);
	ck_assert_ptr_null(xs_check_watch(h));
	ck_assert_int_eq(errno, EBADF);
	b = xs_batch_new(h);
	xs_batch_read(b, "/a");
	ck_assert(!xs_batch_run(b, XS_BATCH_TRANSACTION));
	ck_assert_int_eq(errno, EBADF);
	xs_batch_free(b);
	end(h);
}
END_TEST

START_TEST(nobody)
{
	close(listener);
	ck_assert_ptr_null(xs_open(0));
	ck_assert_int_eq(errno, ECONNREFUSED);
	ck_assert_ptr_nonnull(strstr(xs_last_error(NULL), path));
	ck_assert_ptr_nonnull(strstr(xs_last_error(NULL), "refused"));
	listener = -1;
}
END_TEST

/* --- directories in parts ------------------------------------------------------------ */

/* The generation changes once, between the first and the second part. */
static void
parts_script(int fd)
{
	struct xsd_sockmsg h;
	char body[XENSTORE_PAYLOAD_MAX + 1];
	int n = 0;

	while (get(fd, &h, body)) {
		const char *off = body + strlen(body) + 1;

		if (h.type != PART)
			put_error(fd, &h, "E2BIG");
		else if (strcmp(body, "/endless") == 0)
			put(fd, PART, h.req_id, "1", 2);
		else if (strcmp(body, "/short") == 0)
			put(fd, PART, h.req_id, "1", 1);
		else if (strcmp(off, "0") == 0)
			put(fd, PART, h.req_id, n++ == 0 ? "1\0old" : "2\0new",
			    6);
		else
			put(fd, PART, h.req_id, "2\0b\0\0", 5);
	}
}

START_TEST(parts)
{
	struct xs_handle *h = begin(parts_script, 0);
	unsigned n = 0;
	char **v = xs_directory(h, 0, "/d", &n);

	ck_assert_ptr_nonnull(v);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(v[0], "new");
	ck_assert_str_eq(v[1], "b");
	free(v);
	ck_assert_ptr_null(xs_directory(h, 0, "/endless", &n));
	ck_assert_int_eq(errno, EIO);
	ck_assert_ptr_null(xs_directory(h, 0, "/short", &n));
	ck_assert_int_eq(errno, EIO);
	end(h);
}
END_TEST

/* --- batches ---------------------------------------------------------------------------- */

static int starts, commits, aborts, conflicts;
static char order[256];

/* Answers every request with its path; an event comes before each answer.
 * "conflicts" commits fail with EAGAIN. */
static void
batch_script(int fd)
{
	struct xsd_sockmsg h;
	char body[XENSTORE_PAYLOAD_MAX + 1], id[16];

	starts = commits = aborts = 0;
	order[0] = '\0';
	while (get(fd, &h, body)) {
		switch (h.type) {
		case XS_TRANSACTION_START:
			order[0] = '\0';
			snprintf(id, sizeof(id), "%d", ++starts);
			put(fd, h.type, h.req_id, id, strlen(id) + 1);
			break;
		case XS_TRANSACTION_END:
			if (body[0] == 'F') {
				aborts++;
				put_ok(fd, &h);
			} else if (conflicts-- > 0) {
				put_error(fd, &h, "EAGAIN");
			} else {
				commits++;
				put_ok(fd, &h);
			}
			break;
		default:
			put(fd, XS_WATCH_EVENT, 0, "/e\0t", 5);
			put(fd, XS_WATCH_EVENT, 0, body, strlen(body) + 2);
			snprintf(order + strlen(order),
			    sizeof(order) - strlen(order), "%.8s", body);
			if ((int)h.tx_id != starts)
				put_error(fd, &h, "EINVAL");
			else if (strcmp(body, "/bad") == 0)
				put_error(fd, &h, "EACCES");
			else
				put(fd, h.type, h.req_id, body, strlen(body));
		}
	}
}

START_TEST(batch)
{
	struct xs_handle *h;
	struct xs_permissions p = { 3, XS_PERM_READ };
	static const char *const want[] = { "/e", "/r", "/w", "/m", "/x", "/p",
		"/d", "" };
	struct xs_batch *b;
	unsigned events = 0;
	size_t len;
	char **e;

	conflicts = 2;
	h = begin(batch_script, XS_NO_READER_THREAD);
	b = xs_batch_new(h);
	ck_assert_int_eq(xs_batch_read(b, "/r"), 0);
	ck_assert_int_eq(xs_batch_write(b, "/w", "v", 1), 1);
	ck_assert_int_eq(xs_batch_mkdir(b, "/m"), 2);
	ck_assert_int_eq(xs_batch_rm(b, "/x"), 3);
	ck_assert_int_eq(xs_batch_set_permissions(b, "/p", &p, 1), 4);
	ck_assert_int_eq(xs_batch_directory(b, "/d"), 5);
	ck_assert(xs_batch_run(b, XS_BATCH_TRANSACTION));
	ck_assert_str_eq(order, "/r/w/m/x/p/d");
	ck_assert_int_eq(starts, 3);
	ck_assert_int_eq(commits, 1);
	ck_assert_str_eq(xs_batch_value(b, 0, &len), "/r");
	ck_assert_uint_eq(len, 2);
	ck_assert_str_eq(xs_batch_value(b, 5, &len), "/d");
	ck_assert_int_eq(xs_batch_error(b, 6), EINVAL);
	/* The events that came in between are all there, each once. */
	while ((e = xs_check_watch(h)) != NULL) {
		ck_assert_str_eq(e[XS_WATCH_PATH], want[events]);
		events++;
		free(e);
	}
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_uint_eq(events, 7);
	xs_batch_free(b);
	end(h);
}
END_TEST

START_TEST(batch_fails)
{
	struct xs_handle *h;
	static char big[XENSTORE_PAYLOAD_MAX];
	struct xs_batch *b;

	conflicts = 0;
	h = begin(batch_script, 0);
	b = xs_batch_new(h);
	xs_batch_read(b, "/r");
	xs_batch_write(b, "/bad", "v", 1);
	xs_batch_read(b, "/s");
	ck_assert(!xs_batch_run(b, XS_BATCH_TRANSACTION));
	ck_assert_int_eq(errno, EACCES);
	ck_assert_ptr_nonnull(strstr(xs_last_error(h), "/bad"));
	ck_assert_int_eq(aborts, 1);
	ck_assert_int_eq(commits, 0);
	ck_assert_int_eq(xs_batch_error(b, 0), 0);
	ck_assert_int_eq(xs_batch_error(b, 1), EACCES);
	ck_assert_ptr_null(xs_batch_value(b, 1, NULL));
	/* A request that cannot be: sticky. */
	ck_assert_int_eq(xs_batch_write(b, "/r", big, sizeof(big)), -1);
	ck_assert_int_eq(xs_batch_read(b, "/r"), -1);
	ck_assert(!xs_batch_run(b, 0));
	ck_assert_int_eq(errno, E2BIG);
	xs_batch_free(b);
	/* Endless conflict: a bounded number of tries. */
	conflicts = 1 << 20;
	b = xs_batch_new(h);
	xs_batch_read(b, "/r");
	ck_assert(!xs_batch_run(b, XS_BATCH_TRANSACTION));
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_lt(starts, 1000);
	xs_batch_free(b);
	end(h);
}
END_TEST

/* --- watches ------------------------------------------------------------------------------ */

static int release_pipe[2];

/* WATCH: OK and an event; then, when the test says so, the rest of another. */
static void
watch_script(int fd)
{
	struct xsd_sockmsg h, e = { XS_WATCH_EVENT, 0, 0, 5 };
	char body[XENSTORE_PAYLOAD_MAX + 1], c;

	while (get(fd, &h, body)) {
		put_ok(fd, &h);
		if (h.type != XS_WATCH)
			continue;
		put(fd, XS_WATCH_EVENT, 0, body, h.len);
		if (strcmp(body, "/half") == 0) {
			(void)!send(fd, &e, sizeof(e), MSG_NOSIGNAL);
			(void)!send(fd, "/e", 2, MSG_NOSIGNAL);
			(void)!read(release_pipe[0], &c, 1);
			(void)!send(fd, "\0t", 3, MSG_NOSIGNAL);
		}
	}
}

static bool
readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

START_TEST(watch_thread)
{
	struct xs_handle *h = begin(watch_script, XS_UNWATCH_FILTER);
	int fd = xs_fileno(h);
	unsigned n = 0;
	char **v;

	ck_assert(!readable(fd, 0));
	ck_assert(xs_watch(h, "/a", "t1"));
	v = xs_read_watch(h, &n);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(v[XS_WATCH_PATH], "/a");
	ck_assert_str_eq(v[XS_WATCH_TOKEN], "t1");
	free(v);
	ck_assert(!readable(fd, 0));
	ck_assert_ptr_null(xs_check_watch(h));
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert(xs_watch(h, "/b", "t2"));
	ck_assert(readable(fd, 10000));
	/* The filter throws the queued one away. */
	ck_assert(xs_unwatch(h, "/b", "t2"));
	ck_assert(!readable(fd, 0));
	ck_assert_ptr_null(xs_check_watch(h));
	end(h);
}
END_TEST

START_TEST(watch_loop)
{
	struct xs_handle *h;
	char **v;

	ck_assert_int_eq(pipe(release_pipe), 0);
	h = begin(watch_script, XS_NO_READER_THREAD);
	ck_assert(xs_watch(h, "/half", "t"));
	while ((v = xs_check_watch(h)) == NULL)
		ck_assert(readable(xs_fileno(h), 10000));
	ck_assert_str_eq(v[XS_WATCH_PATH], "/half");
	free(v);
	/* Half a message does not stop the loop. */
	ck_assert_ptr_null(xs_check_watch(h));
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_eq(write(release_pipe[1], "", 1), 1);
	while ((v = xs_check_watch(h)) == NULL)
		ck_assert(readable(xs_fileno(h), 10000));
	ck_assert_str_eq(v[XS_WATCH_PATH], "/e");
	ck_assert_str_eq(v[XS_WATCH_TOKEN], "t");
	free(v);
	end(h);
	close(release_pipe[0]);
	close(release_pipe[1]);
}
END_TEST

/* The daemon goes while a watcher waits: it wakes up. */
static void
watch_dies_script(int fd)
{
	struct xsd_sockmsg h;
	char body[XENSTORE_PAYLOAD_MAX + 1];

	if (get(fd, &h, body))
		put_ok(fd, &h);
}

START_TEST(watch_dies)
{
	struct xs_handle *h = begin(watch_dies_script, XS_NO_RECONNECT);
	unsigned n;

	ck_assert(xs_watch(h, "/a", "t"));
	ck_assert_ptr_null(xs_read_watch(h, &n));
	ck_assert_int_eq(errno, EBADF);
	ck_assert(readable(xs_fileno(h), 0));
	end(h);
}
END_TEST

#define FLOOD 200000

/* Behind *at, with its header. */
static void
add_event(char *out, size_t *at, const char *body, size_t len)
{
	struct xsd_sockmsg h = { XS_WATCH_EVENT, 0, 0, (uint32_t)len };

	memcpy(out + *at, &h, sizeof(h));
	memcpy(out + *at + sizeof(h), body, len);
	*at += sizeof(h) + len;
}

/* WATCH: far too many events of different nodes, and of one node. */
static void
flood_script(int fd)
{
	struct xsd_sockmsg h;
	char body[XENSTORE_PAYLOAD_MAX + 1], e[32], out[16384];
	size_t at = 0;

	while (get(fd, &h, body)) {
		put_ok(fd, &h);
		for (int i = 0; h.type == XS_WATCH && i < FLOOD; i++) {
			int len = snprintf(e, sizeof(e), "/w/%d", i) + 1;

			memcpy(e + len, "t", 2);
			add_event(out, &at, e, (size_t)len + 2);
			if (i < 1000)
				add_event(out, &at, "/w/x\0t", 7);
			if (at < sizeof(out) - 100 && i + 1 < FLOOD)
				continue;
			(void)!send(fd, out, at, MSG_NOSIGNAL);
			at = 0;
		}
	}
}

/* Who does not take events does not grow without bound, and misses nothing. */
START_TEST(flood)
{
	struct xs_handle *h = begin(flood_script, _i ? XS_NO_READER_THREAD : 0);
	unsigned events = 0, same = 0, all = 0;
	char **v;

	ck_assert(xs_watch(h, "/w", "t"));
	ck_assert(xs_write(h, 0, "/a", "1", 1));
	while ((v = xs_check_watch(h)) != NULL) {
		ck_assert_str_eq(v[XS_WATCH_TOKEN], "t");
		same += strcmp(v[XS_WATCH_PATH], "/w/x") == 0;
		all += strcmp(v[XS_WATCH_PATH], "/w") == 0;
		events++;
		free(v);
	}
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_uint_eq(same, 1);
	/* "Something below": once, and it is enough. */
	ck_assert_uint_eq(all, 1);
	ck_assert_uint_gt(events, 10000);
	ck_assert_uint_lt(events, 150000);
	end(h);
}
END_TEST

/* Some are taken, and some go with their watch: the others are all there. */
static void
some_script(int fd)
{
	struct xsd_sockmsg h;
	char body[XENSTORE_PAYLOAD_MAX + 1], e[32];

	while (get(fd, &h, body)) {
		for (int i = 0; h.type == XS_WATCH && i < 100; i++) {
			int len = snprintf(e, sizeof(e), "%.4s/%d", body, i) + 1;

			memcpy(e + len, body + strlen(body) + 1, 2);
			put(fd, XS_WATCH_EVENT, 0, e, (size_t)len + 2);
		}
		put_ok(fd, &h);
	}
}

START_TEST(some)
{
	struct xs_handle *h = begin(some_script,
	    XS_NO_READER_THREAD | XS_UNWATCH_FILTER);
	char want[16];
	char **v;

	ck_assert(xs_watch(h, "/a", "1"));
	ck_assert(xs_watch(h, "/b", "2"));
	for (int i = 0; i < 10; i++)
		free(xs_check_watch(h));
	ck_assert(xs_unwatch(h, "/a", "1"));
	ck_assert(xs_watch(h, "/a", "1"));
	for (int i = 0; i < 200; i++) {
		v = xs_check_watch(h);
		ck_assert_ptr_nonnull(v);
		snprintf(want, sizeof(want), "/%c/%d", i < 100 ? 'b' : 'a',
		    i % 100);
		ck_assert_str_eq(v[XS_WATCH_PATH], want);
		free(v);
	}
	ck_assert_ptr_null(xs_check_watch(h));
	end(h);
}
END_TEST

START_TEST(texts)
{
	struct xs_permissions p[2];

	ck_assert(xs_strings_to_perms(p, 2, "b0\0r65535"));
	ck_assert_int_eq(p[0].perms, XS_PERM_READ | XS_PERM_WRITE);
	ck_assert_uint_eq(p[1].id, 65535);
	ck_assert(!xs_strings_to_perms(p, 1, "x0"));
	ck_assert(!xs_strings_to_perms(p, 1, "r"));
	ck_assert(!xs_strings_to_perms(p, 1, ""));
	ck_assert(!xs_path_is_subpath("/", "/a"));
	ck_assert(xs_path_is_subpath("/a", "/a/b"));
	ck_assert(xs_path_is_subpath("/a", "/a"));
	ck_assert(!xs_path_is_subpath("/a", "/ab"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("xs");
	TCase *t = tcase_create("client");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, errors);
	tcase_add_loop_test(t, broken, 0, 4);
	tcase_add_test(t, nobody);
	tcase_add_test(t, parts);
	tcase_add_test(t, batch);
	tcase_add_test(t, batch_fails);
	tcase_add_test(t, watch_thread);
	tcase_add_test(t, watch_loop);
	tcase_add_test(t, watch_dies);
	tcase_add_loop_test(t, flood, 0, 2);
	tcase_add_test(t, some);
	tcase_add_test(t, texts);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
