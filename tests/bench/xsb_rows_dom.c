/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The k-th domain: a toolstack makes a guest (49 operations in two
 * transactions, 38 nodes), the guest connects and sets ten watches, a backend
 * reports. All guests before it stay connected.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xsb.h"

enum { AROUND = 20, WATCHES = 10 };

static void
set_perms(struct xb_conn *c, uint32_t tx, const char *path, const char *perm)
{
	char req[300];
	int n = snprintf(req, sizeof(req), "%s%c%s", path, 0, perm);
	struct xb_msg m;

	xb_put_raw(c, XS_SET_PERMS, tx, req, (size_t)n + 1);
	xb_flush(c);
	xb_reply(c, &m);
	xb_must(&m);
}

static void
make_dir(struct xb_conn *c, uint32_t tx, const char *path, const char *perm)
{
	xb_ok(c, XS_MKDIR, tx, path, NULL);
	set_perms(c, tx, path, perm);
}

static void
make_home(struct xb_conn *c, unsigned k, const char *perm)
{
	static const char *const dirs[] = { "", "/control", "/data", "/memory",
		"/device", "/device/vbd", "/device/vif", "/console", "/store" };
	static const char *const leaves[] = { "name", "domid", "vm",
		"memory/target", "memory/static-max", "console/ring-ref",
		"console/port", "console/limit", "store/ring-ref",
		"store/port" };
	uint32_t tx = xb_start(c);
	size_t i;

	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		make_dir(c, tx, XB_NAME("/local/domain/%u%s", k, dirs[i]),
		    perm);
	for (i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
		xb_ok(c, XS_WRITE, tx,
		    XB_NAME("/local/domain/%u/%s", k, leaves[i]), "value");
	if (!xb_end(c, tx))
		xb_die("a lone transaction met EAGAIN");
}

static void
make_device(struct xb_conn *c, unsigned k, const char *perm)
{
	static const char *const front[] = { "backend", "backend-id", "state",
		"virtual-device", "device-type", "handle" };
	static const char *const back[] = { "frontend", "frontend-id", "state",
		"online", "params", "mode", "dev", "type", "physical-device",
		"removable", "bootable" };
	const char *f = XB_NAME("/local/domain/%u/device/vbd/51712", k);
	const char *b = XB_NAME("/local/domain/0/backend/vbd/%u/51712", k);
	uint32_t tx = xb_start(c);
	size_t i;

	make_dir(c, tx, f, perm);
	make_dir(c, tx, b, "n0");
	for (i = 0; i < sizeof(front) / sizeof(front[0]); i++)
		xb_ok(c, XS_WRITE, tx, XB_NAME("%s/%s", f, front[i]), "1");
	for (i = 0; i < sizeof(back) / sizeof(back[0]); i++)
		xb_ok(c, XS_WRITE, tx, XB_NAME("%s/%s", b, back[i]), "1");
	if (!xb_end(c, tx))
		xb_die("a lone transaction met EAGAIN");
}

/* Ten watches of a guest that has just connected. */
static void
set_watches(struct xb_conn *c, unsigned k)
{
	static const char *const nodes[WATCHES] = { "control/shutdown",
		"memory/target", "device/vbd", "device/vif", "control/sysrq",
		"device/vbd/51712/state", "device/vbd/51712/backend", "data",
		"console", "store" };
	struct xb_msg m;
	char req[300];
	int i, n;

	for (i = 0; i < WATCHES; i++) {
		n = snprintf(req, sizeof(req), "/local/domain/%u/%s%c%d", k,
		    nodes[i], 0, i);
		xb_put_raw(c, XS_WATCH, 0, req, (size_t)n + 1);
		xb_flush(c);
		xb_reply(c, &m);
		xb_must(&m);
	}
}

struct guests {
	unsigned n;
	struct xb_hv *hv; /* NULL: guests are sockets */
	struct xb_conn *tool, **v;
	uint64_t *made, *up, *state, *all; /* ns each took */
};

static void
guests_init(struct guests *g, struct xb_hv *hv)
{
	g->n = xb_opt.n != 0 ? (unsigned)xb_opt.n : 2000;
	g->hv = hv;
	g->tool = xb_connect(xb_opt.socket);
	g->v = calloc(g->n, sizeof(struct xb_conn *));
	g->made = calloc(g->n, sizeof(uint64_t));
	g->up = calloc(g->n, sizeof(uint64_t));
	g->state = calloc(g->n, sizeof(uint64_t));
	g->all = calloc(g->n, sizeof(uint64_t));
	if (g->v == NULL || g->made == NULL || g->up == NULL ||
	    g->state == NULL || g->all == NULL)
		xb_die("no memory");
}

static void
guests_fini(struct guests *g)
{
	unsigned k;

	for (k = 0; k < g->n; k++)
		xb_close(g->v[k]);
	xb_close(g->tool);
	free(g->v);
	free(g->made);
	free(g->up);
	free(g->state);
	free(g->all);
}

static void
guests_add(struct guests *g, unsigned i)
{
	unsigned k = i + 1;
	const char *perm = g->hv != NULL ? XB_NAME("n%u", k) : "n0";
	uint64_t start, t;

	if (g->hv != NULL)
		xb_hv_add(g->hv, k);
	start = t = xb_now();
	make_home(g->tool, k, perm);
	make_device(g->tool, k, perm);
	g->made[i] = xb_now() - t;
	t = xb_now();
	if (g->hv != NULL) {
		g->v[i] = xb_ring(g->hv, k);
		xb_introduce(g->tool, k);
	} else {
		g->v[i] = xb_connect(xb_opt.socket);
	}
	set_watches(g->v[i], k);
	g->up[i] = xb_now() - t;
	t = xb_now();
	xb_ok(g->tool, XS_WRITE, 0,
	    XB_NAME("/local/domain/0/backend/vbd/%u/51712/state", k), "4");
	g->state[i] = xb_now() - t;
	g->all[i] = xb_now() - start;
	while (xb_fill(g->v[i], false))
		g->v[i]->in_off = g->v[i]->in_end;
}

static void
emit_window(const char *name, unsigned k, const uint64_t *ns, unsigned from,
    unsigned to)
{
	struct xb_samples s = { 0 };

	for (; from < to; from++)
		xb_sample(&s, ns[from]);
	xb_emit(XB_NAME("%s_%u", name, k), xb_percentile(&s, 0.5) / 1e6, "ms");
	xb_samples_fini(&s);
}

/* The median of the twenty up to the k-th, at the first of those after. */
static void
emit_curve(const struct guests *g, const char *prefix)
{
	static const unsigned at[] = { 1, 100, 500, 1000, 2000 };
	unsigned from, to;
	size_t i;

	for (i = 0; i < sizeof(at) / sizeof(at[0]) && at[i] <= g->n; i++) {
		from = at[i] > AROUND ? at[i] - AROUND : 0;
		to = from + AROUND < g->n ? from + AROUND : g->n;
		emit_window(XB_NAME("%screate", prefix), at[i], g->made, from,
		    to);
		emit_window(XB_NAME("%sconnect", prefix), at[i], g->up, from,
		    to);
		emit_window(XB_NAME("%sstate", prefix), at[i], g->state, from,
		    to);
	}
}

void
row_domains(void)
{
	struct guests g;
	unsigned i;

	guests_init(&g, NULL);
	for (i = 0; i < g.n; i++)
		guests_add(&g, i);
	emit_curve(&g, "");
	guests_fini(&g);
}

/* --- guests on rings ----------------------------------------------------------- */

static void
emit_ten(const struct guests *g, unsigned from, const char *name)
{
	double sum = 0;
	unsigned i;

	for (i = from; i < from + 10; i++)
		sum += (double)g->all[i];
	xb_emit(name, sum / 1e6, "ms");
}

/* The lone client beside idle guests. */
static void
emit_read(struct guests *g, const char *name)
{
	struct xb_samples s = { 0 };
	uint64_t t, end = xb_now() + (uint64_t)(xb_opt.seconds * 1e9);

	xb_ok(g->tool, XS_WRITE, 0, "/bench/value", "0123456789");
	while ((t = xb_now()) < end) {
		xb_ok(g->tool, XS_READ, 0, "/bench/value", NULL);
		xb_sample(&s, xb_now() - t);
	}
	xb_emit_samples(name, &s);
	xb_samples_fini(&s);
}

void
row_rings(void)
{
	struct xb_hv *hv = xb_hv_open(xb_opt.rundir);
	struct guests g;
	unsigned i;

	guests_init(&g, hv);
	emit_read(&g, "read_0");
	for (i = 0; i < g.n; i++)
		guests_add(&g, i);
	emit_read(&g, XB_NAME("read_%u", g.n));
	emit_curve(&g, "ring_");
	if (g.n >= 40) {
		/* Past what only the first ones pay. */
		emit_ten(&g, 10, "ten_first");
		emit_ten(&g, g.n - 10, "ten_last");
	}
	guests_fini(&g);
	xb_hv_close(hv);
}
