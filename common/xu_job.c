/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The driver of step tables; see xu_job.h. */
#include "config.h"

#include <string.h>

#include "xu_job.h"

void
xu_job_init(struct xu_job *j, const struct xu_step *steps, void *ctx)
{
	memset(j, 0, sizeof(*j));
	j->steps = steps;
	j->ctx = ctx;
}

size_t
xu_job_steps(const struct xu_step *steps)
{
	size_t n = 0;

	while (steps[n].name != NULL)
		n++;
	return n;
}

static void
finish(struct xu_job *j)
{
	j->done = true;
	if (j->on_done != NULL)
		j->on_done(j); /* may free j */
}

static void
undo(struct xu_job *j)
{
	j->undoing = true;
	while (j->at > 0) {
		const struct xu_step *s = &j->steps[--j->at];

		if (s->undo != NULL)
			s->undo(j->ctx);
	}
	finish(j);
}

static void
fail(struct xu_job *j)
{
	if (!xu_err_is_set(&j->err))
		xu_err_set(&j->err, "INTERNAL_ERROR", 0,
		    "the step gave no reason");
	xu_err_add(&j->err, "%s", j->steps[j->at].name);
	undo(j);
}

static void
run(struct xu_job *j)
{
	while (j->steps[j->at].name != NULL) {
		if (j->on_step != NULL)
			j->on_step(j);
		if (xu_err_is_set(&j->err)) {
			fail(j);
			return;
		}
		switch (j->steps[j->at].run(j->ctx, &j->err)) {
		case XU_STEP_NEXT:
			j->at++;
			break;
		case XU_STEP_WAIT:
			j->waiting = true;
			return;
		case XU_STEP_FAIL:
			fail(j);
			return;
		}
	}
	finish(j);
}

void
xu_job_start(struct xu_job *j)
{
	run(j);
}

void
xu_job_resume(struct xu_job *j, const struct xu_err *e)
{
	if (!j->waiting || j->done)
		return;
	j->waiting = false;
	if (e != NULL) {
		j->err = *e;
		fail(j);
		return;
	}
	j->at++;
	run(j);
}
