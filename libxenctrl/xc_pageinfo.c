/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Types of pages, pages taken out of service, audits. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "xc_private.h"

#define MAX_PAGES ((size_t)1 << 24)
/* Xen takes no more at once (E2BIG). */
#define TYPES_PER_CALL ((size_t)1024)
#define MAX_OFFLINE    (1u << 20)
#define OFFLINE_PER_CALL 16384u

/* getpageframeinfo3: {u64 num, array of u64: in the frame, out its type}. */
XC_API int
xc_get_pfn_type_batch(xc_interface *xch, uint32_t domid, const uint64_t *gfns,
    uint32_t *types, size_t n)
{
	const size_t size = TYPES_PER_CALL * sizeof(uint64_t);
	uint64_t *buf;
	int r = 0;

	if (xc_check_ptr(xch, gfns, "the frames") < 0 ||
	    xc_check_ptr(xch, types, "their types") < 0 ||
	    xc_check_range(xch, n, 1, MAX_PAGES, "pages") < 0)
		return -1;
	buf = xc_buf_get(xch, size);
	if (buf == NULL)
		return xc_fail(xch, errno, "ask for page types");
	for (size_t done = 0, m; done < n && r == 0; done += m) {
		struct xc_domctl ctl = { .cmd = DOMCTL_getpageframeinfo3,
			.domain = domid };

		m = n - done < TYPES_PER_CALL ? n - done : TYPES_PER_CALL;
		memcpy(buf, gfns + done, m * sizeof(*buf));
		ctl.u.u64[0] = m;
		ctl.u.u64[1] = (uintptr_t)buf;
		r = xc_do_domctl(xch, &ctl, "ask for page types") < 0 ? -1 : 0;
		for (size_t i = 0; r == 0 && i < m; i++)
			types[done + i] = (uint32_t)buf[i];
	}
	xc_buf_put(xch, buf, size);
	return r;
}

enum {
	PAGE_offline = 1,
	PAGE_online = 2,
	PAGE_query = 3,
};

/* page_offline_op: {u32 cmd, first, last, pad, array of u32}. */
static int
page_offline(xc_interface *xch, uint32_t cmd, uint64_t first, uint64_t last,
    uint32_t *status, const char *what)
{
	const size_t size = OFFLINE_PER_CALL * sizeof(*status);
	uint32_t *buf;
	int r = 0;

	if (xc_check_ptr(xch, status, "what became of each page") < 0 ||
	    xc_check_range(xch, last, first, UINT32_MAX,
		"as the last frame") < 0 ||
	    xc_check_range(xch, last - first + 1, 1, MAX_OFFLINE,
		"pages") < 0)
		return -1;
	buf = xc_buf_get(xch, size);
	if (buf == NULL)
		return xc_fail(xch, errno, "%s", what);
	for (uint64_t at = first, m; at <= last && r == 0; at += m) {
		struct xc_sysctl ctl = { .cmd = SYSCTL_page_offline_op };

		m = last - at + 1 < OFFLINE_PER_CALL ? last - at + 1
						     : OFFLINE_PER_CALL;
		ctl.u.u32[0] = cmd;
		ctl.u.u32[1] = (uint32_t)at;
		ctl.u.u32[2] = (uint32_t)(at + m - 1);
		ctl.u.u64[2] = (uintptr_t)buf;
		memset(buf, 0, m * sizeof(*buf));
		r = xc_do_sysctl(xch, &ctl, what) < 0 ? -1 : 0;
		if (r == 0)
			memcpy(status + (at - first), buf, m * sizeof(*buf));
	}
	xc_buf_put(xch, buf, size);
	return r;
}

XC_API int
xc_mark_page_offline(xc_interface *xch, uint64_t first, uint64_t last,
    uint32_t *status)
{
	if (xc_check_abi(xch, "take pages out of service") < 0)
		return -1;
	return page_offline(xch, PAGE_offline, first, last, status,
	    "take pages out of service");
}

XC_API int
xc_mark_page_online(xc_interface *xch, uint64_t first, uint64_t last,
    uint32_t *status)
{
	if (xc_check_abi(xch, "put pages back into service") < 0)
		return -1;
	return page_offline(xch, PAGE_online, first, last, status,
	    "put pages back into service");
}

XC_API int
xc_query_page_offline_status(xc_interface *xch, uint64_t first, uint64_t last,
    uint32_t *status)
{
	return page_offline(xch, PAGE_query, first, last, status,
	    "ask whether pages are in service");
}

XC_API int
xc_set_broken_page_p2m(xc_interface *xch, uint32_t domid, uint64_t pfn)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_set_broken_page_p2m,
		.domain = domid };

	ctl.u.u64[0] = pfn;
	return xc_change_domctl(xch, &ctl, "mark a page as broken");
}

/* audit_p2m: {u64 orphans, m2p_bad, p2m_bad}. */
XC_API int
xc_domain_p2m_audit(xc_interface *xch, uint32_t domid, struct xc_p2m_audit *out)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_audit_p2m, .domain = domid };

	if (xc_check_ptr(xch, out, "the errors found") < 0 ||
	    xc_do_domctl(xch, &ctl, "audit its physical map") < 0)
		return -1;
	out->orphans = ctl.u.u64[0];
	out->m2p_bad = ctl.u.u64[1];
	out->p2m_bad = ctl.u.u64[2];
	return 0;
}
