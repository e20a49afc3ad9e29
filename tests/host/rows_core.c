/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows: core dumps, read back as any reader of the format would. */
#include "config.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xc_rows.h"

/* Guest frames that are written to, and what. */
#define MARKED	 1234u
#define MARK	 "a page of the domain"
/* Guest frames of the PV domain that hold what leads to its frames. */
#define P2M	 4000u
#define LIST	 4010u
#define LISTS	 4011u
#define TABLES	 4020u
#define P2M_VA	 0xffffc90000000000ull
#define MAX_PFN	 3088u
#define CORE	 "/tmp/xcrows.core"

/* --- what a kernel would have written ------------------------------------ */

static void *
pv_page(struct xr_env *e, unsigned pfn)
{
	return xc_map_foreign_range(e->xch, e->pv, PROT_READ | PROT_WRITE,
	    xr_mfn(e, pfn), 1);
}

static int
write_words(struct xr_env *e, unsigned pfn, unsigned at, const uint64_t *w,
    unsigned n)
{
	uint64_t *p = pv_page(e, pfn);

	if (p == NULL)
		return -1;
	memcpy(p + at, w, n * sizeof(*w));
	xc_unmap_foreign(e->xch, p, 1);
	return 0;
}

/* The table itself: as many frames as the domain has. */
static int
write_p2m(struct xr_env *e)
{
	uint64_t w[512];

	for (unsigned i = 0; i < XR_PAGES / 512; i++) {
		for (unsigned k = 0; k < 512; k++)
			w[k] = xr_mfn(e, 512 * i + k);
		if (write_words(e, P2M + i, 0, w, 512) < 0)
			return -1;
	}
	return 0;
}

static int
tell(struct xr_env *e, uint64_t max_pfn, uint64_t lists, uint64_t cr3)
{
	const uint64_t w[5] = { max_pfn, lists, 0, cr3, P2M_VA };
	struct xc_domaininfo info;
	uint8_t *p;

	if (xc_domain_getinfo(e->xch, e->pv, &info) < 0)
		return -1;
	p = xc_map_foreign_range(e->xch, e->pv, PROT_READ | PROT_WRITE,
	    info.shared_info_frame, 1);
	if (p == NULL)
		return -1;
	memcpy(p + MAX_PFN, w, sizeof(w));
	xc_unmap_foreign(e->xch, p, 1);
	return 0;
}

static void
forget(struct xr_env *e, uint64_t arg)
{
	(void)arg;
	if (e->pv < XR_ABSENT && tell(e, 0, 0, 0) < 0)
		xr_wrong("shared info");
}

static int
start_tree(struct xr_env *e)
{
	uint64_t list[XR_PAGES / 512], lists = xr_mfn(e, LIST);

	for (unsigned i = 0; i < XR_PAGES / 512; i++)
		list[i] = xr_mfn(e, P2M + i);
	xr_at_end(forget, 0);
	if (write_p2m(e) < 0 ||
	    write_words(e, LIST, 0, list, XR_PAGES / 512) < 0 ||
	    write_words(e, LISTS, 0, &lists, 1) < 0)
		return -1;
	return tell(e, XR_PAGES, xr_mfn(e, LISTS), 0);
}

/* Page tables of four levels that lead to the table at P2M_VA. */
static int
start_linear(struct xr_env *e)
{
	uint64_t leaf[XR_PAGES / 512], w;

	for (unsigned i = 0; i < XR_PAGES / 512; i++)
		leaf[i] = xr_mfn(e, P2M + i) << 12 | 0x63;
	xr_at_end(forget, 0);
	if (write_p2m(e) < 0)
		return -1;
	for (unsigned i = 0; i < 3; i++) {
		w = xr_mfn(e, TABLES + i + 1) << 12 | 0x63;
		if (write_words(e, TABLES + i, P2M_VA >> (39 - 9 * i) & 511, &w,
			1) < 0)
			return -1;
	}
	if (write_words(e, TABLES + 3, P2M_VA >> 12 & 511, leaf,
		XR_PAGES / 512) < 0)
		return -1;
	return tell(e, XR_PAGES, UINT64_MAX, xr_mfn(e, TABLES) << 12);
}

static int
mark(struct xr_env *e, uint32_t domid, uint64_t frame)
{
	char *p = xc_map_foreign_range(e->xch, domid, PROT_READ | PROT_WRITE,
	    frame, 1);

	if (p == NULL)
		return -1;
	memcpy(p + 64, MARK, sizeof(MARK));
	xc_unmap_foreign(e->xch, p, 1);
	return 0;
}

/* --- reading a dump -------------------------------------------------------- */

struct core {
	const uint8_t *mem;
	size_t len;
	const Elf64_Ehdr *head;
	const Elf64_Shdr *sections;
};

static const Elf64_Shdr *
find(const struct core *c, const char *name)
{
	const char *names = (const char *)c->mem + c->sections[1].sh_offset;

	for (unsigned i = 1; i < c->head->e_shnum; i++) {
		const Elf64_Shdr *s = &c->sections[i];

		if (strcmp(names + s->sh_name, name) == 0 &&
		    s->sh_offset + s->sh_size <= c->len)
			return s;
	}
	return NULL;
}

static int
check_head(struct core *c, const struct xc_dump *d)
{
	c->head = (const void *)c->mem;
	c->sections = (const void *)(c->mem + c->head->e_shoff);
	if (c->len != d->bytes || memcmp(c->mem, ELFMAG, 4) != 0 ||
	    c->head->e_type != ET_CORE || c->head->e_machine != EM_X86_64 ||
	    c->head->e_phnum != 0 || c->head->e_shoff != 64)
		return xr_wrong("%zu bytes, %llu said", c->len,
		    (unsigned long long)d->bytes);
	return 0;
}

/* Note 1 is {magic, vCPUs, pages, page size}, behind the empty note. */
static int
check_notes(const struct core *c, const struct xc_dump *d, uint64_t magic)
{
	const Elf64_Shdr *s = find(c, ".note.Xen");
	uint64_t w[4];
	uint32_t major;

	if (s == NULL || s->sh_size != 1384)
		return xr_wrong("no notes");
	memcpy(w, c->mem + s->sh_offset + 32, sizeof(w));
	memcpy(&major, c->mem + s->sh_offset + 80, sizeof(major));
	if (w[0] != magic || w[2] != d->pages || w[3] != XC_PAGE_SIZE ||
	    major != 4)
		return xr_wrong("magic %#llx, %llu pages, release %u",
		    (unsigned long long)w[0], (unsigned long long)w[2], major);
	return 0;
}

/* The index ascends, and the marked page is where it says. */
static int
check_pages(const struct core *c, const struct xc_dump *d, const char *name)
{
	const Elf64_Shdr *pages = find(c, ".xen_pages"), *index = find(c, name);
	const uint8_t *p;
	uint64_t pfn, last = 0;
	bool seen = false;

	if (pages == NULL || index == NULL || pages->sh_offset % XC_PAGE_SIZE ||
	    pages->sh_size != d->pages * XC_PAGE_SIZE ||
	    index->sh_size != d->pages * index->sh_entsize)
		return xr_wrong("pages and their index");
	for (uint64_t i = 0; i < d->pages; i++) {
		memcpy(&pfn, c->mem + index->sh_offset + i * index->sh_entsize,
		    8);
		if (i > 0 && pfn <= last)
			return xr_wrong("frame %llu after %llu",
			    (unsigned long long)pfn, (unsigned long long)last);
		last = pfn;
		p = c->mem + pages->sh_offset + i * XC_PAGE_SIZE;
		if (pfn == MARKED)
			seen = memcmp(p + 64, MARK, sizeof(MARK)) == 0;
	}
	return seen ? 0 : xr_wrong("frame %u is not in it", MARKED);
}

static int
check_core(int fd, const struct xc_dump *d, bool hvm)
{
	struct core c = { .mem = NULL };
	struct stat st;
	int r;

	if (d->pages < XR_PAGES - 1 || d->pages > XR_PAGES + 16 ||
	    d->lost != 0 || d->holes < XR_PAGES / 2 || d->holes >= d->pages)
		return xr_wrong("%llu pages, %llu holes, %llu lost",
		    (unsigned long long)d->pages, (unsigned long long)d->holes,
		    (unsigned long long)d->lost);
	if (fstat(fd, &st) < 0)
		return -1;
	c.len = (size_t)st.st_size;
	c.mem = mmap(NULL, c.len, PROT_READ, MAP_SHARED, fd, 0);
	if (c.mem == MAP_FAILED)
		return -1;
	r = check_head(&c, d) < 0 ||
		check_notes(&c, d, hvm ? 0xF00FEBEE : 0xF00FEBED) < 0 ||
		check_pages(&c, d, hvm ? ".xen_pfn" : ".xen_p2m") < 0 ||
		(!hvm && find(&c, ".xen_shared_info") == NULL)
	    ? -1
	    : 0;
	if (r < 0 && xr_wrong_text()[0] == '\0')
		xr_wrong("no shared info");
	if (st.st_blocks * 512 >= st.st_size)
		r = xr_wrong("it is not sparse");
	munmap((void *)(uintptr_t)c.mem, c.len);
	return r;
}

/* --- rows -------------------------------------------------------------------- */

struct heard {
	unsigned calls;
	uint64_t done, total;
};

static int
hear(void *ctx, uint64_t done, uint64_t total)
{
	struct heard *h = ctx;

	h->calls++;
	h->done = done;
	h->total = total;
	return 0;
}

static int
dump_fd(struct xr_env *e, uint32_t domid, bool hvm)
{
	struct heard h = { 0 };
	struct xc_dump d = { .progress = hear, .ctx = &h };
	int fd = memfd_create("core", MFD_CLOEXEC), r, saved;

	if (fd < 0)
		return -1;
	r = xc_domain_dumpcore_fd(e->xch, domid, fd, &d);
	if (r == 0)
		r = check_core(fd, &d, hvm);
	if (r == 0 && (h.calls == 0 || h.done != d.pages || h.total != d.pages))
		r = xr_wrong("%u calls, %llu of %llu", h.calls,
		    (unsigned long long)h.done, (unsigned long long)h.total);
	saved = errno;
	close(fd);
	errno = saved;
	return r;
}

static int
dump_hvm(struct xr_env *e)
{
	if (mark(e, e->hvm, MARKED) < 0)
		return -1;
	return dump_fd(e, e->hvm, true);
}

static int
dump_pv_tree(struct xr_env *e)
{
	if (start_tree(e) < 0 || mark(e, e->pv, xr_mfn(e, MARKED)) < 0)
		return -1;
	return dump_fd(e, e->pv, false);
}

/* The frames are told in their order. */
static int
check_table(struct xr_env *e)
{
	struct xc_p2m_table t;
	int r = 0;

	if (xc_domain_p2m_table(e->xch, e->pv, &t) < 0)
		return -1;
	if (t.nr_pfns != XR_PAGES || t.nframes != XR_PAGES / 512)
		r = xr_wrong("%zu frames for %llu pages", t.nframes,
		    (unsigned long long)t.nr_pfns);
	for (size_t i = 0; r == 0 && i < t.nframes; i++)
		if (t.frames[i] != xr_mfn(e, P2M + (unsigned)i))
			r = xr_wrong("frame %zu", i);
	free(t.frames);
	return r;
}

static int
table_tree(struct xr_env *e)
{
	return start_tree(e) < 0 ? -1 : check_table(e);
}

static int
table_linear(struct xr_env *e)
{
	return start_linear(e) < 0 ? -1 : check_table(e);
}

static int
dump_pv_linear(struct xr_env *e)
{
	if (start_linear(e) < 0 || mark(e, e->pv, xr_mfn(e, MARKED)) < 0)
		return -1;
	return dump_fd(e, e->pv, false);
}

/* A child copies what comes out of the pipe to the file. */
static pid_t
copier(int from, int other, int to)
{
	static char buf[65536];
	pid_t pid = fork();
	ssize_t n;

	if (pid != 0)
		return pid;
	close(other);
	while ((n = read(from, buf, sizeof(buf))) > 0)
		if (write(to, buf, (size_t)n) != n)
			_exit(1);
	_exit(n == 0 ? 0 : 1);
}

/* Are two files the same? */
static int
same_files(int a, int b)
{
	static char x[65536], y[65536];
	ssize_t n, m;
	off_t at = 0;

	do {
		n = pread(a, x, sizeof(x), at);
		m = pread(b, y, sizeof(y), at);
		if (n < 0 || n != m || memcmp(x, y, (size_t)n) != 0)
			return xr_wrong("they differ after byte %lld",
			    (long long)at);
		at += n;
	} while (n > 0);
	return 0;
}

/* Through a pipe, where there are no holes, it is the same file. */
static int
dump_pipe(struct xr_env *e)
{
	int file = memfd_create("core", 0), copy = memfd_create("copy", 0);
	int ends[2] = { -1, -1 }, r = -1, status = 1;
	struct xc_dump d = { .flags = 0 };
	pid_t pid;

	if (file >= 0 && copy >= 0 && mark(e, e->hvm, MARKED) == 0 &&
	    xc_domain_dumpcore_fd(e->xch, e->hvm, file, NULL) == 0 &&
	    pipe2(ends, O_NONBLOCK) == 0) {
		fcntl(ends[0], F_SETFL, 0);
		pid = copier(ends[0], ends[1], copy);
		r = xc_domain_dumpcore_fd(e->xch, e->hvm, ends[1], &d);
		close(ends[1]);
		if (pid > 0)
			waitpid(pid, &status, 0);
		if (r == 0 && (status != 0 || d.holes != 0))
			r = xr_wrong("the reader's status is %d, %llu holes",
			    status, (unsigned long long)d.holes);
		if (r == 0)
			r = same_files(file, copy);
		close(ends[0]);
	}
	status = errno;
	close(file);
	close(copy);
	errno = status;
	return r;
}

static void
remove_core(struct xr_env *e, uint64_t arg)
{
	(void)e, (void)arg;
	unlink(CORE);
}

static int
dump_path(struct xr_env *e)
{
	struct xc_dump d = { .flags = XC_DUMP_LIVE };
	struct stat st;
	int fd, r;

	unlink(CORE);
	xr_at_end(remove_core, 0);
	if (mark(e, e->hvm, MARKED) < 0)
		return -1;
	if (xc_domain_dumpcore(e->xch, e->hvm, CORE, &d) < 0) {
		r = errno;
		if (access(CORE, F_OK) == 0)
			return xr_wrong("a part of it is left");
		errno = r;
		return -1;
	}
	fd = open(CORE, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return xr_wrong("no file");
	r = (st.st_mode & 07777) == 0600 ? check_core(fd, &d, true)
					 : xr_wrong("mode %o", st.st_mode);
	close(fd);
	if (r == 0 && (xc_domain_dumpcore(e->xch, e->hvm, CORE, &d) == 0 ||
		errno != EEXIST || access(CORE, F_OK) != 0))
		r = xr_wrong("it was written over");
	return r;
}

/* A failed call may leave the domain paused once more: XR_FRESH. */
const struct xr_row xr_rows_core[] = {
	{ .function = "xc_domain_dumpcore_fd", dump_hvm,
	    .flags = XR_HVM | XR_FRESH },
	{ .function = "xc_domain_dumpcore_fd", dump_pv_tree,
	    .flags = XR_FRESH },
	{ .function = "xc_domain_dumpcore_fd", dump_pv_linear,
	    .flags = XR_FRESH },
	{ .function = "xc_domain_p2m_table", table_tree, .flags = XR_FRESH },
	{ .function = "xc_domain_p2m_table", table_linear, .flags = XR_FRESH },
	{ .function = "xc_domain_dumpcore_fd", dump_pipe,
	    .flags = XR_HVM | XR_NO_FAULT },
	{ .function = "xc_domain_dumpcore", dump_path,
	    .flags = XR_HVM | XR_FRESH },
	{ .function = NULL },
};

static int
bad_not_started(struct xr_env *e)
{
	return xc_domain_dumpcore(e->xch, e->pv, CORE, NULL);
}

static int
bad_flags(struct xr_env *e)
{
	struct xc_dump d = { .flags = 8 };

	return xc_domain_dumpcore_fd(e->xch, e->pv, 1, &d);
}

static int
bad_full(struct xr_env *e)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC), r, saved;

	r = xc_domain_dumpcore_fd(e->xch, e->hvm, fd, NULL);
	saved = errno;
	close(fd);
	errno = saved;
	return r;
}

static int
stop(void *ctx, uint64_t done, uint64_t total)
{
	(void)ctx, (void)done, (void)total;
	return 1;
}

static int
bad_cancelled(struct xr_env *e)
{
	struct xc_dump d = { .progress = stop };
	int r = xc_domain_dumpcore(e->xch, e->hvm, CORE, &d), saved = errno;

	if (access(CORE, F_OK) == 0)
		return 0;
	errno = saved;
	return r;
}

static int
bad_no_path(struct xr_env *e)
{
	return xc_domain_dumpcore(e->xch, e->hvm, NULL, NULL);
}

/* More frames than the tree has room for. */
static int
bad_max_pfn(struct xr_env *e)
{
	if (start_tree(e) < 0 ||
	    tell(e, (uint64_t)1 << 30, xr_mfn(e, LISTS), 0) < 0)
		return 0;
	return xc_domain_dumpcore(e->xch, e->pv, CORE, NULL);
}

static int
bad_lists(struct xr_env *e)
{
	if (start_tree(e) < 0 || tell(e, XR_PAGES, 0xfffffffffull, 0) < 0)
		return 0;
	return xc_domain_dumpcore(e->xch, e->pv, CORE, NULL);
}

static int
bad_huge_pfn(struct xr_env *e)
{
	if (start_tree(e) < 0 ||
	    tell(e, (uint64_t)1 << 33, xr_mfn(e, LISTS), 0) < 0)
		return 0;
	return xc_domain_dumpcore(e->xch, e->pv, CORE, NULL);
}

const struct xr_bad xr_bad_core[] = {
	{ "dump: a PV domain that has not started", bad_not_started, ENODATA,
	    XB_ASKS, 0 },
	{ "dump: unknown flags", bad_flags, EINVAL, 0, 0 },
	{ "dump: a full disk", bad_full, ENOSPC, XB_ASKS | XB_HVM, 0 },
	{ "dump: ended by its caller", bad_cancelled, ECANCELED,
	    XB_ASKS | XB_HVM, 0 },
	{ "dump: no path", bad_no_path, EINVAL, XB_HVM, 0 },
	{ "dump: a lie about the number of frames", bad_max_pfn, EINVAL,
	    XB_ASKS, 0 },
	{ "dump: a lie about where they are", bad_lists, EINVAL, XB_ASKS, 0 },
	{ "dump: an absurd number of frames", bad_huge_pfn, EFBIG, XB_ASKS,
	    0 },
	{ .what = NULL },
};
