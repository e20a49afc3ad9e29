/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A preload library under which Debian's xenstored and oxenstored run on plain
 * Linux, as peers to measure and compare with. It is to them what --test-hv is to
 * our daemon (xenstored/hv_test.h): domains are a table in $XLD_SHIM_DIR, rings
 * are files beside it, event channels are messages over a socket; so one test
 * drives all three. Paths that they have built in are moved there too.
 */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
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

#include "hv_test.h"

#define EXPORT __attribute__((visibility("default")))

/* Ports: domain n's channel is FIRST_PORT + n, the VIRQ has its own. */
enum { PAGE = 4096, VIRQ_PORT = 2, FIRST_PORT = 10 };

/* --- paths ---------------------------------------------------------------- */

/* Where the daemons put their files, and what Xen's file system offers. */
static const char *const moved[] = { "/var/run/xenstored", "/run/xenstored",
	"/var/run/xen", "/run/xen", "/var/log/xen", "/proc/xen" };

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
#define MOVED(path) move((path), (char[PATH_SIZE]){ 0 }, PATH_SIZE)
enum { PATH_SIZE = 512 };

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

/* --- the directory: domains and rings ----------------------------------------- */

static struct hvt_table *table;

/* A file of the directory, mapped; made when it is not there. */
static void *
map_file(const char *name, size_t size)
{
	char path[PATH_SIZE];
	void *p;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", shim_dir(), name);
	fd = REAL(open)(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return NULL;
	if (lseek(fd, 0, SEEK_END) < (off_t)size &&
	    ftruncate(fd, (off_t)size) < 0) {
		close(fd);
		return NULL;
	}
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return p != MAP_FAILED ? p : NULL;
}

static uint32_t
domain_flags(uint32_t domid)
{
	return __atomic_load_n(&table->v[domid].flags, __ATOMIC_RELAXED);
}

static bool
domain_lives(uint32_t domid)
{
	return domid < HVT_DOMAINS &&
	    __atomic_load_n(&table->v[domid].instance, __ATOMIC_ACQUIRE) != 0;
}

/* Domain 0 is there even if nobody fills the table: sockets need no more. */
__attribute__((constructor)) static void
prepare(void)
{
	char path[PATH_SIZE];
	FILE *f;
	void *ring;

	table = map_file("domains", sizeof(*table));
	ring = map_file("0", PAGE);
	if (table == NULL || ring == NULL)
		return;
	munmap(ring, PAGE);
	table->magic = HVT_MAGIC;
	if (table->top == 0) {
		table->v[0].instance = 1;
		table->top = 1;
	}
	snprintf(path, sizeof(path), "%s/xsd_port", shim_dir());
	f = REAL(fopen)(path, "w");
	if (f != NULL) {
		fputc('1', f);
		fclose(f);
	}
	snprintf(path, sizeof(path), "%s/xsd_kva", shim_dir());
	(void)symlink("0", path);
}

static void *
map_ring(uint32_t domid)
{
	char name[16];

	if (!domain_lives(domid)) {
		errno = ESRCH;
		return NULL;
	}
	snprintf(name, sizeof(name), "%u", domid);
	return map_file(name, PAGE);
}

/* --- event channels -------------------------------------------------------------- */

static int set_fd = -1, listen_fd = -1, peer = -1;
static bool unsent[HVT_DOMAINS];
static uint32_t nunsent;

static void
watch_fd(int op, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };

	(void)epoll_ctl(set_fd, op, fd, &ev);
}

/* Opaque to its users: any address that is not NULL will do. */
EXPORT xenevtchn_handle *
xenevtchn_open(xentoollog_logger *logger, unsigned flags)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	(void)logger;
	(void)flags;
	if (set_fd < 0) {
		set_fd = epoll_create1(EPOLL_CLOEXEC);
		listen_fd = socket(AF_UNIX,
		    SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		snprintf(un.sun_path, sizeof(un.sun_path), "%.90s/hv",
		    shim_dir());
		if (REAL(bind)(listen_fd, (struct sockaddr *)&un, sizeof(un)) <
			0 ||
		    listen(listen_fd, 8) < 0)
			return NULL;
		watch_fd(EPOLL_CTL_ADD, listen_fd, EPOLLIN);
	}
	return (xenevtchn_handle *)&set_fd;
}

EXPORT xenevtchn_handle *
xenevtchn_fdopen(xentoollog_logger *logger, int fd, unsigned flags)
{
	(void)fd;
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
	return set_fd;
}

/* A kick that the other side has no room for stays pending. */
static void
send_kick(uint32_t domid)
{
	struct hvt_msg m = { .kind = HVT_KICK, .domid = domid };

	if (peer < 0 || unsent[domid] ||
	    send(peer, &m, sizeof(m), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 ||
	    errno != EAGAIN)
		return;
	unsent[domid] = true;
	nunsent++;
	watch_fd(EPOLL_CTL_MOD, peer, EPOLLIN | EPOLLOUT);
}

static void
send_unsent(void)
{
	uint32_t left = nunsent, i;

	nunsent = 0;
	watch_fd(EPOLL_CTL_MOD, peer, EPOLLIN);
	for (i = 0; left > 0 && i < HVT_DOMAINS; i++)
		if (unsent[i]) {
			unsent[i] = false;
			left--;
			send_kick(i);
		}
}

EXPORT int
xenevtchn_notify(xenevtchn_handle *h, evtchn_port_t port)
{
	(void)h;
	if (port >= FIRST_PORT && port - FIRST_PORT < HVT_DOMAINS)
		send_kick(port - FIRST_PORT);
	return 0;
}

EXPORT xenevtchn_port_or_error_t
xenevtchn_bind_interdomain(xenevtchn_handle *h, uint32_t domid,
    evtchn_port_t port)
{
	(void)h;
	(void)port;
	if (!domain_lives(domid)) {
		errno = ESRCH;
		return -1;
	}
	return (xenevtchn_port_or_error_t)(FIRST_PORT + domid);
}

EXPORT xenevtchn_port_or_error_t
xenevtchn_bind_virq(xenevtchn_handle *h, unsigned virq)
{
	(void)h;
	(void)virq;
	return VIRQ_PORT;
}

EXPORT int
xenevtchn_unbind(xenevtchn_handle *h, evtchn_port_t port)
{
	(void)h;
	(void)port;
	return 0;
}

static void
other_side(void)
{
	struct epoll_event ev[2];
	int n = epoll_wait(set_fd, ev, 2, 0), i;

	for (i = 0; i < n; i++) {
		if (ev[i].data.fd == listen_fd) {
			if (peer >= 0)
				close(peer);
			peer = accept4(listen_fd, NULL, NULL,
			    SOCK_CLOEXEC | SOCK_NONBLOCK);
			watch_fd(EPOLL_CTL_ADD, peer, EPOLLIN);
		} else if ((ev[i].events & EPOLLOUT) != 0) {
			send_unsent();
		}
	}
}

EXPORT xenevtchn_port_or_error_t
xenevtchn_pending(xenevtchn_handle *h)
{
	struct hvt_msg m;
	ssize_t r;

	(void)h;
	other_side();
	r = peer >= 0 ? recv(peer, &m, sizeof(m), MSG_DONTWAIT) : -1;
	if (r == 0) {
		close(peer);
		peer = -1;
	}
	if (r == sizeof(m) && m.kind == HVT_CHANGED)
		return VIRQ_PORT;
	if (r == sizeof(m) && m.domid < HVT_DOMAINS)
		return (xenevtchn_port_or_error_t)(FIRST_PORT + m.domid);
	/* A new other side is no event, and xenstored takes -1 as fatal: domain
	 * 0's idle channel is harmless. */
	return FIRST_PORT;
}

EXPORT int
xenevtchn_unmask(xenevtchn_handle *h, evtchn_port_t port)
{
	(void)h;
	(void)port;
	return 0;
}

/* --- grants and foreign pages: a domain has one page, its ring ---------------- */

EXPORT xengnttab_handle *
xengnttab_open(xentoollog_logger *logger, unsigned flags)
{
	(void)logger;
	(void)flags;
	return (xengnttab_handle *)&table;
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
xengnttab_map_grant_ref(xengnttab_handle *h, uint32_t domid, uint32_t ref,
    int prot)
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
xc_map_foreign_range(xc_interface *h, uint32_t domid, int size, int prot,
    unsigned long gfn)
{
	(void)h;
	(void)size;
	(void)prot;
	(void)gfn;
	return map_ring(domid);
}

/* --- the domain list --------------------------------------------------------------- */

EXPORT xc_interface *
xc_interface_open(xentoollog_logger *logger, xentoollog_logger *build,
    unsigned flags)
{
	(void)logger;
	(void)build;
	(void)flags;
	return (xc_interface *)&table;
}

EXPORT int
xc_interface_close(xc_interface *h)
{
	(void)h;
	return 0;
}

/* The next domain from `id` on, or the table's end. */
static uint32_t
next_domain(uint32_t id)
{
	while (id < table->top && !domain_lives(id))
		id++;
	return id;
}

EXPORT int
xc_domain_getinfo(xc_interface *h, uint32_t first, unsigned max,
    xc_dominfo_t *info)
{
	unsigned n = 0;
	uint32_t id;

	(void)h;
	for (id = next_domain(first); n < max && id < table->top;
	     id = next_domain(id + 1)) {
		memset(&info[n], 0, sizeof(info[n]));
		info[n].domid = id;
		info[n].dying = (domain_flags(id) & HVT_DYING) != 0;
		info[n].shutdown = (domain_flags(id) & HVT_SHUTDOWN) != 0;
		info[n].running = !info[n].shutdown;
		n++;
	}
	if (n > 0 || max == 0)
		return (int)n;
	errno = ESRCH;
	return -1;
}

EXPORT int
xc_domain_getinfolist(xc_interface *h, uint32_t first, unsigned max,
    xc_domaininfo_t *info)
{
	unsigned n = 0;
	uint32_t id, f;

	(void)h;
	for (id = next_domain(first); n < max && id < table->top;
	     id = next_domain(id + 1)) {
		f = domain_flags(id);
		memset(&info[n], 0, sizeof(info[n]));
		info[n].domain = (domid_t)id;
		info[n].flags =
		    ((f & HVT_DYING) != 0 ? XEN_DOMINF_dying : 0) |
		    ((f & HVT_SHUTDOWN) != 0 ? XEN_DOMINF_shutdown :
					       XEN_DOMINF_running);
		n++;
	}
	return (int)n;
}
