/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What event.from needs of the core: how many objects of each class there are, and
 * all there is to somebody who has seen nothing yet.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "xld.h"

static bool
names(const struct xu_val *classes, const char *name)
{
	const char *w;

	for (size_t i = 0; i < xu_val_count(classes); i++) {
		w = xu_val_str(xu_val_at(classes, i));
		if (strcmp(w, "*") == 0 || strcasecmp(w, name) == 0)
			return true;
	}
	return false;
}

/* records NULL: they are only counted. */
static int64_t
walk(struct core *c, const struct class_ops *o, struct xu_val *records)
{
	size_t pos = 0;
	int64_t n = 0;
	void *obj;

	if (o->refresh != NULL)
		o->refresh(c);
	for (; (obj = o->next(c, &pos)) != NULL; n++)
		if (records != NULL)
			xu_val_set(records, o->ref(obj), o->record(c, obj));
	return n;
}

/* (classes): their records, and the numbers of all. */
void
event_state(struct call *k)
{
	const struct xu_val *wanted = xu_val_at(k->params, 0);
	struct xu_val *v = xu_struct(), *counts = xu_struct();
	struct xu_val *all = xu_struct(), *records;
	const struct class_ops *o;
	const char *name;
	int64_t n;

	for (size_t i = 0; (o = class_ops_at(i)) != NULL; i++) {
		if ((o->cls->flags & MC_SECRET) != 0)
			continue;
		name = o->cls->name;
		records = names(wanted, name) ? xu_struct() : NULL;
		n = walk(k->core, o, records);
		xu_val_set(counts, name, xu_int(n));
		if (records != NULL)
			xu_val_set(all, name, records);
	}
	xu_val_set(v, "counts", counts);
	xu_val_set(v, "records", all);
	call_ok(k, v);
}

/* (class, ref) */
void
event_inject(struct call *k)
{
	const char *class = xu_val_str(xu_val_at(k->params, 0));
	const char *ref = xu_val_str(xu_val_at(k->params, 1));
	struct xu_err e = XU_ERR_INIT;
	const struct class_ops *o;
	void *obj = NULL;

	for (size_t i = 0; (o = class_ops_at(i)) != NULL; i++)
		if (strcasecmp(o->cls->name, class) == 0 &&
		    (o->cls->flags & MC_SECRET) == 0)
			break;
	if (o != NULL && o->refresh != NULL)
		o->refresh(k->core);
	if (o != NULL)
		obj = o->find(k->core, ref);
	if (obj == NULL) {
		xu_err_set(&e, XE(HANDLE_INVALID), 0,
		    "there is no %.60s with the reference '%.60s'", class, ref);
		xu_err_param(&e, "%s", class);
		xu_err_param(&e, "%s", ref);
		call_fail(k, &e);
		return;
	}
	api_event(k->core, o->cls->name, "mod", ref, o->record(k->core, obj));
	call_ok(k, NULL);
}
