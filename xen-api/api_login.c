/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Logins. Of root on the local socket the kernel is witness; anybody else's
 * password is looked at by the core. A wrong one is answered late, and an address
 * that has sent too many of them is not listened to for a while.
 */
#include "config.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "xu_log.h"

#define DELAY_MS      2000
/* What is forgotten of an address's failures after. */
#define MEMORY_MS     60000
/* Passwords of one address that are being looked at, and addresses known. */
#define AT_A_TIME_MAX 16
#define SOURCES_MAX   4096

/* An address that logins come from. */
struct source {
	char name[64];
	struct xu_list age;
	unsigned failed, pending;
	uint64_t since;
};

struct login {
	struct request *rq;
	char user[64], originator[64];
	struct source *source;
	bool modern;
	/* Instead of a session that stays: for this request alone; or nothing, it
	 * was another password that was asked for. */
	api_visit_f *visit;
	bool change;
	/* A refusal waits for its time. */
	uv_timer_t delay;
	struct xu_val *error;
	char sentence[256];
};

int
api_logins_open(struct api *a)
{
	xu_list_init(&a->source_age);
	a->sources = xu_map_new();
	return a->sources == NULL ? -1 : 0;
}

static void
forget(struct api *a, struct source *s)
{
	xu_map_del(a->sources, s->name);
	xu_list_remove(&s->age);
	free(s);
}

void
api_logins_close(struct api *a)
{
	while (!xu_list_empty(&a->source_age))
		forget(a, xu_container_of(a->source_age.next, struct source,
		    age));
	xu_map_free(&a->sources);
}

void
api_where_from(const struct request *rq, char out[64])
{
	const union MHD_ConnectionInfo *ci = MHD_get_connection_info(rq->conn,
	    MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct in6_addr six;

	snprintf(out, 64, "uid %u", (unsigned)rq->uid);
	if (ci == NULL || ci->client_addr == NULL || rq->listener->local)
		return;
	if (ci->client_addr->sa_family == AF_INET) {
		inet_ntop(AF_INET,
		    &((const struct sockaddr_in *)(const void *)
			    ci->client_addr)->sin_addr, out, 64);
		return;
	}
	six = ((const struct sockaddr_in6 *)(const void *)ci->client_addr)
		  ->sin6_addr;
	memset(six.s6_addr + 8, 0, 8);
	inet_ntop(AF_INET6, &six, out, 64);
}

/* NULL: out of memory. Who has nothing under way makes room, the oldest first. */
static struct source *
source_of(struct api *a, const char *name)
{
	struct source *s = xu_map_get(a->sources, name), *old;
	struct xu_list *l, *next;

	if (s != NULL)
		return s;
	LIST_FOREACH_SAFE(l, next, &a->source_age) {
		old = xu_container_of(l, struct source, age);
		if (xu_map_count(a->sources) < SOURCES_MAX)
			break;
		if (old->pending == 0)
			forget(a, old);
	}
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	snprintf(s->name, sizeof(s->name), "%s", name);
	if (xu_map_put(a->sources, s->name, s) < 0) {
		free(s);
		return NULL;
	}
	xu_list_append(&a->source_age, &s->age);
	return s;
}

/* ---- answers ----------------------------------------------------------------------- */

static void
login_free(struct login *l)
{
	xu_val_free(l->error);
	free(l);
}

static void
delay_closed(uv_handle_t *h)
{
	login_free(h->data);
}

static void
refuse_now(uv_timer_t *t)
{
	struct login *l = t->data;

	api_answer_failure(l->rq, l->error, l->sentence);
	uv_close((uv_handle_t *)t, delay_closed);
}

static void
refuse_later(struct login *l, const struct xu_val *error, const char *sentence)
{
	struct api *a = l->rq->api;

	l->error = xu_val_copy(error);
	snprintf(l->sentence, sizeof(l->sentence), "%s", sentence);
	uv_timer_init(a->loop, &l->delay);
	l->delay.data = l;
	uv_timer_start(&l->delay, refuse_now, DELAY_MS, 0);
}

static void
admit(struct request *rq, const char *user, enum model_role role,
    const char *originator, bool modern)
{
	struct session *s = api_session_new(rq->api, user, role);
	AUTO_VAL struct xu_val *id = NULL;

	if (s != NULL) {
		s->local = rq->listener->local && rq->uid == 0;
		s->modern = modern;
		snprintf(s->originator, sizeof(s->originator), "%s", originator);
		id = xu_str(s->id);
	}
	rq->modern = modern;
	if (id == NULL)
		api_answer_error(rq, "xld-api is out of memory",
		    "INTERNAL_ERROR", "out of memory", NULL);
	else
		api_answer(rq, id);
}

static void
let_visit(const struct login *l, const char *user, enum model_role role)
{
	struct session s = { .role = role };

	snprintf(s.user, sizeof(s.user), "%s", user);
	api_connection_is_known(l->rq->conn);
	l->visit(l->rq, &s);
}

/* The password was right. */
static void
accepted(struct login *l, const struct xu_val *ok, enum model_role role)
{
	const char *user = xu_val_get_str(ok, "user", "");

	l->source->failed = 0;
	if (l->visit != NULL) {
		let_visit(l, user, role);
		return;
	}
	xu_log(XU_INFO, "login of '%.60s' from %s as %s", user, l->source->name,
	    model_role_name(role));
	admit(l->rq, user, role, l->originator, l->modern);
}

static void
judged(void *arg, struct xu_msg *reply)
{
	struct login *l = arg;
	const struct xu_val *v = reply == NULL ? NULL : reply->val;
	const struct xu_val *ok = xu_val_get(v, "ok");
	const struct xu_val *error = xu_val_get(v, "error");
	enum model_role role;

	l->source->pending--;
	if (l->change && ok != NULL) {
		l->source->failed = 0;
		api_answer(l->rq, NULL);
		login_free(l);
		return;
	}
	if (model_role_of(xu_val_get_str(ok, "role", ""), &role)) {
		accepted(l, ok, role);
		login_free(l);
		return;
	}
	xu_log(XU_NOTICE, "login of '%.60s' from %s refused: %s", l->user,
	    l->source->name, xu_val_get_str(v, "message", "no answer"));
	if (strncmp(xu_val_str(xu_val_at(error, 0)), "SESSION_", 8) != 0) {
		api_answer_core(l->rq, reply);
		login_free(l);
		return;
	}
	if (l->source->failed++ == 0)
		l->source->since = uv_now(l->rq->api->loop);
	refuse_later(l, error, xu_val_get_str(v, "message", ""));
}

/* ---- questions ------------------------------------------------------------------------ */

/* Seconds that the address has to wait, 0 = none. */
static uint64_t
must_wait(const struct api *a, struct source *s)
{
	const uint64_t now = uv_now(a->loop);

	if (s->failed > 0 && now - s->since >= MEMORY_MS)
		s->failed = 0;
	if (s->failed < a->limits.logins_failed)
		return 0;
	return (MEMORY_MS - (now - s->since)) / 1000 + 1;
}

/* Takes params: what access.* of that name wants before the address. As l has it. */
static void
ask_core(struct request *rq, struct source *src, const char *method,
    struct xu_val *params, const struct login *with)
{
	static const struct session nobody = { .role = ROLE_READ_ONLY };
	struct login *l = calloc(1, sizeof(*l));

	if (l == NULL) {
		xu_val_free(params);
		api_answer_error(rq, "xld-api is out of memory",
		    "INTERNAL_ERROR", "out of memory", NULL);
		return;
	}
	*l = *with;
	l->rq = rq;
	l->source = src;
	snprintf(l->user, sizeof(l->user), "%s",
	    xu_val_str(xu_val_at(params, 0)));
	src->pending++;
	xu_val_add(params, xu_str(rq->listener->local ? "" : src->name));
	api_core_call(rq->api,
	    api_core_about(rq, api_core_msg(&nobody, method, params, false)),
	    judged, l);
}

/* Who names a version, or comes the way that only later clients come, expects
 * what they do; unless the listener says so itself. */
static bool
is_modern(const struct request *rq, const struct xu_val *params)
{
	if (rq->ours)
		return false;
	if (rq->listener->dialect != DIALECT_AUTO)
		return rq->listener->dialect == DIALECT_MODERN;
	return rq->modern || xu_val_count(params) > 2;
}

/* Where the request is from, unless passwords from there are not looked at now:
 * then NULL, and it was answered. */
static struct source *
may_try(struct request *rq, const char *user)
{
	char from[64], text[128];
	struct source *src;
	uint64_t wait;

	api_where_from(rq, from);
	src = source_of(rq->api, from);
	wait = src == NULL ? 1 : must_wait(rq->api, src);
	if (wait == 0 && src->pending < AT_A_TIME_MAX)
		return src;
	if (wait > 0)
		snprintf(text, sizeof(text),
		    "too many wrong passwords from this address; try again in "
		    "%llu s", (unsigned long long)wait);
	else
		snprintf(text, sizeof(text),
		    "too many logins at a time from this address");
	api_answer_error(rq, text, "SESSION_AUTHENTICATION_FAILED", user, text,
	    NULL);
	return NULL;
}

static struct xu_val *
words(const char *a, const char *b, const char *c)
{
	struct xu_val *v = xu_array();

	xu_val_add(v, xu_str(a));
	xu_val_add(v, xu_str(b));
	if (c != NULL)
		xu_val_add(v, xu_str(c));
	return v;
}

void
api_login(struct request *rq, const struct xu_val *params)
{
	const char *user = xu_val_str(xu_val_at(params, 0));
	const char *originator = xu_val_str(xu_val_at(params, 3));
	struct login l = { .modern = is_modern(rq, params) };
	struct source *src;

	if (rq->listener->local && rq->uid == 0) {
		admit(rq, "root", ROLE_POOL_ADMIN, originator, l.modern);
		return;
	}
	snprintf(l.originator, sizeof(l.originator), "%s", originator);
	src = may_try(rq, user);
	if (src != NULL)
		ask_core(rq, src, "access.login",
		    words(user, xu_val_str(xu_val_at(params, 1)), NULL), &l);
}

void
api_login_visit(struct request *rq, const char *user, const char *password,
    api_visit_f *f)
{
	const struct login l = { .visit = f };
	struct source *src = may_try(rq, user);

	if (src != NULL)
		ask_core(rq, src, "access.login", words(user, password, NULL),
		    &l);
}

void
api_login_change(struct request *rq, const struct session *s,
    const struct xu_val *params)
{
	const struct login l = { .change = true };
	struct source *src = may_try(rq, s->user);

	if (src != NULL)
		ask_core(rq, src, "access.password",
		    words(s->user, xu_val_str(xu_val_at(params, 0)),
			xu_val_str(xu_val_at(params, 1))), &l);
}
