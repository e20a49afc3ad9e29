/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's memory and registers as a core file: because somebody asks, or because it
 * has crashed and on_crash says so. The domain is paused meanwhile, unless that is not
 * wanted or it does not run anyway; xld-image writes the file under another name, and
 * when it is whole and on disk it gets its own. Whatever fails leaves no file, and the
 * domain as it was; so does a death of the daemon, whose intent says
 *
 *   "dump": { "temporary", "paused": it is for this dump that the domain is }
 */
#ifndef XLD_VM_DUMP_H
#define XLD_VM_DUMP_H

#include "xld.h"

/* What becomes of the domain. */
enum dump_after {
	DUMP_GO_ON,
	/* It crashes: on_crash says the rest, but it is not dumped again. */
	DUMP_CRASH,
	/* As VM.hard_reboot. */
	DUMP_RESET,
};

struct dump_order {
	/* Replaced when it is there. */
	const char *file;
	bool live;
	enum dump_after after;
};
struct dumping;
/* NULL: done was called. */
struct dumping *vm_dump(struct guest *g, const struct dump_order *order,
    vm_progress_f *progress, vm_done_f *done, void *arg);
/* It ends with TASK_CANCELLED soon; -1: too late. */
int vm_dump_cancel(struct dumping *d);
/* Of one that has ended, into the folder of cores, in which older ones make room. */
void vm_dump_ended(struct guest *g, vm_done_f *done, void *arg);
/* After a restart: of an intent "dump". */
void dump_was_cut(struct guest *g, const struct xu_val *dump);

/* ---- dump_dir.c: the folder of cores ------------------------------------------- */

/* Where it is; NULL: xld.conf names none that can be. */
const char *dump_folder(const struct core *c, struct xu_err *e);
/* Of those that are written because a guest has ended. */
struct dump_room {
	const char *folder;
	uint64_t files, bytes;
};
/* The file of a core in that folder: FOLDER/NAME/DATE-NAME.DOMID.core, with ".end"
 * before ".core" when it is because of an end. Makes what of the folders is not there.
 * The caller frees; NULL with an error. */
char *dump_path(const char *folder, const char *name, int32_t domid,
    int64_t when, bool ended, struct xu_err *e);
/* The oldest go until one of so many bytes fits; others that are being written count
 * as used says. -1: it never would, and none has gone. */
int dump_make_room(const struct dump_room *room, const struct dump_room *used,
    uint64_t bytes, struct xu_err *e);

#endif
