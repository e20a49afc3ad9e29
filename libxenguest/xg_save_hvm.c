/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of a PVH or HVM domain is not memory. Frames are its own numbers. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <xen/xen.h>
#include <xen/hvm/params.h>

#include "xg_stream.h"

static int
begin(struct xg_saver *v)
{
	int64_t last = xc_maximum_gpfn(v->xch, v->s->domid);

	if (last < 0)
		return xg_save_xen_fail(v, "memory");
	v->end = (uint64_t)last + 1;
	if (v->end > XG_PFN_END)
		return xg_fail(v->e, EFBIG, "the domain has frames up to "
		    "%#llx; saved are those below 1 TiB",
		    (unsigned long long)last);
	return 0;
}

static int
before(struct xg_saver *v)
{
	(void)v;
	return 0;
}

static void
frames(const struct xg_saver *v, const uint64_t *pfns, size_t n, uint64_t *out)
{
	(void)v;
	memcpy(out, pfns, n * sizeof(*out));
}

static int
refresh(struct xg_saver *v)
{
	int64_t last = xc_maximum_gpfn(v->xch, v->s->domid);

	if (last < 0)
		return xg_save_xen_fail(v, "memory");
	if ((uint64_t)last >= v->end)
		return xg_fail(v->e, EAGAIN, "the domain has been given frames "
		    "up to %#llx while it was sent: try again",
		    (unsigned long long)last);
	return 0;
}

static int
context(struct xg_saver *v)
{
	int64_t size = xc_domain_hvm_getcontext(v->xch, v->s->domid, NULL, 0);
	uint8_t *buf;
	int r;

	if (size <= 0)
		return xg_save_xen_fail(v, "registers");
	buf = calloc(1, (size_t)size);
	if (buf == NULL)
		return xg_fail(v->e, ENOMEM, "no memory for the registers");
	size = xc_domain_hvm_getcontext(v->xch, v->s->domid, buf,
	    (uint32_t)size);
	r = size < 0 ? xg_save_xen_fail(v, "registers")
		     : xg_out_record(&v->out, XG_REC_HVM_CONTEXT, buf,
			   (size_t)size);
	free(buf);
	return r;
}

/* What the configuration does not have. */
static int
params(struct xg_saver *v)
{
	static const uint32_t indexes[] = { HVM_PARAM_STORE_PFN,
		HVM_PARAM_IOREQ_PFN, HVM_PARAM_BUFIOREQ_PFN,
		HVM_PARAM_PAGING_RING_PFN, HVM_PARAM_MONITOR_RING_PFN,
		HVM_PARAM_SHARING_RING_PFN, HVM_PARAM_VM86_TSS_SIZED,
		HVM_PARAM_CONSOLE_PFN, HVM_PARAM_ACPI_IOPORTS_LOCATION,
		HVM_PARAM_VIRIDIAN, HVM_PARAM_IDENT_PT,
		HVM_PARAM_VM_GENERATION_ID_ADDR, HVM_PARAM_IOREQ_SERVER_PFN,
		HVM_PARAM_NR_IOREQ_SERVER_PAGES, HVM_PARAM_X87_FIP_WIDTH,
		HVM_PARAM_MCA_CAP };
	const size_t n = sizeof(indexes) / sizeof(indexes[0]);
	struct {
		uint32_t count, reserved;
		uint64_t entry[sizeof(indexes) / sizeof(indexes[0])][2];
	} rec = { .count = 0 };

	for (size_t i = 0; i < n; i++) {
		uint64_t value;

		if (xc_hvm_param_get(v->xch, v->s->domid, indexes[i],
			&value) < 0)
			return xg_save_xen_fail(v, "parameters");
		if (value == 0)
			continue;
		rec.entry[rec.count][0] = indexes[i];
		rec.entry[rec.count++][1] = value;
	}
	return xg_out_record(&v->out, XG_REC_HVM_PARAMS, &rec,
	    8 + 16 * (size_t)rec.count);
}

/* In the order in which xl's have always come. */
static int
after(struct xg_saver *v)
{
	return context(v) < 0 ? -1 : params(v);
}

static void
end(struct xg_saver *v)
{
	(void)v;
}

const struct xg_save_type xg_save_hvm = {
	.domain_header = XG_DOMAIN_HVM,
	.begin = begin,
	.before = before,
	.after = after,
	.frames = frames,
	.refresh = refresh,
	.end = end,
};
