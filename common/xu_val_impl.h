/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of a value, for xu_val*.c only. */
#ifndef XU_VAL_IMPL_H
#define XU_VAL_IMPL_H

#include "xu_val.h"

struct xu_kid {
	/* NULL in arrays. Of a packed value, as its val is. */
	char *name;
	struct xu_val *val;
};

struct xu_kids {
	uint32_t cap;
	/* Of a large struct: members by the hash of their names, 0 = free, else
	 * 1 + which; NULL = none. */
	uint32_t nindex;
	uint32_t *index;
	struct xu_kid kid[];
};

struct xu_val {
	/* enum xu_vtype. */
	uint8_t type;
	bool bad;
	/* It lies in the block of a packed value, whose root frees it. */
	bool packed;
	/* Its text or its kids do. */
	bool lent;
	/* Bytes of a text, children of a container. */
	uint32_t n;
	union {
		int64_t i;
		double d;
		char *p;
		/* NULL: none. */
		struct xu_kids *c;
	} u;
};

static inline const struct xu_kid *
xu_val_kid(const struct xu_val *v, size_t i)
{
	return &v->u.c->kid[i];
}

static inline bool
xu_val_is_container(const struct xu_val *v)
{
	return v->type == XU_ARRAY || v->type == XU_STRUCT;
}

static inline bool
xu_val_is_text(const struct xu_val *v)
{
	return v->type == XU_STRING || v->type == XU_DATETIME;
}

struct xu_val *xu_val_new(enum xu_vtype t);

#endif
