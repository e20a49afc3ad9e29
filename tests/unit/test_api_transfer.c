/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Disks by HTTP: xld-api and xld-copy, the programs; who plays the core joins them as
 * xld does. What arrives is compared byte by byte; what is cut off, refused or too
 * large is said to both sides.
 */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api_peer.h"
#include "copy.h"
#include "xu_file.h"
#include "xu_proc.h"

#define SETTINGS "{\"settings\":{},\"listeners\":[{\"tls\":false}]}"
/* Neither a whole number of chunks nor of blocks. */
#define SIZE	 ((size_t)(5u << 20) + 12345)
#define TASK	 "11111111-1111-1111-1111-111111111111"
#define DISK	 "22222222-2222-2222-2222-222222222222"
#define BASIC	 "Authorization: Basic YW5uOnJpZ2h0\r\n"

static char path[64];
/* What is asked of the core, and what it refuses with. */
static char asked[32], vdi[64], format[16], task[64];
static int64_t length;
static const char *refusal;
/* How xld-copy ended, once somebody has waited for it. */
static volatile int status;
static pid_t copier;

/* ---- the core --------------------------------------------------------------------- */

static void
error_of(const struct xu_msg *m, const char *code)
{
	struct xu_val *d = xu_array();

	xu_val_add(d, xu_str(code));
	peer_reply(m, "error", d, "it is so");
}

static void
begin(const struct xu_msg *m, bool in)
{
	AUTO_VAL struct xu_val *r = xu_struct();
	static char name[] = "xld-copy", take[] = "take", give[] = "give";
	char size[24];
	char *const argv[] = { name, in ? take : give, size, NULL };
	/* Its walls do not let it look at other threads. */
	static char no_leaks[] = "ASAN_OPTIONS=detect_leaks=0";
	char *const envp[] = { no_leaks, NULL };
	struct xu_val *v = xu_struct();
	struct xu_err e = XU_ERR_INIT;
	int p[2], fds[2];
	struct xu_spawn s = { .path = XLD_COPY,
		.argv = argv,
		.envp = envp,
		.fds = fds,
		.nfds = 2,
		.out_fd = open("/dev/null", O_WRONLY | O_CLOEXEC),
		.pdeathsig = SIGKILL };

	ck_assert_int_eq(pipe2(p, O_CLOEXEC), 0);
	fds[in ? 1 : 0] = open(path, O_RDWR | O_CLOEXEC);
	fds[in ? 0 : 1] = p[in ? 0 : 1];
	snprintf(size, sizeof(size), "%zu", SIZE);
	copier = xu_spawn(&s, &e);
	ck_assert_msg(copier > 0, "%s", e.msg);
	close(fds[0]);
	close(fds[1]);
	close(s.out_fd);
	xu_val_set(v, "task", xu_str(TASK));
	xu_val_set(v, "bytes", xu_int((int64_t)SIZE));
	xu_val_set(r, "ok", v);
	peer_tell(XU_MSG_REPLY, m->id, r, &p[in ? 1 : 0], 1);
	close(p[in ? 1 : 0]);
}

static int
wait_for_copier(void)
{
	int s = 0;

	while (waitpid(copier, &s, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(s) ? WEXITSTATUS(s) : -1;
}

static void
join(const struct xu_msg *m)
{
	struct xu_val *v = xu_struct(), *d = xu_array(), *o = xu_struct();
	const int s = wait_for_copier();

	xu_val_set(v, "status", xu_str(s == 0 ? "success" : "failure"));
	xu_val_add(d, xu_str("XLD_TRANSFER"));
	xu_val_set(v, "error_info", d);
	xu_val_set(o, "error_message", xu_strf("status %d", s));
	xu_val_set(v, "other_config", o);
	peer_reply(m, "ok", v, NULL);
	status = s;
}

static void
answer(const struct xu_msg *m)
{
	const char *method = xu_val_get_str(m->val, "method", "");
	const struct xu_val *p = xu_val_get(m->val, "params");
	struct xu_val *v;

	if (strcmp(method, "access.login") == 0) {
		v = xu_struct();
		xu_val_set(v, "user", xu_val_copy(xu_val_at(p, 0)));
		xu_val_set(v, "role", xu_str("vm-admin"));
		peer_reply(m, "ok", v, NULL);
		return;
	}
	if (strcmp(method, "task.join") == 0) {
		ck_assert_str_eq(xu_val_str(xu_val_at(p, 0)), TASK);
		ck_assert_str_eq(xu_val_get_str(m->val, "role", ""), "vm-admin");
		join(m);
		return;
	}
	snprintf(asked, sizeof(asked), "%s", method);
	snprintf(vdi, sizeof(vdi), "%s", xu_val_str(xu_val_at(p, 0)));
	snprintf(format, sizeof(format), "%s", xu_val_str(xu_val_at(p, 1)));
	snprintf(task, sizeof(task), "%s", xu_val_str(xu_val_at(p, 2)));
	length = xu_val_int(xu_val_at(p, 3));
	if (refusal != NULL)
		error_of(m, refusal);
	else
		begin(m, strcmp(method, "VDI.import") == 0);
}

/* ---- a client ------------------------------------------------------------------------ */

static char *content;

static void
setup(void)
{
	uint32_t x = 1;

	snprintf(path, sizeof(path), "/tmp/test_api_transfer-%d", getpid());
	content = calloc(1, SIZE);
	ck_assert_ptr_nonnull(content);
	/* A quarter of it is not zeros. */
	for (size_t i = 0; i < SIZE; i++) {
		x = x * 1664525 + 1013904223;
		if ((i >> 18) % 4 == 0)
			content[i] = (char)(x >> 24);
	}
	content[SIZE - 1] = 'e';
	close(open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600));
	status = -2;
	peer_start(XLD_API, SETTINGS, answer);
}

static void
teardown(void)
{
	int s = peer_stop(false);

	ck_assert_msg(WIFEXITED(s) && WEXITSTATUS(s) == 0,
	    "xld-api ended with %x", s);
	unlink(path);
	free(content);
}

static int
send_head(const char *text)
{
	int fd = peer_dial(peer.port);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(xu_fd_write(fd, text, strlen(text)), 0);
	return fd;
}

/* The answer's status; closes fd. */
static int
end(int fd, struct xu_buf *out)
{
	int s = 0;

	xu_buf_reset(out);
	(void)xu_fd_read(fd, 1 << 24, out);
	close(fd);
	sscanf(xu_buf_text(out), "HTTP/1.1 %d", &s);
	return s;
}

static int
begin_put(const char *query, const char *headers)
{
	char text[600];

	snprintf(text, sizeof(text), "PUT /import_raw_vdi?%s HTTP/1.1\r\nHost: "
	    "x\r\nConnection: close\r\n%s\r\n", query, headers);
	return send_head(text);
}

static int
begin_put_size(size_t size)
{
	char text[160];

	snprintf(text, sizeof(text), BASIC "Content-Length: %zu\r\n", size);
	return begin_put("vdi=OpaqueRef:" DISK "&task_id=OpaqueRef:" TASK, text);
}

static void
put_chunk(int fd, const char *p, size_t n)
{
	char head[24];

	snprintf(head, sizeof(head), "%zx\r\n", n);
	ck_assert_int_eq(xu_fd_write(fd, head, strlen(head)), 0);
	ck_assert_int_eq(xu_fd_write(fd, p, n), 0);
	ck_assert_int_eq(xu_fd_write(fd, "\r\n", 2), 0);
}

static void
is_content(size_t n)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_size, (off_t)SIZE);
	ck_assert_int_eq(xu_fd_read(fd, 1 << 24, &b), 0);
	ck_assert_int_eq(memcmp(b.data, content, n), 0);
	for (size_t i = n; i < SIZE; i++)
		if (b.data[i] != 0)
			ck_abort_msg("byte %zu is %d", i, b.data[i]);
	/* Of three quarters nothing is stored. */
	ck_assert_int_le(st.st_blocks * 512, (off_t)SIZE / 2);
}

/* ---- tests ------------------------------------------------------------------------------ */

START_TEST(comes_whole)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	int fd = begin_put_size(SIZE);

	ck_assert_int_eq(xu_fd_write(fd, content, SIZE), 0);
	ck_assert_int_eq(end(fd, &b), 200);
	ck_assert_str_eq(asked, "VDI.import");
	ck_assert_str_eq(vdi, DISK);
	ck_assert_str_eq(task, TASK);
	ck_assert_int_eq(length, (int64_t)SIZE);
	is_content(SIZE);
}
END_TEST

/* Old content does not show through; what does not come is zeros. */
START_TEST(comes_in_chunks)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	AUTO_CLOSE int old = open(path, O_WRONLY | O_CLOEXEC);
	const size_t n = SIZE - 700000;
	size_t part;
	int fd;

	for (size_t i = 0; i < 200; i++)
		ck_assert_int_eq(xu_fd_write(old, path, sizeof(path)), 0);
	fd = begin_put("vdi=" DISK "&format=raw",
	    BASIC "Transfer-Encoding: chunked\r\n");
	for (size_t i = 0; i < n; i += part) {
		part = n - i < 77777 ? n - i : 77777;
		put_chunk(fd, content + i, part);
	}
	put_chunk(fd, "", 0);
	ck_assert_int_eq(end(fd, &b), 200);
	ck_assert_int_eq(length, -1);
	ck_assert_str_eq(format, "raw");
	is_content(n);
}
END_TEST

START_TEST(nothing_comes)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;

	ck_assert_int_eq(end(begin_put_size(0), &b), 200);
	is_content(0);
}
END_TEST

START_TEST(too_much_comes)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	int fd = begin_put("vdi=" DISK, BASIC "Transfer-Encoding: chunked\r\n");

	put_chunk(fd, content, SIZE);
	put_chunk(fd, content, 4000);
	put_chunk(fd, content, SIZE);
	put_chunk(fd, "", 0);
	ck_assert_int_eq(end(fd, &b), 409);
	ck_assert_int_eq(status, COPY_LARGE);
	ck_assert_ptr_nonnull(strstr(xu_buf_text(&b), "XLD_TRANSFER"));
	ck_assert_ptr_nonnull(
	    strstr(xu_buf_text(&b), "X-XLD-Error: status 4\r\n"));
}
END_TEST

static void
until_over(void)
{
	for (int i = 0; i < 3000 && status == -2; i++)
		usleep(10000);
}

/* The client goes in the middle, in either way of telling the length. */
START_TEST(cut_off)
{
	int fd = _i == 0 ? begin_put_size(SIZE) :
			   begin_put("vdi=" DISK,
			       BASIC "Transfer-Encoding: chunked\r\n");

	if (_i == 0)
		ck_assert_int_eq(xu_fd_write(fd, content, SIZE / 2), 0);
	else
		put_chunk(fd, content, SIZE / 2);
	close(fd);
	until_over();
	ck_assert_int_eq(status, COPY_CUT);
}
END_TEST

/* Before a byte of it was read. */
START_TEST(not_taken)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;

	ck_assert_int_eq(end(begin_put("vdi=" DISK,
	    "Content-Length: 5000000000\r\nExpect: 100-continue\r\n"), &b), 401);
	ck_assert_str_eq(asked, "");
	ck_assert_int_eq(end(begin_put("vdi=" DISK "&session_id=none",
	    "Content-Length: 5000000000\r\nExpect: 100-continue\r\n"), &b), 401);
	refusal = "RBAC_PERMISSION_DENIED";
	ck_assert_int_eq(end(begin_put("vdi=" DISK,
	    BASIC "Content-Length: 5000000000\r\nExpect: 100-continue\r\n"),
	    &b), 403);
	ck_assert_int_eq(length, INT64_C(5000000000));
	refusal = "VDI_IN_USE";
	ck_assert_int_eq(end(begin_put("vdi=" DISK,
	    BASIC "Content-Length: 5\r\n"), &b), 409);
	ck_assert_int_eq(end(send_head("GET /export_raw_vdi?vdi=" DISK
	    " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" BASIC "\r\n"), &b),
	    409);
	refusal = "HANDLE_INVALID";
	ck_assert_int_eq(end(send_head("GET /export_raw_vdi?vdi=x HTTP/1.1\r\n"
	    "Host: x\r\nConnection: close\r\n" BASIC "\r\n"), &b), 404);
	refusal = NULL;
	ck_assert_int_eq(end(send_head("GET /import_raw_vdi?vdi=x HTTP/1.1\r\n"
	    "Host: x\r\nConnection: close\r\n" BASIC "\r\n"), &b), 405);
	ck_assert_int_eq(end(send_head("PUT /metrics HTTP/1.1\r\nHost: x\r\n"
	    "Connection: close\r\nContent-Length: 3\r\n" BASIC "\r\n"), &b),
	    405);
	ck_assert_int_eq(end(send_head("PUT /nothing HTTP/1.1\r\nHost: x\r\n"
	    "Connection: close\r\nContent-Length: 3\r\n" BASIC "\r\n"), &b),
	    405);
}
END_TEST

static int
begin_get(void)
{
	return send_head("GET /export_raw_vdi?format=raw&vdi=" DISK
	    " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" BASIC "\r\n");
}

static void
fill(size_t n)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	ck_assert_int_eq(xu_fd_write(fd, content, n), 0);
}

static const char *
body_of(const struct xu_buf *b, size_t *n)
{
	const char *p = strstr(xu_buf_text(b), "\r\n\r\n");

	ck_assert_ptr_nonnull(p);
	*n = b->len - (size_t)(p + 4 - b->data);
	return p + 4;
}

START_TEST(goes_whole)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	const char *body;
	size_t n;

	fill(SIZE);
	ck_assert_int_eq(end(begin_get(), &b), 200);
	body = body_of(&b, &n);
	ck_assert_uint_eq(n, SIZE);
	ck_assert_int_eq(memcmp(body, content, n), 0);
	ck_assert_int_eq(wait_for_copier(), 0);
	ck_assert_str_eq(asked, "VDI.export");
}
END_TEST

/* What the disk does not have is not made up: the client sees that it is short. */
START_TEST(goes_in_part)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	size_t n;

	fill(SIZE / 2);
	/* (The scripted core says it has SIZE.) */
	ck_assert_int_eq(end(begin_get(), &b), 200);
	ck_assert_ptr_nonnull(
	    strstr(xu_buf_text(&b), "Content-Length: 5255225\r\n"));
	body_of(&b, &n);
	ck_assert_uint_lt(n, SIZE);
	ck_assert_int_eq(wait_for_copier(), COPY_FAILED);
}
END_TEST

START_TEST(nobody_reads_on)
{
	char some[1000];
	int fd;

	fill(SIZE);
	fd = begin_get();
	ck_assert_int_gt(read(fd, some, sizeof(some)), 0);
	close(fd);
	ck_assert_int_eq(wait_for_copier(), COPY_CUT);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("disks by HTTP");
	TCase *tc = tcase_create("all"), *cut = tcase_create("cut");
	SRunner *sr = srunner_create(s);
	int bad;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(cut, setup, teardown);
	tcase_set_timeout(cut, 60);
	tcase_add_test(tc, comes_whole);
	tcase_add_test(tc, comes_in_chunks);
	tcase_add_test(tc, nothing_comes);
	tcase_add_test(tc, too_much_comes);
	tcase_add_loop_test(cut, cut_off, 0, 2);
	tcase_add_test(tc, not_taken);
	tcase_add_test(tc, goes_whole);
	tcase_add_test(tc, goes_in_part);
	tcase_add_test(tc, nobody_reads_on);
	suite_add_tcase(s, tc);
	suite_add_tcase(s, cut);
	srunner_run_all(sr, CK_NORMAL);
	bad = srunner_ntests_failed(sr);
	srunner_free(sr);
	return bad == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
