/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of xld-copy: one process that holds two descriptors. */
#ifndef XLD_COPY_H
#define XLD_COPY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define FROM  3
#define TO    4
#define CHUNK (1u << 20)

/* Beside 0, what it ends with. */
enum {
	COPY_FAILED = 1,
	/* Of a stream: it ended too soon, or nobody reads it any more; it is larger
	 * than the disk. */
	COPY_CUT = 3,
	COPY_LARGE = 4,
};

/* Descriptor 4 is a device. */
extern bool copy_device;

/* Says what failed, and why by errno; a status. */
int copy_fail(const char *what);
void copy_say(off_t at, off_t size);
bool copy_is_zero(const char *p, size_t n);
/* The next byte of the source that may not be zero; size: none. */
off_t copy_data_at(off_t at, off_t size);
/* What is not all zeros. */
int copy_put(const char *p, size_t n, off_t at);
/* From at to end of a device, where nothing of ours is. */
int copy_zeros(off_t at, off_t end, off_t size);

/* ---- copy_stream.c ------------------------------------------------------------- */

/* how: as the program's first word. buf: of CHUNK bytes. A status. */
int copy_stream(const char *how, int64_t size, char *buf);

#endif
