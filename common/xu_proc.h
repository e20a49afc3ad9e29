/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Processes: starting a worker with chosen descriptors and identity, listening
 * sockets, readiness.
 */
#ifndef XU_PROC_H
#define XU_PROC_H

#include <stdbool.h>
#include <sys/types.h>

#include "xu_err.h"

#define XU_SPAWN_FDS 32

struct xu_spawn {
	const char *path;
	char *const *argv;
	/* NULL: this process's environment. */
	char *const *envp;
	/* Descriptors the child gets, numbered 3, 4, ...; at most XU_SPAWN_FDS. */
	const int *fds;
	int nfds;
	/* Its standard output and error; 0 keeps ours. */
	int out_fd;
	/* Identity to drop to; NULL keeps ours. Groups are cleared. */
	const char *user;
	/* Signal the child gets when we die; 0 = none. */
	int pdeathsig;
	/* NULL, or called in the child as the last thing before exec: walls of
	 * the caller's. -1 with errno: the child ends. May allocate: processes
	 * that start others have one thread. */
	int (*prepare)(const void *arg);
	const void *prepare_arg;
};

/* Starts the program; all descriptors but 0-2 and the given ones are closed in
 * the child. Returns the pid, or -1 with an error (exec's failure included). */
pid_t xu_spawn(const struct xu_spawn *s, struct xu_err *e);

/* Replaces a stale socket file; -1 when another process listens on it. */
int xu_listen_unix(const char *path, mode_t mode, int backlog,
    struct xu_err *e);
int xu_connect_unix(const char *path, struct xu_err *e);
/* EPIPE-safe, close-on-exec, optionally non-blocking pair. */
int xu_socketpair(int sv[2], bool nonblock);
int xu_set_nonblock(int fd, bool on);
/* A connection to another host: one that is not there any more is known after so many
 * seconds (2 at least), and who blocks on it is not kept for ever. */
void xu_watch_line(int fd, int silence_s);

/*
 * Goes into the background. Returns in the child with *ready_fd; the parent
 * waits until the child calls xu_daemon_ready(ready_fd) and exits 0, or exits 1
 * when the child ends first.
 */
int xu_daemonise(int *ready_fd, struct xu_err *e);
void xu_daemon_ready(int *ready_fd);
/* Creates and locks a pid file; fails naming the pid that holds it. Returns the
 * descriptor to keep open. */
int xu_pidfile(const char *path, struct xu_err *e);

#endif
