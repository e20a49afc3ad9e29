/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How old a domain is, apart from where it comes from. */
#ifndef XM_CMD_NAME_H
#define XM_CMD_NAME_H

#include <time.h>

#include "xm.h"

/* Seconds; now counts when the domain's figures do not say when they are of. */
long long uptime_of(const struct xapi_vm *vm, time_t now);
void uptime_row(const struct xapi_vm *vm, time_t now, struct xu_buf *out);
void uptime_short(const struct xapi_vm *vm, time_t now, struct xu_buf *out);

#endif
