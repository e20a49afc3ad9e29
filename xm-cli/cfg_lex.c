/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tokens of the configuration language; knows no key and no meaning. */
#include "config.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cfg.h"

int
cfg_error(struct xu_err *e, const struct cfg_pos *pos, const char *fmt, ...)
{
	char text[XU_ERR_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return xu_err_set(e, "CONFIG_INVALID", 0, "%s:%u:%u: %s", pos->file,
	    pos->line, pos->col, text);
}

const char *
cfg_tok_name(enum cfg_tok t)
{
	static const char *const names[] = { "the end of the file",
		"the end of the line", "a name", "a number", "a string", "'='",
		"'+='", "'+'", "'['", "']'", "','" };

	return names[t];
}

void
cfg_lex_init(struct cfg_lex *l, const char *file, const char *text, size_t len,
    struct xu_err *e)
{
	memset(l, 0, sizeof(*l));
	l->p = l->line_start = text;
	l->end = text + len;
	l->line = 1;
	l->pos.file = file;
	l->err = e;
}

void
cfg_lex_fini(struct cfg_lex *l)
{
	xu_buf_fini(&l->text);
}

static int
peek(const struct cfg_lex *l, size_t ahead)
{
	return (size_t)(l->end - l->p) > ahead ? (unsigned char)l->p[ahead] : -1;
}

static void
newline(struct cfg_lex *l)
{
	l->p++;
	l->line++;
	l->line_start = l->p;
}

static void
skip_blank(struct cfg_lex *l)
{
	int c;

	while ((c = peek(l, 0)) >= 0) {
		if (c == '\\' && peek(l, 1) == '\n') {
			l->p++;
			newline(l);
		} else if (c == '\n' && l->nested > 0) {
			newline(l);
		} else if (c == '#') {
			while (peek(l, 0) >= 0 && peek(l, 0) != '\n')
				l->p++;
		} else if (c == ' ' || c == '\t' || c == '\r' || c == '\f') {
			l->p++;
		} else {
			return;
		}
	}
}

static int
octal(struct cfg_lex *l, int first)
{
	int v = first - '0';

	for (int i = 0; i < 2; i++) {
		int c = peek(l, 0);

		if (c < '0' || c > '7')
			break;
		v = v * 8 + (c - '0');
		l->p++;
	}
	return v & 0xff;
}

static int
hex_digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = tolower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* After the backslash. Returns the byte, or -1 with the error set. */
static int
escape(struct cfg_lex *l)
{
	static const char from[] = "ntrabfv\"'\\", to[] = "\n\t\r\a\b\f\v\"'\\";
	struct cfg_pos pos = { l->pos.file, l->line,
		(unsigned)(l->p - l->line_start) };
	int c = peek(l, 0), hi, lo;
	const char *at;

	if (c < 0)
		return cfg_error(l->err, &l->pos, "this string has no end");
	l->p++;
	at = c == 0 ? NULL : strchr(from, c);
	if (at != NULL)
		return (unsigned char)to[at - from];
	if (c >= '0' && c <= '7')
		return octal(l, c);
	if (c == 'x') {
		hi = hex_digit(peek(l, 0));
		lo = hi < 0 ? -1 : hex_digit(peek(l, 1));
		if (lo >= 0) {
			l->p += 2;
			return hi * 16 + lo;
		}
		return cfg_error(l->err, &pos, "\\x needs two hexadecimal digits");
	}
	return cfg_error(l->err, &pos, isprint(c)
		? "unknown escape '\\%c'; write '\\\\' for a backslash"
		: "unknown escape (byte 0x%02x)", c);
}

static int
lex_string(struct cfg_lex *l, int quote)
{
	int c;

	l->p++;
	if (peek(l, 0) == quote && peek(l, 1) == quote)
		return cfg_error(l->err, &l->pos,
		    "strings in three quotes are not understood; use one line");
	for (;;) {
		c = peek(l, 0);
		if (c < 0 || c == '\n')
			return cfg_error(l->err, &l->pos,
			    "this string has no closing %c on its line", quote);
		l->p++;
		if (c == quote)
			break;
		if (c == '\\' && (c = escape(l)) < 0)
			return -1;
		if (c == 0)
			return cfg_error(l->err, &l->pos,
			    "a string must not contain a NUL byte");
		xu_buf_addc(&l->text, (char)c);
	}
	l->tok = TOK_STRING;
	return 0;
}

static int
lex_word(struct cfg_lex *l)
{
	bool number = isdigit(peek(l, 0)) || peek(l, 0) == '-';
	int c;

	do {
		xu_buf_addc(&l->text, *l->p++);
		c = peek(l, 0);
	} while (c >= 0 && (isalnum(c) || c == '_' || c == '.'));
	l->tok = number ? TOK_NUMBER : TOK_IDENT;
	return 0;
}

static int
lex_punct(struct cfg_lex *l, int c)
{
	l->p++;
	switch (c) {
	case '\n':
	case ';':
		if (c == '\n') {
			l->p--;
			newline(l);
		}
		l->tok = TOK_NEWLINE;
		return 0;
	case '=':
		if (peek(l, 0) == '=')
			break;
		l->tok = TOK_ASSIGN;
		return 0;
	case '+':
		l->tok = TOK_PLUS;
		if (peek(l, 0) == '=') {
			l->p++;
			l->tok = TOK_APPEND;
		}
		return 0;
	case '[':
		l->tok = TOK_OPEN;
		return 0;
	case ']':
		l->tok = TOK_CLOSE;
		return 0;
	case ',':
		l->tok = TOK_COMMA;
		return 0;
	default:
		break;
	}
	if (!isprint(c))
		return cfg_error(l->err, &l->pos,
		    "byte 0x%02x does not belong here", c);
	return cfg_error(l->err, &l->pos,
	    "'%c' does not belong here; Python expressions are not understood",
	    c);
}

int
cfg_lex_next(struct cfg_lex *l)
{
	int c, r;

	skip_blank(l);
	l->pos.line = l->line;
	l->pos.col = (unsigned)(l->p - l->line_start) + 1;
	xu_buf_reset(&l->text);
	c = peek(l, 0);
	if (c < 0) {
		l->tok = TOK_END;
		return 0;
	}
	if (c == '"' || c == '\'')
		r = lex_string(l, c);
	else if (isalnum(c) || c == '_' ||
	    (c == '-' && isdigit(peek(l, 1) < 0 ? 'x' : peek(l, 1))))
		r = lex_word(l);
	else
		r = lex_punct(l, c);
	if (r == 0 && l->text.error != 0)
		return xu_err_set(l->err, "INTERNAL_ERROR", l->text.error,
		    "read the configuration");
	return r;
}
