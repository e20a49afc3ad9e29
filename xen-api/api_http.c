/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Requests and their answers. A request that must wait (for the core, for an
 * event, for its time) suspends its connection; answering it wakes the connection
 * again.
 */
#include "config.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "api.h"
#include "api_types.h"
#include "xapi_rpc.h"
#include "xu_log.h"
#include "xu_proc.h"

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
	if (rq->failed || status >= 400)
		rq->api->failures++;
	if (rq->suspended) {
		rq->suspended = false;
		MHD_resume_connection(rq->conn);
		api_listen_wake(rq->listener);
	}
}

void
api_answer_plain(struct request *rq, const struct xu_val *value)
{
	if (rq->json != 0) {
		api_json_success(rq, value);
		return;
	}
	xrpc_write_success(&rq->out, value, !rq->modern);
	finish(rq, MHD_HTTP_OK, "text/xml");
}

void
api_answer_own(struct request *rq, struct xu_val *value)
{
	AUTO_VAL struct xu_val *v = value;

	/* The core speaks classic. */
	if (rq->call.cls != NULL && rq->modern)
		v = api_present_result(v, &rq->call, rq->modern);
	if (v == NULL || xu_val_ok(v))
		api_answer_plain(rq, v);
	else
		api_answer_error(rq, "xld-api is out of memory",
		    "INTERNAL_ERROR", "out of memory", NULL);
}

void
api_answer(struct request *rq, const struct xu_val *value)
{
	if (rq->call.cls == NULL || !rq->modern)
		api_answer_plain(rq, value);
	else
		api_answer_own(rq, xu_val_copy(value));
}

void
api_answer_bare(struct request *rq, const struct xu_val *value)
{
	if (rq->json != 0) {
		api_json_success(rq, value);
		return;
	}
	xrpc_write_bare(&rq->out, value);
	finish(rq, MHD_HTTP_OK, "text/xml");
}

void
api_answer_fault(struct request *rq, int code, const char *text)
{
	rq->failed = true;
	if (rq->json != 0) {
		api_json_fault(rq, code, text);
		return;
	}
	xrpc_write_fault(&rq->out, code, text);
	finish(rq, MHD_HTTP_OK, "text/xml");
}

void
api_answer_http(struct request *rq, int status, const char *type,
    const void *body, size_t len)
{
	xu_buf_add(&rq->out, body, len);
	finish(rq, status, type);
}

void
api_answer_out(struct request *rq, const char *type)
{
	finish(rq, MHD_HTTP_OK, type);
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
	    strstr(code, "PERMISSION_DENIED") != NULL ? MHD_HTTP_FORBIDDEN :
	    strcmp(code, "HANDLE_INVALID") == 0	   ? MHD_HTTP_NOT_FOUND :
	    strcmp(code, "INVALID_VALUE") == 0	   ? MHD_HTTP_BAD_REQUEST :
						     MHD_HTTP_CONFLICT;

	xu_buf_addf(&rq->out, "%s %s\n", code, rq->sentence);
	finish(rq, status, "text/plain");
}

void
api_answer_failure(struct request *rq, const struct xu_val *description,
    const char *sentence)
{
	AUTO_VAL struct xu_val *d = NULL;

	rq->failed = true;
	set_sentence(rq, sentence);
	if (rq->download) {
		failure_download(rq, description);
		return;
	}
	d = api_present_error(description, rq->modern);
	if (rq->json != 0) {
		api_json_failure(rq, d);
		return;
	}
	xrpc_write_failure(&rq->out, d, !rq->modern);
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
	struct xu_val *v = reply == NULL ? NULL : reply->val;

	if (v == NULL)
		api_answer_error(rq, "the daemon's core does not answer",
		    "INTERNAL_ERROR", "the core does not answer", NULL);
	else if (xu_val_count(xu_val_get(v, "error")) != 0)
		api_answer_failure(rq, xu_val_get(v, "error"),
		    xu_val_get_str(v, "message", ""));
	else
		api_answer_own(rq, xu_val_take(v, "ok"));
}

/* ---- requests ---------------------------------------------------------------- */

static struct MHD_Response *
from_buffer(struct request *rq)
{
	const size_t len = rq->out.len;
	struct MHD_Response *r;
	char *body = NULL;

	if (len > 0 && (body = xu_buf_steal(&rq->out)) == NULL)
		return NULL;
	r = MHD_create_response_from_buffer(len, body, MHD_RESPMEM_MUST_FREE);
	if (r == NULL)
		free(body);
	return r;
}

/* It is sent piece by piece, as the client reads. */
static struct MHD_Response *
from_file(struct request *rq)
{
	const off_t len = lseek(rq->file, 0, SEEK_END);
	struct MHD_Response *r = len < 0 ?
	    NULL : MHD_create_response_from_fd64((uint64_t)len, rq->file);

	if (r != NULL)
		rq->file = -1;
	return r;
}

/* It has all the time it needs, as long as somebody reads it. */
static bool
is_disk(const struct request *rq)
{
	return rq->transfer != NULL && !rq->put && rq->status == MHD_HTTP_OK;
}

/* Who calls too often would only connect again, which costs more; but what it was
 * about to put is not read. */
static bool
ends_connection(const struct request *rq)
{
	return rq->listener->closing ||
	    (rq->status >= 400 && (!rq->refused || rq->put));
}

static enum MHD_Result
send_answer(struct request *rq)
{
	struct MHD_Response *r;
	enum MHD_Result rc;

	api_connection_is(rq->conn, rq->stream >= 0 ? CONN_UPGRADED :
		is_disk(rq)		     ? CONN_BUSY :
					       CONN_WAITING);
	if (rq->stream >= 0)
		return api_console_upgrade(rq);
	if (is_disk(rq))
		r = api_transfer_response(rq);
	else if (rq->file >= 0)
		r = from_file(rq);
	else
		r = from_buffer(rq);
	if (r == NULL)
		return MHD_NO;
	MHD_add_response_header(r, "Content-Type", rq->type);
	if (rq->id[0] != '\0')
		MHD_add_response_header(r, "X-Request-Id", rq->id);
	if (rq->sentence[0] != '\0')
		MHD_add_response_header(r, "X-XLD-Error", rq->sentence);
	if (rq->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(r, "Allow", "GET, POST, PUT");
	if (rq->status == MHD_HTTP_UNAUTHORIZED)
		MHD_add_response_header(r, "WWW-Authenticate",
		    "Basic realm=\"xld\", charset=\"UTF-8\"");
	if (rq->status == MHD_HTTP_TOO_MANY_REQUESTS)
		MHD_add_response_header(r, "Retry-After", "1");
	if (ends_connection(rq))
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

/* False when the announced body is too big: answered before it is read. */
static bool
length_ok(const struct request *rq)
{
	const char *len = MHD_lookup_connection_value(rq->conn,
	    MHD_HEADER_KIND, "Content-Length");

	return len == NULL ||
	    strtoull(len, NULL, 10) <= rq->api->limits.body;
}

static void
too_big(struct request *rq)
{
	char text[80];
	int n = snprintf(text, sizeof(text),
	    "the request is larger than %zu KiB\n", rq->api->limits.body >> 10);

	api_answer_http(rq, MHD_HTTP_CONTENT_TOO_LARGE, "text/plain", text,
	    (size_t)n);
}

/* What the client calls it, when that is a plain word; else what nobody else does. */
static void
name_request(struct request *rq)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	const char *word = MHD_lookup_connection_value(rq->conn,
	    MHD_HEADER_KIND, "X-Request-Id");
	uint64_t n;

	if (word != NULL && word[0] != '\0' && strlen(word) < sizeof(rq->id) &&
	    word[strspn(word, plain)] == '\0')
		snprintf(rq->id, sizeof(rq->id), "%s", word);
	else if (getrandom(&n, sizeof(n), 0) == (ssize_t)sizeof(n))
		snprintf(rq->id, sizeof(rq->id), "%016llx",
		    (unsigned long long)n);
}

static struct request *
first(struct listener *l, struct MHD_Connection *c, const char *method)
{
	struct request *rq = calloc(1, sizeof(*rq));

	if (rq == NULL)
		return NULL;
	rq->api = l->api;
	rq->listener = l;
	rq->conn = c;
	rq->uid = l->local ? peer_uid(c) : (uid_t)-1;
	rq->stream = rq->file = -1;
	rq->put = strcmp(method, "PUT") == 0;
	l->api->requests++;
	name_request(rq);
	rq->refused = !api_rate_allows(rq);
	xu_list_init(&rq->waiting);
	xu_list_init(&rq->turn);
	api_connection_is(c, CONN_READING);
	return rq;
}

static void
begin(struct request *rq, const char *url, const char *method)
{
	if (rq->refused)
		api_rate_refuse(rq);
	else if (strcmp(method, "POST") == 0)
		api_dispatch(rq, url);
	else if (rq->put || strcmp(method, "GET") == 0)
		api_get(rq, url);
	else
		api_answer_http(rq, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain",
		    "POST calls\n", 11);
}

static enum MHD_Result
take_body(struct request *rq, const char *data, size_t *size)
{
	const size_t max = rq->api->limits.body;

	if (!rq->refused && rq->in.len + *size <= max)
		xu_buf_add(&rq->in, data, *size);
	else
		rq->dropped += *size;
	*size = 0;
	/* A chunked body has no announced end: hang up on an endless one. */
	return rq->dropped > 4 * max || rq->in.error != 0 ? MHD_NO : MHD_YES;
}

static enum MHD_Result
answer_or_wait(struct request *rq)
{
	if (rq->done)
		return send_answer(rq);
	rq->suspended = true;
	MHD_suspend_connection(rq->conn);
	return MHD_YES;
}

/* Who may bring something is known before any of it is read. libmicrohttpd comes
 * here once more after a wait, before the body. */
static enum MHD_Result
put_request(struct request *rq, const char *data, size_t *size)
{
	if (*size != 0)
		return api_transfer_take(rq, data, size);
	if (rq->done)
		return send_answer(rq);
	if (!rq->opened) {
		rq->opened = true;
		return MHD_YES;
	}
	api_transfer_end(rq);
	return answer_or_wait(rq);
}

enum MHD_Result
api_http_request(void *arg, struct MHD_Connection *c, const char *url,
    const char *method, const char *version XU_UNUSED, const char *data,
    size_t *size, void **ctx)
{
	struct request *rq = *ctx;

	if (rq == NULL) {
		rq = *ctx = first(arg, c, method);
		if (rq == NULL)
			return MHD_NO;
		if (rq->put) {
			begin(rq, url, method);
			return answer_or_wait(rq);
		}
		if (length_ok(rq))
			return MHD_YES;
		too_big(rq);
		return send_answer(rq);
	}
	if (rq->put)
		return put_request(rq, data, size);
	if (*size != 0)
		return take_body(rq, data, size);
	api_connection_is(c, CONN_BUSY);
	if (!rq->done && rq->dropped != 0 && !rq->refused)
		too_big(rq);
	else if (!rq->done)
		begin(rq, url, method);
	return answer_or_wait(rq);
}

void
api_http_completed(void *arg XU_UNUSED, struct MHD_Connection *c, void **ctx,
    enum MHD_RequestTerminationCode why XU_UNUSED)
{
	struct request *rq = *ctx;

	if (rq == NULL)
		return;
	*ctx = NULL;
	api_connection_is(c, CONN_WAITING);
	api_event_unpark(rq);
	xu_list_remove(&rq->turn);
	if (rq->transfer != NULL)
		api_transfer_gone(rq);
	if (rq->stream >= 0)
		close(rq->stream);
	if (rq->file >= 0)
		close(rq->file);
	xu_buf_fini(&rq->in);
	xu_buf_fini(&rq->out);
	xu_val_free(rq->held);
	xu_val_free(rq->json_id);
	free(rq);
}
