/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxenstore and a daemon that goes away in the middle of anything, by a script
 * to the message.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>

#include "xenstore.h"
#include "xs_script.h"

/* What it does with the request of the type that matters, on each connection. */
enum fate {
	/* Answers what the test says. */
	ANSWER,
	/* Reads it and goes away. */
	READ_AND_GO,
	/* Goes away with it unread. */
	GO,
};

#define DIRECTORY_PART 22

static pthread_t thread;
/* Of this type; times it was read. */
static uint32_t special;
static _Atomic int seen, connections;
/* What becomes of it, one a connection, the last for all others. */
static const enum fate *fates;
/* An error the second daemon answers. */
static const char *last_words;
/* Commands it has no time for. */
static int busy;
/* Everything read, "<type><first string> " each, and "| " per connection. */
static char log_text[4096];

static void
note(const struct xsd_sockmsg *h, const char *body)
{
	size_t len = strlen(log_text);

	snprintf(log_text + len, sizeof(log_text) - len, "%u%s%.16s ", h->type,
	    h->tx_id != 0 ? "t" : "", body);
}

/* The words behind the first. */
static void
note_words(const char *body, size_t len)
{
	for (size_t at = strlen(body) + 1; at < len;
	    at += strlen(body + at) + 1) {
		strcat(log_text, "_");
		strncat(log_text, body + at, 32);
	}
	strcat(log_text, " ");
}

/* Two parts, and a generation that tells nothing. */
static void
answer_part(int fd, const struct xsd_sockmsg *h, const char *offset)
{
	char part[8];

	memcpy(part, "1\0?#\0\0", 6);
	part[2] = *offset == '0' ? 'a' : 'b';
	part[3] = (char)('0' + connections);
	put(fd, h->type, h->req_id, part, *offset == '0' ? 5 : 6);
}

static void
answer(int fd, const struct xsd_sockmsg *h, const char *body)
{
	char id[16];

	switch (h->type) {
	case XS_TRANSACTION_START:
		snprintf(id, sizeof(id), "%d", connections);
		put(fd, h->type, h->req_id, id, strlen(id) + 1);
		break;
	case XS_WATCH:
		put(fd, XS_WATCH_EVENT, 0, body, h->len);
		put_ok(fd, h);
		break;
	case DIRECTORY_PART:
		answer_part(fd, h, body + strlen(body) + 1);
		break;
	case XS_READ:
	case XS_DIRECTORY:
		if (strcmp(body, "/long") == 0) {
			put_error(fd, h, "E2BIG");
			break;
		}
		put(fd, h->type, h->req_id, body, h->len);
		break;
	case XS_CONTROL:
		note_words(body, h->len);
		if (busy-- > 0)
			put(fd, h->type, h->req_id, "BUSY", 5);
		else
			put_ok(fd, h);
		break;
	default:
		put_ok(fd, h);
	}
}

/* Of a list the second part, of a live update the start. */
static bool
matters(const struct xsd_sockmsg *h, const char *body)
{
	if (h->type == DIRECTORY_PART)
		return seen == 2;
	return strcmp(body, "live-update") != 0 ||
	    strcmp(body + strlen(body) + 1, "-s") == 0;
}

/* Looks at the type before it reads. False: it goes away. */
static bool
one_request(int fd, enum fate fate)
{
	char body[XENSTORE_PAYLOAD_MAX + 1];
	struct xsd_sockmsg h;

	if (recv(fd, &h, sizeof(h), MSG_PEEK | MSG_WAITALL) !=
	    (ssize_t)sizeof(h))
		return false;
	if (h.type == special && fate == GO)
		return false;
	if (!get(fd, &h, body))
		return false;
	note(&h, body);
	if (connections == 1 && strcmp(body, "/go") == 0)
		return false;
	if (h.type != special) {
		answer(fd, &h, body);
		return true;
	}
	seen++;
	if (fate == READ_AND_GO && matters(&h, body))
		return false;
	if (last_words != NULL && connections > 1)
		put_error(fd, &h, last_words);
	else
		answer(fd, &h, body);
	return true;
}

static void *
serve(void *arg)
{
	int fd;

	(void)arg;
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		enum fate f = *fates;

		if (f != ANSWER)
			fates++;
		connections++;
		strcat(log_text, "| ");
		while (one_request(fd, f))
			;
		close(fd);
	}
	return NULL;
}

static struct xs_handle *
begin(uint32_t type, const enum fate *f, const char *words, unsigned long flags)
{
	struct xs_handle *h;

	special = type;
	fates = f;
	last_words = words;
	seen = connections = 0;
	busy = 0;
	log_text[0] = '\0';
	ck_assert_int_eq(pthread_create(&thread, NULL, serve, NULL), 0);
	h = xs_open(flags);
	ck_assert_ptr_nonnull(h);
	return h;
}

static void
end(struct xs_handle *h)
{
	xs_close(h);
	shutdown(listener, SHUT_RDWR);
	pthread_join(thread, NULL);
}

static void
setup(void)
{
	setenv("XENSTORE_RECONNECT_TIMEOUT", "20", 1);
	make_folder();
	listen_there();
}

/* --- requests without an answer -------------------------------------------------------- */

static const enum fate go_once[] = { READ_AND_GO, ANSWER };

static bool
ask(struct xs_handle *h, uint32_t type)
{
	struct xs_permissions p = { 0, XS_PERM_NONE };
	unsigned n;

	switch (type) {
	case XS_READ:
		return done(xs_read(h, 0, "/a", &n));
	case XS_DIRECTORY:
		return done(xs_directory(h, 0, "/a", &n));
	case XS_WRITE:
		return xs_write(h, 0, "/a", "v", 1);
	case XS_MKDIR:
		return xs_mkdir(h, 0, "/a");
	case XS_RM:
		return xs_rm(h, 0, "/a");
	case XS_SET_PERMS:
		return xs_set_permissions(h, 0, "/a", &p, 1);
	case XS_WATCH:
		return xs_watch(h, "/a", "t");
	case XS_INTRODUCE:
		return xs_introduce_domain(h, 1, 2, 3);
	case XS_RELEASE:
		return xs_release_domain(h, 1);
	case XS_RESUME:
		return xs_resume_domain(h, 1);
	case XS_SET_TARGET:
		return xs_set_target(h, 1, 2);
	case XS_GET_DOMAIN_PATH:
		return done(xs_get_domain_path(h, 1));
	case XS_CONTROL:
		return done(xs_control_command(h, "check", NULL, 0));
	default:
		ck_abort();
	}
}

/* Type, what the second daemon says to it, errno (0: it succeeds), times read. */
static const struct {
	uint32_t type;
	const char *words;
	int err, seen;
} repeated[] = {
	{ XS_READ, NULL, 0, 2 },
	{ XS_READ, "ENOENT", ENOENT, 2 },
	{ XS_DIRECTORY, NULL, 0, 2 },
	{ XS_WRITE, NULL, 0, 2 },
	{ XS_WRITE, "EACCES", EACCES, 2 },
	{ XS_MKDIR, NULL, 0, 2 },
	{ XS_RM, NULL, 0, 2 },
	{ XS_RM, "ENOENT", 0, 2 },
	{ XS_RM, "EACCES", EACCES, 2 },
	{ XS_SET_PERMS, NULL, 0, 2 },
	{ XS_INTRODUCE, NULL, 0, 2 },
	{ XS_RELEASE, "ENOENT", 0, 2 },
	{ XS_RESUME, NULL, 0, 2 },
	{ XS_SET_TARGET, NULL, 0, 2 },
	{ XS_GET_DOMAIN_PATH, NULL, 0, 2 },
	/* It was registered with the others before it is asked for again. */
	{ XS_WATCH, NULL, 0, 3 },
	/* Who knows what a command does. */
	{ XS_CONTROL, NULL, EIO, 1 },
};
#define N_REPEATED ((int)(sizeof(repeated) / sizeof(repeated[0])))

START_TEST(in_flight)
{
	struct xs_handle *h = begin(repeated[_i].type, go_once,
	    repeated[_i].words, 0);
	bool ok = ask(h, repeated[_i].type);
	unsigned n;

	if (repeated[_i].err == 0) {
		ck_assert_msg(ok, "%s", xs_last_error(h));
	} else {
		ck_assert(!ok);
		ck_assert_int_eq(errno, repeated[_i].err);
	}
	ck_assert_int_eq(seen, repeated[_i].seen);
	/* And it goes on. */
	ck_assert(special == XS_READ ? done(xs_directory(h, 0, "/b", &n)) :
				       done(xs_read(h, 0, "/b", &n)));
	ck_assert_int_eq(connections, 2);
	end(h);
}
END_TEST

/* A command that was never read is no secret. */
START_TEST(control_unread)
{
	static const enum fate f[] = { GO, ANSWER };
	struct xs_handle *h = begin(XS_CONTROL, f, NULL, 0);

	ck_assert(ask(h, XS_CONTROL));
	ck_assert_int_eq(seen, 1);
	end(h);
}
END_TEST

/* What kills three daemons does not get a fourth. */
START_TEST(poison)
{
	static const enum fate f[] = { READ_AND_GO, READ_AND_GO, READ_AND_GO,
		READ_AND_GO, ANSWER };
	struct xs_handle *h = begin(XS_READ, f, NULL, 0);

	ck_assert(!ask(h, XS_READ));
	ck_assert_int_eq(errno, EIO);
	ck_assert_int_eq(seen, 3);
	ck_assert(ask(h, XS_WRITE));
	ck_assert(ask(h, XS_READ));
	end(h);
}
END_TEST

START_TEST(poison_batch)
{
	static const enum fate f[] = { READ_AND_GO, READ_AND_GO, READ_AND_GO,
		READ_AND_GO, ANSWER };
	struct xs_handle *h = begin(XS_READ, f, NULL, 0);
	struct xs_batch *b = xs_batch_new(h);

	xs_batch_write(b, "/b", "", 0);
	xs_batch_read(b, "/a");
	ck_assert(!xs_batch_run(b, XS_BATCH_TRANSACTION));
	ck_assert_int_eq(errno, EIO);
	ck_assert_int_eq(seen, 3);
	xs_batch_free(b);
	ck_assert(ask(h, XS_WRITE));
	end(h);
}
END_TEST

/* A list in parts is not put together of two daemons', whatever they count. */
START_TEST(parts)
{
	struct xs_handle *h = begin(DIRECTORY_PART, go_once, NULL, 0);
	unsigned n = 0;
	char **v = xs_directory(h, 0, "/long", &n);

	ck_assert_msg(v != NULL, "%s", xs_last_error(h));
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(v[0], "a2");
	ck_assert_str_eq(v[1], "b2");
	free(v);
	end(h);
}
END_TEST

/* --- transactions ---------------------------------------------------------------------------- */

/* What was done in it, how it ends, what the daemon does, what we are told. */
static const struct {
	bool writes, abort;
	enum fate fate;
	int err;
} ends[] = {
	{ true, false, ANSWER, 0 },
	{ true, false, READ_AND_GO, EIO },
	{ true, false, GO, EAGAIN },
	{ false, false, READ_AND_GO, EAGAIN },
	{ false, false, GO, EAGAIN },
	{ true, true, READ_AND_GO, 0 },
	{ true, true, GO, 0 },
};
#define N_ENDS ((int)(sizeof(ends) / sizeof(ends[0])))

START_TEST(end_in_flight)
{
	const enum fate f[] = { ends[_i].fate, ANSWER };
	struct xs_handle *h = begin(XS_TRANSACTION_END, f, NULL,
	    _i % 2 ? XS_NO_READER_THREAD : 0);
	xs_transaction_t t;
	const char *second;
	bool ok;

	ck_assert(xs_watch(h, "/w", "t"));
	t = xs_transaction_start(h);
	ck_assert_uint_ne(t, 0);
	ck_assert(done(xs_read(h, t, "/a", NULL)));
	if (ends[_i].writes)
		ck_assert(xs_write(h, t, "/a", "v", 1));
	ok = xs_transaction_end(h, t, ends[_i].abort);
	ck_assert_int_eq(ok ? 0 : errno, ends[_i].err);
	/* Never twice, and nothing stands in for what is over. */
	ck_assert_int_le(seen, 1);
	ck_assert(done(xs_read(h, 0, "/b", NULL)));
	second = strstr(log_text + 1, "|");
	ck_assert(second == NULL || strchr(second, '6') == NULL);
	end(h);
}
END_TEST

/* Lost in its middle: it goes on, sees its own writes, and ends with EAGAIN. */
START_TEST(transaction_goes_on)
{
	struct xs_handle *h = begin(XS_RM, go_once, NULL, 0);
	xs_transaction_t t = xs_transaction_start(h), t2;

	ck_assert(xs_write(h, t, "/a", "v", 1));
	ck_assert(xs_mkdir(h, t, "/b"));
	ck_assert(done(xs_read(h, t, "/c", NULL)));
	ck_assert(xs_rm(h, t, "/d"));
	/* The first connection's id 1 is 2 now; a new one must be another. */
	t2 = xs_transaction_start(h);
	ck_assert_uint_ne(t, t2);
	ck_assert(!xs_transaction_end(h, t, false));
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert(xs_transaction_end(h, t2, false));
	ck_assert_str_eq(log_text, "| 6 11t/a 12t/b 2t/c 13t/d "
				   "| 6 11t/a 12t/b 13t/d 6 7tF 7tT ");
	end(h);
}
END_TEST

/* --- batches -------------------------------------------------------------------------------------- */

/* Only what has no answer is sent again. */
START_TEST(batch_plain)
{
	struct xs_handle *h = begin(XS_RM, go_once, "ENOENT", 0);
	struct xs_batch *b = some_batch(h);

	ck_assert(xs_batch_run(b, 0));
	ck_assert_str_eq(log_text, "| 11/a 12/b 13/c | 13/c 2/d ");
	ck_assert_str_eq(xs_batch_value(b, 3, NULL), "/d");
	xs_batch_free(b);
	end(h);
}
END_TEST

/* One in a transaction begins again as a whole. */
START_TEST(batch_whole)
{
	struct xs_handle *h = begin(XS_RM, go_once, NULL, 0);
	struct xs_batch *b = some_batch(h);

	ck_assert(xs_batch_run(b, XS_BATCH_TRANSACTION));
	ck_assert_str_eq(log_text, "| 6 11t/a 12t/b 13t/c "
	    "| 6 11t/a 12t/b 13t/c 2t/d 7tT ");
	xs_batch_free(b);
	end(h);
}
END_TEST

/* Nobody knows whether it was committed: it may be committed twice. */
START_TEST(batch_commit)
{
	struct xs_handle *h = begin(XS_TRANSACTION_END, go_once, NULL, 0);
	struct xs_batch *b = some_batch(h);

	ck_assert(xs_batch_run(b, XS_BATCH_TRANSACTION));
	ck_assert_str_eq(log_text, "| 6 11t/a 12t/b 13t/c 2t/d 7tT "
	    "| 6 11t/a 12t/b 13t/c 2t/d 7tT ");
	xs_batch_free(b);
	end(h);
}
END_TEST

/* --- watches ----------------------------------------------------------------------------------------- */

START_TEST(watches)
{
	struct xs_handle *h = begin(XS_WRITE, go_once, NULL,
	    _i ? XS_NO_READER_THREAD : 0);

	ck_assert(xs_watch(h, "/a", "1"));
	ck_assert(xs_watch(h, "/b", "2"));
	ck_assert(xs_watch_depth(h, "/c", "3", 1));
	ck_assert(xs_unwatch(h, "/a", "1"));
	expect_event(h, "/a", "1");
	expect_event(h, "/b", "2");
	expect_event(h, "/c", "3");
	ck_assert(xs_write(h, 0, "/x", "", 0));
	/* Registered again, in order; what is not watched any more is not. */
	expect_event(h, "/b", "2");
	expect_event(h, "/c", "3");
	ck_assert_ptr_null(xs_check_watch(h));
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_ptr_nonnull(strstr(log_text, "11/x | 4/b 4/c 11/x "));
	end(h);
}
END_TEST

/* A watch that the new daemon does not want: better no connection. */
START_TEST(watch_refused)
{
	static const enum fate f[] = { ANSWER };
	struct xs_handle *h = begin(XS_WATCH, f, "ENOSPC", 0);
	unsigned n;

	ck_assert(xs_watch(h, "/a", "1"));
	expect_event(h, "/a", "1");
	ck_assert_ptr_null(xs_read(h, 0, "/go", &n));
	ck_assert_int_eq(errno, EBADF);
	ck_assert_ptr_nonnull(strstr(xs_last_error(h), "refuses the watch"));
	ck_assert_ptr_null(xs_read_watch(h, &n));
	ck_assert_int_eq(errno, EBADF);
	end(h);
}
END_TEST

/* --- xenstore-control live-update ------------------------------------------------------ */

static int
live_update(const char *arguments)
{
	char command[400];
	int status;

	snprintf(command, sizeof(command), "%s control live-update %s 2>&1",
	    XENSTORE, arguments);
	status = system(command);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* The tool's is the second connection, and the first is over. */
static void
begin_update(uint32_t type, const enum fate *f, const char *words)
{
	static const enum fate none[] = { ANSWER };

	xs_close(begin(type, none, words, 0));
	fates = f;
}

START_TEST(update)
{
	static const enum fate f[] = { ANSWER };

	begin_update(XS_CONTROL, f, NULL);
	ck_assert_int_eq(live_update("-c 'a b' -F -t 5 /usr/bin/env"), 0);
	busy = 2;
	ck_assert_int_eq(live_update("/usr/bin/env"), 0);
	end(NULL);
	ck_assert_str_eq(log_text, "| "
	    "| 0live-update _-f_/usr/bin/env 0live-update _-c_a b "
	    "0live-update _-s_-t_5_-F "
	    "| 0live-update _-f_/usr/bin/env 0live-update _-f_/usr/bin/env "
	    "0live-update _-f_/usr/bin/env 0live-update _-s ");
}
END_TEST

/* Refused: the reason, and the daemon forgets it. */
START_TEST(update_refused)
{
	static const enum fate f[] = { ANSWER };

	begin_update(XS_CONTROL, f, "EACCES");
	ck_assert_int_eq(live_update("/usr/bin/env"), 3);
	end(NULL);
	ck_assert_str_eq(log_text, "| | 0live-update 0live-update ");
}
END_TEST

/* The start has no answer: who is there then tells. */
START_TEST(update_unanswered)
{
	char self[256] = "";

	ck_assert_int_gt(readlink("/proc/self/exe", self, sizeof(self) - 1), 0);
	begin_update(XS_CONTROL, go_once, NULL);
	ck_assert_int_eq(live_update(self), 0);
	fates = go_once;
	ck_assert_int_eq(live_update("/usr/bin/env"), 3);
	end(NULL);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("xs_reconnect");
	TCase *t = tcase_create("script");

	tcase_add_checked_fixture(t, setup, remove_folder);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, in_flight, 0, N_REPEATED);
	tcase_add_test(t, control_unread);
	tcase_add_test(t, poison);
	tcase_add_test(t, poison_batch);
	tcase_add_test(t, parts);
	tcase_add_loop_test(t, end_in_flight, 0, N_ENDS);
	tcase_add_test(t, transaction_goes_on);
	tcase_add_test(t, batch_plain);
	tcase_add_test(t, batch_whole);
	tcase_add_test(t, batch_commit);
	tcase_add_loop_test(t, watches, 0, 2);
	tcase_add_test(t, watch_refused);
	tcase_add_test(t, update);
	tcase_add_test(t, update_refused);
	tcase_add_test(t, update_unanswered);
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
