/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Values as the public header shows them: struct xu_val under another name, so
 * that programs need none of our internal headers.
 */
#include "config.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "xapi_private.h"
#include "xu_num.h"

_Static_assert((int)XAPI_VOID == (int)XU_VOID &&
	(int)XAPI_STRING == (int)XU_STRING &&
	(int)XAPI_STRUCT == (int)XU_STRUCT,
    "the public types are the internal ones");

enum xapi_type
xapi_type(const struct xapi_value *v)
{
	return (enum xapi_type)xu_val_type(xapi_peek(v));
}

const char *
xapi_str(const struct xapi_value *v)
{
	return xu_val_str(xapi_peek(v));
}

size_t
xapi_strlen(const struct xapi_value *v)
{
	return xu_val_strlen(xapi_peek(v));
}

long long
xapi_int(const struct xapi_value *v)
{
	const struct xu_val *u = xapi_peek(v);
	int64_t i = 0;

	switch (xu_val_type(u)) {
	case XU_INT:
		return xu_val_int(u);
	case XU_BOOL:
		return xu_val_bool(u);
	case XU_FLOAT:
		return (long long)xu_val_float(u);
	case XU_STRING:
		if (!xu_num_i64(xu_val_str(u), INT64_MIN, INT64_MAX, &i))
			return 0;
		return i;
	default:
		return 0;
	}
}

double
xapi_float(const struct xapi_value *v)
{
	const struct xu_val *u = xapi_peek(v);
	locale_t c;
	double d = 0;

	if (xu_val_is(u, XU_FLOAT))
		return xu_val_float(u);
	if (!xu_val_is(u, XU_STRING))
		return (double)xapi_int(v);
	c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (c != (locale_t)0) {
		d = strtod_l(xu_val_str(u), NULL, c);
		freelocale(c);
	}
	return d;
}

int
xapi_bool(const struct xapi_value *v)
{
	const struct xu_val *u = xapi_peek(v);

	if (xu_val_is(u, XU_STRING))
		return strcmp(xu_val_str(u), "true") == 0 || xapi_int(v) != 0;
	return xu_val_is(u, XU_BOOL) ? xu_val_bool(u) : xapi_int(v) != 0;
}

size_t
xapi_count(const struct xapi_value *v)
{
	return xu_val_count(xapi_peek(v));
}

const struct xapi_value *
xapi_at(const struct xapi_value *v, size_t i)
{
	return (const struct xapi_value *)xu_val_at(xapi_peek(v), i);
}

const char *
xapi_name_at(const struct xapi_value *v, size_t i)
{
	return xu_val_name_at(xapi_peek(v), i);
}

const struct xapi_value *
xapi_get(const struct xapi_value *strct, const char *name)
{
	return (const struct xapi_value *)xu_val_get(xapi_peek(strct), name);
}

const char *
xapi_get_str(const struct xapi_value *strct, const char *name)
{
	return xapi_str(xapi_get(strct, name));
}

long long
xapi_get_int(const struct xapi_value *strct, const char *name)
{
	return xapi_int(xapi_get(strct, name));
}

double
xapi_get_float(const struct xapi_value *strct, const char *name)
{
	return xapi_float(xapi_get(strct, name));
}

int
xapi_get_bool(const struct xapi_value *strct, const char *name)
{
	return xapi_bool(xapi_get(strct, name));
}

struct xapi_value *
xapi_new_str(const char *s)
{
	return xapi_wrap(xu_str(s));
}

struct xapi_value *
xapi_new_int(long long i)
{
	return xapi_wrap(xu_int(i));
}

struct xapi_value *
xapi_new_float(double d)
{
	return xapi_wrap(xu_float(d));
}

struct xapi_value *
xapi_new_bool(int b)
{
	return xapi_wrap(xu_bool(b != 0));
}

struct xapi_value *
xapi_new_array(void)
{
	return xapi_wrap(xu_array());
}

struct xapi_value *
xapi_new_struct(void)
{
	return xapi_wrap(xu_struct());
}

int
xapi_add(struct xapi_value *array, struct xapi_value *child)
{
	return xu_val_add(xapi_unwrap(array), xapi_unwrap(child));
}

int
xapi_set(struct xapi_value *strct, const char *name, struct xapi_value *child)
{
	return xu_val_set(xapi_unwrap(strct), name, xapi_unwrap(child));
}

struct xapi_value *
xapi_copy(const struct xapi_value *v)
{
	return xapi_wrap(xu_val_copy(xapi_peek(v)));
}

void
xapi_free(struct xapi_value *v)
{
	xu_val_free(xapi_unwrap(v));
}

char *
xapi_to_json(const struct xapi_value *v, int pretty)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;

	if (xu_val_to_json(xapi_peek(v), pretty != 0, &b) < 0) {
		errno = ENOMEM;
		return NULL;
	}
	return xu_buf_steal(&b);
}
