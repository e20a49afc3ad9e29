/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a host that is to take a machine must have, asked before a byte of it moves. */
#ifndef XLD_PREFLIGHT_H
#define XLD_PREFLIGHT_H

#include "xld.h"

/* Members of an OFFER: what is known here of the machine and not of its
 * configuration. */
void preflight_tell(const struct guest *g, struct xu_val *offer);
/* args: the machine as VM.create would be told of it; hello: the source's. -1: the
 * first thing that is not so here. */
int preflight_check(struct core *c, const struct xu_val *args,
    const struct xu_val *offer, const struct xu_val *hello, struct xu_err *e);

#endif
