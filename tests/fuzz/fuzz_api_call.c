/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reaches what reads a client's call before its password is known: xapi_rpc_read.c,
 * xu_val_json.c, model_resolve, api_types.c; and what writes an answer:
 * api_present.c, xapi_rpc_write.c. The first byte chooses XML or JSON. What is
 * written can be read again.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api_types.h"
#include "xapi_rpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
write_it(const struct xu_val *v, const struct model_type *t, bool modern)
{
	AUTO_VAL struct xu_val *p = api_present(v, t, modern), *back = NULL;
	AUTO_BUF struct xu_buf xml = XU_BUF_INIT, json = XU_BUF_INIT;
	bool fault;

	if (!xu_val_ok(p))
		return;
	xrpc_write_success(&xml, p, !modern);
	back = xrpc_read_reply(xml.data, xml.len, &fault, NULL);
	if (back == NULL || fault)
		abort();
	if (xu_val_to_json(p, false, &json) < 0)
		abort();
}

static void
answer_it(const char *method, const struct xu_val *params)
{
	struct model_call m;
	struct xu_val *v;
	const char *bad;

	if (!model_resolve(method, &m))
		return;
	for (size_t i = 0; i < m.nargs && i + 1 < xu_val_count(params); i++) {
		v = api_convert(xu_val_at(params, i + 1), m.args[i].type,
		    m.args[i].name, &bad);
		if (v == NULL && bad == NULL)
			abort();
		if (v != NULL) {
			write_it(v, m.args[i].type, false);
			write_it(v, m.args[i].type, true);
		}
		xu_val_free(v);
	}
	xu_val_free(api_present_error(params, true));
	/* Whatever the core may say. */
	xu_val_free(api_present_result(xu_val_copy(params), &m, true));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_CALL struct xrpc_call c = { .method = NULL };
	AUTO_VAL struct xu_val *v = NULL;

	if (size == 0)
		return 0;
	if (data[0] == 'j') {
		v = xu_val_from_json((const char *)data + 1, size - 1, 1 << 20,
		    NULL);
		answer_it(xu_val_get_str(v, "method", ""),
		    xu_val_get(v, "params"));
	} else if (xrpc_read_call((const char *)data + 1, size - 1, &c, NULL) ==
	    0) {
		answer_it(c.method, c.params);
	}
	return 0;
}
