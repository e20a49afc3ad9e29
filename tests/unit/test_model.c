/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of model/: that they agree with themselves, and name resolution. */
#include "config.h"

#include <check.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "domstate.h"
#include "errors.h"
#include "schema.h"
#include "xu_map.h"

/* Every name a type mentions exists. */
static void
type_is_whole(const struct model_type *t, const char *where)
{
	ck_assert_msg(t != NULL, "%s has no type", where);
	switch (t->kind) {
	case MK_ENUM:
		ck_assert_msg(model_find_enum(t->name) != NULL,
		    "%s: no enum %s", where, t->name);
		break;
	case MK_REF:
	case MK_RECORD:
		ck_assert_msg(model_find_class(t->name) != NULL,
		    "%s: no class %s", where, t->name);
		break;
	case MK_MAP:
		type_is_whole(t->key, where);
		type_is_whole(t->of, where);
		break;
	case MK_SET:
		type_is_whole(t->of, where);
		break;
	default:
		ck_assert_ptr_null(t->name);
		break;
	}
}

START_TEST(rows_name_what_exists)
{
	const struct model_class *c;

	for (size_t i = 0; (c = model_classes[i]) != NULL; i++) {
		ck_assert_ptr_eq(model_find_class(c->name), c);
		for (const struct model_field *f = c->fields; f->name; f++) {
			type_is_whole(f->type, f->name);
			ck_assert_ptr_eq(model_find_field(c, f->name), f);
			ck_assert_msg((f->access == RW) == (f->states != 0),
			    "%s.%s: states are for RW fields", c->name,
			    f->name);
			ck_assert(f->doc != NULL && f->doc[0] != '\0');
		}
		for (const struct model_method *m = c->methods; m->name; m++) {
			type_is_whole(m->result, m->name);
			ck_assert_ptr_eq(model_find_method(c, m->name), m);
			ck_assert_uint_ne(m->states, 0);
			ck_assert(m->doc != NULL && m->doc[0] != '\0');
			for (size_t a = 0;
			     a < MODEL_ARGS_MAX && m->args[a].name; a++)
				type_is_whole(m->args[a].type, m->name);
			for (size_t e = 0; m->errors && m->errors[e]; e++)
				ck_assert_ptr_nonnull(
				    model_find_error(m->errors[e]));
			/* A state is asked of a VM only. */
			if (m->states != STATES_ANY) {
				ck_assert_int_eq(m->args[0].type->kind, MK_REF);
				ck_assert_str_eq(m->args[0].type->name, "VM");
			}
		}
	}
}
END_TEST

START_TEST(errors_are_documented_once)
{
	static const int statuses[] = { 1, 2, 3, 4, 5, 6, 7, 9, 75 };

	for (size_t i = 0; i < model_nerrors; i++) {
		const struct model_error *e = &model_errors[i];
		bool known = false;

		ck_assert_ptr_eq(model_find_error(e->code), e);
		/* struct xu_err has room for 47. */
		ck_assert_uint_lt(strlen(e->code), 48);
		for (const char *p = e->code; *p != '\0'; p++)
			ck_assert(isupper(*p) || isdigit(*p) || *p == '_');
		for (size_t s = 0; s < sizeof(statuses) / sizeof(int); s++)
			known = known || statuses[s] == e->exit_code;
		ck_assert_msg(known, "%s: %d", e->code, e->exit_code);
		ck_assert_int_eq(e->sentence[strlen(e->sentence) - 1], '.');
	}
	ck_assert_str_eq(XE(HANDLE_INVALID), "HANDLE_INVALID");
	ck_assert_ptr_null(model_find_error("NO_SUCH_CODE"));
}
END_TEST

START_TEST(messages_resolve)
{
	struct model_call m;

	ck_assert(model_resolve("VM.start", &m));
	ck_assert_int_eq(m.verb, MV_METHOD);
	ck_assert_uint_eq(m.nargs, 3);
	ck_assert_uint_eq(MM_OPTIONALS(m.flags), 1);
	ck_assert_str_eq(m.args[1].name, "start_paused");
	ck_assert_uint_eq(m.states, ST_HALTED);
	ck_assert(!m.async);
	ck_assert(model_resolve("Async.VM.start", &m) && m.async);
	ck_assert(model_resolve("VM_metrics_get_state", &m));
	ck_assert_ptr_eq(m.cls, &model_vm_metrics);
	ck_assert_int_eq(m.verb, MV_GET);
	ck_assert_int_eq(m.result->kind, MK_SET);
	ck_assert(model_resolve("VM.get_all_records", &m));
	ck_assert_int_eq(m.result->kind, MK_MAP);
	ck_assert_str_eq(m.result->of->name, "VM");
	ck_assert_uint_eq(m.nargs, 0);
	ck_assert(model_resolve("VM.set_name_label", &m));
	ck_assert_int_eq(m.verb, MV_SET);
	ck_assert_uint_eq(m.nargs, 2);
	ck_assert_int_eq(m.args[1].type->kind, MK_STRING);
	ck_assert(model_resolve("VM.add_to_other_config", &m));
	ck_assert_uint_eq(m.nargs, 3);
	ck_assert(model_resolve("VM.remove_from_other_config", &m));
	ck_assert_uint_eq(m.nargs, 2);
	ck_assert(model_resolve("VM.add_tags", &m));
	ck_assert_int_eq(m.verb, MV_ADD);
	ck_assert_uint_eq(m.nargs, 2);
	ck_assert_str_eq(m.args[1].name, "value");
	ck_assert_int_eq(m.args[1].type->kind, MK_STRING);
	ck_assert(model_resolve("Async.VDI.remove_tags", &m) && m.async);
	ck_assert_int_eq(m.verb, MV_REMOVE);
	ck_assert(model_resolve("VM.add_to_blocked_operations", &m));
	ck_assert_int_eq(m.args[1].type->kind, MK_ENUM);
	ck_assert_int_eq(m.args[2].type->kind, MK_STRING);
	ck_assert(model_resolve("Async.VM.set_name_label", &m) && m.async);
	ck_assert(model_resolve("Async.SR.add_to_other_config", &m) && m.async);
	ck_assert(model_resolve("session.login_with_password", &m));
	ck_assert((m.flags & MM_NO_SESSION) != 0);
	ck_assert((m.flags & MM_LOCAL) != 0);
}
END_TEST

START_TEST(keys_have_roles)
{
	struct model_call m;

	ck_assert(model_resolve("VM.add_to_other_config", &m));
	ck_assert_int_eq(model_key_role(&m, "folder"), ROLE_VM_OPERATOR);
	ck_assert_int_eq(
	    model_key_role(&m, "XenCenter.CustomFields.x"), ROLE_VM_OPERATOR);
	ck_assert_int_eq(model_key_role(&m, "pci"), ROLE_POOL_ADMIN);
	/* All others: as the field. */
	ck_assert_int_eq(model_key_role(&m, "folders"), ROLE_VM_ADMIN);
	ck_assert_int_eq(model_key_role(&m, "XenCenter.Custom"), ROLE_VM_ADMIN);
	ck_assert_int_eq(model_key_role(&m, ""), ROLE_VM_ADMIN);
	ck_assert_int_eq(m.role, ROLE_VM_ADMIN);
	ck_assert(model_resolve("VM.set_tags", &m));
	ck_assert_int_eq(m.role, ROLE_VM_OPERATOR);
	ck_assert(model_resolve("VDI.remove_tags", &m));
	ck_assert_int_eq(m.role, ROLE_VM_OPERATOR);
	ck_assert(model_resolve("host.add_tags", &m));
	ck_assert_int_eq(m.role, ROLE_POOL_OPERATOR);
	ck_assert(model_resolve("VM.add_to_platform", &m));
	ck_assert_int_eq(model_key_role(&m, "folder"), ROLE_VM_ADMIN);
	ck_assert(model_resolve("host.remove_from_other_config", &m));
	ck_assert_int_eq(model_key_role(&m, "folder"), ROLE_POOL_OPERATOR);
}
END_TEST

START_TEST(other_names_do_not)
{
	static const char *const names[] = { "", "VM", "VM.", "VM.st",
		"VM.set_uuid", "VM.set_domid", "VM.get_", "VM.get_nothing",
		"VM.add_to_name_label", "VM.add_name_label", "VM.add_other_config",
		"VM.remove_other_config", "VM.add_to_tags", "VM.remove_from_tags",
		"VM.add_VBDs", "Async.VM.get_record", "Async.",
		"Async.VM.get_name_label", "Async.VM.set_uuid",
		"Async.Async.VM.start", "task.get_all_record", "Vm.start",
		"event.get_all", "event.get_id", "VM.start.x", "VMstart",
		"host.get_by_name_label2", "session.get_all" };
	struct model_call m;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ck_assert_msg(!model_resolve(names[i], &m), "%s", names[i]);
}
END_TEST

static void
each(void *ctx, const char *name)
{
	struct model_call m;

	ck_assert(model_resolve(name, &m));
	ck_assert_uint_le(m.nargs, MODEL_ARGS_MAX);
	ck_assert_ptr_nonnull(m.result);
	ck_assert_msg(xu_map_get(ctx, name) == NULL, "%s twice", name);
	ck_assert_int_eq(xu_map_put(ctx, name, ctx), 0);
}

START_TEST(the_list_is_complete)
{
	struct xu_map *seen = xu_map_new();

	model_each_message(each, seen);
	ck_assert_uint_gt(xu_map_count(seen), 150);
	ck_assert_ptr_nonnull(xu_map_get(seen, "VM.get_by_name_label"));
	ck_assert_ptr_nonnull(xu_map_get(seen, "Async.VM.hard_shutdown"));
	ck_assert_ptr_nonnull(xu_map_get(seen, "event.next"));
	xu_map_free(&seen);
}
END_TEST

START_TEST(words_of_the_life_cycle)
{
	enum dom_action a;
	enum model_role r;

	ck_assert_str_eq(dom_power_word(DOM_CRASHED), "Crashed");
	ck_assert_str_eq(dom_end_word(END_CRASH), "crash");
	ck_assert_str_eq(dom_end_word(77), "unknown");
	ck_assert(dom_action_of("rename-restart", &a));
	ck_assert_int_eq(a, ACTION_RENAME_RESTART);
	ck_assert(dom_action_of("coredump_and_restart", &a));
	ck_assert(dom_action_dumps(a));
	ck_assert(!dom_action_of("explode", &a));
	ck_assert_str_eq(dom_action_word(ACTION_CORE_DESTROY),
	    "coredump_and_destroy");
	ck_assert(model_role_of("pool-admin", &r) && r == ROLE_POOL_ADMIN);
	ck_assert(!model_role_of("root", &r));
	ck_assert_str_eq(model_enum_word(model_find_enum("vm_power_state"),
			     "halted"),
	    "Halted");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("model");
	TCase *t = tcase_create("tables");
	SRunner *r;
	int failed;

	tcase_add_test(t, rows_name_what_exists);
	tcase_add_test(t, errors_are_documented_once);
	tcase_add_test(t, messages_resolve);
	tcase_add_test(t, keys_have_roles);
	tcase_add_test(t, other_names_do_not);
	tcase_add_test(t, the_list_is_complete);
	tcase_add_test(t, words_of_the_life_cycle);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
