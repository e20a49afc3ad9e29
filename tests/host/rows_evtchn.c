/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows: event channels, on behalf of others and our own. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>

#include "xc_rows.h"

/* Waits until the port fires, and unmasks it. */
static bool
fired(struct xc_evtchn *e, int port)
{
	struct pollfd fd = { .fd = xc_evtchn_fd(e), .events = POLLIN };
	uint32_t ports[8];
	int n;

	while (poll(&fd, 1, 5000) == 1) {
		n = xc_evtchn_pending(e, ports, 8);
		for (int i = 0; i < n; i++)
			if (xc_evtchn_unmask(e, ports[i]) == 0 &&
			    (int)ports[i] == port)
				return true;
	}
	return false;
}

/* A port of the PV domain, bound here, and seen from outside; closing the device
 * unbinds it. */
static int
others(struct xr_env *e)
{
	struct xc_evtchn_status st;
	struct xc_evtchn *own;
	int remote = xc_evtchn_alloc_unbound(e->xch, e->pv, 0), local, r;

	if (remote < 0)
		return -1;
	own = xc_evtchn_open();
	local = own == NULL
	    ? -1
	    : xc_evtchn_bind_interdomain(own, e->pv, (uint32_t)remote);
	r = local < 0
	    ? xr_wrong("bind: errno %d", errno)
	    : xc_evtchn_status(e->xch, e->pv, (uint32_t)remote, &st);
	if (r == 0 &&
	    (st.status != 2 || st.remote_dom != 0 ||
		st.remote_port != (uint32_t)local))
		r = xr_wrong("status %u, port %u", st.status, st.remote_port);
	if (r == 0 && xc_evtchn_notify(own, (uint32_t)local) < 0)
		r = xr_wrong("notify: errno %d", errno);
	if (r < 0) {
		local = errno;
		xc_evtchn_close(own);
		errno = local;
		return -1;
	}
	xc_evtchn_close(own);
	if (xc_evtchn_status(e->xch, e->pv, (uint32_t)remote, &st) < 0)
		return -1;
	return st.status == 1 ? 0 : xr_wrong("status %u", st.status);
}

static int
talk(struct xc_evtchn *a, struct xc_evtchn *b)
{
	int pa = xc_evtchn_bind_unbound(a, 0), pb;

	if (pa <= 0)
		return xr_wrong("bind an unbound port: errno %d", errno);
	pb = xc_evtchn_bind_interdomain(b, 0, (uint32_t)pa);
	if (pb <= 0)
		return xr_wrong("bind the other end: errno %d", errno);
	for (int i = 0; i < 3; i++)
		if (xc_evtchn_notify(b, (uint32_t)pb) < 0 || !fired(a, pa) ||
		    xc_evtchn_notify(a, (uint32_t)pa) < 0 || !fired(b, pb))
			return xr_wrong("round %d", i);
	if (xc_evtchn_unbind(b, (uint32_t)pb) < 0)
		return xr_wrong("unbind: errno %d", errno);
	if (xc_evtchn_unbind(b, (uint32_t)pb) == 0)
		return xr_wrong("unbound twice");
	return 0;
}

/* dom0 with itself. */
static int
own(struct xr_env *e)
{
	struct xc_evtchn *a = xc_evtchn_open(), *b = xc_evtchn_open();
	int r = a == NULL || b == NULL ? xr_wrong("open") : talk(a, b);

	(void)e;
	xc_evtchn_close(a);
	xc_evtchn_close(b);
	xc_evtchn_close(NULL);
	return r;
}

static bool
overflown(struct xc_evtchn *e)
{
	struct pollfd fd = { .fd = xc_evtchn_fd(e), .events = POLLIN };

	return poll(&fd, 1, 0) == 1 && (fd.revents & POLLERR) != 0;
}

/* Who unmasks what he never takes fills the kernel's ring; he is told, and from then
 * on all is as it was. */
static int
flood(struct xc_evtchn *a, struct xc_evtchn *b)
{
	int pa = xc_evtchn_bind_unbound(a, 0), pb;
	uint32_t ports[8];
	int rounds = 0;

	pb = pa <= 0 ? -1 : xc_evtchn_bind_interdomain(b, 0, (uint32_t)pa);
	if (pb <= 0)
		return xr_wrong("bind: errno %d", errno);
	while (!overflown(a)) {
		if (rounds++ == 100000)
			return xr_wrong("the ring takes all");
		if (xc_evtchn_notify(b, (uint32_t)pb) < 0 ||
		    xc_evtchn_unmask(a, (uint32_t)pa) < 0)
			return xr_wrong("round %d: errno %d", rounds, errno);
	}
	if (xc_evtchn_pending(a, ports, 8) != -1 || errno != EFBIG)
		return xr_wrong("after %d rounds: errno %d", rounds, errno);
	if (xc_evtchn_pending(a, ports, 8) != 0)
		return xr_wrong("the ring is not empty");
	if (xc_evtchn_unmask(a, (uint32_t)pa) < 0 ||
	    xc_evtchn_notify(b, (uint32_t)pb) < 0 || !fired(a, pa))
		return xr_wrong("afterwards: errno %d", errno);
	return 0;
}

static int
pending(struct xr_env *e)
{
	struct xc_evtchn *a = xc_evtchn_open(), *b = xc_evtchn_open();
	int r = a == NULL || b == NULL ? xr_wrong("open") : flood(a, b);

	(void)e;
	xc_evtchn_close(a);
	xc_evtchn_close(b);
	return r;
}

/* The end of a domain is told. */
static int
virq(struct xr_env *e)
{
	struct xc_evtchn *c = xc_evtchn_open();
	int port = c == NULL ? -1 : xc_evtchn_bind_virq(c, XC_VIRQ_DOM_EXC);
	int r = port < 0 ? xr_wrong("bind: errno %d", errno) : 0;

	if (r == 0 && xc_domain_destroy(e->xch, e->pv) < 0) {
		r = errno;
		xc_evtchn_close(c);
		errno = r;
		return -1;
	}
	e->pv = XR_NO_HVM;
	if (r == 0 && !fired(c, port))
		r = xr_wrong("nothing came");
	xc_evtchn_close(c);
	return r;
}

const struct xr_row xr_rows_evtchn[] = {
	{ .function = "xc_evtchn_alloc_unbound", others, .flags = XR_FRESH },
	{ .function = "xc_evtchn_status", others, .flags = XR_FRESH },
	{ .function = "xc_evtchn_open", own, .flags = XR_NO_FAULT },
	{ .function = "xc_evtchn_close", own, .flags = XR_NO_FAULT },
	{ .function = "xc_evtchn_fd", own, .flags = XR_NO_FAULT },
	{ .function = "xc_evtchn_bind_unbound", own, .flags = XR_NO_FAULT },
	{ .function = "xc_evtchn_bind_interdomain", own,
	    .flags = XR_NO_FAULT },
	{ .function = "xc_evtchn_bind_virq", virq,
	    .flags = XR_FRESH | XR_NO_FAULT },
	{ .function = "xc_evtchn_unbind", own, .flags = XR_NO_FAULT },
	{ .function = "xc_evtchn_notify", own, .flags = XR_NO_FAULT },
	{ .function = "xc_evtchn_pending", pending, .flags = XR_NO_FAULT },
	{ .function = "xc_evtchn_unmask", own, .flags = XR_NO_FAULT },
	{ 0 },
};

static int
wide_remote(struct xr_env *e)
{
	return xc_evtchn_alloc_unbound(e->xch, e->pv, XR_WIDE);
}

static int
no_such_port(struct xr_env *e)
{
	struct xc_evtchn_status st;

	return xc_evtchn_status(e->xch, e->pv, 1u << 20, &st);
}

static int
own_wide_remote(struct xr_env *e)
{
	struct xc_evtchn *c = xc_evtchn_open();
	int r = xc_evtchn_bind_unbound(c, XR_WIDE), err = errno;

	(void)e;
	xc_evtchn_close(c);
	errno = err;
	return r;
}

static int
own_wide_domain(struct xr_env *e)
{
	struct xc_evtchn *c = xc_evtchn_open();
	int r = xc_evtchn_bind_interdomain(c, XR_WIDE + e->pv, 1), err = errno;

	xc_evtchn_close(c);
	errno = err;
	return r;
}

static int
taken_virq(struct xr_env *e)
{
	struct xc_evtchn *a = xc_evtchn_open(), *b = xc_evtchn_open();
	int r = xc_evtchn_bind_virq(a, XC_VIRQ_DOM_EXC), err;

	(void)e;
	r = r < 0 ? xr_wrong("the first one: errno %d", errno)
		  : xc_evtchn_bind_virq(b, XC_VIRQ_DOM_EXC);
	err = errno;
	xc_evtchn_close(a);
	xc_evtchn_close(b);
	errno = err;
	return r;
}

const struct xr_bad xr_bad_evtchn[] = {
	{ "a channel for a wide domain id", wide_remote, ESRCH, 0, 0 },
	{ "the status of no port", no_such_port, EINVAL, XB_ASKS, 0 },
	{ "our channel for a wide domain id", own_wide_remote, ESRCH, XB_SILENT,
	    0 },
	{ "our channel to a wide domain id", own_wide_domain, ESRCH, XB_SILENT,
	    0 },
	{ "a virtual interrupt that is taken", taken_virq, EEXIST, XB_SILENT,
	    0 },
	{ 0 },
};
