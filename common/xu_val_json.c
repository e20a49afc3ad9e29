/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON codec of values, on yajl, with limits of our own on top. */
#include "config.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <yajl/yajl_gen.h>
#include <yajl/yajl_parse.h>

#include "xu_utf8.h"
#include "xu_val_impl.h"

/* Bytes that are no text are marked: one must not make all unreadable. */
static yajl_gen_status
gen_text(yajl_gen g, const char *s, size_t len)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	size_t i = 0, n;
	uint32_t c;

	while (i < len && (n = xu_utf8_next(s + i, len - i, &c)) > 0)
		i += n;
	if (i == len)
		return yajl_gen_string(g, (const unsigned char *)s, len);
	for (i = 0; i < len; i += n > 0 ? n : 1) {
		n = xu_utf8_next(s + i, len - i, &c);
		xu_buf_add(&b, n > 0 ? s + i : XU_UTF8_REPLACED, n > 0 ? n : 3);
	}
	if (b.error != 0)
		return yajl_gen_in_error_state;
	return yajl_gen_string(g, (const unsigned char *)b.data, b.len);
}

static bool
gen(yajl_gen g, const struct xu_val *v)
{
	yajl_gen_status st = yajl_gen_status_ok;

	if (v == NULL || v->bad)
		return false;
	switch (v->type) {
	case XU_VOID:
		st = yajl_gen_null(g);
		break;
	case XU_BOOL:
		st = yajl_gen_bool(g, v->u.i != 0);
		break;
	case XU_INT:
		st = yajl_gen_integer(g, v->u.i);
		break;
	case XU_FLOAT:
		st = isfinite(v->u.d) ? yajl_gen_double(g, v->u.d)
				      : yajl_gen_null(g);
		break;
	case XU_STRING:
	case XU_DATETIME:
		st = gen_text(g, v->u.p, v->n);
		break;
	case XU_ARRAY:
		yajl_gen_array_open(g);
		for (size_t i = 0; i < v->n; i++)
			if (!gen(g, xu_val_kid(v, i)->val))
				return false;
		st = yajl_gen_array_close(g);
		break;
	case XU_STRUCT:
		yajl_gen_map_open(g);
		for (size_t i = 0; i < v->n; i++) {
			const struct xu_kid *k = xu_val_kid(v, i);

			yajl_gen_string(g, (const unsigned char *)k->name,
			    strlen(k->name));
			if (!gen(g, k->val))
				return false;
		}
		st = yajl_gen_map_close(g);
		break;
	}
	return st == yajl_gen_status_ok;
}

int
xu_val_to_json(const struct xu_val *v, bool pretty, struct xu_buf *out)
{
	const unsigned char *text;
	size_t len;
	yajl_gen g = yajl_gen_alloc(NULL);
	int r = -1;

	if (g == NULL) {
		errno = ENOMEM;
		return -1;
	}
	if (pretty) {
		yajl_gen_config(g, yajl_gen_beautify, 1);
		yajl_gen_config(g, yajl_gen_indent_string, "  ");
	}
	if (gen(g, v) &&
	    yajl_gen_get_buf(g, &text, &len) == yajl_gen_status_ok) {
		/* yajl ends a pretty top level value with a newline itself. */
		xu_buf_add(out, text, len);
		r = out->error == 0 ? 0 : -1;
	}
	yajl_gen_free(g);
	if (r < 0)
		errno = ENOMEM;
	return r;
}

struct reader {
	struct xu_val *stack[XU_VAL_MAX_DEPTH + 1];
	char *keys[XU_VAL_MAX_DEPTH + 1];
	int depth;
	struct xu_val *top;
	const char *why;
};

/* Takes v. 0 stops yajl. */
static int
put(struct reader *r, struct xu_val *v)
{
	struct xu_val *c;
	int failed;

	if (v == NULL) {
		r->why = "out of memory";
		return 0;
	}
	if (r->depth == 0) {
		r->top = v;
		return 1;
	}
	c = r->stack[r->depth - 1];
	if (c->type == XU_STRUCT) {
		failed = xu_val_set(c, r->keys[r->depth - 1], v);
		free(r->keys[r->depth - 1]);
		r->keys[r->depth - 1] = NULL;
	} else {
		failed = xu_val_add(c, v);
	}
	if (failed < 0)
		r->why = "out of memory";
	return failed == 0;
}

static int
push(struct reader *r, struct xu_val *v)
{
	if (r->depth >= XU_VAL_MAX_DEPTH || v == NULL) {
		r->why = v == NULL ? "out of memory" : "nested too deeply";
		xu_val_free(v);
		return 0;
	}
	r->stack[r->depth++] = v;
	return 1;
}

/* A container goes into its parent when it is complete. */
static int
pop(void *ctx)
{
	struct reader *r = ctx;
	struct xu_val *v = r->stack[--r->depth];

	return put(r, v);
}

static int
on_null(void *ctx)
{
	return put(ctx, xu_void());
}

static int
on_bool(void *ctx, int b)
{
	return put(ctx, xu_bool(b != 0));
}

static int
on_int(void *ctx, long long i)
{
	return put(ctx, xu_int(i));
}

static int
on_double(void *ctx, double d)
{
	return put(ctx, xu_float(d));
}

static int
on_string(void *ctx, const unsigned char *s, size_t len)
{
	return put(ctx, xu_strn((const char *)s, len));
}

static int
on_map(void *ctx)
{
	return push(ctx, xu_struct());
}

static int
on_array(void *ctx)
{
	return push(ctx, xu_array());
}

static int
on_key(void *ctx, const unsigned char *s, size_t len)
{
	struct reader *r = ctx;

	if (memchr(s, 0, len) != NULL) {
		r->why = "a member name contains NUL";
		return 0;
	}
	free(r->keys[r->depth - 1]);
	r->keys[r->depth - 1] = strndup((const char *)s, len);
	if (r->keys[r->depth - 1] == NULL)
		r->why = "out of memory";
	return r->keys[r->depth - 1] != NULL;
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_bool,
	.yajl_integer = on_int,
	.yajl_double = on_double,
	.yajl_string = on_string,
	.yajl_start_map = on_map,
	.yajl_map_key = on_key,
	.yajl_end_map = pop,
	.yajl_start_array = on_array,
	.yajl_end_array = pop,
};

static void
report(yajl_handle h, const struct reader *r, const char *text, size_t len,
    struct xu_err *e)
{
	size_t at = yajl_get_bytes_consumed(h), line = 1;

	for (size_t i = 0; i < at && i < len; i++)
		line += text[i] == '\n';
	xu_err_set(e, "INVALID_VALUE", 0, "line %zu: %s", line,
	    r->why != NULL ? r->why : "this is not JSON");
}

struct xu_val *
xu_val_from_json(const char *text, size_t len, size_t max, struct xu_err *e)
{
	struct reader r = { .depth = 0 };
	yajl_handle h;

	if (len > max) {
		xu_err_set(e, "INVALID_VALUE", 0,
		    "%zu bytes of JSON, the limit is %zu", len, max);
		return NULL;
	}
	h = yajl_alloc(&callbacks, NULL, &r);
	if (h == NULL) {
		xu_err_set(e, "INTERNAL_ERROR", ENOMEM, "parse JSON");
		return NULL;
	}
	if (yajl_parse(h, (const unsigned char *)text, len) != yajl_status_ok ||
	    yajl_complete_parse(h) != yajl_status_ok || r.top == NULL) {
		report(h, &r, text, len, e);
		xu_val_free(r.top);
		r.top = NULL;
		while (r.depth > 0)
			xu_val_free(r.stack[--r.depth]);
		for (size_t i = 0; i < XU_ARRAY_SIZE(r.keys); i++)
			free(r.keys[i]);
	}
	yajl_free(h);
	return r.top;
}
