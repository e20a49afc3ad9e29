/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Columns of xm's tables for vCPUs, schedulers, CPU pools and the host, from records
 * made here; and which of xm's and xl's commands there are.
 */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_cpupool.h"
#include "cmd_events.h"
#include "cmd_info.h"
#include "cmd_list.h"
#include "cmd_sched.h"
#include "cmd_top.h"
#include "cmd_vcpu.h"
#include "xu_file.h"

static struct xu_buf text;

static void
setup(void)
{
	xu_buf_reset(&text);
}

static void
printed(const char *want)
{
	ck_assert_str_eq(xu_buf_text(&text), want);
	xu_buf_reset(&text);
}

/* A struct of texts: name, value, ..., NULL. */
static struct xapi_value *
record(const char *name, ...)
{
	struct xapi_value *v = xapi_new_struct();
	va_list ap;

	va_start(ap, name);
	for (; name != NULL; name = va_arg(ap, const char *))
		xapi_set(v, name, xapi_new_str(va_arg(ap, const char *)));
	va_end(ap);
	return v;
}

static struct xapi_vm
machine(const struct xapi_value *rec, const struct xapi_value *metrics)
{
	return (struct xapi_vm){ .name = "web",
		.uuid = "0a4f8d4c-33a2-4f28-9d5c-6a2f4e1b7c90",
		.domid = 7,
		.vcpus_max = 2,
		.state = "-b----",
		.power_state = "Running",
		.record = rec,
		.metrics = metrics };
}

/* ---- vcpu-list ---------------------------------------------------------------- */

START_TEST(vcpus)
{
	struct xapi_value *v = record("number", "1", "cpu", "3", "online",
	    "true", "blocked", "true", "running", "false", "cpu_time",
	    "12.340000000", "affinity", "all", "soft_affinity", "0-1", NULL);
	struct xapi_vm vm = machine(NULL, NULL);

	vcpu_header(false, &text);
	printed("Name                                ID  VCPU   CPU State   "
		"Time(s) CPU Affinity\n");
	vcpu_row(&vm, v, false, &text);
	printed("web                                  7     1     3   -b-      "
		"12.3 any cpu\n");
	vcpu_row(&vm, v, true, &text);
	printed("web                                  7     1     3   -b-      "
		"12.3 all / 0-1\n");
	xapi_set(v, "online", xapi_new_str("false"));
	xapi_set(v, "affinity", xapi_new_str("0,2-3"));
	vcpu_row(&vm, v, false, &text);
	printed("web                                  7     1     -   --p      "
		"12.3 0,2-3\n");
	xapi_set(v, "online", xapi_new_str("true"));
	xapi_set(v, "blocked", xapi_new_str("false"));
	xapi_set(v, "running", xapi_new_str("true"));
	xapi_set(v, "affinity", xapi_new_str("none"));
	vcpu_row(&vm, v, false, &text);
	printed("web                                  7     1     3   r--      "
		"12.3 no cpus\n");
	xapi_free(v);
}
END_TEST

START_TEST(vcpus_of_a_halted_machine)
{
	struct xapi_value *rec = xapi_new_struct(), *list;
	struct xapi_vm vm;

	xapi_set(rec, "VCPUs_params",
	    record("mask", "0-3", "cpumap1", "2", "soft_mask", "1", NULL));
	vm = machine(rec, NULL);
	vm.domid = -1;
	list = vcpus_at_rest(&vm);
	ck_assert_uint_eq(xapi_count(list), 2);
	vcpu_row(&vm, xapi_at(list, 0), false, &text);
	vcpu_row(&vm, xapi_at(list, 1), true, &text);
	printed("web                                        0                  "
		" 0.0 0-3\n"
		"web                                        1                  "
		" 0.0 2 / 1\n");
	xapi_free(list);
	xapi_free(rec);
}
END_TEST

/* ---- schedulers ---------------------------------------------------------------- */

START_TEST(schedulers)
{
	struct xapi_value *metrics = xapi_new_struct();
	struct xapi_value *rec = xapi_new_struct();
	struct xapi_value *pool = record("name_label", "lab", NULL);
	struct xapi_vm vm;

	xapi_set(metrics, "VCPUs_params",
	    record("weight", "512", "cap", "50", NULL));
	xapi_set(rec, "VCPUs_params", record("weight", "77", NULL));
	vm = machine(rec, metrics);
	sched_header(&text);
	sched_row(&vm, &text);
	/* What the next domain has. */
	vm.domid = -1;
	sched_row(&vm, &text);
	printed("Name                                ID Weight  Cap\n"
		"web                                  7    512   50\n"
		"web                                        77    0\n");
	xapi_set(pool, "sched_params", record("tslice_ms", "30", "ratelimit_us",
	    "1000", "migration_delay_us", "0", NULL));
	sched_pool(pool, &text);
	xapi_set(pool, "sched_params", record("ratelimit_us", "500", NULL));
	sched_pool(pool, &text);
	printed("Cpupool lab: tslice=30ms ratelimit=1000us "
		"migration-delay=0us\n"
		"Cpupool lab: ratelimit=500us\n");
	xapi_free(pool);
	xapi_free(rec);
	xapi_free(metrics);
}
END_TEST

/* ---- CPU pools ------------------------------------------------------------------ */

/* Four processors on two nodes; the pool has those of the second. */
static struct pools *
four_cpus(struct xapi_value **pool)
{
	static const char *const refs[] = { "c0", "c1", "c2", "c3" };
	struct pools *p = calloc(1, sizeof(*p));
	struct xapi_value *has = xapi_new_array(), *r;

	p->cpus = xapi_new_struct();
	p->pools = xapi_new_struct();
	for (unsigned i = 0; i < 4; i++) {
		r = xapi_new_struct();
		xapi_set(r, "number", xapi_new_int(i));
		xapi_set(r, "node", xapi_new_int(i / 2));
		xapi_set(p->cpus, refs[i], r);
		p->node_of[i] = i / 2;
	}
	p->host = (struct xu_cpu_host){ .ncpus = 4, .node_of = p->node_of };
	*pool = record("uuid", "u", "name_label", "lab", "sched_policy",
	    "credit", NULL);
	xapi_add(has, xapi_new_str("c2"));
	xapi_add(has, xapi_new_str("c3"));
	xapi_set(*pool, "host_CPUs", has);
	xapi_set(*pool, "activated", xapi_new_bool(1));
	xapi_set(*pool, "pool_id", xapi_new_int(1));
	return p;
}

START_TEST(cpupools)
{
	struct xapi_value *pool, *form;
	struct pools *p = four_cpus(&pool);

	cpupool_header(false, &text);
	cpupool_row(pool, p, false, &text);
	printed("Name               CPUs   Sched     Active   Domain count\n"
		"lab                  2    credit       y          0\n");
	cpupool_header(true, &text);
	cpupool_row(pool, p, true, &text);
	printed("Name               CPU list\n"
		"lab                2,3\n");
	form = cpupool_sxp(pool, p);
	xm_sxp(form, &text);
	ck_assert_ptr_nonnull(strstr(xu_buf_text(&text),
	    "\n    (host_CPU_numbers (2 3))\n"));
	xapi_free(form);
	xapi_free(pool);
	pools_free(&p);
}
END_TEST

static const struct {
	const char *config, *name, *sched, *cpus;
	long long ncpu;
	/* Of the message, when it is none. */
	const char *error;
} configs[] = {
	{ "name = 'a'\ncpus = '0-1,3'\n", "a", "", "0 1 3 ", 3, NULL },
	{ "name = 'a'\ncpus = ['3', '1']\nsched = 'credit'\n", "a", "credit",
	    "1 3 ", 2, NULL },
	{ "nodes = '1'\n", "file", "", "2 3 ", 2, NULL },
	{ "cpus = 'node:0,^0'\n", "file", "", "1 ", 1, NULL },
	{ "cpus = 2\n", "file", "", "2 ", 1, NULL },
	{ "cpus = '#3'\n", "file", "", "", 3, NULL },
	{ "n = 1\ncpus = '#%d' % (n + 1)\n", "file", "", "", 2, NULL },
	{ "cpus = {'a': 1}\n", "", "", "", 0, "t:1:8: this is no set" },
	{ "cpus = '#0'\n", "", "", "", 0, "t:1:8: '#0' is no number" },
	{ "cpus = '9'\n", "", "", "", 0, "t:1:8: processors '9'" },
	{ "\ncpsu = '9'\n", "", "", "", 0,
	    "t:2:1: unknown key 'cpsu', did you mean 'cpus'" },
	{ "name = ['a']\n", "", "", "", 0, "t:1:8: 'name' is one word" },
	{ "cpus = [['1']]\n", "", "", "", 0, "t:1:9: a list in the list" },
};

START_TEST(cpupool_configs)
{
	struct xu_err e = XU_ERR_INIT;
	struct xapi_value *pool, *rec;
	const struct xapi_value *list;
	struct pools *p = four_cpus(&pool);
	struct cfg cfg;

	cfg_init(&cfg);
	ck_assert_int_eq(cfg_parse(&cfg, "t", configs[_i].config,
	    strlen(configs[_i].config), &e), 0);
	rec = cpupool_record(&cfg, "file", p, &e);
	if (configs[_i].error != NULL) {
		ck_assert_ptr_null(rec);
		ck_assert_msg(strstr(e.msg, configs[_i].error) == e.msg, "%s",
		    e.msg);
	} else {
		ck_assert_str_eq(xapi_get_str(rec, "name_label"),
		    configs[_i].name);
		ck_assert_str_eq(xapi_get_str(rec, "sched_policy"),
		    configs[_i].sched);
		ck_assert_int_eq(xapi_get_int(rec, "ncpu"), configs[_i].ncpu);
		list = xapi_get(rec, "proposed_CPUs");
		for (size_t i = 0; i < xapi_count(list); i++)
			xu_buf_addf(&text, "%s ", xapi_str(xapi_at(list, i)));
		printed(configs[_i].cpus);
	}
	xapi_free(rec);
	cfg_fini(&cfg);
	xapi_free(pool);
	pools_free(&p);
}
END_TEST

/* ---- the host ------------------------------------------------------------------- */

START_TEST(topology)
{
	struct xapi_value *cpus = xapi_new_struct(), *nodes = xapi_new_array();

	/* By their numbers, whatever order they come in. */
	xapi_set(cpus, "b", record("number", "1", "core", "0", "socket", "1",
	    "node", "1", NULL));
	xapi_set(cpus, "a", record("number", "0", "core", "0", "socket", "0",
	    "node", "0", NULL));
	info_cpus(cpus, &text);
	printed("cpu_topology           :\n"
		"cpu:    core    socket     node\n"
		"  0:       0        0        0\n"
		"  1:       0        1        1\n");
	xapi_add(nodes, record("number", "0", "memory_total", "2147483648",
	    "memory_free", "1048576", "distances", "10,20", NULL));
	info_nodes(nodes, &text);
	printed("numa_info              :\n"
		"node:    memsize    memfree    distances\n"
		"   0:      2048          1      10,20\n");
	xapi_free(cpus);
	xapi_free(nodes);
}
END_TEST

START_TEST(uuids)
{
	struct xapi_vm vm = machine(NULL, NULL);

	vm_list_table.heading(NULL, &text);
	vm_list_table.line(NULL, &vm, &text);
	printed("UUID                                  ID    name\n"
		"0a4f8d4c-33a2-4f28-9d5c-6a2f4e1b7c90  7    web                "
		"           \n");
}
END_TEST

/* ---- top, events ------------------------------------------------------------------ */

static struct xapi_value *
usage(const char *name, const char *domid, const char *cpu_ns,
    const char *memory)
{
	return record("name", name, "domid", domid, "state", "--b---",
	    "cpu_ns", cpu_ns, "memory_kib", memory, "vcpus", "2", "nets", "1",
	    "net_sent", "2048", "net_received", "1023", "vbds", "1",
	    "vbd_waits", "0", "vbd_reads", "3", "vbd_writes", "4",
	    "vbd_read_sectors", "5", "vbd_written_sectors", "6", NULL);
}

#define TOP_HEADING                                                            \
	"      NAME  STATE   CPU(sec) CPU(%)     MEM(k) MEM(%)  MAXMEM(k) "    \
	"MAXMEM(%) VCPUS NETS NETTX(k) NETRX(k) VBDS   VBD_OO   VBD_RD   "     \
	"VBD_WR  VBD_RSECT  VBD_WSECT SSID\n"

START_TEST(tops)
{
	struct xapi_value *before = xapi_new_array(), *now = xapi_new_array();
	struct top_view v = { .before = before,
		.now = now,
		.elapsed_ns = 2000000000,
		.memory_kib = 4000 };
	struct xapi_value *limited, *json;

	xapi_add(before, usage("Domain-0", "0", "1000000000", "1000"));
	xapi_add(now, usage("Domain-0", "0", "2000000000", "1000"));
	limited = usage("a-very-long-name", "7", "12900000000", "500");
	xapi_set(limited, "memory_max_kib", xapi_new_str("600"));
	xapi_add(now, limited);
	top_table(&v, &text);
	/* One that was not there before has used nothing since. */
	printed(TOP_HEADING
	    "  Domain-0 --b---          2   50.0       1000   25.0   no limit "
	    "      n/a     2    1        2        0    1        0        3     "
	    "   4          5          6    0\n"
	    "a-very-lon --b---         12    0.0        500   12.5        600 "
	    "     15.0     2    1        2        0    1        0        3     "
	    "   4          5          6    0\n");
	v.sort = top_column("cpu(SEC)");
	ck_assert_str_eq(v.sort, "CPU(sec)");
	v.full_names = true;
	top_table(&v, &text);
	ck_assert_ptr_nonnull(strstr(xu_buf_text(&text),
	    "SSID\na-very-long-name --b---"));
	json = top_json(&v);
	ck_assert_str_eq(xapi_get_str(xapi_at(json, 0), "name"),
	    "a-very-long-name");
	ck_assert(xapi_get_float(xapi_at(json, 1), "cpu_percent") > 49.9);
	xapi_free(json);
	ck_assert_ptr_null(top_column("CPU"));
	xapi_free(before);
	xapi_free(now);
}
END_TEST

START_TEST(events)
{
	struct xapi_value *e = record("class", "VM", "operation", "mod", "ref",
	    "r1", NULL);

	event_line(e, &text);
	xapi_set(e, "snapshot", record("name_label", "web", "power_state",
	    "Running", NULL));
	event_line(e, &text);
	xapi_set(e, "class", xapi_new_str("task"));
	xapi_set(e, "snapshot", record("name_label", "VM.start", "status",
	    "pending", NULL));
	event_line(e, &text);
	printed("VM               mod r1\n"
		"VM               mod r1 web (Running)\n"
		"task             mod r1 VM.start (pending)\n");
	xapi_free(e);
}
END_TEST

/* ---- every word of xm and xl ------------------------------------------------------ */

static const char *
state_of(const char *name)
{
	static const char *const states[] = { [XM_WORD_ALIAS] = "alias",
		[XM_WORD_GONE] = "gone",
		[XM_WORD_LATER] = "missing" };
	const struct xm_word *w = xm_find_word(name);

	if (xm_find_command(name, false) != NULL)
		return w == NULL ? "there" : "both a command and none";
	return w != NULL ? states[w->kind] : "silently ignored";
}

START_TEST(words)
{
	AUTO_BUF struct xu_buf list = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	char name[64], who[8], state[16], *save = NULL;
	unsigned n = 0, known = 0;

	ck_assert_msg(xu_file_read(WORDS, 1 << 20, &list, &e) == 0, "%s",
	    e.msg);
	for (char *l = strtok_r(list.data, "\n", &save); l != NULL;
	     l = strtok_r(NULL, "\n", &save)) {
		if (*l == '#')
			continue;
		ck_assert_int_eq(sscanf(l, "%63s %7s %15s", name, who, state),
		    3);
		ck_assert_msg(strcmp(state_of(name), state) == 0,
		    "%s is %s, and %s in the list", name, state_of(name),
		    state);
		n++;
		known += xm_find_word(name) != NULL;
	}
	/* The list has not lost any, and there is no word that it lacks. */
	ck_assert_uint_ge(n, 166);
	for (const struct xm_word *w = xm_words; w->name != NULL; w++) {
		ck_assert_ptr_null(strchr(w->text, '\n'));
		if (w->kind == XM_WORD_ALIAS)
			ck_assert_ptr_nonnull(
			    xm_find_command(w->text, false));
		ck_assert_uint_gt(known--, 0);
	}
	ck_assert_uint_eq(known, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("xm_rows");
	TCase *t = tcase_create("rows");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, vcpus);
	tcase_add_test(t, vcpus_of_a_halted_machine);
	tcase_add_test(t, schedulers);
	tcase_add_test(t, cpupools);
	tcase_add_loop_test(t, cpupool_configs, 0,
	    (int)XU_ARRAY_SIZE(configs));
	tcase_add_test(t, topology);
	tcase_add_test(t, uuids);
	tcase_add_test(t, tops);
	tcase_add_test(t, events);
	tcase_add_test(t, words);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
