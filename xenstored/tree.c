/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tree. Nodes are counted and shared between trees; a node that somebody
 * else holds too is never changed, it is copied on the way down (tree_own).
 * With no transaction open every count is one and the tree is changed in place.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "xsd.h"

/* From this many children on a hash index pays. */
#define INDEX_FROM 8

static uint64_t generation = 1;

uint64_t
tree_gen(void)
{
	return generation;
}

/* --- permissions ----------------------------------------------------------- */

struct perms *
perms_new(const struct perm *v, uint32_t n)
{
	struct perms *p = malloc(sizeof(*p) + n * sizeof(*v));

	if (p == NULL)
		return NULL;
	p->refs = 1;
	p->n = n;
	memcpy(p->v, v, n * sizeof(*v));
	return p;
}

struct perms *
perms_ref(struct perms *p)
{
	p->refs++;
	return p;
}

void
perms_unref(struct perms *p)
{
	if (p != NULL && --p->refs == 0)
		free(p);
}

bool
perms_equal(const struct perms *a, const struct perms *b)
{
	if (a == b)
		return true;
	if (a->n != b->n)
		return false;
	for (uint32_t i = 0; i < a->n; i++)
		if (a->v[i].domid != b->v[i].domid ||
		    a->v[i].access != b->v[i].access ||
		    a->v[i].ignore != b->v[i].ignore)
			return false;
	return true;
}

/* --- nodes ------------------------------------------------------------------- */

static char *
copy_value(const void *value, uint32_t len)
{
	char *p = malloc(len == 0 ? 1 : len);

	if (p != NULL && len != 0)
		memcpy(p, value, len);
	return p;
}

struct node *
node_new(struct perms *perms, const void *value, uint32_t len)
{
	struct node *n = calloc(1, sizeof(*n));

	if (n != NULL && len != 0) {
		n->value = copy_value(value, len);
		if (n->value == NULL) {
			free(n);
			n = NULL;
		}
	}
	if (n == NULL) {
		perms_unref(perms);
		return NULL;
	}
	n->refs = 1;
	n->value_len = len;
	n->perms = perms;
	n->gen = generation++;
	return n;
}

struct node *
node_ref(struct node *n)
{
	n->refs++;
	return n;
}

void
node_unref(struct node *n)
{
	if (n == NULL || --n->refs != 0)
		return;
	for (uint32_t i = 0; i < n->nkids; i++) {
		if (n->kids[i] == NULL)
			continue;
		node_unref(n->kids[i]->node);
		free(n->kids[i]);
	}
	free(n->kids);
	free(n->index);
	free(n->value);
	perms_unref(n->perms);
	free(n);
}

int
node_set_value(struct node *n, const void *value, uint32_t len)
{
	char *copy = copy_value(value, len);

	if (copy == NULL)
		return ENOMEM;
	free(n->value);
	n->value = copy;
	n->value_len = len;
	n->gen = generation++;
	return 0;
}

void
node_set_perms(struct node *n, struct perms *perms)
{
	perms_unref(n->perms);
	n->perms = perms;
	n->gen = generation++;
}

/* --- children ------------------------------------------------------------------ */

/* FNV-1a; names are short and the table is per directory, owned by one domain. */
static uint32_t
hash_name(const char *name, size_t len)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)name[i]) * 16777619u;
	return h;
}

static bool
kid_is(const struct kid *k, uint32_t hash, const char *name, size_t len)
{
	return k != NULL && k->hash == hash &&
	    strncmp(k->name, name, len) == 0 && k->name[len] == '\0';
}

/* Position of the child, or -1. */
static int64_t
find_kid(const struct node *n, const char *name, size_t len)
{
	uint32_t hash = hash_name(name, len);

	if (n->index != NULL) {
		for (uint32_t i = hash & n->index_mask; n->index[i] != 0;
		     i = (i + 1) & n->index_mask)
			if (kid_is(n->kids[n->index[i] - 1], hash, name, len))
				return n->index[i] - 1;
		return -1;
	}
	for (uint32_t i = 0; i < n->nkids; i++)
		if (kid_is(n->kids[i], hash, name, len))
			return i;
	return -1;
}

struct node *
node_kid(const struct node *n, const char *name, size_t len)
{
	int64_t i = find_kid(n, name, len);

	return i < 0 ? NULL : n->kids[i]->node;
}

bool
node_slot(const struct node *n, uint32_t i, const char **name,
    struct node **kid)
{
	if (n->kids[i] == NULL)
		return false;
	*name = n->kids[i]->name;
	*kid = n->kids[i]->node;
	return true;
}

bool
nodes_same_kids(const struct node *a, const struct node *b)
{
	uint32_t i = 0, j = 0;

	if (a == b)
		return true;
	if (a->nlive != b->nlive)
		return false;
	for (;;) {
		while (i < a->nkids && a->kids[i] == NULL)
			i++;
		while (j < b->nkids && b->kids[j] == NULL)
			j++;
		if (i == a->nkids || j == b->nkids)
			return i == a->nkids && j == b->nkids;
		if (strcmp(a->kids[i++]->name, b->kids[j++]->name) != 0)
			return false;
	}
}

static void
index_put(uint32_t *index, uint32_t mask, uint32_t hash, uint32_t pos)
{
	uint32_t i = hash & mask;

	while (index[i] != 0)
		i = (i + 1) & mask;
	index[i] = pos + 1;
}

/* Closes the holes and makes room and index for one more. */
static int
rebuild(struct node *n, uint32_t cap)
{
	struct kid **kids = malloc(cap * sizeof(*kids));
	uint32_t *index = NULL, mask = 0, live = 0;

	if (kids == NULL)
		return ENOMEM;
	if (cap > INDEX_FROM) {
		for (mask = 16; mask < cap * 2; mask *= 2)
			;
		index = calloc(mask--, sizeof(*index));
		if (index == NULL) {
			free(kids);
			return ENOMEM;
		}
	}
	for (uint32_t i = 0; i < n->nkids; i++) {
		if (n->kids[i] == NULL)
			continue;
		if (index != NULL)
			index_put(index, mask, n->kids[i]->hash, live);
		kids[live++] = n->kids[i];
	}
	free(n->kids);
	free(n->index);
	n->kids = kids;
	n->index = index;
	n->index_mask = mask;
	n->nkids = n->nlive = live;
	n->cap = cap;
	return 0;
}

/* Takes kid only when it succeeds. */
static int
add_kid(struct node *n, const char *name, size_t len, struct node *kid)
{
	struct kid *k = malloc(sizeof(*k) + len + 1);
	uint32_t cap;

	if (k == NULL)
		return ENOMEM;
	if (n->nkids == n->cap) {
		cap = n->nlive < 4 ? 8 : n->nlive * 2;
		if (rebuild(n, cap) != 0) {
			free(k);
			return ENOMEM;
		}
	}
	k->node = kid;
	k->hash = hash_name(name, len);
	memcpy(k->name, name, len);
	k->name[len] = '\0';
	if (n->index != NULL)
		index_put(n->index, n->index_mask, k->hash, n->nkids);
	n->kids[n->nkids++] = k;
	n->nlive++;
	n->gen = generation++;
	return 0;
}

static void
del_kid(struct node *n, int64_t pos)
{
	struct kid *k = n->kids[pos];

	/* The index entry stays and finds a hole: kid_is(NULL) is false. */
	n->kids[pos] = NULL;
	n->nlive--;
	n->gen = generation++;
	node_unref(k->node);
	free(k);
	if (n->nkids > 16 && n->nlive < n->nkids / 2)
		(void)rebuild(n, n->nlive * 2); /* no memory: stays sparse */
}

/* A copy that shares the children. */
static struct node *
node_copy(const struct node *n)
{
	struct node *c = node_new(perms_ref(n->perms), n->value, n->value_len);

	if (c == NULL)
		return NULL;
	c->gen = n->gen;
	if (n->nlive != 0 && rebuild(c, n->nlive < 4 ? 8 : n->nlive * 2) != 0)
		goto fail;
	for (uint32_t i = 0; i < n->nkids; i++) {
		const struct kid *k = n->kids[i];

		if (k == NULL)
			continue;
		if (add_kid(c, k->name, strlen(k->name), k->node) != 0)
			goto fail;
		node_ref(k->node);
	}
	c->gen = n->gen;
	return c;
fail:
	node_unref(c);
	return NULL;
}

/* --- paths ------------------------------------------------------------------------ */

/* Next component of *p ("/a/b" -> "a", *p = "/b"); false at the end. */
static bool
component(const char **p, const char **name, size_t *len)
{
	const char *s = *p;

	if (*s == '/')
		s++;
	if (*s == '\0')
		return false;
	*name = s;
	*len = strcspn(s, "/");
	*p = s + *len;
	return true;
}

struct node *
tree_nearest(const struct node *root, const char *path, const char **rest)
{
	const struct node *n = root;
	const char *name;
	size_t len;

	*rest = path;
	while (component(&path, &name, &len)) {
		const struct node *k = node_kid(n, name, len);

		if (k == NULL)
			return (struct node *)(uintptr_t)n;
		n = k;
		*rest = path;
	}
	*rest = "";
	return (struct node *)(uintptr_t)n;
}

struct node *
tree_get(const struct node *root, const char *path)
{
	const char *rest;
	struct node *n = tree_nearest(root, path, &rest);

	return *rest == '\0' ? n : NULL;
}

static struct node *
own(struct node **slot)
{
	struct node *copy;

	if ((*slot)->refs == 1)
		return *slot;
	copy = node_copy(*slot);
	if (copy == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	node_unref(*slot);
	*slot = copy;
	return copy;
}

struct node *
tree_own(struct node **root, const char *path)
{
	struct node **slot = root, *n;
	const char *name;
	size_t len;
	int64_t i;

	while ((n = own(slot)) != NULL && component(&path, &name, &len)) {
		i = find_kid(n, name, len);
		if (i < 0) {
			errno = ENOENT;
			return NULL;
		}
		slot = &n->kids[i]->node;
	}
	return n;
}

static struct node *
own_parent(struct node **root, const char *path, const char **name)
{
	char parent[XSD_ABS_PATH + 1];
	size_t len = path_parent_len(path);

	memcpy(parent, path, len);
	parent[len] = '\0';
	*name = strrchr(path, '/') + 1;
	return tree_own(root, parent);
}

int
tree_attach(struct node **root, const char *path, struct node *kid)
{
	const char *name;
	struct node *parent = own_parent(root, path, &name);
	int err = parent == NULL ? errno : 0;

	if (err == 0)
		err = add_kid(parent, name, strlen(name), kid);
	if (err != 0)
		node_unref(kid);
	return err;
}

int
tree_detach(struct node **root, const char *path)
{
	const char *name;
	struct node *parent = own_parent(root, path, &name);
	int64_t i;

	if (parent == NULL)
		return errno;
	i = find_kid(parent, name, strlen(name));
	if (i < 0)
		return ENOENT;
	del_kid(parent, i);
	return 0;
}
