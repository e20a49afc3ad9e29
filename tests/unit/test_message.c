/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages, with the real database: what is made, found, taken away, told to clients;
 * that it outlives the daemon; that there are never too many of them.
 */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db.h"
#include "message.h"
#include "xu_proc.h"

#define WEB "11111111-2222-3333-4444-555555555555"
#define DB  "99999999-2222-3333-4444-555555555555"

static char dir[64];
static struct core *c;
static struct xu_chan *client;
static struct guest *web;
/* The last answer, and how many events of which kind came before it. */
static struct xu_msg answer;
static int added, deleted;

static struct guest *
add_guest(const char *uuid, const char *name)
{
	struct xu_val *config = xu_struct();
	struct xu_err e = XU_ERR_INIT;
	struct guest *g;

	xu_val_set(config, "name_label", xu_str(name));
	g = guest_new(c, uuid, config, &e);
	ck_assert_msg(g != NULL, "%s", e.msg);
	return g;
}

static void
start(void)
{
	struct xu_err e = XU_ERR_INIT;
	int sv[2];

	c = calloc(1, sizeof(*c));
	c->loop = uv_default_loop();
	c->audit_fd = -1;
	ck_assert_int_eq(guests_open(c), 0);
	ck_assert_int_eq(xu_socketpair(sv, false), 0);
	c->api = xu_chan_new(sv[0], 0);
	client = xu_chan_new(sv[1], 0);
	c->db = db_open(dir, &e);
	ck_assert_msg(c->db != NULL, "%s", e.msg);
	ck_assert_msg(messages_open(c, &e) == 0, "%s", e.msg);
	web = add_guest(WEB, "we%b");
	add_guest(DB, "db");
}

static void
stop(bool killed)
{
	if (killed)
		db_close(&c->db);
	messages_close(c);
	guests_close(c);
	db_close(&c->db);
	uv_close((uv_handle_t *)&c->message_timer, NULL);
	uv_run(c->loop, UV_RUN_NOWAIT);
	xu_chan_free(&c->api);
	xu_chan_free(&client);
	xu_msg_fini(&answer);
	answer = (struct xu_msg)XU_MSG_INIT;
	free(c);
}

static void
up(void)
{
	snprintf(dir, sizeof(dir), "/tmp/xld-message-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	start();
}

static void
down(void)
{
	char command[100];

	stop(false);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static bool
is_event(const struct xu_msg *m, const char *operation)
{
	return m->kind == XU_MSG_EVENT &&
	    strcmp(xu_val_get_str(m->val, "class", ""), "message") == 0 &&
	    strcmp(xu_val_get_str(m->val, "operation", ""), operation) == 0;
}

/* What clients hear next; events are counted. */
static const struct xu_msg *
next_word(void)
{
	c->api_said = 0;
	ck_assert_int_eq(xu_chan_flush(c->api), 0);
	xu_msg_fini(&answer);
	answer = (struct xu_msg)XU_MSG_INIT;
	ck_assert_int_eq(xu_chan_recv(client, &answer), 1);
	added += is_event(&answer, "add");
	deleted += is_event(&answer, "del");
	return &answer;
}

static void
happens(enum vm_message what)
{
	message_of(web, what);
	while (!is_event(next_word(), "add"))
		;
}

/* The code it is refused with, or "". Takes params. */
static const char *
ask(const char *method, struct xu_val *params)
{
	struct xu_val *msg = xu_struct();

	xu_val_set(msg, "method", xu_str(method));
	xu_val_set(msg, "role", xu_str("pool-admin"));
	xu_val_set(msg, "params", params);
	added = deleted = 0;
	dispatch(c, 7, msg);
	while (next_word()->kind != XU_MSG_REPLY)
		;
	return xu_val_str(xu_val_at(xu_val_get(answer.val, "error"), 0));
}

static struct xu_val *
texts(const char *a, const char *b, const char *d)
{
	struct xu_val *p = xu_array();

	xu_val_add(p, xu_str(a));
	if (b != NULL)
		xu_val_add(p, xu_str(b));
	if (d != NULL)
		xu_val_add(p, xu_str(d));
	return p;
}

static const char *
create(const char *name, const char *cls, const char *about, const char *body)
{
	struct xu_val *p = xu_array();

	xu_val_add(p, xu_str(name));
	xu_val_add(p, xu_int(3));
	xu_val_add(p, xu_str(cls));
	xu_val_add(p, xu_str(about));
	xu_val_add(p, xu_str(body));
	return ask("message.create", p);
}

static const struct xu_val *
result(void)
{
	return xu_val_get(answer.val, "ok");
}

static size_t
count(void)
{
	ck_assert_str_eq(ask("message.get_all", xu_array()), "");
	return xu_val_count(result());
}

/* The only one there is. */
static const struct xu_val *
only(void)
{
	ck_assert_str_eq(ask("message.get_all_records", xu_array()), "");
	ck_assert_uint_eq(xu_val_count(result()), 1);
	return xu_val_at(result(), 0);
}

/* ---- tests ---------------------------------------------------------------------------- */

START_TEST(left_by_a_client)
{
	const struct xu_val *v;
	char ref[UUID_TEXT];

	ck_assert_str_eq(create("ALARM", "VM", WEB, "<b>&"), "");
	ck_assert_int_eq(added, 1);
	snprintf(ref, sizeof(ref), "%s", xu_val_str(result()));
	v = only();
	ck_assert_str_eq(xu_val_get_str(v, "uuid", ""), ref);
	ck_assert_str_eq(xu_val_get_str(v, "name", ""), "ALARM");
	ck_assert_int_eq(xu_val_get_int(v, "priority", 0), 3);
	ck_assert_str_eq(xu_val_get_str(v, "cls", ""), "VM");
	ck_assert_str_eq(xu_val_get_str(v, "obj_uuid", ""), WEB);
	ck_assert_str_eq(xu_val_get_str(v, "body", ""), "<b>&");
	ck_assert(xu_val_is(xu_val_get(v, "timestamp"), XU_DATETIME));
	/* Every field of the model, and no other. */
	for (const struct model_field *f = model_message.fields;
	     f->name != NULL; f++)
		ck_assert_ptr_nonnull(xu_val_get(v, f->name));
	ck_assert_uint_eq(xu_val_count(v), 7);
	/* Acknowledged is kept. */
	stop(true);
	start();
	ck_assert_str_eq(xu_val_get_str(only(), "uuid", ""), ref);
	ck_assert_str_eq(ask("message.destroy", texts(ref, NULL, NULL)), "");
	ck_assert_int_eq(deleted, 1);
	ck_assert_str_eq(ask("message.destroy", texts(ref, NULL, NULL)),
	    "HANDLE_INVALID");
	stop(true);
	start();
	ck_assert_uint_eq(count(), 0);
}
END_TEST

START_TEST(refused)
{
	char body[5000];

	ck_assert_str_eq(create("X", "VM", "nobody", ""), "UUID_INVALID");
	ck_assert_str_eq(xu_val_str(xu_val_at(xu_val_get(answer.val, "error"),
			     1)), "VM");
	ck_assert_str_eq(create("X", "VMPP", WEB, ""), "UUID_INVALID");
	memset(body, 'x', sizeof(body) - 1);
	body[sizeof(body) - 1] = '\0';
	ck_assert_str_eq(create("X", "VM", WEB, body), "VALUE_NOT_SUPPORTED");
	ck_assert_str_eq(create(body, "VM", WEB, ""), "VALUE_NOT_SUPPORTED");
	body[4096] = '\0';
	ck_assert_str_eq(create("X", "VM", WEB, body), "");
	ck_assert_uint_eq(count(), 1);
}
END_TEST

START_TEST(taken_away_together)
{
	struct xu_val *p = xu_array(), *refs = xu_array();

	for (int i = 0; i < 3; i++) {
		ck_assert_str_eq(create("X", "VM", WEB, ""), "");
		xu_val_add(refs, xu_val_copy(result()));
	}
	happens(MSG_VM_STARTED);
	xu_val_add(refs, xu_str("nobody"));
	xu_val_add(p, xu_val_copy(refs));
	/* All or none. */
	ck_assert_str_eq(ask("message.destroy_many", p), "HANDLE_INVALID");
	ck_assert_uint_eq(count(), 4);
	xu_val_free(refs);
	refs = xu_val_copy(result());
	/* Twice the same is once. */
	xu_val_add(refs, xu_val_copy(xu_val_at(refs, 0)));
	p = xu_array();
	xu_val_add(p, refs);
	ck_assert_str_eq(ask("message.destroy_many", p), "");
	ck_assert_int_eq(deleted, 4);
	ck_assert_uint_eq(count(), 0);
	stop(true);
	start();
	ck_assert_uint_eq(count(), 0);
}
END_TEST

START_TEST(found_by_time_and_object)
{
	static const char *const later[] = { "20200101T00:00:00Z",
		"2020-01-01T00:00:00Z", "19700101T00:00:00" };
	static const char *const none[] = { "", "today", "2020", "T",
		"20200101 00:00:00", "-0200101T00:00:00" };

	happens(MSG_VM_CRASHED);
	ck_assert_str_eq(create("X", "VM", DB, ""), "");
	for (size_t i = 0; i < XU_ARRAY_SIZE(later); i++) {
		ck_assert_str_eq(ask("message.get_since",
				     texts(later[i], NULL, NULL)), "");
		ck_assert_uint_eq(xu_val_count(result()), 2);
	}
	ck_assert_str_eq(ask("message.get_since",
			     texts("29991231T23:59:59Z", NULL, NULL)), "");
	ck_assert_uint_eq(xu_val_count(result()), 0);
	for (size_t i = 0; i < XU_ARRAY_SIZE(none); i++)
		ck_assert_str_eq(ask("message.get_since",
				     texts(none[i], NULL, NULL)), "INVALID_VALUE");
	ck_assert_str_eq(ask("message.get", texts("VM", WEB, later[0])), "");
	ck_assert_uint_eq(xu_val_count(result()), 1);
	ck_assert_str_eq(xu_val_get_str(xu_val_at(result(), 0), "name", ""),
	    "VM_CRASHED");
	ck_assert_str_eq(xu_val_get_str(xu_val_at(result(), 0), "body", ""),
	    "'we%b' has crashed");
	ck_assert_int_eq(xu_val_get_int(xu_val_at(result(), 0), "priority", 0),
	    2);
	ck_assert_str_eq(ask("message.get", texts("VM", "nobody", later[0])),
	    "UUID_INVALID");
}
END_TEST

static void
count_one(void *arg, const char *id XU_UNUSED,
    const struct xu_val *v XU_UNUSED)
{
	++*(int64_t *)arg;
}

static int64_t
rows_of_database(void)
{
	struct xu_err e = XU_ERR_INIT;
	struct db *db = db_open(dir, &e);
	int64_t n = 0;

	ck_assert_msg(db != NULL, "%s", e.msg);
	ck_assert_int_eq(db_each(db, "message", count_one, &n, &e), 0);
	db_close(&db);
	return n;
}

/* What machines do is in the database soon, and the oldest go. */
START_TEST(never_too_many)
{
	for (int i = 0; i < 700; i++)
		happens(MSG_VM_STARTED);
	uv_run(c->loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(rows_of_database(), 700);
	ck_assert_int_eq(added, 700);
	for (int i = 0; i < 700; i++)
		happens(MSG_VM_SHUTDOWN);
	ck_assert_int_eq(added, 1400);
	ck_assert_int_eq(deleted, 400);
	ck_assert_uint_eq(count(), 1000);
	stop(false);
	ck_assert_int_eq(rows_of_database(), 1000);
	start();
	ck_assert_uint_eq(count(), 1000);
	ck_assert_str_eq(ask("message.get_all_records_where",
			     texts("field \"name\" = \"VM_STARTED\"", NULL,
				 NULL)), "");
	ck_assert_uint_eq(xu_val_count(result()), 300);
	/* A client's takes the place of the oldest, too. */
	ck_assert_str_eq(create("X", "VM", WEB, ""), "");
	ck_assert_int_eq(deleted, 1);
	ck_assert_uint_eq(count(), 1000);
	ck_assert_str_eq(ask("message.get_all_records_where",
			     texts("field \"name\" = \"VM_STARTED\"", NULL,
				 NULL)), "");
	ck_assert_uint_eq(xu_val_count(result()), 299);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("message");
	TCase *tc = tcase_create("all");
	SRunner *sr = srunner_create(s);
	int bad;

	tcase_add_checked_fixture(tc, up, down);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, left_by_a_client);
	tcase_add_test(tc, refused);
	tcase_add_test(tc, taken_away_together);
	tcase_add_test(tc, found_by_time_and_object);
	tcase_add_test(tc, never_too_many);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	bad = srunner_ntests_failed(sr);
	srunner_free(sr);
	return bad == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
