/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Consoles. The core hands over a stream socket per viewer; here its bytes and
 * those of the upgraded HTTP connection are carried across, each direction with
 * one buffer: while it is full its source is not read, so a slow viewer holds
 * up nobody but itself.
 */
#include "config.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "api.h"
#include "xu_log.h"
#include "xu_proc.h"

#define PUMP_SIZE 32768

/* One direction. */
struct flow {
	char data[PUMP_SIZE];
	size_t from, to;
	/* The source has ended. */
	bool ended;
	/* Read and thrown away: a viewer that only watches. */
	bool discard;
};

struct pump {
	struct listener *listener;
	struct MHD_UpgradeResponseHandle *urh;
	int client, guest;
	uv_poll_t client_poll, guest_poll;
	/* Client to guest, guest to client. */
	struct flow in, out;
	int open_handles;
	bool closing;
};

static void
handle_closed(uv_handle_t *h)
{
	struct pump *p = h->data;

	if (--p->open_handles > 0)
		return;
	p->listener->api->consoles--;
	close(p->guest);
	MHD_upgrade_action(p->urh, MHD_UPGRADE_ACTION_CLOSE);
	api_listen_wake(p->listener);
	free(p);
}

static void
pump_close(struct pump *p)
{
	if (p->closing)
		return;
	p->closing = true;
	uv_close((uv_handle_t *)&p->client_poll, handle_closed);
	uv_close((uv_handle_t *)&p->guest_poll, handle_closed);
}

static bool
would_block(ssize_t n)
{
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* False when the destination is gone. */
static bool
push(struct flow *f, int to)
{
	ssize_t n;

	if (f->discard)
		f->from = f->to;
	while (f->from < f->to) {
		n = send(to, f->data + f->from, f->to - f->from,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (would_block(n))
			return true;
		if (n < 0)
			return false;
		f->from += (size_t)n;
	}
	f->from = f->to = 0;
	return true;
}

static void
pull(struct flow *f, int from)
{
	ssize_t n;

	if (f->ended || f->to == PUMP_SIZE)
		return;
	n = recv(from, f->data + f->to, PUMP_SIZE - f->to, MSG_DONTWAIT);
	if (n > 0)
		f->to += (size_t)n;
	else if (!would_block(n))
		f->ended = true;
}

static void pump_ready(uv_poll_t *h, int status, int events);

static void
pump_watch(struct pump *p)
{
	/* A viewer that leaves is noticed even while nothing is read from it. */
	int client = UV_DISCONNECT, guest = 0;

	if (!p->in.ended && p->in.to < PUMP_SIZE)
		client |= UV_READABLE;
	if (p->out.from < p->out.to)
		client |= UV_WRITABLE;
	if (!p->out.ended && p->out.to < PUMP_SIZE)
		guest |= UV_READABLE;
	if (p->in.from < p->in.to)
		guest |= UV_WRITABLE;
	uv_poll_start(&p->client_poll, client, pump_ready);
	uv_poll_start(&p->guest_poll, guest, pump_ready);
}

/* Moves what can be moved and decides what to wait for. */
static void
pump_move(struct pump *p)
{
	if (!push(&p->in, p->guest) || !push(&p->out, p->client)) {
		pump_close(p);
		return;
	}
	/* The guest's last words are delivered before the end; a viewer that
	 * leaves takes the whole attachment with it. */
	if (p->in.ended || (p->out.ended && p->out.from == p->out.to)) {
		pump_close(p);
		return;
	}
	pump_watch(p);
}

static void
pump_ready(uv_poll_t *h, int status, int events)
{
	struct pump *p = h->data;

	if (status < 0 ||
	    ((events & UV_DISCONNECT) != 0 && p->in.to == PUMP_SIZE)) {
		pump_close(p);
		return;
	}
	if ((events & (UV_READABLE | UV_DISCONNECT)) != 0 && h == &p->client_poll)
		pull(&p->in, p->client);
	else if ((events & UV_READABLE) != 0)
		pull(&p->out, p->guest);
	pump_move(p);
}

static void
on_upgrade(void *arg, struct MHD_Connection *c XU_UNUSED,
    void *ctx XU_UNUSED, const char *extra, size_t extra_len, MHD_socket sock,
    struct MHD_UpgradeResponseHandle *urh)
{
	struct request *rq = arg;
	struct pump *p = calloc(1, sizeof(*p));

	if (p == NULL || extra_len > PUMP_SIZE ||
	    uv_poll_init(rq->api->loop, &p->client_poll, sock) != 0) {
		free(p);
		MHD_upgrade_action(urh, MHD_UPGRADE_ACTION_CLOSE);
		api_listen_wake(rq->listener);
		return;
	}
	p->listener = rq->listener;
	rq->api->consoles++;
	p->urh = urh;
	p->client = sock;
	p->client_poll.data = p->guest_poll.data = p;
	p->in.discard = rq->readonly;
	/* What the client sent right behind its request. */
	memcpy(p->in.data, extra, extra_len);
	p->in.to = extra_len;
	p->open_handles = 2;
	p->guest = steal_fd(&rq->stream);
	if (uv_poll_init(rq->api->loop, &p->guest_poll, p->guest) != 0) {
		p->open_handles = 1;
		p->closing = true;
		uv_close((uv_handle_t *)&p->client_poll, handle_closed);
		return;
	}
	pump_move(p);
}

int
api_console_upgrade(struct request *rq)
{
	struct MHD_Response *r =
	    MHD_create_response_for_upgrade(on_upgrade, rq);
	enum MHD_Result rc;

	if (r == NULL)
		return MHD_NO;
	MHD_add_response_header(r, "Upgrade", "xld-console");
	rc = MHD_queue_response(rq->conn, MHD_HTTP_SWITCHING_PROTOCOLS, r);
	MHD_destroy_response(r);
	return rc;
}

static void
got_stream(void *arg, struct xu_msg *reply)
{
	struct request *rq = arg;

	if (reply == NULL || reply->nfds < 1 ||
	    xu_val_get(reply->val, "ok") == NULL) {
		api_answer_core(rq, reply);
		return;
	}
	rq->stream = reply->fds[0];
	reply->fds[0] = -1;
	api_answer_http(rq, MHD_HTTP_SWITCHING_PROTOCOLS, "", "", 0);
}

static void
got_history(void *arg, struct xu_msg *reply)
{
	const struct xu_val *v;
	struct request *rq = arg;

	v = reply == NULL ? NULL : xu_val_get(reply->val, "ok");
	if (v == NULL)
		api_answer_core(rq, reply);
	else
		api_answer_http(rq, MHD_HTTP_OK, "application/octet-stream",
		    xu_val_str(v), xu_val_strlen(v));
}

void
api_console(struct request *rq, const struct session *s, const char *uuid,
    bool upgrade, bool history, bool readonly)
{
	struct xu_val *params, *options;

	if (upgrade && rq->api->consoles >= API_CONSOLES) {
		api_answer_error(rq, "too many consoles are open; close some",
		    "XLD_TOO_MANY", "consoles", NULL);
		return;
	}
	rq->readonly = readonly;
	params = xu_array();
	xu_val_add(params, xu_str(uuid));
	if (upgrade) {
		options = xu_struct();
		xu_val_set(options, "history", xu_bool(history));
		xu_val_set(options, "readonly", xu_bool(readonly));
		xu_val_add(params, options);
	}
	api_core_call(rq->api,
	    api_core_about(rq, api_core_msg(s,
		upgrade ? "console.open" : "console.history", params, false)),
	    upgrade ? got_stream : got_history, rq);
}
