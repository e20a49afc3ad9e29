/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the platform map says of an HVM machine, and what Xen is told of it. */
#ifndef XLD_VM_HVM_H
#define XLD_VM_HVM_H

#include "xld.h"

/*
 * HVM_PARAM_VIRIDIAN for words such as "defaults !freq stimer" (xl's groups,
 * "all" and "defaults"), of those that this release of Xen has; "" = 0. What it
 * does not have is left out of "all" and "defaults" and refused by name.
 */
int hvm_viridian(const char *words, const struct xc_version *xen,
    uint64_t *mask, struct xu_err *e);
/* What the build worker does for an HVM machine, into its order. */
int hvm_order(const struct core *c, const struct xu_val *config,
    struct xu_val *order, struct xu_err *e);
/* Values that are more than a number or a word of a list. */
int hvm_check(const struct core *c, const struct xu_val *platform,
    struct xu_err *e);

#endif
