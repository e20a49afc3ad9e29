/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CPU pools: groups of processors, each with its own scheduler. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "xc_private.h"

/* cpupool_op: {u32 op, pool, sched, domid, cpu, n_dom, bitmap}. */
enum {
	POOL_CREATE = 1,
	POOL_DESTROY = 2,
	POOL_INFO = 3,
	POOL_ADDCPU = 4,
	POOL_RMCPU = 5,
	POOL_MOVEDOMAIN = 6,
	POOL_FREEINFO = 7,
};

/* As many bits as any build of Xen has CPUs. */
#define MAX_MAP_BYTES 2048

static struct xc_sysctl
pool_op(uint32_t op, uint32_t pool)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_cpupool_op };

	ctl.u.u32[0] = op;
	ctl.u.u32[1] = pool;
	return ctl;
}

XC_API int
xc_cpupool_create(xc_interface *xch, uint32_t *pool, uint32_t sched_id)
{
	struct xc_sysctl ctl;

	if (xc_check_ptr(xch, pool, "the new pool's id") < 0)
		return -1;
	ctl = pool_op(POOL_CREATE, *pool);
	ctl.u.u32[2] = sched_id;
	if (xc_change_sysctl(xch, &ctl, "create a CPU pool") < 0)
		return -1;
	*pool = ctl.u.u32[1];
	return 0;
}

XC_API int
xc_cpupool_destroy(xc_interface *xch, uint32_t pool)
{
	struct xc_sysctl ctl = pool_op(POOL_DESTROY, pool);

	return xc_change_sysctl(xch, &ctl, "destroy a CPU pool");
}

static int
read_map(xc_interface *xch, struct xc_sysctl *ctl, uint8_t *cpumap,
    size_t bytes, const char *what)
{
	uint8_t *buf;
	int r;

	if (xc_check_ptr(xch, cpumap, "a map of CPUs") < 0 ||
	    xc_check_range(xch, bytes, 1, MAX_MAP_BYTES,
		"bytes of a CPU map") < 0)
		return -1;
	buf = xc_buf_get(xch, bytes);
	if (buf == NULL)
		return xc_fail(xch, errno, "%s", what);
	ctl->u.u64[3] = (uintptr_t)buf;
	ctl->u.u32[8] = (uint32_t)bytes * 8;
	r = xc_do_sysctl(xch, ctl, what) < 0 ? -1 : 0;
	if (r == 0)
		memcpy(cpumap, buf, bytes);
	xc_buf_put(xch, buf, bytes);
	return r;
}

XC_API int
xc_cpupool_getinfo(xc_interface *xch, uint32_t first,
    struct xc_cpupool_info *out, uint8_t *cpumap, size_t bytes)
{
	struct xc_sysctl ctl = pool_op(POOL_INFO, first);

	if (xc_check_ptr(xch, out, "facts of a CPU pool") < 0 ||
	    read_map(xch, &ctl, cpumap, bytes, "ask for a CPU pool") < 0)
		return -1;
	out->id = ctl.u.u32[1];
	out->sched_id = ctl.u.u32[2];
	out->n_dom = ctl.u.u32[5];
	return 0;
}

XC_API int
xc_cpupool_addcpu(xc_interface *xch, uint32_t pool, uint32_t cpu)
{
	struct xc_sysctl ctl = pool_op(POOL_ADDCPU, pool);

	ctl.u.u32[4] = cpu;
	return xc_change_sysctl(xch, &ctl, "add a CPU to a pool");
}

XC_API int
xc_cpupool_removecpu(xc_interface *xch, uint32_t pool, uint32_t cpu)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
	struct xc_sysctl ctl;
	int r;

	if (xc_check_abi(xch, "remove a CPU from a pool") < 0)
		return -1;
	for (int i = 0;; i++) {
		ctl = pool_op(POOL_RMCPU, pool);
		ctl.u.u32[4] = cpu;
		r = (int)xc_try_sysctl(xch, &ctl);
		/* Still busy inside the hypervisor: Xen asks for the very same
		 * call again. */
		if (r >= 0 || errno != EAGAIN || i == 100)
			break;
		nanosleep(&pause, NULL);
	}
	if (r < 0)
		return xc_fail(xch, errno, "remove CPU %u from pool %u", cpu,
		    pool);
	return 0;
}

XC_API int
xc_cpupool_movedomain(xc_interface *xch, uint32_t pool, uint32_t domid)
{
	struct xc_sysctl ctl = pool_op(POOL_MOVEDOMAIN, pool);

	if (xc_check_domid(xch, domid) < 0)
		return -1;
	ctl.u.u32[3] = domid;
	return xc_change_sysctl(xch, &ctl, "move a domain to a CPU pool");
}

XC_API int
xc_cpupool_freeinfo(xc_interface *xch, uint8_t *cpumap, size_t bytes)
{
	struct xc_sysctl ctl = pool_op(POOL_FREEINFO, 0);

	return read_map(xch, &ctl, cpumap, bytes, "ask for the free CPUs");
}
