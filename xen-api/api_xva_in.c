/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Archives of machines that are brought. The core is asked at once whether this client
 * may; then the beginning is kept until ova.xml is whole (ova.c), what it says goes to
 * the core, which gives a pipe, and all bytes of the archive go into that as they
 * came, packed or not.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "api_transfer.h"
#include "errors.h"
#include "ova.h"
#include "xu_zip.h"

/* Unpacked at a time; of the archive, packed, before ova.xml is whole. */
#define PIECE	  ((size_t)64 << 10)
#define HEAD_MOST (OVA_MOST + PIECE)

struct incoming {
	/* NULL: not even its first bytes have come. */
	struct xu_unpack *z;
	/* What is unpacked, and from how many of the head's bytes. */
	struct xu_buf plain;
	size_t used;
	/* The core has been asked, or told. */
	bool asked;
};

void
api_xva_incoming_free(struct incoming *in)
{
	if (in == NULL)
		return;
	xu_unpack_free(in->z);
	xu_buf_fini(&in->plain);
	free(in);
}

/* ---- the core ----------------------------------------------------------------------- */

static struct xu_val *
arguments(const struct request *rq)
{
	struct xu_val *v = xu_struct();

	xu_val_set(v, "task", xu_str(api_bare_ref(api_argument(rq, "task_id"))));
	xu_val_set(v, "sr", xu_str(api_bare_ref(api_argument(rq, "sr_id"))));
	xu_val_set(v, "full_restore", xu_bool(strcmp(api_argument(rq,
		"full_restore"), "true") == 0));
	return v;
}

static void
ask(struct request *rq, const struct session *s, struct xu_val *args,
    void (*f)(void *arg, struct xu_msg *reply))
{
	struct xu_val *params = xu_array();

	xu_val_add(params, args);
	api_core_call(rq->api, api_core_about(rq, api_core_msg(s, "VM.import",
		params, false)), f, rq);
}

static void
refused(void *arg, struct xu_msg *reply)
{
	api_answer_core(arg, reply);
}

/* The task, and who looks at the audit log, are to know. */
static void
refuse(struct request *rq, const struct xu_err *e)
{
	struct xu_val *args = arguments(rq), *d = xu_array();

	xu_val_add(d, xu_str(e->code));
	for (int i = 0; i < e->nparams; i++)
		xu_val_add(d, xu_str(e->params[i]));
	xu_val_set(args, "error", d);
	xu_val_set(args, "message", xu_str(e->msg));
	rq->transfer->incoming->asked = true;
	ask(rq, &rq->transfer->who, args, refused);
}

static void
begun(void *arg, struct xu_msg *reply)
{
	struct request *rq = arg;
	struct transfer *t = rq->transfer;

	if (!api_transfer_begun(rq, reply))
		return;
	api_xva_incoming_free(t->incoming);
	t->incoming = NULL;
	api_transfer_go_on(rq);
}

/* ---- ova.xml ------------------------------------------------------------------------- */

/* Unpacks of the head what there is, up to so many bytes in all. -1 with an error. */
static int
unpack(struct transfer *t, size_t want, struct xu_err *e)
{
	struct incoming *in = t->incoming;
	const char *from;
	size_t n, got, was;
	char *room;

	if (in->z == NULL && t->head.len >= XU_ZIP_MAGIC)
		in->z = xu_unpack_new(xu_zip_kind(t->head.data, t->head.len));
	while (in->z != NULL && in->plain.len < want &&
	    in->used < t->head.len) {
		from = t->head.data + in->used;
		n = t->head.len - in->used;
		was = in->plain.len;
		room = xu_buf_reserve(&in->plain, PIECE);
		if (room == NULL ||
		    xu_unpack(in->z, &from, &n, room, PIECE, &got) < 0 ||
		    (got == 0 && n == t->head.len - in->used)) {
			xu_err_set(e, XE(IMPORT_ERROR), 0,
			    "what came is damaged: it cannot be unpacked");
			xu_err_param(e, "%s", e->msg);
			return -1;
		}
		in->plain.len = was + got;
		in->used = t->head.len - n;
	}
	return 0;
}

/* 1: it is whole; 0: more is to come; -1 with an error. */
static int
look(struct transfer *t, struct xu_err *e)
{
	size_t want, was = 0;

	if (t->head.error != 0 || t->head.len > HEAD_MOST) {
		xu_err_set(e, XE(IMPORT_ERROR), 0, "ova.xml has no sane size");
		xu_err_param(e, "%s", e->msg);
		return -1;
	}
	/* First its header, then what that says. */
	while ((want = ova_needs(&t->incoming->plain, e)) > was) {
		if (unpack(t, want, e) < 0)
			return -1;
		if (t->incoming->plain.len < want)
			return 0;
		was = want;
	}
	return want == 0 ? -1 : 1;
}

static void
hand_over(struct request *rq)
{
	struct transfer *t = rq->transfer;
	struct xu_err e = XU_ERR_INIT;
	struct xu_val *args, *objects = ova_objects(&t->incoming->plain, &e);

	if (objects == NULL) {
		refuse(rq, &e);
		return;
	}
	t->incoming->asked = true;
	args = arguments(rq);
	xu_val_set(args, "objects", objects);
	ask(rq, &t->who, args, begun);
}

enum MHD_Result
api_xva_take(struct request *rq, const char *data, size_t *size)
{
	struct transfer *t = rq->transfer;
	struct xu_err e = XU_ERR_INIT;
	int r;

	if (t->incoming->asked)
		return api_transfer_forget(rq, size);
	xu_buf_add(&t->head, data, *size);
	*size = 0;
	r = look(t, &e);
	if (r == 0)
		return MHD_YES;
	/* A request does not go while it waits. */
	rq->suspended = true;
	MHD_suspend_connection(rq->conn);
	if (r > 0)
		hand_over(rq);
	else
		refuse(rq, &e);
	return MHD_YES;
}

void
api_xva_torn(struct request *rq)
{
	struct xu_err e = XU_ERR_INIT;

	if (rq->transfer->incoming->asked)
		return;
	xu_err_set(&e, XE(IMPORT_ERROR_PREMATURE_EOF), 0,
	    "the archive ends before or within ova.xml");
	refuse(rq, &e);
}

/* ---- its beginning -------------------------------------------------------------------- */

static void
allowed(void *arg, struct xu_msg *reply)
{
	struct request *rq = arg;

	if (reply == NULL || xu_val_get(reply->val, "ok") == NULL)
		api_answer_core(rq, reply);
	else
		api_transfer_go_on(rq);
}

void
api_xva_import(struct request *rq, struct session *s)
{
	struct transfer *t = api_transfer_new(rq, s);

	if (t == NULL)
		return;
	t->incoming = calloc(1, sizeof(*t->incoming));
	if (t->incoming == NULL)
		api_answer_error(rq, "xld-api is out of memory",
		    "INTERNAL_ERROR", "out of memory", NULL);
	else
		ask(rq, s, arguments(rq), allowed);
}
