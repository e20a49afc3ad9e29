/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CPU policies: CPUID leaves and MSRs as lists, of the host and of domains, and
 * feature sets. Our structures are the hypervisor's (arch-x86/xen.h: stable).
 */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "xc_private.h"

_Static_assert(sizeof(struct xc_cpuid_leaf) == 24, "xen_cpuid_leaf");
_Static_assert(sizeof(struct xc_msr) == 16, "xen_msr_entry");

#define MAX_FEATURE_WORDS 1024u

/* Both lists in one buffer, the MSRs (aligned more strictly) first. */
struct lists {
	uint8_t *buf;
	size_t leaves_at, size;
};

static int
take_lists(xc_interface *xch, struct lists *l, uint32_t leaves, uint32_t msrs)
{
	l->leaves_at = msrs * sizeof(struct xc_msr);
	l->size = l->leaves_at + leaves * sizeof(struct xc_cpuid_leaf);
	l->buf = xc_buf_get(xch, l->size);
	if (l->buf == NULL)
		return xc_fail(xch, errno, "a CPU policy");
	return 0;
}

static int
check_lists(xc_interface *xch, const void *leaves, const uint32_t *nr_leaves,
    const void *msrs, const uint32_t *nr_msrs)
{
	if (xc_check_ptr(xch, leaves, "the leaves") < 0 ||
	    xc_check_ptr(xch, nr_leaves, "the number of leaves") < 0 ||
	    xc_check_ptr(xch, msrs, "the MSRs") < 0 ||
	    xc_check_ptr(xch, nr_msrs, "the number of MSRs") < 0 ||
	    xc_check_range(xch, *nr_leaves, 1, XC_POLICY_MAX_LEAVES,
		"CPUID leaves") < 0 ||
	    xc_check_range(xch, *nr_msrs, 1, XC_POLICY_MAX_MSRS, "MSRs") < 0)
		return -1;
	return 0;
}

static void
give_lists(const struct lists *l, struct xc_cpuid_leaf *leaves,
    uint32_t *nr_leaves, uint32_t got_leaves, struct xc_msr *msrs,
    uint32_t *nr_msrs, uint32_t got_msrs)
{
	if (got_leaves < *nr_leaves)
		*nr_leaves = got_leaves;
	if (got_msrs < *nr_msrs)
		*nr_msrs = got_msrs;
	memcpy(leaves, l->buf + l->leaves_at, *nr_leaves * sizeof(*leaves));
	memcpy(msrs, l->buf, *nr_msrs * sizeof(*msrs));
}

/* sysctl cpu_policy: {u32 index, nr_leaves, nr_msrs, 0, leaves, msrs}. */
XC_API int
xc_cpu_policy_get_size(xc_interface *xch, uint32_t *leaves, uint32_t *msrs)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_get_cpu_policy };

	if (xc_check_ptr(xch, leaves, "the number of leaves") < 0 ||
	    xc_check_ptr(xch, msrs, "the number of MSRs") < 0 ||
	    xc_do_sysctl(xch, &ctl, "ask for the size of CPU policies") < 0)
		return -1;
	*leaves = ctl.u.u32[1];
	*msrs = ctl.u.u32[2];
	return 0;
}

XC_API int
xc_get_system_cpu_policy(xc_interface *xch, uint32_t index,
    struct xc_cpuid_leaf *leaves, uint32_t *nr_leaves, struct xc_msr *msrs,
    uint32_t *nr_msrs)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_get_cpu_policy };
	struct lists l;
	int r;

	if (check_lists(xch, leaves, nr_leaves, msrs, nr_msrs) < 0 ||
	    take_lists(xch, &l, *nr_leaves, *nr_msrs) < 0)
		return -1;
	ctl.u.u32[0] = index;
	ctl.u.u32[1] = *nr_leaves;
	ctl.u.u32[2] = *nr_msrs;
	ctl.u.u64[2] = (uintptr_t)l.buf + l.leaves_at;
	ctl.u.u64[3] = (uintptr_t)l.buf;
	r = xc_do_sysctl(xch, &ctl, "ask for a CPU policy of the host");
	if (r >= 0)
		give_lists(&l, leaves, nr_leaves, ctl.u.u32[1], msrs, nr_msrs,
		    ctl.u.u32[2]);
	xc_buf_put(xch, l.buf, l.size);
	return r < 0 ? -1 : 0;
}

/* domctl cpu_policy: {u32 nr_leaves, nr_msrs, leaves, msrs, u32 err_leaf,
 * err_subleaf, err_msr}. */
static int
domain_policy(xc_interface *xch, struct xc_domctl *ctl, const struct lists *l,
    uint32_t nr_leaves, uint32_t nr_msrs, const char *what)
{
	ctl->u.u32[0] = nr_leaves;
	ctl->u.u32[1] = nr_msrs;
	ctl->u.u64[1] = (uintptr_t)l->buf + l->leaves_at;
	ctl->u.u64[2] = (uintptr_t)l->buf;
	return xc_do_domctl(xch, ctl, what) < 0 ? -1 : 0;
}

XC_API int
xc_get_domain_cpu_policy(xc_interface *xch, uint32_t domid,
    struct xc_cpuid_leaf *leaves, uint32_t *nr_leaves, struct xc_msr *msrs,
    uint32_t *nr_msrs)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_get_cpu_policy,
		.domain = domid };
	struct lists l;
	int r;

	if (check_lists(xch, leaves, nr_leaves, msrs, nr_msrs) < 0 ||
	    take_lists(xch, &l, *nr_leaves, *nr_msrs) < 0)
		return -1;
	r = domain_policy(xch, &ctl, &l, *nr_leaves, *nr_msrs,
	    "ask for its CPU policy");
	if (r == 0)
		give_lists(&l, leaves, nr_leaves, ctl.u.u32[0], msrs, nr_msrs,
		    ctl.u.u32[1]);
	xc_buf_put(xch, l.buf, l.size);
	return r;
}

static int
check_new_policy(xc_interface *xch, const void *leaves, uint32_t nr_leaves,
    const void *msrs, uint32_t nr_msrs)
{
	if ((nr_leaves > 0 && xc_check_ptr(xch, leaves, "the leaves") < 0) ||
	    (nr_msrs > 0 && xc_check_ptr(xch, msrs, "the MSRs") < 0) ||
	    xc_check_range(xch, nr_leaves, 0, XC_POLICY_MAX_LEAVES,
		"CPUID leaves") < 0 ||
	    xc_check_range(xch, nr_msrs, 0, XC_POLICY_MAX_MSRS, "MSRs") < 0)
		return -1;
	return xc_check_range(xch, (uint64_t)nr_leaves + nr_msrs, 1,
	    XC_POLICY_MAX_LEAVES + XC_POLICY_MAX_MSRS, "entries of a policy");
}

XC_API int
xc_set_domain_cpu_policy(xc_interface *xch, uint32_t domid,
    const struct xc_cpuid_leaf *leaves, uint32_t nr_leaves,
    const struct xc_msr *msrs, uint32_t nr_msrs, struct xc_policy_error *err)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_set_cpu_policy,
		.domain = domid };
	struct lists l;
	int r;

	if (xc_check_abi(xch, "set a CPU policy") < 0 ||
	    check_new_policy(xch, leaves, nr_leaves, msrs, nr_msrs) < 0 ||
	    take_lists(xch, &l, nr_leaves, nr_msrs) < 0)
		return -1;
	if (nr_leaves > 0)
		memcpy(l.buf + l.leaves_at, leaves,
		    nr_leaves * sizeof(*leaves));
	if (nr_msrs > 0)
		memcpy(l.buf, msrs, nr_msrs * sizeof(*msrs));
	/* Xen writes them in some of the failures only. */
	memset(&ctl.u.u32[6], 0xff, 3 * sizeof(uint32_t));
	r = domain_policy(xch, &ctl, &l, nr_leaves, nr_msrs,
	    "set its CPU policy");
	if (err != NULL) {
		err->leaf = ctl.u.u32[6];
		err->subleaf = ctl.u.u32[7];
		err->msr = ctl.u.u32[8];
	}
	xc_buf_put(xch, l.buf, l.size);
	return r;
}

/* cpu_featureset: {u32 index, nr, words}. */
XC_API int
xc_get_cpu_featureset(xc_interface *xch, uint32_t index, uint32_t *features,
    uint32_t max)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_get_cpu_featureset };
	size_t size = max * sizeof(*features);
	uint32_t *buf = NULL, n;
	int r;

	if (xc_check_range(xch, max, 0, MAX_FEATURE_WORDS,
		"words of features") < 0 ||
	    (max > 0 && xc_check_ptr(xch, features, "the features") < 0))
		return -1;
	if (index >= XC_FEATURESET_PV_MAX &&
	    xc_need_release(xch, 17, "maximum feature sets") < 0)
		return -1;
	if (max > 0 && (buf = xc_buf_get(xch, size)) == NULL)
		return xc_fail(xch, errno, "ask for a feature set");
	ctl.u.u32[0] = index;
	ctl.u.u32[1] = max;
	ctl.u.u64[1] = (uintptr_t)buf;
	r = xc_do_sysctl(xch, &ctl, "ask for a feature set");
	n = ctl.u.u32[1] < max ? ctl.u.u32[1] : max;
	if (r >= 0 && n > 0)
		memcpy(features, buf, n * sizeof(*features));
	xc_buf_put(xch, buf, size);
	return r < 0 ? -1 : (int)ctl.u.u32[1];
}

XC_API int
xc_get_cpu_levelling_caps(xc_interface *xch, uint32_t *caps)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_get_cpu_levelling_caps };

	if (xc_check_ptr(xch, caps, "the capabilities") < 0 ||
	    xc_do_sysctl(xch, &ctl, "ask what CPUID levelling there is") < 0)
		return -1;
	*caps = ctl.u.u32[0];
	return 0;
}
