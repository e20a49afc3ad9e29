/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a disk is at one moment, kept beside it until another one has been filled with
 * that, while whoever has the disk goes on writing to it. Of volumes it is a snapshot
 * of LVM's that has room for all that could be written, so that it cannot run full
 * meanwhile; it is named by the disk that it is for, whose config has, from before it
 * is there until it is gone,
 *
 *   still   the repository where it lies
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "db.h"
#include "vdi.h"

static struct sr *
lies_in(const struct core *c, const struct vdi *v)
{
	return sr_find(c, xu_val_get_str(v->config, "still", ""));
}

int
vdi_still(struct core *c, struct vdi *v, const struct vdi *from,
    vm_done_f *done, void *arg, struct xu_err *e)
{
	struct sr *s = vdi_sr(c, from);
	int64_t used;

	if (s == NULL || s->type != SR_LVM)
		return xu_err_set(e, XE(SR_OPERATION_NOT_SUPPORTED), 0,
		    "it is no volume of ours");
	xu_val_set(v->config, "still", xu_str(s->uuid));
	if (db_put(c->db, "VDI", v->uuid, v->config, e) == 0 &&
	    lvm_still(c, s, from->uuid, v->uuid, vdi_size(from, &used), done,
		arg, e) == 0)
		return 0;
	xu_val_unset(v->config, "still");
	return -1;
}

int
vdi_still_path(const struct core *c, const struct vdi *v, char out[PATH_MAX],
    struct xu_err *e)
{
	const struct sr *s = lies_in(c, v);

	if (s == NULL) {
		xu_err_set(e, XE(HANDLE_INVALID), 0,
		    "the repository of the disk is gone");
		xu_err_param(e, "SR");
		xu_err_param(e, "%s", xu_val_get_str(v->config, "still", ""));
		return -1;
	}
	lvm_still_path(s, v->uuid, out);
	return 0;
}

struct ending {
	struct vdi *v;
	vm_done_f *done;
	void *arg;
};

static void
ended(void *arg, const struct xu_err *e)
{
	struct ending *n = arg;
	struct ending was = *n;

	free(n);
	if (e == NULL)
		xu_val_unset(was.v->config, "still");
	was.done(was.arg, e);
}

void
vdi_unstill(struct core *c, struct vdi *v, vm_done_f *done, void *arg)
{
	struct sr *s = lies_in(c, v);
	struct xu_err e = XU_ERR_INIT;
	struct ending *n;

	if (s == NULL) {
		done(arg, NULL);
		return;
	}
	n = malloc(sizeof(*n));
	if (n == NULL) {
		xu_err_set(&e, XE(XLD_NO_MEMORY), ENOMEM, "remove a volume");
		done(arg, &e);
		return;
	}
	*n = (struct ending){ v, done, arg };
	if (lvm_unstill(c, s, v->uuid, ended, n, &e) < 0)
		ended(n, &e);
}
