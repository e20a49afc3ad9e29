/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Virtual machines, their figures and their consoles. */
#include "domstate.h"
#include "errors.h"
#include "schema.h"

#define STRINGS T_MAP(T_STRING, T_STRING)
#define ERRORS(...)                                                            \
	(const char *const[])                                                  \
	{                                                                      \
		__VA_ARGS__, NULL                                              \
	}

static const struct model_field fields[] = {
	{ "uuid", T_STRING, RO_INS, 0, "Permanent identifier." },
	{ "power_state", T_ENUM("vm_power_state"), RO_RUN, 0,
	    "Where it is in its life." },
	{ "name_label", T_STRING, RW, STATES_ANY, "Its name, unique here." },
	{ "name_description", T_STRING, RW, STATES_ANY, "Free text." },
	{ "user_version", T_INT, RW, STATES_ANY, "A number for its owner." },
	{ "is_a_template", T_BOOL, RW, ST_HALTED, "Not to be started." },
	{ "auto_power_on", T_BOOL, RW, STATES_ANY, "Starts with the host." },
	{ "order", T_INT, RW, STATES_ANY,
	    "With the host machines of a lower number start earlier and stop "
	    "later; those of the same number at the same time." },
	{ "start_delay", T_INT, RW, STATES_ANY,
	    "Seconds from its start to the next number's turn." },
	{ "shutdown_delay", T_INT, RW, STATES_ANY,
	    "Seconds from its end to the next number's turn." },
	{ "actions_at_host_stop", T_ENUM("on_host_stop"), RW, STATES_ANY,
	    "What becomes of it when the host stops; one that is asked to shut "
	    "down and does not is destroyed." },
	{ "resident_on", T_REF("host"), RO_RUN, 0, "Where it runs." },
	{ "memory_static_max", T_INT, RW, ST_HALTED,
	    "The most memory it can ever have, bytes." },
	{ "memory_dynamic_max", T_INT, RW, ST_HALTED,
	    "Memory it begins with, bytes." },
	{ "memory_dynamic_min", T_INT, RW, ST_HALTED, "As dynamic_max." },
	{ "memory_static_min", T_INT, RW, ST_HALTED, "The least, bytes." },
	{ "VCPUs_params", STRINGS, RW, ST_HALTED,
	    "weight and cap of the scheduler; processors as in \"0-3,^2\": mask "
	    "for all vCPUs, cpumapN for one, soft_mask and soft_cpumapN for "
	    "where they had better run." },
	{ "pool_name", T_STRING, RW, ST_HALTED, "Its CPU pool; empty: pool 0." },
	{ "VCPUs_max", T_INT, RW, ST_HALTED, "The most vCPUs it can have." },
	{ "VCPUs_at_startup", T_INT, RW, ST_HALTED, "vCPUs it begins with." },
	{ "actions_after_shutdown", T_ENUM("on_normal_exit"), RW, STATES_ANY,
	    "When it powers off." },
	{ "actions_after_reboot", T_ENUM("on_normal_exit"), RW, STATES_ANY,
	    "When it reboots." },
	{ "actions_after_crash", T_ENUM("on_crash_behaviour"), RW, STATES_ANY,
	    "When it crashes." },
	{ "consoles", T_SET(T_REF("console")), RO_RUN, 0, "Its consoles." },
	{ "VBDs", T_SET(T_REF("VBD")), RO_RUN, 0, "Its disks." },
	{ "VIFs", T_SET(T_REF("VIF")), RO_RUN, 0,
	    "Its network interfaces." },
	{ "crash_dumps", T_SET(T_REF("crashdump")), RO_RUN, 0, "None." },
	{ "VTPMs", T_SET(T_REF("VTPM")), RO_RUN, 0, "None." },
	{ "DPCIs", T_SET(T_REF("DPCI")), RO_RUN, 0,
	    "PCI functions that it has." },
	{ "attached_PCIs", T_SET(T_REF("PCI")), RO_RUN, 0,
	    "The same while it runs, as later clients know them. "
	    "other_config:pci (0/0000:00:19.0,0/0000:00:1a.0) says which it "
	    "has from its next start." },
	{ "DSCSIs", T_SET(T_REF("DSCSI")), RO_RUN, 0, "None." },
	{ "DSCSI_HBAs", T_SET(T_REF("DSCSI_HBA")), RO_RUN, 0, "None." },
	{ "PV_bootloader", T_STRING, RW, ST_HALTED,
	    "Instead of a kernel: pvgrub (or pvgrub32, pvgrub64, pygrub, which "
	    "mean the same) reads it from the guest's own disk; or the full "
	    "path of a program in domain 0, only by a pool-admin." },
	{ "PV_kernel", T_STRING, RW, ST_HALTED, "Kernel, a file of the host." },
	{ "PV_ramdisk", T_STRING, RW, ST_HALTED,
	    "Initial ramdisk, a file of the host." },
	{ "PV_args", T_STRING, RW, ST_HALTED, "Kernel command line." },
	{ "PV_bootloader_args", T_STRING, RW, ST_HALTED,
	    "Words for a program that is PV_bootloader." },
	{ "domain_type", T_ENUM("domain_type"), RW, ST_HALTED,
	    "pv, pvh or hvm. Unspecified: hvm with an HVM_boot_policy, else "
	    "pv." },
	{ "HVM_boot_policy", T_STRING, RW, ST_HALTED, "Empty: no HVM guest." },
	{ "HVM_boot_params", STRINGS, RW, ST_HALTED,
	    "order: the letters a, c, d, n in the order they are tried." },
	{ "platform", STRINGS, RW, ST_HALTED,
	    "max_grant_frames, max_maptrack_frames, max_grant_version, "
	    "max_event_channels; tsc_mode (0 to 2), nomigrate, vnuma (words "
	    "as of xm.cfg(5), nodes parted by semicolons), timeoffset "
	    "(seconds), localtime, acpi (0 or 1), shadow_memory (MiB), cpuid (words as "
	    "of xm.cfg(5), parted by blanks); "
	    "for HVM guests vga, videoram (MiB), vnc (address:display), "
	    "vnc_unused, usb, usb_tablet, platform_pci, acpi_s3, acpi_s4, "
	    "acpi_laptop_slate, hvm_pirq, apic, hpet, pae, nx, vpt_align, "
	    "timer_mode (0 to 3), mmio_hole (MiB), viridian (groups of "
	    "xl.cfg), serial (pty or none), keymap, soundhw, vnc_password, "
	    "hdtype (ide or ahci), bios (seabios or ovmf), loader, bios_path, "
	    "device_model, device_model_args (one a line); these two only by a "
	    "pool-admin." },
	{ "PCI_bus", T_STRING, RW, ST_HALTED, "Must be empty." },
	{ "other_config", STRINGS, RW, STATES_ANY,
	    "transient: true = the record goes when the guest ends. Other "
	    "keys are the owner's." },
	{ "tags", T_SET(T_STRING), RW, STATES_ANY, "Words of the owner's." },
	{ "is_a_snapshot", T_BOOL, RO_RUN, 0,
	    "It keeps what a machine was; it is never started." },
	{ "snapshot_of", T_REF("VM"), RO_RUN, 0,
	    "The machine; null when that is gone, and of other machines." },
	{ "snapshots", T_SET(T_REF("VM")), RO_RUN, 0, "Those of it." },
	{ "snapshot_time", T_DATETIME, RO_RUN, 0, "When it was made." },
	{ "snapshot_info", STRINGS, RO_RUN, 0,
	    "power-state-at-snapshot, disk-snapshot-type." },
	{ "snapshot_metadata", T_STRING, RO_RUN, 0,
	    "Empty: a snapshot's fields are those of its machine." },
	{ "transportable_snapshot_id", T_STRING, RO_RUN, 0, "Empty." },
	{ "parent", T_REF("VM"), RO_RUN, 0,
	    "The snapshot that it was last made or reverted to." },
	{ "children", T_SET(T_REF("VM")), RO_RUN, 0,
	    "Machines and snapshots whose parent it is." },
	{ "allowed_operations", T_SET(T_ENUM("vm_operations")), RO_RUN, 0,
	    "Messages that its state allows now." },
	{ "current_operations", T_MAP(T_REF("task"), T_ENUM("vm_operations")),
	    RO_RUN, 0, "What tasks are doing with it." },
	{ "blocked_operations", T_MAP(T_ENUM("vm_operations"), T_STRING), RW,
	    STATES_ANY,
	    "Messages that are refused until the key goes, by whomever they "
	    "are sent, with OPERATION_BLOCKED and the value: the owner's word "
	    "for why. A clone or a snapshot has none." },
	{ "xenstore_data", STRINGS, RW, STATES_ANY,
	    "Nodes that the guest finds below its own when it has started; "
	    "their names begin with vm-data/." },
	{ "affinity", T_REF("host"), RO_RUN, 0,
	    "Where it had better run: there is one host only." },
	{ "domid", T_INT, RO_RUN, 0, "Its number in Xen, -1 when halted." },
	{ "restarts", T_INT, RO_RUN, 0,
	    "How often actions_after_* have restarted it within the last "
	    "minute; the ninth time it is destroyed instead." },
	{ "last_end", T_STRING, RO_RUN, 0,
	    "When it last ended, why, and what was done then." },
	{ "is_control_domain", T_BOOL, RO_RUN, 0, "Domain 0." },
	{ "metrics", T_REF("VM_metrics"), RO_RUN, 0, "Its figures." },
	{ "guest_metrics", T_REF("VM_guest_metrics"), RO_RUN, 0,
	    "What it says of itself." },
	{ "suspend_VDI", T_REF("VDI"), RO_RUN, 0,
	    "Where it is suspended to: null." },
	{ "security_label", T_STRING, RO_RUN, 0, "Empty." },
	{ "tools_version", STRINGS, RO_RUN, 0,
	    "PV_drivers_version of guest_metrics." },
	{ "cpu_pool", T_SET(T_REF("cpu_pool")), RO_RUN, 0,
	    "The pool it is in while it runs." },
	{ .name = NULL },
};

#define VM_ARG { "vm", T_REF("VM") }
#define BAD_STATE ERRORS(XE(VM_BAD_POWER_STATE))
#define CLONE_ERRORS                                                           \
	ERRORS(XE(VM_BAD_POWER_STATE), XE(UNIQUE_NAME_ERROR),                  \
	    XE(OPERATION_NOT_ALLOWED), XE(OTHER_OPERATION_IN_PROGRESS),        \
	    XE(VDI_IN_USE), XE(SR_FULL), XE(SR_OPERATION_NOT_SUPPORTED),       \
	    XE(HANDLE_INVALID), XE(TASK_CANCELLED), XE(XLD_HELPER))
#define SAVE_ERRORS                                                            \
	ERRORS(XE(VM_BAD_POWER_STATE), XE(OPERATION_NOT_ALLOWED),              \
	    XE(XLD_TIMEOUT), XE(XLD_FILE), XE(XLD_IMAGE))
#define LIVE	  (ST_RUNNING | ST_PAUSED)

static const struct model_method methods[] = {
	{ "create", T_REF("VM"), { { "args", T_RECORD("VM") } }, ROLE_VM_ADMIN,
	    STATES_ANY, MM_ASYNC,
	    ERRORS(XE(UNIQUE_NAME_ERROR), XE(DUPLICATE_VM),
		XE(VALUE_NOT_SUPPORTED)),
	    "A machine, halted." },
	{ "explain_placement", T_STRING, { { "args", T_RECORD("VM") } },
	    ROLE_READ_ONLY, STATES_ANY, MM_READS,
	    ERRORS(XE(VALUE_NOT_SUPPORTED)),
	    "On which nodes of the host such a machine would be if it started "
	    "now, and why, in a line. Nothing is made." },
	{ "call_plugin", T_STRING,
	    { VM_ARG, { "plugin", T_STRING }, { "fn", T_STRING },
		{ "args", T_MAP(T_STRING, T_STRING) } },
	    ROLE_VM_OPERATOR, STATES_ANY, MM_ASYNC,
	    (const char *const[]) { XE(XENAPI_MISSING_PLUGIN),
		XE(XENAPI_PLUGIN_FAILURE), XE(XLD_HELPER), NULL },
	    "What a program of the owner's in domain 0 answers about the "
	    "machine, see xld.conf(5); vm_uuid is added to args." },
	{ "destroy", T_VOID, { VM_ARG }, ROLE_VM_ADMIN, ST_HALTED, MM_ASYNC,
	    BAD_STATE,
	    "Forgets a halted machine; its disks stay, but for a snapshot's." },
	{ "clone", T_REF("VM"), { VM_ARG, { "new_name", T_STRING } },
	    ROLE_VM_ADMIN, ST_HALTED, MM_ASYNC, CLONE_ERRORS,
	    "A machine like it, halted: with the same CDs and disks that are only "
	    "read, with copies of the others where they lie, and with cards that "
	    "have other addresses." },
	{ "copy", T_REF("VM"),
	    { VM_ARG, { "new_name", T_STRING }, { "sr", T_STRING } },
	    ROLE_VM_ADMIN, ST_HALTED, MM_ASYNC, CLONE_ERRORS,
	    "The same, with the copies in that repository (a reference; empty: "
	    "where the first ones lie)." },
	{ "snapshot", T_REF("VM"),
	    { VM_ARG, { "new_name", T_STRING },
		{ "ignore_vdis", T_SET(T_REF("VDI")) } },
	    ROLE_VM_POWER_ADMIN, ST_HALTED | ST_RUNNING | ST_PAUSED,
	    MM_ASYNC | MM_OPTIONAL(1), CLONE_ERRORS,
	    "What it is now, kept: its settings, and copies of the disks that "
	    "it writes to, but for those of ignore_vdis. One that runs stands "
	    "still for a moment, or, where its disks cannot be kept as they "
	    "are at one (xld(8)), while they are copied; they are as after a "
	    "crash. An image (qcow2) that is open cannot be copied." },
	{ "revert", T_VOID, { { "snapshot", T_REF("VM") } },
	    ROLE_VM_POWER_ADMIN, ST_HALTED, MM_ASYNC, CLONE_ERRORS,
	    "The machine, which is halted, becomes what it was: settings "
	    "and disks, of which it gets copies. Its name, its PCI functions "
	    "and the snapshot stay. Disks that it had and the snapshot has "
	    "none of are let go, not removed." },
	{ "checkpoint", T_REF("VM"), { VM_ARG, { "new_name", T_STRING } },
	    ROLE_VM_POWER_ADMIN, LIVE, MM_ASYNC, ERRORS(XE(NOT_IMPLEMENTED)),
	    "Refused: snapshots have no memory. VM.save with checkpoint keeps "
	    "that in a file." },
	{ "provision", T_VOID, { VM_ARG }, ROLE_VM_ADMIN, ST_HALTED, MM_ASYNC,
	    BAD_STATE, "A template's clone becomes a machine." },
	{ "set_memory_limits", T_VOID,
	    { VM_ARG, { "static_min", T_INT }, { "static_max", T_INT },
		{ "dynamic_min", T_INT }, { "dynamic_max", T_INT } },
	    ROLE_VM_ADMIN, ST_HALTED, MM_ASYNC,
	    ERRORS(XE(VM_BAD_POWER_STATE), XE(VALUE_NOT_SUPPORTED)),
	    "All four at once, bytes." },
	{ "get_allowed_VBD_devices", T_SET(T_STRING), { VM_ARG },
	    ROLE_READ_ONLY, STATES_ANY, MM_READS, NULL,
	    "Numbers that VBD.create may give to another disk." },
	{ "get_allowed_VIF_devices", T_SET(T_STRING), { VM_ARG },
	    ROLE_READ_ONLY, STATES_ANY, MM_READS, NULL,
	    "Numbers that VIF.create may give to another card." },
	{ "start", T_VOID,
	    { VM_ARG, { "start_paused", T_BOOL }, { "force", T_BOOL } },
	    ROLE_VM_OPERATOR, ST_HALTED, MM_ASYNC | MM_OPTIONAL(1),
	    ERRORS(XE(VM_BAD_POWER_STATE), XE(HOST_NOT_ENOUGH_FREE_MEMORY),
		XE(XLD_KERNEL), XE(XLD_BUILD)),
	    "Builds the domain and runs it. There is nothing that force would "
	    "skip." },
	{ "pause", T_VOID, { VM_ARG }, ROLE_VM_OPERATOR, ST_RUNNING, MM_ASYNC,
	    BAD_STATE, "It stops where it is." },
	{ "unpause", T_VOID, { VM_ARG }, ROLE_VM_OPERATOR, ST_PAUSED, MM_ASYNC,
	    BAD_STATE, "It goes on." },
	{ "clean_shutdown", T_VOID, { VM_ARG }, ROLE_VM_OPERATOR, LIVE,
	    MM_ASYNC, BAD_STATE, "Asks the guest to power off." },
	{ "clean_reboot", T_VOID, { VM_ARG }, ROLE_VM_OPERATOR, LIVE, MM_ASYNC,
	    BAD_STATE, "Asks the guest to reboot." },
	{ "clean_halt", T_VOID, { VM_ARG }, ROLE_VM_OPERATOR, LIVE, MM_ASYNC,
	    BAD_STATE, "Asks the guest to halt." },
	{ "hard_shutdown", T_VOID, { VM_ARG }, ROLE_VM_OPERATOR,
	    ST_LIVE | ST_SUSPENDED, MM_ASYNC, BAD_STATE,
	    "Ends the domain at once; a suspended machine loses its state." },
	{ "hard_reboot", T_VOID, { VM_ARG }, ROLE_VM_OPERATOR, ST_LIVE,
	    MM_ASYNC, BAD_STATE, "Ends the domain at once and builds it anew." },
	{ "save", T_VOID,
	    { VM_ARG, { "file", T_STRING }, { "checkpoint", T_BOOL },
		{ "leave_paused", T_BOOL }, { "compat", T_BOOL },
		{ "live", T_BOOL } },
	    ROLE_POOL_ADMIN, ST_RUNNING, MM_ASYNC | MM_OPTIONAL(4),
	    SAVE_ERRORS,
	    "The guest suspends itself, and its memory and state go to a file "
	    "of domain 0; then its domain is destroyed, or goes on "
	    "(checkpoint), or goes on paused. With compat xl can restore it, "
	    "too. With live it runs while most of it is written, and stands "
	    "still for the rest." },
	{ "dump_core", T_STRING,
	    { VM_ARG, { "file", T_STRING }, { "live", T_BOOL },
		{ "crash", T_BOOL }, { "reset", T_BOOL } },
	    ROLE_POOL_ADMIN, ST_LIVE, MM_ASYNC | MM_OPTIONAL(3),
	    ERRORS(XE(VM_BAD_POWER_STATE), XE(OPERATION_NOT_ALLOWED),
		XE(INVALID_VALUE), XE(XLD_CORE), XE(XLD_FILE)),
	    "Its memory and registers go to a file of domain 0, ELF as xl and "
	    "xm write it; empty: one of its own in xld's folder of cores. The "
	    "result is its name. The machine is paused meanwhile, but with "
	    "live; then it goes on, or crashes, or is reset." },
	{ "restore", T_REF("VM"),
	    { { "file", T_STRING }, { "start_paused", T_BOOL } },
	    ROLE_POOL_ADMIN, STATES_ANY, MM_ASYNC | MM_OPTIONAL(1),
	    ERRORS(XE(DUPLICATE_VM), XE(UNIQUE_NAME_ERROR),
		XE(HOST_NOT_ENOUGH_FREE_MEMORY), XE(XLD_IMAGE), XE(XLD_FILE)),
	    "The machine of such a file goes on from it." },
	{ "migrate", T_VOID,
	    { VM_ARG, { "destination", T_STRING }, { "live", T_BOOL },
		{ "options", STRINGS } },
	    ROLE_POOL_ADMIN, ST_RUNNING, MM_ASYNC | MM_OPTIONAL(2),
	    ERRORS(XE(VM_BAD_POWER_STATE), XE(OPERATION_NOT_ALLOWED),
		XE(XLD_TIMEOUT), XE(XLD_IMAGE), XE(XLD_PEER), XE(XLD_IN_DOUBT),
		XE(INVALID_VALUE)),
	    "The machine goes to another host, or to another domain of this "
	    "one (localhost). Whatever fails before that host has all of it "
	    "lets it go on here. Live it runs meanwhile; options are limits: "
	    "downtime (milliseconds that it may stand still), rounds, seconds, "
	    "bandwidth (bytes per second); strict = true when it shall "
	    "rather stay than stand still for longer; track = sums for what "
	    "it writes to being found by sums of pages; paused = true when it "
	    "shall not run there yet." },
	{ "migrate_resolve", T_VOID,
	    { VM_ARG, { "here", T_BOOL } }, ROLE_POOL_ADMIN, STATES_ANY,
	    MM_ASYNC, ERRORS(XE(OPERATION_NOT_ALLOWED)),
	    "A machine was handed to another host that will never say whether "
	    "it runs there: it runs here, or it is there and its domain here "
	    "is destroyed. Whoever says that it runs here must know that it "
	    "does not run there." },
	{ "suspend", T_VOID, { VM_ARG }, ROLE_VM_OPERATOR, ST_RUNNING,
	    MM_ASYNC, SAVE_ERRORS,
	    "As save, to a file of xld's: the machine is suspended." },
	{ "resume", T_VOID,
	    { VM_ARG, { "start_paused", T_BOOL }, { "force", T_BOOL } },
	    ROLE_VM_OPERATOR, ST_SUSPENDED, MM_ASYNC | MM_OPTIONAL(2),
	    ERRORS(XE(VM_BAD_POWER_STATE), XE(HOST_NOT_ENOUGH_FREE_MEMORY),
		XE(XLD_IMAGE)),
	    "A suspended machine goes on. There is nothing that force would "
	    "skip." },
	{ "send_trigger", T_VOID,
	    { VM_ARG, { "trigger", T_STRING }, { "vcpu", T_INT } },
	    ROLE_VM_OPERATOR, LIVE, MM_ASYNC,
	    ERRORS(XE(VM_BAD_POWER_STATE), XE(VM_HVM_REQUIRED),
		XE(VALUE_NOT_SUPPORTED)),
	    "Presses a button of an HVM machine: power, sleep, nmi (to that "
	    "vCPU), or s3resume, which wakes a sleeping one." },
	{ "set_memory_dynamic_max_live", T_VOID,
	    { VM_ARG, { "max", T_INT } }, ROLE_VM_POWER_ADMIN, LIVE, MM_ASYNC,
	    ERRORS(XE(VM_BAD_POWER_STATE), XE(VALUE_NOT_SUPPORTED),
		XE(HOST_NOT_ENOUGH_FREE_MEMORY)),
	    "Its balloon driver is told to have so many bytes, also when it "
	    "starts again." },
	{ "set_memory_dynamic_min_live", T_VOID,
	    { VM_ARG, { "min", T_INT } }, ROLE_VM_POWER_ADMIN, LIVE, MM_ASYNC,
	    ERRORS(XE(VM_BAD_POWER_STATE), XE(VALUE_NOT_SUPPORTED)),
	    "The least it is meant to have, bytes." },
	{ "set_security_label", T_INT, { VM_ARG,
	    { "security_label", T_STRING }, { "old_label", T_STRING } },
	    ROLE_POOL_ADMIN, STATES_ANY, MM_ASYNC, ERRORS(XE(NOT_IMPLEMENTED)),
	    "Refused but for an empty label: see XSPolicy; xm.cfg(5) has "
	    "seclabel." },
	{ "send_sysrq", T_VOID, { VM_ARG, { "key", T_STRING } },
	    ROLE_POOL_ADMIN, LIVE, MM_ASYNC,
	    ERRORS(XE(VM_BAD_POWER_STATE), XE(INVALID_VALUE)),
	    "Its kernel is told of a magic SysRq key." },
	{ "cpu_pool_migrate", T_VOID,
	    { VM_ARG, { "cpu_pool", T_REF("cpu_pool") } }, ROLE_VM_POWER_ADMIN,
	    LIVE, MM_ASYNC,
	    ERRORS(XE(VM_BAD_POWER_STATE), XE(POOL_BAD_STATE),
		XE(XLD_HYPERCALL)),
	    "It runs on the processors of that pool from now on." },
	{ "set_VCPUs_number_live", T_VOID, { VM_ARG, { "nvcpu", T_INT } },
	    ROLE_VM_ADMIN, LIVE, MM_ASYNC,
	    ERRORS(XE(VM_BAD_POWER_STATE), XE(VALUE_NOT_SUPPORTED),
		XE(OPERATION_NOT_ALLOWED)),
	    "Asks a PV or PVH machine to run that many of its VCPUs_max "
	    "vCPUs, also when it starts again." },
	{ "add_to_VCPUs_params_live", T_VOID,
	    { VM_ARG, { "key", T_STRING }, { "value", T_STRING } },
	    ROLE_VM_POWER_ADMIN, LIVE, MM_ASYNC,
	    ERRORS(XE(VM_BAD_POWER_STATE), XE(VALUE_NOT_SUPPORTED),
		XE(OPERATION_NOT_ALLOWED), XE(XLD_HYPERCALL)),
	    "One of VCPUs_params, in force at once and when it starts again; "
	    "domain 0's are for a pool-operator." },
	{ "list_VCPUs", T_SET(STRINGS), { VM_ARG }, ROLE_READ_ONLY, ST_LIVE,
	    MM_READS, ERRORS(XE(VM_BAD_POWER_STATE), XE(XLD_HYPERCALL)),
	    "Each of its VCPUs_max: number, cpu (where it was last), online, "
	    "blocked, running (true or false), cpu_time (seconds), affinity and "
	    "soft_affinity (\"0-3,5\", \"all\")." },
	{ "get_data_sources", T_SET(T_RECORD("data_source")), { VM_ARG },
	    ROLE_READ_ONLY, STATES_ANY, MM_READS,
	    ERRORS(XE(OPERATION_NOT_ALLOWED)),
	    "What is recorded of it over time, see xld-api(8); sampling begins "
	    "with the question." },
	{ "query_data_source", T_FLOAT,
	    { VM_ARG, { "data_source", T_STRING } }, ROLE_READ_ONLY,
	    STATES_ANY, MM_READS,
	    ERRORS(XE(INVALID_VALUE), XE(OPERATION_NOT_ALLOWED)),
	    "Its newest value; one that is not known is 0 in XML and null in "
	    "JSON." },
	{ "record_data_source", T_VOID,
	    { VM_ARG, { "data_source", T_STRING } }, ROLE_VM_ADMIN,
	    STATES_ANY, 0,
	    ERRORS(XE(INVALID_VALUE), XE(OPERATION_NOT_ALLOWED)),
	    "One that was forgotten is recorded again." },
	{ "forget_data_source_archives", T_VOID,
	    { VM_ARG, { "data_source", T_STRING } }, ROLE_VM_ADMIN,
	    STATES_ANY, 0,
	    ERRORS(XE(INVALID_VALUE), XE(OPERATION_NOT_ALLOWED)),
	    "What was recorded of it goes, and nothing more is." },
	{ .name = NULL },
};

const struct model_class model_vm = {
	.name = "VM",
	.fields = fields,
	.methods = methods,
	.flags = MC_ALL | MC_RECORD | MC_BY_UUID | MC_BY_NAME,
	.keys = model_vm_keys,
	.doc = "A virtual machine.",
};

static const struct model_field metrics_fields[] = {
	{ "uuid", T_STRING, RO_RUN, 0, "Permanent identifier." },
	{ "memory_actual", T_INT, RO_RUN, 0, "Memory it has, bytes." },
	{ "VCPUs_number", T_INT, RO_RUN, 0, "vCPUs online." },
	{ "VCPUs_utilisation", T_MAP(T_INT, T_FLOAT), RO_RUN, 0,
	    "Part of a processor each vCPU used since it began, 0 to 1." },
	{ "VCPUs_CPU", T_MAP(T_INT, T_INT), RO_RUN, 0,
	    "Processor each vCPU was last on." },
	{ "VCPUs_params", STRINGS, RO_RUN, 0, "Of the scheduler." },
	{ "VCPUs_flags", T_MAP(T_INT, T_SET(T_STRING)), RO_RUN, 0,
	    "online, blocked, running for each vCPU." },
	{ "state", T_SET(T_STRING), RO_RUN, 0,
	    "running, blocked, paused, shutdown, crashed, dying." },
	{ "dying_reason", T_STRING, RO_RUN, 0,
	    "Why a domain that was destroyed is still there." },
	{ "start_time", T_DATETIME, RO_RUN, 0, "When it began." },
	{ "last_updated", T_DATETIME, RO_RUN, 0, "When this was measured." },
	{ "cpu_time", T_FLOAT, RO_RUN, 0,
	    "Seconds of processor time of all vCPUs." },
	{ .name = NULL },
};

static const struct model_method no_methods[] = {
	{ .name = NULL },
};

const struct model_class model_vm_metrics = {
	.name = "VM_metrics",
	.fields = metrics_fields,
	.methods = no_methods,
	.flags = MC_ALL | MC_RECORD | MC_BY_UUID,
	.doc = "Figures of a machine.",
};

static const struct model_field console_fields[] = {
	{ "uuid", T_STRING, RO_RUN, 0, "Permanent identifier." },
	{ "protocol", T_ENUM("console_protocol"), RO_RUN, 0, "What it speaks." },
	{ "location", T_STRING, RO_RUN, 0, "Where to connect to." },
	{ "VM", T_REF("VM"), RO_RUN, 0, "Whose console it is." },
	{ "other_config", STRINGS, RW, STATES_ANY,
	    "Facts that have no field; setting it is refused." },
	{ .name = NULL },
};

static const struct model_method console_methods[] = {
	{ "create", T_REF("console"), { { "args", T_RECORD("console") } },
	    ROLE_VM_ADMIN, STATES_ANY, MM_ASYNC, ERRORS(XE(NOT_IMPLEMENTED)),
	    "Refused: every machine has one; vnc and serial are its settings." },
	{ "destroy", T_VOID, { { "self", T_REF("console") } }, ROLE_VM_ADMIN,
	    STATES_ANY, MM_ASYNC, ERRORS(XE(NOT_IMPLEMENTED)), "The same." },
	{ .name = NULL },
};

const struct model_class model_console = {
	.name = "console",
	.fields = console_fields,
	.methods = console_methods,
	.flags = MC_ALL | MC_RECORD | MC_BY_UUID,
	.doc = "The text console of a machine (vt100), and its screen (rfb), "
	       "if its platform has vnc: where it is seen while it runs.",
};
