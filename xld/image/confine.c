/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See confine.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "confine.h"
#include "xu_sanitize.h"

#define NOBODY 65534
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
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r = f == NULL ? -1 : 0;

	for (size_t i = 0; r == 0 && i < sizeof(calls) / sizeof(calls[0]); i++)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0);
	if (r == 0)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
		    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	/* How a core may be written to its file. */
	if (r == 0)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
		    SCMP_A1(SCMP_CMP_EQ, F_GETFL));
	if (r == 0)
		r = seccomp_load(f);
	seccomp_release(f);
	return r == 0 ? 0 : -1;
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
	if (prctl(PR_SET_DUMPABLE, 0) < 0 ||
	    (geteuid() == 0 && (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 ||
		setuid(NOBODY) < 0)) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    /* What a change of identity may have taken back. */
	    prctl(PR_SET_PDEATHSIG, 9) < 0 || limit(RLIMIT_CORE, 0) < 0 ||
	    limit(RLIMIT_NPROC, 0) < 0)
		return -1;
#if XU_SANITIZED
	return 0;
#else
	return limit(RLIMIT_AS, ROOM) < 0 ? -1 : filter();
#endif
}
