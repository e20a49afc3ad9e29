/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xld-copy [START]: the content of descriptor 3 to descriptor 4, from byte START (0)
 * on, holes as holes, and only by reference where one file system has both and can;
 * in a device, whose old bytes are others', holes and what is behind the content as
 * zeros. What is copied is a guest's, so this is nobody, with
 * nothing but the two files. Says how far it is in per cent, a line each; otherwise
 * why it failed. Status 0: all is on disk.
 *
 * xld-copy give SIZE, take SIZE, take-image MOST: one of the two is a pipe; see
 * copy_stream.c. xld-copy xva-give ..., xva-take ...: see copy_xva.c.
 */
#include "config.h"

#include <errno.h>
#include <linux/fs.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copy.h"

/* A hole is no smaller. */
#define BLOCK (1u << 14)
/* Zeros at a time, and what devices want them aligned to. */
#define ZEROS ((off_t)64 << 20)
#define ALIGN 4096

int copy_from = 3, copy_to = 4;
bool copy_device;

int
copy_fail(const char *what)
{
	char line[200];
	int n = snprintf(line, sizeof(line), "%s: %s\n", what, strerror(errno));

	if (write(STDOUT_FILENO, line, (size_t)n) < 0)
		return 2;
	return COPY_FAILED;
}

static int
confine(void)
{
	static const unsigned long requests[] = { BLKZEROOUT, FICLONE };
	static const int calls[] = { SCMP_SYS(read), SCMP_SYS(write),
		SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(lseek),
		SCMP_SYS(fsync), SCMP_SYS(ftruncate), SCMP_SYS(exit_group),
		SCMP_SYS(exit), SCMP_SYS(brk), SCMP_SYS(mmap),
		SCMP_SYS(mremap), SCMP_SYS(munmap), SCMP_SYS(madvise) };
	scmp_filter_ctx f;
	int r = 0;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
	    (f = seccomp_init(SCMP_ACT_KILL_PROCESS)) == NULL)
		return -1;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0);
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
		    SCMP_A1(SCMP_CMP_EQ, requests[i], 0));
	r |= seccomp_load(f);
	seccomp_release(f);
	return r == 0 ? 0 : -1;
}

bool
copy_is_zero(const char *p, size_t n)
{
	return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

static int
put(const char *p, size_t n, off_t at)
{
	ssize_t w;

	while (n > 0) {
		w = pwrite(copy_to, p, n, at);
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return -1;
		p += w;
		n -= (size_t)w;
		at += w;
	}
	return 0;
}

int
copy_put(const char *p, size_t n, off_t at)
{
	size_t len;

	for (size_t i = 0; i < n; i += len) {
		len = n - i < BLOCK ? n - i : BLOCK;
		if ((copy_device || !copy_is_zero(p + i, len)) &&
		    put(p + i, len, at + (off_t)i) < 0)
			return -1;
	}
	return 0;
}

void
copy_say(off_t at, off_t size)
{
	static int said = -1;
	int percent = at < size ? (int)(at / ((size + 99) / 100)) : 100;
	char line[8];
	int n;

	if (percent == said || percent > 100)
		return;
	said = percent;
	n = snprintf(line, sizeof(line), "%d\n", percent);
	if (write(STDOUT_FILENO, line, (size_t)n) < 0)
		_exit(2);
}

int
copy_zeros(off_t at, off_t end, off_t size)
{
	static const char none[ALIGN];
	uint64_t range[2];
	off_t n;

	while (at < end) {
		copy_say(at, size);
		n = end - at;
		if (at % ALIGN != 0 || n < ALIGN) {
			n = n < ALIGN - at % ALIGN ? n : ALIGN - at % ALIGN;
			if (put(none, (size_t)n, at) < 0)
				return -1;
		} else {
			n = n < ZEROS ? n / ALIGN * ALIGN : ZEROS;
			range[0] = (uint64_t)at;
			range[1] = (uint64_t)n;
			if (ioctl(copy_to, BLKZEROOUT, range) < 0)
				return -1;
		}
		at += n;
	}
	return 0;
}

off_t
copy_data_at(off_t at, off_t size)
{
	off_t next = lseek(copy_from, at, SEEK_DATA);

	if (next >= 0)
		return next;
	/* EINVAL: the file system does not know; all of it is read. */
	return errno == ENXIO ? size : at;
}

/* Up to the end of the source. NULL: done; else what failed. */
static const char *
copy(char *buf, off_t at, off_t size, off_t end)
{
	off_t hole;
	ssize_t n;

	for (;;) {
		hole = at;
		at = at < size ? copy_data_at(at, size) : at;
		if (copy_device && copy_zeros(hole, at, end) < 0)
			return "write";
		if (at >= size)
			return NULL;
		copy_say(at, end);
		n = pread(copy_from, buf, CHUNK, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return "read";
		if (n == 0)
			return NULL;
		if (copy_put(buf, (size_t)n, at) < 0)
			return "write";
		at += n;
	}
}

/* Where the file system can, both files have the same blocks until one of them is
 * written to: that takes no time. */
static bool
share(off_t start)
{
	return start == 0 && !copy_device &&
	    ioctl(copy_to, FICLONE, copy_from) == 0;
}

static int
copy_all(char *buf, off_t start)
{
	const char *failed = NULL;
	off_t size, end;

	size = lseek(copy_from, 0, SEEK_END);
	if (size < 0)
		return copy_fail("look at the source");
	end = copy_device ? lseek(copy_to, 0, SEEK_END) : size;
	if (end < size) {
		errno = end < 0 ? errno : ENOSPC;
		return copy_fail("look at the target");
	}
	if (!share(start))
		failed = copy(buf, start, size, end);
	if (failed == NULL && copy_device &&
	    copy_zeros(start > size ? start : size, end, end) < 0)
		failed = "write";
	if (failed != NULL)
		return copy_fail(failed);
	if (fsync(copy_to) < 0)
		return copy_fail("write to disk");
	copy_say(end, end);
	return 0;
}

int
main(int argc, char **argv)
{
	char *buf = malloc(CHUNK);
	struct stat st;

	copy_device = fstat(copy_to, &st) == 0 && S_ISBLK(st.st_mode);
	/* Who reads the pipe may go. */
	signal(SIGPIPE, SIG_IGN);
	if (buf == NULL || confine() < 0)
		return copy_fail("prepare");
	if (argc > 2 && strncmp(argv[1], "xva-", 4) == 0)
		return copy_xva(argv, buf);
	if (argc > 2)
		return copy_stream(argv[1], strtoll(argv[2], NULL, 10), buf);
	return copy_all(buf, argc > 1 ? strtoll(argv[1], NULL, 10) : 0);
}
