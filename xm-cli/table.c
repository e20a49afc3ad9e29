/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See table.h. Rows that go out as they come cost what they did without all this. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "table.h"

const struct xm_opt xm_table_opts[] = {
	{ 0, "columns", "A,B",
	    "These columns alone, in this order; all are listed below." },
	{ 0, "sort", "COLUMN",
	    "In the order of that column; of -COLUMN: the last one first." },
	{ 0, "no-header", NULL, "Without the heading." },
	{ .name = NULL },
};

/* --- cells ---------------------------------------------------------------- */

bool
xm_is_number(const struct xm_column *c)
{
	return c->kind == XM_IS_NUMBER || c->kind == XM_IS_ID ||
	    c->kind == XM_IS_BYTES;
}

static const struct xapi_value *
value_of(const struct xm_column *c, const struct xapi_value *json)
{
	const char *path = c->path != NULL ? c->path : c->name, *slash;
	char part[64];

	for (; (slash = strchr(path, '/')) != NULL; path = slash + 1) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		json = xapi_get(json, part);
	}
	return xapi_get(json, path);
}

static void
add_value(const struct xapi_value *v, enum xm_kind kind, struct xu_buf *out)
{
	size_t n = xapi_count(v);

	switch (v == NULL ? XAPI_VOID : xapi_type(v)) {
	case XAPI_VOID:
		break;
	case XAPI_BOOL:
		xu_buf_adds(out, xapi_bool(v) ? "true" : "false");
		break;
	case XAPI_INT:
		xu_buf_addf(out, "%lld", xapi_int(v));
		break;
	case XAPI_FLOAT:
		xu_buf_addf(out, "%.3f", xapi_float(v));
		break;
	case XAPI_STRING:
	case XAPI_DATETIME:
		xu_buf_adds(out, xapi_str(v));
		break;
	case XAPI_ARRAY:
	case XAPI_STRUCT:
		if (kind == XM_IS_NUMBER)
			xu_buf_addf(out, "%zu", n);
		for (size_t i = 0; kind != XM_IS_NUMBER && i < n; i++) {
			xu_buf_adds(out, i > 0 ? "," : "");
			add_value(xapi_at(v, i), kind, out);
		}
	}
}

void
xm_cell(const struct xm_column *c, const void *ctx,
    const struct xapi_value *json, struct xu_buf *out)
{
	if (c->get != NULL)
		c->get(ctx, json, out);
	else
		add_value(value_of(c, json), c->kind, out);
}

/* As a person reads it. */
static void
shown_cell(const struct xm_column *c, const void *ctx,
    const struct xapi_value *json, struct xu_buf *out)
{
	AUTO_BUF struct xu_buf cell = XU_BUF_INIT;
	const char *text;

	xm_cell(c, ctx, json, &cell);
	text = xu_buf_text(&cell);
	if (c->kind == XM_IS_BYTES && *text != '\0')
		xu_buf_addf(out, "%lld", strtoll(text, NULL, 10) >> 20);
	else if (c->kind != XM_IS_ID || *text != '-')
		xu_buf_adds(out, text);
}

/* As the row's JSON has it, or what was made of that. */
static struct xapi_value *
json_cell(const struct xm_column *c, const void *ctx,
    const struct xapi_value *json)
{
	const struct xapi_value *v = c->get == NULL ? value_of(c, json) : NULL;
	AUTO_BUF struct xu_buf cell = XU_BUF_INIT;

	if (v != NULL && (c->kind != XM_IS_NUMBER || xapi_count(v) == 0) &&
	    xapi_type(v) != XAPI_ARRAY)
		return xapi_copy(v);
	xm_cell(c, ctx, json, &cell);
	return c->kind == XM_IS_NUMBER ?
	    xapi_new_int(strtoll(xu_buf_text(&cell), NULL, 10)) :
	    xapi_new_str(xu_buf_text(&cell));
}

/* --- what is asked for ---------------------------------------------------- */

static bool
is_called(const struct xm_column *c, const char *name, size_t len)
{
	/* Without the unit behind it. */
	size_t title = strcspn(c->title, "(");

	return (strlen(c->name) == len &&
		   strncasecmp(c->name, name, len) == 0) ||
	    (title == len && strncasecmp(c->title, name, len) == 0);
}

const struct xm_column *
xm_column_find(struct xm *xm, const struct xm_table *t, const char *name,
    size_t len, int *status)
{
	AUTO_BUF struct xu_buf all = XU_BUF_INIT;

	for (const struct xm_column *c = t->columns; c->name != NULL; c++)
		if (is_called(c, name, len))
			return c;
	for (const struct xm_column *c = t->columns; c->name != NULL; c++)
		xu_buf_addf(&all, "%s%s", c == t->columns ? "" : ", ", c->name);
	*status = xm_usage(xm, "'%.*s' is no column of xm %s; there are %s",
	    (int)len, name, xm->cmd->name, xu_buf_text(&all));
	return NULL;
}

static int
choose_columns(struct xm_listing *l)
{
	const char *s = xm_opt(l->xm, "columns");
	int status = 0;
	size_t n;

	l->chosen = s != NULL;
	for (const struct xm_column *c = l->table->columns;
	     s == NULL && c->name != NULL && l->ncolumns < XM_COLUMNS_MAX; c++)
		l->columns[l->ncolumns++] = c;
	for (; s != NULL; s = s[n] == ',' ? s + n + 1 : NULL) {
		n = strcspn(s, ",");
		if (l->ncolumns == XM_COLUMNS_MAX)
			return xm_usage(l->xm, "more than %d columns",
			    XM_COLUMNS_MAX);
		l->columns[l->ncolumns] = xm_column_find(l->xm, l->table, s, n,
		    &status);
		if (l->columns[l->ncolumns++] == NULL)
			return status;
	}
	return 0;
}

static int
choose_sort(struct xm_listing *l)
{
	const char *s = xm_opt(l->xm, "sort");
	int status = 0;

	if (s == NULL)
		return 0;
	l->down = *s == '-';
	s += l->down;
	l->sort = xm_column_find(l->xm, l->table, s, strlen(s), &status);
	return status;
}

int
xm_listing_begin(struct xm_listing *l, struct xm *xm,
    const struct xm_table *table, const void *ctx)
{
	int status;

	*l = (struct xm_listing){ .xm = xm,
		.table = table,
		.ctx = ctx,
		.bare = table->bare };
	status = choose_columns(l);
	if (status == 0)
		status = choose_sort(l);
	for (int i = 0; i < xm->nfilters && status == 0; i++)
		status = xm_filter_add(l, xm->filters[i]);
	l->forms = !l->chosen && table->form != NULL &&
	    (xm->format == XM_SXP ||
		(xm->format == XM_TEXT && xm_opt(xm, "long") != NULL));
	l->plain = l->nfilters == 0 && l->sort == NULL && !l->chosen &&
	    (l->forms || xm->format == XM_TEXT ||
		(xm->format == XM_JSON && !xm->lines));
	l->json = xapi_new_array();
	return status;
}

void
xm_listing_fini(struct xm_listing *l)
{
	for (size_t i = 0; i < l->nlines; i++) {
		xapi_free(l->lines[i].json);
		free(l->lines[i].text);
		free(l->lines[i].key);
	}
	free(l->lines);
	xm_filters_fini(l);
	xapi_free(l->json);
	xu_buf_fini(&l->text);
}

/* --- rows ----------------------------------------------------------------- */

static bool
has_heading(const struct xm_listing *l)
{
	return !l->forms && l->table->heading != NULL &&
	    xm_opt(l->xm, "no-header") == NULL;
}

/* The row as xm shows it, when that is how. */
static void
add_text(const struct xm_listing *l, const void *row, struct xu_buf *out)
{
	if (l->forms)
		l->table->form(l->ctx, row, out);
	else if (l->xm->format == XM_TEXT && !l->chosen)
		l->table->line(l->ctx, row, out);
}

static void
add_plain(struct xm_listing *l, const void *row)
{
	if (l->xm->format == XM_JSON) {
		xapi_add(l->json, l->table->json(l->ctx, row));
		return;
	}
	if (l->text.len == 0 && has_heading(l))
		l->table->heading(l->ctx, &l->text);
	add_text(l, row, &l->text);
}

static struct xm_line *
new_line(struct xm_listing *l)
{
	size_t room = l->room == 0 ? 64 : 2 * l->room;
	struct xm_line *more = l->lines;

	if (l->nlines == l->room) {
		more = reallocarray(l->lines, room, sizeof(*more));
		if (more == NULL)
			return NULL;
		l->lines = more;
		l->room = room;
	}
	more = &l->lines[l->nlines];
	*more = (struct xm_line){ .at = l->nlines };
	l->nlines++;
	return more;
}

void
xm_listing_add(struct xm_listing *l, const void *row)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT, key = XU_BUF_INIT;
	struct xapi_value *json;
	struct xm_line *line;

	if (l->plain) {
		add_plain(l, row);
		return;
	}
	json = l->table->json(l->ctx, row);
	if (!xm_filters_pass(l, json)) {
		xapi_free(json);
		return;
	}
	line = new_line(l);
	if (line == NULL) {
		xapi_free(json);
		l->no_memory = true;
		return;
	}
	line->json = json;
	add_text(l, row, &text);
	if (l->sort != NULL)
		xm_cell(l->sort, l->ctx, json, &key);
	xu_buf_addc(&text, '\0');
	xu_buf_addc(&key, '\0');
	line->text = xu_buf_steal(&text);
	line->key = xu_buf_steal(&key);
	l->no_memory |= line->text == NULL || line->key == NULL;
}

static int
by_key(const void *a, const void *b, void *arg)
{
	const struct xm_listing *l = arg;
	const struct xm_line *x = a, *y = b;
	double i, k;
	int order;

	if (xm_is_number(l->sort)) {
		i = strtod(x->key, NULL);
		k = strtod(y->key, NULL);
		order = (i > k) - (i < k);
	} else {
		order = strcmp(x->key, y->key);
	}
	if (order == 0)
		return (x->at > y->at) - (x->at < y->at);
	return l->down ? -order : order;
}

/* --- printing ------------------------------------------------------------- */

/* xm's own table, or its forms. */
static void
print_lines(struct xm_listing *l)
{
	if (has_heading(l) && (l->nlines > 0 || !l->bare))
		l->table->heading(l->ctx, &l->text);
	for (size_t i = 0; i < l->nlines; i++)
		xu_buf_adds(&l->text, l->lines[i].text);
}

/* Characters, of text in UTF-8. */
static size_t
width_of(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

static void
add_padded(const struct xm_listing *l, size_t i, const char *text,
    size_t width, struct xu_buf *out)
{
	int pad = (int)(width - width_of(text));
	bool last = i + 1 == l->ncolumns;

	if (xm_is_number(l->columns[i]))
		xu_buf_addf(out, "%*s%s", pad, "", text);
	else
		xu_buf_addf(out, "%s%*s", text, last ? 0 : pad, "");
	xu_buf_adds(out, last ? "\n" : "  ");
}

static size_t
column_width(const struct xm_listing *l, size_t i, bool heading)
{
	size_t most = heading ? width_of(l->columns[i]->title) : 0, n;

	for (size_t r = 0; r < l->nlines; r++) {
		AUTO_BUF struct xu_buf cell = XU_BUF_INIT;

		shown_cell(l->columns[i], l->ctx, l->lines[r].json, &cell);
		n = width_of(xu_buf_text(&cell));
		most = n > most ? n : most;
	}
	return most;
}

/* Columns as wide as what is in them, numbers to the right. */
static void
print_columns(struct xm_listing *l)
{
	bool heading = xm_opt(l->xm, "no-header") == NULL &&
	    (l->nlines > 0 || !l->bare);
	size_t widths[XM_COLUMNS_MAX];

	for (size_t i = 0; i < l->ncolumns; i++)
		widths[i] = column_width(l, i, heading);
	for (size_t i = 0; heading && i < l->ncolumns; i++)
		add_padded(l, i, l->columns[i]->title, widths[i], &l->text);
	for (size_t r = 0; r < l->nlines; r++)
		for (size_t i = 0; i < l->ncolumns; i++) {
			AUTO_BUF struct xu_buf cell = XU_BUF_INIT;

			shown_cell(l->columns[i], l->ctx, l->lines[r].json,
			    &cell);
			add_padded(l, i, xu_buf_text(&cell), widths[i],
			    &l->text);
		}
}

/* As RFC 4180 has it, with this system's ends of lines. */
static void
add_csv(const char *s, bool last, struct xu_buf *out)
{
	bool quoted = strpbrk(s, ",\"\r\n") != NULL;

	xu_buf_adds(out, quoted ? "\"" : "");
	for (; *s != '\0'; s++) {
		if (*s == '"')
			xu_buf_addc(out, '"');
		xu_buf_addc(out, *s);
	}
	xu_buf_adds(out, quoted ? "\"" : "");
	xu_buf_addc(out, last ? '\n' : ',');
}

static void
print_csv(struct xm_listing *l)
{
	bool heading = xm_opt(l->xm, "no-header") == NULL;

	for (size_t i = 0; heading && i < l->ncolumns; i++)
		add_csv(l->columns[i]->name, i + 1 == l->ncolumns, &l->text);
	for (size_t r = 0; r < l->nlines; r++)
		for (size_t i = 0; i < l->ncolumns; i++) {
			AUTO_BUF struct xu_buf cell = XU_BUF_INIT;

			xm_cell(l->columns[i], l->ctx, l->lines[r].json, &cell);
			add_csv(xu_buf_text(&cell), i + 1 == l->ncolumns,
			    &l->text);
		}
}

static void
print_sxp(struct xm_listing *l)
{
	struct xapi_value *form;

	for (size_t r = 0; r < l->nlines; r++) {
		form = xapi_new_array();
		xapi_add(form, xapi_new_str(l->table->noun));
		for (size_t i = 0; i < l->ncolumns; i++) {
			AUTO_BUF struct xu_buf cell = XU_BUF_INIT;

			xm_cell(l->columns[i], l->ctx, l->lines[r].json, &cell);
			xm_sxp_str(form, l->columns[i]->name,
			    xu_buf_text(&cell));
		}
		xm_sxp(form, &l->text);
		xapi_free(form);
	}
}

/* All of the row, or the columns that are asked for. Takes it from the line. */
static struct xapi_value *
take_json(const struct xm_listing *l, struct xm_line *line)
{
	struct xapi_value *v = line->json;

	if (l->chosen) {
		v = xapi_new_struct();
		for (size_t i = 0; i < l->ncolumns; i++)
			xapi_set(v, l->columns[i]->name,
			    json_cell(l->columns[i], l->ctx, line->json));
		xapi_free(line->json);
	}
	line->json = NULL;
	return v;
}

static int
print_json(struct xm_listing *l)
{
	struct xapi_value *all = l->json;

	for (size_t i = 0; !l->plain && i < l->nlines; i++)
		xapi_add(all, take_json(l, &l->lines[i]));
	l->json = NULL;
	return xm_json(l->xm, all);
}

static void
print_text(struct xm_listing *l)
{
	if (l->plain) {
		if (l->text.len == 0 && !l->bare && has_heading(l))
			l->table->heading(l->ctx, &l->text);
	} else if (l->forms) {
		print_lines(l);
	} else if (l->xm->format == XM_CSV) {
		print_csv(l);
	} else if (l->xm->format == XM_SXP) {
		print_sxp(l);
	} else if (l->chosen) {
		print_columns(l);
	} else {
		print_lines(l);
	}
}

int
xm_listing_end(struct xm_listing *l)
{
	if (l->no_memory)
		return xm_no_memory(l->xm);
	if (l->sort != NULL)
		qsort_r(l->lines, l->nlines, sizeof(*l->lines), by_key, l);
	if (l->xm->format == XM_JSON)
		return print_json(l);
	print_text(l);
	return xm_print(l->xm, &l->text);
}
