/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Giving devices to domains. Layouts: domctl.h, physdev.h. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <xen/xen.h>
#include <xen/physdev.h>

#include "xc_private.h"

#define MAX_GROUP 4096u

/* assign_device: {u32 kind, flags, sbdf}; kind 0 = PCI. */
static int
device_op(xc_interface *xch, uint32_t cmd, uint32_t domid, uint32_t sbdf,
    uint32_t flags, const char *what)
{
	struct xc_domctl ctl = { .cmd = cmd, .domain = domid };

	ctl.u.u32[1] = flags;
	ctl.u.u32[2] = sbdf;
	return xc_change_domctl(xch, &ctl, what);
}

XC_API int
xc_assign_device(xc_interface *xch, uint32_t domid, uint32_t sbdf,
    uint32_t flags)
{
	return device_op(xch, DOMCTL_assign_device, domid, sbdf, flags,
	    "assign a PCI device");
}

XC_API int
xc_deassign_device(xc_interface *xch, uint32_t domid, uint32_t sbdf)
{
	return device_op(xch, DOMCTL_deassign_device, domid, sbdf, 0,
	    "take a PCI device back");
}

XC_API int
xc_test_assign_device(xc_interface *xch, uint32_t domid, uint32_t sbdf)
{
	return device_op(xch, DOMCTL_test_assign_device, domid, sbdf, 0,
	    "ask whether a PCI device can be assigned");
}

/* get_device_group: {u32 sbdf, max, num, pad, array of u32}. */
XC_API int
xc_get_device_group(xc_interface *xch, uint32_t domid, uint32_t sbdf,
    uint32_t *group, uint32_t max)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_get_device_group,
		.domain = domid };
	size_t size = max * sizeof(*group);
	uint32_t *buf, n = 0;
	int r;

	if (xc_check_ptr(xch, group, "the devices") < 0 ||
	    xc_check_range(xch, max, 1, MAX_GROUP, "devices") < 0)
		return -1;
	buf = xc_buf_get(xch, size);
	if (buf == NULL)
		return xc_fail(xch, errno, "ask for a device's group");
	ctl.u.u32[0] = sbdf;
	ctl.u.u32[1] = max;
	ctl.u.u64[2] = (uintptr_t)buf;
	r = xc_do_domctl(xch, &ctl, "ask for a device's group");
	if (r >= 0) {
		n = ctl.u.u32[2] < max ? ctl.u.u32[2] : max;
		memcpy(group, buf, n * sizeof(*group));
	}
	xc_buf_put(xch, buf, size);
	return r < 0 ? -1 : (int)n;
}

/* --- permissions ---------------------------------------------------------- */

XC_API int
xc_domain_irq_permission(xc_interface *xch, uint32_t domid, uint32_t pirq,
    bool allow)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_irq_permission,
		.domain = domid };
	const char *what;

	if (xc_encode_irq_permission(xch->abi, pirq, allow, ctl.u.raw,
		&what) < 0)
		return xc_fail(xch, 0,
		    "permit interrupt %u: Xen %u.%u lacks %s", pirq,
		    xch->release >> 16, xch->release & 0xffff, what);
	return xc_change_domctl(xch, &ctl, "permit an interrupt");
}

XC_API int
xc_domain_gsi_permission(xc_interface *xch, uint32_t domid, uint32_t gsi,
    bool allow)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_gsi_permission,
		.domain = domid };

	if (xc_need_release(xch, 20, "permission by GSI") < 0)
		return -1;
	xc_encode_gsi_permission(gsi, allow, ctl.u.raw);
	return xc_change_domctl(xch, &ctl, "permit an interrupt by its GSI");
}

/* iomem_permission: {u64 first, nr, u8 allow}. */
XC_API int
xc_domain_iomem_permission(xc_interface *xch, uint32_t domid,
    uint64_t first_mfn, uint64_t nr, bool allow)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_iomem_permission,
		.domain = domid };

	if (xc_check_range(xch, nr, 1, UINT64_MAX, "frames") < 0)
		return -1;
	ctl.u.u64[0] = first_mfn;
	ctl.u.u64[1] = nr;
	ctl.u.raw[16] = allow;
	return xc_change_domctl(xch, &ctl, "permit a device's memory");
}

static int
check_ports(xc_interface *xch, uint64_t first, uint64_t nr)
{
	if (xc_check_range(xch, nr, 1, 65536, "ports") < 0)
		return -1;
	return xc_check_range(xch, first + nr - 1, 0, 65535,
	    "as the last port");
}

/* ioport_permission: {u32 first, nr, u8 allow}. */
XC_API int
xc_domain_ioport_permission(xc_interface *xch, uint32_t domid, uint32_t first,
    uint32_t nr, bool allow)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_ioport_permission,
		.domain = domid };

	if (check_ports(xch, first, nr) < 0)
		return -1;
	ctl.u.u32[0] = first;
	ctl.u.u32[1] = nr;
	ctl.u.raw[8] = allow;
	return xc_change_domctl(xch, &ctl, "permit ports");
}

/* --- mappings ------------------------------------------------------------- */

/* memory_mapping: {u64 gfn, mfn, nr, u32 add}. A positive result is how many of
 * them were done before Xen wanted a pause. */
XC_API int
xc_domain_memory_mapping(xc_interface *xch, uint32_t domid, uint64_t gfn,
    uint64_t mfn, uint64_t nr, bool add, uint64_t *done)
{
	const char *what = add ? "map a device's memory"
			       : "unmap a device's memory";
	uint64_t n = 0;
	int r = 0;

	if (done != NULL)
		*done = 0;
	if (xc_check_abi(xch, what) < 0 ||
	    xc_check_range(xch, nr, 1, UINT64_MAX, "frames") < 0)
		return -1;
	while (n < nr && r >= 0) {
		struct xc_domctl ctl = { .cmd = DOMCTL_memory_mapping,
			.domain = domid };

		ctl.u.u64[0] = gfn + n;
		ctl.u.u64[1] = mfn + n;
		ctl.u.u64[2] = nr - n;
		ctl.u.u32[6] = add;
		r = xc_do_domctl(xch, &ctl, what);
		if (r >= 0)
			n += r == 0 ? nr - n : (uint64_t)r;
	}
	if (done != NULL)
		*done = n;
	return r < 0 ? -1 : 0;
}

/* ioport_mapping: {u32 guest port, machine port, nr, add}. */
XC_API int
xc_domain_ioport_mapping(xc_interface *xch, uint32_t domid, uint32_t guest_port,
    uint32_t machine_port, uint32_t nr, bool add)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_ioport_mapping,
		.domain = domid };

	if (check_ports(xch, guest_port, nr) < 0 ||
	    check_ports(xch, machine_port, nr) < 0)
		return -1;
	ctl.u.u32[0] = guest_port;
	ctl.u.u32[1] = machine_port;
	ctl.u.u32[2] = nr;
	ctl.u.u32[3] = add;
	return xc_change_domctl(xch, &ctl, "map ports");
}

/* --- interrupts ----------------------------------------------------------- */

static int
map_pirq(xc_interface *xch, uint32_t domid, struct physdev_map_pirq *map,
    int *pirq)
{
	if (xc_check_ptr(xch, pirq, "the pirq") < 0)
		return -1;
	map->domid = (domid_t)domid;
	map->pirq = *pirq;
	if (xc_domain_op(xch, XC_HC_PHYSDEV, PHYSDEVOP_map_pirq, domid, map,
		sizeof(*map), "map an interrupt") < 0)
		return -1;
	*pirq = map->pirq;
	return 0;
}

XC_API int
xc_physdev_map_pirq(xc_interface *xch, uint32_t domid, int gsi, int *pirq)
{
	struct physdev_map_pirq map;

	memset(&map, 0, sizeof(map));
	map.type = MAP_PIRQ_TYPE_GSI;
	map.index = gsi;
	return map_pirq(xch, domid, &map, pirq);
}

XC_API int
xc_physdev_map_pirq_msi(xc_interface *xch, uint32_t domid,
    const struct xc_msi *msi, int *pirq)
{
	struct physdev_map_pirq map;

	memset(&map, 0, sizeof(map));
	map.index = -1;
	if (xc_check_ptr(xch, msi, "the MSI") < 0)
		return -1;
	map.type = msi->type;
	/* Segment and bus share a field. */
	map.bus = (int)(msi->sbdf >> 8);
	map.devfn = (int)(msi->sbdf & 0xff);
	map.entry_nr = msi->entry;
	map.table_base = msi->table_base;
	return map_pirq(xch, domid, &map, pirq);
}

XC_API int
xc_physdev_unmap_pirq(xc_interface *xch, uint32_t domid, int pirq)
{
	struct physdev_unmap_pirq unmap;

	memset(&unmap, 0, sizeof(unmap));
	unmap.domid = (domid_t)domid;
	unmap.pirq = pirq;
	return xc_domain_op(xch, XC_HC_PHYSDEV, PHYSDEVOP_unmap_pirq, domid,
	    &unmap, sizeof(unmap), "unmap an interrupt") < 0 ? -1 : 0;
}

/* bind_pt_irq: {u32 irq, type, then u8 isa | u8 bus, device, intx | u8 vector,
 * u32 flags, u64 table}. */
static int
pt_irq(xc_interface *xch, uint32_t cmd, uint32_t domid,
    const struct xc_pt_irq *irq, const char *what)
{
	struct xc_domctl ctl = { .cmd = cmd, .domain = domid };

	if (xc_check_ptr(xch, irq, "the interrupt") < 0 ||
	    xc_check_range(xch, irq->type, XC_PT_IRQ_PCI,
		XC_PT_IRQ_MSI_TRANSLATE, "as the type of an interrupt") < 0)
		return -1;
	ctl.u.u32[0] = irq->machine_irq;
	ctl.u.u32[1] = irq->type;
	if (irq->type == XC_PT_IRQ_ISA) {
		ctl.u.raw[8] = irq->isa_irq;
	} else if (irq->type == XC_PT_IRQ_MSI) {
		ctl.u.raw[8] = irq->gvec;
		ctl.u.u32[3] = irq->gflags;
		ctl.u.u64[2] = irq->gtable;
	} else {
		ctl.u.raw[8] = irq->bus;
		ctl.u.raw[9] = irq->device;
		ctl.u.raw[10] = irq->intx;
	}
	return xc_change_domctl(xch, &ctl, what);
}

XC_API int
xc_domain_bind_pt_irq(xc_interface *xch, uint32_t domid,
    const struct xc_pt_irq *irq)
{
	return pt_irq(xch, DOMCTL_bind_pt_irq, domid, irq,
	    "bind an interrupt of a device");
}

XC_API int
xc_domain_unbind_pt_irq(xc_interface *xch, uint32_t domid,
    const struct xc_pt_irq *irq)
{
	return pt_irq(xch, DOMCTL_unbind_pt_irq, domid, irq,
	    "unbind an interrupt of a device");
}
