/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Disks. An entry of "VBDs" has: uuid, VDI (uuid of one that was made
 * beforehand, or ""), device ("xvda"), mode (RO, RW), type (Disk, CD), bootable,
 * sharable (xm's "w!": others may have it, too), location ("phy:/dev/x",
 * "file:/x.img", "qcow2:/x", "" = an empty drive), backendtype ("", phy, qdisk),
 * script (see vbd_script.c: location is its own matter then), plug (see dev.h), and
 * the API's maps.
 *
 * The kernel's backend knows raw disks only. An image of a format of its own has
 * QEMU as its backend (qdisk.h), as has a raw disk whose backendtype is qdisk; or it
 * is an emulated disk of an HVM guest and nothing else.
 */
#ifndef XLD_VBD_H
#define XLD_VBD_H

#include <sys/stat.h>

#include "dev.h"
#include "loop.h"
#include "qdisk.h"
#include "xu_vdev.h"

/* What prepare has taken. */
struct vbd {
	/* The file or block device, -1 = not open (empty, or adopted). */
	int fd;
	struct loop loop;
	/* What the guest's backend opens, 0 = an empty drive. */
	dev_t rdev;
	char node[64];
	/* What others must not have: a block device, or a file of a file system;
	 * held: it is known. */
	bool held, block;
	dev_t dev;
	ino_t ino;
	/* Of one that QEMU serves, see qdisk.c: the set that has its file; on its
	 * way to QEMU; QEMU has been told to let go of it, and has; it did not
	 * take it; what was said of that, from where in the log on. */
	unsigned set;
	bool giving, leaving, closed, refused;
	char said[300];
	off_t log_from;
	/* Of one that a script brings: while it runs; "add" was begun, and has
	 * ended well. */
	struct script *script;
	bool added, joined;
};

static inline struct vbd *
vbd_of(const struct dev *d)
{
	return d->own;
}

/* The path in a location; "" = an empty drive. -1: it is none we can use. */
int vbd_path(const char *location, char *out, size_t room, struct xu_err *e);
bool vbd_readonly(const struct dev *d);
enum xu_disk_type vbd_format(const struct dev *d);
bool vbd_is_cd(const struct dev *d);

/* Could location be in the drive d, as far as can be seen beforehand? Nothing is
 * taken. "" can. */
int vbd_medium(const struct dev *d, const char *location, struct xu_err *e);

/* vbd_script.c; as the class's functions, of any disk. */
bool vbd_is_scripted(const struct dev *d);
int vbd_script_prepare(const struct dev *d, struct xu_err *e);
int vbd_script_join(struct dev *d, struct xu_err *e);
/* False: "remove" runs. */
bool vbd_script_parted(struct dev *d);
bool vbd_script_lingers(const struct dev *d);
void vbd_script_release(struct dev *d);
void vbd_script_adopt(struct dev *d);
void vbd_script_awaits(const struct dev *d, char *out, size_t room);

/* vbd_api.c */
struct xu_val *vbd_new_entry(struct call *k, const struct guest *g,
    const struct xu_val *args, struct xu_err *e);

/* vbd_share.c: may this guest have what st says, or who has it? */
int vbd_share(const struct dev *d, const char *path, const struct stat *st,
    struct xu_err *e);

/*
 * vbd_lock.c: QEMU's programs lock the images they have open, in a way that goes with
 * the open file and so to whom it is handed. Takes such a lock, or says who is in the
 * way.
 */
int vbd_lock(int fd, bool readonly, const char *path, struct xu_err *e);

/* One disk of a guest as a device model needs it. */
struct vbd_view {
	/* As in the config ("hda"), and as a number of vbd-interface. */
	const char *device;
	uint32_t number;
	/* What its backend opens; 0: the drive is empty. */
	dev_t rdev;
	/* Borrowed, of the file or block device; -1: the drive is empty. */
	int fd;
	const char *path;
	enum xu_disk_type format;
	/* served: by QEMU, to the PV driver. */
	bool readonly, cdrom, served;
};
/*
 * Calls f for each disk of a guest that is prepared (from the step
 * "device-prepare" of its creation on), in the order of its config, until f gives
 * other than 0, which is returned.
 */
int dev_vbd_each(const struct guest *g,
    int (*f)(void *arg, const struct vbd_view *v), void *arg);

/* metrics_api.c: what the kernel's backend has counted; leaf: of its statistics.
 * vbd_bytes: of one that counts sectors. */
uint64_t vbd_count(const struct dev *d, const char *leaf);
uint64_t vbd_bytes(const struct dev *d, const char *leaf);

#endif
