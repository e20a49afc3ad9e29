/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A disk that a program of the owner's brings: block-iscsi, block-drbd. It is called
 * "add" when the kernel's backend waits, looks in the nodes for what is wanted
 * ("params") and leaves there what it has found: "physical-device" (MAJOR:MINOR, in
 * hexadecimal) and "hotplug-status", or "hotplug-error". "remove" undoes it.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "script.h"
#include "vbd.h"
#include "xu_log.h"

static struct script *
run(struct dev *d, const char *command, struct xu_err *e)
{
	const struct script_order o = { .script = dev_str(d, "script"),
		.command = command };

	return script_start(d, &o, e);
}

int
vbd_script_prepare(const struct dev *d, struct xu_err *e)
{
	char path[256];

	script_path(dev_str(d, "script"), path, sizeof(path));
	/* "remove" would take from the new one what "add" has brought it. */
	if (d->guest->moves_from != NULL) {
		xu_err_set(e, "XLD_DEVICE", 0, "its script %s brings it to one "
		    "domain at a time, so its guest does not move: save and "
		    "restore it", path);
		xu_err_param(e, "%s", path);
		xu_err_param(e, "no moves");
		return -1;
	}
	if (access(path, X_OK) == 0)
		return 0;
	xu_err_set(e, "XLD_DEVICE", errno, "its script %s", path);
	xu_err_param(e, "%s", path);
	xu_err_param(e, "no script");
	return -1;
}

/* What the script has written; the caller frees. NULL: nothing. */
static char *
written(const struct dev *d, const char *leaf)
{
	struct core *c = d->guest->core;
	char base[NODES_BASE_MAX], path[NODES_BASE_MAX + 32];
	char *s;

	dev_back_path(d, base);
	snprintf(path, sizeof(path), "%s/%s", base, leaf);
	s = c->xs == NULL ? NULL : xs_read(c->xs, XBT_NULL, path, NULL);
	for (char *p = s; p != NULL && *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = ' ';
	return s;
}

static int
fail(const struct dev *d, const char *what, struct xu_err *e)
{
	char path[256];

	script_path(dev_str(d, "script"), path, sizeof(path));
	xu_err_set(e, XE(XLD_HELPER), 0, "%s %s", path, what);
	xu_err_param(e, "%s", path);
	xu_err_param(e, "%.120s", what);
	return -1;
}

static bool
parse(const char *device, dev_t *out)
{
	unsigned maj, min;
	int end = 0;

	if (device == NULL || sscanf(device, "%8x:%8x%n", &maj, &min, &end) != 2 ||
	    device[end] != '\0')
		return false;
	*out = makedev(maj, min);
	return true;
}

/* Nobody else must have it. */
static void
hold(struct vbd *v, dev_t device)
{
	v->rdev = v->dev = device;
	v->held = v->block = true;
}

/* It has ended well. */
static int
take(struct dev *d, struct xu_err *e)
{
	AUTO_FREE char *device = written(d, "physical-device");
	AUTO_FREE char *status = written(d, "hotplug-status");
	struct vbd *v = vbd_of(d);
	struct stat st = { .st_mode = S_IFBLK };
	char what[160];

	if (status != NULL && strcmp(status, "connected") != 0) {
		snprintf(what, sizeof(what), "says that it is '%.100s'", status);
		return fail(d, what, e);
	}
	if (device == NULL)
		return fail(d, "has ended and written no physical-device", e);
	if (!parse(device, &st.st_rdev)) {
		snprintf(what, sizeof(what),
		    "has written '%.60s' as physical-device, which is no "
		    "MAJOR:MINOR", device);
		return fail(d, what, e);
	}
	snprintf(v->node, sizeof(v->node), "/dev/block/%u:%u",
	    major(st.st_rdev), minor(st.st_rdev));
	if (vbd_share(d, v->node, &st, e) < 0)
		return -1;
	hold(v, st.st_rdev);
	return 0;
}

static int
finish(struct dev *d, struct xu_err *e)
{
	struct vbd *v = vbd_of(d);
	int r = script_look(v->script, e);
	AUTO_FREE char *said = NULL;

	if (r == 0)
		return 0;
	script_drop(v->script, false);
	v->script = NULL;
	said = written(d, "hotplug-error");
	if (r < 0 && said != NULL)
		xu_err_add(e, "%.200s", said);
	if (r < 0 || take(d, e) < 0)
		return -1;
	v->joined = true;
	return 1;
}

int
vbd_script_join(struct dev *d, struct xu_err *e)
{
	struct vbd *v = vbd_of(d);
	char label[200];
	int r = 0;

	if (!vbd_is_scripted(d) || v->joined)
		return 1;
	if (v->script != NULL) {
		r = finish(d, e);
	} else {
		v->added = true;
		v->script = run(d, "add", e);
		r = v->script != NULL ? 0 : -1;
	}
	if (r < 0)
		xu_err_add(e, "%s", dev_label(d, label, sizeof(label)));
	return r;
}

/* Its last word is waited for, whatever it is. */
bool
vbd_script_parted(struct dev *d)
{
	struct vbd *v = vbd_of(d);
	struct xu_err e = XU_ERR_INIT;

	if (v->added) {
		script_drop(v->script, true);
		v->added = false;
		v->script = run(d, "remove", &e);
	}
	if (v->script != NULL) {
		if (script_look(v->script, &e) == 0)
			return false;
		script_drop(v->script, false);
		v->script = NULL;
	}
	if (xu_err_is_set(&e))
		xu_log_err(XU_WARNING, &e);
	return true;
}

bool
vbd_script_lingers(const struct dev *d)
{
	return vbd_of(d)->added;
}

/* What it has done only it undoes; nobody waits for it, so the nodes that it reads
 * go when it has ended. A daemon that ends leaves all as it is. */
void
vbd_script_release(struct dev *d)
{
	struct vbd *v = vbd_of(d);
	struct core *c = d->guest->core;
	struct xu_err e = XU_ERR_INIT;
	struct script *last;
	char base[NODES_BASE_MAX];

	script_drop(v->script, true);
	v->script = NULL;
	if (!v->added || c->stopping)
		return;
	dev_back_path(d, base);
	last = run(d, "remove", &e);
	if (last != NULL) {
		script_end(last, base);
		return;
	}
	xu_log_err(XU_WARNING, &e);
	dev_forget_nodes(c, base);
}

void
vbd_script_adopt(struct dev *d)
{
	AUTO_FREE char *device = NULL;
	struct vbd *v = vbd_of(d);
	dev_t number;

	v->added = v->joined = vbd_is_scripted(d);
	if (v->joined)
		device = written(d, "physical-device");
	if (parse(device, &number))
		hold(v, number);
}

void
vbd_script_awaits(const struct dev *d, char *out, size_t room)
{
	char path[256];

	script_path(dev_str(d, "script"), path, sizeof(path));
	if (vbd_of(d)->script != NULL)
		snprintf(out, room, "its script %s has not ended", path);
}
