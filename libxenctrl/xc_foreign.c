/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pages of other domains in our address space: a range of /dev/xen/privcmd
 * that one ioctl fills, with frames of a domain or a resource of Xen's.
 */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <xen/xen.h>

#include "xc_private.h"
#include "xc_privcmd.h"

/* Pages of one mapping: 64 GiB. */
#define MAX_MAPPED ((size_t)1 << 24)

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
	struct privcmd_mmapbatch_v2 b;
	int r;

	memset(&b, 0, sizeof(b));
	b.num = (unsigned)n;
	b.dom = (domid_t)domid;
	b.addr = (uintptr_t)addr;
	b.arr = frames;
	b.err = err;
	xch->stats.map_ioctls++;
	xch->stats.mapped_pages += n;
	r = (int)xc_os_ioctl(XC_DEV_PRIVCMD, xch->privcmd,
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
			r = (int)xc_os_ioctl(XC_DEV_PRIVCMD,
			    xch->privcmd, IOCTL_PRIVCMD_MMAPBATCH_V2,
			    &b);
			if (r < 0 && errno != ENOENT)
				return r;
		}
	}
	return 0;
}

static int
check_count(xc_interface *xch, size_t n)
{
	if (n >= 1 && n <= MAX_MAPPED)
		return 0;
	errno = EINVAL;
	return xc_fail(xch, 0, "map %zu pages; 1 to %zu are possible", n,
	    MAX_MAPPED);
}

XC_API void *
xc_map_foreign(xc_interface *xch, uint32_t domid, int prot,
    const uint64_t *frames, int *err, size_t n)
{
	size_t len = n * XC_PAGE_SIZE;
	int *errs = err, r, saved;
	void *addr;

	if (xc_check_domid(xch, domid) < 0 || check_count(xch, n) < 0)
		return NULL;
	addr = xc_os_mmap(xch->privcmd, len, prot, MAP_SHARED, 0);
	if (addr == NULL) {
		xc_fail(xch, errno, "map %zu pages", n);
		return NULL;
	}
	if (errs == NULL)
		errs = calloc(n, sizeof(*errs));
	r = errs == NULL ? -1 : map_batch(xch, domid, addr, frames, errs, n);
	for (size_t i = 0; r == 0 && err == NULL && i < n; i++)
		if (errs[i] != 0) {
			errno = -errs[i];
			r = -1;
		}
	if (r < 0)
		xc_fail(xch, errno, "domain %u: map %zu pages", domid, n);
	saved = errno;
	if (err == NULL)
		free(errs);
	if (r == 0)
		return addr;
	xc_os_munmap(addr, len);
	errno = saved;
	return NULL;
}

XC_API void *
xc_map_foreign_range(xc_interface *xch, uint32_t domid, int prot,
    uint64_t first, size_t n)
{
	uint64_t *frames;
	void *addr;

	if (check_count(xch, n) < 0)
		return NULL;
	frames = malloc(n * sizeof(*frames));
	if (frames == NULL) {
		xc_fail(xch, errno, "map %zu pages", n);
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		frames[i] = first + i;
	addr = xc_map_foreign(xch, domid, prot, frames, NULL, n);
	free(frames);
	return addr;
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
	struct privcmd_mmap_resource m;
	size_t len = n * XC_PAGE_SIZE;
	void *addr;
	int saved;

	memset(&m, 0, sizeof(m));
	m.dom = (domid_t)domid;
	m.type = type;
	m.id = id;
	m.idx = idx;
	m.num = n;
	if (xc_check_domid(xch, domid) < 0 || check_count(xch, n) < 0)
		return NULL;
	addr = xc_os_mmap(xch->privcmd, len, prot, MAP_SHARED, 0);
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


XC_API int64_t
xc_resource_size(xc_interface *xch, uint32_t domid, uint32_t type, uint32_t id)
{
	struct privcmd_mmap_resource m;

	memset(&m, 0, sizeof(m));
	m.dom = (domid_t)domid;
	m.type = type;
	m.id = id;
	if (xc_check_domid(xch, domid) < 0)
		return -1;
	/* No address and no count ask for the size (Linux 5.16). */
	if (xc_os_ioctl(XC_DEV_PRIVCMD, xch->privcmd,
		IOCTL_PRIVCMD_MMAP_RESOURCE, &m) < 0)
		return xc_fail(xch, errno, "domain %u: size of resource %u",
		    domid, type);
	return (int64_t)m.num;
}
