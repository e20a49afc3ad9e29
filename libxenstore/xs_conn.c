/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A connection: opening, framing, matching replies to requests. Without a
 * reader thread the requester reads, and queues events that come in between.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "xs_private.h"

static __thread char open_error[256];

bool
xs_fail(struct xs_handle *h, int errnum, const char *fmt, ...)
{
	char *out = h != NULL ? h->error : open_error;
	size_t size = sizeof(open_error), len;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out, size, fmt, ap);
	va_end(ap);
	len = strlen(out);
	snprintf(out + len, size - len, ": %s", strerror(errnum));
	errno = errnum;
	return false;
}

XS_API const char *
xs_last_error(const struct xs_handle *h)
{
	return h != NULL ? h->error : open_error;
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

/* --- opening --------------------------------------------------------------------- */

static int
open_socket(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd, saved;

	if (strlen(path) >= sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(a.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
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

	if (h == NULL)
		return NULL;
	h->fd = fd;
	h->flags = flags;
	h->pipe[0] = h->pipe[1] = -1;
	pthread_mutex_init(&h->request, NULL);
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->replied, NULL);
	pthread_cond_init(&h->watched, NULL);
	xs_queue_init(&h->replies);
	xs_queue_init(&h->events);
	return h;
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
	fd = is_dev ? open(path, O_RDWR | O_CLOEXEC) : open_socket(path);
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
		xs_fail(NULL, err, "cannot reach xenstored at %s", path);
		return NULL;
	}
	h = xs_adopt(fd, flags);
	if (h != NULL)
		h->is_dev = is_dev;
	else
		close(fd);
	return h;
}

static void
release(struct xs_handle *h)
{
	struct xs_msg *m;

	while ((m = xs_queue_get(&h->replies)) != NULL)
		free(m);
	while ((m = xs_queue_get(&h->events)) != NULL)
		free(m);
	free(h->partial);
	if (h->pipe[0] >= 0)
		close(h->pipe[0]);
	if (h->pipe[1] >= 0)
		close(h->pipe[1]);
	if (h->fd >= 0)
		close(h->fd);
	pthread_mutex_destroy(&h->request);
	pthread_mutex_destroy(&h->lock);
	pthread_cond_destroy(&h->replied);
	pthread_cond_destroy(&h->watched);
	free(h);
}

XS_API void
xs_close(struct xs_handle *h)
{
	int saved = errno;

	if (h == NULL)
		return;
	xs_stop_reader(h);
	release(h);
	errno = saved;
}

XS_API void
xs_daemon_destroy_postfork(struct xs_handle *h)
{
	if (h == NULL)
		return;
	/* The reader thread is the parent's; its locks may be held there. */
	close(h->fd);
	if (h->pipe[0] >= 0)
		close(h->pipe[0]);
	if (h->pipe[1] >= 0)
		close(h->pipe[1]);
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

/* --- bytes ------------------------------------------------------------------------ */

void
xs_broken(struct xs_handle *h)
{
	pthread_mutex_lock(&h->lock);
	h->broken = true;
	pthread_cond_broadcast(&h->replied);
	pthread_cond_broadcast(&h->watched);
	xs_event_signal(h);
	pthread_mutex_unlock(&h->lock);
}

bool
xs_is_broken(struct xs_handle *h)
{
	bool broken;

	pthread_mutex_lock(&h->lock);
	broken = h->broken;
	pthread_mutex_unlock(&h->lock);
	return broken;
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
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

bool
xs_send_request(struct xs_handle *h, uint32_t type, uint32_t tx, uint32_t id,
    const struct xs_iov *v, unsigned n)
{
	struct xsd_sockmsg hdr = { .type = type, .req_id = id, .tx_id = tx };
	char buf[sizeof(hdr) + XENSTORE_PAYLOAD_MAX];
	size_t at = sizeof(hdr);

	for (unsigned i = 0; i < n; i++) {
		if (v[i].len > sizeof(buf) - at) {
			errno = E2BIG;
			return false;
		}
		if (v[i].len > 0)
			memcpy(buf + at, v[i].data, v[i].len);
		at += v[i].len;
	}
	hdr.len = (uint32_t)(at - sizeof(hdr));
	memcpy(buf, &hdr, sizeof(hdr));
	return xs_send_bytes(h, buf, at);
}

/* 1 = len bytes are there (from *have on), 0 = not yet, -1 = no connection. */
static int
read_part(struct xs_handle *h, void *data, size_t *have, size_t len, bool wait)
{
	struct pollfd p = { .fd = h->fd, .events = POLLIN };
	ssize_t n;

	while (*have < len) {
		if (!wait && poll(&p, 1, 0) <= 0)
			return 0;
		n = read(h->fd, (char *)data + *have, len - *have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		*have += (size_t)n;
	}
	return 1;
}

/* 1 = *out is a whole message, 0 = not yet, -1 = no connection, or no sense. */
static int
read_message(struct xs_handle *h, bool wait, struct xs_msg **out)
{
	size_t body;
	int r;

	if (h->partial == NULL) {
		r = read_part(h, &h->hdr, &h->have, sizeof(h->hdr), wait);
		if (r <= 0)
			return r;
		if (h->hdr.len > XENSTORE_PAYLOAD_MAX)
			return -1;
		h->partial = malloc(sizeof(*h->partial) + h->hdr.len + 1);
		if (h->partial == NULL)
			return -1;
		h->partial->hdr = h->hdr;
		h->partial->body[h->hdr.len] = '\0';
	}
	body = h->have - sizeof(h->hdr);
	r = read_part(h, h->partial->body, &body, h->hdr.len, wait);
	h->have = sizeof(h->hdr) + body;
	if (r <= 0)
		return r;
	*out = h->partial;
	h->partial = NULL;
	h->have = 0;
	return 1;
}

bool
xs_poll_messages(struct xs_handle *h, bool wait)
{
	struct xs_msg *m = NULL;
	bool event;
	int r = read_message(h, wait, &m);

	if (r < 0) {
		xs_broken(h);
		errno = EBADF;
		return false;
	}
	if (r == 0)
		return true;
	pthread_mutex_lock(&h->lock);
	event = m->hdr.type == XS_WATCH_EVENT;
	xs_queue_put(event ? &h->events : &h->replies, m);
	if (event) {
		xs_event_signal(h);
		pthread_cond_signal(&h->watched);
	} else {
		pthread_cond_signal(&h->replied);
	}
	pthread_mutex_unlock(&h->lock);
	return true;
}

bool
xs_answers(const struct xs_handle *h, const struct xs_msg *m, uint32_t id,
    uint32_t type)
{
	if (m->hdr.req_id != id && !(h->is_dev && m->hdr.req_id == 0))
		return false;
	return m->hdr.type == type || m->hdr.type == XS_ERROR;
}

struct xs_msg *
xs_wait_reply(struct xs_handle *h)
{
	struct xs_msg *m;

	pthread_mutex_lock(&h->lock);
	while ((m = xs_queue_get(&h->replies)) == NULL && !h->broken) {
		if (h->reader_runs) {
			pthread_cond_wait(&h->replied, &h->lock);
			continue;
		}
		pthread_mutex_unlock(&h->lock);
		(void)xs_poll_messages(h, true);
		pthread_mutex_lock(&h->lock);
	}
	pthread_mutex_unlock(&h->lock);
	if (m == NULL)
		errno = EBADF;
	return m;
}

int
xs_error_number(const char *name)
{
	for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++)
		if (strcmp(xsd_errors[i].errstring, name) == 0)
			return xsd_errors[i].errnum;
	return EINVAL;
}

struct xs_msg *
xs_talk(struct xs_handle *h, uint32_t type, uint32_t tx,
    const struct xs_iov *v, unsigned n, const char *path)
{
	struct xs_msg *m = NULL;
	int err = 0;

	pthread_mutex_lock(&h->request);
	if (xs_is_broken(h))
		err = EBADF;
	else if (!xs_send_request(h, type, tx, ++h->next_id, v, n))
		err = errno == E2BIG ? E2BIG : EBADF;
	else if ((m = xs_wait_reply(h)) == NULL ||
	    !xs_answers(h, m, h->next_id, type))
		err = EBADF;
	else if (m->hdr.type == XS_ERROR)
		err = xs_error_number(m->body);
	if (err == EBADF)
		xs_broken(h);
	pthread_mutex_unlock(&h->request);
	if (err == 0)
		return m;
	free(m);
	xs_fail(h, err, err == EBADF ? "the connection to xenstored is gone (%s)"
				     : "%s", path);
	return NULL;
}
