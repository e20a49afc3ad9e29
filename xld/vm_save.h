/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's memory and registers in a file. It suspends itself when it is asked to (one
 * without Xen's drivers is stopped by the hypervisor), its backends keep what they
 * have, its device model says what it is, xld-image writes the file under another
 * name; then it gets its own, and the domain is destroyed or goes on. Whatever fails
 * before that lets the guest go on where it was and leaves no file; so does a death
 * of the daemon, whose intent says
 *
 *   "save": { "file", "temporary", "phase": "write" or "name", "after" }
 *
 * and which file there is then says the rest: in phase "name" without the temporary
 * one the file is whole and its own.
 */
#ifndef XLD_VM_SAVE_H
#define XLD_VM_SAVE_H

#include "xld.h"

/* What becomes of the domain. */
enum save_after {
	/* It is destroyed. */
	SAVE_END,
	/* The same, and the machine is suspended: the file is ours. */
	SAVE_SUSPEND,
	SAVE_GO_ON,
	SAVE_PAUSE,
	/* It stays as it is, suspended: somebody else goes on with it. */
	SAVE_HAND_OVER,
};

/* Of a guest that runs while it is saved: struct xg_live. */
struct save_limits {
	int64_t downtime_ms, rounds, seconds, bandwidth;
	bool strict, by_sum;
};

struct save_order {
	/* With SAVE_HAND_OVER only for messages: what is written goes to fd, which is
	 * taken. */
	const char *file;
	int fd;
	enum save_after after;
	/* Readable for xl. */
	bool compat;
	/* NULL: it is suspended first. */
	const struct save_limits *live;
};
/* NULL: done was called. */
struct saving *vm_save(struct guest *g, const struct save_order *order,
    vm_progress_f *progress, vm_done_f *done, void *arg);
/* It ends with TASK_CANCELLED soon; -1: too late. */
int vm_save_cancel(struct saving *s);
/* The same with another reason. */
int vm_save_fail(struct saving *s, const struct xu_err *e);
/* Xen has told something of the guest. */
void save_look(struct guest *g);
/* Xen need not log any more what it writes to. */
void save_unwatch(const struct guest *g);
/* Can the machine be saved at all? False: the call was refused. */
bool vm_can_save(struct call *k);
/* After a restart: of an intent "save". Does what concerns files; true: the domain is
 * to be destroyed, false: it is to go on. */
bool save_was_cut(struct guest *g, const struct xu_val *save);

/* ---- vm_restore.c --------------------------------------------------------------- */

/* g: whose it is, NULL when it failed; its callee may free it. */
typedef void restore_done_f(void *arg, struct guest *g,
    const struct xu_err *e);
struct restoring;
/*
 * The machine of an image goes on from it: g, or (NULL) the one that the image tells
 * of, which is made anew unless it is there and halted. NULL: done was called.
 */
struct restoring *restore_begin(struct core *c, struct guest *g,
    const char *file, bool paused, vm_progress_f *progress,
    restore_done_f *done, void *arg);
/* The worker that has the image open fills the domain of g from it. */
int restore_load(const struct guest *g, struct worker *image, struct xu_err *e);
/* What it has told at its end: is there all that such a guest needs? */
int restore_loaded(const struct guest *g, const struct xu_val *told,
    struct xu_err *e);
/* The same from a stream. */
struct restore_order {
	/* For messages; and the stream, which is taken. */
	const char *file;
	int fd;
	bool paused;
	/* The machine as it shall be made: args are VM.create's; and when it is. */
	int (*adapt)(void *arg, struct xu_val *args, struct xu_err *e);
	void (*made)(void *arg, struct guest *g, bool fresh);
	void *arg;
	/* All is done but the last. */
	struct vm_hold hold;
};
struct restoring *restore_stream(struct core *c, const struct restore_order *o,
    restore_done_f *done, void *arg);
/* Could such a machine be made here, by name, uuid and configuration? */
int restore_may_take(struct core *c, const struct xu_val *args,
    struct xu_err *e);
/* As vm_create_cancel. */
int restore_cancel(struct restoring *r);

/* Where our image of a suspended machine is. */
#define SUSPENDED_PATH 160
void suspended_path(const char *uuid, char out[SUSPENDED_PATH]);
/* A resume was cut short before its guest could run: it is suspended as before. */
void suspended_again(struct guest *g);
/* Its machine does not need it any more. */
void suspended_forget(struct guest *g);
/* Images of no machine go; machines without their image are halted. */
void suspended_clean(struct core *c);

#endif
