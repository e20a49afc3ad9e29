/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The xenstore commands: what their files share. Each command is a function of
 * a handle, the options and the words behind them; it returns the exit status.
 */
#ifndef XS_CLI_H
#define XS_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "xenstore.h"
#include "xu_buf.h"
#include "xu_val.h"

enum {
	CLI_OK = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,
	/* control: the daemon refused. */
	CLI_REFUSED = 3,
};

struct cli {
	/* The command's name. */
	const char *name;
	struct xs_handle *h;
	bool prefix, raw, full, perms, tidy, upto, recurse, json;
	/* -1: not given. */
	int count, depth;
};

typedef int cli_command(struct cli *c, int argc, char **argv);

cli_command cli_read, cli_write, cli_list, cli_exists;
cli_command cli_ls;
cli_command cli_rm, cli_chmod;
cli_command cli_watch;
cli_command cli_control;

/* --- cli_out.c ----------------------------------------------------------------- */

/* The library's sentence on stderr; what may be NULL. Returns CLI_FAILED. */
int cli_failed(const struct cli *c, const char *what);
/* Bytes that do not print as escapes, so that a terminal is not at their mercy. */
void cli_escape(struct xu_buf *b, const char *v, size_t len);
/* The inverse; false when malformed. */
bool cli_unescape(const char *s, struct xu_buf *out);
/* JSON has no text but UTF-8: other values are escaped as they are printed. */
struct xu_val *cli_json_text(const char *v, size_t len);
/* Takes v; returns the exit status. */
int cli_print_json(const struct cli *c, struct xu_val *v, bool pretty);
/* path/name. */
void cli_child(struct xu_buf *b, const char *path, const char *name);

#endif
