/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CPU pools and processors of the host, as commands about them see them. */
#ifndef XM_POOLS_H
#define XM_POOLS_H

#include "xm.h"
#include "xu_cpus.h"

struct pools {
	/* By reference. */
	struct xapi_value *pools, *cpus;
	/* What node each processor is on, for host. */
	uint32_t node_of[XU_CPUS_MAX];
	struct xu_cpu_host host;
};

/* Connects and asks. A status; pools_free in any case. */
int pools_read(struct xm *xm, struct pools **out);
void pools_free(struct pools **p);
#define AUTO_POOLS __attribute__((cleanup(pools_free)))

/* Xen's own. "": the host does not tell. */
const char *pools_zero(const struct pools *p);
/* By name, uuid or Xen's number. NULL with an error printed and *status. */
const char *pools_find(
    struct xm *xm, const struct pools *p, const char *what, int *status);
/* pools_read and pools_find. A status. */
int pools_open(
    struct xm *xm, const char *what, struct pools **out, const char **ref);
/* Of the one that a record of a VM names; NULL: it does not run. */
const struct xapi_value *pools_of(
    const struct pools *p, const struct xapi_value *vm);
/* The reference of a processor, NULL: there is none of that number. */
const char *pools_cpu(const struct pools *p, unsigned number);
/* Those of a pool's record. */
void pools_cpus(const struct pools *p, const struct xapi_value *pool,
    struct xu_cpus *out);
/* "0-3,node:1" of this host. A status. */
int pools_set(struct xm *xm, const struct pools *p, const char *text,
    struct xu_cpus *out);

#endif
