/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The wall: a child that holds the kernel file, a memory file for the image and
 * a pipe, and may only read, write and allocate. What it reports is a fixed
 * structure of numbers, which the parent checks as if an enemy had written it
 * (XSA-25, XSA-55, XSA-95).
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xg_private.h"

#define NOBODY 65534

struct report {
	uint32_t magic;
	int32_t failed;
	struct xg_error error;
	struct xg_kernel kernel;
};
#define REPORT_MAGIC 0x78670001u

struct xg_load {
	pid_t pid;
	int pipe, image;
	char name[256];
	unsigned cpu;
};

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

static void
allow_only(void)
{
#ifndef SANITIZED /* its runtime needs more */
	static const int calls[] = { SCMP_SYS(read), SCMP_SYS(write),
		SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap),
		SCMP_SYS(brk), SCMP_SYS(madvise), SCMP_SYS(exit),
		SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn),
		SCMP_SYS(futex), SCMP_SYS(clock_gettime) };
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);

	for (size_t i = 0; f != NULL && i < sizeof(calls) / sizeof(*calls); i++)
		if (seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0) < 0)
			_exit(3);
	if (f == NULL || seccomp_load(f) < 0)
		_exit(3);
	seccomp_release(f);
#endif
}

static void
limit(int what, uint64_t value)
{
	struct rlimit r = { value, value };

	if (setrlimit(what, &r) < 0)
		_exit(3);
}

/* Descriptors 0, 1, 2: kernel, image, report. Nothing else. */
static void
enter_sandbox(int kernel, int image, int pipe_fd, const struct xg_limits *l)
{
	int a = fcntl(kernel, F_DUPFD, 10), b = fcntl(image, F_DUPFD, 10);
	int c = fcntl(pipe_fd, F_DUPFD, 10);

	if (a < 0 || b < 0 || c < 0 || dup2(a, 0) < 0 || dup2(b, 1) < 0 ||
	    dup2(c, 2) < 0)
		_exit(3);
	close_range(3, ~0u, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 0);
	if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 ||
		setuid(NOBODY) < 0))
		_exit(3);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		_exit(3);
	limit(RLIMIT_CPU, l->cpu);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NOFILE, 3);
#ifndef SANITIZED
	limit(RLIMIT_AS, l->file + 2 * l->image + (512u << 20));
#endif
	allow_only();
}

static bool
write_all(int fd, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	while (len > 0) {
		n = write(fd, p, len > 1u << 30 ? 1u << 30 : len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

static uint8_t *
slurp(const struct xg_limits *l, uint64_t hint, size_t *size,
    struct xg_error *e)
{
	uint8_t *p = malloc(hint + 1);
	size_t len = 0;
	ssize_t n;

	if (p == NULL) {
		xg_fail(e, ENOMEM, "no memory for a file of %llu bytes",
		    (unsigned long long)hint);
		return NULL;
	}
	while ((n = read(0, p + len, hint + 1 - len)) > 0) {
		len += (size_t)n;
		if (len > hint || len > l->file) {
			free(p);
			xg_fail(e, EFBIG, "it grew while it was read");
			return NULL;
		}
	}
	if (n < 0) {
		free(p);
		xg_fail(e, errno, "read: %s", strerror(errno));
		return NULL;
	}
	*size = len;
	return p;
}

static void __attribute__((noreturn))
child(const struct xg_limits *l, uint64_t hint)
{
	static struct report r = { .magic = REPORT_MAGIC };
	struct xg_error *e = &r.error;
	void *image = NULL;
	size_t size;
	uint8_t *file = slurp(l, hint, &size, e);

	r.failed = file == NULL ||
	    xg_parse(file, size, l, &image, &r.kernel, e) < 0;
	if (!r.failed &&
	    !write_all(1, image != NULL ? image : file, r.kernel.size)) {
		r.failed = 1;
		xg_fail(e, errno, "keep the image: %s", strerror(errno));
	}
	_exit(write_all(2, &r, sizeof(r)) ? 0 : 3);
}

static int
size_of(int fd, const char *name, const struct xg_limits *l, uint64_t *size,
    struct xg_error *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return xg_fail(e, errno, "kernel %s: %s", name,
		    strerror(errno));
	if (!S_ISREG(st.st_mode))
		return xg_fail(e, EINVAL, "kernel %s: not a regular file",
		    name);
	if ((uint64_t)st.st_size > l->file)
		return xg_fail(e, EFBIG,
		    "kernel %s: %lld bytes; the limit is %llu", name,
		    (long long)st.st_size, (unsigned long long)l->file);
	*size = (uint64_t)st.st_size;
	return 0;
}

XG_API int
xg_load_start(int fd, const char *name, const struct xg_limits *limits,
    struct xg_load **handle, struct xg_error *e)
{
	struct xg_load *h;
	int p[2] = { -1, -1 };
	uint64_t hint = 0;

	if (size_of(fd, name, limits, &hint, e) < 0)
		return -1;
	h = calloc(1, sizeof(*h));
	if (h == NULL)
		return xg_fail(e, ENOMEM, "kernel %s: no memory", name);
	snprintf(h->name, sizeof(h->name), "%s", name);
	h->cpu = limits->cpu;
	h->image = memfd_create("xen-kernel", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (h->image < 0 || pipe2(p, O_CLOEXEC) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		goto fail;
	h->pid = fork();
	if (h->pid == 0) {
		enter_sandbox(fd, h->image, p[1], limits);
		child(limits, hint);
	}
	if (h->pid < 0)
		goto fail;
	close(p[1]);
	h->pipe = p[0];
	*handle = h;
	return 0;
fail:
	xg_fail(e, errno, "kernel %s: start the loader: %s", name,
	    strerror(errno));
	if (p[0] >= 0) {
		close(p[0]);
		close(p[1]);
	}
	if (h->image >= 0)
		close(h->image);
	free(h);
	return -1;
}

/* How the child ended without a report. */
static int
explain(const struct xg_load *h, int status, struct xg_error *e)
{
	if (WIFSIGNALED(status) &&
	    (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL))
		return xg_fail(e, ETIME,
		    "kernel %s: unpacking took more than %u s of CPU or was "
		    "killed", h->name, h->cpu);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		return xg_fail(e, EPERM,
		    "kernel %s: the loader tried what it must not; refused",
		    h->name);
	return xg_fail(e, EIO, "kernel %s: the loader died (status %#x)",
	    h->name, (unsigned)status);
}

static bool
read_report(int fd, struct report *r)
{
	char *p = (char *)r;
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(*r)) {
		n = read(fd, p + len, sizeof(*r) - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		len += (size_t)n;
	}
	return r->magic == REPORT_MAGIC;
}

static int
accept_report(struct xg_load *h, struct report *r, struct xg_kernel *out,
    struct xg_error *e)
{
	struct stat st;

	r->error.msg[sizeof(r->error.msg) - 1] = '\0';
	r->kernel.guest_os[sizeof(r->kernel.guest_os) - 1] = '\0';
	r->kernel.packed[sizeof(r->kernel.packed) - 1] = '\0';
	if (r->failed)
		return xg_fail(e, r->error.errnum, "kernel %s: %s", h->name,
		    r->error.msg);
	/* From here on nobody can change the image. */
	if (fcntl(h->image, F_ADD_SEALS,
		F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0 ||
	    fstat(h->image, &st) < 0)
		return xg_fail(e, errno, "kernel %s: seal the image: %s",
		    h->name, strerror(errno));
	if ((uint64_t)st.st_size != r->kernel.size ||
	    xg_kernel_check(&r->kernel, NULL) < 0)
		return xg_fail(e, EIO, "kernel %s: the loader's report is "
		    "inconsistent; refused", h->name);
	*out = r->kernel;
	out->fd = h->image;
	h->image = -1;
	return 0;
}

XG_API int
xg_load_finish(struct xg_load *h, struct xg_kernel *out, struct xg_error *e)
{
	struct report *r = calloc(1, sizeof(*r));
	int status = 0, result;
	bool reported;

	memset(out, 0, sizeof(*out));
	out->fd = -1;
	reported = r != NULL && read_report(h->pipe, r);
	while (waitpid(h->pid, &status, 0) < 0 && errno == EINTR)
		;
	result = reported ? accept_report(h, r, out, e) : explain(h, status, e);
	close(h->pipe);
	if (h->image >= 0)
		close(h->image);
	free(r);
	free(h);
	return result;
}

XG_API void
xg_kernel_close(struct xg_kernel *k)
{
	if (k->fd >= 0)
		close(k->fd);
	k->fd = -1;
}
