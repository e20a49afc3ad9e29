/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See tls.h: from a name to a connection. */
#include "config.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "errors.h"
#include "tls.h"
#include "xu_num.h"
#include "xu_proc.h"

#define PORT	   "8003"
/* For each address of a name. */
#define CONNECT_MS 5000

static int
fail(struct xu_err *e, const char *to, const char *why)
{
	xu_err_set(e, XE(XLD_PEER), 0, "%s: %s", to, why);
	xu_err_param(e, "%s: %s", to, why);
	return -1;
}

/* An address of version 6 has colons of its own. */
static bool
split(const char *to, char host[256], char port[8])
{
	const char *colon = strrchr(to, ':'), *end = to + strlen(to);
	uint64_t number;

	snprintf(port, 8, PORT);
	if (to[0] == '[') {
		const char *close = strchr(to, ']');

		if (close == NULL || (close[1] != '\0' && close[1] != ':'))
			return false;
		colon = close[1] == ':' ? close + 1 : NULL;
		end = close;
		to++;
	} else if (colon != NULL && strchr(to, ':') != colon) {
		colon = NULL;
	} else if (colon != NULL) {
		end = colon;
	}
	if (end == to || end - to > 255)
		return false;
	snprintf(host, 256, "%.*s", (int)(end - to), to);
	if (colon == NULL)
		return true;
	if (!xu_num_u64(colon + 1, 10, UINT16_MAX, &number) || number == 0)
		return false;
	snprintf(port, 8, "%u", (unsigned)number);
	return true;
}

/* -1 with errno. */
static int
connect_to(const struct addrinfo *ai)
{
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0), err = 0, n;
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(err);

	if (fd < 0)
		return -1;
	if (connect(fd, ai->ai_addr, ai->ai_addrlen) < 0)
		err = errno;
	if (err == EINPROGRESS) {
		do
			n = poll(&p, 1, CONNECT_MS);
		while (n < 0 && errno == EINTR);
		err = ETIMEDOUT;
		if (n > 0)
			getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len);
	}
	if (err == 0 && xu_set_nonblock(fd, false) == 0)
		return fd;
	close(fd);
	errno = err;
	return -1;
}

void
tls_name(int fd, char who[128])
{
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);
	char host[64], port[16];
	bool v6;

	if (getpeername(fd, (struct sockaddr *)&a, &len) < 0 ||
	    getnameinfo((struct sockaddr *)&a, len, host, sizeof(host), port,
		sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
		snprintf(who, 128, "somebody");
		return;
	}
	v6 = strchr(host, ':') != NULL;
	snprintf(who, 128, "%s%s%s:%s", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

int
tls_dial(const char *to, char who[128], struct xu_err *e)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *all = NULL;
	char host[256], port[8], why[160];
	int fd = -1, r;

	if (!split(to, host, port))
		return fail(e, to, "no host; write NAME, NAME:PORT or "
		    "[ADDRESS]:PORT");
	r = getaddrinfo(host, port, &hints, &all);
	if (r != 0)
		return fail(e, to, r == EAI_SYSTEM ? strerror(errno) :
						     gai_strerror(r));
	for (const struct addrinfo *ai = all; ai != NULL && fd < 0;
	     ai = ai->ai_next)
		fd = connect_to(ai);
	r = errno;
	freeaddrinfo(all);
	if (fd < 0) {
		snprintf(why, sizeof(why), "port %s: %s%s", port, strerror(r),
		    r == ECONNREFUSED ? "; has its xld.conf a line "
					"'migration = [::]:8003'?" : "");
		return fail(e, to, why);
	}
	snprintf(who, 128, "%.127s", to);
	return fd;
}
