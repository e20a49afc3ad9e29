/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A program of the host's, run once: without a shell, with few words and no
 * environment of ours, and not for ever. What it prints last is kept. It is not
 * ended when xld dies: half done work of others' programs is worse than work that
 * nobody waits for.
 */
#ifndef XLD_TOOL_H
#define XLD_TOOL_H

#include <stddef.h>
#include <uv.h>

#include "xu_err.h"

#define TOOL_OUTPUT 4096

/* out: the end of what it printed. e NULL: it ended with status 0. */
typedef void tool_done_f(void *arg, const char *out, const struct xu_err *e);

/* argv[0] is how errors call it. done is called once, later, unless -1 is
 * returned. */
int tool_run(uv_loop_t *loop, const char *path, char *const argv[],
    unsigned seconds, tool_done_f *done, void *arg, struct xu_err *e);

#endif
