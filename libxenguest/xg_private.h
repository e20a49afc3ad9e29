/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of libxenguest offer each other. */
#ifndef XG_PRIVATE_H
#define XG_PRIVATE_H

#include "xenguest.h"

#define XG_API __attribute__((visibility("default")))

/* First cause wins; returns -1. */
int xg_fail(struct xg_error *e, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Bytes that somebody else wrote. */
struct xg_blob {
	const uint8_t *p;
	uint64_t size;
};
/* offset..offset+len is inside. */
bool xg_inside(const struct xg_blob *b, uint64_t offset, uint64_t len);
/* n bytes at offset, or NULL. */
const void *xg_at(const struct xg_blob *b, uint64_t offset, uint64_t len);

/* Every byte that is not printable ASCII becomes '?': one line stays one. */
void xg_printable(char *s);

/* Where an image goes. */
struct xg_room {
	/* Memory for an image of that size, to be filled; NULL with errno. */
	uint8_t *(*whole)(void *ctx, uint64_t size);
	/*
	 * Or it comes piece by piece: memory for its next bytes and how many those
	 * may be; so many came, -1 with errno; all that came, and its CRC-32, NULL
	 * with errno. Without next there is only whole, and none of these. Pages
	 * that a file is given by write() cost a domain 0 of Xen nothing else,
	 * pages that are mapped a fault and two hypercalls each.
	 */
	uint8_t *(*next)(void *ctx, size_t *n);
	int (*put)(void *ctx, size_t n);
	const uint8_t *(*seen)(void *ctx, uint64_t size, uint32_t *crc);
	/*
	 * The pieces that will come are as x86's filter of xz left them, and it is
	 * undone before they are summed; -1: it cannot be done here.
	 */
	int (*x86)(void *ctx);
	/* Memory that will be written to from its beginning on. */
	void (*expect)(void *ctx, void *p, size_t n);
	/* The process ends when it is done. */
	bool ends;
	void *ctx;
};

/*
 * xg_unpack.c: the ELF image of a file: itself, unpacked, or the payload of a
 * bzImage. *image is what room gave, or NULL when the file is the image. What
 * room gave is not freed here.
 */
int xg_unpack(const struct xg_blob *file, const struct xg_limits *l,
    const struct xg_room *room, const uint8_t **image, uint64_t *size,
    char packed[8], struct xg_error *e);
/* The same, and what the image says of itself. */
int xg_examine(const struct xg_blob *file, const struct xg_limits *l,
    const struct xg_room *room, const uint8_t **image, struct xg_kernel *out,
    struct xg_error *e);

/* Memory a decompressor may take for itself. */
#define XG_UNPACK_MEMORY (256ull << 20)

/* What a decompressor is given. */
struct xg_unpacking {
	const uint8_t *in;
	uint64_t in_len;
	/* All of the image, or NULL: it goes to room by pieces. */
	uint8_t *out;
	uint64_t out_len, done;
	const struct xg_room *room;
	/* The CRC-32 of what came is still to be compared with this one. */
	bool summed;
	uint32_t crc;
};
/* Where the next bytes go, and how many; then how many came, 0 or an errno. */
uint8_t *xg_piece(struct xg_unpacking *j, size_t *n);
int xg_took(struct xg_unpacking *j, size_t n);
/* xg_xz.c: as the formats of xg_unpack.c. */
int xg_unxz(struct xg_unpacking *j);
int xg_unlzma(struct xg_unpacking *j);

/* xg_lzop.c: 0, or EINVAL; fills out exactly. */
int xg_unlzop(const struct xg_blob *in, uint8_t *out, uint64_t out_len);

/* xg_notes.c: the notes in offset .. offset + len. */
struct xg_notes {
	unsigned count;
	/* One was for Xen; one ended behind its table. */
	bool xen, cut;
};
int xg_notes(const struct xg_blob *image, uint64_t offset, uint64_t len,
    struct xg_kernel *k, struct xg_notes *n, struct xg_error *e);

/* xg_elf.c: the segments that are told of at the beginning of an image whose end is not
 * there yet, unchecked. */
int xg_elf_begins(const struct xg_blob *begin, struct xg_kernel *k);
/* Fills segments and notes. */
int xg_elf_examine(const struct xg_blob *image, struct xg_kernel *k,
    struct xg_error *e);

/* The segments' first byte, and the one behind their last. */
void xg_kernel_span(const struct xg_kernel *k, uint64_t *low, uint64_t *high);

/* What the child behind the wall is asked; the file and the image it has. */
struct xg_ask {
	/* Of the file; of address space. */
	uint64_t size, memory;
	struct xg_limits limits;
};
/* What it tells; fits into a socket at once. */
struct xg_report {
	uint32_t magic;
	int32_t failed;
	/* The file itself is the image. */
	bool whole;
	struct xg_error error;
	struct xg_kernel kernel;
};
#define XG_REPORT_MAGIC 0x78670002u
/* Before it, as the image grows, if it comes by pieces: what is to be loaded, as its
 * beginning says, and how much of it has come. Zeros at the end of what is there need
 * not be in the file yet. */
struct xg_word {
	uint32_t magic, nsegments;
	uint64_t bytes;
	struct xg_segment segments[XG_MAX_SEGMENTS];
};
#define XG_WORD_MAGIC 0x78670003u
/* xg_load.c: all of it, -1 with errno. */
int xg_write_all(int fd, const void *p, size_t n);
/* The next one, which nobody has looked at; false: what comes now is the report, or
 * the child's end. */
bool xg_load_hear(struct xg_load *h, struct xg_word *w);
/* Where the image grows; borrowed. */
int xg_load_image(const struct xg_load *h);
/*
 * xg_aside.c: pieces of an image on their way to the file fd, and their CRC-32, by a
 * second thread if there can be one. next waits until there is memory for one; put and
 * finish: -1 with errno. expect: memory that is touched beforehand. x86: see xg_room.
 */
/* told: what was written, and how much that makes. */
typedef void xg_told_f(const uint8_t *p, size_t n, uint64_t bytes);
void xg_aside_start(int fd, xg_told_f *told);
uint8_t *xg_aside_next(size_t *n);
int xg_aside_put(size_t n);
int xg_aside_finish(uint32_t *crc);
void xg_aside_expect(void *p, size_t n);
int xg_aside_x86(void);
/*
 * xg_x86.c: xz's filter for x86 undone piece by piece, at most XG_X86_KEPT bytes
 * later: of n bytes at in as many as can be are put to out. begin: -1, no memory.
 * The end, n = 0, is what was kept. 0, or an errno.
 */
#define XG_X86_KEPT 16
int xg_x86_begin(void);
int xg_x86_undo(const uint8_t *in, size_t n, uint8_t *out, size_t *made);
/* xg_sandbox.c: the child's life; it waits to be asked and ends with its report. */
void xg_sandbox(int source, int image, int link) __attribute__((noreturn));

/* --- one build ----------------------------------------------------------------- */

/* --- xg_vnuma.c: which memory is on which virtual node ------------------------- */

struct xg_hvm_layout;
/* Ascending; pages that are not RAM may be in them. */
struct xg_nodes {
	/* 0 = no virtual NUMA. */
	uint32_t n;
	struct xg_node_range {
		uint64_t pfn, end;
		uint32_t vnode;
	} range[XG_MAX_VNODES + 2];
};
/* l: NULL for PV. EINVAL: an order that makes no sense. */
int xg_vnuma_ranges(const struct xg_build *b, const struct xg_hvm_layout *l,
    struct xg_nodes *out, struct xg_error *e);
/* The range that a page is in, NULL without virtual NUMA. */
const struct xg_node_range *xg_vnuma_at(const struct xg_nodes *nodes,
    uint64_t pfn);
/* The node of a vCPU. */
uint32_t xg_vnuma_of_vcpu(const struct xg_build *b, uint32_t vcpu);

/* --- xg_p2m.c: the machine frames of a PV domain -------------------------------- */

/* Pages that are cheap to note when they come together, 2 MiB. */
#define XG_P2M_CHUNK 512u

struct xg_p2m;
/* NULL: no memory. */
struct xg_p2m *xg_p2m_new(uint64_t nr_pages);
void xg_p2m_free(struct xg_p2m *p);
/* n frames from mfn on are the pages from pfn on, all below nr_pages; a page is told
 * once. -1: no memory. */
int xg_p2m_set(struct xg_p2m *p, uint64_t pfn, uint64_t mfn, uint64_t n);
uint64_t xg_p2m_at(const struct xg_p2m *p, uint64_t pfn);
void xg_p2m_read(const struct xg_p2m *p, uint64_t pfn, uint64_t n,
    uint64_t *mfns);

/* xg_ahead.c: what of a kernel that is not moved has been written already. */
struct xg_ahead {
	uint64_t pfn, end, done;
	bool failed;
	uint32_t nsegments;
	struct xg_segment segments[XG_MAX_SEGMENTS];
};

struct xg_memory {
	/* PV: of nr_pages; else NULL. Owned. */
	struct xg_p2m *p2m;
	/* PVH, HVM: where the pages are; else NULL. Owned. */
	struct xg_hvm_layout *layout;
	struct xg_nodes nodes;
	/* Of the domain. */
	uint64_t nr_pages;
	struct xg_ahead ahead;
};

/* A file that is put into the domain; size 0 = none. */
struct xg_file {
	const char *what;
	int fd;
	uint64_t size;
};

/* What the parts of a build have in common; all borrowed. */
struct xg_job {
	xc_interface *xch;
	const struct xg_build *b;
	const struct xg_kernel *k;
	const struct xg_memory *m;
	struct xg_file ramdisk, firmware;
	/* The kernel's image is not complete: what is missing is zeros. */
	bool growing;
	/* What xg_hold() mapped. */
	uint8_t *held;
	uint64_t held_pfn, held_pages;
	/* struct xg_built's. */
	uint64_t bytes_written;
	struct xg_error *e;
};

/* xg_pv.c, xg_hvm.c */
int xg_pv(struct xg_job *j, struct xg_built *out);
int xg_hvm(struct xg_job *j, struct xg_built *out);

/* xg_vnuma.c: Xen is told of the nodes. */
int xg_vnuma_tell(struct xg_job *j);
/* xg_build.c: lets the back ends map the rings. */
int xg_seed_grants(struct xg_job *j, uint64_t store_frame,
    uint64_t console_frame);

/* xg_populate.c */
void xg_progress(const struct xg_build *b, const char *step, uint64_t done,
    uint64_t total);

/*
 * xg_window.c: the domain's memory, by pfn; `what` names the step in messages
 * and progress.
 */
/* The sentence of libxenctrl after `what`; returns -1. */
int xg_xen_fail(struct xg_job *j, const char *what);
/* Keeps these pages mapped, so that what follows need not be, if they are few; -1
 * with an error. */
int xg_hold(struct xg_job *j, uint64_t pfn, uint64_t n, const char *what);
void xg_release(struct xg_job *j);
/* Pages that are mapped at a time. */
#define XG_WINDOW 512ul
/* n pages, so many at most, to be written. NULL: libxenctrl's error. */
void *xg_map(struct xg_job *j, uint64_t pfn, size_t n);
void xg_unmap(struct xg_job *j, uint64_t pfn, void *mem, size_t n);
/* Called with n pages mapped at mem, the first of which is number `at` of the
 * run. */
typedef int xg_fill_f(struct xg_job *j, const void *arg, uint8_t *mem,
    uint64_t at, size_t n);
int xg_each_window(struct xg_job *j, uint64_t pfn, uint64_t pages,
    const char *what, xg_fill_f *fill, const void *arg);
int xg_write_page(struct xg_job *j, uint64_t pfn, const void *data,
    const char *what);
int xg_zero_pages(struct xg_job *j, uint64_t pfn, uint64_t pages,
    const char *what);
/* The segments that lie in pfn..end - 1 when shift (modulo 2^64) is added to
 * their addresses; what is between them becomes zero. */
int xg_write_kernel(struct xg_job *j, uint64_t pfn, uint64_t end,
    uint64_t shift);
/* Of a kernel that is not moved, n pages, a window at most. */
int xg_write_part(struct xg_job *j, uint64_t pfn, size_t n);
/* xg_ahead.c: how many pages of the kernel that goes to pfn..end - 1 are there. */
uint64_t xg_ahead_done(const struct xg_ahead *a, const struct xg_kernel *k,
    uint64_t pfn, uint64_t end);
int xg_write_file(struct xg_job *j, const struct xg_file *f, uint64_t pfn);

/* --- xg_plan.c: where everything goes; arithmetic only ------------------------ */

struct xg_plan {
	uint64_t nr_pages;
	/* Kernel: first pfn and the one behind; "virtual address of pfn 0". */
	uint64_t kernel_pfn, kernel_end;
	uint64_t virt_base;
	/* pfns; 0 pages = none. */
	uint64_t ramdisk_pfn, ramdisk_pages;
	bool ramdisk_mapped;
	uint64_t p2m_pfn, p2m_pages;
	bool p2m_mapped;
	/* Own tables of an unmapped p2m follow it. */
	uint64_t p2m_vaddr, p2m_tables_pfn, p2m_tables, p2m_l1, p2m_l2, p2m_l3;
	uint64_t start_info_pfn, store_pfn, console_pfn, stack_pfn;
	/* L4, then L3s, L2s, L1s. */
	uint64_t pt_pfn, pt_pages, pt_l1, pt_l2, pt_l3;
	/* End of the first mapping, virtual. */
	uint64_t virt_end;
	/* Last pfn used + 1. */
	uint64_t used;
};

/* nr_pages: what it has; ramdisk in bytes. */
int xg_plan_pv(const struct xg_kernel *k, uint64_t nr_pages,
    uint64_t ramdisk_size, struct xg_plan *p, struct xg_error *e);
/* xg_pv_tables.c: what the page table at pfn holds. */
bool xg_pv_is_table(const struct xg_plan *p, uint64_t pfn);
void xg_pv_table(const struct xg_plan *p, const struct xg_p2m *p2m, uint64_t pfn,
    uint64_t table[512]);

static inline uint64_t
xg_plan_va(const struct xg_plan *p, uint64_t pfn)
{
	return p->virt_base + (pfn << 12);
}

#endif
