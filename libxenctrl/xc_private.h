/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The handle, and what the files of libxenctrl offer each other. */
#ifndef XC_PRIVATE_H
#define XC_PRIVATE_H

#include "xc_abi.h"

#define XC_API __attribute__((visibility("default")))

/* Buffers kept for the next hypercall: single pages, and one of each power of
 * two above, up to 1 MiB. */
#define XC_BUF_CACHE  8
#define XC_BUF_ORDERS 8

struct xc_interface {
	int privcmd;
	/* /dev/xen/hypercall, or -1: locked anonymous memory instead. */
	int hypercall;
	const struct xc_logger *logger;
	uint32_t release;
	const struct xc_abi *abi;
	/* The hypervisor is newer than the table: changing calls refused. */
	bool unknown_abi;
	/* What a domain gets when the caller has no wish. */
	uint32_t grant_version;
	char error[512];
	struct xc_stats stats;
	void *cached[XC_BUF_CACHE];
	int ncached;
	/* [i]: 2 << i pages, or NULL. */
	void *large[XC_BUF_ORDERS];
};

/* --- xc_osdep.c: the only file that talks to the kernel ------------------- */

enum xc_dev {
	XC_DEV_PRIVCMD,
	XC_DEV_EVTCHN,
	XC_DEV_GNTDEV,
	XC_DEV_GNTALLOC,
};

struct xc_evtchn {
	int fd;
};

struct xc_gnttab {
	int fd;
};

/* open(2) of the device, close-on-exec. */
int xc_os_open(const char *path, int flags);
/*
 * Every ioctl goes through here: the place where tests make the n-th one fail,
 * see README. EINTR is retried. The kernel's whole long comes back: a frame
 * number of a large host does not fit an int.
 */
long xc_os_ioctl(enum xc_dev dev, int fd, unsigned long request, void *arg);
void *xc_os_mmap(int fd, size_t len, int prot, int flags, off_t off);
void xc_os_munmap(void *addr, size_t len);

/* --- xc_hypercall.c ------------------------------------------------------- */

/* Zeroed memory that never faults or moves; undo with xc_buf_put. */
void *xc_buf_get(xc_interface *xch, size_t size);
void xc_buf_put(xc_interface *xch, void *buf, size_t size);
/* Gives the kept ones back to the kernel. */
void xc_buf_drop_all(xc_interface *xch);

/*
 * What is passed is zero before its fields are set: memset, or an initializer of
 * nothing but zero. Other ones leave the bytes between fields, and behind the
 * member of a union, as the stack has them. tests/unit/xc_vec_*.c look at each.
 */

/* -1 + errno, or the hypercall's result. */
long xc_hypercall(xc_interface *xch, unsigned op, uint64_t a0, uint64_t a1,
    uint64_t a2, uint64_t a3);
long xc_hypercall5(xc_interface *xch, unsigned op, uint64_t a0, uint64_t a1,
    uint64_t a2, uint64_t a3, uint64_t a4);
/* The structure is the only argument: domctl, sysctl, platform_op, xsm_op. It is
 * copied into a safe buffer and back. */
long xc_hypercall_arg(xc_interface *xch, unsigned op, void *arg, size_t size);
/* The same after a command. */
long xc_hypercall_buf(xc_interface *xch, unsigned op, uint64_t cmd, void *arg,
    size_t size);

/* ctl->version is filled in. what names the call in the error. */
int xc_do_domctl(xc_interface *xch, struct xc_domctl *ctl, const char *what);
/* One that changes something: xc_check_abi first; 0 or -1. */
int xc_change_domctl(xc_interface *xch, struct xc_domctl *ctl,
    const char *what);
/* A memory_op or hvm_op whose argument names one domain: its result or -1. */
long xc_domain_op(xc_interface *xch, unsigned op, unsigned cmd, uint32_t domid,
    void *arg, size_t size, const char *what);
int xc_do_sysctl(xc_interface *xch, struct xc_sysctl *ctl, const char *what);
/* A sysctl that changes something: 0 or -1. */
int xc_change_sysctl(xc_interface *xch, struct xc_sysctl *ctl,
    const char *what);
/* Without a sentence: for an errno that is part of the protocol. */
long xc_try_sysctl(xc_interface *xch, struct xc_sysctl *ctl);
/* A domain id beyond 16 bits is no domain's: -1, ESRCH. */
int xc_check_domid(xc_interface *xch, uint32_t domid);
/* Same for calls that change something: refused when the ABI is unknown. */
int xc_check_abi(xc_interface *xch, const char *what);
/* 0 from Xen 4.minor on; before, -1 and ENOTSUP with a sentence. */
int xc_need_release(xc_interface *xch, unsigned minor, const char *what);
/* A count from lo to hi, else -1 and EINVAL; what is its plural. */
int xc_check_range(xc_interface *xch, uint64_t n, uint64_t lo, uint64_t hi,
    const char *what);
/* A pointer the call cannot do without: else -1 and EINVAL. */
int xc_check_ptr(xc_interface *xch, const void *p, const char *what);

/*
 * Puts the sentence on the handle (errno's text is added unless errnum is 0),
 * logs it, restores errno. Returns -1. ENOSYS and EOPNOTSUPP, which Xen uses
 * alike for what is not there, become ENOTSUP and say so.
 */
int xc_fail(xc_interface *xch, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
