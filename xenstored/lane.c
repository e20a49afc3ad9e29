/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lanes (xu_lane.h): what a client on a socket asks for with XS_CONTROL "lane" when it
 * makes many calls, one at a time. A request from there goes the way of all others; only
 * its reply goes back through the page. Events, and whatever else is said to that
 * client, stay on its socket. All that is kept of a lane goes with the connection; a live update ends it, and the client goes
 * back to its socket.
 *
 * What is in the page is believed once, when it is copied. Who asks again before it is
 * answered, or by both ways at once, mixes up its own replies and nobody else's.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>

#include "trace.h"
#include "xsd.h"
#include "xu_lane.h"

/* Each is three pages and a descriptor. */
#define LANES_MAX 256

struct lane {
	struct xu_lane *page;
	/* Until the client has it. */
	int memory;
	int kick;
	/* The last request; what went to the socket since the lane did. */
	uint32_t taken, said;
	/* A request of it is not answered; its reply is in the page. */
	bool open, replied;
};

static unsigned lanes;

/* --- making one ---------------------------------------------------------------------- */

static int
make_memory(struct lane *l)
{
	l->memory = memfd_create("xenstored-lane",
	    MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (l->memory < 0 ||
	    ftruncate(l->memory, (off_t)sizeof(*l->page)) < 0 ||
	    fcntl(l->memory, F_ADD_SEALS,
		F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return -1;
	l->page = mmap(NULL, sizeof(*l->page), PROT_READ | PROT_WRITE,
	    MAP_SHARED, l->memory, 0);
	if (l->page == MAP_FAILED) {
		l->page = NULL;
		return -1;
	}
	return 0;
}

static void
unmake(struct lane *l)
{
	if (l->page != NULL)
		munmap(l->page, sizeof(*l->page));
	if (l->memory >= 0)
		close(l->memory);
	if (l->kick >= 0) {
		/* The client has it open as well: closing it ends nothing. */
		loop_forget_fd(l->kick);
		close(l->kick);
	}
	free(l);
}

int
lane_make(struct conn *c)
{
	struct lane *l;
	int err;

	if (c->fd < 0 || c->lane != NULL)
		return EINVAL;
	if (lanes == LANES_MAX)
		return ENOSPC;
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return ENOMEM;
	l->memory = -1;
	l->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->kick < 0 || make_memory(l) < 0 ||
	    loop_watch_fd(l->kick, EPOLLIN | EPOLLET, lane_mark(c)) < 0) {
		err = errno;
		unmake(l);
		return err;
	}
	c->lane = l;
	lanes++;
	return 0;
}

void
lane_close(struct conn *c)
{
	if (c->lane == NULL)
		return;
	unmake(c->lane);
	c->lane = NULL;
	lanes--;
}

void
lanes_end(void)
{
	struct xu_list *it;

	LIST_FOREACH(it, &conns)
	{
		struct conn *c = xu_container_of(it, struct conn, link);

		if (c->lane == NULL)
			continue;
		lane_flush(c);
		atomic_store(&c->lane->page->over, 1);
		xu_lane_wake(c->lane->page);
	}
}

ssize_t
lane_send(struct conn *c, const void *data, size_t len)
{
	struct lane *l = c->lane;
	struct iovec v = { .iov_base = (void *)(uintptr_t)data,
		.iov_len = len };
	union {
		char room[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} control = { .room = { 0 } };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	struct cmsghdr *h;
	ssize_t n, more;
	int fds[2];

	if (l != NULL && l->memory >= 0) {
		/* With one byte: both sides count what comes behind it, and the
		 * kernel takes more than a buffer apart. */
		v.iov_len = 1;
		fds[0] = l->memory;
		fds[1] = l->kick;
		m.msg_control = control.room;
		m.msg_controllen = sizeof(control.room);
		h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(fds));
		memcpy(CMSG_DATA(h), fds, sizeof(fds));
	}
	n = sendmsg(c->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0 && m.msg_control != NULL) {
		close(l->memory);
		l->memory = -1;
		if (len > 1 && (more = lane_send(c, (const char *)data + 1,
		    len - 1)) > 0)
			n += more;
	} else if (n > 0 && l != NULL) {
		l->said += (uint32_t)n;
	}
	return n;
}

/* --- a call ---------------------------------------------------------------------------- */

int
lane_read(struct conn *c)
{
	struct lane *l = c->lane;
	struct xsd_sockmsg hdr;
	uint32_t asked;

	if (l == NULL || l->open || !conn_may_read_more(c))
		return 0;
	asked = atomic_load(&l->page->asked);
	if (asked == l->taken)
		return 0;
	memcpy(&hdr, l->page->request, sizeof(hdr));
	if (hdr.len > XSD_PAYLOAD)
		return -1;
	conn_pack_input(c);
	xu_buf_add(&c->in, &hdr, sizeof(hdr));
	xu_buf_add(&c->in, l->page->request + sizeof(hdr), hdr.len);
	if (c->in.error != 0)
		return -1;
	l->taken = asked;
	l->open = true;
	atomic_store(&l->page->taken, asked);
	(void)conn_requests(c);
	return 0;
}

bool
lane_reply(struct conn *c, const struct xsd_sockmsg *hdr, const void *data)
{
	struct lane *l = c->lane;

	if (l == NULL || !l->open || l->replied || hdr->len > XSD_PAYLOAD)
		return false;
	memcpy(l->page->reply, hdr, sizeof(*hdr));
	memcpy(l->page->reply + sizeof(*hdr), data, hdr->len);
	l->replied = true;
	trace_io(c, true, hdr->type, data, hdr->len);
	conn_set_busy(c);
	return true;
}

void
lane_flush(struct conn *c)
{
	struct lane *l = c->lane;

	if (l == NULL || !l->replied)
		return;
	l->open = l->replied = false;
	/* With what the socket could not take yet. */
	atomic_store(&l->page->said,
	    l->said + (uint32_t)(c->out.len - c->out_sent));
	atomic_store(&l->page->answered, l->taken);
	xu_lane_wake(l->page);
}
