/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xm check: every mistake of configuration files with its line and a mark below
 * it; or what a file says after its expressions. Needs no Xen and no daemon.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "cmds.h"
#include "errors.h"
#include "vmrec.h"
#include "xu_file.h"

/* The line of the text, without its end; NULL: there is none. */
static const char *
line_at(const char *text, long long line, size_t *len)
{
	while (--line > 0) {
		text = strchr(text, '\n');
		if (text == NULL)
			return NULL;
		text++;
	}
	*len = strcspn(text, "\r\n");
	return *len == 0 && *text == '\0' ? NULL : text;
}

/* The line, and below its column a mark. Tabs stay, so that both are as wide. */
static void
show_line(const char *line, size_t len, long long column, struct xu_buf *out)
{
	xu_buf_addf(out, "    %.*s\n    ", (int)len, line);
	for (size_t i = 0; i < len && (long long)i + 1 < column; i++) {
		unsigned char c = (unsigned char)line[i];

		/* Of a character of several bytes the first only. */
		if ((c & 0xc0) != 0x80)
			xu_buf_addc(out, c == '\t' ? '\t' : ' ');
	}
	xu_buf_adds(out, "^\n");
}

static void
show_problem(const struct xapi_value *p, const char *file, const char *text,
    struct xu_buf *out)
{
	const char *name = xapi_str(xapi_get(p, "file")), *line;
	long long row = xapi_int(xapi_get(p, "line"));
	long long column = xapi_int(xapi_get(p, "column"));
	const char *severity = xapi_str(xapi_get(p, "severity"));
	size_t len = 0;

	xu_buf_addf(out, "%s:%lld:%lld: %s%s\n", name, row, column,
	    strcmp(severity, "warning") == 0 ? "warning: " : "",
	    xapi_str(xapi_get(p, "text")));
	line = strcmp(name, file) == 0 ? line_at(text, row, &len) : NULL;
	if (line != NULL && len < 400)
		show_line(line, len, column, out);
}

/* The word behind "did you mean '". */
static void
set_suggestion(struct xapi_value *p)
{
	static const char mark[] = "did you mean '";
	const char *s = strstr(xapi_str(xapi_get(p, "text")), mark);
	char word[64];

	if (s == NULL)
		return;
	s += strlen(mark);
	snprintf(word, sizeof(word), "%.*s", (int)strcspn(s, "'"), s);
	xapi_set(p, "suggestion", xapi_new_str(word));
}

static struct xapi_value *
problems(const struct vmrec *r)
{
	struct xapi_value *all = vmrec_problems(r), *list = xapi_new_array(), *p;

	for (size_t i = 0; i < xapi_count(all); i++) {
		p = xapi_copy(xapi_at(all, i));
		set_suggestion(p);
		xapi_add(list, p);
	}
	xapi_free(all);
	return list;
}

/* Only keys: names that were for expressions have done their work. */
static bool
is_shown(const struct cfg_setting *s)
{
	return domcfg_find(s->key) != NULL && s->value->kind != CFG_BAD;
}

static void
print_settings(const struct cfg *c, struct xu_buf *out)
{
	for (size_t i = 0; i < c->n; i++) {
		if (!is_shown(&c->settings[i]))
			continue;
		xu_buf_addf(out, "%s = ", c->settings[i].key);
		cfg_print_value(c->settings[i].value, out);
		xu_buf_addc(out, '\n');
	}
}

static struct xapi_value *
value_json(const struct cfg_value *v)
{
	struct xapi_value *list;

	if (v->kind == CFG_NUMBER)
		return xapi_new_int(v->num);
	if (v->kind != CFG_LIST)
		return xapi_new_str(v->text);
	list = xapi_new_array();
	for (size_t i = 0; i < v->nitems; i++)
		xapi_add(list, value_json(v->items[i]));
	return list;
}

static struct xapi_value *
settings_json(const struct cfg *c)
{
	struct xapi_value *v = xapi_new_struct();

	for (size_t i = 0; i < c->n; i++)
		if (is_shown(&c->settings[i]))
			xapi_set(v, c->settings[i].key,
			    value_json(c->settings[i].value));
	return v;
}

/* A status; *row is what JSON has of the file. */
static int
check_file(struct xm *xm, const char *file, struct xapi_value **row,
    struct xu_buf *out)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;
	struct xapi_value *list;
	bool strict = xm_opt(xm, "strict") != NULL;
	bool print = xm_opt(xm, "print") != NULL;
	struct vmrec r;
	int status = vmrec_load(xm, &r, file, VMREC_DIRS, NULL, 0);

	list = problems(&r);
	if (status == 0 && (r.errors != 0 || (strict && xapi_count(list) > 0)))
		status = XM_USAGE;
	if (r.path != NULL)
		xu_file_read(r.path, CFG_MAX_FILE, &text, NULL);
	for (size_t i = 0; i < xapi_count(list); i++)
		show_problem(xapi_at(list, i),
		    xapi_str(xapi_get(xapi_at(list, i), "file")),
		    xu_buf_text(&text), out);
	/* Apart from what is wrong with them. */
	if (print && xm->format == XM_TEXT) {
		fputs(xu_buf_text(out), stderr);
		xu_buf_reset(out);
		print_settings(&r.cfg, out);
		xm_print(xm, out);
		xu_buf_reset(out);
	} else if (status == 0 && xm_opt(xm, "quiet") == NULL)
		xu_buf_addf(out, "%s: correct\n", file);
	*row = xapi_new_struct();
	xapi_set(*row, "file", xapi_new_str(file));
	xapi_set(*row, "correct", xapi_new_bool(status == 0));
	xapi_set(*row, "problems", list);
	if (print)
		xapi_set(*row, "settings", settings_json(&r.cfg));
	vmrec_fini(&r);
	return status;
}

static int
run_check(struct xm *xm)
{
	struct xapi_value *list = xapi_new_array(), *row;
	AUTO_BUF struct xu_buf out = XU_BUF_INIT;
	int status = 0, worst = 0;

	for (int i = 0; i < xm->argc; i++) {
		status = check_file(xm, xm->argv[i], &row, &out);
		xapi_add(list, row);
		worst = status > worst ? status : worst;
	}
	if (xm->format == XM_JSON) {
		status = xm_json(xm, list);
	} else {
		xapi_free(list);
		status = xm_print(xm, &out);
	}
	return worst != 0 ? worst : status;
}

static const struct xm_opt check_opts[] = {
	{ 'q', "quiet", NULL, "Say nothing about correct files." },
	{ 's', "strict", NULL, "Warnings are mistakes, too." },
	{ 'p', "print", NULL,
	    "Print what the file sets, its expressions done, and mistakes on "
	    "stderr." },
	{ .name = NULL },
};

const struct xm_cmd cmd_check = {
	.name = "check",
	.operands = "FILE...",
	.summary = "Check configuration files.",
	.detail = "Prints every mistake and warning as file:line:column: text "
		  "with the line and a mark below it, and ends with 2 when "
		  "there are mistakes. Needs no Xen and no daemon.",
	.opts = check_opts,
	.min = 1,
	.max = -1,
	.completes = XM_CONFIG,
	.run = run_check,
};
