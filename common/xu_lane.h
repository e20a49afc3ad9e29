/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A lane: one call at a time between a client and a server on the same machine, through
 * a page both have mapped. The client puts a message into `request`, counts `asked` up
 * and writes to an eventfd the server waits for among other things; the server copies
 * it, says so in `taken`, and when the answer is in `reply` sets `answered` and wakes
 * whoever sleeps there. That is half the work of two messages over a socket.
 *
 * The connection that the two have besides tells each of the other's end. What the
 * server says there before it answers here is to be heard before: `said` counts the
 * bytes since the lane was handed over. Nothing here
 * can make the server wait, whatever a client does to the page or the descriptor: it
 * never writes to the eventfd, and waking never blocks. The memory is sealed against
 * changes of its size, so that it can be read without a fault.
 */
#ifndef XU_LANE_H
#define XU_LANE_H

#include <linux/futex.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A header and the longest payload. */
#define XU_LANE_MESSAGE (16 + 4096)

struct xu_lane {
	/* Of the client: the number of the call in `request`. */
	_Alignas(64) _Atomic uint32_t asked;
	/* Of the server: the last call it took; what was not taken was not done. */
	_Alignas(64) _Atomic uint32_t taken;
	/* The last that was answered; a futex. */
	_Atomic uint32_t answered;
	/* On the connection, up to that answer. */
	_Atomic uint32_t said;
	/* No more calls are taken; what was taken is answered over the connection. */
	_Atomic uint32_t over;
	_Alignas(64) unsigned char request[XU_LANE_MESSAGE];
	_Alignas(64) unsigned char reply[XU_LANE_MESSAGE];
};

static inline void
xu_lane_wake(struct xu_lane *l)
{
	(void)syscall(SYS_futex, &l->answered, FUTEX_WAKE, INT32_MAX, NULL,
	    NULL, 0);
}

/* Until `answered` is not `seen` any more, somebody wakes, or so many ms are over. */
static inline void
xu_lane_sleep(struct xu_lane *l, uint32_t seen, unsigned ms)
{
	const struct timespec t = { .tv_sec = ms / 1000,
		.tv_nsec = (long)(ms % 1000) * 1000000 };

	(void)syscall(SYS_futex, &l->answered, FUTEX_WAIT, seen, &t, NULL, 0);
}

#endif
