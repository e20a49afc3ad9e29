/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UTF-8, for text that came from a guest or a log. */
#ifndef XU_UTF8_H
#define XU_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* U+FFFD: what stands for bytes that are no character. */
#define XU_UTF8_REPLACED "\xef\xbf\xbd"

/* Length of the sequence at p, n > 0 bytes left, and its character; 0 when it is
 * none: cut short, longer than need be, a surrogate, or beyond Unicode. */
size_t xu_utf8_next(const char *p, size_t n, uint32_t *c);

#endif
