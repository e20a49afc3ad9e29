/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xz's filter for x86, undone by liblzma, which has it only behind a decoder: LZMA2
 * of plain bytes, as it has for what cannot be packed, is one that costs a copy.
 */
#include "config.h"

#include <errno.h>
#include <lzma.h>

#include "xg_private.h"

/* Of LZMA2: the first chunk is told to forget what was before. */
#define CHUNK_MAX (64u << 10)
#define END	  0
#define PLAIN_NEW 1
#define PLAIN	  2

static lzma_stream stream = LZMA_STREAM_INIT;
static uint8_t kind;

int
xg_x86_begin(void)
{
	lzma_options_lzma o = { .dict_size = LZMA_DICT_SIZE_MIN };
	const lzma_filter f[] = { { LZMA_FILTER_X86, NULL },
		{ LZMA_FILTER_LZMA2, &o }, { LZMA_VLI_UNKNOWN, NULL } };

	kind = PLAIN_NEW;
	return lzma_raw_decoder(&stream, f) == LZMA_OK ? 0 : -1;
}

static lzma_ret
feed(const uint8_t *in, size_t n)
{
	stream.next_in = in;
	stream.avail_in = n;
	return lzma_code(&stream, LZMA_RUN);
}

int
xg_x86_undo(const uint8_t *in, size_t n, uint8_t *out, size_t *made)
{
	const uint8_t head[] = { kind, (uint8_t)((n - 1) >> 8),
		(uint8_t)(n - 1) };
	const uint8_t end = END;
	lzma_ret r, want = LZMA_OK;

	if (n > CHUNK_MAX)
		return EINVAL;
	stream.next_out = out;
	stream.avail_out = *made = n + XG_X86_KEPT;
	if (n == 0) {
		want = LZMA_STREAM_END;
		r = feed(&end, sizeof(end));
	} else {
		r = feed(head, sizeof(head));
		if (r == LZMA_OK)
			r = feed(in, n);
		kind = PLAIN;
	}
	*made -= stream.avail_out;
	if (r == want && stream.avail_in == 0)
		return 0;
	return r == LZMA_MEM_ERROR ? ENOMEM : EINVAL;
}
