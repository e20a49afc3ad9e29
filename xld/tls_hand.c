/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * See tls.h: both show a certificate and look the other's up among those their owners
 * have confirmed, by its SHA-256; who signed it, for whom and until when is of no
 * interest. In TLS 1.3 a client's handshake ends before the server has seen who it is:
 * so the server says yes by one byte, or no by the alert "certificate unknown".
 */
#include "config.h"

#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "errors.h"
#include "tls.h"
#include "xu_buf.h"
#include "xu_file.h"

#define PEM_MAX	     65536
#define HANDSHAKE_MS 8000
#define YES	     "x"
/* Ciphers that the kernel knows, too. */
#define PRIORITY                                                               \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:" \
	"+CHACHA20-POLY1305"

static int
fail(struct xu_err *e, const char *who, const char *why)
{
	xu_err_set(e, XE(XLD_PEER), 0, "%s: %s", who, why);
	xu_err_param(e, "%s: %s", who, why);
	return -1;
}

static int
fail_tls(struct tls *t, int r, struct xu_err *e)
{
	char why[300];

	if (r == GNUTLS_E_FATAL_ALERT_RECEIVED &&
	    gnutls_alert_get(t->session) == GNUTLS_A_CERTIFICATE_UNKNOWN)
		snprintf(why, sizeof(why), "it does not know this host; there: "
		    "xm host-trust THIS-HOST, which has SHA-256 %s", t->own);
	else if (r == GNUTLS_E_FATAL_ALERT_RECEIVED)
		snprintf(why, sizeof(why), "it ends TLS: %s",
		    gnutls_alert_get_name(gnutls_alert_get(t->session)));
	else
		snprintf(why, sizeof(why), "TLS: %s", gnutls_strerror(r));
	return fail(e, t->who, why);
}

static void
print(const uint8_t sum[32], char out[TLS_PRINT])
{
	for (size_t i = 0; i < 32; i++)
		snprintf(out + 3 * i, 4, i < 31 ? "%02X:" : "%02X", sum[i]);
}

static int
sum_of(const gnutls_datum_t *der, char out[TLS_PRINT])
{
	uint8_t sum[32];
	int r = gnutls_hash_fast(GNUTLS_DIG_SHA256, der->data, der->size, sum);

	if (r >= 0)
		print(sum, out);
	return r;
}

static int
read_pem(int fd, struct xu_buf *b)
{
	char piece[4096];
	ssize_t n;

	while ((n = read(fd, piece, sizeof(piece))) > 0 && b->len < PEM_MAX)
		xu_buf_add(b, piece, (size_t)n);
	explicit_bzero(piece, sizeof(piece));
	return n == 0 && b->len > 0 && b->error == 0 ? 0 : -1;
}

static int
take_identity(struct tls *t, const struct xu_buf *cert, const struct xu_buf *key)
{
	const gnutls_datum_t c = { (void *)cert->data, (unsigned)cert->len },
		k = { (void *)key->data, (unsigned)key->len };
	gnutls_datum_t der = { NULL, 0 };
	int r = gnutls_certificate_allocate_credentials(&t->cred);

	if (r >= 0)
		r = gnutls_certificate_set_x509_key_mem(t->cred, &c, &k,
		    GNUTLS_X509_FMT_PEM);
	if (r >= 0)
		r = gnutls_pem_base64_decode2("CERTIFICATE", &c, &der);
	if (r >= 0)
		r = sum_of(&der, t->own);
	gnutls_free(der.data);
	return r;
}

int
tls_identity(struct tls *t, int cert, int key, struct xu_err *e)
{
	AUTO_BUF struct xu_buf c = XU_BUF_INIT, k = XU_BUF_INIT;
	int r = GNUTLS_E_FILE_ERROR;

	if (read_pem(cert, &c) == 0 && read_pem(key, &k) == 0)
		r = take_identity(t, &c, &k);
	if (k.data != NULL)
		explicit_bzero(k.data, k.len);
	if (r >= 0)
		return 0;
	xu_err_set(e, XE(XLD_PEER), 0, "this host's certificate and key: %s",
	    gnutls_strerror(r));
	xu_err_param(e, "%s", e->msg);
	return -1;
}

/* What the other one has shown. */
static int
look(struct tls *t)
{
	unsigned n = 0;
	const gnutls_datum_t *list = gnutls_certificate_get_peers(t->session, &n);
	int r;

	if (list == NULL || n == 0)
		return GNUTLS_E_NO_CERTIFICATE_FOUND;
	r = sum_of(&list[0], t->peer);
	if (r >= 0)
		r = gnutls_pem_base64_encode2("CERTIFICATE", &list[0], &t->pem);
	return r;
}

int
tls_greet(struct tls *t, bool server, struct xu_err *e)
{
	int r = gnutls_init(&t->session, (server ? GNUTLS_SERVER : GNUTLS_CLIENT) |
	    GNUTLS_NO_TICKETS | GNUTLS_NO_SIGNAL);

	if (r >= 0)
		r = gnutls_priority_set_direct(t->session, PRIORITY, NULL);
	if (r >= 0)
		r = gnutls_credentials_set(t->session, GNUTLS_CRD_CERTIFICATE,
		    t->cred);
	if (r < 0)
		return fail_tls(t, r, e);
	if (server)
		gnutls_certificate_server_set_request(t->session,
		    GNUTLS_CERT_REQUIRE);
	gnutls_transport_set_int(t->session, t->fd);
	gnutls_handshake_set_timeout(t->session, HANDSHAKE_MS);
	do
		r = gnutls_handshake(t->session);
	while (r < 0 && gnutls_error_is_fatal(r) == 0);
	if (r < 0)
		gnutls_alert_send_appropriate(t->session, r);
	else
		r = look(t);
	return r < 0 ? fail_tls(t, r, e) : 0;
}

static int
refuse(struct tls *t, bool server, const char *must, struct xu_err *e)
{
	char why[420];

	gnutls_alert_send(t->session, GNUTLS_AL_FATAL,
	    GNUTLS_A_CERTIFICATE_UNKNOWN);
	if (must[0] != '\0')
		snprintf(why, sizeof(why), "its certificate is another than the "
		    "one that was trusted: SHA-256 %s, and was %s", t->peer,
		    must);
	else
		snprintf(why, sizeof(why), "its certificate is not known here "
		    "(SHA-256 %s); if it is who it is to be: xm host-trust %s",
		    t->peer, server ? "HOST" : t->who);
	return fail(e, t->who, why);
}

static bool
is_trusted(const struct tls *t, const struct xu_val *trusted)
{
	for (size_t i = 0; i < xu_val_count(trusted); i++)
		if (strcmp(xu_val_str(xu_val_at(trusted, i)), t->peer) == 0)
			return true;
	return false;
}

int
tls_agree(struct tls *t, bool server, const struct xu_val *trusted,
    const char *must, struct xu_err *e)
{
	char yes[1];
	ssize_t r;

	if (must[0] != '\0' ? strcmp(must, t->peer) != 0 :
			      !is_trusted(t, trusted))
		return refuse(t, server, must, e);
	gnutls_record_set_timeout(t->session, HANDSHAKE_MS);
	do
		r = server ? gnutls_record_send(t->session, YES, 1) :
			     gnutls_record_recv(t->session, yes, 1);
	while (r < 0 && gnutls_error_is_fatal((int)r) == 0);
	if (r < 0)
		return fail_tls(t, (int)r, e);
	if (r == 0 || (!server && yes[0] != YES[0]))
		return fail(e, t->who, "it has closed the connection");
	return 0;
}
