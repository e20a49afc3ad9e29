/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Destruction as a table of steps. There is no way back, so nothing is undone:
 * a step that cannot do its work says so in the log and the next goes on. A
 * reboot is a destruction with a creation behind it, under one intent.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "dev.h"
#include "dm.h"
#include "message.h"
#include "xu_log.h"

struct ender {
	struct guest *g;
	struct core *core;
	struct xu_job job;
	int32_t domid;
	char request[XU_LOG_CONTEXT];
	bool again, crashed;
	vm_done_f *done;
	void *arg;
};

static enum xu_step_result
step_intent(void *ctx, struct xu_err *e XU_UNUSED)
{
	struct ender *d = ctx;
	struct xu_err own = XU_ERR_INIT;

	/* Without it a crash would leave more work; that is no reason to keep
	 * the guest. */
	if (!d->g->foreign && intent_write(d->g,
		d->again ? "reboot" : "destroy", &own) < 0)
		xu_log_err(XU_ERROR, &own);
	return XU_STEP_NEXT;
}

static enum xu_step_result
step_pause(void *ctx, struct xu_err *e XU_UNUSED)
{
	struct ender *d = ctx;

	xc_domain_pause(d->core->xch, (uint32_t)d->domid);
	return XU_STEP_NEXT;
}

static void
dm_gone(void *arg)
{
	struct ender *d = arg;

	xu_job_resume(&d->job, NULL);
}

/* Before the domain: it holds pages of it. */
static enum xu_step_result
step_devmodel(void *ctx, struct xu_err *e XU_UNUSED)
{
	struct ender *d = ctx;

	if (d->g->foreign || config_type(d->g->config) != TYPE_HVM)
		return XU_STEP_NEXT;
	if (d->g->dm == NULL) {
		dm_stop(d->g, NULL, NULL);
		return XU_STEP_NEXT;
	}
	dm_stop(d->g, dm_gone, d);
	return XU_STEP_WAIT;
}

static void
devices_gone(void *arg)
{
	struct ender *d = arg;

	xu_job_resume(&d->job, NULL);
}

/* Backends have pages of the domain mapped, too. */
static enum xu_step_result
step_devices(void *ctx, struct xu_err *e XU_UNUSED)
{
	struct ender *d = ctx;

	return devs_close(d->g, devices_gone, d) ? XU_STEP_NEXT :
						   XU_STEP_WAIT;
}

static enum xu_step_result
step_console(void *ctx, struct xu_err *e XU_UNUSED)
{
	struct ender *d = ctx;

	console_detach(d->g);
	return XU_STEP_NEXT;
}

static void
reaped(void *arg)
{
	struct ender *d = arg;

	xu_job_resume(&d->job, NULL);
}

static enum xu_step_result
step_reap(void *ctx, struct xu_err *e XU_UNUSED)
{
	struct ender *d = ctx;

	reap(d->core, d->domid, reaped, d);
	return XU_STEP_WAIT;
}

static enum xu_step_result
step_store(void *ctx, struct xu_err *e XU_UNUSED)
{
	struct ender *d = ctx;

	store_remove(d->core, d->domid, d->g->uuid);
	return XU_STEP_NEXT;
}

static enum xu_step_result
step_record(void *ctx, struct xu_err *e XU_UNUSED)
{
	struct ender *d = ctx;
	struct xu_err own = XU_ERR_INIT;

	/* Others may keep the domain; it is shown as what it is then. */
	if (!d->g->foreign && scan_one(d->g) &&
	    (d->g->info.flags & XC_DOMINF_DYING) != 0) {
		dying_keep(d->g);
		scan_soon(d->core);
	}
	guest_set_domid(d->g, NO_DOMID, NULL);
	if (record_write(d->g, &own) < 0)
		xu_log_err(XU_ERROR, &own);
	if (guest_is_transient(d->g) && !d->again && !d->g->foreign)
		record_remove(d->g, NULL);
	return XU_STEP_NEXT;
}

static const struct xu_step steps[] = {
	{ "destroy-intent", step_intent, NULL },
	{ "destroy-pause", step_pause, NULL },
	{ "destroy-devmodel", step_devmodel, NULL },
	{ "destroy-devices", step_devices, NULL },
	{ "destroy-console", step_console, NULL },
	{ "destroy-domain", step_reap, NULL },
	{ "destroy-store", step_store, NULL },
	{ "destroy-record", step_record, NULL },
	{ NULL, NULL, NULL },
};

static void
on_step(struct xu_job *job)
{
	xu_log_context(((struct ender *)job->ctx)->request);
	fault_point(steps[job->at].name, NULL);
}

/* Of one that clients know of, and of whose end they have not heard: it has crashed,
 * or it goes on elsewhere. */
static void
tell(const struct guest *g, bool crashed)
{
	if (!g->foreign && g->told != NULL && g->migration == NULL && !crashed)
		message_of(g, g->suspended ? MSG_VM_SUSPENDED :
					     MSG_VM_SHUTDOWN);
}

static void
on_done(struct xu_job *job)
{
	struct ender *d = job->ctx;
	struct guest *g = d->g;
	vm_done_f *done = d->done;
	void *arg = d->arg;

	if (d->again) {
		free(d);
		vm_create(g, false, NULL, done, arg);
		return;
	}
	if (!g->foreign)
		intent_remove(g->uuid);
	tell(g, d->crashed);
	g->op = OP_NONE;
	free(d);
	done(arg, NULL);
}

static void
begin(struct guest *g, bool again, vm_done_f *done, void *arg)
{
	struct ender *d = calloc(1, sizeof(*d));
	struct xu_err e = XU_ERR_INIT;

	if (d == NULL) {
		xu_err_set(&e, "XLD_NO_MEMORY", ENOMEM, "destroy '%s'",
		    guest_name(g));
		done(arg, &e);
		return;
	}
	*d = (struct ender){ .g = g,
		.core = g->core,
		.domid = g->domid,
		.again = again,
		.crashed = guest_power(g) == DOM_CRASHED,
		.done = done,
		.arg = arg };
	snprintf(d->request, sizeof(d->request), "%s", xu_log_context_word());
	g->op = again ? OP_REBOOT : OP_DESTROY;
	xu_job_init(&d->job, steps, d);
	d->job.on_step = on_step;
	d->job.on_done = on_done;
	xu_job_start(&d->job);
}

void
vm_destroy(struct guest *g, vm_done_f *done, void *arg)
{
	begin(g, false, done, arg);
}

void
vm_reboot(struct guest *g, vm_done_f *done, void *arg)
{
	begin(g, true, done, arg);
}
