/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of xld-copy: one process that holds a few descriptors. */
#ifndef XLD_COPY_H
#define XLD_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CHUNK (1u << 20)

/* Beside 0, what it ends with. */
enum {
	COPY_FAILED = 1,
	/* Of a stream: it ended too soon, or nobody reads it any more; it is larger
	 * than the disk. */
	COPY_CUT = 3,
	COPY_LARGE = 4,
	/* Of an archive: see xva.h. Its words are those of enum xva_end. */
	COPY_TORN = 5,
	COPY_SUMS = 6,
	COPY_UNEXPECTED = 7,
	COPY_BAD = 8,
};

/* Two of the descriptors, 3 and 4 at first. */
extern int copy_from, copy_to;
/* copy_to is a device. */
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
/* Says it; gives the status. */
int copy_say_status(const char *words, int status);
/* All of it into a pipe: 0, or a status. */
int copy_send(int fd, const char *p, size_t n);
/* What comes in pieces by copy_from. */
struct copy_source {
	/* Of the piece that has begun; the last has come. */
	uint32_t left;
	bool ended;
};
/* Fills buf, or *n is what there was before the end. 0, or a status. */
int copy_get(struct copy_source *s, char *buf, size_t max, size_t *n);

/* ---- copy_xva.c: archives of machines --------------------------------------------- */

/* argv: as the program's. buf: of CHUNK bytes. A status. */
int copy_xva(char **argv, char *buf);

/* ---- copy_image.c: what is in a qcow2 image ---------------------------------------- */

struct image;
/* NULL: *why. */
struct image *image_open(int fd, int64_t size, const char **why);
/* n bytes of the disk at at, which are zeros where the image has none; *any: it has
 * some. NULL, or why not. */
const char *image_read(struct image *m, char *buf, size_t n, int64_t at,
    bool *any);
void image_close(struct image *m);

#endif
