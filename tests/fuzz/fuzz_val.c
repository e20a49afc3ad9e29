/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reaches xu_val_bin.c and xu_val_json.c: what decodes encodes to itself. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>

#include "xu_val.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_BUF struct xu_buf out = XU_BUF_INIT;
	AUTO_VAL struct xu_val *v = NULL, *back = NULL, *json = NULL;

	json = xu_val_from_json((const char *)data, size, 1 << 20, NULL);
	v = xu_val_decode(data, size);
	if (v == NULL)
		return 0;
	xu_val_encode(v, &out);
	back = xu_val_decode(out.data, out.len);
	if (back == NULL)
		abort();
	return 0;
}
