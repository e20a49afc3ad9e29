/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The journal's records of domains and of their connections, and the same read
 * back. A ring's indexes are in its page, which outlives us like the journal: what
 * was handled counts bytes of the stream, and what was said counts bytes of the
 * other; the difference to the page's indexes is what is still to be done.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "state.h"
#include "supervise.h"

/* --- writing ------------------------------------------------------------------- */

#define F_INTRODUCED 1u
#define F_SHUTDOWN 2u
#define F_FEATURES 4u
#define F_CONNECTED 8u

static char *
put_quota(char *p, const uint32_t *quota)
{
	uint16_t n = QUOTA_COUNT;

	STATE_PUT(p, n);
	for (int i = 0; i < QUOTA_COUNT; i++) {
		/* By name: another release may have others. */
		p = state_put_text(p, quota_name((enum quota)i));
		STATE_PUT(p, quota[i]);
	}
	return p;
}

void
state_domain(const struct domain *d)
{
	char *data = state_begin(128 + QUOTA_COUNT * 64), *p = data;
	uint32_t flags = 0;

	if (p == NULL)
		return;
	flags |= d->introduced || d->was_introduced ? F_INTRODUCED : 0;
	flags |= d->shutdown_seen ? F_SHUTDOWN : 0;
	flags |= d->features_set ? F_FEATURES : 0;
	flags |= d->conn != NULL ? F_CONNECTED : 0;
	STATE_PUT(p, d->domid);
	STATE_PUT(p, flags);
	STATE_PUT(p, d->instance);
	STATE_PUT(p, d->gfn);
	STATE_PUT(p, d->remote_port);
	STATE_PUT(p, d->target);
	STATE_PUT(p, d->features);
	p = put_quota(p, d->quota);
	state_end(ST_DOMAIN, data, p);
}

void
state_quota(void)
{
	char *data = state_begin(8 + QUOTA_COUNT * 64), *p = data;

	if (p == NULL)
		return;
	p = put_quota(p, quota_defaults);
	state_end(ST_QUOTA, data, p);
}

/* The socket whose records are being written or read. */
static struct conn *current;

/* A record that begins with the connection's domain; NULL: not kept. */
static char *
begin_conn(const struct conn *c, size_t len, char **data)
{
	uint16_t key = c == current ? ST_THIS : c->domid;
	char *p;

	if (c->domain == NULL && c != current)
		return NULL;
	p = *data = state_begin(sizeof(key) + len);
	return p == NULL ? NULL : state_put(p, &key, sizeof(key));
}

void
state_watch(const struct conn *c, const char *path, const char *given,
    const char *token, int depth)
{
	size_t len = 6 + strlen(path) + strlen(given) + strlen(token);
	int32_t d = depth;
	char *data, *p = begin_conn(c, sizeof(d) + len, &data);

	if (p == NULL)
		return;
	STATE_PUT(p, d);
	p = state_put_text(p, path);
	p = state_put_text(p, given);
	p = state_put_text(p, token);
	state_end(ST_WATCH, data, p);
}

void
state_unwatch(const struct conn *c, const char *path, const char *token)
{
	char *data, *p = begin_conn(c, 4 + strlen(path) + strlen(token), &data);

	if (p == NULL)
		return;
	p = state_put_text(p, path);
	p = state_put_text(p, token);
	state_end(ST_UNWATCH, data, p);
}

void
state_txn(const struct conn *c, uint32_t id, bool open)
{
	char *data, *p = begin_conn(c, sizeof(id) + sizeof(open), &data);

	if (p == NULL)
		return;
	STATE_PUT(p, id);
	STATE_PUT(p, open);
	state_end(ST_TXN, data, p);
}

void
state_reset(const struct conn *c)
{
	char *data, *p = begin_conn(c, 0, &data);

	if (p != NULL)
		state_end(ST_RESET, data, p);
}

void
state_ring(const struct conn *c)
{
	char *data, *p = begin_conn(c, 8, &data);

	if (p == NULL)
		return;
	STATE_PUT(p, c->acked);
	STATE_PUT(p, c->said);
	state_end(ST_RING, data, p);
}

void
state_handled(struct conn *c, size_t n)
{
	uint32_t len = (uint32_t)n;
	char *data, *p;

	if (c->domain == NULL)
		return;
	/* First what was taken off the ring before, then the ring itself. */
	if (c->held >= len) {
		c->held -= len;
	} else {
		c->acked += len - c->held;
		c->held = 0;
	}
	p = begin_conn(c, sizeof(len), &data);
	if (p == NULL)
		return;
	STATE_PUT(p, len);
	state_end(ST_HANDLED, data, p);
}

void
state_taken(struct conn *c)
{
	uint32_t n = c->taken - c->acked;
	char *data, *p;

	if (n == 0)
		return;
	c->held += n;
	c->acked = c->taken;
	p = begin_conn(c, n, &data);
	if (p == NULL)
		return;
	p = state_put(p, c->in.data + c->in.len - n, n);
	state_end(ST_TAKEN, data, p);
}

static void
put_bytes(const struct conn *c, uint32_t type, const char *bytes, size_t len)
{
	char *data, *p;
	size_t n;

	for (; len > 0; bytes += n, len -= n) {
		n = len < 65536 ? len : 65536;
		p = begin_conn(c, n, &data);
		if (p == NULL)
			return;
		p = state_put(p, bytes, n);
		state_end(type, data, p);
	}
}

void
state_said(struct conn *c, const void *bytes, size_t len)
{
	if (c->domain == NULL)
		return;
	c->said += (uint32_t)len;
	put_bytes(c, ST_SAID, bytes, len);
}

void
state_conn(struct conn *c)
{
	uint32_t said = c->said;

	/* What waits is said again by the records that follow. */
	c->said -= (uint32_t)(c->out.len - c->out_sent);
	c->acked -= (uint32_t)c->held;
	state_ring(c);
	c->said = said;
	c->acked += (uint32_t)c->held;
	if (c->held > 0)
		put_bytes(c, ST_TAKEN, c->in.data + c->in.len - c->held,
		    c->held);
	if (c->out.len > c->out_sent)
		put_bytes(c, ST_SAID, c->out.data + c->out_sent,
		    c->out.len - c->out_sent);
	watches_keep(c);
	txns_keep(c);
}

void
state_put_domains(void)
{
	struct xu_list *it;

	state_quota();
	LIST_FOREACH (it, &domains) {
		struct domain *d = xu_container_of(it, struct domain, link);

		state_domain(d);
		if (d->conn != NULL)
			state_conn(d->conn);
	}
}

void
state_put_sockets(void)
{
	uint32_t number = 0, id, tx;
	struct xu_list *it;
	char *data, *p;

	LIST_FOREACH(it, &conns)
	{
		struct conn *c = xu_container_of(it, struct conn, link);

		if (c->fd < 0)
			continue;
		current = c;
		p = begin_conn(c, sizeof(number), &data);
		if (p == NULL)
			break;
		STATE_PUT(p, number);
		state_end(ST_SOCKET, data, p);
		number++;
		if (conn_has_input(c))
			put_bytes(c, ST_TAKEN, c->in.data + c->in_at,
			    c->in.len - c->in_at);
		put_bytes(c, ST_SAID, c->out.data + c->out_sent,
		    c->out.len - c->out_sent);
		watches_keep(c);
		txns_keep(c);
		if (!update_asked(c, &id, &tx) ||
		    (p = begin_conn(c, sizeof(id) + sizeof(tx), &data)) == NULL)
			continue;
		STATE_PUT(p, id);
		STATE_PUT(p, tx);
		state_end(ST_ASKED, data, p);
	}
	current = NULL;
}

/* --- reading back ------------------------------------------------------------------- */

static bool
get_quota(struct state_in *in, uint32_t *quota)
{
	char name[64];
	uint32_t v;
	uint16_t n;
	int q;

	if (!STATE_GET(in, n))
		return false;
	for (; n > 0; n--) {
		if (!state_get_text(in, name, sizeof(name)) ||
		    !STATE_GET(in, v))
			return false;
		q = quota_find(name);
		if (q >= 0)
			quota[q] = v;
	}
	return true;
}

static const char *
redo_domain(struct state_in *in)
{
	struct domain *d;
	uint16_t domid;
	uint32_t flags;

	if (!STATE_GET(in, domid) || !STATE_GET(in, flags))
		return "a domain that makes no sense";
	d = domain_get(domid);
	if (d == NULL)
		return "no memory";
	STATE_GET(in, d->instance);
	STATE_GET(in, d->gfn);
	STATE_GET(in, d->remote_port);
	STATE_GET(in, d->target);
	STATE_GET(in, d->features);
	if (!get_quota(in, d->quota))
		return "a domain that makes no sense";
	d->was_introduced = (flags & F_INTRODUCED) != 0;
	d->shutdown_seen = (flags & F_SHUTDOWN) != 0;
	d->features_set = (flags & F_FEATURES) != 0;
	if ((flags & F_CONNECTED) == 0 && d->conn != NULL)
		conn_kill(d->conn);
	else if ((flags & F_CONNECTED) != 0 && d->conn == NULL &&
	    domain_connect(d) != 0)
		return "no memory";
	return NULL;
}

static const char *
redo_watch(struct conn *c, uint32_t type, struct state_in *in)
{
	char path[XSD_ABS_PATH + 1], given[XSD_ABS_PATH + 1];
	char token[XSD_PAYLOAD];
	int32_t depth = -1;
	struct watch *w;

	if (type == ST_WATCH)
		STATE_GET(in, depth);
	if (!state_get_text(in, path, sizeof(path)) ||
	    (type == ST_WATCH && !state_get_text(in, given, sizeof(given))) ||
	    !state_get_text(in, token, sizeof(token)))
		return "a watch that makes no sense";
	if (type == ST_UNWATCH)
		return watch_del(c, path, token) == 0
		    ? NULL
		    : "an end of a watch that is not there";
	if (strlen(given) > strlen(path))
		return "a watch that makes no sense";
	return watch_add(c, path, given, token, depth, &w) == 0
	    ? NULL
	    : "a watch that cannot be made again";
}

static const char *
redo_ring(struct conn *c, struct state_in *in)
{
	conn_reset(c);
	c->held = 0;
	STATE_GET(in, c->acked);
	STATE_GET(in, c->said);
	c->taken = c->acked;
	return in->bad ? "a ring that makes no sense" : NULL;
}

static const char *
redo_handled(struct conn *c, struct state_in *in)
{
	uint32_t n, first;

	if (!STATE_GET(in, n))
		return "a request that makes no sense";
	first = n < c->in.len ? n : (uint32_t)c->in.len;
	xu_buf_drop(&c->in, first);
	c->held = c->in.len;
	c->acked += n - first;
	c->taken = c->acked;
	return NULL;
}

static const char *
redo_bytes(struct conn *c, uint32_t type, struct state_in *in)
{
	if (type == ST_TAKEN) {
		xu_buf_add(&c->in, in->p, in->left);
		c->held = c->in.len;
		c->taken = c->acked += (uint32_t)in->left;
		return c->in.error == 0 ? NULL : "no memory";
	}
	c->said += (uint32_t)in->left;
	xu_buf_add(&c->out, in->p, in->left);
	/* Only what the ring has not yet is wanted in the end, and no more than
	 * may wait. */
	if (c->out.len > 16u << 20)
		xu_buf_drop(&c->out, c->out.len - (8u << 20));
	return c->out.error == 0 ? NULL : "no memory";
}

static const char *
redo_txn(struct conn *c, struct state_in *in)
{
	struct txn *t;
	uint32_t id;
	uint8_t open;

	if (!STATE_GET(in, id) || !STATE_GET(in, open) || id == 0)
		return "a transaction that makes no sense";
	t = txn_find(c, id);
	if (open == 0 && t != NULL)
		txn_free(c, t);
	if (open != 0 && (t != NULL || txn_doomed(c, id) != 0))
		return "a transaction that cannot be";
	return NULL;
}

static const char *
redo_socket(struct state_in *in)
{
	uint32_t number;
	int fd;

	current = NULL;
	if (!STATE_GET(in, number))
		return "a socket that makes no sense";
	/* Not left to us: the daemon was killed since. */
	fd = worker_socket(number);
	if (fd < 0)
		return NULL;
	current = conn_new(&socket_ops, 0, true);
	if (current == NULL)
		return "no memory";
	current->fd = fd;
	current->replay = true;
	return NULL;
}

static const char *
redo_asked(struct conn *c, struct state_in *in)
{
	uint32_t id, tx;

	if (!STATE_GET(in, id) || !STATE_GET(in, tx))
		return "a live update that makes no sense";
	update_recovered(c, id, tx);
	return NULL;
}

static const char *
redo_in(struct conn *c, uint32_t type, struct state_in *in)
{
	switch (type) {
	case ST_WATCH:
	case ST_UNWATCH:
		return redo_watch(c, type, in);
	case ST_TXN:
		return redo_txn(c, in);
	case ST_RESET:
		watch_del_all(c);
		txn_free_all(c);
		return NULL;
	case ST_RING:
		return redo_ring(c, in);
	case ST_HANDLED:
		return redo_handled(c, in);
	case ST_ASKED:
		return redo_asked(c, in);
	default:
		return redo_bytes(c, type, in);
	}
}

static const char *
redo_conn(uint32_t type, struct state_in *in)
{
	struct domain *d;
	uint16_t domid;

	if (!STATE_GET(in, domid))
		return "a connection without a domain";
	if (type == ST_SOCKET)
		return redo_socket(in);
	if (domid == ST_THIS)
		return current == NULL ? NULL : redo_in(current, type, in);
	d = domain_find(domid);
	if (d == NULL)
		return "a connection of an unknown domain";
	if (d->conn == NULL)
		return "a connection that is not there";
	return redo_in(d->conn, type, in);
}

/* What follows says all of it again. */
void
state_redo_base(void)
{
	struct xu_list *it;

	LIST_FOREACH (it, &domains) {
		struct domain *d = xu_container_of(it, struct domain, link);

		if (d->conn != NULL)
			conn_kill(d->conn);
		d->was_introduced = false;
	}
	while (conn_free_dead())
		;
}

const char *
state_redo_domain(uint32_t type, struct state_in *in)
{
	const char *bad;

	if (type == ST_QUOTA)
		return get_quota(in, quota_defaults)
		    ? NULL
		    : "quotas that make no sense";
	bad = type == ST_DOMAIN ? redo_domain(in) : redo_conn(type, in);
	while (conn_free_dead())
		;
	return bad;
}
