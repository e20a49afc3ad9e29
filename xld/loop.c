/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See loop.h. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "loop.h"
#include "xu_auto.h"

#define CONTROL "/dev/loop-control"
/* Others may take a free one before we do. */
#define TRIES 64
/* In the name that a loop device carries: it is ours. */
#define OURS "xld:"

static int
fail(struct xu_err *e, const char *path, const char *what)
{
	int errnum = errno;

	xu_err_set(e, "XLD_DEVICE", 0, "a loop device for %s: %s: %s%s", path,
	    what, strerror(errnum),
	    errnum == ENOENT || errnum == ENODEV ?
		"; is the module loop loaded?" :
		errnum == ENOSPC || errnum == EAGAIN ?
		"; all are in use, see losetup -a" : "");
	xu_err_param(e, "%s", path);
	xu_err_param(e, "%s", strerror(errnum));
	return -1;
}

static int
open_number(int number, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/loop%d", number);
	return open(path, flags | O_CLOEXEC);
}

/* 0, 1 = somebody was faster, -1. */
static int
configure(struct loop *l, int file, const char *path, bool readonly)
{
	struct loop_config c = { .fd = (uint32_t)file,
		.info.lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO |
		    (readonly ? LO_FLAGS_READ_ONLY : 0) };

	snprintf((char *)c.info.lo_file_name, sizeof(c.info.lo_file_name),
	    OURS "%s", path);
	l->fd = open_number(l->number, readonly ? O_RDONLY : O_RDWR);
	if (l->fd < 0)
		return -1;
	if (ioctl(l->fd, LOOP_CONFIGURE, &c) == 0)
		return 0;
	close(l->fd);
	l->fd = -1;
	return errno == EBUSY ? 1 : -1;
}

int
loop_open(struct loop *l, int file, const char *path, bool readonly,
    struct xu_err *e)
{
	int control = open(CONTROL, O_RDWR | O_CLOEXEC), r = 1;

	l->fd = -1;
	if (control < 0)
		return fail(e, path, CONTROL);
	for (int i = 0; i < TRIES && r > 0; i++) {
		l->number = ioctl(control, LOOP_CTL_GET_FREE);
		r = l->number < 0 ? -1 : configure(l, file, path, readonly);
	}
	if (r > 0)
		errno = EAGAIN;
	if (r != 0)
		fail(e, path, l->number < 0 ? "none is free" : "set it up");
	close(control);
	return r == 0 ? 0 : -1;
}

void
loop_close(struct loop *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

static bool
is_of(int number, const struct stat *st)
{
	struct loop_info64 i;
	int fd = open_number(number, O_RDONLY);
	bool it = fd >= 0 && ioctl(fd, LOOP_GET_STATUS64, &i) == 0 &&
	    i.lo_inode == st->st_ino && i.lo_device == st->st_dev &&
	    strncmp((char *)i.lo_file_name, OURS, sizeof(OURS) - 1) != 0;

	if (fd >= 0)
		close(fd);
	return it;
}

int
loop_of_file(const struct stat *st)
{
	DIR *d = opendir("/sys/block");
	const struct dirent *ent;
	char path[64];
	int number, found = -1;

	while (d != NULL && found < 0 && (ent = readdir(d)) != NULL) {
		if (sscanf(ent->d_name, "loop%d", &number) != 1)
			continue;
		/* Only one with a file has this folder. */
		snprintf(path, sizeof(path), "/sys/block/loop%d/loop", number);
		if (access(path, F_OK) == 0 && is_of(number, st))
			found = number;
	}
	if (d != NULL)
		closedir(d);
	return found;
}
