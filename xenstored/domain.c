/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Domains: their rings come with INTRODUCE and go with RELEASE or death, which
 * Xen tells by VIRQ_DOM_EXC. Without Xen's devices (--no-xen) there are none.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "xenctrl.h"
#include "xu_file.h"
#include "xsd.h"

/* xen/grant_table.h GNTTAB_RESERVED_XENSTORE */
#define XENSTORE_GRANT 1u

const char *const quota_names[QUOTA_COUNT] = { "nodes", "watches",
	"transactions", "outstanding", "transaction-nodes", "node-permissions",
	"path-max", "node-size" };
uint32_t quota_defaults[QUOTA_COUNT] = { 1000, 128, 10, 20, 1024, 5, 2048,
	2048 };

struct xu_list domains = XU_LIST_INIT(domains);
static struct xu_map *by_domid, *by_port;
static xc_interface *xch;
static struct xc_evtchn *xce;
static struct xc_gnttab *xcg;
static int virq_port = -1;

uint32_t
quota_of(const struct conn *c, enum quota q)
{
	return c->domain != NULL ? c->domain->quota[q] : quota_defaults[q];
}

int
quota_find(const char *name)
{
	for (int i = 0; i < QUOTA_COUNT; i++)
		if (strcmp(quota_names[i], name) == 0)
			return i;
	return -1;
}

struct domain *
domain_find(uint16_t domid)
{
	return by_domid == NULL ? NULL : xu_map_get_u64(by_domid, domid);
}

struct domain *
domain_get(uint16_t domid)
{
	struct domain *d = domain_find(domid);

	if (d != NULL)
		return d;
	if (by_domid == NULL && (by_domid = xu_map_new()) == NULL)
		return NULL;
	d = calloc(1, sizeof(*d));
	if (d == NULL)
		return NULL;
	d->domid = domid;
	d->port = -1;
	d->target = -1;
	memcpy(d->quota, quota_defaults, sizeof(d->quota));
	if (xu_map_put_u64(by_domid, domid, d) < 0) {
		free(d);
		return NULL;
	}
	xu_list_append(&domains, &d->link);
	return d;
}

bool
domain_exists_in_xen(uint16_t domid)
{
	struct xc_domaininfo info;

	/* Sockets only: there is nobody to ask. */
	if (xch == NULL || domid == 0)
		return true;
	return xc_domain_getinfo(xch, domid, &info) == 0;
}

void
domain_notify(const struct domain *d)
{
	if (d->port >= 0 && xce != NULL)
		(void)xc_evtchn_notify(xce, (uint32_t)d->port);
}

/* --- the ring --------------------------------------------------------------------- */

static int
map_ring(struct domain *d, uint64_t gfn)
{
	const int rw = PROT_READ | PROT_WRITE;

	d->ring = xc_gnttab_map(xcg, d->domid, XENSTORE_GRANT, rw);
	d->ring_granted = d->ring != NULL;
	if (d->ring == NULL) {
		/* A builder that seeded no grant: the frame it named. */
		d->ring = xc_map_foreign(xch, d->domid, rw, &gfn, NULL, 1);
		d->ring_foreign = d->ring != NULL;
	}
	return d->ring == NULL ? EINVAL : 0;
}

static void
unmap_ring(struct domain *d)
{
	if (d->ring_granted)
		xc_gnttab_unmap(xcg, d->ring);
	else if (d->ring_foreign)
		xc_unmap_foreign(xch, d->ring, 1);
	else if (d->ring_kva)
		munmap(d->ring, XC_PAGE_SIZE);
	d->ring_granted = d->ring_foreign = d->ring_kva = false;
	d->ring = NULL;
}

static void
unbind(struct domain *d)
{
	if (d->port < 0)
		return;
	xu_map_del_u64(by_port, (uint64_t)d->port);
	xc_evtchn_unbind(xce, (uint32_t)d->port);
	d->port = -1;
}

static int
bind_port(struct domain *d, uint32_t remote)
{
	int port = xc_evtchn_bind_interdomain(xce, d->domid, remote);

	if (port < 0)
		return errno == EINVAL || errno == ESRCH ? EINVAL : errno;
	if (xu_map_put_u64(by_port, (uint64_t)port, d) < 0) {
		xc_evtchn_unbind(xce, (uint32_t)port);
		return ENOMEM;
	}
	d->port = port;
	return 0;
}

static int
new_conn(struct domain *d)
{
	d->conn = conn_new(&ring_ops, d->domid, d->domid == 0);
	if (d->conn == NULL)
		return ENOMEM;
	d->conn->domain = d;
	return 0;
}

/* A known domain again (a guest that was kexec'ed, or a new port). */
static int
reintroduce(struct domain *d, uint32_t port)
{
	int err;

	unbind(d);
	err = bind_port(d, port);
	if (err != 0)
		return err;
	if (d->conn != NULL)
		conn_reset(d->conn);
	else if ((err = new_conn(d)) != 0)
		return err;
	ring_setup(d);
	domain_notify(d);
	return 0;
}

int
domain_introduce(uint16_t domid, uint64_t gfn, uint32_t port)
{
	struct xc_domaininfo info;
	struct domain *d;
	int err;

	if (xch == NULL)
		return ENOSYS;
	if (xc_domain_getinfo(xch, domid, &info) < 0)
		return ENOENT;
	d = domain_get(domid);
	if (d == NULL)
		return ENOMEM;
	if (d->introduced)
		return reintroduce(d, port);
	err = map_ring(d, gfn);
	if (err == 0)
		err = bind_port(d, port);
	if (err == 0)
		err = new_conn(d);
	if (err != 0) {
		unbind(d);
		if (d->ring != NULL)
			unmap_ring(d);
		return err;
	}
	memcpy(d->handle, info.handle, sizeof(d->handle));
	d->introduced = true;
	d->shutdown_seen = false;
	ring_setup(d);
	domain_notify(d);
	watch_fire_special("@introduceDomain", domid);
	return 0;
}

/* --- the end -------------------------------------------------------------------------- */

static void
domain_free(struct domain *d)
{
	uint16_t domid = d->domid;
	struct xu_list *it;

	if (d->conn != NULL)
		conn_kill(d->conn);
	unbind(d);
	if (d->ring != NULL)
		unmap_ring(d);
	store_forget_domain(d, true);
	LIST_FOREACH(it, &domains)
	{
		struct domain *o = xu_container_of(it, struct domain, link);

		if (o->target == (int32_t)domid)
			o->target = -1;
	}
	xu_map_del_u64(by_domid, domid);
	xu_list_remove(&d->link);
	free(d);
}

int
domain_release(uint16_t domid)
{
	struct domain *d = domain_find(domid);

	if (domid == 0)
		return EINVAL;
	if (d == NULL || !d->introduced)
		return ENOENT;
	domain_free(d);
	watch_fire_special("@releaseDomain", domid);
	return 0;
}

int
domain_resume(uint16_t domid)
{
	struct domain *d = domain_find(domid);

	if (d == NULL || !d->introduced)
		return ENOENT;
	d->shutdown_seen = false;
	return 0;
}

/* Gone, dying, or another domain under the same id. */
static bool
is_dead(const struct domain *d, const struct xc_domaininfo *info, int n)
{
	for (int i = 0; i < n; i++)
		if (info[i].domid == d->domid)
			return (info[i].flags & XC_DOMINF_DYING) != 0 ||
			    (d->introduced &&
				memcmp(info[i].handle, d->handle, 16) != 0);
	return true;
}

static bool
newly_shut_down(struct domain *d, const struct xc_domaininfo *info, int n)
{
	if (!d->introduced || d->shutdown_seen)
		return false;
	for (int i = 0; i < n; i++)
		if (info[i].domid == d->domid &&
		    (info[i].flags & XC_DOMINF_SHUTDOWN) != 0) {
			d->shutdown_seen = true;
			return true;
		}
	return false;
}

#define MAX_DOMAINS 32768

static void
check_domains(void)
{
	struct xc_domaininfo *info = malloc(MAX_DOMAINS * sizeof(*info));
	struct xu_list *it, *tmp;
	int n = info == NULL ? -1
			     : xc_domain_getinfolist(xch, 0, MAX_DOMAINS, info);

	LIST_FOREACH_SAFE(it, tmp, &domains)
	{
		struct domain *d = xu_container_of(it, struct domain, link);
		uint16_t domid = d->domid;
		bool was_introduced = d->introduced;

		if (n < 0 || domid == 0)
			continue;
		if (is_dead(d, info, n)) {
			domain_free(d);
			if (was_introduced)
				watch_fire_special("@releaseDomain", domid);
		} else if (newly_shut_down(d, info, n)) {
			watch_fire_special("@releaseDomain", domid);
		}
	}
	free(info);
}

/* --- start and events -------------------------------------------------------------------- */

int
domains_fd(void)
{
	return xce == NULL ? -1 : xc_evtchn_fd(xce);
}

void
domains_events(void)
{
	uint32_t ports[64];
	struct xu_list *it, *tmp;
	struct domain *d;
	int n;

	while ((n = xc_evtchn_pending(xce, ports, XU_ARRAY_SIZE(ports))) > 0) {
		for (int i = 0; i < n; i++) {
			/* Before the work: a kick during it is not lost. */
			xc_evtchn_unmask(xce, ports[i]);
			if ((int)ports[i] == virq_port)
				check_domains();
			else if ((d = xu_map_get_u64(by_port, ports[i])) != NULL)
				ring_event(d);
		}
		if (n < (int)XU_ARRAY_SIZE(ports))
			break;
	}
	if (n >= 0 || errno != EFBIG)
		return;
	/* The kernel dropped some: everybody may have rung. */
	LIST_FOREACH_SAFE(it, tmp, &domains)
	{
		d = xu_container_of(it, struct domain, link);
		if (d->port >= 0)
			xc_evtchn_unmask(xce, (uint32_t)d->port);
		ring_event(d);
	}
	xc_evtchn_unmask(xce, (uint32_t)virq_port);
	check_domains();
}

/* The kernel of the control domain offers its ring through xenfs. */
static int
dom0_ring(struct xu_err *e)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;
	struct domain *d = domain_get(0);
	AUTO_CLOSE int fd = -1;
	unsigned port;
	int err;

	if (d == NULL)
		return xu_err_set(e, "INTERNAL_ERROR", ENOMEM, "dom0's ring");
	if (xu_file_read("/proc/xen/xsd_port", 64, &text, e) < 0)
		return xu_err_add(e, "dom0's ring (is xenfs mounted on "
				     "/proc/xen?)");
	if (sscanf(xu_buf_text(&text), "%u", &port) != 1)
		return xu_err_set(e, "INTERNAL_ERROR", 0,
		    "/proc/xen/xsd_port holds no port");
	fd = open("/proc/xen/xsd_kva", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return xu_err_set(e, "INTERNAL_ERROR", errno,
		    "open /proc/xen/xsd_kva");
	d->ring = mmap(NULL, XC_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
	    fd, 0);
	if (d->ring == MAP_FAILED) {
		d->ring = NULL;
		return xu_err_set(e, "INTERNAL_ERROR", errno,
		    "map /proc/xen/xsd_kva");
	}
	d->ring_kva = true;
	err = bind_port(d, port);
	if (err == 0)
		err = new_conn(d);
	if (err != 0)
		return xu_err_set(e, "INTERNAL_ERROR", err,
		    "bind dom0's store event channel %u", port);
	d->introduced = true;
	ring_setup(d);
	domain_notify(d);
	return 0;
}

int
domains_init(bool with_dom0_ring, struct xu_err *e)
{
	char why[256];

	by_port = xu_map_new();
	xch = xc_interface_open(NULL, 0, why, sizeof(why));
	if (xch == NULL)
		return xu_err_set(e, "INTERNAL_ERROR", 0, "%s", why);
	xce = xc_evtchn_open();
	xcg = xc_gnttab_open();
	if (xce == NULL || xcg == NULL || by_port == NULL)
		return xu_err_set(e, "INTERNAL_ERROR", errno,
		    "open /dev/xen/evtchn and /dev/xen/gntdev (are the modules "
		    "xen-evtchn and xen-gntdev loaded?)");
	virq_port = xc_evtchn_bind_virq(xce, XC_VIRQ_DOM_EXC);
	if (virq_port < 0)
		return xu_err_set(e, "INTERNAL_ERROR", errno,
		    errno == EEXIST
			? "another xenstored has VIRQ_DOM_EXC: stop it first"
			: "bind VIRQ_DOM_EXC");
	return with_dom0_ring ? dom0_ring(e) : 0;
}
