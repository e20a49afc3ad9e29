/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Core dumps of domains, written front to back. The pages are counted first,
 * because the headers and the place of the index need their number; a page that
 * is gone when its turn comes leaves its place to the next, and zeros at the
 * end make up for it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xc_core_elf.h"
#include "xc_core_p2m.h"

#define MAX_VCPUS 8192

struct dumper {
	xc_interface *xch;
	uint32_t domid;
	struct xc_dump *dump;
	struct xc_core_elf elf;
	struct xc_p2m map;
	/* 8, or 4 for a 32-bit PV domain. */
	unsigned width;
	uint64_t shared_info_frame;
	int fd;
	/* Zeros become holes. */
	bool sparse;
	/* Bytes so far. */
	uint64_t at;
	uint64_t pfns[XC_P2M_BATCH], frames[XC_P2M_BATCH];
	int errs[XC_P2M_BATCH];
};

static const uint8_t zeros[XC_PAGE_SIZE];

static int
put(struct dumper *d, const void *buf, size_t len)
{
	const uint8_t *p = buf;
	struct pollfd ready = { .fd = d->fd, .events = POLLOUT };
	ssize_t n;

	while (len > 0) {
		n = write(d->fd, p, len);
		if (n < 0 && errno == EAGAIN)
			n = poll(&ready, 1, -1) < 0 ? -1 : 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return xc_fail(d->xch, errno, "domain %u: write the "
			    "dump at byte %llu", d->domid,
			    (unsigned long long)d->at);
		p += n;
		len -= (size_t)n;
		d->at += (uint64_t)n;
	}
	return 0;
}

static int
put_zeros(struct dumper *d, uint64_t len)
{
	if (d->sparse) {
		if (lseek(d->fd, (off_t)len, SEEK_CUR) < 0)
			return xc_fail(d->xch, errno, "domain %u: write the "
			    "dump", d->domid);
		d->at += len;
		return 0;
	}
	while (len > 0) {
		size_t n = len < sizeof(zeros) ? (size_t)len : sizeof(zeros);

		if (put(d, zeros, n) < 0)
			return -1;
		len -= n;
	}
	return 0;
}

/* Holes are right only behind the end of a regular file. */
static bool
can_be_sparse(int fd)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_APPEND) == 0 && fstat(fd, &st) == 0 &&
	    S_ISREG(st.st_mode) && lseek(fd, 0, SEEK_CUR) == st.st_size;
}

static bool
is_zero(const uint8_t *page)
{
	const uint64_t *w = (const void *)page;

	/* Most pages that are not zero show it at once. */
	return w[0] == 0 && memcmp(page, page + 8, XC_PAGE_SIZE - 8) == 0;
}

/* domctl get_address_size: {u32 bits}. Whatever an HVM domain runs, its
 * registers come in the 64-bit form. */
static int
guest_width(struct dumper *d, bool hvm)
{
	struct xc_domctl ctl = { .cmd = DOMCTL_get_address_size,
		.domain = d->domid };

	d->width = 8;
	if (hvm)
		return 0;
	if (xc_do_domctl(d->xch, &ctl, "ask for its width") < 0)
		return -1;
	d->width = ctl.u.u32[0] == 32 ? 4 : 8;
	return 0;
}

/* ctx NULL: how many there are. Else writes their registers, as many as were
 * counted. */
static int
vcpus(struct dumper *d, uint32_t last, void *ctx)
{
	struct xc_vcpuinfo info;
	uint32_t n = 0;

	for (uint32_t i = 0; i <= last; i++) {
		if (xc_vcpu_getinfo(d->xch, d->domid, i, &info) < 0)
			return -1;
		if (!info.online || (ctx != NULL && n == d->elf.nr_vcpus))
			continue;
		n++;
		if (ctx != NULL && (xc_vcpu_getcontext(d->xch, d->domid, i,
			ctx, XC_CORE_CONTEXT) < 0 ||
			put(d, ctx, XC_CORE_CONTEXT) < 0))
			return -1;
	}
	if (ctx == NULL)
		d->elf.nr_vcpus = n;
	/* A live domain took one away. */
	return ctx == NULL ? 0
			   : put_zeros(d, (uint64_t)(d->elf.nr_vcpus - n) *
			       XC_CORE_CONTEXT);
}

static int
registers(struct dumper *d, uint32_t last)
{
	void *ctx = malloc(XC_CORE_CONTEXT);
	int r;

	if (ctx == NULL)
		return xc_fail(d->xch, errno, "domain %u: dump", d->domid);
	r = vcpus(d, last, ctx);
	free(ctx);
	return r;
}

/* Of an HVM domain it may be nowhere in its memory: then it is left out. */
static int
shared_info(struct dumper *d, void **page)
{
	int err = 0;

	*page = xc_map_foreign(d->xch, d->domid, PROT_READ,
	    &d->shared_info_frame, &err, 1);
	if (*page == NULL)
		return -1;
	if (err == 0) {
		d->elf.shared_info = true;
		return 0;
	}
	xc_unmap_foreign(d->xch, *page, 1);
	*page = NULL;
	if (!d->elf.hvm)
		return xc_fail(d->xch, -err, "domain %u: map its shared info",
		    d->domid);
	return 0;
}

/* Pages in a row that are written with one call: from i on, zero or not. */
static int
run_length(const uint8_t *mem, const int *errs, int i, int n, bool zero)
{
	int k = i;

	while (k < n && errs[k] == 0 &&
	    is_zero(mem + (size_t)k * XC_PAGE_SIZE) == zero)
		k++;
	return k - i;
}

static int
write_batch(struct dumper *d, const uint8_t *mem, int n)
{
	int k;

	for (int i = 0; i < n; i += k) {
		const uint8_t *page = mem + (size_t)i * XC_PAGE_SIZE;
		bool zero;

		k = 1;
		if (d->errs[i] != 0) {
			xc_p2m_drop(&d->map, d->pfns[i]);
			d->dump->lost++;
			continue;
		}
		zero = is_zero(page);
		k = run_length(mem, d->errs, i, n, zero);
		/* A live domain may have written it by now. */
		if (k == 0)
			k = 1;
		if ((zero ? put_zeros(d, (uint64_t)k * XC_PAGE_SIZE)
			  : put(d, page, (size_t)k * XC_PAGE_SIZE)) < 0)
			return -1;
		d->dump->pages += (uint64_t)k;
		if (zero && d->sparse)
			d->dump->holes += (uint64_t)k;
	}
	return 0;
}

static int
tell(struct dumper *d)
{
	if (d->dump->progress == NULL || d->dump->progress(d->dump->ctx,
		d->dump->pages + d->dump->lost, d->elf.nr_pages) == 0)
		return 0;
	return xc_fail(d->xch, ECANCELED, "domain %u: dump", d->domid);
}

static int
pages(struct dumper *d)
{
	for (uint64_t at = 0; at < d->map.end; at += XC_P2M_BATCH) {
		int n = xc_p2m_batch(&d->map, at, d->pfns, d->frames), r;
		void *mem;

		if (n < 0)
			return -1;
		if (n == 0)
			continue;
		mem = xc_map_foreign(d->xch, d->domid, PROT_READ, d->frames,
		    d->errs, (size_t)n);
		if (mem == NULL)
			return -1;
		r = write_batch(d, mem, n);
		xc_unmap_foreign(d->xch, mem, (size_t)n);
		if (r < 0 || tell(d) < 0)
			return -1;
	}
	return put_zeros(d, d->dump->lost * XC_PAGE_SIZE);
}

/* Entry i says which page the i-th is; those without one are all ones. */
static int
page_index(struct dumper *d)
{
	const size_t words = xc_core_index_size(&d->elf) / 8;
	uint64_t buf[2 * XC_P2M_BATCH], none[2] = { UINT64_MAX, UINT64_MAX };

	for (uint64_t at = 0; at < d->map.end; at += XC_P2M_BATCH) {
		int n = xc_p2m_batch(&d->map, at, d->pfns, d->frames);

		if (n < 0)
			return -1;
		for (size_t i = 0; i < (size_t)n; i++) {
			buf[words * i] = d->pfns[i];
			if (words == 2)
				buf[2 * i + 1] = d->frames[i];
		}
		if (put(d, buf, (size_t)n * words * 8) < 0)
			return -1;
	}
	for (uint64_t i = 0; i < d->dump->lost; i++)
		if (put(d, none, words * 8) < 0)
			return -1;
	return 0;
}

static int
head(struct dumper *d, const void *info_page, uint32_t last_vcpu)
{
	uint8_t buf[XC_CORE_HEAD];
	struct xc_version v;

	if (xc_version(d->xch, &v) < 0)
		return -1;
	if (put(d, buf, xc_core_head(&d->elf, &v, buf)) < 0 ||
	    registers(d, last_vcpu) < 0 ||
	    (info_page != NULL && put(d, info_page, XC_PAGE_SIZE) < 0))
		return -1;
	return put_zeros(d, d->elf.pages - d->at);
}

static int
write_all(struct dumper *d, const struct xc_domaininfo *info)
{
	uint32_t last = info->max_vcpu_id;
	const char *names;
	void *page = NULL;
	size_t len;
	int r;

	if (last >= MAX_VCPUS)
		return xc_fail(d->xch, EFBIG, "domain %u: vCPU %u", d->domid,
		    last);
	if (guest_width(d, d->elf.hvm) < 0 ||
	    xc_p2m_open(&d->map, d->xch, info, d->width) < 0 ||
	    vcpus(d, last, NULL) < 0 || shared_info(d, &page) < 0)
		return -1;
	d->elf.narrow = d->width == 4;
	d->elf.nr_pages = d->map.count;
	xc_core_place(&d->elf);
	names = xc_core_names(&len);
	r = head(d, page, last) < 0 || pages(d) < 0 || page_index(d) < 0 ||
	    put(d, names, len) < 0
	    ? -1
	    : 0;
	xc_unmap_foreign(d->xch, page, 1);
	return r;
}

static int
dump_paused(struct dumper *d)
{
	bool pause = (d->dump->flags & XC_DUMP_LIVE) == 0;
	struct xc_domaininfo info;
	char why[512];
	int r, saved;

	if (pause && xc_domain_pause(d->xch, d->domid) < 0)
		return -1;
	r = xc_domain_getinfo(d->xch, d->domid, &info);
	if (r == 0) {
		d->elf.hvm = (info.flags & XC_DOMINF_HVM) != 0;
		d->shared_info_frame = info.shared_info_frame;
		r = write_all(d, &info);
		xc_p2m_close(&d->map);
	}
	saved = errno;
	strcpy(why, xc_last_error(d->xch));
	if (pause && xc_domain_unpause(d->xch, d->domid) < 0)
		return -1;
	/* The cause, not what came after it. */
	if (r < 0) {
		strcpy(d->xch->error, why);
		errno = saved;
	}
	return r;
}

XC_API int
xc_domain_dumpcore_fd(xc_interface *xch, uint32_t domid, int fd,
    struct xc_dump *dump)
{
	struct xc_dump none = { .flags = 0 };
	struct dumper *d;
	int r;

	if (xc_check_domid(xch, domid) < 0)
		return -1;
	if (dump != NULL && (dump->flags & ~XC_DUMP_LIVE) != 0) {
		errno = EINVAL;
		return xc_fail(xch, 0, "dump flags %#x; only %#x is known",
		    dump->flags, XC_DUMP_LIVE);
	}
	d = calloc(1, sizeof(*d));
	if (d == NULL)
		return xc_fail(xch, errno, "domain %u: dump", domid);
	d->xch = xch;
	d->domid = domid;
	d->dump = dump != NULL ? dump : &none;
	d->dump->pages = d->dump->holes = d->dump->lost = 0;
	d->fd = fd;
	d->sparse = can_be_sparse(fd);
	r = dump_paused(d);
	d->dump->bytes = d->at;
	free(d);
	return r;
}

XC_API int
xc_domain_dumpcore(xc_interface *xch, uint32_t domid, const char *path,
    struct xc_dump *dump)
{
	int fd, r, saved;

	if (xc_check_ptr(xch, path, "the dump's file name") < 0 ||
	    xc_check_domid(xch, domid) < 0)
		return -1;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	if (fd < 0)
		return xc_fail(xch, errno, "domain %u: dump to %s", domid,
		    path);
	r = xc_domain_dumpcore_fd(xch, domid, fd, dump);
	saved = errno;
	/* A full disk may show only now. */
	if (close(fd) < 0 && r == 0) {
		saved = errno;
		r = xc_fail(xch, saved, "domain %u: dump to %s", domid, path);
	}
	if (r < 0)
		unlink(path);
	errno = saved;
	return r;
}
