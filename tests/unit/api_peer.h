/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xld-api, the program, with somebody who plays its core: tests of what is spoken
 * over its sockets, and what measures it. A thread takes the calls and has a
 * function answer each. What cannot be set up ends the process with a sentence.
 */
#ifndef API_PEER_H
#define API_PEER_H

#include <sys/types.h>

#include "xu_buf.h"
#include "xu_msg.h"

/* Answers a call, by peer_reply or peer_tell. */
typedef void peer_answer_f(const struct xu_msg *m);

/* The present one. */
extern struct peer {
	pid_t server;
	/* The local socket. */
	char path[64];
	/* Of the one listener on 127.0.0.1; the socket stays open here, as it
	 * does in xld. -1: there is none. */
	int listening, port;
} peer;

/* settings: JSON with one listener, or NULL: only the local socket. */
void peer_start(
    const char *program, const char *settings, peer_answer_f *answer);
/* TERM, or the core goes (hang_up). What waitpid says of its end. */
int peer_stop(bool hang_up);
/* From any thread. */
void peer_tell(uint32_t kind, uint32_t id, const struct xu_val *v,
    const int *fds, int nfds);
/* Takes v. "ok" or "error": then with sentence. */
void peer_reply(const struct xu_msg *m, const char *name, struct xu_val *v,
    const char *sentence);
/* An event; takes snapshot (NULL: none). */
void peer_event(const char *cls, const char *operation, const char *ref,
    struct xu_val *snapshot);
/* A listening socket on 127.0.0.1 at any port. */
int peer_listen(int *port);
/* The program itself, where path is a wrapper of libtool's, which would take its
 * name (argv[0]) away: what that sets up is set up here. */
const char *peer_program(const char *path);
/* Connects to port on 127.0.0.1; -1: nobody listens. */
int peer_dial(int port);

#endif
