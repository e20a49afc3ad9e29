/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The seam on Xen: /dev/xen/evtchn and gntdev, the domain list, and xenfs for
 * the ring of the control domain's kernel. Every event channel is unmasked as it
 * is reported, so that a kick during the work on it is not lost.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hv.h"
#include "xenctrl.h"
#include "xu_buf.h"
#include "xu_file.h"

/* xen/grant_table.h GNTTAB_RESERVED_XENSTORE */
#define XENSTORE_GRANT 1u

/* How a ring was mapped. */
enum { GRANTED, FOREIGN, KVA };

static xc_interface *xch;
static struct xc_evtchn *xce;
static struct xc_gnttab *xcg;
static int virq_port = -1;

static int
xen_open(const char *arg, struct xu_err *e)
{
	char why[256];

	(void)arg;
	xch = xc_interface_open(NULL, 0, why, sizeof(why));
	if (xch == NULL)
		return xu_err_set(e, "INTERNAL_ERROR", 0, "%s", why);
	xce = xc_evtchn_open();
	xcg = xc_gnttab_open();
	if (xce == NULL || xcg == NULL)
		return xu_err_set(e, "INTERNAL_ERROR", errno,
		    "open /dev/xen/evtchn and /dev/xen/gntdev (are the modules "
		    "xen-evtchn and xen-gntdev loaded?)");
	virq_port = xc_evtchn_bind_virq(xce, XC_VIRQ_DOM_EXC);
	if (virq_port < 0)
		return xu_err_set(e, "INTERNAL_ERROR", errno,
		    errno == EEXIST
			? "another xenstored has VIRQ_DOM_EXC: stop it first"
			: "bind VIRQ_DOM_EXC");
	return 0;
}

static int
xen_fd(void)
{
	return xc_evtchn_fd(xce);
}

static size_t
xen_events(struct hv_event *ev, size_t max)
{
	uint32_t ports[64];
	int n = xc_evtchn_pending(xce, ports,
	    max < XU_ARRAY_SIZE(ports) ? max : XU_ARRAY_SIZE(ports));

	if (n < 0 && errno == EFBIG) {
		xc_evtchn_unmask(xce, (uint32_t)virq_port);
		ev[0].kind = HV_OVERFLOW;
		return 1;
	}
	for (int i = 0; i < n; i++) {
		ev[i].kind = (int)ports[i] == virq_port ? HV_DOMAINS : HV_PORT;
		if (ev[i].kind == HV_DOMAINS)
			xc_evtchn_unmask(xce, ports[i]);
		ev[i].port = ports[i];
	}
	return n < 0 ? 0 : (size_t)n;
}

static void
xen_rearm(uint32_t port)
{
	xc_evtchn_unmask(xce, port);
}

static int
xen_bind(uint16_t domid, uint32_t remote, uint32_t *port)
{
	int p = xc_evtchn_bind_interdomain(xce, domid, remote);

	if (p < 0)
		return errno == ESRCH ? EINVAL : errno;
	*port = (uint32_t)p;
	return 0;
}

static void
xen_unbind(uint32_t port)
{
	xc_evtchn_unbind(xce, port);
}

static void
xen_notify(uint32_t port)
{
	(void)xc_evtchn_notify(xce, port);
}

static int
xen_map(uint16_t domid, uint64_t gfn, struct hv_ring *ring)
{
	const int rw = PROT_READ | PROT_WRITE;

	ring->how = GRANTED;
	ring->page = xc_gnttab_map(xcg, domid, XENSTORE_GRANT, rw);
	if (ring->page == NULL) {
		/* A builder that seeded no grant: the frame it named. */
		ring->how = FOREIGN;
		ring->page = xc_map_foreign(xch, domid, rw, &gfn, NULL, 1);
	}
	return ring->page == NULL ? EINVAL : 0;
}

static void
xen_unmap(uint16_t domid, struct hv_ring *ring)
{
	(void)domid;
	switch (ring->how) {
	case GRANTED:
		xc_gnttab_unmap(xcg, ring->page);
		break;
	case FOREIGN:
		xc_unmap_foreign(xch, ring->page, 1);
		break;
	default:
		munmap(ring->page, HV_PAGE_SIZE);
	}
	ring->page = NULL;
}

/* The kernel of the control domain offers its ring through xenfs. */
static int
xen_own_ring(struct hv_ring *ring, uint32_t *remote, struct xu_err *e)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;
	AUTO_CLOSE int fd = -1;

	if (xu_file_read("/proc/xen/xsd_port", 64, &text, e) < 0) {
		xu_err_add(e, "dom0's ring (is xenfs mounted on /proc/xen?)");
		return EIO;
	}
	if (sscanf(xu_buf_text(&text), "%u", remote) != 1) {
		xu_err_set(e, "INTERNAL_ERROR", 0,
		    "/proc/xen/xsd_port holds no port");
		return EIO;
	}
	fd = open("/proc/xen/xsd_kva", O_RDWR | O_CLOEXEC);
	ring->how = KVA;
	ring->page = fd < 0 ? MAP_FAILED
			    : mmap(NULL, HV_PAGE_SIZE, PROT_READ | PROT_WRITE,
				  MAP_SHARED, fd, 0);
	if (ring->page == MAP_FAILED) {
		ring->page = NULL;
		xu_err_set(e, "INTERNAL_ERROR", errno, "map /proc/xen/xsd_kva");
		return EIO;
	}
	return 0;
}

/*
 * Xen gives no number that is never used again; a domain's handle stands for
 * it, because whoever creates domains gives each its own.
 */
static void
decode(const struct xc_domaininfo *info, struct hv_domain *out)
{
	_Static_assert(sizeof(out->instance) == sizeof(info->handle),
	    "the instance is the handle");

	out->domid = (uint16_t)info->domid;
	out->dying = (info->flags & XC_DOMINF_DYING) != 0;
	out->shutdown = (info->flags & XC_DOMINF_SHUTDOWN) != 0;
	memcpy(out->instance, info->handle, sizeof(out->instance));
}

static int
xen_domain(uint16_t domid, struct hv_domain *out)
{
	struct xc_domaininfo info;

	if (xc_domain_getinfo(xch, domid, &info) < 0)
		return ESRCH;
	decode(&info, out);
	return 0;
}

static int
xen_domains(uint16_t first, struct hv_domain *out, size_t max)
{
	struct xc_domaininfo info[256];
	int n = xc_domain_getinfolist(xch, first,
	    max < XU_ARRAY_SIZE(info) ? (uint32_t)max : XU_ARRAY_SIZE(info),
	    info);

	for (int i = 0; i < n; i++)
		decode(&info[i], &out[i]);
	return n;
}

const struct hv_ops hv_xen = { xen_open, xen_fd, xen_events, xen_rearm,
	xen_bind, xen_map, xen_unbind, xen_notify, xen_unmap, xen_own_ring,
	xen_domain, xen_domains };
