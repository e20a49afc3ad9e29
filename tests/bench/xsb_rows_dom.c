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

enum {
	AROUND = 20,
	WATCHES = 10
};

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
make_home(struct xb_conn *c, unsigned k)
{
	static const char *const dirs[] = {"", "/control", "/data", "/memory",
	    "/device", "/device/vbd", "/device/vif", "/console", "/store"};
	static const char *const leaves[] = {"name", "domid", "vm",
	    "memory/target", "memory/static-max", "console/ring-ref",
	    "console/port", "console/limit", "store/ring-ref", "store/port"};
	uint32_t tx = xb_start(c);
	size_t i;

	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		make_dir(
		    c, tx, XB_NAME("/local/domain/%u%s", k, dirs[i]), "n0");
	for (i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
		xb_ok(c, XS_WRITE, tx,
		    XB_NAME("/local/domain/%u/%s", k, leaves[i]), "value");
	if (!xb_end(c, tx))
		xb_die("a lone transaction met EAGAIN");
}

static void
make_device(struct xb_conn *c, unsigned k)
{
	static const char *const front[] = {"backend", "backend-id", "state",
	    "virtual-device", "device-type", "handle"};
	static const char *const back[] = {"frontend", "frontend-id", "state",
	    "online", "params", "mode", "dev", "type", "physical-device",
	    "removable", "bootable"};
	const char *f = XB_NAME("/local/domain/%u/device/vbd/51712", k);
	const char *b = XB_NAME("/local/domain/0/backend/vbd/%u/51712", k);
	uint32_t tx = xb_start(c);
	size_t i;

	make_dir(c, tx, f, "n0");
	make_dir(c, tx, b, "n0");
	for (i = 0; i < sizeof(front) / sizeof(front[0]); i++)
		xb_ok(c, XS_WRITE, tx, XB_NAME("%s/%s", f, front[i]), "1");
	for (i = 0; i < sizeof(back) / sizeof(back[0]); i++)
		xb_ok(c, XS_WRITE, tx, XB_NAME("%s/%s", b, back[i]), "1");
	if (!xb_end(c, tx))
		xb_die("a lone transaction met EAGAIN");
}

static struct xb_conn *
guest(unsigned k)
{
	struct xb_conn *c = xb_connect(xb_opt.socket);
	static const char *const nodes[WATCHES] = {"control/shutdown",
	    "memory/target", "device/vbd", "device/vif", "control/sysrq",
	    "device/vbd/51712/state", "device/vbd/51712/backend", "data",
	    "console", "store"};
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
	return c;
}

static void
emit_window(const char *name, unsigned k, const uint64_t *ns, unsigned from,
    unsigned to)
{
	struct xb_samples s = {0};

	for (; from < to; from++)
		xb_sample(&s, ns[from]);
	xb_emit(XB_NAME("%s_%u", name, k), xb_percentile(&s, 0.5) / 1e6, "ms");
	xb_samples_fini(&s);
}

void
row_domains(void)
{
	static const unsigned at[] = {1, 100, 500, 1000, 2000};
	unsigned n = xb_opt.n != 0 ? (unsigned)xb_opt.n : 2000, k;
	struct xb_conn *tool = xb_connect(xb_opt.socket);
	struct xb_conn **g = calloc(n, sizeof(struct xb_conn *));
	uint64_t *made = calloc(n, sizeof(*made)), t;
	uint64_t *up = calloc(n, sizeof(*up)), *wr = calloc(n, sizeof(*wr));
	size_t i;

	if (g == NULL || made == NULL || up == NULL || wr == NULL)
		xb_die("no memory");
	for (k = 0; k < n; k++) {
		t = xb_now();
		make_home(tool, k + 1);
		make_device(tool, k + 1);
		made[k] = xb_now() - t;
		t = xb_now();
		g[k] = guest(k + 1);
		up[k] = xb_now() - t;
		t = xb_now();
		xb_ok(tool, XS_WRITE, 0,
		    XB_NAME(
			"/local/domain/0/backend/vbd/%u/51712/state", k + 1),
		    "4");
		wr[k] = xb_now() - t;
		while (xb_fill(g[k], false))
			g[k]->in_off = g[k]->in_end;
	}
	/* The median of the twenty up to the k-th, at the first of those after. */
	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		unsigned from, to;

		if (at[i] > n)
			break;
		from = at[i] > AROUND ? at[i] - AROUND : 0;
		to = from + AROUND < n ? from + AROUND : n;
		emit_window("create", at[i], made, from, to);
		emit_window("connect", at[i], up, from, to);
		emit_window("state", at[i], wr, from, to);
	}
	for (k = 0; k < n; k++)
		xb_close(g[k]);
	xb_close(tool);
	free(g);
	free(made);
	free(up);
	free(wr);
}
