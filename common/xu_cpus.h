/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sets of processors as people write them: "0-3,^2", "all", "node:1",
 * "nodes:0-1,^5" (xm's and xl's grammar). Knows no host but the one it is told.
 */
#ifndef XU_CPUS_H
#define XU_CPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xu_buf.h"
#include "xu_err.h"

#define XU_CPUS_MAX 4096

struct xu_cpus {
	uint8_t bits[XU_CPUS_MAX / 8];
};

/* What there is. node_of may be NULL: everything is on node 0. */
struct xu_cpu_host {
	unsigned ncpus;
	const uint32_t *node_of;
};

/*
 * Items, separated by commas, from left to right: N, N-M, all, node:LIST and
 * nodes:LIST add, ^ before one of them takes away; a set that begins with ^
 * begins with all. host NULL: only the grammar is looked at, out may be NULL.
 * What is named has to be there, and something has to be left. Errors are
 * VALUE_NOT_SUPPORTED and name the item.
 */
int xu_cpus_parse(const char *text, const struct xu_cpu_host *host,
    struct xu_cpus *out, struct xu_err *e);
/* "0-1,3" of a host's first ncpus, "all" of them or "none". */
void xu_cpus_text(
    const struct xu_cpus *c, unsigned ncpus, struct xu_buf *out);
bool xu_cpus_has(const struct xu_cpus *c, unsigned cpu);
unsigned xu_cpus_count(const struct xu_cpus *c);

#endif
