/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paging and sharing of domains' memory: tools-only memory_ops. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <xen/xen.h>
#include <xen/memory.h>

#include "xc_private.h"

static int
paging_op(xc_interface *xch, uint32_t domid, uint8_t cmd, uint64_t gfn,
    void *page, const char *what)
{
	struct xen_mem_paging_op op;

	memset(&op, 0, sizeof(op));
	op.op = cmd;
	op.domain = (domid_t)domid;
	op.gfn = gfn;
	if (xc_check_abi(xch, what) < 0)
		return -1;
	set_xen_guest_handle(op.buffer, page);
	return xc_domain_op(xch, XC_HC_MEMORY, XENMEM_paging_op, domid, &op,
	    sizeof(op), what) < 0 ? -1 : 0;
}

XC_API int
xc_mem_paging_nominate(xc_interface *xch, uint32_t domid, uint64_t gfn)
{
	return paging_op(xch, domid, XENMEM_paging_op_nominate, gfn, NULL,
	    "nominate a page for paging");
}

XC_API int
xc_mem_paging_evict(xc_interface *xch, uint32_t domid, uint64_t gfn)
{
	return paging_op(xch, domid, XENMEM_paging_op_evict, gfn, NULL,
	    "page a page out");
}

XC_API int
xc_mem_paging_prep(xc_interface *xch, uint32_t domid, uint64_t gfn,
    const void *page)
{
	void *buf = NULL;
	int r;

	if (page != NULL) {
		buf = xc_buf_get(xch, XC_PAGE_SIZE);
		if (buf == NULL)
			return xc_fail(xch, errno, "page a page in");
		memcpy(buf, page, XC_PAGE_SIZE);
	}
	r = paging_op(xch, domid, XENMEM_paging_op_prep, gfn, buf,
	    "page a page in");
	xc_buf_put(xch, buf, XC_PAGE_SIZE);
	return r;
}

/* --- sharing -------------------------------------------------------------- */

/* mem_sharing_op: {u8 op 0, u8 enable}. */
XC_API int
xc_memshr_control(xc_interface *xch, uint32_t domid, bool enable)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_mem_sharing_op,
		.domain = domid };

	ctl.u.raw[1] = enable;
	return xc_change_domctl(xch, &ctl, "switch memory sharing");
}

typedef struct xen_mem_sharing_op sharing_op;

static long
sharing(xc_interface *xch, uint32_t domid, uint8_t cmd, sharing_op *op,
    const char *what)
{
	if (xc_check_abi(xch, what) < 0)
		return -1;
	op->op = cmd;
	op->domain = (domid_t)domid;
	return xc_domain_op(xch, XC_HC_MEMORY, XENMEM_sharing_op, domid, op,
	    sizeof(*op), what);
}

static int
nominate(xc_interface *xch, uint32_t domid, uint8_t cmd, sharing_op *op,
    uint64_t *handle)
{
	if (xc_check_ptr(xch, handle, "the handle") < 0 ||
	    sharing(xch, domid, cmd, op, "nominate a page for sharing") < 0)
		return -1;
	*handle = op->u.nominate.handle;
	return 0;
}

XC_API int
xc_memshr_nominate_gfn(xc_interface *xch, uint32_t domid, uint64_t gfn,
    uint64_t *handle)
{
	sharing_op op = { 0 };

	op.u.nominate.u.gfn = gfn;
	return nominate(xch, domid, XENMEM_sharing_op_nominate_gfn, &op,
	    handle);
}

XC_API int
xc_memshr_nominate_gref(xc_interface *xch, uint32_t domid, uint32_t ref,
    uint64_t *handle)
{
	sharing_op op = { 0 };

	op.u.nominate.u.grant_ref = ref;
	return nominate(xch, domid, XENMEM_sharing_op_nominate_gref, &op,
	    handle);
}

XC_API int
xc_memshr_share(xc_interface *xch, const struct xc_memshr_page *source,
    const struct xc_memshr_page *client)
{
	sharing_op op = { 0 };
	long r;

	if (xc_check_ptr(xch, source, "the source") < 0 ||
	    xc_check_ptr(xch, client, "the client") < 0 ||
	    xc_check_domid(xch, client->domid) < 0)
		return -1;
	op.u.share.source_gfn = source->gfn;
	op.u.share.source_handle = source->handle;
	op.u.share.client_gfn = client->gfn;
	op.u.share.client_handle = client->handle;
	op.u.share.client_domain = (domid_t)client->domid;
	r = sharing(xch, source->domid, XENMEM_sharing_op_share, &op,
	    "share a page");
	/* A handle that is out of date is -9 or -10 instead of an errno. */
	if (r < 0 && (errno == -XENMEM_SHARING_OP_C_HANDLE_INVALID ||
			 errno == -XENMEM_SHARING_OP_S_HANDLE_INVALID))
		xc_fail(xch, ESRCH, "share a page: the handle of the %s",
		    errno == -XENMEM_SHARING_OP_C_HANDLE_INVALID ? "client"
								 : "source");
	return r < 0 ? -1 : 0;
}

XC_API int
xc_memshr_add_to_physmap(xc_interface *xch, const struct xc_memshr_page *source,
    uint32_t client, uint64_t gfn)
{
	sharing_op op = { 0 };

	if (xc_check_ptr(xch, source, "the source") < 0 ||
	    xc_check_domid(xch, client) < 0)
		return -1;
	op.u.share.source_gfn = source->gfn;
	op.u.share.source_handle = source->handle;
	op.u.share.client_gfn = gfn;
	op.u.share.client_domain = (domid_t)client;
	return sharing(xch, source->domid, XENMEM_sharing_op_add_physmap, &op,
	    "add a shared page to a physical map") < 0 ? -1 : 0;
}

XC_API int
xc_memshr_range_share(xc_interface *xch, uint32_t source, uint32_t client,
    uint64_t first, uint64_t last)
{
	sharing_op op = { 0 };

	op.u.range.first_gfn = first;
	op.u.range.last_gfn = last;
	op.u.range.client_domain = (domid_t)client;
	if (xc_check_domid(xch, client) < 0)
		return -1;
	return sharing(xch, source, XENMEM_sharing_op_range_share, &op,
	    "share pages") < 0 ? -1 : 0;
}

XC_API int
xc_memshr_debug_gfn(xc_interface *xch, uint32_t domid, uint64_t gfn)
{
	sharing_op op = { 0 };

	op.u.debug.u.gfn = gfn;
	return (int)sharing(xch, domid, XENMEM_sharing_op_debug_gfn, &op,
	    "ask who shares a page");
}

XC_API int
xc_memshr_debug_mfn(xc_interface *xch, uint32_t domid, uint64_t mfn)
{
	sharing_op op = { 0 };

	op.u.debug.u.mfn = mfn;
	return (int)sharing(xch, domid, XENMEM_sharing_op_debug_mfn, &op,
	    "ask who shares a page");
}

XC_API int
xc_memshr_debug_gref(xc_interface *xch, uint32_t domid, uint32_t ref)
{
	sharing_op op = { 0 };

	op.u.debug.u.gref = ref;
	return (int)sharing(xch, domid, XENMEM_sharing_op_debug_gref, &op,
	    "ask who shares a page");
}

XC_API int
xc_memshr_audit(xc_interface *xch)
{
	sharing_op op = { 0 };

	return (int)sharing(xch, 0, XENMEM_sharing_op_audit, &op,
	    "audit shared pages");
}

XC_API int
xc_memshr_fork(xc_interface *xch, uint32_t parent, uint32_t domid,
    uint16_t flags)
{
	sharing_op op = { 0 };

	op.u.fork.parent_domain = (domid_t)parent;
	op.u.fork.flags = flags;
	if (xc_check_domid(xch, parent) < 0)
		return -1;
	return sharing(xch, domid, XENMEM_sharing_op_fork, &op,
	    "fork a domain") < 0 ? -1 : 0;
}

XC_API int
xc_memshr_fork_reset(xc_interface *xch, uint32_t domid, uint16_t flags)
{
	sharing_op op = { 0 };

	op.u.fork.flags = flags;
	return sharing(xch, domid, XENMEM_sharing_op_fork_reset, &op,
	    "reset a fork") < 0 ? -1 : 0;
}

static int64_t
host_figure(xc_interface *xch, unsigned cmd, const char *what)
{
	long r = xc_hypercall(xch, XC_HC_MEMORY, cmd, 0, 0, 0);

	if (r < 0)
		return xc_fail(xch, errno, "%s", what);
	return r;
}

XC_API int64_t
xc_sharing_freed_pages(xc_interface *xch)
{
	return host_figure(xch, XENMEM_get_sharing_freed_pages,
	    "ask how many pages sharing saves");
}

XC_API int64_t
xc_sharing_used_frames(xc_interface *xch)
{
	return host_figure(xch, XENMEM_get_sharing_shared_pages,
	    "ask how many pages are shared");
}
