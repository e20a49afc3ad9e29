/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The class of disks whose backend is the kernel's; see vbd.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "dm.h"
#include "script.h"
#include "vbd.h"
#include "vdi.h"

static int
refuse(struct xu_err *e, const char *path, int errnum, const char *why)
{
	xu_err_set(e, "XLD_DEVICE", 0, "%s",
	    why != NULL ? why : strerror(errnum));
	if (e != NULL)
		e->errnum = errnum;
	xu_err_param(e, "%s", path);
	xu_err_param(e, "%s", why != NULL ? why : strerror(errnum));
	return -1;
}

int
vbd_path(const char *location, char *out, size_t room, struct xu_err *e)
{
	struct xu_disk_target t;

	xu_disk_target(location, &t);
	if (t.reason != NULL)
		return config_unsupported(e, "location", location, t.reason);
	if (t.path[0] != '\0' && t.path[0] != '/' && !t.below_dev)
		return config_unsupported(e, "location", location,
		    "a full path of a file or block device of the host is "
		    "wanted, as in phy:/dev/vg/web or file:/srv/web.img");
	if ((size_t)snprintf(out, room, "%s%s", t.below_dev ? "/dev/" : "",
		t.path) >= room)
		return config_unsupported(e, "location", location,
		    "the path is too long");
	return 0;
}

/* ---- what an entry says -------------------------------------------------------- */

bool
vbd_is_cd(const struct dev *d)
{
	return strcmp(dev_str(d, "type"), "CD") == 0;
}

bool
vbd_readonly(const struct dev *d)
{
	return vbd_is_cd(d) || strcmp(dev_str(d, "mode"), "RO") == 0;
}

enum xu_disk_type
vbd_format(const struct dev *d)
{
	struct xu_disk_target t;

	if (vbd_is_scripted(d))
		return XU_DISK_RAW;
	xu_disk_target(dev_str(d, "location"), &t);
	return t.type;
}

/* xl's "block" is what is done here without a program. */
static bool
is_script(const char *word)
{
	return word[0] != '\0' && strcmp(word, "block") != 0;
}

bool
vbd_is_scripted(const struct dev *d)
{
	return is_script(dev_str(d, "script"));
}

static const char raw_media[] = "what is in a CD drive is raw";

/* What is an emulated disk, by its name or its format, must be one. */
static int
check_emulated(const struct guest *g, const struct xu_val *entry,
    const struct xu_vdev *v, struct xu_err *e)
{
	const char *location = xu_val_get_str(entry, "location", "");
	const char *backend = xu_val_get_str(entry, "backendtype", "");
	bool cd = strcmp(xu_val_get_str(entry, "type", ""), "CD") == 0;
	bool placed = config_type(g->config) == TYPE_HVM &&
	    dm_place(xu_val_get_str(entry, "device", ""), cd,
		dm_has_ahci(g->config)) >= 0;
	struct xu_disk_target t;

	xu_disk_target(location, &t);
	if (t.type != XU_DISK_RAW && cd)
		return config_unsupported(e, "location", location, raw_media);
	/* Two QEMUs would have it open. */
	if (placed && strcmp(backend, QDISK_KIND) == 0)
		return config_unsupported(e, "backendtype", backend,
		    "this disk of an HVM guest is emulated, too: call it xvde or "
		    "later, or leave the backend to the kernel");
	if (cd || !placed || v->kind == 's' ||
	    (v->kind != 'h' && t.type == XU_DISK_RAW) ||
	    strcmp(xu_val_get_str(entry, "mode", ""), "RO") != 0)
		return 0;
	return config_unsupported(e, "mode", "RO",
	    "an IDE or AHCI disk can be written to: call it sda to sdg (SCSI), "
	    "make it a CD (:cdrom), or xvda for PV drivers alone");
}

static bool
is_backend(const char *word)
{
	return word[0] == '\0' || strcmp(word, "phy") == 0 ||
	    strcmp(word, QDISK_KIND) == 0;
}

/* What a script is asked for is between it and its owner. */
static int
check_scripted(const struct guest *g, const struct xu_val *entry,
    struct xu_err *e)
{
	const char *script = xu_val_get_str(entry, "script", "");
	const char *fault = script_fault(script);

	if (fault == NULL && xu_val_get_str(entry, "location", "")[0] == '\0')
		fault = "a disk that a script brings has a target";
	if (fault == NULL && strcmp(xu_val_get_str(entry, "backendtype", ""),
				 QDISK_KIND) == 0)
		fault = "QEMU serves no disk that a script brings";
	if (fault == NULL && config_type(g->config) == TYPE_HVM &&
	    strcmp(xu_val_get_str(entry, "type", ""), "CD") == 0)
		fault = "a CD drive of an HVM guest is emulated, and a script "
			"brings disks of PV drivers";
	return fault == NULL ?
	    0 : config_unsupported(e, "script", script, fault);
}

static int
check(const struct guest *g, const struct xu_val *entry, uint32_t *id,
    struct xu_err *e)
{
	const char *device = xu_val_get_str(entry, "device", "");
	const char *location = xu_val_get_str(entry, "location", "");
	char path[PATH_MAX];
	struct xu_vdev v;

	if (xu_vdev_parse(device, &v, e) < 0)
		return -1;
	*id = v.number;
	if (is_script(xu_val_get_str(entry, "script", "")))
		return check_scripted(g, entry, e);
	if (vbd_path(location, path, sizeof(path), e) < 0)
		return -1;
	if (path[0] == '\0' &&
	    strcmp(xu_val_get_str(entry, "type", ""), "CD") != 0)
		return config_unsupported(e, "location", location,
		    "only a CD drive may be empty");
	if (!is_backend(xu_val_get_str(entry, "backendtype", "")))
		return config_unsupported(e, "backendtype",
		    xu_val_get_str(entry, "backendtype", ""),
		    "it can be phy or qdisk, or empty");
	return check_emulated(g, entry, &v, e);
}

static void
describe(const struct xu_val *entry, char *out, size_t room)
{
	const char *location = xu_val_get_str(entry, "location", "");

	snprintf(out, room, "%s (%s)", xu_val_get_str(entry, "device", "?"),
	    location[0] != '\0' ? location : "empty");
}

/* ---- what the host gives ----------------------------------------------------------- */

static int
open_target(struct vbd *v, const char *path, bool readonly, struct stat *st,
    struct xu_err *e)
{
	uint64_t size = 0;

	/* Not blocking on a pipe; it is refused below. */
	v->fd = open(path,
	    (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
	if (v->fd < 0 && errno == EISDIR)
		return refuse(e, path, 0, "it is a folder, not a disk image");
	if (v->fd < 0 && (errno == EROFS || errno == EACCES) && !readonly)
		return refuse(e, path, 0, "it cannot be written to: attach it "
					  "read-only (mode r)");
	if (v->fd < 0 || fstat(v->fd, st) < 0)
		return refuse(e, path, errno, NULL);
	if (S_ISDIR(st->st_mode))
		return refuse(e, path, 0, "it is a folder, not a disk image");
	if (!S_ISREG(st->st_mode) && !S_ISBLK(st->st_mode))
		return refuse(e, path, 0,
		    "it is neither a file nor a block device");
	if (S_ISREG(st->st_mode))
		size = (uint64_t)st->st_size;
	else if (ioctl(v->fd, BLKGETSIZE64, &size) < 0)
		return refuse(e, path, errno, NULL);
	if (size < 512)
		return refuse(e, path, 0, "it is empty: a disk has at least "
					  "one sector of 512 bytes");
	return 0;
}

/* Who has it, for those who come later. */
static void
hold(struct vbd *v, const struct stat *st)
{
	v->held = true;
	v->block = S_ISBLK(st->st_mode);
	v->dev = v->block ? st->st_rdev : st->st_dev;
	v->ino = v->block ? 0 : st->st_ino;
}

/* No frontend ever sees it, nor does it come or go while its guest runs. */
static bool
hidden(const struct dev *d)
{
	const struct xu_val *config = d->guest->config;

	return vbd_format(d) != XU_DISK_RAW && config_type(config) == TYPE_HVM &&
	    dm_place(dev_str(d, "device"), false, dm_has_ahci(config)) >= 0;
}

/* What a device model, which is yet to start, or a QEMU of its own reads. */
static int
prepare_image(const struct dev *d, const char *path, struct xu_err *e)
{
	const struct vbd *v = vbd_of(d);
	bool shared = xu_val_get_bool(dev_entry(d), "sharable", false);
	const char *fault = dm_image_fault(v->fd, vbd_format(d));
	bool moves = d->guest->moves_from != NULL;

	/* Each would have tables of its own in mind. (Device models pass theirs
	 * on.) */
	if (fault == NULL && moves && !hidden(d) &&
	    vbd_format(d) != XU_DISK_RAW)
		fault = "two QEMUs cannot have an image open, so its guest does "
			"not move: save and restore it";
	if (fault == NULL && hidden(d) && dm_pid(d->guest) != 0)
		fault = "an image of that format can only be there from the "
			"guest's start";
	if (fault != NULL)
		return refuse(e, path, 0, fault);
	return shared || v->block || moves ? 0 :
				    vbd_lock(v->fd, vbd_readonly(d), path, e);
}

static int
prepare_target(struct dev *d, const char *path, struct xu_err *e)
{
	struct vbd *v = vbd_of(d);
	struct stat st;

	if (open_target(v, path, vbd_readonly(d), &st, e) < 0 ||
	    vbd_share(d, path, &st, e) < 0)
		return -1;
	hold(v, &st);
	if (vbd_format(d) != XU_DISK_RAW || qdisk_has(d))
		return prepare_image(d, path, e);
	if (v->block) {
		v->rdev = st.st_rdev;
		snprintf(v->node, sizeof(v->node), "%.60s", path);
		return 0;
	}
	if (loop_open(&v->loop, v->fd, path, vbd_readonly(d), e) < 0)
		return -1;
	snprintf(v->node, sizeof(v->node), "/dev/loop%d", v->loop.number);
	if (fstat(v->loop.fd, &st) < 0)
		return refuse(e, v->node, errno, NULL);
	v->rdev = st.st_rdev;
	return 0;
}

static enum xu_step_result
prepare(struct dev *d, struct xu_err *e)
{
	const struct vdi *disk = vdi_find(d->guest->core, dev_str(d, "VDI"));
	enum xu_step_result r = XU_STEP_FAIL;
	struct vbd *v = vbd_of(d);
	char path[PATH_MAX], label[200];

	*v = (struct vbd){ .fd = -1, .loop.fd = -1 };
	if (vbd_is_scripted(d)) {
		if (vbd_script_prepare(d, e) == 0)
			return XU_STEP_NEXT;
		xu_err_add(e, "%s", dev_label(d, label, sizeof(label)));
		return XU_STEP_FAIL;
	}
	if (vbd_path(dev_str(d, "location"), path, sizeof(path), e) < 0)
		return XU_STEP_FAIL;
	if (disk != NULL && disk->busy)
		refuse(e, path, 0, "it is being made, copied, grown or removed: "
				   "try again later");
	else if (path[0] == '\0' || prepare_target(d, path, e) == 0)
		r = qdisk_has(d) ? qdisk_prepare(d, e) : XU_STEP_NEXT;
	if (r != XU_STEP_FAIL)
		return r;
	xu_err_add(e, "%s", dev_label(d, label, sizeof(label)));
	return XU_STEP_FAIL;
}

static void
release(struct dev *d)
{
	struct vbd *v = vbd_of(d);

	qdisk_release(d);
	vbd_script_release(d);
	loop_close(&v->loop);
	if (v->fd >= 0)
		close(v->fd);
	*v = (struct vbd){ .fd = -1, .loop.fd = -1 };
}

/* The backend has it open; that others must not is all that is to be known. */
static void
adopt(struct dev *d)
{
	struct vbd *v = vbd_of(d);
	char path[PATH_MAX];
	struct stat st;

	*v = (struct vbd){ .fd = -1, .loop.fd = -1 };
	vbd_script_adopt(d);
	if (!vbd_is_scripted(d) &&
	    vbd_path(dev_str(d, "location"), path, sizeof(path), NULL) == 0 &&
	    path[0] != '\0' && stat(path, &st) == 0)
		hold(v, &st);
	qdisk_adopt_disk(d);
}

int
vbd_medium(const struct dev *d, const char *location, struct xu_err *e)
{
	struct vbd v = { .fd = -1 };
	char path[PATH_MAX];
	struct stat st;
	struct xu_disk_target t;
	int r;

	if (vbd_is_scripted(d))
		return config_unsupported(e, "location", location,
		    "a script brings what is in that drive");
	r = vbd_path(location, path, sizeof(path), e);
	xu_disk_target(location, &t);
	if (r == 0 && t.type != XU_DISK_RAW)
		return config_unsupported(e, "location", location, raw_media);
	if (r < 0 || path[0] == '\0')
		return r;
	r = open_target(&v, path, true, &st, e);
	if (r == 0)
		r = vbd_share(d, path, &st, e);
	if (v.fd >= 0)
		close(v.fd);
	return r;
}

/* ---- device models ------------------------------------------------------------------ */

/* Drivers of HVM guests leave CD drives to the emulation. */
static bool
emulated(const struct dev *d)
{
	return vbd_is_cd(d) && config_type(d->guest->config) == TYPE_HVM;
}

/* The device may be gone when the model answers. */
struct medium {
	struct core *core;
	char uuid[UUID_TEXT];
};

static void
modelled(void *arg, const struct xu_err *e)
{
	struct medium *m = arg;
	struct dev *d = dev_find(m->core, m->uuid);

	free(m);
	if (d != NULL)
		dev_modelled(d, e);
}

static enum xu_step_result
model(struct dev *d, bool in, struct xu_err *e)
{
	struct guest *g = d->guest;
	char label[200];
	struct medium *m;
	int place;

	if (hidden(d) && dm_pid(g) != 0) {
		refuse(e, dev_str(d, "location"), 0,
		    "an image of that format stays until the guest ends");
		xu_err_add(e, "%s", dev_label(d, label, sizeof(label)));
		return XU_STEP_FAIL;
	}
	place = dm_place(dev_str(d, "device"), true, false);
	/* One that came later, or without a model, has no emulated drive. */
	if (!emulated(d) || !dm_has_cd(g, dev_str(d, "device")) ||
	    (!in && dm_qmp(g) == NULL) || (in && vbd_of(d)->fd < 0))
		return XU_STEP_NEXT;
	m = malloc(sizeof(*m));
	if (m == NULL) {
		xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "change a CD");
		return XU_STEP_FAIL;
	}
	m->core = g->core;
	memcpy(m->uuid, d->uuid, sizeof(m->uuid));
	if (dm_cd_change(g->core->loop, dm_qmp(g), (unsigned)place,
		in ? vbd_of(d)->fd : -1, modelled, m, e) == 0)
		return XU_STEP_WAIT;
	free(m);
	xu_err_add(e, "%s", dev_label(d, label, sizeof(label)));
	return XU_STEP_FAIL;
}

/* ---- nodes ---------------------------------------------------------------------------- */

static void
nodes(const struct dev *d, bool backend, struct nodes *n)
{
	const struct vbd *v = vbd_of(d);
	bool cd = vbd_is_cd(d), ro = vbd_readonly(d);
	char path[PATH_MAX];

	nodes_put(n, "device-type", "%s", cd ? "cdrom" : "disk");
	if (!backend) {
		nodes_put(n, "virtual-device", "%u", d->id);
		nodes_put(n, "trusted", "1");
		nodes_put(n, "protocol", "x86_64-abi");
		return;
	}
	if (vbd_is_scripted(d)) {
		script_path(dev_str(d, "script"), path, sizeof(path));
		nodes_put(n, "script", "%s", path);
		snprintf(path, sizeof(path), "%s", dev_str(d, "location"));
	} else {
		vbd_path(dev_str(d, "location"), path, sizeof(path), NULL);
	}
	if (qdisk_has(d)) {
		nodes_put(n, "physical-device-path", "%s", path);
		qdisk_params(d, path, sizeof(path));
		nodes_put(n, "direct-io-safe", "0");
	}
	nodes_put(n, "params", "%s", path);
	nodes_put(n, "dev", "%s", dev_str(d, "device"));
	nodes_put(n, "type", "%s", qdisk_has(d) ? QDISK_KIND : "phy");
	nodes_put(n, "mode", "%s", ro ? "r" :
		xu_val_get_bool(dev_entry(d), "sharable", false) ? "w!" : "w");
	nodes_put(n, "removable", "%d", cd ||
	    xu_val_get_bool(dev_entry(d), "unpluggable", false));
	nodes_put(n, "bootable", "%d",
	    xu_val_get_bool(dev_entry(d), "bootable", false));
	nodes_put(n, "discard-enable", "%d", !ro);
	nodes_put(n, "specification", "xen");
	if (v->rdev == 0)
		return;
	nodes_put(n, "physical-device-path", "%s", v->node);
	nodes_put(n, "physical-device", "%x:%x", major(v->rdev),
	    minor(v->rdev));
	nodes_put(n, "hotplug-status", "connected");
}

static int
part(struct dev *d, struct xu_err *e)
{
	return vbd_script_parted(d) ? qdisk_part(d, e) : 0;
}

static const char *const shown_front[] = { "event-channel", "ring-ref", NULL };
static const char *const shown_back[] = { "physical-device", NULL };

const struct dev_class vbd_class = {
	.kind = "vbd",
	.list = "VBDs",
	.api = "VBD",
	.word = "disk",
	.own_size = sizeof(struct vbd),
	.check = check,
	.describe = describe,
	.prepare = prepare,
	.grant = qdisk_grant,
	.nodes = nodes,
	.release = release,
	.adopt = adopt,
	.model = model,
	.emulated = emulated,
	.hidden = hidden,
	.join = vbd_script_join,
	.awaits = vbd_script_awaits,
	.part = part,
	.lingers = vbd_script_lingers,
	.other_back = QDISK_KIND,
	.other = qdisk_has,
	.closed = qdisk_closed,
	.complaint = qdisk_complaint,
	.shown_front = shown_front,
	.shown_back = shown_back,
	.ops = &vbd_ops,
	.entry = vbd_new_entry,
};

/* ---- for device models ------------------------------------------------------------------- */

int
dev_vbd_each(const struct guest *g,
    int (*f)(void *arg, const struct vbd_view *view), void *arg)
{
	char path[PATH_MAX];
	struct vbd_view view;
	struct xu_list *l;
	struct dev *d;
	int r = 0;

	LIST_FOREACH(l, &g->devs) {
		d = xu_container_of(l, struct dev, all);
		if (d->cls != &vbd_class || d->phase == DEV_OFF || r != 0)
			continue;
		if (vbd_is_scripted(d) ||
		    vbd_path(dev_str(d, "location"), path, sizeof(path),
			NULL) < 0)
			continue;
		view = (struct vbd_view){ .device = dev_str(d, "device"),
			.number = d->id, .rdev = vbd_of(d)->rdev,
			.fd = vbd_of(d)->fd, .path = path,
			.format = vbd_format(d),
			.readonly = vbd_readonly(d), .cdrom = vbd_is_cd(d),
			.served = qdisk_has(d) };
		r = f(arg, &view);
	}
	return r;
}
