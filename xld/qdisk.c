/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See qdisk.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dm.h"
#include "qdisk.h"
#include "qemu.h"
#include "screen.h"
#include "vbd.h"
#include "xu_log.h"
#include "xu_num.h"

/* As long as other devices may take. */
#define GIVE_MS	 10000
#define AGAIN_MS 50
/* QEMU may have it open for long: it is asked ever less often. */
#define AGAIN_MOST_MS 3200
/* Of its log, what belongs to one disk. */
#define SAID_MAX 4096

struct qdisk {
	struct qemu q;
	/* Sets are used in turn: QEMU may still have the last one's file open. */
	unsigned next;
	/* Of the screen that waits for its end. */
	char screen[UUID_TEXT];
};

bool
qdisk_has(const struct dev *d)
{
	bool asked = strcmp(dev_str(d, "backendtype"), QDISK_KIND) == 0;
	bool image = vbd_format(d) != XU_DISK_RAW;

	if (d->cls != &vbd_class || dev_str(d, "location")[0] == '\0' ||
	    vbd_is_scripted(d))
		return false;
	return (image || asked) && !dev_is_hidden(d) &&
	    (d->cls->emulated == NULL || !d->cls->emulated(d));
}

static struct qdisk *
qdisk_of(const struct guest *g)
{
	return (struct qdisk *)(void *)g->qdisk;
}

static struct qemu **
slot(struct guest *g)
{
	return &g->qdisk;
}

/* ---- of all its disks ------------------------------------------------------------ */

/* The next of them that is not off; d NULL = the first. */
static struct dev *
next_of(struct guest *g, struct dev *d)
{
	struct xu_list *l = d == NULL ? g->devs.next : d->all.next;
	struct dev *next;

	for (; l != &g->devs; l = l->next) {
		next = xu_container_of(l, struct dev, all);
		if (next->phase != DEV_OFF && qdisk_has(next))
			return next;
	}
	return NULL;
}

#define DISK_EACH(it, g)                                                       \
	for (struct dev *it = next_of(g, NULL); it != NULL; it = next_of(g, it))

static unsigned
how_many(struct guest *g)
{
	unsigned n = 0;

	DISK_EACH(d, g)
		n++;
	return n;
}

/* Calls f for each of them. It may end what any of them is part of, its guest not
 * excepted. */
static void
each(struct guest *g, void (*f)(struct dev *d, const void *arg),
    const void *arg)
{
	char (*uuids)[UUID_TEXT] = calloc(how_many(g) + 1, sizeof(*uuids));
	struct core *c = g->core;
	struct dev *d;
	size_t n = 0;

	if (uuids == NULL)
		return;
	DISK_EACH(it, g)
		memcpy(uuids[n++], it->uuid, UUID_TEXT);
	for (size_t i = 0; i < n; i++)
		if ((d = dev_find(c, uuids[i])) != NULL &&
		    d->phase != DEV_OFF)
			f(d, arg);
	free(uuids);
}

/* The framework looks again: qdisk_closed says what is new. */
static void
look_again(struct dev *d)
{
	unsigned before = d->back;

	dev_look(d);
	dev_changed(d, before);
}

static void
lost(struct dev *d, const void *arg)
{
	const struct xu_err *why = arg;
	struct vbd *v = vbd_of(d);

	snprintf(v->said, sizeof(v->said), "%.280s", why->msg);
	if (v->giving) {
		v->giving = false;
		dev_prepared(d, why);
	} else if (d->domid >= 0) {
		look_again(d);
	}
}

/* ---- the process ------------------------------------------------------------------- */

static void
died(struct guest *g, const struct xu_err *why)
{
	/* A guest whose disks are gone has crashed; on_crash says what follows.
	 * One without a screen goes on. */
	if (how_many(g) > 0 && xc_domain_shutdown(g->core->xch,
		(uint32_t)g->domid, END_CRASH) < 0)
		xu_log(XU_ERROR, "domain %d: %s", g->domid,
		    xc_last_error(g->core->xch));
	each(g, lost, why);
	screen_told(g, why);
}

static void
greeted(struct qemu *q)
{
	if (screen_of(q->guest) != NULL)
		screen_greeted(q);
	else
		qemu_started(q, NULL);
}

/* Has QEMU said of d, since it was told of it, that it will not have it? */
static void
look_for_refusal(struct dev *d, const void *arg)
{
	const struct qemu *q = arg;
	struct vbd *v = vbd_of(d);
	char text[SAID_MAX], want[64], *at;
	ssize_t n;
	int fd;

	if (d->phase != DEV_ARRIVING || d->domid < 0 || v->refused)
		return;
	fd = open(q->log, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	n = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, v->log_from);
	if (fd >= 0)
		close(fd);
	text[n < 0 ? 0 : n] = '\0';
	snprintf(want, sizeof(want), "failed to create 'qdisk' device '%u': ",
	    d->id);
	at = strstr(text, want);
	if (at == NULL || strchr(at, '\n') == NULL)
		return;
	at += strlen(want);
	at[strcspn(at, "\n")] = '\0';
	for (char *p = at; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	v->refused = true;
	snprintf(v->said, sizeof(v->said), "%.280s", at);
	look_again(d);
}

static void
said(struct qemu *q)
{
	each(q->guest, look_for_refusal, q);
}

/* One process, and two words for it: with a screen it is that that people know. */
#define ROLE(name)                                                             \
	{                                                                      \
		.word = (name),                                                \
		.log = "qemu-disk",                                            \
		.suffix = "disk",                                              \
		.record = "qdisk",                                             \
		.uid_base = QEMU_UID_BASE + QEMU_UIDS,                         \
		.slot = slot,                                                  \
		.greeted = greeted,                                            \
		.died = died,                                                  \
		.said = said,                                                  \
		.confine = qdisk_confine,                                      \
	}
static const struct qemu_role role = ROLE("QEMU of its disks");
static const struct qemu_role screen_role = ROLE("QEMU of its screen");

static const struct qemu_role *
role_of(const struct guest *g)
{
	return screen_of(g) != NULL ? &screen_role : &role;
}

/* ---- a file for it ------------------------------------------------------------------ */

/* args is taken. False: it cannot be spoken to. */
static bool
ask(const struct guest *g, const char *command, struct xu_val *args, int fd,
    qmp_done_f *f, void *arg)
{
	if (g->qdisk != NULL && g->qdisk->qmp != NULL)
		return qmp_call_fd(g->qdisk->qmp, command, args, fd, f, arg);
	xu_val_free(args);
	return false;
}

/* One disk on its way to QEMU. The disk may be gone when that answers. */
struct gift {
	struct core *core;
	char uuid[UUID_TEXT];
	uv_timer_t deadline;
	bool told;
};

static void
gift_freed(uv_handle_t *h)
{
	free(h->data);
}

static void
tell(struct gift *k, const struct xu_err *e)
{
	struct dev *d = dev_find(k->core, k->uuid);

	if (k->told)
		return;
	k->told = true;
	if (d == NULL || !vbd_of(d)->giving)
		return;
	vbd_of(d)->giving = false;
	dev_prepared(d, e);
}

static void
on_given(void *arg, const struct xu_val *ret XU_UNUSED, const struct xu_err *e)
{
	struct gift *k = arg;

	tell(k, e);
	uv_close((uv_handle_t *)&k->deadline, gift_freed);
}

static void
not_given(uv_timer_t *t)
{
	struct xu_err e = XU_ERR_INIT;

	xu_err_set(&e, XE(XLD_TIMEOUT), 0,
	    "the QEMU of its disks has not taken the file within %d s",
	    GIVE_MS / 1000);
	xu_err_param(&e, "add-fd");
	xu_err_param(&e, "%d", GIVE_MS / 1000);
	tell(t->data, &e);
}

static struct xu_val *
set_arg(const struct dev *d)
{
	struct xu_val *v = xu_struct();

	xu_val_set(v, "fdset-id", xu_int(vbd_of(d)->set));
	return v;
}

static int
give(struct dev *d, struct xu_err *e)
{
	struct guest *g = d->guest;
	struct gift *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM,
		    "attach a disk");
	k->core = g->core;
	memcpy(k->uuid, d->uuid, sizeof(k->uuid));
	uv_timer_init(g->core->loop, &k->deadline);
	k->deadline.data = k;
	uv_timer_start(&k->deadline, not_given, GIVE_MS, 0);
	if (ask(g, "add-fd", set_arg(d), vbd_of(d)->fd, on_given, k))
		return 0;
	uv_close((uv_handle_t *)&k->deadline, gift_freed);
	xu_err_set(e, XE(XLD_HELPER), 0,
	    "the QEMU of its disks takes no commands");
	xu_err_param(e, "qemu");
	xu_err_param(e, "it takes no commands");
	return -1;
}

static void
give_now(struct dev *d, const void *arg XU_UNUSED)
{
	struct xu_err e = XU_ERR_INIT;

	if (!vbd_of(d)->giving || give(d, &e) == 0)
		return;
	vbd_of(d)->giving = false;
	dev_prepared(d, &e);
}

/* It serves, or has never come so far. */
static void
started(void *arg, const struct xu_err *e)
{
	struct guest *g = arg;

	if (e != NULL)
		each(g, lost, e);
	else
		each(g, give_now, NULL);
	screen_told(g, e);
}

static int
choose_set(struct dev *d, struct xu_err *e)
{
	bool taken[2 * QDISK_SETS] = { false };
	unsigned first = vbd_of(d)->block ? QDISK_SETS : 0;
	unsigned from = d->guest->qdisk == NULL ?
	    0 : qdisk_of(d->guest)->next;

	DISK_EACH(other, d->guest)
		if (other != d && vbd_of(other)->set < 2 * QDISK_SETS)
			taken[vbd_of(other)->set] = true;
	for (unsigned i = 0; i < QDISK_SETS; i++) {
		unsigned set = first + (from + i) % QDISK_SETS;

		if (taken[set])
			continue;
		vbd_of(d)->set = set;
		if (d->guest->qdisk != NULL)
			qdisk_of(d->guest)->next = set - first + 1;
		return 0;
	}
	xu_err_set(e, "XLD_DEVICE", 0, "%u disks are all that one QEMU serves",
	    QDISK_SETS);
	xu_err_param(e, "%s", dev_str(d, "device"));
	xu_err_param(e, "too many disks");
	return -1;
}

enum xu_step_result
qdisk_prepare(struct dev *d, struct xu_err *e)
{
	const struct qemu *q = d->guest->qdisk;
	struct vbd *v = vbd_of(d);

	if (choose_set(d, e) < 0)
		return XU_STEP_FAIL;
	/* One that starts with its guest, or the first of its guest. */
	if (q == NULL)
		return XU_STEP_NEXT;
	v->giving = true;
	if (q->ready == NULL && give(d, e) < 0) {
		v->giving = false;
		return XU_STEP_FAIL;
	}
	return XU_STEP_WAIT;
}

/* ---- start ---------------------------------------------------------------------------- */

struct files {
	struct qdisk_plan plan;
	int fds[1 + QDISK_MAX];
	unsigned missed;
};

static void
take(struct files *f, const struct dev *d)
{
	unsigned n = f->plan.n;

	if (vbd_of(d)->fd < 0)
		return;
	if (n == QDISK_MAX) {
		f->missed++;
		return;
	}
	f->fds[1 + n] = vbd_of(d)->fd;
	/* The first that a child has is 3. */
	f->plan.disks[n].fd = 3 + 1 + (int)n;
	f->plan.disks[n].set = vbd_of(d)->set;
	f->plan.n++;
}

static int
start_with(struct guest *g, struct files *f, struct xu_err *e)
{
	char **words = qdisk_args(&f->plan);
	struct qemu *q = words == NULL ?
	    NULL : qemu_new(g, role_of(g), sizeof(struct qdisk), e);
	int r = -1;

	if (words == NULL)
		xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "start QEMU");
	if (q != NULL)
		r = qemu_start(q, words, &f->plan, f->fds, 1 + (int)f->plan.n,
		    started, g, e);
	dm_args_free(words);
	if (r == 0)
		qdisk_of(g)->next = f->plan.n;
	return r;
}

static int
start(struct guest *g, struct xu_err *e)
{
	struct files f = { .plan = { .program = dm_program(g->config),
		.domid = g->domid,
		.name = guest_name(g),
		.root = QEMU_ROOT,
		.uid = role.uid_base + (uint32_t)g->domid,
		.qmp = 3 } };
	int r;

	if (screen_of(g) != NULL)
		f.plan.vnc = vnc_of(g->config);
	DISK_EACH(d, g)
		take(&f, d);
	if (f.missed > 0) {
		xu_err_set(e, "XLD_DEVICE", 0, "a guest can start with %u disks "
		    "that QEMU serves: attach the other %u later", QDISK_MAX,
		    f.missed);
		xu_err_param(e, "qdisk");
		xu_err_param(e, "too many disks");
		return -1;
	}
	if (access(f.plan.program, X_OK) < 0) {
		xu_err_set(e, XE(XLD_HELPER), errno,
		    "%s, which serves images and screens (package "
		    "qemu-system-xen)",
		    f.plan.program);
		xu_err_param(e, "qemu");
		xu_err_param(e, "%s", f.plan.program);
		return -1;
	}
	f.fds[0] = qemu_listen(g, &role, e);
	if (f.fds[0] < 0)
		return -1;
	r = start_with(g, &f, e);
	close(f.fds[0]);
	return r;
}

int
qdisk_grant(struct dev *d, struct xu_err *e)
{
	struct vbd *v = vbd_of(d);
	struct stat st;

	if (!qdisk_has(d))
		return 0;
	if (d->guest->qdisk == NULL && start(d->guest, e) < 0)
		return -1;
	v->log_from = stat(d->guest->qdisk->log, &st) == 0 ? st.st_size : 0;
	return 0;
}

int
qdisk_grant_screen(struct dev *d, struct xu_err *e)
{
	return d->guest->qdisk != NULL ? 0 : start(d->guest, e);
}

void
qdisk_params(const struct dev *d, char *out, size_t room)
{
	static const char *const drivers[] = {
		[XU_DISK_RAW] = "aio",
		[XU_DISK_QCOW2] = "qcow2",
		[XU_DISK_VHD] = "vpc",
	};

	snprintf(out, room, "%s:/dev/fdset/%u", drivers[vbd_format(d)],
	    vbd_of(d)->set);
}

/* ---- the end ------------------------------------------------------------------------------ */

/* Looks for the set of a disk that QEMU has been told to let go of. */
struct farewell {
	struct core *core;
	char uuid[UUID_TEXT];
	unsigned set, again_ms;
	uv_timer_t timer;
};

static void
farewell_freed(uv_handle_t *h)
{
	free(h->data);
}

static void
farewell_over(struct farewell *k)
{
	struct dev *d = dev_find(k->core, k->uuid);

	if (d != NULL && vbd_of(d)->leaving) {
		vbd_of(d)->closed = true;
		look_again(d);
	}
	uv_close((uv_handle_t *)&k->timer, farewell_freed);
}

static void
ask_again(uv_timer_t *t);

static void
on_sets(void *arg, const struct xu_val *ret, const struct xu_err *e)
{
	struct farewell *k = arg;
	bool there = false;

	for (size_t i = 0; e == NULL && i < xu_val_count(ret); i++)
		there = there || xu_val_get_int(xu_val_at(ret, i), "fdset-id",
		    -1) == (int64_t)k->set;
	if (!there) {
		farewell_over(k);
		return;
	}
	uv_timer_start(&k->timer, ask_again, k->again_ms, 0);
	if (k->again_ms < AGAIN_MOST_MS)
		k->again_ms *= 2;
}

static void
ask_again(uv_timer_t *t)
{
	struct farewell *k = t->data;
	struct dev *d = dev_find(k->core, k->uuid);

	if (d == NULL || !vbd_of(d)->leaving ||
	    !ask(d->guest, "query-fdsets", NULL, -1, on_sets, k))
		farewell_over(k);
}

int
qdisk_part(struct dev *d, struct xu_err *e XU_UNUSED)
{
	struct vbd *v = vbd_of(d);
	struct qemu *q = d->guest->qdisk;
	struct farewell *k;

	if (!qdisk_has(d) || q == NULL || q->qmp == NULL || v->closed)
		return 1;
	if (v->leaving)
		return 0;
	k = calloc(1, sizeof(*k));
	if (k == NULL)
		return 1;
	v->leaving = true;
	k->core = q->core;
	memcpy(k->uuid, d->uuid, sizeof(k->uuid));
	k->set = v->set;
	k->again_ms = AGAIN_MS;
	uv_timer_init(q->core->loop, &k->timer);
	k->timer.data = k;
	/* It goes when the last who has it open has closed it. */
	ask(d->guest, "remove-fd", set_arg(d), -1, NULL, NULL);
	uv_timer_start(&k->timer, ask_again, 0, 0);
	return 0;
}

bool
qdisk_closed(const struct dev *d)
{
	return d->cls == &vbd_class && qdisk_has(d) &&
	    (d->guest->qdisk == NULL || vbd_of(d)->refused);
}

void
qdisk_complaint(const struct dev *d, char *out, size_t room)
{
	snprintf(out, room, "%s", vbd_of(d)->said);
}

/* Until it is gone it may write what was removed. */
struct ended {
	struct core *core;
	int32_t domid;
};

static void
ended(void *arg)
{
	struct ended *k = arg;

	dev_forget_backends(k->core, QDISK_KIND, k->domid);
	dev_forget_backends(k->core, vfb_class.kind, k->domid);
	dev_forget_backends(k->core, vfb_class.twin, k->domid);
	free(k);
}

static void
end(struct guest *g)
{
	struct ended *k = calloc(1, sizeof(*k));
	struct qemu *q = g->qdisk;

	if (q == NULL) {
		free(k);
		return;
	}
	if (k != NULL)
		*k = (struct ended){ g->core, q->domid };
	qemu_stop(g, &role, k != NULL ? ended : NULL, k);
	qemu_forget(g, &role);
}

void
qdisk_release(struct dev *d)
{
	struct guest *g = d->guest;
	const struct vbd *v = vbd_of(d);

	if (!qdisk_has(d))
		return;
	if (!v->leaving && (how_many(g) > 1 || screen_of(g) != NULL))
		ask(g, "remove-fd", set_arg(d), -1, NULL, NULL);
	if (how_many(g) == 1 && screen_of(g) == NULL)
		end(g);
}

static void
parted(void *arg)
{
	struct qdisk *k = arg;
	struct dev *d = dev_find(k->q.core, k->screen);

	if (d != NULL)
		look_again(d);
}

int
qdisk_part_screen(struct dev *d, struct xu_err *e XU_UNUSED)
{
	struct qdisk *k = qdisk_of(d->guest);

	if (k == NULL || how_many(d->guest) > 0)
		return 1;
	if (!k->q.stopping) {
		memcpy(k->screen, d->uuid, sizeof(k->screen));
		qemu_stop(d->guest, k->q.role, parted, k);
	}
	return 0;
}

void
qdisk_release_screen(struct dev *d)
{
	if (how_many(d->guest) == 0)
		end(d->guest);
}

/* ---- after a restart ------------------------------------------------------------------------ */

void
qdisk_adopt_disk(struct dev *d)
{
	char path[NODES_BASE_MAX + 16], base[NODES_BASE_MAX];
	struct core *c = d->guest->core;
	AUTO_FREE char *s = NULL;
	const char *number;
	uint64_t n;

	dev_back_path(d, base);
	snprintf(path, sizeof(path), "%s/params", base);
	s = c->xs == NULL ? NULL : xs_read(c->xs, XBT_NULL, path, NULL);
	number = s == NULL ? NULL : strrchr(s, '/');
	vbd_of(d)->set = number != NULL &&
		xu_num_u64(number + 1, 10, 2 * QDISK_SETS - 1, &n) ?
	    (unsigned)n : 2 * QDISK_SETS;
}

/* Whatever their phase: devices are adopted later. */
static bool
has_disks(const struct guest *g)
{
	struct xu_list *l;

	LIST_FOREACH(l, &g->devs)
		if (qdisk_has(xu_container_of(l, struct dev, all)))
			return true;
	return false;
}

bool
qdisk_adopt(struct guest *g, const struct xu_val *record)
{
	bool screen = xu_val_get_bool(record, "screen", false);
	bool was = xu_val_get_int(record, "qdisk_pid", 0) != 0;
	const struct qemu_role *r = screen ? &screen_role : &role;
	struct qemu *q;

	if (screen)
		screen_again(g);
	q = was ? qemu_adopt(g, r, sizeof(struct qdisk), record) : NULL;
	if (q == NULL) {
		/* One of which there is no record, and its socket. */
		qemu_stop(g, r, NULL, NULL);
		return !was || !has_disks(g);
	}
	/* Behind all that there are. */
	qdisk_of(g)->next = (unsigned)xu_val_get_int(record, "qdisk_next", 0) %
	    QDISK_SETS;
	return true;
}

void
qdisk_keep(const struct guest *g, struct xu_val *record)
{
	if (screen_of(g) != NULL)
		xu_val_set(record, "screen", xu_bool(true));
	if (g->qdisk == NULL)
		return;
	qemu_keep(g->qdisk, record);
	xu_val_set(record, "qdisk_next", xu_int(qdisk_of(g)->next));
}

void
qdisk_forget(struct guest *g)
{
	qemu_forget(g, &role);
}
