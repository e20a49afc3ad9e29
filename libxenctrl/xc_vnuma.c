/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The NUMA topology a domain is shown. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <xen/xen.h>
#include <xen/memory.h>

#include "xc_private.h"

#define MAX_COUNT 4096u

_Static_assert(sizeof(struct xc_vmemrange) == sizeof(xen_vmemrange_t),
    "xen_vmemrange");

/* All arrays in one buffer; ranges, which hold 64-bit numbers, first. */
struct arrays {
	struct xc_vmemrange *ranges;
	uint32_t *distance, *vcpus, *hosts;
	size_t size;
};

static int
check(xc_interface *xch, const struct xc_vnuma *v)
{
	if (xc_check_ptr(xch, v, "the topology") < 0 ||
	    xc_check_range(xch, v->nr_nodes, 1, MAX_COUNT, "nodes") < 0 ||
	    xc_check_range(xch, v->nr_ranges, 1, MAX_COUNT, "ranges") < 0 ||
	    xc_check_range(xch, v->nr_vcpus, 1, MAX_COUNT, "vCPUs") < 0 ||
	    xc_check_ptr(xch, v->distance, "the distances") < 0 ||
	    xc_check_ptr(xch, v->vcpu_to_node, "the vCPUs' nodes") < 0 ||
	    xc_check_ptr(xch, v->ranges, "the ranges") < 0)
		return -1;
	return 0;
}

static int
take(xc_interface *xch, struct arrays *a, const struct xc_vnuma *v)
{
	size_t cells = (size_t)v->nr_nodes * v->nr_nodes;

	a->size = v->nr_ranges * sizeof(*a->ranges) +
	    (cells + v->nr_vcpus + v->nr_nodes) * sizeof(uint32_t);
	a->ranges = xc_buf_get(xch, a->size);
	if (a->ranges == NULL)
		return xc_fail(xch, errno, "virtual NUMA");
	a->distance = (uint32_t *)(a->ranges + v->nr_ranges);
	a->vcpus = a->distance + cells;
	a->hosts = a->vcpus + v->nr_vcpus;
	return 0;
}

/* domctl vnuma: {u32 nodes, ranges, vcpus, 0, distance, vcpu_to_vnode,
 * vnode_to_pnode, ranges}. */
XC_API int
xc_domain_setvnuma(xc_interface *xch, uint32_t domid, const struct xc_vnuma *v)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_setvnumainfo,
		.domain = domid };
	struct arrays a;
	int r;

	if (check(xch, v) < 0 ||
	    xc_check_ptr(xch, v->node_to_host, "the host's nodes") < 0 ||
	    take(xch, &a, v) < 0)
		return -1;
	memcpy(a.ranges, v->ranges, v->nr_ranges * sizeof(*v->ranges));
	memcpy(a.distance, v->distance, (size_t)v->nr_nodes * v->nr_nodes *
	    sizeof(uint32_t));
	memcpy(a.vcpus, v->vcpu_to_node, v->nr_vcpus * sizeof(uint32_t));
	memcpy(a.hosts, v->node_to_host, v->nr_nodes * sizeof(uint32_t));
	ctl.u.u32[0] = v->nr_nodes;
	ctl.u.u32[1] = v->nr_ranges;
	ctl.u.u32[2] = v->nr_vcpus;
	ctl.u.u64[2] = (uintptr_t)a.distance;
	ctl.u.u64[3] = (uintptr_t)a.vcpus;
	ctl.u.u64[4] = (uintptr_t)a.hosts;
	ctl.u.u64[5] = (uintptr_t)a.ranges;
	r = xc_change_domctl(xch, &ctl, "set its virtual NUMA");
	xc_buf_put(xch, a.ranges, a.size);
	return r;
}

XC_API int
xc_domain_getvnuma(xc_interface *xch, uint32_t domid, struct xc_vnuma *v)
{
	struct xen_vnuma_topology_info t = { .domid = (domid_t)domid };
	struct arrays a;
	long r;

	if (check(xch, v) < 0 || take(xch, &a, v) < 0)
		return -1;
	t.nr_vnodes = v->nr_nodes;
	t.nr_vcpus = v->nr_vcpus;
	t.nr_vmemranges = v->nr_ranges;
	set_xen_guest_handle(t.vdistance.h, a.distance);
	set_xen_guest_handle(t.vcpu_to_vnode.h, a.vcpus);
	set_xen_guest_handle(t.vmemrange.h, (xen_vmemrange_t *)a.ranges);
	r = xc_domain_op(xch, XC_HC_MEMORY, XENMEM_get_vnumainfo, domid, &t,
	    sizeof(t), "ask for its virtual NUMA");
	if (r >= 0 && t.nr_vnodes <= v->nr_nodes &&
	    t.nr_vmemranges <= v->nr_ranges && t.nr_vcpus <= v->nr_vcpus) {
		memcpy(v->ranges, a.ranges,
		    t.nr_vmemranges * sizeof(*v->ranges));
		memcpy(v->distance, a.distance, (size_t)t.nr_vnodes *
		    t.nr_vnodes * sizeof(uint32_t));
		memcpy(v->vcpu_to_node, a.vcpus,
		    t.nr_vcpus * sizeof(uint32_t));
	}
	if (r >= 0 || errno == ENOBUFS) {
		v->nr_nodes = t.nr_vnodes;
		v->nr_ranges = t.nr_vmemranges;
		v->nr_vcpus = t.nr_vcpus;
	}
	xc_buf_put(xch, a.ranges, a.size);
	return r < 0 ? -1 : 0;
}
