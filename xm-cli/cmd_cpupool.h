/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The forms of xm cpupool-list, and what configurations of pools say. */
#ifndef XM_CMD_CPUPOOL_H
#define XM_CMD_CPUPOOL_H

#include "cfg.h"
#include "pools.h"

/* cpus: the list of them. */
void cpupool_header(bool cpus, struct xu_buf *out);
void cpupool_row(const struct xapi_value *pool, const struct pools *p,
    bool cpus, struct xu_buf *out);
struct xapi_value *cpupool_sxp(
    const struct xapi_value *pool, const struct pools *p);
/* The arguments of cpu_pool.create; NULL with *e, whose text has the place. */
struct xapi_value *cpupool_record(const struct cfg *cfg,
    const char *default_name, const struct pools *p, struct xu_err *e);

#endif
