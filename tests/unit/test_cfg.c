/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The configuration language: syntax, positions, meaning, printing. */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "cfg_bind.h"

static int
parse(struct cfg *c, const char *text, struct xu_err *e)
{
	cfg_init(c);
	xu_err_clear(e);
	return cfg_parse(c, "web.cfg", text, strlen(text), e);
}

START_TEST(values)
{
	static const char text[] = "# a guest\n"
				   "name = \"web\"  # why not\n"
				   "memory=0x100; vcpus = '2'\n"
				   "disk = [ 'a,b',\n"
				   "  \"c\" \"d\", [1, -2,], ]\n"
				   "extra = \"a\" + 'b' \\\n + \"\\x41\\101\\n\"\n"
				   "copy = disk + [\"e\"]\n"
				   "extra += \"z\"\n";
	AUTO_BUF struct xu_buf out = XU_BUF_INIT, again = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	struct cfg c, c2;

	ck_assert_msg(parse(&c, text, &e) == 0, "%s", e.msg);
	ck_assert_uint_eq(c.n, 6);
	ck_assert_str_eq(cfg_find(&c, "extra")->value->text, "abAA\nz");
	ck_assert_int_eq(cfg_find(&c, "memory")->value->num, 256);
	ck_assert_uint_eq(cfg_find(&c, "copy")->value->nitems, 4);
	ck_assert_uint_eq(cfg_find(&c, "memory")->pos.line, 3);
	cfg_print(&c, &out);
	ck_assert_str_eq(xu_buf_text(&out),
	    "name = \"web\"\nmemory = 0x100\nvcpus = \"2\"\n"
	    "disk = [ \"a,b\", \"cd\", [ 1, -2 ] ]\n"
	    "extra = \"abAA\\x0az\"\n"
	    "copy = [ \"a,b\", \"cd\", [ 1, -2 ], \"e\" ]\n");
	/* The printer is the parser's inverse. */
	ck_assert_int_eq(parse(&c2, xu_buf_text(&out), &e), 0);
	cfg_print(&c2, &again);
	ck_assert_str_eq(xu_buf_text(&out), xu_buf_text(&again));
	cfg_fini(&c);
	cfg_fini(&c2);
}
END_TEST

static const struct {
	const char *text, *message;
} bad_syntax[] = {
	{ "memory 256", "web.cfg:1:8: expected '=' after 'memory', found a "
			"number" },
	{ "a = 1\n  b = 'x", "web.cfg:2:7: this string has no closing ' on its "
			     "line" },
	{ "a = [ 1 2 ]", "web.cfg:1:9: expected ',' or ']', found a number" },
	{ "a = [ 1,\n", "web.cfg:1:9: the bracket opened at line 1, column 5 "
			"is not closed" },
	{ "a = [ 'x',\n 'y'\nmemory = 1", "web.cfg:2:5: the bracket opened at "
	    "line 1, column 5 is not closed" },
	{ "a = b", "web.cfg:1:5: 'b' is not set above; put quotes around text" },
	{ "a = 12monkeys", "web.cfg:1:5: '12monkeys' is not a valid number" },
	{ "a = 99999999999999999999",
	    "web.cfg:1:5: '99999999999999999999' is not a valid number" },
	{ "a = \"\\q\"", "web.cfg:1:6: unknown escape '\\q'; write '\\\\' for "
			 "a backslash" },
	{ "a = 'x' + [1]", "web.cfg:1:11: '+' cannot join a string and a list" },
	{ "a = 1\na += 2", "web.cfg:2:6: '+' cannot join a number and a "
			   "number" },
	{ "import subprocess", "web.cfg:1:8: module 'subprocess' is not "
		       "understood; os, re and string are" },
	{ "def f(x):", "web.cfg:1:1: 'def' is not understood; of Python there "
	    "are assignments, expressions and if" },
	{ "os.system('x')", "web.cfg:1:10: 'os.system' is called for its "
	    "effect, which is not understood; expected '='" },
	{ "a = os.popen('x')", "web.cfg:1:5: function 'os.popen' is not "
	    "understood" },
	{ "a = 'x'.splt()", "web.cfg:1:9: method 'splt' is not understood, did "
	    "you mean 'split'?" },
	{ "a = open('/etc/passwd')", "web.cfg:1:5: 'open' is not set above; put "
	    "quotes around text" },
	{ "a = 1 if 2", "web.cfg:1:11: expected 'else', found the end of the "
	    "file" },
	{ "if 1\n a = 2", "web.cfg:1:5: expected ':', found the end of the "
	    "line" },
	{ "if 1:\na = 2", "web.cfg:2:1: expected an indented line after ':' of "
	    "line 1" },
	{ "if 1:\n  a = 2\n   b = 2", "web.cfg:3:4: this line is further to "
	    "the right than the one before" },
	{ "else:\n  a = 2", "web.cfg:1:1: 'else' has no 'if' at the same "
	    "distance from the margin" },
	{ "a = None", "web.cfg:1:5: 'None' is no value of a setting; leave the "
	    "line out" },
	{ "a = 'x' % 1", "web.cfg:1:11: the string has fewer conversions (%) "
	    "than there are values" },
	{ "a = '%s%s' % 'x'", "web.cfg:1:5: the string has more conversions (%) "
	    "than there are values" },
	{ "a = '%d' % 'x'", "web.cfg:1:12: '%d' does not take a string" },
	{ "a = '%y' % 1", "web.cfg:1:5: '%y' is no conversion that is "
	    "understood; %% is a percent sign" },
	{ "a = 1 / 0", "web.cfg:1:7: division by zero" },
	{ "a = 9223372036854775807 * 2", "web.cfg:1:25: the result is too large "
	    "a number" },
	{ "a = [1][1]", "web.cfg:1:9: there is no element 1 of 1" },
	{ "a = {'x': 1}['y']", "web.cfg:1:14: the dictionary has no 'y'" },
	{ "a = 1 == '1'", "web.cfg:1:7: a number is not to be compared with a "
	    "string" },
	{ "a = 1 in 2", "web.cfg:1:7: 'in' cannot look for a number in a "
	    "number" },
	{ "a = [i for i in 3]", "web.cfg:1:17: 'for' goes through a list, not a "
	    "number" },
	{ "a = range(5000)", "web.cfg:1:5: range of more than 4096 numbers" },
	{ "a = 'x' * 99999999", "web.cfg:1:5: the values of this file take "
	    "more than 16 MiB" },
	{ "a = [[i] * 4000 for i in range(4000)]", "web.cfg:1:6: the values "
	    "of this file take more than 16 MiB" },
	{ "a = re_x\n", "web.cfg:1:5: 're_x' is not set above; put quotes "
	    "around text" },
	{ "a = re.search('a.b', 'x')", "web.cfg:1:15: of patterns only text is "
	    "understood, with ^ before it and $ behind it" },
	{ "a = 'it's'", "web.cfg:1:5: text follows right behind this string: a "
	    "quote is missing or one too many" },
	{ "a = os.getenv('XLD_NO_SUCH')", "web.cfg:1:15: the environment has no "
	    "'XLD_NO_SUCH'; os.getenv('XLD_NO_SUCH', 'text') says what it is "
	    "then" },
	{ "a = \xe2\x80\x9cx\xe2\x80\x9d", "web.cfg:1:5: a typographic quote; "
	    "strings are in \" or '" },
	{ "a = 1)", "web.cfg:1:6: ')' closes no bracket" },
	{ "a = 09", "web.cfg:1:5: '09' is not a valid number" },
	{ "a = 1.5", "web.cfg:1:5: '1.5' is not a valid number" },
	{ "<vm/>", "web.cfg:1:1: documents of XML are not understood; write "
	    "settings such as memory = 256" },
	{ "{ \"a\": 1", "web.cfg:1:9: the bracket opened at line 1, column 1 is "
	    "not closed" },
	{ "{ \"a\": nil }", "web.cfg:1:8: 'nil' is no value of JSON" },
	{ "{ \"a\": 1 + 1 }", "web.cfg:1:10: expected ',' or '}', found '+'" },
	{ "{ \"a\": \"\\ud800\" }", "web.cfg:1:9: half of a surrogate pair" },
	{ "(vm (name", "web.cfg:1:5: this '(' is not closed" },
	{ "(vm (name 'x))", "web.cfg:1:11: this string has no closing ' on its "
	    "line" },
	{ "(dom (name x))", "web.cfg:1:1: an S-expression of a domain begins "
	    "with (vm or (domain" },
	{ "(vm (device (vbd (mode w))))", "web.cfg:1:13: a disk needs (dev "
	    "xvda)" },
	{ "a = 1 b = 2", "web.cfg:1:7: expected the end of the line, found a "
			 "name 'b'" },
	{ "\xff", "web.cfg:1:1: byte 0xff does not belong here" },
	{ "= 1", "web.cfg:1:1: expected a setting such as memory = 256, found "
		 "'='" },
	{ "a = \"\"\"x\"\"\"", "web.cfg:1:5: strings in three quotes are not "
			       "understood; use one line" },
};

/* What Python makes of them, but that its True is 1. */
static const struct {
	const char *text, *value;
} expressions[] = {
	{ "1 + 2 * 3 - -4", "11" },
	{ "(1 + 2) * 3", "9" },
	{ "-7 / 2", "-4" },
	{ "-7 % 3", "2" },
	{ "7 % -3", "-2" },
	{ "010 + 0x10 + 0o7", "31" },
	{ "'a' + \"b\" 'c'", "\"abc\"" },
	{ "'ab' * 2 + 3 * 'c'", "\"ababccc\"" },
	{ "[1] + ['x'] * 2", "[ 1, \"x\", \"x\" ]" },
	{ "[]", "[ ]" },
	{ "'%s-%02d-%x-%X-%o%%' % ('a', 7, 255, 255, 8)",
	    "\"a-07-ff-FF-10%\"" },
	{ "'%5d|%-5d|%+d|%.3d|%5s|%-4s|%.1s' % (1, -2, 3, 4, 'x', 'y', 'zz')",
	    "\"    1|-2   |+3|004|    x|y   |z\"" },
	{ "'%s' % 12", "\"12\"" },
	{ "'%(a)s%(b)d' % {'a': 'x', 'b': 2}", "\"x2\"" },
	{ "'abc'[0] + 'abc'[-1] + 'abc'[1:] + 'abc'[:-1] + 'abc'[5:]",
	    "\"acbcab\"" },
	{ "[1, 2, 3][1:][0]", "2" },
	{ "{'a': {'b': [7]}}['a']['b'][0]", "7" },
	{ "'x' if 1 > 2 else 'y'", "\"y\"" },
	{ "1 and 2", "2" },
	{ "0 and nothing", "0" },
	{ "'' or 'x'", "\"x\"" },
	{ "1 or nothing", "1" },
	{ "not 0", "1" },
	{ "not 'a' in 'abc'", "0" },
	{ "'b' in ['a', 'b'] and 'z' not in {'a': 1}", "1" },
	{ "'a' < 'b'", "1" },
	{ "[1] == [1]", "1" },
	{ "True", "1" },
	{ "False", "0" },
	{ "len('abc') + len([1]) + len({'a': 1})", "5" },
	{ "range(3) + range(5, 1, -2)", "[ 0, 1, 2, 5, 3 ]" },
	{ "int('12') + 1", "13" },
	{ "str(0x10) + 'a'", "\"16a\"" },
	{ "['x%d' % i for i in range(4) if i != 2]",
	    "[ \"x0\", \"x1\", \"x3\" ]" },
	{ "[[j for j in range(i)] for i in range(3)]",
	    "[ [ ], [ 0 ], [ 0, 1 ] ]" },
	{ "'a,b,,c'.split(',')", "[ \"a\", \"b\", \"\", \"c\" ]" },
	{ "'  a b '.split()", "[ \"a\", \"b\" ]" },
	{ "'-'.join(['a', 'b'])", "\"a-b\"" },
	{ "'aXbX'.replace('X', 'yy').upper()", "\"AYYBYY\"" },
	{ "string.replace(' A ', 'A', 'b').strip().lower()", "\"b\"" },
	{ "'abc'.startswith('ab') + 'abc'.endswith('bc')", "2" },
	{ "re.search('64', 'x86_64') and re.match('x8', 'x86')", "1" },
	{ "re.search('^86', 'x86') or re.search('86$', 'x86_64')", "0" },
	{ "os.path.basename('/a/b') + os.path.dirname('/a/b')", "\"b/a\"" },
	{ "os.path.join('/a', 'b/', 'c')", "\"/a/b/c\"" },
	{ "os.getenv('XLD_NO_SUCH', 'd')", "\"d\"" },
	{ "os.environ['XLD_TEST_CFG']", "\"set\"" },
	{ "len(os.uname())", "5" },
};

START_TEST(expressions_are_evaluated)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT, out = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	struct cfg c;

	setenv("XLD_TEST_CFG", "set", 1);
	xu_buf_addf(&text, "import os, re, string\na = %s\n",
	    expressions[_i].text);
	ck_assert_msg(parse(&c, xu_buf_text(&text), &e) == 0, "%s", e.msg);
	cfg_print_value(cfg_find(&c, "a")->value, &out);
	ck_assert_str_eq(xu_buf_text(&out), expressions[_i].value);
	cfg_fini(&c);
}
END_TEST

START_TEST(conditions)
{
	static const char text[] =
	    "n = 3\nif n == 1:\n\ta = 'one'\nelif n == 3:\n\tif n > 2:\n"
	    "\t\ta = 'three'; b = 1\n\n\t# a remark\n\telse:\n\t\ta = 0\n"
	    "\tc = 4\nelse:\n\ta = nothing\nif 0: d = 1\nelse: d = 2\n"
	    "if n: e = 1; f = 2\n  # far\nif not n:\n  pass\ng = 7";
	AUTO_BUF struct xu_buf out = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	struct cfg c;

	ck_assert_msg(parse(&c, text, &e) == 0, "%s", e.msg);
	cfg_print(&c, &out);
	ck_assert_str_eq(xu_buf_text(&out), "n = 3\na = \"three\"\nb = 1\n"
	    "c = 4\nd = 2\ne = 1\nf = 2\ng = 7\n");
	cfg_fini(&c);
}
END_TEST

/* All of them, none twice, and none that only follows from another. */
START_TEST(problems_are_all_reported)
{
	static const char text[] =
	    "kernel = \"/k\"\nmemory 256\nmaxmem = memory\nnam = \xe2\x80\x9cweb"
	    "\nvcpus = (1 + x\ndisk = [ 'phy:a,xvda,w',\n  'phy:b,xvdb,w'\n"
	    "name = \"web\nif vcpus > 1:\n  cpus = 7 7\nelse:\n  pool = 1\n"
	    "def f(x):\n    y = x(\n\n    return y\nextra = pool + 'x'\n"
	    "on_crash = 'restrat'\n";
	AUTO_BUF struct xu_buf report = XU_BUF_INIT;
	struct domcfg d;
	struct cfg c;

	cfg_init(&c);
	ck_assert_uint_eq(cfg_parse_all(&c, "f", text, strlen(text), &report),
	    7);
	ck_assert_uint_eq(domcfg_bind(&c, "f", &d, &report), 2);
	ck_assert_str_eq(xu_buf_text(&report),
	    "f:2:8: expected '=' after 'memory', found a number\n"
	    "f:4:7: a typographic quote; strings are in \" or '\n"
	    "f:5:14: 'x' is not set above; put quotes around text\n"
	    "f:7:17: the bracket opened at line 6, column 8 is not closed\n"
	    "f:8:8: this string has no closing \" on its line\n"
	    "f:10:12: expected the end of the line, found a number\n"
	    "f:13:1: 'def' is not understood; of Python there are assignments, "
	    "expressions and if\n"
	    "f:4:1: unknown key 'nam', did you mean 'name'?\n"
	    "f:18:12: 'on_crash' must be destroy, restart, preserve, "
	    "rename-restart, coredump-destroy or coredump-restart\n");
	domcfg_fini(&d);
	cfg_fini(&c);
}
END_TEST

START_TEST(other_forms)
{
	static const char json[] = " { \"name\": \"w\\u00e9\\ud83d\\ude00\\/\",\n"
	    "\"hap\": true, \"disk\": [ \"a\", [ -1 ] ] }\n";
	static const char sxp[] = "(vm (name web) (domid 3) (memory 64)\n"
	    "(vcpus 2) (cpus ((0 1) (2)))\n"
	    "(image (linux (kernel /k) (args 'a \\'b')))\n"
	    "(device (tap (uname tap:aio:/i) (dev xvda:disk) (mode r)))\n"
	    "(device (vif (bridge b) (uuid 1) (mac 00:16:3e:1:2:3)))\n"
	    "(device (pci (dev (domain 0x0) (bus 0x1) (slot 0x2) (func 0x3)))))";
	AUTO_BUF struct xu_buf out = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	struct cfg c;

	ck_assert_msg(parse(&c, json, &e) == 0, "%s", e.msg);
	cfg_print(&c, &out);
	ck_assert_str_eq(xu_buf_text(&out), "name = \"w\xc3\xa9\xf0\x9f\x98\x80"
	    "/\"\nhap = 1\ndisk = [ \"a\", [ -1 ] ]\n");
	cfg_fini(&c);
	xu_buf_reset(&out);
	ck_assert_msg(parse(&c, sxp, &e) == 0, "%s", e.msg);
	cfg_print(&c, &out);
	ck_assert_str_eq(xu_buf_text(&out), "name = \"web\"\nmemory = \"64\"\n"
	    "maxvcpus = \"2\"\ncpus = [ \"0,1\", \"2\" ]\ntype = \"pv\"\n"
	    "kernel = \"/k\"\ncmdline = \"a 'b\"\n"
	    "disk = [ \"tap:aio:/i,xvda,r\" ]\n"
	    "vif = [ \"bridge=b,mac=00:16:3e:1:2:3\" ]\n"
	    "pci = [ \"0000:01:02.3\" ]\nvcpus = \"2\"\n");
	cfg_fini(&c);
}
END_TEST

START_TEST(syntax_errors_have_a_place)
{
	struct xu_err e = XU_ERR_INIT;
	struct cfg c;

	ck_assert_int_eq(parse(&c, bad_syntax[_i].text, &e), -1);
	ck_assert_str_eq(e.msg, bad_syntax[_i].message);
	cfg_fini(&c);
}
END_TEST

START_TEST(depth_is_bounded)
{
	AUTO_BUF struct xu_buf ifs = XU_BUF_INIT, report = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	char text[100] = "a = ";
	struct cfg c;

	memset(text + 4, '[', 80);
	ck_assert_int_eq(parse(&c, text, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "nested more than 16 deep"));
	cfg_fini(&c);
	/* Conditions, too; and all is looked at nevertheless. */
	for (int i = 0; i < 40; i++)
		xu_buf_addf(&ifs, "%*sif 1:\n", i, "");
	xu_buf_addf(&ifs, "%*sa = 1\nb = = 2\n", 40, "");
	cfg_init(&c);
	ck_assert_uint_eq(cfg_parse_all(&c, "f", xu_buf_text(&ifs), ifs.len,
	    &report), 2);
	ck_assert_ptr_nonnull(strstr(xu_buf_text(&report), "f:17:17: nested"));
	ck_assert_ptr_nonnull(strstr(xu_buf_text(&report), "f:42:5: expected"));
	cfg_fini(&c);
}
END_TEST

static const struct {
	const char *text, *report;
} bad_meaning[] = {
	{ "kernel='/k'\nramdisk='/r'\n\nmemroy = 256",
	    "web.cfg:4:1: unknown key 'memroy', did you mean 'memory'?\n" },
	{ "kernel='/k'\nwhatever_this_is = 1",
	    "web.cfg:2:1: unknown key 'whatever_this_is'\n" },
	{ "memory = 64", "web.cfg:1:1: no kernel is given; add kernel = "
			 "\"/path/to/vmlinuz\", or bootloader = \"pvgrub\" to "
			 "boot from the guest's disk\n" },
	{ "kernel='/k'\nmemory = 'lots'",
	    "web.cfg:2:10: 'memory' must be a number of MiB, or a number with "
	    "k, m or g\n" },
	{ "kernel='/k'\nmemory = 64\nmaxmem = 32",
	    "web.cfg:3:1: maxmem (32 MiB) is less than memory (64 MiB)\n" },
	{ "kernel='/k'\nvcpus = 0", "web.cfg:2:1: vcpus must be 1 to 8192\n" },
	{ "kernel='/k'\non_crash = 'explode'",
	    "web.cfg:2:12: 'on_crash' must be destroy, restart, preserve, "
	    "rename-restart, coredump-destroy or coredump-restart\n" },
	{ "kernel='/k'\nname = '12'",
	    "web.cfg:2:1: '12' cannot be a name: a number would be taken for a "
	    "domain id\n" },
	{ "kernel='/k'\nname = 'a b'", "web.cfg:2:1: 'a b' cannot be a name: 1 "
				       "to 127 letters, digits and _.:/+-\n" },
	{ "kernel='/k'\nuuid = 'x'",
	    "web.cfg:2:8: 'uuid' must be a UUID such as "
	    "\"0a4f8d4c-33a2-4f28-9d5c-6a2f4e1b7c90\"\n" },
	{ "bootloader='mygrub'",
	    "web.cfg:1:12: 'bootloader' can be \"pvgrub\", which boots the "
	    "guest from its own disk, or the full path of a program\n"
	    "web.cfg:1:1: no kernel is given; add kernel = "
	    "\"/path/to/vmlinuz\", or bootloader = \"pvgrub\" to boot from the "
	    "guest's disk\n" },
	{ "bootloader='/usr/bin/pygrub'\nkernel='/k'",
	    "web.cfg:2:1: 'kernel' and 'pygrub' are given; one of both boots\n" },
	{ "kernel='/k'\nvfb = ['vnc=maybe,vncport=1,sdl=1', 'vnc=1']\nsdl = 1",
	    "web.cfg:3:7: 'sdl': a window on the host's own display (SDL) is "
	    "not there: hosts are headless; write vnc=1\n"
	    "web.cfg:2:37: vfb: a guest has one screen\n"
	    "web.cfg:2:9: vfb: 'vnc' is neither 0 nor 1\n"
	    "web.cfg:2:19: vfb: 'vncport' is not a key of a screen\n"
	    "web.cfg:2:29: vfb: a window on the host's own display (SDL) is "
	    "not there: hosts are headless; write vnc=1\n" },
	{ "kernel='/k'\nvfb = [['vnc=1']]",
	    "web.cfg:2:8: a screen is a string such as "
	    "\"vnc=1,vncunused=1\"\n" },
	{ "kernel='/k'\nvfb = ['vncdisplay=70000,vnclistn=x,type=spice']",
	    "web.cfg:2:9: vfb: 'vncdisplay' is no number of its kind\n"
	    "web.cfg:2:26: vfb: 'vnclistn' is not a key of a screen, did you "
	    "mean 'vnclisten'?\n"
	    "web.cfg:2:37: vfb: 'type' is vnc or sdl\n" },
	{ "kernel='/k'\nvtpm = ['backend=x']",
	    "web.cfg:2:1: 'vtpm' is not supported by this release; remove it "
	    "or leave it empty\n" },
	{ "kernel='/k'\ndisk = ['phy:/dev/x,xvda,w',\n 'phy:/dev/y,vda,w', [],\n"
	  " 'vdev=xvda,target=/z']",
	    "web.cfg:3:14: disk: disk name 'vda': disks are called xvda, hda, "
	    "sda, d0p1 or have a number\n"
	    "web.cfg:3:22: a disk is a string such as "
	    "\"phy:/dev/vg/web,xvda,w\"\n"
	    "web.cfg:4:2: disk: 'xvda' is the name of another disk, too\n" },
	{ "type='hvm'\nboot='x'\nvga='qxl'\nbios='rombios'\nusbdevice='disk'\n"
	  "spice=1\nserial='tcp::1'\ntimer_mode=4\n"
	  "device_model_args=['-d',['x']]",
	    "web.cfg:6:1: 'spice' is not supported by this release; remove it "
	    "or leave it empty\n"
	    "web.cfg:2:6: 'boot' is made of the letters c (disk), d (CD), a "
	    "(floppy) and n (network)\n"
	    "web.cfg:3:5: 'vga' must be cirrus, stdvga or none\n"
	    "web.cfg:5:11: 'usbdevice' can be \"tablet\" in this release\n"
	    "web.cfg:4:6: 'bios' must be seabios or ovmf\n"
	    "web.cfg:7:8: 'serial' can be \"pty\", which 'xm console' shows; "
	    "other serial lines are words of device_model_args_hvm\n"
	    "web.cfg:9:25: 'device_model_args' is a list of words\n"
	    "web.cfg:8:12: 'timer_mode' must be 0 to 3, or one of "
	    "delay_for_missed_ticks, no_delay_for_missed_ticks, "
	    "no_missed_ticks_pending and one_missed_tick_pending\n" },
	{ "kernel='/k'\ntype='xen'", "web.cfg:2:1: 'xen' is not a guest type; "
				    "use \"pv\", \"pvh\" or \"hvm\"\n" },
	{ "kernel='/k'\ntype='pvh'\nvcpus=129",
	    "web.cfg:3:1: vcpus must be 1 to 128\n" },
	{ "kernel='/k'\ntype='pvh'\nhap=0",
	    "web.cfg:3:1: guests without nested paging are not supported by "
	    "this release; remove 'hap'\n" },
	{ "kernel='/k'\ntsc_mode='native_paravirt'\nrtc_timeoffset='x'",
	    "web.cfg:3:16: 'rtc_timeoffset' must be a number\n"
	    "web.cfg:2:10: 'tsc_mode' must be default (0), always_emulate (1) "
	    "or native (2)\n" },
	{ "kernel='/k'\nvif = ['mac=00:16:3e:1:2:3',\n "
	  "'mac=0:16:3E:01:02:03', 'devid=1',\n 'mtu=x,devid=1', [], 'devid=1']",
	    "web.cfg:3:2: vif: 0:16:3E:01:02:03 is the address of another "
	    "interface on the same bridge, too\n"
	    "web.cfg:4:7: vif: 'mtu' is a number from 68 to 65517\n"
	    "web.cfg:4:19: a network interface is a string such as "
	    "\"mac=00:16:3e:12:34:56,bridge=xenbr0\"\n"
	    "web.cfg:4:23: vif: 1 is the number of another interface, too\n" },
	{ "kernel='/k'\nnics=257",
	    "web.cfg:2:1: a guest has at most 256 network interfaces\n" },
	{ "kernel='/k'\npci = ['00:1a.0', '00:1a.*', 'x', [], "
	  "'00:1b.0,permisive=1']",
	    "web.cfg:2:19: pci: '00:1a.*' is in the list already\n"
	    "web.cfg:2:31: pci: 'x' is no PCI function; write it as 00:1f.0 or "
	    "0000:00:1f.0\n"
	    "web.cfg:2:35: a PCI function is a string such as "
	    "\"0000:00:1f.0\"\n"
	    "web.cfg:2:48: pci: 'permisive' is not a key of a PCI function, did "
	    "you mean 'permissive'?\n" },
	{ "kernel='/k'\ntype='pvh'\npci=['00:1a.0']",
	    "web.cfg:3:1: PCI functions are handed to PV guests only; this is a "
	    "PVH guest\n" },
	{ "kernel='/k'\nvpcus=2\nmemory='x'",
	    "web.cfg:2:1: unknown key 'vpcus', did you mean 'vcpus'?\n"
	    "web.cfg:3:8: 'memory' must be a number of MiB, or a number with "
	    "k, m or g\n" },
};

START_TEST(meaning_errors_are_all_reported)
{
	AUTO_BUF struct xu_buf report = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	struct domcfg d;
	struct cfg c;

	ck_assert_msg(parse(&c, bad_meaning[_i].text, &e) == 0, "%s", e.msg);
	ck_assert_uint_gt(domcfg_bind(&c, "web.cfg", &d, &report), 0);
	ck_assert_str_eq(xu_buf_text(&report), bad_meaning[_i].report);
	domcfg_fini(&d);
	cfg_fini(&c);
}
END_TEST

START_TEST(a_pvh_domain)
{
	static const char text[] =
	    "kernel = '/boot/k'\ntype = 'pvh'\nvcpus = 128\nacpi = 'off'\n"
	    "shadow_memory = '1g'\ntsc_mode = 'native'\nrtc_timeoffset = -3600"
	    "\nlocaltime = 'yes'\n";
	AUTO_BUF struct xu_buf report = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	struct domcfg d;
	struct cfg c;

	ck_assert_int_eq(parse(&c, text, &e), 0);
	ck_assert_uint_eq(domcfg_bind(&c, "web.cfg", &d, &report), 0);
	ck_assert_str_eq(xu_buf_text(&report), "");
	ck_assert_int_eq(d.type, TYPE_PVH);
	ck_assert_int_eq(d.acpi, 0);
	ck_assert_int_eq(d.shadow_mib, 1024);
	ck_assert_int_eq(d.tsc_mode, 2);
	ck_assert_int_eq(d.rtc_timeoffset, -3600);
	ck_assert(d.localtime);
	domcfg_fini(&d);
	cfg_fini(&c);
}
END_TEST

static void
bound(const char *text, struct cfg *c, struct domcfg *d)
{
	AUTO_BUF struct xu_buf report = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;

	ck_assert_int_eq(parse(c, text, &e), 0);
	ck_assert_msg(domcfg_bind(c, "web.cfg", d, &report) == 0, "%s",
	    xu_buf_text(&report));
	ck_assert_str_eq(xu_buf_text(&report), "");
}

START_TEST(an_hvm_domain)
{
	struct domcfg d;
	struct cfg c;

	bound("type = 'hvm'\n", &c, &d);
	ck_assert_int_eq(d.type, TYPE_HVM);
	ck_assert_str_eq(d.hvm.boot, "cda");
	ck_assert_str_eq(d.hvm.vga, "cirrus");
	ck_assert_str_eq(d.hvm.serial, "none");
	ck_assert_str_eq(d.hvm.viridian, "");
	ck_assert_str_eq(d.hvm.device_model_args, "");
	ck_assert_str_eq(d.screen.vnc, "");
	ck_assert_int_eq(d.hvm.timer_mode, -1);
	ck_assert_int_eq(d.hvm.mmio_hole_mib, -1);
	ck_assert(d.hvm.hpet && d.hvm.pae && d.hvm.nx && d.hvm.apic);
	domcfg_fini(&d);
	cfg_fini(&c);
	bound("builder = 'hvm'\nserial = ['pty']\nviridian = ['all', '!freq']\n"
	      "device_model_args = ['-a']\ndevice_model_args_hvm = ['b c', '']\n"
	      "vnc = 1\nvncdisplay = 7\nvncpasswd = 'x'\nvnclisten = '::1'\n"
	      "timer_mode = 'one_missed_tick_pending'\nmmio_hole = 512\n"
	      "hpet = 0\npae = 'no'\nbios = 'ovmf'\nkeymap = 'de'\n"
	      "soundhw = 'ac97'\nstdvga = 1\n", &c, &d);
	ck_assert_str_eq(d.hvm.serial, "pty");
	ck_assert_str_eq(d.hvm.viridian, "all !freq");
	ck_assert_str_eq(d.hvm.device_model_args, "-a\nb c\n");
	ck_assert_str_eq(d.screen.vnc, "::1:7");
	ck_assert_int_eq(d.screen.unused, 0);
	ck_assert_str_eq(d.screen.password, "x");
	ck_assert_str_eq(d.hvm.vga, "std");
	ck_assert_int_eq(d.hvm.timer_mode, 3);
	ck_assert_int_eq(d.hvm.mmio_hole_mib, 512);
	ck_assert(!d.hvm.hpet && !d.hvm.pae && d.hvm.nx);
	ck_assert_str_eq(d.hvm.bios, "ovmf");
	ck_assert_str_eq(d.screen.keymap, "de");
	ck_assert_str_eq(d.hvm.soundhw, "ac97");
	domcfg_fini(&d);
	cfg_fini(&c);
	bound("type = 'hvm'\nviridian = 1\nserial = 'none'\n", &c, &d);
	ck_assert_str_eq(d.hvm.viridian, "defaults");
	ck_assert_str_eq(d.hvm.serial, "none");
	domcfg_fini(&d);
	cfg_fini(&c);
	bound("type = 'hvm'\nviridian = 'no'\nserial = []\n", &c, &d);
	ck_assert_str_eq(d.hvm.viridian, "");
	domcfg_fini(&d);
	cfg_fini(&c);
}
END_TEST

/* Those that name no number get what is left. */
START_TEST(interfaces)
{
	static const int64_t numbers[] = { 1, 0, 3, 2, 4 };
	struct domcfg d;
	struct cfg c;

	bound("kernel = '/k'\nnics = 5\n"
	      "vif = [ 'devid=1', 'mac=00:16:3e:1:2:3', 'devid=3', "
	      "'mac=00:16:3e:1:2:3,bridge=br1' ]\n", &c, &d);
	ck_assert_uint_eq(d.nvifs, XU_ARRAY_SIZE(numbers));
	for (size_t i = 0; i < d.nvifs; i++)
		ck_assert_int_eq(d.vifs[i].devid, numbers[i]);
	ck_assert_str_eq(d.vifs[3].bridge, "br1");
	ck_assert_ptr_null(d.vifs[4].mac);
	domcfg_fini(&d);
	cfg_fini(&c);
}
END_TEST

static const struct {
	const char *text, *vnc, *keymap, *password;
	int64_t unused, videoram;
} screens[] = {
	{ "", "", "", "", 1, 0 },
	{ "vfb = []\n", "", "", "", 1, 0 },
	{ "vnc = 0\nsdl = 0\n", "", "", "", 1, 0 },
	{ "vnc = 1\n", "127.0.0.1:0", "", "", 1, 0 },
	/* xm's keys of before there was vfb. */
	{ "vnc = 1\nvnclisten = '0.0.0.0'\nvncdisplay = 3\n"
	  "vncpasswd = 'x'\nkeymap = 'de'\nvideoram = 8\n",
	    "0.0.0.0:3", "de", "x", 0, 8 },
	{ "vnc = 1\nvncdisplay = 3\nvncunused = 1\n", "127.0.0.1:3", "", "",
	    1, 0 },
	{ "vfb = ['type=vnc,vncunused=1,vncdisplay=2']\n", "127.0.0.1:2", "",
	    "", 1, 0 },
	{ "vfb = [' vnc=1, vnclisten=[::1], vncdisplay=7,keymap=fr,"
	  "vncpasswd=geheim,videoram=16,opengl=0,display=:0,xauthority=/x ']\n",
	    "[::1]:7", "fr", "geheim", 0, 16 },
	/* What vfb does not say the others do. */
	{ "vfb = ['vncdisplay=7']\nkeymap = 'de'\nvnclisten = '10.0.0.1'\n",
	    "10.0.0.1:7", "de", "", 0, 0 },
	{ "vfb = ['']\n", "127.0.0.1:0", "", "", 1, 0 },
	{ "vfb = ['vnc=0']\nvnc = 1\n", "", "", "", 1, 0 },
};

START_TEST(a_screen)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;
	struct domcfg d;
	struct cfg c;

	xu_buf_addf(&text, "kernel = '/k'\n%s", screens[_i].text);
	bound(xu_buf_text(&text), &c, &d);
	ck_assert_str_eq(d.screen.vnc, screens[_i].vnc);
	ck_assert_str_eq(d.screen.keymap, screens[_i].keymap);
	ck_assert_str_eq(d.screen.password, screens[_i].password);
	ck_assert_int_eq(d.screen.unused, screens[_i].unused);
	ck_assert_int_eq(d.screen.videoram_mib, screens[_i].videoram);
	domcfg_fini(&d);
	cfg_fini(&c);
}
END_TEST

START_TEST(a_domain)
{
	static const char text[] =
	    "kernel = '/boot/k'\nmemory = '1g'\nvcpus = 2\nroot = '/dev/xvda1 ro'"
	    "\nextra = 'quiet'\ndisk = []\non_crash = 'preserve'\nacpi = 1\n";
	AUTO_BUF struct xu_buf report = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	struct domcfg d;
	struct cfg c;

	ck_assert_int_eq(parse(&c, text, &e), 0);
	ck_assert_int_eq(cfg_parse_override(&c, "memory=64", &e), 0);
	ck_assert_int_eq(cfg_parse_override(&c, "on_reboot=destroy", &e), 0);
	ck_assert_int_eq(cfg_parse_override(&c, "extra=\"a b\"", &e), 0);
	ck_assert_int_eq(cfg_parse_override(&c, "nonsense", &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "command line:1:"));
	ck_assert_uint_eq(domcfg_bind(&c, "/etc/xen/web.hvm", &d, &report), 0);
	ck_assert_str_eq(xu_buf_text(&report), "web.cfg:8:1: warning: 'acpi' "
	    "means something for PVH and HVM guests only; ignored\n");
	ck_assert_str_eq(d.name, "web");
	ck_assert_uint_eq(d.memory_kib, 64 * 1024);
	ck_assert_uint_eq(d.maxmem_kib, 64 * 1024);
	ck_assert_str_eq(d.cmdline, "root=/dev/xvda1 ro a b");
	ck_assert_str_eq(d.on_reboot, "destroy");
	ck_assert_str_eq(d.on_crash, "preserve");
	ck_assert_int_eq(d.cpu_weight, -1);
	domcfg_fini(&d);
	cfg_fini(&c);
}
END_TEST

START_TEST(table_is_consistent)
{
	for (size_t i = 0; i < domcfg_nkeys; i++) {
		const struct domcfg_key *k = &domcfg_keys[i];

		ck_assert_ptr_eq(domcfg_find(k->name), k);
		ck_assert_uint_gt(strlen(k->help), 0);
		ck_assert(k->help[strlen(k->help) - 1] == '.');
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("cfg");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_test(t, values);
	tcase_add_loop_test(t, syntax_errors_have_a_place, 0,
	    (int)XU_ARRAY_SIZE(bad_syntax));
	tcase_add_loop_test(t, expressions_are_evaluated, 0,
	    (int)XU_ARRAY_SIZE(expressions));
	tcase_add_test(t, conditions);
	tcase_add_test(t, problems_are_all_reported);
	tcase_add_test(t, other_forms);
	tcase_add_test(t, depth_is_bounded);
	tcase_add_loop_test(t, meaning_errors_are_all_reported, 0,
	    (int)XU_ARRAY_SIZE(bad_meaning));
	tcase_add_test(t, interfaces);
	tcase_add_loop_test(t, a_screen, 0, XU_ARRAY_SIZE(screens));
	tcase_add_test(t, a_domain);
	tcase_add_test(t, a_pvh_domain);
	tcase_add_test(t, an_hvm_domain);
	tcase_add_test(t, table_is_consistent);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
