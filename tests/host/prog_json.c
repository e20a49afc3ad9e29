/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads JSON, all of it and nothing else, and prints what is at a path of member
 * names and array indexes: prog_json [NAME|INDEX]... <json. An array or a struct
 * prints its number of members. Status 1: not JSON, 3: nothing is there.
 */
#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "xu_file.h"
#include "xu_num.h"
#include "xu_val.h"

#define JSON_MAX (16u << 20)

static const struct xu_val *
step(const struct xu_val *v, const char *word)
{
	uint64_t i;

	if (xu_val_is(v, XU_ARRAY) && xu_num_u64(word, 10, JSON_MAX, &i))
		return xu_val_at(v, (size_t)i);
	return xu_val_get(v, word);
}

static void
print(const struct xu_val *v)
{
	AUTO_BUF struct xu_buf out = XU_BUF_INIT;

	if (xu_val_is(v, XU_ARRAY) || xu_val_is(v, XU_STRUCT)) {
		printf("%zu\n", xu_val_count(v));
	} else if (xu_val_is(v, XU_STRING)) {
		puts(xu_val_str(v));
	} else {
		xu_val_to_json(v, false, &out);
		puts(xu_buf_text(&out));
	}
}

int
main(int argc, char **argv)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;
	AUTO_VAL struct xu_val *top = NULL;
	struct xu_err e = XU_ERR_INIT;
	const struct xu_val *v;

	if (xu_fd_read(STDIN_FILENO, JSON_MAX, &text) == 0)
		top = xu_val_from_json(
		    xu_buf_text(&text), text.len, JSON_MAX, &e);
	if (top == NULL) {
		fprintf(stderr, "prog_json: %s\n", e.msg);
		return 1;
	}
	v = top;
	for (int i = 1; i < argc && v != NULL; i++)
		v = step(v, argv[i]);
	if (v == NULL)
		return 3;
	print(v);
	return 0;
}
