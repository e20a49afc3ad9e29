/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tokens of the configuration language; knows no key and no meaning. */
#include "config.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cfg_syntax.h"

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
		"'+='", "'+'", "'-'", "'*'", "'/'", "'%'", "'['", "']'", "'('",
		"')'", "'{'", "'}'", "','", "':'", "'.'", "'=='", "'!='", "'<'",
		"'<='", "'>'", "'>='" };

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
	/* What editors put first. */
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		l->p = l->line_start = text + 3;
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

static bool
is_word(int c)
{
	return isalnum(c) || c == '_' || c == '.';
}

/* The next thing is "name =" or "name +=". */
static bool
assignment_ahead(const struct cfg_lex *l)
{
	const char *s = l->p, *end = l->end;

	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	if (s == end || (!isalpha((unsigned char)*s) && *s != '_'))
		return false;
	while (s < end && is_word((unsigned char)*s))
		s++;
	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	if (s < end && *s == '+')
		s++;
	return s < end && *s == '=' && (s + 1 == end || s[1] != '=');
}

static int
unclosed(struct cfg_lex *l)
{
	return cfg_error(l->err, &l->before,
	    "the bracket opened at line %u, column %u is not closed",
	    l->opened.line, l->opened.col);
}

static void
skip_line(struct cfg_lex *l)
{
	while (l->p < l->end && *l->p != '\n')
		l->p++;
}

/* -1: a bracket is open where a setting begins. */
static int
skip_blank(struct cfg_lex *l)
{
	int c;

	while ((c = peek(l, 0)) >= 0) {
		if (c == '\\' && peek(l, 1) == '\n') {
			l->p++;
			newline(l);
		} else if (c == '\\' && peek(l, 1) == '\r' &&
		    peek(l, 2) == '\n') {
			l->p += 2;
			newline(l);
		} else if (c == '\n' && l->nested > 0) {
			newline(l);
			if (assignment_ahead(l))
				return unclosed(l);
		} else if (c == '#') {
			skip_line(l);
		} else if (c == ' ' || c == '\t' || c == '\r' || c == '\f') {
			l->p++;
		} else {
			return 0;
		}
	}
	return l->nested > 0 ? unclosed(l) : 0;
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

int
cfg_hex_digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = tolower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int
hex_escape(struct cfg_lex *l, const struct cfg_pos *pos, int digits)
{
	int v = 0, d;

	for (int i = 0; i < digits; i++) {
		d = cfg_hex_digit(peek(l, (size_t)i));
		if (d < 0)
			return cfg_error(l->err, pos,
			    "\\%c needs %d hexadecimal digits",
			    digits == 2 ? 'x' : 'u', digits);
		v = v * 16 + d;
	}
	l->p += digits;
	return v;
}

/* JSON's, as UTF-8. Adds all but the last byte, which it returns. */
static int
unicode_escape(struct cfg_lex *l, const struct cfg_pos *pos)
{
	int v = hex_escape(l, pos, 4), low;

	if (v < 0)
		return -1;
	if (v >= 0xdc00 && v < 0xe000)
		return cfg_error(l->err, pos, "half of a surrogate pair");
	if (v >= 0xd800 && v < 0xdc00) {
		if (peek(l, 0) != '\\' || peek(l, 1) != 'u')
			return cfg_error(l->err, pos, "half of a surrogate pair");
		l->p += 2;
		low = hex_escape(l, pos, 4);
		if (low < 0xdc00 || low >= 0xe000)
			return low < 0 ? -1 : cfg_error(l->err, pos,
			    "half of a surrogate pair");
		v = 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
		xu_buf_addc(&l->text, (char)(0xf0 | v >> 18));
		xu_buf_addc(&l->text, (char)(0x80 | (v >> 12 & 0x3f)));
		xu_buf_addc(&l->text, (char)(0x80 | (v >> 6 & 0x3f)));
	} else if (v >= 0x800) {
		xu_buf_addc(&l->text, (char)(0xe0 | v >> 12));
		xu_buf_addc(&l->text, (char)(0x80 | (v >> 6 & 0x3f)));
	} else if (v >= 0x80) {
		xu_buf_addc(&l->text, (char)(0xc0 | v >> 6));
	}
	return v < 0x80 ? v : 0x80 | (v & 0x3f);
}

/* After the backslash. Returns the byte, or -1 with the error set. */
static int
escape(struct cfg_lex *l)
{
	static const char from[] = "ntrabfv\"'\\", to[] = "\n\t\r\a\b\f\v\"'\\";
	struct cfg_pos pos = { l->pos.file, l->line,
		(unsigned)(l->p - l->line_start) };
	int c = peek(l, 0);
	const char *at;

	if (c < 0)
		return cfg_error(l->err, &l->pos, "this string has no end");
	l->p++;
	at = c == 0 ? NULL : strchr(from, c);
	if (at != NULL)
		return (unsigned char)to[at - from];
	if (c >= '0' && c <= '7' && !l->json)
		return octal(l, c);
	if (c == 'x' && !l->json)
		return hex_escape(l, &pos, 2);
	if (c == 'u' && l->json)
		return unicode_escape(l, &pos);
	if (c == '/' && l->json)
		return c;
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
	c = peek(l, 0);
	if (c >= 0 && (isalnum(c) || c == '_'))
		return cfg_error(l->err, &l->pos,
		    "text follows right behind this string: a quote is missing "
		    "or one too many");
	l->tok = TOK_STRING;
	return 0;
}

static int
lex_word(struct cfg_lex *l)
{
	bool number = isdigit(peek(l, 0));
	int c;

	do {
		xu_buf_addc(&l->text, *l->p++);
		c = peek(l, 0);
	} while (c >= 0 && is_word(c));
	l->tok = number ? TOK_NUMBER : TOK_IDENT;
	return 0;
}

/* What people paste from web pages. */
static int
foreign_byte(struct cfg_lex *l, int c)
{
	static const char *const quotes[] = { "\xe2\x80\x98", "\xe2\x80\x99",
		"\xe2\x80\x9c", "\xe2\x80\x9d", "\xe2\x80\x9e", "\xc2\xab",
		"\xc2\xbb" };
	size_t left = (size_t)(l->end - l->p) + 1;

	for (size_t i = 0; i < XU_ARRAY_SIZE(quotes); i++) {
		size_t n = strlen(quotes[i]);

		if (left >= n && memcmp(l->p - 1, quotes[i], n) == 0)
			return cfg_error(l->err, &l->pos,
			    "a typographic quote; strings are in \" or '");
	}
	if (left >= 2 && memcmp(l->p - 1, "\xc2\xa0", 2) == 0)
		return cfg_error(l->err, &l->pos,
		    "a no-break space; use a common one");
	if (isprint(c))
		return cfg_error(l->err, &l->pos,
		    "'%c' does not belong here", c);
	return cfg_error(l->err, &l->pos, "byte 0x%02x does not belong here", c);
}

/* Those of two characters first. */
static const struct {
	const char *text;
	enum cfg_tok tok;
} puncts[] = {
	{ "==", TOK_EQ }, { "!=", TOK_NE }, { "<=", TOK_LE }, { ">=", TOK_GE },
	{ "+=", TOK_APPEND }, { "=", TOK_ASSIGN }, { "+", TOK_PLUS },
	{ "-", TOK_MINUS }, { "*", TOK_STAR }, { "/", TOK_SLASH },
	{ "%", TOK_PERCENT }, { "[", TOK_OPEN }, { "]", TOK_CLOSE },
	{ "(", TOK_PAREN }, { ")", TOK_PAREN_END }, { "{", TOK_BRACE },
	{ "}", TOK_BRACE_END }, { ",", TOK_COMMA }, { ":", TOK_COLON },
	{ ".", TOK_DOT }, { "<", TOK_LT }, { ">", TOK_GT },
	{ ";", TOK_NEWLINE },
};

static int
lex_punct(struct cfg_lex *l, int c)
{
	if (c == '\n') {
		newline(l);
		l->tok = TOK_NEWLINE;
		return 0;
	}
	for (size_t i = 0; i < XU_ARRAY_SIZE(puncts); i++)
		if (puncts[i].text[0] == c && (puncts[i].text[1] == '\0' ||
			puncts[i].text[1] == peek(l, 1))) {
			l->p += strlen(puncts[i].text);
			l->tok = puncts[i].tok;
			return 0;
		}
	l->p++;
	return foreign_byte(l, c);
}

/* Sets first, and indent when it is. */
static void
look_left(struct cfg_lex *l)
{
	unsigned width = 0;

	l->first = false;
	for (const char *s = l->line_start; s < l->p; s++) {
		if (*s == '\t')
			width = (width / 8 + 1) * 8;
		else if (*s == ' ')
			width++;
		else
			return;
	}
	l->first = true;
	l->indent = width;
}

int
cfg_lex_next(struct cfg_lex *l)
{
	int c, r;

	l->before.line = l->line;
	l->before.col = (unsigned)(l->p - l->line_start) + 1;
	l->before.file = l->pos.file;
	if (skip_blank(l) < 0)
		return -1;
	l->pos.line = l->line;
	l->pos.col = (unsigned)(l->p - l->line_start) + 1;
	l->mark = (struct cfg_mark){ l->p, l->line_start, l->line };
	look_left(l);
	xu_buf_reset(&l->text);
	c = peek(l, 0);
	if (c < 0) {
		l->tok = TOK_END;
		return 0;
	}
	if (c == '"' || (c == '\'' && !l->json))
		r = lex_string(l, c);
	else if (isalnum(c) || c == '_')
		r = lex_word(l);
	else
		r = lex_punct(l, c);
	if (r == 0 && l->text.error != 0)
		return xu_err_set(l->err, "INTERNAL_ERROR", l->text.error,
		    "read the configuration");
	return r;
}

int
cfg_lex_open(struct cfg_lex *l)
{
	if (l->nested++ == 0)
		l->opened = l->pos;
	return cfg_lex_next(l);
}

int
cfg_lex_close(struct cfg_lex *l)
{
	l->nested--;
	return cfg_lex_next(l);
}

int
cfg_lex_rewind(struct cfg_lex *l, const struct cfg_mark *m)
{
	l->p = m->p;
	l->line_start = m->line_start;
	l->line = m->line;
	return cfg_lex_next(l);
}

void
cfg_lex_resync(struct cfg_lex *l)
{
	bool nested = l->nested > 0;

	l->nested = 0;
	/* At its start: the token was the end of the line before. */
	if (l->p > l->line_start)
		skip_line(l);
	else if (assignment_ahead(l))
		return;
	while (nested && l->p < l->end) {
		if (*l->p == '\n')
			newline(l);
		if (assignment_ahead(l))
			return;
		skip_line(l);
	}
}

void
cfg_lex_skip_block(struct cfg_lex *l, unsigned indent)
{
	struct cfg_lex line;

	while (l->p < l->end) {
		line = *l;
		if (*line.p == '\n')
			newline(&line);
		while (line.p < line.end &&
		    (*line.p == ' ' || *line.p == '\t' || *line.p == '\r'))
			line.p++;
		look_left(&line);
		if (line.p < line.end && *line.p != '\n' && *line.p != '#' &&
		    line.indent <= indent)
			return;
		if (*l->p == '\n')
			newline(l);
		skip_line(l);
	}
}

bool
cfg_lex_is(const struct cfg_lex *l, const char *word)
{
	return l->tok == TOK_IDENT && strcmp(xu_buf_text(&l->text), word) == 0;
}
