/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xcb with Debian's libxenctrl of Xen 4.17, by the types of its headers. It is
 * loaded when the program runs: nothing of ours is linked with it.
 */
#include "config.h"

#define XC_WANT_COMPAT_MAP_FOREIGN_API
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <xenctrl.h>

#include "xcb.h"

/* The function of that name, with the type of the header. */
#define FUNCTIONS(F)                                                           \
	F(xc_interface_open)                                                   \
	F(xc_interface_close)                                                  \
	F(xc_domain_getinfo)                                                   \
	F(xc_domain_getinfolist)                                               \
	F(xc_physinfo)                                                         \
	F(xc_version)                                                          \
	F(xc_domain_create)                                                    \
	F(xc_domain_max_vcpus)                                                 \
	F(xc_domain_setmaxmem)                                                 \
	F(xc_domain_destroy)                                                   \
	F(xc_domain_populate_physmap)                                          \
	F(xc_map_foreign_pages)                                                \
	F(xc_readconsolering)
#define DECLARE(name) static __typeof__(name) *p_##name;
FUNCTIONS(DECLARE)

static xc_interface *xch;
static const char *missing;

static void
find(void *lib, const char *name, void *function)
{
	void *at = dlsym(lib, name);

	if (at == NULL)
		missing = name;
	/* An object pointer is a function pointer in POSIX, not in C. */
	memcpy(function, &at, sizeof(at));
}

int
xcb_load(void)
{
	void *lib = dlopen("libxenctrl.so.4.17", RTLD_NOW);

	/* Headers of another release have other structures. */
	if (XEN_DOMCTL_INTERFACE_VERSION != 0x15)
		missing = "this program was built with headers of another Xen";
	else if (lib == NULL)
		missing = dlerror();
	if (missing != NULL)
		return -1;
#define FIND(name) find(lib, #name, &p_##name);
	FUNCTIONS(FIND)
	return missing == NULL ? 0 : -1;
}

const char *
xcb_error(void)
{
	return missing != NULL ? missing : strerror(errno);
}

int
xcb_open(void)
{
	xch = p_xc_interface_open(NULL, NULL, 0);
	return xch == NULL ? -1 : 0;
}

void
xcb_close(void)
{
	p_xc_interface_close(xch);
}

int
xcb_list(uint32_t first, uint32_t *ids)
{
	static xc_domaininfo_t list[XCB_MANY];
	int n = p_xc_domain_getinfolist(xch, first, XCB_MANY, list);

	for (int i = 0; i < n; i++)
		ids[i] = list[i].domain;
	return n;
}

int
xcb_info(uint32_t domid)
{
	xc_dominfo_t info;

	return p_xc_domain_getinfo(xch, domid, 1, &info) == 1 ? 0 : -1;
}

int
xcb_host(void)
{
	xc_physinfo_t p = { 0 };
	xen_extraversion_t extra;
	xen_compile_info_t compile;
	xen_capabilities_info_t caps;
	xen_changeset_info_t change;
	xen_commandline_t cmdline;
	xen_platform_parameters_t plat;

	if (p_xc_physinfo(xch, &p) < 0 ||
	    p_xc_version(xch, XENVER_version, NULL) < 0 ||
	    p_xc_version(xch, XENVER_extraversion, &extra) < 0 ||
	    p_xc_version(xch, XENVER_compile_info, &compile) < 0 ||
	    p_xc_version(xch, XENVER_capabilities, &caps) < 0 ||
	    p_xc_version(xch, XENVER_changeset, &change) < 0 ||
	    p_xc_version(xch, XENVER_commandline, &cmdline) < 0 ||
	    p_xc_version(xch, XENVER_platform_parameters, &plat) < 0)
		return -1;
	return 0;
}

int
xcb_create(uint32_t *domid, uint64_t max_kib)
{
	struct xen_domctl_createdomain config = {
		.max_vcpus = 1,
		.max_evtchn_port = 1023,
		.max_grant_frames = -1,
		.max_maptrack_frames = -1,
		.grant_opts = XEN_DOMCTL_GRANT_version(2),
	};

	*domid = 0;
	if (p_xc_domain_create(xch, domid, &config) < 0 ||
	    p_xc_domain_max_vcpus(xch, *domid, 1) < 0)
		return -1;
	return p_xc_domain_setmaxmem(xch, *domid, max_kib);
}

int
xcb_destroy(uint32_t domid)
{
	return p_xc_domain_destroy(xch, domid);
}

int
xcb_populate(uint32_t domid, uint64_t *extents, size_t n)
{
	return p_xc_domain_populate_physmap(xch, domid, n, XCB_ORDER, 0,
		   (xen_pfn_t *)extents) == (int)n
	    ? 0
	    : -1;
}

int
xcb_map(uint32_t domid, const uint64_t *frames, size_t n)
{
	void *p = p_xc_map_foreign_pages(xch, domid, PROT_READ,
	    (const xen_pfn_t *)frames, (int)n);

	return p == NULL ? -1 : munmap(p, n << 12);
}

int
xcb_console(void)
{
	static char ring[XCB_RING];
	unsigned len = sizeof(ring);

	return p_xc_readconsolering(xch, ring, &len, 0, 0, NULL);
}
