/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connections, whatever carries them: requests are parsed where they lie, all
 * complete ones of a turn (bounded), replies and events gather in one buffer and
 * leave in one write.
 */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <xen/io/xs_wire.h>

#include "state.h"
#include "trace.h"

#define BATCH 64
/* Dead nodes that a request takes apart: at least as many as it may have left, so
 * that nobody makes them faster than they go. A tool's go between turns, too. */
#define REAP_GUEST 600
#define REAP_TOOL  64
/* Watches of a dead connection that are dropped in a turn. */
#define WATCH_SLICE 256

struct xu_list conns = XU_LIST_INIT(conns);
/* Over, freed when nobody can hold them any more. */
static struct xu_list dead = XU_LIST_INIT(dead);
uint64_t conn_batch;

struct conn *
conn_new(const struct conn_ops *ops, uint16_t domid, bool priv)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->ops = ops;
	c->domid = domid;
	c->privileged = priv;
	c->fd = -1;
	xu_list_init(&c->watches);
	xu_list_init(&c->txns);
	xu_list_init(&c->busy);
	xu_list_init(&c->wait);
	queue_init(c);
	xu_list_append(&conns, &c->link);
	TRACE(TRACE_OBJ, "CREATE connection %p (d%u)", (void *)c, domid);
	return c;
}

static void
drop_rest(struct conn *c)
{
	txn_free_all(c);
	xu_buf_reset(&c->in);
	xu_buf_reset(&c->out);
	c->out_sent = c->in_at = 0;
	queue_reset(c);
}

void
conn_reset(struct conn *c)
{
	watch_del_all(c);
	drop_rest(c);
}

void
conn_kill(struct conn *c)
{
	if (c->dead)
		return;
	TRACE(TRACE_OBJ, "DESTROY connection %p (d%u)", (void *)c, c->domid);
	c->dead = true;
	/* Its watches go in slices: they may be many, and others wait. */
	drop_rest(c);
	c->ops->close(c);
	xu_list_remove(&c->link);
	xu_list_append(&dead, &c->link);
}

bool
conn_free_dead(void)
{
	while (!xu_list_empty(&dead)) {
		struct conn *c = xu_container_of(dead.next, struct conn, link);

		if (watch_del_some(c, WATCH_SLICE))
			return true;
		xu_list_remove(&c->link);
		xu_list_remove(&c->busy);
		xu_list_remove(&c->wait);
		xu_buf_fini(&c->in);
		xu_buf_fini(&c->out);
		free(c);
	}
	return false;
}

/* --- output -------------------------------------------------------------------- */

/* Header and room for len bytes, at once. NULL: the connection is over. */
static char *
begin(struct conn *c, uint32_t type, uint32_t req, uint32_t tx, size_t len)
{
	const struct xsd_sockmsg hdr = {
	    .type = type, .req_id = req, .tx_id = tx, .len = (uint32_t)len};
	char *p = xu_buf_reserve(&c->out, sizeof(hdr) + len);

	/* A reply that cannot be stored cannot be skipped either. */
	if (p == NULL) {
		conn_kill(c);
		return NULL;
	}
	memcpy(p, &hdr, sizeof(hdr));
	return p + sizeof(hdr);
}

/* The message that begin() began is whole. */
static void
end(struct conn *c, uint32_t type, const char *data, size_t len)
{
	const uint32_t all = (uint32_t)(sizeof(struct xsd_sockmsg) + len);
	const bool event = type == XS_WATCH_EVENT;

	trace_io(c, true, type, data, len);
	if (c->domain != NULL)
		state_said(c, data - sizeof(struct xsd_sockmsg), all);
	if ((event || c->domain != NULL) && !queue_message(c, all, event)) {
		conn_kill(c);
		return;
	}
	if (!c->is_busy)
		conn_set_busy(c);
}

void
conn_reply(struct conn *c, uint32_t type, uint32_t req, uint32_t tx,
    const void *data, size_t len)
{
	const struct xsd_sockmsg hdr = {
	    .type = type, .req_id = req, .tx_id = tx, .len = (uint32_t)len};
	char *p;

	if (c->dead || lane_reply(c, &hdr, data))
		return;
	p = begin(c, type, req, tx, len);
	if (p == NULL)
		return;
	memcpy(p, data, len);
	end(c, type, p, len);
}

/* May one more event wait? Otherwise a socket is cut off (the control domain's
 * clients must not miss any), and a domain loses the event. */
static bool
takes_event(struct conn *c, size_t len)
{
	if (quota_may(c, QUOTA_MEMORY, (int64_t)len) != 0)
		return false;
	if (c->out.len - c->out_sent <= XSD_OUTPUT_MAX)
		return true;
	if (c->fd < 0)
		return false;
	xu_log(XU_WARNING, "a client does not read its events: cut off");
	conn_kill(c);
	return false;
}

void
conn_event(struct conn *c, const char *path, const char *token, bool merge)
{
	size_t plen = strlen(path) + 1, tlen = strlen(token) + 1;
	char *p;

	if (c->dead || plen + tlen > XSD_PAYLOAD ||
	    !takes_event(c, sizeof(struct xsd_sockmsg) + plen + tlen) ||
	    (merge && queue_merges(c, path, plen, token, tlen)))
		return;
	p = begin(c, XS_WATCH_EVENT, 0, 0, plen + tlen);
	if (p == NULL)
		return;
	memcpy(p, path, plen);
	memcpy(p + plen, token, tlen);
	end(c, XS_WATCH_EVENT, p, plen + tlen);
}

void
conn_flush(struct conn *c)
{
	if (c->dead || c->out.len == 0)
		return;
	if (c->out_sent < c->out.len && c->ops->write(c) < 0) {
		conn_kill(c);
		return;
	}
	queue_sent(c);
	if (c->out_sent == c->out.len) {
		c->q.base += c->out.len;
		c->out_sent = 0;
		xu_buf_reset(&c->out);
		/* A burst must not keep its memory for ever. */
		if (c->out.cap > 1u << 16)
			xu_buf_fini(&c->out);
	} else if (c->out_sent > 1u << 16 && c->out_sent > c->out.len / 2) {
		/* Moves less than has left since the last time. */
		c->q.base += c->out_sent;
		xu_buf_drop(&c->out, c->out_sent);
		c->out_sent = 0;
	}
}

/* --- input ------------------------------------------------------------------------ */

bool
conn_may_read_more(const struct conn *c)
{
	/* Who does not read replies is not served: pipelines are bounded. */
	return !c->dead && c->out.len - c->out_sent < (size_t)1 << 20 &&
	    (!conn_limited(c) || quota_serves(c));
}

bool
conn_has_input(const struct conn *c)
{
	return c->in.len > c->in_at;
}

void
conn_pack_input(struct conn *c)
{
	xu_buf_drop(&c->in, c->in_at);
	c->in_at = 0;
}

/* One request; false when it ended the connection. */
static bool
serve(struct conn *c, const struct xsd_sockmsg *hdr, char *data)
{
	struct request r = {.c = c,
	    .type = hdr->type,
	    .id = hdr->req_id,
	    .tx = hdr->tx_id,
	    .data = data,
	    .len = hdr->len};
	/* A NUL behind the payload makes its strings safe; the byte there
	 * belongs to the next request. */
	const char kept = data[hdr->len];

	data[hdr->len] = '\0';
	trace_io(c, false, r.type, data, r.len);
	queue_request_begins(c);
	request_handle(&r);
	if (c->domain != NULL)
		state_handled(c, sizeof(*hdr) + hdr->len);
	state_commit();
	queue_request_ends();
	if (c->dead)
		return false;
	data[hdr->len] = kept;
	return true;
}

bool
conn_requests(struct conn *c)
{
	const bool limited = conn_limited(c);
	int64_t since = limited ? share_begin() : 0;
	struct xsd_sockmsg hdr;
	bool others = false;
	size_t left;
	int n;

	if (share_used_up(c)) {
		conn_set_busy(c);
		return true;
	}
	conn_batch++;
	for (n = 0; n < (int)BATCH && !others && conn_may_read_more(c); n++) {
		left = c->in.len - c->in_at;
		if (left < sizeof(hdr))
			break;
		memcpy(&hdr, c->in.data + c->in_at, sizeof(hdr));
		if (hdr.len > XSD_PAYLOAD) {
			if (c->domain != NULL)
				ring_error(c->domain, 3);
			conn_kill(c);
			return false;
		}
		if (left < sizeof(hdr) + hdr.len)
			break;
		if (fair_waits(c, hdr.type, hdr.tx_id))
			break;
		c->in_at += sizeof(hdr) + hdr.len;
		if (!serve(c, &hdr, c->in.data + c->in_at - hdr.len))
			return false;
		c->requests++;
		(void)tree_reap(limited ? REAP_GUEST : REAP_TOOL);
		others = limited && share_slice_over(since);
	}
	if (!limited && n > 0)
		share_control();
	/* The beginning of a message is short: it moves to the front. */
	if (c->in.len - c->in_at < sizeof(hdr) + XSD_PAYLOAD)
		conn_pack_input(c);
	if (n == BATCH || others) {
		conn_set_busy(c);
		return true;
	}
	return false;
}
