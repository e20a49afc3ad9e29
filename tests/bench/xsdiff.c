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

struct xd xd;
static struct reply replies[STEPS_MAX][DAEMONS];
static unsigned long steps_run;
static const char *const who[] = { "ours", "peer" };
/* Why the program failed. */
static char failure[256];

uint32_t
client_domid(unsigned client)
{
	return client < SOCKETS ? 0 : FIRST_DOMID + client - SOCKETS;
}

bool
fail(const char *what)
{
	snprintf(failure, sizeof(failure), "%s", what);
	return false;
}

/* --- transactions ------------------------------------------------------------------------ */

static struct tx *
open_tx(const struct step *s)
{
	struct tx *t = &xd.clients[s->client].tx[s->slot];

	return s->slot != 0 && t->open ? t : NULL;
}

/* Somebody wrote: what the other transactions read may be old. */
static void
others_moved(const struct tx *by)
{
	unsigned i, k;

	for (i = 0; i < CLIENTS; i++)
		for (k = 1; k <= SLOTS; k++)
			if (&xd.clients[i].tx[k] != by)
				xd.clients[i].tx[k].moved = true;
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
		const struct step *s = &xd.running->v[t->steps[i]];
		struct meeting m = { .step = s, .in_tx = true, .died = xd.died,
			.reply = { d == OURS ? &r : &replies[t->steps[i]][OURS],
			    d == PEER ? &r : &replies[t->steps[i]][PEER] } };

		ask(cl, d, s->type, id, s->payload, s->len, &r);
		if (inherits(&m)) {
			why_count("the permissions that a new node inherits "
				  "are those its parent has at the commit");
			continue;
		}
		if (why_reply(&m, &xd.ended) == NULL) {
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
	struct client *cl = &xd.clients[s->client];
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
			ok[d] = !(d == PEER && xd.died &&
			    memcmp(r[d].body, "ENOMEM", 6) == 0);
	}
	if (xd.verbose)
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
		ask(&xd.clients[s->client], d, XS_TRANSACTION_END, t->id[d], "F",
		    2, &r[d]);
	t->open = false;
	return same(&r[OURS], &r[PEER]) || fail("aborts differ");
}

/* --- steps ---------------------------------------------------------------------------------- */

static bool
request(const struct step *s, unsigned index, struct meeting *m)
{
	struct client *cl = &xd.clients[s->client];
	struct tx *t = open_tx(s);
	struct reply *r = replies[index];
	const char *why;
	int d;

	m->in_tx = t != NULL;
	for (d = 0; d < DAEMONS; d++)
		ask(cl, d, s->type, t != NULL ? t->id[d] : 0, s->payload,
		    s->len, &r[d]);
	if (xd.verbose)
		replies_print(&r[OURS], &r[PEER]);
	if (t != NULL && honours_tx(s->type))
		t->steps[t->n++] = index;
	else if (writes(s->type))
		others_moved(NULL);
	m->reply[OURS] = &r[OURS];
	m->reply[PEER] = &r[PEER];
	if (s->type == XS_SET_TARGET && r[PEER].type == s->type)
		xd.targeted = true;
	if (s->type == XS_RESET_WATCHES && r[OURS].type == s->type)
		memset(cl->tx, 0, sizeof(cl->tx));
	if (same(&r[OURS], &r[PEER]))
		return true;
	why = why_reply(m, &xd.ended);
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
	struct client *cl = &xd.clients[s->client];
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
		xb_hv_flags(xd.hv[d], client_domid(client), HVT_SHUTDOWN);
		/* No request tells when it is seen; it is within a turn or two. */
		usleep(2000);
	}
}

static bool
step(const struct step *s, unsigned index)
{
	struct meeting m = { .step = s, .died = xd.died,
		.privileged = s->client < SOCKETS };
	struct tx *t = open_tx(s);

	if (s->op == OP_JOIN) {
		if (xd.clients[s->client].up)
			return true;
		client_up(s->client);
		others_moved(NULL);
		return compare_events(s);
	}
	if (!xd.clients[s->client].up || (s->op == OP_DIE && xd.targeted))
		return true;
	if (xd.verbose)
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
		xd.died = m.died = true;
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
		.died = xd.died, .privileged = true };
	int d;

	s.len = strlen(path) + 1;
	memcpy(s.payload, path, s.len);
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		s.type = types[i];
		for (d = 0; d < DAEMONS; d++)
			ask(&xd.clients[0], d, s.type, 0, path, s.len, &r[d]);
		if (why_reply(&m, &xd.ended) == NULL) {
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

	xd.running = p;
	set_up(p);
	for (i = 0; i < p->n && ok && !xd.ended; i++)
		ok = step(&p->v[i], i);
	if (ok && !xd.ended) {
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
		xd.verbose = true;
		run(&p);
		xd.verbose = false;
	} else {
		for (i = 0; i < p.n; i++)
			step_print(&p.v[i]);
	}
	return false;
}

static void
last_words(void)
{
	if (xd.running != NULL)
		fprintf(stderr, "xsdiff: while program %llu ran\n",
		    (unsigned long long)xd.running->seed);
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
			xd.verbose = true;
			break;
		default:
			return usage();
		}
	if (argc - optind != DAEMONS)
		return usage();
	atexit(last_words);
	for (d = 0; d < DAEMONS; d++)
		link_open(d, argv[optind + d]);
	for (i = seed; i < seed + programs && failures < most; i++)
		if (!one(i, !xd.verbose))
			failures++;
	xd.running = NULL;
	printf("%llu programs, %lu steps, %lu failures; met and meant:\n",
	    (unsigned long long)(i - seed), steps_run, failures);
	why_print();
	return failures != 0;
}
