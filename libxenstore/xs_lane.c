/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The client's end of a lane (xu_lane.h). A handle that makes many calls, one at a time,
 * asks xenstored for one; a daemon that knows nothing of it says so with an error, and
 * all stays on the socket. Watch events, and batches, always do.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xs_private.h"
#include "xu_lane.h"

/* Single calls after which it is asked for: those of a command are fewer. */
#define ASK_AFTER 32
/* While a reply is waited for, the socket is looked at that often, ms: it ends when
 * the daemon does. */
#define LOOK_MS 20

/* --- having one -------------------------------------------------------------------- */

static void
close_fds(int *fd, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (fd[i] >= 0)
			close(fd[i]);
		fd[i] = -1;
	}
}

void
xs_lane_init(struct xs_handle *h)
{
	h->lane.fds[0] = h->lane.fds[1] = h->lane.kick = -1;
	h->lane.refused = getenv("XENSTORE_NO_LANE") != NULL;
}

static void
let_go(struct xs_handle *h, struct xu_lane *page)
{
	if (page != NULL)
		munmap(page, sizeof(*page));
	close_fds(&h->lane.kick, 1);
	close_fds(h->lane.fds, 2);
	h->lane.calls = 0;
}

void
xs_lane_drop(struct xs_handle *h)
{
	struct xu_lane *page;

	pthread_mutex_lock(&h->lock);
	page = h->lane.page;
	h->lane.page = NULL;
	pthread_mutex_unlock(&h->lock);
	let_go(h, page);
}

void
xs_lane_fini(struct xs_handle *h)
{
	let_go(h, h->lane.page);
	h->lane.page = NULL;
}

void
xs_lane_lost(struct xs_handle *h)
{
	/* What came for a lane that never was. */
	close_fds(h->lane.fds, 2);
	h->lane.begins = false;
	if (h->lane.page != NULL)
		xu_lane_wake(h->lane.page);
}

/* What comes with a message: a lane's two descriptors, or nothing that we know. */
static void
take_fds(struct xs_handle *h, struct msghdr *m)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		int fd[8] = { -1, -1, -1, -1, -1, -1, -1, -1 };
		const size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(fd[0]);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
		    n > XU_ARRAY_SIZE(fd))
			continue;
		memcpy(fd, CMSG_DATA(c), n * sizeof(fd[0]));
		pthread_mutex_lock(&h->lock);
		if (n == 2 && h->lane.fds[0] < 0) {
			memcpy(h->lane.fds, fd, sizeof(h->lane.fds));
			h->lane.begins = true;
			fd[0] = fd[1] = -1;
		}
		pthread_mutex_unlock(&h->lock);
		close_fds(fd, n);
	}
}

ssize_t
xs_lane_recv(struct xs_handle *h, void *to, size_t room, int flags)
{
	struct iovec v = { .iov_base = to, .iov_len = room };
	union {
		char room[CMSG_SPACE(8 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room) };
	ssize_t n = recvmsg(h->fd, &m, flags | MSG_CMSG_CLOEXEC);

	if (n >= 0 && m.msg_controllen > 0)
		take_fds(h, &m);
	return n;
}

static bool
map(struct xs_handle *h, uint64_t era)
{
	struct xu_lane *page = MAP_FAILED;
	struct stat st;
	int fds[2];

	pthread_mutex_lock(&h->lock);
	memcpy(fds, h->lane.fds, sizeof(fds));
	h->lane.fds[0] = h->lane.fds[1] = -1;
	pthread_mutex_unlock(&h->lock);
	if (fds[0] >= 0 && fstat(fds[0], &st) == 0 &&
	    st.st_size >= (off_t)sizeof(*page))
		page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE,
		    MAP_SHARED, fds[0], 0);
	if (page == MAP_FAILED) {
		close_fds(fds, 2);
		return false;
	}
	close_fds(fds, 1);
	h->lane.kick = fds[1];
	h->lane.asked = 0;
	h->lane.era = era;
	pthread_mutex_lock(&h->lock);
	h->lane.page = page;
	pthread_mutex_unlock(&h->lock);
	return true;
}

void
xs_lane_consider(struct xs_handle *h)
{
	struct xs_req r = { .type = XS_CONTROL, .body = "lane", .len = 5,
		.once = true };
	const int saved = errno;

	if (h->lane.refused || h->is_dev || h->lane.page != NULL ||
	    ++h->lane.calls < ASK_AFTER)
		return;
	h->lane.calls = 0;
	/* The connection may have ended over it: another time, then. */
	if (xs_exchange(h, &r, 1) && r.err != EIO)
		h->lane.refused = r.err != 0 ||
		    (!map(h, r.era) && xs_is_up(h, r.era));
	free(r.reply);
	errno = saved;
}

/* --- a call -------------------------------------------------------------------------- */

static void
ask(struct xs_handle *h, const void *message, size_t len)
{
	const uint64_t one = 1;

	memcpy(h->lane.page->request, message, len);
	atomic_store(&h->lane.page->asked, ++h->lane.asked);
	while (write(h->lane.kick, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static bool
has_reader(struct xs_handle *h)
{
	bool has;

	pthread_mutex_lock(&h->lock);
	has = h->reader_runs;
	pthread_mutex_unlock(&h->lock);
	return has;
}

void
xs_lane_got(struct xs_handle *h, size_t n)
{
	h->lane.got = h->lane.begins ? 0 : h->lane.got + (uint32_t)n;
	h->lane.begins = false;
	if (h->lane.page != NULL)
		pthread_cond_broadcast(&h->replied);
}

/* Events that were sent before the answer are here before it, as they would be if it
 * had come on the socket. */
static void
hear_all(struct xs_handle *h, uint64_t era)
{
	const uint32_t said = atomic_load(&h->lane.page->said);

	pthread_mutex_lock(&h->lock);
	while ((int32_t)(said - h->lane.got) > 0 && h->link == XS_UP &&
	    h->era == era) {
		if (h->reader_runs) {
			pthread_cond_wait(&h->replied, &h->lock);
			continue;
		}
		pthread_mutex_unlock(&h->lock);
		(void)xs_fill(h, -1);
		pthread_mutex_lock(&h->lock);
	}
	pthread_mutex_unlock(&h->lock);
}

/* Answered, or nobody will. */
static enum xs_lane_end
wait_answer(struct xs_handle *h, uint64_t era)
{
	struct xu_lane *l = h->lane.page;

	for (;;) {
		/* In this order: after its end the daemon changes nothing there. */
		const bool up = xs_is_up(h, era);
		const bool over = atomic_load(&l->over) != 0;
		const uint32_t seen = atomic_load(&l->answered);
		const bool taken = atomic_load(&l->taken) == h->lane.asked;

		if (seen == h->lane.asked)
			return XS_LANE_DONE;
		if (!up)
			return taken ? XS_LANE_LOST : XS_LANE_UNREAD;
		if (over)
			return taken ? XS_LANE_BY_SOCKET : XS_LANE_NONE;
		xu_lane_sleep(l, seen, LOOK_MS);
		if (atomic_load(&l->answered) == seen && !has_reader(h))
			(void)xs_fill(h, 0);
	}
}

static struct xs_msg *
read_reply(struct xs_handle *h)
{
	const unsigned char *from = h->lane.page->reply;
	struct xsd_sockmsg hdr;
	struct xs_msg *m;

	memcpy(&hdr, from, sizeof(hdr));
	m = hdr.len > XENSTORE_PAYLOAD_MAX ? NULL
					   : malloc(sizeof(*m) + hdr.len + 1);
	if (m == NULL) {
		xs_broken(h, "it sent a message that is too long, or memory ends");
		return NULL;
	}
	m->hdr = hdr;
	memcpy(m->body, from + sizeof(hdr), hdr.len);
	m->body[hdr.len] = '\0';
	return m;
}

enum xs_lane_end
xs_lane_call(struct xs_handle *h, uint64_t era, struct xs_msg **reply)
{
	enum xs_lane_end end;

	if (h->lane.page == NULL || h->out.len > XU_LANE_MESSAGE)
		return XS_LANE_NONE;
	if (h->lane.era != era) {
		xs_lane_drop(h);
		return XS_LANE_NONE;
	}
	ask(h, h->out.data, h->out.len);
	end = wait_answer(h, era);
	if (end != XS_LANE_DONE) {
		xs_lane_drop(h);
		return end;
	}
	hear_all(h, era);
	*reply = read_reply(h);
	return XS_LANE_DONE;
}
