/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See screen.h. */
#include "config.h"

#include <string.h>

#include "qdisk.h"
#include "qemu.h"
#include "screen.h"
#include "vnc.h"
#include "xu_log.h"

struct screen {
	/* Why its QEMU is no more. */
	char said[300];
};

static struct screen *
own_of(const struct dev *d)
{
	return d->own;
}

static bool
is_wanted(const struct xu_val *config)
{
	return config_type(config) != TYPE_HVM &&
	    vnc_of(config).address != NULL;
}

struct dev *
screen_of(const struct guest *g)
{
	struct dev *d = dev_by_id(g, &vfb_class, 0);

	return d != NULL && d->phase != DEV_OFF ? d : NULL;
}

int
screen_settle(struct guest *g, struct xu_err *e)
{
	struct dev *d = dev_by_id(g, &vfb_class, 0);
	bool wanted = is_wanted(g->config);

	if (d != NULL && !wanted)
		dev_imply_no_more(d);
	return d != NULL || !wanted || dev_imply(g, &vfb_class, e) != NULL ?
	    0 : -1;
}

void
screen_again(struct guest *g)
{
	struct xu_err e = XU_ERR_INIT;

	if (dev_by_id(g, &vfb_class, 0) == NULL &&
	    dev_imply(g, &vfb_class, &e) == NULL)
		xu_log_err(XU_ERROR, &e);
}

/* ---- its QEMU ------------------------------------------------------------------------ */

void
screen_greeted(struct qemu *q)
{
	struct xu_err e = XU_ERR_INIT;

	if (qemu_restrict(q, &e) == 0) {
		vnc_set_up(q);
		return;
	}
	xu_log_err(XU_ERROR, &e);
	qemu_started(q, &e);
}

/* The guest's drivers see that nobody shows it any more. */
static void
write_closed(const struct dev *d)
{
	static const char *const kinds[] = { "vfb", SCREEN_TWIN };
	struct core *c = d->guest->core;
	char path[NODES_BASE_MAX];

	for (size_t i = 0; c->xs != NULL && i < XU_ARRAY_SIZE(kinds); i++) {
		snprintf(path, sizeof(path),
		    "/local/domain/0/backend/%s/%d/%u/state", kinds[i],
		    d->domid, d->id);
		xs_write(c->xs, XBT_NULL, path, "6", 1);
	}
}

void
screen_told(struct guest *g, const struct xu_err *why)
{
	struct dev *d = screen_of(g);
	unsigned before;

	if (d == NULL || d->domid < 0)
		return;
	if (why != NULL) {
		snprintf(own_of(d)->said, sizeof(own_of(d)->said), "%.280s",
		    why->msg);
		vnc_forget(g);
		if (d->phase == DEV_ON)
			write_closed(d);
	}
	before = d->back;
	dev_look(d);
	dev_changed(d, before);
}

/* ---- the class ------------------------------------------------------------------------ */

static int
check(const struct guest *g XU_UNUSED, const struct xu_val *entry XU_UNUSED,
    uint32_t *id, struct xu_err *e XU_UNUSED)
{
	*id = 0;
	return 0;
}

static void
describe(const struct xu_val *entry XU_UNUSED, char *out, size_t room)
{
	snprintf(out, room, "0");
}

static enum xu_step_result
prepare(struct dev *d, struct xu_err *e XU_UNUSED)
{
	own_of(d)->said[0] = '\0';
	return XU_STEP_NEXT;
}

/* What libxl has there, but for the password. */
static void
nodes(const struct dev *d, bool backend, struct nodes *n)
{
	const struct vnc vnc = vnc_of(d->guest->config);
	const char *colon = vnc.address == NULL ?
	    NULL : strrchr(vnc.address, ':');
	int64_t video = config_number(d->guest->config, "platform",
	    "videoram", 0);

	/* The guest's driver reads it there, QEMU here. */
	if (video > 0)
		nodes_put(n, "videoram", "%lld", (long long)video);
	if (!backend || colon == NULL)
		return;
	nodes_put(n, "vnc", "1");
	nodes_put(n, "vnclisten", "%.*s", (int)(colon - vnc.address),
	    vnc.address);
	nodes_put(n, "vncdisplay", "%s", colon + 1);
	nodes_put(n, "vncunused", "%d", vnc.unused);
	if (vnc.keymap != NULL)
		nodes_put(n, "keymap", "%s", vnc.keymap);
	nodes_put(n, "sdl", "0");
	nodes_put(n, "opengl", "0");
}

static void
adopt(struct dev *d)
{
	own_of(d)->said[0] = '\0';
	if (d->guest->qdisk != NULL)
		return;
	snprintf(own_of(d)->said, sizeof(own_of(d)->said),
	    "its QEMU died while xld was not running");
	xu_log(XU_NOTICE, "%s: its screen is gone: %s", guest_name(d->guest),
	    own_of(d)->said);
	write_closed(d);
}

static int
join(struct dev *d, struct xu_err *e XU_UNUSED)
{
	const struct qemu *q = d->guest->qdisk;

	return q != NULL && q->ready == NULL;
}

static void
awaits(const struct dev *d XU_UNUSED, char *out, size_t room)
{
	snprintf(out, room, "its QEMU has not come up");
}

/* QEMU does not heed the toolstack's word. Nothing of the host's is in its
 * hands that somebody would wait for: it ends, or goes on with disks. */
static bool
closed(const struct dev *d)
{
	return d->guest->qdisk == NULL || d->phase == DEV_LEAVING;
}

static void
complaint(const struct dev *d, char *out, size_t room)
{
	snprintf(out, room, "%s", own_of(d)->said);
}

static const char *const shown[] = { NULL };

const struct dev_class vfb_class = {
	.kind = "vfb",
	.list = "",
	.api = "console",
	.word = "screen",
	.own_size = sizeof(struct screen),
	.check = check,
	.describe = describe,
	.prepare = prepare,
	.grant = qdisk_grant_screen,
	.nodes = nodes,
	.release = qdisk_release_screen,
	.adopt = adopt,
	.join = join,
	.part = qdisk_part_screen,
	.awaits = awaits,
	.twin = SCREEN_TWIN,
	.closed = closed,
	.complaint = complaint,
	.shown_front = shown,
	.shown_back = shown,
};
