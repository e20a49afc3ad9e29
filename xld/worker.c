/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xld-build and xld-image seen from the core: one process per creation, save or
 * restore, one channel to it. It gets the order and the files as descriptors; it
 * answers with progress and one last word. A worker that ends without one has died.
 *
 * Starting a program is a third of what a small guest takes, so one builder is
 * started beforehand, while nobody waits: it has its libraries and holds nothing
 * but the channel. It serves one creation like any other.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "helper.h"
#include "kernel_val.h"
#include "xld.h"
#include "xu_log.h"
#include "xu_proc.h"

#define BUILD	    XLD_LIBEXECDIR "/xld-build"
#define IMAGE	    XLD_LIBEXECDIR "/xld-image"
#define PAYLOAD_MAX (1u << 20)
/* After a creation its caller has things to do first. */
#define SPARE_MS    50

struct worker {
	struct core *core;
	/* Its path. */
	const char *program;
	struct xu_list all;
	struct xu_chan *chan;
	uv_poll_t poll;
	pid_t pid;
	/* done NULL: it has no order yet. */
	struct worker_events ev;
};

/* One that has said its last word and may take its time to end. */
struct ended {
	struct xu_list all;
	pid_t pid;
};

static void
poll_closed(uv_handle_t *h)
{
	struct worker *w = h->data;

	xu_chan_free(&w->chan);
	free(w);
}

/* A spare that dies is not replaced until there has been work. */
static void
let_go(struct worker *w)
{
	struct core *c = w->core;

	if (c->spare == w)
		c->spare = NULL;
	xu_list_remove(&w->all);
	uv_poll_stop(&w->poll);
	uv_close((uv_handle_t *)&w->poll, poll_closed);
}

static const char *
name_of(const char *program)
{
	return strrchr(program, '/') + 1;
}

/* It is told nothing any more; its end is waited for, which SIGKILL or its last
 * word has made near: what it still holds of the domain is in the way of who
 * undoes it. */
static int
finish(struct worker *w)
{
	int status = helper_wait(w->pid);

	let_go(w);
	return status;
}

void
workers_reap(struct core *c, pid_t pid)
{
	struct ended *n = malloc(sizeof(*n));

	if (n == NULL) {
		helper_wait(pid);
		return;
	}
	n->pid = pid;
	xu_list_append(&c->worker_ends, &n->all);
	/* It may have ended before it was written down. */
	workers_child(c);
}

/* The same, but what it did is good and nobody waits. */
static void
finish_later(struct worker *w)
{
	workers_reap(w->core, w->pid);
	let_go(w);
}

void
workers_child(struct core *c)
{
	struct xu_list *at, *next;

	LIST_FOREACH_SAFE(at, next, &c->worker_ends) {
		struct ended *n = xu_container_of(at, struct ended, all);

		if (waitpid(n->pid, NULL, WNOHANG) == 0)
			continue;
		xu_list_remove(&n->all);
		free(n);
	}
}

void
worker_kill(struct worker *w)
{
	kill(w->pid, SIGKILL);
	finish(w);
}

static void
died(struct worker *w)
{
	struct worker_events ev = w->ev;
	const char *program = w->program;
	struct xu_err e = XU_ERR_INIT;
	int status;

	/* It closed its channel: either it has ended or it is mad. */
	kill(w->pid, SIGKILL);
	status = finish(w);
	if (ev.done == NULL)
		return;
	xu_err_set(&e, "XLD_HELPER", 0,
	    WIFSIGNALED(status) ? "%s was killed by signal %d" :
				  "%s ended with status %d", name_of(program),
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	xu_err_param(&e, "%s", name_of(program));
	xu_err_param(&e, "it ended early");
	ev.done(ev.arg, NULL, &e);
}

static void
failed(struct worker *w, const struct xu_val *v)
{
	struct worker_events ev = w->ev;
	const struct xu_val *params = xu_val_get(v, "params");
	struct xu_err e = XU_ERR_INIT;
	const char *code = xu_val_get_str(v, "code", "");

	xu_err_set(&e, model_find_error(code) != NULL ? code : "XLD_BUILD", 0,
	    "%s", xu_val_get_str(v, "message", "it gave no reason"));
	for (size_t i = 0; i < xu_val_count(params); i++)
		xu_err_param(&e, "%s", xu_val_str(xu_val_at(params, i)));
	finish(w);
	ev.done(ev.arg, NULL, &e);
}

static void
succeeded(struct worker *w, const struct xu_val *v)
{
	struct worker_events ev = w->ev;

	finish_later(w);
	ev.done(ev.arg, v, NULL);
}

/* What it unpacked, for the next time. A report that makes no sense costs
 * nothing but that. */
static void
unpacked(struct worker *w, struct xu_msg *m)
{
	struct xg_kernel k;

	if (w->ev.kernel == NULL || m->nfds != 1 ||
	    kernel_from_val(m->val, m->fds[0], &k) < 0)
		return;
	m->fds[0] = -1;
	w->ev.kernel(w->ev.arg, &k);
}

/* False: w is gone. */
static bool
take(struct worker *w, struct xu_msg *m)
{
	switch (w->ev.done == NULL ? 0 : m->kind) {
	case XU_MSG_PROGRESS:
		if (w->ev.progress != NULL)
			w->ev.progress(w->ev.arg,
			    xu_val_get_str(m->val, "step", ""),
			    (int)xu_val_get_int(m->val, "percent", 0));
		return true;
	case XU_MSG_KERNEL:
		unpacked(w, m);
		return true;
	case XU_MSG_IMAGE:
		if (w->ev.image != NULL)
			w->ev.image(w->ev.arg, m->val);
		return true;
	case XU_MSG_SUSPEND:
		if (w->ev.suspend != NULL)
			w->ev.suspend(w->ev.arg);
		return true;
	case XU_MSG_DONE:
		succeeded(w, m->val);
		return false;
	case XU_MSG_FAILED:
		failed(w, m->val);
		return false;
	default:
		died(w);
		return false;
	}
}

static void
ready(uv_poll_t *h, int status, int events XU_UNUSED)
{
	struct worker *w = h->data;
	struct xu_msg m = XU_MSG_INIT;
	bool alive = true;
	int r = status < 0 ? -1 : xu_chan_fill(w->chan), n;

	/* What came before the end counts. */
	while (alive && (n = xu_chan_next(w->chan, &m)) != 0) {
		if (n < 0) {
			r = -1;
			break;
		}
		alive = take(w, &m);
		xu_msg_fini(&m);
	}
	if (alive && r < 0)
		died(w);
}

/* One that waits for its order; NULL with an error. */
static struct worker *
new_worker(struct core *c, const char *program, struct xu_err *e)
{
	struct worker *w = calloc(1, sizeof(*w));

	if (w == NULL || (w->chan = helper_start(program, PAYLOAD_MAX, &w->pid,
			      e)) == NULL) {
		xu_err_set(e, "XLD_NO_MEMORY", ENOMEM, "start a worker");
		free(w);
		return NULL;
	}
	w->core = c;
	w->program = program;
	if (uv_poll_init(c->loop, &w->poll, xu_chan_fd(w->chan)) != 0) {
		xu_err_set(e, "XLD_HELPER", errno, "watch %s",
		    name_of(program));
		helper_kill(w->pid);
		xu_chan_free(&w->chan);
		free(w);
		return NULL;
	}
	xu_list_append(&c->workers, &w->all);
	w->poll.data = w;
	uv_poll_start(&w->poll, UV_READABLE, ready);
	return w;
}

static void
start_spare(uv_timer_t *t)
{
	struct core *c = t->data;
	struct xu_err e = XU_ERR_INIT;

	if (c->spare != NULL)
		return;
	c->spare = new_worker(c, BUILD, &e);
	if (c->spare == NULL)
		xu_log_err(XU_WARNING, &e);
}

void
workers_restock(struct core *c)
{
	if (!c->stopping)
		uv_timer_start(&c->spare_timer, start_spare, SPARE_MS, 0);
}

/* The order goes in one piece: it is smaller than what the socket holds. */
static int
give(struct worker *w, const struct xu_val *build, const int *fds, int nfds)
{
	int fd = xu_chan_fd(w->chan);

	return xu_set_nonblock(fd, false) < 0 ||
		xu_chan_send(w->chan, XU_MSG_BUILD, 1, build, fds, nfds) < 0 ||
		xu_set_nonblock(fd, true) < 0 ? -1 : 0;
}

struct worker *
worker_start(struct core *c, const struct xu_val *build, const int *fds,
    int nfds, const struct worker_events *ev, struct xu_err *e)
{
	struct worker *w = c->spare;
	bool given = w != NULL && give(w, build, fds, nfds) == 0;

	/* A spare that died may not have been heard of yet. */
	if (w != NULL && !given)
		worker_kill(w);
	c->spare = NULL;
	if (!given) {
		w = new_worker(c, BUILD, e);
		if (w == NULL)
			return NULL;
		given = give(w, build, fds, nfds) == 0;
	}
	if (!given) {
		xu_err_set(e, "XLD_HELPER", errno,
		    "give the build worker its order");
		worker_kill(w);
		return NULL;
	}
	w->ev = *ev;
	return w;
}

struct worker *
worker_image(struct core *c, const struct xu_val *order, const int *fds,
    int nfds, const struct worker_events *ev, struct xu_err *e)
{
	struct worker *w = new_worker(c, IMAGE, e);

	if (w == NULL)
		return NULL;
	if (give(w, order, fds, nfds) < 0) {
		xu_err_set(e, "XLD_HELPER", errno, "give xld-image its order");
		worker_kill(w);
		return NULL;
	}
	w->ev = *ev;
	return w;
}

void
worker_listen(struct worker *w, const struct worker_events *ev)
{
	w->ev = *ev;
}

void
worker_leave(struct worker *w)
{
	const struct worker_events none = { .arg = NULL };

	/* From its own message it cannot be freed; without orders it ends. */
	w->ev = none;
	kill(w->pid, SIGKILL);
}

int
worker_go_on(struct worker *w, const struct xu_val *order, struct xu_err *e)
{
	if (give(w, order, NULL, 0) == 0)
		return 0;
	return xu_err_set(e, "XLD_HELPER", errno, "tell %s to go on",
	    name_of(w->program));
}

void
workers_open(struct core *c)
{
	xu_list_init(&c->workers);
	xu_list_init(&c->worker_ends);
	uv_timer_init(c->loop, &c->spare_timer);
	c->spare_timer.data = c;
	workers_restock(c);
}

void
workers_close(struct core *c)
{
	struct xu_list *at, *next;

	uv_timer_stop(&c->spare_timer);
	while (!xu_list_empty(&c->workers))
		worker_kill(xu_container_of(c->workers.next, struct worker, all));
	LIST_FOREACH_SAFE(at, next, &c->worker_ends)
		free(xu_container_of(at, struct ended, all));
	xu_list_init(&c->worker_ends);
}
