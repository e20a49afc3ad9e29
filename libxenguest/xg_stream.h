/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Images of domains: what the files of saving and restoring offer each other.
 *
 *   xl's file header   magic, flags, the domain's configuration (JSON)
 *   libxl's stream     header; LIBXC_CONTEXT; (HVM: the device model's); END
 *     libxc's stream   header, domain header, records (xg_rec_type)
 *   our trailer        length and sum of all before; other readers stop earlier
 *
 *   saving     xg_image_save -> xg_save.c -> xg_save_pv.c, xg_save_hvm.c
 *                |  |                      \-> xg_out.c (buffer, sum, pace, file)
 *                |  xg_memory.c (pages of a set) -> xg_page_sum.c
 *                xg_live.c (rounds; which set, and when it is enough)
 *   restoring  xg_image_open (xg_in.c: file, sum) -> xg_parse.c: framing,
 *              lengths, numbers -> struct xg_sink: xg_restore.c (memory),
 *              xg_restore_pv.c, xg_restore_hvm.c; or nothing, to check a file
 *
 * What a parser passes on fits its format; what it means for the domain is the
 * sink's to check. A page that is zero has no contents in a record of ours,
 * PAGES: PAGE_DATA with one more type; xl does not know it ("compat").
 */
#ifndef XG_STREAM_H
#define XG_STREAM_H

#include "xg_private.h"

/* --- formats ------------------------------------------------------------------ */

#define XG_XL_MAGIC "Xen saved domain, xl format\n \0 \r"
struct xg_xl_header {
	/* XG_XL_MAGIC without its end. */
	char magic[32];
	uint32_t byteorder, mandatory, optional, optional_len;
};
#define XG_XL_BYTEORDER 0x01020304u
#define XG_XL_JSON	(1u << 0)
#define XG_XL_STREAM_V2 (1u << 1)
/* All of the optional flags, of which xl looks at none: our trailer follows. */
#define XG_XL_SUMMED 0x584c4453u
/* No configuration is larger. */
#define XG_CONFIG_MAX (256u << 10)

/* Both stream headers are big-endian. */
#define XG_LIBXL_IDENT 0x4c6962786c466d74ull
struct xg_libxl_header {
	uint64_t ident;
	uint32_t version, options;
};
struct xg_libxc_header {
	uint64_t marker;
	uint32_t id, version;
	uint16_t options, reserved16;
	uint32_t reserved32;
};
#define XG_LIBXC_MARKER UINT64_MAX
#define XG_LIBXC_ID	0x58454e46u
struct xg_domain_header {
	uint32_t type;
	uint16_t page_shift, reserved;
	uint32_t xen_major, xen_minor;
};
#define XG_DOMAIN_PV  1u
#define XG_DOMAIN_HVM 2u

struct xg_rec_header {
	uint32_t type, length;
};
/* Limit of other implementations, too. */
#define XG_REC_MAX (128u << 20)
enum xg_libxl_rec {
	XG_LIBXL_END,
	XG_LIBXL_LIBXC,
	XG_LIBXL_EMULATOR_STORE,
	XG_LIBXL_EMULATOR,
	XG_LIBXL_CHECKPOINT_END,
	XG_LIBXL_CHECKPOINT_STATE
};
/* Of both emulator records. */
struct xg_emulator_header {
	/* 2 = the one that there is today. */
	uint32_t id, index;
};
#define XG_EMULATOR_QEMU 2u

enum xg_rec_type {
	XG_REC_END,
	XG_REC_PAGE_DATA,
	XG_REC_PV_INFO,
	XG_REC_P2M_FRAMES,
	XG_REC_VCPU_BASIC,
	XG_REC_VCPU_EXTENDED,
	XG_REC_VCPU_XSAVE,
	XG_REC_SHARED_INFO,
	XG_REC_TSC_INFO,
	XG_REC_HVM_CONTEXT,
	XG_REC_HVM_PARAMS,
	XG_REC_TOOLSTACK,
	XG_REC_VCPU_MSRS,
	XG_REC_VERIFY,
	XG_REC_CHECKPOINT,
	XG_REC_DIRTY_PFNS,
	XG_REC_STATIC_END,
	XG_REC_CPUID_POLICY,
	XG_REC_MSR_POLICY,
	/* Of ours: "XLD" and a number. */
	XG_REC_PAGES = 0x584c4401
};
#define XG_REC_OPTIONAL 0x80000000u

/* An entry of PAGE_DATA and PAGES. */
#define XG_PFN_MASK    ((1ull << 52) - 1)
#define XG_TYPE_SHIFT  60
#define XG_TYPE_NOTAB  0u
#define XG_TYPE_L1     1u
#define XG_TYPE_L4     4u
/* PAGES alone. */
#define XG_TYPE_ZERO   5u
#define XG_TYPE_PINNED 8u
#define XG_TYPE_BROKEN 13u
#define XG_TYPE_XALLOC 14u
#define XG_TYPE_XTAB   15u
/* A page table, pinned or not. */
static inline bool
xg_type_is_table(unsigned type)
{
	unsigned level = type & ~XG_TYPE_PINNED;

	return level >= XG_TYPE_L1 && level <= XG_TYPE_L4;
}
static inline bool
xg_type_has_contents(unsigned type)
{
	return type == XG_TYPE_NOTAB || xg_type_is_table(type);
}

/* Frames of a domain have lower numbers: 1 TiB. */
#define XG_PFN_END (1ull << 28)
/* Pages in a record, ours and what the writers of others use. */
#define XG_BATCH 1024u
#define XG_MAX_SAVED_VCPUS 8192u

struct xg_trailer {
	char magic[16];
	/* Bytes before it, and their sum. */
	uint64_t bytes, sum;
};
#define XG_TRAILER_MAGIC "xld image end\r\n\n"

/* --- xg_sum.c ------------------------------------------------------------------ */

/*
 * A sum that no change of a single word leaves as it was: a word goes into one of
 * four lanes by an exclusive or and an odd factor, which both can be undone. Against
 * torn and rotten files, not against forgers.
 */
struct xg_sum {
	uint64_t lane[4];
	uint64_t words;
};
#define XG_SUM_INIT                                                            \
	{                                                                      \
		.lane = { 1, 2, 3, 4 }                                         \
	}
/* bytes is a multiple of 8, p is aligned to it. */
void xg_sum_add(struct xg_sum *s, const void *p, size_t bytes);
/* The same, and copies. */
void xg_sum_copy(struct xg_sum *s, void *to, const void *from, size_t bytes);
uint64_t xg_sum_end(const struct xg_sum *s);
bool xg_is_zero_page(const void *page);
/* Words of the key that pages are summed with. */
#define XG_SUM_KEYS (2 * 512 + 24)
uint64_t xg_now_us(void);

/* --- xg_out.c: an image on its way out ------------------------------------------ */

struct xg_out {
	int fd;
	uint8_t *buf;
	size_t len;
	uint64_t bytes;
	/* Bytes per second, 0 = any; and what there was when. */
	uint64_t pace, paced_bytes, paced_us;
	struct xg_sum sum;
	struct xg_error *e;
};
int xg_out_open(struct xg_out *o, int fd, struct xg_error *e);
void xg_out_close(struct xg_out *o);
/* n bytes, a multiple of 8, of the next output to be filled before anything else is
 * called; NULL with an error. n is at most XG_OUT_ROOM. They are summed by then
 * (xg_sum_copy with o->sum) or by xg_out_summed. */
#define XG_OUT_ROOM (5u << 20)
uint8_t *xg_out_room(struct xg_out *o, size_t n);
/* n bytes and zeros up to a multiple of 8. */
int xg_out_put(struct xg_out *o, const void *p, size_t n);
int xg_out_rec(struct xg_out *o, uint32_t type, size_t length);
/* A whole record. */
int xg_out_record(struct xg_out *o, uint32_t type, const void *p, size_t n);
/* All that was put is the kernel's. */
int xg_out_flush(struct xg_out *o);

/* --- saving --------------------------------------------------------------------- */

struct xg_saver {
	xc_interface *xch;
	const struct xg_save *s;
	const struct xg_save_type *type;
	struct xg_out out;
	struct xg_error *e;
	struct xc_domaininfo info;
	/* Its frames are below. */
	uint64_t end;
	/* Pages sent, and those of them that are zero. */
	uint64_t done, zero;
	/* It still runs: what does not fit may fit later. */
	bool running;
	/* Live, else NULL. A bit for each frame: those that the other side has; those
	 * that are to be sent again. */
	uint64_t *there, *again;
	/* PV: those that were sent as page tables; a page has another number. */
	uint64_t *tables;
	bool moved;
	/* By sum: of each frame there, as it was sent. */
	struct xg_page_sum *sums;
	uint64_t sum_key[XG_SUM_KEYS];
	/* Only what the other side has not at all is sent. */
	bool missing;
	struct xg_live_state state;
	/* Of the live part: when it began, and this round; microseconds a page takes;
	 * when the guest was to be suspended; rounds. */
	uint64_t began_us, round_us, page_us, last_us;
	uint64_t last_pages;
	unsigned rounds;
	bool logging;
	/* PV: machine frame of each page, NO_FRAME; page of each machine frame + 1,
	 * up to max_mfn; the frames of the table itself. */
	uint64_t *p2m;
	uint32_t *m2p;
	uint64_t max_mfn;
	struct xc_p2m_table table;
};
#define XG_NO_FRAME UINT64_MAX
struct xg_page_sum {
	uint64_t word[2];
};
/* What differs by type. */
struct xg_save_type {
	uint32_t domain_header;
	int (*begin)(struct xg_saver *v);
	/* Records before the memory and behind it. */
	int (*before)(struct xg_saver *v);
	int (*after)(struct xg_saver *v);
	/* What to map for n pages. */
	void (*frames)(const struct xg_saver *v, const uint64_t *pfns, size_t n,
	    uint64_t *frames);
	/* Live: which page is where may have changed. */
	int (*refresh)(struct xg_saver *v);
	/* A page table as the stream has it; one that cannot be told yet, while it
	 * runs, is marked in `again`. */
	int (*table)(struct xg_saver *v, uint64_t pfn, unsigned type,
	    const uint64_t *from, uint64_t *to);
	void (*end)(struct xg_saver *v);
};
extern const struct xg_save_type xg_save_pv, xg_save_hvm;
/* The sentence of libxenctrl after `what`; -1. */
int xg_save_xen_fail(struct xg_saver *v, const char *what);

static inline bool
xg_bit(const uint64_t *bits, uint64_t i)
{
	return (bits[i / 64] >> i % 64 & 1) != 0;
}
static inline void
xg_bit_set(uint64_t *bits, uint64_t i)
{
	bits[i / 64] |= 1ull << i % 64;
}
static inline void
xg_bit_clear(uint64_t *bits, uint64_t i)
{
	bits[i / 64] &= ~(1ull << i % 64);
}
/* Zeroed memory that is there when it is touched; NULL. */
void *xg_sparse(size_t bytes);

/* xg_memory.c. Frames of the set, or all that have pages (NULL). */
int xg_send_pages(struct xg_saver *v, const uint64_t *set);
/* xg_live.c: all of memory, in rounds; it is suspended then. */
int xg_send_live(struct xg_saver *v);
/* So many frames of a round more; what live's `state` says. */
int xg_live_tell(struct xg_saver *v, size_t n);
/* It is not watched any more. */
void xg_live_end(struct xg_saver *v);
/* xg_page_sum.c */
int xg_page_sum_init(uint64_t key[XG_SUM_KEYS]);
void xg_page_sum(const uint64_t key[XG_SUM_KEYS], const void *page, unsigned type,
    struct xg_page_sum *out);

/* --- xg_in.c: an image on its way in -------------------------------------------- */

struct xg_in {
	int fd;
	uint64_t bytes;
	struct xg_sum sum;
	struct xg_error *e;
};
/* n bytes, a multiple of 8; p is aligned to it. EBADMSG: the file ends. */
int xg_in_read(struct xg_in *in, void *p, size_t n);
int xg_in_skip(struct xg_in *in, uint64_t n);

/* --- xg_parse.c: records, checked ------------------------------------------------ */

/* Not what the format has. Always -1. */
int xg_bad(struct xg_error *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

struct xg_page_entry {
	uint64_t pfn;
	unsigned type;
};
/* All return 0, or -1 with an error. Blobs are gone when they return. */
struct xg_sink {
	/* From X86_PV_INFO: 64-bit guests only; no call for HVM. */
	int (*policies)(void *ctx, const struct xc_cpuid_leaf *leaves,
	    uint32_t nleaves, const struct xc_msr *msrs, uint32_t nmsrs);
	/* PV: its frames are below end now; those of the p2m from word first on. */
	int (*p2m_frames)(void *ctx, uint64_t end, uint64_t first,
	    const uint64_t *pfns, size_t n);
	/* Contents follow in `in`, for those that have some, and must be read. */
	int (*pages)(void *ctx, const struct xg_page_entry *p, size_t n,
	    struct xg_in *in);
	int (*tsc)(void *ctx, const struct xc_tsc_info *t);
	int (*shared_info)(void *ctx, const void *page);
	int (*vcpu)(void *ctx, uint32_t kind, uint32_t vcpu,
	    const struct xg_blob *b);
	int (*hvm_context)(void *ctx, const struct xg_blob *b);
	int (*hvm_param)(void *ctx, uint64_t index, uint64_t value);
	void *ctx;
};
/* Headers of libxc's stream. */
int xg_parse_headers(struct xg_in *in, struct xg_domain_header *d,
    uint32_t *version);
/* Its records, END included. */
int xg_parse_records(struct xg_in *in, const struct xg_domain_header *d,
    const struct xg_sink *sink);

/* --- restoring -------------------------------------------------------------------- */

struct xg_image {
	struct xg_in in;
	struct xg_domain_header domain;
	char *config;
	/* It must end with our trailer. */
	bool ours;
};
/* xg_image.c: what is behind the domain's records. *emulator is NULL before. */
int xg_image_rest(struct xg_image *m, void **emulator, size_t *len);

struct xg_restorer {
	xc_interface *xch;
	const struct xg_restore *r;
	struct xg_error *e;
	struct xg_in *in;
	/* One bit for each frame that the domain has. */
	uint8_t *populated;
	/* PV: machine frame and type of each. */
	uint64_t *p2m;
	uint8_t *types;
	uint64_t end;
	/* PV: frames of the p2m; state for the end. */
	uint64_t *p2m_pfns;
	size_t np2m;
	uint64_t shared_info[XC_PAGE_SIZE / 8];
	/* Of vCPUs, the last first. */
	struct xg_vcpu_blob *blobs;
	uint64_t blob_bytes;
	/* HVM. */
	void *context;
	size_t context_len;
	struct xg_restored *out;
	uint64_t pages;
};
struct xg_vcpu_blob {
	struct xg_vcpu_blob *next;
	uint32_t kind, vcpu;
	uint32_t size;
	uint8_t bytes[];
};
bool xg_is_populated(const struct xg_restorer *w, uint64_t pfn);
/* Pages for those of the frames that have none. */
int xg_populate_frames(struct xg_restorer *w, const uint64_t *pfns, size_t n);
int xg_restore_xen_fail(struct xg_restorer *w, const char *what);
void *xg_restore_map(struct xg_restorer *w, const uint64_t *pfns, size_t n);
/* xg_restore_pv.c: entries of a table name machine frames again. */
int xg_localise(struct xg_restorer *w, uint64_t pfn, unsigned type,
    uint64_t *table);
int xg_restore_pv_end(struct xg_restorer *w);
int xg_restore_hvm_end(struct xg_restorer *w);
int xg_restore_hvm_param(void *ctx, uint64_t index, uint64_t value);

#endif
