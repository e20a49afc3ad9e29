/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See ova.h. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "api_types.h"
#include "errors.h"
#include "ova.h"
#include "xapi_rpc.h"
#include "xu_tar.h"

/* Later ones are written by servers that are not there yet. */
#define EXPORT_VSN   2
#define OBJECTS_MOST 2000

static int
bad(struct xu_err *e, const char *why)
{
	xu_err_set(e, XE(IMPORT_ERROR), 0, "%s", why);
	xu_err_param(e, "%s", why);
	return -1;
}

size_t
ova_needs(const struct xu_buf *head, struct xu_err *e)
{
	struct xu_tar_entry t;

	if (head->len < XU_TAR_BLOCK)
		return XU_TAR_BLOCK;
	if (xu_tar_read(head->data, &t) <= 0) {
		bad(e, "what came is no archive of a machine (no tar)");
		return 0;
	}
	if (strcmp(t.name, "ova.xml") != 0 || t.type != '0') {
		for (char *p = t.name; *p != '\0'; p++)
			if (*p < ' ' || *p > '~')
				*p = '?';
		xu_err_set(e, XE(IMPORT_ERROR_UNEXPECTED_FILE), 0,
		    "an archive of a machine begins with ova.xml, and this one "
		    "with %.100s", t.name);
		xu_err_param(e, "ova.xml");
		xu_err_param(e, "%.100s", t.name);
		return 0;
	}
	if (t.size == 0 || t.size > OVA_MOST) {
		bad(e, "ova.xml has no sane size");
		return 0;
	}
	return XU_TAR_BLOCK + (size_t)t.size;
}

/* What others write begins with <?xml ...?> sometimes. */
static struct xu_val *
read_value(const char *p, size_t n, struct xu_err *e)
{
	static const char before[] = "<methodResponse><params><param>",
	    after[] = "</param></params></methodResponse>";
	AUTO_BUF struct xu_buf xml = XU_BUF_INIT;
	const char *end;
	struct xu_val *v;
	bool fault;

	if (n > 5 && memcmp(p, "<?xml", 5) == 0 &&
	    (end = memmem(p, n, "?>", 2)) != NULL) {
		n -= (size_t)(end + 2 - p);
		p = end + 2;
	}
	xu_buf_add(&xml, before, strlen(before));
	xu_buf_add(&xml, p, n);
	xu_buf_add(&xml, after, strlen(after));
	if (xml.error != 0) {
		xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "read ova.xml");
		return NULL;
	}
	v = xrpc_read_reply(xml.data, xml.len, &fault, e);
	if (v != NULL && !fault)
		return v;
	xu_val_free(v);
	return NULL;
}

/* A field as the model has it, into out. What is not known, or not an owner's to say,
 * is left out; so are words that this server does not have. */
static int
take_field(const struct xu_val *record, const struct model_field *f,
    struct xu_val *out)
{
	const struct xu_val *from = xu_val_get(record, f->name);
	const char *wrong;
	struct xu_val *v;

	if (from == NULL ||
	    (f->access == RO_RUN && strcmp(f->name, "uuid") != 0) ||
	    (xu_val_is(from, XU_STRING) && xu_val_strlen(from) == 0))
		return 0;
	v = api_convert(from, f->type, f->name, &wrong);
	if (v == NULL)
		return f->type->kind == MK_ENUM ? 0 : -1;
	return xu_val_set(out, f->name, v);
}

static struct xu_val *
take_record(const struct model_class *c, const struct xu_val *record,
    const char *id, struct xu_err *e)
{
	struct xu_val *out = xu_struct();

	for (const struct model_field *f = c->fields; f->name != NULL; f++) {
		if (take_field(record, f, out) == 0)
			continue;
		xu_err_set(e, XE(IMPORT_ERROR), 0,
		    "%s of the %s %.60s is not what it can be", f->name,
		    c->name, id);
		xu_err_param(e, "%s", e->msg);
		xu_val_free(out);
		return NULL;
	}
	return out;
}

static const struct model_class *
is_wanted(const char *name)
{
	static const char *const names[] = { "VM", "VBD", "VIF", "VDI",
		"network" };

	for (size_t i = 0; i < XU_ARRAY_SIZE(names); i++)
		if (strcmp(names[i], name) == 0)
			return model_find_class(name);
	return NULL;
}

static int
take_object(const struct xu_val *o, struct xu_val *out, struct xu_err *e)
{
	const char *id = xu_val_get_str(o, "id", "");
	const struct model_class *c = is_wanted(xu_val_get_str(o, "class", ""));
	struct xu_val *v, *r;

	if (c == NULL)
		return 0;
	if (id[0] == '\0' || !xu_val_is(xu_val_get(o, "snapshot"), XU_STRUCT))
		return bad(e, "an object of ova.xml has no name or no content");
	r = take_record(c, xu_val_get(o, "snapshot"), id, e);
	if (r == NULL)
		return -1;
	v = xu_struct();
	xu_val_set(v, "class", xu_str(c->name));
	xu_val_set(v, "id", xu_str(id));
	xu_val_set(v, "snapshot", r);
	return xu_val_add(out, v);
}

/* Texts are numbers, too. */
static int
check_version(const struct xu_val *v, struct xu_err *e)
{
	const char *bad_field;
	AUTO_VAL struct xu_val *n = xu_val_get(v, "export_vsn") == NULL ?
	    xu_int(0) :
	    api_convert(xu_val_get(v, "export_vsn"), T_INT, "", &bad_field);

	if (n != NULL && xu_val_int(n) <= EXPORT_VSN)
		return 0;
	xu_err_set(e, XE(IMPORT_INCOMPATIBLE_VERSION), 0,
	    "the archive is of a version after %d, which is not known here",
	    EXPORT_VSN);
	return -1;
}

struct xu_val *
ova_objects(const struct xu_buf *head, struct xu_err *e)
{
	struct xu_err why = XU_ERR_INIT;
	AUTO_VAL struct xu_val *v = read_value(head->data + XU_TAR_BLOCK,
	    ova_needs(head, e) - XU_TAR_BLOCK, &why);
	const struct xu_val *list = xu_val_get(v, "objects");
	struct xu_val *out = xu_array();
	int r = 0;

	if (v == NULL) {
		xu_err_set(e, XE(IMPORT_ERROR), 0, "ova.xml: %s", why.msg);
		xu_err_param(e, "%s", e->msg);
		r = -1;
	} else if (!xu_val_is(list, XU_ARRAY)) {
		r = bad(e, "ova.xml has no objects");
	} else if (xu_val_count(list) > OBJECTS_MOST) {
		r = bad(e, "ova.xml has more objects than a machine can");
	} else {
		r = check_version(xu_val_get(v, "version"), e);
	}
	for (size_t i = 0; r == 0 && i < xu_val_count(list); i++)
		r = take_object(xu_val_at(list, i), out, e);
	if (r == 0)
		return out;
	xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "read ova.xml");
	xu_val_free(out);
	return NULL;
}
