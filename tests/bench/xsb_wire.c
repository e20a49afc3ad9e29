/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The wire protocol from the client's side, with as little cost as possible. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "xsb.h"

enum { IN_SIZE = 64 * 1024 };

void
xb_die(const char *fmt, ...)
{
	va_list ap;

	fputs("xsbench: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

char *
xb_name(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return buf;
}

struct xb_conn *
xb_connect(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct xb_conn *c = calloc(1, sizeof(*c));

	if (c == NULL || strlen(path) >= sizeof(un.sun_path))
		xb_die("connect %s: no memory, or too long a name", path);
	strcpy(un.sun_path, path);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&un, sizeof(un)) < 0)
		xb_die("connect %s: %s", path, strerror(errno));
	c->in_size = IN_SIZE;
	c->in = malloc(c->in_size);
	if (c->in == NULL)
		xb_die("no memory");
	return c;
}

void
xb_close(struct xb_conn *c)
{
	if (c->ring != NULL)
		xb_ring_close(c);
	else
		close(c->fd);
	xb_lane_close(c);
	free(c->in);
	free(c->out);
	free(c);
}

static char *
out_room(struct xb_conn *c, size_t n)
{
	if (c->out_len + n > c->out_size) {
		c->out_size = (c->out_len + n) * 2;
		c->out = realloc(c->out, c->out_size);
		if (c->out == NULL)
			xb_die("no memory");
	}
	c->out_len += n;
	return c->out + c->out_len - n;
}

static char *
put_header(struct xb_conn *c, uint32_t type, uint32_t tx, size_t len)
{
	struct xsd_sockmsg h = {
		.type = type, .tx_id = tx, .len = (uint32_t)len
	};
	char *p = out_room(c, sizeof(h) + len);

	memcpy(p, &h, sizeof(h));
	return p + sizeof(h);
}

void
xb_put_raw(struct xb_conn *c, uint32_t type, uint32_t tx, const void *payload,
    size_t len)
{
	char *p = put_header(c, type, tx, len);

	if (len > 0)
		memcpy(p, payload, len);
}

void
xb_put(struct xb_conn *c, uint32_t type, uint32_t tx, const char *path,
    const char *value)
{
	size_t n = strlen(path) + 1, v = value != NULL ? strlen(value) : 0;
	char *p = put_header(c, type, tx, n + v);

	memcpy(p, path, n);
	if (v > 0)
		memcpy(p + n, value, v);
}

void
xb_flush(struct xb_conn *c)
{
	size_t done = 0;
	ssize_t r;

	if (c->ring != NULL) {
		xb_ring_flush(c);
		return;
	}
	while (done < c->out_len) {
		r = send(c->fd, c->out + done, c->out_len - done, MSG_NOSIGNAL);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			xb_die("send: %s", strerror(errno));
		done += (size_t)r;
	}
	c->out_len = 0;
}

bool
xb_take(struct xb_conn *c, struct xb_msg *m)
{
	size_t have = c->in_end - c->in_off;

	if (have < sizeof(m->h))
		return false;
	memcpy(&m->h, c->in + c->in_off, sizeof(m->h));
	/* A whole reply must fit; peers send more than the protocol allows. */
	if (sizeof(m->h) + m->h.len > c->in_size) {
		c->in_size = sizeof(m->h) + m->h.len + IN_SIZE;
		c->in = realloc(c->in, c->in_size);
		if (c->in == NULL)
			xb_die("no memory for a reply of %u bytes", m->h.len);
	}
	if (have < sizeof(m->h) + m->h.len)
		return false;
	m->body = c->in + c->in_off + sizeof(m->h);
	c->in_off += sizeof(m->h) + m->h.len;
	return true;
}

bool
xb_fill(struct xb_conn *c, bool wait)
{
	ssize_t r;

	if (c->in_off == c->in_end) {
		c->in_off = c->in_end = 0;
	} else if (c->in_size - c->in_end < c->in_size / 2) {
		memmove(c->in, c->in + c->in_off, c->in_end - c->in_off);
		c->in_end -= c->in_off;
		c->in_off = 0;
	}
	if (c->ring != NULL)
		return xb_ring_fill(c, wait);
	do {
		r = recv(c->fd, c->in + c->in_end, c->in_size - c->in_end,
		    wait ? 0 : MSG_DONTWAIT);
	} while (r < 0 && errno == EINTR);
	if (r < 0 && errno == EAGAIN && !wait)
		return false;
	if (r <= 0)
		xb_die("recv: %s",
		    r == 0 ? "the daemon closed the connection"
			   : strerror(errno));
	c->in_end += (size_t)r;
	return true;
}

void
xb_reply(struct xb_conn *c, struct xb_msg *m)
{
	for (;;) {
		while (!xb_take(c, m))
			xb_fill(c, true);
		if (m->h.type != XS_WATCH_EVENT)
			return;
		c->events++;
	}
}

void
xb_exchange(struct xb_conn *c, struct xb_msg *m)
{
	if (c->lane != NULL) {
		xb_lane_call(c, m);
		return;
	}
	xb_flush(c);
	xb_reply(c, m);
}

bool
xb_call(struct xb_conn *c, uint32_t type, uint32_t tx, const char *path,
    const char *value, struct xb_msg *m)
{
	xb_lane_want(c);
	xb_put(c, type, tx, path, value);
	xb_exchange(c, m);
	return m->h.type != XS_ERROR;
}

void
xb_must(const struct xb_msg *m)
{
	if (m->h.type == XS_ERROR)
		xb_die("the daemon answers %.*s", (int)m->h.len, m->body);
}

void
xb_ok(struct xb_conn *c, uint32_t type, uint32_t tx, const char *path,
    const char *value)
{
	struct xb_msg m;

	if (!xb_call(c, type, tx, path, value, &m))
		xb_die(
		    "request %u of %s: %.*s", type, path, (int)m.h.len, m.body);
}

bool
xb_is_error(const struct xb_msg *m, const char *name)
{
	return m->h.type == XS_ERROR && m->h.len == strlen(name) + 1 &&
	    memcmp(m->body, name, m->h.len) == 0;
}

uint32_t
xb_start(struct xb_conn *c)
{
	struct xb_msg m;

	xb_call(c, XS_TRANSACTION_START, 0, "", NULL, &m);
	xb_must(&m);
	return (uint32_t)strtoul(m.body, NULL, 10);
}

bool
xb_end(struct xb_conn *c, uint32_t tx)
{
	struct xb_msg m;

	if (!xb_call(c, XS_TRANSACTION_END, tx, "T", NULL, &m)) {
		if (!xb_is_error(&m, "EAGAIN"))
			xb_must(&m);
		return false;
	}
	return true;
}

void
xb_flow_room(struct xb_flow *f)
{
	struct xb_msg m;

	f->pending++;
	if (f->pending < f->window)
		return;
	/* In halves, so that requests travel in batches. */
	xb_flush(f->c);
	while (f->pending > f->window / 2) {
		xb_reply(f->c, &m);
		xb_must(&m);
		f->pending--;
	}
}

void
xb_flow_drain(struct xb_flow *f)
{
	struct xb_msg m;

	xb_flush(f->c);
	for (; f->pending > 0; f->pending--) {
		xb_reply(f->c, &m);
		xb_must(&m);
	}
}
