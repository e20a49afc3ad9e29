/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Xen is told of a domain before it has memory; see vm_limits.c. */
#ifndef XLD_VM_LIMITS_H
#define XLD_VM_LIMITS_H

#include "xld.h"

/* Pages that a machine takes of the host when it starts. */
uint64_t limits_need(const struct xu_val *config);
/* vCPUs, ceiling of memory, places, scheduling, clocks, processors' features,
 * nested page tables, in this order. */
int limits_set(struct core *c, const struct xu_val *config, uint32_t domid,
    struct xu_err *e);

/* What a guest may need beyond its memory (libxl's allowance). */
#define LIMITS_SLACK_KIB 1024

/* Pages that nobody has and nobody was promised. */
int limits_free(struct core *c, uint64_t *pages, struct xu_err *e);

/* Always -1: so many pages are needed and so many are there. */
int limits_too_little(struct core *c, uint64_t need, uint64_t avail,
    struct xu_err *e);

#endif
