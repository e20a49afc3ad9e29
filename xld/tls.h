/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xld-tls: one connection to another host, from its first byte to its last. xld starts
 * it, gives it one order over descriptor 3 and hears one answer (link.h has the words);
 * what it then says and hears goes through the stream that comes with the answer.
 * Keys, certificates and TLS are looked at here, by nobody behind a filter, and nowhere
 * else in the core.
 *
 *     tls_main.c     order, answer
 *     tls_dial.c     names and addresses
 *     tls_hand.c     the handshake: TLS 1.3, each shows a certificate that the other knows
 *     tls_pump.c     what comes after it: by the kernel's TLS, or by ourselves
 */
#ifndef XLD_TLS_H
#define XLD_TLS_H

#include <gnutls/gnutls.h>
#include <stdbool.h>

#include "xu_err.h"
#include "xu_val.h"

/* "AB:CD:...": SHA-256 of a certificate. */
#define TLS_PRINT 96

struct tls {
	gnutls_session_t session;
	gnutls_certificate_credentials_t cred;
	/* The connection, and how the other end of it is called. */
	int fd;
	char who[128];
	char own[TLS_PRINT], peer[TLS_PRINT];
	/* The other's, PEM. */
	gnutls_datum_t pem;
};

/* A connection to "host", "host:port" or "[host]:port"; -1. */
int tls_dial(const char *to, char who[128], struct xu_err *e);
/* Who the other end of fd is. */
void tls_name(int fd, char who[128]);

/* Certificate and key, from descriptors. */
int tls_identity(struct tls *t, int cert, int key, struct xu_err *e);
/* The handshake over t->fd, until the other's certificate is known. */
int tls_greet(struct tls *t, bool server, struct xu_err *e);
/* Both know the other: trusted has its certificate, and must is it, if that is not
 * empty. */
int tls_agree(struct tls *t, bool server, const struct xu_val *trusted,
    const char *must, struct xu_err *e);

/* Hands the connection to the kernel's TLS: 1; 0: it has none. -1: neither. */
int tls_to_kernel(struct tls *t, struct xu_err *e);
/* Until either end has gone. */
void tls_pump(struct tls *t, int clear);

#endif
