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
		v->type = (uint8_t)t;
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
	struct xu_val *v = len < UINT32_MAX ? xu_val_new(t) : NULL;

	if (v == NULL)
		return NULL;
	v->u.p = malloc(len + 1);
	if (v->u.p == NULL) {
		free(v);
		return NULL;
	}
	if (len != 0)
		memcpy(v->u.p, s, len);
	v->u.p[len] = '\0';
	v->n = (uint32_t)len;
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

/* The kids themselves are the caller's. */
static void
free_kids(struct xu_kids *c)
{
	if (c != NULL)
		free(c->index);
	free(c);
}

/* What of a value is not in its root's block. */
static void
clear(struct xu_val *v)
{
	for (size_t i = 0; xu_val_is_container(v) && i < v->n; i++) {
		struct xu_kid *k = &v->u.c->kid[i];

		if (k->val->packed) {
			clear(k->val);
			continue;
		}
		xu_val_free(k->val);
		free(k->name);
	}
	if (xu_val_is_container(v) && v->lent)
		free(v->u.c->index);
	else if (xu_val_is_container(v))
		free_kids(v->u.c);
	else if (xu_val_is_text(v) && !v->lent)
		free(v->u.p);
}

void
xu_val_free(struct xu_val *v)
{
	if (v == NULL)
		return;
	clear(v);
	if (!v->packed)
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
place(const struct xu_kids *c, const char *name)
{
	size_t i = (size_t)xu_map_hash(name), mask = c->nindex - 1;

	for (i &= mask; c->index[i] != 0; i = (i + 1) & mask)
		if (strcmp(c->kid[c->index[i] - 1].name, name) == 0)
			break;
	return &c->index[i];
}

static void
drop_index(struct xu_kids *c)
{
	free(c->index);
	c->index = NULL;
	c->nindex = 0;
}

/* Of the last member of n. Without memory for an index there is none. */
static void
index_last(struct xu_kids *c, uint32_t n)
{
	uint32_t from = n - 1;

	if (n < INDEX_FROM)
		return;
	if (2 * (size_t)n > c->nindex) {
		size_t size = c->nindex == 0 ? 4 * INDEX_FROM :
					       2 * (size_t)c->nindex;

		while (2 * (size_t)n > size)
			size *= 2;
		drop_index(c);
		if (size > UINT32_MAX)
			return;
		c->index = calloc(size, sizeof(*c->index));
		if (c->index == NULL)
			return;
		c->nindex = (uint32_t)size;
		from = 0;
	}
	for (; from < n; from++) {
		uint32_t *p = place(c, c->kid[from].name);

		/* Of two of one name the first is found. */
		if (*p == 0)
			*p = from + 1;
	}
}

static size_t
size_of_kids(size_t n)
{
	return sizeof(struct xu_kids) + n * sizeof(struct xu_kid);
}

/* Room for one more. */
static int
make_room(struct xu_val *v)
{
	struct xu_kids *old = v->u.c, *c;
	uint32_t cap = old == NULL ? 4 : old->cap;

	if (old != NULL && v->n < old->cap)
		return 0;
	if (cap > UINT32_MAX / 4)
		return -1;
	if (old != NULL)
		cap = cap == 0 ? 4 : cap * 2;
	c = realloc(v->lent ? NULL : old, size_of_kids(cap));
	if (c == NULL)
		return -1;
	if (v->lent)
		memcpy(c, old, size_of_kids(v->n));
	else if (old == NULL)
		*c = (struct xu_kids){ .index = NULL };
	c->cap = cap;
	v->u.c = c;
	v->lent = false;
	return 0;
}

/* Takes name and child. */
static int
append(struct xu_val *v, char *name, struct xu_val *child)
{
	if (child == NULL || child->bad || make_room(v) < 0) {
		v->bad = true;
		free(name);
		xu_val_free(child);
		errno = ENOMEM;
		return -1;
	}
	v->u.c->kid[v->n].name = name;
	v->u.c->kid[v->n++].val = child;
	if (name != NULL)
		index_last(v->u.c, v->n);
	return 0;
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
	if (!xu_val_is(v, XU_STRUCT) || v->n == 0)
		return NULL;
	if (v->u.c->index != NULL) {
		const uint32_t *p = place(v->u.c, name);

		return *p == 0 ? NULL : &v->u.c->kid[*p - 1];
	}
	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->u.c->kid[i].name, name) == 0)
			return &v->u.c->kid[i];
	return NULL;
}

/* The member has another value, which is not in the block. */
static int
replace(struct xu_kid *k, struct xu_val *child)
{
	char *name;

	if (k->val->packed) {
		name = strdup(k->name);
		if (name == NULL) {
			xu_val_free(child);
			return -1;
		}
		k->name = name;
	}
	xu_val_free(k->val);
	k->val = child;
	return 0;
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
		if (replace(k, child) == 0)
			return 0;
		strct->bad = true;
		return -1;
	}
	copy = strdup(name);
	if (copy == NULL) {
		xu_val_free(child);
		child = NULL;
	}
	return append(strct, copy, child);
}

struct xu_val *
xu_val_take(struct xu_val *strct, const char *name)
{
	struct xu_kid *k = member(strct, name);
	struct xu_val *v;
	size_t i;

	if (k == NULL)
		return NULL;
	v = k->val;
	/* In its root's block it has to stay. */
	if (v->packed) {
		v = xu_val_copy(k->val);
		xu_val_free(k->val);
	} else {
		free(k->name);
	}
	i = (size_t)(k - strct->u.c->kid);
	memmove(k, k + 1, (strct->n - i - 1) * sizeof(*k));
	strct->n--;
	/* Those behind it have moved; the next member makes a new one. */
	drop_index(strct->u.c);
	return v;
}

bool
xu_val_unset(struct xu_val *strct, const char *name)
{
	const bool was = member(strct, name) != NULL;

	xu_val_free(xu_val_take(strct, name));
	return was;
}

/* Where a child was that is there no more: not freed, and neither is its name. */
static struct xu_val gone = { .type = XU_VOID, .packed = true };
static char no_name[1];

/* child, or NULL, instead of what is there; the name stays. */
static bool
put_back(struct xu_kid *k, struct xu_val *child, bool was_packed)
{
	char *name = k->name;

	if (child != NULL && was_packed && name != NULL &&
	    (name = strdup(name)) == NULL) {
		xu_val_free(child);
		child = NULL;
	}
	if (child == NULL) {
		if (!was_packed)
			free(k->name);
		name = k->name == NULL ? NULL : no_name;
	}
	*k = (struct xu_kid){ name, child != NULL ? child : &gone };
	return child != NULL && !child->bad;
}

void
xu_val_change(struct xu_val *v, xu_val_change_f *f, void *arg)
{
	struct xu_val *child;
	struct xu_kid *k;
	bool packed;

	for (size_t i = 0; v != NULL && xu_val_is_container(v) && i < v->n; i++) {
		k = &v->u.c->kid[i];
		packed = k->val->packed;
		/* f may put it elsewhere. */
		child = packed ? xu_val_copy(k->val) : k->val;
		if (packed)
			xu_val_free(k->val);
		if (child != NULL)
			child = f(arg, k->name, child);
		if (!put_back(k, child, packed))
			v->bad = true;
	}
}

struct xu_val *
xu_val_copy(const struct xu_val *v)
{
	struct xu_val *c;

	if (v == NULL || v->bad)
		return NULL;
	if (xu_val_is_text(v))
		return text(v->type, v->u.p, v->n);
	c = xu_val_new(v->type);
	if (c == NULL)
		return NULL;
	if (!xu_val_is_container(v)) {
		c->u = v->u;
		return c;
	}
	for (size_t i = 0; i < v->n; i++) {
		const struct xu_kid *k = xu_val_kid(v, i);
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
	if (xu_val_is_text(a))
		return a->n == b->n && memcmp(a->u.p, b->u.p, a->n) == 0;
	if (a->type == XU_FLOAT)
		return a->u.d >= b->u.d && a->u.d <= b->u.d;
	if (!xu_val_is_container(a))
		return a->u.i == b->u.i;
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct xu_kid *k = xu_val_kid(a, i);

		if (!xu_val_equal(k->val,
			a->type == XU_ARRAY ? xu_val_kid(b, i)->val
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
	return v == NULL ? XU_VOID : (enum xu_vtype)v->type;
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
	return v != NULL && xu_val_is_text(v) ? v->u.p : "";
}

size_t
xu_val_strlen(const struct xu_val *v)
{
	return v != NULL && xu_val_is_text(v) ? v->n : 0;
}

size_t
xu_val_count(const struct xu_val *v)
{
	return v != NULL && xu_val_is_container(v) ? v->n : 0;
}

const struct xu_val *
xu_val_at(const struct xu_val *v, size_t i)
{
	return i < xu_val_count(v) ? xu_val_kid(v, i)->val : NULL;
}

const char *
xu_val_name_at(const struct xu_val *v, size_t i)
{
	return xu_val_is(v, XU_STRUCT) && i < v->n ?
	    xu_val_kid(v, i)->name : NULL;
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

	return m != NULL && xu_val_is_text(m) ? m->u.p : dflt;
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
