/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames on a blocking descriptor. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "xh.h"

int
xh_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	while (len > 0) {
		n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
read_all(int fd, void *data, size_t len)
{
	char *p = data;
	ssize_t n;

	while (len > 0) {
		n = read(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int
xh_send(int fd, enum xh_type type, const void *data, size_t len)
{
	char buf[XH_HDR + 4096];
	uint32_t n = (uint32_t)len;

	buf[0] = (char)type;
	memcpy(buf + 1, &n, sizeof(n));
	if (len <= sizeof(buf) - XH_HDR) {
		if (len > 0)
			memcpy(buf + XH_HDR, data, len);
		return xh_write_all(fd, buf, XH_HDR + len);
	}
	if (xh_write_all(fd, buf, XH_HDR) < 0)
		return -1;
	return xh_write_all(fd, data, len);
}

int
xh_recv(int fd, struct xh_frame *f)
{
	char hdr[XH_HDR];

	if (read_all(fd, hdr, sizeof(hdr)) < 0)
		return -1;
	f->type = (uint8_t)hdr[0];
	memcpy(&f->len, hdr + 1, sizeof(f->len));
	if (f->len > XH_ARGS || read_all(fd, f->data, f->len) < 0)
		return -1;
	f->data[f->len] = '\0';
	return 0;
}
