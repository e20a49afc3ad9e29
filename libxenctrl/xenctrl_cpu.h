/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxenctrl: what a processor shows to domains (CPU policies, feature sets),
 * what a vCPU holds beside its registers (MSRs, extended state), and the ways to
 * watch one (single steps, gdbsx, processor traces).
 *
 * Included by xenctrl.h, whose head tells the errors every call may give.
 */
#ifndef XENCTRL_CPU_H
#define XENCTRL_CPU_H

#include "xenctrl.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- CPU policies -------------------------------------------------------- */

#define XC_NO_SUBLEAF 0xffffffffu
struct xc_cpuid_leaf {
	/* subleaf: XC_NO_SUBLEAF where the leaf has none. */
	uint32_t leaf, subleaf;
	uint32_t a, b, c, d;
};
struct xc_msr {
	uint32_t index;
	/* Zero. */
	uint32_t reserved;
	uint64_t value;
};

/* No policy has more. */
#define XC_POLICY_MAX_LEAVES 4096u
#define XC_POLICY_MAX_MSRS   4096u

/* How many leaves and MSRs a policy of this hypervisor has at most. */
int xc_cpu_policy_get_size(xc_interface *xch, uint32_t *leaves, uint32_t *msrs);

#define XC_CPU_POLICY_RAW	  0u
#define XC_CPU_POLICY_HOST	  1u
#define XC_CPU_POLICY_PV_MAX	  2u
#define XC_CPU_POLICY_HVM_MAX	  3u
#define XC_CPU_POLICY_PV_DEFAULT  4u
#define XC_CPU_POLICY_HVM_DEFAULT 5u
/*
 * One of the host's policies. *nr_leaves and *nr_msrs are the arrays' room
 * (1..XC_POLICY_MAX_LEAVES, 1..XC_POLICY_MAX_MSRS) and become what was written.
 * ENOBUFS: a place is too small. ENOTSUP: Xen has no support for that kind of
 * domain.
 */
int xc_get_system_cpu_policy(xc_interface *xch, uint32_t index,
    struct xc_cpuid_leaf *leaves, uint32_t *nr_leaves, struct xc_msr *msrs,
    uint32_t *nr_msrs);
/* A domain's; likewise. */
int xc_get_domain_cpu_policy(xc_interface *xch, uint32_t domid,
    struct xc_cpuid_leaf *leaves, uint32_t *nr_leaves, struct xc_msr *msrs,
    uint32_t *nr_msrs);
/* What Xen objected to; ~0 where nothing. */
struct xc_policy_error {
	uint32_t leaf, subleaf, msr;
};
/*
 * Leaves and MSRs that are not given stay; either count may be 0, not both.
 * EEXIST: the domain has run. EINVAL or EPERM: *err (may be NULL) tells what is
 * more than the host's maximum.
 */
int xc_set_domain_cpu_policy(xc_interface *xch, uint32_t domid,
    const struct xc_cpuid_leaf *leaves, uint32_t nr_leaves,
    const struct xc_msr *msrs, uint32_t nr_msrs, struct xc_policy_error *err);

#define XC_FEATURESET_RAW     0u
#define XC_FEATURESET_HOST    1u
#define XC_FEATURESET_PV      2u
#define XC_FEATURESET_HVM     3u
#define XC_FEATURESET_PV_MAX  4u
#define XC_FEATURESET_HVM_MAX 5u
/*
 * Bits in words of 32 as <xen/arch-x86/cpufeatureset.h> counts them. Returns how
 * many were written to features, which has room for max (1..1024); NULL and 0
 * ask how many there are. ENOBUFS: more than max. The PV_MAX and HVM_MAX sets
 * since Xen 4.17.
 */
int xc_get_cpu_featureset(xc_interface *xch, uint32_t index, uint32_t *features,
    uint32_t max);
/* What the processor can change of CPUID for PV domains: faulting, then the
 * masks of leaves as <xen/sysctl.h> numbers them (XEN_SYSCTL_CPU_LEVELCAP_*).
 * ENOTSUP from 4.22 on, which has no such question. */
int xc_get_cpu_levelling_caps(xc_interface *xch, uint32_t *caps);

/* --- vCPU state ---------------------------------------------------------- */

/* MSRs that migration carries. Returns how many were written to out, at most max
 * (1..4096); NULL and 0 ask how many there may be. ENOBUFS: more than max. */
int xc_vcpu_get_msrs(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    struct xc_msr *out, uint32_t max);
/* n 1..4096. EINVAL or ENXIO: *bad (may be NULL) is the place of the one that Xen
 * does not take. */
int xc_vcpu_set_msrs(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    const struct xc_msr *msrs, uint32_t n, uint32_t *bad);

#define XC_XSTATE_MAX (1u << 20)
/*
 * xcr0, the accumulated xcr0, then the XSAVE area. Returns its bytes (16 where
 * the processor has no XSAVE); NULL and 0 only ask. mask (may be NULL)
 * receives the host's features. EINVAL: size is too small or beyond
 * XC_XSTATE_MAX.
 */
int64_t xc_vcpu_get_xsave(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    void *buf, uint32_t size, uint64_t *mask);
/* size 1..XC_XSTATE_MAX. */
int xc_vcpu_set_xsave(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    const void *buf, uint32_t size, uint64_t mask);

/* The rest of a vCPU: traps of 32-bit callers (PV) and machine checks. */
struct xc_extcontext {
	uint64_t syscall32_eip, sysenter_eip;
	uint16_t syscall32_cs, sysenter_cs;
	bool syscall32_disables_events, sysenter_disables_events;
	uint64_t mcg_cap, mci_ctl2_bank0, mci_ctl2_bank1, mcg_ctl;
};
int xc_vcpu_get_extcontext(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    struct xc_extcontext *out);
int xc_vcpu_set_extcontext(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    const struct xc_extcontext *in);

struct xc_tsc_info {
	/* 0 default, 1 always emulated, 2 native. */
	uint32_t mode;
	uint32_t gtsc_khz, incarnation;
	uint64_t elapsed_nsec;
};
/* What xc_domain_set_tsc_info set and what became of it. */
int xc_domain_get_tsc_info(xc_interface *xch, uint32_t domid,
    struct xc_tsc_info *out);
/* 64 or 32. ENOTSUP: not a PV domain. */
int xc_domain_get_address_size(xc_interface *xch, uint32_t domid,
    uint32_t *bits);

/* --- debugging ----------------------------------------------------------- */

/* HVM: an event per instruction. ENOTSUP without the monitor trap flag (Intel's
 * processors have it). */
int xc_domain_debug_control(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    bool single_step);
/* gdbsx: EBUSY: the domain is not paused. ENOTSUP: Xen built without it. */
int xc_gdbsx_pause_vcpu(xc_interface *xch, uint32_t domid, uint32_t vcpu);
int xc_gdbsx_unpause_vcpu(xc_interface *xch, uint32_t domid, uint32_t vcpu);
struct xc_gdbsx_status {
	bool paused;
	/* Which vCPU reported an event, and which; vcpu is ~0 when none did. */
	uint32_t vcpu, event;
};
int xc_gdbsx_domain_status(xc_interface *xch, uint32_t domid,
    struct xc_gdbsx_status *out);
/*
 * size 1..1 Mi bytes at the guest's virtual address, by vCPU 0's page tables
 * (pgd3 != 0: by that entry instead). Returns how many bytes were NOT copied: 0
 * = all.
 */
int64_t xc_gdbsx_guest_memory(xc_interface *xch, uint32_t domid,
    uint64_t address, void *buf, uint32_t size, bool write, uint64_t pgd3);

/* --- processor traces (Intel PT) ----------------------------------------- */

/*
 * Since Xen 4.15; the domain was created with vmtrace_size and the buffer is
 * XC_RESOURCE_VMTRACE of the vCPU. ENOTSUP: no such processor. EINVAL: no
 * buffer, or already in that state.
 */
int xc_vmtrace_enable(xc_interface *xch, uint32_t domid, uint32_t vcpu);
int xc_vmtrace_disable(xc_interface *xch, uint32_t domid, uint32_t vcpu);
int xc_vmtrace_reset_and_enable(xc_interface *xch, uint32_t domid,
    uint32_t vcpu);
/* Bytes from the buffer's start. */
int xc_vmtrace_output_position(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    uint64_t *position);
/* key: an MSR_RTIT_*. */
int xc_vmtrace_get_option(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    uint64_t key, uint64_t *value);
int xc_vmtrace_set_option(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    uint64_t key, uint64_t value);

#ifdef __cplusplus
}
#endif

#endif
