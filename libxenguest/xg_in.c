/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An image on its way in: exact reads, and the sum of all of it. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "xg_stream.h"

int
xg_bad(struct xg_error *e, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return xg_fail(e, EBADMSG, "the image is damaged: %s", text);
}

/* A guest's memory is nothing the kernel can pin, which some file systems want
 * to do with what they read into. */
static ssize_t
read_by_copy(int fd, void *to, size_t n)
{
	static char copy[64 << 10];
	ssize_t r = read(fd, copy, n < sizeof(copy) ? n : sizeof(copy));

	if (r > 0)
		memcpy(to, copy, (size_t)r);
	return r;
}

int
xg_in_read(struct xg_in *in, void *p, size_t n)
{
	uint8_t *to = p;
	ssize_t r;

	for (size_t got = 0; got < n; got += (size_t)r) {
		r = read(in->fd, to + got, n - got);
		if (r < 0 && errno == EFAULT)
			r = read_by_copy(in->fd, to + got, n - got);
		if (r < 0 && errno == EINTR)
			r = 0;
		else if (r < 0)
			return xg_fail(in->e, errno, "read the image: %s",
			    strerror(errno));
		else if (r == 0)
			return xg_bad(in->e, "it ends after %llu bytes",
			    (unsigned long long)(in->bytes + got));
	}
	in->bytes += n;
	xg_sum_add(&in->sum, p, n);
	return 0;
}

int
xg_in_skip(struct xg_in *in, uint64_t n)
{
	static uint64_t waste[8192];
	size_t part;

	for (; n > 0; n -= part) {
		part = n < sizeof(waste) ? n : sizeof(waste);
		if (xg_in_read(in, waste, part) < 0)
			return -1;
	}
	return 0;
}
