/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lines of xm sched-credit and sched-credit2. */
#ifndef XM_CMD_SCHED_H
#define XM_CMD_SCHED_H

#include "xm.h"

void sched_header(struct xu_buf *out);
void sched_row(const struct xapi_vm *vm, struct xu_buf *out);
/* xl's line of a cpu_pool's record. */
void sched_pool(const struct xapi_value *pool, struct xu_buf *out);

#endif
