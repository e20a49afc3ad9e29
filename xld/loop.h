/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loop devices without losetup. Each is made with autoclear on, and its
 * descriptor is kept: the kernel takes it apart when the last who has it open
 * (xld, the backend) is gone, however that one went. Linux 5.8 or newer.
 */
#ifndef XLD_LOOP_H
#define XLD_LOOP_H

#include <stdbool.h>
#include <sys/stat.h>

#include "xu_err.h"

struct loop {
	/* Of /dev/loopN, -1 = none. */
	int fd;
	int number;
};

/* Of an open regular file. Direct I/O is used where the file system has it. */
int loop_open(struct loop *l, int file, const char *path, bool readonly,
    struct xu_err *e);
/* Idempotent. */
void loop_close(struct loop *l);
/* The number of a loop device that others made on that file, -1 = none. */
int loop_of_file(const struct stat *st);

#endif
