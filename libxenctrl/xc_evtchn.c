/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Event channels: of other domains by hypercall, our own by /dev/xen/evtchn. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <xen/xen.h>
#include <xen/evtchn.h>
#include <xen/event_channel.h>

#include "xc_private.h"

XC_API int
xc_evtchn_alloc_unbound(xc_interface *xch, uint32_t domid, uint32_t remote)
{
	struct evtchn_alloc_unbound a = { .dom = (domid_t)domid,
		.remote_dom = (domid_t)remote };

	if (xc_check_domid(xch, domid) < 0 || xc_check_domid(xch, remote) < 0)
		return -1;
	if (xc_hypercall_buf(xch, XC_HC_EVENT_CHANNEL, EVTCHNOP_alloc_unbound,
		&a, sizeof(a)) < 0)
		return xc_fail(xch, errno, "domain %u: new event channel",
		    domid);
	return (int)a.port;
}

XC_API int
xc_evtchn_status(xc_interface *xch, uint32_t domid, uint32_t port,
    struct xc_evtchn_status *out)
{
	struct evtchn_status s;

	memset(&s, 0, sizeof(s));
	s.dom = (domid_t)domid;
	s.port = port;
	if (xc_check_domid(xch, domid) < 0)
		return -1;
	if (xc_hypercall_buf(xch, XC_HC_EVENT_CHANNEL, EVTCHNOP_status, &s,
		sizeof(s)) < 0)
		return xc_fail(xch, errno, "domain %u: event channel %u",
		    domid, port);
	out->status = s.status;
	out->vcpu = s.vcpu;
	out->remote_dom = s.status == EVTCHNSTAT_unbound ? s.u.unbound.dom
	    : s.status == EVTCHNSTAT_interdomain	 ? s.u.interdomain.dom
							 : 0;
	out->remote_port = s.status == EVTCHNSTAT_interdomain
	    ? s.u.interdomain.port
	    : 0;
	return 0;
}

XC_API struct xc_evtchn *
xc_evtchn_open(void)
{
	struct xc_evtchn *e = malloc(sizeof(*e));

	if (e == NULL)
		return NULL;
	e->fd = xc_os_open("/dev/xen/evtchn", O_RDWR | O_NONBLOCK);
	if (e->fd < 0) {
		free(e);
		return NULL;
	}
	return e;
}

XC_API void
xc_evtchn_close(struct xc_evtchn *e)
{
	if (e == NULL)
		return;
	close(e->fd);
	free(e);
}

XC_API int
xc_evtchn_fd(const struct xc_evtchn *e)
{
	return e->fd;
}

/* The kernel would cut it to 16 bits, perhaps another domain's. */
static bool
no_domid(uint32_t domid)
{
	if (domid <= UINT16_MAX)
		return false;
	errno = ESRCH;
	return true;
}

XC_API int
xc_evtchn_bind_unbound(struct xc_evtchn *e, uint32_t remote)
{
	struct ioctl_evtchn_bind_unbound_port b = { .remote_domain = remote };

	if (no_domid(remote))
		return -1;
	return (int)xc_os_ioctl(XC_DEV_EVTCHN, e->fd,
	    IOCTL_EVTCHN_BIND_UNBOUND_PORT, &b);
}

XC_API int
xc_evtchn_bind_interdomain(struct xc_evtchn *e, uint32_t domid, uint32_t port)
{
	struct ioctl_evtchn_bind_interdomain b = { .remote_domain = domid,
		.remote_port = port };

	if (no_domid(domid))
		return -1;
	return (int)xc_os_ioctl(XC_DEV_EVTCHN, e->fd,
	    IOCTL_EVTCHN_BIND_INTERDOMAIN, &b);
}

XC_API int
xc_evtchn_bind_virq(struct xc_evtchn *e, uint32_t virq)
{
	struct ioctl_evtchn_bind_virq b = { .virq = virq };

	return (int)xc_os_ioctl(XC_DEV_EVTCHN, e->fd, IOCTL_EVTCHN_BIND_VIRQ,
	    &b);
}

XC_API int
xc_evtchn_unbind(struct xc_evtchn *e, uint32_t port)
{
	struct ioctl_evtchn_unbind u = { .port = port };

	return (int)xc_os_ioctl(XC_DEV_EVTCHN, e->fd, IOCTL_EVTCHN_UNBIND, &u);
}

XC_API int
xc_evtchn_notify(struct xc_evtchn *e, uint32_t port)
{
	struct ioctl_evtchn_notify n = { .port = port };

	return (int)xc_os_ioctl(XC_DEV_EVTCHN, e->fd, IOCTL_EVTCHN_NOTIFY, &n);
}

XC_API int
xc_evtchn_pending(struct xc_evtchn *e, uint32_t *ports, size_t max)
{
	ssize_t n;

	do
		n = read(e->fd, ports, max * sizeof(*ports));
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return (int)((size_t)n / sizeof(*ports));
	if (errno == EAGAIN)
		return 0;
	if (errno == EFBIG) {
		/* The kernel's ring overflowed; empty, it works again. */
		xc_os_ioctl(XC_DEV_EVTCHN, e->fd, IOCTL_EVTCHN_RESET, NULL);
		errno = EFBIG;
	}
	return -1;
}

XC_API int
xc_evtchn_unmask(struct xc_evtchn *e, uint32_t port)
{
	ssize_t n;

	do
		n = write(e->fd, &port, sizeof(port));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(port) ? 0 : -1;
}

XC_API int
xc_evtchn_restrict(struct xc_evtchn *e, uint32_t domid)
{
	struct ioctl_evtchn_restrict_domid r = { .domid = (domid_t)domid };

	if (no_domid(domid))
		return -1;
	return (int)xc_os_ioctl(XC_DEV_EVTCHN, e->fd,
	    IOCTL_EVTCHN_RESTRICT_DOMID, &r);
}

XC_API int
xc_evtchn_reset(xc_interface *xch, uint32_t domid)
{
	struct evtchn_reset r = { .dom = (domid_t)domid };

	if (xc_check_domid(xch, domid) < 0)
		return -1;
	if (xc_hypercall_buf(xch, XC_HC_EVENT_CHANNEL, EVTCHNOP_reset, &r,
		sizeof(r)) < 0)
		return xc_fail(xch, errno, "domain %u: reset its event "
		    "channels", domid);
	return 0;
}
