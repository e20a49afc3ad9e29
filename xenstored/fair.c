/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who loses one transaction after another to changes of others gets a turn: while
 * its next transaction is open, what others want to change waits (reads do not).
 * A turn is short, and pauses follow it, so that nobody can stop the store with
 * it: it ends with the transaction or after TURN_MS, and then as much time must
 * pass as PAUSE turns of its length. An unprivileged client holds up only others
 * like it, never the control domain (XSA-206).
 */
#include "config.h"

#include <stdint.h>
#include <time.h>
#include <xen/io/xs_wire.h>

#include "xsd.h"

#define AFTER	3u  /* conflicts in a row */
#define TURN_MS 20
#define PAUSE	4u

static struct {
	const struct conn *c;
	uint32_t txn;
	uint64_t began, not_before;
} turn;

static struct xu_list waiting = XU_LIST_INIT(waiting);

static uint64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void
end_turn(void)
{
	uint64_t now = now_us();

	turn.c = NULL;
	turn.not_before = now + (now - turn.began) * PAUSE;
	while (!xu_list_empty(&waiting)) {
		struct conn *c = xu_container_of(waiting.next, struct conn,
		    wait);

		xu_list_remove(&c->wait);
		conn_set_busy(c);
	}
}

static bool
changes(uint32_t type, uint32_t tx)
{
	switch (type) {
	case XS_WRITE:
	case XS_MKDIR:
	case XS_RM:
	case XS_SET_PERMS:
		return tx == 0;
	case XS_TRANSACTION_END:
		return true;
	default:
		return false;
	}
}

bool
fair_waits(struct conn *c, uint32_t type, uint32_t tx)
{
	if (turn.c == NULL || c == turn.c || !changes(type, tx) ||
	    (c->privileged && !turn.c->privileged))
		return false;
	if (now_us() - turn.began >= TURN_MS * 1000) {
		end_turn();
		return false;
	}
	xu_list_remove(&c->wait);
	xu_list_append(&waiting, &c->wait);
	return true;
}

void
fair_started(struct conn *c, uint32_t txn)
{
	uint64_t now;

	if (c->conflicts < AFTER || turn.c != NULL)
		return;
	now = now_us();
	if (now < turn.not_before)
		return;
	turn.c = c;
	turn.txn = txn;
	turn.began = now;
}

void
fair_ended(struct conn *c, uint32_t txn, bool conflict)
{
	c->conflicts = conflict ? c->conflicts + 1 : 0;
	if (turn.c == c && turn.txn == txn)
		end_turn();
}

int
fair_timeout(void)
{
	uint64_t spent;

	if (turn.c == NULL || xu_list_empty(&waiting))
		return -1;
	spent = (now_us() - turn.began) / 1000;
	if (spent < TURN_MS)
		return (int)(TURN_MS - spent);
	end_turn();
	return 0;
}
