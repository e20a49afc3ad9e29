/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Round robin archives: against values worked out by hand, against rrdtool, the
 * program, with the same samples, and what holds whatever comes.
 */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "rrd.h"
#include "xu_auto.h"

/* A multiple of a day. */
#define T0 INT64_C(1700006400)

static void
expect(const struct rrd *r, const struct rrd_source *s, enum rrd_archive a,
    enum rrd_cf cf, int64_t end, double want)
{
	const int64_t width = (int64_t)rrd_shapes[a].steps * RRD_STEP;
	double got = rrd_value(r, s, a, cf, end / width);

	ck_assert_int_eq(end % width, 0);
	if (isnan(want))
		ck_assert_msg(isnan(got), "%s at %lld: %g, not unknown",
		    s->name, (long long)(end - T0), got);
	else
		ck_assert_msg(fabs(got - want) <= 1e-6 * fabs(want) + 1e-9,
		    "%s at T0 + %lld of archive %d, %s: %.9g instead of %.9g",
		    s->name, (long long)(end - T0), (int)a, rrd_cfs[cf], got,
		    want);
}

static void
sample(struct rrd *r, struct rrd_source *s, int64_t ms, double value)
{
	s->sample = value;
	rrd_update(r, T0 * 1000 + ms);
}

/* ---- by hand ------------------------------------------------------------------------ */

START_TEST(steps_by_hand)
{
	struct rrd *r = rrd_new(T0 * 1000, 8);
	struct rrd_source *g = rrd_add(r, "g", 1, false, 0);

	/* 4 s of 10 and 1 s of 20: 12. The rest of the 20 is 3 s of 5. */
	sample(r, g, 4000, 10);
	expect(r, g, RRD_OF_1, RRD_AVERAGE, T0 + 5, NAN);
	sample(r, g, 8000, 20);
	expect(r, g, RRD_OF_1, RRD_AVERAGE, T0 + 5, 12);
	expect(r, g, RRD_OF_1, RRD_MIN, T0 + 5, 12);
	expect(r, g, RRD_OF_1, RRD_MAX, T0 + 5, 12);
	expect(r, g, RRD_OF_1, RRD_AVERAGE, T0 + 10, NAN);
	/* 3 s of 20 and 2 s of 5. */
	sample(r, g, 10000, 5);
	expect(r, g, RRD_OF_1, RRD_AVERAGE, T0 + 10, 14);
	/* One sample for several steps. */
	sample(r, g, 25500, 8);
	for (int t = 15; t <= 25; t += 5)
		expect(r, g, RRD_OF_1, RRD_AVERAGE, T0 + t, 8);
	/* 0.5 s of 8 (above), 2.0 s of nothing, 2.5 s of 4: half may be unknown. */
	sample(r, g, 27500, NAN);
	sample(r, g, 30000, 4);
	expect(r, g, RRD_OF_1, RRD_AVERAGE, T0 + 30, (0.5 * 8 + 2.5 * 4) / 3);
	/* A little more, and it is too much. */
	sample(r, g, 32600, NAN);
	sample(r, g, 35000, 4);
	expect(r, g, RRD_OF_1, RRD_AVERAGE, T0 + 35, NAN);
	/* But not at its end. */
	sample(r, g, 36000, 4);
	sample(r, g, 40000, NAN);
	expect(r, g, RRD_OF_1, RRD_AVERAGE, T0 + 40, 4);
	sample(r, g, 45000, NAN);
	expect(r, g, RRD_OF_1, RRD_AVERAGE, T0 + 45, NAN);
	/* Nothing negative. */
	sample(r, g, 50000, -1);
	expect(r, g, RRD_OF_1, RRD_AVERAGE, T0 + 50, NAN);
	rrd_free(&r);
	ck_assert_ptr_null(r);
}
END_TEST

START_TEST(counters_by_hand)
{
	struct rrd *r = rrd_new(T0 * 1000, 8);
	struct rrd_source *d = rrd_add(r, "d", 1, true, 0);
	struct rrd_source *f = rrd_add(r, "f", 2, true, 1);

	f->sample = 0;
	sample(r, d, 5000, 1000);
	expect(r, d, RRD_OF_1, RRD_AVERAGE, T0 + 5, NAN);
	f->sample = 2.5;
	sample(r, d, 10000, 1500);
	expect(r, d, RRD_OF_1, RRD_AVERAGE, T0 + 10, 100);
	expect(r, f, RRD_OF_1, RRD_AVERAGE, T0 + 10, 0.5);
	/* Its domain is another: less than before tells nothing. */
	f->sample = 0;
	sample(r, d, 15000, 20);
	expect(r, d, RRD_OF_1, RRD_AVERAGE, T0 + 15, NAN);
	expect(r, f, RRD_OF_1, RRD_AVERAGE, T0 + 15, NAN);
	/* A bit more than a whole processor, or less than none; far more. */
	f->sample = 5.4;
	sample(r, d, 20000, 70);
	expect(r, d, RRD_OF_1, RRD_AVERAGE, T0 + 20, 10);
	expect(r, f, RRD_OF_1, RRD_AVERAGE, T0 + 20, 1);
	f->sample = 5.3;
	sample(r, d, 25000, 70);
	expect(r, d, RRD_OF_1, RRD_AVERAGE, T0 + 25, 0);
	expect(r, f, RRD_OF_1, RRD_AVERAGE, T0 + 25, 0);
	f->sample = 15;
	sample(r, d, 30000, 70);
	expect(r, f, RRD_OF_1, RRD_AVERAGE, T0 + 30, NAN);
	/* Begun anew by word. */
	rrd_restart(r);
	f->sample = 16;
	sample(r, d, 35000, 80);
	expect(r, d, RRD_OF_1, RRD_AVERAGE, T0 + 35, NAN);
	f->sample = 17;
	sample(r, d, 40000, 85);
	expect(r, d, RRD_OF_1, RRD_AVERAGE, T0 + 40, 1);
	expect(r, f, RRD_OF_1, RRD_AVERAGE, T0 + 40, 0.2);
	rrd_free(&r);
}
END_TEST

START_TEST(rows_by_hand)
{
	struct rrd *r = rrd_new(T0 * 1000, 8);
	struct rrd_source *g = rrd_add(r, "g", 1, false, 0), *late;

	/* 1 to 12 in the first minute. */
	for (int i = 1; i <= 12; i++)
		sample(r, g, i * 5000, i);
	expect(r, g, RRD_OF_12, RRD_AVERAGE, T0 + 60, 6.5);
	expect(r, g, RRD_OF_12, RRD_MIN, T0 + 60, 1);
	expect(r, g, RRD_OF_12, RRD_MAX, T0 + 60, 12);
	/* Six of twelve: enough. */
	for (int i = 13; i <= 24; i++)
		sample(r, g, i * 5000, i > 18 ? i : NAN);
	expect(r, g, RRD_OF_12, RRD_AVERAGE, T0 + 120, 21.5);
	expect(r, g, RRD_OF_12, RRD_MIN, T0 + 120, 19);
	/* Five are not. */
	for (int i = 25; i <= 36; i++)
		sample(r, g, i * 5000, i > 31 ? i : NAN);
	expect(r, g, RRD_OF_12, RRD_AVERAGE, T0 + 180, NAN);
	expect(r, g, RRD_OF_12, RRD_MAX, T0 + 180, NAN);
	/* Who comes 40 s before the minute's end has been unknown for 20 s. */
	for (int i = 37; i <= 40; i++)
		sample(r, g, i * 5000, 1);
	late = rrd_add(r, "late", 2, false, 0);
	for (int i = 41; i <= 48; i++) {
		late->sample = 7;
		sample(r, g, i * 5000, 1);
	}
	expect(r, late, RRD_OF_12, RRD_AVERAGE, T0 + 240, 7);
	expect(r, late, RRD_OF_1, RRD_AVERAGE, T0 + 200, NAN);
	expect(r, late, RRD_OF_12, RRD_AVERAGE, T0 + 180, NAN);
	/* A gap is unknown, and what lies before it is still there. */
	sample(r, g, 240000 + 31000, 5);
	expect(r, g, RRD_OF_1, RRD_AVERAGE, T0 + 245, NAN);
	expect(r, g, RRD_OF_1, RRD_AVERAGE, T0 + 270, NAN);
	expect(r, g, RRD_OF_1, RRD_AVERAGE, T0 + 240, 1);
	/* Ten minutes and no more; nor the future. */
	for (int i = 55; i <= 48 + 120; i++)
		sample(r, g, i * 5000, 2);
	expect(r, g, RRD_OF_1, RRD_AVERAGE, T0 + 240, NAN);
	expect(r, g, RRD_OF_1, RRD_AVERAGE, T0 + 840, 2);
	expect(r, g, RRD_OF_1, RRD_AVERAGE, T0 + 845, NAN);
	rrd_free(&r);
}
END_TEST

START_TEST(clocks_are_set)
{
	struct rrd *r = rrd_new(T0 * 1000, 8);
	struct rrd_source *g = rrd_add(r, "g", 1, false, 0);

	for (int i = 1; i <= 20; i++)
		sample(r, g, i * 5000, i);
	/* A little back: waited for. */
	sample(r, g, 90000, 1000);
	expect(r, g, RRD_OF_1, RRD_AVERAGE, T0 + 90, 18);
	sample(r, g, 105000, 21);
	expect(r, g, RRD_OF_1, RRD_AVERAGE, T0 + 105, 21);
	/* Far back: what is written lies in a time to come. */
	sample(r, g, 15000, 3);
	expect(r, g, RRD_OF_1, RRD_AVERAGE, T0 + 15, NAN);
	sample(r, g, 20000, 4);
	expect(r, g, RRD_OF_1, RRD_AVERAGE, T0 + 20, 4);
	sample(r, g, 25000, 5);
	expect(r, g, RRD_OF_1, RRD_AVERAGE, T0 + 25, 5);
	/* Three years on, at once. */
	sample(r, g, INT64_C(3) * 365 * 86400 * 1000, 6);
	expect(r, g, RRD_OF_1, RRD_AVERAGE, T0 + 25, NAN);
	for (int a = 0; a < RRD_NARCHIVES; a++)
		for (int64_t n = 0; n < 400; n++)
			ck_assert(isnan(rrd_value(r, g, (enum rrd_archive)a,
			    RRD_MAX, rrd_row(r->last, (enum rrd_archive)a) - n)));
	rrd_free(&r);
}
END_TEST

/* ---- what may be asked ---------------------------------------------------------------- */

START_TEST(archives_are_chosen)
{
	const int64_t now = T0 * 1000 + 3200;

	ck_assert_int_eq(rrd_choose(now, 0, T0 - 60), RRD_OF_1);
	ck_assert_int_eq(rrd_choose(now, 5, T0 - 599), RRD_OF_1);
	ck_assert_int_eq(rrd_choose(now, 5, T0 - 600), RRD_OF_12);
	ck_assert_int_eq(rrd_choose(now, 6, T0 - 5), RRD_OF_12);
	ck_assert_int_eq(rrd_choose(now, 60, T0 - 5), RRD_OF_12);
	ck_assert_int_eq(rrd_choose(now, 60, T0 - 7200), RRD_OF_720);
	ck_assert_int_eq(rrd_choose(now, 3600, T0), RRD_OF_720);
	ck_assert_int_eq(rrd_choose(now, 0, T0 - 604800), RRD_OF_17280);
	ck_assert_int_eq(rrd_choose(now, 0, 0), RRD_OF_17280);
	ck_assert_int_eq(rrd_choose(now, INT64_MAX, INT64_MIN), RRD_OF_17280);
	ck_assert_int_eq(rrd_choose(now, 0, INT64_MAX), RRD_OF_1);
}
END_TEST

START_TEST(forgotten_and_recorded)
{
	struct rrd *r = rrd_new(T0 * 1000, 8);
	struct rrd_source *g = rrd_add(r, "g", 1, false, 0);
	size_t least = rrd_bytes(r);

	for (int i = 1; i <= 20; i++)
		sample(r, g, i * 5000, i);
	ck_assert_uint_gt(rrd_bytes(r), least);
	rrd_forget(g);
	ck_assert_uint_eq(rrd_bytes(r), least);
	sample(r, g, 105000, 21);
	expect(r, g, RRD_OF_1, RRD_AVERAGE, T0 + 105, NAN);
	ck_assert_uint_eq(rrd_bytes(r), least);
	rrd_record(r, g);
	sample(r, g, 110000, 22);
	expect(r, g, RRD_OF_1, RRD_AVERAGE, T0 + 110, 22);
	expect(r, g, RRD_OF_1, RRD_AVERAGE, T0 + 100, NAN);
	/* Who is recorded goes on. */
	rrd_record(r, g);
	expect(r, g, RRD_OF_1, RRD_AVERAGE, T0 + 110, 22);
	ck_assert_ptr_eq(rrd_find(r, "g"), g);
	ck_assert_ptr_null(rrd_find(r, "h"));
	rrd_free(&r);
}
END_TEST

START_TEST(memory_has_a_bound)
{
	const size_t many = 5;
	struct rrd *r = rrd_new(T0 * 1000, many);
	struct rrd_source *s[5];
	char name[RRD_NAME + 1];

	for (size_t i = 0; i < many; i++) {
		snprintf(name, sizeof(name), "s%zu", i);
		s[i] = rrd_add(r, name, 1, false, 0);
	}
	ck_assert_ptr_null(rrd_add(r, "more", 1, false, 0));
	ck_assert_int_eq(errno, ENOSPC);
	memset(name, 'x', RRD_NAME);
	name[RRD_NAME] = '\0';
	ck_assert_ptr_null(rrd_add(r, name, 1, false, 0));
	ck_assert_int_eq(errno, ENAMETOOLONG);
	/* Nine of ten samples of thirteen months, as slowly as counts. */
	for (int64_t t = 30; t < INT64_C(400) * 86400; t += 30) {
		for (size_t i = 0; i < many - 1; i++)
			s[i]->sample = t % 300 == 0 ? NAN : (double)t;
		rrd_update(r, (T0 + t) * 1000);
	}
	ck_assert_uint_gt(rrd_bytes(r), (many - 1) * RRD_SOURCE_MOST);
	ck_assert_uint_le(rrd_bytes(r), many * RRD_SOURCE_MOST + sizeof(*r));
	/* It is what the manual says of a source. */
	ck_assert_uint_le(RRD_SOURCE_MOST, 10 << 10);
	/* s4 never came: it goes for another one. */
	ck_assert_ptr_nonnull(rrd_add(r, "more", 1, false, 0));
	ck_assert_ptr_null(rrd_find(r, "s4"));
	ck_assert_ptr_null(rrd_add(r, "evenmore", 1, false, 0));
	rrd_free(&r);
}
END_TEST

/* ---- whatever comes ----------------------------------------------------------------------- */

static double
random_part(unsigned *seed)
{
	return rand_r(seed) / ((double)RAND_MAX + 1);
}

/* Nothing is recorded that was not between the least and the greatest sample; the
 * mean lies between MIN and MAX; the finer archive's rows make the coarser's. */
START_TEST(rows_agree)
{
	unsigned seed = (unsigned)_i + 1;
	struct rrd *r = rrd_new(T0 * 1000, 2);
	struct rrd_source *g = rrd_add(r, "g", 1, false, 0);
	int64_t t = T0 * 1000;

	for (int i = 0; i < 4000; i++) {
		double v[RRD_NCFS], sum = 0;
		int known = 0;

		t += 1 + (int64_t)(random_part(&seed) *
		    (rand_r(&seed) % 50 == 0 ? 200000 : 9000));
		g->sample = rand_r(&seed) % 9 == 0 ?
		    NAN : 100 + 50 * random_part(&seed);
		rrd_update(r, t);
		for (int c = 0; c < RRD_NCFS; c++)
			v[c] = rrd_value(r, g, RRD_OF_12, (enum rrd_cf)c,
			    rrd_row(t, RRD_OF_12));
		ck_assert(isnan(v[RRD_AVERAGE]) == isnan(v[RRD_MIN]) &&
		    isnan(v[RRD_AVERAGE]) == isnan(v[RRD_MAX]));
		for (int s = 0; s < 12; s++) {
			double one = rrd_value(r, g, RRD_OF_1, RRD_AVERAGE,
			    rrd_row(t, RRD_OF_12) * 12 - s);

			if (!isnan(one)) {
				ck_assert(one >= 99.999 && one <= 150.001);
				sum += one;
				known++;
			}
		}
		if (isnan(v[RRD_AVERAGE]))
			continue;
		ck_assert(v[RRD_MIN] <= v[RRD_AVERAGE] * 1.000001 &&
		    v[RRD_AVERAGE] <= v[RRD_MAX] * 1.000001);
		ck_assert_int_ge(known, 6);
		ck_assert(fabs(sum / known - v[RRD_AVERAGE]) < 1e-3);
	}
	rrd_free(&r);
}
END_TEST

/* ---- rrdtool -------------------------------------------------------------------------------- */

#define SOURCES 3
static struct rrd *ours;
static struct rrd_source *theirs[SOURCES];

/* The next sample of each source, as text for rrdtool. */
static void
next_samples(unsigned *seed, double counters[2], int64_t seconds, FILE *tool)
{
	double v[SOURCES];

	/* Integers: rrdtool's DERIVE knows no other. */
	counters[0] = rand_r(seed) % 40 == 0 ? rand_r(seed) % 100 :
	    counters[0] + rand_r(seed) % 100000;
	/* Either possible, or far from it. */
	counters[1] += rand_r(seed) % 30 == 0 ? 3 * (double)seconds :
	    (double)(rand_r(seed) % 1000) / 1000 * (double)seconds;
	v[0] = rand_r(seed) % 1000000 / 8.0;
	v[1] = counters[0];
	v[2] = counters[1];
	for (int i = 0; i < SOURCES; i++) {
		if (rand_r(seed) % 12 == 0)
			v[i] = NAN;
		theirs[i]->sample = v[i];
		if (isnan(v[i]))
			fprintf(tool, ":U");
		else
			fprintf(tool, ":%.*f", i == 1 ? 0 : 6, v[i]);
		/* What it reads. */
		if (i == 2 && !isnan(v[i]))
			theirs[i]->sample = round(v[i] * 1e6) / 1e6;
	}
}

static void
feed_both(const char *file, unsigned seed, int updates, int usual)
{
	double counters[2] = { 0, 0 };
	int64_t t = T0 + (int64_t)(seed * 7), was;
	FILE *tool = popen("rrdtool - >/dev/null", "w");

	ck_assert_ptr_nonnull(tool);
	fprintf(tool, "create %s --start %lld --step %d DS:g:GAUGE:%d:0:U "
		      "DS:d:DERIVE:%d:0:U DS:f:DDERIVE:%d:0:1",
	    file, (long long)t, RRD_STEP, RRD_HEARTBEAT, RRD_HEARTBEAT,
	    RRD_HEARTBEAT);
	for (int a = 0; a < RRD_NARCHIVES; a++)
		for (int c = 0; c < RRD_NCFS; c++)
			fprintf(tool, " RRA:%s:0.5:%u:%u", rrd_cfs[c],
			    rrd_shapes[a].steps, rrd_shapes[a].rows);
	fprintf(tool, "\n");
	ours = rrd_new(t * 1000, SOURCES);
	theirs[0] = rrd_add(ours, "g", 0, false, 0);
	theirs[1] = rrd_add(ours, "d", 1, true, 0);
	theirs[2] = rrd_add(ours, "f", 2, true, 1);
	for (int i = 0; i < updates; i++) {
		was = t;
		t += 1 + rand_r(&seed) % usual;
		if (rand_r(&seed) % 100 == 0)
			t += rand_r(&seed) % (usual * 40);
		fprintf(tool, "update %s %lld", file, (long long)t);
		next_samples(&seed, counters, t - was, tool);
		fprintf(tool, "\n");
		rrd_update(ours, t * 1000);
	}
	ck_assert_int_eq(pclose(tool), 0);
}

/* Of one archive and function; how many known values there were. */
static int
compare(const char *file, enum rrd_archive a, enum rrd_cf cf)
{
	const int64_t width = (int64_t)rrd_shapes[a].steps * RRD_STEP;
	const int64_t end = rrd_row(ours->last, a) * width;
	char command[300], line[400];
	int known = 0, rows = 0;
	FILE *f;

	/* fetch gives the rows that end behind start, up to end. */
	snprintf(command, sizeof(command), "rrdtool fetch %s %s -r %lld "
		"-s %lld -e %lld", file, rrd_cfs[cf], (long long)width,
	    (long long)(end - width * (rrd_shapes[a].rows - 1)),
	    (long long)(end - width));
	f = popen(command, "r");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		char v[SOURCES][40];
		long long t;

		if (sscanf(line, "%lld: %39s %39s %39s", &t, v[0], v[1],
			v[2]) != 4)
			continue;
		rows++;
		for (int i = 0; i < SOURCES; i++) {
			expect(ours, theirs[i], a, cf, t, strtod(v[i], NULL));
			known += !isnan(strtod(v[i], NULL));
		}
	}
	ck_assert_int_eq(pclose(f), 0);
	ck_assert_int_ge(rows, (int)rrd_shapes[a].rows - 3);
	return known;
}

START_TEST(as_rrdtool_has_it)
{
	static const struct {
		int updates, usual;
	} kinds[] = { { 400, 5 }, { 2000, 9 }, { 6000, 29 } };
	char file[] = "/tmp/test_rrd.XXXXXX";
	int known[RRD_NARCHIVES] = { 0 };

	close(mkstemp(file));
	feed_both(file, (unsigned)_i + 1, kinds[_i].updates, kinds[_i].usual);
	for (int a = 0; a < RRD_NARCHIVES; a++)
		for (int c = 0; c < RRD_NCFS; c++)
			known[a] += compare(file, (enum rrd_archive)a,
			    (enum rrd_cf)c);
	unlink(file);
	rrd_free(&ours);
	ck_assert_int_gt(known[RRD_OF_1], 300);
	ck_assert_int_gt(known[RRD_OF_12], 100);
	if (_i == 2)
		ck_assert_int_gt(known[RRD_OF_720], 100);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("rrd");
	TCase *tc = tcase_create("all");
	SRunner *sr = srunner_create(s);
	int bad;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, steps_by_hand);
	tcase_add_test(tc, counters_by_hand);
	tcase_add_test(tc, rows_by_hand);
	tcase_add_test(tc, clocks_are_set);
	tcase_add_test(tc, archives_are_chosen);
	tcase_add_test(tc, forgotten_and_recorded);
	tcase_add_test(tc, memory_has_a_bound);
	tcase_add_loop_test(tc, rows_agree, 0, 4);
	tcase_add_loop_test(tc, as_rrdtool_has_it, 0, 3);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	bad = srunner_ntests_failed(sr);
	srunner_free(sr);
	return bad == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
