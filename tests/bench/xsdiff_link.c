/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Both daemons at once: requests, clients that come and go, events. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xsdiff.h"

static const char *const who[] = { "ours", "peer" };

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

void
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

	if (!xb_call(xd.admin[d], type, 0, path, value, &m) &&
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
	xb_put_raw(xd.admin[d], XS_SET_PERMS, 0, req, n + l);
	xb_flush(xd.admin[d]);
	xb_reply(xd.admin[d], &m);
	xb_must(&m);
}

/* Until what the table says has reached the daemon. */
static void
wait_introduced(int d, uint32_t domid, char want)
{
	struct xb_msg m;
	int i;

	for (i = 0; i < 5000; i++) {
		xb_call(xd.admin[d], XS_IS_DOMAIN_INTRODUCED, 0,
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

	xd.spy[d] = xb_connect(XB_NAME("%s/socket", xd.dirs[d]));
	xb_put_raw(xd.spy[d], XS_WATCH, 0, "/\0spy", 6);
	xb_flush(xd.spy[d]);
	xb_reply(xd.spy[d], &m);
	xb_must(&m);
}

/* How many events the whole store has had since this was asked last. */
unsigned long
changes(int d)
{
	unsigned long n = xd.spy[d]->events;
	struct xb_msg m;

	xb_call(xd.spy[d], XS_GET_DOMAIN_PATH, 0, "0", NULL, &m);
	return xd.spy[d]->events - n;
}

/* What is below a path, as a number: values, permissions, names. */
uint64_t
digest(int d, const char *path, uint64_t sum)
{
	static const uint32_t types[] = { XS_READ, XS_GET_PERMS, XS_DIRECTORY };
	char names[XENSTORE_PAYLOAD_MAX];
	struct xb_msg m;
	size_t i, k, len = 0;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		xb_call(xd.admin[d], types[i], 0, path, NULL, &m);
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

void
client_up(unsigned i)
{
	struct client *cl = &xd.clients[i];
	uint32_t domid = client_domid(i);
	int d;

	for (d = 0; d < DAEMONS; d++) {
		if (domid == 0) {
			cl->c[d] = xb_connect(XB_NAME("%s/socket", xd.dirs[d]));
			continue;
		}
		xb_hv_add(xd.hv[d], domid);
		cl->c[d] = xb_ring(xd.hv[d], domid);
		xb_introduce(xd.admin[d], domid);
	}
	cl->up = true;
	forget(cl);
}

void
client_down(unsigned i, bool release)
{
	struct client *cl = &xd.clients[i];
	uint32_t domid = client_domid(i);
	int d;

	if (!cl->up)
		return;
	for (d = 0; d < DAEMONS; d++) {
		if (domid != 0 && release)
			order(d, XS_RELEASE, XB_NAME("%u", domid), NULL);
		if (domid != 0) {
			xb_hv_remove(xd.hv[d], domid);
			wait_introduced(d, domid, 'F');
		}
		xb_close(cl->c[d]);
	}
	cl->up = false;
	forget(cl);
}

void
set_up(const struct program *p)
{
	unsigned i;
	int d;

	xd.died = xd.targeted = xd.ended = false;
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

void
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
	const struct tx *t = &xd.clients[s->client].tx[s->slot];
	unsigned i;

	if (events_equal(cl))
		return "events of one step in another order";
	if (merged_equal(cl))
		return "equal events of one step are not merged";
	if (s->op != OP_COMMIT || cl->c[OURS]->ring == NULL || !told_more(cl))
		return NULL;
	for (i = 0; i < t->n; i++)
		if (xd.running->v[t->steps[i]].type == XS_RM)
			return "a removal in a transaction is told to a guest "
			       "that could read the parent, as any removal is";
	return NULL;
}

/* Events of everybody are here when a later request is answered. */
bool
compare_events(const struct step *s)
{
	static struct reply r;
	const char *why;
	unsigned i;
	int d;

	for (i = 0; i < CLIENTS; i++) {
		struct client *cl = &xd.clients[i];

		if (!cl->up)
			continue;
		for (d = 0; d < DAEMONS; d++)
			ask(cl, d, XS_GET_DOMAIN_PATH, 0, "0", 2, &r);
		if (xd.verbose)
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

/* --- the start ------------------------------------------------------------------ */

void
link_open(int d, const char *dir)
{
	xd.dirs[d] = dir;
	xd.hv[d] = xb_hv_open(dir);
	xd.admin[d] = xb_connect(XB_NAME("%s/socket", dir));
	spy_on(d);
}
