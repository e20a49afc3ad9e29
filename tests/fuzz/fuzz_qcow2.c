/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reaches qcow2.c: the head of an image that anybody wrote. One that is understood
 * can be made longer or is refused; nothing but its size changes. And copy_image.c,
 * which reads what is in one.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "copy.h"
#include "qcow2.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
grow(int fd, const struct qcow2 *q, const uint8_t *data, size_t size)
{
	uint64_t more = q->size + 512;
	uint8_t now[256];
	struct qcow2 after;
	ssize_t n;

	errno = 0;
	if (qcow2_grow(fd, more) < 0) {
		if (errno != EFBIG)
			abort();
		more = q->size;
	}
	if (more <= INT64_MAX &&
	    (qcow2_read(fd, &after) < 0 || after.size != more ||
		after.l1_size != q->l1_size))
		abort();
	n = pread(fd, now, sizeof(now), 0);
	for (ssize_t i = 0; i < n && (size_t)i < size; i++)
		if ((i < 24 || i >= 32) && now[i] != data[i])
			abort();
}

/* Its first and its last bytes. */
static void
read_it(int fd, const struct qcow2 *q)
{
	static char buf[3 << 16];
	const size_t n = q->size < sizeof(buf) ? (size_t)q->size : sizeof(buf);
	const char *why;
	struct image *m = image_open(fd, (int64_t)q->size, &why);
	bool any;

	if (m == NULL)
		return;
	why = image_read(m, buf, n, 0, &any);
	if (why == NULL)
		why = image_read(m, buf, n, (int64_t)(q->size - n), &any);
	image_close(m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("image", 0);
	struct qcow2 q;

	if (fd < 0)
		return 0;
	if (write(fd, data, size) == (ssize_t)size && qcow2_read(fd, &q) == 0) {
		read_it(fd, &q);
		grow(fd, &q, data, size);
	}
	close(fd);
	return 0;
}
