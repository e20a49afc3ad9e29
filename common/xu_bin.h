/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bounded little-endian reader over bytes of somebody else. The error is
 * sticky: after the first read past the end every read gives 0/NULL and
 * xu_bin_ok() is false. Writing is xu_put_* onto a struct xu_buf.
 */
#ifndef XU_BIN_H
#define XU_BIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "xu_buf.h"

struct xu_bin {
	const uint8_t *p;
	size_t left;
	bool bad;
};

static inline struct xu_bin
xu_bin_of(const void *data, size_t len)
{
	struct xu_bin r = { data, len, false };

	return r;
}

static inline bool
xu_bin_ok(const struct xu_bin *r)
{
	return !r->bad;
}

/* n raw bytes, borrowed from the input; NULL when there are fewer. */
static inline const void *
xu_get_bytes(struct xu_bin *r, size_t n)
{
	const void *p = r->p;

	if (r->bad || n > r->left) {
		r->bad = true;
		return NULL;
	}
	r->p += n;
	r->left -= n;
	return p;
}

#define XU_BIN_GET(bits)                                                       \
	static inline uint##bits##_t xu_get_u##bits(struct xu_bin *r)          \
	{                                                                      \
		uint##bits##_t v = 0;                                          \
		const void *p = xu_get_bytes(r, sizeof(v));                    \
                                                                               \
		if (p != NULL)                                                 \
			memcpy(&v, p, sizeof(v));                              \
		return v;                                                      \
	}                                                                      \
	static inline void xu_put_u##bits(struct xu_buf *b, uint##bits##_t v)  \
	{                                                                      \
		xu_buf_add(b, &v, sizeof(v));                                  \
	}

/* x86 only: host order is little-endian. */
XU_BIN_GET(8)
XU_BIN_GET(16)
XU_BIN_GET(32)
XU_BIN_GET(64)
#undef XU_BIN_GET

/* Length-prefixed bytes (u32 length). */
static inline void
xu_put_blob(struct xu_buf *b, const void *data, size_t n)
{
	xu_put_u32(b, (uint32_t)n);
	xu_buf_add(b, data, n);
}

/* Borrowed; NULL when malformed. *n is set to 0 then. */
static inline const void *
xu_get_blob(struct xu_bin *r, size_t *n)
{
	size_t len = xu_get_u32(r);
	const void *p = xu_get_bytes(r, len);

	*n = p == NULL ? 0 : len;
	return p;
}

#endif
