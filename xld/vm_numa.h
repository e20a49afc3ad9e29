/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which nodes of a host a machine is put on: arithmetic, and the reason in words.
 * Knows no Xen.
 */
#ifndef XLD_VM_NUMA_H
#define XLD_VM_NUMA_H

#include <stdbool.h>
#include <stdint.h>

#include "xu_buf.h"

/* As many as Xen has at most (NR_NODES of x86). */
#define NUMA_NODES 64

struct numa_host {
	unsigned nr_nodes;
	struct numa_node {
		uint64_t free_kib;
		/* Processors that the machine may use, and vCPUs of others that
		 * are bound to some nodes, this one among them. */
		unsigned cpus, vcpus;
	} node[NUMA_NODES];
};

/* KiB and vCPUs of a machine. */
struct numa_need {
	uint64_t kib;
	unsigned vcpus;
};

/*
 * As few nodes as have the memory and a processor for each vCPU; among as many
 * those with more free memory, which counts three times as much, and fewer vCPUs
 * bound to them; the first ones when all is the same. Bit i is node i; 0: nowhere
 * is enough, or a host has one node only. Of more than 16 nodes with processors
 * those with the most free memory are looked at.
 */
uint64_t numa_choose(const struct numa_host *h, const struct numa_need *need);
/* One line: what was chosen, and what stood against each of the others. */
void numa_explain(const struct numa_host *h, const struct numa_need *need,
    uint64_t chosen, struct xu_buf *out);

#endif
