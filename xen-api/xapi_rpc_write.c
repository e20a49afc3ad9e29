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

#define PROLOGUE "<?xml version=\"1.0\"?>"
#define REPLACED "\xef\xbf\xbd"

/* Length of the UTF-8 sequence at p (n bytes left), 0 when it is not one that
 * XML 1.0 allows as a character. */
static size_t
sequence(const unsigned char *p, size_t n)
{
	uint32_t c = p[0];
	size_t len = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 :
	    c < 0xf5		    ? 4 :
					      0;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	if (len == 0 || len > n)
		return 0;
	if (len == 1)
		return c >= 0x20 || c == '\t' || c == '\n' || c == '\r';
	c &= 0xffu >> (len + 1);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ||
	    c == 0xfffe || c == 0xffff)
		return 0;
	return len;
}

/* Text that cannot stand in XML (guest names, dmesg) is marked, not dropped:
 * one bad byte must not make a whole reply unreadable. */
static void
escape(struct xu_buf *out, const char *s, size_t len)
{
	size_t i = 0, start = 0, n;
	const char *as;

	while (i < len) {
		n = sequence((const unsigned char *)s + i, len - i);
		as = n == 0	? REPLACED :
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

static void
write_value(struct xu_buf *out, const struct xu_val *v)
{
	const char *name;

	xu_buf_adds(out, "<value>");
	switch (xu_val_type(v)) {
	case XU_VOID:
		xu_buf_adds(out, "<string></string>");
		break;
	case XU_BOOL:
		xu_buf_adds(out, xu_val_bool(v) ? "<boolean>1</boolean>" :
						  "<boolean>0</boolean>");
		break;
	case XU_INT:
		xu_buf_addf(out, "<string>%" PRId64 "</string>", xu_val_int(v));
		break;
	case XU_FLOAT:
		write_float(out, xu_val_float(v));
		break;
	case XU_STRING:
		xu_buf_adds(out, "<string>");
		escape(out, xu_val_str(v), xu_val_strlen(v));
		xu_buf_adds(out, "</string>");
		break;
	case XU_DATETIME:
		xu_buf_adds(out, "<dateTime.iso8601>");
		escape(out, xu_val_str(v), strlen(xu_val_str(v)));
		xu_buf_adds(out, "</dateTime.iso8601>");
		break;
	case XU_ARRAY:
		xu_buf_adds(out, "<array><data>");
		for (size_t i = 0; i < xu_val_count(v); i++)
			write_value(out, xu_val_at(v, i));
		xu_buf_adds(out, "</data></array>");
		break;
	case XU_STRUCT:
		xu_buf_adds(out, "<struct>");
		for (size_t i = 0; i < xu_val_count(v); i++) {
			name = xu_val_name_at(v, i);
			xu_buf_adds(out, "<member><name>");
			escape(out, name, strlen(name));
			xu_buf_adds(out, "</name>");
			write_value(out, xu_val_at(v, i));
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
		write_value(out, xu_val_at(params, i));
		xu_buf_adds(out, "</param>");
	}
	xu_buf_adds(out, "</params></methodCall>");
}

void
xrpc_write_bare(struct xu_buf *out, const struct xu_val *value)
{
	xu_buf_adds(out, PROLOGUE "<methodResponse><params><param>");
	write_value(out, value);
	xu_buf_adds(out, "</param></params></methodResponse>");
}

static void
write_envelope(struct xu_buf *out, const char *status, const char *name,
    const struct xu_val *value)
{
	xu_buf_addf(out,
	    PROLOGUE "<methodResponse><params><param><value><struct>"
		     "<member><name>Status</name><value><string>%s</string>"
		     "</value></member><member><name>%s</name>",
	    status, name);
	write_value(out, value);
	xu_buf_adds(out,
	    "</member></struct></value></param></params>"
	    "</methodResponse>");
}

void
xrpc_write_success(struct xu_buf *out, const struct xu_val *value)
{
	write_envelope(out, "Success", "Value", value);
}

void
xrpc_write_failure(struct xu_buf *out, const struct xu_val *description)
{
	write_envelope(out, "Failure", "ErrorDescription", description);
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
