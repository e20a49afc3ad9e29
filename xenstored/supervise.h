/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two processes: the supervisor, small and root, which holds the listening socket
 * and starts the worker, again when it dies; and the worker, which is the daemon,
 * in a user's identity and behind a filter of system calls once it has opened
 * its devices. The worker dies with the supervisor.
 *
 * Live update: the worker leaves its clients' sockets with the supervisor and
 * ends; a worker of the new program takes them, and the rest from the journal.
 * One that does not come up is replaced by the old program, which answers the
 * request for the update with what went wrong.
 */
#ifndef XSD_SUPERVISE_H
#define XSD_SUPERVISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xu_err.h"

/* In the worker: where the supervisor's socket and the listening one are. */
#define SUP_FD	  3
#define LISTEN_FD 4

enum sup_kind {
	SUP_READY = 1,	/* from the worker: it serves */
	SUP_SOCKETS,	/* both ways: descriptors of clients */
	SUP_UPDATE,	/* from the worker, which then ends: file, arguments */
	SUP_START,	/* to the worker: it has all; how it came to be */
};

enum sup_start {
	START_FIRST,
	/* The one before died. */
	START_AGAIN,
	START_UPDATED,
	/* The new program did not come up. */
	START_FALLBACK,
};

#define SUP_SOCKETS_MAX 128

struct sup_msg {
	uint32_t kind;
	uint32_t how;
	char file[256];
	char args[512];
};

/* With up to SUP_SOCKETS_MAX descriptors. 0, or -1 with errno. */
int sup_send(int sock, const struct sup_msg *m, const int *fds, size_t n);
/* *n in: room. 1 = a message, 0 = the other side is gone, -1 = errno. */
int sup_recv(int sock, struct sup_msg *m, int *fds, size_t *n);

/*
 * Serves until SIGTERM or the worker cannot be kept alive; the exit status.
 * argv: ours, without the program's name. ready: called once it serves.
 */
int supervise(int listen_fd, char *const *argv, void (*ready)(void));

/* --- worker.c: the worker's side ----------------------------------------------------- */

/* Takes the sockets left by the one before. */
int worker_begin(struct xu_err *e);
/* Its user's identity, no privileges, and the filter. */
int worker_confine(const char *user, const char *state_dir, struct xu_err *e);
void worker_ready(void);
/* A socket that was left; -1 = there is none of that number. */
int worker_socket(uint32_t number);
/* Answers who asked for the update that made us. */
enum sup_start worker_how(void);

#endif
