/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a device model asks of Xen: dm_op (hypercall 41, stable since 4.9). The
 * kernel has an ioctl of its own for it, which takes ordinary memory, and which
 * works on a handle restricted to one domain.
 */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <xen/xen.h>
#include <xen/hvm/dm_op.h>

#include "xc_private.h"
#include "xc_privcmd.h"

/* Extents of one call: the kernel takes buffers up to a page (dm_op_buf_max). */
#define EXTENTS_PER_CALL                                                       \
	(XC_PAGE_SIZE / sizeof(struct xen_dm_op_modified_memory_extent))
#define MAX_EXTENTS 65536u

/* op and, when data is not NULL, a second buffer. */
static int
dm_op_data(xc_interface *xch, uint32_t domid, struct xen_dm_op *op, void *data,
    size_t size, const char *what)
{
	struct privcmd_dm_op_buf bufs[2] = { { op, sizeof(*op) },
		{ data, size } };
	struct privcmd_dm_op call = { .dom = (uint16_t)domid,
		.num = data != NULL ? 2 : 1, .ubufs = bufs };

	if (xc_check_domid(xch, domid) < 0)
		return -1;
	xch->stats.total++;
	xch->stats.hypercalls[XC_HC_DM]++;
	if (xc_os_ioctl(XC_DEV_PRIVCMD, xch->privcmd, IOCTL_PRIVCMD_DM_OP,
		&call) < 0)
		return xc_fail(xch, errno, "domain %u: %s", domid, what);
	return 0;
}

static int
dm_op(xc_interface *xch, uint32_t domid, struct xen_dm_op *op, const char *what)
{
	return dm_op_data(xch, domid, op, NULL, 0, what);
}

/* --- servers -------------------------------------------------------------- */

XC_API int
xc_hvm_create_ioreq_server(xc_interface *xch, uint32_t domid, uint32_t bufioreq,
    uint16_t *id)
{
	struct xen_dm_op op = { .op = XEN_DMOP_create_ioreq_server };

	if (xc_check_ptr(xch, id, "the server's id") < 0 ||
	    xc_check_range(xch, bufioreq, 0, XC_BUFIOREQ_ATOMIC,
		"as the kind of buffering") < 0)
		return -1;
	op.u.create_ioreq_server.handle_bufioreq = (uint8_t)bufioreq;
	if (dm_op(xch, domid, &op, "create an I/O request server") < 0)
		return -1;
	*id = op.u.create_ioreq_server.id;
	return 0;
}

XC_API int
xc_hvm_get_ioreq_server_info(xc_interface *xch, uint32_t domid, uint16_t id,
    bool with_gfns, struct xc_ioreq_server *out)
{
	struct xen_dm_op op = { .op = XEN_DMOP_get_ioreq_server_info };
	struct xen_dm_op_get_ioreq_server_info *info =
	    &op.u.get_ioreq_server_info;

	if (xc_check_ptr(xch, out, "what the server has") < 0)
		return -1;
	info->id = id;
	info->flags = with_gfns ? 0 : XEN_DMOP_no_gfns;
	if (dm_op(xch, domid, &op, "ask for an I/O request server") < 0)
		return -1;
	out->bufioreq_port = info->bufioreq_port;
	out->ioreq_gfn = info->ioreq_gfn;
	out->bufioreq_gfn = info->bufioreq_gfn;
	return 0;
}

XC_API int
xc_hvm_set_ioreq_server_state(xc_interface *xch, uint32_t domid, uint16_t id,
    bool enabled)
{
	struct xen_dm_op op = { .op = XEN_DMOP_set_ioreq_server_state };

	op.u.set_ioreq_server_state.id = id;
	op.u.set_ioreq_server_state.enabled = enabled;
	return dm_op(xch, domid, &op, "switch an I/O request server");
}

XC_API int
xc_hvm_destroy_ioreq_server(xc_interface *xch, uint32_t domid, uint16_t id)
{
	struct xen_dm_op op = { .op = XEN_DMOP_destroy_ioreq_server };

	op.u.destroy_ioreq_server.id = id;
	return dm_op(xch, domid, &op, "destroy an I/O request server");
}

static int
io_range(xc_interface *xch, uint32_t cmd, uint32_t domid, uint16_t id,
    uint32_t type, uint64_t first, uint64_t last, const char *what)
{
	/* Both directions have the same argument. */
	struct xen_dm_op op = { .op = cmd };
	struct xen_dm_op_ioreq_server_range *r =
	    &op.u.map_io_range_to_ioreq_server;

	if (xc_check_range(xch, type, 0, XC_IO_RANGE_PCI,
		"as the type of a range") < 0)
		return -1;
	r->id = id;
	r->type = type;
	r->start = first;
	r->end = last;
	return dm_op(xch, domid, &op, what);
}

XC_API int
xc_hvm_map_io_range_to_ioreq_server(xc_interface *xch, uint32_t domid,
    uint16_t id, uint32_t type, uint64_t first, uint64_t last)
{
	return io_range(xch, XEN_DMOP_map_io_range_to_ioreq_server, domid, id,
	    type, first, last, "give a range to an I/O request server");
}

XC_API int
xc_hvm_unmap_io_range_from_ioreq_server(xc_interface *xch, uint32_t domid,
    uint16_t id, uint32_t type, uint64_t first, uint64_t last)
{
	return io_range(xch, XEN_DMOP_unmap_io_range_from_ioreq_server, domid,
	    id, type, first, last, "take a range from an I/O request server");
}

XC_API int
xc_hvm_map_mem_type_to_ioreq_server(xc_interface *xch, uint32_t domid,
    uint16_t id, uint16_t type, uint32_t accesses)
{
	struct xen_dm_op op = { .op = XEN_DMOP_map_mem_type_to_ioreq_server };

	op.u.map_mem_type_to_ioreq_server.id = id;
	op.u.map_mem_type_to_ioreq_server.type = type;
	op.u.map_mem_type_to_ioreq_server.flags = accesses;
	return dm_op(xch, domid, &op,
	    "give a memory type to an I/O request server");
}

/* --- interrupts ----------------------------------------------------------- */

XC_API int
xc_hvm_set_pci_intx_level(xc_interface *xch, uint32_t domid, uint16_t segment,
    uint8_t bus, uint8_t device, uint8_t intx, uint8_t level)
{
	struct xen_dm_op op = { .op = XEN_DMOP_set_pci_intx_level };

	op.u.set_pci_intx_level.domain = segment;
	op.u.set_pci_intx_level.bus = bus;
	op.u.set_pci_intx_level.device = device;
	op.u.set_pci_intx_level.intx = intx;
	op.u.set_pci_intx_level.level = level;
	return dm_op(xch, domid, &op, "set a PCI interrupt line");
}

XC_API int
xc_hvm_set_isa_irq_level(xc_interface *xch, uint32_t domid, uint8_t irq,
    uint8_t level)
{
	struct xen_dm_op op = { .op = XEN_DMOP_set_isa_irq_level };

	op.u.set_isa_irq_level.isa_irq = irq;
	op.u.set_isa_irq_level.level = level;
	return dm_op(xch, domid, &op, "set an ISA interrupt line");
}

XC_API int
xc_hvm_set_pci_link_route(xc_interface *xch, uint32_t domid, uint8_t link,
    uint8_t irq)
{
	struct xen_dm_op op = { .op = XEN_DMOP_set_pci_link_route };

	op.u.set_pci_link_route.link = link;
	op.u.set_pci_link_route.isa_irq = irq;
	return dm_op(xch, domid, &op, "route a PCI interrupt link");
}

XC_API int
xc_hvm_inject_msi(xc_interface *xch, uint32_t domid, uint64_t address,
    uint32_t data)
{
	struct xen_dm_op op = { .op = XEN_DMOP_inject_msi };

	op.u.inject_msi.addr = address;
	op.u.inject_msi.data = data;
	return dm_op(xch, domid, &op, "inject an MSI");
}

XC_API int
xc_hvm_inject_trap(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    uint8_t vector, uint8_t type, uint32_t error_code, uint8_t insn_len,
    uint64_t cr2)
{
	struct xen_dm_op op = { .op = XEN_DMOP_inject_event };

	op.u.inject_event.vcpuid = vcpu;
	op.u.inject_event.vector = vector;
	op.u.inject_event.type = type;
	op.u.inject_event.insn_len = insn_len;
	op.u.inject_event.error_code = error_code;
	op.u.inject_event.cr2 = cr2;
	return dm_op(xch, domid, &op, "inject an event");
}

/* --- memory --------------------------------------------------------------- */

XC_API int
xc_hvm_track_dirty_vram(xc_interface *xch, uint32_t domid, uint64_t first,
    uint32_t nr, uint8_t *bitmap)
{
	struct xen_dm_op op = { .op = XEN_DMOP_track_dirty_vram };
	uint8_t none;

	if (xc_check_range(xch, nr, 0, XC_VRAM_MAX_PAGES, "pages of VRAM") < 0)
		return -1;
	if (nr > 0 && xc_check_ptr(xch, bitmap, "the dirty pages") < 0)
		return -1;
	op.u.track_dirty_vram.nr = nr;
	op.u.track_dirty_vram.first_pfn = first;
	/* Xen wants the second buffer even to end the tracking. */
	return dm_op_data(xch, domid, &op, nr > 0 ? bitmap : &none,
	    nr > 0 ? (nr + 7) / 8 : 1, "track changes of its VRAM");
}

XC_API int
xc_hvm_modified_memory(xc_interface *xch, uint32_t domid,
    const struct xc_gfn_range *ranges, size_t n)
{
	struct xen_dm_op_modified_memory_extent part[EXTENTS_PER_CALL];

	if (xc_check_ptr(xch, ranges, "the ranges") < 0 ||
	    xc_check_range(xch, n, 1, MAX_EXTENTS, "ranges of pages") < 0)
		return -1;
	for (size_t done = 0; done < n;) {
		struct xen_dm_op op = { .op = XEN_DMOP_modified_memory };
		size_t m = n - done < EXTENTS_PER_CALL ? n - done
						       : EXTENTS_PER_CALL;

		for (size_t i = 0; i < m; i++) {
			part[i].nr = ranges[done + i].nr;
			part[i].pad = 0;
			part[i].first_pfn = ranges[done + i].first;
		}
		op.u.modified_memory.nr_extents = (uint32_t)m;
		if (dm_op_data(xch, domid, &op, part, m * sizeof(part[0]),
			"note pages as modified") < 0)
			return -1;
		done += m;
	}
	return 0;
}

static int
check_frames(xc_interface *xch, uint32_t nr)
{
	return xc_check_range(xch, nr, 1, UINT32_MAX, "pages");
}

XC_API int
xc_hvm_set_mem_type(xc_interface *xch, uint32_t domid, uint16_t type,
    uint64_t first, uint32_t nr)
{
	struct xen_dm_op op = { .op = XEN_DMOP_set_mem_type };

	if (check_frames(xch, nr) < 0)
		return -1;
	op.u.set_mem_type.nr = nr;
	op.u.set_mem_type.mem_type = type;
	op.u.set_mem_type.first_pfn = first;
	return dm_op(xch, domid, &op, "set a memory type");
}

XC_API int
xc_hvm_relocate_memory(xc_interface *xch, uint32_t domid, uint64_t from,
    uint64_t to, uint32_t nr)
{
	struct xen_dm_op op = { .op = XEN_DMOP_relocate_memory };

	if (check_frames(xch, nr) < 0)
		return -1;
	op.u.relocate_memory.size = nr;
	op.u.relocate_memory.src_gfn = from;
	op.u.relocate_memory.dst_gfn = to;
	return dm_op(xch, domid, &op, "relocate pages");
}

XC_API int
xc_hvm_pin_memory_cacheattr(xc_interface *xch, uint32_t domid, uint64_t first,
    uint64_t last, uint32_t type)
{
	struct xen_dm_op op = { .op = XEN_DMOP_pin_memory_cacheattr };

	op.u.pin_memory_cacheattr.start = first;
	op.u.pin_memory_cacheattr.end = last;
	op.u.pin_memory_cacheattr.type = type;
	return dm_op(xch, domid, &op, "pin the caching of pages");
}

/* --- the rest ------------------------------------------------------------- */

XC_API int
xc_hvm_shutdown(xc_interface *xch, uint32_t domid, uint32_t reason)
{
	struct xen_dm_op op = { .op = XEN_DMOP_remote_shutdown };

	op.u.remote_shutdown.reason = reason;
	return dm_op(xch, domid, &op, "shut down");
}

XC_API int
xc_hvm_nr_vcpus(xc_interface *xch, uint32_t domid, uint32_t *nr)
{
	struct xen_dm_op op = { .op = XEN_DMOP_nr_vcpus };

	if (xc_check_ptr(xch, nr, "the number of vCPUs") < 0 ||
	    xc_need_release(xch, 15, "question for a domain's vCPUs by its "
				     "device model") < 0 ||
	    dm_op(xch, domid, &op, "ask for its vCPUs") < 0)
		return -1;
	*nr = op.u.nr_vcpus.vcpus;
	return 0;
}

XC_API int
xc_interface_restrict(xc_interface *xch, uint32_t domid)
{
	return xc_restrict_fd(xch, xch->privcmd, domid);
}

XC_API int
xc_restrict_fd(xc_interface *xch, int fd, uint32_t domid)
{
	uint16_t id = (uint16_t)domid;

	if (xc_check_domid(xch, domid) < 0)
		return -1;
	if (xc_os_ioctl(XC_DEV_PRIVCMD, fd, IOCTL_PRIVCMD_RESTRICT, &id) == 0)
		return 0;
	/* An ioctl that the kernel does not know. */
	if (errno == ENOTTY)
		errno = ENOTSUP;
	return xc_fail(xch, errno, "restrict the handle to domain %u", domid);
}
