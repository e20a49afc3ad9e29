/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hypercall-safe memory and the calls themselves. Pages of /dev/xen/hypercall
 * neither fault nor move (Linux 4.18); a few are kept, so that a small call
 * costs one system call.
 */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <xen/xen.h>

#include "xc_private.h"
#include "xc_privcmd.h"

/* Length of the mapping for a buffer of that size; *order is its cache's. */
static size_t
buf_len(size_t size, int *order)
{
	size_t len = XC_PAGE_SIZE;

	for (*order = 0; *order <= XC_BUF_ORDERS; ++*order, len <<= 1)
		if (size <= len)
			return len;
	return (size + XC_PAGE_SIZE - 1) & ~(XC_PAGE_SIZE - 1);
}

static void *
take_cached(xc_interface *xch, int order)
{
	void *p = NULL;

	if (order == 0 && xch->ncached > 0) {
		p = xch->cached[--xch->ncached];
	} else if (order >= 1 && order <= XC_BUF_ORDERS) {
		p = xch->large[order - 1];
		xch->large[order - 1] = NULL;
	}
	return p;
}

void *
xc_buf_get(xc_interface *xch, size_t size)
{
	int order;
	size_t len = buf_len(size, &order);
	void *p = take_cached(xch, order);

	if (p != NULL)
		return memset(p, 0, size);
	xch->stats.buffer_maps++;
	if (xch->hypercall >= 0)
		return xc_os_mmap(xch->hypercall, len, PROT_READ | PROT_WRITE,
		    MAP_SHARED, 0);
	p = xc_os_mmap(-1, len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, 0);
	if (p != NULL)
		madvise(p, len, MADV_DONTFORK);
	return p;
}

void
xc_buf_put(xc_interface *xch, void *buf, size_t size)
{
	int saved = errno, order;
	size_t len = buf_len(size, &order);

	if (buf == NULL)
		return;
	if (order == 0 && xch->ncached < XC_BUF_CACHE)
		xch->cached[xch->ncached++] = buf;
	else if (order >= 1 && order <= XC_BUF_ORDERS &&
	    xch->large[order - 1] == NULL)
		xch->large[order - 1] = buf;
	else
		xc_os_munmap(buf, len);
	errno = saved;
}

void
xc_buf_drop_all(xc_interface *xch)
{
	while (xch->ncached > 0)
		xc_os_munmap(xch->cached[--xch->ncached], XC_PAGE_SIZE);
	for (int i = 0; i < XC_BUF_ORDERS; i++) {
		if (xch->large[i] != NULL)
			xc_os_munmap(xch->large[i], XC_PAGE_SIZE << (i + 1));
		xch->large[i] = NULL;
	}
}

long
xc_hypercall(xc_interface *xch, unsigned op, uint64_t a0, uint64_t a1,
    uint64_t a2, uint64_t a3)
{
	return xc_hypercall5(xch, op, a0, a1, a2, a3, 0);
}

long
xc_hypercall5(xc_interface *xch, unsigned op, uint64_t a0, uint64_t a1,
    uint64_t a2, uint64_t a3, uint64_t a4)
{
	struct privcmd_hypercall call = { .op = op,
		.arg = { a0, a1, a2, a3, a4 } };

	xch->stats.total++;
	xch->stats.hypercalls[op & 63]++;
	return xc_os_ioctl(XC_DEV_PRIVCMD, xch->privcmd,
	    IOCTL_PRIVCMD_HYPERCALL, &call);
}

long
xc_hypercall_buf(xc_interface *xch, unsigned op, uint64_t cmd, void *arg,
    size_t size)
{
	void *buf = xc_buf_get(xch, size);
	long r;

	if (buf == NULL)
		return -1;
	memcpy(buf, arg, size);
	r = xc_hypercall(xch, op, cmd, (uintptr_t)buf, 0, 0);
	memcpy(arg, buf, size);
	xc_buf_put(xch, buf, size);
	return r;
}

_Static_assert(sizeof(struct xc_domctl) == 144, "xen_domctl");
_Static_assert(sizeof(struct xc_sysctl) == 136, "xen_sysctl");

long
xc_hypercall_arg(xc_interface *xch, unsigned op, void *ctl, size_t size)
{
	void *buf = xc_buf_get(xch, size);
	long r;

	if (buf == NULL)
		return -1;
	memcpy(buf, ctl, size);
	r = xc_hypercall(xch, op, (uintptr_t)buf, 0, 0, 0);
	memcpy(ctl, buf, size);
	xc_buf_put(xch, buf, size);
	return r;
}

/* Xen's answer to a policy that says no and to a version it does not speak. */
static const char *
refusal(void)
{
	return errno == EACCES ? " (refused by its policy, or its interface is "
				 "not that of its release)"
			       : "";
}

int
xc_do_domctl(xc_interface *xch, struct xc_domctl *ctl, const char *what)
{
	uint32_t domid = ctl->domain;
	long r;

	if (xc_check_domid(xch, domid) < 0)
		return -1;
	ctl->version = xch->abi->domctl;
	r = xc_hypercall_arg(xch, XC_HC_DOMCTL, ctl, sizeof(*ctl));
	/* Part of the work was done: the caller repeats it. */
	if (r < 0 && errno == EAGAIN && ctl->cmd == DOMCTL_destroydomain)
		return -1;
	if (r < 0)
		return xc_fail(xch, errno, "domain %u: %s%s", domid, what,
		    refusal());
	return (int)r;
}

int
xc_change_domctl(xc_interface *xch, struct xc_domctl *ctl, const char *what)
{
	if (xc_check_abi(xch, what) < 0)
		return -1;
	return xc_do_domctl(xch, ctl, what) < 0 ? -1 : 0;
}

long
xc_domain_op(xc_interface *xch, unsigned op, unsigned cmd, uint32_t domid,
    void *arg, size_t size, const char *what)
{
	long r;

	if (xc_check_domid(xch, domid) < 0)
		return -1;
	r = xc_hypercall_buf(xch, op, cmd, arg, size);
	if (r < 0)
		return xc_fail(xch, errno, "domain %u: %s", domid, what);
	return r;
}

long
xc_try_sysctl(xc_interface *xch, struct xc_sysctl *ctl)
{
	ctl->version = xch->abi->sysctl;
	return xc_hypercall_arg(xch, XC_HC_SYSCTL, ctl, sizeof(*ctl));
}

int
xc_do_sysctl(xc_interface *xch, struct xc_sysctl *ctl, const char *what)
{
	long r = xc_try_sysctl(xch, ctl);

	if (r < 0)
		return xc_fail(xch, errno, "%s%s", what, refusal());
	return (int)r;
}

int
xc_change_sysctl(xc_interface *xch, struct xc_sysctl *ctl, const char *what)
{
	if (xc_check_abi(xch, what) < 0)
		return -1;
	return xc_do_sysctl(xch, ctl, what) < 0 ? -1 : 0;
}

int
xc_check_domid(xc_interface *xch, uint32_t domid)
{
	if (domid <= UINT16_MAX)
		return 0;
	return xc_fail(xch, ESRCH, "domain %u", domid);
}

int
xc_check_abi(xc_interface *xch, const char *what)
{
	if (!xch->unknown_abi)
		return 0;
	errno = ENOTSUP;
	return xc_fail(xch, 0,
	    "%s: Xen %u.%u is newer than this library knows; refused", what,
	    xch->release >> 16, xch->release & 0xffff);
}

int
xc_need_release(xc_interface *xch, unsigned minor, const char *what)
{
	if (xch->release >= (4u << 16 | minor))
		return 0;
	errno = ENOTSUP;
	return xc_fail(xch, 0, "Xen %u.%u has no %s; it came with 4.%u",
	    xch->release >> 16, xch->release & 0xffff, what, minor);
}

int
xc_check_range(xc_interface *xch, uint64_t n, uint64_t lo, uint64_t hi,
    const char *what)
{
	if (n >= lo && n <= hi)
		return 0;
	errno = EINVAL;
	return xc_fail(xch, 0, "%llu %s; %llu to %llu are possible",
	    (unsigned long long)n, what, (unsigned long long)lo,
	    (unsigned long long)hi);
}

int
xc_check_ptr(xc_interface *xch, const void *p, const char *what)
{
	if (p != NULL)
		return 0;
	errno = EINVAL;
	return xc_fail(xch, 0, "%s: no place for it was given", what);
}

/* The cause of a failure, after the sentence that says what failed. */
static int
add_cause(xc_interface *xch, int errnum)
{
	size_t len = strlen(xch->error), room = sizeof(xch->error) - len;

	if (errnum != ENOSYS && errnum != EOPNOTSUPP) {
		snprintf(xch->error + len, room, ": %s", strerror(errnum));
		return errnum;
	}
	snprintf(xch->error + len, room,
	    ": not offered here (by Xen %u.%u as it is built, by this "
	    "processor, or for this kind of domain)", xch->release >> 16,
	    xch->release & 0xffff);
	return ENOTSUP;
}

int
xc_fail(xc_interface *xch, int errnum, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(xch->error, sizeof(xch->error), fmt, ap);
	va_end(ap);
	if (errnum != 0)
		saved = add_cause(xch, errnum);
	if (xch->logger != NULL)
		xch->logger->message(xch->logger->ctx, XC_LOG_ERROR,
		    xch->error);
	errno = saved;
	return -1;
}
