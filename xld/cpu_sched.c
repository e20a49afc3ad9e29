/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the scheduler of a CPU pool can be told; Xen forgets it with the pool. */
#include "config.h"

#include <string.h>

#include "cpu.h"
#include "xenctrl_sched.h"
#include "xu_num.h"

/* In Xen's limits; each row is a key of sched_params. */
static const struct param {
	const char *key;
	/* In struct xc_sched_credit_params. */
	size_t at;
	uint64_t least, most;
	bool credit2;
} params[] = {
	{ "tslice_ms", offsetof(struct xc_sched_credit_params, tslice_ms), 1,
	    1000, false },
	{ "ratelimit_us", offsetof(struct xc_sched_credit_params, ratelimit_us),
	    0, 500000, true },
	{ "migration_delay_us",
	    offsetof(struct xc_sched_credit_params, vcpu_migr_delay_us), 0,
	    100000, false },
};

static uint32_t *
member(struct xc_sched_credit_params *p, const struct param *row)
{
	return (void *)((char *)p + row->at);
}

static bool
has(const struct cpu_pool *p, const struct param *row)
{
	return p->sched == XC_SCHED_CREDIT ||
	    (p->sched == XC_SCHED_CREDIT2 && row->credit2);
}

static int
get(struct core *c, const struct cpu_pool *p,
    struct xc_sched_credit_params *out)
{
	struct xc_sched_credit2_params two;

	memset(out, 0, sizeof(*out));
	if (p->sched == XC_SCHED_CREDIT)
		return xc_sched_credit_params_get(c->xch, (uint32_t)p->id, out);
	if (p->sched != XC_SCHED_CREDIT2)
		return 0;
	if (xc_sched_credit2_params_get(c->xch, (uint32_t)p->id, &two) < 0)
		return -1;
	out->ratelimit_us = two.ratelimit_us;
	return 0;
}

static int
put(struct core *c, const struct cpu_pool *p,
    const struct xc_sched_credit_params *in)
{
	struct xc_sched_credit2_params two = { .ratelimit_us =
						   in->ratelimit_us };

	return p->sched == XC_SCHED_CREDIT ?
	    xc_sched_credit_params_set(c->xch, (uint32_t)p->id, in) :
	    xc_sched_credit2_params_set(c->xch, (uint32_t)p->id, &two);
}

struct xu_val *
cpu_pool_sched(struct core *c, const struct cpu_pool *p)
{
	struct xu_val *v = xu_struct();
	struct xc_sched_credit_params now;

	if (p->id < 0 || get(c, p, &now) < 0)
		return v;
	for (size_t i = 0; i < XU_ARRAY_SIZE(params); i++)
		if (has(p, &params[i]))
			xu_val_set(v, params[i].key,
			    xu_strf("%u", *member(&now, &params[i])));
	return v;
}

static int
take(const struct cpu_pool *p, struct xc_sched_credit_params *now,
    const char *key, const char *value, struct xu_err *e)
{
	char why[96];
	uint64_t n;

	for (size_t i = 0; i < XU_ARRAY_SIZE(params); i++) {
		const struct param *row = &params[i];

		if (strcmp(row->key, key) != 0 || !has(p, row))
			continue;
		if (xu_num_u64(value, 10, row->most, &n) && n >= row->least) {
			*member(now, row) = (uint32_t)n;
			return 0;
		}
		snprintf(why, sizeof(why), "it is %llu to %llu",
		    (unsigned long long)row->least,
		    (unsigned long long)row->most);
		return config_unsupported(e, key, value, why);
	}
	snprintf(why, sizeof(why), "the scheduler %s has no such number",
	    sched_word(p->sched));
	return config_unsupported(e, "params", key, why);
}

static void
set_params(struct call *k)
{
	struct cpu_pool *p = cpu_pool_find(k->core,
	    xu_val_str(xu_val_at(k->params, 0)));
	const struct xu_val *map = xu_val_at(k->params, 1);
	struct xc_sched_credit_params now;
	struct xu_err e = XU_ERR_INIT;
	int r = 0;

	if (p->id < 0) {
		cpu_pool_bad_state(k, p, "is not activated");
		return;
	}
	if (get(k->core, p, &now) < 0)
		r = xen_fail(k->core, &e, "ask the scheduler");
	for (size_t i = 0; r == 0 && i < xu_val_count(map); i++)
		r = take(p, &now, xu_val_name_at(map, i),
		    xu_val_str(xu_val_at(map, i)), &e);
	if (r == 0 && xu_val_count(map) > 0 && put(k->core, p, &now) < 0)
		r = xen_fail(k->core, &e, "tell the scheduler");
	if (r < 0)
		call_fail(k, &e);
	else
		cpu_pool_changed(k, p->uuid);
}

const struct handler cpu_sched_handlers[] = {
	{ "cpu_pool.set_sched_params_live", set_params },
	{ NULL, NULL },
};
