/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See sysfs.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "errors.h"
#include "sysfs.h"
#include "xu_file.h"

#define PATH(path, fmt)                                                        \
	do {                                                                   \
		va_list ap;                                                    \
                                                                               \
		va_start(ap, fmt);                                             \
		vsnprintf(path, sizeof(path), fmt, ap);                        \
		va_end(ap);                                                    \
	} while (0)

void
sysfs_word(char *out, size_t room, const char *fmt, ...)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	char path[PATH_MAX];
	size_t n;

	PATH(path, fmt);
	out[0] = '\0';
	if (xu_file_read(path, 4096, &b, NULL) < 0)
		return;
	snprintf(out, room, "%s", xu_buf_text(&b));
	n = strlen(out);
	while (n > 0 && strchr(" \n", out[n - 1]) != NULL)
		out[--n] = '\0';
}

void
sysfs_link(char *out, size_t room, const char *fmt, ...)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *last;
	ssize_t n;

	PATH(path, fmt);
	n = readlink(path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	last = strrchr(target, '/');
	snprintf(out, room, "%s", last != NULL ? last + 1 : target);
}

int
sysfs_write(const char *text, struct xu_err *e, const char *fmt, ...)
{
	char path[PATH_MAX];
	int fd, r;

	PATH(path, fmt);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	r = fd < 0 ? -1 : xu_fd_write(fd, text, strlen(text));
	if (r < 0) {
		xu_err_set(e, XE(XLD_FILE), errno, "write '%s' to %s", text,
		    path);
		xu_err_param(e, "%s", path);
		xu_err_param(e, "%s", strerror(errno));
	}
	if (fd >= 0)
		close(fd);
	return r;
}
