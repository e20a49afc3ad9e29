/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disks: how a machine has one (VBD), what it is (VDI), where it lies (SR). */
#include "errors.h"
#include "schema.h"

#define STRINGS T_MAP(T_STRING, T_STRING)
#define ERRORS(...)                                                            \
	(const char *const[])                                                  \
	{                                                                      \
		__VA_ARGS__, NULL                                              \
	}

static const struct model_field vbd_fields[] = {
	{ "uuid", T_STRING, RO_RUN, 0, "Permanent identifier." },
	{ "VM", T_REF("VM"), RO_INS, 0, "Whose disk it is." },
	{ "VDI", T_REF("VDI"), RO_INS, 0,
	    "What is behind it; null: an empty drive, or see location." },
	{ "device", T_STRING, RW, STATES_ANY,
	    "Its name in the guest: xvda, hdc, a number; setting it is refused." },
	{ "userdevice", T_STRING, RO_INS, 0, "The same." },
	{ "bootable", T_BOOL, RW, STATES_ANY, "The guest boots from it." },
	{ "mode", T_ENUM("vbd_mode"), RW, STATES_ANY,
	    "RO or RW; set while no guest has it." },
	{ "type", T_ENUM("vbd_type"), RW, STATES_ANY,
	    "Disk or CD; setting it is refused: it is another device then." },
	{ "sharable", T_BOOL, RO_INS, 0,
	    "Others may write to it, too (mode w!)." },
	{ "unpluggable", T_BOOL, RO_INS, 0, "Shown to the guest as removable." },
	{ "location", T_STRING, RO_INS, 0,
	    "phy:/dev/... or file:/..., when there is no VDI for it." },
	{ "backendtype", T_STRING, RO_INS, 0,
	    "Empty: the kernel's for raw disks, QEMU for images; qdisk: QEMU." },
	{ "script", T_STRING, RO_INS, 0,
	    "Empty or block: done by the daemon; any other is a program that is "
	    "run, which a pool-admin may ask for; location is its own matter." },
	{ "empty", T_BOOL, RO_RUN, 0, "A drive with nothing in it." },
	{ "currently_attached", T_BOOL, RO_RUN, 0,
	    "A running guest has it now." },
	{ "status_code", T_INT, RO_RUN, 0,
	    "State of its backend (io/xenbus.h), 0 = none." },
	{ "status_detail", T_STRING, RO_RUN, 0, "The same as a word." },
	{ "runtime_properties", STRINGS, RO_RUN, 0,
	    "While attached: vdev, handle, state, event-channel, ring-ref, "
	    "backend, backend-id, physical-device." },
	{ "metrics", T_REF("VBD_metrics"), RO_RUN, 0, "Its figures." },
	{ "qos_algorithm_type", T_STRING, RW, STATES_ANY, "Must be empty." },
	{ "qos_algorithm_params", STRINGS, RW, STATES_ANY, "Must be empty." },
	{ "qos_supported_algorithms", T_SET(T_STRING), RO_RUN, 0, "None." },
	{ "other_config", STRINGS, RW, STATES_ANY, "The owner's." },
	{ .name = NULL },
};

#define VBD_ARG { "self", T_REF("VBD") }
#define DEVICE	ERRORS(XE(XLD_DEVICE), XE(VDI_IN_USE), XE(XLD_TIMEOUT))

static const struct model_method vbd_methods[] = {
	{ "create", T_REF("VBD"), { { "args", T_RECORD("VBD") } },
	    ROLE_VM_ADMIN, STATES_ANY, MM_ASYNC,
	    ERRORS(XE(DEVICE_ALREADY_EXISTS), XE(VALUE_NOT_SUPPORTED),
		XE(XLD_DEVICE), XE(VDI_IN_USE), XE(XLD_TIMEOUT)),
	    "A disk for a machine; a running one has it when this ends." },
	{ "destroy", T_VOID, { VBD_ARG }, ROLE_VM_ADMIN, STATES_ANY, MM_ASYNC,
	    DEVICE, "Unplugs and forgets it." },
	{ "destroy_force", T_VOID, { VBD_ARG }, ROLE_VM_ADMIN, STATES_ANY,
	    MM_ASYNC, DEVICE, "The same, whatever the guest does with it." },
	{ "plug", T_VOID, { VBD_ARG }, ROLE_VM_ADMIN, STATES_ANY, MM_ASYNC,
	    DEVICE, "A running guest gets it." },
	{ "unplug", T_VOID, { VBD_ARG }, ROLE_VM_ADMIN, STATES_ANY, MM_ASYNC,
	    DEVICE, "Asks the guest to let go of it." },
	{ "insert", T_VOID, { VBD_ARG, { "vdi", T_REF("VDI") } },
	    ROLE_VM_ADMIN, STATES_ANY, MM_ASYNC, DEVICE,
	    "Another CD in the drive. One of a running guest goes away for a "
	    "moment; that of an HVM guest opens, locked or not." },
	{ "insert_location", T_VOID, { VBD_ARG, { "location", T_STRING } },
	    ROLE_VM_ADMIN, STATES_ANY, MM_ASYNC, DEVICE,
	    "The same with a file or device that no VDI was made for "
	    "(file:/..., phy:/dev/...)." },
	{ "media_change", T_VOID, { VBD_ARG, { "vdi", T_REF("VDI") } },
	    ROLE_VM_ADMIN, STATES_ANY, MM_ASYNC, DEVICE, "The same." },
	{ "eject", T_VOID, { VBD_ARG }, ROLE_VM_ADMIN, STATES_ANY, MM_ASYNC,
	    DEVICE, "The drive is empty then." },
	{ "unplug_force", T_VOID, { VBD_ARG }, ROLE_VM_ADMIN, STATES_ANY,
	    MM_ASYNC, DEVICE, "Takes it away." },
	{ .name = NULL },
};

const struct model_class model_vbd = {
	.name = "VBD",
	.fields = vbd_fields,
	.methods = vbd_methods,
	.flags = MC_ALL | MC_RECORD | MC_BY_UUID,
	.doc = "A disk of a machine.",
};

static const struct model_field vdi_fields[] = {
	{ "uuid", T_STRING, RO_RUN, 0, "Permanent identifier." },
	{ "name_label", T_STRING, RW, STATES_ANY, "Its name." },
	{ "name_description", T_STRING, RW, STATES_ANY, "Free text." },
	{ "SR", T_REF("SR"), RO_INS, 0, "Where it lies." },
	{ "VBDs", T_SET(T_REF("VBD")), RO_RUN, 0, "Who has it." },
	{ "virtual_size", T_INT, RO_INS, 0, "Bytes a guest sees." },
	{ "physical_utilisation", T_INT, RO_RUN, 0,
	    "Bytes it takes, -1 = not known." },
	{ "type", T_ENUM("vdi_type"), RO_INS, 0, "What it is for." },
	{ "sharable", T_BOOL, RW, STATES_ANY, "Several may write to it." },
	{ "read_only", T_BOOL, RW, STATES_ANY, "Nobody may write to it." },
	{ "crash_dumps", T_SET(T_REF("crashdump")), RO_RUN, 0, "None." },
	{ "location", T_STRING, RO_RUN, 0,
	    "file:/..., qcow2:/... or phy:/dev/..." },
	{ "sm_config", STRINGS, RO_INS, 0,
	    "type: raw or qcow2 (in a repository of type dir); content: "
	    "importing, or incomplete where an import was cut off." },
	{ "managed", T_BOOL, RO_RUN, 0,
	    "VDI.create made it; false: it stands for something of others." },
	{ "is_a_snapshot", T_BOOL, RO_RUN, 0, "It keeps what another was." },
	{ "snapshot_of", T_REF("VDI"), RO_RUN, 0,
	    "That one; null when it is gone." },
	{ "snapshots", T_SET(T_REF("VDI")), RO_RUN, 0, "Those of it." },
	{ "snapshot_time", T_DATETIME, RO_RUN, 0, "When it was made." },
	{ "security_label", T_STRING, RO_RUN, 0, "Empty." },
	{ "other_config", STRINGS, RW, STATES_ANY,
	    "location: phy:/dev/... or file:/..., which must be there, of one "
	    "in Local." },
	{ "tags", T_SET(T_STRING), RW, STATES_ANY, "Words of the owner's." },
	{ .name = NULL },
};

#define VDI_ARG { "vdi", T_REF("VDI") }
#define SR_ARG	{ "sr", T_REF("SR") }

static const struct model_method vdi_methods[] = {
	{ "create", T_REF("VDI"), { { "args", T_RECORD("VDI") } },
	    ROLE_VM_ADMIN, STATES_ANY, MM_ASYNC,
	    ERRORS(XE(VALUE_NOT_SUPPORTED), XE(HANDLE_INVALID), XE(SR_FULL),
		XE(SR_OPERATION_NOT_SUPPORTED)),
	    "In a repository of type dir or lvm a new disk of virtual_size, "
	    "all zeros; in Local a file or block device of the host is made "
	    "known." },
	{ "destroy", T_VOID, { { "self", T_REF("VDI") } }, ROLE_VM_ADMIN,
	    STATES_ANY, MM_ASYNC,
	    ERRORS(XE(VDI_IN_USE), XE(OTHER_OPERATION_IN_PROGRESS)),
	    "Removes a disk that was made here; one of Local is forgotten, and "
	    "what is behind it stays." },
	{ "resize", T_VOID, { VDI_ARG, { "size", T_INT } }, ROLE_VM_ADMIN,
	    STATES_ANY, MM_ASYNC,
	    ERRORS(XE(VDI_IN_USE), XE(VALUE_NOT_SUPPORTED), XE(SR_FULL),
		XE(SR_OPERATION_NOT_SUPPORTED)),
	    "Makes a disk that nobody has open larger." },
	{ "set_virtual_size", T_VOID, { { "self", T_REF("VDI") },
	    { "value", T_INT } }, ROLE_VM_ADMIN, STATES_ANY, MM_ASYNC,
	    ERRORS(XE(VDI_IN_USE), XE(VALUE_NOT_SUPPORTED), XE(SR_FULL),
		XE(SR_OPERATION_NOT_SUPPORTED)), "The same." },
	{ "set_security_label", T_VOID, { { "self", T_REF("VDI") },
	    { "security_label", T_STRING }, { "old_label", T_STRING } },
	    ROLE_POOL_ADMIN, STATES_ANY, MM_ASYNC, ERRORS(XE(NOT_IMPLEMENTED)),
	    "Refused but for an empty label: see XSPolicy." },
	{ "copy", T_REF("VDI"), { VDI_ARG, SR_ARG }, ROLE_VM_ADMIN, STATES_ANY,
	    MM_ASYNC,
	    ERRORS(XE(VDI_IN_USE), XE(SR_FULL), XE(TASK_CANCELLED),
		XE(SR_OPERATION_NOT_SUPPORTED), XE(XLD_HELPER)),
	    "Another disk with the same content, in that repository; nobody "
	    "may write to it meanwhile." },
	{ "clone", T_REF("VDI"), { VDI_ARG }, ROLE_VM_ADMIN, STATES_ANY,
	    MM_ASYNC,
	    ERRORS(XE(VDI_IN_USE), XE(SR_FULL), XE(TASK_CANCELLED),
		XE(SR_OPERATION_NOT_SUPPORTED), XE(XLD_HELPER)),
	    "The same, beside it." },
	{ "snapshot", T_REF("VDI"), { VDI_ARG, { "driver_params", STRINGS } },
	    ROLE_VM_ADMIN, STATES_ANY, MM_ASYNC | MM_OPTIONAL(1),
	    ERRORS(XE(VDI_IN_USE), XE(SR_FULL), XE(TASK_CANCELLED),
		XE(SR_OPERATION_NOT_SUPPORTED), XE(XLD_HELPER)),
	    "A clone that knows of what and when; there are no driver_params." },
	{ .name = NULL },
};

const struct model_class model_vdi = {
	.name = "VDI",
	.fields = vdi_fields,
	.methods = vdi_methods,
	.flags = MC_ALL | MC_RECORD | MC_BY_UUID | MC_BY_NAME,
	.keys = model_part_keys,
	.doc = "A disk, wherever it lies.",
};

static const struct model_field sr_fields[] = {
	{ "uuid", T_STRING, RO_RUN, 0, "Permanent identifier." },
	{ "name_label", T_STRING, RW, STATES_ANY, "Its name." },
	{ "name_description", T_STRING, RW, STATES_ANY, "What it is." },
	{ "VDIs", T_SET(T_REF("VDI")), RO_RUN, 0, "The disks that are known." },
	{ "PBDs", T_SET(T_REF("PBD")), RO_RUN, 0, "How this host has it." },
	{ "virtual_allocation", T_INT, RO_RUN, 0, "Bytes that guests see." },
	{ "physical_utilisation", T_INT, RO_RUN, 0,
	    "Bytes of its file system or volume group that are used, -1: not "
	    "known." },
	{ "physical_size", T_INT, RO_INS, 0,
	    "Bytes of its file system or volume group, -1: not known." },
	{ "type", T_STRING, RO_INS, 0, "local, dir, lvm or iso" },
	{ "content_type", T_STRING, RO_INS, 0, "user, iso or empty" },
	{ "shared", T_BOOL, RO_RUN, 0, "Of several hosts: never." },
	{ "other_config", STRINGS, RW, STATES_ANY, "The owner's." },
	{ "tags", T_SET(T_STRING), RW, STATES_ANY, "Words of the owner's." },
	{ "sm_config", STRINGS, RO_RUN, 0, "Empty." },
	{ .name = NULL },
};

static const struct model_method sr_methods[] = {
	{ "create", T_REF("SR"),
	    { { "host", T_REF("host") }, { "device_config", STRINGS },
		{ "physical_size", T_INT }, { "name_label", T_STRING },
		{ "name_description", T_STRING }, { "type", T_STRING },
		{ "content_type", T_STRING }, { "shared", T_BOOL },
		{ "sm_config", STRINGS } },
	    ROLE_POOL_OPERATOR, STATES_ANY, MM_ASYNC,
	    ERRORS(XE(SR_UNKNOWN_DRIVER), XE(VALUE_NOT_SUPPORTED),
		XE(XLD_HELPER)),
	    "A folder of this host (device_config:location) as a repository of "
	    "type dir or iso, or a volume group (device_config:volume_group) as "
	    "one of type lvm." },
	{ "forget", T_VOID, { SR_ARG }, ROLE_POOL_OPERATOR, STATES_ANY,
	    MM_ASYNC, ERRORS(XE(SR_NOT_EMPTY), XE(SR_OPERATION_NOT_SUPPORTED)),
	    "Forgets one that has no disks made here; its folder or volume "
	    "group stays." },
	{ "destroy", T_VOID, { SR_ARG }, ROLE_POOL_OPERATOR, STATES_ANY,
	    MM_ASYNC, ERRORS(XE(SR_NOT_EMPTY), XE(SR_OPERATION_NOT_SUPPORTED)),
	    "The same." },
	{ "scan", T_VOID, { SR_ARG }, ROLE_VM_POWER_ADMIN, STATES_ANY, MM_ASYNC,
	    ERRORS(XE(XLD_HELPER)),
	    "Looks anew at a volume group; a folder is always as it is." },
	{ "get_supported_types", T_SET(T_STRING), { { .name = NULL } },
	    ROLE_READ_ONLY, STATES_ANY, MM_READS, NULL, "local, dir, lvm, iso." },
	{ "get_data_sources", T_SET(T_RECORD("data_source")), { SR_ARG },
	    ROLE_READ_ONLY, STATES_ANY, MM_READS, NULL,
	    "None: of repositories nothing is recorded." },
	{ "query_data_source", T_FLOAT,
	    { SR_ARG, { "data_source", T_STRING } }, ROLE_READ_ONLY,
	    STATES_ANY, MM_READS, ERRORS(XE(INVALID_VALUE)),
	    "Its newest value; one that is not known is 0 in XML and null in "
	    "JSON." },
	{ "record_data_source", T_VOID,
	    { SR_ARG, { "data_source", T_STRING } }, ROLE_POOL_OPERATOR,
	    STATES_ANY, 0, ERRORS(XE(INVALID_VALUE)),
	    "One that was forgotten is recorded again." },
	{ "forget_data_source_archives", T_VOID,
	    { SR_ARG, { "data_source", T_STRING } }, ROLE_POOL_OPERATOR,
	    STATES_ANY, 0, ERRORS(XE(INVALID_VALUE)),
	    "What was recorded of it goes, and nothing more is." },
	{ .name = NULL },
};

const struct model_class model_sr = {
	.name = "SR",
	.fields = sr_fields,
	.methods = sr_methods,
	.flags = MC_ALL | MC_RECORD | MC_BY_UUID | MC_BY_NAME |
	    MC_OF_HOST,
	.keys = model_host_keys,
	.doc = "Where disks lie. Local, which is always there, is files and "
	       "block devices of the host wherever they are.",
};

static const struct model_field pbd_fields[] = {
	{ "uuid", T_STRING, RO_RUN, 0, "Permanent identifier." },
	{ "host", T_REF("host"), RO_RUN, 0, "This host." },
	{ "SR", T_REF("SR"), RO_RUN, 0, "What it has." },
	{ "device_config", STRINGS, RO_RUN, 0, "location: its folder." },
	{ "currently_attached", T_BOOL, RO_RUN, 0, "The folder is there." },
	{ "other_config", STRINGS, RO_RUN, 0, "Empty." },
	{ .name = NULL },
};

#define PBD_ARG { "self", T_REF("PBD") }

static const struct model_method pbd_methods[] = {
	{ "get_by_SR", T_SET(T_REF("PBD")), { SR_ARG }, ROLE_READ_ONLY,
	    STATES_ANY, MM_READS, NULL, "The one of a repository." },
	{ "plug", T_VOID, { PBD_ARG }, ROLE_POOL_OPERATOR, STATES_ANY, MM_ASYNC,
	    NULL, "Nothing: a repository is attached while there is one." },
	{ "unplug", T_VOID, { PBD_ARG }, ROLE_POOL_OPERATOR, STATES_ANY,
	    MM_ASYNC, ERRORS(XE(SR_OPERATION_NOT_SUPPORTED)),
	    "Refused: see SR.forget." },
	{ "destroy", T_VOID, { PBD_ARG }, ROLE_POOL_OPERATOR, STATES_ANY,
	    MM_ASYNC, ERRORS(XE(SR_OPERATION_NOT_SUPPORTED)),
	    "Refused: see SR.forget." },
	{ "create", T_REF("PBD"), { { "args", T_RECORD("PBD") } },
	    ROLE_POOL_OPERATOR, STATES_ANY, MM_ASYNC,
	    ERRORS(XE(NOT_IMPLEMENTED)), "Refused: SR.create makes it." },
	{ .name = NULL },
};

const struct model_class model_pbd = {
	.name = "PBD",
	.fields = pbd_fields,
	.methods = pbd_methods,
	.flags = MC_ALL | MC_RECORD | MC_BY_UUID,
	.doc = "That a host has a repository.",
};
