/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "xu_file.h"
#include "xu_tar.h"

#define BLOCK 512

/* POSIX.1-1988; every member is text in octal. */
struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8];
	char type, link[100], magic[6], version[2], user[32], group[32];
	char major[8], minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is a block");

int
xu_tar_add(int fd, const char *name, int64_t mtime, const void *data,
    size_t len)
{
	static const char zero[BLOCK];
	struct header h = { .type = '0' };
	const size_t rest = len % BLOCK;
	unsigned sum = 0;

	/* Eleven octal digits. */
	if (strlen(name) >= sizeof(h.name) || len >= (size_t)1 << 33) {
		errno = EINVAL;
		return -1;
	}
	strcpy(h.name, name);
	strcpy(h.mode, "0000600");
	strcpy(h.uid, "0000000");
	strcpy(h.gid, "0000000");
	snprintf(h.size, sizeof(h.size), "%011llo", (unsigned long long)len);
	snprintf(h.mtime, sizeof(h.mtime), "%011llo",
	    (unsigned long long)mtime & 077777777777);
	memcpy(h.magic, "ustar", 6);
	memcpy(h.version, "00", 2);
	strcpy(h.user, "root");
	strcpy(h.group, "root");
	/* With blanks in its own place. */
	memset(h.sum, ' ', sizeof(h.sum));
	for (size_t i = 0; i < sizeof(h); i++)
		sum += ((const unsigned char *)&h)[i];
	snprintf(h.sum, sizeof(h.sum), "%06o", sum);
	if (xu_fd_write(fd, &h, sizeof(h)) < 0 ||
	    xu_fd_write(fd, data, len) < 0)
		return -1;
	return rest == 0 ? 0 : xu_fd_write(fd, zero, BLOCK - rest);
}

int
xu_tar_end(int fd)
{
	static const char zero[2 * BLOCK];

	return xu_fd_write(fd, zero, sizeof(zero));
}
