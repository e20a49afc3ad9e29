/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reaches cfg_pci.c and xu_pci.c; what is wrong is pointed at within the text. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cfg_pci.h"
#include "xu_auto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = strndup((const char *)data, size);
	struct cfg_pci_problem p;
	struct cfg_pci c;

	if (text == NULL)
		return 0;
	if (cfg_pci_parse(text, &c, &p) < 0 &&
	    (p.text[0] == '\0' || p.offset > strlen(text)))
		abort();
	cfg_pci_fini(&c);
	return 0;
}
