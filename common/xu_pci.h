/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses of PCI functions, as people and kernels write them. */
#ifndef XU_PCI_H
#define XU_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "0000:00:1f.7" */
#define XU_BDF_TEXT 13
#define XU_PCI_SLOT_MAX 31
#define XU_PCI_FUNC_MAX 7

struct xu_bdf {
	uint16_t domain;
	uint8_t bus, slot, func;
};

/*
 * "[DDDD:]BB:SS.F", all of s, in hexadecimal. funcs NULL: one function; else F may
 * be "*", or numbers and ranges with commas between ("0-2,5"): *funcs gets a bit
 * for each (0 = all there are), out->func the first. The reason why not, or NULL.
 */
const char *xu_bdf_parse(const char *s, struct xu_bdf *out, unsigned *funcs);
void xu_bdf_text(const struct xu_bdf *b, char out[XU_BDF_TEXT]);
bool xu_bdf_equal(const struct xu_bdf *a, const struct xu_bdf *b);
/* Of the same card. */
bool xu_bdf_same_slot(const struct xu_bdf *a, const struct xu_bdf *b);

#endif
