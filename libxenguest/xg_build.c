/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Building, as far as it is the same for every type of domain. */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/grant_table.h>

#include "xg_private.h"

/* Slots 0 and 1 let the two back ends map the rings without privilege. */
int
xg_seed_grants(struct xg_job *j, uint64_t store_frame, uint64_t console_frame)
{
	const struct {
		unsigned slot;
		uint32_t domid;
		uint64_t frame;
	} seeds[] = {
		{ GNTTAB_RESERVED_CONSOLE, j->b->console_domid, console_frame },
		{ GNTTAB_RESERVED_XENSTORE, j->b->store_domid, store_frame },
	};
	grant_entry_v1_t *t = xc_map_resource(j->xch, j->b->domid,
	    XC_RESOURCE_GRANT_TABLE, 0 /* the shared frames */, 0, 1,
	    PROT_READ | PROT_WRITE);
	uint64_t frame;

	/* Only PV domains have the table where another call finds it. */
	if (t == NULL && j->b->type == XG_PV &&
	    xc_gnttab_setup(j->xch, j->b->domid, &frame) == 0)
		t = xc_map_foreign(j->xch, j->b->domid, PROT_READ | PROT_WRITE,
		    &frame, NULL, 1);
	if (t == NULL)
		return xg_xen_fail(j, "grants");
	for (size_t i = 0; i < 2; i++) {
		grant_entry_v1_t *g = &t[seeds[i].slot];

		g->domid = (domid_t)seeds[i].domid;
		g->frame = (uint32_t)seeds[i].frame;
		/* The flags make it valid: last. */
		__atomic_store_n(&g->flags, GTF_permit_access,
		    __ATOMIC_RELEASE);
	}
	xc_unmap_foreign(j->xch, t, 1);
	return 0;
}

static int
size_of(struct xg_file *f, uint64_t limit, struct xg_error *e)
{
	struct stat st;

	if (f->fd < 0)
		return 0;
	if (fstat(f->fd, &st) < 0 || !S_ISREG(st.st_mode))
		return xg_fail(e, EINVAL, "the %s is not a regular file",
		    f->what);
	if ((uint64_t)st.st_size > limit)
		return xg_fail(e, EFBIG, "the %s has %lld bytes; the limit is "
		    "%llu MiB", f->what, (long long)st.st_size,
		    (unsigned long long)(limit >> 20));
	f->size = (uint64_t)st.st_size;
	return 0;
}

static int
check_order(const struct xg_build *b, const struct xg_kernel *k,
    struct xg_error *e)
{
	size_t max = b->type == XG_PV ? 1023 : 4095;

	if (b->cmdline != NULL && strlen(b->cmdline) > max)
		return xg_fail(e, E2BIG, "the command line has %zu characters, "
		    "%zu are possible", strlen(b->cmdline), max);
	return xg_kernel_check(k, e);
}

XG_API int
xg_build(xc_interface *xch, const struct xg_build *b,
    const struct xg_kernel *k, struct xg_memory *m, struct xg_built *out,
    struct xg_error *e)
{
	struct xg_job j = { .xch = xch, .b = b, .k = k, .m = m, .e = e,
		.ramdisk = { .what = "ramdisk", .fd = b->ramdisk_fd },
		.firmware = { .what = "firmware", .fd = b->firmware_fd } };
	int r;

	if (check_order(b, k, e) < 0 ||
	    size_of(&j.ramdisk, 1u << 30, e) < 0 ||
	    (b->type == XG_HVM && size_of(&j.firmware, 16u << 20, e) < 0))
		return -1;
	r = xg_vnuma_tell(&j);
	if (r == 0)
		r = b->type == XG_PV ? xg_pv(&j, out) : xg_hvm(&j, out);
	out->bytes_written = j.bytes_written;
	return r;
}
