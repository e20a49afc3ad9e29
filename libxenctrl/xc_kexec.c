/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kexec: images that Xen starts when it, or dom0, crashes (kexec.h, stable). */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <xen/xen.h>
#include <xen/kexec.h>

#include "xc_private.h"

#define MAX_SEGMENTS 16
#define MAX_IMAGE    ((uint64_t)1 << 30)

static int
kexec(xc_interface *xch, unsigned cmd, void *arg, size_t size,
    const char *what)
{
	long r = xc_hypercall_buf(xch, XC_HC_KEXEC, cmd, arg, size);

	if (r < 0)
		return xc_fail(xch, errno, "%s", what);
	return (int)r;
}

XC_API int
xc_kexec_get_range(xc_interface *xch, enum xc_kexec_range range, int nr,
    uint64_t *start, uint64_t *size)
{
	xen_kexec_range_t r = { .range = range, .nr = nr };

	if (xc_check_ptr(xch, start, "an address") < 0 ||
	    xc_check_ptr(xch, size, "a size") < 0 ||
	    kexec(xch, KEXEC_CMD_kexec_get_range, &r, sizeof(r),
		"ask for a kexec range") < 0)
		return -1;
	*start = r.start;
	*size = r.size;
	return 0;
}

static int
check_segments(xc_interface *xch, const struct xc_kexec_segment *s,
    uint32_t n, uint64_t *bytes)
{
	*bytes = 0;
	if (xc_check_ptr(xch, s, "segments") < 0 ||
	    xc_check_range(xch, n, 1, MAX_SEGMENTS, "segments") < 0)
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		if ((s[i].size > 0 && xc_check_ptr(xch, s[i].data,
			"a segment's data") < 0) ||
		    xc_check_range(xch, s[i].size, 0, MAX_IMAGE - *bytes,
			"bytes of an image") < 0)
			return -1;
		*bytes += s[i].size;
	}
	return 0;
}

XC_API int
xc_kexec_load(xc_interface *xch, uint8_t type, uint16_t arch, uint64_t entry,
    const struct xc_kexec_segment *segments, uint32_t n)
{
	xen_kexec_load_t load = { .type = type, .arch = arch,
		.nr_segments = n, .entry_maddr = entry };
	xen_kexec_segment_t *list;
	uint64_t bytes, at;
	uint8_t *buf;
	size_t size;
	int r;

	if (check_segments(xch, segments, n, &bytes) < 0 ||
	    xc_check_abi(xch, "load an image for kexec") < 0)
		return -1;
	at = (uint64_t)n * sizeof(*list);
	size = (size_t)(at + bytes);
	buf = xc_buf_get(xch, size);
	if (buf == NULL)
		return xc_fail(xch, errno, "load an image for kexec");
	list = (xen_kexec_segment_t *)(void *)buf;
	for (uint32_t i = 0; i < n; i++) {
		if (segments[i].size > 0)
			memcpy(buf + at, segments[i].data,
			    (size_t)segments[i].size);
		set_xen_guest_handle(list[i].buf.h, buf + at);
		list[i].buf_size = segments[i].size;
		list[i].dest_maddr = segments[i].dest_addr;
		list[i].dest_size = segments[i].dest_size;
		at += segments[i].size;
	}
	set_xen_guest_handle(load.segments.h, list);
	r = kexec(xch, KEXEC_CMD_kexec_load, &load, sizeof(load),
	    "load an image for kexec");
	xc_buf_put(xch, buf, size);
	return r < 0 ? -1 : 0;
}

XC_API int
xc_kexec_unload(xc_interface *xch, uint8_t type)
{
	xen_kexec_unload_t u = { .type = type };

	if (xc_check_abi(xch, "unload the image for kexec") < 0)
		return -1;
	return kexec(xch, KEXEC_CMD_kexec_unload, &u, sizeof(u),
	    "unload the image for kexec") < 0 ? -1 : 0;
}

XC_API int
xc_kexec_status(xc_interface *xch, uint8_t type)
{
	xen_kexec_status_t s = { .type = type };

	return kexec(xch, KEXEC_CMD_kexec_status, &s, sizeof(s),
	    "ask for the image for kexec");
}
