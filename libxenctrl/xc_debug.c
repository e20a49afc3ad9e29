/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Watching a vCPU: single steps, gdbsx, processor traces. Layouts: domctl.h. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "xc_private.h"

#define MAX_GUEST_MEMORY (1u << 20)

/* A domctl whose payload is one or two numbers of 32 bits. */
static int
vcpu_op(xc_interface *xch, uint32_t cmd, uint32_t domid, uint32_t first,
    uint32_t second, const char *what)
{
	struct xc_domctl ctl = { .cmd = cmd, .domain = domid };

	ctl.u.u32[0] = first;
	ctl.u.u32[1] = second;
	return xc_change_domctl(xch, &ctl, what);
}

/* debug_op: {u32 op, vcpu}; op 1 = single steps, 0 = none. */
XC_API int
xc_domain_debug_control(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    bool single_step)
{
	return vcpu_op(xch, DOMCTL_debug_op, domid, single_step, vcpu,
	    "single steps of a vCPU");
}

XC_API int
xc_gdbsx_pause_vcpu(xc_interface *xch, uint32_t domid, uint32_t vcpu)
{
	return vcpu_op(xch, DOMCTL_gdbsx_pausevcpu, domid, vcpu, 0,
	    "pause a vCPU for gdbsx");
}

XC_API int
xc_gdbsx_unpause_vcpu(xc_interface *xch, uint32_t domid, uint32_t vcpu)
{
	return vcpu_op(xch, DOMCTL_gdbsx_unpausevcpu, domid, vcpu, 0,
	    "unpause a vCPU for gdbsx");
}

/* gdbsx_domstatus: {u8 paused, u32 vcpu, event}. */
XC_API int
xc_gdbsx_domain_status(xc_interface *xch, uint32_t domid,
    struct xc_gdbsx_status *out)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_gdbsx_domstatus,
		.domain = domid };

	if (xc_check_ptr(xch, out, "the status") < 0 ||
	    xc_do_domctl(xch, &ctl, "ask for its gdbsx status") < 0)
		return -1;
	out->paused = ctl.u.raw[0] != 0;
	out->vcpu = ctl.u.u32[1];
	out->event = ctl.u.u32[2];
	return 0;
}

/*
 * A Xen 4.14 that was built without gdbsx follows a null pointer when it is asked
 * for guest memory (the call reaches its IOMMU code with no domain) and the host
 * is gone. Its other gdbsx calls are refused as they should be, so one of them is
 * made first.
 */
static int
check_gdbsx(xc_interface *xch, uint32_t domid)
{
	struct xc_gdbsx_status status;

	if (xch->release >= (4u << 16 | 17))
		return 0;
	return xc_gdbsx_domain_status(xch, domid, &status);
}

/*
 * gdbsx_memio: {u64 pgd3, guest address, our buffer, u32 len, u8 write, u32
 * remain}. What was not copied makes it EFAULT.
 */
XC_API int64_t
xc_gdbsx_guest_memory(xc_interface *xch, uint32_t domid, uint64_t address,
    void *buf, uint32_t size, bool write, uint64_t pgd3)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_gdbsx_guestmemio,
		.domain = domid };
	const char *what = write ? "write guest memory" : "read guest memory";
	uint32_t remain;
	void *safe;
	int r;

	if ((write && xc_check_abi(xch, what) < 0) ||
	    xc_check_ptr(xch, buf, "guest memory") < 0 ||
	    xc_check_range(xch, size, 1, MAX_GUEST_MEMORY,
		"bytes of guest memory") < 0 ||
	    check_gdbsx(xch, domid) < 0)
		return -1;
	safe = xc_buf_get(xch, size);
	if (safe == NULL)
		return xc_fail(xch, errno, "%s", what);
	if (write)
		memcpy(safe, buf, size);
	ctl.u.u64[0] = pgd3;
	ctl.u.u64[1] = address;
	ctl.u.u64[2] = (uintptr_t)safe;
	ctl.u.u32[6] = size;
	ctl.u.raw[28] = write;
	/* Stays when Xen refuses before it copies anything. */
	ctl.u.u32[8] = UINT32_MAX;
	r = xc_do_domctl(xch, &ctl, what);
	remain = ctl.u.u32[8];
	if (r < 0 && errno == EFAULT && remain <= size)
		r = 0;
	if (r >= 0 && !write && remain < size)
		memcpy(buf, safe, size - remain);
	xc_buf_put(xch, safe, size);
	return r < 0 ? -1 : (int64_t)remain;
}

/* vmtrace_op: {u32 cmd, vcpu, u64 key, value}. */
enum {
	VMTRACE_enable = 1,
	VMTRACE_disable = 2,
	VMTRACE_reset_and_enable = 3,
	VMTRACE_output_position = 4,
	VMTRACE_get_option = 5,
	VMTRACE_set_option = 6,
};

static int
vmtrace(xc_interface *xch, uint32_t cmd, uint32_t domid, uint32_t vcpu,
    uint64_t key, uint64_t *value)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_vmtrace_op, .domain = domid };

	if (xc_check_ptr(xch, value, "a figure of the trace") < 0 ||
	    xc_need_release(xch, 15, "processor traces") < 0)
		return -1;
	ctl.u.u32[0] = cmd;
	ctl.u.u32[1] = vcpu;
	ctl.u.u64[1] = key;
	ctl.u.u64[2] = *value;
	if (xc_change_domctl(xch, &ctl, "trace a vCPU's processor") < 0)
		return -1;
	*value = ctl.u.u64[2];
	return 0;
}

XC_API int
xc_vmtrace_enable(xc_interface *xch, uint32_t domid, uint32_t vcpu)
{
	return vmtrace(xch, VMTRACE_enable, domid, vcpu, 0, &(uint64_t){ 0 });
}

XC_API int
xc_vmtrace_disable(xc_interface *xch, uint32_t domid, uint32_t vcpu)
{
	return vmtrace(xch, VMTRACE_disable, domid, vcpu, 0, &(uint64_t){ 0 });
}

XC_API int
xc_vmtrace_reset_and_enable(xc_interface *xch, uint32_t domid, uint32_t vcpu)
{
	return vmtrace(xch, VMTRACE_reset_and_enable, domid, vcpu, 0,
	    &(uint64_t){ 0 });
}

XC_API int
xc_vmtrace_output_position(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    uint64_t *position)
{
	if (position != NULL)
		*position = 0;
	return vmtrace(xch, VMTRACE_output_position, domid, vcpu, 0, position);
}

XC_API int
xc_vmtrace_get_option(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    uint64_t key, uint64_t *value)
{
	if (value != NULL)
		*value = 0;
	return vmtrace(xch, VMTRACE_get_option, domid, vcpu, key, value);
}

XC_API int
xc_vmtrace_set_option(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    uint64_t key, uint64_t value)
{
	return vmtrace(xch, VMTRACE_set_option, domid, vcpu, key, &value);
}
