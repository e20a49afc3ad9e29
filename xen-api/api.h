/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inside of xld-api: one process, one thread, one libuv loop. It speaks
 * HTTP and XML-RPC to anybody who may connect and a typed channel to the core.
 * It holds no privilege and knows nothing of Xen.
 */
#ifndef API_H
#define API_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "xu_buf.h"
#include "xu_list.h"
#include "xu_map.h"
#include "xu_msg.h"
#include "xu_val.h"

struct MHD_Connection;
struct MHD_Daemon;
struct request;

/* Bodies of calls; XenAPI servers agree on this number. */
#define API_BODY_MAX	    (300u << 10)
#define API_CONNECTIONS	    1000
#define API_IDLE_SECONDS    300
#define API_SESSIONS	    500
#define API_SESSION_SECONDS (24 * 3600)
#define API_CLASSES_MAX	    64
/* What all sessions together may have missed. */
#define API_EVENTS	    1024
#define API_EVENT_BYTES	    (2u << 20)

struct session {
	char id[37];
	char user[64];
	const char *role;
	/* Seconds, monotonic; and for the record's last_active, real. */
	int64_t used, used_real;
	/* Event registration: NULL = none; an empty array = every class. */
	struct xu_val *classes;
	/* Serial of the first event it has not seen. */
	uint64_t cursor;
	/* Requests that block in event.next. */
	struct xu_list waiting;
	/* In order of use, the least recent first. */
	struct xu_list lru;
};

struct event {
	uint64_t serial;
	size_t weight;
	struct xu_val *record;
};

struct api {
	uv_loop_t *loop;
	/* The core. */
	struct xu_chan *core;
	uv_poll_t core_poll;
	/* What it waits for. */
	int core_events;
	struct xu_map *pending;
	uint32_t next_id;
	/* HTTP. */
	struct MHD_Daemon *http;
	uv_poll_t http_poll;
	uv_timer_t http_timer;
	/* A connection was resumed: only a run makes libmicrohttpd see it. */
	bool http_resumed;
	/* Sessions by id, and by use. */
	struct xu_map *sessions;
	struct xu_list lru;
	/* The newest events, a ring: serial s is at s % API_EVENTS. */
	struct event events[API_EVENTS];
	uint64_t oldest, next_serial;
	size_t event_bytes;
};

struct request {
	struct api *api;
	struct MHD_Connection *conn;
	uid_t uid;
	struct xu_buf in;
	/* A body over the limit is read and forgotten, up to a point. */
	size_t dropped;
	/* The answer. */
	bool done, suspended;
	int status;
	const char *type;
	struct xu_buf out;
	char sentence[1024];
	/* Failures are HTTP statuses, not XML-RPC. */
	bool download;
	/* A console's stream; -1 = none. */
	int stream;
	bool readonly;
	/* Part of the answer, kept while the core is asked for the rest. */
	struct xu_val *held;
	/* While parked in event.next. */
	struct session *session;
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
/* A CALL in the name of a session. Takes params. */
struct xu_val *api_core_msg(const struct session *s, const char *method,
    struct xu_val *params, bool async);

/* ---- api_http.c: requests and their answers --------------------------------- */

int api_http_open(struct api *a, int listen_fd);
void api_http_close(struct api *a);
/* A connection was resumed or given back: run libmicrohttpd soon. */
void api_http_wake(struct api *a);
/* Each answers once; a suspended connection is woken. */
void api_answer(struct request *rq, const struct xu_val *value);
void api_answer_bare(struct request *rq, const struct xu_val *value);
/* description borrowed; sentence may be "". */
void api_answer_failure(struct request *rq, const struct xu_val *description,
    const char *sentence);
/* Code and up to three parameters, NULL ends; sentence printf-like, first. */
void api_answer_error(struct request *rq, const char *sentence,
    const char *code, ...) __attribute__((sentinel));
void api_answer_fault(struct request *rq, const char *text);
void api_answer_http(struct request *rq, int status, const char *type,
    const void *body, size_t len);
/* The reply of the core to a forwarded call, as it is. */
void api_answer_core(struct request *rq, struct xu_msg *reply);

/* ---- api_dispatch.c: methods ------------------------------------------------- */

/* rq->in holds a body; answers now or later. */
void api_dispatch(struct request *rq);

/* ---- api_session.c --------------------------------------------------------- */

int api_sessions_open(struct api *a);
void api_sessions_close(struct api *a);
struct session *api_session_new(struct api *a, const char *user);
/* Finds it, unless it has expired, and notes the use. */
struct session *api_session_find(struct api *a, const char *id);
void api_session_drop(struct api *a, struct session *s);
void api_session_call(struct request *rq, struct session *s,
    const char *method, const struct xu_val *params);

/* ---- api_event.c ----------------------------------------------------------- */

/* A message EVENT or TASK of the core. */
void api_event_post(struct api *a, const struct xu_msg *m);
void api_events_close(struct api *a);
void api_event_call(struct request *rq, struct session *s, const char *method,
    const struct xu_val *params);
/* Takes a parked request off its session. */
void api_event_unpark(struct request *rq);

/* ---- api_console.c --------------------------------------------------------- */

/* GET /console. Answers now or later. */
void api_console(struct request *rq, const char *session, const char *uuid,
    bool upgrade, bool history, bool readonly);
/* Queues the 101 and starts to pump. Takes rq->stream. MHD_YES or MHD_NO. */
int api_console_upgrade(struct request *rq);

/* ---- api_sandbox.c ---------------------------------------------------------- */

/* Refuses where it should not run at all; -1 with a logged reason. */
int api_sandbox_check(void);
/* From here on: no new privileges, few system calls. */
int api_sandbox_enter(void);

#endif
