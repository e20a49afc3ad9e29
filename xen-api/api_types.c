/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Conversion along the model's types. Generous, as the servers before were:
 * libxen sends numbers as text, xm a number for a boolean, Python's clients a
 * number where a map holds text.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "api_types.h"
#include "xu_num.h"

static struct xu_val *
to_int(const struct xu_val *v)
{
	int64_t i;

	if (xu_val_is(v, XU_INT))
		return xu_val_copy(v);
	if (xu_val_is(v, XU_STRING) &&
	    xu_num_i64(xu_val_str(v), INT64_MIN, INT64_MAX, &i))
		return xu_int(i);
	return NULL;
}

static struct xu_val *
to_bool(const struct xu_val *v)
{
	const char *s = xu_val_str(v);

	if (xu_val_is(v, XU_BOOL))
		return xu_val_copy(v);
	/* xm's way. */
	if (xu_val_is(v, XU_INT) && (uint64_t)xu_val_int(v) <= 1)
		return xu_bool(xu_val_int(v) == 1);
	if (!xu_val_is(v, XU_STRING))
		return NULL;
	if (strcmp(s, "1") == 0 || strcmp(s, "true") == 0)
		return xu_bool(true);
	if (strcmp(s, "0") == 0 || strcmp(s, "false") == 0)
		return xu_bool(false);
	return NULL;
}

static struct xu_val *
to_ref(const struct xu_val *v)
{
	const char *s = xu_val_str(v);

	if (!xu_val_is(v, XU_STRING))
		return NULL;
	if (strcmp(s, "OpaqueRef:NULL") == 0)
		return xu_str("");
	return xu_str(strncmp(s, "OpaqueRef:", 10) == 0 ? s + 10 : s);
}

static struct xu_val *
to_float(const struct xu_val *v)
{
	struct xu_val *i, *f;

	if (xu_val_is(v, XU_FLOAT))
		return xu_val_copy(v);
	i = to_int(v);
	f = i == NULL ? NULL : xu_float((double)xu_val_int(i));
	xu_val_free(i);
	return f;
}

static struct xu_val *
to_string(const struct xu_val *v)
{
	switch (xu_val_type(v)) {
	case XU_STRING:
		return xu_val_copy(v);
	case XU_DATETIME:
		return xu_str(xu_val_str(v));
	case XU_INT:
		return xu_strf("%" PRId64, xu_val_int(v));
	case XU_BOOL:
		return xu_str(xu_val_bool(v) ? "true" : "false");
	default:
		return NULL;
	}
}

static struct xu_val *
to_enum(const struct xu_val *v, const char *name)
{
	const struct model_enum *e = model_find_enum(name);
	const char *word;

	if (e == NULL || !xu_val_is(v, XU_STRING))
		return NULL;
	word = model_enum_word(e, xu_val_str(v));
	return word == NULL ? NULL : xu_str(word);
}

static struct xu_val *
to_set(const struct xu_val *v, const struct model_type *t, const char *name,
    const char **bad)
{
	struct xu_val *out, *kid;

	if (!xu_val_is(v, XU_ARRAY))
		return NULL;
	out = xu_array();
	for (size_t i = 0; i < xu_val_count(v); i++) {
		kid = api_convert(xu_val_at(v, i), t->of, name, bad);
		if (kid == NULL || xu_val_add(out, kid) < 0) {
			xu_val_free(out);
			return NULL;
		}
	}
	return out;
}

static struct xu_val *
to_map(const struct xu_val *v, const struct model_type *t, const char *name,
    const char **bad)
{
	struct xu_val *out, *kid;

	if (!xu_val_is(v, XU_STRUCT))
		return NULL;
	out = xu_struct();
	for (size_t i = 0; i < xu_val_count(v); i++) {
		kid = api_convert(xu_val_at(v, i), t->of, name, bad);
		if (kid == NULL ||
		    xu_val_set(out, xu_val_name_at(v, i), kid) < 0) {
			xu_val_free(out);
			return NULL;
		}
	}
	return out;
}

/* libxen fills what it was not given with empty text, whatever the type. */
static bool
unset(const struct xu_val *v, const struct model_type *t)
{
	return xu_val_is(v, XU_VOID) ||
	    (xu_val_is(v, XU_STRING) && xu_val_strlen(v) == 0 &&
		t->kind != MK_STRING && t->kind != MK_REF);
}

static struct xu_val *
to_record(const struct xu_val *v, const struct model_type *t,
    const char **bad)
{
	const struct model_class *c = model_find_class(t->name);
	const struct model_field *f;
	const struct xu_val *from;
	struct xu_val *out, *kid;
	const char *name;

	if (c == NULL || !xu_val_is(v, XU_STRUCT))
		return NULL;
	out = xu_struct();
	for (size_t i = 0; i < xu_val_count(v); i++) {
		name = xu_val_name_at(v, i);
		from = xu_val_at(v, i);
		f = model_find_field(c, name);
		/* Fields of other servers, and what clients leave open. */
		if (f == NULL || unset(from, f->type))
			continue;
		kid = api_convert(from, f->type, f->name, bad);
		if (kid == NULL || xu_val_set(out, name, kid) < 0) {
			xu_val_free(out);
			return NULL;
		}
	}
	return out;
}

struct xu_val *
api_convert(const struct xu_val *v, const struct model_type *t,
    const char *name, const char **bad)
{
	struct xu_val *out = NULL;

	*bad = NULL;
	switch (t->kind) {
	case MK_VOID:
		break;
	case MK_STRING:
		out = to_string(v);
		break;
	case MK_INT:
		out = to_int(v);
		break;
	case MK_FLOAT:
		out = to_float(v);
		break;
	case MK_BOOL:
		out = to_bool(v);
		break;
	case MK_DATETIME:
		if (xu_val_is(v, XU_STRING) || xu_val_is(v, XU_DATETIME))
			out = xu_datetime_text(xu_val_str(v));
		break;
	case MK_ENUM:
		out = to_enum(v, t->name);
		break;
	case MK_REF:
		out = to_ref(v);
		break;
	case MK_SET:
		out = to_set(v, t, name, bad);
		break;
	case MK_MAP:
		out = to_map(v, t, name, bad);
		break;
	case MK_RECORD:
		out = to_record(v, t, bad);
		break;
	}
	if (out == NULL && *bad == NULL)
		*bad = name;
	return out;
}

const char *
api_kind_words(const struct model_type *t)
{
	static const char *const words[] = {
		[MK_VOID] = "nothing",
		[MK_STRING] = "a string",
		[MK_INT] = "an integer",
		[MK_FLOAT] = "a number",
		[MK_BOOL] = "a boolean",
		[MK_DATETIME] = "a date",
		[MK_ENUM] = "one of its words",
		[MK_REF] = "a reference",
		[MK_SET] = "a set",
		[MK_MAP] = "a map",
		[MK_RECORD] = "a record",
	};

	return words[t->kind];
}
