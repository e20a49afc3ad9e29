/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See confine.h. */
#include "config.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/resource.h>

#include "../walls.h"
#include "confine.h"
#include "xu_sanitize.h"

/* Address space: tables of all frame numbers that there may be (mostly untouched), the
 * guest's memory as it is mapped piece by piece, and an output buffer. */
#define ROOM (8ull << 30)

#if !XU_SANITIZED
static int
filter(void)
{
	static const int calls[] = { SCMP_SYS(read), SCMP_SYS(write),
		SCMP_SYS(pread64), SCMP_SYS(lseek), SCMP_SYS(fsync),
		SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(recvmsg),
		SCMP_SYS(sendmsg), SCMP_SYS(close), SCMP_SYS(ioctl),
		SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
		SCMP_SYS(brk), SCMP_SYS(futex), SCMP_SYS(clock_gettime),
		SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
		SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getrandom), SCMP_SYS(rt_sigreturn),
		SCMP_SYS(rt_sigprocmask), SCMP_SYS(tgkill), SCMP_SYS(exit),
		SCMP_SYS(exit_group) };
	scmp_filter_ctx f = walls_filter(calls, sizeof(calls) / sizeof(calls[0]));

	if (f == NULL)
		return -1;
	/* How a core may be written to its file. */
	if (seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
		SCMP_A1(SCMP_CMP_EQ, F_GETFL)) == 0)
		return walls_load(f);
	seccomp_release(f);
	return -1;
}
#endif

static int
limit(int what, uint64_t value)
{
	const struct rlimit r = { value, value };

	return setrlimit(what, &r);
}

int
confine(void)
{
	if (walls_nobody() < 0 || limit(RLIMIT_NPROC, 0) < 0)
		return -1;
#if XU_SANITIZED
	return 0;
#else
	return limit(RLIMIT_AS, ROOM) < 0 ? -1 : filter();
#endif
}
