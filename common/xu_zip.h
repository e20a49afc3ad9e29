/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Streams of gzip and zstd, a piece at a time. A library of its own (libxuzip). */
#ifndef XU_ZIP_H
#define XU_ZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum xu_zip {
	XU_ZIP_NONE,
	XU_ZIP_GZIP,
	XU_ZIP_ZSTD,
};

/* So many bytes at the beginning of a stream tell what it is. */
#define XU_ZIP_MAGIC 4
enum xu_zip xu_zip_kind(const void *p, size_t n);
/* "gzip", "zstd", "" = none; false: none of these. */
static inline bool
xu_zip_of(const char *word, enum xu_zip *out)
{
	*out = strcmp(word, "gzip") == 0 ? XU_ZIP_GZIP :
	    strcmp(word, "zstd") == 0	 ? XU_ZIP_ZSTD :
					   XU_ZIP_NONE;
	return *out != XU_ZIP_NONE || word[0] == '\0';
}

struct xu_pack;
/* NULL: out of memory. */
struct xu_pack *xu_pack_new(enum xu_zip kind);
/* end: that was all. put gets what comes out, and what it returns but 0 ends this,
 * and is returned; -1: it cannot be. */
int xu_pack(struct xu_pack *z, const void *p, size_t n, bool end,
    int (*put)(void *arg, const void *p, size_t n), void *arg);
void xu_pack_free(struct xu_pack *z);

struct xu_unpack;
struct xu_unpack *xu_unpack_new(enum xu_zip kind);
/* Takes from *in what it needs, and *got (at most max) come out: none, and nothing
 * is left of *in, wants more. One stream may follow another. -1: it is damaged. */
int xu_unpack(struct xu_unpack *z, const char **in, size_t *n, char *out,
    size_t max, size_t *got);
void xu_unpack_free(struct xu_unpack *z);

#endif
