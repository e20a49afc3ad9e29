/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A target without libFuzzer: it is given nothing, and then each file that is
 * named. So that every build has the targets and what they found once.
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST (1u << 20)

int
main(int argc, char **argv)
{
	uint8_t *data = calloc(1, MOST);
	size_t n;
	FILE *f;
	int i;

	if (data == NULL)
		return 99;
	(void)LLVMFuzzerTestOneInput(data, 0);
	for (i = 1; i < argc; i++) {
		f = fopen(argv[i], "rbe");
		if (f == NULL) {
			perror(argv[i]);
			return 99;
		}
		n = fread(data, 1, MOST, f);
		fclose(f);
		(void)LLVMFuzzerTestOneInput(data, n);
	}
	free(data);
	return 0;
}
