/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The channel to xld-api, and that process's life: it is started with the
 * channel and the listening socket, and started again when it dies, while
 * clients wait in the socket's queue. Events begin here.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "access.h"
#include "xld.h"
#include "xu_log.h"
#include "xu_proc.h"
#include "xu_sd.h"

#define PROGRAM	    XLD_LIBEXECDIR "/xld-api"
#define API_SOCKET  XLD_RUNDIR "/api.sock"
#define BACKLOG	    128
/* One that lives shorter is started again only after a while. */
#define SHORT_LIFE_MS 2000
#define RESTART_MS    1000
/* Messages that go out together, at most. */
#define TOGETHER      64

static void ready(uv_poll_t *h, int status, int events);

/* libuv asks the kernel anew at each start, so only for a change. */
static void
watch(struct core *c)
{
	int events = UV_READABLE |
	    (xu_chan_pending(c->api) ? UV_WRITABLE : 0);

	if (events != c->api_events)
		uv_poll_start(&c->api_poll, c->api_events = events, ready);
}

static void
poll_closed(uv_handle_t *h)
{
	struct core *c = h->data;

	xu_chan_free(&c->api);
}

static void
hang_up(struct core *c)
{
	if (c->api == NULL || uv_is_closing((uv_handle_t *)&c->api_poll))
		return;
	uv_poll_stop(&c->api_poll);
	uv_close((uv_handle_t *)&c->api_poll, poll_closed);
	/* SIGCHLD tells of its end. */
	if (c->api_pid > 0)
		kill(c->api_pid, SIGKILL);
}

static bool
is_up(const struct core *c)
{
	return c->api != NULL &&
	    !uv_is_closing((const uv_handle_t *)&c->api_poll);
}

static void
ready(uv_poll_t *h, int status, int events)
{
	struct core *c = h->data;
	struct xu_msg m = XU_MSG_INIT;
	int r = 0, n;

	if (status < 0 ||
	    ((events & UV_WRITABLE) != 0 && xu_chan_flush(c->api) < 0)) {
		hang_up(c);
		return;
	}
	if ((events & UV_READABLE) != 0)
		r = xu_chan_fill(c->api);
	while (is_up(c) && (n = xu_chan_next(c->api, &m)) != 0) {
		if (n < 0) {
			r = -1;
			break;
		}
		if (m.kind == XU_MSG_CALL)
			dispatch(c, m.id, steal_ptr(&m.val));
		xu_msg_fini(&m);
	}
	if (r < 0)
		hang_up(c);
	else if (is_up(c))
		watch(c);
}

/* Before the loop waits, what was said goes out together: a change is an answer and
 * several events, and each would wake xld-api. */
static void
flush(uv_prepare_t *h)
{
	struct core *c = h->data;

	c->api_said = 0;
	if (!is_up(c) || !xu_chan_pending(c->api))
		return;
	if (xu_chan_flush(c->api) < 0) {
		xu_log(XU_ERROR, "send to xld-api: %s", strerror(errno));
		hang_up(c);
		return;
	}
	watch(c);
}

void
api_send(struct core *c, uint32_t kind, uint32_t id, const struct xu_val *v,
    int fd)
{
	if (!is_up(c))
		return;
	if (xu_chan_queue(c->api, kind, id, v, &fd, fd >= 0 ? 1 : 0) < 0) {
		xu_log(XU_ERROR, "send to xld-api: %s", strerror(errno));
		hang_up(c);
	} else if (++c->api_said == TOGETHER) {
		/* Of thousands of guests it shall not grow in memory. */
		flush(&c->api_flush);
	}
}

void
api_event(struct core *c, const char *cls, const char *operation,
    const char *ref, struct xu_val *record)
{
	const struct model_class *m = model_find_class(cls);
	AUTO_VAL struct xu_val *v = NULL;

	if (m != NULL && (m->flags & MC_SECRET) != 0) {
		xu_val_free(record);
		return;
	}
	v = xu_struct();
	xu_val_set(v, "class", xu_str(cls));
	xu_val_set(v, "operation", xu_str(operation));
	xu_val_set(v, "ref", xu_str(ref));
	if (record != NULL)
		xu_val_set(v, "snapshot", record);
	if (xu_val_ok(v))
		api_send(c, XU_MSG_EVENT, 0, v, -1);
}

void
api_tell_guest(struct guest *g)
{
	struct core *c = g->core;
	struct xu_val *key = xu_strf("%d %d %d %d %d %s", g->domid,
	    (int)guest_power(g), (int)g->preserved, (int)g->op,
	    (int)(g->info.flags & (XC_DOMINF_SHUTDOWN | XC_DOMINF_DYING)),
	    guest_name(g));
	bool first = g->told == NULL;

	if (key == NULL || xu_val_equal(key, g->told)) {
		xu_val_free(key);
		return;
	}
	xu_val_free(g->told);
	g->told = key;
	api_event(c, "VM", first ? "add" : "mod", g->uuid, vm_record(c, g));
	if (!first)
		return;
	api_event(c, "VM_metrics", "add", g->metrics_uuid,
	    vm_metrics_ops.record(c, g));
	api_event(c, "console", "add", g->console_uuid,
	    console_ops.record(c, g->console_uuid));
	if (console_has_rfb(g))
		api_event(c, "console", "add", g->rfb_uuid,
		    console_ops.record(c, g->rfb_uuid));
}

static int
start(struct core *c, struct xu_err *e)
{
	static char name[] = "xld-api", with[] = "settings";
	char *const argv[] = { name, with, NULL };
	const struct listeners *l = c->listeners;
	struct xu_spawn s = { .path = PROGRAM,
		.argv = argv,
		.nfds = 3 + l->n,
		.user = API_USER,
		.pdeathsig = SIGTERM };
	int sv[2], fds[3 + LISTENERS_MAX];

	if (xu_socketpair(sv, true) < 0)
		return xu_err_set(e, "XLD_HELPER", errno, "start %s", PROGRAM);
	fds[0] = sv[1];
	fds[1] = c->listen_fd;
	fds[2] = l->settings_fd;
	memcpy(fds + 3, l->fds, sizeof(l->fds[0]) * (size_t)l->n);
	s.fds = fds;
	c->api_pid = xu_spawn(&s, e);
	close(sv[1]);
	if (c->api_pid < 0) {
		close(sv[0]);
		return -1;
	}
	c->api_started = uv_now(c->loop);
	c->api = xu_chan_new(sv[0], 0);
	if (c->api == NULL ||
	    uv_poll_init(c->loop, &c->api_poll, sv[0]) != 0) {
		kill(c->api_pid, SIGKILL);
		return xu_err_set(e, "XLD_HELPER", errno,
		    "talk to xld-api");
	}
	c->api_poll.data = c;
	c->api_events = 0;
	watch(c);
	return 0;
}

static void
restart(uv_timer_t *t)
{
	struct core *c = t->data;
	struct xu_err e = XU_ERR_INIT;

	if (c->stopping || c->api_pid > 0)
		return;
	if (c->api != NULL || start(c, &e) < 0) {
		xu_log_err(XU_ERROR, &e);
		uv_timer_start(&c->api_timer, restart, RESTART_MS, 0);
	}
}

void
api_died(struct core *c, int status)
{
	uint64_t lived = uv_now(c->loop) - c->api_started;

	c->api_pid = 0;
	if (c->stopping)
		return;
	hang_up(c);
	xu_log(XU_ERROR, "xld-api has ended (%s %d); starting it again",
	    WIFSIGNALED(status) ? "signal" : "status",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	uv_timer_start(&c->api_timer, restart,
	    lived < SHORT_LIFE_MS ? RESTART_MS : 10, 0);
}

/* One that does not run just now starts with them. */
void
api_reload(struct core *c)
{
	const struct listeners *l = c->listeners;
	AUTO_VAL struct xu_val *nothing = xu_struct();
	struct xu_err e = XU_ERR_INIT;
	int fds[1 + LISTENERS_MAX];

	if (listeners_open(c->listeners, c->conf, &e) < 0) {
		xu_log_err(XU_ERROR, &e);
		return;
	}
	fds[0] = l->settings_fd;
	memcpy(fds + 1, l->fds, sizeof(l->fds[0]) * (size_t)l->n);
	if (is_up(c) && xu_chan_queue(c->api, XU_MSG_SETTINGS, 0, nothing, fds,
		1 + l->n) < 0) {
		xu_log(XU_ERROR, "send to xld-api: %s", strerror(errno));
		hang_up(c);
	}
}

int
api_open(struct core *c, struct xu_err *e)
{
	uv_timer_init(c->loop, &c->api_timer);
	uv_prepare_init(c->loop, &c->api_flush);
	c->api_timer.data = c->api_flush.data = c;
	uv_prepare_start(&c->api_flush, flush);
	c->listen_fd = xu_sd_listener(API_SOCKET);
	c->listen_given = c->listen_fd >= 0;
	if (!c->listen_given)
		c->listen_fd = xu_listen_unix(API_SOCKET, 0660, BACKLOG, e);
	c->listeners = calloc(1, sizeof(*c->listeners));
	if (c->listeners == NULL)
		return xu_err_set(e, "XLD_NO_MEMORY", ENOMEM, "start");
	*c->listeners = (struct listeners)LISTENERS_NONE;
	if (c->listen_fd < 0 || listeners_open(c->listeners, c->conf, e) < 0)
		return -1;
	return start(c, e);
}

void
api_close(struct core *c)
{
	int status;

	logins_close(c);
	/* What was said last. */
	flush(&c->api_flush);
	uv_prepare_stop(&c->api_flush);
	if (c->listen_fd >= 0) {
		if (!c->listen_given)
			unlink(API_SOCKET);
		close(c->listen_fd);
	}
	if (c->listeners != NULL)
		listeners_close(c->listeners);
	free(c->listeners);
	if (c->api_pid > 0) {
		kill(c->api_pid, SIGTERM);
		waitpid(c->api_pid, &status, 0);
	}
	if (is_up(c)) {
		uv_poll_stop(&c->api_poll);
		xu_chan_free(&c->api);
	}
}
