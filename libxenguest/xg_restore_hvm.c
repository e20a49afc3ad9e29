/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last of restoring a PVH or HVM domain: parameters, rings, registers. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <xen/xen.h>
#include <xen/hvm/params.h>

#include "xg_stream.h"

/* Parameters that images have, and what is done with them: all others are the
 * configuration's, and an image has no business with them. */
static const struct {
	uint32_t index;
	/* It names a page that is shared with somebody, who begins anew. */
	bool page;
} known[] = {
	{ HVM_PARAM_STORE_PFN, true },
	{ HVM_PARAM_CONSOLE_PFN, true },
	{ HVM_PARAM_IOREQ_PFN, true },
	{ HVM_PARAM_BUFIOREQ_PFN, true },
	{ HVM_PARAM_PAGING_RING_PFN, false },
	{ HVM_PARAM_MONITOR_RING_PFN, false },
	{ HVM_PARAM_SHARING_RING_PFN, false },
	{ HVM_PARAM_VM86_TSS_SIZED, false },
	{ HVM_PARAM_ACPI_IOPORTS_LOCATION, false },
	{ HVM_PARAM_VIRIDIAN, false },
	{ HVM_PARAM_IDENT_PT, false },
	{ HVM_PARAM_VM_GENERATION_ID_ADDR, false },
	{ HVM_PARAM_IOREQ_SERVER_PFN, false },
	{ HVM_PARAM_NR_IOREQ_SERVER_PAGES, false },
	{ HVM_PARAM_X87_FIP_WIDTH, false },
	{ HVM_PARAM_MCA_CAP, false },
};

static int
clear_page(struct xg_restorer *w, uint64_t pfn)
{
	void *mem = xg_restore_map(w, &pfn, 1);

	if (mem == NULL)
		return -1;
	memset(mem, 0, XC_PAGE_SIZE);
	xc_unmap_foreign(w->xch, mem, 1);
	return 0;
}

int
xg_restore_hvm_param(void *ctx, uint64_t index, uint64_t value)
{
	struct xg_restorer *w = ctx;
	size_t i = 0;

	while (i < sizeof(known) / sizeof(known[0]) && known[i].index != index)
		i++;
	if (i == sizeof(known) / sizeof(known[0]) || value == 0)
		return 0;
	if (known[i].page && clear_page(w, value) < 0)
		return -1;
	if (index == HVM_PARAM_STORE_PFN)
		w->out->store_frame = value;
	else if (index == HVM_PARAM_CONSOLE_PFN)
		w->out->console_frame = value;
	if (xc_hvm_param_set(w->xch, w->r->domid, (uint32_t)index, value) < 0 &&
	    /* The caller has said so before. */
	    errno != EEXIST)
		return xg_restore_xen_fail(w, "parameters");
	return 0;
}

int
xg_restore_hvm_end(struct xg_restorer *w)
{
	uint32_t domid = w->r->domid;

	if (w->out->store_frame == 0 || w->out->console_frame == 0)
		return xg_bad(w->e, "it has no rings");
	if (xc_hvm_param_set(w->xch, domid, HVM_PARAM_STORE_EVTCHN,
		w->r->store_port) < 0 ||
	    xc_hvm_param_set(w->xch, domid, HVM_PARAM_CONSOLE_EVTCHN,
		w->r->console_port) < 0)
		return xg_restore_xen_fail(w, "parameters");
	if (xc_domain_hvm_setcontext(w->xch, domid, w->context,
		(uint32_t)w->context_len) < 0)
		return xg_restore_xen_fail(w, "registers");
	return 0;
}
