/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The single exit to the kernel, and the place where faults are injected.
 *
 * A build configured with --enable-fault-injection makes the N-th call fail, or
 * kills the process there: XLD_FAULT for this process, XLD_FAULT_FILE over all
 * processes that share the file. README has their grammar.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "xc_private.h"

#ifdef XLD_FAULT_INJECTION
struct fault_file {
	_Atomic uint64_t count;
	_Atomic uint64_t at;
	_Atomic uint64_t err;
};

static struct fault_file *
shared_faults(void)
{
	static struct fault_file *f;
	static bool tried;
	const char *path;
	struct stat st;
	void *p;
	int fd;

	if (tried)
		return f;
	tried = true;
	path = getenv("XLD_FAULT_FILE");
	fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	/* Beyond the end of a shorter file the mapping would raise SIGBUS. */
	if (fstat(fd, &st) == 0 && st.st_size >= (off_t)sizeof(*f)) {
		p = mmap(NULL, sizeof(*f), PROT_READ | PROT_WRITE, MAP_SHARED,
		    fd, 0);
		if (p != MAP_FAILED)
			f = p;
	}
	close(fd);
	return f;
}

#define FAULT_KILL (-1)

/* The n-th call of this process as XLD_FAULT has it: 0, errno or FAULT_KILL. */
static int
own_fault(uint64_t n)
{
	static const char name[] = "hypercall:";
	const char *s = getenv("XLD_FAULT");
	char *end;
	int err;

	for (; s != NULL && strncmp(s, name, sizeof(name) - 1) == 0;
	     s = *end == ',' ? end + 1 : NULL) {
		uint64_t at = strtoull(s + sizeof(name) - 1, &end, 10);

		err = EIO;
		if (strncmp(end, ":kill", 5) == 0) {
			err = FAULT_KILL;
			end += 5;
		} else if (*end == ':') {
			err = (int)strtoul(end + 1, &end, 10);
		}
		if (at == n)
			return err;
	}
	return 0;
}

/* 0 = make the call, else its errno. */
static int
injected_fault(enum xc_dev dev)
{
	static _Atomic uint64_t calls;
	struct fault_file *f = shared_faults();
	int err;

	if (dev != XC_DEV_PRIVCMD)
		return 0;
	err = own_fault(atomic_fetch_add(&calls, 1) + 1);
	if (f != NULL &&
	    atomic_fetch_add(&f->count, 1) + 1 == atomic_load(&f->at)) {
		err = (int)atomic_load(&f->err);
		if (err == 0)
			err = FAULT_KILL;
	}
	if (err == FAULT_KILL) {
		kill(getpid(), SIGKILL);
		pause();
	}
	return err;
}
#else
static int
injected_fault(enum xc_dev dev)
{
	(void)dev;
	return 0;
}
#endif

int
xc_os_open(const char *path, int flags)
{
	return open(path, flags | O_CLOEXEC);
}

long
xc_os_ioctl(enum xc_dev dev, int fd, unsigned long request, void *arg)
{
	int err = injected_fault(dev);
	long r;

	if (err != 0) {
		errno = err;
		return -1;
	}
	do
		/* ioctl(3) would cut the result to an int. */
		r = syscall(SYS_ioctl, fd, request, arg);
	while (r < 0 && errno == EINTR);
	return r;
}

void *
xc_os_mmap(int fd, size_t len, int prot, int flags, off_t off)
{
	void *p = mmap(NULL, len, prot, flags, fd, off);

	return p == MAP_FAILED ? NULL : p;
}

void
xc_os_munmap(void *addr, size_t len)
{
	munmap(addr, len);
}
