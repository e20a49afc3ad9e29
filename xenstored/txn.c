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

struct seen {
	struct xu_list link;
	unsigned what;
	char path[];
};

struct did {
	struct xu_list link;
	enum op op;
	struct perms *perms;
	uint32_t len;
	char *value;
	char path[];
};

struct txn {
	struct xu_list link;
	uint32_t id;
	/* The snapshot, and the tree with our changes. */
	struct node *base, *root;
	struct acct acct;
	/* Of a daemon that was killed: it goes on, and ends with EAGAIN. */
	bool doomed;
	struct xu_map *seen_by_path;
	struct xu_list seen, log;
	unsigned nseen, nlog;
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
	struct txn *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->seen_by_path = xu_map_new();
	if (t->seen_by_path == NULL) {
		free(t);
		return NULL;
	}
	t->id = id;
	t->base = node_ref(store_root);
	t->root = node_ref(store_root);
	xu_list_init(&t->seen);
	xu_list_init(&t->log);
	xu_list_append(&c->txns, &t->link);
	c->ntxns++;
	return t;
}

int
txn_start(struct conn *c, uint32_t *id)
{
	uint32_t max = quota_of(c, QUOTA_TRANSACTIONS);

	if (!c->privileged && max != 0 && c->ntxns >= max)
		return ENOSPC;
	do
		*id = ++c->next_txn;
	while (*id == 0 || txn_find(c, *id) != NULL);
	if (txn_new(c, *id) == NULL)
		return ENOMEM;
	state_txn(c, *id, true);
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

static void
did_free(struct did *d)
{
	perms_unref(d->perms);
	free(d->value);
	free(d);
}

void
txn_free(struct conn *c, struct txn *t)
{
	struct xu_list *it, *tmp;

	xu_list_remove(&t->link);
	c->ntxns--;
	LIST_FOREACH_SAFE(it, tmp, &t->seen)
	free(xu_container_of(it, struct seen, link));
	LIST_FOREACH_SAFE(it, tmp, &t->log)
	did_free(xu_container_of(it, struct did, link));
	xu_map_free(&t->seen_by_path);
	node_unref(t->base);
	node_unref(t->root);
	free(t);
}

void
txn_free_all(struct conn *c)
{
	struct xu_list *it, *tmp;

	LIST_FOREACH_SAFE(it, tmp, &c->txns)
	txn_free(c, xu_container_of(it, struct txn, link));
}

static int
full(const struct conn *c, const struct txn *t)
{
	uint32_t max = quota_of(c, QUOTA_TXN_NODES);

	return !c->privileged && max != 0 && t->nseen + t->nlog >= max;
}

int
txn_saw(struct conn *c, struct txn *t, const char *path, unsigned what)
{
	struct seen *s = xu_map_get(t->seen_by_path, path);
	size_t len = strlen(path);

	if (s != NULL) {
		s->what |= what;
		return 0;
	}
	if (full(c, t))
		return ENOSPC;
	s = malloc(sizeof(*s) + len + 1);
	if (s == NULL)
		return ENOMEM;
	s->what = what;
	memcpy(s->path, path, len + 1);
	if (xu_map_put(t->seen_by_path, path, s) < 0) {
		free(s);
		return ENOMEM;
	}
	xu_list_append(&t->seen, &s->link);
	t->nseen++;
	return 0;
}

int
txn_did(struct conn *c, struct txn *t, enum op op, const char *path,
    const void *value, uint32_t len, struct perms *perms)
{
	size_t plen = strlen(path);
	struct did *d = full(c, t) ? NULL : malloc(sizeof(*d) + plen + 1);
	int err = full(c, t) ? ENOSPC : ENOMEM;

	if (d == NULL) {
		perms_unref(perms);
		return err;
	}
	d->op = op;
	d->perms = perms;
	d->len = len;
	d->value = malloc(len == 0 ? 1 : len);
	memcpy(d->path, path, plen + 1);
	if (d->value == NULL) {
		did_free(d);
		return ENOMEM;
	}
	if (len != 0)
		memcpy(d->value, value, len);
	xu_list_append(&t->log, &d->link);
	t->nlog++;
	return 0;
}

/* What the client saw on the snapshot plus its own changes still holds when the
 * snapshot and the tree agree about the node. */
static bool
holds(const struct txn *t, const struct seen *s)
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
	struct xu_list *it;

	LIST_FOREACH(it, &t->seen)
	{
		if (!holds(t, xu_container_of(it, struct seen, link)))
			return false;
	}
	return true;
}

static int
replay_one(struct conn *c, struct node **root, struct acct *a,
    const struct did *d)
{
	int err;

	switch (d->op) {
	case OP_WRITE:
		return store_write(root, c, a, d->path, d->value, d->len);
	case OP_MKDIR:
		err = store_mkdir(root, c, a, d->path);
		return err == EEXIST ? 0 : err;
	case OP_RM:
		err = store_rm(root, c, a, d->path);
		return err == EALREADY ? 0 : err;
	case OP_SET_PERMS:
		return store_set_perms(root, c, a, d->path,
		    perms_ref(d->perms));
	}
	return EINVAL;
}

static int
replay(struct conn *c, struct txn *t)
{
	struct node *root = node_ref(store_root);
	struct acct a = { .n = 0 };
	struct xu_list *it;
	int err;

	LIST_FOREACH(it, &t->log)
	{
		err = replay_one(c, &root, &a,
		    xu_container_of(it, struct did, link));
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
	struct xu_list *it;

	LIST_FOREACH(it, &t->log)
	{
		struct did *d = xu_container_of(it, struct did, link);

		state_op(c, d->op, d->path, d->value, d->len, d->perms);
	}
}

/* One event per changed node, in the order of first touch. */
static void
fire(const struct txn *t, const struct node *before)
{
	struct xu_map *fired = xu_map_new();
	struct change change;
	struct xu_list *it;

	LIST_FOREACH(it, &t->log)
	{
		struct did *d = xu_container_of(it, struct did, link);
		const struct node *was = tree_get(before, d->path);
		const struct node *is = tree_get(store_root, d->path);

		if (was == NULL && is == NULL)
			continue;
		if (fired != NULL) {
			if (xu_map_get(fired, d->path) != NULL)
				continue;
			if (xu_map_put(fired, d->path, d) < 0)
				xu_map_free(&fired);
		}
		change.path = d->path;
		change.was = was == NULL ? NULL : was->perms;
		change.was_parent = NULL;
		change.gone = is == NULL ? was : NULL;
		watch_fire(&change, store_root);
	}
	xu_map_free(&fired);
}

int
txn_end(struct conn *c, struct txn *t, bool commit)
{
	struct node *before;
	int err = commit && t->doomed ? EAGAIN : 0;

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
	/* A transaction that only read saw a snapshot: it cannot fail. */
	txn_free(c, t);
	return err;
}
