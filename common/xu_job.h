/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Long work as a table of named steps, each with its undo. A step is
 * all-or-nothing. The driver runs them in order; when one fails the undos of
 * those before it run in reverse. A step that must wait returns XU_STEP_WAIT;
 * whoever learns that it has ended calls xu_job_resume. The step's name
 * prefixes its error.
 */
#ifndef XU_JOB_H
#define XU_JOB_H

#include <stdbool.h>
#include <stddef.h>

#include "xu_err.h"

enum xu_step_result {
	XU_STEP_NEXT,
	XU_STEP_WAIT,
	XU_STEP_FAIL,
};

typedef enum xu_step_result xu_step_f(void *ctx, struct xu_err *e);
/* An undo cannot fail: what it cannot undo it logs. It must be idempotent. */
typedef void xu_undo_f(void *ctx);

struct xu_step {
	const char *name;
	xu_step_f *run;
	/* NULL: nothing to undo. */
	xu_undo_f *undo;
};

struct xu_job {
	/* Ends with an all-zero row. */
	const struct xu_step *steps;
	void *ctx;
	/* The step that runs or waits. */
	size_t at;
	bool waiting, done, undoing;
	struct xu_err err;
	/* Called before each step (progress, intent record, crash points); may
	 * be NULL. When it sets err the step counts as failed. */
	void (*on_step)(struct xu_job *);
	/* Called once at the end; err is set when the job failed and is undone. */
	void (*on_done)(struct xu_job *);
};

void xu_job_init(struct xu_job *j, const struct xu_step *steps, void *ctx);
size_t xu_job_steps(const struct xu_step *steps);
/* Runs until the end or a wait. Inside on_done the job's memory may be freed. */
void xu_job_start(struct xu_job *j);
/* The step that waited ended well (e == NULL) or badly. A call when the job
 * does not wait is ignored. */
void xu_job_resume(struct xu_job *j, const struct xu_err *e);

#endif
