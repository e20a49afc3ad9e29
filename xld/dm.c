/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the device model is given and told as it starts; its process is qemu.c's. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dm.h"
#include "qemu.h"
#include "vbd.h"
#include "vif.h"
#include "vm_go_on.h"
#include "vnc.h"
#include "xu_log.h"
#include "xu_proc.h"

struct dm {
	struct qemu q;
	/* A bit for each place with an emulated CD drive. */
	unsigned cds;
	/* QMP: it takes commands; it reads its state; it is to go on when it can be
	 * told; so is one that need not log. */
	bool talks, loading, log_no_more;
};

static struct dm *
dm_of_qemu(struct qemu *q)
{
	return (struct dm *)(void *)q;
}

static struct dm *
dm_of(const struct guest *g)
{
	return dm_of_qemu(g->dm);
}

static struct qemu **
slot(struct guest *g)
{
	return &g->dm;
}

static void
serial_path(const struct guest *g, char out[128])
{
	snprintf(out, 128, QEMU_FOLDER "/%s.serial", guest_handle(g));
}

static bool
has_serial(const struct guest *g)
{
	return strcmp(xu_val_get_str(xu_val_get(g->config, "platform"),
			  "serial", "none"), "pty") == 0;
}

static void
forget(const struct guest *g)
{
	char path[128];

	serial_path(g, path);
	console_serial_remove(path);
}

/* A guest whose devices are gone has crashed; on_crash says what follows. */
static void
died(struct guest *g, const struct xu_err *why XU_UNUSED)
{
	go_on_model(g);
	if (xc_domain_shutdown(g->core->xch, (uint32_t)g->domid,
		END_CRASH) < 0)
		xu_log(XU_ERROR, "domain %d: %s", g->domid,
		    xc_last_error(g->core->xch));
}

/* ---- told when it greets ------------------------------------------------------ */

/* One that could not read its state ends, which is seen by itself. */
static void
on_status(void *arg, const struct xu_val *ret, const struct xu_err *e)
{
	struct dm *d = arg;

	if (e != NULL || !d->loading ||
	    strcmp(xu_val_get_str(ret, "status", ""), "inmigrate") == 0)
		return;
	d->loading = false;
	vnc_set_up(&d->q);
}

static void
on_event(struct qemu *q, const char *name)
{
	struct dm *d = dm_of_qemu(q);

	if (!d->loading || strcmp(name, "RESUME") != 0)
		return;
	d->loading = false;
	vnc_set_up(q);
}

static void
goes_on(void *arg, const struct xu_val *ret XU_UNUSED, const struct xu_err *e)
{
	if (e != NULL)
		xu_log_err(XU_ERROR, e);
	go_on_model(arg);
}

static void
cont(struct guest *g, struct qmp *qmp)
{
	if (!qmp_call(qmp, "cont", NULL, goes_on, g))
		go_on_model(g);
}

static void
greeted(struct qemu *q)
{
	struct dm *d = dm_of_qemu(q);

	d->talks = true;
	if (q->guest->going != NULL)
		cont(q->guest, q->qmp);
	if (d->log_no_more)
		dm_log_stop(q->qmp);
	if (!d->loading)
		vnc_set_up(q);
	else if (!qmp_call(q->qmp, "query-status", NULL, on_status, d))
		qemu_started(q, NULL);
}

static const struct qemu_role role = {
	.word = "device model",
	.log = "qemu-dm",
	.suffix = "qmp",
	.record = "dm",
	.uid_base = QEMU_UID_BASE,
	.slot = slot,
	.greeted = greeted,
	.event = on_event,
	.died = died,
	.forget = forget,
	.confine = dm_confine,
};

/* ---- what it gets --------------------------------------------------------------- */

/* What the child gets, from descriptor 3 on. */
struct files {
	struct dm_plan *plan;
	const struct guest *guest;
	struct xu_err *e;
	int fds[4 + DM_DISKS + DM_NICS], n;
};
_Static_assert(4 + DM_DISKS + DM_NICS <= XU_SPAWN_FDS, "descriptors");

static int
give(struct files *f, int fd)
{
	f->fds[f->n] = fd;
	return 3 + f->n++;
}

/* Only its device model can read an image. */
static int
no_place(struct files *f, const struct vbd_view *v)
{
	if (v->format == XU_DISK_RAW) {
		xu_log(XU_INFO, "domain %d: its disk %s is there for PV drivers "
				"only", f->guest->domid, v->device);
		return 0;
	}
	xu_err_set(f->e, "XLD_DEVICE", 0, "disk %s: an image is read by the "
	    "device model alone, and another disk has its place there; give it "
	    "another name", v->device);
	xu_err_param(f->e, "%s", v->device);
	xu_err_param(f->e, "no place in the device model");
	return -1;
}

/* What finds no place, or is none for its bus, is left to PV drivers. */
static int
add_disk(void *arg, const struct vbd_view *v)
{
	struct files *f = arg;
	bool ahci = dm_has_ahci(f->guest->config);
	int place = dm_place(v->device, v->cdrom, ahci);
	struct dm_disk *d;
	struct stat st;

	if (v->served)
		return 0;
	if (place < 0 || f->plan->disks[place].there ||
	    (v->readonly && !v->cdrom &&
		dm_bus_of((unsigned)place) != DM_SCSI))
		return no_place(f, v);
	d = &f->plan->disks[place];
	*d = (struct dm_disk){ .there = true,
		.cd = v->cdrom,
		.readonly = v->readonly || v->cdrom,
		.block = v->fd >= 0 && fstat(v->fd, &st) == 0 &&
		    S_ISBLK(st.st_mode),
		.format = v->format,
		.fd = v->fd < 0 ? -1 : give(f, v->fd) };
	return 0;
}

static int
add_nic(void *arg, const struct vif_view *v)
{
	struct files *f = arg;
	struct dm_nic *n = &f->plan->nics[f->plan->nnics];

	if (v->fd < 0 || f->plan->nnics == DM_NICS) {
		xu_log(XU_INFO, "domain %d: its network interface %u is there "
				"for PV drivers only", f->guest->domid,
		    v->number);
		return 0;
	}
	f->plan->nnics++;
	n->number = v->number;
	snprintf(n->mac, sizeof(n->mac), "%s", v->mac);
	snprintf(n->model, sizeof(n->model), "%s", v->model);
	n->fd = give(f, v->fd);
	return 0;
}

/* Disks, cards and the serial line into f and its plan. */
static int
gather(struct files *f, int kernel_fd, int ramdisk_fd, int state_fd)
{
	struct dm_plan *plan = f->plan;
	int r;

	if (kernel_fd >= 0)
		plan->fds.kernel = give(f, kernel_fd);
	if (ramdisk_fd >= 0)
		plan->fds.ramdisk = give(f, ramdisk_fd);
	if (state_fd >= 0)
		plan->fds.state = give(f, state_fd);
	r = dev_vbd_each(f->guest, add_disk, f);
	dev_vif_each(f->guest, add_nic, f);
	return r;
}

static int
start_with(struct dm *d, struct files *f, dm_ready_f *ready, void *arg,
    struct xu_err *e)
{
	char **words = dm_args(f->plan);
	int r;

	for (unsigned i = 0; i < DM_DISKS; i++)
		if (f->plan->disks[i].there && f->plan->disks[i].cd)
			d->cds |= 1u << i;
	d->loading = f->plan->fds.state >= 0;
	if (words == NULL) {
		free(d);
		return xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "start QEMU");
	}
	r = qemu_start(&d->q, words, f->plan, f->fds, f->n, ready, arg, e);
	dm_args_free(words);
	return r;
}

int
dm_start(struct guest *g, int kernel_fd, int ramdisk_fd, int state_fd,
    dm_ready_f *ready, void *arg, struct xu_err *e)
{
	struct dm_plan plan = { .program = dm_program(g->config),
		.domid = g->domid,
		.root = QEMU_ROOT,
		.fds = { -1, -1, -1, -1 } };
	struct files f = { .plan = &plan, .guest = g, .e = e };
	char serial[128];
	struct qemu *q;
	int listener, r;

	serial_path(g, serial);
	if (has_serial(g))
		plan.serial = serial;
	if (dm_plan_from(g->config, &plan, e) < 0 ||
	    (listener = qemu_listen(g, &role, e)) < 0)
		return -1;
	plan.fds.qmp = give(&f, listener);
	r = gather(&f, kernel_fd, ramdisk_fd, state_fd);
	if (r == 0 && plan.serial != NULL)
		r = console_serial_open(g, serial, true, e);
	q = r < 0 ? NULL : qemu_new(g, &role, sizeof(struct dm), e);
	if (q != NULL)
		r = start_with((struct dm *)(void *)q, &f, ready, arg, e);
	close(listener);
	if (q != NULL && r == 0)
		return 0;
	dm_stop(g, NULL, NULL);
	return -1;
}

/* ---- later -------------------------------------------------------------------------------- */

void
dm_keep(const struct guest *g, struct xu_val *v)
{
	if (g->dm == NULL)
		return;
	qemu_keep(g->dm, v);
	xu_val_set(v, "dm_cds", xu_int(dm_of(g)->cds));
}

pid_t
dm_pid(const struct guest *g)
{
	return g->dm == NULL ? 0 : g->dm->pid;
}

struct qmp *
dm_qmp(const struct guest *g)
{
	return g->dm == NULL ? NULL : g->dm->qmp;
}

bool
dm_has_cd(const struct guest *g, const char *device)
{
	int place = dm_place(device, true, false);

	return g->dm != NULL && place >= 0 &&
	    (dm_of(g)->cds & 1u << place) != 0;
}

void
dm_go_on(struct guest *g)
{
	struct dm *d = dm_of(g);

	if (d != NULL && d->talks && d->q.qmp != NULL)
		cont(g, d->q.qmp);
}

void
dm_log_no_more(struct guest *g)
{
	struct dm *d = dm_of(g);

	if (d == NULL)
		return;
	if (d->talks && d->q.qmp != NULL)
		dm_log_stop(d->q.qmp);
	else
		d->log_no_more = true;
}

bool
dm_adopt(struct guest *g, const struct xu_val *v)
{
	struct xu_err e = XU_ERR_INIT;
	char path[128];

	if (qemu_adopt(g, &role, sizeof(struct dm), v) == NULL)
		return false;
	dm_of(g)->cds = (unsigned)xu_val_get_int(v, "dm_cds", 0);
	serial_path(g, path);
	if (has_serial(g) && console_serial_open(g, path, false, &e) < 0)
		xu_log_err(XU_WARNING, &e);
	return true;
}

void
dm_stop(struct guest *g, void (*f)(void *arg), void *arg)
{
	qemu_stop(g, &role, f, arg);
}

void
dm_forget(struct guest *g)
{
	qemu_forget(g, &role);
}
