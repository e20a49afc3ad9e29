/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writing a domain's memory through windows of at most 2 MiB; none stays mapped.
 * Frames are what the domain's type calls its pages: machine frames of a PV
 * domain's p2m, its own numbers otherwise.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "xg_private.h"

int
xg_xen_fail(struct xg_job *j, const char *what)
{
	return xg_fail(j->e, errno, "%s: %s", what, xc_last_error(j->xch));
}

static void *
map(struct xg_job *j, uint64_t pfn, size_t n)
{
	uint64_t mfns[XG_WINDOW];

	if (j->m->p2m != NULL) {
		xg_p2m_read(j->m->p2m, pfn, n, mfns);
		return xc_map_foreign(j->xch, j->b->domid,
		    PROT_READ | PROT_WRITE, mfns, NULL, n);
	}
	return xc_map_foreign_range(j->xch, j->b->domid, PROT_READ | PROT_WRITE,
	    pfn, n);
}

int
xg_hold(struct xg_job *j, uint64_t pfn, uint64_t n, const char *what)
{
	if (n > XG_WINDOW)
		return 0;
	j->held = map(j, pfn, n);
	j->held_pfn = pfn;
	j->held_pages = n;
	return j->held == NULL ? xg_xen_fail(j, what) : 0;
}

void
xg_release(struct xg_job *j)
{
	if (j->held != NULL)
		xc_unmap_foreign(j->xch, j->held, j->held_pages);
	j->held = NULL;
}

static bool
holds(const struct xg_job *j, uint64_t pfn, size_t n)
{
	return j->held != NULL && pfn >= j->held_pfn &&
	    pfn + n <= j->held_pfn + j->held_pages;
}

void *
xg_map(struct xg_job *j, uint64_t pfn, size_t n)
{
	j->bytes_written += n * XC_PAGE_SIZE;
	if (holds(j, pfn, n))
		return j->held + (pfn - j->held_pfn) * XC_PAGE_SIZE;
	return map(j, pfn, n);
}

void
xg_unmap(struct xg_job *j, uint64_t pfn, void *mem, size_t n)
{
	if (!holds(j, pfn, n))
		xc_unmap_foreign(j->xch, mem, n);
}

int
xg_each_window(struct xg_job *j, uint64_t pfn, uint64_t pages, const char *what,
    xg_fill_f *fill, const void *arg)
{
	for (uint64_t at = 0; at < pages; at += XG_WINDOW) {
		size_t n = pages - at < XG_WINDOW ? pages - at : XG_WINDOW;
		uint8_t *mem = xg_map(j, pfn + at, n);
		int r;

		if (mem == NULL)
			return xg_xen_fail(j, what);
		r = fill(j, arg, mem, at, n);
		xg_unmap(j, pfn + at, mem, n);
		if (r < 0)
			return -1;
		xg_progress(j->b, what, at + n, pages);
	}
	return 0;
}

int
xg_write_page(struct xg_job *j, uint64_t pfn, const void *data,
    const char *what)
{
	void *mem = xg_map(j, pfn, 1);

	if (mem == NULL)
		return xg_xen_fail(j, what);
	memcpy(mem, data, XC_PAGE_SIZE);
	xg_unmap(j, pfn, mem, 1);
	return 0;
}

static int
fill_zero(struct xg_job *j, const void *arg, uint8_t *mem, uint64_t at,
    size_t n)
{
	(void)j, (void)arg, (void)at;
	memset(mem, 0, n * XC_PAGE_SIZE);
	return 0;
}

int
xg_zero_pages(struct xg_job *j, uint64_t pfn, uint64_t pages, const char *what)
{
	return xg_each_window(j, pfn, pages, what, fill_zero, NULL);
}

/* --- files ---------------------------------------------------------------- */

/* A guest's memory is nothing the kernel can pin, which some file systems (9p,
 * others with direct I/O) want to do with what they read into. */
static ssize_t
read_by_copy(int fd, void *to, size_t n, off_t at)
{
	static char copy[64 << 10];
	ssize_t r = pread(fd, copy, n < sizeof(copy) ? n : sizeof(copy), at);

	if (r > 0)
		memcpy(to, copy, (size_t)r);
	return r;
}

/* n bytes, fewer at the end of the file, -1 with errno. Nothing of a file is mapped:
 * in a domain 0 each page of that costs a fault and a hypercall, and once more when
 * it goes. */
static ssize_t
read_at(int fd, uint8_t *to, size_t n, uint64_t at)
{
	size_t got = 0;
	ssize_t r;

	while (got < n) {
		r = pread(fd, to + got, n - got, (off_t)(at + got));
		if (r < 0 && errno == EFAULT)
			r = read_by_copy(fd, to + got, n - got,
			    (off_t)(at + got));
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -1;
		if (r == 0)
			break;
		got += (size_t)r;
	}
	return (ssize_t)got;
}

static int
fill_file(struct xg_job *j, const void *arg, uint8_t *mem, uint64_t at,
    size_t n)
{
	const struct xg_file *f = arg;
	size_t want = n * XC_PAGE_SIZE;
	ssize_t got = read_at(f->fd, mem, want, at * XC_PAGE_SIZE);

	if (got < 0)
		return xg_fail(j->e, errno, "read the %s: %s", f->what,
		    strerror(errno));
	if ((size_t)got < want && at * XC_PAGE_SIZE + (size_t)got < f->size)
		return xg_fail(j->e, EIO, "the %s shrank while it was read",
		    f->what);
	memset(mem + got, 0, want - (size_t)got);
	return 0;
}

int
xg_write_file(struct xg_job *j, const struct xg_file *f, uint64_t pfn)
{
	return xg_each_window(j, pfn,
	    (f->size + XC_PAGE_SIZE - 1) >> XC_PAGE_SHIFT, f->what, fill_file,
	    f);
}

/* --- the kernel ----------------------------------------------------------- */

struct image_at {
	/* Where the window of page 0 begins, and what is added to a paddr. */
	uint64_t first, shift;
};

/* Reads the part of a segment, which goes to `from`, that lies in the window. */
static int
read_part(struct xg_job *j, uint8_t *mem, uint64_t win, uint64_t win_len,
    uint64_t from, const struct xg_segment *s)
{
	uint64_t start = from > win ? from : win;
	uint64_t end = from + s->filesz < win + win_len ? from + s->filesz
							 : win + win_len;
	ssize_t got;

	if (start >= end)
		return 0;
	got = read_at(j->k->fd, mem + (start - win), end - start,
	    s->offset + (start - from));
	if (got >= 0 && j->growing)
		memset(mem + (start - win) + got, 0,
		    end - start - (uint64_t)got);
	if (got >= 0 && (j->growing || (uint64_t)got == end - start))
		return 0;
	return xg_fail(j->e, got < 0 ? errno : EIO, "read the kernel: %s",
	    got < 0 ? strerror(errno) : "its image is cut short");
}

/* What no segment fills must not show the memory's last owner's bytes. */
static bool
covered(const struct xg_kernel *k, uint64_t win, uint64_t len, uint64_t shift)
{
	for (uint32_t i = 0; i < k->nsegments; i++) {
		const struct xg_segment *s = &k->segments[i];
		uint64_t from = s->paddr + shift;

		if (from <= win && from + s->filesz >= win + len)
			return true;
	}
	return false;
}

static int
fill_kernel(struct xg_job *j, const void *arg, uint8_t *mem, uint64_t at,
    size_t n)
{
	const struct image_at *w = arg;
	uint64_t win = (w->first + at) << XC_PAGE_SHIFT;
	uint64_t len = n * XC_PAGE_SIZE;

	if (!covered(j->k, win, len, w->shift))
		memset(mem, 0, len);
	for (uint32_t i = 0; i < j->k->nsegments; i++) {
		const struct xg_segment *s = &j->k->segments[i];

		if (read_part(j, mem, win, len, s->paddr + w->shift, s) < 0)
			return -1;
	}
	return 0;
}

int
xg_write_part(struct xg_job *j, uint64_t pfn, size_t n)
{
	struct image_at w = { .first = pfn };
	uint8_t *mem = xg_map(j, pfn, n);
	int r;

	if (mem == NULL)
		return xg_xen_fail(j, "kernel");
	r = fill_kernel(j, &w, mem, 0, n);
	xg_unmap(j, pfn, mem, n);
	return r;
}

int
xg_write_kernel(struct xg_job *j, uint64_t pfn, uint64_t end, uint64_t shift)
{
	uint64_t done = shift != 0 ? 0 :
	    xg_ahead_done(&j->m->ahead, j->k, pfn, end);
	struct image_at w = { .first = pfn + done, .shift = shift };

	j->bytes_written += done * XC_PAGE_SIZE;
	return xg_each_window(j, pfn + done, end - pfn - done, "kernel",
	    fill_kernel, &w);
}
