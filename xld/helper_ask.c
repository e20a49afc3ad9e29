/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See helper_ask.h. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "helper.h"
#include "helper_ask.h"

struct helper_ask {
	struct xu_chan *chan;
	pid_t pid;
	uv_poll_t poll;
	uv_timer_t deadline;
	int handles;
	helper_told_f *told;
	void *arg;
};

static void
freed(uv_handle_t *h)
{
	struct helper_ask *a = h->data;

	if (--a->handles > 0)
		return;
	xu_chan_free(&a->chan);
	free(a);
}

void
helper_ask_drop(struct helper_ask *a)
{
	if (a == NULL)
		return;
	/* Before it is waited for: the number is its own until then. One that has
	 * not yet a group has started nothing. */
	kill(-a->pid, SIGKILL);
	helper_kill(a->pid);
	uv_close((uv_handle_t *)&a->poll, freed);
	uv_close((uv_handle_t *)&a->deadline, freed);
}

static void
silent(struct helper_ask *a, const char *why)
{
	a->told(a->arg, NULL, why);
	helper_ask_drop(a);
}

static void on_ready(uv_poll_t *h, int status, int events);

static void
look(struct helper_ask *a)
{
	uv_poll_start(&a->poll,
	    UV_READABLE | (xu_chan_pending(a->chan) ? UV_WRITABLE : 0),
	    on_ready);
}

static void
on_ready(uv_poll_t *h, int status, int events)
{
	struct helper_ask *a = h->data;
	struct xu_msg m = XU_MSG_INIT;
	int r = status;

	if (r >= 0 && (events & UV_WRITABLE) != 0) {
		r = xu_chan_flush(a->chan);
		look(a);
	}
	if (r >= 0 && (events & UV_READABLE) != 0)
		r = xu_chan_fill(a->chan);
	if (r >= 0)
		r = xu_chan_next(a->chan, &m);
	if (r > 0) {
		a->told(a->arg, m.val, NULL);
		xu_msg_fini(&m);
		helper_ask_drop(a);
	} else if (r < 0) {
		silent(a, "ended without an answer");
	}
}

static void
on_deadline(uv_timer_t *t)
{
	silent(t->data, "did not answer in time");
}

struct helper_ask *
helper_ask(uv_loop_t *loop, const char *path, uint32_t max, uint64_t ms,
    const struct xu_val *question, helper_told_f *f, void *arg,
    struct xu_err *e)
{
	struct helper_ask *a = calloc(1, sizeof(*a));

	if (a == NULL) {
		xu_err_set(e, "XLD_NO_MEMORY", ENOMEM, "start %s", path);
		return NULL;
	}
	a->chan = helper_start(path, max, &a->pid, e);
	if (a->chan == NULL) {
		free(a);
		return NULL;
	}
	a->told = f;
	a->arg = arg;
	a->handles = 2;
	uv_timer_init(loop, &a->deadline);
	uv_poll_init(loop, &a->poll, xu_chan_fd(a->chan));
	a->poll.data = a->deadline.data = a;
	if (!xu_val_ok(question) || xu_chan_send(a->chan, XU_MSG_CALL, 1,
		question, NULL, 0) < 0) {
		xu_err_set(e, "XLD_HELPER", errno, "%s does not listen", path);
		xu_err_param(e, "%s", path);
		xu_err_param(e, "it does not listen");
		helper_ask_drop(a);
		return NULL;
	}
	uv_timer_start(&a->deadline, on_deadline, ms, 0);
	look(a);
	return a;
}
