/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See migrate.h: a machine that goes. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "image_xl.h"
#include "link.h"
#include "migrate.h"
#include "peer.h"
#include "preflight.h"
#include "vm_go_on.h"
#include "xu_log.h"

/* Seconds for a word that is at hand; for the end of a restoration, with its devices;
 * for RUNNING, before one asks again; between two questions. */
#define WORD_S	    10
#define LOADED_S    120
#define RUNNING_S   20
#define ASK_AGAIN_S 3

struct migration {
	struct guest *g;
	struct core *core;
	struct xu_job job;
	char id[UUID_TEXT], host[UUID_TEXT], boot[UUID_TEXT];
	char *to;
	bool live, paused, local;
	struct save_limits limits;
	struct peer *peer;
	/* Before there is one. */
	struct link *link;
	/* What the step that waits waits for. */
	enum peer_kind awaited;
	struct saving *saving;
	/* Its memory is there, it is suspended; the other side had said so before our
	 * worker did. */
	bool sent, loaded;
	/* It goes on here: nothing is known of a migration any more. */
	bool kept;
	/* From here on it is not ours to run; it runs there. */
	bool committed, gone;
	/* Committed, and nobody says what became of it. */
	bool doubt;
	uv_timer_t ask;
	char request[XU_LOG_CONTEXT];
	vm_progress_f *progress;
	vm_done_f *done;
	void *arg;
};

static bool
is_local(const char *to)
{
	return strcmp(to, "localhost") == 0;
}

/* ---- the other host's words --------------------------------------------------------- */

static void ask(struct migration *m);
static void in_doubt(struct migration *m, const struct xu_err *e);
static void it_runs_there(struct migration *m);
static void it_never_will(struct migration *m, const struct xu_err *e);

static void
hang_up(struct migration *m)
{
	peer_close(&m->peer);
	link_cancel(&m->link);
}

static void
came_between(struct migration *m, const struct xu_err *e)
{
	hang_up(m);
	if (m->gone)
		/* Nothing more was to be heard. */
		return;
	if (m->committed)
		in_doubt(m, e);
	else if (m->saving != NULL)
		/* Its end is that of the step. */
		vm_save_fail(m->saving, e);
	else
		xu_job_resume(&m->job, e);
}

static void
on_lost(void *arg, const struct xu_err *e)
{
	struct migration *m = arg;

	xu_log_context(m->request);
	came_between(m, e);
}

static int
take_hello(struct migration *m, const struct xu_val *v, struct xu_err *e)
{
	if (peer_check_hello(m->core, v, e) < 0)
		return -1;
	if (m->committed && strcmp(m->boot, xu_val_get_str(v, "boot", "")) != 0)
		return peer_fail(e, 0, "it was rebooted since the machine went "
		    "there");
	snprintf(m->host, sizeof(m->host), "%s", xu_val_get_str(v, "host", ""));
	snprintf(m->boot, sizeof(m->boot), "%s", xu_val_get_str(v, "boot", ""));
	return 0;
}

static void
on_refused(struct migration *m, const struct xu_val *v)
{
	struct xu_err e = XU_ERR_INIT;

	peer_refused(v, &e);
	if (m->committed)
		it_never_will(m, &e);
	else
		came_between(m, &e);
}

static void
on_answer(struct migration *m, const struct xu_val *v)
{
	struct xu_err e = XU_ERR_INIT;

	if (strcmp(xu_val_get_str(v, "is", ""), "running") == 0) {
		it_runs_there(m);
		return;
	}
	peer_fail(&e, 0, "it did not let it run");
	it_never_will(m, &e);
}

static void
on_message(void *arg, uint32_t kind, const struct xu_val *v)
{
	struct migration *m = arg;
	struct xu_err e = XU_ERR_INIT;

	xu_log_context(m->request);
	peer_expect(m->peer, 0);
	if (kind == PEER_REFUSE) {
		on_refused(m, v);
	} else if (kind != m->awaited) {
		peer_fail(&e, 0, "it talks nonsense");
		came_between(m, &e);
	} else if (kind == PEER_LOADED && m->saving != NULL) {
		m->loaded = true;
	} else if (kind == PEER_HELLO && take_hello(m, v, &e) < 0) {
		came_between(m, &e);
	} else if (kind == PEER_HELLO && m->committed) {
		struct xu_val *q = xu_struct();

		m->awaited = PEER_ANSWER;
		xu_val_set(q, "id", xu_str(m->id));
		peer_send(m->peer, PEER_ASK, q);
		peer_expect(m->peer, WORD_S);
	} else if (kind == PEER_ANSWER) {
		on_answer(m, v);
	} else if (kind == PEER_RUNNING) {
		it_runs_there(m);
	} else {
		xu_job_resume(&m->job, NULL);
	}
}

static enum xu_step_result
await(struct migration *m, enum peer_kind kind, unsigned seconds)
{
	m->awaited = kind;
	peer_expect(m->peer, seconds);
	return XU_STEP_WAIT;
}

/* ---- connection ---------------------------------------------------------------------- */

/* Both ends are ours. */
static int
call_ourselves(struct migration *m, struct xu_err *e)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return xu_err_set(e, "XLD_NO_MEMORY", errno, "a connection");
	incoming_begin(m->core, fds[1], m->g);
	return fds[0];
}

/* Takes fd, a connection: whatever we want, it begins so. */
static int
greet(struct migration *m, int fd, struct xu_err *e)
{
	const struct peer_events ev = { .message = on_message, .lost = on_lost,
		.arg = m };

	m->peer = peer_new(m->core, fd, &ev, e);
	if (m->peer == NULL)
		return -1;
	peer_send(m->peer, PEER_HELLO, peer_hello(m->core));
	m->awaited = PEER_HELLO;
	peer_expect(m->peer, WORD_S);
	return 0;
}

static void
on_linked(void *arg, int fd, const struct xu_val *v XU_UNUSED,
    const struct xu_err *e)
{
	struct migration *m = arg;
	struct xu_err why = XU_ERR_INIT;

	xu_log_context(m->request);
	m->link = NULL;
	if (e != NULL)
		came_between(m, e);
	else if (greet(m, fd, &why) < 0)
		came_between(m, &why);
}

/* HELLO is awaited, at once or when there is a connection. */
static int
call_up(struct migration *m, struct xu_err *e)
{
	const struct link_order o = { .what = "dial", .to = m->to, .fd = -1 };
	int fd;

	if (!m->local) {
		m->link = link_begin(m->core, &o, on_linked, m, e);
		return m->link == NULL ? -1 : 0;
	}
	fd = call_ourselves(m, e);
	return fd < 0 ? -1 : greet(m, fd, e);
}

static enum xu_step_result
step_hello(void *ctx, struct xu_err *e)
{
	return call_up(ctx, e) < 0 ? XU_STEP_FAIL : XU_STEP_WAIT;
}

static void
undo_hello(void *ctx)
{
	hang_up(ctx);
}

static enum xu_step_result
step_offer(void *ctx, struct xu_err *e XU_UNUSED)
{
	struct migration *m = ctx;
	struct xu_val *v = xu_struct();

	xu_val_set(v, "id", xu_str(m->id));
	xu_val_set(v, "type",
	    xu_str(dom_type_word(config_type(m->g->config))));
	xu_val_set(v, "paused", xu_bool(m->paused));
	xu_val_set(v, "config", image_config(m->g));
	if (!m->local)
		preflight_tell(m->g, v);
	peer_send(m->peer, PEER_OFFER, v);
	return await(m, PEER_ACCEPT, WORD_S);
}

/* ---- memory --------------------------------------------------------------------------- */

static void
on_progress(void *arg, const char *step, int percent)
{
	struct migration *m = arg;

	if (m->progress != NULL)
		m->progress(m->arg, step, percent * 9 / 10);
}

static void
on_sent(void *arg, const struct xu_err *e)
{
	struct migration *m = arg;

	xu_log_context(m->request);
	m->saving = NULL;
	m->sent = e == NULL;
	/* Saving has ended: the machine is still busy. */
	m->g->op = OP_SAVE;
	xu_job_resume(&m->job, e);
}

static enum xu_step_result
step_send(void *ctx, struct xu_err *e)
{
	struct migration *m = ctx;
	const struct save_order o = { .file = m->to, .after = SAVE_HAND_OVER,
		.live = m->live ? &m->limits : NULL,
		.fd = peer_lend(m->peer, false) };

	if (o.fd < 0) {
		xu_err_set(e, "XLD_NO_MEMORY", errno, "a connection");
		return XU_STEP_FAIL;
	}
	m->awaited = PEER_LOADED;
	m->saving = vm_save(m->g, &o, on_progress, on_sent, m);
	return XU_STEP_WAIT;
}

/* What was sent comes to nothing. */
static void
undo_send(void *ctx)
{
	struct migration *m = ctx;

	if (!m->sent)
		return;
	m->sent = false;
	m->kept = true;
	go_on(m->g);
	xu_log(XU_NOTICE, "%s (domain %d) goes on where it was",
	    guest_name(m->g), m->g->domid);
}

static enum xu_step_result
step_loaded(void *ctx, struct xu_err *e)
{
	struct migration *m = ctx;

	if (m->peer == NULL) {
		peer_fail(e, 0, "it has gone");
		return XU_STEP_FAIL;
	}
	/* Its socket was a worker's. */
	peer_listen(m->peer);
	return m->loaded ? XU_STEP_NEXT : await(m, PEER_LOADED, LOADED_S);
}

/* ---- who has it ------------------------------------------------------------------------- */

static enum xu_step_result
step_commit(void *ctx, struct xu_err *e)
{
	struct migration *m = ctx;
	AUTO_VAL struct xu_val *v = xu_struct();
	struct xu_val *word = xu_struct();

	xu_val_set(v, "id", xu_str(m->id));
	xu_val_set(v, "to", xu_str(m->to));
	xu_val_set(v, "host", xu_str(m->host));
	xu_val_set(v, "boot", xu_str(m->boot));
	xu_val_set(word, "id", xu_str(m->id));
	if (intent_write_with(m->g, "migrate", "migrate", v, e) < 0) {
		xu_val_free(word);
		return XU_STEP_FAIL;
	}
	m->committed = true;
	fault_point("migrate-committed", NULL);
	peer_send(m->peer, PEER_COMMIT, word);
	return await(m, PEER_RUNNING, RUNNING_S);
}

static void
on_destroyed(void *arg, const struct xu_err *e)
{
	struct migration *m = arg;

	xu_job_resume(&m->job, e);
}

static enum xu_step_result
step_end(void *ctx, struct xu_err *e XU_UNUSED)
{
	struct migration *m = ctx;

	/* The intent becomes that of the destruction. */
	vm_destroy(m->g, on_destroyed, m);
	return XU_STEP_WAIT;
}

static const struct xu_step steps[] = {
	{ "migrate-hello", step_hello, undo_hello },
	{ "migrate-offer", step_offer, NULL },
	{ "migrate-send", step_send, undo_send },
	{ "migrate-loaded", step_loaded, NULL },
	{ "migrate-commit", step_commit, NULL },
	{ "migrate-end", step_end, NULL },
	{ NULL, NULL, NULL },
};

/* ---- the driver's callbacks -------------------------------------------------------------- */

static void
on_step(struct xu_job *job)
{
	struct migration *m = job->ctx;

	xu_log_context(m->request);
	if (fault_point(steps[job->at].name, &job->err) < 0)
		return;
	if (m->progress != NULL && !m->committed)
		m->progress(m->arg, steps[job->at].name + strlen("migrate-"),
		    m->sent ? 90 + (int)job->at : (int)job->at);
}

static void
ask_closed(uv_handle_t *h)
{
	struct migration *m = h->data;

	free(m->to);
	free(m);
}

static void
free_migration(struct migration *m)
{
	hang_up(m);
	m->g->migration = NULL;
	uv_timer_stop(&m->ask);
	uv_close((uv_handle_t *)&m->ask, ask_closed);
}

/* It is none of ours any more; within the host the one that came becomes it. */
static void
has_gone(struct migration *m)
{
	struct guest *g = m->g;
	struct core *c = m->core;
	vm_done_f *done = m->done;
	void *arg = m->arg;

	xu_log(XU_NOTICE, "%s has gone to %s", guest_name(g), m->to);
	if (m->local)
		incoming_forget(m->id);
	else if (m->peer != NULL)
		peer_send(m->peer, PEER_FORGET, xu_struct());
	free_migration(m);
	/* Also of a machine that is kept: it is kept there. */
	record_remove(g, NULL);
	if (done != NULL)
		done(arg, NULL);
	vm_gone(g);
	incoming_look(c);
}

static void
gone_on(void *arg)
{
	struct migration *m = arg;
	struct guest *g = m->g;
	vm_done_f *done = m->done;
	const struct xu_err why = m->job.err;

	arg = m->arg;
	if (m->kept)
		intent_remove(g->uuid);
	free_migration(m);
	g->op = OP_NONE;
	if (done != NULL)
		done(arg, &why);
	scan_soon(g->core);
}

static void
on_done(struct xu_job *job)
{
	struct migration *m = job->ctx;

	if (xu_err_is_set(&job->err))
		go_on_then(m->g, gone_on, m);
	else
		has_gone(m);
}

/* ---- in doubt ---------------------------------------------------------------------------- */

static void
tell_once(struct migration *m, const struct xu_err *e)
{
	vm_done_f *done = m->done;

	m->done = NULL;
	m->progress = NULL;
	if (done != NULL)
		done(m->arg, e);
}

static void
ask_again(uv_timer_t *t)
{
	ask(t->data);
}

static void
in_doubt(struct migration *m, const struct xu_err *e)
{
	struct xu_err why = XU_ERR_INIT;

	if (!m->doubt) {
		m->doubt = true;
		xu_err_set(&why, "XLD_IN_DOUBT", 0, "%s was handed to %s, which "
		    "has not said that it runs there (%s): it stays suspended "
		    "here, and %s is asked; xm migrate-resolve when it will "
		    "never answer", guest_name(m->g), m->to, e->msg, m->to);
		xu_err_param(&why, "%s", m->g->uuid);
		xu_err_param(&why, "%s", m->to);
		xu_log_err(XU_ERROR, &why);
		tell_once(m, &why);
	}
	uv_timer_start(&m->ask, ask_again, ASK_AGAIN_S * 1000, 0);
}

static void
ask(struct migration *m)
{
	struct xu_err e = XU_ERR_INIT;

	xu_log_context(m->request);
	if (call_up(m, &e) < 0)
		in_doubt(m, &e);
}

static void
it_runs_there(struct migration *m)
{
	uv_timer_stop(&m->ask);
	/* It hears when its answers are not needed any more. */
	m->gone = true;
	m->doubt = false;
	fault_point("migrate-running", NULL);
	if (m->job.waiting) {
		xu_job_resume(&m->job, NULL);
		return;
	}
	/* After a restart there is no job: this is what is left of it. */
	m->job.steps = steps;
	m->job.at = xu_job_steps(steps) - 1;
	m->job.waiting = true;
	step_end(m, NULL);
}

static void
it_never_will(struct migration *m, const struct xu_err *e)
{
	struct xu_err why = *e;

	uv_timer_stop(&m->ask);
	m->committed = false;
	if (m->local)
		incoming_forget(m->id);
	if (m->job.waiting) {
		xu_job_resume(&m->job, &why);
		return;
	}
	m->sent = true;
	undo_send(m);
	xu_job_init(&m->job, steps, m);
	m->job.err = why;
	on_done(&m->job);
}

/* ---- begin, cancel, afterwards --------------------------------------------------------------- */

static struct migration *
new_migration(struct guest *g, const char *to)
{
	struct migration *m = calloc(1, sizeof(*m));

	if (m == NULL || (m->to = strdup(to)) == NULL) {
		free(m);
		return NULL;
	}
	m->g = g;
	m->core = g->core;
	m->local = is_local(to);
	uuid_random(m->id);
	snprintf(m->request, sizeof(m->request), "%s", xu_log_context_word());
	uv_timer_init(g->core->loop, &m->ask);
	m->ask.data = m;
	g->migration = m;
	g->op = OP_SAVE;
	xu_job_init(&m->job, steps, m);
	m->job.on_step = on_step;
	m->job.on_done = on_done;
	return m;
}

static void
begin(uv_timer_t *t)
{
	struct migration *m = t->data;

	xu_job_start(&m->job);
}

struct migration *
migrate_begin(struct guest *g, const struct migrate_order *o,
    vm_progress_f *progress, vm_done_f *done, void *arg)
{
	struct migration *m = new_migration(g, o->to);
	struct xu_err e = XU_ERR_INIT;

	if (m == NULL) {
		xu_err_set(&e, "XLD_NO_MEMORY", ENOMEM, "move '%s'",
		    guest_name(g));
		done(arg, &e);
		return NULL;
	}
	m->live = o->live != NULL;
	if (m->live)
		m->limits = *o->live;
	m->paused = o->paused;
	m->progress = progress;
	m->done = done;
	m->arg = arg;
	/* From the loop: the caller gets the handle before the end. */
	uv_timer_start(&m->ask, begin, 0, 0);
	return m;
}

int
migrate_cancel(struct migration *m)
{
	struct xu_err e = XU_ERR_INIT;

	if (m->committed || !m->job.waiting)
		return -1;
	if (m->saving != NULL)
		return vm_save_cancel(m->saving);
	xu_err_set(&e, "TASK_CANCELLED", 0, "cancelled; the guest goes on");
	came_between(m, &e);
	return 0;
}

void
migrate_in_doubt(struct guest *g, const struct xu_val *v)
{
	struct migration *m = new_migration(g, xu_val_get_str(v, "to", ""));

	if (m == NULL) {
		xu_log(XU_ERROR, "%s: out of memory; it stays suspended",
		    guest_name(g));
		return;
	}
	snprintf(m->id, sizeof(m->id), "%s", xu_val_get_str(v, "id", ""));
	snprintf(m->host, sizeof(m->host), "%s", xu_val_get_str(v, "host", ""));
	snprintf(m->boot, sizeof(m->boot), "%s", xu_val_get_str(v, "boot", ""));
	m->committed = m->doubt = true;
	uv_timer_start(&m->ask, ask_again, 0, 0);
}

bool
migrate_is_in_doubt(const struct guest *g)
{
	return g->migration != NULL && g->migration->doubt;
}

int
migrate_resolve(struct guest *g, bool here, vm_done_f *done, void *arg,
    struct xu_err *e)
{
	struct migration *m = g->migration;
	struct xu_err why = XU_ERR_INIT;

	if (!migrate_is_in_doubt(g))
		return xu_err_set(e, "OPERATION_NOT_ALLOWED", 0,
		    "'%s' is not in doubt", guest_name(g));
	hang_up(m);
	m->doubt = false;
	if (!here) {
		m->done = done;
		m->arg = arg;
		it_runs_there(m);
		return 0;
	}
	xu_err_set(&why, "XLD_PEER", 0, "it was decided that it runs here");
	xu_err_param(&why, "it was decided that it runs here");
	it_never_will(m, &why);
	done(arg, NULL);
	return 0;
}
