/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xcb with our libxenctrl. */
#include "config.h"

#include <sys/mman.h>

#include "xcb.h"
#include "xenctrl.h"

static xc_interface *xch;
static char why[256];

int
xcb_load(void)
{
	return 0;
}

const char *
xcb_error(void)
{
	return xch == NULL ? why : xc_last_error(xch);
}

int
xcb_open(void)
{
	xch = xc_interface_open(NULL, 0, why, sizeof(why));
	return xch == NULL ? -1 : 0;
}

void
xcb_close(void)
{
	xc_interface_close(xch);
	xch = NULL;
}

int
xcb_list(uint32_t first, uint32_t *ids)
{
	static struct xc_domaininfo list[XCB_MANY];
	int n = xc_domain_getinfolist(xch, first, XCB_MANY, list);

	for (int i = 0; i < n; i++)
		ids[i] = list[i].domid;
	return n;
}

int
xcb_info(uint32_t domid)
{
	struct xc_domaininfo info;

	return xc_domain_getinfo(xch, domid, &info);
}

int
xcb_host(void)
{
	struct xc_physinfo p;
	struct xc_version v;

	return xc_physinfo(xch, &p) < 0 ? -1 : xc_version(xch, &v);
}

int
xcb_create(uint32_t *domid, uint64_t max_kib)
{
	struct xc_domain_create req = XC_DOMAIN_CREATE_INIT;

	*domid = 0;
	if (xc_domain_create(xch, domid, &req) < 0 ||
	    xc_domain_max_vcpus(xch, *domid, 1) < 0)
		return -1;
	return xc_domain_set_max_mem(xch, *domid, max_kib);
}

int
xcb_destroy(uint32_t domid)
{
	return xc_domain_destroy(xch, domid);
}

int
xcb_populate(uint32_t domid, uint64_t *extents, size_t n)
{
	return xc_populate_physmap(xch, domid, extents, n, XCB_ORDER, 0) ==
		    (long)n
	    ? 0
	    : -1;
}

int
xcb_map(uint32_t domid, const uint64_t *frames, size_t n)
{
	void *p = xc_map_foreign(xch, domid, PROT_READ, frames, NULL, n);

	return p == NULL ? -1 : xc_unmap_foreign(xch, p, n);
}

int
xcb_console(void)
{
	static char ring[XCB_RING];
	uint32_t len = sizeof(ring);

	return xc_readconsole(xch, ring, &len, false, false, NULL);
}
