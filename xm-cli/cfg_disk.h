/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One disk as configurations and block-attach have it: xm's
 * "phy:/dev/x,xvda,w", xl's "/x,raw,xvda,rw" and "vdev=xvda,target=/x".
 */
#ifndef CFG_DISK_H
#define CFG_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xu_vdev.h"

struct cfg_disk {
	/* What is behind it: a path, as it was written; "" = an empty drive.
	 * Owned, as is vdev. */
	char *path;
	/* What brings it, NULL: nothing does; path is as that wants it then. */
	char *script;
	/* The user said phy: or raw device; relative: below /dev. */
	bool phy;
	enum xu_disk_type format;
	/* "xvda", without "/dev/" and ":cdrom"; and its number. */
	char *vdev;
	uint32_t number;
	/* qdisk: QEMU is to be its backend, whatever the format. */
	bool readonly, sharable, cdrom, removable, qdisk;
};

struct cfg_disk_problem {
	/* In the text; where it is to be pointed at. */
	size_t offset;
	char text[280];
};

/* 0, or -1 with the first mistake. Free with cfg_disk_fini in both cases. */
int cfg_disk_parse(const char *text, struct cfg_disk *d,
    struct cfg_disk_problem *p);
void cfg_disk_fini(struct cfg_disk *d);
/* "phy:/dev/x", "file:/srv/x.img", "qcow2:/srv/x" with relative files taken from folder cwd, ""
 * for an empty drive. The caller frees. */
char *cfg_disk_location(const struct cfg_disk *d, const char *cwd);

#endif
