/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a certificate says (--look), and whether one, its key and its chain may be those
 * of https (--check). The answer is JSON: fingerprint (SHA-256), not_before and
 * not_after (seconds since 1970), and of a check certificate and key as they are to be
 * kept; or error: XenAPI's code and its parameters. What comes from elsewhere is parsed
 * here alone, by a user who may do nothing.
 */
#include "config.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cert_look.h"
#include "xu_file.h"
#include "xu_val.h"

enum {
	CERT_FD = 3,
	ANSWER_FD = 4,
	KEY_FD = 5,
	CHAIN_FD = 6,
	PEM_MAX = 1 << 20,
	CHAIN_MAX = 16,
	/* XenAPI's servers have taken no shorter ones for long. */
	RSA_BITS_MIN = 2048,
	SECONDS = 20,
};

/* A pair, and those that stand behind it. */
struct pair {
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t chain[CHAIN_MAX];
	unsigned n;
};

static struct xu_val *
refusal(const char *code, struct xu_val *a, struct xu_val *b)
{
	struct xu_val *v = xu_struct(), *error = xu_array();

	xu_val_add(error, xu_str(code));
	if (a != NULL)
		xu_val_add(error, a);
	if (b != NULL)
		xu_val_add(error, b);
	xu_val_set(v, "error", error);
	return v;
}

static struct xu_val *
date(time_t t)
{
	AUTO_VAL struct xu_val *v = xu_datetime((int64_t)t);

	return xu_str(xu_val_str(v));
}

static bool
get(int fd, struct xu_buf *b, gnutls_datum_t *out)
{
	if (lseek(fd, 0, SEEK_SET) < 0 || xu_fd_read(fd, PEM_MAX, b) < 0)
		return false;
	*out = (gnutls_datum_t) { (unsigned char *)b->data, (unsigned)b->len };
	return b->len > 0;
}

static void
print(gnutls_x509_crt_t crt, char out[96])
{
	unsigned char sum[32];
	size_t n = sizeof(sum);

	out[0] = '\0';
	if (gnutls_x509_crt_get_fingerprint(crt, GNUTLS_DIG_SHA256, sum, &n) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		snprintf(out + 3 * i, 4, "%02X%s", sum[i], i + 1 < n ? ":" : "");
}

static struct xu_val *
facts(gnutls_x509_crt_t crt)
{
	struct xu_val *v = xu_struct();
	char text[100];

	print(crt, text);
	xu_val_set(v, "fingerprint", xu_str(text));
	xu_val_set(v, "not_before",
	    xu_int((int64_t)gnutls_x509_crt_get_activation_time(crt)));
	xu_val_set(v, "not_after",
	    xu_int((int64_t)gnutls_x509_crt_get_expiration_time(crt)));
	return v;
}

/* ---- one after the other; NULL: it is fine ----------------------------------------- */

static struct xu_val *
take_certificate(struct pair *p)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	gnutls_datum_t d;
	time_t now = time(NULL), from, to;

	if (!get(CERT_FD, &b, &d) || gnutls_x509_crt_init(&p->crt) < 0 ||
	    gnutls_x509_crt_import(p->crt, &d, GNUTLS_X509_FMT_PEM) < 0)
		return refusal("SERVER_CERTIFICATE_INVALID", NULL, NULL);
	from = gnutls_x509_crt_get_activation_time(p->crt);
	to = gnutls_x509_crt_get_expiration_time(p->crt);
	if (from > now)
		return refusal("SERVER_CERTIFICATE_NOT_VALID_YET", date(now),
		    date(from));
	if (to <= now)
		return refusal("SERVER_CERTIFICATE_EXPIRED", date(now),
		    date(to));
	if (gnutls_sign_is_secure2((gnutls_sign_algorithm_t)
		gnutls_x509_crt_get_signature_algorithm(p->crt),
		GNUTLS_SIGN_FLAG_SECURE_FOR_CERTS) == 0)
		return refusal("SERVER_CERTIFICATE_SIGNATURE_NOT_SUPPORTED",
		    NULL, NULL);
	return NULL;
}

static bool
same_key(const struct pair *p)
{
	unsigned char a[32], b[32];
	size_t n = sizeof(a), m = sizeof(b);

	return gnutls_x509_crt_get_key_id(p->crt, GNUTLS_KEYID_USE_SHA256, a,
		   &n) == 0 &&
	    gnutls_x509_privkey_get_key_id(p->key, GNUTLS_KEYID_USE_SHA256, b,
		&m) == 0 && n == m && memcmp(a, b, n) == 0;
}

static struct xu_val *
take_key(struct pair *p)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	gnutls_datum_t d;
	unsigned bits = 0;
	int r, kind;

	r = get(KEY_FD, &b, &d) && gnutls_x509_privkey_init(&p->key) == 0 ?
	    gnutls_x509_privkey_import2(p->key, &d, GNUTLS_X509_FMT_PEM, NULL, 0) :
	    -1;
	if (b.data != NULL)
		gnutls_memset(b.data, 0, b.len);
	if (r < 0)
		return refusal("SERVER_CERTIFICATE_KEY_INVALID", NULL, NULL);
	kind = gnutls_x509_privkey_get_pk_algorithm2(p->key, &bits);
	if (kind == GNUTLS_PK_RSA && bits < RSA_BITS_MIN)
		return refusal("SERVER_CERTIFICATE_KEY_RSA_LENGTH_NOT_SUPPORTED",
		    xu_strf("%u", bits), NULL);
	if (kind != GNUTLS_PK_RSA && kind != GNUTLS_PK_ECDSA &&
	    kind != GNUTLS_PK_EDDSA_ED25519)
		return refusal("SERVER_CERTIFICATE_KEY_ALGORITHM_NOT_SUPPORTED",
		    xu_str(gnutls_pk_get_name((gnutls_pk_algorithm_t)kind)),
		    NULL);
	if (!same_key(p))
		return refusal("SERVER_CERTIFICATE_KEY_MISMATCH", NULL, NULL);
	return NULL;
}

/* Each signs the one before. */
static struct xu_val *
take_chain(struct pair *p)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	unsigned n = CHAIN_MAX, status = 0;
	gnutls_x509_crt_t of = p->crt;
	gnutls_datum_t d;
	int r;

	if (!get(CHAIN_FD, &b, &d))
		return NULL;
	r = gnutls_x509_crt_list_import(p->chain, &n, &d, GNUTLS_X509_FMT_PEM,
	    GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);
	p->n = r < 0 ? 0 : (unsigned)r;
	for (unsigned i = 0; r >= 0 && i < p->n; i++) {
		r = gnutls_x509_crt_verify(of, &p->chain[i], 1, 0, &status);
		if (status != 0)
			r = -1;
		of = p->chain[i];
	}
	return r < 0 ? refusal("SERVER_CERTIFICATE_CHAIN_INVALID", NULL, NULL) :
		       NULL;
}

/* ---- answers -------------------------------------------------------------------------- */

static int
add_pem(struct xu_buf *b, gnutls_x509_crt_t crt)
{
	gnutls_datum_t d;
	int r = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &d);

	if (r < 0)
		return r;
	xu_buf_add(b, d.data, d.size);
	gnutls_free(d.data);
	return 0;
}

/* As they are to be kept: nothing but these, in their order. */
static struct xu_val *
kept(const struct pair *p)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	struct xu_val *v = facts(p->crt);
	gnutls_datum_t d;
	int r = add_pem(&b, p->crt);

	for (unsigned i = 0; r == 0 && i < p->n; i++)
		r = add_pem(&b, p->chain[i]);
	if (r == 0)
		r = gnutls_x509_privkey_export2(p->key, GNUTLS_X509_FMT_PEM, &d);
	if (r < 0) {
		xu_val_free(v);
		return refusal("SERVER_CERTIFICATE_INVALID", NULL, NULL);
	}
	xu_val_set(v, "certificate", xu_str(xu_buf_text(&b)));
	xu_val_set(v, "key", xu_strn((char *)d.data, d.size));
	gnutls_memset(d.data, 0, d.size);
	gnutls_free(d.data);
	return v;
}

static int
say(struct xu_val *v)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	int r = v != NULL && xu_val_ok(v) ? xu_val_to_json(v, false, &b) : -1;

	if (r == 0)
		r = xu_fd_write(ANSWER_FD, b.data, b.len);
	xu_val_free(v);
	return r < 0 ? -1 : 0;
}

int
cert_look(void)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	gnutls_x509_crt_t crt = NULL;
	struct xu_val *v;
	gnutls_datum_t d;

	alarm(SECONDS);
	if (get(CERT_FD, &b, &d) && gnutls_x509_crt_init(&crt) == 0 &&
	    gnutls_x509_crt_import(crt, &d, GNUTLS_X509_FMT_PEM) == 0)
		v = facts(crt);
	else
		v = refusal("SERVER_CERTIFICATE_INVALID", NULL, NULL);
	gnutls_x509_crt_deinit(crt);
	return say(v);
}

int
cert_check(void)
{
	struct pair p = { .n = 0 };
	struct xu_val *v;

	alarm(SECONDS);
	v = take_certificate(&p);
	if (v == NULL)
		v = take_key(&p);
	if (v == NULL)
		v = take_chain(&p);
	if (v == NULL)
		v = kept(&p);
	gnutls_x509_crt_deinit(p.crt);
	gnutls_x509_privkey_deinit(p.key);
	for (unsigned i = 0; i < p.n; i++)
		gnutls_x509_crt_deinit(p.chain[i]);
	return say(v);
}
