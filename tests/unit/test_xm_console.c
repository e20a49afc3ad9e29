/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xm's console loop on a real pseudo terminal and on pipes, with a socket as the
 * guest: what goes through, what leaves, and that the terminal is always given
 * back as it was.
 */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "xm.h"

/* Only so that a test ends: nothing here waits this long when it works. */
#define PATIENCE_MS 20000

/* Our end of the terminal, of the output and of the guest's console. */
static int term = -1, tty = -1, output = -1, guest = -1;
static struct termios before;
static pid_t pid;

/* The program: the loop on stdin, stdout and `console`. */
static void
child(int console, int in, int out, bool readonly)
{
	struct xm_console c = {
		.fd = console,
		.name = "web",
		.readonly = readonly,
		.escape = XM_ESCAPE_DEFAULT,
	};
	struct xm xm = { .format = XM_TEXT };

	/* Whoever runs the tests may ignore some, as nohup does. */
	for (int sig = 1; sig < 32; sig++)
		signal(sig, SIG_DFL);
	dup2(in, 0);
	dup2(out, 1);
	/* What is said to a person would mix with the output. */
	dup2(open("/dev/null", O_WRONLY), 2);
	for (int fd = 3; fd < 64; fd++)
		if (fd != console)
			close(fd);
	_exit(xm_console_run(&xm, &c));
}

/* in: -1 for the terminal. */
static void
start(int in, bool readonly)
{
	int sv[2], p[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	ck_assert_int_eq(pipe(p), 0);
	term = posix_openpt(O_RDWR | O_NOCTTY);
	ck_assert_int_ge(term, 0);
	ck_assert_int_eq(grantpt(term), 0);
	ck_assert_int_eq(unlockpt(term), 0);
	tty = open(ptsname(term), O_RDWR | O_NOCTTY);
	ck_assert_int_ge(tty, 0);
	ck_assert_int_eq(tcgetattr(tty, &before), 0);
	ck_assert(before.c_lflag & ICANON);
	pid = fork();
	if (pid == 0)
		child(sv[1], in < 0 ? tty : in, p[1], readonly);
	ck_assert_int_gt(pid, 0);
	close(sv[1]);
	close(p[1]);
	guest = sv[0];
	output = p[0];
}

static bool
is_raw(void)
{
	struct termios t;

	ck_assert_int_eq(tcgetattr(tty, &t), 0);
	return (t.c_lflag & (ICANON | ECHO | ISIG)) == 0;
}

static void
wait_raw(void)
{
	for (int i = 0; i < PATIENCE_MS && !is_raw(); i++)
		poll(NULL, 0, 1);
	ck_assert(is_raw());
}

static void
restored(void)
{
	struct termios t;

	ck_assert_int_eq(tcgetattr(tty, &t), 0);
	ck_assert_uint_eq(t.c_lflag, before.c_lflag);
	ck_assert_uint_eq(t.c_iflag, before.c_iflag);
	ck_assert_uint_eq(t.c_oflag, before.c_oflag);
}

/* Its status as a shell would show it. */
static int
end(void)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	restored();
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

static void
put(int fd, const char *text)
{
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* Reads until text came, which must be all there is. */
static void
get(int fd, const char *text)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buf[256] = "";
	size_t len = 0;
	ssize_t n;

	while (len < strlen(text)) {
		ck_assert_msg(poll(&p, 1, PATIENCE_MS) == 1,
		    "'%s' never came, only '%s'", text, buf);
		n = read(fd, buf + len, sizeof(buf) - 1 - len);
		ck_assert_msg(n > 0, "the end, not '%s'", text);
		len += (size_t)n;
		buf[len] = '\0';
	}
	ck_assert_str_eq(buf, text);
}

static bool
ended(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char c;

	return poll(&p, 1, PATIENCE_MS) == 1 && read(fd, &c, 1) <= 0;
}

START_TEST(both_ways)
{
	start(-1, false);
	put(guest, "login: ");
	get(output, "login: ");
	wait_raw();
	/* Nothing is special but the escape: interrupt, stop, 8 bits. */
	put(term, "root\r\x03\x1a\xc3\xa4");
	get(guest, "root\r\x03\x1a\xc3\xa4");
	put(term, "bye\x1dnot this");
	get(guest, "bye");
	ck_assert_int_eq(end(), 0);
	ck_assert(ended(guest));
}
END_TEST

START_TEST(the_guest_ends)
{
	start(-1, false);
	wait_raw();
	put(guest, "last words\r\n");
	close(guest);
	get(output, "last words\r\n");
	ck_assert_int_eq(end(), 0);
}
END_TEST

START_TEST(read_only)
{
	start(-1, true);
	wait_raw();
	put(term, "nothing of this");
	put(guest, "output");
	get(output, "output");
	put(term, "\x1d");
	ck_assert_int_eq(end(), 0);
	ck_assert(ended(guest));
}
END_TEST

static const int endings[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGSEGV,
	SIGBUS, SIGABRT, SIGFPE, SIGILL };

START_TEST(signals_give_the_terminal_back)
{
	start(-1, false);
	wait_raw();
	ck_assert_int_eq(kill(pid, endings[_i]), 0);
	ck_assert_int_eq(end(), 128 + endings[_i]);
}
END_TEST

START_TEST(stopped_and_continued)
{
	int status;

	start(-1, false);
	wait_raw();
	kill(pid, SIGTSTP);
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	ck_assert(WIFSTOPPED(status));
	restored();
	kill(pid, SIGCONT);
	wait_raw();
	put(guest, "on");
	get(output, "on");
	put(term, "\x1d");
	ck_assert_int_eq(end(), 0);
}
END_TEST

/* The guest reads nothing and says nothing: the escape works all the same. */
START_TEST(a_deaf_guest)
{
	char junk[1024];
	struct pollfd p = { .events = POLLOUT };

	start(-1, false);
	wait_raw();
	memset(junk, 'x', sizeof(junk));
	p.fd = term;
	for (int i = 0; i < 512; i++) {
		ck_assert_int_eq(poll(&p, 1, PATIENCE_MS), 1);
		ck_assert_int_gt(write(term, junk, sizeof(junk)), 0);
	}
	put(term, "\x1d");
	ck_assert_int_eq(end(), 0);
}
END_TEST

/* Nobody reads the output and the guest floods: the same. */
START_TEST(a_deaf_reader)
{
	static char junk[1 << 18];

	start(-1, false);
	wait_raw();
	memset(junk, 'x', sizeof(junk));
	fcntl(guest, F_SETFL, O_NONBLOCK);
	while (write(guest, junk, sizeof(junk)) > 0)
		;
	put(term, "\x1d");
	ck_assert_int_eq(end(), 0);
}
END_TEST

START_TEST(the_reader_leaves)
{
	start(-1, false);
	wait_raw();
	close(output);
	ck_assert_int_eq(end(), 0);
}
END_TEST

START_TEST(pipes)
{
	int p[2];

	ck_assert_int_eq(pipe(p), 0);
	start(p[0], false);
	put(p[1], "date\n");
	get(guest, "date\n");
	/* The end of the input is not the end of the session. */
	close(p[1]);
	put(guest, "Sat\n");
	get(output, "Sat\n");
	close(guest);
	ck_assert(ended(output));
	ck_assert_int_eq(end(), 0);
}
END_TEST

/* More than any buffer, byte for byte. */
START_TEST(much)
{
	static unsigned char want[3 << 20], got[sizeof(want)];
	size_t sent = 0, len = 0;
	struct pollfd p[2];
	int null = open("/dev/null", O_RDONLY);
	ssize_t n;

	for (size_t i = 0; i < sizeof(want); i++)
		want[i] = (unsigned char)(i * 2654435761u >> 13);
	start(null, false);
	fcntl(guest, F_SETFL, O_NONBLOCK);
	while (len < sizeof(want)) {
		p[0] = (struct pollfd){ .fd = output, .events = POLLIN };
		p[1] = (struct pollfd){
			.fd = sent < sizeof(want) ? guest : -1,
			.events = POLLOUT };
		ck_assert_int_gt(poll(p, 2, PATIENCE_MS), 0);
		if (p[0].revents != 0) {
			n = read(output, got + len, sizeof(got) - len);
			ck_assert_int_gt(n, 0);
			len += (size_t)n;
		}
		if (p[1].revents != 0) {
			n = write(guest, want + sent, sizeof(want) - sent);
			sent += n > 0 ? (size_t)n : 0;
		}
	}
	ck_assert_int_eq(memcmp(got, want, sizeof(want)), 0);
	close(guest);
	ck_assert_int_eq(end(), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("xm_console");
	TCase *t = tcase_create("console");
	SRunner *r;
	int failed;

	tcase_add_test(t, both_ways);
	tcase_add_test(t, the_guest_ends);
	tcase_add_test(t, read_only);
	tcase_add_loop_test(t, signals_give_the_terminal_back, 0,
	    (int)XU_ARRAY_SIZE(endings));
	tcase_add_test(t, stopped_and_continued);
	tcase_add_test(t, a_deaf_guest);
	tcase_add_test(t, a_deaf_reader);
	tcase_add_test(t, the_reader_leaves);
	tcase_add_test(t, pipes);
	tcase_add_test(t, much);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
