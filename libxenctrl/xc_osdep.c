/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The single exit to the kernel, and the place where faults are injected.
 *
 * A build configured with --enable-fault-injection looks at XLD_FAULT_FILE, a
 * file that holds struct fault (all little-endian u64). Every process that uses
 * this library maps it, counts its hypercalls into `count`, and when the count
 * reaches `at` the call is not made: it fails with `err`, or, when err is 0, the
 * process is killed by SIGKILL on the spot. So a test can say "the 37th
 * hypercall of xld and its workers together", and read how many there are.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "xc_private.h"

#ifdef XLD_FAULT_INJECTION
struct fault {
	_Atomic uint64_t count;
	_Atomic uint64_t at;
	_Atomic uint64_t err;
};

static struct fault *
fault_file(void)
{
	static struct fault *f;
	static int tried;
	const char *path = getenv("XLD_FAULT_FILE");
	void *p;
	int fd;

	if (tried || path == NULL)
		return f;
	tried = 1;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	p = mmap(NULL, sizeof(*f), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p != MAP_FAILED)
		f = p;
	return f;
}

/* 0 = make the call, else its errno. */
static int
injected_fault(enum xc_dev dev)
{
	struct fault *f = fault_file();
	uint64_t n;

	if (f == NULL || dev != XC_DEV_PRIVCMD)
		return 0;
	n = atomic_fetch_add(&f->count, 1) + 1;
	if (n != atomic_load(&f->at))
		return 0;
	if (atomic_load(&f->err) == 0) {
		kill(getpid(), SIGKILL);
		pause();
	}
	return (int)atomic_load(&f->err);
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

int
xc_os_ioctl(enum xc_dev dev, int fd, unsigned long request, void *arg)
{
	int err = injected_fault(dev), r;

	if (err != 0) {
		errno = err;
		return -1;
	}
	do
		r = ioctl(fd, request, arg);
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
