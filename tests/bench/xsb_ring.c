/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Domains and their rings without Xen: the other side of xenstored/hv_test.h,
 * which our daemon serves with --test-hv and Debian's with shim.so.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "hv_test.h"
#include "xsb.h"

enum { PAGE = 4096, PATIENCE = 20 };

struct xb_hv {
	char dir[100];
	struct hvt_table *table;
	uint64_t instances;
	int fd;
};

static void *
map_file(const struct xb_hv *hv, const char *name, size_t size)
{
	char path[128];
	void *p;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", hv->dir, name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
		xb_die("%s: %s", path, strerror(errno));
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		xb_die("%s: %s", path, strerror(errno));
	close(fd);
	return p;
}

struct xb_hv *
xb_hv_open(const char *dir)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = PATIENCE };
	struct xb_hv *hv = calloc(1, sizeof(*hv));

	if (hv == NULL || strlen(dir) >= sizeof(hv->dir))
		xb_die("%s: no memory, or too long a name", dir);
	strcpy(hv->dir, dir);
	hv->table = map_file(hv, "domains", sizeof(*hv->table));
	hv->instances = 1;
	snprintf(un.sun_path, sizeof(un.sun_path), "%s/hv", hv->dir);
	hv->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (hv->fd < 0 ||
	    connect(hv->fd, (struct sockaddr *)&un, sizeof(un)) < 0)
		xb_die("%s: %s", un.sun_path, strerror(errno));
	(void)setsockopt(hv->fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
	    sizeof(patience));
	return hv;
}

void
xb_hv_close(struct xb_hv *hv)
{
	munmap(hv->table, sizeof(*hv->table));
	close(hv->fd);
	free(hv);
}

static void
tell(struct xb_hv *hv, uint32_t kind, uint32_t domid)
{
	struct hvt_msg m = { .kind = kind, .domid = domid }, drop;

	/* Both queues may be full: what comes in is only ever a hint. */
	while (send(hv->fd, &m, sizeof(m), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		if (errno != EAGAIN)
			xb_die("the daemon's event channels: %s",
			    strerror(errno));
		(void)recv(hv->fd, &drop, sizeof(drop), MSG_DONTWAIT);
		usleep(100);
	}
}

void
xb_hv_add(struct xb_hv *hv, uint32_t domid)
{
	struct hvt_table *t = hv->table;

	if (t->top <= domid)
		__atomic_store_n(&t->top, domid + 1, __ATOMIC_RELEASE);
	t->v[domid].flags = 0;
	__atomic_store_n(&t->v[domid].instance, ++hv->instances,
	    __ATOMIC_RELEASE);
	tell(hv, HVT_CHANGED, 0);
}

void
xb_hv_flags(struct xb_hv *hv, uint32_t domid, uint32_t flags)
{
	__atomic_store_n(&hv->table->v[domid].flags, flags, __ATOMIC_RELEASE);
	tell(hv, HVT_CHANGED, 0);
}

void
xb_hv_remove(struct xb_hv *hv, uint32_t domid)
{
	__atomic_store_n(&hv->table->v[domid].instance, 0, __ATOMIC_RELEASE);
	tell(hv, HVT_CHANGED, 0);
}

void
xb_kick(struct xb_conn *c)
{
	uint32_t *pending = &c->hv->table->v[c->domid].pending;

	if (__atomic_exchange_n(pending, 1, __ATOMIC_SEQ_CST) == 0)
		tell(c->hv, HVT_KICK, c->domid);
}

struct xb_conn *
xb_ring(struct xb_hv *hv, uint32_t domid)
{
	struct xb_conn *c = calloc(1, sizeof(*c));
	char name[16];

	if (c == NULL)
		xb_die("no memory");
	snprintf(name, sizeof(name), "%u", domid);
	c->fd = -1;
	c->hv = hv;
	c->domid = domid;
	c->ring = map_file(hv, name, PAGE);
	memset(c->ring, 0, PAGE);
	c->in_size = 8192;
	c->in = malloc(c->in_size);
	if (c->in == NULL)
		xb_die("no memory");
	return c;
}

void
xb_ring_close(struct xb_conn *c)
{
	munmap(c->ring, PAGE);
}

static void
wait_kick(struct xb_conn *c)
{
	struct hvt_msg m;
	ssize_t r = recv(c->hv->fd, &m, sizeof(m), 0);

	if (r <= 0 && errno != EINTR)
		xb_die("domain %u: the daemon %s", c->domid,
		    r == 0 ? "is gone" : "does not answer");
}

void
xb_ring_flush(struct xb_conn *c)
{
	struct xenstore_domain_interface *ring = c->ring;
	size_t done = 0, n;
	uint32_t prod, cons, at;

	while (done < c->out_len) {
		prod = ring->req_prod;
		cons = __atomic_load_n(&ring->req_cons, __ATOMIC_ACQUIRE);
		at = MASK_XENSTORE_IDX(prod);
		n = XENSTORE_RING_SIZE - (prod - cons);
		if (n > XENSTORE_RING_SIZE - at)
			n = XENSTORE_RING_SIZE - at;
		if (n > c->out_len - done)
			n = c->out_len - done;
		if (n == 0) {
			wait_kick(c);
			continue;
		}
		memcpy(ring->req + at, c->out + done, n);
		__atomic_store_n(&ring->req_prod, prod + (uint32_t)n,
		    __ATOMIC_RELEASE);
		done += n;
		if (done == c->out_len || prod + n - cons == XENSTORE_RING_SIZE)
			tell(c->hv, HVT_KICK, c->domid);
	}
	c->out_len = 0;
}

bool
xb_ring_fill(struct xb_conn *c, bool wait)
{
	struct xenstore_domain_interface *ring = c->ring;
	uint32_t cons, prod, at;
	size_t n;

	for (;;) {
		cons = ring->rsp_cons;
		prod = __atomic_load_n(&ring->rsp_prod, __ATOMIC_ACQUIRE);
		if (prod != cons)
			break;
		if (!wait)
			return false;
		wait_kick(c);
	}
	at = MASK_XENSTORE_IDX(cons);
	n = prod - cons;
	if (n > XENSTORE_RING_SIZE - at)
		n = XENSTORE_RING_SIZE - at;
	if (n > c->in_size - c->in_end)
		n = c->in_size - c->in_end;
	memcpy(c->in + c->in_end, ring->rsp + at, n);
	c->in_end += n;
	__atomic_store_n(&ring->rsp_cons, cons + (uint32_t)n, __ATOMIC_RELEASE);
	tell(c->hv, HVT_KICK, c->domid);
	return true;
}

void
xb_introduce(struct xb_conn *tool, uint32_t domid)
{
	char req[64];
	int n = snprintf(req, sizeof(req), "%u%c%u%c%u", domid, 0, domid + 100,
	    0, domid + 1);
	struct xb_msg m;

	xb_put_raw(tool, XS_INTRODUCE, 0, req, (size_t)n + 1);
	xb_flush(tool);
	xb_reply(tool, &m);
	xb_must(&m);
}
