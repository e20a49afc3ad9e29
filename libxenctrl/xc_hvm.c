/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain with hardware assistance has beside: its parameters. */
#include "config.h"

#include <errno.h>
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
