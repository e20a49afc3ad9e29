/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What dirty= fills pages with; who looks at a guest's memory knows it by this. */
#ifndef TINY_PATTERN_H
#define TINY_PATTERN_H

#include <stdint.h>

/* Word `word` of page `page` when it was written for the `count`-th time. */
static inline uint64_t
dirty_pattern(uint64_t page, uint64_t count, uint64_t word)
{
	uint64_t x = page * 0x9e3779b97f4a7c15UL ^ count << 20 ^ word;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9UL;
	return x ^ x >> 27;
}

#endif
