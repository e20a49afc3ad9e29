/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two domains that rows work on, and what rows need to be short. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "xc_rows.h"

#define SUBJECT(name)                                                          \
	extern const struct xr_row xr_rows_##name[];                           \
	extern const struct xr_bad xr_bad_##name[];
#include "xc_subjects.h"
#undef SUBJECT

const struct xr_subject xr_subjects[] = {
#define SUBJECT(name) { #name, xr_rows_##name, xr_bad_##name },
#include "xc_subjects.h"
#undef SUBJECT
	{ NULL, NULL, NULL },
};

static char wrong[256];

int
xr_wrong(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(wrong, sizeof(wrong), fmt, ap);
	va_end(ap);
	errno = EPROTO;
	return -1;
}

int
xr_refused(int want)
{
	return errno == want && !xr_injected() ? 0 : -1;
}

const char *
xr_wrong_text(void)
{
	return wrong;
}

static struct {
	void (*undo)(struct xr_env *e, uint64_t arg);
	uint64_t arg;
} undos[32];
static unsigned nundos;

void
xr_at_end(void (*undo)(struct xr_env *e, uint64_t arg), uint64_t arg)
{
	if (nundos == sizeof(undos) / sizeof(undos[0])) {
		xr_wrong("a row has too much to undo");
		return;
	}
	undos[nundos].undo = undo;
	undos[nundos++].arg = arg;
}

void
xr_begin(void)
{
	wrong[0] = '\0';
}

void
xr_end(struct xr_env *e)
{
	while (nundos > 0) {
		nundos--;
		undos[nundos].undo(e, undos[nundos].arg);
	}
}

int
xr_not_null(const void *p)
{
	return p != NULL ? 0 : -1;
}

static uint32_t
hvm_flags(xc_interface *xch)
{
	struct xc_physinfo phys;

	if (xc_physinfo(xch, &phys) < 0 ||
	    (phys.capabilities & XC_PHYSCAP_HVM) == 0)
		return 0;
	return XC_CDF_HVM |
	    ((phys.capabilities & XC_PHYSCAP_HAP) != 0 ? XC_CDF_HAP : 0);
}

static int
create(xc_interface *xch, uint32_t flags, uint32_t vcpus, uint32_t *domid)
{
	struct xc_domain_create req = XC_DOMAIN_CREATE_INIT;

	req.flags = flags;
	req.max_vcpus = vcpus;
	/* What an HVM guest is given: every emulated device of a PC. */
	if ((flags & XC_CDF_HVM) != 0)
		req.emulation_flags = 0x3ff;
	*domid = 0;
	return xc_domain_create(xch, domid, &req);
}

static void
destroy(struct xr_env *e, uint64_t domid)
{
	if (xc_domain_destroy(e->xch, (uint32_t)domid) < 0)
		xr_wrong("%s", xc_last_error(e->xch));
}

int
xr_domain(struct xr_env *e, uint32_t flags, uint32_t *domid)
{
	if (create(e->xch, flags, 1, domid) < 0)
		return -1;
	xr_at_end(destroy, *domid);
	return 0;
}

static int
fill(xc_interface *xch, uint32_t domid, bool hvm, uint64_t *extents)
{
	for (unsigned i = 0; i < XR_PAGES / 512; i++)
		extents[i] = 512 * i;
	/* Up to 4.16 Xen wants the vCPUs before the paging pool. */
	if (xc_domain_max_vcpus(xch, domid, 2) < 0 ||
	    (hvm && xc_set_paging_mempool(xch, domid, 4 << 20) < 0) ||
	    xc_domain_set_max_mem(xch, domid, XR_PAGES * 8) < 0)
		return -1;
	return xc_populate_physmap(xch, domid, extents, XR_PAGES / 512, 9, 0) ==
		    XR_PAGES / 512
	    ? 0
	    : -1;
}

int
xr_make(struct xr_env *e)
{
	uint64_t gfns[XR_PAGES / 512];

	e->hvm_flags = hvm_flags(e->xch);
	e->pv = e->hvm = XR_NO_HVM;
	if (create(e->xch, 0, 2, &e->pv) < 0 ||
	    fill(e->xch, e->pv, false, e->extent) < 0)
		return -1;
	if (e->hvm_flags == 0)
		return 0;
	if (create(e->xch, e->hvm_flags, 2, &e->hvm) < 0)
		return -1;
	return fill(e->xch, e->hvm, true, gfns);
}

void
xr_unmake(struct xr_env *e)
{
	if (e->pv != XR_NO_HVM)
		xc_domain_destroy(e->xch, e->pv);
	if (e->hvm != XR_NO_HVM)
		xc_domain_destroy(e->xch, e->hvm);
	e->pv = e->hvm = XR_NO_HVM;
}
