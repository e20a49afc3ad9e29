/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ELF notes a kernel leaves for Xen (xen/elfnote.h). They are its author's
 * word: sizes and names may lie, and what is text goes into messages only after
 * xg_printable.
 */
#include "config.h"

#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <xen/elfnote.h>
#include <xen/features.h>

#include "xg_private.h"

#ifndef XEN_ELFNOTE_PHYS32_RELOC
#define XEN_ELFNOTE_PHYS32_RELOC 19 /* since Xen 4.20 */
#endif

#define MAX_NOTES     4096
#define MAX_NOTE_DESC 4096

/* Notes that are one number of 4 or 8 bytes. */
static const struct numeric {
	uint32_t type, has;
	const char *name;
	size_t member;
	uint64_t max;
} numerics[] = {
	{ XEN_ELFNOTE_ENTRY, XG_HAS_ENTRY, "ENTRY",
	    offsetof(struct xg_kernel, entry), UINT64_MAX },
	{ XEN_ELFNOTE_HYPERCALL_PAGE, XG_HAS_HYPERCALL_PAGE, "HYPERCALL_PAGE",
	    offsetof(struct xg_kernel, hypercall_page), UINT64_MAX },
	{ XEN_ELFNOTE_VIRT_BASE, XG_HAS_VIRT_BASE, "VIRT_BASE",
	    offsetof(struct xg_kernel, virt_base), UINT64_MAX },
	{ XEN_ELFNOTE_PADDR_OFFSET, XG_HAS_PADDR_OFFSET, "PADDR_OFFSET",
	    offsetof(struct xg_kernel, paddr_offset), UINT64_MAX },
	{ XEN_ELFNOTE_INIT_P2M, XG_HAS_INIT_P2M, "INIT_P2M",
	    offsetof(struct xg_kernel, init_p2m), UINT64_MAX },
	{ XEN_ELFNOTE_PHYS32_ENTRY, XG_HAS_PHYS32_ENTRY, "PHYS32_ENTRY",
	    offsetof(struct xg_kernel, phys32_entry), UINT32_MAX },
};

/* Feature names of the text note, by bit (xen/features.h). */
static const char *const feature_names[] = { "writable_page_tables",
	"writable_descriptor_tables", "auto_translated_physmap",
	"supervisor_mode_kernel", "pae_pgdir_above_4gb",
	"mmu_pt_update_preserve_ad", NULL, "gnttab_map_avail_bits",
	"hvm_callback_vector", "hvm_safe_pvclock", "hvm_pirqs", "dom0" };
#define FEATURES (sizeof(feature_names) / sizeof(feature_names[0]))

void
xg_printable(char *s)
{
	for (; *s != '\0'; s++)
		if (*s < ' ' || *s > '~')
			*s = '?';
}

/* Its bit, or -1. */
static int
feature_bit(const char *name, size_t len)
{
	for (size_t i = 0; i < FEATURES; i++)
		if (feature_names[i] != NULL &&
		    strlen(feature_names[i]) == len &&
		    memcmp(feature_names[i], name, len) == 0)
			return (int)i;
	return -1;
}

static int
unknown_feature(const char *name, size_t len, struct xg_error *e)
{
	char text[41];

	len = len < sizeof(text) - 1 ? len : sizeof(text) - 1;
	memcpy(text, name, len);
	text[len] = '\0';
	xg_printable(text);
	return xg_fail(e, ENOTSUP, "it requires the unknown feature '%s'",
	    text);
}

/* "a|!b": supported a, required b. Unknown names matter only when required. */
static int
features_text(const char *s, struct xg_kernel *k, struct xg_error *e)
{
	while (*s != '\0') {
		size_t n = strcspn(s, "|");
		bool required = *s == '!';
		int bit = feature_bit(s + required, n - required);

		if (bit >= 0) {
			k->supported |= 1u << bit;
			if (required)
				k->required |= 1u << bit;
		} else if (required) {
			return unknown_feature(s + 1, n - 1, e);
		}
		s += n;
		s += *s == '|';
	}
	return 0;
}

/* The number of a note: -1 when it is none. */
static int
number(const char *name, const uint8_t *desc, uint32_t size, uint64_t max,
    uint64_t *out, struct xg_error *e)
{
	*out = 0;
	if (size != 4 && size != 8)
		return xg_fail(e, EINVAL,
		    "its note %s has %u bytes; a number has 4 or 8", name,
		    size);
	memcpy(out, desc, size);
	if (*out > max)
		return xg_fail(e, EINVAL, "its note %s is %#llx: out of range",
		    name, (unsigned long long)*out);
	return 0;
}

static int
text_note(uint32_t type, const uint8_t *desc, uint32_t size,
    struct xg_kernel *k, struct xg_error *e)
{
	char text[MAX_NOTE_DESC + 1];

	memcpy(text, desc, size);
	text[size] = '\0';
	if (type == XEN_ELFNOTE_FEATURES)
		return features_text(text, k, e);
	if (type == XEN_ELFNOTE_XEN_VERSION && strcmp(text, "xen-3.0") == 0)
		k->has |= XG_HAS_XEN_3_0;
	if (type == XEN_ELFNOTE_GUEST_OS) {
		text[sizeof(k->guest_os) - 1] = '\0';
		xg_printable(text);
		strcpy(k->guest_os, text);
	}
	return 0;
}

/* Up to three numbers of 4 bytes: alignment (0 = as the segments have it, also
 * when it is not there), lowest first byte, highest last byte. */
static int
reloc_note(const uint8_t *desc, uint32_t size, struct xg_kernel *k,
    struct xg_error *e)
{
	uint32_t v[3] = { 0, 0, UINT32_MAX };

	if (size > sizeof(v) || size % 4 != 0)
		return xg_fail(e, EINVAL, "its note PHYS32_RELOC has %u bytes; "
		    "0, 4, 8 or 12 are possible", size);
	memcpy(v, desc, size);
	if ((v[0] & (v[0] - 1)) != 0)
		return xg_fail(e, EINVAL, "its note PHYS32_RELOC has the "
		    "alignment %#x: no power of two", v[0]);
	k->reloc_align = v[0];
	k->reloc_min = v[1];
	k->reloc_max = v[2];
	k->has |= XG_HAS_PHYS32_RELOC;
	return 0;
}

static int
one_note(uint32_t type, const uint8_t *desc, uint32_t size,
    struct xg_kernel *k, struct xg_error *e)
{
	uint64_t v;

	if (size > MAX_NOTE_DESC)
		return xg_fail(e, EINVAL,
		    "a note of %u bytes; %d are possible", size,
		    MAX_NOTE_DESC);
	for (size_t i = 0; i < sizeof(numerics) / sizeof(numerics[0]); i++) {
		const struct numeric *n = &numerics[i];

		if (n->type != type)
			continue;
		if (number(n->name, desc, size, n->max, &v, e) < 0)
			return -1;
		memcpy((char *)k + n->member, &v, sizeof(v));
		k->has |= n->has;
		return 0;
	}
	switch (type) {
	case XEN_ELFNOTE_PHYS32_RELOC:
		return reloc_note(desc, size, k, e);
	case XEN_ELFNOTE_MOD_START_PFN:
		if (number("MOD_START_PFN", desc, size, UINT64_MAX, &v, e) < 0)
			return -1;
		if (v != 0)
			k->has |= XG_HAS_MOD_START_PFN;
		return 0;
	case XEN_ELFNOTE_SUPPORTED_FEATURES:
		if (number("SUPPORTED_FEATURES", desc, size, UINT64_MAX, &v,
			e) < 0)
			return -1;
		k->supported |= (uint32_t)v;
		return 0;
	default:
		return text_note(type, desc, size, k, e);
	}
}

/* One that ends behind its table. Xen's own is refused; another's hides what
 * comes after it, which is said if Xen's are missed in the end. */
static int
cut_note(const char *what, uint64_t bytes, uint64_t room,
    struct xg_notes *n, struct xg_error *e)
{
	n->cut = true;
	if (what == NULL)
		return 0;
	return xg_fail(e, EINVAL,
	    "a note for Xen says it has %llu bytes; %llu are left",
	    (unsigned long long)bytes, (unsigned long long)room);
}

int
xg_notes(const struct xg_blob *image, uint64_t offset, uint64_t len,
    struct xg_kernel *k, struct xg_notes *n, struct xg_error *e)
{
	uint64_t end;

	if (!xg_inside(image, offset, len))
		return xg_fail(e, EINVAL, "its notes lie outside the file");
	end = offset + len;
	while (end - offset >= sizeof(Elf64_Nhdr)) {
		const uint8_t *name, *desc;
		uint64_t nlen, dlen;
		bool xen;
		Elf64_Nhdr h;

		memcpy(&h, xg_at(image, offset, sizeof(h)), sizeof(h));
		offset += sizeof(h);
		nlen = ((uint64_t)h.n_namesz + 3) & ~3ull;
		dlen = ((uint64_t)h.n_descsz + 3) & ~3ull;
		if (nlen > end - offset)
			return cut_note(NULL, nlen, end - offset, n, e);
		name = xg_at(image, offset, h.n_namesz);
		xen = h.n_namesz == 4 && memcmp(name, "Xen", 4) == 0;
		offset += nlen;
		if (h.n_descsz > end - offset)
			return cut_note(xen ? "Xen" : NULL, h.n_descsz,
			    end - offset, n, e);
		desc = xg_at(image, offset, h.n_descsz);
		/* The last one's padding may be cut off. */
		offset = dlen > end - offset ? end : offset + dlen;
		if (++n->count > MAX_NOTES)
			return xg_fail(e, EINVAL, "more than %d notes",
			    MAX_NOTES);
		n->xen |= xen;
		if (xen && one_note(h.n_type, desc, h.n_descsz, k, e) < 0)
			return -1;
	}
	return 0;
}
