/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a configuration says of the processors, and what becomes of it. */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm_cpuid.h"
#include "xu_auto.h"
#include "xu_cpuid.h"

#define ANY XU_CPUID_ANY
#define X31 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* --- the names, beside Xen's ------------------------------------------------ */

/* Where a word of Xen's feature sets is (arch-x86/cpufeatureset.h's headings). */
static const struct {
	uint32_t leaf, subleaf;
	char reg;
} words[] = {
	{ 0x1, ANY, 'd' },
	{ 0x1, ANY, 'c' },
	{ 0x80000001, ANY, 'd' },
	{ 0x80000001, ANY, 'c' },
	{ 0xd, 1, 'a' },
	{ 0x7, 0, 'b' },
	{ 0x7, 0, 'c' },
	{ 0x80000007, ANY, 'd' },
	{ 0x80000008, ANY, 'b' },
	{ 0x7, 0, 'd' },
	{ 0x7, 1, 'a' },
	{ 0x80000021, ANY, 'a' },
};

static const struct {
	const char *name;
	unsigned number;
} xens[] = {
#define XEN_CPUFEATURE(name, value) { #name, value },
#include <xen/arch-x86/cpufeatureset.h>
};

static const struct {
	const char *name, *xen;
	uint32_t leaf, subleaf;
	char reg;
	unsigned bit;
} ours[] = {
#define CPUID_BIT(name, alias, leaf, sub, reg, bit, xen)                       \
	{ name, #xen, leaf, sub, #reg[0], bit },
#define CPUID_FIELD(name, leaf, sub, reg, low, width)
#define CPUID_XEN_DECIDES(leaf, sub, reg, bit)
#include "cpufeat.h"
};

/* Those that the installed header is too old for are not counted. */
START_TEST(as_xen_has_them)
{
	unsigned seen = 0;

	for (size_t i = 0; i < XU_ARRAY_SIZE(ours); i++)
		for (size_t n = 0; n < XU_ARRAY_SIZE(xens); n++) {
			unsigned w = xens[n].number / 32;

			if (strcmp(ours[i].xen, xens[n].name) != 0)
				continue;
			seen++;
			ck_assert_uint_lt(w, XU_ARRAY_SIZE(words));
			ck_assert_msg(ours[i].leaf == words[w].leaf &&
				ours[i].subleaf == words[w].subleaf &&
				ours[i].reg == words[w].reg &&
				ours[i].bit == xens[n].number % 32,
			    "%s is elsewhere in Xen", ours[i].name);
		}
	ck_assert_uint_gt(seen, 150);
}
END_TEST

/* --- words ------------------------------------------------------------------ */

static const struct {
	const char *text;
	struct xu_cpuid_rule rule;
} good[] = {
	{ "host,avx2=0", { 0x7, 0, 1, 0, 1 << 5, 0 } },
	{ "host,sse4.1=1", { 0x1, ANY, 2, 1 << 19, 0, 0 } },
	{ "host,sse4_1=k", { 0x1, ANY, 2, 0, 0, 1 << 19 } },
	{ "host,nx=s", { 0x80000001, ANY, 3, 0, 0, 1 << 20 } },
	{ "host,nx=1,nx=x", { 0x80000001, ANY, 3, 0, 0, 0 } },
	{ " host,nx=1  host,nx=0 ", { 0x80000001, ANY, 3, 0, 1 << 20, 0 } },
	{ "host,stepping=5", { 0x1, ANY, 0, 5, 10, 0 } },
	{ "host,stepping=0xa", { 0x1, ANY, 0, 10, 5, 0 } },
	{ "host,stepping=k", { 0x1, ANY, 0, 0, 0, 15 } },
	{ "host,family=6", { 0x1, ANY, 0, 6 << 8, 0x0ff00900, 0 } },
	{ "host,family=23", { 0x1, ANY, 0, 0x00800f00, 0x0f700000, 0 } },
	{ "host,family=x", { 0x1, ANY, 0, 0, 0, 0 } },
	{ "host,model=0x8f", { 0x1, ANY, 0, 0x000800f0, 0x00070000, 0 } },
	{ "host,maxleaf=0xd", { 0x0, ANY, 0, 0xd, ~0xdu, 0 } },
	{ "host,nc=3", { 0x80000008, ANY, 2, 3, 0xfc, 0 } },
	{ "1:ecx=" X31 "0", { 0x1, ANY, 2, 0, 1, 0 } },
	{ "0x1:edx=1" X31, { 0x1, ANY, 3, 1u << 31, 0, 0 } },
	{ "7,0:ebx=k" X31, { 0x7, 0, 1, 0, 0, 1u << 31 } },
	{ "0x4,0x1:eax=0x00ff00ff", { 0x4, 1, 0, 0x00ff00ff, 0xff00ff00, 0 } },
	{ "0x40000000:eax=0x40000001",
	    { 0x40000000, ANY, 0, 0x40000001, 0xbffffffe, 0 } },
};

START_TEST(a_word)
{
	const struct xu_cpuid_rule *w = &good[_i].rule, *r;
	struct xu_err e = XU_ERR_INIT;
	struct xu_cpuid c;

	ck_assert_msg(xu_cpuid_parse(good[_i].text, &c, &e) == 0, "%s", e.msg);
	ck_assert_uint_eq(c.n, 1);
	r = &c.rules[0];
	ck_assert_uint_eq(r->leaf, w->leaf);
	ck_assert_uint_eq(r->subleaf, w->subleaf);
	ck_assert_uint_eq(r->reg, w->reg);
	ck_assert_uint_eq(r->ones, w->ones);
	ck_assert_uint_eq(r->zeros, w->zeros);
	ck_assert_uint_eq(r->host, w->host);
}
END_TEST

static const struct {
	const char *text, *reason;
} wrong[] = {
	{ "guest,avx=0", "'guest,avx=0': \"host,FEATURE=VALUE" },
	{ "hosts,avx=0", "\"host,FEATURE=VALUE" },
	{ "host,avx", "'avx': FEATURE=VALUE is wanted" },
	{ "host,avx=2", "'avx=2': the value of a feature is 0, 1, x, k or s" },
	{ "host,avx=", "the value of a feature" },
	{ "host,avx=10", "the value of a feature" },
	{ "host,axv2=0", "did you mean 'avx2'?" },
	{ "host,somethingelse=0", "no feature has that name" },
	{ "host,=0", "no feature has that name" },
	{ "host,stepping=16", "too large for its field" },
	{ "host,family=271", "too large for its field" },
	{ "host,model=256", "too large for its field" },
	{ "host,model=z", "a number, x, k or s is wanted" },
	{ "host,nc=", "a number, x, k or s is wanted" },
	{ "host,maxleaf=0x100000000", "a number, x, k or s is wanted" },
	{ "z:eax=0x1", "'z': the number of a CPUID leaf" },
	{ "0x100000000:eax=0x1", "the number of a CPUID leaf" },
	{ "1,y:eax=0x1", "'y': the number of a subleaf" },
	{ "1:efx=0x1", "'efx=0x1': eax=, ebx=, ecx= or edx=" },
	{ "1:", "eax=, ebx=, ecx= or edx=" },
	{ "1:eax", "eax=, ebx=, ecx= or edx=" },
	{ "1:eax=0x1ffffffff", "32 of the letters" },
	{ "1:eax=" X31, "32 of the letters" },
	{ "1:eax=" X31 "xx", "32 of the letters" },
	{ "1:eax=" X31 "2", "a bit is 0, 1, x, k or s" },
};

START_TEST(no_word)
{
	struct xu_err e = XU_ERR_INIT;
	struct xu_cpuid c;

	ck_assert_int_eq(xu_cpuid_parse(wrong[_i].text, &c, &e), -1);
	ck_assert_str_eq(e.code, "VALUE_NOT_SUPPORTED");
	ck_assert_msg(strstr(e.msg, wrong[_i].reason) != NULL, "%s", e.msg);
}
END_TEST

START_TEST(too_many_registers)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	struct xu_cpuid c;

	for (unsigned i = 0; i < XU_CPUID_RULES; i++)
		xu_buf_addf(&text, "%u:eax=0x1 ", i);
	ck_assert_int_eq(xu_cpuid_parse(xu_buf_text(&text), &c, &e), 0);
	xu_buf_adds(&text, "0x1000:eax=0x1");
	ck_assert_int_eq(xu_cpuid_parse(xu_buf_text(&text), &c, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "too many registers"));
}
END_TEST

START_TEST(names_of_bits)
{
	struct xu_cpuid_rule r = { 0x7, 0, 1, 0, 0, 0 };
	char name[64];

	xu_cpuid_bit_name(&r, 5, name, sizeof(name));
	ck_assert_str_eq(name, "avx2");
	r = (struct xu_cpuid_rule){ 0x14, 0, 1, 0, 0, 0 };
	xu_cpuid_bit_name(&r, 3, name, sizeof(name));
	ck_assert_str_eq(name, "leaf 0x14 ebx bit 3");
}
END_TEST

/* --- policies --------------------------------------------------------------- */

static struct xc_cpuid_leaf room[8];
static struct cpuid_leaves list;

static void
leaves(const struct xc_cpuid_leaf *l, size_t n)
{
	ck_assert_uint_le(n, XU_ARRAY_SIZE(room));
	memcpy(room, l, n * sizeof(*l));
	list = (struct cpuid_leaves){ room, (uint32_t)n };
}

START_TEST(words_change_a_policy)
{
	static const struct xc_cpuid_leaf before[] = {
		{ 0x1, ANY, 0xf00, 0, 0x0000ffff, 0x0000ffff },
		{ 0x7, 0, 2, 0xff, 0, 0 },
	};
	static struct xc_cpuid_leaf hosts[] = { { 0x7, 0, 2, 0xa00, 0, 0 } };
	const struct cpuid_leaves host = { hosts, 1 };
	const struct xu_cpuid_rule *r;
	struct xu_err e = XU_ERR_INIT;
	struct xu_cpuid c;
	unsigned bit;

	leaves(before, XU_ARRAY_SIZE(before));
	ck_assert_int_eq(xu_cpuid_parse(
	    "host,sse3=0,avx=1,erms=k,smep=k,invpcid=k,rtm=k 0x99:eax=0x0",
	    &c, &e), 0);
	ck_assert_int_eq(cpuid_apply(&list, &host, &c, &e), 0);
	ck_assert_uint_eq(room[0].c, 0x1000fffe);
	ck_assert_uint_eq(room[0].d, 0x0000ffff);
	/* erms and rtm as the host, smep is not its. */
	ck_assert_uint_eq(room[1].b, 0xa7f);
	ck_assert(cpuid_granted(&list, &c, &r, &bit));
	room[0].c &= ~(1u << 28);
	ck_assert(!cpuid_granted(&list, &c, &r, &bit));
	ck_assert_uint_eq(r->leaf, 1);
	ck_assert_uint_eq(bit, 28);
}
END_TEST

START_TEST(no_such_leaf)
{
	static const struct xc_cpuid_leaf before[] = { { 0x1, ANY, 0, 0, 0, 0 } };
	struct xu_err e = XU_ERR_INIT;
	struct xu_cpuid c;

	leaves(before, 1);
	ck_assert_int_eq(xu_cpuid_parse("host,avx2=1", &c, &e), 0);
	ck_assert_int_eq(cpuid_apply(&list, &list, &c, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "avx2=1"));
	ck_assert_ptr_nonnull(strstr(e.msg, "no such leaf"));
}
END_TEST

/* Xen answers it as CR4 is, whatever one wants. */
START_TEST(decided_by_xen)
{
	static const struct xc_cpuid_leaf before[] = { { 0x1, ANY, 0, 0, 0, 0 } };
	const struct xu_cpuid_rule *r;
	struct xu_err e = XU_ERR_INIT;
	struct xu_cpuid c;
	unsigned bit;

	leaves(before, 1);
	ck_assert_int_eq(xu_cpuid_parse("host,osxsave=1", &c, &e), 0);
	ck_assert(cpuid_granted(&list, &c, &r, &bit));
}
END_TEST

static const struct {
	bool amd;
	unsigned vcpus, logical, cores, id_bits;
} shapes[] = {
	{ true, 1, 2, 1, 1 },
	{ true, 3, 8, 7, 3 },
	{ true, 4, 8, 7, 3 },
	{ true, 64, 128, 127, 7 },
	{ true, 128, 128, 127, 7 },
	{ false, 1, 2, 1, 0 },
	{ false, 4, 8, 7, 0 },
	{ false, 128, 64, 63, 0 },
};

START_TEST(topology)
{
	struct xc_cpuid_leaf before[] = {
		/* "Auth" of AuthenticAMD, "Genu" of GenuineIntel */
		{ 0x0, ANY, 0xd, shapes[_i].amd ? 0x68747541 : 0x756e6547, 0, 0 },
		{ 0x1, ANY, 0xf00, 0x05ff0807, 0, 0 },
		{ 0x4, 0, 0x1c03c121, 0, 0, 0 },
		{ 0x4, 1, 0, 0, 0, 0 },
		{ 0x80000001, ANY, 0, 0, 0xff, 0 },
		{ 0x80000008, ANY, 0x3030, 0, 0x20f05003, 0 },
	};

	leaves(before, XU_ARRAY_SIZE(before));
	cpuid_topology(&list, shapes[_i].vcpus);
	ck_assert_uint_eq(room[1].b,
	    (0x05ff0807u & ~0xff0000u) | shapes[_i].logical << 16);
	ck_assert_uint_eq(room[1].d, 1u << 28);
	ck_assert_uint_eq(room[3].a, 0);
	if (shapes[_i].amd) {
		ck_assert_uint_eq(room[4].c, 0xfd);
		ck_assert_uint_eq(room[5].c,
		    (0x20f05003u & ~0xf0ffu) +
			shapes[_i].cores + (shapes[_i].id_bits << 12));
		ck_assert_uint_eq(room[2].a, 0x1c03c121);
	} else {
		ck_assert_uint_eq(room[2].a, shapes[_i].cores << 26 | 0x121);
		ck_assert_uint_eq(room[4].c, 0xff);
		ck_assert_uint_eq(room[5].c, 0x20f05003);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("cpuid");
	TCase *t = tcase_create("cpuid");
	SRunner *r;
	int failed;

	tcase_add_test(t, as_xen_has_them);
	tcase_add_loop_test(t, a_word, 0, XU_ARRAY_SIZE(good));
	tcase_add_loop_test(t, no_word, 0, XU_ARRAY_SIZE(wrong));
	tcase_add_test(t, too_many_registers);
	tcase_add_test(t, names_of_bits);
	tcase_add_test(t, words_change_a_policy);
	tcase_add_test(t, no_such_leaf);
	tcase_add_test(t, decided_by_xen);
	tcase_add_loop_test(t, topology, 0, XU_ARRAY_SIZE(shapes));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
