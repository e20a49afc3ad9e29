/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See xapi_json.h. */
#include "config.h"

#include <errno.h>

#include "xapi_json.h"

void
xjson_write_call(struct xu_buf *out, const char *method,
    const struct xu_val *params)
{
	AUTO_VAL struct xu_val *v = xu_struct();

	xu_val_set(v, "jsonrpc", xu_str("2.0"));
	xu_val_set(v, "method", xu_str(method));
	xu_val_set(v, "params", xu_val_copy(params));
	xu_val_set(v, "id", xu_int(1));
	if (!xu_val_ok(v) || xu_val_to_json(v, false, out) < 0)
		out->error = out->error == 0 ? ENOMEM : out->error;
}

/* Code and parameters in one array, as XenAPI has them. */
static struct xu_val *
description(const struct xu_val *error)
{
	const struct xu_val *data = xu_val_get(error, "data");
	struct xu_val *d = xu_array();

	xu_val_add(d, xu_str(xu_val_get_str(error, "message", "")));
	for (size_t i = 0; i < xu_val_count(data); i++)
		xu_val_add(d, xu_val_copy(xu_val_at(data, i)));
	return d;
}

struct xu_val *
xjson_read_reply(const char *text, size_t len, struct xu_val **failure,
    struct xu_err *e)
{
	AUTO_VAL struct xu_val *v = xu_val_from_json(text, len, len, e);
	const struct xu_val *error = xu_val_get(v, "error");
	struct xu_val *result;

	*failure = NULL;
	if (v == NULL)
		return NULL;
	if (xu_val_get_int(error, "code", 0) == XJSON_CALL_FAILED) {
		*failure = description(error);
		return NULL;
	}
	if (error != NULL) {
		xu_err_set(e, "XLD_PROTOCOL", 0, "it could not read the "
		    "request: %s", xu_val_get_str(error, "message",
		    "no reason given"));
		return NULL;
	}
	if (xu_val_get(v, "result") == NULL) {
		xu_err_set(e, "XLD_PROTOCOL", 0, "it is no reply");
		return NULL;
	}
	result = xu_val_copy(xu_val_get(v, "result"));
	if (result == NULL)
		xu_err_set(e, "XLD_NO_MEMORY", ENOMEM, "out of memory");
	return result;
}
