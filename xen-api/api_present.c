/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The core's values as a client of one dialect or the other knows them. The core
 * speaks the classic one: a reference is a uuid, progress is 0 to 100.
 */
#include "config.h"

#include <string.h>

#include "api_types.h"
#include "xapi_rpc.h"
#include "xu_num.h"

#define PREFIX "OpaqueRef:"

struct xu_val *
api_present_ref(const char *ref, bool modern)
{
	if (!modern)
		return xu_str(ref);
	return xu_strf(PREFIX "%s", ref[0] == '\0' ? "NULL" : ref);
}

/* How a child is shown: by its type, or as a member of a record. */
struct how {
	const struct model_type *type;
	const struct model_class *cls;
	/* The field that probably comes next: records mostly have the order of
	 * the table. */
	const struct model_field *next;
	bool modern;
	/* A map of references: children under their new names. */
	struct xu_val *out;
};

static struct xu_val *shown(
    struct xu_val *v, const struct model_type *t, bool modern);

static struct xu_val *
show_member(void *arg, const char *name XU_UNUSED, struct xu_val *child)
{
	const struct how *how = arg;

	return shown(child, how->type, how->modern);
}

static struct xu_val *
show_under_ref(void *arg, const char *name, struct xu_val *child)
{
	const struct how *how = arg;
	AUTO_VAL struct xu_val *key = api_present_ref(name, how->modern);

	xu_val_set(how->out, xu_val_str(key),
	    shown(child, how->type, how->modern));
	return NULL;
}

/* Frees v, which has not the type, for a value that has. */
static struct xu_val *
instead(struct xu_val *v, struct xu_val *of)
{
	xu_val_free(v);
	return of;
}

static struct xu_val *
show_map(struct xu_val *v, const struct model_type *t, bool modern)
{
	struct how how = { .type = t->of, .modern = modern };

	if (!xu_val_is(v, XU_STRUCT))
		return instead(v, xu_struct());
	if (t->key->kind != MK_REF) {
		xu_val_change(v, show_member, &how);
		return v;
	}
	how.out = xu_struct();
	xu_val_change(v, show_under_ref, &how);
	return instead(v, how.out);
}

/* What a call gives that makes several objects: "[uuid,uuid]". NULL: it is another
 * text. */
static struct xu_val *
as_list(const char *s)
{
	struct xu_val *v = xu_array();
	char uuid[37];

	while ((*s == '[' || *s == ',') && strlen(s) > 37) {
		memcpy(uuid, s + 1, 36);
		uuid[36] = '\0';
		if (!xu_is_uuid(uuid))
			break;
		xu_val_add(v, api_present_ref(uuid, true));
		s += 37;
	}
	if (strcmp(s, "]") == 0 && xu_val_count(v) > 0)
		return v;
	xu_val_free(v);
	return NULL;
}

/* A value's XML-RPC text, whatever the client speaks. */
static struct xu_val *
as_xml(const char *s)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	AUTO_VAL struct xu_val *ref = NULL;

	if (s[0] == '\0')
		return xu_str("");
	ref = xu_is_uuid(s) ? api_present_ref(s, true) : as_list(s);
	if (ref == NULL)
		ref = xu_str(s);
	xrpc_write_value(&b, ref, false);
	return b.error != 0 ? NULL : xu_str(xu_buf_text(&b));
}

/* Fields that mean something else in the modern dialect. */
static struct xu_val *
present_task_field(const struct xu_val *v, const struct model_field *f)
{
	if (strcmp(f->name, "progress") == 0)
		return xu_float((double)xu_val_int(v) / 100);
	if (strcmp(f->name, "result") == 0)
		return as_xml(xu_val_str(v));
	if (strcmp(f->name, "error_info") == 0)
		return api_present_error(v, true);
	return NULL;
}

static struct xu_val *
show_field(struct xu_val *v, const struct model_class *c,
    const struct model_field *f, bool modern)
{
	struct xu_val *out = NULL;

	if (modern && c == &model_task)
		out = present_task_field(v, f);
	return out != NULL ? instead(v, out) : shown(v, f->type, modern);
}

static struct xu_val *
show_in_record(void *arg, const char *name, struct xu_val *child)
{
	struct how *how = arg;
	const struct model_field *f = how->next;

	if (how->cls == NULL)
		return child;
	if (f == NULL || f->name == NULL || strcmp(f->name, name) != 0)
		f = model_find_field(how->cls, name);
	if (f == NULL)
		return child;
	how->next = f + 1;
	return show_field(child, how->cls, f, how->modern);
}

static struct xu_val *
show_record(struct xu_val *v, const struct model_type *t, bool modern)
{
	struct how how = { .cls = model_find_class(t->name), .modern = modern };

	if (!xu_val_is(v, XU_STRUCT))
		return instead(v, xu_struct());
	how.next = how.cls == NULL ? NULL : how.cls->fields;
	xu_val_change(v, show_in_record, &how);
	return v;
}

static struct xu_val *
show_set(struct xu_val *v, const struct model_type *t, bool modern)
{
	struct how how = { .type = t->of, .modern = modern };

	if (!xu_val_is(v, XU_ARRAY))
		return instead(v, xu_array());
	xu_val_change(v, show_member, &how);
	return v;
}

/* Takes v: most of what there is looks the same in both dialects. */
static struct xu_val *
shown(struct xu_val *v, const struct model_type *t, bool modern)
{
	switch (t->kind) {
	case MK_VOID:
		return instead(v, xu_str(""));
	case MK_REF:
		return modern || !xu_val_is(v, XU_STRING) ?
		    instead(v, api_present_ref(xu_val_str(v), modern)) : v;
	case MK_SET:
		return show_set(v, t, modern);
	case MK_MAP:
		return show_map(v, t, modern);
	case MK_RECORD:
		return show_record(v, t, modern);
	default:
		return v == NULL ? xu_str("") : v;
	}
}

struct xu_val *
api_present(const struct xu_val *v, const struct model_type *t, bool modern)
{
	return shown(xu_val_copy(v), t, modern);
}

struct xu_val *
api_present_result(struct xu_val *v, const struct model_call *call, bool modern)
{
	if (call->async)
		return shown(v, T_REF("task"), modern);
	if (call->verb == MV_GET)
		return show_field(v, call->cls, call->field, modern);
	return shown(v, call->result, modern);
}

/* Is the i-th parameter of an error a reference? Its name in errors.h says so. */
static bool
is_reference(const struct model_error *e, size_t i)
{
	static const char *const names[] = { "handle", "vm", "reference",
		"ref", "host", "task" };
	const char *p = e == NULL ? "" : e->params;
	size_t n;

	for (; i > 0 && *p != '\0'; i--) {
		p += strcspn(p, " ");
		p += strspn(p, " ");
	}
	n = strcspn(p, " ");
	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
		if (strlen(names[k]) == n && strncmp(p, names[k], n) == 0)
			return true;
	return false;
}

struct xu_val *
api_present_error(const struct xu_val *description, bool modern)
{
	const struct model_error *e;
	struct xu_val *out = xu_array();
	const char *s;

	e = model_find_error(xu_val_str(xu_val_at(description, 0)));
	for (size_t i = 0; i < xu_val_count(description); i++) {
		s = xu_val_str(xu_val_at(description, i));
		xu_val_add(out,
		    modern && i > 0 && is_reference(e, i - 1) ?
			api_present_ref(s, true) : xu_str(s));
	}
	return out;
}
