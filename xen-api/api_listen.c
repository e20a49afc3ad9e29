/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sockets: a libmicrohttpd for each, driven by our loop through its epoll
 * descriptor, with the limits of the settings. Limits are per socket, so that
 * nobody who comes by the network can keep root out of the local one.
 *
 * A connection has so many seconds for each complete request, however busily it
 * sends; while its request is worked on it may take its time. Where all places
 * are taken, who has been without a complete request for longest makes room.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "api.h"
#include "xu_file.h"
#include "xu_log.h"
#include "xu_proc.h"

#define SETTINGS_MAX (4u << 20)
/* GnuTLS's words: nothing older than TLS 1.2. */
#define TLS_PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
/* What libmicrohttpd keeps for the head of a request and of an answer. */
#define HEAD_MAX     (24u << 10)
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
	enum connection_state state;
	struct session *session;
};

/* ---- running libmicrohttpd ---------------------------------------------------------- */

static void on_timer(uv_timer_t *t);

/* Lets it work, and notes when it wants to be called at the latest. */
static void
run(struct listener *l)
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
	run(t->data);
}

static void
on_ready(uv_poll_t *h, int status XU_UNUSED, int events XU_UNUSED)
{
	run(h->data);
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

/* libmicrohttpd sees its end and frees it. */
static void
hang_up(struct connection *c)
{
	static const char late[] = "HTTP/1.1 408 Request Timeout\r\n"
				   "Content-Length: 0\r\n"
				   "Connection: close\r\n\r\n";

	xu_list_remove(&c->waiting);
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
	xu_list_remove(&c->waiting);
	xu_list_append(&l->waiting, &c->waiting);
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
		xu_list_remove(&c->waiting);
}

struct session **
api_connection_session(struct MHD_Connection *mc)
{
	struct connection *c = mine(mc);

	return c == NULL ? NULL : &c->session;
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
	if (l->connections + SPARE > l->limit && !xu_list_empty(&l->waiting))
		hang_up(xu_container_of(l->waiting.next, struct connection,
		    waiting));
	await(c);
}

static void
on_connection(void *arg, struct MHD_Connection *mc, void **ctx,
    enum MHD_ConnectionNotificationCode what)
{
	struct listener *l = arg;
	struct connection *c = *ctx;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		begin(l, mc, ctx);
		return;
	}
	l->connections--;
	if (c == NULL)
		return;
	xu_list_remove(&c->waiting);
	if (c->session != NULL)
		api_session_drop(l->api, c->session);
	free(c);
	*ctx = NULL;
}

/* ---- opening -------------------------------------------------------------------------------- */

static void XU_PRINTF(2, 0)
on_log(void *arg XU_UNUSED, const char *fmt, va_list ap)
{
	char line[256];

	vsnprintf(line, sizeof(line), fmt, ap);
	line[strcspn(line, "\n")] = '\0';
	xu_log(XU_DEBUG, "http: %s", line);
}

static struct MHD_Daemon *
start_http(struct listener *l, int fd, const struct xu_val *told)
{
	const struct limits *lim = &l->api->limits;
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_UPGRADE |
	    MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
	    (l->tls ? MHD_USE_TLS : 0);
	void *cert = (void *)(uintptr_t)xu_val_get_str(told, "certificate", "");
	void *key = (void *)(uintptr_t)xu_val_get_str(told, "key", "");
	void *priority = (void *)(uintptr_t)TLS_PRIORITY;
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, cert },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, key },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, priority },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };

	return MHD_start_daemon(flags, 0, NULL, NULL, api_http_request, l,
	    MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
	    MHD_OPTION_LISTEN_SOCKET, fd,
	    MHD_OPTION_CONNECTION_LIMIT, l->limit,
	    MHD_OPTION_PER_IP_CONNECTION_LIMIT, l->local ? 0 : lim->per_address,
	    /* Ours ends a request that does not come; this, an answer that is
	     * not read. */
	    MHD_OPTION_CONNECTION_TIMEOUT, 2 * l->request_seconds,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_MAX,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, l,
	    MHD_OPTION_NOTIFY_COMPLETED, api_http_completed, NULL,
	    MHD_OPTION_ARRAY, l->tls ? tls : none, MHD_OPTION_END);
}

static int
open_one(struct api *a, int fd, bool local, bool tls,
    const struct xu_val *told)
{
	struct listener *l = &a->listeners[a->nlisteners];
	const union MHD_DaemonInfo *info;

	*l = (struct listener){ .api = a, .local = local, .tls = tls };
	l->limit = local ? API_CONNECTIONS : a->limits.connections;
	l->request_seconds =
	    local ? API_IDLE_SECONDS : a->limits.request_seconds;
	xu_list_init(&l->waiting);
	if (xu_set_nonblock(fd, true) < 0 ||
	    uv_timer_init(a->loop, &l->timer) != 0 ||
	    uv_timer_init(a->loop, &l->patience) != 0)
		return -1;
	l->timer.data = l->patience.data = l->poll.data = l;
	l->http = start_http(l, fd, told);
	if (l->http == NULL)
		return -1;
	info = MHD_get_daemon_info(l->http, MHD_DAEMON_INFO_EPOLL_FD);
	if (info == NULL || uv_poll_init(a->loop, &l->poll, info->epoll_fd) != 0)
		return -1;
	a->nlisteners++;
	uv_poll_start(&l->poll, UV_READABLE, on_ready);
	run(l);
	return 0;
}

/* Where it cannot be served nobody is to wait for it: the socket, which xld has,
 * too, listens no more. */
static int
open_or_refuse(struct api *a, int fd, bool tls, const struct xu_val *told)
{
	/* libmicrohttpd closes what it cannot serve. */
	AUTO_CLOSE int same = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	int r = open_one(a, fd, false, tls, told);

	if (r < 0 && same >= 0)
		shutdown(same, SHUT_RDWR);
	return r;
}

static void
set_limits(struct limits *l, const struct xu_val *s)
{
	*l = (struct limits){
		.connections = (unsigned)xu_val_get_int(s, "connections", 500),
		.per_address =
		    (unsigned)xu_val_get_int(s, "connections_per_address", 100),
		.request_seconds =
		    (unsigned)xu_val_get_int(s, "request_seconds", 60),
		.body = (size_t)xu_val_get_int(s, "request_kib", 300) << 10,
		.sessions = (size_t)xu_val_get_int(s, "sessions", 500),
		.per_user = (size_t)xu_val_get_int(s, "sessions_per_user", 100),
		.idle = 60 * xu_val_get_int(s, "session_idle_minutes", 1440),
		.life = 3600 * xu_val_get_int(s, "session_hours", 720),
		.logins_failed =
		    (unsigned)xu_val_get_int(s, "logins_failed", 5),
	};
}

static enum dialect
dialect_of(const struct xu_val *settings)
{
	const char *w =
	    xu_val_str(xu_val_at(xu_val_get(settings, "dialect"), 0));

	return strcmp(w, "classic") == 0 ? DIALECT_CLASSIC :
	    strcmp(w, "modern") == 0	 ? DIALECT_MODERN :
					   DIALECT_AUTO;
}

static struct xu_val *
read_settings(int fd)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	struct xu_val *v = NULL;

	if (lseek(fd, 0, SEEK_SET) < 0 || xu_fd_read(fd, SETTINGS_MAX, &b) < 0)
		xu_log(XU_ERROR, "settings: %s", strerror(errno));
	else if ((v = xu_val_from_json(xu_buf_text(&b), b.len, SETTINGS_MAX,
		      &e)) == NULL)
		xu_log_err(XU_ERROR, &e);
	if (b.data != NULL)
		explicit_bzero(b.data, b.len);
	close(fd);
	return v;
}

int
api_listen_open(struct api *a, int local_fd, int settings_fd, int first)
{
	AUTO_VAL struct xu_val *told = NULL;
	const struct xu_val *all, *one;
	bool tls;

	if (settings_fd >= 0 && (told = read_settings(settings_fd)) == NULL)
		return -1;
	set_limits(&a->limits, xu_val_get(told, "settings"));
	if (open_one(a, local_fd, true, false, told) < 0)
		return -1;
	all = xu_val_get(told, "listeners");
	for (size_t i = 0; i < xu_val_count(all); i++) {
		if (a->nlisteners == API_LISTENERS)
			break;
		one = xu_val_at(all, i);
		tls = xu_val_get_bool(one, "tls", false);
		if (open_or_refuse(a, first + (int)i, tls, told) < 0) {
			/* The others serve. */
			xu_log(XU_ERROR, "cannot serve %s%s",
			    tls ? "https" : "http",
			    tls ? "; are certificate and key a pair, in PEM?" :
				  "");
			continue;
		}
		a->listeners[a->nlisteners - 1].dialect =
		    dialect_of(xu_val_get(told, "settings"));
	}
	return 0;
}
