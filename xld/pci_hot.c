/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One function comes to, or goes from, a bus that its guest has: two step tables;
 * see pci.h. Whose turn it is the backend's state tells, so each change of the
 * nodes is a transaction that looks at it first.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pci.h"
#include "xu_log.h"
#include "xu_num.h"

struct hot {
	struct dev *dev;
	struct dev_work work;
	struct xu_job job;
	/* Of the function. */
	char uuid[UUID_TEXT];
	/* The guest has it for all we know: it cannot be undone, only asked
	 * for. */
	bool stuck;
	/* No driver of the guest is there: the bus is made anew without it. */
	bool rebuild;
	vm_done_f *done;
	void *arg;
};

static enum xu_step_result
result(int r)
{
	return r < 0 ? XU_STEP_FAIL : XU_STEP_NEXT;
}

/* Its place; nobody else changes the bus meanwhile. */
static size_t
place(const struct hot *h)
{
	const struct xu_val *list = pci_functions(h->dev);
	size_t i = 0;

	while (i < xu_val_count(list) &&
	    strcmp(xu_val_get_str(xu_val_at(list, i), "uuid", ""), h->uuid) != 0)
		i++;
	return i;
}

static int
plug(struct hot *h, const char *word, struct xu_err *e)
{
	pci_set_function(h->dev, place(h), "plug", xu_str(word));
	return record_write(h->dev->guest, e);
}

/* ---- nodes ------------------------------------------------------------------------- */

/* The backend's folder in a transaction. */
struct folder {
	struct core *core;
	xs_transaction_t t;
	char base[NODES_BASE_MAX];
	bool failed;
};

static void
path_of(const struct folder *f, const char *name,
    char out[NODES_BASE_MAX + 32])
{
	snprintf(out, NODES_BASE_MAX + 32, "%s/%s", f->base, name);
}

static void
put(void *arg, const char *name, const char *value)
{
	struct folder *f = arg;
	char path[NODES_BASE_MAX + 32];

	path_of(f, name, path);
	f->failed |= !xs_write(f->core->xs, f->t, path, value,
	    (unsigned)strlen(value));
}

static void XU_PRINTF(3, 4)
putf(struct folder *f, const char *name, const char *fmt, ...)
{
	char text[32];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put(f, name, text);
}

static char *
get(struct folder *f, const char *name)
{
	char path[NODES_BASE_MAX + 32];

	path_of(f, name, path);
	return xs_read(f->core->xs, f->t, path, NULL);
}

/* "state", or a function's; BUS_NONE: there is no number. */
static unsigned
state(struct folder *f, const char *name)
{
	AUTO_FREE char *s = get(f, name);
	uint64_t n;

	return s != NULL && xu_num_u64(s, 10, 99, &n) ? (unsigned)n : BUS_NONE;
}

static unsigned
state_of(struct folder *f, size_t i)
{
	char name[24];

	snprintf(name, sizeof(name), "state-%zu", i);
	return state(f, name);
}

/* Nodes of a function of that number move to the one before, or go. */
static void
move(struct folder *f, size_t from, bool keep)
{
	static const char *const leaves[] = { "dev", "key", "vdevfn", "opts",
		"state", "vdev" };
	char name[24], path[NODES_BASE_MAX + 32], *s;

	for (size_t k = 0; k < XU_ARRAY_SIZE(leaves); k++) {
		snprintf(name, sizeof(name), "%s-%zu", leaves[k], from);
		s = get(f, name);
		path_of(f, name, path);
		if (s != NULL)
			f->failed |= !xs_rm(f->core->xs, f->t, path);
		snprintf(name, sizeof(name), "%s-%zu", leaves[k], from - 1);
		if (keep && s != NULL)
			put(f, name, s);
		free(s);
	}
}

/* Function i is no longer one of n. */
static void
close_gap(struct folder *f, size_t i, size_t n)
{
	move(f, i, false);
	for (size_t k = i + 1; k < n; k++)
		move(f, k, true);
	putf(f, "num_devs", "%zu", n - 1);
}

/* 1 = write it, 0 = nothing is to be written. */
typedef int change_f(struct hot *h, struct folder *f);

/* What f gave, or -1 with an error. */
static int
change(struct hot *h, change_f *f, struct xu_err *e)
{
	struct folder k = { .core = h->dev->guest->core };
	int r;

	dev_back_path(h->dev, k.base);
	/* Who comes in between is pciback, a few times. */
	for (int tries = 0; tries < 20 && k.core->xs != NULL; tries++) {
		k.failed = false;
		k.t = xs_transaction_start(k.core->xs);
		if (k.t == XBT_NULL)
			break;
		r = f(h, &k);
		if (xs_transaction_end(k.core->xs, k.t, r <= 0 || k.failed) &&
		    !k.failed)
			return r;
		if (k.failed || errno != EAGAIN)
			break;
	}
	return store_fail(k.core, e, "change the nodes of a PCI bus");
}

static int
announce(struct hot *h, struct folder *f)
{
	unsigned now = state(f, "state");
	size_t i = place(h);

	if (now != BUS_CONNECTED && now != BUS_INITIALISED)
		return 0;
	pci_function_nodes(pci_function(h->dev, i), i, put, f);
	putf(f, "num_devs", "%zu", i + 1);
	if (now == BUS_CONNECTED)
		putf(f, "state", "%d", BUS_RECONFIGURING);
	return 1;
}

/* It was announced and nobody has taken it yet. */
static int
withdraw(struct hot *h, struct folder *f)
{
	unsigned now = state(f, "state");
	size_t i = place(h), n = xu_val_count(pci_functions(h->dev));

	h->stuck = false;
	if (state_of(f, i) == BUS_NONE)
		return 0;
	if (state_of(f, i) != BUS_INITIALISING ||
	    (now != BUS_RECONFIGURING && now != BUS_INITIALISED)) {
		h->stuck = true;
		return 0;
	}
	close_gap(f, i, n);
	if (now == BUS_RECONFIGURING)
		putf(f, "state", "%d", BUS_CONNECTED);
	return 1;
}

/* The guest is asked to let go of it. */
static int
ask(struct hot *h, struct folder *f)
{
	unsigned now = state(f, "state");
	size_t i = place(h);
	char name[24];

	h->rebuild = now == BUS_INITIALISED;
	/* Not there, or asked before (by an xld that died). */
	if (now != BUS_CONNECTED || state_of(f, i) == BUS_NONE ||
	    state_of(f, i) == BUS_CLOSING)
		return 0;
	snprintf(name, sizeof(name), "state-%zu", i);
	putf(f, name, "%d", BUS_CLOSING);
	putf(f, "state", "%d", BUS_RECONFIGURING);
	return 1;
}

static int
forget(struct hot *h, struct folder *f)
{
	size_t i = place(h);

	if (state(f, "state") == BUS_NONE || state_of(f, i) == BUS_NONE)
		return 0;
	close_gap(f, i, xu_val_count(pci_functions(h->dev)));
	return 1;
}

/* ---- attach -------------------------------------------------------------------------- */

static enum xu_step_result
step_take(void *ctx, struct xu_err *e)
{
	struct hot *h = ctx;

	return result(pci_take(h->dev, place(h), e));
}

static void
undo_take(void *ctx)
{
	struct hot *h = ctx;
	size_t i = place(h);

	if (h->stuck || i >= pci_of(h->dev)->taken)
		return;
	pci_give_back(h->dev, i);
	pci_of(h->dev)->taken = i;
}

static enum xu_step_result
step_record(void *ctx, struct xu_err *e)
{
	struct hot *h = ctx;

	return result(record_write(h->dev->guest, e));
}

static enum xu_step_result
step_grant(void *ctx, struct xu_err *e)
{
	struct hot *h = ctx;
	struct xu_bdf at = pci_address(pci_function(h->dev, place(h)));

	/* What is given is taken back with the rest. */
	return result(pci_grant(h->dev->guest->core, h->dev->domid, &at, e));
}

static enum xu_step_result
step_nodes(void *ctx, struct xu_err *e)
{
	struct hot *h = ctx;
	int r = change(h, announce, e);

	dev_look(h->dev);
	if (r == 0)
		dev_failed(h->dev, XE(XLD_DEVICE),
		    "the guest has not finished the last change of its bus", e);
	return result(r > 0 ? 0 : -1);
}

static void
undo_nodes(void *ctx)
{
	struct hot *h = ctx;
	struct xu_err e = XU_ERR_INIT;

	if (change(h, withdraw, &e) < 0)
		xu_log_err(XU_ERROR, &e);
	if (h->stuck)
		plug(h, "leaving", NULL);
}

static bool
is_open(const struct dev *d, struct xu_err *e)
{
	if (d->back != BUS_CLOSING && d->back != BUS_CLOSED &&
	    d->back != BUS_NONE)
		return true;
	dev_failed(d, XE(XLD_DEVICE), "the guest's bus was closed", e);
	return false;
}

static unsigned
state_now(const struct hot *h)
{
	struct folder f = { .core = h->dev->guest->core, .t = XBT_NULL };

	if (f.core->xs == NULL)
		return BUS_NONE;
	dev_back_path(h->dev, f.base);
	return state_of(&f, place(h));
}

static bool
has_come(struct dev_work *w, struct dev *d, struct xu_err *e)
{
	return is_open(d, e) &&
	    (d->back == BUS_CONNECTED || d->back == BUS_INITIALISED) &&
	    state_now(w->arg) == BUS_INITIALISED;
}

static enum xu_step_result
step_ready(void *ctx, struct xu_err *e)
{
	struct hot *h = ctx;

	return dev_wait(&h->work, has_come, "the guest has not taken it", e);
}

static enum xu_step_result
step_kept(void *ctx, struct xu_err *e)
{
	return result(plug(ctx, "", e));
}

static const struct xu_step attach_steps[] = {
	{ "function-prepare", step_take, undo_take },
	{ "function-record", step_record, NULL },
	{ "function-grant", step_grant, NULL },
	{ "function-nodes", step_nodes, undo_nodes },
	{ "function-ready", step_ready, NULL },
	{ "function-kept", step_kept, NULL },
	{ NULL, NULL, NULL },
};

/* ---- detach -------------------------------------------------------------------------- */

static enum xu_step_result
step_leaving(void *ctx, struct xu_err *e)
{
	struct hot *h = ctx;
	const char *was = xu_val_get_str(pci_function(h->dev, place(h)), "plug",
	    "");

	/* Of a dead xld, which had perhaps announced it. */
	if (strcmp(was, "arriving") == 0 && change(h, withdraw, e) < 0)
		return XU_STEP_FAIL;
	h->stuck = false;
	return result(plug(h, "leaving", e));
}

/* No change of its bus is under way. The bus may also have closed, and then the
 * function is gone with it. */
static bool
is_settled(struct dev_work *w XU_UNUSED, struct dev *d,
    struct xu_err *e XU_UNUSED)
{
	return d->back != BUS_RECONFIGURING && d->back != BUS_RECONFIGURED;
}

static enum xu_step_result
step_turn(void *ctx, struct xu_err *e)
{
	struct hot *h = ctx;

	return dev_wait(&h->work, is_settled,
	    "the guest has not finished the last change of its bus", e);
}

static enum xu_step_result
step_ask(void *ctx, struct xu_err *e)
{
	struct hot *h = ctx;

	if (change(h, ask, e) < 0)
		return XU_STEP_FAIL;
	if (!h->rebuild)
		return XU_STEP_NEXT;
	return result(dev_ask(&h->work, true, e));
}

static enum xu_step_result
step_closed(void *ctx, struct xu_err *e)
{
	struct hot *h = ctx;

	if (h->rebuild)
		return dev_closed(&h->work, e);
	return dev_wait(&h->work, is_settled, "the guest has not let go of it", e);
}

static enum xu_step_result
step_off(void *ctx, struct xu_err *e)
{
	struct hot *h = ctx;
	struct dev *d = h->dev;
	size_t i = place(h);

	if (h->rebuild)
		dev_withdraw(&h->work);
	else if (change(h, forget, e) < 0)
		return XU_STEP_FAIL;
	pci_give_back(d, i);
	api_event(d->guest->core, "DPCI", "del", h->uuid, NULL);
	pci_remove_function(d, i);
	dev_plug(&h->work, "on");
	if (record_write(d->guest, e) < 0)
		return XU_STEP_FAIL;
	if (!h->rebuild)
		return XU_STEP_NEXT;
	d->phase = DEV_ARRIVING;
	return result(dev_publish(&h->work, e));
}

static enum xu_step_result
step_again(void *ctx, struct xu_err *e)
{
	struct hot *h = ctx;

	return h->rebuild ? dev_ready(&h->work, e) : XU_STEP_NEXT;
}

static const struct xu_step detach_steps[] = {
	{ "function-leaving", step_leaving, NULL },
	{ "function-turn", step_turn, NULL },
	{ "function-ask", step_ask, NULL },
	{ "function-closed", step_closed, NULL },
	{ "function-off", step_off, NULL },
	{ "function-again", step_again, NULL },
	{ NULL, NULL, NULL },
};

/* ---- both ---------------------------------------------------------------------------- */

static void
resume(void *arg, const struct xu_err *e)
{
	struct hot *h = arg;

	xu_job_resume(&h->job, e);
}

static void
on_step(struct xu_job *job)
{
	fault_point(job->steps[job->at].name, &job->err);
}

static void
on_done(struct xu_job *job)
{
	struct hot *h = job->ctx;
	struct dev *d = h->dev;
	const struct xu_err *e = xu_err_is_set(&job->err) ? &job->err : NULL;

	if (e != NULL && job->steps == attach_steps && !h->stuck) {
		pci_remove_function(d, place(h));
		record_write(d->guest, NULL);
	}
	if (h->done != NULL)
		h->done(h->arg, e);
	else if (e != NULL)
		xu_log_err(XU_WARNING, e);
	else
		pci_resume(d);
	free(h);
}

static void
start(struct dev *d, const struct xu_step *steps, const char *uuid,
    vm_done_f *done, void *arg)
{
	struct hot *h = calloc(1, sizeof(*h));
	struct xu_err e = XU_ERR_INIT;

	if (h == NULL) {
		xu_err_set(&e, XE(XLD_NO_MEMORY), ENOMEM,
		    "change a PCI function");
		if (done != NULL)
			done(arg, &e);
		return;
	}
	*h = (struct hot) { .dev = d, .done = done, .arg = arg };
	snprintf(h->uuid, sizeof(h->uuid), "%s", uuid);
	h->work = (struct dev_work) { .guest = d->guest, .only = d,
		.resume = resume, .arg = h };
	xu_job_init(&h->job, steps, h);
	h->job.on_step = on_step;
	h->job.on_done = on_done;
	xu_job_start(&h->job);
}

void
pci_attach(struct dev *d, struct xu_val *function, vm_done_f *done, void *arg)
{
	struct xu_err e = XU_ERR_INIT;
	char uuid[UUID_TEXT];

	snprintf(uuid, sizeof(uuid), "%s", xu_val_get_str(function, "uuid", ""));
	xu_val_set(function, "plug", xu_str("arriving"));
	if (pci_add_function(d, function) == 0) {
		start(d, attach_steps, uuid, done, arg);
		return;
	}
	xu_err_set(&e, XE(XLD_NO_MEMORY), ENOMEM, "keep a PCI function");
	done(arg, &e);
}

void
pci_detach(struct dev *d, size_t i, vm_done_f *done, void *arg)
{
	start(d, detach_steps, xu_val_get_str(pci_function(d, i), "uuid", ""),
	    done, arg);
}

/* ---- what nobody waits for ------------------------------------------------------------- */

/* The first that was to come or to go. */
static bool
first_open(const struct dev *d, size_t *i)
{
	size_t n = xu_val_count(pci_functions(d));

	for (*i = 0; *i < n; (*i)++)
		if (xu_val_get_str(pci_function(d, *i), "plug", "")[0] != '\0')
			return true;
	return false;
}

void
pci_moved(struct dev *d)
{
	size_t i;

	/* The guest has let go of one at last. */
	if (d->back == BUS_CONNECTED && first_open(d, &i))
		pci_resume(d);
}

struct later {
	uv_timer_t timer;
	struct core *core;
	char uuid[UUID_TEXT];
};

static void
later_closed(uv_handle_t *t)
{
	free(t->data);
}

static void
later_now(uv_timer_t *t)
{
	struct later *l = t->data;
	struct dev *d = dev_find(l->core, l->uuid);
	size_t i;

	uv_close((uv_handle_t *)t, later_closed);
	if (d == NULL || d->phase != DEV_ON || d->work != NULL ||
	    d->guest->op != OP_NONE || !first_open(d, &i))
		return;
	dev_look(d);
	if (d->back != BUS_RECONFIGURED)
		pci_detach(d, i, NULL, NULL);
}

void
pci_resume(struct dev *d)
{
	struct later *l;
	size_t i;

	if (!first_open(d, &i) || (l = calloc(1, sizeof(*l))) == NULL)
		return;
	l->core = d->guest->core;
	snprintf(l->uuid, sizeof(l->uuid), "%s", d->uuid);
	uv_timer_init(l->core->loop, &l->timer);
	l->timer.data = l;
	uv_timer_start(&l->timer, later_now, 0, 0);
}
