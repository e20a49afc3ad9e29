/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sessions: who is logged in, until when. Kept in memory only. The number is
 * bounded; the one unused for longest makes room.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "api.h"
#include "xu_log.h"

static int64_t
seconds(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec;
}

static void
touch(struct api *a, struct session *s)
{
	s->used = seconds(CLOCK_MONOTONIC);
	s->used_real = seconds(CLOCK_REALTIME);
	xu_list_remove(&s->lru);
	xu_list_append(&a->lru, &s->lru);
}

int
api_sessions_open(struct api *a)
{
	xu_list_init(&a->lru);
	a->sessions = xu_map_new();
	return a->sessions == NULL ? -1 : 0;
}

void
api_sessions_close(struct api *a)
{
	while (!xu_list_empty(&a->lru))
		api_session_drop(a,
		    xu_container_of(a->lru.next, struct session, lru));
	xu_map_free(&a->sessions);
}

/* A random UUID (RFC 4122 version 4); it is the client's secret. */
static int
make_id(char out[37])
{
	uint8_t b[16];
	char *p = out;

	if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		return -1;
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < sizeof(b); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		p += sprintf(p, "%02x", b[i]);
	}
	return 0;
}

static void
make_room(struct api *a)
{
	int64_t now = seconds(CLOCK_MONOTONIC);
	struct session *s;

	while (!xu_list_empty(&a->lru)) {
		s = xu_container_of(a->lru.next, struct session, lru);
		if (xu_map_count(a->sessions) < API_SESSIONS &&
		    now - s->used < API_SESSION_SECONDS)
			return;
		api_session_drop(a, s);
	}
}

struct session *
api_session_new(struct api *a, const char *user)
{
	struct session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	make_room(a);
	xu_list_init(&s->lru);
	xu_list_init(&s->waiting);
	snprintf(s->user, sizeof(s->user), "%s", user);
	s->role = "pool-admin";
	if (make_id(s->id) < 0 || xu_map_put(a->sessions, s->id, s) < 0) {
		free(s);
		return NULL;
	}
	touch(a, s);
	return s;
}

struct session *
api_session_find(struct api *a, const char *id)
{
	struct session *s;

	if (strncmp(id, "OpaqueRef:", 10) == 0)
		id += 10;
	s = xu_map_get(a->sessions, id);
	if (s == NULL)
		return NULL;
	/* A blocked event.next is a use. */
	if (xu_list_empty(&s->waiting) &&
	    seconds(CLOCK_MONOTONIC) - s->used >= API_SESSION_SECONDS) {
		api_session_drop(a, s);
		return NULL;
	}
	touch(a, s);
	return s;
}

void
api_session_drop(struct api *a, struct session *s)
{
	struct request *rq;

	while (!xu_list_empty(&s->waiting)) {
		rq = xu_container_of(s->waiting.next, struct request, waiting);
		api_event_unpark(rq);
		api_answer_error(rq, "the session has ended",
		    "SESSION_INVALID", s->id, NULL);
	}
	xu_map_del(a->sessions, s->id);
	xu_list_remove(&s->lru);
	xu_val_free(s->classes);
	free(s);
}

static const char only_root[] =
    "only root may use this socket; run the command as root";
static const char only_own[] = "a session can only be asked about itself";

static void
login(struct request *rq)
{
	AUTO_VAL struct xu_val *id = NULL;
	struct session *s;

	if (rq->uid != 0) {
		xu_log(XU_NOTICE, "login refused: uid %u", (unsigned)rq->uid);
		api_answer_error(rq, only_root, "PERMISSION_DENIED", only_root,
		    NULL);
		return;
	}
	s = api_session_new(rq->api, "root");
	id = s == NULL ? NULL : xu_str(s->id);
	if (id == NULL)
		api_answer_error(rq, "xld-api is out of memory",
		    "INTERNAL_ERROR", "out of memory", NULL);
	else
		api_answer(rq, id);
}

/* First of the hosts there are: the one this daemon runs on. */
static void
this_host(void *arg, struct xu_msg *reply)
{
	const struct xu_val *all;
	struct request *rq = arg;

	all = reply == NULL ? NULL : xu_val_get(reply->val, "ok");
	if (xu_val_count(all) == 0)
		api_answer_core(rq, reply);
	else
		api_answer(rq, xu_val_at(all, 0));
}

static struct xu_val *
record(const struct session *s)
{
	struct xu_val *r = xu_struct();

	xu_val_set(r, "uuid", xu_str(s->id));
	xu_val_set(r, "this_host", xu_str(""));
	xu_val_set(r, "this_user", xu_str(s->user));
	xu_val_set(r, "last_active", xu_datetime(s->used_real));
	return r;
}

static void
record_with_host(void *arg, struct xu_msg *reply)
{
	struct request *rq = arg;
	const struct xu_val *all;

	all = reply == NULL ? NULL : xu_val_get(reply->val, "ok");
	if (xu_val_count(all) == 0) {
		api_answer_core(rq, reply);
		return;
	}
	xu_val_set(rq->held, "this_host", xu_val_copy(xu_val_at(all, 0)));
	api_answer(rq, rq->held);
}

void
api_session_call(struct request *rq, struct session *s, const char *method,
    const struct xu_val *params)
{
	struct api *a = rq->api;
	AUTO_VAL struct xu_val *v = NULL;
	const char *name = strchr(method, '.') + 1;
	const char *self = xu_val_str(xu_val_at(params, 0));

	if (strncmp(name, "login_with_password", 19) == 0) {
		login(rq);
		return;
	}
	if (strcmp(name, "logout") == 0) {
		api_session_drop(a, s);
		api_answer(rq, NULL);
		return;
	}
	/* What is left takes a session as its object: one's own only. */
	if (strncmp(self, "OpaqueRef:", 10) == 0)
		self += 10;
	if (strcmp(self, s->id) != 0) {
		api_answer_error(rq, only_own, "PERMISSION_DENIED", only_own,
		    NULL);
		return;
	}
	if (strcmp(name, "get_this_host") == 0) {
		api_core_call(a,
		    api_core_msg(s, "host.get_all", xu_array(), false),
		    this_host, rq);
		return;
	}
	if (strcmp(name, "get_record") == 0) {
		rq->held = record(s);
		api_core_call(a,
		    api_core_msg(s, "host.get_all", xu_array(), false),
		    record_with_host, rq);
		return;
	}
	v = record(s);
	if (strcmp(name, "get_by_uuid") == 0)
		api_answer(rq, xu_val_get(v, "uuid"));
	else if (strncmp(name, "get_", 4) == 0 && xu_val_get(v, name + 4) != NULL)
		api_answer(rq, xu_val_get(v, name + 4));
	else
		api_answer_error(rq, "", "MESSAGE_METHOD_UNKNOWN", method,
		    NULL);
}
