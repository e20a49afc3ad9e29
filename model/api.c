/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The index of the data model: which classes and enums there are, and how the
 * name of a message becomes what it takes and gives.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "domstate.h"
#include "errors.h"
#include "schema.h"

const struct model_type model_t_void = { .kind = MK_VOID },
			model_t_string = { .kind = MK_STRING },
			model_t_int = { .kind = MK_INT },
			model_t_float = { .kind = MK_FLOAT },
			model_t_bool = { .kind = MK_BOOL },
			model_t_datetime = { .kind = MK_DATETIME };

const struct model_class *const model_classes[] = {
	&model_session,
	&model_task,
	&model_event,
	&model_host,
	&model_host_metrics,
	&model_data_source,
	&model_host_cpu,
	&model_cpu_pool,
	&model_ppci,
	&model_pci,
	&model_certificate,
	&model_pscsi,
	&model_pscsi_hba,
	&model_vm_guest_metrics,
	&model_vbd_metrics,
	&model_pif_metrics,
	&model_pbd,
	&model_crashdump,
	&model_vtpm,
	&model_dpci,
	&model_dscsi,
	&model_dscsi_hba,
	&model_xspolicy,
	&model_acmpolicy,
	&model_vm,
	&model_vm_metrics,
	&model_console,
	&model_vbd,
	&model_vdi,
	&model_sr,
	&model_vif,
	&model_vif_metrics,
	&model_network,
	&model_pif,
	&model_vlan,
	&model_bond,
	&model_pool,
	&model_role,
	&model_subject,
	&model_user,
	&model_message,
	&model_secret,
	&model_sm,
	NULL,
};

const struct model_class *
model_find_class(const char *name)
{
	for (size_t i = 0; model_classes[i] != NULL; i++)
		if (strcmp(model_classes[i]->name, name) == 0)
			return model_classes[i];
	return NULL;
}

const struct model_field *
model_find_field(const struct model_class *c, const char *name)
{
	for (const struct model_field *f = c->fields; f->name != NULL; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

const struct model_method *
model_find_method(const struct model_class *c, const char *name)
{
	for (const struct model_method *m = c->methods; m->name != NULL; m++)
		if (strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

const struct model_enum *
model_find_enum(const char *name)
{
	for (size_t i = 0; model_enums[i] != NULL; i++)
		if (strcmp(model_enums[i]->name, name) == 0)
			return model_enums[i];
	return NULL;
}

const char *
model_enum_word(const struct model_enum *e, const char *word)
{
	for (size_t i = 0; e->words[i] != NULL; i++)
		if (strcasecmp(e->words[i], word) == 0)
			return e->words[i];
	return NULL;
}

/* ---- roles -------------------------------------------------------------------- */

static const char *const roles[] = {
	[ROLE_READ_ONLY] = "read-only",
	[ROLE_VM_OPERATOR] = "vm-operator",
	[ROLE_VM_ADMIN] = "vm-admin",
	[ROLE_VM_POWER_ADMIN] = "vm-power-admin",
	[ROLE_POOL_OPERATOR] = "pool-operator",
	[ROLE_POOL_ADMIN] = "pool-admin",
};

bool
model_role_of(const char *word, enum model_role *out)
{
	for (unsigned i = 0; i <= ROLE_POOL_ADMIN; i++)
		if (strcmp(roles[i], word) == 0) {
			*out = (enum model_role)i;
			return true;
		}
	return false;
}

const char *
model_role_name(enum model_role r)
{
	return roles[r];
}

/* What clients of today sort objects by. */
#define FOLDERS(role)                                                          \
	{ "other_config", "folder", role },                                    \
	    { "other_config", "XenCenter.CustomFields.*", role },              \
	{                                                                      \
		.name = NULL                                                   \
	}

#define TAGS(role) { "tags", "*", role }

const struct model_key model_part_keys[] = {
	TAGS(ROLE_VM_OPERATOR),
	FOLDERS(ROLE_VM_OPERATOR),
};
const struct model_key model_host_keys[] = {
	TAGS(ROLE_POOL_OPERATOR),
	FOLDERS(ROLE_POOL_OPERATOR),
};
const struct model_key model_vm_keys[] = {
	/* Devices of the host. */
	{ "other_config", "pci", ROLE_POOL_ADMIN },
	TAGS(ROLE_VM_OPERATOR),
	FOLDERS(ROLE_VM_OPERATOR),
};

/* ---- messages ------------------------------------------------------------------ */

/* Types of derived messages hold a class's name, so each class has its own. */
struct derived_types {
	const struct model_class *cls;
	const struct model_type *ref, *record, *refs, *records;
};

#define DERIVED(c, name)                                                       \
	{                                                                      \
		&(c), T_REF(name), T_RECORD(name), T_SET(T_REF(name)),         \
		    T_MAP(T_REF(name), T_RECORD(name))                         \
	}
static const struct derived_types derived[] = {
	DERIVED(model_session, "session"),
	DERIVED(model_task, "task"),
	DERIVED(model_event, "event"),
	DERIVED(model_host, "host"),
	DERIVED(model_host_metrics, "host_metrics"),
	DERIVED(model_data_source, "data_source"),
	DERIVED(model_host_cpu, "host_cpu"),
	DERIVED(model_cpu_pool, "cpu_pool"),
	DERIVED(model_ppci, "PPCI"),
	DERIVED(model_pci, "PCI"),
	DERIVED(model_certificate, "Certificate"),
	DERIVED(model_pscsi, "PSCSI"),
	DERIVED(model_pscsi_hba, "PSCSI_HBA"),
	DERIVED(model_vm_guest_metrics, "VM_guest_metrics"),
	DERIVED(model_vbd_metrics, "VBD_metrics"),
	DERIVED(model_pif_metrics, "PIF_metrics"),
	DERIVED(model_pbd, "PBD"),
	DERIVED(model_crashdump, "crashdump"),
	DERIVED(model_vtpm, "VTPM"),
	DERIVED(model_dpci, "DPCI"),
	DERIVED(model_dscsi, "DSCSI"),
	DERIVED(model_dscsi_hba, "DSCSI_HBA"),
	DERIVED(model_xspolicy, "XSPolicy"),
	DERIVED(model_acmpolicy, "ACMPolicy"),
	DERIVED(model_vm, "VM"),
	DERIVED(model_vm_metrics, "VM_metrics"),
	DERIVED(model_console, "console"),
	DERIVED(model_vbd, "VBD"),
	DERIVED(model_vdi, "VDI"),
	DERIVED(model_sr, "SR"),
	DERIVED(model_vif, "VIF"),
	DERIVED(model_vif_metrics, "VIF_metrics"),
	DERIVED(model_network, "network"),
	DERIVED(model_pif, "PIF"),
	DERIVED(model_vlan, "VLAN"),
	DERIVED(model_bond, "Bond"),
	DERIVED(model_pool, "pool"),
	DERIVED(model_role, "role"),
	DERIVED(model_subject, "subject"),
	DERIVED(model_user, "user"),
	DERIVED(model_message, "message"),
	DERIVED(model_secret, "secret"),
	DERIVED(model_sm, "SM"),
};

static const struct derived_types *
types_of(const struct model_class *c)
{
	const struct derived_types *t = derived;

	while (t->cls != c)
		t++;
	return t;
}

static void
take(struct model_call *m, const char *name, const struct model_type *type)
{
	m->args[m->nargs++] = (struct model_arg) { name, type };
}

static bool
is_row(struct model_call *m, const char *name)
{
	const struct model_method *row = model_find_method(m->cls, name);

	if (row == NULL || (m->async && (row->flags & MM_ASYNC) == 0))
		return false;
	m->verb = MV_METHOD;
	m->method = row;
	m->result = row->result;
	m->role = row->role;
	m->states = row->states;
	m->flags = row->flags;
	for (size_t i = 0;
	     i < MODEL_ARGS_MAX && row->args[i].name != NULL; i++)
		take(m, row->args[i].name, row->args[i].type);
	return true;
}

/* Messages of the class as a whole, and get_record. */
static bool
is_class_verb(struct model_call *m, const char *name)
{
	static const struct {
		const char *name;
		unsigned flag;
		enum model_verb verb;
	} verbs[] = {
		{ "get_all", MC_ALL, MV_GET_ALL },
		{ "get_all_records", MC_ALL, MV_GET_ALL_RECORDS },
		{ "get_all_records_where", MC_ALL, MV_GET_ALL_RECORDS_WHERE },
		{ "get_record", MC_RECORD, MV_GET_RECORD },
		{ "get_by_uuid", MC_BY_UUID, MV_GET_BY_UUID },
		{ "get_by_name_label", MC_BY_NAME, MV_GET_BY_NAME },
	};
	const struct derived_types *t = types_of(m->cls);
	size_t i = 0;

	while (i < sizeof(verbs) / sizeof(verbs[0]) &&
	    strcmp(verbs[i].name, name) != 0)
		i++;
	if (i == sizeof(verbs) / sizeof(verbs[0]) ||
	    (m->cls->flags & verbs[i].flag) == 0 || m->async)
		return false;
	m->verb = verbs[i].verb;
	m->flags |= MM_READS;
	switch (m->verb) {
	case MV_GET_ALL:
		m->result = t->refs;
		break;
	case MV_GET_ALL_RECORDS:
		m->result = t->records;
		break;
	case MV_GET_ALL_RECORDS_WHERE:
		take(m, "expr", T_STRING);
		m->result = t->records;
		break;
	case MV_GET_RECORD:
		take(m, "self", t->ref);
		m->result = t->record;
		break;
	case MV_GET_BY_UUID:
		take(m, "uuid", T_STRING);
		m->result = t->ref;
		break;
	default:
		take(m, "label", T_STRING);
		m->result = t->refs;
		break;
	}
	return true;
}

static bool
is_writable(const struct model_field *f, enum model_verb verb)
{
	const enum model_kind kind = f->type->kind;

	return f->access == RW &&
	    (verb == MV_SET ||
		kind == (verb < MV_ADD ? MK_MAP : MK_SET));
}

/* get_FIELD, set_FIELD; of maps add_to_FIELD, remove_from_FIELD; of sets add_FIELD,
 * remove_FIELD. */
static bool
is_field_verb(struct model_call *m, const char *name)
{
	static const struct {
		const char *prefix;
		enum model_verb verb;
	} verbs[] = {
		{ "get_", MV_GET },
		{ "set_", MV_SET },
		{ "add_to_", MV_ADD_TO },
		{ "remove_from_", MV_REMOVE_FROM },
		{ "add_", MV_ADD },
		{ "remove_", MV_REMOVE },
	};
	const struct derived_types *t = types_of(m->cls);
	const struct model_type *type;
	size_t n = 0;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		n = strlen(verbs[i].prefix);
		if (strncmp(name, verbs[i].prefix, n) != 0)
			continue;
		m->verb = verbs[i].verb;
		m->field = model_find_field(m->cls, name + n);
		break;
	}
	if (m->field == NULL || (m->cls->flags & MC_RECORD) == 0 ||
	    (m->async && (m->verb == MV_GET || (m->cls->flags & MC_LOCAL) != 0)))
		return false;
	take(m, "self", t->ref);
	if (m->verb == MV_GET) {
		m->result = m->field->type;
		m->flags |= MM_READS;
		return true;
	}
	if (!is_writable(m->field, m->verb))
		return false;
	m->role = (m->cls->flags & MC_OF_HOST) != 0 ? ROLE_POOL_OPERATOR :
						      ROLE_VM_ADMIN;
	m->role = model_key_role(m, "");
	m->states = m->field->states;
	m->result = T_VOID;
	type = m->field->type;
	if (m->verb == MV_ADD_TO || m->verb == MV_REMOVE_FROM)
		take(m, "key", type->key);
	if (m->verb != MV_REMOVE_FROM)
		take(m, "value", m->verb == MV_SET ? type : type->of);
	return true;
}

bool
model_resolve(const char *name, struct model_call *out)
{
	static const char async[] = "Async";
	const struct model_class *c;
	size_t n;

	memset(out, 0, sizeof(*out));
	out->states = STATES_ANY;
	n = sizeof(async) - 1;
	if (strncmp(name, async, n) == 0 && (name[n] == '.' || name[n] == '_')) {
		out->async = true;
		name += n + 1;
	}
	/* The longest class name that fits: VM_metrics before VM. */
	for (size_t i = 0; (c = model_classes[i]) != NULL; i++) {
		n = strlen(c->name);
		if (strncmp(name, c->name, n) == 0 &&
		    (name[n] == '.' || name[n] == '_') &&
		    (out->cls == NULL || n > strlen(out->cls->name)))
			out->cls = c;
	}
	if (out->cls == NULL)
		return false;
	name += strlen(out->cls->name) + 1;
	if ((out->cls->flags & MC_LOCAL) != 0)
		out->flags |= MM_LOCAL;
	if ((out->cls->flags & MC_SECRET) != 0)
		out->role = ROLE_POOL_OPERATOR;
	return is_row(out, name) || is_class_verb(out, name) ||
	    is_field_verb(out, name);
}

enum model_role
model_key_role(const struct model_call *m, const char *key)
{
	const struct model_key *k = m->field == NULL ? NULL : m->cls->keys;
	size_t n;

	for (; k != NULL && k->name != NULL; k++) {
		if (strcmp(k->field, m->field->name) != 0)
			continue;
		n = strlen(k->name);
		if (k->name[n - 1] == '*' ? strncmp(k->name, key, n - 1) == 0 :
					    strcmp(k->name, key) == 0)
			return k->role;
	}
	return m->role;
}

static void
say(void (*f)(void *ctx, const char *name), void *ctx, const char *cls,
    const char *verb, const char *rest)
{
	char name[128];
	struct model_call m;

	snprintf(name, sizeof(name), "%s.%s%s", cls, verb, rest);
	if (model_resolve(name, &m))
		f(ctx, name);
}

/* A setter, unless a row has its name. */
static void
say_setter(void (*f)(void *ctx, const char *name), void *ctx,
    const struct model_class *c, const char *verb, const char *field)
{
	char name[96];

	snprintf(name, sizeof(name), "%s%s", verb, field);
	if (model_find_method(c, name) != NULL)
		return;
	say(f, ctx, c->name, name, "");
	snprintf(name, sizeof(name), "Async.%s", c->name);
	say(f, ctx, name, verb, field);
}

void
model_each_message(void (*f)(void *ctx, const char *name), void *ctx)
{
	static const char *const setters[] = { "set_", "add_to_",
		"remove_from_", "add_", "remove_" };
	const struct model_class *c;
	char async[96];

	for (size_t i = 0; (c = model_classes[i]) != NULL; i++) {
		snprintf(async, sizeof(async), "Async.%s", c->name);
		for (const struct model_method *m = c->methods;
		     m->name != NULL; m++) {
			say(f, ctx, c->name, m->name, "");
			say(f, ctx, async, m->name, "");
		}
		say(f, ctx, c->name, "get_all", "");
		say(f, ctx, c->name, "get_all_records", "");
		say(f, ctx, c->name, "get_all_records_where", "");
		say(f, ctx, c->name, "get_record", "");
		say(f, ctx, c->name, "get_by_uuid", "");
		say(f, ctx, c->name, "get_by_name_label", "");
		for (const struct model_field *d = c->fields; d->name != NULL;
		     d++) {
			say(f, ctx, c->name, "get_", d->name);
			for (size_t v = 0; v < sizeof(setters) / sizeof(setters[0]);
			     v++)
				say_setter(f, ctx, c, setters[v], d->name);
		}
	}
}
