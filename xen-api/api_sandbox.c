/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What this process may not do, laid down before the first byte of a client is
 * read: gain privileges, open files, make sockets, start programs, map code,
 * leave a core with session ids in it.
 */
#include "config.h"

#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api.h"
#include "xu_log.h"
#include "xu_sanitize.h"

static const int allowed[] = {
	SCMP_SYS(accept4),
	SCMP_SYS(brk),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(close),
	/* For a socket that comes with new settings. */
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(eventfd2),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(fcntl),
	SCMP_SYS(fstat),
	SCMP_SYS(futex),
	SCMP_SYS(getpeername),
	SCMP_SYS(getpid),
	SCMP_SYS(getrandom),
	SCMP_SYS(getsockname),
	SCMP_SYS(getsockopt),
	SCMP_SYS(gettid),
	SCMP_SYS(gettimeofday),
	/* libuv's way to O_NONBLOCK. */
	SCMP_SYS(ioctl),
	SCMP_SYS(lseek),
	SCMP_SYS(madvise),
	SCMP_SYS(mremap),
	SCMP_SYS(munmap),
	SCMP_SYS(newfstatat),
	SCMP_SYS(ppoll),
	SCMP_SYS(poll),
	SCMP_SYS(pread64),
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sendfile),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(setsockopt),
	SCMP_SYS(shutdown),
	SCMP_SYS(tgkill),
	SCMP_SYS(time),
	SCMP_SYS(write),
	SCMP_SYS(writev),
};

int
api_sandbox_check(void)
{
	if (geteuid() != 0 || access("/dev/xen/privcmd", F_OK) != 0)
		return 0;
	xu_log(XU_ERROR,
	    "will not run as root where /dev/xen/privcmd is: xld starts me as "
	    "the user xld-api");
	return -1;
}

static int
filter(void)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	/* New memory, but none that can be executed. */
	const struct scmp_arg_cmp data =
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	int rc = f == NULL ? -ENOMEM : 0;

	for (size_t i = 0; rc == 0 && i < XU_ARRAY_SIZE(allowed); i++)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed[i], 0);
	if (rc == 0)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
		    data);
	if (rc == 0)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
		    data);
	/* libmicrohttpd joins a console to a TLS connection by a pair of its
	 * own. */
	if (rc == 0)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socketpair),
		    1, SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0));
	if (rc == 0)
		rc = seccomp_load(f);
	seccomp_release(f);
	if (rc < 0)
		xu_log(XU_ERROR, "seccomp: %s", strerror(-rc));
	return rc < 0 ? -1 : 0;
}

int
api_sandbox_enter(void)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		xu_log(XU_ERROR, "cannot limit myself: %s", strerror(errno));
		return -1;
	}
	return XU_SANITIZED ? 0 : filter();
}
