/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reaches image_xl.c, image_dev.c, image_hvm.c: the configuration in an image, which
 * may be anybody's. What comes of it is whole, or an error that says why.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>

#include "image_xl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_VAL struct xu_val *config = xu_val_from_json((const char *)data,
	    size, 1u << 18, NULL);

	for (int pv = 0; config != NULL && pv < 2; pv++) {
		struct xu_err e = XU_ERR_INIT;
		struct xu_val *v = image_args(config, pv == 1, &e);

		if ((v == NULL) != xu_err_is_set(&e))
			abort();
		xu_val_free(v);
	}
	return 0;
}
