/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a request's body to who answers it. What can be said without the core is
 * said here, in this order: is it XML-RPC, does the message exist, does the
 * number of arguments fit, does the session exist, do the types fit. session.*
 * and event.* are answered here; everything else goes to the core.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "api.h"
#include "api_types.h"
#include "xapi_json.h"
#include "xapi_rpc.h"

static bool
takes_session(const struct model_call *m)
{
	return (m->flags & MM_NO_SESSION) == 0;
}

static bool
count_fits(const struct model_call *m, size_t got)
{
	if (takes_session(m) && got-- == 0)
		return false;
	return got <= m->nargs && got + MM_OPTIONALS(m->flags) >= m->nargs;
}

/* The classic dialect counts the session, and not what may be left out. */
static void
wrong_count(struct request *rq, const char *called, const struct model_call *m,
    size_t got)
{
	char expected[24], received[24], sentence[200];
	size_t session = takes_session(m), want = m->nargs + session;

	if (rq->modern) {
		want -= session;
		got -= got < session ? 0 : session;
		session = 0;
	} else {
		want -= MM_OPTIONALS(m->flags);
	}
	snprintf(expected, sizeof(expected), "%zu", want);
	snprintf(received, sizeof(received), "%zu", got);
	snprintf(sentence, sizeof(sentence),
	    "%.80s takes %zu arguments%s and was given %zu", called, want,
	    session > 0 ? " (the session counts)" : "", got);
	api_answer_error(rq, sentence, "MESSAGE_PARAMETER_COUNT_MISMATCH",
	    called, expected, received, NULL);
}

static void
wrong_type(struct request *rq, const char *called, const struct model_arg *arg,
    const char *bad, const struct xu_val *v)
{
	char sentence[256];

	if (arg->type->kind == MK_ENUM && xu_val_is(v, XU_STRING)) {
		snprintf(sentence, sizeof(sentence),
		    "%.80s: '%.60s' is not a value of %s", called,
		    xu_val_str(v), arg->name);
		api_answer_error(rq, sentence, "INVALID_VALUE", arg->name,
		    xu_val_str(v), NULL);
		return;
	}
	if (strcmp(bad, arg->name) == 0)
		snprintf(sentence, sizeof(sentence),
		    "%.80s: %s must be %s, not %s", called, arg->name,
		    api_kind_words(arg->type), xu_vtype_name(xu_val_type(v)));
	else
		snprintf(sentence, sizeof(sentence),
		    "%.80s: field %.60s of %s has a value that is not of its "
		    "type", called, bad, arg->name);
	api_answer_error(rq, sentence, "FIELD_TYPE_ERROR", bad, NULL);
}

/* The arguments without the session, in the row's types; NULL when answered. */
static struct xu_val *
arguments(struct request *rq, const char *called, const struct model_call *m,
    const struct xu_val *params)
{
	struct xu_val *out = xu_array(), *v;
	size_t skip = takes_session(m);
	const struct xu_val *from;
	const char *bad;

	for (size_t i = 0; i < m->nargs && skip + i < xu_val_count(params);
	     i++) {
		from = xu_val_at(params, skip + i);
		v = api_convert(from, m->args[i].type, m->args[i].name, &bad);
		if (v == NULL) {
			wrong_type(rq, called, &m->args[i], bad, from);
			xu_val_free(out);
			return NULL;
		}
		xu_val_add(out, v);
	}
	if (xu_val_ok(out))
		return out;
	xu_val_free(out);
	api_answer_error(rq, "xld-api is out of memory", "INTERNAL_ERROR",
	    "out of memory", NULL);
	return NULL;
}

static void
add_name(void *ctx, const char *name)
{
	xu_val_add(ctx, xu_str(name));
}

static const char *
help_of(const char *name)
{
	struct model_call m;
	const char *doc = NULL;

	if (model_resolve(name, &m))
		doc = m.method != NULL ? m.method->doc :
		    m.field != NULL    ? m.field->doc :
					 m.cls->doc;
	return doc == NULL ? "" : doc;
}

/* XML-RPC's own introspection; its answers have no envelope. */
static bool
introspect(struct request *rq, const char *method, const struct xu_val *params)
{
	static const char system[] = "system";
	AUTO_VAL struct xu_val *v = NULL;

	if (strncmp(method, system, sizeof(system) - 1) != 0 ||
	    (method[sizeof(system) - 1] != '.' &&
		method[sizeof(system) - 1] != '_'))
		return false;
	method += sizeof(system);
	if (strcmp(method, "listMethods") == 0) {
		v = xu_array();
		model_each_message(add_name, v);
	} else if (strcmp(method, "methodHelp") == 0) {
		v = xu_str(help_of(xu_val_str(xu_val_at(params, 0))));
	} else if (strcmp(method, "methodSignature") == 0) {
		/* The protocol's words for "there is no such thing". */
		v = xu_str("signatures not supported");
	}
	if (v == NULL)
		return false;
	api_answer_bare(rq, v);
	return true;
}

/* The name the core knows the message by: "Async_VM_metrics_get_record" is
 * VM_metrics.get_record. */
static void
own_name(const char *called, const struct model_call *m, char out[96])
{
	const char *cls = m->async ? called + sizeof("Async.") - 1 : called;

	snprintf(out, 96, "%s.%s", m->cls->name,
	    cls + strlen(m->cls->name) + 1);
}

static void
call(struct request *rq, const char *called, const struct model_call *m,
    const struct xu_val *params)
{
	size_t got = xu_val_count(params);
	struct session *s = NULL;
	const char *id = xu_val_str(xu_val_at(params, 0));
	struct xu_val *args;
	char name[96];

	if (takes_session(m) && got > 0) {
		s = rq->ours && id[0] == '\0' ?
		    api_session_own(rq) : api_session_find(rq->api, id);
		/* Of one that is gone, its handle tells. */
		rq->modern = s != NULL ? s->modern : api_bare_ref(id) != id;
	}
	if (!count_fits(m, got)) {
		wrong_count(rq, called, m, got);
		return;
	}
	if (takes_session(m) && s == NULL) {
		api_answer_error(rq, "the session is not known or has ended",
		    "SESSION_INVALID", api_bare_ref(id), NULL);
		return;
	}
	if (s != NULL)
		api_connection_is_known(rq->conn);
	rq->call = *m;
	args = arguments(rq, called, m, params);
	if (args == NULL)
		return;
	own_name(called, m, name);
	if (m->cls == &model_session) {
		api_session_call(rq, s, name, args);
		xu_val_free(args);
	} else if (m->cls == &model_event) {
		api_event_call(rq, s, name, args);
		xu_val_free(args);
	} else {
		api_turn_call(rq, s, api_core_about(rq,
		    api_core_msg(s, name, args, m->async)));
	}
}

static void
run(struct request *rq, const char *method, const struct xu_val *params)
{
	struct model_call m;
	char sentence[200];

	if (introspect(rq, method, params))
		return;
	if (model_resolve(method, &m)) {
		call(rq, method, &m, params);
		return;
	}
	snprintf(sentence, sizeof(sentence),
	    "this server has no message %.100s", method);
	api_answer_error(rq, sentence, "MESSAGE_METHOD_UNKNOWN", method, NULL);
}

static void
forget_body(struct request *rq)
{
	/* It may hold a password. */
	if (rq->in.data != NULL)
		explicit_bzero(rq->in.data, rq->in.len);
	xu_buf_fini(&rq->in);
}

static void
xml_call(struct request *rq)
{
	AUTO_CALL struct xrpc_call c = { .method = NULL };
	struct xu_err e = XU_ERR_INIT;

	if (xrpc_read_call(xu_buf_text(&rq->in), rq->in.len, &c, &e) < 0) {
		api_answer_fault(rq, 1, e.msg);
		return;
	}
	forget_body(rq);
	run(rq, c.method, c.params);
}

static void
json_call(struct request *rq)
{
	struct json_call c = { .doc = NULL };

	if (api_json_read(rq, &c)) {
		forget_body(rq);
		run(rq, c.method, c.params);
	}
	xu_val_free(c.doc);
}

/* Where a call is sent says what it is, and what sort of client sends it. */
void
api_dispatch(struct request *rq, const char *path)
{
	static const struct {
		const char *path;
		bool json, modern, ours;
	} paths[] = {
		{ "/", false, false, false },
		{ "/RPC2", false, false, false },
		{ "/xmlrpc", false, true, false },
		{ "/jsonrpc", true, true, false },
		{ "/json", true, true, false },
		/* libxenapi's. */
		{ XAPI_CLASSIC_JSON, true, false, true },
	};
	const enum dialect d = rq->listener->dialect;

	for (size_t i = 0; i < XU_ARRAY_SIZE(paths); i++) {
		if (strcmp(paths[i].path, path) != 0)
			continue;
		rq->ours = paths[i].ours;
		rq->modern = d == DIALECT_AUTO || rq->ours ? paths[i].modern :
						 d == DIALECT_MODERN;
		if (paths[i].json)
			json_call(rq);
		else
			xml_call(rq);
		return;
	}
	api_answer_http(rq, MHD_HTTP_NOT_FOUND, "text/plain",
	    "POST calls to /, /RPC2 or /jsonrpc\n", 35);
}
