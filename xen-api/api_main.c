/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xld-api: started by xld with the channel to it as descriptor 3 and the local
 * listening socket as descriptor 4; with the word "settings", also with what it
 * must know (see api_listen.c) as descriptor 5 and the sockets that names behind
 * it. Puts the parts together and ends when either xld ends or a signal says so.
 */
#include "config.h"

#include <errno.h>
#include <libxml/parser.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "api.h"
#include "xu_log.h"

enum {
	CORE_FD = 3,
	LISTEN_FD = 4,
	SETTINGS_FD = 5,
	FIRST_FD = 6,
};

static bool
is_socket(int fd, int listening)
{
	int on = -1;
	socklen_t len = sizeof(on);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0 &&
	    on == listening;
}

static void
on_signal(uv_signal_t *h, int number XU_UNUSED)
{
	uv_stop(h->loop);
}

static int
start(struct api *a, bool settings)
{
	if (api_sessions_open(a) < 0 || api_core_open(a, CORE_FD) < 0 ||
	    api_events_open(a) < 0 || api_logins_open(a) < 0 ||
	    api_rates_open(a) < 0 ||
	    api_listen_open(a, LISTEN_FD, settings ? SETTINGS_FD : -1,
		FIRST_FD) < 0) {
		xu_log(XU_ERROR, "cannot start: %s", strerror(errno));
		return -1;
	}
	return 0;
}

/* Everybody who waits is answered before their connections go. */
static void
stop(struct api *a)
{
	api_core_close(a);
	api_rates_close(a);
	api_sessions_close(a);
	uv_run(a->loop, UV_RUN_NOWAIT);
	api_logins_close(a);
	api_events_close(a);
}

int
main(int argc, char **argv)
{
	/* Static: what it points to is not lost when main returns. */
	static struct api api;
	struct api *a = &api;
	uv_signal_t term, intr;
	const bool settings = argc == 2 && strcmp(argv[1], "settings") == 0;

	xu_log_open("xld-api", NULL, XU_INFO);
	if ((argc != 1 && !settings) || !is_socket(CORE_FD, 0) || !is_socket(LISTEN_FD, 1)) {
		fprintf(stderr, "xld-api: started by xld, which gives it a "
				"channel (3) and a listening socket (4)\n");
		return 2;
	}
	if (api_sandbox_check() < 0)
		return 1;
	signal(SIGPIPE, SIG_IGN);
	xmlInitParser();
	a->loop = uv_default_loop();
	if (a->loop == NULL || start(a, settings) < 0 ||
	    uv_signal_init(a->loop, &term) != 0 ||
	    uv_signal_init(a->loop, &intr) != 0)
		return 1;
	uv_signal_start(&term, on_signal, SIGTERM);
	uv_signal_start(&intr, on_signal, SIGINT);
	if (api_sandbox_enter() < 0)
		return 1;
	uv_run(a->loop, UV_RUN_DEFAULT);
	stop(a);
	/* The kernel closes the connections; libmicrohttpd would insist that
	 * every upgraded one be given back first. */
	return 0;
}
