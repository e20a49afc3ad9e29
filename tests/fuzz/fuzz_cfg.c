/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reaches cfg_lex.c, cfg_parse.c, cfg_bind.c; and what is printed parses. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cfg_bind.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_BUF struct xu_buf out = XU_BUF_INIT, again = XU_BUF_INIT;
	AUTO_BUF struct xu_buf report = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	struct domcfg d;
	struct cfg c, c2;

	cfg_init(&c);
	if (cfg_parse(&c, "f", (const char *)data, size, &e) == 0) {
		domcfg_bind(&c, "f", &d, &report);
		domcfg_fini(&d);
		cfg_print(&c, &out);
		cfg_init(&c2);
		if (cfg_parse(&c2, "f", xu_buf_text(&out), out.len, &e) < 0)
			abort();
		cfg_print(&c2, &again);
		if (strcmp(xu_buf_text(&out), xu_buf_text(&again)) != 0)
			abort();
		cfg_fini(&c2);
	} else if (!xu_err_is_set(&e)) {
		abort();
	}
	cfg_fini(&c);
	return 0;
}
