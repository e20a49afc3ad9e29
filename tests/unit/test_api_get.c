/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What xld-api, the program, gives to GET: figures, logs, consoles; to whom it does;
 * and passwords that are changed. Its core is a script here.
 */
#include "config.h"

#include <check.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api_peer.h"
#include "xu_bin.h"
#include "xu_file.h"

#define SETTINGS                                                               \
	"{\"settings\":{\"logins_failed\":2},\"listeners\":[{\"tls\":false}]}"
#define LOGS_SIZE (3u << 20)
/* What a guest may be called. */
#define NAME "a\"b\\c\nd\xff"
/* ann:right, ann:wrong */
#define BASIC_RIGHT "Authorization: Basic YW5uOnJpZ2h0\r\n"
#define BASIC_WRONG "Authorization: Basic YW5uOndyb25n\r\n"

/* What ann may do; "" = nothing, then. */
static const char *role;
/* The last call of each kind: whose, with which role. */
static char asked[32], by[64], as[32];
/* What the last rrd.updates said. */
static struct xu_val *told;

static struct xu_val *
sample(const char *label, const char *value, struct xu_val *n)
{
	struct xu_val *all = xu_array(), *v = xu_struct();

	if (label != NULL)
		xu_val_set(v, label, xu_str(value));
	xu_val_set(v, "value", n);
	xu_val_add(all, v);
	return all;
}

static void
refuse(const struct xu_msg *m, const char *code, const char *why)
{
	struct xu_val *d = xu_array();

	xu_val_add(d, xu_str(code));
	xu_val_add(d, xu_str("ann"));
	xu_val_add(d, xu_str(why));
	peer_reply(m, "error", d, why);
}

static void
give_logs(const struct xu_msg *m)
{
	AUTO_VAL struct xu_val *r = xu_struct();
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	int fd = memfd_create("logs", MFD_CLOEXEC);

	memset(xu_buf_reserve(&b, LOGS_SIZE), 'l', LOGS_SIZE);
	ck_assert_int_eq(xu_fd_write(fd, b.data, LOGS_SIZE), 0);
	xu_val_set(r, "ok", xu_str(""));
	peer_tell(XU_MSG_REPLY, m->id, r, &fd, 1);
	close(fd);
}

static void
give_metrics(const struct xu_msg *m)
{
	struct xu_val *v = xu_struct();

	xu_val_set(v, "host", sample("xen", "4.17", xu_int(1)));
	xu_val_set(v, "domain_cpu_seconds",
	    sample("name", NAME, xu_float(0.1)));
	xu_val_set(v, "host_memory_bytes", sample(NULL, NULL, xu_int(1)));
	/* Nothing, and what nobody knows. */
	xu_val_set(v, "tasks", xu_array());
	xu_val_set(v, "other", sample("a", "b", xu_int(1)));
	peer_reply(m, "ok", v, NULL);
}

/* A head, and doubles behind it. */
static void
give_file(const struct xu_msg *m, const struct xu_val *head,
    const double *values, size_t n)
{
	AUTO_VAL struct xu_val *r = xu_struct();
	AUTO_BUF struct xu_buf b = XU_BUF_INIT, text = XU_BUF_INIT;
	int fd = memfd_create("figures", MFD_CLOEXEC);

	xu_val_encode(head, &text);
	xu_put_blob(&b, text.data, text.len);
	xu_buf_add(&b, values, n * sizeof(*values));
	ck_assert_int_eq(xu_fd_write(fd, b.data, b.len), 0);
	xu_val_set(r, "ok", xu_str(""));
	peer_tell(XU_MSG_REPLY, m->id, r, &fd, 1);
	close(fd);
}

static void
add_row(struct xu_val *to, const char *names, ...)
{
	struct xu_val *v = xu_struct();
	char one[24];
	va_list ap;

	va_start(ap, names);
	for (size_t n; *names != '\0'; names += n + (names[n] == ' ')) {
		n = strcspn(names, " ");
		snprintf(one, sizeof(one), "%.*s", (int)n, names);
		xu_val_set(v, one, va_arg(ap, struct xu_val *));
	}
	va_end(ap);
	xu_val_add(to, v);
}

static void
give_updates(const struct xu_msg *m)
{
	static const double values[] = { 0.5, NAN, 68719476736.0, 1.0 / 3 };
	AUTO_VAL struct xu_val *head = xu_struct();
	struct xu_val *legend = xu_array();

	xu_val_add(legend, xu_str("MAX:host:h:pif_<&\"_rx"));
	xu_val_add(legend, xu_str("MAX:vm:u:cpu0"));
	xu_val_set(head, "start", xu_int(990));
	xu_val_set(head, "step", xu_int(5));
	xu_val_set(head, "end", xu_int(1000));
	xu_val_set(head, "rows", xu_int(2));
	xu_val_set(head, "columns", xu_int(2));
	xu_val_set(head, "legend", legend);
	give_file(m, head, values, 4);
}

static void
give_whole(const struct xu_msg *m)
{
	static const double values[] = { 7, NAN };
	AUTO_VAL struct xu_val *head = xu_struct();
	struct xu_val *sources = xu_array(), *archives = xu_array();
	struct xu_val *prep = xu_array();

	add_row(sources, "name type heartbeat min max last value unknown",
	    xu_str("cpu0"), xu_str("DERIVE"), xu_int(30), xu_float(0),
	    xu_float(INFINITY), xu_float(NAN), xu_float(2.5), xu_int(1));
	add_row(prep, "value unknown", xu_float(4), xu_int(3));
	add_row(archives, "cf steps rows xff prep", xu_str("MIN"), xu_int(12),
	    xu_int(2), xu_float(0.5), prep);
	xu_val_set(head, "step", xu_int(5));
	xu_val_set(head, "lastupdate", xu_int(1001));
	xu_val_set(head, "sources", sources);
	xu_val_set(head, "archives", archives);
	give_file(m, head, values, 2);
}

static void
answer(const struct xu_msg *m)
{
	const char *method = xu_val_get_str(m->val, "method", "");
	const struct xu_val *p = xu_val_get(m->val, "params");
	struct xu_val *v;

	snprintf(asked, sizeof(asked), "%s", method);
	snprintf(by, sizeof(by), "%s", xu_val_get_str(m->val, "user", ""));
	snprintf(as, sizeof(as), "%s", xu_val_get_str(m->val, "role", ""));
	if (strncmp(method, "access.", 7) == 0 &&
	    strcmp(xu_val_str(xu_val_at(p, 1)), "right") != 0) {
		refuse(m, "SESSION_AUTHENTICATION_FAILED", "no");
	} else if (strcmp(method, "access.password") == 0) {
		if (strcmp(xu_val_str(xu_val_at(p, 2)), "123") == 0)
			refuse(m, "CHANGE_PASSWORD_REJECTED", "too short");
		else
			peer_reply(m, "ok", xu_str(""), NULL);
	} else if (strcmp(method, "access.login") == 0) {
		v = xu_struct();
		xu_val_set(v, "user", xu_val_copy(xu_val_at(p, 0)));
		xu_val_set(v, "role", xu_str(role));
		peer_reply(m, "ok", v, NULL);
	} else if (strcmp(method, "host.metrics") == 0) {
		give_metrics(m);
	} else if (strcmp(method, "rrd.updates") == 0) {
		xu_val_free(told);
		told = xu_val_copy(xu_val_at(p, 0));
		give_updates(m);
	} else if (strcmp(method, "rrd.guest") == 0 &&
	    strcmp(xu_val_str(xu_val_at(p, 0)), "u") != 0) {
		refuse(m, "HANDLE_INVALID", "no such");
	} else if (strncmp(method, "rrd.", 4) == 0) {
		give_whole(m);
	} else if (strcmp(role, "pool-operator") != 0) {
		refuse(m, "RBAC_PERMISSION_DENIED", "not for you");
	} else {
		give_logs(m);
	}
}

static void
setup(void)
{
	role = "read-only";
	peer_start(XLD_API, SETTINGS, answer);
}

static void
teardown(void)
{
	int status = peer_stop(false);

	xu_val_free(steal_ptr(&told));
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	    "xld-api ended with %x", status);
}

/* ---- a client ------------------------------------------------------------------------ */

/* The whole answer; its status. */
static int
exchange(const char *request, struct xu_buf *out)
{
	int fd = peer_dial(peer.port), status = 0;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(xu_fd_write(fd, request, strlen(request)), 0);
	xu_buf_reset(out);
	(void)xu_fd_read(fd, 1 << 24, out);
	close(fd);
	sscanf(xu_buf_text(out), "HTTP/1.1 %d", &status);
	return status;
}

static int
get(const char *path, const char *headers, struct xu_buf *out)
{
	AUTO_BUF struct xu_buf rq = XU_BUF_INIT;

	xu_buf_addf(&rq, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
			 "%s\r\n", path, headers);
	return exchange(xu_buf_text(&rq), out);
}

static const char *
body_of(const struct xu_buf *b)
{
	const char *p = strstr(xu_buf_text(b), "\r\n\r\n");

	return p == NULL ? "" : p + 4;
}

/* The error's code, or "" and the result. */
static void
call(const char *method, const char *params, char code[64], char result[64])
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT, rq = XU_BUF_INIT, o = XU_BUF_INIT;
	AUTO_VAL struct xu_val *v = NULL;
	struct xu_err e = XU_ERR_INIT;

	xu_buf_addf(&b, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\","
			"\"params\":[%s]}", method, params);
	xu_buf_addf(&rq, "POST /jsonrpc HTTP/1.1\r\nHost: x\r\n"
			 "Connection: close\r\nContent-Length: %zu\r\n\r\n%s",
	    b.len, xu_buf_text(&b));
	ck_assert_int_eq(exchange(xu_buf_text(&rq), &o), 200);
	v = xu_val_from_json(body_of(&o), strlen(body_of(&o)), 1 << 20, &e);
	ck_assert_msg(v != NULL, "%s", e.msg);
	snprintf(code, 64, "%s",
	    xu_val_get_str(xu_val_get(v, "error"), "message", ""));
	snprintf(result, 64, "%s", xu_val_get_str(v, "result", ""));
}

static void
log_in(char session[64])
{
	char code[64];

	call("session.login_with_password", "\"ann\",\"right\"", code, session);
	ck_assert_str_eq(code, "");
}

/* ---- tests ------------------------------------------------------------------------------ */

START_TEST(who_may_ask)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	char session[64], text[160];

	ck_assert_int_eq(get("/metrics", "", &b), 401);
	ck_assert_ptr_nonnull(strstr(xu_buf_text(&b), "WWW-Authenticate: Basic "));
	ck_assert_int_eq(get("/metrics?session_id=x", "", &b), 401);
	ck_assert_int_eq(get("/metrics", "Cookie: session_id=x\r\n", &b), 401);
	ck_assert_int_eq(get("/metrics", "Authorization: Basic !\r\n", &b), 401);
	ck_assert_int_eq(get("/metrics", "Authorization: Bearer x\r\n", &b), 401);
	ck_assert_str_eq(asked, "");
	ck_assert_int_eq(get("/metrics", BASIC_RIGHT, &b), 200);
	ck_assert_str_eq(by, "ann");
	ck_assert_str_eq(as, "read-only");
	log_in(session);
	snprintf(text, sizeof(text), "/metrics?session_id=%s", session);
	ck_assert_int_eq(get(text, "", &b), 200);
	snprintf(text, sizeof(text), "Cookie: a=b; session_id=%s\r\n", session);
	ck_assert_int_eq(get("/metrics", text, &b), 200);
	ck_assert_int_eq(get("/nothing", BASIC_RIGHT, &b), 404);
	/* Guesses cost what they cost of a login. */
	ck_assert_int_eq(get("/metrics", BASIC_WRONG, &b), 401);
	ck_assert_int_eq(get("/metrics", BASIC_WRONG, &b), 401);
	asked[0] = '\0';
	ck_assert_int_eq(get("/metrics", BASIC_RIGHT, &b), 401);
	ck_assert_str_eq(asked, "");
}
END_TEST

START_TEST(a_monitor_understands)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT, out = XU_BUF_INIT;
	char name[] = "/tmp/test_api_get.XXXXXX", command[400], line[400];
	int fd = mkstemp(name);
	FILE *f;

	ck_assert_int_eq(get("/metrics", BASIC_RIGHT, &b), 200);
	ck_assert_ptr_nonnull(strstr(xu_buf_text(&b),
	    "Content-Type: application/openmetrics-text; version=1.0.0; "
	    "charset=utf-8\r\n"));
	ck_assert_int_eq(
	    xu_fd_write(fd, body_of(&b), strlen(body_of(&b))), 0);
	close(fd);
	snprintf(command, sizeof(command),
	    "/usr/bin/python3 " OPENMETRICS " %s xld_domain_cpu_seconds "
	    "xld_host xld_api_requests xld_api_connections 2>&1", name);
	f = popen(command, "r");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL)
		xu_buf_adds(&out, line);
	ck_assert_msg(pclose(f) == 0, "%s", xu_buf_text(&out));
	unlink(name);
	ck_assert_msg(strstr(xu_buf_text(&out), "xld_domain_cpu_seconds_total "
	    "name='a\"b\\\\c\\nd\xef\xbf\xbd' 0.1\n") != NULL, "%s",
	    xu_buf_text(&out));
	ck_assert_ptr_nonnull(
	    strstr(xu_buf_text(&out), "xld_api_requests_total 1\n"));
	ck_assert_ptr_null(strstr(xu_buf_text(&out), "other"));
}
END_TEST

START_TEST(figures_as_others_have_them)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;

	ck_assert_int_eq(get("/rrd_updates?start=-15&cf=MAX&host=true&interval=60"
	    "&vm_uuid=u", BASIC_RIGHT, &b), 200);
	ck_assert_str_eq(asked, "rrd.updates");
	ck_assert_int_eq(xu_val_get_int(told, "start", 0), -15);
	ck_assert_int_eq(xu_val_get_int(told, "interval", 0), 60);
	ck_assert_str_eq(xu_val_get_str(told, "cf", ""), "MAX");
	ck_assert_str_eq(xu_val_get_str(told, "guest", ""), "u");
	ck_assert(xu_val_get_bool(told, "host", false));
	ck_assert_ptr_nonnull(strstr(xu_buf_text(&b),
	    "Content-Type: text/xml\r\n"));
	ck_assert_str_eq(body_of(&b),
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
	    "<xport><meta><start>990</start><step>5</step><end>1000</end>"
	    "<rows>2</rows><columns>2</columns><legend>"
	    "<entry>MAX:host:h:pif_&#60;&#38;\"_rx</entry>"
	    "<entry>MAX:vm:u:cpu0</entry></legend></meta><data>"
	    "<row><t>1000</t><v>0.5</v><v>NaN</v></row>"
	    "<row><t>995</t><v>68719476736.0</v><v>0.33333333</v></row>"
	    "</data></xport>");
	ck_assert_int_eq(get("/rrd_updates?start=7&json=true", BASIC_RIGHT, &b),
	    200);
	ck_assert_str_eq(xu_val_get_str(told, "guest", ""), "all");
	ck_assert(!xu_val_get_bool(told, "host", true));
	ck_assert_str_eq(body_of(&b),
	    "{\"meta\":{\"start\":990,\"step\":5,\"end\":1000,\"rows\":2,"
	    "\"columns\":2,\"legend\":[\"MAX:host:h:pif_<&\\u0022_rx\","
	    "\"MAX:vm:u:cpu0\"]},\"data\":["
	    "{\"t\":1000,\"values\":[\"0.5\",\"NaN\"]},"
	    "{\"t\":995,\"values\":[\"68719476736.0\",\"0.33333333\"]}]}");
	ck_assert_int_eq(get("/rrd_updates", BASIC_RIGHT, &b), 400);
	ck_assert_int_eq(get("/rrd_updates?start=1x", BASIC_RIGHT, &b), 400);
	ck_assert_int_eq(get("/rrd_updates?start=1&interval=-1", BASIC_RIGHT,
	    &b), 400);
	ck_assert_int_eq(get("/rrd_updates?start=99999999999999999999",
	    BASIC_RIGHT, &b), 400);
}
END_TEST

START_TEST(all_of_one_object)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	const char *whole =
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
	    "<rrd><version>0003</version><step>5</step>"
	    "<lastupdate>1001</lastupdate><ds><name>cpu0</name>"
	    "<type>DERIVE</type><minimal_heartbeat>30</minimal_heartbeat>"
	    "<min>0.0</min><max>inf</max><last_ds>NaN</last_ds>"
	    "<value>2.5</value><unknown_sec>1</unknown_sec></ds>"
	    "<rra><cf>MIN</cf><pdp_per_row>12</pdp_per_row>"
	    "<params><xff>0.5</xff></params><cdp_prep><ds>"
	    "<primary_value>0.0</primary_value>"
	    "<secondary_value>0.0</secondary_value><value>4.0</value>"
	    "<unknown_datapoints>3</unknown_datapoints></ds></cdp_prep>"
	    "<database><row><v>7.0</v></row><row><v>NaN</v></row></database>"
	    "</rra></rrd>";

	ck_assert_int_eq(get("/vm_rrd?uuid=u", BASIC_RIGHT, &b), 200);
	ck_assert_str_eq(body_of(&b), whole);
	ck_assert_int_eq(get("/host_rrd", BASIC_RIGHT, &b), 200);
	ck_assert_str_eq(asked, "rrd.host");
	ck_assert_str_eq(body_of(&b), whole);
	ck_assert_int_eq(get("/host_rrd?json=true", BASIC_RIGHT, &b), 200);
	ck_assert_str_eq(body_of(&b),
	    "{\"version\":\"0003\",\"step\":5,\"lastupdate\":1001,\"ds\":[{"
	    "\"name\":\"cpu0\",\"type\":\"DERIVE\",\"minimal_heartbeat\":30,"
	    "\"min\":\"0.0\",\"max\":\"inf\",\"last_ds\":\"NaN\","
	    "\"value\":\"2.5\",\"unknown_sec\":1}],\"rra\":[{\"cf\":\"MIN\","
	    "\"pdp_per_row\":12,\"params\":{\"xff\":\"0.5\"},"
	    "\"cdp_prep\":{\"ds\":[{\"primary_value\":\"0.0\","
	    "\"secondary_value\":\"0.0\",\"value\":\"4.0\","
	    "\"unknown_datapoints\":3}]},\"database\":[[\"7.0\"],[\"NaN\"]]}]}");
	ck_assert_int_eq(get("/vm_rrd", BASIC_RIGHT, &b), 400);
	ck_assert_int_eq(get("/vm_rrd?uuid=x", BASIC_RIGHT, &b), 404);
}
END_TEST

START_TEST(logs_for_those_who_may)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;

	ck_assert_int_eq(get("/host_logs_download", BASIC_RIGHT, &b), 403);
	ck_assert_str_eq(asked, "host.logs");
	role = "pool-operator";
	ck_assert_int_eq(get("/host_logs_download", BASIC_RIGHT, &b), 200);
	ck_assert_ptr_nonnull(strstr(xu_buf_text(&b),
	    "Content-Type: application/x-tar\r\n"));
	ck_assert_uint_eq(strspn(body_of(&b), "l"), LOGS_SIZE);
}
END_TEST

START_TEST(a_password_is_changed)
{
	char s[64], code[64], result[64], params[160];

	log_in(s);
	snprintf(params, sizeof(params), "\"%s\",\"right\",\"better\"", s);
	call("session.change_password", params, code, result);
	ck_assert_str_eq(code, "");
	ck_assert_str_eq(asked, "access.password");
	snprintf(params, sizeof(params), "\"%s\",\"right\",\"123\"", s);
	call("session.change_password", params, code, result);
	ck_assert_str_eq(code, "CHANGE_PASSWORD_REJECTED");
	/* The old one is guessed at no faster than with a login. */
	snprintf(params, sizeof(params), "\"%s\",\"wrong\",\"better\"", s);
	call("session.change_password", params, code, result);
	ck_assert_str_eq(code, "SESSION_AUTHENTICATION_FAILED");
	call("session.change_password", params, code, result);
	asked[0] = '\0';
	call("session.change_password", params, code, result);
	ck_assert_str_eq(code, "SESSION_AUTHENTICATION_FAILED");
	ck_assert_str_eq(asked, "");
	call("session.change_password", "\"x\",\"right\",\"y\"", code, result);
	ck_assert_str_eq(code, "SESSION_INVALID");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("api_get");
	TCase *tc = tcase_create("all");
	SRunner *sr = srunner_create(s);
	int bad;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, who_may_ask);
	tcase_add_test(tc, a_monitor_understands);
	tcase_add_test(tc, figures_as_others_have_them);
	tcase_add_test(tc, all_of_one_object);
	tcase_add_test(tc, logs_for_those_who_may);
	tcase_add_test(tc, a_password_is_changed);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	bad = srunner_ntests_failed(sr);
	srunner_free(sr);
	return bad == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
