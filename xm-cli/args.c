/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the arguments to a command: which one, its options by its rows, the
 * count of its operands. Knows no command by name.
 */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmds.h"
#include "errors.h"
#include "far.h"
#include "table.h"
#include "xl.h"
#include "xu_num.h"

const struct xm_cmd *const xm_commands[] = {
#define ROW(id) &cmd_##id,
	XM_COMMANDS(ROW)
#undef ROW
	    NULL,
};

const struct xm_opt xm_common_opts[] = {
	{ 0, "format", "FORMAT",
	    "text (or table), json, or jsonl: an object a line; lists also as "
	    "csv and sxp. With json and jsonl errors are JSON on stderr." },
	{ 0, "host", "HOST",
	    "Of another host: [USER@]NAME[:PORT] by https, or ssh://[USER@]NAME; "
	    "see HOSTS in xm(1)." },
	{ 'h', "help", NULL, "This text." },
	{ .name = NULL },
};

const char *
xm_opt(const struct xm *xm, const char *name)
{
	const struct xm_opt *o = xm->cmd->opts, *t = xm_table_opts;
	size_t i = 0;

	for (; o != NULL && o->name != NULL; o++, i++)
		if (strcmp(o->name, name) == 0)
			return xm->values[i];
	for (; xm->cmd->table != NULL && t->name != NULL; t++, i++)
		if (strcmp(t->name, name) == 0)
			return xm->values[i];
	return NULL;
}

const struct xm_cmd *
xm_find_command(const char *name, bool prefix)
{
	const struct xm_cmd *hit = NULL;
	size_t len = strlen(name);

	for (size_t i = 0; xm_commands[i] != NULL; i++)
		if (strcmp(xm_commands[i]->name, name) == 0)
			return xm_commands[i];
	/* xm's rule: two characters or more. */
	for (size_t i = 0; prefix && len >= 2 && xm_commands[i] != NULL; i++) {
		if (strncmp(xm_commands[i]->name, name, len) != 0)
			continue;
		if (hit != NULL)
			return NULL;
		hit = xm_commands[i];
	}
	return hit;
}

int
xm_usage(struct xm *xm, const char *fmt, ...)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT, usage = XU_BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	xu_buf_vaddf(&text, fmt, ap);
	va_end(ap);
	xm_error(xm, "XLD_USAGE", XM_USAGE, "%s", xu_buf_text(&text));
	if (xm->cmd != NULL && xm->format != XM_JSON) {
		xm_help_usage(xm->cmd, &usage);
		fprintf(stderr, "%s\n", xu_buf_text(&usage));
	}
	return XM_USAGE;
}

static const struct {
	const char *word;
	enum xm_format format;
	bool lines;
} formats[] = {
	{ "text", XM_TEXT, false },
	{ "table", XM_TEXT, false },
	{ "json", XM_JSON, false },
	{ "jsonl", XM_JSON, true },
	{ "csv", XM_CSV, false },
	{ "sxp", XM_SXP, false },
};

static int
take_format(struct xm *xm, const char *word)
{
	for (size_t i = 0; i < XU_ARRAY_SIZE(formats); i++)
		if (strcmp(formats[i].word, word) == 0) {
			xm->format = formats[i].format;
			xm->lines = formats[i].lines;
			return 0;
		}
	return xm_usage(xm, "--format is text, table, json, jsonl, csv or sxp, "
			    "not '%s'", word);
}

/* One of those every command has. */
static int
take_common(struct xm *xm, const char *name, const char *word)
{
	if (strcmp(name, "format") == 0)
		return take_format(xm, word);
	xm->host = word;
	return *word != '\0' ? 0 : xm_usage(xm, "--host needs a name.");
}

const char *
xm_word_behind(const char *option, int argc, char *const *argv)
{
	size_t len = strlen(option);
	const char *word = NULL;

	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strncmp(argv[i], option, len) != 0)
			continue;
		if (argv[i][len] == '=')
			word = argv[i] + len + 1;
		else if (argv[i][len] == '\0' && i + 1 < argc)
			word = argv[i + 1];
	}
	return word;
}

/* So that a mistake that stands before it is told in it, too. */
static void
guess_format(struct xm *xm, int argc, char *const *argv)
{
	const char *word = xm_word_behind("--format", argc, argv);

	if (word != NULL &&
	    (strcmp(word, "json") == 0 || strcmp(word, "jsonl") == 0))
		take_format(xm, word);
}

#define GRAMMAR_MAX (XL_WORDS_MAX + XM_OPTS_MAX + XM_TABLE_OPTS + 4)

/* The rows of the command and the common ones, as getopt wants them. */
struct grammar {
	const struct xm_opt *rows[GRAMMAR_MAX];
	/* Before its own ones: what those of words are, when it is xl. */
	const struct xl_word *words[XL_WORDS_MAX];
	size_t n, nwords, own;
	char letters[2 * GRAMMAR_MAX];
	struct option longs[GRAMMAR_MAX];
};

/* Beyond every letter. */
#define LONG_BASE 0x100

static void
add_row(struct grammar *g, const struct xm_opt *o)
{
	size_t len = strlen(g->letters);

	g->longs[g->n] = (struct option){
		.name = o->name,
		.has_arg = o->arg != NULL ? required_argument : no_argument,
		.val = LONG_BASE + (int)g->n,
	};
	if (o->letter != 0)
		g->letters[len++] = o->letter;
	if (o->letter != 0 && o->arg != NULL)
		g->letters[len++] = ':';
	g->letters[len] = '\0';
	g->rows[g->n++] = o;
}

static void
add_rows(struct grammar *g, const struct xm_opt *o)
{
	for (; o != NULL && o->name != NULL && g->n < GRAMMAR_MAX - 1; o++)
		add_row(g, o);
}

/* Of a letter that stands there twice, the first one counts. */
static void
make_grammar(struct grammar *g, const struct xm *xm)
{
	const struct xm_cmd *c = xm->cmd;
	const struct xl_word *w = xm->xl ? xl_next_word(NULL, c->name) : NULL;

	memset(g, 0, sizeof(*g));
	g->letters[0] = ':';
	for (; w != NULL && g->nwords < XL_WORDS_MAX;
	     w = xl_next_word(w, c->name)) {
		g->words[g->nwords++] = w;
		add_row(g, &w->opt);
	}
	add_rows(g, c->opts);
	if (c->table != NULL)
		add_rows(g, xm_table_opts);
	g->own = g->n;
	add_rows(g, xm_common_opts);
}

static size_t
row_of(const struct grammar *g, int r)
{
	if (r >= LONG_BASE)
		return (size_t)(r - LONG_BASE);
	for (size_t i = 0; i < g->n; i++)
		if (g->rows[i]->letter == r)
			return i;
	return g->n;
}

/* What the user wrote, for the message about it. */
static int
bad_option(struct xm *xm, int r, char *const *argv)
{
	const char *word = argv[optind - 1];
	char letter[3] = { '-', (char)optopt, '\0' };

	if (optopt > 0 && optopt < LONG_BASE)
		word = letter;
	return xm_usage(xm, r == ':' ? "option %s requires an argument" :
				       "option %s not recognized",
	    word);
}

/* Help wins over everything else, wherever it stands. */
static bool
wants_help(int argc, char *const *argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "-h") == 0 ||
		    strcmp(argv[i], "--help") == 0)
			return true;
	return false;
}

static int
count_operands(struct xm *xm)
{
	const struct xm_cmd *c = xm->cmd;

	if (xm->argc >= c->min && (c->max < 0 || xm->argc <= c->max))
		return 0;
	if (c->max < 0)
		return xm_usage(xm, "'xm %s' requires at least %d argument%s.",
		    c->name, c->min, c->min == 1 ? "" : "s");
	if (c->min == c->max)
		return xm_usage(xm, "'xm %s' requires %d argument%s, not %d.",
		    c->name, c->min, c->min == 1 ? "" : "s", xm->argc);
	return xm_usage(xm,
	    "'xm %s' requires between %d and %d arguments, not %d.", c->name,
	    c->min, c->max, xm->argc);
}

/* Moves filters behind the operands. */
static void
split_filters(struct xm *xm)
{
	char *word;

	xm->nfilters = 0;
	for (int i = 0; xm->cmd->table != NULL && i < xm->argc;) {
		word = xm->argv[i];
		if (!xm_is_filter(word)) {
			i++;
			continue;
		}
		memmove(&xm->argv[i], &xm->argv[i + 1],
		    (size_t)(xm->argc + xm->nfilters - i - 1) * sizeof(word));
		xm->argc--;
		xm->nfilters++;
		xm->argv[xm->argc + xm->nfilters - 1] = word;
	}
	xm->filters = xm->argv + xm->argc;
}

/* argv[0] is the command's name. A status. */
static int
parse(struct xm *xm, int argc, char **argv)
{
	struct grammar g;
	int r, status;
	size_t i;

	make_grammar(&g, xm);
	/* 0: forget everything about an earlier call. */
	optind = 0;
	opterr = 0;
	while ((r = getopt_long(argc, argv, g.letters, g.longs, NULL)) != -1) {
		if (r == '?' || r == ':')
			return bad_option(xm, r, argv);
		i = row_of(&g, r);
		status = 0;
		if (i < g.nwords)
			status = xl_take(xm, g.words[i]);
		else if (i < g.own)
			xm->values[i - g.nwords] = optarg != NULL ? optarg : "";
		else if (optarg != NULL)
			status = take_common(xm, g.rows[i]->name, optarg);
		if (status != 0)
			return status;
	}
	xm->argc = argc - optind;
	xm->argv = argv + optind;
	split_filters(xm);
	if (xm->cmd->table == NULL && xm->format != XM_TEXT &&
	    xm->format != XM_JSON)
		return xm_usage(xm, "'xm %s' prints no list: --format is text, "
				    "json or jsonl", xm->cmd->name);
	return count_operands(xm);
}

static int
print_help(struct xm *xm, void (*help)(struct xu_buf *out))
{
	AUTO_BUF struct xu_buf out = XU_BUF_INIT;

	if (xm->cmd != NULL)
		xm_help_command(xm->cmd, &out);
	else
		help(&out);
	return xm_print(xm, &out);
}

int
xm_unknown_command(struct xm *xm, const char *word)
{
	const struct xm_word *w = xm_find_word(word);
	struct xu_near n = { .word = word, .most = 2 };
	const char *near;

	if (w != NULL && w->kind != XM_WORD_ALIAS)
		return xm_error(xm, XE(NOT_IMPLEMENTED), XM_FAILED, "%s: %s.",
		    word, w->text);
	for (size_t i = 0; xm_commands[i] != NULL; i++)
		xu_near_try(&n, xm_commands[i]->name);
	near = n.best;
	return xm_error(xm, "XLD_USAGE", XM_USAGE,
	    "Subcommand %s not found! %s%s%sxm help lists all.", word,
	    near != NULL ? "Did you mean " : "", near != NULL ? near : "",
	    near != NULL ? "? " : "");
}

/* One of the common options, with its word, at *i, which goes on to that. */
static bool
takes_common(struct xm *xm, int argc, char **argv, int *i, int *status)
{
	const char *word = argv[*i] + 2;
	const struct xm_opt *o;
	size_t len;

	for (o = xm_common_opts; o->name != NULL; o++) {
		len = strlen(o->name);
		if (o->arg != NULL && argv[*i][1] == '-' &&
		    strncmp(word, o->name, len) == 0 &&
		    (word[len] == '\0' || word[len] == '='))
			break;
	}
	if (o->name == NULL)
		return false;
	if (word[len] == '=')
		word += len + 1;
	else
		word = ++*i < argc ? argv[*i] : "";
	*status = take_common(xm, o->name, word);
	return true;
}

/* Options before the command. The index of the command, or -1 with *status. */
static int
global_options(struct xm *xm, int argc, char **argv, int *status)
{
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (takes_common(xm, argc, argv, &i, status)) {
			;
		} else if (strcmp(argv[i], "--version") == 0) {
			printf("xm %s\n", PACKAGE_VERSION);
			return -1;
		} else if (strcmp(argv[i], "-h") == 0 ||
		    strcmp(argv[i], "--help") == 0) {
			*status = print_help(xm, xm_help_long);
			return -1;
		} else if (!xm->xl || !xl_global(xm, argv[i])) {
			*status = xm_unknown_command(xm, argv[i]);
		}
		if (*status != 0)
			return -1;
	}
	if (i < argc)
		return i;
	print_help(xm, xm_help_common);
	*status = XM_USAGE;
	return -1;
}

/* xm's older names, with xm's sentence. */
static const struct xm_cmd *
by_old_name(const char *name)
{
	const struct xm_word *w = xm_find_word(name);

	if (w == NULL || w->kind != XM_WORD_ALIAS)
		return NULL;
	fprintf(stderr, "Command %s is deprecated.  Please use xm %s "
			"instead.\n", name, w->text);
	return xm_find_command(w->text, false);
}

static int
run(struct xm *xm, int argc, char **argv)
{
	int status = 0, at = global_options(xm, argc, argv, &status);

	if (at < 0)
		return status;
	/* A script must not change its meaning when a command is added; xl's do. */
	xm->cmd = by_old_name(argv[at]);
	if (xm->cmd == NULL)
		xm->cmd = xm_find_command(argv[at],
		    xm->xl || isatty(STDIN_FILENO) != 0);
	if (xm->cmd == NULL)
		return xm_unknown_command(xm, argv[at]);
	if (wants_help(argc - at, argv + at))
		return print_help(xm, NULL);
	status = parse(xm, argc - at, argv + at);
	if (status == 0 && xm->xl)
		status = xl_command(xm);
	return status != 0 ? status : xm->cmd->run(xm);
}

int
xm_main(int argc, char **argv)
{
	struct xm xm = { .format = XM_TEXT,
		.xl = argc > 0 && xl_is_name(argv[0]) };
	int status;

	guess_format(&xm, argc, argv);
	status = run(&xm, argc, argv);

	xapi_close(xm.api);
	far_close(&xm);
	if (fflush(stdout) != 0 && status == 0)
		status = xm_error(&xm, "XLD_FILE", XM_FAILED,
		    "cannot write the output: %s", strerror(errno));
	/* xl knows no other. */
	return xm.xl && status != 0 ? XM_FAILED : status;
}
