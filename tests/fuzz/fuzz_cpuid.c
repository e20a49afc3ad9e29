/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reaches xu_cpuid.c; the rules keep their promise: no bit is wanted twice. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "xu_cpuid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xu_err e = XU_ERR_INIT;
	struct xu_cpuid c;
	char name[64];
	char *text = malloc(size + 1);

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (xu_cpuid_parse(text, &c, &e) < 0 && !xu_err_is_set(&e))
		abort();
	for (size_t i = 0; !xu_err_is_set(&e) && i < c.n; i++) {
		const struct xu_cpuid_rule *r = &c.rules[i];

		if ((r->ones & r->zeros) != 0 ||
		    ((r->ones | r->zeros) & r->host) != 0 || r->reg > 3)
			abort();
		xu_cpuid_bit_name(r, (unsigned)i % 32, name, sizeof(name));
	}
	free(text);
	return 0;
}
