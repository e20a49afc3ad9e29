/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* errors.h as a table. Apart from the classes: a client needs these only, and each
 * page of pointers costs a program that starts. */
#include <string.h>

#include "errors.h"
#include "schema.h"

const struct model_error model_errors[] = {
#define ROW(code, exit, params, sentence) { #code, exit, params, sentence },
	MODEL_ERRORS(ROW)
#undef ROW
};
const size_t model_nerrors = sizeof(model_errors) / sizeof(model_errors[0]);

const struct model_error *
model_find_error(const char *code)
{
	for (size_t i = 0; i < model_nerrors; i++)
		if (strcmp(model_errors[i].code, code) == 0)
			return &model_errors[i];
	return NULL;
}
