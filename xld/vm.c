/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The messages of the class VM. Role, object and power state are checked. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "xld.h"

/* True when it may be done to this guest. */
static bool
is_guest(struct call *k)
{
	if (!guest_is_control(k->guest))
		return true;
	call_refuse(k, "OPERATION_NOT_ALLOWED", "control domain",
	    "%s: Domain-0 is the control domain; it goes with the host",
	    k->method);
	return false;
}

static bool
is_ours(struct call *k)
{
	if (!is_guest(k))
		return false;
	if (!k->guest->foreign)
		return true;
	call_refuse(k, "OPERATION_NOT_ALLOWED", "foreign domain",
	    "%s: '%s' was made by another toolstack, which knows how to build "
	    "it", k->method, guest_name(k->guest));
	return false;
}

static void
create(struct call *k)
{
	struct core *c = k->core;
	struct xu_err e = XU_ERR_INIT;
	struct xu_val *config;
	struct guest *g = NULL;
	char uuid[UUID_TEXT];
	uint8_t bytes[16];

	config = config_new(c, xu_val_at(k->params, 0), &e);
	if (config == NULL) {
		call_fail(k, &e);
		return;
	}
	/* One spelling of a uuid everywhere. */
	if (uuid_bytes(xu_val_get_str(config, "uuid", ""), bytes))
		uuid_text(bytes, uuid);
	else
		uuid_random(uuid);
	xu_val_set(config, "uuid", xu_str(uuid));
	if (guest_by_uuid(c, uuid) != NULL) {
		xu_val_free(config);
		call_refuse(k, "DUPLICATE_VM", uuid, "uuid %s is taken", uuid);
		return;
	}
	g = guest_new(c, uuid, config, &e);
	if (g == NULL || record_write(g, &e) < 0) {
		if (g != NULL)
			guest_free(g);
		call_fail(k, &e);
		return;
	}
	g->made_at = now_real();
	api_tell_guest(g);
	call_ok(k, xu_str(uuid));
}

static void
destroy(struct call *k)
{
	struct guest *g = k->guest;

	if (!is_ours(k))
		return;
	record_remove(g);
	vm_forget(g);
	call_ok(k, NULL);
}

/* ---- start -------------------------------------------------------------------- */

static void
start_progress(void *arg, const char *step, int percent)
{
	call_progress(arg, step, percent);
}

static void
start_done(void *arg, const struct xu_err *e)
{
	struct call *k = arg;
	struct guest *g = k->guest;
	struct xu_err named = XU_ERR_INIT;

	k->cancel = NULL;
	if (e == NULL) {
		api_tell_guest(g);
		call_ok(k, NULL);
		return;
	}
	named = *e;
	xu_err_add(&named, "%s", guest_name(g));
	call_fail(k, &named);
	vm_settle(g);
}

static void
start_cancel(struct call *k)
{
	vm_create_cancel(k->cancel_arg);
}

static void
start(struct call *k)
{
	struct create *j;

	if (!is_ours(k))
		return;
	j = vm_create(k->guest, xu_val_bool(xu_val_at(k->params, 1)),
	    start_progress, start_done, k);
	if (j == NULL)
		return;
	k->cancel_arg = j;
	k->cancel = start_cancel;
}

/* ---- running guests ------------------------------------------------------------- */

static void
changed(struct call *k, int r, const char *what)
{
	struct xu_err e = XU_ERR_INIT;

	if (r < 0) {
		xen_fail(k->core, &e, what);
		call_fail(k, &e);
		return;
	}
	scan_one(k->guest);
	api_tell_guest(k->guest);
	call_ok(k, NULL);
}

static void
pause_vm(struct call *k)
{
	if (is_guest(k))
		changed(k,
		    xc_domain_pause(k->core->xch, (uint32_t)k->guest->domid),
		    "pause the domain");
}

static void
unpause(struct call *k)
{
	if (is_guest(k))
		changed(k,
		    xc_domain_unpause(k->core->xch, (uint32_t)k->guest->domid),
		    "unpause the domain");
}

static void
ask(struct call *k, const char *word, bool until_replaced)
{
	struct xu_err e = XU_ERR_INIT;

	if (!is_guest(k))
		return;
	if (store_ask(k->guest, word, &e) < 0)
		call_fail(k, &e);
	else
		vm_wait_end(k, k->guest, until_replaced);
}

static void
clean_shutdown(struct call *k)
{
	ask(k, "poweroff", false);
}

static void
clean_halt(struct call *k)
{
	ask(k, "halt", false);
}

static void
clean_reboot(struct call *k)
{
	ask(k, "reboot", true);
}

static void
hard_done(void *arg, const struct xu_err *e)
{
	struct call *k = arg;
	struct guest *g = k->guest;

	if (e != NULL)
		call_fail(k, e);
	else
		call_ok(k, NULL);
	vm_settle(g);
}

static void
hard_shutdown(struct call *k)
{
	if (is_guest(k))
		vm_destroy(k->guest, hard_done, k);
}

static void
hard_reboot(struct call *k)
{
	if (is_ours(k))
		vm_reboot(k->guest, hard_done, k);
}

const struct handler vm_handlers[] = {
	{ "VM.create", create },
	{ "VM.destroy", destroy },
	{ "VM.start", start },
	{ "VM.pause", pause_vm },
	{ "VM.unpause", unpause },
	{ "VM.clean_shutdown", clean_shutdown },
	{ "VM.clean_halt", clean_halt },
	{ "VM.clean_reboot", clean_reboot },
	{ "VM.hard_shutdown", hard_shutdown },
	{ "VM.hard_reboot", hard_reboot },
	{ NULL, NULL },
};
