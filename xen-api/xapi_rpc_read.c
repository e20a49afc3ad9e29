/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * XML-RPC text to values, one pass over libxml2's SAX events with a stack of
 * open elements. Nothing is fetched, no entity is expanded beyond XML's own
 * five, a document type ends the parse. The grammar is the table below.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <libxml/parser.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xapi_rpc.h"
#include "xu_num.h"

enum el {
	EL_NONE,
	EL_CALL,
	EL_METHOD,
	EL_RESPONSE,
	EL_PARAMS,
	EL_PARAM,
	EL_FAULT,
	EL_VALUE,
	EL_ARRAY,
	EL_DATA,
	EL_STRUCT,
	EL_MEMBER,
	EL_NAME,
	/* Scalars from here on. */
	EL_STRING,
	EL_INT,
	EL_BOOLEAN,
	EL_DOUBLE,
	EL_DATE,
	EL_BASE64,
	EL_NIL,
};

#define IN(x) (1u << (x))

/* A row per element: its name, and inside which others it may stand. */
static const struct {
	const char *name;
	enum el el;
	unsigned within;
} elements[] = {
	{ "methodCall", EL_CALL, IN(EL_NONE) },
	{ "methodName", EL_METHOD, IN(EL_CALL) },
	{ "methodResponse", EL_RESPONSE, IN(EL_NONE) },
	{ "params", EL_PARAMS, IN(EL_CALL) | IN(EL_RESPONSE) },
	/* libxen writes <array><param> where <array><data> is meant. */
	{ "param", EL_PARAM, IN(EL_PARAMS) | IN(EL_ARRAY) },
	{ "fault", EL_FAULT, IN(EL_RESPONSE) },
	{ "value", EL_VALUE,
	    IN(EL_PARAM) | IN(EL_FAULT) | IN(EL_DATA) | IN(EL_MEMBER) },
	{ "array", EL_ARRAY, IN(EL_VALUE) },
	{ "data", EL_DATA, IN(EL_ARRAY) },
	{ "struct", EL_STRUCT, IN(EL_VALUE) },
	{ "member", EL_MEMBER, IN(EL_STRUCT) },
	{ "name", EL_NAME, IN(EL_MEMBER) },
	{ "string", EL_STRING, IN(EL_VALUE) },
	{ "int", EL_INT, IN(EL_VALUE) },
	{ "i4", EL_INT, IN(EL_VALUE) },
	{ "i8", EL_INT, IN(EL_VALUE) },
	{ "boolean", EL_BOOLEAN, IN(EL_VALUE) },
	{ "double", EL_DOUBLE, IN(EL_VALUE) },
	{ "dateTime.iso8601", EL_DATE, IN(EL_VALUE) },
	{ "base64", EL_BASE64, IN(EL_VALUE) },
	{ "nil", EL_NIL, IN(EL_VALUE) },
};

struct frame {
	enum el el;
	/* What the element has made so far: VALUE, ARRAY, STRUCT, FAULT. */
	struct xu_val *val;
	/* MEMBER's name. */
	char *name;
};

struct reader {
	xmlParserCtxtPtr xml;
	struct frame stack[XRPC_MAX_DEPTH + 1];
	unsigned depth;
	/* Characters of the innermost open element. */
	struct xu_buf text;
	enum el root;
	bool fault, failed;
	char *method;
	/* A call's arguments; what a response carries. */
	struct xu_val *params, *reply;
	struct xu_err *e;
};

static int refuse(struct reader *r, const char *fmt, ...) XU_PRINTF(2, 3);

static int
refuse(struct reader *r, const char *fmt, ...)
{
	char what[256];
	va_list ap;

	if (r->failed)
		return -1;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	r->failed = true;
	xu_err_set(r->e, "XLD_PROTOCOL", 0, "not XML-RPC: line %d: %s",
	    xmlSAX2GetLineNumber(r->xml), what);
	xmlStopParser(r->xml);
	return -1;
}

/* Takes v, the one value of a response. */
static void
keep_reply(struct reader *r, struct xu_val *v)
{
	if (r->reply == NULL) {
		r->reply = v;
		return;
	}
	xu_val_free(v);
	refuse(r, "two values where one belongs");
}

static struct frame *
top(struct reader *r)
{
	return &r->stack[r->depth];
}

static bool
blank(const struct xu_buf *b)
{
	for (size_t i = 0; i < b->len; i++)
		if (!isspace((unsigned char)b->data[i]))
			return false;
	return true;
}

/* Takes v. */
static void
give(struct reader *r, struct frame *to, struct xu_val *v)
{
	int bad;

	if (v == NULL) {
		refuse(r, "out of memory");
		return;
	}
	switch (to->el) {
	case EL_VALUE:
	case EL_FAULT:
		bad = to->val != NULL;
		if (bad)
			xu_val_free(v);
		else
			to->val = v;
		if (bad)
			refuse(r, "two values where one belongs");
		return;
	case EL_PARAM:
		/* Of the call, or of libxen's array. */
		to--;
		if (to->el == EL_PARAMS && r->root == EL_RESPONSE) {
			keep_reply(r, v);
			return;
		}
		if (to->el == EL_PARAMS)
			bad = xu_val_add(r->params, v);
		else
			bad = xu_val_add(to->val, v);
		break;
	case EL_DATA:
		bad = xu_val_add(to[-1].val, v);
		break;
	case EL_MEMBER:
		if (to->name == NULL) {
			xu_val_free(v);
			refuse(r, "a member has its value before its name");
			return;
		}
		bad = xu_val_set(to[-1].val, to->name, v);
		free(steal_ptr(&to->name));
		break;
	default:
		xu_val_free(v);
		refuse(r, "a value in a wrong place");
		return;
	}
	if (bad)
		refuse(r, "out of memory");
}

static struct xu_val *
read_float(const char *s)
{
	locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	double d;
	char *end;

	if (c == (locale_t)0)
		return NULL;
	d = strtod_l(s, &end, c);
	freelocale(c);
	return end == s || *end != '\0' ? NULL : xu_float(d);
}

/* RFC 4648 with white space between; NULL when malformed. */
static struct xu_val *
read_base64(const char *s)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	AUTO_BUF struct xu_buf out = XU_BUF_INIT;
	uint32_t bits = 0;
	unsigned n = 0, pad = 0;
	const char *at;

	for (; *s != '\0'; s++) {
		if (isspace((unsigned char)*s))
			continue;
		if (*s == '=') {
			pad++;
			continue;
		}
		at = strchr(digits, *s);
		if (at == NULL || pad != 0)
			return NULL;
		bits = bits << 6 | (uint32_t)(at - digits);
		if (n++ % 4 != 0)
			xu_buf_addc(&out,
			    (char)(bits >> (6 - 2 * ((n - 1) % 4))));
	}
	if (pad > 2 || (n + pad) % 4 != 0)
		return NULL;
	return xu_strn(xu_buf_text(&out), out.len);
}

/* The text of an element without the white space around it. */
static char *
trimmed(struct xu_buf *b)
{
	static char nothing[1];
	char *s = b->data;

	if (b->len == 0)
		return nothing;
	while (b->len > 0 && isspace((unsigned char)s[b->len - 1]))
		s[--b->len] = '\0';
	while (isspace((unsigned char)*s))
		s++;
	return s;
}

static struct xu_val *
scalar(struct reader *r, enum el el)
{
	struct xu_val *v = NULL;
	int64_t i;
	char *s;

	if (el == EL_STRING)
		return xu_strn(xu_buf_text(&r->text), r->text.len);
	s = trimmed(&r->text);
	switch (el) {
	case EL_INT:
		if (xu_num_i64(s[0] == '+' ? s + 1 : s, INT64_MIN, INT64_MAX,
			&i))
			v = xu_int(i);
		break;
	case EL_BOOLEAN:
		if (strcmp(s, "0") == 0 || strcmp(s, "1") == 0)
			v = xu_bool(s[0] == '1');
		break;
	case EL_DOUBLE:
		v = read_float(s);
		break;
	case EL_DATE:
		v = xu_datetime_text(s);
		break;
	case EL_BASE64:
		v = read_base64(s);
		break;
	case EL_NIL:
		if (s[0] == '\0')
			v = xu_void();
		break;
	default:
		break;
	}
	if (v == NULL)
		refuse(r, "'%.40s' is not %s", s,
		    el == EL_INT	 ? "an integer of 64 bits" :
			el == EL_BOOLEAN ? "a boolean (0 or 1)" :
			el == EL_DOUBLE	 ? "a number" :
			el == EL_BASE64	 ? "base64" :
					   "a value of its type");
	return v;
}

static void
on_start(void *ctx, const xmlChar *name, const xmlChar *prefix XU_UNUSED,
    const xmlChar *uri XU_UNUSED, int nns XU_UNUSED,
    const xmlChar **ns XU_UNUSED, int natts XU_UNUSED, int ndefs XU_UNUSED,
    const xmlChar **atts XU_UNUSED)
{
	struct reader *r = ctx;
	struct frame *parent = top(r), *f;
	size_t i;

	if (r->failed)
		return;
	if (r->depth == XRPC_MAX_DEPTH) {
		refuse(r, "more than %d levels", XRPC_MAX_DEPTH);
		return;
	}
	for (i = 0; i < XU_ARRAY_SIZE(elements); i++)
		if (strcmp(elements[i].name, (const char *)name) == 0)
			break;
	if (i == XU_ARRAY_SIZE(elements) ||
	    (elements[i].within & IN(parent->el)) == 0) {
		refuse(r, "<%.40s> does not belong here", (const char *)name);
		return;
	}
	if (!blank(&r->text)) {
		refuse(r, "text beside <%.40s>", (const char *)name);
		return;
	}
	if (parent->el == EL_VALUE && parent->val != NULL) {
		refuse(r, "two types in one <value>");
		return;
	}
	xu_buf_reset(&r->text);
	f = &r->stack[++r->depth];
	*f = (struct frame){ .el = elements[i].el };
	if (f->el == EL_ARRAY)
		f->val = xu_array();
	else if (f->el == EL_STRUCT)
		f->val = xu_struct();
	else if (f->el == EL_FAULT)
		r->fault = true;
	if ((f->el == EL_ARRAY || f->el == EL_STRUCT) && f->val == NULL)
		refuse(r, "out of memory");
	if (r->depth == 1)
		r->root = f->el;
}

static void
end_text(struct reader *r, struct frame *f, char **to)
{
	if (*to != NULL || r->text.len == 0 ||
	    strlen(r->text.data) != r->text.len) {
		refuse(r, "%s", f->el == EL_METHOD ?
			"methodName is empty or given twice" :
			"a member has no name or two");
		return;
	}
	*to = xu_buf_steal(&r->text);
	if (*to == NULL)
		refuse(r, "out of memory");
}

static void
on_end(void *ctx, const xmlChar *name XU_UNUSED,
    const xmlChar *prefix XU_UNUSED, const xmlChar *uri XU_UNUSED)
{
	struct reader *r = ctx;
	struct frame *f = top(r), *parent = f - 1;
	struct xu_val *v;

	if (r->failed || r->depth == 0)
		return;
	/* Stays on the stack, hence freed, until its value has moved on. */
	if (f->el >= EL_STRING) {
		v = scalar(r, f->el);
		if (v != NULL)
			give(r, parent, v);
	} else if (f->el == EL_METHOD) {
		end_text(r, f, &r->method);
	} else if (f->el == EL_NAME) {
		end_text(r, f, &parent->name);
	} else if (f->el == EL_VALUE && f->val == NULL) {
		/* No type: a string, blanks and all. */
		give(r, parent, xu_strn(xu_buf_text(&r->text), r->text.len));
	} else if (!blank(&r->text)) {
		refuse(r, "text where none belongs");
	} else if (f->el == EL_FAULT) {
		if (f->val == NULL)
			refuse(r, "an empty fault");
		else
			keep_reply(r, steal_ptr(&f->val));
	} else if (f->val != NULL) {
		give(r, parent, steal_ptr(&f->val));
	}
	xu_buf_reset(&r->text);
	if (r->failed)
		return;
	free(f->name);
	r->depth--;
}

static void
on_text(void *ctx, const xmlChar *s, int len)
{
	struct reader *r = ctx;

	if (!r->failed && len > 0)
		xu_buf_add(&r->text, s, (size_t)len);
}

static void
on_doctype(void *ctx, const xmlChar *name XU_UNUSED,
    const xmlChar *external XU_UNUSED, const xmlChar *system XU_UNUSED)
{
	refuse(ctx, "a document type is not taken");
}

static void
on_error(void *ctx, xmlErrorPtr err)
{
	struct reader *r = ctx;

	if (!r->failed && err->level >= XML_ERR_ERROR)
		refuse(r, "%.*s",
		    err->message == NULL ? 0 :
					   (int)strcspn(err->message, "\n"),
		    err->message == NULL ? "" : err->message);
}

static int
run(struct reader *r, const char *xml, size_t len)
{
	xmlSAXHandler sax = {
		.initialized = XML_SAX2_MAGIC,
		.startElementNs = on_start,
		.endElementNs = on_end,
		.characters = on_text,
		.ignorableWhitespace = on_text,
		.cdataBlock = on_text,
		.internalSubset = on_doctype,
		.serror = on_error,
	};

	if (len > INT32_MAX / 2)
		return xu_err_set(r->e, "XLD_PROTOCOL", E2BIG, "XML-RPC");
	r->params = xu_array();
	r->xml = xmlCreatePushParserCtxt(&sax, r, NULL, 0, NULL);
	if (r->xml == NULL || r->params == NULL)
		return xu_err_set(r->e, "XLD_PROTOCOL", ENOMEM, "XML-RPC");
	xmlCtxtUseOptions(r->xml, XML_PARSE_NONET | XML_PARSE_NOCDATA);
	xmlParseChunk(r->xml, xml, (int)len, 1);
	if (!r->failed && (!r->xml->wellFormed || r->depth != 0 ||
		r->root == EL_NONE || r->text.error != 0))
		refuse(r, "the text ends too early");
	return r->failed ? -1 : 0;
}

static void
reader_fini(struct reader *r)
{
	for (unsigned i = 0; i <= r->depth; i++) {
		xu_val_free(r->stack[i].val);
		free(r->stack[i].name);
	}
	xu_buf_fini(&r->text);
	if (r->xml != NULL)
		xmlFreeParserCtxt(r->xml);
	xu_val_free(r->params);
	xu_val_free(r->reply);
	free(r->method);
}

void
xrpc_call_fini(struct xrpc_call *c)
{
	free(steal_ptr(&c->method));
	xu_val_free(steal_ptr(&c->params));
}

int
xrpc_read_call(const char *xml, size_t len, struct xrpc_call *c,
    struct xu_err *e)
{
	struct xu_err own = XU_ERR_INIT;
	struct reader r = { .e = e == NULL ? &own : e };
	int rc = run(&r, xml, len);

	*c = (struct xrpc_call){ .method = NULL };
	if (rc == 0 && (r.root != EL_CALL || r.method == NULL))
		rc = xu_err_set(r.e, "XLD_PROTOCOL", 0,
		    "not XML-RPC: no methodCall with a methodName");
	if (rc == 0) {
		c->method = steal_ptr(&r.method);
		c->params = steal_ptr(&r.params);
	}
	reader_fini(&r);
	return rc;
}

struct xu_val *
xrpc_read_reply(const char *xml, size_t len, bool *fault, struct xu_err *e)
{
	struct xu_err own = XU_ERR_INIT;
	struct reader r = { .e = e == NULL ? &own : e };
	struct xu_val *v = NULL;
	int rc = run(&r, xml, len);

	*fault = r.fault;
	if (rc == 0 && (r.root != EL_RESPONSE || r.reply == NULL))
		xu_err_set(r.e, "XLD_PROTOCOL", 0,
		    "not XML-RPC: no methodResponse with one value");
	else if (rc == 0)
		v = steal_ptr(&r.reply);
	reader_fini(&r);
	return v;
}
