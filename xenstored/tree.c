/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tree. Nodes are counted and shared between trees; a node that somebody
 * else holds too is never changed, it is copied on the way down. With no
 * transaction open and no state being written every count is one, and the tree
 * is changed in place.
 */
#include "config.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>

#include "xsd.h"

static uint64_t generation = 1;
/*
 * The directories that were gone to last, one in a tree: who works on one device
 * does not go there from the root for each of its nodes, and each transaction is a
 * tree. It stands in the tree of this root (known by its generation, too: memory
 * is used again) until forget(). owned: when it was gone to, nobody else held
 * anything on the way. That can only change when a node that is shared is copied:
 * then the copy shares what is below.
 */
static struct known {
	const struct node *root;
	uint64_t gen;
	struct node *dir;
	size_t len;
	bool owned;
	char path[XSD_ABS_PATH + 1];
} known[4];

static struct known *
known_in(const struct node *root)
{
	for (size_t i = 0; i < XU_ARRAY_SIZE(known); i++)
		if (known[i].root == root)
			return &known[i];
	return NULL;
}

static void
remember(const struct node *root, const char *path, size_t len,
    struct node *dir, bool owned)
{
	static unsigned next;
	struct known *k = known_in(root);

	if (k == NULL)
		k = &known[next++ % XU_ARRAY_SIZE(known)];
	k->root = root;
	k->gen = root->gen;
	k->dir = dir;
	k->len = len;
	k->owned = owned;
	memcpy(k->path, path, len);
}

static void
forget(void)
{
	for (size_t i = 0; i < XU_ARRAY_SIZE(known); i++)
		known[i].dir = NULL;
}

/* The directory of that path, when it is the one. owned: with nobody else who
 * holds it or anything above. */
static struct node *
recall(const struct node *root, const char *path, size_t len, bool owned)
{
	const struct known *k = known_in(root);

	if (k == NULL || k->dir == NULL || k->len != len ||
	    k->gen != root->gen ||
	    (owned && !(k->owned && root->refs == 1 && k->dir->refs == 1)) ||
	    memcmp(k->path, path, len) != 0)
		return NULL;
	return k->dir;
}

/* Linked through `perms`, which they gave up already. */
static struct node *graveyard;
/* Bytes of nodes, and the most there were since the heap was trimmed. */
static size_t live, peak;

#define TRIM_FROM ((size_t)8 << 20)
/* Paths up to this length are gone from the root. */
#define SHORT 20

uint64_t
tree_gen(void)
{
	return generation;
}

void
tree_set_gen(uint64_t gen)
{
	if (gen > generation)
		generation = gen;
}

/* --- nodes ------------------------------------------------------------------- */

static struct node *
node_alloc(size_t name_len, size_t value_len)
{
	struct node *n = pool_get(sizeof(*n) + name_len + 1 + value_len);

	if (n != NULL) {
		n->refs = 1;
		n->name_len = (uint16_t)name_len;
		n->value_len = (uint16_t)value_len;
		n->gen = generation++;
		live += node_bytes(n);
		if (live > peak)
			peak = live;
	}
	return n;
}

struct node *
node_new(struct perms *perms, const char *name, size_t name_len,
    const void *value, size_t len)
{
	struct node *n = node_alloc(name_len, len);

	if (n == NULL) {
		perms_unref(perms);
		return NULL;
	}
	n->perms = perms;
	n->dir = NULL;
	memcpy(n->text, name, name_len);
	n->text[name_len] = '\0';
	if (len != 0)
		memcpy(n->text + name_len + 1, value, len);
	return n;
}

struct node *
node_ref(struct node *n)
{
	n->refs++;
	return n;
}

static void
node_free(struct node *n)
{
	live -= node_bytes(n);
	for (size_t i = 0; i < XU_ARRAY_SIZE(known); i++)
		if (n == known[i].dir)
			known[i].dir = NULL;
	pool_put(n, node_bytes(n));
}

void
node_unref(struct node *n)
{
	if (n == NULL || --n->refs != 0)
		return;
	perms_unref(n->perms);
	if (n->dir == NULL) {
		node_free(n);
		return;
	}
	n->perms = (struct perms *)(void *)graveyard;
	graveyard = n;
}

bool
tree_reap(unsigned n)
{
	bool dirs = true;
	struct node *k;

	/* A dead directory brings its nodes, a dead node its directory. */
	while ((graveyard != NULL || dirs) && n > 0) {
		for (; (k = graveyard) != NULL && n > 0; n--) {
			graveyard = (struct node *)(void *)k->perms;
			dir_unref(k->dir);
			node_free(k);
		}
		dirs = dir_reap(&n);
		if (graveyard == NULL && !dirs)
			return false;
	}
	return true;
}

bool
tree_trim_pending(void)
{
	return peak - live > TRIM_FROM;
}

void
tree_trim(void)
{
	peak = live;
	pool_trim();
	malloc_trim(0);
}

size_t
node_bytes(const struct node *n)
{
	return sizeof(*n) + n->name_len + 1 + n->value_len;
}

/* The same with another value, and ours; the old one is released. */
static struct node *
node_remake(struct node *old, const void *value, size_t len)
{
	struct node *n = node_alloc(old->name_len, len);

	if (n == NULL)
		return NULL;
	if (old->refs > 1)
		forget();
	n->perms = old->perms;
	n->dir = old->dir;
	memcpy(n->text, old->text, old->name_len + 1u);
	if (len != 0)
		memcpy(n->text + n->name_len + 1, value, len);
	if (old->refs == 1) {
		node_free(old);
		return n;
	}
	perms_ref(n->perms);
	if (n->dir != NULL)
		dir_ref(n->dir);
	old->refs--;
	return n;
}

struct node *
node_kid(const struct node *n, const char *name, size_t len)
{
	return n->dir == NULL ? NULL : dir_find(n->dir, name, len);
}

struct node *
node_next(const struct node *n, uint32_t *pos)
{
	return n->dir == NULL ? NULL : dir_next(n->dir, pos);
}

uint32_t
node_nkids(const struct node *n)
{
	return n->dir == NULL ? 0 : dir_live(n->dir);
}

uint32_t
node_names_len(const struct node *n)
{
	return n->dir == NULL ? 0 : dir_names_len(n->dir);
}

bool
nodes_same_kids(const struct node *a, const struct node *b)
{
	const struct node *x, *y;
	uint32_t i = 0, j = 0;

	if (a->dir == b->dir)
		return true;
	if (node_nkids(a) != node_nkids(b))
		return false;
	do {
		x = node_next(a, &i);
		y = node_next(b, &j);
		if (x == NULL || y == NULL)
			return x == y;
	} while (x == y || strcmp(x->text, y->text) == 0);
	return false;
}

/* --- paths ------------------------------------------------------------------------ */

/* Next component of *p ("/a/b" -> "a", *p = "/b"); false at the end. */
static bool
component(const char **p, const char *end, const char **name, size_t *len)
{
	const char *s = *p, *e;

	if (s < end && *s == '/')
		s++;
	if (s == end)
		return false;
	for (e = s; e < end && *e != '/'; e++)
		;
	*name = s;
	*len = (size_t)(e - s);
	*p = e;
	return true;
}

/* The slash of the path's last component; its begin where the way is so short
 * that it is sooner gone than remembered. */
static const char *
last_slash(const char *path, const char *end)
{
	const char *slash = NULL;

	if (end - path > SHORT)
		slash = memrchr(path, '/', (size_t)(end - path));
	return slash == NULL ? path : slash;
}

struct node *
tree_nearest(const struct node *root, const char *path, const char **rest)
{
	const char *end = path + strlen(path), *name, *at = path;
	size_t dir_len = (size_t)(last_slash(path, end) - path), len;
	struct node *n = NULL, *k;

	if (dir_len > 0 &&
	    (n = recall(root, path, dir_len, false)) != NULL) {
		at += dir_len;
		k = node_kid(n, at + 1, (size_t)(end - at - 1));
		*rest = k == NULL ? at : end;
		return k == NULL ? n : k;
	}
	n = (struct node *)(uintptr_t)root;
	*rest = at;
	while (component(&at, end, &name, &len)) {
		if (dir_len > 0 && name == path + dir_len + 1)
			remember(root, path, dir_len, n, false);
		k = node_kid(n, name, len);
		if (k == NULL)
			return n;
		n = k;
		*rest = at;
	}
	*rest = end;
	return n;
}

struct node *
tree_get(const struct node *root, const char *path)
{
	const char *rest;
	struct node *n = tree_nearest(root, path, &rest);

	return *rest == '\0' ? n : NULL;
}

/* The slot of the node, every node above it ours. NULL: ENOENT or ENOMEM. */
static struct node **
own_slot(struct node **root, const char *path, size_t path_len)
{
	const char *end = path + path_len, *name;
	const char *slash = last_slash(path, end), *at = path;
	struct node **slot = root, *n;
	size_t len;

	n = recall(*root, path, (size_t)(slash - path), true);
	if (n != NULL && slash + 1 < end && n->dir != NULL)
		return dir_own_slot(&n->dir, slash + 1,
		    (size_t)(end - slash - 1));
	while (component(&at, end, &name, &len)) {
		n = *slot;
		if (n->dir == NULL) {
			errno = ENOENT;
			return NULL;
		}
		if (n->refs > 1) {
			n = node_remake(n, node_value(n), n->value_len);
			if (n == NULL) {
				errno = ENOMEM;
				return NULL;
			}
			*slot = n;
		}
		if (name == slash + 1 && slash > path)
			remember(*root, path, (size_t)(slash - path), n, true);
		slot = dir_own_slot(&n->dir, name, len);
		if (slot == NULL)
			return NULL;
	}
	return slot;
}

static struct node *
own_node(struct node **root, const char *path, size_t path_len)
{
	struct node *n = recall(*root, path, path_len, true), **slot;

	if (n != NULL)
		return n;
	slot = own_slot(root, path, path_len);
	if (slot == NULL)
		return NULL;
	n = *slot;
	if (n->refs > 1)
		n = node_remake(n, node_value(n), n->value_len);
	if (n == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	*slot = n;
	if (path_len > 1)
		remember(*root, path, path_len, n, true);
	return n;
}

int
tree_set_value(
    struct node **root, const char *path, const void *value, size_t len)
{
	struct node **slot = own_slot(root, path, strlen(path)), *n;

	if (slot == NULL)
		return errno;
	n = *slot;
	if (n->refs == 1 && n->value_len == len) {
		if (len != 0)
			memcpy(n->text + n->name_len + 1, value, len);
		n->gen = generation++;
		return 0;
	}
	n = node_remake(n, value, len);
	if (n == NULL)
		return ENOMEM;
	*slot = n;
	return 0;
}

int
tree_set_perms(struct node **root, const char *path, struct perms *perms)
{
	struct node *n = own_node(root, path, strlen(path));

	if (n == NULL) {
		perms_unref(perms);
		return errno;
	}
	perms_unref(n->perms);
	n->perms = perms;
	n->gen = generation++;
	return 0;
}

int
tree_attach(
    struct node **root, const char *parent, size_t parent_len, struct node *kid)
{
	struct node *n = own_node(root, parent, parent_len);

	if (n == NULL) {
		node_unref(kid);
		return errno;
	}
	n->gen = generation++;
	return dir_add(&n->dir, kid);
}

int
tree_detach(struct node **root, const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	struct node *n = own_node(root, path, path_parent_len(path));

	if (n == NULL)
		return errno;
	if (n->dir == NULL)
		return ENOENT;
	forget();
	n->gen = generation++;
	return dir_del(&n->dir, name, strlen(name));
}

/* --- walks ---------------------------------------------------------------------- */

static bool
push(struct walk *w, const struct node *n, size_t path_len)
{
	uint32_t cap = w->cap == 0 ? 16 : w->cap * 2;
	void *more;

	if (w->depth == w->cap) {
		more = reallocarray(w->stack, cap, sizeof(*w->stack));
		if (more == NULL)
			return false;
		w->stack = more;
		w->cap = cap;
	}
	w->stack[w->depth].n = n;
	w->stack[w->depth].pos = 0;
	w->stack[w->depth++].path_len = (uint32_t)path_len;
	return true;
}

int
walk_init(struct walk *w, const struct node *top, const char *path)
{
	size_t len = strcmp(path, "/") == 0 ? 0 : strlen(path);

	w->stack = NULL;
	w->depth = w->cap = 0;
	w->started = w->failed = false;
	memcpy(w->path, path, len);
	w->path[len] = '\0';
	return push(w, top, len) ? 0 : ENOMEM;
}

const struct node *
walk_next(struct walk *w)
{
	const struct node *k;
	size_t len;

	if (!w->started) {
		w->started = true;
		return w->stack[0].n;
	}
	while (w->depth > 0) {
		k = node_next(
		    w->stack[w->depth - 1].n, &w->stack[w->depth - 1].pos);
		if (k == NULL) {
			w->depth--;
			continue;
		}
		len = w->stack[w->depth - 1].path_len;
		/* Relative paths are bounded, so are the trees made of them. */
		if (len + 1 + k->name_len > XSD_ABS_PATH)
			continue;
		w->path[len] = '/';
		memcpy(w->path + len + 1, k->text, k->name_len + 1u);
		if (!push(w, k, len + 1 + k->name_len)) {
			w->failed = true;
			return NULL;
		}
		return k;
	}
	return NULL;
}

void
walk_skip(struct walk *w)
{
	if (w->depth > 0)
		w->depth--;
}

void
walk_fini(struct walk *w)
{
	free(w->stack);
	w->stack = NULL;
	w->depth = 0;
}
