/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The runner: both daemons take each step, then everything is compared. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv_test.h"
#include "xsdiff.h"

struct xb_options xb_opt; /* of the wire's files; not used here */

enum { EVENTS_MAX = 256, EVENT_SIZE = 300, FIRST_DOMID = 11 };

struct event {
	size_t len;
	char text[EVENT_SIZE];
};

/* A client's transaction, open in both daemons. */
struct tx {
	uint32_t id[DAEMONS];
	bool open;
	bool moved;	/* something outside it was written since its start */
	bool differs;	/* a reply in it did, for that reason */
	unsigned n, steps[STEPS_MAX];
};

struct client {
	struct xb_conn *c[DAEMONS];
	bool up;
	struct tx tx[SLOTS + 1];
	unsigned nevents[DAEMONS];
	struct event events[DAEMONS][EVENTS_MAX];
};

static const char *dirs[DAEMONS];
static struct xb_hv *hv[DAEMONS];
static struct xb_conn *admin[DAEMONS]; /* the harness's own */
static struct xb_conn *spy[DAEMONS];   /* watches everything */
static struct client clients[CLIENTS];
static struct reply replies[STEPS_MAX][DAEMONS];
static bool died, targeted, ended, verbose;
static unsigned long steps_run;
static const struct program *running;
static const char *const who[] = { "ours", "peer" };
/* Why the program failed. */
static char failure[256];

uint32_t
client_domid(unsigned client)
{
	return client < SOCKETS ? 0 : FIRST_DOMID + client - SOCKETS;
}

static bool
fail(const char *what)
{
	snprintf(failure, sizeof(failure), "%s", what);
	return false;
}

/* --- one request to one daemon ------------------------------------------------- */

static void
keep_event(struct client *cl, int d, const struct xb_msg *m)
{
	struct event *e;

	if (cl->nevents[d] == EVENTS_MAX)
		xb_die("%s: too many events in a step", who[d]);
	e = &cl->events[d][cl->nevents[d]++];
	e->len = m->h.len < EVENT_SIZE ? m->h.len : EVENT_SIZE;
	memcpy(e->text, m->body, e->len);
}

static void
ask(struct client *cl, int d, uint32_t type, uint32_t tx, const void *payload,
    size_t len, struct reply *r)
{
	struct xb_msg m;

	xb_put_raw(cl->c[d], type, tx, payload, len);
	xb_flush(cl->c[d]);
	for (;;) {
		while (!xb_take(cl->c[d], &m))
			xb_fill(cl->c[d], true);
		if (m.h.type != XS_WATCH_EVENT)
			break;
		keep_event(cl, d, &m);
	}
	if (m.h.len > sizeof(r->body))
		xb_die("%s: a reply of %u bytes", who[d], m.h.len);
	r->type = m.h.type;
	r->len = m.h.len;
	memcpy(r->body, m.body, m.h.len);
}

/* What an administrator does between steps, which must succeed. */
static void
order(int d, uint32_t type, const char *path, const char *value)
{
	struct xb_msg m;

	if (!xb_call(admin[d], type, 0, path, value, &m) &&
	    !(type == XS_RM && xb_is_error(&m, "ENOENT")))
		xb_die("%s: request %u of %s: %.*s", who[d], type, path,
		    (int)m.h.len, m.body);
}

static void
order_perms(int d, const char *path, const char *perms)
{
	char req[128];
	size_t n = strlen(path) + 1, i, l = strlen(perms) + 1;
	struct xb_msg m;

	memcpy(req, path, n);
	memcpy(req + n, perms, l);
	for (i = n; i < n + l; i++)
		if (req[i] == ' ')
			req[i] = '\0';
	xb_put_raw(admin[d], XS_SET_PERMS, 0, req, n + l);
	xb_flush(admin[d]);
	xb_reply(admin[d], &m);
	xb_must(&m);
}

/* Until what the table says has reached the daemon. */
static void
wait_introduced(int d, uint32_t domid, char want)
{
	struct xb_msg m;
	int i;

	for (i = 0; i < 5000; i++) {
		xb_call(admin[d], XS_IS_DOMAIN_INTRODUCED, 0,
		    XB_NAME("%u", domid), NULL, &m);
		if (m.h.type == XS_IS_DOMAIN_INTRODUCED && m.body[0] == want)
			return;
		usleep(200);
	}
	xb_die("%s: domain %u is not %s", who[d], domid,
	    want == 'T' ? "introduced" : "gone");
}

static void
spy_on(int d)
{
	struct xb_msg m;

	spy[d] = xb_connect(XB_NAME("%s/socket", dirs[d]));
	xb_put_raw(spy[d], XS_WATCH, 0, "/\0spy", 6);
	xb_flush(spy[d]);
	xb_reply(spy[d], &m);
	xb_must(&m);
}

/* How many events the whole store has had since this was asked last. */
static unsigned long
changes(int d)
{
	unsigned long n = spy[d]->events;
	struct xb_msg m;

	xb_call(spy[d], XS_GET_DOMAIN_PATH, 0, "0", NULL, &m);
	return spy[d]->events - n;
}

/* What is below a path, as a number: values, permissions, names. */
static uint64_t
digest(int d, const char *path, uint64_t sum)
{
	static const uint32_t types[] = { XS_READ, XS_GET_PERMS, XS_DIRECTORY };
	char names[XENSTORE_PAYLOAD_MAX];
	struct xb_msg m;
	size_t i, k, len = 0;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		xb_call(admin[d], types[i], 0, path, NULL, &m);
		sum = (sum ^ m.h.type) * 0x100000001b3u;
		for (k = 0; k < m.h.len; k++)
			sum = (sum ^ (unsigned char)m.body[k]) * 0x100000001b3u;
	}
	if (m.h.type == XS_DIRECTORY) {
		len = m.h.len;
		memcpy(names, m.body, len);
	}
	for (i = 0; i < len; i += strlen(names + i) + 1)
		sum = digest(d, XB_NAME("%.150s/%.60s", path, names + i), sum);
	return sum;
}

/* --- clients come and go ------------------------------------------------------------ */

static void
forget(struct client *cl)
{
	memset(cl->tx, 0, sizeof(cl->tx));
	memset(cl->nevents, 0, sizeof(cl->nevents));
}

static void
client_up(unsigned i)
{
	struct client *cl = &clients[i];
	uint32_t domid = client_domid(i);
	int d;

	for (d = 0; d < DAEMONS; d++) {
		if (domid == 0) {
			cl->c[d] = xb_connect(XB_NAME("%s/socket", dirs[d]));
			continue;
		}
		xb_hv_add(hv[d], domid);
		cl->c[d] = xb_ring(hv[d], domid);
		xb_introduce(admin[d], domid);
	}
	cl->up = true;
	forget(cl);
}

static void
client_down(unsigned i, bool release)
{
	struct client *cl = &clients[i];
	uint32_t domid = client_domid(i);
	int d;

	if (!cl->up)
		return;
	for (d = 0; d < DAEMONS; d++) {
		if (domid != 0 && release)
			order(d, XS_RELEASE, XB_NAME("%u", domid), NULL);
		if (domid != 0) {
			xb_hv_remove(hv[d], domid);
			wait_introduced(d, domid, 'F');
		}
		xb_close(cl->c[d]);
	}
	cl->up = false;
	forget(cl);
}

static void
set_up(const struct program *p)
{
	unsigned i;
	int d;

	died = targeted = ended = false;
	for (i = 0; i < CLIENTS; i++)
		client_up(i);
	for (d = 0; d < DAEMONS; d++) {
		order(d, XS_RM, "/x", NULL);
		order(d, XS_RM, "/local", NULL);
		order(d, XS_RM, "/introduceDomain", NULL);
		order(d, XS_RM, "/releaseDomain", NULL);
		order(d, XS_RM, "/other", NULL);
		order(d, XS_MKDIR, "/local/domain/11", NULL);
		order_perms(d, "/local/domain/11", "n11");
		order(d, XS_MKDIR, "/local/domain/12", NULL);
		order_perms(d, "/local/domain/12", "n12 r11");
		order(d, XS_MKDIR, "/x", NULL);
		order_perms(d, "/x", p->perms);
		order_perms(d, "@introduceDomain", "n0");
		order_perms(d, "@releaseDomain", "n0");
	}
}

static void
tear_down(void)
{
	unsigned i;

	/* A target goes after those that point to it. */
	for (i = CLIENTS; i-- > 0;)
		client_down(i, true);
}

/* --- events ---------------------------------------------------------------------------- */

static int
event_compare(const void *a, const void *b)
{
	const struct event *x = a, *y = b;
	size_t n = x->len < y->len ? x->len : y->len;
	int r = memcmp(x->text, y->text, n);

	return r != 0 ? r : x->len < y->len ? -1 : x->len > y->len;
}

static void
events_print(const struct client *cl)
{
	unsigned i;
	int d;

	for (d = 0; d < DAEMONS; d++) {
		printf("  events, %s:", who[d]);
		for (i = 0; i < cl->nevents[d]; i++) {
			putchar(' ');
			bytes_print(cl->events[d][i].text,
			    cl->events[d][i].len);
		}
		putchar('\n');
	}
}

static bool
events_equal(struct client *cl)
{
	unsigned i;

	if (cl->nevents[OURS] != cl->nevents[PEER])
		return false;
	for (i = 0; i < cl->nevents[OURS]; i++)
		if (event_compare(&cl->events[OURS][i], &cl->events[PEER][i]))
			return false;
	return true;
}

/* Sorted ones, without those that are there twice. */
static bool
merged_equal(struct client *cl)
{
	unsigned i, n;
	int d;

	for (d = 0; d < DAEMONS; d++) {
		struct event *e = cl->events[d];

		for (i = 1, n = cl->nevents[d] != 0; i < cl->nevents[d]; i++)
			if (event_compare(&e[i], &e[n - 1]) != 0)
				e[n++] = e[i];
		cl->nevents[d] = n;
	}
	return events_equal(cl);
}

/* Sorted ones: all that the peer told are ours, too. */
static bool
told_more(const struct client *cl)
{
	unsigned i, k = 0;

	for (i = 0; i < cl->nevents[OURS]; i++)
		if (k < cl->nevents[PEER] &&
		    event_compare(&cl->events[OURS][i],
			&cl->events[PEER][k]) == 0)
			k++;
	return k == cl->nevents[PEER];
}

static const char *
why_events(struct client *cl, const struct step *s)
{
	const struct tx *t = &clients[s->client].tx[s->slot];
	unsigned i;

	if (events_equal(cl))
		return "events of one step in another order";
	if (merged_equal(cl))
		return "equal events of one step are not merged";
	if (s->op != OP_COMMIT || cl->c[OURS]->ring == NULL || !told_more(cl))
		return NULL;
	for (i = 0; i < t->n; i++)
		if (running->v[t->steps[i]].type == XS_RM)
			return "a removal in a transaction is told to a guest "
			       "that could read the parent, as any removal is";
	return NULL;
}

/* Events of everybody are here when a later request is answered. */
static bool
compare_events(const struct step *s)
{
	static struct reply r;
	const char *why;
	unsigned i;
	int d;

	for (i = 0; i < CLIENTS; i++) {
		struct client *cl = &clients[i];

		if (!cl->up)
			continue;
		for (d = 0; d < DAEMONS; d++)
			ask(cl, d, XS_GET_DOMAIN_PATH, 0, "0", 2, &r);
		if (verbose)
			events_print(cl);
		if (!events_equal(cl)) {
			for (d = 0; d < DAEMONS; d++)
				qsort(cl->events[d], cl->nevents[d],
				    sizeof(struct event), event_compare);
			why = why_events(cl, s);
			if (why == NULL) {
				printf("events of client %u differ:\n", i);
				events_print(cl);
				return fail("events differ");
			}
			why_count(why);
		}
		memset(cl->nevents, 0, sizeof(cl->nevents));
	}
	return true;
}

/* --- transactions ------------------------------------------------------------------------ */

static struct tx *
open_tx(const struct step *s)
{
	struct tx *t = &clients[s->client].tx[s->slot];

	return s->slot != 0 && t->open ? t : NULL;
}

/* Somebody wrote: what the other transactions read may be old. */
static void
others_moved(const struct tx *by)
{
	unsigned i, k;

	for (i = 0; i < CLIENTS; i++)
		for (k = 1; k <= SLOTS; k++)
			if (&clients[i].tx[k] != by)
				clients[i].tx[k].moved = true;
}

static bool
writes(uint32_t type)
{
	return type == XS_WRITE || type == XS_MKDIR || type == XS_RM ||
	    type == XS_SET_PERMS || type == XS_RELEASE;
}

/* Whether a transaction means anything to a request. */
static bool
honours_tx(uint32_t type)
{
	return type == XS_READ || type == XS_DIRECTORY ||
	    type == XS_GET_PERMS || (writes(type) && type != XS_RELEASE);
}

static bool
same(const struct reply *a, const struct reply *b)
{
	return a->type == b->type && a->len == b->len &&
	    memcmp(a->body, b->body, a->len) == 0;
}

static void
replies_print(const struct reply *ours, const struct reply *peer)
{
	printf("  ours %u ", ours->type);
	bytes_print(ours->body, ours->len);
	printf(", peer %u ", peer->type);
	bytes_print(peer->body, peer->len);
	putchar('\n');
}

static uint32_t
start_tx(struct client *cl, int d)
{
	struct reply r;

	ask(cl, d, XS_TRANSACTION_START, 0, "", 1, &r);
	return r.type == XS_TRANSACTION_START ?
	    (uint32_t)strtoul(r.body, NULL, 10) :
	    0;
}

static bool
inherits(const struct meeting *m)
{
	return m->reply[OURS]->type == XS_GET_PERMS &&
	    m->reply[PEER]->type == XS_GET_PERMS &&
	    !same(m->reply[OURS], m->reply[PEER]);
}

/*
 * One daemon has committed and the other not: the other takes the transaction
 * again, now. If what the first did has a place in a serial order, it is here:
 * all the replies are what the first one gave.
 */
static bool
again(struct client *cl, const struct tx *t, int d)
{
	static struct reply r;
	uint32_t id = start_tx(cl, d);
	unsigned i;

	for (i = 0; i < t->n; i++) {
		const struct step *s = &running->v[t->steps[i]];
		struct meeting m = { .step = s, .in_tx = true, .died = died,
			.reply = { d == OURS ? &r : &replies[t->steps[i]][OURS],
			    d == PEER ? &r : &replies[t->steps[i]][PEER] } };

		ask(cl, d, s->type, id, s->payload, s->len, &r);
		if (inherits(&m)) {
			why_count("the permissions that a new node inherits "
				  "are those its parent has at the commit");
			continue;
		}
		if (why_reply(&m, &ended) == NULL) {
			printf("taken again by %s, its reply %u differs:\n",
			    who[d], i);
			step_print(s);
			replies_print(m.reply[OURS], m.reply[PEER]);
			return fail("a commit that has no serial order");
		}
	}
	ask(cl, d, XS_TRANSACTION_END, id, "T", 2, &r);
	if (r.type != XS_TRANSACTION_END)
		return fail("a lone transaction does not commit");
	return true;
}

static const char early[] =
    "a transaction that changed nothing commits, as one that came before what "
    "others wrote";

static bool
commit(const struct step *s, struct tx *t)
{
	struct client *cl = &clients[s->client];
	struct reply r[DAEMONS];
	bool ok[DAEMONS], changed[DAEMONS] = { true, true };
	uint64_t before[DAEMONS] = { 0 };
	int d;

	for (d = 0; d < DAEMONS && t->moved; d++) {
		changes(d);
		before[d] = digest(d, "/local", digest(d, "/x", 1));
	}
	for (d = 0; d < DAEMONS; d++) {
		ask(cl, d, XS_TRANSACTION_END, t->id[d], "T", 2, &r[d]);
		ok[d] = r[d].type == XS_TRANSACTION_END;
		/* Other ends of a transaction are compared as they are. */
		if (!ok[d] && memcmp(r[d].body, "EAGAIN", 6) != 0)
			ok[d] = !(d == PEER && died &&
			    memcmp(r[d].body, "ENOMEM", 6) == 0);
	}
	if (verbose)
		replies_print(&r[OURS], &r[PEER]);
	t->open = false;
	if (ok[OURS] || ok[PEER])
		others_moved(t);
	for (d = 0; d < DAEMONS && t->moved; d++)
		changed[d] = changes(d) > 0 ||
		    before[d] != digest(d, "/local", digest(d, "/x", 1));
	if (ok[OURS] && ok[PEER]) {
		if (!same(&r[OURS], &r[PEER]))
			return fail("ends of a transaction differ");
		if (!t->differs && changed[OURS] == changed[PEER])
			return true;
		if (changed[OURS] || !t->moved)
			return fail("both commit, but their replies differ");
		/* Ours came first and changed nothing; so may it come again. */
		why_count(early);
		return again(cl, t, OURS);
	}
	if (!ok[OURS] && !ok[PEER])
		return true;
	if (!t->moved)
		return fail("EAGAIN though nobody else wrote");
	if (ok[OURS] && !changed[OURS]) {
		why_count(early);
		return true;
	}
	why_count(memcmp(r[PEER].body, "ENOMEM", 6) == 0 ?
		"a transaction goes on when an owner of its nodes dies; the "
		"peer answers ENOMEM" :
	    ok[OURS] ?
		"a transaction that touched other nodes, or overwrote without "
		"reading, commits; the peer answers EAGAIN" :
		"a transaction reads the store as it was at its start, so what "
		"changed since is a conflict; the peer reads what is new");
	return again(cl, t, ok[OURS] ? PEER : OURS);
}

static bool
end_tx(const struct step *s, struct tx *t)
{
	struct reply r[DAEMONS];
	int d;

	if (s->op == OP_COMMIT)
		return commit(s, t);
	for (d = 0; d < DAEMONS; d++)
		ask(&clients[s->client], d, XS_TRANSACTION_END, t->id[d], "F",
		    2, &r[d]);
	t->open = false;
	return same(&r[OURS], &r[PEER]) || fail("aborts differ");
}

/* --- steps ---------------------------------------------------------------------------------- */

static bool
request(const struct step *s, unsigned index, struct meeting *m)
{
	struct client *cl = &clients[s->client];
	struct tx *t = open_tx(s);
	struct reply *r = replies[index];
	const char *why;
	int d;

	m->in_tx = t != NULL;
	for (d = 0; d < DAEMONS; d++)
		ask(cl, d, s->type, t != NULL ? t->id[d] : 0, s->payload,
		    s->len, &r[d]);
	if (verbose)
		replies_print(&r[OURS], &r[PEER]);
	if (t != NULL && honours_tx(s->type))
		t->steps[t->n++] = index;
	else if (writes(s->type))
		others_moved(NULL);
	m->reply[OURS] = &r[OURS];
	m->reply[PEER] = &r[PEER];
	if (s->type == XS_SET_TARGET && r[PEER].type == s->type)
		targeted = true;
	if (s->type == XS_RESET_WATCHES && r[OURS].type == s->type)
		memset(cl->tx, 0, sizeof(cl->tx));
	if (same(&r[OURS], &r[PEER]))
		return true;
	why = why_reply(m, &ended);
	if (why != NULL) {
		why_count(why);
		return true;
	}
	if (t != NULL && t->moved) {
		t->differs = true; /* judged when it ends */
		return true;
	}
	printf("replies differ:\n");
	replies_print(&r[OURS], &r[PEER]);
	return fail("replies differ");
}

static bool
start(const struct step *s)
{
	struct client *cl = &clients[s->client];
	struct tx *t = &cl->tx[s->slot];
	int d;

	if (t->open)
		return true;
	memset(t, 0, sizeof(*t));
	for (d = 0; d < DAEMONS; d++)
		t->id[d] = start_tx(cl, d);
	t->open = t->id[OURS] != 0 && t->id[PEER] != 0;
	return t->open || fail("START fails");
}

static void
shut_down(unsigned client)
{
	int d;

	for (d = 0; d < DAEMONS; d++) {
		xb_hv_flags(hv[d], client_domid(client), HVT_SHUTDOWN);
		/* No request tells when it is seen; it is within a turn or two. */
		usleep(2000);
	}
}

static bool
step(const struct step *s, unsigned index)
{
	struct meeting m = { .step = s, .died = died,
		.privileged = s->client < SOCKETS };
	struct tx *t = open_tx(s);

	if (s->op == OP_JOIN) {
		if (clients[s->client].up)
			return true;
		client_up(s->client);
		others_moved(NULL);
		return compare_events(s);
	}
	if (!clients[s->client].up || (s->op == OP_DIE && targeted))
		return true;
	if (verbose)
		step_print(s);
	steps_run++;
	switch (s->op) {
	case OP_START:
		return start(s);
	case OP_COMMIT:
	case OP_ABORT:
		if (t == NULL)
			return true;
		if (!end_tx(s, t))
			return false;
		break;
	case OP_DIE:
	case OP_SHUTDOWN:
		died = m.died = true;
		others_moved(NULL);
		if (s->op == OP_DIE)
			client_down(s->client, false);
		else
			shut_down(s->client);
		break;
	case OP_RECONNECT:
		client_down(s->client, false);
		client_up(s->client);
		break;
	default:
		if (!request(s, index, &m))
			return false;
	}
	return compare_events(s);
}

/* --- whole programs --------------------------------------------------------------------------- */

/* Everything below a path, in both; in the end the trees are the same. */
static bool
compare_tree(const char *path)
{
	static const uint32_t types[] = { XS_READ, XS_GET_PERMS, XS_DIRECTORY };
	static struct reply r[DAEMONS];
	char names[XENSTORE_PAYLOAD_MAX], child[256];
	size_t i, len = 0, off;
	struct step s = { .op = OP_REQUEST };
	struct meeting m = { .step = &s, .reply = { &r[0], &r[1] },
		.died = died, .privileged = true };
	int d;

	s.len = strlen(path) + 1;
	memcpy(s.payload, path, s.len);
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		s.type = types[i];
		for (d = 0; d < DAEMONS; d++)
			ask(&clients[0], d, s.type, 0, path, s.len, &r[d]);
		if (why_reply(&m, &ended) == NULL) {
			printf("at the end, %s differs:\n", path);
			replies_print(&r[OURS], &r[PEER]);
			return fail("the trees differ");
		}
	}
	if (r[OURS].type == XS_DIRECTORY) {
		len = r[OURS].len;
		memcpy(names, r[OURS].body, len);
	}
	for (off = 0; off < len; off += strlen(names + off) + 1) {
		snprintf(child, sizeof(child), "%.100s/%.50s", path,
		    names + off);
		if (!compare_tree(child))
			return false;
	}
	return true;
}

/* The step that failed, or -1. */
static int
run(const struct program *p)
{
	unsigned i;
	bool ok = true;

	running = p;
	set_up(p);
	for (i = 0; i < p->n && ok && !ended; i++)
		ok = step(&p->v[i], i);
	if (ok && !ended) {
		ok = compare_tree("/x") && compare_tree("/local");
		i++;
	}
	tear_down();
	return ok ? -1 : (int)i - 1;
}

/* Leaves steps out, from the end, as long as it fails. */
static void
minimise(struct program *p, int failed)
{
	static struct program q;
	unsigned i;

	if ((unsigned)failed < p->n)
		p->n = (unsigned)failed + 1;
	for (i = p->n; i-- > 0;) {
		q = *p;
		memmove(&q.v[i], &q.v[i + 1],
		    (q.n - i - 1) * sizeof(struct step));
		q.n--;
		if (run(&q) >= 0)
			*p = q;
	}
}

static bool
one(uint64_t seed, bool minimal)
{
	static struct program p;
	int failed, null;
	unsigned i;

	program_make(&p, seed);
	failed = run(&p);
	if (failed < 0)
		return true;
	printf("program %llu fails at step %d: %s\n", (unsigned long long)seed,
	    failed, failure);
	if (minimal) {
		/* What the tries print is of no use. */
		fflush(stdout);
		null = dup(1);
		if (null < 0 || freopen("/dev/null", "w", stdout) == NULL)
			xb_die("no descriptors");
		minimise(&p, failed);
		fflush(stdout);
		dup2(null, 1);
		close(null);
		printf("the least of it (/x: %s):\n", p.perms);
		verbose = true;
		run(&p);
		verbose = false;
	} else {
		for (i = 0; i < p.n; i++)
			step_print(&p.v[i]);
	}
	return false;
}

static void
last_words(void)
{
	if (running != NULL)
		fprintf(stderr, "xsdiff: while program %llu ran\n",
		    (unsigned long long)running->seed);
}

static int
usage(void)
{
	fputs("usage: xsdiff [-s SEED] [-n PROGRAMS] [-m MAX_FAILURES] [-v] "
	      "OUR_DIR PEER_DIR\n"
	      "Runs programs SEED, SEED + 1, ... in both daemons (their run "
	      "directories, with\nsocket, hv and domains).\n",
	    stderr);
	return 2;
}

int
main(int argc, char **argv)
{
	uint64_t seed = 0, i;
	unsigned long programs = 1000, failures = 0, most = 1;
	int c, d;

	while ((c = getopt(argc, argv, "s:n:m:v")) != -1)
		switch (c) {
		case 's':
			seed = strtoull(optarg, NULL, 10);
			break;
		case 'n':
			programs = strtoul(optarg, NULL, 10);
			break;
		case 'm':
			most = strtoul(optarg, NULL, 10);
			break;
		case 'v':
			verbose = true;
			break;
		default:
			return usage();
		}
	if (argc - optind != DAEMONS)
		return usage();
	atexit(last_words);
	for (d = 0; d < DAEMONS; d++) {
		dirs[d] = argv[optind + d];
		hv[d] = xb_hv_open(dirs[d]);
		admin[d] = xb_connect(XB_NAME("%s/socket", dirs[d]));
		spy_on(d);
	}
	for (i = seed; i < seed + programs && failures < most; i++)
		if (!one(i, !verbose))
			failures++;
	running = NULL;
	printf("%llu programs, %lu steps, %lu failures; met and meant:\n",
	    (unsigned long long)(i - seed), steps_run, failures);
	why_print();
	return failures != 0;
}
