/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * HTTPS of xld-api, the program, with a certificate that xld-cert, the program, made:
 * versions, names, a key that does not fit, a console through TLS. Its core is a
 * script here.
 */
#include "config.h"

#include <check.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "api_peer.h"
#include "xenapi.h"
#include "xu_file.h"
#include "xu_proc.h"

static struct xu_buf cert, key, other;
/* What a console says. */
#define WORDS "TINY UP"

static void
answer(const struct xu_msg *m)
{
	const char *method = xu_val_get_str(m->val, "method", "");
	AUTO_VAL struct xu_val *r = xu_struct();
	struct xu_val *v = xu_struct();
	int sv[2] = { -1, -1 };

	xu_val_set(v, "user", xu_str("ann"));
	xu_val_set(v, "role", xu_str("pool-admin"));
	xu_val_set(r, "ok", v);
	if (strcmp(method, "console.open") == 0) {
		ck_assert_int_eq(xu_socketpair(sv, false), 0);
		(void)xu_fd_write(sv[0], WORDS, strlen(WORDS));
	}
	peer_tell(XU_MSG_REPLY, m->id, r, &sv[1], sv[1] >= 0 ? 1 : 0);
	if (sv[0] >= 0) {
		close(sv[0]);
		close(sv[1]);
	}
}

/* A pair, as xld has it made. */
static void
make_pair(struct xu_buf *c, struct xu_buf *k)
{
	static char name[] = "xld-cert", host[] = "box.example";
	char *argv[] = { name, host, NULL };
	int fds[2] = { memfd_create("c", 0), memfd_create("k", 0) }, status;
	struct xu_err e = XU_ERR_INIT;
	struct xu_spawn sp = { .path = XLD_CERT, .argv = argv, .fds = fds,
		.nfds = 2 };
	pid_t pid = xu_spawn(&sp, &e);

	ck_assert_msg(pid > 0, "%s", e.msg);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	lseek(fds[0], 0, SEEK_SET);
	lseek(fds[1], 0, SEEK_SET);
	ck_assert_int_eq(xu_fd_read(fds[0], 65536, c), 0);
	ck_assert_int_eq(xu_fd_read(fds[1], 65536, k), 0);
	close(fds[0]);
	close(fds[1]);
}

static void
start(const struct xu_buf *k)
{
	AUTO_VAL struct xu_val *v = xu_struct();
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	struct xu_val *all = xu_array(), *one = xu_struct();

	xu_val_set(one, "tls", xu_bool(true));
	xu_val_add(all, one);
	xu_val_set(v, "listeners", all);
	xu_val_set(v, "certificate", xu_str(xu_buf_text(&cert)));
	xu_val_set(v, "key", xu_str(xu_buf_text(k)));
	ck_assert_int_eq(xu_val_to_json(v, false, &b), 0);
	peer_start(XLD_API, xu_buf_text(&b), answer);
}

static void
setup(void)
{
	AUTO_BUF struct xu_buf unused = XU_BUF_INIT;

	make_pair(&cert, &key);
	make_pair(&unused, &other);
}

static void
teardown(void)
{
	int status = peer_stop(false);

	xu_buf_fini(&cert);
	xu_buf_fini(&key);
	xu_buf_fini(&other);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	    "xld-api ended with %x", status);
}

/* ---- a client --------------------------------------------------------------------- */

/* A reply to request, up to the words or the end; false: no agreement on TLS, or
 * the certificate does not hold for that name. */
static bool
ask(const char *versions, const char *host, const char *request,
    const char *until, struct xu_buf *out)
{
	gnutls_certificate_credentials_t cred;
	gnutls_datum_t ca = { (unsigned char *)cert.data, (unsigned)cert.len };
	gnutls_session_t s;
	unsigned verdict = ~0u;
	int fd = peer_dial(peer.port);
	ssize_t n;
	bool ok;

	ck_assert_int_ge(fd, 0);
	gnutls_certificate_allocate_credentials(&cred);
	ck_assert_int_eq(gnutls_certificate_set_x509_trust_mem(cred, &ca,
	    GNUTLS_X509_FMT_PEM), 1);
	gnutls_init(&s, GNUTLS_CLIENT);
	gnutls_priority_set_direct(s, versions, NULL);
	gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, cred);
	gnutls_transport_set_int(s, fd);
	gnutls_handshake_set_timeout(s, 20000);
	ok = gnutls_handshake(s) == GNUTLS_E_SUCCESS &&
	    gnutls_certificate_verify_peers3(s, host, &verdict) ==
		GNUTLS_E_SUCCESS && verdict == 0;
	xu_buf_reset(out);
	if (ok)
		gnutls_record_send(s, request, strlen(request));
	while (ok && strstr(xu_buf_text(out), until) == NULL) {
		char part[4096];

		n = gnutls_record_recv(s, part, sizeof(part));
		if (n <= 0)
			break;
		xu_buf_add(out, part, (size_t)n);
	}
	gnutls_deinit(s);
	gnutls_certificate_free_credentials(cred);
	close(fd);
	return ok;
}

#define BODY	                                                               \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"                            \
	"\"session.login_with_password\",\"params\":[\"ann\",\"right\"]}"
#define ANY "NORMAL"
#define ONLY(v) "NORMAL:-VERS-ALL:+VERS-" v ":%COMPAT"

static void
log_in(const char *versions, const char *host, char session[64])
{
	AUTO_BUF struct xu_buf out = XU_BUF_INIT, rq = XU_BUF_INIT;
	const char *p;

	xu_buf_addf(&rq, "POST /jsonrpc HTTP/1.1\r\nHost: x\r\n"
			 "Content-Length: %zu\r\n\r\n%s", strlen(BODY), BODY);
	ck_assert_msg(ask(versions, host, xu_buf_text(&rq), "\"id\":1}", &out),
	    "%s as %s", versions, host);
	p = strstr(xu_buf_text(&out), "\"result\":\"");
	ck_assert_msg(p != NULL, "%s", xu_buf_text(&out));
	snprintf(session, 64, "%.46s", p + 10);
}

START_TEST(versions_and_names)
{
	AUTO_BUF struct xu_buf out = XU_BUF_INIT;
	char s[64];

	start(&key);
	log_in(ONLY("TLS1.2"), "127.0.0.1", s);
	log_in(ONLY("TLS1.3"), "localhost", s);
	log_in(ANY, "box.example", s);
	ck_assert(!ask(ANY, "elsewhere.example", "", "x", &out));
	ck_assert(!ask(ONLY("TLS1.1"), "localhost", "", "x", &out));
	ck_assert(!ask(ONLY("TLS1.0"), "localhost", "", "x", &out));
}
END_TEST

START_TEST(clear_text_is_not_answered)
{
	AUTO_BUF struct xu_buf out = XU_BUF_INIT;
	char s[64];
	int fd;

	start(&key);
	fd = peer_dial(peer.port);
	ck_assert_int_ge(fd, 0);
	dprintf(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	(void)xu_fd_read(fd, 65536, &out);
	close(fd);
	ck_assert_ptr_null(strstr(xu_buf_text(&out), "HTTP"));
	log_in(ANY, "localhost", s);
}
END_TEST

START_TEST(a_console_through_tls)
{
	AUTO_BUF struct xu_buf out = XU_BUF_INIT;
	char s[64], rq[256];

	start(&key);
	log_in(ANY, "localhost", s);
	snprintf(rq, sizeof(rq),
	    "GET /console?uuid=x&session_id=%s HTTP/1.1\r\nHost: x\r\n"
	    "Connection: Upgrade\r\nUpgrade: xld-console\r\n\r\n", s);
	ck_assert(ask(ANY, "localhost", rq, WORDS, &out));
	ck_assert_msg(strncmp(xu_buf_text(&out), "HTTP/1.1 101 ", 13) == 0,
	    "%s", xu_buf_text(&out));
	ck_assert_ptr_nonnull(strstr(xu_buf_text(&out), WORDS));
}
END_TEST

/* The library's way to it: a socket like any other. */
START_TEST(libxenapi_has_a_console_through_tls)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;
	struct xapi_err e;
	struct xapi *x;
	char url[40], name[] = "/tmp/test_api_tls.XXXXXX", byte;
	int fd = mkstemp(name), console;

	start(&key);
	ck_assert_int_eq(xu_fd_write(fd, cert.data, cert.len), 0);
	close(fd);
	snprintf(url, sizeof(url), "https://localhost:%d", peer.port);
	/* Who signed it is nobody the system knows. */
	x = xapi_open(url, &e);
	ck_assert_int_lt(xapi_login(x, "ann", "right", &e), 0);
	ck_assert_str_eq(e.code, "XLD_UNREACHABLE");
	ck_assert_ptr_nonnull(strstr(e.message, "XLD_CA"));
	setenv("XLD_CA", name, 1);
	ck_assert_msg(xapi_login(x, "ann", "right", &e) == 0, "%s", e.message);
	console = xapi_console(x, "u", XAPI_CONSOLE_HISTORY, &e);
	ck_assert_msg(console >= 0, "%s", e.message);
	/* It outlives the handle. */
	xapi_close(x);
	while (text.len < strlen(WORDS) && recv(console, &byte, 1, 0) == 1)
		xu_buf_addc(&text, byte);
	ck_assert_str_eq(xu_buf_text(&text), WORDS);
	close(console);
	unlink(name);
	unsetenv("XLD_CA");
}
END_TEST

/* The rest is served all the same. */
START_TEST(a_key_that_does_not_fit)
{
	AUTO_BUF struct xu_buf out = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	int fd;

	start(&other);
	fd = xu_connect_unix(peer.path, &e);
	ck_assert_msg(fd >= 0, "%s", e.msg);
	dprintf(fd, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	(void)xu_fd_read(fd, 65536, &out);
	close(fd);
	ck_assert_int_eq(strncmp(xu_buf_text(&out), "HTTP/1.1 404 ", 13), 0);
	/* Nobody waits for it, though xld has the socket open. */
	ck_assert_int_lt(peer_dial(peer.port), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("api_tls");
	TCase *tc = tcase_create("all");
	SRunner *sr = srunner_create(s);
	int bad;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, versions_and_names);
	tcase_add_test(tc, clear_text_is_not_answered);
	tcase_add_test(tc, a_console_through_tls);
	tcase_add_test(tc, libxenapi_has_a_console_through_tls);
	tcase_add_test(tc, a_key_that_does_not_fit);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	bad = srunner_ntests_failed(sr);
	srunner_free(sr);
	return bad == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
