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
#include "cfg_pci.h"
#include "cfg_vif.h"
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
	DS_ARM,
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
/* Switches: member and platform key, key of the file, default. */
/* clang-format off */
#define DOMCFG_HVM_SWITCHES(S)					\
	S(platform_pci, "xen_platform_pci", true)		\
	S(acpi_s3, "acpi_s3", true)				\
	S(acpi_s4, "acpi_s4", true)				\
	S(acpi_laptop_slate, "acpi_laptop_slate", false)	\
	S(hvm_pirq, "hvm_pirq", false)				\
	S(apic, "apic", true)					\
	S(hpet, "hpet", true)					\
	S(pae, "pae", true)					\
	S(nx, "nx", true)					\
	S(vpt_align, "vpt_align", true)
/* Words that go on as they are: member and platform key, key of the file. */
#define DOMCFG_HVM_WORDS(W)			\
	W(hdtype, "hdtype")			\
	W(soundhw, "soundhw")
/* clang-format on */

struct domcfg_hvm {
	char *boot, *vga, *bios, *bios_path, *loader, *device_model;
	/* "pty" or "none"; groups with a space between; one argument a line. */
	char *serial, *viridian, *device_model_args;
	int64_t usb, usb_tablet;
	/* -1 = not given. */
	int64_t timer_mode, mmio_hole_mib;
#define S(member, key, dflt) int64_t member;
	DOMCFG_HVM_SWITCHES(S)
#undef S
#define W(member, key) char *member;
	DOMCFG_HVM_WORDS(W)
#undef W
};

struct domcfg_screen {
	/* Where VNC listens, "" = there is no screen; unused: a free display, from
	 * that number on. */
	char *vnc;
	int64_t unused;
	/* 0 = not given. */
	int64_t videoram_mib;
	char *keymap, *password;
};

/* A domain as the file describes it. Strings are owned; "" = not given. */
struct domcfg {
	char *name, *uuid, *description, *kernel, *ramdisk, *cmdline;
	/* "pvgrub" instead of a kernel. */
	char *bootloader;
	/* Of one that is a program; blanks between words. */
	char *bootloader_args;
	char *on_poweroff, *on_reboot, *on_crash;
	/* Not in the file: its record stays when it does not run. */
	bool kept;
	/* With the host. */
	bool autostart;
	char *at_host_stop;
	int64_t start_order, start_delay, shutdown_delay;
	enum dom_type type;
	uint64_t memory_kib, maxmem_kib;
	uint32_t vcpus, maxvcpus;
	/* Where the vCPUs run, or had better run; n = 0: anywhere. */
	struct domcfg_cpus hard, soft;
	char *pool;
	/* Words of common/xu_vnuma.h; "" = none. */
	char *vnuma;
	/* -1 = not given. */
	int64_t cpu_weight, cpu_cap;
	int64_t max_grant_frames, max_maptrack_frames, max_grant_version,
	    max_event_channels;
	/* 0 default, 1 always emulate, 2 native. */
	int64_t tsc_mode;
	bool nomigrate;
	/* Words of common/xu_cpuid.h; "" = none. */
	char *cpuid;
	/* Seconds, and whether the host's time zone comes on top. */
	int64_t rtc_timeoffset;
	bool localtime;
	/* -1 = not given. */
	int64_t acpi, shadow_mib;
	struct domcfg_hvm hvm;
	struct domcfg_screen screen;
	struct cfg_disk *disks;
	size_t ndisks;
	/* All have a devid. */
	struct cfg_vif *vifs;
	size_t nvifs;
	/* What they do not say is from the keys pci_*. */
	struct cfg_pci *pcis;
	size_t npcis;
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
