/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The processors a guest sees: Xen's default for guests of its kind (what every
 * host of the same make and age gives, without what depends on this very host),
 * and on top, in this order:
 *   topology   PVH and HVM: each vCPU a core of one package, whatever the host has
 *   pae, nx    switches of the platform map, HVM
 *   cpuid      the user's words (common/xu_cpuid.h), platform map, every kind
 * What is asked for by 0 or 1 and not granted is an error, not a surprise for
 * the guest.
 */
#ifndef XLD_VM_CPUID_H
#define XLD_VM_CPUID_H

#include "xld.h"
#include "xu_cpuid.h"

/* Is the platform map's text one? */
int cpuid_check(const struct xu_val *platform, struct xu_err *e);
/* Of a domain that has its vCPUs and never ran. */
int cpuid_set(struct core *c, const struct xu_val *config, uint32_t domid,
    struct xu_err *e);

/* What a guest has been given: the maker, and features by name; NULL: Xen does not
 * say. */
struct xu_val *cpuid_features(struct core *c, uint32_t domid);
/* Can a guest of that kind have all of it here? */
int cpuid_can(struct core *c, bool pv, const struct xu_val *features,
    struct xu_err *e);

/* The pieces, for tests. */
struct cpuid_leaves {
	struct xc_cpuid_leaf *leaf;
	uint32_t n;
};
void cpuid_topology(struct cpuid_leaves *l, unsigned vcpus);
/* host: may have no leaves where no rule asks for it. */
int cpuid_apply(struct cpuid_leaves *l, const struct cpuid_leaves *host,
    const struct xu_cpuid *rules, struct xu_err *e);
/* The first bit that is not as a rule wants it: false, and which and what. */
bool cpuid_granted(const struct cpuid_leaves *l, const struct xu_cpuid *rules,
    const struct xu_cpuid_rule **rule, unsigned *bit);

#endif
