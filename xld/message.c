/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages: what happened to machines, and what clients leave. So many at a time; a
 * new one takes the place of the oldest.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "db.h"
#include "message.h"
#include "xu_log.h"

#define CLASS	     "message"
#define MESSAGES_MAX 1000
#define NAME_BYTES   256
#define BODY_BYTES   4096
/* What is not yet in the database goes there so soon. */
#define KEEP_MS	     1000

struct message {
	char uuid[UUID_TEXT];
	struct xu_list age;
	int64_t serial;
	/* The database has it. */
	bool kept;
	/* Its record, packed, and the serial. */
	struct xu_val *v;
};

struct messages {
	struct core *core;
	struct xu_map *by_uuid;
	/* The oldest first; those that are gone and still in the database. */
	struct xu_list all, gone;
	int64_t serial;
};

/* ---- the list ------------------------------------------------------------------------ */

static void
message_free(struct message *m)
{
	xu_list_remove(&m->age);
	xu_val_free(m->v);
	free(m);
}

/* Takes v. NULL: out of memory. */
static struct message *
message_new(struct messages *w, const char *uuid, int64_t serial,
    struct xu_val *v)
{
	struct message *m = calloc(1, sizeof(*m));

	if (m == NULL || !xu_val_ok(v)) {
		xu_val_free(v);
		free(m);
		return NULL;
	}
	snprintf(m->uuid, sizeof(m->uuid), "%s", uuid);
	xu_list_init(&m->age);
	m->serial = serial;
	m->v = xu_val_pack(v);
	if (xu_map_put(w->by_uuid, m->uuid, m) == 0)
		return m;
	message_free(m);
	return NULL;
}

/* Behind those that are older. */
static void
line_up(struct messages *w, struct message *m)
{
	struct xu_list *before = w->all.prev;

	while (before != &w->all &&
	    xu_container_of(before, struct message, age)->serial > m->serial)
		before = before->prev;
	xu_list_append(before->next, &m->age);
	if (m->serial > w->serial)
		w->serial = m->serial;
}

static struct xu_val *
record(struct core *c XU_UNUSED, void *obj)
{
	const struct message *m = obj;
	struct xu_val *v = xu_val_copy(m->v);

	xu_val_unset(v, "serial");
	xu_val_set(v, "timestamp",
	    xu_datetime_text(xu_val_get_str(m->v, "timestamp", "")));
	return v;
}

/* Nobody sees it any more; the database may still have it. */
static void
take_out(struct messages *w, struct message *m)
{
	api_event(w->core, CLASS, "del", m->uuid, NULL);
	xu_map_del(w->by_uuid, m->uuid);
	xu_list_remove(&m->age);
	if (m->kept)
		xu_list_append(&w->gone, &m->age);
	else
		message_free(m);
}

/* ---- the database ----------------------------------------------------------------------- */

static int
write_each(struct messages *w, struct xu_err *e)
{
	struct core *c = w->core;
	struct message *m;
	struct xu_list *l;

	LIST_FOREACH(l, &w->gone) {
		m = xu_container_of(l, struct message, age);
		if (db_del(c->db, CLASS, m->uuid, e) < 0)
			return -1;
	}
	LIST_FOREACH(l, &w->all) {
		m = xu_container_of(l, struct message, age);
		if (!m->kept && db_put(c->db, CLASS, m->uuid, m->v, e) < 0)
			return -1;
	}
	return 0;
}

static int
write_all(struct messages *w, struct xu_err *e)
{
	struct db *db = w->core->db;

	if (db_begin(db, e) < 0)
		return -1;
	if (write_each(w, e) == 0)
		return db_commit(db, e);
	db_rollback(db);
	return -1;
}

/* What could not be written is with the next one. */
static void
keep(struct messages *w)
{
	struct xu_err e = XU_ERR_INIT;
	struct xu_list *l;

	if (write_all(w, &e) < 0) {
		xu_err_add(&e, "messages");
		xu_log_err(XU_ERROR, &e);
		return;
	}
	LIST_FOREACH(l, &w->all)
		xu_container_of(l, struct message, age)->kept = true;
	while (!xu_list_empty(&w->gone))
		message_free(xu_container_of(w->gone.next, struct message,
		    age));
}

static void
on_timer(uv_timer_t *t)
{
	xu_log_context(NULL);
	keep(t->data);
}

static void
keep_soon(struct messages *w)
{
	if (!uv_is_active((uv_handle_t *)&w->core->message_timer))
		uv_timer_start(&w->core->message_timer, on_timer, KEEP_MS, 0);
}

static void
load(void *arg, const char *uuid, const struct xu_val *v)
{
	struct messages *w = arg;
	struct message *m = message_new(w, uuid,
	    xu_val_get_int(v, "serial", 0), xu_val_copy(v));

	if (m == NULL)
		return;
	m->kept = true;
	line_up(w, m);
}

int
messages_open(struct core *c, struct xu_err *e)
{
	struct messages *w = calloc(1, sizeof(*w));

	c->messages = w;
	if (w == NULL || (w->by_uuid = xu_map_new()) == NULL)
		return xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "keep messages");
	w->core = c;
	xu_list_init(&w->all);
	xu_list_init(&w->gone);
	uv_timer_init(c->loop, &c->message_timer);
	c->message_timer.data = w;
	return db_each(c->db, CLASS, load, w, e);
}

void
messages_close(struct core *c)
{
	struct messages *w = c->messages;

	if (w == NULL || w->by_uuid == NULL)
		return;
	if (uv_is_active((uv_handle_t *)&w->core->message_timer))
		keep(w);
	uv_timer_stop(&c->message_timer);
	while (!xu_list_empty(&w->all))
		message_free(xu_container_of(w->all.next, struct message, age));
	while (!xu_list_empty(&w->gone))
		message_free(xu_container_of(w->gone.next, struct message,
		    age));
	xu_map_free(&w->by_uuid);
	free(steal_ptr(&c->messages));
}

/* ---- new ones ------------------------------------------------------------------------------ */

/* In nobody's sight yet; NULL: out of memory. */
static struct message *
make(struct messages *w, const char *name, int64_t priority, const char *cls,
    const char *about, struct xu_val *body)
{
	struct xu_val *v = xu_struct();
	AUTO_VAL struct xu_val *now = xu_datetime(now_real());
	char uuid[UUID_TEXT];

	uuid_random(uuid);
	xu_val_set(v, "uuid", xu_str(uuid));
	xu_val_set(v, "name", xu_str(name));
	xu_val_set(v, "priority", xu_int(priority));
	xu_val_set(v, "cls", xu_str(cls));
	xu_val_set(v, "obj_uuid", xu_str(about));
	xu_val_set(v, "timestamp", xu_str(xu_val_str(now)));
	xu_val_set(v, "body", body);
	xu_val_set(v, "serial", xu_int(w->serial + 1));
	return message_new(w, uuid, w->serial + 1, v);
}

static void
show(struct messages *w, struct message *m)
{
	line_up(w, m);
	while (xu_map_count(w->by_uuid) > MESSAGES_MAX)
		take_out(w, xu_container_of(w->all.next, struct message, age));
	api_event(w->core, CLASS, "add", m->uuid, record(w->core, m));
	keep_soon(w);
}

void
message_of(const struct guest *g, enum vm_message what)
{
	static const struct {
		const char *name, *body;
		int priority;
	} rows[] = {
#define ROW(name, priority, body) { #name, body, priority },
		VM_MESSAGES(ROW)
#undef ROW
	};
	struct messages *w = g->core->messages;
	const char *name = guest_name(g), *body = rows[what].body;
	const size_t at = strcspn(body, "%");
	struct message *m;

	m = make(w, rows[what].name, rows[what].priority, "VM", g->uuid,
	    xu_strf("%.*s%s%s", (int)at, body, name, body + at + 2));
	if (m != NULL)
		show(w, m);
}

/* ---- the class ------------------------------------------------------------------------------ */

static void *
find(struct core *c, const char *ref)
{
	return xu_map_get(c->messages->by_uuid, ref);
}

static void *
next(struct core *c, size_t *pos)
{
	return xu_map_next(c->messages->by_uuid, pos);
}

static const char *
ref_of(const void *obj)
{
	return ((const struct message *)obj)->uuid;
}

const struct class_ops message_ops = {
	.cls = &model_message,
	.find = find,
	.next = next,
	.ref = ref_of,
	.record = record,
};

static const char *
argument(const struct call *k, size_t i)
{
	return xu_val_str(xu_val_at(k->params, i));
}

/* False: it was refused. Words of cls that are no class here have no objects. */
static bool
is_there(struct call *k, const char *cls, const char *uuid)
{
	struct xu_err e = XU_ERR_INIT;
	const struct class_ops *o;

	for (size_t i = 0; (o = class_ops_at(i)) != NULL; i++)
		if (strcasecmp(o->cls->name, cls) == 0)
			break;
	/* Who knows its uuid has it from here. */
	if (o != NULL && o->find(k->core, uuid) != NULL)
		return true;
	xu_err_set(&e, XE(UUID_INVALID), 0, "there is no %s with uuid %s", cls,
	    uuid);
	xu_err_param(&e, "%s", cls);
	xu_err_param(&e, "%s", uuid);
	call_fail(k, &e);
	return false;
}

static bool
fits(struct call *k, const char *field, const char *value, size_t most)
{
	struct xu_err e = XU_ERR_INIT;

	if (strlen(value) <= most)
		return true;
	xu_err_set(&e, XE(VALUE_NOT_SUPPORTED), 0,
	    "the %s of a message has %zu bytes at most", field, most);
	xu_err_param(&e, "%s", field);
	xu_err_param(&e, "%.60s", value);
	xu_err_param(&e, "%zu bytes at most", most);
	call_fail(k, &e);
	return false;
}

/* (name, priority, cls, obj_uuid, body) */
static void
create(struct call *k)
{
	struct messages *w = k->core->messages;
	const char *name = argument(k, 0), *body = argument(k, 4);
	struct xu_err e = XU_ERR_INIT;
	struct message *m;

	if (!fits(k, "name", name, NAME_BYTES) ||
	    !fits(k, "body", body, BODY_BYTES) ||
	    !is_there(k, argument(k, 2), argument(k, 3)))
		return;
	m = make(w, name, xu_val_int(xu_val_at(k->params, 1)), argument(k, 2),
	    argument(k, 3), xu_str(body));
	if (m == NULL)
		xu_err_set(&e, XE(XLD_NO_MEMORY), ENOMEM, "keep a message");
	else
		db_put(k->core->db, CLASS, m->uuid, m->v, &e);
	if (xu_err_is_set(&e)) {
		if (m != NULL) {
			xu_map_del(w->by_uuid, m->uuid);
			message_free(m);
		}
		call_fail(k, &e);
		return;
	}
	m->kept = true;
	show(w, m);
	call_ok(k, xu_str(m->uuid));
}

static int
delete(struct core *c, const char *uuid, struct xu_err *e)
{
	const struct message *m = find(c, uuid);

	/* It may be named twice. */
	return m != NULL && m->kept ? db_del(c->db, CLASS, uuid, e) : 0;
}

static void
forget(struct core *c, const char *uuid)
{
	struct message *m = find(c, uuid);

	if (m == NULL)
		return;
	m->kept = false;
	take_out(c->messages, m);
}

static void
destroy(struct call *k)
{
	const char *uuid = argument(k, 0);
	struct xu_err e = XU_ERR_INIT;

	if (delete(k->core, uuid, &e) < 0) {
		call_fail(k, &e);
		return;
	}
	forget(k->core, uuid);
	call_ok(k, NULL);
}

static int
delete_all(struct core *c, const struct xu_val *refs, struct xu_err *e)
{
	int r = 0;

	if (db_begin(c->db, e) < 0)
		return -1;
	for (size_t i = 0; r == 0 && i < xu_val_count(refs); i++)
		r = delete(c, xu_val_str(xu_val_at(refs, i)), e);
	if (r == 0)
		return db_commit(c->db, e);
	db_rollback(c->db);
	return -1;
}

static void
destroy_many(struct call *k)
{
	const struct xu_val *refs = xu_val_at(k->params, 0);
	struct xu_err e = XU_ERR_INIT;
	const char *ref;

	for (size_t i = 0; i < xu_val_count(refs); i++) {
		ref = xu_val_str(xu_val_at(refs, i));
		if (find(k->core, ref) != NULL)
			continue;
		xu_err_set(&e, XE(HANDLE_INVALID), 0,
		    "there is no message with the reference '%.60s'", ref);
		xu_err_param(&e, CLASS);
		xu_err_param(&e, "%s", ref);
		call_fail(k, &e);
		return;
	}
	if (delete_all(k->core, refs, &e) < 0) {
		call_fail(k, &e);
		return;
	}
	for (size_t i = 0; i < xu_val_count(refs); i++)
		forget(k->core, xu_val_str(xu_val_at(refs, i)));
	call_ok(k, NULL);
}

/* Digits and the T of a date, whatever stands between, so that dates compare as
 * texts. False: it is none. */
static bool
date_key(const char *s, char key[16])
{
	static const char form[] = "dddddddd" "T" "dddddd";
	size_t n = 0;

	for (; n < sizeof(form) - 1; s++) {
		if ((*s == '-' || *s == ':') && n > 0)
			continue;
		if (form[n] == 'T' ? *s != 'T' : *s < '0' || *s > '9')
			return false;
		key[n++] = *s;
	}
	key[n] = '\0';
	return true;
}

/* All that are later than the argument at that place, and about an object of that
 * class (NULL: any). */
static void
give_since(struct call *k, size_t at, const char *cls, const char *about)
{
	struct xu_val *out;
	const struct message *m;
	struct xu_list *l;
	char since[16], then[16];

	if (!date_key(argument(k, at), since)) {
		call_refuse(k, XE(INVALID_VALUE), "since",
		    "'%.40s' is no date like 20261122T10:00:00Z",
		    argument(k, at));
		return;
	}
	out = xu_struct();
	LIST_FOREACH(l, &k->core->messages->all) {
		m = xu_container_of(l, struct message, age);
		if (cls != NULL &&
		    (strcmp(xu_val_get_str(m->v, "cls", ""), cls) != 0 ||
			strcmp(xu_val_get_str(m->v, "obj_uuid", ""), about) != 0))
			continue;
		if (date_key(xu_val_get_str(m->v, "timestamp", ""), then) &&
		    strcmp(then, since) > 0)
			xu_val_set(out, m->uuid,
			    record(k->core, (void *)(uintptr_t)m));
	}
	call_ok(k, out);
}

/* (cls, obj_uuid, since) */
static void
get(struct call *k)
{
	if (is_there(k, argument(k, 0), argument(k, 1)))
		give_since(k, 2, argument(k, 0), argument(k, 1));
}

static void
get_since(struct call *k)
{
	give_since(k, 0, NULL, NULL);
}

const struct handler message_handlers[] = {
	{ "message.create", create },
	{ "message.destroy", destroy },
	{ "message.destroy_many", destroy_many },
	{ "message.get", get },
	{ "message.get_since", get_since },
	{ NULL, NULL },
};
