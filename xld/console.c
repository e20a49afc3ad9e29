/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The console keeper: takes every guest's output from its ring (and its serial
 * line, console_serial.c) from the first byte on, keeps the newest 64 KiB,
 * writes the guest's log file and serves any number of viewers, each with a
 * position in what is kept: a slow viewer loses the oldest and holds up nobody.
 * A guest that floods is read at a bounded rate; its ring fills and it waits.
 *
 * The ring is the guest's memory: indexes are read once and checked
 * (xen/include/public/io/console.h).
 */
#include "config.h"

#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <xen/io/console.h>

#include "console.h"
#include "xu_file.h"
#include "xu_log.h"
#include "xu_proc.h"

/* Between two looks for guests that are silent. */
#define SILENCE_MS 10000

static void pump(struct console *s);

/* ---- guests that are silent ------------------------------------------------------- */

/* One look for all of them, and none while nobody has said anything. */
static void
look_around(uv_timer_t *t)
{
	struct core *c = t->data;
	bool again = false, less = false;
	struct xu_list *l;
	struct console *s;

	LIST_FOREACH(l, &c->guests) {
		s = xu_container_of(l, struct guest, all)->console;
		if (s == NULL)
			continue;
		if (s->spoke)
			again = true;
		else if (console_log_rest(s))
			less = true;
		s->spoke = false;
	}
	/* Whole pages between what is still there. */
	if (less)
		malloc_trim(0);
	if (again)
		uv_timer_start(t, look_around, SILENCE_MS, 0);
}

/* Its history is in memory until it has been silent for a while. */
static void
rouse(struct console *s)
{
	uv_timer_t *t = &s->guest->core->silence_timer;

	s->spoke = true;
	if (!uv_is_active((uv_handle_t *)t))
		uv_timer_start(t, look_around, SILENCE_MS, 0);
}

/* ---- viewers --------------------------------------------------------------------- */

static void
viewer_closed(uv_handle_t *h)
{
	struct viewer *v = h->data;

	close(v->fd);
	free(v);
}

static void
viewer_drop(struct viewer *v)
{
	v->console->nviewers--;
	xu_list_remove(&v->all);
	uv_poll_stop(&v->poll);
	uv_close((uv_handle_t *)&v->poll, viewer_closed);
}

static void viewer_ready(uv_poll_t *h, int status, int events);

/* What it waits for: room to write while it is behind; input while the guest
 * has room for it. */
static void
viewer_watch(struct viewer *v)
{
	struct console *s = v->console;
	int events = UV_DISCONNECT;

	if (v->at < s->said.total)
		events |= UV_WRITABLE;
	if (s->in_len < sizeof(s->in))
		events |= UV_READABLE;
	if (events != v->events)
		uv_poll_start(&v->poll, v->events = events, viewer_ready);
}

/* -1: it is gone. */
static int
viewer_send(struct viewer *v)
{
	const struct history *h = &v->console->said;
	const char *p;
	size_t n;
	ssize_t r;

	if (v->at < h->from)
		v->at = h->from;
	while (v->at < h->total) {
		n = history_piece(h, v->at, &p);
		r = send(v->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (r < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (r <= 0)
			return -1;
		v->at += (uint64_t)r;
	}
	return 0;
}

/* -1: it is gone. */
static int
viewer_read(struct viewer *v)
{
	struct console *s = v->console;
	char scratch[256];
	char *to = v->readonly ? scratch : s->in + s->in_len;
	size_t room = v->readonly ? sizeof(scratch) : sizeof(s->in) - s->in_len;
	ssize_t r;

	if (room == 0)
		return 0;
	r = recv(v->fd, to, room, MSG_DONTWAIT);
	if (r < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (r == 0)
		return -1;
	if (!v->readonly)
		s->in_len += (size_t)r;
	return 0;
}

static void
viewer_ready(uv_poll_t *h, int status, int events)
{
	struct viewer *v = h->data;
	struct console *s = v->console;

	if (status < 0 ||
	    ((events & UV_READABLE) != 0 && viewer_read(v) < 0) ||
	    ((events & UV_WRITABLE) != 0 && viewer_send(v) < 0) ||
	    (events & (UV_READABLE | UV_DISCONNECT)) == UV_DISCONNECT)
		viewer_drop(v);
	else
		viewer_watch(v);
	if (s->in_len > 0)
		pump(s);
}

void
console_feed(struct console *s)
{
	struct xu_list *l, *next;
	struct viewer *v;

	LIST_FOREACH_SAFE(l, next, &s->viewers) {
		v = xu_container_of(l, struct viewer, all);
		if (viewer_send(v) < 0)
			viewer_drop(v);
		else
			viewer_watch(v);
	}
}

static int
refuse_viewer(const struct guest *g, struct xu_err *e)
{
	const char *why = "the daemon is out of memory or descriptors";

	if (g->console == NULL)
		why = g->foreign ?
		    "another toolstack made the domain and keeps its console" :
		    "it has not run yet";
	else if (g->console->nviewers >= CONSOLE_VIEWERS)
		why = "it has as many viewers as are allowed";
	xu_err_set(e, "XLD_CONSOLE", 0, "the console of '%s': %s",
	    guest_name(g), why);
	xu_err_param(e, "%s", why);
	return -1;
}

int
console_open(struct guest *g, bool history, bool readonly, struct xu_err *e)
{
	struct console *s = g->console;
	struct viewer *v = calloc(1, sizeof(*v));
	int sv[2];

	if (s == NULL || s->nviewers >= CONSOLE_VIEWERS || v == NULL ||
	    xu_socketpair(sv, true) < 0) {
		free(v);
		return refuse_viewer(g, e);
	}
	if (uv_poll_init(g->core->loop, &v->poll, sv[0]) != 0) {
		close(sv[0]);
		close(sv[1]);
		free(v);
		return xu_err_set(e, "XLD_CONSOLE", 0,
		    "the console of %s cannot be opened", guest_name(g));
	}
	v->poll.data = v;
	v->console = s;
	v->fd = sv[0];
	v->readonly = readonly;
	if (history) {
		console_log_recall(s);
		rouse(s);
	}
	v->at = history ? s->said.from : s->said.total;
	xu_list_append(&s->viewers, &v->all);
	s->nviewers++;
	viewer_watch(v);
	return sv[1];
}

struct xu_val *
console_history(const struct guest *g)
{
	struct console *s = g->console;
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	uint64_t at;
	const char *p;
	size_t n;

	if (s == NULL)
		return xu_str("");
	console_log_recall(s);
	for (at = s->said.from; at < s->said.total; at += n) {
		n = history_piece(&s->said, at, &p);
		xu_buf_add(&b, p, n);
	}
	rouse(s);
	return b.error != 0 ? NULL : xu_strn(xu_buf_text(&b), b.len);
}

void
consoles_reopen(struct core *c)
{
	struct xu_list *l;
	struct guest *g;

	LIST_FOREACH(l, &c->guests) {
		g = xu_container_of(l, struct guest, all);
		if (g->console != NULL)
			console_log_reopen(g->console);
	}
}

void
console_take(struct console *s, const char *data, size_t n)
{
	if (n == 0)
		return;
	console_log_add(s, data, n);
	s->budget += n;
	rouse(s);
}

/* ---- the ring --------------------------------------------------------------------------- */

/* The guest's output; returns how much. */
static size_t
take_output(struct console *s)
{
	struct xencons_interface *r = s->ring;
	XENCONS_RING_IDX cons = r->out_cons;
	XENCONS_RING_IDX prod = __atomic_load_n(&r->out_prod, __ATOMIC_ACQUIRE);
	char data[sizeof(r->out)];
	size_t n = prod - cons;

	/* Nonsense of the guest: nothing of it can be trusted. */
	if (n > sizeof(r->out)) {
		__atomic_store_n(&r->out_cons, prod, __ATOMIC_RELEASE);
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		data[i] = __atomic_load_n(
		    &r->out[MASK_XENCONS_IDX(cons + i, r->out)],
		    __ATOMIC_RELAXED);
	__atomic_store_n(&r->out_cons, prod, __ATOMIC_RELEASE);
	console_take(s, data, n);
	return n;
}

/* Input for the guest; returns how much. */
static size_t
give_input(struct console *s)
{
	struct xencons_interface *r = s->ring;
	XENCONS_RING_IDX prod = r->in_prod;
	XENCONS_RING_IDX cons = __atomic_load_n(&r->in_cons, __ATOMIC_ACQUIRE);
	size_t used = prod - cons, n;

	if (used > sizeof(r->in))
		return 0;
	n = sizeof(r->in) - used;
	if (n > s->in_len)
		n = s->in_len;
	for (size_t i = 0; i < n; i++)
		r->in[MASK_XENCONS_IDX(prod + i, r->in)] = s->in[i];
	__atomic_store_n(&r->in_prod, prod + (XENCONS_RING_IDX)n,
	    __ATOMIC_RELEASE);
	s->in_len -= n;
	memmove(s->in, s->in + n, s->in_len);
	return n;
}

/* Everything that can move now, both ways. */
static void
pump(struct console *s)
{
	size_t out = 0, in = 0;

	if (s->ring != NULL) {
		out = take_output(s);
		if (out > 0)
			console_spoke(s, true);
	}
	if (s->serial != NULL && !s->guest->on_ring)
		console_serial_give(s);
	else if (s->ring != NULL)
		in = give_input(s);
	else
		/* Nobody is there to read it. */
		s->in_len = 0;
	if (out > 0 || in > 0)
		xc_evtchn_notify(s->guest->core->ev, s->port);
	console_feed(s);
}

/* A record for each period at most, however often it changes its mind. */
static void
note_ring(struct console *s)
{
	struct xu_err e = XU_ERR_INIT;

	s->moved = false;
	if (record_domain(s->guest, &e) < 0)
		xu_log_err(XU_WARNING, &e);
}

void
console_spoke(struct console *s, bool ring)
{
	if (s->guest->on_ring == ring)
		return;
	s->guest->on_ring = ring;
	/* Without a serial line it makes no difference. */
	if (s->serial == NULL)
		return;
	s->moved = true;
	console_share(s);
}

static void
budget_over(uv_timer_t *t)
{
	struct console *s = t->data;

	s->budget = 0;
	if (s->moved)
		note_ring(s);
	if (s->masked && s->ring != NULL) {
		s->masked = false;
		pump(s);
		xc_evtchn_unmask(s->guest->core->ev, s->port);
	}
	console_serial_resume(s);
}

void
console_share(struct console *s)
{
	if (!uv_is_active((uv_handle_t *)&s->timer))
		uv_timer_start(&s->timer, budget_over, CONSOLE_BUDGET_MS, 0);
}

static void
fired(struct console *s)
{
	pump(s);
	/* Left masked, the guest goes on when the period is over. */
	if (s->budget < CONSOLE_BUDGET)
		xc_evtchn_unmask(s->guest->core->ev, s->port);
	else
		s->masked = true;
	console_share(s);
}

static void
events_ready(uv_poll_t *h, int status XU_UNUSED, int events XU_UNUSED)
{
	struct core *c = h->data;
	uint32_t ports[64];
	struct console *s;
	size_t pos = 0;
	int n;

	while ((n = xc_evtchn_pending(c->ev, ports, XU_ARRAY_SIZE(ports))) > 0)
		for (int i = 0; i < n; i++) {
			s = xu_map_get_u64(c->consoles, ports[i]);
			if (s != NULL)
				fired(s);
		}
	/* The kernel could not note all: any may have fired. */
	if (n < 0 && errno == EFBIG)
		while ((s = xu_map_next(c->consoles, &pos)) != NULL)
			fired(s);
}

/* ---- coming and going ---------------------------------------------------------------------- */

int
consoles_open(struct core *c, struct xu_err *e)
{
	c->consoles = xu_map_new();
	c->ev = xc_evtchn_open();
	if (c->ev == NULL || c->consoles == NULL)
		return xu_err_set(e, "XLD_NO_XEN", errno,
		    "open /dev/xen/evtchn (is the module xen-evtchn loaded?)");
	if (xu_mkdirs(XLD_CONSOLEDIR, 0700, e) < 0)
		return -1;
	if (uv_poll_init(c->loop, &c->ev_poll, xc_evtchn_fd(c->ev)) != 0)
		return xu_err_set(e, "INTERNAL_ERROR", 0,
		    "the event loop refuses /dev/xen/evtchn");
	c->ev_poll.data = c;
	uv_timer_init(c->loop, &c->silence_timer);
	c->silence_timer.data = c;
	uv_poll_start(&c->ev_poll, UV_READABLE, events_ready);
	return 0;
}

void
consoles_close(struct core *c)
{
	if (c->ev == NULL)
		return;
	uv_poll_stop(&c->ev_poll);
	uv_timer_stop(&c->silence_timer);
	xc_evtchn_close(c->ev);
	xu_map_free(&c->consoles);
}

static struct console *
console_new(struct guest *g, bool old_lines)
{
	struct console *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->guest = g;
	s->log = -1;
	xu_list_init(&s->viewers);
	uv_timer_init(g->core->loop, &s->timer);
	s->timer.data = s;
	console_log_open(s, old_lines);
	return s;
}

int
console_attach(struct guest *g, bool adopted, struct xu_err *e)
{
	struct core *c = g->core;
	struct console *s = g->console;
	int port;

	if (s == NULL)
		s = g->console = console_new(g, adopted);
	if (s == NULL)
		return xu_err_set(e, "XLD_NO_MEMORY", ENOMEM,
		    "keep the console");
	s->ring = xc_map_foreign(c->xch, (uint32_t)g->domid,
	    PROT_READ | PROT_WRITE, &g->console_frame, NULL, 1);
	if (s->ring == NULL)
		return xen_fail(c, e, "map the console");
	port = xc_evtchn_bind_interdomain(c->ev, (uint32_t)g->domid,
	    g->console_port);
	if (port < 0 ||
	    xu_map_put_u64(c->consoles, (uint64_t)port, s) < 0) {
		xu_err_set(e, "XLD_CONSOLE", errno,
		    "bind the console's event channel %u", g->console_port);
		xu_err_param(e, "event channel");
		if (port >= 0)
			xc_evtchn_unbind(c->ev, (uint32_t)port);
		xc_unmap_foreign(c->xch, s->ring, 1);
		s->ring = NULL;
		return -1;
	}
	s->port = (uint32_t)port;
	pump(s);
	return 0;
}

void
console_detach(struct guest *g)
{
	struct core *c = g->core;
	struct console *s = g->console;

	if (s == NULL)
		return;
	console_serial_close(s);
	if (s->ring == NULL)
		return;
	pump(s);
	xu_map_del_u64(c->consoles, s->port);
	xc_evtchn_unbind(c->ev, s->port);
	xc_unmap_foreign(c->xch, s->ring, 1);
	uv_timer_stop(&s->timer);
	s->ring = NULL;
	s->masked = false;
	s->budget = 0;
	s->in_len = 0;
}

static void
console_closed(uv_handle_t *h)
{
	struct console *s = h->data;

	free(s);
}

void
console_free(struct guest *g)
{
	struct console *s = g->console;
	struct viewer *v;

	if (s == NULL)
		return;
	console_detach(g);
	while (!xu_list_empty(&s->viewers)) {
		v = xu_container_of(s->viewers.next, struct viewer, all);
		viewer_send(v);
		viewer_drop(v);
	}
	console_log_close(s);
	history_free(&s->said);
	g->console = NULL;
	uv_close((uv_handle_t *)&s->timer, console_closed);
}
