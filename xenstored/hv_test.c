/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The seam without Xen: domains are entries in a table, rings are files, event
 * channels are messages (hv_test.h). The newest connection is the other side. A
 * kick that its queue has no room for is kept and sent later, as an event
 * channel stays pending.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "hv.h"
#include "hv_test.h"
#include "xu_auto.h"

static char dir[sizeof(((struct sockaddr_un *)NULL)->sun_path) - 16];
static struct hvt_table *table;
static int set_fd = -1, listen_fd = -1, peer = -1;
static bool bound[HVT_DOMAINS], unsent[HVT_DOMAINS];
static uint32_t nunsent;

static int
map_file(const char *name, size_t size, int flags, void **out)
{
	char path[sizeof(dir) + 16];
	AUTO_CLOSE int fd = -1;
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	if (fd < 0 || fstat(fd, &st) < 0)
		return errno;
	if ((size_t)st.st_size < size &&
	    ((flags & O_CREAT) == 0 || ftruncate(fd, (off_t)size) < 0))
		return EINVAL;
	*out = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return *out == MAP_FAILED ? errno : 0;
}

static int
add_fd(int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(set_fd, EPOLL_CTL_ADD, fd, &ev);
}

static int
listen_hv(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	listen_fd = socket(AF_UNIX,
	    SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/hv", dir);
	(void)unlink(sa.sun_path);
	if (listen_fd < 0 ||
	    bind(listen_fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
	    listen(listen_fd, 8) < 0)
		return -1;
	return add_fd(listen_fd);
}

static int
test_open(const char *arg, struct xu_err *e)
{
	void *p;
	int err;

	if (strlen(arg) >= sizeof(dir))
		return xu_err_set(e, "INVALID_VALUE", 0,
		    "--test-hv %s: the name is too long", arg);
	memcpy(dir, arg, strlen(arg) + 1);
	err = map_file("domains", sizeof(*table), O_CREAT, &p);
	if (err != 0)
		return xu_err_set(e, "INTERNAL_ERROR", err,
		    "--test-hv: open %s/domains", arg);
	table = p;
	table->magic = HVT_MAGIC;
	set_fd = epoll_create1(EPOLL_CLOEXEC);
	if (set_fd < 0 || listen_hv() < 0)
		return xu_err_set(e, "INTERNAL_ERROR", errno,
		    "--test-hv: listen on %s/hv", arg);
	return 0;
}

static int
test_fd(void)
{
	return set_fd;
}

static void
send_kick(uint32_t domid)
{
	struct hvt_msg m = { .kind = HVT_KICK, .domid = domid };
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT };

	if (peer < 0 || send(peer, &m, sizeof(m), MSG_NOSIGNAL) >= 0 ||
	    (errno != EAGAIN && errno != EWOULDBLOCK))
		return;
	if (!unsent[domid])
		nunsent++;
	unsent[domid] = true;
	ev.data.fd = peer;
	(void)epoll_ctl(set_fd, EPOLL_CTL_MOD, peer, &ev);
}

static void
send_unsent(void)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = peer };
	uint32_t left = nunsent;

	nunsent = 0;
	if (left > 0)
		(void)epoll_ctl(set_fd, EPOLL_CTL_MOD, peer, &ev);
	for (uint32_t i = 0; left > 0 && i < HVT_DOMAINS; i++)
		if (unsent[i]) {
			unsent[i] = false;
			left--;
			send_kick(i);
		}
}

static void
drop_peer(void)
{
	close(peer);
	peer = -1;
	memset(unsent, 0, sizeof(unsent));
	nunsent = 0;
}

static void
accept_peer(void)
{
	int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (peer >= 0)
		drop_peer();
	peer = fd;
	if (add_fd(peer) < 0)
		drop_peer();
}

/* 1 = an event, 0 = a message that means nothing here, -1 = no more. */
static int
next_event(struct hv_event *ev)
{
	struct hvt_msg m;
	ssize_t n = peer < 0 ? -1 : recv(peer, &m, sizeof(m), 0);

	if (n == 0 || (n < 0 && peer >= 0 && errno != EAGAIN &&
			  errno != EWOULDBLOCK && errno != EINTR))
		drop_peer();
	if (n <= 0)
		return -1;
	if (n != sizeof(m))
		return 0;
	ev->kind = m.kind == HVT_CHANGED ? HV_DOMAINS : HV_PORT;
	ev->port = m.domid;
	return m.kind == HVT_CHANGED ||
	    (m.kind == HVT_KICK && m.domid < HVT_DOMAINS && bound[m.domid]);
}

static size_t
test_events(struct hv_event *ev, size_t max)
{
	struct epoll_event ready[4];
	int nready = epoll_wait(set_fd, ready, 4, 0), r;
	size_t n = 0;

	for (int i = 0; i < nready; i++) {
		if (ready[i].data.fd == listen_fd)
			accept_peer();
		else if ((ready[i].events & EPOLLOUT) != 0)
			send_unsent();
	}
	for (size_t tries = 0; n < max && tries < 4 * max; tries++) {
		r = next_event(&ev[n]);
		if (r < 0)
			break;
		n += (size_t)r;
	}
	return n;
}

static void
test_rearm(uint32_t port)
{
	__atomic_store_n(&table->v[port].pending, 0, __ATOMIC_SEQ_CST);
}

static int
test_domain(uint16_t domid, struct hv_domain *out)
{
	const struct hvt_domain *d = &table->v[domid];
	uint64_t instance;
	uint32_t flags;

	if (domid >= HVT_DOMAINS)
		return ESRCH;
	instance = __atomic_load_n(&d->instance, __ATOMIC_ACQUIRE);
	if (instance == 0)
		return ESRCH;
	flags = __atomic_load_n(&d->flags, __ATOMIC_RELAXED);
	memset(out, 0, sizeof(*out));
	out->domid = domid;
	out->dying = (flags & HVT_DYING) != 0;
	out->shutdown = (flags & HVT_SHUTDOWN) != 0;
	memcpy(out->instance, &instance, sizeof(instance));
	return 0;
}

static int
test_domains(uint16_t first, struct hv_domain *out, size_t max)
{
	uint32_t top = __atomic_load_n(&table->top, __ATOMIC_ACQUIRE);
	size_t n = 0;

	for (uint32_t i = first; i < top && i < HVT_DOMAINS && n < max; i++)
		if (test_domain((uint16_t)i, &out[n]) == 0)
			n++;
	return (int)n;
}

/* The local port is the domid. */
static int
test_bind(uint16_t domid, uint32_t remote, uint32_t *port)
{
	struct hv_domain d;

	(void)remote;
	if (test_domain(domid, &d) != 0 || d.dying || bound[domid])
		return EINVAL;
	bound[domid] = true;
	*port = domid;
	test_rearm(domid);
	return 0;
}

static void
test_unbind(uint32_t port)
{
	bound[port] = false;
}

static void
test_notify(uint32_t port)
{
	if (!unsent[port])
		send_kick(port);
}

static int
test_map(uint16_t domid, uint64_t gfn, struct hv_ring *ring)
{
	char name[16];

	(void)gfn;
	snprintf(name, sizeof(name), "%u", domid);
	ring->how = 0;
	if (map_file(name, HV_PAGE_SIZE, 0, &ring->page) == 0)
		return 0;
	ring->page = NULL;
	return EINVAL;
}

static void
test_unmap(uint16_t domid, struct hv_ring *ring)
{
	(void)domid;
	munmap(ring->page, HV_PAGE_SIZE);
	ring->page = NULL;
}

static int
test_own_ring(struct hv_ring *ring, uint32_t *remote, struct xu_err *e)
{
	struct hv_domain d;

	(void)e;
	*remote = 1;
	if (test_domain(0, &d) != 0 || test_map(0, 0, ring) != 0)
		return ENOENT;
	return 0;
}

const struct hv_ops hv_test = { test_open, test_fd, test_events, test_rearm,
	test_bind, test_map, test_unbind, test_notify, test_unmap,
	test_own_ring, test_domain, test_domains };
