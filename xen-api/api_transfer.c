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

#include "api_transfer.h"
#include "xu_log.h"
#include "xu_proc.h"

/* What libmicrohttpd reads at a time for a client. */
#define BLOCK	   ((size_t)64 << 10)
#define PIECE_MAX  ((size_t)1 << 20)
/* What a client may still send when it was said that nothing more is wanted; an answer
 * can be given behind the body only. */
#define UNWANTED   ((size_t)64 << 20)

static void
unref(struct transfer *t)
{
	if (--t->refs > 0)
		return;
	xu_buf_fini(&t->head);
	api_xva_incoming_free(t->incoming);
	free(t);
}

void
api_transfer_go_on(struct request *rq)
{
	if (!rq->suspended)
		return;
	rq->suspended = false;
	MHD_resume_connection(rq->conn);
	api_listen_wake(rq->listener);
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
	if (t->rq != NULL)
		api_transfer_go_on(t->rq);
}

static void
wait_for_pipe(struct transfer *t, int events)
{
	t->rq->suspended = true;
	MHD_suspend_connection(t->rq->conn);
	uv_poll_start(&t->poll, events, ready);
}

/* ---- its beginning and its end ----------------------------------------------------- */

/* What was made of it, for those who named no task of their own. */
static void
answer_whole(struct request *rq, const char *result)
{
	if (result[0] == '[')
		xu_buf_addf(&rq->out, "OpaqueRef:%.36s\n", result + 1);
	api_answer_out(rq, "text/plain");
}

/* The last record of the task, or why there is none. */
static void
ended(void *arg, struct xu_msg *reply)
{
	struct transfer *t = arg;
	const struct xu_val *v = reply == NULL ? NULL :
		xu_val_get(reply->val, "ok");
	struct request *rq = t->rq;

	t->ended = true;
	t->whole = strcmp(xu_val_get_str(v, "status", ""), "success") == 0;
	/* The answer to a GET has begun long ago; its end says what it lacks. */
	if (rq != NULL && !rq->put)
		api_transfer_go_on(rq);
	else if (rq == NULL || rq->done)
		;
	else if (v == NULL)
		api_answer_core(rq, reply);
	else if (t->whole)
		answer_whole(rq, xu_val_get_str(v, "result", ""));
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

bool
api_transfer_begun(struct request *rq, struct xu_msg *reply)
{
	struct transfer *t = rq->transfer;
	const struct xu_val *ok = reply == NULL ? NULL :
		xu_val_get(reply->val, "ok");

	if (ok == NULL || reply->nfds < 1) {
		api_answer_core(rq, reply);
		return false;
	}
	if (xu_set_nonblock(reply->fds[0], true) < 0 ||
	    uv_poll_init(t->api->loop, &t->poll, reply->fds[0]) != 0) {
		give_up(rq);
		return false;
	}
	t->pipe = steal_fd(&reply->fds[0]);
	t->poll.data = t;
	t->refs++;
	if (rq->put || t->bytes == MHD_SIZE_UNKNOWN)
		await_end(t, xu_val_get_str(ok, "task", ""));
	return true;
}

static void
begun(void *arg, struct xu_msg *reply)
{
	struct request *rq = arg;

	if (!api_transfer_begun(rq, reply))
		return;
	rq->transfer->bytes = (uint64_t)xu_val_get_int(
	    xu_val_get(reply->val, "ok"), "bytes", 0);
	if (rq->put)
		api_transfer_go_on(rq);
	else
		api_answer_out(rq, "application/octet-stream");
}

static int64_t
announced(const struct request *rq)
{
	const char *len = MHD_lookup_connection_value(rq->conn,
	    MHD_HEADER_KIND, "Content-Length");

	return len == NULL ? -1 : (int64_t)strtoll(len, NULL, 10);
}

struct transfer *
api_transfer_new(struct request *rq, const struct session *s)
{
	struct transfer *t = calloc(1, sizeof(*t));

	if (t == NULL) {
		give_up(rq);
		return NULL;
	}
	t->api = rq->api;
	t->rq = rq;
	t->pipe = -1;
	t->refs = 1;
	rq->transfer = t;
	memcpy(t->who.id, s->id, sizeof(t->who.id));
	memcpy(t->who.user, s->user, sizeof(t->who.user));
	t->who.role = s->role;
	/* As long as it takes. */
	api_connection_is(rq->conn, CONN_BUSY);
	return t;
}

static void
begin(struct request *rq, const struct session *s, const char *method)
{
	struct xu_val *params;

	if (api_transfer_new(rq, s) == NULL)
		return;
	params = xu_array();
	xu_val_add(params, xu_str(api_bare_ref(api_argument(rq, "vdi"))));
	xu_val_add(params, xu_str(api_argument(rq, "format")));
	xu_val_add(params, xu_str(api_bare_ref(api_argument(rq, "task_id"))));
	xu_val_add(params, xu_int(announced(rq)));
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

/* What comes before the pipe's. */
static ssize_t
read_head(struct transfer *t, char *buf, size_t max)
{
	const size_t n = t->head.len < max ? t->head.len : max;

	memcpy(buf, t->head.data, n);
	xu_buf_drop(&t->head, n);
	return (ssize_t)n;
}

static ssize_t
read_some(void *arg, uint64_t pos XU_UNUSED, char *buf, size_t max)
{
	struct transfer *t = arg;
	ssize_t n = 0;

	if (t->head.len > 0)
		return read_head(t, buf, max);
	do
		n = t->pipe < 0 ? 0 : read(t->pipe, buf, max);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		return n;
	if (n < 0 && errno == EAGAIN && t->rq != NULL) {
		wait_for_pipe(t, UV_READABLE | UV_DISCONNECT);
		return 0;
	}
	/* Whether it is whole the task knows, where it was not said before how long
	 * it is. */
	if (t->bytes == MHD_SIZE_UNKNOWN && t->rq != NULL && !t->ended) {
		t->rq->suspended = true;
		MHD_suspend_connection(t->rq->conn);
		return 0;
	}
	if (t->bytes == MHD_SIZE_UNKNOWN && t->whole)
		return MHD_CONTENT_READER_END_OF_STREAM;
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

enum MHD_Result
api_transfer_forget(struct request *rq, size_t *size)
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

/* What goes into the pipe without waiting: *p and *n become what is left. -1: nobody
 * reads it. */
static int
put_some(struct transfer *t, const char **p, size_t *n)
{
	ssize_t w = 1;

	while (w > 0 && *n > 0) {
		if (t->left == 0 && (w = begin_piece(t, *n)) <= 0)
			break;
		w = put(t, *p, *n < t->left ? *n : t->left);
		if (w > 0) {
			t->left -= (size_t)w;
			*p += w;
			*n -= (size_t)w;
		}
	}
	return w < 0 ? -1 : 0;
}

/* What came before there was a pipe. */
static int
put_head(struct transfer *t)
{
	const char *p = t->head.data;
	size_t n = t->head.len;
	int r = n == 0 ? 0 : put_some(t, &p, &n);

	xu_buf_drop(&t->head, t->head.len - n);
	return r;
}

enum MHD_Result
api_transfer_take(struct request *rq, const char *data, size_t *size)
{
	struct transfer *t = rq->transfer;
	int r;

	if (t != NULL && t->incoming != NULL && !rq->done)
		return api_xva_take(rq, data, size);
	if (t == NULL || t->pipe < 0)
		return api_transfer_forget(rq, size);
	r = put_head(t);
	if (r == 0 && t->head.len == 0)
		r = put_some(t, &data, size);
	if (r < 0) {
		close_pipe(t);
		return api_transfer_forget(rq, size);
	}
	if (*size > 0 || has_hung_up(rq))
		wait_for_pipe(t, UV_WRITABLE | UV_DISCONNECT);
	return MHD_YES;
}

/* All has gone into the pipe, and that this was all: 1. 0: there is no room. */
static int
put_end(struct transfer *t)
{
	ssize_t w;

	if (put_head(t) < 0)
		return -1;
	if (t->head.len > 0)
		return 0;
	w = begin_piece(t, 0);
	return w > 0 ? 1 : (int)w;
}

void
api_transfer_end(struct request *rq)
{
	struct transfer *t = rq->transfer;

	if (t != NULL && t->incoming != NULL && !rq->done)
		api_xva_torn(rq);
	/* No room for a few bytes: once more when there is some. */
	else if (t != NULL && t->pipe >= 0 && put_end(t) == 0)
		uv_poll_start(&t->poll, UV_WRITABLE | UV_DISCONNECT, ready);
	else if (t != NULL)
		close_pipe(t);
}
