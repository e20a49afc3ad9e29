/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "db.h"
#include "secret.h"

#define CLASS	    "secret"
#define SECRETS_MAX 1000
#define VALUE_BYTES 4096

struct secret {
	char uuid[UUID_TEXT];
	/* value, other_config. */
	struct xu_val *v;
};

/* Takes v; NULL: out of memory. */
static struct secret *
secret_new(struct core *c, const char *uuid, struct xu_val *v)
{
	struct secret *s = calloc(1, sizeof(*s));

	if (s != NULL && xu_val_ok(v)) {
		snprintf(s->uuid, sizeof(s->uuid), "%s", uuid);
		s->v = v;
		if (xu_map_put(c->secrets, s->uuid, s) == 0)
			return s;
	}
	xu_val_free(v);
	free(s);
	return NULL;
}

static void
secret_free(struct core *c, struct secret *s)
{
	xu_map_del(c->secrets, s->uuid);
	xu_val_free(s->v);
	free(s);
}

static void
load(void *arg, const char *uuid, const struct xu_val *v)
{
	(void)secret_new(arg, uuid, xu_val_copy(v));
}

int
secrets_open(struct core *c, struct xu_err *e)
{
	c->secrets = xu_map_new();
	if (c->secrets == NULL)
		return xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "keep secrets");
	return db_each(c->db, CLASS, load, c, e);
}

void
secrets_close(struct core *c)
{
	struct secret *s;
	size_t pos = 0;

	while (c->secrets != NULL && (s = xu_map_next(c->secrets, &pos)) != NULL) {
		secret_free(c, s);
		pos = 0;
	}
	xu_map_free(&c->secrets);
}

/* ---- the class ------------------------------------------------------------------------- */

static void *
find(struct core *c, const char *ref)
{
	return xu_map_get(c->secrets, ref);
}

static void *
next(struct core *c, size_t *pos)
{
	return xu_map_next(c->secrets, pos);
}

static const char *
ref_of(const void *obj)
{
	return ((const struct secret *)obj)->uuid;
}

static struct xu_val *
record(struct core *c XU_UNUSED, void *obj)
{
	const struct secret *s = obj;
	struct xu_val *v = xu_val_copy(s->v);

	xu_val_set(v, "uuid", xu_str(s->uuid));
	return v;
}

/* The error does not repeat it. */
static int
check(const struct xu_val *value, struct xu_err *e)
{
	if (strlen(xu_val_str(value)) <= VALUE_BYTES)
		return 0;
	xu_err_set(e, XE(VALUE_NOT_SUPPORTED), 0,
	    "the value of a secret has %d bytes at most", VALUE_BYTES);
	xu_err_param(e, "value");
	xu_err_param(e, "(not told)");
	xu_err_param(e, "%d bytes at most", VALUE_BYTES);
	return -1;
}

static int
set(struct core *c, void *obj, const char *field, const struct xu_val *value,
    struct xu_err *e)
{
	struct secret *s = obj;

	if (strcmp(field, "value") == 0 && check(value, e) < 0)
		return -1;
	return db_change(c->db, CLASS, s->uuid, &s->v, field, value, e);
}

const struct class_ops secret_ops = {
	.cls = &model_secret,
	.find = find,
	.next = next,
	.ref = ref_of,
	.record = record,
	.set = set,
};

static int
make(struct core *c, const struct xu_val *args, char uuid[UUID_TEXT],
    struct xu_err *e)
{
	const struct xu_val *other = xu_val_get(args, "other_config");
	struct xu_val *v;

	if (check(xu_val_get(args, "value"), e) < 0)
		return -1;
	if (xu_map_count(c->secrets) >= SECRETS_MAX) {
		xu_err_set(e, XE(VALUE_NOT_SUPPORTED), 0,
		    "there are %d secrets already, which is the most",
		    SECRETS_MAX);
		xu_err_param(e, "secrets");
		xu_err_param(e, "%d", SECRETS_MAX + 1);
		xu_err_param(e, "destroy those that nobody needs");
		return -1;
	}
	v = xu_struct();
	xu_val_set(v, "value", xu_str(xu_val_get_str(args, "value", "")));
	xu_val_set(v, "other_config",
	    other != NULL ? xu_val_copy(other) : xu_struct());
	uuid_random(uuid);
	if (db_put(c->db, CLASS, uuid, v, e) < 0) {
		xu_val_free(v);
		return -1;
	}
	if (secret_new(c, uuid, v) != NULL)
		return 0;
	(void)db_del(c->db, CLASS, uuid, e);
	return xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "keep a secret");
}

static void
create(struct call *k)
{
	struct xu_err e = XU_ERR_INIT;
	char uuid[UUID_TEXT];

	if (make(k->core, xu_val_at(k->params, 0), uuid, &e) < 0)
		call_fail(k, &e);
	else
		call_ok(k, xu_str(uuid));
}

static void
destroy(struct call *k)
{
	struct secret *s = find(k->core, xu_val_str(xu_val_at(k->params, 0)));
	struct xu_err e = XU_ERR_INIT;

	if (db_del(k->core->db, CLASS, s->uuid, &e) < 0) {
		call_fail(k, &e);
		return;
	}
	secret_free(k->core, s);
	call_ok(k, NULL);
}

const struct handler secret_handlers[] = {
	{ "secret.create", create },
	{ "secret.destroy", destroy },
	{ NULL, NULL },
};
