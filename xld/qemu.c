/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process; see qemu.h. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dm.h"
#include "qemu.h"
#include "xu_file.h"
#include "xu_log.h"
#include "xu_num.h"
#include "xu_proc.h"

#define START_MS 60000
#define TERM_MS	 10000

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
void
qemu_kill_strays(const struct qemu_role *role, int32_t domid)
{
	DIR *dir = domid > 0 ? opendir("/proc") : NULL;
	const struct dirent *ent;
	char path[64], want[32];
	int64_t pid;

	snprintf(want, sizeof(want), "\nUid:\t%u\t",
	    role->uid_base + (uint32_t)domid);
	while (dir != NULL && (ent = readdir(dir)) != NULL) {
		AUTO_BUF struct xu_buf b = XU_BUF_INIT;

		if (!xu_num_i64(ent->d_name, 1, INT32_MAX, &pid))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
		if (xu_file_read(path, 16384, &b, NULL) == 0 &&
		    strstr(xu_buf_text(&b), want) != NULL) {
			xu_log(XU_NOTICE, "domain %d: process %d, its %s, is "
					  "ended", domid, (int)pid, role->word);
			kill((pid_t)pid, SIGKILL);
		}
	}
	if (dir != NULL)
		closedir(dir);
}

static void
socket_path(const struct guest *g, const struct qemu_role *role, char out[128])
{
	snprintf(out, 128, QEMU_FOLDER "/%s.%s", guest_handle(g),
	    role->suffix);
}

/* Where it was met. */
static void
forget_paths(const struct guest *g, const struct qemu_role *role)
{
	char path[128];

	socket_path(g, role, path);
	unlink(path);
	if (role->forget != NULL)
		role->forget(g);
}

static void
freed(uv_handle_t *h)
{
	struct qemu *q = h->data;

	if (--q->handles > 0)
		return;
	if (q->pidfd >= 0)
		close(q->pidfd);
	free(q);
}

static void
release(struct qemu *q)
{
	if (q->gone)
		return;
	q->gone = true;
	xu_list_remove(&q->orphan);
	if (q->guest != NULL && *q->role->slot(q->guest) == q)
		*q->role->slot(q->guest) = NULL;
	qmp_close(q->qmp);
	q->qmp = NULL;
	uv_close((uv_handle_t *)&q->death, freed);
	uv_close((uv_handle_t *)&q->timer, freed);
	uv_close((uv_handle_t *)&q->log_event, freed);
}

/* why: "has ended". */
static void
died_of(const struct qemu *q, const char *why, struct xu_err *e)
{
	char words[256];

	dm_log_words(q->log, words, sizeof(words));
	xu_err_set(e, XE(XLD_HELPER), 0,
	    "the %s %s; its last words: %s (all of them: %s)", q->role->word,
	    why, words, q->log);
	xu_err_param(e, "qemu");
	xu_err_param(e, "%.100s", words);
}

/* It did not come up. */
static void
start_failed(struct qemu *q, const char *why)
{
	vm_done_f *ready = q->ready;
	void *arg = q->arg;
	struct xu_err e = XU_ERR_INIT;

	died_of(q, why, &e);
	q->ready = NULL;
	forget_paths(q->guest, q->role);
	release(q);
	ready(arg, &e);
}

static void
died_while_serving(struct qemu *q, const char *why)
{
	struct guest *g = q->guest;
	struct xu_err e = XU_ERR_INIT;

	died_of(q, why, &e);
	xu_log(XU_ERROR, "domain %d: %s", q->domid, e.msg);
	forget_paths(g, q->role);
	*q->role->slot(g) = NULL;
	q->guest = NULL;
	q->role->died(g, &e);
	release(q);
}

static void
on_death(uv_poll_t *h, int status XU_UNUSED, int events XU_UNUSED)
{
	struct qemu *q = h->data;
	void (*stopped)(void *arg) = q->stopped;
	void *arg = q->arg;
	char how[64] = "has ended";
	int code;

	uv_poll_stop(h);
	/* Not our child after a restart of the daemon. */
	if (waitpid(q->pid, &code, WNOHANG) == q->pid)
		snprintf(how, sizeof(how),
		    WIFSIGNALED(code) ? "was killed by signal %d" :
					"ended with status %d",
		    WIFSIGNALED(code) ? WTERMSIG(code) : WEXITSTATUS(code));
	if (q->stopping) {
		release(q);
		if (stopped != NULL)
			stopped(arg);
	} else if (q->ready != NULL) {
		start_failed(q, how);
	} else {
		died_while_serving(q, how);
	}
}

static void
on_log(uv_fs_event_t *h, const char *name XU_UNUSED, int events XU_UNUSED,
    int status)
{
	struct qemu *q = h->data;

	if (status < 0)
		return;
	dm_log_trim(q->log);
	if (q->role->said != NULL && q->guest != NULL && !q->stopping)
		q->role->said(q);
}

/* ---- QMP ------------------------------------------------------------------------------ */

/* Our child, at once. */
static void
put_down(struct qemu *q)
{
	kill(q->pid, SIGKILL);
	uv_poll_stop(&q->death);
	waitpid(q->pid, NULL, 0);
}

static void
on_timer(uv_timer_t *t)
{
	struct qemu *q = t->data;

	if (q->stopping || q->ready == NULL) {
		kill(q->pid, SIGKILL);
		return;
	}
	put_down(q);
	start_failed(q, q->qmp == NULL ? "hung up" :
					 "was not ready within 60 s");
}

/* e NULL: all that it was asked at its start is done. */
void
qemu_started(struct qemu *q, const struct xu_err *e)
{
	vm_done_f *ready = q->ready;
	void *arg = q->arg;
	struct xu_err why;

	/* It hung up: its death is on its way, which says more. */
	if (ready == NULL || q->stopping ||
	    (e != NULL && qmp_is_lost(q->qmp)))
		return;
	uv_timer_stop(&q->timer);
	q->ready = NULL;
	if (e != NULL) {
		why = *e;
		put_down(q);
		forget_paths(q->guest, q->role);
		release(q);
		e = &why;
	}
	ready(arg, e);
}

static void
on_qmp_ready(void *arg)
{
	struct qemu *q = arg;

	q->role->greeted(q);
}

static void
on_qmp_event(void *arg, const char *name, const struct xu_val *data XU_UNUSED)
{
	struct qemu *q = arg;

	if (q->role->event != NULL)
		q->role->event(q, name);
}

static void
on_qmp_lost(void *arg, const struct xu_err *e)
{
	struct qemu *q = arg;

	/* Its death, if that is what it is, comes by the pidfd. */
	xu_log(XU_INFO, "domain %d: %s", q->domid, e->msg);
	qmp_close(q->qmp);
	q->qmp = NULL;
	if (q->ready != NULL)
		uv_timer_start(&q->timer, on_timer, TERM_MS, 0);
}

static int
connect_qmp(struct qemu *q, struct xu_err *e)
{
	const struct qmp_events ev = { .ready = on_qmp_ready,
		.event = on_qmp_event,
		.lost = on_qmp_lost,
		.arg = q };
	char path[128];
	int fd;

	socket_path(q->guest, q->role, path);
	fd = xu_connect_unix(path, e);
	if (fd < 0)
		return -1;
	xu_set_nonblock(fd, true);
	q->qmp = qmp_open(q->core->loop, fd, &ev, e);
	return q->qmp == NULL ? -1 : 0;
}

struct qemu *
qemu_new(struct guest *g, const struct qemu_role *role, size_t size,
    struct xu_err *e)
{
	struct qemu *q = calloc(1, size);

	if (q == NULL) {
		xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "start a %s",
		    role->word);
		return NULL;
	}
	q->role = role;
	q->core = g->core;
	q->guest = g;
	q->domid = g->domid;
	q->pidfd = -1;
	xu_list_init(&q->orphan);
	snprintf(q->log, sizeof(q->log), XLD_LOGDIR "/%s-%s.log", role->log,
	    guest_name(g));
	return q;
}

/* Its end and its log are seen from now on. */
static int
watch(struct qemu *q, struct xu_err *e)
{
	uv_loop_t *loop = q->core->loop;

	q->pidfd = (int)syscall(SYS_pidfd_open, q->pid, 0);
	if (q->pidfd < 0 || uv_poll_init(loop, &q->death, q->pidfd) != 0) {
		if (q->pidfd >= 0)
			close(q->pidfd);
		return xu_err_set(e, XE(XLD_HELPER), errno,
		    "watch the %s", q->role->word);
	}
	uv_timer_init(loop, &q->timer);
	uv_fs_event_init(loop, &q->log_event);
	q->handles = 3;
	q->death.data = q->timer.data = q->log_event.data = q;
	uv_poll_start(&q->death, UV_READABLE, on_death);
	uv_fs_event_start(&q->log_event, on_log, q->log, 0);
	*q->role->slot(q->guest) = q;
	return 0;
}

static int
spawn(struct qemu *q, char **argv, const void *plan, const int *fds, int nfds,
    struct xu_err *e)
{
	int log = dm_log_open(q->log, e);
	struct xu_spawn s = { .path = argv[0],
		.argv = argv,
		.fds = fds,
		.nfds = nfds,
		.out_fd = log,
		/* Until it changes its user id. */
		.pdeathsig = SIGKILL,
		.prepare = q->role->confine,
		.prepare_arg = plan };

	q->pid = log < 0 ? -1 : xu_spawn(&s, e);
	if (log >= 0)
		close(log);
	if (q->pid < 0)
		return -1;
	q->born = birth_of(q->pid);
	return 0;
}

int
qemu_listen(const struct guest *g, const struct qemu_role *role,
    struct xu_err *e)
{
	char path[128];

	if (xu_mkdirs(QEMU_FOLDER, 0711, e) < 0 ||
	    xu_mkdirs(QEMU_ROOT, 0711, e) < 0)
		return -1;
	socket_path(g, role, path);
	return xu_listen_unix(path, 0600, 4, e);
}

static void
abandon(struct qemu *q)
{
	forget_paths(q->guest, q->role);
	kill(q->pid, SIGKILL);
	waitpid(q->pid, NULL, 0);
	if (q->handles != 0)
		release(q);
	else
		free(q);
}

int
qemu_start(struct qemu *q, char **argv, const void *plan, const int *fds,
    int nfds, vm_done_f *ready, void *arg, struct xu_err *e)
{
	if (spawn(q, argv, plan, fds, nfds, e) < 0) {
		forget_paths(q->guest, q->role);
		free(q);
		return -1;
	}
	if (watch(q, e) < 0 || connect_qmp(q, e) < 0) {
		abandon(q);
		return -1;
	}
	q->ready = ready;
	q->arg = arg;
	uv_timer_start(&q->timer, on_timer, START_MS, 0);
	return 0;
}

/* ---- walls that only we can build ---------------------------------------------------------- */

static int
restrict_one(const struct qemu *q, int number)
{
	int fd = (int)syscall(SYS_pidfd_getfd, q->pidfd, number, 0);
	int r = fd < 0 ? -1 : xc_restrict_fd(q->core->xch, fd,
			     (uint32_t)q->domid);

	if (fd >= 0)
		close(fd);
	return r;
}

int
qemu_restrict(const struct qemu *q, struct xu_err *e)
{
	char path[64];
	struct stat want, st;
	const struct dirent *ent;
	int64_t number;
	int r = -1;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)q->pid);
	dir = stat("/dev/xen/privcmd", &want) < 0 ? NULL : opendir(path);
	errno = ENOENT;
	while (dir != NULL && (ent = readdir(dir)) != NULL)
		if (xu_num_i64(ent->d_name, 0, INT32_MAX, &number) &&
		    fstatat(dirfd(dir), ent->d_name, &st, 0) == 0 &&
		    S_ISCHR(st.st_mode) && st.st_rdev == want.st_rdev &&
		    (r = restrict_one(q, (int)number)) < 0)
			break;
	if (r < 0) {
		xu_err_set(e, XE(XLD_HELPER), errno,
		    "restrict the %s to its domain", q->role->word);
		xu_err_param(e, "qemu");
		xu_err_param(e, "it cannot be restricted");
	}
	if (dir != NULL)
		closedir(dir);
	return r;
}

/* ---- later -------------------------------------------------------------------------------- */

static void
member(const struct qemu_role *role, const char *what, char out[32])
{
	snprintf(out, 32, "%s_%s", role->record, what);
}

void
qemu_keep(const struct qemu *q, struct xu_val *v)
{
	char name[32];

	member(q->role, "pid", name);
	xu_val_set(v, name, xu_int(q->pid));
	member(q->role, "born", name);
	xu_val_set(v, name, xu_int((int64_t)q->born));
}

struct qemu *
qemu_adopt(struct guest *g, const struct qemu_role *role, size_t size,
    const struct xu_val *v)
{
	struct xu_err e = XU_ERR_INIT;
	char name[32];
	uint64_t born;
	struct qemu *q;
	int64_t pid;

	member(role, "pid", name);
	pid = xu_val_get_int(v, name, 0);
	member(role, "born", name);
	born = (uint64_t)xu_val_get_int(v, name, 0);
	if (pid <= 0 || pid > INT32_MAX || born == 0 ||
	    birth_of((pid_t)pid) != born ||
	    (q = qemu_new(g, role, size, &e)) == NULL)
		return NULL;
	q->pid = (pid_t)pid;
	q->born = born;
	if (watch(q, &e) < 0) {
		free(q);
		return NULL;
	}
	if (connect_qmp(q, &e) < 0)
		xu_log_err(XU_WARNING, &e);
	return q;
}

void
qemu_stop(struct guest *g, const struct qemu_role *role, void (*f)(void *arg),
    void *arg)
{
	struct qemu *q = *role->slot(g);

	forget_paths(g, role);
	if (q == NULL) {
		qemu_kill_strays(role, g->domid);
		if (f != NULL)
			f(arg);
		return;
	}
	q->stopping = true;
	q->ready = NULL;
	q->stopped = f;
	q->arg = arg;
	kill(q->pid, SIGTERM);
	uv_timer_start(&q->timer, on_timer, TERM_MS, 0);
}

void
qemu_forget(struct guest *g, const struct qemu_role *role)
{
	struct qemu *q = *role->slot(g);

	if (q == NULL)
		return;
	if (!q->stopping) {
		release(q);
		return;
	}
	/* It has been told to end: somebody must see to it, and bury it. */
	qmp_close(q->qmp);
	q->qmp = NULL;
	q->guest = NULL;
	*role->slot(g) = NULL;
	xu_list_append(&q->core->qemu_orphans, &q->orphan);
}

void
qemu_orphans_close(struct core *c)
{
	struct qemu *q;

	while (!xu_list_empty(&c->qemu_orphans)) {
		q = xu_container_of(c->qemu_orphans.next, struct qemu, orphan);
		/* Nobody will be there to see whether it has ended. */
		put_down(q);
		release(q);
	}
}
