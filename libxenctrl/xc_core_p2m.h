/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which frames a domain has, and how to reach them: for dumps. */
#ifndef XC_CORE_P2M_H
#define XC_CORE_P2M_H

#include "xc_private.h"

/* Frames looked at together: what one question about pages takes. */
#define XC_P2M_BATCH 1024

struct xc_p2m {
	xc_interface *xch;
	uint32_t domid;
	bool hvm;
	/* Bytes of a PV guest's word: 8 or 4. */
	unsigned width;
	/* Frame numbers are below this. */
	uint64_t end;
	/* Highest machine frame of the host. */
	uint64_t max_mfn;
	/* PV: machine frames of its table. */
	uint64_t *table;
	size_t ntable;
	/* Bit i: guest frame i has a page. */
	uint8_t *present;
	size_t bytes;
	uint64_t count;
};

/* Finds all pages; -1 with a sentence. Undo with xc_p2m_close, also after a
 * failure. */
int xc_p2m_open(struct xc_p2m *m, xc_interface *xch,
    const struct xc_domaininfo *info, unsigned width);
void xc_p2m_close(struct xc_p2m *m);

/*
 * Of the XC_P2M_BATCH guest frames from first on (a multiple of it), those
 * present: their numbers, and what to map. Returns how many, or -1.
 */
int xc_p2m_batch(struct xc_p2m *m, uint64_t first, uint64_t *pfns,
    uint64_t *frames);
/* It went away. */
void xc_p2m_drop(struct xc_p2m *m, uint64_t pfn);

#endif
