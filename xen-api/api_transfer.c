/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Disks that are fetched and brought. The core gives one end of a pipe, at whose
 * other end a program of its own has the disk (xld/copy_stream.c tells what goes
 * through it), and a task, whose end is awaited from the beginning. While the pipe
 * is full, or empty, the connection is suspended: of a disk no more is in memory
 * than libmicrohttpd's buffer holds.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api.h"
#include "xu_log.h"
#include "xu_proc.h"

/* What libmicrohttpd reads at a time for a client. */
#define BLOCK	   ((size_t)64 << 10)
#define PIECE_MAX  ((size_t)1 << 20)
/* What a client may still send when it was said that nothing more is wanted; an answer
 * can be given behind the body only. */
#define UNWANTED   ((size_t)64 << 20)

struct transfer {
	struct api *api;
	/* NULL: the client has gone, or has its answer. */
	struct request *rq;
	/* -1: closed. */
	int pipe;
	uv_poll_t poll;
	/* The request, the handle, the call that awaits the end. */
	int refs;
	/* Of the piece that has begun. */
	size_t left;
	/* What an export has in all. */
	uint64_t bytes;
	/* Who asks, as far as the core wants to know it. */
	struct session who;
};

static void
unref(struct transfer *t)
{
	if (--t->refs == 0)
		free(t);
}

static void
poll_closed(uv_handle_t *h)
{
	unref(h->data);
}

static void
close_pipe(struct transfer *t)
{
	if (t->pipe < 0)
		return;
	uv_poll_stop(&t->poll);
	close(t->pipe);
	t->pipe = -1;
	uv_close((uv_handle_t *)&t->poll, poll_closed);
}

void
api_transfer_gone(struct request *rq)
{
	struct transfer *t = rq->transfer;

	rq->transfer = NULL;
	t->rq = NULL;
	close_pipe(t);
	unref(t);
}

/* The connection goes on when there is something, or room, in the pipe. */
static void
ready(uv_poll_t *h, int status XU_UNUSED, int events XU_UNUSED)
{
	struct transfer *t = h->data;

	uv_poll_stop(h);
	if (t->rq == NULL || !t->rq->suspended)
		return;
	t->rq->suspended = false;
	MHD_resume_connection(t->rq->conn);
	api_listen_wake(t->rq->listener);
}

static void
wait_for_pipe(struct transfer *t, int events)
{
	t->rq->suspended = true;
	MHD_suspend_connection(t->rq->conn);
	uv_poll_start(&t->poll, events, ready);
}

/* ---- its beginning and its end ----------------------------------------------------- */

/* The last record of the task, or why there is none. */
static void
ended(void *arg, struct xu_msg *reply)
{
	struct transfer *t = arg;
	const struct xu_val *v = reply == NULL ? NULL :
		xu_val_get(reply->val, "ok");
	struct request *rq = t->rq;

	/* The answer to a GET has begun long ago; what it lacks it shows itself. */
	if (rq == NULL || !rq->put || rq->done)
		;
	else if (v == NULL)
		api_answer_core(rq, reply);
	else if (strcmp(xu_val_get_str(v, "status", ""), "success") == 0)
		api_answer_http(rq, MHD_HTTP_OK, "text/plain", "", 0);
	else
		api_answer_failure(rq, xu_val_get(v, "error_info"),
		    xu_val_get_str(xu_val_get(v, "other_config"),
			"error_message", ""));
	unref(t);
}

static void
await_end(struct transfer *t, const char *task)
{
	struct xu_val *params = xu_array();

	xu_val_add(params, xu_str(task));
	t->refs++;
	api_core_call(t->api, api_core_msg(&t->who, "task.join", params, false),
	    ended, t);
}

static void
give_up(struct request *rq)
{
	api_answer_error(rq, "xld-api is out of memory", "INTERNAL_ERROR",
	    "out of memory", NULL);
}

static void
begun(void *arg, struct xu_msg *reply)
{
	struct request *rq = arg;
	struct transfer *t = rq->transfer;
	const struct xu_val *ok = reply == NULL ? NULL :
		xu_val_get(reply->val, "ok");

	if (ok == NULL || reply->nfds < 1) {
		api_answer_core(rq, reply);
		return;
	}
	t->bytes = (uint64_t)xu_val_get_int(ok, "bytes", 0);
	if (xu_set_nonblock(reply->fds[0], true) < 0 ||
	    uv_poll_init(t->api->loop, &t->poll, reply->fds[0]) != 0) {
		give_up(rq);
		return;
	}
	t->pipe = steal_fd(&reply->fds[0]);
	t->poll.data = t;
	t->refs++;
	if (rq->put) {
		await_end(t, xu_val_get_str(ok, "task", ""));
		rq->suspended = false;
		MHD_resume_connection(rq->conn);
		api_listen_wake(rq->listener);
	} else {
		api_answer_out(rq, "application/octet-stream");
	}
}

static int64_t
announced(const struct request *rq)
{
	const char *len = MHD_lookup_connection_value(rq->conn,
	    MHD_HEADER_KIND, "Content-Length");

	return len == NULL ? -1 : (int64_t)strtoll(len, NULL, 10);
}

static void
begin(struct request *rq, const struct session *s, const char *method)
{
	struct transfer *t = calloc(1, sizeof(*t));
	struct xu_val *params = xu_array();

	if (t == NULL) {
		xu_val_free(params);
		give_up(rq);
		return;
	}
	t->api = rq->api;
	t->rq = rq;
	t->pipe = -1;
	t->refs = 1;
	rq->transfer = t;
	memcpy(t->who.id, s->id, sizeof(t->who.id));
	memcpy(t->who.user, s->user, sizeof(t->who.user));
	t->who.role = s->role;
	xu_val_add(params, xu_str(api_bare_ref(api_argument(rq, "vdi"))));
	xu_val_add(params, xu_str(api_argument(rq, "format")));
	xu_val_add(params, xu_str(api_bare_ref(api_argument(rq, "task_id"))));
	xu_val_add(params, xu_int(announced(rq)));
	/* As long as it takes. */
	api_connection_is(rq->conn, CONN_BUSY);
	api_core_call(rq->api,
	    api_core_about(rq, api_core_msg(s, method, params, false)), begun,
	    rq);
}

/* ---- to a client --------------------------------------------------------------------- */

void
api_export(struct request *rq, struct session *s)
{
	begin(rq, s, "VDI.export");
}

static ssize_t
read_some(void *arg, uint64_t pos XU_UNUSED, char *buf, size_t max)
{
	struct transfer *t = arg;
	ssize_t n = 0;

	do
		n = t->pipe < 0 ? 0 : read(t->pipe, buf, max);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		return n;
	if (n < 0 && errno == EAGAIN && t->rq != NULL) {
		wait_for_pipe(t, UV_READABLE | UV_DISCONNECT);
		return 0;
	}
	/* It is shorter than was said: the client is to see that. */
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

static void
response_gone(void *arg)
{
	unref(arg);
}

struct MHD_Response *
api_transfer_response(struct request *rq)
{
	struct transfer *t = rq->transfer;
	struct MHD_Response *r = MHD_create_response_from_callback(t->bytes,
	    BLOCK, read_some, t, response_gone);

	if (r != NULL)
		t->refs++;
	return r;
}

/* ---- from one --------------------------------------------------------------------------- */

void
api_import(struct request *rq, struct session *s)
{
	begin(rq, s, "VDI.import");
}

/* What was written of p, 0 = there is no room; -1: nobody reads it. */
static ssize_t
put(struct transfer *t, const void *p, size_t n)
{
	ssize_t w;

	do
		w = write(t->pipe, p, n);
	while (w < 0 && errno == EINTR);
	return w < 0 && errno == EAGAIN ? 0 : w;
}

/* A length goes into a pipe whole, or not at all. */
static ssize_t
begin_piece(struct transfer *t, size_t n)
{
	uint32_t len = n < PIECE_MAX ? (uint32_t)n : (uint32_t)PIECE_MAX;
	ssize_t w = put(t, &len, sizeof(len));

	if (w > 0)
		t->left = len;
	return w;
}

static enum MHD_Result
forget(struct request *rq, size_t *size)
{
	rq->dropped += *size;
	*size = 0;
	return rq->dropped > UNWANTED ? MHD_NO : MHD_YES;
}

/* libmicrohttpd does not see an end that arrived with the last bytes: it waits for the
 * next thing to happen. A connection that was suspended it looks at anew. */
static bool
has_hung_up(const struct request *rq)
{
	const union MHD_ConnectionInfo *ci = MHD_get_connection_info(rq->conn,
	    MHD_CONNECTION_INFO_CONNECTION_FD);
	char c;

	return ci != NULL &&
	    recv(ci->connect_fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

enum MHD_Result
api_transfer_take(struct request *rq, const char *data, size_t *size)
{
	struct transfer *t = rq->transfer;
	ssize_t w = 1;

	if (t == NULL || t->pipe < 0)
		return forget(rq, size);
	while (w > 0 && *size > 0) {
		if (t->left == 0 && (w = begin_piece(t, *size)) <= 0)
			break;
		w = put(t, data, *size < t->left ? *size : t->left);
		if (w > 0) {
			t->left -= (size_t)w;
			data += w;
			*size -= (size_t)w;
		}
	}
	if (w < 0) {
		close_pipe(t);
		return forget(rq, size);
	}
	if (*size > 0 || has_hung_up(rq))
		wait_for_pipe(t, UV_WRITABLE | UV_DISCONNECT);
	return MHD_YES;
}

void
api_transfer_end(struct request *rq)
{
	struct transfer *t = rq->transfer;

	/* No room for four bytes: once more when there is some. */
	if (t != NULL && t->pipe >= 0 && begin_piece(t, 0) == 0)
		uv_poll_start(&t->poll, UV_WRITABLE | UV_DISCONNECT, ready);
	else if (t != NULL)
		close_pipe(t);
}
