/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Passwords, to be looked at or changed: xld-login is started for each, some at a time, others wait; it has a
 * limited time. Which role the user has is then looked up here.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "helper_ask.h"
#include "xld.h"
#include "xu_log.h"

#define PROGRAM	    XLD_LIBEXECDIR "/xld-login"
/* Processes at a time, and those who wait for one. */
#define RUNNING_MAX 4
#define WAITING_MAX 64
#define MESSAGE_MAX 65536
/* Of one; modules may ask servers. XLD_LOGIN_TIMEOUT in xld's environment. */
#define WAIT_S	    30

struct login {
	struct core *core;
	struct xu_list all;
	struct call *call;
	/* NULL: it waits. */
	struct helper_ask *ask;
};

static void next_one(struct core *c);

/* Frees l. */
static void
finish(struct login *l)
{
	struct core *c = l->core;

	xu_list_remove(&l->all);
	c->logins_running--;
	free(l);
	next_one(c);
}

static void
wrong(struct call *k, const char *code, const char *user, const char *reason)
{
	struct xu_err e = XU_ERR_INIT;

	xu_err_set(&e, code, 0, "login of '%.60s' refused: %s", user, reason);
	xu_err_param(&e, "%s", user);
	xu_err_param(&e, "%s", reason);
	call_fail(k, &e);
}

/* access.password: user, old, new, address; else user, password, address. */
static bool
is_change(const struct call *k)
{
	return strcmp(k->method, "access.password") == 0;
}

/* The old password was right. */
static void
changed(struct call *k, const struct xu_val *verdict)
{
	const char *reason = xu_val_get_str(verdict, "reason", "");

	if (xu_val_get_bool(verdict, "ok", false))
		call_ok(k, NULL);
	else
		call_refuse(k, XE(CHANGE_PASSWORD_REJECTED), reason,
		    "the password of '%.60s' stays as it is: %s",
		    xu_val_str(xu_val_at(k->params, 0)), reason);
}

static void
judge(struct call *k, const struct xu_val *verdict)
{
	const char *user = xu_val_get_str(verdict, "user", "");
	struct xu_val *v;
	enum model_role role;

	if (is_change(k) && xu_val_get_bool(verdict, "right", false)) {
		changed(k, verdict);
		return;
	}
	if (!xu_val_get_bool(verdict, "ok", false)) {
		wrong(k, XE(SESSION_AUTHENTICATION_FAILED),
		    xu_val_str(xu_val_at(k->params, 0)),
		    xu_val_get_str(verdict, "reason", "no reason given"));
		return;
	}
	if (!conf_role(k->core->conf, user, xu_val_get(verdict, "groups"),
		&role)) {
		wrong(k, XE(SESSION_AUTHORIZATION_FAILED), user,
		    "xld.conf gives this user no role");
		return;
	}
	v = xu_struct();
	xu_val_set(v, "user", xu_str(user));
	xu_val_set(v, "role", xu_str(model_role_name(role)));
	call_ok(k, v);
}

static void
told(void *arg, const struct xu_val *verdict, const char *why)
{
	struct login *l = arg;

	if (verdict != NULL) {
		judge(l->call, verdict);
	} else {
		xu_log(XU_ERROR, PROGRAM " %s", why);
		call_refuse(l->call, XE(XLD_HELPER), PROGRAM,
		    "the password could not be checked: " PROGRAM " %s", why);
	}
	finish(l);
}

static struct xu_val *
question(const struct call *k)
{
	const struct xu_val *p = k->params;
	struct xu_val *q = xu_struct();

	xu_val_set(q, "user", xu_val_copy(xu_val_at(p, 0)));
	xu_val_set(q, "password", xu_val_copy(xu_val_at(p, 1)));
	if (is_change(k))
		xu_val_set(q, "new", xu_val_copy(xu_val_at(p, 2)));
	xu_val_set(q, "from", xu_val_copy(xu_val_at(p, is_change(k) ? 3 : 2)));
	return q;
}

static void
start(struct login *l)
{
	struct core *c = l->core;
	AUTO_VAL struct xu_val *q = question(l->call);
	struct xu_err e = XU_ERR_INIT;

	l->ask = helper_ask(c->loop, PROGRAM, MESSAGE_MAX,
	    1000 * (uint64_t)env_seconds("XLD_LOGIN_TIMEOUT", WAIT_S), q, told,
	    l, &e);
	if (l->ask == NULL) {
		xu_list_remove(&l->all);
		call_fail(l->call, &e);
		free(l);
		return;
	}
	c->logins_running++;
}

/* Those who wait stand behind those who run. */
static void
next_one(struct core *c)
{
	struct xu_list *i;
	struct login *l;

	if (c->stopping || c->logins_running >= RUNNING_MAX)
		return;
	LIST_FOREACH(i, &c->logins) {
		l = xu_container_of(i, struct login, all);
		if (l->ask != NULL)
			continue;
		start(l);
		return;
	}
}

static size_t
count(const struct core *c)
{
	const struct xu_list *i;
	size_t n = 0;

	LIST_FOREACH(i, &c->logins)
		n++;
	return n;
}

void
login_begin(struct call *k)
{
	struct core *c = k->core;
	struct login *l;

	if (count(c) >= RUNNING_MAX + WAITING_MAX) {
		call_refuse(k, XE(XLD_TOO_MANY), "logins",
		    "too many logins at a time; try again");
		return;
	}
	l = calloc(1, sizeof(*l));
	if (l == NULL) {
		call_refuse(k, XE(XLD_NO_MEMORY), "", "login");
		return;
	}
	l->core = c;
	l->call = k;
	xu_list_append(&c->logins, &l->all);
	next_one(c);
}

void
logins_close(struct core *c)
{
	struct xu_list *i, *next;
	struct login *l;

	LIST_FOREACH_SAFE(i, next, &c->logins) {
		l = xu_container_of(i, struct login, all);
		call_refuse(l->call, XE(XLD_STOPPING), "",
		    "the daemon is stopping");
		helper_ask_drop(l->ask);
		xu_list_remove(&l->all);
		free(l);
	}
}
