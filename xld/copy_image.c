/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The content of a qcow2 image, as a guest sees it (docs/interop/qcow2 of QEMU). Its
 * tables are a guest's QEMU's, or a client's: every number is looked at, and what is
 * read is this one file. Images that need another file, a key or an unpacker are
 * refused.
 */
#include "config.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "copy.h"
#include "qcow2.h"

#define OFFSET	   UINT64_C(0x00fffffffffffe00)
#define COMPRESSED (UINT64_C(1) << 62)
#define ZERO	   UINT64_C(1)
/* What may be set of what one must know: "not closed well", which is about counts
 * that nobody asks for here. */
#define DIRTY	   UINT64_C(1)

struct image {
	int fd;
	int64_t size;
	uint32_t bits, l1_size, version;
	uint64_t l1;
	/* The table that was asked last, and where it is; 0 = none. */
	uint64_t *table, table_at;
};

/* n bytes; those behind the end of the file are zeros. */
static int
read_at(int fd, void *buf, size_t n, uint64_t at)
{
	char *p = buf;
	ssize_t r;

	if (at > (uint64_t)INT64_MAX - n)
		return -1;
	while (n > 0) {
		r = pread(fd, p, n, (off_t)at);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -1;
		if (r == 0) {
			memset(p, 0, n);
			break;
		}
		p += r;
		at += (uint64_t)r;
		n -= (size_t)r;
	}
	return 0;
}

struct image *
image_open(int fd, int64_t size, const char **why)
{
	struct image *m = calloc(1, sizeof(*m));
	struct qcow2 q;
	uint64_t h[13];

	*why = "it cannot be read";
	if (m == NULL || qcow2_read(fd, &q) < 0 ||
	    read_at(fd, h, sizeof(h), 0) < 0)
		goto fail;
	*why = "it is a part of others, has a key, or is of a kind that is not "
	       "known here; qemu-img convert makes a plain one of it";
	/* Byte 32: how it is encrypted. 72: features one must know. */
	if (q.has_backing || q.has_data_file || be64toh(h[4]) >> 32 != 0 ||
	    (q.version == 3 && (be64toh(h[9]) & ~DIRTY) != 0))
		goto fail;
	*why = "it is of another size than the disk";
	if (q.size != (uint64_t)size)
		goto fail;
	*m = (struct image){ .fd = fd, .size = size, .bits = q.cluster_bits,
		.l1_size = q.l1_size, .version = q.version,
		.l1 = be64toh(h[5]) };
	*why = "there is no memory";
	m->table = malloc((size_t)1 << m->bits);
	if (m->table != NULL)
		return m;
fail:
	free(m);
	return NULL;
}

/* Where the cluster with this byte is; 0: nowhere, all zeros. */
static const char *
find(struct image *m, uint64_t at, uint64_t *out)
{
	const uint64_t cluster = at >> m->bits, in_table = m->bits - 3;
	const uint64_t l1_index = cluster >> in_table;
	uint64_t entry;

	*out = 0;
	if (l1_index >= m->l1_size)
		return NULL;
	if (read_at(m->fd, &entry, sizeof(entry), m->l1 + l1_index * 8) < 0)
		return "its tables cannot be read";
	entry = be64toh(entry) & OFFSET;
	if (entry == 0)
		return NULL;
	if (entry != m->table_at) {
		m->table_at = 0;
		if (read_at(m->fd, m->table, (size_t)1 << m->bits, entry) < 0)
			return "its tables cannot be read";
		m->table_at = entry;
	}
	entry = be64toh(m->table[cluster & ((UINT64_C(1) << in_table) - 1)]);
	if ((entry & COMPRESSED) != 0)
		return "parts of it are compressed; qemu-img convert makes a "
		       "plain image of it";
	if (m->version < 3 || (entry & ZERO) == 0)
		*out = entry & OFFSET;
	return NULL;
}

const char *
image_read(struct image *m, char *buf, size_t n, int64_t at, bool *any)
{
	const uint64_t cluster = UINT64_C(1) << m->bits;
	const char *why;
	uint64_t where, in;
	size_t part;

	for (*any = false; n > 0; n -= part, buf += part, at += (int64_t)part) {
		in = (uint64_t)at & (cluster - 1);
		part = n < cluster - in ? n : (size_t)(cluster - in);
		why = find(m, (uint64_t)at, &where);
		if (why != NULL)
			return why;
		if (where == 0)
			memset(buf, 0, part);
		else if (read_at(m->fd, buf, part, where + in) < 0)
			return "it cannot be read";
		*any = *any || where != 0;
	}
	return NULL;
}

void
image_close(struct image *m)
{
	free(m->table);
	free(m);
}
