/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The facts of a host as xm info shows them. */
#ifndef XM_CMD_INFO_H
#define XM_CMD_INFO_H

#include "xm.h"

void info_text(const struct xapi_value *host, const struct xapi_value *metrics,
    struct xu_buf *out);
/* Numbers are numbers. */
struct xapi_value *info_json(
    const struct xapi_value *host, const struct xapi_value *metrics);

/* Of info -n: records of host_cpu, and what host.list_nodes gives. */
void info_cpus(const struct xapi_value *cpus, struct xu_buf *out);
void info_nodes(const struct xapi_value *nodes, struct xu_buf *out);

#endif
