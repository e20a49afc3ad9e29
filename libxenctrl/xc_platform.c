/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Platform operations: processors, microcode, registers, symbols, firmware.
 * platform.h has had one version and layout since Xen 3. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <xen/xen.h>
#include <xen/platform.h>

#include "xc_private.h"

/* Later than the headers we build with: {u32 cpu, signature, pf, revision} and
 * {u32 flags, length, u64 data}. */
#define PF_GET_UCODE_REVISION 65 /* 4.18 */
#define PF_MICROCODE_UPDATE2  66 /* 4.20 */

#define MAX_MICROCODE (64u << 20)
#define MAX_RESOURCES 256
#define MAX_CPUS      16384

_Static_assert(sizeof(struct xen_platform_op) == 136, "platform op");

static int
platform(xc_interface *xch, uint32_t cmd, struct xen_platform_op *op,
    const char *what)
{
	long r;

	op->cmd = cmd;
	op->interface_version = XENPF_INTERFACE_VERSION;
	r = xc_hypercall_arg(xch, XC_HC_PLATFORM, op, sizeof(*op));
	if (r < 0)
		return xc_fail(xch, errno, "%s", what);
	return (int)r;
}

XC_API int
xc_get_cpu_version(xc_interface *xch, uint32_t cpu, struct xc_cpu_version *out)
{
	struct xen_platform_op op = { .cmd = 0 };
	const struct xenpf_pcpu_version *v = &op.u.pcpu_version;

	op.u.pcpu_version.xen_cpuid = cpu;
	if (xc_check_ptr(xch, out, "a processor's version") < 0 ||
	    platform(xch, XENPF_get_cpu_version, &op,
		"ask for a processor's version") < 0)
		return -1;
	memset(out, 0, sizeof(*out));
	out->max_present = v->max_present;
	memcpy(out->vendor, v->vendor_id, sizeof(v->vendor_id));
	out->family = v->family;
	out->model = v->model;
	out->stepping = v->stepping;
	return 0;
}

XC_API int
xc_get_pcpu_info(xc_interface *xch, uint32_t cpu, struct xc_pcpu_info *out)
{
	struct xen_platform_op op = { .cmd = 0 };
	const struct xenpf_pcpuinfo *i = &op.u.pcpu_info;

	op.u.pcpu_info.xen_cpuid = cpu;
	if (xc_check_ptr(xch, out, "facts of a processor") < 0 ||
	    platform(xch, XENPF_get_cpuinfo, &op, "ask for a processor") < 0)
		return -1;
	out->max_present = i->max_present;
	out->present = (i->flags & XEN_PCPU_FLAGS_INVALID) == 0;
	out->online = (i->flags & XEN_PCPU_FLAGS_ONLINE) != 0;
	out->apic_id = i->apic_id;
	out->acpi_id = i->acpi_id;
	return 0;
}

XC_API int
xc_microcode_update(xc_interface *xch, const void *data, size_t size,
    uint32_t flags)
{
	struct xen_platform_op op = { .cmd = 0 };
	uint32_t cmd = XENPF_microcode_update;
	uint32_t head[2] = { flags, (uint32_t)size };
	void *buf;
	int r;

	if (xc_check_ptr(xch, data, "microcode") < 0 ||
	    xc_check_range(xch, size, 1, MAX_MICROCODE,
		"bytes of microcode") < 0 ||
	    (flags != 0 &&
		xc_need_release(xch, 20, "microcode loaded by force") < 0) ||
	    xc_check_abi(xch, "load microcode") < 0)
		return -1;
	buf = xc_buf_get(xch, size);
	if (buf == NULL)
		return xc_fail(xch, errno, "load microcode");
	memcpy(buf, data, size);
	if (flags != 0) {
		cmd = PF_MICROCODE_UPDATE2;
		memcpy(op.u.pad, head, sizeof(head));
		memcpy(op.u.pad + sizeof(head), &buf, sizeof(buf));
	} else {
		set_xen_guest_handle(op.u.microcode.data, buf);
		op.u.microcode.length = (uint32_t)size;
	}
	r = platform(xch, cmd, &op, "load microcode");
	xc_buf_put(xch, buf, size);
	return r < 0 ? -1 : 0;
}

XC_API int
xc_get_ucode_revision(xc_interface *xch, uint32_t cpu,
    struct xc_ucode_revision *out)
{
	struct xen_platform_op op = { .cmd = 0 };

	memcpy(op.u.pad, &cpu, sizeof(cpu));
	if (xc_check_ptr(xch, out, "a microcode revision") < 0 ||
	    xc_need_release(xch, 18, "question for the microcode revision") <
		0 ||
	    platform(xch, PF_GET_UCODE_REVISION, &op,
		"ask for the microcode revision") < 0)
		return -1;
	memcpy(&out->signature, op.u.pad + 4, 4);
	memcpy(&out->platform, op.u.pad + 8, 4);
	memcpy(&out->revision, op.u.pad + 12, 4);
	return 0;
}

XC_API int
xc_getidletime(xc_interface *xch, uint8_t *map, uint64_t *idle_ns, uint32_t n,
    uint64_t *now_ns)
{
	struct xen_platform_op op = { .cmd = 0 };
	size_t times = (size_t)n * 8, bytes = ((size_t)n + 7) / 8;
	uint8_t *buf;
	int r;

	if (xc_check_ptr(xch, map, "a map of CPUs") < 0 ||
	    xc_check_ptr(xch, idle_ns, "idle times") < 0 ||
	    xc_check_range(xch, n, 1, MAX_CPUS, "CPUs") < 0)
		return -1;
	buf = xc_buf_get(xch, times + bytes);
	if (buf == NULL)
		return xc_fail(xch, errno, "ask for idle times");
	memcpy(buf + times, map, bytes);
	set_xen_guest_handle(op.u.getidletime.cpumap_bitmap, buf + times);
	op.u.getidletime.cpumap_nr_cpus = n;
	set_xen_guest_handle(op.u.getidletime.idletime,
	    (uint64_t *)(void *)buf);
	r = platform(xch, XENPF_getidletime, &op, "ask for idle times");
	if (r >= 0) {
		memcpy(idle_ns, buf, times);
		memcpy(map, buf + times, bytes);
		if (now_ns != NULL)
			*now_ns = op.u.getidletime.now;
	}
	xc_buf_put(xch, buf, times + bytes);
	return r < 0 ? -1 : 0;
}

XC_API int
xc_get_core_parking(xc_interface *xch, uint32_t *cpus)
{
	struct xen_platform_op op = { .cmd = 0 };

	op.u.core_parking.type = XEN_CORE_PARKING_GET;
	if (xc_check_ptr(xch, cpus, "the number of parked processors") < 0 ||
	    platform(xch, XENPF_core_parking, &op,
		"ask for parked processors") < 0)
		return -1;
	*cpus = op.u.core_parking.idle_nums;
	return 0;
}

XC_API int
xc_set_core_parking(xc_interface *xch, uint32_t cpus)
{
	struct xen_platform_op op = { .cmd = 0 };

	op.u.core_parking.type = XEN_CORE_PARKING_SET;
	op.u.core_parking.idle_nums = cpus;
	if (xc_check_abi(xch, "park processors") < 0)
		return -1;
	return platform(xch, XENPF_core_parking, &op, "park processors") < 0
	    ? -1
	    : 0;
}

XC_API int
xc_resource_op(xc_interface *xch, uint32_t cpu, struct xc_resource_op *ops,
    uint32_t n)
{
	struct xen_platform_op op = { .cmd = 0 };
	const size_t size = n * sizeof(struct xenpf_resource_entry);
	struct xenpf_resource_entry *e;
	int r;

	op.u.resource_op.nr_entries = n;
	op.u.resource_op.cpu = cpu;
	if (xc_check_ptr(xch, ops, "registers") < 0 ||
	    xc_check_range(xch, n, 1, MAX_RESOURCES, "registers") < 0 ||
	    xc_check_abi(xch, "reach registers of a processor") < 0)
		return -1;
	e = xc_buf_get(xch, size);
	if (e == NULL)
		return xc_fail(xch, errno, "reach registers of a processor");
	for (uint32_t i = 0; i < n; i++) {
		e[i].u.cmd = ops[i].write ? XEN_RESOURCE_OP_MSR_WRITE
					  : XEN_RESOURCE_OP_MSR_READ;
		e[i].idx = ops[i].msr;
		e[i].val = ops[i].value;
	}
	set_xen_guest_handle(op.u.resource_op.entries, e);
	r = platform(xch, XENPF_resource_op, &op,
	    "reach registers of a processor");
	if (r > (int)n)
		r = (int)n;
	for (int i = 0; i < r; i++) {
		ops[i].value = e[i].val;
		ops[i].error = 0;
	}
	if (r >= 0 && r < (int)n)
		ops[r].error = e[r].u.ret < 0 ? -e[r].u.ret : EIO;
	xc_buf_put(xch, e, size);
	return r;
}

XC_API int
xc_get_symbol(xc_interface *xch, uint32_t *number, struct xc_symbol *out)
{
	struct xen_platform_op op = { .cmd = 0 };
	struct xenpf_symdata *s = &op.u.symdata;
	uint32_t was;
	char *name;
	int r;

	if (xc_check_ptr(xch, number, "a symbol's number") < 0 ||
	    xc_check_ptr(xch, out, "a symbol") < 0)
		return -1;
	name = xc_buf_get(xch, sizeof(out->name));
	if (name == NULL)
		return xc_fail(xch, errno, "ask for a symbol");
	was = *number;
	s->symnum = was;
	s->namelen = sizeof(out->name);
	set_xen_guest_handle(s->name, name);
	r = platform(xch, XENPF_get_symbol, &op, "ask for a symbol") < 0 ? -1
	    : s->symnum == was						 ? 0
									 : 1;
	if (r == 1) {
		memset(out, 0, sizeof(*out));
		memcpy(out->name, name, sizeof(out->name) - 1);
		out->address = s->address;
		out->type = s->type;
		*number = s->symnum;
	}
	xc_buf_put(xch, name, sizeof(out->name));
	return r;
}

static int
firmware(xc_interface *xch, uint32_t type, uint32_t index,
    struct xen_platform_op *op)
{
	op->u.firmware_info.type = type;
	op->u.firmware_info.index = index;
	return platform(xch, XENPF_firmware_info, op, "ask what the firmware "
	    "told") < 0 ? -1 : 0;
}

XC_API int
xc_firmware_disk(xc_interface *xch, uint32_t index,
    struct xc_firmware_disk *out)
{
	struct xen_platform_op op = { .cmd = 0 };
	uint16_t room = sizeof(out->edd);
	uint8_t *buf;
	int r;

	if (xc_check_ptr(xch, out, "facts of a disk") < 0)
		return -1;
	buf = xc_buf_get(xch, room);
	if (buf == NULL)
		return xc_fail(xch, errno, "ask what the firmware told");
	memcpy(buf, &room, sizeof(room));
	set_xen_guest_handle(op.u.firmware_info.u.disk_info.edd_params, buf);
	r = firmware(xch, XEN_FW_DISK_INFO, index, &op);
	if (r == 0) {
		memset(out, 0, sizeof(*out));
		out->device = op.u.firmware_info.u.disk_info.device;
		out->version = op.u.firmware_info.u.disk_info.version;
		out->interface_support =
		    op.u.firmware_info.u.disk_info.interface_support;
		out->legacy_max_cylinder =
		    op.u.firmware_info.u.disk_info.legacy_max_cylinder;
		out->legacy_max_head =
		    op.u.firmware_info.u.disk_info.legacy_max_head;
		out->legacy_sectors_per_track =
		    op.u.firmware_info.u.disk_info.legacy_sectors_per_track;
		memcpy(out->edd, buf, room);
	}
	xc_buf_put(xch, buf, room);
	return r;
}

XC_API int
xc_firmware_mbr_signature(xc_interface *xch, uint32_t index, uint8_t *device,
    uint32_t *signature)
{
	struct xen_platform_op op = { .cmd = 0 };

	if (xc_check_ptr(xch, device, "a disk's number") < 0 ||
	    xc_check_ptr(xch, signature, "a disk's signature") < 0 ||
	    firmware(xch, XEN_FW_DISK_MBR_SIGNATURE, index, &op) < 0)
		return -1;
	*device = op.u.firmware_info.u.disk_mbr_signature.device;
	*signature = op.u.firmware_info.u.disk_mbr_signature.mbr_signature;
	return 0;
}

XC_API int
xc_firmware_edid(xc_interface *xch, uint8_t *capabilities,
    uint8_t *transfer_time, uint8_t edid[128])
{
	struct xen_platform_op op = { .cmd = 0 };
	uint8_t *buf;
	int r;

	if (xc_check_ptr(xch, capabilities, "the monitor's abilities") < 0 ||
	    xc_check_ptr(xch, transfer_time, "its transfer time") < 0 ||
	    xc_check_ptr(xch, edid, "its description") < 0)
		return -1;
	buf = xc_buf_get(xch, 128);
	if (buf == NULL)
		return xc_fail(xch, errno, "ask what the firmware told");
	set_xen_guest_handle(op.u.firmware_info.u.vbeddc_info.edid, buf);
	r = firmware(xch, XEN_FW_VBEDDC_INFO, 0, &op);
	if (r == 0) {
		*capabilities = op.u.firmware_info.u.vbeddc_info.capabilities;
		*transfer_time =
		    op.u.firmware_info.u.vbeddc_info.edid_transfer_time;
		memcpy(edid, buf, 128);
	}
	xc_buf_put(xch, buf, 128);
	return r;
}

XC_API int
xc_firmware_kbd_shift_flags(xc_interface *xch, uint8_t *flags)
{
	struct xen_platform_op op = { .cmd = 0 };

	if (xc_check_ptr(xch, flags, "the keyboard's flags") < 0 ||
	    firmware(xch, XEN_FW_KBD_SHIFT_FLAGS, 0, &op) < 0)
		return -1;
	*flags = op.u.firmware_info.u.kbd_shift_flags;
	return 0;
}

XC_API int
xc_firmware_efi_version(xc_interface *xch, uint32_t *version)
{
	struct xen_platform_op op = { .cmd = 0 };

	if (xc_check_ptr(xch, version, "the version of EFI") < 0 ||
	    firmware(xch, XEN_FW_EFI_INFO, XEN_FW_EFI_VERSION, &op) < 0)
		return -1;
	*version = op.u.firmware_info.u.efi_info.version;
	return 0;
}
