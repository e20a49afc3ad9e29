/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is in an emulated CD drive, changed while the guest runs: a list of QMP
 * commands, one after the other. The model opens no path: a medium is a
 * descriptor that goes along with "add-fd". In the end the drive is closed, with
 * a medium or without, as one is that the guest began with.
 */
#include "config.h"

#include <sys/stat.h>

#include "dm.h"
#include "qmp.h"

/* Seconds; as long as other devices may take. */
#define DEADLINE_S 10

/* What the commands are about. */
struct change {
	unsigned place;
	bool block;
};

static struct xu_val *
drive_arg(const void *ctx)
{
	const struct change *c = ctx;
	struct xu_val *v = xu_struct();

	xu_val_set(v, "id", xu_strf(DM_DRIVE, c->place));
	return v;
}

static struct xu_val *
open_args(const void *ctx)
{
	struct xu_val *v = drive_arg(ctx);

	xu_val_set(v, "force", xu_bool(true));
	return v;
}

static struct xu_val *
medium_arg(const void *ctx)
{
	const struct change *c = ctx;
	struct xu_val *v = xu_struct();

	xu_val_set(v, "node-name", xu_strf(DM_MEDIUM, c->place));
	return v;
}

static struct xu_val *
set_arg(const void *ctx)
{
	const struct change *c = ctx;
	struct xu_val *v = xu_struct();

	xu_val_set(v, "fdset-id", xu_int(c->place));
	return v;
}

static struct xu_val *
new_medium_args(const void *ctx)
{
	const struct change *c = ctx;
	const struct dm_disk d = { .cd = true, .readonly = true,
		.block = c->block };

	return dm_medium(&d, c->place);
}

static struct xu_val *
insert_args(const void *ctx)
{
	const struct change *c = ctx;
	struct xu_val *v = drive_arg(ctx);

	xu_val_set(v, "node-name", xu_strf(DM_MEDIUM, c->place));
	return v;
}

static const struct qmp_act acts[] = {
	{ .command = "blockdev-open-tray", .args = open_args },
	{ .command = "blockdev-remove-medium", .args = drive_arg },
	{ .command = "blockdev-del", .args = medium_arg, .may_fail = true },
	{ .command = "remove-fd", .args = set_arg, .may_fail = true },
	{ .command = "add-fd", .args = set_arg, .in = true, .with_fd = true },
	{ .command = "blockdev-add", .args = new_medium_args, .in = true },
	{ .command = "blockdev-insert-medium", .args = insert_args,
	    .in = true },
	{ .command = "blockdev-close-tray", .args = drive_arg },
};

int
dm_cd_change(uv_loop_t *loop, struct qmp *qmp, unsigned place, int fd,
    vm_done_f *done, void *arg, struct xu_err *e)
{
	struct stat st;
	const struct change c = { .place = place,
		.block = fd >= 0 && fstat(fd, &st) == 0 &&
		    S_ISBLK(st.st_mode) };

	return qmp_series(loop, qmp, acts, XU_ARRAY_SIZE(acts), &c, sizeof(c),
	    fd, DEADLINE_S, done, arg, e);
}
