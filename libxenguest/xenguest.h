/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxenguest: building domains.
 *
 * Two halves with a wall between them. xg_load_* reads a kernel, whoever wrote
 * it, in a child process that can do nothing else; what comes back is a sealed
 * image and a few numbers, which are checked again. xg_build_pv puts such an
 * image into a domain that xc_domain_create made.
 *
 * Errors: -1 with errno and one sentence in struct xg_error. A build that failed
 * leaves the domain to be destroyed by the caller, and nothing else behind.
 */
#ifndef XENGUEST_H
#define XENGUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xenctrl.h"

#ifdef __cplusplus
extern "C" {
#endif

struct xg_error {
	int errnum;
	char msg[512];
};

/* --- loading ------------------------------------------------------------------ */

/* Ceilings; XG_LIMITS_DEFAULT fits any kernel known. */
struct xg_limits {
	/* Bytes of the file, and of the image unpacked from it. */
	uint64_t file, image;
	/* Seconds of CPU for unpacking. */
	unsigned cpu;
};
#define XG_LIMITS_DEFAULT                                                      \
	{                                                                      \
		.file = 256u << 20, .image = 512u << 20, .cpu = 120            \
	}

#define XG_MAX_SEGMENTS 32

struct xg_segment {
	/* Where the kernel wants it ("physical", see the notes), bytes. */
	uint64_t paddr, memsz;
	/* Bytes in the image, and where. */
	uint64_t filesz, offset;
};

#define XG_HAS_ENTRY	      (1u << 0)
#define XG_HAS_VIRT_BASE      (1u << 1)
#define XG_HAS_HYPERCALL_PAGE (1u << 2)
#define XG_HAS_INIT_P2M	      (1u << 3)
#define XG_HAS_MOD_START_PFN  (1u << 4)
#define XG_HAS_PHYS32_ENTRY   (1u << 5)
#define XG_HAS_XEN_3_0	      (1u << 6)
#define XG_HAS_PADDR_OFFSET   (1u << 7)

/* What a kernel says of itself; notes of xen/include/public/elfnote.h. */
struct xg_kernel {
	/* Sealed memory file with the ELF image, -1 = none; owned. */
	int fd;
	uint64_t size;
	/* XG_HAS_*: which notes were there. */
	uint32_t has;
	uint64_t entry, virt_base, paddr_offset, hypercall_page, init_p2m,
	    phys32_entry;
	/* XENFEAT bits (features.h, submap 0): required, supported. */
	uint32_t required, supported;
	char guest_os[32];
	/* Compression of the file: "none", "gzip", "xz", ... */
	char packed[8];
	uint32_t nsegments;
	struct xg_segment segments[XG_MAX_SEGMENTS];
};

/*
 * Starts a sandboxed child that unpacks and examines the kernel on fd (borrowed;
 * name is for messages). *handle is then given to xg_load_finish. Call it before
 * opening any Xen device, so that the child never held one.
 */
struct xg_load;
int xg_load_start(int fd, const char *name, const struct xg_limits *limits,
    struct xg_load **handle, struct xg_error *e);
/* Waits for it and checks what it says. Frees the handle in any case. */
int xg_load_finish(struct xg_load *handle, struct xg_kernel *out,
    struct xg_error *e);
void xg_kernel_close(struct xg_kernel *k);

/* The same without a child: for tools and tests on trusted bytes. */
int xg_parse(const void *file, size_t size, const struct xg_limits *limits,
    void **image, struct xg_kernel *out, struct xg_error *e);

/* --- building a PV domain ---------------------------------------------------------- */

struct xg_build {
	uint32_t domid;
	/* Memory at start. */
	uint64_t memory_kib;
	/* Ramdisk: a regular file, or -1. */
	int ramdisk_fd;
	/* At most 1023 bytes. */
	const char *cmdline;
	/* Ports in the domain, bound to the two back ends below. */
	uint32_t store_port, console_port;
	uint32_t store_domid, console_domid;
	/* May be NULL; called now and then. */
	void (*progress)(void *ctx, const char *step, uint64_t done,
	    uint64_t total);
	void *ctx;
};

struct xg_built {
	uint64_t nr_pages;
	/* Machine frames of the rings, for XS_INTRODUCE and the console. */
	uint64_t store_frame, console_frame;
};

/* Memory, so that it can go on while the kernel is still being unpacked: the
 * p2m (array of memory_kib / 4 machine frames) is the caller's to free. */
int xg_populate_pv(xc_interface *xch, const struct xg_build *b, uint64_t **p2m,
    struct xg_error *e);
int xg_build_pv(xc_interface *xch, const struct xg_build *b,
    const struct xg_kernel *k, uint64_t *p2m, struct xg_built *out,
    struct xg_error *e);

#ifdef __cplusplus
}
#endif

#endif
