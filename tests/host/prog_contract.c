/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The contract of the API, made from its tables: every message is sent with wrong
 * numbers of arguments, with each argument of a wrong type, with references to
 * nothing, by every role, and about machines in states it is not for; each answer
 * must be the documented error with its documented parameters.
 *
 *	prog_contract PASSWORD HALTED RUNNING PAUSED
 *
 * It speaks to the daemon as the users role0 (read-only, user id 7000) to role5
 * (pool-admin), who may open the local socket; then three machines. Each mismatch is a line; status 1 when there was one.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "domstate.h"
#include "schema.h"
#include "xenapi.h"

#define ROLES	(ROLE_POOL_ADMIN + 1)
#define NOTHING "00000000-0000-4000-8000-00000000dead"

static struct xapi *by_role[ROLES];
static struct {
	char *ref;
	enum dom_power power;
} machines[3];
static unsigned long sent, bad;

/* ---- answers --------------------------------------------------------------------- */

static unsigned
words_in(const char *s)
{
	unsigned n = 0;

	for (; *s != '\0'; s++)
		n += *s != ' ' && (s[1] == ' ' || s[1] == '\0');
	return n;
}

static void
wrong(const char *method, const char *what, const struct xapi_err *e)
{
	printf("%s: %s: got %s", method, what, e->code);
	for (int i = 0; i < e->nparams; i++)
		printf(" '%s'", e->params[i]);
	printf("\n");
	bad++;
}

/* Whatever it is, the code is in errors.h and has as many parameters as there. */
static void
is_documented(const char *method, const struct xapi_err *e)
{
	const struct model_error *row = model_find_error(e->code);

	if (row == NULL)
		wrong(method, "a code that is not in errors.h", e);
	else if ((unsigned)e->nparams != words_in(row->params))
		wrong(method, row->params, e);
}

/* Sends; true when it failed with the code and these first parameters. */
static void
refused(enum model_role role, const char *method, struct xapi_value *args,
    const char *what, const char *code, const char *first, const char *second)
{
	struct xapi_err e;
	struct xapi_value *v = xapi_callv(by_role[role], &e, method, args);

	sent++;
	if (v != NULL) {
		snprintf(e.code, sizeof(e.code), "no error at all");
		e.nparams = 0;
		wrong(method, what, &e);
		xapi_free(v);
		return;
	}
	is_documented(method, &e);
	if (strcmp(e.code, code) != 0 || (first != NULL &&
		(e.nparams < 1 || strcmp(e.params[0], first) != 0)) ||
	    (second != NULL &&
		(e.nparams < 2 || strcmp(e.params[1], second) != 0)))
		wrong(method, what, &e);
}

/* ---- arguments ------------------------------------------------------------------- */

static struct xapi_value *
right(const struct model_type *t)
{
	switch (t->kind) {
	case MK_INT:
		return xapi_new_int(0);
	case MK_FLOAT:
		return xapi_new_float(0);
	case MK_BOOL:
		return xapi_new_bool(0);
	case MK_ENUM:
		return xapi_new_str(model_find_enum(t->name)->words[0]);
	case MK_REF:
		return xapi_new_str(NOTHING);
	case MK_SET:
		return xapi_new_array();
	case MK_MAP:
	case MK_RECORD:
		return xapi_new_struct();
	case MK_DATETIME:
		return xapi_new_str("20260101T00:00:00Z");
	default:
		return xapi_new_str("x");
	}
}

/* Of no argument's type. NULL: everything is of this one. */
static struct xapi_value *
not_right(const struct model_type *t)
{
	struct xapi_value *v;

	switch (t->kind) {
	case MK_INT:
	case MK_FLOAT:
	case MK_BOOL:
	case MK_RECORD:
		return xapi_new_str("nonsense");
	case MK_ENUM:
		return xapi_new_str("nonsense");
	case MK_SET:
	case MK_MAP:
		return xapi_new_str("nonsense");
	case MK_VOID:
		return NULL;
	default:
		v = xapi_new_array();
		xapi_add(v, xapi_new_str("nonsense"));
		return v;
	}
}

static struct xapi_value *
all_right(const struct model_call *m, size_t n)
{
	struct xapi_value *args = xapi_new_array();

	for (size_t i = 0; i < n; i++)
		xapi_add(args, i < m->nargs ? right(m->args[i].type) :
					      xapi_new_str("more"));
	return args;
}

/* ---- what every message owes ---------------------------------------------------------- */

static void
counts(const char *name, const struct model_call *m)
{
	size_t least = m->nargs - MM_OPTIONALS(m->flags);

	refused(ROLE_POOL_ADMIN, name, all_right(m, m->nargs + 1),
	    "an argument too many", "MESSAGE_PARAMETER_COUNT_MISMATCH", name,
	    NULL);
	if (least > 0)
		refused(ROLE_POOL_ADMIN, name, all_right(m, least - 1),
		    "an argument too few", "MESSAGE_PARAMETER_COUNT_MISMATCH",
		    name, NULL);
}

static void
types(const char *name, const struct model_call *m)
{
	struct xapi_value *args, *v;
	char what[96];

	for (size_t i = 0; i < m->nargs; i++) {
		if (not_right(m->args[i].type) == NULL)
			continue;
		args = xapi_new_array();
		for (size_t k = 0; k < m->nargs; k++) {
			v = k == i ? not_right(m->args[k].type) :
				     right(m->args[k].type);
			xapi_add(args, v);
		}
		snprintf(what, sizeof(what), "%.60s of a wrong type",
		    m->args[i].name);
		refused(ROLE_POOL_ADMIN, name, args, what,
		    m->args[i].type->kind == MK_ENUM ? "INVALID_VALUE" :
						       "FIELD_TYPE_ERROR",
		    m->args[i].name, NULL);
	}
}

/* The first argument that must name something; NULL: none. */
static const struct model_type *
reference(const struct model_call *m)
{
	for (size_t i = 0; i < m->nargs; i++)
		if (m->args[i].type->kind == MK_REF)
			return m->args[i].type;
	return NULL;
}

static void
roles(const char *name, const struct model_call *m)
{
	const struct model_type *ref = reference(m);
	struct xapi_value *v;
	struct xapi_err e;

	for (unsigned r = 0; r < ROLES; r++) {
		if (r < (unsigned)m->role)
			refused((enum model_role)r, name,
			    all_right(m, m->nargs), model_role_name(r),
			    "RBAC_PERMISSION_DENIED", NULL, NULL);
		else if (ref != NULL)
			refused((enum model_role)r, name,
			    all_right(m, m->nargs), "a reference to nothing",
			    "HANDLE_INVALID", ref->name, NOTHING);
		else if (m->nargs == 0 && (m->flags & MM_READS) != 0 &&
		    r == (unsigned)m->role) {
			sent++;
			v = xapi_callv(by_role[r], &e, name, NULL);
			if (v == NULL)
				wrong(name, "it only reads", &e);
			xapi_free(v);
		}
	}
}

/* ---- machines in states that are wrong ---------------------------------------------------- */

static void
states(const char *name, const struct model_call *m)
{
	struct xapi_value *args;
	struct xapi_err e;

	if (m->cls != &model_vm || m->nargs == 0 ||
	    m->args[0].type->kind != MK_REF || m->states == STATES_ANY ||
	    (m->flags & MM_READS) != 0)
		return;
	for (size_t k = 0; k < 3; k++) {
		if ((m->states & (1u << machines[k].power)) != 0)
			continue;
		args = xapi_new_array();
		xapi_add(args, xapi_new_str(machines[k].ref));
		for (size_t i = 1; i < m->nargs; i++) {
			/* What else is referred to has to be there. */
			if (m->args[i].type->kind == MK_REF) {
				xapi_free(args);
				return;
			}
			xapi_add(args, right(m->args[i].type));
		}
		sent++;
		if (xapi_callv(by_role[ROLE_POOL_ADMIN], &e, name, args) !=
		    NULL) {
			snprintf(e.code, sizeof(e.code), "no error at all");
			e.nparams = 0;
		} else {
			is_documented(name, &e);
		}
		if (strcmp(e.code, "VM_BAD_POWER_STATE") != 0 ||
		    e.nparams != 3 ||
		    strcmp(e.params[0], machines[k].ref) != 0 ||
		    strcmp(e.params[2],
			dom_power_word(machines[k].power)) != 0 ||
		    strstr(e.params[1], dom_power_word(machines[k].power)) !=
			NULL)
			wrong(name, dom_power_word(machines[k].power), &e);
	}
}

static void
message(void *ctx, const char *name)
{
	struct model_call m;

	(void)ctx;
	if (!model_resolve(name, &m) || m.async)
		return;
	/* Sessions and events are the API server's; their own tests know them. */
	if ((m.flags & MM_NO_SESSION) == 0)
		counts(name, &m);
	if ((m.flags & MM_LOCAL) != 0)
		return;
	types(name, &m);
	roles(name, &m);
	states(name, &m);
}

/* ---- sessions -------------------------------------------------------------------------------- */

static void
log_in(const char *password)
{
	struct xapi_err e;
	char user[16];

	for (unsigned r = 0; r < ROLES; r++) {
		snprintf(user, sizeof(user), "role%u", r);
		/* Root would be known by the kernel's word. */
		if (seteuid(7000 + r) < 0) {
			perror("seteuid");
			exit(1);
		}
		by_role[r] = xapi_open(NULL, &e);
		if (by_role[r] == NULL ||
		    xapi_login(by_role[r], user, password, &e) < 0) {
			printf("%s: %s %s\n", user, e.code, e.message);
			exit(1);
		}
		if (seteuid(0) < 0)
			exit(1);
	}
}

static void
know(size_t i, const char *name, enum dom_power power)
{
	struct xapi_err e;

	machines[i].ref = xapi_vm_find(by_role[ROLE_POOL_ADMIN], name, &e);
	machines[i].power = power;
	if (machines[i].ref == NULL) {
		printf("%s: %s\n", name, e.message);
		exit(1);
	}
}

int
main(int argc, char **argv)
{
	struct xapi_err e;

	if (argc != 5)
		return 2;
	log_in(argv[1]);
	know(0, argv[2], DOM_HALTED);
	know(1, argv[3], DOM_RUNNING);
	know(2, argv[4], DOM_PAUSED);
	model_each_message(message, NULL);
	refused(ROLE_READ_ONLY, "VM.no_such_message", xapi_new_array(),
	    "a message that there is not", "MESSAGE_METHOD_UNKNOWN",
	    "VM.no_such_message", NULL);
	for (unsigned r = 0; r < ROLES; r++) {
		xapi_logout(by_role[r], &e);
		xapi_close(by_role[r]);
	}
	for (size_t i = 0; i < 3; i++)
		free(machines[i].ref);
	printf("%lu calls, %lu not as documented\n", sent, bad);
	return bad != 0;
}
