/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was sampled of one guest or of the host, as round robin archives: nothing but
 * arithmetic and memory.
 *
 * Time is cut into steps of RRD_STEP seconds that begin where the clock says a
 * multiple of it. A sample counts for the time since the one before, so a step's
 * value is the mean over its seconds, whenever samples come; more than half of it
 * unknown (but for what its last sample says), and the step is. An archive's row is made of so many steps when the last
 * of them ends: their mean, the least and the greatest; unknown when more than half
 * of them are. All of this is as rrdtool has it (test_rrd.c holds it to that).
 *
 * Unlike there a rate that is just beyond what is possible, by no more than a tenth,
 * counts as the bound: counter and clock are not read at one instant.
 *
 * Rows are single-precision, in blocks that are there once something known is in them.
 */
#ifndef XLD_RRD_H
#define XLD_RRD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "figures.h"

#define RRD_NAME 32
/* Part of the steps of a row that may be unknown. */
#define RRD_UNKNOWN_PART 0.5
/* Rows of a block, and how many of them all archives have together. */
#define RRD_BLOCK 32
#define RRD_BLOCKS_OF(steps, rows) (((rows) + RRD_BLOCK - 1) / RRD_BLOCK)

enum rrd_archive {
#define ARCHIVE(steps, rows) RRD_OF_##steps,
	RRD_ARCHIVES(ARCHIVE)
#undef ARCHIVE
	RRD_NARCHIVES
};

enum rrd_cf {
#define CF(name) RRD_##name,
	RRD_CFS(CF)
#undef CF
	RRD_NCFS
};

/* Of each archive; and the words of enum rrd_cf. */
extern const struct rrd_shape {
	uint32_t steps, rows;
} rrd_shapes[RRD_NARCHIVES];
extern const char *const rrd_cfs[RRD_NCFS];

#define ADD_BLOCKS(steps, rows) +RRD_BLOCKS_OF(steps, rows)
#define RRD_BLOCKS (0 RRD_ARCHIVES(ADD_BLOCKS))

/* A row that is being made. */
struct rrd_prep {
	double sum;
	float least, most;
	uint32_t unknown;
};

struct rrd_source {
	char name[RRD_NAME];
	/* A row of model/figures.h, for who reads it. */
	uint16_t id;
	/* `last` is a counter. */
	bool derived;
	/* Forgotten: it has a name and nothing else. */
	bool off;
	/* 0: none. */
	float most;
	/* What comes with the next update; NaN: nothing. */
	double sample;
	/* The sample before, NaN: there is none. */
	double last;
	/* Of the step that is not over: value times milliseconds, and those of which
	 * nothing is known. */
	double value;
	int64_t unknown;
	/* When it last came, milliseconds. */
	int64_t seen;
	/* Of all archives but the first, whose rows are steps. */
	struct rrd_prep prep[RRD_NARCHIVES - 1];
	float *blocks[RRD_BLOCKS];
};

struct rrd {
	/* Milliseconds since 1970, of the last update. */
	int64_t last;
	size_t nsources, most_sources;
	/* For who adds: some had no room. */
	bool full;
	struct rrd_source **sources;
};

/* The most that a source can take. */
#define RRD_SOURCE_MOST                                                        \
	(sizeof(struct rrd_source) + sizeof(void *) +                          \
	    sizeof(float) * RRD_BLOCK *                                        \
		(RRD_BLOCKS_OF(1, 120) +                                       \
		    RRD_NCFS * (RRD_BLOCKS - RRD_BLOCKS_OF(1, 120))))

/* With so many sources at the most. NULL: out of memory. */
struct rrd *rrd_new(int64_t now_ms, size_t most_sources);
void rrd_free(struct rrd **r);
/* Bytes it takes. */
size_t rrd_bytes(const struct rrd *r);

/* Those that have not come for a day make room. NULL with errno: ENOSPC, ENOMEM,
 * ENAMETOOLONG. */
struct rrd_source *rrd_add(struct rrd *r, const char *name, uint16_t id,
    bool derived, float most);
struct rrd_source *rrd_find(const struct rrd *r, const char *name);
/* It is off from now on, and what was recorded is gone; or it begins anew. */
void rrd_forget(struct rrd_source *s);
void rrd_record(const struct rrd *r, struct rrd_source *s);
/* Counters begin anew: the next sample tells nothing of the time before. */
void rrd_restart(struct rrd *r);
/* Takes each source's sample. A clock that was set back by less than a minute is
 * waited for; by more, and all is forgotten. */
void rrd_update(struct rrd *r, int64_t now_ms);

/* The number of the newest row, had there been an update then; a row ends at its
 * number times steps times RRD_STEP. */
int64_t rrd_row(int64_t now_ms, enum rrd_archive a);
/* NaN: unknown, or there is no such row (any more, or yet). */
double rrd_value(const struct rrd *r, const struct rrd_source *s,
    enum rrd_archive a, enum rrd_cf cf, int64_t row);
/* Which archive answers for that interval and start (seconds): the finest of those
 * that are no finer than asked for and reach so far back, or the last. */
enum rrd_archive rrd_choose(int64_t now_ms, int64_t interval, int64_t start);

#endif
