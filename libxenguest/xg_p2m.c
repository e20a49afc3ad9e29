/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which machine frame each page of a PV domain is. Memory comes in extents of
 * 2 MiB while the host has them, so most of it is one number for 512 pages; only
 * where extents were smaller is there one for each page. (As a flat array it is
 * 2 MiB for each GiB, and touching those for the first time took domain 0 longer
 * than Xen took to give the memory.)
 */
#include "config.h"

#include <stdlib.h>

#include "xg_private.h"

#define CHUNK XG_P2M_CHUNK

struct chunk {
	/* The first page's frame, and the others behind it; or, when it is not
	 * NULL, the frame of each. */
	uint64_t first;
	uint64_t *each;
};

struct xg_p2m {
	uint64_t nr_pages;
	struct chunk chunks[];
};

struct xg_p2m *
xg_p2m_new(uint64_t nr_pages)
{
	uint64_t n = (nr_pages + CHUNK - 1) / CHUNK;
	struct xg_p2m *p = calloc(1, sizeof(*p) + n * sizeof(p->chunks[0]));

	if (p != NULL)
		p->nr_pages = nr_pages;
	return p;
}

void
xg_p2m_free(struct xg_p2m *p)
{
	if (p == NULL)
		return;
	for (uint64_t i = 0; i < (p->nr_pages + CHUNK - 1) / CHUNK; i++)
		free(p->chunks[i].each);
	free(p);
}

static int
set_some(struct chunk *c, uint64_t at, uint64_t mfn, uint64_t n)
{
	if (c->each == NULL)
		c->each = calloc(CHUNK, sizeof(*c->each));
	if (c->each == NULL)
		return -1;
	for (uint64_t i = 0; i < n; i++)
		c->each[at + i] = mfn + i;
	return 0;
}

int
xg_p2m_set(struct xg_p2m *p, uint64_t pfn, uint64_t mfn, uint64_t n)
{
	while (n > 0) {
		struct chunk *c = &p->chunks[pfn / CHUNK];
		uint64_t at = pfn % CHUNK, part = CHUNK - at;

		part = part < n ? part : n;
		if (part == CHUNK)
			c->first = mfn;
		else if (set_some(c, at, mfn, part) < 0)
			return -1;
		pfn += part;
		mfn += part;
		n -= part;
	}
	return 0;
}

uint64_t
xg_p2m_at(const struct xg_p2m *p, uint64_t pfn)
{
	const struct chunk *c = &p->chunks[pfn / CHUNK];

	return c->each != NULL ? c->each[pfn % CHUNK]
			       : c->first + pfn % CHUNK;
}

void
xg_p2m_read(const struct xg_p2m *p, uint64_t pfn, uint64_t n, uint64_t *mfns)
{
	for (uint64_t i = 0; i < n; i++)
		mfns[i] = xg_p2m_at(p, pfn + i);
}
