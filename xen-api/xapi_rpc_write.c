/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Values to XML-RPC text. The reader on the other side may be libxen, which
 * wants Status first, no white space inside values, real tags for double,
 * boolean and date, and takes numbers as strings.
 */
#include "config.h"

#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "xapi_rpc.h"
#include "xu_utf8.h"

#define PROLOGUE "<?xml version=\"1.0\"?>"

/* Length of the character at p (n bytes left), 0 when it is none that XML 1.0
 * allows. */
static size_t
sequence(const char *p, size_t n)
{
	uint32_t c = 0;
	size_t len = xu_utf8_next(p, n, &c);

	if (len == 1)
		return c >= 0x20 || c == '\t' || c == '\n' || c == '\r';
	return c == 0xfffe || c == 0xffff ? 0 : len;
}

static bool
is_plain(char c)
{
	return c >= ' ' && c < 0x7f && c != '&' && c != '<' && c != '>';
}

/* Text that cannot stand in XML (guest names, dmesg) is marked, not dropped:
 * one bad byte must not make a whole reply unreadable. */
static void
escape(struct xu_buf *out, const char *s, size_t len)
{
	size_t i = 0, start = 0, n;
	const char *as;

	while (i < len) {
		/* Nearly all of it. */
		if (is_plain(s[i])) {
			i++;
			continue;
		}
		n = sequence(s + i, len - i);
		as = n == 0	? XU_UTF8_REPLACED :
		    s[i] == '&' ? "&amp;" :
		    s[i] == '<' ? "&lt;" :
		    s[i] == '>' ? "&gt;" :
		    /* A parser would turn a bare one into a newline. */
		    s[i] == '\r' ? "&#13;" :
				   NULL;
		if (as != NULL) {
			xu_buf_add(out, s + start, i - start);
			xu_buf_adds(out, as);
			start = i + 1;
		}
		i += n == 0 ? 1 : n;
	}
	xu_buf_add(out, s + start, len - start);
}

static void
write_float(struct xu_buf *out, double d)
{
	char text[40], *comma;

	/* XML-RPC has no words for these. */
	if (!isfinite(d))
		d = 0;
	snprintf(text, sizeof(text), "%.16g", d);
	comma = strpbrk(text, ",");
	if (comma != NULL)
		*comma = '.';
	xu_buf_adds(out, "<double>");
	xu_buf_adds(out, text);
	if (strpbrk(text, ".e") == NULL)
		xu_buf_adds(out, ".0");
	xu_buf_adds(out, "</double>");
}

/* The one member whose numbers clients take as they are: a real int. */
static void
write_counts(struct xu_buf *out, const struct xu_val *v)
{
	xu_buf_adds(out, "<value><struct>");
	for (size_t i = 0; i < xu_val_count(v); i++) {
		xu_buf_adds(out, "<member><name>");
		escape(out, xu_val_name_at(v, i), strlen(xu_val_name_at(v, i)));
		xu_buf_addf(out,
		    "</name><value><i4>%" PRId64 "</i4></value></member>",
		    xu_val_int(xu_val_at(v, i)));
	}
	xu_buf_adds(out, "</struct></value>");
}

static void
write_string(struct xu_buf *out, const char *s, size_t len, bool tags)
{
	if (tags)
		xu_buf_adds(out, "<string>");
	escape(out, s, len);
	if (tags)
		xu_buf_adds(out, "</string>");
}

void
xrpc_write_value(struct xu_buf *out, const struct xu_val *v, bool tags)
{
	const char *name;
	char number[24];

	xu_buf_adds(out, "<value>");
	switch (xu_val_type(v)) {
	case XU_VOID:
		write_string(out, "", 0, tags);
		break;
	case XU_BOOL:
		xu_buf_adds(out, xu_val_bool(v) ? "<boolean>1</boolean>" :
						  "<boolean>0</boolean>");
		break;
	case XU_INT:
		write_string(out, number,
		    (size_t)snprintf(number, sizeof(number), "%" PRId64,
			xu_val_int(v)), tags);
		break;
	case XU_FLOAT:
		write_float(out, xu_val_float(v));
		break;
	case XU_STRING:
		write_string(out, xu_val_str(v), xu_val_strlen(v), tags);
		break;
	case XU_DATETIME:
		xu_buf_adds(out, "<dateTime.iso8601>");
		escape(out, xu_val_str(v), strlen(xu_val_str(v)));
		xu_buf_adds(out, "</dateTime.iso8601>");
		break;
	case XU_ARRAY:
		xu_buf_adds(out, "<array><data>");
		for (size_t i = 0; i < xu_val_count(v); i++)
			xrpc_write_value(out, xu_val_at(v, i), tags);
		xu_buf_adds(out, "</data></array>");
		break;
	case XU_STRUCT:
		xu_buf_adds(out, "<struct>");
		for (size_t i = 0; i < xu_val_count(v); i++) {
			name = xu_val_name_at(v, i);
			xu_buf_adds(out, "<member><name>");
			escape(out, name, strlen(name));
			xu_buf_adds(out, "</name>");
			if (strcmp(name, "valid_ref_counts") == 0)
				write_counts(out, xu_val_at(v, i));
			else
				xrpc_write_value(out, xu_val_at(v, i), tags);
			xu_buf_adds(out, "</member>");
		}
		xu_buf_adds(out, "</struct>");
		break;
	}
	xu_buf_adds(out, "</value>");
}

void
xrpc_write_call(struct xu_buf *out, const char *method,
    const struct xu_val *params)
{
	xu_buf_adds(out, PROLOGUE "<methodCall><methodName>");
	escape(out, method, strlen(method));
	xu_buf_adds(out, "</methodName><params>");
	for (size_t i = 0; i < xu_val_count(params); i++) {
		xu_buf_adds(out, "<param>");
		xrpc_write_value(out, xu_val_at(params, i), true);
		xu_buf_adds(out, "</param>");
	}
	xu_buf_adds(out, "</params></methodCall>");
}

void
xrpc_write_bare(struct xu_buf *out, const struct xu_val *value)
{
	xu_buf_adds(out, PROLOGUE "<methodResponse><params><param>");
	xrpc_write_value(out, value, true);
	xu_buf_adds(out, "</param></params></methodResponse>");
}

static void
write_envelope(struct xu_buf *out, const char *status, const char *name,
    const struct xu_val *value, bool tags)
{
	xu_buf_adds(out,
	    PROLOGUE "<methodResponse><params><param><value><struct>"
		     "<member><name>Status</name><value>");
	write_string(out, status, strlen(status), tags);
	xu_buf_addf(out, "</value></member><member><name>%s</name>", name);
	xrpc_write_value(out, value, tags);
	xu_buf_adds(out,
	    "</member></struct></value></param></params>"
	    "</methodResponse>");
}

void
xrpc_write_success(struct xu_buf *out, const struct xu_val *value, bool tags)
{
	write_envelope(out, "Success", "Value", value, tags);
}

void
xrpc_write_failure(struct xu_buf *out, const struct xu_val *description,
    bool tags)
{
	write_envelope(out, "Failure", "ErrorDescription", description, tags);
}

void
xrpc_write_fault(struct xu_buf *out, int code, const char *text)
{
	/* faultCode first, and a real int: libxen and the XML-RPC text agree. */
	xu_buf_addf(out,
	    PROLOGUE "<methodResponse><fault><value><struct><member>"
		     "<name>faultCode</name><value><int>%d</int></value>"
		     "</member><member><name>faultString</name><value><string>",
	    code);
	escape(out, text, strlen(text));
	xu_buf_adds(out,
	    "</string></value></member></struct></value>"
	    "</fault></methodResponse>");
}
