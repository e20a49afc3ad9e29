/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What PCI's numbers are called: the system's pci.ids, where there is one. */
#ifndef XLD_PCI_IDS_H
#define XLD_PCI_IDS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct pci_ids {
	/* class: with subclass and interface, as the kernel has it. */
	uint32_t vendor, device, subvendor, subdevice, class;
};

#define PCI_NAME_MAX 96
struct pci_names {
	struct pci_ids ids;
	/* "": not known. */
	char vendor[PCI_NAME_MAX], device[PCI_NAME_MAX], class[PCI_NAME_MAX];
	char subvendor[PCI_NAME_MAX], subdevice[PCI_NAME_MAX];
};

/* All at once, since the file is long. A name there is longer than here is cut. */
void pci_ids_read(FILE *f, struct pci_names *all, size_t n);
/* The same from the system's; without one all are "". */
void pci_ids_load(struct pci_names *all, size_t n);

#endif
