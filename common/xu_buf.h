/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Growable bytes with a sticky error: append as often as you like, look once at
 * the end. Always NUL-terminated when not empty, so text can be used in place.
 */
#ifndef XU_BUF_H
#define XU_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xu_auto.h"

struct xu_buf {
	char *data;
	size_t len;
	size_t cap;
	/* errno of the first failure: ENOMEM or E2BIG; 0 = fine. */
	int error;
	/* Upper bound of len; 0 = none. */
	size_t max;
};

#define XU_BUF_INIT                                                            \
	{                                                                      \
		.data = NULL                                                   \
	}

void xu_buf_fini(struct xu_buf *b);
#define AUTO_BUF __attribute__((cleanup(xu_buf_fini)))

/* Forgets the content, keeps the memory. */
void xu_buf_reset(struct xu_buf *b);
/* Makes room for n more bytes and returns where they go, or NULL. */
void *xu_buf_reserve(struct xu_buf *b, size_t n);
void xu_buf_add(struct xu_buf *b, const void *data, size_t n);
void xu_buf_adds(struct xu_buf *b, const char *s);
void xu_buf_addc(struct xu_buf *b, char c);
void xu_buf_addf(struct xu_buf *b, const char *fmt, ...) XU_PRINTF(2, 3);
void xu_buf_vaddf(struct xu_buf *b, const char *fmt, va_list ap)
    XU_PRINTF(2, 0);
/* Removes n bytes from the front. */
void xu_buf_drop(struct xu_buf *b, size_t n);
/* Takes the text out (caller frees), or NULL with errno. The buffer is empty. */
char *xu_buf_steal(struct xu_buf *b) XU_MUST_CHECK;
/* The text, "" when empty. */
const char *xu_buf_text(const struct xu_buf *b);

#endif
