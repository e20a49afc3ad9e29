/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reaches all of the language in its two ways (to the first problem, and on), and
 * what binds it; what is printed is read as the same values. */
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
	bool errors;

	cfg_init(&c);
	if (cfg_parse(&c, "f", (const char *)data, size, &e) == 0) {
		domcfg_bind(&c, "f", &d, &report);
		domcfg_fini(&d);
		cfg_print(&c, &out);
		cfg_init(&c2);
		if (cfg_parse(&c2, "f", xu_buf_text(&out), out.len, &e) < 0)
			abort();
		cfg_print(&c2, &again);
		if (strcmp(xu_buf_text(&out), xu_buf_text(&again)) != 0 ||
		    c.n != c2.n)
			abort();
		for (size_t i = 0; i < c.n; i++)
			if (!cfg_value_equal(c.settings[i].value,
				c2.settings[i].value))
				abort();
		cfg_fini(&c2);
	} else if (!xu_err_is_set(&e)) {
		abort();
	}
	errors = xu_err_is_set(&e);
	cfg_fini(&c);
	cfg_init(&c);
	xu_buf_reset(&report);
	if ((cfg_parse_all(&c, "f", (const char *)data, size, &report) > 0) !=
	    errors)
		abort();
	domcfg_bind(&c, "f", &d, &report);
	domcfg_fini(&d);
	cfg_fini(&c);
	return 0;
}
