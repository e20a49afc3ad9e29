/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain's monitor is told of: domctl monitor_op. */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include "xc_private.h"

enum {
	MONITOR_enable = 0,
	MONITOR_disable = 1,
	MONITOR_get_capabilities = 2,
	MONITOR_emulate_each_rep = 3,
	MONITOR_control_registers = 4,
};

enum {
	EVENT_write_ctrlreg = 0,
	EVENT_mov_to_msr = 1,
	EVENT_singlestep = 2,
	EVENT_software_breakpoint = 3,
	EVENT_guest_request = 4,
	EVENT_debug_exception = 5,
	EVENT_cpuid = 6,
	EVENT_privileged_call = 7,
	EVENT_desc_access = 9,
	EVENT_emul_unimplemented = 10,
	EVENT_inguest_pagefault = 11,
	EVENT_vmexit = 12,
	EVENT_io = 13,
};

/* monitor_op: {u32 op, event, 16 bytes of options}. */
static int
monitor_op(xc_interface *xch, uint32_t domid, uint32_t op, uint32_t event,
    const void *options, size_t size)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_monitor_op, .domain = domid };

	ctl.u.u32[0] = op;
	ctl.u.u32[1] = event;
	if (size > 0)
		memcpy(ctl.u.raw + 8, options, size);
	return xc_change_domctl(xch, &ctl, "set what its monitor is told of");
}

static int
event(xc_interface *xch, uint32_t domid, uint32_t which, bool enable)
{
	return monitor_op(xch, domid, enable ? MONITOR_enable : MONITOR_disable,
	    which, NULL, 0);
}

/* Up to two flags follow the event. */
static int
event_with(xc_interface *xch, uint32_t domid, uint32_t which, bool enable,
    bool first, bool second)
{
	const uint8_t flags[2] = { first, second };

	return monitor_op(xch, domid, enable ? MONITOR_enable : MONITOR_disable,
	    which, flags, sizeof(flags));
}

XC_API void *
xc_monitor_enable(xc_interface *xch, uint32_t domid, uint32_t *port)
{
	return xc_vm_event_enable(xch, domid, XC_VM_EVENT_MONITOR, port);
}

XC_API int
xc_monitor_disable(xc_interface *xch, uint32_t domid)
{
	return xc_vm_event_disable(xch, domid, XC_VM_EVENT_MONITOR);
}

XC_API int
xc_monitor_resume(xc_interface *xch, uint32_t domid)
{
	return xc_vm_event_resume(xch, domid, XC_VM_EVENT_MONITOR);
}

XC_API int
xc_monitor_get_capabilities(xc_interface *xch, uint32_t domid,
    uint32_t *capabilities)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_monitor_op, .domain = domid };

	ctl.u.u32[0] = MONITOR_get_capabilities;
	if (xc_check_ptr(xch, capabilities, "the capabilities") < 0 ||
	    xc_do_domctl(xch, &ctl, "ask what a monitor can be told of") < 0)
		return -1;
	*capabilities = ctl.u.u32[1];
	return 0;
}

XC_API int
xc_monitor_write_ctrlreg(xc_interface *xch, uint32_t domid, uint8_t index,
    bool enable, bool sync, uint64_t mask, bool onchange)
{
	/* {u8 index, sync, onchange, pad, u32 pad, u64 mask} */
	uint8_t options[16] = { index, sync, onchange };

	memcpy(options + 8, &mask, sizeof(mask));
	return monitor_op(xch, domid, enable ? MONITOR_enable : MONITOR_disable,
	    EVENT_write_ctrlreg, options, sizeof(options));
}

XC_API int
xc_monitor_mov_to_msr(xc_interface *xch, uint32_t domid, uint32_t msr,
    bool enable, bool onchange)
{
	uint8_t options[8] = { 0 };

	memcpy(options, &msr, sizeof(msr));
	options[4] = onchange;
	return monitor_op(xch, domid, enable ? MONITOR_enable : MONITOR_disable,
	    EVENT_mov_to_msr, options, sizeof(options));
}

XC_API int
xc_monitor_singlestep(xc_interface *xch, uint32_t domid, bool enable)
{
	return event(xch, domid, EVENT_singlestep, enable);
}

XC_API int
xc_monitor_software_breakpoint(xc_interface *xch, uint32_t domid, bool enable)
{
	return event(xch, domid, EVENT_software_breakpoint, enable);
}

XC_API int
xc_monitor_descriptor_access(xc_interface *xch, uint32_t domid, bool enable)
{
	return event(xch, domid, EVENT_desc_access, enable);
}

XC_API int
xc_monitor_guest_request(xc_interface *xch, uint32_t domid, bool enable,
    bool sync, bool userspace)
{
	return event_with(xch, domid, EVENT_guest_request, enable, sync,
	    userspace);
}

XC_API int
xc_monitor_inguest_pagefault(xc_interface *xch, uint32_t domid, bool disable)
{
	/* To enable the event is to disable the reports. */
	return event(xch, domid, EVENT_inguest_pagefault, disable);
}

XC_API int
xc_monitor_debug_exceptions(xc_interface *xch, uint32_t domid, bool enable,
    bool sync)
{
	return event_with(xch, domid, EVENT_debug_exception, enable, sync,
	    false);
}

XC_API int
xc_monitor_cpuid(xc_interface *xch, uint32_t domid, bool enable)
{
	return event(xch, domid, EVENT_cpuid, enable);
}

XC_API int
xc_monitor_privileged_call(xc_interface *xch, uint32_t domid, bool enable)
{
	return event(xch, domid, EVENT_privileged_call, enable);
}

XC_API int
xc_monitor_emul_unimplemented(xc_interface *xch, uint32_t domid, bool enable)
{
	return event(xch, domid, EVENT_emul_unimplemented, enable);
}

XC_API int
xc_monitor_vmexit(xc_interface *xch, uint32_t domid, bool enable, bool sync)
{
	if (xc_need_release(xch, 17, "event for VM exits") < 0)
		return -1;
	return event_with(xch, domid, EVENT_vmexit, enable, sync, false);
}

XC_API int
xc_monitor_io(xc_interface *xch, uint32_t domid, bool enable)
{
	if (xc_need_release(xch, 18, "event for I/O instructions") < 0)
		return -1;
	return event(xch, domid, EVENT_io, enable);
}

XC_API int
xc_monitor_emulate_each_rep(xc_interface *xch, uint32_t domid, bool enable)
{
	/* The event's place says on or off. */
	return monitor_op(xch, domid, MONITOR_emulate_each_rep, enable, NULL,
	    0);
}

XC_API int
xc_monitor_control_registers(xc_interface *xch, uint32_t domid)
{
	return monitor_op(xch, domid, MONITOR_control_registers, 0, NULL, 0);
}
