/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One call of the API: prog_api METHOD [ARG]... prints the result, text as it is
 * and the rest as JSON. An ARG that is JSON is that value, @NAME is the machine of
 * that name, anything else is text. Status 1: "CODE PARAMETER..." is printed.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xenapi.h"
#include "xu_val.h"

static struct xapi_value *
of(const struct xu_val *v)
{
	struct xapi_value *out;

	switch (xu_val_type(v)) {
	case XU_BOOL:
		return xapi_new_bool(xu_val_bool(v));
	case XU_INT:
		return xapi_new_int(xu_val_int(v));
	case XU_FLOAT:
		return xapi_new_float(xu_val_float(v));
	case XU_ARRAY:
		out = xapi_new_array();
		for (size_t i = 0; i < xu_val_count(v); i++)
			xapi_add(out, of(xu_val_at(v, i)));
		return out;
	case XU_STRUCT:
		out = xapi_new_struct();
		for (size_t i = 0; i < xu_val_count(v); i++)
			xapi_set(out, xu_val_name_at(v, i),
			    of(xu_val_at(v, i)));
		return out;
	default:
		return xapi_new_str(xu_val_str(v));
	}
}

static int
fail(const struct xapi_err *e)
{
	fputs(e->code, stdout);
	for (int i = 0; i < e->nparams; i++)
		printf(" %s", e->params[i]);
	printf("\n");
	fprintf(stderr, "%s\n", e->message);
	return 1;
}

/* NULL with *e: there is no such machine. */
static struct xapi_value *
argument(struct xapi *api, const char *word, struct xapi_err *e)
{
	AUTO_VAL struct xu_val *v = NULL;
	struct xapi_value *out = NULL;
	char *ref;

	if (word[0] == '@') {
		ref = xapi_vm_find(api, word + 1, e);
		if (ref != NULL)
			out = xapi_new_str(ref);
		free(ref);
		return out;
	}
	v = xu_val_from_json(word, strlen(word), 1 << 20, NULL);
	return v != NULL ? of(v) : xapi_new_str(word);
}

int
main(int argc, char **argv)
{
	struct xapi_value *args = xapi_new_array(), *v;
	struct xapi_err e;
	struct xapi *api;
	char *json;

	if (argc < 2)
		return 2;
	api = xapi_open(NULL, &e);
	if (api == NULL || xapi_login(api, "", "", &e) < 0)
		return fail(&e);
	for (int i = 2; i < argc; i++) {
		v = argument(api, argv[i], &e);
		if (v == NULL)
			return fail(&e);
		xapi_add(args, v);
	}
	v = xapi_callv(api, &e, argv[1], args);
	if (v == NULL)
		return fail(&e);
	json = xapi_type(v) == XAPI_STRING ? strdup(xapi_str(v)) :
					     xapi_to_json(v, 0);
	puts(json);
	free(json);
	xapi_free(v);
	xapi_close(api);
	return 0;
}
