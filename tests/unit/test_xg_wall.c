/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The sandboxed loader from outside: what it says of good and bad files, that
 * nobody can change what was checked, and its ceilings on time and memory, met
 * for real.
 */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <lzma.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xg_expect.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

static int
file_of(const void *p, size_t n)
{
	int fd = memfd_create("k", MFD_CLOEXEC);

	ck_assert_int_eq(write(fd, p, n), (ssize_t)n);
	return fd;
}

static int
load_with(
    const struct xg_limits *l, int fd, struct xg_kernel *k, struct xg_error *e)
{
	struct xg_load *h;
	int r;

	memset(e, 0, sizeof(*e));
	ck_assert_int_eq(xg_load_prepare(&h, e), 0);
	r = xg_load_start(h, fd, "/k", l, e);
	if (r == 0)
		r = xg_load_finish(h, k, e);
	xg_load_drop(h);
	errno = e->errnum;
	return r;
}

static int
descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

/* ---- the same answers, and nothing left ---------------------------------------- */

/* Refused in the child as in this process, in the same words. */
static void
refused_alike(const void *p, size_t n)
{
	struct xg_error here, there;
	char says[600];
	struct xg_kernel k;
	int fd = file_of(p, n), before = descriptors();

	ck_assert_int_eq(parse_with(&limits, p, n, &k, &here), -1);
	snprintf(says, sizeof(says), "kernel /k: %s", here.msg);
	ck_assert_int_eq(load_with(&limits, fd, &k, &there), -1);
	ck_assert_int_eq(errno, here.errnum);
	ck_assert_int_eq(there.errnum, here.errnum);
	ck_assert_str_eq(there.msg, says);
	ck_assert_int_eq(k.fd, -1);
	ck_assert_int_eq(descriptors(), before);
	/* No child is left either. */
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
	close(fd);
}

START_TEST(bad_kernels)
{
	struct xgi64 im;
	size_t n;

	refused_alike("", 0);
	refused_alike("#!/bin/sh\n", 10);
	xgi_make64(&im);
	im.eh.e_phnum = 0xffff;
	refused_alike(&im, sizeof(im));
	xgi_make64(&im);
	im.ph[0].p_paddr = UINT64_MAX - 1;
	refused_alike(&im, sizeof(im));
	xgi_make64(&im);
	xgi_one_note(&im, 4, UINT32_MAX, 1, "Xen", "", 0);
	refused_alike(&im, sizeof(im));
	xgi_make64(&im);
	for (size_t cut = 1; cut < sizeof(im); cut += sizeof(im) / 9)
		refused_alike(&im, cut);
	for (int i = 0; xgi_packers[i] != NULL; i++) {
		n = xgi_pack(xgi_packers[i], &im, sizeof(im), buffer, BUFFER);
		refused_alike(buffer, n - 5);
		refused_alike(buffer, n / 3);
		memset(buffer + n - 4, 0xff, 4);
		refused_alike(buffer, n);
	}
}
END_TEST

static void
good(const void *file, size_t n, const struct xgi64 *im, const char *packed)
{
	static const struct xg_limits dflt = XG_LIMITS_DEFAULT;
	int fd = file_of(file, n), before = descriptors();
	static uint8_t back[sizeof(*im)];
	struct xg_error e;
	struct xg_kernel k;
	const int seals =
	    F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;

	ck_assert_msg(load_with(&dflt, fd, &k, &e) == 0, "%s", e.msg);
	ck_assert_str_eq(k.packed, packed);
	ck_assert_uint_eq(k.size, sizeof(*im));
	ck_assert_uint_eq(k.elf_class, 64);
	ck_assert_int_eq(pread(k.fd, back, sizeof(back), 0), sizeof(back));
	ck_assert_mem_eq(back, im, sizeof(back));
	/* Sealed: nobody changes what was checked. */
	ck_assert_int_eq(fcntl(k.fd, F_GET_SEALS) & seals, seals);
	ck_assert_int_eq(pwrite(k.fd, "x", 1, 0), -1);
	ck_assert_int_eq(ftruncate(k.fd, 0), -1);
	ck_assert_int_eq(descriptors(), before + 1);
	xg_kernel_close(&k);
	close(fd);
}

START_TEST(good_kernels)
{
	struct xgi64 im;
	size_t n;

	xgi_make64(&im);
	good(&im, sizeof(im), &im, "none");
	for (int i = 0; xgi_packers[i] != NULL; i++) {
		uint8_t *in = buffer + BUFFER / 2;

		n = xgi_pack(xgi_packers[i], &im, sizeof(im), in, BUFFER / 2);
		good(in, n, &im, xgi_packers[i]);
		n = xgi_bzimage(in, n, buffer, BUFFER / 2);
		good(buffer, n, &im, xgi_packers[i]);
	}
	n = xgi_bzimage(&im, sizeof(im), buffer, BUFFER);
	good(buffer, n, &im, "none");
}
END_TEST

/* hvmloader's kind. */
START_TEST(a_32_bit_kernel)
{
	struct xg_error e;
	struct xg_kernel k;
	struct xg_plan p;
	struct xgi32 im;
	int fd;

	xgi_make32(&im);
	fd = file_of(&im, sizeof(im));
	ck_assert_msg(load_with(&limits, fd, &k, &e) == 0, "%s", e.msg);
	ck_assert_uint_eq(k.elf_class, 32);
	ck_assert_uint_eq(k.e_entry, 0x100000);
	ck_assert_uint_eq(k.has, 0);
	ck_assert_uint_eq(k.nsegments, 1);
	ck_assert_uint_eq(k.segments[0].paddr, 0x100000);
	ck_assert_uint_eq(k.segments[0].memsz, 0x40000);
	ck_assert_int_eq(xg_plan_pv(&k, 16384, 0, &p, &e), -1);
	xg_kernel_close(&k);
	close(fd);
}
END_TEST

/* The digest is the file's: one byte decides. */
START_TEST(digests)
{
	struct xg_kernel a, b;
	struct xg_error e;
	struct xgi64 im;
	int fd;

	xgi_make64(&im);
	fd = file_of(&im, sizeof(im));
	ck_assert_int_eq(load_with(&limits, fd, &a, &e), 0);
	ck_assert_int_eq(load_with(&limits, fd, &b, &e), 0);
	ck_assert_mem_eq(a.digest, b.digest, sizeof(a.digest));
	xg_kernel_close(&b);
	ck_assert_int_eq(pwrite(fd, "y", 1, sizeof(im) - 1), 1);
	ck_assert_int_eq(load_with(&limits, fd, &b, &e), 0);
	ck_assert_mem_ne(a.digest, b.digest, sizeof(a.digest));
	xg_kernel_close(&a);
	xg_kernel_close(&b);
	close(fd);
}
END_TEST

/* ---- images that come in many pieces ---------------------------------------------- */

#define LARGE ((700u << 10) + 77)

/* A kernel with something behind it that no packer makes nothing of, and that x86's
 * filter takes for calls here and there, also where pieces and the whole end. */
static uint8_t *
large_kernel(void)
{
	static const uint8_t call[] = { 0xe8, 1, 2, 3, 0 };
	uint8_t *p = malloc(LARGE);
	struct xgi64 im;
	uint32_t x = 1;

	xgi_make64(&im);
	for (size_t i = 0; i < LARGE; i++) {
		x = x * 1664525 + 1013904223;
		p[i] = (uint8_t)((x >> 24) & 15);
	}
	for (size_t i = sizeof(im), n = 0; i + 5 < LARGE; i += 97 + n++ % 3)
		memcpy(p + i, call, sizeof(call));
	for (size_t i = 1; i < LARGE >> 16; i++)
		memcpy(p + (i << 16) - i % 5, call, sizeof(call));
	memcpy(p + LARGE - 2, call, 2);
	memcpy(p, &im, sizeof(im));
	return p;
}

static void
comes_whole(const char *what, const uint8_t *file, size_t n, const uint8_t *want)
{
	AUTO_FREE uint8_t *back = malloc(LARGE);
	struct xg_error e;
	struct xg_kernel k;
	int fd = file_of(file, n);

	ck_assert_msg(load_with(&limits, fd, &k, &e) == 0, "%s: %s", what,
	    e.msg);
	ck_assert_uint_eq(k.size, LARGE);
	ck_assert_int_eq(pread(k.fd, back, LARGE, 0), LARGE);
	ck_assert_msg(memcmp(back, want, LARGE) == 0, "%s: other bytes", what);
	xg_kernel_close(&k);
	close(fd);
}

static void
is_damaged(const char *what, const uint8_t *file, size_t n)
{
	struct xg_error e;
	struct xg_kernel k;
	int fd = file_of(file, n);

	ck_assert_msg(load_with(&limits, fd, &k, &e) < 0, "%s", what);
	ck_assert_msg(strstr(e.msg, "damaged or truncated") != NULL, "%s: %s",
	    what, e.msg);
	close(fd);
}

START_TEST(many_pieces)
{
	AUTO_FREE uint8_t *im = large_kernel(), *out = malloc(2 * LARGE);
	size_t n;

	for (int i = 0; xgi_packers[i] != NULL; i++) {
		n = xgi_pack(xgi_packers[i], im, LARGE, out, 2 * LARGE);
		ck_assert_uint_gt(n, 0);
		comes_whole(xgi_packers[i], out, n, im);
	}
}
END_TEST

/* Also at its end. */
START_TEST(zeros_take_no_memory)
{
	AUTO_FREE uint8_t *im = large_kernel(), *out = malloc(2 * LARGE);
	struct xg_kernel k;
	struct xg_error e;
	struct stat st;
	size_t n;
	int fd;

	memset(im + LARGE / 4, 0, LARGE - LARGE / 4);
	n = xgi_pack("xz", im, LARGE, out, 2 * LARGE);
	comes_whole("xz", out, n, im);
	fd = file_of(out, n);
	ck_assert_int_eq(load_with(&limits, fd, &k, &e), 0);
	ck_assert_int_eq(fstat(k.fd, &st), 0);
	ck_assert_int_eq(st.st_size, LARGE);
	ck_assert_int_lt(st.st_blocks * 512, LARGE / 2);
	xg_kernel_close(&k);
	close(fd);
}
END_TEST

struct kind {
	lzma_check check;
	size_t block;
	/* What is before LZMA2. */
	lzma_vli filter;
	const void *options;
};

static const lzma_options_bcj from_4096 = { .start_offset = 4096 };
static const lzma_options_delta bytes = { .dist = 1 };
static const struct kind kinds[] = {
	{ .check = LZMA_CHECK_CRC32, .block = LARGE },
	{ .check = LZMA_CHECK_CRC32, .block = LARGE,
		.filter = LZMA_FILTER_X86 },
	{ .check = LZMA_CHECK_CRC32, .block = LARGE,
		.filter = LZMA_FILTER_X86, .options = &from_4096 },
	{ .check = LZMA_CHECK_CRC32, .block = LARGE,
		.filter = LZMA_FILTER_DELTA, .options = &bytes },
	{ .check = LZMA_CHECK_CRC32, .block = MIB / 4,
		.filter = LZMA_FILTER_X86 },
	{ .check = LZMA_CHECK_CRC64, .block = LARGE,
		.filter = LZMA_FILTER_X86 },
	{ .check = LZMA_CHECK_SHA256, .block = LARGE },
};

/* A stream of xz with the size behind it. */
static size_t
xz_stream(const struct kind *k, const uint8_t *in, uint8_t *out)
{
	const uint32_t size = LARGE;
	lzma_options_lzma o;
	const lzma_filter f[] = {
		{ k->filter, (void *)(uintptr_t)k->options },
		{ LZMA_FILTER_LZMA2, &o }, { LZMA_VLI_UNKNOWN, NULL } };
	lzma_stream s = LZMA_STREAM_INIT;
	size_t n, done = 0;

	lzma_lzma_preset(&o, 0);
	ck_assert_int_eq(lzma_stream_encoder(&s, k->filter == 0 ? f + 1 : f,
	    k->check), LZMA_OK);
	s.next_out = out;
	s.avail_out = 2 * LARGE - sizeof(size);
	while (done < LARGE) {
		s.next_in = in + done;
		s.avail_in = LARGE - done < k->block ? LARGE - done : k->block;
		done += s.avail_in;
		ck_assert_int_eq(lzma_code(&s, LZMA_FULL_FLUSH), LZMA_STREAM_END);
	}
	ck_assert_int_eq(lzma_code(&s, LZMA_FINISH), LZMA_STREAM_END);
	n = 2 * LARGE - sizeof(size) - s.avail_out;
	lzma_end(&s);
	memcpy(out + n, &size, sizeof(size));
	return n + sizeof(size);
}

/* Whoever sums it and undoes filters, a stream with one bit turned is refused: in its
 * heads, in its last block's sum or behind it, in the middle of what the sum is of. */
START_TEST(sums_of_xz)
{
	AUTO_FREE uint8_t *im = large_kernel(), *out = malloc(2 * LARGE);
	size_t n = xz_stream(&kinds[_i], im, out);
	lzma_stream_flags f;
	size_t end = n - 4 - LZMA_STREAM_HEADER_SIZE, sum;

	comes_whole("xz", out, n, im);
	ck_assert_int_eq(lzma_stream_footer_decode(&f, out + end), LZMA_OK);
	/* And the zeros before the sum. */
	sum = end - f.backward_size - lzma_check_size(kinds[_i].check) - 3;
	for (size_t i = 6; i < n - 4; i += i == 40 ? sum - 40 : 1) {
		out[i] ^= (uint8_t)(1 << i % 8);
		is_damaged("a bit", out, n);
		out[i] ^= (uint8_t)(1 << i % 8);
	}
	out[n / 2] ^= 1;
	is_damaged("a bit of the contents", out, n);
	out[n / 2] ^= 1;
	/* Two streams: of the second one nothing is known. */
	memmove(out + n - 4, out + n - 16, 16);
	memcpy(out + n + 8, &(uint32_t){ LARGE }, 4);
	comes_whole("something behind it", out, n + 12, im);
}
END_TEST

START_TEST(no_sum_of_xz)
{
	static const struct kind none = { .check = LZMA_CHECK_NONE,
		.block = LARGE, .filter = LZMA_FILTER_X86 };
	AUTO_FREE uint8_t *im = large_kernel(), *out = malloc(2 * LARGE);

	comes_whole("no check", out, xz_stream(&none, im, out), im);
}
END_TEST

/* ---- the child's life -------------------------------------------------------------- */

/* The only one of that process, 0 = none. */
static pid_t
child_of(pid_t pid)
{
	char name[64];
	int child = 0;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%d/task/%d/children", pid, pid);
	f = fopen(name, "re");
	ck_assert_ptr_nonnull(f);
	if (fscanf(f, "%d", &child) != 1)
		child = 0;
	fclose(f);
	return child;
}

START_TEST(prepared_for_nothing)
{
	int before = descriptors();
	struct xg_load *h;
	struct xg_error e;

	ck_assert_int_eq(xg_load_prepare(&h, &e), 0);
	ck_assert_int_ne(child_of(getpid()), 0);
	xg_load_drop(h);
	ck_assert_int_eq(descriptors(), before);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
	xg_load_drop(NULL);
}
END_TEST

/* As the kernel does when memory is short. */
START_TEST(killed_while_it_waits)
{
	struct xg_load *h;
	struct xg_kernel k;
	struct xg_error e;
	struct xgi64 im;
	siginfo_t info;
	int fd;

	xgi_make64(&im);
	fd = file_of(&im, sizeof(im));
	ck_assert_int_eq(xg_load_prepare(&h, &e), 0);
	ck_assert_int_eq(kill(child_of(getpid()), SIGKILL), 0);
	ck_assert_int_eq(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
	ck_assert_int_eq(xg_load_start(h, fd, "/k", &limits, &e), 0);
	ck_assert_int_eq(xg_load_finish(h, &k, &e), 0);
	ck_assert_uint_eq(k.size, sizeof(im));
	xg_kernel_close(&k);
	xg_load_drop(h);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	close(fd);
}
END_TEST

/* What takes longer than the test. */
static int
noise_file(void)
{
	AUTO_FREE uint8_t *noise = malloc(24 * MIB), *out = malloc(25 * MIB);
	uint32_t x = 1;

	for (size_t i = 0; i < 24 * MIB; i++)
		noise[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
	return file_of(out, xgi_pack("bzip2", noise, 24 * MIB, out, 25 * MIB));
}

/* A kernel of 12 MiB, none of whose pages is empty, packed. */
static int
large_file(struct xgi64 *im)
{
	const size_t size = 12 * MIB;
	AUTO_FREE uint8_t *p = calloc(1, size), *out = malloc(size);

	xgi_make64(im);
	im->ph[0].p_filesz = im->ph[0].p_memsz = size - im->ph[0].p_offset;
	for (size_t i = 0; i < size; i += 4096)
		p[i + 4095] = 1;
	memcpy(p, im, sizeof(*im));
	return file_of(out, xgi_pack("xz", p, size, out, size));
}

/* What is told of a large one while it grows is what it proves to be. */
START_TEST(told_beforehand)
{
	struct xg_error e = { .msg = "" };
	struct xg_ahead a;
	struct xg_load *h;
	struct xg_kernel k;
	struct xg_word w;
	struct xgi64 im;
	unsigned n = 0;
	struct stat st;
	int fd = large_file(&im);

	ck_assert_int_eq(xg_load_prepare(&h, &e), 0);
	ck_assert_int_eq(xg_load_start(h, fd, "/k", &limits, &e), 0);
	while (xg_load_hear(h, &w)) {
		ck_assert_int_eq(fstat(xg_load_image(h), &st), 0);
		ck_assert_uint_ge(w.bytes, ++n * 4 * MIB);
		ck_assert_uint_ge((uint64_t)st.st_size, w.bytes);
		ck_assert_uint_eq(w.nsegments, 1);
		ck_assert_uint_eq(w.segments[0].paddr, im.ph[0].p_paddr);
		ck_assert_uint_eq(w.segments[0].filesz, im.ph[0].p_filesz);
	}
	ck_assert_uint_ge(n, 2);
	ck_assert(!xg_load_hear(h, &w));
	ck_assert_int_eq(xg_load_finish(h, &k, &e), 0);
	ck_assert_uint_eq(k.nsegments, w.nsegments);
	ck_assert_mem_eq(k.segments, w.segments, sizeof(k.segments));

	/* What was written is of use where it is the same kernel in the same
	 * place, and nowhere else. */
	a = (struct xg_ahead){ .pfn = 256, .end = 3328, .done = 1024,
		.nsegments = k.nsegments };
	memcpy(a.segments, k.segments, sizeof(a.segments));
	ck_assert_uint_eq(xg_ahead_done(&a, &k, 256, 3328), 1024);
	ck_assert_uint_eq(xg_ahead_done(&a, &k, 512, 3328), 0);
	ck_assert_uint_eq(xg_ahead_done(&a, &k, 256, 3329), 0);
	a.segments[0].offset++;
	ck_assert_uint_eq(xg_ahead_done(&a, &k, 256, 3328), 0);
	xg_kernel_close(&k);
	xg_load_drop(h);
	close(fd);
}
END_TEST

/* Idle or busy, it does not outlive who wants it. */
START_TEST(its_parent_is_killed)
{
	static const struct xg_limits wide = { 256 * MIB, 256 * MIB, 100 };
	int fd = _i == 0 ? -1 : noise_file(), ready[2], status;
	pid_t parent, child;
	char byte;

	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	ck_assert_int_eq(pipe(ready), 0);
	parent = fork();
	if (parent == 0) {
		struct xg_load *h;
		struct xg_error e;

		if (xg_load_prepare(&h, &e) < 0 || (fd >= 0 &&
		    xg_load_start(h, fd, "/k", &wide, &e) < 0))
			_exit(1);
		if (write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	child = child_of(parent);
	ck_assert_int_ne(child, 0);
	ck_assert_int_eq(kill(parent, SIGKILL), 0);
	ck_assert_int_eq(waitpid(parent, NULL, 0), parent);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	if (fd >= 0)
		ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	if (fd >= 0)
		close(fd);
}
END_TEST

/* ---- ceilings -------------------------------------------------------------------- */

START_TEST(the_file_has_a_ceiling)
{
	struct xg_limits l = {5, 1 << 20, 10};
	struct xg_error e;
	struct xg_kernel k;
	int fd = file_of("123456", 6);

	ck_assert_int_eq(load_with(&l, fd, &k, &e), -1);
	ck_assert_int_eq(errno, EFBIG);
	ck_assert_str_eq(e.msg, "kernel /k: 6 bytes; the limit is 5");
	close(fd);
	fd = open("/dev/zero", O_RDONLY);
	ck_assert_int_eq(load_with(&l, fd, &k, &e), -1);
	ck_assert_str_eq(e.msg, "kernel /k: not a regular file");
	close(fd);
}
END_TEST

/* 24 MiB of noise keep bzip2 busy for more than a second on any machine of
 * today; where they do not, it is more. */
START_TEST(time_has_a_ceiling)
{
	const struct xg_limits l = {256 * MIB, 256 * MIB, 1};
	size_t n = 24 * MIB, len;
	struct xg_error e = {.msg = ""};
	struct xg_kernel k;
	uint64_t x = 88172645463325252ull;
	int fd, r = 0;

	for (; n <= 64 * MIB; n += 20 * MIB) {
		AUTO_FREE uint64_t *noise = malloc(n);
		AUTO_FREE uint8_t *out = malloc(n + n / 50 + 1024);

		for (size_t i = 0; i < n / 8; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			noise[i] = x;
		}
		len = xgi_pack("bzip2", noise, n, out, n + n / 50 + 1024);
		fd = file_of(out, len);
		r = load_with(&l, fd, &k, &e);
		close(fd);
		ck_assert_int_eq(r, -1);
		if (e.errnum == ETIME)
			break;
	}
	ck_assert_int_eq(e.errnum, ETIME);
	ck_assert_str_eq(
	    e.msg, "kernel /k: unpacking it takes more than 1 s of CPU");
}
END_TEST

#ifndef SANITIZED
static uint64_t
address_space(void)
{
	unsigned long long v = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	ck_assert_int_eq(fscanf(f, "%llu", &v), 1);
	fclose(f);
	return v * 4096;
}

/* Less address space than an image or a dictionary takes: a sentence. */
START_TEST(memory_has_a_ceiling)
{
	const struct xg_limits l = {1 << 24, 1u << 30, 10};
	AUTO_FREE uint8_t *zeros = calloc(1, 60 * MIB);
	struct rlimit tight;
	struct xg_error e;
	struct xg_kernel k;
	struct xgi64 im;
	size_t n;
	int fd, dict;

	n = xgi_pack("gzip", zeros, 60 * MIB, buffer, BUFFER);
	fd = file_of(buffer, n);
	xgi_make64(&im);
	n = xgi_pack_dict("lzma", 128 * MIB, &im, sizeof(im), buffer, BUFFER);
	dict = file_of(buffer, n);
	tight.rlim_cur = tight.rlim_max = address_space() + 48 * MIB;
	ck_assert_int_eq(setrlimit(RLIMIT_AS, &tight), 0);
	ck_assert_int_eq(load_with(&l, fd, &k, &e), -1);
	ck_assert_int_eq(errno, ENOMEM);
	ck_assert_str_eq(
	    e.msg, "kernel /k: no memory to unpack 62914560 bytes");
	ck_assert_int_eq(load_with(&l, dict, &k, &e), -1);
	ck_assert_int_eq(errno, ENOMEM);
	ck_assert_str_eq(e.msg,
	    "kernel /k: unpacking its lzma payload takes "
	    "too much memory; the limit is 256 MiB");
	close(fd);
	close(dict);
}
END_TEST
#endif

/* However much the caller allows: half of what the host has. */
START_TEST(the_host_is_a_ceiling)
{
	const struct xg_limits l = {1 << 24, 1ull << 40, 10};
	unsigned long long kib = 0;
	struct xg_error e;
	struct xg_kernel k;
	struct xgi64 im;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "re");
	size_t n;
	int fd;

	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
			break;
	fclose(f);
	xgi_make64(&im);
	n = xgi_pack("xz", &im, sizeof(im), buffer, BUFFER);
	memset(buffer + n - 4, 0xff, 4);
	fd = file_of(buffer, n);
	ck_assert_int_eq(load_with(&l, fd, &k, &e), -1);
	ck_assert_int_eq(e.errnum, EFBIG);
	if (kib < 6u << 20)
		ck_assert_ptr_nonnull(strstr(e.msg, "the limit is"));
	else
		ck_assert_ptr_nonnull(strstr(e.msg, "not believable"));
	close(fd);
}
END_TEST

/* ---- what crosses the wall is checked again ------------------------------------------ */

START_TEST(reports_that_lie)
{
	struct xg_kernel good_one, k;
	struct xg_error e;
	struct xgi64 im;

	xgi_make64(&im);
	ck_assert_int_eq(
	    parse_with(&limits, &im, sizeof(im), &good_one, &e), 0);
	ck_assert_int_eq(xg_kernel_check(&good_one, NULL), 0);
#define LIE(change)                                                   \
	do {                                                          \
		k = good_one;                                         \
		change;                                               \
		ck_assert_msg(                                        \
		    xg_kernel_check(&k, NULL) < 0 && errno == EINVAL, \
		    #change);                                         \
	} while (0)
	LIE(k.nsegments = 0);
	LIE(k.nsegments = XG_MAX_SEGMENTS + 1);
	LIE(k.nsegments = UINT32_MAX);
	LIE(k.nsegments = 2);
	LIE(k.elf_class = 0);
	LIE(k.elf_class = 16);
	LIE(k.size = 100);
	LIE(k.segments[0].filesz = UINT64_MAX);
	LIE(k.segments[0].memsz = 1);
	LIE(k.segments[0].memsz = UINT64_MAX);
	LIE(k.segments[0].offset = UINT64_MAX);
	LIE(k.segments[0].offset = k.size);
	LIE(k.segments[0].paddr = UINT64_MAX);
	LIE(k.segments[0].paddr = 1ull << 46);
	LIE(memset(k.guest_os, 'x', sizeof(k.guest_os)));
	LIE(memset(k.packed, 'x', sizeof(k.packed)));
	LIE(k.phys32_entry = 1ull << 32);
	LIE(k.segments[1] = k.segments[0]; k.nsegments = 2);
#undef LIE
}
END_TEST

/* A file that is written to while it is read is refused, or it was read as it
 * was at one moment; never a mixture. */
START_TEST(a_file_that_changes)
{
	char name[] = "/tmp/test_xg_wall.XXXXXX";
	int fd = mkstemp(name);
	unsigned changed = 0;
	struct xg_kernel k;
	struct xg_error e;
	struct xgi64 im;
	pid_t writer;

	unlink(name);
	xgi_make64(&im);
	ck_assert_int_eq(write(fd, &im, sizeof(im)), sizeof(im));
	ck_assert_int_eq(ftruncate(fd, 16 * MIB), 0);
	writer = fork();
	if (writer == 0)
		for (unsigned i = 0;; i++)
			if (pwrite(fd, &i, sizeof(i), 15 * MIB) < 0)
				_exit(1);
	for (int i = 0; i < 20; i++) {
		static const struct xg_limits l = {32 * MIB, 32 * MIB, 10};

		if (load_with(&l, fd, &k, &e) == 0) {
			xg_kernel_close(&k);
			continue;
		}
		ck_assert_int_eq(e.errnum, EAGAIN);
		ck_assert_str_eq(
		    e.msg, "kernel /k: it changed while it was read");
		changed++;
	}
	kill(writer, SIGKILL);
	waitpid(writer, NULL, 0);
	ck_assert_uint_gt(changed, 0);
	close(fd);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("the sandboxed loader");
	TCase *t = tcase_create("all");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, many_pieces);
	tcase_add_test(t, zeros_take_no_memory);
	tcase_add_loop_test(t, sums_of_xz, 0,
	    (int)XU_ARRAY_SIZE(kinds));
	tcase_add_test(t, no_sum_of_xz);
	tcase_add_test(t, bad_kernels);
	tcase_add_test(t, good_kernels);
	tcase_add_test(t, a_32_bit_kernel);
	tcase_add_test(t, digests);
	tcase_add_test(t, prepared_for_nothing);
	tcase_add_test(t, killed_while_it_waits);
	tcase_add_test(t, told_beforehand);
	tcase_add_loop_test(t, its_parent_is_killed, 0, 2);
	tcase_add_test(t, the_file_has_a_ceiling);
	tcase_add_test(t, time_has_a_ceiling);
#ifndef SANITIZED
	tcase_add_test(t, memory_has_a_ceiling);
#endif
	tcase_add_test(t, the_host_is_a_ceiling);
	tcase_add_test(t, reports_that_lie);
	tcase_add_test(t, a_file_that_changes);
	suite_add_tcase(s, t);
	return run_suite(s);
}
