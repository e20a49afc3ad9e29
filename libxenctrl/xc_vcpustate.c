/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a vCPU holds beside its registers. Layouts: domctl.h. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "xc_private.h"

#define MAX_MSRS 4096u

/* vcpu_msrs: {u32 vcpu, count, list}; Xen writes the count on failures too. */
static int
vcpu_msrs(xc_interface *xch, uint32_t cmd, uint32_t domid, uint32_t vcpu,
    void *buf, uint32_t *count, const char *what)
{
	struct xc_domctl ctl = { .cmd = cmd, .domain = domid };
	int r;

	ctl.u.u32[0] = vcpu;
	ctl.u.u32[1] = *count;
	ctl.u.u64[1] = (uintptr_t)buf;
	r = xc_do_domctl(xch, &ctl, what) < 0 ? -1 : 0;
	*count = ctl.u.u32[1];
	return r;
}

XC_API int
xc_vcpu_get_msrs(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    struct xc_msr *out, uint32_t max)
{
	size_t size = max * sizeof(*out);
	uint32_t n = max;
	void *buf = NULL;
	int r;

	if (xc_check_range(xch, max, 0, MAX_MSRS, "MSRs") < 0 ||
	    (max > 0 && xc_check_ptr(xch, out, "the MSRs") < 0))
		return -1;
	if (max > 0 && (buf = xc_buf_get(xch, size)) == NULL)
		return xc_fail(xch, errno, "ask for MSRs");
	r = vcpu_msrs(xch, DOMCTL_get_vcpu_msrs, domid, vcpu, buf, &n,
	    "ask for a vCPU's MSRs");
	if (r == 0 && max > 0)
		memcpy(out, buf, (n < max ? n : max) * sizeof(*out));
	xc_buf_put(xch, buf, size);
	return r < 0 ? -1 : (int)n;
}

XC_API int
xc_vcpu_set_msrs(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    const struct xc_msr *msrs, uint32_t n, uint32_t *bad)
{
	size_t size = n * sizeof(*msrs);
	uint32_t count = n;
	void *buf;
	int r;

	if (xc_check_abi(xch, "set a vCPU's MSRs") < 0 ||
	    xc_check_ptr(xch, msrs, "the MSRs") < 0 ||
	    xc_check_range(xch, n, 1, MAX_MSRS, "MSRs") < 0)
		return -1;
	buf = xc_buf_get(xch, size);
	if (buf == NULL)
		return xc_fail(xch, errno, "set MSRs");
	memcpy(buf, msrs, size);
	r = vcpu_msrs(xch, DOMCTL_set_vcpu_msrs, domid, vcpu, buf, &count,
	    "set a vCPU's MSRs");
	if (bad != NULL)
		*bad = count;
	xc_buf_put(xch, buf, size);
	return r;
}

/* vcpuextstate: {u32 vcpu, u64 mask, u64 size, buffer}. */
XC_API int64_t
xc_vcpu_get_xsave(xc_interface *xch, uint32_t domid, uint32_t vcpu, void *buf,
    uint32_t size, uint64_t *mask)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_getvcpuextstate,
		.domain = domid };
	void *safe = NULL;
	int64_t got = -1;

	if (xc_check_range(xch, size, 0, XC_XSTATE_MAX,
		"bytes of extended state") < 0 ||
	    (size > 0 && xc_check_ptr(xch, buf, "the extended state") < 0))
		return -1;
	if (size > 0 && (safe = xc_buf_get(xch, size)) == NULL)
		return xc_fail(xch, errno, "ask for extended state");
	ctl.u.u32[0] = vcpu;
	ctl.u.u64[2] = size;
	ctl.u.u64[3] = (uintptr_t)safe;
	if (xc_do_domctl(xch, &ctl, "ask for a vCPU's extended state") >= 0) {
		got = (int64_t)ctl.u.u64[2];
		if (mask != NULL)
			*mask = ctl.u.u64[1];
		if (safe != NULL)
			memcpy(buf, safe, got < size ? (size_t)got : size);
	}
	xc_buf_put(xch, safe, size);
	return got;
}

XC_API int
xc_vcpu_set_xsave(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    const void *buf, uint32_t size, uint64_t mask)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_setvcpuextstate,
		.domain = domid };
	void *safe;
	int r;

	if (xc_check_ptr(xch, buf, "the extended state") < 0 ||
	    xc_check_range(xch, size, 1, XC_XSTATE_MAX,
		"bytes of extended state") < 0)
		return -1;
	safe = xc_buf_get(xch, size);
	if (safe == NULL)
		return xc_fail(xch, errno, "set extended state");
	memcpy(safe, buf, size);
	ctl.u.u32[0] = vcpu;
	ctl.u.u64[1] = mask;
	ctl.u.u64[2] = size;
	ctl.u.u64[3] = (uintptr_t)safe;
	r = xc_change_domctl(xch, &ctl, "set a vCPU's extended state");
	xc_buf_put(xch, safe, size);
	return r;
}

/*
 * ext_vcpucontext: {u32 vcpu, size, u64 eip, eip, u16 cs, cs, u8 off, off, pad,
 * u64 caps, bank0, bank1, ctl}: 64 bytes.
 */
#define EXTCONTEXT_SIZE 64u

XC_API int
xc_vcpu_get_extcontext(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    struct xc_extcontext *out)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_get_ext_vcpucontext,
		.domain = domid };

	ctl.u.u32[0] = vcpu;
	if (xc_check_ptr(xch, out, "the context") < 0 ||
	    xc_do_domctl(xch, &ctl, "ask for a vCPU's extended context") < 0)
		return -1;
	out->syscall32_eip = ctl.u.u64[1];
	out->sysenter_eip = ctl.u.u64[2];
	memcpy(&out->syscall32_cs, ctl.u.raw + 24, sizeof(uint16_t));
	memcpy(&out->sysenter_cs, ctl.u.raw + 26, sizeof(uint16_t));
	out->syscall32_disables_events = ctl.u.raw[28] != 0;
	out->sysenter_disables_events = ctl.u.raw[29] != 0;
	out->mcg_cap = ctl.u.u64[4];
	out->mci_ctl2_bank0 = ctl.u.u64[5];
	out->mci_ctl2_bank1 = ctl.u.u64[6];
	out->mcg_ctl = ctl.u.u64[7];
	return 0;
}

XC_API int
xc_vcpu_set_extcontext(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    const struct xc_extcontext *in)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_set_ext_vcpucontext,
		.domain = domid };

	if (xc_check_ptr(xch, in, "the context") < 0)
		return -1;
	ctl.u.u32[0] = vcpu;
	ctl.u.u32[1] = EXTCONTEXT_SIZE;
	ctl.u.u64[1] = in->syscall32_eip;
	ctl.u.u64[2] = in->sysenter_eip;
	memcpy(ctl.u.raw + 24, &in->syscall32_cs, sizeof(uint16_t));
	memcpy(ctl.u.raw + 26, &in->sysenter_cs, sizeof(uint16_t));
	ctl.u.raw[28] = in->syscall32_disables_events;
	ctl.u.raw[29] = in->sysenter_disables_events;
	ctl.u.u64[4] = in->mcg_cap;
	ctl.u.u64[5] = in->mci_ctl2_bank0;
	ctl.u.u64[6] = in->mci_ctl2_bank1;
	ctl.u.u64[7] = in->mcg_ctl;
	return xc_change_domctl(xch, &ctl, "set a vCPU's extended context");
}

/* tsc_info: {u32 mode, khz, incarnation, pad, u64 elapsed}. */
XC_API int
xc_domain_get_tsc_info(xc_interface *xch, uint32_t domid,
    struct xc_tsc_info *out)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_gettscinfo, .domain = domid };

	if (xc_check_ptr(xch, out, "the TSC mode") < 0 ||
	    xc_do_domctl(xch, &ctl, "ask for its TSC mode") < 0)
		return -1;
	out->mode = ctl.u.u32[0];
	out->gtsc_khz = ctl.u.u32[1];
	out->incarnation = ctl.u.u32[2];
	out->elapsed_nsec = ctl.u.u64[2];
	return 0;
}

XC_API int
xc_domain_get_address_size(xc_interface *xch, uint32_t domid, uint32_t *bits)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_get_address_size,
		.domain = domid };

	if (xc_check_ptr(xch, bits, "the address size") < 0 ||
	    xc_do_domctl(xch, &ctl, "ask for its address size") < 0)
		return -1;
	*bits = ctl.u.u32[0];
	return 0;
}
