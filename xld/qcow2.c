/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See qcow2.h. Numbers have their highest byte first. */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "qcow2.h"
#include "xu_auto.h"

#define HEAD	     104u
#define CLUSTER_BITS 16u
#define CLUSTER	     (1u << CLUSTER_BITS)
/* Entries of the first level, of 512 MiB each: 64 TiB, which fill 16 clusters. */
#define L1_SIZE	     (16u * CLUSTER / 8)
/* More of them nobody reads: 32 MiB. */
#define L1_MOST	     (4u << 20)
/* Head, table of counts, counts; then the first level. */
#define CLUSTERS     (3u + 16u)

static void
put(uint8_t *at, uint64_t v, size_t n)
{
	while (n-- > 0) {
		at[n] = (uint8_t)v;
		v >>= 8;
	}
}

static uint64_t
get(const uint8_t *at, size_t n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | *at++;
	return v;
}

int
qcow2_read(int fd, struct qcow2 *q)
{
	uint8_t h[HEAD] = { 0 };

	if (pread(fd, h, sizeof(h), 0) < 72 || memcmp(h, "QFI\xfb", 4) != 0)
		return -1;
	*q = (struct qcow2){ .version = (uint32_t)get(h + 4, 4),
		.has_backing = get(h + 8, 8) != 0,
		.cluster_bits = (uint32_t)get(h + 20, 4),
		.size = get(h + 24, 8),
		.l1_size = (uint32_t)get(h + 36, 4) };
	/* From version 3 on: features one must know; 2 is a data file. */
	q->has_data_file = q->version == 3 && (get(h + 72, 8) & 4) != 0;
	if (q->version < 2 || q->version > 3 || q->cluster_bits < 9 ||
	    q->cluster_bits > 21 || q->l1_size > L1_MOST ||
	    q->size > (uint64_t)INT64_MAX)
		return -1;
	return 0;
}

static int
put_at(int fd, const void *p, size_t n, off_t at)
{
	ssize_t r = pwrite(fd, p, n, at);

	if (r == (ssize_t)n)
		return 0;
	if (r >= 0)
		errno = ENOSPC;
	return -1;
}

int
qcow2_make(int fd, uint64_t size)
{
	uint8_t h[HEAD] = "QFI\xfb", table[8], counts[2 * CLUSTERS];

	put(h + 4, 3, 4);
	put(h + 20, CLUSTER_BITS, 4);
	put(h + 24, size, 8);
	put(h + 36, L1_SIZE, 4);
	put(h + 40, 3 * CLUSTER, 8);
	put(h + 48, CLUSTER, 8);
	put(h + 56, 1, 4);
	/* Counts are of 1 << 4 bits. */
	put(h + 96, 4, 4);
	put(h + 100, HEAD, 4);
	put(table, 2 * CLUSTER, 8);
	for (size_t i = 0; i < CLUSTERS; i++)
		put(counts + 2 * i, 1, 2);
	/* Its tables are holes. The head comes last: before, it is no image. */
	if (ftruncate(fd, (off_t)CLUSTERS * CLUSTER) < 0 ||
	    put_at(fd, table, sizeof(table), CLUSTER) < 0 ||
	    put_at(fd, counts, sizeof(counts), 2 * CLUSTER) < 0 ||
	    fsync(fd) < 0 || put_at(fd, h, sizeof(h), 0) < 0)
		return -1;
	return fsync(fd);
}

int
qcow2_grow(int fd, uint64_t size)
{
	struct qcow2 q;
	uint64_t reach;
	uint8_t text[8];

	if (qcow2_read(fd, &q) < 0 || size < q.size) {
		errno = EINVAL;
		return -1;
	}
	/* 1 << cluster_bits - 3 clusters each. */
	reach = (uint64_t)q.l1_size << (2 * q.cluster_bits - 3);
	if (size > reach) {
		errno = EFBIG;
		return -1;
	}
	put(text, size, sizeof(text));
	if (put_at(fd, text, sizeof(text), 24) < 0)
		return -1;
	return fsync(fd);
}
