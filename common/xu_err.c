/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Error objects; see xu_err.h. Knows no error code by name. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "xu_err.h"

void
xu_err_clear(struct xu_err *e)
{
	if (e != NULL)
		memset(e, 0, sizeof(*e));
}

int
xu_err_set(struct xu_err *e, const char *code, int errnum, const char *fmt, ...)
{
	va_list ap;
	size_t len;

	if (e == NULL || xu_err_is_set(e))
		return -1;
	snprintf(e->code, sizeof(e->code), "%s", code);
	e->errnum = errnum;
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	len = strlen(e->msg);
	if (errnum != 0)
		snprintf(e->msg + len, sizeof(e->msg) - len, ": %s",
		    strerror(errnum));
	return -1;
}

void
xu_err_param(struct xu_err *e, const char *fmt, ...)
{
	va_list ap;

	if (e == NULL || e->nparams >= XU_ERR_PARAM_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(e->params[e->nparams++], XU_ERR_PARAM_LEN, fmt, ap);
	va_end(ap);
}

int
xu_err_add(struct xu_err *e, const char *fmt, ...)
{
	char old[XU_ERR_MSG_MAX];
	va_list ap;
	size_t len;

	if (e == NULL)
		return -1;
	memcpy(old, e->msg, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	len = strlen(e->msg);
	(void)snprintf(e->msg + len, sizeof(e->msg) - len, ": %s", old);
	return -1;
}
