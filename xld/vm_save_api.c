/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VM.save, VM.restore, VM.suspend, VM.resume. */
#include "config.h"

#include <string.h>

#include "dev.h"
#include "vm_save.h"

static void
progress(void *arg, const char *step, int percent)
{
	call_progress(arg, step, percent);
}

static bool
may_run(struct call *k)
{
	if (!k->core->disabled)
		return true;
	call_refuse(k, XE(HOST_DISABLED), k->core->host_uuid,
	    "this host starts no guests: they are being stopped; host.enable "
	    "lets it again");
	return false;
}

bool
call_has_path(struct call *k, const char *path)
{
	if (path[0] == '/' && strlen(path) < 4000)
		return true;
	call_refuse(k, XE(INVALID_VALUE), "file",
	    "'%.100s' is not the full path of a file of domain 0", path);
	return false;
}

/* ---- save, suspend ------------------------------------------------------------------ */

static void
saved(void *arg, const struct xu_err *e)
{
	struct call *k = arg;
	struct guest *g = k->guest;
	struct xu_err named = XU_ERR_INIT;

	k->cancel = NULL;
	if (e != NULL) {
		named = *e;
		xu_err_add(&named, "%s", guest_name(g));
		call_fail(k, &named);
	} else {
		call_ok(k, NULL);
	}
	vm_settle(g);
}

static void
save_cancel(struct call *k)
{
	vm_save_cancel(k->cancel_arg);
}

static void
begin_save(struct call *k, const struct save_order *o)
{
	struct saving *s = vm_save(k->guest, o, progress, saved, k);

	if (s == NULL)
		return;
	k->cancel_arg = s;
	k->cancel = save_cancel;
}

/* Not every guest can be saved, and who made it knows how. */
bool
vm_can_save(struct call *k)
{
	const struct guest *g = k->guest;

	if (guest_is_control(g))
		call_refuse(k, XE(OPERATION_NOT_ALLOWED), "control domain",
		    "%s: Domain-0 is the control domain; it goes with the host",
		    k->method);
	else if (g->foreign)
		call_refuse(k, XE(OPERATION_NOT_ALLOWED), "foreign domain",
		    "%s: '%s' was made by another toolstack, which knows how "
		    "to build it", k->method, guest_name(g));
	else if (xu_val_count(xu_val_get(g->config, pci_class.list)) > 0)
		call_refuse(k, XE(OPERATION_NOT_ALLOWED), "PCI devices",
		    "%s: '%s' has a PCI device of the host, whose state nobody "
		    "can save: detach it first", k->method, guest_name(g));
	else
		return true;
	return false;
}

static void
save(struct call *k)
{
	const char *file = xu_val_str(xu_val_at(k->params, 1));
	bool checkpoint = xu_val_bool(xu_val_at(k->params, 2));
	bool pause = xu_val_bool(xu_val_at(k->params, 3));
	const struct save_limits limits = { .downtime_ms = 0 };
	const struct save_order o = { .file = file,
		.after = pause ? SAVE_PAUSE : checkpoint ? SAVE_GO_ON :
							   SAVE_END,
		.compat = xu_val_bool(xu_val_at(k->params, 4)),
		.live = xu_val_bool(xu_val_at(k->params, 5)) ? &limits :
							       NULL };

	if (vm_can_save(k) && call_has_path(k, file))
		begin_save(k, &o);
}

static void
suspend(struct call *k)
{
	char path[SUSPENDED_PATH];
	const struct save_order o = { .file = path, .after = SAVE_SUSPEND };

	if (!vm_can_save(k))
		return;
	if (guest_is_transient(k->guest)) {
		call_refuse(k, XE(OPERATION_NOT_ALLOWED), "transient machine",
		    "'%s' is not kept (xm new): save it to a file of yours",
		    guest_name(k->guest));
		return;
	}
	suspended_path(k->guest->uuid, path);
	begin_save(k, &o);
}

/* ---- restore, resume ------------------------------------------------------------------ */

static void
restore_stop(struct call *k)
{
	restore_cancel(k->cancel_arg);
}

static void
begin_restore(struct call *k, struct guest *g, const char *file, bool paused,
    restore_done_f *done)
{
	struct restoring *r = restore_begin(k->core, g, file, paused, progress,
	    done, k);

	if (r == NULL)
		return;
	k->cancel_arg = r;
	k->cancel = restore_stop;
}

static void
restored(void *arg, struct guest *g, const struct xu_err *e)
{
	struct call *k = arg;

	k->cancel = NULL;
	if (e != NULL) {
		call_fail(k, e);
		return;
	}
	api_tell_guest(g);
	call_ok(k, xu_str(g->uuid));
}

static void
restore(struct call *k)
{
	const char *file = xu_val_str(xu_val_at(k->params, 0));

	if (may_run(k) && call_has_path(k, file))
		begin_restore(k, NULL, file,
		    xu_val_bool(xu_val_at(k->params, 1)), restored);
}

static void
resumed(void *arg, struct guest *g, const struct xu_err *e)
{
	struct call *k = arg;

	k->cancel = NULL;
	if (e != NULL) {
		call_fail(k, e);
		return;
	}
	suspended_forget(g);
	api_tell_guest(g);
	call_ok(k, NULL);
}

static void
resume(struct call *k)
{
	char path[SUSPENDED_PATH];

	if (!may_run(k))
		return;
	suspended_path(k->guest->uuid, path);
	begin_restore(k, k->guest, path, xu_val_bool(xu_val_at(k->params, 1)),
	    resumed);
}

const struct handler vm_save_handlers[] = {
	{ "VM.save", save },
	{ "VM.restore", restore },
	{ "VM.suspend", suspend },
	{ "VM.resume", resume },
	{ NULL, NULL },
};
