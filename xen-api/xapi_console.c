/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Consoles: an HTTP connection of its own, upgraded to raw bytes, or the
 * history as a plain download.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "xapi_private.h"

/* uuid and session are put into a URL: letters, digits and -:. only. */
static int
console_path(const struct xapi *x, const char *uuid, char *out, size_t size,
    struct xapi_err *e)
{
	int n;

	for (const char *p = uuid; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && strchr("-:.", *p) == NULL)
			return xapi_fail(e, "XLD_USAGE", EINVAL,
			    "'%s' is not the uuid of a guest", uuid);
	n = snprintf(out, size, "/console?session_id=%s&uuid=%s",
	    xapi_session(x), uuid);
	if (n < 0 || (size_t)n >= size)
		return xapi_fail(e, "XLD_USAGE", EINVAL,
		    "'%.40s...' is not the uuid of a guest", uuid);
	return 0;
}

/* A reply that is not what was asked for, as an error. */
static int
refused(const struct xapi *x, const struct xapi_reply *rp, const char *uuid,
    struct xapi_err *e)
{
	AUTO_VAL struct xu_val *d = NULL;
	char code[XAPI_CODE_MAX] = "";
	const char *text = xu_buf_text(&rp->body);
	size_t n = strcspn(text, " \r\n");

	/* The server writes the code as the first word of the body. */
	if (n > 0 && n < sizeof(code) && isupper((unsigned char)text[0])) {
		d = xu_array();
		xu_val_add(d, xu_strn(text, n));
		xu_val_add(d, xu_str(uuid));
		return xapi_fail_server(e, d, rp->message);
	}
	return xapi_fail(e, "XLD_PROTOCOL", EPROTO,
	    "%s does not give the console of %s: HTTP status %d", x->text,
	    uuid, rp->status);
}

int
xapi_console(struct xapi *x, const char *uuid, unsigned flags,
    struct xapi_err *e)
{
	struct xapi_reply rp = { .status = 0 };
	char path[512], request[1024];
	int fd, rc;

	if (e != NULL)
		memset(e, 0, sizeof(*e));
	if (console_path(x, uuid, path, sizeof(path), e) < 0)
		return -1;
	snprintf(request, sizeof(request),
	    "GET %s%s%s HTTP/1.1\r\nHost: localhost\r\n"
	    "Connection: Upgrade\r\nUpgrade: xld-console\r\n\r\n",
	    path, (flags & XAPI_CONSOLE_HISTORY) != 0 ? "&history=1" : "",
	    (flags & XAPI_CONSOLE_READONLY) != 0 ? "&readonly=1" : "");
	fd = xapi_connect(x, e);
	if (fd < 0)
		return -1;
	rc = xapi_http_head(fd, x, request, &rp, e);
	if (rc == 0 && rp.status != 101)
		rc = refused(x, &rp, uuid, e);
	xu_buf_fini(&rp.body);
	if (rc == 0)
		return fd;
	close(fd);
	return -1;
}

char *
xapi_console_log(struct xapi *x, const char *uuid, size_t *len,
    struct xapi_err *e)
{
	struct xapi_reply rp = { .status = 0 };
	char path[512], *text = NULL;
	struct xapi_request rq = { .verb = "GET",
		.path = path,
		.timeout = x->timeout };

	if (e != NULL)
		memset(e, 0, sizeof(*e));
	if (console_path(x, uuid, path, sizeof(path), e) < 0)
		return NULL;
	if (xapi_exchange(x, &rq, &rp, e) == 0) {
		if (rp.status != 200) {
			refused(x, &rp, uuid, e);
		} else {
			if (len != NULL)
				*len = rp.body.len;
			xu_buf_adds(&rp.body, "");
			text = xu_buf_steal(&rp.body);
			if (text == NULL)
				xapi_fail(e, "XLD_NO_MEMORY", ENOMEM,
				    "out of memory");
		}
	}
	xu_buf_fini(&rp.body);
	return text;
}
