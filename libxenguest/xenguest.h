/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxenguest: building domains, saving and restoring them.
 *
 * Two halves with a wall between them. xg_load_* reads a kernel, whoever wrote
 * it, in a child process that can do nothing else; what comes back is a sealed
 * image and a few numbers, which are checked again. xg_populate and xg_build make
 * such an image run in a domain that xc_domain_create made.
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
	/* Bytes of the file, and of the image unpacked from it. The loader never
	 * takes more than half of the host's available memory for the image. */
	uint64_t file, image;
	/* Seconds of CPU for unpacking, >= 1. */
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
#define XG_HAS_PHYS32_RELOC   (1u << 8)

/* SHA-512. */
#define XG_DIGEST 64

/* What a kernel says of itself; notes of xen/include/public/elfnote.h. */
struct xg_kernel {
	/* Sealed memory file with the ELF image, -1 = none; owned. */
	int fd;
	uint64_t size;
	/* 64 or 32; hvmloader and other kernels of the second kind may have no
	 * note for Xen, and are entered at e_entry (physical). */
	uint32_t elf_class;
	uint64_t e_entry;
	/* XG_HAS_*: which notes were there. */
	uint32_t has;
	uint64_t entry, virt_base, paddr_offset, hypercall_page, init_p2m,
	    phys32_entry;
	/* With PHYS32_RELOC, where else it may lie: alignment of the first byte
	 * (a power of two, whole pages), lowest first and highest last byte. */
	uint64_t reloc_align, reloc_min, reloc_max;
	/* XENFEAT bits (features.h, submap 0): required, supported. */
	uint32_t required, supported;
	char guest_os[32];
	/* Compression of the file: "none", "gzip", "xz", ... */
	char packed[8];
	/* Of the file the image comes from, computed outside of the sandbox by
	 * xg_load_finish; xg_parse leaves it zero. */
	uint8_t digest[XG_DIGEST];
	uint32_t nsegments;
	struct xg_segment segments[XG_MAX_SEGMENTS];
};

/*
 * Starts a sandboxed child that waits for a kernel: one for each. That takes time
 * that may be spent before there is one. Call it before opening any Xen device, so
 * that the child never held one. *handle goes to xg_load_drop in the end.
 */
struct xg_load;
int xg_load_prepare(struct xg_load **handle, struct xg_error *e);
/*
 * Copies the file fd (borrowed; name is for messages) and lets the child unpack and
 * examine the copy. One that has died is replaced, so again no Xen device may be
 * open. EAGAIN: the file changed while it was copied.
 */
int xg_load_start(struct xg_load *handle, int fd, const char *name,
    const struct xg_limits *limits, struct xg_error *e);
/*
 * If there is memory by now (xg_populate) that xg_build will be given: what is there of
 * the kernel goes into it while the rest is being unpacked; returns when there is no
 * more to come. Nothing depends on it but the time that xg_build takes.
 */
struct xg_build;
struct xg_memory;
void xg_load_ahead(struct xg_load *handle, xc_interface *xch,
    const struct xg_build *b, struct xg_memory *m);
/*
 * Waits for the child's word and checks it. errno: ENOEXEC no kernel, EINVAL
 * damaged, ENOTSUP not for us, EFBIG beyond a limit, ETIME too much CPU, ENOMEM too
 * much memory, EPERM and EIO a loader gone mad.
 */
int xg_load_finish(struct xg_load *handle, struct xg_kernel *out,
    struct xg_error *e);
/* Ends the child, whatever it does; NULL is nothing. */
void xg_load_drop(struct xg_load *handle);
/* Whether the numbers of a kernel agree with each other and with its size; for
 * whoever got it from another process. */
int xg_kernel_check(const struct xg_kernel *k, struct xg_error *e);
void xg_kernel_close(struct xg_kernel *k);

/* The same without a child: for tools and tests on trusted bytes. */
int xg_parse(const void *file, size_t size, const struct xg_limits *limits,
    void **image, struct xg_kernel *out, struct xg_error *e);

/* --- building a domain -------------------------------------------------------- */

enum xg_type { XG_PV, XG_PVH, XG_HVM };

/* PVH: ACPI tables; HVM: told to hvmloader's side by the caller (platform/acpi
 * in the store). Without it a PVH guest finds one vCPU only. */
#define XG_ACPI	     (1u << 0)
/* HVM: hvmloader describes local and I/O APICs. */
#define XG_APIC	     (1u << 1)
/* HVM: parameters of the same names (<xen/hvm/params.h>). */
#define XG_HPET	     (1u << 2)
#define XG_VPT_ALIGN (1u << 3)
/* Created without XEN_DOMCTL_CDF_hap: the paging pool holds shadows too. */
#define XG_NO_HAP    (1u << 4)

/* A node of virtual NUMA. */
#define XG_MAX_VNODES 16
struct xg_vnode {
	/* The host's node that its memory comes from, and from no other. */
	uint32_t host;
	uint64_t memory_kib;
	/* To each node. */
	uint32_t distance[XG_MAX_VNODES];
	/* Bit i of byte i / 8 = vCPU i. */
	uint8_t vcpus[64];
};

/*
 * What is wanted. The domain exists, with the flags of its type, its vCPUs, its
 * ceiling of memory (memory_kib + 1 MiB) and, PVH and HVM, its paging pool;
 * nothing of it has run. Zero is a good default for all that is not said to be
 * needed.
 */
struct xg_build {
	enum xg_type type;
	uint32_t domid;
	/* Memory at start; whole pages. */
	uint64_t memory_kib;
	/* 0, or the most it may ever have, not below memory_kib. PVH and HVM are
	 * populated on demand then and must balloon down before they touch more
	 * than memory_kib. */
	uint64_t max_kib;
	/* HVM: the part of both that the device model populates. */
	uint64_t video_kib;
	/* 0 = 1; PVH and HVM at most 128. */
	uint32_t max_vcpus;
	/* Bit i of byte i / 8 = vCPU i is there at start; none set = all. */
	uint8_t online[64];
	/* XG_*. */
	uint32_t flags;
	/* HVM: room for devices below 4 GiB, 256 MiB (the default, 0) to 3.75
	 * GiB, whole MiB. */
	uint64_t mmio_hole_kib;
	/*
	 * Virtual NUMA: nodes, 0 = none; borrowed. Memory goes to them in the
	 * guest's order until each has its size; max_kib is not above memory_kib
	 * then, and each vCPU is on one node.
	 */
	const struct xg_vnode *vnodes;
	uint32_t nr_vnodes;
	/* PVH and HVM: HVM_PARAM_TIMER_MODE; HVM: HVM_PARAM_VIRIDIAN, 0 = none. */
	uint32_t timer_mode;
	uint64_t viridian;
	/* Ramdisk (PV, PVH): a regular file, or -1. Borrowed. */
	int ramdisk_fd;
	/* HVM: the firmware that hvmloader installs, or -1. Borrowed. */
	int firmware_fd;
	/* At most 1023 bytes (PV), 4095 (PVH); HVM kernels get theirs otherwise.
	 * May be NULL. */
	const char *cmdline;
	/* Ports in the domain, bound to the two back ends below. */
	uint32_t store_port, console_port;
	uint32_t store_domid, console_domid;
	/* May be NULL; called now and then. */
	void (*progress)(void *ctx, const char *step, uint64_t done,
	    uint64_t total);
	void *ctx;
};
#define XG_BUILD_INIT                                                          \
	{                                                                      \
		.type = XG_PV, .ramdisk_fd = -1, .firmware_fd = -1             \
	}

struct xg_built {
	/* Pages that the domain has. */
	uint64_t nr_pages;
	/* Frames of the rings, for XS_INTRODUCE and the console: machine's (PV)
	 * or guest's (PVH, HVM). */
	uint64_t store_frame, console_frame;
	/* Of its memory, bytes that were copied, made or cleared; what Xen gives
	 * is clear already and is not touched. */
	uint64_t bytes_written;
};

/*
 * Bytes of paging pool (xc_set_paging_mempool) that the domain needs before it
 * is populated; 0 for PV.
 */
uint64_t xg_paging_pool(const struct xg_build *b);

/*
 * Memory, apart from the rest, so that it can go on while the kernel is still
 * being unpacked. *m is freed with xg_memory_free, before or after the build.
 * ENOMEM: the host or the domain's ceiling has less.
 */
struct xg_memory;
int xg_populate(xc_interface *xch, const struct xg_build *b,
    struct xg_memory **m, struct xg_error *e);
void xg_memory_free(struct xg_memory *m);
/*
 * Everything else, with the same order and its memory. For XG_HVM the kernel is
 * hvmloader. ENOTSUP: the kernel does not run in such a domain.
 */
int xg_build(xc_interface *xch, const struct xg_build *b,
    const struct xg_kernel *k, struct xg_memory *m, struct xg_built *out,
    struct xg_error *e);

/* --- images of domains --------------------------------------------------------- */

/*
 * Live: the domain runs on while its memory is written, in rounds: all of it, then what
 * was changed meanwhile, until what is left can be sent within the downtime asked for.
 * Then it is suspended and the rest follows. Zero is a good default for all members but
 * suspend.
 *
 * Changes are what Xen logs (log-dirty mode). Where it refuses to, as Xen built
 * without shadow paging does for PV domains, or where it is asked for, each page that was sent is remembered by a
 * sum of 128 bits, and a round compares all of memory with them (by_sum): the sums are
 * keyed at random, and two pages that differ have the same one with a probability below
 * 2^-125, whatever is in them.
 */
struct xg_live_state {
	/* 1 = the first; 0: the guest is suspended, and this is the last. */
	unsigned round;
	bool by_sum;
	/* Pages that the rounds after this one would have to send, as known. */
	uint64_t left;
	/* What was written, also in bytes per second; pages dirtied per second. */
	uint64_t bytes, rate, dirty_rate;
	/* Pages of this round: sent or looked at, and how many it has. */
	uint64_t done, total;
	/* If it were suspended after this round; and until the end. */
	uint64_t downtime_ms, eta_ms;
};
struct xg_live {
	/* Milliseconds that it may stand still; 0 = 300. */
	uint32_t downtime_ms;
	/* At most; 0 = 30 rounds, and no limit of seconds. */
	uint32_t rounds, seconds;
	/* Bytes per second; 0 = as many as there can be. */
	uint64_t bandwidth;
	/* When the limits are reached, or nothing is gained any more, and it would
	 * stand still for longer than that: ETIME rather than suspend it. */
	bool strict;
	/* Sums even where Xen would log. Shadow paging, with which it logs for PV
	 * domains, slows them down; sums do not, and the last round is longer. */
	bool by_sum;
	/* Called once: suspend the domain, or -1 with errno and a sentence. */
	int (*suspend)(void *ctx, struct xg_error *e);
	/* May be NULL. Not 0: it ends with ECANCELED. */
	int (*state)(void *ctx, const struct xg_live_state *s);
};

/*
 * A domain as one stream of bytes: libxc's migration stream version 3 in libxl's
 * container behind xl's file header, then a sum of all of it. xl reads what was written
 * with compat. Otherwise pages that are zero take no room.
 */
struct xg_save {
	uint32_t domid;
	/* Written front to back, so a pipe or socket will do. Borrowed. */
	int fd;
	/* JSON, for who restores it. */
	const char *config;
	/* HVM: what the device model made of itself; NULL = nothing. */
	const void *emulator;
	size_t emulator_len;
	bool compat;
	/* NULL: it has suspended itself before. */
	const struct xg_live *live;
	/* May be NULL; pages. Not 0: it ends with ECANCELED. Not while it is live. */
	int (*progress)(void *ctx, uint64_t done, uint64_t total);
	/* Of these, and of live's. */
	void *ctx;
};
struct xg_saved {
	/* Pages are counted each time that they are sent. */
	uint64_t bytes, pages, zero_pages;
	/* Live: rounds, the last included; pages of the last, and microseconds from
	 * the call of suspend until all was written. */
	unsigned rounds;
	bool by_sum;
	uint64_t last_pages, last_us;
};
/*
 * The domain is read, never changed, but for log-dirty mode, which it is in while it is
 * live. A process that dies leaves it in that: xc_shadow_control(XC_SHADOW_OFF) ends it.
 * Errno of write(2), among others.
 */
int xg_image_save(xc_interface *xch, const struct xg_save *s,
    struct xg_saved *out, struct xg_error *e);

/*
 * Any such image, xl's or ours, libxc's stream of version 2 or 3. Nothing in it is
 * believed: errno is EBADMSG where it is torn or not what the format has, ENOTSUP
 * where it is and cannot be restored here. fd is borrowed and read front to back.
 */
struct xg_image;
int xg_image_open(int fd, struct xg_image **image, struct xg_error *e);
void xg_image_close(struct xg_image **image);
/* Its configuration: JSON, or "". */
const char *xg_image_config(const struct xg_image *image);
/* It needs a PV domain, rather than PVH or HVM. */
bool xg_image_is_pv(const struct xg_image *image);
/* The rest of it, looked at and thrown away. */
int xg_image_check(struct xg_image *image, struct xg_error *e);

/*
 * Into a domain that xc_domain_create made, as for xg_build. HVM and PVH:
 * parameters that the configuration has are set by the caller.
 */
struct xg_restore {
	uint32_t domid;
	/* Ports in the domain, bound to the two back ends below. */
	uint32_t store_port, console_port;
	uint32_t store_domid, console_domid;
	/* For progress: what it will have. */
	uint64_t nr_pages;
	int (*progress)(void *ctx, uint64_t done, uint64_t total);
	void *ctx;
};
struct xg_restored {
	uint64_t nr_pages;
	/* As struct xg_built's. */
	uint64_t store_frame, console_frame;
	/* HVM: the device model's state, NULL = none; owned, free(3). */
	void *emulator;
	size_t emulator_len;
};
int xg_image_restore(xc_interface *xch, struct xg_image *image,
    const struct xg_restore *r, struct xg_restored *out, struct xg_error *e);

#ifdef __cplusplus
}
#endif

#endif
