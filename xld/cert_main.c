/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xld-cert: a key and a certificate that it signs itself, for https where the
 * owner has none: PEM, to descriptors 3 (certificate) and 4 (key). Argument: the
 * host's name. Knows nothing, reads nothing. Or it looks at one: cert_look.c.
 */
#include "config.h"

#include <arpa/inet.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cert_look.h"
#include "xu_auto.h"
#include "xu_file.h"

enum {
	CERT_FD = 3,
	KEY_FD = 4,
	/* Until it must be replaced, which nobody does without being told. */
	DAYS = 3650,
};

static int
name_it(gnutls_x509_crt_t crt, const char *host)
{
	static const uint8_t loop4[4] = { 127, 0, 0, 1 };
	static const uint8_t loop6[16] = { [15] = 1 };
	const unsigned more = GNUTLS_FSAN_APPEND;
	int r;

	r = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0,
	    host, (unsigned)strlen(host));
	if (r >= 0)
		r = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME,
		    host, (unsigned)strlen(host), GNUTLS_FSAN_SET);
	if (r >= 0 && strcmp(host, "localhost") != 0)
		r = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME,
		    "localhost", 9, more);
	if (r >= 0)
		r = gnutls_x509_crt_set_subject_alt_name(crt,
		    GNUTLS_SAN_IPADDRESS, loop4, sizeof(loop4), more);
	if (r >= 0)
		r = gnutls_x509_crt_set_subject_alt_name(crt,
		    GNUTLS_SAN_IPADDRESS, loop6, sizeof(loop6), more);
	return r;
}

static int
fill(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, const char *host)
{
	uint8_t serial[16];
	time_t now = time(NULL);
	int r;

	r = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));
	/* Positive, and not zero. */
	serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40);
	if (r >= 0)
		r = gnutls_x509_crt_set_version(crt, 3);
	if (r >= 0)
		r = gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
	/* A clock that was set back meanwhile does not matter. */
	if (r >= 0)
		r = gnutls_x509_crt_set_activation_time(crt, now - 86400);
	if (r >= 0)
		r = gnutls_x509_crt_set_expiration_time(crt,
		    now + DAYS * (time_t)86400);
	if (r >= 0)
		r = name_it(crt, host);
	if (r >= 0)
		r = gnutls_x509_crt_set_key(crt, key);
	if (r >= 0)
		r = gnutls_x509_crt_set_key_usage(crt,
		    GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (r >= 0)
		r = gnutls_x509_crt_set_key_purpose_oid(crt,
		    GNUTLS_KP_TLS_WWW_SERVER, 0);
	if (r >= 0)
		r = gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0);
	return r;
}

static int
put(int fd, gnutls_datum_t *pem)
{
	int r = xu_fd_write(fd, pem->data, pem->size);

	gnutls_free(pem->data);
	return r;
}

static int
make(const char *host)
{
	gnutls_x509_crt_t crt = NULL;
	gnutls_x509_privkey_t key = NULL;
	gnutls_datum_t pem;
	int r;

	r = gnutls_x509_privkey_init(&key);
	if (r >= 0)
		r = gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
		    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	if (r >= 0)
		r = gnutls_x509_crt_init(&crt);
	if (r >= 0)
		r = fill(crt, key, host);
	if (r >= 0)
		r = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem);
	if (r >= 0 && put(CERT_FD, &pem) < 0)
		r = GNUTLS_E_FILE_ERROR;
	if (r >= 0)
		r = gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &pem);
	if (r >= 0 && put(KEY_FD, &pem) < 0)
		r = GNUTLS_E_FILE_ERROR;
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
	return r;
}

int
main(int argc, char **argv)
{
	int r;

	if (argc != 2) {
		fprintf(stderr, "xld-cert: started by xld, which gives it a "
				"host name and two files (3, 4)\n");
		return 2;
	}
	if (strcmp(argv[1], CERT_LOOK) == 0)
		return cert_look() < 0;
	if (strcmp(argv[1], CERT_CHECK) == 0)
		return cert_check() < 0;
	r = make(argv[1][0] == '\0' ? "localhost" : argv[1]);
	if (r < 0)
		fprintf(stderr, "xld-cert: %s\n", gnutls_strerror(r));
	return r < 0 ? 1 : 0;
}
