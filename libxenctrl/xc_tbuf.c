/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hypervisor's trace buffers: how large, what goes in, where they are. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "xc_private.h"

/* tbuf_op: {u32 cmd, bitmap {buffer, u32 bits}, u32 evt_mask, u64 mfn, u32
 * size}. */
enum {
	TBUF_GET_INFO = 0,
	TBUF_SET_CPU_MASK = 1,
	TBUF_SET_EVT_MASK = 2,
	TBUF_SET_SIZE = 3,
	TBUF_ENABLE = 4,
	TBUF_DISABLE = 5,
};

#define MAX_MAP_BYTES 2048

XC_API int
xc_tbuf_get_info(xc_interface *xch, struct xc_tbuf_info *out)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_tbuf_op };

	ctl.u.u32[0] = TBUF_GET_INFO;
	if (xc_check_ptr(xch, out, "trace buffers") < 0 ||
	    xc_do_sysctl(xch, &ctl, "ask for the trace buffers") < 0)
		return -1;
	out->event_mask = ctl.u.u32[6];
	out->mfn = ctl.u.u64[4];
	out->bytes = ctl.u.u32[10];
	return 0;
}

XC_API int
xc_tbuf_set_size(xc_interface *xch, uint32_t pages)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_tbuf_op };

	if (xc_check_range(xch, pages, 1, UINT16_MAX, "pages of a trace "
		"buffer") < 0)
		return -1;
	ctl.u.u32[0] = TBUF_SET_SIZE;
	ctl.u.u32[10] = pages;
	return xc_change_sysctl(xch, &ctl, "set the trace buffers' size");
}

XC_API int
xc_tbuf_enable(xc_interface *xch)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_tbuf_op };

	ctl.u.u32[0] = TBUF_ENABLE;
	return xc_change_sysctl(xch, &ctl, "start tracing");
}

XC_API int
xc_tbuf_disable(xc_interface *xch)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_tbuf_op };

	ctl.u.u32[0] = TBUF_DISABLE;
	return xc_change_sysctl(xch, &ctl, "stop tracing");
}

XC_API int
xc_tbuf_set_cpu_mask(xc_interface *xch, const uint8_t *mask, size_t bytes)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_tbuf_op };
	uint8_t *buf;
	int r;

	if (xc_check_ptr(xch, mask, "a map of CPUs") < 0 ||
	    xc_check_range(xch, bytes, 1, MAX_MAP_BYTES,
		"bytes of a CPU map") < 0)
		return -1;
	buf = xc_buf_get(xch, bytes);
	if (buf == NULL)
		return xc_fail(xch, errno, "choose the CPUs to trace");
	memcpy(buf, mask, bytes);
	ctl.u.u32[0] = TBUF_SET_CPU_MASK;
	ctl.u.u64[1] = (uintptr_t)buf;
	ctl.u.u32[4] = (uint32_t)bytes * 8;
	r = xc_change_sysctl(xch, &ctl, "choose the CPUs to trace");
	xc_buf_put(xch, buf, bytes);
	return r;
}

XC_API int
xc_tbuf_set_evt_mask(xc_interface *xch, uint32_t mask)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_tbuf_op };

	ctl.u.u32[0] = TBUF_SET_EVT_MASK;
	ctl.u.u32[6] = mask;
	return xc_change_sysctl(xch, &ctl, "choose the events to trace");
}
