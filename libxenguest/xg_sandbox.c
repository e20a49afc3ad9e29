/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The child behind the wall. It holds the sealed copy of the file, a memory file
 * for the image and a socket; it may map the two, allocate, read what it is asked
 * for and write its report.
 * It has no other descriptor, no privilege, and bounds on time and memory; the
 * kernel that is short of memory ends it before anything else.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "xg_private.h"

#define NOBODY 65534
#define SOURCE 0
#define IMAGE 1
#define LINK 2
/* Bytes of the image between two words about it: two of the parent's windows. */
#define WORD_EVERY (4u << 20)

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifndef SANITIZED /* its runtime needs more */
static void
allow_only(void)
{
	static const int calls[] = {SCMP_SYS(munmap), SCMP_SYS(mremap),
	    SCMP_SYS(brk), SCMP_SYS(madvise), SCMP_SYS(exit),
	    SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn), SCMP_SYS(futex),
	    SCMP_SYS(clock_gettime)};
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);

	for (size_t i = 0; f != NULL && i < sizeof(calls) / sizeof(*calls); i++)
		if (seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0) < 0)
			_exit(3);
	/* For the second thread, too. */
	if (f == NULL || seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1) < 0 ||
	    seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
		SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) < 0 ||
	    seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ftruncate), 1,
		SCMP_A0(SCMP_CMP_EQ, IMAGE)) < 0 ||
	    seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(read), 1,
		SCMP_A0(SCMP_CMP_EQ, LINK)) < 0 ||
	    seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
		SCMP_A0(SCMP_CMP_EQ, LINK)) < 0 ||
	    /* Its own: they can only become tighter. */
	    seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1,
		SCMP_A0(SCMP_CMP_EQ, 0)) < 0 ||
	    seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(pwrite64), 1,
		SCMP_A0(SCMP_CMP_EQ, IMAGE)) < 0 ||
	    seccomp_load(f) < 0)
		_exit(3);
	seccomp_release(f);
}
#endif

static void
limit(int what, uint64_t value)
{
	struct rlimit r = {value, value}, now;

	/* A bound that holds already may be the tighter one. */
	if (getrlimit(what, &now) == 0 && now.rlim_max < value)
		r.rlim_cur = r.rlim_max = now.rlim_max;
	if (setrlimit(what, &r) < 0)
		_exit(3);
}

/* When memory runs out for all, this process goes first. */
static void
first_to_go(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1000", 4) < 0) {
		/* Some containers forbid it; nothing depends on it. */
	}
	close(fd);
}

/* By the second thread. The parent takes it for a guess, as it is. */
static void
told(const uint8_t *p, size_t n, uint64_t bytes)
{
	static struct xg_word w = { .magic = XG_WORD_MAGIC };
	struct xg_blob begin = { p, n };
	struct xg_kernel k;

	if (n > 0 && bytes == n && xg_elf_begins(&begin, &k) == 0) {
		w.nsegments = k.nsegments;
		memcpy(w.segments, k.segments, sizeof(w.segments));
	}
	if (w.nsegments == 0 || bytes - w.bytes < WORD_EVERY)
		return;
	w.bytes = bytes;
	if (write(LINK, &w, sizeof(w)) < 0) {
		/* Then the parent does it later. */
	}
}

static void
enter(int source, int image, int link)
{
	int a = fcntl(source, F_DUPFD, 10), b = fcntl(image, F_DUPFD, 10);
	int c = fcntl(link, F_DUPFD, 10);

	if (a < 0 || b < 0 || c < 0 || dup2(a, SOURCE) < 0 ||
	    dup2(b, IMAGE) < 0 || dup2(c, LINK) < 0)
		_exit(3);
	first_to_go();
	close_range(3, ~0u, 0);
	prctl(PR_SET_DUMPABLE, 0);
	if (geteuid() == 0 &&
	    (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 ||
		setuid(NOBODY) < 0))
		_exit(3);
	/* Another user would not have it any more. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		_exit(3);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NOFILE, 3);
	/* Before the filter, which lets no thread begin. */
	xg_aside_start(IMAGE, told);
#ifndef SANITIZED
	allow_only();
#endif
}

/* Behind the wall, before it sees the first byte of the file. */
static void
be_asked(struct xg_ask *ask)
{
	/* Nobody wants anything any more. */
	if (read(LINK, ask, sizeof(*ask)) != (ssize_t)sizeof(*ask))
		_exit(0);
	limit(RLIMIT_CPU, ask->limits.cpu);
	limit(RLIMIT_FSIZE, ask->limits.image);
#ifndef SANITIZED
	limit(RLIMIT_AS, ask->memory);
#endif
}

static void
expect(void *ctx, void *p, size_t n)
{
	(void)ctx;
	xg_aside_expect(p, n);
}

static int
x86(void *ctx)
{
	(void)ctx;
	return xg_aside_x86();
}

/* The image grows where the parent will find it: unpacked once, copied never. */
static uint8_t *
whole(void *ctx, uint64_t size)
{
	void *p;

	(void)ctx;
	if (ftruncate(IMAGE, (off_t)size) < 0)
		return NULL;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, IMAGE, 0);
	if (p == MAP_FAILED)
		return NULL;
	expect(ctx, p, size);
	return p;
}

static uint8_t *
next(void *ctx, size_t *n)
{
	(void)ctx;
	return xg_aside_next(n);
}

static int
put(void *ctx, size_t n)
{
	(void)ctx;
	return xg_aside_put(n);
}

static const uint8_t *
seen(void *ctx, uint64_t size, uint32_t *crc)
{
	void *p;

	(void)ctx;
	if (xg_aside_finish(crc) < 0)
		return NULL;
	p = mmap(NULL, size, PROT_READ, MAP_SHARED, IMAGE, 0);
	return p == MAP_FAILED ? NULL : p;
}

void
xg_sandbox(int source, int image, int link)
{
	static struct xg_report r = {.magic = XG_REPORT_MAGIC};
	struct xg_blob file = {.p = (const uint8_t *)""};
	static const struct xg_room room = {
		.whole = whole,
		.next = next,
		.put = put,
		.seen = seen,
		.x86 = x86,
		.expect = expect,
		.ends = true};
	const uint8_t *unpacked = NULL;
	struct xg_ask ask;
	void *map = NULL;

	enter(source, image, link);
	be_asked(&ask);
	file.size = ask.size;
	if (file.size > 0)
		map = mmap(NULL, file.size, PROT_READ, MAP_SHARED, SOURCE, 0);
	if (map == MAP_FAILED)
		r.failed = xg_fail(
		    &r.error, errno, "map the file: %s", strerror(errno));
	else if (map != NULL)
		file.p = map;
	if (r.failed == 0)
		r.failed = xg_examine(&file, &ask.limits, &room, &unpacked,
		    &r.kernel, &r.error);
	r.whole = unpacked == NULL;
	/* A socket takes this much at once. */
	_exit(write(LINK, &r, sizeof(r)) == (ssize_t)sizeof(r) ? 0 : 3);
}
