/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A struct xg_kernel between xld and xld-build: field by field, without fd. */
#ifndef KERNEL_VAL_H
#define KERNEL_VAL_H

#include "xenguest.h"
#include "xu_val.h"

struct xu_val *kernel_to_val(const struct xg_kernel *k);
/* fd is borrowed and becomes out's. -1 with EINVAL: it is none, or its numbers
 * do not agree (xg_kernel_check); out has no descriptor then. */
int kernel_from_val(const struct xu_val *v, int fd, struct xg_kernel *out);

#endif
