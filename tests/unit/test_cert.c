/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xld-cert, the program, on certificates that there are: what it says of them, which it
 * takes for https, and why not the others. */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cert_look.h"
#include "xu_file.h"
#include "xu_proc.h"
#include "xu_val.h"

#define DAY 86400

/* Made anew for each test. */
struct made {
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;
	char *cert_pem, *key_pem;
};

static gnutls_x509_privkey_t
new_key(gnutls_pk_algorithm_t kind, unsigned bits)
{
	gnutls_x509_privkey_t key;

	ck_assert_int_eq(gnutls_x509_privkey_init(&key), 0);
	ck_assert_int_eq(gnutls_x509_privkey_generate(key, kind, bits, 0), 0);
	return key;
}

/* by NULL: it signs itself. key is taken. */
static struct made
make(gnutls_x509_privkey_t key, const struct made *by, time_t from, time_t to,
    gnutls_digest_algorithm_t how)
{
	struct made m = { .key = key };
	const unsigned char serial[] = { 1, 2, 3 };
	const char *name = by == NULL ? "an authority" : "a host";
	gnutls_datum_t d;

	ck_assert_int_eq(gnutls_x509_crt_init(&m.crt), 0);
	gnutls_x509_crt_set_version(m.crt, 3);
	gnutls_x509_crt_set_serial(m.crt, serial, sizeof(serial));
	gnutls_x509_crt_set_activation_time(m.crt, from);
	gnutls_x509_crt_set_expiration_time(m.crt, to);
	gnutls_x509_crt_set_dn_by_oid(m.crt, GNUTLS_OID_X520_COMMON_NAME, 0,
	    name, (unsigned)strlen(name));
	gnutls_x509_crt_set_basic_constraints(m.crt, by == NULL, -1);
	gnutls_x509_crt_set_key(m.crt, key);
	ck_assert_int_eq(gnutls_x509_crt_sign2(m.crt,
	    by == NULL ? m.crt : by->crt, by == NULL ? key : by->key, how, 0),
	    0);
	ck_assert_int_eq(gnutls_x509_crt_export2(m.crt, GNUTLS_X509_FMT_PEM,
	    &d), 0);
	m.cert_pem = strndup((char *)d.data, d.size);
	gnutls_free(d.data);
	ck_assert_int_eq(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM,
	    &d), 0);
	m.key_pem = strndup((char *)d.data, d.size);
	gnutls_free(d.data);
	return m;
}

static void
drop(struct made *m)
{
	gnutls_x509_crt_deinit(m->crt);
	gnutls_x509_privkey_deinit(m->key);
	free(m->cert_pem);
	free(m->key_pem);
}

static gnutls_x509_privkey_t
curve(void)
{
	return new_key(GNUTLS_PK_ECDSA,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1));
}

/* A good one that signs itself. */
static struct made
good(void)
{
	time_t now = time(NULL);

	return make(curve(), NULL, now - DAY, now + DAY, GNUTLS_DIG_SHA256);
}

static int
file_of(const char *text)
{
	int fd = memfd_create("pem", MFD_CLOEXEC);

	ck_assert_int_eq(xu_fd_write(fd, text, strlen(text)), 0);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/* key NULL: it only looks. */
static struct xu_val *
ask(const char *cert, const char *key, const char *chain)
{
	static char name[] = "xld-cert";
	char mode[16];
	char *argv[] = { name, mode, NULL };
	int fds[] = { file_of(cert), file_of(""), file_of(key == NULL ? "" : key),
		file_of(chain) };
	struct xu_spawn s = { .path = XLD_CERT, .argv = argv, .fds = fds,
		.nfds = key == NULL ? 2 : 4 };
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	struct xu_val *v;
	int status;
	pid_t pid;

	snprintf(mode, sizeof(mode), "%s", key == NULL ? CERT_LOOK : CERT_CHECK);
	pid = xu_spawn(&s, &e);
	ck_assert_msg(pid > 0, "%s", e.msg);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	lseek(fds[1], 0, SEEK_SET);
	ck_assert_int_eq(xu_fd_read(fds[1], 1 << 20, &b), 0);
	v = xu_val_from_json(xu_buf_text(&b), b.len, 1 << 20, &e);
	ck_assert_msg(v != NULL, "%s", e.msg);
	for (size_t i = 0; i < 4; i++)
		close(fds[i]);
	return v;
}

/* The code, and how many parameters; "fine": it is taken. */
static const char *
verdict(const char *cert, const char *key, const char *chain)
{
	static char text[96];
	AUTO_VAL struct xu_val *v = ask(cert, key, chain);
	const struct xu_val *error = xu_val_get(v, "error");

	if (error == NULL)
		return "fine";
	snprintf(text, sizeof(text), "%s %zu", xu_val_str(xu_val_at(error, 0)),
	    xu_val_count(error) - 1);
	return text;
}

START_TEST(what_it_says)
{
	struct made m = good();
	AUTO_VAL struct xu_val *v = ask(m.cert_pem, NULL, "");
	time_t from = gnutls_x509_crt_get_activation_time(m.crt);
	const char *print = xu_val_get_str(v, "fingerprint", "");
	unsigned char sum[32];
	size_t n = sizeof(sum);
	char want[4];

	ck_assert_int_eq(xu_val_get_int(v, "not_before", 0), from);
	ck_assert_int_eq(xu_val_get_int(v, "not_after", 0), from + 2 * DAY);
	ck_assert_int_eq(gnutls_x509_crt_get_fingerprint(m.crt,
	    GNUTLS_DIG_SHA256, sum, &n), 0);
	ck_assert_uint_eq(strlen(print), 95);
	for (size_t i = 0; i < n; i++) {
		snprintf(want, sizeof(want), "%02X", sum[i]);
		ck_assert_int_eq(strncmp(print + 3 * i, want, 2), 0);
	}
	drop(&m);
}
END_TEST

START_TEST(a_pair)
{
	struct made m = good(), other = good();
	time_t now = time(NULL);
	struct made host = make(curve(), &m, now - DAY, now + DAY,
	    GNUTLS_DIG_SHA256);
	AUTO_VAL struct xu_val *v = ask(host.cert_pem, host.key_pem, m.cert_pem);
	char both[8192];

	/* What is kept is the host's, and what stands behind it. */
	snprintf(both, sizeof(both), "%s%s", host.cert_pem, m.cert_pem);
	ck_assert_str_eq(xu_val_get_str(v, "certificate", ""), both);
	ck_assert_ptr_nonnull(strstr(xu_val_get_str(v, "key", ""),
	    "PRIVATE KEY-----"));
	ck_assert_str_eq(verdict(m.cert_pem, m.key_pem, ""), "fine");
	ck_assert_str_eq(verdict(host.cert_pem, host.key_pem, ""), "fine");
	ck_assert_str_eq(verdict(m.cert_pem, other.key_pem, ""),
	    "SERVER_CERTIFICATE_KEY_MISMATCH 0");
	ck_assert_str_eq(verdict(host.cert_pem, host.key_pem, other.cert_pem),
	    "SERVER_CERTIFICATE_CHAIN_INVALID 0");
	ck_assert_str_eq(verdict(host.cert_pem, host.key_pem, "nonsense"),
	    "SERVER_CERTIFICATE_CHAIN_INVALID 0");
	drop(&m);
	drop(&other);
	drop(&host);
}
END_TEST

START_TEST(not_now)
{
	time_t now = time(NULL);
	struct made old = make(curve(), NULL, now - 2 * DAY, now - DAY,
	    GNUTLS_DIG_SHA256);
	struct made young = make(curve(), NULL, now + DAY, now + 2 * DAY,
	    GNUTLS_DIG_SHA256);

	ck_assert_str_eq(verdict(old.cert_pem, old.key_pem, ""),
	    "SERVER_CERTIFICATE_EXPIRED 2");
	ck_assert_str_eq(verdict(young.cert_pem, young.key_pem, ""),
	    "SERVER_CERTIFICATE_NOT_VALID_YET 2");
	drop(&old);
	drop(&young);
}
END_TEST

START_TEST(weak)
{
	time_t now = time(NULL);
	struct made small = make(new_key(GNUTLS_PK_RSA, 1024), NULL, now - DAY,
	    now + DAY, GNUTLS_DIG_SHA256);
	struct made old = make(new_key(GNUTLS_PK_RSA, 2048), NULL, now - DAY,
	    now + DAY, GNUTLS_DIG_SHA1);
	struct made rsa = make(new_key(GNUTLS_PK_RSA, 2048), NULL, now - DAY,
	    now + DAY, GNUTLS_DIG_SHA256);

	ck_assert_str_eq(verdict(small.cert_pem, small.key_pem, ""),
	    "SERVER_CERTIFICATE_KEY_RSA_LENGTH_NOT_SUPPORTED 1");
	ck_assert_str_eq(verdict(old.cert_pem, old.key_pem, ""),
	    "SERVER_CERTIFICATE_SIGNATURE_NOT_SUPPORTED 0");
	ck_assert_str_eq(verdict(rsa.cert_pem, rsa.key_pem, ""), "fine");
	drop(&small);
	drop(&old);
	drop(&rsa);
}
END_TEST

START_TEST(nonsense)
{
	static const char *const texts[] = { "", "nonsense",
		"-----BEGIN CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" };
	struct made m = good();

	for (size_t i = 0; i < XU_ARRAY_SIZE(texts); i++) {
		AUTO_VAL struct xu_val *v = ask(texts[i], NULL, "");

		ck_assert_str_eq(xu_val_str(xu_val_at(xu_val_get(v, "error"),
		    0)), "SERVER_CERTIFICATE_INVALID");
		ck_assert_str_eq(verdict(texts[i], m.key_pem, ""),
		    "SERVER_CERTIFICATE_INVALID 0");
		ck_assert_str_eq(verdict(m.cert_pem, texts[i], ""),
		    "SERVER_CERTIFICATE_KEY_INVALID 0");
	}
	/* One in the other's place. */
	ck_assert_str_eq(verdict(m.key_pem, m.cert_pem, ""),
	    "SERVER_CERTIFICATE_INVALID 0");
	drop(&m);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("cert");
	TCase *t = tcase_create("xld-cert");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_test(t, what_it_says);
	tcase_add_test(t, a_pair);
	tcase_add_test(t, not_now);
	tcase_add_test(t, weak);
	tcase_add_test(t, nonsense);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
