/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Archives in the format of POSIX (ustar), written and read front to back. */
#ifndef XU_TAR_H
#define XU_TAR_H

#include <stddef.h>
#include <stdint.h>

/* Headers are one, contents are filled up to a whole number of them. */
#define XU_TAR_BLOCK 512

/* One regular file with these bytes. name: at most 99 bytes. 0, or -1 with errno. */
int xu_tar_add(int fd, const char *name, int64_t mtime, const void *data,
    size_t len);
/* What an archive ends with. */
int xu_tar_end(int fd);
/* The header of a regular file of len bytes. name as above. */
int xu_tar_head(char out[XU_TAR_BLOCK], const char *name, int64_t mtime,
    size_t len);

struct xu_tar_entry {
	/* As it came: any bytes. */
	char name[260];
	uint64_t size;
	/* '0': a regular file. */
	char type;
};
/* What a header says. 1; 0: it is all zeros, the end; -1: it is none. */
int xu_tar_read(const char block[XU_TAR_BLOCK], struct xu_tar_entry *e);

#endif
