/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rows as text: help, the manual's list of commands, words for completion.
 * Needs no Xen and no daemon.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cfg_bind.h"
#include "cmds.h"
#include "errors.h"
#include "table.h"

#define WIDTH	   78
#define OPT_COLUMN 30

/* Appends text, broken between words, behind `column` characters that are on
 * the line already; further lines begin at `indent`. */
static void
wrap(const char *text, size_t column, size_t indent, struct xu_buf *out)
{
	size_t at = column, n;
	bool first = true;

	while (*(text += strspn(text, " ")) != '\0') {
		n = strcspn(text, " ");
		if (!first && at + 1 + n > WIDTH) {
			xu_buf_addf(out, "\n%*s", (int)indent, "");
			at = indent;
		} else if (!first) {
			xu_buf_addc(out, ' ');
			at++;
		}
		xu_buf_add(out, text, n);
		at += n;
		text += n;
		first = false;
	}
	xu_buf_addc(out, '\n');
}

void
xm_help_usage(const struct xm_cmd *c, struct xu_buf *out)
{
	xu_buf_addf(out, "Usage: xm %s [OPTION]...%s%s%s", c->name,
	    c->operands[0] != '\0' ? " " : "", c->operands,
	    c->table != NULL ? " [FILTER]..." : "");
}

/* "name, uuid, domid (ID)": a column's heading, when that is another word. */
static void
column_names(const struct xm_table *t, struct xu_buf *out)
{
	int title;

	for (const struct xm_column *c = t->columns; c->name != NULL; c++) {
		title = (int)strcspn(c->title, "(");
		xu_buf_addf(out, "%s%s", c == t->columns ? "" : ", ", c->name);
		if (strncasecmp(c->name, c->title, (size_t)title) != 0)
			xu_buf_addf(out, " (%.*s)", title, c->title);
	}
}

static void
option_line(const struct xm_opt *o, struct xu_buf *out)
{
	size_t start = out->len, used;

	if (o->letter != 0)
		xu_buf_addf(out, "  -%c, --%s", o->letter, o->name);
	else
		xu_buf_addf(out, "      --%s", o->name);
	if (o->arg != NULL)
		xu_buf_addf(out, "=%s", o->arg);
	used = out->len - start;
	if (used + 2 > OPT_COLUMN) {
		xu_buf_addc(out, '\n');
		used = 0;
	}
	xu_buf_addf(out, "%*s", (int)(OPT_COLUMN - used), "");
	wrap(o->help, OPT_COLUMN, OPT_COLUMN, out);
}

void
xm_help_command(const struct xm_cmd *c, struct xu_buf *out)
{
	AUTO_BUF struct xu_buf columns = XU_BUF_INIT;

	xm_help_usage(c, out);
	xu_buf_adds(out, "\n\n");
	wrap(c->summary, 0, 0, out);
	if (c->detail[0] != '\0') {
		xu_buf_addc(out, '\n');
		wrap(c->detail, 0, 0, out);
	}
	xu_buf_adds(out, "\nOptions:\n");
	for (const struct xm_opt *o = c->opts; o != NULL && o->name != NULL;
	     o++)
		option_line(o, out);
	for (const struct xm_opt *o = xm_table_opts;
	     c->table != NULL && o->name != NULL; o++)
		option_line(o, out);
	for (const struct xm_opt *o = xm_common_opts; o->name != NULL; o++)
		option_line(o, out);
	if (c->table == NULL)
		return;
	xu_buf_adds(&columns, "Columns: ");
	column_names(c->table, &columns);
	xu_buf_adds(&columns, ". A FILTER is a column, one of = != ~ < <= > >= "
	    "and a value: only such rows are listed.");
	xu_buf_addc(out, '\n');
	wrap(xu_buf_text(&columns), 0, 0, out);
}

static void
command_lines(bool all, struct xu_buf *out)
{
	const struct xm_cmd *c;

	for (size_t i = 0; (c = xm_commands[i]) != NULL; i++) {
		if (!all && !c->common)
			continue;
		xu_buf_addf(out, " %-20s ", c->name);
		wrap(c->summary, 22, 22, out);
	}
}

static void
header(const char *title, struct xu_buf *out)
{
	xu_buf_addf(out,
	    "Usage: xm [--format=FORMAT] <subcommand> [args]\n"
	    "Control, list, and manipulate Xen guest instances.\n\n%s\n\n",
	    title);
}

void
xm_help_common(struct xu_buf *out)
{
	header("Common 'xm' commands:", out);
	command_lines(false, out);
	xu_buf_adds(out,
	    "\n<Domain> can be the name, the id or the uuid of a domain.\n"
	    "For a complete list of subcommands run 'xm help'.\n");
}

void
xm_help_long(struct xu_buf *out)
{
	header("xm full list of subcommands:", out);
	command_lines(true, out);
	xu_buf_adds(out,
	    "\n<Domain> can be the name, the id or the uuid of a domain.\n"
	    "'xm help SUBCOMMAND' tells more; 'xm help exit-codes' and 'xm "
	    "help keys'\nlist exit codes and configuration keys. See also "
	    "xm(1) and xm.cfg(5).\n");
}

/* --- mdoc ----------------------------------------------------------------- */

/* One text line of mdoc: control characters at its start and backslashes. */
static void
mdoc_text(const char *s, struct xu_buf *out)
{
	if (*s == '.' || *s == '\'')
		xu_buf_adds(out, "\\&");
	for (; *s != '\0'; s++) {
		if (*s == '\\')
			xu_buf_adds(out, "\\e");
		else
			xu_buf_addc(out, *s);
		/* mdoc wants each sentence on a line of its own. */
		if (s[0] == '.' && s[1] == ' ') {
			xu_buf_addc(out, '\n');
			s++;
		}
	}
	xu_buf_addc(out, '\n');
}

static void
mdoc_option(const struct xm_opt *o, struct xu_buf *out)
{
	xu_buf_adds(out, ".It ");
	if (o->letter != 0)
		xu_buf_addf(out, "Fl %c , ", o->letter);
	if (o->arg != NULL)
		xu_buf_addf(out, "Fl -%s Ns = Ns Ar %s\n", o->name, o->arg);
	else
		xu_buf_addf(out, "Fl -%s\n", o->name);
	mdoc_text(o->help, out);
}

void
xm_help_mdoc(struct xu_buf *out)
{
	const struct xm_cmd *c;

	for (size_t i = 0; (c = xm_commands[i]) != NULL; i++) {
		xu_buf_addf(out, ".Ss xm %s%s%s\n", c->name,
		    c->operands[0] != '\0' ? " " : "", c->operands);
		mdoc_text(c->summary, out);
		if (c->detail[0] != '\0')
			mdoc_text(c->detail, out);
		if (c->table != NULL) {
			xu_buf_adds(out, "Columns: ");
			column_names(c->table, out);
			xu_buf_adds(out, ".\n");
		}
		if (c->opts == NULL)
			continue;
		xu_buf_adds(out, ".Bl -tag -width Ds\n");
		for (const struct xm_opt *o = c->opts; o->name != NULL; o++)
			mdoc_option(o, out);
		xu_buf_adds(out, ".El\n");
	}
}

/* --- topics --------------------------------------------------------------- */

static const struct {
	int code;
	const char *meaning;
} exit_codes[] = {
	{ XM_OK, "done" },
	{ XM_FAILED, "it failed" },
	{ XM_USAGE, "the command line or the configuration has a mistake" },
	{ XM_NOT_FOUND, "there is no such domain or file" },
	{ XM_STATE, "the domain is not in a state for this, or a conflict" },
	{ XM_PERMISSION, "not permitted" },
	{ XM_TIMEOUT, "it did not happen in time" },
	{ XM_RESOURCE, "not enough memory, or another limit is reached" },
	{ XM_HELPER, "a helper program failed" },
	{ XM_UNREACHABLE, "the daemon cannot be reached, or there is no Xen" },
	{ XM_INTERRUPTED, "interrupted (128 + the signal's number)" },
};

static const char *
status_word(enum domcfg_status s)
{
	static const char *const words[] = {
		[DS_NOW] = "honoured",
		[DS_LATER] = "not supported yet",
		[DS_FULL] = "PVH and HVM guests only",
		[DS_HVM] = "HVM guests only",
		[DS_HVM_LATER] = "HVM guests only, not supported yet",
		[DS_ARM] = "Arm hosts only, ignored",
		[DS_OLD] = "obsolete, ignored",
	};

	return words[s];
}

static void
mdoc_exit_codes(struct xu_buf *out)
{
	for (size_t i = 0; i < XU_ARRAY_SIZE(exit_codes); i++)
		xu_buf_addf(out, ".It %d\n%c%s.\n", exit_codes[i].code,
		    toupper((unsigned char)exit_codes[i].meaning[0]),
		    exit_codes[i].meaning + 1);
}

static int
topic_exit_codes(struct xm *xm)
{
	struct xapi_value *list = xapi_new_array(), *row;

	for (size_t i = 0; i < XU_ARRAY_SIZE(exit_codes); i++) {
		if (xm->format == XM_TEXT)
			printf("%4d  %s\n", exit_codes[i].code,
			    exit_codes[i].meaning);
		row = xapi_new_struct();
		xapi_set(row, "code", xapi_new_int(exit_codes[i].code));
		xapi_set(row, "meaning", xapi_new_str(exit_codes[i].meaning));
		xapi_add(list, row);
	}
	if (xm->format == XM_JSON)
		return xm_json(xm, list);
	xapi_free(list);
	return 0;
}

static int
topic_keys(struct xm *xm)
{
	struct xapi_value *list = xapi_new_array(), *row;
	const struct domcfg_key *k = domcfg_keys;

	for (size_t i = 0; i < domcfg_nkeys; i++, k++) {
		if (xm->format == XM_TEXT) {
			printf("%-32s %s%s%s%s\n", k->name, k->help,
			    k->status != DS_NOW ? " (" : "",
			    k->status != DS_NOW ? status_word(k->status) : "",
			    k->status != DS_NOW ? ")" : "");
			continue;
		}
		row = xapi_new_struct();
		xapi_set(row, "key", xapi_new_str(k->name));
		xapi_set(row, "default", xapi_new_str(k->dflt));
		xapi_set(row, "status", xapi_new_str(status_word(k->status)));
		xapi_set(row, "help", xapi_new_str(k->help));
		xapi_add(list, row);
	}
	if (xm->format == XM_JSON)
		return xm_json(xm, list);
	xapi_free(list);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(struct xm *xm);
} topics[] = {
	{ "exit-codes", topic_exit_codes },
	{ "keys", topic_keys },
};

/* --- the command ---------------------------------------------------------- */

static struct xapi_value *
options_json(const struct xm_opt *o)
{
	struct xapi_value *list = xapi_new_array(), *row;
	char letter[2] = "";

	for (; o != NULL && o->name != NULL; o++) {
		letter[0] = o->letter;
		row = xapi_new_struct();
		xapi_set(row, "name", xapi_new_str(o->name));
		xapi_set(row, "letter", xapi_new_str(letter));
		xapi_set(row, "argument",
		    xapi_new_str(o->arg != NULL ? o->arg : ""));
		xapi_set(row, "help", xapi_new_str(o->help));
		xapi_add(list, row);
	}
	return list;
}

static struct xapi_value *
columns_json(const struct xm_table *t)
{
	struct xapi_value *list = xapi_new_array();

	for (const struct xm_column *c = t->columns; c->name != NULL; c++)
		xapi_add(list, xapi_new_str(c->name));
	return list;
}

static struct xapi_value *
command_json(const struct xm_cmd *c)
{
	struct xapi_value *v = xapi_new_struct();

	xapi_set(v, "name", xapi_new_str(c->name));
	xapi_set(v, "operands", xapi_new_str(c->operands));
	xapi_set(v, "summary", xapi_new_str(c->summary));
	xapi_set(v, "detail", xapi_new_str(c->detail));
	xapi_set(v, "options", options_json(c->opts));
	if (c->table != NULL)
		xapi_set(v, "columns", columns_json(c->table));
	return v;
}

static int
all_json(struct xm *xm)
{
	struct xapi_value *v = xapi_new_struct(), *list = xapi_new_array();

	for (size_t i = 0; xm_commands[i] != NULL; i++)
		xapi_add(list, command_json(xm_commands[i]));
	xapi_set(v, "commands", list);
	xapi_set(v, "common_options", options_json(xm_common_opts));
	xapi_set(v, "list_options", options_json(xm_table_opts));
	return xm_json(xm, v);
}

static void
option_word(const struct xm_opt *o)
{
	printf("--%s%s\n", o->name, o->arg != NULL ? "=" : "");
}

/* Words for a completion program, one a line: the commands, or a command's
 * options and then what its operands are, as "@domain". */
static int
completion(const struct xm *xm)
{
	static const char *const kinds[] = { "", "@domain", "@config",
		"@command" };
	const struct xm_cmd *c;

	for (size_t i = 0; xm->argc == 0 && xm_commands[i] != NULL; i++)
		puts(xm_commands[i]->name);
	c = xm->argc == 0 ? NULL : xm_find_command(xm->argv[0], false);
	if (c == NULL)
		return 0;
	for (const struct xm_opt *o = c->opts; o != NULL && o->name != NULL;
	     o++)
		option_word(o);
	for (const struct xm_opt *o = xm_table_opts;
	     c->table != NULL && o->name != NULL; o++)
		option_word(o);
	for (const struct xm_opt *o = xm_common_opts; o->name != NULL; o++)
		option_word(o);
	puts(kinds[c->completes]);
	return 0;
}

static int
help_about(struct xm *xm, const char *word)
{
	AUTO_BUF struct xu_buf out = XU_BUF_INIT;
	const struct xm_cmd *c = xm_find_command(word, true);

	for (size_t i = 0; i < XU_ARRAY_SIZE(topics); i++)
		if (strcmp(topics[i].name, word) == 0)
			return topics[i].run(xm);
	if (c == NULL)
		return xm_unknown_command(xm, word);
	if (xm->format == XM_JSON)
		return xm_json(xm, command_json(c));
	xm_help_command(c, &out);
	return xm_print(xm, &out);
}

static int
run_help(struct xm *xm)
{
	AUTO_BUF struct xu_buf out = XU_BUF_INIT;

	if (xm_opt(xm, "completion") != NULL)
		return completion(xm);
	if (xm_opt(xm, "mdoc") != NULL) {
		(xm->argc == 0 ? xm_help_mdoc : mdoc_exit_codes)(&out);
		return xm_print(xm, &out);
	}
	if (xm->argc != 0)
		return help_about(xm, xm->argv[0]);
	if (xm->format == XM_JSON)
		return all_json(xm);
	xm_help_long(&out);
	return xm_print(xm, &out);
}

static const struct xm_opt help_opts[] = {
	{ 'l', "long", NULL, "All commands (as without it)." },
	{ 0, "mdoc", NULL,
	    "The commands, or the exit codes, as the manual shows them." },
	{ 0, "completion", NULL, "Words for a completion program." },
	{ .name = NULL },
};

const struct xm_cmd cmd_help = {
	.name = "help",
	.operands = "[SUBCOMMAND|exit-codes|keys]",
	.summary = "Explain xm, a subcommand, the exit codes or the keys of a "
		   "configuration.",
	.detail = "",
	.opts = help_opts,
	.min = 0,
	.max = 1,
	.completes = XM_COMMAND,
	.common = true,
	.run = run_help,
};
