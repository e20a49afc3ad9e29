/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Figures of the host and of guests over time, as model/figures.h has them. They are
 * sampled while somebody wants to know: from the first question on until nobody has
 * asked for rrd_minutes (xld.conf). What was recorded stays until its guest goes, or
 * this daemon: nothing of it is on disk.
 */
#ifndef XLD_SAMPLED_H
#define XLD_SAMPLED_H

#include "rrd.h"
#include "xld.h"

struct sampled {
	struct core *core;
	uv_timer_t timer;
	bool running;
	/* Milliseconds of the loop; of the clock. */
	uint64_t asked;
	int64_t last;
	struct rrd *host;
};

/* A row of model/figures.h. */
enum figure {
#define ID(id, ...) FIGURE_##id,
	RRD_HOST_SOURCES(ID) RRD_VM_SOURCES(ID)
#undef ID
	FIGURES
};
struct figure_row {
	const char *name, *units, *doc;
	bool derived;
	float most;
};
extern const struct figure_row figure_rows[FIGURES];

/* The settings have been read. -1: rrd_minutes is none of its words. */
int sampled_check(const struct xu_val *conf, struct xu_err *e);
void sampled_settings(struct core *c);
void sampled_close(struct core *c);
/* Somebody asks: there are samples from now on at the latest. NULL with an error. */
struct sampled *sampled_ask(struct core *c, struct xu_err *e);
/* The guest has a sample, if it runs. */
void sampled_guest(struct guest *g);

extern const struct handler figure_handlers[];
/* Of xld-api, for GET: figures_api.c tells what it is given. */
void figures_updates(struct call *k);
void figures_guest(struct call *k);
void figures_host(struct call *k);

#endif
