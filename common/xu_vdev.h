/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What people write for a guest's disk: names of virtual disks ("xvda", "hdc",
 * "sdb3", "d3p1", "51712") and of what is behind them ("phy:/dev/vg/web",
 * "file:/srv/web.img").
 */
#ifndef XU_VDEV_H
#define XU_VDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xu_err.h"

struct xu_vdev {
	/* As frontends know it. */
	uint32_t number;
	/* Which disk of its kind, from 0; its partition, 0 = the whole disk. */
	uint32_t disk, partition;
	/* 'x' Xen's own, 'h' IDE, 's' SCSI, '?' a bare number. */
	char kind;
};

/*
 * "/dev/" before and ":disk" or ":cdrom" behind the name are passed over.
 * Numbers: docs/misc/vbd-interface of Xen. Errors are VALUE_NOT_SUPPORTED.
 */
int xu_vdev_parse(const char *name, struct xu_vdev *out, struct xu_err *e);
/* The name of a number: "xvda1"; a number without a name as itself. */
void xu_vdev_name(uint32_t number, char *out, size_t room);
/* XenAPI's userdevice: "2" is "xvdc", Xen's own disk of that index. Below 256. */
void xu_vdev_of_index(uint32_t index, char *out, size_t room);
/* The other way; any other device is its name. */
void xu_vdev_user(const char *name, char *out, size_t room);

enum xu_disk_type {
	/* A file or a block device; which is seen when it is opened. */
	XU_DISK_RAW,
	/* Images that a device model reads, for emulated disks. */
	XU_DISK_QCOW2,
	XU_DISK_VHD,
	/* What this needs is not there: see reason. */
	XU_DISK_OTHER,
};

struct xu_disk_target {
	enum xu_disk_type type;
	/* Where the path begins in the text; "" = nothing is in the drive. */
	const char *path;
	/* Of a relative name after phy:. */
	bool below_dev;
	/* "block-iscsi": who brings what such a prefix means, NULL: nobody needs
	 * to; reason is set, too. */
	const char *script;
	/* Why not, as the rest of a sentence that begins with the prefix. */
	const char *reason;
};
/* Prefixes of xm and xl, or none. Borrows from text. */
void xu_disk_target(const char *text, struct xu_disk_target *out);
/* "qcow2", the word of configurations and, with a colon, the prefix; "" = raw. */
const char *xu_disk_type_word(enum xu_disk_type type);

#endif
