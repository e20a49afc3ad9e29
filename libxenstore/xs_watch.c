/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Watches. By default a thread reads the connection from the first xs_watch on,
 * so that xs_fileno() is readable while events wait; with XS_NO_READER_THREAD
 * the caller's loop polls the connection itself.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xs_private.h"

#define READER_STACK (64u << 10)

static void *
reader(void *arg)
{
	struct xs_handle *h = arg;
	struct pollfd p = { .fd = h->fd, .events = POLLIN };
	bool more = true;

	/* xs_stop_reader may end us only while we hold nothing. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	while (more) {
		pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
		(void)poll(&p, 1, -1);
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
		more = xs_poll_messages(h, true);
	}
	return NULL;
}

bool
xs_start_reader(struct xs_handle *h)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int err;

	if (h->reader_runs || (h->flags & XS_NO_READER_THREAD) != 0)
		return true;
	/* Signals are the program's, not ours. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	/* Programs with locked memory pay for a thread's whole stack. */
	(void)pthread_attr_setstacksize(&attr, READER_STACK);
	err = pthread_create(&h->reader, &attr, reader, h);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err == 0) {
		pthread_mutex_lock(&h->lock);
		h->reader_runs = true;
		pthread_mutex_unlock(&h->lock);
		return true;
	}
	return xs_fail(h, err, "start the reader thread");
}

void
xs_stop_reader(struct xs_handle *h)
{
	if (!h->reader_runs)
		return;
	if (h->is_dev)
		pthread_cancel(h->reader);
	else
		shutdown(h->fd, SHUT_RDWR);
	pthread_join(h->reader, NULL);
	h->reader_runs = false;
}

void
xs_event_signal(struct xs_handle *h)
{
	char c;

	if (h->pipe[1] < 0)
		return;
	/* One byte while there is something (or the connection is gone). */
	if (h->events.head != NULL || h->broken)
		(void)!write(h->pipe[1], "", 1);
	else
		while (read(h->pipe[0], &c, 1) == 1)
			;
}

XS_API int
xs_fileno(struct xs_handle *h)
{
	if ((h->flags & XS_NO_READER_THREAD) != 0)
		return h->fd;
	pthread_mutex_lock(&h->lock);
	if (h->pipe[0] < 0) {
		if (pipe2(h->pipe, O_CLOEXEC | O_NONBLOCK) < 0)
			h->pipe[0] = h->pipe[1] = -1;
		else
			xs_event_signal(h);
	}
	pthread_mutex_unlock(&h->lock);
	return h->pipe[0];
}

static bool
watch(struct xs_handle *h, const char *path, const char *token,
    const char *depth)
{
	struct xs_iov v[3] = { { path, strlen(path) + 1 },
		{ token, strlen(token) + 1 }, { depth, 0 } };
	struct xs_msg *m;
	bool ok;

	pthread_mutex_lock(&h->request);
	ok = xs_start_reader(h);
	pthread_mutex_unlock(&h->request);
	if (!ok)
		return false;
	if (depth != NULL)
		v[2].len = strlen(depth) + 1;
	m = xs_talk(h, XS_WATCH, 0, v, depth != NULL ? 3 : 2, path);
	ok = m != NULL;
	free(m);
	return ok;
}

XS_API bool
xs_watch(struct xs_handle *h, const char *path, const char *token)
{
	return watch(h, path, token, NULL);
}

XS_API bool
xs_watch_depth(struct xs_handle *h, const char *path, const char *token,
    unsigned int depth)
{
	char buf[16];

	snprintf(buf, sizeof(buf), "%u", depth);
	return watch(h, path, token, buf);
}

/* Drops queued events of a watch that is gone. */
static void
filter(struct xs_handle *h, const char *path, const char *token)
{
	struct xs_queue keep;
	struct xs_msg *m;

	xs_queue_init(&keep);
	pthread_mutex_lock(&h->lock);
	while ((m = xs_queue_get(&h->events)) != NULL) {
		const char *t = m->body + strnlen(m->body, m->hdr.len) + 1;

		if (t <= m->body + m->hdr.len && strcmp(t, token) == 0 &&
		    xs_path_is_subpath(path, m->body))
			free(m);
		else
			xs_queue_put(&keep, m);
	}
	while ((m = xs_queue_get(&keep)) != NULL)
		xs_queue_put(&h->events, m);
	xs_event_signal(h);
	pthread_mutex_unlock(&h->lock);
}

XS_API bool
xs_watch_try_depth(struct xs_handle *h, const char *path, const char *token,
    unsigned int depth)
{
	unsigned features;

	if (xs_get_features_supported(h, &features) && (features & 4) != 0)
		return xs_watch_depth(h, path, token, depth);
	return xs_watch(h, path, token);
}

XS_API bool
xs_unwatch(struct xs_handle *h, const char *path, const char *token)
{
	struct xs_iov v[2] = { { path, strlen(path) + 1 },
		{ token, strlen(token) + 1 } };
	struct xs_msg *m = xs_talk(h, XS_UNWATCH, 0, v, 2, path);
	bool ok = m != NULL;

	free(m);
	if ((h->flags & XS_UNWATCH_FILTER) != 0)
		filter(h, path, token);
	return ok;
}

/* {path, token}; an event without a token is nobody's. */
static char **
event_vector(const struct xs_msg *m)
{
	size_t len = (size_t)m->hdr.len + 1, plen = strlen(m->body) + 1;
	char **v = malloc(2 * sizeof(*v) + len);
	char *p;

	if (v == NULL)
		return NULL;
	if (plen >= len) {
		free(v);
		errno = EIO;
		return NULL;
	}
	p = (char *)(v + 2);
	memcpy(p, m->body, len);
	v[XS_WATCH_PATH] = p;
	v[XS_WATCH_TOKEN] = p + plen;
	return v;
}

/* Without a thread the caller reads, in turn with requests. */
static void
pump(struct xs_handle *h, bool wait)
{
	bool any, ok;

	pthread_mutex_lock(&h->request);
	do {
		ok = xs_poll_messages(h, wait);
		pthread_mutex_lock(&h->lock);
		any = h->events.head != NULL;
		pthread_mutex_unlock(&h->lock);
	} while (wait && ok && !any);
	pthread_mutex_unlock(&h->request);
}

static struct xs_msg *
take_event(struct xs_handle *h, bool wait)
{
	bool threaded = (h->flags & XS_NO_READER_THREAD) == 0;
	struct xs_msg *m;

	pthread_mutex_lock(&h->lock);
	if (!threaded && h->events.head == NULL && !h->broken) {
		pthread_mutex_unlock(&h->lock);
		pump(h, wait);
		pthread_mutex_lock(&h->lock);
	}
	while ((m = xs_queue_get(&h->events)) == NULL && !h->broken && wait &&
	    threaded)
		pthread_cond_wait(&h->watched, &h->lock);
	if (m == NULL)
		errno = h->broken ? EBADF : EAGAIN;
	else if (h->events.head == NULL)
		xs_event_signal(h);
	pthread_mutex_unlock(&h->lock);
	return m;
}

XS_API char **
xs_check_watch(struct xs_handle *h)
{
	struct xs_msg *m = take_event(h, false);
	char **v = m == NULL ? NULL : event_vector(m);

	free(m);
	return v;
}

XS_API char **
xs_read_watch(struct xs_handle *h, unsigned int *num)
{
	struct xs_msg *m = take_event(h, true);
	char **v = m == NULL ? NULL : event_vector(m);

	free(m);
	if (v != NULL)
		*num = 2;
	return v;
}
