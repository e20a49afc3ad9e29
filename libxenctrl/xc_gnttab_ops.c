/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Grants without lasting mappings: copies, notification, and facts about the
 * tables of domains. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <xen/xen.h>
#include <xen/grant_table.h>
#include <xen/gntdev.h>

#include "xc_private.h"

#define MAX_SEGMENTS 65536
#define MAX_FRAMES   4096

/* Ours is the kernel's, so that a copy needs no copy of the list. */
_Static_assert(sizeof(struct xc_grant_segment) ==
	sizeof(struct gntdev_grant_copy_segment) &&
    offsetof(struct xc_grant_segment, dest) ==
	offsetof(struct gntdev_grant_copy_segment, dest) &&
    offsetof(struct xc_grant_segment, len) ==
	offsetof(struct gntdev_grant_copy_segment, len) &&
    offsetof(struct xc_grant_segment, flags) ==
	offsetof(struct gntdev_grant_copy_segment, flags) &&
    offsetof(struct xc_grant_segment, status) ==
	offsetof(struct gntdev_grant_copy_segment, status),
    "a segment of a grant copy");
_Static_assert(XC_COPY_SOURCE_GRANT == GNTCOPY_source_gref &&
    XC_COPY_DEST_GRANT == GNTCOPY_dest_gref, "flags of a grant copy");

XC_API int
xc_gnttab_copy(struct xc_gnttab *g, struct xc_grant_segment *segments,
    size_t n)
{
	struct ioctl_gntdev_grant_copy c;
	int done = 0;

	if (segments == NULL || n == 0 || n > MAX_SEGMENTS) {
		errno = EINVAL;
		return -1;
	}
	memset(&c, 0, sizeof(c));
	c.count = (unsigned)n;
	c.segments = (void *)segments;
	if (xc_os_ioctl(XC_DEV_GNTDEV, g->fd, IOCTL_GNTDEV_GRANT_COPY, &c) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		done += segments[i].status == GNTST_okay;
	return done;
}

XC_API void *
xc_gnttab_map_notify(struct xc_gnttab *g, uint32_t domid, uint32_t ref,
    int prot, uint32_t offset, uint32_t port)
{
	struct ioctl_gntdev_get_offset_for_vaddr at = { .vaddr = 0 };
	struct ioctl_gntdev_unmap_notify n = { .action = 0 };
	int saved;
	void *p;

	if (offset >= XC_PAGE_SIZE && offset != XC_NO_NOTIFY) {
		errno = EINVAL;
		return NULL;
	}
	p = xc_gnttab_map(g, domid, ref, prot);
	if (p == NULL)
		return NULL;
	at.vaddr = (uintptr_t)p;
	if (xc_os_ioctl(XC_DEV_GNTDEV, g->fd,
		IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR, &at) < 0)
		goto fail;
	n.index = at.offset;
	if (offset != XC_NO_NOTIFY) {
		n.index += offset;
		n.action |= UNMAP_NOTIFY_CLEAR_BYTE;
	}
	if (port != XC_NO_NOTIFY) {
		n.event_channel_port = port;
		n.action |= UNMAP_NOTIFY_SEND_EVENT;
	}
	if (n.action == 0 || xc_os_ioctl(XC_DEV_GNTDEV, g->fd,
		IOCTL_GNTDEV_SET_UNMAP_NOTIFY, &n) == 0)
		return p;
fail:
	saved = errno;
	xc_gnttab_unmap(g, p);
	errno = saved;
	return NULL;
}

XC_API int
xc_gnttab_get_version(xc_interface *xch, uint32_t domid)
{
	struct gnttab_get_version v = { .dom = (domid_t)domid };
	struct gnttab_get_version *buf;
	long r;

	if (xc_check_domid(xch, domid) < 0)
		return -1;
	buf = xc_buf_get(xch, sizeof(*buf));
	if (buf == NULL)
		return xc_fail(xch, errno, "domain %u: grant table", domid);
	*buf = v;
	r = xc_hypercall(xch, XC_HC_GRANT_TABLE, GNTTABOP_get_version,
	    (uintptr_t)buf, 1, 0);
	v = *buf;
	xc_buf_put(xch, buf, sizeof(*buf));
	if (r < 0)
		return xc_fail(xch, errno, "domain %u: version of its grant "
		    "table", domid);
	return (int)v.version;
}

XC_API int
xc_gnttab_get_status_frames(xc_interface *xch, uint32_t domid,
    uint64_t *frames, uint32_t n)
{
	const size_t size = sizeof(struct gnttab_get_status_frames) +
	    (size_t)n * sizeof(*frames);
	struct gnttab_get_status_frames *buf;
	int16_t status;
	uint64_t *list;
	long r;

	if (xc_check_domid(xch, domid) < 0 ||
	    xc_check_ptr(xch, frames, "frames") < 0 ||
	    xc_check_range(xch, n, 1, MAX_FRAMES, "frames") < 0)
		return -1;
	buf = xc_buf_get(xch, size);
	if (buf == NULL)
		return xc_fail(xch, errno, "domain %u: grant table", domid);
	list = (uint64_t *)(buf + 1);
	buf->dom = (domid_t)domid;
	buf->nr_frames = n;
	set_xen_guest_handle(buf->frame_list, list);
	r = xc_hypercall(xch, XC_HC_GRANT_TABLE, GNTTABOP_get_status_frames,
	    (uintptr_t)buf, 1, 0);
	status = buf->status;
	if (r >= 0 && status == GNTST_okay)
		memcpy(frames, list, (size_t)n * sizeof(*frames));
	xc_buf_put(xch, buf, size);
	if (r >= 0 && status != GNTST_okay) {
		errno = status == GNTST_bad_domain     ? ESRCH
		    : status == GNTST_permission_denied ? EPERM
							: EINVAL;
		r = -1;
	}
	if (r < 0)
		return xc_fail(xch, errno, "domain %u: status frames of its "
		    "grant table", domid);
	return 0;
}
