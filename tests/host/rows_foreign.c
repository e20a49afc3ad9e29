/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows: pages of other domains, by frame, by resource, by grant. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <xen/xen.h>
#include <xen/grant_table.h>

#include "xc_rows.h"

static int
map(struct xr_env *e)
{
	uint64_t mfns[600];
	char *p;
	int r = 0;

	for (unsigned i = 0; i < 600; i++)
		mfns[i] = xr_mfn(e, 599 - i);
	p = xc_map_foreign(e->xch, e->pv, PROT_READ | PROT_WRITE, mfns, NULL,
	    600);
	if (p == NULL)
		return -1;
	memset(p, 0xa5, 600 * XC_PAGE_SIZE);
	memset(p + 5 * XC_PAGE_SIZE, 0x17, XC_PAGE_SIZE);
	xc_unmap_foreign(e->xch, p, 600);
	p = xc_map_foreign_range(e->xch, e->pv, PROT_READ, mfns[5], 2);
	if (p == NULL)
		return -1;
	/* Frames of one extent are side by side: after 594 comes 595. */
	if (p[4095] != 0x17 || p[4096] != (char)0xa5)
		r = xr_wrong("other bytes than were written");
	xc_unmap_foreign(e->xch, p, 2);
	return r;
}

static int
map_hvm(struct xr_env *e)
{
	char *p = xc_map_foreign_range(e->xch, e->hvm, PROT_READ | PROT_WRITE,
	    XR_PAGES - 64, 64);

	if (p == NULL)
		return -1;
	memset(p, 1, 64 * XC_PAGE_SIZE);
	return xc_unmap_foreign(e->xch, p, 64);
}

/* With a list of errors what can be mapped is. */
static int
map_some(struct xr_env *e)
{
	uint64_t mfns[3] = { xr_mfn(e, 1), 0x7fffffffff, xr_mfn(e, 2) };
	int errs[3] = { 1, 1, 1 };
	volatile char *p = xc_map_foreign(e->xch, e->pv, PROT_READ, mfns, errs,
	    3);
	int r = 0;

	if (p == NULL)
		return -1;
	if (errs[0] == -ESRCH) {
		errno = ESRCH;
		r = -1;
	} else if (errs[0] != 0 || errs[1] >= 0 || errs[2] != 0) {
		r = xr_wrong("errors %d %d %d", errs[0], errs[1], errs[2]);
	} else {
		(void)p[0];
		(void)p[2 * XC_PAGE_SIZE];
	}
	xc_unmap_foreign(e->xch, (void *)(uintptr_t)p, 3);
	return r;
}

static int
resource(struct xr_env *e)
{
	void *p = xc_map_resource(e->xch, e->pv, XC_RESOURCE_GRANT_TABLE, 0, 0,
	    1, PROT_READ | PROT_WRITE);

	return p == NULL ? -1 : xc_unmap_foreign(e->xch, p, 1);
}

static int
resource_size(struct xr_env *e)
{
	int64_t n = xc_resource_size(e->xch, e->pv, XC_RESOURCE_GRANT_TABLE, 0);

	if (n < 0)
		return -1;
	return n >= 1 && n < 1 << 16 ? 0 : xr_wrong("%lld", (long long)n);
}

static int
gnttab_setup(struct xr_env *e)
{
	uint64_t mfn = 0;
	void *p;

	if (xc_gnttab_setup(e->xch, e->pv, &mfn) < 0)
		return -1;
	p = xc_map_foreign_range(e->xch, e->pv, PROT_READ, mfn, 1);
	return p == NULL ? -1 : xc_unmap_foreign(e->xch, p, 1);
}

static int
gnttab_query(struct xr_env *e)
{
	uint32_t frames = 0, max = 0;

	if (xc_gnttab_query(e->xch, e->pv, &frames, &max) < 0)
		return -1;
	return frames >= 1 && max >= frames ? 0
					    : xr_wrong("%u of %u", frames, max);
}

/* Two grants of the PV domain to dom0, references 8 and 9. */
static int
grant(struct xr_env *e)
{
	grant_entry_v1_t *t = xc_map_resource(e->xch, e->pv,
	    XC_RESOURCE_GRANT_TABLE, 0, 0, 1, PROT_READ | PROT_WRITE);
	char *p;

	if (t == NULL)
		return -1;
	for (unsigned i = 0; i < 2; i++) {
		t[8 + i].domid = 0;
		t[8 + i].frame = (uint32_t)xr_mfn(e, 20 + i);
		t[8 + i].flags = GTF_permit_access;
	}
	xc_unmap_foreign(e->xch, t, 1);
	p = xc_map_foreign_range(e->xch, e->pv, PROT_READ | PROT_WRITE,
	    xr_mfn(e, 20), 2);
	if (p == NULL)
		return -1;
	memset(p, 0x5a, XC_PAGE_SIZE);
	memset(p + XC_PAGE_SIZE, 0x5b, XC_PAGE_SIZE);
	return xc_unmap_foreign(e->xch, p, 2);
}

static int
gnttab_map(struct xr_env *e)
{
	const uint32_t refs[2] = { 9, 8 };
	struct xc_gnttab *g;
	char *p;
	int r;

	if (grant(e) < 0)
		return -1;
	g = xc_gnttab_open();
	if (g == NULL)
		return xr_wrong("open");
	p = xc_gnttab_map_refs(g, e->pv, refs, 2, PROT_READ | PROT_WRITE);
	r = p == NULL ? xr_wrong("map two: errno %d", errno)
	    : p[0] != 0x5b || p[XC_PAGE_SIZE] != 0x5a
	    ? xr_wrong("they are other pages")
	    : xc_gnttab_unmap(g, p);
	if (r == 0) {
		p = xc_gnttab_map(g, e->pv, 9, PROT_READ);
		r = p == NULL	    ? xr_wrong("map one: errno %d", errno)
		    : p[7] != 0x5b ? xr_wrong("it is another page")
				    : xc_gnttab_unmap(g, p);
	}
	xc_gnttab_close(g);
	xc_gnttab_close(NULL);
	return r;
}

const struct xr_row xr_rows_foreign[] = {
	{ .function = "xc_map_foreign", map },
	{ .function = "xc_map_foreign", map_some },
	{ .function = "xc_map_foreign_range", map_hvm, .flags = XR_HVM },
	{ .function = "xc_unmap_foreign", map },
	{ .function = "xc_map_resource", resource },
	{ .function = "xc_resource_size", resource_size },
	{ .function = "xc_gnttab_setup", gnttab_setup },
	{ .function = "xc_gnttab_query", gnttab_query },
	{ .function = "xc_gnttab_open", gnttab_map },
	{ .function = "xc_gnttab_close", gnttab_map },
	{ .function = "xc_gnttab_map", gnttab_map },
	{ .function = "xc_gnttab_map_refs", gnttab_map },
	{ .function = "xc_gnttab_unmap", gnttab_map },
	{ 0 },
};

static int
map_none(struct xr_env *e)
{
	uint64_t frame = 0;

	return xr_not_null(
	    xc_map_foreign(e->xch, e->pv, PROT_READ, &frame, NULL, 0));
}

static int
map_huge(struct xr_env *e)
{
	uint64_t frame = 0;

	return xr_not_null(xc_map_foreign(e->xch, e->pv, PROT_READ, &frame,
	    NULL, SIZE_MAX / 8));
}

static int
range_huge(struct xr_env *e)
{
	return xr_not_null(xc_map_foreign_range(e->xch, e->pv, PROT_READ, 0,
	    ((size_t)1 << 24) + 1));
}

static int
resource_none(struct xr_env *e)
{
	return xr_not_null(xc_map_resource(e->xch, e->pv,
	    XC_RESOURCE_GRANT_TABLE, 0, 0, 0, PROT_READ));
}

static int
no_such_resource(struct xr_env *e)
{
	int r = xr_not_null(
	    xc_map_resource(e->xch, e->pv, 77, 0, 0, 1, PROT_READ));

	/* Later releases have another errno for it. */
	if (r < 0 && errno == EINVAL && e->minor > 17)
		errno = EOPNOTSUPP;
	return r;
}

static int
no_such_frame(struct xr_env *e)
{
	return xr_not_null(
	    xc_map_foreign_range(e->xch, e->pv, PROT_READ, 0x7fffffffff, 1));
}

static int
no_hvm_frame(struct xr_env *e)
{
	return xr_not_null(
	    xc_map_foreign_range(e->xch, e->hvm, PROT_READ, 100000, 1));
}

static int
with_gntdev(uint32_t domid, size_t n)
{
	const uint32_t refs[2] = { 400, 401 };
	struct xc_gnttab *g = xc_gnttab_open();
	void *p = xc_gnttab_map_refs(g, domid, refs, n, PROT_READ);
	int err = errno;

	xc_gnttab_close(g);
	errno = err;
	return xr_not_null(p);
}

static int
no_grants(struct xr_env *e)
{
	return with_gntdev(e->pv, 0);
}

static int
many_grants(struct xr_env *e)
{
	return with_gntdev(e->pv, 4097);
}

static int
grants_of_wide(struct xr_env *e)
{
	return with_gntdev(XR_WIDE + e->pv, 1);
}

static int
not_granted(struct xr_env *e)
{
	return with_gntdev(e->pv, 2);
}

const struct xr_bad xr_bad_foreign[] = {
	{ "a mapping of no pages", map_none, EINVAL, 0, 0 },
	{ "a huge mapping", map_huge, EINVAL, 0, 0 },
	{ "a huge range", range_huge, EINVAL, 0, 0 },
	{ "a mapping of a frame there is not", no_such_frame, EPERM, XB_ASKS,
	    0 },
	{ "a mapping of a frame an HVM domain has not", no_hvm_frame, EINVAL,
	    XB_ASKS | XB_HVM, 0 },
	{ "a resource of no pages", resource_none, EINVAL, 0, 0 },
	{ "a resource there is not", no_such_resource, EOPNOTSUPP, XB_ASKS,
	    0 },
	{ "no grants to map", no_grants, EINVAL, XB_SILENT, 0 },
	{ "too many grants to map", many_grants, EINVAL, XB_SILENT, 0 },
	{ "grants of a wide domain id", grants_of_wide, ESRCH, XB_SILENT, 0 },
	{ "references that are no grants", not_granted, EINVAL, XB_SILENT, 0 },
	{ 0 },
};
