/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Machines that go to clients of the API as archives (xva.h), and come from them. What
 * the machine is goes as records to xld-api, or comes so from there, which knows XML;
 * the disks go through xld-copy.
 */
#ifndef XLD_VM_EXPORT_H
#define XLD_VM_EXPORT_H

#include "vdi.h"

/* [vm, "" gzip zstd, task]: answers with task and objects, and a pipe with all that is
 * behind ova.xml. */
void vm_export_call(struct call *k);

/* [{task, sr, full_restore, objects: [{class, id, snapshot}]}]: answers with task, and
 * a pipe that takes the archive, from its first byte on, in pieces. Without objects:
 * may it be? With error (a description) and message: it ends with that. */
void vm_import_call(struct call *k);

/* How far it is, and its end from outside, of a call whose cancel_arg is a copy. */
void vm_copy_progress(void *arg, int percent);
void vm_copy_cancel(struct call *k);
/* The call has a task (the client's, or "": one of its own), and another transfer may
 * begin. False: it was refused. */
bool vm_copy_may_begin(struct call *k, const char *task);

#endif
