/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xld-tls, see tls.h. Order (XU_MSG_CALL; link.h names its members) with certificate,
 * key and, of "serve", the connection; answer DONE with the stream, or FAILED.
 *
 *   own     the certificate's own print, without a connection
 *   look    whose certificate is shown at an address; nothing else
 *   dial    a connection to a host that is known
 *   serve   one that somebody has made to us
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "errors.h"
#include "tls.h"
#include "walls.h"
#include "xu_msg.h"
#include "xu_proc.h"
#include "xu_sanitize.h"

enum {
	CHANNEL_FD = 3,
	PAYLOAD_MAX = 1 << 20,
};

/* ---- walls ------------------------------------------------------------------------- */

#if XU_SANITIZED
static int
wall_in(void)
{
	return 0;
}
#else
/* Before a byte of anybody's is looked at: it has what it needs. */
static int
wall_in(void)
{
	static const int calls[] = { SCMP_SYS(read), SCMP_SYS(write),
		SCMP_SYS(writev), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg),
		SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(poll),
		SCMP_SYS(ppoll), SCMP_SYS(setsockopt), SCMP_SYS(fcntl),
		SCMP_SYS(close), SCMP_SYS(munmap), SCMP_SYS(mremap),
		SCMP_SYS(madvise), SCMP_SYS(brk), SCMP_SYS(futex),
		SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(time),
		SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getrusage),
		SCMP_SYS(getrandom), SCMP_SYS(rt_sigreturn),
		SCMP_SYS(rt_sigprocmask), SCMP_SYS(tgkill), SCMP_SYS(exit),
		SCMP_SYS(exit_group) };
	scmp_filter_ctx f = walls_filter(calls, sizeof(calls) / sizeof(calls[0]));

	return f == NULL ? -1 : walls_load(f);
}
#endif

/* ---- order and answer ------------------------------------------------------------------ */

static struct xu_val *
report(const struct tls *t, bool kernel)
{
	struct xu_val *v = xu_struct();

	xu_val_set(v, "own", xu_str(t->own));
	xu_val_set(v, "peer", xu_str(t->peer));
	xu_val_set(v, "who", xu_str(t->who));
	xu_val_set(v, "kernel", xu_bool(kernel));
	if (t->pem.data != NULL)
		xu_val_set(v, "certificate",
		    xu_strn((const char *)t->pem.data, t->pem.size));
	return v;
}

static int
answer(struct xu_chan *chan, const struct tls *t, bool kernel, int fd)
{
	AUTO_VAL struct xu_val *v = report(t, kernel);

	if (!xu_val_ok(v))
		return -1;
	return xu_chan_send(chan, XU_MSG_DONE, 0, v, &fd, fd >= 0 ? 1 : 0);
}

/* Hands over what was agreed on; with TLS of our own this returns when it is over. */
static int
serve_bytes(struct xu_chan **chan, struct tls *t, const int clear[2],
    bool kernel_wanted, struct xu_err *e)
{
	int kernel = kernel_wanted ? tls_to_kernel(t, e) : 0;

	if (kernel < 0)
		return -1;
	if (answer(*chan, t, kernel > 0, kernel > 0 ? t->fd : clear[1]) < 0 ||
	    kernel > 0)
		return 0;
	close(clear[1]);
	xu_chan_free(chan);
	tls_pump(t, clear[0]);
	return 0;
}

static int
obey(struct xu_chan **chan, struct tls *t, struct xu_msg *m, struct xu_err *e)
{
	const char *what = xu_val_get_str(m->val, "do", "");
	const char *must = xu_val_get_str(m->val, "must", "");
	const bool serve = strcmp(what, "serve") == 0;
	const bool own = strcmp(what, "own") == 0;
	int clear[2] = { -1, -1 };

	/* Names are still to be looked up, and files of the host's read for that. */
	if (m->nfds < (serve ? 3 : 2) || walls_nobody() < 0 ||
	    xu_socketpair(clear, false) < 0)
		return xu_err_set(e, XE(XLD_HELPER), 0, "xld-tls: no order");
	if (serve) {
		t->fd = m->fds[2];
		tls_name(t->fd, t->who);
	} else if (!own) {
		t->fd = tls_dial(xu_val_get_str(m->val, "to", ""), t->who, e);
		if (t->fd < 0)
			return -1;
	}
	if (t->fd >= 0)
		xu_watch_line(t->fd,
		    (int)xu_val_get_int(m->val, "silence", 0));
	if (wall_in() < 0)
		return xu_err_set(e, XE(XLD_HELPER), 0, "xld-tls: no walls");
	if (tls_identity(t, m->fds[0], m->fds[1], e) < 0)
		return -1;
	if (own)
		return answer(*chan, t, false, -1);
	if (tls_greet(t, serve, e) < 0)
		return -1;
	if (strcmp(what, "look") == 0) {
		gnutls_bye(t->session, GNUTLS_SHUT_WR);
		return answer(*chan, t, false, -1);
	}
	if (tls_agree(t, serve, xu_val_get(m->val, "trusted"), must, e) < 0)
		return -1;
	return serve_bytes(chan, t, clear, xu_val_get_bool(m->val, "kernel",
	    false), e);
}

int
main(void)
{
	struct xu_chan *chan = xu_chan_new(CHANNEL_FD, PAYLOAD_MAX);
	AUTO_MSG struct xu_msg m = XU_MSG_INIT;
	struct xu_err e = XU_ERR_INIT;
	static struct tls t;

	if (chan == NULL || xu_chan_recv(chan, &m) != 1 ||
	    m.kind != XU_MSG_CALL) {
		fprintf(stderr, "xld-tls: started by xld, which gives it a "
				"connection to secure\n");
		return 2;
	}
	t.fd = -1;
	if (obey(&chan, &t, &m, &e) < 0 && chan != NULL)
		xu_chan_failed(chan, xu_err_is_set(&e) ? e.code : XE(XLD_HELPER),
		    t.who, xu_err_is_set(&e) ? e.msg : "out of memory");
	xu_chan_free(&chan);
	return 0;
}
