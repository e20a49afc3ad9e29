/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reaches cfg_vif.c and xu_nic.c; what is wrong is pointed at within the text. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cfg_vif.h"
#include "xu_auto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = strndup((const char *)data, size);
	struct cfg_vif_problem p;
	struct cfg_vif v;

	if (text == NULL)
		return 0;
	if (cfg_vif_parse(text, &v, &p) < 0 &&
	    (p.text[0] == '\0' || p.offset > strlen(text)))
		abort();
	cfg_vif_fini(&v);
	return 0;
}
