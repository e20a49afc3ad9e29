/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reaches xg_xz.c and xg_x86.c: a stream of xz that is had by pieces, its filter and
 * its sum left to who takes them, must be what liblzma alone makes of it. The first
 * two bytes are the announced size; heads are given the sums that they should have.
 */
#include "config.h"

#include <lzma.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "xg_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX   (64u << 10)
#define PIECE 1000u

static uint8_t image[MAX + XG_X86_KEPT], piece[PIECE];
static size_t have;
static bool filtered;

static void
take(const uint8_t *p, size_t n)
{
	static uint8_t plain[PIECE + XG_X86_KEPT];

	if (filtered && xg_x86_undo(p, n, plain, &n) != 0)
		abort();
	if (n > sizeof(image) - have)
		abort();
	if (n > 0)
		memcpy(image + have, filtered ? plain : p, n);
	have += n;
}

static uint8_t *
next(void *ctx, size_t *n)
{
	(void)ctx;
	*n = PIECE;
	return piece;
}

static int
put(void *ctx, size_t n)
{
	(void)ctx;
	take(piece, n);
	return 0;
}

static const uint8_t *
seen(void *ctx, uint64_t size, uint32_t *crc)
{
	(void)ctx;
	if (filtered)
		take(NULL, 0);
	if (have != size)
		abort();
	*crc = lzma_crc32(image, have, 0);
	return image;
}

static int
x86(void *ctx)
{
	(void)ctx;
	filtered = xg_x86_begin() == 0;
	return filtered ? 0 : -1;
}

static uint8_t *
whole(void *ctx, uint64_t size)
{
	uint8_t **to = ctx;

	return *to = malloc(size);
}

/* A fuzzer does not guess sums. */
static void
mend(uint8_t *p, size_t n)
{
	uint32_t sum;
	size_t len;

	if (n < 16)
		return;
	memcpy(p, "\xfd" "7zXZ", 6);
	sum = lzma_crc32(p + 6, 2, 0);
	memcpy(p + 8, &sum, 4);
	len = ((size_t)p[12] + 1) * 4;
	if (len < 8 || 12 + len > n)
		return;
	sum = lzma_crc32(p + 12, len - 4, 0);
	memcpy(p + 12 + len - 4, &sum, 4);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct xg_limits limits = { MAX, MAX, 10 };
	static const struct xg_room pieces = { .whole = whole,
		.next = next,
		.put = put,
		.seen = seen,
		.x86 = x86 };
	struct xg_error e = { .msg = "" };
	uint8_t *file, *once = NULL;
	struct xg_room room = { .whole = whole, .ctx = &once };
	const uint8_t *a = NULL, *b = NULL;
	struct xg_blob blob = { .size = size + 2 };
	uint64_t na, nb;
	char packed[8];
	int ra, rb;

	if (size < 2 || size > MAX)
		return 0;
	/* The stream, and four bytes behind it. */
	blob.p = file = calloc(1, size + 2);
	memcpy(file, data + 2, size - 2);
	memcpy(file + size - 2, data, 2);
	mend(file, size - 2);
	have = 0;
	filtered = false;
	ra = xg_unpack(&blob, &limits, &room, &a, &na, packed, &e);
	if (strcmp(packed, "xz") == 0) {
		rb = xg_unpack(&blob, &limits, &pieces, &b, &nb, packed, &e);
		if (ra != rb ||
		    (ra == 0 && (na != nb || memcmp(a, b, na) != 0)))
			abort();
	}
	free(once);
	free(file);
	return 0;
}
