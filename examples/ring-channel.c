/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two ends of an event channel.
 *   cc ring-channel.c $(pkg-config --cflags --libs xenctrl)
 *   ring-channel wait REMOTE        prints our port, waits until it rings
 *   ring-channel ring DOMID PORT    rings the port of that domain
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xenctrl.h>

static int
wait_for_ring(struct xc_evtchn *e, uint32_t remote)
{
	struct pollfd fd = { .fd = xc_evtchn_fd(e), .events = POLLIN };
	int port = xc_evtchn_bind_unbound(e, remote);
	uint32_t fired;

	if (port < 0)
		return -1;
	printf("port %d\n", port);
	fflush(stdout);
	while (poll(&fd, 1, -1) == 1)
		if (xc_evtchn_pending(e, &fired, 1) == 1) {
			/* Masked until we say that we have seen it. */
			xc_evtchn_unmask(e, fired);
			printf("port %u rang\n", fired);
			return 0;
		}
	return -1;
}

static int
ring(struct xc_evtchn *e, uint32_t domid, uint32_t remote_port)
{
	int port = xc_evtchn_bind_interdomain(e, domid, remote_port);

	return port < 0 ? -1 : xc_evtchn_notify(e, (uint32_t)port);
}

int
main(int argc, char **argv)
{
	struct xc_evtchn *e;
	int r;

	if (!(argc == 3 && strcmp(argv[1], "wait") == 0) &&
	    !(argc == 4 && strcmp(argv[1], "ring") == 0)) {
		fprintf(stderr, "usage: %s wait REMOTE | ring DOMID PORT\n",
		    argv[0]);
		return 2;
	}
	e = xc_evtchn_open();
	r = e == NULL ? -1
	    : argc == 3
	    ? wait_for_ring(e, (uint32_t)strtoul(argv[2], NULL, 0))
	    : ring(e, (uint32_t)strtoul(argv[2], NULL, 0),
		  (uint32_t)strtoul(argv[3], NULL, 0));
	if (r < 0)
		perror(argv[0]);
	xc_evtchn_close(e);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
