/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Meaning of a domain configuration: settings -> struct domcfg, checked
 * against model/domcfg.h. Touches no file but the configuration itself and
 * needs no Xen, so `xm create -n` works on any machine.
 */
#ifndef CFG_BIND_H
#define CFG_BIND_H

#include <stdbool.h>
#include <stdint.h>

#include "cfg.h"
#include "cfg_disk.h"
#include "domstate.h"

enum domcfg_kind {
	DK_STR,
	DK_INT,
	DK_OFFSET,
	DK_BOOL,
	DK_MIB,
	DK_UUID,
	DK_ACTION,
	DK_LIST,
	DK_ANY,
};

enum domcfg_status {
	DS_NOW,
	DS_LATER,
	DS_FULL,
	DS_HVM,
	DS_HVM_LATER,
	DS_OLD,
};

struct domcfg_key {
	const char *name;
	enum domcfg_kind kind;
	enum domcfg_status status;
	const char *dflt;
	const char *help;
};

extern const struct domcfg_key domcfg_keys[];
extern const size_t domcfg_nkeys;

const struct domcfg_key *domcfg_find(const char *name);
/* The key nearest in spelling, or NULL when none is near. */
const char *domcfg_nearest(const char *name);

struct domcfg_cpus {
	char **sets;
	size_t n;
	/* One set for all vCPUs. */
	bool for_all;
};

/* What only HVM guests have. -1, "" and NULL = not given. */
struct domcfg_hvm {
	char *boot, *vga, *bios_path, *loader, *device_model;
	/* Where VNC listens, "" = none; a display number, or a free one from it
	 * on. */
	char *vnc;
	int64_t videoram_mib, vnc_unused, usb, usb_tablet, platform_pci,
	    acpi_s3, acpi_s4, acpi_laptop_slate, hvm_pirq;
};

/* A domain as the file describes it. Strings are owned; "" = not given. */
struct domcfg {
	char *name, *uuid, *description, *kernel, *ramdisk, *cmdline;
	char *on_poweroff, *on_reboot, *on_crash;
	enum dom_type type;
	uint64_t memory_kib, maxmem_kib;
	uint32_t vcpus, maxvcpus;
	/* Where the vCPUs run, or had better run; n = 0: anywhere. */
	struct domcfg_cpus hard, soft;
	char *pool;
	/* -1 = not given. */
	int64_t cpu_weight, cpu_cap;
	int64_t max_grant_frames, max_maptrack_frames, max_grant_version,
	    max_event_channels;
	/* 0 default, 1 always emulate, 2 native. */
	int64_t tsc_mode;
	/* Seconds, and whether the host's time zone comes on top. */
	int64_t rtc_timeoffset;
	bool localtime;
	/* -1 = not given. */
	int64_t acpi, shadow_mib;
	struct domcfg_hvm hvm;
	struct cfg_disk *disks;
	size_t ndisks;
};

/*
 * All problems are found in one run: each is a line "file:line:col: text" in
 * `report`; warnings are lines too, with "warning: " before the text. Returns the
 * number of errors; with 0 *d is complete. file_name gives the default name.
 */
unsigned domcfg_bind(const struct cfg *c, const char *file_name,
    struct domcfg *d, struct xu_buf *report);
void domcfg_fini(struct domcfg *d);

#endif
