/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * GET /metrics: what the core counts and what is counted here, as OpenMetrics text,
 * a family of model/metrics.h after the other.
 */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api.h"
#include "metrics.h"
#include "xu_utf8.h"

static const char type[] =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

/* A label's value; guests have chosen some. What is no text is marked. */
static void
put_text(struct xu_buf *b, const char *s, size_t len)
{
	uint32_t c;
	size_t n;

	for (size_t i = 0; i < len; i += n > 0 ? n : 1) {
		n = xu_utf8_next(s + i, len - i, &c);
		if (n == 0)
			xu_buf_adds(b, XU_UTF8_REPLACED);
		else if (s[i] == '\n')
			xu_buf_adds(b, "\\n");
		else if (s[i] == '"' || s[i] == '\\')
			xu_buf_addf(b, "\\%c", s[i]);
		else
			xu_buf_add(b, s + i, n);
	}
}

static void
put_number(struct xu_buf *b, const struct xu_val *v)
{
	const double d = xu_val_float(v);

	if (xu_val_is(v, XU_INT))
		xu_buf_addf(b, "%lld", (long long)xu_val_int(v));
	else
		xu_buf_addf(b, "%.17g", isfinite(d) ? d : 0);
}

/* A sample: all members but the last, "value", are labels. */
static void
put_sample(struct xu_buf *b, const char *name, const char *suffix,
    const struct xu_val *s)
{
	const size_t n = xu_val_count(s) - 1;
	const struct xu_val *v;

	xu_buf_addf(b, "xld_%s%s", name, suffix);
	for (size_t i = 0; i < n; i++) {
		v = xu_val_at(s, i);
		xu_buf_addf(b, "%s%s=\"", i == 0 ? "{" : ",",
		    xu_val_name_at(s, i));
		put_text(b, xu_val_str(v), xu_val_strlen(v));
		xu_buf_addc(b, '"');
	}
	xu_buf_adds(b, n > 0 ? "} " : " ");
	put_number(b, xu_val_get(s, "value"));
	xu_buf_addc(b, '\n');
}

static void
put_family(struct xu_buf *b, const char *name, const char *kind,
    const char *unit, const char *help, const struct xu_val *samples)
{
	const char *suffix = strcmp(kind, "counter") == 0 ? "_total" :
	    strcmp(kind, "info") == 0			  ? "_info" :
							    "";

	xu_buf_addf(b, "# HELP xld_%s %s\n# TYPE xld_%s %s\n", name, help, name,
	    kind);
	if (unit[0] != '\0')
		xu_buf_addf(b, "# UNIT xld_%s %s\n", name, unit);
	for (size_t i = 0; i < xu_val_count(samples); i++)
		if (xu_val_get(xu_val_at(samples, i), "value") != NULL)
			put_sample(b, name, suffix, xu_val_at(samples, i));
}

/* ---- what is counted here ------------------------------------------------------- */

static void
put_own(struct xu_val *all, const char *name, int64_t n)
{
	struct xu_val *one = xu_array(), *v = xu_struct();

	xu_val_set(v, "value", xu_int(n));
	xu_val_add(one, v);
	xu_val_set(all, name, one);
}

static void
add_own(const struct api *a, struct xu_val *all)
{
	const struct xu_list *i;
	int64_t connections = 0;

	LIST_FOREACH(i, &a->listeners)
		connections += xu_container_of((struct xu_list *)(uintptr_t)i,
		    struct listener, all)->connections;
	put_own(all, "api_requests", (int64_t)a->requests);
	put_own(all, "api_failures", (int64_t)a->failures);
	put_own(all, "api_refused", (int64_t)a->refused);
	put_own(all, "api_events", (int64_t)a->next_serial);
	put_own(all, "api_connections", connections);
	put_own(all, "api_sessions", (int64_t)xu_map_count(a->sessions));
	put_own(all, "api_consoles", a->consoles);
}

static void
got_samples(void *arg, struct xu_msg *reply)
{
	struct request *rq = arg;
	AUTO_VAL struct xu_val *all = NULL;

	all = reply == NULL ? NULL : xu_val_take(reply->val, "ok");
	if (all == NULL) {
		api_answer_core(rq, reply);
		return;
	}
	add_own(rq->api, all);
#define FAMILY(name, kind, unit, help)                                         \
	put_family(&rq->out, #name, #kind, #unit, help, xu_val_get(all, #name));
	METRICS(FAMILY)
#undef FAMILY
	xu_buf_adds(&rq->out, "# EOF\n");
	api_answer_out(rq, type);
}

void
api_metrics(struct request *rq, struct session *s)
{
	api_core_call(rq->api, api_core_about(rq, api_core_msg(s, "host.metrics",
		xu_array(), false)), got_samples, rq);
}
