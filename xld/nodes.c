/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See nodes.h. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "nodes.h"

static void
full_path(const struct nodes *n, const char *name,
    char out[NODES_BASE_MAX + 96])
{
	snprintf(out, NODES_BASE_MAX + 96, "%s%s%.90s", n->base,
	    name[0] != '\0' ? "/" : "", name);
}

void
nodes_base(struct nodes *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(n->base, sizeof(n->base), fmt, ap);
	va_end(ap);
}

void
nodes_put(struct nodes *n, const char *name, const char *fmt, ...)
{
	char path[NODES_BASE_MAX + 96], text[NODES_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	full_path(n, name, path);
	xs_batch_write(n->b, path, text, strlen(text));
}

void
nodes_restrict(struct nodes *n, const char *name,
    const struct xs_permissions *p, unsigned num)
{
	char path[NODES_BASE_MAX + 96];

	full_path(n, name, path);
	xs_batch_set_permissions(n->b, path, p, num);
}

void
nodes_folder(struct nodes *n, const char *path,
    const struct xs_permissions *p, unsigned num)
{
	xs_batch_mkdir(n->b, path);
	xs_batch_set_permissions(n->b, path, p, num);
}

void
nodes_remove(struct nodes *n, const char *fmt, ...)
{
	char path[NODES_BASE_MAX + 96];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	xs_batch_rm(n->b, path);
}
