/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strict numbers from text: the whole string or nothing. */
#ifndef XU_NUM_H
#define XU_NUM_H

#include <stdbool.h>
#include <stdint.h>

/* Decimal (or 0x hexadecimal when base is 0); no sign, blank or rest. */
bool xu_num_u64(const char *s, int base, uint64_t max, uint64_t *out);
bool xu_num_i64(const char *s, int64_t min, int64_t max, int64_t *out);
/* "512", "512m", "2G", "1048576k" -> KiB; a bare number has the unit given
 * ('k', 'm', 'g' or 'b'). Fractions of a KiB, overflow, other letters: false. */
bool xu_num_kib(const char *s, char unit, uint64_t *out);
/* 8-4-4-4-12 hexadecimal digits, of either case. */
bool xu_is_uuid(const char *s);
/* Edit distance (insert, delete, replace, swap of neighbours), capped at 8. */
unsigned xu_edit_distance(const char *a, const char *b);

/* Which of some names a mistyped word was meant to be: start with the word and
 * the largest distance, show it each name; best is NULL when none is near. */
struct xu_near {
	const char *word, *best;
	unsigned most;
};
void xu_near_try(struct xu_near *n, const char *name);

#endif
