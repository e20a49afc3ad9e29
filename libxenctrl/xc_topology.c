/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Processors, nodes and where free memory is. The figures come as arrays whose
 * length the hypervisor tells; a short array is filled as far as it goes.
 */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "xc_private.h"

/* No build of Xen has more processors or nodes. */
#define MAX_ENTRIES 16384u

static int
check_max(xc_interface *xch, uint32_t max)
{
	if (max >= 1 && max <= MAX_ENTRIES)
		return 0;
	errno = EINVAL;
	return xc_fail(xch, 0, "%u entries; 1 to %u are possible", max,
	    MAX_ENTRIES);
}

/* cputopoinfo: {u32 num, array of {u32 core, socket, node}}. */
XC_API int
xc_cputopology(xc_interface *xch, struct xc_cputopology *out, uint32_t max)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_cputopoinfo };
	size_t size = max * 3 * sizeof(uint32_t);
	uint32_t *buf, n;

	if (check_max(xch, max) < 0)
		return -1;
	buf = xc_buf_get(xch, size);
	if (buf == NULL)
		return xc_fail(xch, errno, "ask for the processors' places");
	ctl.u.u32[0] = max;
	ctl.u.u64[1] = (uintptr_t)buf;
	if (xc_do_sysctl(xch, &ctl, "ask for the processors' places") < 0) {
		xc_buf_put(xch, buf, size);
		return -1;
	}
	n = ctl.u.u32[0] < max ? ctl.u.u32[0] : max;
	for (uint32_t i = 0; i < n; i++) {
		out[i].core = buf[3 * i];
		out[i].socket = buf[3 * i + 1];
		out[i].node = buf[3 * i + 2];
	}
	xc_buf_put(xch, buf, size);
	return (int)n;
}

/*
 * numainfo: {u32 num, array of {u64 size, free}, array of num * num u32}. A
 * null distance array is left out by the hypervisor.
 */
XC_API int
xc_numainfo(xc_interface *xch, struct xc_numanode *nodes, uint32_t *distance,
    uint32_t max)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_numainfo };
	size_t mem = max * 2 * sizeof(uint64_t);
	size_t size = mem + (size_t)max * max * sizeof(uint32_t);
	uint64_t *buf;
	uint32_t n;

	if (max == 0 || max > 256) {
		errno = EINVAL;
		return xc_fail(xch, 0, "%u nodes; 1 to 256 are possible", max);
	}
	buf = xc_buf_get(xch, size);
	if (buf == NULL)
		return xc_fail(xch, errno, "ask for the nodes' memory");
	ctl.u.u32[0] = max;
	ctl.u.u64[1] = (uintptr_t)buf;
	ctl.u.u64[2] = distance != NULL ? (uintptr_t)buf + mem : 0;
	if (xc_do_sysctl(xch, &ctl, "ask for the nodes' memory") < 0) {
		xc_buf_put(xch, buf, size);
		return -1;
	}
	n = ctl.u.u32[0] < max ? ctl.u.u32[0] : max;
	for (uint32_t i = 0; i < n; i++) {
		nodes[i].size = buf[2 * i];
		nodes[i].free = buf[2 * i + 1];
	}
	if (distance != NULL)
		memcpy(distance, (uint8_t *)buf + mem,
		    (size_t)n * n * sizeof(uint32_t));
	xc_buf_put(xch, buf, size);
	return (int)n;
}

/* pcitopoinfo: {u32 num, array of {u16 segment, u8 bus, devfn}, array of u32}.
 * num comes back as how many were done: a long list is continued. */
XC_API int
xc_pcitopoinfo(xc_interface *xch, const struct xc_pci_device *devices,
    uint32_t *nodes, uint32_t n)
{
	struct xc_sysctl ctl;
	size_t size = (size_t)n * 2 * sizeof(uint32_t);
	uint32_t *buf, done = 0;
	int r = 0;

	_Static_assert(sizeof(*devices) == 4, "physdev_pci_device");
	if (xc_check_ptr(xch, devices, "PCI devices") < 0 ||
	    xc_check_ptr(xch, nodes, "their nodes") < 0 ||
	    xc_check_range(xch, n, 1, 65536, "PCI devices") < 0)
		return -1;
	buf = xc_buf_get(xch, size);
	if (buf == NULL)
		return xc_fail(xch, errno, "ask where PCI devices are");
	memcpy(buf, devices, (size_t)n * 4);
	while (r == 0 && done < n) {
		ctl = (struct xc_sysctl){ .cmd = SYSCTL_pcitopoinfo };
		ctl.u.u32[0] = n - done;
		ctl.u.u64[1] = (uintptr_t)(buf + done);
		ctl.u.u64[2] = (uintptr_t)(buf + n + done);
		r = xc_do_sysctl(xch, &ctl, "ask where PCI devices are");
		if (r == 0 && (ctl.u.u32[0] == 0 || ctl.u.u32[0] > n - done))
			r = xc_fail(xch, EPROTO, "ask where PCI devices are");
		done += r == 0 ? ctl.u.u32[0] : 0;
	}
	if (r == 0)
		memcpy(nodes, buf + n, (size_t)n * 4);
	xc_buf_put(xch, buf, size);
	return r < 0 ? -1 : 0;
}

/* getcpuinfo: {u32 max, array of u64 idle time, u32 num}. */
XC_API int
xc_cpu_idle_times(xc_interface *xch, uint64_t *nanoseconds, uint32_t max)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_getcpuinfo };
	size_t size = max * sizeof(uint64_t);
	uint64_t *buf;
	uint32_t n;

	if (check_max(xch, max) < 0)
		return -1;
	buf = xc_buf_get(xch, size);
	if (buf == NULL)
		return xc_fail(xch, errno, "ask for idle times");
	ctl.u.u32[0] = max;
	ctl.u.u64[1] = (uintptr_t)buf;
	if (xc_do_sysctl(xch, &ctl, "ask for idle times") < 0) {
		xc_buf_put(xch, buf, size);
		return -1;
	}
	n = ctl.u.u32[4] < max ? ctl.u.u32[4] : max;
	memcpy(nanoseconds, buf, n * sizeof(uint64_t));
	xc_buf_put(xch, buf, size);
	return (int)n;
}

/* availheap: {u32 min_bitwidth, max_bitwidth, s32 node, u64 bytes}. */
XC_API int64_t
xc_availheap(xc_interface *xch, uint32_t min_width, uint32_t max_width,
    int32_t node)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_availheap };

	ctl.u.u32[0] = min_width;
	ctl.u.u32[1] = max_width;
	ctl.u.u32[2] = (uint32_t)node;
	if (xc_do_sysctl(xch, &ctl, "ask for the free heap") < 0)
		return -1;
	return (int64_t)ctl.u.u64[2];
}
