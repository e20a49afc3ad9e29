/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reaches xu_val_bin.c, xu_val_json.c and xu_val_pack.c: what decodes encodes to
 * itself, packed as well. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "xu_val.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_BUF struct xu_buf out = XU_BUF_INIT, again = XU_BUF_INIT;
	AUTO_VAL struct xu_val *v = NULL, *back = NULL, *json = NULL;

	json = xu_val_from_json((const char *)data, size, 1 << 20, NULL);
	v = xu_val_decode(data, size);
	if (v == NULL)
		return 0;
	xu_val_encode(v, &out);
	back = xu_val_decode(out.data, out.len);
	if (back == NULL)
		abort();
	back = xu_val_pack(back);
	xu_val_encode(back, &again);
	if (out.len != again.len || memcmp(out.data, again.data, out.len) != 0)
		abort();
	return 0;
}
