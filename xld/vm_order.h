/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Xen and the build worker are told of a machine, from its configuration. */
#ifndef XLD_VM_ORDER_H
#define XLD_VM_ORDER_H

#include "xld.h"

/* What XEN_DOMCTL_createdomain is asked for. */
int order_domain(const struct guest *g, struct xc_domain_create *req,
    struct xu_err *e);
/* All that the worker needs to know of a domain that exists, but its files; args
 * is the command line that a boot loader of the owner's has chosen. */
int order_worker(const struct guest *g, const char *args, struct xu_val *order,
    struct xu_err *e);

#endif
