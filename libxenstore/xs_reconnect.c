/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A daemon that went away and comes back: waits for its socket, registers the
 * watches again and begins a transaction for each that was open. All of it runs
 * in the thread that reads, while nobody else may write.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xs_private.h"

/* A restart takes milliseconds; thousands of clients wait for it. */
#define PAUSE_FIRST_MS 5
#define PAUSE_MOST_MS  250

/* What is said first on a new connection. */
struct restore {
	/* The messages. */
	struct xu_buf all;
	/* Ids of the transactions, in the order of their START. */
	struct xu_buf ids;
	size_t started;
};

/* --- time -------------------------------------------------------------------------- */

static struct timespec
later(unsigned ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

static int
ms_until(const struct timespec *t)
{
	struct timespec now = later(0);
	int64_t ms = (int64_t)(t->tv_sec - now.tv_sec) * 1000 +
	    (t->tv_nsec - now.tv_nsec) / 1000000;

	return ms < 0 ? 0 : (int)(ms > 86400000 ? 86400000 : ms);
}

/* --- the end of a connection ---------------------------------------------------------- */

void
xs_lost(struct xs_handle *h, bool unread)
{
	bool again;

	pthread_mutex_lock(&h->lock);
	again = h->path != NULL && !h->closing && !h->restricted &&
	    h->link != XS_BROKEN;
	h->have = 0;
	if (again && h->link == XS_UP) {
		h->link = XS_DOWN;
		if (unread)
			h->unread_era = h->era;
		h->deadline = later(h->patience * 1000);
		h->pause_ms = PAUSE_FIRST_MS;
		xs_tx_doom_all(h);
		if ((h->flags & XS_NO_READER_THREAD) != 0 && h->notify[0] >= 0)
			epoll_ctl(h->notify[0], EPOLL_CTL_DEL, h->fd, NULL);
		pthread_cond_broadcast(&h->replied);
		xs_lane_lost(h);
		xs_notify(h);
	}
	pthread_mutex_unlock(&h->lock);
	if (!again)
		xs_broken(h, "it closed it");
	/* Whoever is writing must not go on. */
	shutdown(h->fd, SHUT_RDWR);
}

/* --- the first words on a new one ------------------------------------------------------- */

static void
say(struct xu_buf *b, uint32_t type, const void *body, uint32_t len)
{
	struct xsd_sockmsg hdr = { .type = type, .len = len };

	xu_buf_add(b, &hdr, XS_HEADER);
	xu_buf_add(b, body, len);
}

static void
prepare(struct xs_handle *h, struct restore *r)
{
	struct xu_list *l;

	pthread_mutex_lock(&h->lock);
	LIST_FOREACH(l, &h->watches)
	{
		struct xs_watch *w = xu_container_of(l, struct xs_watch, link);

		w->era = h->era + 1;
		say(&r->all, XS_WATCH, w->body, w->len);
	}
	LIST_FOREACH(l, &h->transactions)
	{
		struct xs_tx *tx = xu_container_of(l, struct xs_tx, link);

		tx->wire = 0;
		if (tx->ending)
			continue;
		say(&r->all, XS_TRANSACTION_START, "", 1);
		xu_buf_add(&r->ids, &tx->id, sizeof(tx->id));
	}
	pthread_mutex_unlock(&h->lock);
}

static bool
refused(struct xs_handle *h, const struct xsd_sockmsg *ask, const char *body,
    const struct xs_msg *m)
{
	char why[sizeof(h->reason)];

	/* The same one by another name, relative or absolute. */
	if (ask->type != XS_WATCH || m->hdr.type != XS_ERROR ||
	    strcmp(m->body, "EEXIST") == 0)
		return false;
	snprintf(why, sizeof(why), "after a restart it refuses the watch of "
	    "%.64s: %.32s", body, m->body);
	xs_broken(h, why);
	return true;
}

static void
started(struct xs_handle *h, struct restore *r, const struct xs_msg *m)
{
	struct xs_tx *tx;
	uint32_t id;

	memcpy(&id, r->ids.data + r->started++ * sizeof(id), sizeof(id));
	pthread_mutex_lock(&h->lock);
	tx = xs_tx_find(h, id);
	if (tx != NULL && m->hdr.type == XS_TRANSACTION_START)
		tx->wire = (uint32_t)strtoul(m->body, NULL, 10);
	pthread_mutex_unlock(&h->lock);
}

/* Its patience begins anew with each word from the daemon. */
static struct xs_msg *
next_reply(struct xs_handle *h)
{
	struct timespec end = later(h->patience * 1000);
	struct xs_msg *m;
	int n;

	for (;;) {
		pthread_mutex_lock(&h->lock);
		m = xs_queue_get(&h->restored);
		pthread_mutex_unlock(&h->lock);
		if (m != NULL)
			return m;
		n = xs_fill(h, ms_until(&end));
		if (n == 0)
			xs_broken(h, "it accepted a connection and is silent");
		if (n <= 0)
			return NULL;
	}
}

/* Replies to the messages from..to. */
static bool
hear(struct xs_handle *h, struct restore *r, const char *from, const char *to)
{
	struct xsd_sockmsg hdr;
	struct xs_msg *m;
	bool bad;

	for (; from < to; from += XS_HEADER + hdr.len) {
		memcpy(&hdr, from, XS_HEADER);
		m = next_reply(h);
		if (m == NULL)
			return false;
		bad = refused(h, &hdr, from + XS_HEADER, m);
		if (hdr.type == XS_TRANSACTION_START)
			started(h, r, m);
		free(m);
		if (bad)
			return false;
	}
	return true;
}

/* Sends messages, a window at a time, and hears the replies. */
static bool
tell(struct xs_handle *h, struct restore *r, const struct xu_buf *b)
{
	struct xsd_sockmsg hdr;
	size_t from, to;

	if (b->error != 0) {
		xs_broken(h, "out of memory");
		return false;
	}
	for (from = 0; from < b->len; from = to) {
		for (to = from; to < b->len && to - from < XS_WINDOW;
		    to += XS_HEADER + hdr.len)
			memcpy(&hdr, b->data + to, XS_HEADER);
		if (!xs_send_bytes(h, b->data + from, to - from))
			xs_lost(h, false);
		else if (hear(h, r, b->data + from, b->data + to))
			continue;
		return false;
	}
	return true;
}

/* What was changed in the transactions. */
static bool
replay(struct xs_handle *h, struct restore *r)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	struct xsd_sockmsg hdr;
	struct xu_list *l;

	pthread_mutex_lock(&h->lock);
	LIST_FOREACH(l, &h->transactions)
	{
		struct xs_tx *tx = xu_container_of(l, struct xs_tx, link);
		size_t at = b.len;

		if (tx->wire == 0 || tx->log.error != 0 || tx->log.len == 0)
			continue;
		xu_buf_add(&b, tx->log.data, tx->log.len);
		for (; at < b.len; at += XS_HEADER + hdr.len) {
			memcpy(&hdr, b.data + at, XS_HEADER);
			hdr.tx_id = tx->wire;
			memcpy(b.data + at, &hdr, XS_HEADER);
		}
	}
	pthread_mutex_unlock(&h->lock);
	return tell(h, r, &b);
}

static bool
restore(struct xs_handle *h)
{
	struct restore r = { .started = 0 };
	bool ok;

	prepare(h, &r);
	if (r.ids.error != 0)
		r.all.error = r.ids.error;
	ok = tell(h, &r, &r.all) && replay(h, &r);
	xu_buf_fini(&r.all);
	xu_buf_fini(&r.ids);
	return ok;
}

/* --- again ------------------------------------------------------------------------------- */

/* The new socket takes the number of the old. False: nobody wants it. */
static bool
replace(struct xs_handle *h, int fd)
{
	bool wanted;

	pthread_mutex_lock(&h->send);
	pthread_mutex_lock(&h->lock);
	wanted = !h->closing && !h->restricted &&
	    dup3(fd, h->fd, O_CLOEXEC) >= 0;
	h->restoring = wanted;
	h->have = 0;
	xs_queue_free(&h->restored);
	pthread_mutex_unlock(&h->lock);
	pthread_mutex_unlock(&h->send);
	close(fd);
	return wanted;
}

static bool
try_once(struct xs_handle *h)
{
	int fd = xs_connect(h->path);
	bool ok;

	if (fd < 0 || !replace(h, fd))
		return false;
	ok = restore(h);
	pthread_mutex_lock(&h->lock);
	h->restoring = false;
	ok = ok && h->link == XS_DOWN;
	if (ok) {
		h->link = XS_UP;
		h->era++;
		xs_watch_poll(h);
		pthread_cond_broadcast(&h->replied);
		xs_notify(h);
	}
	pthread_mutex_unlock(&h->lock);
	return ok;
}

bool
xs_reconnect(struct xs_handle *h, bool wait)
{
	struct timespec t;
	char why[64];
	bool up, over;

	do {
		up = try_once(h);
		pthread_mutex_lock(&h->lock);
		h->pause_ms = h->pause_ms * 2 > PAUSE_MOST_MS ?
		    PAUSE_MOST_MS : h->pause_ms * 2;
		over = h->link == XS_BROKEN || h->closing || h->restricted ||
		    ms_until(&h->deadline) == 0;
		t = later(h->pause_ms);
		if (!up && !over && wait)
			pthread_cond_timedwait(&h->wake, &h->lock, &t);
		else if (!up && !over)
			xs_notify(h);
		pthread_mutex_unlock(&h->lock);
	} while (!up && !over && wait);
	if (!up && over) {
		snprintf(why, sizeof(why), "it did not come back in %u seconds",
		    h->patience);
		xs_broken(h, why);
	}
	return up;
}

bool
xs_await_up(struct xs_handle *h, uint64_t *era)
{
	bool up;

	pthread_mutex_lock(&h->lock);
	while (h->link == XS_DOWN) {
		if (h->reader_runs) {
			pthread_cond_wait(&h->replied, &h->lock);
			continue;
		}
		pthread_mutex_unlock(&h->lock);
		(void)xs_reconnect(h, true);
		pthread_mutex_lock(&h->lock);
	}
	up = h->link == XS_UP;
	*era = h->era;
	pthread_mutex_unlock(&h->lock);
	return up;
}
