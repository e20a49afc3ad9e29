/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Figures over time, as clients of XenServer's fetch them: GET /rrd_updates, /vm_rrd
 * and /host_rrd. The core gives a head and doubles (xld/figures_api.c); here they
 * become rrdtool's XML, or the same as JSON (json=): all numbers of which are text
 * there, since NaN is none of JSON's. Without white space, which some clients' readers
 * do not skip.
 */
#include "config.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api.h"
#include "xu_bin.h"
#include "xu_file.h"
#include "xu_num.h"

#define FILE_MAX (64u << 20)
/* Seconds: no year needs more. */
#define TIME_MAX INT64_C(1000000000000)

/* An answer being written. */
struct out {
	struct xu_buf *b;
	bool json;
	struct xu_bin values;
};

/* ---- pieces ---------------------------------------------------------------------------- */

static double
next_value(struct out *o)
{
	const uint64_t bits = xu_get_u64(&o->values);
	double d;

	memcpy(&d, &bits, sizeof(d));
	return xu_bin_ok(&o->values) ? d : NAN;
}

/* As short as single precision allows, but whole numbers are told whole. */
static void
put_number(const struct out *o, double d)
{
	if (isnan(d))
		xu_buf_adds(o->b, "NaN");
	else if (isinf(d))
		xu_buf_adds(o->b, d < 0 ? "-inf" : "inf");
	else if (d == floor(d) && fabs(d) < 1e18)
		xu_buf_addf(o->b, "%.1f", d);
	else
		xu_buf_addf(o->b, "%.8g", d);
}

static void
put_text(const struct out *o, const char *s)
{
	for (; *s != '\0'; s++)
		if (o->json && (*s == '"' || *s == '\\' || *s < ' '))
			xu_buf_addf(o->b, "\\u%04x", (unsigned char)*s);
		else if (!o->json && strchr("<>&", *s) != NULL)
			xu_buf_addf(o->b, "&#%d;", *s);
		else
			xu_buf_addc(o->b, *s);
}

/* A member before others: <name>text</name>, "name":"text", */
static void
put_word(const struct out *o, const char *name, const char *text)
{
	xu_buf_addf(o->b, o->json ? "\"%s\":\"" : "<%s>", name);
	put_text(o, text);
	if (o->json)
		xu_buf_adds(o->b, "\",");
	else
		xu_buf_addf(o->b, "</%s>", name);
}

static void
put_count(const struct out *o, const char *name, const struct xu_val *v)
{
	if (o->json)
		xu_buf_addf(o->b, "\"%s\":%lld,", name,
		    (long long)xu_val_int(v));
	else
		xu_buf_addf(o->b, "<%s>%lld</%s>", name,
		    (long long)xu_val_int(v), name);
}

static void
put_float(const struct out *o, const char *name, double d)
{
	xu_buf_addf(o->b, o->json ? "\"%s\":\"" : "<%s>", name);
	put_number(o, d);
	if (o->json)
		xu_buf_adds(o->b, "\",");
	else
		xu_buf_addf(o->b, "</%s>", name);
}

/* What follows is another one, or none: the comma behind the last member goes. */
static void
close_list(const struct out *o, const char *json, const char *xml)
{
	if (o->json && o->b->len > 0 && o->b->data[o->b->len - 1] == ',')
		o->b->data[--o->b->len] = '\0';
	xu_buf_adds(o->b, o->json ? json : xml);
}

static void
open_list(const struct out *o, const char *json, const char *xml)
{
	xu_buf_adds(o->b, o->json ? json : xml);
}

static void
put_values(struct out *o, int64_t n)
{
	for (int64_t i = 0; i < n; i++) {
		xu_buf_adds(o->b, o->json ? "\"" : "<v>");
		put_number(o, next_value(o));
		xu_buf_adds(o->b, o->json ? "\"," : "</v>");
	}
}

/* ---- updates ------------------------------------------------------------------------------ */

static void
put_updates(struct out *o, const struct xu_val *head)
{
	static const char *const counts[] = { "start", "step", "end", "rows",
		"columns" };
	const struct xu_val *legend = xu_val_get(head, "legend");
	const int64_t step = xu_val_get_int(head, "step", 0);
	const int64_t rows = xu_val_get_int(head, "rows", 0);
	AUTO_VAL struct xu_val *t = NULL;

	open_list(o, "{\"meta\":{", "<xport><meta>");
	for (size_t i = 0; i < XU_ARRAY_SIZE(counts); i++)
		put_count(o, counts[i], xu_val_get(head, counts[i]));
	open_list(o, "\"legend\":[", "<legend>");
	for (size_t i = 0; i < xu_val_count(legend); i++) {
		open_list(o, "\"", "<entry>");
		put_text(o, xu_val_str(xu_val_at(legend, i)));
		open_list(o, "\",", "</entry>");
	}
	close_list(o, "]},\"data\":[", "</legend></meta><data>");
	for (int64_t i = 0; i < rows && xu_bin_ok(&o->values); i++) {
		t = xu_int(xu_val_get_int(head, "end", 0) - i * step);
		open_list(o, "{", "<row>");
		put_count(o, "t", t);
		xu_val_free(steal_ptr(&t));
		open_list(o, "\"values\":[", "");
		put_values(o, (int64_t)xu_val_count(legend));
		close_list(o, "]},", "</row>");
	}
	close_list(o, "]}", "</data></xport>");
}

/* ---- all of one object ---------------------------------------------------------------------- */

static void
put_source(const struct out *o, const struct xu_val *s)
{
	open_list(o, "{", "<ds>");
	put_word(o, "name", xu_val_get_str(s, "name", ""));
	put_word(o, "type", xu_val_get_str(s, "type", ""));
	put_count(o, "minimal_heartbeat", xu_val_get(s, "heartbeat"));
	put_float(o, "min", xu_val_float(xu_val_get(s, "min")));
	put_float(o, "max", xu_val_float(xu_val_get(s, "max")));
	put_float(o, "last_ds", xu_val_float(xu_val_get(s, "last")));
	put_float(o, "value", xu_val_float(xu_val_get(s, "value")));
	put_count(o, "unknown_sec", xu_val_get(s, "unknown"));
	close_list(o, "},", "</ds>");
}

static void
put_prep(const struct out *o, const struct xu_val *p)
{
	open_list(o, "{", "<ds>");
	put_float(o, "primary_value", 0);
	put_float(o, "secondary_value", 0);
	put_float(o, "value", xu_val_float(xu_val_get(p, "value")));
	put_count(o, "unknown_datapoints", xu_val_get(p, "unknown"));
	close_list(o, "},", "</ds>");
}

static void
put_archive(struct out *o, const struct xu_val *a)
{
	const struct xu_val *prep = xu_val_get(a, "prep");
	const int64_t rows = xu_val_get_int(a, "rows", 0);

	open_list(o, "{", "<rra>");
	put_word(o, "cf", xu_val_get_str(a, "cf", ""));
	put_count(o, "pdp_per_row", xu_val_get(a, "steps"));
	open_list(o, "\"params\":{", "<params>");
	put_float(o, "xff", xu_val_float(xu_val_get(a, "xff")));
	close_list(o, "},\"cdp_prep\":{\"ds\":[", "</params><cdp_prep>");
	for (size_t i = 0; i < xu_val_count(prep); i++)
		put_prep(o, xu_val_at(prep, i));
	close_list(o, "]},\"database\":[", "</cdp_prep><database>");
	for (int64_t i = 0; i < rows && xu_bin_ok(&o->values); i++) {
		open_list(o, "[", "<row>");
		put_values(o, (int64_t)xu_val_count(prep));
		close_list(o, "],", "</row>");
	}
	close_list(o, "]},", "</database></rra>");
}

static void
put_whole(struct out *o, const struct xu_val *head)
{
	const struct xu_val *sources = xu_val_get(head, "sources");
	const struct xu_val *archives = xu_val_get(head, "archives");

	open_list(o, "{", "<rrd>");
	put_word(o, "version", "0003");
	put_count(o, "step", xu_val_get(head, "step"));
	put_count(o, "lastupdate", xu_val_get(head, "lastupdate"));
	open_list(o, "\"ds\":[", "");
	for (size_t i = 0; i < xu_val_count(sources); i++)
		put_source(o, xu_val_at(sources, i));
	close_list(o, "],\"rra\":[", "");
	for (size_t i = 0; i < xu_val_count(archives); i++)
		put_archive(o, xu_val_at(archives, i));
	close_list(o, "]}", "</rrd>");
}

/* ---- requests --------------------------------------------------------------------------------- */

static struct xu_val *
head_of(struct xu_bin *in)
{
	size_t n;
	const void *p = xu_get_blob(in, &n);

	return p == NULL ? NULL : xu_val_decode(p, n);
}

static void
got_file(struct request *rq, struct xu_msg *reply,
    void (*put)(struct out *o, const struct xu_val *head))
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;
	AUTO_VAL struct xu_val *head = NULL;
	struct out o = { .b = &rq->out };

	if (reply == NULL || reply->nfds < 1 ||
	    xu_val_get(reply->val, "ok") == NULL) {
		api_answer_core(rq, reply);
		return;
	}
	o.json = MHD_lookup_connection_value(rq->conn, MHD_GET_ARGUMENT_KIND,
	    "json") != NULL && strcmp(api_argument(rq, "json"), "false") != 0;
	if (lseek(reply->fds[0], 0, SEEK_SET) == 0 &&
	    xu_fd_read(reply->fds[0], FILE_MAX, &text) == 0) {
		o.values = xu_bin_of(text.data, text.len);
		head = head_of(&o.values);
	}
	if (head == NULL) {
		api_answer_error(rq, "the core's answer cannot be read",
		    "INTERNAL_ERROR", "figures", NULL);
		return;
	}
	if (!o.json)
		xu_buf_adds(&rq->out,
		    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
	put(&o, head);
	api_answer_out(rq, o.json ? "application/json" : "text/xml");
}

static void
got_updates(void *arg, struct xu_msg *reply)
{
	got_file(arg, reply, put_updates);
}

static void
got_whole(void *arg, struct xu_msg *reply)
{
	got_file(arg, reply, put_whole);
}

static void
refuse(struct request *rq, const char *why)
{
	rq->failed = true;
	api_answer_http(rq, MHD_HTTP_BAD_REQUEST, "text/plain", why,
	    strlen(why));
}

/* A number of seconds; false: refused. */
static bool
seconds(struct request *rq, const char *name, int64_t least, int64_t *out)
{
	const char *s = api_argument(rq, name);

	if (xu_num_i64(s, least, TIME_MAX, out))
		return true;
	refuse(rq, least < 0 ?
	    "start= is missing or no number: seconds since 1970, or how many "
	    "before now with a - before it\n" :
	    "interval= is no number of seconds\n");
	return false;
}

static void
ask(struct request *rq, struct session *s, const char *method,
    struct xu_val *argument, core_reply_f *got)
{
	struct xu_val *params = xu_array();

	if (argument != NULL)
		xu_val_add(params, argument);
	api_core_call(rq->api, api_core_about(rq, api_core_msg(s, method,
		params, false)), got, rq);
}

void
api_rrd_updates(struct request *rq, struct session *s)
{
	const char *guest = api_argument(rq, "vm_uuid");
	int64_t start, interval = 0;
	struct xu_val *v;

	if (!seconds(rq, "start", -TIME_MAX, &start) ||
	    (api_argument(rq, "interval")[0] != '\0' &&
		!seconds(rq, "interval", 0, &interval)))
		return;
	if (guest[0] == '\0')
		guest = api_argument(rq, "uuid");
	v = xu_struct();
	xu_val_set(v, "start", xu_int(start));
	xu_val_set(v, "interval", xu_int(interval));
	xu_val_set(v, "cf", xu_str(api_argument(rq, "cf")));
	xu_val_set(v, "host",
	    xu_bool(strcmp(api_argument(rq, "host"), "true") == 0));
	xu_val_set(v, "guest", xu_str(guest[0] == '\0' ? "all" : guest));
	ask(rq, s, "rrd.updates", v, got_updates);
}

void
api_vm_rrd(struct request *rq, struct session *s)
{
	const char *uuid = api_argument(rq, "uuid");

	if (uuid[0] == '\0')
		refuse(rq, "uuid= says of which machine\n");
	else
		ask(rq, s, "rrd.guest", xu_str(uuid), got_whole);
}

void
api_host_rrd(struct request *rq, struct session *s)
{
	ask(rq, s, "rrd.host", NULL, got_whole);
}
