/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The value tree; see xu_val.h. Codecs are in xu_val_json.c and xu_val_bin.c. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "xu_map.h"
#include "xu_val_impl.h"

struct xu_val *
xu_val_new(enum xu_vtype t)
{
	struct xu_val *v = calloc(1, sizeof(*v));

	if (v != NULL)
		v->type = t;
	return v;
}

struct xu_val *
xu_void(void)
{
	return xu_val_new(XU_VOID);
}

struct xu_val *
xu_bool(bool b)
{
	struct xu_val *v = xu_val_new(XU_BOOL);

	if (v != NULL)
		v->u.i = b;
	return v;
}

struct xu_val *
xu_int(int64_t i)
{
	struct xu_val *v = xu_val_new(XU_INT);

	if (v != NULL)
		v->u.i = i;
	return v;
}

struct xu_val *
xu_float(double d)
{
	struct xu_val *v = xu_val_new(XU_FLOAT);

	if (v != NULL)
		v->u.d = d;
	return v;
}

static struct xu_val *
text(enum xu_vtype t, const char *s, size_t len)
{
	struct xu_val *v = xu_val_new(t);

	if (v == NULL)
		return NULL;
	v->u.s.p = malloc(len + 1);
	if (v->u.s.p == NULL) {
		free(v);
		return NULL;
	}
	if (len != 0)
		memcpy(v->u.s.p, s, len);
	v->u.s.p[len] = '\0';
	v->u.s.len = len;
	return v;
}

struct xu_val *
xu_strn(const char *s, size_t len)
{
	return text(XU_STRING, s, len);
}

struct xu_val *
xu_str(const char *s)
{
	return text(XU_STRING, s, s == NULL ? 0 : strlen(s));
}

struct xu_val *
xu_strf(const char *fmt, ...)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	xu_buf_vaddf(&b, fmt, ap);
	va_end(ap);
	return b.error != 0 ? NULL : xu_strn(xu_buf_text(&b), b.len);
}

struct xu_val *
xu_datetime_text(const char *s)
{
	return text(XU_DATETIME, s, s == NULL ? 0 : strlen(s));
}

struct xu_val *
xu_datetime(int64_t unix_seconds)
{
	time_t t = (time_t)unix_seconds;
	char s[40];
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(s, sizeof(s), "%Y%m%dT%H:%M:%SZ", &tm) == 0)
		return NULL;
	return xu_datetime_text(s);
}

struct xu_val *
xu_array(void)
{
	return xu_val_new(XU_ARRAY);
}

struct xu_val *
xu_struct(void)
{
	return xu_val_new(XU_STRUCT);
}

static bool
is_container(const struct xu_val *v)
{
	return v->type == XU_ARRAY || v->type == XU_STRUCT;
}

static bool
is_text(const struct xu_val *v)
{
	return v->type == XU_STRING || v->type == XU_DATETIME;
}

void
xu_val_free(struct xu_val *v)
{
	if (v == NULL)
		return;
	if (is_text(v))
		free(v->u.s.p);
	if (is_container(v)) {
		for (size_t i = 0; i < v->u.c.n; i++) {
			xu_val_free(v->u.c.kids[i].val);
			free(v->u.c.kids[i].name);
		}
		free(v->u.c.kids);
		free(v->u.c.index);
	}
	free(v);
}

void
xu_val_auto(struct xu_val **v)
{
	xu_val_free(*v);
}

/* ---- members by name ---------------------------------------------------------- */

/* From so many on a struct has an index: whoever sends a map of many thousands
 * would otherwise pay little for our looking through them, again for each. */
#define INDEX_FROM 128

static uint32_t *
place(const struct xu_val *v, const char *name)
{
	size_t i = (size_t)xu_map_hash(name), mask = v->u.c.nindex - 1;

	for (i &= mask; v->u.c.index[i] != 0; i = (i + 1) & mask)
		if (strcmp(v->u.c.kids[v->u.c.index[i] - 1].name, name) == 0)
			break;
	return &v->u.c.index[i];
}

static void
drop_index(struct xu_val *v)
{
	free(v->u.c.index);
	v->u.c.index = NULL;
	v->u.c.nindex = 0;
}

/* Of the last member. Without memory for an index there is none. */
static void
index_last(struct xu_val *v)
{
	size_t n = v->u.c.n;
	size_t from = n - 1;

	if (n < INDEX_FROM)
		return;
	if (2 * n > v->u.c.nindex) {
		size_t size = v->u.c.nindex == 0 ? 4 * INDEX_FROM :
						   2 * v->u.c.nindex;

		while (2 * n > size)
			size *= 2;
		drop_index(v);
		v->u.c.index = calloc(size, sizeof(*v->u.c.index));
		if (v->u.c.index == NULL)
			return;
		v->u.c.nindex = size;
		from = 0;
	}
	for (; from < n; from++) {
		uint32_t *p = place(v, v->u.c.kids[from].name);

		/* Of two of one name the first is found. */
		if (*p == 0)
			*p = (uint32_t)from + 1;
	}
}

/* Takes name and child. */
static int
append(struct xu_val *c, char *name, struct xu_val *child)
{
	size_t cap;
	struct xu_kid *kids;

	if (child == NULL || child->bad)
		goto bad;
	if (c->u.c.n == c->u.c.cap) {
		cap = c->u.c.cap == 0 ? 8 : c->u.c.cap * 2;
		kids = reallocarray(c->u.c.kids, cap, sizeof(*kids));
		if (kids == NULL)
			goto bad;
		c->u.c.kids = kids;
		c->u.c.cap = cap;
	}
	c->u.c.kids[c->u.c.n].name = name;
	c->u.c.kids[c->u.c.n++].val = child;
	if (name != NULL)
		index_last(c);
	return 0;
bad:
	c->bad = true;
	free(name);
	xu_val_free(child);
	errno = ENOMEM;
	return -1;
}

int
xu_val_add(struct xu_val *array, struct xu_val *child)
{
	if (!xu_val_is(array, XU_ARRAY)) {
		xu_val_free(child);
		errno = EINVAL;
		return -1;
	}
	return append(array, NULL, child);
}

static struct xu_kid *
member(const struct xu_val *v, const char *name)
{
	if (!xu_val_is(v, XU_STRUCT))
		return NULL;
	if (v->u.c.index != NULL) {
		const uint32_t *p = place(v, name);

		return *p == 0 ? NULL : &v->u.c.kids[*p - 1];
	}
	for (size_t i = 0; i < v->u.c.n; i++)
		if (strcmp(v->u.c.kids[i].name, name) == 0)
			return &v->u.c.kids[i];
	return NULL;
}

int
xu_val_set(struct xu_val *strct, const char *name, struct xu_val *child)
{
	struct xu_kid *k;
	char *copy;

	if (!xu_val_is(strct, XU_STRUCT)) {
		xu_val_free(child);
		errno = EINVAL;
		return -1;
	}
	k = member(strct, name);
	if (k != NULL && child != NULL && !child->bad) {
		xu_val_free(k->val);
		k->val = child;
		return 0;
	}
	copy = strdup(name);
	if (copy == NULL) {
		xu_val_free(child);
		child = NULL;
	}
	return append(strct, copy, child);
}

bool
xu_val_unset(struct xu_val *strct, const char *name)
{
	struct xu_kid *k = member(strct, name);
	size_t i;

	if (k == NULL)
		return false;
	free(k->name);
	xu_val_free(k->val);
	i = (size_t)(k - strct->u.c.kids);
	memmove(k, k + 1, (strct->u.c.n - i - 1) * sizeof(*k));
	strct->u.c.n--;
	/* Those behind it have moved; the next member makes a new one. */
	drop_index(strct);
	return true;
}

struct xu_val *
xu_val_copy(const struct xu_val *v)
{
	struct xu_val *c;

	if (v == NULL || v->bad)
		return NULL;
	if (is_text(v))
		return text(v->type, v->u.s.p, v->u.s.len);
	c = xu_val_new(v->type);
	if (c == NULL)
		return NULL;
	if (!is_container(v)) {
		c->u = v->u;
		return c;
	}
	for (size_t i = 0; i < v->u.c.n; i++) {
		const struct xu_kid *k = &v->u.c.kids[i];
		char *name = k->name == NULL ? NULL : strdup(k->name);

		if ((k->name != NULL && name == NULL) ||
		    append(c, name, xu_val_copy(k->val)) < 0) {
			xu_val_free(c);
			return NULL;
		}
	}
	return c;
}

bool
xu_val_equal(const struct xu_val *a, const struct xu_val *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	if (a->type != b->type)
		return false;
	if (is_text(a))
		return a->u.s.len == b->u.s.len &&
		    memcmp(a->u.s.p, b->u.s.p, a->u.s.len) == 0;
	if (a->type == XU_FLOAT)
		return a->u.d >= b->u.d && a->u.d <= b->u.d;
	if (!is_container(a))
		return a->u.i == b->u.i;
	if (a->u.c.n != b->u.c.n)
		return false;
	for (size_t i = 0; i < a->u.c.n; i++) {
		const struct xu_kid *k = &a->u.c.kids[i];

		if (!xu_val_equal(k->val,
			a->type == XU_ARRAY ? b->u.c.kids[i].val
					    : xu_val_get(b, k->name)))
			return false;
	}
	return true;
}

bool
xu_val_ok(const struct xu_val *v)
{
	return v != NULL && !v->bad;
}

enum xu_vtype
xu_val_type(const struct xu_val *v)
{
	return v == NULL ? XU_VOID : v->type;
}

const char *
xu_vtype_name(enum xu_vtype t)
{
	static const char *const names[] = { "void", "bool", "int", "float",
		"string", "datetime", "array", "struct" };

	return (size_t)t < XU_ARRAY_SIZE(names) ? names[t] : "unknown";
}

bool
xu_val_is(const struct xu_val *v, enum xu_vtype t)
{
	return v != NULL && v->type == t;
}

bool
xu_val_bool(const struct xu_val *v)
{
	return xu_val_is(v, XU_BOOL) && v->u.i != 0;
}

int64_t
xu_val_int(const struct xu_val *v)
{
	return xu_val_is(v, XU_INT) ? v->u.i : 0;
}

double
xu_val_float(const struct xu_val *v)
{
	if (xu_val_is(v, XU_INT))
		return (double)v->u.i;
	return xu_val_is(v, XU_FLOAT) ? v->u.d : 0.0;
}

const char *
xu_val_str(const struct xu_val *v)
{
	return v != NULL && is_text(v) ? v->u.s.p : "";
}

size_t
xu_val_strlen(const struct xu_val *v)
{
	return v != NULL && is_text(v) ? v->u.s.len : 0;
}

size_t
xu_val_count(const struct xu_val *v)
{
	return v != NULL && is_container(v) ? v->u.c.n : 0;
}

const struct xu_val *
xu_val_at(const struct xu_val *v, size_t i)
{
	return i < xu_val_count(v) ? v->u.c.kids[i].val : NULL;
}

const char *
xu_val_name_at(const struct xu_val *v, size_t i)
{
	return xu_val_is(v, XU_STRUCT) && i < v->u.c.n ? v->u.c.kids[i].name
						       : NULL;
}

const struct xu_val *
xu_val_get(const struct xu_val *v, const char *name)
{
	const struct xu_kid *k = member(v, name);

	return k == NULL ? NULL : k->val;
}

const char *
xu_val_get_str(const struct xu_val *v, const char *name, const char *dflt)
{
	const struct xu_val *m = xu_val_get(v, name);

	return m != NULL && is_text(m) ? m->u.s.p : dflt;
}

int64_t
xu_val_get_int(const struct xu_val *v, const char *name, int64_t dflt)
{
	const struct xu_val *m = xu_val_get(v, name);

	return xu_val_is(m, XU_INT) ? m->u.i : dflt;
}

bool
xu_val_get_bool(const struct xu_val *v, const char *name, bool dflt)
{
	const struct xu_val *m = xu_val_get(v, name);

	return xu_val_is(m, XU_BOOL) ? m->u.i != 0 : dflt;
}
