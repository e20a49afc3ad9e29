/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of a value, for xu_val*.c only. */
#ifndef XU_VAL_IMPL_H
#define XU_VAL_IMPL_H

#include "xu_val.h"

struct xu_kid {
	/* NULL in arrays. */
	char *name;
	struct xu_val *val;
};

struct xu_val {
	enum xu_vtype type;
	bool bad;
	union {
		int64_t i;
		double d;
		struct {
			char *p;
			size_t len;
		} s;
		struct {
			struct xu_kid *kids;
			size_t n, cap;
			/* Of a large struct: members by the hash of their
			 * names, 0 = free, else 1 + which; NULL = none. */
			uint32_t *index;
			size_t nindex;
		} c;
	} u;
};

struct xu_val *xu_val_new(enum xu_vtype t);

#endif
