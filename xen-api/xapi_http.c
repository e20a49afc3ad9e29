/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The light path: HTTP/1.1 over a stream socket with as little as it takes, so
 * that a command on this host starts in milliseconds. One connection is kept
 * between calls. Other hosts' servers are xapi_curl.c's; only consoles over plain
 * http come here.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "xapi_private.h"
#include "xu_num.h"
#include "xu_proc.h"

#define HEAD_MAX 16384

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int
xapi_under_xen(void)
{
	char type[8] = "";
	FILE *f = fopen("/sys/hypervisor/type", "re");

	if (f != NULL) {
		if (fgets(type, sizeof(type), f) == NULL)
			type[0] = '\0';
		fclose(f);
	}
	return strncmp(type, "xen", 3) == 0;
}

int
xapi_unreachable(const struct xapi *x, int err, struct xapi_err *e)
{
	const char *path = x->url.path;

	if (x->url.scheme == XAPI_UNIX && !xapi_under_xen())
		return xapi_fail(e, "XLD_NO_XEN", err,
		    "this machine does not run under the Xen hypervisor: boot "
		    "it with Xen, or try ./try-xen, which boots a real Xen "
		    "host in a virtual machine");
	if (x->url.scheme != XAPI_UNIX)
		return xapi_fail(e, "XLD_UNREACHABLE", err,
		    "cannot reach the XenAPI server at %s: %s", x->text,
		    strerror(err));
	if (err == EACCES)
		return xapi_fail(e, "PERMISSION_DENIED", err,
		    "cannot reach xld at %s: %s; only root may", path,
		    strerror(err));
	return xapi_fail(e, "XLD_UNREACHABLE", err,
	    "cannot reach xld at %s: %s; is xld running? (systemctl start xld)",
	    path, strerror(err));
}

static int
connect_unix(const struct xapi *x, struct xapi_err *e)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(sa.sun_path, x->url.path, sizeof(sa.sun_path));
	if (fd >= 0 &&
	    connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return fd;
	xapi_unreachable(x, errno, e);
	if (fd >= 0)
		close(fd);
	return -1;
}

int
xapi_connect(const struct xapi *x, struct xapi_err *e)
{
	if (x->url.scheme == XAPI_UNIX)
		return connect_unix(x, e);
	if (xapi_far == NULL)
		return xapi_fail_far(x, e);
	return xapi_far->connect(x, e);
}

void
xapi_disconnect(struct xapi *x)
{
	if (x->fd >= 0)
		close(x->fd);
	x->fd = -1;
	x->used = false;
}

struct io {
	int fd;
	/* Monotonic milliseconds, 0 = none. */
	int64_t deadline;
	enum xapi_wait wait;
	const char *where;
	struct xapi_err *e;
};

static int
await(struct io *io, short what)
{
	struct pollfd p = { .fd = io->fd, .events = what };
	int64_t left = -1;
	int r;

	for (;;) {
		if (io->deadline != 0) {
			left = io->deadline - now_ms();
			if (left < 0)
				left = 0;
			if (left > INT32_MAX)
				left = INT32_MAX;
		}
		r = poll(&p, 1, (int)left);
		if (r > 0)
			return 0;
		if (r == 0)
			return xapi_fail(io->e, "XLD_TIMEOUT", ETIMEDOUT,
			    "no answer from %s in time", io->where);
		if (errno != EINTR)
			return xapi_fail(io->e, "XLD_PROTOCOL", errno,
			    "waiting for %s: %s", io->where, strerror(errno));
		if (io->wait == XAPI_WAIT_EVENT)
			return xapi_fail(io->e, "XLD_INTERRUPTED", EINTR,
			    "interrupted while waiting for %s", io->where);
	}
}

static int
send_all(struct io *io, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	while (len > 0) {
		n = send(io->fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			if (await(io, POLLOUT) < 0)
				return -1;
			continue;
		}
		if (n < 0)
			return xapi_fail(io->e, "XLD_UNREACHABLE", errno,
			    "connection to %s broke: %s", io->where,
			    strerror(errno));
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Bytes read, 0 at end of file, -1. */
static ssize_t
recv_some(struct io *io, void *buf, size_t len, int flags)
{
	ssize_t n;

	for (;;) {
		if (await(io, POLLIN) < 0)
			return -1;
		n = recv(io->fd, buf, len, flags | MSG_DONTWAIT);
		if (n >= 0)
			return n;
		if (errno != EAGAIN && errno != EINTR)
			return xapi_fail(io->e, "XLD_UNREACHABLE", errno,
			    "connection to %s broke: %s", io->where,
			    strerror(errno));
	}
}

static int
hex(int c)
{
	return c >= '0' && c <= '9' ? c - '0' :
	    c >= 'a' && c <= 'f'    ? c - 'a' + 10 :
	    c >= 'A' && c <= 'F'    ? c - 'A' + 10 :
				      -1;
}

void
xapi_take_message(struct xapi_reply *rp, const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n + 1 < sizeof(rp->message); i++) {
		if (s[i] == '%' && i + 2 < len && hex(s[i + 1]) >= 0 &&
		    hex(s[i + 2]) >= 0) {
			rp->message[n++] = (char)(hex(s[i + 1]) << 4 |
			    hex(s[i + 2]));
			i += 2;
		} else {
			rp->message[n++] = s[i];
		}
	}
	rp->message[n] = '\0';
}

struct head {
	/* -1: not given, the body goes to the end of file. */
	int64_t length;
	bool close;
};

static void
header_line(struct xapi_reply *rp, struct head *h, char *line)
{
	char *value = strchr(line, ':');

	if (value == NULL)
		return;
	*value++ = '\0';
	value += strspn(value, " \t");
	if (strcasecmp(line, "Content-Length") == 0) {
		if (!xu_num_i64(value, 0, XAPI_REPLY_MAX, &h->length))
			h->length = -2;
	} else if (strcasecmp(line, "Connection") == 0) {
		h->close = strcasecmp(value, "close") == 0;
	} else if (strcasecmp(line, "Transfer-Encoding") == 0) {
		h->length = -2;
	} else if (strcasecmp(line, "X-XLD-Error") == 0) {
		xapi_take_message(rp, value, strlen(value));
	}
}

/* text ends with the empty line. Interim 1xx replies other than 101 are no
 * concern: we never ask for them. */
static int
parse_head(char *text, struct xapi_reply *rp, struct head *h)
{
	char *line, *rest = text, *sp;
	int64_t status;

	*h = (struct head){ .length = -1 };
	line = strsep(&rest, "\n");
	sp = line == NULL ? NULL : strchr(line, ' ');
	if (sp == NULL || strncmp(line, "HTTP/1.", 7) != 0)
		return -1;
	sp[4 < strlen(sp) ? 4 : strlen(sp)] = '\0';
	if (!xu_num_i64(sp + 1, 100, 599, &status))
		return -1;
	rp->status = (int)status;
	while ((line = strsep(&rest, "\n")) != NULL) {
		line[strcspn(line, "\r")] = '\0';
		header_line(rp, h, line);
	}
	return h->length == -2 ? -1 : 0;
}

/* Reads up to and with the empty line; what came behind it stays in the
 * socket, which is peeked first. */
static int
read_head(struct io *io, struct xapi_reply *rp, struct head *h)
{
	char text[HEAD_MAX + 1];
	size_t have = 0, take;
	const char *end;
	ssize_t n;

	for (;;) {
		n = recv_some(io, text + have, HEAD_MAX - have, MSG_PEEK);
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		/* A body right behind it may fill the whole buffer. */
		text[have + (size_t)n] = '\0';
		end = strstr(text, "\r\n\r\n");
		if (end == NULL && have + (size_t)n == HEAD_MAX)
			return xapi_fail(io->e, "XLD_PROTOCOL", EPROTO,
			    "%s answers with a head of more than %d bytes",
			    io->where, HEAD_MAX);
		take = end == NULL ? (size_t)n :
				     (size_t)(end + 4 - text) - have;
		n = recv_some(io, text + have, take, 0);
		if (n <= 0)
			break;
		have += (size_t)n;
		if (end == NULL)
			continue;
		text[have] = '\0';
		if (parse_head(text, rp, h) == 0)
			return 0;
		return xapi_fail(io->e, "XLD_PROTOCOL", EPROTO,
		    "%s answers something that is not HTTP", io->where);
	}
	return xapi_fail(io->e, "XLD_UNREACHABLE", EPIPE,
	    "%s closed the connection without an answer", io->where);
}

static int
read_body(struct io *io, const struct head *h, struct xu_buf *body)
{
	size_t want = h->length < 0 ? XAPI_REPLY_MAX : (size_t)h->length;
	ssize_t n;
	size_t step;
	void *to;

	while (body->len < want) {
		step = want - body->len < 65536 ? want - body->len : 65536;
		to = xu_buf_reserve(body, step);
		if (to == NULL)
			return xapi_fail(io->e, "XLD_NO_MEMORY", ENOMEM,
			    "out of memory for the answer of %s", io->where);
		n = recv_some(io, to, step, 0);
		/* The reservation counts as content until it is cut back. */
		body->len -= step - (n > 0 ? (size_t)n : 0);
		if (n < 0)
			return -1;
		if (n == 0 && h->length < 0)
			return 0;
		if (n == 0)
			return xapi_fail(io->e, "XLD_UNREACHABLE", EPIPE,
			    "%s closed the connection within an answer",
			    io->where);
	}
	return 0;
}

static struct io
make_io(const struct xapi *x, int fd, unsigned timeout, enum xapi_wait wait,
    struct xapi_err *e)
{
	return (struct io){
		.fd = fd,
		.deadline = timeout == 0 ? 0 : now_ms() + timeout,
		.wait = wait,
		.where = x->url.scheme == XAPI_UNIX ? "xld" : x->text,
		.e = e,
	};
}

int
xapi_http_head(int fd, const struct xapi *x, const char *request,
    struct xapi_reply *rp, struct xapi_err *e)
{
	struct io io = make_io(x, fd, x->timeout, XAPI_WAIT_CALL, e);
	struct head h;

	if (send_all(&io, request, strlen(request)) < 0 ||
	    read_head(&io, rp, &h) < 0)
		return -1;
	if (rp->status == 101)
		return 0;
	return read_body(&io, &h, &rp->body);
}

/* A kept connection that the server has closed meanwhile reads as ended. */
static bool
stale(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) != 0;
}

static int
one_exchange(struct io *io, const struct xapi_request *rq,
    struct xapi_reply *rp, struct head *h)
{
	AUTO_BUF struct xu_buf out = XU_BUF_INIT;

	xu_buf_addf(&out, "%s %s HTTP/1.1\r\nHost: localhost\r\n", rq->verb,
	    rq->path);
	if (rq->body != NULL) {
		xu_buf_addf(&out,
		    "Content-Type: text/xml\r\nContent-Length: %zu\r\n",
		    rq->body->len);
	}
	xu_buf_adds(&out, "\r\n");
	if (rq->body != NULL)
		xu_buf_add(&out, rq->body->data, rq->body->len);
	if (out.error != 0)
		return xapi_fail(io->e, "XLD_NO_MEMORY", ENOMEM,
		    "out of memory for a request");
	if (send_all(io, out.data, out.len) < 0 || read_head(io, rp, h) < 0)
		return -1;
	return read_body(io, h, &rp->body);
}

int
xapi_http(struct xapi *x, const struct xapi_request *rq, struct xapi_reply *rp,
    struct xapi_err *e)
{
	struct head h;
	struct io io;
	int rc;

	if (x->fd >= 0 && x->used && stale(x->fd))
		xapi_disconnect(x);
	if (x->fd < 0)
		x->fd = xapi_connect(x, e);
	if (x->fd < 0)
		return -1;
	io = make_io(x, x->fd, rq->timeout, rq->wait, e);
	rc = one_exchange(&io, rq, rp, &h);
	x->used = true;
	/* After a failure the rest of the answer may still come: never reuse. */
	if (rc < 0 || h.close || h.length < 0)
		xapi_disconnect(x);
	return rc;
}
