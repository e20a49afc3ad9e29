/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Disks as objects of their own. In the repository "Local" one is a name for a
 * location; in a repository of type dir it is a file of ours; in an ISO library it
 * stands for a file. One that was made is kept in the database until VDI.destroy;
 * one that stands for a VBD's location or for an ISO comes and goes with that.
 */
#ifndef XLD_VDI_H
#define XLD_VDI_H

#include <limits.h>

#include "sr.h"

struct dev;
struct vdi_copy;

struct vdi {
	char uuid[UUID_TEXT];
	/* The API's fields that its maker set; "SR" is always there. */
	struct xu_val *config;
	/* Of a VBD or an ISO. */
	bool implied;
	/* It is being filled; NULL: it is not. */
	struct vdi_copy *copy;
};

int vdis_open(struct core *c, struct xu_err *e);
void vdis_close(struct core *c);
/* Takes config. NULL: out of memory. */
struct vdi *vdi_new(struct core *c, const char *uuid, struct xu_val *config);
/* Out of memory; database and files are the caller's. */
void vdi_forget(struct core *c, struct vdi *v);
struct vdi *vdi_find(const struct core *c, const char *uuid);
/* Steps through who has it: *pos begins as 0. */
struct dev *vdi_user(const struct core *c, const struct vdi *v, size_t *pos);
/* phy:/dev/... or file:/..., as VBDs have it. */
const char *vdi_location(const struct vdi *v);
/* Those that stand for something else: as that is now. */
void vdis_refresh(struct core *c);
/* Adds the references of those in the repository to list; their bytes. */
int64_t vdis_of(struct core *c, const struct sr *s, struct xu_val *list);
struct xu_val *vdi_record(struct core *c, void *vdi);
/* Bytes a guest sees, *used: what it takes. -1: not known. */
int64_t vdi_size(const struct vdi *v, int64_t *used);

/* ---- vdi_file.c: files of ours -------------------------------------------------- */

/* Where the file of a disk in such a repository is. */
void vdi_file(const struct sr *s, const char *uuid, char out[PATH_MAX]);
/* A new file, all zeros. */
int vdi_file_make(const char *path, int64_t size, struct xu_err *e);
/* Longer only. */
int vdi_file_grow(const char *path, int64_t size, struct xu_err *e);

typedef void vdi_copied_f(void *arg, const struct xu_err *e);
/* Fills the file, which is made, with what from has. done is called once, later.
 * NULL: it was not begun. */
struct vdi_copy *vdi_copy_start(struct core *c, const char *from,
    const char *to, void (*progress)(void *arg, int percent),
    vdi_copied_f *done, void *arg, struct xu_err *e);
/* done is called with TASK_CANCELLED, soon. */
void vdi_copy_cancel(struct vdi_copy *y);
void vdi_copies_close(struct core *c);

#endif
