/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Chained hash map; see xu_map.h. Grows at load 1, never shrinks. Entries move to
 * the larger table a few slots with each new one: nobody waits for all of them.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "xu_map.h"

struct entry {
	struct entry *next;
	uint64_t hash;
	uint64_t num;
	void *value;
	/* Number keys have text == NULL. */
	char *text;
};

/* One would do: the old table is empty before the new one is full. */
#define MOVED_AT_ONCE 4

struct xu_map {
	struct entry **slots;
	size_t nslots, count;
	/* The smaller table; NULL: there is none. Slots below moved are empty. */
	struct entry **old;
	size_t nold, moved;
};

static uint64_t seed[2];

static uint64_t
rotl(uint64_t x, int b)
{
	return x << b | x >> (64 - b);
}

/* SipHash-1-3 (Aumasson, Bernstein), a keyed hash made for tables. */
static void
sipround(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

static uint64_t
hash_bytes(const void *data, size_t len)
{
	uint64_t v[4] = { seed[0] ^ 0x736f6d6570736575ULL,
		seed[1] ^ 0x646f72616e646f6dULL, seed[0] ^ 0x6c7967656e657261ULL,
		seed[1] ^ 0x7465646279746573ULL };
	const unsigned char *p = data;
	uint64_t word, last = (uint64_t)len << 56;
	size_t i;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&word, p, 8);
		v[3] ^= word;
		sipround(v);
		v[0] ^= word;
	}
	for (i = 0; i < len; i++)
		last |= (uint64_t)p[i] << (8 * i);
	v[3] ^= last;
	sipround(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	for (i = 0; i < 3; i++)
		sipround(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* Once: a map that another thread has must not get another seed. */
static void
make_seed(void)
{
	struct timespec now;

	if (getrandom(seed, sizeof(seed), 0) == (ssize_t)sizeof(seed))
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	seed[0] = (uint64_t)now.tv_nsec ^ (uint64_t)(uintptr_t)&now;
}

static void
ensure_seed(void)
{
	static pthread_once_t seeded = PTHREAD_ONCE_INIT;

	pthread_once(&seeded, make_seed);
}

uint64_t
xu_map_hash(const char *text)
{
	ensure_seed();
	return hash_bytes(text, strlen(text));
}

struct xu_map *
xu_map_new(void)
{
	struct xu_map *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	ensure_seed();
	m->nslots = 16;
	m->slots = calloc(m->nslots, sizeof(*m->slots));
	if (m->slots == NULL) {
		free(m);
		return NULL;
	}
	return m;
}

static void
free_slots(struct entry **slots, size_t n)
{
	struct entry *e, *next;

	for (size_t i = 0; i < n; i++)
		for (e = slots[i]; e != NULL; e = next) {
			next = e->next;
			free(e->text);
			free(e);
		}
	free(slots);
}

void
xu_map_free(struct xu_map **mp)
{
	struct xu_map *m = *mp;

	if (m == NULL)
		return;
	free_slots(m->slots, m->nslots);
	if (m->old != NULL)
		free_slots(m->old, m->nold);
	free(m);
	*mp = NULL;
}

size_t
xu_map_count(const struct xu_map *m)
{
	return m->count;
}

static bool
matches(const struct entry *e, uint64_t hash, const char *text, uint64_t num)
{
	if (e->hash != hash || (e->text == NULL) != (text == NULL))
		return false;
	return text == NULL ? e->num == num : strcmp(e->text, text) == 0;
}

static struct entry **
find_in(struct entry **slots, size_t n, const char *text, uint64_t num,
    uint64_t hash)
{
	struct entry **pp = &slots[hash & (n - 1)];

	while (*pp != NULL && !matches(*pp, hash, text, num))
		pp = &(*pp)->next;
	return pp;
}

/* The place of what is there, or of what is to come: never in the old table. */
static struct entry **
find(const struct xu_map *m, const char *text, uint64_t num, uint64_t *hashp)
{
	uint64_t hash = text != NULL ? hash_bytes(text, strlen(text))
				     : hash_bytes(&num, sizeof(num));
	struct entry **pp;

	*hashp = hash;
	if (m->old != NULL && (hash & (m->nold - 1)) >= m->moved) {
		pp = find_in(m->old, m->nold, text, num, hash);
		if (*pp != NULL)
			return pp;
	}
	return find_in(m->slots, m->nslots, text, num, hash);
}

static void
move_slot(struct xu_map *m, size_t from)
{
	struct entry *e, *next, **to;

	for (e = m->old[from]; e != NULL; e = next) {
		next = e->next;
		to = &m->slots[e->hash & (m->nslots - 1)];
		e->next = *to;
		*to = e;
	}
	m->old[from] = NULL;
}

static void
move_some(struct xu_map *m)
{
	for (int i = 0; i < MOVED_AT_ONCE && m->moved < m->nold; i++)
		move_slot(m, m->moved++);
	if (m->moved < m->nold)
		return;
	free(m->old);
	m->old = NULL;
}

static void
maybe_grow(struct xu_map *m)
{
	size_t n = m->nslots * 2;
	struct entry **slots;

	if (m->old != NULL) {
		move_some(m);
		return;
	}
	if (m->count < m->nslots)
		return;
	slots = calloc(n, sizeof(*slots));
	if (slots == NULL)
		return; /* longer chains, still correct */
	m->old = m->slots;
	m->nold = m->nslots;
	m->moved = 0;
	m->slots = slots;
	m->nslots = n;
}

static int
put(struct xu_map *m, const char *text, uint64_t num, void *value)
{
	uint64_t hash;
	struct entry **pp = find(m, text, num, &hash), *e = *pp;

	if (e != NULL) {
		e->value = value;
		return 0;
	}
	e = calloc(1, sizeof(*e));
	if (e == NULL)
		return -1;
	if (text != NULL && (e->text = strdup(text)) == NULL) {
		free(e);
		errno = ENOMEM;
		return -1;
	}
	e->hash = hash;
	e->num = num;
	e->value = value;
	*pp = e;
	m->count++;
	maybe_grow(m);
	return 0;
}

static void *
del(struct xu_map *m, const char *text, uint64_t num)
{
	uint64_t hash;
	struct entry **pp = find(m, text, num, &hash), *e = *pp;
	void *value;

	if (e == NULL)
		return NULL;
	value = e->value;
	*pp = e->next;
	free(e->text);
	free(e);
	m->count--;
	return value;
}

int
xu_map_put(struct xu_map *m, const char *key, void *value)
{
	return put(m, key, 0, value);
}

int
xu_map_put_u64(struct xu_map *m, uint64_t key, void *value)
{
	return put(m, NULL, key, value);
}

void *
xu_map_get(const struct xu_map *m, const char *key)
{
	uint64_t hash;
	struct entry *e = *find(m, key, 0, &hash);

	return e == NULL ? NULL : e->value;
}

void *
xu_map_get_u64(const struct xu_map *m, uint64_t key)
{
	uint64_t hash;
	struct entry *e = *find(m, NULL, key, &hash);

	return e == NULL ? NULL : e->value;
}

void *
xu_map_del(struct xu_map *m, const char *key)
{
	return del(m, key, 0);
}

void *
xu_map_del_u64(struct xu_map *m, uint64_t key)
{
	return del(m, NULL, key);
}

void *
xu_map_next(const struct xu_map *m, size_t *pos)
{
	size_t slot = *pos >> 16, depth = *pos & 0xffff, i;
	size_t all = m->nslots + (m->old != NULL ? m->nold : 0);
	struct entry *e;

	for (; slot < all; slot++, depth = 0) {
		e = slot < m->nslots ? m->slots[slot] :
				       m->old[slot - m->nslots];
		for (i = 0; i < depth && e != NULL; i++)
			e = e->next;
		if (e != NULL) {
			*pos = slot << 16 | (depth + 1);
			return e->value;
		}
	}
	return NULL;
}
