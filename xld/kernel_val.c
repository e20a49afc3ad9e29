/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "kernel_val.h"

#define ROW(m)                                         \
	{                                              \
#m, offsetof(struct xg_kernel, m),     \
		    sizeof(((struct xg_kernel *)0)->m) \
	}
/* Unsigned numbers of 4 and 8 bytes; the latter travel as their bits. */
static const struct {
	const char *name;
	size_t at, size;
} numbers[] = {
    ROW(size),
    ROW(elf_class),
    ROW(e_entry),
    ROW(has),
    ROW(entry),
    ROW(virt_base),
    ROW(paddr_offset),
    ROW(hypercall_page),
    ROW(init_p2m),
    ROW(phys32_entry),
    ROW(reloc_align),
    ROW(reloc_min),
    ROW(reloc_max),
    ROW(required),
    ROW(supported),
};

static uint64_t
get(const struct xg_kernel *k, size_t row)
{
	uint64_t v = 0;

	memcpy(&v, (const char *)k + numbers[row].at, numbers[row].size);
	return v;
}

struct xu_val *
kernel_to_val(const struct xg_kernel *k)
{
	struct xu_val *v = xu_struct(), *segments = xu_array();

	for (size_t i = 0; i < XU_ARRAY_SIZE(numbers); i++)
		xu_val_set(v, numbers[i].name, xu_int((int64_t)get(k, i)));
	xu_val_set(v, "guest_os", xu_str(k->guest_os));
	xu_val_set(v, "packed", xu_str(k->packed));
	xu_val_set(
	    v, "digest", xu_strn((const char *)k->digest, sizeof(k->digest)));
	for (uint32_t i = 0; i < k->nsegments; i++) {
		const struct xg_segment *s = &k->segments[i];

		xu_val_add(segments, xu_int((int64_t)s->paddr));
		xu_val_add(segments, xu_int((int64_t)s->memsz));
		xu_val_add(segments, xu_int((int64_t)s->filesz));
		xu_val_add(segments, xu_int((int64_t)s->offset));
	}
	xu_val_set(v, "segments", segments);
	return v;
}

static int
copy_text(const struct xu_val *v, const char *name, char *to, size_t room)
{
	const struct xu_val *text = xu_val_get(v, name);
	size_t n = xu_val_strlen(text);

	if (n >= room)
		return -1;
	memcpy(to, xu_val_str(text), n);
	to[n] = '\0';
	return 0;
}

static int
copy_segments(const struct xu_val *a, struct xg_kernel *k)
{
	size_t n = xu_val_count(a);

	if (n % 4 != 0 || n / 4 > XG_MAX_SEGMENTS)
		return -1;
	k->nsegments = (uint32_t)(n / 4);
	for (size_t i = 0; i < n / 4; i++) {
		struct xg_segment *s = &k->segments[i];

		s->paddr = (uint64_t)xu_val_int(xu_val_at(a, 4 * i));
		s->memsz = (uint64_t)xu_val_int(xu_val_at(a, 4 * i + 1));
		s->filesz = (uint64_t)xu_val_int(xu_val_at(a, 4 * i + 2));
		s->offset = (uint64_t)xu_val_int(xu_val_at(a, 4 * i + 3));
	}
	return 0;
}

int
kernel_from_val(const struct xu_val *v, int fd, struct xg_kernel *out)
{
	const struct xu_val *digest = xu_val_get(v, "digest");

	*out = (struct xg_kernel){.fd = -1};
	for (size_t i = 0; i < XU_ARRAY_SIZE(numbers); i++) {
		uint64_t n = (uint64_t)xu_val_get_int(v, numbers[i].name, 0);

		if (numbers[i].size == 4 && n > UINT32_MAX)
			goto bad;
		memcpy((char *)out + numbers[i].at, &n, numbers[i].size);
	}
	if (xu_val_strlen(digest) != sizeof(out->digest) ||
	    copy_text(v, "guest_os", out->guest_os, sizeof(out->guest_os)) <
		0 ||
	    copy_text(v, "packed", out->packed, sizeof(out->packed)) < 0 ||
	    copy_segments(xu_val_get(v, "segments"), out) < 0 ||
	    xg_kernel_check(out, NULL) < 0)
		goto bad;
	memcpy(out->digest, xu_val_str(digest), sizeof(out->digest));
	out->fd = fd;
	return 0;
bad:
	errno = EINVAL;
	return -1;
}
