/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xld.conf: what a file means, what is refused and in which words; roles. */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "xld.h"
#include "xu_file.h"

static char warnings[2048];

static void
warn(void *arg, const char *sentence)
{
	ck_assert_ptr_eq(arg, warnings);
	strncat(warnings, sentence, sizeof(warnings) - strlen(warnings) - 2);
	strcat(warnings, "\n");
}

static struct xu_val *
parse(const char *text, struct xu_err *e)
{
	warnings[0] = '\0';
	return xu_conf_parse("xld.conf", text, conf_keys, conf_nkeys, warn,
	    warnings, e);
}

static void
refused(const char *text, const char *words)
{
	struct xu_err e = XU_ERR_INIT;

	ck_assert_ptr_null(parse(text, &e));
	ck_assert_str_eq(e.code, "XLD_CONFIG");
	ck_assert_msg(strstr(e.msg, words) != NULL, "%s", e.msg);
}

START_TEST(nothing_is_the_defaults)
{
	struct xu_err e = XU_ERR_INIT;
	AUTO_VAL struct xu_val *v = parse("", &e);
	AUTO_VAL struct xu_val *none = NULL;

	ck_assert_msg(v != NULL, "%s", e.msg);
	ck_assert_uint_eq(xu_val_count(v), conf_nkeys);
	ck_assert_uint_eq(xu_val_count(xu_val_get(v, "http")), 0);
	ck_assert_uint_eq(xu_val_count(xu_val_get(v, "https")), 0);
	ck_assert_int_eq(xu_val_get_int(v, "request_kib", 0), 300);
	none = xu_conf_read("/nonexistent/xld.conf", conf_keys, conf_nkeys,
	    warn, warnings, &e);
	ck_assert(xu_val_equal(v, none));
	ck_assert_str_eq(warnings, "");
}
END_TEST

START_TEST(a_file_is_read)
{
	struct xu_err e = XU_ERR_INIT;
	AUTO_VAL struct xu_val *v = parse("# all of it\n"
					  "\n"
					  " http=127.0.0.1:1 [::1]:2 # two\r\n"
					  "\trequest_kib\t= 16\n"
					  "pool_admin =\n"
					  "read_only = @wheel",
	    &e);
	const struct xu_val *http = xu_val_get(v, "http");

	ck_assert_msg(v != NULL, "%s", e.msg);
	ck_assert_uint_eq(xu_val_count(http), 2);
	ck_assert_str_eq(xu_val_str(xu_val_at(http, 1)), "[::1]:2");
	ck_assert_int_eq(xu_val_get_int(v, "request_kib", 0), 16);
	ck_assert_uint_eq(xu_val_count(xu_val_get(v, "pool_admin")), 0);
	ck_assert_str_eq(xu_val_str(xu_val_at(xu_val_get(v, "read_only"), 0)),
	    "@wheel");
	ck_assert_str_eq(warnings, "");
}
END_TEST

START_TEST(mistakes_are_named)
{
	struct xu_err e = XU_ERR_INIT;
	AUTO_VAL struct xu_val *v = parse("\nhtps = x:1\nzebra = 1\n", &e);

	ck_assert_ptr_nonnull(v);
	ck_assert_str_eq(warnings,
	    "xld.conf:2: there is no setting 'htps'; did you mean 'https'?\n"
	    "xld.conf:3: there is no setting 'zebra'\n");
	refused("http", "xld.conf:1: 'http' is not NAME = VALUE");
	refused("\n\nsessions = many", "xld.conf:3: sessions must be a number "
				       "from 1 to 10000, not 'many'");
	refused("sessions = 0", "not '0'");
	refused("sessions =", "not ''");
	refused("sessions = 99999999999999999999", "from 1 to 10000");
	refused("dialect =", "dialect takes 1 to 1 words and has 0");
	refused("http = a b c d e", "has 5");
	refused("key = /a\nkey = /b", "xld.conf:2: key is set in line 1");
}
END_TEST

START_TEST(roles)
{
	struct xu_err e = XU_ERR_INIT;
	AUTO_VAL struct xu_val *v = parse("pool_admin = root @boss\n"
					  "vm_operator = ann @staff\n"
					  "read_only = @staff boss",
	    &e);
	AUTO_VAL struct xu_val *staff = xu_array(), *none = xu_array();
	AUTO_VAL struct xu_val *both = xu_array();
	enum model_role r;

	xu_val_add(staff, xu_str("staff"));
	xu_val_add(both, xu_str("staff"));
	xu_val_add(both, xu_str("boss"));
	ck_assert(conf_role(v, "root", none, &r));
	ck_assert_int_eq(r, ROLE_POOL_ADMIN);
	ck_assert(conf_role(v, "bob", both, &r));
	ck_assert_int_eq(r, ROLE_POOL_ADMIN);
	/* The greater of two. */
	ck_assert(conf_role(v, "bob", staff, &r));
	ck_assert_int_eq(r, ROLE_VM_OPERATOR);
	/* A user of a group's name is not the group. */
	ck_assert(conf_role(v, "boss", none, &r));
	ck_assert_int_eq(r, ROLE_READ_ONLY);
	ck_assert(!conf_role(v, "staff", none, &r));
	ck_assert(!conf_role(v, "@staff", none, &r));
	ck_assert(!conf_role(v, "", none, &r));
}
END_TEST

static size_t
all_of(struct core *c, const struct class_ops *o, struct xu_val **records)
{
	size_t pos = 0;
	void *obj;

	*records = xu_array();
	o->refresh(c);
	while ((obj = o->next(c, &pos)) != NULL) {
		ck_assert_ptr_eq(o->find(c, o->ref(obj)), obj);
		xu_val_add(*records, o->record(c, obj));
	}
	ck_assert_ptr_null(o->find(c, "nobody"));
	return xu_val_count(*records);
}

/* What the API says of the same. */
START_TEST(people)
{
	struct xu_err e = XU_ERR_INIT;
	struct core *c = calloc(1, sizeof(*c));
	AUTO_VAL struct xu_val *r = NULL, *s = NULL, *u = NULL;
	const struct xu_val *staff;

	snprintf(c->host_uuid, sizeof(c->host_uuid),
	    "5b1d8f0e-1111-4222-8333-944455556666");
	c->conf = parse("pool_admin = root\nvm_admin = @staff ann\n"
			"read_only = ann @staff bob", &e);
	ck_assert_uint_eq(all_of(c, &role_ops, &r), 6);
	ck_assert_str_eq(xu_val_get_str(xu_val_at(r, 0), "name_label", ""),
	    "pool-admin");
	ck_assert_uint_eq(
	    xu_val_count(xu_val_get(xu_val_at(r, 0), "subroles")), 5);
	/* Each once, with the role that counts. */
	ck_assert_uint_eq(all_of(c, &subject_ops, &s), 4);
	staff = xu_val_at(s, 1);
	ck_assert_str_eq(xu_val_get_str(staff, "subject_identifier", ""),
	    "@staff");
	ck_assert_str_eq(xu_val_get_str(xu_val_get(staff, "other_config"),
	    "subject-is-group", ""), "true");
	ck_assert_str_eq(
	    xu_val_str(xu_val_at(xu_val_get(staff, "roles"), 0)),
	    xu_val_get_str(xu_val_at(r, 3), "uuid", ""));
	ck_assert_uint_eq(all_of(c, &user_ops, &u), 3);
	ck_assert_str_eq(xu_val_get_str(xu_val_at(u, 2), "short_name", ""),
	    "bob");
	xu_val_free(c->conf);
	free(c);
}
END_TEST

START_TEST(addresses)
{
	static const char *const bad[] = { "", ":", "1", "127.0.0.1",
		"127.0.0.1:", "localhost:0", "::1:9363", "[::1]", "[]:1",
		"127.0.0.1:99999", "127.0.0.1:http" };
	struct xu_err e = XU_ERR_INIT;
	int fd = listen_tcp("127.0.0.1:0", &e);

	ck_assert_msg(fd >= 0, "%s", e.msg);
	close(fd);
	for (size_t i = 0; i < XU_ARRAY_SIZE(bad); i++) {
		xu_err_clear(&e);
		fd = listen_tcp(bad[i], &e);
		ck_assert_msg(fd < 0, "%s", bad[i]);
		ck_assert_str_eq(e.code, "XLD_CONFIG");
	}
}
END_TEST

/* Each setting has its paragraph. */
START_TEST(the_manual_knows_them)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	char word[80];

	ck_assert_int_eq(xu_file_read(MANUAL, 1 << 20, &b, NULL), 0);
	for (size_t i = 0; i < conf_nkeys; i++) {
		snprintf(word, sizeof(word), "Cm %s ", conf_keys[i].name);
		ck_assert_msg(strstr(xu_buf_text(&b), word) != NULL,
		    "xld.conf(5) says nothing of %s", conf_keys[i].name);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("conf");
	TCase *tc = tcase_create("all");
	SRunner *sr = srunner_create(s);
	int bad;

	tcase_add_test(tc, nothing_is_the_defaults);
	tcase_add_test(tc, a_file_is_read);
	tcase_add_test(tc, mistakes_are_named);
	tcase_add_test(tc, roles);
	tcase_add_test(tc, people);
	tcase_add_test(tc, addresses);
	tcase_add_test(tc, the_manual_knows_them);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	bad = srunner_ntests_failed(sr);
	srunner_free(sr);
	return bad == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
