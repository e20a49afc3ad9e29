/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The worker's side of supervise.h: sockets it is left, and its cage. */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "supervise.h"
#include "xu_auto.h"
#include "xu_log.h"
#include "xu_sanitize.h"

static int *sockets;
static size_t nsockets;
static enum sup_start how;
static bool supervised;

int
worker_begin(struct xu_err *e)
{
	int fds[SUP_SOCKETS_MAX], *more, r;
	struct sup_msg m;
	size_t n;

	supervised = true;
	for (;;) {
		r = sup_recv(SUP_FD, &m, fds, &n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return xu_err_set(e, "INTERNAL_ERROR", r < 0 ? errno : 0,
			    "--worker is for the supervisor alone");
		if (m.kind == SUP_START) {
			how = (enum sup_start)m.how;
			return 0;
		}
		more = reallocarray(sockets, nsockets + n, sizeof(int));
		if (more == NULL)
			return xu_err_set(e, "INTERNAL_ERROR", ENOMEM, "start");
		sockets = more;
		memcpy(sockets + nsockets, fds, n * sizeof(int));
		nsockets += n;
	}
}

int
worker_socket(uint32_t number)
{
	return number < nsockets ? sockets[number] : -1;
}

enum sup_start
worker_how(void)
{
	return how;
}

void
worker_ready(void)
{
	struct sup_msg m = { .kind = SUP_READY };

	free(sockets);
	sockets = NULL;
	nsockets = 0;
	if (supervised)
		(void)sup_send(SUP_FD, &m, NULL, 0);
}

/* --- the cage ----------------------------------------------------------------------- */

static int
become(const char *user, const char *state_dir, struct xu_err *e)
{
	const struct passwd *pw = getpwnam(user);

	if (geteuid() != 0)
		return 0;
	if (pw == NULL) {
		xu_log(XU_WARNING, "there is no user '%s': xenstored stays root "
				   "(systemd-sysusers makes it)", user);
		return 0;
	}
	if (state_dir[0] != '\0' && chown(state_dir, pw->pw_uid, pw->pw_gid) < 0)
		return xu_err_set(e, "INTERNAL_ERROR", errno, "chown %s",
		    state_dir);
	if (setgroups(0, NULL) < 0 ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) < 0 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) < 0)
		return xu_err_set(e, "INTERNAL_ERROR", errno, "become %s",
		    user);
	/* The change of identity undid it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (state_dir[0] != '\0' && access(state_dir, W_OK | X_OK) < 0)
		return xu_err_set(e, "INTERNAL_ERROR", errno,
		    "the user %s cannot write to %s (may it pass all folders "
		    "above?)", user, state_dir);
	return 0;
}

/* What serving takes; files are the journal's. Nothing that starts a program,
 * opens a connection or changes who we are. */
static const int allowed[] = { SCMP_SYS(accept4), SCMP_SYS(access),
	SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(brk),
	SCMP_SYS(clock_gettime), SCMP_SYS(close), SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2),
	SCMP_SYS(epoll_wait), SCMP_SYS(eventfd2), SCMP_SYS(exit),
	SCMP_SYS(exit_group), SCMP_SYS(fallocate), SCMP_SYS(fcntl),
	SCMP_SYS(fstat), SCMP_SYS(ftruncate), SCMP_SYS(futex),
	SCMP_SYS(getpid), SCMP_SYS(getrandom), SCMP_SYS(gettid),
	SCMP_SYS(gettimeofday), SCMP_SYS(ioctl), SCMP_SYS(lseek),
	SCMP_SYS(madvise), SCMP_SYS(memfd_create), SCMP_SYS(mmap), SCMP_SYS(mprotect),
	SCMP_SYS(mremap), SCMP_SYS(munmap), SCMP_SYS(newfstatat),
	SCMP_SYS(openat), SCMP_SYS(poll), SCMP_SYS(pread64),
	SCMP_SYS(pwrite64), SCMP_SYS(read), SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg), SCMP_SYS(rename), SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(sched_yield), SCMP_SYS(sendmsg),
	SCMP_SYS(sendto), SCMP_SYS(tgkill), SCMP_SYS(time),
	SCMP_SYS(unlink), SCMP_SYS(write), SCMP_SYS(writev) };

static int
filter(struct xu_err *e)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r = f == NULL ? -ENOMEM : 0;

	for (size_t i = 0; r == 0 && i < XU_ARRAY_SIZE(allowed); i++)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed[i], 0);
	if (r == 0)
		r = seccomp_load(f);
	seccomp_release(f);
	return r == 0 ? 0
		      : xu_err_set(e, "INTERNAL_ERROR", -r,
			    "load the filter of system calls");
}

int
worker_confine(const char *user, const char *state_dir, struct xu_err *e)
{
	if (!supervised)
		return 0;
	if (become(user, state_dir, e) < 0)
		return -1;
	if (XU_SANITIZED)
		return 0;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return filter(e);
}
