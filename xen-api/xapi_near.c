/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In the place of xapi_curl.c: no server on another host. */
#include "config.h"

#include "xapi_private.h"

const struct xapi_far *const xapi_far;
