/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What happens when a domain ends, whoever ended it: the guest's on_* settings,
 * the calls that wait for it, and what is left of the guest afterwards.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "dev.h"
#include "message.h"
#include "vm_dump.h"
#include "vm_go_on.h"
#include "vm_save.h"
#include "xu_log.h"

/* So many restarts in so many seconds are a loop. */
#define RESTARTS_MAX	8
#define RESTARTS_PERIOD 60
/* Seconds; XLD_SHUTDOWN_TIMEOUT in xld's environment. */
#define END_WAIT_S	300

/* ---- calls that wait ------------------------------------------------------------ */

static void
deadline_closed(uv_handle_t *h)
{
	free(h);
}

static void
unwait(struct call *k)
{
	xu_list_remove(&k->waiting);
	uv_close((uv_handle_t *)k->deadline, deadline_closed);
	k->deadline = NULL;
	k->cancel = NULL;
}

static void
wait_cancelled(struct call *k)
{
	struct xu_err e = XU_ERR_INIT;

	unwait(k);
	xu_err_set(&e, "TASK_CANCELLED", 0,
	    "no longer waiting; the guest has been asked all the same");
	xu_err_param(&e, "%s", k->task != NULL ? task_ref(k->task) : "");
	call_fail(k, &e);
}

static unsigned
wait_s(void)
{
	return env_seconds("XLD_SHUTDOWN_TIMEOUT", END_WAIT_S);
}

static void
too_late(uv_timer_t *t)
{
	struct call *k = t->data;

	unwait(k);
	call_refuse(k, "XLD_TIMEOUT", "the guest's end",
	    "domain %d has not ended within %u s of being asked%s%s; it still "
	    "runs: 'xm destroy' ends it at once", k->wait_domid, wait_s(),
	    k->asked != NULL ? ": " : "", k->asked != NULL ? k->asked : "");
}

void
vm_wait_end(struct call *k, struct guest *g, bool until_replaced)
{
	k->deadline = calloc(1, sizeof(*k->deadline));
	if (k->deadline == NULL) {
		call_refuse(k, "XLD_NO_MEMORY", "", "wait for the guest's end");
		return;
	}
	k->wait_domid = g->domid;
	memcpy(k->wait_uuid, g->uuid, sizeof(k->wait_uuid));
	k->until_replaced = until_replaced;
	k->cancel = wait_cancelled;
	uv_timer_init(k->core->loop, k->deadline);
	k->deadline->data = k;
	uv_timer_start(k->deadline, too_late, wait_s() * 1000, 0);
	xu_list_append(&k->core->waits, &k->waiting);
}

static void
wait_over(struct call *k, const struct guest *g)
{
	unwait(k);
	if (!k->until_replaced || (g != NULL && g->domid >= 0))
		call_ok(k, NULL);
	else
		call_refuse(k, "XLD_BUILD", "restart",
		    "the guest has ended and was not started again; see the "
		    "log of xld");
}

static void
waits_look(struct core *c)
{
	struct xu_list *l, *next;
	const struct guest *g;
	struct call *k;

	LIST_FOREACH_SAFE(l, next, &c->waits) {
		k = xu_container_of(l, struct call, waiting);
		g = guest_by_uuid(c, k->wait_uuid);
		if (g == NULL ||
		    (g->op == OP_NONE &&
			(g->domid != k->wait_domid || g->preserved)))
			wait_over(k, g);
	}
	rounds_look(c);
}

void
waits_close(struct core *c)
{
	struct call *k;

	while (!xu_list_empty(&c->waits)) {
		k = xu_container_of(c->waits.next, struct call, waiting);
		unwait(k);
		call_refuse(k, "XLD_STOPPING", "", "xld is stopping");
	}
}

/* ---- afterwards ----------------------------------------------------------------------- */

void
vm_untell(struct guest *g)
{
	struct core *c = g->core;

	if (console_has_rfb(g))
		api_event(c, "console", "del", g->rfb_uuid, NULL);
	api_event(c, "console", "del", g->console_uuid, NULL);
	api_event(c, "VM_metrics", "del", g->metrics_uuid, NULL);
	api_event(c, "VM", "del", g->uuid, NULL);
	xu_val_free(steal_ptr(&g->told));
}

void
vm_forget(struct guest *g)
{
	vm_untell(g);
	guest_free(g);
}

void
vm_gone(struct guest *g)
{
	struct core *c = g->core;

	vm_forget(g);
	waits_look(c);
}

void
vm_settle(struct guest *g)
{
	struct core *c = g->core;

	if (g->domid < 0 && g->op == OP_NONE && guest_is_transient(g))
		vm_forget(g);
	else
		api_tell_guest(g);
	waits_look(c);
}

static void
settled(void *arg, const struct xu_err *e)
{
	struct guest *g = arg;

	if (e != NULL)
		xu_log_err(XU_ERROR, e);
	vm_settle(g);
}

void
vm_end(struct guest *g)
{
	vm_destroy(g, settled, g);
}

void
vm_vanished(struct guest *g)
{
	struct xu_err e = XU_ERR_INIT;
	int32_t domid = g->domid;

	if (!g->foreign)
		xu_log(XU_NOTICE, "%s (domain %d) was destroyed by others",
		    guest_name(g), domid);
	if (!g->foreign && g->seen) {
		/* It cannot go while we hold its console. */
		vm_destroy(g, settled, g);
		return;
	}
	devs_drop(g);
	console_detach(g);
	if (!g->foreign)
		store_remove(g->core, domid, g->uuid);
	else
		dying_forget(domid);
	guest_set_domid(g, NO_DOMID, NULL);
	if (record_write(g, &e) < 0)
		xu_log_err(XU_ERROR, &e);
	vm_settle(g);
}

/* ---- on_poweroff, on_reboot, on_crash ---------------------------------------------------- */

static bool
is_new_period(const struct guest *g)
{
	int64_t now = now_real();

	return now - g->restart_since > RESTARTS_PERIOD ||
	    now < g->restart_since;
}

unsigned
vm_restarts(const struct guest *g)
{
	return is_new_period(g) ? 0 : g->restarts;
}

static bool
restarts_too_often(struct guest *g)
{
	int64_t now = now_real();

	if (is_new_period(g)) {
		g->restart_since = now;
		g->restarts = 0;
	}
	return ++g->restarts > RESTARTS_MAX;
}

static void
too_often(struct guest *g)
{
	size_t n = strlen(g->last_end);

	xu_log(XU_ERROR, "%s: more than %d restarts in %d s; it is destroyed",
	    guest_name(g), RESTARTS_MAX, RESTARTS_PERIOD);
	snprintf(g->last_end + n, sizeof(g->last_end) - n,
	    ", the %uth time in %d s: destroyed", g->restarts,
	    RESTARTS_PERIOD);
	vm_end(g);
}

static void
restart(struct guest *g)
{
	if (restarts_too_often(g)) {
		too_often(g);
		return;
	}
	vm_reboot(g, settled, g);
}

static void
preserve(struct guest *g)
{
	struct xu_err e = XU_ERR_INIT;

	g->preserved = true;
	if (record_write(g, &e) < 0)
		xu_log_err(XU_ERROR, &e);
	vm_settle(g);
}

/* The dead domain becomes a machine of its own with a new identity, so that it
 * can be looked at; the living one keeps name and uuid. */
static int
split(struct guest *g, struct xu_err *e)
{
	struct core *c = g->core;
	struct xu_val *config = xu_val_copy(g->config);
	char uuid[UUID_TEXT], name[64];
	struct guest *dead;
	uint8_t handle[16];
	int32_t domid = g->domid;

	uuid_random(uuid);
	snprintf(name, sizeof(name), "Domain-%s", uuid);
	xu_val_set(config, "name_label", xu_str(name));
	xu_val_set(config, "uuid", xu_str(uuid));
	for (size_t i = 0; dev_classes[i] != NULL; i++)
		xu_val_unset(config, dev_classes[i]->list);
	dead = guest_new(c, uuid, config, e);
	if (dead == NULL)
		return -1;
	uuid_bytes(uuid, handle);
	if (xc_domain_set_handle(c->xch, (uint32_t)domid, handle) < 0) {
		guest_free(dead);
		return xen_fail(c, e, "give the dead domain a new identity");
	}
	console_detach(g);
	dead->store_port = g->store_port;
	dead->console_port = g->console_port;
	dead->store_frame = g->store_frame;
	dead->console_frame = g->console_frame;
	dead->start_time = g->start_time;
	dead->preserved = true;
	dead->info = g->info;
	guest_set_domid(g, NO_DOMID, NULL);
	if (guest_set_domid(dead, domid, e) < 0)
		return -1;
	dead->start_time = now_real();
	if (store_write_name(dead, e) < 0 || record_write(dead, e) < 0 ||
	    record_write(g, e) < 0)
		xu_log_err(XU_ERROR, e);
	scan_one(dead);
	api_tell_guest(dead);
	return 0;
}

static void
split_and_start(void *arg)
{
	struct guest *g = arg;
	struct xu_err e = XU_ERR_INIT;

	g->op = OP_NONE;
	if (split(g, &e) < 0) {
		xu_log_err(XU_ERROR, &e);
		vm_destroy(g, settled, g);
		return;
	}
	vm_create(g, false, NULL, settled, g);
}

/* Devices are the living one's. */
static void
rename_restart(struct guest *g)
{
	if (restarts_too_often(g)) {
		too_often(g);
		return;
	}
	g->op = OP_REBOOT;
	if (devs_close(g, split_and_start, g))
		split_and_start(g);
}

static const char *
setting_for(uint32_t reason)
{
	switch (reason) {
	case END_POWEROFF:
		return "actions_after_shutdown";
	case END_REBOOT:
		return "actions_after_reboot";
	default:
		return "actions_after_crash";
	}
}

/* Kept with the machine: 20261122T101502Z: crash, restart. */
static void
note_end(struct guest *g, uint32_t reason, enum dom_action a)
{
	AUTO_VAL struct xu_val *now = xu_datetime(now_real());

	snprintf(g->last_end, sizeof(g->last_end), "%s: %s, %s",
	    xu_val_str(now), dom_end_word(reason), dom_action_word(a));
}

/* With the host nothing comes back. */
static enum dom_action
action_of(const struct guest *g)
{
	return g->core->disabled ? ACTION_DESTROY :
	    guest_action(g, setting_for(g->info.shutdown_reason));
}

static void
act(struct guest *g)
{
	switch (action_of(g)) {
	case ACTION_RESTART:
	case ACTION_CORE_RESTART:
		restart(g);
		break;
	case ACTION_PRESERVE:
		preserve(g);
		break;
	case ACTION_RENAME_RESTART:
		rename_restart(g);
		break;
	default:
		vm_destroy(g, settled, g);
		break;
	}
}

/* Without a core, when there could be none, all goes on as with it. */
static void
dumped(void *arg, const struct xu_err *e)
{
	struct guest *g = arg;
	struct xu_err named = XU_ERR_INIT;

	if (e != NULL) {
		named = *e;
		xu_err_add(&named, "%s (domain %d): its core",
		    guest_name(g), g->domid);
		xu_log_err(XU_ERROR, &named);
	}
	/* Others have destroyed it meanwhile. */
	if (!scan_one(g) || (g->info.flags & XC_DOMINF_DYING) != 0)
		vm_vanished(g);
	else
		act(g);
}

void
vm_ended(struct guest *g)
{
	uint32_t reason = g->info.shutdown_reason;
	enum dom_action a;

	/* Who asked for it waits for it; we do not any more. */
	if (reason == END_SUSPEND) {
		if (g->late_suspend)
			go_on(g);
		return;
	}
	a = action_of(g);
	note_end(g, reason, a);
	if (guest_power(g) == DOM_CRASHED)
		message_of(g, MSG_VM_CRASHED);
	xu_log(XU_NOTICE, "%s (domain %d) has ended: %s; %s", guest_name(g),
	    g->domid, dom_end_word(reason), dom_action_word(a));
	if (dom_action_dumps(a) && !g->dumped)
		vm_dump_ended(g, dumped, g);
	else
		act(g);
}
