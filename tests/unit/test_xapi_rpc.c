/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The XML-RPC codec: what we write, to the byte; what today's clients send,
 * oddities included; what must be refused.
 */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xapi_rpc.h"

#define HEAD "<?xml version=\"1.0\"?>"
#define STR(s) "<value><string>" s "</string></value>"

static struct xu_val *
param(const char *inner)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	AUTO_CALL struct xrpc_call c = { .method = NULL };
	struct xu_err e = XU_ERR_INIT;

	xu_buf_addf(&b,
	    HEAD "<methodCall><methodName>VM.x</methodName><params><param>"
		 "%s</param></params></methodCall>",
	    inner);
	if (xrpc_read_call(b.data, b.len, &c, &e) < 0)
		return NULL;
	ck_assert_str_eq(c.method, "VM.x");
	ck_assert_uint_eq(xu_val_count(c.params), 1);
	return xu_val_copy(xu_val_at(c.params, 0));
}

static void
refused(const char *inner)
{
	AUTO_VAL struct xu_val *v = param(inner);

	ck_assert_msg(v == NULL, "taken: %s", inner);
}

static void
string_is(const char *inner, const char *want)
{
	AUTO_VAL struct xu_val *v = param(inner);

	ck_assert_msg(xu_val_is(v, XU_STRING), "%s", inner);
	ck_assert_str_eq(xu_val_str(v), want);
}

static void
int_is(const char *inner, int64_t want)
{
	AUTO_VAL struct xu_val *v = param(inner);

	ck_assert_msg(xu_val_is(v, XU_INT), "%s", inner);
	ck_assert_int_eq(xu_val_int(v), want);
}

START_TEST(scalars)
{
	AUTO_VAL struct xu_val *b = NULL, *d = NULL, *t = NULL, *n = NULL;

	string_is(STR("a b"), "a b");
	string_is("<value>untagged</value>", "untagged");
	string_is("<value> blanks stay </value>", " blanks stay ");
	string_is("<value/>", "");
	string_is("<value></value>", "");
	string_is("<value><string/></value>", "");
	string_is("<value>\n  <string>x</string>\n</value>", "x");
	string_is(STR("&lt;&amp;&gt;&quot;&apos;&#65;&#x20ac;"),
	    "<&>\"'A\xe2\x82\xac");
	string_is("<value><base64>aGVs\nbG8=</base64></value>", "hello");
	string_is("<value><string><![CDATA[<x>]]></string></value>", "<x>");
	int_is("<value><int>-5</int></value>", -5);
	int_is("<value><i4> 7 </i4></value>", 7);
	int_is("<value><i8>9223372036854775807</i8></value>", INT64_MAX);
	int_is("<value><int>+3</int></value>", 3);
	b = param("<value><boolean>1</boolean></value>");
	ck_assert(xu_val_is(b, XU_BOOL) && xu_val_bool(b));
	d = param("<value><double>-1.5e3</double></value>");
	ck_assert_double_eq(xu_val_float(d), -1500.0);
	t = param("<value><dateTime.iso8601>20260102T03:04:05Z"
		  "</dateTime.iso8601></value>");
	ck_assert(xu_val_is(t, XU_DATETIME));
	ck_assert_str_eq(xu_val_str(t), "20260102T03:04:05Z");
	n = param("<value><nil/></value>");
	ck_assert(xu_val_is(n, XU_VOID));
}
END_TEST

START_TEST(containers)
{
	AUTO_VAL struct xu_val *v = NULL;
	const struct xu_val *a;

	v = param("<value><struct>\n"
		  "<member> <name>k</name> <value>v</value> </member>"
		  "<member><name>set</name><value><array><data>\n"
		  "<value><int>1</int></value> <value>two</value>"
		  "</data></array></value></member>"
		  "<member><name>empty</name><value><struct/></value></member>"
		  "</struct></value>");
	ck_assert_uint_eq(xu_val_count(v), 3);
	ck_assert_str_eq(xu_val_get_str(v, "k", NULL), "v");
	a = xu_val_get(v, "set");
	ck_assert_uint_eq(xu_val_count(a), 2);
	ck_assert_int_eq(xu_val_int(xu_val_at(a, 0)), 1);
	ck_assert(xu_val_is(xu_val_get(v, "empty"), XU_STRUCT));
}
END_TEST

/* A set as a parameter, as libxen writes it. */
START_TEST(libxen_sets)
{
	AUTO_VAL struct xu_val *two = NULL, *none = NULL, *data = NULL;

	two = param("<value><array><param><value>a</value><value>b</value>"
		    "</param></array></value>");
	ck_assert_uint_eq(xu_val_count(two), 2);
	ck_assert_str_eq(xu_val_str(xu_val_at(two, 1)), "b");
	none = param("<value><array/></value>");
	ck_assert(xu_val_is(none, XU_ARRAY));
	ck_assert_uint_eq(xu_val_count(none), 0);
	data = param("<value><array><data/></array></value>");
	ck_assert(xu_val_is(data, XU_ARRAY));
}
END_TEST

START_TEST(refusals)
{
	refused("<value><int>1x</int></value>");
	refused("<value><int></int></value>");
	refused("<value><int>9223372036854775808</int></value>");
	refused("<value><boolean>2</boolean></value>");
	refused("<value><double>1,5</double></value>");
	refused("<value><double/></value>");
	refused("<value><base64>a</base64></value>");
	refused("<value><base64>a*==</base64></value>");
	refused("<value><nil>x</nil></value>");
	refused("<value><int>1</int><int>2</int></value>");
	refused("<value>x<int>1</int></value>");
	refused("<value><int>1</int>x</value>");
	refused("<value><thing/></value>");
	refused("<value><array><value>1</value></array></value>");
	refused("<value><struct><value>1</value></struct></value>");
	refused("<value><struct><member><value>1</value><name>n</name>"
		"</member></struct></value>");
	refused("<value><struct><member><name>n</name><name>m</name>"
		"<value>1</value></member></struct></value>");
	refused("<value><struct><member><name></name><value>1</value>"
		"</member></struct></value>");
	refused("<value>&name;</value>");
	refused("<value>a & b</value>");
	refused("<value>\xff</value>");
	refused("<value>");
}
END_TEST

static int
read_call(const char *xml, struct xu_err *e)
{
	AUTO_CALL struct xrpc_call c = { .method = NULL };

	return xrpc_read_call(xml, strlen(xml), &c, e);
}

START_TEST(not_calls)
{
	static const char *const bad[] = {
		"",
		"hello",
		"<html><body/></html>",
		"<methodCall/>",
		"<methodCall><methodName/></methodCall>",
		"<methodCall><methodName>a</methodName><methodName>b"
		"</methodName></methodCall>",
		"<methodCall><methodName>a</methodName>",
		"<methodCall><params/></methodCall>",
		"<methodResponse><params><param><value/></param></params>"
		"</methodResponse>",
		"<methodCall><methodName>a</methodName></methodCall><x/>",
	};
	struct xu_err e;

	for (size_t i = 0; i < XU_ARRAY_SIZE(bad); i++) {
		xu_err_clear(&e);
		ck_assert_msg(read_call(bad[i], &e) < 0, "taken: %s", bad[i]);
		ck_assert_str_eq(e.code, "XLD_PROTOCOL");
		ck_assert_str_ne(e.msg, "");
	}
	xu_err_clear(&e);
	ck_assert_int_eq(
	    read_call("<methodCall><methodName>a</methodName></methodCall>",
		&e),
	    0);
}
END_TEST

START_TEST(doctypes_and_entities)
{
	struct xu_err e = XU_ERR_INIT;

	ck_assert_int_lt(
	    read_call(HEAD "<!DOCTYPE m [<!ENTITY a 'aaaaaaaaaa'>"
			   "<!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>"
			   "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>]>"
			   "<methodCall><methodName>&c;</methodName>"
			   "</methodCall>",
		&e),
	    0);
	ck_assert_ptr_nonnull(strstr(e.msg, "document type"));
	xu_err_clear(&e);
	ck_assert_int_lt(
	    read_call("<!DOCTYPE m SYSTEM \"file:///etc/passwd\">"
		      "<methodCall><methodName>a</methodName></methodCall>",
		&e),
	    0);
}
END_TEST

static struct xu_val *
nested(unsigned arrays)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;

	for (unsigned i = 0; i < arrays; i++)
		xu_buf_adds(&b, "<value><array><data>");
	for (unsigned i = 0; i < arrays; i++)
		xu_buf_adds(&b, "</data></array></value>");
	return param(b.data);
}

START_TEST(depth_is_bounded)
{
	AUTO_VAL struct xu_val *ok = NULL, *deep = NULL, *deeper = NULL;

	/* methodCall, params and param, then three elements a level. */
	ok = nested((XRPC_MAX_DEPTH - 3) / 3);
	ck_assert_ptr_nonnull(ok);
	deep = nested((XRPC_MAX_DEPTH - 3) / 3 + 1);
	ck_assert_ptr_null(deep);
	deeper = nested(10000);
	ck_assert_ptr_null(deeper);
}
END_TEST

static struct xu_val *
sample(void)
{
	struct xu_val *v = xu_struct(), *set = xu_array();

	xu_val_add(set, xu_str("r"));
	xu_val_add(set, xu_int(-1));
	xu_val_set(v, "i", xu_int(123456789012345));
	xu_val_set(v, "b", xu_bool(true));
	xu_val_set(v, "d", xu_float(0.1));
	xu_val_set(v, "w", xu_float(3));
	xu_val_set(v, "t", xu_datetime(0));
	xu_val_set(v, "s", xu_str("<a & b>"));
	xu_val_set(v, "v", xu_void());
	xu_val_set(v, "set", set);
	xu_val_set(v, "map", xu_struct());
	return v;
}

#define MEMBER(n, v) "<member><name>" n "</name>" v "</member>"
#define SAMPLE                                                                 \
	"<value><struct>" MEMBER("i", STR("123456789012345"))                  \
	MEMBER("b", "<value><boolean>1</boolean></value>")                     \
	MEMBER("d", "<value><double>0.1</double></value>")                     \
	MEMBER("w", "<value><double>3.0</double></value>")                     \
	MEMBER("t", "<value><dateTime.iso8601>19700101T00:00:00Z"              \
		    "</dateTime.iso8601></value>")                             \
	MEMBER("s", STR("&lt;a &amp; b&gt;")) MEMBER("v", STR(""))             \
	MEMBER("set", "<value><array><data>" STR("r") STR("-1")                \
		    "</data></array></value>")                                 \
	MEMBER("map", "<value><struct></struct></value>")                      \
	"</struct></value>"
#define ENVELOPE(status, name, v)                                              \
	HEAD "<methodResponse><params><param><value><struct>"                  \
	MEMBER("Status", STR(status)) MEMBER(name, v)                          \
	"</struct></value></param></params></methodResponse>"

START_TEST(replies_to_the_byte)
{
	AUTO_VAL struct xu_val *v = sample(), *d = xu_array();
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;

	xrpc_write_success(&b, v, true);
	ck_assert_str_eq(b.data, ENVELOPE("Success", "Value", SAMPLE));
	xu_buf_reset(&b);
	xrpc_write_success(&b, NULL, true);
	ck_assert_str_eq(b.data, ENVELOPE("Success", "Value", STR("")));
	xu_buf_reset(&b);
	xu_val_add(d, xu_str("HANDLE_INVALID"));
	xu_val_add(d, xu_str("VM"));
	xrpc_write_failure(&b, d, true);
	ck_assert_str_eq(b.data,
	    ENVELOPE("Failure", "ErrorDescription",
		"<value><array><data>" STR("HANDLE_INVALID") STR("VM")
		"</data></array></value>"));
	xu_buf_reset(&b);
	xrpc_write_fault(&b, 1, "<bad>");
	ck_assert_str_eq(b.data,
	    HEAD "<methodResponse><fault><value><struct>"
	    MEMBER("faultCode", "<value><int>1</int></value>")
	    MEMBER("faultString", STR("&lt;bad&gt;"))
	    "</struct></value></fault></methodResponse>");
	xu_buf_reset(&b);
	xrpc_write_bare(&b, xu_val_get(v, "set"));
	ck_assert_str_eq(b.data,
	    HEAD "<methodResponse><params><param><value><array><data>"
	    STR("r") STR("-1") "</data></array></value></param></params>"
	    "</methodResponse>");
}
END_TEST

START_TEST(text_xml_cannot_hold)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "a\x01z", "a\xef\xbf\xbdz" },
		{ "\xff", "\xef\xbf\xbd" },
		{ "\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" },
		{ "tab\tnl\ncr\r", "tab\tnl\ncr\r" },
	};

	for (size_t i = 0; i < XU_ARRAY_SIZE(rows); i++) {
		AUTO_VAL struct xu_val *v = xu_str(rows[i].in), *back = NULL;
		AUTO_BUF struct xu_buf b = XU_BUF_INIT;
		bool fault;

		xrpc_write_bare(&b, v);
		back = xrpc_read_reply(b.data, b.len, &fault, NULL);
		ck_assert_str_eq(xu_val_str(back), rows[i].out);
	}
}
END_TEST

START_TEST(replies_round_trip)
{
	AUTO_VAL struct xu_val *v = sample(), *back = NULL;
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	const struct xu_val *value;
	bool fault = true;

	xrpc_write_success(&b, v, true);
	back = xrpc_read_reply(b.data, b.len, &fault, &e);
	ck_assert_msg(back != NULL, "%s", e.msg);
	ck_assert(!fault);
	ck_assert_str_eq(xu_val_get_str(back, "Status", ""), "Success");
	value = xu_val_get(back, "Value");
	ck_assert_str_eq(xu_val_get_str(value, "i", ""), "123456789012345");
	ck_assert_double_eq(xu_val_float(xu_val_get(value, "d")), 0.1);
	ck_assert_str_eq(xu_val_get_str(value, "s", ""), "<a & b>");
	xu_val_free(steal_ptr(&back));
	xu_buf_reset(&b);
	xrpc_write_fault(&b, 3, "no");
	back = xrpc_read_reply(b.data, b.len, &fault, &e);
	ck_assert(fault);
	ck_assert_str_eq(xu_val_get_str(back, "faultString", ""), "no");
}
END_TEST

START_TEST(calls_to_the_byte)
{
	AUTO_VAL struct xu_val *args = xu_array();
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;

	xrpc_write_call(&b, "VM.get_all", args);
	ck_assert_str_eq(b.data,
	    HEAD "<methodCall><methodName>VM.get_all</methodName><params>"
		 "</params></methodCall>");
	xu_buf_reset(&b);
	xu_val_add(args, xu_str("s"));
	xu_val_add(args, xu_bool(false));
	xrpc_write_call(&b, "VM.start", args);
	ck_assert_str_eq(b.data,
	    HEAD "<methodCall><methodName>VM.start</methodName><params>"
		 "<param>" STR("s") "</param><param><value><boolean>0"
		 "</boolean></value></param></params></methodCall>");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("xapi_rpc");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, scalars);
	tcase_add_test(tc, containers);
	tcase_add_test(tc, libxen_sets);
	tcase_add_test(tc, refusals);
	tcase_add_test(tc, not_calls);
	tcase_add_test(tc, doctypes_and_entities);
	tcase_add_test(tc, depth_is_bounded);
	tcase_add_test(tc, replies_to_the_byte);
	tcase_add_test(tc, text_xml_cannot_hold);
	tcase_add_test(tc, replies_round_trip);
	tcase_add_test(tc, calls_to_the_byte);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
