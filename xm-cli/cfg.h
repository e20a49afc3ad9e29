/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The domain configuration language, in two layers that do not know each
 * other's business: syntax (cfg_lex.c, cfg_parse.c) makes a list of settings
 * with positions and knows no key; meaning (cfg_bind.c) walks model/domcfg.h.
 * The syntax is xl's, with what configurations for xm use of Python: expressions
 * (cfg_expr.c, cfg_func.c) and conditions. A file that begins with '(' is an
 * S-expression (cfg_sxp.c), one that begins with '{' is JSON. What cannot be
 * expressed is refused with file:line:column, never guessed, and nothing is
 * executed: a file can neither run programs nor read other files.
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
/* Bytes that all values of a file may take, those in between included. */
#define CFG_MAX_WORK (16u << 20)
/* Problems that are reported of one file. */
#define CFG_MAX_PROBLEMS 100

struct cfg_pos {
	/* Borrowed from the struct cfg. */
	const char *file;
	unsigned line, col;
};

enum cfg_kind {
	CFG_STRING,
	CFG_NUMBER,
	CFG_LIST,
	CFG_DICT,
	/* Its expression had a mistake, which has been reported. */
	CFG_BAD,
};

struct cfg_value {
	enum cfg_kind kind;
	struct cfg_pos pos;
	/* STRING: the text; NUMBER: as written; NULL in a list. */
	char *text;
	int64_t num;
	/* Of a LIST; a DICT has key, value, key, value. */
	struct cfg_value **items;
	size_t nitems;
	/* A list in parentheses, which % takes apart. */
	bool tuple;
};

struct cfg_setting {
	char *key;
	struct cfg_pos pos;
	struct cfg_value *value;
	/* An expression has read it: it need not be a key. */
	bool used;
};

struct cfg {
	struct cfg_setting *settings;
	size_t n, cap;
	/* Names of the sources, which positions borrow. */
	char **files;
	size_t nfiles;
	/* Not all of it could be read: what is not there may be meant to be. */
	bool broken;
	/* It imports or decides: a program of xm's, whose names need not be keys. */
	bool program;
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
/* The same, but goes on after a problem: each is a line in report, and what it
 * would have set is BAD. Lines "file:line:col: warning: text" are no problem.
 * The number of problems. */
unsigned cfg_parse_all(struct cfg *c, const char *file, const char *text,
    size_t len, struct xu_buf *report);
/* One "key=value" of a command line; a bare word there is a string. */
int cfg_parse_override(struct cfg *c, const char *arg, struct xu_err *e);
const struct cfg_setting *cfg_find(const struct cfg *c, const char *key);
bool cfg_value_equal(const struct cfg_value *a, const struct cfg_value *b);

/* Writes the value as the parser would read it back. */
void cfg_print_value(const struct cfg_value *v, struct xu_buf *out);
void cfg_print(const struct cfg *c, struct xu_buf *out);

int cfg_error(struct xu_err *e, const struct cfg_pos *pos, const char *fmt, ...)
    XU_PRINTF(3, 4);

#endif
