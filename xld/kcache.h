/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kernels that were unpacked once: their images in sealed memory, found again by
 * the identity of the file they came from. Nothing here reads a kernel; what
 * comes from a worker is checked before it is kept.
 *
 * A file is the same when device, inode, size and both of its times are. One
 * that was touched so recently that another change might not show in its times
 * is not remembered. Files of equal content (a digest that was computed over the
 * bytes that were examined) share an image.
 *
 * The images of all together have a ceiling; who was not used for longest goes
 * first. All go when the host runs short of memory.
 */
#ifndef KCACHE_H
#define KCACHE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "xenguest.h"
#include "xu_val.h"

struct kcache_id {
	uint64_t dev, ino, size;
	/* Nanoseconds since 1970. */
	int64_t mtime, ctime;
	/* Both are old enough: a change from now on will show. */
	bool settled;
};

struct kcache_stats {
	/* Looked for and found, looked for in vain; kept, refused, let go. */
	uint64_t hits, misses, kept, refused, dropped;
	uint64_t bytes;
	unsigned images;
};

struct kcache;

/* max: bytes of all images, 0 = none is kept. loop NULL: pressure is not watched,
 * as in tests. proc: the folder "/proc". NULL with ENOMEM. */
struct kcache *kcache_new(uv_loop_t *loop, uint64_t max, const char *proc);
/* Its watch on the loop is closed, and ends with the loop. */
void kcache_free(struct kcache **c);

/* False: fd is no regular file. */
bool kcache_identify(int fd, struct kcache_id *out);
bool kcache_same(const struct kcache_id *a, const struct kcache_id *b);

/* The kernel of that file, or NULL. It and its descriptor are the cache's, until
 * the next call. */
const struct xg_kernel *kcache_find(struct kcache *c,
    const struct kcache_id *id);
/*
 * Takes k->fd in any case. 0, or -1 with errno when it is not kept: EAGAIN (its
 * file is too new), EFBIG (beyond the ceiling), ENOMEM (the host is short of
 * memory), EINVAL (not sealed, or what it says is inconsistent).
 */
int kcache_keep(struct kcache *c, const struct kcache_id *id,
    struct xg_kernel *k);
/* Lets go until at most that many bytes are held. */
void kcache_shrink(struct kcache *c, uint64_t bytes);
void kcache_stats(const struct kcache *c, struct kcache_stats *out);

#endif
