/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reaches xg_unpack.c with every decompressor, xg_elf.c, xg_plan.c. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>

#include "xg_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct xg_limits limits = { 1 << 22, 1 << 22, 10 };
	struct xg_error e = { .msg = "" };
	struct xg_kernel k;
	struct xg_plan p;

	if (xg_parse(data, size, &limits, NULL, &k, &e) == 0)
		(void)xg_plan_pv(&k, 1 << 16, 1 << 20, &p, &e);
	else if (e.msg[0] == '\0')
		abort();
	return 0;
}
