/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Statements of the configuration language, by recursive descent:
 *   file  := { line }
 *   line  := small { ";" small } NEWLINE | if
 *   small := IDENT ( "=" | "+=" ) value | "import" names | "pass"
 *   if    := "if" value ":" block { "elif" value ":" block }
 *            [ "else" ":" block ]
 *   block := small { ";" small } NEWLINE | NEWLINE, lines indented further
 * Values are cfg_expr.c's. They are made while they are read; of a branch that is
 * not taken nothing is made (struct parser, skip).
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cfg_syntax.h"

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
		cfg_value_free(c->settings[i].value);
	}
	for (size_t i = 0; i < c->nfiles; i++)
		free(c->files[i]);
	free(c->settings);
	free(c->files);
	cfg_init(c);
}

/* --- problems ------------------------------------------------------------- */

struct cfg_value *
cfg_unexpected(struct parser *p, const char *wanted)
{
	bool name = p->lex.tok == TOK_IDENT;

	cfg_error(p->err, &p->lex.pos, "expected %s, found %s%s%s%s", wanted,
	    cfg_tok_name(p->lex.tok), name ? " '" : "",
	    name ? xu_buf_text(&p->lex.text) : "", name ? "'" : "");
	return NULL;
}

void
cfg_warn(struct parser *p, const struct cfg_pos *pos, const char *text)
{
	if (p->report != NULL)
		xu_buf_addf(p->report, "%s:%u:%u: warning: %s\n", pos->file,
		    pos->line, pos->col, text);
}

int
cfg_enter(struct parser *p, const struct cfg_pos *pos)
{
	if (++p->depth > CFG_MAX_DEPTH)
		return cfg_error(p->err, pos, "nested more than %d deep",
		    CFG_MAX_DEPTH);
	return 0;
}

/* The error becomes a line of the report. -1: it ends here. */
static int
note(struct parser *p)
{
	if (p->report == NULL)
		return -1;
	xu_buf_addf(p->report, "%s\n", p->err->msg);
	xu_err_clear(p->err);
	p->depth = 0;
	return ++p->errors >= CFG_MAX_PROBLEMS ? -1 : 0;
}

/* And what is read next is the next line. */
static int
recover(struct parser *p)
{
	unsigned depth = p->depth;

	for (;;) {
		if (note(p) < 0)
			return -1;
		p->depth = depth;
		cfg_lex_resync(&p->lex);
		if (cfg_lex_next(&p->lex) == 0)
			return 0;
	}
}

/* --- settings ------------------------------------------------------------- */

static void
warn_again(struct parser *p, const struct cfg_setting *s,
    const struct cfg_pos *pos)
{
	char text[160];

	if (s->used || s->value->kind == CFG_BAD || s->pos.file != pos->file ||
	    p->depth != 0)
		return;
	snprintf(text, sizeof(text),
	    "'%.60s' is set again; what line %u says does not count", s->key,
	    s->pos.line);
	cfg_warn(p, pos, text);
}

/* Takes value. */
static int
replace(struct parser *p, struct cfg_setting *s, const struct cfg_pos *pos,
    struct cfg_value *value, bool append)
{
	struct cfg_value *old = s->value;

	if (append) {
		/* cfg_concat takes both. */
		s->value = NULL;
		value = cfg_concat(p, old, value);
	} else {
		warn_again(p, s, pos);
		cfg_value_free(old);
	}
	s->value = value;
	s->pos = *pos;
	if (value != NULL)
		return 0;
	/* Forget the setting. */
	free(s->key);
	memmove(s, s + 1,
	    (size_t)(p->cfg->settings + --p->cfg->n - s) * sizeof(*s));
	return -1;
}

int
cfg_store(struct parser *p, const char *key, const struct cfg_pos *pos,
    struct cfg_value *value, bool append)
{
	struct cfg *c = p->cfg;
	struct cfg_setting *s;
	char *name;

	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->settings[i].key, key) == 0)
			return replace(p, &c->settings[i], pos, value, append);
	name = c->n >= CFG_MAX_ITEMS ? NULL : strdup(key);
	s = name == NULL ? NULL
			 : reallocarray(c->settings, c->n + 1, sizeof(*s));
	if (s == NULL) {
		cfg_error(p->err, pos, "more than %d settings", CFG_MAX_ITEMS);
		free(name);
		cfg_value_free(value);
		return -1;
	}
	c->settings = s;
	s[c->n++] = (struct cfg_setting){ .key = name, .pos = *pos,
		.value = value };
	return 0;
}

/* What it would have been is not known. */
static void
poison(struct parser *p, const char *key, const struct cfg_pos *pos)
{
	struct xu_err *err = p->err, ignored = XU_ERR_INIT;
	struct cfg_value *v;

	if (p->report == NULL || (p->skip > 0 && p->unknown == 0))
		return;
	p->err = &ignored;
	v = cfg_value_new(p, CFG_BAD, pos);
	if (v != NULL)
		cfg_store(p, key, pos, v, false);
	p->err = err;
}

const struct cfg_setting *
cfg_find(const struct cfg *c, const char *key)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->settings[i].key, key) == 0)
			return &c->settings[i];
	return NULL;
}

/* --- small statements ----------------------------------------------------- */

static bool
in_words(const char *s, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(s, *words) == 0)
			return true;
	return false;
}

static int
parse_import(struct parser *p)
{
	static const char *const known[] = { "os", "os.path", "re", "string",
		"sys", NULL };

	p->cfg->program = true;
	do {
		if (cfg_lex_next(&p->lex) < 0)
			return -1;
		if (p->lex.tok != TOK_IDENT) {
			cfg_unexpected(p, "the name of a module");
			return -1;
		}
		if (!in_words(xu_buf_text(&p->lex.text), known))
			return cfg_error(p->err, &p->lex.pos,
			    "module '%s' is not understood; os, re and string "
			    "are", xu_buf_text(&p->lex.text));
		if (cfg_lex_next(&p->lex) < 0)
			return -1;
	} while (p->lex.tok == TOK_COMMA);
	return 0;
}

/* A list without its '[': commas behind the value up to a ']', or to the end of the
 * line where the next is a string. */
static bool
lacks_open(const struct parser *p)
{
	struct xu_err ignored = XU_ERR_INIT;
	struct cfg_lex l = p->lex;
	bool lacks = l.tok == TOK_CLOSE;

	l.text = (struct xu_buf)XU_BUF_INIT;
	l.err = &ignored;
	if (l.tok == TOK_COMMA && cfg_lex_next(&l) == 0) {
		lacks = l.tok == TOK_NEWLINE && cfg_lex_next(&l) == 0 &&
		    l.tok == TOK_STRING;
		while (!lacks && (l.tok == TOK_STRING || l.tok == TOK_NUMBER ||
		    l.tok == TOK_COMMA) && cfg_lex_next(&l) == 0)
			lacks = l.tok == TOK_CLOSE;
	}
	xu_buf_fini(&l.text);
	return lacks;
}

/* Behind a value, which is NULL behind other statements. */
static int
end_of_statement(struct parser *p, const struct cfg_value *v)
{
	if (v != NULL && v->kind != CFG_LIST && lacks_open(p))
		return cfg_error(p->err, &v->pos,
		    "a '[' is missing before this value");
	if (p->lex.tok == TOK_NEWLINE || p->lex.tok == TOK_END)
		return 0;
	if (p->lex.tok == TOK_CLOSE || p->lex.tok == TOK_PAREN_END ||
	    p->lex.tok == TOK_BRACE_END)
		return cfg_error(p->err, &p->lex.pos,
		    "%s closes no bracket", cfg_tok_name(p->lex.tok));
	cfg_unexpected(p, "the end of the line");
	return -1;
}

static int
no_assignment(struct parser *p, const char *key)
{
	if (p->lex.tok == TOK_PAREN)
		return cfg_error(p->err, &p->lex.pos,
		    "'%s' is called for its effect, which is not understood; "
		    "expected '='", key);
	return cfg_error(p->err, &p->lex.pos,
	    "expected '=' after '%s', found %s", key,
	    cfg_tok_name(p->lex.tok));
}

static int
parse_assignment(struct parser *p)
{
	struct cfg_pos pos = p->lex.pos;
	AUTO_FREE char *key = strdup(xu_buf_text(&p->lex.text));
	AUTO_VALUE struct cfg_value *value = NULL;
	bool append;

	if (key == NULL || cfg_lex_next(&p->lex) < 0)
		goto fail;
	if (p->lex.tok != TOK_ASSIGN && p->lex.tok != TOK_APPEND) {
		no_assignment(p, key);
		goto fail;
	}
	append = p->lex.tok == TOK_APPEND;
	if (cfg_lex_next(&p->lex) < 0 || (value = cfg_expr(p)) == NULL ||
	    end_of_statement(p, value) < 0)
		goto fail;
	if (p->skip > 0) {
		poison(p, key, &pos);
		return 0;
	}
	if (value->kind == CFG_DICT && append) {
		cfg_error(p->err, &value->pos, "a dictionary cannot be added");
		goto fail;
	}
	return cfg_store(p, key, &pos, steal_ptr(&value), append);
fail:
	if (key != NULL)
		poison(p, key, &pos);
	return xu_err_set(p->err, "INTERNAL_ERROR", 0,
	    "out of memory, read the configuration");
}

/* What Python has and we have not. */
static const char *const foreign[] = { "assert", "class", "def", "del", "exec",
	"for", "from", "global", "lambda", "print", "raise", "return", "try",
	"while", "with", "yield", NULL };

static bool
is_foreign(struct parser *p)
{
	struct cfg_mark mark = p->lex.mark;
	bool found = false;

	if (p->lex.tok != TOK_IDENT ||
	    !in_words(xu_buf_text(&p->lex.text), foreign))
		return false;
	/* It may be a name yet. What is wrong is found when it is read again. */
	found = cfg_lex_next(&p->lex) < 0 ||
	    (p->lex.tok != TOK_ASSIGN && p->lex.tok != TOK_APPEND);
	xu_err_clear(p->err);
	return cfg_lex_rewind(&p->lex, &mark) == 0 && found;
}

static int
parse_small(struct parser *p)
{
	if (cfg_lex_is(&p->lex, "import"))
		return parse_import(p) < 0 ? -1 : end_of_statement(p, NULL);
	if (cfg_lex_is(&p->lex, "pass"))
		return cfg_lex_next(&p->lex) < 0 ? -1 : end_of_statement(p, NULL);
	if (cfg_lex_is(&p->lex, "elif") || cfg_lex_is(&p->lex, "else"))
		return cfg_error(p->err, &p->lex.pos,
		    "'%s' has no 'if' at the same distance from the margin",
		    xu_buf_text(&p->lex.text));
	if (p->lex.tok != TOK_IDENT) {
		cfg_unexpected(p, "a setting such as memory = 256");
		return -1;
	}
	return parse_assignment(p);
}

/* --- lines and blocks ----------------------------------------------------- */

static int parse_lines(struct parser *p, int indent);

/* Small statements up to the end of their line. -1: it ends here. */
static int
parse_line(struct parser *p)
{
	while (p->lex.tok != TOK_END && !p->lex.first) {
		if (p->lex.tok == TOK_NEWLINE) {
			if (cfg_lex_next(&p->lex) < 0 && recover(p) < 0)
				return -1;
		} else if (parse_small(p) < 0 && recover(p) < 0) {
			return -1;
		}
	}
	return 0;
}

static int
parse_block(struct parser *p, unsigned indent, const struct cfg_pos *pos)
{
	while (p->lex.tok == TOK_NEWLINE)
		if (cfg_lex_next(&p->lex) < 0 && recover(p) < 0)
			return -1;
	if (p->lex.tok == TOK_END || p->lex.indent <= indent) {
		cfg_error(p->err, p->lex.tok == TOK_END ? pos : &p->lex.pos,
		    "expected an indented line after ':' of line %u",
		    pos->line);
		return note(p);
	}
	return parse_lines(p, (int)p->lex.indent);
}

/* "if value:". 1: true, 0: false, 2: not known, -1: it ends here. */
static int
parse_condition(struct parser *p, bool has_value)
{
	AUTO_VALUE struct cfg_value *v = NULL;

	if (cfg_lex_next(&p->lex) < 0)
		goto fail;
	if (has_value && (v = cfg_expr(p)) == NULL)
		goto fail;
	if (p->lex.tok != TOK_COLON) {
		cfg_unexpected(p, "':'");
		goto fail;
	}
	if (cfg_lex_next(&p->lex) < 0)
		goto fail;
	if (v == NULL)
		return 1;
	return v->kind == CFG_BAD ? 2 : cfg_value_true(v);
fail:
	return recover(p) < 0 ? -1 : 2;
}

/* One branch, behind its condition. */
static int
parse_branch(struct parser *p, unsigned indent, const struct cfg_pos *pos,
    bool skip, bool unknown)
{
	int r;

	p->skip += skip || unknown;
	p->unknown += unknown;
	r = p->lex.tok == TOK_NEWLINE || p->lex.first
	    ? parse_block(p, indent, pos)
	    : parse_line(p);
	p->skip -= skip || unknown;
	p->unknown -= unknown;
	return r;
}

static int
parse_if(struct parser *p)
{
	unsigned indent = p->lex.indent, depth = p->depth;
	bool last = false, taken = false, unknown = false, outer = p->skip > 0;
	struct cfg_pos pos;
	int c;

	p->cfg->program = true;
	if (cfg_enter(p, &p->lex.pos) < 0) {
		/* Deeper than this is not looked at. */
		p->depth = depth;
		if (note(p) < 0)
			return -1;
		cfg_lex_resync(&p->lex);
		cfg_lex_skip_block(&p->lex, indent);
		return cfg_lex_next(&p->lex) < 0 ? recover(p) : 0;
	}
	do {
		pos = p->lex.pos;
		last = cfg_lex_is(&p->lex, "else");
		/* A branch that cannot be taken has a condition that is not
		 * evaluated. */
		p->skip += taken;
		c = parse_condition(p, !last);
		p->skip -= taken;
		if (c < 0)
			return -1;
		p->depth = depth + 1;
		unknown = unknown || (c == 2 && !taken && !outer);
		if (parse_branch(p, indent, &pos, taken || c != 1, unknown) < 0)
			return -1;
		p->depth = depth + 1;
		taken = taken || c == 1;
		while (p->lex.tok == TOK_NEWLINE)
			if (cfg_lex_next(&p->lex) < 0 && recover(p) < 0)
				return -1;
	} while (!last && p->lex.first && p->lex.indent == indent &&
	    (cfg_lex_is(&p->lex, "elif") || cfg_lex_is(&p->lex, "else")));
	p->depth = depth;
	return 0;
}

/* The whole of it is not looked at. */
static int
refuse_foreign(struct parser *p)
{
	unsigned indent = p->lex.indent;

	cfg_error(p->err, &p->lex.pos,
	    "'%s' is not understood; of Python there are assignments, "
	    "expressions and if", xu_buf_text(&p->lex.text));
	if (note(p) < 0)
		return -1;
	cfg_lex_resync(&p->lex);
	cfg_lex_skip_block(&p->lex, indent);
	return cfg_lex_next(&p->lex) < 0 ? recover(p) : 0;
}

/* Lines that are as far to the right; indent -1: all. */
static int
parse_lines(struct parser *p, int indent)
{
	unsigned depth = p->depth;
	int r;

	while (p->lex.tok != TOK_END) {
		r = 0;
		if (p->lex.first && indent >= 0 && p->lex.tok != TOK_NEWLINE) {
			if ((int)p->lex.indent < indent)
				return 0;
			if ((int)p->lex.indent > indent)
				r = cfg_error(p->err, &p->lex.pos,
				    "this line is further to the right than "
				    "the one before");
		}
		if (r == 0 && p->lex.tok == TOK_NEWLINE) {
			r = cfg_lex_next(&p->lex);
		} else if (r == 0 && cfg_lex_is(&p->lex, "if")) {
			if (parse_if(p) < 0)
				return -1;
		} else if (r == 0 && is_foreign(p)) {
			if (refuse_foreign(p) < 0)
				return -1;
		} else if (r == 0) {
			r = parse_small(p);
		}
		if (r < 0 && recover(p) < 0)
			return -1;
		p->depth = depth;
	}
	return 0;
}

int
cfg_check_name(struct parser *p, const struct cfg_value *v)
{
	static const char *const words[] = { "elif", "else", "if", "import",
		"pass", NULL };
	const char *s = v->text;

	if (!isalpha((unsigned char)*s) && *s != '_')
		s = "";
	for (; isalnum((unsigned char)*s) || *s == '_' || *s == '.'; s++)
		;
	if (s > v->text && *s == '\0' && !in_words(v->text, words))
		return 0;
	return cfg_error(p->err, &v->pos, "this cannot be the name of a key");
}

/* --- JSON ----------------------------------------------------------------- */

/* The members of one object are the settings. */
static int
parse_json(struct parser *p)
{
	AUTO_VALUE struct cfg_value *v = cfg_dict(p);

	if (v == NULL)
		return recover(p);
	while (p->lex.tok == TOK_NEWLINE)
		if (cfg_lex_next(&p->lex) < 0)
			return recover(p);
	if (p->lex.tok != TOK_END) {
		cfg_unexpected(p, "the end of the file");
		return recover(p);
	}
	for (size_t i = 0; i + 1 < v->nitems; i += 2)
		if (cfg_check_name(p, v->items[i]) < 0 ||
		    cfg_store(p, v->items[i]->text, &v->items[i]->pos,
			steal_ptr(&v->items[i + 1]), false) < 0)
			return note(p);
	return 0;
}

/* --- the file ------------------------------------------------------------- */

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

/* The first character that is no blank and in no comment, or 0. */
static int
first_char(const char *text, size_t len)
{
	size_t i = 0;

	for (; i < len; i++) {
		if (text[i] == '#')
			while (i + 1 < len && text[i + 1] != '\n')
				i++;
		else if (!isspace((unsigned char)text[i]))
			return text[i];
	}
	return 0;
}

static int
parse_text(struct parser *p, const char *file, const char *text, size_t len)
{
	struct cfg_pos start;
	int c = first_char(text, len), r = 0;

	file = remember_file(p->cfg, file);
	if (file == NULL)
		return xu_err_set(p->err, "INTERNAL_ERROR", 0,
		    "out of memory, read the configuration");
	start = (struct cfg_pos){ file, 1, 1 };
	if (c == '<') {
		cfg_error(p->err, &start, "documents of XML are not "
		    "understood; write settings such as memory = 256");
		return note(p);
	}
	if (c == '(') {
		r = cfg_sxp(p, file, text, len);
		return r < 0 && xu_err_is_set(p->err) ? note(p) : r;
	}
	cfg_lex_init(&p->lex, file, text, len, p->err);
	p->lex.json = c == '{';
	p->literal = p->literal || p->lex.json;
	r = cfg_lex_next(&p->lex);
	while (r == 0 && p->lex.json && p->lex.tok == TOK_NEWLINE)
		r = cfg_lex_next(&p->lex);
	if (r < 0)
		r = recover(p);
	if (r == 0)
		r = p->lex.json ? parse_json(p) : parse_lines(p, -1);
	cfg_lex_fini(&p->lex);
	return r;
}

int
cfg_parse(struct cfg *c, const char *file, const char *text, size_t len,
    struct xu_err *e)
{
	struct xu_err own = XU_ERR_INIT;
	/* Whether there is an error is asked. */
	struct parser p = { .cfg = c, .err = e != NULL ? e : &own };

	return parse_text(&p, file, text, len);
}

unsigned
cfg_parse_all(struct cfg *c, const char *file, const char *text, size_t len,
    struct xu_buf *report)
{
	struct xu_err own = XU_ERR_INIT;
	struct parser p = { .cfg = c, .err = &own, .report = report };

	if (parse_text(&p, file, text, len) < 0 && xu_err_is_set(&own)) {
		xu_buf_addf(report, "%s\n", own.msg);
		p.errors++;
	}
	/* Where it cannot be read a setting may have been. */
	c->broken = c->broken || p.errors > 0;
	return p.errors;
}

/* Numbers, quotes and lists mean what they mean; 0-3 is no sum. */
static int
parse_literal(struct cfg *c, const char *text, struct xu_err *e)
{
	struct xu_err own = XU_ERR_INIT;
	struct parser p = { .cfg = c, .err = e != NULL ? e : &own,
		.literal = true };

	return parse_text(&p, "command line", text, strlen(text));
}

int
cfg_parse_override(struct cfg *c, const char *arg, struct xu_err *e)
{
	AUTO_BUF struct xu_buf quoted = XU_BUF_INIT;
	struct cfg probe = { .n = 0 };
	const char *eq = strchr(arg, '=');
	bool literal = eq == NULL || parse_literal(&probe, arg, NULL) == 0;

	cfg_fini(&probe);
	if (literal)
		return parse_literal(c, arg, e);
	/* A shell ate the quotes: the rest is a string. */
	xu_buf_add(&quoted, arg, (size_t)(eq - arg) + 1);
	xu_buf_addc(&quoted, '"');
	for (const char *s = eq + 1; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			xu_buf_addc(&quoted, '\\');
		xu_buf_addc(&quoted, *s);
	}
	xu_buf_addc(&quoted, '"');
	return parse_literal(c, xu_buf_text(&quoted), e);
}
