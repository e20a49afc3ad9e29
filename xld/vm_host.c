/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Machines that start with their host, and all that stop with it: in rounds of
 * those with the same order. What is left to start is in a file on tmpfs, so that
 * a start of the daemon that is not the host's starts nothing, and one that was cut
 * short goes on.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pci.h"
#include "xld.h"
#include "xu_file.h"
#include "vm_save.h"
#include "xu_log.h"

#define LEFT	 XLD_RUNDIR "/autostart.json"
#define LEFT_MAX (1u << 20)
/* Seconds a guest has to shut down. */
#define STOP_S 300

struct member {
	char uuid[UUID_TEXT];
	int64_t order, delay;
	/* The domain that is to end. */
	int32_t domid;
};

struct rounds {
	struct core *core;
	bool up;
	struct member *all;
	/* The round under way: from at to end. */
	size_t n, at, end;
	/* All are done, and the delay passes. */
	bool resting;
	unsigned limit_s;
	/* Who asked for the stop; NULL: nobody waits. */
	struct call *call;
	uv_timer_t timer;
};

/* ---- what is left to start ------------------------------------------------------- */

static int
write_left(const struct xu_val *list, struct xu_err *e)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;

	if (!xu_val_ok(list) || xu_val_to_json(list, true, &b) < 0 ||
	    b.error != 0)
		return xu_err_set(e, "XLD_NO_MEMORY", ENOMEM, "write %s", LEFT);
	return xu_file_replace(LEFT, b.data, b.len, 0600, e);
}

static struct xu_val *
read_left(void)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	struct xu_val *v = NULL;

	if (access(LEFT, F_OK) < 0)
		return NULL;
	if (xu_file_read(LEFT, LEFT_MAX, &b, &e) == 0)
		v = xu_val_from_json(xu_buf_text(&b), b.len, LEFT_MAX, &e);
	if (v == NULL)
		xu_log_err(XU_ERROR, &e);
	/* It was the host's start all the same that is over. */
	return v != NULL ? v : xu_array();
}

static void
not_left(const char *uuid)
{
	AUTO_VAL struct xu_val *old = read_left();
	AUTO_VAL struct xu_val *list = xu_array();
	struct xu_err e = XU_ERR_INIT;

	for (size_t i = 0; i < xu_val_count(old); i++)
		if (strcmp(xu_val_str(xu_val_at(old, i)), uuid) != 0)
			xu_val_add(list, xu_val_copy(xu_val_at(old, i)));
	if (write_left(list, &e) < 0)
		xu_log_err(XU_ERROR, &e);
}

static struct xu_val *
first_list(struct core *c)
{
	struct xu_val *list = xu_array();
	struct xu_list *l;
	struct guest *g;

	LIST_FOREACH(l, &c->guests) {
		g = xu_container_of(l, struct guest, all);
		if (g->kept && g->domid < 0 &&
		    xu_val_get_bool(g->config, "auto_power_on", false) &&
		    !xu_val_get_bool(g->config, "is_a_template", false))
			xu_val_add(list, xu_str(g->uuid));
	}
	return list;
}

/* ---- rounds ------------------------------------------------------------------------ */

static int
add(struct rounds *r, const struct guest *g)
{
	struct member *more = reallocarray(r->all, r->n + 1, sizeof(*more));

	if (more == NULL)
		return -1;
	r->all = more;
	more[r->n] = (struct member) {
		.order = xu_val_get_int(g->config, "order", 0),
		.delay = xu_val_get_int(g->config,
		    r->up ? "start_delay" : "shutdown_delay", 0),
		.domid = g->domid,
	};
	memcpy(more[r->n].uuid, g->uuid, UUID_TEXT);
	r->n++;
	return 0;
}

static int
by_order(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	return x->order != y->order ? (x->order < y->order ? -1 : 1) :
				      strcmp(x->uuid, y->uuid);
}

static int
by_order_down(const void *a, const void *b)
{
	return by_order(b, a);
}

static void turn(uv_timer_t *t);

static struct rounds *
rounds_new(struct core *c, bool up)
{
	struct rounds *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->core = c;
	r->up = up;
	uv_timer_init(c->loop, &r->timer);
	r->timer.data = r;
	return r;
}

static void
timer_closed(uv_handle_t *h)
{
	struct rounds *r = h->data;

	free(r->all);
	free(r);
}

void
rounds_close(struct core *c)
{
	struct rounds *r = c->rounds;

	if (r == NULL)
		return;
	c->rounds = NULL;
	if (r->call != NULL)
		call_refuse(r->call, "XLD_STOPPING", "", "xld is stopping");
	uv_close((uv_handle_t *)&r->timer, timer_closed);
}

/* The next round begins from the loop, after so many seconds. */
static void
soon(struct rounds *r, int64_t seconds)
{
	r->resting = true;
	uv_timer_start(&r->timer, turn, (uint64_t)seconds * 1000, 0);
}

/* The machine, while there is still something to be waited for. */
static struct guest *
busy(const struct rounds *r, const struct member *m)
{
	struct guest *g = guest_by_uuid(r->core, m->uuid);

	if (g == NULL)
		return NULL;
	if (r->up)
		return g->op != OP_NONE ? g : NULL;
	if (g->op != OP_NONE)
		return g;
	return g->domid == m->domid &&
		(g->info.flags & XC_DOMINF_DYING) == 0 ? g : NULL;
}

void
rounds_look(struct core *c)
{
	struct rounds *r = c->rounds;
	int64_t delay = 0;

	if (r == NULL || r->resting || r->at == r->end)
		return;
	for (size_t i = r->at; i < r->end; i++) {
		if (busy(r, &r->all[i]) != NULL)
			return;
		if (r->all[i].delay > delay)
			delay = r->all[i].delay;
	}
	r->at = r->end;
	if (r->call != NULL)
		call_progress(r->call, "stop", (int)(r->at * 100 / r->n));
	soon(r, r->at < r->n ? delay : 0);
}

/* ---- up ------------------------------------------------------------------------------ */

static void
started(void *arg, const struct xu_err *e)
{
	struct guest *g = arg;
	struct core *c = g->core;

	not_left(g->uuid);
	if (e != NULL)
		xu_log(XU_ERROR, "%s does not start with the host: %s",
		    guest_name(g), e->msg);
	vm_settle(g);
	rounds_look(c);
}

/* From where it was suspended. */
static void
went_on(void *arg, struct guest *resumed, const struct xu_err *e)
{
	if (resumed != NULL)
		suspended_forget(resumed);
	started(arg, e);
}

static void
start_one(struct rounds *r, const struct member *m)
{
	struct guest *g = guest_by_uuid(r->core, m->uuid);
	struct xu_err e = XU_ERR_INIT;
	char path[SUSPENDED_PATH];

	if (g == NULL || g->domid >= 0 || g->op != OP_NONE) {
		not_left(m->uuid);
		return;
	}
	xu_log(XU_NOTICE, "%s starts with the host", guest_name(g));
	if (g->suspended) {
		suspended_path(g->uuid, path);
		restore_begin(r->core, g, path, false, NULL, went_on, g);
		return;
	}
	if (pci_follow_config(g, &e) < 0)
		started(g, &e);
	else
		vm_create(g, false, NULL, started, g);
}

/* ---- down ---------------------------------------------------------------------------- */

/* Domain 0 goes with the host, and what others keep from going, too. */
static bool
is_to_stop(const struct guest *g)
{
	return g->domid > 0 && (g->info.flags & XC_DOMINF_DYING) == 0 &&
	    dom_host_stop_of(xu_val_get_str(g->config, "actions_at_host_stop",
		"")) != HOST_STOP_IGNORE;
}

static void
collect(struct rounds *r)
{
	struct xu_list *l;
	struct guest *g;

	scan(r->core);
	r->n = r->at = r->end = 0;
	LIST_FOREACH(l, &r->core->guests) {
		g = xu_container_of(l, struct guest, all);
		if (is_to_stop(g) && add(r, g) < 0)
			xu_log(XU_ERROR, "%s: out of memory to stop it",
			    guest_name(g));
	}
	if (r->n > 0)
		qsort(r->all, r->n, sizeof(*r->all), by_order_down);
}

static void
stop_one(struct rounds *r, const struct member *m)
{
	struct guest *g = guest_by_uuid(r->core, m->uuid);
	struct xu_err e = XU_ERR_INIT;
	const char *asked;

	/* What is being made or ended is waited for. */
	if (g == NULL || g->op != OP_NONE || g->domid != m->domid)
		return;
	if (guest_power(g) == DOM_CRASHED || g->preserved ||
	    dom_host_stop_of(xu_val_get_str(g->config, "actions_at_host_stop",
		"")) == HOST_STOP_DESTROY) {
		vm_end(g);
		return;
	}
	if (guest_power(g) == DOM_PAUSED)
		xc_domain_unpause(r->core->xch, (uint32_t)g->domid);
	if (vm_ask_end(g, "poweroff", &asked, &e) < 0) {
		xu_log_err(XU_ERROR, &e);
		vm_end(g);
	}
}

/* They have had their time. */
static void
too_late(struct rounds *r)
{
	for (size_t i = r->at; i < r->end; i++) {
		struct guest *g = busy(r, &r->all[i]);

		if (g == NULL || g->op != OP_NONE)
			continue;
		xu_log(XU_WARNING, "%s has not shut down within %u s and is "
				   "destroyed", guest_name(g), r->limit_s);
		vm_end(g);
	}
	uv_timer_start(&r->timer, turn, (uint64_t)r->limit_s * 1000, 0);
}

static void
all_down(struct rounds *r)
{
	struct call *k = r->call;

	r->call = NULL;
	rounds_close(r->core);
	xu_log(XU_NOTICE, "all guests are down");
	if (k != NULL)
		call_ok(k, NULL);
}

/* ---- the turn -------------------------------------------------------------------------- */

static void
begin_round(struct rounds *r)
{
	int64_t order = r->all[r->at].order;

	r->resting = false;
	r->end = r->at;
	while (r->end < r->n && r->all[r->end].order == order)
		r->end++;
	if (!r->up)
		uv_timer_start(&r->timer, turn, (uint64_t)r->limit_s * 1000, 0);
	for (size_t i = r->at; i < r->end; i++) {
		if (r->up)
			start_one(r, &r->all[i]);
		else
			stop_one(r, &r->all[i]);
	}
	rounds_look(r->core);
}

static void
turn(uv_timer_t *t)
{
	struct rounds *r = t->data;

	if (!r->resting) {
		too_late(r);
		return;
	}
	if (r->at == r->n && !r->up)
		/* Whatever was made meanwhile. */
		collect(r);
	if (r->at < r->n)
		begin_round(r);
	else if (r->up)
		rounds_close(r->core);
	else
		all_down(r);
}

/* ---- the host's start and end ----------------------------------------------------------- */

void
host_started(struct core *c)
{
	AUTO_VAL struct xu_val *list = read_left();
	struct xu_err e = XU_ERR_INIT;
	struct rounds *r;
	struct guest *g;

	if (list == NULL) {
		list = first_list(c);
		if (write_left(list, &e) < 0) {
			xu_log_err(XU_ERROR, &e);
			return;
		}
	}
	if (xu_val_count(list) == 0 || (r = rounds_new(c, true)) == NULL)
		return;
	c->rounds = r;
	for (size_t i = 0; i < xu_val_count(list); i++) {
		g = guest_by_uuid(c, xu_val_str(xu_val_at(list, i)));
		if (g != NULL && add(r, g) < 0)
			xu_log(XU_ERROR, "%s: out of memory to start it",
			    guest_name(g));
	}
	if (r->n > 0)
		qsort(r->all, r->n, sizeof(*r->all), by_order);
	soon(r, 0);
}

static void
stop_cancelled(struct call *k)
{
	struct core *c = k->core;

	c->rounds->call = NULL;
	rounds_close(c);
	c->disabled = false;
	call_refuse(k, "TASK_CANCELLED", task_ref(k->task),
	    "no more guests are stopped; those that were asked end all the "
	    "same");
}

void
host_stop_guests(struct call *k)
{
	struct core *c = k->core;
	int64_t limit = xu_val_int(xu_val_at(k->params, 1));
	struct rounds *r;

	if (c->rounds != NULL && !c->rounds->up) {
		call_refuse(k, "OTHER_OPERATION_IN_PROGRESS", "host",
		    "the guests of this host are being stopped already");
		return;
	}
	if (limit < 0 || limit > 86400) {
		call_refuse(k, "INVALID_VALUE", "timeout",
		    "%s: each guest has 0 (the default) to 86400 seconds",
		    k->method);
		return;
	}
	r = rounds_new(c, false);
	if (r == NULL) {
		call_refuse(k, "XLD_NO_MEMORY", "", "stop the guests");
		return;
	}
	rounds_close(c);
	c->rounds = r;
	c->disabled = true;
	r->limit_s = limit > 0 ? (unsigned)limit :
				 env_seconds("XLD_SHUTDOWN_TIMEOUT", STOP_S);
	r->call = k;
	k->cancel = stop_cancelled;
	soon(r, 0);
}
