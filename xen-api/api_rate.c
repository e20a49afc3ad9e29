/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How many calls a client may make: so many a second (calls_per_second), and some
 * seconds' worth at once who has been quiet. A client is an address, on the local
 * socket a user; root is not counted there. More is answered with status 429, which
 * comes late: who calls again at once has to wait for it, and costs others nothing.
 * The connection stays.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "xu_log.h"

/* What may be saved up, seconds' worth. */
#define SAVED_S	     5u
/* Clients known; who has not called for longest is forgotten. */
#define CALLERS_MAX  4096
/* Refusals are answered that often; a client's are logged that often. */
#define REFUSE_MS    100
#define TELL_MS	     60000
/* Of what is saved, a call's price. */
#define CALL	     1000u

struct caller {
	char name[64];
	struct xu_list age;
	/* What it has, at that time (the loop's clock). */
	uint64_t saved, seen;
	uint64_t told;
};

static void
refuse_all(uv_timer_t *t)
{
	struct api *a = t->data;
	struct request *rq;

	while (!xu_list_empty(&a->too_many)) {
		rq = xu_container_of(a->too_many.next, struct request, turn);
		xu_list_remove(&rq->turn);
		api_answer_http(rq, MHD_HTTP_TOO_MANY_REQUESTS, "text/plain",
		    "too many calls; see calls_per_second of xld.conf\n", 49);
	}
}

int
api_rates_open(struct api *a)
{
	xu_list_init(&a->callers_age);
	xu_list_init(&a->too_many);
	uv_timer_init(a->loop, &a->refuse);
	a->refuse.data = a;
	a->callers = xu_map_new();
	return a->callers == NULL ? -1 : 0;
}

static void
forget(struct api *a, struct caller *c)
{
	xu_map_del(a->callers, c->name);
	xu_list_remove(&c->age);
	free(c);
}

void
api_rates_close(struct api *a)
{
	refuse_all(&a->refuse);
	uv_timer_stop(&a->refuse);
	while (!xu_list_empty(&a->callers_age))
		forget(a, xu_container_of(a->callers_age.next, struct caller,
		    age));
	xu_map_free(&a->callers);
}

/* A new one has all that can be saved. NULL: out of memory. */
static struct caller *
caller_of(struct api *a, const char *name)
{
	struct caller *c = xu_map_get(a->callers, name);

	if (c != NULL) {
		xu_list_remove(&c->age);
		xu_list_append(&a->callers_age, &c->age);
		return c;
	}
	if (xu_map_count(a->callers) >= CALLERS_MAX)
		forget(a, xu_container_of(a->callers_age.next, struct caller,
		    age));
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return NULL;
	snprintf(c->name, sizeof(c->name), "%s", name);
	c->saved = UINT64_MAX;
	if (xu_map_put(a->callers, c->name, c) < 0) {
		free(c);
		return NULL;
	}
	xu_list_append(&a->callers_age, &c->age);
	return c;
}

static bool
pay(struct caller *c, uint64_t now, uint64_t rate)
{
	const uint64_t most = CALL * SAVED_S * rate;
	const uint64_t ms = now - c->seen;

	c->seen = now;
	if (c->saved >= most || ms >= 1000 * SAVED_S)
		c->saved = most;
	else
		c->saved += ms * rate * CALL / 1000;
	if (c->saved > most)
		c->saved = most;
	if (c->saved < CALL)
		return false;
	c->saved -= CALL;
	return true;
}

bool
api_rate_allows(const struct request *rq)
{
	struct api *a = rq->api;
	const unsigned rate = a->limits.calls;
	const uint64_t now = uv_now(a->loop);
	struct caller *c;
	char from[64];

	if (rate == 0 || (rq->listener->local && rq->uid == 0))
		return true;
	api_where_from(rq, from);
	c = caller_of(a, from);
	if (c == NULL || pay(c, now, rate))
		return true;
	a->refused++;
	if (c->told == 0 || now - c->told >= TELL_MS) {
		xu_log(XU_NOTICE, "%s calls more than %u times a second: calls "
				  "are refused (calls_per_second of xld.conf)",
		    from, rate);
		c->told = now;
	}
	return false;
}

void
api_rate_refuse(struct request *rq)
{
	struct api *a = rq->api;

	if (xu_list_empty(&a->too_many))
		uv_timer_start(&a->refuse, refuse_all, REFUSE_MS, 0);
	xu_list_append(&a->too_many, &rq->turn);
}
