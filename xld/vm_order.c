/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The two orders of a creation. They say nothing of devices: those have their
 * own steps (dev.h), but for the tables of an IOMMU, which a domain has from its
 * first moment or never.
 */
#include "config.h"

#include "bootprog.h"
#include "dm.h"
#include "pci.h"
#include "vm_hvm.h"
#include "vm_order.h"
#include "vm_place.h"

/* Xen's XEN_X86_EMU_* (arch-x86/xen.h): a PVH domain has a local APIC alone, an
 * HVM domain all but VPCI and, where Xen leaves the choice, USE_PIRQ. */
#define EMU_PVH	 0x1u
#define EMU_HVM	 0x1ffu
#define EMU_PIRQ 0x200u
/* The first 4.x whose HVM domains may do without USE_PIRQ. */
#define PIRQ_CHOICE 19

static uint32_t
emulation(const struct xc_version *x, const struct xu_val *config)
{
	if (config_type(config) == TYPE_PVH)
		return EMU_PVH;
	if ((x->major == 4 && x->minor < PIRQ_CHOICE) ||
	    config_number(config, "platform", "hvm_pirq", 0) != 0)
		return EMU_HVM | EMU_PIRQ;
	return EMU_HVM;
}

int
order_domain(const struct guest *g, struct xc_domain_create *req,
    struct xu_err *e)
{
	const struct xu_val *v = g->config;

	uuid_bytes(g->uuid, req->handle);
	if (place_pool(g->core, v, &req->cpupool_id, e) < 0)
		return -1;
	if (config_type(v) != TYPE_PV) {
		req->flags = XC_CDF_HVM | XC_CDF_HAP;
		req->emulation_flags = emulation(&g->core->version, v);
	}
	if (pci_bus(g) != NULL && pci_has_iommu(g->core))
		req->flags |= XC_CDF_IOMMU;
	req->max_vcpus = (uint32_t)xu_val_get_int(v, "VCPUs_max", 0);
	req->max_grant_frames =
	    (int32_t)config_number(v, "platform", "max_grant_frames", -1);
	req->max_maptrack_frames =
	    (int32_t)config_number(v, "platform", "max_maptrack_frames", -1);
	req->max_grant_version =
	    (uint32_t)config_number(v, "platform", "max_grant_version", 0);
	req->max_evtchn_port =
	    (uint32_t)config_number(v, "platform", "max_event_channels", 1023);
	return 0;
}

static void
set_kib(struct xu_val *order, const char *name, const struct xu_val *v,
    const char *field)
{
	xu_val_set(order, name, xu_int(xu_val_get_int(v, field, 0) / 1024));
}

static void
set_same(struct xu_val *order, const char *name, const struct xu_val *v,
    const char *field)
{
	xu_val_set(order, name, xu_int(xu_val_get_int(v, field, 0)));
}

int
order_worker(const struct guest *g, const char *args, struct xu_val *order,
    struct xu_err *e)
{
	const struct xu_val *v = g->config;
	const struct xu_val *platform = xu_val_get(v, "platform");
	bool hvm = config_type(v) == TYPE_HVM;

	xu_val_set(order, "domid", xu_int(g->domid));
	xu_val_set(order, "type", xu_str(dom_type_word(config_type(v))));
	set_kib(order, "memory_kib", v, "memory_dynamic_max");
	set_kib(order, "max_kib", v, "memory_static_max");
	if (hvm && hvm_order(g->core, v, order, e) < 0)
		return -1;
	if (hvm)
		xu_val_set(order, "video_kib",
		    xu_int((int64_t)dm_video_mib(v) * 1024));
	set_same(order, "vcpus", v, "VCPUs_max");
	set_same(order, "online", v, "VCPUs_at_startup");
	xu_val_set(order, "acpi",
	    xu_bool(config_number(v, "platform", "acpi", 1) != 0));
	xu_val_set(order, "cmdline",
	    xu_str(hvm ? "" : bootprog_wanted(v) ? args :
		xu_val_get_str(v, "PV_args", "")));
	xu_val_set(order, "vnuma", xu_str(xu_val_get_str(platform, "vnuma", "")));
	xu_val_set(order, "store_port", xu_int(g->store_port));
	xu_val_set(order, "console_port", xu_int(g->console_port));
	xu_val_set(order, "ramdisk",
	    xu_str(hvm ? "" : xu_val_get_str(v, "PV_ramdisk", "")));
	return 0;
}
