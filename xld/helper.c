/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See helper.h. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper.h"
#include "xu_proc.h"

int
helper_wait(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

int
helper_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	return helper_wait(pid);
}

struct xu_chan *
helper_start(const char *path, uint32_t max, pid_t *pid, struct xu_err *e)
{
	char *const argv[] = { (char *)(uintptr_t)(strrchr(path, '/') + 1),
		NULL };
	struct xu_spawn s = { .path = path,
		.argv = argv,
		.nfds = 1,
		.pdeathsig = SIGKILL };
	struct xu_chan *ch = NULL;
	int sv[2];

	if (xu_socketpair(sv, false) < 0) {
		xu_err_set(e, "XLD_HELPER", errno, "start %s", path);
		return NULL;
	}
	s.fds = &sv[1];
	*pid = xu_spawn(&s, e);
	close(sv[1]);
	if (*pid > 0 && xu_set_nonblock(sv[0], true) == 0)
		ch = xu_chan_new(sv[0], max);
	if (ch != NULL)
		return ch;
	if (*pid > 0)
		helper_kill(*pid);
	close(sv[0]);
	xu_err_set(e, "XLD_HELPER", ENOMEM, "start %s", path);
	return NULL;
}
