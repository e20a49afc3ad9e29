/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inside of xld-api: one process, one thread, one libuv loop. It speaks
 * HTTP, XML-RPC and JSON-RPC to anybody who may connect and a typed channel to
 * the core. It holds no privilege and knows nothing of Xen.
 */
#ifndef API_H
#define API_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <microhttpd.h>
#include <uv.h>

#include "schema.h"
#include "xu_buf.h"
#include "xu_list.h"
#include "xu_map.h"
#include "xu_msg.h"
#include "xu_val.h"

struct request;

/* On the local socket; others' limits are settings. */
#define API_CONNECTIONS	    1000
#define API_IDLE_SECONDS    300
/* Sockets beside the local one. */
#define API_LISTENERS	    8
/* Consoles at a time, and the descriptors of one: its stream, and where TLS is
 * between a pair. */
#define API_CONSOLES	    512
#define API_CONSOLE_FILES   3
/* What is open beside connections. */
#define API_FILES	    64
#define API_CLASSES_MAX	    64
/* What all sessions together may have missed. */
#define API_EVENTS	    1024
#define API_EVENT_BYTES	    (1u << 20)

/* What xld.conf(5) says; see there. Seconds and bytes. */
struct limits {
	unsigned connections, per_address, request_seconds;
	size_t body;
	size_t sessions, per_user;
	int64_t idle, life;
	unsigned logins_failed;
	/* A second, of one client; 0 = any. */
	unsigned calls;
};

/* Two habits of clients, see HACKING.md. A session has one; AUTO: its login
 * decides. */
enum dialect {
	DIALECT_AUTO,
	DIALECT_CLASSIC,
	DIALECT_MODERN,
};

struct session {
	char id[37];
	char user[64], originator[64];
	enum model_role role;
	bool modern;
	/* Root, by what the kernel said of the peer. */
	bool local;
	/* It begins and ends with a connection, see api_session_own. */
	bool own;
	/* Seconds, monotonic; and for the record, real. */
	int64_t used, used_real, begun, begun_real;
	/* Event registration: NULL = none; an empty array = every class. */
	struct xu_val *classes;
	/* Serial of the first event it has not seen. */
	uint64_t cursor;
	/* When its last reading call was taken up, see api_turn.c. */
	uint64_t turn;
	/* Requests that block in event.next and event.from. */
	struct xu_list waiting;
	/* In order of use, the least recent first. */
	struct xu_list lru;
};

struct event {
	uint64_t serial;
	/* Of both below, in bytes. */
	size_t weight;
	/* All but the object itself, which lies here as the core sent it
	 * (xu_val_encode): most of them nobody ever asks for. */
	struct xu_val *record;
	char *snapshot;
	size_t nsnapshot;
};

/* One listening socket and its libmicrohttpd. */
struct listener {
	struct api *api;
	struct xu_list all;
	struct MHD_Daemon *http;
	/* Of the settings, what it was opened with: with the same it stays. NULL:
	 * the local socket. */
	struct xu_val *terms;
	/* Takes no more connections, and goes with its last one. */
	bool closing;
	int open_handles;
	uv_poll_t poll;
	uv_timer_t timer;
	/* A connection was resumed: only a run makes libmicrohttpd see it. */
	bool resumed;
	/* AF_UNIX: the kernel says who calls. */
	bool local, tls;
	enum dialect dialect;
	unsigned limit, request_seconds;
	/* Connections; those without a complete request in the order of how
	 * long they have been so, and when to look at them. */
	unsigned connections;
	struct xu_list waiting, strangers;
	uv_timer_t patience;
};

struct api {
	uv_loop_t *loop;
	struct limits limits;
	/* The core. */
	struct xu_chan *core;
	uv_poll_t core_poll;
	/* What it waits for. */
	int core_events;
	struct xu_map *pending;
	uint32_t next_id;
	/* Reading calls: those that wait, how many are there, the count of all. */
	struct xu_list turns;
	unsigned reading;
	uint64_t turn;
	struct xu_list listeners;
	/* Who has which role, as the settings have it. */
	struct xu_val *roles;
	/* Descriptors there may be. */
	rlim_t files;
	unsigned consoles;
	/* For /metrics. */
	uint64_t requests, failures, refused;
	/* Addresses that logins failed from, see api_login.c. */
	struct xu_map *sources;
	struct xu_list source_age;
	/* Who calls how often, see api_rate.c; and those who are refused. */
	struct xu_map *callers;
	struct xu_list callers_age, too_many;
	uv_timer_t refuse;
	/* Sessions by id, and by use. */
	struct xu_map *sessions;
	struct xu_list lru;
	/* The newest events, a ring: serial s is at s % API_EVENTS. */
	struct event events[API_EVENTS];
	uint64_t oldest, next_serial;
	/* Says which life of this process a token is of. */
	uint64_t epoch;
	size_t event_bytes;
};

struct from;
struct transfer;

struct request {
	struct api *api;
	struct listener *listener;
	struct MHD_Connection *conn;
	uid_t uid;
	/* Its name in logs and in the answer: the client's (X-Request-Id), or one
	 * of ours. */
	char id[33];
	/* JSON-RPC: its version (1 or 2), 0 = XML-RPC; and the call's id. */
	int json;
	struct xu_val *json_id;
	/* How references, progress and so on look to this client. */
	bool modern;
	/* libxenapi's way: the classic dialect, and where no session is named it is
	 * the connection's own. */
	bool ours;
	/* The call, once it is known; .cls NULL: it is not. */
	struct model_call call;
	struct xu_buf in;
	/* A body over the limit is read and forgotten, up to a point. */
	size_t dropped;
	/* One of too many of its client, see api_rate.c. */
	bool refused;
	/* The answer. */
	bool done, suspended, failed;
	int status;
	const char *type;
	struct xu_buf out;
	char sentence[1024];
	/* Failures are HTTP statuses, not XML-RPC. */
	bool download;
	/* A console's stream; a file that is the answer; -1 = none. */
	int stream, file;
	/* Its body (put) or its answer is a disk, see api_transfer.c; opened: the
	 * body is on its way. */
	bool put, opened;
	struct transfer *transfer;
	bool readonly;
	/* Part of the answer, kept while the core is asked for the rest; or what
	 * it will be asked. */
	struct xu_val *held;
	/* While it waits for its turn, or its refusal; its session's turn before. */
	struct xu_list turn;
	uint64_t had;
	/* While parked in event.next or event.from; the latter's arguments. */
	struct session *session;
	struct from *from;
	struct xu_list waiting;
	uv_poll_t *gone;
};

/* ---- api_core.c: the channel ---------------------------------------------- */

/* reply: borrowed, NULL when the call could not be sent. */
typedef void core_reply_f(void *arg, struct xu_msg *reply);

int api_core_open(struct api *a, int fd);
void api_core_close(struct api *a);
/* Takes msg. */
void api_core_call(
    struct api *a, struct xu_val *msg, core_reply_f *f, void *arg);
/* The peer: an address (of IPv6 the part that one customer has), or "uid N". */
void api_where_from(const struct request *rq, char out[64]);
/* The core's logs name the request, and where it is from. Gives msg. */
struct xu_val *api_core_about(const struct request *rq, struct xu_val *msg);
/* A CALL in the name of a session. Takes params. */
struct xu_val *api_core_msg(const struct session *s, const char *method,
    struct xu_val *params, bool async);

/* ---- api_turn.c: who is next --------------------------------------------------- */

/* A call of rq->call, in the name of s; takes msg. Answers later. */
void api_turn_call(struct request *rq, struct session *s, struct xu_val *msg);
/* Those that wait get no answer of the core any more. */
void api_turns_close(struct api *a);

/* ---- api_rate.c: how often a client calls ------------------------------------- */

int api_rates_open(struct api *a);
void api_rates_close(struct api *a);
/* Counts it. */
bool api_rate_allows(const struct request *rq);
/* Answers later: there are too many of them. */
void api_rate_refuse(struct request *rq);

/* ---- api_open.c: settings, sockets -------------------------------------------- */

/* The local socket, and what the settings in that file (-1: none) name, which are
 * the descriptors from first on. */
int api_listen_open(struct api *a, int local_fd, int settings_fd, int first);
/* A message SETTINGS: the file, then sockets. Who is connected stays so, but for
 * the idle ones of a socket that goes or gets other limits. */
void api_listen_again(struct api *a, struct xu_msg *m);

/* ---- api_listen.c: connections ------------------------------------------------- */

/* Lets libmicrohttpd work, and notes when it wants to be called at the latest. */
void api_listen_run(struct listener *l);
void api_listen_ready(uv_poll_t *h, int status, int events);
void api_listen_connection(void *arg, struct MHD_Connection *mc, void **ctx,
    enum MHD_ConnectionNotificationCode what);
/* No more connections; it is freed when the last one has gone. */
void api_listen_end(struct listener *l);
/* A connection was resumed or given back: run libmicrohttpd soon. */
void api_listen_wake(struct listener *l);
enum connection_state {
	/* For a request, or until an answer is read: its time begins now. */
	CONN_WAITING,
	/* The request has begun to come: its time goes on. */
	CONN_READING,
	/* The request is here. */
	CONN_BUSY,
	CONN_UPGRADED,
};
void api_connection_is(struct MHD_Connection *c, enum connection_state state);
/* A session came by it. */
void api_connection_is_known(struct MHD_Connection *c);
/* Where a connection keeps its own session; NULL: no memory. */
struct session **api_connection_session(struct MHD_Connection *c);

/* ---- api_http.c: requests and their answers --------------------------------- */

/* arg: struct listener. */
enum MHD_Result api_http_request(void *arg, struct MHD_Connection *c,
    const char *url, const char *method, const char *version, const char *data,
    size_t *size, void **ctx);
void api_http_completed(void *arg, struct MHD_Connection *c, void **ctx,
    enum MHD_RequestTerminationCode why);
/* Each answers once; a suspended connection is woken. The value of rq->call: */
void api_answer(struct request *rq, const struct xu_val *value);
/* The same; takes it. */
void api_answer_own(struct request *rq, struct xu_val *value);
/* One that is as this client wants it. */
void api_answer_plain(struct request *rq, const struct xu_val *value);
/* Without the envelope of XML-RPC. */
void api_answer_bare(struct request *rq, const struct xu_val *value);
/* description borrowed; sentence may be "". */
void api_answer_failure(struct request *rq, const struct xu_val *description,
    const char *sentence);
/* Code and up to three parameters, NULL ends; sentence printf-like, first. */
void api_answer_error(struct request *rq, const char *sentence,
    const char *code, ...) __attribute__((sentinel));
/* The request is no call. */
void api_answer_fault(struct request *rq, int code, const char *text);
void api_answer_http(struct request *rq, int status, const char *type,
    const void *body, size_t len);
/* What rq->out has already. */
void api_answer_out(struct request *rq, const char *type);
/* The reply of the core to a forwarded call, as it is. */
void api_answer_core(struct request *rq, struct xu_msg *reply);

/* ---- api_dispatch.c: methods ------------------------------------------------- */

/* rq->in holds a body that was POSTed to this path; answers now or later. */
void api_dispatch(struct request *rq, const char *path);

/* ---- api_json.c: JSON-RPC ------------------------------------------------------- */

struct json_call {
	const char *method;
	const struct xu_val *params;
	/* What both are parts of. */
	struct xu_val *doc;
};
/* Fills rq->json and rq->json_id as far as they are known; false: answered. */
bool api_json_read(struct request *rq, struct json_call *c);
void api_json_success(struct request *rq, const struct xu_val *value);
void api_json_failure(struct request *rq, const struct xu_val *description);
void api_json_fault(struct request *rq, int code, const char *text);

/* ---- api_session.c --------------------------------------------------------- */

int api_sessions_open(struct api *a);
void api_sessions_close(struct api *a);
/* All that began with a password: who may do what has changed. */
void api_sessions_end(struct api *a);
struct session *api_session_new(struct api *a, const char *user,
    enum model_role role);
/* Finds it, unless it has expired, and notes the use. */
struct session *api_session_find(struct api *a, const char *id);
/* Root on the local socket need not log in: his connection has a session, from the
 * first call that names none to the connection's end. NULL: it may have none. */
struct session *api_session_own(struct request *rq);
void api_session_drop(struct api *a, struct session *s);
/* s NULL: a message that needs none. */
void api_session_call(struct request *rq, struct session *s,
    const char *method, const struct xu_val *params);
/* "OpaqueRef:X" is X. */
const char *api_bare_ref(const char *ref);

/* ---- api_login.c ------------------------------------------------------------- */

int api_logins_open(struct api *a);
void api_logins_close(struct api *a);
/* login_with_password(user, password[, version[, originator]]). */
void api_login(struct request *rq, const struct xu_val *params);
/* Answers the request for a session that lives as long as the call of it. */
typedef void api_visit_f(struct request *rq, struct session *s);
/* The password is looked at as one of a login; f, if it is right. */
void api_login_visit(struct request *rq, const char *user,
    const char *password, api_visit_f *f);
/* change_password(old, new), of the user of a session. */
void api_login_change(struct request *rq, const struct session *s,
    const struct xu_val *params);

/* ---- api_event.c ----------------------------------------------------------- */

/* A message EVENT or TASK of the core. */
void api_event_post(struct api *a, const struct xu_msg *m);
int api_events_open(struct api *a);
void api_events_close(struct api *a);
void api_event_call(struct request *rq, struct session *s, const char *method,
    const struct xu_val *params);
/* Waits with a request until there are events or its client goes. False: it was
 * answered. */
bool api_event_park(struct request *rq, struct session *s);
/* Takes a parked request off its session. */
void api_event_unpark(struct request *rq);

/* ---- api_from.c: event.from and event.inject ------------------------------------ */

void api_event_from(struct request *rq, struct session *s,
    const struct xu_val *params);
void api_event_inject(struct request *rq, struct session *s,
    const struct xu_val *params);
/* A record of the ring as event.from has it; caller frees. */
/* A copy, with its object. */
struct xu_val *api_event_whole(const struct event *ev);
struct xu_val *api_event_record(const struct xu_val *record, bool modern);
/* Does this parked request want the event? */
bool api_from_wants(const struct request *rq, const struct event *ev);
/* There is something for it; or there is no client any more. */
void api_from_wake(struct request *rq);
void api_from_free(struct request *rq);

/* ---- api_console.c --------------------------------------------------------- */

/* GET /console. Answers now or later. */
void api_console(struct request *rq, const struct session *s, const char *uuid,
    bool upgrade, bool history, bool readonly);
/* Queues the 101 and starts to pump. Takes rq->stream. MHD_YES or MHD_NO. */
int api_console_upgrade(struct request *rq);

/* ---- api_get.c, api_metrics.c, api_rrd.c --------------------------------------------------- */

/* GET, and PUT (rq->put), whose body has not come yet. */
void api_get(struct request *rq, const char *url);
/* Of the address; "" = it has none. */
const char *api_argument(const struct request *rq, const char *name);
void api_metrics(struct request *rq, struct session *s);
void api_rrd_updates(struct request *rq, struct session *s);
void api_vm_rrd(struct request *rq, struct session *s);
void api_host_rrd(struct request *rq, struct session *s);

/* ---- api_xva.c, api_xva_in.c: archives of machines ----------------------------------------------- */

/* GET /export, PUT /import. */
void api_xva_export(struct request *rq, struct session *s);
void api_xva_import(struct request *rq, struct session *s);

/* ---- api_transfer.c: disks ------------------------------------------------------- */

/* GET /export_raw_vdi, PUT /import_raw_vdi. */
void api_export(struct request *rq, struct session *s);
void api_import(struct request *rq, struct session *s);
/* The next bytes of the body; *size: those that are left. */
enum MHD_Result api_transfer_take(struct request *rq, const char *data,
    size_t *size);
/* That was all; answers later. */
void api_transfer_end(struct request *rq);
/* The answer that is a disk; NULL: out of memory. */
struct MHD_Response *api_transfer_response(struct request *rq);
/* The request is over, whatever became of it. */
void api_transfer_gone(struct request *rq);

/* ---- api_sandbox.c ---------------------------------------------------------- */

/* Refuses where it should not run at all; -1 with a logged reason. */
int api_sandbox_check(void);
/* From here on: no new privileges, few system calls. */
int api_sandbox_enter(void);

#endif
