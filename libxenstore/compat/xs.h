/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An older name of xenstore.h, for programs that know it by this one. */
#ifndef XS_H
#define XS_H

#include <errno.h>
#include <limits.h>

#include <xenstore.h>

#endif
