/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Big stores and big directories: speed, memory, and memory given back. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xsb.h"

/* --- stores of many nodes ----------------------------------------------------- */

enum { LEAVES = 100 }; /* in a directory, and directories in a directory */

static char *
leaf(unsigned long i, char *buf, size_t size)
{
	return xb_name(buf, size, "/store/d%lu/e%lu/n%lu",
	    i / (LEAVES * LEAVES), i / LEAVES % LEAVES, i % LEAVES);
}
#define LEAF(i) leaf(i, (char[64]){ 0 }, 64)

static void
grow(struct xb_conn *c, unsigned long from, unsigned long to)
{
	struct xb_flow f = { .c = c, .window = 128 };
	char value[16];

	for (; from < to; from++) {
		snprintf(value, sizeof(value), "%010lu", from);
		xb_put(c, XS_WRITE, 0, LEAF(from), value);
		xb_flow_room(&f);
	}
	xb_flow_drain(&f);
}

static void
rmw(struct xb_conn *c, unsigned long nodes)
{
	struct xb_samples s = { 0 };
	uint64_t start = xb_now(), t;
	uint64_t end = start + (uint64_t)(xb_opt.seconds * 1e9);
	struct xb_msg m;
	uint32_t tx;

	do {
		const char *path = LEAF(xb_random() % nodes);

		t = xb_now();
		tx = xb_start(c);
		xb_call(c, XS_READ, tx, path, NULL, &m);
		xb_must(&m);
		xb_ok(c, XS_WRITE, tx, path, "0123456789");
		if (!xb_end(c, tx))
			xb_die("a lone transaction met EAGAIN");
		xb_sample(&s, xb_now() - t);
	} while (xb_now() < end);
	xb_emit_samples(XB_NAME("rmw_%lu", nodes), &s);
	xb_samples_fini(&s);
}

static void
emit_memory(
    const char *name, struct xb_memory m, struct xb_memory base, double nodes)
{
	xb_emit(XB_NAME("%s", name),
	    ((double)(m.anon + m.shmem) - (double)(base.anon + base.shmem)) /
		nodes,
	    "B/node");
	xb_emit(XB_NAME("%s.anon", name),
	    ((double)m.anon - (double)base.anon) / nodes, "B/node");
	xb_emit(XB_NAME("%s.shmem", name),
	    ((double)m.shmem - (double)base.shmem) / nodes, "B/node");
	xb_emit(XB_NAME("%s.state", name),
	    ((double)m.state - (double)base.state) / nodes, "B/node");
}

/* Removes everything while another client looks on. */
static void
remove_all(struct xb_conn *c)
{
	struct xb_conn *other = xb_connect(xb_opt.socket);
	uint64_t start = xb_now(), t = start, now, longest = 0;
	struct xb_msg m;
	bool gone = false;

	xb_put(c, XS_RM, 0, "/store", NULL);
	xb_flush(c);
	while (!gone) {
		xb_call(other, XS_READ, 0, "/tool", NULL, &m);
		now = xb_now();
		if (now - t > longest)
			longest = now - t;
		t = now;
		xb_fill(c, false);
		gone = xb_take(c, &m);
	}
	xb_emit("remove_all", (double)(xb_now() - start) / 1e6, "ms");
	xb_emit("remove_all.wait", (double)longest / 1e6, "ms");
	xb_close(other);
}

void
row_nodes(void)
{
	unsigned long max = xb_opt.n != 0 ? xb_opt.n : 1000000, size, built = 0;
	struct xb_conn *c = xb_connect(xb_opt.socket);
	struct xb_memory base, full, empty;
	double given;
	uint64_t t;

	xb_ok(c, XS_MKDIR, 0, "/store", NULL);
	base = xb_memory();
	for (size = 1000; size <= max; size *= 10) {
		t = xb_now();
		grow(c, built, size);
		xb_emit(XB_NAME("build_%lu", size),
		    (double)(size - built) * 1e9 / (double)(xb_now() - t),
		    "/s");
		built = size;
		rmw(c, size);
	}
	xb_cpu_settled(100);
	full = xb_memory();
	emit_memory("memory", full, base, (double)built);
	remove_all(c);
	xb_cpu_settled(300);
	empty = xb_memory();
	emit_memory("left", empty, base, (double)built);
	given = (double)(full.anon + full.shmem) -
	    (double)(empty.anon + empty.shmem);
	xb_emit("given_back",
	    100 * given /
		((double)(full.anon + full.shmem) -
		    (double)(base.anon + base.shmem)),
	    "%");
	xb_close(c);
}

/* --- directories ------------------------------------------------------------------ */

static void
fill_dir(struct xb_conn *c, const char *dir, unsigned long entries)
{
	struct xb_flow f = { .c = c, .window = 128 };
	unsigned long i;

	for (i = 0; i < entries; i++) {
		xb_put(c, XS_WRITE, 0, XB_NAME("%s/entry%lu", dir, i), "v");
		xb_flow_room(&f);
	}
	xb_flow_drain(&f);
}

/* Creates at the end and removes from anywhere, by turns, each timed. */
static void
churn(
    struct xb_conn *c, const char *dir, unsigned long entries, const char *name)
{
	struct xb_samples made = { 0 }, removed = { 0 };
	unsigned long *live = calloc(entries, sizeof(*live)), next = entries;
	uint64_t t, end = xb_now() + (uint64_t)(xb_opt.seconds * 1e9);
	unsigned long i, k;

	if (live == NULL)
		xb_die("no memory");
	for (i = 0; i < entries; i++)
		live[i] = i;
	while ((t = xb_now()) < end) {
		xb_ok(c, XS_WRITE, 0, XB_NAME("%s/entry%lu", dir, next), "v");
		xb_sample(&made, xb_now() - t);
		k = xb_random() % entries;
		t = xb_now();
		xb_ok(c, XS_RM, 0, XB_NAME("%s/entry%lu", dir, live[k]), NULL);
		xb_sample(&removed, xb_now() - t);
		live[k] = next++;
	}
	xb_emit_samples(XB_NAME("create_%s", name), &made);
	xb_emit_samples(XB_NAME("remove_%s", name), &removed);
	xb_samples_fini(&made);
	xb_samples_fini(&removed);
	free(live);
}

/* The whole list in parts; false: the daemon has no DIRECTORY_PART. */
static bool
list_parts(struct xb_conn *c, const char *dir, unsigned long *names)
{
	char req[128];
	size_t offset = 0, n = strlen(dir) + 1, off;
	struct xb_msg m;

	memcpy(req, dir, n);
	*names = 0;
	for (;;) {
		size_t len = n +
		    (size_t)snprintf(req + n, sizeof(req) - n, "%zu", offset) +
		    1;

		xb_put_raw(c, XS_DIRECTORY_PART, 0, req, len);
		xb_flush(c);
		xb_reply(c, &m);
		if (m.h.type == XS_ERROR)
			return false;
		for (off = strlen(m.body) + 1; off < m.h.len;) {
			size_t l = strlen(m.body + off) + 1;

			if (l == 1)
				return true;
			++*names;
			off += l;
			offset += l;
		}
	}
}

static void
list(struct xb_conn *c, const char *dir, unsigned long entries)
{
	struct xb_samples s = { 0 };
	uint64_t t, end = xb_now() + (uint64_t)(xb_opt.seconds * 1e9);
	unsigned long names;
	struct xb_msg m;

	while ((t = xb_now()) < end) {
		if (xb_call(c, XS_DIRECTORY, 0, dir, NULL, &m)) {
			if (s.count == 0)
				xb_emit("list.oversized", m.h.len, "bytes");
		} else if (!list_parts(c, dir, &names)) {
			break;
		} else if (names != entries) {
			xb_die(
			    "%s has %lu entries, not %lu", dir, names, entries);
		}
		xb_sample(&s, xb_now() - t);
		if (s.count >= 200)
			break;
	}
	if (s.count > 0)
		xb_emit_samples("list", &s);
	xb_samples_fini(&s);
}

void
row_dir(void)
{
	unsigned long n = xb_opt.n != 0 ? xb_opt.n : 10000;
	struct xb_conn *c = xb_connect(xb_opt.socket);

	fill_dir(c, "/dir/small", 10);
	churn(c, "/dir/small", 10, "small");
	fill_dir(c, "/dir/big", n);
	churn(c, "/dir/big", n, "big");
	list(c, "/dir/big", n);
	xb_close(c);
}
