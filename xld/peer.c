/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See peer.h: one connection to another host, and the words that both begin with. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"
#include "xu_file.h"
#include "xu_proc.h"

/* Of a message: a configuration is less. */
#define MESSAGE_MAX (1u << 20)

struct peer {
	struct core *core;
	struct xu_chan *chan;
	uv_poll_t poll;
	uv_timer_t timer;
	struct peer_events ev;
	unsigned patience_s;
	/* Handles that are still to be closed; then it is freed. */
	unsigned handles;
	bool deaf, draining, closed;
};

static void
handle_closed(uv_handle_t *h)
{
	struct peer *p = h->data;

	if (--p->handles > 0)
		return;
	xu_chan_free(&p->chan);
	free(p);
}

void
peer_close(struct peer **pp)
{
	struct peer *p = *pp;

	*pp = NULL;
	if (p == NULL || p->closed)
		return;
	p->closed = true;
	/* Copies of it that others have are of no use any more. */
	shutdown(xu_chan_fd(p->chan), SHUT_RDWR);
	uv_poll_stop(&p->poll);
	uv_timer_stop(&p->timer);
	uv_close((uv_handle_t *)&p->poll, handle_closed);
	uv_close((uv_handle_t *)&p->timer, handle_closed);
}

static void
lost(struct peer *p, int errnum, const char *why)
{
	struct xu_err e = XU_ERR_INIT;

	uv_poll_stop(&p->poll);
	uv_timer_stop(&p->timer);
	peer_fail(&e, errnum, why);
	p->ev.lost(p->ev.arg, &e);
}

/* What is left of an image that nobody wants: unread, it would take our last word with
 * it. False: it is at its end. */
static bool
drain(struct peer *p)
{
	char waste[64 << 10];
	ssize_t n;

	for (unsigned i = 0; i < 16; i++) {
		n = read(xu_chan_fd(p->chan), waste, sizeof(waste));
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (n <= 0)
			return false;
	}
	return true;
}

static void
ready(uv_poll_t *h, int status, int events)
{
	struct peer *p = h->data;
	struct xu_msg m = XU_MSG_INIT;
	int r = status < 0 ? -1 : 0, n;

	if (r == 0 && (events & UV_WRITABLE) != 0 && xu_chan_flush(p->chan) < 0)
		r = -1;
	if (p->draining) {
		if (r < 0 || !drain(p))
			lost(p, 0, "it has closed the connection");
		return;
	}
	if (r == 0 && (events & UV_READABLE) != 0)
		r = xu_chan_fill(p->chan) < 0 ? -1 : 0;
	while (!p->closed && !p->deaf &&
	    (n = xu_chan_next(p->chan, &m)) != 0) {
		if (n < 0) {
			lost(p, 0, "it talks nonsense");
			return;
		}
		peer_expect(p, p->patience_s);
		p->ev.message(p->ev.arg, m.kind, m.val);
		xu_msg_fini(&m);
	}
	if (p->closed)
		return;
	if (r < 0)
		lost(p, 0, errno == EPIPE ? "it has closed the connection" :
					    strerror(errno));
	else if (!p->deaf)
		uv_poll_start(&p->poll, UV_READABLE |
		    (xu_chan_pending(p->chan) ? UV_WRITABLE : 0), ready);
}

static void
too_long(uv_timer_t *t)
{
	struct peer *p = t->data;
	char why[64];

	snprintf(why, sizeof(why), "it has not answered for %u s",
	    p->patience_s);
	lost(p, 0, why);
}

/* What could not be sent: the caller is not in the way any more. */
static void
broken(uv_timer_t *t)
{
	struct peer *p = t->data;

	lost(p, 0, "it has closed the connection");
}

int
peer_silence(const struct core *c)
{
	return (int)xu_val_get_int(c->conf, "migration_silence_seconds", 0);
}

struct peer *
peer_new(struct core *c, int fd, const struct peer_events *ev, struct xu_err *e)
{
	struct peer *p = calloc(1, sizeof(*p));

	xu_watch_line(fd, peer_silence(c));
	if (p == NULL || xu_set_nonblock(fd, true) < 0 ||
	    (p->chan = xu_chan_new(fd, MESSAGE_MAX)) == NULL) {
		xu_err_set(e, "XLD_NO_MEMORY", errno, "a connection");
		close(fd);
		free(p);
		return NULL;
	}
	p->core = c;
	p->ev = *ev;
	if (uv_poll_init(c->loop, &p->poll, fd) != 0) {
		xu_err_set(e, "XLD_NO_MEMORY", errno, "a connection");
		xu_chan_free(&p->chan);
		free(p);
		return NULL;
	}
	uv_timer_init(c->loop, &p->timer);
	p->poll.data = p->timer.data = p;
	p->handles = 2;
	uv_poll_start(&p->poll, UV_READABLE, ready);
	return p;
}

void
peer_send(struct peer *p, uint32_t kind, struct xu_val *v)
{
	int r = xu_chan_send(p->chan, kind, 0, v, NULL, 0);

	xu_val_free(v);
	if (r < 0)
		uv_timer_start(&p->timer, broken, 0, 0);
	else if (xu_chan_pending(p->chan))
		uv_poll_start(&p->poll, UV_READABLE | UV_WRITABLE, ready);
}

void
peer_expect(struct peer *p, unsigned seconds)
{
	p->patience_s = seconds;
	if (seconds == 0)
		uv_timer_stop(&p->timer);
	else
		uv_timer_start(&p->timer, too_long, seconds * 1000ull, 0);
}

int
peer_lend(struct peer *p, bool deaf)
{
	int fd = fcntl(xu_chan_fd(p->chan), F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return -1;
	xu_set_nonblock(fd, false);
	p->deaf = deaf;
	if (deaf)
		uv_poll_stop(&p->poll);
	return fd;
}

void
peer_listen(struct peer *p)
{
	xu_set_nonblock(xu_chan_fd(p->chan), true);
	p->deaf = false;
	uv_poll_start(&p->poll, UV_READABLE, ready);
}

void
peer_drain(struct peer *p)
{
	p->draining = true;
	peer_listen(p);
}

/* ---- words ------------------------------------------------------------------------ */

int
peer_fail(struct xu_err *e, int errnum, const char *why)
{
	xu_err_set(e, "XLD_PEER", errnum, "the other host: %s", why);
	xu_err_param(e, "%s", why);
	return -1;
}

const char *
peer_boot_id(void)
{
	static char id[UUID_TEXT];
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;

	if (id[0] == '\0' &&
	    xu_file_read("/proc/sys/kernel/random/boot_id", 64, &b, NULL) == 0)
		snprintf(id, sizeof(id), "%.36s", xu_buf_text(&b));
	return id;
}

struct xu_val *
peer_hello(const struct core *c)
{
	struct xu_val *v = xu_struct();

	xu_val_set(v, "version", xu_int(PEER_VERSION));
	xu_val_set(v, "software", xu_str("xld " PACKAGE_VERSION));
	xu_val_set(v, "host", xu_str(c->host_uuid));
	xu_val_set(v, "boot", xu_str(peer_boot_id()));
	xu_val_set(v, "xen_major", xu_int(c->version.major));
	xu_val_set(v, "xen_minor", xu_int(c->version.minor));
	/* What goes beyond version 1 is named here, and used when both do. */
	xu_val_set(v, "capabilities", xu_array());
	return v;
}

int
peer_check_hello(const struct core *c XU_UNUSED, const struct xu_val *v,
    struct xu_err *e)
{
	uint8_t bytes[16];
	const char *why = NULL;

	if (xu_val_get_int(v, "version", 0) < PEER_VERSION)
		why = "it speaks no version of the protocol that is known here";
	else if (!uuid_bytes(xu_val_get_str(v, "host", ""), bytes) ||
	    !uuid_bytes(xu_val_get_str(v, "boot", ""), bytes))
		why = "it does not say who it is";
	if (why == NULL)
		return 0;
	return peer_fail(e, 0, why);
}

struct xu_val *
peer_refusal(const struct xu_err *e)
{
	struct xu_val *v = xu_struct();

	xu_val_set(v, "code", xu_str(e->code));
	xu_val_set(v, "message", xu_str(e->msg));
	return v;
}

void
peer_refused(const struct xu_val *v, struct xu_err *e)
{
	const char *message = xu_val_get_str(v, "message", "it gave no reason");

	xu_err_set(e, "XLD_PEER", 0, "the other host refuses: %.300s", message);
	xu_err_param(e, "%.300s", message);
}
