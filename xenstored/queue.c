/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Books of what waits in a connection's output. Equal events are sent once. A
 * request of a domain is outstanding until its reply and every event it caused
 * have left (XSA-326), so a domain that makes others' queues grow is stopped by
 * its own quota; an event that nobody takes for a while stops counting, and is
 * discarded when it was for a domain, so that who does not read cannot stop
 * others. Connections of the control domain are not limited.
 */
#include "config.h"

#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <xen/io/xs_wire.h>

#include "state.h"

/* A request that is not done: somebody still has to take what it caused. */
struct pending {
	struct xu_list of;
	/* NULL: its connection is gone. */
	struct conn *c;
	unsigned refs;
};

/* A message of the output that somebody waits for. */
struct waiting {
	/* Position in the stream behind it. */
	uint64_t end;
	struct pending *req;
	/* When an event has waited too long; 0 = no event. */
	int64_t due;
	uint32_t len;
};

struct slot {
	/* Position of the event in the stream + 1; 0 = free. */
	uint64_t at;
	uint64_t hash;
};

uint32_t queue_patience_ms = 20000;

static struct pending *current;
/* Records to be used again. */
static struct xu_list spare = XU_LIST_INIT(spare);
/* Connections with events that wait, and when to look at them. */
static struct xu_list aging = XU_LIST_INIT(aging);
static int64_t next_due;

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

bool
conn_limited(const struct conn *c)
{
	return c->domain != NULL && !c->privileged;
}

/* --- requests ------------------------------------------------------------------ */

void
queue_request_begins(struct conn *c)
{
	struct pending *p;

	current = NULL;
	if (!conn_limited(c))
		return;
	if (!xu_list_empty(&spare)) {
		p = xu_container_of(spare.next, struct pending, of);
		xu_list_remove(&p->of);
	} else {
		p = malloc(sizeof(*p));
		if (p == NULL)
			return;
		xu_list_init(&p->of);
	}
	p->c = c;
	p->refs = 1;
	xu_list_append(&c->q.requests, &p->of);
	quota_charge(c->domain, QUOTA_OUTSTANDING, 1);
	current = p;
}

static void
release(struct pending *p)
{
	if (p == NULL || --p->refs > 0)
		return;
	if (p->c != NULL) {
		bool stopped = !quota_serves(p->c);

		xu_list_remove(&p->of);
		quota_charge(p->c->domain, QUOTA_OUTSTANDING, -1);
		if (stopped)
			conn_set_busy(p->c);
	}
	xu_list_append(&spare, &p->of);
}

void
queue_request_ends(void)
{
	struct pending *p = current;

	current = NULL;
	release(p);
}

/* --- events that are there already ------------------------------------------------- */

static uint64_t
mix(uint64_t a, uint64_t b)
{
	unsigned __int128 r = (unsigned __int128)a * b;

	return (uint64_t)r ^ (uint64_t)(r >> 64);
}

static uint64_t
hash_bytes(uint64_t h, const char *p, size_t len)
{
	uint64_t v;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&v, p, 8);
		h = mix(h ^ v, 0x9e3779b97f4a7c15u);
	}
	v = len;
	memcpy(&v, p, len);
	return mix(h ^ v, 0xd6e8feb86659fd93u + len);
}

/* Keyed: whoever chooses paths must not choose where they collide. */
static uint64_t
hash_event(const char *path, size_t plen, const char *token, size_t tlen)
{
	static uint64_t key;

	while (key == 0)
		if (getrandom(&key, sizeof(key), 0) < 0)
			key = (uint64_t)now_ms() | 1;
	return hash_bytes(hash_bytes(key, path, plen), token, tlen);
}

static bool
is_event(const struct conn *c, uint64_t at, const char *path, size_t plen,
    const char *token, size_t tlen)
{
	const char *p = c->out.data + (at - c->q.base);
	struct xsd_sockmsg hdr;

	memcpy(&hdr, p, sizeof(hdr));
	p += sizeof(hdr);
	return hdr.type == XS_WATCH_EVENT && hdr.len == plen + tlen &&
	    memcmp(p, path, plen) == 0 && memcmp(p + plen, token, tlen) == 0;
}

static void
forget_events(struct queue *q)
{
	if (q->used == 0)
		return;
	q->used = 0;
	if (q->mask < 1024) {
		memset(q->slots, 0, ((size_t)q->mask + 1) * sizeof(*q->slots));
		return;
	}
	free(q->slots);
	q->slots = NULL;
	q->mask = 0;
}

/* Twice the slots; what has left the queue is not taken along. */
static bool
grow(struct queue *q, uint64_t sent)
{
	uint32_t cap = q->slots == NULL ? 16 : (q->mask + 1) * 2;
	struct slot *v = calloc(cap, sizeof(*v));

	if (v == NULL)
		return false;
	q->used = 0;
	for (uint32_t i = 0; q->slots != NULL && i <= q->mask; i++) {
		const struct slot *s = &q->slots[i];
		uint32_t k = (uint32_t)s->hash & (cap - 1);

		if (s->at <= sent)
			continue;
		while (v[k].at != 0)
			k = (k + 1) & (cap - 1);
		v[k] = *s;
		q->used++;
	}
	free(q->slots);
	q->slots = v;
	q->mask = cap - 1;
	return true;
}

bool
queue_merges(struct conn *c, const char *path, size_t plen, const char *token,
    size_t tlen)
{
	struct queue *q = &c->q;
	uint64_t hash = hash_event(path, plen, token, tlen);
	uint64_t sent = q->base + c->out_sent;
	uint32_t k;

	if ((q->slots == NULL || (q->used + 1) * 2 > q->mask + 1) &&
	    !grow(q, sent))
		return false;
	for (k = (uint32_t)hash & q->mask; q->slots[k].at != 0;
	     k = (k + 1) & q->mask)
		if (q->slots[k].hash == hash && q->slots[k].at > sent &&
		    is_event(c, q->slots[k].at - 1, path, plen, token, tlen))
			return true;
	/* It comes next. */
	q->slots[k].at = q->base + c->out.len + 1;
	q->slots[k].hash = hash;
	q->used++;
	return false;
}

/* --- messages ---------------------------------------------------------------------- */

static struct waiting *
nth(const struct queue *q, uint32_t i)
{
	return &q->v[(q->first + i) & (q->cap - 1)];
}

static bool
room(struct queue *q)
{
	uint32_t cap = q->cap == 0 ? 16 : q->cap * 2;
	struct waiting *v;

	if (q->n < q->cap)
		return true;
	v = reallocarray(NULL, cap, sizeof(*v));
	if (v == NULL)
		return false;
	for (uint32_t i = 0; i < q->n; i++)
		v[i] = *nth(q, i);
	free(q->v);
	q->v = v;
	q->cap = cap;
	q->first = 0;
	return true;
}

bool
queue_message(struct conn *c, uint32_t len, bool event)
{
	struct queue *q = &c->q;
	struct waiting *w;

	if (!conn_limited(c) && !(event && current != NULL))
		return true;
	if (!room(q))
		return false;
	w = nth(q, q->n++);
	w->end = q->base + c->out.len;
	w->len = len;
	w->due = event ? now_ms() + queue_patience_ms : 0;
	w->req = current;
	if (current != NULL)
		current->refs++;
	q->events += event;
	if (conn_limited(c))
		quota_charge(c->domain, QUOTA_MEMORY, len);
	return true;
}

static void
done(struct conn *c, struct waiting *w)
{
	c->q.events -= w->due != 0;
	if (conn_limited(c))
		quota_charge(c->domain, QUOTA_MEMORY, -(int64_t)w->len);
	release(w->req);
}

static int64_t
first_due(const struct queue *q)
{
	for (uint32_t i = 0; i < q->n; i++)
		if (nth(q, i)->due != 0)
			return nth(q, i)->due;
	return INT64_MAX;
}

void
queue_sent(struct conn *c)
{
	struct queue *q = &c->q;
	uint64_t sent = q->base + c->out_sent;
	struct waiting w;
	int64_t due;

	while (q->n > 0 && nth(q, 0)->end <= sent) {
		w = *nth(q, 0);
		q->first = (q->first + 1) & (q->cap - 1);
		q->n--;
		done(c, &w);
	}
	if (c->out_sent == c->out.len)
		forget_events(q);
	if (q->events == 0 || !xu_list_empty(&q->aging))
		return;
	due = first_due(q);
	if (xu_list_empty(&aging) || due < next_due)
		next_due = due;
	xu_list_append(&aging, &q->aging);
}

void
queue_init(struct conn *c)
{
	xu_list_init(&c->q.requests);
	xu_list_init(&c->q.aging);
}

void
queue_reset(struct conn *c)
{
	struct queue *q = &c->q;
	struct waiting w;

	while (!xu_list_empty(&q->requests)) {
		struct pending *p = xu_container_of(q->requests.next,
		    struct pending, of);

		xu_list_remove(&p->of);
		p->c = NULL;
		quota_charge(c->domain, QUOTA_OUTSTANDING, -1);
	}
	while (q->n > 0) {
		w = *nth(q, --q->n);
		done(c, &w);
	}
	xu_list_remove(&q->aging);
	free(q->v);
	free(q->slots);
	q->v = NULL;
	q->slots = NULL;
	q->first = q->n = q->cap = q->used = q->mask = q->events = 0;
}

/* --- age ------------------------------------------------------------------------------ */

/* It stays, but nobody waits for it any more. */
static void
settle(struct queue *q, struct waiting *w)
{
	w->due = 0;
	q->events--;
	release(w->req);
	w->req = NULL;
}

/* The events that waited too long leave the output; all of it is in the queue,
 * but for what an earlier daemon left. */
static uint64_t
discard(struct conn *c, int64_t now)
{
	struct queue *q = &c->q;
	uint64_t sent = q->base + c->out_sent, gone = 0;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < q->n; i++) {
		struct waiting w = *nth(q, i);
		uint64_t at = w.end - w.len;

		if (w.due != 0 && w.due <= now) {
			if (at >= sent) {
				gone += w.len;
				done(c, &w);
				continue;
			}
			/* Half of it has left. */
			settle(q, &w);
		}
		if (gone > 0)
			memmove(c->out.data + (at - gone - q->base),
			    c->out.data + (at - q->base), w.len);
		w.end -= gone;
		*nth(q, kept++) = w;
	}
	q->n = kept;
	c->out.len -= gone;
	c->said -= (uint32_t)gone;
	return gone;
}

static void
expire(struct conn *c, int64_t now)
{
	struct queue *q = &c->q;
	struct waiting *w;
	uint64_t gone;

	if (conn_limited(c)) {
		gone = discard(c, now);
		if (gone == 0)
			return;
		xu_log(XU_NOTICE,
		    "domain %u: does not read: %llu bytes of events discarded",
		    c->domid, (unsigned long long)gone);
		forget_events(q);
		state_conn(c);
		state_commit();
		conn_set_busy(c);
		return;
	}
	/* The control domain loses nothing, but who caused it is free. */
	for (uint32_t i = 0; i < q->n; i++) {
		w = nth(q, i);
		if (w->due != 0 && w->due <= now)
			settle(q, w);
	}
}

int
queue_age(void)
{
	struct xu_list *it, *tmp;
	int64_t now, due;

	if (xu_list_empty(&aging))
		return -1;
	now = now_ms();
	if (now < next_due)
		return (int)(next_due - now);
	next_due = INT64_MAX;
	LIST_FOREACH_SAFE (it, tmp, &aging) {
		struct conn *c = xu_container_of(it, struct conn, q.aging);

		expire(c, now);
		due = first_due(&c->q);
		if (c->q.events == 0)
			xu_list_remove(&c->q.aging);
		else if (due < next_due)
			next_due = due;
	}
	if (xu_list_empty(&aging))
		return -1;
	return next_due <= now ? 0 : (int)(next_due - now);
}
