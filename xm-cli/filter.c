/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which rows of a list are wanted: operands such as state=running and mem>1G. */
#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "table.h"
#include "xu_num.h"

/* Those that others begin with come behind them. */
static const struct {
	const char *sign;
	enum xm_relation relation;
} relations[] = {
	{ "!=", XM_UNEQUAL },
	{ "<=", XM_LESS_EQUAL },
	{ ">=", XM_MORE_EQUAL },
	{ "=", XM_EQUAL },
	{ "~", XM_LIKE },
	{ "<", XM_LESS },
	{ ">", XM_MORE },
};

/* The index of the relation at s; their number: there is none. */
static size_t
relation_at(const char *s)
{
	size_t i = 0;

	while (i < XU_ARRAY_SIZE(relations) && strncmp(s, relations[i].sign,
	    strlen(relations[i].sign)) != 0)
		i++;
	return i;
}

static size_t
name_length(const char *word)
{
	size_t n = 0;

	while (isalpha((unsigned char)word[n]) || word[n] == '_' ||
	    (n > 0 && word[n] == '-'))
		n++;
	return n;
}

bool
xm_is_filter(const char *word)
{
	size_t n = name_length(word);

	return n > 0 && relation_at(word + n) < XU_ARRAY_SIZE(relations);
}

/* --- reading one ---------------------------------------------------------- */

static bool
is_real(const char *s, double *out)
{
	char *end;

	if (strspn(s, "-.0123456789") != strlen(s) || *s == '\0')
		return false;
	*out = strtod(s, &end);
	return *end == '\0';
}

static int
read_number(struct xm *xm, struct xm_filter *f)
{
	uint64_t kib;

	if (f->column->kind == XM_IS_BYTES) {
		if (!xu_num_kib(f->value, 'm', &kib))
			return xm_usage(xm, "'%s' is no amount of memory, as "
			    "512 (MiB) or 2G", f->value);
		f->number = (double)kib * 1024;
		return 0;
	}
	return is_real(f->value, &f->number) ? 0 :
	    xm_usage(xm, "'%s' is no number, as '%s' has them", f->value,
		f->column->name);
}

static int
read_value(struct xm *xm, struct xm_filter *f)
{
	char why[120];
	int rc;

	if (f->relation == XM_LIKE) {
		rc = regcomp(&f->like, f->value, REG_EXTENDED | REG_NOSUB);
		if (rc == 0)
			return 0;
		regerror(rc, &f->like, why, sizeof(why));
		return xm_usage(xm, "'%s' is no regular expression: %s",
		    f->value, why);
	}
	if (xm_is_number(f->column))
		return read_number(xm, f);
	if (f->relation != XM_EQUAL && f->relation != XM_UNEQUAL)
		return xm_usage(xm, "'%s' is text: it goes with =, != and ~",
		    f->column->name);
	return 0;
}

int
xm_filter_add(struct xm_listing *l, const char *word)
{
	struct xm_filter *f = &l->filters[l->nfilters];
	size_t n = name_length(word), r = relation_at(word + n);
	const char *also;
	int status = 0;

	if (l->nfilters == XM_FILTERS_MAX)
		return xm_usage(l->xm, "more than %d filters", XM_FILTERS_MAX);
	memset(f, 0, sizeof(*f));
	f->column = xm_column_find(l->xm, l->table, word, n, &status);
	if (f->column == NULL)
		return status;
	also = f->column->also;
	if (also != NULL)
		f->also = xm_column_find(l->xm, l->table, also, strlen(also),
		    &status);
	f->relation = relations[r].relation;
	f->value = word + n + strlen(relations[r].sign);
	if (status == 0)
		status = read_value(l->xm, f);
	/* What has not been read is not there to be freed. */
	l->nfilters += status == 0;
	return status;
}

void
xm_filters_fini(struct xm_listing *l)
{
	for (size_t i = 0; i < l->nfilters; i++)
		if (l->filters[i].relation == XM_LIKE)
			regfree(&l->filters[i].like);
	l->nfilters = 0;
}

/* --- asking it ------------------------------------------------------------ */

static bool
compare(const struct xm_filter *f, double have)
{
	switch (f->relation) {
	case XM_LESS:
		return have < f->number;
	case XM_LESS_EQUAL:
		return have <= f->number;
	case XM_MORE:
		return have > f->number;
	case XM_MORE_EQUAL:
		return have >= f->number;
	case XM_UNEQUAL:
		return have < f->number || have > f->number;
	case XM_EQUAL:
	case XM_LIKE:
		break;
	}
	return have >= f->number && have <= f->number;
}

static bool
matches(const struct xm_filter *f, const struct xm_column *c,
    const struct xm_listing *l, const struct xapi_value *json)
{
	AUTO_BUF struct xu_buf cell = XU_BUF_INIT;
	const char *have;
	double number;

	xm_cell(c, l->ctx, json, &cell);
	have = xu_buf_text(&cell);
	if (f->relation == XM_LIKE)
		return regexec(&f->like, have, 0, NULL, 0) == 0;
	if (xm_is_number(c))
		/* What has no number is less and more than none. */
		return is_real(have, &number) ? compare(f, number) :
		    f->relation == XM_UNEQUAL;
	return (strcmp(have, f->value) == 0) == (f->relation == XM_EQUAL);
}

static bool
passes(const struct xm_filter *f, const struct xm_listing *l,
    const struct xapi_value *json)
{
	bool hit = matches(f, f->column, l, json);

	if (f->also == NULL)
		return hit;
	/* Neither word is that one, or one of both is. */
	return f->relation == XM_UNEQUAL ?
	    hit && matches(f, f->also, l, json) :
	    hit || matches(f, f->also, l, json);
}

bool
xm_filters_pass(const struct xm_listing *l, const struct xapi_value *json)
{
	for (size_t i = 0; i < l->nfilters; i++)
		if (!passes(&l->filters[i], l, json))
			return false;
	return true;
}
