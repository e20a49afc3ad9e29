/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows: CPU policies, state of vCPUs beside registers, debugging, traces. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "xc_rows.h"

#define LEAVES 256
#define MSRS   64

static const char no_vmtrace[] =
    "processor traces need an Intel processor; the machine has AMD's";
static const char no_single_step[] =
    "single steps need Intel's monitor trap flag; the machine has AMD's";

static const char no_gdbsx[] = "Debian's Xen is built without gdbsx";

struct policy {
	struct xc_cpuid_leaf leaves[LEAVES];
	struct xc_msr msrs[MSRS];
	uint32_t nr_leaves, nr_msrs;
};

/* Leaf 0 names the vendor and the highest leaf. */
static int
plausible(const struct policy *p)
{
	return p->nr_leaves >= 4 && p->nr_leaves < LEAVES &&
	    p->leaves[0].leaf == 0 && p->leaves[0].a >= 1 &&
	    p->leaves[0].b != 0
	    ? 0 : xr_wrong("%u leaves, the highest %u", p->nr_leaves,
		      p->leaves[0].a);
}

static int
policy_size(struct xr_env *e)
{
	uint32_t leaves, msrs;

	if (xc_cpu_policy_get_size(e->xch, &leaves, &msrs) < 0)
		return -1;
	return leaves > 10 && leaves <= LEAVES && msrs >= 1 && msrs <= MSRS
	    ? 0 : xr_wrong("%u leaves, %u MSRs", leaves, msrs);
}

static int
system_policy(struct xr_env *e)
{
	static struct policy p;

	for (uint32_t i = XC_CPU_POLICY_RAW; i <= XC_CPU_POLICY_HVM_DEFAULT;
	     i++) {
		p.nr_leaves = LEAVES;
		p.nr_msrs = MSRS;
		if (xc_get_system_cpu_policy(e->xch, i, p.leaves, &p.nr_leaves,
			p.msrs, &p.nr_msrs) < 0 ||
		    plausible(&p) < 0)
			return -1;
	}
	return 0;
}

static int
get_policy(struct xr_env *e, struct policy *p)
{
	p->nr_leaves = LEAVES;
	p->nr_msrs = MSRS;
	if (xc_get_domain_cpu_policy(e->xch, e->pv, p->leaves, &p->nr_leaves,
		p->msrs, &p->nr_msrs) < 0)
		return -1;
	return plausible(p);
}

static int
domain_policy(struct xr_env *e)
{
	static struct policy p;

	return get_policy(e, &p);
}

/* The domain's own is taken back; more than the host's is named. */
static int
set_policy(struct xr_env *e)
{
	static struct policy p;
	struct xc_policy_error err;

	if (get_policy(e, &p) < 0 ||
	    xc_set_domain_cpu_policy(e->xch, e->pv, p.leaves, p.nr_leaves,
		p.msrs, p.nr_msrs, &err) < 0)
		return -1;
	/* One leaf: the highest basic leaf Xen knows is far below. */
	p.leaves[0].a = 0x7fff;
	if (xc_set_domain_cpu_policy(e->xch, e->pv, p.leaves, 1, NULL, 0,
		&err) == 0)
		return xr_wrong("a policy beyond the host's");
	if (xr_refused(EINVAL) < 0)
		return -1;
	return err.leaf == 0 ? 0 : xr_wrong("leaf %#x objected to", err.leaf);
}

static int
featureset(struct xr_env *e)
{
	uint32_t words[64] = { 0 }, last = e->minor >= 17
	    ? XC_FEATURESET_HVM_MAX : XC_FEATURESET_HVM;
	int n = xc_get_cpu_featureset(e->xch, XC_FEATURESET_RAW, NULL, 0);

	if (n < 0)
		return -1;
	if (n < 8 || n > 64)
		return xr_wrong("%d words", n);
	for (uint32_t i = XC_FEATURESET_RAW; i <= last; i++) {
		if (xc_get_cpu_featureset(e->xch, i, words, 64) < 0)
			return -1;
		/* fpu, bit 0 of the first word; lm, bit 29 of the third. */
		if ((words[0] & 1) == 0 || (words[2] >> 29 & 1) == 0)
			return xr_wrong("features %#x %#x", words[0], words[2]);
	}
	return 0;
}

static int
max_featureset(struct xr_env *e)
{
	return xc_get_cpu_featureset(e->xch, XC_FEATURESET_PV_MAX, NULL, 0) < 0
	    ? -1 : 0;
}

static int
levelling(struct xr_env *e)
{
	uint32_t caps;

	return xc_get_cpu_levelling_caps(e->xch, &caps);
}

static int
get_msrs(struct xr_env *e)
{
	struct xc_msr msrs[MSRS];
	int max = xc_vcpu_get_msrs(e->xch, e->pv, 0, NULL, 0), n;

	if (max < 0)
		return -1;
	n = xc_vcpu_get_msrs(e->xch, e->pv, 0, msrs, MSRS);
	if (n < 0)
		return -1;
	return max >= 1 && n <= max ? 0 : xr_wrong("%d MSRs, then %d", max, n);
}

/* Those that some processors let a guest have; 0 changes nothing. */
static int
set_msrs(struct xr_env *e)
{
	static const uint32_t candidates[] = { 0x48, 0x140, 0xc0000103,
		0xc0011027, 0xda0 };
	struct xc_msr msr = { 0xdead, 0, 1 };
	uint32_t bad = 77;

	if (xc_vcpu_set_msrs(e->xch, e->pv, 0, &msr, 1, &bad) == 0)
		return xr_wrong("an MSR that there is not");
	/* The latter from 4.20 on. */
	if (xr_refused(EINVAL) < 0 && xr_refused(ENXIO) < 0)
		return -1;
	/* 1: it was not looked at. */
	if (bad != 0)
		return bad == 1 ? -1 : xr_wrong("place %u", bad);
	msr.value = 0;
	for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]);
	     i++) {
		msr.index = candidates[i];
		if (xc_vcpu_set_msrs(e->xch, e->pv, 0, &msr, 1, NULL) == 0)
			return 0;
		if (xr_refused(EINVAL) < 0 && xr_refused(ENXIO) < 0)
			return -1;
	}
	return -1;
}

static int
xsave(struct xr_env *e)
{
	static uint8_t buf[65536];
	uint64_t mask = 0;
	int64_t size = xc_vcpu_get_xsave(e->xch, e->pv, 0, NULL, 0, &mask);

	if (size < 0)
		return -1;
	/* Without XSAVE in the processor there are the two masks alone. */
	if (size > (int64_t)sizeof(buf) || (mask == 0 ? size != 16
						      : size < 16 + 512))
		return xr_wrong("%lld bytes, features %#llx", (long long)size,
		    (unsigned long long)mask);
	if (xc_vcpu_get_xsave(e->xch, e->pv, 0, buf, (uint32_t)size, NULL) < 0)
		return -1;
	return xc_vcpu_set_xsave(e->xch, e->pv, 0, buf, (uint32_t)size, mask);
}

static int
extcontext(struct xr_env *e)
{
	struct xc_extcontext set, got;

	if (xc_vcpu_get_extcontext(e->xch, e->pv, 0, &set) < 0)
		return -1;
	set.syscall32_eip = 0xffffffff81001000;
	set.syscall32_cs = 0xe033;
	set.syscall32_disables_events = true;
	if (xc_vcpu_set_extcontext(e->xch, e->pv, 0, &set) < 0 ||
	    xc_vcpu_get_extcontext(e->xch, e->pv, 0, &got) < 0)
		return -1;
	return got.syscall32_eip == set.syscall32_eip &&
	    got.syscall32_cs == 0xe033 && got.syscall32_disables_events &&
	    !got.sysenter_disables_events && got.mcg_cap == set.mcg_cap
	    ? 0 : xr_wrong("eip %#llx, cs %#x",
		      (unsigned long long)got.syscall32_eip, got.syscall32_cs);
}

static int
tsc_info(struct xr_env *e)
{
	struct xc_tsc_info info;

	if (xc_domain_set_tsc_info(e->xch, e->pv, 1, 1000000, 3, 0) < 0 ||
	    xc_domain_get_tsc_info(e->xch, e->pv, &info) < 0)
		return -1;
	return info.mode == 1 && info.gtsc_khz == 1000000
	    ? 0 : xr_wrong("mode %u, %u kHz", info.mode, info.gtsc_khz);
}

static int
address_size(struct xr_env *e)
{
	uint32_t bits;

	if (xc_domain_get_address_size(e->xch, e->pv, &bits) < 0)
		return -1;
	return bits == 64 ? 0 : xr_wrong("%u bits", bits);
}

static int
single_step(struct xr_env *e)
{
	return xc_domain_debug_control(e->xch, e->hvm, 0, true);
}

static int
gdbsx_pause(struct xr_env *e)
{
	if (xc_gdbsx_pause_vcpu(e->xch, e->pv, 1) < 0)
		return -1;
	return xc_gdbsx_unpause_vcpu(e->xch, e->pv, 1);
}

static int
gdbsx_status(struct xr_env *e)
{
	struct xc_gdbsx_status s;

	if (xc_gdbsx_domain_status(e->xch, e->pv, &s) < 0)
		return -1;
	return s.paused ? 0 : xr_wrong("a paused domain is not");
}

/* vCPUs of HVM begin without paging: addresses are physical. */
static int
gdbsx_memory(struct xr_env *e)
{
	char text[16] = "written by gdb", got[16] = "";
	const uint64_t at = 60 * XC_PAGE_SIZE + 100;
	int64_t left = xc_gdbsx_guest_memory(e->xch, e->hvm, at, text,
	    sizeof(text), true, 0);

	if (left < 0)
		return -1;
	if (left != 0)
		return xr_wrong("%lld bytes left", (long long)left);
	left = xc_gdbsx_guest_memory(e->xch, e->hvm, at, got, sizeof(got),
	    false, 0);
	if (left < 0)
		return -1;
	return left == 0 && memcmp(text, got, sizeof(text)) == 0
	    ? 0 : xr_wrong("%lld bytes left", (long long)left);
}

static int
vmtrace_enable(struct xr_env *e)
{
	return xc_vmtrace_enable(e->xch, e->hvm, 0);
}

static int
vmtrace_disable(struct xr_env *e)
{
	return xc_vmtrace_disable(e->xch, e->hvm, 0);
}

static int
vmtrace_reset(struct xr_env *e)
{
	return xc_vmtrace_reset_and_enable(e->xch, e->hvm, 0);
}

static int
vmtrace_position(struct xr_env *e)
{
	uint64_t position;

	return xc_vmtrace_output_position(e->xch, e->hvm, 0, &position);
}

static int
vmtrace_get(struct xr_env *e)
{
	uint64_t value;

	return xc_vmtrace_get_option(e->xch, e->hvm, 0, 0x570, &value);
}

static int
vmtrace_set(struct xr_env *e)
{
	return xc_vmtrace_set_option(e->xch, e->hvm, 0, 0x570, 0);
}

#define VMTRACE(name, call)                                                    \
	{ name, call, 15, no_vmtrace, EINVAL, XR_HVM, 0, 0 }

#define GDBSX(name, call, flags)                                               \
	{ name, call, 0, no_gdbsx, ENOTSUP, flags, 0, 0 }

const struct xr_row xr_rows_cpu[] = {
	{ .function = "xc_cpu_policy_get_size", policy_size },
	{ .function = "xc_get_system_cpu_policy", system_policy },
	{ .function = "xc_get_domain_cpu_policy", domain_policy },
	{ .function = "xc_set_domain_cpu_policy", set_policy },
	{ .function = "xc_get_cpu_featureset", featureset },
	{ .function = "xc_get_cpu_featureset", max_featureset, .since = 17 },
	{ .function = "xc_get_cpu_levelling_caps", levelling },
	{ .function = "xc_vcpu_get_msrs", get_msrs },
	{ .function = "xc_vcpu_set_msrs", set_msrs },
	{ .function = "xc_vcpu_get_xsave", xsave },
	{ .function = "xc_vcpu_set_xsave", xsave },
	{ .function = "xc_vcpu_get_extcontext", extcontext },
	{ .function = "xc_vcpu_set_extcontext", extcontext },
	{ .function = "xc_domain_get_tsc_info", tsc_info },
	{ .function = "xc_domain_get_address_size", address_size },
	{ .function = "xc_domain_debug_control", single_step,
	    .cannot = no_single_step, .cannot_errno = ENOTSUP,
	    .flags = XR_HVM },
	GDBSX("xc_gdbsx_pause_vcpu", gdbsx_pause, 0),
	GDBSX("xc_gdbsx_unpause_vcpu", gdbsx_pause, 0),
	GDBSX("xc_gdbsx_domain_status", gdbsx_status, 0),
	GDBSX("xc_gdbsx_guest_memory", gdbsx_memory, XR_HVM),
	VMTRACE("xc_vmtrace_enable", vmtrace_enable),
	VMTRACE("xc_vmtrace_disable", vmtrace_disable),
	VMTRACE("xc_vmtrace_reset_and_enable", vmtrace_reset),
	VMTRACE("xc_vmtrace_output_position", vmtrace_position),
	VMTRACE("xc_vmtrace_get_option", vmtrace_get),
	VMTRACE("xc_vmtrace_set_option", vmtrace_set),
	{ 0 },
};

/* --- bad arguments ------------------------------------------------------- */

static int
no_leaves(struct xr_env *e)
{
	struct xc_cpuid_leaf leaf;
	struct xc_msr msr;
	uint32_t none = 0, one = 1;

	return xc_get_system_cpu_policy(e->xch, 0, &leaf, &none, &msr, &one);
}

static int
one_leaf(struct xr_env *e)
{
	struct xc_cpuid_leaf leaf;
	struct xc_msr msr;
	uint32_t leaves = 1, msrs = 1;

	return xc_get_system_cpu_policy(e->xch, 1, &leaf, &leaves, &msr, &msrs);
}

static int
no_such_policy(struct xr_env *e)
{
	struct xc_cpuid_leaf leaves[LEAVES];
	struct xc_msr msrs[MSRS];
	uint32_t nr_leaves = LEAVES, nr_msrs = MSRS;

	return xc_get_system_cpu_policy(e->xch, 77, leaves, &nr_leaves, msrs,
	    &nr_msrs);
}

static int
empty_policy(struct xr_env *e)
{
	return xc_set_domain_cpu_policy(e->xch, e->pv, NULL, 0, NULL, 0, NULL);
}

static int
huge_policy(struct xr_env *e)
{
	const struct xc_cpuid_leaf leaf = { 0 };

	return xc_set_domain_cpu_policy(e->xch, e->pv, &leaf,
	    XC_POLICY_MAX_LEAVES + 1, NULL, 0, NULL);
}

static int
features_nowhere(struct xr_env *e)
{
	return xc_get_cpu_featureset(e->xch, 0, NULL, 8);
}

static int
no_msrs(struct xr_env *e)
{
	const struct xc_msr msr = { 0 };

	return xc_vcpu_set_msrs(e->xch, e->pv, 0, &msr, 0, NULL);
}

static int
msrs_of_no_vcpu(struct xr_env *e)
{
	return xc_vcpu_get_msrs(e->xch, e->pv, 99, NULL, 0);
}

static int
huge_xsave(struct xr_env *e)
{
	char byte = 0;

	return xc_vcpu_set_xsave(e->xch, e->pv, 0, &byte, XC_XSTATE_MAX + 1, 1);
}

static int
no_guest_memory(struct xr_env *e)
{
	char byte;

	return (int)xc_gdbsx_guest_memory(e->xch, e->pv, 0, &byte, 0, false, 0);
}

static int
guest_memory_nowhere(struct xr_env *e)
{
	return (int)xc_gdbsx_guest_memory(e->xch, e->pv, 0, NULL, 1, false, 0);
}

const struct xr_bad xr_bad_cpu[] = {
	{ "a policy of no leaves", no_leaves, EINVAL, 0, 0 },
	{ "a policy that does not fit", one_leaf, ENOBUFS, XB_ASKS, 0 },
	{ "no such policy", no_such_policy, EINVAL, XB_ASKS, 0 },
	{ "setting an empty policy", empty_policy, EINVAL, 0, 0 },
	{ "setting a huge policy", huge_policy, EINVAL, 0, 0 },
	{ "no place for features", features_nowhere, EINVAL, 0, 0 },
	{ "setting no MSRs", no_msrs, EINVAL, 0, 0 },
	{ "MSRs of no vCPU", msrs_of_no_vcpu, ESRCH, XB_ASKS, 0 },
	{ "a huge extended state", huge_xsave, EINVAL, 0, 0 },
	{ "no bytes of guest memory", no_guest_memory, EINVAL, 0, 0 },
	{ "no place for guest memory", guest_memory_nowhere, EINVAL, 0, 0 },
	{ 0 },
};
