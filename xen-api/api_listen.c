/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connections: a libmicrohttpd for each socket, driven by our loop through its epoll
 * descriptor. api_open.c says which there are.
 *
 * A connection has so many seconds for each complete request, however busily it
 * sends; while its request is worked on it may take its time. Where all places
 * are taken, one that waits makes room.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api.h"

/* Places kept free, so that a new connection is taken up before the one that
 * makes room has ended. */
#define SPARE	     4u

/* One connection: where libmicrohttpd's own is not enough. */
struct connection {
	struct listener *listener;
	int fd;
	/* In listener's waiting, since then (the loop's clock); a request has
	 * begun. */
	struct xu_list waiting;
	uint64_t since;
	/* A call with a session came by it; else while it waits it is in
	 * listener's strangers. */
	bool known;
	struct xu_list stranger;
	enum connection_state state;
	struct session *session;
};

/* ---- running libmicrohttpd ---------------------------------------------------------- */

static void on_timer(uv_timer_t *t);

/* Lets it work, and notes when it wants to be called at the latest. */
void
api_listen_run(struct listener *l)
{
	MHD_UNSIGNED_LONG_LONG ms;

	l->resumed = false;
	MHD_run(l->http);
	if (l->resumed)
		uv_timer_start(&l->timer, on_timer, 0, 0);
	else if (MHD_get_timeout(l->http, &ms) == MHD_YES)
		uv_timer_start(&l->timer, on_timer, ms, 0);
	else
		uv_timer_stop(&l->timer);
}

static void
on_timer(uv_timer_t *t)
{
	api_listen_run(t->data);
}

void
api_listen_ready(uv_poll_t *h, int status XU_UNUSED, int events XU_UNUSED)
{
	api_listen_run(h->data);
}

/* Not from here: we may be inside of a run. */
void
api_listen_wake(struct listener *l)
{
	l->resumed = true;
	uv_timer_start(&l->timer, on_timer, 0, 0);
}

/* ---- patience ------------------------------------------------------------------------- */

static void look(uv_timer_t *t);

static void
look_again(struct listener *l)
{
	const struct connection *oldest;
	uint64_t due, now = uv_now(l->api->loop);

	if (xu_list_empty(&l->waiting)) {
		uv_timer_stop(&l->patience);
		return;
	}
	if (uv_is_active((uv_handle_t *)&l->patience))
		return;
	oldest = xu_container_of(l->waiting.next, struct connection, waiting);
	due = oldest->since + 1000ull * l->request_seconds;
	uv_timer_start(&l->patience, look, due > now ? due - now : 0, 0);
}

static void
wait_no_more(struct connection *c)
{
	xu_list_remove(&c->waiting);
	xu_list_remove(&c->stranger);
}

/* libmicrohttpd sees its end and frees it. */
static void
hang_up(struct connection *c)
{
	static const char late[] = "HTTP/1.1 408 Request Timeout\r\n"
				   "Content-Length: 0\r\n"
				   "Connection: close\r\n\r\n";

	wait_no_more(c);
	if (c->state == CONN_READING && !c->listener->tls)
		(void)!send(c->fd, late, sizeof(late) - 1,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	shutdown(c->fd, SHUT_RDWR);
}

static void
look(uv_timer_t *t)
{
	struct listener *l = t->data;
	const uint64_t now = uv_now(l->api->loop);
	struct connection *c;

	while (!xu_list_empty(&l->waiting)) {
		c = xu_container_of(l->waiting.next, struct connection, waiting);
		if (now - c->since < 1000ull * l->request_seconds)
			break;
		hang_up(c);
	}
	look_again(l);
}

static struct connection *
mine(struct MHD_Connection *mc)
{
	const union MHD_ConnectionInfo *ci =
	    MHD_get_connection_info(mc, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return ci == NULL ? NULL : ci->socket_context;
}

static void
await(struct connection *c)
{
	struct listener *l = c->listener;

	c->since = uv_now(l->api->loop);
	wait_no_more(c);
	xu_list_append(&l->waiting, &c->waiting);
	if (!c->known)
		xu_list_append(&l->strangers, &c->stranger);
	look_again(l);
}

void
api_connection_is(struct MHD_Connection *mc, enum connection_state state)
{
	struct connection *c = mine(mc);

	/* A console has all the time there is. */
	if (c == NULL || c->state == CONN_UPGRADED)
		return;
	c->state = state;
	if (state == CONN_WAITING)
		await(c);
	else if (state != CONN_READING)
		wait_no_more(c);
}

void
api_connection_is_known(struct MHD_Connection *mc)
{
	struct connection *c = mine(mc);

	if (c != NULL)
		c->known = true;
}

struct session **
api_connection_session(struct MHD_Connection *mc)
{
	struct connection *c = mine(mc);

	return c == NULL ? NULL : &c->session;
}

/* Who has been without a complete request for longest; strangers first, or a flood
 * of them would drive others out. */
static void
make_room(struct listener *l)
{
	if (!xu_list_empty(&l->strangers))
		hang_up(xu_container_of(l->strangers.next, struct connection,
		    stranger));
	else if (!xu_list_empty(&l->waiting))
		hang_up(xu_container_of(l->waiting.next, struct connection,
		    waiting));
}

static void
begin(struct listener *l, struct MHD_Connection *mc, void **ctx)
{
	const union MHD_ConnectionInfo *ci =
	    MHD_get_connection_info(mc, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct connection *c = ci == NULL ? NULL : calloc(1, sizeof(*c));

	l->connections++;
	*ctx = c;
	if (c == NULL)
		return;
	c->listener = l;
	c->fd = ci->connect_fd;
	xu_list_init(&c->waiting);
	xu_list_init(&c->stranger);
	if (l->connections + SPARE > l->limit)
		make_room(l);
	await(c);
}

/* ---- the end of a socket ------------------------------------------------------------------- */

static void
closed(uv_handle_t *h)
{
	struct listener *l = h->data;

	if (--l->open_handles > 0)
		return;
	MHD_stop_daemon(l->http);
	xu_list_remove(&l->all);
	xu_val_free(l->terms);
	free(l);
}

/* Not from here: we may be inside of a run. */
static void
close_when_empty(struct listener *l)
{
	if (!l->closing || l->connections > 0 || l->open_handles > 0)
		return;
	l->open_handles = 3;
	uv_close((uv_handle_t *)&l->poll, closed);
	uv_close((uv_handle_t *)&l->timer, closed);
	uv_close((uv_handle_t *)&l->patience, closed);
}

void
api_listen_end(struct listener *l)
{
	MHD_socket fd;

	if (l->closing)
		return;
	fd = MHD_quiesce_daemon(l->http);
	if (fd != MHD_INVALID_SOCKET)
		close(fd);
	l->closing = true;
	while (!xu_list_empty(&l->waiting))
		hang_up(xu_container_of(l->waiting.next, struct connection,
		    waiting));
	close_when_empty(l);
}

void
api_listen_connection(void *arg, struct MHD_Connection *mc, void **ctx,
    enum MHD_ConnectionNotificationCode what)
{
	struct listener *l = arg;
	struct connection *c = *ctx;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		begin(l, mc, ctx);
		return;
	}
	/* libmicrohttpd listens again in its next run only. */
	if (l->connections-- >= l->limit)
		api_listen_wake(l);
	if (c != NULL) {
		wait_no_more(c);
		if (c->session != NULL)
			api_session_drop(l->api, c->session);
		free(c);
		*ctx = NULL;
	}
	close_when_empty(l);
}
