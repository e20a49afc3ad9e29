/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lists. A command that prints one describes it once (struct xm_table): its columns
 * by members of what a row is as JSON, and xm's own line of a row, which scripts read.
 * --columns, --sort, --no-header, filters and all the formats come from that.
 */
#ifndef XM_TABLE_H
#define XM_TABLE_H

#include <regex.h>

#include "xm.h"

/* What a column has: how it is compared, and shown in a table. */
enum xm_kind {
	XM_IS_TEXT,
	/* Of an array or a struct: how many it has. */
	XM_IS_NUMBER,
	/* A number; none when it is negative. */
	XM_IS_ID,
	/* Shown in MiB, which is also the unit of a number without one. */
	XM_IS_BYTES,
	XM_IS_TRUTH,
};

/* Rows end with one that has no name. */
struct xm_column {
	const char *name;
	/* Its heading, which is another name of it. */
	const char *title;
	enum xm_kind kind;
	/* Where it is in the row's JSON: "a/b" is b of a. NULL: by its name. */
	const char *path;
	/* What makes it of the row's JSON, when it is not in there. */
	void (*get)(const void *ctx, const struct xapi_value *json,
	    struct xu_buf *out);
	/* A column with another word for it, which filters by =, != and ~ know, too. */
	const char *also;
};

struct xm_table {
	/* What the S-expression of a row begins with. */
	const char *noun;
	const struct xm_column *columns;
	/* xm's own table: heading (NULL: none) and line, with their newlines. */
	void (*heading)(const void *ctx, struct xu_buf *out);
	void (*line)(const void *ctx, const void *row, struct xu_buf *out);
	struct xapi_value *(*json)(const void *ctx, const void *row);
	/* With --long, and as --format sxp. NULL: its columns. */
	void (*form)(const void *ctx, const void *row, struct xu_buf *out);
	/* No heading over nothing. */
	bool bare;
};

#define XM_COLUMNS_MAX 24
#define XM_FILTERS_MAX 16

enum xm_relation {
	XM_EQUAL,
	XM_UNEQUAL,
	XM_LIKE,
	XM_LESS,
	XM_LESS_EQUAL,
	XM_MORE,
	XM_MORE_EQUAL,
};

struct xm_filter {
	const struct xm_column *column, *also;
	enum xm_relation relation;
	const char *value;
	/* Of what is compared as a number. */
	double number;
	/* Of XM_LIKE. */
	regex_t like;
};

/* A row that waits for its turn. */
struct xm_line {
	struct xapi_value *json;
	/* Its line or its form, NULL when neither is wanted. */
	char *text;
	/* What the sort looks at. */
	char *key;
	size_t at;
};

/* A list while it is made. */
struct xm_listing {
	struct xm *xm;
	const struct xm_table *table;
	/* What the table's functions are given. */
	const void *ctx;
	/* Rows go out as they come: nothing chooses, sorts or waits. */
	bool plain;
	/* S-expressions as the table has them. */
	bool forms;
	/* As in the table, until the caller says otherwise. */
	bool bare;
	/* What is asked for by --columns, else all. */
	const struct xm_column *columns[XM_COLUMNS_MAX];
	size_t ncolumns;
	bool chosen;
	const struct xm_column *sort;
	bool down;
	struct xm_filter filters[XM_FILTERS_MAX];
	size_t nfilters;

	struct xu_buf text;
	struct xapi_value *json;
	struct xm_line *lines;
	size_t nlines, room;
	bool no_memory;
};

/* Of every command that has a table. */
extern const struct xm_opt xm_table_opts[];

/* Reads options and filters: a status. Fini in any case. */
int xm_listing_begin(struct xm_listing *l, struct xm *xm,
    const struct xm_table *table, const void *ctx);
void xm_listing_add(struct xm_listing *l, const void *row);
/* Prints it. A status. */
int xm_listing_end(struct xm_listing *l);
void xm_listing_fini(struct xm_listing *l);
#define AUTO_LISTING __attribute__((cleanup(xm_listing_fini)))

/* By its name or heading, of either case. NULL with an error and *status. */
const struct xm_column *xm_column_find(struct xm *xm,
    const struct xm_table *t, const char *name, size_t len, int *status);
/* What a row has in a column, as it is. */
void xm_cell(const struct xm_column *c, const void *ctx,
    const struct xapi_value *json, struct xu_buf *out);
bool xm_is_number(const struct xm_column *c);

/* --- filter.c ------------------------------------------------------------- */

/* Does an operand look like one: "mem>1G"? */
bool xm_is_filter(const char *word);
/* Adds it to the list's. A status. */
int xm_filter_add(struct xm_listing *l, const char *word);
/* Do all of them let the row through? */
bool xm_filters_pass(
    const struct xm_listing *l, const struct xapi_value *json);
void xm_filters_fini(struct xm_listing *l);

/* What lists of devices have alike, from xm_device_json. */
#define XM_COLUMN_ATTACHED                                                     \
	{ "attached", "Attached", XM_IS_TRUTH, "currently_attached", NULL, NULL }
#define XM_COLUMNS_RING                                                        \
	{ "backend_id", "BE", XM_IS_ID, "runtime_properties/backend-id", NULL, \
	    NULL },                                                            \
	{ "state", "State", XM_IS_NUMBER, "runtime_properties/state", NULL,    \
	    NULL },                                                            \
	{ "event_channel", "evt-ch", XM_IS_ID,                                 \
	    "runtime_properties/event-channel", NULL, NULL }
#define XM_COLUMN_BACKEND                                                      \
	{ "backend", "BE-path", XM_IS_TEXT, "runtime_properties/backend", NULL,\
	    NULL }

#endif
