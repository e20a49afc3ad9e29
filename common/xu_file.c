/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole files; see xu_file.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "xu_file.h"

int
xu_fd_read(int fd, size_t max, struct xu_buf *out)
{
	size_t start = out->len, chunk = 65536, before;
	ssize_t r;
	void *p;

	for (;;) {
		before = out->len;
		p = xu_buf_reserve(out, chunk);
		if (p == NULL) {
			errno = out->error;
			return -1;
		}
		do
			r = read(fd, p, chunk);
		while (r < 0 && errno == EINTR);
		out->len = before + (r > 0 ? (size_t)r : 0);
		if (r <= 0)
			break;
		if (out->len - start > max) {
			errno = E2BIG;
			return -1;
		}
	}
	if (out->data != NULL)
		out->data[out->len] = '\0';
	return r < 0 ? -1 : 0;
}

int
xu_file_read(const char *path, size_t max, struct xu_buf *out,
    struct xu_err *e)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return xu_err_set(e, "INVALID_VALUE", errno, "open %s", path);
	if (xu_fd_read(fd, max, out) < 0) {
		if (errno == E2BIG)
			return xu_err_set(e, "INVALID_VALUE", 0,
			    "%s is larger than %zu bytes", path, max);
		return xu_err_set(e, "INTERNAL_ERROR", errno, "read %s", path);
	}
	return 0;
}

int
xu_fd_write(int fd, const void *data, size_t len)
{
	const char *p = data;
	ssize_t r;

	while (len != 0) {
		r = write(fd, p, len);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0) {
			if (r == 0)
				errno = EIO;
			return -1;
		}
		p += r;
		len -= (size_t)r;
	}
	return 0;
}

static void
sync_folder(const char *path)
{
	AUTO_FREE char *dir = strdup(path);
	AUTO_CLOSE int fd = -1;
	char *slash;

	if (dir == NULL)
		return;
	slash = strrchr(dir, '/');
	if (slash == NULL)
		return;
	*slash = '\0';
	fd = open(*dir == '\0' ? "/" : dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		fsync(fd);
}

int
xu_file_replace(const char *path, const void *data, size_t len, mode_t mode,
    struct xu_err *e)
{
	AUTO_BUF struct xu_buf tmp = XU_BUF_INIT;
	AUTO_CLOSE int fd = -1;
	int r;

	xu_buf_addf(&tmp, "%s.%d.new", path, (int)getpid());
	if (tmp.error != 0)
		return xu_err_set(e, "INTERNAL_ERROR", tmp.error, "write %s",
		    path);
	fd = open(tmp.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0)
		return xu_err_set(e, "INTERNAL_ERROR", errno, "create %s",
		    tmp.data);
	r = xu_fd_write(fd, data, len);
	if (r == 0)
		r = fsync(fd);
	if (r == 0)
		r = rename(tmp.data, path);
	if (r < 0) {
		xu_err_set(e, "INTERNAL_ERROR", errno, "write %s", path);
		unlink(tmp.data);
		return -1;
	}
	sync_folder(path);
	return 0;
}

int
xu_mkdirs(const char *path, mode_t mode, struct xu_err *e)
{
	AUTO_FREE char *copy = strdup(path);
	char *p;

	if (copy == NULL)
		return xu_err_set(e, "INTERNAL_ERROR", ENOMEM, "create %s",
		    path);
	for (p = copy + 1;; p++) {
		char c = *p;

		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		if (mkdir(copy, c == '\0' ? mode : 0755) < 0 && errno != EEXIST)
			return xu_err_set(e, "INTERNAL_ERROR", errno,
			    "create folder %s", copy);
		if (c == '\0')
			return 0;
		*p = c;
	}
}
