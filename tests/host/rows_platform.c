/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rows: Flask, platform operations, resource control, kexec. What Debian's builds or an emulated processor lack is listed with the
 * errno that real Xen gives for it.
 */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "xc_rows.h"

#define NO_FLASK  "Debian's builds have no Flask"
#define NO_RDT	  "the emulated processor has no resource control"
#define NO_BIOS	  "the host is not started by a BIOS"
#define NO_KDUMP  "the host is started without a crash area"

/* --- Flask ------------------------------------------------------------------------------- */

static int
flask_load(struct xr_env *e)
{
	return xc_flask_load(e->xch, "policy", 6);
}

static int
flask_getenforce(struct xr_env *e)
{
	return xc_flask_getenforce(e->xch) < 0 ? -1 : 0;
}

static int
flask_setenforce(struct xr_env *e)
{
	return xc_flask_setenforce(e->xch, false);
}

static int
flask_policyvers(struct xr_env *e)
{
	return xc_flask_policyvers(e->xch) < 0 ? -1 : 0;
}

static int
flask_context_to_sid(struct xr_env *e)
{
	uint32_t sid;

	return xc_flask_context_to_sid(e->xch, "system_u:system_r:dom0_t",
	    &sid);
}

static int
flask_sid_to_context(struct xr_env *e)
{
	char text[1024];

	return xc_flask_sid_to_context(e->xch, 1, text, sizeof(text));
}

static int
flask_access(struct xr_env *e)
{
	struct xc_flask_access a;

	return xc_flask_access(e->xch, 1, 1, 1, 1, &a);
}

static int
flask_create(struct xr_env *e)
{
	uint32_t sid;

	return xc_flask_create(e->xch, 1, 1, 1, &sid);
}

static int
flask_relabel(struct xr_env *e)
{
	uint32_t sid;

	return xc_flask_relabel(e->xch, 1, 1, 1, &sid);
}

static int
flask_member(struct xr_env *e)
{
	uint32_t sid;

	return xc_flask_member(e->xch, 1, 1, 1, &sid);
}

static int
flask_getbool_byid(struct xr_env *e)
{
	struct xc_flask_bool b;

	return xc_flask_getbool_byid(e->xch, 0, &b);
}

static int
flask_getbool_byname(struct xr_env *e)
{
	struct xc_flask_bool b;

	return xc_flask_getbool_byname(e->xch, "guest_writeconsole", &b);
}

static int
flask_setbool(struct xr_env *e)
{
	return xc_flask_setbool(e->xch, "guest_writeconsole", true, true);
}

static int
flask_commitbools(struct xr_env *e)
{
	return xc_flask_commitbools(e->xch);
}

static int
flask_get_threshold(struct xr_env *e)
{
	uint32_t n;

	return xc_flask_avc_get_threshold(e->xch, &n);
}

static int
flask_set_threshold(struct xr_env *e)
{
	return xc_flask_avc_set_threshold(e->xch, 512);
}

static int
flask_hashstats(struct xr_env *e)
{
	struct xc_flask_hashstats s;

	return xc_flask_avc_hashstats(e->xch, &s);
}

static int
flask_cachestats(struct xr_env *e)
{
	struct xc_flask_cachestats s;

	return xc_flask_avc_cachestats(e->xch, 0, &s);
}

static int
flask_add(struct xr_env *e)
{
	return xc_flask_add_ocontext(e->xch, XC_FLASK_IOPORT, 0x70, 0x71,
	    "system_u:object_r:ioport_t");
}

static int
flask_del(struct xr_env *e)
{
	return xc_flask_del_ocontext(e->xch, XC_FLASK_IOPORT, 0x70, 0x71);
}

static int
flask_peer(struct xr_env *e)
{
	uint32_t sid;

	return xc_flask_get_peer_sid(e->xch, 1, &sid);
}

static int
flask_relabel_domain(struct xr_env *e)
{
	return xc_flask_relabel_domain(e->xch, e->pv, 1);
}

/* --- platform operations ------------------------------------------------------------------- */

static int
cpu_version(struct xr_env *e)
{
	struct xc_cpu_version v;

	if (xc_get_cpu_version(e->xch, 0, &v) < 0)
		return -1;
	return strlen(v.vendor) == 12 && v.family > 0
	    ? 0
	    : xr_wrong("\"%s\", family %u", v.vendor, v.family);
}

static int
pcpu_info(struct xr_env *e)
{
	struct xc_pcpu_info i;

	if (xc_get_pcpu_info(e->xch, 0, &i) < 0)
		return -1;
	if (!i.present || !i.online || i.max_present < 1)
		return xr_wrong("present %d, online %d", i.present, i.online);
	if (xc_get_pcpu_info(e->xch, 4000, &i) < 0)
		return -1;
	return !i.present && !i.online ? 0 : xr_wrong("CPU 4000 is there");
}

static int
microcode(struct xr_env *e)
{
	static const char none[4096] = "no microcode";

	return xc_microcode_update(e->xch, none, sizeof(none), 0);
}

static int
microcode_force(struct xr_env *e)
{
	static const char none[4096] = "no microcode";

	return xc_microcode_update(e->xch, none, sizeof(none), XC_UCODE_FORCE);
}

static int
ucode_revision(struct xr_env *e)
{
	struct xc_ucode_revision r;

	/* An emulated processor has none: zeros. */
	return xc_get_ucode_revision(e->xch, 0, &r);
}

static int
getidletime(struct xr_env *e)
{
	uint64_t idle[16] = { 0 }, now = 0;
	uint8_t map[2] = { 0xff, 0xff };

	if (xc_getidletime(e->xch, map, idle, 16, &now) < 0)
		return -1;
	return (map[0] & 1) != 0 && map[1] == 0 && idle[0] > 0 && idle[0] < now
	    ? 0
	    : xr_wrong("map %#x %#x, %llu of %llu", map[0], map[1],
		  (unsigned long long)idle[0], (unsigned long long)now);
}

static int
core_parking(struct xr_env *e)
{
	uint32_t was;

	if (xc_get_core_parking(e->xch, &was) < 0)
		return -1;
	return was == 0 ? 0 : xr_wrong("%u are parked", was);
}

static int
set_core_parking(struct xr_env *e)
{
	return xc_set_core_parking(e->xch, 0);
}

/* The time is the one register that Xen lets everybody read. */
static int
resource_op(struct xr_env *e)
{
	struct xc_resource_op ops[2] = { { .msr = 0x10 }, { .msr = 0x8b } };
	int n = xc_resource_op(e->xch, 0, ops, 2);

	if (n < 0)
		return -1;
	return n == 1 && ops[0].value > 0 && ops[1].error != 0
	    ? 0
	    : xr_wrong("%d done, time %llu, errno %d", n,
		  (unsigned long long)ops[0].value, ops[1].error);
}

static int
get_symbol(struct xr_env *e)
{
	struct xc_symbol s;
	uint32_t n = 0;
	int r;

	for (int i = 0; i < 100; i++) {
		r = xc_get_symbol(e->xch, &n, &s);
		if (r < 0)
			return -1;
		if (r == 0 || s.name[0] == '\0' || s.address == 0)
			return xr_wrong("symbol %d: \"%s\"", i, s.name);
	}
	return n >= 100 ? 0 : xr_wrong("number %u", n);
}

static int
firmware_disk(struct xr_env *e)
{
	struct xc_firmware_disk d;

	return xc_firmware_disk(e->xch, 0, &d);
}

static int
firmware_mbr(struct xr_env *e)
{
	uint32_t signature;
	uint8_t device;

	return xc_firmware_mbr_signature(e->xch, 0, &device, &signature);
}

static int
firmware_edid(struct xr_env *e)
{
	uint8_t caps, time, edid[128];

	return xc_firmware_edid(e->xch, &caps, &time, edid);
}

static int
firmware_kbd(struct xr_env *e)
{
	uint8_t flags;

	return xc_firmware_kbd_shift_flags(e->xch, &flags);
}

static int
firmware_efi(struct xr_env *e)
{
	uint32_t version;

	return xc_firmware_efi_version(e->xch, &version);
}

/* --- resource control ------------------------------------------------------------------------ */

static int
psr_enabled(struct xr_env *e)
{
	return xc_psr_cmt_enabled(e->xch) ? xr_wrong("it is monitored") : 0;
}

static int
psr_total(struct xr_env *e)
{
	uint32_t n;

	return xc_psr_cmt_get_total_rmid(e->xch, &n);
}

static int
psr_factor(struct xr_env *e)
{
	uint32_t n;

	return xc_psr_cmt_get_l3_upscaling_factor(e->xch, &n);
}

static int
psr_events(struct xr_env *e)
{
	uint32_t n;

	return xc_psr_cmt_get_l3_event_mask(e->xch, &n);
}

static int
psr_cache(struct xr_env *e)
{
	uint32_t n;

	return xc_psr_cmt_get_l3_cache_size(e->xch, 0, &n);
}

static int
psr_attach(struct xr_env *e)
{
	return xc_psr_cmt_attach(e->xch, e->pv);
}

static int
psr_detach(struct xr_env *e)
{
	return xc_psr_cmt_detach(e->xch, e->pv);
}

static int
psr_rmid(struct xr_env *e)
{
	uint32_t n;

	return xc_psr_cmt_get_domain_rmid(e->xch, e->pv, &n);
}

static int
psr_data(struct xr_env *e)
{
	uint64_t value;

	return xc_psr_cmt_get_data(e->xch, 1, 0, XC_PSR_L3_OCCUPANCY, &value,
	    NULL);
}

static int
psr_set(struct xr_env *e)
{
	return xc_psr_set_domain_data(e->xch, e->pv, XC_PSR_L3_CBM, 0, 0xf);
}

static int
psr_get(struct xr_env *e)
{
	uint64_t data;

	return xc_psr_get_domain_data(e->xch, e->pv, XC_PSR_L3_CBM, 0, &data);
}

static int
psr_info(struct xr_env *e)
{
	struct xc_psr_hw_info i;

	return xc_psr_get_hw_info(e->xch, 0, XC_PSR_L3_CBM, &i);
}

/* --- kexec ------------------------------------------------------------------------------------- */

static int
kexec_range(struct xr_env *e)
{
	uint64_t start = 0, size = 0;

	if (xc_kexec_get_range(e->xch, XC_KEXEC_XEN, 0, &start, &size) < 0)
		return -1;
	if (start == 0 || size < 1 << 20)
		return xr_wrong("%#llx, %llu bytes", (unsigned long long)start,
		    (unsigned long long)size);
	if (xc_kexec_get_range(e->xch, XC_KEXEC_CRASH, 0, &start, &size) < 0)
		return -1;
	return size == 0 ? 0 : xr_wrong("a crash area");
}

static int
kexec_status(struct xr_env *e)
{
	int r = xc_kexec_status(e->xch, XC_KEXEC_TYPE_CRASH);

	return r < 0 ? -1 : r == 0 ? 0 : xr_wrong("an image is loaded");
}

static int
kexec_load(struct xr_env *e)
{
	const struct xc_kexec_segment s = { .data = "code", .size = 4,
		.dest_addr = 0x1000000, .dest_size = 4096 };

	return xc_kexec_load(e->xch, XC_KEXEC_TYPE_CRASH, 62, 0x1000000, &s, 1);
}

static int
kexec_unload(struct xr_env *e)
{
	return xc_kexec_unload(e->xch, XC_KEXEC_TYPE_CRASH);
}

#define CANNOT(name, fn, why, err)                                             \
	{ .function = name, fn, .cannot = why, .cannot_errno = err }

const struct xr_row xr_rows_platform[] = {
	CANNOT("xc_flask_load", flask_load, NO_FLASK, ENOTSUP),
	CANNOT("xc_flask_getenforce", flask_getenforce, NO_FLASK, ENOTSUP),
	CANNOT("xc_flask_setenforce", flask_setenforce, NO_FLASK, ENOTSUP),
	CANNOT("xc_flask_policyvers", flask_policyvers, NO_FLASK, ENOTSUP),
	CANNOT("xc_flask_context_to_sid", flask_context_to_sid, NO_FLASK,
	    ENOTSUP),
	CANNOT("xc_flask_sid_to_context", flask_sid_to_context, NO_FLASK,
	    ENOTSUP),
	CANNOT("xc_flask_access", flask_access, NO_FLASK, ENOTSUP),
	CANNOT("xc_flask_create", flask_create, NO_FLASK, ENOTSUP),
	CANNOT("xc_flask_relabel", flask_relabel, NO_FLASK, ENOTSUP),
	CANNOT("xc_flask_member", flask_member, NO_FLASK, ENOTSUP),
	CANNOT("xc_flask_getbool_byid", flask_getbool_byid, NO_FLASK, ENOTSUP),
	CANNOT("xc_flask_getbool_byname", flask_getbool_byname, NO_FLASK,
	    ENOTSUP),
	CANNOT("xc_flask_setbool", flask_setbool, NO_FLASK, ENOTSUP),
	CANNOT("xc_flask_commitbools", flask_commitbools, NO_FLASK, ENOTSUP),
	CANNOT("xc_flask_avc_get_threshold", flask_get_threshold, NO_FLASK,
	    ENOTSUP),
	CANNOT("xc_flask_avc_set_threshold", flask_set_threshold, NO_FLASK,
	    ENOTSUP),
	CANNOT("xc_flask_avc_hashstats", flask_hashstats, NO_FLASK, ENOTSUP),
	CANNOT("xc_flask_avc_cachestats", flask_cachestats, NO_FLASK, ENOTSUP),
	CANNOT("xc_flask_add_ocontext", flask_add, NO_FLASK, ENOTSUP),
	CANNOT("xc_flask_del_ocontext", flask_del, NO_FLASK, ENOTSUP),
	CANNOT("xc_flask_get_peer_sid", flask_peer, NO_FLASK, ENOTSUP),
	{ .function = "xc_flask_relabel_domain", flask_relabel_domain,
	    .cannot = NO_FLASK, .cannot_errno = ENOTSUP,
	    .flags = XR_OTHER_ID },
	{ .function = "xc_get_cpu_version", cpu_version },
	{ .function = "xc_get_pcpu_info", pcpu_info },
	CANNOT("xc_microcode_update", microcode,
	    "there is no microcode for an emulated processor", EINVAL),
	{ .function = "xc_microcode_update", microcode_force, .since = 20,
	    .cannot = "there is no microcode for an emulated processor",
	    .cannot_errno = EINVAL },
	{ .function = "xc_get_ucode_revision", ucode_revision, .since = 18 },
	CANNOT("xc_getidletime", getidletime,
	    "Xen was not started with cpufreq=dom0-kernel", ENOTSUP),
	{ .function = "xc_get_core_parking", core_parking },
	{ .function = "xc_set_core_parking", set_core_parking },
	{ .function = "xc_resource_op", resource_op },
	{ .function = "xc_get_symbol", get_symbol },
	{ .function = "xc_firmware_disk", firmware_disk,
	    .cannot = NO_BIOS, .cannot_errno = ESRCH },
	{ .function = "xc_firmware_mbr_signature", firmware_mbr,
	    .cannot = NO_BIOS, .cannot_errno = ESRCH },
	{ .function = "xc_firmware_edid", firmware_edid,
	    .cannot = NO_BIOS, .cannot_errno = ESRCH },
	{ .function = "xc_firmware_kbd_shift_flags", firmware_kbd },
	CANNOT("xc_firmware_efi_version", firmware_efi,
	    "the host is not started by EFI", ENOTSUP),
	{ .function = "xc_psr_cmt_enabled", psr_enabled,
	    .flags = XR_RECOVERS },
	CANNOT("xc_psr_cmt_get_total_rmid", psr_total, NO_RDT, ENODEV),
	CANNOT("xc_psr_cmt_get_l3_upscaling_factor", psr_factor, NO_RDT,
	    ENODEV),
	CANNOT("xc_psr_cmt_get_l3_event_mask", psr_events, NO_RDT, ENODEV),
	CANNOT("xc_psr_cmt_get_l3_cache_size", psr_cache, NO_RDT, ENODEV),
	CANNOT("xc_psr_cmt_attach", psr_attach, NO_RDT, ENODEV),
	CANNOT("xc_psr_cmt_detach", psr_detach, NO_RDT, ENODEV),
	CANNOT("xc_psr_cmt_get_domain_rmid", psr_rmid, NO_RDT, ENODEV),
	/* Xen 4.14 reads the registers whether or not they mean something. */
	{ .function = "xc_psr_cmt_get_data", psr_data, .cannot = NO_RDT,
	    .cannot_errno = EPERM, .cannot_from = 15 },
	CANNOT("xc_psr_set_domain_data", psr_set, NO_RDT, ENODEV),
	CANNOT("xc_psr_get_domain_data", psr_get, NO_RDT, ENODEV),
	CANNOT("xc_psr_get_hw_info", psr_info, NO_RDT, ENODEV),
	{ .function = "xc_kexec_get_range", kexec_range },
	{ .function = "xc_kexec_status", kexec_status },
	CANNOT("xc_kexec_load", kexec_load, NO_KDUMP, EADDRNOTAVAIL),
	{ .function = "xc_kexec_unload", kexec_unload },
	{ .function = NULL },
};

static int
bad_flask_context(struct xr_env *e)
{
	uint32_t sid;

	return xc_flask_context_to_sid(e->xch, "", &sid);
}

static int
bad_flask_kind(struct xr_env *e)
{
	return xc_flask_del_ocontext(e->xch, (enum xc_flask_object)9, 0, 0);
}

static int
bad_microcode(struct xr_env *e)
{
	return xc_microcode_update(e->xch, "x", 0, 0);
}

static int
bad_resources(struct xr_env *e)
{
	struct xc_resource_op op = { .msr = 0x10 };

	return xc_resource_op(e->xch, 0, &op, 257);
}

static int
bad_idle(struct xr_env *e)
{
	uint64_t idle;
	uint8_t map;

	return xc_getidletime(e->xch, &map, &idle, 0, NULL);
}

static int
bad_psr_kind(struct xr_env *e)
{
	struct xc_psr_hw_info i;

	return xc_psr_get_hw_info(e->xch, 0, XC_PSR_L3_CODE, &i);
}

static int
bad_kexec_segments(struct xr_env *e)
{
	return xc_kexec_load(e->xch, XC_KEXEC_TYPE_CRASH, 62, 0, NULL, 1);
}

static int
bad_kexec_many(struct xr_env *e)
{
	const struct xc_kexec_segment s = { .size = 0 };

	return xc_kexec_load(e->xch, XC_KEXEC_TYPE_CRASH, 62, 0, &s, 17);
}

const struct xr_bad xr_bad_platform[] = {
	{ "Flask: no context", bad_flask_context, EINVAL, 0, 0 },
	{ "Flask: no such kind", bad_flask_kind, EINVAL, 0, 0 },
	{ "microcode: nothing", bad_microcode, EINVAL, 0, 0 },
	{ "registers: too many", bad_resources, EINVAL, 0, 0 },
	{ "idle times: of nothing", bad_idle, EINVAL, 0, 0 },
	{ "psr: facts of code", bad_psr_kind, EINVAL, 0, 0 },
	{ "kexec: no segments", bad_kexec_segments, EINVAL, 0, 0 },
	{ "kexec: too many segments", bad_kexec_many, EINVAL, 0, 0 },
	{ .what = NULL },
};
