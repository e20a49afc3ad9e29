/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xz and lzma. A kernel is one stream of one block, and has a CRC-32 of all of
 * it, which is left to who takes the pieces: that is a tenth of the time.
 */
#include "config.h"

#include <errno.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>

#include "xg_private.h"

/* A dictionary is larger, nothing else is. */
#define LARGE (1u << 20)

/* What the only block of a stream must sum up to. False: it is another kind of
 * stream, which liblzma shall check. */
static bool
sum_of(const uint8_t *in, size_t len, uint32_t *crc)
{
	const size_t head = LZMA_STREAM_HEADER_SIZE;
	uint64_t memory = XG_UNPACK_MEMORY;
	lzma_stream_flags f;
	lzma_index *index;
	size_t end, at;
	bool one;

	if (len < 2 * head + sizeof(*crc))
		return false;
	end = len - head;
	if (lzma_stream_footer_decode(&f, in + end) != LZMA_OK ||
	    f.check != LZMA_CHECK_CRC32 ||
	    f.backward_size > end - head - sizeof(*crc))
		return false;
	at = end - (size_t)f.backward_size;
	memcpy(crc, in + at - sizeof(*crc), sizeof(*crc));
	if (lzma_index_buffer_decode(&index, &memory, NULL, in, &at, end) !=
	    LZMA_OK)
		return false;
	/* And nothing else is before it. */
	one = at == end && lzma_index_block_count(index) == 1 &&
	    lzma_index_file_size(index) == len;
	lzma_index_end(index, NULL);
	return one;
}

static void *
allocate(void *arg, size_t n, size_t size)
{
	const struct xg_unpacking *j = arg;
	size_t bytes;
	void *p;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	p = malloc(bytes);
	if (p != NULL && bytes >= LARGE && j->room->expect != NULL)
		j->room->expect(j->room->ctx, p,
		    bytes < j->out_len ? bytes : (size_t)j->out_len);
	return p;
}

static int
run(lzma_stream *s, struct xg_unpacking *j)
{
	lzma_ret r;
	int why;

	s->next_in = j->in;
	s->avail_in = j->in_len;
	do {
		size_t n;

		s->next_out = xg_piece(j, &n);
		s->avail_out = n;
		r = lzma_code(s, LZMA_FINISH);
		why = xg_took(j, n - s->avail_out);
	} while (why == 0 && r == LZMA_OK);
	lzma_end(s);
	if (why != 0 || r == LZMA_MEM_ERROR || r == LZMA_MEMLIMIT_ERROR)
		return why != 0 ? why : ENOMEM;
	return r == LZMA_STREAM_END && j->done == j->out_len ? 0 : EINVAL;
}

int
xg_unxz(struct xg_unpacking *j)
{
	lzma_allocator a = { .alloc = allocate, .opaque = j };
	lzma_stream s = LZMA_STREAM_INIT;

	s.allocator = &a;
	j->summed = j->out == NULL && sum_of(j->in, j->in_len, &j->crc);
	if (lzma_stream_decoder(&s, XG_UNPACK_MEMORY,
		j->summed ? LZMA_IGNORE_CHECK : 0) != LZMA_OK)
		return ENOMEM;
	return run(&s, j);
}

int
xg_unlzma(struct xg_unpacking *j)
{
	lzma_allocator a = { .alloc = allocate, .opaque = j };
	lzma_stream s = LZMA_STREAM_INIT;

	s.allocator = &a;
	if (lzma_alone_decoder(&s, XG_UNPACK_MEMORY) != LZMA_OK)
		return ENOMEM;
	return run(&s, j);
}
