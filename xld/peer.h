/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two hosts talk about a machine that moves: who it is, may it, and which of both has
 * it. One stream of bytes, whatever carries it, and one side at a time:
 *
 *     source                          destination
 *     HELLO    ->                     version, host, boot, Xen
 *                                  <- HELLO
 *     OFFER    ->                     the machine; id of this migration
 *                                  <- ACCEPT, or REFUSE: nothing has been made
 *     an image (xenguest.h)  ->       workers write and read it, not we
 *                                  <- LOADED: it is there, paused
 *     COMMIT   ->                     the source will not run it any more
 *                                  <- RUNNING, or REFUSE: it will never run here
 *     FORGET   ->                     the source has destroyed its own
 *
 * Until the source has COMMIT in its journal it lets the machine go on, whatever
 * happens. The destination lets it run when it has COMMIT, and never without. A source
 * that has no answer to COMMIT does neither: it asks, on another connection, until it
 * is told. The destination's journal has what it answers:
 *
 *     HELLO, ASK ->                <- HELLO, ANSWER: "running", or "never": it was not
 *                                     committed, and will not be
 *     FORGET   ->                     after "running", as above
 *
 * A destination that has been rebooted since HELLO does not know; then people decide
 * (VM.migrate_resolve). Whatever comes is a stranger's until it has been checked.
 */
#ifndef XLD_PEER_H
#define XLD_PEER_H

#include "xld.h"

#define PEER_VERSION 1
/* Kinds of messages, beside XU_MSG_*. */
enum peer_kind {
	PEER_HELLO = 64,
	PEER_OFFER,
	PEER_ACCEPT,
	PEER_REFUSE,
	PEER_LOADED,
	PEER_COMMIT,
	PEER_RUNNING,
	PEER_ASK,
	PEER_ANSWER,
	PEER_FORGET,
};

/* Seconds without a sign of life of the other host, as the settings have them. */
int peer_silence(const struct core *c);

struct peer;
struct peer_events {
	/* May close the peer. */
	void (*message)(void *arg, uint32_t kind, const struct xu_val *v);
	/* Once: the other side has gone, says nothing for too long, or talks
	 * nonsense. */
	void (*lost)(void *arg, const struct xu_err *e);
	void *arg;
};
/* Takes fd. */
struct peer *peer_new(struct core *c, int fd, const struct peer_events *ev,
    struct xu_err *e);
void peer_close(struct peer **p);
/* Takes v. What cannot be sent is `lost`, from the loop. */
void peer_send(struct peer *p, uint32_t kind, struct xu_val *v);
/* It is lost when nothing comes for so long; 0: it may be silent. */
void peer_expect(struct peer *p, unsigned seconds);
/* A copy of its descriptor, blocking, for a worker. deaf: what comes is the worker's,
 * until peer_listen. */
int peer_lend(struct peer *p, bool deaf);
void peer_listen(struct peer *p);
/* Nothing that comes is of interest any more, until it hangs up. */
void peer_drain(struct peer *p);
/* What both sides begin with. */
struct xu_val *peer_hello(const struct core *c);
/* 0, or -1: it is not to be talked to. */
int peer_check_hello(const struct core *c, const struct xu_val *v,
    struct xu_err *e);
/* What is wrong with it; -1. */
int peer_fail(struct xu_err *e, int errnum, const char *why);
/* REFUSE with an error, and the error of one that came. */
struct xu_val *peer_refusal(const struct xu_err *e);
void peer_refused(const struct xu_val *v, struct xu_err *e);
/* Of this boot of the host. */
const char *peer_boot_id(void);

#endif
