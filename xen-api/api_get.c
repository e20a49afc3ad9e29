/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is fetched with GET, or brought with PUT. Who asks is known by a session, which its address names
 * (session_id=) or a cookie of that name; by a password (Basic), which is looked at
 * as one of a login and begins a session for this one request; or, on the local
 * socket, by the kernel's word.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "api.h"
#include "xu_proc.h"

const char *
api_argument(const struct request *rq, const char *name)
{
	const char *v = MHD_lookup_connection_value(rq->conn,
	    MHD_GET_ARGUMENT_KIND, name);

	return v == NULL ? "" : v;
}

/* ---- the host's logs ------------------------------------------------------------- */

static void
got_logs(void *arg, struct xu_msg *reply)
{
	struct request *rq = arg;

	if (reply == NULL || reply->nfds < 1 ||
	    xu_val_get(reply->val, "ok") == NULL) {
		api_answer_core(rq, reply);
		return;
	}
	rq->file = steal_fd(&reply->fds[0]);
	api_answer_out(rq, "application/x-tar");
}

static void
logs(struct request *rq, struct session *s)
{
	api_core_call(rq->api, api_core_about(rq, api_core_msg(s, "host.logs",
		xu_array(), false)), got_logs, rq);
}

static void
console(struct request *rq, struct session *s)
{
	const char *up = MHD_lookup_connection_value(rq->conn,
	    MHD_HEADER_KIND, "Upgrade");

	api_console(rq, s, api_argument(rq, "uuid"),
	    up != NULL && strcmp(up, "xld-console") == 0,
	    strcmp(api_argument(rq, "history"), "1") == 0,
	    strcmp(api_argument(rq, "readonly"), "1") == 0);
}

/* ---- who asks -------------------------------------------------------------------------- */

static const struct path {
	const char *path;
	api_visit_f *run;
	bool put;
} paths[] = {
	{ "/console", console, false },
	{ "/export", api_xva_export, false },
	{ "/export_raw_vdi", api_export, false },
	{ "/host_logs_download", logs, false },
	{ "/host_rrd", api_host_rrd, false },
	{ "/import", api_xva_import, true },
	{ "/import_raw_vdi", api_import, true },
	{ "/metrics", api_metrics, false },
	{ "/rrd_updates", api_rrd_updates, false },
	{ "/vm_rrd", api_vm_rrd, false },
};

static void
with_session(struct request *rq, const struct path *p, const char *id)
{
	struct session *s = api_session_find(rq->api, id);

	if (s != NULL) {
		api_connection_is_known(rq->conn);
		p->run(rq, s);
	} else {
		api_answer_error(rq, "the session is not known or has ended",
		    "SESSION_INVALID", id, NULL);
	}
}

static void
with_password(struct request *rq, const struct path *p)
{
	char *password = NULL;
	char *user = MHD_basic_auth_get_username_password(rq->conn, &password);

	if (user == NULL || password == NULL)
		api_answer_error(rq, "log in, or name a session",
		    "SESSION_INVALID", "", NULL);
	else
		api_login_visit(rq, user, password, p->run);
	if (password != NULL)
		explicit_bzero(password, strlen(password));
	MHD_free(user);
	MHD_free(password);
}

void
api_get(struct request *rq, const char *url)
{
	const struct path *p = NULL;
	const char *id = api_argument(rq, "session_id");
	struct session *own;

	for (size_t i = 0; i < XU_ARRAY_SIZE(paths); i++)
		if (strcmp(paths[i].path, url) == 0)
			p = &paths[i];
	if (p == NULL && rq->put) {
		api_answer_http(rq, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain",
		    "POST calls\n", 11);
		return;
	}
	if (p == NULL) {
		api_answer_http(rq, MHD_HTTP_NOT_FOUND, "text/plain",
		    "nothing here; XenAPI calls are POSTed\n", 38);
		return;
	}
	if (p->put != rq->put) {
		api_answer_http(rq, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain",
		    p->put ? "PUT it\n" : "GET it\n", 7);
		return;
	}
	rq->download = true;
	if (id[0] == '\0' && (id = MHD_lookup_connection_value(rq->conn,
				  MHD_COOKIE_KIND, "session_id")) == NULL)
		id = "";
	if (id[0] != '\0') {
		with_session(rq, p, id);
		return;
	}
	rq->ours = true;
	own = api_session_own(rq);
	if (own != NULL)
		p->run(rq, own);
	else
		with_password(rq, p);
}
