/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * See pci_ids.h. A line of the file is a vendor ("8086  Name"), a device of the last
 * vendor behind a tab, a subsystem of the last device ("1af4 1100  Name") behind two;
 * or a class ("C 02  Name") and its subclasses.
 */
#include "config.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "pci_ids.h"
#include "xu_auto.h"

/* Where the reader is. */
struct place {
	/* Of classes rather than of vendors. */
	bool classes;
	/* The last at the margin, and behind one tab. */
	uint32_t outer, inner;
};

/* n digits; -1: they are not there. What is behind them is in *rest. */
static int64_t
hex(const char *s, int n, const char **rest)
{
	int64_t v = 0;

	for (int i = 0; i < n; i++) {
		if (!isxdigit((unsigned char)s[i]))
			return -1;
		v = v * 16 + (isdigit((unsigned char)s[i]) ? s[i] - '0' :
				(s[i] | 0x20) - 'a' + 10);
	}
	if (s[n] != ' ')
		return -1;
	*rest = s + n + strspn(s + n, " ");
	return v;
}

static void
keep(char out[PCI_NAME_MAX], const char *name)
{
	size_t n = 0;

	for (; name[n] != '\0' && n < PCI_NAME_MAX - 1; n++)
		out[n] = name[n] >= ' ' && name[n] <= '~' ? name[n] : '?';
	out[n] = '\0';
}

static void
take_vendor(const char *s, struct place *p, struct pci_names *all, size_t n)
{
	int64_t v = hex(s, 4, &s);

	p->classes = false;
	p->outer = v < 0 ? ~0u : (uint32_t)v;
	p->inner = ~0u;
	for (size_t i = 0; v >= 0 && i < n; i++) {
		if (all[i].ids.vendor == p->outer)
			keep(all[i].vendor, s);
		if (all[i].ids.subvendor == p->outer)
			keep(all[i].subvendor, s);
	}
}

/* Its own name stands where no subclass has one. */
static void
take_class(const char *s, struct place *p, struct pci_names *all, size_t n)
{
	int64_t v = hex(s, 2, &s);

	p->classes = true;
	p->outer = v < 0 ? ~0u : (uint32_t)v;
	for (size_t i = 0; v >= 0 && i < n; i++)
		if (all[i].ids.class >> 16 == p->outer)
			keep(all[i].class, s);
}

static void
take_inner(const char *s, struct place *p, struct pci_names *all, size_t n)
{
	int64_t v = hex(s, p->classes ? 2 : 4, &s);

	p->inner = v < 0 ? ~0u : (uint32_t)v;
	for (size_t i = 0; v >= 0 && i < n; i++) {
		const struct pci_ids *d = &all[i].ids;

		if (p->classes && d->class >> 8 == (p->outer << 8 | p->inner))
			keep(all[i].class, s);
		else if (!p->classes && d->vendor == p->outer &&
		    d->device == p->inner)
			keep(all[i].device, s);
	}
}

static void
take_subsystem(const char *s, const struct place *p, struct pci_names *all,
    size_t n)
{
	int64_t v = hex(s, 4, &s), w = v < 0 ? -1 : hex(s, 4, &s);

	for (size_t i = 0; w >= 0 && !p->classes && i < n; i++) {
		const struct pci_ids *d = &all[i].ids;

		if (d->vendor == p->outer && d->device == p->inner &&
		    d->subvendor == v && d->subdevice == w)
			keep(all[i].subdevice, s);
	}
}

void
pci_ids_read(FILE *f, struct pci_names *all, size_t n)
{
	struct place p = { .outer = ~0u, .inner = ~0u };
	char line[512];

	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] == '#' || line[0] == '\0')
			continue;
		if (strncmp(line, "\t\t", 2) == 0)
			take_subsystem(line + 2, &p, all, n);
		else if (line[0] == '\t')
			take_inner(line + 1, &p, all, n);
		else if (strncmp(line, "C ", 2) == 0)
			take_class(line + 2, &p, all, n);
		else
			take_vendor(line, &p, all, n);
	}
}

void
pci_ids_load(struct pci_names *all, size_t n)
{
	static const char *const paths[] = { "/usr/share/misc/pci.ids",
		"/usr/share/hwdata/pci.ids", "/usr/share/pci.ids" };

	for (size_t i = 0; i < XU_ARRAY_SIZE(paths); i++) {
		FILE *f = fopen(paths[i], "re");

		if (f == NULL)
			continue;
		pci_ids_read(f, all, n);
		fclose(f);
		return;
	}
}
