/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The handle, and what the files of the library know of one another. Order of
 * the locks: request, send, lock.
 */
#ifndef XS_PRIVATE_H
#define XS_PRIVATE_H

#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>
#include <xen/io/xs_wire.h>

#include "xenstore.h"
#include "xu_buf.h"
#include "xu_list.h"
#include "xu_map.h"

#define XS_API __attribute__((visibility("default")))

#define XS_HEADER    sizeof(struct xsd_sockmsg)
/*
 * A peer that stops reading while it waits for us to read would never end: no
 * more than this is written before replies are collected.
 */
#define XS_WINDOW    (32u << 10)
#define XS_READ_SIZE (16u << 10)

struct xs_msg {
	struct xs_msg *next;
	struct xsd_sockmsg hdr;
	/* NUL behind the last byte. */
	char body[];
};

struct xs_queue {
	struct xs_msg *head, **tail;
};

/* Events that nobody took yet; see xs_event.c. */
struct xs_events {
	struct xs_queue q;
	size_t count, bytes;
	/* By path and token; only when there are many. */
	struct xu_map *index;
};

enum xs_link {
	XS_UP,
	/* Lost; a new connection is being made. */
	XS_DOWN,
	/* For good. */
	XS_BROKEN,
};

/* What the descriptor of xs_fileno tells. */
enum xs_notice {
	XS_NOT,
	/* When it is time to look for the daemon. */
	XS_SOON,
	XS_NOW,
};

struct xs_restrict;
struct xu_lane;

struct xs_handle {
	int fd;
	/*
	 * The kernel's device: no send(), one message a write, and WATCH is
	 * answered by the kernel itself with request id 0.
	 */
	bool is_dev;
	unsigned long flags;
	/* Where to connect again, NULL = never; for how many seconds. */
	char *path;
	unsigned patience;

	/* Held over a request and its reply; guards next_id, out and lane. */
	pthread_mutex_t request;
	uint32_t next_id;
	struct xu_buf out;
	struct {
		/* NULL: there is none. Changed with `lock` held, too. */
		struct xu_lane *page;
		int kick;
		uint32_t asked;
		/* The connection it belongs to. */
		uint64_t era;
		/* Not to be asked for (again); single calls since the last time. */
		bool refused;
		unsigned calls;
		/* Came with a message, to whoever reads; its bytes do not count
		 * among those that were got since. */
		int fds[2];
		bool begins;
		uint32_t got;
	} lane;

	/* Held while bytes are written, and while fd becomes another socket. */
	pthread_mutex_t send;

	/* Guards what follows. */
	pthread_mutex_t lock;
	pthread_cond_t replied, watched, wake;
	struct xs_queue replies, restored;
	struct xs_events events;
	enum xs_link link;
	/* Connections there were before this one. */
	uint64_t era;
	/* One that ended with bytes of ours that the daemon never read. */
	uint64_t unread_era;
	bool restoring, closing, restricted, reader_runs;
	struct xs_restrict *restrict_hook;
	pthread_t reader;
	struct timespec deadline;
	unsigned pause_ms;
	char reason[160];
	/* Of this connection, and to be registered on the next. */
	struct xu_map *watch_index;
	struct xu_list watches, transactions;
	/*
	 * What xs_fileno gives: [0] of a pipe, or with XS_NO_READER_THREAD an
	 * epoll descriptor over the connection and [1], a timer. -1 until asked
	 * for.
	 */
	int notify[2];
	enum xs_notice noticed;

	/* Of the thread that reads. */
	size_t have;
	char in[XS_READ_SIZE];
};

struct xs_iov {
	const void *data;
	size_t len;
};

/* A request and what became of it. */
struct xs_req {
	uint32_t type, tx, len;
	const char *body;
	/* Not to be sent again when the daemon may have done it. */
	bool once;
	/* Of a batch that begins again as a whole. */
	bool whole;
	/* The daemon went away and may have done it: err is EIO, or it was sent
	 * again. */
	bool lost;
	int err;
	struct xs_msg *reply;
	/* The connection the reply came on. */
	uint64_t era;
};

/* errno + sentence; returns false. */
bool xs_fail(int errnum, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

void xs_queue_init(struct xs_queue *q);
void xs_queue_put(struct xs_queue *q, struct xs_msg *m);
struct xs_msg *xs_queue_get(struct xs_queue *q);
void xs_queue_free(struct xs_queue *q);

/* --- xs_conn.c ---------------------------------------------------------------- */

/* A handle on a connected socket, which it owns then; never reconnects. */
struct xs_handle *xs_adopt(int fd, unsigned long flags);
/* Never waits: EAGAIN when too many already do. */
int xs_connect(const char *path);

/* --- xs_wire.c: bytes and messages --------------------------------------------- */

/* send lock held, if there is anybody else. */
bool xs_send_bytes(struct xs_handle *h, const void *data, size_t len);
/*
 * Reads what is there and queues the messages in it. Only one thread may be
 * here: the reader, or without one whoever holds the request lock. wait_ms: -1 =
 * until something comes. 1 = read, 0 = nothing came, -1 = the connection is lost
 * or broken, which the handle then knows.
 */
int xs_fill(struct xs_handle *h, int wait_ms);
/* Nothing on the connection can be trusted any more, or it is gone for good. */
void xs_broken(struct xs_handle *h, const char *reason);
/* EBADF and the reason; returns false. */
bool xs_gone(struct xs_handle *h, const char *what);
/* errno of an ERROR reply's name. */
int xs_error_number(const char *name);
/* lock held: what xs_fileno gave becomes readable, or not any more. */
void xs_notify(struct xs_handle *h);

/* --- xs_talk.c: requests and their replies ----------------------------------------- */

/*
 * Sends all, collects all replies; request lock held. False with errno: EBADF,
 * EIO when the daemon went away over them again and again, EAGAIN when it did
 * and they are a whole. What single requests came to is in them.
 */
bool xs_exchange(struct xs_handle *h, struct xs_req *v, int n);
/* One request and its reply, checked; NULL + errno. what: for the error. */
struct xs_msg *xs_talk(struct xs_handle *h, uint32_t type, uint32_t tx,
    const struct xs_iov *v, unsigned n, const char *what);
/* The same with the request lock held, and the request to look at. */
struct xs_msg *xs_talk_locked(struct xs_handle *h, struct xs_req *r,
    const struct xs_iov *v, unsigned n, const char *what);

bool xs_is_up(struct xs_handle *h, uint64_t era);

/* --- xs_lane.c: single calls through a shared page -------------------------------------- */

enum xs_lane_end {
	/* There is no lane: by the socket. */
	XS_LANE_NONE,
	XS_LANE_DONE,
	/* The daemon has it, and will answer on the socket. */
	XS_LANE_BY_SOCKET,
	XS_LANE_LOST,
	XS_LANE_UNREAD,
};
void xs_lane_init(struct xs_handle *h);
/* Nobody else uses the handle. */
void xs_lane_fini(struct xs_handle *h);
/* request lock held. */
void xs_lane_drop(struct xs_handle *h);
/* lock held: so many bytes came. */
void xs_lane_got(struct xs_handle *h, size_t n);
/* lock held: the connection ended, who waits there looks at it. */
void xs_lane_lost(struct xs_handle *h);
/* recv() on the socket, with what comes beside the bytes. */
ssize_t xs_lane_recv(struct xs_handle *h, void *to, size_t room, int flags);
/* request lock held, before a single call: asks for one when it is worth it. */
void xs_lane_consider(struct xs_handle *h);
/* request lock held: the one message in h->out and its reply (NULL: broken). */
enum xs_lane_end xs_lane_call(struct xs_handle *h, uint64_t era,
    struct xs_msg **reply);

/* --- xs_reconnect.c ------------------------------------------------------------------ */

/* The thread that reads found the connection's end. */
void xs_lost(struct xs_handle *h, bool unread);
/* As long as it takes, or one try; of the thread that reads. True: it is up. */
bool xs_reconnect(struct xs_handle *h, bool wait);
/* request lock held: waits while the connection is down. False: broken. */
bool xs_await_up(struct xs_handle *h, uint64_t *era);

/* --- xs_tx.c: open transactions -------------------------------------------------------- */

struct xs_tx {
	struct xu_list link;
	/* What the caller knows it by; what this connection does (0: not). */
	uint32_t id, wire;
	/* Begun on an earlier connection: it can never be committed. */
	bool doomed;
	/* About to go: nothing is to stand in for it. */
	bool ending;
	/* Something was changed in it. */
	bool wrote;
	/* Those changes, as messages, for the one that stands in. */
	struct xu_buf log;
};

/* lock held. */
struct xs_tx *xs_tx_find(struct xs_handle *h, uint32_t id);
void xs_tx_doom_all(struct xs_handle *h);
void xs_tx_free_all(struct xs_handle *h);
/* Takes lock: the id for the wire. False: nothing stands in for it. */
bool xs_tx_wire(struct xs_handle *h, uint32_t id, uint32_t *wire);
/* Takes lock: a request in a transaction was granted. */
void xs_tx_note(struct xs_handle *h, const struct xs_req *r);

enum xs_ended {
	XS_ENDED,
	XS_END_FAILED,
	/* errno EIO: nobody knows whether it was committed. */
	XS_END_UNKNOWN,
};
/* With errno and a sentence. */
enum xs_ended xs_tx_end(struct xs_handle *h, uint32_t id, bool abort);

/* --- xs_event.c ---------------------------------------------------------------------------- */

void xs_events_init(struct xs_events *e);
void xs_events_free(struct xs_events *e);
/* lock held. */
void xs_event_put(struct xs_handle *h, struct xs_msg *m);
struct xs_msg *xs_event_get(struct xs_handle *h);
/* request lock held, at the end of a call: without the reader thread xs_fileno
 * tells only now of events that came in between. */
void xs_events_told(struct xs_handle *h);
/* Drops those of a watch that is gone. */
void xs_event_filter(struct xs_handle *h, const char *path, const char *token);

/* --- xs_restrict.c ------------------------------------------------------------------------- */

/* Takes part in xentoolcore_restrict_all, or not any more. */
void xs_restrictable(struct xs_handle *h, bool on);

/* --- xs_watch.c ------------------------------------------------------------------------------ */

struct xs_watch {
	struct xu_list link;
	/* The connection that xs_reconnect registered it on. */
	uint64_t era;
	/* Path, token, and the depth if there is one, each with its NUL. */
	uint32_t len;
	char body[];
};

/* lock held. */
struct xs_watch *xs_watch_find(struct xs_handle *h, const char *path,
    const char *token);
void xs_watch_free_all(struct xs_handle *h);
/* What xs_fileno gave sees the new connection. */
void xs_watch_poll(struct xs_handle *h);
void xs_stop_reader(struct xs_handle *h);

#endif
