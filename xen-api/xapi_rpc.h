/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * XML-RPC as XenAPI speaks it: text to values and back, for the server and the
 * client alike. Knows neither methods nor transports. Reads what today's clients
 * send, their oddities included; writes what the strictest of them (libxen)
 * can read: no insignificant white space, numbers as decimal strings.
 */
#ifndef XAPI_RPC_H
#define XAPI_RPC_H

#include <stdbool.h>
#include <stddef.h>

#include "xu_buf.h"
#include "xu_err.h"
#include "xu_val.h"

/* Elements inside each other. A struct or an array costs three. */
#define XRPC_MAX_DEPTH 64

struct xrpc_call {
	char *method;
	/* An array. */
	struct xu_val *params;
};

void xrpc_call_fini(struct xrpc_call *c);
#define AUTO_CALL __attribute__((cleanup(xrpc_call_fini)))

/*
 * Both refuse document types, entities of the document's own and everything
 * that is not XML-RPC; code XLD_PROTOCOL, the sentence says what and in which
 * line. len is the caller's to bound.
 */
int xrpc_read_call(const char *xml, size_t len, struct xrpc_call *c,
    struct xu_err *e);
/* *fault: the value is a fault's struct. */
struct xu_val *xrpc_read_reply(const char *xml, size_t len, bool *fault,
    struct xu_err *e) XU_MUST_CHECK;

/*
 * Writers append; out's sticky error tells when memory was short. tags: strings
 * are marked as such. libxen wants it; npm's client takes an empty <string> for
 * nothing, and an empty value for an empty string.
 */
void xrpc_write_call(struct xu_buf *out, const char *method,
    const struct xu_val *params);
/* <value>...</value>. */
void xrpc_write_value(
    struct xu_buf *out, const struct xu_val *value, bool tags);
/* A bare value: system.* answers. */
void xrpc_write_bare(struct xu_buf *out, const struct xu_val *value);
/* {Status: Success, Value: value}; value NULL or VOID is "". */
void xrpc_write_success(
    struct xu_buf *out, const struct xu_val *value, bool tags);
/* {Status: Failure, ErrorDescription: description}, an array of strings. */
void xrpc_write_failure(
    struct xu_buf *out, const struct xu_val *description, bool tags);
void xrpc_write_fault(struct xu_buf *out, int code, const char *text);

#endif
