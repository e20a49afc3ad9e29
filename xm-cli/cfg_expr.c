/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Expressions of the configuration language, by Python's rules of precedence:
 *   value   := or [ "if" or "else" value ]
 *   or      := and { "or" and }          and := not { "and" not }
 *   not     := "not" not | compare
 *   compare := sum [ ("=="|"!="|"<"|"<="|">"|">="|"in"|"not" "in") sum ]
 *   sum     := term { ("+"|"-") term }   term := sign { ("*"|"/"|"%") sign }
 *   sign    := "-" sign | item
 *   item    := atom { "[" value "]" | "[" [value] ":" [value] "]"
 *                   | "." IDENT "(" values ")" }
 *   atom    := STRING { STRING } | NUMBER | IDENT | IDENT "(" values ")"
 *            | "[" values "]" | "[" value "for" IDENT "in" value ["if" value] "]"
 *            | "(" values ")" | "{" [ value ":" value { "," ... } ] "}"
 * A value that is BAD makes BAD whatever it becomes a part of, without a word.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cfg_syntax.h"
#include "xu_num.h"

static struct cfg_value *parse_sign(struct parser *p);

/* --- comparisons ---------------------------------------------------------- */

/* Steps over the operator. CMP_NONE: there is none; -1: error. */
static int
compare_op(struct parser *p)
{
	int op = CMP_NONE;

	if (p->lex.tok >= TOK_EQ && p->lex.tok <= TOK_GE)
		op = CMP_EQ + (int)(p->lex.tok - TOK_EQ);
	else if (cfg_lex_is(&p->lex, "in"))
		op = CMP_IN;
	else if (cfg_lex_is(&p->lex, "not"))
		op = CMP_NOT_IN;
	else
		return CMP_NONE;
	if (cfg_lex_next(&p->lex) < 0)
		return -1;
	if (op != CMP_NOT_IN)
		return op;
	if (!cfg_lex_is(&p->lex, "in")) {
		cfg_unexpected(p, "'in' after 'not'");
		return -1;
	}
	return cfg_lex_next(&p->lex) < 0 ? -1 : op;
}

int
cfg_expect_word(struct parser *p, const char *word)
{
	char wanted[16];

	if (cfg_lex_is(&p->lex, word))
		return cfg_lex_next(&p->lex);
	snprintf(wanted, sizeof(wanted), "'%s'", word);
	cfg_unexpected(p, wanted);
	return -1;
}

/* --- lists, dictionaries, arguments --------------------------------------- */

/* Values with commas between, up to the token that ends them. */
static int
parse_values(struct parser *p, struct cfg_value *list, enum cfg_tok end)
{
	const char *wanted = end == TOK_CLOSE ? "',' or ']'" : "',' or ')'";

	while (p->lex.tok != end) {
		if (cfg_value_add(p, list, cfg_expr(p)) < 0)
			return -1;
		if (p->lex.tok == TOK_COMMA) {
			/* In parentheses it makes the difference. */
			list->tuple = true;
			if (cfg_lex_next(&p->lex) < 0)
				return -1;
		} else if (p->lex.tok != end) {
			cfg_unexpected(p, wanted);
			return -1;
		}
	}
	return 0;
}

/* BAD when one of its items is. */
static void
spread_bad(struct cfg_value *v)
{
	for (size_t i = 0; i < v->nitems && v->kind != CFG_BAD; i++)
		if (v->items[i]->kind == CFG_BAD)
			v->kind = CFG_BAD;
	if (v->kind != CFG_BAD)
		return;
	for (size_t i = 0; i < v->nitems; i++)
		cfg_value_free(v->items[i]);
	v->nitems = 0;
	if (v->text == NULL)
		v->text = strdup("");
	if (v->text == NULL)
		v->kind = CFG_LIST;
}

static struct cfg_value *
parse_list(struct parser *p)
{
	AUTO_VALUE struct cfg_value *v = NULL;
	int r;

	if (cfg_enter(p, &p->lex.pos) < 0 ||
	    (v = cfg_value_new(p, CFG_LIST, &p->lex.pos)) == NULL ||
	    cfg_lex_open(&p->lex) < 0)
		return NULL;
	r = cfg_is_comprehension(p) ? cfg_comprehension(p, v)
				: parse_values(p, v, TOK_CLOSE);
	v->tuple = false;
	p->depth--;
	if (r < 0 || cfg_lex_close(&p->lex) < 0)
		return NULL;
	spread_bad(v);
	return steal_ptr(&v);
}

/* "(value)" is the value, "(value,)" and "()" are tuples. */
static struct cfg_value *
parse_paren(struct parser *p)
{
	AUTO_VALUE struct cfg_value *v = NULL;

	if (cfg_enter(p, &p->lex.pos) < 0 ||
	    (v = cfg_value_new(p, CFG_LIST, &p->lex.pos)) == NULL ||
	    cfg_lex_open(&p->lex) < 0 ||
	    parse_values(p, v, TOK_PAREN_END) < 0 ||
	    cfg_lex_close(&p->lex) < 0)
		return NULL;
	p->depth--;
	if (v->nitems == 1 && !v->tuple)
		return steal_ptr(&v->items[0]);
	v->tuple = true;
	spread_bad(v);
	return steal_ptr(&v);
}

static int
dict_member(struct parser *p, struct cfg_value *v)
{
	struct cfg_value *key = cfg_expr(p);

	if (key == NULL)
		return -1;
	if (key->kind != CFG_STRING && key->kind != CFG_BAD) {
		cfg_error(p->err, &key->pos, "a key of a dictionary is a "
		    "string, not %s", cfg_kind_name(key->kind));
		cfg_value_free(key);
		return -1;
	}
	if (cfg_value_add(p, v, key) < 0)
		return -1;
	if (p->lex.tok != TOK_COLON) {
		cfg_unexpected(p, "':'");
		return -1;
	}
	return cfg_lex_next(&p->lex) < 0
	    ? -1
	    : cfg_value_add(p, v, cfg_expr(p));
}

struct cfg_value *
cfg_dict(struct parser *p)
{
	AUTO_VALUE struct cfg_value *v = NULL;

	if (cfg_enter(p, &p->lex.pos) < 0 ||
	    (v = cfg_value_new(p, CFG_DICT, &p->lex.pos)) == NULL ||
	    cfg_lex_open(&p->lex) < 0)
		return NULL;
	while (p->lex.tok != TOK_BRACE_END) {
		if (dict_member(p, v) < 0)
			return NULL;
		if (p->lex.tok == TOK_COMMA) {
			if (cfg_lex_next(&p->lex) < 0)
				return NULL;
		} else if (p->lex.tok != TOK_BRACE_END) {
			return cfg_unexpected(p, "',' or '}'");
		}
	}
	p->depth--;
	if (cfg_lex_close(&p->lex) < 0)
		return NULL;
	spread_bad(v);
	return steal_ptr(&v);
}

/* --- names and calls ------------------------------------------------------ */

/* The arguments behind '(', then the call; self (taken) may be NULL. */
static struct cfg_value *
parse_call(struct parser *p, const struct cfg_pos *pos, const char *name,
    struct cfg_value *self)
{
	AUTO_VALUE struct cfg_value *args = NULL;

	args = cfg_value_new(p, CFG_LIST, pos);
	if (args == NULL || cfg_enter(p, pos) < 0) {
		cfg_value_free(self);
		return NULL;
	}
	if ((self != NULL && cfg_value_add(p, args, self) < 0) ||
	    cfg_lex_open(&p->lex) < 0 ||
	    parse_values(p, args, TOK_PAREN_END) < 0 ||
	    cfg_lex_close(&p->lex) < 0)
		return NULL;
	p->depth--;
	spread_bad(args);
	if (args->kind == CFG_BAD || p->skip > 0)
		return cfg_value_new(p, CFG_BAD, pos);
	return cfg_call(p, pos, name, args->items, args->nitems);
}

static struct cfg_value *
constant(struct parser *p, const char *name, const struct cfg_pos *pos)
{
	static const struct {
		const char *word;
		bool json;
		int64_t n;
	} words[] = { { "True", false, 1 }, { "False", false, 0 },
		{ "true", true, 1 }, { "false", true, 0 } };

	for (size_t i = 0; i < XU_ARRAY_SIZE(words); i++)
		if (strcmp(words[i].word, name) == 0 &&
		    words[i].json == p->lex.json)
			return cfg_value_num(p, pos, words[i].n);
	return NULL;
}

static struct cfg_setting *
find(struct parser *p, const char *name)
{
	struct cfg *c = p->cfg;

	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->settings[i].key, name) == 0)
			return &c->settings[i];
	return NULL;
}

static struct cfg_value *
not_set(struct parser *p, const char *name, const struct cfg_pos *pos)
{
	if (p->lex.json)
		cfg_error(p->err, pos, "'%s' is no value of JSON", name);
	else if (strcmp(name, "None") == 0)
		cfg_error(p->err, pos,
		    "'None' is no value of a setting; leave the line out");
	else
		cfg_error(p->err, pos,
		    "'%s' is not set above; put quotes around text", name);
	return NULL;
}

static struct cfg_value *
variable(struct parser *p, const char *name, const struct cfg_pos *pos)
{
	struct cfg_setting *s = find(p, name);

	if (s != NULL)
		s->used = true;
	if (p->skip > 0)
		return cfg_value_new(p, CFG_BAD, pos);
	if (s == NULL)
		return not_set(p, name, pos);
	return cfg_value_copy(p, s->value, pos);
}

static bool
is_module(const char *name)
{
	static const char *const words[] = { "os.", "re.", "string.", "sys." };

	for (size_t i = 0; i < XU_ARRAY_SIZE(words); i++)
		if (strncmp(name, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

/* "arch.replace" is a method of arch; os.uname is a function. */
static struct cfg_value *
method_of_name(struct parser *p, char *name, const struct cfg_pos *pos)
{
	char *dot = strrchr(name, '.'), method[32];
	struct cfg_value *self;

	if (is_module(name))
		return parse_call(p, pos, name, NULL);
	snprintf(method, sizeof(method), "%s", dot);
	*dot = '\0';
	self = variable(p, name, pos);
	return self == NULL ? NULL : parse_call(p, pos, method, self);
}

static struct cfg_value *
parse_name(struct parser *p)
{
	AUTO_FREE char *name = strdup(xu_buf_text(&p->lex.text));
	AUTO_VALUE struct cfg_value *args = NULL;
	struct cfg_pos pos = p->lex.pos;
	struct cfg_value *v;

	if (name == NULL)
		return NULL;
	v = constant(p, name, &pos);
	if (v == NULL && (p->literal || p->lex.json))
		return not_set(p, name, &pos);
	/* Before the next token: this is what is wrong first. */
	if (v == NULL && p->skip == 0 && find(p, name) == NULL &&
	    strchr(name, '.') == NULL && !cfg_is_func(name))
		return not_set(p, name, &pos);
	if (cfg_lex_next(&p->lex) < 0) {
		cfg_value_free(v);
		return NULL;
	}
	if (v != NULL)
		return v;
	if (p->lex.tok == TOK_PAREN) {
		if (strchr(name, '.') != NULL && !cfg_is_func(name))
			return method_of_name(p, name, &pos);
		return parse_call(p, &pos, name, NULL);
	}
	if (strcmp(name, "os.environ") == 0 && p->lex.tok == TOK_OPEN) {
		args = parse_list(p);
		if (args == NULL || args->kind == CFG_BAD)
			return steal_ptr(&args);
		return cfg_call(p, &pos, "os.getenv", args->items,
		    args->nitems);
	}
	return variable(p, name, &pos);
}

/* --- atoms ---------------------------------------------------------------- */

static struct cfg_value *
parse_string(struct parser *p)
{
	AUTO_VALUE struct cfg_value *v =
	    cfg_value_new(p, CFG_STRING, &p->lex.pos);
	bool more = false;

	while (v != NULL && p->lex.tok == TOK_STRING) {
		if (more && p->lex.nested > 0)
			cfg_warn(p, &p->lex.pos, "two strings side by side are "
			    "one; is a comma missing?");
		more = true;
		if (p->skip == 0 && cfg_value_adds(p, v,
			xu_buf_text(&p->lex.text), p->lex.text.len) < 0)
			return NULL;
		if (cfg_lex_next(&p->lex) < 0)
			return NULL;
	}
	if (v != NULL && p->skip > 0)
		v->kind = CFG_BAD;
	return steal_ptr(&v);
}

/* Hexadecimal and octal as Python 2 writes them. */
static bool
number(const char *s, int64_t *n)
{
	const char *digits = s + (*s == '-');
	uint64_t u = 0;

	if (digits[0] != '0' || digits[1] == '\0')
		return xu_num_i64(s, INT64_MIN, INT64_MAX, n);
	if (digits[1] == 'x' || digits[1] == 'X') {
		if (!xu_num_u64(digits, 0, INT64_MAX, &u))
			return false;
	} else {
		digits += digits[1] == 'o' || digits[1] == 'O' ? 2 : 1;
		if (*digits == '\0')
			return false;
		for (; *digits >= '0' && *digits <= '7'; digits++) {
			if (u > (uint64_t)INT64_MAX >> 3)
				return false;
			u = u * 8 + (uint64_t)(*digits - '0');
		}
		if (*digits != '\0')
			return false;
	}
	*n = *s == '-' ? -(int64_t)u : (int64_t)u;
	return true;
}

static struct cfg_value *
parse_number(struct parser *p, const struct cfg_pos *pos, bool negative)
{
	char text[64];
	AUTO_VALUE struct cfg_value *v = NULL;
	int64_t n;

	snprintf(text, sizeof(text), "%s%s", negative ? "-" : "",
	    xu_buf_text(&p->lex.text));
	if (p->lex.text.len + 2 > sizeof(text) || !number(text, &n)) {
		cfg_error(p->err, &p->lex.pos, "'%.200s' is not a valid number",
		    xu_buf_text(&p->lex.text));
		return NULL;
	}
	v = cfg_value_new(p, p->skip > 0 ? CFG_BAD : CFG_NUMBER, pos);
	if (v == NULL)
		return NULL;
	v->num = n;
	if (cfg_value_adds(p, v, text, strlen(text)) < 0 ||
	    cfg_lex_next(&p->lex) < 0)
		return NULL;
	return steal_ptr(&v);
}

static struct cfg_value *
parse_atom(struct parser *p)
{
	static const char *const words[] = { "and", "elif", "else", "for",
		"if", "in", "is", "lambda", "not", "or" };

	for (size_t i = 0; i < XU_ARRAY_SIZE(words); i++)
		if (!p->literal && cfg_lex_is(&p->lex, words[i]))
			return cfg_unexpected(p, "a value");
	switch (p->lex.tok) {
	case TOK_STRING:
		return parse_string(p);
	case TOK_NUMBER:
		return parse_number(p, &p->lex.pos, false);
	case TOK_OPEN:
		return parse_list(p);
	case TOK_PAREN:
		if (p->literal)
			break;
		return parse_paren(p);
	case TOK_BRACE:
		return cfg_dict(p);
	case TOK_IDENT:
		return parse_name(p);
	default:
		break;
	}
	return cfg_unexpected(p, "a string, a number or a list");
}

/* --- index and slice ------------------------------------------------------ */

static int
slice_bound(struct parser *p, struct cfg_value **out)
{
	if (p->lex.tok == TOK_COLON || p->lex.tok == TOK_CLOSE)
		return 0;
	*out = cfg_expr(p);
	return *out == NULL ? -1 : 0;
}

static bool
is_bound(const struct cfg_value *v)
{
	return v == NULL || v->kind == CFG_NUMBER || v->kind == CFG_BAD;
}

/* The token is '['. Takes v. */
static struct cfg_value *
parse_index(struct parser *p, struct cfg_value *taken)
{
	AUTO_VALUE struct cfg_value *v = taken, *a = NULL, *b = NULL;
	struct cfg_pos pos = p->lex.pos;
	bool colon;

	if (cfg_enter(p, &pos) < 0 || cfg_lex_open(&p->lex) < 0 ||
	    slice_bound(p, &a) < 0)
		return NULL;
	colon = p->lex.tok == TOK_COLON;
	if (colon && (cfg_lex_next(&p->lex) < 0 || slice_bound(p, &b) < 0))
		return NULL;
	if (p->lex.tok != TOK_CLOSE || (a == NULL && !colon))
		return cfg_unexpected(p, a == NULL ? "an index" : "']'");
	p->depth--;
	if (cfg_lex_close(&p->lex) < 0)
		return NULL;
	if (v->kind == CFG_BAD || (a != NULL && a->kind == CFG_BAD) ||
	    (b != NULL && b->kind == CFG_BAD))
		return cfg_value_new(p, CFG_BAD, &pos);
	if (!colon)
		return cfg_item_of(p, v, a);
	if ((v->kind == CFG_STRING || v->kind == CFG_LIST) && is_bound(a) &&
	    is_bound(b))
		return cfg_slice(p, v, a, b);
	cfg_error(p->err, &pos, "a part of %s cannot be taken so",
	    cfg_kind_name(v->kind));
	return NULL;
}

/* The token is '.'. Takes v. */
static struct cfg_value *
parse_method(struct parser *p, struct cfg_value *v)
{
	char method[32] = ".";
	struct cfg_pos pos;

	if (cfg_lex_next(&p->lex) < 0 || p->lex.tok != TOK_IDENT) {
		cfg_value_free(v);
		return cfg_unexpected(p, "the name of a method");
	}
	pos = p->lex.pos;
	snprintf(method + 1, sizeof(method) - 1, "%.30s",
	    xu_buf_text(&p->lex.text));
	if (cfg_lex_next(&p->lex) < 0 || p->lex.tok != TOK_PAREN) {
		cfg_value_free(v);
		return cfg_unexpected(p, "'('");
	}
	return parse_call(p, &pos, method, v);
}

static struct cfg_value *
parse_item(struct parser *p)
{
	struct cfg_value *v = parse_atom(p);

	while (v != NULL && !p->literal && !p->lex.first) {
		if (p->lex.tok == TOK_OPEN)
			v = parse_index(p, v);
		else if (p->lex.tok == TOK_DOT)
			v = parse_method(p, v);
		else
			break;
	}
	return v;
}

/* --- levels of precedence ------------------------------------------------- */

static struct cfg_value *
parse_sign(struct parser *p)
{
	struct cfg_pos pos = p->lex.pos;
	struct cfg_value *v;

	if (p->lex.tok != TOK_MINUS)
		return parse_item(p);
	if (cfg_enter(p, &pos) < 0 || cfg_lex_next(&p->lex) < 0)
		return NULL;
	v = p->lex.tok == TOK_NUMBER ? parse_number(p, &pos, true)
				     : cfg_negate(p, parse_sign(p), &pos);
	p->depth--;
	return v;
}

/* The operator is ahead; v (taken) is on its left, `next` reads what is on its right. */
static struct cfg_value *
operate_next(struct parser *p, struct cfg_value *v,
    struct cfg_value *next(struct parser *))
{
	const enum cfg_tok op = p->lex.tok;
	const struct cfg_pos pos = p->lex.pos;
	struct cfg_value *b = cfg_lex_next(&p->lex) < 0 ? NULL : next(p);

	if (b != NULL)
		return cfg_operate(p, op, &pos, v, b);
	cfg_value_free(v);
	return NULL;
}

static struct cfg_value *
parse_term(struct parser *p)
{
	struct cfg_value *v = parse_sign(p);

	while (v != NULL && !p->literal && (p->lex.tok == TOK_STAR ||
	    p->lex.tok == TOK_SLASH || p->lex.tok == TOK_PERCENT))
		v = operate_next(p, v, parse_sign);
	return v;
}

static struct cfg_value *
parse_sum(struct parser *p)
{
	struct cfg_value *v = parse_term(p);

	while (v != NULL && !p->lex.json && (p->lex.tok == TOK_PLUS ||
	    (p->lex.tok == TOK_MINUS && !p->literal)))
		v = operate_next(p, v, parse_term);
	return v;
}

static struct cfg_value *
parse_compare(struct parser *p)
{
	struct cfg_value *v = parse_sum(p), *b;
	struct cfg_pos pos;
	int op;

	if (v == NULL || p->literal)
		return v;
	pos = p->lex.pos;
	op = compare_op(p);
	if (op == CMP_NONE)
		return v;
	b = op < 0 ? NULL : parse_sum(p);
	if (b == NULL) {
		cfg_value_free(v);
		return NULL;
	}
	return cfg_compare(p, op, &pos, v, b);
}

static struct cfg_value *
parse_not(struct parser *p)
{
	AUTO_VALUE struct cfg_value *v = NULL;
	struct cfg_pos pos = p->lex.pos;

	if (p->literal || !cfg_lex_is(&p->lex, "not"))
		return parse_compare(p);
	if (cfg_enter(p, &pos) < 0 || cfg_lex_next(&p->lex) < 0 ||
	    (v = parse_not(p)) == NULL)
		return NULL;
	p->depth--;
	return v->kind == CFG_BAD ? steal_ptr(&v)
				  : cfg_value_num(p, &pos, !cfg_value_true(v));
}

/* The second is read only when the first decides; the value is one of both. */
static struct cfg_value *
parse_logic(struct parser *p, const char *word, bool decides,
    struct cfg_value *(*lower)(struct parser *p))
{
	struct cfg_value *v = lower(p), *b;
	bool decided;

	while (v != NULL && !p->literal && cfg_lex_is(&p->lex, word)) {
		decided = v->kind != CFG_BAD && cfg_value_true(v) == decides;
		p->skip += decided;
		b = cfg_lex_next(&p->lex) < 0 ? NULL : lower(p);
		p->skip -= decided;
		if (b == NULL || (!decided && v->kind != CFG_BAD)) {
			cfg_value_free(v);
			v = b;
		} else {
			cfg_value_free(b);
		}
	}
	return v;
}

static struct cfg_value *
parse_and(struct parser *p)
{
	return parse_logic(p, "and", false, parse_not);
}

struct cfg_value *
cfg_or(struct parser *p)
{
	return parse_logic(p, "or", true, parse_and);
}

struct cfg_value *
cfg_expr(struct parser *p)
{
	AUTO_VALUE struct cfg_value *v = cfg_or(p), *c = NULL, *b = NULL;

	if (v == NULL || p->literal || p->lex.first ||
	    !cfg_lex_is(&p->lex, "if"))
		return steal_ptr(&v);
	if (cfg_lex_next(&p->lex) < 0 || (c = cfg_or(p)) == NULL ||
	    cfg_expect_word(p, "else") < 0 || (b = cfg_expr(p)) == NULL)
		return NULL;
	if (c->kind == CFG_BAD)
		return steal_ptr(&c);
	return cfg_value_true(c) ? steal_ptr(&v) : steal_ptr(&b);
}
