/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Schedulers: what a domain, a vCPU or a pool gets of the processors. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "xc_private.h"

/*
 * Domctl scheduler_op: {u32 sched_id, cmd, union of {u16 weight, cap}, {u32
 * period, budget, flags} and {array, u32 n}}.
 */
enum {
	OP_PUT = 0,
	OP_GET = 1,
	OP_PUT_VCPU = 2,
	OP_GET_VCPU = 3,
};

#define RTDS_EXTRATIME 1u
#define MAX_VCPUS      8192

XC_API int
xc_sched_id(xc_interface *xch, uint32_t *out)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_sched_id };

	if (xc_check_ptr(xch, out, "the scheduler's id") < 0 ||
	    xc_do_sysctl(xch, &ctl, "ask for the scheduler") < 0)
		return -1;
	*out = ctl.u.u32[0];
	return 0;
}

/* What the domain's pool runs. */
static int
scheduler_of(xc_interface *xch, uint32_t domid, uint32_t *id)
{
	struct xc_domaininfo info;
	struct xc_cpupool_info pool;
	uint8_t map[64];

	if (xc_domain_getinfo(xch, domid, &info) < 0)
		return -1;
	if (info.cpupool == 0)
		return xc_sched_id(xch, id);
	if (xc_cpupool_getinfo(xch, info.cpupool, &pool, map, sizeof(map)) < 0)
		return -1;
	*id = pool.sched_id;
	return 0;
}

static int
domain_op(xc_interface *xch, uint32_t domid, uint32_t id, uint32_t cmd,
    struct xc_domctl *ctl)
{
	ctl->cmd = DOMCTL_scheduler_op;
	ctl->domain = domid;
	ctl->u.u32[0] = id;
	ctl->u.u32[1] = cmd;
	if ((cmd == OP_PUT || cmd == OP_PUT_VCPU) &&
	    xc_check_abi(xch, "set scheduler parameters") < 0)
		return -1;
	return xc_do_domctl(xch, ctl, "scheduler parameters") < 0 ? -1 : 0;
}

static int
weights(xc_interface *xch, uint32_t domid, uint32_t id, uint32_t cmd,
    uint16_t *weight, uint16_t *cap)
{
	struct xc_domctl ctl = { .cmd = 0 };

	memcpy(ctl.u.raw + 8, weight, 2);
	memcpy(ctl.u.raw + 10, cap, 2);
	if (domain_op(xch, domid, id, cmd, &ctl) < 0)
		return -1;
	memcpy(weight, ctl.u.raw + 8, 2);
	memcpy(cap, ctl.u.raw + 10, 2);
	return 0;
}

static int
any_weights(xc_interface *xch, uint32_t domid, uint32_t cmd, uint16_t *weight,
    uint16_t *cap)
{
	uint32_t id;

	if (scheduler_of(xch, domid, &id) < 0)
		return -1;
	if (id == XC_SCHED_CREDIT || id == XC_SCHED_CREDIT2)
		return weights(xch, domid, id, cmd, weight, cap);
	errno = ENOTSUP;
	return xc_fail(xch, 0,
	    "domain %u: its scheduler (%u) has no weight and cap", domid, id);
}

XC_API int
xc_sched_credit_get(xc_interface *xch, uint32_t domid, uint16_t *weight,
    uint16_t *cap)
{
	if (xc_check_ptr(xch, weight, "weight") < 0 ||
	    xc_check_ptr(xch, cap, "cap") < 0)
		return -1;
	*weight = *cap = 0;
	return any_weights(xch, domid, OP_GET, weight, cap);
}

XC_API int
xc_sched_credit_set(xc_interface *xch, uint32_t domid, uint16_t weight,
    uint16_t cap)
{
	if (xc_check_abi(xch, "set scheduler parameters") < 0)
		return -1;
	return any_weights(xch, domid, OP_PUT, &weight, &cap);
}

static int
put_credit(xc_interface *xch, uint32_t domid, uint32_t id,
    const struct xc_sched_credit *in)
{
	struct xc_sched_credit c;

	if (xc_check_ptr(xch, in, "weight and cap") < 0)
		return -1;
	c = *in;
	return weights(xch, domid, id, OP_PUT, &c.weight, &c.cap);
}

static int
get_credit(xc_interface *xch, uint32_t domid, uint32_t id,
    struct xc_sched_credit *out)
{
	if (xc_check_ptr(xch, out, "weight and cap") < 0)
		return -1;
	memset(out, 0, sizeof(*out));
	return weights(xch, domid, id, OP_GET, &out->weight, &out->cap);
}

XC_API int
xc_sched_credit_domain_set(xc_interface *xch, uint32_t domid,
    const struct xc_sched_credit *in)
{
	return put_credit(xch, domid, XC_SCHED_CREDIT, in);
}

XC_API int
xc_sched_credit_domain_get(xc_interface *xch, uint32_t domid,
    struct xc_sched_credit *out)
{
	return get_credit(xch, domid, XC_SCHED_CREDIT, out);
}

XC_API int
xc_sched_credit2_domain_set(xc_interface *xch, uint32_t domid,
    const struct xc_sched_credit *in)
{
	return put_credit(xch, domid, XC_SCHED_CREDIT2, in);
}

XC_API int
xc_sched_credit2_domain_get(xc_interface *xch, uint32_t domid,
    struct xc_sched_credit *out)
{
	return get_credit(xch, domid, XC_SCHED_CREDIT2, out);
}

static void
put_rtds(uint32_t *w, const struct xc_sched_rtds *in)
{
	w[0] = in->period_us;
	w[1] = in->budget_us;
	w[2] = in->extratime ? RTDS_EXTRATIME : 0;
}

static void
get_rtds(const uint32_t *w, struct xc_sched_rtds *out)
{
	out->period_us = w[0];
	out->budget_us = w[1];
	out->extratime = (w[2] & RTDS_EXTRATIME) != 0;
}

XC_API int
xc_sched_rtds_domain_set(xc_interface *xch, uint32_t domid,
    const struct xc_sched_rtds *in)
{
	struct xc_domctl ctl = { .cmd = 0 };

	if (xc_check_ptr(xch, in, "period and budget") < 0)
		return -1;
	put_rtds(&ctl.u.u32[2], in);
	return domain_op(xch, domid, XC_SCHED_RTDS, OP_PUT, &ctl);
}

XC_API int
xc_sched_rtds_domain_get(xc_interface *xch, uint32_t domid,
    struct xc_sched_rtds *out)
{
	struct xc_domctl ctl = { .cmd = 0 };

	if (xc_check_ptr(xch, out, "period and budget") < 0 ||
	    domain_op(xch, domid, XC_SCHED_RTDS, OP_GET, &ctl) < 0)
		return -1;
	get_rtds(&ctl.u.u32[2], out);
	return 0;
}

/* An element is {u32 period, budget, flags, vcpu}. */
static int
rtds_vcpus(xc_interface *xch, uint32_t domid, uint32_t cmd,
    const struct xc_sched_rtds_vcpu *in, struct xc_sched_rtds_vcpu *out,
    uint32_t n)
{
	struct xc_domctl ctl = { .cmd = 0 };
	size_t size = (size_t)n * 16;
	uint32_t *buf, done;
	int r;

	if (xc_check_ptr(xch, in, "vCPUs") < 0 ||
	    xc_check_range(xch, n, 1, MAX_VCPUS, "vCPUs") < 0 ||
	    xc_check_domid(xch, domid) < 0)
		return -1;
	buf = xc_buf_get(xch, size);
	if (buf == NULL)
		return xc_fail(xch, errno, "scheduler parameters");
	for (uint32_t i = 0; i < n; i++) {
		put_rtds(buf + 4 * i, &in[i].params);
		buf[4 * i + 3] = in[i].vcpu;
	}
	ctl.u.u64[1] = (uintptr_t)buf;
	ctl.u.u32[4] = n;
	r = domain_op(xch, domid, XC_SCHED_RTDS, cmd, &ctl);
	done = ctl.u.u32[4] < n ? ctl.u.u32[4] : n;
	for (uint32_t i = 0; r == 0 && out != NULL && i < done; i++)
		get_rtds(buf + 4 * i, &out[i].params);
	xc_buf_put(xch, buf, size);
	return r < 0 ? -1 : (int)done;
}

XC_API int
xc_sched_rtds_vcpu_set(xc_interface *xch, uint32_t domid,
    const struct xc_sched_rtds_vcpu *vcpus, uint32_t n)
{
	return rtds_vcpus(xch, domid, OP_PUT_VCPU, vcpus, NULL, n);
}

XC_API int
xc_sched_rtds_vcpu_get(xc_interface *xch, uint32_t domid,
    struct xc_sched_rtds_vcpu *vcpus, uint32_t n)
{
	return rtds_vcpus(xch, domid, OP_GET_VCPU, vcpus, vcpus, n);
}

/* Sysctl scheduler_op: {u32 pool, sched_id, cmd, pad, union}. */
static int
pool_op(xc_interface *xch, uint32_t pool, uint32_t id, uint32_t cmd,
    struct xc_sysctl *ctl)
{
	ctl->cmd = SYSCTL_scheduler_op;
	ctl->u.u32[0] = pool;
	ctl->u.u32[1] = id;
	ctl->u.u32[2] = cmd;
	if (cmd == OP_PUT)
		return xc_change_sysctl(xch, ctl,
		    "set a pool's scheduler parameters");
	return xc_do_sysctl(xch, ctl, "ask for a pool's scheduler "
	    "parameters") < 0 ? -1 : 0;
}

XC_API int
xc_sched_credit_params_set(xc_interface *xch, uint32_t pool,
    const struct xc_sched_credit_params *in)
{
	struct xc_sysctl ctl = { .cmd = 0 };

	if (xc_check_ptr(xch, in, "the pool's parameters") < 0)
		return -1;
	ctl.u.u32[4] = in->tslice_ms;
	ctl.u.u32[5] = in->ratelimit_us;
	ctl.u.u32[6] = in->vcpu_migr_delay_us;
	return pool_op(xch, pool, XC_SCHED_CREDIT, OP_PUT, &ctl);
}

XC_API int
xc_sched_credit_params_get(xc_interface *xch, uint32_t pool,
    struct xc_sched_credit_params *out)
{
	struct xc_sysctl ctl = { .cmd = 0 };

	if (xc_check_ptr(xch, out, "the pool's parameters") < 0 ||
	    pool_op(xch, pool, XC_SCHED_CREDIT, OP_GET, &ctl) < 0)
		return -1;
	out->tslice_ms = ctl.u.u32[4];
	out->ratelimit_us = ctl.u.u32[5];
	out->vcpu_migr_delay_us = ctl.u.u32[6];
	return 0;
}

XC_API int
xc_sched_credit2_params_set(xc_interface *xch, uint32_t pool,
    const struct xc_sched_credit2_params *in)
{
	struct xc_sysctl ctl = { .cmd = 0 };

	if (xc_check_ptr(xch, in, "the pool's parameters") < 0)
		return -1;
	ctl.u.u32[4] = in->ratelimit_us;
	return pool_op(xch, pool, XC_SCHED_CREDIT2, OP_PUT, &ctl);
}

XC_API int
xc_sched_credit2_params_get(xc_interface *xch, uint32_t pool,
    struct xc_sched_credit2_params *out)
{
	struct xc_sysctl ctl = { .cmd = 0 };

	if (xc_check_ptr(xch, out, "the pool's parameters") < 0 ||
	    pool_op(xch, pool, XC_SCHED_CREDIT2, OP_GET, &ctl) < 0)
		return -1;
	out->ratelimit_us = ctl.u.u32[4];
	return 0;
}

/* xen_sysctl_arinc653_schedule. */
struct arinc653 {
	uint64_t major_frame;
	uint8_t n, pad[7];
	struct {
		uint8_t handle[16];
		uint32_t vcpu, pad;
		uint64_t runtime;
	} entries[XC_ARINC653_MAX];
};
_Static_assert(sizeof(struct arinc653) == 2064, "arinc653 schedule");

XC_API int
xc_sched_arinc653_schedule_set(xc_interface *xch, uint32_t pool,
    const struct xc_arinc653_schedule *in)
{
	struct xc_sysctl ctl = { .cmd = 0 };
	struct arinc653 *s;
	int r;

	if (xc_check_ptr(xch, in, "the schedule") < 0 ||
	    xc_check_range(xch, in->n, 1, XC_ARINC653_MAX,
		"entries of a schedule") < 0)
		return -1;
	s = xc_buf_get(xch, sizeof(*s));
	if (s == NULL)
		return xc_fail(xch, errno, "set a pool's schedule");
	s->major_frame = in->major_frame_ns;
	s->n = (uint8_t)in->n;
	for (uint32_t i = 0; i < in->n; i++) {
		memcpy(s->entries[i].handle, in->entries[i].handle, 16);
		s->entries[i].vcpu = in->entries[i].vcpu;
		s->entries[i].runtime = in->entries[i].runtime_ns;
	}
	ctl.u.u64[2] = (uintptr_t)s;
	r = pool_op(xch, pool, XC_SCHED_ARINC653, OP_PUT, &ctl);
	xc_buf_put(xch, s, sizeof(*s));
	return r;
}

XC_API int
xc_sched_arinc653_schedule_get(xc_interface *xch, uint32_t pool,
    struct xc_arinc653_schedule *out)
{
	struct xc_sysctl ctl = { .cmd = 0 };
	struct arinc653 *s;
	int r;

	if (xc_check_ptr(xch, out, "the schedule") < 0)
		return -1;
	s = xc_buf_get(xch, sizeof(*s));
	if (s == NULL)
		return xc_fail(xch, errno, "ask for a pool's schedule");
	ctl.u.u64[2] = (uintptr_t)s;
	r = pool_op(xch, pool, XC_SCHED_ARINC653, OP_GET, &ctl);
	memset(out, 0, sizeof(*out));
	out->major_frame_ns = s->major_frame;
	out->n = s->n < XC_ARINC653_MAX ? s->n : XC_ARINC653_MAX;
	for (uint32_t i = 0; i < out->n; i++) {
		memcpy(out->entries[i].handle, s->entries[i].handle, 16);
		out->entries[i].vcpu = s->entries[i].vcpu;
		out->entries[i].runtime_ns = s->entries[i].runtime;
	}
	xc_buf_put(xch, s, sizeof(*s));
	return r;
}
