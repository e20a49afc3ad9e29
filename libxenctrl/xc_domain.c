/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of a domain. Layouts: xen/include/public/domctl.h. */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/hvm/params.h>
#include <xen/sched.h>

#include "xc_private.h"

/*
 * sysctl cpupool_op: {u32 op, pool, scheduler, domid, ...}; 6 moves a domain.
 * Before 4.17 a domain is created in pool 0 and goes to its own then.
 */
static int
enter_pool(xc_interface *xch, uint32_t domid, uint32_t pool)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_cpupool_op };
	char sentence[sizeof(xch->error)];
	int saved;

	ctl.u.u32[0] = 6;
	ctl.u.u32[1] = pool;
	ctl.u.u32[3] = domid;
	if (xc_do_sysctl(xch, &ctl, "create a domain in its CPU pool") >= 0)
		return 0;
	saved = errno;
	/* The one to keep, also when this fails too. */
	memcpy(sentence, xch->error, sizeof(sentence));
	xc_domain_destroy(xch, domid);
	memcpy(xch->error, sentence, sizeof(sentence));
	errno = saved;
	return -1;
}

/* *domid as in xc_domain_create. */
static int
create_once(xc_interface *xch, uint32_t *domid,
    const struct xc_domain_create *req)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_createdomain,
		.domain = *domid };
	const char *what;

	if (xc_encode_create(xch->abi, req, xch->grant_version, ctl.u.raw,
		&what) < 0)
		return xc_fail(xch, 0, "create a domain: Xen %u.%u lacks %s",
		    xch->release >> 16, xch->release & 0xffff, what);
	if (xc_do_domctl(xch, &ctl, "create") < 0)
		/* No domain is looked for here; a pool is. */
		return errno != ESRCH || req->cpupool_id == 0
		    ? -1
		    : xc_fail(xch, ENOENT, "create a domain in CPU pool %u",
			  req->cpupool_id);
	*domid = ctl.domain & 0xffff;
	return 0;
}

/*
 * Grant tables of version 2 are offered unless the hypervisor's command line
 * says otherwise, so it is not asked before a creation has failed. errno and
 * the sentence stay.
 */
static bool
grant_version_was_wrong(xc_interface *xch, const struct xc_domain_create *req)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_physinfo };
	struct xc_physinfo phys;
	int saved = errno;

	if (req->max_grant_version != 0 || xch->grant_version == 1 ||
	    xch->abi->create.grant_opts == XC_ABSENT)
		return false;
	if (xc_try_sysctl(xch, &ctl) >= 0) {
		xc_decode_physinfo(xch->abi, ctl.u.raw, &phys);
		if ((phys.capabilities & XC_PHYSCAP_GNTTAB_V2) == 0)
			xch->grant_version = 1;
	}
	errno = saved;
	return xch->grant_version == 1;
}

XC_API int
xc_domain_create(xc_interface *xch, uint32_t *domid,
    const struct xc_domain_create *req)
{
	struct xc_domain_create r;
	uint32_t pool = 0, id;

	if (xc_check_abi(xch, "create a domain") < 0 ||
	    xc_check_ptr(xch, domid, "the domain's id") < 0 ||
	    xc_check_ptr(xch, req, "the request") < 0)
		return -1;
	id = *domid;
	r = *req;
	if (xch->abi->create.cpupool == XC_ABSENT) {
		pool = r.cpupool_id;
		r.cpupool_id = 0;
	}
	if (create_once(xch, &id, &r) < 0 &&
	    (!grant_version_was_wrong(xch, &r) ||
		create_once(xch, &id, &r) < 0))
		return -1;
	if (pool != 0 && enter_pool(xch, id, pool) < 0)
		return -1;
	*domid = id;
	return 0;
}

XC_API int
xc_domain_destroy_step(xc_interface *xch, uint32_t domid)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_destroydomain,
		.domain = domid };

	if (xc_check_abi(xch, "destroy a domain") < 0)
		return -1;
	if (xc_do_domctl(xch, &ctl, "destroy") == 0)
		return 0;
	return errno == EAGAIN ? 1 : -1;
}

XC_API int
xc_domain_destroy(xc_interface *xch, uint32_t domid)
{
	int r;

	while ((r = xc_domain_destroy_step(xch, domid)) > 0)
		;
	return r;
}

/* A domctl without arguments that changes the domain. */
static int
simple(xc_interface *xch, uint32_t cmd, uint32_t domid, const char *what)
{
	struct xc_domctl ctl = { .cmd = cmd, .domain = domid };

	if (xc_check_abi(xch, what) < 0)
		return -1;
	return xc_do_domctl(xch, &ctl, what) < 0 ? -1 : 0;
}

XC_API int
xc_domain_pause(xc_interface *xch, uint32_t domid)
{
	return simple(xch, DOMCTL_pausedomain, domid, "pause");
}

XC_API int
xc_domain_unpause(xc_interface *xch, uint32_t domid)
{
	return simple(xch, DOMCTL_unpausedomain, domid, "unpause");
}

XC_API int
xc_domain_resume(xc_interface *xch, uint32_t domid)
{
	return simple(xch, DOMCTL_resumedomain, domid, "resume");
}

/*
 * The return value of the suspend hypercall that the guest's vCPU 0 will see.
 * A guest without PV drivers made none.
 */
static int
set_suspend_result(xc_interface *xch, uint32_t domid, uint64_t value)
{
	struct xc_domaininfo info;
	struct vcpu_guest_context ctx;
	uint64_t callback = 1;

	if (xc_domain_getinfo(xch, domid, &info) < 0 ||
	    ((info.flags & XC_DOMINF_HVM) != 0 &&
		xc_hvm_param_get(xch, domid, HVM_PARAM_CALLBACK_IRQ,
		    &callback) < 0))
		return -1;
	if (callback == 0)
		return 0;
	if (xc_vcpu_getcontext(xch, domid, 0, &ctx, sizeof(ctx)) < 0)
		return -1;
	ctx.user_regs.rax = value;
	return xc_vcpu_setcontext(xch, domid, 0, &ctx, sizeof(ctx));
}

XC_API int
xc_domain_resume_cooperative(xc_interface *xch, uint32_t domid)
{
	if (xc_check_abi(xch, "resume") < 0 ||
	    set_suspend_result(xch, domid, 1) < 0)
		return -1;
	return xc_domain_resume(xch, domid);
}

XC_API int
xc_domain_soft_reset(xc_interface *xch, uint32_t domid)
{
	return simple(xch, DOMCTL_soft_reset, domid, "reset for another kernel");
}

XC_API int
xc_domain_shutdown(xc_interface *xch, uint32_t domid, uint32_t reason)
{
	struct sched_remote_shutdown arg;

	if (xc_check_domid(xch, domid) < 0)
		return -1;
	memset(&arg, 0, sizeof(arg));
	arg.domain_id = (domid_t)domid;
	arg.reason = reason;
	if (xc_hypercall_buf(xch, XC_HC_SCHED, SCHEDOP_remote_shutdown, &arg,
		sizeof(arg)) < 0)
		return xc_fail(xch, errno, "domain %u: shut down", domid);
	return 0;
}

/* A domctl with one number of 32 or 64 bits. */
static int
with_number(xc_interface *xch, uint32_t cmd, uint32_t domid, uint64_t v,
    const char *what)
{
	struct xc_domctl ctl = { .cmd = cmd, .domain = domid };

	ctl.u.u64[0] = v;
	if (xc_check_abi(xch, what) < 0)
		return -1;
	return xc_do_domctl(xch, &ctl, what) < 0 ? -1 : 0;
}

XC_API int
xc_domain_set_target(xc_interface *xch, uint32_t domid, uint32_t target)
{
	if (xc_check_domid(xch, target) < 0)
		return -1;
	return with_number(xch, DOMCTL_set_target, domid, target,
	    "set the domain it serves");
}

XC_API int
xc_domain_set_debugging(xc_interface *xch, uint32_t domid, bool on)
{
	return with_number(xch, DOMCTL_setdebugging, domid, on,
	    "set debugging");
}

/* sendtrigger: {u32 trigger, vcpu}. */
XC_API int
xc_domain_send_trigger(xc_interface *xch, uint32_t domid, uint32_t trigger,
    uint32_t vcpu)
{
	return with_number(xch, DOMCTL_sendtrigger, domid,
	    (uint64_t)vcpu << 32 | trigger, "send a trigger");
}

XC_API int
xc_domain_subscribe_for_suspend(xc_interface *xch, uint32_t domid,
    uint32_t port)
{
	return with_number(xch, DOMCTL_subscribe, domid, port,
	    "be told of its suspension");
}

XC_API int
xc_domain_set_virq_handler(xc_interface *xch, uint32_t domid, uint32_t virq)
{
	return with_number(xch, DOMCTL_set_virq_handler, domid, virq,
	    "give it a virtual interrupt of the host");
}

XC_API int
xc_domain_max_vcpus(xc_interface *xch, uint32_t domid, uint32_t max)
{
	return with_number(xch, DOMCTL_max_vcpus, domid, max,
	    "set the number of vCPUs");
}

XC_API int
xc_domain_set_max_mem(xc_interface *xch, uint32_t domid, uint64_t kib)
{
	return with_number(xch, DOMCTL_max_mem, domid, kib,
	    "set the memory ceiling");
}

XC_API int
xc_domain_set_address_size(xc_interface *xch, uint32_t domid, uint32_t bits)
{
	return with_number(xch, DOMCTL_set_address_size, domid, bits,
	    "set the address size");
}

XC_API int
xc_domain_hypercall_init(xc_interface *xch, uint32_t domid, uint64_t gfn)
{
	return with_number(xch, DOMCTL_hypercall_init, domid, gfn,
	    "fill the hypercall page");
}

XC_API int
xc_domain_set_time_offset(xc_interface *xch, uint32_t domid, int64_t seconds)
{
	return with_number(xch, DOMCTL_settimeoffset, domid, (uint64_t)seconds,
	    "set the time offset");
}

XC_API int
xc_domain_set_handle(xc_interface *xch, uint32_t domid,
    const uint8_t handle[16])
{
	struct xc_domctl ctl = { .cmd = DOMCTL_setdomainhandle,
		.domain = domid };

	memcpy(ctl.u.raw, handle, 16);
	if (xc_check_abi(xch, "set the UUID") < 0)
		return -1;
	return xc_do_domctl(xch, &ctl, "set the UUID") < 0 ? -1 : 0;
}

XC_API int
xc_domain_set_tsc_info(xc_interface *xch, uint32_t domid, uint32_t tsc_mode,
    uint32_t gtsc_khz, uint32_t incarnation, uint64_t elapsed_nsec)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_settscinfo,
		.domain = domid };

	ctl.u.u32[0] = tsc_mode;
	ctl.u.u32[1] = gtsc_khz;
	ctl.u.u32[2] = incarnation;
	ctl.u.u64[2] = elapsed_nsec;
	if (xc_check_abi(xch, "set the TSC mode") < 0)
		return -1;
	return xc_do_domctl(xch, &ctl, "set the TSC mode") < 0 ? -1 : 0;
}

XC_API int
xc_domain_getinfo(xc_interface *xch, uint32_t domid, struct xc_domaininfo *out)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_getdomaininfo,
		.domain = domid };

	if (xc_do_domctl(xch, &ctl, "ask for its state") < 0)
		return -1;
	xc_decode_domaininfo(xch->abi, ctl.u.raw, out);
	/* Up to 4.17 Xen answers with the next domain that exists. */
	if (out->domid == domid)
		return 0;
	return xc_fail(xch, ESRCH, "domain %u: ask for its state", domid);
}

/* sysctl getdomaininfolist: {u16 first, u32 max, buffer, u32 num}. */
XC_API int
xc_domain_getinfolist(xc_interface *xch, uint32_t first, uint32_t max,
    struct xc_domaininfo *out)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_getdomaininfolist };
	size_t stride = xch->abi->info_size, size = stride * max;
	uint8_t *buf;
	uint32_t n;

	if (max == 0 || max > 65536) {
		errno = EINVAL;
		return xc_fail(xch, 0, "list domains: 1 to 65536 at a time");
	}
	if (first > UINT16_MAX)
		return 0;
	buf = xc_buf_get(xch, size);
	if (buf == NULL)
		return xc_fail(xch, errno, "list domains");
	ctl.u.u32[0] = first;
	ctl.u.u32[1] = max;
	ctl.u.u64[1] = (uintptr_t)buf;
	if (xc_do_sysctl(xch, &ctl, "list domains") < 0) {
		xc_buf_put(xch, buf, size);
		return -1;
	}
	n = ctl.u.u32[4] < max ? ctl.u.u32[4] : max;
	for (uint32_t i = 0; i < n; i++)
		xc_decode_domaininfo(xch->abi, buf + i * stride, &out[i]);
	xc_buf_put(xch, buf, size);
	return (int)n;
}
