/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vm_go_on.h. */
#include "config.h"

#include <stdlib.h>

#include "dm.h"
#include "vm_go_on.h"
#include "xld.h"
#include "xu_log.h"

/* Seconds that QEMU is waited for. */
#define DEADLINE_S 60

struct going {
	uv_timer_t deadline;
	struct guest *g;
	/* Nothing else was being done with it. */
	bool alone;
	void (*then)(void *arg);
	void *arg;
};

static void
resume(struct guest *g)
{
	struct core *c = g->core;
	const uint32_t domid = (uint32_t)g->domid;

	if (g->domid < 0)
		return;
	if (xc_domain_resume_cooperative(c->xch, domid) < 0)
		xu_log(XU_ERROR, "%s: it is suspended and does not go on: %s",
		    guest_name(g), xc_last_error(c->xch));
	store_resumed(g);
	/* What had happened to a domain that was suspended could not be told it. */
	if (config_type(g->config) == TYPE_HVM && dm_pid(g) == 0)
		xc_domain_shutdown(c->xch, domid, END_CRASH);
	scan_one(g);
}

static void
freed(uv_handle_t *h)
{
	free(h->data);
}

static void
close_going(struct going *o)
{
	uv_close((uv_handle_t *)&o->deadline, freed);
}

void
go_on_model(struct guest *g)
{
	struct going *o = g->going;
	void (*then)(void *arg);
	void *arg;

	if (o == NULL)
		return;
	then = o->then;
	arg = o->arg;
	g->going = NULL;
	resume(g);
	if (o->alone) {
		g->op = OP_NONE;
		/* What happened to it meanwhile. */
		scan_soon(g->core);
	}
	close_going(o);
	if (then != NULL)
		then(arg);
}

static void
too_late(uv_timer_t *t)
{
	const struct going *o = t->data;

	xu_log(XU_ERROR, "%s (domain %d): its device model does not go on; the "
	    "guest does", guest_name(o->g), o->g->domid);
	go_on_model(o->g);
}

void
go_on(struct guest *g)
{
	struct going *o;

	g->late_suspend = false;
	if (g->going != NULL)
		return;
	o = dm_qmp(g) == NULL ? NULL : calloc(1, sizeof(*o));
	if (o == NULL) {
		resume(g);
		return;
	}
	o->g = g;
	o->alone = g->op == OP_NONE;
	if (o->alone)
		g->op = OP_SAVE;
	uv_timer_init(g->core->loop, &o->deadline);
	o->deadline.data = o;
	uv_timer_start(&o->deadline, too_late, DEADLINE_S * 1000, 0);
	g->going = o;
	dm_go_on(g);
}

void
go_on_then(struct guest *g, void (*f)(void *arg), void *arg)
{
	if (g->going == NULL) {
		f(arg);
		return;
	}
	g->going->then = f;
	g->going->arg = arg;
}

void
go_on_forget(struct guest *g)
{
	if (g->going != NULL)
		close_going(g->going);
	g->going = NULL;
}
