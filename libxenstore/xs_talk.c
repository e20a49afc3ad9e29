/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Requests and their replies, in order, over one connection or, when it is lost
 * on the way, the next. A request without an answer is sent again: all but two
 * kinds may be done twice and come to the same. See xenstore.h for the others.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "xs_private.h"

/* So often the daemon may go away over a request before it is given up: it might
 * be what kills it. */
#define LOSSES 3

enum outcome {
	DONE,
	/* Some were answered, perhaps all of this window. */
	LOST,
	/* The same, and the daemon never read the first unanswered one. */
	UNREAD,
	BROKEN,
};

/* NULL: the connection that had the request ended. */
static struct xs_msg *
wait_reply(struct xs_handle *h, uint64_t era)
{
	struct xs_msg *m;

	pthread_mutex_lock(&h->lock);
	/* What came before the connection ended is still good. */
	while ((m = xs_queue_get(&h->replies)) == NULL && h->link == XS_UP &&
	    h->era == era) {
		if (h->reader_runs) {
			pthread_cond_wait(&h->replied, &h->lock);
			continue;
		}
		pthread_mutex_unlock(&h->lock);
		(void)xs_fill(h, -1);
		pthread_mutex_lock(&h->lock);
	}
	pthread_mutex_unlock(&h->lock);
	return m;
}

static bool
answers(const struct xs_handle *h, const struct xs_msg *m, uint32_t id,
    uint32_t type)
{
	if (m->hdr.req_id != id && !(h->is_dev && m->hdr.req_id == 0))
		return false;
	return m->hdr.type == type || m->hdr.type == XS_ERROR;
}

/* As many requests as are sent at once; the number of the first not in it. */
static int
fill_window(struct xs_handle *h, struct xs_req *v, int from, int n)
{
	struct xsd_sockmsg hdr;
	int i = from;

	xu_buf_reset(&h->out);
	for (; i < n && h->out.len < XS_WINDOW; i++) {
		hdr.type = v[i].type;
		hdr.req_id = ++h->next_id;
		hdr.len = v[i].len;
		if (!xs_tx_wire(h, v[i].tx, &hdr.tx_id))
			break;
		xu_buf_add(&h->out, &hdr, XS_HEADER);
		xu_buf_add(&h->out, v[i].body, v[i].len);
		if (h->is_dev)
			return i + 1;
	}
	return i;
}

bool
xs_is_up(struct xs_handle *h, uint64_t era)
{
	bool up;

	pthread_mutex_lock(&h->lock);
	up = h->link == XS_UP && h->era == era;
	pthread_mutex_unlock(&h->lock);
	return up;
}

/*
 * False: not all of it left, as the connection ended. Nobody reads replies while
 * the daemon's end is open and its buffer full, but then it is the daemon that
 * reads.
 */
static bool
send_window(struct xs_handle *h, uint64_t era)
{
	bool ok;

	pthread_mutex_lock(&h->send);
	ok = xs_is_up(h, era);
	if (ok && !xs_send_bytes(h, h->out.data, h->out.len)) {
		ok = false;
		/* Whoever reads must see an end, too. */
		shutdown(h->fd, SHUT_RDWR);
	}
	pthread_mutex_unlock(&h->send);
	if (!ok && h->is_dev)
		xs_broken(h, "the kernel refuses the request");
	return ok;
}

static void
take_reply(struct xs_handle *h, struct xs_req *r, struct xs_msg *m,
    uint64_t era)
{
	r->reply = m;
	r->era = era;
	r->err = m->hdr.type == XS_ERROR ? xs_error_number(m->body) : 0;
	/* It is gone: because the first one did it. */
	if (r->lost && r->err == ENOENT &&
	    (r->type == XS_RM || r->type == XS_RELEASE))
		r->err = 0;
	if (r->err == 0 && r->tx != 0 && !r->whole)
		xs_tx_note(h, r);
}

/* n requests have no answer; all were sent, or not. */
static enum outcome
lost(struct xs_handle *h, struct xs_req *v, int n, bool sent, uint64_t era)
{
	enum outcome o = LOST;

	pthread_mutex_lock(&h->lock);
	if (h->link == XS_BROKEN)
		o = BROKEN;
	/* Of several it cannot be told which were read. */
	else if ((!sent || h->unread_era == era) && n == 1)
		o = UNREAD;
	pthread_mutex_unlock(&h->lock);
	for (int i = 0; o == LOST && i < n; i++)
		v[i].lost = true;
	return o;
}

/* Sends and collects from *done on. */
static enum outcome
run_window(struct xs_handle *h, struct xs_req *v, int *done, int n,
    uint64_t era)
{
	uint32_t id = h->next_id + 1;
	int end = fill_window(h, v, *done, n), first = *done;
	enum xs_lane_end lane = XS_LANE_NONE;
	struct xs_msg *m = NULL;
	bool sent = true;

	if (end == first) {
		if (!xs_is_up(h, era))
			return UNREAD;
		/* No transaction stands in for its own. */
		v[(*done)++].err = EAGAIN;
		return DONE;
	}
	if (h->out.error != 0) {
		xs_broken(h, "out of memory");
		return BROKEN;
	}
	if (end - first == 1)
		lane = xs_lane_call(h, era, &m);
	if (lane == XS_LANE_UNREAD)
		return UNREAD;
	if (lane == XS_LANE_NONE)
		sent = send_window(h, era);
	for (; *done < end; (*done)++, id++) {
		if (lane == XS_LANE_NONE || lane == XS_LANE_BY_SOCKET)
			m = wait_reply(h, era);
		if (m == NULL)
			return lost(h, v + *done, end - *done, sent,
			    era);
		if (!answers(h, m, id, v[*done].type)) {
			free(m);
			xs_broken(h, "its replies make no sense");
			return BROKEN;
		}
		take_reply(h, &v[*done], m, era);
	}
	return DONE;
}

bool
xs_exchange(struct xs_handle *h, struct xs_req *v, int n)
{
	int done = 0, losses = 0;
	enum outcome o = DONE;
	uint64_t era;

	while (done < n) {
		if (o == BROKEN || !xs_await_up(h, &era)) {
			errno = EBADF;
			return false;
		}
		o = run_window(h, v, &done, n, era);
		if ((o == LOST || o == UNREAD) && done < n && v[done].whole) {
			errno = EAGAIN;
			return false;
		}
		if (o != LOST || done == n)
			continue;
		if (v[done].once) {
			v[done++].err = EIO;
		} else if (++losses == LOSSES) {
			errno = EIO;
			return false;
		}
	}
	return true;
}

struct xs_msg *
xs_talk_locked(struct xs_handle *h, struct xs_req *r, const struct xs_iov *v,
    unsigned n, const char *what)
{
	char body[XENSTORE_PAYLOAD_MAX];
	bool ok;
	int err;

	for (unsigned i = 0; i < n; i++) {
		if (v[i].len > sizeof(body) - r->len) {
			r->err = E2BIG;
			xs_fail(r->err, "%s", what);
			return NULL;
		}
		if (v[i].len > 0)
			memcpy(body + r->len, v[i].data, v[i].len);
		r->len += (uint32_t)v[i].len;
	}
	r->body = body;
	xs_lane_consider(h);
	ok = xs_exchange(h, r, 1);
	err = errno;
	r->body = NULL;
	xs_events_told(h);
	if (ok && r->err == 0)
		return r->reply;
	if (!ok)
		r->err = err;
	free(r->reply);
	r->reply = NULL;
	if (r->err == EBADF)
		xs_gone(h, what);
	else if (r->err == EIO && r->lost)
		xs_fail(EIO, "%s: xenstored went away over it", what);
	else
		xs_fail(r->err, "%s", what);
	return NULL;
}

struct xs_msg *
xs_talk(struct xs_handle *h, uint32_t type, uint32_t tx,
    const struct xs_iov *v, unsigned n, const char *what)
{
	/* A command may be anything. */
	struct xs_req r = { .type = type, .tx = tx, .once = type == XS_CONTROL };
	struct xs_msg *m;

	pthread_mutex_lock(&h->request);
	m = xs_talk_locked(h, &r, v, n, what);
	pthread_mutex_unlock(&h->request);
	return m;
}
