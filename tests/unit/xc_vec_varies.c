/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Vectors: what is sent or comes back differently by release, as explicit
 * bytes. Where the numbers are from: domctl.h, sysctl.h, platform.h, version.h
 * in xen/include/public of the stable branches.
 */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include <check.h>

#include "xc_vec.h"

/* --- createdomain --------------------------------------------------------- */

/*
 * An HVM domain with all that the release can: what is behind the 44 bytes that
 * never changed (grant version, altp2m, trace buffer, pool, emulation, misc).
 */
static const struct {
	unsigned minor;
	uint32_t tail[6];
} created[] = {
	{ 14, { 0x3ff } },
	{ 15, { 0x10000, 0x3ff, 1 } },
	{ 16, { 2, 0x10000, 0x3ff, 1 } },
	{ 17, { 2, 0x10000, 3, 0x3ff, 1 } },
	{ 18, { 2, 0x10000, 3, 0x3ff, 1 } },
	{ 19, { 2, 0, 0x10000, 3, 0x3ff, 1 } },
	{ 20, { 2, 0, 0x10000, 3, 0x3ff, 1 } },
	{ 21, { 2, 0, 0x10000, 3, 0x3ff, 1 } },
	{ 22, { 2, 0, 0x10000, 3, 0x3ff, 1 } },
};

static void
creation(xc_interface *x)
{
	const unsigned minor = vec_now->minor;
	struct xc_domain_create req = { .ssidref = 0x11, .handle =
		"0123456789abcde", .flags = XC_CDF_HVM | XC_CDF_IOMMU,
		.iommu_opts = 0x12, .max_vcpus = 8, .max_evtchn_port = 1023,
		.max_grant_frames = -1, .max_maptrack_frames = 0x13,
		.max_grant_version = minor < 16 ? 0 : 2,
		.vmtrace_size = minor < 15 ? 0 : 0x10000, .cpupool_id = 3,
		.emulation_flags = 0x3ff, .misc_flags = minor < 15 ? 0 : 1 };
	/* Flags: an HVM domain (0) with an IOMMU (5). */
	uint32_t want[17] = { 0x11, 0x33323130, 0x37363534, 0x62613938,
		0x00656463, 0x21, 0x12, 8, 1023, 0xffffffff, 0x13 };
	uint32_t domid = 5;

	for (size_t i = 0; i < sizeof(created) / sizeof(created[0]); i++)
		if (created[i].minor == minor)
			memcpy(&want[11], created[i].tail,
			    sizeof(created[i].tail));
	ANSWER(HC_DOMCTL, 1, OCTETS(9, 0), 8);
	/* Before 4.17 it is moved to its pool, operation 6, afterwards. */
	V(xc_domain_create, (x, &domid, &req),
	    vec_domctl(5, 1, want, sizeof(want));
	    if (minor < 17) SYS_WORDS(18, 6, 3, 0, 9); EQ(domid, 9));
}

/* The same domain without wishes: an HVM one needs no more than emulation. */
#define PLAIN(version)                                                         \
	do {                                                                   \
		uint32_t w_[17] = { 0, 0, 0, 0, 0, 0, 0, 1, 1023, 0xffffffff,  \
			0xffffffff };                                          \
		if (vec_now->minor >= 16)                                      \
			w_[11] = version;                                      \
		vec_domctl(5, 1, w_, sizeof(w_));                              \
	} while (0)

static void
plain_creation(xc_interface *x)
{
	const struct xc_domain_create req = XC_DOMAIN_CREATE_INIT;
	struct xc_domain_create pool = XC_DOMAIN_CREATE_INIT;
	uint32_t domid = 5;

	/* The highest version of grant tables there is; 2 until a creation
	 * fails and Xen, from 4.16, says that it has no such. */
	ANSWER(HC_DOMCTL, 1, .err = EINVAL, .once = true);
	ANSWER(HC_SYSCTL, 3, WORDS(XC_PHYSCAP_GNTTAB_V2), SYSCTL_AT + 28);
	VR(-1, xc_domain_create, (x, &domid, &req), PLAIN(2);
	   if (vec_now->minor >= 16) vec_sysctl(3, NULL, 0); EQ(domid, 5));
	if (vec_now->minor >= 16) {
		ANSWER(HC_DOMCTL, 1, .err = EINVAL, .once = true);
		ANSWER(HC_DOMCTL, 1, OCTETS(9, 0), 8);
		V(xc_domain_create, (x, &domid, &req), PLAIN(2);
		  vec_sysctl(3, NULL, 0); PLAIN(1); EQ(domid, 9));
		domid = 5;
		V(xc_domain_create, (x, &domid, &req), PLAIN(1));
	}
	if (vec_now->minor >= 17)
		return;
	/* The pool it was to be moved to is none: no domain stays. */
	pool.cpupool_id = 3;
	domid = 5;
	ANSWER(HC_SYSCTL, 18, .err = ENOENT);
	VR(-1, xc_domain_create, (x, &domid, &pool),
	    PLAIN(vec_now->minor >= 16 ? 1 : 0); SYS_WORDS(18, 6, 3, 0, 5);
	    vec_domctl(5, 2, NULL, 0); EQ(errno, ENOENT); EQ(domid, 5));
}

/* --- domains and the host ------------------------------------------------- */

/* 96 bytes that never changed, all different; then the releases' own. */
static const uint8_t info[112] = { 5, 0, 0, 0, 0x42, 0, 2, 0,
	1, 0, 0, 0, 0, 0, 0, 0x10, 2, 0, 0, 0, 0, 0, 0, 0x20,
	3, 0, 0, 0, 0, 0, 0, 0x30, 4, 0, 0, 0, 0, 0, 0, 0x40,
	5, 0, 0, 0, 0, 0, 0, 0x50, 6, 0, 0, 0, 0, 0, 0, 0x60,
	7, 0, 0, 0, 0, 0, 0, 0x70, 8, 0, 0, 0x80, 9, 0, 0, 0x90,
	10, 0, 0, 0xa0, '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a',
	'b', 'c', 'd', 'e', 'f', 11, 0, 0, 0xb0, 0xee, 0xee };

static void
is_decoded(const struct xc_domaininfo *o)
{
	EQ(o->domid, 5);
	EQ(o->flags, XC_DOMINF_HVM | XC_DOMINF_DEBUGGED);
	EQ(o->shutdown_reason, 2);
	EQ(o->tot_pages, 0x1000000000000001);
	EQ(o->max_pages, 0x2000000000000002);
	EQ(o->outstanding_pages, 0x3000000000000003);
	EQ(o->shr_pages, 0x4000000000000004);
	EQ(o->paged_pages, 0x5000000000000005);
	EQ(o->shared_info_frame, 0x6000000000000006);
	EQ(o->cpu_time, 0x7000000000000007);
	EQ(o->nr_online_vcpus, 0x80000008);
	EQ(o->max_vcpu_id, 0x90000009);
	EQ(o->ssidref, 0xa000000a);
	SAME(o->handle, "0123456789abcdef", 16);
	EQ(o->cpupool, 0xb000000b);
}

/* The stride of the list is the structure's size: 104 bytes, 112 from 4.16. */
static void
domains(xc_interface *x)
{
	const size_t stride = vec_now->minor < 16 ? 104 : 112;
	uint8_t two[224] = { 3 };
	struct xc_domaininfo list[4];

	memcpy(two + stride, info, stride);
	ANSWER(HC_DOMCTL, 5, info, sizeof(info), .at = DOMCTL_AT);
	V(xc_domain_getinfo, (x, 5, list), vec_domctl(5, 5, NULL, 0);
	  is_decoded(&list[0]));
	/* The next one there is, which up to 4.17 Xen answers with. */
	ANSWER(HC_DOMCTL, 5, info, sizeof(info), .at = DOMCTL_AT);
	VR(-1, xc_domain_getinfo, (x, 4, list), vec_domctl(4, 5, NULL, 0));
	/* {u16 first, u32 room, list, u32 number} */
	ANSWER(HC_SYSCTL, 6, two, sizeof(two), SYSCTL_AT + 8, .there = true);
	ANSWER(HC_SYSCTL, 6, WORDS(2), SYSCTL_AT + 16);
	VR(2, xc_domain_getinfolist, (x, 3, 4, list),
	    SYS_WORDS(6, 3, 4, (uint32_t)VEC_PTR(0), VEC_PTR(0) >> 32);
	    EQ(list[0].domid, 3); is_decoded(&list[1]));
}

/* From 4.17 a word of the architecture's capabilities and one of padding are
 * before the pages. Before 4.16 both grant versions were there, unsaid. */
static void
figures(xc_interface *x)
{
	const unsigned minor = vec_now->minor;
	const uint32_t head[9] = { 1, 2, 3, 4, 5, 6, 7,
		minor < 16 ? 0x1b : 0x11b, 0xabcd };
	const uint64_t pages[5] = { 0x1000000000000001, 0x2000000000000002,
		0x3000000000000003, 0x4000000000000004, 0x5000000000000005 };
	const uint32_t caps[8] = { 21, 22, 23, 24, 25, 26, 27, 28 };
	const unsigned at = minor < 17 ? 32 : 40;
	struct xc_physinfo o;

	ANSWER(HC_SYSCTL, 3, head, minor < 17 ? 32 : 36,
	    .at = SYSCTL_AT);
	ANSWER(HC_SYSCTL, 3, pages, sizeof(pages),
	    .at = SYSCTL_AT + at);
	ANSWER(HC_SYSCTL, 3, caps, sizeof(caps),
	    .at = SYSCTL_AT + at + 40);
	V(xc_physinfo, (x, &o), vec_sysctl(3, NULL, 0);
	  EQ(o.threads_per_core, 1); EQ(o.cores_per_socket, 2);
	  EQ(o.nr_cpus, 3); EQ(o.max_cpu_id, 4); EQ(o.nr_nodes, 5);
	  EQ(o.max_node_id, 6); EQ(o.cpu_khz, 7);
	  EQ(o.capabilities, minor < 16 ? 0x31b : 0x11b);
	  EQ(o.arch_capabilities, minor < 17 ? 0 : 0xabcd);
	  EQ(o.total_pages, pages[0]); EQ(o.free_pages, pages[1]);
	  EQ(o.scrub_pages, pages[2]); EQ(o.outstanding_pages, pages[3]);
	  EQ(o.max_mfn, pages[4]); SAME(o.hw_cap, caps, sizeof(caps)));
}

static void
opening(xc_interface *x)
{
	(void)x;
	/* What release it is: it is one that is known. */
	VP(xc_interface_open, (NULL, 0, NULL, 0),
	    OPENED("/dev/xen/privcmd"); OPENED("/dev/xen/hypercall");
	    NUMBERS(HC_VERSION, 0, 0);
	    xc_interface_close(vec_pointer));
}

/* --- what moved or came --------------------------------------------------- */

/* {u8 pirq, u8 allow} up to 4.15; {u32 pirq, u8 allow} since. */
static void
permissions(xc_interface *x)
{
	V(xc_domain_irq_permission, (x, 5, 0x21, true),
	    if (vec_now->minor < 16) DOM_WORDS(19, 0x121);
	    else DOM_WORDS(19, 0x21, 1));
	VS(20, xc_domain_gsi_permission, (x, 5, 0x21, true),
	    DOM_WORDS(88, 0x21, 1));
}

/* Before 4.17: shadow_op {op, mode, MiB}, rounded up. */
static void
paging_pool(xc_interface *x)
{
	const bool shadow = vec_now->minor < 17;
	uint64_t bytes;

	V(xc_set_paging_mempool, (x, 5, 0x100401000),
	    if (shadow) DOM_WORDS(10, 31, 0, 4101);
	    else DOM_WORDS(86, 0x401000, 1));
	ANSWER(HC_DOMCTL, 10, WORDS(4101), DOMCTL_AT + 8);
	ANSWER(HC_DOMCTL, 85, QUADS(0x100500000), DOMCTL_AT);
	V(xc_get_paging_mempool, (x, 5, &bytes),
	    if (shadow) DOM_WORDS(10, 30); else DOM_WORDS(85, 0);
	    EQ(bytes, 0x100500000));
}

/* From 4.20 texts have their length before them, and are not cut. */
static void
texts(xc_interface *x)
{
	static const struct {
		enum xc_version_text which;
		uint32_t old, size, now;
	} ops[] = { { XC_VERSION_EXTRA, 1, 16, 11 },
		{ XC_VERSION_CAPABILITIES, 3, 1024, 12 },
		{ XC_VERSION_CHANGESET, 4, 64, 13 },
		{ XC_VERSION_COMMANDLINE, 9, 1024, 14 } };
	static const uint8_t zero[1024];
	const uint32_t room = 100;
	const bool cut = vec_now->minor < 20;
	char text[100];

	for (unsigned i = 0; i < 4; i++) {
		const uint32_t cmd = cut ? ops[i].old : ops[i].now;

		ANSWER(HC_VERSION, cmd, TEXT(".4-pre"), cut ? 0 : 4,
		    .result = cut ? 0 : 6);
		VR(6, xc_version_text, (x, ops[i].which, text, room),
		    vec_sent(HC_VERSION, cmd,
			(const uint64_t[5]){ cmd, VEC_PTR(0) },
			cut ? (const void *)zero : &room,
			cut ? ops[i].size : 4);
		    SAME(text, ".4-pre", 7));
	}
}

/* livepatch_op {u32 cmd, flags, name {pointer, u16 size}, u64 size, pointer}:
 * flags was padding before 4.19. */
static void
patches(xc_interface *x)
{
	VS(19, xc_livepatch_upload, (x, "p", "ELF", 3, XC_LIVEPATCH_FORCE),
	    SYS_WORDS(27, 0, 1, (uint32_t)VEC_PTR(0), VEC_PTR(0) >> 32, 2, 0,
		3, 0, (uint32_t)VEC_PTR(128), VEC_PTR(128) >> 32);
	    BEHIND(0, "p", 2); BEHIND(1, "ELF", 3));
}

/* {u32 cmd, version, then u32 cpu, signature, flags, revision, or u32 flags,
 * length, u64 data}: 136 bytes. */
static void
microcode(xc_interface *x)
{
	const uint32_t ask[34] = { 65, 0x03000001, 3 };
	const uint32_t load[34] = { 66, 0x03000001, XC_UCODE_FORCE, 4,
		(uint32_t)VEC_PTR(0), VEC_PTR(0) >> 32 };
	struct xc_ucode_revision r;

	ANSWER(HC_PLATFORM, 65, WORDS(0x306f2, 0x80, 0x49), 12);
	VS(18, xc_get_ucode_revision, (x, 3, &r),
	    vec_sent(HC_PLATFORM, 65, (const uint64_t[5]){ VEC_PTR(0) }, ask,
		sizeof(ask));
	    EQ(r.signature, 0x306f2); EQ(r.platform, 0x80);
	    EQ(r.revision, 0x49));
	VS(20, xc_microcode_update, (x, "blob", 4, XC_UCODE_FORCE),
	    vec_sent(HC_PLATFORM, 66, (const uint64_t[5]){ VEC_PTR(0) }, load,
		sizeof(load));
	    BEHIND(0, "blob", 4));
}

/* --- frequencies ---------------------------------------------------------- */

/* pm_op {u32 cmd, cpu, {u32 cpus, frequencies, governors, 0, three lists,
 * ...}}. Asked for none, Xen says how many: two, three, two. */
#define LISTS                                                                  \
	SYS_WORDS(12, 0x11, 1, 0, 0, 0, 0, (uint32_t)VEC_PTR(0),               \
	    VEC_PTR(0) >> 32, (uint32_t)VEC_PTR(0), VEC_PTR(0) >> 32,          \
	    (uint32_t)VEC_PTR(0), VEC_PTR(0) >> 32);                           \
	SYS_WORDS(12, 0x11, 1, 2, 3, 2, 0, (uint32_t)VEC_PTR(0),               \
	    VEC_PTR(0) >> 32, (uint32_t)VEC_PTR(8), VEC_PTR(8) >> 32,          \
	    (uint32_t)VEC_PTR(20), VEC_PTR(20) >> 32)
#define COUNTS                                                                 \
	ANSWER(HC_SYSCTL, 12, WORDS(2, 3, 2), SYSCTL_AT + 8, .err = EAGAIN,    \
	    .once = true)
/* After the lists: driver, three frequencies; then the governor's figures. */
#define DRIVER(name)                                                           \
	ANSWER(HC_SYSCTL, 12, TEXT(name), SYSCTL_AT + 48);                     \
	ANSWER(HC_SYSCTL, 12, WORDS(2000, 3000, 1000), SYSCTL_AT + 64)

static void
governors(xc_interface *x)
{
	uint32_t cpus[2], freqs[3];
	char names[2][XC_CPUFREQ_NAME];
	struct xc_cpufreq_para p;

	COUNTS;
	ANSWER(HC_SYSCTL, 12, WORDS(0, 1), SYSCTL_AT + 24, .there = true);
	ANSWER(HC_SYSCTL, 12, WORDS(3000, 2000, 1000), SYSCTL_AT + 32,
	    .there = true);
	ANSWER(HC_SYSCTL, 12, TEXT("ondemand\0\0\0\0\0\0\0\0userspace"),
	    SYSCTL_AT + 40, .there = true);
	DRIVER("acpi-cpufreq");
	ANSWER(HC_SYSCTL, 12, WORDS(1500), SYSCTL_AT + 76);
	ANSWER(HC_SYSCTL, 12, TEXT("ondemand"), SYSCTL_AT + 80);
	ANSWER(HC_SYSCTL, 12, WORDS(2900, 1100, 7, 8, 9, 80, 1),
	    SYSCTL_AT + 96);
	V(xc_get_cpufreq_para, (x, 1, &p, cpus, freqs, names[0], 3), LISTS;
	  EQ(p.nr_cpus, 2); EQ(p.nr_freqs, 3); EQ(p.nr_governors, 2);
	  EQ(cpus[1], 1); EQ(freqs[0], 3000); EQ(freqs[2], 1000);
	  SAME(names[0], "ondemand", 9); SAME(names[1], "userspace", 10);
	  SAME(p.driver, "acpi-cpufreq", 13); EQ(p.cpuinfo_cur, 2000);
	  EQ(p.cpuinfo_max, 3000); EQ(p.cpuinfo_min, 1000);
	  EQ(p.hardware, false); SAME(p.governor, "ondemand", 9);
	  EQ(p.scaling_cur, 1500); EQ(p.scaling_max, 2900);
	  EQ(p.scaling_min, 1100); EQ(p.sampling_rate_max, 7);
	  EQ(p.sampling_rate_min, 8); EQ(p.sampling_rate, 9);
	  EQ(p.up_threshold, 80); EQ(p.turbo, true); EQ(p.setspeed, 0));
	COUNTS;
	DRIVER("acpi-cpufreq");
	ANSWER(HC_SYSCTL, 12, TEXT("userspace"), SYSCTL_AT + 80);
	ANSWER(HC_SYSCTL, 12, WORDS(1234), SYSCTL_AT + 104);
	V(xc_get_cpufreq_para, (x, 1, &p, NULL, NULL, NULL, 3), LISTS;
	  EQ(p.setspeed, 1234); EQ(p.up_threshold, 0); EQ(p.turbo, false));
	/* With this driver hardware decides: from 4.18 its levels take the
	 * place of the governor. */
	COUNTS;
	DRIVER("hwp");
	ANSWER(HC_SYSCTL, 12, WORDS(1, 10), SYSCTL_AT + 76);
	V(xc_get_cpufreq_para, (x, 1, &p, NULL, NULL, NULL, 3), LISTS;
	  EQ(p.hardware, vec_now->minor >= 18);
	  EQ(p.scaling_cur, vec_now->minor >= 18 ? 0 : 1));
}

/* {u32 features, lowest, lowest nonlinear, nominal, highest, minimum, maximum,
 * desired, energy, window}: in the answer above from 4.18, of its own (0x16)
 * from 4.21. */
static void
levels(xc_interface *x)
{
	const struct xc_cppc in = { .minimum = 15, .maximum = 16,
		.desired = 17, .energy_perf = 18, .activity_window = 19 };
	const bool own = vec_now->minor >= 21;
	const unsigned at = SYSCTL_AT + (own ? 8 : 76);
	uint32_t set = XC_CPPC_SET_MINIMUM | XC_CPPC_SET_DESIRED;
	struct xc_cppc c;

	if (!own) {
		COUNTS;
		DRIVER("hwp");
	}
	ANSWER(HC_SYSCTL, 12, WORDS(1, 11, 12, 13, 14, 15, 16, 17, 18, 19),
	    at);
	VS(18, xc_get_cpufreq_cppc, (x, 1, &c),
	    if (own) SYS_WORDS(12, 0x16, 1); else { LISTS; }
	    EQ(c.has_activity_window, true); EQ(c.lowest, 11);
	    EQ(c.lowest_nonlinear, 12); EQ(c.nominal, 13); EQ(c.highest, 14);
	    EQ(c.minimum, 15); EQ(c.maximum, 16); EQ(c.desired, 17);
	    EQ(c.energy_perf, 18); EQ(c.activity_window, 19));
	/* There is another driver. */
	if (vec_now->minor >= 18 && !own) {
		COUNTS;
		DRIVER("acpi-cpufreq");
		VR(-1, xc_get_cpufreq_cppc, (x, 1, &c), LISTS;
		   EQ(errno, ENODEV));
	}
	ANSWER(HC_SYSCTL, 12, WORDS(XC_CPPC_SET_MINIMUM), SYSCTL_AT + 8);
	VS(18, xc_set_cpufreq_cppc, (x, 1, &in, &set),
	    SYS_WORDS(12, 0x15, 1, 5, 15, 16, 17, 18, 19);
	    EQ(set, XC_CPPC_SET_MINIMUM));
}

const struct vec_group vec_varies_groups[] = {
	{ "opening", opening },
	{ "creation", creation },
	{ "plain creation", plain_creation },
	{ "domains", domains },
	{ "figures", figures },
	{ "permissions", permissions },
	{ "paging pool", paging_pool },
	{ "texts", texts },
	{ "flags of live patches", patches },
	{ "microcode", microcode },
	{ "governors", governors },
	{ "levels", levels },
	{ NULL, NULL },
};
