/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What disks lie in: images that are made and read, volume groups as vgs tells of
 * them, programs of the host's that do the work.
 */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qcow2.h"
#include "sr.h"
#include "tool.h"
#include "vdi.h"

#define MIB (INT64_C(1) << 20)
#define TIB (INT64_C(1) << 40)

static int
scratch(void)
{
	char path[] = "/tmp/xld-storage-XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	unlink(path);
	return fd;
}

/* ---- qcow2 ------------------------------------------------------------------------ */

static const int64_t sizes[] = { 512, MIB, 512 * MIB, 512 * MIB + 512, TIB,
	64 * TIB };

START_TEST(image_made)
{
	int64_t size = sizes[_i];
	int fd = scratch();
	struct qcow2 q;
	struct stat st;

	ck_assert_int_eq(qcow2_make(fd, (uint64_t)size), 0);
	ck_assert_int_eq(qcow2_read(fd, &q), 0);
	ck_assert_uint_eq(q.version, 3);
	ck_assert_uint_eq(q.size, size);
	ck_assert(!q.has_backing && !q.has_data_file);
	/* Its tables are holes. */
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_le(st.st_blocks * 512, 64 * 1024);
	if (size < 64 * TIB) {
		ck_assert_int_eq(qcow2_grow(fd, (uint64_t)size + 512), 0);
		ck_assert_int_eq(qcow2_read(fd, &q), 0);
		ck_assert_uint_eq(q.size, size + 512);
	}
	ck_assert_int_eq(qcow2_grow(fd, (uint64_t)(64 * TIB + 512)), -1);
	ck_assert_int_eq(errno, EFBIG);
	ck_assert_int_eq(qcow2_grow(fd, 0), -1);
	ck_assert_int_eq(errno, EINVAL);
	close(fd);
}
END_TEST

/* What a hostile head may say. */
static const struct {
	off_t at;
	const char *bytes;
	size_t n;
	/* 0: readable. */
	int result;
	bool backing, data_file;
} heads[] = {
	{ 0, "QFI\xfc", 4, -1, false, false },
	{ 4, "\0\0\0\4", 4, -1, false, false },
	{ 4, "\0\0\0\1", 4, -1, false, false },
	{ 8, "\0\0\0\0\0\0\0\1", 8, 0, true, false },
	{ 20, "\0\0\0\10", 4, -1, false, false },
	{ 20, "\0\0\0\26", 4, -1, false, false },
	{ 20, "\377\377\377\377", 4, -1, false, false },
	{ 24, "\377\377\377\377\377\377\377\377", 8, -1, false, false },
	{ 36, "\0\100\0\1", 4, -1, false, false },
	{ 72, "\0\0\0\0\0\0\0\4", 8, 0, false, true },
};

START_TEST(image_of_others)
{
	int fd = scratch();
	struct qcow2 q;

	ck_assert_int_eq(qcow2_read(fd, &q), -1);
	ck_assert_int_eq(qcow2_make(fd, MIB), 0);
	ck_assert_int_eq(pwrite(fd, heads[_i].bytes, heads[_i].n, heads[_i].at),
	    (ssize_t)heads[_i].n);
	ck_assert_int_eq(qcow2_read(fd, &q), heads[_i].result);
	if (heads[_i].result == 0) {
		ck_assert(q.has_backing == heads[_i].backing);
		ck_assert(q.has_data_file == heads[_i].data_file);
	}
	ck_assert_int_eq(ftruncate(fd, 71), 0);
	ck_assert_int_eq(qcow2_read(fd, &q), -1);
	close(fd);
}
END_TEST

/* ---- volume groups -------------------------------------------------------------------- */

START_TEST(figures)
{
	static const char *const bad[] = { "", "1", "1,2", "1,2,0", "1,2,3,4",
		"-1,2,3", "1,2,3x", "99999999999999999999,1,1", ",,,",
		"1,2,3\n4,5,6" };
	int64_t size, room, extent;

	ck_assert(lvm_read_figures("  10737418240,5368709120,4194304\n", &size,
	    &room, &extent));
	ck_assert_int_eq(size, 10737418240);
	ck_assert_int_eq(room, 5368709120);
	ck_assert_int_eq(extent, 4194304);
	for (size_t i = 0; i < XU_ARRAY_SIZE(bad); i++)
		ck_assert_msg(!lvm_read_figures(bad[i], &size, &room, &extent),
		    "'%s'", bad[i]);
}
END_TEST

START_TEST(group_names)
{
	static const char *const good[] = { "vg", "vg-0.1_a+B" };
	static const char *const bad[] = { "", "-f", ".", "..", "a/b", "a b",
		"a;b", "$(id)", "a\nb", "vg\xc3\xa4" };
	char name[130];

	for (size_t i = 0; i < XU_ARRAY_SIZE(good); i++)
		ck_assert(lvm_group_ok(good[i]));
	for (size_t i = 0; i < XU_ARRAY_SIZE(bad); i++)
		ck_assert_msg(!lvm_group_ok(bad[i]), "'%s'", bad[i]);
	memset(name, 'a', sizeof(name));
	name[127] = '\0';
	ck_assert(lvm_group_ok(name));
	name[127] = 'a';
	name[128] = '\0';
	ck_assert(!lvm_group_ok(name));
}
END_TEST

/* ---- programs --------------------------------------------------------------------------- */

struct seen {
	unsigned n;
	bool failed;
	char out[TOOL_OUTPUT], why[256];
};

static void
done(void *arg, const char *out, const struct xu_err *e)
{
	struct seen *s = arg;

	s->n++;
	s->failed = e != NULL;
	snprintf(s->out, sizeof(s->out), "%s", out);
	if (e != NULL)
		snprintf(s->why, sizeof(s->why), "%.255s", e->msg);
}

static struct seen
run(const char *script, unsigned seconds)
{
	char name[] = "tool", option[] = "-c", text[200];
	char *const argv[] = { name, option, text, NULL };
	struct xu_err e = XU_ERR_INIT;
	struct seen s = { 0 };

	snprintf(text, sizeof(text), "%s", script);
	ck_assert_msg(tool_run(uv_default_loop(), "/bin/sh", argv, seconds,
			  done, &s, &e) == 0, "%s", e.msg);
	ck_assert_uint_eq(s.n, 0);
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	ck_assert_uint_eq(s.n, 1);
	return s;
}

START_TEST(tool_words)
{
	struct seen s = run("echo one; echo two >&2", 30);

	ck_assert(!s.failed);
	ck_assert_str_eq(s.out, "one\ntwo\n");
	/* Its environment is not ours. */
	setenv("XLD_SECRET", "x", 1);
	s = run("echo ${XLD_SECRET:-none} $LC_ALL", 30);
	ck_assert_str_eq(s.out, "none C\n");
}
END_TEST

START_TEST(tool_fails)
{
	struct seen s = run("echo no room; echo; exit 5", 30);

	ck_assert(s.failed);
	ck_assert_str_eq(s.why, "tool: no room (status 5)");
	s = run("kill -9 $$", 30);
	ck_assert_str_eq(s.why, "tool: it gave no reason (signal 9)");
	/* What it prints is bounded, the newest stays, and is printable. */
	s = run("i=0; while [ $i -lt 3000 ]; do echo $i; i=$((i+1)); done; "
		"printf 'e\\033nd\\n'; exit 1", 60);
	ck_assert_uint_lt(strlen(s.out), TOOL_OUTPUT);
	ck_assert_ptr_nonnull(strstr(s.out, "\n2999\n"));
	ck_assert_str_eq(s.why, "tool: e?nd (status 1)");
}
END_TEST

START_TEST(tool_hangs)
{
	struct seen s = run("exec sleep 600", 1);

	ck_assert(s.failed);
	ck_assert_str_eq(s.why,
	    "tool: it did not end in time and was killed (signal 9)");
}
END_TEST

START_TEST(tool_missing)
{
	char name[] = "lvm";
	char *const argv[] = { name, NULL };
	struct xu_err e = XU_ERR_INIT;
	struct seen s = { 0 };

	ck_assert_int_eq(tool_run(uv_default_loop(), "/nonexistent/lvm", argv,
	    1, done, &s, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "/nonexistent/lvm"));
	ck_assert_uint_eq(s.n, 0);
}
END_TEST

/* ---- xld-copy ------------------------------------------------------------------------ */

/* Its status, and what it says. */
static int
copy(int from, int to, const char *start, char out[4096])
{
	int p[2], status = -1;
	ssize_t n;
	size_t len = 0;
	pid_t pid;

	ck_assert_int_eq(pipe(p), 0);
	pid = fork();
	if (pid == 0) {
		int a = fcntl(from, F_DUPFD, 50), b = fcntl(to, F_DUPFD, 51);

		dup2(p[1], 1);
		dup2(a, 3);
		dup2(b, 4);
		/* Its walls do not let it look at other threads. */
		setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
		execl(XLD_COPY, "xld-copy", start, NULL);
		_exit(99);
	}
	close(p[1]);
	while ((n = read(p[0], out + len, 4095 - len)) > 0)
		len += (size_t)n;
	out[len] = '\0';
	close(p[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

START_TEST(copies)
{
	int from = scratch(), to = scratch(), closed_to;
	char out[4096], path[64], a[4096], b[4096];
	struct stat st;

	ck_assert_int_eq(ftruncate(from, 9 * MIB + 7), 0);
	ck_assert_int_eq(ftruncate(to, 9 * MIB + 7), 0);
	ck_assert_int_eq(pwrite(from, "first", 5, 0), 5);
	ck_assert_int_eq(pwrite(from, "middle", 6, 5 * MIB - 3), 6);
	ck_assert_int_eq(pwrite(from, "last", 4, 9 * MIB + 3), 4);
	ck_assert_int_eq(copy(from, to, "0", out), 0);
	ck_assert_ptr_nonnull(strstr(out, "100\n"));
	for (off_t at = 0; at < 9 * MIB + 7; at += (off_t)sizeof(a)) {
		ssize_t n = pread(from, a, sizeof(a), at);

		ck_assert_int_eq(pread(to, b, sizeof(b), at), n);
		ck_assert_int_eq(memcmp(a, b, (size_t)n), 0);
	}
	ck_assert_int_eq(fstat(to, &st), 0);
	ck_assert_int_le(st.st_blocks * 512, 128 * 1024);
	/* From somewhere on. */
	close(to);
	to = scratch();
	ck_assert_int_eq(copy(from, to, "1048576", out), 0);
	ck_assert_int_eq(pread(to, a, 5, 0), 5);
	ck_assert_int_eq(memcmp(a, "\0\0\0\0\0", 5), 0);
	ck_assert_int_eq(pread(to, a, 6, 5 * MIB - 3), 6);
	ck_assert_int_eq(memcmp(a, "middle", 6), 0);
	/* Nothing to nothing; what cannot be written. */
	close(from);
	from = open("/dev/null", O_RDONLY);
	ck_assert_int_eq(copy(from, to, "0", out), 0);
	close(from);
	from = scratch();
	ck_assert_int_eq(pwrite(from, "x", 1, 0), 1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", to);
	closed_to = open(path, O_RDONLY);
	ck_assert_int_eq(copy(from, closed_to, "0", out), 1);
	ck_assert_ptr_nonnull(strstr(out, "write: Bad file descriptor"));
	close(closed_to);
	close(from);
	close(to);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("storage");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, image_made, 0, XU_ARRAY_SIZE(sizes));
	tcase_add_loop_test(t, image_of_others, 0, XU_ARRAY_SIZE(heads));
	tcase_add_test(t, figures);
	tcase_add_test(t, group_names);
	tcase_add_test(t, tool_words);
	tcase_add_test(t, tool_fails);
	tcase_add_test(t, tool_hangs);
	tcase_add_test(t, tool_missing);
	tcase_add_test(t, copies);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
