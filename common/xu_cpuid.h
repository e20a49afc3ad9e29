/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a configuration says of the processors a guest sees, in xl's words
 * ("host,avx2=0,family=6") and in xm's ("1:ecx=xxxxxxx0...,edx=k...").
 *
 * A text is words parted by blanks. A word that begins with "host" is a list of
 * FEATURE=VALUE (model/cpufeat.h has the names); any other is
 * LEAF[,SUBLEAF]:eREGx=BITS[,eREGx=BITS...] with 32 bits from the highest to the
 * lowest, or a number that begins with 0x. Values of a bit: 0, 1, x (as without
 * this word), k and s (as the host has it). The later of two words counts.
 */
#ifndef XU_CPUID_H
#define XU_CPUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xu_err.h"

/* The subleaf of a leaf without any (XEN_CPUID_NO_SUBLEAF). */
#define XU_CPUID_ANY 0xffffffffu

/* Of one register; no bit is in two of these. */
struct xu_cpuid_rule {
	uint32_t leaf, subleaf;
	/* 0 to 3: eax to edx. */
	unsigned reg;
	uint32_t ones, zeros, host;
};

/* As many registers as one text may name. */
#define XU_CPUID_RULES 256

struct xu_cpuid {
	struct xu_cpuid_rule rules[XU_CPUID_RULES];
	size_t n;
};

/* -1: *e is VALUE_NOT_SUPPORTED and names the word. */
int xu_cpuid_parse(const char *text, struct xu_cpuid *out, struct xu_err *e);

/* "avx2" or, of a bit without a name, "leaf 0x14 ebx bit 3". */
void xu_cpuid_bit_name(const struct xu_cpuid_rule *r, unsigned bit, char *out,
    size_t room);
/* Bits of the register that Xen answers whatever it was told. */
uint32_t xu_cpuid_decided(const struct xu_cpuid_rule *r);

#endif
