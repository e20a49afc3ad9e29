/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See xu_sd.h. */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "xu_auto.h"
#include "xu_num.h"
#include "xu_proc.h"
#include "xu_sd.h"

/* sd-daemon.h: the first of them. */
#define FIRST_FD 3

void
xu_sd_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t n;
	int fd;

	if (path == NULL || (path[0] != '/' && path[0] != '@'))
		return;
	n = strlen(path);
	if (n >= sizeof(a.sun_path))
		return;
	memcpy(a.sun_path, path, n);
	/* An abstract name. */
	if (a.sun_path[0] == '@')
		a.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&a,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
	close(fd);
}

void
xu_sd_reloading(void)
{
	struct timespec ts;
	char text[80];

	clock_gettime(CLOCK_MONOTONIC, &ts);
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
	    (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000);
	xu_sd_notify(text);
}

/* A number of the environment that is meant for us. */
static bool
given(const char *pid_name, const char *name, uint64_t max, uint64_t *out)
{
	const char *pid = getenv(pid_name), *text = getenv(name);
	uint64_t who;

	if (pid != NULL && (!xu_num_u64(pid, 10, INT32_MAX, &who) ||
	    (pid_t)who != getpid()))
		return false;
	return text != NULL && xu_num_u64(text, 10, max, out);
}

uint64_t
xu_sd_watchdog(void)
{
	uint64_t usec;

	return given("WATCHDOG_PID", "WATCHDOG_USEC", UINT64_MAX, &usec) ?
	    usec : 0;
}

static bool
listens_at(int fd, const char *path)
{
	struct sockaddr_un a = { .sun_family = 0 };
	socklen_t len = sizeof(a), size = sizeof(int);
	int listening = 0, type = 0;

	return getsockname(fd, (struct sockaddr *)&a, &len) == 0 &&
	    a.sun_family == AF_UNIX && len < sizeof(a) &&
	    strcmp(a.sun_path, path) == 0 &&
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 &&
	    listening != 0 &&
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
	    type == SOCK_STREAM;
}

int
xu_sd_listener(const char *path)
{
	uint64_t n;
	int found = -1;

	if (getenv("LISTEN_PID") == NULL ||
	    !given("LISTEN_PID", "LISTEN_FDS", 64, &n))
		n = 0;
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	for (int fd = FIRST_FD; fd < FIRST_FD + (int)n; fd++) {
		if (found >= 0 || !listens_at(fd, path)) {
			close(fd);
			continue;
		}
		found = fd;
	}
	if (found < 0)
		return -1;
	/* Low numbers are what children are given. */
	n = (uint64_t)fcntl(found, F_DUPFD_CLOEXEC, FIRST_FD + 64);
	close(found);
	found = (int)n;
	if (found >= 0)
		xu_set_nonblock(found, true);
	return found;
}
