/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Errors of the client library: XenAPI's code and parameters, one sentence, and
 * the exit status a command should end with.
 */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "schema.h"
#include "xapi_private.h"

static int
exit_code(const char *code)
{
	const struct model_error *row = model_find_error(code);

	return row == NULL ? 1 : row->exit_code;
}

static void
one_line(char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ')
			*s = ' ';
}

int
xapi_fail(struct xapi_err *e, const char *code, int errnum, const char *fmt,
    ...)
{
	va_list ap;

	if (e != NULL) {
		memset(e, 0, sizeof(*e));
		snprintf(e->code, sizeof(e->code), "%s", code);
		va_start(ap, fmt);
		vsnprintf(e->message, sizeof(e->message), fmt, ap);
		va_end(ap);
		one_line(e->message);
		e->errnum = errnum;
		e->exit_code = exit_code(code);
	}
	errno = errnum != 0 ? errnum : EIO;
	return -1;
}

/* The model's sentence and the parameters, or CODE and parameters. */
static void
plain_sentence(struct xapi_err *e)
{
	const struct model_error *row = model_find_error(e->code);
	const char *what = row != NULL ? row->sentence : e->code;
	size_t n;

	n = (size_t)snprintf(e->message, sizeof(e->message), "%.*s",
	    row != NULL ? (int)strcspn(what, ".") : (int)strlen(what), what);
	for (int i = 0; i < e->nparams && n < sizeof(e->message); i++)
		n += (size_t)snprintf(e->message + n, sizeof(e->message) - n,
		    "%s%s", i == 0 ? ": " : ", ", e->params[i]);
}

int
xapi_fail_server(struct xapi_err *e, const struct xu_val *description,
    const char *sentence)
{
	size_t n = xu_val_count(description);
	const char *code = xu_val_str(xu_val_at(description, 0));

	if (n == 0 || code[0] == '\0')
		return xapi_fail(e, "XLD_PROTOCOL", EPROTO,
		    "the server reports a failure without a code");
	if (e != NULL) {
		memset(e, 0, sizeof(*e));
		snprintf(e->code, sizeof(e->code), "%s", code);
		for (size_t i = 1; i < n && e->nparams < XAPI_PARAM_MAX; i++)
			snprintf(e->params[e->nparams++], XAPI_PARAM_LEN, "%s",
			    xu_val_str(xu_val_at(description, i)));
		if (sentence[0] != '\0')
			snprintf(e->message, sizeof(e->message), "%s",
			    sentence);
		else
			plain_sentence(e);
		one_line(e->message);
		e->exit_code = exit_code(code);
	}
	errno = EREMOTEIO;
	return -1;
}
