/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The device model of an HVM guest: one QEMU process, spoken to by QMP. It is
 * untrusted: it runs under a user id of its own (qemu.h), in an
 * empty root, under QEMU's seccomp filter and restricted to its domain, and
 * gets files as descriptors. It outlives xld, which finds it again by its
 * record.
 *
 *   dm_args.c     what it is told: a pure function from plan to words
 *   dm_disk.c     emulated disks and their images
 *   dm_cd.c       what is in its CD drives, changed while it runs
 *   dm_log.c      what it says
 *   dm_state.c    its own state, for an image of its guest
 *   dm_confine.c  the walls around it
 *   dm.c          what it is given as it starts
 *   qemu.c        the process, as of any QEMU; qmp.c the protocol
 */
#ifndef XLD_DM_H
#define XLD_DM_H

#include "vnc.h"
#include "xld.h"
#include "xu_vdev.h"

/* --- dm_args.c ----------------------------------------------------------------- */

enum dm_vga {
	DM_VGA_CIRRUS,
	DM_VGA_STD,
	DM_VGA_NONE,
};

/* Descriptors as the child has them; -1 = none. */
struct dm_fds {
	int qmp, kernel, ramdisk;
	/* What it goes on from. */
	int state;
};

/* Places of emulated disks: two channels of two on the board's IDE controller, six
 * ports of an AHCI controller (xl's hdtype), the ids of a SCSI controller but its
 * own. */
#define DM_FIRST_IDE  0u
#define DM_FIRST_AHCI 4u
#define DM_FIRST_SCSI 10u
#define DM_DISKS      17u

enum dm_bus {
	DM_IDE,
	DM_AHCI,
	DM_SCSI,
};

struct dm_disk {
	/* there: something is at this place; cd: a drive, which may be empty. */
	bool there, cd, readonly, block;
	/* As the child has it; -1 = an empty drive. */
	int fd;
	/* Not XU_DISK_OTHER. */
	enum xu_disk_type format;
};

/* What a machine of QEMU has room for beside its other cards. */
#define DM_NICS 8

struct dm_nic {
	uint32_t number;
	char mac[18], model[16];
	/* A tap, as the child has it. */
	int fd;
};

struct dm_plan {
	const char *program;
	int32_t domid;
	const char *name;
	uint64_t memory_mib, video_mib;
	int64_t vcpus, max_vcpus;
	/* Letters of "acdn", as config files have them. */
	const char *boot;
	enum dm_vga vga;
	bool platform_pci, usb, tablet, acpi;
	/* Command line of a kernel that is booted directly. */
	const char *args;
	struct vnc vnc;
	/* It has network cards. */
	bool net;
	/* FIFOs of the serial line, without their ends; NULL = none. */
	const char *serial;
	/* Of QEMU's own cards; NULL = none. */
	const char *sound;
	/* Words of the owner's at the end, one a line; NULL = none. */
	const char *extra;
	struct dm_disk disks[DM_DISKS];
	struct dm_nic nics[DM_NICS];
	unsigned nnics;
	/* An empty folder. */
	const char *root;
	struct dm_fds fds;
};

/* A struct of config into a plan; strings are borrowed from it. -1: a value is
 * not possible. */
int dm_plan_from(const struct xu_val *config, struct dm_plan *p,
    struct xu_err *e);
/* MiB of video memory for a machine of that config. */
uint64_t dm_video_mib(const struct xu_val *config);
/* The owner's choice, or the first that there is on this host. */
const char *dm_program(const struct xu_val *config);
/* NULL-terminated, every word and the list to be freed by dm_args_free. NULL: no
 * memory. */
char **dm_args(const struct dm_plan *p);
void dm_args_free(char **args);

/* --- dm_disk.c ---------------------------------------------------------------- */

/* Are the hard disks of a machine of that config on an AHCI controller? */
bool dm_has_ahci(const struct xu_val *config);
/* Where an HVM machine has a disk or (cd) drive of that name. -1: nowhere, only PV drivers see it. */
int dm_place(const char *device, bool cd, bool ahci);
enum dm_bus dm_bus_of(unsigned place);
/* The arguments of QMP's blockdev-add for what is at a place. */
struct xu_val *dm_medium(const struct dm_disk *d, unsigned place);
/* Why a device model may not have that image, as a sentence; NULL: it may. Reads
 * a header of fixed size and follows nothing in it. */
const char *dm_image_fault(int fd, enum xu_disk_type format);

/* --- dm_confine.c ------------------------------------------------------------- */

/* In the process that becomes the device model of a struct dm_plan. -1 with
 * errno: without these walls it must not run. */
int dm_confine(const void *plan);
/* Refuses this process and its children what programs that handle a guest's bytes
 * have no business with; may_start: it may start programs. -1 with errno. */
int dm_filter(bool may_start);

/* --- dm.c ------------------------------------------------------------------------ */

/* Called once: e NULL = it serves its domain. */
typedef void dm_ready_f(void *arg, const struct xu_err *e);

/* Starts it for the guest's present domain, which is built and paused. kernel and
 * ramdisk (borrowed): -1 = it boots from a device. state (borrowed): what another one
 * wrote when the guest was saved; -1 = it begins anew. */
int dm_start(struct guest *g, int kernel_fd, int ramdisk_fd, int state_fd,
    dm_ready_f *ready, void *arg, struct xu_err *e);
/* After a restart of the daemon: v is the guest's record. False: it is dead. */
bool dm_adopt(struct guest *g, const struct xu_val *v);
/* 0: it has none. */
pid_t dm_pid(const struct guest *g);
/* What dm_adopt needs. */
void dm_keep(const struct guest *g, struct xu_val *v);
/* What it is spoken to by; NULL: there is no connection. */
struct qmp *dm_qmp(const struct guest *g);
/* Has it a drive of that name? What a guest got later than
 * at its start only its PV drivers see. */
bool dm_has_cd(const struct guest *g, const char *device);
/* Ends it, calls f (may be NULL) when it is gone, at once when there is none. */
void dm_stop(struct guest *g, void (*f)(void *arg), void *arg);
/* The guest goes away; a process that was not stopped lives on. */
void dm_forget(struct guest *g);

/* --- dm_cd.c ------------------------------------------------------------------- */

/* For the names of drive, medium and set of descriptors at a place. */
#define DM_DRIVE  "drive%u"
#define DM_MEDIUM "disk%u"

/*
 * Takes out what is in an emulated CD drive, if anything is, and puts in the file
 * or block device fd (borrowed, -1 = nothing), which QEMU (NULL: it is not there)
 * gets as a descriptor.
 * done is called once and later, unless -1 is returned. A drive that the guest
 * has locked opens all the same, as with a paper clip.
 */
int dm_cd_change(uv_loop_t *loop, struct qmp *qmp, unsigned place, int fd,
    vm_done_f *done, void *arg, struct xu_err *e);

/* --- dm_log.c ------------------------------------------------------------------- */

/* A new one, the last under another name; a descriptor to write it, or -1. */
int dm_log_open(const char *log, struct xu_err *e);
/* Kept short while it is written; what was said last stays. */
void dm_log_trim(const char *log);
/* For an error: its last line, printable. */
void dm_log_words(const char *log, char *out, size_t room);

/* --- dm_state.c ------------------------------------------------------------------ */

/* A file in memory for it; -1 with an error. */
int dm_state_file(struct xu_err *e);
/* QEMU (NULL: it is not there) stops and writes its state to fd (borrowed). done is
 * called once and later, unless -1 is returned. */
int dm_save(uv_loop_t *loop, struct qmp *qmp, int fd, vm_done_f *done,
    void *arg, struct xu_err *e);
/* What it writes to the guest's memory is in Xen's log from now on. As dm_save. */
int dm_log_writes(uv_loop_t *loop, struct qmp *qmp, vm_done_f *done,
    void *arg, struct xu_err *e);
/* QEMU does not survive being told to stop what it never began; to begin once more
 * does no harm. */
void dm_log_stop(struct qmp *qmp);
/* dm.c: one that was stopped goes on, and go_on_model is told, also when it dies; one
 * that logged, or may have, does not. Both wait until it can be talked to; without
 * one they do nothing. */
void dm_go_on(struct guest *g);
void dm_log_no_more(struct guest *g);

#endif
