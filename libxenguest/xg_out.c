/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An image on its way out: large writes, and the sum of all of it. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "xg_stream.h"

int
xg_out_open(struct xg_out *o, int fd, struct xg_error *e)
{
	*o = (struct xg_out){ .fd = fd, .sum = XG_SUM_INIT, .e = e };
	/* Whole pages: what the kernel likes to copy from. */
	o->buf = aligned_alloc(XC_PAGE_SIZE, XG_OUT_ROOM);
	return o->buf == NULL ? xg_fail(e, ENOMEM, "no memory for output") : 0;
}

void
xg_out_close(struct xg_out *o)
{
	free(o->buf);
	o->buf = NULL;
}

/* Not before it is due. */
static void
keep_pace(struct xg_out *o, size_t n)
{
	uint64_t now = xg_now_us(), due;
	struct timespec ts;

	if (o->paced_us == 0)
		o->paced_us = now;
	o->paced_bytes += n;
	due = o->paced_us + o->paced_bytes * 1000000 / o->pace;
	if (due <= now) {
		/* What was not used is not made up for. */
		o->paced_us = now;
		o->paced_bytes = 0;
		return;
	}
	ts.tv_sec = (time_t)((due - now) / 1000000);
	ts.tv_nsec = (long)((due - now) % 1000000 * 1000);
	nanosleep(&ts, NULL);
}

int
xg_out_flush(struct xg_out *o)
{
	/* Ten times a second. */
	const size_t most = o->pace == 0 ? o->len : (size_t)(o->pace / 10) + 1;
	size_t part;

	for (size_t at = 0; at < o->len; at += part) {
		part = o->len - at < most ? o->len - at : most;
		if (xg_write_all(o->fd, o->buf + at, part) < 0)
			return xg_fail(o->e, errno, "write the image: %s",
			    strerror(errno));
		if (o->pace != 0)
			keep_pace(o, part);
	}
	o->len = 0;
	return 0;
}

uint8_t *
xg_out_room(struct xg_out *o, size_t n)
{
	uint8_t *p;

	if (XG_OUT_ROOM - o->len < n && xg_out_flush(o) < 0)
		return NULL;
	p = o->buf + o->len;
	o->len += n;
	o->bytes += n;
	return p;
}

int
xg_out_put(struct xg_out *o, const void *p, size_t n)
{
	const uint8_t *from = p;

	while (n > 0) {
		size_t part = n < XG_OUT_ROOM / 2 ? n : XG_OUT_ROOM / 2;
		size_t whole = (part + 7) & ~(size_t)7;
		uint8_t *to = xg_out_room(o, whole);

		if (to == NULL)
			return -1;
		memcpy(to, from, part);
		memset(to + part, 0, whole - part);
		xg_sum_add(&o->sum, to, whole);
		from += part;
		n -= part;
	}
	return 0;
}

int
xg_out_rec(struct xg_out *o, uint32_t type, size_t length)
{
	struct xg_rec_header h = { .type = type, .length = (uint32_t)length };

	return xg_out_put(o, &h, sizeof(h));
}

int
xg_out_record(struct xg_out *o, uint32_t type, const void *p, size_t n)
{
	return xg_out_rec(o, type, n) < 0 ? -1 : xg_out_put(o, p, n);
}
