/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Archives in the format of POSIX (ustar), written front to back. */
#ifndef XU_TAR_H
#define XU_TAR_H

#include <stddef.h>
#include <stdint.h>

/* One regular file with these bytes. name: at most 99 bytes. 0, or -1 with errno. */
int xu_tar_add(int fd, const char *name, int64_t mtime, const void *data,
    size_t len);
/* What an archive ends with. */
int xu_tar_end(int fd);

#endif
