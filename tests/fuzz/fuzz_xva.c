/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reaches xva.c: an archive that anybody wrote. What is put into a disk lies within
 * it, in order, and one that was taken as whole has the last byte of each.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "xva.h"

#define DISKS 2

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int64_t sizes[DISKS] = { 3 * (int64_t)XVA_CHUNK + 512, 512 };

struct input {
	const uint8_t *p;
	size_t left;
	int64_t behind[DISKS];
};

static int
take(void *arg, char *p, size_t n, size_t *got)
{
	struct input *in = arg;

	*got = n < in->left ? n : in->left;
	memcpy(p, in->p, *got);
	in->p += *got;
	in->left -= *got;
	return 0;
}

static int
put(void *arg, size_t disk, const char *p, size_t n, int64_t at)
{
	struct input *in = arg;

	(void)p;
	if (disk >= DISKS || n == 0 || n > XVA_CHUNK ||
	    at < in->behind[disk] || at + (int64_t)n > sizes[disk])
		abort();
	in->behind[disk] = at + (int64_t)n;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char buf[XVA_CHUNK];
	struct input in = { .p = data, .left = size };
	struct xva_disk disks[DISKS] = { { .name = "Ref:1", .size = sizes[0] },
		{ .name = "Ref:2", .size = sizes[1] } };
	struct xva x = { .disks = disks, .ndisks = DISKS, .buf = buf,
		.read = take, .put = put, .arg = &in };
	enum xva_end r = xva_read(&x);

	if (r == XVA_STOPPED || (r != XVA_OK && x.why[0] == '\0'))
		abort();
	for (size_t i = 0; r == XVA_OK && i < x.ndisks; i++)
		if (in.behind[i] != disks[i].size)
			abort();
	return 0;
}
