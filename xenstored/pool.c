/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the tree and transactions are made of comes and goes by the dozen. Of each
 * size some blocks are kept, and the one that was used last is used next, because
 * the processor still has it: malloc's own lists of that kind hold seven of a
 * size, calloc passes them by, and behind them the block that was given back
 * longest ago comes first.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "xsd.h"
#include "xu_sanitize.h"

/* Blocks are as large as malloc's, which are multiples of this less a word. */
#define STEP	16u
#define CLASSES 66u
/* Kept of a size, in bytes. */
#define KEEP 8192u

struct block {
	struct block *next;
};

static struct {
	struct block *first;
	size_t bytes;
} classes[CLASSES];

static size_t
class_of(size_t size)
{
	return (size + sizeof(void *) + STEP - 1) / STEP;
}

void *
pool_get(size_t size)
{
	const size_t i = class_of(size);
	struct block *b;

	/* A sanitizer has to see where each block ends, in space and time. */
	if (XU_SANITIZED)
		return malloc(size);
	if (i >= CLASSES || (b = classes[i].first) == NULL)
		return malloc(i * STEP - sizeof(void *));
	classes[i].first = b->next;
	classes[i].bytes -= i * STEP;
	return b;
}

void *
pool_zero(size_t size)
{
	void *p = pool_get(size);

	if (p != NULL)
		memset(p, 0, size);
	return p;
}

void
pool_put(void *p, size_t size)
{
	const size_t i = class_of(size);
	struct block *b = p;

	if (XU_SANITIZED || i >= CLASSES || classes[i].bytes >= KEEP) {
		free(p);
		return;
	}
	b->next = classes[i].first;
	classes[i].first = b;
	classes[i].bytes += i * STEP;
}

void
pool_trim(void)
{
	struct block *b;

	for (size_t i = 0; i < CLASSES; i++)
		while ((b = classes[i].first) != NULL) {
			classes[i].first = b->next;
			classes[i].bytes -= i * STEP;
			free(b);
		}
}
