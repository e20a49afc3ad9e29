/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See api_calls.h. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_calls.h"

struct xapi *api;

char *
begin(const char *machine)
{
	struct xapi_err e;
	char *vm;

	api = xapi_open(NULL, &e);
	if (api == NULL || xapi_login(api, "", "", &e) < 0)
		die("login", &e);
	vm = xapi_vm_find(api, machine, &e);
	if (vm == NULL)
		die(machine, &e);
	return vm;
}

void
die(const char *what, const struct xapi_err *e)
{
	printf("%s: %s %s\n", what, e != NULL ? e->code : "",
	    e != NULL ? e->message : "");
	exit(1);
}

void
check(const char *what, int good)
{
	if (!good)
		die(what, NULL);
}

void
must(const char *method, const char *ref)
{
	struct xapi_err e;

	if (xapi_do(api, &e, method, "s", ref) < 0)
		die(method, &e);
}

void
must_not(const char *method, const char *ref, const char *code)
{
	struct xapi_err e;

	check(method, xapi_do(api, &e, method, "s", ref) < 0);
	if (strcmp(e.code, code) != 0)
		die(method, &e);
}

char *
make(const char *method, struct xapi_value *record)
{
	struct xapi_err e;
	struct xapi_value *v = xapi_call(api, &e, method, "v", record);
	char *ref;

	if (v == NULL)
		die(method, &e);
	ref = strdup(xapi_str(v));
	xapi_free(v);
	return ref;
}

void
make_not(const char *method, struct xapi_value *record, const char *code)
{
	struct xapi_err e;

	check(method, xapi_do(api, &e, method, "v", record) < 0);
	if (strcmp(e.code, code) != 0)
		die(method, &e);
}

static struct xapi_value *
record_of(const char *cls, const char *ref)
{
	struct xapi_err e;
	struct xapi_value *r;
	char method[64];

	snprintf(method, sizeof(method), "%s.get_record", cls);
	r = xapi_call(api, &e, method, "s", ref);
	if (r == NULL)
		die(method, &e);
	return r;
}

void
is(const char *cls, const char *ref, const char *field, int wanted)
{
	struct xapi_value *r = record_of(cls, ref);

	check(field, xapi_get_bool(r, field) == wanted);
	xapi_free(r);
}

void
is_text(const char *cls, const char *ref, const char *field,
    const char *wanted)
{
	struct xapi_value *r = record_of(cls, ref);

	check(field, strcmp(xapi_get_str(r, field), wanted) == 0);
	xapi_free(r);
}
