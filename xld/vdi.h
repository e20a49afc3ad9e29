/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Disks as objects of their own: a name for a location. One that VDI.create made
 * is kept in a file until VDI.destroy; one that stands for a VBD's location comes
 * and goes with the VBD. All lie in the one SR there is, "Local".
 */
#ifndef XLD_VDI_H
#define XLD_VDI_H

#include "xld.h"

struct vdi {
	char uuid[UUID_TEXT];
	/* The API's fields that its maker set. */
	struct xu_val *config;
	/* Of a VBD. */
	bool implied;
};

int vdis_open(struct core *c, struct xu_err *e);
void vdis_close(struct core *c);
struct vdi *vdi_find(const struct core *c, const char *uuid);
const char *vdi_location(const struct vdi *v);

#endif
