/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * See tls.h: bytes. With the kernel's TLS the connection itself is what xld and its
 * workers read and write; otherwise this process stays and is the pump between it and a
 * stream in clear.
 */
#include "config.h"

#include <errno.h>
#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "errors.h"
#include "tls.h"
#include "xu_proc.h"

#ifndef SOL_TLS
#define SOL_TLS 282
#endif
#define ROOM (256u << 10)
/* For the word that this is the end. */
#define BYE_S 2

/* ---- the kernel's ------------------------------------------------------------------ */

union crypto {
	struct tls_crypto_info info;
	struct tls12_crypto_info_aes_gcm_128 aes128;
	struct tls12_crypto_info_aes_gcm_256 aes256;
};

#define FILL(member, cipher)                                                   \
	do {                                                                   \
		if (key.size != sizeof((member).key) || iv.size !=             \
		    sizeof((member).salt) + sizeof((member).iv))               \
			return 0;                                              \
		(member).info.version = TLS_1_3_VERSION;                       \
		(member).info.cipher_type = (cipher);                          \
		memcpy((member).salt, iv.data, sizeof((member).salt));         \
		memcpy((member).iv, iv.data + sizeof((member).salt),           \
		    sizeof((member).iv));                                      \
		memcpy((member).key, key.data, sizeof((member).key));          \
		memcpy((member).rec_seq, seq, sizeof((member).rec_seq));       \
		return sizeof(member);                                         \
	} while (0)

/* What it wants to know of one direction; its size, 0: it has no such cipher. */
static socklen_t
describe(const struct tls *t, bool incoming, union crypto *out)
{
	gnutls_datum_t mac, iv, key;
	unsigned char seq[8];

	if (gnutls_record_get_state(t->session, incoming, &mac, &iv, &key,
		seq) < 0)
		return 0;
	switch (gnutls_cipher_get(t->session)) {
	case GNUTLS_CIPHER_AES_128_GCM:
		FILL(out->aes128, TLS_CIPHER_AES_GCM_128);
	case GNUTLS_CIPHER_AES_256_GCM:
		FILL(out->aes256, TLS_CIPHER_AES_GCM_256);
	default:
		return 0;
	}
}

static bool
hand_over(const struct tls *t, bool incoming)
{
	union crypto c;
	socklen_t n;
	int r;

	memset(&c, 0, sizeof(c));
	n = describe(t, incoming, &c);
	r = n == 0 ? -1 : setsockopt(t->fd, SOL_TLS, incoming ? TLS_RX : TLS_TX,
	    &c, n);
	explicit_bzero(&c, sizeof(c));
	return r == 0;
}

int
tls_to_kernel(struct tls *t, struct xu_err *e)
{
	if (gnutls_record_check_pending(t->session) > 0 ||
	    setsockopt(t->fd, IPPROTO_TCP, TCP_ULP, "tls", 4) < 0 ||
	    !hand_over(t, true))
		return 0;
	if (hand_over(t, false))
		return 1;
	xu_err_set(e, XE(XLD_PEER), 0, "%s: the kernel's TLS reads and does not "
	    "write", t->who);
	xu_err_param(e, "%s", e->msg);
	return -1;
}

/* ---- ours ---------------------------------------------------------------------------- */

/* One direction: what was read and not yet written. */
struct way {
	char bytes[ROOM];
	size_t from, to;
	/* Nothing more comes. */
	bool over;
};

static bool
again(ssize_t n, bool tls)
{
	return tls ? n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED :
		     n < 0 && (errno == EAGAIN || errno == EINTR);
}

static ssize_t
read_some(struct tls *t, int clear, bool tls, void *p, size_t n)
{
	return tls ? gnutls_record_recv(t->session, p, n) : read(clear, p, n);
}

static ssize_t
write_some(struct tls *t, int clear, bool tls, const void *p, size_t n)
{
	return tls ? gnutls_record_send(t->session, p, n) :
		     send(clear, p, n, MSG_NOSIGNAL);
}

/* One step; from_tls: of what comes. -1: this way has ended; 0: it waits. */
static int
move(struct tls *t, int clear, struct way *w, bool from_tls)
{
	ssize_t n;

	if (w->from == w->to) {
		if (w->over)
			return -1;
		n = read_some(t, clear, from_tls, w->bytes, sizeof(w->bytes));
		if (n <= 0 && !(n < 0 && again(n, from_tls)))
			w->over = true;
		if (n <= 0)
			return w->over ? -1 : 0;
		w->from = 0;
		w->to = (size_t)n;
	}
	n = write_some(t, clear, !from_tls, w->bytes + w->from, w->to - w->from);
	if (n < 0 && again(n, !from_tls))
		return 0;
	if (n <= 0)
		return -1;
	w->from += (size_t)n;
	return 1;
}

void
tls_pump(struct tls *t, int clear)
{
	const struct timeval bye = { .tv_sec = BYE_S };
	static struct way out, in;
	int o, i;

	if (xu_set_nonblock(t->fd, true) < 0 || xu_set_nonblock(clear, true) < 0)
		return;
	/* From here on the other may be silent for as long as it likes. */
	gnutls_record_set_timeout(t->session, 0);
	for (;;) {
		struct pollfd p[2] = { { .fd = t->fd }, { .fd = clear } };

		o = move(t, clear, &out, false);
		i = move(t, clear, &in, true);
		if (o < 0 || i < 0)
			break;
		if (o > 0 || i > 0)
			continue;
		p[0].events = (short)((out.from < out.to ? POLLOUT : 0) |
		    (in.from == in.to ? POLLIN : 0));
		p[1].events = (short)((in.from < in.to ? POLLOUT : 0) |
		    (out.from == out.to ? POLLIN : 0));
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			break;
	}
	/* Whoever has ended had nothing more to say, and all that was passed on. */
	xu_set_nonblock(t->fd, false);
	setsockopt(t->fd, SOL_SOCKET, SO_SNDTIMEO, &bye, sizeof(bye));
	gnutls_bye(t->session, GNUTLS_SHUT_WR);
}
