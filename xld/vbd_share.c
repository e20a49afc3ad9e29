/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two who write to one disk destroy it. The rules are xend's: readers may be
 * many, a writer is alone, "w!" asks nobody. Our own guests are known; what
 * domain 0 does with the device its kernel tells. A machine that is suspended has its
 * disks as before: what it remembers of them must be true when it goes on.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "vbd.h"

static int
in_use(struct xu_err *e, const char *path, const char *mode,
    const char *holder)
{
	xu_err_set(e, XE(VDI_IN_USE), 0,
	    "it is in use by %s: attach it with mode %s", holder, mode);
	xu_err_param(e, "%s", path);
	xu_err_param(e, "%s", holder);
	return -1;
}

static bool
is_same(const struct vbd *v, const struct stat *st)
{
	if (!v->held || v->block != S_ISBLK(st->st_mode))
		return false;
	return v->block ? v->dev == st->st_rdev :
			  v->dev == st->st_dev && v->ino == st->st_ino;
}

/* Of a machine that is suspended, not opened by anybody. */
static bool
is_reserved(const struct dev *d, const struct stat *st)
{
	char path[PATH_MAX];
	struct stat own;

	return d->phase == DEV_OFF && d->guest->suspended &&
	    vbd_path(dev_str(d, "location"), path, sizeof(path), NULL) == 0 &&
	    path[0] != '\0' && stat(path, &own) == 0 &&
	    S_ISBLK(own.st_mode) == S_ISBLK(st->st_mode) &&
	    (S_ISBLK(st->st_mode) ? own.st_rdev == st->st_rdev :
		own.st_dev == st->st_dev && own.st_ino == st->st_ino);
}

static bool
is_held(const struct dev *d, const struct dev *other, const struct stat *st)
{
	return other->phase != DEV_OFF ? is_same(vbd_of(other), st) :
	    other->guest != d->guest && is_reserved(other, st);
}

/* One of our guests' disks that must not be there at the same time. */
static const struct dev *
holder_of(const struct dev *d, const struct stat *st)
{
	const struct dev *other;
	size_t pos = 0;

	while ((other = xu_map_next(d->guest->core->devs, &pos)) != NULL)
		if (other != d && other->cls == &vbd_class &&
		    /* It is suspended when this one runs. */
		    other->guest != d->guest->moves_from &&
		    !(vbd_readonly(d) && vbd_readonly(other)) &&
		    is_held(d, other, st))
			return other;
	return NULL;
}

/* Where it is mounted, for writing when that is asked. */
static bool
mounted(dev_t dev, bool writable, char *out, size_t room)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[1024], where[256], options[128];
	unsigned maj, min;
	bool found = false;

	while (f != NULL && !found && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%*d %*d %u:%u %*s %255s %127s", &maj, &min,
			where, options) == 4 && makedev(maj, min) == dev &&
		    (!writable || strncmp(options, "rw", 2) == 0)) {
			found = true;
			snprintf(out, room, "domain 0, mounted at %s", where);
		}
	if (f != NULL)
		fclose(f);
	return found;
}

/* A device of the device mapper, an array, a volume group. */
static void
claimed_by(dev_t dev, char *out, size_t room)
{
	char path[96];
	const struct dirent *ent;
	DIR *d;

	snprintf(out, room, "domain 0 (swap, or another user of the device)");
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/holders",
	    major(dev), minor(dev));
	d = opendir(path);
	while (d != NULL && (ent = readdir(d)) != NULL)
		if (ent->d_name[0] != '.')
			snprintf(out, room, "domain 0, part of /dev/%.60s",
			    ent->d_name);
	if (d != NULL)
		closedir(d);
}

/* The kernel lets nobody claim what a mount or an array has claimed. */
static int
share_block(const struct dev *d, const char *path, const struct stat *st,
    struct xu_err *e)
{
	char who[320];
	int fd;

	if (vbd_readonly(d))
		return mounted(st->st_rdev, true, who, sizeof(who)) ?
		    in_use(e, path, "r once it is no longer mounted for "
				    "writing", who) : 0;
	fd = open(path, O_RDONLY | O_EXCL | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0)
		close(fd);
	if (fd >= 0 || errno != EBUSY)
		return 0;
	if (!mounted(st->st_rdev, false, who, sizeof(who)))
		claimed_by(st->st_rdev, who, sizeof(who));
	return in_use(e, path, "w! if that is meant", who);
}

static int
share_file(const struct dev *d, const char *path, const struct stat *st,
    struct xu_err *e)
{
	int number = vbd_readonly(d) ? -1 : loop_of_file(st);
	char who[400], where[320] = "";

	if (number < 0)
		return 0;
	/* Major 7, minor = number (Linux devices.txt). */
	mounted(makedev(7, number), false, where, sizeof(where));
	snprintf(who, sizeof(who), "/dev/loop%d of domain 0%s%s", number,
	    where[0] != '\0' ? ", " : "",
	    where[0] != '\0' ? where + strlen("domain 0, ") : "");
	return in_use(e, path, "w! if that is meant", who);
}

static void
name_holder(const struct dev *d, const struct dev *other, char *out,
    size_t room)
{
	const char *device = dev_str(other, "device");
	const char *mode = vbd_readonly(other) ? "r" : "w";
	const struct guest *g = other->guest;

	if (g == d->guest)
		snprintf(out, room, "this guest's own %s (mode %s)", device,
		    mode);
	else if (other->phase == DEV_OFF)
		snprintf(out, room, "the suspended machine '%s' (%s, mode %s)",
		    guest_name(g), device, mode);
	else
		snprintf(out, room, "guest '%s' (domain %d, %s, mode %s)",
		    guest_name(g), g->domid, device, mode);
}

int
vbd_share(const struct dev *d, const char *path, const struct stat *st,
    struct xu_err *e)
{
	bool shared = xu_val_get_bool(dev_entry(d), "sharable", false);
	const struct dev *other;
	char who[320];

	if (shared && !vbd_readonly(d))
		return 0;
	other = holder_of(d, st);
	if (other != NULL) {
		name_holder(d, other, who, sizeof(who));
		return in_use(e, path,
		    vbd_readonly(other) ? "r, or w! if that is meant" :
					  "w! if that is meant", who);
	}
	return S_ISBLK(st->st_mode) ? share_block(d, path, st, e) :
				      share_file(d, path, st, e);
}
