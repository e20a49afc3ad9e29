/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxenctrl: giving devices to domains. The order that works: bind the device
 * to pciback; xc_test_assign_device; permissions (ports, memory, interrupts by
 * way of xc_physdev_map_pirq); xc_assign_device; and back in reverse.
 *
 * Included by xenctrl.h, whose head tells the errors every call may give.
 */
#ifndef XENCTRL_DEVICE_H
#define XENCTRL_DEVICE_H

#include "xenctrl.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- PCI devices; sbdf is XC_SBDF (xenctrl_hvm.h) ------------------------- */

/* Give it although its reserved memory is not where it must be. */
#define XC_ASSIGN_RDM_RELAXED 1u
/* ENOTSUP (or EINVAL, ENODEV): no IOMMU, or no such device; EBUSY: it is
 * another's. */
int xc_assign_device(xc_interface *xch, uint32_t domid, uint32_t sbdf,
    uint32_t flags);
/* Back to dom0, or to quarantine. */
int xc_deassign_device(xc_interface *xch, uint32_t domid, uint32_t sbdf);
/* Whether xc_assign_device could; domid XC_DOMID_INVALID asks whether it is any
 * domain's. */
int xc_test_assign_device(xc_interface *xch, uint32_t domid, uint32_t sbdf);
/* XC_SBDF of the devices that can only be assigned with this one. Returns how
 * many were written, at most max (1..4096). */
int xc_get_device_group(xc_interface *xch, uint32_t domid, uint32_t sbdf,
    uint32_t *group, uint32_t max);

/* --- permissions --------------------------------------------------------- */

/* The interrupt that is our own domain's pirq. EPERM: it is not ours to give.
 * Numbers above 255 since Xen 4.16. */
int xc_domain_irq_permission(xc_interface *xch, uint32_t domid, uint32_t pirq,
    bool allow);
/* An interrupt of the I/O APICs, with no pirq of ours. Since Xen 4.20. */
int xc_domain_gsi_permission(xc_interface *xch, uint32_t domid, uint32_t gsi,
    bool allow);
/* nr >= 1 frames of the machine; EPERM: not ours to give. */
int xc_domain_iomem_permission(xc_interface *xch, uint32_t domid,
    uint64_t first_mfn, uint64_t nr, bool allow);
/* Ports first..first + nr - 1, within 0..65535. */
int xc_domain_ioport_permission(xc_interface *xch, uint32_t domid,
    uint32_t first, uint32_t nr, bool allow);

/* --- mappings (HVM) ------------------------------------------------------ */

/*
 * nr >= 1 frames of a device at the guest's frames, or no longer. Repeats until
 * all are done; *done (may be NULL) tells how many were when it fails.
 */
int xc_domain_memory_mapping(xc_interface *xch, uint32_t domid, uint64_t gfn,
    uint64_t mfn, uint64_t nr, bool add, uint64_t *done);
/* nr >= 1 ports of the machine at ports of the guest. */
int xc_domain_ioport_mapping(xc_interface *xch, uint32_t domid,
    uint32_t guest_port, uint32_t machine_port, uint32_t nr, bool add);

/* --- interrupts ---------------------------------------------------------- */

#define XC_PIRQ_ANY (-1)
/* The domain gets the GSI as *pirq: a number wanted, or XC_PIRQ_ANY; out the
 * number. */
int xc_physdev_map_pirq(xc_interface *xch, uint32_t domid, int gsi, int *pirq);
#define XC_PIRQ_MSI	  0
#define XC_PIRQ_MSI_SEG	  3
#define XC_PIRQ_MULTI_MSI 4
struct xc_msi {
	/* XC_PIRQ_*; MSI is for segment 0. */
	int type;
	uint32_t sbdf;
	/* MSI-X: which entry, and where the table is; else 0. MULTI_MSI: how
	 * many. */
	int entry;
	uint64_t table_base;
};
int xc_physdev_map_pirq_msi(xc_interface *xch, uint32_t domid,
    const struct xc_msi *msi, int *pirq);
int xc_physdev_unmap_pirq(xc_interface *xch, uint32_t domid, int pirq);

#define XC_PT_IRQ_PCI	       0u
#define XC_PT_IRQ_ISA	       1u
#define XC_PT_IRQ_MSI	       2u
#define XC_PT_IRQ_MSI_TRANSLATE 3u
/* A pirq of the domain and where the (HVM) guest sees it. */
struct xc_pt_irq {
	uint32_t machine_irq;
	/* XC_PT_IRQ_*; of the rest, what the type needs. */
	uint32_t type;
	uint8_t isa_irq;
	uint8_t bus, device, intx;
	/* Vector, XEN_DOMCTL_VMSI_X86_* of <xen/domctl.h>, and the guest address
	 * of the MSI-X table or 0. */
	uint8_t gvec;
	uint32_t gflags;
	uint64_t gtable;
};
/* ESRCH also: no IOMMU for the domain. EPERM: the interrupt is not ours. */
int xc_domain_bind_pt_irq(xc_interface *xch, uint32_t domid,
    const struct xc_pt_irq *irq);
int xc_domain_unbind_pt_irq(xc_interface *xch, uint32_t domid,
    const struct xc_pt_irq *irq);

#ifdef __cplusplus
}
#endif

#endif
