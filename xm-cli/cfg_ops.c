/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the operators of the configuration language make of values (cfg_expr.c reads
 * them): numbers, strings and lists as Python has it. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "cfg_syntax.h"

/* --- operators: take their operands --------------------------------------- */

static struct cfg_value *
cannot(struct parser *p, const struct cfg_pos *pos, const char *op,
    const struct cfg_value *a, const struct cfg_value *b)
{
	cfg_error(p->err, pos, "'%s' cannot join %s and %s", op,
	    cfg_kind_name(a->kind), cfg_kind_name(b->kind));
	return NULL;
}

/* NULL unless one of them is BAD, which it gives then. */
static struct cfg_value *
bad_of(struct cfg_value **a, struct cfg_value **b)
{
	if ((*a)->kind == CFG_BAD)
		return steal_ptr(a);
	return (*b)->kind == CFG_BAD ? steal_ptr(b) : NULL;
}

struct cfg_value *
cfg_concat(struct parser *p, struct cfg_value *x, struct cfg_value *y)
{
	AUTO_VALUE struct cfg_value *a = x, *b = y;
	struct cfg_value *bad = bad_of(&a, &b);

	if (bad != NULL)
		return bad;
	if (a->kind != b->kind || a->kind == CFG_NUMBER || a->kind == CFG_DICT)
		return cannot(p, &b->pos, "+", a, b);
	if (a->kind == CFG_STRING)
		return cfg_value_adds(p, a, b->text, strlen(b->text)) < 0
		    ? NULL
		    : steal_ptr(&a);
	for (size_t i = 0; i < b->nitems; i++)
		if (cfg_value_add(p, a, steal_ptr(&b->items[i])) < 0) {
			/* Those that have moved are a's. */
			memset(b->items, 0, b->nitems * sizeof(*b->items));
			return NULL;
		}
	return steal_ptr(&a);
}

static bool
whole_division(int64_t a, int64_t b, int64_t *quotient, int64_t *rest)
{
	if (b == 0 || (a == INT64_MIN && b == -1))
		return false;
	*quotient = a / b;
	*rest = a % b;
	/* Python rounds down. */
	if (*rest != 0 && (*rest < 0) != (b < 0)) {
		*quotient -= 1;
		*rest += b;
	}
	return true;
}

static struct cfg_value *
arithmetic(struct parser *p, enum cfg_tok op, const struct cfg_value *a,
    const struct cfg_value *b, const struct cfg_pos *pos)
{
	int64_t n = 0, quotient = 0, rest = 0;
	bool ok = true;

	switch (op) {
	case TOK_PLUS:
		ok = !__builtin_add_overflow(a->num, b->num, &n);
		break;
	case TOK_MINUS:
		ok = !__builtin_sub_overflow(a->num, b->num, &n);
		break;
	case TOK_STAR:
		ok = !__builtin_mul_overflow(a->num, b->num, &n);
		break;
	default:
		ok = whole_division(a->num, b->num, &quotient, &rest);
		n = op == TOK_SLASH ? quotient : rest;
		break;
	}
	if (ok)
		return cfg_value_num(p, &a->pos, n);
	cfg_error(p->err, pos, b->num == 0 && op != TOK_STAR
		? "division by zero" : "the result is too large a number");
	return NULL;
}

/* A string or a list, n times. */
static struct cfg_value *
repeat(struct parser *p, const struct cfg_value *v, int64_t n)
{
	AUTO_VALUE struct cfg_value *out = cfg_value_new(p, v->kind, &v->pos);

	for (int64_t i = 0; out != NULL && i < n; i++) {
		if (cfg_spend(p, &v->pos, 1) < 0)
			return NULL;
		if (v->kind == CFG_STRING &&
		    cfg_value_adds(p, out, v->text, strlen(v->text)) < 0)
			return NULL;
		for (size_t k = 0; k < v->nitems; k++)
			if (cfg_value_add(p, out, cfg_value_copy(p,
				v->items[k], &v->pos)) < 0)
				return NULL;
	}
	return steal_ptr(&out);
}

static bool
repeats(const struct cfg_value *v, const struct cfg_value *times)
{
	return (v->kind == CFG_STRING || v->kind == CFG_LIST) &&
	    times->kind == CFG_NUMBER;
}

struct cfg_value *
cfg_operate(struct parser *p, enum cfg_tok op, const struct cfg_pos *pos,
    struct cfg_value *x, struct cfg_value *y)
{
	AUTO_VALUE struct cfg_value *a = x, *b = y;
	struct cfg_value *bad = bad_of(&a, &b);
	static const char *const signs[] = { [TOK_PLUS] = "+",
		[TOK_MINUS] = "-", [TOK_STAR] = "*", [TOK_SLASH] = "/",
		[TOK_PERCENT] = "%" };

	if (bad != NULL)
		return bad;
	if (a->kind == CFG_NUMBER && b->kind == CFG_NUMBER)
		return arithmetic(p, op, a, b, pos);
	if (op == TOK_PLUS)
		return cfg_concat(p, steal_ptr(&a), steal_ptr(&b));
	if (op == TOK_STAR && repeats(a, b))
		return repeat(p, a, b->num);
	if (op == TOK_STAR && repeats(b, a))
		return repeat(p, b, a->num);
	if (op == TOK_PERCENT && a->kind == CFG_STRING)
		return cfg_format(p, a, b);
	return cannot(p, pos, signs[op], a, b);
}

/* --- comparisons ---------------------------------------------------------- */

static bool
contains(const struct cfg_value *in, const struct cfg_value *v)
{
	size_t step = in->kind == CFG_DICT ? 2 : 1;

	if (in->kind == CFG_STRING)
		return strstr(in->text, v->text) != NULL;
	for (size_t i = 0; i < in->nitems; i += step)
		if (cfg_value_equal(in->items[i], v))
			return true;
	return false;
}

static int
order(const struct cfg_value *a, const struct cfg_value *b)
{
	if (a->kind == CFG_STRING)
		return strcmp(a->text, b->text);
	return a->num < b->num ? -1 : a->num > b->num;
}

struct cfg_value *
cfg_compare(struct parser *p, int op, const struct cfg_pos *pos,
    struct cfg_value *x, struct cfg_value *y)
{
	AUTO_VALUE struct cfg_value *a = x, *b = y;
	struct cfg_value *bad = bad_of(&a, &b);
	bool r;
	int o;

	if (bad != NULL)
		return bad;
	if (op == CMP_IN || op == CMP_NOT_IN) {
		if (b->kind == CFG_NUMBER ||
		    (b->kind == CFG_STRING && a->kind != CFG_STRING)) {
			cfg_error(p->err, pos, "'in' cannot look for %s in %s",
			    cfg_kind_name(a->kind), cfg_kind_name(b->kind));
			return NULL;
		}
		return cfg_value_num(p, pos, contains(b, a) == (op == CMP_IN));
	}
	/* Python finds "2" and 2 different; who compares them errs. */
	if (a->kind != b->kind ||
	    (op > CMP_NE && a->kind != CFG_NUMBER && a->kind != CFG_STRING)) {
		cfg_error(p->err, pos, "%s is not to be compared with %s",
		    cfg_kind_name(a->kind), cfg_kind_name(b->kind));
		return NULL;
	}
	if (op <= CMP_NE)
		return cfg_value_num(p, pos,
		    cfg_value_equal(a, b) == (op == CMP_EQ));
	o = order(a, b);
	r = op == CMP_LT ? o < 0 : op == CMP_LE ? o <= 0
	    : op == CMP_GT ? o > 0 : o >= 0;
	return cfg_value_num(p, pos, r);
}

/* --- parts ---------------------------------------------------------------- */

/* A bound of a slice, or dflt: as Python has it, never out of range. */
static size_t
bound(const struct cfg_value *v, size_t len, size_t dflt)
{
	int64_t n;

	if (v == NULL)
		return dflt;
	n = v->num < 0 ? v->num + (int64_t)len : v->num;
	return n < 0 ? 0 : (size_t)n > len ? len : (size_t)n;
}

struct cfg_value *
cfg_slice(struct parser *p, const struct cfg_value *v, const struct cfg_value *from,
    const struct cfg_value *to)
{
	size_t len = v->kind == CFG_STRING ? strlen(v->text) : v->nitems;
	size_t a = bound(from, len, 0), b = bound(to, len, len);
	AUTO_VALUE struct cfg_value *out = NULL;

	b = b < a ? a : b;
	if (v->kind == CFG_STRING)
		return cfg_value_str(p, &v->pos, v->text + a, b - a);
	out = cfg_value_new(p, CFG_LIST, &v->pos);
	for (size_t i = a; out != NULL && i < b; i++)
		if (cfg_value_add(p, out, cfg_value_copy(p, v->items[i],
			&v->pos)) < 0)
			return NULL;
	return steal_ptr(&out);
}

struct cfg_value *
cfg_item_of(struct parser *p, const struct cfg_value *v, const struct cfg_value *i)
{
	size_t len = v->kind == CFG_STRING ? strlen(v->text) : v->nitems;
	const struct cfg_value *member;
	int64_t n = i->num;

	if (v->kind == CFG_DICT && i->kind == CFG_STRING) {
		member = cfg_value_member(v, i->text);
		if (member != NULL)
			return cfg_value_copy(p, member, &v->pos);
		cfg_error(p->err, &i->pos, "the dictionary has no '%s'",
		    i->text);
		return NULL;
	}
	if (v->kind == CFG_DICT || v->kind == CFG_NUMBER ||
	    i->kind != CFG_NUMBER) {
		cfg_error(p->err, &i->pos, "%s has no elements with %s for "
		    "index", cfg_kind_name(v->kind), cfg_kind_name(i->kind));
		return NULL;
	}
	if (n < 0)
		n += (int64_t)len;
	if (n < 0 || n >= (int64_t)len) {
		cfg_error(p->err, &i->pos, "there is no element %s of %zu",
		    i->text, len);
		return NULL;
	}
	if (v->kind == CFG_STRING)
		return cfg_value_str(p, &v->pos, v->text + n, 1);
	return cfg_value_copy(p, v->items[n], &v->pos);
}

struct cfg_value *
cfg_negate(struct parser *p, struct cfg_value *taken, const struct cfg_pos *pos)
{
	AUTO_VALUE struct cfg_value *v = taken;

	if (v == NULL || v->kind == CFG_BAD)
		return steal_ptr(&v);
	if (v->kind == CFG_NUMBER && v->num != INT64_MIN)
		return cfg_value_num(p, pos, -v->num);
	cfg_error(p->err, pos, "'-' cannot be before %s",
	    cfg_kind_name(v->kind));
	return NULL;
}
