/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain with hardware virtualisation has: parameters, contexts. */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>

#include "xc_private.h"

static int
hvm_param(xc_interface *xch, unsigned op, uint32_t domid, uint32_t param,
    uint64_t *value)
{
	struct xen_hvm_param p = { .domid = (domid_t)domid, .index = param,
		.value = *value };

	if (xc_check_domid(xch, domid) < 0)
		return -1;
	if (xc_hypercall_buf(xch, XC_HC_HVM, op, &p, sizeof(p)) < 0)
		return xc_fail(xch, errno, "domain %u: HVM parameter %u",
		    domid, param);
	*value = p.value;
	return 0;
}

XC_API int
xc_hvm_param_set(xc_interface *xch, uint32_t domid, uint32_t param,
    uint64_t value)
{
	return hvm_param(xch, HVMOP_set_param, domid, param, &value);
}

XC_API int
xc_hvm_param_get(xc_interface *xch, uint32_t domid, uint32_t param,
    uint64_t *value)
{
	*value = 0;
	return hvm_param(xch, HVMOP_get_param, domid, param, value);
}

XC_API int
xc_hvm_get_mem_type(xc_interface *xch, uint32_t domid, uint64_t gfn,
    uint16_t *type)
{
	struct xen_hvm_get_mem_type m = { .domid = (domid_t)domid,
		.pfn = gfn };

	if (xc_check_ptr(xch, type, "the memory type") < 0 ||
	    xc_domain_op(xch, XC_HC_HVM, HVMOP_get_mem_type, domid, &m,
		sizeof(m), "ask for a memory type") < 0)
		return -1;
	*type = m.mem_type;
	return 0;
}

/* A buffer, or none and no size to ask how much there is. */
static int
check_context(xc_interface *xch, const void *buf, uint32_t size)
{
	if (buf == NULL && size == 0)
		return 0;
	if (xc_check_ptr(xch, buf, "the context") < 0)
		return -1;
	return xc_check_range(xch, size, 1, XC_HVM_CONTEXT_MAX,
	    "bytes of HVM context");
}

/*
 * get: hvmcontext {u32 size, buffer}; partial: {u32 type, instance, u64 size,
 * buffer}. size_at and buf_at are their places in words of 64 bits.
 */
static int64_t
get_context(xc_interface *xch, struct xc_domctl *ctl, size_t size_at,
    size_t buf_at, void *buf, uint32_t size, const char *what)
{
	void *safe = NULL;
	int64_t got = -1;

	if (check_context(xch, buf, size) < 0)
		return -1;
	if (size > 0) {
		safe = xc_buf_get(xch, size);
		if (safe == NULL)
			return xc_fail(xch, errno, "%s", what);
	}
	ctl->u.u64[size_at] = size;
	ctl->u.u64[buf_at] = (uintptr_t)safe;
	if (xc_do_domctl(xch, ctl, what) >= 0) {
		got = (int64_t)(uint32_t)ctl->u.u64[size_at];
		if (safe != NULL)
			memcpy(buf, safe, got < size ? (size_t)got : size);
	}
	xc_buf_put(xch, safe, size);
	return got;
}

XC_API int64_t
xc_domain_hvm_getcontext(xc_interface *xch, uint32_t domid, void *buf,
    uint32_t size)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_gethvmcontext,
		.domain = domid };

	return get_context(xch, &ctl, 0, 1, buf, size, "get its HVM context");
}

XC_API int64_t
xc_domain_hvm_getcontext_partial(xc_interface *xch, uint32_t domid,
    uint16_t typecode, uint32_t instance, void *buf, uint32_t size)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_gethvmcontext_partial,
		.domain = domid };

	ctl.u.u32[0] = typecode;
	ctl.u.u32[1] = instance;
	return get_context(xch, &ctl, 1, 2, buf, size,
	    "get a record of its HVM context");
}

XC_API int
xc_domain_hvm_setcontext(xc_interface *xch, uint32_t domid, const void *buf,
    uint32_t size)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_sethvmcontext,
		.domain = domid };
	void *safe;
	int r;

	if (xc_check_ptr(xch, buf, "the context") < 0 ||
	    check_context(xch, buf, size) < 0)
		return -1;
	safe = xc_buf_get(xch, size);
	if (safe == NULL)
		return xc_fail(xch, errno, "set an HVM context");
	memcpy(safe, buf, size);
	ctl.u.u32[0] = size;
	ctl.u.u64[1] = (uintptr_t)safe;
	r = xc_change_domctl(xch, &ctl, "set its HVM context");
	xc_buf_put(xch, safe, size);
	return r;
}
