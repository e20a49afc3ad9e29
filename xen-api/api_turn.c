/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whose turn it is at the core. A call that changes something goes there at once.
 * Those that only read wait for each other: a few are there at a time, which keeps
 * it and us busy, and the next one is of the session that has gone longest without.
 * So clients that list everything without a pause share what is left of the time,
 * and whoever asks now and then waits for a few answers and not for one of each.
 */
#include "config.h"

#include "api.h"

/* One is worked on there, one here, and one is under way each way. */
#define AT_ONCE 4u

static void
answered(void *arg, struct xu_msg *reply)
{
	api_answer_core(arg, reply);
}

static void read_answered(void *arg, struct xu_msg *reply);

static void
next(struct api *a)
{
	struct request *rq;
	struct xu_val *msg;

	while (a->reading < AT_ONCE && !xu_list_empty(&a->turns)) {
		rq = xu_container_of(a->turns.next, struct request, turn);
		xu_list_remove(&rq->turn);
		msg = rq->held;
		rq->held = NULL;
		a->reading++;
		api_core_call(a, msg, read_answered, rq);
	}
}

static void
read_answered(void *arg, struct xu_msg *reply)
{
	struct request *rq = arg;
	struct api *a = rq->api;

	a->reading--;
	answered(rq, reply);
	/* Without a reply the core is gone, and with it all turns. */
	if (reply != NULL)
		next(a);
}

/* Behind all whose session has waited as long or longer. */
static void
queue(struct api *a, struct request *rq)
{
	struct xu_list *before = a->turns.prev;

	while (before != &a->turns &&
	    xu_container_of(before, struct request, turn)->had > rq->had)
		before = before->prev;
	xu_list_append(before->next, &rq->turn);
}

void
api_turn_call(struct request *rq, struct session *s, struct xu_val *msg)
{
	struct api *a = rq->api;

	if (rq->call.verb == MV_METHOD || rq->call.verb >= MV_SET) {
		api_core_call(a, msg, answered, rq);
		return;
	}
	rq->held = msg;
	rq->had = s->turn;
	s->turn = ++a->turn;
	queue(a, rq);
	next(a);
}

void
api_turns_close(struct api *a)
{
	struct request *rq;

	while (!xu_list_empty(&a->turns)) {
		rq = xu_container_of(a->turns.next, struct request, turn);
		xu_list_remove(&rq->turn);
		answered(rq, NULL);
	}
}
