/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Vectors: platform_op, Flask, kexec, the hypervisor's file system and its
 * version, whose layouts never changed. */
#include "config.h"

#include <elf.h>
#include <stdint.h>
#include <string.h>

#include <check.h>
#include <xen/xen.h>
#include <xen/hypfs.h>
#include <xen/kexec.h>
#include <xen/platform.h>
#include <xen/version.h>
#include <xen/xsm/flask_op.h>

#include "xc_vec.h"

/* Where the union of both begins. */
#define UNION_AT 8

#define PF(name, ...)                                                          \
	STRUCTURE(HC_PLATFORM, XENPF_##name, struct xen_platform_op,           \
	    { .cmd = XENPF_##name,                                             \
		.interface_version = XENPF_INTERFACE_VERSION, __VA_ARGS__ })

static void
processors(xc_interface *x)
{
	struct xc_cpu_version v;
	struct xc_pcpu_info info;
	uint8_t map[2] = { 0xff, 1 };
	uint64_t idle[9], now;
	uint32_t n;

	ANSWER(HC_PLATFORM, XENPF_get_cpu_version,
	    WORDS(7, 0x756e6547, 0x49656e69, 0x6c65746e, 6, 0x9e, 10),
	    UNION_AT + 4);
	V(xc_get_cpu_version, (x, 3, &v),
	    PF(get_cpu_version, .u.pcpu_version.xen_cpuid = 3);
	    EQ(v.max_present, 7); SAME(v.vendor, "GenuineIntel", 13);
	    EQ(v.family, 6); EQ(v.model, 0x9e); EQ(v.stepping, 10));
	ANSWER(HC_PLATFORM, XENPF_get_cpuinfo,
	    WORDS(7, XEN_PCPU_FLAGS_ONLINE, 12, 13), UNION_AT + 4);
	V(xc_get_pcpu_info, (x, 3, &info),
	    PF(get_cpuinfo, .u.pcpu_info.xen_cpuid = 3);
	    EQ(info.max_present, 7); EQ(info.present, true);
	    EQ(info.online, true); EQ(info.apic_id, 12);
	    EQ(info.acpi_id, 13));
	/* The times, then the map. */
	ANSWER(HC_PLATFORM, XENPF_getidletime, OCTETS(0xfe, 0), UNION_AT,
	    .there = true);
	ANSWER(HC_PLATFORM, XENPF_getidletime, QUADS(0, 11), UNION_AT + 16,
	    .there = true);
	ANSWER(HC_PLATFORM, XENPF_getidletime, QUADS(99), UNION_AT + 24);
	V(xc_getidletime, (x, map, idle, 9, &now),
	    PF(getidletime,
		.u.getidletime = { .cpumap_bitmap = P(72),
		    .cpumap_nr_cpus = 9, .idletime = P(0) });
	    DEEP(0, uint8_t, 0xff, 1); EQ(map[0], 0xfe); EQ(map[1], 0);
	    EQ(idle[1], 11); EQ(now, 99));
	ANSWER(HC_PLATFORM, XENPF_core_parking, WORDS(5), UNION_AT + 4);
	V(xc_get_core_parking, (x, &n),
	    PF(core_parking, .u.core_parking.type = XEN_CORE_PARKING_GET);
	    EQ(n, 5));
	V(xc_set_core_parking, (x, 4),
	    PF(core_parking,
		.u.core_parking = { XEN_CORE_PARKING_SET, 4 }));
	V(xc_microcode_update, (x, "blob", 4, 0),
	    PF(microcode_update,
		.u.microcode = { .data = P(0), .length = 4 });
	    BEHIND(0, "blob", 4));
}

static void
facts(xc_interface *x)
{
	struct xc_resource_op ops[2] = { { .write = true, .msr = 0xc8d,
		.value = 0x300000001 }, { .msr = 0xc8e } };
	struct xc_symbol sym;
	uint64_t value, ns;
	uint32_t number = 7;

	/* The second one fails: one was done. */
	ANSWER(HC_PLATFORM, XENPF_resource_op, WORDS((uint32_t)-EPERM),
	    UNION_AT + 8, .there = true, .result = 1);
	VR(1, xc_resource_op, (x, 3, ops, 2),
	    PF(resource_op,
		.u.resource_op = { .nr_entries = 2, .cpu = 3,
		    .entries = P(0) });
	    DEEP(0, xenpf_resource_entry_t,
		{ { XEN_RESOURCE_OP_MSR_WRITE }, 0, 0xc8d, 0x300000001 },
		{ { XEN_RESOURCE_OP_MSR_READ }, 0, 0xc8e, 0 }));
	ANSWER(HC_PLATFORM, XENPF_resource_op,
	    QUADS(1, 0xc8d, 0, 0, 0xc8e, 4096, 0, 0x10, 777), UNION_AT + 8,
	    .there = true, .result = 3);
	V(xc_psr_cmt_get_data,
	    (x, 9, 3, XC_PSR_TOTAL_BANDWIDTH, &value, &ns),
	    PF(resource_op,
		.u.resource_op = { .nr_entries = 3, .cpu = 3,
		    .entries = P(0) });
	    DEEP(0, xenpf_resource_entry_t,
		{ { XEN_RESOURCE_OP_MSR_WRITE }, 0, 0xc8d, 0x900000002 },
		{ { XEN_RESOURCE_OP_MSR_READ }, 0, 0xc8e, 0 },
		{ { XEN_RESOURCE_OP_MSR_READ }, 0, 0x10, 0 });
	    EQ(value, 4096); EQ(ns, 777));
	ANSWER(HC_PLATFORM, XENPF_get_symbol, WORDS(8), UNION_AT + 4);
	ANSWER(HC_PLATFORM, XENPF_get_symbol, TEXT("start"), UNION_AT + 8,
	    .there = true);
	ANSWER(HC_PLATFORM, XENPF_get_symbol, QUADS(0xffff82d040200000, 'T'),
	    UNION_AT + 16);
	VR(1, xc_get_symbol, (x, &number, &sym),
	    PF(get_symbol,
		.u.symdata = { .namelen = 128, .symnum = 7, .name = P(0) });
	    EQ(number, 8); SAME(sym.name, "start", 6);
	    EQ(sym.address, 0xffff82d040200000); EQ(sym.type, 'T'));
}

#define FIRMWARE(what, n, ...)                                                 \
	PF(firmware_info,                                                      \
	    .u.firmware_info = { .type = XEN_FW_##what, .index = n,            \
		__VA_ARGS__ })

static void
firmware(xc_interface *x)
{
	static const uint8_t edd[66] = { 30, 0, 1, 2, 3 };
	struct xc_firmware_disk d;
	uint8_t a, b, edid[128];
	uint32_t v;

	ANSWER(HC_PLATFORM, XENPF_firmware_info, edd, sizeof(edd),
	    UNION_AT + 16, .there = true);
	ANSWER(HC_PLATFORM, XENPF_firmware_info,
	    OCTETS(0x80, 0x30, 5, 0, 0xff, 3, 0xfe, 63), UNION_AT + 8);
	V(xc_firmware_disk, (x, 1, &d),
	    FIRMWARE(DISK_INFO, 1, .u.disk_info.edd_params = P(0));
	    DEEP(0, uint16_t, 66); EQ(d.device, 0x80); EQ(d.version, 0x30);
	    EQ(d.interface_support, 5); EQ(d.legacy_max_cylinder, 0x3ff);
	    EQ(d.legacy_max_head, 0xfe); EQ(d.legacy_sectors_per_track, 63);
	    SAME(d.edd, edd, sizeof(edd)));
	ANSWER(HC_PLATFORM, XENPF_firmware_info, WORDS(0x80, 0xdeadbeef),
	    UNION_AT + 8);
	V(xc_firmware_mbr_signature, (x, 2, &a, &v),
	    FIRMWARE(DISK_MBR_SIGNATURE, 2, .u.kbd_shift_flags = 0);
	    EQ(a, 0x80); EQ(v, 0xdeadbeef));
	ANSWER(HC_PLATFORM, XENPF_firmware_info, OCTETS(3, 1), UNION_AT + 8);
	ANSWER(HC_PLATFORM, XENPF_firmware_info, OCTETS(0, 0xff, 0xff),
	    UNION_AT + 16, .there = true);
	V(xc_firmware_edid, (x, &a, &b, edid),
	    FIRMWARE(VBEDDC_INFO, 0, .u.vbeddc_info.edid = P(0)); EQ(a, 3);
	    EQ(b, 1); EQ(edid[1], 0xff));
	ANSWER(HC_PLATFORM, XENPF_firmware_info, OCTETS(0x20), UNION_AT + 8);
	V(xc_firmware_kbd_shift_flags, (x, &a),
	    FIRMWARE(KBD_SHIFT_FLAGS, 0, .u.kbd_shift_flags = 0);
	    EQ(a, 0x20));
	ANSWER(HC_PLATFORM, XENPF_firmware_info, WORDS(0x2001f),
	    UNION_AT + 8);
	V(xc_firmware_efi_version, (x, &v),
	    FIRMWARE(EFI_INFO, XEN_FW_EFI_VERSION, .u.kbd_shift_flags = 0);
	    EQ(v, 0x2001f));
}

/* --- Flask ---------------------------------------------------------------- */

#define FLASK(name, ...)                                                       \
	STRUCTURE(HC_XSM, FLASK_##name, struct xen_flask_op,                   \
	    { .cmd = FLASK_##name,                                             \
		.interface_version = XEN_FLASK_INTERFACE_VERSION,              \
		__VA_ARGS__ })

static void
policy(xc_interface *x)
{
	struct xc_flask_access a;
	struct xc_flask_bool b;
	uint32_t sid;
	char text[64];

	V(xc_flask_load, (x, "policy", 6),
	    FLASK(LOAD, .u.load = { .buffer = P(0), .size = 6 });
	    BEHIND(0, "policy", 6));
	ANSWER(HC_XSM, FLASK_GETENFORCE, .result = 1);
	VR(1, xc_flask_getenforce, (x), FLASK(GETENFORCE, .u.load.size = 0));
	V(xc_flask_setenforce, (x, true),
	    FLASK(SETENFORCE, .u.enforce.enforcing = 1));
	ANSWER(HC_XSM, FLASK_POLICYVERS, .result = 30);
	VR(30, xc_flask_policyvers, (x), FLASK(POLICYVERS, .u.load.size = 0));
	ANSWER(HC_XSM, FLASK_CONTEXT_TO_SID, WORDS(44), UNION_AT);
	V(xc_flask_context_to_sid, (x, "a:b:c", &sid),
	    FLASK(CONTEXT_TO_SID,
		.u.sid_context = { .size = 5, .context = P(0) });
	    BEHIND(0, "a:b:c", 5); EQ(sid, 44));
	ANSWER(HC_XSM, FLASK_SID_TO_CONTEXT, TEXT("d:e:f"), UNION_AT + 8,
	    .there = true);
	V(xc_flask_sid_to_context, (x, 44, text, sizeof(text)),
	    FLASK(SID_TO_CONTEXT,
		.u.sid_context = { .sid = 44, .size = 1024,
		    .context = P(0) });
	    SAME(text, "d:e:f", 6));
	ANSWER(HC_XSM, FLASK_ACCESS, WORDS(1, 2, 3, 4), UNION_AT + 16);
	V(xc_flask_access, (x, 5, 6, 7, 8, &a),
	    FLASK(ACCESS,
		.u.access = { .ssid = 5, .tsid = 6, .tclass = 7, .req = 8 });
	    EQ(a.allowed, 1); EQ(a.audit_allow, 2); EQ(a.audit_deny, 3);
	    EQ(a.seqno, 4));
	ANSWER(HC_XSM, FLASK_GETBOOL, OCTETS(9, 0, 0, 0, 1, 1), UNION_AT);
	ANSWER(HC_XSM, FLASK_GETBOOL, TEXT("debug"), UNION_AT + 16,
	    .there = true);
	V(xc_flask_getbool_byid, (x, 9, &b),
	    FLASK(GETBOOL,
		.u.boolean = { .bool_id = 9, .size = 255, .name = P(0) });
	    EQ(b.id, 9); EQ(b.value, true); EQ(b.pending, true);
	    SAME(b.name, "debug", 6));
	V(xc_flask_getbool_byname, (x, "debug", &b),
	    FLASK(GETBOOL,
		.u.boolean = { .bool_id = ~0u, .size = 5, .name = P(0) });
	    BEHIND(0, "debug", 5));
	V(xc_flask_setbool, (x, "debug", true, true),
	    FLASK(SETBOOL,
		.u.boolean = { .bool_id = ~0u, .new_value = 1, .commit = 1,
		    .size = 5, .name = P(0) });
	    BEHIND(0, "debug", 5));
	V(xc_flask_commitbools, (x), FLASK(COMMITBOOLS, .u.load.size = 0));
}

static void
labels(xc_interface *x)
{
	struct xc_flask_hashstats h;
	struct xc_flask_cachestats c;
	uint32_t v;

#define TRANSITION(fn, name)                                                   \
	ANSWER(HC_XSM, FLASK_##name, WORDS(99), UNION_AT + 12);                \
	V(fn, (x, 5, 6, 7, &v),                                                \
	    FLASK(name,                                                        \
		.u.transition = { .ssid = 5, .tsid = 6, .tclass = 7 });        \
	    EQ(v, 99))
	TRANSITION(xc_flask_create, CREATE);
	TRANSITION(xc_flask_relabel, RELABEL);
	TRANSITION(xc_flask_member, MEMBER);
#undef TRANSITION
	ANSWER(HC_XSM, FLASK_GETAVC_THRESHOLD, WORDS(512), UNION_AT);
	V(xc_flask_avc_get_threshold, (x, &v),
	    FLASK(GETAVC_THRESHOLD, .u.load.size = 0); EQ(v, 512));
	V(xc_flask_avc_set_threshold, (x, 256),
	    FLASK(SETAVC_THRESHOLD, .u.setavc_threshold.threshold = 256));
	ANSWER(HC_XSM, FLASK_AVC_HASHSTATS, WORDS(1, 2, 3, 4), UNION_AT);
	V(xc_flask_avc_hashstats, (x, &h),
	    FLASK(AVC_HASHSTATS, .u.load.size = 0); EQ(h.entries, 1);
	    EQ(h.buckets_used, 2); EQ(h.buckets_total, 3);
	    EQ(h.max_chain, 4));
	ANSWER(HC_XSM, FLASK_AVC_CACHESTATS, WORDS(1, 2, 3, 4, 5, 6),
	    UNION_AT + 4);
	V(xc_flask_avc_cachestats, (x, 3, &c),
	    FLASK(AVC_CACHESTATS, .u.cache_stats.cpu = 3); EQ(c.lookups, 1);
	    EQ(c.hits, 2); EQ(c.misses, 3); EQ(c.allocations, 4);
	    EQ(c.reclaims, 5); EQ(c.frees, 6));
	ANSWER(HC_XSM, FLASK_CONTEXT_TO_SID, WORDS(44), UNION_AT);
	V(xc_flask_add_ocontext, (x, XC_FLASK_IOMEM, 7, 9, "a:b:c"),
	    FLASK(CONTEXT_TO_SID,
		.u.sid_context = { .size = 5, .context = P(0) });
	    FLASK(ADD_OCONTEXT, .u.ocontext = { 3, 44, 7, 9 }));
	V(xc_flask_del_ocontext, (x, XC_FLASK_IOPORT, 7, 9),
	    FLASK(DEL_OCONTEXT, .u.ocontext = { 2, 0, 7, 9 }));
	ANSWER(HC_XSM, FLASK_GET_PEER_SID, WORDS(45), UNION_AT + 4);
	V(xc_flask_get_peer_sid, (x, 21, &v),
	    FLASK(GET_PEER_SID, .u.peersid.evtchn = 21); EQ(v, 45));
	V(xc_flask_relabel_domain, (x, 5, 46),
	    FLASK(RELABEL_DOMAIN, .u.relabel = { 5, 46 }));
}

/* --- kexec ---------------------------------------------------------------- */

static void
images(xc_interface *x)
{
	const struct xc_kexec_segment s[2] = {
		{ "kernel", 7, 0x100000, 0x2000 },
		{ "initrd", 7, 0x200000, 0x1000 } };
	uint64_t start, size;

	ANSWER(HC_KEXEC, KEXEC_CMD_kexec_get_range, QUADS(0x4000, 0x8000000),
	    8);
	V(xc_kexec_get_range, (x, XC_KEXEC_CPU_NOTE, 3, &start, &size),
	    CMD(HC_KEXEC, KEXEC_CMD_kexec_get_range, xen_kexec_range_t,
		{ .range = KEXEC_RANGE_MA_CPU, .nr = 3 });
	    EQ(start, 0x8000000); EQ(size, 0x4000));
	/* The list, two times 32 bytes, then their data. */
	V(xc_kexec_load,
	    (x, XC_KEXEC_TYPE_CRASH, EM_X86_64, 0x100200, s, 2),
	    CMD(HC_KEXEC, KEXEC_CMD_kexec_load, xen_kexec_load_t,
		{ .type = KEXEC_TYPE_CRASH, .arch = EM_X86_64,
		    .nr_segments = 2, .segments.h = P(0),
		    .entry_maddr = 0x100200 });
	    DEEP(0, xen_kexec_segment_t,
		{ .buf.h = P(64), .buf_size = 7, .dest_maddr = 0x100000,
		    .dest_size = 0x2000 },
		{ .buf.h = P(71), .buf_size = 7, .dest_maddr = 0x200000,
		    .dest_size = 0x1000 });
	    BEHIND(1, "kernel", 7); BEHIND(2, "initrd", 7));
	V(xc_kexec_unload, (x, XC_KEXEC_TYPE_CRASH),
	    CMD(HC_KEXEC, KEXEC_CMD_kexec_unload, xen_kexec_unload_t,
		{ .type = KEXEC_TYPE_CRASH }));
	ANSWER(HC_KEXEC, KEXEC_CMD_kexec_status, .result = 1);
	VR(1, xc_kexec_status, (x, XC_KEXEC_TYPE_CRASH),
	    CMD(HC_KEXEC, KEXEC_CMD_kexec_status, xen_kexec_status_t,
		{ .type = KEXEC_TYPE_CRASH }));
}

/* --- the hypervisor's file system ----------------------------------------- */

#define HYPFS(name, path, size)                                                \
	vec_sent(HC_HYPFS, XEN_HYPFS_OP_##name,                                \
	    (const uint64_t[5]){ XEN_HYPFS_OP_##name, VEC_PTR(0),              \
		sizeof(path), VEC_PTR(0), size },                              \
	    path, sizeof(path))

static void
files(xc_interface *x)
{
	/* Two entries of a directory; the first one's length is a multiple of
	 * four. */
	static const struct {
		struct xen_hypfs_direntry dir, one;
		uint16_t next;
		char name[6];
		struct xen_hypfs_direntry two;
		uint16_t last;
		char name2[6];
	} __attribute__((packed)) dir = {
		{ XEN_HYPFS_TYPE_DIR, 0, 0, 40, 0 },
		{ XEN_HYPFS_TYPE_UINT, 0, 0, 4, 4 }, 20, "first",
		{ XEN_HYPFS_TYPE_STRING, XEN_HYPFS_ENC_GZIP, 0, 9, 0 }, 0,
		"other" };
	static const struct {
		struct xen_hypfs_direntry e;
		char text[5];
	} __attribute__((packed)) value = {
		{ XEN_HYPFS_TYPE_STRING, 0, 0, 5, 0 }, "4.17" };
	struct xc_hypfs_entry e, list[2];
	char buf[64];

	ANSWER(HC_HYPFS, XEN_HYPFS_OP_get_version, .result = 1);
	VR(1, xc_hypfs_version, (x),
	    NUMBERS(HC_HYPFS, XEN_HYPFS_OP_get_version, 0));
	ANSWER(HC_HYPFS, XEN_HYPFS_OP_read, &value, sizeof(value), .arg = 3);
	VR(5, xc_hypfs_read, (x, "/buildinfo/version", &e, buf, 64),
	    HYPFS(read, "/buildinfo/version", 76);
	    EQ(e.type, XC_HYPFS_STRING); EQ(e.size, 5);
	    SAME(e.name, "version", 8); SAME(buf, "4.17", 5));
	ANSWER(HC_HYPFS, XEN_HYPFS_OP_read, &dir, sizeof(dir), .arg = 3);
	VR(2, xc_hypfs_list, (x, "/params", list, 2),
	    HYPFS(read, "/params", 4096); SAME(list[0].name, "first", 6);
	    EQ(list[0].type, XC_HYPFS_UINT); EQ(list[0].max_write, 4);
	    SAME(list[1].name, "other", 6); EQ(list[1].gzip, true));
	V(xc_hypfs_write, (x, "/params/x", "yes", 4),
	    HYPFS(write_contents, "/params/x", 4); BEHIND(0, "yes", 4));
}

static void
version(xc_interface *x)
{
	struct xc_version v;
	uint8_t id[64];
	uint32_t bits;

	ANSWER(HC_VERSION, XENVER_extraversion, TEXT(".4-pre"), 0);
	ANSWER(HC_VERSION, XENVER_compile_info, TEXT("gcc 12"), 0);
	ANSWER(HC_VERSION, XENVER_changeset, TEXT("abcdef"), 0);
	ANSWER(HC_VERSION, XENVER_platform_parameters,
	    QUADS(0xffff800000000000), 0);
	V(xc_version, (x, &v),
	    CMD(HC_VERSION, XENVER_extraversion, xen_extraversion_t, { 0 });
	    CMD(HC_VERSION, XENVER_compile_info, xen_compile_info_t,
		{ .compiler = { 0 } });
	    CMD(HC_VERSION, XENVER_capabilities, xen_capabilities_info_t,
		{ 0 });
	    CMD(HC_VERSION, XENVER_changeset, xen_changeset_info_t, { 0 });
	    CMD(HC_VERSION, XENVER_commandline, xen_commandline_t, { 0 });
	    CMD(HC_VERSION, XENVER_platform_parameters,
		xen_platform_parameters_t, { 0 });
	    EQ(v.major, 4); EQ(v.minor, vec_now->minor);
	    SAME(v.extra, ".4-pre", 7); SAME(v.compiler, "gcc 12", 7);
	    SAME(v.changeset, "abcdef", 7);
	    EQ(v.virt_start, 0xffff800000000000); EQ(v.pagesize, 4096));
	ANSWER(HC_VERSION, XENVER_build_id, OCTETS(0xde, 0xad, 0xbe), 4,
	    .result = 3);
	VR(3, xc_build_id, (x, id, sizeof(id)),
	    CMD(HC_VERSION, XENVER_build_id, uint32_t, 64);
	    EQ(id[0], 0xde); EQ(id[2], 0xbe));
	ANSWER(HC_VERSION, XENVER_get_features, WORDS(0x1234), 4);
	V(xc_features, (x, 1, &bits),
	    CMD(HC_VERSION, XENVER_get_features, xen_feature_info_t,
		{ .submap_idx = 1 });
	    EQ(bits, 0x1234));
}

const struct vec_group vec_host_groups[] = {
	{ "processors", processors },
	{ "facts", facts },
	{ "firmware", firmware },
	{ "policy", policy },
	{ "labels", labels },
	{ "images", images },
	{ "files", files },
	{ "version", version },
	{ NULL, NULL },
};
