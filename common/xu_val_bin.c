/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Binary codec of values, between our own processes on one host: a type byte,
 * then u8 / u64 / length-prefixed bytes, or a u32 count and the children (struct
 * members preceded by their name). The reader trusts nothing: the other end may
 * be the process that faces the network.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "xu_bin.h"
#include "xu_val_impl.h"

void
xu_val_encode(const struct xu_val *v, struct xu_buf *out)
{
	uint64_t bits;

	if (v == NULL || v->bad) {
		out->error = out->error != 0 ? out->error : ENOMEM;
		return;
	}
	xu_put_u8(out, (uint8_t)v->type);
	switch (v->type) {
	case XU_VOID:
		break;
	case XU_BOOL:
		xu_put_u8(out, v->u.i != 0);
		break;
	case XU_INT:
		xu_put_u64(out, (uint64_t)v->u.i);
		break;
	case XU_FLOAT:
		memcpy(&bits, &v->u.d, sizeof(bits));
		xu_put_u64(out, bits);
		break;
	case XU_STRING:
	case XU_DATETIME:
		xu_put_blob(out, v->u.p, v->n);
		break;
	case XU_ARRAY:
	case XU_STRUCT:
		xu_put_u32(out, v->n);
		for (size_t i = 0; i < v->n; i++) {
			const struct xu_kid *k = xu_val_kid(v, i);

			if (v->type == XU_STRUCT)
				xu_put_blob(out, k->name, strlen(k->name));
			xu_val_encode(k->val, out);
		}
		break;
	}
}

static struct xu_val *decode(struct xu_bin *r, unsigned depth);

static struct xu_val *
decode_container(struct xu_bin *r, enum xu_vtype t, unsigned depth)
{
	struct xu_val *v = xu_val_new(t), *child;
	uint32_t n = xu_get_u32(r);
	const char *name;
	char *copy;
	size_t len;
	int failed;

	if (v == NULL)
		return NULL;
	/* A child takes at least one byte: bounds n before anything grows. */
	if (!xu_bin_ok(r) || n > r->left)
		goto malformed;
	for (uint32_t i = 0; i < n; i++) {
		copy = NULL;
		if (t == XU_STRUCT) {
			name = xu_get_blob(r, &len);
			if (name == NULL || memchr(name, 0, len) != NULL)
				goto malformed;
			copy = strndup(name, len);
			if (copy == NULL)
				goto fail;
		}
		child = decode(r, depth + 1);
		if (child == NULL) {
			free(copy);
			goto fail;
		}
		/* set() replaces a duplicate: a name is never there twice. */
		failed = t == XU_STRUCT ? xu_val_set(v, copy, child)
					: xu_val_add(v, child);
		free(copy);
		if (failed < 0)
			goto fail;
	}
	return v;
malformed:
	errno = EBADMSG;
fail:
	xu_val_free(v);
	return NULL;
}

static struct xu_val *
decode(struct xu_bin *r, unsigned depth)
{
	uint8_t t = xu_get_u8(r);
	struct xu_val *v = NULL;
	const char *p;
	uint64_t bits;
	size_t len;

	if (depth > XU_VAL_MAX_DEPTH) {
		errno = E2BIG;
		return NULL;
	}
	errno = ENOMEM;
	if (!xu_bin_ok(r))
		t = 255;
	switch (t) {
	case XU_VOID:
		return xu_void();
	case XU_BOOL:
		v = xu_bool(xu_get_u8(r) != 0);
		break;
	case XU_INT:
		v = xu_int((int64_t)xu_get_u64(r));
		break;
	case XU_FLOAT:
		v = xu_float(0);
		bits = xu_get_u64(r);
		if (v != NULL)
			memcpy(&v->u.d, &bits, sizeof(bits));
		break;
	case XU_STRING:
	case XU_DATETIME:
		p = xu_get_blob(r, &len);
		if (p != NULL && (v = xu_strn(p, len)) != NULL)
			v->type = t;
		break;
	case XU_ARRAY:
	case XU_STRUCT:
		return decode_container(r, t, depth);
	default:
		r->bad = true;
		break;
	}
	if (!xu_bin_ok(r)) {
		xu_val_free(v);
		errno = EBADMSG;
		return NULL;
	}
	return v;
}

struct xu_val *
xu_val_decode(const void *data, size_t len)
{
	struct xu_bin r = xu_bin_of(data, len);
	struct xu_val *v = decode(&r, 0);

	if (v != NULL && r.left != 0) {
		xu_val_free(v);
		errno = EBADMSG;
		return NULL;
	}
	return v;
}
