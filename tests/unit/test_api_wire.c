/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xld-api, the program, as clients on the network meet it: JSON-RPC beside
 * XML-RPC, logins, both dialects, event.from, limits. Its core is a script here.
 */
#include "config.h"

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "api_peer.h"
#include "xu_file.h"

#define VM	"0a4f8d4c-33a2-4f28-9d5c-6a2f4e1b7c90"
#define HOST	"5b1d8f0e-1111-4222-8333-944455556666"
#define OPAQUE	"OpaqueRef:"
#define SETTING "{\"settings\":{\"request_kib\":16,\"request_seconds\":2," \
		"\"connections\":8,\"connections_per_address\":6,"	  \
		"\"sessions\":6,\"sessions_per_user\":3,"		  \
		"\"session_idle_minutes\":1440,\"session_hours\":1,"	  \
		"\"logins_failed\":2,\"dialect\":[\"auto\"]},"		  \
		"\"listeners\":[{\"tls\":false}]}"

/* Passwords that the core was asked about. */
static int asked;
/* What ann may do. */
static const char *role;

/* ---- the core ------------------------------------------------------------------- */

static void
reply(const struct xu_msg *m, struct xu_val *v)
{
	peer_reply(m, "ok", v, NULL);
}

static void
refuse(const struct xu_msg *m, const char *code, const char *a, const char *b)
{
	struct xu_val *d = xu_array();

	xu_val_add(d, xu_str(code));
	xu_val_add(d, xu_str(a));
	xu_val_add(d, xu_str(b));
	peer_reply(m, "error", d, "so it is");
}

static struct xu_val *
vm(void)
{
	struct xu_val *v = xu_struct();

	xu_val_set(v, "uuid", xu_str(VM));
	xu_val_set(v, "name_label", xu_str("w\xff" "b"));
	xu_val_set(v, "resident_on", xu_str(HOST));
	xu_val_set(v, "affinity", xu_str(""));
	xu_val_set(v, "domid", xu_int(7));
	xu_val_set(v, "is_a_template", xu_bool(false));
	return v;
}

static struct xu_val *
task(void)
{
	struct xu_val *v = xu_struct(), *info = xu_array();

	xu_val_add(info, xu_str("HANDLE_INVALID"));
	xu_val_add(info, xu_str("VM"));
	xu_val_add(info, xu_str(VM));
	xu_val_set(v, "uuid", xu_str(VM));
	xu_val_set(v, "progress", xu_int(50));
	xu_val_set(v, "result", xu_str(VM));
	xu_val_set(v, "error_info", info);
	return v;
}

static struct xu_val *
map_of(const char *key, struct xu_val *v)
{
	struct xu_val *m = xu_struct();

	xu_val_set(m, key, v);
	return m;
}

static void
event(const char *class, const char *operation, const char *ref)
{
	peer_event(class, operation, ref,
	    strcmp(operation, "del") == 0 ? NULL :
		strcmp(class, "VM") == 0  ? vm() : task());
}

static void
login(const struct xu_msg *m, const char *user, const char *password)
{
	struct xu_val *v;

	asked++;
	if (strcmp(password, "right") != 0) {
		refuse(m, "SESSION_AUTHENTICATION_FAILED", user, "no");
		return;
	}
	v = xu_struct();
	xu_val_set(v, "user", xu_str(user));
	xu_val_set(v, "role", xu_str(role));
	reply(m, v);
}

static void
state(const struct xu_msg *m, const struct xu_val *classes)
{
	struct xu_val *v = xu_struct(), *counts = xu_struct();
	struct xu_val *records = xu_struct();

	xu_val_set(counts, "VM", xu_int(3));
	if (xu_val_count(classes) > 0) {
		xu_val_set(records, "VM", map_of(VM, vm()));
		xu_val_set(records, "task", map_of("t", task()));
	}
	xu_val_set(v, "counts", counts);
	xu_val_set(v, "records", records);
	reply(m, v);
}

static void
answer(const struct xu_msg *m)
{
	const char *method = xu_val_get_str(m->val, "method", "");
	const struct xu_val *p = xu_val_get(m->val, "params");
	const char *arg = xu_val_str(xu_val_at(p, 0));
	struct xu_val *v;

	if (strcmp(method, "access.login") == 0) {
		login(m, arg, xu_val_str(xu_val_at(p, 1)));
	} else if (strcmp(method, "event.state") == 0) {
		state(m, xu_val_at(p, 0));
	} else if (strcmp(method, "event.inject") == 0) {
		event("VM", "mod", xu_val_str(xu_val_at(p, 1)));
		reply(m, xu_str(""));
	} else if (strcmp(method, "VM.get_all_records") == 0) {
		reply(m, map_of(VM, vm()));
	} else if (strcmp(method, "task.get_record") == 0) {
		reply(m, task());
	} else if (strcmp(method, "VM.get_record") == 0) {
		refuse(m, "HANDLE_INVALID", "VM", arg);
	} else if (strcmp(method, "VM.start") == 0) {
		reply(m, xu_strf("%zu", xu_val_count(p)));
	} else {
		v = xu_array();
		xu_val_add(v, xu_str(HOST));
		reply(m, v);
	}
}

static void
setup(void)
{
	asked = 0;
	role = "vm-operator";
	peer_start(XLD_API, SETTING, answer);
}

static void
teardown(void)
{
	int status = peer_stop(false);

	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	    "xld-api ended with %x", status);
}

/* ---- a client --------------------------------------------------------------------- */

static int
dial(void)
{
	int fd = peer_dial(peer.port);

	ck_assert_int_ge(fd, 0);
	return fd;
}

/* Everything until the other side ends. */
static void
listen_to(int fd, struct xu_buf *out)
{
	xu_buf_reset(out);
	/* Who is hung up on while he speaks is told so by an error. */
	(void)xu_fd_read(fd, 1 << 24, out);
	close(fd);
}

static int
status_of(const struct xu_buf *b)
{
	int status = 0;

	sscanf(xu_buf_text(b), "HTTP/1.1 %d", &status);
	return status;
}

static void
post(const char *where, const char *body, struct xu_buf *out)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	int fd = dial();

	xu_buf_addf(&b,
	    "POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
	    "Content-Length: %zu\r\n\r\n%s",
	    where, strlen(body), body);
	(void)xu_fd_write(fd, b.data, b.len);
	listen_to(fd, out);
}

static const char *
body_of(const struct xu_buf *b)
{
	const char *p = strstr(xu_buf_text(b), "\r\n\r\n");

	return p == NULL ? "" : p + 4;
}

/* The reply to a body of JSON. */
static struct xu_val *
json(const char *body)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	struct xu_val *v;

	post("/jsonrpc", body, &b);
	ck_assert_int_eq(status_of(&b), 200);
	ck_assert_ptr_nonnull(
	    strstr(xu_buf_text(&b), "Content-Type: application/json\r\n"));
	v = xu_val_from_json(body_of(&b), strlen(body_of(&b)), 1 << 24, &e);
	ck_assert_msg(v != NULL, "%s: %s", e.msg, body_of(&b));
	return v;
}

/* params: JSON behind the session. The result, or the code in *code. */
static struct xu_val *
call(const char *session, const char *method, const char *params,
    const char **code)
{
	static char failed[64];
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	AUTO_VAL struct xu_val *v = NULL;

	xu_buf_addf(&b,
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\","
	    "\"params\":[\"%s\"%s%s]}",
	    method, session, params[0] == '\0' ? "" : ",", params);
	v = json(xu_buf_text(&b));
	snprintf(failed, sizeof(failed), "%s",
	    xu_val_get_str(xu_val_get(v, "error"), "message", ""));
	if (code != NULL)
		*code = failed;
	else
		ck_assert_msg(failed[0] == '\0', "%s: %s", method, failed);
	return xu_val_get(v, "result") == NULL ?
	    NULL : xu_val_copy(xu_val_get(v, "result"));
}

static void
fails(const char *want, const char *session, const char *method,
    const char *params)
{
	const char *code;
	AUTO_VAL struct xu_val *v = call(session, method, params, &code);

	ck_assert_ptr_null(v);
	ck_assert_str_eq(code, want);
}

static void
log_in(char out[64])
{
	AUTO_VAL struct xu_val *v = NULL;

	v = call("ann", "session.login_with_password", "\"right\"", NULL);
	snprintf(out, 64, "%s", xu_val_str(v));
}

/* ---- JSON-RPC ------------------------------------------------------------------------- */

START_TEST(modern_values_in_json)
{
	char s[64], param[80];
	AUTO_VAL struct xu_val *v = NULL, *t = NULL, *n = NULL;
	const struct xu_val *r;

	log_in(s);
	ck_assert_uint_eq(strlen(s), strlen(OPAQUE) + 36);
	v = call(s, "VM.get_all_records", "", NULL);
	r = xu_val_get(v, OPAQUE VM);
	ck_assert_str_eq(xu_val_get_str(r, "resident_on", ""), OPAQUE HOST);
	ck_assert_str_eq(xu_val_get_str(r, "affinity", ""), OPAQUE "NULL");
	ck_assert_int_eq(xu_val_get_int(r, "domid", 0), 7);
	ck_assert_int_eq(xu_val_type(xu_val_get(r, "is_a_template")), XU_BOOL);
	/* A byte that is no text does not spoil the rest. */
	ck_assert_str_eq(xu_val_get_str(r, "name_label", ""),
	    "w\xef\xbf\xbd" "b");
	t = call(s, "task.get_record", "\"x\"", NULL);
	ck_assert_double_eq(xu_val_float(xu_val_get(t, "progress")), 0.5);
	ck_assert_str_eq(xu_val_get_str(t, "result", ""),
	    "<value>" OPAQUE VM "</value>");
	ck_assert_str_eq(
	    xu_val_str(xu_val_at(xu_val_get(t, "error_info"), 2)), OPAQUE VM);
	/* A reference in either form; one argument more than of old. */
	snprintf(param, sizeof(param), "\"%s\",false,true", OPAQUE VM);
	n = call(s, "VM.start", param, NULL);
	ck_assert_str_eq(xu_val_str(n), "");
	fails("MESSAGE_PARAMETER_COUNT_MISMATCH", s, "VM.start", "\"x\"");
	fails("HANDLE_INVALID", s, "VM.get_record", "\"x\"");
	fails("MESSAGE_METHOD_UNKNOWN", s, "VM.fly", "");
	fails("SESSION_INVALID", "nobody", "VM.get_all", "");
}
END_TEST

START_TEST(errors_of_json)
{
	static const struct {
		const char *body;
		int code;
	} rows[] = {
		{ "", -32700 },
		{ "[", -32700 },
		{ "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", -32700 },
		{ "[]", -32600 },
		{ "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"VM.get_all\"}]",
		    -32600 },
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"VM.get_all\"}", -32600 },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1}", -32600 },
		{ "{\"jsonrpc\":\"4\",\"id\":1,\"method\":\"x\"}", -32600 },
		{ "{\"jsonrpc\":\"2.0\",\"id\":[],\"method\":\"x\"}", -32600 },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"params\":1}",
		    -32600 },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\"}", 1 },
	};

	for (size_t i = 0; i < XU_ARRAY_SIZE(rows); i++) {
		AUTO_VAL struct xu_val *v = json(rows[i].body);
		const struct xu_val *e = xu_val_get(v, "error");

		ck_assert_msg(xu_val_get_int(e, "code", 0) == rows[i].code,
		    "%s: %lld", rows[i].body,
		    (long long)xu_val_get_int(e, "code", 0));
		ck_assert_ptr_null(xu_val_get(v, "result"));
		ck_assert_ptr_nonnull(xu_val_get(v, "id"));
	}
}
END_TEST

START_TEST(json_of_both_versions)
{
	AUTO_VAL struct xu_val *v = NULL, *bad = NULL, *list = NULL;

	v = json("{\"id\":\"a\",\"method\":\"session_login_with_password\","
		 "\"params\":[\"ann\",\"right\"]}");
	ck_assert_str_eq(xu_val_get_str(v, "id", ""), "a");
	ck_assert_int_eq(xu_val_type(xu_val_get(v, "error")), XU_VOID);
	ck_assert_int_eq(
	    strncmp(xu_val_get_str(v, "result", ""), OPAQUE, 10), 0);
	bad = json("{\"id\":null,\"method\":\"VM.get_all\",\"params\":[\"x\"]}");
	ck_assert_str_eq(xu_val_str(xu_val_at(xu_val_get(bad, "error"), 0)),
	    "SESSION_INVALID");
	list = json("{\"jsonrpc\":\"2.0\",\"id\":5,"
		    "\"method\":\"system.listMethods\",\"params\":[]}");
	ck_assert_uint_gt(xu_val_count(xu_val_get(list, "result")), 200);
	ck_assert_int_eq(xu_val_get_int(list, "id", 0), 5);
}
END_TEST

START_TEST(where_things_are)
{
	static const struct {
		const char *where;
		int status;
	} rows[] = { { "/", 200 }, { "/RPC2", 200 }, { "/xmlrpc", 200 },
		{ "/jsonrpc", 200 }, { "/json", 200 }, { "/x", 404 },
		{ "/jsonrpc/", 404 } };
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;

	for (size_t i = 0; i < XU_ARRAY_SIZE(rows); i++) {
		post(rows[i].where, "x", &b);
		ck_assert_msg(status_of(&b) == rows[i].status, "%s: %d",
		    rows[i].where, status_of(&b));
	}
}
END_TEST

/* ---- dialects ------------------------------------------------------------------------------ */

#define XML_LOGIN(more)                                                        \
	"<methodCall><methodName>session.login_with_password</methodName>"     \
	"<params><param><value>ann</value></param><param><value>right</value>" \
	"</param>" more "</params></methodCall>"

START_TEST(who_is_modern)
{
	static const struct {
		const char *where, *body;
		bool modern;
	} rows[] = {
		{ "/", XML_LOGIN(""), false },
		{ "/RPC2", XML_LOGIN(""), false },
		{ "/xmlrpc", XML_LOGIN(""), true },
		{ "/RPC2", XML_LOGIN("<param><value>1.0</value></param>"), true },
	};
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;

	for (size_t i = 0; i < XU_ARRAY_SIZE(rows); i++) {
		post(rows[i].where, rows[i].body, &b);
		ck_assert_msg(strstr(body_of(&b), "Success") != NULL, "%s",
		    body_of(&b));
		ck_assert_msg((strstr(body_of(&b), OPAQUE) != NULL) ==
			rows[i].modern,
		    "%zu: %s", i, body_of(&b));
		/* Later clients take an empty <string> for nothing. */
		ck_assert_msg((strstr(body_of(&b), "<string>") == NULL) ==
			rows[i].modern,
		    "%zu: %s", i, body_of(&b));
	}
}
END_TEST

/* ---- logins and sessions ----------------------------------------------------------------- */

START_TEST(wrong_passwords_cost_time)
{
	struct timespec from, to;

	clock_gettime(CLOCK_MONOTONIC, &from);
	fails("SESSION_AUTHENTICATION_FAILED", "ann",
	    "session.login_with_password", "\"wrong\"");
	clock_gettime(CLOCK_MONOTONIC, &to);
	ck_assert_int_ge((to.tv_sec - from.tv_sec) * 1000 +
		(to.tv_nsec - from.tv_nsec) / 1000000, 1900);
	fails("SESSION_AUTHENTICATION_FAILED", "bob",
	    "session.login_with_password", "\"wrong\"");
	ck_assert_int_eq(asked, 2);
	/* Two are enough here: not even the right one is looked at. */
	fails("SESSION_AUTHENTICATION_FAILED", "ann",
	    "session.login_with_password", "\"right\"");
	ck_assert_int_eq(asked, 2);
}
END_TEST

START_TEST(sessions_are_bounded)
{
	char first[64], s[64], last[64];
	AUTO_VAL struct xu_val *v = NULL, *who = NULL, *may = NULL;
	char param[80];

	log_in(first);
	log_in(s);
	log_in(s);
	log_in(last);
	/* Three for a user: the one unused for longest has gone. */
	fails("SESSION_INVALID", first, "VM.get_all", "");
	v = call(s, "VM.get_all", "", NULL);
	ck_assert_uint_eq(xu_val_count(v), 1);
	snprintf(param, sizeof(param), "\"%s\"", s);
	who = call(s, "session.get_record", param, NULL);
	ck_assert_str_eq(xu_val_get_str(who, "this_user", ""), "ann");
	ck_assert_str_eq(xu_val_get_str(who, "this_host", ""), OPAQUE HOST);
	ck_assert(!xu_val_get_bool(who, "is_local_superuser", true));
	may = call(s, "session.get_rbac_permissions", param, NULL);
	ck_assert_uint_gt(xu_val_count(may), 10);
	for (size_t i = 0; i < xu_val_count(may); i++)
		ck_assert_str_ne(xu_val_str(xu_val_at(may, i)), "vm.create");
	/* An operator is no admin. */
	fails("RBAC_PERMISSION_DENIED", s, "session.get_all_subject_identifiers",
	    "");
	fails("RBAC_PERMISSION_DENIED", s, "session.logout_subject_identifier",
	    "\"ann\"");
	fails("PERMISSION_DENIED", s, "session.get_uuid", "\"somebody\"");
}
END_TEST

START_TEST(an_admin_ends_sessions)
{
	char s[64], mine[64];
	AUTO_VAL struct xu_val *v = NULL, *gone = NULL;

	log_in(s);
	role = "pool-admin";
	log_in(mine);
	v = call(mine, "session.get_all_subject_identifiers", "", NULL);
	ck_assert_uint_eq(xu_val_count(v), 1);
	ck_assert_str_eq(xu_val_str(xu_val_at(v, 0)), "ann");
	gone = call(mine, "session.logout_subject_identifier", "\"ann\"", NULL);
	ck_assert_str_eq(xu_val_str(gone), "");
	fails("SESSION_INVALID", s, "VM.get_all", "");
	xu_val_free(call(mine, "VM.get_all", "", NULL));
	xu_val_free(call(mine, "session.logout", "", NULL));
	fails("SESSION_INVALID", mine, "VM.get_all", "");
}
END_TEST

/* ---- events ------------------------------------------------------------------------------------ */

static struct xu_val *
from(const char *s, const char *classes, const char *token, const char *timeout,
    char next[64])
{
	char params[256];
	struct xu_val *v;

	snprintf(params, sizeof(params), "%s,\"%s\",%s", classes, token, timeout);
	v = call(s, "event_from", params, NULL);
	ck_assert_int_eq(
	    xu_val_get_int(xu_val_get(v, "valid_ref_counts"), "vm", 0), 3);
	snprintf(next, 64, "%s", xu_val_get_str(v, "token", ""));
	return v;
}

static const struct xu_val *
nth(const struct xu_val *v, size_t i)
{
	return xu_val_at(xu_val_get(v, "events"), i);
}

START_TEST(events_since_a_token)
{
	char s[64], t0[64], t1[64], t2[64], injected[64];
	AUTO_VAL struct xu_val *v = NULL, *none = NULL, *two = NULL, *in = NULL;
	const struct xu_val *ev;

	log_in(s);
	v = from(s, "[\"vm\"]", "", "5.0", t0);
	ck_assert_uint_eq(xu_val_count(xu_val_get(v, "events")), 1);
	ev = nth(v, 0);
	ck_assert_str_eq(xu_val_get_str(ev, "class", ""), "vm");
	ck_assert_str_eq(xu_val_get_str(ev, "operation", ""), "add");
	ck_assert_str_eq(xu_val_get_str(ev, "ref", ""), OPAQUE VM);
	ck_assert_str_eq(xu_val_get_str(ev, "timestamp", ""), "0.0");
	ck_assert_str_eq(
	    xu_val_get_str(xu_val_get(ev, "snapshot"), "resident_on", ""),
	    OPAQUE HOST);
	/* Nothing since: it waits and says so. */
	none = from(s, "[\"vm\"]", t0, "0.2", t1);
	ck_assert_uint_eq(xu_val_count(xu_val_get(none, "events")), 0);
	ck_assert_str_eq(t0, t1);
	/* Each object once, as it is in the end; other classes are not asked
	 * for. */
	event("VM", "add", "a");
	event("VM", "mod", "a");
	event("task", "mod", "t");
	event("VM", "mod", "b");
	event("VM", "del", "b");
	in = call(s, "event.inject", "\"vm\",\"" OPAQUE "c\"", NULL);
	snprintf(injected, sizeof(injected), "%s", xu_val_str(in));
	two = from(s, "[\"VM\"]", t1, "5.0", t2);
	ck_assert_uint_eq(xu_val_count(xu_val_get(two, "events")), 3);
	ck_assert_str_eq(xu_val_get_str(nth(two, 0), "operation", ""), "add");
	ck_assert_str_eq(xu_val_get_str(nth(two, 1), "operation", ""), "del");
	ck_assert_ptr_null(xu_val_get(nth(two, 1), "snapshot"));
	ck_assert_str_eq(xu_val_get_str(nth(two, 2), "ref", ""), OPAQUE "c");
	ck_assert_int_ge(strcmp(t2, injected), 0);
	ck_assert_int_gt(strcmp(t2, t1), 0);
}
END_TEST

static void *
later(void *arg)
{
	struct timespec ts = { .tv_nsec = 300000000 };

	nanosleep(&ts, NULL);
	event("VM", "mod", "other");
	event("VM", "mod", arg);
	return NULL;
}

START_TEST(an_event_ends_the_wait)
{
	static char ref[] = "one";
	char s[64], t0[64], t1[64];
	AUTO_VAL struct xu_val *v = NULL;
	pthread_t t;

	log_in(s);
	xu_val_free(from(s, "[\"vm/one\"]", "", "5.0", t0));
	pthread_create(&t, NULL, later, ref);
	/* Of one object: the other's do not wake it. */
	v = from(s, "[\"vm/" OPAQUE "one\"]", t0, "60.0", t1);
	ck_assert_uint_eq(xu_val_count(xu_val_get(v, "events")), 1);
	ck_assert_str_eq(xu_val_get_str(nth(v, 0), "ref", ""), OPAQUE "one");
	pthread_join(t, NULL);
}
END_TEST

START_TEST(who_is_too_slow_is_told)
{
	char s[64], t0[64], params[128];

	log_in(s);
	xu_val_free(from(s, "[\"*\"]", "", "5.0", t0));
	for (int i = 0; i < 1100; i++)
		event("VM", "mod", VM);
	xu_val_free(call(s, "VM.get_all", "", NULL));
	snprintf(params, sizeof(params), "[\"*\"],\"%s\",1.0", t0);
	fails("EVENTS_LOST", s, "event.from", params);
	/* Of another life of the server. */
	t0[0] = '9';
	snprintf(params, sizeof(params), "[\"*\"],\"%s\",1.0", t0);
	fails("EVENTS_LOST", s, "event.from", params);
	fails("EVENT_FROM_TOKEN_PARSE_FAILURE", s, "event.from",
	    "[\"*\"],\"0,0\",1.0");
	fails("EVENT_SUBSCRIPTION_PARSE_FAILURE", s, "event.from",
	    "[\"vm/a/b\"],\"\",1.0");
}
END_TEST

/* ---- limits -------------------------------------------------------------------------------------- */

START_TEST(sizes)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT, body = XU_BUF_INIT;
	int fd;

	for (int i = 0; i < 17 * 1024; i++)
		xu_buf_addc(&body, ' ');
	post("/jsonrpc", xu_buf_text(&body), &b);
	ck_assert_int_eq(status_of(&b), 413);
	fd = dial();
	dprintf(fd, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n",
	    100 << 20);
	listen_to(fd, &b);
	ck_assert_int_eq(status_of(&b), 413);
}
END_TEST

START_TEST(patience_ends)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	int writer = dial(), idle = dial(), head = dial();

	dprintf(writer, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n<");
	dprintf(head, "POST / HT");
	listen_to(writer, &b);
	ck_assert_int_eq(status_of(&b), 408);
	listen_to(idle, &b);
	ck_assert_uint_eq(b.len, 0);
	listen_to(head, &b);
	ck_assert_uint_eq(b.len, 0);
}
END_TEST

START_TEST(places_are_bounded)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	int fds[16], refused = 0;
	char c;

	for (size_t i = 0; i < XU_ARRAY_SIZE(fds); i++)
		fds[i] = dial();
	/* Six from one address; the idle ones make room for who comes next or
	 * for one another, and nobody waits for ever. */
	for (size_t i = 0; i < XU_ARRAY_SIZE(fds); i++)
		refused += recv(fds[i], &c, 1, 0) <= 0;
	ck_assert_int_eq(refused, (int)XU_ARRAY_SIZE(fds));
	for (size_t i = 0; i < XU_ARRAY_SIZE(fds); i++)
		close(fds[i]);
	post("/jsonrpc", "x", &b);
	ck_assert_int_eq(status_of(&b), 200);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("api_wire");
	TCase *tc = tcase_create("all");
	SRunner *sr = srunner_create(s);
	int bad;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, modern_values_in_json);
	tcase_add_test(tc, errors_of_json);
	tcase_add_test(tc, json_of_both_versions);
	tcase_add_test(tc, where_things_are);
	tcase_add_test(tc, who_is_modern);
	tcase_add_test(tc, wrong_passwords_cost_time);
	tcase_add_test(tc, sessions_are_bounded);
	tcase_add_test(tc, an_admin_ends_sessions);
	tcase_add_test(tc, events_since_a_token);
	tcase_add_test(tc, an_event_ends_the_wait);
	tcase_add_test(tc, who_is_too_slow_is_told);
	tcase_add_test(tc, sizes);
	tcase_add_test(tc, patience_ends);
	tcase_add_test(tc, places_are_bounded);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	bad = srunner_ntests_failed(sr);
	srunner_free(sr);
	return bad == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
