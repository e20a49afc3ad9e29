/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Archives of machines by HTTP: xld-api and xld-copy, the programs; who plays the core
 * joins them as xld does. What an export gave an import takes, packed or not, and the
 * disk has the same bytes then; what is torn or cut off is said to the core.
 */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api_peer.h"
#include "copy.h"
#include "xu_file.h"
#include "xu_proc.h"

#define SETTINGS "{\"settings\":{},\"listeners\":[{\"tls\":false}]}"
#define SIZE	 ((size_t)(4u << 20) + 1536)
#define TASK	 "11111111-1111-1111-1111-111111111111"
#define VM	 "22222222-2222-2222-2222-222222222222"
#define VDI	 "33333333-3333-3333-3333-333333333333"
#define ELSE	 "44444444-4444-4444-4444-444444444444"
#define BASIC	 "Authorization: Basic YW5uOnJpZ2h0\r\n"

static char path[64], *content;
/* What xld-api asked of the core last; how often for an import. */
static char name[64], refused[64], zip[16], vdi_name[64];
static int64_t virtual_size;
static volatile int asked;
static pid_t copier;

/* ---- the core --------------------------------------------------------------------- */

static void
begin(const struct xu_msg *m, bool in, struct xu_val *objects)
{
	AUTO_VAL struct xu_val *r = xu_struct();
	static char prog[] = "xld-copy", take[] = "xva-take", give[] = "xva-give",
	    raw[] = "raw", none[] = "-";
	static char no_leaks[] = "ASAN_OPTIONS=detect_leaks=0";
	static char disk[] = "Ref:1";
	char size[24];
	char *const argv[] = { prog, in ? take : give,
		in || zip[0] == '\0' ? none : zip, disk, size, raw, NULL };
	char *const envp[] = { no_leaks, NULL };
	struct xu_val *v = xu_struct();
	struct xu_err e = XU_ERR_INIT;
	int p[2], fds[2];
	struct xu_spawn s = { .path = XLD_COPY, .argv = argv, .envp = envp,
		.fds = fds, .nfds = 2,
		.out_fd = open("/dev/null", O_WRONLY | O_CLOEXEC),
		.pdeathsig = SIGKILL };

	ck_assert_int_eq(pipe2(p, O_CLOEXEC), 0);
	fds[0] = p[in ? 0 : 1];
	fds[1] = open(path, O_RDWR | O_CLOEXEC);
	snprintf(size, sizeof(size), "%zu", SIZE);
	copier = xu_spawn(&s, &e);
	ck_assert_msg(copier > 0, "%s", e.msg);
	close(fds[0]);
	close(fds[1]);
	close(s.out_fd);
	xu_val_set(v, "task", xu_str(TASK));
	if (objects != NULL)
		xu_val_set(v, "objects", objects);
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
	struct xu_val *v = xu_struct(), *d = xu_array();
	const int s = wait_for_copier();

	xu_val_set(v, "status", xu_str(s == 0 ? "success" : "failure"));
	xu_val_set(v, "result", xu_str("[" VM "]"));
	xu_val_add(d, xu_str(s == COPY_SUMS ?
		"IMPORT_ERROR_SOME_CHECKSUMS_FAILED" : "XLD_TRANSFER"));
	xu_val_set(v, "error_info", d);
	peer_reply(m, "ok", v, NULL);
}

static void
add(struct xu_val *list, const char *class, const char *id, const char *ref,
    struct xu_val *record)
{
	struct xu_val *v = xu_struct();

	xu_val_set(v, "class", xu_str(class));
	xu_val_set(v, "id", xu_str(id));
	xu_val_set(v, "ref", xu_str(ref));
	xu_val_set(v, "snapshot", record);
	xu_val_add(list, v);
}

static struct xu_val *
machine(void)
{
	struct xu_val *list = xu_array(), *vm = xu_struct(), *vdi = xu_struct();
	struct xu_val *refs = xu_array();

	xu_val_set(vm, "name_label", xu_str("<a> & b"));
	xu_val_set(vm, "VCPUs_max", xu_int(2));
	/* It is not in the archive. */
	xu_val_add(refs, xu_str(ELSE));
	xu_val_set(vm, "consoles", refs);
	xu_val_set(vm, "resident_on", xu_str(ELSE));
	xu_val_set(vdi, "virtual_size", xu_int((int64_t)SIZE));
	xu_val_set(vdi, "name_label", xu_str("its disk"));
	add(list, "VM", "Ref:0", VM, vm);
	add(list, "VDI", "Ref:1", VDI, vdi);
	return list;
}

static void
import(const struct xu_msg *m, const struct xu_val *a)
{
	const struct xu_val *list = xu_val_get(a, "objects");
	const struct xu_val *error = xu_val_get(a, "error");

	asked++;
	ck_assert_str_eq(xu_val_get_str(a, "sr", ""), ELSE);
	if (error != NULL) {
		snprintf(refused, sizeof(refused), "%s",
		    xu_val_str(xu_val_at(error, 0)));
		peer_reply(m, "error", xu_val_copy(error), "it is so");
	} else if (list == NULL) {
		peer_reply(m, "ok", xu_str(""), NULL);
	} else {
		ck_assert_uint_eq(xu_val_count(list), 2);
		snprintf(name, sizeof(name), "%s", xu_val_get_str(xu_val_get(
			xu_val_at(list, 0), "snapshot"), "name_label", ""));
		snprintf(vdi_name, sizeof(vdi_name), "%s",
		    xu_val_get_str(xu_val_at(list, 1), "id", ""));
		virtual_size = xu_val_get_int(xu_val_get(xu_val_at(list, 1),
			"snapshot"), "virtual_size", 0);
		begin(m, true, NULL);
	}
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
	} else if (strcmp(method, "task.join") == 0) {
		join(m);
	} else if (strcmp(method, "VM.import") == 0) {
		import(m, xu_val_at(p, 0));
	} else {
		ck_assert_str_eq(method, "VM.export");
		ck_assert_str_eq(xu_val_str(xu_val_at(p, 0)), VM);
		snprintf(zip, sizeof(zip), "%s", xu_val_str(xu_val_at(p, 1)));
		begin(m, false, machine());
	}
}

/* ---- a client ------------------------------------------------------------------------ */

static void
put_disk(const char *p)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	ck_assert_int_eq(ftruncate(fd, (off_t)SIZE), 0);
	if (p != NULL)
		ck_assert_int_eq(xu_fd_write(fd, p, SIZE), 0);
	close(fd);
}

static void
setup(void)
{
	uint32_t x = 1;

	snprintf(path, sizeof(path), "/tmp/test_api_xva-%d", getpid());
	content = calloc(1, SIZE);
	ck_assert_ptr_nonnull(content);
	for (size_t i = 2 << 20; i < 3 << 20; i++) {
		x = x * 1664525 + 1013904223;
		content[i] = (char)(x >> 24);
	}
	put_disk(content);
	name[0] = refused[0] = zip[0] = '\0';
	asked = 0;
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
ask(const char *method, const char *query, const char *headers)
{
	char text[500];
	int fd = peer_dial(peer.port);
	int n = snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: x\r\n"
	    "Connection: close\r\n" BASIC "%s\r\n", method, query, headers);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(xu_fd_write(fd, text, (size_t)n), 0);
	return fd;
}

/* The answer's status, all of it in out; closes fd. */
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

/* What is in the chunks of an answer. */
static void
unchunk(const struct xu_buf *b, struct xu_buf *out)
{
	const char *p = strstr(b->data, "\r\n\r\n"), *line;
	unsigned long n;
	char *rest;

	ck_assert_ptr_nonnull(p);
	for (p += 4;; p += n + 2) {
		line = p;
		n = strtoul(line, &rest, 16);
		ck_assert_msg(rest != line, "it ends without a last chunk");
		p = rest + 2;
		if (n == 0)
			return;
		xu_buf_add(out, p, n);
	}
}

static void
export(const char *how, struct xu_buf *archive)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	char query[120];

	snprintf(query, sizeof(query), "/export?ref=OpaqueRef:" VM "%s", how);
	ck_assert_int_eq(end(ask("GET", query, ""), &b), 200);
	xu_buf_reset(archive);
	unchunk(&b, archive);
}

static int
put_head(size_t n)
{
	char text[80];

	snprintf(text, sizeof(text), "Content-Length: %zu\r\n", n);
	return ask("PUT", "/import?sr_id=OpaqueRef:" ELSE, text);
}

static int
put_archive(const char *p, size_t n, struct xu_buf *b)
{
	int fd = put_head(n);

	/* In parts of any size: the head does not come at once. */
	for (size_t i = 0, part = 300; i < n; i += part, part = part * 3 + 1) {
		part = part < n - i ? part : n - i;
		ck_assert_int_eq(xu_fd_write(fd, p + i, part), 0);
		if (i < 4000)
			usleep(20000);
	}
	return end(fd, b);
}

static void
is_content(void)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(xu_fd_read(fd, 1 << 24, &b), 0);
	ck_assert_uint_eq(b.len, SIZE);
	ck_assert_int_eq(memcmp(b.data, content, SIZE), 0);
}

/* ---- tests ------------------------------------------------------------------------------ */

START_TEST(there_and_back)
{
	static const char *const how[] = { "", "&use_compression=true",
		"&use_compression=zstd" };
	AUTO_BUF struct xu_buf a = XU_BUF_INIT, b = XU_BUF_INIT;

	export(how[_i], &a);
	if (_i == 0) {
		ck_assert_int_eq(strcmp(a.data, "ova.xml"), 0);
		ck_assert_ptr_nonnull(strstr(a.data + 512, "OpaqueRef:NULL"));
		/* Of sets and of fields. */
		ck_assert_ptr_null(memmem(a.data, a.len, ELSE, strlen(ELSE)));
	}
	put_disk(NULL);
	ck_assert_int_eq(put_archive(a.data, a.len, &b), 200);
	ck_assert_ptr_nonnull(strstr(b.data, "\r\n\r\nOpaqueRef:" VM "\n"));
	ck_assert_str_eq(name, "<a> & b");
	ck_assert_str_eq(vdi_name, "Ref:1");
	ck_assert_int_eq(virtual_size, (int64_t)SIZE);
	ck_assert_int_eq(asked, 2);
	is_content();
}
END_TEST

START_TEST(torn)
{
	AUTO_BUF struct xu_buf a = XU_BUF_INIT, b = XU_BUF_INIT;

	export("", &a);
	ck_assert_int_eq(put_archive(a.data, 700, &b), 409);
	ck_assert_str_eq(refused, "IMPORT_ERROR_PREMATURE_EOF");
	ck_assert_ptr_nonnull(strstr(b.data, "IMPORT_ERROR_PREMATURE_EOF"));
	ck_assert_int_eq(put_archive(a.data, 0, &b), 409);
	ck_assert_int_eq(put_archive(content + (2 << 20), SIZE / 4, &b), 409);
	ck_assert_str_eq(refused, "IMPORT_ERROR");
	/* The content of the one chunk that has some. */
	a.data[a.len - 8000 - (1 << 20)] ^= 1;
	put_disk(NULL);
	ck_assert_int_eq(put_archive(a.data, a.len, &b), 409);
	ck_assert_ptr_nonnull(strstr(b.data, "CHECKSUMS_FAILED"));
}
END_TEST

/* Within ova.xml, and behind it. */
START_TEST(cut_off)
{
	AUTO_BUF struct xu_buf a = XU_BUF_INIT;
	int fd;

	export("", &a);
	fd = put_head(a.len);
	ck_assert_int_eq(xu_fd_write(fd, a.data, _i == 0 ? 700 : a.len / 2), 0);
	for (int i = 0; i < 1000 && asked < 1 + _i; i++)
		usleep(10000);
	ck_assert_int_eq(asked, 1 + _i);
	close(fd);
	/* It goes on to serve. */
	put_disk(content);
	export("", &a);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("archives by HTTP");
	TCase *tc = tcase_create("all");
	SRunner *sr = srunner_create(s);
	int bad;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, there_and_back, 0, 3);
	tcase_add_test(tc, torn);
	tcase_add_loop_test(tc, cut_off, 0, 2);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	bad = srunner_ntests_failed(sr);
	srunner_free(sr);
	return bad == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
