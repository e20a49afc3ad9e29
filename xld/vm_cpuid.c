/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vm_cpuid.h. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "domstate.h"
#include "vm_cpuid.h"

/* arch-x86/xen.h: system policies of sysctl get_cpu_policy. */
#define POLICY_HOST    1u
#define POLICY_PV_MAX  2u
#define POLICY_HVM_MAX 3u

#define LEAF_CACHES  0x4u
#define LEAF_SIZES   0x80000008u
#define LEAF_POWER   0x80000007u
#define ITSC	     (1u << 8)	/* its edx */
#define HTT	     (1u << 28) /* leaf 1 edx */
#define CMP_LEGACY   (1u << 1)	/* leaf 0x80000001 ecx */
/* xc_domain_set_tsc_info. */
#define TSC_EMULATED 1
#define INTEL_CORES  64u	/* what leaf 4 eax 31:26 can say */
#define AMD_CORES    128u	/* ApicIdCoreSize above 7 confuses guests */

static uint32_t *
reg_of(struct xc_cpuid_leaf *l, unsigned reg)
{
	uint32_t *const regs[] = { &l->a, &l->b, &l->c, &l->d };

	return regs[reg];
}

static struct xc_cpuid_leaf *
find_leaf(const struct cpuid_leaves *l, uint32_t leaf, uint32_t subleaf)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (l->leaf[i].leaf == leaf &&
		    (l->leaf[i].subleaf == subleaf ||
			/* "4:eax=" of a leaf that has some: the first. */
			(subleaf == XU_CPUID_ANY && l->leaf[i].subleaf == 0)))
			return &l->leaf[i];
	return NULL;
}

/* ---- topology --------------------------------------------------------------------------------- */

static bool
is_amd(const struct cpuid_leaves *l)
{
	const struct xc_cpuid_leaf *v = find_leaf(l, 0, XU_CPUID_ANY);

	return v != NULL &&
	    (memcmp(&v->b, "Auth", 4) == 0 || memcmp(&v->b, "Hygo", 4) == 0);
}

/* A vCPU's APIC id is twice its number: that many ids, as a power of two. */
static unsigned
apic_ids(unsigned vcpus, unsigned most)
{
	unsigned n = 2;

	while (n < 2 * vcpus && n < most)
		n *= 2;
	return n;
}

static void
amd_cores(struct cpuid_leaves *l, unsigned ids)
{
	struct xc_cpuid_leaf *sizes = find_leaf(l, LEAF_SIZES, XU_CPUID_ANY);
	struct xc_cpuid_leaf *ext = find_leaf(l, 0x80000001, XU_CPUID_ANY);

	if (ext != NULL)
		ext->c &= ~CMP_LEGACY;
	if (sizes == NULL)
		return;
	/* Cores less one, and how many bits of an APIC id they take. */
	sizes->c &= ~0xf0ffu;
	sizes->c |= (ids - 1) | (uint32_t)__builtin_ctz(ids) << 12;
}

static void
intel_cores(struct cpuid_leaves *l, unsigned ids)
{
	for (uint32_t i = 0; i < l->n; i++) {
		if (l->leaf[i].leaf != LEAF_CACHES || l->leaf[i].a == 0)
			continue;
		/* Cores less one; no cache is shared. */
		l->leaf[i].a &= ~(0x3fu << 26 | 0xfffu << 14);
		l->leaf[i].a |= (ids - 1) << 26;
	}
}

void
cpuid_topology(struct cpuid_leaves *l, unsigned vcpus)
{
	bool amd = is_amd(l);
	unsigned ids = apic_ids(vcpus, amd ? AMD_CORES : INTEL_CORES);
	struct xc_cpuid_leaf *basic = find_leaf(l, 1, XU_CPUID_ANY);

	if (basic == NULL)
		return;
	basic->d |= HTT;
	basic->b = (basic->b & ~(0xffu << 16)) | ids << 16;
	if (amd)
		amd_cores(l, ids);
	else
		intel_cores(l, ids);
}

/* ---- the time stamp counter ------------------------------------------------------------------- */

/*
 * On another host the TSC goes at another rate: who may get there is not told that
 * it never changes, but where Xen emulates it. Xen takes the word away again where
 * the host's processors do not say it.
 */
static bool
may_be_invariant(const struct xu_val *config)
{
	return config_number(config, "platform", "nomigrate", 0) != 0 ||
	    config_number(config, "platform", "tsc_mode", 0) == TSC_EMULATED;
}

static void
set_invariant(struct cpuid_leaves *l)
{
	struct xc_cpuid_leaf *power = find_leaf(l, LEAF_POWER, XU_CPUID_ANY);

	if (power != NULL)
		power->d |= ITSC;
}

/* ---- the user's words ------------------------------------------------------------------------- */

static int
refuse_bit(const struct xu_cpuid_rule *r, unsigned bit, const char *why,
    struct xu_err *e)
{
	char name[64], word[80];

	xu_cpuid_bit_name(r, bit, name, sizeof(name));
	snprintf(word, sizeof(word), "%s=%c", name,
	    (r->ones >> bit & 1) != 0 ? '1' : '0');
	return config_unsupported(e, "cpuid", word, why);
}

int
cpuid_apply(struct cpuid_leaves *l, const struct cpuid_leaves *host,
    const struct xu_cpuid *rules, struct xu_err *e)
{
	for (size_t i = 0; i < rules->n; i++) {
		const struct xu_cpuid_rule *r = &rules->rules[i];
		struct xc_cpuid_leaf *to = find_leaf(l, r->leaf, r->subleaf);
		struct xc_cpuid_leaf *from =
		    find_leaf(host, r->leaf, r->subleaf);
		uint32_t *reg, hosts = from == NULL ? 0 : *reg_of(from, r->reg);

		if (to == NULL && r->ones != 0)
			return refuse_bit(r, (unsigned)__builtin_ctz(r->ones),
			    "the guest's processors have no such leaf", e);
		if (to == NULL)
			continue;
		reg = reg_of(to, r->reg);
		*reg = (*reg & ~(r->zeros | r->host)) | r->ones |
		    (hosts & r->host);
	}
	return 0;
}

bool
cpuid_granted(const struct cpuid_leaves *l, const struct xu_cpuid *rules,
    const struct xu_cpuid_rule **rule, unsigned *bit)
{
	for (size_t i = 0; i < rules->n; i++) {
		const struct xu_cpuid_rule *r = &rules->rules[i];
		struct xc_cpuid_leaf *now = find_leaf(l, r->leaf, r->subleaf);
		uint32_t has = now == NULL ? 0 : *reg_of(now, r->reg);
		uint32_t wrong = ((r->ones & ~has) | (r->zeros & has)) &
		    ~xu_cpuid_decided(r);

		if (wrong == 0)
			continue;
		*rule = r;
		*bit = (unsigned)__builtin_ctz(wrong);
		return false;
	}
	return true;
}

/* ---- Xen -------------------------------------------------------------------------------------- */

struct policy {
	struct xc_cpuid_leaf leaves[XC_POLICY_MAX_LEAVES];
	struct xc_msr msrs[XC_POLICY_MAX_MSRS];
	struct cpuid_leaves list;
};

static struct policy *
policy_new(struct xu_err *e)
{
	struct policy *p = calloc(1, sizeof(*p));

	if (p == NULL)
		xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM,
		    "read the processors' features");
	else
		p->list.leaf = p->leaves;
	return p;
}

/* Of a domain, or with domid XC_DOMID_INVALID a policy of the system. */
static int
policy_read(struct core *c, struct policy *p, uint32_t domid, uint32_t index,
    struct xu_err *e)
{
	uint32_t nmsrs = XC_POLICY_MAX_MSRS;
	int r;

	p->list.n = XC_POLICY_MAX_LEAVES;
	r = domid == XC_DOMID_INVALID ?
	    xc_get_system_cpu_policy(c->xch, index, p->leaves, &p->list.n,
		p->msrs, &nmsrs) :
	    xc_get_domain_cpu_policy(c->xch, domid, p->leaves, &p->list.n,
		p->msrs, &nmsrs);
	return r < 0 ? xen_fail(c, e, "read the processors' features") : 0;
}

/* Why a bit is not as it was asked for. */
static int
explain(struct core *c, bool pv, const struct xu_cpuid_rule *r, unsigned bit,
    struct xu_err *e)
{
	AUTO_FREE struct policy *max = policy_new(e);
	struct xc_cpuid_leaf *l;

	if (max == NULL ||
	    policy_read(c, max, XC_DOMID_INVALID,
		pv ? POLICY_PV_MAX : POLICY_HVM_MAX, e) < 0)
		return -1;
	if ((r->zeros >> bit & 1) != 0)
		return refuse_bit(r, bit,
		    pv ? "Xen gives it to every PV guest" :
			 "Xen gives it to every PVH and HVM guest",
		    e);
	l = find_leaf(&max->list, r->leaf, r->subleaf);
	if (l != NULL && (*reg_of(l, r->reg) >> bit & 1) != 0)
		return refuse_bit(r, bit,
		    "Xen takes it away again: a feature that it needs is off",
		    e);
	return refuse_bit(r, bit,
	    pv ? "this host cannot give it to a PV guest" :
		 "this host cannot give it to a PVH or HVM guest",
	    e);
}

static int
set_policy(struct core *c, uint32_t domid, const struct cpuid_leaves *l,
    struct xu_err *e)
{
	struct xc_policy_error where;

	if (xc_set_domain_cpu_policy(c->xch, domid, l->leaf, l->n, NULL, 0,
		&where) == 0)
		return 0;
	xen_fail(c, e, "set the processors' features");
	if (where.leaf != UINT32_MAX)
		xu_err_add(e, "CPUID leaf 0x%x is more than the host has",
		    where.leaf);
	return -1;
}

/* All that is asked for: switches first, the user's words win. */
static int
rules_of(const struct xu_val *config, struct xu_cpuid *rules, struct xu_err *e)
{
	static const char *const switches[] = { "pae", "nx" };
	const char *user = xu_val_get_str(xu_val_get(config, "platform"),
	    "cpuid", "");
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;

	for (size_t i = 0; i < XU_ARRAY_SIZE(switches); i++)
		if (config_type(config) == TYPE_HVM &&
		    config_number(config, "platform", switches[i], 1) == 0)
			xu_buf_addf(&text, "host,%s=0 ", switches[i]);
	xu_buf_adds(&text, user);
	if (text.error != 0)
		return xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM,
		    "read the processors' features");
	return xu_cpuid_parse(xu_buf_text(&text), rules, e);
}

static bool
wants_host(const struct xu_cpuid *rules)
{
	for (size_t i = 0; i < rules->n; i++)
		if (rules->rules[i].host != 0)
			return true;
	return false;
}

int
cpuid_set(struct core *c, const struct xu_val *config, uint32_t domid,
    struct xu_err *e)
{
	bool pv = config_type(config) == TYPE_PV;
	bool invariant = may_be_invariant(config);
	AUTO_FREE struct policy *p = NULL, *host = NULL;
	const struct cpuid_leaves none = { .n = 0 };
	const struct xu_cpuid_rule *r;
	struct xu_cpuid rules;
	unsigned bit;

	if (rules_of(config, &rules, e) < 0)
		return -1;
	/* Nothing to ask Xen for. */
	if (pv && rules.n == 0 && !invariant)
		return 0;
	p = policy_new(e);
	if (p == NULL || policy_read(c, p, domid, 0, e) < 0)
		return -1;
	if (wants_host(&rules)) {
		host = policy_new(e);
		if (host == NULL ||
		    policy_read(c, host, XC_DOMID_INVALID, POLICY_HOST, e) < 0)
			return -1;
	}
	if (!pv)
		cpuid_topology(&p->list,
		    (unsigned)xu_val_get_int(config, "VCPUs_max", 1));
	if (invariant)
		set_invariant(&p->list);
	if (cpuid_apply(&p->list, host == NULL ? &none : &host->list, &rules,
		e) < 0 ||
	    set_policy(c, domid, &p->list, e) < 0)
		return -1;
	if (rules.n == 0)
		return 0;
	if (policy_read(c, p, domid, 0, e) < 0)
		return -1;
	return cpuid_granted(&p->list, &rules, &r, &bit) ?
	    0 :
	    explain(c, pv, r, bit, e);
}

int
cpuid_check(const struct xu_val *platform, struct xu_err *e)
{
	struct xu_cpuid rules;

	return xu_cpuid_parse(xu_val_get_str(platform, "cpuid", ""), &rules, e);
}

/* ---- on another host ------------------------------------------------------------------------ */

static const struct feature {
	const char *name;
	uint32_t leaf, subleaf;
	unsigned reg, bit;
} features[] = {
#define REG_a 0
#define REG_b 1
#define REG_c 2
#define REG_d 3
#define CPUID_BIT(name, alias, leaf, sub, reg, bit, xen)                       \
	{ name, leaf, sub, REG_##reg, bit },
#define CPUID_FIELD(name, leaf, sub, reg, low, width)
#define CPUID_XEN_DECIDES(leaf, sub, reg, bit)
#include "cpufeat.h"
#undef CPUID_BIT
#undef CPUID_FIELD
#undef CPUID_XEN_DECIDES
};

static bool
has_feature(const struct cpuid_leaves *l, const struct feature *f)
{
	struct xc_cpuid_leaf *leaf = find_leaf(l, f->leaf, f->subleaf);
	const struct xu_cpuid_rule r = { .leaf = f->leaf, .subleaf = f->subleaf,
		.reg = f->reg };

	return leaf != NULL && (*reg_of(leaf, f->reg) >> f->bit & 1) != 0 &&
	    (xu_cpuid_decided(&r) >> f->bit & 1) == 0;
}

static void
maker(const struct cpuid_leaves *l, char out[13])
{
	const struct xc_cpuid_leaf *v = find_leaf(l, 0, XU_CPUID_ANY);

	memset(out, 0, 13);
	if (v == NULL)
		return;
	memcpy(out, &v->b, 4);
	memcpy(out + 4, &v->d, 4);
	memcpy(out + 8, &v->c, 4);
}

struct xu_val *
cpuid_features(struct core *c, uint32_t domid)
{
	AUTO_FREE struct policy *p = policy_new(NULL);
	struct xu_val *v, *list;
	char name[13];

	if (p == NULL || policy_read(c, p, domid, 0, NULL) < 0)
		return xu_void();
	v = xu_struct();
	list = xu_array();
	maker(&p->list, name);
	for (size_t i = 0; i < XU_ARRAY_SIZE(features); i++)
		if (has_feature(&p->list, &features[i]))
			xu_val_add(list, xu_str(features[i].name));
	xu_val_set(v, "maker", xu_str(name));
	xu_val_set(v, "features", list);
	return v;
}

static int
cannot(struct xu_err *e, const char *what, const char *here)
{
	xu_err_set(e, XE(XLD_PEER), 0, "the guest's processor %.40s, and this "
	    "host's %.40s", what, here);
	xu_err_param(e, "%s", e->msg);
	return -1;
}

static bool
can_have(const struct cpuid_leaves *l, const char *name)
{
	for (size_t i = 0; i < XU_ARRAY_SIZE(features); i++)
		if (strcmp(features[i].name, name) == 0)
			return has_feature(l, &features[i]);
	return false;
}

int
cpuid_can(struct core *c, bool pv, const struct xu_val *wanted,
    struct xu_err *e)
{
	const struct xu_val *list = xu_val_get(wanted, "features");
	AUTO_FREE struct policy *max = policy_new(e);
	char name[13], has[48];
	const char *word;

	if (xu_val_count(list) == 0)
		return 0;
	if (max == NULL || policy_read(c, max, XC_DOMID_INVALID,
	    pv ? POLICY_PV_MAX : POLICY_HVM_MAX, e) < 0)
		return -1;
	maker(&max->list, name);
	word = xu_val_get_str(wanted, "maker", "");
	snprintf(has, sizeof(has), "is of %.12s", word);
	if (strcmp(name, word) != 0)
		return cannot(e, has, "of another maker");
	for (size_t i = 0; i < xu_val_count(list); i++) {
		word = xu_val_str(xu_val_at(list, i));
		snprintf(has, sizeof(has), "has %.30s", word);
		if (!can_have(&max->list, word))
			return cannot(e, has, "has not");
	}
	return 0;
}
