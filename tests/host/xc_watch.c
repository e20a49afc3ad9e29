/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A process that watches the one with the rows. A call that never comes back
 * stands in the kernel, where no signal reaches it and no thread's timer helps;
 * the watcher says which row it was and where, and ends.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "xc_rows.h"

/* A row takes tens of milliseconds; a busy emulator many times that. */
#define DEADLINE 90

static struct {
	_Atomic unsigned runs;
	/* Begun by the child before the last count of runs; a torn read names
	 * half a row, no more. */
	char row[80];
} *seen;

void
xr_watch(const char *row)
{
	if (seen == NULL)
		return;
	snprintf(seen->row, sizeof(seen->row), "%s", row);
	atomic_fetch_add(&seen->runs, 1);
}

void
xr_watch_aloud(const char *row)
{
	int fd = open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return;
	dprintf(fd, "row %s\r\n", row);
	close(fd);
}

static void
show(pid_t pid, const char *name)
{
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	f = fopen(path, "r");
	if (f == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL)
		printf("    %s: %s\n", name, strtok(line, "\n"));
	fclose(f);
}

/* Status of the child if it ended within a second, else -1. */
static int
ended(pid_t pid, const sigset_t *chld)
{
	const struct timespec second = { .tv_sec = 1 };
	int status;

	if (waitpid(pid, &status, WNOHANG) == pid)
		return status;
	sigtimedwait(chld, NULL, &second);
	return waitpid(pid, &status, WNOHANG) == pid ? status : -1;
}

static int
watch(pid_t pid, unsigned deadline, const sigset_t *chld)
{
	unsigned runs = 0, now, quiet = 0;
	int status;

	while (quiet < deadline) {
		status = ended(pid, chld);
		if (status >= 0)
			return status;
		now = atomic_load(&seen->runs);
		quiet = now == runs ? quiet + 1 : 0;
		runs = now;
	}
	return -1;
}

void
xr_supervise(void)
{
	const char *text = getenv("XLD_ROW_SECONDS");
	unsigned deadline = text != NULL ? (unsigned)atoi(text) : DEADLINE;
	sigset_t chld;
	pid_t pid;
	int status;

	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (seen == MAP_FAILED)
		exit(1);
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		exit(1);
	if (pid == 0) {
		sigprocmask(SIG_UNBLOCK, &chld, NULL);
		return;
	}
	status = watch(pid, deadline, &chld);
	if (status >= 0 && WIFSIGNALED(status)) {
		/* As if it had been ours: tests kill it at a call. */
		signal(WTERMSIG(status), SIG_DFL);
		raise(WTERMSIG(status));
	}
	if (status >= 0)
		exit(WEXITSTATUS(status));
	printf("FAIL %s: not at its end after %u s; the process is at\n",
	    seen->row, deadline);
	show(pid, "syscall");
	show(pid, "wchan");
	show(pid, "stack");
	kill(pid, SIGKILL);
	ended(pid, &chld);
	fflush(stdout);
	_exit(1);
}
