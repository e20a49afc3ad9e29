/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sessions: who is logged in, until when, and what can be asked of them. Kept in
 * memory only. Their number is bounded, for a user and in all; the one unused for
 * longest makes room.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "api.h"

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

static struct session *
oldest_known(const struct api *a)
{
	struct xu_list *l;

	LIST_FOREACH(l, &a->lru)
		if (!xu_container_of(l, struct session, lru)->own)
			return xu_container_of(l, struct session, lru);
	return NULL;
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
	struct session *s;

	/* Connections end theirs. */
	while ((s = oldest_known(a)) != NULL)
		api_session_drop(a, s);
	xu_map_free(&a->sessions);
}

void
api_sessions_end(struct api *a)
{
	struct xu_list *l, *next;
	struct session *s;

	LIST_FOREACH_SAFE(l, next, &a->lru) {
		s = xu_container_of(l, struct session, lru);
		if (!s->local && !s->own)
			api_session_drop(a, s);
	}
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

/* Unused for too long, or too old. A blocked event.next is a use. */
static bool
expired(const struct api *a, const struct session *s)
{
	int64_t now = seconds(CLOCK_MONOTONIC);

	return !s->own && (now - s->begun >= a->limits.life ||
	    (now - s->used >= a->limits.idle && xu_list_empty(&s->waiting)));
}

/* For one more of this user's: who has been unused for longest goes. */
static void
make_room(struct api *a, const char *user)
{
	struct xu_list *l, *next;
	struct session *s, *oldest = NULL;
	size_t n = 0;

	LIST_FOREACH_SAFE(l, next, &a->lru) {
		s = xu_container_of(l, struct session, lru);
		if (expired(a, s)) {
			api_session_drop(a, s);
		} else if (!s->own && strcmp(s->user, user) == 0) {
			n++;
			oldest = oldest == NULL ? s : oldest;
		}
	}
	if (oldest != NULL && n >= a->limits.per_user)
		api_session_drop(a, oldest);
	if (xu_map_count(a->sessions) >= a->limits.sessions &&
	    (s = oldest_known(a)) != NULL)
		api_session_drop(a, s);
}

/* One that nobody can find yet. */
static struct session *
begin(struct api *a, const char *user, enum model_role role)
{
	struct session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	xu_list_init(&s->lru);
	xu_list_init(&s->waiting);
	snprintf(s->user, sizeof(s->user), "%s", user);
	s->role = role;
	s->begun = seconds(CLOCK_MONOTONIC);
	s->begun_real = seconds(CLOCK_REALTIME);
	if (make_id(s->id) < 0) {
		free(s);
		return NULL;
	}
	touch(a, s);
	return s;
}

struct session *
api_session_new(struct api *a, const char *user, enum model_role role)
{
	struct session *s;

	make_room(a, user);
	s = begin(a, user, role);
	if (s != NULL && xu_map_put(a->sessions, s->id, s) < 0) {
		xu_list_remove(&s->lru);
		free(s);
		return NULL;
	}
	return s;
}

/* As many as there are connections, so they take nobody's place. */
struct session *
api_session_own(struct request *rq)
{
	struct session **s = NULL;

	if (rq->ours && rq->listener->local && rq->uid == 0)
		s = api_connection_session(rq->conn);
	if (s == NULL)
		return NULL;
	if (*s != NULL)
		return *s;
	*s = begin(rq->api, "root", ROLE_POOL_ADMIN);
	if (*s != NULL)
		(*s)->own = (*s)->local = true;
	return *s;
}

const char *
api_bare_ref(const char *ref)
{
	return strncmp(ref, "OpaqueRef:", 10) == 0 ? ref + 10 : ref;
}

struct session *
api_session_find(struct api *a, const char *id)
{
	struct session *s = xu_map_get(a->sessions, api_bare_ref(id));

	if (s == NULL)
		return NULL;
	if (expired(a, s)) {
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
	if (!s->own)
		xu_map_del(a->sessions, s->id);
	xu_list_remove(&s->lru);
	xu_val_free(s->classes);
	free(s);
}

static const char only_own[] = "a session can only be asked about itself";

/* ---- records ----------------------------------------------------------------------- */

static void
add_permission(void *ctx, const char *name)
{
	AUTO_FREE char *lower = strdup(name);

	if (lower == NULL)
		return;
	for (char *p = lower; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	xu_val_add(ctx, xu_str(lower));
}

struct permissions {
	enum model_role role;
	struct xu_val *list;
};

static void
if_permitted(void *ctx, const char *name)
{
	const struct permissions *p = ctx;
	struct model_call m;

	if (model_resolve(name, &m) && m.role <= p->role)
		add_permission(p->list, name);
}

static struct xu_val *
permissions(const struct session *s)
{
	struct permissions p = { s->role, xu_array() };

	/* Root's are not said, as xapi does not. */
	if (!s->local)
		model_each_message(if_permitted, &p);
	return p.list;
}

static struct xu_val *
record(const struct session *s)
{
	struct xu_val *r = xu_struct();

	xu_val_set(r, "uuid", xu_str(s->id));
	xu_val_set(r, "this_host", xu_str(""));
	xu_val_set(r, "this_user", xu_str(s->user));
	xu_val_set(r, "last_active", xu_datetime(s->used_real));
	xu_val_set(r, "pool", xu_bool(false));
	xu_val_set(r, "other_config", xu_struct());
	xu_val_set(r, "is_local_superuser", xu_bool(s->local));
	xu_val_set(r, "validation_time", xu_datetime(s->begun_real));
	xu_val_set(r, "auth_user_sid", xu_str(s->local ? "" : s->user));
	xu_val_set(r, "auth_user_name", xu_str(s->local ? "" : s->user));
	xu_val_set(r, "rbac_permissions", permissions(s));
	xu_val_set(r, "originator", xu_str(s->originator));
	xu_val_set(r, "client_certificate", xu_bool(false));
	return r;
}

/* First of the hosts there are: the one this daemon runs on. What was asked for
 * waits in rq->held: a record, or nothing when the host itself was. */
static void
with_host(void *arg, struct xu_msg *reply)
{
	const struct xu_val *all;
	struct request *rq = arg;

	all = reply == NULL ? NULL : xu_val_get(reply->val, "ok");
	if (xu_val_count(all) == 0) {
		api_answer_core(rq, reply);
	} else if (rq->held == NULL) {
		api_answer(rq, xu_val_at(all, 0));
	} else {
		xu_val_set(rq->held, "this_host",
		    xu_val_copy(xu_val_at(all, 0)));
		api_answer(rq, rq->held);
	}
}

static void
ask_host(struct request *rq, const struct session *s)
{
	api_core_call(rq->api,
	    api_core_msg(s, "host.get_all", xu_array(), false), with_host, rq);
}

/* ---- messages of the class ------------------------------------------------------------- */

/* Only who may end others' sessions may see whose there are. */
static bool
may_rule(struct request *rq, const struct session *s, const char *method)
{
	if (s->role >= rq->call.role)
		return true;
	api_answer_error(rq, "the role does not allow this",
	    "RBAC_PERMISSION_DENIED", method, model_role_name(s->role), NULL);
	return false;
}

static void
all_subjects(struct request *rq)
{
	AUTO_VAL struct xu_val *seen = xu_struct(), *out = xu_array();
	struct xu_list *l;
	const struct session *s;

	LIST_FOREACH(l, &rq->api->lru) {
		s = xu_container_of(l, struct session, lru);
		if (s->local || xu_val_get(seen, s->user) != NULL)
			continue;
		xu_val_set(seen, s->user, xu_void());
		xu_val_add(out, xu_str(s->user));
	}
	api_answer(rq, out);
}

/* Not the one that asks: it has to hear the answer. */
static void
logout_subject(struct request *rq, const struct session *asker,
    const char *user)
{
	struct xu_list *l, *next;
	struct session *s;

	LIST_FOREACH_SAFE(l, next, &rq->api->lru) {
		s = xu_container_of(l, struct session, lru);
		if (!s->local && s != asker && strcmp(s->user, user) == 0)
			api_session_drop(rq->api, s);
	}
	api_answer(rq, NULL);
}

/* A message about a session, which is one's own. */
static void
about_itself(struct request *rq, struct session *s, const char *method,
    const char *name)
{
	AUTO_VAL struct xu_val *v = NULL;

	if (strcmp(name, "get_this_host") == 0) {
		ask_host(rq, s);
		return;
	}
	if (strcmp(name, "get_record") == 0) {
		rq->held = record(s);
		ask_host(rq, s);
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

void
api_session_call(struct request *rq, struct session *s, const char *method,
    const struct xu_val *params)
{
	const char *name = strchr(method, '.') + 1;
	const char *arg = xu_val_str(xu_val_at(params, 0));

	if (s == NULL) {
		api_login(rq, params);
	} else if (strcmp(name, "logout") == 0 ||
	    strcmp(name, "local_logout") == 0) {
		if (!s->own)
			api_session_drop(rq->api, s);
		api_answer(rq, NULL);
	} else if (strcmp(name, "change_password") == 0) {
		api_login_change(rq, s, params);
	} else if (strcmp(name, "get_all_subject_identifiers") == 0) {
		if (may_rule(rq, s, method))
			all_subjects(rq);
	} else if (strcmp(name, "logout_subject_identifier") == 0) {
		if (may_rule(rq, s, method))
			logout_subject(rq, s, arg);
	} else if (strcmp(api_bare_ref(arg), s->id) != 0 &&
	    !(s->own && arg[0] == '\0')) {
		api_answer_error(rq, only_own, "PERMISSION_DENIED", only_own,
		    NULL);
	} else {
		about_itself(rq, s, method, name);
	}
}
