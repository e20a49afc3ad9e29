/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See link.h: xld-tls seen from the core. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "access.h"
#include "helper.h"
#include "link.h"
#include "peer.h"
#include "xu_log.h"
#include "xu_proc.h"

#define PROGRAM	    XLD_LIBEXECDIR "/xld-tls"
#define CERT	    XLD_STATEDIR "/host.pem"
#define KEY	    XLD_STATEDIR "/host.key"
#define MESSAGE_MAX 65536
/* For a name, some addresses and a handshake. */
#define LINK_S	    30

struct link {
	struct core *core;
	struct xu_chan *chan;
	uv_poll_t poll;
	uv_timer_t deadline;
	pid_t pid;
	unsigned handles;
	link_done_f *done;
	void *arg;
};

static void
freed(uv_handle_t *h)
{
	struct link *l = h->data;

	if (--l->handles > 0)
		return;
	xu_chan_free(&l->chan);
	free(l);
}

static void
let_go(struct link *l)
{
	uv_close((uv_handle_t *)&l->poll, freed);
	uv_close((uv_handle_t *)&l->deadline, freed);
}

void
link_cancel(struct link **lp)
{
	struct link *l = *lp;

	*lp = NULL;
	if (l == NULL)
		return;
	helper_kill(l->pid);
	let_go(l);
}

static void
fail(struct link *l, const char *code, const char *message)
{
	struct xu_err e = XU_ERR_INIT;
	link_done_f *done = l->done;
	void *arg = l->arg;

	link_cancel(&l);
	xu_err_set(&e, model_find_error(code) != NULL ? code : XE(XLD_PEER), 0,
	    "%s", message);
	xu_err_param(&e, "%s", message);
	done(arg, -1, NULL, &e);
}

/* It goes on for as long as the stream. */
static void
succeed(struct link *l, struct xu_msg *m)
{
	link_done_f *done = l->done;
	void *arg = l->arg;
	int fd = m->nfds > 0 ? m->fds[0] : -1;

	if (m->nfds > 0)
		m->fds[0] = -1;
	workers_reap(l->core, l->pid);
	let_go(l);
	done(arg, fd, m->val, NULL);
}

static void
heard(uv_poll_t *h, int status, int events XU_UNUSED)
{
	struct link *l = h->data;
	AUTO_MSG struct xu_msg m = XU_MSG_INIT;
	int r = status < 0 ? -1 : xu_chan_fill(l->chan);
	int n = xu_chan_next(l->chan, &m);

	if (n > 0 && m.kind == XU_MSG_DONE)
		succeed(l, &m);
	else if (n > 0)
		fail(l, xu_val_get_str(m.val, "code", ""),
		    xu_val_get_str(m.val, "message", "it gave no reason"));
	else if (r < 0 || n < 0)
		fail(l, XE(XLD_HELPER), PROGRAM " ended without an answer");
}

static void
too_late(uv_timer_t *t)
{
	fail(t->data, XE(XLD_PEER), "the other host does not answer");
}

static bool
kernel_tls(const struct core *c)
{
	return xu_val_get_int(c->conf, "migration_kernel_tls", 0) != 0;
}

/* It has our user's rights and may not load one for itself. */
static void
load_kernel_tls(void)
{
	static bool tried;
	int fd;

	if (tried)
		return;
	tried = true;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* Fails, because it is not connected; the module is there then. */
	if (fd >= 0)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", 4);
	if (fd >= 0)
		close(fd);
}

/* This host's own, made when it is first needed. */
static int
open_identity(int fds[2], struct xu_err *e)
{
	if ((access(CERT, R_OK) < 0 || access(KEY, R_OK) < 0) &&
	    own_certificate(CERT, KEY, "root", e) < 0)
		return -1;
	fds[0] = open(CERT, O_RDONLY | O_CLOEXEC);
	fds[1] = open(KEY, O_RDONLY | O_CLOEXEC);
	return fds[0] < 0 || fds[1] < 0 ?
	    xu_err_set(e, XE(XLD_FILE), errno, CERT) : 0;
}

/* All of it fits into the socket's buffer. */
static int
order(struct link *l, const struct link_order *o, const int fds[3])
{
	AUTO_VAL struct xu_val *v = xu_struct();
	char must[PRINT_TEXT] = "";

	if (o->to != NULL)
		trust_print_of(l->core, o->to, must);
	xu_val_set(v, "do", xu_str(o->what));
	xu_val_set(v, "to", xu_str(o->to == NULL ? "" : o->to));
	xu_val_set(v, "must", xu_str(must));
	xu_val_set(v, "trusted", trust_prints(l->core));
	xu_val_set(v, "kernel", xu_bool(kernel_tls(l->core)));
	xu_val_set(v, "silence", xu_int(peer_silence(l->core)));
	return !xu_val_ok(v) ? -1 : xu_chan_send(l->chan, XU_MSG_CALL, 0, v, fds,
	    fds[2] >= 0 ? 3 : 2);
}

static int
start(struct link *l, const struct link_order *o, struct xu_err *e)
{
	int fds[3] = { -1, -1, o->fd }, r = -1;

	if (open_identity(fds, e) == 0)
		l->chan = helper_start(PROGRAM, MESSAGE_MAX, &l->pid, e);
	if (l->chan != NULL && (r = order(l, o, fds)) < 0) {
		xu_err_set(e, XE(XLD_HELPER), errno, PROGRAM);
		helper_kill(l->pid);
	}
	for (size_t i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return r;
}

struct link *
link_begin(struct core *c, const struct link_order *o, link_done_f *done,
    void *arg, struct xu_err *e)
{
	struct link *l = calloc(1, sizeof(*l));
	int r = -1;

	if (kernel_tls(c))
		load_kernel_tls();
	if (l == NULL) {
		xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "a connection");
	} else {
		l->core = c;
		l->done = done;
		l->arg = arg;
		r = start(l, o, e);
	}
	if (o->fd >= 0)
		close(o->fd);
	if (r == 0 && uv_poll_init(c->loop, &l->poll, xu_chan_fd(l->chan)) == 0) {
		uv_timer_init(c->loop, &l->deadline);
		l->poll.data = l->deadline.data = l;
		l->handles = 2;
		uv_timer_start(&l->deadline, too_late, LINK_S * 1000, 0);
		uv_poll_start(&l->poll, UV_READABLE, heard);
		return l;
	}
	if (r == 0)
		helper_kill(l->pid);
	if (l != NULL)
		xu_chan_free(&l->chan);
	free(l);
	xu_err_set(e, XE(XLD_NO_MEMORY), 0, "a connection");
	return NULL;
}
