/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Transactions. START takes a reference to the tree: a true snapshot, in O(1).
 * Work happens on the transaction's own root; what the client learned is kept as
 * preconditions of the finest useful grain, what it changed as a log.
 *
 * Commit: nobody changed the tree -> the private root becomes the tree. Else
 * every precondition is compared, on the snapshot and on the tree as it is (by
 * value, so that an equal rewrite is no conflict), and the log is replayed with
 * its permissions; any difference is EAGAIN. Two transactions that touched
 * different things both commit, also below one parent.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "state.h"

/* A path that the transaction looked at or changed. */
struct touch {
	struct touch *chain, *next;
	uint32_t hash;
	/* SEEN_*; 0 = only changed. */
	unsigned what;
	/* Its event was sent. */
	bool fired;
	/* The transaction took it away, if only for a while. */
	bool removed;
	char path[];
};

struct did {
	struct did *next;
	struct touch *at;
	struct perms *perms;
	enum op op;
	uint32_t len;
	char value[];
};

/* All of this has one end, so it comes from chunks of its own. */
struct chunk {
	struct chunk *next;
	size_t used, size;
	char data[];
};

/* Small enough for blocks that are kept (pool.c). */
#define CHUNK 1000
#define SLOTS 32u

struct txn {
	struct xu_list link;
	uint32_t id;
	/* The snapshot, and the tree with our changes. */
	struct node *base, *root;
	struct acct acct;
	/* Of a daemon that was killed: it goes on, and ends with EAGAIN. */
	bool doomed, conflict;
	/* A change was refused after it was made here: it cannot be kept. */
	bool failed;
	struct touch **slots, *first_slots[SLOTS];
	uint32_t nslots, ntouched, nlog;
	struct touch *touched, **last_touched;
	struct did *log, **last_did;
	struct chunk *chunks;
	size_t bytes;
};

struct node **
txn_root(struct txn *t)
{
	return &t->root;
}

struct acct *
txn_acct(struct txn *t)
{
	return &t->acct;
}

struct txn *
txn_find(struct conn *c, uint32_t id)
{
	struct xu_list *it;

	LIST_FOREACH(it, &c->txns)
	{
		struct txn *t = xu_container_of(it, struct txn, link);

		if (t->id == id)
			return t;
	}
	return NULL;
}

static struct txn *
txn_new(struct conn *c, uint32_t id)
{
	struct txn *t = pool_get(sizeof(*t));

	if (t == NULL)
		return NULL;
	*t = (struct txn){ .id = id };
	t->base = node_ref(store_root);
	t->root = node_ref(store_root);
	t->slots = t->first_slots;
	t->nslots = SLOTS;
	t->last_touched = &t->touched;
	t->last_did = &t->log;
	xu_list_append(&c->txns, &t->link);
	c->ntxns++;
	quota_charge(c->domain, QUOTA_TRANSACTIONS, 1);
	quota_charge(c->domain, QUOTA_MEMORY, sizeof(*t));
	return t;
}

int
txn_start(struct conn *c, uint32_t *id)
{
	int err = quota_may(c, QUOTA_TRANSACTIONS, 1);

	if (err == 0)
		err = quota_may(c, QUOTA_MEMORY, sizeof(struct txn));
	if (err != 0)
		return err;
	do
		*id = ++c->next_txn;
	while (*id == 0 || txn_find(c, *id) != NULL);
	if (txn_new(c, *id) == NULL)
		return ENOMEM;
	state_txn(c, *id, true);
	fair_started(c, *id);
	return 0;
}

int
txn_doomed(struct conn *c, uint32_t id)
{
	struct txn *t = txn_new(c, id);

	if (t == NULL)
		return ENOMEM;
	t->doomed = true;
	if (id > c->next_txn)
		c->next_txn = id;
	return 0;
}

void
txns_refresh(void)
{
	struct xu_list *ci, *ti;

	LIST_FOREACH(ci, &conns)
	{
		struct conn *c = xu_container_of(ci, struct conn, link);

		c->replay = false;
		LIST_FOREACH(ti, &c->txns)
		{
			struct txn *t = xu_container_of(ti, struct txn, link);

			node_unref(t->base);
			node_unref(t->root);
			t->base = node_ref(store_root);
			t->root = node_ref(store_root);
		}
	}
}

void
txns_keep(const struct conn *c)
{
	struct xu_list *it;

	LIST_FOREACH(it, &c->txns)
	state_txn(c, xu_container_of(it, struct txn, link)->id, true);
}

void
txn_free(struct conn *c, struct txn *t)
{
	struct chunk *k;

	fair_ended(c, t->id, t->conflict);
	xu_list_remove(&t->link);
	c->ntxns--;
	quota_charge(c->domain, QUOTA_TRANSACTIONS, -1);
	quota_charge(c->domain, QUOTA_MEMORY,
	    -(int64_t)(sizeof(*t) + t->bytes));
	for (struct did *d = t->log; d != NULL; d = d->next)
		perms_unref(d->perms);
	while ((k = t->chunks) != NULL) {
		t->chunks = k->next;
		pool_put(k, sizeof(*k) + k->size);
	}
	if (t->slots != t->first_slots)
		free(t->slots);
	node_unref(t->base);
	node_unref(t->root);
	pool_put(t, sizeof(*t));
}

void
txn_free_all(struct conn *c)
{
	struct xu_list *it, *tmp;

	LIST_FOREACH_SAFE(it, tmp, &c->txns)
	txn_free(c, xu_container_of(it, struct txn, link));
}

/* --- memory -------------------------------------------------------------------- */

static void *
get(struct txn *t, size_t size)
{
	struct chunk *k = t->chunks;
	size_t room = size > CHUNK ? size : CHUNK;

	size = (size + 7) & ~(size_t)7;
	if (k == NULL || k->size - k->used < size) {
		room = (room + 7) & ~(size_t)7;
		k = pool_get(sizeof(*k) + room);
		if (k == NULL)
			return NULL;
		k->used = 0;
		k->size = room;
		k->next = t->chunks;
		t->chunks = k;
	}
	k->used += size;
	t->bytes += size;
	return k->data + k->used - size;
}

/* The same on the account of the transaction's domain. NULL: *err says why. */
static void *
get_for(const struct conn *c, struct txn *t, size_t size, int *err)
{
	size_t before = t->bytes;
	void *p = NULL;

	*err = quota_may(c, QUOTA_MEMORY, (int64_t)size);
	if (*err == 0 && (p = get(t, size)) == NULL)
		*err = ENOMEM;
	quota_charge(c->domain, QUOTA_MEMORY, (int64_t)(t->bytes - before));
	return p;
}

/* --- what it touched ------------------------------------------------------------- */

static uint32_t
hash_path(const char *p, size_t len)
{
	uint64_t h = len, w;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&w, p, 8);
		h = (h ^ w) * 0xff51afd7ed558ccdULL;
		h ^= h >> 32;
	}
	for (w = 0; len > 0; len--)
		w = w << 8 | (unsigned char)p[len - 1];
	h = (h ^ w) * 0xff51afd7ed558ccdULL;
	return (uint32_t)(h >> 32);
}

static struct touch *
find(const struct txn *t, const char *path, uint32_t hash)
{
	struct touch *at = t->slots[hash & (t->nslots - 1)];

	while (at != NULL && (at->hash != hash || strcmp(at->path, path) != 0))
		at = at->chain;
	return at;
}

static void
grow(struct txn *t)
{
	uint32_t more = t->nslots * 4;
	struct touch **slots = calloc(more, sizeof(struct touch *));

	/* Without it the chains are longer, that is all. */
	if (slots == NULL)
		return;
	for (struct touch *at = t->touched; at != NULL; at = at->next) {
		at->chain = slots[at->hash & (more - 1)];
		slots[at->hash & (more - 1)] = at;
	}
	if (t->slots != t->first_slots)
		free(t->slots);
	t->slots = slots;
	t->nslots = more;
}

/* The path's entry, made when there is none. 0, ENOSPC (quota) or ENOMEM. */
static int
touch(const struct conn *c, struct txn *t, const char *path,
    struct touch **out)
{
	uint32_t max = quota_of(c, QUOTA_TXN_NODES);
	size_t len = strlen(path);
	uint32_t hash = hash_path(path, len);
	struct touch *at = find(t, path, hash);
	int err;

	*out = at;
	if (at != NULL)
		return 0;
	if (!c->privileged && max != 0 && t->ntouched >= max) {
		quota_refused(c, QUOTA_TXN_NODES);
		return ENOSPC;
	}
	at = get_for(c, t, sizeof(*at) + len + 1, &err);
	if (at == NULL)
		return err;
	if (t->ntouched >= t->nslots * 2)
		grow(t);
	at->hash = hash;
	at->what = 0;
	at->fired = at->removed = false;
	at->next = NULL;
	memcpy(at->path, path, len + 1);
	at->chain = t->slots[hash & (t->nslots - 1)];
	t->slots[hash & (t->nslots - 1)] = at;
	*t->last_touched = at;
	t->last_touched = &at->next;
	t->ntouched++;
	*out = at;
	return 0;
}

int
txn_saw(struct conn *c, struct txn *t, const char *path, unsigned what)
{
	struct touch *at;
	int err = touch(c, t, path, &at);

	if (err == 0)
		at->what |= what;
	return err;
}

/* Changes of one node that a guest may repeat in a transaction. */
#define REPEATS 4u

int
txn_did(struct conn *c, struct txn *t, enum op op, const char *path,
    const void *value, uint32_t len, struct perms *perms)
{
	uint32_t max = quota_of(c, QUOTA_TXN_NODES);
	struct touch *at;
	struct did *d = NULL;
	int err = touch(c, t, path, &at);

	if (err == 0 && !c->privileged && max != 0 &&
	    t->nlog / REPEATS >= max) {
		quota_refused(c, QUOTA_TXN_NODES);
		err = ENOSPC;
	}
	if (err == 0)
		d = get_for(c, t, sizeof(*d) + len, &err);
	if (d == NULL) {
		t->failed = true;
		perms_unref(perms);
		return err;
	}
	at->removed |= op == OP_RM;
	d->next = NULL;
	d->at = at;
	d->op = op;
	d->perms = perms;
	d->len = len;
	if (len != 0)
		memcpy(d->value, value, len);
	*t->last_did = d;
	t->last_did = &d->next;
	t->nlog++;
	return 0;
}

/* --- the end -------------------------------------------------------------------- */

/* What the client saw on the snapshot plus its own changes still holds when the
 * snapshot and the tree agree about the node. */
static bool
holds(const struct txn *t, const struct touch *s)
{
	const struct node *was = tree_get(t->base, s->path);
	const struct node *is = tree_get(store_root, s->path);

	if (was == is)
		return true;
	if (was == NULL || is == NULL)
		return false;
	if ((s->what & SEEN_VALUE) != 0 &&
	    (was->value_len != is->value_len ||
		memcmp(node_value(was), node_value(is), was->value_len) != 0))
		return false;
	if ((s->what & SEEN_PERMS) != 0 && !perms_equal(was->perms, is->perms))
		return false;
	return (s->what & SEEN_CHILDREN) == 0 || nodes_same_kids(was, is);
}

static bool
still_holds(const struct txn *t)
{
	for (const struct touch *at = t->touched; at != NULL; at = at->next)
		if (at->what != 0 && !holds(t, at))
			return false;
	return true;
}

static int
replay_one(struct conn *c, struct node **root, struct acct *a,
    const struct did *d)
{
	int err;

	switch (d->op) {
	case OP_WRITE:
		return store_write(root, c, a, d->at->path, d->value, d->len);
	case OP_MKDIR:
		err = store_mkdir(root, c, a, d->at->path);
		return err == EEXIST ? 0 : err;
	case OP_RM:
		err = store_rm(root, c, a, d->at->path);
		return err == EALREADY ? 0 : err;
	case OP_SET_PERMS:
		return store_set_perms(root, c, a, d->at->path,
		    perms_ref(d->perms));
	}
	return EINVAL;
}

static int
replay(struct conn *c, struct txn *t)
{
	struct node *root = node_ref(store_root);
	struct acct a = { .n = 0 };
	int err;

	for (const struct did *d = t->log; d != NULL; d = d->next) {
		err = replay_one(c, &root, &a, d);
		if (err != 0) {
			node_unref(root);
			return err == ENOMEM ? ENOMEM : EAGAIN;
		}
	}
	node_unref(t->root);
	t->root = root;
	t->acct = a;
	return 0;
}

static void
keep(const struct conn *c, const struct txn *t)
{
	for (const struct did *d = t->log; d != NULL; d = d->next)
		state_op(c, d->op, d->at->path, d->value, d->len, d->perms);
}

/* One event per changed node, in the order of the changes. */
static void
fire(const struct txn *t, const struct node *before)
{
	struct change change;

	for (const struct did *d = t->log; d != NULL; d = d->next) {
		const struct node *was, *is;

		if (d->at->fired)
			continue;
		d->at->fired = true;
		if (!watch_hears(d->at->path))
			continue;
		was = tree_get(before, d->at->path);
		is = tree_get(store_root, d->at->path);
		if (was == NULL && is == NULL)
			continue;
		/* Somebody else made it meanwhile. */
		if (d->op == OP_MKDIR && was == is)
			continue;
		change.path = d->at->path;
		change.was = was == NULL ? NULL : was->perms;
		change.was_parent = NULL;
		change.gone = is == NULL || d->at->removed ? was : NULL;
		watch_fire(&change, store_root);
	}
}

int
txn_end(struct conn *c, struct txn *t, bool commit)
{
	struct node *before;
	int err = commit && t->doomed ? EAGAIN : 0;

	if (commit && t->failed)
		err = ENOMEM;
	state_txn(c, t->id, false);
	if (err == 0 && commit && t->nlog > 0) {
		if (store_root != t->base)
			err = still_holds(t) ? replay(c, t) : EAGAIN;
		if (err == 0) {
			before = store_root;
			store_root = node_ref(t->root);
			acct_apply(&t->acct);
			keep(c, t);
			fire(t, before);
			node_unref(before);
		}
	}
	t->conflict = err == EAGAIN;
	/* A transaction that only read saw a snapshot: it cannot fail. */
	txn_free(c, t);
	return err;
}
