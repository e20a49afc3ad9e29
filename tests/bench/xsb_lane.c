/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A lane (xu_lane.h), as libxenstore has it: asked for after some calls, and a daemon
 * that has none says so. With as little cost as possible, like the rest of the wire.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xsb.h"
#include "xu_lane.h"

enum { ASK_AFTER = 32 };

struct xb_lane {
	struct xu_lane *page;
	int kick;
};

/* The descriptors come with the reply, and nothing else is on its way. */
static void
take(struct xb_conn *c)
{
	char room[CMSG_SPACE(2 * sizeof(int))];
	struct iovec v = { c->in, c->in_size };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = room,
		.msg_controllen = sizeof(room) };
	struct cmsghdr *h;
	struct xb_msg reply;
	int fds[2];
	ssize_t n = recvmsg(c->fd, &m, MSG_CMSG_CLOEXEC);

	if (n <= 0)
		xb_die("recvmsg: %s", strerror(errno));
	c->in_off = 0;
	c->in_end = (size_t)n;
	xb_reply(c, &reply);
	h = CMSG_FIRSTHDR(&m);
	if (reply.h.type == XS_ERROR || h == NULL ||
	    h->cmsg_len != CMSG_LEN(sizeof(fds)))
		return;
	memcpy(fds, CMSG_DATA(h), sizeof(fds));
	c->lane = calloc(1, sizeof(*c->lane));
	if (c->lane == NULL)
		xb_die("no memory");
	c->lane->kick = fds[1];
	c->lane->page = mmap(NULL, sizeof(*c->lane->page),
	    PROT_READ | PROT_WRITE, MAP_SHARED, fds[0], 0);
	if (c->lane->page == MAP_FAILED)
		xb_die("mmap: %s", strerror(errno));
	close(fds[0]);
}

void
xb_lane_want(struct xb_conn *c)
{
	if (c->lane != NULL || c->ring != NULL || xb_opt.no_lane ||
	    c->in_off != c->in_end || c->out_len > 0 ||
	    ++c->calls != ASK_AFTER)
		return;
	xb_put_raw(c, XS_CONTROL, 0, "lane", 5);
	xb_flush(c);
	take(c);
}

void
xb_lane_call(struct xb_conn *c, struct xb_msg *m)
{
	struct xu_lane *l = c->lane->page;
	const uint32_t n = atomic_load(&l->asked) + 1;
	const uint64_t one = 1;
	uint32_t seen;

	memcpy(l->request, c->out, c->out_len);
	c->out_len = 0;
	atomic_store(&l->asked, n);
	if (write(c->lane->kick, &one, sizeof(one)) < 0)
		xb_die("write: %s", strerror(errno));
	while ((seen = atomic_load(&l->answered)) != n)
		xu_lane_sleep(l, seen, 1000);
	memcpy(&m->h, l->reply, sizeof(m->h));
	m->body = (const char *)l->reply + sizeof(m->h);
}

void
xb_lane_close(struct xb_conn *c)
{
	if (c->lane == NULL)
		return;
	munmap(c->lane->page, sizeof(*c->lane->page));
	close(c->lane->kick);
	free(c->lane);
}
