/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The xenstore commands: one program, the name it is called by decides
 * (xenstore-read ...), or the first word (xenstore read ...).
 * Exit status: 0 done, 1 failed, 2 usage.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "xenstore.h"
#include "xu_buf.h"
#include "xu_num.h"
#include "xu_val.h"

struct opts {
	bool prefix, raw, full, perms, tidy, upto, recurse, json;
	int count, depth;
};

struct command {
	const char *name, *options, *args, *help;
	int min;
	int (*run)(struct xs_handle *h, const struct opts *o, int argc,
	    char **argv);
};

static const char *command_name;

static int
failed(struct xs_handle *h, const char *what)
{
	/* The library's sentence begins with the path, unless all is lost. */
	if (what != NULL && errno != EBADF)
		fprintf(stderr, "xenstore-%s: %s %s\n", command_name, what,
		    xs_last_error(h));
	else
		fprintf(stderr, "xenstore-%s: %s\n", command_name,
		    xs_last_error(h));
	return 1;
}

/* Non-printing bytes as escapes, so that a terminal is not at their mercy. */
static void
add_escaped(struct xu_buf *b, const char *v, size_t len)
{
	static const char from[] = "\n\t\r\\", to[] = "ntr\\";

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)v[i];
		const char *at = c == 0 ? NULL : strchr(from, c);

		if (at != NULL)
			xu_buf_addf(b, "\\%c", to[at - from]);
		else if (isprint(c))
			xu_buf_addc(b, v[i]);
		else if (c < 8)
			xu_buf_addf(b, "\\%03o", c);
		else
			xu_buf_addf(b, "\\x%02x", c);
	}
}

/* The inverse; false when malformed. */
static bool
unescape(const char *s, struct xu_buf *out)
{
	for (; *s != '\0'; s++) {
		char buf[4] = "";
		uint64_t v;

		if (*s != '\\') {
			xu_buf_addc(out, *s);
			continue;
		}
		switch (*++s) {
		case 'n':
			xu_buf_addc(out, '\n');
			break;
		case 't':
			xu_buf_addc(out, '\t');
			break;
		case 'r':
			xu_buf_addc(out, '\r');
			break;
		case '\\':
			xu_buf_addc(out, '\\');
			break;
		case 'x':
			memcpy(buf, s + 1, strnlen(s + 1, 2));
			if (strlen(buf) != 2 || !xu_num_u64(buf, 16, 255, &v))
				return false;
			xu_buf_addc(out, (char)v);
			s += 2;
			break;
		case '0' ... '3':
			memcpy(buf, s, strnlen(s, 3));
			if (strlen(buf) != 3 || !xu_num_u64(buf, 8, 255, &v))
				return false;
			xu_buf_addc(out, (char)v);
			s += 2;
			break;
		default:
			return false;
		}
	}
	return true;
}

static int
print_json(struct xu_val *v)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	int r = xu_val_ok(v) ? xu_val_to_json(v, true, &b) : -1;

	xu_val_free(v);
	if (r < 0) {
		fprintf(stderr, "xenstore-%s: out of memory\n", command_name);
		return 1;
	}
	fputs(xu_buf_text(&b), stdout);
	return 0;
}

static int
cmd_read(struct xs_handle *h, const struct opts *o, int argc, char **argv)
{
	struct xs_batch *b = xs_batch_new(h);
	struct xu_val *json = o->json ? xu_struct() : NULL;
	AUTO_BUF struct xu_buf out = XU_BUF_INIT;
	size_t len;
	int r = 0;

	if (b == NULL)
		return failed(h, NULL);
	for (int i = 0; i < argc; i++)
		xs_batch_read(b, argv[i]);
	/* Several values are one consistent picture. */
	if (!xs_batch_run(b, argc > 1 ? XS_BATCH_TRANSACTION : 0))
		r = failed(h, "couldn't read path");
	/* As the reference tool: those before the first that fails are told. */
	for (int i = 0; i < argc; i++) {
		const char *v = xs_batch_value(b, i, &len);

		if (v == NULL)
			break;
		if (o->json) {
			xu_val_set(json, argv[i], xu_strn(v, len));
			continue;
		}
		if (o->prefix)
			xu_buf_addf(&out, "%s: ", argv[i]);
		if (o->raw)
			xu_buf_add(&out, v, len);
		else
			add_escaped(&out, v, len);
		if (!o->raw)
			xu_buf_addc(&out, '\n');
	}
	xs_batch_free(b);
	fwrite(xu_buf_text(&out), 1, out.len, stdout);
	if (r == 0 && o->json)
		return print_json(json);
	xu_val_free(json);
	return r;
}

static int
cmd_write(struct xs_handle *h, const struct opts *o, int argc, char **argv)
{
	struct xs_batch *b = xs_batch_new(h);
	int r = 0;

	if (argc % 2 != 0) {
		fprintf(stderr, "xenstore-write: '%s' has no value\n",
		    argv[argc - 1]);
		return 2;
	}
	for (int i = 0; b != NULL && i < argc; i += 2) {
		AUTO_BUF struct xu_buf v = XU_BUF_INIT;

		if (o->raw)
			xu_buf_adds(&v, argv[i + 1]);
		else if (!unescape(argv[i + 1], &v)) {
			fprintf(stderr, "xenstore-write: '%s': bad escape; use "
					"\\n \\t \\r \\\\ \\xHH \\OOO\n",
			    argv[i + 1]);
			xs_batch_free(b);
			return 2;
		}
		xs_batch_write(b, argv[i], xu_buf_text(&v), v.len);
	}
	if (b == NULL || !xs_batch_run(b, argc > 2 ? XS_BATCH_TRANSACTION : 0))
		r = failed(h, "could not write path");
	xs_batch_free(b);
	return r;
}

static int
cmd_list(struct xs_handle *h, const struct opts *o, int argc, char **argv)
{
	struct xu_val *json = o->json ? xu_array() : NULL;
	unsigned n;

	for (int i = 0; i < argc; i++) {
		char **v = xs_directory(h, XBT_NULL, argv[i], &n);

		if (v == NULL) {
			xu_val_free(json);
			return failed(h, "could not list path");
		}
		for (unsigned k = 0; k < n; k++) {
			if (o->json)
				xu_val_add(json, xu_str(v[k]));
			else if (o->prefix)
				printf("%s/%s\n", argv[i], v[k]);
			else
				puts(v[k]);
		}
		free(v);
	}
	return o->json ? print_json(json) : 0;
}

/* --- ls ----------------------------------------------------------------------- */

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
	struct xs_handle *h;
	const struct opts *o;
	/* Where lines end; the column of permissions. */
	size_t margin, column;
	bool terminal;
};

static void
add_perms(struct xs_handle *h, const char *path, struct xu_buf *b)
{
	unsigned n;
	struct xs_permissions *p = xs_get_permissions(h, XBT_NULL, path, &n);

	if (p == NULL)
		return;
	xu_buf_addc(b, '(');
	for (unsigned i = 0; i < n; i++)
		xu_buf_addf(b, "%s%c%u", i > 0 ? "," : "",
		    "nrwb"[p[i].perms & 3], p[i].id);
	xu_buf_addc(b, ')');
	free(p);
}

/* What fits of a value. True: not all of it. */
static bool
add_value(const struct ls *l, const char *v, unsigned len, struct xu_buf *line)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;
	size_t end = l->margin - VALUE_SPACE, room;

	add_escaped(&text, v, len);
	if (l->o->full)
		room = l->terminal ? end : SIZE_MAX;
	else
		room = line->len < end ? end - line->len : 0;
	if (text.len <= room) {
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
	char *v = xs_read(l->h, XBT_NULL, path, &len);

	if (l->o->full)
		xu_buf_adds(&line, path);
	else
		xu_buf_addf(&line, "%*s%.*s", depth, "", room > 1 ? room : 1,
		    name);
	if (v == NULL)
		xu_buf_adds(&line, ":");
	else
		cut = add_value(l, v, len, &line);
	free(v);
	if (l->o->perms) {
		if (!cut)
			xu_buf_addc(&line, ' ');
		/* Dots lead the eye to the column. */
		while (!l->o->full && line.error == 0 && line.len < l->column)
			xu_buf_addc(&line, line.len % 2 != 0 ? '.' : ' ');
		xu_buf_adds(&line, "  ");
		add_perms(l->h, path, &line);
	}
	puts(xu_buf_text(&line));
}

static int
ls_tree(const struct ls *l, const char *path, int depth)
{
	unsigned n;
	char **v = xs_directory(l->h, XBT_NULL, path, &n);

	/* Vanished or unreadable since it was listed: not an error below the top. */
	if (v == NULL)
		return depth == 0 ? -1 : 0;
	for (unsigned i = 0; i < n; i++) {
		AUTO_BUF struct xu_buf sub = XU_BUF_INIT;

		xu_buf_addf(&sub, "%s/%s", strcmp(path, "/") == 0 ? "" : path,
		    v[i]);
		ls_line(l, xu_buf_text(&sub), v[i], depth);
		ls_tree(l, xu_buf_text(&sub), depth + 1);
	}
	free(v);
	return 0;
}

static struct xu_val *
ls_json(struct xs_handle *h, const char *path)
{
	struct xu_val *node = xu_struct(), *kids = xu_struct();
	unsigned len, n = 0;
	char *value = xs_read(h, XBT_NULL, path, &len);
	char **v = xs_directory(h, XBT_NULL, path, &n);

	if (value != NULL)
		xu_val_set(node, "value", xu_strn(value, len));
	free(value);
	for (unsigned i = 0; v != NULL && i < n; i++) {
		AUTO_BUF struct xu_buf sub = XU_BUF_INIT;

		xu_buf_addf(&sub, "%s/%s", strcmp(path, "/") == 0 ? "" : path,
		    v[i]);
		xu_val_set(kids, v[i], ls_json(h, xu_buf_text(&sub)));
	}
	free(v);
	if (xu_val_count(kids) > 0)
		xu_val_set(node, "children", kids);
	else
		xu_val_free(kids);
	return node;
}

static int
cmd_ls(struct xs_handle *h, const struct opts *o, int argc, char **argv)
{
	struct ls l = { .h = h, .o = o, .margin = MARGIN };
	char root[] = "/", *top[] = { root };
	struct winsize ws;

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
	for (int i = 0; i < argc; i++) {
		if (o->json) {
			if (print_json(ls_json(h, argv[i])) != 0)
				return 1;
		} else if (ls_tree(&l, argv[i], 0) < 0) {
			return failed(h, "could not list path");
		}
	}
	return 0;
}

/* --- the others -------------------------------------------------------------------- */

static int
cmd_exists(struct xs_handle *h, const struct opts *o, int argc, char **argv)
{
	(void)o;
	for (int i = 0; i < argc; i++) {
		char *v = xs_read(h, XBT_NULL, argv[i], NULL);

		if (v == NULL)
			return 1;
		free(v);
	}
	return 0;
}

/* Removes path, and parents that become empty. */
static bool
rm_one(struct xs_handle *h, xs_transaction_t t, const char *path, bool tidy)
{
	AUTO_FREE char *p = strdup(path);
	unsigned n, len;
	char *slash, **kids, *value;

	if (p == NULL || !xs_rm(h, t, p))
		return false;
	while (tidy && (slash = strrchr(p, '/')) != NULL && slash != p) {
		*slash = '\0';
		kids = xs_directory(h, t, p, &n);
		if (kids == NULL)
			return false;
		free(kids);
		if (n > 0)
			break;
		value = xs_read(h, t, p, &len);
		free(value);
		if (value == NULL || len > 0)
			break;
		if (!xs_rm(h, t, p))
			return false;
	}
	return true;
}

static int
cmd_rm(struct xs_handle *h, const struct opts *o, int argc, char **argv)
{
	for (;;) {
		xs_transaction_t t = xs_transaction_start(h);

		if (t == XBT_NULL)
			return failed(h, NULL);
		for (int i = 0; i < argc; i++) {
			if (!rm_one(h, t, argv[i], o->tidy)) {
				int r = failed(h, "could not remove path");

				xs_transaction_end(h, t, true);
				return r;
			}
		}
		if (xs_transaction_end(h, t, false))
			return 0;
		if (errno != EAGAIN)
			return failed(h, NULL);
	}
}

static bool
chmod_tree(struct xs_handle *h, xs_transaction_t t, const char *path,
    struct xs_permissions *p, unsigned n, bool recurse)
{
	unsigned nkids;
	char **kids;
	bool ok = xs_set_permissions(h, t, path, p, n);

	if (!ok || !recurse)
		return ok;
	kids = xs_directory(h, t, path, &nkids);
	if (kids == NULL)
		return false;
	for (unsigned i = 0; ok && i < nkids; i++) {
		AUTO_BUF struct xu_buf sub = XU_BUF_INIT;

		xu_buf_addf(&sub, "%s/%s", strcmp(path, "/") == 0 ? "" : path,
		    kids[i]);
		ok = chmod_tree(h, t, xu_buf_text(&sub), p, n, true);
	}
	free(kids);
	return ok;
}

static bool
chmod_parents(struct xs_handle *h, xs_transaction_t t, const char *path,
    struct xs_permissions *p, unsigned n)
{
	AUTO_FREE char *up = strdup(path);
	char *slash;

	while (up != NULL && (slash = strrchr(up, '/')) != NULL && slash != up) {
		*slash = '\0';
		if (!xs_set_permissions(h, t, up, p, n))
			return false;
	}
	return up != NULL;
}

static int
cmd_chmod(struct xs_handle *h, const struct opts *o, int argc, char **argv)
{
	struct xs_permissions p[256];
	unsigned n = (unsigned)argc - 1;

	if (n > XU_ARRAY_SIZE(p))
		n = XU_ARRAY_SIZE(p);
	for (unsigned i = 0; i < n; i++)
		if (!xs_strings_to_perms(&p[i], 1, argv[i + 1])) {
			fprintf(stderr, "xenstore-chmod: '%s' is no permission; "
					"n, r, w or b and a domain id\n",
			    argv[i + 1]);
			return 2;
		}
	for (;;) {
		xs_transaction_t t = xs_transaction_start(h);

		if (t == XBT_NULL)
			return failed(h, NULL);
		if (!chmod_tree(h, t, argv[0], p, n, o->recurse) ||
		    (o->upto && !chmod_parents(h, t, argv[0], p, n))) {
			int r = failed(h, "could not set permissions");

			xs_transaction_end(h, t, true);
			return r;
		}
		if (xs_transaction_end(h, t, false))
			return 0;
		if (errno != EAGAIN)
			return failed(h, NULL);
	}
}

static int
cmd_watch(struct xs_handle *h, const struct opts *o, int argc, char **argv)
{
	unsigned n;

	for (int i = 0; i < argc; i++) {
		bool ok = o->depth >= 0
		    ? xs_watch_depth(h, argv[i], argv[i], (unsigned)o->depth)
		    : xs_watch(h, argv[i], argv[i]);

		if (!ok)
			return failed(h, "could not watch path");
	}
	for (int left = o->count; left != 0; left -= left > 0) {
		char **v = xs_read_watch(h, &n);

		if (v == NULL)
			return failed(h, NULL);
		if (o->json) {
			AUTO_BUF struct xu_buf b = XU_BUF_INIT;
			AUTO_VAL struct xu_val *e = xu_struct();

			xu_val_set(e, "path", xu_str(v[XS_WATCH_PATH]));
			xu_val_set(e, "token", xu_str(v[XS_WATCH_TOKEN]));
			if (xu_val_to_json(e, false, &b) == 0)
				puts(xu_buf_text(&b));
		} else {
			puts(v[XS_WATCH_PATH]);
		}
		fflush(stdout);
		free(v);
	}
	return 0;
}

static int
cmd_control(struct xs_handle *h, const struct opts *o, int argc, char **argv)
{
	AUTO_BUF struct xu_buf data = XU_BUF_INIT;
	char *reply;

	(void)o;
	for (int i = 1; i < argc; i++)
		xu_buf_add(&data, argv[i], strlen(argv[i]) + 1);
	reply = xs_control_command(h, argv[0], data.data, (unsigned)data.len);
	if (reply == NULL) {
		failed(h, NULL);
		reply = errno == EINVAL
		    ? xs_control_command(h, "help", NULL, 0)
		    : NULL;
		if (reply != NULL)
			fprintf(stderr, "Commands:\n%s", reply);
		free(reply);
		return 3;
	}
	printf("%s%s", reply,
	    reply[0] != '\0' && reply[strlen(reply) - 1] == '\n' ? "" : "\n");
	free(reply);
	return 0;
}

static const struct command commands[] = {
	{ "read", "pR", "PATH...", "print values", 1, cmd_read },
	{ "write", "R", "PATH VALUE [PATH VALUE]...", "set values", 2,
	    cmd_write },
	{ "list", "p", "PATH...", "print the names of children", 1, cmd_list },
	{ "ls", "fp", "[PATH]...", "print subtrees", 0, cmd_ls },
	{ "exists", "", "PATH...", "status 0 when all are there", 1,
	    cmd_exists },
	{ "rm", "t", "PATH...", "remove subtrees", 1, cmd_rm },
	{ "chmod", "ur", "PATH PERMISSION...", "set permissions", 2,
	    cmd_chmod },
	{ "watch", "nd", "PATH...", "print changes as they happen", 1,
	    cmd_watch },
	{ "control", "", "COMMAND [ARGUMENT]...", "speak to the daemon", 1,
	    cmd_control },
};

static const struct {
	char letter;
	const char *help;
} option_help[] = {
	{ 'p', "-p          print the path before the value or name; "
	       "ls: permissions" },
	{ 'R', "-R          raw: no escapes" },
	{ 'f', "-f          full paths" },
	{ 't', "-t          also remove parents that become empty" },
	{ 'u', "-u          also all parents" },
	{ 'r', "-r          also all children" },
	{ 'n', "-n N        stop after N events" },
	{ 'd', "-d N        at most N levels below" },
};

static void
usage(FILE *f, const struct command *c)
{
	if (c == NULL) {
		fputs("usage: xenstore COMMAND ...\n", f);
		for (size_t i = 0; i < XU_ARRAY_SIZE(commands); i++)
			fprintf(f, "  %-8s %-28s %s\n", commands[i].name,
			    commands[i].args, commands[i].help);
		return;
	}
	fprintf(f, "usage: xenstore-%s [OPTIONS] %s\n%s\n", c->name, c->args,
	    c->help);
	for (size_t i = 0; i < XU_ARRAY_SIZE(option_help); i++)
		if (strchr(c->options, option_help[i].letter) != NULL)
			fprintf(f, "  %s\n", option_help[i].help);
	fputs("  --json      machine-readable output\n"
	      "  -h, --help\n", f);
}

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < XU_ARRAY_SIZE(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* -1 = go on, else the exit status. */
static int
parse_options(const struct command *c, int argc, char **argv, struct opts *o)
{
	static const struct option longs[] = { { "help", 0, NULL, 'h' },
		{ "json", 0, NULL, 'J' }, { NULL, 0, NULL, 0 } };
	char letters[32];
	uint64_t v;
	int ch;

	snprintf(letters, sizeof(letters), "+hs");
	for (const char *p = c->options; *p != '\0'; p++)
		snprintf(letters + strlen(letters),
		    sizeof(letters) - strlen(letters), "%c%s", *p,
		    *p == 'n' || *p == 'd' ? ":" : "");
	while ((ch = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		switch (ch) {
		case 'p':
			o->prefix = o->perms = true;
			break;
		case 'R':
			o->raw = true;
			break;
		case 'f':
			o->full = true;
			break;
		case 't':
			o->tidy = true;
			break;
		case 'u':
			o->upto = true;
			break;
		case 'r':
			o->recurse = true;
			break;
		case 'n':
		case 'd':
			if (!xu_num_u64(optarg, 10, 1000000, &v)) {
				fprintf(stderr, "xenstore-%s: -%c needs a "
						"number, not '%s'\n",
				    c->name, ch, optarg);
				return 2;
			}
			*(ch == 'n' ? &o->count : &o->depth) = (int)v;
			break;
		case 'J':
			o->json = true;
			break;
		case 's':
			break; /* socket only: always */
		case 'h':
			usage(stdout, c);
			return 0;
		default:
			usage(stderr, c);
			return 2;
		}
	}
	if (argc - optind >= c->min)
		return -1;
	usage(stderr, c);
	return 2;
}

int
main(int argc, char **argv)
{
	const char *base = strrchr(argv[0], '/');
	struct opts o = { .count = -1, .depth = -1 };
	const struct command *c;
	struct xs_handle *h;
	int r;

	base = base != NULL ? base + 1 : argv[0];
	if (strncmp(base, "xenstore-", 9) == 0) {
		command_name = base + 9;
	} else {
		command_name = argc > 1 ? argv[1] : "";
		if (argc > 1) {
			argv++;
			argc--;
		}
	}
	c = find_command(command_name);
	if (c == NULL) {
		bool asked = strcmp(command_name, "--help") == 0 ||
		    strcmp(command_name, "help") == 0 ||
		    strcmp(command_name, "-h") == 0;

		usage(asked ? stdout : stderr, NULL);
		return asked ? 0 : 2;
	}
	r = parse_options(c, argc, argv, &o);
	if (r >= 0)
		return r;
	h = xs_open(0);
	if (h == NULL) {
		fprintf(stderr, "xenstore-%s: %s; is it running?\n",
		    command_name, xs_last_error(NULL));
		return 1;
	}
	r = c->run(h, &o, argc - optind, argv + optind);
	xs_close(h);
	return r;
}
