/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reaches xg_unpack.c: the setup header and the front end of every decompressor,
 * xg_lzop.c whole. The first byte says which magic the rest begins with, so that
 * no run is lost to guessing one; the next two are the announced size.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "xg_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SETUP 1024
#define MAX   (64u << 10)

static const struct {
	size_t n;
	uint8_t bytes[9];
} magics[] = {
	{ 0, { 0 } },
	{ 2, { 0x1f, 0x8b } },
	{ 3, { 'B', 'Z', 'h' } },
	{ 6, { 0xfd, '7', 'z', 'X', 'Z', 0 } },
	{ 3, { 0x5d, 0, 0 } },
	{ 4, { 0x02, 0x21, 0x4c, 0x18 } },
	{ 4, { 0x28, 0xb5, 0x2f, 0xfd } },
	{ 9, { 0x89, 'L', 'Z', 'O', 0, '\r', '\n', 0x1a, '\n' } },
};

static void
try(const uint8_t *file, size_t size)
{
	static const struct xg_limits limits = { 1 << 20, 1 << 20, 10 };
	struct xg_error e = { .msg = "" };
	struct xg_kernel k;
	void *image = NULL;
	uint8_t *exact = malloc(size);

	memcpy(exact, file, size);
	if (xg_parse(exact, size, &limits, &image, &k, &e) < 0 &&
	    (e.msg[0] == '\0' || image != NULL))
		abort();
	free(image);
	free(exact);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t file[SETUP + MAX + 4];
	size_t which, n;

	if (size < 3 || size - 3 > MAX)
		return 0;
	which = data[0] % (sizeof(magics) / sizeof(magics[0]));
	n = size - 3;
	memset(file, 0, SETUP);
	memcpy(file + SETUP, data + 3, n);
	if (n >= magics[which].n)
		memcpy(file + SETUP, magics[which].bytes, magics[which].n);
	/* Behind the stream, as a kernel's build does. */
	memset(file + SETUP + n, 0, 4);
	memcpy(file + SETUP + n, data + 1, 2);
	n += 4;
	/* Of its own, and as a payload. */
	try(file + SETUP, n);
	file[0x1f1] = 1;
	memcpy(file + 0x202, "HdrS\x0f\x02", 6);
	if ((data[0] & 0x80) != 0 && size >= 11)
		memcpy(file + 0x248, data + 3, 8);
	else
		memcpy(file + 0x24c, &n, 4);
	try(file, SETUP + n);
	return 0;
}
