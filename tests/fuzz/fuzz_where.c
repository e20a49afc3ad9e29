/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reaches where.c; what is refused has a reason. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "where.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct xu_val *record;
	struct xu_err e = XU_ERR_INIT;
	char *text = malloc(size + 1);
	int r;

	if (record == NULL) {
		record = xu_struct();
		xu_val_set(record, "name_label", xu_str("web"));
		xu_val_set(record, "n", xu_int(7));
		xu_val_set(record, "list", xu_array());
	}
	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	r = where_holds(text, record, &e);
	if (r < -1 || r > 1 || (r < 0) != xu_err_is_set(&e))
		abort();
	free(text);
	return 0;
}
