/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disks of a machine that is cloned. */
#ifndef XLD_VM_CLONE_H
#define XLD_VM_CLONE_H

#include "sr.h"

/* Has this disk (an entry of "VBDs") to be another one in a clone? */
bool clone_needs_disk(const struct xu_val *vbd);
/* Why it cannot be made: -1. into: the repository for it, NULL = the one where the
 * disk is. */
int clone_can_make(struct core *c, const struct xu_val *vbd,
    const struct sr *into, struct xu_err *e);
/* config's disks that are written to become new ones with the same content, and
 * done gets config, or an error and nothing is left. It is called once, perhaps
 * before this returns. Takes config. */
void clone_disks(struct call *k, struct xu_val *config, const struct sr *into,
    void (*done)(struct call *k, struct xu_val *config,
	const struct xu_err *e));
/* The machine that has them is on record: they stay. */
void clone_keep_disks(struct core *c, const struct xu_val *config);
/* It could not be made: they go. */
void clone_drop_disks(struct core *c, const struct xu_val *config);

#endif
