/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reaches peer.c, vm_incoming.c and xu_msg.c: what a host that wants to give us a
 * machine says, all of it at once, until it is refused or hung up. There is no Xen, so
 * this host starts no guests: what is offered is refused before it is asked. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "migrate.h"
#include "xu_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct core *
core_new(void)
{
	struct core *c = calloc(1, sizeof(*c));

	if (c == NULL || guests_open(c) < 0)
		abort();
	c->loop = uv_default_loop();
	c->disabled = true;
	return c;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct core *c;
	char waste[4096];
	int fds[2];

	if (c == NULL) {
		c = core_new();
		xu_log_open("fuzz", "/dev/null", XU_ERROR);
	}
	if (size > 100000 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) < 0)
		return 0;
	incoming_begin(c, fds[0], NULL);
	if (write(fds[1], data, size) != (ssize_t)size)
		abort();
	for (int i = 0; i < 4; i++) {
		uv_run(c->loop, UV_RUN_NOWAIT);
		while (read(fds[1], waste, sizeof(waste)) > 0)
			;
	}
	close(fds[1]);
	/* Nothing of it may stay. */
	if (uv_run(c->loop, UV_RUN_DEFAULT) != 0)
		abort();
	return 0;
}
