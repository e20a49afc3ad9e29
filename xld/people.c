/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Roles, and who has one by the settings. Objects are made anew before each call
 * that is about them; their identities are derived from their names.
 */
#include "config.h"

#include <string.h>

#include "access.h"
#include "xld.h"

/* Six settings of so many words (daemoncfg.h). */
#define PEOPLE_MAX (6 * 64)

struct person {
	char uuid[UUID_TEXT];
	const char *name, *doc;
	enum model_role role;
};

struct people {
	struct person all[PEOPLE_MAX];
	size_t n;
};

static struct people roles, subjects, users;

static void
add(struct people *p, const struct core *c, const char *what,
    const char *name, enum model_role role, const char *doc)
{
	struct person *one = &p->all[p->n];
	char text[512];

	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->all[i].name, name) == 0)
			return;
	if (p->n == PEOPLE_MAX)
		return;
	snprintf(text, sizeof(text), "%s %s", what, name);
	uuid_derive(c->host_uuid, text, one->uuid);
	one->name = name;
	one->role = role;
	one->doc = doc;
	p->n++;
}

static void
make_roles(struct core *c)
{
	static const char *const docs[] = {
		[ROLE_READ_ONLY] = "Looking.",
		[ROLE_VM_OPERATOR] = "Starting and stopping machines.",
		[ROLE_VM_ADMIN] = "Making, changing and forgetting machines.",
		[ROLE_VM_POWER_ADMIN] = "As vm-admin, and moving machines.",
		[ROLE_POOL_OPERATOR] =
		    "Everything but what gives power over domain 0.",
		[ROLE_POOL_ADMIN] = "Everything.",
	};

	roles.n = 0;
	for (int r = ROLE_POOL_ADMIN; r >= ROLE_READ_ONLY; r--)
		add(&roles, c, "role", model_role_name((enum model_role)r),
		    (enum model_role)r, docs[r]);
}

/* The greatest role first: it is the one that counts. */
static void
make_people(struct people *p, struct core *c, const char *what, bool groups)
{
	const struct xu_val *words;
	const char *w;

	p->n = 0;
	for (int r = ROLE_POOL_ADMIN; r >= ROLE_READ_ONLY; r--) {
		words = xu_val_get(c->conf, conf_role_setting((enum model_role)r));
		for (size_t i = 0; i < xu_val_count(words); i++) {
			w = xu_val_str(xu_val_at(words, i));
			if (groups || w[0] != '@')
				add(p, c, what, w, (enum model_role)r, "");
		}
	}
}

static void
make_subjects(struct core *c)
{
	make_roles(c);
	make_people(&subjects, c, "subject", true);
}

static void
make_users(struct core *c)
{
	make_people(&users, c, "user", false);
}

static struct person *
find(struct people *p, const char *ref)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->all[i].uuid, ref) == 0)
			return &p->all[i];
	return NULL;
}

static struct person *
next(struct people *p, size_t *pos)
{
	return *pos < p->n ? &p->all[(*pos)++] : NULL;
}

static const char *
ref_of(const void *obj)
{
	return ((const struct person *)obj)->uuid;
}

/* ---- role ---------------------------------------------------------------------- */

static void *
find_role(struct core *c XU_UNUSED, const char *ref)
{
	return find(&roles, ref);
}

static void *
next_role(struct core *c XU_UNUSED, size_t *pos)
{
	return next(&roles, pos);
}

static struct xu_val *
role_record(struct core *c XU_UNUSED, void *obj)
{
	const struct person *r = obj;
	struct xu_val *v = xu_struct(), *lesser = xu_array();

	for (size_t i = 0; i < roles.n; i++)
		if (roles.all[i].role < r->role)
			xu_val_add(lesser, xu_str(roles.all[i].uuid));
	xu_val_set(v, "uuid", xu_str(r->uuid));
	xu_val_set(v, "name_label", xu_str(r->name));
	xu_val_set(v, "name_description", xu_str(r->doc));
	xu_val_set(v, "subroles", lesser);
	xu_val_set(v, "is_internal", xu_bool(false));
	return v;
}

struct allowed {
	enum model_role role;
	struct xu_val *list;
};

static void
if_allowed(void *ctx, const char *name)
{
	const struct allowed *a = ctx;
	struct model_call m;

	if (model_resolve(name, &m) && m.role <= a->role)
		xu_val_add(a->list, xu_str(name));
}

static void
get_permissions(struct call *k)
{
	const struct person *r =
	    find(&roles, xu_val_str(xu_val_at(k->params, 0)));
	struct allowed a = { r->role, xu_array() };

	model_each_message(if_allowed, &a);
	call_ok(k, a.list);
}

/* ---- subject, user --------------------------------------------------------------------- */

static void *
find_subject(struct core *c XU_UNUSED, const char *ref)
{
	return find(&subjects, ref);
}

static void *
next_subject(struct core *c XU_UNUSED, size_t *pos)
{
	return next(&subjects, pos);
}

static struct xu_val *
subject_record(struct core *c XU_UNUSED, void *obj)
{
	const struct person *p = obj;
	struct xu_val *v = xu_struct(), *map = xu_struct(), *of = xu_array();
	const bool group = p->name[0] == '@';

	for (size_t i = 0; i < roles.n; i++)
		if (roles.all[i].role == p->role)
			xu_val_add(of, xu_str(roles.all[i].uuid));
	xu_val_set(map, "subject-name", xu_str(p->name + group));
	xu_val_set(map, "subject-is-group", xu_str(group ? "true" : "false"));
	xu_val_set(v, "uuid", xu_str(p->uuid));
	xu_val_set(v, "subject_identifier", xu_str(p->name));
	xu_val_set(v, "other_config", map);
	xu_val_set(v, "roles", of);
	return v;
}

static void *
find_user(struct core *c XU_UNUSED, const char *ref)
{
	return find(&users, ref);
}

static void *
next_user(struct core *c XU_UNUSED, size_t *pos)
{
	return next(&users, pos);
}

static struct xu_val *
user_record(struct core *c XU_UNUSED, void *obj)
{
	const struct person *p = obj;
	struct xu_val *v = xu_struct();

	xu_val_set(v, "uuid", xu_str(p->uuid));
	xu_val_set(v, "short_name", xu_str(p->name));
	/* Who knows it may have to ask a server, and nobody waits for that. */
	xu_val_set(v, "fullname", xu_str(""));
	xu_val_set(v, "other_config", xu_struct());
	return v;
}

#define PEOPLE_OPS(name, class, make)                                          \
	const struct class_ops name##_ops = {                                  \
		.cls = &class,                                                 \
		.find = find_##name,                                           \
		.next = next_##name,                                           \
		.ref = ref_of,                                                 \
		.record = name##_record,                                       \
		.refresh = make,                                               \
	}
PEOPLE_OPS(role, model_role, make_roles);
PEOPLE_OPS(subject, model_subject, make_subjects);
PEOPLE_OPS(user, model_user, make_users);

const struct handler people_handlers[] = {
	{ "role.get_permissions", get_permissions },
	{ NULL, NULL },
};
