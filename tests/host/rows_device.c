/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows: devices, permissions, mappings, interrupts. */
#include "config.h"

#include <errno.h>
#include <stdint.h>

#include "xc_rows.h"

static const char no_iommu[] =
    "devices are assigned by an IOMMU; the machine has none";

/* The first device of any PC: its host bridge. */
#define BRIDGE XC_SBDF(0, 0, 0, 0)
/* Legacy video memory, which no domain has as RAM. */
#define VIDEO_MFN 0xa0u

/* --- PCI ----------------------------------------------------------------- */

static int
assign(struct xr_env *e)
{
	return xc_assign_device(e->xch, e->hvm, BRIDGE, 0);
}

static int
deassign(struct xr_env *e)
{
	return xc_deassign_device(e->xch, e->hvm, BRIDGE);
}

static int
test_assign(struct xr_env *e)
{
	return xc_test_assign_device(e->xch, e->hvm, BRIDGE);
}

static int
group(struct xr_env *e)
{
	uint32_t devices[8];

	return xc_get_device_group(e->xch, e->hvm, BRIDGE, devices, 8) < 0 ? -1
									   : 0;
}

/* --- permissions --------------------------------------------------------- */

/* An interrupt that is ours to give; most of the first 16 are. */
static int
irq(struct xr_env *e)
{
	for (uint32_t pirq = 1; pirq < 24; pirq++) {
		if (xc_domain_irq_permission(e->xch, e->pv, pirq, true) == 0)
			return xc_domain_irq_permission(e->xch, e->pv, pirq,
			    false);
		if (errno != EPERM && errno != EINVAL)
			return -1;
	}
	return -1;
}

static int
gsi(struct xr_env *e)
{
	for (uint32_t n = 1; n < 24; n++) {
		if (xc_domain_gsi_permission(e->xch, e->pv, n, true) == 0)
			return xc_domain_gsi_permission(e->xch, e->pv, n,
			    false);
		if (errno != EPERM && errno != EINVAL)
			return -1;
	}
	return -1;
}

static int
iomem(struct xr_env *e)
{
	if (xc_domain_iomem_permission(e->xch, e->pv, VIDEO_MFN, 32, true) < 0)
		return -1;
	return xc_domain_iomem_permission(e->xch, e->pv, VIDEO_MFN, 32, false);
}

static int
ioport(struct xr_env *e)
{
	if (xc_domain_ioport_permission(e->xch, e->pv, 0x3c0, 32, true) < 0)
		return -1;
	return xc_domain_ioport_permission(e->xch, e->pv, 0x3c0, 32, false);
}

/* --- mappings ------------------------------------------------------------ */

static void
not_permitted(struct xr_env *e, uint64_t mfn)
{
	xc_domain_iomem_permission(e->xch, e->hvm, mfn, 32, false);
}

static void
not_mapped(struct xr_env *e, uint64_t mfn)
{
	xc_domain_memory_mapping(e->xch, e->hvm, 6000, mfn, 32, false, NULL);
}

static int
memory(struct xr_env *e)
{
	uint64_t done = 0;

	if (xc_domain_iomem_permission(e->xch, e->hvm, VIDEO_MFN, 32, true) < 0)
		return -1;
	xr_at_end(not_permitted, VIDEO_MFN);
	xr_at_end(not_mapped, VIDEO_MFN);
	if (xc_domain_memory_mapping(e->xch, e->hvm, 6000, VIDEO_MFN, 32, true,
		&done) < 0)
		return -1;
	if (done != 32)
		return xr_wrong("%llu frames", (unsigned long long)done);
	return xc_domain_memory_mapping(e->xch, e->hvm, 6000, VIDEO_MFN, 32,
	    false, NULL);
}

static int
ports(struct xr_env *e)
{
	if (xc_domain_ioport_mapping(e->xch, e->hvm, 0x300, 0x3c0, 16, true) <
	    0)
		return -1;
	return xc_domain_ioport_mapping(e->xch, e->hvm, 0x300, 0x3c0, 16,
	    false);
}

/* --- interrupts ---------------------------------------------------------- */

static void
unmap(struct xr_env *e, uint64_t pirq)
{
	xc_physdev_unmap_pirq(e->xch, e->pv, (int)pirq);
}

static int
map_gsi(struct xr_env *e)
{
	for (int n = 1; n < 24; n++) {
		int pirq = XC_PIRQ_ANY;

		if (xc_physdev_map_pirq(e->xch, e->pv, n, &pirq) == 0) {
			xr_at_end(unmap, (uint64_t)pirq);
			if (pirq < 0)
				return xr_wrong("pirq %d", pirq);
			return xc_physdev_unmap_pirq(e->xch, e->pv, pirq);
		}
		if (errno != EPERM && errno != EINVAL)
			return -1;
	}
	return -1;
}

static int
map_msi(struct xr_env *e)
{
	const struct xc_msi m = { .type = XC_PIRQ_MSI_SEG, .sbdf = BRIDGE };
	int pirq = XC_PIRQ_ANY;

	return xc_physdev_map_pirq_msi(e->xch, e->pv, &m, &pirq);
}

static int
bind(struct xr_env *e)
{
	const struct xc_pt_irq irq_ = { .machine_irq = 5,
		.type = XC_PT_IRQ_PCI, .device = 3, .intx = 1 };

	return xc_domain_bind_pt_irq(e->xch, e->hvm, &irq_);
}

static int
unbind(struct xr_env *e)
{
	const struct xc_pt_irq irq_ = { .machine_irq = 5,
		.type = XC_PT_IRQ_PCI, .device = 3, .intx = 1 };

	return xc_domain_unbind_pt_irq(e->xch, e->hvm, &irq_);
}

#define CANNOT(name, call, err) { name, call, 0, no_iommu, err, XR_HVM, 0, 0 }

const struct xr_row xr_rows_device[] = {
	CANNOT("xc_assign_device", assign, ENOTSUP),
	CANNOT("xc_deassign_device", deassign, ENOTSUP),
	CANNOT("xc_test_assign_device", test_assign, ENOTSUP),
	CANNOT("xc_get_device_group", group, ENOTSUP),
	/* They ask for one interrupt after the other. */
	{ .function = "xc_domain_irq_permission", irq, .flags = XR_RECOVERS },
	{ .function = "xc_domain_gsi_permission", gsi, .since = 20,
	    .flags = XR_RECOVERS },
	{ .function = "xc_domain_iomem_permission", iomem },
	{ .function = "xc_domain_ioport_permission", ioport },
	{ .function = "xc_domain_memory_mapping", memory, .flags = XR_HVM },
	{ .function = "xc_domain_ioport_mapping", ports, .flags = XR_HVM },
	{ .function = "xc_physdev_map_pirq", map_gsi, .flags = XR_RECOVERS },
	{ .function = "xc_physdev_unmap_pirq", map_gsi, .flags = XR_RECOVERS },
	{ .function = "xc_physdev_map_pirq_msi", map_msi,
	    .cannot = "the machine's devices with MSI are dom0's own",
	    .cannot_errno = ENODEV },
	CANNOT("xc_domain_bind_pt_irq", bind, EPERM),
	CANNOT("xc_domain_unbind_pt_irq", unbind, EPERM),
	{ 0 },
};

/* --- bad arguments ------------------------------------------------------- */

static int
no_group(struct xr_env *e)
{
	uint32_t device;

	return xc_get_device_group(e->xch, e->pv, BRIDGE, &device, 0);
}

static int
huge_group(struct xr_env *e)
{
	uint32_t device;

	return xc_get_device_group(e->xch, e->pv, BRIDGE, &device, 4097);
}

static int
no_iomem(struct xr_env *e)
{
	return xc_domain_iomem_permission(e->xch, e->pv, VIDEO_MFN, 0, true);
}

static int
no_ports(struct xr_env *e)
{
	return xc_domain_ioport_permission(e->xch, e->pv, 0x3c0, 0, true);
}

static int
ports_beyond(struct xr_env *e)
{
	return xc_domain_ioport_permission(e->xch, e->pv, 0xfff0, 32, true);
}

static int
map_nothing(struct xr_env *e)
{
	return xc_domain_memory_mapping(e->xch, e->hvm, 6000, VIDEO_MFN, 0,
	    true, NULL);
}

static int
map_not_permitted(struct xr_env *e)
{
	return xc_domain_memory_mapping(e->xch, e->hvm, 6000, VIDEO_MFN, 1,
	    true, NULL);
}

static int
pirq_nowhere(struct xr_env *e)
{
	return xc_physdev_map_pirq(e->xch, e->pv, 5, NULL);
}

static int
odd_pt_irq(struct xr_env *e)
{
	const struct xc_pt_irq irq_ = { .type = 4 };

	return xc_domain_bind_pt_irq(e->xch, e->hvm, &irq_);
}

const struct xr_bad xr_bad_device[] = {
	{ "a group of no devices", no_group, EINVAL, 0, 0 },
	{ "a huge group of devices", huge_group, EINVAL, 0, 0 },
	{ "permission for no frames", no_iomem, EINVAL, 0, 0 },
	{ "permission for no ports", no_ports, EINVAL, 0, 0 },
	{ "ports beyond 65535", ports_beyond, EINVAL, 0, 0 },
	{ "mapping no frames", map_nothing, EINVAL, XB_HVM, 0 },
	{ "mapping what was not permitted", map_not_permitted, EPERM,
	    XB_ASKS | XB_HVM, 0 },
	{ "no place for a pirq", pirq_nowhere, EINVAL, 0, 0 },
	{ "an odd interrupt", odd_pt_irq, EINVAL, XB_HVM, 0 },
	{ 0 },
};
