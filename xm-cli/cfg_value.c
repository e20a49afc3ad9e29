/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of the configuration language: making, copying, comparing, printing. What
 * they take of memory is counted, whatever becomes of them. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cfg_syntax.h"

const char *
cfg_kind_name(enum cfg_kind k)
{
	static const char *const names[] = { "a string", "a number", "a list",
		"a dictionary", "a mistake" };

	return names[k];
}

int
cfg_spend(struct parser *p, const struct cfg_pos *pos, size_t bytes)
{
	if (bytes > CFG_MAX_WORK - p->spent) {
		p->spent = CFG_MAX_WORK;
		return cfg_error(p->err, pos,
		    "the values of this file take more than %u MiB",
		    CFG_MAX_WORK >> 20);
	}
	p->spent += bytes;
	return 0;
}

static int
no_memory(struct parser *p)
{
	return xu_err_set(p->err, "INTERNAL_ERROR", ENOMEM,
	    "read the configuration");
}

void
cfg_value_free(struct cfg_value *v)
{
	if (v == NULL)
		return;
	for (size_t i = 0; i < v->nitems; i++)
		cfg_value_free(v->items[i]);
	free(v->items);
	free(v->text);
	free(v);
}

void
cfg_value_auto(struct cfg_value **v)
{
	cfg_value_free(*v);
}

struct cfg_value *
cfg_value_new(struct parser *p, enum cfg_kind kind, const struct cfg_pos *pos)
{
	struct cfg_value *v;

	if (cfg_spend(p, pos, sizeof(*v)) < 0)
		return NULL;
	v = calloc(1, sizeof(*v));
	if (v == NULL) {
		no_memory(p);
		return NULL;
	}
	v->kind = kind;
	v->pos = *pos;
	/* A dictionary has one, too: who takes it for a string finds none. */
	if (kind != CFG_LIST && (v->text = strdup("")) == NULL) {
		free(v);
		no_memory(p);
		return NULL;
	}
	return v;
}

int
cfg_value_adds(struct parser *p, struct cfg_value *v, const char *s, size_t len)
{
	size_t have = strlen(v->text);
	char *text;

	if (len == 0)
		return 0;
	if (have + len > CFG_MAX_FILE)
		return cfg_error(p->err, &v->pos,
		    "a string of more than %u bytes", CFG_MAX_FILE);
	if (cfg_spend(p, &v->pos, have + len) < 0)
		return -1;
	text = realloc(v->text, have + len + 1);
	if (text == NULL)
		return no_memory(p);
	memcpy(text + have, s, len);
	text[have + len] = '\0';
	v->text = text;
	return 0;
}

struct cfg_value *
cfg_value_str(struct parser *p, const struct cfg_pos *pos, const char *s,
    size_t len)
{
	struct cfg_value *v = cfg_value_new(p, CFG_STRING, pos);

	if (v != NULL && cfg_value_adds(p, v, s, len) < 0) {
		cfg_value_free(v);
		return NULL;
	}
	return v;
}

struct cfg_value *
cfg_value_num(struct parser *p, const struct cfg_pos *pos, int64_t n)
{
	struct cfg_value *v = cfg_value_new(p, CFG_NUMBER, pos);
	char text[24];

	if (v == NULL)
		return NULL;
	v->num = n;
	snprintf(text, sizeof(text), "%" PRId64, n);
	if (cfg_value_adds(p, v, text, strlen(text)) < 0) {
		cfg_value_free(v);
		return NULL;
	}
	return v;
}

int
cfg_value_add(struct parser *p, struct cfg_value *v, struct cfg_value *item)
{
	struct cfg_value **items;

	if (item == NULL)
		return -1;
	if (v->nitems >= CFG_MAX_ITEMS) {
		cfg_error(p->err, &item->pos, "more than %d list elements",
		    CFG_MAX_ITEMS);
		cfg_value_free(item);
		return -1;
	}
	items = reallocarray(v->items, v->nitems + 1, sizeof(*items));
	if (items == NULL) {
		cfg_value_free(item);
		return no_memory(p);
	}
	v->items = items;
	v->items[v->nitems++] = item;
	return 0;
}

struct cfg_value *
cfg_value_copy(struct parser *p, const struct cfg_value *v,
    const struct cfg_pos *pos)
{
	struct cfg_value *c = cfg_value_new(p, v->kind, pos);

	if (c == NULL)
		return NULL;
	c->num = v->num;
	c->tuple = v->tuple;
	if (v->text != NULL && cfg_value_adds(p, c, v->text,
		strlen(v->text)) < 0)
		goto fail;
	for (size_t i = 0; i < v->nitems; i++)
		if (cfg_value_add(p, c, cfg_value_copy(p, v->items[i], pos)) < 0)
			goto fail;
	return c;
fail:
	cfg_value_free(c);
	return NULL;
}

const struct cfg_value *
cfg_value_member(const struct cfg_value *dict, const char *key)
{
	/* The last one of the name counts, as in Python. */
	for (size_t i = dict->nitems; i >= 2; i -= 2)
		if (strcmp(dict->items[i - 2]->text, key) == 0)
			return dict->items[i - 1];
	return NULL;
}

bool
cfg_value_true(const struct cfg_value *v)
{
	switch (v->kind) {
	case CFG_STRING:
		return v->text[0] != '\0';
	case CFG_NUMBER:
		return v->num != 0;
	case CFG_LIST:
	case CFG_DICT:
		return v->nitems != 0;
	case CFG_BAD:
		break;
	}
	return false;
}

bool
cfg_value_equal(const struct cfg_value *a, const struct cfg_value *b)
{
	if (a->kind != b->kind || a->nitems != b->nitems)
		return false;
	if (a->kind == CFG_NUMBER)
		return a->num == b->num;
	if (a->kind == CFG_STRING)
		return strcmp(a->text, b->text) == 0;
	for (size_t i = 0; i < a->nitems; i++)
		if (!cfg_value_equal(a->items[i], b->items[i]))
			return false;
	return true;
}

/* --- printing ------------------------------------------------------------- */

static void
print_string(const char *s, struct xu_buf *out)
{
	xu_buf_addc(out, '"');
	for (; *s != '\0'; s++) {
		unsigned char ch = (unsigned char)*s;

		if (ch == '"' || ch == '\\')
			xu_buf_addf(out, "\\%c", ch);
		else if (ch < 0x20 || ch == 0x7f)
			xu_buf_addf(out, "\\x%02x", ch);
		else
			xu_buf_addc(out, (char)ch);
	}
	xu_buf_addc(out, '"');
}

static void
print_dict(const struct cfg_value *v, struct xu_buf *out)
{
	xu_buf_adds(out, "{ ");
	for (size_t i = 0; i + 1 < v->nitems; i += 2) {
		cfg_print_value(v->items[i], out);
		xu_buf_adds(out, ": ");
		cfg_print_value(v->items[i + 1], out);
		xu_buf_adds(out, i + 2 < v->nitems ? ", " : " ");
	}
	xu_buf_addc(out, '}');
}

void
cfg_print_value(const struct cfg_value *v, struct xu_buf *out)
{
	switch (v->kind) {
	case CFG_STRING:
		print_string(v->text, out);
		return;
	case CFG_NUMBER:
		xu_buf_adds(out, v->text);
		return;
	case CFG_DICT:
		print_dict(v, out);
		return;
	case CFG_LIST:
		break;
	case CFG_BAD:
		return;
	}
	xu_buf_adds(out, "[ ");
	for (size_t i = 0; i < v->nitems; i++) {
		cfg_print_value(v->items[i], out);
		xu_buf_adds(out, i + 1 < v->nitems ? ", " : " ");
	}
	xu_buf_addc(out, ']');
}

void
cfg_print(const struct cfg *c, struct xu_buf *out)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->settings[i].value->kind == CFG_BAD)
			continue;
		xu_buf_addf(out, "%s = ", c->settings[i].key);
		cfg_print_value(c->settings[i].value, out);
		xu_buf_addc(out, '\n');
	}
}
