/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows: the life of a domain, and what is set on it as a whole. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>

#include <xen/xen.h>
#include <xen/hvm/params.h>

#include "xc_rows.h"

static int
create(struct xr_env *e)
{
	struct xc_domaininfo info;
	uint32_t domid;

	if (xr_domain(e, 0, &domid) < 0 ||
	    xc_domain_getinfo(e->xch, domid, &info) < 0)
		return -1;
	if (domid == 0 || domid == e->pv || info.tot_pages != 0 ||
	    (info.flags & (XC_DOMINF_PAUSED | XC_DOMINF_HVM)) !=
		XC_DOMINF_PAUSED)
		return xr_wrong("domain %u, flags %#x", domid, info.flags);
	return 0;
}

static int
create_hvm(struct xr_env *e)
{
	struct xc_domaininfo info;
	uint32_t domid;

	if (xr_domain(e, e->hvm_flags, &domid) < 0 ||
	    xc_domain_getinfo(e->xch, domid, &info) < 0)
		return -1;
	return (info.flags & XC_DOMINF_HVM) != 0
	    ? 0
	    : xr_wrong("flags %#x", info.flags);
}

static int
is_gone(struct xr_env *e)
{
	struct xc_domaininfo info;
	uint32_t pv = e->pv;

	e->pv = XR_NO_HVM;
	if (xc_domain_getinfo(e->xch, pv, &info) == 0)
		return xr_wrong("it is still there");
	return xr_refused(ESRCH);
}

static int
destroy(struct xr_env *e)
{
	if (xc_domain_destroy(e->xch, e->pv) < 0)
		return -1;
	return is_gone(e);
}

static int
destroy_step(struct xr_env *e)
{
	int r;

	while ((r = xc_domain_destroy_step(e->xch, e->pv)) > 0)
		;
	if (r < 0)
		return -1;
	return is_gone(e);
}

/* Are just these of the flags set? */
static int
flags_are(struct xr_env *e, uint32_t mask, uint32_t want)
{
	struct xc_domaininfo info;

	if (xc_domain_getinfo(e->xch, e->pv, &info) < 0)
		return -1;
	return (info.flags & mask) == want
	    ? 0
	    : xr_wrong("flags %#x", info.flags);
}

static int
pause(struct xr_env *e)
{
	if (xc_domain_unpause(e->xch, e->pv) < 0 ||
	    flags_are(e, XC_DOMINF_PAUSED, 0) < 0 ||
	    xc_domain_pause(e->xch, e->pv) < 0 ||
	    flags_are(e, XC_DOMINF_PAUSED, XC_DOMINF_PAUSED) < 0)
		return -1;
	/* They nest. */
	if (xc_domain_pause(e->xch, e->pv) < 0 ||
	    xc_domain_unpause(e->xch, e->pv) < 0)
		return -1;
	return flags_are(e, XC_DOMINF_PAUSED, XC_DOMINF_PAUSED);
}

static int
shutdown_resume(struct xr_env *e)
{
	struct xc_domaininfo info;

	if (xc_domain_shutdown(e->xch, e->pv, 2) < 0 ||
	    xc_domain_getinfo(e->xch, e->pv, &info) < 0)
		return -1;
	if ((info.flags & XC_DOMINF_SHUTDOWN) == 0 || info.shutdown_reason != 2)
		return xr_wrong("flags %#x", info.flags);
	if (xc_domain_resume(e->xch, e->pv) < 0)
		return -1;
	return flags_are(e, XC_DOMINF_SHUTDOWN, 0);
}

static int
max_vcpus(struct xr_env *e)
{
	struct xc_domaininfo info;
	uint32_t domid;

	/* The domains of all rows have theirs: this one is as yet without. */
	if (xr_domain(e, 0, &domid) < 0 ||
	    xc_domain_max_vcpus(e->xch, e->pv < XR_ABSENT ? domid : e->pv, 1) <
		0 ||
	    xc_domain_getinfo(e->xch, domid, &info) < 0)
		return -1;
	return info.max_vcpu_id == 0 ? 0 : xr_wrong("%u", info.max_vcpu_id);
}

static int
set_max_mem(struct xr_env *e)
{
	int64_t pages;

	if (xc_domain_set_max_mem(e->xch, e->pv, XR_PAGES * 8 + 4) < 0)
		return -1;
	pages = xc_maximum_reservation(e->xch, e->pv);
	if (pages < 0)
		return -1;
	if (pages != XR_PAGES * 2 + 1)
		return xr_wrong("%lld pages", (long long)pages);
	return xc_domain_set_max_mem(e->xch, e->pv, XR_PAGES * 8);
}

static int
set_handle(struct xr_env *e)
{
	static const uint8_t handle[17] = "fedcba9876543210";
	struct xc_domaininfo info;

	if (xc_domain_set_handle(e->xch, e->pv, handle) < 0 ||
	    xc_domain_getinfo(e->xch, e->pv, &info) < 0)
		return -1;
	return memcmp(info.handle, handle, 16) == 0 ? 0 : xr_wrong("another");
}

static int
set_time_offset(struct xr_env *e)
{
	return xc_domain_set_time_offset(e->xch, e->pv, -3600);
}

static int
set_tsc_info(struct xr_env *e)
{
	return xc_domain_set_tsc_info(e->xch, e->pv, 1, 0, 0, 0);
}

static int
set_address_size(struct xr_env *e)
{
	return xc_domain_set_address_size(e->xch, e->pv, 64);
}

static int
set_target(struct xr_env *e)
{
	return xc_domain_set_target(e->xch, e->pv, e->hvm);
}

static int
set_debugging(struct xr_env *e)
{
	if (xc_domain_set_debugging(e->xch, e->pv, true) < 0 ||
	    flags_are(e, XC_DOMINF_DEBUGGED, XC_DOMINF_DEBUGGED) < 0 ||
	    xc_domain_set_debugging(e->xch, e->pv, false) < 0)
		return -1;
	return flags_are(e, XC_DOMINF_DEBUGGED, 0);
}

static int
send_trigger(struct xr_env *e)
{
	return xc_domain_send_trigger(e->xch, e->hvm, 0, 0);
}

static int
hypercall_init(struct xr_env *e)
{
	const uint64_t mfn = xr_mfn(e, 3000);
	unsigned char *p;
	int r;

	if (xc_domain_hypercall_init(e->xch, e->pv, mfn) < 0)
		return -1;
	p = xc_map_foreign_range(e->xch, e->pv, 1, mfn, 1);
	if (p == NULL)
		return -1;
	/* One stub of 32 bytes per hypercall, all alike but for the number. */
	r = p[0] != 0 && p[32] == p[0] && p[64] == p[0] ? 0
							: xr_wrong("no code");
	xc_unmap_foreign(e->xch, p, 1);
	return r;
}

static int
getinfo(struct xr_env *e)
{
	struct xc_domaininfo info;

	if (xc_domain_getinfo(e->xch, e->pv, &info) < 0)
		return -1;
	if (info.domid != e->pv || info.tot_pages < XR_PAGES ||
	    info.max_pages != XR_PAGES * 2 || info.max_vcpu_id != 1 ||
	    info.cpupool != 0)
		return xr_wrong("domain %u, %llu pages, vCPU %u", info.domid,
		    (unsigned long long)info.tot_pages, info.max_vcpu_id);
	return 0;
}

static int
getinfolist(struct xr_env *e)
{
	struct xc_domaininfo list[4];
	uint32_t from = e->pv < XR_ABSENT ? e->pv : 0;
	int n = xc_domain_getinfolist(e->xch, from, 4, list);

	if (n < 0)
		return -1;
	if (n < 1 || list[0].domid != from)
		return xr_wrong("%d domains", n);
	n = xc_domain_getinfolist(e->xch, 0, 1, list);
	if (n < 0)
		return -1;
	if (n != 1 || list[0].domid != 0 || list[0].nr_online_vcpus < 1)
		return xr_wrong("%d domains from 0", n);
	n = xc_domain_getinfolist(e->xch, XR_WIDE, 4, list);
	return n < 0 ? -1 : n == 0 ? 0 : xr_wrong("%d from 0x10000", n);
}

static int
hvm_param(struct xr_env *e)
{
	uint64_t v = 0;

	if (xc_hvm_param_set(e->xch, e->hvm, HVM_PARAM_STORE_PFN, 3) < 0 ||
	    xc_hvm_param_get(e->xch, e->hvm, HVM_PARAM_STORE_PFN, &v) < 0)
		return -1;
	return v == 3 ? 0 : xr_wrong("%llu", (unsigned long long)v);
}

/* --- the end that is none ------------------------------------------------ */

/* The domain shut down for that reason, and runs again after `again`. */
static int
runs_again(struct xr_env *e, uint32_t reason,
    int (*again)(xc_interface *xch, uint32_t domid))
{
	struct xc_domaininfo info;

	if (xc_domain_shutdown(e->xch, e->hvm, reason) < 0 ||
	    xc_domain_getinfo(e->xch, e->hvm, &info) < 0)
		return -1;
	if ((info.flags & XC_DOMINF_SHUTDOWN) == 0 ||
	    info.shutdown_reason != reason)
		return xr_wrong("flags %#x", info.flags);
	if (again(e->xch, e->hvm) < 0 ||
	    xc_domain_getinfo(e->xch, e->hvm, &info) < 0)
		return -1;
	return (info.flags & XC_DOMINF_SHUTDOWN) == 0
	    ? 0 : xr_wrong("it is still shut down");
}

static int
soft_reset(struct xr_env *e)
{
	return runs_again(e, 5, xc_domain_soft_reset);
}

/* Without PV drivers, so no suspend hypercall has a result. */
static int
resume_cooperative(struct xr_env *e)
{
	return runs_again(e, 2, xc_domain_resume_cooperative);
}

static void
close_channels(struct xr_env *e, uint64_t channels)
{
	(void)e;
	xc_evtchn_close((struct xc_evtchn *)(uintptr_t)channels);
}

/* Its own port, bound to one of ours, fires when it suspends. */
static int
subscribe(struct xr_env *e)
{
	struct xc_evtchn *ours = xc_evtchn_open();
	int port, local;
	uint32_t fired = 0;

	if (ours == NULL)
		return -1;
	xr_at_end(close_channels, (uintptr_t)ours);
	port = xc_evtchn_alloc_unbound(e->xch, e->pv, 0);
	if (port < 0)
		return -1;
	local = xc_evtchn_bind_interdomain(ours, e->pv, (uint32_t)port);
	if (local < 0)
		return -1;
	/* A port is pending once when it is bound. */
	if (xc_evtchn_pending(ours, &fired, 1) == 1)
		xc_evtchn_unmask(ours, fired);
	if (xc_domain_subscribe_for_suspend(e->xch, e->pv,
		(uint32_t)port) < 0 ||
	    xc_domain_shutdown(e->xch, e->pv, 2) < 0)
		return -1;
	for (int i = 0; i < 100; i++) {
		if (xc_evtchn_pending(ours, &fired, 1) == 1)
			return (int)fired == local ? 0
						   : xr_wrong("port %u", fired);
		poll(NULL, 0, 10);
	}
	return xr_wrong("the port is silent");
}

static void
virq_home(struct xr_env *e, uint64_t virq)
{
	xc_domain_set_virq_handler(e->xch, 0, (uint32_t)virq);
}

static int
virq_handler(struct xr_env *e)
{
	if (xc_domain_set_virq_handler(e->xch, e->pv, XC_VIRQ_CON_RING) < 0)
		return -1;
	xr_at_end(virq_home, XC_VIRQ_CON_RING);
	/* 0 is a vCPU's timer, not the host's. */
	if (xc_domain_set_virq_handler(e->xch, e->pv, 0) == 0)
		return xr_wrong("a timer for all");
	return xr_refused(EINVAL);
}

const struct xr_row xr_rows_domain[] = {
	{ .function = "xc_domain_create", create },
	{ .function = "xc_domain_create", create_hvm, .flags = XR_HVM },
	{ .function = "xc_domain_destroy", destroy,
	    .flags = XR_FRESH | XR_RECOVERS },
	{ .function = "xc_domain_destroy_step", destroy_step,
	    .flags = XR_FRESH | XR_RECOVERS },
	{ .function = "xc_domain_pause", pause, .flags = XR_FRESH },
	{ .function = "xc_domain_unpause", pause, .flags = XR_FRESH },
	{ .function = "xc_domain_shutdown", shutdown_resume },
	{ .function = "xc_domain_resume", shutdown_resume },
	{ .function = "xc_domain_max_vcpus", max_vcpus },
	{ .function = "xc_domain_set_max_mem", set_max_mem },
	{ .function = "xc_domain_set_handle", set_handle },
	{ .function = "xc_domain_set_time_offset", set_time_offset },
	{ .function = "xc_domain_set_tsc_info", set_tsc_info },
	{ .function = "xc_domain_set_address_size", set_address_size,
	    .flags = XR_FRESH },
	{ .function = "xc_domain_set_target", set_target,
	    .flags = XR_HVM | XR_FRESH },
	{ .function = "xc_domain_set_debugging", set_debugging },
	{ .function = "xc_domain_send_trigger", send_trigger,
	    .flags = XR_HVM },
	{ .function = "xc_domain_hypercall_init", hypercall_init },
	{ .function = "xc_domain_getinfo", getinfo },
	{ .function = "xc_domain_getinfolist", getinfolist },
	{ .function = "xc_hvm_param_set", hvm_param, .flags = XR_HVM },
	{ .function = "xc_hvm_param_get", hvm_param, .flags = XR_HVM },
	{ .function = "xc_domain_soft_reset", soft_reset,
	    .flags = XR_HVM | XR_FRESH },
	{ .function = "xc_domain_resume_cooperative", resume_cooperative,
	    .flags = XR_HVM | XR_FRESH },
	{ .function = "xc_domain_subscribe_for_suspend", subscribe,
	    .flags = XR_FRESH },
	{ .function = "xc_domain_set_virq_handler", virq_handler },
	{ 0 },
};

static int
taken_id(struct xr_env *e)
{
	struct xc_domain_create req = XC_DOMAIN_CREATE_INIT;
	uint32_t domid = e->pv;

	return xc_domain_create(e->xch, &domid, &req);
}

static int
grant_version(struct xr_env *e)
{
	struct xc_domain_create req = XC_DOMAIN_CREATE_INIT;
	uint32_t domid = 0;
	int r;

	req.max_grant_version = 7;
	r = xc_domain_create(e->xch, &domid, &req);
	/* One errno for both ways to refuse it: 4.16 brought the choice. */
	if (r < 0 && errno == ENOTSUP && e->minor < 16)
		errno = EINVAL;
	return r;
}

static int
list_of_none(struct xr_env *e)
{
	struct xc_domaininfo info;

	return xc_domain_getinfolist(e->xch, 0, 0, &info);
}

static int
list_of_many(struct xr_env *e)
{
	struct xc_domaininfo info;

	return xc_domain_getinfolist(e->xch, 0, 65537, &info);
}

static int
wide_target(struct xr_env *e)
{
	return xc_domain_set_target(e->xch, e->pv, XR_WIDE + e->hvm);
}

static int
no_such_param(struct xr_env *e)
{
	return xc_hvm_param_set(e->xch, e->hvm, 9999, 3);
}

static int
param_of_pv(struct xr_env *e)
{
	uint64_t v;

	return xc_hvm_param_get(e->xch, e->pv, HVM_PARAM_STORE_PFN, &v);
}

static int
nmi_to_none(struct xr_env *e)
{
	return xc_domain_send_trigger(e->xch, e->hvm, 0, 9);
}

static int
own_pause(struct xr_env *e)
{
	return xc_domain_pause(e->xch, 0);
}

const struct xr_bad xr_bad_domain[] = {
	{ "a taken domain id", taken_id, EEXIST, XB_ASKS, 0 },
	{ "an impossible grant version", grant_version, EINVAL, XB_ASKS, 0 },
	{ "a list of no domains", list_of_none, EINVAL, 0, 0 },
	{ "a list of too many domains", list_of_many, EINVAL, 0, 0 },
	{ "a wide id as target", wide_target, ESRCH, 0, 0 },
	{ "an HVM parameter there is not", no_such_param, EINVAL,
	    XB_ASKS | XB_HVM, 0 },
	{ "an HVM parameter of a PV domain", param_of_pv, EINVAL, XB_ASKS, 0 },
	{ "an NMI to no vCPU", nmi_to_none, ESRCH, XB_ASKS | XB_HVM, 0 },
	{ "a pause of oneself", own_pause, EINVAL, XB_ASKS, 0 },
	{ 0 },
};
