/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Alternative physical maps: hvm_op 25, with a version of its own (1). */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <xen/xen.h>
#include <xen/hvm/hvm_op.h>

#include "xc_private.h"

#define MAX_PAGES (1u << 20)

typedef struct xen_hvm_altp2m_op altp2m_op;

static int
altp2m(xc_interface *xch, uint32_t domid, altp2m_op *op, uint32_t cmd,
    const char *what)
{
	op->version = HVMOP_ALTP2M_INTERFACE_VERSION;
	op->cmd = cmd;
	op->domain = (domid_t)domid;
	return xc_domain_op(xch, XC_HC_HVM, HVMOP_altp2m, domid, op,
	    sizeof(*op), what) < 0 ? -1 : 0;
}

XC_API int
xc_altp2m_get_domain_state(xc_interface *xch, uint32_t domid, bool *on)
{
	altp2m_op op = { 0 };

	if (xc_check_ptr(xch, on, "the state") < 0 ||
	    altp2m(xch, domid, &op, HVMOP_altp2m_get_domain_state,
		"ask for its altp2m state") < 0)
		return -1;
	*on = op.u.domain_state.state != 0;
	return 0;
}

XC_API int
xc_altp2m_set_domain_state(xc_interface *xch, uint32_t domid, bool on)
{
	altp2m_op op = { 0 };

	op.u.domain_state.state = on;
	return altp2m(xch, domid, &op, HVMOP_altp2m_set_domain_state,
	    "switch altp2m");
}

XC_API int
xc_altp2m_set_vcpu_enable_notify(xc_interface *xch, uint32_t domid,
    uint32_t vcpu, uint64_t gfn)
{
	altp2m_op op = { 0 };

	op.u.enable_notify.vcpu_id = vcpu;
	op.u.enable_notify.gfn = gfn;
	return altp2m(xch, domid, &op, HVMOP_altp2m_vcpu_enable_notify,
	    "enable #VE for a vCPU");
}

XC_API int
xc_altp2m_set_vcpu_disable_notify(xc_interface *xch, uint32_t domid,
    uint32_t vcpu)
{
	altp2m_op op = { 0 };

	op.u.disable_notify.vcpu_id = vcpu;
	return altp2m(xch, domid, &op, HVMOP_altp2m_vcpu_disable_notify,
	    "disable #VE for a vCPU");
}

XC_API int
xc_altp2m_create_view(xc_interface *xch, uint32_t domid,
    uint16_t default_access, uint16_t *view)
{
	altp2m_op op = { 0 };

	if (xc_check_ptr(xch, view, "the view") < 0)
		return -1;
	op.u.view.view = (uint16_t)~0u;
	op.u.view.hvmmem_default_access = default_access;
	if (altp2m(xch, domid, &op, HVMOP_altp2m_create_p2m,
		"create a view") < 0)
		return -1;
	*view = op.u.view.view;
	return 0;
}

XC_API int
xc_altp2m_destroy_view(xc_interface *xch, uint32_t domid, uint16_t view)
{
	altp2m_op op = { 0 };

	op.u.view.view = view;
	return altp2m(xch, domid, &op, HVMOP_altp2m_destroy_p2m,
	    "destroy a view");
}

XC_API int
xc_altp2m_switch_to_view(xc_interface *xch, uint32_t domid, uint16_t view)
{
	altp2m_op op = { 0 };

	op.u.view.view = view;
	return altp2m(xch, domid, &op, HVMOP_altp2m_switch_p2m,
	    "switch to a view");
}

XC_API int
xc_altp2m_set_mem_access(xc_interface *xch, uint32_t domid, uint16_t view,
    uint64_t gfn, uint16_t access)
{
	altp2m_op op = { 0 };

	op.u.mem_access.view = view;
	op.u.mem_access.access = access;
	op.u.mem_access.gfn = gfn;
	return altp2m(xch, domid, &op, HVMOP_altp2m_set_mem_access,
	    "set access in a view");
}

XC_API int
xc_altp2m_set_mem_access_multi(xc_interface *xch, uint32_t domid,
    uint16_t view, const uint8_t *access, const uint64_t *gfns, uint32_t n)
{
	altp2m_op op = { 0 };
	size_t size = (size_t)n * (sizeof(*gfns) + sizeof(*access));
	uint64_t *buf;
	uint8_t *tail;
	int r;

	if (xc_check_ptr(xch, access, "accesses") < 0 ||
	    xc_check_ptr(xch, gfns, "frames") < 0 ||
	    xc_check_range(xch, n, 1, MAX_PAGES, "pages") < 0)
		return -1;
	buf = xc_buf_get(xch, size);
	if (buf == NULL)
		return xc_fail(xch, errno, "set access in a view");
	tail = (uint8_t *)(buf + n);
	memcpy(buf, gfns, n * sizeof(*gfns));
	memcpy(tail, access, n);
	op.u.set_mem_access_multi.view = view;
	op.u.set_mem_access_multi.nr = n;
	set_xen_guest_handle(op.u.set_mem_access_multi.pfn_list, buf);
	set_xen_guest_handle(op.u.set_mem_access_multi.access_list, tail);
	r = altp2m(xch, domid, &op, HVMOP_altp2m_set_mem_access_multi,
	    "set access in a view");
	xc_buf_put(xch, buf, size);
	return r;
}

XC_API int
xc_altp2m_get_mem_access(xc_interface *xch, uint32_t domid, uint16_t view,
    uint64_t gfn, uint16_t *access)
{
	altp2m_op op = { 0 };

	if (xc_check_ptr(xch, access, "the access") < 0)
		return -1;
	op.u.mem_access.view = view;
	op.u.mem_access.gfn = gfn;
	if (altp2m(xch, domid, &op, HVMOP_altp2m_get_mem_access,
		"ask for access in a view") < 0)
		return -1;
	*access = op.u.mem_access.access;
	return 0;
}

XC_API int
xc_altp2m_change_gfn(xc_interface *xch, uint32_t domid, uint16_t view,
    uint64_t from, uint64_t to)
{
	altp2m_op op = { 0 };

	op.u.change_gfn.view = view;
	op.u.change_gfn.old_gfn = from;
	op.u.change_gfn.new_gfn = to;
	return altp2m(xch, domid, &op, HVMOP_altp2m_change_gfn,
	    "change a frame of a view");
}

XC_API int
xc_altp2m_set_suppress_ve(xc_interface *xch, uint32_t domid, uint16_t view,
    uint64_t gfn, bool suppress)
{
	altp2m_op op = { 0 };

	op.u.suppress_ve.view = view;
	op.u.suppress_ve.gfn = gfn;
	op.u.suppress_ve.suppress_ve = suppress;
	return altp2m(xch, domid, &op, HVMOP_altp2m_set_suppress_ve,
	    "suppress #VE");
}

XC_API int
xc_altp2m_get_suppress_ve(xc_interface *xch, uint32_t domid, uint16_t view,
    uint64_t gfn, bool *suppress)
{
	altp2m_op op = { 0 };

	if (xc_check_ptr(xch, suppress, "the answer") < 0)
		return -1;
	op.u.suppress_ve.view = view;
	op.u.suppress_ve.gfn = gfn;
	if (altp2m(xch, domid, &op, HVMOP_altp2m_get_suppress_ve,
		"ask whether #VE is suppressed") < 0)
		return -1;
	*suppress = op.u.suppress_ve.suppress_ve != 0;
	return 0;
}

XC_API int
xc_altp2m_set_suppress_ve_multi(xc_interface *xch, uint32_t domid,
    uint16_t view, uint64_t first, uint64_t last, bool suppress, int *error,
    uint64_t *error_gfn)
{
	altp2m_op op = { 0 };
	struct xen_hvm_altp2m_suppress_ve_multi *m = &op.u.suppress_ve_multi;

	m->view = view;
	m->suppress_ve = suppress;
	m->first_gfn = first;
	m->last_gfn = last;
	if (altp2m(xch, domid, &op, HVMOP_altp2m_set_suppress_ve_multi,
		"suppress #VE of frames") < 0)
		return -1;
	if (error != NULL)
		*error = m->first_error < 0 ? -m->first_error : m->first_error;
	if (error_gfn != NULL)
		*error_gfn = m->first_error_gfn;
	return 0;
}

XC_API int
xc_altp2m_get_vcpu_p2m_idx(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    uint16_t *view)
{
	altp2m_op op = { 0 };

	if (xc_check_ptr(xch, view, "the view") < 0)
		return -1;
	op.u.get_vcpu_p2m_idx.vcpu_id = vcpu;
	if (altp2m(xch, domid, &op, HVMOP_altp2m_get_p2m_idx,
		"ask for a vCPU's view") < 0)
		return -1;
	*view = op.u.get_vcpu_p2m_idx.altp2m_idx;
	return 0;
}

XC_API int
xc_altp2m_set_visibility(xc_interface *xch, uint32_t domid, uint16_t view,
    bool visible)
{
	altp2m_op op = { 0 };

	op.u.set_visibility.altp2m_idx = view;
	op.u.set_visibility.visible = visible;
	return altp2m(xch, domid, &op, HVMOP_altp2m_set_visibility,
	    "show or hide a view");
}
