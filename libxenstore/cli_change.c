/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xenstore-rm and -chmod: what takes a transaction with reads in it. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

struct change {
	const struct cli *c;
	xs_transaction_t t;
	int npaths;
	char **paths;
	struct xs_permissions *perms;
	unsigned nperms;
};

/* All of step in one transaction, again while it conflicts. */
static int
in_transaction(struct change *ch, bool (*step)(struct change *ch),
    const char *what)
{
	struct xs_handle *h = ch->c->h;
	int r;

	do {
		ch->t = xs_transaction_start(h);
		if (ch->t == XBT_NULL)
			return cli_failed(ch->c, NULL);
		if (!step(ch)) {
			r = cli_failed(ch->c, what);
			xs_transaction_end(h, ch->t, true);
			return r;
		}
		if (xs_transaction_end(h, ch->t, false))
			return CLI_OK;
	} while (errno == EAGAIN);
	return cli_failed(ch->c, NULL);
}

/* --- rm ---------------------------------------------------------------------- */

/* True: nothing is in it. */
static bool
is_empty(struct change *ch, const char *path, bool *ok)
{
	struct xs_handle *h = ch->c->h;
	unsigned n = 0, len = 0;
	char **kids = xs_directory(h, ch->t, path, &n);
	char *value;

	*ok = kids != NULL;
	free(kids);
	if (!*ok || n > 0)
		return false;
	value = xs_read(h, ch->t, path, &len);
	free(value);
	return value != NULL && len == 0;
}

static bool
rm_one(struct change *ch, const char *path)
{
	AUTO_FREE char *p = strdup(path);
	char *slash;
	bool ok;

	if (p == NULL || !xs_rm(ch->c->h, ch->t, p))
		return false;
	while (ch->c->tidy && (slash = strrchr(p, '/')) != NULL && slash != p) {
		*slash = '\0';
		if (!is_empty(ch, p, &ok))
			return ok;
		if (!xs_rm(ch->c->h, ch->t, p))
			return false;
	}
	return true;
}

static bool
rm_all(struct change *ch)
{
	for (int i = 0; i < ch->npaths; i++)
		if (!rm_one(ch, ch->paths[i]))
			return false;
	return true;
}

int
cli_rm(struct cli *c, int argc, char **argv)
{
	struct change ch = { .c = c, .npaths = argc, .paths = argv };

	return in_transaction(&ch, rm_all, "could not remove path");
}

/* --- chmod --------------------------------------------------------------------- */

static bool
chmod_tree(struct change *ch, const char *path)
{
	unsigned n;
	char **kids;
	bool ok = xs_set_permissions(ch->c->h, ch->t, path, ch->perms,
	    ch->nperms);

	if (!ok || !ch->c->recurse)
		return ok;
	kids = xs_directory(ch->c->h, ch->t, path, &n);
	if (kids == NULL)
		return false;
	for (unsigned i = 0; ok && i < n; i++) {
		AUTO_BUF struct xu_buf sub = XU_BUF_INIT;

		cli_child(&sub, path, kids[i]);
		ok = chmod_tree(ch, xu_buf_text(&sub));
	}
	free(kids);
	return ok;
}

static bool
chmod_parents(struct change *ch, const char *path)
{
	AUTO_FREE char *up = strdup(path);
	char *slash;

	while (up != NULL && (slash = strrchr(up, '/')) != NULL && slash != up) {
		*slash = '\0';
		if (!xs_set_permissions(ch->c->h, ch->t, up, ch->perms,
		    ch->nperms))
			return false;
	}
	return up != NULL;
}

static bool
chmod_all(struct change *ch)
{
	return chmod_tree(ch, ch->paths[0]) &&
	    (!ch->c->upto || chmod_parents(ch, ch->paths[0]));
}

int
cli_chmod(struct cli *c, int argc, char **argv)
{
	struct change ch = { .c = c, .npaths = 1, .paths = argv,
		.nperms = (unsigned)argc - 1 };
	int r;

	ch.perms = calloc(ch.nperms, sizeof(*ch.perms));
	if (ch.perms == NULL) {
		fprintf(stderr, "xenstore-chmod: out of memory\n");
		return CLI_FAILED;
	}
	for (unsigned i = 0; i < ch.nperms; i++)
		if (!xs_strings_to_perms(&ch.perms[i], 1, argv[i + 1])) {
			fprintf(stderr, "xenstore-chmod: '%s' is no permission; "
					"n, r, w or b and a domain id\n",
			    argv[i + 1]);
			free(ch.perms);
			return CLI_USAGE;
		}
	r = in_transaction(&ch, chmod_all, "could not set permissions");
	free(ch.perms);
	return r;
}
