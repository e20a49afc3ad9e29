/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The xenstore commands: one program, the name it is called by decides
 * (xenstore-read ...), or the first word (xenstore read ...).
 * Exit status: 0 done, 1 failed, 2 usage, 3 control: the daemon refused.
 */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "xu_num.h"

/* A daemon that is being restarted listens again soon. */
#define OPEN_TRIES    60
#define OPEN_PAUSE_MS 50

static const struct command {
	const char *name, *options, *args, *help;
	int min;
	cli_command *run;
} commands[] = {
	{ "read", "pRj", "PATH...", "print values", 1, cli_read },
	{ "write", "R", "PATH VALUE [PATH VALUE]...", "set values", 2,
	    cli_write },
	{ "list", "pj", "PATH...", "print the names of children", 1, cli_list },
	{ "ls", "fpj", "[PATH]...", "print subtrees", 0, cli_ls },
	{ "exists", "", "PATH...", "status 0 when all are there", 1,
	    cli_exists },
	{ "rm", "t", "PATH...", "remove subtrees", 1, cli_rm },
	{ "chmod", "ur", "PATH PERMISSION...", "set permissions", 2,
	    cli_chmod },
	{ "watch", "ndj", "PATH...", "print changes as they happen", 1,
	    cli_watch },
	{ "control", "", "COMMAND [ARGUMENT]...",
	    "speak to the daemon; help lists what it knows", 1, cli_control },
};

static const struct {
	char letter;
	/* Accepted for any command that has the letter. */
	struct option word;
	const char *help;
} options[] = {
	{ 'p', { "prefix", 0, NULL, 'p' },
	    "-p, --prefix    the path before the value or name; ls: permissions" },
	{ 'R', { "raw", 0, NULL, 'R' }, "-R, --raw       no escapes" },
	{ 'f', { "flat", 0, NULL, 'f' }, "-f, --flat      full paths" },
	{ 't', { "tidy", 0, NULL, 't' },
	    "-t, --tidy      also remove parents that become empty" },
	{ 'u', { "upto", 0, NULL, 'u' }, "-u, --upto      also all parents" },
	{ 'r', { "recurse", 0, NULL, 'r' },
	    "-r, --recurse   also all children" },
	{ 'n', { "number", 1, NULL, 'n' },
	    "-n, --number N  stop after N events" },
	{ 'd', { "depth", 1, NULL, 'd' },
	    "-d, --depth N   at most N levels below" },
	/* No letter of its own. */
	{ 'j', { "json", 0, NULL, 'J' },
	    "    --json      machine-readable output" },
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
	for (size_t i = 0; i < XU_ARRAY_SIZE(options); i++)
		if (strchr(c->options, options[i].letter) != NULL)
			fprintf(f, "  %s\n", options[i].help);
	fputs("  -s, --socket    accepted; the socket is always tried first\n"
	      "  -h, --help\n", f);
	if (c->run == cli_control)
		fputs("live-update [-c COMMAND-LINE] [-F] [-t SECONDS] FILE "
		      "replaces the daemon\n", f);
}

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < XU_ARRAY_SIZE(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* What getopt_long wants to know of a command's options. */
static void
describe(const struct command *c, char letters[32], struct option *words)
{
	char *at = letters;
	int n = 0;

	at = stpcpy(at, "+hs");
	for (size_t i = 0; i < XU_ARRAY_SIZE(options); i++) {
		const struct option *w = &options[i].word;

		if (strchr(c->options, options[i].letter) == NULL)
			continue;
		words[n++] = *w;
		if (w->val == options[i].letter)
			*at++ = options[i].letter;
		if (w->has_arg)
			*at++ = ':';
	}
	*at = '\0';
	words[n++] = (struct option){ "help", 0, NULL, 'h' };
	words[n++] = (struct option){ "socket", 0, NULL, 's' };
	words[n] = (struct option){ NULL, 0, NULL, 0 };
}

static bool
take_number(const struct cli *cli, int letter, int *out)
{
	uint64_t v;

	if (xu_num_u64(optarg, 10, 1000000, &v)) {
		*out = (int)v;
		return true;
	}
	fprintf(stderr, "xenstore-%s: -%c needs a number, not '%s'\n",
	    cli->name, letter, optarg);
	return false;
}

/* False: no such option, or no number. */
static bool
take_option(struct cli *cli, int letter)
{
	switch (letter) {
	case 'p':
		cli->prefix = cli->perms = true;
		return true;
	case 'R':
		return cli->raw = true;
	case 'f':
		return cli->full = true;
	case 't':
		return cli->tidy = true;
	case 'u':
		return cli->upto = true;
	case 'r':
		return cli->recurse = true;
	case 'J':
		return cli->json = true;
	case 'n':
		return take_number(cli, letter, &cli->count);
	case 'd':
		return take_number(cli, letter, &cli->depth);
	case 's':
		return true;
	default:
		return false;
	}
}

/* -1 = go on, else the exit status. */
static int
parse_options(const struct command *c, struct cli *cli, int argc, char **argv)
{
	struct option words[XU_ARRAY_SIZE(options) + 3];
	char letters[32];
	int ch;

	describe(c, letters, words);
	while ((ch = getopt_long(argc, argv, letters, words, NULL)) != -1) {
		if (ch == 'h') {
			usage(stdout, c);
			return CLI_OK;
		}
		if (!take_option(cli, ch)) {
			usage(stderr, c);
			return CLI_USAGE;
		}
	}
	if (argc - optind >= c->min)
		return -1;
	usage(stderr, c);
	return CLI_USAGE;
}

static struct xs_handle *
open_store(void)
{
	const struct timespec pause = { .tv_nsec = OPEN_PAUSE_MS * 1000000 };
	struct xs_handle *h;

	for (int i = 0; (h = xs_open(0)) == NULL && errno == ECONNREFUSED &&
	    i < OPEN_TRIES; i++)
		nanosleep(&pause, NULL);
	return h;
}

int
main(int argc, char **argv)
{
	const char *base = strrchr(argv[0], '/');
	struct cli cli = { .count = -1, .depth = -1 };
	const struct command *c;
	int r;

	base = base != NULL ? base + 1 : argv[0];
	if (strncmp(base, "xenstore-", 9) == 0) {
		cli.name = base + 9;
	} else {
		cli.name = argc > 1 ? argv[1] : "";
		if (argc > 1) {
			argv++;
			argc--;
		}
	}
	c = find_command(cli.name);
	if (c == NULL) {
		bool asked = strcmp(cli.name, "--help") == 0 ||
		    strcmp(cli.name, "help") == 0 || strcmp(cli.name, "-h") == 0;

		usage(asked ? stdout : stderr, NULL);
		return asked ? CLI_OK : CLI_USAGE;
	}
	r = parse_options(c, &cli, argc, argv);
	if (r >= 0)
		return r;
	cli.h = open_store();
	if (cli.h == NULL) {
		fprintf(stderr, "xenstore-%s: %s; is it running?\n", cli.name,
		    xs_last_error(NULL));
		return CLI_FAILED;
	}
	r = c->run(&cli, argc - optind, argv + optind);
	xs_close(cli.h);
	if (fflush(stdout) != 0 && r == CLI_OK)
		r = CLI_FAILED;
	return r;
}
