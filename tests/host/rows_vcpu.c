/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows: vCPUs, affinity, weight and cap. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <xen/xen.h>

#include "xc_rows.h"

static int
getinfo(struct xr_env *e)
{
	struct xc_vcpuinfo info;

	if (xc_vcpu_getinfo(e->xch, 0, 0, &info) < 0)
		return -1;
	if (!info.online || info.cpu_time == 0)
		return xr_wrong("dom0's first vCPU is not online");
	if (xc_vcpu_getinfo(e->xch, e->pv, 1, &info) < 0)
		return -1;
	return !info.online ? 0 : xr_wrong("a vCPU without registers runs");
}

static void
unpin(struct xr_env *e, uint64_t mfn)
{
	xc_unpin_table(e->xch, e->pv, mfn);
}

/* A page of zeros is a valid page table of any level. */
static int
empty_table(struct xr_env *e, uint64_t mfn)
{
	void *p = xc_map_foreign_range(e->xch, e->pv, PROT_READ | PROT_WRITE,
	    mfn, 1);

	if (p == NULL)
		return -1;
	memset(p, 0, XC_PAGE_SIZE);
	return xc_unmap_foreign(e->xch, p, 1);
}

/* Registers stay; so the domain is a new one each time. */
static int
context(struct xr_env *e)
{
	static struct vcpu_guest_context set, got;
	const uint64_t mfn = xr_mfn(e, 77);

	if (xc_vcpu_getcontext(e->xch, e->pv, 0, &got, sizeof(got)) == 0)
		return xr_wrong("registers before there were any");
	if (errno != ENODATA)
		return -1;
	if (empty_table(e, mfn) < 0 || xc_pin_table(e->xch, e->pv, 4, mfn) < 0)
		return -1;
	xr_at_end(unpin, mfn);
	set.flags = VGCF_in_kernel | VGCF_online;
	set.user_regs.rip = 0x123456;
	set.user_regs.rsi = 0xfeedbeef;
	set.user_regs.cs = 0xe033;
	set.user_regs.ss = set.kernel_ss = 0xe02b;
	set.ctrlreg[3] = mfn << XC_PAGE_SHIFT;
	if (xc_vcpu_setcontext(e->xch, e->pv, 0, &set, sizeof(set)) < 0 ||
	    xc_vcpu_getcontext(e->xch, e->pv, 0, &got, sizeof(got)) < 0)
		return -1;
	return got.user_regs.rip == 0x123456 &&
		    got.user_regs.rsi == 0xfeedbeef &&
		    got.ctrlreg[3] == set.ctrlreg[3]
	    ? 0
	    : xr_wrong("other registers");
}

static int
affinity(struct xr_env *e)
{
	uint8_t hard[32] = { 1 }, soft[32] = { 2 };

	if (xc_vcpu_setaffinity(e->xch, e->pv, 1, hard, NULL, 32) < 0)
		return -1;
	memset(hard, 0, sizeof(hard));
	if (xc_vcpu_getaffinity(e->xch, e->pv, 1, hard, NULL, 32) < 0)
		return -1;
	if (hard[0] != 1 || hard[1] != 0)
		return xr_wrong("hard affinity %#x", hard[0]);
	memset(hard, 0xff, sizeof(hard));
	if (xc_vcpu_setaffinity(e->xch, e->pv, 1, hard, soft, 32) < 0 ||
	    xc_vcpu_getaffinity(e->xch, e->pv, 1, hard, soft, 32) < 0)
		return -1;
	return soft[0] == 2 && hard[0] != 1
	    ? 0
	    : xr_wrong("hard %#x, soft %#x", hard[0], soft[0]);
}

static int
affinity_force(struct xr_env *e)
{
	uint8_t hard[32] = { 1 };

	if (xc_vcpu_setaffinity_force(e->xch, e->pv, 1, hard, NULL, 32) < 0 ||
	    xc_vcpu_getaffinity(e->xch, e->pv, 1, hard, NULL, 32) < 0)
		return -1;
	if (hard[0] != 1 || hard[1] != 0)
		return xr_wrong("hard affinity %#x", hard[0]);
	memset(hard, 0xff, sizeof(hard));
	return xc_vcpu_setaffinity(e->xch, e->pv, 1, hard, NULL, 32);
}

static int
node_affinity(struct xr_env *e)
{
	uint8_t map[32] = { 1 };

	if (xc_domain_set_node_affinity(e->xch, e->pv, map, 1) < 0 ||
	    xc_domain_get_node_affinity(e->xch, e->pv, map, 32) < 0)
		return -1;
	return map[0] == 1 && map[31] == 0 ? 0 : xr_wrong("%#x", map[0]);
}

static int
credit(struct xr_env *e)
{
	uint16_t weight = 0, cap = 0;

	if (xc_sched_credit_set(e->xch, e->pv, 512, 50) < 0 ||
	    xc_sched_credit_get(e->xch, e->pv, &weight, &cap) < 0)
		return -1;
	return weight == 512 && cap == 50 ? 0
					  : xr_wrong("weight %u cap %u",
						weight, cap);
}

const struct xr_row xr_rows_vcpu[] = {
	{ .function = "xc_vcpu_getinfo", getinfo },
	{ .function = "xc_vcpu_setcontext", context, .flags = XR_FRESH },
	{ .function = "xc_vcpu_getcontext", context, .flags = XR_FRESH },
	{ .function = "xc_vcpu_setaffinity", affinity },
	{ .function = "xc_vcpu_setaffinity_force", affinity_force },
	{ .function = "xc_vcpu_getaffinity", affinity },
	{ .function = "xc_domain_set_node_affinity", node_affinity },
	{ .function = "xc_domain_get_node_affinity", node_affinity },
	{ .function = "xc_sched_credit_set", credit },
	{ .function = "xc_sched_credit_get", credit },
	{ 0 },
};

static int
no_such_vcpu(struct xr_env *e)
{
	struct xc_vcpuinfo info;

	return xc_vcpu_getinfo(e->xch, e->pv, 2, &info);
}

static int
huge_map(struct xr_env *e)
{
	uint8_t map = 1;

	return xc_vcpu_setaffinity(e->xch, 0, 0, &map, NULL, 2049);
}

static int
empty_map(struct xr_env *e)
{
	uint8_t map = 1;

	return xc_vcpu_getaffinity(e->xch, 0, 0, &map, NULL, 0);
}

static int
no_nodes(struct xr_env *e)
{
	uint8_t map = 0;

	return xc_domain_set_node_affinity(e->xch, e->pv, &map, 1);
}

static int
set_short_registers(struct xr_env *e)
{
	char byte = 0;

	return xc_vcpu_setcontext(e->xch, e->pv, 0, &byte, 1);
}

static int
get_short_registers(struct xr_env *e)
{
	char byte;

	return xc_vcpu_getcontext(e->xch, e->pv, 0, &byte, 1);
}

const struct xr_bad xr_bad_vcpu[] = {
	{ "a vCPU there is not", no_such_vcpu, EINVAL, XB_ASKS, 0 },
	{ "a huge CPU map", huge_map, EINVAL, 0, 0 },
	{ "a CPU map of no bytes", empty_map, EINVAL, 0, 0 },
	{ "affinity to no node", no_nodes, EINVAL, XB_ASKS, 0 },
	{ "setting registers of a wrong size", set_short_registers, EINVAL, 0,
	    0 },
	{ "getting registers of a wrong size", get_short_registers, EINVAL, 0,
	    0 },
	{ 0 },
};
