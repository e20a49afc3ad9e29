/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls against the rows of model/: role, object, power state, then either a
 * generic message of the class or the handler of the row. xld-api has checked
 * types and counts; it is not trusted with more than that, so what is indexed
 * here is looked at again.
 */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "message.h"
#include "nets.h"
#include "sampled.h"
#include "secret.h"
#include "sr.h"
#include "vdi.h"
#include "vm_allows.h"
#include "vm_export.h"
#include "vm_snapshot.h"
#include "where.h"
#include "xld.h"
#include "xu_log.h"

static const struct class_ops *const classes[] = { &vm_ops, &vm_metrics_ops,
	&console_ops, &host_ops, &host_metrics_ops, &host_cpu_ops,
	&cpu_pool_ops, &certificate_ops, &ppci_ops, &pci_ops, &pscsi_ops,
	&pscsi_hba_ops,
	&vm_guest_metrics_ops, &vbd_metrics_ops, &pif_metrics_ops, &pbd_ops,
	&crashdump_ops, &vtpm_ops, &dpci_ops, &dscsi_ops, &dscsi_hba_ops,
	&xspolicy_ops, &acmpolicy_ops, &task_ops, &vbd_ops, &vdi_ops,
	&sr_ops, &vif_ops, &vif_metrics_ops, &network_ops, &pif_ops,
	&pool_ops, &role_ops, &subject_ops, &user_ops, &message_ops,
	&secret_ops, &sm_ops, &vlan_ops, &bond_ops };
static const struct handler *const handlers[] = { vm_handlers, host_handlers,
	task_handlers, vbd_handlers, vdi_handlers, vif_handlers,
	network_handlers, cpu_handlers, cpu_pool_handlers, none_handlers,
	sr_handlers, vm_clone_handlers, people_handlers, pci_handlers,
	vm_save_handlers, vm_migrate_handlers, vm_dump_handlers, trust_handlers,
	vm_snapshot_handlers, vm_revert_handlers,
	vm_vcpus_handlers, cpu_sched_handlers, usage_handlers,
	figure_handlers, message_handlers, secret_handlers,
	host_end_handlers, plugin_handlers,
	certificate_handlers, pif_handlers, vlan_handlers,
	bond_handlers };

/* ---- answers -------------------------------------------------------------------- */

static void
call_free(struct call *k)
{
	xu_val_free(k->msg);
	free(k);
}

static void
reply(struct call *k, struct xu_val *v, int fd)
{
	AUTO_VAL struct xu_val *r = xu_struct();

	xu_val_set(r, "ok", v);
	if (!xu_val_ok(r)) {
		call_refuse(k, "XLD_NO_MEMORY", "", "answer %s", k->method);
		return;
	}
	api_send(k->core, XU_MSG_REPLY, k->id, r, fd);
	call_free(k);
}

void
call_ok(struct call *k, struct xu_val *v)
{
	audit(k, v, "ok");
	if (k->task == NULL) {
		reply(k, v != NULL ? v : xu_str(""), -1);
		return;
	}
	task_success(k->task, v);
	xu_val_free(v);
	call_free(k);
}

void
call_ok_fd(struct call *k, int fd)
{
	audit(k, NULL, "ok");
	reply(k, xu_str(""), fd);
	close(fd);
}

void
call_begun(struct call *k, struct xu_val *v, int fd)
{
	AUTO_VAL struct xu_val *r = xu_struct();

	xu_val_set(r, "ok", v);
	k->unanswered = false;
	/* Out of memory: nobody takes the other end. */
	if (xu_val_ok(r))
		api_send(k->core, XU_MSG_REPLY, k->id, r, fd);
	close(fd);
}

/* Parameters that are for people. */
static bool
is_sentence(const char *name, size_t n)
{
	static const char *const names[] = { "message", "msg", "reason" };

	for (size_t i = 0; i < XU_ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == n && strncmp(names[i], name, n) == 0)
			return true;
	return false;
}

/* As many parameters as clients are told to expect: of those that nobody gave the
 * sentence is one, the others are empty. */
struct xu_val *
err_description(const struct xu_err *e)
{
	const struct model_error *row = model_find_error(e->code);
	const char *name = row != NULL ? row->params : "";
	struct xu_val *d = xu_array();
	size_t n;

	xu_val_add(d, xu_str(e->code));
	for (int i = 0; i < e->nparams || *name != '\0'; i++) {
		n = strcspn(name, " ");
		if (i < e->nparams)
			xu_val_add(d, xu_str(e->params[i]));
		else
			xu_val_add(d, xu_str(is_sentence(name, n) ? e->msg :
				""));
		name += n + (name[n] == ' ');
	}
	return d;
}

void
call_fail(struct call *k, const struct xu_err *e)
{
	call_fail_as(k, err_description(e), e->msg);
}

void
call_fail_as(struct call *k, struct xu_val *description, const char *sentence)
{
	const char *code = xu_val_str(xu_val_at(description, 0));
	AUTO_VAL struct xu_val *r = NULL;

	xu_log_context(k->request);
	audit(k, NULL, code);
	xu_log(XU_INFO, "%s: %s: %s", k->method, code, sentence);
	if (k->task != NULL)
		task_failure(k->task, description, sentence);
	if (k->task != NULL && !k->unanswered) {
		xu_val_free(description);
		call_free(k);
		return;
	}
	r = xu_struct();
	xu_val_set(r, "error", description);
	xu_val_set(r, "message", xu_str(sentence));
	api_send(k->core, XU_MSG_REPLY, k->id, r, -1);
	call_free(k);
}

void
call_refuse(struct call *k, const char *code, const char *param,
    const char *fmt, ...)
{
	struct xu_err e = XU_ERR_INIT;
	char text[XU_ERR_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	xu_err_set(&e, code, 0, "%s", text);
	xu_err_param(&e, "%s", param);
	call_fail(k, &e);
}

void
call_progress(struct call *k, const char *step, int percent)
{
	if (k->task != NULL)
		task_progress(k->task, step, percent);
}

/* ---- checks ---------------------------------------------------------------------- */

static const struct class_ops *
ops_of(const struct model_class *cls)
{
	for (size_t i = 0; i < XU_ARRAY_SIZE(classes); i++)
		if (classes[i]->cls == cls)
			return classes[i];
	return NULL;
}

const struct class_ops *
class_ops_at(size_t i)
{
	return i < XU_ARRAY_SIZE(classes) ? classes[i] : NULL;
}

static const char *
argument(const struct call *k, size_t i)
{
	return xu_val_str(xu_val_at(k->params, i));
}

bool
call_has_role(const struct call *k, enum model_role needed)
{
	enum model_role role;

	return model_role_of(xu_val_get_str(k->msg, "role", ""), &role) &&
	    role >= needed;
}

/* Of a map as a whole: what each key takes that would come, go or change. */
static enum model_role
role_for_map(const struct call *k, const struct xu_val *now,
    const struct xu_val *then)
{
	const struct xu_val *maps[] = { now, then };
	enum model_role role = ROLE_READ_ONLY, r;
	const char *key;
	bool any = false;

	for (size_t m = 0; m < XU_ARRAY_SIZE(maps); m++)
		for (size_t i = 0; i < xu_val_count(maps[m]); i++) {
			key = xu_val_name_at(maps[m], i);
			if (xu_val_equal(xu_val_get(now, key),
				xu_val_get(then, key)))
				continue;
			any = true;
			r = model_key_role(&k->m, key);
			if (r > role)
				role = r;
		}
	return any ? role : k->m.role;
}

static enum model_role
role_needed(const struct call *k)
{
	AUTO_VAL struct xu_val *r = NULL;
	const struct class_ops *o;
	void *obj;

	if (k->m.field == NULL || k->m.cls->keys == NULL ||
	    k->m.field->type->kind != MK_MAP)
		return k->m.role;
	if (k->m.verb == MV_ADD_TO || k->m.verb == MV_REMOVE_FROM)
		return model_key_role(&k->m, argument(k, 1));
	o = ops_of(k->m.cls);
	obj = k->m.verb == MV_SET ? o->find(k->core, argument(k, 0)) : NULL;
	if (obj == NULL)
		return k->m.role;
	r = o->record(k->core, obj);
	return role_for_map(k, xu_val_get(r, k->m.field->name),
	    xu_val_at(k->params, 1));
}

static bool
role_allows(struct call *k)
{
	const char *word = xu_val_get_str(k->msg, "role", "");
	const enum model_role needed = role_needed(k);

	if (call_has_role(k, needed))
		return true;
	call_refuse(k, "RBAC_PERMISSION_DENIED", k->method,
	    "%s%s%s needs the role %s or more, and this user is %s", k->method,
	    needed == k->m.role ? "" : " with the key ",
	    needed == k->m.role		? "" :
		k->m.verb == MV_SET ? "that changes" : argument(k, 1),
	    model_role_name(needed), word[0] == '\0' ? "nobody" : word);
	return false;
}

bool
call_may_have(struct call *k, const struct xu_val *was,
    const struct xu_val *config)
{
	const char *word = config_host_word(was, config);
	const char *needs = model_role_name(ROLE_POOL_ADMIN);

	if (word == NULL || call_has_role(k, ROLE_POOL_ADMIN))
		return true;
	call_refuse(k, "RBAC_PERMISSION_DENIED", k->method,
	    "%s with %s needs the role %s: it is about domain 0 itself",
	    k->method, word, needs);
	return false;
}

/* Every argument that is a reference must name something. */
static bool
objects_exist(struct call *k)
{
	const struct class_ops *o;
	const struct model_type *t;
	struct xu_err e = XU_ERR_INIT;

	for (size_t i = 0; i < k->m.nargs; i++) {
		t = k->m.args[i].type;
		o = t->kind == MK_REF ? ops_of(model_find_class(t->name)) :
					NULL;
		/* Left out, or none where there may be none. */
		if ((i + MM_OPTIONALS(k->m.flags) >= k->m.nargs ||
			(k->m.verb == MV_SET && i > 0)) &&
		    argument(k, i)[0] == '\0')
			continue;
		if (o != NULL && o->cls != k->m.cls && o->refresh != NULL)
			o->refresh(k->core);
		if (o == NULL || o->find(k->core, argument(k, i)) != NULL)
			continue;
		xu_err_set(&e, "HANDLE_INVALID", 0,
		    "%s: there is no %s with the reference '%s'", k->method,
		    t->name, argument(k, i));
		xu_err_param(&e, "%s", t->name);
		xu_err_param(&e, "%s", argument(k, i));
		call_fail(k, &e);
		return false;
	}
	return true;
}

/* ---- messages that all classes have ------------------------------------------------- */

static void
get_all(struct call *k, const struct class_ops *o, bool records)
{
	struct xu_val *v = records ? xu_struct() : xu_array();
	size_t pos = 0;
	void *obj;

	while ((obj = o->next(k->core, &pos)) != NULL) {
		if (records)
			xu_val_set(v, o->ref(obj), o->record(k->core, obj));
		else
			xu_val_add(v, xu_str(o->ref(obj)));
	}
	call_ok(k, v);
}

static void
get_where(struct call *k, const struct class_ops *o)
{
	struct xu_val *v = xu_struct(), *r;
	struct xu_err e = XU_ERR_INIT;
	size_t pos = 0;
	int holds = 0;
	void *obj;

	while (holds >= 0 && (obj = o->next(k->core, &pos)) != NULL) {
		r = o->record(k->core, obj);
		holds = where_holds(argument(k, 0), r, &e);
		if (holds > 0)
			xu_val_set(v, o->ref(obj), r);
		else
			xu_val_free(r);
	}
	if (holds >= 0) {
		call_ok(k, v);
		return;
	}
	xu_val_free(v);
	call_fail(k, &e);
}

/* By a field that all objects have; all that fit, or the first. */
static void
get_by(struct call *k, const struct class_ops *o, const char *field, bool all)
{
	struct xu_val *v = xu_array();
	struct xu_err e = XU_ERR_INIT;
	size_t pos = 0;
	void *obj;

	while ((obj = o->next(k->core, &pos)) != NULL) {
		AUTO_VAL struct xu_val *r = o->record(k->core, obj);

		if (strcmp(xu_val_get_str(r, field, ""), argument(k, 0)) == 0)
			xu_val_add(v, xu_str(o->ref(obj)));
	}
	if (all) {
		call_ok(k, v);
	} else if (xu_val_count(v) > 0) {
		call_ok(k, xu_val_copy(xu_val_at(v, 0)));
		xu_val_free(v);
	} else {
		xu_val_free(v);
		xu_err_set(&e, "UUID_INVALID", 0, "there is no %s with uuid %s",
		    o->cls->name, argument(k, 0));
		xu_err_param(&e, "%s", o->cls->name);
		xu_err_param(&e, "%s", argument(k, 0));
		call_fail(k, &e);
	}
}

static void
get_one(struct call *k, const struct class_ops *o)
{
	void *obj = o->find(k->core, argument(k, 0));
	AUTO_VAL struct xu_val *r = NULL;
	const struct xu_val *v;

	r = o->record(k->core, obj);
	if (k->m.verb == MV_GET_RECORD) {
		call_ok(k, steal_ptr(&r));
		return;
	}
	v = xu_val_get(r, k->m.field->name);
	if (v == NULL)
		call_refuse(k, "INTERNAL_ERROR", k->method,
		    "%s: the field is not there", k->method);
	else
		call_ok(k, xu_val_copy(v));
}

/* The set with that text in it, or without. */
static struct xu_val *
changed_set(const struct xu_val *now, const char *text, bool with)
{
	struct xu_val *set = xu_array();
	const char *word;

	for (size_t i = 0; i < xu_val_count(now); i++) {
		word = xu_val_str(xu_val_at(now, i));
		if (strcmp(word, text) != 0)
			xu_val_add(set, xu_str(word));
	}
	if (with)
		xu_val_add(set, xu_str(text));
	return set;
}

/* What a field would be, now being what it is; or NULL with the call refused. name:
 * of the object, for the sentence. */
static struct xu_val *
changed_value(struct call *k, const struct xu_val *now, const char *name)
{
	const char *field = k->m.field->name, *key = argument(k, 1);
	struct xu_err e = XU_ERR_INIT;
	struct xu_val *map;

	if (k->m.verb == MV_SET && strcmp(field, "tags") == 0)
		return config_unique_tags(xu_val_at(k->params, 1));
	if (k->m.verb == MV_SET)
		return xu_val_copy(xu_val_at(k->params, 1));
	if (k->m.verb == MV_ADD || k->m.verb == MV_REMOVE)
		return changed_set(now, key, k->m.verb == MV_ADD);
	map = now == NULL ? xu_struct() : xu_val_copy(now);
	if (k->m.verb == MV_ADD_TO && xu_val_get(map, key) != NULL) {
		xu_val_free(map);
		xu_err_set(&e, "MAP_DUPLICATE_KEY", 0,
		    "%s of '%s' has the key '%s' already", field, name, key);
		xu_err_param(&e, "%s", k->m.cls->name);
		xu_err_param(&e, "%s", field);
		xu_err_param(&e, "%s", argument(k, 0));
		xu_err_param(&e, "%s", key);
		call_fail(k, &e);
		return NULL;
	}
	if (k->m.verb == MV_ADD_TO)
		xu_val_set(map, key, xu_val_copy(xu_val_at(k->params, 2)));
	else
		xu_val_unset(map, key);
	return map;
}

/* The config as it would be, or NULL with the call refused. */
static struct xu_val *
changed_config(struct call *k)
{
	const char *field = k->m.field->name;
	struct xu_val *v, *value;

	value = changed_value(k, xu_val_get(k->guest->config, field),
	    guest_name(k->guest));
	if (value == NULL)
		return NULL;
	v = xu_val_copy(k->guest->config);
	xu_val_set(v, field, value);
	return v;
}

int
guest_take_config(struct guest *g, struct xu_val *v, struct xu_err *e)
{
	struct xu_val *old = xu_val_copy(g->config);
	const char *name = xu_val_get_str(v, "name_label", "");
	bool renamed = strcmp(name, guest_name(g)) != 0;

	if (!xu_val_ok(old) || guest_set_name(g, name, e) < 0) {
		xu_val_free(old);
		xu_val_free(v);
		return xu_err_set(e, "XLD_NO_MEMORY", ENOMEM,
		    "change a machine");
	}
	xu_val_free(g->config);
	g->config = v;
	if (record_write(g, e) == 0 && fault_point("set-record", e) == 0 &&
	    (!renamed || g->domid < 0 || store_write_name(g, e) == 0)) {
		fault_point("set-done", NULL);
		g->config = xu_val_pack(g->config);
		xu_val_free(old);
		return 0;
	}
	guest_set_name(g, xu_val_get_str(old, "name_label", ""), NULL);
	xu_val_free(g->config);
	g->config = old;
	record_write(g, NULL);
	return -1;
}

/* Of anything but a machine: its class knows what may be. */
static void
set_other(struct call *k, const struct class_ops *o)
{
	void *obj = o->find(k->core, argument(k, 0));
	AUTO_VAL struct xu_val *r = o->record(k->core, obj);
	AUTO_VAL struct xu_val *v = NULL;
	struct xu_err e = XU_ERR_INIT;

	if (o->set == NULL) {
		call_refuse(k, "OPERATION_NOT_ALLOWED", "nothing can be set",
		    "%s: nothing of a %s can be set", k->method, o->cls->name);
		return;
	}
	v = changed_value(k, xu_val_get(r, k->m.field->name),
	    xu_val_get_str(r, "name_label", argument(k, 0)));
	if (v == NULL)
		return;
	if (!xu_val_ok(v))
		xu_err_set(&e, "XLD_NO_MEMORY", ENOMEM, "%s", k->method);
	if (xu_err_is_set(&e) ||
	    (strcmp(k->m.field->name, "tags") == 0 &&
		config_check_tags(v, &e) < 0) ||
	    o->set(k->core, obj, k->m.field->name, v, &e) < 0) {
		call_fail(k, &e);
		return;
	}
	api_event(k->core, o->cls->name, "mod", argument(k, 0),
	    o->record(k->core, obj));
	call_ok(k, NULL);
}

static void
set_field(struct call *k)
{
	struct guest *g = k->guest;
	bool renamed = strcmp(k->m.field->name, "name_label") == 0;
	struct xu_err e = XU_ERR_INIT;
	struct xu_val *v = NULL;

	if (guest_is_control(g)) {
		call_refuse(k, "OPERATION_NOT_ALLOWED", "control domain",
		    "%s: Domain-0 is not to be changed", k->method);
		return;
	}
	if (g->foreign && !renamed) {
		call_refuse(k, "OPERATION_NOT_ALLOWED", "foreign domain",
		    "%s: '%s' was made by another toolstack; only its name "
		    "can be changed", k->method, guest_name(g));
		return;
	}
	/* What it is about itself may be said, what the machine was stays. */
	if (k->m.field->states != STATES_ANY && !snapshot_may_change(k, g))
		return;
	v = changed_config(k);
	if (v == NULL)
		return;
	if (!xu_val_ok(v)) {
		xu_val_free(v);
		xu_err_set(&e, "XLD_NO_MEMORY", ENOMEM, "%s", k->method);
		call_fail(k, &e);
		return;
	}
	/* Of others' guests only the name is known to be of our making. */
	if ((g->foreign ?
		    config_check_name(k->core, g, argument(k, 1), &e) :
		    config_check(k->core, g, v, &e)) < 0) {
		xu_val_free(v);
		call_fail(k, &e);
		return;
	}
	if (!call_may_have(k, g->config, v)) {
		xu_val_free(v);
		return;
	}
	if (guest_take_config(g, v, &e) < 0) {
		call_fail(k, &e);
		return;
	}
	api_event(k->core, "VM", "mod", g->uuid, vm_record(k->core, g));
	call_ok(k, NULL);
}

/* ---- the door ------------------------------------------------------------------------- */

static void
console_call(struct call *k)
{
	const char *uuid = argument(k, 0);
	const struct xu_val *options = xu_val_at(k->params, 1);
	struct xu_err e = XU_ERR_INIT;
	bool rfb = false;
	struct guest *g;
	int fd;

	g = guest_by_uuid(k->core, uuid);
	if (g == NULL)
		g = console_guest(k->core, uuid, &rfb);
	if (g != NULL && rfb) {
		call_refuse(k, XE(XLD_CONSOLE), "it is a screen",
		    "%s is the screen of '%s', which speaks RFB at its "
		    "location", uuid, guest_name(g));
	} else if (g == NULL) {
		xu_err_set(&e, "HANDLE_INVALID", 0,
		    "there is no machine or console with uuid '%s'", uuid);
		xu_err_param(&e, "VM");
		xu_err_param(&e, "%s", uuid);
		call_fail(k, &e);
	} else if (strcmp(k->method, "console.history") == 0) {
		call_ok(k, console_history(g));
	} else {
		fd = console_open(g, xu_val_get_bool(options, "history", true),
		    xu_val_get_bool(options, "readonly", false), &e);
		if (fd < 0)
			call_fail(k, &e);
		else
			call_ok_fd(k, fd);
	}
}

/* Not rows of the model: what the API server asks for itself. */
static bool
is_internal(struct call *k)
{
	static const struct {
		const char *method;
		enum model_role role;
		void (*run)(struct call *k);
	} rows[] = {
		{ "access.login", ROLE_READ_ONLY, login_begin },
		{ "access.password", ROLE_READ_ONLY, login_begin },
		{ "console.open", ROLE_READ_ONLY, console_call },
		{ "console.history", ROLE_READ_ONLY, console_call },
		{ "event.state", ROLE_READ_ONLY, event_state },
		{ "event.inject", ROLE_READ_ONLY, event_inject },
		{ "host.metrics", ROLE_READ_ONLY, host_metrics_call },
		{ "host.logs", ROLE_POOL_OPERATOR, host_logs_call },
		{ "rrd.guest", ROLE_READ_ONLY, figures_guest },
		{ "rrd.host", ROLE_READ_ONLY, figures_host },
		{ "rrd.updates", ROLE_READ_ONLY, figures_updates },
		{ "VDI.export", ROLE_VM_ADMIN, vdi_export_call },
		{ "VDI.import", ROLE_VM_ADMIN, vdi_import_call },
		{ "VM.export", ROLE_VM_ADMIN, vm_export_call },
		{ "VM.import", ROLE_VM_ADMIN, vm_import_call },
	};

	for (size_t i = 0; i < XU_ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i].method, k->method) == 0) {
			k->m.role = rows[i].role;
			if (role_allows(k))
				rows[i].run(k);
			return true;
		}
	return false;
}

static void
run_handler(struct call *k)
{
	for (size_t i = 0; i < XU_ARRAY_SIZE(handlers); i++)
		for (const struct handler *h = handlers[i]; h->method != NULL;
		     h++)
			if (strcmp(h->method, k->method) == 0) {
				h->run(k);
				return;
			}
	call_refuse(k, "MESSAGE_METHOD_UNKNOWN", k->method,
	    "the core has no handler for %s", k->method);
}

static void
run(struct call *k, const struct class_ops *o)
{
	switch (k->m.verb) {
	case MV_METHOD:
		run_handler(k);
		break;
	case MV_GET_ALL:
	case MV_GET_ALL_RECORDS:
		get_all(k, o, k->m.verb == MV_GET_ALL_RECORDS);
		break;
	case MV_GET_ALL_RECORDS_WHERE:
		get_where(k, o);
		break;
	case MV_GET_BY_UUID:
		get_by(k, o, "uuid", false);
		break;
	case MV_GET_BY_NAME:
		get_by(k, o, "name_label", true);
		break;
	case MV_GET_RECORD:
	case MV_GET:
		get_one(k, o);
		break;
	default:
		if (k->guest != NULL)
			set_field(k);
		else
			set_other(k, o);
		break;
	}
}

/* The caller gets a reference at once. False: there is no room for a task. */
static bool
to_background(struct call *k)
{
	AUTO_VAL struct xu_val *r = xu_struct();
	struct task *t = task_new(k->core, k);

	if (t == NULL) {
		call_refuse(k, "XLD_TOO_MANY", "tasks",
		    "too many tasks are under way");
		return false;
	}
	k->task = t;
	xu_val_set(r, "ok", xu_str(task_ref(t)));
	api_send(k->core, XU_MSG_REPLY, k->id, r, -1);
	return true;
}

void
dispatch(struct core *c, uint32_t id, struct xu_val *msg)
{
	struct call *k = calloc(1, sizeof(*k));
	const struct class_ops *o;

	if (k == NULL) {
		xu_val_free(msg);
		return;
	}
	k->core = c;
	k->id = id;
	k->msg = msg;
	k->params = xu_val_get(msg, "params");
	snprintf(k->method, sizeof(k->method), "%s",
	    xu_val_get_str(msg, "method", ""));
	snprintf(k->request, sizeof(k->request), "%s",
	    xu_val_get_str(msg, "request", ""));
	xu_log_context(k->request);
	xu_list_init(&k->waiting);
	if (is_internal(k))
		return;
	if (!model_resolve(k->method, &k->m) ||
	    (o = ops_of(k->m.cls)) == NULL) {
		call_refuse(k, "MESSAGE_METHOD_UNKNOWN", k->method,
		    "the core has no message %s", k->method);
		return;
	}
	if (o->refresh != NULL)
		o->refresh(c);
	if (!role_allows(k) || !objects_exist(k))
		return;
	if (k->m.cls == &model_vm && k->m.nargs > 0 &&
	    k->m.args[0].type->kind == MK_REF)
		k->guest = guest_by_uuid(c, argument(k, 0));
	if (!vm_allows(k))
		return;
	if (xu_val_get_bool(msg, "async", false) && !to_background(k))
		return;
	run(k, o);
}
