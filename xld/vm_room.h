/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Room for machines that start: where the setting dom0_floor_mib allows it, domain 0's
 * target goes down by what is lacking. Its balloon driver takes its time; it is
 * looked at only while somebody waits. Who waits is served in the order of
 * arrival, and claims what was made for him before the next is looked at. What
 * domain 0 gave it gets back by its owner's word alone (xm mem-set), or when
 * the machine for which it was asked did not get enough.
 */
#ifndef XLD_VM_ROOM_H
#define XLD_VM_ROOM_H

#include "xld.h"
#include "xu_job.h"

struct room {
	struct xu_list link;
	struct core *core;
	uint64_t pages;
	/* KiB by which domain 0's target went down for it. */
	uint64_t asked;
	/* It was asked once more, as it had stopped. */
	bool pushed;
	vm_done_f *done;
	void *arg;
};

struct room_dom0 {
	uint64_t has_kib, target_kib, floor_kib;
};

void room_open(struct core *c);
/* So many pages for r, whose done and arg are set. WAIT: done is told. */
enum xu_step_result room_make(struct core *c, struct room *r, uint64_t pages,
    struct xu_err *e);
/* It does not wait any more; was it waiting? */
bool room_leave(struct room *r);
/* Pages that domain 0 would give. */
uint64_t room_more(struct core *c);
/* KiB below which domain 0's target is not set for others; 0: it is not at all. */
uint64_t room_floor(const struct core *c);

/* What domain 0's target is to be so that so much more comes free; 0: it would be
 * below its floor. stalled: what it was told before does not come. */
uint64_t room_target(const struct room_dom0 *d, uint64_t lacking_kib,
    bool stalled);

#endif
