/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How libxenapi speaks to xld-api: JSON-RPC 2.0, because a command should not have
 * to load an XML library with its dozen megabytes of tables first; with the classic
 * dialect's values, for which there is a path of its own. On the local socket root
 * gives "" for a session: the connection has one, and no login is needed.
 */
#ifndef XAPI_JSON_H
#define XAPI_JSON_H

#include "xu_buf.h"
#include "xu_err.h"
#include "xu_val.h"

#define XAPI_CLASSIC_JSON "/jsonrpc-classic"

/* What an error of JSON-RPC 2.0 has for a code when the call failed, as in xapi;
 * others are about the request. */
#define XJSON_CALL_FAILED 1

/* Appends; out's sticky error tells when memory was short. */
void xjson_write_call(struct xu_buf *out, const char *method,
    const struct xu_val *params);
/* The result. NULL with *failure, the code and its parameters (the caller's); or with
 * *failure NULL and e, when the reply makes no sense or the server says that the
 * request did not. */
struct xu_val *xjson_read_reply(const char *text, size_t len,
    struct xu_val **failure, struct xu_err *e) XU_MUST_CHECK;

#endif
