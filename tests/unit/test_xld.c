/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The parts of xld that need no Xen: what a machine may be, the registry,
 * identities, how errors travel.
 */
#include "config.h"

#include <check.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "where.h"
#include "xld.h"

#define MIB (INT64_C(1) << 20)

static struct core *
core_new(void)
{
	struct core *c = calloc(1, sizeof(*c));

	ck_assert_ptr_nonnull(c);
	c->loop = uv_default_loop();
	ck_assert_int_eq(guests_open(c), 0);
	return c;
}

static void
core_free(struct core *c)
{
	guests_close(c);
	free(c);
}

static struct xu_val *
small(const char *name)
{
	struct xu_val *v = xu_struct();

	xu_val_set(v, "name_label", xu_str(name));
	xu_val_set(v, "memory_static_max", xu_int(64 * MIB));
	xu_val_set(v, "PV_kernel", xu_str("/boot/k"));
	return v;
}

START_TEST(defaults)
{
	struct core *c = core_new();
	AUTO_VAL struct xu_val *args = small("a");
	AUTO_VAL struct xu_val *v = NULL;
	struct xu_err e = XU_ERR_INIT;

	v = config_new(c, args, &e);
	ck_assert_msg(v != NULL, "%s", e.msg);
	ck_assert_int_eq(xu_val_get_int(v, "memory_dynamic_max", 0), 64 * MIB);
	ck_assert_int_eq(xu_val_get_int(v, "memory_dynamic_min", 0), 64 * MIB);
	ck_assert_int_eq(xu_val_get_int(v, "memory_static_min", 9), 0);
	ck_assert_int_eq(xu_val_get_int(v, "VCPUs_max", 0), 1);
	ck_assert_int_eq(xu_val_get_int(v, "VCPUs_at_startup", 0), 1);
	ck_assert_str_eq(xu_val_get_str(v, "actions_after_shutdown", ""),
	    "destroy");
	ck_assert_str_eq(xu_val_get_str(v, "actions_after_reboot", ""),
	    "restart");
	ck_assert_str_eq(xu_val_get_str(v, "actions_after_crash", ""),
	    "destroy");
	/* Every field its owner sets is there, of its type. */
	for (const struct model_field *f = model_vm.fields; f->name; f++)
		ck_assert_msg((xu_val_get(v, f->name) != NULL) ==
			(f->access != RO_RUN), "%s", f->name);
	core_free(c);
}
END_TEST

/* What each of many machines that are kept takes: in bytes, by the C library's own
 * count (ASan's allocator counts nothing). */
START_TEST(kept_machines_are_small)
{
	enum { MACHINES = 1000, MOST = 4096 };
	struct core *c = core_new();
	struct mallinfo2 before = mallinfo2(), after;
	struct xu_err e = XU_ERR_INIT;
	char name[16], uuid[UUID_TEXT];

	for (int i = 0; i < MACHINES; i++) {
		AUTO_VAL struct xu_val *args = NULL;
		struct xu_val *config;

		snprintf(name, sizeof(name), "m%d", i);
		args = small(name);
		config = config_new(c, args, &e);
		uuid_random(uuid);
		ck_assert_ptr_nonnull(guest_new(c, uuid, config, &e));
	}
	after = mallinfo2();
	ck_assert_uint_le((after.uordblks - before.uordblks) / MACHINES, MOST);
	core_free(c);
}
END_TEST

static const struct {
	const char *field;
	int64_t number;
	/* Instead of the number. */
	const char *text;
	/* Of a map. */
	const char *key;
	const char *code, *message;
} bad[] = {
	{ "name_label", 0, "", NULL, "VALUE_NOT_SUPPORTED", "needs a name" },
	{ "name_label", 0, "a b", NULL, "VALUE_NOT_SUPPORTED", "letters" },
	{ "name_label", 0, "../x", NULL, "VALUE_NOT_SUPPORTED", "letters" },
	{ "name_label", 0, ".x", NULL, "VALUE_NOT_SUPPORTED", "dot" },
	{ "uuid", 0, "zz", NULL, "VALUE_NOT_SUPPORTED", "not a uuid" },
	{ "memory_static_max", 4096, NULL, NULL, "VALUE_NOT_SUPPORTED",
	    "at least 1 MiB" },
	{ "memory_static_max", -1, NULL, NULL, "VALUE_NOT_SUPPORTED",
	    "memory" },
	{ "memory_static_max", INT64_MAX, NULL, NULL, "VALUE_NOT_SUPPORTED",
	    "memory" },
	{ "memory_static_max", 64 * MIB + 1, NULL, NULL,
	    "VALUE_NOT_SUPPORTED", "pages" },
	{ "memory_dynamic_max", 128 * MIB, NULL, NULL, "VALUE_NOT_SUPPORTED",
	    "below memory_dynamic_max" },
	{ "memory_dynamic_min", 128 * MIB, NULL, NULL, "VALUE_NOT_SUPPORTED",
	    "above" },
	{ "memory_static_min", 128 * MIB, NULL, NULL, "VALUE_NOT_SUPPORTED",
	    "above" },
	{ "VCPUs_max", 513, NULL, NULL, "VALUE_NOT_SUPPORTED", "1 to 512" },
	{ "VCPUs_max", -1, NULL, NULL, "VALUE_NOT_SUPPORTED", "1 to 512" },
	{ "VCPUs_params", 0, "0", "weight", "VALUE_NOT_SUPPORTED", "1 to" },
	{ "VCPUs_params", 0, "x", "cap", "VALUE_NOT_SUPPORTED", "number" },
	{ "VCPUs_params", 0, "1", "shade", "VALUE_NOT_SUPPORTED",
	    "does not know" },
	{ "platform", 0, "3", "max_grant_version", "VALUE_NOT_SUPPORTED",
	    "1 to 2" },
	{ "platform", 0, "3", "shade", "VALUE_NOT_SUPPORTED", "does not know" },
	{ "PV_bootloader", 0, "mygrub", NULL, "VALUE_NOT_SUPPORTED",
	    "is pvgrub, or a program that is named with its full path" },
	{ "PV_bootloader", 0, "/usr/bin/mygrub", NULL, "VALUE_NOT_SUPPORTED",
	    "one of both boots" },
	{ "PV_bootloader", 0, "pygrub", NULL, "VALUE_NOT_SUPPORTED",
	    "one of both boots" },
	{ "platform", 0, "", "vga", "VALUE_NOT_SUPPORTED", "cirrus std" },
	{ "platform", 0, "qxl", "vga", "VALUE_NOT_SUPPORTED", "cirrus std" },
	{ "platform", 0, "dm", "device_model", "VALUE_NOT_SUPPORTED", "path" },
	{ "platform", 0, "tcp::1", "serial", "VALUE_NOT_SUPPORTED",
	    "none pty" },
	{ "platform", 0, "4", "timer_mode", "VALUE_NOT_SUPPORTED", "0 to 3" },
	{ "platform", 0, "100", "mmio_hole", "VALUE_NOT_SUPPORTED",
	    "256 to 3840" },
	{ "domain_type", 0, "pv_in_pvh", NULL, "VALUE_NOT_SUPPORTED", "shim" },
	{ "platform", 0, "2", "localtime", "VALUE_NOT_SUPPORTED", "0 to 1" },
	{ "platform", 0, "3", "tsc_mode", "VALUE_NOT_SUPPORTED", "0 to 2" },
	{ "PV_kernel", 0, "boot/k", NULL, "VALUE_NOT_SUPPORTED", "full path" },
	{ "PV_ramdisk", 0, "i", NULL, "VALUE_NOT_SUPPORTED", "full path" },
	{ "blocked_operations", 0, "why", "dance", "VALUE_NOT_SUPPORTED",
	    "no such operation" },
	{ "blocked_operations", 0, "why", "Destroy", "VALUE_NOT_SUPPORTED",
	    "no such operation" },
	{ "blocked_operations", 0,
	    "0123456789012345678901234567890123456789012345678901234567890123"
	    "0123456789012345678901234567890123456789012345678901234567890123"
	    "0123456789012345678901234567890123456789012345678901234567890123"
	    "0123456789012345678901234567890123456789012345678901234567890123"
	    "5", "destroy", "VALUE_NOT_SUPPORTED", "256 bytes" },
	{ "actions_after_crash", 0, "explode", NULL, "VALUE_NOT_SUPPORTED",
	    "no such action" },
};

START_TEST(refusals)
{
	struct core *c = core_new();
	AUTO_VAL struct xu_val *args = small("a");
	struct xu_val *v;
	struct xu_err e = XU_ERR_INIT;

	if (bad[_i].key != NULL) {
		v = xu_struct();
		xu_val_set(v, bad[_i].key, xu_str(bad[_i].text));
	} else {
		v = bad[_i].text != NULL ? xu_str(bad[_i].text) :
					   xu_int(bad[_i].number);
	}
	xu_val_set(args, bad[_i].field, v);
	ck_assert_ptr_null(config_new(c, args, &e));
	ck_assert_str_eq(e.code, bad[_i].code);
	ck_assert_msg(strstr(e.msg, bad[_i].message) != NULL, "%s", e.msg);
	core_free(c);
}
END_TEST

START_TEST(long_arguments)
{
	struct core *c = core_new();
	AUTO_VAL struct xu_val *args = small("a");
	struct xu_err e = XU_ERR_INIT;
	char text[1025];

	memset(text, 'x', 1024);
	text[1024] = '\0';
	xu_val_set(args, "PV_args", xu_str(text));
	ck_assert_ptr_null(config_new(c, args, &e));
	ck_assert_msg(strstr(e.msg, "1023") != NULL, "%s", e.msg);
	core_free(c);
}
END_TEST

static struct guest *
add(struct core *c, const char *name)
{
	AUTO_VAL struct xu_val *args = small(name);
	struct xu_err e = XU_ERR_INIT;
	char uuid[UUID_TEXT];
	struct guest *g;

	uuid_random(uuid);
	g = guest_new(c, uuid, config_new(c, args, &e), &e);
	ck_assert_msg(g != NULL, "%s", e.msg);
	return g;
}

/* Who names a program makes domain 0 run it. */
START_TEST(host_words)
{
	AUTO_VAL struct xu_val *plain = small("a"), *model = small("a"),
		*words = small("a");
	struct xu_val *p;

	p = xu_struct();
	xu_val_set(p, "acpi", xu_str("1"));
	xu_val_set(plain, "platform", p);
	p = xu_struct();
	xu_val_set(p, "device_model", xu_str("/bin/sh"));
	xu_val_set(model, "platform", p);
	p = xu_struct();
	xu_val_set(p, "device_model_args", xu_str("-drive x"));
	xu_val_set(words, "platform", p);
	ck_assert_ptr_null(config_host_word(NULL, plain));
	ck_assert_str_eq(config_host_word(NULL, model),
	    "platform:device_model");
	ck_assert_str_eq(config_host_word(NULL, words),
	    "platform:device_model_args");
	ck_assert_str_eq(config_host_word(plain, model),
	    "platform:device_model");
	/* Nor is one taken away without leave. */
	ck_assert_str_eq(config_host_word(model, plain),
	    "platform:device_model");
	ck_assert_ptr_null(config_host_word(model, model));
	ck_assert_ptr_null(config_host_word(plain, plain));
	xu_val_set(plain, "PV_bootloader", xu_str("pvgrub"));
	ck_assert_ptr_null(config_host_word(NULL, plain));
	xu_val_set(plain, "PV_bootloader", xu_str("/bin/loader"));
	ck_assert_str_eq(config_host_word(NULL, plain), "PV_bootloader");
	ck_assert_ptr_null(config_host_word(plain, plain));
}
END_TEST

START_TEST(registry)
{
	struct core *c = core_new();
	struct guest *a = add(c, "a"), *b = add(c, "b");
	AUTO_VAL struct xu_val *again = small("a");
	struct xu_err e = XU_ERR_INIT;

	ck_assert_ptr_eq(guest_by_name(c, "a"), a);
	ck_assert_ptr_eq(guest_by_uuid(c, b->uuid), b);
	ck_assert_ptr_null(guest_by_domid(c, 0));
	ck_assert_ptr_null(config_new(c, again, &e));
	ck_assert_str_eq(e.code, "UNIQUE_NAME_ERROR");

	ck_assert_int_eq(guest_set_domid(a, 7, &e), 0);
	ck_assert_ptr_eq(guest_by_domid(c, 7), a);
	ck_assert_int_eq(guest_set_domid(a, 9, &e), 0);
	ck_assert_ptr_null(guest_by_domid(c, 7));
	ck_assert_ptr_eq(guest_by_domid(c, 9), a);

	ck_assert_int_eq(guest_set_name(a, "c", &e), 0);
	ck_assert_ptr_null(guest_by_name(c, "a"));
	ck_assert_ptr_eq(guest_by_name(c, "c"), a);
	ck_assert_str_eq(guest_name(a), "c");

	/* Two of one name, as when others made one: the second is found when the
	 * first goes. */
	ck_assert_int_eq(guest_set_name(b, "c", &e), 0);
	ck_assert_ptr_eq(guest_by_name(c, "c"), a);
	ck_assert_int_eq(guest_set_name(a, "d", &e), 0);
	ck_assert_ptr_eq(guest_by_name(c, "c"), b);
	ck_assert_int_eq(guest_set_name(a, "c", &e), 0);
	ck_assert_int_eq(guest_set_name(b, "b", &e), 0);
	ck_assert_ptr_eq(guest_by_name(c, "c"), a);

	guest_free(a);
	ck_assert_ptr_null(guest_by_domid(c, 9));
	ck_assert_ptr_null(guest_by_name(c, "c"));
	ck_assert_ptr_eq(guest_by_name(c, "b"), b);
	core_free(c);
}
END_TEST

START_TEST(power)
{
	struct core *c = core_new();
	struct guest *g = add(c, "a");

	ck_assert_int_eq(guest_power(g), DOM_HALTED);
	guest_set_domid(g, 3, NULL);
	ck_assert_int_eq(guest_power(g), DOM_RUNNING);
	g->info.flags = XC_DOMINF_PAUSED;
	ck_assert_int_eq(guest_power(g), DOM_PAUSED);
	g->info.flags = XC_DOMINF_SHUTDOWN;
	g->info.shutdown_reason = END_CRASH;
	ck_assert_int_eq(guest_power(g), DOM_CRASHED);
	g->info.shutdown_reason = END_POWEROFF;
	ck_assert_int_eq(guest_power(g), DOM_RUNNING);
	core_free(c);
}
END_TEST

START_TEST(identities)
{
	char a[UUID_TEXT], b[UUID_TEXT], d[UUID_TEXT];
	uint8_t bytes[16];

	uuid_random(a);
	uuid_derive(a, "x", b);
	uuid_derive(a, "x", d);
	ck_assert_str_eq(b, d);
	uuid_derive(a, "y", d);
	ck_assert_str_ne(b, d);
	ck_assert(uuid_bytes(a, bytes));
	uuid_text(bytes, d);
	ck_assert_str_eq(a, d);
	ck_assert(!uuid_bytes("no", bytes));
}
END_TEST

START_TEST(descriptions)
{
	struct xu_err e = XU_ERR_INIT;
	AUTO_VAL struct xu_val *v = NULL;

	xu_err_set(&e, "VM_BAD_POWER_STATE", 0, "no");
	xu_err_param(&e, "u");
	xu_err_param(&e, "Halted");
	v = err_description(&e);
	/* As many as errors.h promises. */
	ck_assert_uint_eq(xu_val_count(v), 4);
	ck_assert_str_eq(xu_val_str(xu_val_at(v, 0)), "VM_BAD_POWER_STATE");
	ck_assert_str_eq(xu_val_str(xu_val_at(v, 2)), "Halted");
	ck_assert_str_eq(xu_val_str(xu_val_at(v, 3)), "");
	xu_val_free(v);
	xu_err_clear(&e);
	xu_err_set(&e, "RBAC_PERMISSION_DENIED", 0, "no leave");
	xu_err_param(&e, "VM.start");
	v = err_description(&e);
	ck_assert_uint_eq(xu_val_count(v), 3);
	ck_assert_str_eq(xu_val_str(xu_val_at(v, 2)), "no leave");
}
END_TEST

static const struct {
	const char *filter;
	/* -1: it makes no sense, and the error says that. */
	int holds;
	const char *why;
} filters[] = {
	{ "true", 1, NULL },
	{ " false ", 0, NULL },
	{ "not false", 1, NULL },
	{ "not not true", 1, NULL },
	{ "field \"name_label\" = \"web\"", 1, NULL },
	{ "field \"name__label\" = \"web\"", 1, NULL },
	{ "field \"name__label\" = \"db\"", 0, NULL },
	{ "\"web\" = field \"name_label\"", 1, NULL },
	{ "field \"name_label\" = field \"name_description\"", 0, NULL },
	{ "field \"is_a_template\" = \"false\"", 1, NULL },
	{ "field \"VCPUs_max\" = \"2\"", 1, NULL },
	{ "field \"resident_on\" = \"OpaqueRef:NULL\"", 1, NULL },
	{ "field \"metrics\" = \"OpaqueRef:abc\"", 1, NULL },
	{ "(field \"name_label\"=\"web\") and (not (field \"uuid\"=\"x\"))", 1,
	    NULL },
	{ "true or false and false", 1, NULL },
	{ "(true or false) and false", 0, NULL },
	{ "\"a\\\"b\" = \"a\\\"b\"", 1, NULL },
	{ "", -1, "quotes is wanted" },
	{ "trueish", -1, "quotes is wanted" },
	{ "true true", -1, "more than a filter" },
	{ "(true", -1, "')' is wanted" },
	{ "\"a\"", -1, "'=' is wanted" },
	{ "\"a", -1, "do not end" },
	{ "field \"none\" = \"a\"", -1, "no such field" },
	{ "field \"other_config\" = \"a\"", -1, "no text" },
	{ "((((((((((((((((((((((((((((((((((true", -1, "too deep" },
};

START_TEST(filter)
{
	AUTO_VAL struct xu_val *r = xu_struct();
	struct xu_err e = XU_ERR_INIT;
	int holds;

	xu_val_set(r, "uuid", xu_str("u"));
	xu_val_set(r, "name_label", xu_str("web"));
	xu_val_set(r, "name_description", xu_str("front"));
	xu_val_set(r, "is_a_template", xu_bool(false));
	xu_val_set(r, "VCPUs_max", xu_int(2));
	xu_val_set(r, "resident_on", xu_str(""));
	xu_val_set(r, "metrics", xu_str("abc"));
	xu_val_set(r, "other_config", xu_struct());
	holds = where_holds(filters[_i].filter, r, &e);
	ck_assert_msg(holds == filters[_i].holds, "%s: %d %s",
	    filters[_i].filter, holds, e.msg);
	if (holds < 0)
		ck_assert_msg(strstr(e.msg, filters[_i].why) != NULL, "%s",
		    e.msg);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("xld");
	TCase *t = tcase_create("xld");
	SRunner *r;
	int failed;

	tcase_add_test(t, defaults);
	tcase_add_test(t, kept_machines_are_small);
	tcase_add_loop_test(t, filter, 0, XU_ARRAY_SIZE(filters));
	tcase_add_loop_test(t, refusals, 0, XU_ARRAY_SIZE(bad));
	tcase_add_test(t, long_arguments);
	tcase_add_test(t, host_words);
	tcase_add_test(t, registry);
	tcase_add_test(t, power);
	tcase_add_test(t, identities);
	tcase_add_test(t, descriptions);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
