/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xenstore-ls: subtrees, as text or as JSON. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"

/*
 * The layout of the reference tool, which scripts cut columns out of: a line
 * without -f ends before the margin, its permissions begin at a column. With -f
 * only a terminal's values are cut, whatever their path takes.
 */
#define MARGIN	     80
#define MARGIN_MIN   20
#define VALUE_SPACE  8
#define PERMS_COLUMN 60

struct ls {
	const struct cli *c;
	/* Where lines end; the column of permissions. */
	size_t margin, column;
	bool terminal;
};

/* "r5" for each. */
static void
perm_text(char out[16], const struct xs_permissions *p)
{
	snprintf(out, 16, "%c%u", "nrwb"[p->perms & 3], p->id);
}

static void
add_perms(struct xs_handle *h, const char *path, struct xu_buf *b)
{
	unsigned n;
	struct xs_permissions *p = xs_get_permissions(h, XBT_NULL, path, &n);
	char text[16];

	if (p == NULL)
		return;
	for (unsigned i = 0; i < n; i++) {
		perm_text(text, &p[i]);
		xu_buf_addf(b, "%s%s", i > 0 ? "," : "(", text);
	}
	xu_buf_addc(b, ')');
	free(p);
}

/* What fits of a value. True: not all of it. */
static bool
add_value(const struct ls *l, const char *v, unsigned len, struct xu_buf *line)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;
	size_t end = l->margin - VALUE_SPACE, room;

	cli_escape(&text, v, len);
	if (l->c->full)
		room = l->terminal ? end : SIZE_MAX;
	else
		room = line->len < end ? end - line->len : 0;
	/* Counted without the escapes, as in the reference tool. */
	if (len <= room) {
		xu_buf_addf(line, " = \"%s\"", xu_buf_text(&text));
		return false;
	}
	xu_buf_addf(line, " = \"%.*s\\...\"", (int)room, text.data);
	return true;
}

static void
ls_line(const struct ls *l, const char *path, const char *name, int depth)
{
	AUTO_BUF struct xu_buf line = XU_BUF_INIT;
	int room = (int)(l->margin - VALUE_SPACE) - depth;
	bool cut = false;
	unsigned len;
	char *v = xs_read(l->c->h, XBT_NULL, path, &len);

	if (l->c->full)
		xu_buf_adds(&line, path);
	else
		xu_buf_addf(&line, "%*s%.*s", depth, "", room > 1 ? room : 1,
		    name);
	if (v == NULL)
		xu_buf_adds(&line, ":");
	else
		cut = add_value(l, v, len, &line);
	free(v);
	if (l->c->perms) {
		if (!cut)
			xu_buf_addc(&line, ' ');
		/* Dots lead the eye to the column. */
		while (!l->c->full && line.error == 0 && line.len < l->column)
			xu_buf_addc(&line, line.len % 2 != 0 ? '.' : ' ');
		xu_buf_adds(&line, "  ");
		add_perms(l->c->h, path, &line);
	}
	puts(xu_buf_text(&line));
}

static int
ls_tree(const struct ls *l, const char *path, int depth)
{
	unsigned n;
	char **v = xs_directory(l->c->h, XBT_NULL, path, &n);

	/* Vanished or unreadable since it was listed: not an error below the top. */
	if (v == NULL)
		return depth == 0 ? -1 : 0;
	for (unsigned i = 0; i < n; i++) {
		AUTO_BUF struct xu_buf sub = XU_BUF_INIT;

		cli_child(&sub, path, v[i]);
		ls_line(l, xu_buf_text(&sub), v[i], depth);
		ls_tree(l, xu_buf_text(&sub), depth + 1);
	}
	free(v);
	return 0;
}

static struct xu_val *
json_perms(struct xs_handle *h, const char *path)
{
	struct xu_val *a = xu_array();
	unsigned n = 0;
	struct xs_permissions *p = xs_get_permissions(h, XBT_NULL, path, &n);
	char text[16];

	for (unsigned i = 0; p != NULL && i < n; i++) {
		perm_text(text, &p[i]);
		xu_val_add(a, xu_str(text));
	}
	free(p);
	return a;
}

/* NULL: no such node, or not for us. */
static struct xu_val *
ls_json(const struct cli *c, const char *path)
{
	unsigned len, n = 0;
	char *value = xs_read(c->h, XBT_NULL, path, &len);
	char **v = xs_directory(c->h, XBT_NULL, path, &n);
	struct xu_val *node, *kids, *kid;

	if (v == NULL && value == NULL)
		return NULL;
	node = xu_struct();
	kids = xu_struct();
	if (value != NULL)
		xu_val_set(node, "value", cli_json_text(value, len));
	free(value);
	if (c->perms)
		xu_val_set(node, "permissions", json_perms(c->h, path));
	for (unsigned i = 0; v != NULL && i < n; i++) {
		AUTO_BUF struct xu_buf sub = XU_BUF_INIT;

		cli_child(&sub, path, v[i]);
		kid = ls_json(c, xu_buf_text(&sub));
		if (kid != NULL)
			xu_val_set(kids, v[i], kid);
	}
	free(v);
	if (xu_val_count(kids) > 0)
		xu_val_set(node, "children", kids);
	else
		xu_val_free(kids);
	return node;
}

static int
print_tree(const struct ls *l, const char *path)
{
	struct xu_val *v;

	if (!l->c->json) {
		if (ls_tree(l, path, 0) < 0)
			return cli_failed(l->c, "could not list path");
		return CLI_OK;
	}
	v = ls_json(l->c, path);
	if (v == NULL)
		return cli_failed(l->c, "could not list path");
	return cli_print_json(l->c, v, true);
}

int
cli_ls(struct cli *c, int argc, char **argv)
{
	struct ls l = { .c = c, .margin = MARGIN };
	char root[] = "/", *top[] = { root };
	struct winsize ws;
	int r = CLI_OK;

	l.terminal =
	    isatty(1) && ioctl(1, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0;
	if (l.terminal)
		l.margin = ws.ws_col < MARGIN_MIN + 2 ? MARGIN_MIN :
							ws.ws_col - 2u;
	l.column = l.margin < PERMS_COLUMN ? l.margin : PERMS_COLUMN;
	if (argc == 0) {
		argc = 1;
		argv = top;
	}
	for (int i = 0; i < argc && r == CLI_OK; i++)
		r = print_tree(&l, argv[i]);
	return r;
}
