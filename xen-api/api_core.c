/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The channel to the core: calls with their answers, matched by number, and the
 * stream of events. When the core is gone there is nothing left to serve: the
 * loop stops and the process ends.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "xu_log.h"
#include "xu_proc.h"

struct pending {
	core_reply_f *f;
	void *arg;
};

static void core_ready(uv_poll_t *h, int status, int events);

/* libuv asks the kernel anew at each start, so only for a change. */
static void
watch(struct api *a)
{
	int events = UV_READABLE |
	    (xu_chan_pending(a->core) ? UV_WRITABLE : 0);

	if (events != a->core_events)
		uv_poll_start(
		    &a->core_poll, a->core_events = events, core_ready);
}

static void
lost(struct api *a, const char *why)
{
	xu_log(XU_NOTICE, "the core is gone (%s), so am I", why);
	uv_poll_stop(&a->core_poll);
	uv_stop(a->loop);
}

static void
take(struct api *a, struct xu_msg *m)
{
	struct pending *p;

	switch (m->kind) {
	case XU_MSG_REPLY:
		p = xu_map_del_u64(a->pending, m->id);
		if (p == NULL) {
			xu_log(XU_WARNING, "the core answers call %u, which "
					   "nobody made", m->id);
			return;
		}
		p->f(p->arg, m);
		free(p);
		return;
	case XU_MSG_EVENT:
	case XU_MSG_TASK:
		api_event_post(a, m);
		return;
	case XU_MSG_SETTINGS:
		api_listen_again(a, m);
		return;
	default:
		xu_log(XU_WARNING, "the core sends a message of kind %u",
		    m->kind);
	}
}

static void
core_ready(uv_poll_t *h, int status, int events)
{
	struct api *a = h->data;
	struct xu_msg m;
	int r;

	if (status < 0) {
		lost(a, uv_strerror(status));
		return;
	}
	if ((events & UV_WRITABLE) != 0 && xu_chan_flush(a->core) < 0) {
		lost(a, strerror(errno));
		return;
	}
	r = (events & UV_READABLE) != 0 ? xu_chan_fill(a->core) : 0;
	if (r < 0) {
		lost(a, strerror(errno));
		return;
	}
	while ((r = xu_chan_next(a->core, &m)) > 0) {
		take(a, &m);
		xu_msg_fini(&m);
	}
	if (r < 0)
		lost(a, strerror(errno));
	else
		watch(a);
}

int
api_core_open(struct api *a, int fd)
{
	xu_list_init(&a->turns);
	a->pending = xu_map_new();
	if (a->pending == NULL || xu_set_nonblock(fd, true) < 0)
		return -1;
	a->core = xu_chan_new(fd, 0);
	if (a->core == NULL || uv_poll_init(a->loop, &a->core_poll, fd) != 0)
		return -1;
	a->core_poll.data = a;
	watch(a);
	return 0;
}

void
api_core_close(struct api *a)
{
	struct pending *p;
	size_t pos = 0;

	api_turns_close(a);
	while ((p = xu_map_next(a->pending, &pos)) != NULL) {
		p->f(p->arg, NULL);
		free(p);
	}
	xu_map_free(&a->pending);
	xu_chan_free(&a->core);
}

struct xu_val *
api_core_about(const struct request *rq, struct xu_val *msg)
{
	char from[64];

	api_where_from(rq, from);
	xu_val_set(msg, "request", xu_str(rq->id));
	xu_val_set(msg, "from", xu_str(from));
	return msg;
}

struct xu_val *
api_core_msg(const struct session *s, const char *method,
    struct xu_val *params, bool async)
{
	struct xu_val *m = xu_struct();

	xu_val_set(m, "method", xu_str(method));
	xu_val_set(m, "params", params);
	xu_val_set(m, "user", xu_str(s->user));
	xu_val_set(m, "role", xu_str(model_role_name(s->role)));
	xu_val_set(m, "session", xu_str(s->id));
	if (async)
		xu_val_set(m, "async", xu_bool(true));
	return m;
}

void
api_core_call(struct api *a, struct xu_val *msg, core_reply_f *f, void *arg)
{
	struct pending *p = calloc(1, sizeof(*p));
	uint32_t id;

	do
		id = ++a->next_id;
	while (id == 0 || xu_map_get_u64(a->pending, id) != NULL);
	if (p == NULL || !xu_val_ok(msg) ||
	    xu_map_put_u64(a->pending, id, p) < 0) {
		free(p);
		p = NULL;
	} else {
		*p = (struct pending){ f, arg };
		if (xu_chan_send(a->core, XU_MSG_CALL, id, msg, NULL, 0) < 0) {
			xu_map_del_u64(a->pending, id);
			free(p);
			p = NULL;
		}
	}
	xu_val_free(msg);
	if (p == NULL)
		f(arg, NULL);
	else
		watch(a);
}
