/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * [ ELEMENT for NAME in SOURCE if FILTER ]: element and filter are read once for their
 * end, and once more for each item of the source, from where they begin in the text.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "cfg_syntax.h"

/* "[ value for" is ahead. The parser finds what is wrong with it. */
bool
cfg_is_comprehension(const struct parser *p)
{
	struct xu_err ignored = XU_ERR_INIT;
	struct cfg_lex l = p->lex;
	unsigned depth = 0;
	bool found = false;

	if (p->literal)
		return false;
	l.text = (struct xu_buf)XU_BUF_INIT;
	l.err = &ignored;
	if (cfg_lex_rewind(&l, &p->lex.mark) < 0)
		depth = UINT32_MAX;
	while (depth != UINT32_MAX && l.tok != TOK_END &&
	    (depth > 0 || (l.tok != TOK_COMMA && l.tok != TOK_CLOSE))) {
		if (depth == 0 && cfg_lex_is(&l, "for")) {
			found = true;
			break;
		}
		if (l.tok == TOK_OPEN || l.tok == TOK_PAREN ||
		    l.tok == TOK_BRACE)
			depth++;
		else if (depth > 0 && (l.tok == TOK_CLOSE ||
		    l.tok == TOK_PAREN_END || l.tok == TOK_BRACE_END))
			depth--;
		if (cfg_lex_next(&l) < 0)
			break;
	}
	xu_buf_fini(&l.text);
	return found;
}

/* The parts of [ ELEMENT for NAME in SOURCE if FILTER ]. */
struct comprehension {
	struct cfg_mark element, filter, end;
	bool has_filter;
	char *name;
	struct cfg_pos name_pos;
	struct cfg_value *source;
};

/* A value that is read and no more. */
static int
skip_value(struct parser *p)
{
	struct cfg_value *v;

	p->skip++;
	v = cfg_or(p);
	p->skip--;
	cfg_value_free(v);
	return v == NULL ? -1 : 0;
}

static int
read_comprehension(struct parser *p, struct comprehension *c)
{
	c->element = p->lex.mark;
	if (skip_value(p) < 0 || cfg_expect_word(p, "for") < 0)
		return -1;
	if (p->lex.tok != TOK_IDENT) {
		cfg_unexpected(p, "a name");
		return -1;
	}
	c->name = strdup(xu_buf_text(&p->lex.text));
	c->name_pos = p->lex.pos;
	if (c->name == NULL || cfg_lex_next(&p->lex) < 0 ||
	    cfg_expect_word(p, "in") < 0 || (c->source = cfg_or(p)) == NULL)
		return -1;
	if (cfg_lex_is(&p->lex, "if")) {
		if (cfg_lex_next(&p->lex) < 0)
			return -1;
		c->filter = p->lex.mark;
		c->has_filter = true;
		if (skip_value(p) < 0)
			return -1;
	}
	if (p->lex.tok != TOK_CLOSE) {
		cfg_unexpected(p, "']'");
		return -1;
	}
	c->end = p->lex.mark;
	if (c->source->kind == CFG_LIST || c->source->kind == CFG_BAD)
		return 0;
	return cfg_error(p->err, &c->source->pos, "'for' goes through a list, "
	    "not %s", cfg_kind_name(c->source->kind));
}

/* With the name set to one item. */
static int
one_element(struct parser *p, const struct comprehension *c,
    const struct cfg_value *item, struct cfg_value *out)
{
	AUTO_VALUE struct cfg_value *yes = NULL;
	struct cfg_value *v = cfg_value_copy(p, item, &item->pos);
	size_t cost = (size_t)(c->end.p - c->element.p);

	if (v == NULL || cfg_spend(p, &item->pos, cost) < 0) {
		cfg_value_free(v);
		return -1;
	}
	if (cfg_store(p, c->name, &c->name_pos, v, false) < 0)
		return -1;
	if (c->has_filter) {
		if (cfg_lex_rewind(&p->lex, &c->filter) < 0 ||
		    (yes = cfg_or(p)) == NULL)
			return -1;
		if (!cfg_value_true(yes))
			return 0;
	}
	if (cfg_lex_rewind(&p->lex, &c->element) < 0)
		return -1;
	return cfg_value_add(p, out, cfg_or(p));
}

int
cfg_comprehension(struct parser *p, struct cfg_value *out)
{
	struct comprehension c = { .name = NULL };
	int r = read_comprehension(p, &c);

	if (r == 0 && c.source->kind == CFG_BAD)
		out->kind = CFG_BAD;
	for (size_t i = 0; r == 0 && i < c.source->nitems; i++)
		r = one_element(p, &c, c.source->items[i], out);
	if (r == 0)
		r = cfg_lex_rewind(&p->lex, &c.end);
	cfg_value_free(c.source);
	free(c.name);
	return r;
}
