/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One client, one request at a time; many requests on their way; many clients. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "xsb.h"

enum { WINDOW = 32, CALLS = 2000, POPULATE = 11 };

static void
populate(struct xb_conn *c)
{
	unsigned i;

	for (i = 0; i < 10; i++)
		xb_ok(c, XS_WRITE, 0, XB_NAME("/bench/dir/child%u", i), "v");
	xb_ok(c, XS_WRITE, 0, "/bench/value", "0123456789");
}

/* --- one request at a time ------------------------------------------------- */

static void
op_read(struct xb_conn *c)
{
	struct xb_msg m;

	xb_call(c, XS_READ, 0, "/bench/value", NULL, &m);
}

static void
op_write(struct xb_conn *c)
{
	struct xb_msg m;

	xb_call(c, XS_WRITE, 0, "/bench/value", "0123456789", &m);
}

static void
op_mkdir(struct xb_conn *c)
{
	static unsigned n;
	struct xb_msg m;

	xb_call(c, XS_MKDIR, 0, XB_NAME("/bench/new/d%u", n++ % 100), NULL, &m);
}

static void
op_rm(struct xb_conn *c)
{
	static unsigned n;
	struct xb_msg m;

	xb_call(c, XS_RM, 0, XB_NAME("/bench/new/d%u", n++ % 100), NULL, &m);
}

static void
op_directory(struct xb_conn *c)
{
	struct xb_msg m;

	xb_call(c, XS_DIRECTORY, 0, "/bench/dir", NULL, &m);
}

static void
op_get_perms(struct xb_conn *c)
{
	struct xb_msg m;

	xb_call(c, XS_GET_PERMS, 0, "/bench/value", NULL, &m);
}

static void
op_read_enoent(struct xb_conn *c)
{
	struct xb_msg m;

	xb_call(c, XS_READ, 0, "/bench/none", NULL, &m);
}

static void
op_tx_rmw(struct xb_conn *c)
{
	struct xb_msg m;
	uint32_t tx = xb_start(c);

	xb_call(c, XS_READ, tx, "/bench/value", NULL, &m);
	xb_call(c, XS_WRITE, tx, "/bench/value", "0123456789", &m);
	xb_call(c, XS_TRANSACTION_END, tx, "T", NULL, &m);
}

static void
measure(struct xb_conn *c, const char *name, void (*op)(struct xb_conn *c))
{
	struct xb_samples s = { 0 };
	uint64_t start = xb_now(), cpu = xb_cpu(), t = start, last = start;
	uint64_t end = start + (uint64_t)(xb_opt.seconds * 1e9);

	while (t < end) {
		op(c);
		t = xb_now();
		xb_sample(&s, t - last);
		last = t;
	}
	cpu = xb_cpu() - cpu;
	xb_emit_samples(name, &s);
	if (cpu > 0)
		xb_emit(XB_NAME("%s.cpu", name),
		    (double)cpu / 1e3 / (double)s.count, "us");
	xb_samples_fini(&s);
}

void
row_sync(void)
{
	static const struct {
		const char *name;
		void (*op)(struct xb_conn *c);
	} ops[] = {
		{"read",         op_read       },
                { "write",       op_write      },
		{ "mkdir",       op_mkdir      },
                { "rm",          op_rm         },
		{ "directory10", op_directory  },
                { "get_perms",   op_get_perms  },
		{ "read_enoent", op_read_enoent},
                { "tx_rmw",      op_tx_rmw     }
	};
	struct xb_conn *c = xb_connect(xb_opt.socket);
	size_t i;

	populate(c);
	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		measure(c, ops[i].name, ops[i].op);
	xb_close(c);
}

/* --- WINDOW requests on their way -------------------------------------------- */

static void
put_one(struct xb_conn *c, uint32_t type)
{
	xb_put(
	    c, type, 0, "/bench/value", type == XS_WRITE ? "0123456789" : NULL);
}

/* Replaces what was answered until `count` are (0: until the time is over). */
static unsigned long
pipeline(struct xb_conn *c, uint32_t type, unsigned long count, uint64_t end)
{
	unsigned long sent = 0, answered = 0, n;
	bool stop = false;
	struct xb_msg m;

	for (n = WINDOW;; n = 0) {
		while (xb_take(c, &m)) {
			xb_must(&m);
			answered++;
			n++;
		}
		stop = stop || (count != 0 ? sent >= count : xb_now() >= end);
		for (; n > 0 && !stop; n--, sent++)
			put_one(c, type);
		if (answered == sent)
			return answered;
		xb_flush(c);
		xb_fill(c, true);
	}
}

static void
pipe_of(struct xb_conn *c, const char *name, uint32_t type)
{
	uint64_t start = xb_now(), cpu = xb_cpu();
	unsigned long n;

	n = pipeline(c, type, 0, start + (uint64_t)(xb_opt.seconds * 1e9));
	xb_emit(name, (double)n * 1e9 / (double)(xb_now() - start), "/s");
	cpu = xb_cpu() - cpu;
	if (cpu > 0)
		xb_emit(XB_NAME("%s.cpu", name), (double)cpu / 1e3 / (double)n,
		    "us");
}

void
row_pipe(void)
{
	struct xb_conn *c = xb_connect(xb_opt.socket);

	populate(c);
	pipe_of(c, "read32", XS_READ);
	pipe_of(c, "write32", XS_WRITE);
	xb_close(c);
}

/* --- a known number of requests, for strace ------------------------------------ */

void
row_calls_sync(void)
{
	struct xb_conn *c = xb_connect(xb_opt.socket);
	unsigned i;

	populate(c);
	for (i = 0; i < CALLS; i++)
		op_read(c);
	xb_emit("requests", CALLS + POPULATE, "");
	xb_close(c);
}

void
row_calls_pipe(void)
{
	struct xb_conn *c = xb_connect(xb_opt.socket);

	populate(c);
	xb_emit("requests",
	    (double)pipeline(c, XS_READ, 16 * CALLS, 0) + POPULATE, "");
	xb_close(c);
}

/* --- many clients, one request of each ------------------------------------------ */

static void
crowd(unsigned clients, const char *name, uint32_t type)
{
	uint64_t start, end, now, cpu, *since = calloc(clients, sizeof(*since));
	struct xb_conn **c = calloc(clients, sizeof(struct xb_conn *));
	struct xb_samples s = { 0 };
	struct epoll_event ev = { .events = EPOLLIN }, evs[256];
	int ep = epoll_create1(EPOLL_CLOEXEC), i, r;
	struct xb_msg m;
	unsigned k;

	if (since == NULL || c == NULL || ep < 0)
		xb_die("no memory for %u clients", clients);
	for (k = 0; k < clients; k++) {
		c[k] = xb_connect(xb_opt.socket);
		ev.data.u32 = k;
		if (epoll_ctl(ep, EPOLL_CTL_ADD, c[k]->fd, &ev) < 0)
			xb_die("epoll_ctl: %s", strerror(errno));
	}
	start = now = xb_now();
	cpu = xb_cpu();
	end = start + (uint64_t)(xb_opt.seconds * 1e9);
	for (k = 0; k < clients; k++) {
		since[k] = now;
		put_one(c[k], type);
		xb_flush(c[k]);
	}
	while (now < end) {
		r = epoll_wait(ep, evs, 256, 1000);
		for (i = 0; i < r; i++) {
			k = evs[i].data.u32;
			xb_fill(c[k], false);
			if (!xb_take(c[k], &m))
				continue;
			now = xb_now();
			xb_sample(&s, now - since[k]);
			since[k] = now;
			put_one(c[k], type);
			xb_flush(c[k]);
		}
		now = xb_now();
	}
	cpu = xb_cpu() - cpu;
	xb_emit(XB_NAME("%s%u", name, clients),
	    (double)s.count * 1e9 / (double)(now - start), "/s");
	xb_emit(XB_NAME("%s%u.p99", name, clients),
	    xb_percentile(&s, 0.99) / 1e3, "us");
	if (cpu > 0)
		xb_emit(XB_NAME("%s%u.cpu", name, clients),
		    (double)cpu / 1e3 / (double)s.count, "us");
	for (k = 0; k < clients; k++)
		xb_close(c[k]);
	xb_samples_fini(&s);
	free(since);
	free(c);
}

void
row_clients(void)
{
	static const unsigned many[] = { 8, 64, 256, 1000 };
	struct xb_conn *c = xb_connect(xb_opt.socket);
	size_t i;

	populate(c);
	for (i = 0; i < sizeof(many) / sizeof(many[0]); i++) {
		crowd(many[i], "reads", XS_READ);
		crowd(many[i], "writes", XS_WRITE);
	}
	xb_close(c);
}
