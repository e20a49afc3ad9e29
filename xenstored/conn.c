/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connections, whatever carries them: requests are parsed where they lie, all
 * complete ones of a turn (bounded), replies and events gather in one buffer and
 * leave in one write.
 */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <xen/io/xs_wire.h>

#include "state.h"

#define BATCH 64
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
	xu_list_append(&conns, &c->link);
	return c;
}

static void
drop_rest(struct conn *c)
{
	txn_free_all(c);
	xu_buf_reset(&c->in);
	xu_buf_reset(&c->out);
	c->out_sent = 0;
	xu_map_free(&c->queued);
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

static void
put(struct conn *c, uint32_t type, uint32_t req, uint32_t tx, const void *data,
    size_t len)
{
	struct xsd_sockmsg hdr = {
	    .type = type, .req_id = req, .tx_id = tx, .len = (uint32_t)len};

	if (c->dead)
		return;
	trace_io(c, true, type, data, len);
	xu_buf_add(&c->out, &hdr, sizeof(hdr));
	xu_buf_add(&c->out, data, len);
	/* A reply that cannot be stored cannot be skipped either. */
	if (c->out.error != 0) {
		conn_kill(c);
		return;
	}
	if (c->domain != NULL)
		state_said(c, c->out.data + c->out.len - sizeof(hdr) - len,
		    sizeof(hdr) + len);
	conn_set_busy(c);
}

void
conn_reply(struct conn *c, uint32_t type, uint32_t req, uint32_t tx,
    const void *data, size_t len)
{
	put(c, type, req, tx, data, len);
}

/* True when an equal event already waits. Special events never merge. */
static bool
merged(struct conn *c, const void *watch, const char *path)
{
	char key[XSD_ABS_PATH + 32];
	int n;

	if (c->out.len == 0)
		return false;
	n = snprintf(key, sizeof(key), "%p %s", watch, path);
	if (n < 0 || (size_t)n >= sizeof(key))
		return false;
	if (c->queued == NULL && (c->queued = xu_map_new()) == NULL)
		return false;
	if (xu_map_get(c->queued, key) != NULL)
		return true;
	(void)!xu_map_put(c->queued, key, c);
	return false;
}

void
conn_event(struct conn *c, const char *path, const char *token, bool merge,
    const void *watch)
{
	char data[XSD_PAYLOAD];
	size_t plen = strlen(path) + 1, tlen = strlen(token) + 1;
	size_t limit = c->fd >= 0 ? XSD_SOCKET_QUEUE : XSD_RING_QUEUE;

	if (c->dead || plen + tlen > sizeof(data) ||
	    (merge && merged(c, watch, path)))
		return;
	if (c->out.len - c->out_sent > limit) {
		if (c->fd >= 0) {
			xu_log(XU_WARNING,
			    "a client does not read its events: cut off");
			conn_kill(c);
		}
		return;
	}
	memcpy(data, path, plen);
	memcpy(data + plen, token, tlen);
	put(c, XS_WATCH_EVENT, 0, 0, data, plen + tlen);
	/* Remember it even when it is the first in the buffer. */
	if (merge && c->queued == NULL)
		(void)merged(c, watch, path);
}

void
conn_flush(struct conn *c)
{
	if (c->dead || c->out.len == 0)
		return;
	if (c->ops->write(c) < 0) {
		conn_kill(c);
		return;
	}
	if (c->out_sent == c->out.len) {
		xu_buf_reset(&c->out);
		c->out_sent = 0;
		xu_map_free(&c->queued);
		/* A burst must not keep its memory for ever. */
		if (c->out.cap > 1u << 20)
			xu_buf_fini(&c->out);
	} else if (c->out_sent > 1u << 16) {
		xu_buf_drop(&c->out, c->out_sent);
		c->out_sent = 0;
	}
}

/* --- input ------------------------------------------------------------------------ */

bool
conn_may_read_more(const struct conn *c)
{
	/* Who does not read replies is not served: pipelines are bounded. */
	return !c->dead && c->out.len - c->out_sent < (size_t)1 << 20;
}

bool
conn_requests(struct conn *c)
{
	struct xsd_sockmsg hdr;
	struct request r = {.c = c};
	size_t at = 0;
	char kept;
	int n;

	conn_batch++;
	for (n = 0; n < (int)BATCH && conn_may_read_more(c); n++) {
		if (c->in.len - at < sizeof(hdr))
			break;
		memcpy(&hdr, c->in.data + at, sizeof(hdr));
		if (hdr.len > XSD_PAYLOAD) {
			if (c->domain != NULL)
				ring_error(c->domain, 3);
			conn_kill(c);
			return false;
		}
		if (c->in.len - at < sizeof(hdr) + hdr.len)
			break;
		if (fair_waits(c, hdr.type, hdr.tx_id))
			break;
		r.type = hdr.type;
		r.id = hdr.req_id;
		r.tx = hdr.tx_id;
		r.len = hdr.len;
		r.data = c->in.data + at + sizeof(hdr);
		/* A NUL behind the payload makes its strings safe; the byte there
		 * belongs to the next request. */
		kept = r.data[r.len];
		r.data[r.len] = '\0';
		trace_io(c, false, r.type, r.data, r.len);
		request_handle(&r);
		state_handled(c, sizeof(hdr) + hdr.len);
		state_commit();
		if (c->dead)
			return false;
		r.data[hdr.len] = kept;
		at += sizeof(hdr) + hdr.len;
		c->requests++;
	}
	xu_buf_drop(&c->in, at);
	if (n == BATCH) {
		conn_set_busy(c);
		return true;
	}
	return false;
}
