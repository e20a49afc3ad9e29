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

static struct xu_val *
present_set(const struct xu_val *v, const struct model_type *t, bool modern)
{
	struct xu_val *out = xu_array();

	for (size_t i = 0; i < xu_val_count(v); i++)
		xu_val_add(out, api_present(xu_val_at(v, i), t->of, modern));
	return out;
}

static struct xu_val *
present_map(const struct xu_val *v, const struct model_type *t, bool modern)
{
	struct xu_val *out = xu_struct(), *key;

	for (size_t i = 0; i < xu_val_count(v); i++) {
		key = t->key->kind == MK_REF ?
		    api_present_ref(xu_val_name_at(v, i), modern) :
		    xu_str(xu_val_name_at(v, i));
		xu_val_set(out, xu_val_str(key),
		    api_present(xu_val_at(v, i), t->of, modern));
		xu_val_free(key);
	}
	return out;
}

/* A value's XML-RPC text, whatever the client speaks. */
static struct xu_val *
as_xml(const char *s)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	AUTO_VAL struct xu_val *ref = NULL;

	if (s[0] == '\0')
		return xu_str("");
	ref = xu_is_uuid(s) ? api_present_ref(s, true) : xu_str(s);
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
present_field(const struct xu_val *v, const struct model_class *c,
    const struct model_field *f, bool modern)
{
	struct xu_val *out = NULL;

	if (modern && c == &model_task)
		out = present_task_field(v, f);
	return out != NULL ? out : api_present(v, f->type, modern);
}

static struct xu_val *
present_record(const struct xu_val *v, const struct model_type *t, bool modern)
{
	const struct model_class *c = model_find_class(t->name);
	struct xu_val *out = xu_struct();
	const struct model_field *f, *next = c == NULL ? NULL : c->fields;
	const char *name;

	for (size_t i = 0; i < xu_val_count(v); i++) {
		name = xu_val_name_at(v, i);
		/* Records mostly come in the order of the table. */
		f = next != NULL && next->name != NULL &&
			strcmp(next->name, name) == 0 ?
		    next : c == NULL ? NULL : model_find_field(c, name);
		if (f != NULL)
			next = f + 1;
		xu_val_set(out, name,
		    f == NULL ? xu_val_copy(xu_val_at(v, i)) :
				present_field(xu_val_at(v, i), c, f, modern));
	}
	return out;
}

struct xu_val *
api_present(const struct xu_val *v, const struct model_type *t, bool modern)
{
	switch (t->kind) {
	case MK_VOID:
		return xu_str("");
	case MK_REF:
		return api_present_ref(xu_val_str(v), modern);
	case MK_SET:
		return present_set(v, t, modern);
	case MK_MAP:
		return present_map(v, t, modern);
	case MK_RECORD:
		return present_record(v, t, modern);
	default:
		return v == NULL ? xu_str("") : xu_val_copy(v);
	}
}

struct xu_val *
api_present_result(const struct xu_val *v, const struct model_call *call,
    bool modern)
{
	if (call->async)
		return api_present_ref(xu_val_str(v), modern);
	if (call->verb == MV_GET)
		return present_field(v, call->cls, call->field, modern);
	return api_present(v, call->result, modern);
}

/* Is the i-th parameter of an error a reference? Its name in errors.h says so. */
static bool
is_reference(const struct model_error *e, size_t i)
{
	static const char *const names[] = { "handle", "vm", "reference",
		"task" };
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
