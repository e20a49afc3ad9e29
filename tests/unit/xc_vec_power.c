/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Vectors: sysctls of processors, their power and their caches, and live
 * patches, as far as the layout is the same from 4.14 to 4.22. */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include <check.h>
#include <xen/sysctl.h>

#include "xc_vec.h"

#if XEN_SYSCTL_INTERFACE_VERSION == 0x15

static void
performance(xc_interface *x)
{
	struct xc_px_stat stat;
	struct xc_px_val val[3];
	uint64_t trans[4];

	ANSWER(HC_SYSCTL, XEN_SYSCTL_get_pmstat, OCTETS(9), SYSCTL_AT + 8);
	VR(9, xc_pm_get_max_px, (x, 1),
	    SYS(get_pmstat, get_pmstat,
		{ .type = PMSTAT_get_max_px, .cpuid = 1 }));
	V(xc_pm_reset_pxstat, (x, 1),
	    SYS(get_pmstat, get_pmstat,
		{ .type = PMSTAT_reset_pxstat, .cpuid = 1 }));
	/* Room for three states: their values, 24 bytes each, then three by
	 * three passages. There are two. */
	ANSWER(HC_SYSCTL, XEN_SYSCTL_get_pmstat, OCTETS(3), SYSCTL_AT + 8,
	    .once = true);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_get_pmstat, OCTETS(2, 2, 1, 0),
	    SYSCTL_AT + 8);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_get_pmstat, QUADS(0, 5, 6, 0),
	    SYSCTL_AT + 16, .there = true);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_get_pmstat,
	    QUADS(3000, 11, 12, 1500, 13, 14), SYSCTL_AT + 24, .there = true);
	V(xc_pm_get_pxstat, (x, 1, &stat, val, trans, 2),
	    SYS(get_pmstat, get_pmstat,
		{ .type = PMSTAT_get_max_px, .cpuid = 1 });
	    SYS(get_pmstat, get_pmstat,
		{ .type = PMSTAT_get_pxstat, .cpuid = 1,
		    .u.getpx = { .total = 3, .trans_pt = P(72),
			.pt = P(0) } });
	    EQ(stat.total, 2); EQ(stat.last, 1); EQ(stat.cur, 0);
	    EQ(val[0].freq_mhz, 3000); EQ(val[0].residency_ns, 11);
	    EQ(val[1].freq_mhz, 1500); EQ(val[1].count, 14);
	    EQ(trans[1], 5); EQ(trans[2], 6));
}

static void
idleness(xc_interface *x)
{
	struct xc_cx_stat cx;
	uint32_t state;

	ANSWER(HC_SYSCTL, XEN_SYSCTL_get_pmstat, WORDS(4), SYSCTL_AT + 8);
	VR(4, xc_pm_get_max_cx, (x, 1),
	    SYS(get_pmstat, get_pmstat,
		{ .type = PMSTAT_get_max_cx, .cpuid = 1 }));
	V(xc_pm_reset_cxstat, (x, 1),
	    SYS(get_pmstat, get_pmstat,
		{ .type = PMSTAT_reset_cxstat, .cpuid = 1 }));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_get_pmstat, WORDS(3, 2, 99),
	    SYSCTL_AT + 8);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_get_pmstat, WORDS(1, 2), SYSCTL_AT + 40);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_get_pmstat, QUADS(1, 2, 3),
	    SYSCTL_AT + 24, .there = true);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_get_pmstat, QUADS(4, 5, 6),
	    SYSCTL_AT + 32, .there = true);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_get_pmstat, QUADS(7), SYSCTL_AT + 48,
	    .there = true);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_get_pmstat, QUADS(8, 9), SYSCTL_AT + 56,
	    .there = true);
	V(xc_pm_get_cxstat, (x, 1, &cx),
	    SYS(get_pmstat, get_pmstat,
		{ .type = PMSTAT_get_cxstat, .cpuid = 1,
		    .u.getcx = { .nr = 32, .triggers = P(0),
			.residencies = P(256), .nr_pc = 32, .nr_cc = 32,
			.pc = P(512), .cc = P(768) } });
	    EQ(cx.nr, 3); EQ(cx.last, 2); EQ(cx.idle_ns, 99);
	    EQ(cx.triggers[2], 3); EQ(cx.residencies_ns[1], 5);
	    EQ(cx.nr_pc, 1); EQ(cx.nr_cc, 2); EQ(cx.pc[0], 7);
	    EQ(cx.pc[1], UINT64_MAX); EQ(cx.cc[1], 9));
	V(xc_set_cpuidle_max_cstate, (x, 2),
	    SYS(pm_op, pm_op,
		{ .cmd = XEN_SYSCTL_pm_op_set_max_cstate,
		    .u.set_max_cstate = 2 }));
	V(xc_set_cpuidle_max_csubstate, (x, 3),
	    SYS(pm_op, pm_op,
		{ .cmd = XEN_SYSCTL_pm_op_set_max_cstate, .cpuid = 1,
		    .u.set_max_cstate = 3 }));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_pm_op, WORDS(5), SYSCTL_AT + 8);
	V(xc_get_cpuidle_max_cstate, (x, &state),
	    SYS(pm_op, pm_op, { .cmd = XEN_SYSCTL_pm_op_get_max_cstate });
	    EQ(state, 5));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_pm_op, WORDS(6), SYSCTL_AT + 8);
	V(xc_get_cpuidle_max_csubstate, (x, &state),
	    SYS(pm_op, pm_op,
		{ .cmd = XEN_SYSCTL_pm_op_get_max_cstate, .cpuid = 1 });
	    EQ(state, 6));
}

static void
frequencies(xc_interface *x)
{
	uint64_t khz;

	V(xc_enable_turbo, (x, 1),
	    SYS(pm_op, pm_op,
		{ .cmd = XEN_SYSCTL_pm_op_enable_turbo, .cpuid = 1 }));
	V(xc_disable_turbo, (x, 1),
	    SYS(pm_op, pm_op,
		{ .cmd = XEN_SYSCTL_pm_op_disable_turbo, .cpuid = 1 }));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_pm_op, WORDS(1), SYSCTL_AT + 8);
	VR(1, xc_set_sched_opt_smt, (x, 7),
	    SYS(pm_op, pm_op,
		{ .cmd = XEN_SYSCTL_pm_op_set_sched_opt_smt,
		    .u.set_sched_opt_smt = 7 }));
	V(xc_set_cpufreq_gov, (x, 1, "ondemand"),
	    SYS(pm_op, pm_op,
		{ .cmd = SET_CPUFREQ_GOV, .cpuid = 1,
		    .u.set_gov.scaling_governor = "ondemand" }));
	V(xc_set_cpufreq_para, (x, 1, XC_CPUFREQ_UP_THRESHOLD, 80),
	    SYS(pm_op, pm_op,
		{ .cmd = SET_CPUFREQ_PARA, .cpuid = 1,
		    .u.set_para = { UP_THRESHOLD, 80 } }));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_pm_op, QUADS(0x100000001), SYSCTL_AT + 8);
	V(xc_get_cpufreq_avgfreq, (x, 1, &khz),
	    SYS(pm_op, pm_op, { .cmd = GET_CPUFREQ_AVGFREQ, .cpuid = 1 });
	    EQ(khz, 0x100000001));
}

static void
caches(xc_interface *x)
{
	struct xc_psr_hw_info hw;
	uint32_t v;

#define FACT(fn, args, name, ...)                                              \
	ANSWER(HC_SYSCTL, XEN_SYSCTL_psr_cmt_op, WORDS(77), SYSCTL_AT + 8);    \
	V(fn, args,                                                            \
	    SYS(psr_cmt_op, psr_cmt_op,                                        \
		{ .cmd = XEN_SYSCTL_PSR_CMT_##name, __VA_ARGS__ });            \
	    EQ(v, 77))
	ANSWER(HC_SYSCTL, XEN_SYSCTL_psr_cmt_op, WORDS(1), SYSCTL_AT + 8);
	VR(true, xc_psr_cmt_enabled, (x),
	    SYS(psr_cmt_op, psr_cmt_op, { .cmd = XEN_SYSCTL_PSR_CMT_enabled }));
	FACT(xc_psr_cmt_get_total_rmid, (x, &v), get_total_rmid, .flags = 0);
	FACT(xc_psr_cmt_get_l3_upscaling_factor, (x, &v),
	    get_l3_upscaling_factor, .flags = 0);
	FACT(xc_psr_cmt_get_l3_event_mask, (x, &v), get_l3_event_mask,
	    .flags = 0);
	FACT(xc_psr_cmt_get_l3_cache_size, (x, 3, &v), get_l3_cache_size,
	    .u.l3_cache.cpu = 3);
#undef FACT
	ANSWER(HC_SYSCTL, XEN_SYSCTL_psr_alloc, WORDS(20, 15, 1),
	    SYSCTL_AT + 8);
	V(xc_psr_get_hw_info, (x, 1, XC_PSR_L3_CBM, &hw),
	    SYS(psr_alloc, psr_alloc,
		{ .cmd = XEN_SYSCTL_PSR_get_l3_info, .target = 1 });
	    EQ(hw.max, 20); EQ(hw.cos_max, 15); EQ(hw.flag, true));
	V(xc_psr_get_hw_info, (x, 1, XC_PSR_L2_CBM, &hw),
	    SYS(psr_alloc, psr_alloc,
		{ .cmd = XEN_SYSCTL_PSR_get_l2_info, .target = 1 });
	    EQ(hw.flag, false));
	V(xc_psr_get_hw_info, (x, 1, XC_PSR_MBA_THROTTLE, &hw),
	    SYS(psr_alloc, psr_alloc,
		{ .cmd = XEN_SYSCTL_PSR_get_mba_info, .target = 1 }));
}

static void
policies(xc_interface *x)
{
	struct xc_cpuid_leaf leaves[4];
	struct xc_msr msrs[2];
	uint32_t nl, nm, caps, words[4];

	ANSWER(HC_SYSCTL, XEN_SYSCTL_get_cpu_policy, WORDS(34, 5),
	    SYSCTL_AT + 4);
	V(xc_cpu_policy_get_size, (x, &nl, &nm), SYS_NONE(get_cpu_policy);
	  EQ(nl, 34); EQ(nm, 5));
	/* Room for four and two; there are three and one. */
	nl = 4, nm = 2;
	ANSWER(HC_SYSCTL, XEN_SYSCTL_get_cpu_policy, WORDS(3, 1),
	    SYSCTL_AT + 4);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_get_cpu_policy,
	    WORDS(13, 1, 11, 12, 13, 14), SYSCTL_AT + 16, .there = true);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_get_cpu_policy, QUADS(0xce, 0x80),
	    SYSCTL_AT + 24, .there = true);
	V(xc_get_system_cpu_policy,
	    (x, XC_CPU_POLICY_HVM_MAX, leaves, &nl, msrs, &nm),
	    SYS(get_cpu_policy, cpu_policy,
		{ .index = XEN_SYSCTL_cpu_policy_hvm_max, .nr_leaves = 4,
		    .nr_msrs = 2, .leaves = P(32), .msrs = P(0) });
	    EQ(nl, 3); EQ(nm, 1); EQ(leaves[0].leaf, 13);
	    EQ(leaves[0].subleaf, 1); EQ(leaves[0].c, 13);
	    EQ(msrs[0].index, 0xce); EQ(msrs[0].value, 0x80));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_get_cpu_featureset, WORDS(2),
	    SYSCTL_AT + 4);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_get_cpu_featureset, WORDS(7, 8),
	    SYSCTL_AT + 8, .there = true);
	VR(2, xc_get_cpu_featureset, (x, XC_FEATURESET_HVM, words, 4),
	    SYS(get_cpu_featureset, cpu_featureset,
		{ .index = XEN_SYSCTL_cpu_featureset_hvm, .nr_features = 4,
		    .features = P(0) });
	    EQ(words[0], 7); EQ(words[1], 8));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_get_cpu_featureset, WORDS(0),
	    SYSCTL_AT + 4);
	VS(17, xc_get_cpu_featureset, (x, XC_FEATURESET_HVM_MAX, words, 4),
	    SYS(get_cpu_featureset, cpu_featureset,
		{ .index = XEN_SYSCTL_cpu_featureset_hvm_max,
		    .nr_features = 4, .features = P(0) }));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_get_cpu_levelling_caps, WORDS(0x1ff),
	    SYSCTL_AT);
	V(xc_get_cpu_levelling_caps, (x, &caps),
	    SYS_NONE(get_cpu_levelling_caps); EQ(caps, 0x1ff));
}

/* --- live patches --------------------------------------------------------- */

/* The name is at the beginning of the buffer, NUL included. */
#define NAMED .name = { .name = P(0), .size = 6 }

#define ACTION(fn, what)                                                       \
	V(fn, (x, "patch", 1000000, 1),                                        \
	    SYS(livepatch_op, livepatch,                                       \
		{ .cmd = XEN_SYSCTL_LIVEPATCH_ACTION,                          \
		    .u.action = { NAMED, .cmd = LIVEPATCH_ACTION_##what,       \
			.timeout = 1000000,                                    \
			.flags = LIVEPATCH_ACTION_APPLY_NODEPS } });           \
	    BEHIND(0, "patch", 6))

static void
patches(xc_interface *x)
{
	struct xc_livepatch_status s;
	struct xc_livepatch list[2];
	uint32_t left;

	V(xc_livepatch_upload, (x, "patch", "ELF", 3, 0),
	    SYS(livepatch_op, livepatch,
		{ .cmd = XEN_SYSCTL_LIVEPATCH_UPLOAD,
		    .u.upload = { NAMED, .size = 3, .payload = P(128) } });
	    BEHIND(0, "patch", 6); BEHIND(1, "ELF", 3));
	ANSWER(HC_SYSCTL, XEN_SYSCTL_livepatch_op,
	    WORDS(LIVEPATCH_STATE_APPLIED, (uint32_t)-EAGAIN), SYSCTL_AT + 24);
	V(xc_livepatch_get, (x, "patch", &s),
	    SYS(livepatch_op, livepatch,
		{ .cmd = XEN_SYSCTL_LIVEPATCH_GET, .u.get = { NAMED } });
	    BEHIND(0, "patch", 6); EQ(s.state, XC_LIVEPATCH_APPLIED);
	    EQ(s.error, EAGAIN));
	ACTION(xc_livepatch_apply, APPLY);
	ACTION(xc_livepatch_revert, REVERT);
	ACTION(xc_livepatch_replace, REPLACE);
	ACTION(xc_livepatch_unload, UNLOAD);
	/* Three, of which the second and third: status 8 bytes each, names 128,
	 * lengths 4, lengths of the metadata, the metadata. */
	ANSWER(HC_SYSCTL, XEN_SYSCTL_livepatch_op, WORDS(3, 0, 12, 40),
	    SYSCTL_AT + 16, .once = true);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_livepatch_op,
	    WORDS(LIVEPATCH_STATE_CHECKED, 0, LIVEPATCH_STATE_APPLIED, 0),
	    SYSCTL_AT + 32, .there = true);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_livepatch_op, TEXT("two\0three"),
	    SYSCTL_AT + 40, .there = true);
	ANSWER(HC_SYSCTL, XEN_SYSCTL_livepatch_op, WORDS(4, 6),
	    SYSCTL_AT + 48, .there = true, .result = 2);
	VR(2, xc_livepatch_list, (x, 1, list, 2, &left),
	    SYS(livepatch_op, livepatch, { .cmd = XEN_SYSCTL_LIVEPATCH_LIST });
	    SYS(livepatch_op, livepatch,
		{ .cmd = XEN_SYSCTL_LIVEPATCH_LIST,
		    .u.list = { .idx = 1, .nr = 2, .status = P(0),
			.name = P(16), .len = P(272), .metadata = P(288),
			.metadata_len = P(280) } });
	    EQ(left, 0); SAME(list[0].name, "two", 4);
	    SAME(list[1].name, "three", 6);
	    EQ(list[0].status.state, XC_LIVEPATCH_CHECKED);
	    EQ(list[1].status.state, XC_LIVEPATCH_APPLIED));
}
#endif

const struct vec_group vec_power_groups[] = {
#if XEN_SYSCTL_INTERFACE_VERSION == 0x15
	{ "performance", performance },
	{ "idleness", idleness },
	{ "frequencies", frequencies },
	{ "caches", caches },
	{ "CPU policies", policies },
	{ "patches", patches },
#endif
	{ NULL, NULL },
};
