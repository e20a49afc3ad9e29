/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tasks: calls that were answered with a reference and go on. They are kept
 * until their owner destroys them, at most so many and so long.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "xld.h"

#define TASKS_MAX 512
#define JOINS_MAX 16
/* One that was joined is kept for a moment: he who waited may have gone before the
 * end, and ask again. */
#define JOINED_MS 10000
/* Progress is told at most so often; an end at once. */
#define TELL_MS	  100

struct task {
	struct core *core;
	struct xu_list all;
	char ref[UUID_TEXT];
	char method[96], session[UUID_TEXT];
	/* The machine it is about, "" = none; while it runs it is in the core's
	 * list of such. */
	char vm[UUID_TEXT];
	struct xu_list running;
	/* Its owner made it (task.create): its method is a name, it waits for its
	 * call, and stays until he is done with it. */
	bool made, open;
	/* What that owner says of it, NULL: nothing. */
	struct xu_val *about;
	/* While it runs; and those who wait for its end. */
	struct call *call;
	struct xu_list joins;
	unsigned njoins;
	const char *status;
	int percent;
	char step[32];
	/* When clients last heard of it, on the loop's clock. */
	uint64_t told;
	int64_t created, finished;
	struct xu_val *result, *error;
	char message[XU_ERR_MSG_MAX];
};

static void
task_free(struct task *t)
{
	xu_map_del(t->core->task_by_ref, t->ref);
	xu_list_remove(&t->all);
	xu_list_remove(&t->running);
	xu_val_free(t->result);
	xu_val_free(t->error);
	xu_val_free(t->about);
	free(t);
}

static void
forget(struct task *t)
{
	struct core *c = t->core;
	char ref[UUID_TEXT];

	memcpy(ref, t->ref, sizeof(ref));
	task_free(t);
	api_event(c, "task", "del", ref, NULL);
}

/* The oldest that has ended makes room. */
static void
make_room(struct core *c)
{
	struct xu_list *l, *next;
	struct task *t;

	if (xu_map_count(c->task_by_ref) < TASKS_MAX)
		return;
	LIST_FOREACH_SAFE(l, next, &c->tasks) {
		t = xu_container_of(l, struct task, all);
		if (t->call == NULL) {
			forget(t);
			return;
		}
	}
}

static struct xu_val *
record(struct core *c XU_UNUSED, void *obj)
{
	const struct task *t = obj;
	struct xu_val *v = xu_struct(), *other = xu_struct();
	struct xu_val *ops = xu_array();

	if (t->call != NULL && t->call->cancel != NULL)
		xu_val_add(ops, xu_str("Cancel"));
	xu_val_set(other, "step", xu_str(t->step));
	if (t->message[0] != '\0')
		xu_val_set(other, "error_message", xu_str(t->message));
	xu_val_set(v, "uuid", xu_str(t->ref));
	xu_val_set(v, "name_label",
	    xu_strf("%s%s", t->made ? "" : "Async.", t->method));
	xu_val_set(v, "name_description", xu_str(xu_val_str(t->about)));
	xu_val_set(v, "status", xu_str(t->status));
	xu_val_set(v, "session", xu_str(t->session));
	xu_val_set(v, "progress", xu_int(t->percent));
	xu_val_set(v, "type", xu_str(""));
	xu_val_set(v, "result",
	    t->result != NULL ? xu_val_copy(t->result) : xu_str(""));
	xu_val_set(v, "error_info",
	    t->error != NULL ? xu_val_copy(t->error) : xu_array());
	xu_val_set(v, "allowed_operations", ops);
	xu_val_set(v, "created", xu_datetime(t->created));
	xu_val_set(v, "finished", xu_datetime(t->finished));
	xu_val_set(v, "other_config", other);
	return v;
}

static void
tell(struct task *t, const char *operation)
{
	t->told = uv_now(t->core->loop);
	api_event(t->core, "task", operation, t->ref, record(t->core, t));
}

/* Its machine has another current operation now. */
static void
tell_vm(struct task *t)
{
	struct guest *g = guest_by_uuid(t->core, t->vm);

	if (g != NULL)
		api_event(t->core, "VM", "mod", g->uuid, vm_record(t->core, g));
}

struct xu_val *
task_operations(struct core *c, const char *vm)
{
	const struct model_enum *words = model_find_enum("vm_operations");
	struct xu_val *v = xu_struct();
	const char *word;
	struct xu_list *l;
	struct task *t;

	LIST_FOREACH(l, &c->tasks_running) {
		t = xu_container_of(l, struct task, running);
		if (strcmp(t->vm, vm) != 0)
			continue;
		/* Other messages are no operations. */
		word = model_enum_word(words, strchr(t->method, '.') + 1);
		if (word != NULL)
			xu_val_set(v, t->ref, xu_str(word));
	}
	return v;
}

static void
tidy(uv_timer_t *h)
{
	struct core *c = h->data;
	struct xu_list *l, *next;
	bool more = false;
	struct task *t;

	LIST_FOREACH_SAFE(l, next, &c->tasks) {
		t = xu_container_of(l, struct task, all);
		if (t->call != NULL || t->njoins == 0 || t->made)
			continue;
		if (uv_now(c->loop) - t->told < JOINED_MS)
			more = true;
		else
			forget(t);
	}
	if (more)
		uv_timer_start(&c->task_timer, tidy, JOINED_MS, 0);
}

/* Who waits for it is told. */
static void
ended(struct task *t)
{
	struct core *c = t->core;
	struct call *k;

	xu_list_remove(&t->running);
	tell_vm(t);
	tell(t, "mod");
	if (t->njoins > 0 && !uv_is_active((uv_handle_t *)&c->task_timer))
		uv_timer_start(&c->task_timer, tidy, JOINED_MS, 0);
	while (!xu_list_empty(&t->joins)) {
		k = xu_container_of(t->joins.next, struct call, waiting);
		xu_list_remove(&k->waiting);
		call_ok(k, record(t->core, t));
	}
}

/* Nobody has heard of it. */
static struct task *
begin(struct core *c, const char *session, const char *method)
{
	struct task *t = calloc(1, sizeof(*t));

	make_room(c);
	if (t == NULL || xu_map_count(c->task_by_ref) >= TASKS_MAX) {
		free(t);
		return NULL;
	}
	uuid_random(t->ref);
	if (xu_map_put(c->task_by_ref, t->ref, t) < 0) {
		free(t);
		return NULL;
	}
	t->core = c;
	xu_list_init(&t->joins);
	xu_list_init(&t->running);
	t->status = "pending";
	t->created = now_real();
	snprintf(t->method, sizeof(t->method), "%.90s", method);
	snprintf(t->session, sizeof(t->session), "%s", session);
	xu_list_append(&c->tasks, &t->all);
	return t;
}

struct task *
task_new(struct core *c, struct call *k)
{
	struct task *t = begin(c, xu_val_get_str(k->msg, "session", ""),
	    k->method);

	if (t == NULL)
		return NULL;
	t->call = k;
	xu_list_append(&c->tasks_running, &t->running);
	tell(t, "add");
	if (k->guest != NULL && (k->m.flags & MM_READS) == 0) {
		snprintf(t->vm, sizeof(t->vm), "%s", k->guest->uuid);
		tell_vm(t);
	}
	return t;
}

bool
task_take(struct call *k, const char *ref)
{
	struct task *t = xu_map_get(k->core->task_by_ref, ref);
	struct xu_err e = XU_ERR_INIT;

	if (t == NULL) {
		xu_err_set(&e, XE(HANDLE_INVALID), 0,
		    "there is no task with the reference '%s'", ref);
		xu_err_param(&e, "task");
		xu_err_param(&e, "%s", ref);
		call_fail(k, &e);
		return false;
	}
	if (!t->open) {
		call_refuse(k, XE(OPERATION_NOT_ALLOWED),
		    "the task is another call's",
		    "task %s is another call's, or has ended", ref);
		return false;
	}
	t->open = false;
	t->call = k;
	k->task = t;
	k->unanswered = true;
	xu_list_append(&k->core->tasks_running, &t->running);
	return true;
}

const char *
task_ref(const struct task *t)
{
	return t->ref;
}

void
task_progress(struct task *t, const char *step, int percent)
{
	if (percent < t->percent)
		percent = t->percent;
	if (percent > 99)
		percent = 99;
	if (percent == t->percent && strcmp(step, t->step) == 0)
		return;
	t->percent = percent;
	snprintf(t->step, sizeof(t->step), "%s", step);
	/* Each word costs every waiting client a round trip. */
	if (uv_now(t->core->loop) - t->told >= TELL_MS)
		tell(t, "mod");
}

void
task_success(struct task *t, const struct xu_val *v)
{
	t->call = NULL;
	t->status = "success";
	t->percent = 100;
	t->step[0] = '\0';
	t->finished = now_real();
	if (xu_val_is(v, XU_STRING))
		t->result = xu_val_copy(v);
	ended(t);
}

void
task_failure(struct task *t, const struct xu_val *description,
    const char *sentence)
{
	t->call = NULL;
	t->status = strcmp(xu_val_str(xu_val_at(description, 0)),
	    "TASK_CANCELLED") == 0 ? "cancelled" : "failure";
	t->percent = 100;
	t->finished = now_real();
	t->error = xu_val_copy(description);
	snprintf(t->message, sizeof(t->message), "%s", sentence);
	ended(t);
}

int
tasks_open(struct core *c)
{
	xu_list_init(&c->tasks);
	xu_list_init(&c->tasks_running);
	c->task_by_ref = xu_map_new();
	uv_timer_init(c->loop, &c->task_timer);
	c->task_timer.data = c;
	return c->task_by_ref == NULL ? -1 : 0;
}

/* Who waits for one is told why it hears no more. */
void
tasks_stop(struct core *c)
{
	struct xu_list *l;
	struct task *t;
	struct call *k;

	LIST_FOREACH(l, &c->tasks) {
		t = xu_container_of(l, struct task, all);
		while (!xu_list_empty(&t->joins)) {
			k = xu_container_of(t->joins.next, struct call,
			    waiting);
			xu_list_remove(&k->waiting);
			call_refuse(k, "XLD_STOPPING", "", "xld is stopping");
		}
	}
}

void
tasks_close(struct core *c)
{
	while (!xu_list_empty(&c->tasks))
		task_free(xu_container_of(c->tasks.next, struct task, all));
	xu_map_free(&c->task_by_ref);
}

/* ---- the class ----------------------------------------------------------------- */

static void *
find(struct core *c, const char *ref)
{
	return xu_map_get(c->task_by_ref, ref);
}

static void *
next_task(struct core *c, size_t *pos)
{
	return xu_map_next(c->task_by_ref, pos);
}

static const char *
ref_of(const void *obj)
{
	return ((const struct task *)obj)->ref;
}

const struct class_ops task_ops = {
	.cls = &model_task,
	.find = find,
	.next = next_task,
	.ref = ref_of,
	.record = record,
};

static struct task *
subject(struct call *k)
{
	return find(k->core, xu_val_str(xu_val_at(k->params, 0)));
}

static void
create(struct call *k)
{
	struct task *t = begin(k->core, xu_val_get_str(k->msg, "session", ""),
	    xu_val_str(xu_val_at(k->params, 0)));

	if (t == NULL) {
		call_refuse(k, XE(XLD_TOO_MANY), "tasks",
		    "too many tasks are under way");
		return;
	}
	t->made = t->open = true;
	t->about = xu_strf("%.200s", xu_val_str(xu_val_at(k->params, 1)));
	tell(t, "add");
	call_ok(k, xu_str(t->ref));
}

static void
cancel(struct call *k)
{
	struct task *t = subject(k);

	if (t->call == NULL) {
		call_ok(k, NULL);
		return;
	}
	if (t->call->cancel == NULL) {
		call_refuse(k, "OPERATION_NOT_ALLOWED",
		    "the task cannot be cancelled now",
		    "task %s (%s) cannot be cancelled now", t->ref, t->method);
		return;
	}
	t->call->cancel(t->call);
	call_ok(k, NULL);
}

static void
destroy(struct call *k)
{
	struct task *t = subject(k);

	if (t->call != NULL) {
		call_refuse(k, "OPERATION_NOT_ALLOWED",
		    "the task has not ended", "task %s (%s) has not ended",
		    t->ref, t->method);
		return;
	}
	forget(t);
	call_ok(k, NULL);
}

static void
join(struct call *k)
{
	struct task *t = subject(k);
	struct xu_val *v;

	if (t->open) {
		call_refuse(k, XE(OPERATION_NOT_ALLOWED),
		    "the task has not begun",
		    "task %s waits for what it is to be of", t->ref);
		return;
	}
	if (t->call == NULL) {
		v = record(k->core, t);
		if (!t->made)
			forget(t);
		call_ok(k, v);
		return;
	}
	if (t->njoins == JOINS_MAX) {
		call_refuse(k, "XLD_TOO_MANY", "waiting for a task",
		    "%d calls wait for task %s already", JOINS_MAX, t->ref);
		return;
	}
	t->njoins++;
	xu_list_append(&t->joins, &k->waiting);
}

const struct handler task_handlers[] = {
	{ "task.create", create },
	{ "task.cancel", cancel },
	{ "task.destroy", destroy },
	{ "task.join", join },
	{ NULL, NULL },
};
