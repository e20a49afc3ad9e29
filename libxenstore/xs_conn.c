/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Handles: opening and closing them. Nothing is said on the wire here. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "xs_private.h"
#include "xu_num.h"

/* Longer than a daemon needs to read a store of a million nodes again. */
#define PATIENCE     30
#define PATIENCE_MAX 86400

/* Like errno, so that threads may fail on one handle at once. */
static __thread char error[320];

bool
xs_fail(int errnum, const char *fmt, ...)
{
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error, sizeof(error), fmt, ap);
	va_end(ap);
	len = strlen(error);
	snprintf(error + len, sizeof(error) - len, ": %s", strerror(errnum));
	errno = errnum;
	return false;
}

XS_API const char *
xs_last_error(const struct xs_handle *h)
{
	(void)h;
	return error;
}

void
xs_queue_init(struct xs_queue *q)
{
	q->head = NULL;
	q->tail = &q->head;
}

void
xs_queue_put(struct xs_queue *q, struct xs_msg *m)
{
	m->next = NULL;
	*q->tail = m;
	q->tail = &m->next;
}

struct xs_msg *
xs_queue_get(struct xs_queue *q)
{
	struct xs_msg *m = q->head;

	if (m == NULL)
		return NULL;
	q->head = m->next;
	if (q->head == NULL)
		q->tail = &q->head;
	return m;
}

void
xs_queue_free(struct xs_queue *q)
{
	struct xs_msg *m;

	while ((m = xs_queue_get(q)) != NULL)
		free(m);
}

/* --- opening --------------------------------------------------------------------- */

int
xs_connect(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd, saved;

	if (strlen(path) >= sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(a.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
	    fcntl(fd, F_SETFL, 0) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* A busy daemon's queue of connections may be full for a moment. */
static int
connect_patiently(const char *path)
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	int fd;

	for (int i = 0; (fd = xs_connect(path)) < 0 && errno == EAGAIN &&
	    i < 5000; i++)
		nanosleep(&pause, NULL);
	return fd;
}

static int
open_device(void)
{
	int fd = open("/dev/xen/xenbus", O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		fd = open("/proc/xen/xenbus", O_RDWR | O_CLOEXEC);
	return fd;
}

struct xs_handle *
xs_adopt(int fd, unsigned long flags)
{
	struct xs_handle *h = calloc(1, sizeof(*h));
	pthread_condattr_t clock;

	if (h == NULL)
		return NULL;
	h->watch_index = xu_map_new();
	if (h->watch_index == NULL) {
		free(h);
		return NULL;
	}
	h->fd = fd;
	h->flags = flags;
	h->unread_era = UINT64_MAX;
	h->notify[0] = h->notify[1] = -1;
	xs_lane_init(h);
	pthread_mutex_init(&h->request, NULL);
	pthread_mutex_init(&h->send, NULL);
	pthread_mutex_init(&h->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&h->replied, &clock);
	pthread_cond_init(&h->watched, &clock);
	pthread_cond_init(&h->wake, &clock);
	pthread_condattr_destroy(&clock);
	xs_queue_init(&h->replies);
	xs_queue_init(&h->restored);
	xs_events_init(&h->events);
	xu_list_init(&h->watches);
	xu_list_init(&h->transactions);
	return h;
}

/* Seconds to wait for a daemon that went away. */
static unsigned
patience(unsigned long flags)
{
	const char *s = getenv("XENSTORE_RECONNECT_TIMEOUT");
	uint64_t v;

	if ((flags & XS_NO_RECONNECT) != 0)
		return 0;
	if (s != NULL && xu_num_u64(s, 10, PATIENCE_MAX, &v))
		return (unsigned)v;
	return PATIENCE;
}

XS_API struct xs_handle *
xs_open(unsigned long flags)
{
	const char *path = xs_daemon_socket();
	struct xs_handle *h;
	struct stat st;
	bool is_dev;
	int fd, err;

	/* XENSTORED_PATH may name the kernel's device. */
	is_dev = stat(path, &st) == 0 && S_ISCHR(st.st_mode);
	fd = is_dev ? open(path, O_RDWR | O_CLOEXEC) : connect_patiently(path);
	err = errno;

	/*
	 * A socket that nobody listens to is a daemon that died. Its kernel side
	 * has nobody to answer either, and would wait for ever.
	 */
	if (fd < 0 && !is_dev && err != ECONNREFUSED &&
	    (flags & XS_OPEN_SOCKETONLY) == 0) {
		fd = open_device();
		is_dev = fd >= 0;
	}
	if (fd < 0) {
		xs_fail(err, "cannot reach xenstored at %s", path);
		return NULL;
	}
	h = xs_adopt(fd, flags);
	if (h == NULL) {
		close(fd);
		return NULL;
	}
	h->is_dev = is_dev;
	h->patience = patience(flags);
	if (!is_dev && h->patience > 0)
		h->path = strdup(path);
	xs_restrictable(h, true);
	return h;
}

static void
close_all(struct xs_handle *h)
{
	close(h->fd);
	for (int i = 0; i < 2; i++)
		if (h->notify[i] >= 0)
			close(h->notify[i]);
}

XS_API void
xs_close(struct xs_handle *h)
{
	int saved = errno;

	if (h == NULL)
		return;
	xs_restrictable(h, false);
	xs_stop_reader(h);
	xs_queue_free(&h->replies);
	xs_queue_free(&h->restored);
	xs_events_free(&h->events);
	xs_watch_free_all(h);
	xs_tx_free_all(h);
	xu_buf_fini(&h->out);
	xs_lane_fini(h);
	close_all(h);
	pthread_mutex_destroy(&h->request);
	pthread_mutex_destroy(&h->send);
	pthread_mutex_destroy(&h->lock);
	pthread_cond_destroy(&h->replied);
	pthread_cond_destroy(&h->watched);
	pthread_cond_destroy(&h->wake);
	free(h->path);
	free(h);
	errno = saved;
}

XS_API void
xs_daemon_destroy_postfork(struct xs_handle *h)
{
	if (h == NULL)
		return;
	xs_restrictable(h, false);
	/*
	 * The reader thread is the parent's; it may have held the locks and been
	 * in the middle of the queues, so those are left alone.
	 */
	xs_lane_fini(h);
	close_all(h);
	free(h->path);
	free(h);
}

XS_API struct xs_handle *
xs_daemon_open(void)
{
	return xs_open(0);
}

XS_API struct xs_handle *
xs_daemon_open_readonly(void)
{
	return xs_open(XS_OPEN_READONLY);
}

XS_API struct xs_handle *
xs_domain_open(void)
{
	return xs_open(0);
}

XS_API void
xs_daemon_close(struct xs_handle *h)
{
	xs_close(h);
}
