/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory of domains: reservations, maps, page tables, foreign mappings. */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <xen/xen.h>
#include <xen/memory.h>
#include <xen/grant_table.h>
#include <xen/hvm/params.h>

#include "xc_private.h"
#include "xc_privcmd.h"

/* domctl shadow_op: {u32 op, mode, mb, pad...}; SET_ALLOCATION takes MiB. */
#define SHADOW_SET_ALLOCATION 31u

/* One reservation call over the extents in a safe buffer. */
static long
reservation(xc_interface *xch, unsigned cmd, uint32_t domid,
    uint64_t *extents, size_t n, unsigned order, uint32_t mem_flags)
{
	struct xen_memory_reservation r = { .nr_extents = n,
		.extent_order = order, .mem_flags = mem_flags,
		.domid = (domid_t)domid };
	size_t bytes = n * sizeof(*extents);
	uint64_t *buf = xc_buf_get(xch, bytes);
	long done;

	if (buf == NULL)
		return xc_fail(xch, errno, "domain %u: memory", domid);
	memcpy(buf, extents, bytes);
	set_xen_guest_handle(r.extent_start, (xen_pfn_t *)buf);
	done = xc_hypercall_buf(xch, XC_HC_MEMORY, cmd, &r, sizeof(r));
	memcpy(extents, buf, bytes);
	xc_buf_put(xch, buf, bytes);
	if (done < 0)
		return xc_fail(xch, errno, "domain %u: memory", domid);
	return done;
}

XC_API long
xc_populate_physmap(xc_interface *xch, uint32_t domid, uint64_t *extents,
    size_t n, unsigned order, uint32_t mem_flags)
{
	return reservation(xch, XENMEM_populate_physmap, domid, extents, n,
	    order, mem_flags);
}

XC_API long
xc_decrease_reservation(xc_interface *xch, uint32_t domid,
    const uint64_t *extents, size_t n, unsigned order)
{
	struct xen_memory_reservation r = { .nr_extents = n,
		.extent_order = order, .domid = (domid_t)domid };
	size_t bytes = n * sizeof(*extents);
	uint64_t *buf = xc_buf_get(xch, bytes);
	long done;

	if (buf == NULL)
		return xc_fail(xch, errno, "domain %u: give back memory",
		    domid);
	memcpy(buf, extents, bytes);
	set_xen_guest_handle(r.extent_start, (xen_pfn_t *)buf);
	done = xc_hypercall_buf(xch, XC_HC_MEMORY, XENMEM_decrease_reservation,
	    &r, sizeof(r));
	xc_buf_put(xch, buf, bytes);
	if (done < 0)
		return xc_fail(xch, errno, "domain %u: give back memory",
		    domid);
	return done;
}

/* An e820 entry is 20 bytes packed in the ABI. */
struct e820_abi {
	uint64_t addr, size;
	uint32_t type;
} __attribute__((packed));

XC_API int
xc_set_memory_map(xc_interface *xch, uint32_t domid, const struct xc_e820 *map,
    size_t n)
{
	struct xen_foreign_memory_map fmap = { .domid = (domid_t)domid };
	struct e820_abi *buf;
	size_t bytes = n * sizeof(*buf);
	long r;

	if (n == 0 || n > 128) {
		errno = EINVAL;
		return xc_fail(xch, 0, "memory map: 1 to 128 entries");
	}
	buf = xc_buf_get(xch, bytes);
	if (buf == NULL)
		return xc_fail(xch, errno, "domain %u: memory map", domid);
	for (size_t i = 0; i < n; i++) {
		buf[i].addr = map[i].addr;
		buf[i].size = map[i].size;
		buf[i].type = map[i].type;
	}
	fmap.map.nr_entries = (unsigned)n;
	set_xen_guest_handle(fmap.map.buffer, (void *)buf);
	r = xc_hypercall_buf(xch, XC_HC_MEMORY, XENMEM_set_memory_map, &fmap,
	    sizeof(fmap));
	xc_buf_put(xch, buf, bytes);
	if (r < 0)
		return xc_fail(xch, errno, "domain %u: memory map", domid);
	return 0;
}

XC_API int
xc_claim_pages(xc_interface *xch, uint32_t domid, uint64_t pages)
{
	struct xen_memory_reservation r = { .nr_extents = pages,
		.domid = (domid_t)domid };

	if (xc_hypercall_buf(xch, XC_HC_MEMORY, XENMEM_claim_pages, &r,
		sizeof(r)) < 0)
		return xc_fail(xch, errno, "domain %u: claim memory", domid);
	return 0;
}

static int64_t
domid_query(xc_interface *xch, unsigned cmd, uint32_t domid)
{
	domid_t id = (domid_t)domid;
	long r = xc_hypercall_buf(xch, XC_HC_MEMORY, cmd, &id, sizeof(id));

	if (r < 0)
		return xc_fail(xch, errno, "domain %u: ask for its memory",
		    domid);
	return r;
}

XC_API int64_t
xc_current_reservation(xc_interface *xch, uint32_t domid)
{
	return domid_query(xch, XENMEM_current_reservation, domid);
}

XC_API int64_t
xc_maximum_reservation(xc_interface *xch, uint32_t domid)
{
	return domid_query(xch, XENMEM_maximum_reservation, domid);
}

XC_API int
xc_set_paging_mempool(xc_interface *xch, uint32_t domid, uint64_t bytes)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_set_paging_mempool_size,
		.domain = (uint16_t)domid };
	const uint64_t mib = 1u << 20;

	if (xc_check_abi(xch, "set the paging pool") < 0)
		return -1;
	ctl.u.u64[0] = bytes;
	if (!xch->abi->paging_mempool) {
		/* XSA-409 made the call of its own; before, MiB only. */
		ctl.cmd = DOMCTL_shadow_op;
		ctl.u.u64[0] = 0;
		ctl.u.u32[0] = SHADOW_SET_ALLOCATION;
		ctl.u.u32[2] = (uint32_t)((bytes + mib - 1) / mib);
	}
	return xc_do_domctl(xch, &ctl, "set the paging pool") < 0 ? -1 : 0;
}

XC_API int
xc_pin_table(xc_interface *xch, uint32_t domid, unsigned level, uint64_t mfn)
{
	struct mmuext_op op = { .arg1.mfn = mfn };
	struct mmuext_op *buf;
	long r;

	if (level < 1 || level > 4) {
		errno = EINVAL;
		return xc_fail(xch, 0, "page table level %u is not 1 to 4",
		    level);
	}
	op.cmd = MMUEXT_PIN_L1_TABLE + level - 1;
	buf = xc_buf_get(xch, sizeof(op));
	if (buf == NULL)
		return xc_fail(xch, errno, "domain %u: pin", domid);
	*buf = op;
	r = xc_hypercall(xch, XC_HC_MMUEXT, (uintptr_t)buf, 1, 0, domid);
	xc_buf_put(xch, buf, sizeof(op));
	if (r < 0)
		return xc_fail(xch, errno,
		    "domain %u: pin the level %u page table at mfn %#llx",
		    domid, level, (unsigned long long)mfn);
	return 0;
}

static void
wait_for_paging(void)
{
	struct timespec t = { .tv_nsec = 100 * 1000 };

	nanosleep(&t, NULL);
}

/* Frames that were paged out (ENOENT) are asked for again. */
static int
map_batch(xc_interface *xch, uint32_t domid, void *addr,
    const uint64_t *frames, int *err, size_t n)
{
	struct privcmd_mmapbatch_v2 b = { .num = (unsigned)n,
		.dom = (domid_t)domid, .addr = (uintptr_t)addr,
		.arr = frames, .err = err };
	int r;

	xch->stats.map_ioctls++;
	xch->stats.mapped_pages += n;
	r = xc_os_ioctl(XC_DEV_PRIVCMD, xch->privcmd,
	    IOCTL_PRIVCMD_MMAPBATCH_V2, &b);
	if (r == 0 || errno != ENOENT)
		return r;
	for (size_t i = 0; i < n; i++) {
		while (err[i] == -ENOENT) {
			wait_for_paging();
			b.num = 1;
			b.addr = (uintptr_t)addr + i * XC_PAGE_SIZE;
			b.arr = &frames[i];
			b.err = &err[i];
			r = xc_os_ioctl(XC_DEV_PRIVCMD, xch->privcmd,
			    IOCTL_PRIVCMD_MMAPBATCH_V2, &b);
			if (r < 0 && errno != ENOENT)
				return r;
		}
	}
	return 0;
}

XC_API void *
xc_map_foreign(xc_interface *xch, uint32_t domid, int prot,
    const uint64_t *frames, int *err, size_t n)
{
	size_t len = n * XC_PAGE_SIZE, errs_len = n * sizeof(int);
	int *errs = err;
	void *addr;
	int r;

	if (n == 0 || n > UINT32_MAX / XC_PAGE_SIZE) {
		errno = EINVAL;
		xc_fail(xch, 0, "map: the number of frames");
		return NULL;
	}
	addr = xc_os_mmap(xch->privcmd, len, prot, MAP_SHARED, 0);
	if (addr == NULL) {
		xc_fail(xch, errno, "map %zu pages", n);
		return NULL;
	}
	if (errs == NULL)
		errs = xc_os_mmap(-1, errs_len, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, 0);
	r = errs == NULL ? -1 : map_batch(xch, domid, addr, frames, errs, n);
	for (size_t i = 0; r == 0 && err == NULL && i < n; i++)
		if (errs[i] != 0) {
			errno = -errs[i];
			r = -1;
		}
	if (r < 0)
		xc_fail(xch, errno, "domain %u: map %zu pages", domid, n);
	if (err == NULL && errs != NULL) {
		int saved = errno;

		xc_os_munmap(errs, errs_len);
		errno = saved;
	}
	if (r == 0)
		return addr;
	r = errno;
	xc_os_munmap(addr, len);
	errno = r;
	return NULL;
}

XC_API int
xc_unmap_foreign(xc_interface *xch, void *addr, size_t n)
{
	(void)xch;
	if (addr != NULL)
		xc_os_munmap(addr, n * XC_PAGE_SIZE);
	return 0;
}

XC_API void *
xc_map_resource(xc_interface *xch, uint32_t domid, uint32_t type, uint32_t id,
    uint32_t idx, size_t n, int prot)
{
	struct privcmd_mmap_resource m = { .dom = (domid_t)domid,
		.type = type, .id = id, .idx = idx, .num = n };
	size_t len = n * XC_PAGE_SIZE;
	void *addr = xc_os_mmap(xch->privcmd, len, prot, MAP_SHARED, 0);
	int saved;

	if (addr == NULL) {
		xc_fail(xch, errno, "map a resource");
		return NULL;
	}
	m.addr = (uintptr_t)addr;
	xch->stats.map_ioctls++;
	if (xc_os_ioctl(XC_DEV_PRIVCMD, xch->privcmd,
		IOCTL_PRIVCMD_MMAP_RESOURCE, &m) == 0)
		return addr;
	saved = errno;
	xc_os_munmap(addr, len);
	xc_fail(xch, saved, "domain %u: map resource %u", domid, type);
	return NULL;
}

XC_API int
xc_gnttab_setup(xc_interface *xch, uint32_t domid, uint64_t *gfn)
{
	struct gnttab_setup_table s = { .dom = (domid_t)domid, .nr_frames = 1 };
	uint64_t *frame = xc_buf_get(xch, sizeof(*frame));
	void *buf = xc_buf_get(xch, sizeof(s));
	long r = -1;

	if (frame != NULL && buf != NULL) {
		set_xen_guest_handle(s.frame_list, (xen_pfn_t *)frame);
		memcpy(buf, &s, sizeof(s));
		r = xc_hypercall(xch, XC_HC_GRANT_TABLE, GNTTABOP_setup_table,
		    (uintptr_t)buf, 1, 0);
		memcpy(&s, buf, sizeof(s));
		*gfn = *frame;
	}
	xc_buf_put(xch, buf, sizeof(s));
	xc_buf_put(xch, frame, sizeof(*frame));
	if (r == 0 && s.status != GNTST_okay) {
		errno = EINVAL;
		r = -1;
	}
	if (r < 0)
		return xc_fail(xch, errno, "domain %u: grant table", domid);
	return 0;
}

XC_API int
xc_gnttab_query(xc_interface *xch, uint32_t domid, uint32_t *frames,
    uint32_t *max_frames)
{
	struct gnttab_query_size *buf, q = { .dom = (domid_t)domid };
	long r;

	buf = xc_buf_get(xch, sizeof(q));
	if (buf == NULL)
		return xc_fail(xch, errno, "domain %u: grant table", domid);
	*buf = q;
	r = xc_hypercall(xch, XC_HC_GRANT_TABLE, GNTTABOP_query_size,
	    (uintptr_t)buf, 1, 0);
	q = *buf;
	xc_buf_put(xch, buf, sizeof(q));
	if (r < 0 || q.status != GNTST_okay)
		return xc_fail(xch, r < 0 ? errno : ESRCH,
		    "domain %u: grant table", domid);
	*frames = q.nr_frames;
	*max_frames = q.max_nr_frames;
	return 0;
}

static int
hvm_param(xc_interface *xch, unsigned op, uint32_t domid, uint32_t param,
    uint64_t *value)
{
	struct xen_hvm_param p = { .domid = (domid_t)domid, .index = param,
		.value = *value };

	if (xc_hypercall_buf(xch, XC_HC_HVM, op, &p, sizeof(p)) < 0)
		return xc_fail(xch, errno, "domain %u: HVM parameter %u",
		    domid, param);
	*value = p.value;
	return 0;
}

XC_API int
xc_hvm_param_set(xc_interface *xch, uint32_t domid, uint32_t param,
    uint64_t value)
{
	return hvm_param(xch, 0, domid, param, &value);
}

XC_API int
xc_hvm_param_get(xc_interface *xch, uint32_t domid, uint32_t param,
    uint64_t *value)
{
	*value = 0;
	return hvm_param(xch, 1, domid, param, value);
}
