/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reaches ova.c: the beginning of an archive that anybody wrote. What is refused has a
 * reason; what is taken is objects of the classes that a machine is made of.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ova.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	AUTO_VAL struct xu_val *v = NULL;
	struct xu_err e = XU_ERR_INIT;
	const struct xu_val *o;
	size_t n;

	xu_buf_add(&b, data, size);
	n = ova_needs(&b, &e);
	if ((n == 0) != xu_err_is_set(&e))
		abort();
	if (n == 0 || n > b.len)
		return 0;
	v = ova_objects(&b, &e);
	if ((v == NULL) != xu_err_is_set(&e))
		abort();
	for (size_t i = 0; i < xu_val_count(v); i++) {
		o = xu_val_at(v, i);
		if (xu_val_get_str(o, "id", "")[0] == '\0' ||
		    !xu_val_is(xu_val_get(o, "snapshot"), XU_STRUCT))
			abort();
	}
	return 0;
}
