/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vm_leaving.h. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "dev.h"
#include "vm_leaving.h"

struct leaving {
	struct call *k;
	struct xu_val *disks;
	size_t at;
	struct xu_err err;
};

bool
leaving_is_only(const struct core *c, const struct vdi *v,
    const struct guest *g)
{
	size_t pos = 0, n = 0;
	const struct dev *d;

	while ((d = vdi_user(c, v, &pos)) != NULL) {
		if (d->guest != g)
			return false;
		n++;
	}
	return n > 0;
}

static void
left(void *arg, const struct xu_err *e)
{
	struct leaving *l = arg;

	if (e == NULL)
		api_event(l->k->core, "VDI", "del",
		    xu_val_str(xu_val_at(l->disks, l->at)), NULL);
	else if (!xu_err_is_set(&l->err))
		l->err = *e;
	l->at++;
	leaving_go(l);
}

void
leaving_go(struct leaving *l)
{
	struct leaving was = *l;
	struct vdi *v;

	if (l->at < xu_val_count(l->disks)) {
		v = vdi_find(l->k->core, xu_val_str(xu_val_at(l->disks, l->at)));
		vdi_drop(l->k->core, v, left, l);
		return;
	}
	xu_val_free(l->disks);
	free(l);
	if (xu_err_is_set(&was.err))
		call_fail(was.k, &was.err);
	else
		call_ok(was.k, NULL);
}

struct leaving *
leaving_new(struct call *k, struct xu_err *e)
{
	struct leaving *l = calloc(1, sizeof(*l));

	if (l == NULL) {
		xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "%s", k->method);
		return NULL;
	}
	l->k = k;
	l->disks = xu_array();
	return l;
}

int
leaving_add(struct leaving *l, struct vdi *v, const char *successor,
    struct xu_err *e)
{
	if (xu_val_add(l->disks, xu_str(v->uuid)) < 0)
		return xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM,
		    "remove a disk");
	return vdi_replace(l->k->core, v, successor, e);
}

void
leaving_not(struct leaving *l)
{
	struct vdi *v;

	for (size_t i = 0; i < xu_val_count(l->disks); i++) {
		v = vdi_find(l->k->core, xu_val_str(xu_val_at(l->disks, i)));
		vdi_replace_not(l->k->core, v);
	}
	xu_val_free(l->disks);
	free(l);
}
