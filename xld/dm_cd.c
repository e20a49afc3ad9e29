/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is in an emulated CD drive, changed while the guest runs: a list of QMP
 * commands, one after the other. The model opens no path: a medium is a
 * descriptor that goes along with "add-fd". In the end the drive is closed, with
 * a medium or without, as one is that the guest began with.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dm.h"
#include "qmp.h"

/* As long as other devices may take. */
#define DEADLINE_MS 10000

struct change {
	/* Valid as long as it owes an answer. */
	struct qmp *qmp;
	unsigned place, at;
	/* Ours; -1: nothing comes in. */
	int fd;
	bool block;
	uv_timer_t deadline;
	vm_done_f *done;
	void *arg;
};

static struct xu_val *
drive_arg(const struct change *c)
{
	struct xu_val *v = xu_struct();

	xu_val_set(v, "id", xu_strf(DM_DRIVE, c->place));
	return v;
}

static struct xu_val *
open_args(const struct change *c)
{
	struct xu_val *v = drive_arg(c);

	xu_val_set(v, "force", xu_bool(true));
	return v;
}

static struct xu_val *
medium_arg(const struct change *c)
{
	struct xu_val *v = xu_struct();

	xu_val_set(v, "node-name", xu_strf(DM_MEDIUM, c->place));
	return v;
}

static struct xu_val *
set_arg(const struct change *c)
{
	struct xu_val *v = xu_struct();

	xu_val_set(v, "fdset-id", xu_int(c->place));
	return v;
}

static struct xu_val *
new_medium_args(const struct change *c)
{
	const struct dm_disk d = { .cd = true, .readonly = true,
		.block = c->block };

	return dm_medium(&d, c->place);
}

static struct xu_val *
insert_args(const struct change *c)
{
	struct xu_val *v = drive_arg(c);

	xu_val_set(v, "node-name", xu_strf(DM_MEDIUM, c->place));
	return v;
}

static const struct {
	const char *command;
	struct xu_val *(*args)(const struct change *c);
	/* Done when something comes in only. */
	bool in;
	/* What is not there need not go. */
	bool may_fail;
	bool with_fd;
} acts[] = {
	{ "blockdev-open-tray", open_args, false, false, false },
	{ "blockdev-remove-medium", drive_arg, false, false, false },
	{ "blockdev-del", medium_arg, false, true, false },
	{ "remove-fd", set_arg, false, true, false },
	{ "add-fd", set_arg, true, false, true },
	{ "blockdev-add", new_medium_args, true, false, false },
	{ "blockdev-insert-medium", insert_args, true, false, false },
	{ "blockdev-close-tray", drive_arg, false, false, false },
};

static void
freed(uv_handle_t *h)
{
	struct change *c = h->data;

	if (c->fd >= 0)
		close(c->fd);
	free(c);
}

/* Told once; what QEMU still owes is passed over. */
static void
tell(struct change *c, const struct xu_err *e)
{
	vm_done_f *done = c->done;

	c->done = NULL;
	if (done != NULL)
		done(c->arg, e);
}

static void
end(struct change *c, const struct xu_err *e)
{
	tell(c, e);
	uv_close((uv_handle_t *)&c->deadline, freed);
}

static void
answered(void *arg, const struct xu_val *ret, const struct xu_err *e);

/* The next command; there is one. */
static int
act(struct change *c, struct xu_err *e)
{
	int fd = acts[c->at].with_fd ? c->fd : -1;

	if (qmp_call_fd(c->qmp, acts[c->at].command, acts[c->at].args(c), fd,
		answered, c))
		return 0;
	xu_err_set(e, XE(XLD_HELPER), 0,
	    "the device model takes no commands (%s)", acts[c->at].command);
	xu_err_param(e, "qemu");
	xu_err_param(e, "it takes no commands");
	return -1;
}

static void
answered(void *arg, const struct xu_val *ret XU_UNUSED, const struct xu_err *e)
{
	struct change *c = arg;
	struct xu_err own = XU_ERR_INIT;

	if (e != NULL && !acts[c->at].may_fail) {
		own = *e;
		xu_err_add(&own, "%s", acts[c->at].command);
		end(c, &own);
		return;
	}
	do
		c->at++;
	while (c->at < XU_ARRAY_SIZE(acts) && acts[c->at].in && c->fd < 0);
	/* Nobody waits for it any more: half of it is enough. */
	if (c->at == XU_ARRAY_SIZE(acts) || c->done == NULL)
		end(c, NULL);
	else if (act(c, &own) < 0)
		end(c, &own);
}

static void
too_late(uv_timer_t *t)
{
	struct change *c = t->data;
	struct xu_err e = XU_ERR_INIT;

	xu_err_set(&e, XE(XLD_TIMEOUT), 0,
	    "the device model has not answered %s within %d s",
	    acts[c->at].command, DEADLINE_MS / 1000);
	xu_err_param(&e, "%s", acts[c->at].command);
	xu_err_param(&e, "%d", DEADLINE_MS / 1000);
	tell(c, &e);
}

int
dm_cd_change(uv_loop_t *loop, struct qmp *qmp, unsigned place, int fd,
    vm_done_f *done, void *arg, struct xu_err *e)
{
	struct change *c;
	struct stat st;

	if (qmp == NULL) {
		xu_err_set(e, XE(XLD_HELPER), 0,
		    "there is no connection to the device model");
		xu_err_param(e, "qemu");
		xu_err_param(e, "no connection");
		return -1;
	}
	c = calloc(1, sizeof(*c));
	if (c != NULL)
		c->fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (c == NULL || (fd >= 0 && c->fd < 0)) {
		free(c);
		return xu_err_set(e, XE(XLD_NO_MEMORY), errno, "change a CD");
	}
	c->qmp = qmp;
	c->place = place;
	c->block = fd >= 0 && fstat(fd, &st) == 0 && S_ISBLK(st.st_mode);
	c->done = done;
	c->arg = arg;
	uv_timer_init(loop, &c->deadline);
	c->deadline.data = c;
	uv_timer_start(&c->deadline, too_late, DEADLINE_MS, 0);
	if (act(c, e) == 0)
		return 0;
	c->done = NULL;
	end(c, NULL);
	return -1;
}
