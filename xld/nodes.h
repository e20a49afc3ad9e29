/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Nodes of the store that are written together, below one folder at a time. */
#ifndef XLD_NODES_H
#define XLD_NODES_H

#include "xenstore.h"
#include "xu_auto.h"

#define NODES_BASE_MAX 96
/* What the store takes in one node. */
#define NODES_TEXT_MAX 4096

struct nodes {
	struct xs_batch *b;
	/* Without a slash at its end. */
	char base[NODES_BASE_MAX];
};

/* Failures are the batch's: they show when it runs. */
void nodes_base(struct nodes *n, const char *fmt, ...) XU_PRINTF(2, 3);
void nodes_put(struct nodes *n, const char *name, const char *fmt, ...)
    XU_PRINTF(3, 4);
/* name "": the folder itself. */
void nodes_restrict(struct nodes *n, const char *name,
    const struct xs_permissions *p, unsigned num);
/* Nodes below a folder take its permissions when they are made, so the folder
 * comes first. */
void nodes_folder(struct nodes *n, const char *path,
    const struct xs_permissions *p, unsigned num);
void nodes_remove(struct nodes *n, const char *fmt, ...) XU_PRINTF(2, 3);

#endif
