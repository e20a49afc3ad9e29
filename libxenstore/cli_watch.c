/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xenstore-watch: a line for each change. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli.h"

static int
print_event(const struct cli *c, char **v)
{
	struct xu_val *e;

	if (!c->json) {
		puts(v[XS_WATCH_PATH]);
		return CLI_OK;
	}
	e = xu_struct();
	xu_val_set(e, "path", xu_str(v[XS_WATCH_PATH]));
	xu_val_set(e, "token", xu_str(v[XS_WATCH_TOKEN]));
	return cli_print_json(c, e, false);
}

int
cli_watch(struct cli *c, int argc, char **argv)
{
	unsigned n;
	int r;

	for (int i = 0; i < argc; i++) {
		bool ok = c->depth >= 0
		    ? xs_watch_depth(c->h, argv[i], argv[i], (unsigned)c->depth)
		    : xs_watch(c->h, argv[i], argv[i]);

		if (!ok)
			return cli_failed(c, "could not watch path");
	}
	for (int left = c->count; left != 0; left -= left > 0) {
		char **v = xs_read_watch(c->h, &n);

		if (v == NULL)
			return cli_failed(c, NULL);
		r = print_event(c, v);
		free(v);
		/* Whoever reads it has gone. */
		if (r != CLI_OK || fflush(stdout) != 0)
			return CLI_FAILED;
	}
	return CLI_OK;
}
