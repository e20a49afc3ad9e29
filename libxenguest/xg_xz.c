/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xz and lzma. A kernel is one stream of one block, x86's filter behind LZMA2, and
 * has a CRC-32 of all of it. Of that this thread does LZMA2 alone: the sum and the
 * filter, a tenth of the time each, are left to who takes the pieces.
 */
#include "config.h"

#include <errno.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>

#include "xg_private.h"

/* A dictionary is larger, nothing else is. */
#define LARGE (1u << 20)

/* The only block of a stream, whose sum is a CRC-32. */
struct block {
	lzma_filter filters[LZMA_FILTERS_MAX + 1];
	/* Of what is packed. */
	const uint8_t *in;
	size_t len;
	uint32_t crc;
};

/* The flags of head and end agree, and the index tells of one block that is all
 * there is between them. */
static bool
one_block(const uint8_t *in, size_t len, lzma_block *b, lzma_vli *unpadded)
{
	const size_t head = LZMA_STREAM_HEADER_SIZE, end = len - head;
	uint64_t memory = XG_UNPACK_MEMORY;
	lzma_stream_flags first, last;
	lzma_index_iter it;
	lzma_index *index;
	size_t at;
	bool one;

	if (len < 2 * head ||
	    lzma_stream_header_decode(&first, in) != LZMA_OK ||
	    lzma_stream_footer_decode(&last, in + end) != LZMA_OK ||
	    lzma_stream_flags_compare(&first, &last) != LZMA_OK ||
	    last.check != LZMA_CHECK_CRC32 || last.backward_size > end - head)
		return false;
	at = end - (size_t)last.backward_size;
	if (lzma_index_buffer_decode(&index, &memory, NULL, in, &at, end) !=
	    LZMA_OK)
		return false;
	lzma_index_iter_init(&it, index);
	one = at == end && lzma_index_block_count(index) == 1 &&
	    lzma_index_file_size(index) == len &&
	    !lzma_index_iter_next(&it, LZMA_INDEX_ITER_BLOCK);
	if (one) {
		b->uncompressed_size = it.block.uncompressed_size;
		*unpadded = it.block.unpadded_size;
	}
	lzma_index_end(index, NULL);
	return one;
}

static void
free_filters(lzma_filter *f)
{
	for (; f->id != LZMA_VLI_UNKNOWN; f++)
		free(f->options);
}

/* Its header says what the index says; behind it are zeros and the sum. */
static bool
read_block(const uint8_t *in, lzma_vli unpadded, lzma_block *b,
    struct block *out)
{
	const lzma_vli size = b->uncompressed_size;
	const uint8_t *end;

	*b = (lzma_block){ .check = LZMA_CHECK_CRC32,
		.filters = out->filters,
		.header_size = lzma_block_header_size_decode(in[0]) };
	/* 0 is where an index begins. */
	if (in[0] == 0 || b->header_size > unpadded ||
	    lzma_block_header_decode(b, NULL, in) != LZMA_OK)
		return false;
	out->in = in + b->header_size;
	end = in + (unpadded + 3) / 4 * 4 - sizeof(out->crc);
	memcpy(&out->crc, end, sizeof(out->crc));
	if (lzma_block_compressed_size(b, unpadded) == LZMA_OK &&
	    (b->uncompressed_size == LZMA_VLI_UNKNOWN ||
		b->uncompressed_size == size)) {
		out->len = (size_t)b->compressed_size;
		while (end > out->in + out->len && end[-1] == 0)
			end--;
		if (end == out->in + out->len)
			return true;
	}
	free_filters(out->filters);
	return false;
}

/* False: it is another kind of stream, or a damaged one, and liblzma's. */
static bool
only_block(const struct xg_unpacking *j, struct block *out)
{
	lzma_vli unpadded;
	lzma_block b;

	return one_block(j->in, j->in_len, &b, &unpadded) &&
	    b.uncompressed_size == j->out_len &&
	    read_block(j->in + LZMA_STREAM_HEADER_SIZE, unpadded, &b, out);
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

/* A dictionary that is given back page by page, each for a trap into Xen, takes
 * longer than one that ends with its process. */
static void
keep(void *arg, void *p)
{
	const struct xg_unpacking *j = arg;

	if (!j->room->ends)
		free(p);
}

static int
run(lzma_stream *s, struct xg_unpacking *j)
{
	lzma_ret r;
	bool whole;
	int why;

	do {
		size_t n;

		s->next_out = xg_piece(j, &n);
		s->avail_out = n;
		r = lzma_code(s, LZMA_FINISH);
		why = xg_took(j, n - s->avail_out);
	} while (why == 0 && r == LZMA_OK);
	/* Of a block nothing may be left over. */
	whole = r == LZMA_STREAM_END && j->done == j->out_len &&
	    (!j->summed || s->avail_in == 0);
	lzma_end(s);
	if (why != 0 || r == LZMA_MEM_ERROR || r == LZMA_MEMLIMIT_ERROR)
		return why != 0 ? why : ENOMEM;
	return whole ? 0 : EINVAL;
}

/* Without x86's filter, if that can be left to others. */
static lzma_filter *
ours(struct xg_unpacking *j, lzma_filter *f)
{
	return f[0].id == LZMA_FILTER_X86 && f[0].options == NULL &&
	    f[1].id == LZMA_FILTER_LZMA2 && j->room->x86(j->room->ctx) == 0
	    ? f + 1 : f;
}

static int
unpack_block(lzma_stream *s, struct xg_unpacking *j, struct block *b)
{
	lzma_filter *f = ours(j, b->filters);
	lzma_ret r = LZMA_MEMLIMIT_ERROR;

	if (lzma_raw_decoder_memusage(f) <= XG_UNPACK_MEMORY)
		r = lzma_raw_decoder(s, f);
	free_filters(b->filters);
	if (r != LZMA_OK)
		return r == LZMA_OPTIONS_ERROR ? EINVAL : ENOMEM;
	j->summed = true;
	j->crc = b->crc;
	s->next_in = b->in;
	s->avail_in = b->len;
	return 0;
}

int
xg_unxz(struct xg_unpacking *j)
{
	lzma_allocator a = { .alloc = allocate, .opaque = j };
	lzma_stream s = LZMA_STREAM_INIT;
	struct block b;
	int why = 0;

	s.allocator = &a;
	s.next_in = j->in;
	s.avail_in = j->in_len;
	if (j->out == NULL && only_block(j, &b)) {
		/* It has one dictionary and no more. */
		a.free = keep;
		why = unpack_block(&s, j, &b);
	} else if (lzma_stream_decoder(&s, XG_UNPACK_MEMORY, 0) != LZMA_OK)
		why = ENOMEM;
	return why != 0 ? why : run(&s, j);
}

int
xg_unlzma(struct xg_unpacking *j)
{
	lzma_allocator a = { .alloc = allocate, .opaque = j };
	lzma_stream s = LZMA_STREAM_INIT;

	s.allocator = &a;
	s.next_in = j->in;
	s.avail_in = j->in_len;
	if (lzma_alone_decoder(&s, XG_UNPACK_MEMORY) != LZMA_OK)
		return ENOMEM;
	return run(&s, j);
}
