/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The store's side of devices: the two folders and libxl's own, the watches. The
 * layout is libxl's, so that kernels, QEMU and xl find what they expect.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dev.h"
#include "xu_log.h"
#include "xu_num.h"

#define BACK  "/local/domain/0/backend/%s/%d/%u"
#define FRONT "/local/domain/%d/device/%s/%u"
#define LIBXL "/libxl/%d/device/%s/%u"

static const char *
back_kind(const struct dev *d)
{
	return d->cls->other != NULL && d->cls->other(d) ?
	    d->cls->other_back : d->cls->kind;
}

/* ---- writing ------------------------------------------------------------------- */

static void
back_common(const struct dev *d, const char *kind, struct nodes *n)
{
	nodes_put(n, "frontend", FRONT, d->domid, kind, d->id);
	nodes_put(n, "frontend-id", "%d", d->domid);
	nodes_put(n, "online", "1");
	nodes_put(n, "state", "%d", BUS_INITIALISING);
}

static void
front_common(const struct dev *d, const char *back, struct nodes *n)
{
	nodes_put(n, "backend", BACK, back, d->domid, d->id);
	nodes_put(n, "backend-id", "0");
	nodes_put(n, "state", "%d", BUS_INITIALISING);
}

static void
own_nodes(const struct dev *d, const char *kind, bool backend, struct nodes *n)
{
	if (kind != d->cls->twin)
		d->cls->nodes(d, backend, n);
}

static void
write_as(const struct dev *d, const char *kind, const char *back,
    struct nodes *n)
{
	struct xs_permissions ours[2] = { { 0, XS_PERM_NONE },
		{ (unsigned)d->domid, XS_PERM_READ } };
	struct xs_permissions guests[2] = { { (unsigned)d->domid,
						XS_PERM_NONE },
		{ 0, XS_PERM_READ } };

	/* For xl alone: what it trusts when it lists and detaches. */
	nodes_base(n, LIBXL, d->domid, kind, d->id);
	xs_batch_mkdir(n->b, n->base);
	nodes_put(n, "frontend", FRONT, d->domid, kind, d->id);
	nodes_put(n, "backend", BACK, back, d->domid, d->id);
	back_common(d, kind, n);
	own_nodes(d, kind, true, n);
	nodes_base(n, FRONT, d->domid, kind, d->id);
	nodes_folder(n, n->base, guests, 2);
	front_common(d, back, n);
	own_nodes(d, kind, false, n);
	nodes_base(n, BACK, back, d->domid, d->id);
	nodes_folder(n, n->base, ours, 2);
	own_nodes(d, kind, true, n);
	/* The backend's driver looks when there is a state. */
	back_common(d, kind, n);
}

static void
write_one(const struct dev *d, struct nodes *n)
{
	if (d->cls->twin != NULL)
		write_as(d, d->cls->twin, d->cls->twin, n);
	write_as(d, d->cls->kind, back_kind(d), n);
}

static int
run(struct core *c, struct nodes *n, const char *what, struct xu_err *e)
{
	int r = 0;

	if (!xs_batch_run(n->b, XS_BATCH_TRANSACTION))
		r = store_fail(c, e, what);
	xs_batch_free(n->b);
	return r;
}

/* Each request for itself: what is not there need not be removed. */
static int
run_loose(struct core *c, struct nodes *n, const char *what,
    struct xu_err *e)
{
	int r = 0;

	if (!xs_batch_run(n->b, 0) && errno != ENOENT)
		r = store_fail(c, e, what);
	xs_batch_free(n->b);
	return r;
}

int
dev_write(struct dev_work *w, struct xu_err *e)
{
	struct core *c = w->guest->core;
	struct nodes n;

	if (c->xs == NULL || (n.b = xs_batch_new(c->xs)) == NULL)
		return store_fail(c, e, "write the nodes of devices");
	DEV_EACH(d, w)
		if (d->phase == DEV_ARRIVING && !dev_is_hidden(d))
			write_one(d, &n);
	return run(c, &n, "write the nodes of devices", e);
}

/*
 * A frontend that is gone closes any backend, whatever the guest does. Nodes that
 * are not there are not made: a write would be the beginning of a device. The
 * order counts: the backend looks at its own state when the frontend goes.
 */
static void
close_as(const struct dev *d, const char *kind, const char *back, bool hard,
    struct nodes *n)
{
	nodes_base(n, BACK, back, d->domid, d->id);
	if (d->back != BUS_NONE && d->back != BUS_CLOSED) {
		nodes_put(n, "online", "0");
		/* Linux says Closed at the end only when it was told to
		 * close. */
		nodes_put(n, "state", "%d", BUS_CLOSING);
	}
	if (hard)
		nodes_remove(n, FRONT, d->domid, kind, d->id);
	if (hard && d->back == BUS_INITIALISING)
		nodes_remove(n, BACK, back, d->domid, d->id);
}

int
dev_write_closing(struct dev_work *w, bool force, struct xu_err *e)
{
	struct core *c = w->guest->core;
	struct nodes n;
	bool hard;

	if (c->xs == NULL || (n.b = xs_batch_new(c->xs)) == NULL)
		return store_fail(c, e, "close devices");
	DEV_EACH(d, w) {
		if (d->phase != DEV_LEAVING)
			continue;
		dev_look(d);
		/* The guest has nothing to give back before it is connected. */
		hard = force || d->back < BUS_CONNECTED;
		close_as(d, d->cls->kind, back_kind(d), hard, &n);
		if (d->cls->twin != NULL)
			close_as(d, d->cls->twin, d->cls->twin, hard, &n);
	}
	return run_loose(c, &n, "close devices", e);
}

void
dev_back_path(const struct dev *d, char out[NODES_BASE_MAX])
{
	snprintf(out, NODES_BASE_MAX, BACK, back_kind(d), d->domid, d->id);
}

int
dev_write_back(const struct dev *d, const char *leaf, const char *text,
    struct xu_err *e)
{
	struct core *c = d->guest->core;
	char path[NODES_BASE_MAX + 32], base[NODES_BASE_MAX];

	dev_back_path(d, base);
	snprintf(path, sizeof(path), "%s/%s", base, leaf);
	if (c->xs != NULL && xs_write(c->xs, XBT_NULL, path, text,
		(unsigned)strlen(text)))
		return 0;
	return store_fail(c, e, "write a node of a device");
}

static bool
is_empty(struct core *c, xs_transaction_t t, const char *path)
{
	unsigned num = 1;
	char **l = xs_directory(c->xs, t, path, &num);
	bool empty = l != NULL && num == 0;

	free(l);
	return empty;
}

/* A folder that was made for the first goes with the last. Another toolstack may
 * add to it at this moment: then the transaction fails and the folder stays. */
static void
rm_empty(struct core *c, const char *path)
{
	xs_transaction_t t;

	if (!is_empty(c, XBT_NULL, path))
		return;
	t = xs_transaction_start(c->xs);
	if (t != XBT_NULL)
		xs_transaction_end(c->xs, t,
		    !(is_empty(c, t, path) && xs_rm(c->xs, t, path)));
}

/* That one, and so many above it. Path is used up. */
static void
rm_empty_up(struct core *c, char *path, int levels)
{
	for (; levels > 0; levels--) {
		rm_empty(c, path);
		*strrchr(path, '/') = '\0';
	}
}

#define COMPLAINTS "/local/domain/0/error/backend/%s/%d"

/* The kernel makes all of these folders when it has to say something. */
static void
rm_empty_complaints(struct core *c, const char *kind, int32_t domid)
{
	char path[NODES_BASE_MAX + 32];

	snprintf(path, sizeof(path), COMPLAINTS, kind, domid);
	rm_empty_up(c, path, 4);
}

void
dev_forget_complaints(struct core *c, int32_t domid)
{
	char path[NODES_BASE_MAX + 32];
	unsigned num;
	char **any = c->xs == NULL
	    ? NULL
	    : xs_directory(c->xs, XBT_NULL, "/local/domain/0/error/backend",
		  &num);

	if (any == NULL)
		return;
	free(any);
	for (size_t i = 0; dev_classes[i] != NULL; i++) {
		snprintf(path, sizeof(path), COMPLAINTS, dev_classes[i]->kind,
		    domid);
		xs_rm(c->xs, XBT_NULL, path);
		rm_empty_complaints(c, dev_classes[i]->kind, domid);
	}
}

static void
rm_empty_backends(struct core *c, const char *kind, int32_t domid)
{
	char path[NODES_BASE_MAX];

	snprintf(path, sizeof(path), "/local/domain/0/backend/%s/%d", kind,
	    domid);
	rm_empty_up(c, path, 3);
}

/* The domain's own, which has others still. */
static void
rm_empty_fronts(struct core *c, const char *kind, int32_t domid)
{
	char path[NODES_BASE_MAX];

	snprintf(path, sizeof(path), "/local/domain/%d/device/%s", domid, kind);
	rm_empty(c, path);
	snprintf(path, sizeof(path), "/libxl/%d/device/%s", domid, kind);
	rm_empty_up(c, path, 2);
}

static void
erase_as(const struct dev *d, const char *kind, const char *back,
    struct nodes *n)
{
	nodes_remove(n, FRONT, d->domid, kind, d->id);
	if (d->cls->lingers == NULL || !d->cls->lingers(d))
		nodes_remove(n, BACK, back, d->domid, d->id);
	nodes_remove(n, LIBXL, d->domid, kind, d->id);
	nodes_remove(n, COMPLAINTS "/%u", back, d->domid, d->id);
}

static void
rm_empty_of(struct core *c, const char *back, int32_t domid)
{
	rm_empty_backends(c, back, domid);
	rm_empty_complaints(c, back, domid);
}

/* What the devices of w were in. Those of a kind follow each other. */
static void
rm_empty_folders(struct dev_work *w)
{
	struct core *c = w->guest->core;
	const struct dev *seen = NULL;

	DEV_EACH(d, w) {
		if (d->domid < 0 ||
		    (seen != NULL && back_kind(seen) == back_kind(d)))
			continue;
		seen = d;
		rm_empty_of(c, back_kind(d), d->domid);
		if (d->cls->twin != NULL)
			rm_empty_of(c, d->cls->twin, d->domid);
		/* When all of them go, so does the domain. */
		if (w->only != NULL)
			rm_empty_fronts(c, d->cls->kind, d->domid);
	}
}

void
dev_erase(struct dev_work *w)
{
	struct core *c = w->guest->core;
	struct xu_err e = XU_ERR_INIT;
	struct nodes n;
	bool any = false;

	DEV_EACH(d, w)
		any = any || d->domid >= 0;
	if (!any || c->xs == NULL || (n.b = xs_batch_new(c->xs)) == NULL)
		return;
	DEV_EACH(d, w) {
		if (d->domid < 0)
			continue;
		erase_as(d, d->cls->kind, back_kind(d), &n);
		if (d->cls->twin != NULL)
			erase_as(d, d->cls->twin, d->cls->twin, &n);
	}
	if (run_loose(c, &n, "remove the nodes of devices", &e) < 0)
		xu_log_err(XU_ERROR, &e);
	rm_empty_folders(w);
}

bool
dev_lingers(const struct core *c, int32_t domid, const char *kind)
{
	struct guest *g = guest_by_domid(c, domid);
	struct xu_list *it;
	const struct dev *d;

	if (g == NULL)
		return false;
	LIST_FOREACH(it, &g->devs) {
		d = xu_container_of(it, struct dev, all);
		if (strcmp(back_kind(d), kind) == 0 &&
		    d->cls->lingers != NULL && d->cls->lingers(d))
			return true;
	}
	return false;
}

void
dev_forget_nodes(struct core *c, const char *folder)
{
	char kind[16];
	unsigned id;
	int domid;

	if (c->xs == NULL || sscanf(folder,
		"/local/domain/0/backend/%15[a-z0-9]/%d/%u", kind, &domid,
		&id) != 3)
		return;
	xs_rm(c->xs, XBT_NULL, folder);
	rm_empty_backends(c, kind, domid);
}

void
dev_forget_backends(struct core *c, const char *kind, int32_t domid)
{
	char path[NODES_BASE_MAX];

	if (c->xs == NULL)
		return;
	snprintf(path, sizeof(path), "/local/domain/0/backend/%s/%d", kind,
	    domid);
	xs_rm(c->xs, XBT_NULL, path);
	rm_empty_backends(c, kind, domid);
}

/* ---- reading ----------------------------------------------------------------------- */

static unsigned
read_state(struct core *c, const char *base)
{
	char path[NODES_BASE_MAX + 8];
	AUTO_FREE char *s = NULL;
	uint64_t n;

	if (c->xs == NULL)
		return BUS_NONE;
	snprintf(path, sizeof(path), "%s/state", base);
	s = xs_read(c->xs, XBT_NULL, path, NULL);
	return s != NULL && xu_num_u64(s, 10, 99, &n) ? (unsigned)n : BUS_NONE;
}

void
dev_look(struct dev *d)
{
	char base[NODES_BASE_MAX];

	if (d->domid < 0)
		return;
	snprintf(base, sizeof(base), BACK, back_kind(d), d->domid, d->id);
	d->back = d->cls->closed != NULL && d->cls->closed(d) ?
	    BUS_CLOSED : read_state(d->guest->core, base);
	snprintf(base, sizeof(base), FRONT, d->domid, d->cls->kind, d->id);
	d->front = read_state(d->guest->core, base);
}

void
dev_complaint(const struct dev *d, char *out, size_t room)
{
	struct core *c = d->guest->core;
	char path[NODES_BASE_MAX + 32];
	AUTO_FREE char *s = NULL;

	out[0] = '\0';
	if (c->xs == NULL || d->domid < 0)
		return;
	if (d->cls->complaint != NULL)
		d->cls->complaint(d, out, room);
	if (out[0] != '\0')
		return;
	snprintf(path, sizeof(path), COMPLAINTS "/%u/error", back_kind(d),
	    d->domid, d->id);
	s = xs_read(c->xs, XBT_NULL, path, NULL);
	if (s != NULL)
		snprintf(out, room, "%s", s);
}

static void
show(const struct dev *d, const char *base, const char *node,
    struct xu_val *v)
{
	struct core *c = d->guest->core;
	char path[NODES_BASE_MAX + 32];
	AUTO_FREE char *s = NULL;

	snprintf(path, sizeof(path), "%s/%s", base, node);
	s = c->xs == NULL ? NULL : xs_read(c->xs, XBT_NULL, path, NULL);
	if (s == NULL)
		return;
	/* Any bytes may be there. */
	for (char *p = s; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	xu_val_set(v, node, xu_strf("%.64s", s));
}

void
dev_show(const struct dev *d, struct xu_val *v)
{
	char base[NODES_BASE_MAX];

	snprintf(base, sizeof(base), FRONT, d->domid, d->cls->kind, d->id);
	for (size_t i = 0; d->cls->shown_front[i] != NULL; i++)
		show(d, base, d->cls->shown_front[i], v);
	dev_back_path(d, base);
	for (size_t i = 0; d->cls->shown_back[i] != NULL; i++)
		show(d, base, d->cls->shown_back[i], v);
	xu_val_set(v, "backend", xu_str(base));
	xu_val_set(v, "backend-id", xu_str("0"));
}

/* ---- watches ------------------------------------------------------------------------ */

static void
watch_paths(const struct dev *d, char back[NODES_BASE_MAX],
    char front[NODES_BASE_MAX])
{
	snprintf(back, NODES_BASE_MAX, BACK "%s", back_kind(d), d->domid,
	    d->id, d->cls->deep ? "" : "/state");
	snprintf(front, NODES_BASE_MAX, FRONT "/state", d->domid,
	    d->cls->kind, d->id);
}

void
dev_watch(struct dev *d)
{
	struct core *c = d->guest->core;
	char back[NODES_BASE_MAX], front[NODES_BASE_MAX];

	if (d->watched || c->xsw == NULL || d->domid < 0 || dev_is_hidden(d))
		return;
	watch_paths(d, back, front);
	d->watched = xs_watch(c->xsw, back, "dev");
	if (!d->watched)
		xu_log(XU_ERROR, "watch %s: %s", back, xs_last_error(c->xsw));
}

void
dev_unwatch(struct dev *d)
{
	struct core *c = d->guest->core;
	char back[NODES_BASE_MAX], front[NODES_BASE_MAX];

	if (!d->watched)
		return;
	d->watched = false;
	if (c->xsw == NULL)
		return;
	watch_paths(d, back, front);
	xs_unwatch(c->xsw, back, "dev");
}

static const struct dev_class *
class_of(const char *kind)
{
	if (strcmp(vfb_class.kind, kind) == 0)
		return &vfb_class;
	for (size_t i = 0; dev_classes[i] != NULL; i++)
		if (strcmp(dev_classes[i]->kind, kind) == 0 ||
		    (dev_classes[i]->other_back != NULL &&
			strcmp(dev_classes[i]->other_back, kind) == 0))
			return dev_classes[i];
	return NULL;
}

bool
dev_event(struct core *c, const char *path)
{
	const struct dev_class *cls;
	struct guest *g = NULL;
	struct dev *d = NULL;
	char kind[16];
	unsigned id, before;
	int domid;

	if (path[0] == '@')
		return false;
	if (sscanf(path, "/local/domain/0/backend/%15[a-z0-9]/%d/%u",
		kind, &domid, &id) == 3 && (cls = class_of(kind)) != NULL)
		g = guest_by_domid(c, domid);
	if (g != NULL)
		d = dev_by_id(g, cls, id);
	if (d != NULL && d->watched && d->domid == domid) {
		before = d->back;
		dev_look(d);
		dev_changed(d, before);
	}
	return true;
}

void
dev_store_back(struct core *c)
{
	struct dev *d;
	size_t pos = 0;

	while ((d = xu_map_next(c->devs, &pos)) != NULL) {
		if (!d->watched)
			continue;
		/* The first event of a new watch makes us look. */
		d->watched = false;
		dev_watch(d);
	}
}
