/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shadow and log-dirty mode (domctl shadow_op), populate on demand. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <xen/xen.h>
#include <xen/memory.h>

#include "xc_private.h"

/* shadow_op: {u32 op, mode, mb, pad, bitmap, u64 pages, u32 faults, dirty}. */
XC_API int
xc_shadow_control(xc_interface *xch, uint32_t domid, uint32_t op, uint32_t mode)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_shadow_op, .domain = domid };

	if (op != XC_SHADOW_OFF && op != XC_SHADOW_ENABLE_TEST &&
	    op != XC_SHADOW_ENABLE_LOGDIRTY && op != XC_SHADOW_ENABLE) {
		errno = EINVAL;
		return xc_fail(xch, 0, "%u is no mode of shadow paging", op);
	}
	ctl.u.u32[0] = op;
	ctl.u.u32[1] = mode;
	return xc_change_domctl(xch, &ctl, "switch its shadow mode");
}

static int
check_logdirty(xc_interface *xch, uint32_t op, const uint8_t *bitmap,
    uint64_t pages)
{
	if (xc_check_range(xch, op, XC_LOGDIRTY_CLEAN, XC_LOGDIRTY_PEEK,
		"as the log-dirty operation") < 0 ||
	    (pages > 0 && xc_check_ptr(xch, bitmap, "the dirty pages") < 0))
		return -1;
	return xc_check_range(xch, pages, bitmap != NULL,
	    XC_LOGDIRTY_MAX_PAGES, "pages of log-dirty mode");
}

XC_API int64_t
xc_logdirty_control(xc_interface *xch, uint32_t domid, uint32_t op,
    uint32_t mode, uint8_t *bitmap, uint64_t pages,
    struct xc_logdirty_stats *stats)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_shadow_op, .domain = domid };
	size_t size = (size_t)(pages + 7) / 8;
	int64_t got = -1;
	void *safe = NULL;

	/* Xen writes whole words of 64 bits. */
	size_t room = (size + 7) & ~(size_t)7;

	if (check_logdirty(xch, op, bitmap, pages) < 0)
		return -1;
	if (size > 0 && (safe = xc_buf_get(xch, room)) == NULL)
		return xc_fail(xch, errno, "read its dirty pages");
	ctl.u.u32[0] = op;
	ctl.u.u32[1] = mode;
	ctl.u.u64[2] = (uintptr_t)safe;
	ctl.u.u64[3] = pages;
	if (xc_change_domctl(xch, &ctl, "read its dirty pages") == 0) {
		got = (int64_t)ctl.u.u64[3];
		if (safe != NULL)
			memcpy(bitmap, safe, size);
		if (stats != NULL) {
			stats->faults = ctl.u.u32[8];
			stats->dirty = ctl.u.u32[9];
		}
	}
	xc_buf_put(xch, safe, room);
	return got;
}

static int
pod_target(xc_interface *xch, unsigned cmd, uint32_t domid, uint64_t pages,
    struct xc_pod_target *out, const char *what)
{
	struct xen_pod_target t;

	memset(&t, 0, sizeof(t));
	t.domid = (domid_t)domid;
	t.target_pages = pages;
	if (xc_domain_op(xch, XC_HC_MEMORY, cmd, domid, &t, sizeof(t),
		what) < 0)
		return -1;
	if (out != NULL) {
		out->tot_pages = t.tot_pages;
		out->cache_pages = t.pod_cache_pages;
		out->entries = t.pod_entries;
	}
	return 0;
}

XC_API int
xc_domain_set_pod_target(xc_interface *xch, uint32_t domid, uint64_t pages,
    struct xc_pod_target *out)
{
	if (xc_check_abi(xch, "set a populate-on-demand target") < 0)
		return -1;
	return pod_target(xch, XENMEM_set_pod_target, domid, pages, out,
	    "set its populate-on-demand target");
}

XC_API int
xc_domain_get_pod_target(xc_interface *xch, uint32_t domid,
    struct xc_pod_target *out)
{
	if (xc_check_ptr(xch, out, "the target") < 0)
		return -1;
	return pod_target(xch, XENMEM_get_pod_target, domid, 0, out,
	    "ask for its populate-on-demand target");
}
