/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The process of a device model: started with what it needs as descriptors,
 * ready when it greets on QMP, watched by a pidfd (so a restarted daemon
 * watches it just as well), ended by SIGTERM and, when that takes too long, by
 * SIGKILL.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dm.h"
#include "qmp.h"
#include "vbd.h"
#include "vif.h"
#include "xu_file.h"
#include "xu_log.h"
#include "xu_num.h"
#include "xu_proc.h"
#include "xu_vdev.h"

#define FOLDER	 XLD_RUNDIR "/dm"
#define ROOT	 FOLDER "/root"
#define START_MS 60000
#define TERM_MS	 10000

struct dm {
	struct core *core;
	/* NULL: forgotten. */
	struct guest *guest;
	int32_t domid;
	pid_t pid;
	/* Of /proc/PID/stat: tells this process from a later one. */
	uint64_t born;
	int pidfd;
	uv_poll_t death;
	uv_timer_t timer;
	uv_fs_event_t log_event;
	unsigned handles;
	char log[512];
	struct qmp *qmp;
	/* A bit for each place with an emulated CD drive. */
	unsigned cds;
	bool stopping, gone;
	/* QMP: it takes commands; it reads its state; it is to go on when it can be
	 * told. */
	bool talks, loading, go_on;
	/* In core's dm_orphans: it ends without a guest. */
	struct xu_list orphan;
	dm_ready_f *ready;
	void (*stopped)(void *arg);
	void *arg;
};

/* ---- the process ----------------------------------------------------------------- */

/* Clock ticks since boot when it began; 0: there is no such process. */
static uint64_t
birth_of(pid_t pid)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	char path[64];
	const char *p;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (xu_file_read(path, 4096, &b, NULL) < 0)
		return 0;
	/* The name may hold anything, parentheses as well. */
	p = strrchr(xu_buf_text(&b), ')');
	for (int field = 2; p != NULL && field < 22; field++)
		p = strchr(p + 1, ' ');
	return p == NULL ? 0 : strtoull(p, NULL, 10);
}

/* One that we do not know of, because we were killed while it started: its user
 * id tells. (Before it has taken that, our death is its end.) */
static void
kill_strays(int32_t domid)
{
	DIR *dir = domid > 0 ? opendir("/proc") : NULL;
	const struct dirent *ent;
	char path[64], want[32];
	int64_t pid;

	snprintf(want, sizeof(want), "\nUid:\t%u\t",
	    DM_UID_BASE + (uint32_t)domid);
	while (dir != NULL && (ent = readdir(dir)) != NULL) {
		AUTO_BUF struct xu_buf b = XU_BUF_INIT;

		if (!xu_num_i64(ent->d_name, 1, INT32_MAX, &pid))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
		if (xu_file_read(path, 16384, &b, NULL) == 0 &&
		    strstr(xu_buf_text(&b), want) != NULL) {
			xu_log(XU_NOTICE, "domain %d: process %d, its device "
					  "model, is ended", domid, (int)pid);
			kill((pid_t)pid, SIGKILL);
		}
	}
	if (dir != NULL)
		closedir(dir);
}

static void
qmp_path(const struct guest *g, char out[128])
{
	snprintf(out, 128, FOLDER "/%s.qmp", g->uuid);
}

static void
serial_path(const struct guest *g, char out[128])
{
	snprintf(out, 128, FOLDER "/%s.serial", g->uuid);
}

static bool
has_serial(const struct guest *g)
{
	return strcmp(xu_val_get_str(xu_val_get(g->config, "platform"),
			  "serial", "none"), "pty") == 0;
}

/* Where it was met. */
static void
forget_paths(const struct guest *g)
{
	char path[128];

	qmp_path(g, path);
	unlink(path);
	serial_path(g, path);
	console_serial_remove(path);
}

static void
freed(uv_handle_t *h)
{
	struct dm *d = h->data;

	if (--d->handles > 0)
		return;
	if (d->pidfd >= 0)
		close(d->pidfd);
	free(d);
}

static void
release(struct dm *d)
{
	if (d->gone)
		return;
	d->gone = true;
	xu_list_remove(&d->orphan);
	if (d->guest != NULL && d->guest->dm == d)
		d->guest->dm = NULL;
	qmp_close(d->qmp);
	d->qmp = NULL;
	uv_close((uv_handle_t *)&d->death, freed);
	uv_close((uv_handle_t *)&d->timer, freed);
	uv_close((uv_handle_t *)&d->log_event, freed);
}

/* It did not come up. */
static void
start_failed(struct dm *d, const char *why)
{
	dm_ready_f *ready = d->ready;
	void *arg = d->arg;
	struct xu_err e = XU_ERR_INIT;
	char words[256];

	dm_log_words(d->log, words, sizeof(words));
	xu_err_set(&e, XE(XLD_HELPER), 0,
	    "the device model %s; its last words: %s (all of them: %s)", why,
	    words, d->log);
	xu_err_param(&e, "qemu");
	xu_err_param(&e, "%.100s", words);
	d->ready = NULL;
	forget_paths(d->guest);
	release(d);
	ready(arg, &e);
}

/* A guest whose devices are gone has crashed; on_crash says what follows. */
static void
died_while_serving(struct dm *d, const char *how)
{
	char words[256];

	dm_log_words(d->log, words, sizeof(words));
	xu_log(XU_ERROR, "domain %d: the device model %s; its last words: %s",
	    d->domid, how, words);
	if (xc_domain_shutdown(d->core->xch, (uint32_t)d->domid,
		END_CRASH) < 0)
		xu_log(XU_ERROR, "domain %d: %s", d->domid,
		    xc_last_error(d->core->xch));
	forget_paths(d->guest);
	release(d);
}

static void
on_death(uv_poll_t *h, int status XU_UNUSED, int events XU_UNUSED)
{
	struct dm *d = h->data;
	void (*stopped)(void *arg) = d->stopped;
	void *arg = d->arg;
	char how[64] = "has ended";
	int code;

	uv_poll_stop(h);
	/* Not our child after a restart of the daemon. */
	if (waitpid(d->pid, &code, WNOHANG) == d->pid)
		snprintf(how, sizeof(how),
		    WIFSIGNALED(code) ? "was killed by signal %d" :
					"ended with status %d",
		    WIFSIGNALED(code) ? WTERMSIG(code) : WEXITSTATUS(code));
	if (d->stopping) {
		release(d);
		if (stopped != NULL)
			stopped(arg);
	} else if (d->ready != NULL) {
		start_failed(d, how);
	} else {
		died_while_serving(d, how);
	}
}

static void
on_log(uv_fs_event_t *h, const char *name XU_UNUSED, int events XU_UNUSED,
    int status)
{
	const struct dm *d = h->data;

	if (status >= 0)
		dm_log_trim(d->log);
}

/* ---- QMP ------------------------------------------------------------------------------ */

/* Our child, at once. */
static void
put_down(struct dm *d)
{
	kill(d->pid, SIGKILL);
	uv_poll_stop(&d->death);
	waitpid(d->pid, NULL, 0);
}

static void
on_timer(uv_timer_t *t)
{
	struct dm *d = t->data;

	if (d->stopping || d->ready == NULL) {
		kill(d->pid, SIGKILL);
		return;
	}
	put_down(d);
	start_failed(d, d->qmp == NULL ? "hung up" :
					 "was not ready within 60 s");
}

/* e NULL: all that it was asked at its start is done. */
static void
started(struct dm *d, const struct xu_err *e)
{
	dm_ready_f *ready = d->ready;
	void *arg = d->arg;
	struct xu_err why;

	/* It hung up: its death is on its way, which says more. */
	if (ready == NULL || d->stopping ||
	    (e != NULL && qmp_is_lost(d->qmp)))
		return;
	uv_timer_stop(&d->timer);
	d->ready = NULL;
	if (e != NULL) {
		why = *e;
		put_down(d);
		forget_paths(d->guest);
		release(d);
		e = &why;
	}
	ready(arg, e);
}

/* Which display it found is what viewers want to know. */
static void
on_vnc(void *arg, const struct xu_val *ret, const struct xu_err *e)
{
	struct dm *d = arg;
	const char *host = xu_val_get_str(ret, "host", "");
	const char *port = xu_val_get_str(ret, "service", "");
	struct xu_err own = XU_ERR_INIT;

	if (e == NULL && store_write_vnc(d->guest, host, port, &own) < 0)
		e = &own;
	if (e == NULL)
		xu_log(XU_NOTICE, "domain %d: its screen is at %s port %s, by "
				  "VNC", d->domid, host, port);
	started(d, e);
}

static void
on_password(void *arg, const struct xu_val *ret XU_UNUSED,
    const struct xu_err *e)
{
	struct dm *d = arg;

	if (e != NULL || !qmp_call(d->qmp, "query-vnc", NULL, on_vnc, d))
		started(d, e);
}

/* It is what it should be, but for its screen. */
static void
set_up(struct dm *d)
{
	const struct xu_val *platform = xu_val_get(d->guest->config,
	    "platform");
	const char *password = xu_val_get_str(platform, "vnc_password", "");
	struct xu_val *args;

	if (xu_val_get_str(platform, "vnc", "")[0] == '\0' ||
	    d->ready == NULL) {
		started(d, NULL);
	} else if (password[0] == '\0') {
		on_password(d, NULL, NULL);
	} else {
		args = xu_struct();
		xu_val_set(args, "protocol", xu_str("vnc"));
		xu_val_set(args, "password", xu_str(password));
		if (!qmp_call(d->qmp, "set_password", args, on_password, d))
			started(d, NULL);
	}
}

/* One that could not read its state ends, which is seen by itself. */
static void
on_status(void *arg, const struct xu_val *ret, const struct xu_err *e)
{
	struct dm *d = arg;

	if (e != NULL || !d->loading ||
	    strcmp(xu_val_get_str(ret, "status", ""), "inmigrate") == 0)
		return;
	d->loading = false;
	set_up(d);
}

static void
on_qmp_event(void *arg, const char *name, const struct xu_val *data XU_UNUSED)
{
	struct dm *d = arg;

	if (!d->loading || strcmp(name, "RESUME") != 0)
		return;
	d->loading = false;
	set_up(d);
}

static void
on_qmp_ready(void *arg)
{
	struct dm *d = arg;

	d->talks = true;
	if (d->go_on)
		qmp_call(d->qmp, "cont", NULL, NULL, NULL);
	if (!d->loading)
		set_up(d);
	else if (!qmp_call(d->qmp, "query-status", NULL, on_status, d))
		started(d, NULL);
}

static void
on_qmp_lost(void *arg, const struct xu_err *e)
{
	struct dm *d = arg;

	/* Its death, if that is what it is, comes by the pidfd. */
	xu_log(XU_INFO, "domain %d: %s", d->domid, e->msg);
	qmp_close(d->qmp);
	d->qmp = NULL;
	if (d->ready != NULL)
		uv_timer_start(&d->timer, on_timer, TERM_MS, 0);
}

static int
connect_qmp(struct dm *d, struct xu_err *e)
{
	const struct qmp_events ev = { .ready = on_qmp_ready,
		.event = on_qmp_event,
		.lost = on_qmp_lost,
		.arg = d };
	char path[128];
	int fd;

	qmp_path(d->guest, path);
	fd = xu_connect_unix(path, e);
	if (fd < 0)
		return -1;
	xu_set_nonblock(fd, true);
	d->qmp = qmp_open(d->core->loop, fd, &ev, e);
	return d->qmp == NULL ? -1 : 0;
}

/* ---- start -------------------------------------------------------------------------------- */

static struct dm *
dm_new(struct guest *g, struct xu_err *e)
{
	struct dm *d = calloc(1, sizeof(*d));

	if (d == NULL) {
		xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM,
		    "start a device model");
		return NULL;
	}
	d->core = g->core;
	d->guest = g;
	d->domid = g->domid;
	d->pidfd = -1;
	xu_list_init(&d->orphan);
	snprintf(d->log, sizeof(d->log), XLD_LOGDIR "/qemu-dm-%s.log",
	    guest_name(g));
	return d;
}

/* Its end and its log are seen from now on. */
static int
watch(struct dm *d, struct xu_err *e)
{
	uv_loop_t *loop = d->core->loop;

	d->pidfd = (int)syscall(SYS_pidfd_open, d->pid, 0);
	if (d->pidfd < 0 || uv_poll_init(loop, &d->death, d->pidfd) != 0) {
		if (d->pidfd >= 0)
			close(d->pidfd);
		return xu_err_set(e, XE(XLD_HELPER), errno,
		    "watch the device model");
	}
	uv_timer_init(loop, &d->timer);
	uv_fs_event_init(loop, &d->log_event);
	d->handles = 3;
	d->death.data = d->timer.data = d->log_event.data = d;
	uv_poll_start(&d->death, UV_READABLE, on_death);
	uv_fs_event_start(&d->log_event, on_log, d->log, 0);
	d->guest->dm = d;
	return 0;
}

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

static int
spawn(struct dm *d, const struct dm_plan *plan, const int *fds, int nfds,
    struct xu_err *e)
{
	char **args = dm_args(plan);
	int log = dm_log_open(d->log, e);
	struct xu_spawn s = { .path = plan->program,
		.argv = args,
		.fds = fds,
		.nfds = nfds,
		.out_fd = log,
		/* Until it changes its user id. */
		.pdeathsig = SIGKILL,
		.prepare = dm_confine,
		.prepare_arg = plan };

	if (args == NULL)
		xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "start QEMU");
	d->pid = args == NULL || log < 0 ? -1 : xu_spawn(&s, e);
	dm_args_free(args);
	if (log >= 0)
		close(log);
	if (d->pid < 0)
		return -1;
	d->born = birth_of(d->pid);
	return 0;
}

/* The socket is there before QEMU is, so that nobody has to wait for it. */
static int
listen_qmp(const struct guest *g, struct xu_err *e)
{
	char path[128];

	if (xu_mkdirs(FOLDER, 0711, e) < 0 || xu_mkdirs(ROOT, 0711, e) < 0)
		return -1;
	qmp_path(g, path);
	return xu_listen_unix(path, 0600, 4, e);
}

static void
abandon(struct dm *d)
{
	forget_paths(d->guest);
	kill(d->pid, SIGKILL);
	waitpid(d->pid, NULL, 0);
	if (d->handles != 0)
		release(d);
	else
		free(d);
}

int
dm_start(struct guest *g, int kernel_fd, int ramdisk_fd, int state_fd,
    dm_ready_f *ready, void *arg, struct xu_err *e)
{
	struct dm_plan plan = { .program = dm_program(g->config),
		.domid = g->domid,
		.root = ROOT,
		.fds = { -1, -1, -1, -1 } };
	struct files f = { .plan = &plan, .guest = g, .e = e };
	int listener, r;
	char serial[128];
	struct dm *d;

	serial_path(g, serial);
	if (has_serial(g))
		plan.serial = serial;
	if (dm_plan_from(g->config, &plan, e) < 0 || (d = dm_new(g, e)) == NULL)
		return -1;
	listener = listen_qmp(g, e);
	if (listener < 0) {
		free(d);
		return -1;
	}
	plan.fds.qmp = give(&f, listener);
	if (kernel_fd >= 0)
		plan.fds.kernel = give(&f, kernel_fd);
	if (ramdisk_fd >= 0)
		plan.fds.ramdisk = give(&f, ramdisk_fd);
	if (state_fd >= 0)
		plan.fds.state = give(&f, state_fd);
	r = dev_vbd_each(g, add_disk, &f);
	dev_vif_each(g, add_nic, &f);
	if (r == 0 && plan.serial != NULL)
		r = console_serial_open(g, serial, true, e);
	if (r == 0)
		r = spawn(d, &plan, f.fds, f.n, e);
	close(listener);
	if (r < 0) {
		forget_paths(g);
		free(d);
		return -1;
	}
	if (watch(d, e) < 0 || connect_qmp(d, e) < 0) {
		abandon(d);
		return -1;
	}
	for (unsigned i = 0; i < DM_DISKS; i++)
		if (plan.disks[i].there && plan.disks[i].cd)
			d->cds |= 1u << i;
	d->ready = ready;
	d->loading = state_fd >= 0;
	d->arg = arg;
	uv_timer_start(&d->timer, on_timer, START_MS, 0);
	return 0;
}

/* ---- later -------------------------------------------------------------------------------- */

void
dm_keep(const struct guest *g, struct xu_val *v)
{
	if (g->dm == NULL)
		return;
	xu_val_set(v, "dm_pid", xu_int(g->dm->pid));
	xu_val_set(v, "dm_born", xu_int((int64_t)g->dm->born));
	xu_val_set(v, "dm_cds", xu_int(g->dm->cds));
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
	    (g->dm->cds & 1u << place) != 0;
}

void
dm_go_on(struct guest *g)
{
	struct dm *d = g->dm;

	if (d == NULL)
		return;
	if (d->talks && d->qmp != NULL)
		qmp_call(d->qmp, "cont", NULL, NULL, NULL);
	else
		d->go_on = true;
}

bool
dm_adopt(struct guest *g, const struct xu_val *v)
{
	struct xu_err e = XU_ERR_INIT;
	int64_t pid = xu_val_get_int(v, "dm_pid", 0);
	uint64_t born = (uint64_t)xu_val_get_int(v, "dm_born", 0);
	char path[128];
	struct dm *d;

	if (pid <= 0 || pid > INT32_MAX || born == 0 ||
	    birth_of((pid_t)pid) != born || (d = dm_new(g, &e)) == NULL)
		return false;
	d->pid = (pid_t)pid;
	d->born = born;
	d->cds = (unsigned)xu_val_get_int(v, "dm_cds", 0);
	if (watch(d, &e) < 0) {
		free(d);
		return false;
	}
	if (connect_qmp(d, &e) < 0)
		xu_log_err(XU_WARNING, &e);
	serial_path(g, path);
	xu_err_clear(&e);
	if (has_serial(g) && console_serial_open(g, path, false, &e) < 0)
		xu_log_err(XU_WARNING, &e);
	return true;
}

void
dm_stop(struct guest *g, void (*f)(void *arg), void *arg)
{
	struct dm *d = g->dm;

	forget_paths(g);
	if (d == NULL) {
		kill_strays(g->domid);
		if (f != NULL)
			f(arg);
		return;
	}
	d->stopping = true;
	d->ready = NULL;
	d->stopped = f;
	d->arg = arg;
	kill(d->pid, SIGTERM);
	uv_timer_start(&d->timer, on_timer, TERM_MS, 0);
}

void
dm_forget(struct guest *g)
{
	struct dm *d = g->dm;

	if (d == NULL)
		return;
	if (!d->stopping) {
		release(d);
		return;
	}
	/* It has been told to end: somebody must see to it, and bury it. */
	qmp_close(d->qmp);
	d->qmp = NULL;
	d->guest = NULL;
	g->dm = NULL;
	xu_list_append(&d->core->dm_orphans, &d->orphan);
}

void
dm_orphans_close(struct core *c)
{
	struct dm *d;

	while (!xu_list_empty(&c->dm_orphans)) {
		d = xu_container_of(c->dm_orphans.next, struct dm, orphan);
		/* Nobody will be there to see whether it has ended. */
		put_down(d);
		release(d);
	}
}
