/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /dev/xen/gntdev: mapping pages that other domains granted us. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <xen/xen.h>
#include <xen/grant_table.h>
#include <xen/gntdev.h>

#include "xc_private.h"

struct xc_gnttab {
	int fd;
};

XC_API struct xc_gnttab *
xc_gnttab_open(void)
{
	struct xc_gnttab *g = malloc(sizeof(*g));

	if (g == NULL)
		return NULL;
	g->fd = xc_os_open("/dev/xen/gntdev", O_RDWR);
	if (g->fd < 0) {
		free(g);
		return NULL;
	}
	return g;
}

XC_API void
xc_gnttab_close(struct xc_gnttab *g)
{
	if (g == NULL)
		return;
	close(g->fd);
	free(g);
}

static void
forget(struct xc_gnttab *g, uint64_t index)
{
	struct ioctl_gntdev_unmap_grant_ref u = { .index = index, .count = 1 };
	int saved = errno;

	xc_os_ioctl(XC_DEV_GNTDEV, g->fd, IOCTL_GNTDEV_UNMAP_GRANT_REF, &u);
	errno = saved;
}

XC_API void *
xc_gnttab_map(struct xc_gnttab *g, uint32_t domid, uint32_t ref, int prot)
{
	struct ioctl_gntdev_map_grant_ref m = { .count = 1,
		.refs[0] = { .domid = domid, .ref = ref } };
	void *p;

	if (xc_os_ioctl(XC_DEV_GNTDEV, g->fd, IOCTL_GNTDEV_MAP_GRANT_REF, &m) <
	    0)
		return NULL;
	p = xc_os_mmap(g->fd, XC_PAGE_SIZE, prot, MAP_SHARED, (off_t)m.index);
	if (p == NULL)
		forget(g, m.index);
	return p;
}

XC_API int
xc_gnttab_unmap(struct xc_gnttab *g, void *addr)
{
	struct ioctl_gntdev_get_offset_for_vaddr o = {
		.vaddr = (uintptr_t)addr
	};

	if (xc_os_ioctl(XC_DEV_GNTDEV, g->fd,
		IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR, &o) < 0)
		return -1;
	xc_os_munmap(addr, XC_PAGE_SIZE);
	forget(g, o.offset);
	return 0;
}
