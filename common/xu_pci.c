/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See xu_pci.h. */
#include <stdio.h>
#include <string.h>

#include "xu_num.h"
#include "xu_pci.h"

#define HEX "0123456789abcdefABCDEF"

/* A number of at most `most` digits at *s, with end behind it. */
static bool
hex(const char **s, size_t most, char end, unsigned max, unsigned *out)
{
	size_t n = strspn(*s, HEX);
	char text[8];
	uint64_t v;

	if (n == 0 || n > most || (*s)[n] != end)
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)n, *s);
	if (!xu_num_u64(text, 16, max, &v))
		return false;
	*out = (unsigned)v;
	*s += n + 1;
	return true;
}

static bool
digit(const char **s, unsigned *out)
{
	if (**s < '0' || **s > '0' + XU_PCI_FUNC_MAX)
		return false;
	*out = (unsigned)(*(*s)++ - '0');
	return true;
}

/* "0-2,5" */
static bool
functions(const char *s, unsigned *set)
{
	unsigned from, to;

	*set = 0;
	for (;; s++) {
		if (!digit(&s, &from))
			return false;
		to = from;
		if (*s == '-') {
			s++;
			if (!digit(&s, &to) || to < from)
				return false;
		}
		for (; from <= to; from++)
			*set |= 1u << from;
		if (*s == '\0')
			return true;
		if (*s != ',')
			return false;
	}
}

const char *
xu_bdf_parse(const char *s, struct xu_bdf *out, unsigned *funcs)
{
	static const char form[] = "is no PCI function; write it as 00:1f.0 or "
				   "0000:00:1f.0";
	unsigned domain = 0, bus, slot, set;
	const char *first = strchr(s, ':');

	if (first == NULL)
		return form;
	if (strchr(first + 1, ':') != NULL &&
	    !hex(&s, 4, ':', 0xffff, &domain))
		return form;
	if (!hex(&s, 2, ':', 0xff, &bus) ||
	    !hex(&s, 2, '.', 0xff, &slot))
		return form;
	if (slot > XU_PCI_SLOT_MAX)
		return "is no PCI function: slots are 00 to 1f";
	if (funcs != NULL && strcmp(s, "*") == 0)
		set = 0;
	else if (!functions(s, &set) || (funcs == NULL && strlen(s) != 1))
		return "is no PCI function: behind the dot there is 0 to 7";
	*out = (struct xu_bdf) { .domain = (uint16_t)domain,
		.bus = (uint8_t)bus, .slot = (uint8_t)slot };
	while (set != 0 && (set & 1u << out->func) == 0)
		out->func++;
	if (funcs != NULL)
		*funcs = set;
	return NULL;
}

void
xu_bdf_text(const struct xu_bdf *b, char out[XU_BDF_TEXT])
{
	snprintf(out, XU_BDF_TEXT, "%04x:%02x:%02x.%x", b->domain, b->bus,
	    b->slot & XU_PCI_SLOT_MAX, b->func & XU_PCI_FUNC_MAX);
}

bool
xu_bdf_same_slot(const struct xu_bdf *a, const struct xu_bdf *b)
{
	return a->domain == b->domain && a->bus == b->bus &&
	    a->slot == b->slot;
}

bool
xu_bdf_equal(const struct xu_bdf *a, const struct xu_bdf *b)
{
	return xu_bdf_same_slot(a, b) && a->func == b->func;
}
