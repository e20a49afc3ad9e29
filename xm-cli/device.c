/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What commands for devices have alike. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "errors.h"
#include "xm.h"

int
xm_task_run(struct xm *xm, struct xapi_err *e, const char *method,
    struct xapi_value *arg, struct xapi_value *more)
{
	AUTO_FREE char *task = NULL;
	struct xapi_value *args = xapi_new_array();

	xapi_add(args, arg);
	if (more != NULL)
		xapi_add(args, more);
	xm_catch_signals();
	task = xm_task_start(xm, e, method, args);
	return task == NULL ? -1 : xm_task_wait(xm, e, task, NULL);
}

const char *
xm_property(const struct xapi_value *p, const char *name, const char *dflt)
{
	const char *s = xapi_get_str(p, name);

	return s[0] != '\0' ? s : dflt;
}

int
xm_each_device(struct xm *xm, const struct xm_dom *d, const char *cls,
    xm_device_f *f, void *arg)
{
	AUTO_FREE char *list = NULL, *method = NULL;
	const struct xapi_value *refs;
	struct xapi_value *v;
	struct xapi_err e;
	int status = 0;

	if (asprintf(&list, "%ss", cls) < 0 ||
	    asprintf(&method, "%s.get_record", cls) < 0)
		return xm_no_memory(xm);
	refs = xapi_get(d->record, list);
	for (size_t i = 0; i < xapi_count(refs) && status == 0; i++) {
		v = xapi_call(xm->api, &e, method, "s",
		    xapi_str(xapi_at(refs, i)));
		if (v != NULL)
			status = f(xm, arg, v);
		else if (strcmp(e.code, XE(HANDLE_INVALID)) != 0)
			/* One that has just gone is not missed. */
			status = xm_fail(xm, &e);
		xapi_free(v);
	}
	return status;
}
