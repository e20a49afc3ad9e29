/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Machines as archives (XVA, xld/xva.h tells what that is). ova.xml is written here,
 * from records of the core's: in the modern dialect, and with names of the archive's
 * in the place of references. All that is behind it comes by a pipe from a program
 * that has the disks.
 */
#include "config.h"

#include <string.h>
#include <time.h>

#include "api_transfer.h"
#include "api_types.h"
#include "xapi_rpc.h"
#include "xu_log.h"
#include "xu_tar.h"
#include "xu_zip.h"

#define REF	   "OpaqueRef:"
/* The version that all have written for many years, and that of the API. */
#define EXPORT_VSN 2
#define API_MAJOR  1
#define API_MINOR  20

/* ---- ova.xml ------------------------------------------------------------------------- */

/* What the archive calls it; NULL: it is not in it. */
static const char *
name_of(const struct xu_val *objects, const char *ref)
{
	const struct xu_val *o;

	for (size_t i = 0; i < xu_val_count(objects); i++) {
		o = xu_val_at(objects, i);
		if (strcmp(xu_val_get_str(o, "ref", ""),
			ref + strlen(REF)) == 0)
			return xu_val_get_str(o, "id", "");
	}
	return NULL;
}

static bool
is_ref(const struct xu_val *v)
{
	return xu_val_is(v, XU_STRING) &&
	    strncmp(xu_val_str(v), REF, strlen(REF)) == 0;
}

/* A copy with the archive's names; of sets and maps, without what it has not. */
static struct xu_val *
renamed(const struct xu_val *v, const struct xu_val *objects)
{
	const bool array = xu_val_is(v, XU_ARRAY);
	const struct xu_val *kid;
	struct xu_val *out;
	const char *name;

	if (is_ref(v)) {
		name = name_of(objects, xu_val_str(v));
		return xu_str(name != NULL ? name : REF "NULL");
	}
	if (!array && !xu_val_is(v, XU_STRUCT))
		return xu_val_copy(v);
	out = array ? xu_array() : xu_struct();
	for (size_t i = 0; i < xu_val_count(v); i++) {
		kid = xu_val_at(v, i);
		name = array ? "" : xu_val_name_at(v, i);
		if (array && is_ref(kid) &&
		    name_of(objects, xu_val_str(kid)) == NULL)
			continue;
		if (strncmp(name, REF, strlen(REF)) == 0)
			continue;
		if (array)
			xu_val_add(out, renamed(kid, objects));
		else
			xu_val_set(out, name, renamed(kid, objects));
	}
	return out;
}

static struct xu_val *
object(const struct xu_val *o, const struct xu_val *objects)
{
	const struct model_type t = { .kind = MK_RECORD,
		.name = xu_val_get_str(o, "class", "") };
	AUTO_VAL struct xu_val *r = api_present(xu_val_get(o, "snapshot"), &t,
	    true);
	struct xu_val *v = xu_struct();

	xu_val_set(v, "class", xu_str(t.name));
	xu_val_set(v, "id", xu_str(xu_val_get_str(o, "id", "")));
	xu_val_set(v, "snapshot", renamed(r, objects));
	return v;
}

static struct xu_val *
version(const char *hostname)
{
	struct xu_val *v = xu_struct();

	xu_val_set(v, "hostname", xu_str(hostname));
	xu_val_set(v, "date", xu_datetime(time(NULL)));
	xu_val_set(v, "product_version", xu_str(PACKAGE_VERSION));
	xu_val_set(v, "product_brand", xu_str(PACKAGE_NAME));
	xu_val_set(v, "build_number", xu_str(PACKAGE_VERSION));
	xu_val_set(v, "xapi_major", xu_int(API_MAJOR));
	xu_val_set(v, "xapi_minor", xu_int(API_MINOR));
	xu_val_set(v, "export_vsn", xu_int(EXPORT_VSN));
	return v;
}

static int
add(void *arg, const void *p, size_t n)
{
	xu_buf_add(arg, p, n);
	return 0;
}

/* The file's place in a tar, whole; packed as the rest will be: streams of both kinds
 * may follow each other. */
static int
write_head(const struct xu_val *ok, enum xu_zip zip, struct xu_buf *out)
{
	static const char zero[XU_TAR_BLOCK];
	const struct xu_val *objects = xu_val_get(ok, "objects");
	AUTO_VAL struct xu_val *v = xu_struct();
	AUTO_BUF struct xu_buf xml = XU_BUF_INIT;
	struct xu_val *list = xu_array();
	char head[XU_TAR_BLOCK];
	struct xu_pack *z;
	size_t n;
	int r;

	for (size_t i = 0; i < xu_val_count(objects); i++)
		xu_val_add(list, object(xu_val_at(objects, i), objects));
	xu_val_set(v, "version", version(xu_val_get_str(ok, "hostname", "")));
	xu_val_set(v, "objects", list);
	xrpc_write_value(&xml, v, false);
	n = xml.len;
	xu_buf_add(&xml, zero, (XU_TAR_BLOCK - n % XU_TAR_BLOCK) % XU_TAR_BLOCK);
	z = xu_pack_new(zip);
	if (z == NULL || !xu_val_ok(v) || xml.error != 0 ||
	    xu_tar_head(head, "ova.xml", time(NULL), n) < 0)
		r = -1;
	else if ((r = xu_pack(z, head, sizeof(head), false, add, out)) == 0)
		r = xu_pack(z, xml.data, xml.len, true, add, out);
	xu_pack_free(z);
	return out->error != 0 ? -1 : r;
}

/* ---- to a client ------------------------------------------------------------------------ */

/* Later clients say what, earlier ones whether. */
static const char *
compression(const struct request *rq)
{
	const char *word = api_argument(rq, "use_compression");

	if (strcmp(word, "true") == 0)
		return "gzip";
	return strcmp(word, "false") == 0 ? "" : word;
}

static void
export_begun(void *arg, struct xu_msg *reply)
{
	struct request *rq = arg;
	struct transfer *t = rq->transfer;
	enum xu_zip zip;

	if (!api_transfer_begun(rq, reply))
		return;
	if (xu_zip_of(compression(rq), &zip) &&
	    write_head(xu_val_get(reply->val, "ok"), zip, &t->head) == 0)
		api_answer_out(rq, "application/octet-stream");
	else
		api_answer_error(rq, "xld-api is out of memory",
		    "INTERNAL_ERROR", "out of memory", NULL);
}

void
api_xva_export(struct request *rq, struct session *s)
{
	struct transfer *t = api_transfer_new(rq, s);
	const char *vm = api_bare_ref(api_argument(rq, "ref"));
	struct xu_val *params;

	if (t == NULL)
		return;
	t->bytes = MHD_SIZE_UNKNOWN;
	params = xu_array();
	xu_val_add(params, xu_str(vm[0] != '\0' ? vm : api_argument(rq, "uuid")));
	xu_val_add(params, xu_str(compression(rq)));
	xu_val_add(params, xu_str(api_bare_ref(api_argument(rq, "task_id"))));
	api_core_call(rq->api,
	    api_core_about(rq, api_core_msg(s, "VM.export", params, false)),
	    export_begun, rq);
}
