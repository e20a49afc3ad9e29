/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Core dumps of domains: ELF with the sections .note.Xen, .xen_prstatus,
 * .xen_shared_info, .xen_pages and .xen_p2m (PV) or .xen_pfn (HVM, PVH), as
 * Xen's own tools write them and crash reads them. Part of xenctrl.h, which has
 * the conventions.
 */
#ifndef XENCTRL_CORE_H
#define XENCTRL_CORE_H

#include "xenctrl.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Do not pause the domain: pages change while they are written. */
#define XC_DUMP_LIVE (1u << 0)

struct xc_dump {
	/* XC_DUMP_*. */
	uint32_t flags;
	/* Called with each batch of pages (NULL: never). Not 0 ends the dump
	 * with ECANCELED. */
	int (*progress)(void *ctx, uint64_t done, uint64_t total);
	void *ctx;
	/* Out. Pages of the domain in it; those of them that are holes in the
	 * file because they are zero; those that went away meanwhile. */
	uint64_t pages, holes, lost;
	/* Out. Length of the dump in bytes. */
	uint64_t bytes;
};

/*
 * Writes a dump to fd, front to back, so a pipe or socket will do (SIGPIPE is
 * the caller's). A regular file that ends where fd stands becomes sparse. The
 * domain is paused meanwhile unless LIVE; a crashed one is as good as any. A
 * page takes two bits of memory at most, whatever the domain's size. dump may
 * be NULL. After a failure fd holds a part of the dump.
 *
 * ENODATA: a PV kernel that has not told where its frames are, because it has not
 * started. EFBIG: more than 16 TiB of frame numbers. EINVAL: what a PV kernel told
 * about its frames is not possible. ECANCELED. Any errno of write(2), among them
 * ENOSPC and EPIPE.
 */
int xc_domain_dumpcore_fd(xc_interface *xch, uint32_t domid, int fd,
    struct xc_dump *dump);
/* The same to a new file of mode 0600, which is removed after a failure.
 * EEXIST: it is there already; any errno of open(2). */
int xc_domain_dumpcore(xc_interface *xch, uint32_t domid, const char *path,
    struct xc_dump *dump);

struct xc_p2m_table {
	/* Guest frame numbers are below this. */
	uint64_t nr_pfns;
	/* Machine frames of the table, ~0 where it has a gap; free(3). A frame has
	 * an entry of the guest's word size for each page. */
	uint64_t *frames;
	size_t nframes;
};
/* Where a PV kernel says that its table of frames is. It may say anything; what
 * cannot be is refused: ENODATA, EFBIG, EINVAL as above. */
int xc_domain_p2m_table(xc_interface *xch, uint32_t domid,
    struct xc_p2m_table *out);

#ifdef __cplusplus
}
#endif

#endif
