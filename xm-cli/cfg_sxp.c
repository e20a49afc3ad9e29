/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xend's form of a domain, (vm (name web) (memory 128) (image (linux (kernel /k)))
 * (device (vbd ...))), as settings. What xm and we print is read, what is true of
 * a running domain only is left out, and every other word is taken for a key, so
 * that it is bound or refused like one of a file.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cfg_syntax.h"
#include "xu_num.h"

struct reader {
	struct parser *p;
	const char *s, *end, *line_start;
	struct cfg_pos pos;
};

/* --- forms ---------------------------------------------------------------- */

static void
skip_blank(struct reader *r)
{
	for (; r->s < r->end; r->s++) {
		if (*r->s == '#')
			while (r->s + 1 < r->end && r->s[1] != '\n')
				r->s++;
		else if (!isspace((unsigned char)*r->s))
			break;
		if (*r->s == '\n') {
			r->pos.line++;
			r->line_start = r->s + 1;
		}
	}
	r->pos.col = (unsigned)(r->s - r->line_start) + 1;
}

static struct cfg_value *
quoted(struct reader *r)
{
	struct cfg_value *v = cfg_value_new(r->p, CFG_STRING, &r->pos);
	char quote = *r->s++, c = '\0';

	while (v != NULL && r->s < r->end && (c = *r->s++) != quote) {
		if (c == '\n' || c == '\0')
			break;
		if (c == '\\' && r->s < r->end) {
			c = *r->s++;
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
		}
		if (cfg_value_adds(r->p, v, &c, 1) < 0) {
			cfg_value_free(v);
			return NULL;
		}
	}
	if (v == NULL || c == quote)
		return v;
	cfg_error(r->p->err, &v->pos, "this string has no closing %c on its "
	    "line", quote);
	cfg_value_free(v);
	return NULL;
}

static struct cfg_value *
word(struct reader *r)
{
	const char *start = r->s;

	while (r->s < r->end && !isspace((unsigned char)*r->s) &&
	    strchr("()'\"", *r->s) == NULL)
		r->s++;
	if (r->s > start)
		return cfg_value_str(r->p, &r->pos, start,
		    (size_t)(r->s - start));
	cfg_error(r->p->err, &r->pos, "byte 0x%02x does not belong here",
	    (unsigned char)*start);
	return NULL;
}

static struct cfg_value *
form(struct reader *r)
{
	AUTO_VALUE struct cfg_value *v = NULL;

	skip_blank(r);
	if (r->s == r->end || *r->s == ')') {
		cfg_error(r->p->err, &r->pos, "expected a word or '('");
		return NULL;
	}
	if (*r->s == '\'' || *r->s == '"')
		return quoted(r);
	if (*r->s != '(')
		return word(r);
	if (cfg_enter(r->p, &r->pos) < 0 ||
	    (v = cfg_value_new(r->p, CFG_LIST, &r->pos)) == NULL)
		return NULL;
	r->s++;
	for (skip_blank(r); r->s < r->end && *r->s != ')'; skip_blank(r))
		if (cfg_value_add(r->p, v, form(r)) < 0)
			return NULL;
	if (r->s == r->end) {
		cfg_error(r->p->err, &v->pos, "this '(' is not closed");
		return NULL;
	}
	r->s++;
	r->p->depth--;
	return steal_ptr(&v);
}

/* --- settings ------------------------------------------------------------- */

/* The word a form begins with, "" when it begins with none. */
static const char *
head(const struct cfg_value *v)
{
	return v->kind == CFG_LIST && v->nitems > 0 &&
		v->items[0]->kind == CFG_STRING
	    ? v->items[0]->text
	    : "";
}

static bool
is(const struct cfg_value *v, const char *name)
{
	return strcmp(head(v), name) == 0;
}

/* Of (name value) the value, NULL when there is not one word. */
static const struct cfg_value *
only(const struct cfg_value *v)
{
	return v->nitems == 2 && v->items[1]->kind == CFG_STRING ? v->items[1]
								 : NULL;
}

static const char *
member(const struct cfg_value *v, const char *name)
{
	for (size_t i = 1; i < v->nitems; i++)
		if (is(v->items[i], name) && only(v->items[i]) != NULL)
			return only(v->items[i])->text;
	return NULL;
}

static int
set(struct parser *p, const char *key, const struct cfg_value *at,
    const char *text)
{
	struct cfg_value *v =
	    cfg_value_str(p, &at->pos, text, strlen(text));

	return v == NULL ? -1
			 : cfg_store(p, key, &at->pos, v, false);
}

/* One more string of a key that is a list. */
static int
add(struct parser *p, const char *key, const struct cfg_value *at,
    const struct xu_buf *text)
{
	struct cfg_value *list = cfg_value_new(p, CFG_LIST, &at->pos);

	if (list == NULL || cfg_value_add(p, list, cfg_value_str(p, &at->pos,
		xu_buf_text(text), text->len)) < 0) {
		cfg_value_free(list);
		return -1;
	}
	return cfg_store(p, key, &at->pos, list, cfg_find(p->cfg, key) != NULL);
}

/* --- devices -------------------------------------------------------------- */

static int
set_disk(struct parser *p, const struct cfg_value *d)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;
	const char *uname = member(d, "uname"), *dev = member(d, "dev");
	const char *mode = member(d, "mode");
	size_t len;

	if (dev == NULL)
		return cfg_error(p->err, &d->pos, "a disk needs (dev xvda)");
	len = strlen(dev);
	if (len > 5 && strcmp(dev + len - 5, ":disk") == 0)
		len -= 5;
	xu_buf_addf(&text, "%s,%.*s,%s", uname != NULL ? uname : "", (int)len,
	    dev, mode != NULL ? mode : "w");
	return add(p, "disk", d, &text);
}

/* (name value) as "name=value", with commas between, but for some. */
static int
add_words(struct parser *p, const char *key, const struct cfg_value *d,
    const char *const *but)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;

	for (size_t i = 1; i < d->nitems; i++) {
		const struct cfg_value *v = only(d->items[i]);
		bool skip = false;

		for (size_t k = 0; but[k] != NULL; k++)
			skip = skip || is(d->items[i], but[k]);
		if (skip)
			continue;
		if (v == NULL || head(d->items[i])[0] == '\0')
			return cfg_error(p->err, &d->items[i]->pos,
			    "expected (name value)");
		xu_buf_addf(&text, "%s%s=%s", text.len > 0 ? "," : "",
		    head(d->items[i]), v->text);
	}
	return add(p, key, d, &text);
}

/* xend's (dev (domain 0x0) (bus 0x1) (slot 0x2) (func 0x0)), or (dev 00:1f.0). */
static int
set_pci(struct parser *p, const struct cfg_value *d)
{
	static const char *const parts[] = { "domain", "bus", "slot", "func" };
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;
	const char *dev = member(d, "dev"), *s;
	uint64_t n[4];

	for (size_t i = 1; i < d->nitems; i++) {
		const struct cfg_value *v = d->items[i];

		if (is(v, "dev") && only(v) == NULL) {
			xu_buf_reset(&text);
			for (size_t k = 0; k < 4; k++) {
				s = member(v, parts[k]);
				if (s == NULL || !xu_num_u64(s, 0, 0xffff, &n[k]))
					return cfg_error(p->err, &v->pos,
					    "a PCI function needs (%s 0x0)",
					    parts[k]);
			}
			xu_buf_addf(&text, "%04x:%02x:%02x.%x", (unsigned)n[0],
			    (unsigned)n[1], (unsigned)n[2], (unsigned)n[3]);
			if (add(p, "pci", v, &text) < 0)
				return -1;
		}
	}
	if (dev == NULL)
		return 0;
	xu_buf_reset(&text);
	xu_buf_adds(&text, dev);
	for (size_t i = 1; i < d->nitems; i++)
		if (!is(d->items[i], "dev") && only(d->items[i]) != NULL)
			xu_buf_addf(&text, ",%s=%s", head(d->items[i]),
			    only(d->items[i])->text);
	return add(p, "pci", d, &text);
}

static int
set_device(struct parser *p, const struct cfg_value *form_)
{
	static const char *const vif_but[] = { "uuid", "devid", NULL };
	static const char *const none[] = { "uuid", NULL };
	const struct cfg_value *d = form_->nitems == 2 ? form_->items[1] : NULL;

	if (d == NULL || head(d)[0] == '\0')
		return cfg_error(p->err, &form_->pos,
		    "expected (device (vbd ...)) or another device");
	if (cfg_check_name(p, d->items[0]) < 0)
		return -1;
	if (is(d, "vbd") || is(d, "tap") || is(d, "tap2"))
		return set_disk(p, d);
	if (is(d, "vif"))
		return add_words(p, "vif", d, vif_but);
	if (is(d, "pci"))
		return set_pci(p, d);
	/* Every guest has them. */
	if (is(d, "console") || is(d, "vkbd"))
		return 0;
	return add_words(p, head(d), d, none);
}

/* --- the domain ----------------------------------------------------------- */

/* Other words than a file has. */
static const char *
key_of(const char *word_)
{
	static const char *const names[][2] = { { "args", "cmdline" },
		{ "vcpus", "maxvcpus" }, { "online_vcpus", "vcpus" },
		{ "pool_name", "pool" } };

	for (size_t i = 0; i < XU_ARRAY_SIZE(names); i++)
		if (strcmp(names[i][0], word_) == 0)
			return names[i][1];
	return word_;
}

/* What is so only while it runs. */
static bool
is_state(const struct cfg_value *v)
{
	static const char *const names[] = { "domid", "state", "status",
		"cpu_time", "up_time", "start_time", "shutdown_reason",
		"store_mfn", "console_mfn", "xend_dummy" };

	for (size_t i = 0; i < XU_ARRAY_SIZE(names); i++)
		if (is(v, names[i]))
			return true;
	return false;
}

/* ((0 1) (2)): lists of processors, one for each vCPU. */
static int
set_cpus(struct parser *p, const struct cfg_value *v)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;
	const struct cfg_value *all = v->nitems == 2 ? v->items[1] : NULL;

	for (size_t i = 0; all != NULL && i < all->nitems; i++) {
		const struct cfg_value *one = all->items[i];

		xu_buf_reset(&text);
		for (size_t k = 0; k < one->nitems; k++)
			xu_buf_addf(&text, "%s%s", k > 0 ? "," : "",
			    one->items[k]->kind == CFG_STRING
				? one->items[k]->text
				: "");
		if (text.len > 0 && add(p, "cpus", one, &text) < 0)
			return -1;
	}
	return 0;
}

static int
set_list(struct parser *p, const struct cfg_value *v)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;

	for (size_t i = 1; i < v->nitems; i++) {
		if (v->items[i]->kind != CFG_STRING)
			return cfg_error(p->err, &v->items[i]->pos,
			    "'%s' takes words", head(v));
		xu_buf_reset(&text);
		xu_buf_adds(&text, v->items[i]->text);
		if (add(p, head(v), v->items[i], &text) < 0)
			return -1;
	}
	return 0;
}

static int set_words(struct parser *p, const struct cfg_value *v, size_t from);

static int
set_image(struct parser *p, const struct cfg_value *v)
{
	const struct cfg_value *image = v->nitems == 2 ? v->items[1] : NULL;
	const char *type;

	if (image == NULL || head(image)[0] == '\0')
		return cfg_error(p->err, &v->pos,
		    "expected (image (linux ...)) or (image (hvm ...))");
	type = head(image);
	if (set(p, "type", image->items[0],
		strcmp(type, "linux") == 0 ? "pv" : type) < 0)
		return -1;
	return set_words(p, image, 1);
}

static int
set_word(struct parser *p, const struct cfg_value *v)
{
	if (head(v)[0] == '\0')
		return cfg_error(p->err, &v->pos, "expected (name value)");
	if (cfg_check_name(p, v->items[0]) < 0)
		return -1;
	if (is_state(v))
		return 0;
	if (is(v, "image"))
		return set_image(p, v);
	if (is(v, "device"))
		return set_device(p, v);
	if (is(v, "cpus") && only(v) == NULL)
		return set_cpus(p, v);
	if (v->nitems > 2)
		return set_list(p, v);
	if (v->nitems == 1)
		return 0;
	if (only(v) == NULL)
		return cfg_error(p->err, &v->pos, "'%s' is not understood as "
		    "an S-expression", head(v));
	return set(p, key_of(head(v)), v, only(v)->text);
}

static int
set_words(struct parser *p, const struct cfg_value *v, size_t from)
{
	for (size_t i = from; i < v->nitems; i++)
		if (set_word(p, v->items[i]) < 0)
			return -1;
	return 0;
}

/* Without (online_vcpus N) all of them are. */
static int
set_vcpus(struct parser *p)
{
	const struct cfg_setting *most = cfg_find(p->cfg, "maxvcpus");

	if (most == NULL || cfg_find(p->cfg, "vcpus") != NULL)
		return 0;
	return set(p, "vcpus", most->value, most->value->text);
}

int
cfg_sxp(struct parser *p, const char *file, const char *text, size_t len)
{
	struct reader r = { .p = p, .s = text, .end = text + len,
		.line_start = text, .pos = { file, 1, 1 } };
	AUTO_VALUE struct cfg_value *v = form(&r);

	if (v == NULL)
		return -1;
	skip_blank(&r);
	if (r.s < r.end)
		return cfg_error(p->err, &r.pos,
		    "expected the end of the file");
	if (!is(v, "vm") && !is(v, "domain"))
		return cfg_error(p->err, &v->pos,
		    "an S-expression of a domain begins with (vm or (domain");
	return set_words(p, v, 1) < 0 ? -1 : set_vcpus(p);
}
