/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The floor: a server that does what any daemon must (wait, receive, send) and
 * nothing else. It echoes, and an echoed request is a well-formed reply.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "xsb.h"

static void
echo(int fd)
{
	static char buf[64 * 1024];
	ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT), done = 0, r;

	if (n == 0 || (n < 0 && errno != EAGAIN)) {
		close(fd);
		return;
	}
	while (done < n) {
		r = send(fd, buf + done, (size_t)(n - done), MSG_NOSIGNAL);
		if (r < 0)
			return;
		done += r;
	}
}

int
serve_null(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct epoll_event ev = { .events = EPOLLIN }, evs[64];
	int l = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int ep = epoll_create1(EPOLL_CLOEXEC), n, i;

	if (strlen(path) >= sizeof(un.sun_path))
		xb_die("%s: too long a name", path);
	strcpy(un.sun_path, path);
	ev.data.fd = l;
	if (l < 0 || ep < 0 ||
	    bind(l, (struct sockaddr *)&un, sizeof(un)) < 0 ||
	    listen(l, 1024) < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, l, &ev) < 0)
		xb_die("%s: %s", path, strerror(errno));
	for (;;) {
		n = epoll_wait(ep, evs, 64, -1);
		for (i = 0; i < n; i++) {
			if (evs[i].data.fd != l) {
				echo(evs[i].data.fd);
				continue;
			}
			ev.data.fd = accept(l, NULL, NULL);
			if (ev.data.fd >= 0)
				epoll_ctl(ep, EPOLL_CTL_ADD, ev.data.fd, &ev);
		}
	}
}
