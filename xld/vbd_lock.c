/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * QEMU's image locks (its documentation tells of them under "Image locking"): a byte
 * for each thing that a user of the image does, from 100 on, and one for each that
 * it suffers nobody else to do, from 200 on; each is locked for reading by whom it
 * holds. The locks are the open file's: they stay when xld ends, and go when QEMU
 * closes what it was handed.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "vbd.h"

#define DOES   100
#define DENIES 200

/* QEMU's permissions of a block device, as bits. */
#define READS	 (1u << 0)
#define WRITES	 (1u << 1)
#define RESIZES	 (1u << 3)
#define ALL_BITS 5

static struct flock
byte_at(unsigned at, short type)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET,
		.l_start = at, .l_len = 1 };
}

/* True: somebody else has one of the bytes. */
static bool
is_held(int fd, unsigned base, unsigned bits)
{
	for (unsigned i = 0; i < ALL_BITS; i++) {
		struct flock l = byte_at(base + i, F_WRLCK);

		if ((bits & 1u << i) != 0 && fcntl(fd, F_OFD_GETLK, &l) == 0 &&
		    l.l_type != F_UNLCK)
			return true;
	}
	return false;
}

/* -1: the file system has no locks, or cannot give them. */
static int
hold(int fd, unsigned base, unsigned bits)
{
	for (unsigned i = 0; i < ALL_BITS; i++) {
		struct flock l = byte_at(base + i, F_RDLCK);

		if ((bits & 1u << i) != 0 && fcntl(fd, F_OFD_SETLK, &l) < 0)
			return -1;
	}
	return 0;
}

int
vbd_lock(int fd, bool readonly, const char *path, struct xu_err *e)
{
	unsigned does = readonly ? READS : READS | WRITES | RESIZES;
	unsigned denies = WRITES | RESIZES;

	/* First ours, then a look at theirs: of two who come at once at least one
	 * sees the other. */
	if (hold(fd, DOES, does) < 0 || hold(fd, DENIES, denies) < 0 ||
	    (!is_held(fd, DENIES, does) && !is_held(fd, DOES, denies)))
		return 0;
	xu_err_set(e, XE(VDI_IN_USE), 0,
	    "another program has the image open%s, as its lock says: end that "
	    "(qemu-img, qemu-nbd, another QEMU)", readonly ? " for writing" : "");
	xu_err_param(e, "%s", path);
	xu_err_param(e, "another program");
	return -1;
}
