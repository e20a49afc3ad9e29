/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The handle. One lock serialises requests, another guards the queues. */
#ifndef XS_PRIVATE_H
#define XS_PRIVATE_H

#include <pthread.h>
#include <stdint.h>
#include <xen/io/xs_wire.h>

#include "xenstore.h"

#define XS_API __attribute__((visibility("default")))

struct xs_msg {
	struct xs_msg *next;
	struct xsd_sockmsg hdr;
	/* NUL behind the last byte. */
	char body[];
};

struct xs_queue {
	struct xs_msg *head, **tail;
};

struct xs_handle {
	int fd;
	/*
	 * The kernel's device: no send(), one message a write, and WATCH is
	 * answered by the kernel itself with request id 0.
	 */
	bool is_dev;
	unsigned long flags;
	/* Held over a request and its reply. */
	pthread_mutex_t request;
	/* Guards what follows. */
	pthread_mutex_t lock;
	pthread_cond_t replied, watched;
	struct xs_queue replies, events;
	bool reader_runs, broken;
	pthread_t reader;
	/* Readable while events are queued; -1 until asked for. */
	int pipe[2];
	uint32_t next_id;
	/* The message that is being read, bytes of it so far (header first). */
	struct xsd_sockmsg hdr;
	struct xs_msg *partial;
	size_t have;
	char error[256];
};

struct xs_iov {
	const void *data;
	size_t len;
};

/* errno + sentence; returns false. */
bool xs_fail(struct xs_handle *h, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* --- xs_conn.c, request lock held ------------------------------------------- */

/* A handle on a connected socket, which it owns then. No lock needed. */
struct xs_handle *xs_adopt(int fd, unsigned long flags);
/* 4096 bytes at most over all. */
bool xs_send_request(struct xs_handle *h, uint32_t type, uint32_t tx,
    uint32_t id, const struct xs_iov *v, unsigned n);
bool xs_send_bytes(struct xs_handle *h, const void *data, size_t len);
/* The next reply; NULL when the connection broke. */
struct xs_msg *xs_wait_reply(struct xs_handle *h);
/*
 * Reads one message into its queue. Only one thread may be here: the reader, or
 * without one whoever holds the request lock. Without wait it keeps what part of
 * a message is there. False when the connection broke.
 */
bool xs_poll_messages(struct xs_handle *h, bool wait);
/* Nothing on the connection can be trusted any more. Takes lock. */
void xs_broken(struct xs_handle *h);
bool xs_is_broken(struct xs_handle *h);
/* Is it the answer to request id? */
bool xs_answers(const struct xs_handle *h, const struct xs_msg *m, uint32_t id,
    uint32_t type);
/* errno of an ERROR reply's name. */
int xs_error_number(const char *name);

/* One request and its reply, checked; NULL + errno. what, path: for the error. */
struct xs_msg *xs_talk(struct xs_handle *h, uint32_t type, uint32_t tx,
    const struct xs_iov *v, unsigned n, const char *path);

void xs_queue_init(struct xs_queue *q);
void xs_queue_put(struct xs_queue *q, struct xs_msg *m);
struct xs_msg *xs_queue_get(struct xs_queue *q);

/* --- xs_watch.c ---------------------------------------------------------------- */

bool xs_start_reader(struct xs_handle *h);
void xs_stop_reader(struct xs_handle *h);
/* lock held: an event was queued or taken. */
void xs_event_signal(struct xs_handle *h);

#endif
