/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Events. All sessions share one ring of the newest events; a session holds
 * only a position in it, so that a client which never asks costs nothing. One
 * that fell behind the ring's end is told so (EVENTS_LOST) and goes on from now.
 */
#include "config.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "api.h"
#include "xu_log.h"

static struct event *
slot(struct api *a, uint64_t serial)
{
	return &a->events[serial % API_EVENTS];
}

/* Roughly what a packed value takes in memory. */
static size_t
weigh(const struct xu_val *v)
{
	size_t n = 32 + xu_val_strlen(v);

	for (size_t i = 0; i < xu_val_count(v); i++)
		n += 32 + weigh(xu_val_at(v, i));
	return n;
}

static void
forget_oldest(struct api *a)
{
	struct event *ev = slot(a, a->oldest++);

	a->event_bytes -= ev->weight;
	xu_val_free(steal_ptr(&ev->record));
	free(steal_ptr(&ev->snapshot));
}

struct xu_val *
api_event_whole(const struct event *ev)
{
	struct xu_val *v = xu_val_copy(ev->record);

	if (ev->snapshot != NULL)
		xu_val_set(v, "snapshot",
		    xu_val_decode(ev->snapshot, ev->nsnapshot));
	return v;
}

int
api_events_open(struct api *a)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	a->epoch = (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
	return 0;
}

void
api_events_close(struct api *a)
{
	while (a->oldest < a->next_serial)
		forget_oldest(a);
}

static bool
wants(const struct session *s, const struct event *ev)
{
	const char *class = xu_val_get_str(ev->record, "class", "");
	const char *name;

	if (xu_val_count(s->classes) == 0)
		return s->classes != NULL;
	for (size_t i = 0; i < xu_val_count(s->classes); i++) {
		name = xu_val_str(xu_val_at(s->classes, i));
		if (strcmp(name, "*") == 0 || strcasecmp(name, class) == 0)
			return true;
	}
	return false;
}

/* What the session has not seen, which it then has. */
static struct xu_val *
collect(struct api *a, struct session *s)
{
	struct xu_val *list = xu_array();

	for (; s->cursor < a->next_serial; s->cursor++)
		if (wants(s, slot(a, s->cursor)))
			xu_val_add(list,
			    api_event_whole(slot(a, s->cursor)));
	return list;
}

/* Events as event.next of the session's dialect has them. */
static void
answer(struct request *rq, const struct xu_val *list)
{
	AUTO_VAL struct xu_val *out = NULL;

	if (!rq->modern) {
		api_answer(rq, list);
		return;
	}
	out = xu_array();
	for (size_t i = 0; i < xu_val_count(list); i++)
		xu_val_add(out, api_event_record(xu_val_at(list, i), true));
	api_answer_plain(rq, out);
}

void
api_event_unpark(struct request *rq)
{
	if (rq->session == NULL)
		return;
	xu_list_remove(&rq->waiting);
	rq->session = NULL;
	api_from_free(rq);
	if (rq->gone != NULL) {
		uv_poll_stop(rq->gone);
		uv_close((uv_handle_t *)rq->gone, (uv_close_cb)free);
		rq->gone = NULL;
	}
}

/* Those of one session who block and want the new event; in event.next all get
 * the same. */
static void
wake_session(struct api *a, struct session *s, const struct event *ev)
{
	struct xu_val *list = NULL;
	struct xu_list *l, *next;
	struct request *rq;
	const bool registered = wants(s, ev);

	LIST_FOREACH_SAFE(l, next, &s->waiting) {
		rq = xu_container_of(l, struct request, waiting);
		if (rq->from != NULL) {
			if (api_from_wants(rq, ev))
				api_from_wake(rq);
			continue;
		}
		if (!registered)
			continue;
		if (list == NULL)
			list = collect(a, s);
		api_event_unpark(rq);
		answer(rq, list);
	}
	xu_val_free(list);
}

static void
wake(struct api *a, const struct event *ev)
{
	struct xu_list *l, *next;

	LIST_FOREACH_SAFE(l, next, &a->lru)
		wake_session(a,
		    xu_container_of(l, struct session, lru), ev);
}

static struct xu_val *
make_record(const struct api *a, const struct xu_msg *m)
{
	const struct xu_val *snap = xu_val_get(m->val, "snapshot");
	bool task = m->kind == XU_MSG_TASK;
	const char *ref = xu_val_get_str(m->val, task ? "task" : "ref", "");
	struct xu_val *r = xu_struct();

	xu_val_set(r, "id", xu_int((int64_t)a->next_serial));
	xu_val_set(r, "timestamp", xu_datetime(time(NULL)));
	xu_val_set(r, "class",
	    xu_str(task ? "task" : xu_val_get_str(m->val, "class", "")));
	xu_val_set(r, "operation",
	    xu_str(task ? "mod" : xu_val_get_str(m->val, "operation", "")));
	xu_val_set(r, "ref", xu_str(ref));
	xu_val_set(r, "obj_uuid", xu_str(xu_val_get_str(snap, "uuid", ref)));
	return xu_val_pack(r);
}

/* Takes record. -1: out of memory. */
static int
fill(struct event *ev, uint64_t serial, struct xu_val *record,
    const struct xu_val *snapshot)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;

	*ev = (struct event){ .serial = serial, .record = record };
	if (snapshot != NULL) {
		xu_val_encode(snapshot, &b);
		ev->snapshot = malloc(b.len + 1);
		ev->nsnapshot = b.len;
	}
	ev->weight = weigh(record) + b.len;
	if (xu_val_ok(record) && b.error == 0 &&
	    (snapshot == NULL || ev->snapshot != NULL)) {
		if (b.len != 0)
			memcpy(ev->snapshot, b.data, b.len);
		return 0;
	}
	xu_val_free(record);
	free(ev->snapshot);
	*ev = (struct event){ .record = NULL };
	return -1;
}

void
api_event_post(struct api *a, const struct xu_msg *m)
{
	struct event *ev;

	if (a->next_serial - a->oldest == API_EVENTS)
		forget_oldest(a);
	ev = slot(a, a->next_serial);
	if (fill(ev, a->next_serial, make_record(a, m),
		xu_val_get(m->val, "snapshot")) < 0) {
		/* Everybody who registered is told that something is lost. */
		xu_log(XU_ERROR, "out of memory for an event");
		api_events_close(a);
		a->oldest = ++a->next_serial;
		return;
	}
	a->event_bytes += ev->weight;
	a->next_serial++;
	wake(a, ev);
	while (a->event_bytes > API_EVENT_BYTES && a->oldest < a->next_serial)
		forget_oldest(a);
}

/* The client hung up, or only ended its side: nothing waits here any more. */
static void
on_gone(uv_poll_t *h, int status XU_UNUSED, int events XU_UNUSED)
{
	AUTO_VAL struct xu_val *none = xu_array();
	struct request *rq = h->data;

	api_event_unpark(rq);
	api_answer_plain(rq, none);
}

/* libmicrohttpd does not look at a suspended connection, so we do. */
bool
api_event_park(struct request *rq, struct session *s)
{
	const union MHD_ConnectionInfo *ci;
	uv_poll_t *h = calloc(1, sizeof(*h));

	ci = MHD_get_connection_info(rq->conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (h == NULL || ci == NULL ||
	    uv_poll_init(rq->api->loop, h, ci->connect_fd) != 0) {
		free(h);
		api_answer_error(rq, "xld-api is out of memory",
		    "INTERNAL_ERROR", "out of memory", NULL);
		return false;
	}
	h->data = rq;
	rq->gone = h;
	rq->session = s;
	xu_list_append(&s->waiting, &rq->waiting);
	uv_poll_start(h, UV_DISCONNECT, on_gone);
	return true;
}

static void
next(struct request *rq, struct session *s)
{
	struct api *a = rq->api;
	struct xu_val *list;

	if (s->classes == NULL) {
		api_answer_error(rq,
		    "the session has not called event.register",
		    "SESSION_NOT_REGISTERED", s->id, NULL);
		return;
	}
	if (s->cursor < a->oldest) {
		s->cursor = a->next_serial;
		api_answer_error(rq,
		    "events were lost: read the state anew and go on",
		    "EVENTS_LOST", NULL);
		return;
	}
	list = collect(a, s);
	if (xu_val_count(list) != 0)
		answer(rq, list);
	else
		api_event_park(rq, s);
	xu_val_free(list);
}

static bool
has(const struct xu_val *set, const char *name)
{
	for (size_t i = 0; i < xu_val_count(set); i++)
		if (strcasecmp(xu_val_str(xu_val_at(set, i)), name) == 0)
			return true;
	return false;
}

/* a without what is in b, or a and what is in b. */
static struct xu_val *
combine(const struct xu_val *a, const struct xu_val *b, bool add)
{
	struct xu_val *r = xu_array();

	for (size_t i = 0; i < xu_val_count(a); i++)
		if (add || !has(b, xu_val_str(xu_val_at(a, i))))
			xu_val_add(r, xu_val_copy(xu_val_at(a, i)));
	for (size_t i = 0; add && i < xu_val_count(b); i++)
		if (!has(a, xu_val_str(xu_val_at(b, i))))
			xu_val_add(r, xu_val_copy(xu_val_at(b, i)));
	return r;
}

static void
change(struct request *rq, struct session *s, bool add,
    const struct xu_val *classes)
{
	struct xu_val *now = NULL;

	if (xu_val_count(classes) > API_CLASSES_MAX) {
		api_answer_error(rq, "too many classes", "VALUE_NOT_SUPPORTED",
		    "classes", "", "too many", NULL);
		return;
	}
	if (s->classes == NULL)
		s->cursor = rq->api->next_serial;
	/* An empty list means every class, both ways. "*" in a set stands for
	 * every class too, so that it can be joined with names. */
	if (add && xu_val_count(classes) == 0) {
		now = xu_array();
		xu_val_add(now, xu_str("*"));
	} else if (add || xu_val_count(classes) != 0) {
		now = combine(s->classes, classes, add);
	}
	if (now != NULL && (!xu_val_ok(now) ||
			       xu_val_count(now) > API_CLASSES_MAX)) {
		xu_val_free(now);
		api_answer_error(rq, "too many classes", "VALUE_NOT_SUPPORTED",
		    "classes", "", "too many", NULL);
		return;
	}
	/* Nothing left is not the empty set, which would mean everything. */
	if (now != NULL && xu_val_count(now) == 0) {
		xu_val_free(now);
		now = NULL;
	}
	xu_val_free(s->classes);
	s->classes = now;
	api_answer(rq, NULL);
}

static void
current_id(struct request *rq)
{
	AUTO_VAL struct xu_val *v = NULL;

	v = xu_int((int64_t)rq->api->next_serial - 1);
	api_answer(rq, v);
}

void
api_event_call(struct request *rq, struct session *s, const char *method,
    const struct xu_val *params)
{
	const char *name = strchr(method, '.') + 1;

	if (strcmp(name, "register") == 0)
		change(rq, s, true, xu_val_at(params, 0));
	else if (strcmp(name, "unregister") == 0)
		change(rq, s, false, xu_val_at(params, 0));
	else if (strcmp(name, "next") == 0)
		next(rq, s);
	else if (strcmp(name, "from") == 0)
		api_event_from(rq, s, params);
	else if (strcmp(name, "inject") == 0)
		api_event_inject(rq, s, params);
	else if (strcmp(name, "get_current_id") == 0)
		current_id(rq);
	else
		api_answer_error(rq, "", "MESSAGE_METHOD_UNKNOWN", method,
		    NULL);
}
