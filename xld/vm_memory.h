/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory of a machine that runs. */
#ifndef XLD_VM_MEMORY_H
#define XLD_VM_MEMORY_H

#include "xld.h"

/* Domain 0 is not left with less: the host's own programs live there. */
#define DOM0_FLOOR_KIB (192 << 10)

/* It is to have so much from now on; also domain 0, and guests of others. */
int vm_set_memory(struct guest *g, int64_t bytes, struct xu_err *e);

#endif
