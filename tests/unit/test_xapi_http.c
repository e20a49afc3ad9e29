/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xld-api, the program, over its real sockets: libxenapi and hand-written HTTP
 * on one side, on the other a scripted peer of its channel that echoes calls,
 * runs one task and hands out console streams.
 */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "api_peer.h"
#include "xapi_rpc.h"
#include "xenapi.h"
#include "xu_proc.h"

#define HISTORY_BIG 300000

static char url[80];
static struct xapi *x;
static struct xapi_err e;

/* ---- the scripted peer -------------------------------------------------------- */

static void
ok(const struct xu_msg *m, struct xu_val *v)
{
	peer_reply(m, "ok", v, NULL);
}

static struct xu_val *
task_record(const char *status)
{
	struct xu_val *r = xu_struct(), *oc = xu_struct();

	xu_val_set(oc, "step", xu_str("build memory"));
	xu_val_set(r, "uuid", xu_str("task-1"));
	xu_val_set(r, "status", xu_str(status));
	xu_val_set(r, "progress", xu_int(50));
	xu_val_set(r, "result", xu_str("done"));
	xu_val_set(r, "error_info", xu_array());
	xu_val_set(r, "other_config", oc);
	return r;
}

static void *
console_end(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char buf[4096];
	ssize_t n;

	/* More than any buffer on the way, then an echo. */
	memset(buf, 'h', sizeof(buf));
	for (size_t left = HISTORY_BIG; left > 0; left -= (size_t)n) {
		n = send(fd, buf, left < sizeof(buf) ? left : sizeof(buf),
		    MSG_NOSIGNAL);
		if (n < 0)
			break;
	}
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		if (memchr(buf, 'Q', (size_t)n) != NULL)
			break;
		if (send(fd, buf, (size_t)n, MSG_NOSIGNAL) < 0)
			break;
	}
	close(fd);
	return NULL;
}

static void
open_console(const struct xu_msg *m)
{
	AUTO_VAL struct xu_val *r = xu_struct();
	pthread_t t;
	int sv[2];

	xu_socketpair(sv, false);
	xu_val_set(r, "ok", xu_str(""));
	peer_tell(XU_MSG_REPLY, m->id, r, &sv[1], 1);
	close(sv[1]);
	pthread_create(&t, NULL, console_end, (void *)(intptr_t)sv[0]);
	pthread_detach(t);
}

static void
vms(const struct xu_msg *m, bool metrics)
{
	struct xu_val *all = xu_struct(), *r, *set;
	char name[16];

	for (int i = 0; i < 3; i++) {
		r = xu_struct();
		snprintf(name, sizeof(name), "%s%d", metrics ? "m" : "vm", i);
		xu_val_set(r, "uuid", xu_str(name));
		if (metrics) {
			set = xu_array();
			xu_val_add(set, xu_str("blocked"));
			xu_val_set(r, "state", set);
			xu_val_set(r, "memory_actual", xu_int(1 << 20));
			xu_val_set(r, "VCPUs_number", xu_int(2));
			xu_val_set(r, "cpu_time", xu_float(1.5));
		} else {
			xu_val_set(r, "name_label", xu_str(name));
			xu_val_set(r, "domid", xu_int(i == 0 ? -1 : 9 - i));
			xu_val_set(r, "metrics", xu_strf("m%d", i));
			xu_val_set(r, "memory_static_max", xu_int(4 << 20));
		}
		xu_val_set(all, name, r);
	}
	ok(m, all);
}

static void
answer(const struct xu_msg *m)
{
	const char *method = xu_val_get_str(m->val, "method", "");
	const struct xu_val *params = xu_val_get(m->val, "params");
	struct xu_val *v;

	if (strcmp(method, "console.open") == 0) {
		open_console(m);
	} else if (strcmp(method, "console.history") == 0) {
		ok(m, xu_strn("a\0b", 3));
	} else if (strcmp(method, "VM.get_all_records") == 0) {
		vms(m, false);
	} else if (strcmp(method, "VM_metrics.get_all_records") == 0) {
		vms(m, true);
	} else if (strcmp(method, "host.get_all") == 0) {
		v = xu_array();
		xu_val_add(v, xu_str("the-host"));
		ok(m, v);
	} else if (strcmp(method, "task.get_record") == 0) {
		ok(m, task_record("pending"));
		peer_event("task", "mod", "task-1", task_record("pending"));
		peer_event("task", "mod", "task-1", task_record("success"));
	} else if (xu_val_get_bool(m->val, "async", false)) {
		ok(m, xu_str("task-1"));
	} else if (strcmp(method, "VM.unpause") == 0) {
		for (int i = 0; i < 3000; i++)
			peer_event("VM", "mod", "vm1", NULL);
		ok(m, xu_void());
	} else if (strcmp(method, "VM.pause") == 0) {
		peer_event("VM", "mod", "vm1", NULL);
		ok(m, xu_void());
	} else if (strcmp(method, "VM.hard_shutdown") == 0) {
		v = xu_array();
		xu_val_add(v, xu_str("VM_BAD_POWER_STATE"));
		xu_val_add(v, xu_val_copy(xu_val_at(params, 0)));
		xu_val_add(v, xu_str("Running"));
		xu_val_add(v, xu_str("Halted"));
		peer_reply(m, "error", v,
		    "web: needs 100% more \xc3\xa4pfel");
	} else {
		ok(m, xu_val_copy(m->val));
	}
}

/* ---- setting up ---------------------------------------------------------------- */

static void
setup(void)
{
	peer_start(XLD_API, NULL, answer);
	snprintf(url, sizeof(url), "unix:%s", peer.path);
	x = xapi_open(url, &e);
	ck_assert_msg(x != NULL, "%s", e.message);
	ck_assert_msg(xapi_login(x, "root", NULL, &e) == 0, "%s", e.message);
}

/* It ends by itself, without a leak or a crash, when the core goes. */
static void
teardown(void)
{
	int status;

	xapi_close(x);
	status = peer_stop(true);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	    "status %x", (unsigned)status);
}

static void
fails(struct xapi_value *v, const char *code)
{
	ck_assert_msg(v == NULL, "it works");
	ck_assert_str_eq(e.code, code);
	ck_assert_str_ne(e.message, "");
}

/* ---- tests ----------------------------------------------------------------------- */

START_TEST(arguments_arrive_typed)
{
	struct xapi_value *v =
	    xapi_call(x, &e, "VM.start", "si", "OpaqueRef:abc", 1LL);
	const struct xapi_value *p;

	ck_assert_msg(v != NULL, "%s", e.message);
	ck_assert_str_eq(xapi_get_str(v, "method"), "VM.start");
	ck_assert_str_eq(xapi_get_str(v, "user"), "root");
	ck_assert_str_eq(xapi_get_str(v, "role"), "pool-admin");
	ck_assert_str_eq(xapi_get_str(v, "session"), xapi_session(x));
	p = xapi_get(v, "params");
	ck_assert_uint_eq(xapi_count(p), 2);
	ck_assert_str_eq(xapi_str(xapi_at(p, 0)), "abc");
	ck_assert_int_eq(xapi_type(xapi_at(p, 1)), XAPI_BOOL);
	xapi_free(v);
	v = xapi_call(x, &e, "VM_metrics_get_record", "s", "OpaqueRef:NULL");
	ck_assert_str_eq(xapi_get_str(v, "method"), "VM_metrics.get_record");
	ck_assert_str_eq(xapi_str(xapi_at(xapi_get(v, "params"), 0)), "");
	xapi_free(v);
}
END_TEST

START_TEST(record_fields_get_their_types)
{
	struct xapi_value *r = xapi_new_struct(), *v;
	const struct xapi_value *p;

	xapi_set(r, "name_label", xapi_new_str("web"));
	xapi_set(r, "memory_static_max", xapi_new_str("1048576"));
	xapi_set(r, "memory_static_min", xapi_new_str(""));
	xapi_set(r, "is_a_template", xapi_new_int(0));
	xapi_set(r, "no_such_field", xapi_new_int(7));
	v = xapi_call(x, &e, "VM.create", "v", xapi_copy(r));
	ck_assert_msg(v != NULL, "%s", e.message);
	p = xapi_at(xapi_get(v, "params"), 0);
	ck_assert_str_eq(xapi_get_str(p, "name_label"), "web");
	ck_assert_int_eq(xapi_get_int(p, "memory_static_max"), 1048576);
	ck_assert_int_eq(xapi_type(xapi_get(p, "is_a_template")), XAPI_BOOL);
	ck_assert_ptr_null(xapi_get(p, "memory_static_min"));
	ck_assert_ptr_null(xapi_get(p, "no_such_field"));
	xapi_free(v);
	xapi_set(r, "memory_static_max", xapi_new_str("lots"));
	fails(xapi_call(x, &e, "VM.create", "v", r), "FIELD_TYPE_ERROR");
	ck_assert_str_eq(e.params[0], "memory_static_max");
}
END_TEST

static int
raw(const char *bytes, size_t len)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(sa.sun_path, peer.path, sizeof(peer.path));
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n < 0)
			break;
		bytes += n;
		len -= (size_t)n;
	}
	return fd;
}

/* What comes until `want` bytes are there or the server closes. */
static void
slurp(int fd, struct xu_buf *out, size_t want)
{
	char buf[8192];
	ssize_t n;

	while (out->len < want && (n = read(fd, buf, sizeof(buf))) > 0)
		xu_buf_add(out, buf, (size_t)n);
}

static void
answers(const char *url_path, const char *body, const char *with)
{
	AUTO_BUF struct xu_buf out = XU_BUF_INIT, in = XU_BUF_INIT;
	int fd;

	xu_buf_addf(&out, "POST %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
		"Content-Length: %zu\r\n\r\n%s", url_path, strlen(body), body);
	fd = raw(out.data, out.len);
	slurp(fd, &in, 100000);
	ck_assert_msg(strstr(xu_buf_text(&in), with) != NULL, "%s",
	    xu_buf_text(&in));
	close(fd);
}

static void
has_ended(const char *session)
{
	AUTO_BUF struct xu_buf body = XU_BUF_INIT;

	xu_buf_addf(&body, "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": "
		"\"VM.get_all\", \"params\": [\"%s\"]}", session);
	answers("/jsonrpc-classic", xu_buf_text(&body), "SESSION_INVALID");
}

START_TEST(errors_before_the_core)
{
	fails(xapi_call(x, &e, "VM.no_such", ""), "MESSAGE_METHOD_UNKNOWN");
	ck_assert_str_eq(e.params[0], "VM.no_such");
	ck_assert_int_eq(e.exit_code, 2);
	fails(xapi_call(x, &e, "Async.VM.get_uuid", "s", "a"),
	    "MESSAGE_METHOD_UNKNOWN");
	fails(xapi_call(x, &e, "VM.start", "s", "abc"),
	    "MESSAGE_PARAMETER_COUNT_MISMATCH");
	ck_assert_int_eq(e.nparams, 3);
	ck_assert_str_eq(e.params[1], "3");
	ck_assert_str_eq(e.params[2], "2");
	fails(xapi_call(x, &e, "VM.start", "ss", "abc", "maybe"),
	    "FIELD_TYPE_ERROR");
	has_ended("nobody");
}
END_TEST

START_TEST(the_core_s_error_and_sentence)
{
	fails(xapi_call(x, &e, "VM.hard_shutdown", "s", "abc"),
	    "VM_BAD_POWER_STATE");
	ck_assert_int_eq(e.nparams, 3);
	ck_assert_str_eq(e.params[0], "abc");
	ck_assert_str_eq(e.message, "web: needs 100% more \xc3\xa4pfel");
	ck_assert_int_eq(e.exit_code, 4);
}
END_TEST

START_TEST(sessions)
{
	struct xapi_value *v = xapi_call(x, &e, "session.get_record", "s",
	    xapi_session(x));
	char old[64];

	ck_assert_str_eq(xapi_get_str(v, "uuid"), xapi_session(x));
	ck_assert_str_eq(xapi_get_str(v, "this_host"), "the-host");
	ck_assert_str_eq(xapi_get_str(v, "this_user"), "root");
	ck_assert_uint_eq(strlen(xapi_get_str(v, "last_active")), 18);
	xapi_free(v);
	v = xapi_call(x, &e, "session.get_this_host", "s", xapi_session(x));
	ck_assert_str_eq(xapi_str(v), "the-host");
	xapi_free(v);
	fails(xapi_call(x, &e, "session.get_uuid", "s", "somebody-else"),
	    "PERMISSION_DENIED");
	snprintf(old, sizeof(old), "%s", xapi_session(x));
	ck_assert_int_eq(xapi_logout(x, &e), 0);
	has_ended(old);
	ck_assert_int_eq(xapi_login(x, "root", "whatever", &e), 0);
	ck_assert_str_ne(old, xapi_session(x));
	/* As later clients log in. */
	v = xapi_call(x, &e, "session.login_with_password", "ssss", "root",
	    "", "1.3", "me");
	ck_assert_uint_eq(strlen(xapi_str(v)), 36);
	xapi_free(v);
	fails(xapi_call(x, &e, "session.login_with_password", "s", "root"),
	    "MESSAGE_PARAMETER_COUNT_MISMATCH");
}
END_TEST

START_TEST(session_limit_drops_the_oldest)
{
	struct xapi_value *v;

	for (int i = 0; i < 500; i++) {
		v = xapi_call(x, &e, "session.login_with_password", "ss",
		    "root", "");
		ck_assert_msg(v != NULL, "%s", e.message);
		xapi_free(v);
	}
	has_ended(xapi_session(x));
}
END_TEST

/* The connection's own: no login, nothing that others see, gone with it. */
START_TEST(a_session_without_login)
{
	struct xapi *y = xapi_open(url, &e);
	struct xapi_value *v;

	ck_assert_ptr_nonnull(y);
	ck_assert_int_eq(xapi_login(y, NULL, NULL, &e), 0);
	ck_assert_str_eq(xapi_session(y), "");
	v = xapi_call(y, &e, "VM.start", "si", "abc", 1LL);
	ck_assert_msg(v != NULL, "%s", e.message);
	ck_assert_str_eq(xapi_get_str(v, "user"), "root");
	ck_assert_str_eq(xapi_get_str(v, "role"), "pool-admin");
	ck_assert_uint_eq(strlen(xapi_get_str(v, "session")), 36);
	has_ended(xapi_get_str(v, "session"));
	xapi_free(v);
	v = xapi_call(y, &e, "session.get_record", "s", "");
	ck_assert_str_eq(xapi_get_str(v, "this_user"), "root");
	xapi_free(v);
	/* As many as there are connections, whoever logs in besides. */
	for (int i = 0; i < 500; i++)
		ck_assert_int_eq(xapi_do(x, &e, "session.login_with_password",
		    "ss", "root", ""), 0);
	ck_assert_int_eq(xapi_event_register(y, "vm", &e), 0);
	ck_assert_int_eq(xapi_do(y, &e, "session.logout", ""), 0);
	ck_assert_int_eq(xapi_do(y, &e, "VM.pause", "s", "vm1"), 0);
	v = xapi_event_next(y, 0, &e);
	ck_assert_uint_eq(xapi_count(v), 1);
	xapi_free(v);
	xapi_close(y);
	/* Elsewhere no session is no session. */
	answers("/RPC2", "<methodCall><methodName>VM.get_all</methodName><params>"
		"<param><value></value></param></params></methodCall>",
	    "SESSION_INVALID");
	answers("/jsonrpc", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
		"\"VM.get_all\",\"params\":[\"\"]}", "SESSION_INVALID");
}
END_TEST

static int steps;

static void
on_progress(void *arg, double progress, const char *step)
{
	ck_assert_ptr_eq(arg, &steps);
	ck_assert_double_eq(progress, 0.5);
	ck_assert_str_eq(step, "build memory");
	steps++;
}

START_TEST(a_task_is_waited_for)
{
	struct xapi_value *v = xapi_run(x, &e, on_progress, &steps,
	    "VM.start", "sb", "abc", 0);

	ck_assert_msg(v != NULL, "%s: %s", e.code, e.message);
	ck_assert_str_eq(xapi_str(v), "done");
	ck_assert_int_ge(steps, 1);
	xapi_free(v);
}
END_TEST

START_TEST(events)
{
	struct xapi_value *v;

	fails(xapi_event_next(x, 0, &e), "SESSION_NOT_REGISTERED");
	ck_assert_int_eq(xapi_event_register(x, "vm host", &e), 0);
	fails(xapi_event_next(x, 50, &e), "XLD_TIMEOUT");
	ck_assert_int_eq(xapi_do(x, &e, "VM.pause", "s", "vm1"), 0);
	v = xapi_event_next(x, 0, &e);
	ck_assert_uint_eq(xapi_count(v), 1);
	ck_assert_str_eq(xapi_get_str(xapi_at(v, 0), "class"), "VM");
	ck_assert_str_eq(xapi_get_str(xapi_at(v, 0), "operation"), "mod");
	ck_assert_str_eq(xapi_get_str(xapi_at(v, 0), "ref"), "vm1");
	xapi_free(v);
	ck_assert_int_eq(xapi_event_unregister(x, "VM", &e), 0);
	ck_assert_int_eq(xapi_do(x, &e, "VM.pause", "s", "vm1"), 0);
	fails(xapi_event_next(x, 50, &e), "XLD_TIMEOUT");
	/* More than are kept. */
	ck_assert_int_eq(xapi_event_register(x, "", &e), 0);
	ck_assert_int_eq(xapi_do(x, &e, "VM.unpause", "s", "vm1"), 0);
	fails(xapi_event_next(x, 0, &e), "EVENTS_LOST");
	ck_assert_int_eq(xapi_do(x, &e, "VM.pause", "s", "vm1"), 0);
	v = xapi_event_next(x, 0, &e);
	ck_assert_uint_eq(xapi_count(v), 1);
	xapi_free(v);
	/* Nothing left to wait for. */
	ck_assert_int_eq(xapi_event_unregister(x, "", &e), 0);
	fails(xapi_event_next(x, 0, &e), "SESSION_NOT_REGISTERED");
}
END_TEST

static int
post(const char *method, const char *arg)
{
	AUTO_BUF struct xu_buf body = XU_BUF_INIT, all = XU_BUF_INIT;
	AUTO_VAL struct xu_val *args = xu_array();

	xu_val_add(args, xu_str(arg));
	xrpc_write_call(&body, method, args);
	xu_buf_addf(&all,
	    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n%s",
	    body.len, body.data);
	return raw(all.data, all.len);
}

START_TEST(waiting_clients_may_leave)
{
	AUTO_BUF struct xu_buf in = XU_BUF_INIT;
	struct pollfd p;
	int fds[20];

	ck_assert_int_eq(xapi_event_register(x, "VM", &e), 0);
	for (size_t i = 0; i < XU_ARRAY_SIZE(fds); i++)
		fds[i] = post("event.next", xapi_session(x));
	for (size_t i = 1; i < XU_ARRAY_SIZE(fds); i++)
		close(fds[i]);
	ck_assert_int_eq(xapi_do(x, &e, "VM.pause", "s", "vm1"), 0);
	slurp(fds[0], &in, 500);
	ck_assert_ptr_nonnull(strstr(xu_buf_text(&in), "vm1"));
	close(fds[0]);
	/* The end of the session ends the wait. */
	fds[0] = post("event.next", xapi_session(x));
	p = (struct pollfd){ .fd = fds[0], .events = POLLIN };
	ck_assert_int_eq(poll(&p, 1, 100), 0);
	ck_assert_int_eq(xapi_logout(x, &e), 0);
	xu_buf_reset(&in);
	slurp(fds[0], &in, 400);
	ck_assert_ptr_nonnull(strstr(xu_buf_text(&in), "SESSION_INVALID"));
	close(fds[0]);
}
END_TEST

START_TEST(typed_list)
{
	struct xapi_vm_list *l = xapi_vm_list(x, &e);

	ck_assert_msg(l != NULL, "%s", e.message);
	ck_assert_uint_eq(l->count, 3);
	ck_assert_str_eq(l->vms[0].name, "vm2");
	ck_assert_int_eq(l->vms[0].domid, 7);
	ck_assert_int_eq(l->vms[0].memory, 1 << 20);
	ck_assert_int_eq(l->vms[0].vcpus, 2);
	ck_assert_str_eq(l->vms[0].state, "-b----");
	ck_assert_double_eq(l->vms[0].cpu_time, 1.5);
	ck_assert_str_eq(l->vms[2].name, "vm0");
	ck_assert_int_eq(l->vms[2].domid, -1);
	ck_assert_int_eq(l->vms[2].memory, 4 << 20);
	xapi_vm_list_free(l);
}
END_TEST

START_TEST(console_both_ways)
{
	AUTO_BUF struct xu_buf in = XU_BUF_INIT;
	int fd = xapi_console(x, "abc", XAPI_CONSOLE_HISTORY, &e);

	ck_assert_msg(fd >= 0, "%s", e.message);
	slurp(fd, &in, HISTORY_BIG);
	ck_assert_uint_eq(in.len, HISTORY_BIG);
	ck_assert_int_eq(write(fd, "hello", 5), 5);
	xu_buf_reset(&in);
	slurp(fd, &in, 5);
	ck_assert_str_eq(xu_buf_text(&in), "hello");
	/* The guest's end arrives. */
	ck_assert_int_eq(write(fd, "Q", 1), 1);
	slurp(fd, &in, 100);
	ck_assert_uint_eq(in.len, 5);
	close(fd);
}
END_TEST

START_TEST(console_slow_and_readonly)
{
	AUTO_BUF struct xu_buf in = XU_BUF_INIT;
	int slow = xapi_console(x, "abc", 0, &e), ro;

	/* Nobody reads this one; all else goes on. */
	ck_assert_int_ge(slow, 0);
	ck_assert_int_eq(xapi_do(x, &e, "VM.pause", "s", "vm1"), 0);
	ro = xapi_console(x, "abc", XAPI_CONSOLE_READONLY, &e);
	ck_assert_int_ge(ro, 0);
	ck_assert_int_eq(write(ro, "QQQQ", 4), 4);
	slurp(ro, &in, HISTORY_BIG);
	ck_assert_uint_eq(in.len, HISTORY_BIG);
	close(ro);
	close(slow);
}
END_TEST

START_TEST(console_history)
{
	size_t len = 0;
	char *s = xapi_console_log(x, "abc", &len, &e);

	ck_assert_msg(s != NULL, "%s", e.message);
	ck_assert_uint_eq(len, 3);
	ck_assert_int_eq(memcmp(s, "a\0b", 4), 0);
	free(s);
	ck_assert_int_lt(xapi_console(x, "a&b=c", 0, &e), 0);
	ck_assert_str_eq(e.code, "XLD_USAGE");
}
END_TEST

/* 000: hung up without a word. */
static void
status_is(const char *bytes, size_t len, const char *want)
{
	AUTO_BUF struct xu_buf in = XU_BUF_INIT;
	int fd = raw(bytes, len);

	slurp(fd, &in, 12);
	if (in.len == 0)
		xu_buf_adds(&in, "HTTP/-.- 000");
	ck_assert_msg(in.len >= 12 && strncmp(in.data + 9, want, 3) == 0,
	    "%.30s is answered with '%.60s', not %s", bytes,
	    xu_buf_text(&in), want);
	close(fd);
}

START_TEST(http_limits)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	struct xapi_value *big;
	static const char *const rows[][2] = {
		{ "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "404" },
		{ "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
		    "405" },
		{ "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n"
		  "\r\n",
		    "413" },
		{ "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
		    "200" },
		{ "GET /console?session_id=x HTTP/1.1\r\nHost: h\r\n\r\n",
		    "401" },
		{ "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n",
		    "400" },
		/* Not HTTP: no answer, only the end. */
		{ "rubbish\r\n\r\n", "000" },
	};

	for (size_t i = 0; i < XU_ARRAY_SIZE(rows); i++)
		status_is(rows[i][0], strlen(rows[i][0]), rows[i][1]);
	/* No announced length: found out on the way. */
	xu_buf_adds(&b, "POST / HTTP/1.1\r\nHost: h\r\n"
			"Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 100; i++)
		xu_buf_addf(&b, "1000\r\n%04096d\r\n", 0);
	xu_buf_adds(&b, "0\r\n\r\n");
	status_is(b.data, b.len, "413");
	/* The client's own view of it, and life after. */
	xu_buf_reset(&b);
	for (int i = 0; i < 400000; i++)
		xu_buf_addc(&b, 'x');
	big = xapi_call(x, &e, "VM.get_by_name_label", "s", b.data);
	ck_assert_ptr_null(big);
	ck_assert_int_eq(xapi_do(x, &e, "VM.pause", "s", "vm1"), 0);
}
END_TEST

START_TEST(pipelined_and_introspection)
{
	AUTO_BUF struct xu_buf one = XU_BUF_INIT, two = XU_BUF_INIT,
			       in = XU_BUF_INIT;
	struct xapi_value *v;
	bool found = false;
	int fd;

	xrpc_write_call(&one, "system.methodHelp", NULL);
	xu_buf_addf(&two,
	    "POST /RPC2 HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n%s",
	    one.len, one.data);
	xu_buf_addf(&two,
	    "POST /RPC2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
	    "Content-Length: %zu\r\n\r\n%s",
	    one.len, one.data);
	fd = raw(two.data, two.len);
	slurp(fd, &in, SIZE_MAX);
	close(fd);
	ck_assert_ptr_nonnull(strstr(in.data, "</methodResponse>HTTP/1.1 200"));
	v = xapi_call(x, &e, "system.listMethods", "");
	ck_assert_uint_gt(xapi_count(v), 100);
	for (size_t i = 0; i < xapi_count(v); i++)
		found |= strcmp(xapi_str(xapi_at(v, i)), "VM.start") == 0;
	ck_assert(found);
	xapi_free(v);
}
END_TEST

START_TEST(a_kept_connection_that_died)
{
	struct xapi_err own;
	struct xapi *none;

	ck_assert_int_eq(xapi_do(x, &e, "VM.pause", "s", "vm1"), 0);
	none = xapi_open("unix:/nonexistent/x.sock", &own);
	ck_assert_ptr_null(none);
	ck_assert_int_eq(own.exit_code, 75);
	ck_assert_int_eq(own.errnum, ENOENT);
	none = xapi_open("gopher://x", &own);
	ck_assert_ptr_null(none);
	ck_assert_str_eq(own.code, "XLD_BAD_URL");
}
END_TEST

START_TEST(many_idle_connections)
{
	int fds[200];

	for (size_t i = 0; i < XU_ARRAY_SIZE(fds); i++)
		fds[i] = raw("POST / HTTP/1.1\r\n", 17);
	ck_assert_int_eq(xapi_do(x, &e, "VM.pause", "s", "vm1"), 0);
	for (size_t i = 0; i < XU_ARRAY_SIZE(fds); i++)
		close(fds[i]);
	ck_assert_int_eq(xapi_do(x, &e, "VM.pause", "s", "vm1"), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("xapi_http");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, arguments_arrive_typed);
	tcase_add_test(tc, record_fields_get_their_types);
	tcase_add_test(tc, errors_before_the_core);
	tcase_add_test(tc, the_core_s_error_and_sentence);
	tcase_add_test(tc, sessions);
	tcase_add_test(tc, session_limit_drops_the_oldest);
	tcase_add_test(tc, a_session_without_login);
	tcase_add_test(tc, a_task_is_waited_for);
	tcase_add_test(tc, events);
	tcase_add_test(tc, waiting_clients_may_leave);
	tcase_add_test(tc, typed_list);
	tcase_add_test(tc, console_both_ways);
	tcase_add_test(tc, console_slow_and_readonly);
	tcase_add_test(tc, console_history);
	tcase_add_test(tc, http_limits);
	tcase_add_test(tc, pipelined_and_introspection);
	tcase_add_test(tc, a_kept_connection_that_died);
	tcase_add_test(tc, many_idle_connections);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
