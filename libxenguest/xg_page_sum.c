/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sums of pages, to know later whether a page is still what was sent.
 *
 * Two of the family NH, each with a random key of its own as long as a page: the sum of
 * (m[2i] + k[2i]) * (m[2i+1] + k[2i+1]) modulo 2^128, with the additions modulo 2^64. For
 * any two pages that differ, at most 2^64 of the 2^128 values of a pair of key words
 * make it the same: the odds are 2^-64. Each is then reduced to 64 bits by a multilinear
 * sum with keys of 128 bits, which adds 2^-64. The keys of the two are independent, so
 * both fail together with less than (2^-63)^2 = 2^-126. The type goes into the second
 * step, where it differs for sure. Neither the guest nor who reads the stream knows a
 * key; no sum ever leaves the process.
 */
#include "config.h"

#include <errno.h>
#include <sys/random.h>

#include "xg_stream.h"

#define WORDS (XC_PAGE_SIZE / 8)
/* Of the second step: three keys of 128 bits and a constant. */
#define TAIL 8

typedef unsigned __int128 wide;

_Static_assert(2 * (WORDS + TAIL) <= XG_SUM_KEYS, "room for both keys");

int
xg_page_sum_init(uint64_t key[XG_SUM_KEYS])
{
	uint8_t *p = (uint8_t *)key;
	const size_t size = XG_SUM_KEYS * sizeof(*key);
	ssize_t r;

	for (size_t got = 0; got < size; got += (size_t)r) {
		r = getrandom(p + got, size - got, 0);
		if (r < 0 && errno == EINTR)
			r = 0;
		else if (r < 0)
			return -1;
	}
	return 0;
}

static wide
wide_key(const uint64_t *k)
{
	return (wide)k[1] << 64 | k[0];
}

static uint64_t
reduce(const uint64_t *k, wide sum, uint64_t type)
{
	wide r = wide_key(k + 6);

	r += wide_key(k) * (uint64_t)sum;
	r += wide_key(k + 2) * (uint64_t)(sum >> 64);
	r += wide_key(k + 4) * type;
	return (uint64_t)(r >> 64);
}

void
xg_page_sum(const uint64_t key[XG_SUM_KEYS], const void *page, unsigned type,
    struct xg_page_sum *out)
{
	const uint64_t *m = page, *a = key, *b = key + WORDS + TAIL;
	wide x = 0, y = 0;

	/* A zero page has no contents to read. */
	for (size_t i = 0; page != NULL && i < WORDS; i += 2) {
		x += (wide)(m[i] + a[i]) * (m[i + 1] + a[i + 1]);
		y += (wide)(m[i] + b[i]) * (m[i + 1] + b[i + 1]);
	}
	out->word[0] = reduce(a + WORDS, x, type + 1ull);
	out->word[1] = reduce(b + WORDS, y, type + 1ull);
}
