/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sum of an image, and pages that are zero. */
#include "config.h"

#include "xg_stream.h"

#define LANES  4
#define FACTOR 0x9e3779b97f4a7c15ull

static inline uint64_t
mix(uint64_t lane, uint64_t word)
{
	lane ^= word;
	lane = lane << 29 | lane >> 35;
	return lane * FACTOR;
}

/* A guest may be writing there. What is summed has to be what is copied, so it is read
 * once: a plain read the compiler may well do again. */
static inline uint64_t
word_at(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static inline void
one(struct xg_sum *s, uint64_t word)
{
	uint64_t *lane = &s->lane[s->words++ % LANES];

	*lane = mix(*lane, word);
}

/* to NULL: nothing is copied. */
static inline void
take(struct xg_sum *s, uint64_t *to, const uint64_t *from, size_t n)
{
	uint64_t a, b, c, d, w;

	for (; n > 0 && s->words % LANES != 0; n--, from++) {
		w = word_at(from);
		one(s, w);
		if (to != NULL)
			*to++ = w;
	}
	a = s->lane[0], b = s->lane[1], c = s->lane[2], d = s->lane[3];
	s->words += n - n % LANES;
	for (; n >= LANES; n -= LANES, from += LANES) {
		uint64_t v[LANES] = { word_at(from), word_at(from + 1),
			word_at(from + 2), word_at(from + 3) };

		a = mix(a, v[0]);
		b = mix(b, v[1]);
		c = mix(c, v[2]);
		d = mix(d, v[3]);
		if (to == NULL)
			continue;
		to[0] = v[0];
		to[1] = v[1];
		to[2] = v[2];
		to[3] = v[3];
		to += LANES;
	}
	s->lane[0] = a, s->lane[1] = b, s->lane[2] = c, s->lane[3] = d;
	for (; n > 0; n--, from++) {
		w = word_at(from);
		one(s, w);
		if (to != NULL)
			*to++ = w;
	}
}

void
xg_sum_add(struct xg_sum *s, const void *p, size_t bytes)
{
	take(s, NULL, p, bytes / 8);
}

void
xg_sum_copy(struct xg_sum *s, void *to, const void *from, size_t bytes)
{
	take(s, to, from, bytes / 8);
}

uint64_t
xg_sum_end(const struct xg_sum *s)
{
	uint64_t sum = s->words;

	for (size_t i = 0; i < LANES; i++)
		sum = mix(sum, s->lane[i]);
	return sum ^ sum >> 32;
}

bool
xg_is_zero_page(const void *page)
{
	const uint64_t *w = page;

	for (size_t i = 0; i < XC_PAGE_SIZE / 8; i += 4)
		if ((w[i] | w[i + 1] | w[i + 2] | w[i + 3]) != 0)
			return false;
	return true;
}
