/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a service manager hears of us, and what it hands over: we play it. */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "xu_auto.h"
#include "xu_sd.h"

static int
manager(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	size_t n = strlen(name);

	ck_assert_int_ge(fd, 0);
	memcpy(a.sun_path, name, n);
	if (name[0] == '@')
		a.sun_path[0] = '\0';
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				 n)), 0);
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static void
hears(int fd, const char *want)
{
	char text[200] = "";
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

	ck_assert_int_gt(n, 0);
	ck_assert_msg(strncmp(text, want, strlen(want)) == 0, "%s", text);
}

START_TEST(words)
{
	char dir[] = "/tmp/xld-sd-XXXXXX", path[64], name[64];
	int fd;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/notify", dir);
	fd = manager(path);
	xu_sd_notify("READY=1");
	hears(fd, "READY=1");
	xu_sd_reloading();
	hears(fd, "RELOADING=1\nMONOTONIC_USEC=");
	close(fd);
	/* It is gone: nobody minds. */
	xu_sd_notify("READY=1");
	unlink(path);
	rmdir(dir);
	snprintf(name, sizeof(name), "@xld-sd-%d", (int)getpid());
	fd = manager(name);
	xu_sd_notify("STOPPING=1");
	hears(fd, "STOPPING=1");
	close(fd);
	/* Nonsense in the environment. */
	setenv("NOTIFY_SOCKET", "relative", 1);
	xu_sd_notify("READY=1");
	memset(path, 'a', sizeof(path));
	unsetenv("NOTIFY_SOCKET");
	xu_sd_notify("READY=1");
}
END_TEST

START_TEST(watchdog)
{
	char pid[16];

	unsetenv("WATCHDOG_USEC");
	ck_assert_uint_eq(xu_sd_watchdog(), 0);
	setenv("WATCHDOG_USEC", "120000000", 1);
	ck_assert_uint_eq(xu_sd_watchdog(), 120000000);
	setenv("WATCHDOG_PID", "1", 1);
	ck_assert_uint_eq(xu_sd_watchdog(), 0);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	ck_assert_uint_eq(xu_sd_watchdog(), 120000000);
	setenv("WATCHDOG_USEC", "soon", 1);
	ck_assert_uint_eq(xu_sd_watchdog(), 0);
}
END_TEST

/* A socket at path as descriptor 3, and what goes with it. */
static void
hand_over(const char *path, int type, bool listening, pid_t pid)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type, 0);
	char text[16];

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	if (listening)
		ck_assert_int_eq(listen(fd, 5), 0);
	if (fd != 3) {
		ck_assert_int_eq(dup2(fd, 3), 3);
		close(fd);
	}
	snprintf(text, sizeof(text), "%d", (int)pid);
	setenv("LISTEN_PID", text, 1);
	setenv("LISTEN_FDS", "1", 1);
}

static const struct {
	int type;
	bool listening, ours, right_path, taken;
} cases[] = {
	{ SOCK_STREAM, true, true, true, true },
	{ SOCK_STREAM, true, true, false, false },
	{ SOCK_STREAM, false, true, true, false },
	{ SOCK_DGRAM, false, true, true, false },
	{ SOCK_STREAM, true, false, true, false },
};

START_TEST(listener)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char dir[] = "/tmp/xld-sd-XXXXXX", path[64];
	int fd, client;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/api.sock", dir);
	hand_over(path, cases[_i].type, cases[_i].listening,
	    cases[_i].ours ? getpid() : 1);
	fd = xu_sd_listener(cases[_i].right_path ? path : "/elsewhere");
	ck_assert_int_eq(fd >= 0, cases[_i].taken);
	ck_assert_ptr_null(getenv("LISTEN_FDS"));
	/* Once. */
	ck_assert_int_eq(xu_sd_listener(path), -1);
	/* Nothing that was meant for us stays open in our children's places. */
	ck_assert_int_eq(fcntl(3, F_GETFD) >= 0, !cases[_i].ours);
	if (fd >= 0) {
		ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
		ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
		client = socket(AF_UNIX, SOCK_STREAM, 0);
		memcpy(a.sun_path, path, strlen(path));
		ck_assert_int_eq(connect(client, (struct sockaddr *)&a,
				     sizeof(a)), 0);
		ck_assert_int_ge(accept(fd, NULL, NULL), 0);
	}
	unlink(path);
	rmdir(dir);
}
END_TEST

START_TEST(no_listener)
{
	unsetenv("LISTEN_PID");
	setenv("LISTEN_FDS", "1", 1);
	ck_assert_int_eq(xu_sd_listener("/run/x"), -1);
	setenv("LISTEN_FDS", "-1", 1);
	setenv("LISTEN_PID", "x", 1);
	ck_assert_int_eq(xu_sd_listener("/run/x"), -1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("service manager");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_test(t, words);
	tcase_add_test(t, watchdog);
	tcase_add_loop_test(t, listener, 0, XU_ARRAY_SIZE(cases));
	tcase_add_test(t, no_listener);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
