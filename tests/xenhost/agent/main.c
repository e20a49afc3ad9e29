/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xhagent: both ends of the command channel.
 *   xhagent run ...               outer machine: see qemu.c
 *   xhagent serve NAME            dom0: virtio port NAME, one command
 *   xhagent listen ADDR PORT      dom0: a command per TCP connection
 *   xhagent call ADDR PORT CMD... dom0: run CMD at the other end
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xh.h"

/* Finds /dev/vportNpM by the name the emulator gave it. */
static int
open_port(const char *name)
{
	char path[128], got[64];
	ssize_t n;
	int fd;

	for (int p = 1; p < 8; p++) {
		snprintf(path, sizeof(path),
		    "/sys/class/virtio-ports/vport0p%d/name", p);
		fd = open(path, O_RDONLY);
		if (fd < 0)
			continue;
		n = read(fd, got, sizeof(got) - 1);
		close(fd);
		got[n > 0 ? n : 0] = '\0';
		got[strcspn(got, "\n")] = '\0';
		if (strcmp(got, name) != 0)
			continue;
		snprintf(path, sizeof(path), "/dev/vport0p%d", p);
		return open(path, O_RDWR | O_CLOEXEC);
	}
	errno = ENOENT;
	return -1;
}

static int
serve_main(char **argv)
{
	int fd = argv[0] == NULL ? -1 : open_port(argv[0]);

	if (fd < 0) {
		perror("xhagent: virtio port");
		return 1;
	}
	return xh_serve(fd) < 0 ? 1 : 0;
}

static int
address(char **argv, struct sockaddr_in *a)
{
	memset(a, 0, sizeof(*a));
	a->sin_family = AF_INET;
	if (argv[0] == NULL || argv[1] == NULL ||
	    inet_pton(AF_INET, argv[0], &a->sin_addr) != 1)
		return -1;
	a->sin_port = htons((uint16_t)atoi(argv[1]));
	return 0;
}

static int
listen_main(char **argv)
{
	struct sockaddr_in a;
	int one = 1, fd, s;

	if (address(argv, &a) < 0)
		return 2;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(fd, 8) < 0) {
		perror("xhagent: listen");
		return 1;
	}
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		s = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		if (s < 0)
			continue;
		if (fork() == 0) {
			close(fd);
			_exit(xh_serve(s) < 0);
		}
		close(s);
	}
}

static int
call_main(char **argv)
{
	struct xh_call c = { .boot_timeout = 60 };
	struct sockaddr_in a;
	int status;

	if (address(argv, &a) < 0 || argv[2] == NULL) {
		fprintf(stderr, "usage: xhagent call ADDR PORT CMD...\n");
		return 2;
	}
	c.argv = argv + 2;
	/* The other host may still be booting. */
	for (int tries = 0;; tries++) {
		c.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(c.fd, (struct sockaddr *)&a, sizeof(a)) == 0)
			break;
		if (tries == 120) {
			perror("on-b: the second host does not answer");
			return XH_FAILED;
		}
		close(c.fd);
		usleep(500 * 1000);
	}
	status = xh_run(&c);
	if (c.broken)
		fprintf(stderr, "on-b: the second host went away\n");
	return status;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "run") == 0)
		return xh_qemu_main(argc - 1, argv + 1);
	if (strcmp(what, "serve") == 0)
		return serve_main(argv + 2);
	if (strcmp(what, "listen") == 0)
		return listen_main(argv + 2);
	if (strcmp(what, "call") == 0)
		return call_main(argv + 2);
	fprintf(stderr, "usage: xhagent run|serve|listen|call ...\n");
	return 2;
}
