/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The end of a domain. Xen gives memory back in slices, which the loop runs
 * between other work; then the domain is dying until the last page that others
 * have mapped is let go. A refused call is tried again: a domain is never
 * forgotten half destroyed.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dev.h"
#include "xld.h"
#include "xu_log.h"

/* Between looks at a dying domain; events usually come first. */
#define LOOK_MS	    50
/* After a refusal. */
#define RETRY_MS    200
/* After this others may keep it. */
#define PATIENCE_MS 10000

struct reap {
	struct core *core;
	struct xu_list all;
	uv_timer_t timer;
	int32_t domid;
	bool paused, killed, over;
	unsigned refusals;
	uint64_t killed_at;
	reap_f *f;
	void *arg;
};

static void
timer_closed(uv_handle_t *h)
{
	struct reap *r = h->data;

	free(r);
}

static void
over(struct reap *r)
{
	reap_f *f = r->f;
	void *arg = r->arg;

	if (r->over)
		return;
	r->over = true;
	dev_forget_complaints(r->core, r->domid);
	xu_list_remove(&r->all);
	uv_close((uv_handle_t *)&r->timer, timer_closed);
	if (f != NULL)
		f(arg);
}

static void turn(uv_timer_t *t);

static void
again(struct reap *r, uint64_t ms)
{
	uv_timer_start(&r->timer, turn, ms, 0);
}

static void
look(struct reap *r)
{
	struct xc_domaininfo info;

	if (xc_domain_getinfo(r->core->xch, (uint32_t)r->domid, &info) < 0 &&
	    errno == ESRCH) {
		over(r);
		return;
	}
	if (uv_now(r->core->loop) - r->killed_at < PATIENCE_MS) {
		again(r, LOOK_MS);
		return;
	}
	xu_log(XU_WARNING,
	    "domain %d: destroyed, but %llu pages of it are still in use by "
	    "another domain or process; Xen frees them when it lets go",
	    r->domid, (unsigned long long)info.tot_pages);
	over(r);
}

static void
refused(struct reap *r)
{
	if (errno == ESRCH) {
		over(r);
		return;
	}
	if (r->refusals++ % 50 == 0)
		xu_log(XU_ERROR, "domain %d: destroy: %s; trying again",
		    r->domid, xc_last_error(r->core->xch));
	again(r, RETRY_MS);
}

static void
turn(uv_timer_t *t)
{
	struct reap *r = t->data;
	int n;

	if (!r->paused) {
		/* A running domain would fill its memory again. */
		r->paused = true;
		xc_domain_pause(r->core->xch, (uint32_t)r->domid);
	}
	if (r->killed) {
		look(r);
		return;
	}
	n = xc_domain_destroy_step(r->core->xch, (uint32_t)r->domid);
	if (n < 0) {
		refused(r);
	} else if (n > 0) {
		again(r, 0);
	} else {
		r->killed = true;
		r->killed_at = uv_now(r->core->loop);
		look(r);
	}
}

void
reap(struct core *c, int32_t domid, reap_f *f, void *arg)
{
	struct reap *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		/* The slow way needs no memory. */
		if (xc_domain_destroy(c->xch, (uint32_t)domid) < 0)
			xu_log(XU_ERROR, "domain %d: destroy: %s", domid,
			    xc_last_error(c->xch));
		if (f != NULL)
			f(arg);
		return;
	}
	*r = (struct reap){ .core = c, .domid = domid, .f = f, .arg = arg };
	uv_timer_init(c->loop, &r->timer);
	r->timer.data = r;
	xu_list_append(&c->reaps, &r->all);
	again(r, 0);
}

void
reap_look(struct core *c)
{
	struct xu_list *l, *next;
	struct reap *r;

	LIST_FOREACH_SAFE(l, next, &c->reaps) {
		r = xu_container_of(l, struct reap, all);
		/* From the loop, so that nobody is called back from here. */
		if (r->killed)
			again(r, 0);
	}
}

bool
reap_pending(struct core *c, int32_t domid)
{
	struct xu_list *l;

	LIST_FOREACH(l, &c->reaps)
		if (xu_container_of(l, struct reap, all)->domid == domid)
			return true;
	return false;
}

void
reaps_close(struct core *c)
{
	struct reap *r;

	while (!xu_list_empty(&c->reaps)) {
		r = xu_container_of(c->reaps.next, struct reap, all);
		r->f = NULL;
		over(r);
	}
}
