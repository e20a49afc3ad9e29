/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host: info and dmesg. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_info.h"
#include "cmds.h"
#include "xu_num.h"

/*
 * xm's lines in xm's order. Most stand under their own name in one of the
 * host's maps; a row says otherwise.
 */
static const struct {
	const char *name;
	/* A field of the host, or of its figures with bytes = true. */
	const char *field;
	bool bytes;
} lines[] = {
	{ "host", "name_label", false },
	{ "release", NULL, false },
	{ "version", NULL, false },
	{ "machine", NULL, false },
	{ "nr_cpus", NULL, false },
	{ "nr_nodes", NULL, false },
	{ "cores_per_socket", NULL, false },
	{ "threads_per_core", NULL, false },
	{ "cpu_mhz", NULL, false },
	{ "hw_caps", NULL, false },
	{ "virt_caps", NULL, false },
	{ "total_memory", "memory_total", true },
	{ "free_memory", "memory_free", true },
	{ "free_cpus", NULL, false },
	{ "xen_major", NULL, false },
	{ "xen_minor", NULL, false },
	{ "xen_extra", NULL, false },
	{ "xen_caps", "capabilities", false },
	{ "xen_scheduler", "sched_policy", false },
	{ "xen_pagesize", NULL, false },
	{ "platform_params", NULL, false },
	{ "xen_changeset", NULL, false },
	{ "xen_commandline", NULL, false },
	{ "cc_compiler", NULL, false },
	{ "cc_compile_by", NULL, false },
	{ "cc_compile_domain", NULL, false },
	{ "cc_compile_date", NULL, false },
	{ "xld", NULL, false },
};

static const struct xapi_value *
in_maps(const struct xapi_value *host, const char *name)
{
	static const char *const maps[] = { "software_version",
		"cpu_configuration", "other_config" };
	const struct xapi_value *v = NULL;

	for (size_t i = 0; v == NULL && i < XU_ARRAY_SIZE(maps); i++)
		v = xapi_get(xapi_get(host, maps[i]), name);
	return v;
}

/* The line's text; "" when the host does not tell. */
static void
value_of(size_t i, const struct xapi_value *host,
    const struct xapi_value *metrics, struct xu_buf *out)
{
	const struct xapi_value *v;

	if (lines[i].bytes) {
		if (xapi_get(metrics, lines[i].field) != NULL)
			xu_buf_addf(out, "%lld",
			    xapi_get_int(metrics, lines[i].field) >> 20);
		return;
	}
	v = lines[i].field != NULL ? xapi_get(host, lines[i].field)
				   : in_maps(host, lines[i].name);
	if (xapi_type(v) != XAPI_ARRAY) {
		xu_buf_adds(out, xapi_str(v));
		return;
	}
	for (size_t k = 0; k < xapi_count(v); k++)
		xu_buf_addf(out, "%s%s", k == 0 ? "" : " ",
		    xapi_str(xapi_at(v, k)));
}

void
info_text(const struct xapi_value *host, const struct xapi_value *metrics,
    struct xu_buf *out)
{
	for (size_t i = 0; i < XU_ARRAY_SIZE(lines); i++) {
		AUTO_BUF struct xu_buf value = XU_BUF_INIT;

		value_of(i, host, metrics, &value);
		xu_buf_addf(out, "%-23s: %s\n", lines[i].name,
		    value.len != 0 ? xu_buf_text(&value) : "(none)");
	}
}

struct xapi_value *
info_json(
    const struct xapi_value *host, const struct xapi_value *metrics)
{
	struct xapi_value *v = xapi_new_struct();

	for (size_t i = 0; i < XU_ARRAY_SIZE(lines); i++) {
		AUTO_BUF struct xu_buf value = XU_BUF_INIT;
		const char *s;
		int64_t n;

		value_of(i, host, metrics, &value);
		s = xu_buf_text(&value);
		xapi_set(v, lines[i].name,
		    xu_num_i64(s, INT64_MIN, INT64_MAX, &n) ? xapi_new_int(n)
							    : xapi_new_str(s));
	}
	return v;
}

/* --- topology --------------------------------------------------------------- */

static int
by_number(const void *a, const void *b)
{
	long long x = xapi_get_int(*(const struct xapi_value *const *)a,
		"number");
	long long y = xapi_get_int(*(const struct xapi_value *const *)b,
		"number");

	return x < y ? -1 : x > y;
}

/* cpus: records of host_cpu by reference; xl's table. */
void
info_cpus(const struct xapi_value *cpus, struct xu_buf *out)
{
	size_t n = xapi_count(cpus);
	const struct xapi_value **all = calloc(n + 1, sizeof(*all));

	xu_buf_addf(out, "%-23s:\n", "cpu_topology");
	xu_buf_adds(out, "cpu:    core    socket     node\n");
	for (size_t i = 0; all != NULL && i < n; i++)
		all[i] = xapi_at(cpus, i);
	if (all != NULL)
		qsort(all, n, sizeof(*all), by_number);
	for (size_t i = 0; all != NULL && i < n; i++)
		xu_buf_addf(out, "%3lld:    %4lld     %4lld     %4lld\n",
		    xapi_get_int(all[i], "number"),
		    xapi_get_int(all[i], "core"),
		    xapi_get_int(all[i], "socket"),
		    xapi_get_int(all[i], "node"));
	free(all);
}

void
info_nodes(const struct xapi_value *nodes, struct xu_buf *out)
{
	const struct xapi_value *n;

	xu_buf_addf(out, "%-23s:\n", "numa_info");
	xu_buf_adds(out, "node:    memsize    memfree    distances\n");
	for (size_t i = 0; i < xapi_count(nodes); i++) {
		n = xapi_at(nodes, i);
		xu_buf_addf(out, "%4lld:    %6lld     %6lld      %s\n",
		    xapi_get_int(n, "number"),
		    xapi_get_int(n, "memory_total") >> 20,
		    xapi_get_int(n, "memory_free") >> 20,
		    xapi_get_str(n, "distances"));
	}
}

static int
print_topology(struct xm *xm, const char *host, struct xapi_value *json,
    struct xu_buf *out)
{
	struct xapi_value *cpus, *nodes = NULL;
	struct xapi_err e;

	cpus = xapi_call(xm->api, &e, "host_cpu.get_all_records", "");
	if (cpus != NULL)
		nodes = xapi_call(xm->api, &e, "host.list_nodes", "s", host);
	if (nodes == NULL) {
		xapi_free(cpus);
		return xm_fail(xm, &e);
	}
	info_cpus(cpus, out);
	info_nodes(nodes, out);
	if (json != NULL) {
		struct xapi_value *list = xapi_new_array();

		for (size_t i = 0; i < xapi_count(cpus); i++)
			xapi_add(list, xapi_copy(xapi_at(cpus, i)));
		xapi_set(json, "cpu_topology", list);
		xapi_set(json, "numa_info", xapi_copy(nodes));
	}
	xapi_free(cpus);
	xapi_free(nodes);
	return 0;
}

/* --- the command ------------------------------------------------------------- */

/* The daemon's settings, as xm shows xend's. */
static int
print_settings(struct xm *xm, const char *host)
{
	AUTO_BUF struct xu_buf out = XU_BUF_INIT;
	struct xapi_value *v;
	struct xapi_err e;
	int status;

	v = xapi_call(xm->api, &e, "host.list_settings", "s", host);
	if (v == NULL)
		return xm_fail(xm, &e);
	if (xm->format == XM_JSON)
		return xm_json(xm, v);
	for (size_t i = 0; i < xapi_count(v); i++)
		xu_buf_addf(&out, "%-38s: %s\n", xapi_name_at(v, i),
		    xapi_str(xapi_at(v, i)));
	status = xm_print(xm, &out);
	xapi_free(v);
	return status;
}

/* xl's: one line's value alone. */
static int
print_field(struct xm *xm, const struct xapi_value *host,
    const struct xapi_value *metrics)
{
	struct xu_near near = { .word = xm->argv[0], .most = 2 };

	for (size_t i = 0; i < XU_ARRAY_SIZE(lines); i++) {
		AUTO_BUF struct xu_buf value = XU_BUF_INIT;

		xu_near_try(&near, lines[i].name);
		if (strcmp(lines[i].name, xm->argv[0]) != 0)
			continue;
		value_of(i, host, metrics, &value);
		xu_buf_addc(&value, '\n');
		return xm_print(xm, &value);
	}
	return xm_usage(xm, "xm info has no line '%s'%s%s%s.", xm->argv[0],
	    near.best != NULL ? "; did you mean '" : "",
	    near.best != NULL ? near.best : "",
	    near.best != NULL ? "'?" : "");
}

static int
print_info(struct xm *xm, const char *ref, const struct xapi_value *host,
    const struct xapi_value *metrics)
{
	AUTO_BUF struct xu_buf out = XU_BUF_INIT;
	struct xapi_value *json = NULL;
	int status = 0;

	if (xm->argc > 0)
		return print_field(xm, host, metrics);
	if (xm->format == XM_JSON)
		json = info_json(host, metrics);
	info_text(host, metrics, &out);
	if (xm_opt(xm, "numa") != NULL)
		status = print_topology(xm, ref, json, &out);
	if (status == 0 && json != NULL)
		return xm_json(xm, json);
	xapi_free(json);
	return status != 0 ? status : xm_print(xm, &out);
}

static int
run_info(struct xm *xm)
{
	AUTO_FREE char *ref = NULL;
	struct xapi_value *host = NULL, *metrics = NULL;
	struct xapi_err e;
	int status = xm_connect(xm);

	if (status != 0)
		return status;
	ref = xm_host(xm, &e);
	if (ref != NULL && xm_opt(xm, "config") != NULL)
		return print_settings(xm, ref);
	if (ref != NULL)
		host = xapi_call(xm->api, &e, "host.get_record", "s", ref);
	if (host != NULL)
		metrics = xapi_call(xm->api, &e, "host_metrics.get_record",
		    "s", xapi_get_str(host, "metrics"));
	status = metrics == NULL ? xm_fail(xm, &e) :
				   print_info(xm, ref, host, metrics);
	xapi_free(metrics);
	xapi_free(host);
	return status;
}

static const struct xm_opt info_opts[] = {
	{ 'n', "numa", NULL, "Also processors and memory by node." },
	{ 'c', "config", NULL, "The daemon's settings instead." },
	{ .name = NULL },
};

const struct xm_cmd cmd_info = {
	.name = "info",
	.operands = "[FIELD]",
	.summary = "Print facts about the host.",
	.detail = "With FIELD that line's value alone. Memory is in MiB.",
	.opts = info_opts,
	.min = 0,
	.max = 1,
	.common = true,
	.run = run_info,
};

/* --- dmesg ---------------------------------------------------------------- */

static int
dmesg_json(struct xm *xm, const char *s)
{
	struct xapi_value *v = xapi_new_struct(), *list = xapi_new_array();
	AUTO_FREE char *line = NULL;
	size_t n;

	for (; *s != '\0'; s += n + (s[n] == '\n')) {
		n = strcspn(s, "\n");
		free(line);
		line = strndup(s, n);
		xapi_add(list, line != NULL ? xapi_new_str(line) : NULL);
	}
	xapi_set(v, "lines", list);
	return xm_json(xm, v);
}

static int
run_dmesg(struct xm *xm)
{
	bool clear = xm_opt(xm, "clear") != NULL;
	AUTO_FREE char *ref = NULL;
	struct xapi_value *v = NULL;
	struct xapi_err e;
	const char *s;
	int status = xm_connect(xm);

	if (status != 0)
		return status;
	ref = xm_host(xm, &e);
	if (ref != NULL)
		v = xapi_call(xm->api, &e,
		    clear ? "host.dmesg_clear" : "host.dmesg", "s", ref);
	if (v == NULL)
		return xm_fail(xm, &e);
	s = xapi_str(v);
	if (xm->format == XM_JSON) {
		status = dmesg_json(xm, s);
	} else {
		fputs(s, stdout);
		if (*s != '\0' && s[strlen(s) - 1] != '\n')
			putchar('\n');
	}
	xapi_free(v);
	return status;
}

static const struct xm_opt dmesg_opts[] = {
	{ 'c', "clear", NULL, "Empty the log behind it." },
	{ .name = NULL },
};

const struct xm_cmd cmd_dmesg = {
	.name = "dmesg",
	.operands = "",
	.summary = "Print the hypervisor's log.",
	.detail = "",
	.opts = dmesg_opts,
	.min = 0,
	.max = 0,
	.run = run_dmesg,
};
