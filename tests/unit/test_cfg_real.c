/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Configurations as people have them (cfg/, in the words of xm and of xl): they mean
 * what their golden files say, what is printed is read as the same, and of mistakes
 * that people make in them, 504 with a fixed seed, the place is found.
 */
#include "config.h"

#include <check.h>
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "cfg_bind.h"
#include "cfg_syntax.h"
#include "xu_file.h"
#include "xu_val.h"

#define FILES SRCDIR "/cfg/"
#define COUNT 48

static char *names[COUNT];
static struct xu_buf texts[COUNT];

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
read_all(void)
{
	struct xu_err e = XU_ERR_INIT;
	DIR *d = opendir(FILES);
	struct dirent *entry;
	char path[512];
	size_t n = 0, len;

	ck_assert_ptr_nonnull(d);
	while ((entry = readdir(d)) != NULL) {
		len = strlen(entry->d_name);
		if (len < 4 || strcmp(entry->d_name + len - 4, ".cfg") != 0)
			continue;
		ck_assert_uint_lt(n, COUNT);
		names[n++] = strdup(entry->d_name);
	}
	closedir(d);
	ck_assert_uint_eq(n, COUNT);
	qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n; i++) {
		snprintf(path, sizeof(path), FILES "%s", names[i]);
		ck_assert_msg(xu_file_read(path, 1 << 16, &texts[i], &e) == 0,
		    "%s", e.msg);
	}
}

static void
forget_all(void)
{
	for (size_t i = 0; i < COUNT; i++) {
		free(names[i]);
		xu_buf_fini(&texts[i]);
	}
}

/* --- what they mean ------------------------------------------------------- */

static struct xu_val *
as_json(const struct cfg_value *v)
{
	struct xu_val *out;

	if (v->kind == CFG_NUMBER)
		return xu_int(v->num);
	if (v->kind == CFG_STRING)
		return xu_str(v->text);
	out = v->kind == CFG_LIST ? xu_array() : xu_void();
	for (size_t i = 0; v->kind == CFG_LIST && i < v->nitems; i++)
		xu_val_add(out, as_json(v->items[i]));
	return out;
}

/* The keys and their values, and what is said of them. */
static void
meaning(const char *name, const struct xu_buf *text, struct xu_buf *out)
{
	AUTO_BUF struct xu_buf report = XU_BUF_INIT;
	struct xu_val *v = xu_struct(), *keys = xu_struct(), *says = xu_array();
	struct domcfg d;
	struct cfg c;
	char *save = NULL;

	cfg_init(&c);
	cfg_parse_all(&c, name, xu_buf_text(text), text->len, &report);
	domcfg_bind(&c, name, &d, &report);
	for (size_t i = 0; i < c.n; i++)
		if (domcfg_find(c.settings[i].key) != NULL)
			xu_val_set(keys, c.settings[i].key,
			    as_json(c.settings[i].value));
	for (char *s = report.len > 0 ? strtok_r(report.data, "\n", &save)
				      : NULL;
	     s != NULL; s = strtok_r(NULL, "\n", &save))
		xu_val_add(says, xu_str(s));
	xu_val_set(v, "settings", keys);
	xu_val_set(v, "problems", says);
	ck_assert_int_eq(xu_val_to_json(v, true, out), 0);
	xu_val_free(v);
	domcfg_fini(&d);
	cfg_fini(&c);
}

START_TEST(they_mean_what_they_say)
{
	AUTO_BUF struct xu_buf got = XU_BUF_INIT, want = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	char path[512];

	read_all();
	setenv("XLD_TEST_USER", "ada", 1);
	meaning(names[_i], &texts[_i], &got);
	snprintf(path, sizeof(path), FILES "%.*s.json",
	    (int)strlen(names[_i]) - 4, names[_i]);
	/* To accept what is there now: XM_ACCEPT=1. */
	if (getenv("XM_ACCEPT") != NULL)
		ck_assert_int_eq(
		    xu_file_replace(path, got.data, got.len, 0644, &e), 0);
	ck_assert_msg(
	    xu_file_read(path, 1 << 16, &want, &e) == 0, "%s", e.msg);
	ck_assert_str_eq(xu_buf_text(&got), xu_buf_text(&want));
	forget_all();
}
END_TEST

/* --- printing is reading backwards ---------------------------------------- */

static uint64_t seed;

static uint32_t
rnd(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % n;
}

static struct cfg_value *
any_value(struct parser *p, unsigned depth)
{
	static const struct cfg_pos pos = { "made", 1, 1 };
	struct cfg_value *v;
	char text[24];
	size_t n = rnd(sizeof(text));

	switch (rnd(depth > 4 ? 2 : 4)) {
	case 0:
		for (size_t i = 0; i < n; i++)
			text[i] = (char)(1 + rnd(255));
		return cfg_value_str(p, &pos, text, n);
	case 1:
		return cfg_value_num(p, &pos, rnd(2) == 0
			? (int64_t)rnd(100) - 50
			: (int64_t)((uint64_t)rnd(1u << 31) << 33 |
			      rnd(1u << 31)));
	case 2:
		v = cfg_value_new(p, CFG_LIST, &pos);
		for (size_t i = rnd(4); i > 0; i--)
			ck_assert_int_eq(cfg_value_add(p, v,
			    any_value(p, depth + 1)), 0);
		return v;
	default:
		v = cfg_value_new(p, CFG_DICT, &pos);
		for (size_t i = rnd(3); i > 0; i--) {
			snprintf(text, sizeof(text), "k\"%zu\\\n", i);
			cfg_value_add(p, v, cfg_value_str(p, &pos, text,
			    strlen(text)));
			ck_assert_int_eq(cfg_value_add(p, v,
			    any_value(p, depth + 1)), 0);
		}
		return v;
	}
}

START_TEST(printing_is_reading_backwards)
{
	struct xu_err e = XU_ERR_INIT;
	struct cfg a, b;
	struct cfg_pos pos = { "made", 1, 1 };
	char key[32];

	seed = 20;
	for (int round = 0; round < 2000; round++) {
		AUTO_BUF struct xu_buf text = XU_BUF_INIT;
		struct parser p = { .cfg = &a, .err = &e };

		cfg_init(&a);
		cfg_init(&b);
		for (size_t i = 1 + rnd(5); i > 0; i--) {
			snprintf(key, sizeof(key), "%c_%zu.x",
			    "aZ_m"[rnd(4)], i);
			ck_assert_int_eq(cfg_store(&p, key, &pos,
			    any_value(&p, 0), false), 0);
		}
		cfg_print(&a, &text);
		ck_assert_msg(cfg_parse(&b, "printed", xu_buf_text(&text),
		    text.len, &e) == 0, "%s in\n%s", e.msg, xu_buf_text(&text));
		ck_assert_uint_eq(a.n, b.n);
		for (size_t i = 0; i < a.n; i++) {
			ck_assert_str_eq(a.settings[i].key, b.settings[i].key);
			ck_assert_msg(cfg_value_equal(a.settings[i].value,
			    b.settings[i].value), "%s", xu_buf_text(&text));
		}
		cfg_fini(&a);
		cfg_fini(&b);
	}
}
END_TEST

/* --- mistakes ------------------------------------------------------------- */

/* A token of a file. */
struct piece {
	enum cfg_tok tok;
	struct cfg_pos pos;
	size_t at, end;
	bool first;
	unsigned nested;
	char word[40];
};

struct sheet {
	struct piece p[400];
	size_t n;
	const char *text;
	size_t len;
};

/* The text with a mistake and where that is; hi: the last column that is right. */
struct mistake {
	struct xu_buf text;
	unsigned line, col, hi;
};

static void
cut_up(struct sheet *s, const struct xu_buf *text)
{
	struct xu_err e = XU_ERR_INIT;
	struct cfg_lex l;
	struct piece *p;

	s->n = 0;
	s->text = xu_buf_text(text);
	s->len = text->len;
	cfg_lex_init(&l, "f", s->text, s->len, &e);
	while (s->n < XU_ARRAY_SIZE(s->p) && cfg_lex_next(&l) == 0 &&
	    l.tok != TOK_END) {
		p = &s->p[s->n++];
		*p = (struct piece){ .tok = l.tok, .pos = l.pos,
			.at = (size_t)(l.mark.p - s->text),
			.end = (size_t)(l.p - s->text), .first = l.first,
			.nested = l.nested };
		snprintf(p->word, sizeof(p->word), "%.39s",
		    xu_buf_text(&l.text));
		l.nested += l.tok == TOK_OPEN || l.tok == TOK_PAREN ||
		    l.tok == TOK_BRACE;
		l.nested -= l.tok == TOK_CLOSE || l.tok == TOK_PAREN_END ||
		    l.tok == TOK_BRACE_END;
	}
	cfg_lex_fini(&l);
}

/* The text with bytes [at, end) replaced. */
static void
edit(struct mistake *m, const struct sheet *s, size_t at, size_t end,
    const char *with)
{
	xu_buf_reset(&m->text);
	xu_buf_add(&m->text, s->text, at);
	xu_buf_adds(&m->text, with);
	xu_buf_add(&m->text, s->text + end, s->len - end);
}

static void
place(struct mistake *m, const struct piece *p, unsigned more, unsigned width)
{
	m->line = p->pos.line;
	m->col = p->pos.col + more;
	m->hi = m->col + width;
}

/* A key that begins a line, followed by '='. */
static bool
is_key(const struct sheet *s, size_t i)
{
	return i + 2 < s->n && s->p[i].tok == TOK_IDENT && s->p[i].first &&
	    s->p[i].nested == 0 && s->p[i + 1].tok == TOK_ASSIGN &&
	    domcfg_find(s->p[i].word) != NULL;
}

/* A key whose value is one token of that kind. */
static bool
is_simple(const struct sheet *s, size_t i, enum cfg_tok kind)
{
	return is_key(s, i) && s->p[i + 2].tok == kind &&
	    (i + 3 == s->n || s->p[i + 3].tok == TOK_NEWLINE);
}

/* A string that is an element of a list, and the next token is of that kind. */
static bool
is_element(const struct sheet *s, size_t i, enum cfg_tok next)
{
	return i > 0 && i + 1 < s->n && s->p[i].tok == TOK_STRING &&
	    s->p[i].nested == 1 && s->p[i + 1].tok == next &&
	    (s->p[i - 1].tok == TOK_OPEN || s->p[i - 1].tok == TOK_COMMA);
}

typedef bool kind_f(struct mistake *m, const struct sheet *s, size_t i);

static bool
misspelt_key(struct mistake *m, const struct sheet *s, size_t i)
{
	const struct piece *p = &s->p[i];
	size_t len = strlen(p->word), k;
	char word[48];

	if (!is_key(s, i) || len < 4)
		return false;
	k = 1 + rnd((uint32_t)len - 2);
	switch (rnd(3)) {
	case 0:
		snprintf(word, sizeof(word), "%.*s%s", (int)k, p->word,
		    p->word + k + 1);
		break;
	case 1:
		snprintf(word, sizeof(word), "%.*s%c%s", (int)k, p->word,
		    p->word[k], p->word + k);
		break;
	default:
		snprintf(word, sizeof(word), "%s", p->word);
		word[k] = p->word[k + 1];
		word[k + 1] = p->word[k];
		break;
	}
	if (domcfg_find(word) != NULL)
		return false;
	edit(m, s, p->at, p->end, word);
	place(m, p, 0, 0);
	return true;
}

static bool
capital_key(struct mistake *m, const struct sheet *s, size_t i)
{
	char word[48];

	if (!is_key(s, i))
		return false;
	snprintf(word, sizeof(word), "%s", s->p[i].word);
	word[0] = (char)toupper((unsigned char)word[0]);
	edit(m, s, s->p[i].at, s->p[i].end, word);
	place(m, &s->p[i], 0, 0);
	return true;
}

static bool
no_equals(struct mistake *m, const struct sheet *s, size_t i)
{
	if (!is_key(s, i) || s->p[i + 2].pos.line != s->p[i].pos.line)
		return false;
	edit(m, s, s->p[i + 1].at, s->p[i + 1].end, " ");
	m->line = s->p[i].pos.line;
	m->col = s->p[i + 1].pos.col;
	m->hi = s->p[i + 2].pos.col;
	return true;
}

static bool
colon(struct mistake *m, const struct sheet *s, size_t i)
{
	if (!is_key(s, i))
		return false;
	edit(m, s, s->p[i + 1].at, s->p[i + 1].end, ":");
	place(m, &s->p[i + 1], 0, 0);
	return true;
}

static bool
two_equals(struct mistake *m, const struct sheet *s, size_t i)
{
	if (!is_key(s, i))
		return false;
	edit(m, s, s->p[i + 1].at, s->p[i + 1].end, "==");
	place(m, &s->p[i + 1], 0, 0);
	return true;
}

static bool
no_closing_quote(struct mistake *m, const struct sheet *s, size_t i)
{
	const struct piece *p = &s->p[i];

	if (p->tok != TOK_STRING || p->word[0] == '\0')
		return false;
	edit(m, s, p->end - 1, p->end, "");
	place(m, p, 0, 0);
	return true;
}

static bool
no_opening_quote(struct mistake *m, const struct sheet *s, size_t i)
{
	const struct piece *p = &s->p[i];

	if (p->tok != TOK_STRING || p->word[0] == '\0')
		return false;
	edit(m, s, p->at, p->at + 1, "");
	place(m, p, 0, 0);
	return true;
}

static bool
no_quotes(struct mistake *m, const struct sheet *s, size_t i)
{
	const struct piece *p = &s->p[i + 2 < s->n ? i + 2 : i];
	char word[64];

	if (!is_simple(s, i, TOK_STRING) || p->word[0] == '\0' ||
	    isdigit((unsigned char)p->word[0]) ||
	    p->end - p->at != strlen(p->word) + 2)
		return false;
	snprintf(word, sizeof(word), "%s", p->word);
	edit(m, s, p->at, p->end, word);
	/* Of a path and of words the first that is none. */
	place(m, p, 0, 0);
	return true;
}

static bool
typographic_quotes(struct mistake *m, const struct sheet *s, size_t i)
{
	AUTO_BUF struct xu_buf word = XU_BUF_INIT;
	const struct piece *p = &s->p[i];

	if (p->tok != TOK_STRING)
		return false;
	xu_buf_addf(&word, "\xe2\x80\x9c%.*s\xe2\x80\x9d",
	    (int)(p->end - p->at - 2), s->text + p->at + 1);
	edit(m, s, p->at, p->end, xu_buf_text(&word));
	place(m, p, 0, 0);
	return true;
}

static bool
no_closing_bracket(struct mistake *m, const struct sheet *s, size_t i)
{
	const struct piece *p = &s->p[i];

	if (p->tok != TOK_CLOSE || p->nested != 1 || i == 0)
		return false;
	edit(m, s, p->at, p->end, "");
	/* Behind what was the last, which may be on the line before. */
	p--;
	m->line = p->pos.line;
	m->col = p->pos.col + (unsigned)(p->end - p->at);
	m->hi = s->p[i].pos.line == m->line ? s->p[i].pos.col : m->col;
	return true;
}

static bool
no_opening_bracket(struct mistake *m, const struct sheet *s, size_t i)
{
	const struct piece *p = &s->p[i];

	if (p->tok != TOK_OPEN || p->nested != 0 || i + 1 >= s->n ||
	    s->p[i + 1].tok != TOK_STRING ||
	    s->p[i + 1].pos.line != p->pos.line)
		return false;
	edit(m, s, p->at, p->end, "");
	m->line = p->pos.line;
	m->col = p->pos.col;
	m->hi = s->p[i + 1].pos.col;
	return true;
}

static bool
no_comma(struct mistake *m, const struct sheet *s, size_t i)
{
	const struct piece *next = &s->p[i + 2 < s->n ? i + 2 : i];

	if (!is_element(s, i, TOK_COMMA) || next->tok != TOK_STRING)
		return false;
	edit(m, s, s->p[i + 1].at, s->p[i + 1].end, " ");
	/* Where the second begins, or what it was a part of. */
	place(m, next, 0, 0);
	return true;
}

static bool
unit_behind_number(struct mistake *m, const struct sheet *s, size_t i)
{
	static const char *const units[] = { "MB", "x", "G", "kB", "l" };

	if (!is_simple(s, i, TOK_NUMBER))
		return false;
	edit(m, s, s->p[i + 2].end, s->p[i + 2].end, units[rnd(5)]);
	place(m, &s->p[i + 2], 0, 0);
	return true;
}

static bool
word_for_number(struct mistake *m, const struct sheet *s, size_t i)
{
	if (!is_simple(s, i, TOK_NUMBER))
		return false;
	edit(m, s, s->p[i + 2].at, s->p[i + 2].end, "\"plenty\"");
	place(m, &s->p[i + 2], 0, 0);
	return true;
}

static bool
negative_number(struct mistake *m, const struct sheet *s, size_t i)
{
	if (!is_simple(s, i, TOK_NUMBER) || s->p[i + 2].word[0] == '0')
		return false;
	edit(m, s, s->p[i + 2].at, s->p[i + 2].at, "-");
	place(m, &s->p[i + 2], 0, 0);
	return true;
}

static bool
misspelt_action(struct mistake *m, const struct sheet *s, size_t i)
{
	const struct piece *p = &s->p[i + 2 < s->n ? i + 2 : i];
	char word[48];

	if (!is_simple(s, i, TOK_STRING) || strncmp(s->p[i].word, "on_", 3) != 0)
		return false;
	snprintf(word, sizeof(word), "\"%s\"", p->word);
	word[3] = p->word[3];
	word[4] = p->word[2];
	edit(m, s, p->at, p->end, word);
	place(m, p, 0, 0);
	return true;
}

static bool
misspelt_subkey(struct mistake *m, const struct sheet *s, size_t i)
{
	static const char *const subkeys[] = { "bridge=", "vifname=", "model=",
		"script=", "vdev=", "access=", "format=", "target=" };
	const struct piece *p = &s->p[i];
	const char *hit;
	char c[2] = "";
	size_t at;

	if (!is_element(s, i, TOK_COMMA) && !is_element(s, i, TOK_CLOSE))
		return false;
	for (size_t k = 0; k < XU_ARRAY_SIZE(subkeys); k++) {
		hit = memmem(s->text + p->at, p->end - p->at, subkeys[k],
		    strlen(subkeys[k]));
		if (hit == NULL || memchr(s->text + p->at, '%',
			p->end - p->at) != NULL)
			continue;
		at = (size_t)(hit - s->text);
		c[0] = s->text[at + 2];
		edit(m, s, at + 2, at + 2, c);
		place(m, p, (unsigned)(at - p->at), 0);
		return true;
	}
	return false;
}

static bool
bad_mac(struct mistake *m, const struct sheet *s, size_t i)
{
	const struct piece *p = &s->p[i];
	const char *hit;
	size_t at;

	if (!is_element(s, i, TOK_COMMA) && !is_element(s, i, TOK_CLOSE))
		return false;
	hit = memmem(s->text + p->at, p->end - p->at, "mac=", 4);
	if (hit == NULL || strcspn(hit, ",'\"% ") != 21)
		return false;
	at = (size_t)(hit - s->text);
	edit(m, s, at + 4 + rnd(2) * 15, at + 5 + 15, "zz");
	place(m, p, (unsigned)(at - p->at), 20);
	return true;
}

static bool
string_for_list(struct mistake *m, const struct sheet *s, size_t i)
{
	if (!is_key(s, i) || s->p[i + 2].tok != TOK_OPEN || i + 5 > s->n ||
	    s->p[i + 3].tok != TOK_STRING || s->p[i + 4].tok != TOK_CLOSE ||
	    strncmp(s->p[i].word, "cpus", 4) == 0 ||
	    s->p[i + 4].pos.line != s->p[i].pos.line ||
	    strcmp(s->p[i].word, "viridian") == 0)
		return false;
	edit(m, s, s->p[i + 4].at, s->p[i + 4].end, " ");
	edit(m, s, s->p[i + 2].at, s->p[i + 4].end, " \"one\"");
	place(m, &s->p[i + 2], 0, 1);
	return true;
}

static bool
one_bracket_more(struct mistake *m, const struct sheet *s, size_t i)
{
	if (!is_key(s, i) || i + 3 > s->n ||
	    s->p[i + 2].pos.line != s->p[i].pos.line ||
	    (s->p[i + 2].tok != TOK_STRING && s->p[i + 2].tok != TOK_NUMBER) ||
	    (i + 3 < s->n && s->p[i + 3].tok != TOK_NEWLINE))
		return false;
	edit(m, s, s->p[i + 2].end, s->p[i + 2].end, ")");
	place(m, &s->p[i + 2], (unsigned)(s->p[i + 2].end - s->p[i + 2].at), 0);
	return true;
}

static bool
comma_behind(struct mistake *m, const struct sheet *s, size_t i)
{
	if (!one_bracket_more(m, s, i))
		return false;
	edit(m, s, s->p[i + 2].end, s->p[i + 2].end, ",");
	return true;
}

/* Lines that do not belong there. */
static bool
foreign_line(struct mistake *m, const struct sheet *s, size_t i)
{
	static const struct {
		const char *text;
		unsigned col;
	} lines[] = { { "// the guest\n", 1 }, { "/* the guest */\n", 1 },
		{ "def f(x):\n    return x\n", 1 },
		{ "for x in [1]:\n    print(x)\n", 1 }, { "print 'hello'\n", 1 },
		{ "[guest]\n", 1 }, { "$x = 1\n", 1 }, { "<name>x</name>\n", 1 },
		{ "-- a remark\n", 1 }, { "if 1\n    pass\n", 5 },
		{ "else:\n    pass\n", 1 }, { "maxmem = 1\n", 1 },
		{ "vcpus = 0\n", 1 }, { "no_such_thing_at_all = 1\n", 1 } };
	size_t k = rnd(XU_ARRAY_SIZE(lines));

	if (!is_key(s, i))
		return false;
	/* Twice it would be another mistake, and a program may have any name. */
	if (strstr(s->text, "maxmem") != NULL ||
	    strstr(s->text, "vcpus") != NULL || strstr(s->text, "import") ||
	    strstr(s->text, "if ") != NULL)
		k %= 9;
	edit(m, s, s->p[i].at, s->p[i].at, lines[k].text);
	m->line = s->p[i].pos.line;
	m->col = m->hi = lines[k].col;
	return true;
}

static bool
set_again(struct mistake *m, const struct sheet *s, size_t i)
{
	char line[64];

	if (!is_simple(s, i, TOK_NUMBER))
		return false;
	for (size_t k = 0; k < s->n; k++)
		if (k != i && s->p[k].tok == TOK_IDENT &&
		    strcmp(s->p[k].word, s->p[i].word) == 0)
			return false;
	snprintf(line, sizeof(line), "\n%s = %s", s->p[i].word,
	    s->p[i + 2].word);
	edit(m, s, s->p[i + 2].end, s->p[i + 2].end, line);
	m->line = s->p[i].pos.line + 1;
	m->col = m->hi = 1;
	return true;
}

static const struct {
	const char *name;
	kind_f *f;
} kinds[] = {
	{ "misspelt key", misspelt_key },
	{ "capital key", capital_key },
	{ "no =", no_equals },
	{ ": for =", colon },
	{ "== for =", two_equals },
	{ "no closing quote", no_closing_quote },
	{ "no opening quote", no_opening_quote },
	{ "no quotes", no_quotes },
	{ "typographic quotes", typographic_quotes },
	{ "no ]", no_closing_bracket },
	{ "no [", no_opening_bracket },
	{ "no comma", no_comma },
	{ "unit behind a number", unit_behind_number },
	{ "word for a number", word_for_number },
	{ "negative number", negative_number },
	{ "misspelt action", misspelt_action },
	{ "misspelt key in a device", misspelt_subkey },
	{ "bad MAC address", bad_mac },
	{ "string for a list", string_for_list },
	{ ") too many", one_bracket_more },
	{ "comma behind a value", comma_behind },
	{ "a line of something else", foreign_line },
	{ "set again", set_again },
	{ "no opening quote", no_opening_quote },
};

/* The first thing that is said, in the order of the file: its place. */
static void
first_place(const struct xu_buf *text, struct cfg_pos *pos, struct xu_buf *report)
{
	struct domcfg d;
	struct cfg c;
	unsigned line, col;

	cfg_init(&c);
	cfg_parse_all(&c, "f", xu_buf_text(text), text->len, report);
	domcfg_bind(&c, "f", &d, report);
	domcfg_fini(&d);
	cfg_fini(&c);
	*pos = (struct cfg_pos){ .line = 0 };
	for (const char *s = xu_buf_text(report); *s != '\0';
	     s += strcspn(s, "\n") + 1)
		if (sscanf(s, "f:%u:%u:", &line, &col) == 2 &&
		    (pos->line == 0 || line < pos->line ||
			(line == pos->line && col < pos->col))) {
			pos->line = line;
			pos->col = col;
		}
}

/* One of a kind, somewhere in a file without mistakes. */
static bool
make_mistake(struct mistake *m, kind_f *f)
{
	static struct sheet s;

	for (int tries = 0; tries < 5000; tries++) {
		AUTO_BUF struct xu_buf report = XU_BUF_INIT;
		uint32_t file = rnd(COUNT);
		struct cfg_pos pos;

		first_place(&texts[file], &pos, &report);
		if (pos.line != 0)
			continue;
		cut_up(&s, &texts[file]);
		if (f(m, &s, rnd((uint32_t)s.n)))
			return true;
	}
	return false;
}

START_TEST(mistakes_are_found)
{
	const size_t each = 21, all = each * XU_ARRAY_SIZE(kinds);
	size_t lines = 0, cols = 0;

	ck_assert_uint_ge(all, 500);
	read_all();
	setenv("XLD_TEST_USER", "ada", 1);
	seed = 9;
	for (size_t n = 0; n < all; n++) {
		AUTO_BUF struct xu_buf report = XU_BUF_INIT;
		struct mistake m = { .line = 0 };
		size_t k = n % XU_ARRAY_SIZE(kinds);
		struct cfg_pos pos;
		bool line, col;

		ck_assert_msg(make_mistake(&m, kinds[k].f), "no place for '%s'",
		    kinds[k].name);
		first_place(&m.text, &pos, &report);
		line = pos.line == m.line;
		col = line && pos.col >= m.col && pos.col <= m.hi;
		lines += line;
		cols += col;
		if (!col && getenv("CFG_MISTAKES") != NULL)
			printf("--- %s: %u:%u-%u\n%s---\n%s\n", kinds[k].name,
			    m.line, m.col, m.hi, xu_buf_text(&report),
			    xu_buf_text(&m.text));
		xu_buf_fini(&m.text);
	}
	printf("%zu mistakes: %zu at the line, %zu at the column\n", all, lines,
	    cols);
	ck_assert_msg(lines * 100 >= all * 95, "%zu of %zu lines", lines, all);
	ck_assert_msg(cols * 100 >= all * 90, "%zu of %zu columns", cols, all);
	forget_all();
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("configurations");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, they_mean_what_they_say, 0, COUNT);
	tcase_add_test(t, printing_is_reading_backwards);
	tcase_add_test(t, mistakes_are_found);
	tcase_set_timeout(t, 120);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
