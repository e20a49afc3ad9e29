/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * event.from: what has happened since a token, each object once, as it is now.
 * The server keeps nothing for a client that does not ask: the token is a position
 * in the ring of events. How many objects there are only the core knows, so it is
 * asked before each answer; what happens meanwhile is in the answer, too, as its
 * reply comes behind the events before it.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api.h"
#include "api_types.h"

/* Seconds; a client that wants to wait longer asks again. */
#define TIMEOUT_MAX 3600
#define TOKEN_SIZE  48

struct from {
	/* The client's words, checked. */
	struct xu_val *classes;
	/* The first event it has not seen; it has seen none: everything. */
	uint64_t serial;
	bool all;
	uv_timer_t *timer;
};

/* ---- tokens and words -------------------------------------------------------------------- */

/* Fixed width: clients compare them as text. */
static void
make_token(const struct api *a, char out[TOKEN_SIZE])
{
	snprintf(out, TOKEN_SIZE, "%016" PRIu64 ",%020" PRIu64, a->epoch,
	    a->next_serial);
}

static bool
read_token(const char *s, uint64_t *epoch, uint64_t *serial)
{
	int n = -1;

	return strlen(s) == 37 &&
	    strspn(s, "0123456789,") == 37 &&
	    sscanf(s, "%16" SCNu64 ",%20" SCNu64 "%n", epoch, serial, &n) == 2 &&
	    n == 37;
}

/* "*", a class, or class/ref. */
static bool
is_subscription(const char *s)
{
	const char *slash = strchr(s, '/');

	return s[0] != '\0' && s[0] != '/' &&
	    (slash == NULL || (slash[1] != '\0' && strchr(slash + 1, '/') == NULL));
}

static bool
fits(const char *word, const char *class, const char *ref)
{
	const char *slash = strchr(word, '/');
	size_t n = slash == NULL ? strlen(word) : (size_t)(slash - word);

	if (strcmp(word, "*") == 0)
		return true;
	return strlen(class) == n && strncasecmp(word, class, n) == 0 &&
	    (slash == NULL || strcmp(api_bare_ref(slash + 1), ref) == 0);
}

static bool
wanted(const struct xu_val *classes, const char *class, const char *ref)
{
	for (size_t i = 0; i < xu_val_count(classes); i++)
		if (fits(xu_val_str(xu_val_at(classes, i)), class, ref))
			return true;
	return false;
}

static bool
wants(const struct from *f, const struct xu_val *record)
{
	return wanted(f->classes, xu_val_get_str(record, "class", ""),
	    xu_val_get_str(record, "ref", ""));
}

bool
api_from_wants(const struct request *rq, const struct event *ev)
{
	return wants(rq->from, ev->record);
}

/* ---- events --------------------------------------------------------------------------------- */

static struct xu_val *
lower(const char *s)
{
	char text[64];
	size_t n = 0;

	for (; s[n] != '\0' && n + 1 < sizeof(text); n++)
		text[n] = s[n] >= 'A' && s[n] <= 'Z' ? (char)(s[n] - 'A' + 'a') :
						       s[n];
	text[n] = '\0';
	return xu_str(text);
}

/* snapshot: the core's record of the object, or NULL. */
static struct xu_val *
make_event(int64_t id, const char *class, const char *operation,
    const char *ref, const struct xu_val *snapshot, bool modern)
{
	const struct model_type t = { .kind = MK_RECORD, .name = class };
	struct xu_val *v = xu_struct();

	xu_val_set(v, "id", xu_strf("%" PRId64, id));
	xu_val_set(v, "timestamp", xu_str("0.0"));
	xu_val_set(v, "class", lower(class));
	xu_val_set(v, "operation", xu_str(operation));
	xu_val_set(v, "ref", api_present_ref(ref, modern));
	if (snapshot != NULL)
		xu_val_set(v, "snapshot", api_present(snapshot, &t, modern));
	return v;
}

struct xu_val *
api_event_record(const struct xu_val *r, bool modern)
{
	return make_event(xu_val_get_int(r, "id", 0),
	    xu_val_get_str(r, "class", ""), xu_val_get_str(r, "operation", ""),
	    xu_val_get_str(r, "ref", ""), xu_val_get(r, "snapshot"), modern);
}

/* Everything there is, as if it had just come. */
static struct xu_val *
everything(const struct from *f, const struct xu_val *classes, bool modern)
{
	struct xu_val *list = xu_array();
	const struct xu_val *all;
	const char *class, *ref;

	for (size_t i = 0; i < xu_val_count(classes); i++) {
		class = xu_val_name_at(classes, i);
		all = xu_val_at(classes, i);
		for (size_t k = 0; k < xu_val_count(all); k++) {
			ref = xu_val_name_at(all, k);
			if (wanted(f->classes, class, ref))
				xu_val_add(list,
				    make_event(0, class, "add", ref,
					xu_val_at(all, k), modern));
		}
	}
	return list;
}

/* The last word about each object; one that came within the range has come, however
 * often it changed since. */
static void
fold(struct xu_val *latest, const struct event *ev)
{
	const char *ref = xu_val_get_str(ev->record, "ref", "");
	const struct xu_val *before = xu_val_get(latest, ref);
	struct xu_val *v = api_event_whole(ev);

	if (strcmp(xu_val_get_str(before, "operation", ""), "add") == 0 &&
	    strcmp(xu_val_get_str(v, "operation", ""), "mod") == 0)
		xu_val_set(v, "operation", xu_str("add"));
	xu_val_set(latest, ref, v);
}

static struct xu_val *
since(struct api *a, const struct from *f, bool modern)
{
	AUTO_VAL struct xu_val *latest = xu_struct();
	struct xu_val *list = xu_array();
	const struct event *ev;

	for (uint64_t n = f->serial; n < a->next_serial; n++) {
		ev = &a->events[n % API_EVENTS];
		if (wants(f, ev->record))
			fold(latest, ev);
	}
	for (size_t i = 0; i < xu_val_count(latest); i++)
		xu_val_add(list, api_event_record(xu_val_at(latest, i), modern));
	return xu_val_ok(latest) ? list : (xu_val_free(list), NULL);
}

/* ---- the answer -------------------------------------------------------------------------------- */

static struct xu_val *
counts_of(const struct xu_val *counts)
{
	struct xu_val *out = xu_struct(), *name;

	for (size_t i = 0; i < xu_val_count(counts); i++) {
		name = lower(xu_val_name_at(counts, i));
		xu_val_set(out, xu_val_str(name),
		    xu_val_copy(xu_val_at(counts, i)));
		xu_val_free(name);
	}
	return out;
}

static void
lost(struct request *rq)
{
	api_answer_error(rq, "events were lost: read the state anew and go on",
	    "EVENTS_LOST", NULL);
}

/* The core has said what there is. */
static void
counted(void *arg, struct xu_msg *reply)
{
	struct request *rq = arg;
	struct api *a = rq->api;
	struct from *f = rq->from;
	const struct xu_val *ok;
	AUTO_VAL struct xu_val *v = NULL;
	char token[TOKEN_SIZE];

	ok = reply == NULL ? NULL : xu_val_get(reply->val, "ok");
	if (ok == NULL) {
		api_answer_core(rq, reply);
	} else if (!f->all && f->serial < a->oldest) {
		lost(rq);
	} else {
		v = xu_struct();
		make_token(a, token);
		xu_val_set(v, "events",
		    f->all ? everything(f, xu_val_get(ok, "records"),
				 rq->modern) :
			     since(a, f, rq->modern));
		xu_val_set(v, "valid_ref_counts",
		    counts_of(xu_val_get(ok, "counts")));
		xu_val_set(v, "token", xu_str(token));
		if (xu_val_ok(v))
			api_answer_plain(rq, v);
		else
			api_answer_error(rq, "xld-api is out of memory",
			    "INTERNAL_ERROR", "out of memory", NULL);
	}
	api_from_free(rq);
}

static void
ask_core(struct request *rq)
{
	static const struct session nobody = { .role = ROLE_READ_ONLY };
	struct xu_val *p = xu_array(), *names = xu_array();
	const struct from *f = rq->from;
	const char *w;

	/* Of which classes records are wanted; the core knows no refs here. */
	for (size_t i = 0; f->all && i < xu_val_count(f->classes); i++) {
		w = xu_val_str(xu_val_at(f->classes, i));
		xu_val_add(names, xu_strn(w, strcspn(w, "/")));
	}
	xu_val_add(p, names);
	api_core_call(rq->api, api_core_msg(&nobody, "event.state", p, false),
	    counted, rq);
}

void
api_from_wake(struct request *rq)
{
	struct from *f = steal_ptr(&rq->from);

	/* What it asked for is still needed. */
	if (f->timer != NULL)
		uv_timer_stop(f->timer);
	api_event_unpark(rq);
	rq->from = f;
	ask_core(rq);
}

static void
too_late(uv_timer_t *t)
{
	api_from_wake(t->data);
}

static void
timer_closed(uv_handle_t *h)
{
	free(h);
}

void
api_from_free(struct request *rq)
{
	struct from *f = steal_ptr(&rq->from);

	if (f == NULL)
		return;
	if (f->timer != NULL)
		uv_close((uv_handle_t *)f->timer, timer_closed);
	xu_val_free(f->classes);
	free(f);
}

/* ---- the call -------------------------------------------------------------------------------------- */

static bool
words_ok(struct request *rq, const struct xu_val *classes)
{
	const char *w;

	for (size_t i = 0; i < xu_val_count(classes); i++) {
		w = xu_val_str(xu_val_at(classes, i));
		if (is_subscription(w) && i < API_CLASSES_MAX)
			continue;
		api_answer_error(rq,
		    "a subscription is *, a class or CLASS/REF, and there are "
		    "at most 64",
		    "EVENT_SUBSCRIPTION_PARSE_FAILURE", w, NULL);
		return false;
	}
	return true;
}

/* False: answered. */
static bool
token_ok(struct request *rq, const char *token, struct from *f)
{
	struct api *a = rq->api;
	uint64_t epoch;

	f->all = token[0] == '\0';
	if (f->all)
		return true;
	if (!read_token(token, &epoch, &f->serial)) {
		api_answer_error(rq, "this is no token of event.from",
		    "EVENT_FROM_TOKEN_PARSE_FAILURE", token, NULL);
		return false;
	}
	/* Of another life of this process, or too old. */
	if (epoch == a->epoch && f->serial >= a->oldest &&
	    f->serial <= a->next_serial)
		return true;
	lost(rq);
	return false;
}

static bool
anything(const struct api *a, const struct from *f)
{
	for (uint64_t n = f->serial; n < a->next_serial; n++)
		if (wants(f, a->events[n % API_EVENTS].record))
			return true;
	return false;
}

static void
wait_for(struct request *rq, struct session *s, double seconds)
{
	struct from *f = rq->from;

	f->timer = calloc(1, sizeof(*f->timer));
	if (f->timer == NULL) {
		api_from_free(rq);
		api_answer_error(rq, "xld-api is out of memory",
		    "INTERNAL_ERROR", "out of memory", NULL);
		return;
	}
	if (!(seconds > 0))
		seconds = 0;
	if (seconds > TIMEOUT_MAX)
		seconds = TIMEOUT_MAX;
	uv_timer_init(rq->api->loop, f->timer);
	f->timer->data = rq;
	uv_timer_start(f->timer, too_late, (uint64_t)(seconds * 1000), 0);
	if (!api_event_park(rq, s))
		api_from_free(rq);
}

void
api_event_from(struct request *rq, struct session *s,
    const struct xu_val *params)
{
	struct from *f = calloc(1, sizeof(*f));

	rq->from = f;
	if (f == NULL || (f->classes = xu_val_copy(xu_val_at(params, 0))) ==
		NULL) {
		api_from_free(rq);
		api_answer_error(rq, "xld-api is out of memory",
		    "INTERNAL_ERROR", "out of memory", NULL);
	} else if (!words_ok(rq, f->classes) ||
	    !token_ok(rq, xu_val_str(xu_val_at(params, 1)), f)) {
		api_from_free(rq);
	} else if (f->all || anything(rq->api, f)) {
		ask_core(rq);
	} else {
		wait_for(rq, s, xu_val_float(xu_val_at(params, 2)));
	}
}

static void
injected(void *arg, struct xu_msg *reply)
{
	struct request *rq = arg;
	AUTO_VAL struct xu_val *v = NULL;
	char token[TOKEN_SIZE];

	if (reply == NULL || xu_val_get(reply->val, "ok") == NULL) {
		api_answer_core(rq, reply);
		return;
	}
	/* The event came before the reply. */
	make_token(rq->api, token);
	v = xu_str(token);
	api_answer(rq, v);
}

void
api_event_inject(struct request *rq, struct session *s,
    const struct xu_val *params)
{
	struct xu_val *p = xu_array();

	xu_val_add(p, xu_val_copy(xu_val_at(params, 0)));
	xu_val_add(p,
	    xu_str(api_bare_ref(xu_val_str(xu_val_at(params, 1)))));
	api_core_call(rq->api, api_core_msg(s, "event.inject", p, false),
	    injected, rq);
}
