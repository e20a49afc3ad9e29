/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Virtual NUMA as people write it (xl's vnuma key): nodes, each with words
 * "pnode=N" (the host's node its memory comes from), "size=MIB", "vcpus=SET",
 * "vdistances=D,D,..." (to each node; with one number: to all others). As one
 * text: words parted by blanks, nodes by semicolons.
 */
#ifndef XU_VNUMA_H
#define XU_VNUMA_H

#include <stdint.h>

#include "xu_err.h"

#define XU_VNODES_MAX  16
#define XU_VNODE_VCPUS 512

struct xu_vnode {
	uint32_t host;
	uint64_t mib;
	/* Bit i of byte i / 8 = vCPU i. */
	uint8_t vcpus[XU_VNODE_VCPUS / 8];
	/* To each node; 10 to itself and 20 to others where nothing is said. */
	uint32_t distance[XU_VNODES_MAX];
};

struct xu_vnuma {
	/* 0 = none. */
	unsigned n;
	struct xu_vnode node[XU_VNODES_MAX];
};

/* "" has no node. Errors are VALUE_NOT_SUPPORTED and say which node. */
int xu_vnuma_parse(const char *text, struct xu_vnuma *out, struct xu_err *e);
/* Every vCPU of max is on one node, and the sizes make up the memory. */
int xu_vnuma_check(const struct xu_vnuma *v, unsigned vcpus, uint64_t mib,
    struct xu_err *e);
/* The node of a vCPU. */
unsigned xu_vnuma_node_of(const struct xu_vnuma *v, unsigned vcpu);

#endif
