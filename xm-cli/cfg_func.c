/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Functions, methods and % of the configuration language: a row each. They make
 * values of values; what they know of the host is what uname says, and of the
 * caller his environment. None looks at files.
 */
#include "config.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>

#include "cfg_syntax.h"
#include "xu_num.h"

typedef struct cfg_value *func_f(struct parser *p, const struct cfg_pos *pos,
    struct cfg_value **a, size_t n);

static struct cfg_value *
text(struct parser *p, const struct cfg_pos *pos, const char *s)
{
	return cfg_value_str(p, pos, s, strlen(s));
}

/* --- of values ------------------------------------------------------------ */

static struct cfg_value *
f_str(struct parser *p, const struct cfg_pos *pos, struct cfg_value **a,
    size_t n)
{
	char s[24];

	(void)n;
	if (a[0]->kind == CFG_STRING)
		return text(p, pos, a[0]->text);
	/* 0x10 is written 16. */
	snprintf(s, sizeof(s), "%" PRId64, a[0]->num);
	return text(p, pos, s);
}

static struct cfg_value *
f_int(struct parser *p, const struct cfg_pos *pos, struct cfg_value **a,
    size_t n)
{
	int64_t v = a[0]->num;

	(void)n;
	if (a[0]->kind == CFG_STRING &&
	    !xu_num_i64(a[0]->text, INT64_MIN, INT64_MAX, &v)) {
		cfg_error(p->err, &a[0]->pos, "'%.200s' is not a number",
		    a[0]->text);
		return NULL;
	}
	return cfg_value_num(p, pos, v);
}

static struct cfg_value *
f_len(struct parser *p, const struct cfg_pos *pos, struct cfg_value **a,
    size_t n)
{
	size_t len = a[0]->nitems;

	(void)n;
	if (a[0]->kind == CFG_STRING)
		len = strlen(a[0]->text);
	else if (a[0]->kind == CFG_DICT)
		len /= 2;
	return cfg_value_num(p, pos, (int64_t)len);
}

static struct cfg_value *
f_range(struct parser *p, const struct cfg_pos *pos, struct cfg_value **a,
    size_t n)
{
	int64_t from = n > 1 ? a[0]->num : 0, to = a[n > 1]->num;
	int64_t step = n > 2 ? a[2]->num : 1;
	AUTO_VALUE struct cfg_value *list = NULL;

	if (step == 0) {
		cfg_error(p->err, &a[2]->pos, "range with steps of 0");
		return NULL;
	}
	list = cfg_value_new(p, CFG_LIST, pos);
	while (list != NULL && (step > 0 ? from < to : from > to)) {
		if (list->nitems >= CFG_MAX_ITEMS) {
			cfg_error(p->err, pos, "range of more than %d numbers",
			    CFG_MAX_ITEMS);
			return NULL;
		}
		if (cfg_value_add(p, list, cfg_value_num(p, pos, from)) < 0)
			return NULL;
		if (__builtin_add_overflow(from, step, &from))
			break;
	}
	return steal_ptr(&list);
}

/* --- of strings ----------------------------------------------------------- */

static struct cfg_value *
f_replace(struct parser *p, const struct cfg_pos *pos, struct cfg_value **a,
    size_t n)
{
	AUTO_VALUE struct cfg_value *out = NULL;
	const char *s = a[0]->text, *old = a[1]->text, *hit;

	(void)n;
	if (old[0] == '\0') {
		cfg_error(p->err, &a[1]->pos, "nothing cannot be replaced");
		return NULL;
	}
	out = cfg_value_new(p, CFG_STRING, pos);
	while (out != NULL && (hit = strstr(s, old)) != NULL) {
		if (cfg_value_adds(p, out, s, (size_t)(hit - s)) < 0 ||
		    cfg_value_adds(p, out, a[2]->text,
			strlen(a[2]->text)) < 0)
			return NULL;
		s = hit + strlen(old);
	}
	if (out == NULL || cfg_value_adds(p, out, s, strlen(s)) < 0)
		return NULL;
	return steal_ptr(&out);
}

static const char blanks[] = " \t\n\r\f\v";

/* Without a separator: words between blanks. */
static struct cfg_value *
f_split(struct parser *p, const struct cfg_pos *pos, struct cfg_value **a,
    size_t n)
{
	AUTO_VALUE struct cfg_value *list = NULL;
	const char *s = a[0]->text, *end;

	if (n > 1 && a[1]->text[0] == '\0') {
		cfg_error(p->err, &a[1]->pos, "split needs a separator");
		return NULL;
	}
	list = cfg_value_new(p, CFG_LIST, pos);
	while (list != NULL) {
		if (n == 1 && *(s += strspn(s, blanks)) == '\0')
			break;
		end = n > 1 ? strstr(s, a[1]->text) : s + strcspn(s, blanks);
		if (cfg_value_add(p, list, cfg_value_str(p, pos, s,
			end == NULL ? strlen(s) : (size_t)(end - s))) < 0)
			return NULL;
		if (end == NULL)
			break;
		s = end + (n > 1 ? strlen(a[1]->text) : 0);
	}
	return steal_ptr(&list);
}

static struct cfg_value *
f_join(struct parser *p, const struct cfg_pos *pos, struct cfg_value **a,
    size_t n)
{
	AUTO_VALUE struct cfg_value *out = cfg_value_new(p, CFG_STRING, pos);

	(void)n;
	for (size_t i = 0; out != NULL && i < a[1]->nitems; i++) {
		const struct cfg_value *v = a[1]->items[i];

		if (v->kind != CFG_STRING) {
			cfg_error(p->err, &v->pos, "join takes strings, not %s",
			    cfg_kind_name(v->kind));
			return NULL;
		}
		if ((i > 0 && cfg_value_adds(p, out, a[0]->text,
			strlen(a[0]->text)) < 0) ||
		    cfg_value_adds(p, out, v->text, strlen(v->text)) < 0)
			return NULL;
	}
	return steal_ptr(&out);
}

static struct cfg_value *
f_strip(struct parser *p, const struct cfg_pos *pos, struct cfg_value **a,
    size_t n)
{
	const char *s = a[0]->text + strspn(a[0]->text, blanks);
	size_t len = strlen(s);

	(void)n;
	while (len > 0 && strchr(blanks, s[len - 1]) != NULL)
		len--;
	return cfg_value_str(p, pos, s, len);
}

static struct cfg_value *
change_case(struct parser *p, const struct cfg_pos *pos, const char *s,
    int (*f)(int c))
{
	struct cfg_value *v = text(p, pos, s);

	for (char *c = v != NULL ? v->text : NULL; c != NULL && *c != '\0'; c++)
		*c = (char)f((unsigned char)*c);
	return v;
}

static struct cfg_value *
f_lower(struct parser *p, const struct cfg_pos *pos, struct cfg_value **a,
    size_t n)
{
	(void)n;
	return change_case(p, pos, a[0]->text, tolower);
}

static struct cfg_value *
f_upper(struct parser *p, const struct cfg_pos *pos, struct cfg_value **a,
    size_t n)
{
	(void)n;
	return change_case(p, pos, a[0]->text, toupper);
}

static struct cfg_value *
f_startswith(struct parser *p, const struct cfg_pos *pos, struct cfg_value **a,
    size_t n)
{
	(void)n;
	return cfg_value_num(p, pos,
	    strncmp(a[0]->text, a[1]->text, strlen(a[1]->text)) == 0);
}

static struct cfg_value *
f_endswith(struct parser *p, const struct cfg_pos *pos, struct cfg_value **a,
    size_t n)
{
	size_t len = strlen(a[0]->text), tail = strlen(a[1]->text);

	(void)n;
	return cfg_value_num(p, pos, tail <= len &&
	    strcmp(a[0]->text + len - tail, a[1]->text) == 0);
}

/* Examples look for "64" in the machine's name; more than text with ^ before it and
 * $ behind it is not understood. */
static struct cfg_value *
re_find(struct parser *p, const struct cfg_pos *pos, struct cfg_value **a,
    bool at_start)
{
	const char *re = a[0]->text, *s = a[1]->text;
	size_t n = strlen(re), len = strlen(s);
	bool start = at_start || re[0] == '^', end, found;

	re += re[0] == '^';
	n = strlen(re);
	end = n > 0 && re[n - 1] == '$';
	n -= end;
	if (strcspn(re, ".^$*+?{}[]\\|()") < n) {
		cfg_error(p->err, &a[0]->pos, "of patterns only text is "
		    "understood, with ^ before it and $ behind it");
		return NULL;
	}
	if (start)
		found = len >= n && memcmp(s, re, n) == 0 && (!end || len == n);
	else if (end)
		found = len >= n && memcmp(s + len - n, re, n) == 0;
	else
		found = memmem(s, len, re, n) != NULL;
	return cfg_value_num(p, pos, found);
}

static struct cfg_value *
f_search(struct parser *p, const struct cfg_pos *pos, struct cfg_value **a,
    size_t n)
{
	(void)n;
	return re_find(p, pos, a, false);
}

static struct cfg_value *
f_match(struct parser *p, const struct cfg_pos *pos, struct cfg_value **a,
    size_t n)
{
	(void)n;
	return re_find(p, pos, a, true);
}

/* --- of the host and the caller ------------------------------------------- */

static struct cfg_value *
f_uname(struct parser *p, const struct cfg_pos *pos, struct cfg_value **a,
    size_t n)
{
	AUTO_VALUE struct cfg_value *list = cfg_value_new(p, CFG_LIST, pos);
	struct utsname u;

	(void)a;
	(void)n;
	if (list == NULL || uname(&u) < 0 ||
	    cfg_value_add(p, list, text(p, pos, u.sysname)) < 0 ||
	    cfg_value_add(p, list, text(p, pos, u.nodename)) < 0 ||
	    cfg_value_add(p, list, text(p, pos, u.release)) < 0 ||
	    cfg_value_add(p, list, text(p, pos, u.version)) < 0 ||
	    cfg_value_add(p, list, text(p, pos, u.machine)) < 0)
		return NULL;
	return steal_ptr(&list);
}

static struct cfg_value *
f_getenv(struct parser *p, const struct cfg_pos *pos, struct cfg_value **a,
    size_t n)
{
	const char *s = getenv(a[0]->text);

	if (s == NULL && n > 1)
		s = a[1]->text;
	if (s == NULL) {
		cfg_error(p->err, &a[0]->pos, "the environment has no '%.60s'; "
		    "os.getenv('%.60s', 'text') says what it is then",
		    a[0]->text, a[0]->text);
		return NULL;
	}
	return text(p, pos, s);
}

static struct cfg_value *
f_basename(struct parser *p, const struct cfg_pos *pos, struct cfg_value **a,
    size_t n)
{
	const char *slash = strrchr(a[0]->text, '/');

	(void)n;
	return text(p, pos, slash != NULL ? slash + 1 : a[0]->text);
}

static struct cfg_value *
f_dirname(struct parser *p, const struct cfg_pos *pos, struct cfg_value **a,
    size_t n)
{
	const char *s = a[0]->text, *slash = strrchr(s, '/');
	size_t len = slash == NULL ? 0 : (size_t)(slash - s);

	(void)n;
	while (len > 0 && s[len - 1] == '/')
		len--;
	return cfg_value_str(p, pos, s, slash != NULL && len == 0 ? 1 : len);
}

static struct cfg_value *
f_path_join(struct parser *p, const struct cfg_pos *pos, struct cfg_value **a,
    size_t n)
{
	AUTO_VALUE struct cfg_value *out = NULL;
	size_t first = 0, len;

	for (size_t i = 0; i < n; i++)
		if (a[i]->text[0] == '/')
			first = i;
	out = text(p, pos, a[first]->text);
	for (size_t i = first + 1; out != NULL && i < n; i++) {
		len = strlen(out->text);
		if ((len > 0 && out->text[len - 1] != '/' &&
			cfg_value_adds(p, out, "/", 1) < 0) ||
		    cfg_value_adds(p, out, a[i]->text, strlen(a[i]->text)) < 0)
			return NULL;
	}
	return steal_ptr(&out);
}

/* --- the table ------------------------------------------------------------ */

/* kinds: of each argument, s(tring), n(umber), l(ist), a(tom), *; behind a '?' those
 * that may be missing. A method's first argument is before its point. */
static const struct func {
	const char *name, *kinds;
	func_f *f;
} funcs[] = {
	{ "str", "a", f_str },
	{ "int", "a", f_int },
	{ "len", "*", f_len },
	{ "range", "n?nn", f_range },
	{ ".replace", "sss", f_replace },
	{ ".split", "s?s", f_split },
	{ ".join", "sl", f_join },
	{ ".strip", "s", f_strip },
	{ ".lower", "s", f_lower },
	{ ".upper", "s", f_upper },
	{ ".startswith", "ss", f_startswith },
	{ ".endswith", "ss", f_endswith },
	{ "string.replace", "sss", f_replace },
	{ "string.split", "s?s", f_split },
	{ "string.strip", "s", f_strip },
	{ "string.lower", "s", f_lower },
	{ "string.upper", "s", f_upper },
	{ "re.search", "ss", f_search },
	{ "re.match", "ss", f_match },
	{ "os.uname", "", f_uname },
	{ "os.getenv", "s?s", f_getenv },
	{ "os.environ.get", "s?s", f_getenv },
	{ "os.path.basename", "s", f_basename },
	{ "os.path.dirname", "s", f_dirname },
	{ "os.path.join", "s?sss", f_path_join },
};

static const struct func *
find_func(const char *name)
{
	for (size_t i = 0; i < XU_ARRAY_SIZE(funcs); i++)
		if (strcmp(funcs[i].name, name) == 0)
			return &funcs[i];
	return NULL;
}

bool
cfg_is_func(const char *name)
{
	return find_func(name) != NULL;
}

static bool
fits(char kind, const struct cfg_value *v)
{
	switch (kind) {
	case 's':
		return v->kind == CFG_STRING;
	case 'n':
		return v->kind == CFG_NUMBER;
	case 'l':
		return v->kind == CFG_LIST;
	case 'a':
		return v->kind == CFG_STRING || v->kind == CFG_NUMBER;
	default:
		return v->kind != CFG_NUMBER;
	}
}

static struct cfg_value *
no_func(struct parser *p, const struct cfg_pos *pos, const char *name)
{
	struct xu_near near = { .word = name, .most = 2 };

	for (size_t i = 0; i < XU_ARRAY_SIZE(funcs); i++)
		xu_near_try(&near, funcs[i].name);
	cfg_error(p->err, pos, "%s '%.60s' is not understood%s%s%s",
	    name[0] == '.' ? "method" : "function", name + (name[0] == '.'),
	    near.best != NULL ? ", did you mean '" : "",
	    near.best != NULL ? near.best + (near.best[0] == '.') : "",
	    near.best != NULL ? "'?" : "");
	return NULL;
}

struct cfg_value *
cfg_call(struct parser *p, const struct cfg_pos *pos, const char *name,
    struct cfg_value **args, size_t n)
{
	const struct func *f = find_func(name);
	size_t least, most, i = 0;
	const char *option;

	if (f == NULL)
		return no_func(p, pos, name);
	option = strchr(f->kinds, '?');
	least = option != NULL ? (size_t)(option - f->kinds)
			       : strlen(f->kinds);
	most = strlen(f->kinds) - (option != NULL);
	if (n < least || n > most) {
		/* Its own value is no argument in a user's eyes. */
		size_t self = name[0] == '.';

		cfg_error(p->err, pos, "'%s' takes %zu%s%zu arguments, not %zu",
		    name + self, least - self, least == most ? "/" : " to ",
		    most - self, n - self);
		return NULL;
	}
	for (const char *k = f->kinds; i < n; k++) {
		if (*k == '?')
			continue;
		if (!fits(*k, args[i])) {
			cfg_error(p->err, &args[i]->pos,
			    "'%s' does not take %s here", name,
			    cfg_kind_name(args[i]->kind));
			return NULL;
		}
		i++;
	}
	return f->f(p, pos, args, n);
}

/* --- % -------------------------------------------------------------------- */

/* One %[(name)][flags][width][.digits]letter. */
struct conversion {
	char flags[4];
	unsigned width;
	int digits;
	char letter;
	char name[64];
};

static unsigned
small_number(const char **s)
{
	unsigned n = 0;

	for (; isdigit((unsigned char)**s); (*s)++)
		n = n > 999 ? n : n * 10 + (unsigned)(**s - '0');
	return n;
}

/* s is behind the '%'. NULL: it is not understood. */
static const char *
read_conversion(const char *s, struct conversion *c)
{
	size_t n = 0;

	memset(c, 0, sizeof(*c));
	c->digits = -1;
	if (*s == '(') {
		n = strcspn(++s, ")");
		if (s[n] == '\0' || n >= sizeof(c->name))
			return NULL;
		memcpy(c->name, s, n);
		s += n + 1;
	}
	for (n = 0; *s != '\0' && strchr("-0+ ", *s) != NULL; s++)
		if (n < sizeof(c->flags) - 1)
			c->flags[n++] = *s;
	c->width = small_number(&s);
	if (*s == '.') {
		s++;
		c->digits = (int)small_number(&s);
	}
	c->letter = *s;
	if (c->width > 200 || c->digits > 200 || *s == '\0' ||
	    strchr("sdiuxXo%", *s) == NULL)
		return NULL;
	return s + 1;
}

static void
digits_of(struct xu_buf *out, const struct conversion *c, int64_t n)
{
	uint64_t u = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

	if (c->letter == 'x')
		xu_buf_addf(out, "%" PRIx64, u);
	else if (c->letter == 'X')
		xu_buf_addf(out, "%" PRIX64, u);
	else if (c->letter == 'o')
		xu_buf_addf(out, "%" PRIo64, u);
	else
		xu_buf_addf(out, "%" PRIu64, u);
}

static int
add_padded(struct parser *p, struct cfg_value *out, const struct conversion *c,
    const char *sign, const char *body, size_t len)
{
	AUTO_BUF struct xu_buf s = XU_BUF_INIT;
	bool left = strchr(c->flags, '-') != NULL;
	bool zero = !left && c->letter != 's' && strchr(c->flags, '0') != NULL;
	size_t used = strlen(sign) + len;
	size_t pad = c->width > used ? c->width - used : 0;

	if (!left && !zero)
		xu_buf_addf(&s, "%*s", (int)pad, "");
	xu_buf_adds(&s, sign);
	for (size_t i = 0; zero && i < pad; i++)
		xu_buf_addc(&s, '0');
	xu_buf_add(&s, body, len);
	if (left)
		xu_buf_addf(&s, "%*s", (int)pad, "");
	return cfg_value_adds(p, out, xu_buf_text(&s), s.len);
}

static int
convert_number(struct parser *p, struct cfg_value *out,
    const struct conversion *c, int64_t n)
{
	AUTO_BUF struct xu_buf digits = XU_BUF_INIT, body = XU_BUF_INIT;
	const char *sign = n < 0 ? "-" : strchr(c->flags, '+') != NULL ? "+"
	    : strchr(c->flags, ' ') != NULL ? " " : "";

	digits_of(&digits, c, n);
	for (size_t i = digits.len; (int)i < c->digits; i++)
		xu_buf_addc(&body, '0');
	xu_buf_adds(&body, xu_buf_text(&digits));
	return add_padded(p, out, c, sign, xu_buf_text(&body), body.len);
}

static int
convert(struct parser *p, struct cfg_value *out, const struct conversion *c,
    const struct cfg_value *v)
{
	char text[24];
	const char *s = v->text;
	size_t len;

	if (c->letter != 's' && v->kind == CFG_NUMBER)
		return convert_number(p, out, c, v->num);
	if (c->letter != 's' ||
	    (v->kind != CFG_STRING && v->kind != CFG_NUMBER))
		return cfg_error(p->err, &v->pos, "'%%%c' does not take %s",
		    c->letter, cfg_kind_name(v->kind));
	if (v->kind == CFG_NUMBER) {
		snprintf(text, sizeof(text), "%" PRId64, v->num);
		s = text;
	}
	len = strlen(s);
	if (c->digits >= 0 && (size_t)c->digits < len)
		len = (size_t)c->digits;
	return add_padded(p, out, c, "", s, len);
}

/* What a conversion is of: the next of a tuple, the one, or a member. */
static const struct cfg_value *
argument(struct parser *p, const struct cfg_value *args, size_t *at,
    const struct conversion *c, const struct cfg_pos *pos)
{
	const struct cfg_value *v = NULL;
	size_t n = args->tuple ? args->nitems : 1;

	if (c->name[0] != '\0') {
		if (args->kind == CFG_DICT)
			v = cfg_value_member(args, c->name);
		if (v == NULL)
			cfg_error(p->err, &args->pos, "'%%(%s)' finds no such "
			    "member of a dictionary", c->name);
		return v;
	}
	if (*at < n)
		return args->tuple ? args->items[(*at)++] : ((*at)++, args);
	cfg_error(p->err, pos, "the string has more conversions (%%) than "
	    "there are values");
	return NULL;
}

static int
format_into(struct parser *p, struct cfg_value *out,
    const struct cfg_value *format, const struct cfg_value *args)
{
	const struct cfg_value *v;
	const char *s = format->text, *next;
	struct conversion c;
	size_t at = 0, n;

	for (; *s != '\0'; s = next) {
		n = strcspn(s, "%");
		if (cfg_value_adds(p, out, s, n) < 0)
			return -1;
		next = s + n;
		if (*next == '\0')
			break;
		s = next;
		next = read_conversion(s + 1, &c);
		if (next == NULL)
			return cfg_error(p->err, &format->pos, "'%.8s' is no "
			    "conversion that is understood; %%%% is a percent "
			    "sign", s);
		if (c.letter == '%') {
			if (cfg_value_adds(p, out, "%", 1) < 0)
				return -1;
			continue;
		}
		v = argument(p, args, &at, &c, &format->pos);
		if (v == NULL || convert(p, out, &c, v) < 0)
			return -1;
	}
	if (args->kind != CFG_DICT && at < (args->tuple ? args->nitems : 1))
		return cfg_error(p->err, &args->pos, "the string has fewer "
		    "conversions (%%) than there are values");
	return 0;
}

struct cfg_value *
cfg_format(struct parser *p, const struct cfg_value *format,
    const struct cfg_value *args)
{
	AUTO_VALUE struct cfg_value *out =
	    cfg_value_new(p, CFG_STRING, &format->pos);

	if (out == NULL || format_into(p, out, format, args) < 0)
		return NULL;
	return steal_ptr(&out);
}
