/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The file format of lzop(1) as far as kernels use it: one header of variable
 * length, then blocks with big-endian sizes and checksums. The compression
 * itself is liblzo2's.
 */
#include "config.h"

#include <errno.h>
#include <lzo/lzo1x.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

#include "xg_private.h"

/* From this version on a header has three fields more. */
#define V_LONG 0x0940

#define F_ADLER_OUT 0x0001u
#define F_ADLER_IN 0x0002u
#define F_EXTRA 0x0040u
#define F_CRC_OUT 0x0100u
#define F_CRC_IN 0x0200u
#define F_FILTER 0x0800u
#define F_HEAD_CRC 0x1000u

/* What is left to read; bad once something was not there. */
struct reader {
	struct xg_blob in;
	uint64_t at;
	bool bad;
};

static uint32_t
be(struct reader *r, unsigned bytes)
{
	const uint8_t *p = xg_at(&r->in, r->at, bytes);
	uint32_t v = 0;

	if (p == NULL) {
		r->bad = true;
		return 0;
	}
	r->at += bytes;
	for (unsigned i = 0; i < bytes; i++)
		v = v << 8 | p[i];
	return v;
}

static const uint8_t *
bytes(struct reader *r, uint64_t n)
{
	const uint8_t *p = xg_at(&r->in, r->at, n);

	if (p == NULL)
		r->bad = true;
	else
		r->at += n;
	return p;
}

/* Its flags. */
static uint32_t
header(struct reader *r)
{
	static const uint8_t magic[9] = {
	    0x89, 'L', 'Z', 'O', 0, '\r', '\n', 0x1a, '\n'};
	const uint8_t *p = bytes(r, sizeof(magic));
	uint32_t version, method, flags, sum;

	if (p == NULL || memcmp(p, magic, sizeof(magic)) != 0)
		r->bad = true;
	version = be(r, 2);
	be(r, version >= V_LONG ? 4 : 2);
	method = be(r, 1);
	/* 1 to 3 are the ways to compress LZO1X. */
	if (method < 1 || method > 3)
		r->bad = true;
	if (version >= V_LONG)
		be(r, 1);
	flags = be(r, 4);
	/* Filters change the data; kernels have none. */
	if ((flags & F_FILTER) != 0)
		r->bad = true;
	/* Mode and time, name. */
	bytes(r, version >= V_LONG ? 12 : 8);
	bytes(r, be(r, 1));
	if (r->bad)
		return 0;
	p += sizeof(magic);
	sum = (flags & F_HEAD_CRC) != 0 ? (uint32_t)crc32(crc32(0, NULL, 0), p,
					      (uInt)(r->at - sizeof(magic)))
					: (uint32_t)adler32(adler32(0, NULL, 0),
					      p, (uInt)(r->at - sizeof(magic)));
	if (be(r, 4) != sum)
		r->bad = true;
	if ((flags & F_EXTRA) != 0) {
		bytes(r, be(r, 4));
		be(r, 4);
	}
	return flags;
}

struct sums {
	uint32_t adler, crc;
};

static struct sums
read_sums(struct reader *r, uint32_t flags, uint32_t adler, uint32_t crc)
{
	struct sums s = {0, 0};

	if ((flags & adler) != 0)
		s.adler = be(r, 4);
	if ((flags & crc) != 0)
		s.crc = be(r, 4);
	return s;
}

/* One block of out_len bytes. */
static bool
block(struct reader *r, uint32_t flags, uint8_t *out, uint32_t out_len)
{
	uint32_t in_len = be(r, 4);
	struct sums s = read_sums(r, flags, F_ADLER_OUT, F_CRC_OUT);
	const uint8_t *p;
	lzo_uint n = out_len;

	if (in_len < out_len)
		read_sums(r, flags, F_ADLER_IN, F_CRC_IN);
	p = bytes(r, in_len);
	if (r->bad || in_len > out_len)
		return false;
	if (in_len == out_len)
		memcpy(out, p, out_len);
	else if (lzo1x_decompress_safe(p, in_len, out, &n, NULL) != LZO_E_OK ||
	    n != out_len)
		return false;
	if ((flags & F_ADLER_OUT) != 0 &&
	    adler32(adler32(0, NULL, 0), out, out_len) != s.adler)
		return false;
	return (flags & F_CRC_OUT) == 0 ||
	    crc32(crc32(0, NULL, 0), out, out_len) == s.crc;
}

int
xg_unlzop(const struct xg_blob *in, uint8_t *out, uint64_t out_len)
{
	struct reader r = {.in = *in};
	uint32_t flags = header(&r), len;
	uint64_t done = 0;

	while (!r.bad && (len = be(&r, 4)) != 0) {
		if (len > out_len - done || !block(&r, flags, out + done, len))
			return EINVAL;
		done += len;
	}
	return !r.bad && done == out_len && r.at == in->size ? 0 : EINVAL;
}
