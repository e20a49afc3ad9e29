/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reaches xu_conf.c: a file has every setting, or one sentence that says why not. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemoncfg.h"
#include "xu_conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct xu_conf_key keys[] = {
#define ROW(name, kind, dflt, min, max, help)                                  \
	{ #name, XU_CONF_##kind, dflt, min, max },
	DAEMON_SETTINGS(ROW)
#undef ROW
};

static void
warn(void *arg, const char *sentence)
{
	if (arg != NULL || sentence[0] == '\0')
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = strndup((const char *)data, size);
	AUTO_VAL struct xu_val *v = NULL;
	struct xu_err e = XU_ERR_INIT;

	if (text == NULL)
		return 0;
	v = xu_conf_parse("f", text, keys, XU_ARRAY_SIZE(keys), warn, NULL, &e);
	if (v == NULL ? !xu_err_is_set(&e) :
			xu_val_count(v) != XU_ARRAY_SIZE(keys))
		abort();
	return 0;
}
