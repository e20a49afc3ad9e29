/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Resource control of the processors (Intel RDT): monitoring and allotting of
 * caches and memory bandwidth. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "xc_private.h"

/* Sysctl psr_cmt_op: {u32 cmd, flags, union}; domctl: {u32 cmd, data}. */
enum {
	CMT_TOTAL_RMID = 0,
	CMT_L3_UPSCALING = 1,
	CMT_L3_CACHE_SIZE = 2,
	CMT_ENABLED = 3,
	CMT_L3_EVENT_MASK = 4,
};
enum {
	CMT_DETACH = 0,
	CMT_ATTACH = 1,
	CMT_QUERY_RMID = 2,
};
/* Sysctl psr_alloc: {u32 cmd, target, u32 max, cos_max, flags}; domctl: {u32
 * cmd, target, u64 data}. */
enum {
	INFO_L3 = 0,
	INFO_L2 = 1,
	INFO_MBA = 2,
};

/* The monitor's registers: which event of which id, and its count. */
#define MSR_QM_EVTSEL 0xc8d
#define MSR_QM_CTR    0xc8e
#define MSR_TSC	      0x10
/* No valid count: the event or id is not there, or nothing was counted yet. */
#define CTR_INVALID   (3ull << 62)

static int
cmt_fact(xc_interface *xch, uint32_t cmd, uint32_t cpu, uint32_t *out)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_psr_cmt_op };

	ctl.u.u32[0] = cmd;
	ctl.u.u32[2] = cpu;
	if (xc_check_ptr(xch, out, "a fact of cache monitoring") < 0 ||
	    xc_do_sysctl(xch, &ctl, "ask about cache monitoring") < 0)
		return -1;
	*out = ctl.u.u32[2];
	return 0;
}

XC_API bool
xc_psr_cmt_enabled(xc_interface *xch)
{
	uint32_t on;

	return cmt_fact(xch, CMT_ENABLED, 0, &on) == 0 && on != 0;
}

XC_API int
xc_psr_cmt_get_total_rmid(xc_interface *xch, uint32_t *rmids)
{
	return cmt_fact(xch, CMT_TOTAL_RMID, 0, rmids);
}

XC_API int
xc_psr_cmt_get_l3_upscaling_factor(xc_interface *xch, uint32_t *factor)
{
	return cmt_fact(xch, CMT_L3_UPSCALING, 0, factor);
}

XC_API int
xc_psr_cmt_get_l3_event_mask(xc_interface *xch, uint32_t *mask)
{
	return cmt_fact(xch, CMT_L3_EVENT_MASK, 0, mask);
}

XC_API int
xc_psr_cmt_get_l3_cache_size(xc_interface *xch, uint32_t cpu, uint32_t *kib)
{
	return cmt_fact(xch, CMT_L3_CACHE_SIZE, cpu, kib);
}

XC_API int
xc_psr_cmt_attach(xc_interface *xch, uint32_t domid)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_psr_cmt_op, .domain = domid };

	ctl.u.u32[0] = CMT_ATTACH;
	return xc_change_domctl(xch, &ctl, "monitor its caches");
}

XC_API int
xc_psr_cmt_detach(xc_interface *xch, uint32_t domid)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_psr_cmt_op, .domain = domid };

	ctl.u.u32[0] = CMT_DETACH;
	return xc_change_domctl(xch, &ctl, "end the monitoring of its caches");
}

XC_API int
xc_psr_cmt_get_domain_rmid(xc_interface *xch, uint32_t domid, uint32_t *rmid)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_psr_cmt_op, .domain = domid };

	ctl.u.u32[0] = CMT_QUERY_RMID;
	if (xc_check_ptr(xch, rmid, "a monitoring id") < 0 ||
	    xc_do_domctl(xch, &ctl, "ask for its monitoring id") < 0)
		return -1;
	*rmid = ctl.u.u32[1];
	return 0;
}

XC_API int
xc_psr_cmt_get_data(xc_interface *xch, uint32_t rmid, uint32_t cpu,
    enum xc_psr_counter which, uint64_t *value, uint64_t *ns)
{
	struct xc_resource_op ops[3] = {
		{ .write = true, .msr = MSR_QM_EVTSEL,
		    .value = (uint64_t)rmid << 32 | which },
		{ .msr = MSR_QM_CTR },
		{ .msr = MSR_TSC },
	};
	uint32_t want = ns != NULL ? 3 : 2;
	int r;

	if (xc_check_ptr(xch, value, "a counter") < 0 ||
	    xc_check_range(xch, which, XC_PSR_L3_OCCUPANCY,
		XC_PSR_LOCAL_BANDWIDTH, "as a counter") < 0)
		return -1;
	r = xc_resource_op(xch, cpu, ops, want);
	if (r < 0)
		return -1;
	if ((uint32_t)r < want)
		return xc_fail(xch, ops[r].error, "CPU %u: read a cache "
		    "counter", cpu);
	if ((ops[1].value & CTR_INVALID) != 0)
		return xc_fail(xch, ERANGE, "CPU %u: read a cache counter",
		    cpu);
	*value = ops[1].value;
	if (ns != NULL)
		*ns = ops[2].value;
	return 0;
}

static int
check_type(xc_interface *xch, enum xc_psr_alloc type)
{
	return xc_check_range(xch, type, XC_PSR_L3_CBM, XC_PSR_MBA_THROTTLE,
	    "as a kind of allotment");
}

XC_API int
xc_psr_set_domain_data(xc_interface *xch, uint32_t domid,
    enum xc_psr_alloc type, uint32_t target, uint64_t data)
{
	static const uint8_t cmds[] = { [XC_PSR_L3_CBM] = 0,
		[XC_PSR_L3_CODE] = 2, [XC_PSR_L3_DATA] = 3,
		[XC_PSR_L2_CBM] = 6, [XC_PSR_MBA_THROTTLE] = 8 };
	struct xc_domctl ctl = { .cmd = DOMCTL_psr_alloc, .domain = domid };

	if (check_type(xch, type) < 0)
		return -1;
	ctl.u.u32[0] = cmds[type];
	ctl.u.u32[1] = target;
	ctl.u.u64[1] = data;
	return xc_change_domctl(xch, &ctl, "allot it cache or bandwidth");
}

XC_API int
xc_psr_get_domain_data(xc_interface *xch, uint32_t domid,
    enum xc_psr_alloc type, uint32_t target, uint64_t *data)
{
	static const uint8_t cmds[] = { [XC_PSR_L3_CBM] = 1,
		[XC_PSR_L3_CODE] = 4, [XC_PSR_L3_DATA] = 5,
		[XC_PSR_L2_CBM] = 7, [XC_PSR_MBA_THROTTLE] = 9 };
	struct xc_domctl ctl = { .cmd = DOMCTL_psr_alloc, .domain = domid };

	if (check_type(xch, type) < 0 ||
	    xc_check_ptr(xch, data, "an allotment") < 0)
		return -1;
	ctl.u.u32[0] = cmds[type];
	ctl.u.u32[1] = target;
	if (xc_do_domctl(xch, &ctl, "ask for its cache or bandwidth") < 0)
		return -1;
	*data = ctl.u.u64[1];
	return 0;
}

XC_API int
xc_psr_get_hw_info(xc_interface *xch, uint32_t socket, enum xc_psr_alloc type,
    struct xc_psr_hw_info *out)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_psr_alloc };

	if (xc_check_ptr(xch, out, "facts of the processor") < 0 ||
	    check_type(xch, type) < 0)
		return -1;
	if (type == XC_PSR_L3_CODE || type == XC_PSR_L3_DATA) {
		errno = EINVAL;
		return xc_fail(xch, 0, "code and data of a cache have no facts "
		    "of their own: ask for the mask");
	}
	ctl.u.u32[0] = type == XC_PSR_L3_CBM ? INFO_L3
	    : type == XC_PSR_L2_CBM	     ? INFO_L2
					     : INFO_MBA;
	ctl.u.u32[1] = socket;
	if (xc_do_sysctl(xch, &ctl, "ask about cache and bandwidth") < 0)
		return -1;
	out->max = ctl.u.u32[2];
	out->cos_max = ctl.u.u32[3];
	out->flag = (ctl.u.u32[4] & 1) != 0;
	return 0;
}
