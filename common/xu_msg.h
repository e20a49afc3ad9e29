/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Framed messages between our own processes over a UNIX stream socket: a
 * 12-byte header {u32 length of the payload, u32 id, u32 kind}, then one
 * encoded struct xu_val, and up to XU_MSG_FDS descriptors with the first byte.
 * Works with blocking sockets (send, recv) and, in an event loop, with
 * non-blocking ones: after readability call xu_msg_fill once and xu_msg_next
 * until it gives 0; output that does not fit is kept and xu_msg_pending says
 * that writability is wanted.
 */
#ifndef XU_MSG_H
#define XU_MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "xu_buf.h"
#include "xu_val.h"

#define XU_MSG_FDS	   12
#define XU_MSG_MAX_PAYLOAD (64u << 20)
/* With more than this waiting for the other side nothing is taken. */
#define XU_MSG_BACKLOG	   (64u << 20)

enum xu_msg_kind {
	XU_MSG_CALL = 1,
	XU_MSG_REPLY,
	XU_MSG_EVENT,
	XU_MSG_TASK,
	/* core -> xld-api: settings and sockets anew, as when it is started. */
	XU_MSG_SETTINGS,
	/* core <-> workers */
	XU_MSG_BUILD = 16,
	XU_MSG_PROGRESS,
	XU_MSG_DONE,
	XU_MSG_FAILED,
	/* An unpacked kernel, with its image. */
	XU_MSG_KERNEL,
	/* Whose the image is that is to be restored. */
	XU_MSG_IMAGE,
	/* All that could be sent of a guest that runs was: it is to be suspended. */
	XU_MSG_SUSPEND,
};

struct xu_msg {
	uint32_t kind;
	uint32_t id;
	/* Owned by the message. */
	struct xu_val *val;
	int fds[XU_MSG_FDS];
	int nfds;
};

/* Frees the value and closes descriptors that were not taken (set to -1). */
void xu_msg_fini(struct xu_msg *m);
#define AUTO_MSG __attribute__((cleanup(xu_msg_fini)))
#define XU_MSG_INIT                                                            \
	{                                                                      \
		.kind = 0                                                      \
	}

struct xu_chan;

/* Takes fd. NULL with errno. max_payload 0 = XU_MSG_MAX_PAYLOAD. */
struct xu_chan *xu_chan_new(int fd, uint32_t max_payload) XU_MUST_CHECK;
void xu_chan_free(struct xu_chan **c);
int xu_chan_fd(const struct xu_chan *c);

/*
 * Queues a message and writes what the socket takes now (a blocking socket
 * takes all). Borrows val; borrows fds (they are duplicated when they must
 * wait). 0, or -1 with errno: EPIPE (peer gone), ENOMEM, E2BIG, ENOBUFS
 * (the peer does not read).
 */
int xu_chan_send(struct xu_chan *c, uint32_t kind, uint32_t id,
    const struct xu_val *val, const int *fds, int nfds);
/* The same without writing: for several messages in one go. */
int xu_chan_queue(struct xu_chan *c, uint32_t kind, uint32_t id,
    const struct xu_val *val, const int *fds, int nfds);
/* A worker's end: XU_MSG_FAILED with an error of the API whose parameters are what
 * it is about and why. */
int xu_chan_failed(struct xu_chan *c, const char *code, const char *what,
    const char *why);
/* True while bytes wait for writability. */
bool xu_chan_pending(const struct xu_chan *c);
int xu_chan_flush(struct xu_chan *c);
/* Reads what is there once. 1 = got some, 0 = would block, -1 with errno
 * (EPIPE at end of file). */
int xu_chan_fill(struct xu_chan *c);
/* 1 = *m filled, 0 = no complete message, -1 with EBADMSG or ENOMEM. */
int xu_chan_next(struct xu_chan *c, struct xu_msg *m);
/* Blocking: fills and decodes until one message is there. 1, or 0 at a clean end
 * of file, or -1 with errno. */
int xu_chan_recv(struct xu_chan *c, struct xu_msg *m);

#endif
