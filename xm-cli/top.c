/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See cmd_top.h. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd_top.h"

struct dom {
	const struct xapi_value *now;
	double cpu_percent;
};

/* Columns in xentop's order: what it calls each, how wide it is, and what is in it:
 * a number of the answer, divided, or something that is worked out. */
struct column {
	const char *name, *key;
	int width;
	long long divide;
	void (*put)(const struct top_view *v, const struct dom *d,
	    const struct column *c, struct xu_buf *out);
};

static long long
number(const struct dom *d, const char *key)
{
	return xapi_get_int(d->now, key);
}

static void
put_name(const struct top_view *v, const struct dom *d, const struct column *c,
    struct xu_buf *out)
{
	const char *name = xapi_get_str(d->now, "name");

	if (v->full_names)
		xu_buf_addf(out, "%*s", c->width, name);
	else
		xu_buf_addf(out, "%*.*s", c->width, c->width, name);
}

static void
put_text(const struct top_view *v XU_UNUSED, const struct dom *d,
    const struct column *c, struct xu_buf *out)
{
	xu_buf_addf(out, "%*s", c->width, xapi_get_str(d->now, c->key));
}

static void
put_number(const struct top_view *v XU_UNUSED, const struct dom *d,
    const struct column *c, struct xu_buf *out)
{
	xu_buf_addf(out, "%*lld", c->width, number(d, c->key) / c->divide);
}

static void
put_cpu(const struct top_view *v XU_UNUSED, const struct dom *d,
    const struct column *c, struct xu_buf *out)
{
	xu_buf_addf(out, "%*.1f", c->width, d->cpu_percent);
}

static double
percent_of(const struct top_view *v, const struct dom *d, const char *key)
{
	return v->memory_kib == 0 ? 0 :
	    100.0 * (double)number(d, key) / (double)v->memory_kib;
}

static void
put_percent(const struct top_view *v, const struct dom *d,
    const struct column *c, struct xu_buf *out)
{
	if (xapi_get(d->now, c->key) == NULL)
		xu_buf_addf(out, "%*s", c->width, "n/a");
	else
		xu_buf_addf(out, "%*.1f", c->width, percent_of(v, d, c->key));
}

static void
put_limit(const struct top_view *v, const struct dom *d,
    const struct column *c, struct xu_buf *out)
{
	if (xapi_get(d->now, c->key) == NULL)
		xu_buf_addf(out, "%*s", c->width, "no limit");
	else
		put_number(v, d, c, out);
}

static void
put_zero(const struct top_view *v XU_UNUSED, const struct dom *d XU_UNUSED,
    const struct column *c, struct xu_buf *out)
{
	xu_buf_addf(out, "%*d", c->width, 0);
}

#define SECOND 1000000000LL

static const struct column columns[] = {
	{ "NAME", "name", 10, 1, put_name },
	{ "STATE", "state", 6, 1, put_text },
	{ "CPU(sec)", "cpu_ns", 10, SECOND, put_number },
	{ "CPU(%)", "cpu_percent", 6, 1, put_cpu },
	{ "MEM(k)", "memory_kib", 10, 1, put_number },
	{ "MEM(%)", "memory_kib", 6, 1, put_percent },
	{ "MAXMEM(k)", "memory_max_kib", 10, 1, put_limit },
	{ "MAXMEM(%)", "memory_max_kib", 9, 1, put_percent },
	{ "VCPUS", "vcpus", 5, 1, put_number },
	{ "NETS", "nets", 4, 1, put_number },
	{ "NETTX(k)", "net_sent", 8, 1024, put_number },
	{ "NETRX(k)", "net_received", 8, 1024, put_number },
	{ "VBDS", "vbds", 4, 1, put_number },
	{ "VBD_OO", "vbd_waits", 8, 1, put_number },
	{ "VBD_RD", "vbd_reads", 8, 1, put_number },
	{ "VBD_WR", "vbd_writes", 8, 1, put_number },
	{ "VBD_RSECT", "vbd_read_sectors", 10, 1, put_number },
	{ "VBD_WSECT", "vbd_written_sectors", 10, 1, put_number },
	/* Of security policies that Xen no longer has. */
	{ "SSID", "domid", 4, 1, put_zero },
};

const char *
top_column(const char *name)
{
	for (size_t i = 0; i < XU_ARRAY_SIZE(columns); i++)
		if (strcasecmp(columns[i].name, name) == 0)
			return columns[i].name;
	return NULL;
}

/* --- the domains --------------------------------------------------------------- */

/* It is the same domain only with the same id. */
static double
cpu_percent(const struct top_view *v, const struct xapi_value *now)
{
	const struct xapi_value *was;
	long long used;

	for (size_t i = 0; v->elapsed_ns > 0 && i < xapi_count(v->before);
	     i++) {
		was = xapi_at(v->before, i);
		if (xapi_get_int(was, "domid") != xapi_get_int(now, "domid"))
			continue;
		used = xapi_get_int(now, "cpu_ns") -
		    xapi_get_int(was, "cpu_ns");
		return used < 0 ? 0 :
		    100.0 * (double)used / (double)v->elapsed_ns;
	}
	return 0;
}

static const struct column *sorted_by;

static int
compare(const void *a, const void *b)
{
	const struct dom *x = a, *y = b;
	const struct column *c = sorted_by;
	double m = 0, n = 0;

	if (c != NULL && (c->put == put_name || c->put == put_text))
		return strcmp(xapi_get_str(x->now, c->key),
		    xapi_get_str(y->now, c->key));
	if (c != NULL && c->put == put_cpu) {
		m = x->cpu_percent;
		n = y->cpu_percent;
	} else if (c != NULL) {
		m = (double)number(x, c->key);
		n = (double)number(y, c->key);
	}
	if (m < n || m > n)
		return m > n ? -1 : 1;
	return number(x, "domid") < number(y, "domid") ? -1 : 1;
}

/* The caller frees. NULL: out of memory. */
static struct dom *
domains(const struct top_view *v, size_t *n)
{
	struct dom *all;

	*n = xapi_count(v->now);
	all = calloc(*n + 1, sizeof(*all));
	if (all == NULL)
		return NULL;
	for (size_t i = 0; i < *n; i++) {
		all[i].now = xapi_at(v->now, i);
		all[i].cpu_percent = cpu_percent(v, all[i].now);
	}
	sorted_by = NULL;
	for (size_t i = 0; i < XU_ARRAY_SIZE(columns) && v->sort != NULL; i++)
		if (strcmp(columns[i].name, v->sort) == 0)
			sorted_by = &columns[i];
	qsort(all, *n, sizeof(*all), compare);
	return all;
}

void
top_table(const struct top_view *v, struct xu_buf *out)
{
	AUTO_FREE struct dom *all = NULL;
	size_t n;

	all = domains(v, &n);
	for (size_t k = 0; k < XU_ARRAY_SIZE(columns); k++)
		xu_buf_addf(out, "%s%*s", k > 0 ? " " : "", columns[k].width,
		    columns[k].name);
	xu_buf_addc(out, '\n');
	for (size_t i = 0; all != NULL && i < n; i++) {
		for (size_t k = 0; k < XU_ARRAY_SIZE(columns); k++) {
			if (k > 0)
				xu_buf_addc(out, ' ');
			columns[k].put(v, &all[i], &columns[k], out);
		}
		xu_buf_addc(out, '\n');
	}
}

struct xapi_value *
top_json(const struct top_view *v)
{
	struct xapi_value *list = xapi_new_array(), *one;
	AUTO_FREE struct dom *all = NULL;
	const char *name;
	size_t n;

	all = domains(v, &n);
	for (size_t i = 0; all != NULL && i < n; i++) {
		one = xapi_new_struct();
		for (size_t k = 0; k < xapi_count(all[i].now); k++) {
			name = xapi_name_at(all[i].now, k);
			xapi_set(one, name, strcmp(name, "name") == 0 ||
				strcmp(name, "uuid") == 0 ||
				strcmp(name, "state") == 0 ?
				xapi_copy(xapi_at(all[i].now, k)) :
				xapi_new_int(xapi_int(xapi_at(all[i].now, k))));
		}
		xapi_set(one, "cpu_percent",
		    xapi_new_float(all[i].cpu_percent));
		xapi_add(list, one);
	}
	return list;
}
