/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Open transactions. One that outlives its connection is doomed: another stands
 * in for it on the next, with the changes made so far, so that requests in it go
 * on being answered; but it is never committed.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "xs_private.h"

/* What of a transaction's changes is kept; more than any toolstack's. */
#define LOG_MAX (1u << 20)

struct xs_tx *
xs_tx_find(struct xs_handle *h, uint32_t id)
{
	struct xu_list *l;

	LIST_FOREACH(l, &h->transactions)
	{
		struct xs_tx *tx = xu_container_of(l, struct xs_tx, link);

		if (tx->id == id)
			return tx;
	}
	return NULL;
}

static void
tx_free(struct xs_tx *tx)
{
	xu_list_remove(&tx->link);
	xu_buf_fini(&tx->log);
	free(tx);
}

void
xs_tx_free_all(struct xs_handle *h)
{
	struct xu_list *l, *next;

	LIST_FOREACH_SAFE(l, next, &h->transactions)
	{
		tx_free(xu_container_of(l, struct xs_tx, link));
	}
}

void
xs_tx_doom_all(struct xs_handle *h)
{
	struct xu_list *l;

	LIST_FOREACH(l, &h->transactions)
	{
		struct xs_tx *tx = xu_container_of(l, struct xs_tx, link);

		tx->doomed = true;
		tx->wire = 0;
	}
}

bool
xs_tx_wire(struct xs_handle *h, uint32_t id, uint32_t *wire)
{
	struct xs_tx *tx;

	*wire = id;
	if (id == XBT_NULL || h->path == NULL)
		return true;
	pthread_mutex_lock(&h->lock);
	tx = xs_tx_find(h, id);
	/* One we do not know is for the daemon to refuse. */
	if (tx != NULL)
		*wire = tx->wire;
	pthread_mutex_unlock(&h->lock);
	return *wire != 0;
}

static bool
changes(uint32_t type)
{
	return type == XS_WRITE || type == XS_MKDIR || type == XS_RM ||
	    type == XS_SET_PERMS;
}

void
xs_tx_note(struct xs_handle *h, const struct xs_req *r)
{
	struct xsd_sockmsg hdr = { .type = r->type, .len = r->len };
	struct xs_tx *tx;

	if (h->path == NULL || !changes(r->type))
		return;
	pthread_mutex_lock(&h->lock);
	tx = xs_tx_find(h, r->tx);
	if (tx != NULL) {
		tx->wrote = true;
		/* Too much, or no memory: then it stands in without them. */
		xu_buf_add(&tx->log, &hdr, XS_HEADER);
		xu_buf_add(&tx->log, r->body, r->len);
	}
	pthread_mutex_unlock(&h->lock);
}

/* The daemon's own id, unless an older one is still called so. */
static uint32_t
free_id(struct xs_handle *h, uint32_t wire)
{
	uint32_t id = wire;

	while (id == 0 || xs_tx_find(h, id) != NULL)
		id = id < 0x80000000 ? 0x80000000 : id + 1;
	return id;
}

/* 0: the connection has changed since the daemon began it, or ENOMEM. */
static uint32_t
tx_add(struct xs_handle *h, uint32_t wire, uint64_t era)
{
	struct xs_tx *tx = calloc(1, sizeof(*tx));
	uint32_t id = 0;

	if (tx == NULL)
		return 0;
	pthread_mutex_lock(&h->lock);
	if (h->era == era && h->link == XS_UP) {
		tx->wire = wire;
		tx->log.max = LOG_MAX;
		tx->id = id = free_id(h, wire);
		xu_list_append(&h->transactions, &tx->link);
	}
	pthread_mutex_unlock(&h->lock);
	if (id == 0) {
		free(tx);
		errno = EAGAIN;
	}
	return id;
}

XS_API xs_transaction_t
xs_transaction_start(struct xs_handle *h)
{
	static const char what[] = "start a transaction";
	const struct xs_iov v = { "", 1 };
	xs_transaction_t t = 0;
	struct xs_msg *m;

	pthread_mutex_lock(&h->request);
	do {
		struct xs_req r = { .type = XS_TRANSACTION_START };

		m = xs_talk_locked(h, &r, &v, 1, what);
		if (m == NULL)
			break;
		t = (xs_transaction_t)strtoul(m->body, NULL, 10);
		free(m);
		if (t == 0)
			xs_fail(EIO, "%s: strange reply", what);
		else if (h->path != NULL)
			t = tx_add(h, t, r.era);
	} while (t == 0 && errno == EAGAIN);
	pthread_mutex_unlock(&h->request);
	return t;
}

enum xs_ended
xs_tx_end(struct xs_handle *h, uint32_t id, bool abort)
{
	static const char what[] = "end a transaction";
	struct xs_req r = { .type = XS_TRANSACTION_END, .tx = id, .once = true };
	bool doomed = false, wrote = true;
	enum xs_ended e = XS_ENDED;
	struct xs_tx *tx;
	struct xs_iov v;

	pthread_mutex_lock(&h->request);
	pthread_mutex_lock(&h->lock);
	tx = xs_tx_find(h, id);
	if (tx != NULL) {
		tx->ending = true;
		doomed = tx->doomed;
		wrote = tx->wrote;
	}
	pthread_mutex_unlock(&h->lock);
	/* A stand-in ends without a trace. */
	v = (struct xs_iov){ abort || doomed ? "F" : "T", 2 };
	free(xs_talk_locked(h, &r, &v, 1, what));
	if (r.err == EBADF || (r.err != 0 && r.err != EAGAIN && !r.lost)) {
		e = XS_END_FAILED;
	} else if (!abort && (doomed || r.err != 0)) {
		e = r.lost && wrote && !doomed ? XS_END_UNKNOWN : XS_END_FAILED;
		if (e == XS_END_UNKNOWN)
			xs_fail(EIO, "xenstored went away before it told "
				     "whether a transaction was committed");
		else
			xs_fail(EAGAIN, "%s", what);
	}
	pthread_mutex_lock(&h->lock);
	if (tx != NULL)
		tx_free(tx);
	pthread_mutex_unlock(&h->lock);
	pthread_mutex_unlock(&h->request);
	return e;
}

XS_API bool
xs_transaction_end(struct xs_handle *h, xs_transaction_t t, bool abort)
{
	return xs_tx_end(h, t, abort) == XS_ENDED;
}
