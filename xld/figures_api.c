/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Data sources of the API, and what xld-api fetches for GET: a file in memory that has
 * a head (u32 length, an encoded struct) and then doubles. Of "rrd.updates" the head
 * is start, end and step (seconds), rows, columns and legend, and the doubles are rows,
 * the newest first. Of one object it is lastupdate, step, sources and archives (each
 * with cf, steps, rows, xff, prep), and the doubles are each archive's rows, the oldest
 * first, with one for each source.
 */
#include "config.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sampled.h"
#include "sr.h"
#include "xu_bin.h"
#include "xu_file.h"

/* Doubles of one answer. */
#define VALUES_MAX (INT64_C(4) << 20)
/* Seconds; nothing is known of them, nor reckoned with. */
#define FUTURE INT64_C(86400)

/* ---- whose -------------------------------------------------------------------------- */

/* The object's record; NULL: there is none, and the call goes on, or *refused. */
static struct rrd *
rrd_of(struct call *k, bool *refused)
{
	struct xu_err e = XU_ERR_INIT;
	struct sampled *s;

	*refused = false;
	if (k->m.cls == &model_sr)
		return NULL;
	s = sampled_ask(k->core, &e);
	if (s == NULL) {
		*refused = true;
		call_fail(k, &e);
		return NULL;
	}
	if (k->m.cls == &model_host)
		return s->host;
	sampled_guest(k->guest);
	return k->guest->rrd;
}

/* The source that the call names; NULL: it was refused. */
static struct rrd_source *
source_of(struct call *k, struct rrd **r)
{
	const char *name = xu_val_str(xu_val_at(k->params, 1));
	struct rrd_source *s;
	bool refused;

	*r = rrd_of(k, &refused);
	if (refused)
		return NULL;
	s = *r == NULL ? NULL : rrd_find(*r, name);
	if (s == NULL) {
		struct xu_err e = XU_ERR_INIT;

		xu_err_set(&e, XE(INVALID_VALUE), 0, "it has no data source "
		    "'%.80s' (get_data_sources says which)", name);
		xu_err_param(&e, "data_source");
		xu_err_param(&e, "%.80s", name);
		call_fail(k, &e);
	}
	return s;
}

/* ---- data sources --------------------------------------------------------------------- */

/* Of the newest step; of what is no rate also the newest sample. */
static double
newest(const struct rrd *r, const struct rrd_source *s)
{
	double v = rrd_value(r, s, RRD_OF_1, RRD_AVERAGE,
	    rrd_row(r->last, RRD_OF_1));

	return isnan(v) && !s->derived && !s->off ? s->last : v;
}

static struct xu_val *
source_record(const struct rrd *r, const struct rrd_source *s)
{
	const struct figure_row *row = &figure_rows[s->id];
	struct xu_val *v = xu_struct();

	xu_val_set(v, "name_label", xu_str(s->name));
	xu_val_set(v, "name_description", xu_str(row->doc));
	xu_val_set(v, "enabled", xu_bool(!s->off));
	xu_val_set(v, "standard", xu_bool(true));
	xu_val_set(v, "units", xu_str(row->units));
	xu_val_set(v, "min", xu_float(0));
	/* There is no word for "none" in XML-RPC or JSON. */
	xu_val_set(v, "max", xu_float(row->most > 0 ? row->most : DBL_MAX));
	xu_val_set(v, "value", xu_float(newest(r, s)));
	return v;
}

static void
get_sources(struct call *k)
{
	struct xu_val *all;
	struct rrd *r;
	bool refused;

	r = rrd_of(k, &refused);
	if (refused)
		return;
	all = xu_array();
	for (size_t i = 0; r != NULL && i < r->nsources; i++)
		xu_val_add(all, source_record(r, r->sources[i]));
	call_ok(k, all);
}

static void
query(struct call *k)
{
	struct rrd *r;
	const struct rrd_source *s = source_of(k, &r);

	if (s != NULL)
		call_ok(k, xu_float(newest(r, s)));
}

static void
record(struct call *k)
{
	struct rrd *r;
	struct rrd_source *s = source_of(k, &r);

	if (s == NULL)
		return;
	rrd_record(r, s);
	call_ok(k, NULL);
}

static void
forget(struct call *k)
{
	struct rrd *r;
	struct rrd_source *s = source_of(k, &r);

	if (s == NULL)
		return;
	rrd_forget(s);
	call_ok(k, NULL);
}

#define OF(cls)                                                                \
	{ cls ".get_data_sources", get_sources },                              \
	    { cls ".query_data_source", query },                               \
	    { cls ".record_data_source", record },                             \
	{                                                                      \
		cls ".forget_data_source_archives", forget                     \
	}

const struct handler figure_handlers[] = {
	OF("VM"),
	OF("host"),
	OF("SR"),
	{ NULL, NULL },
};

/* ---- answers in a file ------------------------------------------------------------------ */

/* Takes head; the call is answered later. -1: it has been. */
static int
begin_file(struct call *k, struct xu_val *head)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT, b = XU_BUF_INIT;
	int fd = memfd_create("xld-figures", MFD_CLOEXEC);

	if (xu_val_ok(head))
		xu_val_encode(head, &text);
	xu_put_blob(&b, text.data, text.len);
	if (fd >= 0 && xu_val_ok(head) && text.error == 0 && b.error == 0 &&
	    xu_fd_write(fd, b.data, b.len) == 0) {
		xu_val_free(head);
		return fd;
	}
	xu_val_free(head);
	if (fd >= 0)
		close(fd);
	call_refuse(k, XE(XLD_NO_MEMORY), "", "%s: out of memory", k->method);
	return -1;
}

/* The rest of it, and the answer. */
static void
end_file(struct call *k, int fd, const struct xu_buf *values)
{
	if (values->error == 0 &&
	    xu_fd_write(fd, values->data, values->len) == 0) {
		call_ok_fd(k, fd);
		return;
	}
	close(fd);
	call_refuse(k, XE(XLD_NO_MEMORY), "", "%s: out of memory", k->method);
}

static void
put_double(struct xu_buf *b, double d)
{
	xu_buf_add(b, &d, sizeof(d));
}

/* ---- updates ---------------------------------------------------------------------------- */

/* What is asked for. */
struct wanted {
	enum rrd_archive archive;
	/* From cf to last_cf. */
	int cf, last_cf;
	bool host;
	/* NULL: of all that run; "" = none. */
	const char *guest;
	int64_t newest, rows;
};

struct column {
	const struct rrd *rrd;
	const struct rrd_source *source;
	enum rrd_cf cf;
};

struct columns {
	struct column *at;
	size_t n, room;
	struct xu_val *legend;
	bool failed;
};

static void
add_columns(struct columns *c, const struct wanted *w, const struct rrd *r,
    const char *cls, const char *uuid)
{
	struct column *more;
	size_t room;

	if (r == NULL || c->failed)
		return;
	room = c->n + r->nsources * RRD_NCFS;
	more = realloc(c->at, (room + 1) * sizeof(*more));
	if (more == NULL) {
		c->failed = true;
		return;
	}
	c->at = more;
	for (int cf = w->cf; cf <= w->last_cf; cf++)
		for (size_t i = 0; i < r->nsources; i++) {
			if (r->sources[i]->off)
				continue;
			xu_val_add(c->legend, xu_strf("%s:%s:%s:%s",
			    rrd_cfs[cf], cls, uuid, r->sources[i]->name));
			c->at[c->n++] = (struct column) { r, r->sources[i],
				(enum rrd_cf)cf };
		}
}

static void
add_all_columns(struct columns *c, const struct wanted *w, struct core *core)
{
	const struct xu_list *l;
	struct guest *g;

	if (w->host)
		add_columns(c, w, core->sampled->host, "host", core->host_uuid);
	LIST_FOREACH(l, &core->guests) {
		g = xu_container_of((struct xu_list *)(uintptr_t)l,
		    struct guest, all);
		if (w->guest == NULL ? g->domid < 0 :
		    strcmp(g->uuid, w->guest) != 0)
			continue;
		sampled_guest(g);
		add_columns(c, w, g->rrd, "vm", g->uuid);
	}
}

static struct xu_val *
updates_head(const struct wanted *w, const struct columns *c, int64_t start)
{
	const int64_t width =
	    (int64_t)rrd_shapes[w->archive].steps * RRD_STEP;
	struct xu_val *v = xu_struct();

	xu_val_set(v, "start", xu_int(start - start % width + width));
	xu_val_set(v, "step", xu_int(width));
	xu_val_set(v, "end", xu_int(w->newest * width));
	xu_val_set(v, "rows", xu_int(w->rows));
	xu_val_set(v, "columns", xu_int((int64_t)c->n));
	return v;
}

static void
give_updates(struct call *k, const struct wanted *w, struct columns *c,
    int64_t start)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	struct xu_val *head;
	int fd;

	if (c->failed) {
		call_refuse(k, XE(XLD_NO_MEMORY), "", "%s", k->method);
		return;
	}
	if ((int64_t)c->n * w->rows > VALUES_MAX) {
		call_refuse(k, XE(XLD_TOO_MANY), "values", "%zu columns of %lld "
		    "rows are too many for one answer: ask with cf=, vm_uuid=, "
		    "a larger interval= or a later start=", c->n,
		    (long long)w->rows);
		return;
	}
	head = updates_head(w, c, start);
	xu_val_set(head, "legend", steal_ptr(&c->legend));
	fd = begin_file(k, head);
	if (fd < 0)
		return;
	for (int64_t row = 0; row < w->rows; row++)
		for (size_t i = 0; i < c->n; i++)
			put_double(&b, rrd_value(c->at[i].rrd, c->at[i].source,
			    w->archive, c->at[i].cf, w->newest - row));
	end_file(k, fd, &b);
}

/* False: no such function. */
static bool
read_cf(const char *word, struct wanted *w)
{
	w->cf = 0;
	w->last_cf = RRD_NCFS - 1;
	if (word[0] == '\0')
		return true;
	for (int i = 0; i < RRD_NCFS; i++)
		if (strcmp(rrd_cfs[i], word) == 0) {
			w->cf = w->last_cf = i;
			return true;
		}
	return false;
}

static void
no_guest(struct call *k, const char *uuid)
{
	struct xu_err e = XU_ERR_INIT;

	xu_err_set(&e, XE(HANDLE_INVALID), 0,
	    "nothing is recorded of a machine with uuid '%.80s'", uuid);
	xu_err_param(&e, "VM");
	xu_err_param(&e, "%.80s", uuid);
	call_fail(k, &e);
}

/* A struct: start, interval, cf, host, guest ("all", "none", a uuid). */
void
figures_updates(struct call *k)
{
	const struct xu_val *p = xu_val_at(k->params, 0);
	const char *guest = xu_val_get_str(p, "guest", "all");
	int64_t start = xu_val_get_int(p, "start", 0), width, oldest;
	struct columns c = { .legend = xu_array() };
	struct xu_err e = XU_ERR_INIT;
	struct sampled *s;
	struct wanted w = { .host = xu_val_get_bool(p, "host", false),
		.guest = strcmp(guest, "all") == 0 ? NULL :
		    strcmp(guest, "none") == 0	   ? "" :
						     guest };

	if (!read_cf(xu_val_get_str(p, "cf", ""), &w)) {
		xu_val_free(c.legend);
		call_refuse(k, XE(INVALID_VALUE), "cf", "cf is AVERAGE, MIN or MAX");
		return;
	}
	if (w.guest != NULL && w.guest[0] != '\0' &&
	    guest_by_uuid(k->core, w.guest) == NULL) {
		xu_val_free(c.legend);
		no_guest(k, w.guest);
		return;
	}
	s = sampled_ask(k->core, &e);
	if (s == NULL) {
		xu_val_free(c.legend);
		call_fail(k, &e);
		return;
	}
	/* As seconds before now. */
	if (start < 0)
		start = start > -s->last / 1000 ? s->last / 1000 + start : 0;
	if (start > s->last / 1000 + FUTURE)
		start = s->last / 1000 + FUTURE;
	w.archive = rrd_choose(s->last, xu_val_get_int(p, "interval", 0),
	    start);
	width = (int64_t)rrd_shapes[w.archive].steps * RRD_STEP;
	w.newest = rrd_row(s->last, w.archive);
	/* The first row that ends at start or behind it. */
	oldest = start / width + (start % width > 0);
	if (oldest <= w.newest)
		w.rows = w.newest - oldest + 1;
	if (w.rows > rrd_shapes[w.archive].rows)
		w.rows = rrd_shapes[w.archive].rows;
	add_all_columns(&c, &w, k->core);
	give_updates(k, &w, &c, start);
	xu_val_free(c.legend);
	free(c.at);
}

/* ---- all of one object ---------------------------------------------------------------------- */

static struct xu_val *
sources_of(const struct rrd *r)
{
	struct xu_val *all = xu_array(), *v;
	const struct rrd_source *s;

	for (size_t i = 0; i < r->nsources; i++) {
		s = r->sources[i];
		v = xu_struct();
		xu_val_set(v, "name", xu_str(s->name));
		xu_val_set(v, "type", xu_str(s->derived ? "DERIVE" : "GAUGE"));
		xu_val_set(v, "heartbeat", xu_int(RRD_HEARTBEAT));
		xu_val_set(v, "min", xu_float(0));
		xu_val_set(v, "max", xu_float(s->most > 0 ? s->most : INFINITY));
		xu_val_set(v, "last", xu_float(s->last));
		xu_val_set(v, "value", xu_float(s->value / 1000));
		xu_val_set(v, "unknown", xu_int(s->unknown / 1000));
		xu_val_add(all, v);
	}
	return all;
}

/* Of a source in an archive; of single steps nothing is prepared. */
static struct xu_val *
prep_of(const struct rrd_source *s, int a, enum rrd_cf cf)
{
	const struct rrd_prep none = { .least = INFINITY, .most = -INFINITY };
	const struct rrd_prep *p = a == 0 ? &none : &s->prep[a - 1];
	struct xu_val *v = xu_struct();
	double value = cf == RRD_AVERAGE ? p->sum :
	    cf == RRD_MIN		 ? (double)p->least :
					   (double)p->most;

	xu_val_set(v, "value", xu_float(isfinite(value) ? value : NAN));
	xu_val_set(v, "unknown", xu_int(p->unknown));
	return v;
}

static struct xu_val *
archives_of(const struct rrd *r)
{
	struct xu_val *all = xu_array(), *v, *prep;

	for (int a = 0; a < RRD_NARCHIVES; a++)
		for (int cf = 0; cf < RRD_NCFS; cf++) {
			v = xu_struct();
			prep = xu_array();
			for (size_t i = 0; i < r->nsources; i++)
				xu_val_add(prep, prep_of(r->sources[i], a,
				    (enum rrd_cf)cf));
			xu_val_set(v, "cf", xu_str(rrd_cfs[cf]));
			xu_val_set(v, "steps", xu_int(rrd_shapes[a].steps));
			xu_val_set(v, "rows", xu_int(rrd_shapes[a].rows));
			xu_val_set(v, "xff", xu_float(RRD_UNKNOWN_PART));
			xu_val_set(v, "prep", prep);
			xu_val_add(all, v);
		}
	return all;
}

static void
put_archive(struct xu_buf *b, const struct rrd *r, enum rrd_archive a,
    enum rrd_cf cf)
{
	const int64_t last = rrd_row(r->last, a);

	for (int64_t row = last - rrd_shapes[a].rows + 1; row <= last; row++)
		for (size_t i = 0; i < r->nsources; i++)
			put_double(b, rrd_value(r, r->sources[i], a, cf, row));
}

static void
give_whole(struct call *k, const struct rrd *r)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	struct xu_val *head = xu_struct();
	int fd;

	xu_val_set(head, "step", xu_int(RRD_STEP));
	xu_val_set(head, "lastupdate", xu_int(r->last / 1000));
	xu_val_set(head, "sources", sources_of(r));
	xu_val_set(head, "archives", archives_of(r));
	fd = begin_file(k, head);
	if (fd < 0)
		return;
	for (int a = 0; a < RRD_NARCHIVES; a++)
		for (int cf = 0; cf < RRD_NCFS; cf++)
			put_archive(&b, r, (enum rrd_archive)a,
			    (enum rrd_cf)cf);
	end_file(k, fd, &b);
}

void
figures_guest(struct call *k)
{
	const char *uuid = xu_val_str(xu_val_at(k->params, 0));
	struct guest *g = guest_by_uuid(k->core, uuid);
	struct xu_err e = XU_ERR_INIT;

	if (g == NULL) {
		no_guest(k, uuid);
		return;
	}
	if (sampled_ask(k->core, &e) == NULL) {
		call_fail(k, &e);
		return;
	}
	sampled_guest(g);
	if (g->rrd == NULL)
		no_guest(k, uuid);
	else
		give_whole(k, g->rrd);
}

void
figures_host(struct call *k)
{
	struct xu_err e = XU_ERR_INIT;
	const struct sampled *s = sampled_ask(k->core, &e);

	if (s != NULL && s->host == NULL)
		xu_err_set(&e, XE(XLD_NO_MEMORY), ENOMEM, "%s", k->method);
	if (s == NULL || s->host == NULL)
		call_fail(k, &e);
	else
		give_whole(k, s->host);
}
