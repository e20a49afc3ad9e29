/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A handle, its session, and calls: arguments to JSON-RPC, the answer
 * back to a value or an error. Which transport carries it is chosen here.
 */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "xapi_json.h"
#include "xapi_private.h"
#include "xu_num.h"

static int
bad_url(const char *text, struct xapi_err *e)
{
	return xapi_fail(e, "XLD_BAD_URL", EINVAL,
	    "'%s' is not unix:/path, http://host[:port] or "
	    "https://host[:port]",
	    text);
}

static int
parse_url(const char *text, struct xapi_url *u, struct xapi_err *e)
{
	const char *p, *end, *colon;
	uint64_t port;
	size_t len;

	if (strncmp(text, "unix:", 5) == 0) {
		u->scheme = XAPI_UNIX;
		p = text + 5;
		while (p[0] == '/' && p[1] == '/')
			p++;
		if (*p != '/' || strlen(p) >= sizeof(u->path))
			return bad_url(text, e);
		memcpy(u->path, p, strlen(p) + 1);
		return 0;
	}
	if (strncmp(text, "http://", 7) == 0)
		u->scheme = XAPI_HTTP;
	else if (strncmp(text, "https://", 8) == 0)
		u->scheme = XAPI_HTTPS;
	else
		return bad_url(text, e);
	p = strstr(text, "://") + 3;
	end = p + strcspn(p, "/");
	colon = memrchr(p, ':', (size_t)(end - p));
	/* A colon inside an IPv6 address is not the port's. */
	if (colon != NULL && memchr(colon, ']', (size_t)(end - colon)) != NULL)
		colon = NULL;
	len = (size_t)((colon != NULL ? colon : end) - p);
	if (len >= 2 && p[0] == '[' && p[len - 1] == ']') {
		p++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof(u->host))
		return bad_url(text, e);
	memcpy(u->host, p, len);
	strcpy(u->port, u->scheme == XAPI_HTTP ? "80" : "443");
	if (colon == NULL)
		return 0;
	len = (size_t)(end - colon - 1);
	if (len == 0 || len >= sizeof(u->port))
		return bad_url(text, e);
	memcpy(u->port, colon + 1, len);
	u->port[len] = '\0';
	if (!xu_num_u64(u->port, 10, 65535, &port) || port == 0)
		return bad_url(text, e);
	return 0;
}

struct xapi *
xapi_open(const char *url, struct xapi_err *e)
{
	struct xapi *x = calloc(1, sizeof(*x));

	if (e != NULL)
		memset(e, 0, sizeof(*e));
	if (url == NULL)
		url = getenv(XAPI_URI_ENV);
	if (url == NULL || *url == '\0')
		url = "unix:" XAPI_SOCKET;
	if (x != NULL) {
		x->fd = -1;
		x->text = strdup(url);
	}
	if (x == NULL || x->text == NULL) {
		xapi_fail(e, "XLD_NO_MEMORY", ENOMEM, "out of memory");
		xapi_close(x);
		return NULL;
	}
	if (parse_url(url, &x->url, e) < 0 ||
	    (x->url.scheme == XAPI_UNIX &&
		(x->fd = xapi_connect(x, e)) < 0)) {
		xapi_close(x);
		return NULL;
	}
	return x;
}

void
xapi_close(struct xapi *x)
{
	if (x == NULL)
		return;
	if (x->session != NULL) {
		/* Nobody waits for a server that hangs just to say goodbye. */
		if (x->timeout == 0 || x->timeout > 2000)
			x->timeout = 2000;
		xapi_logout(x, NULL);
	}
	xapi_disconnect(x);
	if (xapi_far != NULL)
		xapi_far->close(x);
	free(x->session);
	free(x->text);
	free(x);
}

void
xapi_set_timeout(struct xapi *x, unsigned milliseconds)
{
	x->timeout = milliseconds;
}

const char *
xapi_session(const struct xapi *x)
{
	return x->session == NULL ? "" : x->session;
}

int
xapi_fail_far(const struct xapi *x, struct xapi_err *e)
{
	return xapi_fail(e, "XLD_UNREACHABLE", ENOTSUP,
	    "%s: this program reaches this host's xld alone", x->text);
}

int
xapi_exchange(struct xapi *x, const struct xapi_request *rq,
    struct xapi_reply *rp, struct xapi_err *e)
{
	rp->body.max = XAPI_REPLY_MAX;
	if (x->url.scheme == XAPI_UNIX)
		return xapi_http(x, rq, rp, e);
	if (xapi_far == NULL)
		return xapi_fail_far(x, e);
	return xapi_far->exchange(x, rq, rp, e);
}

/* The reply's value, or NULL with the failure it tells of. */
static struct xu_val *
open_reply(const struct xapi *x, const struct xapi_reply *rp,
    struct xapi_err *e)
{
	AUTO_VAL struct xu_val *failure = NULL;
	struct xu_err xe = XU_ERR_INIT;
	struct xu_val *v;

	if (rp->status != 200) {
		xapi_fail(e, "XLD_PROTOCOL", EPROTO,
		    "%s refuses the request: HTTP status %d%s%s", x->text,
		    rp->status, rp->message[0] == '\0' ? "" : ": ",
		    rp->message);
		return NULL;
	}
	v = xjson_read_reply(xu_buf_text(&rp->body), rp->body.len, &failure,
	    &xe);
	if (failure != NULL)
		xapi_fail_server(e, failure, rp->message);
	else if (v == NULL)
		xapi_fail(e, "XLD_PROTOCOL", EPROTO, "answer of %s: %s",
		    x->text, xe.msg);
	return v;
}

/* Takes args, which hold the session already. */
struct xu_val *
xapi_call_wait(struct xapi *x, struct xapi_err *e, const char *method,
    struct xu_val *args, unsigned timeout, enum xapi_wait wait)
{
	AUTO_BUF struct xu_buf body = XU_BUF_INIT;
	struct xapi_request rq = { .verb = "POST",
		.path = XAPI_CLASSIC_JSON,
		.body = &body,
		.timeout = timeout,
		.wait = wait };
	struct xapi_reply rp = { .status = 0 };
	struct xu_val *v = NULL;
	bool ok;

	if (e != NULL)
		memset(e, 0, sizeof(*e));
	xjson_write_call(&body, method, args);
	ok = body.error == 0 && xu_val_ok(args);
	xu_val_free(args);
	if (!ok)
		xapi_fail(e, "XLD_NO_MEMORY", ENOMEM,
		    "out of memory for the arguments of %s", method);
	else if (xapi_exchange(x, &rq, &rp, e) == 0)
		v = open_reply(x, &rp, e);
	xu_buf_fini(&rp.body);
	return v;
}

/* Messages that take no session in front. */
static bool
sessionless(const char *method)
{
	return strncmp(method, "session.login", 13) == 0 ||
	    strncmp(method, "system.", 7) == 0;
}

/* A new list: the session, then args' members (args is taken). */
static struct xu_val *
with_session(const struct xapi *x, const char *method, struct xu_val *args)
{
	struct xu_val *all = xu_array();

	if (!sessionless(method))
		xu_val_add(all, xu_str(xapi_session(x)));
	for (size_t i = 0; i < xu_val_count(args); i++)
		xu_val_add(all, xu_val_copy(xu_val_at(args, i)));
	if (args != NULL && !xu_val_ok(args))
		xu_val_add(all, NULL);
	xu_val_free(args);
	return all;
}

struct xapi_value *
xapi_callv(struct xapi *x, struct xapi_err *e, const char *method,
    struct xapi_value *args)
{
	return xapi_wrap(xapi_call_wait(x, e, method,
	    with_session(x, method, xapi_unwrap(args)), x->timeout,
	    XAPI_WAIT_CALL));
}

/* NULL with e set when fmt has a letter that is not one. */
struct xu_val *
xapi_vargs(const char *fmt, va_list ap, struct xapi_err *e)
{
	struct xu_val *args = xu_array();

	for (; fmt != NULL && *fmt != '\0'; fmt++) {
		switch (*fmt) {
		case 's':
			xu_val_add(args, xu_str(va_arg(ap, const char *)));
			break;
		case 'i':
			xu_val_add(args, xu_int(va_arg(ap, long long)));
			break;
		case 'b':
			xu_val_add(args, xu_bool(va_arg(ap, int) != 0));
			break;
		case 'd':
			xu_val_add(args, xu_float(va_arg(ap, double)));
			break;
		case 'v':
			xu_val_add(args,
			    xapi_unwrap(va_arg(ap, struct xapi_value *)));
			break;
		default:
			xapi_fail(e, "XLD_USAGE", EINVAL,
			    "'%c' is not a kind of argument", *fmt);
			xu_val_free(args);
			return NULL;
		}
	}
	if (args == NULL)
		xapi_fail(e, "XLD_NO_MEMORY", ENOMEM, "out of memory");
	return args;
}

struct xapi_value *
xapi_call(struct xapi *x, struct xapi_err *e, const char *method,
    const char *fmt, ...)
{
	struct xu_val *args;
	va_list ap;

	va_start(ap, fmt);
	args = xapi_vargs(fmt, ap, e);
	va_end(ap);
	return args == NULL ? NULL : xapi_callv(x, e, method, xapi_wrap(args));
}

int
xapi_do(struct xapi *x, struct xapi_err *e, const char *method,
    const char *fmt, ...)
{
	struct xapi_value *v = NULL;
	struct xu_val *args;
	va_list ap;

	va_start(ap, fmt);
	args = xapi_vargs(fmt, ap, e);
	va_end(ap);
	if (args != NULL)
		v = xapi_callv(x, e, method, xapi_wrap(args));
	xapi_free(v);
	return v == NULL ? -1 : 0;
}

int
xapi_login(struct xapi *x, const char *user, const char *password,
    struct xapi_err *e)
{
	struct xapi_value *v;
	char *s;

	if (user == NULL && x->url.scheme == XAPI_UNIX) {
		/* The connection has a session without it. */
		if (e != NULL)
			memset(e, 0, sizeof(*e));
		return 0;
	}
	v = xapi_call(x, e, "session.login_with_password", "ss",
	    user == NULL ? "root" : user, password == NULL ? "" : password);
	if (v == NULL)
		return -1;
	s = strdup(xapi_str(v));
	xapi_free(v);
	if (s == NULL)
		return xapi_fail(e, "XLD_NO_MEMORY", ENOMEM, "out of memory");
	free(x->session);
	x->session = s;
	return 0;
}

int
xapi_logout(struct xapi *x, struct xapi_err *e)
{
	int rc;

	if (x->session == NULL)
		return 0;
	rc = xapi_do(x, e, "session.logout", "");
	free(steal_ptr(&x->session));
	return rc;
}
