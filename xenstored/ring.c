/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A domain's ring: one page, 1024 bytes each way (xen/io/xs_wire.h). The other
 * side is not trusted: indexes are read once and checked, data is copied out
 * before it is looked at. One notification per batch.
 */
#include "config.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <xen/io/xs_wire.h>

#include "state.h"

/* Fields newer than the installed header, at their offsets in the page. */
#define RING_FEATURES 2064
#define RING_CONNECTION 2068
#define RING_ERROR 2072
#define RING_PORT 2076

#define ERROR_RING_IDX 2u

static uint32_t
field_get(const struct domain *d, size_t off)
{
	return __atomic_load_n(
	    (uint32_t *)(void *)((char *)d->ring.page + off), __ATOMIC_ACQUIRE);
}

static void
field_set(const struct domain *d, size_t off, uint32_t v)
{
	__atomic_store_n((uint32_t *)(void *)((char *)d->ring.page + off), v,
	    __ATOMIC_RELEASE);
}

#define OFF(member) offsetof(struct xenstore_domain_interface, member)

void
ring_error(struct domain *d, uint32_t code)
{
	if (d->ring.page == NULL)
		return;
	field_set(d, RING_ERROR, code);
	domain_notify(d);
	xu_log(XU_WARNING, "domain %u: ring error %u, no longer served",
	    d->domid, code);
}

void
ring_setup(struct domain *d)
{
	field_set(d, RING_FEATURES, d->features_set ? d->features : 15);
	field_set(d, RING_ERROR, 0);
	if (field_get(d, RING_CONNECTION) == 1)
		field_set(d, RING_CONNECTION, 0);
}

uint32_t
ring_port(const struct domain *d, uint32_t given)
{
	uint32_t port = field_get(d, RING_PORT);

	return port != 0 ? port : given;
}

void
ring_adopt(struct domain *d)
{
	struct conn *c = d->conn;

	c->taken = c->acked = field_get(d, OFF(req_cons));
	c->said = field_get(d, OFF(rsp_prod));
	c->held = 0;
}

void
ring_restart(struct domain *d)
{
	field_set(d, OFF(req_cons), field_get(d, OFF(req_prod)));
	field_set(d, OFF(rsp_prod), field_get(d, OFF(rsp_cons)));
	ring_adopt(d);
}

/* The guest asked for a fresh start: nothing of the past reaches it. */
static void
reconnect(struct domain *d)
{
	conn_reset(d->conn);
	ring_restart(d);
	state_ring(d->conn);
	state_commit();
	field_set(d, RING_CONNECTION, 0);
	domain_notify(d);
}

/* The indexes are not those that we left: the books begin with them. */
static void
resync(struct domain *d)
{
	struct conn *c = d->conn;

	xu_buf_reset(&c->in);
	ring_adopt(d);
	state_ring(c);
	watches_keep(c);
	txns_keep(c);
}

/* What was handled is off the ring, and what was only copied stays with us,
 * before the index says so. */
static void
settle(struct conn *c)
{
	state_taken(c);
	state_commit();
	field_set(c->domain, OFF(req_cons), c->acked);
	domain_notify(c->domain);
}

/* Copies the requests that are there. 1 = some, 0 = none, -1 = indexes lie. */
static int
take_requests(struct conn *c)
{
	struct domain *d = c->domain;
	const char *ring = (const char *)d->ring.page + OFF(req);
	uint32_t cons = field_get(d, OFF(req_cons));
	uint32_t prod = field_get(d, OFF(req_prod)), n = prod - cons, first;

	if (n > XENSTORE_RING_SIZE)
		return -1;
	if (cons != c->acked)
		resync(d);
	if (n == 0)
		return 0;
	first = XENSTORE_RING_SIZE - MASK_XENSTORE_IDX(cons);
	if (first > n)
		first = n;
	conn_pack_input(c);
	xu_buf_add(&c->in, ring + MASK_XENSTORE_IDX(cons), first);
	xu_buf_add(&c->in, ring, n - first);
	if (c->in.error != 0)
		return -1;
	c->taken = prod;
	return 1;
}

static int
ring_read(struct conn *c)
{
	struct domain *d = c->domain;
	int r = 0;

	if (field_get(d, RING_CONNECTION) == 1)
		reconnect(d);
	if (share_used_up(c)) {
		conn_set_busy(c);
		return 0;
	}
	/* What has to wait stays in the ring, but for some. */
	while (conn_may_read_more(c) &&
	    c->in.len - c->in_at < 2 * XSD_PAYLOAD &&
	    (r = take_requests(c)) > 0) {
		bool more = conn_requests(c);

		if (c->dead)
			return 0;
		settle(c);
		if (more)
			break;
	}
	if (r < 0) {
		ring_error(d, ERROR_RING_IDX);
		return -1;
	}
	return 0;
}

static int
ring_write(struct conn *c)
{
	struct domain *d = c->domain;
	char *ring = (char *)d->ring.page + OFF(rsp);
	uint32_t cons = field_get(d, OFF(rsp_cons));
	uint32_t prod = field_get(d, OFF(rsp_prod)), space, n, first;
	size_t left = c->out.len - c->out_sent;

	if (field_get(d, RING_CONNECTION) == 1) {
		reconnect(d);
		return 0;
	}
	if (prod - cons > XENSTORE_RING_SIZE) {
		ring_error(d, ERROR_RING_IDX);
		return -1;
	}
	space = XENSTORE_RING_SIZE - (prod - cons);
	n = left < space ? (uint32_t)left : space;
	if (n == 0)
		return 0;
	first = XENSTORE_RING_SIZE - MASK_XENSTORE_IDX(prod);
	if (first > n)
		first = n;
	memcpy(
	    ring + MASK_XENSTORE_IDX(prod), c->out.data + c->out_sent, first);
	memcpy(ring, c->out.data + c->out_sent + first, n - first);
	c->out_sent += n;
	field_set(d, OFF(rsp_prod), prod + n);
	domain_notify(d);
	return 0;
}

static void
ring_close(struct conn *c)
{
	/* The domain stays known, and its ring mapped, until it is gone. */
	if (c->domain != NULL) {
		c->domain->conn = NULL;
		quota_unserved(c->domain);
		state_domain(c->domain);
	}
	c->domain = NULL;
}

const struct conn_ops ring_ops = {ring_read, ring_write, ring_close};

void
ring_resume(struct domain *d)
{
	struct conn *c = d->conn;
	uint32_t prod = field_get(d, OFF(rsp_prod)), unsent = c->said - prod;

	if (field_get(d, RING_CONNECTION) == 1) {
		reconnect(d);
		return;
	}
	if (unsent > c->out.len) {
		ring_error(d, ERROR_RING_IDX);
		conn_kill(c);
		return;
	}
	xu_buf_drop(&c->out, c->out.len - unsent);
	c->out_sent = 0;
	field_set(d, OFF(req_cons), c->acked);
	/* Served at the end of the turn. */
	conn_set_busy(c);
}

void
ring_event(struct domain *d)
{
	struct conn *c = d->conn;

	if (c == NULL || d->ring.page == NULL)
		return;
	/* Before its indexes are read: what comes later fires again. */
	domain_rearm(d);
	/* What does not fit into the ring waits for the guest's next kick. */
	if (ring_read(c) < 0)
		conn_kill(c);
}
