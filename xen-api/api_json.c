/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON-RPC 1.0 and 2.0, as XenAPI's clients speak it: positional parameters, no
 * notifications, no batches. 2.0 where the call says so. An error is the code and
 * its parameters in 1.0; in 2.0 they are message and data of an object.
 */
#include "config.h"

#include <string.h>

#include "api.h"
#include "xapi_json.h"

/* Of 2.0's own errors. */
enum {
	PARSE_ERROR = -32700,
	INVALID_REQUEST = -32600,
};

static const char type[] = "application/json";

static bool
refuse(struct request *rq, int code, const char *text)
{
	api_answer_fault(rq, code, text);
	return false;
}

static bool
version_of(struct request *rq, const struct xu_val *doc)
{
	const struct xu_val *v = xu_val_get(doc, "jsonrpc");

	rq->json = 2;
	if (v == NULL || strcmp(xu_val_str(v), "1.0") == 0) {
		rq->json = 1;
		return true;
	}
	return strcmp(xu_val_str(v), "2.0") == 0;
}

bool
api_json_read(struct request *rq, struct json_call *c)
{
	const struct xu_val *id;
	struct xu_err e = XU_ERR_INIT;

	rq->json = 2;
	c->doc = xu_val_from_json(xu_buf_text(&rq->in), rq->in.len,
	    rq->api->limits.body, &e);
	if (c->doc == NULL)
		return refuse(rq, PARSE_ERROR, e.msg);
	if (xu_val_is(c->doc, XU_ARRAY))
		return refuse(rq, INVALID_REQUEST,
		    "batches are not served: send one call at a time");
	id = xu_val_get(c->doc, "id");
	if (!xu_val_is(id, XU_ARRAY) && !xu_val_is(id, XU_STRUCT))
		rq->json_id = xu_val_copy(id);
	if (!version_of(rq, c->doc))
		return refuse(rq, INVALID_REQUEST,
		    "'jsonrpc' must be \"2.0\", or not be there");
	c->method = xu_val_get_str(c->doc, "method", "");
	c->params = xu_val_get(c->doc, "params");
	if (!xu_val_is(c->doc, XU_STRUCT) || c->method[0] == '\0')
		return refuse(rq, INVALID_REQUEST,
		    "a call is an object with 'method', 'params' and 'id'");
	if (rq->json_id == NULL)
		return refuse(rq, INVALID_REQUEST,
		    "a call needs an 'id': notifications are not served");
	if (c->params != NULL && !xu_val_is(c->params, XU_ARRAY))
		return refuse(rq, INVALID_REQUEST,
		    "'params' must be an array: the session, then the arguments");
	return true;
}

/* NULL: null. */
static bool
put(struct xu_buf *b, const struct xu_val *v)
{
	if (v != NULL)
		return xu_val_to_json(v, false, b) == 0;
	xu_buf_adds(b, "null");
	return true;
}

/* One of them is there. What may be large is not copied. */
static void
send_reply(
    struct request *rq, const struct xu_val *result, const struct xu_val *error)
{
	struct xu_buf *b = &rq->out;
	bool ok = true;

	if (rq->json == 2) {
		xu_buf_adds(b, "{\"jsonrpc\":\"2.0\",");
		xu_buf_adds(b, error != NULL ? "\"error\":" : "\"result\":");
		ok = put(b, error != NULL ? error : result);
	} else {
		xu_buf_adds(b, "{\"result\":");
		ok = put(b, error != NULL ? NULL : result);
		xu_buf_adds(b, ",\"error\":");
		ok = put(b, error) && ok;
	}
	xu_buf_adds(b, ",\"id\":");
	ok = put(b, rq->json_id) && ok;
	xu_buf_addc(b, '}');
	if (ok) {
		api_answer_out(rq, type);
		return;
	}
	xu_buf_fini(b);
	api_answer_http(rq, MHD_HTTP_INTERNAL_SERVER_ERROR, "text/plain",
	    "out of memory\n", 14);
}

void
api_json_success(struct request *rq, const struct xu_val *value)
{
	AUTO_VAL struct xu_val *nothing = value == NULL ? xu_str("") : NULL;

	send_reply(rq, value == NULL ? nothing : value, NULL);
}

void
api_json_failure(struct request *rq, const struct xu_val *description)
{
	AUTO_VAL struct xu_val *e = NULL;
	struct xu_val *data;

	if (rq->json == 1) {
		send_reply(rq, NULL, description);
		return;
	}
	e = xu_struct();
	data = xu_array();
	for (size_t i = 1; i < xu_val_count(description); i++)
		xu_val_add(data, xu_val_copy(xu_val_at(description, i)));
	xu_val_set(e, "code", xu_int(XJSON_CALL_FAILED));
	xu_val_set(e, "message", xu_val_copy(xu_val_at(description, 0)));
	xu_val_set(e, "data", data);
	send_reply(rq, NULL, e);
}

void
api_json_fault(struct request *rq, int code, const char *text)
{
	AUTO_VAL struct xu_val *e = NULL;

	if (rq->json == 1) {
		e = xu_array();
		xu_val_add(e, xu_str("INTERNAL_ERROR"));
		xu_val_add(e, xu_str(text));
	} else {
		e = xu_struct();
		xu_val_set(e, "code", xu_int(code));
		xu_val_set(e, "message", xu_str(text));
	}
	send_reply(rq, NULL, e);
}
