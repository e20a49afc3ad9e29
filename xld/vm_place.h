/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a machine's vCPUs may run; see vm_place.c. */
#ifndef XLD_VM_PLACE_H
#define XLD_VM_PLACE_H

#include "xld.h"

/* Is it a key of VCPUs_params that names processors? With a value that is none
 * *r is -1 and there is an error, else 0. */
bool place_key(const char *key, const char *value, int64_t vcpus_max, int *r,
    struct xu_err *e);
/* The id of the pool a machine belongs to. */
int place_pool(struct core *c, const struct xu_val *config, uint32_t *id,
    struct xu_err *e);
/* Affinities of a domain that has its vCPUs and no memory yet. */
int place_vcpus(struct core *c, const struct xu_val *config, uint32_t domid,
    struct xu_err *e);
/* The same for one of the keys above, of a domain that runs. */
int place_live(struct guest *g, const char *key, const char *value,
    struct xu_err *e);

/* One line: on which nodes it would be now, and why. */
int place_explain(struct core *c, const struct xu_val *config,
    struct xu_buf *out, struct xu_err *e);

#endif
