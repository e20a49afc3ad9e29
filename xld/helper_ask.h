/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One question to one helper (helper.h), which has limited time for its answer. It is
 * ended behind that, with whatever it has started that is still of its group.
 */
#ifndef XLD_HELPER_ASK_H
#define XLD_HELPER_ASK_H

#include <stdint.h>
#include <uv.h>

#include "xu_err.h"
#include "xu_val.h"

struct helper_ask;

/* v NULL: there is no answer; why: "did not answer in time", and the like. What was
 * asked is no more then. */
typedef void helper_told_f(void *arg, const struct xu_val *v, const char *why);

/* max: bytes of the answer. NULL with an error; else f is called once, later. */
struct helper_ask *helper_ask(uv_loop_t *loop, const char *path, uint32_t max,
    uint64_t ms, const struct xu_val *question, helper_told_f *f, void *arg,
    struct xu_err *e);
/* Nobody wants to know any more. NULL is passed over. */
void helper_ask_drop(struct helper_ask *a);

#endif
