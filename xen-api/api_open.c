/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which sockets there are, and with which limits: as xld says when it starts us, and
 * again when its settings have changed. Limits are per socket, so that nobody who
 * comes by the network can keep root out of the local one.
 *
 * libmicrohttpd takes limits and certificate when it starts and keeps them. So a
 * socket whose terms have changed gets a second one, and the first takes no more
 * connections and ends with its last.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api.h"
#include "xu_file.h"
#include "xu_log.h"
#include "xu_proc.h"

#define SETTINGS_MAX (4u << 20)
/* GnuTLS's words: nothing older than TLS 1.2. */
#define TLS_PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
/* What libmicrohttpd keeps for the head of a request and of an answer. */
#define HEAD_MAX     (24u << 10)

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
	    MHD_OPTION_PER_IP_CONNECTION_LIMIT, l->local ? 0 : (unsigned)
		xu_val_get_int(l->terms, "per_address", 0),
	    /* Ours ends a request that does not come; this, an answer that is
	     * not read. */
	    MHD_OPTION_CONNECTION_TIMEOUT, 2 * l->request_seconds,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_MAX,
	    MHD_OPTION_NOTIFY_CONNECTION, api_listen_connection, l,
	    MHD_OPTION_NOTIFY_COMPLETED, api_http_completed, NULL,
	    MHD_OPTION_ARRAY, l->tls ? tls : none, MHD_OPTION_END);
}

/* Takes fd, and terms. NULL: it cannot be served. */
static struct listener *
open_one(struct api *a, int fd, struct xu_val *terms, const struct xu_val *told)
{
	struct listener *l = calloc(1, sizeof(*l));
	const union MHD_DaemonInfo *info = NULL;

	if (l == NULL) {
		close(fd);
		xu_val_free(terms);
		return NULL;
	}
	l->api = a;
	l->terms = terms;
	l->local = terms == NULL;
	l->tls = xu_val_get_bool(terms, "tls", false);
	l->limit = (unsigned)xu_val_get_int(terms, "connections",
	    API_CONNECTIONS);
	l->request_seconds = (unsigned)xu_val_get_int(terms, "request_seconds",
	    API_IDLE_SECONDS);
	xu_list_init(&l->waiting);
	xu_list_init(&l->strangers);
	xu_set_nonblock(fd, true);
	/* libmicrohttpd closes what it cannot serve. */
	l->http = start_http(l, fd, told);
	if (l->http != NULL)
		info = MHD_get_daemon_info(l->http, MHD_DAEMON_INFO_EPOLL_FD);
	if (info == NULL ||
	    uv_poll_init(a->loop, &l->poll, info->epoll_fd) != 0) {
		if (l->http != NULL)
			MHD_stop_daemon(l->http);
		xu_val_free(terms);
		free(l);
		return NULL;
	}
	uv_timer_init(a->loop, &l->timer);
	uv_timer_init(a->loop, &l->patience);
	l->timer.data = l->patience.data = l->poll.data = l;
	xu_list_append(&a->listeners, &l->all);
	uv_poll_start(&l->poll, UV_READABLE, api_listen_ready);
	api_listen_run(l);
	return l;
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
		.calls =
		    (unsigned)xu_val_get_int(s, "calls_per_second", 1000),
	};
}

/* Of the settings: a session does not outlive the right to it. */
static void
look_at_roles(struct api *a, const struct xu_val *settings)
{
	struct xu_val *v = xu_struct();
	const struct xu_val *words;
	char name[24];

	for (unsigned r = 0; r <= ROLE_POOL_ADMIN; r++) {
		snprintf(name, sizeof(name), "%s",
		    model_role_name((enum model_role)r));
		for (char *p = name; *p != '\0'; p++)
			if (*p == '-')
				*p = '_';
		words = xu_val_get(settings, name);
		xu_val_set(v, name,
		    words == NULL ? xu_void() : xu_val_copy(words));
	}
	if (a->roles != NULL && !xu_val_equal(a->roles, v)) {
		xu_log(XU_NOTICE, "roles have changed: who is logged in with a "
				  "password has to do so again");
		api_sessions_end(a);
	}
	xu_val_free(a->roles);
	a->roles = v;
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

/* ---- what is to be open ------------------------------------------------------------------- */

/* As many descriptors as may be. The sandbox allows neither question later. */
static rlim_t
all_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return 0;
	files.rlim_cur = files.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &files) < 0 ? 0 : files.rlim_cur;
}

/* How many connections that makes for each of so many sockets. */
static unsigned
room(const struct api *a, size_t sockets)
{
	const rlim_t other = API_FILES + API_CONNECTIONS +
	    API_CONSOLES * API_CONSOLE_FILES;
	rlim_t each = (a->files < 2 * other ? a->files / 2 :
					      a->files - other) / sockets;

	return each > 1u << 20 ? 1u << 20 : (unsigned)each;
}

static struct xu_val *
terms_of(const struct api *a, const struct xu_val *told, size_t i)
{
	const struct xu_val *all = xu_val_get(told, "listeners");
	const struct xu_val *one = xu_val_at(all, i);
	struct xu_val *v = xu_struct();
	const bool tls = xu_val_get_bool(one, "tls", false);
	unsigned limit = a->limits.connections, most;


	most = room(a, xu_val_count(all));
	if (limit > most) {
		xu_log(XU_WARNING,
		    "connections = %u: there are descriptors for %u; raise the "
		    "limit of open files (LimitNOFILE of xld.service)",
		    limit, most);
		limit = most;
	}
	xu_val_set(v, "where", xu_str(xu_val_get_str(one, "where", "")));
	xu_val_set(v, "tls", xu_bool(tls));
	xu_val_set(v, "connections", xu_int(limit));
	xu_val_set(v, "per_address", xu_int(a->limits.per_address));
	xu_val_set(v, "request_seconds", xu_int(a->limits.request_seconds));
	/* Not the key itself: it shall not be here for longer than it must. */
	if (tls) {
		xu_val_set(v, "certificate",
		    xu_str(xu_val_get_str(told, "certificate", "")));
		xu_val_set(v, "key", xu_int((int64_t)xu_map_hash(
		    xu_val_get_str(told, "key", ""))));
	}
	return v;
}

/* The one that serves this address, with the same terms or with any; or NULL. */
static struct listener *
find(const struct api *a, const struct xu_val *terms, bool same)
{
	struct xu_list *i;
	struct listener *l;

	LIST_FOREACH(i, &a->listeners) {
		l = xu_container_of(i, struct listener, all);
		if (l->closing || l->terms == NULL)
			continue;
		if (same ? xu_val_equal(l->terms, terms) :
			   strcmp(xu_val_get_str(l->terms, "where", ""),
			       xu_val_get_str(terms, "where", "")) == 0)
			return l;
	}
	return NULL;
}

/* Where it cannot be served nobody is to wait for it: the socket, which xld has,
 * too, listens no more. But what served there before goes on. Takes terms. */
static struct listener *
open_or_refuse(struct api *a, int fd, struct xu_val *terms,
    const struct xu_val *told)
{
	AUTO_CLOSE int same = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	struct listener *before = find(a, terms, false), *l;
	const bool tls = xu_val_get_bool(terms, "tls", false);

	l = open_one(a, fd, terms, told);
	if (l != NULL)
		return l;
	xu_log(XU_ERROR, "cannot serve %s%s%s", tls ? "https" : "http",
	    tls ? "; are certificate and key a pair, in PEM?" : "",
	    before != NULL ? "; what was served there before still is" : "");
	if (before == NULL && same >= 0)
		shutdown(same, SHUT_RDWR);
	return before;
}

/* Serves what the settings name at these sockets, which are taken, and nothing
 * else. */
static void
serve(struct api *a, const struct xu_val *told, const int *fds, size_t nfds)
{
	const struct xu_val *settings = xu_val_get(told, "settings");
	struct listener *l, *wanted[API_LISTENERS];
	struct xu_list *i, *next;
	struct xu_val *terms;
	size_t n, k;

	set_limits(&a->limits, settings);
	look_at_roles(a, settings);
	n = xu_val_count(xu_val_get(told, "listeners"));
	for (k = 0; k < nfds && k < n && k < API_LISTENERS; k++) {
		terms = terms_of(a, told, k);
		l = find(a, terms, true);
		if (l != NULL) {
			close(fds[k]);
			xu_val_free(terms);
		} else {
			l = open_or_refuse(a, fds[k], terms, told);
		}
		wanted[k] = l;
		if (l != NULL)
			l->dialect = dialect_of(settings);
	}
	n = k;
	LIST_FOREACH_SAFE(i, next, &a->listeners) {
		l = xu_container_of(i, struct listener, all);
		for (k = 0; k < n && wanted[k] != l; k++)
			;
		if (k == n && !l->local)
			api_listen_end(l);
	}
}

int
api_listen_open(struct api *a, int local_fd, int settings_fd, int first)
{
	AUTO_VAL struct xu_val *told = NULL;
	int fds[API_LISTENERS];

	xu_list_init(&a->listeners);
	a->files = all_files();
	if (settings_fd >= 0 && (told = read_settings(settings_fd)) == NULL)
		return -1;
	for (int i = 0; i < API_LISTENERS; i++)
		fds[i] = first + i;
	if (open_one(a, local_fd, NULL, told) == NULL)
		return -1;
	serve(a, told, fds, API_LISTENERS);
	return 0;
}

void
api_listen_again(struct api *a, struct xu_msg *m)
{
	AUTO_VAL struct xu_val *told = NULL;

	if (m->nfds < 1)
		return;
	told = read_settings(steal_fd(&m->fds[0]));
	if (told == NULL)
		return;
	serve(a, told, m->fds + 1, (size_t)m->nfds - 1);
	for (int i = 1; i < m->nfds; i++)
		m->fds[i] = -1;
	xu_log(XU_NOTICE, "the new settings hold");
}
