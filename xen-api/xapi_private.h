/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of libxenapi: the handle, its two transports, its errors. */
#ifndef XAPI_PRIVATE_H
#define XAPI_PRIVATE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "xenapi.h"
#include "xu_buf.h"
#include "xu_val.h"

/* No answer of a server may take more memory than this. */
#define XAPI_REPLY_MAX (64u << 20)

enum xapi_wait {
	/* A signal while waiting goes on waiting. */
	XAPI_WAIT_CALL,
	/* A signal ends the wait with XLD_INTERRUPTED. */
	XAPI_WAIT_EVENT,
};

struct xapi_request {
	/* "POST" has a body, "GET" none. */
	const char *verb, *path;
	const struct xu_buf *body;
	/* Milliseconds, 0 = for ever. */
	unsigned timeout;
	enum xapi_wait wait;
};

struct xapi_reply {
	int status;
	struct xu_buf body;
	/* The server's sentence about a failure; "" when it gave none. */
	char message[XAPI_MESSAGE_MAX];
};

struct xapi_url {
	enum { XAPI_UNIX, XAPI_HTTP, XAPI_HTTPS } scheme;
	/* A socket's path, or host and port. */
	char path[108];
	char host[256], port[8];
};

struct xapi {
	char *text;
	struct xapi_url url;
	/* The kept connection of the light path, -1 = none. */
	int fd;
	/* It has carried an exchange before. */
	bool used;
	char *session;
	unsigned timeout;
	/* libcurl's handle, when a remote server is spoken to. */
	void *curl;
};

/* xapi_err.c. All return -1. */
int xapi_fail(struct xapi_err *e, const char *code, int errnum, const char *fmt,
    ...) XU_PRINTF(4, 5);
/* A XenAPI failure: an ErrorDescription and the server's sentence, or "". */
int xapi_fail_server(struct xapi_err *e, const struct xu_val *description,
    const char *sentence);

/* xapi_http.c: the light path. */
int xapi_connect(const struct xapi *x, struct xapi_err *e);
int xapi_http(struct xapi *x, const struct xapi_request *rq,
    struct xapi_reply *rp, struct xapi_err *e);
/* Sends a request on a connection of its own and reads the reply's head; what
 * came behind the head stays unread in the socket. */
int xapi_http_head(int fd, const struct xapi *x, const char *request,
    struct xapi_reply *rp, struct xapi_err *e);
void xapi_disconnect(struct xapi *x);

/* The socket cannot be reached for this errno; -1. */
int xapi_unreachable(const struct xapi *x, int err, struct xapi_err *e);

/*
 * Servers on other hosts: xapi_curl.c, or nothing in a program that is for this
 * host alone (xapi_near.c).
 */
struct xapi_far {
	/* http and https, by libcurl. */
	int (*exchange)(struct xapi *x, const struct xapi_request *rq,
	    struct xapi_reply *rp, struct xapi_err *e);
	void (*close)(struct xapi *x);
	/* A socket for a console. In front of https a thread is behind it that
	 * carries what passes there through TLS, and ends when either side does. */
	int (*connect)(const struct xapi *x, struct xapi_err *e);
};
extern const struct xapi_far *const xapi_far;
int xapi_fail_far(const struct xapi *x, struct xapi_err *e);

/* xapi_call.c. Chooses the transport. */
int xapi_exchange(struct xapi *x, const struct xapi_request *rq,
    struct xapi_reply *rp, struct xapi_err *e);
struct xu_val *xapi_call_wait(struct xapi *x, struct xapi_err *e,
    const char *method, struct xu_val *args, unsigned timeout,
    enum xapi_wait wait);
/* Arguments after fmt, see xapi_call. */
struct xu_val *xapi_vargs(const char *fmt, va_list ap, struct xapi_err *e);
/* Takes the header's text (percent-encoded) into rp->message. */
void xapi_take_message(struct xapi_reply *rp, const char *s, size_t len);

static inline struct xapi_value *
xapi_wrap(struct xu_val *v)
{
	return (struct xapi_value *)v;
}

static inline struct xu_val *
xapi_unwrap(struct xapi_value *v)
{
	return (struct xu_val *)v;
}

static inline const struct xu_val *
xapi_peek(const struct xapi_value *v)
{
	return (const struct xu_val *)v;
}

#endif
