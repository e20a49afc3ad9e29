/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "xu_file.h"
#include "xu_tar.h"

#define BLOCK XU_TAR_BLOCK

/* POSIX.1-1988; every member is text in octal. */
struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8];
	char type, link[100], magic[6], version[2], user[32], group[32];
	char major[8], minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is a block");

int
xu_tar_head(char out[XU_TAR_BLOCK], const char *name, int64_t mtime, size_t len)
{
	struct header h = { .type = '0' };
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
	memcpy(out, &h, sizeof(h));
	return 0;
}

int
xu_tar_add(int fd, const char *name, int64_t mtime, const void *data,
    size_t len)
{
	static const char zero[BLOCK];
	const size_t rest = len % BLOCK;
	char head[BLOCK];

	if (xu_tar_head(head, name, mtime, len) < 0 ||
	    xu_fd_write(fd, head, sizeof(head)) < 0 ||
	    xu_fd_write(fd, data, len) < 0)
		return -1;
	return rest == 0 ? 0 : xu_fd_write(fd, zero, BLOCK - rest);
}

/* Blanks, digits, then blanks or NULs; nothing is 0. */
static int
octal(const char *p, size_t n, uint64_t *out)
{
	size_t i = 0;

	for (*out = 0; i < n && p[i] == ' '; i++)
		;
	for (; i < n && p[i] >= '0' && p[i] <= '7'; i++)
		*out = *out << 3 | (uint64_t)(p[i] - '0');
	for (; i < n; i++)
		if (p[i] != ' ' && p[i] != '\0')
			return -1;
	return 0;
}

/* Some writers have added up signed bytes. */
static bool
sum_fits(const struct header *h)
{
	const unsigned char *p = (const unsigned char *)h;
	const size_t at = offsetof(struct header, sum);
	unsigned sum = 0;
	int other = 0;
	uint64_t said;

	for (size_t i = 0; i < sizeof(*h); i++) {
		const bool own = i >= at && i < at + sizeof(h->sum);

		sum += own ? ' ' : p[i];
		other += own ? ' ' : (signed char)p[i];
	}
	return octal(h->sum, sizeof(h->sum), &said) == 0 &&
	    (said == sum || said == (uint64_t)other);
}

int
xu_tar_read(const char block[XU_TAR_BLOCK], struct xu_tar_entry *e)
{
	static const char zero[BLOCK];
	struct header h;
	bool prefix;

	if (memcmp(block, zero, BLOCK) == 0)
		return 0;
	memcpy(&h, block, sizeof(h));
	if (!sum_fits(&h) || octal(h.size, sizeof(h.size), &e->size) < 0)
		return -1;
	prefix = memcmp(h.magic, "ustar", 6) == 0 && h.prefix[0] != '\0';
	snprintf(e->name, sizeof(e->name), "%.*s%s%.*s",
	    prefix ? (int)sizeof(h.prefix) : 0, h.prefix, prefix ? "/" : "",
	    (int)sizeof(h.name), h.name);
	e->type = h.type == '\0' ? '0' : h.type;
	return 1;
}

int
xu_tar_end(int fd)
{
	static const char zero[2 * BLOCK];

	return xu_fd_write(fd, zero, sizeof(zero));
}
