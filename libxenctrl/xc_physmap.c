/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Exchange and batches of pages; memory maps of the machine and our domain. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <xen/xen.h>
#include <xen/memory.h>

#include "xc_private.h"

#define MAX_EXTENTS ((size_t)1 << 24)
/* Pages of one add_to_physmap_batch: 20 bytes each, a kept buffer of 64 KiB. */
#define BATCH ((size_t)3072)
#define MAX_MAP_ENTRIES	 1024u
#define MAX_MFN_LIST	 65536u
#define MAX_RDM		 4096u

XC_API int
xc_domain_memory_exchange_pages(xc_interface *xch, uint32_t domid, size_t n_in,
    unsigned order_in, const uint64_t *in, size_t n_out, unsigned order_out,
    uint64_t *out, uint64_t mem_flags, uint64_t *done)
{
	struct xen_memory_exchange x;
	size_t size = (n_in + n_out) * sizeof(uint64_t);
	uint64_t *buf;
	long r;

	memset(&x, 0, sizeof(x));
	x.in.nr_extents = n_in;
	x.in.extent_order = order_in;
	x.in.domid = (domid_t)domid;
	x.out.nr_extents = n_out;
	x.out.extent_order = order_out;
	x.out.mem_flags = (unsigned)mem_flags;
	x.out.domid = (domid_t)domid;
	if (xc_check_ptr(xch, in, "the pages given") < 0 ||
	    xc_check_ptr(xch, out, "the pages wanted") < 0 ||
	    xc_check_range(xch, n_in, 1, MAX_EXTENTS, "extents") < 0 ||
	    xc_check_range(xch, n_out, 1, MAX_EXTENTS, "extents") < 0)
		return -1;
	buf = xc_buf_get(xch, size);
	if (buf == NULL)
		return xc_fail(xch, errno, "exchange pages");
	memcpy(buf, in, n_in * sizeof(*in));
	memcpy(buf + n_in, out, n_out * sizeof(*out));
	set_xen_guest_handle(x.in.extent_start, (xen_pfn_t *)buf);
	set_xen_guest_handle(x.out.extent_start, (xen_pfn_t *)(buf + n_in));
	r = xc_domain_op(xch, XC_HC_MEMORY, XENMEM_exchange, domid, &x,
	    sizeof(x), "exchange pages");
	memcpy(out, buf + n_in, n_out * sizeof(*out));
	if (done != NULL)
		*done = x.nr_exchanged;
	xc_buf_put(xch, buf, size);
	return r < 0 ? -1 : (int)x.nr_exchanged;
}

/* Room for one batch; the errors last, as they need the least alignment. */
struct batch {
	uint64_t idx[BATCH], gfns[BATCH];
	int errs[BATCH];
};

static int
one_batch(xc_interface *xch, struct xen_add_to_physmap_batch *b,
    struct batch *buf, size_t n)
{
	b->size = (uint16_t)n;
	set_xen_guest_handle(b->idxs, (xen_ulong_t *)buf->idx);
	set_xen_guest_handle(b->gpfns, (xen_pfn_t *)buf->gfns);
	set_xen_guest_handle(b->errs, buf->errs);
	return xc_domain_op(xch, XC_HC_MEMORY, XENMEM_add_to_physmap_batch,
	    b->domid, b, sizeof(*b), "place pages in its physical map") < 0
	    ? -1 : 0;
}

XC_API int
xc_add_to_physmap_batch(xc_interface *xch, uint32_t domid, uint32_t space,
    uint32_t foreign, size_t n, const uint64_t *idx, const uint64_t *gfns,
    int *errs)
{
	struct batch *buf;
	int r = 0;

	if (xc_check_domid(xch, domid) < 0 ||
	    xc_check_domid(xch, foreign) < 0 ||
	    xc_check_ptr(xch, idx, "the indexes") < 0 ||
	    xc_check_ptr(xch, gfns, "the frames") < 0 ||
	    xc_check_ptr(xch, errs, "what became of each") < 0 ||
	    xc_check_range(xch, n, 1, MAX_EXTENTS, "pages") < 0)
		return -1;
	buf = xc_buf_get(xch, sizeof(*buf));
	if (buf == NULL)
		return xc_fail(xch, errno, "place pages");
	for (size_t done = 0, m; done < n && r == 0; done += m) {
		struct xen_add_to_physmap_batch b = {
			.domid = (domid_t)domid, .space = (uint16_t)space };

		m = n - done < BATCH ? n - done : BATCH;
		b.u.foreign_domid = (domid_t)foreign;
		memcpy(buf->idx, idx + done, m * sizeof(*idx));
		memcpy(buf->gfns, gfns + done, m * sizeof(*gfns));
		r = one_batch(xch, &b, buf, m);
		memcpy(errs + done, buf->errs, m * sizeof(*errs));
	}
	xc_buf_put(xch, buf, sizeof(*buf));
	return r;
}

/* An e820 entry is 20 bytes packed in the ABI. */
struct e820_abi {
	uint64_t addr, size;
	uint32_t type;
} __attribute__((packed));

static int
memory_map(xc_interface *xch, unsigned cmd, struct xc_e820 *out, uint32_t max,
    const char *what)
{
	struct xen_memory_map map;
	size_t size = max * sizeof(struct e820_abi);
	struct e820_abi *buf;
	long r;

	memset(&map, 0, sizeof(map));
	map.nr_entries = max;
	if (xc_check_ptr(xch, out, "the memory map") < 0 ||
	    xc_check_range(xch, max, 1, MAX_MAP_ENTRIES,
		"entries of a memory map") < 0)
		return -1;
	buf = xc_buf_get(xch, size);
	if (buf == NULL)
		return xc_fail(xch, errno, "%s", what);
	set_xen_guest_handle(map.buffer, (void *)buf);
	r = xc_hypercall_buf(xch, XC_HC_MEMORY, cmd, &map, sizeof(map));
	if (r < 0)
		xc_fail(xch, errno, "%s", what);
	else
		r = map.nr_entries < max ? map.nr_entries : max;
	for (long i = 0; i < r; i++) {
		out[i].addr = buf[i].addr;
		out[i].size = buf[i].size;
		out[i].type = buf[i].type;
	}
	xc_buf_put(xch, buf, size);
	return (int)r;
}

XC_API int
xc_get_memory_map(xc_interface *xch, struct xc_e820 *out, uint32_t max)
{
	return memory_map(xch, XENMEM_memory_map, out, max,
	    "ask for our memory map");
}

XC_API int
xc_get_machine_memory_map(xc_interface *xch, struct xc_e820 *out, uint32_t max)
{
	return memory_map(xch, XENMEM_machine_memory_map, out, max,
	    "ask for the machine's memory map");
}

XC_API int64_t
xc_maximum_ram_page(xc_interface *xch)
{
	long r = xc_hypercall(xch, XC_HC_MEMORY, XENMEM_maximum_ram_page, 0, 0,
	    0);

	if (r < 0)
		return xc_fail(xch, errno, "ask for the highest frame");
	return r;
}

XC_API int
xc_machphys_mapping(xc_interface *xch, struct xc_machphys *out)
{
	struct xen_machphys_mapping m = { 0 };

	if (xc_check_ptr(xch, out, "the mapping") < 0)
		return -1;
	if (xc_hypercall_buf(xch, XC_HC_MEMORY, XENMEM_machphys_mapping, &m,
		sizeof(m)) < 0)
		return xc_fail(xch, errno,
		    "ask where the machine-to-physical table is");
	out->start = m.v_start;
	out->end = m.v_end;
	out->max_mfn = m.max_mfn;
	return 0;
}

static int
mfn_list(xc_interface *xch, unsigned cmd, uint64_t *mfns, uint32_t max)
{
	struct xen_machphys_mfn_list l;
	size_t size = max * sizeof(*mfns);
	uint64_t *buf;
	long r;

	memset(&l, 0, sizeof(l));
	l.max_extents = max;
	if (xc_check_ptr(xch, mfns, "the frames") < 0 ||
	    xc_check_range(xch, max, 1, MAX_MFN_LIST,
		"pieces of the machine-to-physical table") < 0)
		return -1;
	buf = xc_buf_get(xch, size);
	if (buf == NULL)
		return xc_fail(xch, errno, "list frames");
	set_xen_guest_handle(l.extent_start, (xen_pfn_t *)buf);
	r = xc_hypercall_buf(xch, XC_HC_MEMORY, cmd, &l, sizeof(l));
	if (r < 0)
		xc_fail(xch, errno, "list the machine-to-physical table");
	else
		r = l.nr_extents < max ? l.nr_extents : max;
	if (r > 0)
		memcpy(mfns, buf, (size_t)r * sizeof(*mfns));
	xc_buf_put(xch, buf, size);
	return (int)r;
}

XC_API int
xc_machphys_mfn_list(xc_interface *xch, uint64_t *mfns, uint32_t max)
{
	return mfn_list(xch, XENMEM_machphys_mfn_list, mfns, max);
}

XC_API int
xc_machphys_compat_mfn_list(xc_interface *xch, uint64_t *mfns, uint32_t max)
{
	return mfn_list(xch, XENMEM_machphys_compat_mfn_list, mfns, max);
}

_Static_assert(sizeof(struct xc_rdm) == sizeof(xen_reserved_device_memory_t),
    "xen_reserved_device_memory");

XC_API int
xc_reserved_device_memory_map(xc_interface *xch, uint32_t flags, uint32_t sbdf,
    struct xc_rdm *out, uint32_t max)
{
	struct xen_reserved_device_memory_map m;
	size_t size = max * sizeof(*out);
	struct xc_rdm *buf = NULL;
	long r;

	memset(&m, 0, sizeof(m));
	m.flags = flags;
	m.nr_entries = max;
	if (xc_check_range(xch, max, 0, MAX_RDM, "reserved ranges") < 0 ||
	    (max > 0 && xc_check_ptr(xch, out, "the ranges") < 0))
		return -1;
	if (max > 0 && (buf = xc_buf_get(xch, size)) == NULL)
		return xc_fail(xch, errno, "ask for reserved ranges");
	m.dev.pci.seg = (uint16_t)(sbdf >> 16);
	m.dev.pci.bus = (uint8_t)(sbdf >> 8);
	m.dev.pci.devfn = (uint8_t)sbdf;
	set_xen_guest_handle(m.buffer, (xen_reserved_device_memory_t *)buf);
	r = xc_hypercall_buf(xch, XC_HC_MEMORY,
	    XENMEM_reserved_device_memory_map, &m, sizeof(m));
	/* More than fit: the number comes back (ENOBUFS; memory.h says ERANGE). */
	if (r < 0 && (errno == ENOBUFS || errno == ERANGE) &&
	    m.nr_entries > max)
		r = 0;
	else if (r < 0)
		xc_fail(xch, errno, "ask for the reserved ranges of devices");
	else if (m.nr_entries > 0 && max > 0)
		memcpy(out, buf, (m.nr_entries < max ? m.nr_entries : max) *
		    sizeof(*out));
	xc_buf_put(xch, buf, size);
	return r < 0 ? -1 : (int)m.nr_entries;
}
