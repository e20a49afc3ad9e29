/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vCPUs: state, registers, affinity. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "xc_private.h"

/* xenctl_bitmap {handle, u32 nr_bits}: 16 bytes. */
#define AFFINITY_HARD 1u
#define AFFINITY_SOFT 2u
#define AFFINITY_FORCE 4u

/* struct vcpu_guest_context of a 64-bit domain. */
#define VCPU_CONTEXT_SIZE 5168u
/* CPU and node maps: as many bits as any build of Xen has CPUs. */
#define MAX_MAP_BYTES 2048

XC_API int
xc_vcpu_getinfo(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    struct xc_vcpuinfo *out)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_getvcpuinfo,
		.domain = domid };

	ctl.u.u32[0] = vcpu;
	if (xc_do_domctl(xch, &ctl, "ask for a vCPU's state") < 0)
		return -1;
	out->online = ctl.u.raw[4] != 0;
	out->blocked = ctl.u.raw[5] != 0;
	out->running = ctl.u.raw[6] != 0;
	out->cpu_time = ctl.u.u64[1];
	out->cpu = ctl.u.u32[4];
	return 0;
}

static int
context(xc_interface *xch, uint32_t cmd, uint32_t domid, uint32_t vcpu,
    void *buf, const char *what)
{
	struct xc_domctl ctl = { .cmd = cmd, .domain = domid };

	ctl.u.u32[0] = vcpu;
	ctl.u.u64[1] = (uintptr_t)buf;
	return xc_do_domctl(xch, &ctl, what) < 0 ? -1 : 0;
}

/* Xen reads and writes the whole structure, whatever the caller has. */
static int
check_context_size(xc_interface *xch, size_t size)
{
	if (size == VCPU_CONTEXT_SIZE)
		return 0;
	errno = EINVAL;
	return xc_fail(xch, 0, "a vCPU's registers take %u bytes, not %zu",
	    VCPU_CONTEXT_SIZE, size);
}

XC_API int
xc_vcpu_setcontext(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    const void *ctx, size_t size)
{
	void *buf;
	int r;

	if (xc_check_abi(xch, "set registers") < 0 ||
	    check_context_size(xch, size) < 0)
		return -1;
	buf = xc_buf_get(xch, size);
	if (buf == NULL)
		return xc_fail(xch, errno, "set registers");
	memcpy(buf, ctx, size);
	r = context(xch, DOMCTL_setvcpucontext, domid, vcpu, buf,
	    "set a vCPU's registers");
	xc_buf_put(xch, buf, size);
	return r;
}

XC_API int
xc_vcpu_getcontext(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    void *ctx, size_t size)
{
	void *buf;
	int r;

	if (check_context_size(xch, size) < 0)
		return -1;
	buf = xc_buf_get(xch, size);
	if (buf == NULL)
		return xc_fail(xch, errno, "get registers");
	r = context(xch, DOMCTL_getvcpucontext, domid, vcpu, buf,
	    "get a vCPU's registers");
	if (r == 0)
		memcpy(ctx, buf, size);
	xc_buf_put(xch, buf, size);
	return r;
}

static int
check_map(xc_interface *xch, size_t bytes)
{
	if (bytes >= 1 && bytes <= MAX_MAP_BYTES)
		return 0;
	errno = EINVAL;
	return xc_fail(xch, 0, "a CPU map of %zu bytes; 1 to %d are possible",
	    bytes, MAX_MAP_BYTES);
}

/* vcpuaffinity: {u32 vcpu, flags, bitmap hard, bitmap soft}. */
static int
affinity(xc_interface *xch, uint32_t cmd, uint32_t domid, uint32_t vcpu,
    uint32_t flags, uint8_t *hard, uint8_t *soft, size_t bytes)
{
	struct xc_domctl ctl = { .cmd = cmd, .domain = domid };
	uint8_t *buf;
	int r;

	if (check_map(xch, bytes) < 0)
		return -1;
	buf = xc_buf_get(xch, bytes * 2);

	if (buf == NULL)
		return xc_fail(xch, errno, "vCPU affinity");
	if (hard != NULL)
		memcpy(buf, hard, bytes);
	if (soft != NULL)
		memcpy(buf + bytes, soft, bytes);
	ctl.u.u32[0] = vcpu;
	ctl.u.u32[1] = flags | (hard != NULL ? AFFINITY_HARD : 0) |
	    (soft != NULL ? AFFINITY_SOFT : 0);
	ctl.u.u64[1] = (uintptr_t)buf;
	ctl.u.u32[4] = hard != NULL ? (uint32_t)bytes * 8 : 0;
	ctl.u.u64[3] = (uintptr_t)buf + bytes;
	ctl.u.u32[8] = soft != NULL ? (uint32_t)bytes * 8 : 0;
	r = xc_do_domctl(xch, &ctl, "vCPU affinity") < 0 ? -1 : 0;
	if (r == 0 && hard != NULL)
		memcpy(hard, buf, bytes);
	if (r == 0 && soft != NULL)
		memcpy(soft, buf + bytes, bytes);
	xc_buf_put(xch, buf, bytes * 2);
	return r;
}

XC_API int
xc_vcpu_setaffinity(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    uint8_t *hard, uint8_t *soft, size_t bytes)
{
	if (xc_check_abi(xch, "set vCPU affinity") < 0)
		return -1;
	return affinity(xch, DOMCTL_setvcpuaffinity, domid, vcpu, 0, hard, soft,
	    bytes);
}

XC_API int
xc_vcpu_setaffinity_force(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    uint8_t *hard, uint8_t *soft, size_t bytes)
{
	if (xc_check_abi(xch, "set vCPU affinity") < 0)
		return -1;
	return affinity(xch, DOMCTL_setvcpuaffinity, domid, vcpu,
	    AFFINITY_FORCE, hard, soft, bytes);
}

XC_API int
xc_vcpu_getaffinity(xc_interface *xch, uint32_t domid, uint32_t vcpu,
    uint8_t *hard, uint8_t *soft, size_t bytes)
{
	return affinity(xch, DOMCTL_getvcpuaffinity, domid, vcpu, 0, hard, soft,
	    bytes);
}

/* nodeaffinity: {bitmap}. */
/* Sets the nodes in `set`, or fills `get`: the other one is NULL. */
static int
node_affinity(xc_interface *xch, uint32_t domid, const uint8_t *set,
    uint8_t *get, size_t bytes)
{
	struct xc_domctl ctl = { .domain = domid,
		.cmd = set != NULL ? DOMCTL_setnodeaffinity :
				     DOMCTL_getnodeaffinity };
	uint8_t *buf;
	int r;

	if (check_map(xch, bytes) < 0)
		return -1;
	buf = xc_buf_get(xch, bytes);
	if (buf == NULL)
		return xc_fail(xch, errno, "node affinity");
	if (set != NULL)
		memcpy(buf, set, bytes);
	ctl.u.u64[0] = (uintptr_t)buf;
	ctl.u.u32[2] = (uint32_t)bytes * 8;
	r = xc_do_domctl(xch, &ctl, "node affinity") < 0 ? -1 : 0;
	if (r == 0 && get != NULL)
		memcpy(get, buf, bytes);
	xc_buf_put(xch, buf, bytes);
	return r;
}

XC_API int
xc_domain_set_node_affinity(xc_interface *xch, uint32_t domid,
    const uint8_t *map, size_t bytes)
{
	if (xc_check_abi(xch, "set node affinity") < 0)
		return -1;
	return node_affinity(xch, domid, map, NULL, bytes);
}

XC_API int
xc_domain_get_node_affinity(xc_interface *xch, uint32_t domid, uint8_t *map,
    size_t bytes)
{
	return node_affinity(xch, domid, NULL, map, bytes);
}
