/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The domain configuration language, in two layers that do not know each
 * other's business: syntax (cfg_lex.c, cfg_parse.c) makes a list of settings
 * with positions and knows no key; meaning (cfg_bind.c) walks model/domcfg.h.
 * The syntax is xl's, with string concatenation and earlier names from xm's.
 * What it cannot express is refused with file:line:column, never guessed.
 */
#ifndef CFG_H
#define CFG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xu_buf.h"
#include "xu_err.h"

#define CFG_MAX_FILE  (1u << 20)
#define CFG_MAX_DEPTH 16
/* Settings in a file, and elements in a list. */
#define CFG_MAX_ITEMS 4096

struct cfg_pos {
	/* Borrowed from the struct cfg. */
	const char *file;
	unsigned line, col;
};

enum cfg_kind {
	CFG_STRING,
	CFG_NUMBER,
	CFG_LIST,
};

struct cfg_value {
	enum cfg_kind kind;
	struct cfg_pos pos;
	/* STRING: the text; NUMBER: as written. */
	char *text;
	int64_t num;
	struct cfg_value **items;
	size_t nitems;
};

struct cfg_setting {
	char *key;
	struct cfg_pos pos;
	struct cfg_value *value;
};

struct cfg {
	struct cfg_setting *settings;
	size_t n, cap;
	/* Names of the sources, which positions borrow. */
	char **files;
	size_t nfiles;
};

void cfg_init(struct cfg *c);
void cfg_fini(struct cfg *c);

/*
 * Adds the settings of a text. file names it in messages and positions. A
 * setting that is there already is replaced ('=') or extended ('+=').
 * -1: the error's message starts with file:line:column.
 */
int cfg_parse(struct cfg *c, const char *file, const char *text, size_t len,
    struct xu_err *e);
/* One "key=value" of a command line; a bare word there is a string. */
int cfg_parse_override(struct cfg *c, const char *arg, struct xu_err *e);
const struct cfg_setting *cfg_find(const struct cfg *c, const char *key);

/* Writes the value as the parser would read it back. */
void cfg_print_value(const struct cfg_value *v, struct xu_buf *out);
void cfg_print(const struct cfg *c, struct xu_buf *out);

int cfg_error(struct xu_err *e, const struct cfg_pos *pos, const char *fmt, ...)
    XU_PRINTF(3, 4);

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
	TOK_OPEN,
	TOK_CLOSE,
	TOK_COMMA,
};

struct cfg_lex {
	const char *p, *end;
	unsigned line;
	const char *line_start;
	/* Depth of brackets: newlines inside mean nothing. */
	unsigned nested;
	struct cfg_pos pos;
	enum cfg_tok tok;
	/* Text of IDENT, NUMBER and STRING (unescaped). */
	struct xu_buf text;
	struct xu_err *err;
};

void cfg_lex_init(struct cfg_lex *l, const char *file, const char *text,
    size_t len, struct xu_err *e);
void cfg_lex_fini(struct cfg_lex *l);
/* Steps to the next token. -1: err is set. */
int cfg_lex_next(struct cfg_lex *l);
const char *cfg_tok_name(enum cfg_tok t);

#endif
