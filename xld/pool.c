/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pool: this host alone. What its owner sets is kept before the call is
 * answered.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "db.h"
#include "xld.h"

#define CLASS "pool"

static const char *const texts[] = { "name_label", "name_description",
	"default_SR", "suspend_image_SR", "crash_dump_SR" };
static const char *const maps[] = { "other_config", "gui_config" };

int
pool_open(struct core *c, struct xu_err *e)
{
	struct xu_err why = XU_ERR_INIT;

	uuid_derive(c->host_uuid, "pool", c->pool_uuid);
	c->pool = db_get(c->db, CLASS, c->pool_uuid, &why);
	if (c->pool == NULL && !xu_err_is_set(&why))
		c->pool = xu_struct();
	if (c->pool != NULL)
		return 0;
	*e = why;
	return -1;
}

void
pool_close(struct core *c)
{
	xu_val_free(steal_ptr(&c->pool));
}

static struct xu_val *
record(struct core *c, void *obj XU_UNUSED)
{
	struct xu_val *v = xu_struct();
	const struct xu_val *map;

	xu_val_set(v, "uuid", xu_str(c->pool_uuid));
	for (size_t i = 0; i < XU_ARRAY_SIZE(texts); i++)
		xu_val_set(v, texts[i],
		    xu_str(xu_val_get_str(c->pool, texts[i], "")));
	xu_val_set(v, "master", xu_str(c->host_uuid));
	for (size_t i = 0; i < XU_ARRAY_SIZE(maps); i++) {
		map = xu_val_get(c->pool, maps[i]);
		xu_val_set(v, maps[i],
		    map == NULL ? xu_struct() : xu_val_copy(map));
	}
	xu_val_set(v, "tags", config_tags(c->pool));
	xu_val_set(v, "ha_enabled", xu_bool(false));
	xu_val_set(v, "wlb_enabled", xu_bool(false));
	return v;
}

static int
set(struct core *c, void *obj XU_UNUSED, const char *field,
    const struct xu_val *value, struct xu_err *e)
{
	AUTO_VAL struct xu_val *v = xu_val_copy(c->pool);
	struct xu_val *old = c->pool;

	xu_val_set(v, field, xu_val_copy(value));
	if (!xu_val_ok(v))
		return xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "pool");
	if (db_put(c->db, CLASS, c->pool_uuid, v, e) < 0)
		return -1;
	c->pool = steal_ptr(&v);
	xu_val_free(old);
	return 0;
}

static void *
find(struct core *c, const char *ref)
{
	return strcmp(ref, c->pool_uuid) == 0 ? c : NULL;
}

static void *
only_one(struct core *c, size_t *pos)
{
	return (*pos)++ == 0 ? c : NULL;
}

static const char *
ref_of(const void *obj)
{
	return ((const struct core *)obj)->pool_uuid;
}

const struct class_ops pool_ops = {
	.cls = &model_pool,
	.find = find,
	.next = only_one,
	.ref = ref_of,
	.record = record,
	.set = set,
};
