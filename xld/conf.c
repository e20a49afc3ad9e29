/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The settings of xld.conf(5), and which role they give to whom. */
#include "config.h"

#include <string.h>

#include "access.h"
#include "daemoncfg.h"
#include "sampled.h"
#include "xld.h"
#include "xu_log.h"

const struct xu_conf_key conf_keys[] = {
#define ROW(name, kind, dflt, min, max, help)                                  \
	{ #name, XU_CONF_##kind, dflt, min, max },
	DAEMON_SETTINGS(ROW)
#undef ROW
};
const size_t conf_nkeys = XU_ARRAY_SIZE(conf_keys);

static void
warn(void *arg XU_UNUSED, const char *sentence)
{
	xu_log(XU_WARNING, "%s", sentence);
}

int
conf_load(struct core *c, struct xu_err *e)
{
	struct xu_val *v;

	v = xu_conf_read(c->conf_path, conf_keys, conf_nkeys, warn, NULL, e);
	if (v == NULL)
		return -1;
	if (sampled_check(v, e) < 0) {
		xu_val_free(v);
		return -1;
	}
	xu_val_free(c->conf);
	c->conf = v;
	return 0;
}

static bool
is_named(const struct xu_val *words, const char *user,
    const struct xu_val *groups)
{
	const char *w;

	for (size_t i = 0; i < xu_val_count(words); i++) {
		w = xu_val_str(xu_val_at(words, i));
		if (w[0] != '@' && strcmp(w, user) == 0)
			return true;
		for (size_t g = 0; w[0] == '@' && g < xu_val_count(groups); g++)
			if (strcmp(w + 1, xu_val_str(xu_val_at(groups, g))) == 0)
				return true;
	}
	return false;
}

const char *
conf_role_setting(enum model_role role)
{
	static const char *const settings[] = {
		[ROLE_READ_ONLY] = "read_only",
		[ROLE_VM_OPERATOR] = "vm_operator",
		[ROLE_VM_ADMIN] = "vm_admin",
		[ROLE_VM_POWER_ADMIN] = "vm_power_admin",
		[ROLE_POOL_OPERATOR] = "pool_operator",
		[ROLE_POOL_ADMIN] = "pool_admin",
	};

	return settings[role];
}

bool
conf_role(const struct xu_val *conf, const char *user,
    const struct xu_val *groups, enum model_role *out)
{
	for (int i = ROLE_POOL_ADMIN; i >= ROLE_READ_ONLY; i--)
		if (is_named(xu_val_get(conf,
			conf_role_setting((enum model_role)i)), user, groups)) {
			*out = (enum model_role)i;
			return true;
		}
	return false;
}
