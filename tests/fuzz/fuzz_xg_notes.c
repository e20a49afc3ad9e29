/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reaches xg_notes.c alone, with nothing of ELF before it: the first byte is where
 * the notes begin, the second how much of what is behind belongs to them (and more
 * than there is).
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "xg_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
one_line(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s < ' ' || *s > '~')
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xg_error e = { .msg = "" };
	struct xg_kernel k = { .fd = -1 };
	struct xg_notes n = { .count = 0 };
	struct xg_blob b;
	uint64_t offset, len;
	uint8_t *exact;

	if (size < 2 || (exact = malloc(size - 1)) == NULL)
		return 0;
	/* At its end memory that is not ours. */
	memcpy(exact, data + 2, size - 2);
	b = (struct xg_blob){ exact, size - 2 };
	offset = data[0] & 0x3c;
	offset = offset < b.size ? offset : b.size;
	len = data[1] < 0xf0 ? b.size - offset :
	    data[1] == 0xff  ? UINT64_MAX :
			       b.size - offset + (data[1] & 15);
	if (xg_notes(&b, offset, len, &k, &n, &e) < 0 &&
	    (e.msg[0] == '\0' || e.errnum <= 0))
		abort();
	one_line(e.msg);
	one_line(k.guest_os);
	free(exact);
	return 0;
}
