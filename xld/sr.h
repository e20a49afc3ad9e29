/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Storage repositories: where disks lie.
 *
 *   local  files and devices wherever they are, made by others; there is one
 *   dir    a folder that has a file UUID.raw or UUID.qcow2 for each disk, made here
 *   lvm    a volume group of others' that has a volume xld-UUID for each disk
 *   iso    a folder of others' *.iso files, which are read only
 */
#ifndef XLD_SR_H
#define XLD_SR_H

#include <limits.h>

#include "xld.h"

enum sr_type {
	SR_LOCAL,
	SR_DIR,
	SR_LVM,
	SR_ISO,
	SR_TYPES,
};

struct sr {
	char uuid[UUID_TEXT];
	enum sr_type type;
	/* The API's fields that its maker set. */
	struct xu_val *config;
	/* Of a volume group, as seen last: bytes; -1 = it is not there. */
	int64_t size, room, extent;
	/* Somebody has, since the daemon's start. */
	bool looked;
};

int srs_open(struct core *c, struct xu_err *e);
void srs_close(struct core *c);
struct sr *sr_find(const struct core *c, const char *uuid);
/* The one of files and devices wherever they are. */
struct sr *sr_local(const struct core *c);
/* Of dir and iso; "" = it has none. */
const char *sr_folder(const struct sr *s);
/* Of lvm. */
const char *sr_group(const struct sr *s);
/* Are disks made here? */
bool sr_makes(const struct sr *s);
const char *sr_type_word(enum sr_type t);
/* Calls f for each *.iso of the repository. */
void sr_each_iso(const struct sr *s,
    void (*f)(void *arg, const struct sr *s, const char *file), void *arg);

extern const struct class_ops sm_ops;

/* ---- sr_lvm.c: volumes ---------------------------------------------------------- */

/* Can a volume group have that name? */
bool lvm_group_ok(const char *name);
/* What vgs says, see there: size, what is free, extents, in bytes. */
bool lvm_read_figures(const char *text, int64_t *size, int64_t *room,
    int64_t *extent);
/* The device of a disk's volume. */
void lvm_path(const struct sr *s, const char *uuid, char out[PATH_MAX]);
/* All call done (may be NULL) later, unless -1 is returned. Looks what there is;
 * activate: its volumes have devices from then on. */
int lvm_look(struct core *c, struct sr *s, bool activate, vm_done_f *done,
    void *arg, struct xu_err *e);
int lvm_make(struct core *c, struct sr *s, const char *uuid, int64_t size,
    vm_done_f *done, void *arg, struct xu_err *e);
/* It has had `was` bytes. */
int lvm_grow(struct core *c, struct sr *s, const char *uuid, int64_t was,
    int64_t size, vm_done_f *done, void *arg, struct xu_err *e);
/* The volume of disk `of`, which has so many bytes, as it is now, for disk uuid;
 * where it is; it goes. */
int lvm_still(struct core *c, struct sr *s, const char *of, const char *uuid,
    int64_t size, vm_done_f *done, void *arg, struct xu_err *e);
void lvm_still_path(const struct sr *s, const char *uuid, char out[PATH_MAX]);
int lvm_unstill(struct core *c, struct sr *s, const char *uuid,
    vm_done_f *done, void *arg, struct xu_err *e);
/* One that is not there is removed. */
int lvm_remove(struct core *c, struct sr *s, const char *uuid,
    vm_done_f *done, void *arg, struct xu_err *e);

#endif
