/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A boot loader of the owner's: a program in domain 0 that looks at a guest's
 * disk and says which kernel it wants (PV_bootloader with a full path). What it
 * reads is the guest's, so it runs as nobody in particular: a user id of its own,
 * no network, bounds on time, memory and processes, and one folder of bounded size
 * that has the disk as a node it may only read. It is called as xl calls one:
 *
 *   PROGRAM --output=FILE --output-format=simple0 --output-directory=FOLDER
 *       [--args=PV_args] [PV_bootloader_args] FOLDER/disk
 *
 * and writes "kernel PATH", "ramdisk PATH" and "args TEXT", each ended by a zero
 * byte, to FILE; both paths are files it has made in FOLDER.
 */
#ifndef XLD_BOOTPROG_H
#define XLD_BOOTPROG_H

#include "vm_files.h"
#include "xu_job.h"

/* What a kernel's command line has room for, with its zero. */
#define BOOT_ARGS_MAX 2048

/* Does the machine boot that way? */
bool bootprog_wanted(const struct xu_val *config);
/*
 * With XU_STEP_WAIT done is called once, later: then kernel and ramdisk of f are
 * open (the caller's) and args is set, or there is an error and nothing is left.
 * f, args and the guest's devices, which are prepared, stay until then.
 */
enum xu_step_result bootprog_start(struct guest *g, struct vm_files *f,
    char args[BOOT_ARGS_MAX], vm_done_f *done, void *arg, struct xu_err *e);
/* What programs of an xld that was killed have left. */
void bootprog_clean(void);

#endif
