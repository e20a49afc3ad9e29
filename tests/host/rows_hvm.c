/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows: HVM contexts, device models, alternative physical maps. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xen/xen.h>

#include "xc_rows.h"

/* Records of <xen/arch-x86/hvm/save.h>. */
#define CODE_HEADER 1u
#define CODE_LAPIC  5u

static const char no_altp2m[] =
    "alternative physical maps need an Intel processor; the machine has AMD's";

/* --- contexts ------------------------------------------------------------ */

static int
getcontext_(struct xr_env *e)
{
	static uint8_t buf[256 * 1024];
	int64_t size = xc_domain_hvm_getcontext(e->xch, e->hvm, NULL, 0), got;

	if (size < 0)
		return -1;
	if (size < 256 || size > (int64_t)sizeof(buf))
		return xr_wrong("%lld bytes", (long long)size);
	got = xc_domain_hvm_getcontext(e->xch, e->hvm, buf, sizeof(buf));
	if (got < 0)
		return -1;
	return got <= size && buf[0] == CODE_HEADER
	    ? 0 : xr_wrong("%lld bytes, record %u", (long long)got, buf[0]);
}

static int
setcontext_(struct xr_env *e)
{
	static uint8_t buf[256 * 1024];
	int64_t got = xc_domain_hvm_getcontext(e->xch, e->hvm, buf,
	    sizeof(buf));

	if (got < 0)
		return -1;
	return xc_domain_hvm_setcontext(e->xch, e->hvm, buf, (uint32_t)got);
}

static int
partial(struct xr_env *e)
{
	uint8_t buf[256];
	int64_t size = xc_domain_hvm_getcontext_partial(e->xch, e->hvm,
	    CODE_LAPIC, 1, NULL, 0), got;

	if (size < 0)
		return -1;
	got = xc_domain_hvm_getcontext_partial(e->xch, e->hvm, CODE_LAPIC, 1,
	    buf, sizeof(buf));
	if (got < 0)
		return -1;
	return size == got && got >= 16 ? 0 : xr_wrong("%lld, then %lld bytes",
						  (long long)size,
						  (long long)got);
}

/* --- servers ------------------------------------------------------------- */

static void
destroy(struct xr_env *e, uint64_t id)
{
	xc_hvm_destroy_ioreq_server(e->xch, e->hvm, (uint16_t)id);
}

static int
server(struct xr_env *e, uint16_t *id)
{
	if (xc_hvm_create_ioreq_server(e->xch, e->hvm, XC_BUFIOREQ_ATOMIC,
		id) < 0)
		return -1;
	xr_at_end(destroy, *id);
	return 0;
}

static int
server_info(struct xr_env *e)
{
	struct xc_ioreq_server info;
	uint16_t id;

	if (server(e, &id) < 0 ||
	    xc_hvm_get_ioreq_server_info(e->xch, e->hvm, id, false, &info) < 0)
		return -1;
	return info.bufioreq_port != 0 && info.ioreq_gfn == 0
	    ? 0 : xr_wrong("port %u", info.bufioreq_port);
}

static int
server_range(struct xr_env *e)
{
	uint16_t id;

	if (server(e, &id) < 0 ||
	    xc_hvm_map_io_range_to_ioreq_server(e->xch, e->hvm, id,
		XC_IO_RANGE_PORT, 0x500, 0x50f) < 0 ||
	    xc_hvm_map_io_range_to_ioreq_server(e->xch, e->hvm, id,
		XC_IO_RANGE_PCI, XC_SBDF(0, 0, 5, 0), XC_SBDF(0, 0, 5, 0)) < 0)
		return -1;
	if (xc_hvm_map_io_range_to_ioreq_server(e->xch, e->hvm, id,
		XC_IO_RANGE_PORT, 0x500, 0x50f) == 0)
		return xr_wrong("ports given twice");
	if (errno != EEXIST)
		return -1;
	if (xc_hvm_unmap_io_range_from_ioreq_server(e->xch, e->hvm, id,
		XC_IO_RANGE_PORT, 0x500, 0x50f) < 0)
		return -1;
	if (xc_hvm_unmap_io_range_from_ioreq_server(e->xch, e->hvm, id,
		XC_IO_RANGE_PORT, 0x500, 0x50f) == 0)
		return xr_wrong("ports taken twice");
	return xr_refused(ENOENT);
}

static int
server_state(struct xr_env *e)
{
	uint16_t id;

	if (server(e, &id) < 0 ||
	    xc_hvm_set_ioreq_server_state(e->xch, e->hvm, id, true) < 0)
		return -1;
	return xc_hvm_set_ioreq_server_state(e->xch, e->hvm, id, false);
}

static int
server_destroy(struct xr_env *e)
{
	struct xc_ioreq_server info;
	uint16_t id;

	if (server(e, &id) < 0 ||
	    xc_hvm_destroy_ioreq_server(e->xch, e->hvm, id) < 0)
		return -1;
	if (xc_hvm_get_ioreq_server_info(e->xch, e->hvm, id, false, &info) == 0)
		return xr_wrong("it is still there");
	return xr_refused(ENOENT);
}

static int
server_mem_type(struct xr_env *e)
{
	uint16_t id;

	if (server(e, &id) < 0 ||
	    xc_hvm_map_mem_type_to_ioreq_server(e->xch, e->hvm, id,
		XC_HVMMEM_IOREQ_SERVER, XC_IOREQ_ACCESS_WRITE) < 0)
		return -1;
	return xc_hvm_map_mem_type_to_ioreq_server(e->xch, e->hvm, id,
	    XC_HVMMEM_IOREQ_SERVER, 0);
}

/* --- interrupts ---------------------------------------------------------- */

static int
pci_intx(struct xr_env *e)
{
	if (xc_hvm_set_pci_intx_level(e->xch, e->hvm, 0, 0, 3, 1, 1) < 0)
		return -1;
	return xc_hvm_set_pci_intx_level(e->xch, e->hvm, 0, 0, 3, 1, 0);
}

static int
isa_irq(struct xr_env *e)
{
	if (xc_hvm_set_isa_irq_level(e->xch, e->hvm, 4, 1) < 0)
		return -1;
	return xc_hvm_set_isa_irq_level(e->xch, e->hvm, 4, 0);
}

static int
pci_link(struct xr_env *e)
{
	if (xc_hvm_set_pci_link_route(e->xch, e->hvm, 1, 5) < 0)
		return -1;
	return xc_hvm_set_pci_link_route(e->xch, e->hvm, 1, 0);
}

static int
msi(struct xr_env *e)
{
	return xc_hvm_inject_msi(e->xch, e->hvm, 0xfee00000, 0x40);
}

/* The event waits for a vCPU that never runs: one per domain. */
static int
trap(struct xr_env *e)
{
	if (xc_hvm_inject_trap(e->xch, e->hvm, 0, 14, XC_EVENT_HW_EXC, 0, 0,
		0x1000) < 0)
		return -1;
	if (xc_hvm_inject_trap(e->xch, e->hvm, 0, 14, XC_EVENT_HW_EXC, 0, 0,
		0x1000) == 0)
		return xr_wrong("two events wait");
	return xr_refused(EBUSY);
}

/* --- memory -------------------------------------------------------------- */

static void
no_logdirty(struct xr_env *e, uint64_t arg)
{
	(void)arg;
	xc_shadow_control(e->xch, e->hvm, XC_SHADOW_OFF, 0);
}

static void
no_vram(struct xr_env *e, uint64_t arg)
{
	(void)arg;
	xc_hvm_track_dirty_vram(e->xch, e->hvm, 0, 0, NULL);
}

static int
vram(struct xr_env *e)
{
	uint8_t bitmap[2] = { 0, 0 };

	if (xc_hvm_track_dirty_vram(e->xch, e->hvm, 100, 12, bitmap) < 0)
		return -1;
	xr_at_end(no_vram, 0);
	/* At first all of it counts as written. */
	if (bitmap[0] != 0xff || (bitmap[1] & 0xf) != 0xf)
		return xr_wrong("dirty %#x %#x", bitmap[0], bitmap[1]);
	return xc_hvm_track_dirty_vram(e->xch, e->hvm, 0, 0, NULL);
}

static int
modified(struct xr_env *e)
{
	const struct xc_gfn_range ranges[2] = { { 10, 2 }, { 17, 1 } };
	uint8_t map[XR_PAGES / 8] = { 0 };

	if (xc_shadow_control(e->xch, e->hvm, XC_SHADOW_ENABLE_LOGDIRTY, 0) < 0)
		return -1;
	xr_at_end(no_logdirty, 0);
	if (xc_logdirty_control(e->xch, e->hvm, XC_LOGDIRTY_CLEAN, 0, NULL, 0,
		NULL) < 0 ||
	    xc_hvm_modified_memory(e->xch, e->hvm, ranges, 2) < 0 ||
	    xc_logdirty_control(e->xch, e->hvm, XC_LOGDIRTY_PEEK, 0, map,
		XR_PAGES, NULL) < 0)
		return -1;
	return map[1] == 0x0c && map[2] == 0x02 && map[3] == 0
	    ? 0 : xr_wrong("dirty %#x %#x %#x", map[1], map[2], map[3]);
}

static int
is_type(struct xr_env *e, uint64_t gfn, uint16_t want)
{
	uint16_t type;

	if (xc_hvm_get_mem_type(e->xch, e->hvm, gfn, &type) < 0)
		return -1;
	return type == want ? 0 : xr_wrong("frame %llu has type %u",
				      (unsigned long long)gfn, type);
}

static void
plain_again(struct xr_env *e, uint64_t gfn)
{
	xc_hvm_set_mem_type(e->xch, e->hvm, XC_HVMMEM_RAM_RW, gfn, 2);
}

static int
mem_type(struct xr_env *e)
{
	xr_at_end(plain_again, 20);
	if (xc_hvm_set_mem_type(e->xch, e->hvm, XC_HVMMEM_RAM_RO, 20, 2) < 0 ||
	    is_type(e, 21, XC_HVMMEM_RAM_RO) < 0 ||
	    is_type(e, 22, XC_HVMMEM_RAM_RW) < 0)
		return -1;
	if (xc_hvm_set_mem_type(e->xch, e->hvm, XC_HVMMEM_RAM_RW, 20, 2) < 0)
		return -1;
	return is_type(e, 21, XC_HVMMEM_RAM_RW);
}

static void
move_back(struct xr_env *e, uint64_t from)
{
	xc_hvm_relocate_memory(e->xch, e->hvm, 5100, from, 2);
}

static int
relocate(struct xr_env *e)
{
	if (xc_hvm_relocate_memory(e->xch, e->hvm, 30, 5100, 2) < 0)
		return -1;
	xr_at_end(move_back, 30);
	if (is_type(e, 5101, XC_HVMMEM_RAM_RW) < 0)
		return -1;
	return is_type(e, 31, XC_HVMMEM_MMIO_DM);
}

static void
not_pinned(struct xr_env *e, uint64_t gfn)
{
	xc_hvm_pin_memory_cacheattr(e->xch, e->hvm, gfn, gfn + 1,
	    XC_CACHE_DELETE);
}

static int
cacheattr(struct xr_env *e)
{
	if (xc_hvm_pin_memory_cacheattr(e->xch, e->hvm, 40, 41,
		XC_CACHE_WC) < 0)
		return -1;
	xr_at_end(not_pinned, 40);
	return xc_hvm_pin_memory_cacheattr(e->xch, e->hvm, 40, 41,
	    XC_CACHE_DELETE);
}

/* --- the rest ------------------------------------------------------------ */

static int
shutdown_(struct xr_env *e)
{
	struct xc_domaininfo info;

	if (xc_hvm_shutdown(e->xch, e->hvm, 1) < 0 ||
	    xc_domain_getinfo(e->xch, e->hvm, &info) < 0)
		return -1;
	return (info.flags & XC_DOMINF_SHUTDOWN) != 0 &&
	    info.shutdown_reason == 1 ? 0 : xr_wrong("flags %#x", info.flags);
}

static int
nr_vcpus(struct xr_env *e)
{
	uint32_t n;

	if (xc_hvm_nr_vcpus(e->xch, e->hvm, &n) < 0)
		return -1;
	return n == 2 ? 0 : xr_wrong("%u vCPUs", n);
}

/* A handle of its own, which can do nothing else any more. */
static int
restricted(struct xr_env *e)
{
	xc_interface *xch = xc_interface_open(NULL, 0, NULL, 0);
	struct xc_physinfo phys;
	int r, err;

	if (xch == NULL)
		return -1;
	r = xc_interface_restrict(xch, e->hvm);
	if (r == 0)
		r = xc_hvm_set_isa_irq_level(xch, e->hvm, 4, 0);
	if (r == 0 && xc_physinfo(xch, &phys) == 0)
		r = xr_wrong("a hypercall is still possible");
	else if (r == 0)
		r = xr_refused(EPERM);
	if (r == 0 && xc_hvm_set_isa_irq_level(xch, 0, 4, 0) == 0)
		r = xr_wrong("another domain is still possible");
	else if (r == 0)
		r = xr_refused(EPERM);
	err = errno;
	xc_interface_close(xch);
	errno = err;
	return r;
}

/* Of another opener: it is for one domain now, and for no other. */
static int
restricted_fd(struct xr_env *e)
{
	int fd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
	int r, err;

	if (fd < 0)
		return -1;
	r = xc_restrict_fd(e->xch, fd, e->hvm);
	if (r == 0 && xc_restrict_fd(e->xch, fd, e->hvm) < 0)
		r = -1;
	if (r == 0 && xc_restrict_fd(e->xch, fd, 0) == 0)
		r = xr_wrong("another domain is still possible");
	err = errno;
	close(fd);
	errno = err;
	return r;
}

/* --- alternative physical maps ------------------------------------------- */

static int
altp2m_get_state(struct xr_env *e)
{
	bool on;

	return xc_altp2m_get_domain_state(e->xch, e->hvm, &on);
}

static int
altp2m_set_state(struct xr_env *e)
{
	return xc_altp2m_set_domain_state(e->xch, e->hvm, true);
}

static int
altp2m_notify(struct xr_env *e)
{
	return xc_altp2m_set_vcpu_enable_notify(e->xch, e->hvm, 0, 50);
}

static int
altp2m_no_notify(struct xr_env *e)
{
	return xc_altp2m_set_vcpu_disable_notify(e->xch, e->hvm, 0);
}

static int
altp2m_create(struct xr_env *e)
{
	uint16_t view;

	return xc_altp2m_create_view(e->xch, e->hvm, XC_ACCESS_RWX, &view);
}

static int
altp2m_destroy(struct xr_env *e)
{
	return xc_altp2m_destroy_view(e->xch, e->hvm, 1);
}

static int
altp2m_switch(struct xr_env *e)
{
	return xc_altp2m_switch_to_view(e->xch, e->hvm, 1);
}

static int
altp2m_access(struct xr_env *e)
{
	return xc_altp2m_set_mem_access(e->xch, e->hvm, 1, 50, XC_ACCESS_R);
}

static int
altp2m_access_multi(struct xr_env *e)
{
	const uint8_t access[2] = { XC_ACCESS_R, XC_ACCESS_RX };
	const uint64_t gfns[2] = { 50, 51 };

	return xc_altp2m_set_mem_access_multi(e->xch, e->hvm, 1, access, gfns,
	    2);
}

static int
altp2m_get_access(struct xr_env *e)
{
	uint16_t access;

	return xc_altp2m_get_mem_access(e->xch, e->hvm, 1, 50, &access);
}

static int
altp2m_change(struct xr_env *e)
{
	return xc_altp2m_change_gfn(e->xch, e->hvm, 1, 50, 51);
}

static int
altp2m_suppress(struct xr_env *e)
{
	return xc_altp2m_set_suppress_ve(e->xch, e->hvm, 1, 50, true);
}

static int
altp2m_is_suppressed(struct xr_env *e)
{
	bool on;

	return xc_altp2m_get_suppress_ve(e->xch, e->hvm, 1, 50, &on);
}

static int
altp2m_suppress_multi(struct xr_env *e)
{
	return xc_altp2m_set_suppress_ve_multi(e->xch, e->hvm, 1, 50, 60, true,
	    NULL, NULL);
}

static int
altp2m_index(struct xr_env *e)
{
	uint16_t view;

	return xc_altp2m_get_vcpu_p2m_idx(e->xch, e->hvm, 0, &view);
}

static int
altp2m_visibility(struct xr_env *e)
{
	return xc_altp2m_set_visibility(e->xch, e->hvm, 1, false);
}

#define ALTP2M(name, call) { name, call, 0, no_altp2m, ENOTSUP, XR_HVM, 0, 0 }

const struct xr_row xr_rows_hvm[] = {
	{ .function = "xc_domain_hvm_getcontext", getcontext_,
	    .flags = XR_HVM },
	{ .function = "xc_domain_hvm_setcontext", setcontext_,
	    .flags = XR_HVM | XR_FRESH },
	{ .function = "xc_domain_hvm_getcontext_partial", partial,
	    .flags = XR_HVM },
	{ .function = "xc_hvm_create_ioreq_server", server_destroy,
	    .flags = XR_HVM },
	{ .function = "xc_hvm_get_ioreq_server_info", server_info,
	    .flags = XR_HVM },
	{ .function = "xc_hvm_set_ioreq_server_state", server_state,
	    .flags = XR_HVM },
	{ .function = "xc_hvm_destroy_ioreq_server", server_destroy,
	    .flags = XR_HVM },
	{ .function = "xc_hvm_map_io_range_to_ioreq_server", server_range,
	    .flags = XR_HVM },
	{ .function = "xc_hvm_unmap_io_range_from_ioreq_server", server_range,
	    .flags = XR_HVM },
	{ .function = "xc_hvm_map_mem_type_to_ioreq_server", server_mem_type,
	    .flags = XR_HVM },
	{ .function = "xc_hvm_set_pci_intx_level", pci_intx, .flags = XR_HVM },
	{ .function = "xc_hvm_set_isa_irq_level", isa_irq, .flags = XR_HVM },
	{ .function = "xc_hvm_set_pci_link_route", pci_link, .flags = XR_HVM },
	{ .function = "xc_hvm_inject_msi", msi, .flags = XR_HVM },
	{ .function = "xc_hvm_inject_trap", trap, .flags = XR_HVM | XR_FRESH },
	{ .function = "xc_hvm_track_dirty_vram", vram, .flags = XR_HVM },
	{ .function = "xc_hvm_modified_memory", modified, .flags = XR_HVM },
	{ .function = "xc_hvm_set_mem_type", mem_type, .flags = XR_HVM },
	{ .function = "xc_hvm_get_mem_type", mem_type, .flags = XR_HVM },
	{ .function = "xc_hvm_relocate_memory", relocate, .flags = XR_HVM },
	{ .function = "xc_hvm_pin_memory_cacheattr", cacheattr,
	    .flags = XR_HVM },
	{ .function = "xc_hvm_shutdown", shutdown_,
	    .flags = XR_HVM | XR_FRESH },
	{ .function = "xc_hvm_nr_vcpus", nr_vcpus, .since = 15,
	    .flags = XR_HVM },
	/* Opening the other handle has its own answers to failures. */
	{ .function = "xc_interface_restrict", restricted,
	    .flags = XR_HVM | XR_SILENT | XR_OWN_ERRNO | XR_RECOVERS },
	{ .function = "xc_restrict_fd", restricted_fd,
	    .flags = XR_HVM | XR_SILENT | XR_OWN_ERRNO | XR_RECOVERS },
	ALTP2M("xc_altp2m_get_domain_state", altp2m_get_state),
	ALTP2M("xc_altp2m_set_domain_state", altp2m_set_state),
	ALTP2M("xc_altp2m_set_vcpu_enable_notify", altp2m_notify),
	ALTP2M("xc_altp2m_set_vcpu_disable_notify", altp2m_no_notify),
	ALTP2M("xc_altp2m_create_view", altp2m_create),
	ALTP2M("xc_altp2m_destroy_view", altp2m_destroy),
	ALTP2M("xc_altp2m_switch_to_view", altp2m_switch),
	ALTP2M("xc_altp2m_set_mem_access", altp2m_access),
	ALTP2M("xc_altp2m_set_mem_access_multi", altp2m_access_multi),
	ALTP2M("xc_altp2m_get_mem_access", altp2m_get_access),
	ALTP2M("xc_altp2m_change_gfn", altp2m_change),
	ALTP2M("xc_altp2m_set_suppress_ve", altp2m_suppress),
	ALTP2M("xc_altp2m_get_suppress_ve", altp2m_is_suppressed),
	ALTP2M("xc_altp2m_set_suppress_ve_multi", altp2m_suppress_multi),
	ALTP2M("xc_altp2m_get_vcpu_p2m_idx", altp2m_index),
	ALTP2M("xc_altp2m_set_visibility", altp2m_visibility),
	{ 0 },
};

/* --- bad arguments ------------------------------------------------------- */

static int
no_context(struct xr_env *e)
{
	return xc_domain_hvm_setcontext(e->xch, e->hvm, NULL, 0) < 0 &&
	    errno == EINVAL
	    ? (int)xc_domain_hvm_getcontext(e->xch, e->hvm, NULL, 8) : 0;
}

static int
huge_context(struct xr_env *e)
{
	char byte = 0;

	return xc_domain_hvm_setcontext(e->xch, e->hvm, &byte,
	    XC_HVM_CONTEXT_MAX + 1);
}

static int
small_context(struct xr_env *e)
{
	char byte;

	return (int)xc_domain_hvm_getcontext(e->xch, e->hvm, &byte, 1);
}

static int
pv_context(struct xr_env *e)
{
	return (int)xc_domain_hvm_getcontext(e->xch, e->pv, NULL, 0);
}

static int
no_such_record(struct xr_env *e)
{
	return (int)xc_domain_hvm_getcontext_partial(e->xch, e->hvm,
	    CODE_LAPIC, 77, NULL, 0);
}

static int
no_such_server(struct xr_env *e)
{
	struct xc_ioreq_server info;

	return xc_hvm_get_ioreq_server_info(e->xch, e->hvm, 7, false, &info);
}

static int
odd_range_type(struct xr_env *e)
{
	return xc_hvm_map_io_range_to_ioreq_server(e->xch, e->hvm, 0, 3, 0, 1);
}

static int
odd_buffering(struct xr_env *e)
{
	uint16_t id;

	return xc_hvm_create_ioreq_server(e->xch, e->hvm, 3, &id);
}

static int
no_server_id(struct xr_env *e)
{
	return xc_hvm_create_ioreq_server(e->xch, e->hvm, 0, NULL);
}

static int
too_much_vram(struct xr_env *e)
{
	uint8_t byte;

	return xc_hvm_track_dirty_vram(e->xch, e->hvm, 0,
	    XC_VRAM_MAX_PAGES + 1, &byte);
}

static int
vram_nowhere(struct xr_env *e)
{
	return xc_hvm_track_dirty_vram(e->xch, e->hvm, 0, 1, NULL);
}

static int
nothing_modified(struct xr_env *e)
{
	const struct xc_gfn_range r = { 0, 1 };

	return xc_hvm_modified_memory(e->xch, e->hvm, &r, 0);
}

static int
no_frames_typed(struct xr_env *e)
{
	return xc_hvm_set_mem_type(e->xch, e->hvm, 0, 0, 0);
}

static int
no_frames_moved(struct xr_env *e)
{
	return xc_hvm_relocate_memory(e->xch, e->hvm, 0, 5000, 0);
}

static int
pv_device_model(struct xr_env *e)
{
	return xc_hvm_set_isa_irq_level(e->xch, e->pv, 4, 1);
}

static int
isa_irq_16(struct xr_env *e)
{
	return xc_hvm_set_isa_irq_level(e->xch, e->hvm, 16, 1);
}

static int
no_vcpu_trapped(struct xr_env *e)
{
	return xc_hvm_inject_trap(e->xch, e->hvm, 99, 14, XC_EVENT_HW_EXC, 0, 0,
	    0);
}

static int
no_access_pages(struct xr_env *e)
{
	const uint8_t access = 0;
	const uint64_t gfn = 0;

	return xc_altp2m_set_mem_access_multi(e->xch, e->hvm, 1, &access, &gfn,
	    0);
}

const struct xr_bad xr_bad_hvm[] = {
	{ "an HVM context that is nowhere", no_context, EINVAL, XB_HVM, 0 },
	{ "a huge HVM context", huge_context, EINVAL, XB_HVM, 0 },
	{ "an HVM context that does not fit", small_context, ENOSPC,
	    XB_ASKS | XB_HVM, 0 },
	{ "an HVM context of a PV domain", pv_context, EINVAL, XB_ASKS, 0 },
	{ "a record of no vCPU", no_such_record, ENOENT, XB_ASKS | XB_HVM, 0 },
	{ "no such I/O request server", no_such_server, ENOENT,
	    XB_ASKS | XB_HVM, 0 },
	{ "an odd type of range", odd_range_type, EINVAL, XB_HVM, 0 },
	{ "an odd kind of buffering", odd_buffering, EINVAL, XB_HVM, 0 },
	{ "no place for a server's id", no_server_id, EINVAL, XB_HVM, 0 },
	{ "too much VRAM", too_much_vram, EINVAL, XB_HVM, 0 },
	{ "no place for dirty VRAM", vram_nowhere, EINVAL, XB_HVM, 0 },
	{ "no range modified", nothing_modified, EINVAL, XB_HVM, 0 },
	{ "a type for no frames", no_frames_typed, EINVAL, XB_HVM, 0 },
	{ "no frames to relocate", no_frames_moved, EINVAL, XB_HVM, 0 },
	{ "a PV domain's device model", pv_device_model, EINVAL, XB_ASKS, 0 },
	{ "ISA interrupt 16", isa_irq_16, EINVAL, XB_ASKS | XB_HVM, 0 },
	{ "an event for no vCPU", no_vcpu_trapped, EINVAL, XB_ASKS | XB_HVM,
	    0 },
	{ "access rights of no pages", no_access_pages, EINVAL, XB_HVM, 0 },
	{ 0 },
};
