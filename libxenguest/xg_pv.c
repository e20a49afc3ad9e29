/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Carries out the plan of a PV domain through libxenctrl. Memory is written
 * through windows of at most 2 MiB; none is left mapped when the page tables are
 * pinned, because a frame with a writable mapping cannot become one.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/grant_table.h>

#include "xg_private.h"

#define WINDOW	  512ul
#define BATCH_2M  256ul
#define BATCH_4K  4096ul
#define ORDER_2M  9u

/* Page table entry flags. */
#define L1_RW	0x23u
#define L1_RO	0x21u
#define UPPER	0x67u

struct builder {
	xc_interface *xch;
	const struct xg_build *b;
	const struct xg_kernel *k;
	struct xg_plan plan;
	uint64_t *p2m;
	uint64_t ramdisk_size;
	/* The sealed image, mapped. */
	const uint8_t *image;
	struct xg_error *e;
};

static void
progress(const struct xg_build *b, const char *step, uint64_t done,
    uint64_t total)
{
	if (b->progress != NULL)
		b->progress(b->ctx, step, done, total);
}

static int
xen_fail(xc_interface *xch, struct xg_error *e, const char *what)
{
	return xg_fail(e, errno, "%s: %s", what, xc_last_error(xch));
}

/* --- memory ------------------------------------------------------------------- */

/* 2 MiB extents for count aligned runs from pfn on; how many pages were done. */
static long
populate_large(xc_interface *xch, uint32_t domid, uint64_t *p2m, uint64_t pfn,
    size_t count)
{
	uint64_t extents[BATCH_2M];
	long done;

	for (size_t i = 0; i < count; i++)
		extents[i] = pfn + (i << ORDER_2M);
	done = xc_populate_physmap(xch, domid, extents, count, ORDER_2M, 0);
	for (long i = 0; i < done; i++)
		for (uint64_t k = 0; k < 1u << ORDER_2M; k++)
			p2m[pfn + ((uint64_t)i << ORDER_2M) + k] =
			    extents[i] + k;
	return done < 0 ? -1 : done << ORDER_2M;
}

static long
populate_small(xc_interface *xch, uint32_t domid, uint64_t *p2m, uint64_t pfn,
    size_t count)
{
	for (size_t i = 0; i < count; i++)
		p2m[pfn + i] = pfn + i;
	return xc_populate_physmap(xch, domid, p2m + pfn, count, 0, 0);
}

XG_API int
xg_populate_pv(xc_interface *xch, const struct xg_build *b, uint64_t **out,
    struct xg_error *e)
{
	uint64_t n = b->memory_kib / 4, pfn = 0, left;
	uint64_t *p2m;
	bool large = true;
	long done;

	if (n == 0 || n > 1ull << 36)
		return xg_fail(e, EINVAL, "%llu KiB of memory is out of range",
		    (unsigned long long)b->memory_kib);
	p2m = malloc(n * sizeof(*p2m));
	if (p2m == NULL)
		return xg_fail(e, ENOMEM, "no memory for the p2m");
	while (pfn < n) {
		left = n - pfn;
		if (large && left >= 1u << ORDER_2M) {
			left >>= ORDER_2M;
			done = populate_large(xch, b->domid, p2m, pfn,
			    left < BATCH_2M ? left : BATCH_2M);
			/* Memory is fragmented: what is left in pages. */
			large = done > 0;
		} else {
			done = populate_small(xch, b->domid, p2m, pfn,
			    left < BATCH_4K ? left : BATCH_4K);
			if (done == 0)
				errno = ENOMEM;
			if (done <= 0)
				break;
		}
		if (done > 0)
			pfn += (uint64_t)done;
		progress(b, "memory", pfn, n);
	}
	if (pfn == n) {
		*out = p2m;
		return 0;
	}
	free(p2m);
	return xg_fail(e, ENOMEM,
	    "the hypervisor gave %llu of %llu MiB and has no more",
	    (unsigned long long)(pfn >> 8), (unsigned long long)(n >> 8));
}

/* --- windows -------------------------------------------------------------------- */

/* Called with a mapped window: page `at` of the run, n pages of it. */
typedef int fill_f(struct builder *w, uint8_t *mem, uint64_t at, size_t n);

static int
each_window(struct builder *w, uint64_t pfn, uint64_t pages, const char *what,
    fill_f *fill)
{
	for (uint64_t at = 0; at < pages; at += WINDOW) {
		size_t n = pages - at < WINDOW ? pages - at : WINDOW;
		uint8_t *mem = xc_map_foreign(w->xch, w->b->domid,
		    PROT_READ | PROT_WRITE, w->p2m + pfn + at, NULL, n);
		int r;

		if (mem == NULL)
			return xen_fail(w->xch, w->e, what);
		r = fill(w, mem, at, n);
		xc_unmap_foreign(w->xch, mem, n);
		if (r < 0)
			return -1;
		progress(w->b, what, at + n, pages);
	}
	return 0;
}

/* Copies the part of [from, from + len) that lies in the window. */
static void
copy_part(uint8_t *mem, uint64_t win, uint64_t win_len, uint64_t from,
    const uint8_t *data, uint64_t len)
{
	uint64_t start = from > win ? from : win;
	uint64_t end = from + len < win + win_len ? from + len : win + win_len;

	if (start < end)
		memcpy(mem + (start - win), data + (start - from), end - start);
}

static int
fill_kernel(struct builder *w, uint8_t *mem, uint64_t at, size_t n)
{
	uint64_t win = (w->plan.kernel_pfn + at) << XC_PAGE_SHIFT;

	memset(mem, 0, n * XC_PAGE_SIZE);
	for (uint32_t i = 0; i < w->k->nsegments; i++) {
		const struct xg_segment *s = &w->k->segments[i];

		copy_part(mem, win, n * XC_PAGE_SIZE,
		    s->paddr - w->k->paddr_offset, w->image + s->offset,
		    s->filesz);
	}
	return 0;
}

static int
fill_ramdisk(struct builder *w, uint8_t *mem, uint64_t at, size_t n)
{
	size_t want = n * XC_PAGE_SIZE, got = 0;
	ssize_t r;

	while (got < want) {
		r = pread(w->b->ramdisk_fd, mem + got, want - got,
		    (off_t)(at * XC_PAGE_SIZE + got));
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return xg_fail(w->e, errno, "read the ramdisk: %s",
			    strerror(errno));
		if (r == 0)
			break;
		got += (size_t)r;
	}
	if (at * XC_PAGE_SIZE + got < w->ramdisk_size && got < want)
		return xg_fail(w->e, EIO, "the ramdisk shrank while it was "
					  "read");
	memset(mem + got, 0, want - got);
	return 0;
}

static int
fill_p2m(struct builder *w, uint8_t *mem, uint64_t at, size_t n)
{
	uint64_t first = at * (XC_PAGE_SIZE / 8), total = w->plan.nr_pages;
	uint64_t count = n * (XC_PAGE_SIZE / 8);

	if (count > total - first)
		count = total - first;
	memcpy(mem, w->p2m + first, count * 8);
	memset(mem + count * 8, 0xff, n * XC_PAGE_SIZE - count * 8);
	return 0;
}

static int
fill_zero(struct builder *w, uint8_t *mem, uint64_t at, size_t n)
{
	(void)w, (void)at;
	memset(mem, 0, n * XC_PAGE_SIZE);
	return 0;
}

/* --- page tables ---------------------------------------------------------------------- */

/* A range that is mapped: its tables lie L3s, L2s, L1s from tables_pfn on. */
struct range {
	uint64_t from, to;
	uint64_t l3_pfn, l2_pfn, l1_pfn;
	uint64_t l3, l2, l1;
	/* pfn that `from` maps, and the first pfn not to be mapped. */
	uint64_t pfn, end_pfn;
};

static struct range
first_range(const struct xg_plan *p)
{
	struct range r = { .from = p->virt_base, .to = p->virt_end,
		.l3 = p->pt_l3, .l2 = p->pt_l2, .l1 = p->pt_l1, .pfn = 0,
		.end_pfn = p->nr_pages };

	r.l3_pfn = p->pt_pfn + 1;
	r.l2_pfn = r.l3_pfn + r.l3;
	r.l1_pfn = r.l2_pfn + r.l2;
	return r;
}

static struct range
p2m_range(const struct xg_plan *p)
{
	struct range r = { .from = p->p2m_vaddr,
		.to = p->p2m_vaddr + (p->p2m_pages << XC_PAGE_SHIFT),
		.l3 = p->p2m_l3, .l2 = p->p2m_l2, .l1 = p->p2m_l1,
		.pfn = p->p2m_pfn, .end_pfn = p->p2m_pfn + p->p2m_pages };

	r.l3_pfn = p->p2m_tables_pfn;
	r.l2_pfn = r.l3_pfn + r.l3;
	r.l1_pfn = r.l2_pfn + r.l2;
	return r;
}

static bool
is_table(const struct xg_plan *p, uint64_t pfn)
{
	return (pfn >= p->pt_pfn && pfn < p->pt_pfn + p->pt_pages) ||
	    (pfn >= p->p2m_tables_pfn &&
		pfn < p->p2m_tables_pfn + p->p2m_tables);
}

/* Entries of an upper table: each covers `span` bytes and points to the next
 * level's tables from next_pfn on, the first of which covers `from`. */
static void
upper_entries(const struct builder *w, uint64_t *table, uint64_t base,
    unsigned shift, const struct range *r, uint64_t next_pfn)
{
	uint64_t span = 1ull << shift;

	for (unsigned i = 0; i < 512; i++) {
		uint64_t va = base + i * span;

		if (va + (span - 1) < r->from || va >= r->to)
			continue;
		table[i] = w->p2m[next_pfn + (va >> shift) -
			       (r->from >> shift)] << XC_PAGE_SHIFT | UPPER;
	}
}

static void
leaf_entries(const struct builder *w, uint64_t *table, uint64_t base,
    const struct range *r)
{
	for (unsigned i = 0; i < 512; i++) {
		uint64_t va = base + ((uint64_t)i << XC_PAGE_SHIFT), pfn;

		if (va < r->from || va >= r->to)
			continue;
		pfn = r->pfn + ((va - r->from) >> XC_PAGE_SHIFT);
		if (pfn < r->end_pfn)
			table[i] = w->p2m[pfn] << XC_PAGE_SHIFT |
			    (is_table(&w->plan, pfn) ? L1_RO : L1_RW);
	}
}

static int
write_page(struct builder *w, uint64_t pfn, const void *data)
{
	void *mem = xc_map_foreign(w->xch, w->b->domid, PROT_READ | PROT_WRITE,
	    &w->p2m[pfn], NULL, 1);

	if (mem == NULL)
		return xen_fail(w->xch, w->e, "page tables");
	memcpy(mem, data, XC_PAGE_SIZE);
	xc_unmap_foreign(w->xch, mem, 1);
	return 0;
}

/* All tables of one level of a range. */
static int
write_level(struct builder *w, const struct range *r, uint64_t pfn,
    uint64_t count, unsigned shift, uint64_t next_pfn)
{
	uint64_t table[512], base = r->from >> shift << shift;

	for (uint64_t i = 0; i < count; i++, base += 1ull << shift) {
		memset(table, 0, sizeof(table));
		if (next_pfn != 0)
			upper_entries(w, table, base, shift - 9, r, next_pfn);
		else
			leaf_entries(w, table, base, r);
		if (write_page(w, pfn + i, table) < 0)
			return -1;
	}
	return 0;
}

static int
write_range(struct builder *w, const struct range *r)
{
	if (write_level(w, r, r->l1_pfn, r->l1, 21, 0) < 0 ||
	    write_level(w, r, r->l2_pfn, r->l2, 30, r->l1_pfn) < 0)
		return -1;
	return write_level(w, r, r->l3_pfn, r->l3, 39, r->l2_pfn);
}

static int
page_tables(struct builder *w)
{
	struct range first = first_range(&w->plan), p2m = p2m_range(&w->plan);
	uint64_t l4[512] = { 0 };

	for (unsigned i = 0; i < 512; i++) {
		/* Canonical: the upper half is sign-extended. */
		uint64_t base = (uint64_t)i << 39 |
		    (i >= 256 ? 0xffffull << 48 : 0);

		if (base >> 39 >= first.from >> 39 && base < first.to)
			l4[i] = w->p2m[first.l3_pfn + (base >> 39) -
				    (first.from >> 39)] << XC_PAGE_SHIFT |
			    UPPER;
		if (!w->plan.p2m_mapped && base >> 39 >= p2m.from >> 39 &&
		    base < p2m.to)
			l4[i] = w->p2m[p2m.l3_pfn + (base >> 39) -
				    (p2m.from >> 39)] << XC_PAGE_SHIFT | UPPER;
	}
	if (write_range(w, &first) < 0)
		return -1;
	if (!w->plan.p2m_mapped && write_range(w, &p2m) < 0)
		return -1;
	return write_page(w, w->plan.pt_pfn, l4);
}

/* --- what the kernel reads first --------------------------------------------------------- */

static int
start_info(struct builder *w, uint64_t shared_info_frame)
{
	static const char magic[] = "xen-3.0-x86_64";
	const struct xg_plan *p = &w->plan;
	union {
		start_info_t si;
		uint8_t page[4096];
	} u;
	start_info_t *s = &u.si;

	memset(&u, 0, sizeof(u));
	memcpy(s->magic, magic, sizeof(magic));
	s->nr_pages = p->nr_pages;
	s->shared_info = shared_info_frame << XC_PAGE_SHIFT;
	s->flags = SIF_VIRT_P2M_4TOOLS;
	s->store_mfn = w->p2m[p->store_pfn];
	s->store_evtchn = w->b->store_port;
	s->console.domU.mfn = w->p2m[p->console_pfn];
	s->console.domU.evtchn = w->b->console_port;
	s->pt_base = xg_plan_va(p, p->pt_pfn);
	s->nr_pt_frames = p->pt_pages;
	s->mfn_list = p->p2m_vaddr;
	if (p->ramdisk_pages > 0) {
		s->mod_len = w->ramdisk_size;
		s->mod_start = p->ramdisk_mapped ? xg_plan_va(p, p->ramdisk_pfn)
						 : p->ramdisk_pfn;
		if (!p->ramdisk_mapped)
			s->flags |= SIF_MOD_START_PFN;
	}
	if (!p->p2m_mapped) {
		s->first_p2m_pfn = p->p2m_pfn;
		s->nr_p2m_frames = p->p2m_pages + p->p2m_tables;
	}
	if (w->b->cmdline != NULL)
		strncpy((char *)s->cmd_line, w->b->cmdline,
		    sizeof(s->cmd_line) - 1);
	return write_page(w, p->start_info_pfn, &u);
}

static int
shared_info(struct builder *w, uint64_t frame)
{
	shared_info_t *s = xc_map_foreign(w->xch, w->b->domid,
	    PROT_READ | PROT_WRITE, &frame, NULL, 1);

	if (s == NULL)
		return xen_fail(w->xch, w->e, "shared_info");
	memset(s, 0, XC_PAGE_SIZE);
	for (unsigned i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
		s->vcpu_info[i].evtchn_upcall_mask = 1;
	xc_unmap_foreign(w->xch, s, 1);
	return 0;
}

static int
first_vcpu(struct builder *w)
{
	const struct xg_plan *p = &w->plan;
	vcpu_guest_context_t *c = calloc(1, sizeof(*c));
	int r;

	if (c == NULL)
		return xg_fail(w->e, ENOMEM, "no memory");
	c->flags = VGCF_in_kernel | VGCF_online;
	c->user_regs.rip = w->k->entry;
	c->user_regs.rsp = xg_plan_va(p, p->stack_pfn) + XC_PAGE_SIZE;
	c->user_regs.rsi = xg_plan_va(p, p->start_info_pfn);
	c->user_regs.rflags = 1u << 9;
	c->user_regs.ds = c->user_regs.es = c->user_regs.fs =
	    c->user_regs.gs = c->user_regs.ss = FLAT_KERNEL_SS;
	c->user_regs.cs = FLAT_KERNEL_CS;
	c->kernel_ss = c->user_regs.ss;
	c->kernel_sp = c->user_regs.rsp;
	c->ctrlreg[3] = w->p2m[p->pt_pfn] << XC_PAGE_SHIFT;
	/* Reset values of the debug registers. */
	c->debugreg[6] = 0xffff0ff0;
	c->debugreg[7] = 0x400;
	r = xc_vcpu_setcontext(w->xch, w->b->domid, 0, c, sizeof(*c));
	free(c);
	return r < 0 ? xen_fail(w->xch, w->e, "registers") : 0;
}

/* Slots 0 and 1 let the two back ends map the rings without privilege. */
static int
seed_grants(struct builder *w)
{
	const struct xg_plan *p = &w->plan;
	const struct {
		unsigned slot;
		uint32_t domid;
		uint64_t pfn;
	} seeds[] = { { GNTTAB_RESERVED_CONSOLE, w->b->console_domid,
			  p->console_pfn },
		{ GNTTAB_RESERVED_XENSTORE, w->b->store_domid, p->store_pfn } };
	grant_entry_v1_t *t = xc_map_resource(w->xch, w->b->domid,
	    XC_RESOURCE_GRANT_TABLE, 0 /* the shared frames */, 0,
	    1, PROT_READ | PROT_WRITE);
	uint64_t frame;

	if (t == NULL) {
		if (xc_gnttab_setup(w->xch, w->b->domid, &frame) < 0)
			return xen_fail(w->xch, w->e, "grants");
		t = xc_map_foreign(w->xch, w->b->domid, PROT_READ | PROT_WRITE,
		    &frame, NULL, 1);
		if (t == NULL)
			return xen_fail(w->xch, w->e, "grants");
	}
	for (size_t i = 0; i < 2; i++) {
		grant_entry_v1_t *g = &t[seeds[i].slot];

		g->domid = (domid_t)seeds[i].domid;
		g->frame = (uint32_t)w->p2m[seeds[i].pfn];
		/* The flags make it valid: last. */
		__atomic_store_n(&g->flags, GTF_permit_access,
		    __ATOMIC_RELEASE);
	}
	xc_unmap_foreign(w->xch, t, 1);
	return 0;
}

static int
hypercall_page(struct builder *w)
{
	uint64_t pfn;

	if ((w->k->has & XG_HAS_HYPERCALL_PAGE) == 0)
		return 0;
	pfn = (w->k->hypercall_page - w->plan.virt_base) >> XC_PAGE_SHIFT;
	if (w->k->hypercall_page < w->plan.virt_base ||
	    pfn < w->plan.kernel_pfn || pfn >= w->plan.kernel_end)
		return xg_fail(w->e, EINVAL,
		    "the kernel's hypercall page %#llx is not in the kernel",
		    (unsigned long long)w->k->hypercall_page);
	if (xc_domain_hypercall_init(w->xch, w->b->domid, w->p2m[pfn]) < 0)
		return xen_fail(w->xch, w->e, "hypercall page");
	return 0;
}

/* --- the whole --------------------------------------------------------------------------------- */

static int
ramdisk_size(struct builder *w)
{
	struct stat st;

	if (w->b->ramdisk_fd < 0)
		return 0;
	if (fstat(w->b->ramdisk_fd, &st) < 0 || !S_ISREG(st.st_mode))
		return xg_fail(w->e, EINVAL, "the ramdisk is not a regular "
					     "file");
	if ((uint64_t)st.st_size > 1u << 30)
		return xg_fail(w->e, EFBIG, "the ramdisk has %lld bytes; the "
		    "limit is 1 GiB", (long long)st.st_size);
	w->ramdisk_size = (uint64_t)st.st_size;
	return 0;
}

static int
fill_memory(struct builder *w)
{
	const struct xg_plan *p = &w->plan;

	if (each_window(w, p->kernel_pfn, p->kernel_end - p->kernel_pfn,
		"kernel", fill_kernel) < 0 ||
	    each_window(w, p->ramdisk_pfn, p->ramdisk_pages, "ramdisk",
		fill_ramdisk) < 0 ||
	    each_window(w, p->p2m_pfn, p->p2m_pages, "p2m", fill_p2m) < 0)
		return -1;
	/* start_info and the two rings lie together. */
	if (each_window(w, p->start_info_pfn, 3, "rings", fill_zero) < 0)
		return -1;
	return each_window(w, p->stack_pfn, 1, "stack", fill_zero);
}

static int
run(struct builder *w)
{
	struct xc_domaininfo info;

	if (xc_domain_getinfo(w->xch, w->b->domid, &info) < 0)
		return xen_fail(w->xch, w->e, "domain");
	if (xc_domain_set_address_size(w->xch, w->b->domid, 64) < 0)
		return xen_fail(w->xch, w->e, "address size");
	if (fill_memory(w) < 0 || page_tables(w) < 0 ||
	    start_info(w, info.shared_info_frame) < 0)
		return -1;
	if (xc_pin_table(w->xch, w->b->domid, 4, w->p2m[w->plan.pt_pfn]) < 0)
		return xen_fail(w->xch, w->e, "page tables");
	if (shared_info(w, info.shared_info_frame) < 0 ||
	    hypercall_page(w) < 0 || first_vcpu(w) < 0)
		return -1;
	return seed_grants(w);
}

XG_API int
xg_build_pv(xc_interface *xch, const struct xg_build *b,
    const struct xg_kernel *k, uint64_t *p2m, struct xg_built *out,
    struct xg_error *e)
{
	struct builder w = { .xch = xch, .b = b, .k = k, .p2m = p2m, .e = e };
	void *map;
	int r;

	if (b->cmdline != NULL && strlen(b->cmdline) > 1023)
		return xg_fail(e, E2BIG, "the command line has %zu characters, "
		    "1023 are possible", strlen(b->cmdline));
	if (ramdisk_size(&w) < 0 || xg_kernel_check(k, e) < 0 ||
	    xg_plan_pv(k, b->memory_kib / 4, w.ramdisk_size, &w.plan, e) < 0)
		return -1;
	map = mmap(NULL, k->size, PROT_READ, MAP_PRIVATE, k->fd, 0);
	if (map == MAP_FAILED)
		return xg_fail(e, errno, "map the kernel: %s",
		    strerror(errno));
	w.image = map;
	r = run(&w);
	munmap(map, k->size);
	if (r < 0)
		return -1;
	out->nr_pages = w.plan.nr_pages;
	out->store_frame = p2m[w.plan.store_pfn];
	out->console_frame = p2m[w.plan.console_pfn];
	return 0;
}
