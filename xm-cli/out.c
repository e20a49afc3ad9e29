/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a person or a program reads: errors in one line (xm's word "Error:" is
 * relied on by scripts), JSON, S-expressions, dates.
 */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "errors.h"
#include "xm.h"

static void
print_error_json(const struct xapi_err *e, bool lines)
{
	struct xapi_value *top = xapi_new_struct(), *err = xapi_new_struct();
	struct xapi_value *params = xapi_new_array();
	char *text;

	for (int i = 0; i < e->nparams; i++)
		xapi_add(params, xapi_new_str(e->params[i]));
	xapi_set(err, "code", xapi_new_str(e->code));
	xapi_set(err, "message", xapi_new_str(e->message));
	xapi_set(err, "params", params);
	xapi_set(err, "exit", xapi_new_int(e->exit_code));
	xapi_set(top, "error", err);
	text = xapi_to_json(top, !lines);
	/* Without memory: the bare fact. */
	fputs(text != NULL ? text : "{\"error\": {}}", stderr);
	if (text == NULL || lines)
		fputc('\n', stderr);
	free(text);
	xapi_free(top);
}

int
xm_fail(struct xm *xm, const struct xapi_err *e)
{
	if (xm->format == XM_JSON)
		print_error_json(e, xm->lines);
	else
		fprintf(stderr, "Error: %s\n", e->message);
	return e->exit_code == 0 ? XM_FAILED : e->exit_code;
}

int
xm_fail_domain(struct xm *xm, const char *what, const struct xapi_err *e)
{
	/* The second: it went while we spoke of it. */
	if (strcmp(e->code, XE(XLD_NO_SUCH_VM)) == 0 ||
	    (strcmp(e->code, XE(HANDLE_INVALID)) == 0 &&
		strcmp(e->params[0], "VM") == 0))
		return xm_no_domain(xm, what);
	return xm_fail(xm, e);
}

int
xm_no_domain(struct xm *xm, const char *what)
{
	/* xm's sentence, which scripts look for, and xl's. */
	if (xm->xl)
		return xm_error(xm, XE(XLD_NO_SUCH_VM), XM_NOT_FOUND,
		    "%s is an invalid domain identifier (rc=-6)", what);
	return xm_error(xm, XE(XLD_NO_SUCH_VM), XM_NOT_FOUND,
	    "Domain '%s' does not exist. See xm list.", what);
}

int
xm_error(struct xm *xm, const char *code, int exit_code, const char *fmt, ...)
{
	struct xapi_err e = { .exit_code = exit_code };
	va_list ap;

	snprintf(e.code, sizeof(e.code), "%s", code);
	va_start(ap, fmt);
	vsnprintf(e.message, sizeof(e.message), fmt, ap);
	va_end(ap);
	return xm_fail(xm, &e);
}

int
xm_no_memory(struct xm *xm)
{
	return xm_error(xm, XE(XLD_NO_MEMORY), XM_RESOURCE, "out of memory");
}

int
xm_print(struct xm *xm, const struct xu_buf *text)
{
	if (text->error != 0)
		return xm_no_memory(xm);
	fputs(xu_buf_text(text), stdout);
	return 0;
}

bool
xm_json_line(const struct xapi_value *v, struct xu_buf *out)
{
	AUTO_FREE char *text = v == NULL ? NULL : xapi_to_json(v, 0);

	if (text == NULL)
		return false;
	xu_buf_adds(out, text);
	xu_buf_addc(out, '\n');
	return true;
}

/* An array's members have a line each. */
static int
json_lines(struct xm *xm, const struct xapi_value *v)
{
	bool list = v != NULL && xapi_type(v) == XAPI_ARRAY;
	AUTO_BUF struct xu_buf out = XU_BUF_INIT;

	for (size_t i = 0; list && i < xapi_count(v); i++)
		if (!xm_json_line(xapi_at(v, i), &out))
			return xm_no_memory(xm);
	if (!list && !xm_json_line(v, &out))
		return xm_no_memory(xm);
	return xm_print(xm, &out);
}

int
xm_json(struct xm *xm, struct xapi_value *v)
{
	char *text;
	int status;

	if (xm->lines) {
		status = json_lines(xm, v);
		xapi_free(v);
		return status;
	}
	text = v == NULL ? NULL : xapi_to_json(v, 1);
	xapi_free(v);
	if (text == NULL)
		return xm_no_memory(xm);
	fputs(text, stdout);
	free(text);
	return 0;
}

long long
xm_seconds(const char *from, const char *to)
{
	struct tm a = { .tm_isdst = 0 }, b = { .tm_isdst = 0 };

	if (strptime(from, "%Y%m%dT%H:%M:%S", &a) == NULL ||
	    strptime(to, "%Y%m%dT%H:%M:%S", &b) == NULL)
		return 0;
	return (long long)timegm(&b) - (long long)timegm(&a);
}

/* --- S-expressions -------------------------------------------------------- */

#define SXP_WIDTH 80

static void
sxp_atom(const char *s, struct xu_buf *out)
{
	bool plain = *s != '\0' && strpbrk(s, " \t\n()'\"\\") == NULL;

	if (plain) {
		xu_buf_adds(out, s);
		return;
	}
	xu_buf_addc(out, '\'');
	for (; *s != '\0'; s++) {
		if (*s == '\'' || *s == '\\')
			xu_buf_addc(out, '\\');
		if (*s == '\n')
			xu_buf_adds(out, "\\n");
		else
			xu_buf_addc(out, *s);
	}
	xu_buf_addc(out, '\'');
}

static void
sxp_flat(const struct xapi_value *v, struct xu_buf *out)
{
	if (xapi_type(v) != XAPI_ARRAY) {
		sxp_atom(xapi_str(v), out);
		return;
	}
	xu_buf_addc(out, '(');
	for (size_t i = 0; i < xapi_count(v); i++) {
		if (i != 0)
			xu_buf_addc(out, ' ');
		sxp_flat(xapi_at(v, i), out);
	}
	xu_buf_addc(out, ')');
}

/* A form that fits stays on its line; else its children have one each. */
static void
sxp_at(const struct xapi_value *v, size_t indent, struct xu_buf *out)
{
	AUTO_BUF struct xu_buf flat = XU_BUF_INIT;

	sxp_flat(v, &flat);
	if (indent + flat.len < SXP_WIDTH || xapi_type(v) != XAPI_ARRAY ||
	    xapi_type(xapi_at(v, xapi_count(v) - 1)) != XAPI_ARRAY) {
		xu_buf_adds(out, xu_buf_text(&flat));
		return;
	}
	xu_buf_addc(out, '(');
	sxp_flat(xapi_at(v, 0), out);
	for (size_t i = 1; i < xapi_count(v); i++) {
		xu_buf_addf(out, "\n%*s", (int)indent + 4, "");
		sxp_at(xapi_at(v, i), indent + 4, out);
	}
	xu_buf_addf(out, "\n%*s)", (int)indent, "");
}

void
xm_sxp(const struct xapi_value *form, struct xu_buf *out)
{
	sxp_at(form, 0, out);
	xu_buf_addc(out, '\n');
}

void
xm_sxp_str(struct xapi_value *form, const char *name, const char *value)
{
	struct xapi_value *pair = xapi_new_array();

	xapi_add(pair, xapi_new_str(name));
	xapi_add(pair, xapi_new_str(value));
	xapi_add(form, pair);
}

void
xm_sxp_int(struct xapi_value *form, const char *name, long long value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", value);
	xm_sxp_str(form, name, text);
}

const char *
xm_sxp_image(const char *domain_type)
{
	return domain_type[0] == '\0' || strcmp(domain_type, "pv") == 0
	    ? "linux"
	    : domain_type;
}
