/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program by its other name, xl. */
#ifndef XM_XL_H
#define XM_XL_H

#include "xm.h"

/* A word of xl's that xm has not, or has for something else. */
struct xl_word {
	struct xm_opt opt;
	const char *command;
	/* xm's option; NULL: nothing need be asked for. */
	const char *xm;
	/* Why it cannot be had. */
	const char *why;
};

/* At least as many as any command has. */
#define XL_WORDS_MAX 8

bool xl_is_name(const char *argv0);
/* Is it an option before the command, -vvv or -N? Takes it. */
bool xl_global(struct xm *xm, const char *word);
/* The first of a command (w NULL), the next; NULL: there is none. */
const struct xl_word *xl_next_word(const struct xl_word *w, const char *command);
/* A status. */
int xl_take(struct xm *xm, const struct xl_word *w);
/* What the command means there. A status: not 0 when it cannot be had. */
int xl_command(struct xm *xm);

/* xl list, and its -l. */
void xl_list_heading(const void *ctx, struct xu_buf *out);
void xl_list_line(const void *ctx, const void *row, struct xu_buf *out);
struct xapi_value *xl_list_json(const void *ctx, const void *row);

#endif
