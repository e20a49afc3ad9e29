/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xld-build seen from the core: one process per creation, one channel to it.
 * It gets the order and the files as descriptors; it answers with progress and
 * one last word. A worker that ends without one has died.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "kernel_val.h"
#include "xld.h"
#include "xu_log.h"
#include "xu_proc.h"

#define PROGRAM	    XLD_LIBEXECDIR "/xld-build"
#define PAYLOAD_MAX (64u << 10)

struct worker {
	struct core *core;
	struct xu_list all;
	struct xu_chan *chan;
	uv_poll_t poll;
	pid_t pid;
	struct worker_events ev;
};

static void
poll_closed(uv_handle_t *h)
{
	struct worker *w = h->data;

	xu_chan_free(&w->chan);
	free(w);
}

/* It is told nothing any more; its end is waited for, which SIGKILL or its last
 * word has made near. */
static int
finish(struct worker *w)
{
	int status = 0;

	xu_list_remove(&w->all);
	uv_poll_stop(&w->poll);
	while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
		;
	uv_close((uv_handle_t *)&w->poll, poll_closed);
	return status;
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
	struct xu_err e = XU_ERR_INIT;
	int status;

	/* It closed its channel: either it has ended or it is mad. */
	kill(w->pid, SIGKILL);
	status = finish(w);
	xu_err_set(&e, "XLD_HELPER", 0,
	    WIFSIGNALED(status) ? "the build worker was killed by signal %d" :
				  "the build worker ended with status %d",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	xu_err_param(&e, "xld-build");
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

	finish(w);
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
	switch (m->kind) {
	case XU_MSG_PROGRESS:
		if (w->ev.progress != NULL)
			w->ev.progress(w->ev.arg,
			    xu_val_get_str(m->val, "step", ""),
			    (int)xu_val_get_int(m->val, "percent", 0));
		return true;
	case XU_MSG_KERNEL:
		unpacked(w, m);
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

static int
spawn(struct worker *w, int *channel, struct xu_err *e)
{
	static char name[] = "xld-build";
	char *const argv[] = { name, NULL };
	struct xu_spawn s = { .path = PROGRAM,
		.argv = argv,
		.nfds = 1,
		.pdeathsig = SIGKILL };
	int sv[2];

	if (xu_socketpair(sv, false) < 0)
		return xu_err_set(e, "XLD_HELPER", errno, "start %s", PROGRAM);
	s.fds = &sv[1];
	w->pid = xu_spawn(&s, e);
	close(sv[1]);
	if (w->pid < 0) {
		close(sv[0]);
		return -1;
	}
	*channel = sv[0];
	return 0;
}

struct worker *
worker_start(struct core *c, const struct xu_val *build, const int *fds,
    int nfds, const struct worker_events *ev, struct xu_err *e)
{
	struct worker *w = calloc(1, sizeof(*w));
	int fd = -1;

	if (w == NULL || spawn(w, &fd, e) < 0) {
		xu_err_set(e, "XLD_NO_MEMORY", ENOMEM, "start a worker");
		free(w);
		return NULL;
	}
	w->core = c;
	w->ev = *ev;
	xu_list_append(&c->workers, &w->all);
	w->chan = xu_chan_new(fd, PAYLOAD_MAX);
	if (w->chan == NULL) {
		close(fd);
		goto fail;
	}
	if (xu_chan_send(w->chan, XU_MSG_BUILD, 1, build, fds, nfds) < 0 ||
	    xu_set_nonblock(fd, true) < 0 ||
	    uv_poll_init(c->loop, &w->poll, fd) != 0)
		goto fail;
	w->poll.data = w;
	uv_poll_start(&w->poll, UV_READABLE, ready);
	return w;
fail:
	xu_err_set(e, "XLD_HELPER", errno, "give the build worker its order");
	xu_list_remove(&w->all);
	kill(w->pid, SIGKILL);
	waitpid(w->pid, NULL, 0);
	xu_chan_free(&w->chan);
	free(w);
	return NULL;
}

void
workers_close(struct core *c)
{
	while (!xu_list_empty(&c->workers))
		worker_kill(xu_container_of(c->workers.next, struct worker, all));
}
