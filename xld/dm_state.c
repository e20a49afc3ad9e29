/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The state of a device model, for an image of its guest: QEMU stops, and writes it to
 * a descriptor that it is given; it may open nothing. One that is told to go on has
 * its disks as before.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dm.h"
#include "qmp.h"

/* Seconds; it has little to write, on a slow host. */
#define DEADLINE_S 60
/* Of descriptors; those of media have the numbers of their places. */
#define SET	   DM_DISKS

static struct xu_val *
set_arg(const void *ctx XU_UNUSED)
{
	struct xu_val *v = xu_struct();

	xu_val_set(v, "fdset-id", xu_int(SET));
	return v;
}

/* Not "live": nobody else is to have the disks, so they need not be let go. */
static struct xu_val *
save_args(const void *ctx XU_UNUSED)
{
	struct xu_val *v = xu_struct();

	xu_val_set(v, "filename", xu_strf("/dev/fdset/%u", SET));
	xu_val_set(v, "live", xu_bool(false));
	return v;
}

static const struct qmp_act acts[] = {
	{ .command = "stop" },
	/* Of one that did not come to its end. */
	{ .command = "remove-fd", .args = set_arg, .may_fail = true },
	{ .command = "add-fd", .args = set_arg, .with_fd = true },
	{ .command = "xen-save-devices-state", .args = save_args },
	{ .command = "remove-fd", .args = set_arg, .may_fail = true },
};

int
dm_save(uv_loop_t *loop, struct qmp *qmp, int fd, vm_done_f *done, void *arg,
    struct xu_err *e)
{
	char path[32];
	int only, r;

	/* Of a set QEMU takes a descriptor that is for writing and for nothing
	 * else. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	only = open(path, O_WRONLY | O_CLOEXEC);
	if (only < 0)
		return xu_err_set(e, XE(XLD_HELPER), errno,
		    "the device model's state");
	r = qmp_series(loop, qmp, acts, XU_ARRAY_SIZE(acts), NULL, 0, only,
	    DEADLINE_S, done, arg, e);
	close(only);
	return r;
}

static struct xu_val *
log_args(const void *ctx XU_UNUSED)
{
	struct xu_val *v = xu_struct();

	xu_val_set(v, "enable", xu_bool(true));
	return v;
}

int
dm_log_writes(uv_loop_t *loop, struct qmp *qmp, vm_done_f *done, void *arg,
    struct xu_err *e)
{
	static const struct qmp_act log = { .command =
		"xen-set-global-dirty-log", .args = log_args };

	return qmp_series(loop, qmp, &log, 1, NULL, 0, -1, DEADLINE_S, done,
	    arg, e);
}

void
dm_log_stop(struct qmp *qmp)
{
	for (int on = 1; on >= 0; on--) {
		struct xu_val *v = xu_struct();

		xu_val_set(v, "enable", xu_bool(on != 0));
		qmp_call(qmp, "xen-set-global-dirty-log", v, NULL, NULL);
	}
}

int
dm_state_file(struct xu_err *e)
{
	int fd = memfd_create("xld: a device model's state", MFD_CLOEXEC);

	if (fd < 0)
		xu_err_set(e, XE(XLD_NO_MEMORY), errno,
		    "the device model's state");
	return fd;
}
