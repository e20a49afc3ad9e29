/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files share that read configurations: cfg_lex.c (tokens), cfg_value.c,
 * cfg_parse.c (statements), cfg_expr.c, cfg_comp.c, cfg_func.c, cfg_sxp.c. */
#ifndef CFG_SYNTAX_H
#define CFG_SYNTAX_H

#include "cfg.h"

/* --- cfg_lex.c ------------------------------------------------------------ */

enum cfg_tok {
	TOK_END,
	TOK_NEWLINE,
	TOK_IDENT,
	TOK_NUMBER,
	TOK_STRING,
	TOK_ASSIGN,
	TOK_APPEND,
	TOK_PLUS,
	TOK_MINUS,
	TOK_STAR,
	TOK_SLASH,
	TOK_PERCENT,
	TOK_OPEN,
	TOK_CLOSE,
	TOK_PAREN,
	TOK_PAREN_END,
	TOK_BRACE,
	TOK_BRACE_END,
	TOK_COMMA,
	TOK_COLON,
	TOK_DOT,
	TOK_EQ,
	TOK_NE,
	TOK_LT,
	TOK_LE,
	TOK_GT,
	TOK_GE,
};

/* A place to go back to. */
struct cfg_mark {
	const char *p, *line_start;
	unsigned line;
};

struct cfg_lex {
	const char *p, *end;
	unsigned line;
	const char *line_start;
	/* Depth of brackets: newlines inside mean nothing. */
	unsigned nested;
	/* The outermost of them. */
	struct cfg_pos opened;
	struct cfg_pos pos;
	/* Where the token before this one ended. */
	struct cfg_pos before;
	/* Where this one begins. */
	struct cfg_mark mark;
	enum cfg_tok tok;
	/* It is the first of its line, so far to the right (tabs to 8). */
	bool first;
	unsigned indent;
	/* Words and escapes are JSON's. */
	bool json;
	/* Text of IDENT, NUMBER and STRING (unescaped). */
	struct xu_buf text;
	struct xu_err *err;
};

void cfg_lex_init(struct cfg_lex *l, const char *file, const char *text,
    size_t len, struct xu_err *e);
void cfg_lex_fini(struct cfg_lex *l);
/* Steps to the next token. -1: err is set. */
int cfg_lex_next(struct cfg_lex *l);
/* The same after a bracket that opens or closes. */
int cfg_lex_open(struct cfg_lex *l);
int cfg_lex_close(struct cfg_lex *l);
/* Goes back to the token that began there. */
int cfg_lex_rewind(struct cfg_lex *l, const struct cfg_mark *m);
/* After an error: to the end of the line; out of brackets, to the end of the line
 * before the next that looks like a statement. */
void cfg_lex_resync(struct cfg_lex *l);
/* Behind the lines that are indented further than that. */
void cfg_lex_skip_block(struct cfg_lex *l, unsigned indent);
bool cfg_lex_is(const struct cfg_lex *l, const char *word);
const char *cfg_tok_name(enum cfg_tok t);
int cfg_hex_digit(int c);

/* --- cfg_parse.c ---------------------------------------------------------- */

struct parser {
	struct cfg *cfg;
	struct cfg_lex lex;
	struct xu_err *err;
	/* NULL: the first problem ends it. */
	struct xu_buf *report;
	unsigned errors;
	unsigned depth;
	/* Read only: a branch not taken. Every value is BAD then. */
	unsigned skip;
	/* Nor known whether it is: what it sets is BAD from then on. */
	unsigned unknown;
	/* Of expressions only what is the same in quotes: a word of a command
	 * line is text otherwise. */
	bool literal;
	size_t spent;
};

/* Takes value (never NULL). Replaces an earlier setting or adds to it. */
int cfg_store(struct parser *p, const char *key, const struct cfg_pos *pos,
    struct cfg_value *value, bool append);
/* -1: the text is no name that a line of a file could set. */
int cfg_check_name(struct parser *p, const struct cfg_value *v);
/* "expected WANTED, found ...". */
struct cfg_value *cfg_unexpected(struct parser *p, const char *wanted);
void cfg_warn(struct parser *p, const struct cfg_pos *pos, const char *text);
int cfg_enter(struct parser *p, const struct cfg_pos *pos);

/* --- cfg_value.c: all give NULL or -1 with the error set ------------------ */

struct cfg_value *cfg_value_new(
    struct parser *p, enum cfg_kind kind, const struct cfg_pos *pos);
void cfg_value_free(struct cfg_value *v);
void cfg_value_auto(struct cfg_value **v);
#define AUTO_VALUE __attribute__((cleanup(cfg_value_auto)))
struct cfg_value *cfg_value_str(
    struct parser *p, const struct cfg_pos *pos, const char *s, size_t len);
struct cfg_value *cfg_value_num(
    struct parser *p, const struct cfg_pos *pos, int64_t n);
struct cfg_value *cfg_value_copy(struct parser *p, const struct cfg_value *v,
    const struct cfg_pos *pos);
int cfg_value_adds(
    struct parser *p, struct cfg_value *v, const char *s, size_t len);
/* Takes item; NULL is an error that is set already. */
int cfg_value_add(
    struct parser *p, struct cfg_value *list, struct cfg_value *item);
int cfg_spend(struct parser *p, const struct cfg_pos *pos, size_t bytes);
/* The value of a dictionary's key, or NULL. */
const struct cfg_value *cfg_value_member(
    const struct cfg_value *dict, const char *key);
bool cfg_value_true(const struct cfg_value *v);
const char *cfg_kind_name(enum cfg_kind k);

/* --- cfg_expr.c ----------------------------------------------------------- */

struct cfg_value *cfg_expr(struct parser *p);
/* The token is '{'. */
struct cfg_value *cfg_dict(struct parser *p);
/* What stands between "if" and "else" of a value, or is one without them. */
struct cfg_value *cfg_or(struct parser *p);
/* Past that word, which is what has to come: 0 or -1. */
int cfg_expect_word(struct parser *p, const char *word);

/* --- cfg_comp.c ----------------------------------------------------------- */

/* "[ value for" is ahead. The parser finds what is wrong with it. */
bool cfg_is_comprehension(const struct parser *p);
/* Its items into out, a list, or BAD. 0 or -1. */
int cfg_comprehension(struct parser *p, struct cfg_value *out);

/* --- cfg_ops.c ------------------------------------------------------------ */

enum compare_op { CMP_EQ, CMP_NE, CMP_LT, CMP_LE, CMP_GT, CMP_GE, CMP_IN,
	CMP_NOT_IN, CMP_NONE };

/* These take their operands. */
/* a with b appended. */
struct cfg_value *cfg_concat(
    struct parser *p, struct cfg_value *a, struct cfg_value *b);
struct cfg_value *cfg_operate(struct parser *p, enum cfg_tok op,
    const struct cfg_pos *pos, struct cfg_value *a, struct cfg_value *b);
/* op: an enum compare_op. */
struct cfg_value *cfg_compare(struct parser *p, int op,
    const struct cfg_pos *pos, struct cfg_value *a, struct cfg_value *b);
struct cfg_value *cfg_negate(
    struct parser *p, struct cfg_value *v, const struct cfg_pos *pos);
/* These do not. v[from:to], of a string or list; v[i]. */
struct cfg_value *cfg_slice(struct parser *p, const struct cfg_value *v,
    const struct cfg_value *from, const struct cfg_value *to);
struct cfg_value *cfg_item_of(struct parser *p, const struct cfg_value *v,
    const struct cfg_value *i);

/* --- cfg_func.c ----------------------------------------------------------- */

#define CFG_MAX_ARGS 4

/* A function ("os.uname") or, with a point first, a method of args[0]. */
struct cfg_value *cfg_call(struct parser *p, const struct cfg_pos *pos,
    const char *name, struct cfg_value **args, size_t n);
bool cfg_is_func(const char *name);
/* "text %s" % value: format is a string. */
struct cfg_value *cfg_format(struct parser *p, const struct cfg_value *format,
    const struct cfg_value *args);

/* --- cfg_sxp.c ------------------------------------------------------------ */

/* The text begins with '('. */
int cfg_sxp(struct parser *p, const char *file, const char *text, size_t len);

#endif
