/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A kernel that only writes down what libxenctrl asks of it: for tests of what
 * is sent, byte for byte. It answers as much as xc_interface_open() needs, and
 * otherwise what the test gave; it knows nothing of what a call means.
 */
#ifndef XC_VEC_H
#define XC_VEC_H

#include "xenctrl.h"

/* What a pointer into the page-aligned buffer at offset n is recorded as. */
#define VEC_PTR(n) (0xb0f0000000000000ull + (n))

#define VEC_DM_OP 41u

struct vec_call {
	/* Hypercall number; VEC_DM_OP for the ioctl. */
	unsigned op;
	uint64_t arg[5];
	/* What the (first) pointer argument pointed at, pointers replaced. */
	uint8_t sent[512];
	/* What the pointers in it pointed at, in their order. */
	uint8_t deep[6][512];
	unsigned ndeep;
};

/* The n-th last call, 0 = the last one. */
const struct vec_call *vec_last(unsigned n);
unsigned vec_count(void);

/* The release's numbers, for tests that loop over all of them. */
struct vec_release {
	unsigned minor;
	uint32_t domctl, sysctl;
};
extern const struct vec_release vec_releases[];
extern const unsigned vec_nreleases;
extern const struct vec_release *vec_now;

/* A handle on that release. */
xc_interface *vec_open(unsigned i);
/* What the next calls return, until vec_open: -1 with errno err if not 0. */
void vec_result(long r, int err);
/* Copied over the structure at `at` by every call of that hypercall. */
void vec_answer(unsigned op, unsigned at, const void *bytes, unsigned size);

#endif
