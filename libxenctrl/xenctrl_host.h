/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host: where its PCI devices are, power management, processors coming and
 * going, trace buffers, counters of debug builds, live patches, the
 * hypervisor's file system, Flask, platform operations, resource control,
 * kexec. Part of xenctrl.h, which has the conventions.
 *
 * ENOTSUP stands for "not in this build of Xen, or not on this processor".
 * CPU numbers are the hypervisor's (0..xc_physinfo.max_cpu_id); one that is not
 * there or not online is EINVAL or ENODEV.
 */
#ifndef XENCTRL_HOST_H
#define XENCTRL_HOST_H

#include "xenctrl.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- facts --------------------------------------------------------------- */

enum xc_version_text {
	XC_VERSION_EXTRA,
	XC_VERSION_CAPABILITIES,
	XC_VERSION_CHANGESET,
	XC_VERSION_COMMANDLINE,
};
/*
 * Whole, however long; releases before 4.20 cut it at 15, 1023, 63 and 1023
 * characters. Returns its length; text (max bytes, 1..65541) gets it with a NUL.
 * ENOBUFS: longer than max - 1.
 */
int xc_version_text(xc_interface *xch, enum xc_version_text which, char *text,
    size_t max);

struct xc_pci_device {
	uint16_t segment;
	uint8_t bus, devfn;
};
#define XC_PCI_NO_NODE	 0xffffffffu
#define XC_PCI_NO_DEVICE 0xfffffffeu
/* The NUMA node of each device, or one of the two above; n is 1..65536. */
int xc_pcitopoinfo(xc_interface *xch, const struct xc_pci_device *devices,
    uint32_t *nodes, uint32_t n);

/* --- processors coming and going ----------------------------------------- */

/* EBUSY: another such operation runs, or the CPU is the last of a pool. CPU 0
 * stays (EINVAL, EBUSY). */
int xc_cpu_online(xc_interface *xch, uint32_t cpu);
int xc_cpu_offline(xc_interface *xch, uint32_t cpu);
/* All sibling threads at once. */
int xc_smt_enable(xc_interface *xch);
int xc_smt_disable(xc_interface *xch);

/* --- power: statistics ---------------------------------------------------- */

/* ENODEV: the hypervisor does not manage these states here. */

struct xc_px_val {
	/* MHz; nanoseconds; how often it was entered. */
	uint64_t freq_mhz, residency_ns, count;
};
struct xc_px_stat {
	/* Number of states, of usable ones, and the states before and now. */
	uint8_t total, usable, last, cur;
};
/* Number of performance states. */
int xc_pm_get_max_px(xc_interface *xch, uint32_t cpu);
/*
 * Fills the first states of values (may be NULL) and rows of transitions (may
 * be NULL; [i * max + j]: from state i to j), at most max (0..255) of them. The
 * transitions are zero if the number of states grew during the call.
 */
int xc_pm_get_pxstat(xc_interface *xch, uint32_t cpu, struct xc_px_stat *out,
    struct xc_px_val *values, uint64_t *transitions, uint32_t max);
int xc_pm_reset_pxstat(xc_interface *xch, uint32_t cpu);

#define XC_CX_MAX 32
struct xc_cx_stat {
	/* States including C0, at most XC_CX_MAX; the last one entered. */
	uint32_t nr, last;
	/* Nanoseconds. */
	uint64_t idle_ns;
	uint64_t triggers[XC_CX_MAX], residencies_ns[XC_CX_MAX];
	/* Hardware's counters of package and core states, PC1/CC1 first; ~0
	 * where there is none. */
	uint32_t nr_pc, nr_cc;
	uint64_t pc[XC_CX_MAX], cc[XC_CX_MAX];
};
int xc_pm_get_max_cx(xc_interface *xch, uint32_t cpu);
int xc_pm_get_cxstat(xc_interface *xch, uint32_t cpu, struct xc_cx_stat *out);
int xc_pm_reset_cxstat(xc_interface *xch, uint32_t cpu);

/* --- power: frequencies and idle states ---------------------------------- */

#define XC_CPUFREQ_NAME 16

/* Collaborative processor performance control: unit-less levels of hardware. */
struct xc_cppc {
	/* activity_window means something. */
	bool has_activity_window;
	uint32_t lowest, lowest_nonlinear, nominal, highest;
	uint32_t minimum, maximum, desired, energy_perf, activity_window;
};

/* kHz. */
struct xc_cpufreq_para {
	char driver[XC_CPUFREQ_NAME + 1];
	uint32_t cpuinfo_cur, cpuinfo_max, cpuinfo_min;
	/* The driver leaves it to hardware: see xc_get_cpufreq_cppc; the rest
	 * but turbo is 0. Since Xen 4.18. */
	bool hardware;
	char governor[XC_CPUFREQ_NAME + 1];
	uint32_t scaling_cur, scaling_max, scaling_min;
	/* The governor's own: userspace has setspeed (kHz), ondemand the rest
	 * (us; percent). */
	uint32_t setspeed;
	uint32_t sampling_rate_max, sampling_rate_min, sampling_rate;
	uint32_t up_threshold;
	bool turbo;
	/* How many there are; the arrays get at most their room. */
	uint32_t nr_cpus, nr_freqs, nr_governors;
};
/*
 * cpus: those that change together, frequencies: kHz, governors: names of
 * XC_CPUFREQ_NAME bytes each, zero-filled, room for max (1..16384) entries each;
 * any may be NULL. ENODEV, ENOTSUP: Xen does not manage frequencies here.
 */
int xc_get_cpufreq_para(xc_interface *xch, uint32_t cpu,
    struct xc_cpufreq_para *out, uint32_t *cpus, uint32_t *frequencies,
    char *governors, uint32_t max);
/* EINVAL: no such governor; a name has 1 to 15 characters. */
int xc_set_cpufreq_gov(xc_interface *xch, uint32_t cpu, const char *governor);
enum xc_cpufreq_ctrl {
	XC_CPUFREQ_SCALING_MAX = 1,
	XC_CPUFREQ_SCALING_MIN = 2,
	XC_CPUFREQ_SETSPEED = 3,
	XC_CPUFREQ_SAMPLING_RATE = 4,
	XC_CPUFREQ_UP_THRESHOLD = 5,
};
int xc_set_cpufreq_para(xc_interface *xch, uint32_t cpu,
    enum xc_cpufreq_ctrl what, uint32_t value);
/* The average since the last question, kHz. */
int xc_get_cpufreq_avgfreq(xc_interface *xch, uint32_t cpu, uint64_t *khz);
/* Since Xen 4.18. ENODEV: this processor's driver is another. */
int xc_get_cpufreq_cppc(xc_interface *xch, uint32_t cpu, struct xc_cppc *out);
#define XC_CPPC_SET_MINIMUM	    (1u << 0)
#define XC_CPPC_SET_MAXIMUM	    (1u << 1)
#define XC_CPPC_SET_DESIRED	    (1u << 2)
#define XC_CPPC_SET_ENERGY_PERF	    (1u << 3)
#define XC_CPPC_SET_ACTIVITY_WINDOW (1u << 4)
#define XC_CPPC_PRESET_BALANCE	    0x10000000u
#define XC_CPPC_PRESET_POWERSAVE    0x20000000u
#define XC_CPPC_PRESET_PERFORMANCE  0x30000000u
/* *set: in which of in's fields to set, over a preset; out what was done. Since
 * Xen 4.18. */
int xc_set_cpufreq_cppc(xc_interface *xch, uint32_t cpu,
    const struct xc_cppc *in, uint32_t *set);
/* EACCES: no driver for it. */
int xc_enable_turbo(xc_interface *xch, uint32_t cpu);
int xc_disable_turbo(xc_interface *xch, uint32_t cpu);
/* Threads of a core share work (1) or spread it (0); returns the old value. */
int xc_set_sched_opt_smt(xc_interface *xch, uint32_t on);
#define XC_CSTATE_UNLIMITED 0xffffffffu
int xc_get_cpuidle_max_cstate(xc_interface *xch, uint32_t *state);
int xc_set_cpuidle_max_cstate(xc_interface *xch, uint32_t state);
int xc_get_cpuidle_max_csubstate(xc_interface *xch, uint32_t *substate);
int xc_set_cpuidle_max_csubstate(xc_interface *xch, uint32_t substate);

/* --- trace buffers (xen/trace.h) ------------------------------------------ */

struct xc_tbuf_info {
	/* The descriptor (struct t_info): its first frame, which is
	 * XC_DOMID_XEN's, for xc_map_foreign_range, and its bytes; 0 while
	 * there are no buffers. */
	uint64_t mfn;
	uint32_t bytes;
	uint32_t event_mask;
};
int xc_tbuf_get_info(xc_interface *xch, struct xc_tbuf_info *out);
/* Pages of each CPU's buffer, 1..65535, once per boot: EINVAL or EBUSY
 * later unless it is the same number. */
int xc_tbuf_set_size(xc_interface *xch, uint32_t pages);
/* EINVAL: no buffers yet. */
int xc_tbuf_enable(xc_interface *xch);
int xc_tbuf_disable(xc_interface *xch);
/* bytes 1..2048; at least one CPU. */
int xc_tbuf_set_cpu_mask(xc_interface *xch, const uint8_t *mask, size_t bytes);
/* TRC_* classes of xen/trace.h. */
int xc_tbuf_set_evt_mask(xc_interface *xch, uint32_t mask);

/* --- counters of special builds (else ENOTSUP) ---------------------------- */

struct xc_perfc_desc {
	char name[81];
	/* How many of the values belong to it. */
	uint32_t nr_vals;
};
/* Numbers of counters and of values. */
int xc_perfc_query_number(xc_interface *xch, uint32_t *counters,
    uint32_t *values);
/* At most max_desc and max_vals (1..1048576) are filled; returns how many
 * counters. ENOBUFS: there is more. */
int xc_perfc_query(xc_interface *xch, struct xc_perfc_desc *desc,
    uint32_t max_desc, uint32_t *vals, uint32_t max_vals);
int xc_perfc_reset(xc_interface *xch);

struct xc_lockprof_data {
	char name[41];
	/* 0 of the hypervisor, 1 of a domain: its id. */
	int32_t type, idx;
	/* How often taken and waited for; nanoseconds held and waited. */
	uint64_t lock_cnt, block_cnt, lock_ns, block_ns;
};
int xc_lockprof_query_number(xc_interface *xch, uint32_t *locks);
/* Returns how many of max (1..1048576) were filled; *ns (may be NULL): time
 * measured. */
int xc_lockprof_query(xc_interface *xch, struct xc_lockprof_data *out,
    uint32_t max, uint64_t *ns);
int xc_lockprof_reset(xc_interface *xch);

/* Bytes of coverage data; xc_coverage_read wants as many (1..64 Mi), and sets
 * *size to what came. */
int xc_coverage_size(xc_interface *xch, uint32_t *size);
int xc_coverage_read(xc_interface *xch, void *buf, uint32_t *size);
int xc_coverage_reset(xc_interface *xch);

/* --- live patches ---------------------------------------------------------- */

/* Names have 1..127 characters. ENOENT: no such patch. */

#define XC_LIVEPATCH_NAME     128
#define XC_LIVEPATCH_CHECKED  1u
#define XC_LIVEPATCH_APPLIED  2u
/* Load it although it was made for another build. Since Xen 4.19. */
#define XC_LIVEPATCH_FORCE    (1u << 0)
/* Of apply and replace: do not demand the patch it was made on top of. */
#define XC_LIVEPATCH_NODEPS   (1u << 0)

struct xc_livepatch_status {
	/* XC_LIVEPATCH_CHECKED or APPLIED. */
	uint32_t state;
	/* 0 done, EAGAIN under way, another errno: why it failed. */
	int error;
};
/* An ELF file of at most 2 MiB. EEXIST: the name is taken; EINVAL, ENOEXEC,
 * EOPNOTSUPP: not such a file, or for another build. */
int xc_livepatch_upload(xc_interface *xch, const char *name,
    const void *payload, size_t size, uint32_t flags);
int xc_livepatch_get(xc_interface *xch, const char *name,
    struct xc_livepatch_status *out);
struct xc_livepatch {
	char name[XC_LIVEPATCH_NAME];
	struct xc_livepatch_status status;
};
/* From number first on, at most max (1..1024); returns how many; *left (may be
 * NULL): how many follow. */
int xc_livepatch_list(xc_interface *xch, uint32_t first,
    struct xc_livepatch *out, uint32_t max, uint32_t *left);
/* Asked for here, done later: see xc_livepatch_get. timeout_ns 0: Xen's. EBUSY:
 * another one is under way; EINVAL: not in this state. */
int xc_livepatch_apply(xc_interface *xch, const char *name,
    uint32_t timeout_ns, uint32_t flags);
int xc_livepatch_revert(xc_interface *xch, const char *name,
    uint32_t timeout_ns, uint32_t flags);
int xc_livepatch_replace(xc_interface *xch, const char *name,
    uint32_t timeout_ns, uint32_t flags);
int xc_livepatch_unload(xc_interface *xch, const char *name,
    uint32_t timeout_ns, uint32_t flags);

/* --- the hypervisor's file system ------------------------------------------ */

/* Paths are absolute, at most 1023 bytes. ENOENT: no such entry. */

enum xc_hypfs_type {
	XC_HYPFS_DIR = 0,
	XC_HYPFS_BLOB = 1,
	XC_HYPFS_STRING = 2,
	XC_HYPFS_UINT = 3,
	XC_HYPFS_INT = 4,
	XC_HYPFS_BOOL = 5,
};
struct xc_hypfs_entry {
	enum xc_hypfs_type type;
	/* The content is compressed with gzip. */
	bool gzip;
	/* Bytes; and how many may be written, 0: read-only. */
	uint32_t size, max_write;
	char name[256];
};
/* Highest version of the interface. */
int xc_hypfs_version(xc_interface *xch);
/* The entry (its name is the path's last part) and its content: numbers and
 * booleans in the hypervisor's binary form. Returns the bytes. ENOBUFS: more than
 * max (0..16 Mi), out tells how many. EISDIR: a directory. */
int64_t xc_hypfs_read(xc_interface *xch, const char *path,
    struct xc_hypfs_entry *out, void *buf, size_t max);
/* Entries of a directory; returns how many there are, of which at most max
 * (0..65536) are filled in. ENOTDIR. */
int xc_hypfs_list(xc_interface *xch, const char *path,
    struct xc_hypfs_entry *out, uint32_t max);
/* EACCES: read-only; EINVAL, ERANGE, ENOSPC: not such a value, or too long;
 * EISDIR. size is 1..1 Mi; a string's NUL counts. */
int xc_hypfs_write(xc_interface *xch, const char *path, const void *buf,
    size_t size);

/* --- Flask (ENOTSUP without XSM) ------------------------------------------- */

/* Contexts are strings of at most 1023 bytes. */

int xc_flask_load(xc_interface *xch, const void *policy, uint32_t size);
/* 1 enforcing, 0 permissive. */
int xc_flask_getenforce(xc_interface *xch);
int xc_flask_setenforce(xc_interface *xch, bool enforcing);
int xc_flask_policyvers(xc_interface *xch);
int xc_flask_context_to_sid(xc_interface *xch, const char *context,
    uint32_t *sid);
/* ENOBUFS: longer than max (1..1024) with its NUL. */
int xc_flask_sid_to_context(xc_interface *xch, uint32_t sid, char *context,
    size_t max);
struct xc_flask_access {
	uint32_t allowed, audit_allow, audit_deny, seqno;
};
int xc_flask_access(xc_interface *xch, uint32_t ssid, uint32_t tsid,
    uint32_t tclass, uint32_t req, struct xc_flask_access *out);
/* A new object's label: created by, relabelled, member of. */
int xc_flask_create(xc_interface *xch, uint32_t ssid, uint32_t tsid,
    uint32_t tclass, uint32_t *newsid);
int xc_flask_relabel(xc_interface *xch, uint32_t ssid, uint32_t tsid,
    uint32_t tclass, uint32_t *newsid);
int xc_flask_member(xc_interface *xch, uint32_t ssid, uint32_t tsid,
    uint32_t tclass, uint32_t *newsid);
struct xc_flask_bool {
	uint32_t id;
	bool value, pending;
	char name[256];
};
int xc_flask_getbool_byid(xc_interface *xch, uint32_t id,
    struct xc_flask_bool *out);
int xc_flask_getbool_byname(xc_interface *xch, const char *name,
    struct xc_flask_bool *out);
/* commit: at once, else at xc_flask_commitbools. */
int xc_flask_setbool(xc_interface *xch, const char *name, bool value,
    bool commit);
int xc_flask_commitbools(xc_interface *xch);
int xc_flask_avc_get_threshold(xc_interface *xch, uint32_t *threshold);
int xc_flask_avc_set_threshold(xc_interface *xch, uint32_t threshold);
struct xc_flask_hashstats {
	uint32_t entries, buckets_used, buckets_total, max_chain;
};
int xc_flask_avc_hashstats(xc_interface *xch, struct xc_flask_hashstats *out);
struct xc_flask_cachestats {
	uint32_t lookups, hits, misses, allocations, reclaims, frees;
};
/* ENOENT: no such CPU. */
int xc_flask_avc_cachestats(xc_interface *xch, uint32_t cpu,
    struct xc_flask_cachestats *out);
enum xc_flask_object {
	/* Numbers are interrupts, ports, frames, and seg:bus:dev.fn words. */
	XC_FLASK_PIRQ = 1,
	XC_FLASK_IOPORT = 2,
	XC_FLASK_IOMEM = 3,
	XC_FLASK_DEVICE = 4,
};
/* Labels the objects low..high. EEXIST; del: ENOENT. */
int xc_flask_add_ocontext(xc_interface *xch, enum xc_flask_object kind,
    uint64_t low, uint64_t high, const char *context);
int xc_flask_del_ocontext(xc_interface *xch, enum xc_flask_object kind,
    uint64_t low, uint64_t high);
int xc_flask_get_peer_sid(xc_interface *xch, uint32_t port, uint32_t *sid);
int xc_flask_relabel_domain(xc_interface *xch, uint32_t domid, uint32_t sid);

/* --- platform operations --------------------------------------------------- */

/* Those that are the dom0 kernel's own business (clock, ACPI sleep, what it
 * tells about processors and hot-added memory, EFI services) are not here. */

struct xc_cpu_version {
	/* Highest CPU number there is. */
	uint32_t max_present;
	char vendor[13];
	uint32_t family, model, stepping;
};
int xc_get_cpu_version(xc_interface *xch, uint32_t cpu,
    struct xc_cpu_version *out);
struct xc_pcpu_info {
	uint32_t max_present;
	bool present, online;
	uint32_t apic_id, acpi_id;
};
int xc_get_pcpu_info(xc_interface *xch, uint32_t cpu, struct xc_pcpu_info *out);
/* Load it although it is not newer. Since Xen 4.20. */
#define XC_UCODE_FORCE (1u << 0)
/* A microcode container of the vendor, at most 64 MiB. EINVAL, ENOENT, EEXIST,
 * ENODATA: nothing in it for these processors. */
int xc_microcode_update(xc_interface *xch, const void *data, size_t size,
    uint32_t flags);
struct xc_ucode_revision {
	/* CPUID.1.EAX; Intel's platform flags. */
	uint32_t signature, platform, revision;
};
/* Since Xen 4.18. */
int xc_get_ucode_revision(xc_interface *xch, uint32_t cpu,
    struct xc_ucode_revision *out);
/* Nanoseconds since boot by CPU for the CPUs in map, and when that was; the
 * map is left with those that are there. n: CPUs, 1..16384. ENOTSUP unless Xen was
 * started with cpufreq=dom0-kernel: see xc_cpu_idle_times. */
int xc_getidletime(xc_interface *xch, uint8_t *map, uint64_t *idle_ns,
    uint32_t n, uint64_t *now_ns);
/* How many processors are parked; and to have that many parked. */
int xc_get_core_parking(xc_interface *xch, uint32_t *cpus);
int xc_set_core_parking(xc_interface *xch, uint32_t cpus);
struct xc_resource_op {
	bool write;
	uint32_t msr;
	uint64_t value;
	/* 0, or the errno of this one. */
	int error;
};
/* In order on one CPU, n is 1..256; returns how many succeeded: it stops at the
 * first that fails. Xen has a short list of MSRs it allows, else EPERM there. */
int xc_resource_op(xc_interface *xch, uint32_t cpu, struct xc_resource_op *ops,
    uint32_t n);
struct xc_symbol {
	char name[128];
	uint64_t address;
	/* As nm prints it. */
	char type;
};
/* *number: in which one, 0 first; out the next. 1 = there it is, 0 = the
 * end. */
int xc_get_symbol(xc_interface *xch, uint32_t *number, struct xc_symbol *out);
struct xc_firmware_disk {
	uint8_t device, version;
	uint16_t interface_support, legacy_max_cylinder;
	uint8_t legacy_max_head, legacy_sectors_per_track;
	/* EDD's table, its first two bytes its length. */
	uint8_t edd[66];
};
/* The BIOS's disks by number; ESRCH: no more, or not started by a BIOS. */
int xc_firmware_disk(xc_interface *xch, uint32_t index,
    struct xc_firmware_disk *out);
int xc_firmware_mbr_signature(xc_interface *xch, uint32_t index,
    uint8_t *device, uint32_t *signature);
/* ESRCH: the BIOS told nothing of a monitor. */
int xc_firmware_edid(xc_interface *xch, uint8_t *capabilities,
    uint8_t *transfer_time, uint8_t edid[128]);
int xc_firmware_kbd_shift_flags(xc_interface *xch, uint8_t *flags);
/* 32-bit number of the EFI specification, major << 16 | minor; ESRCH or
 * ENOTSUP: not started by EFI. */
int xc_firmware_efi_version(xc_interface *xch, uint32_t *version);

/* --- resource control (Intel RDT; ENODEV: not on this processor) ---------- */

bool xc_psr_cmt_enabled(xc_interface *xch);
int xc_psr_cmt_get_total_rmid(xc_interface *xch, uint32_t *rmids);
int xc_psr_cmt_get_l3_upscaling_factor(xc_interface *xch, uint32_t *factor);
int xc_psr_cmt_get_l3_event_mask(xc_interface *xch, uint32_t *mask);
/* KiB of the socket that has the CPU. */
int xc_psr_cmt_get_l3_cache_size(xc_interface *xch, uint32_t cpu,
    uint32_t *kib);
/* EEXIST: it is monitored; EOVERFLOW, EUSERS: no id is left. */
int xc_psr_cmt_attach(xc_interface *xch, uint32_t domid);
int xc_psr_cmt_detach(xc_interface *xch, uint32_t domid);
int xc_psr_cmt_get_domain_rmid(xc_interface *xch, uint32_t domid,
    uint32_t *rmid);
enum xc_psr_counter {
	XC_PSR_L3_OCCUPANCY = 1,
	XC_PSR_TOTAL_BANDWIDTH = 2,
	XC_PSR_LOCAL_BANDWIDTH = 3,
};
/* The raw counter as a CPU of the socket has it, and the hypervisor's time (ns,
 * may be NULL). ERANGE: the counter is not valid now. */
int xc_psr_cmt_get_data(xc_interface *xch, uint32_t rmid, uint32_t cpu,
    enum xc_psr_counter which, uint64_t *value, uint64_t *ns);
enum xc_psr_alloc {
	XC_PSR_L3_CBM,
	XC_PSR_L3_CODE,
	XC_PSR_L3_DATA,
	XC_PSR_L2_CBM,
	XC_PSR_MBA_THROTTLE,
};
/* target: the socket. EEXIST: CDP is off or on and the other kind is asked for;
 * EOVERFLOW: no class is left. */
int xc_psr_set_domain_data(xc_interface *xch, uint32_t domid,
    enum xc_psr_alloc type, uint32_t target, uint64_t data);
int xc_psr_get_domain_data(xc_interface *xch, uint32_t domid,
    enum xc_psr_alloc type, uint32_t target, uint64_t *data);
struct xc_psr_hw_info {
	/* Caches: bits of a mask; bandwidth: highest throttle. */
	uint32_t max;
	uint32_t cos_max;
	/* L3: code and data apart; bandwidth: linear scale. */
	bool flag;
};
/* Only L3_CBM, L2_CBM and MBA_THROTTLE; ENOENT: not on that socket. */
int xc_psr_get_hw_info(xc_interface *xch, uint32_t socket,
    enum xc_psr_alloc type, struct xc_psr_hw_info *out);

/* --- kexec ------------------------------------------------------------------ */

enum xc_kexec_range {
	XC_KEXEC_CRASH = 0,
	XC_KEXEC_XEN = 1,
	/* nr: the CPU. */
	XC_KEXEC_CPU_NOTE = 2,
	XC_KEXEC_XENHEAP = 3,
	XC_KEXEC_EFI_MEMMAP = 5,
	XC_KEXEC_VMCOREINFO = 6,
};
/* Machine address and bytes, 0 when there is none. ERANGE: no such CPU. */
int xc_kexec_get_range(xc_interface *xch, enum xc_kexec_range range, int nr,
    uint64_t *start, uint64_t *size);
#define XC_KEXEC_TYPE_DEFAULT 0u
#define XC_KEXEC_TYPE_CRASH   1u
struct xc_kexec_segment {
	const void *data;
	/* The rest up to dest_size is zeroed. */
	uint64_t size;
	uint64_t dest_addr, dest_size;
};
/* arch: EM_386 3 or EM_X86_64 62; n is 1..16, 1 GiB together. EADDRNOTAVAIL: the
 * segments are not in the crash area, or there is none; EINVAL, ENOEXEC. */
int xc_kexec_load(xc_interface *xch, uint8_t type, uint16_t arch,
    uint64_t entry, const struct xc_kexec_segment *segments, uint32_t n);
int xc_kexec_unload(xc_interface *xch, uint8_t type);
/* 1 an image is loaded, 0 none. */
int xc_kexec_status(xc_interface *xch, uint8_t type);

#ifdef __cplusplus
}
#endif

#endif
