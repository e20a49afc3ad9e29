/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Watches. By default a thread reads the connection from the first xs_watch on,
 * so that xs_fileno() is readable while events wait; with XS_NO_READER_THREAD
 * the caller's loop does. What is watched is remembered for the next connection.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "xs_private.h"

#define READER_STACK (64u << 10)

/* --- the thread ---------------------------------------------------------------- */

static enum xs_link
link_now(struct xs_handle *h)
{
	enum xs_link l;

	pthread_mutex_lock(&h->lock);
	l = h->link;
	pthread_mutex_unlock(&h->lock);
	return l;
}

static void *
reader(void *arg)
{
	struct xs_handle *h = arg;
	struct pollfd p = { .fd = h->fd, .events = POLLIN };
	enum xs_link l;

	/* xs_stop_reader may end us only while we hold nothing. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	while ((l = link_now(h)) != XS_BROKEN) {
		if (l == XS_DOWN) {
			(void)xs_reconnect(h, true);
			continue;
		}
		if (h->is_dev) {
			pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
			(void)poll(&p, 1, -1);
			pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
		}
		(void)xs_fill(h, -1);
	}
	return NULL;
}

/* request lock held. */
static bool
start_reader(struct xs_handle *h)
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
	/* From here on it is the thread that reads. */
	pthread_mutex_lock(&h->lock);
	err = pthread_create(&h->reader, &attr, reader, h);
	h->reader_runs = err == 0;
	pthread_mutex_unlock(&h->lock);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return err == 0 || xs_fail(err, "start the reader thread");
}

void
xs_stop_reader(struct xs_handle *h)
{
	bool runs;

	pthread_mutex_lock(&h->lock);
	runs = h->reader_runs;
	h->closing = true;
	pthread_cond_broadcast(&h->wake);
	pthread_mutex_unlock(&h->lock);
	if (!runs)
		return;
	if (h->is_dev)
		pthread_cancel(h->reader);
	else
		shutdown(h->fd, SHUT_RDWR);
	pthread_join(h->reader, NULL);
	h->reader_runs = false;
}

/* --- the descriptor ---------------------------------------------------------------- */

void
xs_watch_poll(struct xs_handle *h)
{
	struct epoll_event e = { .events = EPOLLIN };

	if ((h->flags & XS_NO_READER_THREAD) != 0 && h->notify[0] >= 0 &&
	    h->link == XS_UP)
		epoll_ctl(h->notify[0], EPOLL_CTL_ADD, h->fd, &e);
}

/*
 * The connection becomes another one in time, and loops that stand on epoll do
 * not see that: theirs is a set with the connection in it.
 */
static bool
make_set(struct xs_handle *h)
{
	struct epoll_event e = { .events = EPOLLIN };
	int set = epoll_create1(EPOLL_CLOEXEC);
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (set < 0 || timer < 0 ||
	    epoll_ctl(set, EPOLL_CTL_ADD, timer, &e) < 0) {
		if (set >= 0)
			close(set);
		if (timer >= 0)
			close(timer);
		return false;
	}
	h->notify[0] = set;
	h->notify[1] = timer;
	xs_watch_poll(h);
	return true;
}

XS_API int
xs_fileno(struct xs_handle *h)
{
	bool ok = true;
	int fd;

	pthread_mutex_lock(&h->lock);
	if (h->notify[0] < 0) {
		if ((h->flags & XS_NO_READER_THREAD) != 0)
			ok = make_set(h);
		else if (pipe2(h->notify, O_CLOEXEC | O_NONBLOCK) < 0)
			h->notify[0] = h->notify[1] = -1;
		if (ok)
			xs_notify(h);
	}
	fd = h->notify[0];
	pthread_mutex_unlock(&h->lock);
	return fd;
}

/* --- what is watched ------------------------------------------------------------------ */

/* No path has a line's end in it. */
static char *
key(const char *path, const char *token)
{
	char *k = NULL;

	return asprintf(&k, "%s\n%s", path, token) < 0 ? NULL : k;
}

struct xs_watch *
xs_watch_find(struct xs_handle *h, const char *path, const char *token)
{
	AUTO_FREE char *k = key(path, token);

	return k == NULL ? NULL : xu_map_get(h->watch_index, k);
}

/* NULL + errno; EEXIST: it is one of ours. */
static struct xs_watch *
remember(struct xs_handle *h, const struct xs_iov *v, unsigned n)
{
	AUTO_FREE char *k = key(v[0].data, v[1].data);
	struct xs_watch *w;
	size_t len = 0;

	for (unsigned i = 0; i < n; i++)
		len += v[i].len;
	w = malloc(sizeof(*w) + len);
	if (k == NULL || w == NULL) {
		free(w);
		return NULL;
	}
	w->era = UINT64_MAX;
	w->len = 0;
	for (unsigned i = 0; i < n; i++) {
		memcpy(w->body + w->len, v[i].data, v[i].len);
		w->len += (uint32_t)v[i].len;
	}
	pthread_mutex_lock(&h->lock);
	if (xu_map_get(h->watch_index, k) != NULL) {
		errno = EEXIST;
	} else if (xu_map_put(h->watch_index, k, w) == 0) {
		xu_list_append(&h->watches, &w->link);
		pthread_mutex_unlock(&h->lock);
		return w;
	}
	pthread_mutex_unlock(&h->lock);
	free(w);
	return NULL;
}

/* lock held. True: it was known. */
static bool
forget(struct xs_handle *h, const char *path, const char *token)
{
	AUTO_FREE char *k = key(path, token);
	struct xs_watch *w = k == NULL ? NULL : xu_map_del(h->watch_index, k);

	if (w == NULL)
		return false;
	xu_list_remove(&w->link);
	free(w);
	return true;
}

void
xs_watch_free_all(struct xs_handle *h)
{
	struct xu_list *l, *next;

	LIST_FOREACH_SAFE(l, next, &h->watches)
	{
		free(xu_container_of(l, struct xs_watch, link));
	}
	xu_map_free(&h->watch_index);
}

/*
 * It is remembered before the daemon knows it, so that no moment is left in
 * which the connection ends and the watch with it. Then the daemon may say that
 * it exists: because we were faster.
 */
static bool
watch(struct xs_handle *h, const char *path, const char *token,
    const char *depth)
{
	struct xs_iov v[3] = { { path, strlen(path) + 1 },
		{ token, strlen(token) + 1 }, { depth, 0 } };
	unsigned n = depth != NULL ? 3 : 2;
	struct xs_req r = { .type = XS_WATCH };
	struct xs_watch *w;
	bool ok = false;

	if (depth != NULL)
		v[2].len = strlen(depth) + 1;
	pthread_mutex_lock(&h->request);
	if (!start_reader(h))
		goto out;
	w = remember(h, v, n);
	if (w == NULL) {
		xs_fail(errno, "%s", path);
		goto out;
	}
	ok = xs_talk_locked(h, &r, v, n, path) != NULL;
	free(r.reply);
	pthread_mutex_lock(&h->lock);
	if (!ok && r.err == EEXIST && w->era == h->era)
		ok = true;
	else if (!ok)
		(void)forget(h, path, token);
	pthread_mutex_unlock(&h->lock);
	if (!ok)
		errno = r.err;
out:
	pthread_mutex_unlock(&h->request);
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
	const struct xs_iov v[2] = { { path, strlen(path) + 1 },
		{ token, strlen(token) + 1 } };
	struct xs_req r = { .type = XS_UNWATCH };
	bool known, ok;
	uint64_t era;

	pthread_mutex_lock(&h->request);
	pthread_mutex_lock(&h->lock);
	era = h->era;
	known = forget(h, path, token);
	pthread_mutex_unlock(&h->lock);
	ok = xs_talk_locked(h, &r, v, 2, path) != NULL;
	free(r.reply);
	pthread_mutex_lock(&h->lock);
	/* Gone with the connection that had it. */
	if (!ok && r.err == ENOENT && known && era != h->era)
		ok = true;
	if ((h->flags & XS_UNWATCH_FILTER) != 0) {
		xs_event_filter(h, path, token);
		xs_notify(h);
	}
	pthread_mutex_unlock(&h->lock);
	if (!ok)
		errno = r.err;
	pthread_mutex_unlock(&h->request);
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
	bool more;

	pthread_mutex_lock(&h->request);
	do {
		if (link_now(h) == XS_DOWN)
			(void)xs_reconnect(h, wait);
		if (link_now(h) == XS_UP)
			(void)xs_fill(h, wait ? -1 : 0);
		pthread_mutex_lock(&h->lock);
		more = h->events.count == 0 && h->link != XS_BROKEN;
		pthread_mutex_unlock(&h->lock);
	} while (wait && more);
	pthread_mutex_unlock(&h->request);
}

static struct xs_msg *
take_event(struct xs_handle *h, bool wait)
{
	bool threaded = (h->flags & XS_NO_READER_THREAD) == 0;
	struct xs_msg *m;

	pthread_mutex_lock(&h->lock);
	if (!threaded && h->events.count == 0 && h->link != XS_BROKEN) {
		pthread_mutex_unlock(&h->lock);
		pump(h, wait);
		pthread_mutex_lock(&h->lock);
	}
	while ((m = xs_event_get(h)) == NULL && h->link != XS_BROKEN && wait &&
	    threaded)
		pthread_cond_wait(&h->watched, &h->lock);
	xs_notify(h);
	if (m == NULL)
		errno = h->link == XS_BROKEN ? EBADF : EAGAIN;
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
