/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Samples: one pass for the host and all guests every RRD_STEP seconds, while there
 * is somebody who wants them. Xen is asked once for all domains and once for each
 * vCPU, the kernel for each device, the store for many guests at a time.
 */
#include "config.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sampled.h"
#include "vbd.h"
#include "vif.h"
#include "xu_log.h"
#include "xu_num.h"

#define STEP_MS (RRD_STEP * UINT64_C(1000))
/* Behind the step's end, so that the pass never comes just before it. */
#define BEHIND_MS 20
/* How much more than a guest the host may have. */
#define HOST_GUESTS 8
#define CPUS_MAX    1024
#define MINUTES_MAX 525600
/* Guests that the store is asked for at once. */
#define TOGETHER 64

const struct figure_row figure_rows[FIGURES] = {
#define ROW(id, name, units, derived, most, doc)                               \
	[FIGURE_##id] = { name, units, doc, derived, most },
	RRD_HOST_SOURCES(ROW) RRD_VM_SOURCES(ROW)
#undef ROW
};

static int64_t
clock_ms(void)
{
	struct timespec t = { .tv_sec = 0 };

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- settings ----------------------------------------------------------------------- */

static const char *
setting(const struct xu_val *conf)
{
	return xu_val_str(xu_val_at(xu_val_get(conf, "rrd_minutes"), 0));
}

static bool
is_always(const struct core *c)
{
	return strcmp(setting(c->conf), "always") == 0;
}

static bool
is_never(const struct core *c)
{
	return strcmp(setting(c->conf), "never") == 0;
}

/* 0: it is a word. */
static uint64_t
minutes(const struct xu_val *conf)
{
	uint64_t n = 0;

	return xu_num_u64(setting(conf), 10, MINUTES_MAX, &n) ? n : 0;
}

int
sampled_check(const struct xu_val *conf, struct xu_err *e)
{
	const char *s = setting(conf);

	if (minutes(conf) > 0 || strcmp(s, "always") == 0 ||
	    strcmp(s, "never") == 0)
		return 0;
	return xu_err_set(e, "XLD_CONFIG", 0, "rrd_minutes = %s: a number from "
	    "1 to %d, always, or never", s, MINUTES_MAX);
}

static size_t
most_sources(const struct core *c)
{
	return (size_t)xu_val_get_int(c->conf, "rrd_guest_kib", 0) * 1024 /
	    RRD_SOURCE_MOST;
}

/* ---- one sample ------------------------------------------------------------------------ */

/* The row's name with what it is about in its place. */
static void
name_of(enum figure id, const char *about, char out[2 * RRD_NAME])
{
	const char *name = figure_rows[id].name, *hole = strstr(name, "%s");

	if (hole == NULL)
		snprintf(out, 2 * RRD_NAME, "%s", name);
	else
		snprintf(out, 2 * RRD_NAME, "%.*s%s%s", (int)(hole - name),
		    name, about, hole + 2);
}

static void
put(struct rrd *r, enum figure id, const char *about, double value)
{
	const struct figure_row *row = &figure_rows[id];
	struct rrd_source *s;
	char name[2 * RRD_NAME];

	name_of(id, about, name);
	s = rrd_find(r, name);
	if (s == NULL)
		s = rrd_add(r, name, (uint16_t)id, row->derived, row->most);
	if (s != NULL)
		s->sample = value;
	else if (!r->full)
		xu_log(XU_NOTICE, "%s is not recorded: %s", name,
		    errno == ENOSPC ? "there is no more room (rrd_guest_kib)" :
				      strerror(errno));
	/* That is said once. */
	r->full = r->full || s == NULL;
}

static void
put_numbered(struct rrd *r, enum figure id, uint32_t number, double value)
{
	char text[12];

	snprintf(text, sizeof(text), "%u", number);
	put(r, id, text, value);
}

/* ---- guests ------------------------------------------------------------------------------- */

static void
take_device(struct rrd *r, const struct dev *d)
{
	const char *device = xu_val_get_str(dev_entry(d), "device", "");
	struct net_link l = { .rx_bytes = 0 };
	char name[IFNAMSIZ];

	if (d->phase == DEV_OFF)
		return;
	if (d->cls == &vif_class) {
		vif_name(d, name);
		if (net_link_get(d->guest->core, name, &l) < 0)
			return;
		/* What the backend sends the guest receives. */
		put_numbered(r, FIGURE_VM_VIF_RX, d->id, (double)l.tx_bytes);
		put_numbered(r, FIGURE_VM_VIF_TX, d->id, (double)l.rx_bytes);
	} else if (d->cls == &vbd_class) {
		put(r, FIGURE_VM_VBD_READ, device,
		    (double)vbd_bytes(d, "rd_sect"));
		put(r, FIGURE_VM_VBD_WRITE, device,
		    (double)vbd_bytes(d, "wr_sect"));
		put(r, FIGURE_VM_VBD_IOPS_READ, device,
		    (double)vbd_count(d, "rd_req"));
		put(r, FIGURE_VM_VBD_IOPS_WRITE, device,
		    (double)vbd_count(d, "wr_req"));
	}
}

static void
take_memory(struct rrd *r, const struct store_memory *m)
{
	put(r, FIGURE_VM_MEMORY, "",
	    (double)(m->guest->info.tot_pages << 12));
	if (m->target > 0)
		put(r, FIGURE_VM_MEMORY_TARGET, "", (double)m->target * 1024);
	/* The guest's word. */
	if (m->unused >= 0 && !guest_is_control(m->guest))
		put(r, FIGURE_VM_MEMORY_FREE, "", (double)m->unused);
}

static void
take_guest(const struct store_memory *m)
{
	struct guest *g = m->guest;
	struct xc_vcpuinfo v;
	struct xu_list *l;
	int64_t now;

	if (g->rrd == NULL)
		g->rrd = rrd_new(clock_ms() - 1, most_sources(g->core));
	if (g->rrd == NULL)
		return;
	g->rrd->most_sources = most_sources(g->core);
	if (g->rrd_domid != g->domid)
		rrd_restart(g->rrd);
	g->rrd_domid = g->domid;
	now = clock_ms();
	for (uint32_t i = 0; i <= g->info.max_vcpu_id && i < CPUS_MAX; i++)
		if (xc_vcpu_getinfo(g->core->xch, (uint32_t)g->domid, i, &v) == 0)
			put_numbered(g->rrd, FIGURE_VM_CPU, i,
			    (double)v.cpu_time / 1e9);
	take_memory(g->rrd, m);
	LIST_FOREACH(l, &g->devs)
		take_device(g->rrd, xu_container_of(l, struct dev, all));
	rrd_update(g->rrd, now);
}

static void
take_guests(struct core *c, struct store_memory *all, size_t n)
{
	store_read_memory(c, all, n);
	for (size_t i = 0; i < n; i++)
		take_guest(&all[i]);
}

static bool
is_there(const struct guest *g)
{
	return g->domid >= 0 && (g->info.flags & XC_DOMINF_DYING) == 0;
}

void
sampled_guest(struct guest *g)
{
	if (g->rrd == NULL && is_there(g))
		take_guests(g->core, &(struct store_memory) { .guest = g }, 1);
}

/* ---- the host -------------------------------------------------------------------------------- */

/* Seconds that each processor has not been idle, of those since the host's start. */
static void
take_processors(struct rrd *r, struct core *c)
{
	uint64_t *idle = calloc(CPUS_MAX, sizeof(*idle));
	const double up = (double)uv_hrtime();
	double all = 0;
	int n = idle == NULL ? 0 : xc_cpu_idle_times(c->xch, idle, CPUS_MAX);

	for (int i = 0; i < n; i++) {
		put_numbered(r, FIGURE_HOST_CPU, (uint32_t)i,
		    (up - (double)idle[i]) / 1e9);
		all += (up - (double)idle[i]) / 1e9;
	}
	if (n > 0)
		put(r, FIGURE_HOST_CPU_AVG, "", all / n);
	free(idle);
}

static void
take_cards(struct rrd *r, struct core *c)
{
	struct net_link l;
	size_t pos = 0;
	void *pif;

	pif_ops.refresh(c);
	while ((pif = pif_ops.next(c, &pos)) != NULL) {
		const char *name = pif_link_name(pif);

		if (net_link_get(c, name, &l) < 0)
			continue;
		put(r, FIGURE_HOST_PIF_RX, name, (double)l.rx_bytes);
		put(r, FIGURE_HOST_PIF_TX, name, (double)l.tx_bytes);
	}
}

static void
take_host(struct sampled *s)
{
	struct core *c = s->core;
	int64_t now = clock_ms();
	struct xc_physinfo p;
	double load;

	if (s->host == NULL)
		s->host = rrd_new(now - 1, HOST_GUESTS * most_sources(c));
	if (s->host == NULL)
		return;
	take_processors(s->host, c);
	if (xc_physinfo(c->xch, &p) == 0) {
		put(s->host, FIGURE_HOST_MEMORY_TOTAL, "",
		    (double)p.total_pages * 4);
		put(s->host, FIGURE_HOST_MEMORY_FREE, "",
		    (double)host_free_pages(&p) * 4);
	}
	if (getloadavg(&load, 1) == 1)
		put(s->host, FIGURE_HOST_LOADAVG, "", load);
	take_cards(s->host, c);
	rrd_update(s->host, now);
}

/* ---- passes -------------------------------------------------------------------------------------- */

static void
pass(struct sampled *s)
{
	struct store_memory some[TOGETHER];
	struct xu_list *l;
	size_t n = 0;

	scan(s->core);
	s->last = clock_ms();
	take_host(s);
	LIST_FOREACH(l, &s->core->guests) {
		some[n].guest = xu_container_of(l, struct guest, all);
		if (is_there(some[n].guest) && ++n == TOGETHER) {
			take_guests(s->core, some, n);
			n = 0;
		}
	}
	take_guests(s->core, some, n);
}

static void on_time(uv_timer_t *t);

static void
arm(struct sampled *s)
{
	uint64_t now = (uint64_t)clock_ms();

	uv_timer_start(&s->timer, on_time,
	    STEP_MS - now % STEP_MS + BEHIND_MS, 0);
}

static void
stop(struct sampled *s, const char *why)
{
	uv_timer_stop(&s->timer);
	if (s->running)
		xu_log(XU_INFO, "figures are not sampled any more: %s", why);
	s->running = false;
}

static void
start(struct sampled *s)
{
	xu_log(XU_INFO, "figures are sampled from now on, every %d s", RRD_STEP);
	s->running = true;
	pass(s);
	arm(s);
}

static void
on_time(uv_timer_t *t)
{
	struct sampled *s = t->data;
	const uint64_t idle = uv_now(s->core->loop) - s->asked;

	if (!is_always(s->core) &&
	    idle >= minutes(s->core->conf) * UINT64_C(60000)) {
		stop(s, "nobody asks for them");
		return;
	}
	pass(s);
	arm(s);
}

static struct sampled *
sampled_of(struct core *c, struct xu_err *e)
{
	struct sampled *s = c->sampled;

	if (s == NULL && (s = calloc(1, sizeof(*s))) != NULL) {
		s->core = c;
		uv_timer_init(c->loop, &s->timer);
		s->timer.data = s;
		c->sampled = s;
	}
	if (s == NULL)
		xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "sample figures");
	return s;
}

struct sampled *
sampled_ask(struct core *c, struct xu_err *e)
{
	struct sampled *s;

	if (is_never(c)) {
		xu_err_set(e, XE(OPERATION_NOT_ALLOWED), 0,
		    "this host records no figures: xld.conf has rrd_minutes = "
		    "never");
		return NULL;
	}
	s = sampled_of(c, e);
	if (s == NULL)
		return NULL;
	s->asked = uv_now(c->loop);
	if (!s->running)
		start(s);
	return s;
}

static void
forget_all(struct sampled *s)
{
	struct xu_list *l;

	rrd_free(&s->host);
	LIST_FOREACH(l, &s->core->guests)
		rrd_free(&xu_container_of(l, struct guest, all)->rrd);
}

void
sampled_settings(struct core *c)
{
	struct sampled *s = c->sampled;
	struct xu_err e = XU_ERR_INIT;

	if (is_always(c) && (s == NULL || !s->running)) {
		if (sampled_ask(c, &e) == NULL)
			xu_log_err(XU_ERROR, &e);
	} else if (is_never(c) && s != NULL) {
		stop(s, "rrd_minutes is never");
		forget_all(s);
	}
}

void
sampled_close(struct core *c)
{
	if (c->sampled == NULL)
		return;
	uv_timer_stop(&c->sampled->timer);
	rrd_free(&c->sampled->host);
}
