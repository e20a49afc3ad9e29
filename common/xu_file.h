/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole files: read with a limit, replaced atomically. */
#ifndef XU_FILE_H
#define XU_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "xu_buf.h"
#include "xu_err.h"

/* Appends the file to out. -1 and an error that names the file. */
int xu_file_read(const char *path, size_t max, struct xu_buf *out,
    struct xu_err *e);
/* Reads from fd to its end. -1 with errno; E2BIG over max. */
int xu_fd_read(int fd, size_t max, struct xu_buf *out);
/* Writes all. -1 with errno. */
int xu_fd_write(int fd, const void *data, size_t len);
/* Temporary file in the same folder, fsync, rename, fsync of the folder: after a
 * crash there is the old content or the new one. */
int xu_file_replace(const char *path, const void *data, size_t len, mode_t mode,
    struct xu_err *e);
/* mkdir -p. */
int xu_mkdirs(const char *path, mode_t mode, struct xu_err *e);

#endif
