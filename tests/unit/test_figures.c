/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the core answers of figures over time: which rows and columns, of whom, and
 * what is refused. Samples are made up; nobody asks Xen.
 */
#include "config.h"

#include <check.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "access.h"
#include "sampled.h"
#include "xu_bin.h"
#include "xu_file.h"
#include "xu_proc.h"

/* A multiple of a day; what there is ends at T0 + 600. */
#define T0    INT64_C(1700006400)
#define RUNS  "11111111-2222-3333-4444-555555555555"
#define RESTS "99999999-2222-3333-4444-555555555555"
#define GHOST "aaaaaaaa-2222-3333-4444-555555555555"

static struct core *c;
static struct xu_chan *client;

static struct guest *
add_guest(const char *uuid, const char *name, int32_t domid)
{
	struct xu_val *config = xu_struct();
	struct xu_err e = XU_ERR_INIT;
	struct guest *g;

	xu_val_set(config, "name_label", xu_str(name));
	g = guest_new(c, uuid, config, &e);
	ck_assert_msg(g != NULL, "%s", e.msg);
	if (domid >= 0)
		ck_assert_int_eq(guest_set_domid(g, domid, &e), 0);
	return g;
}

/* Two sources, of which one is 1, 2, 3, ... and the other comes late. */
static struct rrd *
some_samples(void)
{
	struct rrd *r = rrd_new(T0 * 1000, 4);
	struct rrd_source *cpu = rrd_add(r, "cpu0", FIGURE_VM_CPU, true, 1);
	struct rrd_source *memory = rrd_add(r, "memory", FIGURE_VM_MEMORY,
	    false, 0);

	for (int i = 1; i <= 120; i++) {
		cpu->sample = i > 100 ? i * 2.5 : NAN;
		memory->sample = i;
		rrd_update(r, (T0 + i * 5) * 1000);
	}
	return r;
}

static void
set_conf(const char *text)
{
	struct xu_err e = XU_ERR_INIT;

	xu_val_free(c->conf);
	c->conf = xu_conf_parse("x", text, conf_keys, conf_nkeys, NULL, NULL,
	    &e);
	ck_assert_msg(c->conf != NULL, "%s", e.msg);
}

static void
up(void)
{
	int sv[2];

	c = calloc(1, sizeof(*c));
	c->loop = uv_default_loop();
	c->audit_fd = -1;
	ck_assert_int_eq(guests_open(c), 0);
	ck_assert_int_eq(xu_socketpair(sv, false), 0);
	c->api = xu_chan_new(sv[0], 0);
	client = xu_chan_new(sv[1], 0);
	set_conf("");
	snprintf(c->host_uuid, sizeof(c->host_uuid), "h");
	c->sampled = calloc(1, sizeof(*c->sampled));
	c->sampled->core = c;
	uv_timer_init(c->loop, &c->sampled->timer);
	c->sampled->running = true;
	c->sampled->last = (T0 + 600) * 1000;
	c->sampled->host = some_samples();
	add_guest(RUNS, "runs", 3)->rrd = some_samples();
	add_guest(RESTS, "rests", -1);
}

static void
down(void)
{
	guests_close(c);
	sampled_close(c);
	uv_close((uv_handle_t *)&c->sampled->timer, NULL);
	uv_run(c->loop, UV_RUN_NOWAIT);
	xu_chan_free(&c->api);
	xu_chan_free(&client);
	xu_val_free(c->conf);
	free(c->sampled);
	free(c);
}

/* ---- asking ------------------------------------------------------------------------- */

static struct xu_msg answer;
static struct xu_val *head;
static struct xu_buf file;
static struct xu_bin values;

static void
forget_answer(void)
{
	xu_msg_fini(&answer);
	answer = (struct xu_msg)XU_MSG_INIT;
	xu_val_free(steal_ptr(&head));
	xu_buf_fini(&file);
}

/* The code it is refused with, or "". Takes params. */
static const char *
ask(void (*f)(struct call *k), const char *method, struct xu_val *params)
{
	struct call *k = calloc(1, sizeof(*k));
	size_t n;
	const void *p;

	forget_answer();
	k->core = c;
	k->msg = params;
	k->params = params;
	snprintf(k->method, sizeof(k->method), "%s", method);
	if (strncmp(method, "VM.", 3) == 0) {
		k->m.cls = &model_vm;
		k->m.flags = MM_READS;
		k->guest = guest_by_uuid(c, xu_val_str(xu_val_at(params, 0)));
	}
	xu_list_init(&k->waiting);
	f(k);
	ck_assert_int_eq(xu_chan_flush(c->api), 0);
	ck_assert_int_eq(xu_chan_recv(client, &answer), 1);
	if (answer.nfds > 0) {
		ck_assert_int_eq(lseek(answer.fds[0], 0, SEEK_SET), 0);
		ck_assert_int_eq(xu_fd_read(answer.fds[0], 1 << 26, &file), 0);
		values = xu_bin_of(file.data, file.len);
		p = xu_get_blob(&values, &n);
		head = xu_val_decode(p, n);
		ck_assert_ptr_nonnull(head);
	}
	return xu_val_str(xu_val_at(xu_val_get(answer.val, "error"), 0));
}

static const char *
updates(int64_t start, int64_t interval, const char *cf, bool host,
    const char *guest)
{
	struct xu_val *p = xu_array(), *v = xu_struct();

	xu_val_set(v, "start", xu_int(start));
	xu_val_set(v, "interval", xu_int(interval));
	xu_val_set(v, "cf", xu_str(cf));
	xu_val_set(v, "host", xu_bool(host));
	xu_val_set(v, "guest", xu_str(guest));
	xu_val_add(p, v);
	return ask(figures_updates, "rrd.updates", p);
}

static double
next_value(void)
{
	uint64_t bits = xu_get_u64(&values);
	double d;

	ck_assert(xu_bin_ok(&values));
	memcpy(&d, &bits, sizeof(d));
	return d;
}

static void
head_is(int64_t start, int64_t step, int64_t end, int64_t rows, int64_t columns)
{
	ck_assert_int_eq(xu_val_get_int(head, "start", -1), start);
	ck_assert_int_eq(xu_val_get_int(head, "step", -1), step);
	ck_assert_int_eq(xu_val_get_int(head, "end", -1), end);
	ck_assert_int_eq(xu_val_get_int(head, "rows", -1), rows);
	ck_assert_int_eq(xu_val_get_int(head, "columns", -1), columns);
	ck_assert_uint_eq(xu_val_count(xu_val_get(head, "legend")),
	    (size_t)columns);
	ck_assert_uint_eq(values.left, (size_t)(rows * columns) * 8);
}

static void
legend_is(size_t i, const char *want)
{
	ck_assert_str_eq(xu_val_str(xu_val_at(xu_val_get(head, "legend"), i)),
	    want);
}

/* ---- tests --------------------------------------------------------------------------- */

START_TEST(rows_and_columns)
{
	ck_assert_str_eq(updates(T0 + 585, 5, "AVERAGE", true, "all"), "");
	head_is(T0 + 590, 5, T0 + 600, 4, 4);
	legend_is(0, "AVERAGE:host:h:cpu0");
	legend_is(1, "AVERAGE:host:h:memory");
	legend_is(2, "AVERAGE:vm:" RUNS ":cpu0");
	/* The newest first. */
	for (int row = 120; row > 116; row--)
		for (int who = 0; who < 2; who++) {
			ck_assert(fabs(next_value() - 0.5) < 1e-6);
			ck_assert(next_value() == row);
		}
	/* Between two rows; as seconds before now; all functions. */
	ck_assert_str_eq(updates(T0 + 586, 0, "", false, RUNS), "");
	head_is(T0 + 590, 5, T0 + 600, 3, 6);
	legend_is(5, "MAX:vm:" RUNS ":memory");
	ck_assert_str_eq(updates(-599, 0, "MIN", false, "all"), "");
	head_is(T0 + 5, 5, T0 + 600, 120, 2);
	/* Too far back for steps: minutes, of which the last is 109 to 120. */
	ck_assert_str_eq(updates(-600, 0, "MIN", false, "all"), "");
	head_is(T0 + 60, 60, T0 + 600, 11, 2);
	ck_assert(fabs(next_value() - 0.5) < 1e-6);
	ck_assert(next_value() == 109);
	/* Before the first of all nothing is known. */
	for (int i = 0; i < 18; i++)
		next_value();
	ck_assert(isnan(next_value()) && isnan(next_value()));
	ck_assert_str_eq(updates(0, 0, "MAX", false, "all"), "");
	ck_assert_int_eq(xu_val_get_int(head, "step", 0), 86400);
	ck_assert_int_eq(xu_val_get_int(head, "rows", 0), 366);
	/* The future has no rows. */
	ck_assert_str_eq(updates(T0 + 601, 0, "MAX", true, "all"), "");
	ck_assert_int_eq(xu_val_get_int(head, "rows", -1), 0);
	ck_assert_str_eq(updates(INT64_MAX, 0, "MAX", true, "all"), "");
	ck_assert_int_eq(xu_val_get_int(head, "rows", -1), 0);
	ck_assert_str_eq(updates(INT64_MIN, INT64_MAX, "MAX", true, "all"), "");
	ck_assert_int_eq(xu_val_get_int(head, "step", -1), 86400);
}
END_TEST

START_TEST(of_whom)
{
	ck_assert_str_eq(updates(-20, 0, "MAX", true, "none"), "");
	ck_assert_uint_eq(xu_val_count(xu_val_get(head, "legend")), 2);
	ck_assert_str_eq(updates(-20, 0, "MAX", false, "none"), "");
	head_is(T0 + 585, 5, T0 + 600, 5, 0);
	ck_assert_str_eq(updates(-20, 0, "MAX", false, RESTS), "");
	ck_assert_uint_eq(xu_val_count(xu_val_get(head, "legend")), 0);
	ck_assert_str_eq(updates(-20, 0, "MAX", false, GHOST), "HANDLE_INVALID");
	ck_assert_str_eq(updates(-20, 0, "LAST", false, "all"), "INVALID_VALUE");
	/* What ended is told of whoever asks for it. */
	guest_by_uuid(c, RESTS)->rrd = some_samples();
	ck_assert_str_eq(updates(-20, 0, "MAX", false, "all"), "");
	ck_assert_uint_eq(xu_val_count(xu_val_get(head, "legend")), 2);
	ck_assert_str_eq(updates(-20, 0, "MAX", false, RESTS), "");
	ck_assert_uint_eq(xu_val_count(xu_val_get(head, "legend")), 2);
}
END_TEST

START_TEST(an_answer_has_a_bound)
{
	char uuid[UUID_TEXT], name[32];

	/* 3 functions of 2 sources and 366 rows: 1909 guests are as many as fit. */
	for (int i = 0; i < 1950; i++) {
		snprintf(uuid, sizeof(uuid), "%08d-0000-0000-0000-000000000000",
		    i);
		snprintf(name, sizeof(name), "g%d", i);
		add_guest(uuid, name, 10 + i)->rrd = some_samples();
	}
	ck_assert_str_eq(updates(0, 0, "", false, "all"), "XLD_TOO_MANY");
	ck_assert_str_eq(updates(0, 0, "MAX", false, "all"), "");
	ck_assert_str_eq(updates(-60, 0, "", true, "all"), "");
}
END_TEST

START_TEST(all_of_one)
{
	struct xu_val *p = xu_array();
	size_t rows = 0;
	int known = 0;

	xu_val_add(p, xu_str(RUNS));
	ck_assert_str_eq(ask(figures_guest, "rrd.guest", p), "");
	ck_assert_int_eq(xu_val_get_int(head, "lastupdate", 0), T0 + 600);
	ck_assert_uint_eq(xu_val_count(xu_val_get(head, "sources")), 2);
	for (int a = 0; a < RRD_NARCHIVES; a++)
		rows += (size_t)RRD_NCFS * rrd_shapes[a].rows;
	ck_assert_uint_eq(values.left, rows * 2 * 8);
	/* The oldest first: of cpu0 a hundred are not known. */
	for (int row = 1; row <= 120; row++) {
		known += !isnan(next_value());
		ck_assert(next_value() == row);
	}
	ck_assert_int_eq(known, 19);
	ck_assert_str_eq(ask(figures_host, "rrd.host", xu_array()), "");
	ck_assert_uint_eq(values.left, rows * 2 * 8);
	p = xu_array();
	xu_val_add(p, xu_str(RESTS));
	ck_assert_str_eq(ask(figures_guest, "rrd.guest", p), "HANDLE_INVALID");
	p = xu_array();
	xu_val_add(p, xu_str(GHOST));
	ck_assert_str_eq(ask(figures_guest, "rrd.guest", p), "HANDLE_INVALID");
}
END_TEST

static const char *
of_source(const char *message, const char *source)
{
	struct xu_val *p = xu_array();
	char method[64];

	xu_val_add(p, xu_str(RUNS));
	if (source != NULL)
		xu_val_add(p, xu_str(source));
	snprintf(method, sizeof(method), "VM.%s", message);
	for (const struct handler *h = figure_handlers; h->method != NULL; h++)
		if (strcmp(h->method, method) == 0)
			return ask(h->run, method, p);
	ck_abort_msg("%s", method);
}

START_TEST(data_sources)
{
	const struct xu_val *v;

	ck_assert_str_eq(of_source("get_data_sources", NULL), "");
	v = xu_val_get(answer.val, "ok");
	ck_assert_uint_eq(xu_val_count(v), 2);
	ck_assert_str_eq(xu_val_get_str(xu_val_at(v, 0), "units", ""),
	    "(fraction)");
	ck_assert(xu_val_float(xu_val_get(xu_val_at(v, 0), "max")) == 1);
	ck_assert(xu_val_float(xu_val_get(xu_val_at(v, 1), "max")) == DBL_MAX);
	ck_assert(xu_val_float(xu_val_get(xu_val_at(v, 1), "value")) == 120);
	ck_assert(xu_val_get_bool(xu_val_at(v, 1), "enabled", false));
	ck_assert_str_eq(of_source("query_data_source", "memory"), "");
	ck_assert(xu_val_float(xu_val_get(answer.val, "ok")) == 120);
	ck_assert_str_eq(of_source("query_data_source", "mem"),
	    "INVALID_VALUE");
	ck_assert_str_eq(of_source("record_data_source", "mem"),
	    "INVALID_VALUE");
	ck_assert_str_eq(of_source("forget_data_source_archives", "memory"), "");
	ck_assert_str_eq(updates(-60, 0, "MAX", false, "all"), "");
	ck_assert_uint_eq(xu_val_count(xu_val_get(head, "legend")), 1);
	ck_assert_str_eq(of_source("query_data_source", "memory"), "");
	ck_assert(isnan(xu_val_float(xu_val_get(answer.val, "ok"))));
	ck_assert_str_eq(of_source("record_data_source", "memory"), "");
	ck_assert_str_eq(updates(-60, 0, "MAX", false, "all"), "");
	ck_assert_uint_eq(xu_val_count(xu_val_get(head, "legend")), 2);
}
END_TEST

START_TEST(settings)
{
	static const char *const bad[] = { "often", "0", "-1", "525601", "1.5" };
	char text[64];

	for (size_t i = 0; i < XU_ARRAY_SIZE(bad); i++) {
		struct xu_err e = XU_ERR_INIT;

		snprintf(text, sizeof(text), "rrd_minutes = %s\n", bad[i]);
		set_conf(text);
		ck_assert_int_eq(sampled_check(c->conf, &e), -1);
		ck_assert_ptr_nonnull(strstr(e.msg, bad[i]));
	}
	set_conf("rrd_minutes = 525600");
	ck_assert_int_eq(sampled_check(c->conf, NULL), 0);
	set_conf("rrd_minutes = always");
	ck_assert_int_eq(sampled_check(c->conf, NULL), 0);
	/* Never: nothing stays, and nobody is answered. */
	set_conf("rrd_minutes = never");
	ck_assert_int_eq(sampled_check(c->conf, NULL), 0);
	sampled_settings(c);
	ck_assert(!c->sampled->running);
	ck_assert_ptr_null(c->sampled->host);
	ck_assert_ptr_null(guest_by_uuid(c, RUNS)->rrd);
	ck_assert_str_eq(updates(-60, 0, "MAX", true, "all"),
	    "OPERATION_NOT_ALLOWED");
	ck_assert_str_eq(ask(figures_host, "rrd.host", xu_array()),
	    "OPERATION_NOT_ALLOWED");
	ck_assert_str_eq(of_source("get_data_sources", NULL),
	    "OPERATION_NOT_ALLOWED");
}
END_TEST

static void
down_all(void)
{
	forget_answer();
	down();
}

int
main(void)
{
	Suite *s = suite_create("figures");
	TCase *tc = tcase_create("all");
	SRunner *sr = srunner_create(s);
	int bad;

	tcase_add_checked_fixture(tc, up, down_all);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, rows_and_columns);
	tcase_add_test(tc, of_whom);
	tcase_add_test(tc, an_answer_has_a_bound);
	tcase_add_test(tc, all_of_one);
	tcase_add_test(tc, data_sources);
	tcase_add_test(tc, settings);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	bad = srunner_ntests_failed(sr);
	srunner_free(sr);
	return bad == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
