/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xentop's table, from what host.list_usage gives. */
#ifndef XM_CMD_TOP_H
#define XM_CMD_TOP_H

#include <stdbool.h>

#include "xm.h"

struct top_view {
	/* Two answers, and the nanoseconds between them; before NULL: there was
	 * none, and nobody has used any processor. */
	const struct xapi_value *before, *now;
	long long elapsed_ns;
	/* KiB of the host. */
	long long memory_kib;
	/* Names are not cut to ten characters. */
	bool full_names;
	/* A row's column to sort by, the greatest first: by domid when NULL. */
	const char *sort;
};

/* The heading and a line for each domain. */
void top_table(const struct top_view *v, struct xu_buf *out);
/* The domains of one time as JSON. */
struct xapi_value *top_json(const struct top_view *v);
/* A column of that name, NULL: there is none. */
const char *top_column(const char *name);

#endif
