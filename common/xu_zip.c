/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <zlib.h>
#include <zstd.h>

#include "xu_zip.h"

/* What comes out at a time. */
#define PIECE	   ((size_t)64 << 10)
/* zlib: a window of 32 KiB, with the head and the tail of gzip. */
#define GZIP_BITS  (15 + 16)
#define GZIP_LEVEL 1
#define ZSTD_LEVEL 1
/* Of a stream that others made: 128 MiB, as zstd without --long takes. */
#define ZSTD_WINDOW 27

enum xu_zip
xu_zip_kind(const void *p, size_t n)
{
	if (n >= 2 && memcmp(p, "\x1f\x8b", 2) == 0)
		return XU_ZIP_GZIP;
	if (n >= 4 && memcmp(p, "\x28\xb5\x2f\xfd", 4) == 0)
		return XU_ZIP_ZSTD;
	return XU_ZIP_NONE;
}

/* ---- to ------------------------------------------------------------------------- */

struct xu_pack {
	enum xu_zip kind;
	z_stream gz;
	ZSTD_CCtx *zs;
	char out[PIECE];
};

struct xu_pack *
xu_pack_new(enum xu_zip kind)
{
	struct xu_pack *z = calloc(1, sizeof(*z));
	bool ok = true;

	if (z == NULL)
		return NULL;
	z->kind = kind;
	if (kind == XU_ZIP_GZIP) {
		ok = deflateInit2(&z->gz, GZIP_LEVEL, Z_DEFLATED, GZIP_BITS, 8,
			Z_DEFAULT_STRATEGY) == Z_OK;
	} else if (kind == XU_ZIP_ZSTD) {
		z->zs = ZSTD_createCCtx();
		ok = z->zs != NULL && !ZSTD_isError(ZSTD_CCtx_setParameter(
			z->zs, ZSTD_c_compressionLevel, ZSTD_LEVEL));
	}
	if (ok)
		return z;
	xu_pack_free(z);
	return NULL;
}

void
xu_pack_free(struct xu_pack *z)
{
	if (z == NULL)
		return;
	if (z->kind == XU_ZIP_GZIP)
		deflateEnd(&z->gz);
	ZSTD_freeCCtx(z->zs);
	free(z);
}

/* Bytes in z->out; *more: once more, for there was not room enough. -1. */
static ssize_t
pack_gzip(struct xu_pack *z, bool end, bool *more)
{
	int r;

	z->gz.next_out = (Bytef *)z->out;
	z->gz.avail_out = PIECE;
	r = deflate(&z->gz, end ? Z_FINISH : Z_NO_FLUSH);
	if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
		return -1;
	*more = end ? r != Z_STREAM_END : z->gz.avail_out == 0;
	return (ssize_t)(PIECE - z->gz.avail_out);
}

static ssize_t
pack_zstd(struct xu_pack *z, ZSTD_inBuffer *in, bool end, bool *more)
{
	ZSTD_outBuffer out = { z->out, PIECE, 0 };
	size_t left = ZSTD_compressStream2(z->zs, &out, in,
	    end ? ZSTD_e_end : ZSTD_e_continue);

	if (ZSTD_isError(left))
		return -1;
	*more = end ? left != 0 : in->pos < in->size;
	return (ssize_t)out.pos;
}

int
xu_pack(struct xu_pack *z, const void *p, size_t n, bool end,
    int (*put)(void *arg, const void *p, size_t n), void *arg)
{
	ZSTD_inBuffer in = { p, n, 0 };
	bool more = true;
	ssize_t made;
	int r = 0;

	if (z->kind == XU_ZIP_NONE)
		return put(arg, p, n);
	z->gz.next_in = (Bytef *)(uintptr_t)p;
	z->gz.avail_in = (uInt)n;
	while (r == 0 && more) {
		made = z->kind == XU_ZIP_GZIP ? pack_gzip(z, end, &more) :
						pack_zstd(z, &in, end, &more);
		if (made < 0)
			return -1;
		if (made > 0)
			r = put(arg, z->out, (size_t)made);
	}
	return r;
}

/* ---- from ----------------------------------------------------------------------- */

struct xu_unpack {
	enum xu_zip kind;
	z_stream gz;
	ZSTD_DCtx *zs;
	/* A stream has ended, and no other one has begun. */
	bool ended;
};

struct xu_unpack *
xu_unpack_new(enum xu_zip kind)
{
	struct xu_unpack *z = calloc(1, sizeof(*z));
	bool ok = true;

	if (z == NULL)
		return NULL;
	z->kind = kind;
	if (kind == XU_ZIP_GZIP) {
		ok = inflateInit2(&z->gz, GZIP_BITS) == Z_OK;
	} else if (kind == XU_ZIP_ZSTD) {
		z->zs = ZSTD_createDCtx();
		ok = z->zs != NULL && !ZSTD_isError(ZSTD_DCtx_setParameter(
			z->zs, ZSTD_d_windowLogMax, ZSTD_WINDOW));
	}
	if (ok)
		return z;
	xu_unpack_free(z);
	return NULL;
}

void
xu_unpack_free(struct xu_unpack *z)
{
	if (z == NULL)
		return;
	if (z->kind == XU_ZIP_GZIP)
		inflateEnd(&z->gz);
	ZSTD_freeDCtx(z->zs);
	free(z);
}

static int
unpack_gzip(struct xu_unpack *z, const char **in, size_t *n, char *out,
    size_t max, size_t *got)
{
	int r;

	if (z->ended && (*n == 0 || inflateReset(&z->gz) != Z_OK))
		return *n == 0 ? 0 : -1;
	z->gz.next_in = (Bytef *)(uintptr_t)*in;
	z->gz.avail_in = (uInt)*n;
	z->gz.next_out = (Bytef *)out;
	z->gz.avail_out = (uInt)max;
	r = inflate(&z->gz, Z_NO_FLUSH);
	*in = (const char *)z->gz.next_in;
	*n = z->gz.avail_in;
	*got = max - z->gz.avail_out;
	z->ended = r == Z_STREAM_END;
	return r == Z_OK || r == Z_STREAM_END || r == Z_BUF_ERROR ? 0 : -1;
}

static int
unpack_zstd(struct xu_unpack *z, const char **in, size_t *n, char *out,
    size_t max, size_t *got)
{
	ZSTD_inBuffer from = { *in, *n, 0 };
	ZSTD_outBuffer to = { out, max, 0 };
	size_t r = ZSTD_decompressStream(z->zs, &to, &from);

	*in += from.pos;
	*n -= from.pos;
	*got = to.pos;
	return ZSTD_isError(r) ? -1 : 0;
}

int
xu_unpack(struct xu_unpack *z, const char **in, size_t *n, char *out,
    size_t max, size_t *got)
{
	*got = 0;
	if (z->kind == XU_ZIP_GZIP)
		return unpack_gzip(z, in, n, out, max, got);
	if (z->kind == XU_ZIP_ZSTD)
		return unpack_zstd(z, in, n, out, max, got);
	*got = *n < max ? *n : max;
	memcpy(out, *in, *got);
	*in += *got;
	*n -= *got;
	return 0;
}
