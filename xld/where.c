/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See where.h. The filter is a client's: its length and depth are bounded. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "errors.h"
#include "where.h"

#define LENGTH_MAX 4096
#define DEPTH_MAX  32
#define TEXT_MAX   512

struct filter {
	const char *text, *at;
	const struct xu_val *record;
	struct xu_err *e;
	int depth;
};

static int
wrong(struct filter *f, const char *why)
{
	xu_err_set(f->e, XE(VALUE_NOT_SUPPORTED), 0,
	    "the filter makes no sense at character %zu: %s",
	    (size_t)(f->at - f->text) + 1, why);
	xu_err_param(f->e, "expr");
	xu_err_param(f->e, "%.100s", f->text);
	xu_err_param(f->e, "%s", why);
	return -1;
}

static void
blanks(struct filter *f)
{
	f->at += strspn(f->at, " \t\r\n");
}

static bool
word(struct filter *f, const char *w)
{
	size_t n = strlen(w);

	blanks(f);
	if (strncmp(f->at, w, n) != 0)
		return false;
	if (strchr("=()", w[0]) == NULL && f->at[n] != '\0' &&
	    strchr(" \t\r\n\"()=", f->at[n]) == NULL)
		return false;
	f->at += n;
	return true;
}

/* "text", in which \ takes the next character as it is. */
static int
quoted(struct filter *f, char out[TEXT_MAX])
{
	size_t n = 0;

	blanks(f);
	if (*f->at != '"')
		return wrong(f, "a text in quotes is wanted");
	for (f->at++; *f->at != '"'; f->at++) {
		if (*f->at == '\\' && f->at[1] != '\0')
			f->at++;
		if (*f->at == '\0' || n + 1 >= TEXT_MAX)
			return wrong(f, *f->at == '\0' ? "the quotes do not end"
						       : "the text is too long");
		out[n++] = *f->at;
	}
	f->at++;
	out[n] = '\0';
	return 0;
}

/* A member by its name, in which __ may stand for _. */
static const struct xu_val *
member(const struct filter *f, const char *name)
{
	const struct xu_val *v = xu_val_get(f->record, name);
	char plain[TEXT_MAX];
	size_t n = 0;

	for (; v == NULL && *name != '\0'; name++)
		if (name[0] != '_' || name[1] != '_')
			plain[n++] = *name;
	plain[n] = '\0';
	return v != NULL ? v : xu_val_get(f->record, plain);
}

static void
text_of(const struct xu_val *v, char out[TEXT_MAX])
{
	switch (xu_val_type(v)) {
	case XU_BOOL:
		snprintf(out, TEXT_MAX, "%s", xu_val_bool(v) ? "true" : "false");
		break;
	case XU_INT:
		snprintf(out, TEXT_MAX, "%" PRId64, xu_val_int(v));
		break;
	case XU_FLOAT:
		snprintf(out, TEXT_MAX, "%g", xu_val_float(v));
		break;
	default:
		snprintf(out, TEXT_MAX, "%s", xu_val_str(v));
		break;
	}
}

static int
value(struct filter *f, char out[TEXT_MAX])
{
	bool field = word(f, "field");
	const struct xu_val *v;
	char text[TEXT_MAX];

	if (quoted(f, text) < 0)
		return -1;
	if (!field) {
		/* References are bare here. */
		snprintf(out, TEXT_MAX, "%s",
		    strcmp(text, "OpaqueRef:NULL") == 0	       ? "" :
			strncmp(text, "OpaqueRef:", 10) == 0 ? text + 10 :
							       text);
		return 0;
	}
	v = member(f, text);
	if (v == NULL)
		return wrong(f, "the class has no such field");
	if (xu_val_is(v, XU_ARRAY) || xu_val_is(v, XU_STRUCT))
		return wrong(f, "a field that is a set or a map is no text");
	text_of(v, out);
	return 0;
}

static int either(struct filter *f);

static int
one(struct filter *f)
{
	char left[TEXT_MAX], right[TEXT_MAX];
	int r;

	if (word(f, "true"))
		return 1;
	if (word(f, "false"))
		return 0;
	if (word(f, "not")) {
		if (++f->depth > DEPTH_MAX)
			return wrong(f, "it is too deep");
		r = one(f);
		f->depth--;
		return r < 0 ? -1 : !r;
	}
	if (word(f, "(")) {
		r = either(f);
		if (r >= 0 && !word(f, ")"))
			return wrong(f, "')' is wanted");
		return r;
	}
	if (value(f, left) < 0)
		return -1;
	if (!word(f, "="))
		return wrong(f, "'=' is wanted");
	if (value(f, right) < 0)
		return -1;
	return strcmp(left, right) == 0;
}

static int
both(struct filter *f)
{
	int r = one(f), next;

	while (r >= 0 && word(f, "and")) {
		next = one(f);
		r = next < 0 ? -1 : r && next;
	}
	return r;
}

static int
either(struct filter *f)
{
	int r, next;

	if (++f->depth > DEPTH_MAX)
		return wrong(f, "it is too deep");
	r = both(f);
	while (r >= 0 && word(f, "or")) {
		next = both(f);
		r = next < 0 ? -1 : r || next;
	}
	f->depth--;
	return r;
}

int
where_holds(const char *filter, const struct xu_val *record, struct xu_err *e)
{
	struct filter f = { .text = filter, .at = filter, .record = record,
		.e = e };
	int r;

	if (strlen(filter) > LENGTH_MAX)
		return wrong(&f, "it is longer than 4096 characters");
	r = either(&f);
	blanks(&f);
	return r >= 0 && *f.at != '\0' ? wrong(&f, "more than a filter") : r;
}
