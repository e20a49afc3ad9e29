/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The children of a node: a persistent vector of slots in order of creation
 * (32-way, so that a version that shares all but one slot costs a few hundred
 * bytes, however large the directory), and an index from names to slots.
 *
 * The index is shared by all versions of a directory: it only says where a name
 * may be, the version's own vector says whether it is. Slots are not used twice,
 * until a version has too many holes or its index is full: then it gets a new
 * vector and a new index.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "xsd.h"

#define FAN 32u
#define FAN_BITS 5u
/* Up to this many slots a look at each is faster than an index. */
#define LINEAR 8u
#define SLOT_BITS 24u
#define SLOT_MAX ((1u << SLOT_BITS) - 2)

/*
 * A copy does not take its own hold on each entry, which would mean to go to all
 * of them: it keeps the vector it was made from (`base`), and what that holds,
 * and notes which entries it holds itself. A vector has one such copy at most,
 * its heir, which gets what the base holds as soon as nobody else has the base.
 */
struct vec {
	uint32_t refs;
	/* A bit for each entry it holds; the others are the base's. */
	uint32_t own;
	uint16_t cap;
	/* 0: p holds nodes; else vectors of one level less. */
	uint16_t level;
	struct vec *base;
	union {
		/* Has it as its base, and a reference to it. */
		struct vec *heir;
		struct vec *next_dead;
	};
	void *p[];
};

struct index {
	uint32_t refs;
	/* The slot that a new child gets. */
	uint32_t next;
	uint32_t used, mask;
	/* 0, or slot + 1 with eight bits of the hash above. */
	uint32_t entry[];
};

struct dir {
	uint32_t refs;
	uint32_t live;
	/* Bytes of all names with their NULs. */
	uint32_t names;
	/* No child at this slot or above. */
	uint32_t slots;
	struct index *ix;
	struct vec *vec;
};

static struct vec *dead;

/* Guests choose names: they must not be able to choose the hash. */
static uint64_t seed;

static uint32_t
hash_name(const char *name, size_t len)
{
	uint64_t h, w;

	if (seed == 0) {
		(void)!getrandom(&seed, sizeof(seed), 0);
		seed |= 1;
	}
	h = seed ^ len * 0x9e3779b97f4a7c15ULL;
	for (; len >= 8; name += 8, len -= 8) {
		memcpy(&w, name, 8);
		h = (h ^ w) * 0xff51afd7ed558ccdULL;
		h ^= h >> 32;
	}
	w = 0;
	for (size_t i = 0; i < len; i++)
		w |= (uint64_t)(unsigned char)name[i] << (8 * i);
	h = (h ^ w) * 0xff51afd7ed558ccdULL;
	h ^= h >> 29;
	h *= 0xc4ceb9fe1a85ec53ULL;
	return (uint32_t)(h >> 32);
}

static bool
is_named(const struct node *n, const char *name, size_t len)
{
	return n->name_len == len && memcmp(n->text, name, len) == 0;
}

/* --- the vector -------------------------------------------------------------- */

static size_t
vec_bytes(unsigned cap)
{
	return sizeof(struct vec) + cap * sizeof(void *);
}

static struct vec *
vec_new(unsigned level, unsigned cap)
{
	struct vec *v = pool_zero(vec_bytes(cap));

	if (v != NULL) {
		v->refs = 1;
		v->own = UINT32_MAX;
		v->cap = (uint16_t)cap;
		v->level = (uint16_t)level;
	}
	return v;
}

/* Held by one more parent than before. */
static void
entry_ref(const struct vec *v, unsigned i)
{
	if (v->p[i] == NULL)
		return;
	if (v->level == 0)
		((struct node *)v->p[i])->refs++;
	else
		((struct vec *)v->p[i])->refs++;
}

static void vec_unref(struct vec *v);

static void
entry_unref(const struct vec *v, unsigned i)
{
	if (v->level == 0)
		node_unref(v->p[i]);
	else
		vec_unref(v->p[i]);
}

/* The entries of that set. */
static void
entries_unref(const struct vec *v, uint32_t set)
{
	unsigned i;

	if (v->cap < FAN)
		set &= (1u << v->cap) - 1;
	for (; set != 0; set &= set - 1) {
		i = (unsigned)__builtin_ctz(set);
		if (v->p[i] != NULL)
			entry_unref(v, i);
	}
}

static void
set_base(struct vec *v, struct vec *base)
{
	v->base = base;
	if (base != NULL)
		base->heir = v;
}

/* Nobody but its heir has it: what it holds is the heir's, unless that has
 * something else there. */
static void
inherit(struct vec *v)
{
	struct vec *heir = v->heir;
	const uint32_t replaced = v->own & heir->own;

	heir->own |= v->own;
	set_base(heir, v->base);
	entries_unref(v, replaced);
	pool_put(v, vec_bytes(v->cap));
}

static void
vec_unref(struct vec *v)
{
	if (v == NULL)
		return;
	if (--v->refs == 0) {
		v->next_dead = dead;
		dead = v;
	} else if (v->refs == 1 && v->heir != NULL) {
		inherit(v);
	}
}

/* The end of one without a heir: whoever had one is kept by it. */
static void
vec_free(struct vec *v)
{
	struct vec *base = v->base;

	entries_unref(v, v->own);
	pool_put(v, vec_bytes(v->cap));
	if (base != NULL) {
		base->heir = NULL;
		vec_unref(base);
	}
}

/* *v made ours, with room for cap entries. */
static struct vec *
vec_own(struct vec **v, unsigned cap)
{
	struct vec *old = *v, *copy;

	if (old->refs == 1 && old->cap >= cap)
		return old;
	copy = vec_new(old->level, cap > old->cap ? cap : old->cap);
	if (copy == NULL)
		return NULL;
	memcpy(copy->p, old->p, old->cap * sizeof(void *));
	*v = copy;
	if (old->refs == 1) {
		copy->own = old->own;
		set_base(copy, old->base);
		pool_put(old, vec_bytes(old->cap));
	} else if (old->heir == NULL) {
		/* Our reference becomes the copy's. */
		copy->own = 0;
		set_base(copy, old);
	} else {
		for (unsigned i = 0; i < old->cap; i++)
			entry_ref(old, i);
		vec_unref(old);
	}
	return copy;
}

/* Its entry too is to be changed: shared with the base, unless it was already. */
static void
entry_own(struct vec *v, unsigned i)
{
	if ((v->own >> i & 1) != 0)
		return;
	entry_ref(v, i);
	v->own |= 1u << i;
}

static struct node *
vec_get(const struct vec *v, uint32_t slot)
{
	unsigned shift = v->level * FAN_BITS;

	if (slot >> shift >= FAN)
		return NULL;
	for (; v->level > 0; shift -= FAN_BITS) {
		v = v->p[slot >> shift & (FAN - 1)];
		if (v == NULL)
			return NULL;
	}
	slot &= FAN - 1;
	return slot < v->cap ? v->p[slot] : NULL;
}

/* Where slot's node stands, everything on the way ours; made when it is not
 * there. NULL: no memory. */
static struct node **
vec_slot(struct vec **top, uint32_t slot)
{
	struct vec *v = *top, *up, **at = top;
	unsigned cap, i;

	while (slot >> (v->level * FAN_BITS) >= FAN) {
		/* One level more: the old top becomes its first entry. */
		up = vec_new(v->level + 1u, FAN);
		if (up == NULL)
			return NULL;
		up->p[0] = v;
		*top = v = up;
	}
	for (;;) {
		i = slot >> (v->level * FAN_BITS) & (FAN - 1);
		for (cap = v->cap; cap <= i; cap = cap == 0 ? 4 : cap * 2)
			;
		v = vec_own(at, cap);
		if (v == NULL)
			return NULL;
		entry_own(v, i);
		if (v->level == 0)
			return (struct node **)(void *)&v->p[i];
		if (v->p[i] == NULL &&
		    (v->p[i] = vec_new(v->level - 1u, FAN)) == NULL)
			return NULL;
		at = (struct vec **)(void *)&v->p[i];
		v = *at;
	}
}

bool
dir_reap(unsigned *n)
{
	struct vec *v;

	for (; (v = dead) != NULL && *n > 0; (*n)--) {
		dead = v->next_dead;
		vec_free(v);
	}
	return dead != NULL;
}

/* --- the index ---------------------------------------------------------------- */

static void
index_put(struct index *ix, uint32_t hash, uint32_t slot)
{
	uint32_t i = hash & ix->mask;

	while (ix->entry[i] != 0)
		i = (i + 1) & ix->mask;
	ix->entry[i] = (slot + 1) | (hash >> SLOT_BITS) << SLOT_BITS;
	ix->used++;
}

static size_t
index_bytes(uint32_t size)
{
	return sizeof(struct index) + size * sizeof(uint32_t);
}

static struct index *
index_new(uint32_t children)
{
	struct index *ix;
	uint32_t size = 16;

	while (size < children * 2)
		size *= 2;
	ix = pool_zero(index_bytes(size));
	if (ix != NULL) {
		ix->refs = 1;
		ix->mask = size - 1;
	}
	return ix;
}

static void
index_unref(struct index *ix)
{
	if (ix != NULL && --ix->refs == 0)
		pool_put(ix, index_bytes(ix->mask + 1));
}

static bool
index_full(const struct dir *d)
{
	const struct index *ix = d->ix;

	return (uint64_t)ix->used * 4 >= (uint64_t)(ix->mask + 1) * 3 ||
	    ix->next > 2 * d->live + 64;
}

/* Its slot, or -1. */
static int64_t
find(const struct dir *d, const char *name, size_t len)
{
	const struct index *ix = d->ix;
	const struct node *k;
	uint32_t hash, i, e, slot;

	if (ix == NULL) {
		for (slot = 0; slot < d->slots; slot++) {
			k = d->vec->p[slot];
			if (k != NULL && is_named(k, name, len))
				return slot;
		}
		return -1;
	}
	hash = hash_name(name, len);
	for (i = hash & ix->mask; (e = ix->entry[i]) != 0;
	     i = (i + 1) & ix->mask) {
		if (e >> SLOT_BITS != hash >> SLOT_BITS)
			continue;
		slot = (e & ((1u << SLOT_BITS) - 1)) - 1;
		k = vec_get(d->vec, slot);
		if (k != NULL && is_named(k, name, len))
			return slot;
	}
	return -1;
}

/* --- versions ------------------------------------------------------------------- */

struct dir *
dir_ref(struct dir *d)
{
	d->refs++;
	return d;
}

void
dir_unref(struct dir *d)
{
	if (d == NULL || --d->refs != 0)
		return;
	vec_unref(d->vec);
	index_unref(d->ix);
	pool_put(d, sizeof(*d));
}

static struct dir *
own(struct dir **slot)
{
	struct dir *old = *slot, *d;

	if (old->refs == 1)
		return old;
	d = pool_get(sizeof(*d));
	if (d == NULL)
		return NULL;
	*d = *old;
	d->refs = 1;
	d->vec->refs++;
	if (d->ix != NULL)
		d->ix->refs++;
	old->refs--;
	*slot = d;
	return d;
}

struct node *
dir_next(const struct dir *d, uint32_t *pos)
{
	struct node *k = NULL;

	while (k == NULL && *pos < d->slots)
		k = vec_get(d->vec, (*pos)++);
	return k;
}

uint32_t
dir_live(const struct dir *d)
{
	return d->live;
}

uint32_t
dir_names_len(const struct dir *d)
{
	return d->names;
}

struct node *
dir_find(const struct dir *d, const char *name, size_t len)
{
	int64_t slot = find(d, name, len);

	return slot < 0 ? NULL : vec_get(d->vec, (uint32_t)slot);
}

/* A vector without holes, and an index with room to grow where one pays. */
static int
rebuild(struct dir *d)
{
	struct vec *v = vec_new(0, d->live < 4 ? 4 : FAN);
	struct index *ix = NULL;
	struct node *k, **at;
	uint32_t pos = 0, n = 0;

	if (d->live + 1 > LINEAR && (ix = index_new(d->live + 1)) == NULL) {
		pool_put(v, vec_bytes(v->cap));
		return ENOMEM;
	}
	while (v != NULL && (k = dir_next(d, &pos)) != NULL) {
		at = vec_slot(&v, n);
		if (at == NULL) {
			vec_unref(v);
			v = NULL;
			break;
		}
		*at = node_ref(k);
		if (ix != NULL)
			index_put(ix, hash_name(k->text, k->name_len), n);
		n++;
	}
	if (v == NULL) {
		index_unref(ix);
		return ENOMEM;
	}
	if (ix != NULL)
		ix->next = n;
	vec_unref(d->vec);
	index_unref(d->ix);
	d->vec = v;
	d->ix = ix;
	d->slots = n;
	return 0;
}

static struct dir *
dir_new(void)
{
	struct dir *d = pool_zero(sizeof(*d));

	if (d == NULL)
		return NULL;
	d->refs = 1;
	d->vec = vec_new(0, 4);
	if (d->vec == NULL) {
		pool_put(d, sizeof(*d));
		return NULL;
	}
	return d;
}

static int
add(struct dir *d, struct node *kid)
{
	struct node **at;
	uint32_t slot;
	int err = 0;

	if (d->ix == NULL ? d->slots >= LINEAR : index_full(d))
		err = rebuild(d);
	if (err != 0)
		return err;
	slot = d->ix == NULL ? d->slots : d->ix->next;
	if (slot > SLOT_MAX)
		return ENOSPC;
	at = vec_slot(&d->vec, slot);
	if (at == NULL)
		return ENOMEM;
	if (d->ix != NULL) {
		d->ix->next++;
		index_put(d->ix, hash_name(kid->text, kid->name_len), slot);
	}
	*at = kid;
	d->slots = slot + 1;
	d->live++;
	d->names += kid->name_len + 1u;
	return 0;
}

int
dir_add(struct dir **dp, struct node *kid)
{
	bool is_new = *dp == NULL;
	struct dir *d = is_new ? *dp = dir_new() : own(dp);
	int err = d == NULL ? ENOMEM : add(d, kid);

	if (err != 0)
		node_unref(kid);
	if (err != 0 && is_new && d != NULL) {
		dir_unref(d);
		*dp = NULL;
	}
	return err;
}

struct node **
dir_own_slot(struct dir **dp, const char *name, size_t len)
{
	int64_t slot = find(*dp, name, len);
	struct node **at;
	struct dir *d;

	if (slot < 0) {
		errno = ENOENT;
		return NULL;
	}
	d = own(dp);
	at = d == NULL ? NULL : vec_slot(&d->vec, (uint32_t)slot);
	if (at == NULL)
		errno = ENOMEM;
	return at;
}

int
dir_del(struct dir **dp, const char *name, size_t len)
{
	struct node **at = dir_own_slot(dp, name, len);
	struct dir *d = *dp;

	if (at == NULL)
		return errno;
	node_unref(*at);
	*at = NULL;
	d->live--;
	d->names -= (uint32_t)len + 1;
	if (d->live == 0) {
		*dp = NULL;
		dir_unref(d);
		return 0;
	}
	if (d->ix == NULL) {
		while (d->slots > 0 && d->vec->p[d->slots - 1] == NULL)
			d->slots--;
	} else if (d->ix->next > 4 * d->live + 64) {
		/* Memory is given back; without any it stays as it is. */
		(void)rebuild(d);
	}
	return 0;
}
