/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vCPUs of a domain that runs: what each does and where it may, the scheduler's
 * numbers, and how to change them at once. Of a machine of ours the change is in its
 * record, too, so that its next domain begins with it.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "vm_place.h"
#include "xenctrl_sched.h"
#include "xu_cpus.h"
#include "xu_num.h"

/* ---- what they do ------------------------------------------------------------------ */

static struct xu_val *
set_of(const uint8_t *bits, unsigned ncpus)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	struct xu_cpus c;

	memcpy(c.bits, bits, sizeof(c.bits));
	xu_cpus_text(&c, ncpus, &b);
	return xu_str(xu_buf_text(&b));
}

static struct xu_val *
truth(bool b)
{
	return xu_str(b ? "true" : "false");
}

/* NULL with *e: it cannot be asked. */
static struct xu_val *
vcpu_facts(const struct guest *g, uint32_t n, unsigned ncpus,
    struct xu_err *e)
{
	struct xu_cpus hard = { { 0 } }, soft = { { 0 } };
	uint32_t domid = (uint32_t)g->domid;
	struct xc_vcpuinfo i;
	struct xu_val *v;

	if (xc_vcpu_getinfo(g->core->xch, domid, n, &i) < 0 ||
	    xc_vcpu_getaffinity(g->core->xch, domid, n, hard.bits, soft.bits,
		sizeof(hard.bits)) < 0) {
		xen_fail(g->core, e, "look at the vCPUs");
		return NULL;
	}
	v = xu_struct();
	xu_val_set(v, "number", xu_strf("%u", n));
	xu_val_set(v, "cpu", xu_strf("%u", i.cpu));
	xu_val_set(v, "online", truth(i.online));
	xu_val_set(v, "blocked", truth(i.blocked));
	xu_val_set(v, "running", truth(i.running));
	xu_val_set(v, "cpu_time", xu_strf("%llu.%09llu",
	    (unsigned long long)(i.cpu_time / 1000000000),
	    (unsigned long long)(i.cpu_time % 1000000000)));
	xu_val_set(v, "affinity", set_of(hard.bits, ncpus));
	xu_val_set(v, "soft_affinity", set_of(soft.bits, ncpus));
	return v;
}

static void
list_vcpus(struct call *k)
{
	const struct guest *g = k->guest;
	struct xu_val *list = xu_array(), *v;
	struct xu_err e = XU_ERR_INIT;
	struct xc_physinfo p;

	if (xc_physinfo(k->core->xch, &p) < 0) {
		xen_fail(k->core, &e, "look at the host's processors");
		goto fail;
	}
	for (uint32_t n = 0; n <= g->info.max_vcpu_id; n++) {
		v = vcpu_facts(g, n, p.nr_cpus, &e);
		if (v == NULL)
			goto fail;
		xu_val_add(list, v);
	}
	call_ok(k, list);
	return;
fail:
	xu_val_free(list);
	call_fail(k, &e);
}

/* ---- the scheduler's numbers -------------------------------------------------------- */

static int
no_weights(struct guest *g, struct xu_err *e)
{
	xu_err_set(e, XE(OPERATION_NOT_ALLOWED), 0,
	    "'%s' is in a CPU pool whose scheduler has no weights and caps: "
	    "credit and credit2 have", guest_name(g));
	xu_err_param(e, "no weights");
	return -1;
}

/* A number of the range, or -1. */
static int
number_of(const char *key, const char *value, uint64_t least, uint64_t most,
    uint16_t *out, struct xu_err *e)
{
	char why[64];
	uint64_t n;

	if (xu_num_u64(value, 10, most, &n) && n >= least) {
		*out = (uint16_t)n;
		return 0;
	}
	snprintf(why, sizeof(why), "it is %llu to %llu",
	    (unsigned long long)least, (unsigned long long)most);
	return config_unsupported(e, key, value, why);
}

static int
set_sched(struct guest *g, const char *key, const char *value,
    struct xu_err *e)
{
	uint64_t all = ((uint64_t)g->info.max_vcpu_id + 1) * 100;
	xc_interface *xch = g->core->xch;
	uint32_t domid = (uint32_t)g->domid;
	uint16_t weight, cap;
	int r;

	if (xc_sched_credit_get(xch, domid, &weight, &cap) < 0)
		return errno == ENOTSUP ? no_weights(g, e) :
			xen_fail(g->core, e, "ask the scheduler");
	r = strcmp(key, "weight") == 0 ?
	    number_of(key, value, 1, UINT16_MAX, &weight, e) :
	    number_of(key, value, 0, all > 65534 ? 65534 : all, &cap, e);
	if (r < 0)
		return -1;
	return xc_sched_credit_set(xch, domid, weight, cap) < 0 ?
	    xen_fail(g->core, e, "tell the scheduler") : 0;
}

/* ---- changes ------------------------------------------------------------------------- */

/* A set for all ends what was said of single ones. */
static void
forget_single(struct xu_val *params, const char *key)
{
	const char *kind = strcmp(key, "mask") == 0 ? "cpumap" :
	    strcmp(key, "soft_mask") == 0	   ? "soft_cpumap" : NULL;
	const char *name;

	for (size_t i = xu_val_count(params); kind != NULL && i-- > 0;) {
		name = xu_val_name_at(params, i);
		if (strncmp(name, kind, strlen(kind)) == 0)
			xu_val_unset(params, name);
	}
}

static int
keep(struct guest *g, const char *key, const char *value, struct xu_err *e)
{
	const struct xu_val *was = xu_val_get(g->config, "VCPUs_params");
	struct xu_val *params;

	if (g->foreign || guest_is_control(g))
		return 0;
	params = was != NULL ? xu_val_copy(was) : xu_struct();
	forget_single(params, key);
	xu_val_set(params, key, xu_str(value));
	xu_val_set(g->config, "VCPUs_params", params);
	return record_write(g, e);
}

static int
change(struct guest *g, const char *key, const char *value,
    struct xu_err *e)
{
	int r = 0;

	if (place_key(key, value, (int64_t)g->info.max_vcpu_id + 1, &r, e))
		return r < 0 ? -1 : place_live(g, key, value, e);
	if (strcmp(key, "weight") == 0 || strcmp(key, "cap") == 0)
		return set_sched(g, key, value, e);
	return config_unsupported(e, "key", key,
	    "weight, cap, mask, cpumapN, soft_mask and soft_cpumapN can be set "
	    "of a machine that runs");
}

static void
set_param(struct call *k)
{
	const char *key = xu_val_str(xu_val_at(k->params, 1));
	const char *value = xu_val_str(xu_val_at(k->params, 2));
	struct xu_err e = XU_ERR_INIT;

	/* Domain 0's are the host's. */
	if (guest_is_control(k->guest) &&
	    !call_has_role(k, ROLE_POOL_OPERATOR)) {
		call_refuse(k, XE(RBAC_PERMISSION_DENIED), k->method,
		    "what Domain-0 may use is for a pool-operator to say");
		return;
	}
	if (change(k->guest, key, value, &e) < 0 ||
	    keep(k->guest, key, value, &e) < 0) {
		call_fail(k, &e);
		return;
	}
	api_tell_guest(k->guest);
	call_ok(k, NULL);
}

const struct handler vm_vcpus_handlers[] = {
	{ "VM.list_VCPUs", list_vcpus },
	{ "VM.add_to_VCPUs_params_live", set_param },
	{ NULL, NULL },
};
