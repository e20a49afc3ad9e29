/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest that means harm, on a processor of its own: its ring is full of one
 * kind of request (or rubbish, or nothing but kicks) for as long as the row
 * lasts. What becomes of a tool's reads and transactions meanwhile, and of the
 * daemon's memory. Its scripts follow the advisories' classes.
 */
#define _GNU_SOURCE
#include "config.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xsb.h"

/* Fields newer than the installed header, from the page's start. */
enum { CONNECTION = 2068, RING = XENSTORE_RING_SIZE };

/* Requests in the order in which they are sent, again and again. */
struct stream {
	char *data;
	size_t len, size;
};

struct script {
	const char *name;
	/* once: what is sent a single time before. */
	void (*fill)(struct stream *once, struct stream *s);
	/* Instead of a stream. */
	void (*run)(struct xb_conn *c);
	bool unread;
};

static void
add(struct stream *s, uint32_t type, uint32_t tx, const void *p, size_t len)
{
	struct xsd_sockmsg h = { type, 1, tx, (uint32_t)len };

	while (s->len + sizeof(h) + len > s->size) {
		s->size = s->size != 0 ? s->size * 2 : 65536;
		s->data = realloc(s->data, s->size);
		if (s->data == NULL)
			xb_die("no memory");
	}
	memcpy(s->data + s->len, &h, sizeof(h));
	memcpy(s->data + s->len + sizeof(h), p, len);
	s->len += sizeof(h) + len;
}

/* Strings with their NULs. */
static void
say(struct stream *s, uint32_t type, const char *a, const char *b)
{
	char buf[XENSTORE_PAYLOAD_MAX];
	size_t len = strlen(a) + 1;

	memcpy(buf, a, len);
	if (b != NULL) {
		memcpy(buf + len, b, strlen(b) + 1);
		len += strlen(b) + (type == XS_WRITE ? 0 : 1);
	}
	add(s, type, 0, buf, len);
}

/* --- scripts of requests ---------------------------------------------------------- */

static void
reads(struct stream *once, struct stream *s)
{
	say(once, XS_WRITE, "data/a", "0123456789");
	say(s, XS_READ, "data/a", NULL);
}

static void
writes(struct stream *once, struct stream *s)
{
	(void)once;
	say(s, XS_WRITE, "data/a", "0123456789");
	say(s, XS_WRITE, "data/b", "9876543210");
}

static void
big_values(struct stream *once, struct stream *s)
{
	char v[3000];

	(void)once;
	memset(v, 'x', sizeof(v) - 1);
	v[sizeof(v) - 1] = '\0';
	say(s, XS_WRITE, "data/a", v + 952);
	say(s, XS_WRITE, "data/b", v);
}

static void
many_nodes(struct stream *once, struct stream *s)
{
	(void)once;
	for (int i = 0; i < 2000; i++)
		say(s, XS_WRITE, XB_NAME("data/n%d", i), "value");
}

static void
come_and_go(struct stream *once, struct stream *s)
{
	(void)once;
	for (int i = 0; i < 50; i++)
		say(s, XS_MKDIR, XB_NAME("data/t/n%d", i), NULL);
	say(s, XS_RM, "data/t", NULL);
}

static void
fill_dir(struct stream *once)
{
	for (int i = 0; i < 90; i++)
		say(once, XS_WRITE,
		    XB_NAME("data/a-name-of-forty-characters-in-all-%03d", i),
		    "");
}

static void
lists(struct stream *once, struct stream *s)
{
	fill_dir(once);
	say(s, XS_DIRECTORY, "data", NULL);
}

static void
list_parts(struct stream *once, struct stream *s)
{
	fill_dir(once);
	for (int i = 0; i < 90; i++)
		say(s, XS_DIRECTORY_PART, "data", XB_NAME("%d", i * 40));
}

static void
permissions(struct stream *once, struct stream *s)
{
	char buf[200];

	(void)once;
	for (int i = 0; i < 64; i++) {
		int n = snprintf(buf, sizeof(buf),
		    "data%cn1%cr%d%cb%d%cw%d%cr%d", 0, 0, i, 0, i + 1, 0,
		    i + 2, 0, i + 3);

		add(s, XS_SET_PERMS, 0, buf, (size_t)n + 1);
	}
}

static void
others_nodes(struct stream *once, struct stream *s)
{
	(void)once;
	say(s, XS_READ, "/bench/value", NULL);
	say(s, XS_WRITE, "/bench/value", "mine");
	say(s, XS_GET_PERMS, "/bench/value", NULL);
	say(s, XS_RM, "/bench", NULL);
	say(s, XS_DIRECTORY, "/local/domain/0", NULL);
}

static void
watch_unwatch(struct stream *once, struct stream *s)
{
	(void)once;
	for (int i = 0; i < 100; i++)
		say(s, XS_WATCH, "data", XB_NAME("t%d", i));
	for (int i = 0; i < 100; i++)
		say(s, XS_UNWATCH, "data", XB_NAME("t%d", i));
}

static void
own_events(struct stream *once, struct stream *s)
{
	for (int i = 0; i < 120; i++)
		say(once, XS_WATCH, "data", XB_NAME("t%d", i));
	say(s, XS_WRITE, "data/a", "1");
}

static void
resets(struct stream *once, struct stream *s)
{
	(void)once;
	for (int i = 0; i < 50; i++)
		say(s, XS_WATCH, "data", XB_NAME("t%d", i));
	say(s, XS_RESET_WATCHES, "", NULL);
}

static void
unknown_types(struct stream *once, struct stream *s)
{
	(void)once;
	for (uint32_t i = 0; i < 64; i++)
		add(s, 40 + i * 1000003, i, "x", 2);
}

static void
bad_paths(struct stream *once, struct stream *s)
{
	char path[XENSTORE_PAYLOAD_MAX];

	(void)once;
	memset(path, '/', sizeof(path));
	add(s, XS_READ, 0, path, sizeof(path));
	memset(path, 'a', sizeof(path));
	add(s, XS_WRITE, 0, path, sizeof(path));
	path[3500] = '\0';
	add(s, XS_READ, 0, path, 3501);
	say(s, XS_READ, "data//a", NULL);
	say(s, XS_READ, "data/", NULL);
	say(s, XS_READ, "\xff\x01", NULL);
	add(s, XS_READ, 0, "", 0);
}

static void
privileged(struct stream *once, struct stream *s)
{
	(void)once;
	add(s, XS_INTRODUCE, 0, "0\0001\0001", 6);
	add(s, XS_RELEASE, 0, "0", 2);
	add(s, XS_SET_TARGET, 0, "0\0001", 4);
	add(s, XS_RESUME, 0, "0", 2);
	say(s, XS_CONTROL, "live-update", "-a");
}

static void
asks_of_domains(struct stream *once, struct stream *s)
{
	(void)once;
	for (int i = 0; i < 100; i++) {
		say(s, XS_GET_DOMAIN_PATH, XB_NAME("%d", i), NULL);
		say(s, XS_IS_DOMAIN_INTRODUCED, XB_NAME("%d", i * 700), NULL);
	}
}

static void
bad_transactions(struct stream *once, struct stream *s)
{
	(void)once;
	for (uint32_t i = 1; i < 60; i++) {
		add(s, XS_READ, i * 7919, "data", 5);
		add(s, XS_TRANSACTION_END, i * 7919, "T", 2);
	}
}

static void
deep(struct stream *once, struct stream *s)
{
	char path[2048] = "data";

	(void)once;
	for (int i = 0; i < 500; i++)
		strcat(path, "/d");
	say(s, XS_WRITE, path, "x");
	say(s, XS_RM, "data/d", NULL);
}

static void
special_names(struct stream *once, struct stream *s)
{
	(void)once;
	say(s, XS_WATCH, "@introduceDomain", "a");
	say(s, XS_WATCH, "@releaseDomain", "b");
	say(s, XS_READ, "@releaseDomain", NULL);
	say(s, XS_WRITE, "@releaseDomain", "x");
	say(s, XS_RM, "@introduceDomain", NULL);
	say(s, XS_UNWATCH, "@introduceDomain", "a");
}

static void
many_transactions(struct stream *once, struct stream *s)
{
	(void)once;
	for (int i = 0; i < 40; i++)
		add(s, XS_TRANSACTION_START, 0, "", 1);
}

static void
garbage(struct stream *once, struct stream *s)
{
	uint32_t v[1024];

	(void)once;
	for (size_t i = 0; i < 1024; i++)
		v[i] = xb_random();
	add(s, XS_READ, 0, "data", 5);
	add(s, v[0] | 0x100, v[1], v, sizeof(v));
	/* A length that is none, in the middle of a stream. */
	memcpy(s->data + s->len - 2048, v, 1024);
}

/* --- scripts of their own ------------------------------------------------------------ */

static volatile uint32_t *
field(const struct xb_conn *c, size_t off)
{
	return (volatile uint32_t *)(void *)((char *)c->ring + off);
}

/* Copies what there is room for; returns how much. */
static size_t
push(struct xb_conn *c, const char *p, size_t len)
{
	uint32_t prod = c->ring->req_prod;
	uint32_t cons = __atomic_load_n(&c->ring->req_cons, __ATOMIC_ACQUIRE);
	size_t room = RING - (prod - cons);

	if (room > RING)
		room = 0;
	if (len > room)
		len = room;
	for (size_t i = 0; i < len; i++)
		c->ring->req[MASK_XENSTORE_IDX(prod + i)] = p[i];
	__atomic_store_n(&c->ring->req_prod, prod + (uint32_t)len,
	    __ATOMIC_RELEASE);
	return len;
}

/* Reads without looking. */
static bool
swallow(struct xb_conn *c)
{
	uint32_t prod = __atomic_load_n(&c->ring->rsp_prod, __ATOMIC_ACQUIRE);
	bool some = prod != c->ring->rsp_cons;

	__atomic_store_n(&c->ring->rsp_cons, prod, __ATOMIC_RELEASE);
	return some;
}

/* A ring in error begins anew, as a guest's driver would ask for it. */
static void
begin_anew(struct xb_conn *c)
{
	*field(c, CONNECTION) = 1;
	xb_kick(c);
}

static void
send_all(struct xb_conn *c, const struct stream *s, bool unread)
{
	uint64_t moved = xb_now();
	size_t at = 0, n;

	while (at < s->len) {
		n = push(c, s->data + at, s->len - at);
		at += n;
		if (n != 0)
			moved = xb_now();
		if (!unread)
			(void)swallow(c);
		xb_kick(c);
		/* It is not served any more. */
		if (n == 0 && xb_now() - moved > 100000000) {
			begin_anew(c);
			moved = xb_now();
		}
	}
}

static void
byte_by_byte(struct xb_conn *c)
{
	struct stream s = { 0 };

	say(&s, XS_READ, "data", NULL);
	for (size_t i = 0;; i = (i + 1) % s.len) {
		while (push(c, s.data + i, 1) == 0)
			(void)swallow(c);
		(void)swallow(c);
		xb_kick(c);
	}
}

static void
kicks(struct xb_conn *c)
{
	for (;;)
		xb_kick(c);
}

static void
bad_index(struct xb_conn *c)
{
	for (uint32_t i = 1;; i++) {
		c->ring->req_prod = c->ring->req_cons + RING + i % 5000;
		c->ring->rsp_cons = c->ring->rsp_prod + i;
		xb_kick(c);
		usleep(20);
		begin_anew(c);
	}
}

static void
bad_length(struct xb_conn *c)
{
	struct xsd_sockmsg h = { XS_READ, 1, 0, XENSTORE_PAYLOAD_MAX + 1 };

	for (;; h.len += 4099) {
		(void)push(c, (const char *)&h, sizeof(h));
		xb_kick(c);
		usleep(20);
		begin_anew(c);
	}
}

static void
reconnects(struct xb_conn *c)
{
	struct stream s = { 0 };

	say(&s, XS_WATCH, "data", "t");
	for (;;) {
		(void)push(c, s.data, s.len);
		begin_anew(c);
	}
}

/* The page changes while it is read. */
static void
random_page(struct xb_conn *c)
{
	for (;;) {
		for (int i = 0; i < 64; i++)
			*field(c, xb_random() % 518 * 4) = xb_random();
		xb_kick(c);
		*field(c, CONNECTION) = 1;
		xb_kick(c);
	}
}

static void
big_transactions(struct xb_conn *c)
{
	for (;;) {
		uint32_t tx = xb_start(c);
		struct xb_msg m;

		for (int i = 0; i < 100; i++) {
			xb_put(c, XS_WRITE, tx, XB_NAME("data/n%d", i), "v");
			xb_flush(c);
			xb_reply(c, &m);
		}
		(void)xb_end(c, tx);
	}
}

/* Two transactions of its own that always meet. */
static void
conflicts(struct xb_conn *c)
{
	for (;;) {
		uint32_t a = xb_start(c), b = xb_start(c);
		struct xb_msg m;

		(void)xb_call(c, XS_WRITE, a, "data/x", "a", &m);
		(void)xb_call(c, XS_WRITE, b, "data/x", "b", &m);
		(void)xb_end(c, a);
		(void)xb_end(c, b);
	}
}

/* Dies in the middle of a request, and another has its domid. */
static void
dies(struct xb_conn *c)
{
	struct stream s = { 0 };

	many_nodes(NULL, &s);
	for (;;) {
		(void)push(c, s.data, 1000);
		xb_kick(c);
		xb_hv_remove(c->hv, c->domid);
		usleep(100);
		xb_hv_add(c->hv, c->domid);
	}
}

static const struct script scripts[] = {
	{ "reads", reads, NULL, false },
	{ "writes", writes, NULL, false },
	{ "big_values", big_values, NULL, false },
	{ "many_nodes", many_nodes, NULL, false },
	{ "come_and_go", come_and_go, NULL, false },
	{ "lists", lists, NULL, false },
	{ "list_parts", list_parts, NULL, false },
	{ "permissions", permissions, NULL, false },
	{ "others_nodes", others_nodes, NULL, false },
	{ "watch_unwatch", watch_unwatch, NULL, false },
	{ "own_events", own_events, NULL, false },
	{ "unread_events", own_events, NULL, true },
	{ "unread_replies", lists, NULL, true },
	{ "resets", resets, NULL, false },
	{ "unknown_types", unknown_types, NULL, false },
	{ "bad_paths", bad_paths, NULL, false },
	{ "privileged", privileged, NULL, false },
	{ "asks_of_domains", asks_of_domains, NULL, false },
	{ "bad_transactions", bad_transactions, NULL, false },
	{ "deep", deep, NULL, false },
	{ "special_names", special_names, NULL, false },
	{ "many_transactions", many_transactions, NULL, false },
	{ "garbage", garbage, NULL, false },
	{ "byte_by_byte", NULL, byte_by_byte, false },
	{ "kicks", NULL, kicks, false },
	{ "bad_index", NULL, bad_index, false },
	{ "bad_length", NULL, bad_length, false },
	{ "reconnects", NULL, reconnects, false },
	{ "random_page", NULL, random_page, false },
	{ "big_transactions", NULL, big_transactions, false },
	{ "conflicts", NULL, conflicts, false },
	{ "dies", NULL, dies, false },
};
enum { SCRIPTS = sizeof(scripts) / sizeof(scripts[0]) };

/* --- the row ---------------------------------------------------------------------------- */

/* As a guest has it: any processor but the daemon's and the tool's. */
static void
move_away(void)
{
	struct sched_param normal = { 0 };
	cpu_set_t here, set;
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	(void)sched_setscheduler(0, SCHED_OTHER, &normal);
	if (sched_getaffinity(0, sizeof(here), &here) < 0)
		return;
	CPU_ZERO(&set);
	for (int i = 0; i < n; i++)
		if (!CPU_ISSET(i, &here))
			CPU_SET(i, &set);
	if (CPU_COUNT(&set) > 0)
		(void)sched_setaffinity(0, sizeof(set), &set);
}

/* What the tool is compared with: a guest that does no more than wait busily, as
 * all of them do. Two processors may share a core. */
static void
computes(struct xb_conn *c)
{
	uint32_t word = 0;

	for (;;) {
		(void)swallow(c);
		(void)__atomic_exchange_n(&word, 1, __ATOMIC_SEQ_CST);
	}
}

static const struct script innocent = { "computes", NULL, computes, false };

static pid_t
let_loose(const struct script *what, struct xb_conn *c)
{
	struct stream once = { 0 }, s = { 0 };
	pid_t pid = fork();

	if (pid < 0)
		xb_die("fork: %s", strerror(errno));
	if (pid > 0)
		return pid;
	move_away();
	if (what->run != NULL)
		what->run(c);
	what->fill(&once, &s);
	send_all(c, &once, false);
	for (;;)
		send_all(c, &s, what->unread);
}

static void
put_down(pid_t pid, const char *name)
{
	if (waitpid(pid, NULL, WNOHANG) != 0)
		xb_die("the guest '%s' is gone", name);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* A tool's reads, as many a second. */
static double
read_rate(struct xb_conn *tool)
{
	uint64_t begin = xb_now(), end, now;
	unsigned long n = 0;

	end = begin + (uint64_t)(xb_opt.seconds * 1e9);
	do {
		xb_ok(tool, XS_READ, 0, "/bench/value", NULL);
		n++;
		now = xb_now();
	} while (now < end);
	return (double)n * 1e9 / (double)(now - begin);
}

static void
one_script(struct xb_hv *hv, struct xb_conn *tool, unsigned k, double *worst,
    double *grown)
{
	const struct script *what = &scripts[k];
	const char *home = XB_NAME("/local/domain/%u", k + 1);
	struct xb_memory before, after;
	struct xb_conn *guest;
	double alone, beside, kib;
	uint32_t served;
	char perm[64];
	struct xb_msg m;
	pid_t pid;
	int n;

	xb_hv_add(hv, k + 1);
	guest = xb_ring(hv, k + 1);
	xb_ok(tool, XS_MKDIR, 0, XB_NAME("%s/data", home), NULL);
	n = snprintf(perm, sizeof(perm), "%s/data%cn%u", home, 0, k + 1);
	xb_put_raw(tool, XS_SET_PERMS, 0, perm, (size_t)n + 1);
	xb_flush(tool);
	xb_reply(tool, &m);
	xb_must(&m);
	xb_introduce(tool, k + 1);
	before = xb_memory();
	pid = let_loose(&innocent, guest);
	usleep(50000);
	alone = read_rate(tool);
	put_down(pid, innocent.name);
	pid = let_loose(what, guest);
	usleep(50000);
	served = guest->ring->req_cons;
	beside = read_rate(tool);
	served = guest->ring->req_cons - served;
	after = xb_memory();
	put_down(pid, what->name);
	xb_hv_remove(hv, k + 1);
	xb_close(guest);
	(void)xb_call(tool, XS_RM, 0, home, NULL, &m);
	kib = ((double)after.anon - (double)before.anon) / 1024;
	xb_emit(XB_NAME("slow.%s", what->name), alone / beside, "x");
	xb_emit(XB_NAME("grown.%s", what->name), kib, "KiB");
	/* It is not shut out, either. */
	xb_emit(XB_NAME("served.%s", what->name),
	    (double)served / 1024 / xb_opt.seconds, "KiB/s");
	if (alone / beside > *worst)
		*worst = alone / beside;
	if (kib > *grown)
		*grown = kib;
}

void
row_hostile(void)
{
	struct xb_hv *hv = xb_hv_open(xb_opt.rundir);
	struct xb_conn *tool = xb_connect(xb_opt.socket);
	double worst = 0, grown = 0;

	xb_ok(tool, XS_WRITE, 0, "/bench/value", "0123456789");
	(void)read_rate(tool);
	/* -n K: only the K-th. */
	for (unsigned k = 0; k < SCRIPTS; k++)
		if (xb_opt.n == 0 || xb_opt.n == k + 1)
			one_script(hv, tool, k, &worst, &grown);
	xb_emit("slow", worst, "x");
	xb_emit("grown", grown, "KiB");
	xb_close(tool);
	xb_hv_close(hv);
}
