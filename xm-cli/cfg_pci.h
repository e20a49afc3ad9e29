/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PCI functions as configurations and pci-attach have them:
 * "00:1a.0@05,permissive=1", "bdf=0000:00:1a.0, seize=1", "name=uplink"; F may be
 * "*" or several ("00:1a.0-2,5").
 */
#ifndef CFG_PCI_H
#define CFG_PCI_H

#include <stdbool.h>
#include <stddef.h>

#include "xu_pci.h"

/* One or several of one card. */
struct cfg_pci {
	/* NULL: by address; owned. */
	char *name;
	/* func: the first; a bit for each, 0 = all that there are. */
	struct xu_bdf at;
	unsigned funcs;
	/* 0 = any. */
	int slot;
	/* -1 = not given. */
	int msitranslate, power_mgmt, permissive, seize;
};

struct cfg_pci_problem {
	/* In the text; where it is to be pointed at. */
	size_t offset;
	char text[280];
};

/* 0, or -1 with the first mistake. Free with cfg_pci_fini in both cases. */
int cfg_pci_parse(const char *text, struct cfg_pci *c,
    struct cfg_pci_problem *p);
/* One more option, as -o has it: "permissive=1". */
int cfg_pci_option(const char *text, struct cfg_pci *c,
    struct cfg_pci_problem *p);
/* A virtual slot: "5", "05", "0x1f". */
int cfg_pci_slot(const char *text, struct cfg_pci *c,
    struct cfg_pci_problem *p);
void cfg_pci_fini(struct cfg_pci *c);
/* Have both a function in common, as far as can be seen here? */
bool cfg_pci_overlap(const struct cfg_pci *a, const struct cfg_pci *b);
/* Is it the function of that address, by that name ("" = it has none)? */
bool cfg_pci_is(const struct cfg_pci *c, const struct xu_bdf *at,
    const char *name);

#endif
