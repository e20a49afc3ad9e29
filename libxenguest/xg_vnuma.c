/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Virtual NUMA: which memory is on which node, and what Xen is told of it. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "xenctrl_mem.h"
#include "xg_hvm.h"

#define PFN_4G 0x100000ull

static int
check(const struct xg_build *b, struct xg_error *e)
{
	uint64_t sum = 0;

	if (b->nr_vnodes > XG_MAX_VNODES)
		return xg_fail(e, EINVAL, "%u virtual nodes; %u are possible",
		    b->nr_vnodes, XG_MAX_VNODES);
	for (uint32_t i = 0; i < b->nr_vnodes; i++)
		sum += b->vnodes[i].memory_kib;
	if (sum != b->memory_kib)
		return xg_fail(e, EINVAL, "the virtual nodes have %llu KiB of "
		    "memory, the guest %llu", (unsigned long long)sum,
		    (unsigned long long)b->memory_kib);
	if (b->max_kib > b->memory_kib)
		return xg_fail(e, EINVAL, "a guest with virtual nodes cannot "
		    "grow beyond its memory");
	return 0;
}

/* Cuts pfn..end - 1 into pieces of the nodes from *vnode on, of which *left pages
 * are still to come. The last node takes what is left over. */
static void
cut(const struct xg_build *b, uint64_t pfn, uint64_t end, uint32_t *vnode,
    uint64_t *left, struct xg_nodes *out)
{
	while (pfn < end) {
		uint64_t n = end - pfn;

		if (*left == 0 && *vnode + 1 < b->nr_vnodes)
			*left = b->vnodes[++*vnode].memory_kib / 4;
		if (*vnode + 1 < b->nr_vnodes && n > *left)
			n = *left;
		out->range[out->n++] =
		    (struct xg_node_range){ pfn, pfn + n, *vnode };
		*left -= n < *left ? n : *left;
		pfn += n;
	}
}

int
xg_vnuma_ranges(const struct xg_build *b, const struct xg_hvm_layout *l,
    struct xg_nodes *out, struct xg_error *e)
{
	uint64_t left;
	uint32_t vnode = 0;

	out->n = 0;
	if (b->nr_vnodes == 0)
		return 0;
	if (check(b, e) < 0)
		return -1;
	left = b->vnodes[0].memory_kib / 4;
	cut(b, 0, l == NULL ? b->memory_kib / 4 : l->low_end, &vnode, &left,
	    out);
	if (l != NULL && l->high_end > 0)
		cut(b, PFN_4G, l->high_end, &vnode, &left, out);
	if (vnode + 1 == b->nr_vnodes)
		return 0;
	return xg_fail(e, EINVAL, "virtual node %u gets no memory",
	    b->nr_vnodes - 1);
}

const struct xg_node_range *
xg_vnuma_at(const struct xg_nodes *nodes, uint64_t pfn)
{
	for (uint32_t i = 0; i < nodes->n; i++)
		if (pfn >= nodes->range[i].pfn && pfn < nodes->range[i].end)
			return &nodes->range[i];
	return NULL;
}

uint32_t
xg_vnuma_of_vcpu(const struct xg_build *b, uint32_t vcpu)
{
	for (uint32_t i = 0; i < b->nr_vnodes; i++)
		if (vcpu / 8 < sizeof(b->vnodes[i].vcpus) &&
		    (b->vnodes[i].vcpus[vcpu / 8] >> vcpu % 8 & 1) != 0)
			return i;
	return 0;
}

int
xg_vnuma_tell(struct xg_job *j)
{
	const struct xg_nodes *nodes = &j->m->nodes;
	const struct xg_build *b = j->b;
	uint32_t distance[XG_MAX_VNODES * XG_MAX_VNODES];
	uint32_t host[XG_MAX_VNODES], *vcpus;
	struct xc_vmemrange ranges[sizeof(nodes->range) /
	    sizeof(nodes->range[0])];
	struct xc_vnuma v = { .nr_nodes = b->nr_vnodes, .nr_ranges = nodes->n,
		.nr_vcpus = xg_nr_vcpus(b), .distance = distance,
		.node_to_host = host, .ranges = ranges };
	int r;

	if (nodes->n == 0)
		return 0;
	vcpus = v.vcpu_to_node = calloc(v.nr_vcpus, sizeof(*vcpus));
	if (vcpus == NULL)
		return xg_fail(j->e, ENOMEM, "no memory for virtual NUMA");
	for (uint32_t i = 0; i < v.nr_vcpus; i++)
		vcpus[i] = xg_vnuma_of_vcpu(b, i);
	for (uint32_t i = 0; i < b->nr_vnodes; i++) {
		host[i] = b->vnodes[i].host;
		for (uint32_t k = 0; k < b->nr_vnodes; k++)
			distance[i * b->nr_vnodes + k] =
			    b->vnodes[i].distance[k];
	}
	for (uint32_t i = 0; i < nodes->n; i++)
		ranges[i] = (struct xc_vmemrange){
			.start = nodes->range[i].pfn << XC_PAGE_SHIFT,
			.end = nodes->range[i].end << XC_PAGE_SHIFT,
			.node = nodes->range[i].vnode };
	r = xc_domain_setvnuma(j->xch, b->domid, &v);
	free(vcpus);
	return r < 0 ? xg_xen_fail(j, "virtual NUMA") : 0;
}
