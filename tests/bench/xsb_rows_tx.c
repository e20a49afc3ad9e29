/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Transactions: a device of 29 operations, alone and beside others. Those
 * beside run in the same loop: each connection sends its next request when it
 * has its last reply, so who waits for whom does not depend on the scheduler.
 * But a second toolstack that makes one call at a time is a second process.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xsb.h"

enum { OPS = 29, GIVE_UP = 20, HOT_READ = 4, HOT_WRITE = 5 };

#define FRONT "/local/domain/5/device/vbd/"
#define BACK "/local/domain/0/backend/vbd/5/"
#define HOT "/bench/hot"

/* What a toolstack writes for a disk, in the front and the back directory. */
static const struct {
	uint32_t type;
	const char *node, *value;
} device[OPS] = {
	{XS_MKDIR,      "f",                        NULL				 },
	{ XS_SET_PERMS, "f",                        "n0"                                 },
	{ XS_MKDIR,     "b",                        NULL				 },
	{ XS_SET_PERMS, "b",                        "n0"                                 },
	{ XS_WRITE,     "f/backend",                "/local/domain/0/backend/vbd/5/51712"},
	{ XS_WRITE,     "f/backend-id",             "0"                                  },
	{ XS_WRITE,     "f/state",                  "1"                                  },
	{ XS_WRITE,     "f/virtual-device",         "51712"                              },
	{ XS_WRITE,     "f/device-type",            "disk"                               },
	{ XS_WRITE,     "f/event-channel",          "12"                                 },
	{ XS_WRITE,     "f/ring-ref",               "8"                                  },
	{ XS_WRITE,     "f/protocol",               "x86_64-abi"                         },
	{ XS_WRITE,     "b/frontend",               "/local/domain/5/device/vbd/51712"   },
	{ XS_WRITE,     "b/frontend-id",            "5"                                  },
	{ XS_WRITE,     "b/online",                 "1"                                  },
	{ XS_WRITE,     "b/state",                  "1"                                  },
	{ XS_WRITE,     "b/params",                 "/var/lib/images/guest.img"          },
	{ XS_WRITE,     "b/script",                 "/etc/xen/scripts/block"             },
	{ XS_WRITE,     "b/physical-device",        "fd:0"                               },
	{ XS_WRITE,     "b/removable",              "0"                                  },
	{ XS_WRITE,     "b/bootable",               "1"                                  },
	{ XS_WRITE,     "b/dev",                    "xvda"                               },
	{ XS_WRITE,     "b/type",                   "phy"                                },
	{ XS_WRITE,     "b/mode",                   "w"				  },
	{ XS_WRITE,     "b/device-type",            "disk"                               },
	{ XS_WRITE,     "b/discard-enable",         "1"                                  },
	{ XS_WRITE,     "b/multi-queue-max-queues", "4"                                  },
	{ XS_WRITE,     "b/feature-flush-cache",    "1"                                  },
	{ XS_WRITE,     "b/info",                   "0"				  },
};

/* A toolstack that makes one device after the other. */
struct maker {
	struct xb_conn *c;
	uint32_t tx;
	unsigned first, dev; /* device numbers of its own */
	unsigned step, tries;
	const char *hot; /* a node it also writes */
	bool hot_read;   /* and reads before */
	bool batch;      /* what follows START goes out at once */
	uint64_t since;
	/* Made before the clock starts: what is measured is the daemon. */
	char path[OPS][96];
	struct xb_samples done;
	unsigned long eagain, starved;
};

/* The next device: the paths of its operations. */
static void
next_device(struct maker *m)
{
	unsigned i;

	m->dev = m->first + (m->dev - m->first + 1) % 100;
	for (i = 0; i < OPS; i++)
		xb_name(m->path[i], sizeof(m->path[i]), "%s%u%s",
		    device[i].node[0] == 'f' ? FRONT : BACK, m->dev,
		    device[i].node + 1);
}

static void
put_op(struct maker *m, unsigned i)
{
	char perms[280];
	const char *path = m->path[i];
	size_t n = strlen(path) + 1;

	/* Early, so that the others have the rest of it to write there. */
	if (i == HOT_WRITE && m->hot != NULL) {
		xb_put(m->c, XS_WRITE, m->tx, m->hot, "mine");
	} else if (i == HOT_READ && m->hot_read) {
		xb_put(m->c, XS_READ, m->tx, m->hot, NULL);
	} else if (device[i].type == XS_SET_PERMS) {
		memcpy(perms, path, n);
		memcpy(perms + n, device[i].value, 3);
		xb_put_raw(m->c, XS_SET_PERMS, m->tx, perms, n + 3);
	} else {
		xb_put(m->c, device[i].type, m->tx, path, device[i].value);
	}
}

static void
put_end(struct maker *m)
{
	xb_put(m->c, XS_TRANSACTION_END, m->tx, "T", NULL);
}

/* Steps: 0 START, 1..OPS operations, OPS + 1 END, then the two removals. */
enum { END = OPS + 1, RM_FRONT = OPS + 2, RM_BACK = OPS + 3 };

static void
put_all(struct maker *m)
{
	unsigned i;

	for (i = 0; i < OPS; i++)
		put_op(m, i);
	put_end(m);
}

static void
maker_queue(struct maker *m)
{
	if (m->step == 0) {
		if (m->tries == 0)
			m->since = xb_now();
		m->tx = 0;
		xb_put(m->c, XS_TRANSACTION_START, 0, "", NULL);
	} else if (m->batch && m->step <= END) {
		if (m->step == 1)
			put_all(m);
	} else if (m->step <= OPS) {
		put_op(m, m->step - 1);
	} else if (m->step == END) {
		put_end(m);
	} else {
		xb_put(m->c, XS_RM, 0, m->path[m->step == RM_FRONT ? 0 : 2],
		    NULL);
	}
}

static void
maker_put(struct maker *m)
{
	maker_queue(m);
	xb_flush(m->c);
}

static void
maker_ended(struct maker *m, const struct xb_msg *reply)
{
	if (reply->h.type != XS_ERROR) {
		xb_sample(&m->done, xb_now() - m->since);
		m->tries = 0;
		m->step = RM_FRONT;
		return;
	}
	if (!xb_is_error(reply, "EAGAIN"))
		xb_must(reply);
	m->eagain++;
	m->step = 0;
	if (++m->tries >= GIVE_UP) {
		m->starved++;
		m->tries = 0;
	}
}

/* Its reply has come: what is next. */
static void
maker_step(struct maker *m, const struct xb_msg *reply)
{
	if (m->step == END) {
		maker_ended(m, reply);
		return;
	}
	xb_must(reply);
	if (m->step == 0)
		m->tx = (uint32_t)strtoul(reply->body, NULL, 10);
	if (m->step++ == RM_BACK) {
		m->step = 0;
		next_device(m);
	}
}

static void
maker_init(struct maker *m, unsigned first)
{
	memset(m, 0, sizeof(*m));
	m->c = xb_connect(xb_opt.socket);
	m->first = m->dev = first;
	next_device(m);
	xb_ok(m->c, XS_MKDIR, 0, "/local/domain/5/device/vbd", NULL);
	xb_ok(m->c, XS_MKDIR, 0, "/local/domain/0/backend/vbd/5", NULL);
	xb_ok(m->c, XS_WRITE, 0, HOT, "0");
}

static void
maker_fini(struct maker *m)
{
	xb_samples_fini(&m->done);
	xb_close(m->c);
}

static uint64_t
deadline(void)
{
	return xb_now() + (uint64_t)(xb_opt.seconds * 1e9);
}

/* --- alone ------------------------------------------------------------------- */

static void
one_by_one(struct maker *m)
{
	uint64_t end = deadline();
	struct xb_msg reply;

	while (m->step != 0 || xb_now() < end) {
		xb_lane_want(m->c);
		maker_queue(m);
		xb_exchange(m->c, &reply);
		maker_step(m, &reply);
	}
}

/* Two round trips: START, whose answer the rest needs, and all the rest. */
static void
pipelined(struct maker *m)
{
	uint64_t end = deadline();
	struct xb_msg reply;
	unsigned i;

	while (xb_now() < end) {
		m->since = xb_now();
		m->tx = xb_start(m->c);
		put_all(m);
		xb_flush(m->c);
		for (i = 0; i <= OPS; i++) {
			xb_reply(m->c, &reply);
			xb_must(&reply);
		}
		xb_sample(&m->done, xb_now() - m->since);
		xb_ok(m->c, XS_RM, 0, m->path[0], NULL);
		xb_ok(m->c, XS_RM, 0, m->path[2], NULL);
		next_device(m);
	}
	xb_emit_samples("device_pipelined", &m->done);
}

void
row_device(void)
{
	struct maker m;

	maker_init(&m, 1000);
	one_by_one(&m);
	xb_emit_samples("device", &m.done);
	m.done.count = 0;
	pipelined(&m);
	maker_fini(&m);
}

/* --- beside others -------------------------------------------------------------- */

struct both {
	struct xb_conn *c[2];
	int ep;
};

static void
both_init(struct both *b, struct xb_conn *first, struct xb_conn *second)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	int i;

	b->c[0] = first;
	b->c[1] = second;
	b->ep = epoll_create1(EPOLL_CLOEXEC);
	for (i = 0; i < 2; i++) {
		ev.data.u32 = (uint32_t)i;
		if (epoll_ctl(b->ep, EPOLL_CTL_ADD, b->c[i]->fd, &ev) < 0)
			xb_die("epoll: %s", strerror(errno));
	}
}

/* Waits until a connection of the two has a reply; its index. */
static int
wait_reply(const struct both *b, struct xb_msg *m)
{
	static int turn;
	struct epoll_event ev[2];
	int i, n;

	for (;;) {
		turn = !turn; /* neither is always served first */
		for (i = 0; i < 2; i++) {
			int k = i ^ turn;

			while (xb_take(b->c[k], m))
				if (m->h.type != XS_WATCH_EVENT)
					return k;
		}
		while ((n = epoll_wait(b->ep, ev, 2, -1)) < 0)
			if (errno != EINTR)
				xb_die("epoll: %s", strerror(errno));
		for (i = 0; i < n; i++)
			xb_fill(b->c[ev[i].data.u32], false);
	}
}

static void
report(const char *name, struct maker *m, uint64_t start)
{
	xb_emit_samples(name, &m->done);
	xb_emit(XB_NAME("%s.wall", name),
	    (double)m->done.count * 1e9 / (double)(xb_now() - start), "/s");
	xb_emit(XB_NAME("%s.eagain", name), (double)m->eagain, "");
	xb_emit(XB_NAME("%s.starved", name), (double)m->starved, "");
}

static void
put_hot(struct xb_conn *c, unsigned long n)
{
	xb_put(c, XS_WRITE, 0, HOT, (n & 1) != 0 ? "1" : "0");
	xb_flush(c);
}

static void
beside_writer(const char *name, bool reads, bool batch)
{
	struct both both;
	struct maker m;
	struct xb_msg reply;
	unsigned long writes = 0;
	uint64_t end, start;

	maker_init(&m, 1000);
	m.hot = HOT;
	m.hot_read = reads;
	m.batch = batch;
	both_init(&both, m.c, xb_connect(xb_opt.socket));
	start = xb_now();
	end = deadline();
	maker_put(&m);
	put_hot(both.c[1], writes);
	while (xb_now() < end) {
		if (wait_reply(&both, &reply) == 0) {
			maker_step(&m, &reply);
			maker_put(&m);
		} else {
			xb_must(&reply);
			put_hot(both.c[1], ++writes);
		}
	}
	report(name, &m, start);
	xb_emit(XB_NAME("%s.writes", name), (double)writes, "");
	close(both.ep);
	xb_close(both.c[1]);
	maker_fini(&m);
}

void
row_device_hot(void)
{
	beside_writer("device_hot", false, false);
	beside_writer("device_hot_pipelined", false, true);
}

void
row_device_toggle(void)
{
	beside_writer("device_toggle", true, false);
	beside_writer("device_toggle_pipelined", true, true);
}

/* Two toolstacks, each with calls of its own. */
static void
two_toolstacks(const char *name)
{
	bool second;
	struct maker m;
	uint64_t start;
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		xb_die("fork: %s", strerror(errno));
	second = pid == 0;
	maker_init(&m, second ? 2000 : 1000);
	start = xb_now();
	one_by_one(&m);
	report(second ? XB_NAME("%s.second", name) : name, &m, start);
	maker_fini(&m);
	if (second)
		exit(0);
	if (waitpid(pid, &status, 0) < 0 || status != 0)
		xb_die("the second toolstack ended with %d", status);
}

static void
two_pipelined(const char *name)
{
	struct maker m[2];
	struct both both;
	struct xb_msg reply;
	uint64_t end, start;
	int i;

	for (i = 0; i < 2; i++) {
		maker_init(&m[i], i == 0 ? 1000 : 2000);
		m[i].batch = true;
	}
	both_init(&both, m[0].c, m[1].c);
	start = xb_now();
	end = deadline();
	for (i = 0; i < 2; i++)
		maker_put(&m[i]);
	while (xb_now() < end) {
		i = wait_reply(&both, &reply);
		maker_step(&m[i], &reply);
		maker_put(&m[i]);
	}
	report(name, &m[0], start);
	report(XB_NAME("%s.second", name), &m[1], start);
	close(both.ep);
	for (i = 0; i < 2; i++)
		maker_fini(&m[i]);
}

void
row_device_sibling(void)
{
	two_toolstacks("device_sibling");
	two_pipelined("device_sibling_pipelined");
}
