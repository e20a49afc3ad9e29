/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sharing with other domains beyond xc_gnttab_map: pages of ours that others
 * map, copies through grants, and a word when the other side goes away.
 * Part of xenctrl.h, which has the conventions.
 *
 * Functions without an xc_interface leave errno alone, no sentence.
 */
#ifndef XENCTRL_SHARE_H
#define XENCTRL_SHARE_H

#include "xenctrl.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- /dev/xen/gntalloc: pages we grant to others --------------------------- */

struct xc_gntshr;

/* NULL with errno; ENOENT: the module xen-gntalloc is not loaded. */
struct xc_gntshr *xc_gntshr_open(void);
/* What is shared stays shared until it is unshared. */
void xc_gntshr_close(struct xc_gntshr *s);
/*
 * n new zeroed pages (1..4096) side by side that domid may map, read-only or
 * writable; refs gets n grant references. NULL with errno: ESRCH (an id beyond
 * 16 bits), ENOSPC (the module's limit, or no reference is free).
 */
void *xc_gntshr_share_pages(struct xc_gntshr *s, uint32_t domid, size_t n,
    uint32_t *refs, bool writable);
#define XC_NO_NOTIFY 0xffffffffu
/*
 * One page, and what is done when it is unshared, also by our death: the byte
 * at offset becomes 0, and the event channel port of /dev/xen/evtchn fires.
 * Either may be XC_NO_NOTIFY.
 */
void *xc_gntshr_share_page_notify(struct xc_gntshr *s, uint32_t domid,
    uint32_t *ref, bool writable, uint32_t offset, uint32_t port);
/* The n pages of one call. The other side's mapping stays valid for it; the
 * pages are given back when it ends. */
int xc_gntshr_unshare(struct xc_gntshr *s, void *addr, size_t n);

/* --- /dev/xen/gntdev -------------------------------------------------------- */

/* xc_gnttab_map, and what is done when it is unmapped: as above. The byte needs
 * a writable mapping. */
void *xc_gnttab_map_notify(struct xc_gnttab *g, uint32_t domid, uint32_t ref,
    int prot, uint32_t offset, uint32_t port);

#define XC_COPY_SOURCE_GRANT (1u << 0)
#define XC_COPY_DEST_GRANT   (1u << 1)
union xc_grant_end {
	void *ours;
	struct {
		uint32_t ref;
		uint16_t offset;
		uint16_t domid;
	} grant;
};
/* One end at least is a grant. */
struct xc_grant_segment {
	union xc_grant_end source, dest;
	/* Bytes; a grant's end stays within its page. */
	uint16_t len;
	/* Which ends are grants: XC_COPY_*. */
	uint16_t flags;
	/* Out: 0, or GNTST_* of xen/grant_table.h, negative. */
	int16_t status;
};
/* The hypervisor copies, nothing is mapped. n is 1..65536. Returns how many of
 * the segments succeeded: look at their status when fewer than n. */
int xc_gnttab_copy(struct xc_gnttab *g, struct xc_grant_segment *segments,
    size_t n);

/* --- grant tables of domains -------------------------------------------------- */

/* 1 or 2. */
int xc_gnttab_get_version(xc_interface *xch, uint32_t domid);
/* Frames of the status array of a table of version 2: mfns of a PV domain, gfns
 * of others; n is 1..4096, EINVAL: more than there are, or version 1. */
int xc_gnttab_get_status_frames(xc_interface *xch, uint32_t domid,
    uint64_t *frames, uint32_t n);

/* --- event channels ------------------------------------------------------------ */

/* Closes all channels of the domain, as for a kernel that starts anew. */
int xc_evtchn_reset(xc_interface *xch, uint32_t domid);

/* Only interdomain channels with domid, no virtual interrupts: EACCES. */
int xc_evtchn_restrict(struct xc_evtchn *e, uint32_t domid);

#ifdef __cplusplus
}
#endif

#endif
