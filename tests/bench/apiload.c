/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Clients of xld-api that never rest: each has a connection of its own to the
 * local socket and asks for all machines' records again as soon as it has them.
 * Tells, when it is ended by SIGTERM, how many answers there were in what time.
 *
 *   apiload SOCKET CLIENTS
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define LOGIN                                                                  \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"                            \
	"\"session.login_with_password\",\"params\":[\"\",\"\"]}"
#define LIST                                                                   \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"VM.get_all_records\","     \
	"\"params\":[\"%s\"]}"

struct client {
	int fd;
	char *reply;
	size_t len, room, want;
	char session[64];
};

static volatile sig_atomic_t ended;

static void
on_term(int sig)
{
	(void)sig;
	ended = 1;
}

static void __attribute__((noreturn))
die(const char *what)
{
	fprintf(stderr, "apiload: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
ask(struct client *c, const char *body)
{
	char text[1024];
	int n = snprintf(text, sizeof(text),
	    "POST /jsonrpc HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s",
	    strlen(body), body);

	if (write(c->fd, text, (size_t)n) != n)
		die("write");
	c->len = c->want = 0;
}

/* Reads what there is; is the reply whole? */
static int
hear(struct client *c)
{
	char *end, *length;
	ssize_t n;

	if (c->room - c->len < 1 << 16) {
		c->room += 1 << 17;
		c->reply = realloc(c->reply, c->room);
		if (c->reply == NULL)
			die("memory");
	}
	n = read(c->fd, c->reply + c->len, c->room - c->len - 1);
	if (n <= 0)
		die("the server has hung up");
	c->len += (size_t)n;
	c->reply[c->len] = '\0';
	end = strstr(c->reply, "\r\n\r\n");
	length = strstr(c->reply, "Content-Length: ");
	if (c->want == 0 && end != NULL && length != NULL)
		c->want = (size_t)(end + 4 - c->reply) +
		    strtoul(length + 16, NULL, 10);
	return c->want != 0 && c->len >= c->want;
}

static void
begin(struct client *c, const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	const char *p;

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	c->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (c->fd < 0 ||
	    connect(c->fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		die(path);
	ask(c, LOGIN);
	while (!hear(c))
		;
	p = strstr(c->reply, "\"result\":\"");
	if (p == NULL) {
		fprintf(stderr, "apiload: no session: %s\n", c->reply);
		exit(1);
	}
	snprintf(c->session, sizeof(c->session), "%.*s",
	    (int)strcspn(p + 10, "\""), p + 10);
}

static void
list(struct client *c)
{
	char body[256];

	snprintf(body, sizeof(body), LIST, c->session);
	ask(c, body);
}

int
main(int argc, char **argv)
{
	struct timespec a, b;
	unsigned long answers = 0, n = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	struct pollfd *fds;
	struct client *c;

	if (n == 0 || n > 1000) {
		fprintf(stderr, "usage: apiload SOCKET CLIENTS\n");
		return 2;
	}
	signal(SIGTERM, on_term);
	c = calloc(n, sizeof(*c));
	fds = calloc(n, sizeof(*fds));
	if (c == NULL || fds == NULL)
		die("memory");
	for (unsigned long i = 0; i < n; i++) {
		begin(&c[i], argv[1]);
		fds[i] = (struct pollfd){ .fd = c[i].fd, .events = POLLIN };
	}
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (unsigned long i = 0; i < n; i++)
		list(&c[i]);
	while (!ended && (poll(fds, n, -1) >= 0 || errno == EINTR))
		for (unsigned long i = 0; i < n && !ended; i++)
			if (fds[i].revents != 0 && hear(&c[i])) {
				answers++;
				list(&c[i]);
			}
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("%lu answers in %.1f s\n", answers,
	    (double)(b.tv_sec - a.tv_sec) +
		(double)(b.tv_nsec - a.tv_nsec) / 1e9);
	return 0;
}
