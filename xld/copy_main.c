/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xld-copy: the content of descriptor 3 to descriptor 4, holes as holes. What is
 * copied is a guest's, so this is nobody, with nothing but the two files. Says how
 * far it is in per cent, a line each; otherwise why it failed. Status 0: all is on
 * disk.
 */
#include "config.h"

#include <errno.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FROM  3
#define TO    4
#define CHUNK (1u << 20)
/* A hole is no smaller. */
#define BLOCK (1u << 14)

static int
fail(const char *what)
{
	char line[200];
	int n = snprintf(line, sizeof(line), "%s: %s\n", what, strerror(errno));

	if (write(STDOUT_FILENO, line, (size_t)n) < 0)
		return 2;
	return 1;
}

static int
confine(void)
{
	static const int calls[] = { SCMP_SYS(read), SCMP_SYS(write),
		SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(lseek),
		SCMP_SYS(fsync), SCMP_SYS(exit_group), SCMP_SYS(exit),
		SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(munmap) };
	scmp_filter_ctx f;
	int r = 0;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
	    (f = seccomp_init(SCMP_ACT_KILL_PROCESS)) == NULL)
		return -1;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0);
	r |= seccomp_load(f);
	seccomp_release(f);
	return r == 0 ? 0 : -1;
}

static bool
is_zero(const char *p, size_t n)
{
	return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

static int
put(const char *p, size_t n, off_t at)
{
	ssize_t w;

	while (n > 0) {
		w = pwrite(TO, p, n, at);
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

/* What is not all zeros. */
static int
put_data(const char *p, size_t n, off_t at)
{
	size_t len;

	for (size_t i = 0; i < n; i += len) {
		len = n - i < BLOCK ? n - i : BLOCK;
		if (!is_zero(p + i, len) && put(p + i, len, at + (off_t)i) < 0)
			return -1;
	}
	return 0;
}

static void
say(off_t at, off_t size)
{
	static int said = -1;
	int percent = size > 0 ? (int)(at / ((size + 99) / 100)) : 100;
	char line[8];
	int n;

	if (percent == said || percent > 100)
		return;
	said = percent;
	n = snprintf(line, sizeof(line), "%d\n", percent);
	if (write(STDOUT_FILENO, line, (size_t)n) < 0)
		_exit(2);
}

/* The next byte that may not be zero; size: none. */
static off_t
data_at(off_t at, off_t size)
{
	off_t next = lseek(FROM, at, SEEK_DATA);

	if (next >= 0)
		return next;
	/* EINVAL: the file system does not know; all of it is read. */
	return errno == ENXIO ? size : at;
}

int
main(void)
{
	char *buf = malloc(CHUNK);
	off_t size, at = 0;
	ssize_t n;

	if (buf == NULL || confine() < 0)
		return fail("prepare");
	size = lseek(FROM, 0, SEEK_END);
	if (size < 0)
		return fail("look at the source");
	while ((at = data_at(at, size)) < size) {
		say(at, size);
		n = pread(FROM, buf, CHUNK, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail("read");
		if (n == 0)
			break;
		if (put_data(buf, (size_t)n, at) < 0)
			return fail("write");
		at += n;
	}
	if (fsync(TO) < 0)
		return fail("write to disk");
	say(size, size);
	return 0;
}
