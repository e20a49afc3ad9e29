/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Grants: tables of other domains by hypercall, pages granted to us by
 * /dev/xen/gntdev. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <xen/xen.h>
#include <xen/grant_table.h>
#include <xen/gntdev.h>

#include "xc_private.h"

/* Pages of one mapping. */
#define MAX_GRANTS 4096

XC_API int
xc_gnttab_setup(xc_interface *xch, uint32_t domid, uint64_t *gfn)
{
	struct gnttab_setup_table s;
	uint64_t *frame;
	void *buf;
	long r = -1;

	memset(&s, 0, sizeof(s));
	s.dom = (domid_t)domid;
	s.nr_frames = 1;
	if (xc_check_domid(xch, domid) < 0)
		return -1;
	frame = xc_buf_get(xch, sizeof(*frame));
	buf = xc_buf_get(xch, sizeof(s));

	if (frame != NULL && buf != NULL) {
		set_xen_guest_handle(s.frame_list, (xen_pfn_t *)frame);
		memcpy(buf, &s, sizeof(s));
		r = xc_hypercall(xch, XC_HC_GRANT_TABLE, GNTTABOP_setup_table,
		    (uintptr_t)buf, 1, 0);
		memcpy(&s, buf, sizeof(s));
		*gfn = *frame;
	}
	xc_buf_put(xch, buf, sizeof(s));
	xc_buf_put(xch, frame, sizeof(*frame));
	if (r == 0 && s.status != GNTST_okay) {
		errno = s.status == GNTST_bad_domain ? ESRCH : EINVAL;
		r = -1;
	}
	if (r < 0)
		return xc_fail(xch, errno, "domain %u: grant table", domid);
	return 0;
}

XC_API int
xc_gnttab_query(xc_interface *xch, uint32_t domid, uint32_t *frames,
    uint32_t *max_frames)
{
	struct gnttab_query_size *buf, q;
	long r;

	if (xc_check_domid(xch, domid) < 0)
		return -1;
	buf = xc_buf_get(xch, sizeof(q));
	if (buf == NULL)
		return xc_fail(xch, errno, "domain %u: grant table", domid);
	buf->dom = (domid_t)domid;
	r = xc_hypercall(xch, XC_HC_GRANT_TABLE, GNTTABOP_query_size,
	    (uintptr_t)buf, 1, 0);
	q = *buf;
	xc_buf_put(xch, buf, sizeof(q));
	if (r < 0 || q.status != GNTST_okay)
		return xc_fail(xch, r < 0 ? errno : ESRCH,
		    "domain %u: grant table", domid);
	*frames = q.nr_frames;
	*max_frames = q.max_nr_frames;
	return 0;
}

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
forget(struct xc_gnttab *g, uint64_t index, uint32_t count)
{
	struct ioctl_gntdev_unmap_grant_ref u = { .index = index,
		.count = count };
	int saved = errno;

	xc_os_ioctl(XC_DEV_GNTDEV, g->fd, IOCTL_GNTDEV_UNMAP_GRANT_REF, &u);
	errno = saved;
}

XC_API void *
xc_gnttab_map_refs(struct xc_gnttab *g, uint32_t domid, const uint32_t *refs,
    size_t n, int prot)
{
	struct ioctl_gntdev_map_grant_ref *m;
	uint64_t index;
	void *p;
	int r;

	if (domid > UINT16_MAX || n == 0 || n > MAX_GRANTS) {
		errno = domid > UINT16_MAX ? ESRCH : EINVAL;
		return NULL;
	}
	/* The structure ends with the first of n references. */
	m = calloc(1, sizeof(*m) + (n - 1) * sizeof(m->refs[0]));
	if (m == NULL)
		return NULL;
	m->count = (uint32_t)n;
	for (size_t i = 0; i < n; i++) {
		m->refs[i].domid = domid;
		m->refs[i].ref = refs[i];
	}
	r = (int)xc_os_ioctl(XC_DEV_GNTDEV, g->fd, IOCTL_GNTDEV_MAP_GRANT_REF, m);
	index = m->index;
	free(m);
	if (r < 0)
		return NULL;
	p = xc_os_mmap(g->fd, n * XC_PAGE_SIZE, prot, MAP_SHARED,
	    (off_t)index);
	if (p == NULL)
		forget(g, index, (uint32_t)n);
	return p;
}

XC_API void *
xc_gnttab_map(struct xc_gnttab *g, uint32_t domid, uint32_t ref, int prot)
{
	return xc_gnttab_map_refs(g, domid, &ref, 1, prot);
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
	xc_os_munmap(addr, o.count * XC_PAGE_SIZE);
	forget(g, o.offset, o.count);
	return 0;
}
