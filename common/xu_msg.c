/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Framed messages; see xu_msg.h. Descriptors travel with the first byte of
 * their message. On a stream the kernel never merges bytes across a descriptor
 * boundary in one recvmsg, but it may hand out the end of the message before
 * together with it; received descriptors therefore wait in order, and the header
 * says how many belong to the message (high byte of kind).
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "xu_bin.h"
#include "xu_msg.h"

#define HDR	   12
#define READ_CHUNK 65536
#define FDS_WAIT (4 * XU_MSG_FDS)

struct out {
	struct out *next;
	struct xu_buf bytes;
	/* Written so far. */
	size_t off;
	int fds[XU_MSG_FDS];
	int nfds;
};

struct xu_chan {
	int fd;
	uint32_t max;
	struct xu_buf in;
	size_t in_off;
	int fds[FDS_WAIT];
	int nfds;
	struct out *head, **tail;
	/* Bytes in the queue. */
	size_t queued;
};

void
xu_msg_fini(struct xu_msg *m)
{
	xu_val_free(m->val);
	m->val = NULL;
	for (int i = 0; i < m->nfds; i++)
		if (m->fds[i] >= 0)
			close(m->fds[i]);
	m->nfds = 0;
}

struct xu_chan *
xu_chan_new(int fd, uint32_t max_payload)
{
	struct xu_chan *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->fd = fd;
	c->max = max_payload == 0 ? XU_MSG_MAX_PAYLOAD : max_payload;
	c->tail = &c->head;
	return c;
}

static void
out_free(struct out *o)
{
	for (int i = 0; i < o->nfds; i++)
		close(o->fds[i]);
	xu_buf_fini(&o->bytes);
	free(o);
}

void
xu_chan_free(struct xu_chan **cp)
{
	struct xu_chan *c = *cp;
	struct out *o;

	if (c == NULL)
		return;
	while ((o = c->head) != NULL) {
		c->head = o->next;
		out_free(o);
	}
	for (int i = 0; i < c->nfds; i++)
		close(c->fds[i]);
	xu_buf_fini(&c->in);
	close(c->fd);
	free(c);
	*cp = NULL;
}

int
xu_chan_fd(const struct xu_chan *c)
{
	return c->fd;
}

bool
xu_chan_pending(const struct xu_chan *c)
{
	return c->head != NULL;
}

/* Bytes written, 0 = would block, -1. */
static ssize_t
write_some(int fd, const void *p, size_t n, const int *fds, int nfds)
{
	union {
		char buf[CMSG_SPACE(XU_MSG_FDS * sizeof(int))];
		struct cmsghdr align;
	} u;
	struct iovec iov = { (void *)(uintptr_t)p, n };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cm;
	ssize_t r;

	if (nfds > 0) {
		memset(&u, 0, sizeof(u));
		mh.msg_control = u.buf;
		mh.msg_controllen = CMSG_SPACE((size_t)nfds * sizeof(int));
		cm = CMSG_FIRSTHDR(&mh);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN((size_t)nfds * sizeof(int));
		memcpy(CMSG_DATA(cm), fds, (size_t)nfds * sizeof(int));
	}
	do
		r = sendmsg(fd, &mh, MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	if (r < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	if (r < 0 && errno == ECONNRESET)
		errno = EPIPE;
	return r;
}

int
xu_chan_flush(struct xu_chan *c)
{
	struct out *o;
	ssize_t n;

	while ((o = c->head) != NULL) {
		n = write_some(c->fd, o->bytes.data + o->off,
		    o->bytes.len - o->off, o->fds, o->nfds);
		if (n < 0)
			return -1;
		if (n == 0)
			return 0;
		for (int i = 0; i < o->nfds; i++)
			close(o->fds[i]);
		o->nfds = 0;
		o->off += (size_t)n;
		c->queued -= (size_t)n;
		if (o->off < o->bytes.len)
			continue;
		c->head = o->next;
		if (c->head == NULL)
			c->tail = &c->head;
		out_free(o);
	}
	return 0;
}

int
xu_chan_queue(struct xu_chan *c, uint32_t kind, uint32_t id,
    const struct xu_val *val, const int *fds, int nfds)
{
	struct out *o;
	uint32_t len;

	if (nfds > XU_MSG_FDS || kind > 0xffffff) {
		errno = EINVAL;
		return -1;
	}
	/* The other side does not read: memory is not for it to take. */
	if (c->queued > XU_MSG_BACKLOG) {
		errno = ENOBUFS;
		return -1;
	}
	o = calloc(1, sizeof(*o));
	if (o == NULL)
		return -1;
	xu_buf_reserve(&o->bytes, HDR);
	xu_val_encode(val, &o->bytes);
	if (o->bytes.error == 0 && o->bytes.len - HDR > c->max)
		o->bytes.error = E2BIG;
	while (o->bytes.error == 0 && o->nfds < nfds) {
		int fd = fcntl(fds[o->nfds], F_DUPFD_CLOEXEC, 3);

		if (fd < 0)
			o->bytes.error = errno;
		else
			o->fds[o->nfds++] = fd;
	}
	if (o->bytes.error != 0) {
		int err = o->bytes.error;

		out_free(o);
		errno = err;
		return -1;
	}
	len = (uint32_t)(o->bytes.len - HDR);
	kind |= (uint32_t)nfds << 24;
	memcpy(o->bytes.data, &len, 4);
	memcpy(o->bytes.data + 4, &id, 4);
	memcpy(o->bytes.data + 8, &kind, 4);
	*c->tail = o;
	c->tail = &o->next;
	c->queued += o->bytes.len;
	return 0;
}

int
xu_chan_send(struct xu_chan *c, uint32_t kind, uint32_t id,
    const struct xu_val *val, const int *fds, int nfds)
{
	if (xu_chan_queue(c, kind, id, val, fds, nfds) < 0)
		return -1;
	return xu_chan_flush(c);
}

int
xu_chan_failed(struct xu_chan *c, const char *code, const char *what,
    const char *why)
{
	struct xu_val *v = xu_struct(), *params = xu_array();
	int r;

	xu_val_add(params, xu_str(what));
	xu_val_add(params, xu_str(why));
	xu_val_set(v, "code", xu_str(code));
	xu_val_set(v, "params", params);
	xu_val_set(v, "message", xu_str(why));
	r = xu_chan_send(c, XU_MSG_FAILED, 0, v, NULL, 0);
	xu_val_free(v);
	return r;
}

static void
keep_fds(struct xu_chan *c, struct msghdr *mh)
{
	struct cmsghdr *cm;
	size_t n;
	int fd;

	for (cm = CMSG_FIRSTHDR(mh); cm != NULL; cm = CMSG_NXTHDR(mh, cm)) {
		if (cm->cmsg_level != SOL_SOCKET || cm->cmsg_type != SCM_RIGHTS)
			continue;
		n = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(cm) + i * sizeof(int),
			    sizeof(fd));
			if (c->nfds < FDS_WAIT)
				c->fds[c->nfds++] = fd;
			else
				close(fd);
		}
	}
}

int
xu_chan_fill(struct xu_chan *c)
{
	union {
		char buf[CMSG_SPACE(FDS_WAIT * sizeof(int))];
		struct cmsghdr align;
	} u;
	struct iovec iov;
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	size_t before = c->in.len;
	ssize_t r;

	if (c->in_off != 0) {
		xu_buf_drop(&c->in, c->in_off);
		c->in_off = 0;
		before = c->in.len;
	}
	iov.iov_base = xu_buf_reserve(&c->in, READ_CHUNK);
	if (iov.iov_base == NULL) {
		errno = ENOMEM;
		return -1;
	}
	iov.iov_len = READ_CHUNK;
	mh.msg_control = u.buf;
	mh.msg_controllen = sizeof(u.buf);
	do
		r = recvmsg(c->fd, &mh, MSG_CMSG_CLOEXEC);
	while (r < 0 && errno == EINTR);
	c->in.len = before + (r > 0 ? (size_t)r : 0);
	if (r < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
	keep_fds(c, &mh);
	if (r == 0) {
		errno = EPIPE;
		return -1;
	}
	return 1;
}

int
xu_chan_next(struct xu_chan *c, struct xu_msg *m)
{
	struct xu_bin r = xu_bin_of(xu_buf_text(&c->in) + c->in_off,
	    c->in.len - c->in_off);
	uint32_t len;
	int nfds;

	memset(m, 0, sizeof(*m));
	if (r.left < HDR)
		return 0;
	len = xu_get_u32(&r);
	m->id = xu_get_u32(&r);
	m->kind = xu_get_u32(&r);
	nfds = (int)(m->kind >> 24);
	m->kind &= 0xffffff;
	if (len > c->max || nfds > XU_MSG_FDS) {
		errno = EBADMSG;
		return -1;
	}
	if (r.left < len)
		return 0;
	if (nfds > c->nfds) {
		errno = EBADMSG;
		return -1;
	}
	m->val = xu_val_decode(r.p, len);
	if (m->val == NULL)
		return -1;
	memcpy(m->fds, c->fds, (size_t)nfds * sizeof(int));
	m->nfds = nfds;
	c->nfds -= nfds;
	memmove(c->fds, c->fds + nfds, (size_t)c->nfds * sizeof(int));
	c->in_off += HDR + len;
	return 1;
}

int
xu_chan_recv(struct xu_chan *c, struct xu_msg *m)
{
	int r;

	while ((r = xu_chan_next(c, m)) == 0) {
		if (xu_chan_fill(c) >= 0)
			continue;
		return errno == EPIPE && c->in.len == c->in_off ? 0 : -1;
	}
	return r;
}
