/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Disks as objects of their own. In the repository "Local" one is a name for a
 * location; in a repository of type dir it is a file of ours, in one of type lvm a
 * volume; in an ISO library it stands for a file. One that was made is kept in the database until VDI.destroy;
 * one that stands for a VBD's location or for an ISO comes and goes with that.
 */
#ifndef XLD_VDI_H
#define XLD_VDI_H

#include <limits.h>

#include "sr.h"
#include "xu_vdev.h"

struct dev;
struct vdi_copy;

/* Bytes of one of ours. */
#define VDI_SIZE_MOST (INT64_C(64) << 40)

struct vdi {
	char uuid[UUID_TEXT];
	/* The API's fields that its maker set; "SR" is always there. */
	struct xu_val *config;
	/* Of a VBD or an ISO. */
	bool implied;
	/* It is being made, read, grown or removed. */
	bool busy;
	/* What it was is being read (vdi_still.c): it may be used and written to, and
	 * must stay where it is, as it is. */
	bool lent;
	/* The daemon before this one died while it was; vdis_resume has not been
	 * there. */
	bool left;
};

int vdis_open(struct core *c, struct xu_err *e);
/* What was half done when the daemon died is undone or finished. After the machines
 * are known: a disk that one of them has stays. */
void vdis_started(struct core *c);
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
/* A new one's config says of what it keeps the content, and of when; 0: of
 * nothing. */
void vdi_is_snapshot_of(struct xu_val *config, const struct vdi *from,
    int64_t when);
/* It is to go once no machine has it, also when the daemon dies before; its snapshots
 * are those of successor ("" = of nothing) then. */
int vdi_replace(struct core *c, struct vdi *v, const char *successor,
    struct xu_err *e);
/* It stays after all. */
void vdi_replace_not(struct core *c, struct vdi *v);
/* Of its image. */
enum xu_disk_type vdi_format(const struct vdi *v);
/* Bytes a guest sees, *used: what it takes. -1: not known. */
int64_t vdi_size(const struct vdi *v, int64_t *used);

/* ---- vdi_make.c: how one of ours comes and goes -------------------------------- */

/* Says in the database what is being done with it: "made", "removed"; NULL: nothing. */
int vdi_mark(struct core *c, struct vdi *v, const char *state,
    struct xu_err *e);
struct sr *vdi_sr(const struct core *c, const struct vdi *v);
/* Gives it its place in s, and a format ("" = raw). */
int vdi_settle(struct vdi *v, const struct sr *s, const char *format,
    struct xu_err *e);
struct vdi_job;
/* Why it cannot be read from now: -1. by: the machine on whose behalf, which may be
 * paused for that; NULL: nobody's. */
int vdi_read_refused(struct core *c, const struct vdi *v, const struct guest *by,
    struct xu_err *e);
/* Nobody may be making it, have it (or, halted: use it); it is in a repository that
 * makes disks. False: the call was refused. */
bool vdi_is_idle(struct call *k, const struct vdi *v, bool halted);
bool vdi_is_ours(struct call *k, const struct vdi *v);
/* Why from cannot be copied into s: -1. by: as above. */
int vdi_copy_refused(struct core *c, const struct vdi *from, const struct sr *s,
    const struct guest *by, struct xu_err *e);
/* size is no less than what it has. As above, but that v stays. */
void vdi_grow(struct core *c, struct vdi *v, int64_t size, vm_done_f *done,
    void *arg);
/* Nothing of it is left, in database and memory neither; e: what is, and it stays
 * known. done (may be NULL) as above. */
void vdi_drop(struct core *c, struct vdi *v, vm_done_f *done, void *arg);
/* The same, of one that is in the database alone. */
void vdi_drop_unmade(struct core *c, struct vdi *v, vm_done_f *done, void *arg);
/* After a start: what was half done in s (it can be looked at). */
void vdis_resume(struct core *c, struct sr *s);

/* ---- vdi_job.c: what one is filled with ------------------------------------------ */

struct vdi_order {
	/* It is made, all zeros, or (from) with what another one has, which stays busy
	 * meanwhile. */
	struct vdi *v, *from;
	int64_t size;
	/* It still counts as "made" and busy at the end, until vdi_mark. */
	bool half;
	/* from is written to (NULL: it is not): called when there is room, whereupon
	 * whoever writes has to stand still for vdi_make_go_on; and again when he
	 * may go on. Then it waits once more. */
	void (*held)(void *arg);
	void (*progress)(void *arg, int percent);
	/* Called later or before vdi_make returns; with an error v is no more by
	 * then. */
	vm_done_f *done;
	void *arg;
};
/* What it returns is good until done is called, NULL: it has been. */
struct vdi_job *vdi_make(struct core *c, const struct vdi_order *o);
/* One that is held. */
void vdi_make_go_on(struct vdi_job *j);
/* One that is held goes, with what it has made; done is not called. */
void vdi_make_abandon(struct vdi_job *j);
/* One that is not held fails with TASK_CANCELLED, soon. */
void vdi_make_cancel(struct vdi_job *j);

/* ---- vdi_still.c: what one was at a moment ----------------------------------------- */

/* For v, which is in the making: what from has now. done is called later; -1: it
 * cannot be kept. */
int vdi_still(struct core *c, struct vdi *v, const struct vdi *from,
    vm_done_f *done, void *arg, struct xu_err *e);
/* Where that is read. */
int vdi_still_path(const struct core *c, const struct vdi *v,
    char out[PATH_MAX], struct xu_err *e);
/* It is removed, if there is one. done is called later or before it returns. */
void vdi_unstill(struct core *c, struct vdi *v, vm_done_f *done, void *arg);

/* ---- vdi_file.c: files of ours -------------------------------------------------- */

/* Where the file of a disk in such a repository is. */
void vdi_file(const struct sr *s, const struct vdi *v, char out[PATH_MAX]);
/* A new file of that size, all zeros; or (qcow2) an empty image of it. */
int vdi_file_make(const char *path, int64_t size, bool qcow2,
    struct xu_err *e);
/* Longer only. */
int vdi_file_grow(const char *path, int64_t size, bool qcow2,
    struct xu_err *e);

typedef void vdi_copied_f(void *arg, const struct xu_err *e);
/* Fills the file or device, which is made, with what from has, from byte start
 * on; a device's rest with zeros. done is called once, later. NULL: it was not
 * begun. */
struct vdi_copy *vdi_copy_start(struct core *c, const char *from,
    const char *to, int64_t start, void (*progress)(void *arg, int percent),
    vdi_copied_f *done, void *arg, struct xu_err *e);
enum vdi_stream {
	/* What the file or device has: so many bytes. */
	VDI_GIVE,
	/* What it shall have: so many; in a file that becomes as long as what
	 * comes: so many at most. */
	VDI_TAKE,
	VDI_TAKE_IMAGE,
};
/* The same, by a pipe; *client: its other end, the caller's. copy_stream.c tells
 * what goes through it. */
struct vdi_copy *vdi_stream_start(struct core *c, const char *path,
    enum vdi_stream how, int64_t size, int *client,
    void (*progress)(void *arg, int percent), vdi_copied_f *done, void *arg,
    struct xu_err *e);
/* A disk of an archive, and its name there. */
struct vdi_xva {
	char name[16], path[PATH_MAX];
	int64_t size;
	bool qcow2;
};
#define VDI_XVA_DISKS 28
/* The disks go into one (zip: "", gzip, zstd) or come from one (zip NULL), see
 * copy_xva.c; otherwise as above. n: no more than there may be. */
struct vdi_copy *vdi_xva_start(struct core *c, const struct vdi_xva *disks,
    size_t n, const char *zip, int *client,
    void (*progress)(void *arg, int percent), vdi_copied_f *done, void *arg,
    struct xu_err *e);
/* done is called with TASK_CANCELLED, soon. */
void vdi_copy_cancel(struct vdi_copy *y);
void vdi_copies_close(struct core *c);

/* ---- vdi_stream.c: disks that go to clients or come from them --------------------- */

/* VDI.export, VDI.import: what xld-api asks for. [vdi, format, task, length] */
void vdi_export_call(struct call *k);
void vdi_import_call(struct call *k);
/* So many at a time. False: the call was refused. */
bool vdi_transfers_may_begin(struct call *k);
/* One was under way when the daemon died: an image is made anew, empty. */
void vdi_import_left(struct core *c, struct vdi *v);

#endif
