/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Snapshots of machines. One is a machine that is never started: a template on record
 * with disks of its own, copies of those that are written to. Its config has, beside
 * what every machine's has,
 *
 *   snapshot_of, snapshot_time, snapshot_info, parent
 *
 * and the machine's has "parent". A machine that runs is paused for the moment that
 * is kept (vdi_job.c tells how long that is); its intent "snapshot" lets it go on
 * when the daemon has died. Copies are
 * "made" until who has them is on record, disks that go are "replaced" from before
 * that (vdi_make.c): so whatever is killed when, each machine has one whole set of
 * disks, and no other is left.
 */
#ifndef XLD_VM_SNAPSHOT_H
#define XLD_VM_SNAPSHOT_H

#include "xld.h"

bool guest_is_snapshot(const struct guest *g);
/* Of any machine; NULL: the field is no matter of snapshots. */
struct xu_val *snapshot_field(struct core *c, const struct guest *g,
    const char *name);
/* Is the operation one for a snapshot, or for a machine that is none? */
bool snapshot_suits(const struct guest *g, const char *operation);
/* False, and the call was refused: it is a snapshot. */
bool snapshot_may_change(struct call *k, const struct guest *g);
/* What makes a config that of a snapshot, or of one that has some. */
void snapshot_strip(struct xu_val *config);
/* parent of g, on record. */
int snapshot_set_parent(struct guest *g, const char *uuid, struct xu_err *e);
/* True: the daemon stops, and the call has ended with e: machines are gone from
 * memory, and the next one sees what was half done. */
bool snapshot_too_late(struct call *k, const struct xu_err *e);
/* VM.destroy of one. */
void snapshot_destroy(struct call *k);

#endif
