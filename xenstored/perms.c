/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Permission lists. A host has few different ones, and they are shared by all
 * nodes of all trees; so a domain's entries can be voided everywhere, snapshots
 * of transactions included, without a look at a single node (XSA-322, XSA-417).
 */
#include "config.h"

#include <string.h>

#include "xsd.h"

static struct perms **table;
static size_t slots, used;

static bool
same(const struct perm *a, const struct perm *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (a[i].domid != b[i].domid || a[i].access != b[i].access ||
		    a[i].ignore != b[i].ignore)
			return false;
	return true;
}

static uint32_t
hash_list(const struct perm *v, uint32_t n)
{
	uint32_t h = n;

	for (uint32_t i = 0; i < n; i++)
		h = (h ^
			(v[i].domid | (uint32_t)v[i].access << 16 |
			    (uint32_t)v[i].ignore << 24)) *
		    0x9e3779b1u;
	return h ^ h >> 15;
}

static bool
grow(void)
{
	size_t more = slots == 0 ? 64 : slots * 2;
	struct perms **t = calloc(more, sizeof(struct perms *)), *p, *next;

	if (t == NULL)
		return slots != 0;
	for (size_t i = 0; i < slots; i++)
		for (p = table[i]; p != NULL; p = next) {
			next = p->chain;
			p->chain = t[p->hash & (more - 1)];
			t[p->hash & (more - 1)] = p;
		}
	free(table);
	table = t;
	slots = more;
	return true;
}

static struct perms *
find(const struct perm *v, uint32_t n, uint32_t hash)
{
	struct perms *p = slots == 0 ? NULL : table[hash & (slots - 1)];

	while (p != NULL && (p->hash != hash || p->n != n || !same(p->v, v, n)))
		p = p->chain;
	return p;
}

static void
insert(struct perms *p)
{
	p->interned = true;
	p->chain = table[p->hash & (slots - 1)];
	table[p->hash & (slots - 1)] = p;
	used++;
}

static void
take_out(struct perms *p)
{
	struct perms **at = &table[p->hash & (slots - 1)];

	while (*at != p)
		at = &(*at)->chain;
	*at = p->chain;
	p->interned = false;
	used--;
}

struct perms *
perms_new(const struct perm *v, uint32_t n)
{
	uint32_t hash = hash_list(v, n);
	struct perms *p = find(v, n, hash);

	if (p != NULL)
		return perms_ref(p);
	if (used >= slots && !grow())
		return NULL;
	p = calloc(1, sizeof(*p) + n * sizeof(*v));
	if (p == NULL)
		return NULL;
	p->refs = 1;
	p->n = n;
	p->hash = hash;
	memcpy(p->v, v, n * sizeof(*v));
	insert(p);
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
	if (p == NULL || --p->refs != 0)
		return;
	if (p->interned)
		take_out(p);
	free(p);
}

bool
perms_equal(const struct perms *a, const struct perms *b)
{
	return a == b || (a->n == b->n && same(a->v, b->v, a->n));
}

static bool
names(const struct perms *p, uint16_t domid)
{
	for (uint32_t i = 1; i < p->n; i++)
		if (p->v[i].domid == domid)
			return true;
	return false;
}

static void
strip(struct perms *p, uint16_t domid)
{
	uint32_t k = 1;

	take_out(p);
	for (uint32_t i = 1; i < p->n; i++)
		if (p->v[i].domid != domid)
			p->v[k++] = p->v[i];
	p->n = k;
	p->hash = hash_list(p->v, k);
	/* Its holders keep it; a new user of the same list finds the other. */
	if (find(p->v, k, p->hash) == NULL)
		insert(p);
}

void
perms_strip(uint16_t domid)
{
	struct perms *p, *next, *found = NULL;

	/* Collected first: stripping moves lists between slots. */
	for (size_t i = 0; i < slots; i++)
		for (struct perms **at = &table[i]; (p = *at) != NULL;) {
			if (!names(p, domid)) {
				at = &p->chain;
				continue;
			}
			*at = p->chain;
			p->chain = found;
			found = p;
		}
	for (p = found; p != NULL; p = next) {
		next = p->chain;
		p->chain = table[p->hash & (slots - 1)];
		table[p->hash & (slots - 1)] = p;
		strip(p, domid);
	}
}
