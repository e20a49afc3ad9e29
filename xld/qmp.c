/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* QMP; see qmp.h. The protocol: QEMU's docs/interop/qmp-spec. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "errors.h"
#include "qmp.h"
#include "xu_list.h"

#define LINE_MAX_BYTES (1u << 20)
#define PENDING_MAX    256

struct waiting {
	struct xu_list link;
	int64_t id;
	qmp_done_f *f;
	void *arg;
};

struct qmp {
	uv_poll_t poll;
	int fd;
	struct qmp_events ev;
	struct xu_buf in, out;
	struct xu_list waiting;
	unsigned nwaiting;
	int64_t next_id;
	bool greeted, is_ready, lost;
};

static void
all_fail(struct qmp *q, const struct xu_err *e)
{
	struct waiting *w;

	while (!xu_list_empty(&q->waiting)) {
		w = xu_container_of(q->waiting.next, struct waiting, link);
		xu_list_remove(&w->link);
		if (w->f != NULL)
			w->f(w->arg, NULL, e);
		free(w);
	}
	q->nwaiting = 0;
}

static void
lose(struct qmp *q, const char *why)
{
	struct xu_err e = XU_ERR_INIT;

	if (q->lost)
		return;
	q->lost = true;
	uv_poll_stop(&q->poll);
	xu_err_set(&e, XE(XLD_HELPER), 0, "the device model: %s", why);
	xu_err_param(&e, "qemu");
	xu_err_param(&e, "%s", why);
	all_fail(q, &e);
	q->ev.lost(q->ev.arg, &e);
}

/* ---- out ------------------------------------------------------------------ */

static void
listen_for(struct qmp *q);

/* What is to be said, with a descriptor (-1 = none) that goes along with its
 * first byte. */
static ssize_t
send_out(struct qmp *q, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec v = { .iov_base = q->out.data, .iov_len = q->out.len };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (fd >= 0) {
		memset(&control, 0, sizeof(control));
		m.msg_control = control.bytes;
		m.msg_controllen = sizeof(control.bytes);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	return sendmsg(q->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
flush(struct qmp *q)
{
	ssize_t n;

	while (q->out.len > 0) {
		n = send_out(q, -1);
		if (n < 0 && errno == EINTR)
			continue;
		/* Its end is seen by reading. */
		if (n <= 0)
			break;
		xu_buf_drop(&q->out, (size_t)n);
	}
	listen_for(q);
}

static bool
send_command(struct qmp *q, const char *command, struct xu_val *args,
    int64_t id, int fd)
{
	AUTO_VAL struct xu_val *v = xu_struct();
	ssize_t n;

	xu_val_set(v, "execute", xu_str(command));
	if (args != NULL)
		xu_val_set(v, "arguments", args);
	xu_val_set(v, "id", xu_int(id));
	if (!xu_val_ok(v) || xu_val_to_json(v, false, &q->out) < 0)
		return false;
	xu_buf_addc(&q->out, '\n');
	if (q->out.error != 0)
		return false;
	if (fd >= 0) {
		n = send_out(q, fd);
		if (n <= 0) {
			xu_buf_drop(&q->out, q->out.len);
			return false;
		}
		xu_buf_drop(&q->out, (size_t)n);
	}
	flush(q);
	return true;
}

bool
qmp_call_fd(struct qmp *q, const char *command, struct xu_val *args, int fd,
    qmp_done_f *f, void *arg)
{
	struct waiting *w;

	if (q->lost || q->nwaiting >= PENDING_MAX ||
	    (fd >= 0 && q->out.len > 0) || (w = calloc(1, sizeof(*w))) == NULL) {
		xu_val_free(args);
		return false;
	}
	w->id = ++q->next_id;
	w->f = f;
	w->arg = arg;
	xu_list_append(&q->waiting, &w->link);
	q->nwaiting++;
	if (send_command(q, command, args, w->id, fd))
		return true;
	xu_list_remove(&w->link);
	q->nwaiting--;
	free(w);
	return false;
}

bool
qmp_call(struct qmp *q, const char *command, struct xu_val *args,
    qmp_done_f *f, void *arg)
{
	return qmp_call_fd(q, command, args, -1, f, arg);
}

/* ---- in ---------------------------------------------------------------------- */

static void
capable(void *arg, const struct xu_val *ret XU_UNUSED, const struct xu_err *e)
{
	struct qmp *q = arg;

	/* Losing it is told by itself. */
	if (e != NULL)
		return;
	q->is_ready = true;
	q->ev.ready(q->ev.arg);
}

static void
greeted(struct qmp *q)
{
	if (q->greeted)
		return;
	q->greeted = true;
	if (!qmp_call(q, "qmp_capabilities", NULL, capable, q))
		lose(q, "no memory to talk to it");
}

static void
answered(struct qmp *q, const struct xu_val *v)
{
	const struct xu_val *fault = xu_val_get(v, "error");
	int64_t id = xu_val_get_int(v, "id", 0);
	struct xu_err e = XU_ERR_INIT;
	struct waiting *w;

	if (xu_list_empty(&q->waiting))
		return;
	/* In their order; what it does not owe it may not answer. */
	w = xu_container_of(q->waiting.next, struct waiting, link);
	if (w->id != id) {
		lose(q, "it answers what it was not asked");
		return;
	}
	xu_list_remove(&w->link);
	q->nwaiting--;
	if (fault != NULL) {
		xu_err_set(&e, XE(XLD_HELPER), 0, "the device model: %.200s",
		    xu_val_get_str(fault, "desc", "it gave no reason"));
		xu_err_param(&e, "qemu");
		xu_err_param(&e, "%.100s", xu_val_get_str(fault, "desc", ""));
	}
	if (w->f != NULL)
		w->f(w->arg, xu_val_get(v, "return"), fault != NULL ? &e : NULL);
	free(w);
}

static void
take_line(struct qmp *q, const char *line, size_t len)
{
	AUTO_VAL struct xu_val *v = NULL;
	const char *name;

	while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == ' '))
		len--;
	if (len == 0)
		return;
	v = xu_val_from_json(line, len, LINE_MAX_BYTES, NULL);
	if (!xu_val_is(v, XU_STRUCT)) {
		lose(q, "what it says is not JSON");
		return;
	}
	name = xu_val_get_str(v, "event", NULL);
	if (xu_val_get(v, "QMP") != NULL)
		greeted(q);
	else if (name == NULL)
		answered(q, v);
	else if (q->ev.event != NULL)
		q->ev.event(q->ev.arg, name, xu_val_get(v, "data"));
}

/* A call back may close q: then nothing of it is touched any more. */
static void
take_lines(struct qmp *q)
{
	size_t at = 0;
	char *end;

	while (!q->lost && (end = memchr(q->in.data + at, '\n',
				q->in.len - at)) != NULL) {
		size_t len = (size_t)(end - (q->in.data + at));

		take_line(q, q->in.data + at, len);
		at += len + 1;
	}
	if (q->lost)
		return;
	xu_buf_drop(&q->in, at);
	if (q->in.len >= LINE_MAX_BYTES)
		lose(q, "it says too much at once");
}

static void
ready(uv_poll_t *h, int status, int events)
{
	struct qmp *q = h->data;
	char bytes[4096];
	ssize_t n;

	if (status < 0) {
		lose(q, "it hung up");
		return;
	}
	if ((events & UV_WRITABLE) != 0)
		flush(q);
	if ((events & (UV_READABLE | UV_DISCONNECT)) == 0)
		return;
	n = read(q->fd, bytes, sizeof(bytes));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		xu_buf_add(&q->in, bytes, (size_t)n);
	if (n <= 0 || q->in.error != 0)
		lose(q, n <= 0 ? "it hung up" : "no memory to hear it");
	else
		take_lines(q);
}

static void
listen_for(struct qmp *q)
{
	if (!q->lost)
		uv_poll_start(&q->poll,
		    UV_READABLE | UV_DISCONNECT |
			(q->out.len > 0 ? UV_WRITABLE : 0), ready);
}

/* ---- life ---------------------------------------------------------------------- */

struct qmp *
qmp_open(uv_loop_t *loop, int fd, const struct qmp_events *ev,
    struct xu_err *e)
{
	struct qmp *q = calloc(1, sizeof(*q));

	if (q == NULL || uv_poll_init(loop, &q->poll, fd) != 0) {
		xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM,
		    "talk to the device model");
		free(q);
		close(fd);
		return NULL;
	}
	q->fd = fd;
	q->ev = *ev;
	q->poll.data = q;
	q->out.max = LINE_MAX_BYTES;
	xu_list_init(&q->waiting);
	listen_for(q);
	return q;
}

static void
closed(uv_handle_t *h)
{
	struct qmp *q = h->data;

	close(q->fd);
	xu_buf_fini(&q->in);
	xu_buf_fini(&q->out);
	free(q);
}

bool
qmp_is_lost(const struct qmp *q)
{
	return q == NULL || q->lost;
}

void
qmp_close(struct qmp *q)
{
	struct xu_err e = XU_ERR_INIT;

	if (q == NULL)
		return;
	q->lost = true;
	xu_err_set(&e, XE(XLD_HELPER), 0, "the device model has been ended");
	xu_err_param(&e, "qemu");
	xu_err_param(&e, "it has been ended");
	all_fail(q, &e);
	uv_close((uv_handle_t *)&q->poll, closed);
}
