/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device of a guest that runs comes or goes: two step tables. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dev.h"
#include "xu_log.h"

struct hot {
	struct dev *dev;
	struct dev_work work;
	struct xu_job job;
	bool force, modelling;
	uv_timer_t *grace;
	vm_done_f *done;
	void *arg;
};

static enum xu_step_result
result(int r)
{
	return r < 0 ? XU_STEP_FAIL : XU_STEP_NEXT;
}

static void
resume(void *arg, const struct xu_err *e)
{
	struct hot *h = arg;
	bool modelling = h->modelling;

	h->modelling = false;
	/* It stays: nothing of it is on its way. */
	if (modelling && e != NULL)
		h->dev->doomed = false;
	/* What is forced has no way back, but a device model that keeps it. */
	if (h->force && e != NULL && !modelling) {
		xu_log_err(XU_WARNING, e);
		e = NULL;
	}
	xu_job_resume(&h->job, e);
}

/* ---- attach -------------------------------------------------------------------- */

static enum xu_step_result
step_prepare(void *ctx, struct xu_err *e)
{
	struct hot *h = ctx;

	return dev_prepare(&h->work, e);
}

static void
undo_prepare(void *ctx)
{
	struct hot *h = ctx;

	dev_release(&h->work);
}

static enum xu_step_result
step_record(void *ctx, struct xu_err *e)
{
	struct hot *h = ctx;

	dev_plug(&h->work, h->dev->fresh ? "arriving" : "plugging");
	return result(record_write(h->dev->guest, e));
}

static void
undo_record(void *ctx)
{
	struct hot *h = ctx;

	dev_plug(&h->work, "");
	record_write(h->dev->guest, NULL);
}

static enum xu_step_result
step_nodes(void *ctx, struct xu_err *e)
{
	struct hot *h = ctx;

	return result(dev_publish(&h->work, e));
}

static void
undo_nodes(void *ctx)
{
	struct hot *h = ctx;

	dev_withdraw(&h->work);
}

static enum xu_step_result
step_ready(void *ctx, struct xu_err *e)
{
	struct hot *h = ctx;

	return dev_ready(&h->work, e);
}

static void
timer_closed(uv_handle_t *t)
{
	free(t);
}

static void
end_grace(struct hot *h)
{
	if (h->grace != NULL)
		uv_close((uv_handle_t *)h->grace, timer_closed);
	h->grace = NULL;
}

/* Its driver would have said something by now. */
static void
grace_over(uv_timer_t *t)
{
	struct hot *h = t->data;

	end_grace(h);
	dev_look(h->dev);
	h->work.enough = h->dev->front <= BUS_INITIALISING;
	if (h->work.enough)
		dev_changed(h->dev, h->dev->back);
}

static enum xu_step_result
step_connect(void *ctx, struct xu_err *e)
{
	struct hot *h = ctx;
	enum xu_step_result r;

	if (guest_power(h->dev->guest) != DOM_RUNNING)
		return XU_STEP_NEXT;
	r = dev_connect(&h->work, e);
	if (r != XU_STEP_WAIT)
		return r;
	h->grace = calloc(1, sizeof(*h->grace));
	if (h->grace != NULL) {
		uv_timer_init(h->dev->guest->core->loop, h->grace);
		h->grace->data = h;
		uv_timer_start(h->grace, grace_over, DEV_DRIVER_MS, 0);
	}
	return XU_STEP_WAIT;
}

static enum xu_step_result
step_in(void *ctx, struct xu_err *e)
{
	struct hot *h = ctx;

	h->modelling = true;
	return dev_model(&h->work, true, e);
}

static enum xu_step_result
step_kept(void *ctx, struct xu_err *e)
{
	struct hot *h = ctx;

	h->dev->fresh = false;
	dev_plug(&h->work, "on");
	return result(record_write(h->dev->guest, e));
}

static const struct xu_step attach_steps[] = {
	{ "device-prepare", step_prepare, undo_prepare },
	{ "device-record", step_record, undo_record },
	{ "device-nodes", step_nodes, undo_nodes },
	{ "device-ready", step_ready, NULL },
	{ "device-connect", step_connect, NULL },
	{ "device-model", step_in, NULL },
	{ "device-kept", step_kept, NULL },
	{ NULL, NULL, NULL },
};

/* ---- detach ------------------------------------------------------------------------ */

static enum xu_step_result
step_leaving(void *ctx, struct xu_err *e)
{
	struct hot *h = ctx;

	dev_plug(&h->work, h->dev->doomed ? "doomed" : "leaving");
	return result(record_write(h->dev->guest, e));
}

static enum xu_step_result
step_out(void *ctx, struct xu_err *e)
{
	struct hot *h = ctx;
	enum xu_step_result r;

	h->modelling = true;
	r = dev_model(&h->work, false, e);
	if (r == XU_STEP_FAIL)
		h->dev->doomed = false;
	return r;
}

static enum xu_step_result
step_ask(void *ctx, struct xu_err *e)
{
	struct hot *h = ctx;

	h->modelling = false;
	return result(dev_ask(&h->work, h->force, e));
}

static enum xu_step_result
step_closed(void *ctx, struct xu_err *e)
{
	struct hot *h = ctx;

	return dev_closed(&h->work, e);
}

static enum xu_step_result
step_off(void *ctx, struct xu_err *e XU_UNUSED)
{
	struct hot *h = ctx;

	dev_left(h->dev);
	return XU_STEP_NEXT;
}

static const struct xu_step detach_steps[] = {
	{ "device-eject", step_out, NULL },
	{ "device-leaving", step_leaving, NULL },
	{ "device-ask", step_ask, NULL },
	{ "device-closed", step_closed, NULL },
	{ "device-off", step_off, NULL },
	{ NULL, NULL, NULL },
};

/* ---- both -------------------------------------------------------------------------- */

static void
on_step(struct xu_job *job)
{
	fault_point(job->steps[job->at].name, &job->err);
}

static void
on_done(struct xu_job *job)
{
	struct hot *h = job->ctx;
	const struct xu_err *e = xu_err_is_set(&job->err) ? &job->err : NULL;

	end_grace(h);
	if (h->done != NULL)
		h->done(h->arg, e);
	else if (e != NULL)
		xu_log_err(XU_WARNING, e);
	free(h);
}

static void
start(struct dev *d, const struct xu_step *steps, bool force,
    vm_done_f *done, void *arg)
{
	struct hot *h = calloc(1, sizeof(*h));
	struct xu_err e = XU_ERR_INIT;

	if (h == NULL) {
		xu_err_set(&e, "XLD_NO_MEMORY", ENOMEM, "change a device");
		if (done != NULL)
			done(arg, &e);
		return;
	}
	*h = (struct hot){ .dev = d, .force = force, .done = done, .arg = arg };
	h->work = (struct dev_work){ .guest = d->guest, .only = d,
		.resume = resume, .arg = h };
	xu_job_init(&h->job, steps, h);
	h->job.on_step = on_step;
	h->job.on_done = on_done;
	xu_job_start(&h->job);
}

void
dev_attach(struct dev *d, vm_done_f *done, void *arg)
{
	start(d, attach_steps, false, done, arg);
}

void
dev_detach(struct dev *d, bool force, vm_done_f *done, void *arg)
{
	force = force || (d->cls->emulated != NULL && d->cls->emulated(d));
	start(d, detach_steps, force, done, arg);
}

void
dev_left(struct dev *d)
{
	struct dev_work w = { .guest = d->guest, .only = d };
	struct guest *g = d->guest;
	struct xu_err e = XU_ERR_INIT;
	bool doomed = d->doomed;

	dev_off(&w);
	if (doomed) {
		dev_tell_gone(d);
		dev_remove(d);
		api_event(g->core, "VM", "mod", g->uuid,
		    vm_record(g->core, g));
	}
	if (record_write(g, &e) < 0)
		xu_log_err(XU_ERROR, &e);
}

/* ---- all of a guest -------------------------------------------------------------- */

struct closing {
	struct dev_work work;
	void (*f)(void *arg);
	void *arg;
};

static void
closed(void *arg, const struct xu_err *e)
{
	struct closing *k = arg;
	void (*f)(void *arg) = k->f;

	/* Its nodes go all the same, which is the last word to a backend. */
	if (e != NULL)
		xu_log_err(XU_ERROR, e);
	dev_off(&k->work);
	arg = k->arg;
	free(k);
	f(arg);
}

void
devs_drop(struct guest *g)
{
	struct dev_work w = { .guest = g };

	dev_interrupt(g);
	dev_off(&w);
}

bool
devs_close(struct guest *g, void (*f)(void *arg), void *arg)
{
	struct closing *k = calloc(1, sizeof(*k));
	struct xu_err e = XU_ERR_INIT;

	if (k == NULL) {
		devs_drop(g);
		return true;
	}
	*k = (struct closing){ .work = { .guest = g, .resume = closed,
				    .arg = k }, .f = f, .arg = arg };
	dev_interrupt(g);
	if (dev_ask(&k->work, true, &e) == 0 &&
	    dev_closed(&k->work, &e) == XU_STEP_WAIT)
		return false;
	if (xu_err_is_set(&e))
		xu_log_err(XU_ERROR, &e);
	dev_off(&k->work);
	free(k);
	return true;
}
