/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disks of a machine that is cloned. */
#ifndef XLD_VM_CLONE_H
#define XLD_VM_CLONE_H

#include "sr.h"

/* Has this disk (an entry of "VBDs") to be another one in a clone? */
bool clone_needs_disk(const struct xu_val *vbd);
/* Why it, one of g's, cannot be made: -1. into: the repository for it, NULL = the one
 * where the disk is. */
int clone_can_make(const struct guest *g, const struct xu_val *vbd,
    const struct sr *into, struct xu_err *e);
/* v (taken), g's config with another name perhaps, as that of a machine with this
 * uuid (as: it is there, NULL = it is new) and devices of its own. both: they may
 * run at the same time. NULL: it cannot be. */
struct xu_val *clone_config(const struct guest *g, struct xu_val *v,
    const char *uuid, const struct guest *as, const struct sr *into, bool both,
    struct xu_err *e);
struct cloning;
struct clone_order {
	/* Its disks that are written to become new ones with the same content; it is
	 * taken. */
	struct xu_val *config;
	/* NULL: where they lie. */
	const struct sr *into;
	/* When they were as they are kept, 0 = they are no snapshots. */
	int64_t snapshot;
	/* Of a machine that runs: called when it has to stand still, and (still) when it
	 * need not any more; clone_go_on, or clone_stop, ends either. NULL: it does
	 * not run. */
	void (*held)(struct call *k, struct cloning *g, bool still);
	/* Gets config, or an error and nothing is left. It is called once, perhaps
	 * before clone_disks returns. */
	void (*done)(struct call *k, struct xu_val *config,
	    const struct xu_err *e);
};
void clone_disks(struct call *k, const struct clone_order *o);
void clone_go_on(struct cloning *g);
void clone_stop(struct cloning *g, const struct xu_err *e);
/* The machine that has them is on record: they stay. */
void clone_keep_disks(struct core *c, const struct xu_val *config);
/* It could not be made: they go. */
void clone_drop_disks(struct core *c, const struct xu_val *config);

#endif
