/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's PCI functions, as those need them who give them to guests. */
#ifndef XM_PCI_H
#define XM_PCI_H

#include "cfg_pci.h"
#include "xm.h"

struct xm_pci {
	/* Of all, by reference. */
	struct xapi_value *records;
};

/* -1 with *e. Free with xm_pci_fini in both cases. */
int xm_pci_read(struct xm *xm, struct xm_pci *p, struct xapi_err *e);
void xm_pci_fini(struct xm_pci *p);
/* The next record from that place on that is meant; their number: none. */
size_t xm_pci_next(const struct xm_pci *p, const struct cfg_pci *c,
    size_t from);
/* "0000:00:1f.0", "0000:00:1f.*", or its name. */
void xm_pci_text(const struct cfg_pci *c, char *out, size_t room);

#endif
