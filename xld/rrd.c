/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Round robin archives: rrd.h tells what is reckoned. */
#include "config.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rrd.h"
#include "xu_auto.h"

#define STEP_MS	     (RRD_STEP * INT64_C(1000))
#define BACK_MS	     INT64_C(60000)
#define FORGOTTEN_MS INT64_C(86400000)
#define TOLERANCE    1.1

const struct rrd_shape rrd_shapes[RRD_NARCHIVES] = {
#define SHAPE(steps, rows) { steps, rows },
	RRD_ARCHIVES(SHAPE)
#undef SHAPE
};

const char *const rrd_cfs[RRD_NCFS] = {
#define WORD(name) #name,
	RRD_CFS(WORD)
#undef WORD
};

/* ---- rows --------------------------------------------------------------------------- */

/* Floats of a row: of one step all functions give the same. */
static size_t
width(enum rrd_archive a)
{
	return rrd_shapes[a].steps == 1 ? 1 : RRD_NCFS;
}

static size_t
first_block(enum rrd_archive a)
{
	size_t n = 0;

	for (int i = 0; i < (int)a; i++)
		n += RRD_BLOCKS_OF(1, rrd_shapes[i].rows);
	return n;
}

/* Where a row is; NULL: its block is not there (and cannot be made). */
static float *
row_at(struct rrd_source *s, enum rrd_archive a, int64_t row, bool make)
{
	const size_t slot = (size_t)(row % rrd_shapes[a].rows);
	const size_t n = RRD_BLOCK * width(a);
	float **b = &s->blocks[first_block(a) + slot / RRD_BLOCK];

	if (*b == NULL && make && (*b = malloc(n * sizeof(**b))) != NULL)
		for (size_t i = 0; i < n; i++)
			(*b)[i] = NAN;
	return *b == NULL ? NULL : *b + slot % RRD_BLOCK * width(a);
}

/* Without memory the row is unknown. */
static void
put_row(struct rrd_source *s, enum rrd_archive a, int64_t row,
    const float values[RRD_NCFS])
{
	float *f = row_at(s, a, row, !isnan(values[0]));

	for (size_t i = 0; f != NULL && i < width(a); i++)
		f[i] = values[i];
}

static void
clear_prep(struct rrd_prep *p)
{
	*p = (struct rrd_prep) { .least = INFINITY, .most = -INFINITY };
}

static void
feed(struct rrd_prep *p, double value, uint32_t times)
{
	if (isnan(value)) {
		p->unknown += times;
		return;
	}
	p->sum += value * times;
	if ((float)value < p->least)
		p->least = (float)value;
	if ((float)value > p->most)
		p->most = (float)value;
}

static void
finish(struct rrd_source *s, enum rrd_archive a, int64_t row,
    struct rrd_prep *p)
{
	const uint32_t steps = rrd_shapes[a].steps;
	float v[RRD_NCFS] = { NAN, NAN, NAN };

	if (p->unknown <= steps * RRD_UNKNOWN_PART) {
		v[RRD_AVERAGE] = (float)(p->sum / (steps - p->unknown));
		v[RRD_MIN] = p->least;
		v[RRD_MAX] = p->most;
	}
	put_row(s, a, row, v);
	clear_prep(p);
}

/* So many steps behind the first `done` ones have that value. Of more rows than
 * there are only the last count. */
static void
advance(struct rrd_source *s, enum rrd_archive a, int64_t done, int64_t count,
    double value)
{
	const int64_t steps = rrd_shapes[a].steps, rows = rrd_shapes[a].rows;
	struct rrd_prep step, *p = a == 0 ? &step : &s->prep[a - 1];
	int64_t row = done / steps, phase = done % steps, n;

	clear_prep(&step);
	while (count > 0) {
		n = count < steps - phase ? count : steps - phase;
		feed(p, value, (uint32_t)n);
		count -= n;
		phase += n;
		if (phase < steps)
			break;
		finish(s, a, ++row, p);
		phase = 0;
		if (count / steps > rows) {
			n = count / steps - rows;
			row += n;
			count -= n * steps;
		}
	}
}

/* ---- samples -------------------------------------------------------------------------- */

/* What the sample says of the seconds since the one before; NaN: nothing. */
static double
rate_of(struct rrd_source *s, double seconds)
{
	const double was = s->last, most = s->most;
	double rate = s->sample;

	s->last = s->sample;
	if (seconds > RRD_HEARTBEAT)
		return NAN;
	if (s->derived)
		rate = (s->sample - was) / seconds;
	if (most > 0 && rate > most && rate <= most * TOLERANCE)
		return most;
	if (most > 0 && s->derived && rate < 0 &&
	    rate >= most - most * TOLERANCE)
		return 0;
	return rate < 0 || (most > 0 && rate > most) ? NAN : rate;
}

static void
ended(struct rrd_source *s, int64_t done, int64_t count, double value)
{
	for (int a = 0; a < RRD_NARCHIVES; a++)
		advance(s, (enum rrd_archive)a, done, count, value);
}

/* So much more of the present step. */
static void
fill(struct rrd_source *s, double rate, int64_t ms)
{
	if (isnan(rate))
		s->unknown += ms;
	else
		s->value += rate * (double)ms;
}

static void
take(struct rrd *r, struct rrd_source *s, int64_t now)
{
	const int64_t done = r->last / STEP_MS, count = now / STEP_MS - done;
	const double rate = rate_of(s, (double)(now - r->last) / 1000);
	bool enough;

	if (count == 0) {
		fill(s, rate, now - r->last);
		return;
	}
	/* How long the last bit of it is unknown does not matter: so rrdtool. */
	enough = s->unknown <= STEP_MS / 2;
	fill(s, rate, STEP_MS - r->last % STEP_MS);
	ended(s, done, 1, enough && s->unknown < STEP_MS ?
	    s->value / (double)(STEP_MS - s->unknown) : NAN);
	ended(s, done + 1, count - 1, rate);
	s->value = 0;
	s->unknown = 0;
	fill(s, rate, now % STEP_MS);
}

static void
forget_rows(struct rrd_source *s)
{
	for (size_t i = 0; i < RRD_BLOCKS; i++) {
		free(s->blocks[i]);
		s->blocks[i] = NULL;
	}
}

/* As if nothing had ever come, at the time of the last update. */
static void
begin(const struct rrd *r, struct rrd_source *s)
{
	const int64_t done = r->last / STEP_MS;

	forget_rows(s);
	s->last = s->sample = NAN;
	s->value = 0;
	s->unknown = r->last % STEP_MS;
	s->seen = r->last;
	for (int a = 1; a < RRD_NARCHIVES; a++) {
		clear_prep(&s->prep[a - 1]);
		s->prep[a - 1].unknown =
		    (uint32_t)(done % rrd_shapes[a].steps);
	}
}

void
rrd_update(struct rrd *r, int64_t now)
{
	struct rrd_source *s;

	if (now <= r->last - BACK_MS) {
		r->last = now;
		for (size_t i = 0; i < r->nsources; i++)
			begin(r, r->sources[i]);
	}
	if (now <= r->last)
		return;
	for (size_t i = 0; i < r->nsources; i++) {
		s = r->sources[i];
		if (!isnan(s->sample))
			s->seen = now;
		if (!s->off)
			take(r, s, now);
		s->sample = NAN;
	}
	r->last = now;
}

void
rrd_restart(struct rrd *r)
{
	for (size_t i = 0; i < r->nsources; i++)
		if (r->sources[i]->derived)
			r->sources[i]->last = NAN;
}

/* ---- sources ----------------------------------------------------------------------------- */

struct rrd *
rrd_new(int64_t now, size_t most_sources)
{
	struct rrd *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->last = now;
	r->most_sources = most_sources;
	return r;
}

static void
free_source(struct rrd_source *s)
{
	forget_rows(s);
	free(s);
}

void
rrd_free(struct rrd **r)
{
	if (*r == NULL)
		return;
	for (size_t i = 0; i < (*r)->nsources; i++)
		free_source((*r)->sources[i]);
	free((*r)->sources);
	free(*r);
	*r = NULL;
}

size_t
rrd_bytes(const struct rrd *r)
{
	const struct rrd_source *s;
	size_t n = sizeof(*r);

	for (size_t i = 0; i < r->nsources; i++) {
		s = r->sources[i];
		n += sizeof(*s) + sizeof(s);
		for (size_t b = 0; b < RRD_BLOCKS; b++)
			if (s->blocks[b] != NULL)
				n += sizeof(float) * RRD_BLOCK *
				    (b < first_block(1) ? 1 : RRD_NCFS);
	}
	return n;
}

/* False: all of them have come within a day. */
static bool
drop_old(struct rrd *r)
{
	for (size_t i = 0; i < r->nsources; i++) {
		if (r->last - r->sources[i]->seen < FORGOTTEN_MS)
			continue;
		free_source(r->sources[i]);
		r->nsources--;
		memmove(&r->sources[i], &r->sources[i + 1],
		    (r->nsources - i) * sizeof(struct rrd_source *));
		return true;
	}
	return false;
}

struct rrd_source *
rrd_add(struct rrd *r, const char *name, uint16_t id, bool derived, float most)
{
	struct rrd_source *s, **more;

	if (strlen(name) >= RRD_NAME) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	if (r->nsources >= r->most_sources && !drop_old(r)) {
		errno = ENOSPC;
		return NULL;
	}
	more = realloc(r->sources, (r->nsources + 1) * sizeof(struct rrd_source *));
	if (more == NULL)
		return NULL;
	r->sources = more;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	memcpy(s->name, name, strlen(name) + 1);
	s->id = id;
	s->derived = derived;
	s->most = most;
	begin(r, s);
	r->sources[r->nsources++] = s;
	return s;
}

struct rrd_source *
rrd_find(const struct rrd *r, const char *name)
{
	for (size_t i = 0; i < r->nsources; i++)
		if (strcmp(r->sources[i]->name, name) == 0)
			return r->sources[i];
	return NULL;
}

void
rrd_forget(struct rrd_source *s)
{
	forget_rows(s);
	s->off = true;
}

void
rrd_record(const struct rrd *r, struct rrd_source *s)
{
	if (s->off)
		begin(r, s);
	s->off = false;
}

/* ---- what is read --------------------------------------------------------------------------- */

int64_t
rrd_row(int64_t now, enum rrd_archive a)
{
	return now / STEP_MS / rrd_shapes[a].steps;
}

double
rrd_value(const struct rrd *r, const struct rrd_source *s, enum rrd_archive a,
    enum rrd_cf cf, int64_t row)
{
	const int64_t newest = rrd_row(r->last, a);
	const float *f;

	if (row < 1 || row > newest || row <= newest - rrd_shapes[a].rows)
		return NAN;
	f = row_at((struct rrd_source *)(uintptr_t)s, a, row, false);
	return f == NULL ? NAN : (double)f[width(a) == 1 ? 0 : cf];
}

enum rrd_archive
rrd_choose(int64_t now, int64_t interval, int64_t start)
{
	const int64_t end = now / STEP_MS * RRD_STEP;
	int64_t span;
	int a;

	for (a = 0; a < RRD_NARCHIVES - 1; a++) {
		span = (int64_t)rrd_shapes[a].steps * RRD_STEP *
		    rrd_shapes[a].rows;
		if ((int64_t)rrd_shapes[a].steps * RRD_STEP >= interval &&
		    start > end - span)
			break;
	}
	return (enum rrd_archive)a;
}
