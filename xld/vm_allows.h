/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether something may be done to a machine as it is now: its power state, what is
 * under way with it, and what its owner has blocked (VM.blocked_operations).
 */
#ifndef XLD_VM_ALLOWS_H
#define XLD_VM_ALLOWS_H

#include "xld.h"

/* False: the call was refused. */
bool vm_allows(struct call *k);
/* Is this word of vm_operations blocked? */
bool vm_is_blocked(const struct guest *g, const char *word);
/* The same for a call; true: it was refused. */
bool vm_blocks(struct call *k, const struct guest *g, const char *word);

#endif
