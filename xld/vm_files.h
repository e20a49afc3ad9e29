/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files a creation needs; see vm_files.c. */
#ifndef XLD_VM_FILES_H
#define XLD_VM_FILES_H

#include "xld.h"

/* Descriptors, -1 = none. */
struct vm_files {
	int kernel, ramdisk;
	/* HVM: hvmloader, and what it starts. */
	int loader, firmware;
};
#define VM_FILES_NONE                                                          \
	{                                                                      \
		-1, -1, -1, -1                                                 \
	}

/* With -1 nothing is open. */
int vm_files_open(const struct core *c, const struct xu_val *config,
    struct vm_files *f, struct xu_err *e);
/* Idempotent. */
void vm_files_close(struct vm_files *f);

#endif
