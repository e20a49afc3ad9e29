/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The steps of a device's life; see dev.h. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dev.h"
#include "xu_log.h"

/* Steps that a backend makes while it is waited for, at most. */
#define WAIT_STEPS 4
/* Of one device's backend the log is told that often. */
#define TOLD_AGAIN_MS 60000

const struct dev_class *const dev_classes[] = { &vbd_class, &vif_class,
	&pci_class, NULL };

const char *
bus_state_word(unsigned state)
{
	static const char *const words[] = { "absent", "Initialising",
		"InitWait", "Initialised", "Connected", "Closing", "Closed",
		"Reconfiguring", "Reconfigured" };

	return state < XU_ARRAY_SIZE(words) ? words[state] : "unknown";
}

unsigned
dev_deadline_s(void)
{
	return env_seconds("XLD_DEVICE_TIMEOUT", DEV_DEADLINE_S);
}

struct dev *
dev_next(const struct dev_work *w, const struct dev *d)
{
	const struct xu_list *head = &w->guest->devs;

	if (w->only != NULL || d->all.next == head)
		return NULL;
	return xu_container_of(d->all.next, struct dev, all);
}

struct dev *
dev_first(const struct dev_work *w)
{
	const struct xu_list *head = &w->guest->devs;

	if (w->only != NULL)
		return w->only;
	return head->next == head ?
	    NULL : xu_container_of(head->next, struct dev, all);
}

void
dev_plug(struct dev_work *w, const char *word)
{
	DEV_EACH(d, w)
		dev_set(d, "plug", xu_str(word));
}

/* ---- waiting ---------------------------------------------------------------------- */

static void
deadline_closed(uv_handle_t *h)
{
	free(h);
}

void
dev_work_stop(struct dev_work *w)
{
	DEV_EACH(d, w)
		if (d->work == w)
			d->work = NULL;
	if (w->deadline != NULL)
		uv_close((uv_handle_t *)w->deadline, deadline_closed);
	w->deadline = NULL;
	w->reached = NULL;
	w->preparing = 0;
	w->modelling = false;
}

static void
wake(struct dev_work *w, const struct xu_err *e)
{
	dev_work_stop(w);
	w->resume(w->arg, e);
}

/* What a device did not do, what its backend was seen doing, and what it says. */
int
dev_failed(const struct dev *d, const char *code, const char *what,
    struct xu_err *e)
{
	char label[200], said[200];

	dev_complaint(d, said, sizeof(said));
	xu_err_set(e, code, 0,
	    "%s: %s; the backend in domain 0 is in state %u (%s)%s%s%s",
	    dev_label(d, label, sizeof(label)), what, d->back,
	    bus_state_word(d->back), said[0] != '\0' ? " and says: " : "",
	    said, d->back == BUS_INITIALISING ?
		"; is its module loaded in domain 0 (xen-blkback, "
		"xen-netback, xen-pciback)?" : "");
	xu_err_param(e, "%s", label);
	xu_err_param(e, "%s", what);
	return -1;
}

static void
too_late(uv_timer_t *t)
{
	struct dev_work *w = t->data;
	struct xu_err e = XU_ERR_INIT, ignored = XU_ERR_INIT;
	char what[200], why[160];

	DEV_EACH(d, w)
		if (d->work == w && !xu_err_is_set(&e)) {
			dev_look(d);
			if (w->reached(w, d, &ignored))
				continue;
			snprintf(why, sizeof(why), "%s", w->what);
			if (d->phase == DEV_ARRIVING &&
			    d->back >= BUS_INIT_WAIT && d->cls->awaits != NULL)
				d->cls->awaits(d, why, sizeof(why));
			snprintf(what, sizeof(what), "%s within %u s", why,
			    dev_deadline_s());
			dev_failed(d, "XLD_TIMEOUT", what, &e);
		}
	wake(w, xu_err_is_set(&e) ? &e : NULL);
}

static void
start_deadline(struct dev_work *w)
{
	uv_timer_start(w->deadline, too_late, dev_deadline_s() * 1000, 0);
}

/* 1: all are where they should be; 0: not yet. */
static int
look(struct dev_work *w, struct xu_err *e)
{
	int done = 1;

	DEV_EACH(d, w) {
		if (d->work != w)
			continue;
		if (!w->reached(w, d, e))
			done = 0;
		if (xu_err_is_set(e))
			return -1;
	}
	return done;
}

enum xu_step_result
dev_wait(struct dev_work *w,
    bool (*reached)(struct dev_work *w, struct dev *d, struct xu_err *e),
    const char *what, struct xu_err *e)
{
	int r;

	w->reached = reached;
	w->what = what;
	w->more = 0;
	DEV_EACH(d, w)
		if (d->phase != DEV_OFF) {
			w->more += WAIT_STEPS;
			d->work = w;
			dev_watch(d);
			dev_look(d);
		}
	r = look(w, e);
	if (r == 0) {
		w->deadline = calloc(1, sizeof(*w->deadline));
		if (w->deadline != NULL) {
			uv_timer_init(w->guest->core->loop, w->deadline);
			w->deadline->data = w;
			start_deadline(w);
			return XU_STEP_WAIT;
		}
		r = xu_err_set(e, "XLD_NO_MEMORY", ENOMEM, "wait for devices");
	}
	dev_work_stop(w);
	return r < 0 ? XU_STEP_FAIL : XU_STEP_NEXT;
}

/* The backend has closed, and the host has nothing of it any more. */
static bool
has_parted(struct dev *d, struct xu_err *e)
{
	/* Initialising: no backend has ever seen it. */
	if (d->back != BUS_CLOSED && d->back != BUS_NONE)
		return false;
	return d->cls->part == NULL || d->cls->part(d, e) != 0;
}

/* Its guest can close it, and open it again, as often as it likes. */
static void
tell_closed(struct dev *d)
{
	uint64_t now = uv_now(d->guest->core->loop);
	char label[200], said[200];

	if (d->told != 0 && now - d->told < TOLD_AGAIN_MS)
		return;
	d->told = now;
	dev_complaint(d, said, sizeof(said));
	xu_log(XU_NOTICE, "%s: the backend of %s has closed%s%s",
	    guest_name(d->guest), dev_label(d, label, sizeof(label)),
	    said[0] != '\0' ? ": " : "", said);
}

void
dev_changed(struct dev *d, unsigned before)
{
	struct xu_err e = XU_ERR_INIT;
	struct dev_work *w = d->work;
	int r;

	if (w != NULL && w->reached != NULL) {
		r = look(w, &e);
		if (r != 0)
			wake(w, r < 0 ? &e : NULL);
		else if (w->deadline != NULL && d->back != before &&
		    w->more > 0) {
			/* One after the other is progress, too. */
			w->more--;
			start_deadline(w);
		}
	} else if (w == NULL && d->phase == DEV_LEAVING) {
		if (has_parted(d, &e))
			dev_left(d);
	} else if (w == NULL && d->phase == DEV_ON && d->back != before &&
	    (d->back == BUS_CLOSED || d->back == BUS_NONE)) {
		tell_closed(d);
	} else if (w == NULL && d->phase == DEV_ON && d->cls->moved != NULL) {
		d->cls->moved(d);
	}
}

void
dev_interrupt(struct guest *g)
{
	struct dev_work all = { .guest = g }, *w;
	struct xu_err e = XU_ERR_INIT;

	do {
		w = NULL;
		DEV_EACH(d, &all)
			if (w == NULL)
				w = d->work;
		if (w == NULL)
			continue;
		xu_err_set(&e, "XLD_DEVICE", 0, "'%s' is being destroyed",
		    guest_name(g));
		wake(w, &e);
	} while (w != NULL);
}

/* ---- attach -------------------------------------------------------------------------- */

enum xu_step_result
dev_prepare(struct dev_work *w, struct xu_err *e)
{
	enum xu_step_result r;

	w->preparing = 0;
	DEV_EACH(d, w) {
		if (d->phase != DEV_OFF)
			continue;
		/* Before it has a domain: others must see that it is taken. */
		d->phase = DEV_ARRIVING;
		d->domid = NO_DOMID;
		d->work = w;
		r = d->cls->prepare(d, e);
		if (r == XU_STEP_FAIL) {
			dev_work_stop(w);
			dev_release(w);
			return XU_STEP_FAIL;
		}
		if (r == XU_STEP_WAIT)
			w->preparing++;
	}
	if (w->preparing > 0)
		return XU_STEP_WAIT;
	dev_work_stop(w);
	return XU_STEP_NEXT;
}

void
dev_prepared(struct dev *d, const struct xu_err *e)
{
	struct dev_work *w = d->work;

	if (w == NULL || w->preparing == 0)
		return;
	w->preparing--;
	if (e == NULL && w->preparing > 0)
		return;
	dev_work_stop(w);
	if (e != NULL)
		dev_release(w);
	w->resume(w->arg, e);
}

void
dev_release(struct dev_work *w)
{
	DEV_EACH(d, w) {
		if (d->phase == DEV_OFF)
			continue;
		d->cls->release(d);
		d->phase = DEV_OFF;
		d->domid = NO_DOMID;
	}
}

static int
grant(struct dev_work *w, struct xu_err *e)
{
	char label[200];

	DEV_EACH(d, w)
		if (d->phase == DEV_ARRIVING && d->cls->grant != NULL &&
		    d->cls->grant(d, e) < 0)
			return xu_err_add(e, "%s",
			    dev_label(d, label, sizeof(label)));
	return 0;
}

int
dev_publish(struct dev_work *w, struct xu_err *e)
{
	DEV_EACH(d, w)
		if (d->phase == DEV_ARRIVING) {
			d->domid = w->guest->domid;
			d->back = d->front = BUS_NONE;
			d->told = 0;
		}
	if (dev_first(w) == NULL ||
	    (grant(w, e) == 0 && dev_write(w, e) == 0))
		return 0;
	dev_withdraw(w);
	return -1;
}

void
dev_withdraw(struct dev_work *w)
{
	bool any = false;

	dev_work_stop(w);
	DEV_EACH(d, w) {
		any = any || d->phase != DEV_OFF;
		dev_unwatch(d);
	}
	dev_plug(w, "");
	if (any)
		dev_erase(w);
}

bool
dev_is_hidden(const struct dev *d)
{
	return d->cls->hidden != NULL && d->cls->hidden(d);
}

static bool
is_ready(struct dev_work *w XU_UNUSED, struct dev *d, struct xu_err *e)
{
	if (dev_is_hidden(d)) {
		d->phase = DEV_ON;
		return true;
	}
	if (d->back == BUS_CLOSING || d->back == BUS_CLOSED ||
	    d->back == BUS_NONE)
		dev_failed(d, "XLD_DEVICE", "the backend has refused it", e);
	if (d->back < BUS_INIT_WAIT || xu_err_is_set(e))
		return false;
	if (d->phase == DEV_ARRIVING && d->cls->join != NULL &&
	    d->cls->join(d, e) <= 0)
		return false;
	d->phase = DEV_ON;
	return true;
}

enum xu_step_result
dev_ready(struct dev_work *w, struct xu_err *e)
{
	return dev_wait(w, is_ready, "the backend has not taken it", e);
}

static bool
is_connected(struct dev_work *w, struct dev *d, struct xu_err *e)
{
	if (d->back == BUS_CLOSING || d->back == BUS_CLOSED ||
	    d->back == BUS_NONE)
		dev_failed(d, "XLD_DEVICE", "it was closed again", e);
	return w->enough || d->back == BUS_CONNECTED;
}

enum xu_step_result
dev_connect(struct dev_work *w, struct xu_err *e)
{
	return dev_wait(w, is_connected,
	    "the guest has not connected to it", e);
}

enum xu_step_result
dev_model(struct dev_work *w, bool in, struct xu_err *e)
{
	struct dev *d = w->only;
	enum xu_step_result r;

	if (d->cls->model == NULL || d->phase == DEV_OFF)
		return XU_STEP_NEXT;
	d->work = w;
	w->modelling = true;
	r = d->cls->model(d, in, e);
	if (r != XU_STEP_WAIT)
		dev_work_stop(w);
	return r;
}

void
dev_modelled(struct dev *d, const struct xu_err *e)
{
	if (d->work != NULL && d->work->modelling)
		wake(d->work, e);
}

/* ---- detach --------------------------------------------------------------------------- */

int
dev_ask(struct dev_work *w, bool force, struct xu_err *e)
{
	bool any = false;

	DEV_EACH(d, w)
		if (d->phase != DEV_OFF && d->domid >= 0) {
			any = true;
			d->phase = DEV_LEAVING;
		}
	return any ? dev_write_closing(w, force, e) : 0;
}

static bool
is_closed(struct dev_work *w XU_UNUSED, struct dev *d, struct xu_err *e)
{
	return has_parted(d, e);
}

enum xu_step_result
dev_closed(struct dev_work *w, struct xu_err *e)
{
	return dev_wait(w, is_closed, "it is not closed", e);
}

void
dev_off(struct dev_work *w)
{
	dev_withdraw(w);
	dev_release(w);
}
