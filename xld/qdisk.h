/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Disks that no backend of the kernel's can serve, images of a format of their own,
 * and those whose owner says so: a QEMU of the guest's, which draws nothing and
 * emulates nothing, is their backend. It starts with the first of them and ends with
 * the last. (It draws where the guest has a screen: all of a guest's devices that are
 * QEMU's are of one process, because each would serve all of its nodes.)
 *
 * It cannot be restricted to its domain by Xen's libraries (they would close what it
 * serves by), so it has walls of its own: a user id, a root in which there is
 * nothing but the three devices it needs, and a filter that lets it ask the hypervisor
 * for nothing itself. Files it gets as descriptors. QEMU takes from the store what a
 * disk is, where that says /dev/fdset/N, and looks first what lies there under that
 * name: a file or a block device. So its root has two of them with many names.
 */
#ifndef XLD_QDISK_H
#define XLD_QDISK_H

#include "dev.h"
#include "vnc.h"

/* The store's word for its backends. */
#define QDISK_KIND "qdisk"
/* Names of files, and behind them as many of block devices. */
#define QDISK_SETS 128u
/* What it can be started with. */
#define QDISK_MAX 28u

struct qdisk_plan {
	const char *program;
	int32_t domid;
	const char *name;
	/* Where its root is mounted; nobody else sees that. */
	const char *root;
	uint32_t uid;
	/* As the child has it. */
	int qmp;
	/* Of the guest's screen (screen.h); without an address there is none. */
	struct vnc vnc;
	struct {
		int fd;
		unsigned set;
	} disks[QDISK_MAX];
	unsigned n;
};

/* dm_args.c: as dm_args. */
char **qdisk_args(const struct qdisk_plan *p);
/* dm_confine.c: of a struct qdisk_plan. */
int qdisk_confine(const void *plan);

/* Is d one of them? */
bool qdisk_has(const struct dev *d);
/* d is open: it gets a set, and goes to the process when there is one. As
 * dev_class's prepare. */
enum xu_step_result qdisk_prepare(struct dev *d, struct xu_err *e);
/* Starts the process when there is none. */
int qdisk_grant(struct dev *d, struct xu_err *e);
/* What QEMU opens, as the node "params" has it. */
void qdisk_params(const struct dev *d, char *out, size_t room);
/* 1: QEMU has closed the file; 0: not yet, dev_changed follows. */
int qdisk_part(struct dev *d, struct xu_err *e);
/* The backend has closed, whatever the store says: it is dead, or QEMU has refused
 * the disk. */
bool qdisk_closed(const struct dev *d);
/* Why; "" = nothing is known. */
void qdisk_complaint(const struct dev *d, char *out, size_t room);
/* Idempotent. The last one's ends the process. */
void qdisk_release(struct dev *d);
/* The same two for the guest's screen, which the process serves, too. */
int qdisk_grant_screen(struct dev *d, struct xu_err *e);
/* 1: there is nobody who listens for viewers any more, or disks keep it; 0: not
 * yet, dev_changed follows. */
int qdisk_part_screen(struct dev *d, struct xu_err *e);
void qdisk_release_screen(struct dev *d);
/* After a restart of xld. */
void qdisk_adopt_disk(struct dev *d);
/* Before devices are adopted. False: it has died, and disks with it. */
bool qdisk_adopt(struct guest *g, const struct xu_val *record);
void qdisk_keep(const struct guest *g, struct xu_val *record);
void qdisk_forget(struct guest *g);

#endif
