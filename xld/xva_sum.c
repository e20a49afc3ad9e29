/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sums of chunks: SHA-1 (FIPS 180) and XXH64 with seed 0 (the specification of
 * xxHash). They find damage; who wrote the archive they do not tell. */
#include "config.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "xva.h"

/* ---- SHA-1 -------------------------------------------------------------------- */

static uint32_t
rol32(uint32_t v, unsigned n)
{
	return v << n | v >> (32 - n);
}

static void
sha1_block(uint32_t h[5], const unsigned char *p)
{
	static const uint32_t k[] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc,
		0xca62c1d6 };
	uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f, t;

	memcpy(w, p, 64);
	for (int i = 0; i < 16; i++)
		w[i] = be32toh(w[i]);
	for (int i = 16; i < 80; i++)
		w[i] = rol32(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	for (int i = 0; i < 80; i++) {
		f = i < 20 ? (b & c) | (~b & d) :
		    i >= 40 && i < 60 ? (b & c) | (b & d) | (c & d) :
					b ^ c ^ d;
		t = rol32(a, 5) + f + e + k[i / 20] + w[i];
		e = d;
		d = c;
		c = rol32(b, 30);
		b = a;
		a = t;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
}

void
xva_sha1(const void *data, size_t n, char out[XVA_SHA1_HEX])
{
	uint32_t h[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476,
		0xc3d2e1f0 };
	const unsigned char *p = data;
	unsigned char last[128] = { 0 };
	const size_t rest = n % 64, tail = rest < 56 ? 64 : 128;
	const uint64_t bits = htobe64((uint64_t)n * 8);

	for (size_t i = 0; i + 64 <= n; i += 64)
		sha1_block(h, p + i);
	if (rest > 0)
		memcpy(last, p + n - rest, rest);
	last[rest] = 0x80;
	memcpy(last + tail - 8, &bits, 8);
	for (size_t i = 0; i < tail; i += 64)
		sha1_block(h, last + i);
	for (int i = 0; i < 5; i++)
		snprintf(out + (size_t)i * 8, 9, "%08x", h[i]);
}

/* ---- XXH64 --------------------------------------------------------------------- */

#define P1 UINT64_C(0x9e3779b185ebca87)
#define P2 UINT64_C(0xc2b2ae3d27d4eb4f)
#define P3 UINT64_C(0x165667b19e3779f9)
#define P4 UINT64_C(0x85ebca77c2b2ae63)
#define P5 UINT64_C(0x27d4eb2f165667c5)

static uint64_t
rol64(uint64_t v, unsigned n)
{
	return v << n | v >> (64 - n);
}

static uint64_t
le64_at(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static uint64_t
lane(uint64_t acc, uint64_t in)
{
	return rol64(acc + in * P2, 31) * P1;
}

/* Blocks of 32 bytes; *pp: what is behind the last one. */
static uint64_t
stripes(const unsigned char **pp, const unsigned char *end)
{
	uint64_t v[4] = { P1 + P2, P2, 0, 0 - P1 }, h;
	const unsigned char *p = *pp;

	for (; end - p >= 32; p += 32)
		for (int i = 0; i < 4; i++)
			v[i] = lane(v[i], le64_at(p + i * 8));
	*pp = p;
	h = rol64(v[0], 1) + rol64(v[1], 7) + rol64(v[2], 12) +
	    rol64(v[3], 18);
	for (int i = 0; i < 4; i++)
		h = (h ^ lane(0, v[i])) * P1 + P4;
	return h;
}

uint64_t
xva_xxh64(const void *data, size_t n)
{
	const unsigned char *p = data, *end = p + n;
	uint64_t h = n >= 32 ? stripes(&p, end) : P5;
	uint32_t four;

	h += n;
	for (; end - p >= 8; p += 8)
		h = rol64(h ^ lane(0, le64_at(p)), 27) * P1 + P4;
	if (end - p >= 4) {
		memcpy(&four, p, sizeof(four));
		h = rol64(h ^ le32toh(four) * P1, 23) * P2 + P3;
		p += 4;
	}
	for (; p < end; p++)
		h = rol64(h ^ *p * P5, 11) * P1;
	h = (h ^ h >> 33) * P2;
	h = (h ^ h >> 29) * P3;
	return h ^ h >> 32;
}
