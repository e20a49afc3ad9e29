/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reaches the request path of xenstored as a guest sends it: conn.c, proto.c,
 * path.c, store.c, tree.c, txn.c, watch.c. Afterwards the tree and the books must
 * agree.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>

#include "xsd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
no_io(struct conn *c)
{
	(void)c;
	return 0;
}

static void
no_close(struct conn *c)
{
	(void)c;
}

static const struct conn_ops ops = { no_io, no_io, no_close };

/* Requests of dom0 and of a guest take turns, chosen by the first byte. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool up;
	struct conn *c;
	uint64_t n;

	if (size == 0)
		return 0;
	if (!up && (watches_init() != 0 || store_init() != 0))
		abort();
	up = true;
	c = conn_new(&ops, data[0] % 2 == 0 ? 0 : 7, data[0] % 2 == 0);
	if (c == NULL)
		abort();
	if (!c->privileged)
		c->domain = domain_get(7);
	xu_buf_add(&c->in, data + 1, size - 1);
	for (share_turn(); conn_requests(c); share_turn()) {
		c->out_sent = c->out.len;
		queue_sent(c);
	}
	if (store_check(&n) != NULL)
		abort();
	conn_kill(c);
	while (conn_free_dead())
		;
	return 0;
}
