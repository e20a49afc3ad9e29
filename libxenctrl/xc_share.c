/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pages of ours that other domains may map (/dev/xen/gntalloc). */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xen/gntalloc.h>

#include "xc_private.h"

#define MAX_PAGES 4096

struct xc_gntshr {
	int fd;
};

XC_API struct xc_gntshr *
xc_gntshr_open(void)
{
	struct xc_gntshr *s = malloc(sizeof(*s));

	if (s == NULL)
		return NULL;
	s->fd = xc_os_open("/dev/xen/gntalloc", O_RDWR);
	if (s->fd < 0) {
		free(s);
		return NULL;
	}
	return s;
}

XC_API void
xc_gntshr_close(struct xc_gntshr *s)
{
	if (s == NULL)
		return;
	close(s->fd);
	free(s);
}

/* The file's reference to the pages; a mapping keeps them. */
static void
forget(struct xc_gntshr *s, uint64_t index, uint32_t count)
{
	struct ioctl_gntalloc_dealloc_gref d;
	int saved = errno;

	memset(&d, 0, sizeof(d));
	d.index = index;
	d.count = count;
	xc_os_ioctl(XC_DEV_GNTALLOC, s->fd, IOCTL_GNTALLOC_DEALLOC_GREF, &d);
	errno = saved;
}

static int
set_notify(struct xc_gntshr *s, uint64_t index, uint32_t offset,
    uint32_t port)
{
	struct ioctl_gntalloc_unmap_notify n = { .index = index };

	if (offset != XC_NO_NOTIFY) {
		n.index += offset;
		n.action |= UNMAP_NOTIFY_CLEAR_BYTE;
	}
	if (port != XC_NO_NOTIFY) {
		n.event_channel_port = port;
		n.action |= UNMAP_NOTIFY_SEND_EVENT;
	}
	if (n.action == 0)
		return 0;
	return (int)xc_os_ioctl(XC_DEV_GNTALLOC, s->fd,
	    IOCTL_GNTALLOC_SET_UNMAP_NOTIFY, &n);
}

static void *
share(struct xc_gntshr *s, uint32_t domid, size_t n, uint32_t *refs,
    bool writable, uint32_t offset, uint32_t port)
{
	struct ioctl_gntalloc_alloc_gref *a;
	void *p = NULL;
	int saved;

	if (domid > UINT16_MAX) {
		errno = ESRCH;
		return NULL;
	}
	if (refs == NULL || n == 0 || n > MAX_PAGES ||
	    (offset >= XC_PAGE_SIZE && offset != XC_NO_NOTIFY)) {
		errno = EINVAL;
		return NULL;
	}
	/* The structure ends with the first of n references. */
	a = calloc(1, sizeof(*a) + (n - 1) * sizeof(a->gref_ids[0]));
	if (a == NULL)
		return NULL;
	a->domid = (uint16_t)domid;
	a->flags = writable ? GNTALLOC_FLAG_WRITABLE : 0;
	a->count = (uint32_t)n;
	if (xc_os_ioctl(XC_DEV_GNTALLOC, s->fd, IOCTL_GNTALLOC_ALLOC_GREF, a) ==
	    0) {
		p = xc_os_mmap(s->fd, n * XC_PAGE_SIZE, PROT_READ | PROT_WRITE,
		    MAP_SHARED, (off_t)a->index);
		if (p != NULL && set_notify(s, a->index, offset, port) < 0) {
			saved = errno;
			xc_os_munmap(p, n * XC_PAGE_SIZE);
			errno = saved;
			p = NULL;
		}
		memcpy(refs, a->gref_ids, n * sizeof(*refs));
		forget(s, a->index, a->count);
	}
	saved = errno;
	free(a);
	errno = saved;
	return p;
}

XC_API void *
xc_gntshr_share_pages(struct xc_gntshr *s, uint32_t domid, size_t n,
    uint32_t *refs, bool writable)
{
	return share(s, domid, n, refs, writable, XC_NO_NOTIFY, XC_NO_NOTIFY);
}

XC_API void *
xc_gntshr_share_page_notify(struct xc_gntshr *s, uint32_t domid, uint32_t *ref,
    bool writable, uint32_t offset, uint32_t port)
{
	return share(s, domid, 1, ref, writable, offset, port);
}

XC_API int
xc_gntshr_unshare(struct xc_gntshr *s, void *addr, size_t n)
{
	(void)s;
	if (addr == NULL || n == 0 || n > MAX_PAGES) {
		errno = EINVAL;
		return -1;
	}
	xc_os_munmap(addr, n * XC_PAGE_SIZE);
	return 0;
}
