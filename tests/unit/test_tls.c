/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xld-tls, the program, at both ends of a connection, with certificates that xld-cert,
 * the program, made: who knows whom, what passes, how it ends. xld is a script here.
 */
#include "config.h"

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xu_file.h"
#include "xu_msg.h"
#include "xu_proc.h"

/* What passes in each direction: more than any buffer on the way. */
#define MUCH (4u << 20)

/* Is the kernel's TLS asked for? Not every kernel has it; nothing else differs. */
static bool kernel;
/* Seconds without a sign of the other, for those that begin now. */
static int silence = 30;

/* Hosts: certificate and key, and the certificate's print. */
static struct host {
	int cert, key;
	char print[96];
} a, b;

/* One xld-tls. */
struct end {
	pid_t pid;
	struct xu_chan *chan;
	struct xu_msg said;
};

static int listener = -1;
static char port[32];

/* ---- the script that xld is -------------------------------------------------------- */

static struct end
start(const struct host *h, const char *what, const char *to, int conn,
    const char *trusted, const char *must)
{
	static char name[] = "xld-tls";
	char *argv[] = { name, NULL };
	AUTO_VAL struct xu_val *v = xu_struct();
	struct xu_val *list = xu_array();
	struct xu_err e = XU_ERR_INIT;
	struct end x = { .pid = -1 };
	int sv[2], fds[3] = { h->cert, h->key, conn };
	struct xu_spawn s = { .path = XLD_TLS, .argv = argv, .fds = &sv[1],
		.nfds = 1 };

	ck_assert_int_eq(xu_socketpair(sv, false), 0);
	x.pid = xu_spawn(&s, &e);
	ck_assert_msg(x.pid > 0, "%s", e.msg);
	close(sv[1]);
	x.chan = xu_chan_new(sv[0], 65536);
	lseek(h->cert, 0, SEEK_SET);
	lseek(h->key, 0, SEEK_SET);
	xu_val_set(v, "do", xu_str(what));
	xu_val_set(v, "to", xu_str(to));
	xu_val_set(v, "must", xu_str(must));
	if (trusted[0] != '\0')
		xu_val_add(list, xu_str(trusted));
	xu_val_set(v, "trusted", list);
	xu_val_set(v, "kernel", xu_bool(kernel));
	xu_val_set(v, "silence", xu_int(silence));
	ck_assert_int_eq(xu_chan_send(x.chan, XU_MSG_CALL, 0, v, fds,
	    conn >= 0 ? 3 : 2), 0);
	if (conn >= 0)
		close(conn);
	return x;
}

/* Its answer; the stream of one that is well. */
static int
heard(struct end *x, uint32_t kind)
{
	int fd = -1;

	ck_assert_int_eq(xu_chan_recv(x->chan, &x->said), 1);
	ck_assert_msg(x->said.kind == kind, "%u: %s", x->said.kind,
	    xu_val_get_str(x->said.val, "message", ""));
	if (x->said.nfds > 0) {
		fd = x->said.fds[0];
		x->said.fds[0] = -1;
	}
	return fd;
}

static void
says(const struct end *x, const char *words)
{
	const char *m = xu_val_get_str(x->said.val, "message", "");

	ck_assert_msg(strstr(m, words) != NULL, "%s", m);
}

static void
end(struct end *x)
{
	int status;

	xu_msg_fini(&x->said);
	xu_chan_free(&x->chan);
	ck_assert_int_eq(waitpid(x->pid, &status, 0), x->pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	    "xld-tls ended with %x", status);
}

static void
make_host(struct host *h)
{
	static char name[] = "xld-cert", host[] = "box.example";
	char *argv[] = { name, host, NULL };
	int fds[2] = { memfd_create("c", 0), memfd_create("k", 0) }, status;
	struct xu_err e = XU_ERR_INIT;
	struct xu_spawn sp = { .path = XLD_CERT, .argv = argv, .fds = fds,
		.nfds = 2 };
	pid_t pid = xu_spawn(&sp, &e);
	struct end x;

	ck_assert_msg(pid > 0, "%s", e.msg);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	h->cert = fds[0];
	h->key = fds[1];
	x = start(h, "own", "", -1, "", "");
	heard(&x, XU_MSG_DONE);
	snprintf(h->print, sizeof(h->print), "%s",
	    xu_val_get_str(x.said.val, "own", ""));
	ck_assert_uint_eq(strlen(h->print), 95);
	end(&x);
}

static void
setup(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);

	make_host(&a);
	make_host(&b);
	ck_assert_str_ne(a.print, b.print);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&sin, sizeof(sin)), 0);
	ck_assert_int_eq(listen(listener, 4), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&sin, &len), 0);
	snprintf(port, sizeof(port), "127.0.0.1:%u", ntohs(sin.sin_port));
}

static void
teardown(void)
{
	close(listener);
	close(a.cert);
	close(a.key);
	close(b.cert);
	close(b.key);
}

static int
arrived(void)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

/* A dials, B serves; what each knows. */
static void
meet(struct end *dial, struct end *serve, const char *a_knows,
    const char *a_must, const char *b_knows)
{
	*dial = start(&a, "dial", port, -1, a_knows, a_must);
	*serve = start(&b, "serve", "", arrived(), b_knows, "");
}

/* ---- what passes ---------------------------------------------------------------------- */

static uint8_t
byte_at(size_t i, uint8_t salt)
{
	return (uint8_t)((i * 2654435761u >> 13) + salt);
}

/* Both ways at once, until all has come. */
static void
exchange(int one, int two)
{
	static uint8_t buf[65536];
	const int fds[2] = { one, two };
	size_t out[2] = { 0, 0 }, in[2] = { 0, 0 };
	ssize_t n;

	xu_set_nonblock(one, true);
	xu_set_nonblock(two, true);
	while (in[0] < MUCH || in[1] < MUCH) {
		struct pollfd p[2];

		for (int i = 0; i < 2; i++)
			p[i] = (struct pollfd) { fds[i],
				(short)(POLLIN | (out[i] < MUCH ? POLLOUT : 0)),
				0 };
		ck_assert_int_gt(poll(p, 2, 30000), 0);
		for (int i = 0; i < 2; i++) {
			n = read(fds[i], buf, sizeof(buf));
			ck_assert_int_ne(n, 0);
			for (ssize_t k = 0; k < n; k++)
				ck_assert_uint_eq(buf[k], byte_at(in[i]++,
				    (uint8_t)!i));
			for (size_t k = 0; k < sizeof(buf); k++)
				buf[k] = byte_at(out[i] + k, (uint8_t)i);
			n = out[i] == MUCH ? 0 : send(fds[i], buf,
			    MUCH - out[i] < sizeof(buf) ? MUCH - out[i] :
							  sizeof(buf), 0);
			out[i] += n > 0 ? (size_t)n : 0;
		}
	}
}

START_TEST(passes)
{
	struct end dial, serve;
	int one, two;
	char c;

	kernel = _i != 0;
	meet(&dial, &serve, b.print, "", a.print);
	one = heard(&dial, XU_MSG_DONE);
	two = heard(&serve, XU_MSG_DONE);
	ck_assert_str_eq(xu_val_get_str(dial.said.val, "peer", ""), b.print);
	ck_assert_str_eq(xu_val_get_str(serve.said.val, "peer", ""), a.print);
	exchange(one, two);
	/* The last word comes before the end. */
	ck_assert_int_eq(send(one, "!", 1, 0), 1);
	close(one);
	xu_set_nonblock(two, false);
	ck_assert_int_eq(read(two, &c, 1), 1);
	ck_assert_int_eq(c, '!');
	ck_assert_int_eq(read(two, &c, 1), 0);
	close(two);
	end(&dial);
	end(&serve);
}
END_TEST

/* ---- nobody is heard any more ------------------------------------------------------- */

/* The network that this process has for itself: packets pass, or vanish. */
static void
loopback(bool up)
{
	struct ifreq r = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	r.ifr_flags = up ? IFF_UP : 0;
	ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &r), 0);
	close(fd);
}

static void
setup_alone(void)
{
	ck_assert(unshare(CLONE_NEWNET) == 0 ||
	    unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0);
	loopback(true);
	setup();
}

/* Who has said something, and who waits: each decides when its own time is over, and
 * neither hears that the other has. */
START_TEST(silent)
{
	const bool talks = _i != 0;
	struct end hasty, patient;
	struct pollfd p;
	int one, two;
	char c;

	patient = start(&a, "dial", port, -1, b.print, "");
	silence = 2;
	hasty = start(&b, "serve", "", arrived(), a.print, "");
	two = heard(&hasty, XU_MSG_DONE);
	one = heard(&patient, XU_MSG_DONE);
	/* Both ways work. */
	ck_assert_int_eq(send(one, "1", 1, 0), 1);
	ck_assert_int_eq(read(two, &c, 1), 1);
	loopback(false);
	if (talks)
		ck_assert_int_eq(send(two, "2", 1, 0), 1);
	ck_assert_int_eq(read(two, &c, 1), 0);
	p = (struct pollfd){ .fd = one, .events = POLLIN };
	ck_assert_int_eq(poll(&p, 1, 0), 0);
	ck_assert_int_eq(read(one, &c, 1), 0);
	close(one);
	close(two);
	end(&patient);
	end(&hasty);
}
END_TEST

/* ---- who is not known -------------------------------------------------------------------- */

START_TEST(client_unknown)
{
	struct end dial, serve;

	meet(&dial, &serve, b.print, "", b.print);
	heard(&dial, XU_MSG_FAILED);
	heard(&serve, XU_MSG_FAILED);
	says(&dial, "it does not know this host; there: xm host-trust");
	says(&dial, a.print);
	says(&serve, "not known here");
	says(&serve, a.print);
	end(&dial);
	end(&serve);
}
END_TEST

START_TEST(server_unknown)
{
	struct end dial, serve;

	meet(&dial, &serve, a.print, "", a.print);
	heard(&dial, XU_MSG_FAILED);
	says(&dial, "not known here");
	says(&dial, b.print);
	says(&dial, port);
	/* It may have agreed already, and then has a stream that is over. */
	end(&dial);
	ck_assert_int_eq(xu_chan_recv(serve.chan, &serve.said), 1);
	end(&serve);
}
END_TEST

/* Known, but not the one that was known at this address. */
START_TEST(another)
{
	struct end dial, serve;

	meet(&dial, &serve, b.print, a.print, a.print);
	heard(&dial, XU_MSG_FAILED);
	says(&dial, "another than the one that was trusted");
	end(&dial);
	ck_assert_int_eq(xu_chan_recv(serve.chan, &serve.said), 1);
	end(&serve);
}
END_TEST

START_TEST(looks)
{
	struct end dial, serve;

	dial = start(&a, "look", port, -1, "", "");
	serve = start(&b, "serve", "", arrived(), "", "");
	ck_assert_int_eq(heard(&dial, XU_MSG_DONE), -1);
	ck_assert_str_eq(xu_val_get_str(dial.said.val, "peer", ""), b.print);
	ck_assert_ptr_nonnull(strstr(xu_val_get_str(dial.said.val,
	    "certificate", ""), "BEGIN CERTIFICATE"));
	heard(&serve, XU_MSG_FAILED);
	end(&dial);
	end(&serve);
}
END_TEST

/* ---- who is no host ----------------------------------------------------------------------- */

static int
connect_port(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons((uint16_t)atoi(strchr(port, ':') + 1));
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	return fd;
}

static const struct noise {
	const char *bytes;
	size_t n;
} noises[] = {
	{ "", 0 },
	{ "\x16", 1 },
	{ "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27 },
	{ "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16 },
	{ "\x16\x03\x01\xff\xff\x01\x00\xff\xff\x03\x03", 11 },
	{ "\x16\x03\x03\x00\x04\x01\x00\x00\x00", 9 },
	{ "\x17\x03\x03\x00\x05hello", 10 },
	{ "\x15\x03\x03\x00\x02\x02\x28", 7 },
};

START_TEST(noise)
{
	const struct noise *n = &noises[_i];
	int fd = connect_port();
	struct end serve = start(&b, "serve", "", arrived(), a.print, "");

	ck_assert_int_eq(write(fd, n->bytes, n->n), (ssize_t)n->n);
	shutdown(fd, SHUT_WR);
	heard(&serve, XU_MSG_FAILED);
	says(&serve, "127.0.0.1:");
	end(&serve);
	close(fd);
}
END_TEST

static const struct address {
	const char *to, *says;
} addresses[] = {
	{ "", "no host" },
	{ ":8003", "no host" },
	{ "[::1", "no host" },
	{ "[::1]x", "no host" },
	{ "127.0.0.1:0", "no host" },
	{ "127.0.0.1:65536", "no host" },
	{ "127.0.0.1:x", "no host" },
	{ "127.0.0.1:1", "has its xld.conf a line 'migration" },
};

START_TEST(address)
{
	struct end dial = start(&a, "dial", addresses[_i].to, -1, b.print, "");

	heard(&dial, XU_MSG_FAILED);
	says(&dial, addresses[_i].says);
	end(&dial);
}
END_TEST

static bool
may_be_alone(void)
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(unshare(CLONE_NEWNET) != 0 &&
		    unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		printf("no network of its own may be made here: what happens "
		    "when packets vanish is not tested\n");
	return status == 0;
}

int
main(void)
{
	Suite *s = suite_create("tls");
	TCase *tc = tcase_create("all");
	SRunner *sr = srunner_create(s);
	int failed;

	signal(SIGPIPE, SIG_IGN);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, passes, 0, 2);
	tcase_add_test(tc, client_unknown);
	tcase_add_test(tc, server_unknown);
	tcase_add_test(tc, another);
	tcase_add_test(tc, looks);
	tcase_add_loop_test(tc, noise, 0, (int)XU_ARRAY_SIZE(noises));
	tcase_add_loop_test(tc, address, 0, (int)XU_ARRAY_SIZE(addresses));
	suite_add_tcase(s, tc);
	/* Where there may be networks at all: not in every container. */
	if (may_be_alone()) {
		tc = tcase_create("alone");
		tcase_add_checked_fixture(tc, setup_alone, teardown);
		tcase_set_timeout(tc, 120);
		tcase_add_loop_test(tc, silent, 0, 2);
		suite_add_tcase(s, tc);
	}
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? 0 : 1;
}
