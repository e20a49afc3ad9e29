/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reaches xg_image.c, xg_in.c, xg_parse.c: images of domains. The sum at the end of one
 * of ours is set right, so that what is before it is read to its end. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "xg_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct xg_error e = { .msg = "" };
	struct xg_image *m = NULL;
	struct xg_trailer t;

	if (fd < 0)
		fd = memfd_create("image", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) < 0 ||
	    pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	if (size > sizeof(t)) {
		memcpy(t.magic, XG_TRAILER_MAGIC, sizeof(t.magic));
		t.bytes = size - sizeof(t);
		t.sum = 0;
		if (pwrite(fd, &t, sizeof(t), (off_t)t.bytes) !=
		    (ssize_t)sizeof(t))
			abort();
	}
	lseek(fd, 0, SEEK_SET);
	if ((xg_image_open(fd, &m, &e) < 0 || xg_image_check(m, &e) < 0) &&
	    e.msg[0] == '\0')
		abort();
	xg_image_close(&m);
	return 0;
}
