/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reaches xg_elf.c, xg_notes.c and the arithmetic of xg_plan.c. What is accepted
 * must keep its promises: segments in the image, apart from each other, text on
 * one line, a plan inside the guest.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "xg_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
one_line(const char *s)
{
	for (; *s != '\0'; s++)
		must(*s >= ' ' && *s <= '~');
}

static void
promises(const struct xg_kernel *k, size_t size)
{
	must(k->size == size && (k->elf_class == 32 || k->elf_class == 64));
	must(k->nsegments > 0 && k->nsegments <= XG_MAX_SEGMENTS);
	one_line(k->guest_os);
	for (uint32_t i = 0; i < k->nsegments; i++) {
		const struct xg_segment *s = &k->segments[i];

		must(s->filesz <= s->memsz && s->offset <= size &&
		    s->filesz <= size - s->offset);
		must(s->paddr <= UINT64_MAX - s->memsz);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t pages[] = {1, 1 << 12, 1 << 18, 1ull << 28};
	const struct xg_blob b = {data, size};
	struct xg_error e = {.msg = ""};
	struct xg_kernel k = {.fd = -1};
	struct xg_plan p;

	if (xg_elf_examine(&b, &k, &e) < 0) {
		must(e.msg[0] != '\0' && e.errnum > 0);
		one_line(e.msg);
		return 0;
	}
	promises(&k, size);
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		memset(&e, 0, sizeof(e));
		if (xg_plan_pv(&k, pages[i], 1 << 20, &p, &e) < 0)
			one_line(e.msg);
		else
			must(p.used <= pages[i] && p.kernel_end <= p.used);
	}
	return 0;
}
