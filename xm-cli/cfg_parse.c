/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Grammar of the configuration language, by recursive descent:
 *   file    := { [ IDENT ( "=" | "+=" ) value ] ( NEWLINE | ";" ) }
 *   value   := atom { "+" atom }           strings and lists only
 *   atom    := STRING { STRING } | NUMBER | "[" [ value { "," value } [","] ] "]"
 *            | IDENT                        a name set earlier
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cfg.h"
#include "xu_num.h"

struct parser {
	struct cfg *cfg;
	struct cfg_lex lex;
	struct xu_err *err;
	unsigned depth;
};

static void
value_free(struct cfg_value *v)
{
	if (v == NULL)
		return;
	for (size_t i = 0; i < v->nitems; i++)
		value_free(v->items[i]);
	free(v->items);
	free(v->text);
	free(v);
}

void
cfg_init(struct cfg *c)
{
	memset(c, 0, sizeof(*c));
}

void
cfg_fini(struct cfg *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->settings[i].key);
		value_free(c->settings[i].value);
	}
	for (size_t i = 0; i < c->nfiles; i++)
		free(c->files[i]);
	free(c->settings);
	free(c->files);
	cfg_init(c);
}

static struct cfg_value *
no_memory(struct parser *p)
{
	xu_err_set(p->err, "INTERNAL_ERROR", ENOMEM, "read the configuration");
	return NULL;
}

static struct cfg_value *
value_new(struct parser *p, enum cfg_kind kind, const struct cfg_pos *pos)
{
	struct cfg_value *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return no_memory(p);
	v->kind = kind;
	v->pos = *pos;
	if (kind != CFG_LIST && (v->text = strdup("")) == NULL) {
		free(v);
		return no_memory(p);
	}
	return v;
}

static int
string_append(struct parser *p, struct cfg_value *v, const char *more)
{
	size_t a = strlen(v->text), b = strlen(more);
	char *s = a + b > CFG_MAX_FILE ? NULL : realloc(v->text, a + b + 1);

	if (s == NULL) {
		no_memory(p);
		return -1;
	}
	memcpy(s + a, more, b + 1);
	v->text = s;
	return 0;
}

/* Takes item. */
static int
list_append(struct parser *p, struct cfg_value *v, struct cfg_value *item)
{
	struct cfg_value **items;

	if (item == NULL)
		return -1;
	if (v->nitems >= CFG_MAX_ITEMS) {
		cfg_error(p->err, &item->pos, "more than %d list elements",
		    CFG_MAX_ITEMS);
		value_free(item);
		return -1;
	}
	items = reallocarray(v->items, v->nitems + 1, sizeof(*items));
	if (items == NULL) {
		value_free(item);
		no_memory(p);
		return -1;
	}
	v->items = items;
	v->items[v->nitems++] = item;
	return 0;
}

static struct cfg_value *
value_copy(struct parser *p, const struct cfg_value *v,
    const struct cfg_pos *pos)
{
	struct cfg_value *c = value_new(p, v->kind, pos);

	if (c == NULL)
		return NULL;
	c->num = v->num;
	if (v->text != NULL && string_append(p, c, v->text) < 0)
		goto fail;
	for (size_t i = 0; i < v->nitems; i++)
		if (list_append(p, c, value_copy(p, v->items[i], pos)) < 0)
			goto fail;
	return c;
fail:
	value_free(c);
	return NULL;
}

static const char *
kind_name(enum cfg_kind k)
{
	return k == CFG_LIST ? "a list" : k == CFG_NUMBER ? "a number"
							  : "a string";
}

static struct cfg_value *
unexpected(struct parser *p, const char *wanted)
{
	cfg_error(p->err, &p->lex.pos, "expected %s, found %s%s%s%s", wanted,
	    cfg_tok_name(p->lex.tok),
	    p->lex.tok == TOK_IDENT ? " '" : "",
	    p->lex.tok == TOK_IDENT ? xu_buf_text(&p->lex.text) : "",
	    p->lex.tok == TOK_IDENT ? "'" : "");
	return NULL;
}

static struct cfg_value *parse_value(struct parser *p);

static struct cfg_value *
parse_list(struct parser *p)
{
	struct cfg_value *v = value_new(p, CFG_LIST, &p->lex.pos);

	if (v == NULL)
		return NULL;
	if (++p->depth > CFG_MAX_DEPTH) {
		cfg_error(p->err, &p->lex.pos, "lists nested more than %d deep",
		    CFG_MAX_DEPTH);
		goto fail;
	}
	p->lex.nested++;
	if (cfg_lex_next(&p->lex) < 0)
		goto fail;
	while (p->lex.tok != TOK_CLOSE) {
		if (list_append(p, v, parse_value(p)) < 0)
			goto fail;
		if (p->lex.tok == TOK_COMMA) {
			if (cfg_lex_next(&p->lex) < 0)
				goto fail;
		} else if (p->lex.tok != TOK_CLOSE) {
			unexpected(p, "',' or ']'");
			goto fail;
		}
	}
	p->lex.nested--;
	p->depth--;
	if (cfg_lex_next(&p->lex) < 0)
		goto fail;
	return v;
fail:
	value_free(v);
	return NULL;
}

static struct cfg_value *
parse_string(struct parser *p)
{
	struct cfg_value *v = value_new(p, CFG_STRING, &p->lex.pos);

	while (v != NULL && p->lex.tok == TOK_STRING)
		if (string_append(p, v, xu_buf_text(&p->lex.text)) < 0 ||
		    cfg_lex_next(&p->lex) < 0) {
			value_free(v);
			return NULL;
		}
	return v;
}

static struct cfg_value *
parse_number(struct parser *p)
{
	const char *s = xu_buf_text(&p->lex.text);
	struct cfg_value *v;
	uint64_t u;
	int64_t n = 0;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')
		? !xu_num_u64(s, 0, INT64_MAX, &u)
		: !xu_num_i64(s, INT64_MIN, INT64_MAX, &n)) {
		cfg_error(p->err, &p->lex.pos, "'%s' is not a valid number", s);
		return NULL;
	}
	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
		n = (int64_t)u;
	v = value_new(p, CFG_NUMBER, &p->lex.pos);
	if (v == NULL)
		return NULL;
	v->num = n;
	if (string_append(p, v, s) < 0 || cfg_lex_next(&p->lex) < 0) {
		value_free(v);
		return NULL;
	}
	return v;
}

static struct cfg_value *
parse_name(struct parser *p)
{
	const char *name = xu_buf_text(&p->lex.text);
	const struct cfg_setting *s = cfg_find(p->cfg, name);
	struct cfg_value *v;

	if (s == NULL) {
		cfg_error(p->err, &p->lex.pos,
		    "'%s' is not set above; put quotes around text", name);
		return NULL;
	}
	v = value_copy(p, s->value, &p->lex.pos);
	if (v != NULL && cfg_lex_next(&p->lex) < 0) {
		value_free(v);
		return NULL;
	}
	return v;
}

static struct cfg_value *
parse_atom(struct parser *p)
{
	switch (p->lex.tok) {
	case TOK_STRING:
		return parse_string(p);
	case TOK_NUMBER:
		return parse_number(p);
	case TOK_OPEN:
		return parse_list(p);
	case TOK_IDENT:
		return parse_name(p);
	default:
		return unexpected(p, "a string, a number or a list");
	}
}

/* Takes both; returns a with b appended, or NULL. */
static struct cfg_value *
concat(struct parser *p, struct cfg_value *a, struct cfg_value *b)
{
	int r = 0;

	if (b == NULL)
		goto fail;
	if (a->kind != b->kind || a->kind == CFG_NUMBER) {
		cfg_error(p->err, &b->pos, "'+' cannot join %s and %s",
		    kind_name(a->kind), kind_name(b->kind));
		goto fail;
	}
	if (a->kind == CFG_STRING) {
		r = string_append(p, a, b->text);
	} else {
		for (size_t i = 0; i < b->nitems && r == 0; i++) {
			r = list_append(p, a, b->items[i]);
			b->items[i] = NULL;
		}
	}
	if (r < 0)
		goto fail;
	value_free(b);
	return a;
fail:
	value_free(a);
	value_free(b);
	return NULL;
}

static struct cfg_value *
parse_value(struct parser *p)
{
	struct cfg_value *v = parse_atom(p);

	while (v != NULL && p->lex.tok == TOK_PLUS) {
		if (cfg_lex_next(&p->lex) < 0) {
			value_free(v);
			return NULL;
		}
		v = concat(p, v, parse_atom(p));
	}
	return v;
}

/* Takes key and value. */
static int
store(struct parser *p, char *key, const struct cfg_pos *pos,
    struct cfg_value *value, bool append)
{
	struct cfg *c = p->cfg;
	struct cfg_setting *s;

	for (size_t i = 0; i < c->n; i++) {
		s = &c->settings[i];
		if (strcmp(s->key, key) != 0)
			continue;
		free(key);
		if (append)
			value = concat(p, s->value, value);
		else
			value_free(s->value);
		s->value = value;
		s->pos = *pos;
		if (value != NULL)
			return 0;
		/* concat freed the old value: forget the setting. */
		free(s->key);
		memmove(s, s + 1, (c->n - i - 1) * sizeof(*s));
		c->n--;
		return -1;
	}
	s = c->n >= CFG_MAX_ITEMS
	    ? NULL
	    : reallocarray(c->settings, c->n + 1, sizeof(*s));
	if (s == NULL) {
		cfg_error(p->err, pos, "more than %d settings", CFG_MAX_ITEMS);
		free(key);
		value_free(value);
		return -1;
	}
	c->settings = s;
	s[c->n].key = key;
	s[c->n].pos = *pos;
	s[c->n++].value = value;
	return 0;
}

static int
parse_statement(struct parser *p)
{
	struct cfg_pos pos = p->lex.pos;
	struct cfg_value *value;
	AUTO_FREE char *key = NULL;
	bool append;

	if (p->lex.tok != TOK_IDENT) {
		unexpected(p, "a setting such as memory = 256");
		return -1;
	}
	key = strdup(xu_buf_text(&p->lex.text));
	if (key == NULL) {
		no_memory(p);
		return -1;
	}
	if (cfg_lex_next(&p->lex) < 0)
		return -1;
	if (p->lex.tok != TOK_ASSIGN && p->lex.tok != TOK_APPEND)
		return cfg_error(p->err, &p->lex.pos,
		    "expected '=' after '%s', found %s%s", key,
		    cfg_tok_name(p->lex.tok),
		    strcmp(key, "import") == 0 || strcmp(key, "def") == 0 ||
			    strcmp(key, "if") == 0
			? "; Python statements are not understood"
			: "");
	append = p->lex.tok == TOK_APPEND;
	if (cfg_lex_next(&p->lex) < 0 || (value = parse_value(p)) == NULL)
		return -1;
	if (p->lex.tok != TOK_NEWLINE && p->lex.tok != TOK_END) {
		unexpected(p, "the end of the line");
		value_free(value);
		return -1;
	}
	return store(p, steal_ptr(&key), &pos, value, append);
}

static const char *
remember_file(struct cfg *c, const char *file)
{
	char **files = reallocarray(c->files, c->nfiles + 1, sizeof(*files));

	if (files == NULL)
		return NULL;
	c->files = files;
	files[c->nfiles] = strdup(file);
	return files[c->nfiles] == NULL ? NULL : files[c->nfiles++];
}

int
cfg_parse(struct cfg *c, const char *file, const char *text, size_t len,
    struct xu_err *e)
{
	struct parser p = { .cfg = c, .err = e };
	int r;

	file = remember_file(c, file);
	if (file == NULL) {
		no_memory(&p);
		return -1;
	}
	cfg_lex_init(&p.lex, file, text, len, e);
	r = cfg_lex_next(&p.lex);
	while (r == 0 && p.lex.tok != TOK_END) {
		if (p.lex.tok == TOK_NEWLINE)
			r = cfg_lex_next(&p.lex);
		else
			r = parse_statement(&p);
	}
	cfg_lex_fini(&p.lex);
	return r;
}

int
cfg_parse_override(struct cfg *c, const char *arg, struct xu_err *e)
{
	AUTO_BUF struct xu_buf quoted = XU_BUF_INIT;
	struct cfg probe = { .n = 0 };
	const char *eq = strchr(arg, '=');
	int r;

	/* Language first: numbers, quotes and lists mean what they mean. */
	if (cfg_parse(&probe, "command line", arg, strlen(arg), NULL) == 0) {
		cfg_fini(&probe);
		return cfg_parse(c, "command line", arg, strlen(arg), e);
	}
	cfg_fini(&probe);
	if (eq == NULL)
		return cfg_parse(c, "command line", arg, strlen(arg), e);
	/* A shell ate the quotes: the rest is a string. */
	xu_buf_add(&quoted, arg, (size_t)(eq - arg) + 1);
	xu_buf_addc(&quoted, '"');
	for (const char *s = eq + 1; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			xu_buf_addc(&quoted, '\\');
		xu_buf_addc(&quoted, *s);
	}
	xu_buf_addc(&quoted, '"');
	r = cfg_parse(c, "command line", xu_buf_text(&quoted), quoted.len, e);
	return r;
}

const struct cfg_setting *
cfg_find(const struct cfg *c, const char *key)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->settings[i].key, key) == 0)
			return &c->settings[i];
	return NULL;
}

static void
print_string(const char *s, struct xu_buf *out)
{
	xu_buf_addc(out, '"');
	for (; *s != '\0'; s++) {
		unsigned char ch = (unsigned char)*s;

		if (ch == '"' || ch == '\\')
			xu_buf_addf(out, "\\%c", ch);
		else if (ch < 0x20 || ch == 0x7f)
			xu_buf_addf(out, "\\x%02x", ch);
		else
			xu_buf_addc(out, (char)ch);
	}
	xu_buf_addc(out, '"');
}

void
cfg_print_value(const struct cfg_value *v, struct xu_buf *out)
{
	if (v->kind == CFG_STRING) {
		print_string(v->text, out);
		return;
	}
	if (v->kind == CFG_NUMBER) {
		xu_buf_adds(out, v->text);
		return;
	}
	xu_buf_adds(out, "[ ");
	for (size_t i = 0; i < v->nitems; i++) {
		cfg_print_value(v->items[i], out);
		xu_buf_adds(out, i + 1 < v->nitems ? ", " : " ");
	}
	xu_buf_addc(out, ']');
}

void
cfg_print(const struct cfg *c, struct xu_buf *out)
{
	for (size_t i = 0; i < c->n; i++) {
		xu_buf_addf(out, "%s = ", c->settings[i].key);
		cfg_print_value(c->settings[i].value, out);
		xu_buf_addc(out, '\n');
	}
}
