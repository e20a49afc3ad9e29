/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The real daemon, killed with SIGKILL at random instants under clients that
 * write, commit transactions and set permissions: whatever was acknowledged is
 * there afterwards, and nothing is there by half. XLD_DEPTH=full: 2000 kills
 * under 200 clients.
 */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>

static char dir[64], socket_path[96];
static pid_t daemon_pid;

static void
start_daemon(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	const struct timespec nap = {.tv_nsec = 1000000};
	int fd;

	daemon_pid = fork();
	ck_assert_int_ge(daemon_pid, 0);
	if (daemon_pid == 0) {
		fd = open("/dev/null", O_WRONLY);
		dup2(fd, 2);
		setenv("XENSTORED_RUNDIR", dir, 1);
		execl(XENSTORED, "xenstored", "--no-xen", "--no-fork",
		    (char *)NULL);
		_exit(127);
	}
	strcpy(a.sun_path, socket_path);
	for (int i = 0; i < 20000; i++) {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0) {
			close(fd);
			return;
		}
		close(fd);
		ck_assert_int_eq(waitpid(daemon_pid, NULL, WNOHANG), 0);
		nanosleep(&nap, NULL);
	}
	ck_abort_msg("the daemon does not come up");
}

/* --- clients ------------------------------------------------------------------ */

enum kind {
	WRITER,
	COMMITTER,
	PERMITTER,
	KINDS
};

struct client {
	int fd;
	enum kind kind;
	unsigned number;
	/* Step of a transaction; its id. */
	unsigned step;
	char tx[16];
	/* Acknowledged, and sent: what is stored is one of the two. */
	unsigned acked, sent;
	bool waiting;
	struct xsd_sockmsg hdr;
	char body[XENSTORE_PAYLOAD_MAX + 1];
	size_t have;
};

static bool
send_request(
    struct client *c, uint32_t type, uint32_t tx, const char *body, size_t len)
{
	struct xsd_sockmsg h = {
	    .type = type, .tx_id = tx, .len = (uint32_t)len};
	char msg[512];

	memcpy(msg, &h, sizeof(h));
	memcpy(msg + sizeof(h), body, len);
	c->waiting = true;
	c->have = 0;
	return send(c->fd, msg, sizeof(h) + len, MSG_NOSIGNAL) ==
	    (ssize_t)(sizeof(h) + len);
}

/* printf with '|' for NUL. */
static size_t __attribute__((format(printf, 2, 3)))
body(char *out, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(out, 256, fmt, ap);
	va_end(ap);
	for (int i = 0; i < n; i++)
		if (out[i] == '|')
			out[i] = '\0';
	return (size_t)n;
}

static bool
next_request(struct client *c)
{
	char b[256];
	uint32_t tx = (uint32_t)atoi(c->tx);
	unsigned v = c->sent;

	if (c->kind == WRITER)
		return send_request(c, XS_WRITE, 0, b,
		    body(b, "/c/%u/n|%u", c->number, c->sent = v + 1));
	if (c->kind == PERMITTER)
		return send_request(c, XS_SET_PERMS, 0, b,
		    body(b, "/p/%u|n0|r%u|", c->number,
			(c->sent = v + 1) % 30000));
	switch (c->step) {
	case 0:
		return send_request(c, XS_TRANSACTION_START, 0, "", 1);
	case 1:
		return send_request(c, XS_WRITE, tx, b,
		    body(b, "/t/%u/a|%u", c->number, v + 1));
	case 2:
		return send_request(c, v % 2 == 0 ? XS_MKDIR : XS_RM, tx, b,
		    body(b, "/t/%u/x/y|", c->number));
	case 3:
		return send_request(c, XS_WRITE, tx, b,
		    body(b, "/t/%u/z/b|%u", c->number, v + 1));
	default:
		c->sent = v + 1;
		return send_request(c, XS_TRANSACTION_END, tx, "T", 2);
	}
}

static void
take_reply(struct client *c)
{
	c->waiting = false;
	ck_assert_msg(c->hdr.type != XS_ERROR, "%s", c->body);
	if (c->kind != COMMITTER || c->step == 4) {
		c->acked = c->sent;
		c->step = 0;
		return;
	}
	if (c->step == 0)
		snprintf(c->tx, sizeof(c->tx), "%.15s", c->body);
	c->step++;
}

/* False: the connection is gone. */
static bool
receive(struct client *c)
{
	char *to = c->have < sizeof(c->hdr)
	    ? (char *)&c->hdr + c->have
	    : c->body + (c->have - sizeof(c->hdr));
	size_t want = c->have < sizeof(c->hdr)
	    ? sizeof(c->hdr) - c->have
	    : sizeof(c->hdr) + c->hdr.len - c->have;
	ssize_t n = recv(c->fd, to, want, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return true;
	if (n <= 0)
		return false;
	c->have += (size_t)n;
	if (c->have >= sizeof(c->hdr) &&
	    c->have == sizeof(c->hdr) + c->hdr.len) {
		c->body[c->hdr.len] = '\0';
		take_reply(c);
	}
	return true;
}

static void
connect_client(struct client *c)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	strcpy(a.sun_path, socket_path);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(c->fd, (struct sockaddr *)&a, sizeof(a)), 0);
	c->waiting = false;
	c->step = 0;
}

static void
run_until_it_dies(struct client *c, unsigned n)
{
	struct pollfd p[256];
	bool alive = true;

	while (alive) {
		for (unsigned i = 0; i < n && alive; i++) {
			if (!c[i].waiting && !next_request(&c[i]))
				alive = false;
			p[i].fd = c[i].fd;
			p[i].events = POLLIN;
		}
		poll(p, n, 100);
		for (unsigned i = 0; i < n; i++)
			if (p[i].revents != 0 && !receive(&c[i]))
				alive = false;
	}
	/* What was answered before the end counts as answered. */
	for (unsigned i = 0; i < n; i++) {
		while (c[i].waiting && receive(&c[i]) && c[i].waiting) {
			char byte;

			if (recv(c[i].fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <=
			    0)
				break;
		}
		close(c[i].fd);
	}
}

/* --- looking ----------------------------------------------------------------------- */

static const char *
ask(struct client *c, uint32_t type, const char *path)
{
	ck_assert(send_request(c, type, 0, path, strlen(path) + 1));
	c->have = 0;
	ck_assert_int_eq(
	    recv(c->fd, &c->hdr, sizeof(c->hdr), MSG_WAITALL), sizeof(c->hdr));
	if (c->hdr.len > 0)
		ck_assert_int_eq(
		    recv(c->fd, c->body, c->hdr.len, MSG_WAITALL), c->hdr.len);
	c->body[c->hdr.len] = '\0';
	return c->hdr.type == XS_ERROR ? NULL : c->body;
}

static unsigned
number(struct client *c, const char *fmt, unsigned i)
{
	char path[64];
	const char *v;

	/* "%u" of the formats, which are this file's own. */
	snprintf(path, sizeof(path), "%.*s%u%s", (int)(strchr(fmt, '%') - fmt),
	    fmt, i, strchr(fmt, '%') + 2);
	v = ask(c, XS_READ, path);
	return v == NULL ? 0 : (unsigned)atoi(v);
}

static void
check_client(struct client *look, struct client *c)
{
	char path[64];
	unsigned v, w;
	const char *s;

	if (c->kind == WRITER) {
		v = number(look, "/c/%u/n", c->number);
	} else if (c->kind == PERMITTER) {
		snprintf(path, sizeof(path), "/p/%u", c->number);
		s = ask(look, XS_GET_PERMS, path);
		ck_assert_ptr_nonnull(s);
		v = look->hdr.len > 3 ? (unsigned)atoi(s + 4) : 0;
		ck_assert_msg(v == c->acked % 30000 || v == c->sent % 30000,
		    "list %u: has %u, acknowledged %u, sent %u", c->number, v,
		    c->acked, c->sent);
		v = v == c->sent % 30000 ? c->sent : c->acked;
	} else {
		v = number(look, "/t/%u/a", c->number);
		w = number(look, "/t/%u/z/b", c->number);
		ck_assert_msg(v == w, "half a transaction: %u and %u", v, w);
		snprintf(path, sizeof(path), "/t/%u/x/y", c->number);
		ck_assert((ask(look, XS_READ, path) != NULL) == (v % 2 == 1));
	}
	ck_assert_msg(v >= c->acked && v <= c->sent,
	    "client %u: has %u, acknowledged %u, sent %u", c->number, v,
	    c->acked, c->sent);
	c->acked = c->sent = v;
}

static void
killer(unsigned max_us)
{
	struct timespec t = {
	    .tv_nsec = (long)((unsigned)rand() % max_us) * 1000};
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		nanosleep(&t, NULL);
		kill(daemon_pid, SIGKILL);
		_exit(0);
	}
}

START_TEST(kills_lose_nothing)
{
	const char *depth = getenv("XLD_DEPTH");
	bool full = depth != NULL && strcmp(depth, "full") == 0;
	unsigned n = full ? 200 : 60, kills = full ? 2000 : 60;
	struct client *c = calloc(n, sizeof(*c)), look = {.fd = -1};
	char path[64];

	ck_assert_ptr_nonnull(c);
	start_daemon();
	connect_client(&look);
	for (unsigned i = 0; i < n; i++) {
		c[i].kind = (enum kind)(i % KINDS);
		c[i].number = i;
		snprintf(path, sizeof(path), "/p/%u", i);
		ck_assert_ptr_nonnull(ask(&look, XS_MKDIR, path));
		snprintf(path, sizeof(path), "/t/%u/x", i);
		ck_assert_ptr_nonnull(ask(&look, XS_MKDIR, path));
	}
	for (unsigned k = 0; k < kills; k++) {
		for (unsigned i = 0; i < n; i++)
			connect_client(&c[i]);
		/* Some while the snapshot is written, some long after. */
		killer(k % 10 == 0 ? 200000 : 8000);
		run_until_it_dies(c, n);
		ck_assert_int_eq(waitpid(daemon_pid, NULL, 0), daemon_pid);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		close(look.fd);
		start_daemon();
		connect_client(&look);
		for (unsigned i = 0; i < n; i++)
			check_client(&look, &c[i]);
	}
	ck_assert_str_eq(
	    strtok((char *)(uintptr_t)ask(&look, XS_CONTROL, "check"), " "),
	    "OK");
	kill(daemon_pid, SIGTERM);
	waitpid(daemon_pid, NULL, 0);
	free(c);
}
END_TEST

/* --- what cannot be trusted ------------------------------------------------------ */

/* A start that has to fail; what it said. */
static const char *
failed_start(void)
{
	static char text[512];
	int p[2], status;
	ssize_t n;
	pid_t pid;

	ck_assert_int_eq(pipe(p), 0);
	pid = fork();
	if (pid == 0) {
		dup2(p[1], 2);
		setenv("XENSTORED_RUNDIR", dir, 1);
		execl(XENSTORED, "xenstored", "--no-xen", "--no-fork",
		    (char *)NULL);
		_exit(127);
	}
	close(p[1]);
	n = read(p[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	close(p[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1,
	    "status %d: %s", status, text);
	return text;
}

static void
kill_daemon(void)
{
	kill(daemon_pid, SIGKILL);
	waitpid(daemon_pid, NULL, 0);
}

static off_t
size_of(const char *name, char *path, size_t size)
{
	struct stat st;

	snprintf(path, size, "%s/state/%s", dir, name);
	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_size;
}

/* One bit of the byte. */
static void
flip(const char *path, off_t at)
{
	int fd = open(path, O_RDWR);
	char c;

	ck_assert_int_eq(pread(fd, &c, 1, at), 1);
	c ^= 4;
	ck_assert_int_eq(pwrite(fd, &c, 1, at), 1);
	close(fd);
}

static void
value_is(const char *want)
{
	struct client look = { .fd = -1 };

	connect_client(&look);
	ck_assert_str_eq(ask(&look, XS_READ, "/key"), want);
	close(look.fd);
}

#define HEAD 72

START_TEST(damage_is_told)
{
	static const char *const files[] = { "journal.1", "snapshot.1" };
	struct client c = { .fd = -1 };
	char path[128], body_text[64];
	struct timespec nap = { .tv_nsec = 300000000 };

	start_daemon();
	connect_client(&c);
	nanosleep(&nap, NULL); /* the snapshot is written behind the answers */
	ck_assert(send_request(&c, XS_WRITE, 0, body_text,
	    body(body_text, "/key|kept")));
	ck_assert_int_eq(recv(c.fd, &c.hdr, sizeof(c.hdr), MSG_WAITALL),
	    sizeof(c.hdr));
	close(c.fd);
	kill_daemon();
	for (int i = 0; i < 2; i++) {
		/* Of a record: its sum's place, then its content. */
		(void)size_of(files[i], path, sizeof(path));
		for (off_t at = HEAD + 8; at < HEAD + 24; at += 5) {
			flip(path, at);
			ck_assert_ptr_nonnull(strstr(failed_start(),
			    "is damaged at byte 72 "));
			flip(path, at);
		}
	}
	ck_assert_int_eq(truncate(path, size_of(files[1], path,
				 sizeof(path)) - 8), 0);
	ck_assert_ptr_nonnull(strstr(failed_start(), "is damaged at byte 0 "));
	ck_assert_int_eq(unlink(path), 0);
	/* Without the snapshot: the first journal begins with nothing. */
	start_daemon();
	value_is("kept");
	nanosleep(&nap, NULL);
	kill_daemon();

	/* A second one at a time would be two stores. */
	start_daemon();
	ck_assert_ptr_nonnull(strstr(failed_start(), "another xenstored"));
	value_is("kept");
	nanosleep(&nap, NULL);
	kill_daemon();

	/* Later journals continue a snapshot: without it, nothing. */
	snprintf(path, sizeof(path), "rm '%s'/state/snapshot.*", dir);
	ck_assert_int_eq(system(path), 0);
	ck_assert_ptr_nonnull(strstr(failed_start(), "its snapshot is missing"));
}
END_TEST

static void
setup(void)
{
	srand(1);
	signal(SIGPIPE, SIG_IGN);
	snprintf(dir, sizeof(dir), "%s/xsd_kill.XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(socket_path, sizeof(socket_path), "%s/socket", dir);
}

static void
teardown(void)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
	ck_assert_int_eq(system(cmd), 0);
}

int
main(void)
{
	TCase *t = tcase_create("kill");
	Suite *s = suite_create("xsd_kill");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 1200);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, kills_lose_nothing);
	tcase_add_test(t, damage_is_told);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
