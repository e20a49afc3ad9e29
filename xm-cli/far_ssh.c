/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The socket of a daemon on another host, carried here by ssh: it listens on one
 * in a folder of ours once it has been let in, and asks at the terminal what it needs to
 * know. Over there we are who ssh is.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "far.h"

/* Between looks whether ssh has its socket. */
#define LOOK_US 20000
/* How many of them it has to end. */
#define PATIENCE 25

struct far_ssh {
	pid_t pid;
	char dir[128], path[160];
};

static void
become_ssh(const struct far_ssh *s, const struct far_place *p, pid_t parent)
{
	char forward[256];
	const char *argv[16] = { "ssh", "-nNT", "-o", "ExitOnForwardFailure=yes",
		"-L", forward };
	size_t n = 6;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	snprintf(forward, sizeof(forward), "%s:" XAPI_SOCKET, s->path);
	if (p->port[0] != '\0') {
		argv[n++] = "-p";
		argv[n++] = p->port;
	}
	if (p->user[0] != '\0') {
		argv[n++] = "-l";
		argv[n++] = p->user;
	}
	argv[n++] = "--";
	argv[n++] = p->host;
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	fprintf(stderr, "Error: ssh cannot be started: %s\n", strerror(errno));
	_exit(127);
}

static int
make_folder(struct far_ssh *s)
{
	const char *run = getenv("XDG_RUNTIME_DIR");
	int n = snprintf(s->dir, sizeof(s->dir), "%s/xm-XXXXXX",
	    run != NULL && *run == '/' ? run : "/tmp");

	/* Of a length that an address has room for. */
	if (n < 0 || n > 80) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (mkdtemp(s->dir) == NULL)
		return -1;
	snprintf(s->path, sizeof(s->path), "%s/api.sock", s->dir);
	return 0;
}

/* It listens, or has ended: its status, as it said why itself. */
static int
wait_for_it(struct far_ssh *s)
{
	struct stat st;
	int status;

	for (;;) {
		if (waitpid(s->pid, &status, WNOHANG) != 0) {
			s->pid = 0;
			return WIFEXITED(status) ? WEXITSTATUS(status) :
						   128 + WTERMSIG(status);
		}
		if (stat(s->path, &st) == 0)
			return 0;
		usleep(LOOK_US);
	}
}

int
far_ssh_open(struct xm *xm, const struct far_place *p, char *path, size_t size)
{
	struct far_ssh *s = calloc(1, sizeof(*s));
	pid_t self = getpid();
	int status;

	if (s == NULL)
		return xm_no_memory(xm);
	if (make_folder(s) < 0) {
		status = xm_error(xm, "XLD_FILE", XM_FAILED,
		    "%s: a folder for ssh's socket cannot be made: %s", s->dir,
		    strerror(errno));
		free(s);
		return status;
	}
	xm->ssh = s;
	s->pid = fork();
	if (s->pid == 0)
		become_ssh(s, p, self);
	if (s->pid < 0) {
		s->pid = 0;
		return xm_error(xm, "XLD_HELPER", XM_HELPER,
		    "ssh cannot be started: %s", strerror(errno));
	}
	status = wait_for_it(s);
	if (status != 0)
		return xm_error(xm, "XLD_UNREACHABLE", XM_UNREACHABLE,
		    "%s cannot be reached by ssh (it ended with status %d)",
		    p->host, status);
	snprintf(path, size, "%s", s->path);
	return 0;
}

void
far_close(struct xm *xm)
{
	struct far_ssh *s = xm->ssh;

	if (s == NULL)
		return;
	/* One that looks for signals at another moment would let us wait for ever. */
	for (int i = 0; s->pid > 0; i++) {
		kill(s->pid, i < PATIENCE ? SIGTERM : SIGKILL);
		if (waitpid(s->pid, NULL, i < PATIENCE ? WNOHANG : 0) != 0)
			break;
		usleep(LOOK_US);
	}
	unlink(s->path);
	rmdir(s->dir);
	free(s);
	xm->ssh = NULL;
}
