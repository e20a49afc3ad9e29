/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CPU pools that come to be: cpupool-create, cpupool-new, cpupool-numa-split. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_cpupool.h"
#include "cmds.h"
#include "errors.h"
#include "xu_file.h"
#include "xu_num.h"

/* --- what a configuration says -------------------------------------------- */

static void
propose(struct xapi_value *rec, const struct xu_cpus *set, unsigned ncpus)
{
	struct xapi_value *list = xapi_new_array();
	char text[16];

	for (unsigned i = 0; i < ncpus; i++)
		if (xu_cpus_has(set, i)) {
			snprintf(text, sizeof(text), "%u", i);
			xapi_add(list, xapi_new_str(text));
		}
	xapi_set(rec, "ncpu", xapi_new_int(xu_cpus_count(set)));
	xapi_set(rec, "proposed_CPUs", list);
}

static bool
is_word(const struct cfg_value *v)
{
	return v->kind == CFG_STRING || v->kind == CFG_NUMBER;
}

/* A list is one set, its items in their order. */
static int
text_of(const struct cfg_value *v, struct xu_buf *out, struct xu_err *e)
{
	if (is_word(v)) {
		xu_buf_adds(out, v->text);
		return 0;
	}
	if (v->kind != CFG_LIST)
		return cfg_error(e, &v->pos, "this is no set of processors");
	for (size_t i = 0; i < v->nitems; i++) {
		if (!is_word(v->items[i]))
			return cfg_error(e, &v->items[i]->pos,
			    "a list in the list of processors");
		xu_buf_addf(out, "%s%s", i > 0 ? "," : "", v->items[i]->text);
	}
	return 0;
}

static int
take_cpus(struct xapi_value *rec, const struct cfg_setting *s,
    const char *prefix, const struct pools *p, struct xu_err *e)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;
	struct xu_err why = XU_ERR_INIT;
	struct xu_cpus set;
	uint64_t n;

	xu_buf_adds(&text, prefix);
	if (text_of(s->value, &text, e) < 0)
		return -1;
	/* xm's "#2": any two. */
	if (xu_buf_text(&text)[0] == '#') {
		if (!xu_num_u64(xu_buf_text(&text) + 1, 10, XU_CPUS_MAX, &n) ||
		    n == 0)
			return cfg_error(e, &s->value->pos,
			    "'%s' is no number of processors",
			    xu_buf_text(&text));
		xapi_set(rec, "ncpu", xapi_new_int((long long)n));
		return 0;
	}
	if (xu_cpus_parse(xu_buf_text(&text), &p->host, &set, &why) < 0)
		return cfg_error(e, &s->value->pos, "%s", why.msg);
	propose(rec, &set, p->host.ncpus);
	return 0;
}

static int
take_name(struct xapi_value *rec, const struct cfg_setting *s,
    const char *field, struct xu_err *e)
{
	if (!is_word(s->value))
		return cfg_error(e, &s->value->pos, "'%s' is one word", s->key);
	xapi_set(rec, field, xapi_new_str(s->value->text));
	return 0;
}

static int
take(struct xapi_value *rec, const struct cfg_setting *s,
    const struct pools *p, struct xu_err *e)
{
	static const char *const keys[] = { "name", "sched", "cpus", "nodes" };
	struct xu_near near = { .word = s->key, .most = 2 };

	if (strcmp(s->key, "name") == 0)
		return take_name(rec, s, "name_label", e);
	if (strcmp(s->key, "sched") == 0)
		return take_name(rec, s, "sched_policy", e);
	if (strcmp(s->key, "cpus") == 0)
		return take_cpus(rec, s, "", p, e);
	if (strcmp(s->key, "nodes") == 0)
		return take_cpus(rec, s, "nodes:", p, e);
	/* Of the file's own expressions. */
	if (s->used)
		return 0;
	for (size_t i = 0; i < XU_ARRAY_SIZE(keys); i++)
		xu_near_try(&near, keys[i]);
	return cfg_error(e, &s->pos, "unknown key '%s'%s%s%s; there are name, "
	    "sched, cpus and nodes", s->key,
	    near.best != NULL ? ", did you mean '" : "",
	    near.best != NULL ? near.best : "",
	    near.best != NULL ? "'" : "");
}

struct xapi_value *
cpupool_record(const struct cfg *cfg, const char *default_name,
    const struct pools *p, struct xu_err *e)
{
	struct xapi_value *rec = xapi_new_struct();

	if (default_name[0] != '\0')
		xapi_set(rec, "name_label", xapi_new_str(default_name));
	for (size_t i = 0; i < cfg->n; i++)
		if (take(rec, &cfg->settings[i], p, e) < 0) {
			xapi_free(rec);
			return NULL;
		}
	return rec;
}

/* --- cpupool-create, cpupool-new ------------------------------------------- */

struct input {
	struct cfg cfg;
	/* NULL: only words of the command line. */
	const char *file;
	char name[64];
};

static bool
is_assignment(const char *word)
{
	return strchr(word, '=') != NULL;
}

static void
base_name(struct input *in)
{
	const char *base = strrchr(in->file, '/');
	char *dot;

	snprintf(in->name, sizeof(in->name), "%s",
	    base != NULL ? base + 1 : in->file);
	dot = strrchr(in->name, '.');
	if (dot != NULL && dot != in->name)
		*dot = '\0';
}

/* The file, then the words behind it. A status. */
static int
read_input(struct xm *xm, struct input *in)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	int first = 0;

	in->file = xm_opt(xm, "defconfig");
	if (in->file == NULL && xm->argc > 0 && !is_assignment(xm->argv[0]))
		in->file = xm->argv[first++];
	if (in->file == NULL && xm->argc == 0)
		return xm_usage(xm, "'xm %s' requires a configuration file or "
				    "key=value.", xm->cmd->name);
	if (in->file != NULL) {
		base_name(in);
		if (xu_file_read(in->file, CFG_MAX_FILE, &text, &e) < 0)
			return xm_error(xm, XE(XLD_FILE), XM_NOT_FOUND,
			    "Unable to open config file: %s", e.msg);
		if (cfg_parse(&in->cfg, in->file, xu_buf_text(&text), text.len,
			&e) < 0)
			return xm_error(xm, XE(XLD_CONFIG), XM_USAGE, "%s",
			    e.msg);
	}
	for (int i = first; i < xm->argc; i++)
		if (cfg_parse_override(&in->cfg, xm->argv[i], &e) < 0)
			return xm_error(xm, XE(XLD_CONFIG), XM_USAGE, "%s",
			    e.msg);
	return 0;
}

static int
show(struct xm *xm, struct xapi_value *rec)
{
	if (xm->format == XM_JSON)
		return xm_json(xm, rec);
	printf("cpupool name:   %s\n", xapi_get_str(rec, "name_label"));
	printf("scheduler:      %s\n", xapi_get(rec, "sched_policy") != NULL ?
		xapi_get_str(rec, "sched_policy") : "as Pool-0");
	printf("number of cpus: %lld\n", xapi_get(rec, "ncpu") != NULL ?
		xapi_get_int(rec, "ncpu") : 1);
	xapi_free(rec);
	return 0;
}

/* Takes rec. One that cannot be activated is not left behind. */
static int
make(struct xm *xm, struct xapi_value *rec, bool activate, char **made)
{
	struct xapi_value *ref;
	struct xapi_err e;

	ref = xapi_call(xm->api, &e, "cpu_pool.create", "v", rec);
	if (ref == NULL)
		return xm_fail(xm, &e);
	if (activate && xapi_do(xm->api, &e, "cpu_pool.activate", "s",
		xapi_str(ref)) < 0) {
		xapi_do(xm->api, NULL, "cpu_pool.destroy", "s", xapi_str(ref));
		xapi_free(ref);
		return xm_fail(xm, &e);
	}
	*made = strdup(xapi_str(ref));
	xapi_free(ref);
	return *made == NULL ? xm_no_memory(xm) : 0;
}

static struct xapi_value *
transient(struct xapi_value *rec)
{
	struct xapi_value *map = xapi_new_struct();

	xapi_set(map, "transient", xapi_new_str("true"));
	xapi_set(rec, "other_config", map);
	return rec;
}

static int
make_from(struct xm *xm, struct input *in, bool activate)
{
	AUTO_POOLS struct pools *p = NULL;
	AUTO_FREE char *ref = NULL;
	struct xu_err e = XU_ERR_INIT;
	struct xapi_value *rec, *v;
	int status = read_input(xm, in);

	if (status == 0)
		status = pools_read(xm, &p);
	if (status != 0)
		return status;
	rec = cpupool_record(&in->cfg, in->name, p, &e);
	if (rec == NULL)
		return xm_error(xm, XE(XLD_CONFIG), XM_USAGE, "%s", e.msg);
	if (xm_opt(xm, "dryrun") != NULL)
		return show(xm, rec);
	if (in->file != NULL && xm->format == XM_TEXT)
		printf("Using config file \"%s\".\n", in->file);
	status = make(xm, activate ? transient(rec) : rec, activate, &ref);
	if (status != 0 || xm->format != XM_JSON)
		return status;
	v = xapi_new_struct();
	xapi_set(v, "uuid", xapi_new_str(ref));
	return xm_json(xm, v);
}

static int
run_make(struct xm *xm, bool activate)
{
	struct input in = { .file = NULL };
	int status;

	cfg_init(&in.cfg);
	status = make_from(xm, &in, activate);
	cfg_fini(&in.cfg);
	return status;
}

static int
run_cpupool_create(struct xm *xm)
{
	return run_make(xm, true);
}

static int
run_cpupool_new(struct xm *xm)
{
	return run_make(xm, false);
}

/* --- cpupool-numa-split ----------------------------------------------------- */

static unsigned
nodes_of(const struct pools *p)
{
	unsigned most = 0;

	for (unsigned i = 0; i < p->host.ncpus; i++)
		if (pools_cpu(p, i) != NULL && p->node_of[i] > most)
			most = p->node_of[i];
	return most + 1;
}

/* Its processors leave Pool-0 and make a pool. */
static int
split_off(struct xm *xm, const struct pools *p, unsigned node)
{
	AUTO_FREE char *ref = NULL;
	struct xapi_value *rec;
	struct xu_cpus set = { { 0 } };
	struct xapi_err e;
	char name[32];

	for (unsigned i = 0; i < p->host.ncpus; i++) {
		if (p->node_of[i] != node || pools_cpu(p, i) == NULL)
			continue;
		set.bits[i / 8] |= (uint8_t)(1u << i % 8);
		if (xapi_do(xm->api, &e, "cpu_pool.remove_host_CPU_live", "ss",
			pools_zero(p), pools_cpu(p, i)) < 0)
			return xm_fail(xm, &e);
	}
	/* Not every number is a node with processors. */
	if (xu_cpus_count(&set) == 0)
		return 0;
	snprintf(name, sizeof(name), "Pool-node%u", node);
	rec = transient(xapi_new_struct());
	xapi_set(rec, "name_label", xapi_new_str(name));
	propose(rec, &set, p->host.ncpus);
	return make(xm, rec, true, &ref);
}

static int
run_cpupool_numa_split(struct xm *xm)
{
	AUTO_POOLS struct pools *p = NULL;
	struct xapi_err e;
	int status = pools_read(xm, &p);

	if (status != 0)
		return status;
	if (xapi_count(p->pools) > 1)
		return xm_error(xm, XE(OPERATION_NOT_ALLOWED), XM_STATE,
		    "splitting not possible, already cpupools in use. See xm "
		    "cpupool-list.");
	for (unsigned n = 1; n < nodes_of(p) && status == 0; n++)
		status = split_off(xm, p, n);
	if (status != 0)
		return status;
	if (xapi_do(xm->api, &e, "cpu_pool.set_name_label", "ss",
		pools_zero(p), "Pool-node0") < 0)
		return xm_fail(xm, &e);
	return 0;
}

/* --- rows ----------------------------------------------------------------- */

static const struct xm_opt make_opts[] = {
	{ 'f', "defconfig", "FILE", "The configuration file." },
	{ 'n', "dryrun", NULL, "Only print what would be made." },
	{ .name = NULL },
};

#define KEYS                                                                   \
	"Keys are name, sched (credit, credit2, null; Pool-0's when it is not " \
	"given), cpus (a set such as 2-3 or node:1, or #2 for any two that are " \
	"free) and nodes. Its processors must be free: take them out of "       \
	"another pool with cpupool-cpu-remove."

const struct xm_cmd cmd_cpupool_create = {
	.name = "cpupool-create",
	.operands = "[CONFIG] [KEY=VALUE]...",
	.summary = "Make a CPU pool that lasts until cpupool-destroy.",
	.detail = KEYS,
	.opts = make_opts,
	.min = 0,
	.max = -1,
	.completes = XM_CONFIG,
	.run = run_cpupool_create,
};

const struct xm_cmd cmd_cpupool_new = {
	.name = "cpupool-new",
	.operands = "[CONFIG] [KEY=VALUE]...",
	.summary = "Register a CPU pool that is kept, without activating it.",
	.detail = KEYS,
	.opts = make_opts,
	.min = 0,
	.max = -1,
	.completes = XM_CONFIG,
	.run = run_cpupool_new,
};

const struct xm_cmd cmd_cpupool_numa_split = {
	.name = "cpupool-numa-split",
	.operands = "",
	.summary = "Make a CPU pool of each node of the host.",
	.detail = "Pool-0 keeps node 0 and is called Pool-node0 then; what runs "
		  "stays in it. Only while it is the one pool.",
	.min = 0,
	.max = 0,
	.run = run_cpupool_numa_split,
};
