/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A preload library under which Debian's xenstored and oxenstored run on plain
 * Linux, as peers to measure and compare with: it answers what they ask of Xen
 * (event channels, grants, foreign pages, the domain list) and moves the paths
 * they have built in below $XLD_SHIM_DIR. Domain 0 alone exists and its ring is
 * idle, so that sockets are the transport, as with our own --no-xen.
 */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define XC_WANT_COMPAT_MAP_FOREIGN_API
#include <xenctrl.h>
#include <xenevtchn.h>
#include <xengnttab.h>

#define EXPORT __attribute__((visibility("default")))

enum {
	PAGE = 4096,
	DOM0_PORT = 1
};

/* --- paths ---------------------------------------------------------------- */

/* Where the daemons put their files, and what Xen's file system offers. */
static const char *const moved[] = {"/var/run/xenstored", "/run/xenstored",
    "/var/run/xen", "/run/xen", "/var/log/xen", "/proc/xen"};

static const char *
shim_dir(void)
{
	const char *dir = getenv("XLD_SHIM_DIR");

	return dir != NULL ? dir : "/nonexistent";
}

/* The path to use for one a daemon names; buf holds it when it moved. */
static const char *
move(const char *path, char *buf, size_t size)
{
	size_t i, n;

	for (i = 0; i < sizeof(moved) / sizeof(moved[0]); i++) {
		n = strlen(moved[i]);
		if (strncmp(path, moved[i], n) == 0 &&
		    (path[n] == '/' || path[n] == '\0')) {
			snprintf(buf, size, "%s%s", shim_dir(), path + n);
			return buf;
		}
	}
	return path;
}

/* The function of the C library behind one of ours. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define MOVED(path) move((path), (char[PATH_SIZE]){0}, PATH_SIZE)
enum {
	PATH_SIZE = 512
};

EXPORT int
open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = (flags & O_CREAT) != 0 ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return REAL(open)(MOVED(path), flags, mode);
}

EXPORT int
open64(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = (flags & O_CREAT) != 0 ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return REAL(open)(MOVED(path), flags, mode);
}

EXPORT FILE *
fopen(const char *path, const char *mode)
{
	return REAL(fopen)(MOVED(path), mode);
}

EXPORT int
mkdir(const char *path, mode_t mode)
{
	return REAL(mkdir)(MOVED(path), mode);
}

EXPORT int
unlink(const char *path)
{
	return REAL(unlink)(MOVED(path));
}

EXPORT int
chmod(const char *path, mode_t mode)
{
	return REAL(chmod)(MOVED(path), mode);
}

EXPORT int
access(const char *path, int mode)
{
	return REAL(access)(MOVED(path), mode);
}

EXPORT int
stat(const char *restrict path, struct stat *restrict st)
{
	return REAL(stat)(MOVED(path), st);
}

EXPORT int
bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	struct sockaddr_un un;
	const char *path;

	if (addr->sa_family != AF_UNIX || len > sizeof(un))
		return REAL(bind)(fd, addr, len);
	memset(&un, 0, sizeof(un));
	memcpy(&un, addr, len);
	path = MOVED(un.sun_path);
	if (path != un.sun_path)
		snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	return REAL(bind)(fd, (struct sockaddr *)&un, sizeof(un));
}

/* oxenstored insists on raising its limit of descriptors. */
EXPORT int
setrlimit(__rlimit_resource_t what, const struct rlimit *limit)
{
	(void)what;
	(void)limit;
	return 0;
}

/* --- event channels: none ever fires -------------------------------------- */

static int quiet_fd = -1;

/* Opaque to its users: any address that is not NULL will do. */
EXPORT xenevtchn_handle *
xenevtchn_open(xentoollog_logger *logger, unsigned flags)
{
	(void)logger;
	(void)flags;
	if (quiet_fd < 0)
		quiet_fd = eventfd(0, EFD_NONBLOCK);
	return (xenevtchn_handle *)&quiet_fd;
}

EXPORT xenevtchn_handle *
xenevtchn_fdopen(xentoollog_logger *logger, int fd, unsigned flags)
{
	quiet_fd = fd;
	return xenevtchn_open(logger, flags);
}

EXPORT int
xenevtchn_close(xenevtchn_handle *h)
{
	(void)h;
	return 0;
}

EXPORT int
xenevtchn_fd(xenevtchn_handle *h)
{
	(void)h;
	return quiet_fd;
}

EXPORT int
xenevtchn_notify(xenevtchn_handle *h, evtchn_port_t port)
{
	(void)h;
	(void)port;
	return 0;
}

EXPORT xenevtchn_port_or_error_t
xenevtchn_bind_interdomain(
    xenevtchn_handle *h, uint32_t domid, evtchn_port_t port)
{
	(void)h;
	(void)domid;
	return (xenevtchn_port_or_error_t)port + 10;
}

EXPORT xenevtchn_port_or_error_t
xenevtchn_bind_virq(xenevtchn_handle *h, unsigned virq)
{
	(void)h;
	(void)virq;
	return DOM0_PORT + 1;
}

EXPORT int
xenevtchn_unbind(xenevtchn_handle *h, evtchn_port_t port)
{
	(void)h;
	(void)port;
	return 0;
}

EXPORT xenevtchn_port_or_error_t
xenevtchn_pending(xenevtchn_handle *h)
{
	(void)h;
	errno = EAGAIN;
	return -1;
}

EXPORT int
xenevtchn_unmask(xenevtchn_handle *h, evtchn_port_t port)
{
	(void)h;
	(void)port;
	return 0;
}

/* --- grants and foreign pages: domain 0's ring is the only page ------------ */

static void *
map_ring(uint32_t domid)
{
	char path[PATH_SIZE];
	void *p;
	int fd;

	if (domid != 0) {
		errno = ESRCH;
		return NULL;
	}
	snprintf(path, sizeof(path), "%s/xsd_kva", shim_dir());
	fd = REAL(open)(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return p != MAP_FAILED ? p : NULL;
}

EXPORT xengnttab_handle *
xengnttab_open(xentoollog_logger *logger, unsigned flags)
{
	(void)logger;
	(void)flags;
	return (xengnttab_handle *)&quiet_fd;
}

EXPORT int
xengnttab_close(xengnttab_handle *h)
{
	(void)h;
	return 0;
}

EXPORT int
xengnttab_set_max_grants(xengnttab_handle *h, uint32_t n)
{
	(void)h;
	(void)n;
	return 0;
}

EXPORT void *
xengnttab_map_grant_ref(
    xengnttab_handle *h, uint32_t domid, uint32_t ref, int prot)
{
	(void)h;
	(void)ref;
	(void)prot;
	return map_ring(domid);
}

EXPORT int
xengnttab_unmap(xengnttab_handle *h, void *start, uint32_t pages)
{
	(void)h;
	return munmap(start, (size_t)pages * PAGE);
}

EXPORT void *
xc_map_foreign_range(
    xc_interface *h, uint32_t domid, int size, int prot, unsigned long gfn)
{
	(void)h;
	(void)size;
	(void)prot;
	(void)gfn;
	return map_ring(domid);
}

/* --- the domain list -------------------------------------------------------- */

EXPORT xc_interface *
xc_interface_open(
    xentoollog_logger *logger, xentoollog_logger *build, unsigned flags)
{
	(void)logger;
	(void)build;
	(void)flags;
	return (xc_interface *)&quiet_fd;
}

EXPORT int
xc_interface_close(xc_interface *h)
{
	(void)h;
	return 0;
}

EXPORT int
xc_domain_getinfo(
    xc_interface *h, uint32_t first, unsigned max, xc_dominfo_t *info)
{
	(void)h;
	if (first != 0 || max == 0) {
		errno = ESRCH;
		return max == 0 ? 0 : -1;
	}
	memset(info, 0, sizeof(*info));
	info->running = 1;
	return 1;
}

EXPORT int
xc_domain_getinfolist(
    xc_interface *h, uint32_t first, unsigned max, xc_domaininfo_t *info)
{
	(void)h;
	if (first != 0 || max == 0)
		return 0;
	memset(info, 0, sizeof(*info));
	info->flags = XEN_DOMINF_running;
	return 1;
}
