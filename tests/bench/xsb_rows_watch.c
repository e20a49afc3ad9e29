/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many watches: what a write and a registration cost beside them, and what it
 * costs the others when their owner leaves. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xsb.h"

enum { WATCHERS = 1000, REGISTER = 2000, OPS = 2000 };

static void
put_watch(struct xb_conn *c, const char *path, unsigned long i)
{
	char req[300];
	int n = snprintf(req, sizeof(req), "%s%c%lu", path, 0, i);

	xb_put_raw(c, XS_WATCH, 0, req, (size_t)n + 1);
}

/* Answers and first events of watches on their way. */
static void
take_watches(struct xb_conn *c, unsigned long n)
{
	unsigned long replies = 0;
	struct xb_msg m;

	xb_flush(c);
	while (replies < n || c->events < n) {
		while (!xb_take(c, &m))
			xb_fill(c, true);
		xb_must(&m);
		if (m.h.type == XS_WATCH_EVENT)
			c->events++;
		else
			replies++;
	}
	c->events -= n;
}

/* Watches nodes that exist, each its own. */
static void
watch_many(struct xb_conn *c, unsigned owner, unsigned long n)
{
	struct xb_flow f = { .c = c, .window = 64 };
	unsigned long i;

	for (i = 0; i < n; i++) {
		xb_put(
		    c, XS_WRITE, 0, XB_NAME("/watched/%u/n%lu", owner, i), "v");
		xb_flow_room(&f);
	}
	xb_flow_drain(&f);
	for (i = 0; i < n; i++) {
		put_watch(c, XB_NAME("/watched/%u/n%lu", owner, i), i);
		if (i % 64 == 63)
			take_watches(c, 64);
	}
	take_watches(c, n % 64);
}

static void
write_elsewhere(struct xb_conn *c, const char *name)
{
	struct xb_samples s = { 0 };
	uint64_t t, end = xb_now() + (uint64_t)(xb_opt.seconds * 1e9);

	xb_ok(c, XS_WRITE, 0, "/elsewhere/node", "0");
	while ((t = xb_now()) < end) {
		xb_ok(c, XS_WRITE, 0, "/elsewhere/node", "0123456789");
		xb_sample(&s, xb_now() - t);
	}
	xb_emit_samples(name, &s);
	xb_samples_fini(&s);
}

/* One at a time, then 32 on their way, beside those that are there. */
static void
register_more(struct xb_conn *c)
{
	struct xb_samples s = { 0 };
	uint64_t t, start;
	unsigned long i;

	start = xb_now();
	for (i = 0; i < REGISTER && xb_now() - start < 5000000000ull; i++) {
		t = xb_now();
		put_watch(c, XB_NAME("/watched/more/n%lu", i), i);
		take_watches(c, 1);
		xb_sample(&s, xb_now() - t);
	}
	xb_emit_samples("register", &s);
	xb_samples_fini(&s);
	t = xb_now();
	start = xb_now();
	for (i = 0; i < REGISTER && xb_now() - start < 5000000000ull; i += 32) {
		unsigned long k;

		for (k = i; k < i + 32; k++)
			put_watch(c, XB_NAME("/watched/many/n%lu", k), k);
		take_watches(c, 32);
	}
	xb_emit("register32", (double)i * 1e9 / (double)(xb_now() - t), "/s");
}

/* One event at one watcher: until the writer has its answer. */
static void
write_watched(struct xb_conn *c)
{
	struct xb_samples s = { 0 };
	uint64_t t, end = xb_now() + (uint64_t)(xb_opt.seconds * 1e9);
	unsigned k;

	for (k = 0; k < OPS && (t = xb_now()) < end; k++) {
		xb_ok(c, XS_WRITE, 0,
		    XB_NAME("/watched/%u/n%u", k % 100, k / 100), "w");
		xb_sample(&s, xb_now() - t);
	}
	xb_emit_samples("write_watched", &s);
	xb_samples_fini(&s);
}

void
row_watch(void)
{
	unsigned long n = xb_opt.n != 0 ? xb_opt.n : 100000;
	struct xb_conn *c = xb_connect(xb_opt.socket);
	struct xb_conn **w = calloc(WATCHERS, sizeof(struct xb_conn *));
	struct xb_memory m0, m1;
	uint64_t cpu, t;
	unsigned i;

	if (w == NULL)
		xb_die("no memory");
	write_elsewhere(c, "write_0");
	m0 = xb_memory();
	for (i = 0; i < WATCHERS; i++) {
		w[i] = xb_connect(xb_opt.socket);
		watch_many(w[i], i, n / WATCHERS);
	}
	m1 = xb_memory();
	xb_emit("memory_watch",
	    ((double)(m1.anon + m1.shmem) - (double)(m0.anon + m0.shmem)) /
		(double)n,
	    "B/watch");
	write_elsewhere(c, "write_many");
	register_more(c);
	write_watched(c);
	xb_cpu_settled(100);
	cpu = xb_cpu();
	t = xb_now();
	for (i = 0; i < WATCHERS; i++)
		xb_close(w[i]);
	cpu = xb_cpu_settled(500) - cpu;
	xb_emit("all_leave",
	    cpu != 0 ? (double)cpu / 1e6 : (double)(xb_now() - t) / 1e6, "ms");
	free(w);
	xb_close(c);
}

/* --- one client with all of them leaves ------------------------------------------ */

/* The longest wait of a client that goes on reading. */
static uint64_t
longest_wait(struct xb_conn *c, double seconds)
{
	uint64_t t = xb_now(), now, longest = 0;
	uint64_t end = t + (uint64_t)(seconds * 1e9);
	struct xb_msg m;

	do {
		xb_call(c, XS_READ, 0, "/tool", NULL, &m);
		now = xb_now();
		if (now - t > longest)
			longest = now - t;
		t = now;
	} while (now < end);
	return longest;
}

void
row_leave(void)
{
	unsigned long n = xb_opt.n != 0 ? xb_opt.n : 100000;
	struct xb_conn *c = xb_connect(xb_opt.socket), *w;
	uint64_t before, cpu, wait = UINT64_MAX, quiet = 0, r, t = xb_now();
	int i, rounds = 3;

	w = xb_connect(xb_opt.socket);
	watch_many(w, 0, n);
	if (xb_now() - t > 10000000000ull)
		rounds = 1;
	xb_cpu_settled(100);
	before = xb_cpu();
	xb_close(w);
	cpu = xb_cpu_settled(500) - before;
	xb_emit("leave", (double)cpu / 1e6, "ms");
	/* The least of three, as a neighbour on the CPU only makes it longer. */
	for (i = 0; i < rounds; i++) {
		w = xb_connect(xb_opt.socket);
		watch_many(w, 0, n);
		r = longest_wait(c, 0.5);
		quiet = quiet == 0 || r < quiet ? r : quiet;
		xb_close(w);
		r = longest_wait(c, 0.5);
		wait = r < wait ? r : wait;
		xb_cpu_settled(200);
	}
	xb_emit("leave.wait", (double)wait / 1e6, "ms");
	xb_emit("leave.wait_before", (double)quiet / 1e6, "ms");
	xb_close(c);
}
