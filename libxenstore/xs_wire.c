/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes to and from the connection, and the messages in them: each goes to the
 * queue of events or of replies. Knows nothing of what they mean.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "xs_private.h"

/* --- what xs_fileno gives -------------------------------------------------------- */

/* Fires at once and for good, or when it is time to look for the daemon. */
static void
notify_timer(struct xs_handle *h, enum xs_notice n)
{
	struct itimerspec t = { { 0, 0 }, { 0, 0 } };

	if (n == XS_NOW) {
		t.it_value.tv_nsec = 1;
	} else if (n == XS_SOON) {
		t.it_value.tv_sec = h->pause_ms / 1000;
		t.it_value.tv_nsec = (long)(h->pause_ms % 1000) * 1000000 + 1;
	}
	timerfd_settime(h->notify[1], 0, &t, NULL);
}

void
xs_notify(struct xs_handle *h)
{
	bool loop = (h->flags & XS_NO_READER_THREAD) != 0;
	enum xs_notice n = XS_NOT;
	char c;

	if (h->events.count > 0 || h->link == XS_BROKEN)
		n = XS_NOW;
	else if (loop && h->link == XS_DOWN)
		n = XS_SOON;
	if (h->notify[1] < 0 || (n == h->noticed && n != XS_SOON))
		return;
	h->noticed = n;
	if (loop)
		notify_timer(h, n);
	else if (n == XS_NOW)
		(void)!write(h->notify[1], "", 1);
	else
		(void)!read(h->notify[0], &c, 1);
}

void
xs_broken(struct xs_handle *h, const char *reason)
{
	pthread_mutex_lock(&h->lock);
	if (h->link != XS_BROKEN)
		snprintf(h->reason, sizeof(h->reason), "%s", reason);
	h->link = XS_BROKEN;
	pthread_cond_broadcast(&h->replied);
	pthread_cond_broadcast(&h->watched);
	xs_lane_lost(h);
	xs_notify(h);
	pthread_mutex_unlock(&h->lock);
}

bool
xs_gone(struct xs_handle *h, const char *what)
{
	char reason[sizeof(h->reason)];

	pthread_mutex_lock(&h->lock);
	memcpy(reason, h->reason, sizeof(reason));
	pthread_mutex_unlock(&h->lock);
	return xs_fail(EBADF, "%s: the connection to xenstored is gone (%s)",
	    what, reason);
}

int
xs_error_number(const char *name)
{
	for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++)
		if (strcmp(xsd_errors[i].errstring, name) == 0)
			return xsd_errors[i].errnum;
	return EINVAL;
}

/* --- bytes -------------------------------------------------------------------------- */

static bool
wait_for(const struct xs_handle *h, short what, int ms)
{
	struct pollfd p = { .fd = h->fd, .events = what };
	int r;

	do
		r = poll(&p, 1, ms);
	while (r < 0 && errno == EINTR);
	return r != 0;
}

bool
xs_send_bytes(struct xs_handle *h, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	while (len > 0) {
		n = h->is_dev ? write(h->fd, p, len)
			      : send(h->fd, p, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		/* Event loops like to make what they watch non-blocking. */
		if (n < 0 && errno == EAGAIN && wait_for(h, POLLOUT, -1))
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

/* Bytes, 0 = the end, -1 with errno; EAGAIN = nothing came in time. */
static ssize_t
receive(struct xs_handle *h, int wait_ms)
{
	char *to = h->in + h->have;
	size_t room = sizeof(h->in) - h->have;
	bool now = wait_ms >= 0;
	ssize_t n;

	if ((h->is_dev && now) || wait_ms > 0) {
		if (!wait_for(h, POLLIN, wait_ms)) {
			errno = EAGAIN;
			return -1;
		}
	}
	for (;;) {
		n = h->is_dev ? read(h->fd, to, room)
			      : xs_lane_recv(h, to, room, now ? MSG_DONTWAIT : 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN && !now &&
		    wait_for(h, POLLIN, -1))
			continue;
		return n;
	}
}

/* --- messages -------------------------------------------------------------------------- */

/* lock held. */
static void
deliver(struct xs_handle *h, struct xs_msg *m)
{
	if (m->hdr.type == XS_WATCH_EVENT) {
		xs_event_put(h, m);
		pthread_cond_signal(&h->watched);
	} else if (h->restoring) {
		xs_queue_put(&h->restored, m);
	} else {
		xs_queue_put(&h->replies, m);
		pthread_cond_broadcast(&h->replied);
	}
}

/* Takes the whole messages out of what was read; a word when they make no
 * sense. lock held. */
static const char *
dispatch(struct xs_handle *h)
{
	struct xsd_sockmsg hdr;
	struct xs_msg *m;
	size_t at = 0;

	while (h->have - at >= XS_HEADER) {
		memcpy(&hdr, h->in + at, XS_HEADER);
		if (hdr.len > XENSTORE_PAYLOAD_MAX)
			return "it sent a message that is too long";
		if (h->have - at < XS_HEADER + hdr.len)
			break;
		m = malloc(sizeof(*m) + hdr.len + 1);
		if (m == NULL)
			return "out of memory";
		m->hdr = hdr;
		memcpy(m->body, h->in + at + XS_HEADER, hdr.len);
		m->body[hdr.len] = '\0';
		deliver(h, m);
		at += XS_HEADER + hdr.len;
	}
	h->have -= at;
	memmove(h->in, h->in + at, h->have);
	return NULL;
}

int
xs_fill(struct xs_handle *h, int wait_ms)
{
	ssize_t n = receive(h, wait_ms);
	const char *bad;

	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0) {
		/*
		 * The kernel tells the two apart: a peer that closed its socket
		 * with bytes in it unread resets the connection.
		 */
		xs_lost(h, n < 0 && errno == ECONNRESET);
		return -1;
	}
	h->have += (size_t)n;
	pthread_mutex_lock(&h->lock);
	bad = dispatch(h);
	xs_lane_got(h, (size_t)n);
	/* Without the thread it is done when a call of the user's ends. */
	if (h->reader_runs)
		xs_notify(h);
	pthread_mutex_unlock(&h->lock);
	if (bad == NULL)
		return 1;
	xs_broken(h, bad);
	return -1;
}
