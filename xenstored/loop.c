/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The loop: epoll over the listening socket, the clients and the event channel
 * device. A turn reads every ready connection, handles a bounded number of its
 * requests, and then writes each connection that has something to say once.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "state.h"
#include "trace.h"
#include "xu_proc.h"

#define READ_CHUNK 65536
/* Dead nodes per turn, well under 100 us; and when a pause counts as idle. */
#define REAP_SLICE 500
#define IDLE_MS 50
#define RETRY_MS 1000
/*
 * Sockets tell of what comes once: asked for as long as it is there, the kernel
 * looks at each socket a second time before it lets the daemon sleep. So who
 * leaves something in a socket (`unread`) has to ask anew.
 */
#define SOCKET_IN (EPOLLIN | EPOLLRDHUP | EPOLLET)
#define SOCKET_OVER (EPOLLHUP | EPOLLRDHUP | EPOLLERR)

static int epoll_fd = -1, listen_fd = -1;
/* To be served; and guests that first have to let others go (share.c). */
static struct xu_list busy = XU_LIST_INIT(busy), later = XU_LIST_INIT(later);
static volatile sig_atomic_t stop, reopen;
/* Readable when a signal has come: one that comes just before the wait ends it. */
static int signal_fd = -1;
/* Marks in epoll_event.data.ptr that are no connection. */
static char listen_mark, xen_mark, signal_mark;

static void
on_signal(int sig)
{
	const uint64_t one = 1;
	int saved = errno;

	if (sig == SIGHUP)
		reopen = 1;
	else
		stop = 1;
	(void)!write(signal_fd, &one, sizeof(one));
	errno = saved;
}

static void
signal_taken(void)
{
	uint64_t n;

	(void)!read(signal_fd, &n, sizeof(n));
}

void
conn_set_busy(struct conn *c)
{
	if (c->is_busy || c->dead)
		return;
	c->is_busy = true;
	xu_list_append(share_used_up(c) ? &later : &busy, &c->busy);
}

int
loop_watch_fd(int fd, uint32_t events, void *ptr)
{
	struct epoll_event ev = {.events = events, .data.ptr = ptr};

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev);
}

void
loop_forget_fd(int fd)
{
	(void)epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

/* --- sockets ------------------------------------------------------------------ */

static int
socket_read(struct conn *c)
{
	size_t before;
	ssize_t n;
	void *p;

	c->unread = true;
	/* The next turns have enough. */
	if (c->in.len - c->in_at >= READ_CHUNK)
		return 0;
	conn_pack_input(c);
	before = c->in.len;
	p = xu_buf_reserve(&c->in, READ_CHUNK);
	if (p == NULL)
		return -1;
	n = recv(c->fd, p, READ_CHUNK, MSG_DONTWAIT);
	c->in.len = before + (n > 0 ? (size_t)n : 0);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		return -1;
	c->unread = n == READ_CHUNK || (n < 0 && errno == EINTR);
	if (n > 0)
		(void)conn_requests(c);
	return 0;
}

static int
socket_write(struct conn *c)
{
	ssize_t n = lane_send(c, c->out.data + c->out_sent,
	    c->out.len - c->out_sent);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	c->out_sent += (size_t)n;
	return 0;
}

static void
socket_close(struct conn *c)
{
	lane_close(c);
	close(c->fd); /* leaves the epoll set with it */
}

const struct conn_ops socket_ops = {socket_read, socket_write, socket_close};

/* Who sends faster than it is served waits in its own socket. */
static bool
wants_input(const struct conn *c)
{
	return conn_may_read_more(c) && c->in.len - c->in_at < READ_CHUNK;
}

void
loop_update(struct conn *c)
{
	struct epoll_event ev = {.events = EPOLLET, .data.ptr = c};

	if (c->fd < 0 || c->dead)
		return;
	if (wants_input(c))
		ev.events |= SOCKET_IN;
	if (c->out_sent < c->out.len)
		ev.events |= EPOLLOUT;
	if (ev.events == c->epoll_events && !c->unread)
		return;
	c->epoll_events = ev.events;
	c->unread = false;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &ev) < 0)
		conn_kill(c);
}

static void
accept_clients(void)
{
	struct conn *c;
	int fd;

	while ((fd = accept4(listen_fd, NULL, NULL,
		    SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		/* The socket is 0600: who can connect is the control domain. */
		c = conn_new(&socket_ops, 0, true);
		if (c == NULL) {
			close(fd);
			continue;
		}
		c->fd = fd;
		c->epoll_events = SOCKET_IN;
		if (loop_watch_fd(fd, SOCKET_IN, c) < 0)
			conn_kill(c);
	}
	if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
		xu_log(XU_WARNING, "accept: %s", strerror(errno));
}

static int
adopt_sockets(void)
{
	struct xu_list *it;

	LIST_FOREACH(it, &conns)
	{
		struct conn *c = xu_container_of(it, struct conn, link);

		if (c->fd < 0)
			continue;
		c->epoll_events = SOCKET_IN;
		if (loop_watch_fd(c->fd, SOCKET_IN, c) < 0)
			return -1;
		conn_set_busy(c);
	}
	return 0;
}

int
loop_init(int listening, struct xu_err *e)
{
	struct sigaction told = {.sa_handler = on_signal};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	signal_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (signal_fd < 0 || epoll_fd < 0)
		return xu_err_set(e, "INTERNAL_ERROR", errno, "epoll");
	sigaction(SIGHUP, &told, NULL);
	sigaction(SIGTERM, &told, NULL);
	sigaction(SIGINT, &told, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	listen_fd = listening;
	if (xu_set_nonblock(listen_fd, true) < 0 || adopt_sockets() < 0 ||
	    loop_watch_fd(listen_fd, EPOLLIN, &listen_mark) < 0 ||
	    loop_watch_fd(signal_fd, EPOLLIN, &signal_mark) < 0 ||
	    (domains_fd() >= 0 &&
		loop_watch_fd(domains_fd(), EPOLLIN, &xen_mark) < 0))
		return xu_err_set(e, "INTERNAL_ERROR", errno, "epoll");
	return 0;
}

/* --- a turn ---------------------------------------------------------------------- */

static void
ready(struct conn *c, uint32_t events)
{
	if (c->dead)
		return;
	if ((events & (EPOLLIN | SOCKET_OVER)) != 0 && c->ops->read(c) < 0) {
		conn_kill(c);
		return;
	}
	/* Its end is behind what it said. */
	if ((events & SOCKET_OVER) != 0)
		c->unread = true;
	conn_set_busy(c);
}

static void
lane_ready(struct conn *c)
{
	if (c->dead)
		return;
	if (lane_read(c) < 0)
		conn_kill(c);
	else
		conn_set_busy(c);
}

static void
take_all(struct xu_list *from, struct xu_list *to)
{
	xu_list_init(to);
	if (xu_list_empty(from))
		return;
	*to = *from;
	to->next->prev = to->prev->next = to;
	xu_list_init(from);
}

static bool
serve(struct conn *c)
{
	int64_t since = conn_limited(c) ? share_begin() : -1;
	bool more = false;

	conn_flush(c);
	if (!c->dead && conn_has_input(c) && conn_may_read_more(c))
		more = conn_requests(c);
	if (!c->dead && c->domain != NULL)
		ring_event(c->domain);
	if (!c->dead && lane_read(c) < 0)
		conn_kill(c);
	conn_flush(c);
	lane_flush(c);
	loop_update(c);
	if (since >= 0)
		share_end(since);
	return more;
}

/*
 * Everybody with output or unfinished input. What a connection's requests do to
 * others (events) puts those into the list too, behind. Returns true when
 * requests wait: the next turn must not sleep.
 */
static bool
serve_busy(void)
{
	struct xu_list now, *it;
	bool more = false;

	take_all(&busy, &now);
	while (!xu_list_empty(&now)) {
		struct conn *c;

		it = now.next;
		c = xu_container_of(it, struct conn, busy);
		xu_list_remove(it);
		c->is_busy = false;
		if (share_used_up(c))
			conn_set_busy(c);
		else if (!c->dead)
			more |= serve(c) && !share_used_up(c);
	}
	return more || !xu_list_empty(&busy);
}

/* Guests whose time has come. */
static void
wake_later(bool slept)
{
	struct xu_list all;

	if (xu_list_empty(&later) || share_wait_ns() > 0)
		return;
	if (slept)
		share_woken();
	take_all(&later, &all);
	while (!xu_list_empty(&all)) {
		struct conn *c =
		    xu_container_of(all.next, struct conn, busy);

		xu_list_remove(&c->busy);
		c->is_busy = false;
		conn_set_busy(c);
	}
}

/*
 * What was removed is taken apart between turns, a slice each. Once nothing is
 * left to do for a moment the heap's free pages go back to the system.
 */
static bool
tidy(bool idle)
{
	int64_t since = share_had_guests() ? share_begin() : 0;
	bool more = tree_reap(REAP_SLICE);

	more |= state_slice();
	/* What guests did is what has to be tidied. */
	if (more && share_had_guests())
		share_end(since);
	if (idle && !more && tree_trim_pending())
		tree_trim();
	return more;
}

/* Of two times to wait; -1 = for ever. */
static int
sooner(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* Milliseconds. */
static int
how_long(bool more)
{
	/* Also when there is always work. */
	int turn = fair_timeout(), age = queue_age(), rest = -1;

	if (more || !xu_list_empty(&busy))
		return 0;
	if (tree_trim_pending())
		rest = IDLE_MS;
	else if (state_failed())
		rest = RETRY_MS;
	return sooner(sooner(rest, age), turn);
}

/* Guests pay for their kicks; not for a look at all domains, which others who come
 * and go make longer. */
static void
xen_events(void)
{
	int64_t since = share_begin();
	bool changed = domains_events();

	share_end(since);
	share_woken();
	if (changed)
		domains_check();
	state_commit();
}

/* Guests that wait for their share do so for less than a millisecond. */
static int
wait_for_events(struct epoll_event *ev, int max, int ms)
{
	struct timespec ts = {0};
	int n;

	if (ms == 0 || xu_list_empty(&later))
		return epoll_wait(epoll_fd, ev, max, ms);
	ts.tv_nsec = (long)share_wait_ns();
	if (ms > 0 && ts.tv_nsec > ms * 1000000L)
		ts.tv_nsec = ms * 1000000L;
	n = epoll_pwait2(epoll_fd, ev, max, &ts, NULL);
	/* Linux before 5.11 counts in milliseconds. */
	return n < 0 && errno == ENOSYS ? epoll_wait(epoll_fd, ev, max, 1) : n;
}

void
loop_run(void)
{
	struct epoll_event ev[64];
	/* The start may have left work, such as a snapshot. */
	bool more = true;
	int n, timeout;

	while (!stop) {
		if (reopen) {
			/* The trace was rotated. */
			reopen = 0;
			if (trace_on != 0)
				(void)trace_open(NULL);
		}
		timeout = how_long(more);
		n = wait_for_events(ev, (int)XU_ARRAY_SIZE(ev), timeout);
		share_turn();
		for (int i = 0; i < n; i++) {
			if (ev[i].data.ptr == &listen_mark)
				accept_clients();
			else if (ev[i].data.ptr == &xen_mark)
				xen_events();
			else if (ev[i].data.ptr == &signal_mark)
				signal_taken();
			else if (lane_marked(ev[i].data.ptr) != NULL)
				lane_ready(lane_marked(ev[i].data.ptr));
			else
				ready(ev[i].data.ptr, ev[i].events);
		}
		wake_later(n == 0);
		more = serve_busy();
		quota_tell();
		more |= tidy(n == 0 && timeout > 0 && xu_list_empty(&later));
		more |= conn_free_dead();
		if (update_pending())
			update_run();
	}
}
