/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What commands for devices have alike. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "errors.h"
#include "table.h"

const struct xm_opt xm_list_opts[] = {
	{ 'l', "long", NULL, "Print all that is known as S-expressions." },
	{ .name = NULL },
};

const struct xm_opt xm_detach_opts[] = {
	{ 'f', "force", NULL,
	    "Take it away at once, whatever the guest does with it." },
	{ .name = NULL },
};

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

struct xapi_value *
xm_device_json(const void *ctx XU_UNUSED, const void *record)
{
	return xapi_copy(record);
}

/* xm's own table has those that are attached. */
static int
list_one(struct xm *xm, void *arg, const struct xapi_value *v)
{
	struct xm_listing *l = arg;

	if (xm->format != XM_TEXT || l->forms || l->chosen ||
	    xapi_get_bool(v, "currently_attached"))
		xm_listing_add(l, v);
	return 0;
}

int
xm_list_devices(struct xm *xm, const char *cls)
{
	AUTO_DOM struct xm_dom d = { .ref = NULL };
	AUTO_LISTING struct xm_listing l = { .nlines = 0 };
	int status = xm_listing_begin(&l, xm, xm->cmd->table, NULL);

	/* xl's has its heading over nothing, too. */
	l.bare &= !xm->xl;
	if (status == 0)
		status = xm_find(xm, xm->argv[0], &d);
	if (status == 0)
		status = xm_each_device(xm, &d, cls, list_one, &l);
	return status != 0 ? status : xm_listing_end(&l);
}
