/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Disks that go with a snapshot, or because a machine has others now. They are chosen
 * before that is on record, and marked ("replaced"), so that the next start knows
 * what to take away; then they go, one after the other.
 */
#ifndef XLD_VM_LEAVING_H
#define XLD_VM_LEAVING_H

#include "vdi.h"

struct leaving;
/* Nobody but g has it. */
bool leaving_is_only(const struct core *c, const struct vdi *v,
    const struct guest *g);
/* None so far; NULL with *e. */
struct leaving *leaving_new(struct call *k, struct xu_err *e);
/* successor: what its snapshots are of from then on, "" = of none. */
int leaving_add(struct leaving *l, struct vdi *v, const char *successor,
    struct xu_err *e);
/* None of them goes. */
void leaving_not(struct leaving *l);
/* All of them go, then the call ends; l is free. */
void leaving_go(struct leaving *l);

#endif
