/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * HTTP: libmicrohttpd, driven by our loop through its epoll descriptor. A
 * request that must wait (for the core, for an event) suspends its connection;
 * answering it wakes the connection again.
 */
#include "config.h"

#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "api.h"
#include "xapi_rpc.h"
#include "xu_log.h"
#include "xu_proc.h"

static void http_timer(uv_timer_t *t);

/* Lets it work, and notes when it wants to be called at the latest. */
static void
run(struct api *a)
{
	MHD_UNSIGNED_LONG_LONG ms;

	a->http_resumed = false;
	MHD_run(a->http);
	if (a->http_resumed)
		uv_timer_start(&a->http_timer, http_timer, 0, 0);
	else if (MHD_get_timeout(a->http, &ms) == MHD_YES)
		uv_timer_start(&a->http_timer, http_timer, ms, 0);
	else
		uv_timer_stop(&a->http_timer);
}

static void
http_timer(uv_timer_t *t)
{
	run(t->data);
}

static void
http_ready(uv_poll_t *h, int status XU_UNUSED, int events XU_UNUSED)
{
	run(h->data);
}

/* Not from here: we may be inside of a run. */
void
api_http_wake(struct api *a)
{
	a->http_resumed = true;
	uv_timer_start(&a->http_timer, http_timer, 0, 0);
}

/* ---- answers ---------------------------------------------------------------- */

static void
finish(struct request *rq, int status, const char *type)
{
	if (rq->out.error != 0) {
		xu_buf_fini(&rq->out);
		status = MHD_HTTP_INTERNAL_SERVER_ERROR;
		type = "text/plain";
	}
	rq->status = status;
	rq->type = type;
	rq->done = true;
	if (rq->suspended) {
		rq->suspended = false;
		MHD_resume_connection(rq->conn);
		api_http_wake(rq->api);
	}
}

void
api_answer(struct request *rq, const struct xu_val *value)
{
	xrpc_write_success(&rq->out, value);
	finish(rq, MHD_HTTP_OK, "text/xml");
}

void
api_answer_bare(struct request *rq, const struct xu_val *value)
{
	xrpc_write_bare(&rq->out, value);
	finish(rq, MHD_HTTP_OK, "text/xml");
}

void
api_answer_fault(struct request *rq, const char *text)
{
	xrpc_write_fault(&rq->out, 1, text);
	finish(rq, MHD_HTTP_OK, "text/xml");
}

void
api_answer_http(struct request *rq, int status, const char *type,
    const void *body, size_t len)
{
	xu_buf_add(&rq->out, body, len);
	finish(rq, status, type);
}

/* A sentence in a header: one line of ASCII, anything else percent-encoded. */
static void
set_sentence(struct request *rq, const char *s)
{
	size_t n = 0;

	for (; *s != '\0' && n + 4 < sizeof(rq->sentence); s++) {
		unsigned char c = (unsigned char)*s;

		if (c >= ' ' && c < 0x7f && c != '%')
			rq->sentence[n++] = (char)c;
		else
			n += (size_t)snprintf(rq->sentence + n, 4, "%%%02X", c);
	}
	rq->sentence[n] = '\0';
}

/* Downloads have no envelope: their body begins with the code. */
static void
failure_download(struct request *rq, const struct xu_val *description)
{
	const char *code = xu_val_str(xu_val_at(description, 0));
	int status = strncmp(code, "SESSION_", 8) == 0 ?
	    MHD_HTTP_UNAUTHORIZED :
	    strcmp(code, "PERMISSION_DENIED") == 0 ? MHD_HTTP_FORBIDDEN :
	    strcmp(code, "HANDLE_INVALID") == 0	   ? MHD_HTTP_NOT_FOUND :
						     MHD_HTTP_CONFLICT;

	xu_buf_addf(&rq->out, "%s %s\n", code, rq->sentence);
	finish(rq, status, "text/plain");
}

void
api_answer_failure(struct request *rq, const struct xu_val *description,
    const char *sentence)
{
	set_sentence(rq, sentence);
	if (rq->download) {
		failure_download(rq, description);
		return;
	}
	xrpc_write_failure(&rq->out, description);
	finish(rq, MHD_HTTP_OK, "text/xml");
}

void
api_answer_error(struct request *rq, const char *sentence, const char *code,
    ...)
{
	AUTO_VAL struct xu_val *d = xu_array();
	const char *p = code;
	va_list ap;

	va_start(ap, code);
	for (; p != NULL; p = va_arg(ap, const char *))
		xu_val_add(d, xu_str(p));
	va_end(ap);
	api_answer_failure(rq, d, sentence);
}

void
api_answer_core(struct request *rq, struct xu_msg *reply)
{
	const struct xu_val *v = reply == NULL ? NULL : reply->val;

	if (v == NULL)
		api_answer_error(rq, "the daemon's core does not answer",
		    "INTERNAL_ERROR", "the core does not answer", NULL);
	else if (xu_val_count(xu_val_get(v, "error")) != 0)
		api_answer_failure(rq, xu_val_get(v, "error"),
		    xu_val_get_str(v, "message", ""));
	else
		api_answer(rq, xu_val_get(v, "ok"));
}

/* ---- requests ---------------------------------------------------------------- */

static enum MHD_Result
send_answer(struct request *rq)
{
	struct MHD_Response *r;
	enum MHD_Result rc;
	size_t len = rq->out.len;
	char *body = NULL;

	if (rq->stream >= 0)
		return api_console_upgrade(rq);
	if (len > 0 && (body = xu_buf_steal(&rq->out)) == NULL)
		return MHD_NO;
	r = MHD_create_response_from_buffer(len, body, MHD_RESPMEM_MUST_FREE);
	if (r == NULL) {
		free(body);
		return MHD_NO;
	}
	MHD_add_response_header(r, "Content-Type", rq->type);
	if (rq->sentence[0] != '\0')
		MHD_add_response_header(r, "X-XLD-Error", rq->sentence);
	if (rq->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(r, "Allow", "POST");
	if (rq->status >= 400)
		MHD_add_response_header(r, "Connection", "close");
	rc = MHD_queue_response(rq->conn, (unsigned)rq->status, r);
	MHD_destroy_response(r);
	return rc;
}

static uid_t
peer_uid(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *ci =
	    MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (ci == NULL || getsockopt(ci->connect_fd, SOL_SOCKET, SO_PEERCRED,
			      &cred, &len) < 0)
		return (uid_t)-1;
	return cred.uid;
}

static const char *
argument(struct MHD_Connection *c, const char *name)
{
	const char *v =
	    MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, name);

	return v == NULL ? "" : v;
}

static void
get(struct request *rq, const char *url)
{
	const char *up = MHD_lookup_connection_value(rq->conn,
	    MHD_HEADER_KIND, "Upgrade");

	if (strcmp(url, "/console") != 0) {
		api_answer_http(rq, MHD_HTTP_NOT_FOUND, "text/plain",
		    "nothing here; XenAPI calls are POSTed\n", 38);
		return;
	}
	rq->download = true;
	api_console(rq, argument(rq->conn, "session_id"),
	    argument(rq->conn, "uuid"),
	    up != NULL && strcmp(up, "xld-console") == 0,
	    strcmp(argument(rq->conn, "history"), "1") == 0,
	    strcmp(argument(rq->conn, "readonly"), "1") == 0);
}

static const char too_big[] = "the request is larger than 300 KiB\n";

/* False when the announced body is too big: answered before it is read. */
static bool
length_ok(struct MHD_Connection *c)
{
	const char *len = MHD_lookup_connection_value(c, MHD_HEADER_KIND,
	    "Content-Length");

	return len == NULL || strtoull(len, NULL, 10) <= API_BODY_MAX;
}

static struct request *
first(struct api *a, struct MHD_Connection *c)
{
	struct request *rq = calloc(1, sizeof(*rq));

	if (rq == NULL)
		return NULL;
	rq->api = a;
	rq->conn = c;
	rq->uid = peer_uid(c);
	rq->stream = -1;
	xu_list_init(&rq->waiting);
	return rq;
}

static void
begin(struct request *rq, const char *url, const char *method)
{
	if (strcmp(method, "POST") == 0)
		api_dispatch(rq);
	else if (strcmp(method, "GET") == 0)
		get(rq, url);
	else
		api_answer_http(rq, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain",
		    "POST calls\n", 11);
}

static enum MHD_Result
take_body(struct request *rq, const char *data, size_t *size)
{
	if (rq->in.len + *size <= API_BODY_MAX)
		xu_buf_add(&rq->in, data, *size);
	else
		rq->dropped += *size;
	*size = 0;
	/* A chunked body has no announced end: hang up on an endless one. */
	return rq->dropped > 4 * API_BODY_MAX || rq->in.error != 0 ? MHD_NO :
								     MHD_YES;
}

static enum MHD_Result
on_request(void *arg, struct MHD_Connection *c, const char *url,
    const char *method, const char *version XU_UNUSED, const char *data,
    size_t *size, void **ctx)
{
	struct request *rq = *ctx;

	if (rq == NULL) {
		rq = *ctx = first(arg, c);
		if (rq == NULL)
			return MHD_NO;
		if (length_ok(c))
			return MHD_YES;
		api_answer_http(rq, MHD_HTTP_CONTENT_TOO_LARGE, "text/plain",
		    too_big, sizeof(too_big) - 1);
		return send_answer(rq);
	}
	if (*size != 0)
		return take_body(rq, data, size);
	if (!rq->done && rq->dropped != 0)
		api_answer_http(rq, MHD_HTTP_CONTENT_TOO_LARGE, "text/plain",
		    too_big, sizeof(too_big) - 1);
	else if (!rq->done)
		begin(rq, url, method);
	if (rq->done)
		return send_answer(rq);
	rq->suspended = true;
	MHD_suspend_connection(c);
	return MHD_YES;
}

static void
on_completed(void *arg XU_UNUSED, struct MHD_Connection *c XU_UNUSED,
    void **ctx, enum MHD_RequestTerminationCode why XU_UNUSED)
{
	struct request *rq = *ctx;

	if (rq == NULL)
		return;
	*ctx = NULL;
	api_event_unpark(rq);
	if (rq->stream >= 0)
		close(rq->stream);
	xu_buf_fini(&rq->in);
	xu_buf_fini(&rq->out);
	xu_val_free(rq->held);
	free(rq);
}

static void XU_PRINTF(2, 0)
on_log(void *arg XU_UNUSED, const char *fmt, va_list ap)
{
	char line[256];

	vsnprintf(line, sizeof(line), fmt, ap);
	line[strcspn(line, "\n")] = '\0';
	xu_log(XU_DEBUG, "http: %s", line);
}

int
api_http_open(struct api *a, int listen_fd)
{
	const union MHD_DaemonInfo *info;

	if (xu_set_nonblock(listen_fd, true) < 0)
		return -1;
	a->http = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_UPGRADE |
		MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG,
	    0, NULL, NULL, on_request, a, MHD_OPTION_EXTERNAL_LOGGER, on_log,
	    NULL, MHD_OPTION_LISTEN_SOCKET, listen_fd,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)API_CONNECTIONS,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)API_IDLE_SECONDS,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
	if (a->http == NULL)
		return -1;
	info = MHD_get_daemon_info(a->http, MHD_DAEMON_INFO_EPOLL_FD);
	if (info == NULL || uv_timer_init(a->loop, &a->http_timer) != 0 ||
	    uv_poll_init(a->loop, &a->http_poll, info->epoll_fd) != 0)
		return -1;
	a->http_poll.data = a->http_timer.data = a;
	uv_poll_start(&a->http_poll, UV_READABLE, http_ready);
	run(a);
	return 0;
}

void
api_http_close(struct api *a)
{
	uv_poll_stop(&a->http_poll);
	uv_timer_stop(&a->http_timer);
	MHD_stop_daemon(a->http);
	a->http = NULL;
}
