/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A line of xm events. */
#ifndef XM_CMD_EVENTS_H
#define XM_CMD_EVENTS_H

#include "xm.h"

void event_line(const struct xapi_value *event, struct xu_buf *out);

#endif
