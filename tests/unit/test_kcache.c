/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kernels that were unpacked once: found by the identity of their file and by
 * nothing less, bounded, let go in order and under pressure; and a kernel's way
 * between xld and its workers.
 */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kcache.h"
#include "kernel_val.h"

#define SEALS  (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)
#define IMAGE  (64u << 10)
#define NO_END (1ull << 40)

static char proc[] = "/tmp/test_kcache.XXXXXX";

static void
meminfo(unsigned total, unsigned available)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/meminfo", proc);
	f = fopen(path, "we");
	fprintf(f, "MemTotal: %u kB\nMemFree: 1 kB\nMemAvailable: %u kB\n",
	    total, available);
	fclose(f);
}

static void
setup(void)
{
	strcpy(proc, "/tmp/test_kcache.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(proc));
	meminfo(1000, 900);
}

static void
teardown(void)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/meminfo", proc);
	unlink(path);
	rmdir(proc);
}

static struct xg_kernel
kernel(unsigned content, int seals)
{
	struct xg_kernel k = { .size = IMAGE,
		.elf_class = 64,
		.virt_base = 0xffffffff80000000ull,
		.has = XG_HAS_XEN_3_0 | XG_HAS_VIRT_BASE,
		.guest_os = "test",
		.packed = "xz",
		.nsegments = 1,
		.segments = { { .paddr = 1 << 20,
		    .memsz = 1 << 20,
		    .filesz = 4096,
		    .offset = 4096 } } };

	memcpy(k.digest, &content, sizeof(content));
	k.fd = memfd_create("image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ck_assert_int_eq(ftruncate(k.fd, IMAGE), 0);
	ck_assert_int_eq(pwrite(k.fd, &content, sizeof(content), 0),
	    sizeof(content));
	ck_assert_int_eq(fcntl(k.fd, F_ADD_SEALS, seals), 0);
	return k;
}

static struct kcache_id
file(uint64_t ino)
{
	struct kcache_id id = { .dev = 1, .ino = ino, .size = 10, .mtime = 5,
		.ctime = 7, .settled = true };

	return id;
}

static int
keep(struct kcache *c, uint64_t ino, unsigned content)
{
	struct kcache_id id = file(ino);
	struct xg_kernel k = kernel(content, SEALS);
	int r = kcache_keep(c, &id, &k);

	ck_assert_int_eq(k.fd, -1);
	return r;
}

/* The content that is kept for a file; 0 = none. */
static unsigned
find(struct kcache *c, const struct kcache_id *id)
{
	const struct xg_kernel *k = kcache_find(c, id);
	unsigned content = 0;

	if (k == NULL)
		return 0;
	ck_assert_uint_eq(k->size, IMAGE);
	ck_assert_int_eq(pread(k->fd, &content, sizeof(content), 0),
	    sizeof(content));
	ck_assert_int_eq(memcmp(k->digest, &content, sizeof(content)), 0);
	return content;
}

static unsigned
find_ino(struct kcache *c, uint64_t ino)
{
	struct kcache_id id = file(ino);

	return find(c, &id);
}

static struct kcache_stats
stats(const struct kcache *c)
{
	struct kcache_stats s;

	kcache_stats(c, &s);
	return s;
}

START_TEST(found_again)
{
	struct kcache *c = kcache_new(NULL, NO_END, proc);

	ck_assert_uint_eq(find_ino(c, 1), 0);
	ck_assert_int_eq(keep(c, 1, 100), 0);
	ck_assert_int_eq(keep(c, 2, 200), 0);
	ck_assert_uint_eq(find_ino(c, 1), 100);
	ck_assert_uint_eq(find_ino(c, 2), 200);
	ck_assert_uint_eq(find_ino(c, 1), 100);
	ck_assert_uint_eq(find_ino(c, 3), 0);
	ck_assert_uint_eq(stats(c).hits, 3);
	ck_assert_uint_eq(stats(c).misses, 2);
	ck_assert_uint_eq(stats(c).images, 2);
	ck_assert_uint_eq(stats(c).bytes, 2 * IMAGE);
	kcache_free(&c);
	ck_assert_ptr_null(c);
}
END_TEST

/* Whatever differs makes it another file. */
START_TEST(identity_is_everything)
{
	struct kcache *c = kcache_new(NULL, NO_END, proc);
	struct kcache_id id;

	ck_assert_int_eq(keep(c, 1, 100), 0);
	id = file(1);
	id.dev++;
	ck_assert_uint_eq(find(c, &id), 0);
	id = file(1);
	id.size++;
	ck_assert_uint_eq(find(c, &id), 0);
	id = file(1);
	id.mtime++;
	ck_assert_uint_eq(find(c, &id), 0);
	id = file(1);
	id.ctime++;
	ck_assert_uint_eq(find(c, &id), 0);
	ck_assert_uint_eq(find_ino(c, 1), 100);
	/* New content of the same file: the old one is of no use any more. */
	id = file(1);
	id.mtime++;
	id.ctime++;
	struct xg_kernel k = kernel(101, SEALS);
	ck_assert_int_eq(kcache_keep(c, &id, &k), 0);
	ck_assert_uint_eq(find(c, &id), 101);
	ck_assert_uint_eq(find_ino(c, 1), 0);
	ck_assert_uint_eq(stats(c).images, 1);
	kcache_free(&c);
}
END_TEST

START_TEST(real_files)
{
	struct kcache_id a, b;
	char name[] = "/tmp/test_kcache_f.XXXXXX";
	int fd = mkstemp(name), zero = open("/dev/zero", O_RDONLY), p[2];
	const struct timespec old[2] = { { 1000, 1 }, { 1000, 1 } };

	ck_assert(!kcache_identify(zero, &a));
	ck_assert_int_eq(pipe(p), 0);
	ck_assert(!kcache_identify(p[0], &a));
	ck_assert_int_eq(write(fd, "abc", 3), 3);
	ck_assert(kcache_identify(fd, &a));
	ck_assert_uint_eq(a.size, 3);
	/* Only just written: another write may leave the same times. */
	ck_assert(!a.settled);
	ck_assert_int_eq(futimens(fd, old), 0);
	ck_assert(kcache_identify(fd, &b));
	/* Its owner can set one time back, and not the other. */
	ck_assert_int_eq(b.mtime, 1000000000001);
	ck_assert(!b.settled);
	ck_assert(!kcache_same(&a, &b));
	sleep(3);
	ck_assert(kcache_identify(fd, &a));
	ck_assert(a.settled);
	ck_assert(kcache_same(&a, &b));
	/* The same bytes again. */
	ck_assert_int_eq(pwrite(fd, "abc", 3, 0), 3);
	ck_assert_int_eq(futimens(fd, old), 0);
	ck_assert(kcache_identify(fd, &b));
	ck_assert(!kcache_same(&a, &b));
	unlink(name);
	close(fd);
	close(zero);
	close(p[0]);
	close(p[1]);
}
END_TEST

START_TEST(not_settled_is_not_kept)
{
	struct kcache *c = kcache_new(NULL, NO_END, proc);
	struct kcache_id id = file(1);
	struct xg_kernel k = kernel(100, SEALS);

	ck_assert_int_eq(keep(c, 1, 99), 0);
	id.settled = false;
	id.ctime++;
	ck_assert_int_eq(kcache_keep(c, &id, &k), -1);
	ck_assert_int_eq(errno, EAGAIN);
	/* And what it was before is forgotten. */
	ck_assert_uint_eq(stats(c).images, 0);
	ck_assert_uint_eq(stats(c).refused, 1);
	kcache_free(&c);
}
END_TEST

/* A worker could send anything. */
START_TEST(only_sealed_and_sound)
{
	static const int lacking[] = { F_SEAL_SHRINK, F_SEAL_GROW,
		F_SEAL_WRITE, F_SEAL_SEAL };
	struct kcache *c = kcache_new(NULL, NO_END, proc);
	struct kcache_id id = file(1);
	struct xg_kernel k;

	for (size_t i = 0; i < XU_ARRAY_SIZE(lacking); i++) {
		k = kernel(1, SEALS & ~lacking[i]);
		ck_assert_int_eq(kcache_keep(c, &id, &k), -1);
		ck_assert_int_eq(errno, EINVAL);
	}
	k = kernel(1, SEALS);
	k.size++;
	ck_assert_int_eq(kcache_keep(c, &id, &k), -1);
	ck_assert_int_eq(errno, EINVAL);
	k = kernel(1, SEALS);
	k.segments[0].filesz = IMAGE;
	ck_assert_int_eq(kcache_keep(c, &id, &k), -1);
	ck_assert_int_eq(errno, EINVAL);
	k = kernel(1, SEALS);
	close(k.fd);
	k.fd = open("/etc/passwd", O_RDONLY);
	ck_assert_int_eq(kcache_keep(c, &id, &k), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_uint_eq(stats(c).images, 0);
	ck_assert_uint_eq(stats(c).refused, 7);
	kcache_free(&c);
}
END_TEST

START_TEST(equal_content_is_one_image)
{
	struct kcache *c = kcache_new(NULL, NO_END, proc);

	for (uint64_t ino = 1; ino <= 12; ino++)
		ck_assert_int_eq(keep(c, ino, 100), 0);
	ck_assert_uint_eq(stats(c).images, 1);
	ck_assert_uint_eq(stats(c).bytes, IMAGE);
	ck_assert_uint_eq(find_ino(c, 12), 100);
	ck_assert_uint_eq(find_ino(c, 5), 100);
	/* Names are bounded, too. */
	ck_assert_uint_eq(find_ino(c, 4), 0);
	/* One of the files changes: the others keep what they had. */
	ck_assert_int_eq(keep(c, 12, 101), 0);
	ck_assert_uint_eq(find_ino(c, 12), 101);
	ck_assert_uint_eq(find_ino(c, 11), 100);
	kcache_free(&c);
}
END_TEST

START_TEST(bounded)
{
	struct kcache *c = kcache_new(NULL, 3 * IMAGE, proc);

	for (unsigned i = 1; i <= 3; i++)
		ck_assert_int_eq(keep(c, i, i), 0);
	ck_assert_uint_eq(find_ino(c, 1), 1);
	/* 2 was not used for longest. */
	ck_assert_int_eq(keep(c, 4, 4), 0);
	ck_assert_uint_eq(find_ino(c, 2), 0);
	ck_assert_uint_eq(find_ino(c, 1), 1);
	ck_assert_uint_eq(find_ino(c, 3), 3);
	ck_assert_uint_eq(stats(c).bytes, 3 * IMAGE);
	ck_assert_uint_eq(stats(c).dropped, 1);
	kcache_shrink(c, IMAGE);
	ck_assert_uint_eq(stats(c).images, 1);
	ck_assert_uint_eq(find_ino(c, 3), 3);
	kcache_free(&c);

	c = kcache_new(NULL, IMAGE - 1, proc);
	ck_assert_int_eq(keep(c, 1, 1), -1);
	ck_assert_int_eq(errno, EFBIG);
	kcache_free(&c);
	c = kcache_new(NULL, 0, proc);
	ck_assert_int_eq(keep(c, 1, 1), -1);
	kcache_free(&c);

	c = kcache_new(NULL, NO_END, proc);
	for (unsigned i = 1; i <= 100; i++)
		ck_assert_int_eq(keep(c, i, i), 0);
	ck_assert_uint_eq(stats(c).images, 64);
	ck_assert_uint_eq(find_ino(c, 36), 0);
	ck_assert_uint_eq(find_ino(c, 37), 37);
	kcache_free(&c);
}
END_TEST

START_TEST(a_host_short_of_memory)
{
	struct kcache *c = kcache_new(NULL, NO_END, proc);

	ck_assert_int_eq(keep(c, 1, 1), 0);
	ck_assert_int_eq(keep(c, 2, 2), 0);
	/* Less than an eighth: all go, and the new one is not kept. */
	meminfo(1000, 124);
	ck_assert_int_eq(keep(c, 3, 3), -1);
	ck_assert_int_eq(errno, ENOMEM);
	ck_assert_uint_eq(stats(c).images, 0);
	meminfo(1000, 125);
	ck_assert_int_eq(keep(c, 3, 3), 0);
	ck_assert_uint_eq(find_ino(c, 3), 3);
	kcache_free(&c);
}
END_TEST

/* On the real kernel: the trigger is accepted, its handle ends with the loop. */
START_TEST(pressure_is_watched)
{
	uv_loop_t loop;
	struct kcache *c;
	int fd = open("/proc/pressure/memory", O_RDWR);

	uv_loop_init(&loop);
	c = kcache_new(&loop, NO_END, "/proc");
	ck_assert_int_eq(uv_loop_alive(&loop) != 0, fd >= 0 && geteuid() == 0);
	ck_assert_int_eq(keep(c, 1, 1), 0);
	uv_run(&loop, UV_RUN_NOWAIT);
	ck_assert_uint_eq(find_ino(c, 1), 1);
	kcache_free(&c);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
	if (fd >= 0)
		close(fd);
}
END_TEST

START_TEST(between_processes)
{
	struct xg_kernel k = kernel(7, SEALS), back;
	struct xu_buf b = XU_BUF_INIT;
	AUTO_VAL struct xu_val *v = NULL, *decoded = NULL;

	k.e_entry = 0xfffffffffffffff0ull;
	k.hypercall_page = 1;
	k.required = UINT32_MAX;
	k.nsegments = XG_MAX_SEGMENTS;
	for (uint64_t i = 0; i < XG_MAX_SEGMENTS; i++)
		k.segments[i] = (struct xg_segment){ i << 20, 1 << 20, i, i };
	memset(k.digest, 0, sizeof(k.digest));
	k.digest[63] = 0xff;
	v = kernel_to_val(&k);
	xu_val_encode(v, &b);
	decoded = xu_val_decode(b.data, b.len);
	ck_assert_int_eq(kernel_from_val(decoded, k.fd, &back), 0);
	ck_assert_mem_eq(&back, &k, sizeof(k));
	xu_buf_fini(&b);
	close(k.fd);
}
END_TEST

START_TEST(reports_that_make_no_sense)
{
	static const struct {
		const char *name;
		int64_t value;
	} lies[] = { { "size", 5 }, { "elf_class", 3 }, { "has", -1 },
		{ "elf_class", 64 + (INT64_C(1) << 32) },
		{ "phys32_entry", INT64_C(1) << 32 }, { "segments", 4 },
		{ "guest_os", 4 }, { "digest", 4 } };
	struct xg_kernel k = kernel(7, SEALS), back;

	ck_assert_int_eq(kernel_from_val(NULL, k.fd, &back), -1);
	for (size_t i = 0; i < XU_ARRAY_SIZE(lies); i++) {
		AUTO_VAL struct xu_val *v = kernel_to_val(&k);

		xu_val_set(v, lies[i].name, xu_int(lies[i].value));
		if (strcmp(lies[i].name, "guest_os") == 0)
			xu_val_set(v, "guest_os", xu_str("thirty-two characters "
			    "and that is one too many"));
		ck_assert_msg(kernel_from_val(v, k.fd, &back) == -1, "%s",
		    lies[i].name);
		ck_assert_int_eq(errno, EINVAL);
		ck_assert_int_eq(back.fd, -1);
	}
	close(k.fd);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("kernels unpacked once");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, found_again);
	tcase_add_test(t, identity_is_everything);
	tcase_add_test(t, real_files);
	tcase_add_test(t, not_settled_is_not_kept);
	tcase_add_test(t, only_sealed_and_sound);
	tcase_add_test(t, equal_content_is_one_image);
	tcase_add_test(t, bounded);
	tcase_add_test(t, a_host_short_of_memory);
	tcase_add_test(t, pressure_is_watched);
	tcase_add_test(t, between_processes);
	tcase_add_test(t, reports_that_make_no_sense);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
